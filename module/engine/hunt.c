// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hunt: from match to match, without a look at the lines between.
 */
#include "leads.h"
#include "programs.h"
#include "scan.h"
#include "simd.h"
#include "ways.h"

/* The backoff, in bytes that go another way. */
#define HUNT_PAUSE_MIN (32 * 1024U)
#define HUNT_PAUSE_MAX (1024 * 1024U)

/* Hunts that have covered so much since the last backoff were worth it: forget it. */
#define HUNT_FAIR (24 * 1024)

/*
 * Hints are ineffective when more than one byte in HINTS_DENSE, beyond the first
 * HINTS_FREE, is in a line that has one.
 */
#define HINTS_DENSE 3
#define HINTS_FREE 2048

void ksift_hunt_restart(struct ksift_scan *scan)
{
	scan->hunt_from = 0;
	scan->hunt_pause = HUNT_PAUSE_MIN;
	scan->hunted = 0;
}

/* Of the lines that a hunt has found, keep those whose level the filter wants. */
static void found_levels(struct ksift_scan *scan, const u8 *buf, size_t avail)
{
	struct ksift_lead *leads = scan->level_tally.leads;
	struct ksift_hunt *hunt = &scan->hunt;
	u32 i, kept = 0;

	for (i = 0; i < hunt->count; i++) {
		leads[i].start = ksift_lead_start(hunt->hits[i].start - hunt->base);
		leads[i].end = hunt->hits[i].end - hunt->base;
	}
	ksift_leads_find(scan, buf, avail, hunt->count);
	hunt->bytes = 0;
	for (i = 0; i < hunt->count; i++) {
		struct ksift_hit *hit = &hunt->hits[kept];

		if (!ksift_prog_takes(scan->prog, leads[i].level))
			continue;
		*hit = hunt->hits[i];
		hit->level = leads[i].level;
		hit->msg = leads[i].msg;
		hunt->bytes += ksift_hit_bytes(hit);
		kept++;
	}
	hunt->count = kept;
}

/* Take the lines that a hunt has found, up to that with which bytes_max is reached. */
static void take_found(struct ksift_scan *scan)
{
	struct ksift_hunt *hunt = &scan->hunt;
	u32 i, count = hunt->count;
	u64 bytes = hunt->bytes;

	if (scan->want_hits && bytes >= scan->bytes_max)
		for (count = 0, bytes = 0; bytes < scan->bytes_max; count++)
			bytes += ksift_hit_bytes(&hunt->hits[count]);
	if (scan->want_levels)
		for (i = 0; i < count; i++)
			scan->count.levels[hunt->hits[i].level]++;
	if (scan->want_patterns)
		for (i = 0; i < count; i++)
			ksift_scan_count_patterns(&scan->count, hunt->hits[i].seen);
	scan->count.selected += count;
	scan->count.selected_bytes += bytes;
	if (scan->want_hits) {
		scan->hit_count = count;
		scan->hit_bytes = bytes;
	}
}

size_t ksift_way_hunt(struct ksift_scan *scan, const u8 *buf, size_t len,
		      size_t avail)
{
	const struct ksift_prog *hints = scan->prog->hints;
	const struct ksift_prog *prog = hints ? hints : scan->prog;
	struct ksift_hunt *hunt = &scan->hunt;
	bool levels = ksift_scan_needs_levels(scan), dense;
	u64 pos = scan->pos;
	size_t done;

	/* Teddy with all its tables is the slowest search: keep the section short. */
	if (prog->teddy.whole && prog->teddy.wide)
		len = min(len, (size_t)KSIFT_CHUNK);
	hunt->ops = scan->ops;
	hunt->prog = prog;
	hunt->avail = avail;
	hunt->base = pos;
	hunt->hits = scan->hits;
	hunt->max = 0;
	if (scan->want_hits || levels || hints)
		hunt->max = KSIFT_FINDS_MAX;
	if (scan->want_hits)
		hunt->max = min(hunt->max, scan->hits_max);
	hunt->total = !scan->no_total;
	hunt->lines = scan->count.total;
	hunt->line = scan->line - pos;
	hunt->start = scan->line == pos;
	hunt->carry = scan->seen & prog->terms[0];
	done = ksift_simd_hunt(scan->ops, hunt, buf, len);
	/* Running over every other line, one by one, is no faster than over all text. */
	dense = hunt->dense || (hints && hunt->bytes > done / HINTS_DENSE + HINTS_FREE);

	scan->hunted += done;
	if (scan->hunted >= HUNT_FAIR) {
		scan->hunted = 0;
		scan->hunt_pause = HUNT_PAUSE_MIN;
	}
	if (dense) {
		/* Back off exponentially while the prefilter is ineffective. */
		scan->hunt_from = pos + done + scan->hunt_pause;
		scan->hunt_pause = min(2 * scan->hunt_pause, HUNT_PAUSE_MAX);
		scan->hunted = 0;
	}
	if (hints)
		done = ksift_program_filter(scan, done);
	if (levels)
		found_levels(scan, buf, avail);
	take_found(scan);
	if (scan->hit_count && ksift_scan_full(scan)) {
		const struct ksift_hit *last = &scan->hits[scan->hit_count - 1];

		scan->count.total = last->index + 1;
		ksift_line_begin(scan, last->end + 1);
		return last->end + 1 - pos;
	}
	scan->count.total = hunt->lines;
	if (pos + hunt->line != scan->line)
		ksift_line_begin(scan, pos + hunt->line);
	if (hunt->carry)
		scan->seen |= prog->terms[0];
	return done;
}
