/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KSIFT_PATTERN_H
#define _KSIFT_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct pattern - What a pattern means
 * @data: @len bytes of a literal
 * @len: How many
 * @anchored: At the start of the line only
 * @bad: If it was refused: what cannot be taken as a literal, @bad_len bytes
 * @bad_len: 1 or 2
 * @why: If it was refused: the reason, as the rest of a sentence that has @bad
 *	as its subject
 */
struct pattern {
	char *data;
	size_t len;
	bool anchored;
	const char *bad;
	size_t bad_len;
	const char *why;
};

int pattern_parse(const char *s, size_t len, bool fixed, struct pattern *p);

#endif /* _KSIFT_PATTERN_H */
