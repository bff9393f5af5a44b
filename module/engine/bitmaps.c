// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way by bitmaps: a chunk becomes one bit a byte, of where newlines are, and for
 * each term of where a match begins (see terms.c).  Lines are then selected a word,
 * that is a block of 64 bytes, at a time, all in it at once and without a branch per
 * line.  With N the newlines and M the matches' beginnings in a word,
 *
 *	(~N + M) & N
 *
 * are the newlines whose line has a match: ~N is a run of ones for each line
 * with a zero for its newline, a bit of M (or several) added to the run
 * carries through to that zero and stops there.  What is carried out of the
 * word belongs to the line that goes on in the next one.
 */
#include "leads.h"
#include "programs.h"
#include "scan.h"
#include "simd.h"
#include "terms.h"
#include "ways.h"

/*
 * The newlines of word @w whose lines are selected.  @carry has a bit for each term
 * that the line going on in it has shown, and then for the next word.
 */
static __always_inline u64 select_word(const struct ksift_scan *scan, size_t w,
				       u64 newlines, u32 *carry)
{
	const struct ksift_prog *prog = scan->prog;
	u64 match = prog->never ? 0 : newlines;
	u32 t, out = 0;

	for (t = 0; t < prog->bitmaps; t++) {
		u64 sum;

		if (__builtin_add_overflow(~newlines,
					   scan->terms[t][w] | (*carry >> t & 1),
					   &sum))
			out |= 1u << t;
		if (prog->excludes && t == prog->bitmaps - 1)
			sum = ~sum;
		match &= sum;
	}
	*carry = out;
	return prog->invert ? newlines & ~match : match;
}

/*
 * Make leads of the lines that end in word @w at a bit of @selected, from @lead on, and
 * count all that end in it in *@lines.  *@line is where the current one begins.
 * Returns the lead after them.
 */
static __always_inline struct ksift_lead *
lead_word(const struct ksift_scan *scan, size_t w, u64 selected, u64 *line,
	  u64 *lines, struct ksift_lead *lead)
{
	u64 left = scan->newlines[w], end;

	/* Without a branch: whether it is one or none is unpredictable. */
	if (!(left & (left - 1))) {
		end = w * 64 + ksift_low_bit(left | 1ULL << 63);
		lead->start = ksift_lead_start(*line);
		lead->end = end;
		*line += (end + 1 - *line) & -(u64)!!left;
		*lines += !!left;
		return lead + !!selected;
	}
	for (; left; left &= left - 1) {
		unsigned int bit = ksift_low_bit(left);

		lead->start = ksift_lead_start(*line);
		lead->end = w * 64 + bit;
		lead += selected >> bit & 1;
		*line = w * 64 + bit + 1;
		(*lines)++;
	}
	return lead;
}

/**
 * struct level_batch - Lines selected by patterns and levels
 * @next: The word of the chunk after those in which they end
 * @count: Leads of those that the patterns select
 * @line: Where the line begins that goes on in the next word
 * @lines: How many end in these words
 */
struct level_batch {
	size_t next;
	u32 count;
	u64 line;
	u64 lines;
};

/*
 * Select lines that end in word @w or later, for as many words as there is room for
 * leads.  Leaves their newlines in scan->found.
 */
static struct level_batch select_batch(struct ksift_scan *scan, const u8 *buf,
				       size_t avail, size_t w, size_t words,
				       u32 *carry)
{
	const struct ksift_lead *last = scan->level_tally.leads + KSIFT_LEADS - 64;
	const struct ksift_prog *prog = scan->prog;
	u64 line = scan->line - scan->pos, lines = 0, selected;
	struct ksift_lead *lead = scan->level_tally.leads, *end;
	struct level_batch batch;

	if (ksift_prog_selects_all(prog))
		for (; w < words && lead <= last; w++) {
			scan->found[w] = scan->newlines[w];
			lead = lead_word(scan, w, scan->newlines[w], &line,
					 &lines, lead);
		}
	else
		for (; w < words && lead <= last; w++) {
			selected = select_word(scan, w, scan->newlines[w], carry);
			scan->found[w] = selected;
			lead = lead_word(scan, w, selected, &line, &lines, lead);
		}
	end = lead;
	batch.next = w;
	batch.count = end - scan->level_tally.leads;
	batch.line = line;
	batch.lines = lines;
	ksift_leads_find(scan, buf, avail, batch.count);
	if (!prog->level_mask)
		return batch;
	for (lead = scan->level_tally.leads; lead < end; lead++)
		if (!ksift_prog_takes(prog, lead->level))
			scan->found[lead->end / 64] &= ~(1ULL << lead->end % 64);
	return batch;
}

/* Select lines that are only counted, by their levels, when the bitmaps are there. */
static void account_levels(struct ksift_scan *scan, const u8 *buf, size_t avail,
			   size_t words, u32 *carry)
{
	struct ksift_level_tally *tally = &scan->level_tally;
	struct level_batch batch = { 0 };

	while (batch.next < words) {
		const struct ksift_lead *lead = tally->leads, *end;

		batch = select_batch(scan, buf, avail, batch.next, words, carry);
		end = lead + batch.count;
		memset(tally, 0, offsetof(struct ksift_level_tally, leads));
		/* It began before the chunk, too far away for a lead's @start. */
		if (batch.count && lead->end < lead->start) {
			tally->lines[lead->level]++;
			tally->bytes[lead->level] = scan->pos + lead->end + 1 -
						    scan->line;
			lead++;
		}
		ksift_leads_count(tally, lead, end);
		ksift_leads_select(scan);
		scan->count.total += batch.lines;
		if (batch.lines)
			ksift_line_begin(scan, scan->pos + batch.line);
	}
}

/*
 * Account for the lines that end in word @w, whose leads begin at *@lead if levels are
 * wanted.  Returns for how many of its bytes: not all when the hits are full.
 */
static unsigned int account_word(struct ksift_scan *scan, size_t w, u64 selected,
				 const struct ksift_lead **lead)
{
	u64 newlines = scan->newlines[w], pos = scan->pos + w * 64;
	u64 total = scan->count.total;
	u64 left = selected;

	for (; left; left &= left - 1) {
		unsigned int bit = ksift_low_bit(left);
		u64 before = newlines & ((1ULL << bit) - 1);
		struct ksift_hit hit = {
			.start = before ? pos + ksift_high_bit(before) + 1 :
					  scan->line,
			.end = pos + bit,
			.match = pos + bit,
			.newline = true,
		};

		if (*lead) {
			while ((*lead)->end != w * 64 + bit)
				(*lead)++;
			hit.level = (*lead)->level;
			hit.msg = (*lead)->msg;
		} else if (ksift_scan_needs_levels(scan)) {
			ksift_line_set_level(scan, &hit);
			if (!ksift_prog_takes(scan->prog, hit.level))
				continue;
		}
		if (scan->prog->lines) {
			hit.seen = ksift_program_seen(scan, w * 64 + bit);
			hit.pattern = ksift_program_lowest(scan->prog, hit.seen);
		}
		if (scan->want_hits && !scan->no_total)
			hit.index = total + ksift_popcount64(before);
		ksift_line_select(scan, &hit);
		if (ksift_scan_full(scan)) {
			scan->count.total = hit.index + 1;
			ksift_line_begin(scan, pos + bit + 1);
			return bit + 1;
		}
	}
	if (!scan->no_total)
		scan->count.total += ksift_popcount64(newlines);
	if (newlines)
		ksift_line_begin(scan, pos + ksift_high_bit(newlines) + 1);
	return 64;
}

/* Count the lines that a program has selected, where nothing else is wanted of them. */
static void count_words(struct ksift_scan *scan, size_t words)
{
	const u64 flip = scan->prog->invert ? ~0ULL : 0;
	u64 line = scan->line - scan->pos, before = line;
	struct ksift_lines_count *count = &scan->count;
	size_t w;

	for (w = 0; w < words; w++) {
		u64 newlines = scan->newlines[w];
		u64 left = newlines & (scan->terms[0][w] ^ flip);

		if (!newlines)
			continue;
		if (!scan->no_total)
			count->total += ksift_popcount64(newlines);
		for (; left; left &= left - 1) {
			unsigned int bit = ksift_low_bit(left);
			u64 lower = newlines & ((1ULL << bit) - 1);
			u64 start = lower ? w * 64 + ksift_high_bit(lower) + 1 : line;

			count->selected++;
			count->selected_bytes += w * 64 + bit + 1 - start;
		}
		line = w * 64 + ksift_high_bit(newlines) + 1;
	}
	if (line != before)
		ksift_line_begin(scan, scan->pos + line);
}

size_t ksift_way_bitmaps(struct ksift_scan *scan, const u8 *buf, size_t len,
			 size_t avail)
{
	const struct ksift_prog *prog = scan->prog;
	const struct ksift_lead *lead = NULL;
	/* Without vectors, a line's level is found when it is selected. */
	bool levels = ksift_scan_needs_levels(scan) && scan->ops->find_levels;
	struct level_batch batch = { 0 };
	u32 t, n, carry = 0;
	size_t words, w;

	if (prog->lines) {
		len = ksift_program_find(scan, buf, len, avail);
	} else {
		ksift_simd_newlines(scan->ops, buf, len, scan->newlines,
				    ksift_ahead(len, avail));
		if (!ksift_terms_find(scan, buf, len, avail))
			return 0;
	}
	words = (len + 63) / 64;
	if (prog->lines && !scan->want_hits && !scan->want_patterns &&
	    !ksift_scan_needs_levels(scan)) {
		count_words(scan, words);
		return len;
	}

	/* A program carries what a line has shown by itself. */
	for (t = 0; t < prog->term_count && !prog->lines; t++)
		carry |= (u32)!!(scan->seen & prog->terms[t]) << t;
	if (levels && !scan->want_hits && !scan->want_patterns) {
		account_levels(scan, buf, avail, words, &carry);
		words = 0;
	}
	for (w = 0; w < words; w++) {
		u64 newlines = scan->newlines[w], selected;

		if (levels && w == batch.next) {
			batch = select_batch(scan, buf, avail, w, words, &carry);
			lead = scan->level_tally.leads;
		}
		selected = levels ? scan->found[w] :
				    select_word(scan, w, newlines, &carry);
		if (!newlines)
			continue;
		n = account_word(scan, w, selected, &lead);
		if (n < 64 || ksift_scan_full(scan))
			return w * 64 + n < len ? w * 64 + n : len;
	}
	/* Which of its patterns it was does not matter: the term asks for any. */
	for (t = 0; t < prog->term_count; t++)
		if (carry >> t & 1)
			scan->seen |= prog->terms[t];
	return len;
}
