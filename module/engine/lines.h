/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The line filter: takes a text in pieces, finds the lines a filter selects.
 */
#ifndef KSIFT_ENGINE_LINES_H
#define KSIFT_ENGINE_LINES_H

#include "filter.h"
#include "level.h"

/* Bytes that one call looks at, at most. */
#define KSIFT_FEED 65536

/* Selected lines reported at a time: three pages of them. */
#define KSIFT_LINES_HITS 256

/**
 * struct ksift_lines_count - What a scan has counted
 * @total: Lines ended
 * @selected: Those selected
 * @selected_bytes: Bytes in them, with a newline each
 * @levels: How many of the selected have each level, if wanted
 * @patterns: How many of the selected have each pattern, if wanted
 */
struct ksift_lines_count {
	u64 total;
	u64 selected;
	u64 selected_bytes;
	u64 levels[KSIFT_LEVELS];
	u64 patterns[KSIFT_PATTERNS_MAX];
};

/**
 * struct ksift_scan - A scan of one range of a text
 * @prog: The filter
 * @ops: The variant
 * @to: The range's end
 * @no_total: What is not selected need not be counted: count.total, and index in
 *	@hits, mean nothing
 * @want_hits: Report each selected line in @hits, not only count them
 * @want_levels: Count the selected lines by level
 * @hit_levels: Report the level of each line in @hits
 * @want_patterns: Count them by the patterns they have
 * @hits_max: Return after so many; 1 to KSIFT_LINES_HITS
 * @bytes_max: Return when those reported take so many bytes or more; not 0
 * @chunk: Most bytes to look at before returning, if lines are not just counted;
 *	KSIFT_FEED or less
 * @pos: Offset of the next byte
 * @line: Where the current line starts
 * @first: Where the first line starts, once that is not being skipped
 * @skipping: In a line that began before the range
 * @done: Nothing in the range is left
 * @count: Counters
 * @hit_count: Filled entries of @hits
 * @hit_bytes: Bytes that those lines take
 *
 * @before is the caller's, to keep counters in.
 *
 * The rest is the engine's own.  The piece @buf begins at offset @base; in it the
 * automata have @state, at @synced.  The current line has shown the patterns @seen,
 * and earlier pieces had the first @head_len bytes of its @head.  Ways that
 * verifying was too much for are tried again at @avoid.  A hunt is at @hunt_from;
 * if it is ineffective before @hunted bytes are enough, it backs off for
 * @hunt_pause.  @program is what a line program works on, @match the automata of a
 * line that is matched by itself, which has shown @match_seen.  @newlines and @terms
 * are the bitmaps of a chunk, @found candidates or selected lines in it; @level_tally
 * and @hunt are what the operations of these names work on.
 *
 * Used by one thread.  All offsets are of the source.
 */
struct ksift_scan {
	const struct ksift_prog *prog;
	const struct ksift_variant_ops *ops;
	u64 to;
	bool no_total;
	bool want_hits;
	bool want_levels;
	bool hit_levels;
	bool want_patterns;
	u32 hits_max;
	u64 bytes_max;
	size_t chunk;

	u64 pos;
	u64 line;
	u64 first;
	bool skipping;
	bool done;
	struct ksift_lines_count count;
	struct ksift_lines_count before;
	u32 hit_count;
	u64 hit_bytes;

	const u8 *buf;
	u64 base;
	u32 state[2];
	u64 seen;
	u64 avoid;
	u64 hunt_from;
	u32 hunt_pause;
	size_t hunted;
	size_t synced;
	u32 head_len;
	struct ksift_program_scan *program;
	u32 match[2];
	u64 match_seen;

	struct ksift_hit hits[KSIFT_LINES_HITS];
	u8 head[KSIFT_LEVEL_HEAD];
	u64 newlines[KSIFT_CHUNK / 64];
	u64 found[KSIFT_CHUNK / 64];
	u64 terms[KSIFT_VECTOR_TERMS][KSIFT_CHUNK / 64];
	struct ksift_level_tally level_tally;
	struct ksift_hunt hunt;
};

/**
 * ksift_scan_size() - Memory of a scan
 * @prog: Its filter
 *
 * Return: bytes, which begin with the struct ksift_scan.
 */
size_t ksift_scan_size(const struct ksift_prog *prog);

/**
 * ksift_scan_start() - Begin a scan, or go on with it elsewhere
 * @scan: With @prog, @ops, @to and @want_hits set; its counters are kept
 * @pos: Offset of the first byte that will be fed
 * @skipping: The line there began before the range: skip the rest of it
 */
void ksift_scan_start(struct ksift_scan *scan, u64 pos, bool skipping);

/**
 * ksift_scan_feed() - Look at some of a piece of text
 * @scan: The scan
 * @buf: The piece; it begins at the source's offset scan->pos - @done
 * @done: How much of it earlier calls have looked at
 * @len: Its length, more than @done
 *
 * Empties scan->hits first.  Looks at scan->chunk bytes at most, at KSIFT_FEED where
 * lines are only counted.  Returns earlier right after the line with which hits_max
 * or bytes_max is reached, and when the range is finished.
 *
 * The text may change while it is looked at.
 *
 * Return: the new @done.  When it is @len, the next piece follows.
 */
size_t ksift_scan_feed(struct ksift_scan *scan, const u8 *buf, size_t done,
		       size_t len);

/**
 * ksift_scan_zeros() - Take a run of zero bytes as fed
 * @scan: The scan, between pieces
 * @len: How many, not 0
 *
 * As fast for many as for few.
 *
 * Return: how many of them it took, at least 1; scan->pos is behind these.
 */
u64 ksift_scan_zeros(struct ksift_scan *scan, u64 len);

/**
 * ksift_scan_eof() - The source has ended
 * @scan: The scan
 *
 * Ends a last line that has no newline.  May report it in scan->hits.
 */
void ksift_scan_eof(struct ksift_scan *scan);

/**
 * ksift_scan_rewind() - Forget all that came after a reported line
 * @scan: The scan
 * @hit: The line
 * @count: What was counted up to and including it; @total need not be right
 */
void ksift_scan_rewind(struct ksift_scan *scan, const struct ksift_hit *hit,
		       const struct ksift_lines_count *count);

/**
 * ksift_scan_confirm() - Are lines in a copy what they were when reported?
 * @scan: The scan
 * @hits: Lines reported by its last feed, each with its match and a newline
 * @count: How many, at most KSIFT_LEADS
 * @copy: Their bytes, with the newlines, one after another; do not change
 * @len: How many bytes
 *
 * Return: true if each is a line, with that match where it was, and of the same
 * level if the scan looks at levels.  Then a filter that asks for no more than
 * one of several patterns selects it.
 */
bool ksift_scan_confirm(struct ksift_scan *scan, const struct ksift_hit *hits,
			u32 count, const u8 *copy, size_t len);

/**
 * ksift_find_newline() - Find the first newline, without vectors
 * @buf: Bytes, which may change meanwhile
 * @len: How many
 *
 * Return: where it is, or @len.
 */
size_t ksift_find_newline(const u8 *buf, size_t len);

/**
 * ksift_match_start() - Begin matching a single line
 * @scan: A scan with the filter, which is not disturbed
 */
void ksift_match_start(struct ksift_scan *scan);

/**
 * ksift_match_chunk() - How many bytes to match at a time
 * @scan: The scan
 *
 * Return: so many take some hundred microseconds, at most.
 */
size_t ksift_match_chunk(const struct ksift_scan *scan);

/**
 * ksift_match() - Go on matching a single line
 * @scan: The scan
 * @buf: Bytes without a newline
 * @len: How many
 */
void ksift_match(struct ksift_scan *scan, const u8 *buf, size_t len);

/**
 * ksift_match_zeros() - Go on matching a single line, with zero bytes
 * @scan: The scan
 * @len: How many zeros, not 0
 *
 * As fast for many as for few.
 *
 * Return: how many of them it went on over, at least 1.
 */
u64 ksift_match_zeros(struct ksift_scan *scan, u64 len);

/**
 * ksift_match_end() - The single line ends
 * @scan: The scan
 *
 * Return: the patterns that it has.
 */
u64 ksift_match_end(struct ksift_scan *scan);

/* Copy the counters that the scan keeps: those of patterns are many. */
static inline void ksift_scan_copy(const struct ksift_scan *scan,
				   struct ksift_lines_count *to,
				   const struct ksift_lines_count *from)
{
	if (scan->want_levels || scan->want_patterns) {
		*to = *from;
		return;
	}
	to->total = from->total;
	to->selected = from->selected;
	to->selected_bytes = from->selected_bytes;
}

/* Bytes that the line of @hit takes when given out. */
static inline u64 ksift_hit_bytes(const struct ksift_hit *hit)
{
	return hit->end - hit->start + 1;
}

/* Count a line by the patterns it has. */
static inline void ksift_scan_count_patterns(struct ksift_lines_count *count,
					     u64 seen)
{
	for (; seen; seen &= seen - 1)
		count->patterns[ksift_low_bit(seen)]++;
}

/**
 * ksift_scan_count() - Add a reported line to counters
 * @scan: The scan
 * @hit: The line
 * @count: All but @total is added to
 */
static inline void ksift_scan_count(const struct ksift_scan *scan,
				    const struct ksift_hit *hit,
				    struct ksift_lines_count *count)
{
	count->selected++;
	count->selected_bytes += ksift_hit_bytes(hit);
	if (scan->want_levels)
		count->levels[hit->level]++;
	if (scan->want_patterns)
		ksift_scan_count_patterns(count, hit->seen);
}

#endif /* KSIFT_ENGINE_LINES_H */
