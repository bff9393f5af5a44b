/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Perl's regular expressions, by libpcre2, if it is there.
 */
#ifndef _LIBKSIFT_RE_PCRE_H
#define _LIBKSIFT_RE_PCRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for a message, which names the pattern, or its beginning. */
#define RE_PCRE_ERROR_MAX 256

struct re_pcre;

/**
 * ksift_re_pcre_new() - Prepare a pattern
 * @text: The pattern, which is not needed afterwards
 * @len: Its length
 * @flags: RE_FOLD, RE_WORDS and RE_LINES of enum re_parse_flags; no other makes a
 *	difference
 * @out: Returns what decides about it, for one thread at a time
 * @error: Returns what is wrong, where it fails; RE_PCRE_ERROR_MAX bytes
 *
 * Return: 0; -EINVAL: it is wrong; -EOPNOTSUPP: libpcre2 is not there, or this was built
 * without it; -ENOMEM.
 */
int ksift_re_pcre_new(const char *text, size_t len, unsigned int flags, struct re_pcre **out,
		      char *error);
void ksift_re_pcre_free(struct re_pcre *p);

/* Go to a line, which stays valid as long as it is asked about. */
void ksift_re_pcre_begin(struct re_pcre *p, const char *text, uint64_t len);

/**
 * ksift_re_pcre_next() - Where is the next match?
 * @p: The pattern
 * @from: It starts no earlier than here
 * @empty: Whether matches of no bytes count
 * @start: Returns where it starts
 * @end: Returns where it ends
 *
 * Return: 1; 0: there is none; -ETIME: it takes too long; -ENOMEM; -EIO: for another
 * reason.  ksift_re_pcre_error() tells of these.
 */
int ksift_re_pcre_next(struct re_pcre *p, uint64_t from, bool empty, uint64_t *start,
		       uint64_t *end);

/* What was wrong with the last line, and with which pattern; NULL: nothing. */
const char *ksift_re_pcre_error(const struct re_pcre *p);

#endif /* _LIBKSIFT_RE_PCRE_H */
