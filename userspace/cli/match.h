/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KSIFT_MATCH_H
#define _KSIFT_MATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "filter.h"
#include "line.h"

/**
 * struct match - Where in a line a pattern is
 * @from: Its first byte
 * @to: The byte after it
 * @pattern: Index of the pattern in the filter
 */
struct match {
	uint64_t from;
	uint64_t to;
	uint32_t pattern;
};

struct matcher;

/* Returns CLI_OK, or CLI_ERROR when it has said what is wrong; free it in any case. */
int matcher_new(const struct filter *f, bool word, bool whole, bool join,
		struct matcher **out);
void matcher_free(struct matcher *m);
void match_begin(struct matcher *m, const struct line *line);
bool match_selects(struct matcher *m, uint32_t *pattern);
void match_count(struct matcher *m, uint64_t *counts);
bool match_next(struct matcher *m, struct match *match);
bool match_next_first(struct matcher *m, struct match *match);

#endif /* _KSIFT_MATCH_H */
