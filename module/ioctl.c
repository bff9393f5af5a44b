// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of ioctls.
 */
#include <linux/build_bug.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/nospec.h>

#include "cmd.h"
#include "cmd_filter.h"
#include "cmd_info.h"
#include "cmd_run.h"
#include "ioctl.h"
#include "uapi/ksift.h"

struct ksift_ioctl_op {
	u32 size;
	u32 min_size;
	int (*execute)(struct ksift_ucmd *ucmd);
};

union ksift_ucmd_buffer {
	struct ksift_info info;
	struct ksift_filter filter;
	struct ksift_run run;
};

#define IOCTL_OP(cmd, fn, type, least)                                  \
	[_IOC_NR(cmd)] = {                                              \
		.size = sizeof(type) + BUILD_BUG_ON_ZERO(               \
			sizeof(union ksift_ucmd_buffer) < sizeof(type)), \
		.min_size = least,                                      \
		.execute = fn,                                          \
	}

static const struct ksift_ioctl_op ioctl_ops[] = {
	IOCTL_OP(KSIFT_INFO, ksift_cmd_info, struct ksift_info,
		 KSIFT_INFO_SIZE_VER0),
	IOCTL_OP(KSIFT_FILTER, ksift_cmd_filter, struct ksift_filter,
		 KSIFT_FILTER_SIZE_VER0),
	IOCTL_OP(KSIFT_RUN, ksift_cmd_run, struct ksift_run, KSIFT_RUN_SIZE_VER0),
};

/* The layout is a promise.  That there are no holes, scripts/lint sees to. */
static_assert(sizeof(struct ksift_info) == KSIFT_INFO_SIZE_VER0);
static_assert(sizeof(struct ksift_pattern) == 24);
static_assert(sizeof(struct ksift_filter) == KSIFT_FILTER_SIZE_VER0);
static_assert(sizeof(struct ksift_resume) == 24);
static_assert(sizeof(struct ksift_run) == KSIFT_RUN_SIZE_VER0);
static_assert(sizeof(struct ksift_record) == 40);
static_assert(sizeof(struct ksift_lines) == KSIFT_LINES_SIZE_VER0);
static_assert(sizeof(struct ksift_fib) == KSIFT_FIB_SIZE_VER0);
static_assert(sizeof(struct ksift_sumsq_value) == 24);
static_assert(sizeof(struct ksift_sumsq) == KSIFT_SUMSQ_SIZE_VER0);
static_assert(sizeof(struct ksift_sum_i64) == KSIFT_SUM_I64_SIZE_VER0);

long ksift_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	union ksift_ucmd_buffer buf;
	struct ksift_ucmd ucmd = {
		.user = (void __user *)arg,
		.cmd = &buf,
	};
	const struct ksift_ioctl_op *op;
	unsigned int nr = _IOC_NR(cmd);
	int ret;

	if (nr >= ARRAY_SIZE(ioctl_ops) || cmd != _IO(KSIFT_TYPE, nr))
		return -ENOTTY;
	op = &ioctl_ops[array_index_nospec(nr, ARRAY_SIZE(ioctl_ops))];

	ret = ksift_copy_struct(&buf, op->size, op->min_size, ucmd.user);
	if (ret < 0)
		return ret;
	ucmd.user_size = ret;
	return op->execute(&ucmd);
}
