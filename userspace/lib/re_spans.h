/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where in a line the matches of regular expressions are.
 */
#ifndef _LIBKSIFT_RE_SPANS_H
#define _LIBKSIFT_RE_SPANS_H

#include "re_tree.h"

/**
 * struct re_line - A line, without its end
 * @text: Its bytes; NULL: they have to be asked for
 * @len: How many
 * @read: Copies up to @len bytes from byte @at on, and returns how many; fewer mean that
 *	the rest is no more, and nothing matches there.  Not called if there is @text.
 * @arg: Its argument
 */
struct re_line {
	const char *text;
	uint64_t len;
	size_t (*read)(void *arg, uint64_t at, char *buf, size_t len);
	void *arg;
};

/* The text is as it lies in a file whose lines end with a NUL: see RE_NUL_LINES. */
#define RE_SPANS_NUL_LINES 1

struct re_spans;

/**
 * ksift_re_spans_new() - Prepare to find some patterns
 * @trees: Their trees, which are not needed afterwards
 * @count: How many; any of them may match
 * @flags: 0 or RE_SPANS_NUL_LINES
 * @out: Returns what finds them, for one thread at a time
 *
 * Return: 0; -EOPNOTSUPP: one has back-references; -E2BIG: together they are too large;
 * -ENOMEM.
 */
int ksift_re_spans_new(struct re_node *const *trees, size_t count, unsigned int flags,
		       struct re_spans **out);
void ksift_re_spans_free(struct re_spans *s);

/**
 * ksift_re_spans_begin() - Go to a line
 * @s: What finds the patterns
 * @line: The line, which stays valid, and the same, as long as it is asked about
 *
 * Time is in proportion to the line's length, whatever is asked, and memory at most some
 * 16 MiB and 1/256 of the line's length.
 */
void ksift_re_spans_begin(struct re_spans *s, const struct re_line *line);

/**
 * ksift_re_spans_start() - Where does the next match start?
 * @s: What finds the patterns
 * @from: No earlier than here.  To go back in a line takes time.
 * @empty: Whether matches of no bytes count
 * @start: Returns the first place at which one starts
 *
 * Return: 1; 0: there is none; -ENOMEM.
 */
int ksift_re_spans_start(struct re_spans *s, uint64_t from, bool empty, uint64_t *start);

/**
 * ksift_re_spans_end() - Where does it end?
 * @s: What finds the patterns
 * @start: What ksift_re_spans_start() has returned last
 * @end: Returns the end of the longest match that starts there
 *
 * Return: 0; -ENOMEM.
 */
int ksift_re_spans_end(struct re_spans *s, uint64_t start, uint64_t *end);

#endif /* _LIBKSIFT_RE_SPANS_H */
