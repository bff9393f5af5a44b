// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sums of 64-bit integers, exact.
 */
#include "compute.h"
#include "simd.h"

static void sum_scalar(struct ksift_sum128 *sum, const u8 *buf, size_t count)
{
	unsigned __int128 total = (unsigned __int128)sum->hi << 64 | sum->lo;
	size_t i;

	for (i = 0; i < count; i++) {
		/* Loaded once: compilers use the sign apart from the number. */
		s64 v = ksift_load64(buf + i * sizeof(v));

		total += (__int128)v;
	}
	sum->lo = (u64)total;
	sum->hi = (u64)(total >> 64);
}

void ksift_sum128_add(const struct ksift_variant_ops *ops,
		      struct ksift_sum128 *sum, const u8 *buf, size_t count)
{
	while (ops->sum_i64 && count >= KSIFT_SUM_STEP) {
		size_t n = count < KSIFT_SUM_CHUNK ?
			   count - count % KSIFT_SUM_STEP : KSIFT_SUM_CHUNK;

		ksift_simd_sum_i64(ops, sum, buf, n);
		buf += n * sizeof(s64);
		count -= n;
	}
	sum_scalar(sum, buf, count);
}
