// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fibonacci numbers mod 2^64, starting anywhere.
 */
#include "compute.h"

/*
 * F(n) and F(n + 1) by doubling the index, from the highest bit of n down
 * (D. Knuth, "The Art of Computer Programming", 1.2.8):
 *	F(2k) = F(k) (2 F(k+1) - F(k)),  F(2k+1) = F(k)^2 + F(k+1)^2
 */
static void fib_pair(u64 n, u64 *f, u64 *next)
{
	u64 a = 0, b = 1;
	int bit;

	for (bit = n ? (int)ksift_high_bit(n) : -1; bit >= 0; bit--) {
		u64 even = a * (2 * b - a);
		u64 odd = a * a + b * b;

		if (n >> bit & 1) {
			a = odd;
			b = even + odd;
		} else {
			a = even;
			b = odd;
		}
	}
	*f = a;
	*next = b;
}

void ksift_fib_fill(u64 from, u64 *out, size_t count)
{
	u64 a, b;
	size_t i;

	fib_pair(from, &a, &b);
	for (i = 0; i < count; i++) {
		u64 sum = a + b;

		out[i] = a;
		a = b;
		b = sum;
	}
}
