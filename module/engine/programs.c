// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scans by line programs: from the text that a scan is fed with to the lines that a
 * program, and the automata behind it, accept.
 *
 * The program keeps its state from chunk to chunk.  Where the scan hunts for hints it
 * runs over candidate lines alone, which lie in the piece as a whole, and its state
 * falls behind: before it goes on in the text, or the piece ends, it is brought up to
 * date (ksift_program_sync()) from the current line's start, for nothing that was
 * before a line matters to it.
 *
 * An automaton decides about a pattern that the program only suspects, and looks at
 * suspected lines alone.  It can do so while a line lies in the piece; so what the
 * piece has of the current line is run through the automata before the piece goes
 * (ksift_program_sync_nfas()).
 */
#include "programs.h"
#include "scan.h"
#include "simd.h"

/* And so many bytes in any case. */
#define CHUNK_MIN ((size_t)64)

/*
 * Positions that automata go on from in a feed, at most: one of 1024 positions takes
 * 4 us for a byte, so that it is some 200 us.
 */
#define NFA_BUDGET 65536

static struct ksift_program_scan *of(const struct ksift_scan *scan)
{
	return scan->program;
}

static size_t align64(size_t n)
{
	return (n + 63) & ~(size_t)63;
}

size_t ksift_scan_size(const struct ksift_prog *prog)
{
	size_t size = align64(sizeof(struct ksift_scan));

	if (!prog->lines)
		return sizeof(struct ksift_scan);
	/* What is allocated may lie 63 bytes before a multiple of 64. */
	return size + 64 + align64(sizeof(struct ksift_program_scan)) +
	       align64(ksift_lineprog_work_size(prog->lines)) +
	       2 * align64(ksift_lineprog_state_size(prog->lines)) +
	       align64(2 * prog->nfa_count * sizeof(struct ksift_nfa_state)) +
	       KSIFT_BATCH;
}

void ksift_program_init(struct ksift_scan *scan)
{
	const struct ksift_prog *prog = scan->prog;
	struct ksift_program_scan *ps;
	u8 *p = (u8 *)scan + sizeof(*scan);

	if (!prog->lines)
		return;
	p += -(uintptr_t)p & 63;
	ps = (void *)p;
	p += align64(sizeof(*ps));
	ps->work = (void *)p;
	p += align64(ksift_lineprog_work_size(prog->lines));
	ps->state = p;
	p += align64(ksift_lineprog_state_size(prog->lines));
	ps->match = p;
	p += align64(ksift_lineprog_state_size(prog->lines));
	ps->nfas = (void *)p;
	ps->match_nfas = ps->nfas + prog->nfa_count;
	p += align64(2 * prog->nfa_count * sizeof(struct ksift_nfa_state));
	ps->batch = p;
	scan->program = ps;
}

/* How many bytes automata look at in a feed. */
static size_t nfa_chunk(const struct ksift_prog *prog)
{
	size_t n = KSIFT_CHUNK;

	if (prog->nfa_positions && NFA_BUDGET / prog->nfa_positions < n)
		n = NFA_BUDGET / prog->nfa_positions;
	return max(n, CHUNK_MIN);
}

size_t ksift_program_hunt(const struct ksift_scan *scan)
{
	const size_t chunk = ksift_lineprog_chunk(scan->prog->lines);
	const size_t most = KSIFT_CHUNK;

	return min(chunk, most);
}

size_t ksift_program_chunk(const struct ksift_scan *scan)
{
	const size_t most = ksift_program_hunt(scan);

	return min(most, nfa_chunk(scan->prog));
}

size_t ksift_match_chunk(const struct ksift_scan *scan)
{
	return scan->prog->lines ? ksift_program_chunk(scan) : ~(size_t)0;
}

static void feed_all(struct ksift_scan *scan, void *state, const u8 *buf,
		     size_t len)
{
	size_t done = 0;

	while (done < len)
		done += ksift_lineprog_feed(scan->ops, scan->prog->lines, state,
					    of(scan)->work, buf + done,
					    len - done, len - done);
}

void ksift_program_begin_piece(struct ksift_scan *scan)
{
	of(scan)->nfas_at = 0;
}

void ksift_program_sync(struct ksift_scan *scan, size_t end)
{
	struct ksift_program_scan *ps = of(scan);
	size_t from = scan->synced;

	if (scan->line >= scan->base + from) {
		from = scan->line - scan->base;
		ksift_lineprog_begin(scan->prog->lines, ps->state);
	}
	if (from < end)
		feed_all(scan, ps->state, scan->buf + from, end - from);
	scan->synced = end;
}

static void nfas_begin(const struct ksift_prog *prog,
		       struct ksift_nfa_state *states)
{
	u32 i;

	for (i = 0; i < prog->nfa_count; i++)
		ksift_nfa_begin(&prog->nfas[i], &states[i]);
}

/* Those of the patterns in @seen alone. */
static void nfas_feed(const struct ksift_prog *prog,
		      struct ksift_nfa_state *states, u64 seen, const u8 *buf,
		      size_t len)
{
	u32 i;

	for (i = 0; i < prog->nfa_count; i++)
		if (seen >> prog->nfas[i].pattern & 1)
			ksift_nfa_feed(&prog->nfas[i], &states[i], buf, len);
}

/* The patterns of @seen that the automata do not deny, where the line ends. */
static u64 nfas_end(const struct ksift_prog *prog,
		    struct ksift_nfa_state *states, u64 seen)
{
	u32 i;

	for (i = 0; i < prog->nfa_count; i++) {
		const struct ksift_nfa *nfa = &prog->nfas[i];

		if (seen >> nfa->pattern & 1 && !ksift_nfa_end(nfa, &states[i]))
			seen &= ~(1ULL << nfa->pattern);
	}
	return seen;
}

void ksift_program_sync_nfas(struct ksift_scan *scan, size_t end)
{
	struct ksift_program_scan *ps = of(scan);
	size_t from = ps->nfas_at;

	if (!scan->prog->nfa_count)
		return;
	if (scan->line >= scan->base + from) {
		from = scan->line - scan->base;
		nfas_begin(scan->prog, ps->nfas);
	}
	if (from < end)
		nfas_feed(scan->prog, ps->nfas, ~0ULL, scan->buf + from,
			  end - from);
	ps->nfas_at = end;
}

/* Where in the piece the line begins that ends at newline @at of the chunk at @pos. */
static u64 line_start(const struct ksift_scan *scan, size_t at)
{
	const u64 *newlines = scan->newlines;
	size_t w = at / 64;
	u64 before = newlines[w] & ((1ULL << at % 64) - 1);

	while (!before && w)
		before = newlines[--w];
	return before ? scan->pos + w * 64 + ksift_high_bit(before) + 1 :
			scan->line;
}

/* Does the automaton find the pattern in the line that ends at newline @at? */
static bool nfa_finds(struct ksift_scan *scan, u32 i, size_t at)
{
	const struct ksift_nfa *nfa = &scan->prog->nfas[i];
	struct ksift_program_scan *ps = of(scan);
	u64 start = line_start(scan, at), end = scan->pos + at;
	struct ksift_nfa_state state;
	u64 from = start;

	if (start >= scan->base + ps->nfas_at) {
		ksift_nfa_begin(nfa, &state);
	} else {
		from = scan->base + ps->nfas_at;
		state = ps->nfas[i];
	}
	ksift_nfa_feed(nfa, &state, scan->buf + (from - scan->base), end - from);
	return ksift_nfa_end(nfa, &state);
}

/* Of the lines that the program suspects, leave those that the automata do not deny. */
static void deny(struct ksift_scan *scan, size_t words)
{
	const struct ksift_prog *prog = scan->prog;
	struct ksift_lineprog_work *work = of(scan)->work;
	size_t w;
	u32 i;

	for (i = 0; i < prog->nfa_count; i++) {
		u32 p = prog->nfas[i].pattern;
		u64 *accepted, left;

		if (!(work->some >> p & 1))
			continue;
		accepted = ksift_lineprog_accepted(work, p);
		for (w = 0; w < words; w++)
			for (left = accepted[w]; left; left &= left - 1) {
				size_t at = w * 64 + ksift_low_bit(left);

				if (!nfa_finds(scan, i, at))
					accepted[w] &= ~(left & -left);
			}
	}
}

/* OR of the bitmaps of @patterns. */
static void any_of(const struct ksift_scan *scan, u64 patterns, u64 *bits,
		   size_t words)
{
	struct ksift_lineprog_work *work = of(scan)->work;
	size_t w;

	patterns &= work->some;
	memset(bits, 0, words * sizeof(u64));
	for (; patterns; patterns &= patterns - 1) {
		const u64 *accepted =
			ksift_lineprog_accepted(work, ksift_low_bit(patterns));

		for (w = 0; w < words; w++)
			bits[w] |= accepted[w];
	}
}

/* The newlines of the lines that the patterns select, before inversion. */
static void select_lines(struct ksift_scan *scan, size_t words)
{
	const struct ksift_prog *prog = scan->prog;
	u64 *match = scan->terms[0], *term = scan->terms[1];
	size_t w;
	u32 t;

	for (t = 0; t < prog->term_count; t++) {
		bool excludes = prog->has_exclude && t == prog->term_count - 1;

		if (!t && !excludes) {
			any_of(scan, prog->terms[0], match, words);
			continue;
		}
		any_of(scan, prog->terms[t], term, words);
		for (w = 0; w < words; w++) {
			u64 before = t ? match[w] : scan->newlines[w];

			match[w] = before & (excludes ? ~term[w] : term[w]);
		}
	}
}

size_t ksift_program_find(struct ksift_scan *scan, const u8 *buf, size_t len,
			  size_t avail)
{
	struct ksift_program_scan *ps = of(scan);
	size_t words;

	len = ksift_lineprog_feed(scan->ops, scan->prog->lines, ps->state,
				  ps->work, buf, len, avail);
	words = (len + 63) / 64;
	memcpy(scan->newlines, ps->work->newlines, words * sizeof(u64));
	deny(scan, words);
	select_lines(scan, words);
	return len;
}

u64 ksift_program_seen(const struct ksift_scan *scan, size_t at)
{
	struct ksift_lineprog_work *work = of(scan)->work;
	u64 left, seen = 0;

	for (left = work->some; left; left &= left - 1) {
		u32 p = ksift_low_bit(left);
		const u64 *accepted = ksift_lineprog_accepted(work, p);

		seen |= (accepted[at / 64] >> at % 64 & 1) << p;
	}
	return seen;
}

/* The patterns of a line that lies somewhere as a whole, with its newline. */
static u64 seen_alone(struct ksift_scan *scan, const u8 *line, size_t len)
{
	ksift_program_match_start(scan);
	ksift_program_match(scan, line, len);
	return ksift_program_match_end(scan);
}

/* Lines that lie one after another in private memory, each with its newline. */
struct lines {
	const u8 *text;
	size_t len;
	size_t from;	/* what the program was last run over */
	size_t to;
};

static void lines_begin(struct ksift_scan *scan, struct lines *lines,
			const u8 *text, size_t len)
{
	*lines = (struct lines){ .text = text, .len = len };
	ksift_lineprog_begin(scan->prog->lines, of(scan)->match);
}

/* The patterns of the line that begins at @start, after those before it. */
static u64 lines_seen(struct ksift_scan *scan, struct lines *lines, size_t start,
		      size_t len)
{
	const struct ksift_prog *prog = scan->prog;
	struct ksift_program_scan *ps = of(scan);
	u64 seen;

	while (start + len >= lines->to) {
		size_t left = lines->len - lines->to;

		lines->from = lines->to;
		lines->to += ksift_lineprog_feed(scan->ops, prog->lines,
						 ps->match, ps->work,
						 lines->text + lines->from,
						 left, left);
	}
	seen = ksift_program_seen(scan, start + len - lines->from);
	if (!seen || !prog->nfa_count)
		return seen;
	nfas_begin(prog, ps->match_nfas);
	nfas_feed(prog, ps->match_nfas, seen, lines->text + start, len);
	return nfas_end(prog, ps->match_nfas, seen);
}

/* Lines that are gathered to be run over at once. */
struct batch {
	u32 first;	/* the first that is in it */
	u32 count;	/* how many are */
	size_t len;
};

static size_t hit_len(const struct ksift_hit *hit)
{
	return hit->end - hit->start;
}

/*
 * Set the patterns of the lines in the batch.  A newline that a writer has put into one
 * meanwhile makes two of it, of which the last counts: what is emitted of it is looked
 * at again.
 */
static void run_batch(struct ksift_scan *scan, struct ksift_hit *hits,
		      const struct batch *batch)
{
	struct lines lines;
	size_t start = 0;
	u32 i;

	lines_begin(scan, &lines, of(scan)->batch, batch->len);
	for (i = batch->first; i < batch->first + batch->count; i++) {
		size_t len = hit_len(&hits[i]);

		hits[i].seen = lines_seen(scan, &lines, start, len);
		start += len + 1;
	}
}

/* Set the patterns of lines that lie in the piece. */
static void see(struct ksift_scan *scan, struct ksift_hit *hits, u32 count)
{
	struct batch batch = { 0 };
	u8 *to = of(scan)->batch;
	u32 i;

	for (i = 0; i < count; i++) {
		const u8 *text = scan->buf + (hits[i].start - scan->base);
		size_t len = hit_len(&hits[i]);

		if (batch.count && batch.len + len + 1 > KSIFT_BATCH) {
			run_batch(scan, hits, &batch);
			batch.count = 0;
		}
		if (len + 1 > KSIFT_BATCH) {
			hits[i].seen = seen_alone(scan, text, len);
			continue;
		}
		if (!batch.count) {
			batch.first = i;
			batch.len = 0;
		}
		memcpy(to + batch.len, text, len);
		to[batch.len + len] = '\n';
		batch.len += len + 1;
		batch.count++;
	}
	if (batch.count)
		run_batch(scan, hits, &batch);
}

/*
 * The hunt ends before the line at @start, in which automata would have too much to do:
 * that is run over by slices.  It goes on behind @end.
 */
static size_t end_hunt(struct ksift_scan *scan, u64 start, u64 end, u64 lines)
{
	struct ksift_hunt *hunt = &scan->hunt;

	scan->hunt_from = max(scan->hunt_from, end);
	hunt->line = start - hunt->base;
	hunt->lines = lines;
	hunt->carry = start < hunt->base && hunt->carry;
	return start > hunt->base ? start - hunt->base : 0;
}

/* Cut the hunt where the automata have enough to do.  Returns where it ends. */
static size_t bound_hunt(struct ksift_scan *scan, size_t done)
{
	const size_t most = nfa_chunk(scan->prog);
	struct ksift_hunt *hunt = &scan->hunt;
	u64 bytes = 0, line = hunt->base + hunt->line;
	u32 i;

	for (i = 0; i < hunt->count; i++) {
		const struct ksift_hit *hit = &hunt->hits[i];

		bytes += hit_len(hit);
		if (bytes <= most)
			continue;
		hunt->count = i;
		return end_hunt(scan, hit->start, i ? 0 : hit->end, hit->index);
	}
	/* The line that goes on is theirs at the piece's end. */
	if (hunt->base + done - line > most)
		return end_hunt(scan, line, hunt->base + done, hunt->lines);
	return done;
}

size_t ksift_program_filter(struct ksift_scan *scan, size_t done)
{
	struct ksift_hunt *hunt = &scan->hunt;
	u32 i, kept = 0;

	if (scan->prog->nfa_count)
		done = bound_hunt(scan, done);
	see(scan, hunt->hits, hunt->count);
	hunt->bytes = 0;
	for (i = 0; i < hunt->count; i++) {
		struct ksift_hit *hit = &hunt->hits[i];

		if (!ksift_prog_selects(scan->prog, hit->seen))
			continue;
		hit->match = hit->end;
		hit->pattern = ksift_program_lowest(scan->prog, hit->seen);
		hunt->bytes += ksift_hit_bytes(hit);
		hunt->hits[kept++] = *hit;
	}
	hunt->count = kept;
	return done;
}

bool ksift_program_confirm(struct ksift_scan *scan, const struct ksift_hit *hits,
			   u32 count, const u8 *copy, size_t len)
{
	struct lines lines;
	size_t at = 0;
	u32 i;

	lines_begin(scan, &lines, copy, len);
	for (i = 0; i < count; i++) {
		size_t n = hit_len(&hits[i]);

		if (copy[at + n] != '\n' ||
		    !ksift_prog_selects(scan->prog,
					lines_seen(scan, &lines, at, n)))
			return false;
		at += n + 1;
	}
	return true;
}

/*
 * Returns how many of the zeros the program and the automata have taken.  How many an
 * automaton takes at a time is tried on a copy of its state: none may go further than
 * another.
 */
static u64 zeros(struct ksift_scan *scan, void *state,
		 struct ksift_nfa_state *nfas, u64 len)
{
	const struct ksift_prog *prog = scan->prog;
	u64 done;
	u32 i;

	for (i = 0; i < prog->nfa_count; i++) {
		struct ksift_nfa_state copy = nfas[i];

		len = min(len, ksift_nfa_zeros(&prog->nfas[i], &copy, len));
	}
	len = ksift_lineprog_zeros(scan->ops, prog->lines, state,
				   of(scan)->work, len);
	for (i = 0; i < prog->nfa_count; i++)
		for (done = 0; done < len;)
			done += ksift_nfa_zeros(&prog->nfas[i], &nfas[i],
						len - done);
	return len;
}

u64 ksift_program_zeros(struct ksift_scan *scan, u64 len)
{
	struct ksift_program_scan *ps = of(scan);

	/* No piece has come yet, or the line begins here. */
	if (scan->line == scan->pos) {
		ksift_lineprog_begin(scan->prog->lines, ps->state);
		nfas_begin(scan->prog, ps->nfas);
	}
	return zeros(scan, ps->state, ps->nfas, len);
}

u64 ksift_program_end(struct ksift_scan *scan)
{
	struct ksift_program_scan *ps = of(scan);
	u64 seen = ksift_lineprog_end(scan->ops, scan->prog->lines, ps->state,
				      ps->work);

	return nfas_end(scan->prog, ps->nfas, seen);
}

void ksift_program_match_start(struct ksift_scan *scan)
{
	ksift_lineprog_begin(scan->prog->lines, of(scan)->match);
	nfas_begin(scan->prog, of(scan)->match_nfas);
}

void ksift_program_match(struct ksift_scan *scan, const u8 *buf, size_t len)
{
	feed_all(scan, of(scan)->match, buf, len);
	nfas_feed(scan->prog, of(scan)->match_nfas, ~0ULL, buf, len);
}

u64 ksift_program_match_zeros(struct ksift_scan *scan, u64 len)
{
	return zeros(scan, of(scan)->match, of(scan)->match_nfas, len);
}

u64 ksift_program_match_end(struct ksift_scan *scan)
{
	struct ksift_program_scan *ps = of(scan);
	u64 seen = ksift_lineprog_end(scan->ops, scan->prog->lines, ps->match,
				      ps->work);

	return nfas_end(scan->prog, ps->match_nfas, seen);
}
