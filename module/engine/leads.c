// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leads: lines of which the level is wanted, many at a time.
 */
#include "leads.h"
#include "scan.h"
#include "simd.h"

void ksift_leads_find(struct ksift_scan *scan, const u8 *buf, size_t avail,
		      u32 count)
{
	struct ksift_lead *lead = scan->level_tally.leads;

	if (!count)
		return;
	/* The first may have begun in another piece. */
	if (lead->end < lead->start) {
		struct ksift_hit hit = {
			.start = scan->line,
			.end = scan->pos + lead->end,
		};

		ksift_line_set_level(scan, &hit);
		lead->level = hit.level;
		lead->msg = hit.msg;
		lead++;
		count--;
	}
	ksift_simd_find_levels(scan->ops, buf, avail, lead, count);
	ksift_level_complete(buf, lead, count, scan->hit_levels);
}

void ksift_leads_count(struct ksift_level_tally *tally, const struct ksift_lead *lead,
		       const struct ksift_lead *end)
{
	for (; lead < end; lead++) {
		tally->lines[lead->level]++;
		tally->bytes[lead->level] += lead->end + 1 - lead->start;
	}
}

void ksift_leads_select(struct ksift_scan *scan)
{
	const struct ksift_level_tally *tally = &scan->level_tally;
	struct ksift_lines_count *c = &scan->count;
	u32 i;

	for (i = 0; i < KSIFT_LEVELS; i++) {
		if (!ksift_prog_takes(scan->prog, i))
			continue;
		c->selected += tally->lines[i];
		c->selected_bytes += tally->bytes[i];
		if (scan->want_levels)
			c->levels[i] += tally->lines[i];
	}
}
