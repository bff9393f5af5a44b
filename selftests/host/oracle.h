/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A second opinion on the line filter: looks at each line with each pattern,
 * one byte after another.  Shares nothing with the engine but the UAPI header.
 */
#ifndef KSIFT_HOST_ORACLE_H
#define KSIFT_HOST_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <ctype.h>

#include "ksift.h"

struct oracle_pattern {
	const unsigned char *data;
	size_t len;
	unsigned int flags;
	unsigned int group;
};

static inline unsigned char oracle_fold(unsigned char c, unsigned int flags)
{
	if ((flags & KSIFT_PATTERN_FOLD) && c >= 'A' && c <= 'Z')
		return c - 'A' + 'a';
	return c;
}

static inline bool oracle_at(const struct oracle_pattern *pat,
			     const unsigned char *text)
{
	size_t i;

	for (i = 0; i < pat->len; i++)
		if (oracle_fold(text[i], pat->flags) !=
		    oracle_fold(pat->data[i], pat->flags))
			return false;
	return true;
}

static inline bool oracle_has(const struct oracle_pattern *pat,
			      const unsigned char *line, size_t len)
{
	size_t i;

	for (i = 0; i + pat->len <= len; i++) {
		if (oracle_at(pat, line + i))
			return true;
		if (pat->flags & KSIFT_PATTERN_ANCHORED)
			break;
	}
	return false;
}

static inline bool oracle_selects(const struct oracle_pattern *pats,
				  unsigned int count, unsigned int filter_flags,
				  const unsigned char *line, size_t len)
{
	bool wanted[KSIFT_GROUPS_MAX] = { false };
	bool have[KSIFT_GROUPS_MAX] = { false };
	bool match = true;
	unsigned int i;

	if (!count && (filter_flags & KSIFT_FILTER_MATCH_NONE_IF_EMPTY))
		match = false;
	for (i = 0; i < count; i++) {
		bool has = oracle_has(&pats[i], line, len);

		if (pats[i].flags & KSIFT_PATTERN_EXCLUDE) {
			if (has)
				match = false;
			continue;
		}
		wanted[pats[i].group] = true;
		if (has)
			have[pats[i].group] = true;
	}
	for (i = 0; i < KSIFT_GROUPS_MAX; i++)
		if (wanted[i] && !have[i])
			match = false;
	return match != !!(filter_flags & KSIFT_FILTER_INVERT);
}

#endif /* KSIFT_HOST_ORACLE_H */
