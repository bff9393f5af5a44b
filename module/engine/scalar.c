// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scalar way, which is the reference: two Aho-Corasick automata, one as is and
 * one that folds case, walk over every byte.  It works for every filter, in time
 * linear in the text, which no other way promises.
 *
 * The vector ways see matches that lie inside a piece.  Those that begin in one
 * piece and end in the next are the automata's, too: they are brought to the end
 * of each piece, and go on in the next until no match can be under way that began
 * before it.
 */
#include "programs.h"
#include "scan.h"
#include "ways.h"

static u64 match(const struct ksift_prog *prog, u32 state[2], const u8 *buf,
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

u64 ksift_automata_zeros(const struct ksift_prog *prog, u32 state[2], u64 len)
{
	static const u8 zeros[64];
	u64 seen = 0;

	/* After as many bytes as the longest pattern has, more change nothing. */
	if (len > prog->reach)
		len = prog->reach;
	while (len) {
		size_t n = len < sizeof(zeros) ? len : sizeof(zeros);

		seen |= match(prog, state, zeros, n);
		len -= n;
	}
	return seen;
}

void ksift_match_start(struct ksift_scan *scan)
{
	const struct ksift_prog *prog = scan->prog;

	if (prog->lines) {
		ksift_program_match_start(scan);
		return;
	}
	scan->match[0] = prog->ac[0].start;
	scan->match[1] = prog->ac[1].start;
	scan->match_seen = prog->always;
}

void ksift_match(struct ksift_scan *scan, const u8 *buf, size_t len)
{
	if (scan->prog->lines)
		ksift_program_match(scan, buf, len);
	else
		scan->match_seen |= match(scan->prog, scan->match, buf, len);
}

u64 ksift_match_zeros(struct ksift_scan *scan, u64 len)
{
	if (scan->prog->lines)
		return ksift_program_match_zeros(scan, len);
	scan->match_seen |= ksift_automata_zeros(scan->prog, scan->match, len);
	return len;
}

u64 ksift_match_end(struct ksift_scan *scan)
{
	if (scan->prog->lines)
		return ksift_program_match_end(scan);
	return scan->match_seen;
}

size_t ksift_way_scalar(struct ksift_scan *scan, size_t i, size_t end)
{
	const u8 *buf = scan->buf;
	const struct ksift_ac *ac = scan->prog->ac;
	const bool *wakes = scan->prog->wakes;
	u32 s0 = scan->state[0], s1 = scan->state[1];
	bool use0 = ac[0].used, use1 = ac[1].used;
	u64 seen = scan->seen;

	while (i < end) {
		u8 c = ksift_load8(buf + i++);

		/* Both are at the root, where all but start bytes leave them. */
		if (!(s0 | s1)) {
			while (!wakes[c] && i < end)
				c = ksift_load8(buf + i++);
			if (!wakes[c])
				break;
		}
		if (c == '\n') {
			scan->seen = seen;
			ksift_line_end(scan, scan->base + i - 1, true);
			s0 = scan->state[0];
			s1 = scan->state[1];
			seen = scan->seen;
			if (scan->line >= scan->to || ksift_scan_full(scan))
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
 * An automaton's state depends on the last @reach bytes alone, its look-behind, and
 * not on what came before the line: what lies between is passed over.
 */
void ksift_automata_sync(struct ksift_scan *scan, size_t end)
{
	const u8 *buf = scan->buf;
	const struct ksift_prog *prog = scan->prog;
	size_t from = scan->synced;

	if (from >= end)
		return;
	if (scan->line >= scan->base + from) {
		from = scan->line - scan->base;
		scan->state[0] = prog->ac[0].start;
		scan->state[1] = prog->ac[1].start;
	}
	if (end - from > prog->reach) {
		from = end - prog->reach;
		scan->state[0] = 0;
		scan->state[1] = 0;
	}
	/* Usually both automata are at the root: skip to a start byte. */
	if (!(scan->state[0] | scan->state[1]))
		while (from < end && !prog->wakes[buf[from]])
			from++;
	/*
	 * Also sees matches in the current line that a vector search has seen.
	 * A newline that a writer put here since is a byte like another: no
	 * pattern goes across it.
	 */
	scan->seen |= match(prog, scan->state, buf + from, end - from);
	scan->synced = end;
}

/* Can a match be under way that began before the @fed bytes? */
static bool match_pending(const struct ksift_scan *scan, size_t fed)
{
	const struct ksift_ac *ac = scan->prog->ac;

	return ac[0].nodes[scan->state[0]].depth > fed ||
	       ac[1].nodes[scan->state[1]].depth > fed;
}

void ksift_automata_finish(struct ksift_scan *scan, size_t from, size_t len)
{
	size_t i;

	for (i = from; i < len && match_pending(scan, i - from); i++) {
		u8 c = ksift_load8(scan->buf + i);

		if (c == '\n')
			break;
		scan->seen |= match(scan->prog, scan->state, &c, 1);
	}
	scan->synced = i;
}
