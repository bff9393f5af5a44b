/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A template, not an interface: what executes a line program, over LANES words of a
 * register at a time.  lineprog_run.c, whose essay says what this does, includes it
 * once for the portable variant, and the file of an instruction set after it has
 * defined
 *
 *	UNROLL			words of text that a loop takes in one round, and
 *	LANES			words of a vector: divisors of KSIFT_BLOCK_STEP
 *	lanes			that vector, a type that has & | ^ ~ + - ==
 *	lanes lanes_load(p), void lanes_store(p, lanes)	at a multiple of its size
 *	lanes lanes_shl(lanes, k), lanes_shr(lanes, k)	each word, k from 0 to 64
 *	lanes lanes_turn(lanes)	each word one on, the last for the first
 *	lanes lanes_first(lanes, from)	the first word from @from, the others as they are
 *	lanes lanes_word(u64)	that word for the first
 *	bool lanes_any(lanes)	some bit is set
 *	u32 lanes_full(lanes)	bit of each word that is all ones
 *	u32 lanes_tops(lanes)	the highest bit of each word
 *	lanes lanes_splat(u64)
 *	lanes lanes_places(void)	bit i of the word i
 *	lanes lanes_fill(some, places)	all ones, which is -1, in words that have one of
 *				the bits of @places in @some
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
 *	u64 equal64(p, pairs, len, masked)	where a literal is: of @len bytes, as they
 *				are in struct ksift_line_literal
 *
 * and gets the static function op_lineprog().
 *
 * What an instruction writes may be what it reads: of each word, and of the one before
 * it, all is loaded before it is stored.
 */
#ifndef KSIFT_ENGINE_LINEPROG_TEMPLATE_H
#define KSIFT_ENGINE_LINEPROG_TEMPLATE_H

#include "linecode.h"
#include "ops.h"

/* Words of a block that are looked at one by one; more of them all at once. */
#define SPARSE_WORDS 12

/* A word that is stored as such: compilers would insert four into a vector first. */
static __always_inline u64 scalar_word(u64 v)
{
	asm("" : "+r" (v));
	return v;
}

static __always_inline u64 *slot(const struct ksift_line_run *r, u32 n)
{
	return r->slots[n];
}

static bool slot_any(const struct ksift_line_run *r, const u64 *a)
{
	const u32 words = r->words;
	lanes some = lanes_load(a);
	u32 w;

	for (w = LANES; w < words; w += LANES)
		some |= lanes_load(a + w);
	return lanes_any(some);
}

/* The words that have bits: bit w is set if word w does. */
static u64 slot_words(const struct ksift_line_run *r, const u64 *a)
{
	const u32 words = r->words;
	u64 empty = 0;
	size_t w;

	for (w = 0; w < words; w += LANES)
		empty |= (u64)lanes_full(~lanes_load(a + w)) << w;
	return ~empty & (~0ULL >> (64 - words));
}

static void slot_clear(const struct ksift_line_run *r, u64 *d)
{
	const u32 words = r->words;
	u32 w;

	for (w = 0; w < words; w += LANES)
		lanes_store(d + w, (lanes){ 0 });
}

/* Clear the bits of places that the text does not have. */
static void slot_trim(const struct ksift_line_run *r, u64 *d)
{
	const u32 words = r->words;
	u32 w = r->bits / 64;

	d[w] &= ~(~0ULL << r->bits % 64);
	while (++w < words)
		d[w] = 0;
}

/* Have the mask of the places of a line below @column, which is made from lower ones. */
static noinline void make_mask(struct ksift_line_run *r, u32 column)
{
	const u32 words = r->words;
	const struct ksift_lineprog *prog = r->prog;
	const u64 *newlines = slot(r, KSIFT_SLOT_NEWLINES);
	u8 todo[KSIFT_MASKS];
	u32 n = 0, k;
	size_t w;

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
		for (w = 0; w < words; w += LANES) {
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
				       const struct ksift_byte_set *set,
				       const u8 *p, const u64 *c, u64 *d, u32 kind)
{
	const u32 words = r->words;
	const u64 flip = set->flip;
	struct set_masks masks __uninitialized;
	size_t w, i;

	load_set(&masks, set);
	for (w = 0; w < words; w += UNROLL, p += UNROLL * 64) {
#pragma GCC unroll 8
		for (i = 0; i < UNROLL; i++)
			d[w + i] = scalar_word((set64(p + i * 64, &masks, kind) ^ flip) &
					       c[w + i]);
	}
}

/*
 * Where few words of @c have bits, no other word is looked at.  The tables that tell
 * the bytes of any set do for all kinds of them.
 */
static bool class_sparse(const struct ksift_line_run *r, const struct ksift_insn *q,
			 const u64 *f)
{
	const struct ksift_byte_set *set = &r->prog->sets[q->n];
	const u64 *c = slot(r, q->c), flip = q->flip ? ~0ULL : 0;
	const u8 *p = r->text - q->k;
	struct set_masks masks __uninitialized;
	u64 *d = slot(r, q->d), some = slot_words(r, c);

	if (ksift_popcount64(some) > SPARSE_WORDS)
		return false;
	if (d != c)
		slot_clear(r, d);
	load_set(&masks, set);
	for (; some; some &= some - 1) {
		u32 w = ksift_low_bit(some);
		u64 bits = set64(p + w * 64, &masks, KSIFT_SET_ANY) ^ set->flip;

		d[w] = ((bits & ~f[w]) ^ flip) & c[w];
	}
	return true;
}

static noinline void do_class(struct ksift_line_run *r, const struct ksift_insn *q)
{
	const u32 words = r->words;
	const struct ksift_byte_set *set = &r->prog->sets[q->n];
	const bool plain = !q->mask && !q->flip;
	const u64 *c = slot(r, q->c), *f = mask_slot(r, q->mask);
	const lanes flip = lanes_splat(q->flip ? ~0ULL : 0);
	const u8 *p = r->text - q->k;
	u64 some[KSIFT_BLOCK_WORDS] __aligned(64) __uninitialized;
	const u64 *first = plain ? c : slot(r, KSIFT_SLOT_ONES);
	u64 *d = slot(r, q->d), *bits = plain ? d : some;
	size_t w;

	if (q->c != KSIFT_SLOT_ONES && class_sparse(r, q, f))
		return;
	switch (set->kind) {
	case KSIFT_SET_ONE:
		class_kind(r, set, p, first, bits, KSIFT_SET_ONE);
		break;
	case KSIFT_SET_RANGE:
		class_kind(r, set, p, first, bits, KSIFT_SET_RANGE);
		break;
	case KSIFT_SET_ASCII:
		class_kind(r, set, p, first, bits, KSIFT_SET_ASCII);
		break;
	default:
		class_kind(r, set, p, first, bits, KSIFT_SET_ANY);
	}
	if (plain)
		return;
	for (w = 0; w < words; w += LANES) {
		lanes x = lanes_load(some + w) & ~lanes_load(f + w);

		lanes_store(d + w, (x ^ flip) & lanes_load(c + w));
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
		if (lit->masked)
			return equal64(p, lit->pairs, lit->len, true) & bits;
		return equal64(p, lit->pairs, lit->len, false) & bits;
	}
	r->budget -= n * lit->words * KSIFT_LITERAL_WORD;
	for (left = bits; left; left &= left - 1)
		if (!literal_at(p + ksift_low_bit(left), lit))
			found &= ~(left & -left);
	return found;
}

/* Where two of the literal's bytes are; bit w of what it returns: in word w are some. */
static __always_inline u64 probe_words(const struct ksift_line_run *r,
				       const struct ksift_line_literal *lit,
				       const u64 *c, u64 *d, bool masked)
{
	const u32 words = r->words;
	const u8 *p = r->text - lit->len;
	struct needle needle __uninitialized;
	u64 bits[KSIFT_BLOCK_WORDS] __aligned(64) __uninitialized;
	u64 some = 0;
	size_t w, i;

	load_needle(&needle, &lit->probe, 2);
	for (w = 0; w < words; w += UNROLL, p += UNROLL * 64) {
#pragma GCC unroll 8
		for (i = 0; i < UNROLL; i++)
			bits[w + i] = scalar_word(match64(p + i * 64, &needle, 2,
							  masked));
	}
	for (w = 0; w < words; w += LANES) {
		lanes x = lanes_load(bits + w) & lanes_load(c + w);

		lanes_store(d + w, x);
		some |= (u64)(lanes_full(~x) ^ ((1 << LANES) - 1)) << w;
	}
	return some;
}

/* The same if few words of @c have bits, of which no other is looked at. */
static u64 probe_sparse(const struct ksift_line_run *r,
			const struct ksift_line_literal *lit, const u64 *c, u64 *d,
			u64 some)
{
	const u8 *p = r->text - lit->len;
	struct needle needle __uninitialized;
	u64 left = some;

	if (d != c)
		slot_clear(r, d);
	load_needle(&needle, &lit->probe, 2);
	for (; left; left &= left - 1) {
		u32 w = ksift_low_bit(left);

		d[w] = match64(p + w * 64, &needle, 2, true) & c[w];
		if (!d[w])
			some &= ~(left & -left);
	}
	return some;
}

/* Returns false if the section has to end before all candidates are verified. */
static noinline bool do_literal(struct ksift_line_run *r, const struct ksift_insn *q)
{
	const struct ksift_line_literal *lit = &r->prog->literals[q->n];
	const u64 *c = slot(r, q->c);
	u64 *d = slot(r, q->d), some = r->unverified;

	if (!some) {
		if (q->c != KSIFT_SLOT_ONES)
			some = slot_words(r, c);
		else
			some = ~0ULL;
		if (ksift_popcount64(some) <= SPARSE_WORDS)
			some = probe_sparse(r, lit, c, d, some);
		else if (lit->probe.masked)
			some = probe_words(r, lit, c, d, true);
		else
			some = probe_words(r, lit, c, d, false);
		/* The probe was all of it. */
		if (lit->len <= 2)
			return true;
	}
	for (; some && r->budget > 0; some &= some - 1) {
		u32 w = ksift_low_bit(some);

		d[w] = verify(r, r->text + w * 64 - lit->len, lit, d[w]);
	}
	r->unverified = some;
	return !some;
}

/* The last @k of the places of @a & @b, and of the @k before the block, @carry. */
static noinline u64 last_bits(const struct ksift_line_run *r, const u64 *a,
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

static __always_inline void advance(struct ksift_line_run *r,
				    const struct ksift_insn *q, bool or)
{
	const u32 words = r->words, k = q->k;
	const u64 *a = slot(r, q->a), *b = slot(r, q->b), *c = slot(r, q->c);
	const u64 *f = mask_slot(r, q->mask);
	u64 *d = slot(r, q->d), *carry = &r->carry[q->carry];
	lanes before = lanes_word(*carry << (64 - k));
	size_t w;

	if (r->trim)
		*carry = last_bits(r, a, b, k, *carry);
	else
		*carry = (a[words - 1] & b[words - 1]) >> (64 - k);
	for (w = 0; w < words; w += LANES) {
		lanes cur = lanes_load(a + w) & lanes_load(b + w);
		lanes turned = lanes_turn(cur), x;

		x = lanes_shl(cur, k) | lanes_shr(lanes_first(turned, before), 64 - k);
		x &= ~lanes_load(f + w);
		if (or)
			x |= lanes_load(c + w);
		else
			x &= lanes_load(c + w);
		lanes_store(d + w, x);
		before = turned;
	}
}

/*
 * @sum = (@a & @b) + @b + @carry over the whole block.  The words are added up apart;
 * those that overflow carry one into the next, and through all that are full, which
 * is again an addition, of one bit a word.  Returns what is carried into each word,
 * and behind the last one out of it: that is not yet in @sum.
 */
static __always_inline u64 add_through(const struct ksift_line_run *r, const u64 *a,
				       const u64 *b, u64 carry, lanes *sum)
{
	const u32 words = r->words;
	const u64 *nl = slot(r, KSIFT_SLOT_NEWLINES);
	u64 wrapped = 0, full = 0, in;
	size_t w;

	for (w = 0; w < words; w += LANES) {
		lanes t = ~lanes_load(nl + w), m, s;

		if (b)
			t &= lanes_load(b + w);
		m = lanes_load(a + w) & t;
		s = m + t;
		sum[w / LANES] = s;
		/* All bits of m are t's: the highest ones tell what is carried out. */
		wrapped |= (u64)lanes_tops(m | (t & ~s)) << w;
		full |= (u64)lanes_full(s) << w;
	}
	in = wrapped << 1 | carry;
	return (in + full) ^ full;
}

/* The bit of @d behind the last place, where @d has not been trimmed. */
static __always_inline u64 carry_out(const struct ksift_line_run *r, const u64 *d, u64 in)
{
	if (r->trim)
		return d[r->bits / 64] >> r->bits % 64 & 1;
	return in >> r->words & 1;
}

static void run_thru(struct ksift_line_run *r, const struct ksift_insn *q, bool thru)
{
	const u32 words = r->words;
	const u64 *a = slot(r, q->a), *b = slot(r, q->b);
	const u64 *nl = slot(r, KSIFT_SLOT_NEWLINES);
	lanes sum[KSIFT_BLOCK_WORDS / LANES] __uninitialized;
	u64 *d = slot(r, q->d), *carry = &r->carry[q->carry];
	u64 in = add_through(r, a, b, *carry, sum);
	const lanes carries = lanes_splat(in);
	lanes places = lanes_places();
	size_t w;

	for (w = 0; w < words; w += LANES, places <<= LANES) {
		lanes t = lanes_load(b + w) & ~lanes_load(nl + w);
		lanes x = sum[w / LANES] - lanes_fill(carries, places);

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
	const u32 words = r->words;
	const u64 *a = slot(r, q->a), *nl = slot(r, KSIFT_SLOT_NEWLINES);
	const u64 *start = mask_slot(r, 1);
	lanes sum[KSIFT_BLOCK_WORDS / LANES] __uninitialized;
	lanes all[KSIFT_BLOCK_WORDS / LANES] __uninitialized;
	u64 before[KSIFT_BLOCK_WORDS] __aligned(64) __uninitialized;
	u64 *d = slot(r, q->d), *carry = &r->carry[q->carry];
	lanes last_word = lanes_word(*carry << 63), places = lanes_places(), carries;
	u64 odd = 0, in;
	size_t w;
	u32 k, last = r->bits - 1;

	for (w = 0; w < words; w += LANES) {
		lanes x = lanes_load(a + w);

		for (k = 1; k < 64; k *= 2)
			x ^= lanes_shl(x, k);
		all[w / LANES] = x;
		odd |= (u64)lanes_tops(x) << w;
	}
	odd = odd << 1 | *carry;
	for (k = 1; k < 64; k *= 2)
		odd ^= odd << k;
	carries = lanes_splat(odd);
	for (w = 0; w < words; w += LANES, places <<= LANES) {
		lanes x = all[w / LANES] ^ lanes_fill(carries, places);
		lanes turned = lanes_turn(x);

		all[w / LANES] = x;
		x = lanes_shl(x, 1) | lanes_shr(lanes_first(turned, last_word), 63);
		lanes_store(before + w, x & lanes_load(start + w));
		last_word = turned;
	}
	in = add_through(r, before, NULL, 0, sum);
	carries = lanes_splat(in);
	places = lanes_places();
	for (w = 0; w < words; w += LANES, places <<= LANES) {
		lanes x = sum[w / LANES] - lanes_fill(carries, places);

		x ^= ~lanes_load(nl + w);
		x |= lanes_load(before + w);
		lanes_store(d + w, x ^ all[w / LANES]);
	}
	*carry = (d[last / 64] & ~nl[last / 64]) >> last % 64 & 1;
}

static noinline void do_accept(struct ksift_line_run *r, const struct ksift_insn *q)
{
	const u32 words = r->words;
	const u64 *a = slot(r, q->a), *nl = slot(r, KSIFT_SLOT_NEWLINES);
	u64 *carry = &r->carry[q->carry], *out, in;
	lanes sum[KSIFT_BLOCK_WORDS / LANES] __uninitialized;
	lanes some = (lanes){ 0 }, places = lanes_places(), carries;
	size_t w;
	u32 at = r->done / 64, i = r->prog->result[q->n];

	if (!*carry && !slot_any(r, a))
		return;
	in = add_through(r, a, NULL, *carry, sum);
	/* Behind the last place are no newlines: a carry goes on to the block's end. */
	*carry = in >> r->words & 1;
	carries = lanes_splat(in);
	for (w = 0; w < words; w += LANES, places <<= LANES) {
		lanes x = sum[w / LANES] - lanes_fill(carries, places);

		x |= lanes_load(a + w);
		x &= lanes_load(nl + w);
		sum[w / LANES] = x;
		some |= x;
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
	for (w = 0; w < words; w += LANES)
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
	const u32 words = r->words;
	const u64 *a = slot(r, q->a), *b = slot(r, q->b);
	u64 *d = slot(r, q->d);
	size_t w;

	for (w = 0; w < words; w += LANES) {
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
		/* In the next section it goes on. */
		if (!do_literal(r, q)) {
			r->at--;
			return;
		}
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
	case KSIFT_INSN_ADVANCE_AND:
		advance(r, q, false);
		break;
	case KSIFT_INSN_ADVANCE_OR:
		advance(r, q, true);
		break;
	case KSIFT_INSN_RUN:
	case KSIFT_INSN_THRU:
		run_thru(r, q, q->code == KSIFT_INSN_THRU);
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
	const size_t ahead = r->ahead;
	size_t w = 0, n = min(r->len - r->done, (size_t)r->block), rest, i;
	u8 *text = r->text;

	r->bits = n;
	r->words = (n + KSIFT_BLOCK_STEP * 64 - 1) / (KSIFT_BLOCK_STEP * 64) *
		   KSIFT_BLOCK_STEP;
	r->trim = n != r->words * 64;
	r->unverified = 0;
	r->ready = 0;
	r->at = 0;
	if (r->buf) {
		const u8 *p = r->buf + r->done;

		for (; w < n / 64 / UNROLL * UNROLL; w += UNROLL) {
#pragma GCC unroll 8
			for (i = 0; i < UNROLL; i++) {
				size_t at = (w + i) * 64;

				__builtin_prefetch(p + at + ahead);
				nl[w + i] = scalar_word(copy64(text + at, p + at));
			}
		}
		for (; w < n / 64; w++)
			nl[w] = copy64(text + w * 64, p + w * 64);
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
	if (r->column > KSIFT_DISTANCE_MAX)
		r->column = KSIFT_DISTANCE_MAX;
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
