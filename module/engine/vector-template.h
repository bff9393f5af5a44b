/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A template, not an interface: the vector variants' operations, over 64 bytes of
 * text at a time.  The file of an instruction set includes it once, after it has
 * defined, for the 64 bytes at @p,
 *
 *	struct needle		the constants of a search
 *	void load_needle(struct needle *, const struct ksift_probe *, count)
 *	u64 newlines64(p)
 *	u64 trailing_zeros(bits)	of 0: any number
 *	u64 match64(p, needle, count, masked)
 *	void load_word(struct needle *, const struct ksift_probe *, count)
 *	u64 word64(p, needle, count, masked)	its bytes follow one another
 *	struct teddy_masks	the constants of a search for many literals
 *	void load_masks(struct teddy_masks *, const struct ksift_teddy *, width, whole,
 *			wide)
 *	u64 teddy64(p, teddy_masks, width, whole, wide)
 *	struct name_heads	the constants of a search for names of levels
 *	void load_name_heads(struct name_heads *)
 *	u64 names64(p, name_heads, letters, capitals)	what may begin one, if
 *				it is a letter; sets the other two
 *
 * and gets the static functions that its struct ksift_variant_ops lists, but for
 * sum_i64().  Each loop is instantiated once per kind of search, so that the
 * constants stay in registers.
 */
#ifndef KSIFT_ENGINE_VECTOR_TEMPLATE_H
#define KSIFT_ENGINE_VECTOR_TEMPLATE_H

#include "filter.h"
#include "level.h"
#include "ops.h"
#include "../uapi/ksift.h"

static void op_newlines(const u8 *buf, size_t len, u64 *bits, size_t ahead)
{
	size_t i, words = len / 64;
	u64 last = 0;

	for (i = 0; i < words; i++) {
		__builtin_prefetch(buf + i * 64 + ahead);
		bits[i] = newlines64(buf + i * 64);
	}
	if (!(len % 64))
		return;
	if (words) {
		bits[words] = ksift_last_bits(newlines64(buf + len - 64), len);
		return;
	}
	for (i = 0; i < len; i++)
		last |= (u64)(buf[i] == '\n') << i;
	bits[0] = last;
}

static __always_inline u64 find_n(const u8 *buf, size_t len,
				  const struct ksift_probe *probe, u64 *bits,
				  u32 count, bool masked)
{
	const u8 *last = buf + len - 64;
	struct needle needle __uninitialized;
	u64 any = 0;
	size_t w;

	load_needle(&needle, probe, count);
	for (w = 0; w * 64 < len; w++) {
		const u8 *p = buf + w * 64;

		bits[w] = match64(p < last ? p : last, &needle, count, masked);
		any |= bits[w];
	}
	if (len % 64)
		bits[len / 64] = ksift_last_bits(bits[len / 64], len);
	return any;
}

static u64 find_short(const u8 *buf, size_t len,
		      const struct ksift_probe *probe)
{
	u64 bits = 0;
	size_t i;
	u32 k;

	for (i = 0; i < len; i++) {
		bool match = true;

		for (k = 0; k < probe->count; k++)
			match &= (buf[i + probe->off[k]] & probe->mask[k]) ==
				 probe->val[k];
		bits |= (u64)match << i;
	}
	return bits;
}

static __always_inline u64 find_masked(const u8 *buf, size_t len,
				       const struct ksift_probe *probe,
				       u64 *bits, bool masked)
{
	if (probe->count <= 2)
		return find_n(buf, len, probe, bits, 2, masked);
	if (probe->count <= 4)
		return find_n(buf, len, probe, bits, 4, masked);
	if (probe->count <= 8 || masked)
		return find_n(buf, len, probe, bits, 8, masked);
	return find_n(buf, len, probe, bits, 12, masked);
}

static u64 op_find(const u8 *buf, size_t len, const struct ksift_probe *probe,
		   u64 *bits)
{
	if (len < 64) {
		bits[0] = find_short(buf, len, probe);
		return bits[0];
	}
	if (probe->masked)
		return find_masked(buf, len, probe, bits, true);
	return find_masked(buf, len, probe, bits, false);
}

static __always_inline u64 find_many_n(const u8 *buf, size_t len,
				       const struct ksift_teddy *teddy,
				       u64 *bits, size_t ahead, u32 width,
				       bool whole, bool wide)
{
	const u8 *last = buf + len - 64;
	struct teddy_masks masks __uninitialized;
	u64 some = 0;
	size_t w;

	load_masks(&masks, teddy, width, whole, wide);
	for (w = 0; w * 64 < len; w++) {
		const u8 *p = buf + w * 64;

		__builtin_prefetch(p + ahead);
		bits[w] = teddy64(p < last ? p : last, &masks, width, whole,
				  wide);
		some |= (u64)!!bits[w] << w;
	}
	if (len % 64)
		some = ksift_end_lap(bits, len, some);
	return some;
}

static u64 op_find_many(const u8 *buf, size_t len, const struct ksift_teddy *teddy,
			u64 *bits, size_t ahead)
{
	if (teddy->width == 2)
		return find_many_n(buf, len, teddy, bits, ahead, 2, true, false);
	if (teddy->whole && teddy->wide)
		return find_many_n(buf, len, teddy, bits, ahead, 4, true, true);
	if (teddy->whole)
		return find_many_n(buf, len, teddy, bits, ahead, 4, true, false);
	if (teddy->wide)
		return find_many_n(buf, len, teddy, bits, ahead, 6, false, true);
	if (teddy->width == 6)
		return find_many_n(buf, len, teddy, bits, ahead, 6, false, false);
	return find_many_n(buf, len, teddy, bits, ahead, 4, false, false);
}

/* Selected lines after which a section ends: each is some ns of work, in all 10 us. */
#define TALLY_SELECTED 4096

/* Bytes in the lines that end at @ends, some of @newlines, in the block at @at. */
static noinline u64 line_bytes(u64 newlines, u64 ends, u64 at, u64 line)
{
	u64 bytes = 0;

	for (; ends; ends &= ends - 1) {
		u64 before = newlines & ((ends & -ends) - 1);
		u64 start = before ? at + ksift_high_bit(before) + 1 : line;

		bytes += at + ksift_low_bit(ends) + 1 - start;
	}
	return bytes;
}

/*
 * With @count 0 the matches are those of @found.  There is no branch on whether a
 * block has a newline, nor on whether its line is selected: both are unpredictable.
 * There is one on whether it has two, which is rare.
 */
static __always_inline size_t tally_n(const u8 *buf, size_t words, bool anchored,
				      const struct ksift_probe *probe,
				      const u64 *found,
				      struct ksift_tally *tally, u32 count,
				      bool masked)
{
	u64 total = 0, selected = 0, bytes = 0, line = tally->line;
	u64 carry = tally->carry, start = tally->start;
	const size_t ahead = tally->ahead;
	u64 anywhere = anchored ? 0 : ~0ULL;
	struct needle needle __uninitialized;
	size_t w;

	if (count)
		load_word(&needle, probe, count);
	for (w = 0; w < words && selected < TALLY_SELECTED; w++) {
		const u8 *p = buf + w * 64;
		u64 nl = newlines64(p), at = w * 64, sum, end;
		u64 match = count ? word64(p, &needle, count, masked) :
				    found[w];

		__builtin_prefetch(p + ahead);
		match &= nl << 1 | start | anywhere;
		start = nl >> 63;
		/* See bitmaps.c. */
		carry = __builtin_add_overflow(~nl, match | carry, &sum);
		sum &= nl;
		total += __builtin_popcountll(nl);
		selected += __builtin_popcountll(sum);
		if (nl & (nl - 1)) {
			bytes += line_bytes(nl, sum, at, line);
			line = at + ksift_high_bit(nl) + 1;
			continue;
		}
		end = at + trailing_zeros(nl) + 1;
		/* Masks: of a conditional, compilers may make a branch. */
		bytes += (end - line) & -(u64)!!sum;
		line += (end - line) & -(u64)!!nl;
	}
	tally->total += total;
	tally->selected += selected;
	tally->selected_bytes += bytes;
	tally->line = line;
	tally->carry = carry;
	tally->start = start;
	return w;
}

static size_t tally_folded(const u8 *buf, size_t words, bool anchored,
			   const struct ksift_probe *probe,
			   struct ksift_tally *tally)
{
	switch (probe->count) {
	case 1:
		return tally_n(buf, words, anchored, probe, NULL, tally, 1, true);
	case 2:
		return tally_n(buf, words, anchored, probe, NULL, tally, 2, true);
	case 3:
		return tally_n(buf, words, anchored, probe, NULL, tally, 3, true);
	case 4:
		return tally_n(buf, words, anchored, probe, NULL, tally, 4, true);
	case 5:
		return tally_n(buf, words, anchored, probe, NULL, tally, 5, true);
	case 6:
		return tally_n(buf, words, anchored, probe, NULL, tally, 6, true);
	case 7:
		return tally_n(buf, words, anchored, probe, NULL, tally, 7, true);
	default:
		return tally_n(buf, words, anchored, probe, NULL, tally, 8, true);
	}
}

static size_t tally_exact(const u8 *buf, size_t words, bool anchored,
			  const struct ksift_probe *probe,
			  struct ksift_tally *tally)
{
	switch (probe->count) {
	case 1:
		return tally_n(buf, words, anchored, probe, NULL, tally, 1, false);
	case 2:
		return tally_n(buf, words, anchored, probe, NULL, tally, 2, false);
	case 3:
		return tally_n(buf, words, anchored, probe, NULL, tally, 3, false);
	case 4:
		return tally_n(buf, words, anchored, probe, NULL, tally, 4, false);
	case 5:
		return tally_n(buf, words, anchored, probe, NULL, tally, 5, false);
	case 6:
		return tally_n(buf, words, anchored, probe, NULL, tally, 6, false);
	case 7:
		return tally_n(buf, words, anchored, probe, NULL, tally, 7, false);
	case 8:
		return tally_n(buf, words, anchored, probe, NULL, tally, 8, false);
	case 9:
		return tally_n(buf, words, anchored, probe, NULL, tally, 9, false);
	case 10:
		return tally_n(buf, words, anchored, probe, NULL, tally, 10, false);
	case 11:
		return tally_n(buf, words, anchored, probe, NULL, tally, 11, false);
	default:
		return tally_n(buf, words, anchored, probe, NULL, tally, 12, false);
	}
}

static size_t op_tally(const u8 *buf, size_t words, bool anchored,
		       const struct ksift_probe *probe, const u64 *found,
		       struct ksift_tally *tally)
{
	if (!probe)
		return tally_n(buf, words, false, NULL, found, tally, 0, false);
	if (probe->masked)
		return tally_folded(buf, words, anchored, probe, tally);
	return tally_exact(buf, words, anchored, probe, tally);
}

static void op_tally_lines(const u8 *buf, size_t words, struct ksift_tally *tally)
{
	u64 total = 0, last = 0;
	size_t w, at = words;

	for (w = 0; w < words; w++) {
		const u8 *p = buf + w * 64;
		u64 nl = newlines64(p);

		__builtin_prefetch(p + tally->ahead);
		total += __builtin_popcountll(nl);
		last = nl ? nl : last;
		at = nl ? w : at;
	}
	tally->total += total;
	if (last)
		tally->line = at * 64 + ksift_high_bit(last) + 1;
}

/* The first newline in [@at, @end), or @end. */
static __always_inline size_t next_newline(const u8 *buf, size_t at, size_t end)
{
	u64 nl, next;

	/* Test both words at once: which one ends the line is unpredictable. */
	for (; end - at >= 128; at += 128) {
		nl = newlines64(buf + at);
		next = newlines64(buf + at + 64);
		if (nl | next)
			return at + (nl ? 0 : 64) +
			       trailing_zeros(nl ? nl : next);
	}
	for (; end - at >= 64; at += 64) {
		nl = newlines64(buf + at);
		if (nl)
			return at + ksift_low_bit(nl);
	}
	if (end < 64) {
		while (at < end && buf[at] != '\n')
			at++;
		return at;
	}
	if (at == end)
		return end;
	nl = ksift_last_bits(newlines64(buf + end - 64), end - at);
	return nl ? at + ksift_low_bit(nl) : end;
}

/* One more than the last newline in [@from, @end), or 0. */
static __always_inline size_t after_newline(const u8 *buf, size_t from,
					    size_t end)
{
	u64 nl, next;

	for (; end - from >= 128; end -= 128) {
		nl = newlines64(buf + end - 64);
		next = newlines64(buf + end - 128);
		if (nl | next)
			return end - (nl ? 63 : 127) +
			       ksift_high_bit(nl ? nl : next);
	}
	for (; end - from >= 64; end -= 64) {
		nl = newlines64(buf + end - 64);
		if (nl)
			return end - 63 + ksift_high_bit(nl);
	}
	if (end < 64) {
		while (end > from && buf[end - 1] != '\n')
			end--;
		return end > from ? end : 0;
	}
	if (end == from)
		return 0;
	nl = ksift_last_bits(newlines64(buf + end - 64), end - from);
	return nl ? from + ksift_high_bit(nl) + 1 : 0;
}

static noinline u64 newlines_between(const u8 *buf, size_t at, size_t end)
{
	u64 count = 0;

	for (; end - at >= 64; at += 64)
		count += __builtin_popcountll(newlines64(buf + at));
	if (end < 64) {
		for (; at < end; at++)
			count += buf[at] == '\n';
		return count;
	}
	if (at < end)
		count += __builtin_popcountll(ksift_last_bits(newlines64(buf + end - 64),
							end - at));
	return count;
}

/*
 * The candidates of a stretch of text, all found before the first is verified.  A
 * loop that verifies each as it finds it mispredicts a branch at each, and then
 * waits for memory.
 */
struct lap {
	size_t from;
	size_t to;
	u64 some;	/* bit w: words[w] is not 0 */
	u64 words[KSIFT_LAP / 64];
};

static __always_inline void lap_words(struct lap *lap, const u8 *buf,
				      size_t ahead,
				      const struct ksift_probe *probe,
				      bool masked)
{
	size_t n = lap->to - lap->from, w;
	struct needle needle __uninitialized;
	u64 some = 0, word;

	load_needle(&needle, probe, KSIFT_HUNT_PROBES);
	for (w = 0; w < n / 64; w++) {
		const u8 *p = buf + lap->from + w * 64;

		__builtin_prefetch(p + ahead);
		word = match64(p, &needle, KSIFT_HUNT_PROBES, masked);
		lap->words[w] = word;
		some |= (u64)!!word << w;
	}
	if (n % 64) {
		word = match64(buf + lap->to - 64, &needle, KSIFT_HUNT_PROBES,
			       masked);
		word = ksift_last_bits(word, n);
		lap->words[w] = word;
		some |= (u64)!!word << w;
	}
	lap->some = some;
}

static void start_lap(const struct ksift_hunt *h, struct lap *lap,
		      const u8 *buf, size_t at, size_t end)
{
	size_t ahead;

	lap->from = at;
	lap->to = min(end, at + KSIFT_LAP);
	ahead = ksift_ahead(lap->to, h->avail);
	if (h->prog->teddy.width)
		lap->some = h->ops->find_many(buf + at, lap->to - at,
					      &h->prog->teddy, lap->words,
					      ahead);
	else if (h->prog->hunt_probe.masked)
		lap_words(lap, buf, ahead, &h->prog->hunt_probe, true);
	else
		lap_words(lap, buf, ahead, &h->prog->hunt_probe, false);
}

/*
 * A hunt is dense if, of the bytes it has covered, there are less than HUNT_COST for
 * each candidate beyond the first HUNT_FREE.
 */
#define HUNT_COST 256
#define HUNT_FREE 16

/* Bytes that a hunt compares in a section: some 10 us at the worst. */
#define HUNT_BUDGET 16384

/* Is there a match at the candidate @at?  Of several patterns, sets which. */
static __always_inline bool is_match(const struct ksift_hunt *h, const u8 *buf,
				     size_t at, size_t back,
				     u32 *pattern, size_t *budget)
{
	const struct ksift_prog *prog = h->prog;
	u32 buckets;

	if (!prog->teddy.width)
		return ksift_literal_begins(&prog->lits[prog->sole], buf,
					    at + back, h->avail,
					    back || (at ? buf[at - 1] == '\n' :
							  h->start), budget);
	buckets = ksift_teddy_at(&prog->teddy, buf + at);
	return ksift_begins(prog, buckets, buf, at, h->avail,
			    at ? buf[at - 1] == '\n' : h->start, pattern,
			    budget);
}

/* From where on in [0, @len) no candidate has room in the text. */
static size_t hunt_end(const struct ksift_hunt *h, size_t len, size_t back)
{
	const struct ksift_prog *prog = h->prog;
	size_t need = back + prog->lits[prog->sole].len;

	if (prog->teddy.width)
		need = prog->teddy.width;
	return min(len, h->avail - need + 1);
}

/* No line in [@from, @to) is selected: pass over them, up to the one that goes on. */
static __always_inline void lines_to(struct ksift_hunt *h, const u8 *buf,
				     size_t from, size_t to)
{
	size_t line = after_newline(buf, from, to);

	if (!line)
		return;
	h->line = line;
	if (h->total)
		h->lines += newlines_between(buf, from, line);
}

/* Candidates in lines that are done that are skipped one by one; then all at once. */
#define HUNT_PASSED 4

/* Drop the candidates before @to, from @word, which is number @w, and from @words. */
static __always_inline void pass(size_t to, u32 w, u64 *word, u64 *words)
{
	if (to / 64 == w) {
		*word &= ~0ULL << to % 64;
		return;
	}
	*word = 0;
	*words &= to < KSIFT_LAP ? ~0ULL << to / 64 : 0;
}

/*
 * The current line has a match, at @match if that is below @len: report it.  It does
 * not end before @at.  Returns where the next one begins, or 0 if it goes on behind
 * @len.
 */
static __always_inline size_t found_line(struct ksift_hunt *h, const u8 *buf,
					 size_t at, size_t len, size_t match,
					 u32 pattern)
{
	size_t end = next_newline(buf, at, len);

	h->carry = end == len;
	if (h->carry)
		return 0;
	if (h->max) {
		struct ksift_hit *hit = &h->hits[h->count];

		hit->start = h->base + h->line;
		hit->end = h->base + end;
		hit->index = h->lines;
		hit->seen = 0;
		hit->match = h->base + min(match, end);
		hit->pattern = pattern;
		hit->level = 0;
		hit->msg = 0;
		hit->newline = true;
	}
	h->bytes += end + 1 - h->line;
	h->lines++;
	h->count++;
	h->line = end + 1;
	return h->line;
}

/*
 * The prefilter is the probe of the only pattern, which begins with the newline
 * before it if that is anchored, or Teddy for several.
 *
 * Each candidate is compared with @floor, the end of the line of the last match,
 * instead of looking for the first one behind it: that branch is predicted, so the
 * processor verifies several candidates at a time.  Only where a line has many are
 * they dropped at once.
 */
static size_t op_hunt(struct ksift_hunt *h, const u8 *buf, size_t len)
{
	const struct ksift_prog *prog = h->prog;
	const struct ksift_literal *lit = &prog->lits[prog->sole];
	const size_t back = !prog->teddy.width &&
			    (lit->flags & KSIFT_PATTERN_ANCHORED);
	const size_t end = hunt_end(h, len, back);
	size_t at = 0, floor = 0, budget = HUNT_BUDGET, candidates = 0;
	struct lap lap __uninitialized;
	u32 pattern = prog->sole, passed = 0;
	size_t match = len;
	u64 words, word;

	h->count = 0;
	h->bytes = 0;
	h->dense = false;
	if (back && h->start && !h->carry &&
	    ksift_literal_begins(lit, buf, 0, h->avail, true, &budget)) {
		match = 0;
		h->carry = true;
	}
	if (h->carry) {
		floor = found_line(h, buf, 0, len, match, pattern);
		if (!floor)
			return len;
		if (h->count == h->max)
			return floor;
		at = floor - back;
	}
	while (at < end) {
		start_lap(h, &lap, buf, at, end);
		for (words = lap.some; words;) {
			u32 w = trailing_zeros(words);

			words &= words - 1;
			for (word = lap.words[w]; word;) {
				at = lap.from + w * 64 + trailing_zeros(word);
				word &= word - 1;
				if (at + back < floor) {
					if (++passed % HUNT_PASSED == 0)
						pass(floor - back - lap.from, w,
						     &word, &words);
					continue;
				}
				candidates += HUNT_COST;
				if (candidates > at + HUNT_FREE * HUNT_COST)
					goto dense;
				if (!is_match(h, buf, at, back, &pattern, &budget)) {
					/* Out of budget: it may be a match. */
					if (!budget)
						goto dense;
					continue;
				}
				match = at + back;
				lines_to(h, buf, floor, match);
				floor = found_line(h, buf, match, len, match, pattern);
				if (!floor)
					return len;
				if (h->count == h->max)
					return floor;
			}
		}
		at = lap.to;
		/* The newline that ends that line may be the probe's first byte. */
		if (floor > at + back)
			at = floor - back;
	}
	at = len;
	goto out;
dense:
	h->dense = true;
out:
	at = max(at, floor);
	lines_to(h, buf, floor, at);
	return at;
}

/* Where a level's name may begin in the 64 bytes at @p of a line's head. */
static __always_inline u64 names_in(const u8 *p, const struct name_heads *names,
				    u64 *letters, u64 *capitals)
{
	u64 before = *letters;
	u64 heads = names64(p, names, letters, capitals);

	return heads & *letters & ~(*letters << 1 | before >> 63);
}

/* May the line at @p have its level in a fixed place?  See rule 5 in level.c. */
static __always_inline bool may_be_fixed(const u8 *p)
{
	u8 c = ksift_load8(p), kind = ksift_byte_kinds[c];

	if (!(kind & (KSIFT_FIXED_LETTER | KSIFT_FIXED_OTHER)))
		return false;
	if (kind & KSIFT_FIXED_LETTER)
		return (u8)((p[1] | 0x20) - 'a') >= 26;
	return c == '<' || (p[2] == '-' && p[5] == ' ');
}

/*
 * The level of a line whose first word that may name one does, in capitals, between
 * blanks or in brackets, as most do; else KSIFT_LEVELS.  *@end is where the name ends.
 */
static __always_inline u32 simple_level(const u8 *p, u32 len, u64 names,
					u64 capitals, u32 *end)
{
	u32 s = trailing_zeros(names | 1ULL << 63);
	u32 n = trailing_zeros(~(capitals >> s) | 1ULL << 8);
	u64 v = ksift_le64(ksift_load64(p + s)) & ~(~0ULL << (n * 8 & 63));
	const struct ksift_name *name = &ksift_names[KSIFT_NAME_SLOT(v)];
	u8 before = s ? p[s - 1] : ' ';

	*end = s + n;
	/*
	 * @v is 0, which is no name's key, of 8 letters as of none.  A name that goes
	 * on behind the line was written after the line's newline was found.
	 */
	if (name->key != v || !v || s + n > len || may_be_fixed(p) ||
	    !(ksift_byte_kinds[before] & KSIFT_BEFORE_NAME) ||
	    !(ksift_byte_kinds[p[s + n]] & KSIFT_AFTER_NAME))
		return KSIFT_LEVELS;
	return name->level;
}

/* Only where the first block has no name look at the next.  All ones: not looked at. */
static __always_inline void more_names(const u8 *p, const struct name_heads *names,
				       u64 letters, struct ksift_lead *lead)
{
	u64 capitals;

	lead->names[1] = ~0ULL;
	if (!lead->names[0])
		lead->names[1] = names_in(p + 64, names, &letters, &capitals);
}

/* Bytes read of a line.  Where fewer are readable, they are copied first. */
#define HEAD_READ (KSIFT_LEVEL_HEAD + KSIFT_NAME_HEAD - 1)

static void op_find_levels(const u8 *buf, size_t avail, struct ksift_lead *leads,
			   size_t count)
{
	struct name_heads names __uninitialized;
	struct ksift_lead *lead;
	u8 last[HEAD_READ] __uninitialized;

	load_name_heads(&names);
	for (lead = leads; lead < leads + count; lead++) {
		const u8 *p = buf + lead->start;
		u64 letters = 0, capitals;

		/* Have the next chunk on its way while this one is looked at. */
		if (avail - lead->start > KSIFT_CHUNK + 64) {
			__builtin_prefetch(p + KSIFT_CHUNK, 0, 2);
			__builtin_prefetch(p + KSIFT_CHUNK + 64, 0, 2);
		}
		if (avail - lead->start < HEAD_READ) {
			memset(last, 0, sizeof(last));
			memcpy(last, p, avail - lead->start);
			p = last;
		}
		lead->names[0] = names_in(p, &names, &letters, &capitals);
		lead->level = simple_level(p, lead->end - lead->start,
					   lead->names[0], capitals, &lead->msg);
		more_names(p, &names, letters, lead);
	}
}

/* Lines whose levels are counted in one section: 10 us at the worst. */
#define TALLY_LEVELS 512

static size_t op_tally_levels(const u8 *buf, size_t len, size_t avail,
			      struct ksift_level_tally *levels)
{
	const size_t ahead = ksift_ahead(len, avail);
	struct name_heads names __uninitialized;
	size_t at = 0, end, lines;
	u32 level, msg;

	load_name_heads(&names);
	levels->count = 0;
	for (lines = 0; lines < TALLY_LEVELS && levels->count < KSIFT_LEADS; lines++) {
		const u8 *p = buf + at;
		u64 letters = 0, capitals, heads, nl, next;

		if (avail - at < HEAD_READ)
			break;
		nl = newlines64(p);
		next = newlines64(p + 64);
		end = at + (nl ? 0 : 64) + trailing_zeros(nl ? nl : next);
		if (!(nl | next))
			end = next_newline(buf, min(at + 128, len), len);
		if (end >= len)
			break;
		__builtin_prefetch(p + ahead);
		__builtin_prefetch(p + ahead + 64);
		heads = names_in(p, &names, &letters, &capitals);
		level = simple_level(p, end - at, heads, capitals, &msg);
		if (level < KSIFT_LEVEL_NONE) {
			levels->lines[level]++;
			levels->bytes[level] += end + 1 - at;
		} else {
			struct ksift_lead *lead = &levels->leads[levels->count++];

			lead->start = at;
			lead->end = end;
			lead->names[0] = heads;
			lead->level = level;
			more_names(p, &names, letters, lead);
		}
		at = end + 1;
	}
	return at;
}

#endif /* KSIFT_ENGINE_VECTOR_TEMPLATE_H */
