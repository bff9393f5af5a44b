// SPDX-License-Identifier: GPL-2.0-only
/*
 * x86-64 with AVX-512.  Its registers are twice as wide as AVX2's, but memory and
 * processors give no more bytes for that.  What it has and AVX2 has not is a
 * look-up in a table of 64 entries: of six bits of a byte instead of four, and
 * half as many of them, as 8 buckets do for many literals.
 *
 * Compiled for such processors, as avx2.c, which has its table of operations.
 */
#include "../ops.h"

/* sparse does not know vector types: nothing in here is for it. */
#ifndef __CHECKER__

typedef char v64 __attribute__((vector_size(64)));
typedef char v64u __attribute__((vector_size(64), may_alias)) __aligned(1);

typedef char v32u __attribute__((vector_size(32), may_alias)) __aligned(1);

static __always_inline v64 load(const u8 *p)
{
	return *(const v64u *)p;
}

/* Sanitizers do not see what assembly loads.  Compilers differ in how they say that one is on. */
#ifdef __SANITIZE_ADDRESS__
#define load_text load
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define load_text load
#endif
#endif

#ifndef load_text
/*
 * In two halves: a load of 64 bytes that cross into the next page takes Zen 5 some
 * hundred cycles, and each page has several of them.
 */
static __always_inline v64 load_text(const u8 *p)
{
	v64 v;

	asm("vmovdqu %1, %t0\n\t"
	    "vinserti64x4 $1, %2, %0, %0"
	    : "=&x" (v)
	    : "m" (*(const v32u *)p), "m" (*(const v32u *)(p + 32)));
	return v;
}
#endif

/* By the low six bits of each byte.  Assembly: compilers differ in the builtin's name. */
static __always_inline v64 look_up(v64 table, v64 v)
{
	v64 found;

	asm("vpermb %2, %1, %0" : "=v" (found) : "v" (v), "v" (table));
	return found;
}

static __always_inline u64 not_zero(v64 v)
{
	u64 bits;

	asm("vptestmb %1, %1, %0" : "=k" (bits) : "v" (v));
	return bits;
}

static __always_inline u64 find_width(const u8 *buf, size_t len,
				      const struct ksift_teddy *teddy, u64 *bits,
				      size_t ahead, u32 width)
{
	const u8 *last = buf + len - 64;
	v64 six[KSIFT_TEDDY_WIDTH] __uninitialized;
	u64 some = 0;
	size_t w;
	u32 k;

#pragma GCC unroll 6
	for (k = 0; k < width; k++)
		six[k] = load(teddy->six[k]);
	for (w = 0; w * 64 < len; w++) {
		const u8 *p = buf + w * 64;
		v64 buckets;

		__builtin_prefetch(p + ahead);
		if (p > last)
			p = last;
		buckets = look_up(six[0], load_text(p));
#pragma GCC unroll 6
		for (k = 1; k < width; k++)
			buckets &= look_up(six[k], load_text(p + k));
		bits[w] = not_zero(buckets);
		some |= (u64)!!bits[w] << w;
	}
	if (len % 64)
		some = ksift_end_lap(bits, len, some);
	return some;
}

u64 ksift_find_many_avx512(const u8 *buf, size_t len,
			   const struct ksift_teddy *teddy, u64 *bits,
			   size_t ahead)
{
	if (teddy->width == 2)
		return find_width(buf, len, teddy, bits, ahead, 2);
	if (teddy->width == 4)
		return find_width(buf, len, teddy, bits, ahead, 4);
	return find_width(buf, len, teddy, bits, ahead, 6);
}

#endif /* __CHECKER__ */
