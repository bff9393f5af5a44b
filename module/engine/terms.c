// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bitmaps of where matches begin, one for each term: a vector search finds
 * candidates, which are verified here, outside its section.
 */
#include "simd.h"
#include "terms.h"

/* Bytes that verifying may read, per byte of a chunk. */
#define VERIFY_BUDGET 4

/* Where lines start in a word, given its newlines and if one starts with it. */
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
 * Verify a candidate at @at of some buckets: set its bit for the term of each of their
 * patterns that begins there.  False when there was too much to verify.
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

/* Find the candidates of all patterns.  Returns 0 if there is none. */
static u64 find_candidates(struct ksift_scan *scan, const u8 *buf, size_t len,
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
	if (!find_candidates(scan, buf, len, avail))
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

bool ksift_terms_find(struct ksift_scan *scan, const u8 *buf, size_t len,
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
