// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sums of 64-bit integers, exact.
 */
#include "compute.h"

void ksift_sum_i64(struct ksift_sum128 *sum, const u8 *buf, size_t count)
{
	unsigned __int128 total = (unsigned __int128)sum->hi << 64 | sum->lo;
	size_t i;

	for (i = 0; i < count; i++) {
		s64 v;

		memcpy(&v, buf + i * sizeof(v), sizeof(v));
		total += (__int128)v;
	}
	sum->lo = (u64)total;
	sum->hi = (u64)(total >> 64);
}
