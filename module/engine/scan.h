/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lines of a scan begin, are selected and end here, whichever way they are found.
 * The engine's own: lines.h is for others.
 */
#ifndef KSIFT_ENGINE_SCAN_H
#define KSIFT_ENGINE_SCAN_H

#include "lines.h"

static inline bool ksift_scan_needs_levels(const struct ksift_scan *scan)
{
	return scan->want_levels || scan->hit_levels || scan->prog->level_mask;
}

/* Has the caller to take the hits before there are more? */
static inline bool ksift_scan_full(const struct ksift_scan *scan)
{
	return scan->want_hits && (scan->hit_count >= scan->hits_max ||
				   scan->hit_bytes >= scan->bytes_max);
}

static inline void ksift_scan_forget_hits(struct ksift_scan *scan)
{
	scan->hit_count = 0;
	scan->hit_bytes = 0;
}

/* A line begins at offset @pos, and has shown nothing yet. */
static inline void ksift_line_begin(struct ksift_scan *scan, u64 pos)
{
	const struct ksift_prog *prog = scan->prog;

	scan->line = pos;
	scan->seen = prog->always;
	scan->state[0] = prog->ac[0].start;
	scan->state[1] = prog->ac[1].start;
}

/* A line is selected: count it, and report it if that is wanted. */
void ksift_line_select(struct ksift_scan *scan, const struct ksift_hit *hit);

/* The current line ends at @end, with a newline there or without. */
void ksift_line_end(struct ksift_scan *scan, u64 end, bool newline);

/* Find the level of a line that ends in this piece, and may have begun in another. */
void ksift_line_set_level(struct ksift_scan *scan, struct ksift_hit *hit);

/* Keep what the piece, of @len bytes, has of the current line's head. */
void ksift_line_hold_head(struct ksift_scan *scan, size_t len);

/* ksift_find_newline(), with vectors where there are some and it is worth it. */
size_t ksift_scan_newline(struct ksift_scan *scan, const u8 *buf, size_t len);

#endif /* KSIFT_ENGINE_SCAN_H */
