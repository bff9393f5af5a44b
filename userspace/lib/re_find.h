/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Any patterns, found in lines together, by what suits each: automata, glibc's matcher for
 * back-references, or libpcre2 for Perl's.
 */
#ifndef _LIBKSIFT_RE_FIND_H
#define _LIBKSIFT_RE_FIND_H

#include "re_parse.h"
#include "re_pcre.h"
#include "re_spans.h"

/**
 * struct re_find_pattern - A pattern
 * @text: As it was typed
 * @len: Its length
 * @tree: What ksift_re_parse() made of it
 * @by_process: As ksift_re_parse() says
 */
struct re_find_pattern {
	const char *text;
	size_t len;
	struct re_node *tree;
	bool by_process;
};

struct re_find;

/**
 * ksift_re_find_new() - Prepare to find patterns
 * @patterns: The patterns, which are not needed afterwards
 * @count: How many; any of them may match
 * @flags: What ksift_re_parse() was given
 * @out: Returns what finds them, for one thread at a time
 * @bad: Returns the number of the pattern that is to blame, where one is
 *
 * Return: 0; -E2BIG: a pattern is too large; -EINVAL: glibc refuses one; -ENOMEM.
 */
int ksift_re_find_new(const struct re_find_pattern *patterns, size_t count, unsigned int flags,
		      struct re_find **out, size_t *bad);

/**
 * ksift_re_find_new_perl() - Prepare to find a pattern of Perl's (-P)
 * @text: The pattern, which is not needed afterwards
 * @len: Its length
 * @flags: RE_FOLD, RE_NUL_LINES, RE_WORDS, RE_LINES
 * @out: Returns what finds it, for one thread at a time
 * @error: Returns what is wrong, where it fails; RE_PCRE_ERROR_MAX bytes
 *
 * Return: as ksift_re_pcre_new().
 */
int ksift_re_find_new_perl(const char *text, size_t len, unsigned int flags, struct re_find **out,
			   char *error);
void ksift_re_find_free(struct re_find *f);

/**
 * ksift_re_find_begin() - Go to a line
 * @f: What finds the patterns
 * @line: The line, which stays valid as long as it is asked about
 *
 * A line that has to be read is held in memory as a whole if there are back-references,
 * or the pattern is Perl's.
 *
 * Return: 0; -EFBIG: it is too long for that; -ENOMEM.
 */
int ksift_re_find_begin(struct re_find *f, const struct re_line *line);

/**
 * ksift_re_find_matches() - Does grep select the line?
 * @f: What finds the patterns
 *
 * Return: 1, 0, -ENOMEM, or of Perl's patterns as ksift_re_pcre_next().
 */
int ksift_re_find_matches(struct re_find *f);

/**
 * ksift_re_find_next() - Where is the next match?
 * @f: What finds the patterns
 * @from: It starts no earlier than here: where the last one ended
 * @empty: Whether matches of no bytes count; the same for a whole line.  After one, go on
 *	one byte further.
 * @start: Returns where the first one starts
 * @end: Returns where the longest of these ends
 *
 * Without @empty, these are the matches that grep -o prints.
 *
 * Return: 1; 0: there is none; or as ksift_re_find_matches().
 */
int ksift_re_find_next(struct re_find *f, uint64_t from, bool empty, uint64_t *start,
		       uint64_t *end);

/* What was wrong with the last line, and with which pattern; NULL: nothing, or memory. */
const char *ksift_re_find_error(const struct re_find *f);

#endif /* _LIBKSIFT_RE_FIND_H */
