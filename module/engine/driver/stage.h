/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stage: what is between the driver and the caller's memory.
 */
#ifndef KSIFT_ENGINE_STAGE_H
#define KSIFT_ENGINE_STAGE_H

#include "attrs.h"
#include "drive.h"

/* Copy bytes to the caller's memory; @len may be 0. */
enum ksift_stop ksift_stage_emit(struct ksift_drive *d, u64 to,
				 const void *from, size_t len);

/* Emit the staged bytes; the held ones move to the stage's beginning. */
enum ksift_stop ksift_stage_flush(struct ksift_drive *d);

/* Emit the held records. */
enum ksift_stop ksift_stage_flush_records(struct ksift_drive *d);

/* Emit bytes that are not in the stage, and for which there is room. */
enum ksift_stop ksift_stage_text(struct ksift_drive *d, const u8 *from,
				 size_t len);

/* Emit a record, for which there is room. */
enum ksift_stop ksift_stage_record(struct ksift_drive *d,
				   const struct ksift_hit *hit,
				   const struct ksift_attrs *attrs);

/* @given bytes of the line of @hit were emitted: go on, or set where to resume. */
enum ksift_stop ksift_stage_given(struct ksift_drive *d,
				  const struct ksift_hit *hit, u64 given);

#endif /* KSIFT_ENGINE_STAGE_H */
