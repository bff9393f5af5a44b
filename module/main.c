// SPDX-License-Identifier: GPL-2.0-only
/*
 * The character device /dev/ksift and its table of ioctls.  The device has no state:
 * each ioctl stands alone.  INFO is handled here, and, with the table of kernels, the
 * part of RUN that all of them share.
 */
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "cmd.h"
#include "cmd_filter.h"
#include "engine/check.h"
#include "engine/variants.h"
#include "run.h"
#include "trace.h"
#include "uapi/ksift.h"

/**
 * struct kernel_op - A kernel
 * @sources: Bit (1 << n) for each enum ksift_source it takes
 * @size: sizeof() its arguments
 * @min_size: Least size of them, as first published
 * @run: Runs it
 */
struct kernel_op {
	u32 sources;
	u32 size;
	u32 min_size;
	int (*run)(struct ksift_job *job);
};

#define FROM_NONE	BIT(KSIFT_SOURCE_NONE)
#define FROM_MEM	BIT(KSIFT_SOURCE_MEM)
#define FROM_FILE	BIT(KSIFT_SOURCE_FILE)

#define KERNEL_OP(id, fn, from, type, least)                            \
	[id] = {                                                        \
		.sources = from,                                        \
		.size = sizeof(type),                                   \
		.min_size = least,                                      \
		.run = fn,                                              \
	}

static const struct kernel_op kernel_ops[] = {
	KERNEL_OP(KSIFT_KERNEL_LINES, ksift_run_lines, FROM_MEM | FROM_FILE,
		  struct ksift_lines, KSIFT_LINES_SIZE_VER0),
	KERNEL_OP(KSIFT_KERNEL_FIB, ksift_run_fib, FROM_NONE,
		  struct ksift_fib, KSIFT_FIB_SIZE_VER0),
	KERNEL_OP(KSIFT_KERNEL_SUMSQ, ksift_run_sumsq, FROM_NONE | FROM_MEM,
		  struct ksift_sumsq, KSIFT_SUMSQ_SIZE_VER0),
	KERNEL_OP(KSIFT_KERNEL_SUM_I64, ksift_run_sum_i64, FROM_MEM | FROM_FILE,
		  struct ksift_sum_i64, KSIFT_SUM_I64_SIZE_VER0),
};

/* INFO: tell what this module can do on this machine. */
static int cmd_info(struct ksift_ucmd *ucmd)
{
	struct ksift_info *info = ucmd->cmd;
	const struct ksift_variant_ops *variant;
	u64 usable;

	if (info->flags)
		return -EOPNOTSUPP;
	variant = ksift_variant_get(info->variant, &usable);
	if (!variant)
		return -EOPNOTSUPP;

	info->out_variant = variant->id;
	info->out_features = KSIFT_FEATURE_LEVELS | KSIFT_FEATURE_CACHE |
			     KSIFT_FEATURE_LINE_PROGRAMS;
	info->out_kernels = BIT_ULL(ARRAY_SIZE(kernel_ops)) - 1;
	info->out_variants = usable;
	memset(info->out_variant_name, 0, sizeof(info->out_variant_name));
	memcpy(info->out_variant_name, variant->name,
	       min(strlen(variant->name), sizeof(info->out_variant_name) - 1));
	return ksift_ucmd_respond(ucmd, sizeof(*info));
}

static int cmd_run(struct ksift_ucmd *ucmd)
{
	struct ksift_run *run = ucmd->cmd;
	struct ksift_job job = { .run = run };
	const struct kernel_op *op;
	struct ksift_ucmd args = { .cmd = &job.args };
	u64 usable;
	int ret;

	if (run->kernel >= ARRAY_SIZE(kernel_ops))
		return -EOPNOTSUPP;
	op = &kernel_ops[array_index_nospec(run->kernel,
					    ARRAY_SIZE(kernel_ops))];
	job.variant = ksift_variant_get(run->variant, &usable);
	if (!job.variant)
		return -EOPNOTSUPP;
	ret = ksift_check_run(run, op->sources);
	if (ret)
		return ret;

	args.user = u64_to_user_ptr(run->args);
	ret = ksift_copy_struct(&job.args, op->size, op->min_size, args.user);
	if (ret < 0)
		return ret;
	args.user_size = ret;

	run->out_bytes = 0;
	run->out_walked = 0;
	run->out_absent = 0;
	run->out_cut = 0;
	run->out_variant = job.variant->id;
	trace_run_begin(run);
	ret = op->run(&job);
	trace_run_end(run, &job.stats,
		      ret || run->kernel != KSIFT_KERNEL_LINES ?
		      0 : job.args.lines.out_selected, ret);
	if (ret)
		return ret;
	run->resume.flags |= KSIFT_RESUME_VALID;
	ret = ksift_ucmd_respond(&args, op->size);
	if (ret)
		return ret;
	return ksift_ucmd_respond(ucmd, sizeof(*run));
}

struct ioctl_op {
	u32 size;
	u32 min_size;
	int (*execute)(struct ksift_ucmd *ucmd);
};

union ucmd_buffer {
	struct ksift_info info;
	struct ksift_filter filter;
	struct ksift_run run;
};

#define IOCTL_OP(cmd, fn, type, least)                                  \
	[_IOC_NR(cmd)] = {                                              \
		.size = sizeof(type) + BUILD_BUG_ON_ZERO(               \
			sizeof(union ucmd_buffer) < sizeof(type)),      \
		.min_size = least,                                      \
		.execute = fn,                                          \
	}

static const struct ioctl_op ioctl_ops[] = {
	IOCTL_OP(KSIFT_INFO, cmd_info, struct ksift_info, KSIFT_INFO_SIZE_VER0),
	IOCTL_OP(KSIFT_FILTER, ksift_cmd_filter, struct ksift_filter,
		 KSIFT_FILTER_SIZE_VER0),
	IOCTL_OP(KSIFT_RUN, cmd_run, struct ksift_run, KSIFT_RUN_SIZE_VER0),
};

/* The layouts are ABI.  scripts/lint checks that they have no holes. */
static_assert(sizeof(struct ksift_info) == KSIFT_INFO_SIZE_VER0);
static_assert(sizeof(struct ksift_pattern) == 24);
static_assert(sizeof(struct ksift_filter) == KSIFT_FILTER_SIZE_VER1);
static_assert(sizeof(struct ksift_line_program) == KSIFT_LINE_PROGRAM_SIZE_VER0);
static_assert(sizeof(struct ksift_resume) == 24);
static_assert(sizeof(struct ksift_run) == KSIFT_RUN_SIZE_VER0);
static_assert(sizeof(struct ksift_record) == 40);
static_assert(sizeof(struct ksift_lines) == KSIFT_LINES_SIZE_VER0);
static_assert(sizeof(struct ksift_fib) == KSIFT_FIB_SIZE_VER0);
static_assert(sizeof(struct ksift_sumsq_value) == 24);
static_assert(sizeof(struct ksift_sumsq) == KSIFT_SUMSQ_SIZE_VER0);
static_assert(sizeof(struct ksift_sum_i64) == KSIFT_SUM_I64_SIZE_VER0);

static long ksift_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	union ucmd_buffer buf;
	struct ksift_ucmd ucmd = {
		.user = (void __user *)arg,
		.cmd = &buf,
	};
	const struct ioctl_op *op;
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

static const struct file_operations ksift_dev_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = ksift_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice ksift_dev = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ksift",
	.fops = &ksift_dev_fops,
	.mode = 0660,
};

static int __init ksift_init(void)
{
	return misc_register(&ksift_dev);
}

static void __exit ksift_exit(void)
{
	misc_deregister(&ksift_dev);
}

module_init(ksift_init);
module_exit(ksift_exit);

MODULE_DESCRIPTION("Log filters and compute kernels next to the data");
MODULE_AUTHOR("The ksift developers");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
