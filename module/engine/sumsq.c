// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sums of squares from the closed form (J. Faulhaber, 1631):
 *	0^2 + 1^2 + ... + (n-1)^2 = (n - 1) n (2n - 1) / 6
 * For n below 2^64 it takes 191 bits.
 */
#include "compute.h"

typedef unsigned __int128 wide;

struct u192 {
	wide lo;
	u64 hi;
};

/* Add a * b to @sum. */
static void add_product(struct u192 *sum, wide a, u64 b)
{
	wide low = (wide)(u64)a * b;
	wide high = (wide)(u64)(a >> 64) * b;
	wide product = low + (high << 64);

	sum->hi += (u64)(high >> 64) + (product < low);
	sum->lo += product;
	sum->hi += sum->lo < product;
}

/* The sum of i * i for i < n. */
static struct u192 below(u64 n)
{
	u64 a = n ? n - 1 : 0, b = n;
	struct u192 sum = { 0, 0 };

	/* One of n - 1 and n is even; three divides one of them or 2n - 1. */
	if (a & 1)
		b /= 2;
	else
		a /= 2;
	if (n % 3 == 2) {
		/* 2n - 1 = 3 (2k + 1), where n = 3k + 2 */
		add_product(&sum, (wide)a * b, 2 * (n / 3) + 1);
		return sum;
	}
	if (n % 3)
		a /= 3;
	else
		b /= 3;
	/* 2n - 1 may take 65 bits: multiply by n and by n - 1 instead. */
	add_product(&sum, (wide)a * b, n);
	if (n)
		add_product(&sum, (wide)a * b, n - 1);
	return sum;
}

void ksift_sumsq_between(u64 from, u64 to, struct ksift_sumsq_value *value)
{
	struct u192 sum = below(to), less = below(from);

	sum.hi -= less.hi + (sum.lo < less.lo);
	sum.lo -= less.lo;

	memset(value, 0, sizeof(*value));
	value->lo = (u64)sum.lo;
	value->hi = (u64)(sum.lo >> 64);
	if (sum.hi)
		value->flags = KSIFT_SUMSQ_OVF64 | KSIFT_SUMSQ_OVF128;
	else if (value->hi)
		value->flags = KSIFT_SUMSQ_OVF64;
}
