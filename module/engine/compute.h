/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The compute kernels.
 */
#ifndef KSIFT_ENGINE_COMPUTE_H
#define KSIFT_ENGINE_COMPUTE_H

#include "ops.h"
#include "port.h"
#include "../uapi/ksift.h"

/* The offset, or number, at which a run starts. */
static inline u64 ksift_compute_start(const struct ksift_run *run)
{
	return run->resume.flags & KSIFT_RESUME_VALID ? run->resume.pos :
							run->from;
}

/* Have the next run go on at @pos, unless the range is @done. */
static inline void ksift_compute_stop(struct ksift_run *run, u64 pos, bool done)
{
	run->resume.pos = pos;
	run->resume.flags = done ? KSIFT_RESUME_DONE : 0;
}

/**
 * ksift_fib_fill() - Fibonacci numbers, mod 2^64
 * @from: Index of the first, any
 * @out: Where they go
 * @count: How many
 *
 * F(0) = 0, F(1) = 1.  Takes 64 steps to find the first, one for each other.
 */
void ksift_fib_fill(u64 from, u64 *out, size_t count);

/**
 * ksift_sumsq_between() - The sum of i * i for from <= i < to
 * @from: First number
 * @to: Number after the last, not below @from
 * @value: The sum
 *
 * Takes constant time.
 */
void ksift_sumsq_between(u64 from, u64 to, struct ksift_sumsq_value *value);

/**
 * ksift_sum128_add() - Add up 64-bit integers
 * @ops: The variant
 * @sum: Added to
 * @buf: The integers, in the machine's byte order, at any address
 * @count: How many
 */
void ksift_sum128_add(const struct ksift_variant_ops *ops,
		      struct ksift_sum128 *sum, const u8 *buf, size_t count);

#endif /* KSIFT_ENGINE_COMPUTE_H */
