// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ways for lines that are only counted: nothing is written per line, and what is
 * known of the current one stays in registers.
 */
#include "leads.h"
#include "scan.h"
#include "simd.h"
#include "terms.h"
#include "ways.h"

/* The only literal, if its probe compares all of it: then there is nothing to verify. */
static const struct ksift_literal *sole_literal(const struct ksift_prog *prog)
{
	const struct ksift_literal *lit;

	if (prog->count != 1)
		return NULL;
	lit = &prog->lits[0];
	return lit->probe.count == lit->len ? lit : NULL;
}

/*
 * Count the lines of at most @words blocks by matches of the only term.  Returns how
 * many blocks it were; 0: verifying was too much.
 */
static size_t tally_term(struct ksift_scan *scan, const u8 *buf, size_t words,
			 size_t avail, struct ksift_tally *tally)
{
	const struct ksift_literal *lit = sole_literal(scan->prog);

	if (lit && avail >= 64 + lit->len) {
		words = min(words, (avail - lit->len + 1) / 64);
		return ksift_simd_tally(scan->ops, buf, words,
					lit->flags & KSIFT_PATTERN_ANCHORED,
					&lit->probe, NULL, tally);
	}
	words = min(words, (size_t)KSIFT_CHUNK / 64);
	if (scan->prog->anchored)
		ksift_simd_newlines(scan->ops, buf, words * 64, scan->newlines,
				    tally->ahead);
	if (!ksift_terms_find(scan, buf, words * 64, avail))
		return 0;
	return ksift_simd_tally(scan->ops, buf, words, false, NULL,
				scan->terms[0], tally);
}

size_t ksift_way_tally(struct ksift_scan *scan, const u8 *buf, size_t len,
		       size_t avail)
{
	const struct ksift_prog *prog = scan->prog;
	bool all = !prog->term_count || prog->never;
	struct ksift_tally tally = {
		.line = scan->line - scan->pos,
		.start = scan->line == scan->pos,
		.ahead = ksift_ahead(len, avail),
	};
	u64 before = tally.line;
	size_t words = len / 64;

	if (all) {
		ksift_simd_tally_lines(scan->ops, buf, words, &tally);
	} else {
		tally.carry = !!(scan->seen & prog->terms[0]);
		words = tally_term(scan, buf, words, avail, &tally);
		if (!words)
			return 0;
	}
	/* What was counted has the term; the filter may select the lines without. */
	if (all ? prog->never == prog->invert : prog->has_exclude != prog->invert) {
		tally.selected = tally.total - tally.selected;
		tally.selected_bytes = tally.line - before -
				       tally.selected_bytes;
	}
	scan->count.total += tally.total;
	scan->count.selected += tally.selected;
	scan->count.selected_bytes += tally.selected_bytes;
	if (tally.line != before)
		ksift_line_begin(scan, scan->pos + tally.line);
	if (tally.carry)
		scan->seen |= prog->terms[0];
	return words * 64;
}

size_t ksift_way_levels(struct ksift_scan *scan, const u8 *buf, size_t len,
			size_t avail)
{
	struct ksift_level_tally *tally = &scan->level_tally;
	size_t first = 0, done;
	u32 i;

	if (scan->line < scan->pos) {
		first = ksift_scan_newline(scan, buf, len);
		if (first == len)
			return 0;
		ksift_line_end(scan, scan->pos + first, true);
		first++;
	}
	memset(tally, 0, offsetof(struct ksift_level_tally, leads));
	done = ksift_simd_tally_levels(scan->ops, buf + first, len - first,
				       avail - first, tally);
	ksift_level_complete(buf + first, tally->leads, tally->count, false);
	ksift_leads_count(tally, tally->leads, tally->leads + tally->count);
	ksift_leads_select(scan);
	for (i = 0; i < KSIFT_LEVELS; i++)
		scan->count.total += tally->lines[i];
	done += first;
	if (done)
		ksift_line_begin(scan, scan->pos + done);
	return done;
}
