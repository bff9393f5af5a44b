// SPDX-License-Identifier: GPL-2.0-only
/*
 * x86-64 with AVX2.  Compiled for processors that have it, so it is entered only
 * through simd.h, where vector registers may be used, and only once variants.c
 * has found such a processor.
 */
#include "../level.h"
#include "../linecode.h"
#include "../ops.h"
#include "../../uapi/ksift.h"

/* sparse does not know vector types: nothing in here is for it. */
#ifndef __CHECKER__

typedef char v32 __attribute__((vector_size(32)));
typedef char v32u __attribute__((vector_size(32), may_alias)) __aligned(1);
typedef unsigned char v32b __attribute__((vector_size(32)));
typedef short v16h __attribute__((vector_size(32)));
typedef u64 v4q __attribute__((vector_size(32)));

static __always_inline v32 splat(u8 c)
{
	return (v32){} + (char)c;
}

static __always_inline v32 load(const u8 *p)
{
	return *(const v32u *)p;
}

static __always_inline u32 high_bits(v32 v)
{
	return __builtin_ia32_pmovmskb256(v);
}

static __always_inline u64 both(v32 a, v32 b)
{
	return high_bits(a) | (u64)high_bits(b) << 32;
}

static __always_inline u64 newlines64(const u8 *p)
{
	const v32 nl = splat('\n');

	return both((v32)(load(p) == nl), (v32)(load(p + 32) == nl));
}

static __always_inline u64 trailing_zeros(u64 bits)
{
	return __builtin_ia32_tzcnt_u64(bits);
}

struct needle {
	v32 val[KSIFT_PROBES_MAX];
	v32 mask[KSIFT_PROBES_MAX];
	size_t off[KSIFT_PROBES_MAX];
};

/* Written out: not every compiler unrolls a loop over them. */
static __always_inline void load_probe(struct needle *n,
				       const struct ksift_probe *probe, u32 k)
{
	n->val[k] = splat(probe->val[k]);
	n->mask[k] = splat(probe->mask[k]);
	n->off[k] = probe->off[k];
}

static __always_inline void load_needle(struct needle *n,
					const struct ksift_probe *probe,
					u32 count)
{
	load_probe(n, probe, 0);
	if (count > 1)
		load_probe(n, probe, 1);
	if (count > 2)
		load_probe(n, probe, 2);
	if (count > 3)
		load_probe(n, probe, 3);
	if (count > 4) {
		load_probe(n, probe, 4);
		load_probe(n, probe, 5);
	}
	if (count > 6) {
		load_probe(n, probe, 6);
		load_probe(n, probe, 7);
	}
	if (count > 8) {
		load_probe(n, probe, 8);
		load_probe(n, probe, 9);
		load_probe(n, probe, 10);
		load_probe(n, probe, 11);
	}
}

static __always_inline v32 probe32(const u8 *p, const struct needle *n, u32 k,
				   bool masked)
{
	v32 v = load(p + n->off[k]);

	if (masked)
		v &= n->mask[k];
	return (v32)(v == n->val[k]);
}

static __always_inline v32 match32(const u8 *p, const struct needle *n, u32 count,
				   bool masked)
{
	v32 match = probe32(p, n, 0, masked);

	if (count > 1)
		match &= probe32(p, n, 1, masked);
	if (count > 2)
		match &= probe32(p, n, 2, masked);
	if (count > 3)
		match &= probe32(p, n, 3, masked);
	if (count > 4)
		match &= probe32(p, n, 4, masked) & probe32(p, n, 5, masked);
	if (count > 6)
		match &= probe32(p, n, 6, masked) & probe32(p, n, 7, masked);
	if (count > 8)
		match &= probe32(p, n, 8, masked) & probe32(p, n, 9, masked) &
			 probe32(p, n, 10, masked) & probe32(p, n, 11, masked);
	return match;
}

static __always_inline u64 match64(const u8 *p, const struct needle *n,
				   u32 count, bool masked)
{
	return both(match32(p, n, count, masked),
		    match32(p + 32, n, count, masked));
}

static __always_inline void load_word(struct needle *n,
				      const struct ksift_probe *probe,
				      u32 count)
{
	u32 k;

#pragma GCC unroll 12
	for (k = 0; k < count; k++) {
		n->val[k] = splat(probe->val[k]);
		n->mask[k] = splat(probe->mask[k]);
	}
}

/* The bytes follow one another: their distances are constants and take no registers. */
static __always_inline v32 word32(const u8 *p, const struct needle *n, u32 count,
				  bool masked)
{
	v32 match = splat(0xff);
	u32 k;

#pragma GCC unroll 12
	for (k = 0; k < count; k++) {
		v32 v = load(p + k);

		if (masked)
			v &= n->mask[k];
		match &= (v32)(v == n->val[k]);
	}
	return match;
}

static __always_inline u64 word64(const u8 *p, const struct needle *n, u32 count,
				  bool masked)
{
	return both(word32(p, n, count, masked),
		    word32(p + 32, n, count, masked));
}

struct teddy_masks {
	v32 low[KSIFT_BUCKETS / 8][KSIFT_TEDDY_WIDTH];
	v32 high[KSIFT_BUCKETS / 8][KSIFT_TEDDY_WHOLE];
};

/* Build from scalars: a memory operand would be reloaded each time. */
static __always_inline v32 twice(const u8 *table)
{
	const struct ksift_u64 *half = (const void *)table;
	const v4q v = { half[0].v, half[1].v, half[0].v, half[1].v };

	return (v32)v;
}

static __always_inline void load_masks(struct teddy_masks *s,
				       const struct ksift_teddy *teddy,
				       u32 width, bool whole, bool wide)
{
	u32 k;

#pragma GCC unroll 6
	for (k = 0; k < width; k++) {
		s->low[0][k] = twice(teddy->low[0][k]);
		if (wide)
			s->low[1][k] = twice(teddy->low[1][k]);
		if (whole)
			s->high[0][k] = twice(teddy->high[0][k]);
		if (whole && wide)
			s->high[1][k] = twice(teddy->high[1][k]);
	}
}

static __always_inline v32 look_up(v32 table, v32 v)
{
	return __builtin_ia32_pshufb256(table, v);
}

static __always_inline v32 high_nibbles(v32 v)
{
	return (v32)((v16h)v >> 4) & splat(0x0f);
}

/* Of a byte from 0x80 on, pshufb gives zero, unless its high nibble is masked. */
static __always_inline u32 teddy32(const u8 *p, const struct teddy_masks *s,
				   u32 width, bool whole, bool wide)
{
	v32 found[2] = { splat(0xff), splat(0xff) };
	u32 k;

#pragma GCC unroll 6
	for (k = 0; k < width; k++) {
		v32 v = load(p + k), high;

		/* All registers are in use: keep the order, and load the text once. */
		if (wide && k)
			asm volatile("" : "+x" (v), "+x" (found[0]),
				     "+x" (found[1]));
		if (whole) {
			high = high_nibbles(v);
			v &= splat(0x0f);
			found[0] &= look_up(s->high[0][k], high);
			if (wide)
				found[1] &= look_up(s->high[1][k], high);
		}
		found[0] &= look_up(s->low[0][k], v);
		if (wide)
			found[1] &= look_up(s->low[1][k], v);
	}
	if (wide)
		found[0] |= found[1];
	return ~high_bits((v32)(found[0] == splat(0)));
}

static __always_inline u64 teddy64(const u8 *p, const struct teddy_masks *s,
				   u32 width, bool whole, bool wide)
{
	u64 found = 0;
	u32 i;

	if (!wide)
		return teddy32(p, s, width, whole, false) |
		       (u64)teddy32(p + 32, s, width, whole, false) << 32;
#pragma GCC unroll 1
	for (i = 0; i < 64; i += 32)
		found |= (u64)teddy32(p + i, s, width, whole, true) << i;
	return found;
}

struct name_heads {
	v32 low[KSIFT_NAME_HEAD];
};

static __always_inline void load_name_heads(struct name_heads *names)
{
	u32 k;

	for (k = 0; k < KSIFT_NAME_HEAD; k++)
		names->low[k] = twice(ksift_name_heads[k]);
}

static __always_inline u32 names32(const u8 *p, const struct name_heads *names,
				   u32 *letters, u32 *capitals)
{
	v32 v = load(p);
	v32 is_letter = (v32)((v32b)(v | splat(0x20)) - 'a' < 26);
	/* Of what is not ASCII, pshufb gives zero. */
	v32 heads = look_up(names->low[0], v) &
		    look_up(names->low[1], load(p + 1)) &
		    look_up(names->low[2], load(p + 2));

	*letters = high_bits(is_letter);
	/* Bit 5 of each byte, which a capital lacks, moved to the top. */
	*capitals = *letters & ~high_bits((v32)((v16h)v << 2));
	return ~high_bits((v32)(heads == splat(0)));
}

static __always_inline u64 names64(const u8 *p, const struct name_heads *names,
				   u64 *letters, u64 *capitals)
{
	u32 l[2], c[2];
	u64 heads = names32(p, names, &l[0], &c[0]) |
		    (u64)names32(p + 32, names, &l[1], &c[1]) << 32;

	*letters = l[0] | (u64)l[1] << 32;
	*capitals = c[0] | (u64)c[1] << 32;
	return heads;
}

/*
 * Compilers load a vector twice that is used twice.  A search can bear that the text
 * changes between the two, as its candidates are verified; a sum cannot: load it
 * once.
 */
static __always_inline v32 load_once(const u8 *p)
{
	v32 v = load(p);

	asm("" : "+x" (v));
	return v;
}

static __always_inline u64 add_up(v4q v)
{
	return v[0] + v[1] + v[2] + v[3];
}

/*
 * Each integer is its low half, plus 2^32 times its high half, minus 2^64 if it
 * is negative.  The three are added up apart, and none can overflow.
 */
static void op_sum_i64(struct ksift_sum128 *sum, const u8 *buf, size_t count)
{
	unsigned __int128 total = (unsigned __int128)sum->hi << 64 | sum->lo;
	v4q low[2] = { 0 }, high[2] = { 0 }, negative[2] = { 0 };
	size_t i;

	for (i = 0; i < count; i += KSIFT_SUM_STEP) {
		v4q a = (v4q)load_once(buf + i * 8);
		v4q b = (v4q)load_once(buf + i * 8 + 32);

		low[0] += a & 0xffffffff;
		low[1] += b & 0xffffffff;
		high[0] += a >> 32;
		high[1] += b >> 32;
		negative[0] += a >> 63;
		negative[1] += b >> 63;
	}
	total += add_up(low[0] + low[1]);
	total += (unsigned __int128)add_up(high[0] + high[1]) << 32;
	total -= (unsigned __int128)add_up(negative[0] + negative[1]) << 64;
	sum->lo = (u64)total;
	sum->hi = (u64)(total >> 64);
}

#include "../vector-template.h"

/* A line program's registers, four words at a time. */
#define LANES 4
#define UNROLL 2

typedef u64 lanes __attribute__((vector_size(32), may_alias));
typedef long long v4s __attribute__((vector_size(32)));
typedef double v4d __attribute__((vector_size(32)));

static __always_inline lanes lanes_load(const u64 *p)
{
	return *(const lanes *)p;
}

static __always_inline void lanes_store(u64 *p, lanes v)
{
	*(lanes *)p = v;
}

static __always_inline lanes lanes_shl(lanes v, u32 k)
{
	const v4s by = { k, k, k, k };

	if (__builtin_constant_p(k))
		return v << k;
	return (lanes)__builtin_ia32_psllv4di((v4s)v, by);
}

static __always_inline lanes lanes_shr(lanes v, u32 k)
{
	const v4s by = { k, k, k, k };

	if (__builtin_constant_p(k))
		return v >> k;
	return (lanes)__builtin_ia32_psrlv4di((v4s)v, by);
}

static __always_inline lanes lanes_turn(lanes v)
{
	return (lanes){ v[3], v[0], v[1], v[2] };
}

static __always_inline lanes lanes_first(lanes v, lanes from)
{
	return (lanes){ from[0], v[1], v[2], v[3] };
}

static __always_inline lanes lanes_word(u64 v)
{
	return (lanes){ v };
}

static __always_inline bool lanes_any(lanes v)
{
	return !__builtin_ia32_ptestz256((v4s)v, (v4s)v);
}

static __always_inline u32 lanes_tops(lanes v)
{
	return __builtin_ia32_movmskpd256((v4d)v);
}

static __always_inline u32 lanes_full(lanes v)
{
	return lanes_tops((lanes)(v == ~(lanes){ 0 }));
}

static __always_inline lanes lanes_splat(u64 v)
{
	return (lanes){ 0 } + v;
}

static __always_inline lanes lanes_places(void)
{
	return (lanes){ 1, 2, 4, 8 };
}

static __always_inline lanes lanes_fill(lanes some, lanes places)
{
	return (lanes)((some & places) == places);
}

static __always_inline u64 copy64(u8 *to, const u8 *p)
{
	const v32 nl = splat('\n');
	v32 a = load_once(p), b = load_once(p + 32);

	*(v32 *)to = a;
	*(v32 *)(to + 32) = b;
	return both((v32)(a == nl), (v32)(b == nl));
}

/* Of a byte from 0x80 on, pshufb gives zero. */
struct set_masks {
	v32 low;
	v32 span;
	v32 ascii;
	v32 others;
	v32 place;
};

static __always_inline void load_set(struct set_masks *m, const struct ksift_byte_set *set)
{
	const v4q place = {
		0x8040201008040201, 0x8040201008040201, 0x8040201008040201,
		0x8040201008040201,
	};

	m->low = splat(set->low);
	m->span = splat(set->span);
	m->ascii = twice(set->table[0]);
	m->others = twice(set->table[1]);
	m->place = (v32)place;
}

static __always_inline v32 set32(v32 v, const struct set_masks *m, u32 kind)
{
	v32 found, place;

	if (kind == KSIFT_SET_ONE)
		return (v32)(v == m->low);
	if (kind == KSIFT_SET_RANGE)
		return (v32)((v32b)v - (v32b)m->low <= (v32b)m->span);
	found = look_up(m->ascii, v);
	if (kind == KSIFT_SET_ANY)
		found |= look_up(m->others, v ^ splat(0x80));
	place = look_up(m->place, high_nibbles(v));
	return (v32)((found & place) == place);
}

static __always_inline u64 set64(const u8 *p, const struct set_masks *m, u32 kind)
{
	return both(set32(load(p), m, kind), set32(load(p + 32), m, kind));
}

static __always_inline u64 equal64(const u8 *p, const u64 *pairs, u32 len, bool masked)
{
	v32 a = splat(0xff), b = a;
	u32 i;

	for (i = 0; i < len; i++) {
		const u8 *byte = (const u8 *)(pairs + i / 8 * 2) + i % 8;
		v32 val = splat(byte[0]), x = load(p + i), y = load(p + i + 32);

		if (masked) {
			x &= splat(byte[8]);
			y &= splat(byte[8]);
		}
		a &= (v32)(x == val);
		b &= (v32)(y == val);
		if (i % 8 == 7 && !lanes_any((lanes)(a | b)))
			break;
	}
	return both(a, b);
}

#include "../lineprog-template.h"

const struct ksift_variant_ops ksift_variant_avx2 = {
	.id = KSIFT_VARIANT_AVX2,
	.name = "avx2",
	.newlines = op_newlines,
	.find = op_find,
	.find_many = op_find_many,
	.tally = op_tally,
	.tally_lines = op_tally_lines,
	.hunt = op_hunt,
	.find_levels = op_find_levels,
	.tally_levels = op_tally_levels,
	.sum_i64 = op_sum_i64,
	.lineprog = op_lineprog,
};

const struct ksift_variant_ops ksift_variant_avx512 = {
	.id = KSIFT_VARIANT_AVX512,
	.name = "avx512",
	.newlines = op_newlines,
	.find = op_find,
	.find_many = ksift_find_many_avx512,
	.tally = op_tally,
	.tally_lines = op_tally_lines,
	.hunt = op_hunt,
	.find_levels = op_find_levels,
	.tally_levels = op_tally_levels,
	.sum_i64 = op_sum_i64,
	.lineprog = op_lineprog,
};

#endif /* __CHECKER__ */
