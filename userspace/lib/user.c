// SPDX-License-Identifier: GPL-2.0-only
/*
 * INFO, FILTER and RUN of the user engine, and its compute kernels.
 *
 * Only this library makes filters and the arguments of the compute kernels, and makes
 * them right.  The arguments of a run over lines may be a program's, and are checked.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/types.h>

#include "engine/check.h"
#include "engine/variants.h"
#include "user.h"

/* Numbers computed before the caller is asked whether to go on. */
#define WORK_NUMBERS (KSIFT_USER_WORK / sizeof(u64))

#define INT_SIZE sizeof(u64)

/* The sources of kernels that take bytes. */
#define BYTE_SOURCES (1 << KSIFT_SOURCE_MEM | 1 << KSIFT_SOURCE_FILE)

int ksift_user_info(u32 variant, struct ksift_info *info)
{
	const struct ksift_variant_ops *ops;
	u64 usable;

	ops = ksift_variant_get(variant, &usable);
	if (!ops)
		return -EOPNOTSUPP;
	info->out_variant = ops->id;
	info->out_features = KSIFT_FEATURE_LEVELS;
	info->out_kernels = 1 << KSIFT_KERNEL_LINES | 1 << KSIFT_KERNEL_FIB |
			    1 << KSIFT_KERNEL_SUMSQ | 1 << KSIFT_KERNEL_SUM_I64;
	info->out_variants = usable;
	strncpy((char *)info->out_variant_name, ops->name, sizeof(info->out_variant_name) - 1);
	return 0;
}

int ksift_user_filter(const struct ksift_filter *filter, struct ksift_prog **out)
{
	const struct ksift_pattern *pats = (void *)(uintptr_t)filter->patterns;
	struct ksift_build build;
	struct ksift_prog *prog;
	u32 i, bytes = 0;
	void *mem;
	u8 *data, *p;

	for (i = 0; i < filter->pattern_count; i++)
		bytes += pats[i].len;
	mem = calloc(1, ksift_prog_size(filter->pattern_count, bytes));
	if (!mem)
		return -ENOMEM;
	prog = ksift_prog_init(mem, filter->pattern_count, bytes, &data);
	prog->level_mask = filter->level_mask;
	p = data;
	for (i = 0; i < filter->pattern_count; i++) {
		if (pats[i].len)
			memcpy(p, (void *)(uintptr_t)pats[i].data, pats[i].len);
		prog->lits[i].len = pats[i].len;
		prog->lits[i].flags = pats[i].flags;
		prog->lits[i].group = pats[i].group;
		p += pats[i].len;
	}
	ksift_prog_start(&build, prog, data, filter->flags);
	while (ksift_prog_step(&build))
		;
	*out = prog;
	return 0;
}

static int user_run_fib(struct ksift_run *run, struct ksift_fib *args)
{
	u64 pos = ksift_compute_start(run);
	u64 n = min(run->to - pos, min(args->values_cap, WORK_NUMBERS));

	ksift_fib_fill(pos, (u64 *)(uintptr_t)args->values, n);
	pos += n;
	args->out_count = n;
	args->out_flags = pos - 1 > KSIFT_FIB_EXACT_MAX ? KSIFT_FIB_WRAPPED : 0;
	ksift_compute_stop(run, pos, pos == run->to);
	return 0;
}

static int user_run_sumsq(struct ksift_run *run, struct ksift_sumsq *args)
{
	struct ksift_sumsq_value *values = (void *)(uintptr_t)args->values;
	const u8 *numbers = (void *)(uintptr_t)run->base;
	u64 pos = ksift_compute_start(run), i, n, count;

	if (run->source == KSIFT_SOURCE_NONE) {
		memset(&args->out_value, 0, sizeof(args->out_value));
		if (pos < run->to)
			ksift_sumsq_between(pos, run->to, &args->out_value);
		ksift_compute_stop(run, run->to, true);
		return 0;
	}
	count = min((run->len - pos) / INT_SIZE, min(args->values_cap, WORK_NUMBERS));
	for (i = 0; i < count; i++) {
		memcpy(&n, numbers + pos + i * INT_SIZE, INT_SIZE);
		ksift_sumsq_between(0, n, &values[i]);
	}
	pos += count * INT_SIZE;
	args->out_count = count;
	ksift_compute_stop(run, pos, pos == run->len);
	return 0;
}

static int sum_source(struct ksift_src *src, const struct ksift_variant_ops *ops,
		      struct ksift_run *run, struct ksift_sum_i64 *args)
{
	struct ksift_sum128 sum = { 0, 0 };
	u64 pos = ksift_compute_start(run), whole = 0;
	bool done, absent;
	int ret = 0;

	args->out_tail = 0;
	/* An integer that began before the range is not the range's. */
	pos += -pos % INT_SIZE;
	done = pos >= run->to;
	while (!done && src->bytes < KSIFT_USER_WORK) {
		struct ksift_piece piece;
		u64 n, last;

		ret = ksift_source_next(src, pos, 0, &piece);
		if (ret)
			break;
		n = (min(run->to - pos, piece.len) + INT_SIZE - 1) / INT_SIZE;
		n = min(n, piece.len / INT_SIZE);
		if (piece.buf)
			n = min(n, WORK_NUMBERS);
		if (n) {
			ksift_source_account(src, &piece, n * INT_SIZE);
		} else {
			/* An integer that lies in two pieces, or a tail. */
			ret = ksift_source_read(src, pos, &last, INT_SIZE, &absent);
			if (ret < 0)
				break;
			piece.buf = (const u8 *)&last;
			n = ret / INT_SIZE;
			args->out_tail = ret % INT_SIZE;
			done = !n;
		}
		if (n && piece.buf)
			ksift_sum128_add(ops, &sum, piece.buf, n);
		ret = 0;
		pos += n * INT_SIZE;
		whole += n;
		done |= pos >= run->to;
	}
	/* Return what was summed before an error: the next call will meet that again. */
	if (ret && !whole)
		return ret;
	args->out_lo = sum.lo;
	args->out_hi = sum.hi;
	args->out_count = whole;
	run->out_bytes = src->bytes;
	ksift_compute_stop(run, pos, done);
	return 0;
}

static int user_run_sum_i64(struct ksift_caller *caller,
			    const struct ksift_variant_ops *ops,
			    struct ksift_run *run, struct ksift_sum_i64 *args)
{
	struct ksift_src src;
	int ret;

	ret = ksift_check_run(run, BYTE_SOURCES);
	if (!ret)
		ret = ksift_source_open(&src, run, caller);
	if (ret)
		return ret;
	ret = sum_source(&src, ops, run, args);
	ksift_source_close(&src);
	return ret;
}

/* Is all that follows the first @known bytes of a structure zero? */
static bool tail_is_zero(const void *p, u32 known)
{
	const u8 *bytes = p;
	u32 size, i;

	memcpy(&size, p, sizeof(size));
	for (i = known; i < size; i++)
		if (bytes[i])
			return false;
	return true;
}

static int drive_lines(struct ksift_caller *caller, const struct ksift_prog *prog,
		       const struct ksift_variant_ops *ops, struct ksift_run *run,
		       struct ksift_lines *args)
{
	struct ksift_src src;
	struct ksift_drive d = {
		.run = run,
		.args = args,
		.prog = prog,
		.ops = ops,
		.src = &src,
		.work = KSIFT_USER_WORK,
	};
	int ret;

	ret = ksift_source_open(&src, run, caller);
	if (ret)
		return ret;
	d.scan = malloc(sizeof(*d.scan));
	d.stage = malloc(KSIFT_STAGE_SIZE);
	d.record = malloc(KSIFT_RECORDS_HELD * sizeof(*d.record));
	ret = -ENOMEM;
	if (d.scan && d.stage && d.record)
		ret = ksift_drive_lines(&d);
	run->out_bytes = src.bytes;
	free(d.record);
	free(d.stage);
	free(d.scan);
	ksift_source_close(&src);
	return ret;
}

static int user_run_lines(struct ksift_caller *caller, const struct ksift_prog *prog,
			  const struct ksift_variant_ops *ops, struct ksift_run *run)
{
	struct ksift_lines *user = (void *)(uintptr_t)run->args;
	struct ksift_lines args;
	int ret;

	ret = ksift_check_run(run, BYTE_SOURCES);
	if (ret)
		return ret;
	if (!tail_is_zero(user, sizeof(args)))
		return -E2BIG;
	memcpy(&args, user, sizeof(args));
	ret = ksift_check_lines(&args);
	if (!ret)
		ret = drive_lines(caller, prog, ops, run, &args);
	/* The caller gets its own error, with which nothing has changed: it may retry. */
	if (caller->said < 0)
		ret = -EINTR;
	if (!ret)
		memcpy(user, &args, sizeof(args));
	return ret;
}

int ksift_user_run(struct ksift_caller *caller, const struct ksift_prog *prog,
		   struct ksift_run *user)
{
	void *args = (void *)(uintptr_t)user->args;
	const struct ksift_variant_ops *ops;
	struct ksift_run run;
	u64 usable;
	int ret;

	if (!tail_is_zero(user, sizeof(run)))
		return -E2BIG;
	memcpy(&run, user, sizeof(run));
	ops = ksift_variant_get(run.variant, &usable);
	if (!ops || run.flags)
		return -EOPNOTSUPP;
	run.out_bytes = 0;
	run.out_walked = 0;
	run.out_absent = 0;
	run.out_cut = 0;
	run.out_variant = ops->id;
	switch (run.kernel) {
	case KSIFT_KERNEL_LINES:
		ret = user_run_lines(caller, prog, ops, &run);
		break;
	case KSIFT_KERNEL_FIB:
		ret = user_run_fib(&run, args);
		break;
	case KSIFT_KERNEL_SUMSQ:
		ret = user_run_sumsq(&run, args);
		break;
	case KSIFT_KERNEL_SUM_I64:
		ret = user_run_sum_i64(caller, ops, &run, args);
		break;
	default:
		ret = -EOPNOTSUPP;
		break;
	}
	if (ret)
		return ret;
	run.resume.flags |= KSIFT_RESUME_VALID;
	memcpy(user, &run, sizeof(run));
	return 0;
}
