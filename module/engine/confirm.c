// SPDX-License-Identifier: GPL-2.0-only
/*
 * A second look at lines that were found, in a copy of them.
 */
#include "programs.h"
#include "scan.h"
#include "simd.h"

static u64 newlines_in(const struct ksift_scan *scan, const u8 *buf,
		       size_t len)
{
	struct ksift_tally tally = { 0 };
	size_t i = scan->ops->tally_lines ? len & ~(size_t)63 : 0;

	if (i)
		ksift_simd_tally_lines(scan->ops, buf, i / 64, &tally);
	for (; i < len; i++)
		tally.total += buf[i] == '\n';
	return tally.total;
}

/* Without vectors. */
static bool confirm_each_level(struct ksift_scan *scan,
			       const struct ksift_hit *hits, u32 count,
			       const u8 *copy)
{
	u32 i, msg;

	for (i = 0; i < count; i++) {
		size_t n = hits[i].end - hits[i].start;

		if (ksift_level_find(copy, n, &msg) != hits[i].level ||
		    (scan->hit_levels && msg != hits[i].msg))
			return false;
		copy += n + 1;
	}
	return true;
}

static bool confirm_levels(struct ksift_scan *scan, const struct ksift_hit *hits,
			   u32 count, const u8 *copy, size_t len)
{
	struct ksift_lead *leads = scan->level_tally.leads;
	u32 i, at = 0;

	if (!scan->ops->find_levels)
		return confirm_each_level(scan, hits, count, copy);
	for (i = 0; i < count; i++) {
		leads[i].start = at;
		at += hits[i].end - hits[i].start + 1;
		leads[i].end = at - 1;
	}
	ksift_simd_find_levels(scan->ops, copy, len, leads, count);
	ksift_level_complete(copy, leads, count, scan->hit_levels);
	for (i = 0; i < count; i++)
		if (leads[i].level != hits[i].level ||
		    (scan->hit_levels && leads[i].msg != hits[i].msg))
			return false;
	return true;
}

bool ksift_scan_confirm(struct ksift_scan *scan, const struct ksift_hit *hits,
			u32 count, const u8 *copy, size_t len)
{
	size_t at = 0, budget = ~(size_t)0;
	u32 i;

	if (scan->prog->lines && !ksift_program_confirm(scan, hits, count, copy, len))
		return false;
	for (i = 0; i < count && !scan->prog->lines; i++) {
		const struct ksift_hit *hit = &hits[i];
		const struct ksift_literal *lit = &scan->prog->lits[hit->pattern];
		u64 n = hit->end - hit->start, match = hit->match - hit->start;

		if (hit->match + lit->len > hit->end || copy[at + n] != '\n' ||
		    !ksift_literal_begins(lit, copy + at, match, len - at,
					  !match, &budget))
			return false;
		at += n + 1;
	}
	/* Each has its own, so that there are no more means that none has another. */
	if (newlines_in(scan, copy, len) != count)
		return false;
	return !ksift_scan_needs_levels(scan) ||
	       confirm_levels(scan, hits, count, copy, len);
}
