// SPDX-License-Identifier: GPL-2.0-only
/*
 * Feeding a text to a scan: which way each chunk of it goes.
 *
 * A text comes in pieces that lie anywhere in memory.  A feed looks at one chunk of
 * a piece, and chooses a way for it.  The ways are a ladder: the upper ones are
 * faster and for less, the lowest is for everything.  All of them leave the same
 * state: where the current line begins (scan->line), which patterns it has shown
 * (scan->seen), and how far the automata have come (scan->synced); so each chunk
 * goes down the ladder anew.
 *
 * hunt.c, if one term decides, and the lines that have it are selected.
 *	A prefilter finds candidates in a lap: the rarest three bytes of the only
 *	literal, or Teddy for several.  Each is verified on the spot, and newlines are
 *	looked for around matches alone.  It is ineffective when there is more than
 *	a candidate in 256 bytes, or verifying them has read 16 KiB in a section.
 *	Then it ends there, and backs off for 32 KiB, exponentially up to 1 MiB,
 *	until hunts have covered 24 KiB between two such ends.
 *
 * tally.c, if lines are only counted, by one term or none, and by no levels.
 *	Newlines and matches of a block are counted while they are in registers, 64
 *	KiB a feed.  A literal too long for a probe, or several, are made a bitmap
 *	first.  Gives a chunk up when verifying has read more than four times its
 *	bytes.
 *
 * tally.c, if every line is selected, and they are only counted by levels.
 *	A line's head tells its level, and no more of it is looked at than where it
 *	ends.  Gives up where no line ends, or the piece does within a head.
 *
 * bitmaps.c, for up to KSIFT_VECTOR_TERMS terms.
 *	A chunk becomes bitmaps: newlines, and matches for each term.  Lines are
 *	selected by a few operations on each word of them.  Gives up as the first
 *	tally does.
 *
 * programs.c, if a line program finds the patterns, which no other way does then.
 *	The ladder has two steps.  Where every line that matches has a hint, a hunt
 *	finds the lines that do, as above, and the program runs over those alone, many
 *	at a time; it backs off where they are more than a third of the text.  Else
 *	the program runs over all of it, 16 KiB a feed, and bitmaps.c accounts for
 *	the lines that it accepts.  Of the patterns that it only suspects, automata
 *	decide, which shortens a feed to what they do in some 200 us.
 *
 * scalar.c, for every text, if the patterns are literals.
 *	The automata walk over every byte, 2 KiB a feed.  Nothing else tells which
 *	patterns a line has, or looks at less than KSIFT_SIMD_MIN bytes, or at the
 *	range's last line where that goes on behind its end.
 *
 * Words, here and in the files above:
 *
 *	piece	bytes of the text that lie together; the caller's
 *	chunk	what a way looks at in one call: up to KSIFT_FEED bytes, and those that
 *		become bitmaps up to KSIFT_CHUNK
 *	lap	KSIFT_LAP bytes, in which candidates are found before one is verified
 *	block	64 bytes: a word of a bitmap
 *	term	a set of patterns of which one is enough, or too much: a bit a line
 *	probe	bytes of a literal that the prefilter compares, at their distances
 *	Teddy	the prefilter for several literals, by nibbles of their first bytes:
 *		those with like nibbles share a bucket
 *	candidate  where a prefilter sees that a match may begin
 *	verify	compare the rest of the literal at a candidate
 *	dense	the prefilter is ineffective
 *	carry	a term has a match in the line that goes on in the next block
 *	start byte  one that takes an automaton away from its root (prog->wakes)
 *	reach	the automata's look-behind: bytes that decide their state
 *	head	a line's first bytes, which tell its level
 *	lead	a line whose level is wanted, with where in its head to look
 *	hint	a literal that a line has if it matches, of some
 *	section	from saving the vector registers to restoring them (simd.h)
 *
 * The text may change under the scan, between any two looks at the same byte.
 * No bound and no index comes from it: only bits, and the trie's next node.  A byte
 * that decides more than one thing at a time is loaded once, by ksift_load8().
 */
#include "programs.h"
#include "scan.h"
#include "simd.h"
#include "ways.h"

/* Bytes walked at a time: some 100 us when every step misses the cache. */
#define SCALAR_CHUNK 2048

void ksift_scan_start(struct ksift_scan *scan, u64 pos, bool skipping)
{
	scan->pos = pos;
	scan->skipping = skipping;
	scan->done = pos >= scan->to;
	ksift_scan_forget_hits(scan);
	scan->synced = 0;
	scan->head_len = 0;
	scan->avoid = 0;
	ksift_hunt_restart(scan);
	ksift_line_begin(scan, pos);
}

void ksift_scan_rewind(struct ksift_scan *scan, const struct ksift_hit *hit,
		       const struct ksift_lines_count *count)
{
	ksift_scan_copy(scan, &scan->count, count);
	scan->count.total = hit->index + 1;
	ksift_scan_start(scan, hit->end + hit->newline, false);
}

static size_t skip_line(struct ksift_scan *scan, const u8 *buf, size_t i,
			size_t end)
{
	size_t at = i + ksift_scan_newline(scan, buf + i, end - i);
	size_t next = min(at + 1, end);

	scan->pos += next - i;
	if (at < end) {
		scan->skipping = false;
		scan->first = scan->pos;
		ksift_line_begin(scan, scan->pos);
	}
	scan->synced = next;
	/* A line of the range starts before @to, after a newline. */
	scan->done = scan->pos >= scan->to;
	return next;
}

/* Are lines only counted, and does one bit a line tell if it is selected? */
static bool can_tally(const struct ksift_scan *scan)
{
	return !scan->want_hits && !ksift_scan_needs_levels(scan) &&
	       scan->prog->term_count <= 1;
}

/* Can lines be found by their matches, without a look at those between? */
static bool can_hunt(const struct ksift_scan *scan, size_t avail)
{
	const struct ksift_prog *prog = scan->prog;

	return scan->ops->hunt && prog->term_count == 1 &&
	       !prog->never && prog->has_exclude == prog->invert &&
	       scan->pos >= scan->hunt_from && avail >= 64 + prog->reach;
}

/* Can the lines that a program is to look at be found by their hints? */
static bool can_hunt_hints(const struct ksift_scan *scan, size_t n, size_t avail)
{
	const struct ksift_prog *hints = scan->prog->hints;

	return hints && scan->ops->hunt && !scan->prog->invert &&
	       scan->line >= scan->base && scan->pos < scan->to &&
	       scan->pos - scan->line <= ksift_program_hunt(scan) &&
	       n >= KSIFT_SIMD_MIN && scan->pos >= scan->hunt_from &&
	       avail >= 64 + hints->reach;
}

/* Are lines counted by nothing but their levels? */
static bool can_tally_levels(const struct ksift_scan *scan)
{
	return !scan->want_hits && ksift_prog_selects_all(scan->prog);
}

/* How many bytes to look at of [@done, @len) of the piece. */
static size_t chunk_len(const struct ksift_scan *scan, size_t done, size_t len,
			bool tally)
{
	size_t left = len - done;
	size_t n = min(left, tally ? (size_t)KSIFT_FEED : scan->chunk);

	if (scan->skipping)
		return n;
	/* Up to the range's end, then byte by byte to that of its last line. */
	if (scan->pos < scan->to && n > scan->to - scan->pos)
		n = scan->to - scan->pos;
	/* Up to where the rest of the piece has been asked for, and that alone. */
	if (left - n < KSIFT_AHEAD && left >= 2 * KSIFT_AHEAD)
		n = min(n, left - KSIFT_AHEAD);
	return n;
}

/* Down the ladder as far as it has vectors.  Returns as the ways do. */
static size_t feed_vector(struct ksift_scan *scan, const u8 *buf, size_t len,
			  size_t avail, bool tally)
{
	size_t worked = 0;

	if (can_hunt(scan, avail))
		worked = ksift_way_hunt(scan, buf, len, avail);
	if (worked || scan->pos < scan->avoid)
		return worked;
	if (tally)
		worked = ksift_way_tally(scan, buf, len, avail);
	else if (can_tally_levels(scan))
		worked = ksift_way_levels(scan, buf, len, avail);
	if (!worked && !tally)
		worked = ksift_way_bitmaps(scan, buf, min(len, (size_t)KSIFT_CHUNK),
					   avail);
	if (!worked)
		scan->avoid = scan->pos + len;
	return worked;
}

/* Look at [@i, @end) of the piece with a line program.  Returns where it has ended. */
static size_t feed_program(struct ksift_scan *scan, size_t i, size_t end,
			   size_t len)
{
	const size_t most = ksift_program_hunt(scan), slice = ksift_program_chunk(scan);
	size_t n = min(end - i, most), worked = 0;
	const u8 *buf = scan->buf + i;

	if (can_hunt_hints(scan, n, len - i))
		worked = ksift_way_hunt(scan, buf, n, len - i);
	if (!worked) {
		n = min(n, slice);
		/* The range's last line ends the scan; after one from before, hunts can begin. */
		if (scan->pos >= scan->to ||
		    (scan->prog->hints && scan->line < scan->base)) {
			size_t line = ksift_scan_newline(scan, buf, n) + 1;

			n = min(n, line);
		}
		ksift_program_sync(scan, i);
		worked = ksift_way_bitmaps(scan, buf, n, len - i);
		scan->synced = i + worked;
		/* What came so far of the line that goes on may have a hint. */
		if (scan->prog->hints)
			scan->seen = scan->line < scan->base + i + worked ?
				     scan->prog->hints->terms[0] : 0;
	}
	i += worked;
	scan->pos = scan->base + i;
	ksift_program_sync_nfas(scan, i);
	return i;
}

size_t ksift_scan_feed(struct ksift_scan *scan, const u8 *buf, size_t done,
		       size_t len)
{
	bool tally = can_tally(scan), vector;
	size_t n = chunk_len(scan, done, len, tally);
	size_t i = done, worked = 0;

	ksift_scan_forget_hits(scan);
	if (!done && scan->prog->lines)
		ksift_program_begin_piece(scan);
	if (scan->skipping)
		return skip_line(scan, buf, i, i + n);
	if (!done)
		scan->synced = 0;
	scan->buf = buf;
	scan->base = scan->pos - done;
	if (scan->prog->lines) {
		i = feed_program(scan, i, done + n, len);
		scan->done = scan->line >= scan->to;
		if (i < len)
			return i;
		ksift_program_sync(scan, i);
		if (ksift_scan_needs_levels(scan))
			ksift_line_hold_head(scan, len);
		return i;
	}

	/* A vector search does not tell which patterns a line has. */
	vector = scan->ops->find && scan->prog->vector && !scan->want_patterns &&
		 n >= (done && tally ? 64 : KSIFT_SIMD_MIN) &&
		 scan->pos < scan->to;
	if (vector) {
		/* The automata are here at a piece's start, and after scalar.c. */
		if (scan->synced == i)
			ksift_automata_finish(scan, i, len);
		worked = feed_vector(scan, buf + i, n, len - i, tally);
	}
	if (worked) {
		i += worked;
		if (scan->line == scan->base + i)
			scan->synced = i;
	} else {
		if (n > SCALAR_CHUNK)
			n = SCALAR_CHUNK;
		ksift_automata_sync(scan, i);
		/* Where ksift_automata_finish() came to, all is done but newlines. */
		i = ksift_way_scalar(scan, scan->synced, done + n);
	}
	scan->pos = scan->base + i;
	scan->done = scan->line >= scan->to;
	if (i < len)
		return i;
	ksift_automata_sync(scan, i);
	if (ksift_scan_needs_levels(scan))
		ksift_line_hold_head(scan, len);
	return i;
}

u64 ksift_scan_zeros(struct ksift_scan *scan, u64 len)
{
	size_t n;

	ksift_scan_forget_hits(scan);
	if (scan->skipping) {
		scan->pos += len;
		scan->done = scan->pos >= scan->to;
		return len;
	}
	if (scan->prog->lines)
		len = ksift_program_zeros(scan, len);
	else
		scan->seen |= ksift_automata_zeros(scan->prog, scan->state, len);
	if (scan->line == scan->pos)
		scan->head_len = 0;
	n = min((u64)(KSIFT_LEVEL_HEAD - scan->head_len), len);
	memset(scan->head + scan->head_len, 0, n);
	scan->head_len += n;
	scan->pos += len;
	return len;
}

void ksift_scan_eof(struct ksift_scan *scan)
{
	ksift_scan_forget_hits(scan);
	/* All of it has come with earlier pieces. */
	scan->buf = NULL;
	scan->base = scan->pos;
	if (!scan->skipping && !scan->done && scan->pos > scan->line) {
		if (scan->prog->lines)
			scan->seen = ksift_program_end(scan);
		ksift_line_end(scan, scan->pos, false);
	}
	scan->done = true;
}
