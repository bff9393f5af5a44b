/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A template, not an interface: what executes a line program, over LANES words of a
 * register at a time.  lineprog_run.c, whose essay says what this does, includes it
 * once for the portable variant, and the file of an instruction set after it has
 * defined
 *
 *	LANES			words of a vector, a divisor of KSIFT_BLOCK_STEP
 *	lanes			that vector, a type that has & | ^ ~ + - ==
 *	lanes lanes_load(p), void lanes_store(p, lanes)	at a multiple of its size
 *	lanes lanes_shl(lanes, k), lanes_shr(lanes, k)	each word, k from 0 to 64
 *	lanes lanes_turn(lanes)	each word one on, the last for the first
 *	lanes lanes_first(lanes, from)	the first word from @from, the others as they are
 *	lanes lanes_word(u64)	that word for the first
 *	bool lanes_any(lanes)	some bit is set
 *	u32 lanes_wrapped(sum, addend)	bit of each word of @sum that is below @addend's
 *	u32 lanes_full(lanes)	bit of each word that is all ones
 *	u32 lanes_tops(lanes)	the highest bit of each word
 *	lanes lanes_fill(bits)	all ones in the words whose bits are set, as numbers -1
 *
 * and for the 64 bytes at @p
 *
 *	u64 copy64(to, p)	copies them, loading each once; where newlines are
 *	u64 newlines64(p)
 *	struct needle		as in vector-template.h
 *	void load_needle(struct needle *, const struct ksift_probe *, count)
 *	u64 match64(p, needle, count, masked)
 *	struct set_masks	the constants of a search for bytes of a set
 *	void load_set(struct set_masks *, const struct ksift_byte_set *)
 *	u64 set64(p, set_masks, kind)
 *	u64 equal64(p, pairs, len)	where a literal is: of @len bytes, as they are
 *				in struct ksift_line_literal
 *
 * and gets the static function op_lineprog().
 */
#ifndef KSIFT_ENGINE_LINEPROG_TEMPLATE_H
#define KSIFT_ENGINE_LINEPROG_TEMPLATE_H

#include "linecode.h"
#include "ops.h"

static __always_inline u64 *slot(const struct ksift_line_run *r, u32 n)
{
	return r->slots[n];
}

static bool slot_any(const struct ksift_line_run *r, const u64 *a)
{
	lanes some = lanes_load(a);
	u32 w;

	for (w = LANES; w < r->words; w += LANES)
		some |= lanes_load(a + w);
	return lanes_any(some);
}

static void slot_clear(const struct ksift_line_run *r, u64 *d)
{
	u32 w;

	for (w = 0; w < r->words; w += LANES)
		lanes_store(d + w, (lanes){ 0 });
}

/* Clear the bits of places that the text does not have. */
static void slot_trim(const struct ksift_line_run *r, u64 *d)
{
	u32 w = r->bits / 64;

	d[w] &= ~(~0ULL << r->bits % 64);
	while (++w < r->words)
		d[w] = 0;
}

/* Have the mask of the places of a line below @column, which is made from lower ones. */
static noinline void make_mask(struct ksift_line_run *r, u32 column)
{
	const struct ksift_lineprog *prog = r->prog;
	const u64 *newlines = slot(r, KSIFT_SLOT_NEWLINES);
	u8 todo[KSIFT_MASKS];
	u32 n = 0, k, w;

	for (k = column; k && !(r->ready >> (k - 1) & 1); k = prog->mask_from[k])
		todo[n++] = k;
	while (n) {
		u32 from, by;
		const u64 *a;
		u64 *d;
		lanes before = (lanes){ 0 };

		k = todo[--n];
		from = prog->mask_from[k];
		by = from ? k - from : 1;
		a = from ? slot(r, prog->mask_slots[from]) : newlines;
		d = slot(r, prog->mask_slots[k]);
		for (w = 0; w < r->words; w += LANES) {
			lanes cur = lanes_load(a + w), turned = lanes_turn(cur), x;

			x = lanes_shl(cur, by) |
			    lanes_shr(lanes_first(turned, before), 64 - by);
			if (from)
				x |= cur;
			lanes_store(d + w, x);
			before = turned;
		}
		/* The line that goes on from before: it has as many places fewer. */
		if (r->column < k)
			d[0] |= ~0ULL >> (64 - (k - r->column));
		if (r->trim)
			slot_trim(r, d);
		r->ready |= 1ULL << (k - 1);
	}
}

static __always_inline const u64 *mask_slot(struct ksift_line_run *r, u32 column)
{
	if (!column)
		return slot(r, KSIFT_SLOT_ZEROS);
	if (!(r->ready >> (column - 1) & 1))
		make_mask(r, column);
	return slot(r, r->prog->mask_slots[column]);
}

static __always_inline void class_kind(const struct ksift_line_run *r,
				       const struct ksift_insn *q, const u64 *f,
				       u32 kind)
{
	const struct ksift_byte_set *set = &r->prog->sets[q->n];
	const u64 flip = set->flip, after = q->flip ? ~0ULL : 0;
	const u64 *c = slot(r, q->c);
	const u8 *p = r->text - q->k;
	struct set_masks masks __uninitialized;
	u64 *d = slot(r, q->d);
	u32 w;

	load_set(&masks, set);
	for (w = 0; w < r->words; w++) {
		u64 bits = set64(p + w * 64, &masks, kind) ^ flip;

		d[w] = ((bits & ~f[w]) ^ after) & c[w];
	}
}

static noinline void do_class(struct ksift_line_run *r, const struct ksift_insn *q)
{
	const u64 *f;

	if (q->c != KSIFT_SLOT_ONES && !slot_any(r, slot(r, q->c))) {
		slot_clear(r, slot(r, q->d));
		return;
	}
	f = mask_slot(r, q->mask);
	switch (r->prog->sets[q->n].kind) {
	case KSIFT_SET_RANGE:
		class_kind(r, q, f, KSIFT_SET_RANGE);
		break;
	case KSIFT_SET_ASCII:
		class_kind(r, q, f, KSIFT_SET_ASCII);
		break;
	default:
		class_kind(r, q, f, KSIFT_SET_ANY);
	}
}

/* Is the literal at @p?  The text is private: it may be loaded as often as one likes. */
static __always_inline bool literal_at(const u8 *p, const struct ksift_line_literal *lit)
{
	const u64 *pair = lit->pairs;
	u32 i;

	for (i = 0; i < lit->words; i++, p += 8, pair += 2)
		if ((((const struct ksift_u64 *)p)->v & pair[1]) != pair[0])
			return false;
	return true;
}

/* Which of the candidates @bits of the 64 places at @p have the literal? */
static noinline u64 verify(struct ksift_line_run *r, const u8 *p,
			   const struct ksift_line_literal *lit, u64 bits)
{
	u32 n = ksift_popcount64(bits);
	u64 left, found = bits;

	if (n > KSIFT_LITERAL_SPARSE) {
		r->budget -= KSIFT_LITERAL_DENSE * lit->len;
		return equal64(p, lit->pairs, lit->len) & bits;
	}
	r->budget -= n * lit->words * KSIFT_LITERAL_WORD;
	for (left = bits; left; left &= left - 1)
		if (!literal_at(p + ksift_low_bit(left), lit))
			found &= ~(left & -left);
	return found;
}

static __always_inline void literal_masked(struct ksift_line_run *r,
					   const struct ksift_insn *q, bool masked)
{
	const struct ksift_line_literal *lit = &r->prog->literals[q->n];
	const u64 *c = slot(r, q->c);
	const u8 *p = r->text - lit->len;
	struct needle needle __uninitialized;
	u64 *d = slot(r, q->d), some = 0;
	u32 w;

	load_needle(&needle, &lit->probe, 2);
	for (w = 0; w < r->words; w++) {
		u64 bits = match64(p + w * 64, &needle, 2, masked) & c[w];

		d[w] = bits;
		some |= (u64)!!bits << w;
	}
	/* The probe was all of it. */
	if (lit->len <= 2)
		return;
	for (; some; some &= some - 1) {
		w = ksift_low_bit(some);
		d[w] = verify(r, p + w * 64, lit, d[w]);
	}
}

static noinline void do_literal(struct ksift_line_run *r, const struct ksift_insn *q)
{
	if (q->c != KSIFT_SLOT_ONES && !slot_any(r, slot(r, q->c)))
		slot_clear(r, slot(r, q->d));
	else if (r->prog->literals[q->n].probe.masked)
		literal_masked(r, q, true);
	else
		literal_masked(r, q, false);
}

/* The last @k of the places of @a & @b, and of the @k before the block, @carry. */
static __always_inline u64 last_bits(const struct ksift_line_run *r, const u64 *a,
				     const u64 *b, u32 k, u64 carry)
{
	u32 w = r->bits / 64, s = r->bits % 64;

	if (r->bits < k)
		return carry >> r->bits | (a[0] & b[0]) << (k - r->bits);
	if (!s)
		return (a[w - 1] & b[w - 1]) >> (64 - k);
	if (s >= k)
		return (a[w] & b[w]) >> (s - k);
	return (a[w] & b[w]) << (k - s) | (a[w - 1] & b[w - 1]) >> (64 - (k - s));
}

enum after { AFTER_NOTHING, AFTER_AND, AFTER_OR };

static __always_inline void advance(struct ksift_line_run *r,
				    const struct ksift_insn *q, bool both,
				    enum after after)
{
	const u64 *a = slot(r, q->a), *b = both ? slot(r, q->b) : a;
	const u64 *c = slot(r, q->c), *f = mask_slot(r, q->mask);
	u64 *d = slot(r, q->d), *carry = &r->carry[q->carry];
	const u32 k = q->k;
	lanes before = lanes_word(*carry << (64 - k));
	u32 w;

	*carry = last_bits(r, a, b, k, *carry);
	for (w = 0; w < r->words; w += LANES) {
		lanes cur = lanes_load(a + w), turned, x;

		if (both)
			cur &= lanes_load(b + w);
		turned = lanes_turn(cur);
		x = lanes_shl(cur, k) | lanes_shr(lanes_first(turned, before), 64 - k);
		x &= ~lanes_load(f + w);
		if (after == AFTER_AND)
			x &= lanes_load(c + w);
		if (after == AFTER_OR)
			x |= lanes_load(c + w);
		lanes_store(d + w, x);
		before = turned;
	}
}

/*
 * @sum = (@a & @b) + @b + @carry over the whole block.  The words are added up apart;
 * those that overflow carry one into the next, and through all that are full, which
 * is again an addition, of one bit a word.  Returns what is carried into each word,
 * and behind the last one out of it.
 */
static __always_inline u64 add_through(const struct ksift_line_run *r, const u64 *a,
				       const u64 *b, u64 carry, lanes *sum)
{
	const u64 *nl = slot(r, KSIFT_SLOT_NEWLINES);
	u64 wrapped = 0, full = 0, in;
	u32 w;

	for (w = 0; w < r->words; w += LANES) {
		lanes t = ~lanes_load(nl + w), s;

		if (b)
			t &= lanes_load(b + w);
		s = (lanes_load(a + w) & t) + t;
		sum[w / LANES] = s;
		wrapped |= (u64)lanes_wrapped(s, t) << w;
		full |= (u64)lanes_full(s) << w;
	}
	in = wrapped << 1 | carry;
	in = (in + full) ^ full;
	for (w = 0; w < r->words; w += LANES)
		sum[w / LANES] -= lanes_fill(in >> w);
	return in;
}

/* The bit of @d behind the last place, where @d has not been trimmed. */
static __always_inline u64 carry_out(const struct ksift_line_run *r, const u64 *d, u64 in)
{
	if (r->trim)
		return d[r->bits / 64] >> r->bits % 64 & 1;
	return in >> r->words & 1;
}

static __always_inline void run_thru(struct ksift_line_run *r,
				     const struct ksift_insn *q, bool thru)
{
	const u64 *a = slot(r, q->a), *b = slot(r, q->b);
	const u64 *nl = slot(r, KSIFT_SLOT_NEWLINES);
	lanes sum[KSIFT_BLOCK_WORDS / LANES] __uninitialized;
	u64 *d = slot(r, q->d), *carry = &r->carry[q->carry];
	u64 in = add_through(r, a, b, *carry, sum);
	u32 w;

	for (w = 0; w < r->words; w += LANES) {
		lanes t = lanes_load(b + w) & ~lanes_load(nl + w), x = sum[w / LANES];

		if (thru)
			x = (x | lanes_load(a + w)) & ~t;
		else
			x = (x ^ t) | lanes_load(a + w);
		lanes_store(d + w, x);
	}
	*carry = carry_out(r, d, in);
}

/* The parity of all of the block, less that of what came before a place's line. */
static noinline void do_parity(struct ksift_line_run *r, const struct ksift_insn *q)
{
	const u64 *a = slot(r, q->a), *nl = slot(r, KSIFT_SLOT_NEWLINES);
	const u64 *start = mask_slot(r, 1);
	lanes sum[KSIFT_BLOCK_WORDS / LANES] __uninitialized;
	lanes all[KSIFT_BLOCK_WORDS / LANES] __uninitialized;
	u64 before[KSIFT_BLOCK_WORDS] __aligned(64) __uninitialized;
	u64 *d = slot(r, q->d), *carry = &r->carry[q->carry];
	lanes last_word = lanes_word(*carry << 63);
	u64 odd = 0;
	u32 w, k, last = r->bits - 1;

	for (w = 0; w < r->words; w += LANES) {
		lanes x = lanes_load(a + w);

		for (k = 1; k < 64; k *= 2)
			x ^= lanes_shl(x, k);
		all[w / LANES] = x;
		odd |= (u64)lanes_tops(x) << w;
	}
	odd = odd << 1 | *carry;
	for (k = 1; k < 64; k *= 2)
		odd ^= odd << k;
	for (w = 0; w < r->words; w += LANES) {
		lanes x = all[w / LANES] ^ lanes_fill(odd >> w), turned = lanes_turn(x);

		all[w / LANES] = x;
		x = lanes_shl(x, 1) | lanes_shr(lanes_first(turned, last_word), 63);
		lanes_store(before + w, x & lanes_load(start + w));
		last_word = turned;
	}
	add_through(r, before, NULL, 0, sum);
	for (w = 0; w < r->words; w += LANES) {
		lanes x = sum[w / LANES] ^ ~lanes_load(nl + w);

		x |= lanes_load(before + w);
		lanes_store(d + w, x ^ all[w / LANES]);
	}
	*carry = (d[last / 64] & ~nl[last / 64]) >> last % 64 & 1;
}

static noinline void do_accept(struct ksift_line_run *r, const struct ksift_insn *q)
{
	const u64 *a = slot(r, q->a), *nl = slot(r, KSIFT_SLOT_NEWLINES);
	u64 *carry = &r->carry[q->carry], *out, in;
	lanes sum[KSIFT_BLOCK_WORDS / LANES] __uninitialized;
	lanes some = (lanes){ 0 };
	u32 w, at = r->done / 64, i = r->prog->result[q->n];

	if (!*carry && !slot_any(r, a))
		return;
	in = add_through(r, a, NULL, *carry, sum);
	/* Behind the last place are no newlines: a carry goes on to the block's end. */
	*carry = in >> r->words & 1;
	for (w = 0; w < r->words; w += LANES) {
		sum[w / LANES] |= lanes_load(a + w);
		sum[w / LANES] &= lanes_load(nl + w);
		some |= sum[w / LANES];
	}
	if (!lanes_any(some))
		return;
	r->out.some |= 1ULL << q->n;
	out = r->accepted + (size_t)i * r->prog->out_words;
	/* Bitmaps are written from the first block on that has something for them. */
	if (r->filled[i] < at + r->words) {
		memset(out + r->filled[i], 0,
		       (at + r->words - r->filled[i]) * sizeof(*out));
		r->filled[i] = at + r->words;
	}
	out += at;
	for (w = 0; w < r->words; w += LANES)
		lanes_store(out + w, lanes_load(out + w) | sum[w / LANES]);
}

static noinline void do_skip(struct ksift_line_run *r, const struct ksift_insn *q)
{
	const u64 *carry = &r->carry[q->carry];
	u64 some = 0, clear;
	u32 i;

	if (slot_any(r, slot(r, q->a)))
		return;
	for (i = 0; i < q->carries; i++)
		some |= carry[i];
	if (some)
		return;
	for (clear = q->clear; clear; clear &= clear - 1)
		slot_clear(r, slot(r, KSIFT_SLOT_REGISTERS + ksift_low_bit(clear)));
	r->at += q->n;
}

enum logic { LOGIC_AND, LOGIC_OR, LOGIC_ANDNOT, LOGIC_XOR };

static __always_inline void logic(const struct ksift_line_run *r,
				  const struct ksift_insn *q, enum logic how)
{
	const u64 *a = slot(r, q->a), *b = slot(r, q->b);
	u64 *d = slot(r, q->d);
	u32 w;

	for (w = 0; w < r->words; w += LANES) {
		lanes x = lanes_load(a + w), y = lanes_load(b + w);

		if (how == LOGIC_AND)
			x &= y;
		else if (how == LOGIC_OR)
			x |= y;
		else if (how == LOGIC_ANDNOT)
			x &= ~y;
		else
			x ^= y;
		lanes_store(d + w, x);
	}
}

static __always_inline void execute(struct ksift_line_run *r, const struct ksift_insn *q)
{
	switch ((enum ksift_insn_code)q->code) {
	case KSIFT_INSN_CLASS:
		do_class(r, q);
		break;
	case KSIFT_INSN_LITERAL:
		do_literal(r, q);
		break;
	case KSIFT_INSN_START:
		mask_slot(r, 1);
		return;
	case KSIFT_INSN_AND:
		logic(r, q, LOGIC_AND);
		return;
	case KSIFT_INSN_OR:
		logic(r, q, LOGIC_OR);
		return;
	case KSIFT_INSN_ANDNOT:
		logic(r, q, LOGIC_ANDNOT);
		return;
	case KSIFT_INSN_XOR:
		logic(r, q, LOGIC_XOR);
		return;
	case KSIFT_INSN_ADVANCE:
		advance(r, q, false, AFTER_NOTHING);
		break;
	case KSIFT_INSN_ADVANCE_AND:
		advance(r, q, false, AFTER_AND);
		break;
	case KSIFT_INSN_ADVANCE_OR:
		advance(r, q, false, AFTER_OR);
		break;
	case KSIFT_INSN_AND_ADVANCE:
		advance(r, q, true, AFTER_NOTHING);
		break;
	case KSIFT_INSN_AND_ADVANCE_AND:
		advance(r, q, true, AFTER_AND);
		break;
	case KSIFT_INSN_AND_ADVANCE_OR:
		advance(r, q, true, AFTER_OR);
		break;
	case KSIFT_INSN_RUN:
		run_thru(r, q, false);
		break;
	case KSIFT_INSN_THRU:
		run_thru(r, q, true);
		break;
	case KSIFT_INSN_PARITY:
		do_parity(r, q);
		break;
	case KSIFT_INSN_ACCEPT:
		do_accept(r, q);
		return;
	case KSIFT_INSN_SKIP:
		do_skip(r, q);
		return;
	}
	if (r->trim)
		slot_trim(r, slot(r, q->d));
}

/* Copy the next block of the text, and find its newlines. */
static void begin_block(struct ksift_line_run *r)
{
	u64 *nl = slot(r, KSIFT_SLOT_NEWLINES);
	u32 w = 0, n = min(r->len - r->done, (size_t)r->block), rest;
	u8 *text = r->text;

	r->bits = n;
	r->words = (n + KSIFT_BLOCK_STEP * 64 - 1) / (KSIFT_BLOCK_STEP * 64) *
		   KSIFT_BLOCK_STEP;
	r->trim = n != r->words * 64;
	r->ready = 0;
	r->at = 0;
	if (r->buf) {
		const u8 *p = r->buf + r->done;

		for (; w < n / 64; w++) {
			__builtin_prefetch(p + w * 64 + r->ahead);
			nl[w] = copy64(text + w * 64, p + w * 64);
		}
		rest = n % 64;
		memcpy(text + w * 64, p + w * 64, rest);
		memset(text + n, 0, 64 - rest);
		if (rest)
			nl[w] = newlines64(text + w * 64);
		w += !!rest;
	} else {
		memset(text, 0, r->words * 64);
	}
	for (; w < r->words; w++) {
		memset(text + w * 64, 0, 64);
		nl[w] = 0;
	}
	if (r->trim)
		slot_trim(r, slot(r, KSIFT_SLOT_ONES));
	memcpy(r->newlines + r->done / 64, nl, r->words * sizeof(*nl));
}

static void end_block(struct ksift_line_run *r)
{
	const u32 history = r->prog->history;
	const u64 *nl = slot(r, KSIFT_SLOT_NEWLINES);
	u32 w = r->words;

	while (w && !nl[w - 1])
		w--;
	if (w)
		r->column = r->bits - ((w - 1) * 64 + ksift_high_bit(nl[w - 1]) + 1);
	else
		r->column += r->bits;
	r->column = min(r->column, (u32)KSIFT_DISTANCE_MAX);
	memmove(r->text - history, r->text + r->bits - history, history);
	r->done += r->bits;
	r->bits = 0;
}

/* Run until the text is done or the budget is. */
static void op_lineprog(struct ksift_line_run *r)
{
	const struct ksift_lineprog *prog = r->prog;

	do {
		if (!r->bits) {
			if (r->done == r->len)
				return;
			begin_block(r);
		}
		while (r->at < prog->insn_count) {
			const struct ksift_insn *q = &prog->insns[r->at++];

			r->budget -= q->cost * r->words / KSIFT_BLOCK_WORDS + 1;
			execute(r, q);
			if (r->budget <= 0 && r->at < prog->insn_count)
				return;
		}
		end_block(r);
	} while (r->budget > 0);
}

#endif /* KSIFT_ENGINE_LINEPROG_TEMPLATE_H */
