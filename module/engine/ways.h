/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ways through a chunk, from which feed.c chooses.  The engine's own.
 */
#ifndef KSIFT_ENGINE_WAYS_H
#define KSIFT_ENGINE_WAYS_H

#include "lines.h"

/**
 * ksift_way_hunt() - The ways that use vectors, and what they have in common
 * @scan: The scan
 * @buf: Text, which scan->pos is at
 * @len: Bytes to look at, 64 or more
 * @avail: Bytes that are readable, at least @len: a match may end behind those
 *	that are looked at
 *
 * What such a way has looked at is accounted for: lines that ended are counted
 * and selected, and scan->line and scan->seen are the current one's.  It moves
 * neither scan->pos nor the automata.
 *
 * Return: how many bytes it has looked at, from @buf on; 0: none, this way is not
 * for this text.
 */
size_t ksift_way_hunt(struct ksift_scan *scan, const u8 *buf, size_t len,
		      size_t avail);
size_t ksift_way_tally(struct ksift_scan *scan, const u8 *buf, size_t len,
		       size_t avail);
size_t ksift_way_levels(struct ksift_scan *scan, const u8 *buf, size_t len,
			size_t avail);

/* At most KSIFT_CHUNK bytes. */
size_t ksift_way_bitmaps(struct ksift_scan *scan, const u8 *buf, size_t len,
			 size_t avail);

/**
 * ksift_way_scalar() - The way without vectors
 * @scan: The scan, with the automata at @i
 * @i: Where in the piece to begin
 * @end: Where to end
 *
 * Return: where it has ended: at @end, or after the line that fills the hits or ends
 * the range.
 */
size_t ksift_way_scalar(struct ksift_scan *scan, size_t i, size_t end);

/* Try a hunt again, wherever the scan goes on. */
void ksift_hunt_restart(struct ksift_scan *scan);

/* The patterns that the automata find in @len zeros. */
u64 ksift_automata_zeros(const struct ksift_prog *prog, u32 state[2], u64 len);

/* Bring the automata to @end of the piece. */
void ksift_automata_sync(struct ksift_scan *scan, size_t end);

/* Finish matches that began before @from of the piece, where the automata are. */
void ksift_automata_finish(struct ksift_scan *scan, size_t from, size_t len);

#endif /* KSIFT_ENGINE_WAYS_H */
