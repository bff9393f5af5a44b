/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The levels of many lines at once.  The engine's own.
 */
#ifndef KSIFT_ENGINE_LEADS_H
#define KSIFT_ENGINE_LEADS_H

#include "lines.h"

/**
 * ksift_leads_find() - Find the levels of lines
 * @scan: The scan; its leads have @start and @end, and get the rest
 * @buf: Text, which scan->pos is at
 * @avail: Bytes of it that are readable
 * @count: How many leads; of the first, @start is beyond @end if the line began
 *	before the text
 */
void ksift_leads_find(struct ksift_scan *scan, const u8 *buf, size_t avail,
		      u32 count);

/* Count leads by their levels: those in [@lead, @end). */
void ksift_leads_count(struct ksift_level_tally *tally,
		       const struct ksift_lead *lead,
		       const struct ksift_lead *end);

/* Select the lines counted in @scan's tally, if their levels are wanted. */
void ksift_leads_select(struct ksift_scan *scan);

/*
 * Where in the text a line begins that begins at @line.  Saturate: a wrapped start
 * means that the line began earlier.
 */
static inline u32 ksift_lead_start(u64 line)
{
	return line < U32_MAX ? line : U32_MAX;
}

#endif /* KSIFT_ENGINE_LEADS_H */

