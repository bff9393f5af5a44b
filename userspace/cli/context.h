/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KSIFT_CONTEXT_H
#define _KSIFT_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "line.h"

struct held;
struct input;

/**
 * struct context - What stands around the selected lines of a file
 * @in: The file
 * @before: How many lines before a selected one are wanted
 * @after: How many after it
 * @any: A line has been given out
 * @done: Offset after the last line given out, or where the search began
 * @done_lines: How many lines there are before that
 * @owed: How many lines after it are to be given out still
 * @buf: A piece of the file
 * @buf_from: Where in the file that begins
 * @buf_len: How much it is
 * @ring: A stream's last lines, not given out yet
 * @ring_next: Where in it the next one goes
 * @ring_count: How many there are
 */
struct context {
	const struct input *in;
	uint64_t before, after;
	bool any;
	uint64_t done;
	uint64_t done_lines;
	uint64_t owed;
	char *buf;
	uint64_t buf_from;
	size_t buf_len;
	struct held *ring;
	size_t ring_next, ring_cap, ring_count;
};

int context_begin(struct context *c, const struct input *in, uint64_t from);
void context_select(struct context *c, const struct line *line);
int context_pass(struct context *c, const struct line *line);
void context_finish(struct context *c, uint64_t end);
void context_end(struct context *c);

#endif /* _KSIFT_CONTEXT_H */
