// SPDX-License-Identifier: GPL-2.0-only
/*
 * arm64 with Advanced SIMD, little endian: a bitmap's first bit is of the lowest
 * address here.  Compiled for processors that have it, so it is entered only
 * through simd.h, where vector registers may be used, and only once variants.c
 * has found such a processor.
 */
#include "../level.h"
#include "../linecode.h"
#include "../ops.h"
#include "../../uapi/ksift.h"

/* sparse does not know vector types: nothing in here is for it. */
#ifndef __CHECKER__

#ifdef __KERNEL__
#include <asm/neon-intrinsics.h>
#else
#include <arm_neon.h>
#endif

typedef uint8x16_t v16;

static __always_inline v16 load(const u8 *p)
{
	return vld1q_u8(p);
}

/*
 * A bit for each byte of four vectors, which are 0 or 0xff: each byte keeps the bit
 * of its place among eight, and three pairwise additions bring eight together
 * (simdjson's arm64 to_bitmask, by G. Langdale and D. Lemire,
 * "Parsing Gigabytes of JSON per Second", 2019).
 */
static __always_inline u64 bits64(v16 a, v16 b, v16 c, v16 d)
{
	const v16 place = {
		1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128,
	};
	v16 ab = vpaddq_u8(a & place, b & place);
	v16 cd = vpaddq_u8(c & place, d & place);
	v16 abcd = vpaddq_u8(ab, cd);

	return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(abcd, abcd)), 0);
}

static __always_inline u64 newlines64(const u8 *p)
{
	const v16 nl = vdupq_n_u8('\n');

	return bits64(vceqq_u8(load(p), nl), vceqq_u8(load(p + 16), nl),
		      vceqq_u8(load(p + 32), nl), vceqq_u8(load(p + 48), nl));
}

/* Of 0 it is 64: that is what rbit and clz give, so there is no branch. */
static __always_inline u64 trailing_zeros(u64 bits)
{
	return bits ? __builtin_ctzll(bits) : 64;
}

struct needle {
	v16 val[KSIFT_PROBES_MAX];
	v16 mask[KSIFT_PROBES_MAX];
	size_t off[KSIFT_PROBES_MAX];
};

static __always_inline void load_word(struct needle *n,
				      const struct ksift_probe *probe,
				      u32 count)
{
	u32 k;

#pragma GCC unroll 12
	for (k = 0; k < count; k++) {
		n->val[k] = vdupq_n_u8(probe->val[k]);
		n->mask[k] = vdupq_n_u8(probe->mask[k]);
	}
}

static __always_inline void load_needle(struct needle *n,
					const struct ksift_probe *probe,
					u32 count)
{
	u32 k;

	load_word(n, probe, count);
#pragma GCC unroll 12
	for (k = 0; k < count; k++)
		n->off[k] = probe->off[k];
}

static __always_inline v16 probe16(v16 v, const struct needle *n, u32 k,
				   bool masked)
{
	if (masked)
		v &= n->mask[k];
	return vceqq_u8(v, n->val[k]);
}

static __always_inline v16 match16(const u8 *p, const struct needle *n, u32 count,
				   bool masked)
{
	v16 match = probe16(load(p + n->off[0]), n, 0, masked);
	u32 k;

#pragma GCC unroll 12
	for (k = 1; k < count; k++)
		match &= probe16(load(p + n->off[k]), n, k, masked);
	return match;
}

static __always_inline u64 match64(const u8 *p, const struct needle *n,
				   u32 count, bool masked)
{
	return bits64(match16(p, n, count, masked),
		      match16(p + 16, n, count, masked),
		      match16(p + 32, n, count, masked),
		      match16(p + 48, n, count, masked));
}

/* The bytes follow one another: their distances are constants and take no registers. */
static __always_inline v16 word16(const u8 *p, const struct needle *n, u32 count,
				  bool masked)
{
	v16 match = probe16(load(p), n, 0, masked);
	u32 k;

#pragma GCC unroll 12
	for (k = 1; k < count; k++)
		match &= probe16(load(p + k), n, k, masked);
	return match;
}

static __always_inline u64 word64(const u8 *p, const struct needle *n, u32 count,
				  bool masked)
{
	return bits64(word16(p, n, count, masked),
		      word16(p + 16, n, count, masked),
		      word16(p + 32, n, count, masked),
		      word16(p + 48, n, count, masked));
}

struct teddy_masks {
	v16 low[KSIFT_BUCKETS / 8][KSIFT_TEDDY_WIDTH];
	v16 high[KSIFT_BUCKETS / 8][KSIFT_TEDDY_WHOLE];
};

static __always_inline void load_masks(struct teddy_masks *s,
				       const struct ksift_teddy *teddy,
				       u32 width, bool whole, bool wide)
{
	u32 k;

#pragma GCC unroll 6
	for (k = 0; k < width; k++) {
		s->low[0][k] = load(teddy->low[0][k]);
		if (wide)
			s->low[1][k] = load(teddy->low[1][k]);
		if (whole)
			s->high[0][k] = load(teddy->high[0][k]);
		if (whole && wide)
			s->high[1][k] = load(teddy->high[1][k]);
	}
}

/* Of an index from 16 on, as of what is not ASCII, tbl gives zero. */
static __always_inline v16 look_up(v16 table, v16 v)
{
	return vqtbl1q_u8(table, v);
}

static __always_inline v16 teddy16(const u8 *p, const struct teddy_masks *s,
				   u32 width, bool whole, bool wide)
{
	v16 found[2] = { vdupq_n_u8(0xff), vdupq_n_u8(0xff) };
	u32 k;

#pragma GCC unroll 6
	for (k = 0; k < width; k++) {
		v16 v = load(p + k), high = vshrq_n_u8(v, 4);

		v &= vdupq_n_u8(whole ? 0x0f : 0x8f);
		found[0] &= look_up(s->low[0][k], v);
		if (wide)
			found[1] &= look_up(s->low[1][k], v);
		if (whole)
			found[0] &= look_up(s->high[0][k], high);
		if (whole && wide)
			found[1] &= look_up(s->high[1][k], high);
	}
	if (wide)
		found[0] |= found[1];
	return vtstq_u8(found[0], found[0]);
}

static __always_inline u64 teddy64(const u8 *p, const struct teddy_masks *s,
				   u32 width, bool whole, bool wide)
{
	return bits64(teddy16(p, s, width, whole, wide),
		      teddy16(p + 16, s, width, whole, wide),
		      teddy16(p + 32, s, width, whole, wide),
		      teddy16(p + 48, s, width, whole, wide));
}

struct name_heads {
	v16 low[KSIFT_NAME_HEAD];
};

static __always_inline void load_name_heads(struct name_heads *names)
{
	u32 k;

	for (k = 0; k < KSIFT_NAME_HEAD; k++)
		names->low[k] = load(ksift_name_heads[k]);
}

static __always_inline v16 name_head(const u8 *p, const struct name_heads *names,
				     u32 k)
{
	return look_up(names->low[k], load(p + k) & vdupq_n_u8(0x8f));
}

static __always_inline v16 names16(const u8 *p, const struct name_heads *names,
				   v16 *letters, v16 *capitals)
{
	const v16 small = vdupq_n_u8(0x20);
	v16 v = load(p), heads = name_head(p, names, 0) &
				 name_head(p, names, 1) & name_head(p, names, 2);

	*letters = vcltq_u8(vsubq_u8(v | small, vdupq_n_u8('a')),
			    vdupq_n_u8(26));
	*capitals = vbicq_u8(*letters, vtstq_u8(v, small));
	return vtstq_u8(heads, heads);
}

static __always_inline u64 names64(const u8 *p, const struct name_heads *names,
				   u64 *letters, u64 *capitals)
{
	v16 h[4], l[4], c[4];
	u32 k;

#pragma GCC unroll 4
	for (k = 0; k < 4; k++)
		h[k] = names16(p + k * 16, names, &l[k], &c[k]);
	*letters = bits64(l[0], l[1], l[2], l[3]);
	*capitals = bits64(c[0], c[1], c[2], c[3]);
	return bits64(h[0], h[1], h[2], h[3]);
}

/*
 * Compilers load a vector twice that is used twice.  A search can bear that the text
 * changes between the two, as its candidates are verified; a sum cannot: load it
 * once.
 */
static __always_inline v16 load_once(const u8 *p)
{
	v16 v = load(p);

	asm("" : "+w" (v));
	return v;
}

/*
 * The low halves of the integers, and the high ones, which have the sign, are
 * added up apart, and neither sum can overflow.
 */
static void op_sum_i64(struct ksift_sum128 *sum, const u8 *buf, size_t count)
{
	unsigned __int128 total = (unsigned __int128)sum->hi << 64 | sum->lo;
	uint64x2_t low[2] = { vdupq_n_u64(0), vdupq_n_u64(0) };
	int64x2_t high[2] = { vdupq_n_s64(0), vdupq_n_s64(0) };
	size_t i;
	u32 k;

	for (i = 0; i < count; i += KSIFT_SUM_STEP) {
#pragma GCC unroll 2
		for (k = 0; k < 2; k++) {
			const u8 *p = buf + i * 8 + k * 32;
			uint32x4_t a = vreinterpretq_u32_u8(load_once(p));
			uint32x4_t b = vreinterpretq_u32_u8(load_once(p + 16));

			low[k] = vpadalq_u32(low[k], vuzp1q_u32(a, b));
			high[k] = vpadalq_s32(high[k],
					      vreinterpretq_s32_u32(vuzp2q_u32(a, b)));
		}
	}
	total += vaddvq_u64(vaddq_u64(low[0], low[1]));
	total += (unsigned __int128)(__int128)vaddvq_s64(vaddq_s64(high[0], high[1])) << 32;
	sum->lo = (u64)total;
	sum->hi = (u64)(total >> 64);
}

#include "../vector-template.h"

/* A line program's registers, two words at a time. */
#define LANES 2
#define UNROLL 1

typedef uint64x2_t lanes;

static __always_inline lanes lanes_load(const u64 *p)
{
	return vld1q_u64((const uint64_t *)p);
}

static __always_inline void lanes_store(u64 *p, lanes v)
{
	vst1q_u64((uint64_t *)p, v);
}

static __always_inline lanes lanes_shl(lanes v, u32 k)
{
	return vshlq_u64(v, vdupq_n_s64(k));
}

static __always_inline lanes lanes_shr(lanes v, u32 k)
{
	return vshlq_u64(v, vdupq_n_s64(-(s64)k));
}

static __always_inline lanes lanes_turn(lanes v)
{
	return vextq_u64(v, v, 1);
}

static __always_inline lanes lanes_first(lanes v, lanes from)
{
	return vcopyq_laneq_u64(v, 0, from, 0);
}

static __always_inline lanes lanes_word(u64 v)
{
	return vsetq_lane_u64(v, vdupq_n_u64(0), 0);
}

static __always_inline bool lanes_any(lanes v)
{
	return vmaxvq_u32(vreinterpretq_u32_u64(v));
}

static __always_inline u32 lanes_tops(lanes v)
{
	v = vshrq_n_u64(v, 63);
	return vgetq_lane_u64(v, 0) | vgetq_lane_u64(v, 1) << 1;
}

static __always_inline u32 lanes_full(lanes v)
{
	return lanes_tops(vceqq_u64(v, vdupq_n_u64(~0ULL)));
}

static __always_inline lanes lanes_splat(u64 v)
{
	return vdupq_n_u64(v);
}

static __always_inline lanes lanes_places(void)
{
	return (lanes){ 1, 2 };
}

static __always_inline lanes lanes_fill(lanes some, lanes places)
{
	return vtstq_u64(some, places);
}

static __always_inline u64 copy64(u8 *to, const u8 *p)
{
	const v16 nl = vdupq_n_u8('\n');
	v16 v[4];
	u32 k;

#pragma GCC unroll 4
	for (k = 0; k < 4; k++) {
		v[k] = load_once(p + k * 16);
		vst1q_u8(to + k * 16, v[k]);
	}
	return bits64(vceqq_u8(v[0], nl), vceqq_u8(v[1], nl), vceqq_u8(v[2], nl),
		      vceqq_u8(v[3], nl));
}

struct set_masks {
	v16 low;
	v16 span;
	v16 ascii;
	v16 others;
	v16 place;
};

static __always_inline void load_set(struct set_masks *m, const struct ksift_byte_set *set)
{
	const v16 place = {
		1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128,
	};

	m->low = vdupq_n_u8(set->low);
	m->span = vdupq_n_u8(set->span);
	m->ascii = load(set->table[0]);
	m->others = load(set->table[1]);
	m->place = place;
}

static __always_inline v16 set16(v16 v, const struct set_masks *m, u32 kind)
{
	const v16 low = vdupq_n_u8(0x8f);
	v16 found;

	if (kind == KSIFT_SET_ONE)
		return vceqq_u8(v, m->low);
	if (kind == KSIFT_SET_RANGE)
		return vcleq_u8(vsubq_u8(v, m->low), m->span);
	found = look_up(m->ascii, v & low);
	if (kind == KSIFT_SET_ANY)
		found |= look_up(m->others, (v ^ vdupq_n_u8(0x80)) & low);
	return vtstq_u8(found, look_up(m->place, vshrq_n_u8(v, 4)));
}

static __always_inline u64 set64(const u8 *p, const struct set_masks *m, u32 kind)
{
	return bits64(set16(load(p), m, kind), set16(load(p + 16), m, kind),
		      set16(load(p + 32), m, kind), set16(load(p + 48), m, kind));
}

static __always_inline u64 equal64(const u8 *p, const u64 *pairs, u32 len, bool masked)
{
	v16 v[4];
	u32 i, k;

	for (k = 0; k < 4; k++)
		v[k] = vdupq_n_u8(0xff);
	for (i = 0; i < len; i++) {
		const u8 *byte = (const u8 *)(pairs + i / 8 * 2) + i % 8;
		v16 val = vdupq_n_u8(byte[0]), mask = vdupq_n_u8(byte[8]);

#pragma GCC unroll 4
		for (k = 0; k < 4; k++) {
			v16 x = load(p + i + k * 16);

			if (masked)
				x &= mask;
			v[k] &= vceqq_u8(x, val);
		}
		if (i % 8 == 7 && !vmaxvq_u8(v[0] | v[1] | v[2] | v[3]))
			break;
	}
	return bits64(v[0], v[1], v[2], v[3]);
}

#include "../lineprog-template.h"

const struct ksift_variant_ops ksift_variant_neon = {
	.id = KSIFT_VARIANT_NEON,
	.name = "neon",
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

#endif /* __CHECKER__ */
