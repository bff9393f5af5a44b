// SPDX-License-Identifier: GPL-2.0-only
/*
 * Running line programs: what a pattern that is no literal is found by.
 *
 * A register has a bit for each place of the text, so that one operation on a word
 * decides about 64 bytes, without a branch on the text and without a table that the
 * text indexes (R. D. Cameron et al., "Bitwise data parallelism in regular expression
 * matching", PACT 2014).  A RUN is an addition: a marker that is added to the bits of a
 * set is carried through them.
 *
 * Blocks.  The text is run over block by block, 2 KiB each, and a program's
 * instructions one after the other over each block: its registers, and the text, stay
 * in the first-level cache, and decoding an instruction costs little.  Each block is
 * copied to a stage first, behind the bytes before it that LITERAL and CLASS look back
 * at.  So each byte of the text is loaded once, though others may write to it
 * meanwhile: no two operations see different texts.  The stage has room before and
 * behind, so vectors may be loaded there that the text would not have.
 *
 * Carries.  An operation that moves bits on, moves some out of its block: ADVANCE as
 * many as its distance, RUN, THRU and ACCEPT one, of which the line goes on, and PARITY
 * the one that the line has so far.  Each has a word of the state for that.  The rest
 * of the state are the last bytes of the text and the place in its line that comes
 * next.  So it does not matter how a text is cut.  In a block that is not full, the bits
 * of places that the text does not have are cleared in every result, and what is carried
 * is taken from where the text ends.
 *
 * Lines.  Nothing crosses the end of one.  A RUN stops there, because no set has the
 * newline: its bit is taken from all of them.  ADVANCE and CLASS take away the places
 * whose column is below their distance: the mask of those is made from the lines' starts
 * by shifts that double, when the first operation of a block asks for it (make_mask()).
 * PARITY is that of the whole block, less what it was where the line began, which is
 * carried along the line by an addition.  LITERAL has no newline.  So what is found in
 * a line depends on that line alone, for every program: a range, a copy and a cut do
 * not change it.
 *
 * SKIP passes over operations that find nothing, because what they begin with is empty
 * and no earlier line goes on in them.  The registers that may be read behind them are
 * cleared; those of earlier blocks are still in the others.
 *
 * Sections.  Vector registers are used in sections that are not preempted.  Each
 * instruction has a cost, and verifying a literal's candidates more; a section ends when
 * its budget is used up, between any two instructions of a block and any two words of a
 * literal, and the next goes on there.  Nothing is found twice or lost: all of the
 * block is in the work memory.
 *
 * Work is proportional to bytes times operations.  Candidates of a literal are where two
 * of its rarest bytes are.  Where a word has many, all its places are compared at once,
 * byte by byte of the literal: that bounds what a text can make it cost.
 */
#include "linecode.h"
#include "simd.h"
#include "../uapi/ksift.h"

/* The portable variant: a word at a time. */
#define LANES 1
#define UNROLL 1

typedef u64 lanes;

static inline lanes lanes_load(const u64 *p)
{
	return *p;
}

static inline void lanes_store(u64 *p, lanes v)
{
	*p = v;
}

static inline lanes lanes_shl(lanes v, u32 k)
{
	return k < 64 ? v << k : 0;
}

static inline lanes lanes_shr(lanes v, u32 k)
{
	return k < 64 ? v >> k : 0;
}

static inline lanes lanes_turn(lanes v)
{
	return v;
}

static inline lanes lanes_first(lanes v, lanes from)
{
	(void)v;
	return from;
}

static inline lanes lanes_word(u64 v)
{
	return v;
}

static inline bool lanes_any(lanes v)
{
	return v;
}

static inline u32 lanes_full(lanes v)
{
	return v == U64_MAX;
}

static inline u32 lanes_tops(lanes v)
{
	return v >> 63;
}

static inline lanes lanes_splat(u64 v)
{
	return v;
}

static inline lanes lanes_places(void)
{
	return 1;
}

static inline lanes lanes_fill(lanes some, lanes places)
{
	return -(u64)!!(some & places);
}

/* Eight bytes are compared at a time, and each that is zero then becomes a bit. */
#define EACH_BYTE 0x0101010101010101ULL

static u64 zeros8(u64 v)
{
	const u64 low = EACH_BYTE * 0x7f;

	v = ~(((v & low) + low) | v | low) >> 7;
	/* The product's highest byte has the lowest bit of each. */
	return v * 0x0102040810204080ULL >> 56;
}

static u64 load8(const u8 *p)
{
	return ksift_le64(((const struct ksift_u64 *)p)->v);
}

static u64 byte64(const u8 *p, u8 c)
{
	u64 bits = 0;
	u32 i;

	for (i = 0; i < 64; i += 8)
		bits |= zeros8(load8(p + i) ^ c * EACH_BYTE) << i;
	return bits;
}

static u64 newlines64(const u8 *p)
{
	return byte64(p, '\n');
}

static u64 copy64(u8 *to, const u8 *p)
{
	memcpy(to, p, 64);
	return newlines64(to);
}

struct needle {
	const struct ksift_probe *probe;
};

static inline void load_needle(struct needle *n, const struct ksift_probe *probe,
			       u32 count)
{
	(void)count;
	n->probe = probe;
}

static u64 match64(const u8 *p, const struct needle *n, u32 count, bool masked)
{
	const struct ksift_probe *probe = n->probe;
	u64 bits = 0;
	u32 i, k;

	(void)masked;
	for (i = 0; i < 64; i += 8) {
		u64 differ = 0;

		for (k = 0; k < count; k++)
			differ |= (load8(p + i + probe->off[k]) & probe->mask[k] * EACH_BYTE) ^
				  probe->val[k] * EACH_BYTE;
		bits |= zeros8(differ) << i;
	}
	return bits;
}

struct set_masks {
	const struct ksift_byte_set *set;
};

static inline void load_set(struct set_masks *m, const struct ksift_byte_set *set)
{
	m->set = set;
}

static u64 set64(const u8 *p, const struct set_masks *m, u32 kind)
{
	const struct ksift_byte_set *set = m->set;
	u64 bits = 0;
	u32 i;

	if (kind == KSIFT_SET_ONE)
		return byte64(p, set->low);
	for (i = 0; i < 64; i++)
		bits |= (u64)set->has[p[i]] << i;
	return bits;
}

static u64 equal64(const u8 *p, const u64 *pairs, u32 len, bool masked)
{
	u64 bits = 0;
	u32 i, k;

	(void)masked;
	for (i = 0; i < 64; i += 8) {
		u64 differ = 0;

		for (k = 0; k < len; k++) {
			const u8 *byte = (const u8 *)(pairs + k / 8 * 2) + k % 8;

			differ |= (load8(p + i + k) & byte[8] * EACH_BYTE) ^
				  byte[0] * EACH_BYTE;
		}
		bits |= zeros8(differ) << i;
	}
	return bits;
}

#include "lineprog-template.h"

/* What a section may cost: some 8 us, and twice that on a slow processor. */
#define SECTION_COST	8000

/* What a feed may cost, in sections: then its caller may look at signals. */
#define FEED_COST	200000

/* The portable variant is so much slower; its blocks are smaller, too. */
#define PORTABLE_SLOWER	16
#define PORTABLE_WORDS	8

/*
 * How far ahead of what is copied to prefetch.  Two blocks are there by the time that
 * they are copied; more would evict registers.
 */
#define STAGE_AHEAD (2 * KSIFT_BLOCK_WORDS * 64)

/**
 * struct ksift_line_state - How far a program has come
 * @column: Place of the next byte in its line, KSIFT_DISTANCE_MAX at most
 * @carry: The carries; then follow the last bytes of the text
 */
struct ksift_line_state {
	u64 column;
	u64 carry[];
};

/* Blocks that are run over at a time by who has to ask for more. */
#define CHUNK_BLOCKS 8

static size_t align64(size_t n)
{
	return (n + 63) & ~(size_t)63;
}

/* A block is the shorter the more a program may cost. */
size_t ksift_lineprog_chunk(const struct ksift_lineprog *prog)
{
	return (size_t)prog->block_words * 64 * CHUNK_BLOCKS;
}

static size_t state_bytes(const struct ksift_lineprog *prog)
{
	return sizeof(struct ksift_line_state) + prog->carry_count * sizeof(u64) +
	       prog->history;
}

static u8 *state_history(const struct ksift_lineprog *prog, struct ksift_line_state *state)
{
	return (u8 *)(state->carry + prog->carry_count);
}

size_t ksift_lineprog_state_size(const struct ksift_lineprog *prog)
{
	return align64(state_bytes(prog));
}

/* A state more: an earlier one, to see if it comes again. */
size_t ksift_lineprog_work_size(const struct ksift_lineprog *prog)
{
	return align64(sizeof(struct ksift_line_run)) +
	       ((size_t)prog->slot_count * KSIFT_BLOCK_WORDS +
		(size_t)(prog->accept_count + 1) * prog->out_words) * sizeof(u64) +
	       align64(KSIFT_LINE_HISTORY + KSIFT_BLOCK_WORDS * 64 + KSIFT_LINE_SLACK) +
	       ksift_lineprog_state_size(prog);
}

u64 *ksift_lineprog_accepted(const struct ksift_lineprog_work *work, u32 pattern)
{
	const struct ksift_line_run *r = (const void *)work;

	return r->accepted + (size_t)r->prog->result[pattern] * r->prog->out_words;
}

void ksift_lineprog_begin(const struct ksift_lineprog *prog, void *mem)
{
	struct ksift_line_state *state = mem;

	memset(mem, 0, ksift_lineprog_state_size(prog));
	/* No literal has a newline, and a set finds nothing before a line's start. */
	memset(state_history(prog, state), '\n', prog->history);
}

/* Run over [buf, buf + len), or so many zeros.  Returns over how many. */
static size_t run(const struct ksift_variant_ops *ops, const struct ksift_lineprog *prog,
		  void *mem, struct ksift_lineprog_work *work, const u8 *buf,
		  size_t len, size_t avail)
{
	struct ksift_line_run *r = (void *)work;
	struct ksift_line_state *state = mem;
	u8 *history = state_history(prog, state);
	u8 *p = (u8 *)work + align64(sizeof(*r));
	s64 spent = 0, limit = FEED_COST;

	if (!ops->lineprog)
		limit /= PORTABLE_SLOWER;
	r->prog = prog;
	r->slots = (void *)p;
	p += (size_t)prog->slot_count * KSIFT_BLOCK_WORDS * sizeof(u64);
	r->newlines = (void *)p;
	r->accepted = r->newlines + prog->out_words;
	p += (size_t)(prog->accept_count + 1) * prog->out_words * sizeof(u64);
	r->text = p + KSIFT_LINE_HISTORY;
	r->out.newlines = r->newlines;
	r->out.some = 0;
	r->carry = state->carry;
	memset(r->filled, 0, sizeof(r->filled));
	memset(r->slots[KSIFT_SLOT_ONES], 0xff, sizeof(*r->slots));
	memset(r->slots[KSIFT_SLOT_ZEROS], 0, sizeof(*r->slots));
	r->buf = buf;
	r->len = min(len, (size_t)prog->out_words * 64);
	r->done = 0;
	r->ahead = min(avail - r->len, (size_t)STAGE_AHEAD);
	r->block = (ops->lineprog ? prog->block_words :
		    min(prog->block_words, (u32)PORTABLE_WORDS)) * 64;
	r->bits = 0;
	r->column = state->column;
	memcpy(r->text - prog->history, history, prog->history);
	do {
		r->budget = SECTION_COST;
		if (ops->lineprog)
			ksift_simd_lineprog(ops, r);
		else
			op_lineprog(r);
		spent += SECTION_COST - r->budget;
		/* Enough: go on to the end of the block, if it is in one. */
		if (spent >= limit)
			r->len = r->done + r->bits;
	} while (r->done < r->len);
	memcpy(history, r->text - prog->history, prog->history);
	state->column = r->column;
	r->spent = ops->lineprog ? spent : spent * PORTABLE_SLOWER;
	return r->done;
}

size_t ksift_lineprog_feed(const struct ksift_variant_ops *ops,
			   const struct ksift_lineprog *prog, void *state,
			   struct ksift_lineprog_work *work, const u8 *buf,
			   size_t len, size_t avail)
{
	size_t done = run(ops, prog, state, work, buf, len, avail);
	struct ksift_line_run *r = (void *)work;
	u32 words = (done + 63) / 64;
	u64 left;

	for (left = work->some; left; left &= left - 1) {
		u32 i = prog->result[ksift_low_bit(left)];

		if (r->filled[i] < words)
			memset(r->accepted + (size_t)i * prog->out_words + r->filled[i], 0,
			       (words - r->filled[i]) * sizeof(u64));
	}
	return done;
}

/* What looking for a cycle may cost, and in how many blocks it is tried. */
#define ZEROS_COST	400000
#define ZEROS_BLOCKS	4

/*
 * The states that zeros lead through are a cycle sooner or later.  R. P. Brent's way to
 * find it ("An improved Monte Carlo factorization algorithm", BIT 20, 1980): compare
 * each with one kept from before, and keep the current one each time that twice as many
 * have been seen.
 */
u64 ksift_lineprog_zeros(const struct ksift_variant_ops *ops,
			 const struct ksift_lineprog *prog, void *state,
			 struct ksift_lineprog_work *work, u64 len)
{
	size_t block = prog->block_words * 64, n = state_bytes(prog);
	u8 *kept = (u8 *)work + ksift_lineprog_work_size(prog) -
		   ksift_lineprog_state_size(prog);
	u64 done = 0, blocks, power = 1, since = 0;
	s64 spent = 0;

	if (len <= block)
		return run(ops, prog, state, work, NULL, len, len);
	memcpy(kept, state, n);
	for (blocks = 0; len - done >= block; blocks++) {
		size_t at = 0;

		if (spent >= ZEROS_COST && blocks >= ZEROS_BLOCKS)
			break;
		do {
			at += run(ops, prog, state, work, NULL, block - at, block - at);
			spent += ((struct ksift_line_run *)work)->spent;
		} while (at < block);
		done += block;
		since++;
		if (!memcmp(kept, state, n))
			return done + (len - done) / (since * block) * (since * block);
		if (since == power) {
			memcpy(kept, state, n);
			power *= 2;
			since = 0;
		}
	}
	return done;
}

u64 ksift_lineprog_end(const struct ksift_variant_ops *ops,
		       const struct ksift_lineprog *prog, void *state,
		       struct ksift_lineprog_work *work)
{
	static const u8 newline = '\n';

	ksift_lineprog_feed(ops, prog, state, work, &newline, 1, 1);
	ksift_lineprog_begin(prog, state);
	return work->some;
}
