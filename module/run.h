/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernels that RUN can run, one function each.
 */
#ifndef KSIFT_RUN_H
#define KSIFT_RUN_H

#include "source.h"
#include "uapi/ksift.h"

struct ksift_variant_ops;

/**
 * struct ksift_job - One RUN
 * @run: The caller's structure, checked as far as every kernel needs it, with
 *	out_variant filled in and the other out_* 0; the kernel fills in resume, and
 *	those of out_* that are not 0
 * @variant: The engine variant to use
 * @args: The kernel's own structure; it fills in the out_* members
 * @stats: What the kernel did with its source; it fills them in even if it fails
 */
struct ksift_job {
	struct ksift_run *run;
	const struct ksift_variant_ops *variant;
	union {
		struct ksift_lines lines;
		struct ksift_fib fib;
		struct ksift_sumsq sumsq;
		struct ksift_sum_i64 sum_i64;
	} args;
	struct ksift_stats stats;
};

int ksift_run_lines(struct ksift_job *job);
int ksift_run_fib(struct ksift_job *job);
int ksift_run_sumsq(struct ksift_job *job);
int ksift_run_sum_i64(struct ksift_job *job);

#endif /* KSIFT_RUN_H */
