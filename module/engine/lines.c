// SPDX-License-Identifier: GPL-2.0-only
/*
 * A text comes in pieces that lie anywhere in memory.  Two ways lead through a
 * piece, and both keep the same state between pieces: where the line began,
 * which patterns it has shown so far, and where the automata are.
 *
 * The scalar way walks the automata over every byte.  It works for every
 * filter, in time linear in the text, and is the reference.
 *
 * The vector way takes a chunk at a time and reduces it to bitmaps, one bit a
 * byte: where the newlines are, and for each term of the filter (see
 * KSIFT_TERMS_MAX) where a match begins.  The bitmaps are then worked off 64
 * bytes at a time, for all lines in them at once and without a branch per
 * line.  With N the newlines and M the matches' beginnings in a word,
 *
 *	(~N + M) & N
 *
 * are the newlines whose line has a match: ~N is a run of ones for each line
 * with a zero for its newline, a bit of M (or several) added to the run
 * carries through to that zero and stops there.  What is carried out of the
 * word belongs to the line that goes on in the next one.
 *
 * A vector search sees matches that lie inside a piece.  Those that begin in
 * one piece and end in the next are the automata's: they are fed the last bytes
 * of a piece, and the first of the next until no match can be under way that
 * began before it.  Filters with so many matches' beginnings to verify that
 * more than a few bytes would be read per byte of text fall back to the scalar
 * way for the chunk.
 *
 * The text may change under the scan, between any two looks at the same byte.
 * No bound and no index comes from it: only bits, and the trie's next node.  A byte
 * that decides more than one thing at a time is loaded once, by ksift_load8().
 */
#include "lines.h"
#include "simd.h"

/*
 * Pieces shorter than this are not worth a vector section, which on x86 may
 * save the process's vector registers first.
 */
#define VECTOR_MIN 256

/* Bytes that verifying may read, per byte of a chunk, before it is given up. */
#define VERIFY_BUDGET 4

/* After candidates were too many: bytes that go by the other way. */
#define HUNT_PAUSE_MIN (32 * 1024U)
#define HUNT_PAUSE_MAX (1024 * 1024U)

/* Hunts that come so far, together, were worth it. */
#define HUNT_FAIR (24 * 1024)

/* Bytes walked at a time: some 100 us when every step misses the cache. */
#define SCALAR_CHUNK 2048

/* A line is selected. */
static void select_line(struct ksift_scan *scan, const struct ksift_hit *hit)
{
	ksift_scan_count(scan, hit, &scan->count);
	if (!scan->want_hits)
		return;
	scan->hits[scan->hit_count++] = *hit;
	scan->hit_bytes += ksift_hit_bytes(hit);
}

static bool needs_levels(const struct ksift_scan *scan)
{
	return scan->want_levels || scan->hit_levels || scan->prog->level_mask;
}

/* Do the patterns select every line? */
static bool selects_all(const struct ksift_prog *prog)
{
	return !prog->term_count && prog->never == prog->invert;
}

static bool full(const struct ksift_scan *scan)
{
	return scan->want_hits && (scan->hit_count >= scan->hits_max ||
				   scan->hit_bytes >= scan->bytes_max);
}

static void forget_hits(struct ksift_scan *scan)
{
	scan->hit_count = 0;
	scan->hit_bytes = 0;
}

static void line_begin(struct ksift_scan *scan, u64 pos)
{
	const struct ksift_prog *prog = scan->prog;

	scan->line = pos;
	scan->seen = prog->always;
	scan->state[0] = prog->ac[0].start;
	scan->state[1] = prog->ac[1].start;
}

void ksift_scan_start(struct ksift_scan *scan, u64 pos, bool skipping)
{
	scan->pos = pos;
	scan->skipping = skipping;
	scan->done = pos >= scan->to;
	forget_hits(scan);
	scan->synced = 0;
	scan->head_len = 0;
	scan->avoid = 0;
	scan->hunt_from = 0;
	scan->hunt_pause = HUNT_PAUSE_MIN;
	scan->hunted = 0;
	line_begin(scan, pos);
}

void ksift_scan_rewind(struct ksift_scan *scan, const struct ksift_hit *hit,
		       const struct ksift_lines_count *count)
{
	ksift_scan_copy(scan, &scan->count, count);
	scan->count.total = hit->index + 1;
	ksift_scan_start(scan, hit->end + hit->newline, false);
}

u64 ksift_match_start(const struct ksift_prog *prog, u32 state[2])
{
	state[0] = prog->ac[0].start;
	state[1] = prog->ac[1].start;
	return prog->always;
}

u64 ksift_match(const struct ksift_prog *prog, u32 state[2], const u8 *buf,
		size_t len)
{
	u64 seen = 0;
	size_t i;

	if (prog->ac[0].used)
		for (i = 0; i < len; i++) {
			state[0] = ksift_ac_step(&prog->ac[0], state[0],
						 ksift_load8(buf + i));
			seen |= prog->ac[0].nodes[state[0]].out;
		}
	if (prog->ac[1].used)
		for (i = 0; i < len; i++) {
			state[1] = ksift_ac_step(&prog->ac[1], state[1],
						 ksift_upper(ksift_load8(buf + i)));
			seen |= prog->ac[1].nodes[state[1]].out;
		}
	return seen;
}

u64 ksift_match_zeros(const struct ksift_prog *prog, u32 state[2], u64 len)
{
	static const u8 zeros[64];
	u64 seen = 0;

	/* After as many bytes as the longest pattern has, more change nothing. */
	if (len > prog->reach)
		len = prog->reach;
	while (len) {
		size_t n = len < sizeof(zeros) ? len : sizeof(zeros);

		seen |= ksift_match(prog, state, zeros, n);
		len -= n;
	}
	return seen;
}

/* The level of a line of which the first bytes may have been in other pieces. */
static void set_level(struct ksift_scan *scan, struct ksift_hit *hit)
{
	u64 len = hit->end - hit->start;
	u32 n = ksift_level_head(len);
	const u8 *line = scan->head;

	if (hit->start >= scan->base) {
		line = scan->buf + (hit->start - scan->base);
	} else if (scan->head_len < n) {
		memcpy(scan->head + scan->head_len, scan->buf,
		       n - scan->head_len);
		scan->head_len = n;
	}
	hit->level = ksift_level(line, len,
				 scan->hit_levels ? &hit->msg : NULL);
}

/* Keep the current line's first bytes, up to @len of the piece. */
static void hold_head(struct ksift_scan *scan, size_t len)
{
	size_t n = KSIFT_LEVEL_HEAD, from = 0;

	if (scan->line >= scan->base) {
		from = scan->line - scan->base;
		scan->head_len = 0;
	}
	n = min(n - scan->head_len, len - from);
	memcpy(scan->head + scan->head_len, scan->buf + from, n);
	scan->head_len += n;
}

/* The current line ends at @end, with a newline there or without. */
static void line_end(struct ksift_scan *scan, u64 end, bool newline)
{
	struct ksift_hit hit = {
		.start = scan->line,
		.end = end,
		.index = scan->count.total,
		.seen = scan->seen,
		.match = end,
		.newline = newline,
	};

	if (ksift_prog_selects(scan->prog, scan->seen)) {
		if (needs_levels(scan))
			set_level(scan, &hit);
		if (ksift_prog_takes(scan->prog, hit.level))
			select_line(scan, &hit);
	}
	scan->count.total++;
	line_begin(scan, end + newline);
}

/*
 * The scalar way: look at [i, end) of a piece that begins at offset @base.
 * Stops after the line that fills the hits or ends the range.
 */
static size_t scan_scalar(struct ksift_scan *scan, const u8 *buf, u64 base,
			  size_t i, size_t end)
{
	const struct ksift_ac *ac = scan->prog->ac;
	const bool *wakes = scan->prog->wakes;
	u32 s0 = scan->state[0], s1 = scan->state[1];
	bool use0 = ac[0].used, use1 = ac[1].used;
	u64 seen = scan->seen;

	while (i < end) {
		u8 c = ksift_load8(buf + i++);

		/* Nothing can happen before a byte that begins something. */
		if (!(s0 | s1)) {
			while (!wakes[c] && i < end)
				c = ksift_load8(buf + i++);
			if (!wakes[c])
				break;
		}
		if (c == '\n') {
			scan->seen = seen;
			line_end(scan, base + i - 1, true);
			s0 = scan->state[0];
			s1 = scan->state[1];
			seen = scan->seen;
			if (scan->line >= scan->to || full(scan))
				break;
			continue;
		}
		if (use0) {
			s0 = ksift_ac_step(&ac[0], s0, c);
			seen |= ac[0].nodes[s0].out;
		}
		if (use1) {
			s1 = ksift_ac_step(&ac[1], s1, ksift_upper(c));
			seen |= ac[1].nodes[s1].out;
		}
	}
	scan->state[0] = s0;
	scan->state[1] = s1;
	scan->seen = seen;
	scan->synced = i;
	return i;
}

/*
 * Bring the automata to position @end of the piece.  An automaton's state
 * depends on the last @reach bytes and not on what came before the line.
 */
static void sync_automata(struct ksift_scan *scan, const u8 *buf, u64 base,
			  size_t end)
{
	const struct ksift_prog *prog = scan->prog;
	size_t from = scan->synced;

	if (scan->line >= base + from) {
		from = scan->line - base;
		scan->state[0] = prog->ac[0].start;
		scan->state[1] = prog->ac[1].start;
	}
	if (end - from > prog->reach) {
		from = end - prog->reach;
		scan->state[0] = 0;
		scan->state[1] = 0;
	}
	/* Mostly nothing can be under way at all. */
	if (!(scan->state[0] | scan->state[1]))
		while (from < end && !prog->wakes[buf[from]])
			from++;
	/*
	 * Also sees matches in the current line that a vector search has seen.
	 * A newline that a writer put here since is a byte like another: no
	 * pattern goes across it.
	 */
	scan->seen |= ksift_match(prog, scan->state, buf + from, end - from);
	scan->synced = end;
}

/* Can a match be under way that began before the @fed bytes? */
static bool match_pending(const struct ksift_scan *scan, size_t fed)
{
	const struct ksift_ac *ac = scan->prog->ac;

	return ac[0].nodes[scan->state[0]].depth > fed ||
	       ac[1].nodes[scan->state[1]].depth > fed;
}

/* Finish matches that began before position @from, where the automata are. */
static void finish_matches(struct ksift_scan *scan, const u8 *buf, size_t from,
			   size_t len)
{
	size_t i;

	for (i = from; i < len && match_pending(scan, i - from); i++) {
		u8 c = ksift_load8(buf + i);

		if (c == '\n')
			break;
		scan->seen |= ksift_match(scan->prog, scan->state, &c, 1);
	}
	scan->synced = i;
}

/* Bits where a line starts, given the newlines of this word. */
static u64 line_starts(u64 newlines, bool *start)
{
	u64 starts = newlines << 1 | *start;

	*start = newlines >> 63;
	return starts;
}

/*
 * Find where in [0, len) of @buf, of which @avail bytes are readable, a literal
 * begins, and add it to the bitmap of its term.  False when there was too much
 * to verify.
 */
static bool find_literal(struct ksift_scan *scan, const struct ksift_literal *lit,
			 u64 *term, const u8 *buf, size_t len, size_t avail,
			 size_t *budget)
{
	size_t words, w;
	bool exact = lit->probe.count == lit->len;
	bool start = scan->line == scan->pos;
	u64 any;

	/* Matches that end in the next piece are the automata's. */
	if (avail < lit->len)
		return true;
	if (len > avail - lit->len + 1)
		len = avail - lit->len + 1;
	any = ksift_simd_find(scan->ops, buf, len, &lit->probe, scan->found);
	words = any ? (len + 63) / 64 : 0;

	for (w = 0; w < words; w++) {
		u64 found = scan->found[w];

		if (lit->flags & KSIFT_PATTERN_ANCHORED)
			found &= line_starts(scan->newlines[w], &start);
		if (!exact) {
			u64 left = found;

			for (; left; left &= left - 1) {
				unsigned int bit = ksift_low_bit(left);

				if (ksift_literal_begins(lit, buf, w * 64 + bit,
							 avail, true, budget))
					continue;
				if (!*budget)
					return false;
				found &= ~(1ULL << bit);
			}
		}
		term[w] |= found;
	}
	return true;
}

/*
 * Of the patterns in some buckets, which begin at position @at?  Sets its bit in
 * the bitmaps of their terms.  False when there was too much to verify.
 */
static bool verify(struct ksift_scan *scan, u32 buckets, const u8 *buf, size_t at,
		   size_t avail, bool start, size_t *budget)
{
	const struct ksift_prog *prog = scan->prog;
	u64 left;

	for (; buckets; buckets &= buckets - 1) {
		left = prog->buckets[ksift_low_bit(buckets)].patterns;
		for (; left; left &= left - 1) {
			u32 i = ksift_low_bit(left);

			if (ksift_literal_begins(&prog->lits[i], buf, at, avail,
						 start, budget))
				scan->terms[prog->term_of[i]][at / 64] |=
					1ULL << at % 64;
			else if (!*budget)
				return false;
		}
	}
	return true;
}

/* Where one of all patterns may begin.  Returns 0 if there is none. */
static u64 find_shingles(struct ksift_scan *scan, const u8 *buf, size_t len,
			 size_t avail)
{
	const struct ksift_teddy *teddy = &scan->prog->teddy;
	u64 some = 0;
	size_t i;

	if (len < 64) {
		for (i = 0; i < len; i++)
			some |= (u64)!!ksift_teddy_at(teddy, buf + i) << i;
		scan->found[0] = some;
		return some;
	}
	return ksift_simd_find_many(scan->ops, buf, len, teddy, scan->found,
				    ksift_ahead(len, avail));
}

/* find_literal() for all patterns at once. */
static bool find_all(struct ksift_scan *scan, const u8 *buf, size_t len,
		     size_t avail, size_t *budget)
{
	const struct ksift_teddy *teddy = &scan->prog->teddy;
	bool start = scan->line == scan->pos;
	size_t w;

	if (avail < teddy->width)
		return true;
	if (len > avail - teddy->width + 1)
		len = avail - teddy->width + 1;
	if (!find_shingles(scan, buf, len, avail))
		return true;

	for (w = 0; w < (len + 63) / 64; w++) {
		u64 left, starts = 0;

		if (scan->prog->anchored)
			starts = line_starts(scan->newlines[w], &start);
		for (left = scan->found[w]; left; left &= left - 1) {
			unsigned int bit = ksift_low_bit(left);
			size_t at = w * 64 + bit;

			if (!verify(scan, ksift_teddy_at(teddy, buf + at), buf,
				    at, avail, starts >> bit & 1, budget))
				return false;
		}
	}
	return true;
}

/* Needs the newlines if a pattern is anchored. */
static bool find_terms(struct ksift_scan *scan, const u8 *buf, size_t len,
		       size_t avail)
{
	const struct ksift_prog *prog = scan->prog;
	size_t words = (len + 63) / 64;
	size_t budget = VERIFY_BUDGET * len;
	u32 i;

	for (i = 0; i < prog->term_count; i++)
		memset(scan->terms[i], 0, words * sizeof(u64));
	if (prog->teddy.width && prog->count > KSIFT_FIND_PATTERNS)
		return find_all(scan, buf, len, avail, &budget);
	for (i = 0; i < prog->count; i++) {
		u32 t = prog->term_of[i];

		if (t != KSIFT_TERMS_MAX && prog->lits[i].len &&
		    !find_literal(scan, &prog->lits[i], scan->terms[t], buf,
				  len, avail, &budget))
			return false;
	}
	return true;
}

/*
 * Selected newlines of word @w; @carry has a bit for each term the line going
 * on has shown.
 */
static __always_inline u64 select_word(const struct ksift_scan *scan, size_t w,
				       u64 newlines, u32 *carry)
{
	const struct ksift_prog *prog = scan->prog;
	u64 match = prog->never ? 0 : newlines;
	u32 t, out = 0;

	for (t = 0; t < prog->term_count; t++) {
		u64 sum;

		if (__builtin_add_overflow(~newlines,
					   scan->terms[t][w] | (*carry >> t & 1),
					   &sum))
			out |= 1u << t;
		if (prog->has_exclude && t == prog->term_count - 1)
			sum = ~sum;
		match &= sum;
	}
	*carry = out;
	return prog->invert ? newlines & ~match : match;
}

/* A line that begins before the text, at an offset that has wrapped, is behind. */
static u32 lead_start(u64 line)
{
	return line < U32_MAX ? line : U32_MAX;
}

/* Find the levels of @count lines of the text at @buf, which scan->pos is at. */
static void find_levels(struct ksift_scan *scan, const u8 *buf, size_t avail,
			u32 count)
{
	struct ksift_lead *lead = scan->levels.leads;

	if (!count)
		return;
	/* The first may have begun in another piece. */
	if (lead->end < lead->start) {
		struct ksift_hit hit = {
			.start = scan->line,
			.end = scan->pos + lead->end,
		};

		set_level(scan, &hit);
		lead->level = hit.level;
		lead->msg = hit.msg;
		lead++;
		count--;
	}
	ksift_simd_find_levels(scan->ops, buf, avail, lead, count);
	ksift_levels(buf, lead, count, scan->hit_levels);
}

/*
 * The lines of @selected, which end in word @w, become leads from @lead on, and
 * all that do are added to *@lines.  *@line is where the current one begins.
 * Returns the lead after them.
 */
static __always_inline struct ksift_lead *
lead_word(const struct ksift_scan *scan, size_t w, u64 selected, u64 *line,
	  u64 *lines, struct ksift_lead *lead)
{
	u64 left = scan->newlines[w], end;

	/* One or none, which is a coin's toss: without a branch. */
	if (!(left & (left - 1))) {
		end = w * 64 + ksift_low_bit(left | 1ULL << 63);
		lead->start = lead_start(*line);
		lead->end = end;
		*line += (end + 1 - *line) & -(u64)!!left;
		*lines += !!left;
		return lead + !!selected;
	}
	for (; left; left &= left - 1) {
		unsigned int bit = ksift_low_bit(left);

		lead->start = lead_start(*line);
		lead->end = w * 64 + bit;
		lead += selected >> bit & 1;
		*line = w * 64 + bit + 1;
		(*lines)++;
	}
	return lead;
}

/**
 * struct levels - Lines selected by patterns and levels
 * @next: The word of the chunk after those in which they end
 * @count: Leads of those that the patterns select
 * @line: Where the line begins that goes on in the next word
 * @lines: How many end in these words
 */
struct levels {
	size_t next;
	u32 count;
	u64 line;
	u64 lines;
};

/*
 * Select lines that end in the words of the chunk from @w on, as many as there
 * is room for leads.  Leaves their newlines in @found.
 */
static struct levels select_levels(struct ksift_scan *scan, const u8 *buf,
				   size_t avail, size_t w, size_t words,
				   u32 *carry)
{
	const struct ksift_lead *last = scan->levels.leads + KSIFT_LEADS - 64;
	const struct ksift_prog *prog = scan->prog;
	u64 line = scan->line - scan->pos, lines = 0, selected;
	struct ksift_lead *lead = scan->levels.leads, *end;
	struct levels levels;

	if (selects_all(prog))
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
	levels.next = w;
	levels.count = end - scan->levels.leads;
	levels.line = line;
	levels.lines = lines;
	find_levels(scan, buf, avail, levels.count);
	if (!prog->level_mask)
		return levels;
	for (lead = scan->levels.leads; lead < end; lead++)
		if (!ksift_prog_takes(prog, lead->level))
			scan->found[lead->end / 64] &= ~(1ULL << lead->end % 64);
	return levels;
}

/* Count the leads in [@lead, @end) by their levels. */
static void count_leads(struct ksift_levels *levels, const struct ksift_lead *lead,
			const struct ksift_lead *end)
{
	for (; lead < end; lead++) {
		levels->lines[lead->level]++;
		levels->bytes[lead->level] += lead->end + 1 - lead->start;
	}
}

/* Select lines counted by their levels, if those are wanted. */
static void select_counted(struct ksift_scan *scan)
{
	const struct ksift_levels *levels = &scan->levels;
	struct ksift_lines_count *c = &scan->count;
	u32 i;

	for (i = 0; i < KSIFT_LEVELS; i++) {
		if (!ksift_prog_takes(scan->prog, i))
			continue;
		c->selected += levels->lines[i];
		c->selected_bytes += levels->bytes[i];
		if (scan->want_levels)
			c->levels[i] += levels->lines[i];
	}
}

/* What is left to do for a chunk when lines are only counted, by their levels. */
static void account_levels(struct ksift_scan *scan, const u8 *buf, size_t avail,
			   size_t words, u32 *carry)
{
	struct ksift_levels *levels = &scan->levels;
	struct levels found = { 0 };

	while (found.next < words) {
		const struct ksift_lead *lead = levels->leads, *end;

		found = select_levels(scan, buf, avail, found.next, words, carry);
		end = lead + found.count;
		memset(levels, 0, offsetof(struct ksift_levels, leads));
		/* Its beginning is too far away for a lead. */
		if (found.count && lead->end < lead->start) {
			levels->lines[lead->level]++;
			levels->bytes[lead->level] = scan->pos + lead->end + 1 -
						     scan->line;
			lead++;
		}
		count_leads(levels, lead, end);
		select_counted(scan);
		scan->count.total += found.lines;
		if (found.lines)
			line_begin(scan, scan->pos + found.line);
	}
}

/*
 * Account for the lines that end in word @w of the chunk, whose leads begin at
 * *@lead if levels are wanted.  Returns how many of its bytes were worked off:
 * not all when the hits are full.
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
		}
		if (scan->want_hits && !scan->no_total)
			hit.index = total + ksift_popcount64(before);
		select_line(scan, &hit);
		if (full(scan)) {
			scan->count.total = hit.index + 1;
			line_begin(scan, pos + bit + 1);
			return bit + 1;
		}
	}
	if (!scan->no_total)
		scan->count.total += ksift_popcount64(newlines);
	if (newlines)
		line_begin(scan, pos + ksift_high_bit(newlines) + 1);
	return 64;
}

/*
 * The vector way, for [0, len) of @buf, of which @avail bytes are readable.
 * Returns how many bytes were worked off; 0: nothing was, take the other way.
 */
static size_t scan_vector(struct ksift_scan *scan, const u8 *buf, size_t len,
			  size_t avail)
{
	const struct ksift_prog *prog = scan->prog;
	size_t words = (len + 63) / 64, w;
	const struct ksift_lead *lead = NULL;
	bool levels = needs_levels(scan);
	struct levels found = { 0 };
	u32 t, n, carry = 0;

	ksift_simd_newlines(scan->ops, buf, len, scan->newlines,
			    ksift_ahead(len, avail));
	if (!find_terms(scan, buf, len, avail))
		return 0;

	for (t = 0; t < prog->term_count; t++)
		carry |= (u32)!!(scan->seen & prog->terms[t]) << t;
	if (levels && !scan->want_hits) {
		account_levels(scan, buf, avail, words, &carry);
		words = 0;
	}
	for (w = 0; w < words; w++) {
		u64 newlines = scan->newlines[w], selected;

		if (levels && w == found.next) {
			found = select_levels(scan, buf, avail, w, words, &carry);
			lead = scan->levels.leads;
		}
		selected = levels ? scan->found[w] :
				    select_word(scan, w, newlines, &carry);
		if (!newlines)
			continue;
		n = account_word(scan, w, selected, &lead);
		if (n < 64 || full(scan))
			return w * 64 + n < len ? w * 64 + n : len;
	}
	/* Which pattern it was does not matter: a term asks for any. */
	for (t = 0; t < prog->term_count; t++)
		if (carry >> t & 1)
			scan->seen |= prog->terms[t];
	return len;
}

static bool can_tally(const struct ksift_scan *scan)
{
	return !scan->want_hits && !needs_levels(scan) &&
	       scan->prog->term_count <= 1;
}

/* The one literal whose probe is the whole search, if that is what it is. */
static const struct ksift_literal *sole_literal(const struct ksift_prog *prog)
{
	const struct ksift_literal *lit;

	if (prog->count != 1)
		return NULL;
	lit = &prog->lits[0];
	return lit->probe.count == lit->len ? lit : NULL;
}

/*
 * Count by matches of one term in at most @words words, one way or the other.
 * Returns how many it were; 0: take the other way.
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
	if (!find_terms(scan, buf, words * 64, avail))
		return 0;
	return ksift_simd_tally(scan->ops, buf, words, false, NULL,
				scan->terms[0], tally);
}

/*
 * The vector way when lines are to be counted only, and one bit a line tells if
 * it is selected.  As scan_vector().
 */
static size_t tally_vector(struct ksift_scan *scan, const u8 *buf, size_t len,
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
	/* What was counted has the term, but the others may be wanted. */
	if (all ? prog->never == prog->invert : prog->has_exclude != prog->invert) {
		tally.selected = tally.total - tally.selected;
		tally.selected_bytes = tally.line - before -
				       tally.selected_bytes;
	}
	scan->count.total += tally.total;
	scan->count.selected += tally.selected;
	scan->count.selected_bytes += tally.selected_bytes;
	if (tally.line != before)
		line_begin(scan, scan->pos + tally.line);
	if (tally.carry)
		scan->seen |= prog->terms[0];
	return words * 64;
}

/* Can lines be found by their matches, without a look at those between? */
static bool can_hunt(const struct ksift_scan *scan)
{
	const struct ksift_prog *prog = scan->prog;

	return scan->ops->hunt && prog->term_count == 1 &&
	       !prog->never && prog->has_exclude == prog->invert;
}

/* Of the lines that a hunt has found, keep those of a level that is selected. */
static void found_levels(struct ksift_scan *scan, const u8 *buf, size_t avail)
{
	struct ksift_lead *leads = scan->levels.leads;
	struct ksift_hunt *hunt = &scan->hunt;
	u32 i, kept = 0;

	for (i = 0; i < hunt->count; i++) {
		leads[i].start = lead_start(hunt->hits[i].start - hunt->base);
		leads[i].end = hunt->hits[i].end - hunt->base;
	}
	find_levels(scan, buf, avail, hunt->count);
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

/* Take the lines that a hunt has found, up to that with which they are enough. */
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
	scan->count.selected += count;
	scan->count.selected_bytes += bytes;
	if (scan->want_hits) {
		scan->hit_count = count;
		scan->hit_bytes = bytes;
	}
}

/* As scan_vector(); @avail is enough for a hunt. */
static size_t hunt_vector(struct ksift_scan *scan, const u8 *buf, size_t len,
			  size_t avail)
{
	const struct ksift_prog *prog = scan->prog;
	struct ksift_hunt *hunt = &scan->hunt;
	bool levels = needs_levels(scan);
	u64 pos = scan->pos;
	size_t done;

	/* The slowest search of all. */
	if (prog->teddy.whole && prog->teddy.wide)
		len = min(len, (size_t)KSIFT_CHUNK);
	hunt->ops = scan->ops;
	hunt->prog = prog;
	hunt->avail = avail;
	hunt->base = pos;
	hunt->hits = scan->hits;
	hunt->max = 0;
	if (scan->want_hits || levels)
		hunt->max = KSIFT_FINDS_MAX;
	if (scan->want_hits)
		hunt->max = min(hunt->max, scan->hits_max);
	hunt->total = !scan->no_total;
	hunt->lines = scan->count.total;
	hunt->line = scan->line - pos;
	hunt->start = scan->line == pos;
	hunt->carry = scan->seen & prog->terms[0];
	done = ksift_simd_hunt(scan->ops, hunt, buf, len);

	scan->hunted += done;
	if (scan->hunted >= HUNT_FAIR) {
		scan->hunted = 0;
		scan->hunt_pause = HUNT_PAUSE_MIN;
	}
	if (hunt->dense) {
		/* Each time that it comes to nothing, longer. */
		scan->hunt_from = pos + done + scan->hunt_pause;
		scan->hunt_pause = min(2 * scan->hunt_pause, HUNT_PAUSE_MAX);
		scan->hunted = 0;
	}
	if (levels)
		found_levels(scan, buf, avail);
	take_found(scan);
	if (scan->hit_count && full(scan)) {
		const struct ksift_hit *last = &scan->hits[scan->hit_count - 1];

		scan->count.total = last->index + 1;
		line_begin(scan, last->end + 1);
		return last->end + 1 - pos;
	}
	scan->count.total = hunt->lines;
	if (pos + hunt->line != scan->line)
		line_begin(scan, pos + hunt->line);
	if (hunt->carry)
		scan->seen |= prog->terms[0];
	return done;
}

/*
 * The first newline in [0, len) of @buf, or @len.  A word of the text is loaded once.
 * The subtraction borrows from the next byte at a newline only: the lowest bit that is
 * left is the first one's.
 */
size_t ksift_find_newline(const u8 *buf, size_t len)
{
	const u64 ones = ~0ULL / 0xff, newlines = ones * '\n';
	size_t i;
	u64 v;

	for (i = 0; len - i >= sizeof(v); i += sizeof(v)) {
		v = ksift_le64(ksift_load64(buf + i)) ^ newlines;
		v = (v - ones) & ~v & ones << 7;
		if (v)
			return i + ksift_low_bit(v) / 8;
	}
	while (i < len && ksift_load8(buf + i) != '\n')
		i++;
	return i;
}

/* The same, with vectors where there are some and it is worth it. */
static size_t first_newline(struct ksift_scan *scan, const u8 *buf, size_t len)
{
	size_t i, n;
	u64 bits[8];
	u32 w;

	if (!scan->ops->newlines || len < VECTOR_MIN)
		return ksift_find_newline(buf, len);
	for (i = 0; i < len; i += n) {
		n = min(len - i, sizeof(bits) * 8);
		ksift_simd_newlines(scan->ops, buf + i, n, bits, 0);
		for (w = 0; w < (n + 63) / 64; w++)
			if (bits[w])
				return i + w * 64 + ksift_low_bit(bits[w]);
	}
	return len;
}

/* As scan_vector(), when the lines are only counted, by their levels alone. */
static size_t levels_vector(struct ksift_scan *scan, const u8 *buf, size_t len,
			    size_t avail)
{
	struct ksift_levels *levels = &scan->levels;
	size_t first = 0, done;
	u32 i;

	if (scan->line < scan->pos) {
		first = first_newline(scan, buf, len);
		if (first == len)
			return 0;
		line_end(scan, scan->pos + first, true);
		first++;
	}
	memset(levels, 0, offsetof(struct ksift_levels, leads));
	done = ksift_simd_tally_levels(scan->ops, buf + first, len - first,
				       avail - first, levels);
	ksift_levels(buf + first, levels->leads, levels->count, false);
	count_leads(levels, levels->leads, levels->leads + levels->count);
	select_counted(scan);
	for (i = 0; i < KSIFT_LEVELS; i++)
		scan->count.total += levels->lines[i];
	done += first;
	if (done)
		line_begin(scan, scan->pos + done);
	return done;
}

static size_t skip_line(struct ksift_scan *scan, const u8 *buf, size_t i,
			size_t end)
{
	size_t at = i + first_newline(scan, buf + i, end - i);
	size_t next = min(at + 1, end);

	scan->pos += next - i;
	if (at < end) {
		scan->skipping = false;
		scan->first = scan->pos;
		line_begin(scan, scan->pos);
	}
	scan->synced = next;
	/* A line of the range starts before @to, after a newline. */
	scan->done = scan->pos >= scan->to;
	return next;
}

size_t ksift_scan_feed(struct ksift_scan *scan, const u8 *buf, size_t done,
		       size_t len)
{
	u64 base = scan->pos - done;
	size_t i = done, n = len - done;
	size_t worked = 0;
	bool tally = can_tally(scan), vector;

	forget_hits(scan);
	n = min(n, tally ? (size_t)KSIFT_FEED : scan->chunk);
	if (scan->skipping)
		return skip_line(scan, buf, i, i + n);

	/* Up to the range's end, then byte by byte to that of its last line. */
	if (scan->pos < scan->to && n > scan->to - scan->pos)
		n = scan->to - scan->pos;
	/* Up to where the rest of the piece has been asked for, and that alone. */
	if (len - i - n < KSIFT_AHEAD && len - i >= 2 * KSIFT_AHEAD)
		n = min(n, len - i - KSIFT_AHEAD);
	if (!done)
		scan->synced = 0;
	scan->buf = buf;
	scan->base = base;

	/* A vector search does not tell which patterns a line has. */
	vector = scan->ops->find && scan->prog->vector && !scan->want_patterns &&
		 n >= (done && tally ? 64 : VECTOR_MIN) && scan->pos < scan->to;
	/* The automata are here at a piece's start, and after the scalar way. */
	if (vector && scan->synced == i)
		finish_matches(scan, buf, i, len);
	if (vector && can_hunt(scan) && scan->pos >= scan->hunt_from &&
	    len - i >= 64 + scan->prog->reach)
		worked = hunt_vector(scan, buf + i, n, len - i);
	if (vector && !worked && scan->pos >= scan->avoid) {
		if (tally)
			worked = tally_vector(scan, buf + i, n, len - i);
		else if (!scan->want_hits && selects_all(scan->prog))
			worked = levels_vector(scan, buf + i, n, len - i);
		if (!worked && !tally)
			worked = scan_vector(scan, buf + i,
					     min(n, (size_t)KSIFT_CHUNK),
					     len - i);
		if (!worked)
			scan->avoid = scan->pos + n;
	}
	if (worked) {
		i += worked;
		if (scan->line == base + i)
			scan->synced = i;
	} else {
		if (n > SCALAR_CHUNK)
			n = SCALAR_CHUNK;
		if (scan->synced < i)
			sync_automata(scan, buf, base, i);
		/* Where finish_matches() came to, all is done but newlines. */
		i = scan_scalar(scan, buf, base, scan->synced, done + n);
	}
	scan->pos = base + i;
	scan->done = scan->line >= scan->to;
	if (i < len)
		return i;
	if (scan->synced < i)
		sync_automata(scan, buf, base, i);
	if (needs_levels(scan))
		hold_head(scan, len);
	return i;
}

static u64 count_newlines(const struct ksift_scan *scan, const u8 *buf,
			  size_t len)
{
	struct ksift_tally tally = { 0 };
	size_t i = len & ~(size_t)63;

	ksift_simd_tally_lines(scan->ops, buf, i / 64, &tally);
	for (; i < len; i++)
		tally.total += buf[i] == '\n';
	return tally.total;
}

static bool confirm_levels(struct ksift_scan *scan, const struct ksift_hit *hits,
			   u32 count, const u8 *copy, size_t len)
{
	struct ksift_lead *leads = scan->levels.leads;
	u32 i, at = 0;

	for (i = 0; i < count; i++) {
		leads[i].start = at;
		at += hits[i].end - hits[i].start + 1;
		leads[i].end = at - 1;
	}
	ksift_simd_find_levels(scan->ops, copy, len, leads, count);
	ksift_levels(copy, leads, count, scan->hit_levels);
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

	for (i = 0; i < count; i++) {
		const struct ksift_hit *hit = &hits[i];
		const struct ksift_literal *lit = &scan->prog->lits[hit->pattern];
		u64 n = hit->end - hit->start, match = hit->match - hit->start;

		if (hit->match + lit->len > hit->end || copy[at + n] != '\n' ||
		    !ksift_literal_begins(lit, copy + at, match, len - at,
					  !match, &budget))
			return false;
		at += n + 1;
	}
	/* So each has none but its own. */
	if (count_newlines(scan, copy, len) != count)
		return false;
	return !needs_levels(scan) ||
	       confirm_levels(scan, hits, count, copy, len);
}

void ksift_scan_zeros(struct ksift_scan *scan, u64 len)
{
	size_t n;

	forget_hits(scan);
	if (scan->skipping) {
		scan->pos += len;
		scan->done = scan->pos >= scan->to;
		return;
	}
	scan->seen |= ksift_match_zeros(scan->prog, scan->state, len);
	if (scan->line == scan->pos)
		scan->head_len = 0;
	n = min((u64)(KSIFT_LEVEL_HEAD - scan->head_len), len);
	memset(scan->head + scan->head_len, 0, n);
	scan->head_len += n;
	scan->pos += len;
}

void ksift_scan_eof(struct ksift_scan *scan)
{
	forget_hits(scan);
	/* All of it has come with earlier pieces. */
	scan->buf = NULL;
	scan->base = scan->pos;
	if (!scan->skipping && !scan->done && scan->pos > scan->line)
		line_end(scan, scan->pos, false);
	scan->done = true;
}
