/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KSIFT_PATTERN_H
#define _KSIFT_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct pattern - What a plain pattern means
 * @data: @len bytes of a literal
 * @len: How many
 * @anchored: At the start of the line only
 */
struct pattern {
	char *data;
	size_t len;
	bool anchored;
};

bool pattern_parse(const char *s, size_t len, bool fixed, struct pattern *p);

#endif /* _KSIFT_PATTERN_H */
