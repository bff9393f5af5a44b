/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the driver's files share.  Others include driver.h alone.
 */
#ifndef KSIFT_ENGINE_DRIVE_H
#define KSIFT_ENGINE_DRIVE_H

#include "driver.h"

/* Why a run ended before its source did, or why the scan goes back. */
enum ksift_stop {
	RUNNING,
	STOP_FULL,	/* a buffer of the caller's is full */
	STOP_LIMIT,	/* max_lines */
	STOP_ROOM,	/* the next line does not fit: leave it to the next call */
	STOP_WORK,	/* the run has used enough bytes */
	STOP_RESCAN,	/* a writer raced: scan again from where the scan is set */
	STOP_ERROR,	/* see err */
};

static inline enum ksift_stop ksift_drive_fail(struct ksift_drive *d, int err)
{
	d->err = err;
	return STOP_ERROR;
}

static inline u64 ksift_drive_room(const struct ksift_drive *d)
{
	return d->args->text_cap - d->text;
}

/* Reschedule, and ask the side whether to go on. */
static inline enum ksift_stop ksift_drive_poll(struct ksift_drive *d)
{
	int err = ksift_side_poll(d->src);

	return err ? ksift_drive_fail(d, err) : RUNNING;
}

#endif /* KSIFT_ENGINE_DRIVE_H */
