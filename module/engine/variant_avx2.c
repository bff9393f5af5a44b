// SPDX-License-Identifier: GPL-2.0-only
/*
 * x86-64 with AVX2.  Built with -mavx2: nothing here may run outside
 * ksift_simd_begin() and ksift_simd_end(), nor be asked whether it may run.
 */
#include "variants.h"
#include "../uapi/ksift.h"

/* sparse does not know vector types: nothing in here is for it. */
#ifndef __CHECKER__

typedef char v32 __attribute__((vector_size(32)));
typedef char v32u __attribute__((vector_size(32), may_alias)) __aligned(1);

static __always_inline v32 splat(u8 c)
{
	return (v32){} + (char)c;
}

static __always_inline u64 equal64(const u8 *p, v32 mask, v32 val)
{
	v32 a = *(const v32u *)p & mask;
	v32 b = *(const v32u *)(p + 32) & mask;

	return (u32)__builtin_ia32_pmovmskb256((v32)(a == val)) |
	       (u64)(u32)__builtin_ia32_pmovmskb256((v32)(b == val)) << 32;
}

/*
 * The last word of a bitmap: the bits from the last 64 bytes of the text,
 * moved to their place, so that nothing past the end is read.
 */
static __always_inline u64 last_bits(u64 bits, size_t len)
{
	return bits >> (64 - len % 64);
}

static void newlines(const u8 *buf, size_t len, u64 *bits)
{
	const v32 all = splat(0xff), nl = splat('\n');
	size_t i, words = len / 64;
	u64 last = 0;

	for (i = 0; i < words; i++)
		bits[i] = equal64(buf + i * 64, all, nl);
	if (!(len % 64))
		return;
	if (words) {
		bits[words] = last_bits(equal64(buf + len - 64, all, nl), len);
		return;
	}
	for (i = 0; i < len; i++)
		last |= (u64)(buf[i] == '\n') << i;
	bits[0] = last;
}

static __always_inline u64 match64(const u8 *p, const struct ksift_probe *probe,
				   u32 count)
{
	v32 a = splat(0xff), b = a;
	u32 k;

	for (k = 0; k < count; k++) {
		v32 mask = splat(probe->mask[k]), val = splat(probe->val[k]);
		const u8 *q = p + probe->off[k];

		a &= (v32)((*(const v32u *)q & mask) == val);
		b &= (v32)((*(const v32u *)(q + 32) & mask) == val);
	}
	return (u32)__builtin_ia32_pmovmskb256(a) |
	       (u64)(u32)__builtin_ia32_pmovmskb256(b) << 32;
}

/* Once per @count, so that the constants stay in registers. */
static __always_inline void find_n(const u8 *buf, size_t len,
				   const struct ksift_probe *probe, u64 *bits,
				   u32 count)
{
	size_t i, words = len / 64;

	for (i = 0; i < words; i++)
		bits[i] = match64(buf + i * 64, probe, count);
	if (len % 64)
		bits[words] = last_bits(match64(buf + len - 64, probe, count),
					len);
}

static void find_short(const u8 *buf, size_t len,
		       const struct ksift_probe *probe, u64 *bits)
{
	u64 last = 0;
	size_t i;
	u32 k;

	for (i = 0; i < len; i++) {
		bool match = true;

		for (k = 0; k < probe->count; k++)
			match &= (buf[i + probe->off[k]] & probe->mask[k]) ==
				 probe->val[k];
		last |= (u64)match << i;
	}
	bits[0] = last;
}

static void find(const u8 *buf, size_t len, const struct ksift_probe *probe,
		 u64 *bits)
{
	if (len < 64) {
		if (len)
			find_short(buf, len, probe, bits);
		return;
	}
	switch (probe->count) {
	case 1:
		return find_n(buf, len, probe, bits, 1);
	case 2:
		return find_n(buf, len, probe, bits, 2);
	case 3:
		return find_n(buf, len, probe, bits, 3);
	case 4:
		return find_n(buf, len, probe, bits, 4);
	case 5:
		return find_n(buf, len, probe, bits, 5);
	case 6:
		return find_n(buf, len, probe, bits, 6);
	default:
		return find_n(buf, len, probe, bits, probe->count);
	}
}

typedef unsigned char v32b __attribute__((vector_size(32)));
typedef short v16h __attribute__((vector_size(32)));

static __always_inline u32 high_bits(v32 v)
{
	return __builtin_ia32_pmovmskb256(v);
}

/*
 * The kinds of 32 bytes, a bit each.  A mark is a byte whose two halves have a
 * bit in common in two tables of 16 (W. Mula and D. Lemire, "Faster Base64
 * Encoding and Decoding using AVX2 Instructions", 2018, classify so, too).
 */
static __always_inline void classify32(const u8 *p, u32 *letter, u32 *upper,
				       u32 *mark)
{
	/* Bits: 1 for the bytes 0x2., 2 for 0x3., 4 for 0x5., 8 for 0x7. */
	const v32 low_half = {
		0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 2, 4, 2 | 8, 2 | 4, 2, 0,
		0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 2, 4, 2 | 8, 2 | 4, 2, 0,
	};
	const v32 high_half = {
		0, 0, 1, 2, 0, 4, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 1, 2, 0, 4, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0,
	};
	v32 v = *(const v32u *)p;
	v32 folded = v | splat(0x20);
	v32 is_letter = (v32)((v32b)folded - 'a' < 26);
	v32 high = (v32)((v16h)v >> 4) & splat(0x0f);
	v32 kind = __builtin_ia32_pshufb256(low_half, v & splat(0x8f)) &
		   __builtin_ia32_pshufb256(high_half, high);

	*letter = high_bits(is_letter);
	/* Bit 5 of each byte, which a capital lacks, moved to the top. */
	*upper = *letter & ~high_bits((v32)((v16h)v << 2));
	*mark = ~high_bits(kind == splat(0));
}

static __always_inline void classify64(const u8 *p, u64 *letter, u64 *upper,
				       u64 *mark)
{
	u32 l[2], u[2], m[2];

	classify32(p, &l[0], &u[0], &m[0]);
	classify32(p + 32, &l[1], &u[1], &m[1]);
	*letter = l[0] | (u64)l[1] << 32;
	*upper = u[0] | (u64)u[1] << 32;
	*mark = m[0] | (u64)m[1] << 32;
}

static void classify(const u8 *buf, size_t len, struct ksift_classes *classes)
{
	size_t i, words = len / 64;
	u8 last[64] = { 0 };

	for (i = 0; i < words; i++)
		classify64(buf + i * 64, &classes->letter[i], &classes->upper[i],
			   &classes->mark[i]);
	if (!(len % 64))
		return;
	/* Zeros are of no kind. */
	memcpy(last, buf + words * 64, len % 64);
	classify64(last, &classes->letter[words], &classes->upper[words],
		   &classes->mark[words]);
}

const struct ksift_variant_ops ksift_variant_avx2 = {
	.id = KSIFT_VARIANT_AVX2,
	.name = "avx2",
	.usable = ksift_avx2_usable,
	.newlines = newlines,
	.find = find,
	.classify = classify,
};

#endif /* __CHECKER__ */
