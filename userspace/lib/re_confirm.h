/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Patterns that glibc's matcher decides about, one line at a time: those with
 * back-references, and others of which ksift_re_parse() says so.
 */
#ifndef _LIBKSIFT_RE_CONFIRM_H
#define _LIBKSIFT_RE_CONFIRM_H

#include "re_parse.h"

struct re_confirm;

/**
 * ksift_re_confirm_new() - Prepare a pattern
 * @text: The pattern, which ksift_re_parse() has accepted; it is not needed afterwards
 * @len: Its length
 * @tree: Its tree, to know how large it is; RE_EMPTY: it is not what glibc makes of it
 * @flags: What ksift_re_parse() was given; not RE_LITERAL
 * @out: Returns what decides about it, for one thread at a time
 *
 * Return: 0; -EINVAL: glibc refuses it; -E2BIG: it would take long; -ENOMEM.
 */
int ksift_re_confirm_new(const char *text, size_t len, const struct re_node *tree,
			 unsigned int flags, struct re_confirm **out);
void ksift_re_confirm_free(struct re_confirm *c);

/**
 * ksift_re_confirm_begin() - Go to a line
 * @c: The pattern
 * @text: The line, which stays valid as long as it is asked about
 * @len: Its length
 *
 * Return: 0; -EFBIG: it is longer than the matcher takes.
 */
int ksift_re_confirm_begin(struct re_confirm *c, const char *text, uint64_t len);

/**
 * ksift_re_confirm_matches() - Does grep select the line?
 * @c: The pattern
 *
 * Return: 1, 0 or -ENOMEM.
 */
int ksift_re_confirm_matches(struct re_confirm *c);

/**
 * ksift_re_confirm_next() - Where is the next match?
 * @c: The pattern
 * @from: It starts no earlier than here
 * @empty: Whether matches of no bytes count
 * @start: Returns where the first one starts
 * @end: Returns where the longest of these ends
 *
 * Return: 1; 0: there is none; -ENOMEM.
 */
int ksift_re_confirm_next(struct re_confirm *c, uint64_t from, bool empty, uint64_t *start,
			  uint64_t *end);

#endif /* _LIBKSIFT_RE_CONFIRM_H */
