// SPDX-License-Identifier: GPL-2.0-only
/*
 * The attributes of a selected line: its patterns, its level, and where its message
 * begins, found in the bytes that are about to be emitted.
 */
#include "attrs.h"

/* With more patterns, one search for all of them is faster than one for each. */
#define FEW_PATTERNS 8

bool ksift_attrs_known(const struct ksift_drive *d, const struct ksift_hit *hit,
		       struct ksift_attrs *attrs)
{
	const struct ksift_prog *prog = d->prog;

	attrs->level = hit->level;
	attrs->msg = hit->msg;
	if (!d->args->records)
		return true;
	/* Where there is one pattern, and no inversion, a selected line has it. */
	attrs->seen = prog->include;
	return !prog->include ||
	       (!prog->invert && !(prog->include & (prog->include - 1)));
}

/*
 * Does the copy in the stage have the pattern where the scan saw it?  The scan reports
 * a place only where any single pattern selects: then the copy is selected, too.
 */
static bool match_confirmed(const struct ksift_drive *d,
			    const struct ksift_hit *hit, const u8 *line)
{
	const struct ksift_literal *lit = &d->prog->lits[hit->pattern];
	u64 at = hit->match - hit->start;

	if (hit->match + lit->len > hit->end ||
	    (at && (lit->flags & KSIFT_PATTERN_ANCHORED)))
		return false;
	return ksift_literal_equal(lit, line + at);
}

enum ksift_stop ksift_attrs_match(struct ksift_drive *d, const u8 *text,
				  size_t len)
{
	const size_t chunk = ksift_match_chunk(d->scan);
	enum ksift_stop stop = RUNNING;

	while (len > chunk && !stop) {
		ksift_match(d->scan, text, chunk);
		text += chunk;
		len -= chunk;
		stop = ksift_drive_poll(d);
	}
	if (!stop)
		ksift_match(d->scan, text, len);
	return stop;
}

/* The set of all patterns that a private line has. */
static enum ksift_stop match_line(struct ksift_drive *d, const u8 *line,
				  size_t len, u64 *seen)
{
	enum ksift_stop stop;

	ksift_match_start(d->scan);
	stop = ksift_attrs_match(d, line, len);
	*seen = ksift_match_end(d->scan);
	return stop;
}

/* Has a byte of @v, masked with that of @mask, the value of all bytes of @bytes? */
static u64 bytes_equal(u64 v, u64 mask, u64 bytes)
{
	const u64 ones = ~0ULL / 0xff;

	/* The subtraction borrows from the next byte at an equal one only. */
	v = (v & mask) ^ bytes;
	return (v - ones) & ~v & ones << 7;
}

/*
 * Does a private line contain a pattern, which is not empty?  Each comparison takes
 * the pattern's length from *@budget; when that comes to 0, "no" means that it is not
 * known.
 */
static bool has_literal(const struct ksift_literal *lit, const u8 *line,
			size_t len, size_t *budget)
{
	const u64 head = lit->head, mask = lit->head_mask, ones = ~0ULL / 0xff;
	const u8 *h = (const u8 *)&lit->head, *m = (const u8 *)&lit->head_mask;
	size_t end, heads, at, k, next;

	if (lit->len > len)
		return false;
	/* Up to @end it can begin, up to @heads eight bytes can be loaded, too. */
	end = lit->flags & KSIFT_PATTERN_ANCHORED ? 1 : len - lit->len + 1;
	heads = len < 8 ? 0 : min(end, len - 7);
	k = (lit->len < 8 ? lit->len : 8) - 1;
	for (at = next = 0; at < heads; at++) {
		/* Skip eight places if none has both its first byte and its byte @k. */
		if (at == next) {
			next = at + 8;
			if (next + k <= len &&
			    !(bytes_equal(ksift_load64(line + at), m[0] * ones,
					  h[0] * ones) &
			      bytes_equal(ksift_load64(line + at + k), m[k] * ones,
					  h[k] * ones))) {
				at += 7;
				continue;
			}
		}
		if ((ksift_load64(line + at) & mask) != head)
			continue;
		if (lit->len <= 8)
			return true;
		if (*budget <= lit->len) {
			*budget = 0;
			return false;
		}
		*budget -= lit->len;
		if (ksift_literal_equal(lit, line + at))
			return true;
	}
	for (; at < end; at++)
		if (ksift_literal_equal(lit, line + at))
			return true;
	return false;
}

enum ksift_stop ksift_attrs_lowest(struct ksift_drive *d,
				   const struct ksift_hit *hit, const u8 *line,
				   size_t len, u64 *seen)
{
	const struct ksift_prog *prog = d->prog;
	u64 left = prog->include;
	size_t budget = 2 * len;

	*seen = 0;
	if (prog->lines) {
		*seen = hit->seen;
		return RUNNING;
	}
	if (prog->always || prog->count > FEW_PATTERNS)
		return match_line(d, line, len, seen);
	/* The scan found this one: seek only those below it. */
	if (hit->match < hit->end) {
		*seen = 1ULL << hit->pattern;
		left &= *seen - 1;
	}
	for (; left; left &= left - 1) {
		u32 i = ksift_low_bit(left);

		if (has_literal(&prog->lits[i], line, len, &budget)) {
			*seen = 1ULL << i;
			return RUNNING;
		}
		if (!budget)
			return match_line(d, line, len, seen);
	}
	return RUNNING;
}

enum ksift_stop ksift_attrs_confirm(struct ksift_drive *d,
				    const struct ksift_hit *hit,
				    const struct ksift_piece *piece,
				    const u8 *line, size_t len,
				    struct ksift_attrs *attrs, bool *confirmed)
{
	u64 end = hit->end + hit->newline;
	enum ksift_stop stop = RUNNING;

	if (ksift_attrs_known(d, hit, attrs) && hit->match < hit->end &&
	    match_confirmed(d, hit, line))
		attrs->seen = 1ULL << hit->pattern;
	else
		stop = match_line(d, line, len, &attrs->seen);
	*confirmed = false;
	if (stop)
		return stop;
	if (d->args->records || d->prog->level_mask)
		attrs->level = ksift_level_find(line, len, &attrs->msg);
	if (hit->newline && line[len] != '\n')
		return RUNNING;
	*confirmed = ksift_source_intact(d->src, piece, hit->start, end) &&
		     ksift_find_newline(line, len) == len &&
		     ksift_prog_selects(d->prog, attrs->seen) &&
		     ksift_prog_takes(d->prog, attrs->level) &&
		     ksift_source_covers(d->src, end);
	return RUNNING;
}
