/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scans by line programs.  The engine's own.
 */
#ifndef KSIFT_ENGINE_PROGRAMS_H
#define KSIFT_ENGINE_PROGRAMS_H

#include "automaton.h"
#include "lineprog.h"
#include "lines.h"

/* Candidate lines are gathered, so that the program runs over many at once. */
#ifndef KSIFT_BATCH
#define KSIFT_BATCH 8192
#endif

/**
 * struct ksift_program_scan - What a scan by a line program keeps
 * @work: What the program works in
 * @state: How far it has come in the text
 * @match: And in a line that is matched by itself
 * @nfas: How far each automaton has come in the current line
 * @match_nfas: And in a line that is matched by itself
 * @nfas_at: Where in the piece @nfas are
 * @batch: KSIFT_BATCH bytes
 *
 * It is behind the scan, in the same memory.
 */
struct ksift_program_scan {
	struct ksift_lineprog_work *work;
	void *state;
	void *match;
	struct ksift_nfa_state *nfas;
	struct ksift_nfa_state *match_nfas;
	size_t nfas_at;
	u8 *batch;
};

/* Lay out what is behind the scan. */
void ksift_program_init(struct ksift_scan *scan);

/* How many bytes to run over in one feed, at most. */
size_t ksift_program_chunk(const struct ksift_scan *scan);

/* How many to hunt for hints in, and how far a line may have come that this goes on in. */
size_t ksift_program_hunt(const struct ksift_scan *scan);

/* Another piece begins: what is kept is where the last one ended. */
void ksift_program_begin_piece(struct ksift_scan *scan);

/* Bring the program to @end of the piece: all but newlines came between. */
void ksift_program_sync(struct ksift_scan *scan, size_t end);

/* Bring the automata of the current line to @end of the piece. */
void ksift_program_sync_nfas(struct ksift_scan *scan, size_t end);

/**
 * ksift_program_find() - Which lines of a chunk match
 * @scan: The scan, with the program at @buf; its @newlines are set, and its @terms[0],
 *	at the newlines of those lines that the patterns select, before inversion
 * @buf: The chunk
 * @len: Its length, at most KSIFT_CHUNK
 * @avail: Bytes from @buf on that are readable
 *
 * Return: how many bytes it was, at least 1.
 */
size_t ksift_program_find(struct ksift_scan *scan, const u8 *buf, size_t len,
			  size_t avail);

/* The patterns of the line that ends at newline @at of the last chunk. */
u64 ksift_program_seen(const struct ksift_scan *scan, size_t at);

/* The lowest of @seen that selects; 0 if there is none. */
static inline u32 ksift_program_lowest(const struct ksift_prog *prog, u64 seen)
{
	seen &= prog->include;
	return seen ? ksift_low_bit(seen) : 0;
}

/*
 * Of the lines that a hunt for hints has found in the first @done bytes from scan->pos on,
 * keep those that are selected.  Where automata have too much to do with them, it is as if
 * the hunt had ended before, at a line's start.  Returns where it has ended.
 */
size_t ksift_program_filter(struct ksift_scan *scan, size_t done);

/**
 * ksift_program_confirm() - Do lines in a copy match?
 * @scan: The scan
 * @hits: Lines, each with a newline
 * @count: How many
 * @copy: Their bytes with the newlines, one after another; do not change
 * @len: How many bytes
 *
 * Return: true if each is selected, before levels.
 */
bool ksift_program_confirm(struct ksift_scan *scan, const struct ksift_hit *hits,
			   u32 count, const u8 *copy, size_t len);

/* Zeros follow the text, not in it: returns how many were taken, at least 1. */
u64 ksift_program_zeros(struct ksift_scan *scan, u64 len);

/* The text ends in the current line: returns its patterns. */
u64 ksift_program_end(struct ksift_scan *scan);

/* See ksift_match_start() and so on in lines.h. */
void ksift_program_match_start(struct ksift_scan *scan);
void ksift_program_match(struct ksift_scan *scan, const u8 *buf, size_t len);
u64 ksift_program_match_zeros(struct ksift_scan *scan, u64 len);
u64 ksift_program_match_end(struct ksift_scan *scan);

#endif /* KSIFT_ENGINE_PROGRAMS_H */
