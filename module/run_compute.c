// SPDX-License-Identifier: GPL-2.0-only
/*
 * The compute kernels: "fib", "sumsq" and "sum-i64".
 */
#include <linux/kernel.h>
#include <linux/math.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "cmd.h"
#include "compat.h"
#include "engine/check.h"
#include "engine/compute.h"
#include "run.h"
#include "source.h"

/* Bytes that are summed between two checks for signals: some 10 us. */
#define PIECE_BYTES (32 * 1024)

/* Bytes of results per copy_to_user(): the L1 cache has room for twice that. */
#define OUT_BYTES (8 * 1024)

#define INT_SIZE sizeof(u64)

int ksift_run_fib(struct ksift_job *job)
{
	struct ksift_run *run = job->run;
	struct ksift_fib *args = &job->args.fib;
	u64 pos = ksift_compute_start(run), done = 0;
	u64 *piece;
	int ret;

	if (args->flags)
		return -EOPNOTSUPP;
	if (args->__reserved)
		return -EINVAL;
	ret = ksift_check_array(args->values, args->values_cap, sizeof(u64));
	if (ret)
		return ret;

	args->out_count = 0;
	args->out_flags = 0;
	if (!args->values || pos >= run->to) {
		if (pos < run->to)
			args->out_count = run->to - pos;
		ksift_compute_stop(run, max(pos, run->to), true);
		return 0;
	}

	piece = kvmalloc(OUT_BYTES, KSIFT_GFP_FIXED);
	if (!piece)
		return -ENOMEM;
	while (pos < run->to && done < args->values_cap) {
		u64 n = min3((u64)(OUT_BYTES / sizeof(*piece)),
			     run->to - pos, args->values_cap - done);

		ret = -ERESTARTSYS;
		if (signal_pending(current))
			break;
		ksift_fib_fill(pos, piece, n);
		ret = -EFAULT;
		if (copy_to_user(u64_to_user_ptr(args->values +
						 done * sizeof(*piece)),
				 piece, n * sizeof(*piece)))
			break;
		ret = 0;
		pos += n;
		done += n;
		cond_resched();
	}
	kvfree(piece);
	if (ret == -EFAULT || (ret && !done))
		return ret;

	args->out_count = done;
	if (pos - 1 > KSIFT_FIB_EXACT_MAX)
		args->out_flags = KSIFT_FIB_WRAPPED;
	ksift_compute_stop(run, pos, pos == run->to);
	return 0;
}

/**
 * struct ints - A walk over the 64-bit integers of a source
 * @src: The source
 * @pos: Offset of the next integer
 * @to: The range's end
 * @tail: Bytes at the source's end that are no whole integer
 * @done: The range is finished
 * @private_below: Bytes below this offset are wanted as private copies
 * @last: An integer that lies in two pieces, read by itself
 * @piece: The piece that the integers given out last lie in
 * @alone: The only integer given out last is @last, which is accounted for already
 *
 * Its user takes integers from ints_next(), works on a copy of its own state, and
 * keeps that copy only if ksift_source_intact() says that what it read was the
 * source's; else it sets @private_below to their end and asks again.  Integers at
 * NULL are zeros, and count.  Then it calls ints_advance(), which accounts for them,
 * and looks whether a signal is pending.
 */
struct ints {
	struct ksift_src src;
	u64 pos;
	u64 to;
	u32 tail;
	bool done;
	u64 private_below;
	u64 last;
	struct ksift_piece piece;
	bool alone;
};

static int ints_open(struct ints *ints, const struct ksift_run *run)
{
	ints->pos = ksift_compute_start(run);
	ints->to = run->to;
	ints->tail = 0;
	ints->private_below = 0;
	/* An integer that began before the range is not the range's. */
	ints->pos += -ints->pos % INT_SIZE;
	ints->done = ints->pos >= ints->to;
	return ksift_source_open(&ints->src, run);
}

/*
 * Give out the next integers of the range: *@count of them at *@buf, which is NULL
 * for the zeros of a hole.  *@count is 0 when the range is done.
 */
static int ints_next(struct ints *ints, const u8 **buf, u64 *count)
{
	struct ksift_piece *piece = &ints->piece;
	u64 n;
	ssize_t ret;

	*count = 0;
	if (ints->done)
		return 0;
	ret = ksift_source_next(&ints->src, ints->pos, ints->private_below, piece);
	if (ret)
		return ret;
	n = DIV_ROUND_UP(min(ints->to - ints->pos, piece->len), INT_SIZE);
	n = min(n, piece->len / INT_SIZE);
	*buf = piece->buf;
	ints->alone = !n;
	if (ints->alone) {
		bool absent;

		ret = ksift_source_read(&ints->src, ints->pos, &ints->last,
					INT_SIZE, &absent);
		if (ret < 0)
			return ret;
		n = ret / INT_SIZE;
		*buf = (const u8 *)&ints->last;
		piece->shared = false;
		ints->tail = ret % INT_SIZE;
		ints->done = !n;
	}
	*count = n;
	return 0;
}

static void ints_advance(struct ints *ints, u64 count)
{
	ints->pos += count * INT_SIZE;
	if (!ints->alone)
		ksift_source_account(&ints->src, &ints->piece, count * INT_SIZE);
	if (ints->pos >= ints->to)
		ints->done = true;
}

static void ints_close(struct ints *ints, struct ksift_job *job)
{
	struct ksift_run *run = job->run;

	job->stats = ints->src.stats;
	run->out_bytes = ints->src.stats.bytes;
	run->out_walked = ksift_source_walked(&ints->src);
	ksift_compute_stop(run, ints->pos, ints->done);
	ksift_source_close(&ints->src);
}

int ksift_run_sum_i64(struct ksift_job *job)
{
	struct ksift_sum_i64 *args = &job->args.sum_i64;
	struct ksift_sum128 sum = { 0, 0 };
	struct ints ints;
	u64 total = 0;
	int ret;

	if (args->flags)
		return -EOPNOTSUPP;
	ret = ints_open(&ints, job->run);
	if (ret)
		return ret;
	while (!ints.done) {
		const u8 *buf;
		u64 count, i, n;

		ret = ints_next(&ints, &buf, &count);
		if (ret)
			break;
		for (i = 0; i < count && !ret; i += n) {
			struct ksift_sum128 next = sum;

			n = buf ? min_t(u64, count - i, PIECE_BYTES / INT_SIZE) :
				  count;
			if (buf)
				ksift_sum128_add(job->variant, &next,
						 buf + i * INT_SIZE, n);
			if (!ksift_source_intact(&ints.src, &ints.piece, ints.pos,
						 ints.pos + n * INT_SIZE)) {
				ints.private_below = ints.pos + n * INT_SIZE;
				break;
			}
			sum = next;
			ints_advance(&ints, n);
			total += n;
			cond_resched();
			if (signal_pending(current))
				ret = -ERESTARTSYS;
		}
		if (ret)
			break;
	}
	ints_close(&ints, job);
	/* Return what was summed before an error: the next call will meet that again. */
	if (ret == -EFAULT || (ret && !total))
		return ret;
	args->out_lo = sum.lo;
	args->out_hi = (s64)sum.hi;
	args->out_count = total;
	args->out_tail = ints.tail;
	return 0;
}

/* Give the caller the sums for @n integers at @buf, if wanted, from index @done on. */
static int give_sums(const struct ksift_sumsq *args,
		     struct ksift_sumsq_value *values, u64 done, const u8 *buf,
		     u64 n)
{
	u64 i, to;

	if (!values)
		return 0;
	for (i = 0; i < n; i++) {
		memcpy(&to, buf + i * INT_SIZE, INT_SIZE);
		ksift_sumsq_between(0, to, &values[i]);
	}
	return copy_to_user(u64_to_user_ptr(args->values + done * sizeof(*values)),
			    values, n * sizeof(*values)) ? -EFAULT : 0;
}

/* Source MEM: an array of sums, one for each n of the source. */
static int sumsq_array(struct ksift_job *job)
{
	struct ksift_sumsq *args = &job->args.sumsq;
	const u64 most = OUT_BYTES / sizeof(struct ksift_sumsq_value);
	struct ksift_sumsq_value *values = NULL;
	struct ints ints;
	u64 total = 0;
	int ret;

	if (args->values) {
		values = kvmalloc(OUT_BYTES, KSIFT_GFP_FIXED);
		if (!values)
			return -ENOMEM;
	}
	ret = ints_open(&ints, job->run);
	if (ret)
		goto free_values;
	while (!ints.done && (!values || total < args->values_cap)) {
		const u8 *buf;
		u64 count, n;

		ret = ints_next(&ints, &buf, &count);
		if (ret)
			break;
		if (values)
			count = min(count, args->values_cap - total);
		for (; count && !ret; count -= n, buf += n * INT_SIZE) {
			n = values ? min(count, most) : count;
			ret = give_sums(args, values, total, buf, n);
			if (ret)
				break;
			ints_advance(&ints, n);
			total += n;
			cond_resched();
			if (signal_pending(current))
				ret = -ERESTARTSYS;
		}
		if (ret)
			break;
	}
	/* The array was just large enough: save the caller a call that only says so. */
	if (!ret && !ints.done && ints.src.end - ints.pos < INT_SIZE) {
		ints.tail = ints.src.end - ints.pos;
		ints.done = true;
		ksift_source_account(&ints.src, &ints.piece, ints.tail);
	}
	ints_close(&ints, job);
	args->out_count = total;
	args->out_tail = ints.tail;
	if (ret != -EFAULT && total)
		ret = 0;
free_values:
	kvfree(values);
	return ret;
}

int ksift_run_sumsq(struct ksift_job *job)
{
	struct ksift_sumsq *args = &job->args.sumsq;
	struct ksift_run *run = job->run;
	u64 pos = ksift_compute_start(run);
	int ret;

	if (args->flags)
		return -EOPNOTSUPP;
	if (args->__reserved)
		return -EINVAL;
	ret = ksift_check_element(args->value_size,
				  sizeof(struct ksift_sumsq_value), args->values);
	if (ret)
		return ret;
	ret = ksift_check_array(args->values, args->values_cap,
				sizeof(struct ksift_sumsq_value));
	if (ret)
		return ret;

	args->out_count = 0;
	args->out_tail = 0;
	memset(&args->out_value, 0, sizeof(args->out_value));
	if (run->source == KSIFT_SOURCE_MEM)
		return sumsq_array(job);
	if (args->values)
		return -EINVAL;
	if (pos < run->to)
		ksift_sumsq_between(pos, run->to, &args->out_value);
	ksift_compute_stop(run, max(pos, run->to), true);
	return 0;
}
