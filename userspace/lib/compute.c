// SPDX-License-Identifier: GPL-2.0-only
/*
 * The compute kernels: runs repeated until the range is done, and their
 * results added up.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctx.h"
#include "error.h"

/* What a pipe holds; a multiple of eight. */
#define STREAM_CAP (64u << 10)

/* Do a run: 1 if there is more of the range to do, 0 at its end, or an error. */
static int run_step(struct ksift_ctx *ctx, struct ksift_run *run,
		    struct ksift_error *err)
{
	int ret;

	ret = ksift_ctx_run(ctx, NULL, run, err);
	if (ret)
		return ret;
	if (run->resume.flags & KSIFT_RESUME_DONE)
		return 0;
	ret = ksift_ctx_interrupted(ctx, err);
	return ret ? ret : 1;
}

KSIFT_EXPORT int ksift_fib_range(struct ksift_ctx *ctx, uint64_t from,
				 uint64_t to, uint64_t *values, uint32_t *flags,
				 struct ksift_error *err)
{
	struct ksift_fib fib = { .size = sizeof(fib) };
	struct ksift_run run = {
		.size = sizeof(run),
		.kernel = KSIFT_KERNEL_FIB,
		.args = (uintptr_t)&fib,
		.source = KSIFT_SOURCE_NONE,
		.from = from,
		.to = to,
	};
	uint64_t done = 0;
	uint32_t all = 0;
	int ret;

	if (from < to && to - from > SIZE_MAX / sizeof(*values))
		return ksift_error_set(err, -EINVAL,
			"from, to: %llu values are more than memory can hold",
			(unsigned long long)(to - from));
	for (ret = from != to; ret; ) {
		fib.values = (uintptr_t)(values + done);
		fib.values_cap = to - from - done;
		ret = run_step(ctx, &run, err);
		if (ret < 0)
			return ret;
		done += fib.out_count;
		all |= fib.out_flags;
	}
	if (flags)
		*flags = all;
	return 0;
}

KSIFT_EXPORT int ksift_fib_one(struct ksift_ctx *ctx, uint64_t n,
			       uint64_t *value, uint32_t *flags,
			       struct ksift_error *err)
{
	if (n == UINT64_MAX)
		return ksift_error_set(err, -EINVAL, "n must be below %llu",
				       (unsigned long long)UINT64_MAX);
	return ksift_fib_range(ctx, n, n + 1, value, flags, err);
}

KSIFT_EXPORT int ksift_sumsq_range(struct ksift_ctx *ctx, uint64_t from,
				   uint64_t to, struct ksift_sumsq_value *value,
				   struct ksift_error *err)
{
	struct ksift_sumsq sumsq = { .size = sizeof(sumsq) };
	struct ksift_run run = {
		.size = sizeof(run),
		.kernel = KSIFT_KERNEL_SUMSQ,
		.args = (uintptr_t)&sumsq,
		.source = KSIFT_SOURCE_NONE,
		.from = from,
		.to = to,
	};
	int ret;

	ret = ksift_ctx_run(ctx, NULL, &run, err);
	if (!ret)
		*value = sumsq.out_value;
	return ret;
}

KSIFT_EXPORT int ksift_sumsq_array(struct ksift_ctx *ctx, const uint64_t *n,
				   size_t count, struct ksift_sumsq_value *values,
				   struct ksift_error *err)
{
	struct ksift_sumsq sumsq = {
		.size = sizeof(sumsq),
		.value_size = sizeof(*values),
	};
	struct ksift_run run = {
		.size = sizeof(run),
		.kernel = KSIFT_KERNEL_SUMSQ,
		.args = (uintptr_t)&sumsq,
		.source = KSIFT_SOURCE_MEM,
		.base = (uintptr_t)n,
		.len = count * sizeof(*n),
		.to = UINT64_MAX,
	};
	size_t done = 0;
	int ret;

	if (count > SIZE_MAX / sizeof(*values))
		return ksift_error_set(err, -EINVAL,
			"count: %zu values are more than memory can hold", count);
	for (ret = count != 0; ret; ) {
		sumsq.values = (uintptr_t)(values + done);
		sumsq.values_cap = count - done;
		ret = run_step(ctx, &run, err);
		if (ret < 0)
			return ret;
		done += sumsq.out_count;
	}
	return 0;
}

static int sum_range(struct ksift_ctx *ctx, struct ksift_run *run,
		     struct ksift_sum *sum, struct ksift_error *err)
{
	int ret;

	do {
		struct ksift_sum_i64 part = { .size = sizeof(part) };

		run->kernel = KSIFT_KERNEL_SUM_I64;
		run->args = (uintptr_t)&part;
		ret = run_step(ctx, run, err);
		sum->lo += part.out_lo;
		sum->hi += part.out_hi + (sum->lo < part.out_lo);
		sum->count += part.out_count;
		sum->tail += part.out_tail;
	} while (ret > 0);
	return ret;
}

KSIFT_EXPORT int ksift_sum_memory(struct ksift_ctx *ctx, const void *base,
				  size_t len, struct ksift_sum *sum,
				  struct ksift_error *err)
{
	struct ksift_run run = {
		.size = sizeof(run),
		.source = KSIFT_SOURCE_MEM,
		.base = (uintptr_t)base,
		.len = len,
		.to = UINT64_MAX,
	};

	return sum_range(ctx, &run, sum, err);
}

KSIFT_EXPORT int ksift_sum_stream(struct ksift_ctx *ctx, int fd,
				  struct ksift_sum *sum, struct ksift_error *err)
{
	size_t fill = 0, whole;
	ssize_t n;
	char *buf;
	int ret;

	buf = malloc(STREAM_CAP);
	if (!buf)
		return ksift_error_sys(err, -ENOMEM, "");
	for (;;) {
		n = ksift_ctx_read(ctx, fd, buf + fill, STREAM_CAP - fill, -1, err);
		ret = n < 0 ? n : 0;
		if (n <= 0)
			break;
		fill += n;
		whole = fill & ~(sizeof(uint64_t) - 1);
		if (!whole)
			continue;
		ret = ksift_sum_memory(ctx, buf, whole, sum, err);
		if (ret)
			break;
		fill -= whole;
		memcpy(buf, buf + whole, fill);
	}
	sum->tail += fill;
	free(buf);
	return ret;
}

KSIFT_EXPORT int ksift_sum_file(struct ksift_ctx *ctx, int fd, uint64_t from,
				uint64_t to, struct ksift_sum *sum,
				struct ksift_error *err)
{
	struct ksift_run run = {
		.size = sizeof(run),
		.source = KSIFT_SOURCE_FILE,
		.source_fd = fd,
		.from = from,
		.to = to,
	};
	int whole = from == 0 && to == UINT64_MAX;
	struct stat st;
	int ret = -ESPIPE;

	if (fstat(fd, &st))
		return ksift_error_sys(err, -errno, "");
	/* Files of /proc have length 0, but can be read. */
	if (!whole || (S_ISREG(st.st_mode) && st.st_size))
		ret = sum_range(ctx, &run, sum, err);
	if (whole && (ret == -ESPIPE || ret == -EOPNOTSUPP) && !run.out_bytes)
		ret = ksift_sum_stream(ctx, fd, sum, err);
	return ret;
}
