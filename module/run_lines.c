// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel "lines" in the module: allocates buffers for the engine's driver
 * (engine/driver), which does the work, and copies its results to the caller.
 */
#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "cmd_filter.h"
#include "compat.h"
#include "engine/check.h"
#include "engine/driver/driver.h"
#include "run.h"
#include "source.h"

/* From so many bytes on, copying to the stage costs more than a copy_to_user(). */
#define DIRECT_MIN 4096

static_assert(DIRECT_MIN <= KSIFT_STAGE_SIZE);

int ksift_side_emit(struct ksift_src *src, u64 to, const void *from, size_t len)
{
	return copy_to_user(u64_to_user_ptr(to), from, len) ? -EFAULT : 0;
}

int ksift_side_poll(struct ksift_src *src)
{
	cond_resched();
	return signal_pending(current) ? -ERESTARTSYS : 0;
}

static void free_buffers(struct ksift_drive *d)
{
	kfree(d->record);
	kvfree(d->stage);
	kvfree(d->scan);
}

static int alloc_buffers(struct ksift_drive *d)
{
	bool emits = ksift_drive_emits(d->args);

	d->scan = kvmalloc(ksift_scan_size(d->prog), KSIFT_GFP_FIXED);
	if (emits)
		d->stage = kvmalloc(KSIFT_STAGE_SIZE, KSIFT_GFP_FIXED);
	if (d->args->records)
		d->record = kmalloc_array(KSIFT_RECORDS_HELD,
					  sizeof(*d->record), KSIFT_GFP_FIXED);
	if (d->scan && (d->stage || !emits) && (d->record || !d->args->records))
		return 0;
	free_buffers(d);
	return -ENOMEM;
}

int ksift_run_lines(struct ksift_job *job)
{
	struct ksift_src src;
	struct ksift_drive d = {
		.run = job->run,
		.args = &job->args.lines,
		.ops = job->variant,
		.src = &src,
		.direct_min = DIRECT_MIN,
		.work = U64_MAX,
	};
	struct file *filter;
	int ret;

	ret = ksift_check_lines(d.args);
	if (ret)
		return ret;
	filter = ksift_filter_get(d.args->filter_fd, &d.prog);
	if (IS_ERR(filter))
		return PTR_ERR(filter);
	ret = ksift_source_open(&src, job->run);
	if (ret)
		goto put_filter;
	ret = alloc_buffers(&d);
	if (ret)
		goto close_source;

	ret = ksift_drive_lines(&d);
	job->run->out_bytes = src.stats.bytes;
	job->run->out_walked = ksift_source_walked(&src);

	free_buffers(&d);
close_source:
	job->stats = src.stats;
	ksift_source_close(&src);
put_filter:
	fput(filter);
	return ret;
}
