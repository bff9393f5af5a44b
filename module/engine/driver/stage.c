// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes to the caller's memory: text, by way of the stage, and records.
 */
#include "stage.h"

enum ksift_stop ksift_stage_emit(struct ksift_drive *d, u64 to,
				 const void *from, size_t len)
{
	int err = len ? ksift_side_emit(d->src, to, from, len) : 0;

	return err ? ksift_drive_fail(d, err) : RUNNING;
}

enum ksift_stop ksift_stage_flush(struct ksift_drive *d)
{
	u64 at = d->args->text + d->text - d->staged;
	enum ksift_stop stop = ksift_stage_emit(d, at, d->stage, d->staged);

	if (d->staged && !stop) {
		memmove(d->stage, d->stage + d->staged, d->held);
		d->staged = 0;
	}
	return stop;
}

enum ksift_stop ksift_stage_flush_records(struct ksift_drive *d)
{
	u64 first = d->records - d->records_held;
	u64 at = d->args->records + first * sizeof(*d->record);
	size_t len = d->records_held * sizeof(*d->record);
	enum ksift_stop stop = ksift_stage_emit(d, at, d->record, len);

	if (!stop)
		d->records_held = 0;
	return stop;
}

enum ksift_stop ksift_stage_text(struct ksift_drive *d, const u8 *from,
				 size_t len)
{
	enum ksift_stop stop = RUNNING;

	if (len >= d->direct_min || d->staged + len > KSIFT_STAGE_SIZE)
		stop = ksift_stage_flush(d);
	if (stop)
		return stop;
	if (len < d->direct_min) {
		memcpy(d->stage + d->staged, from, len);
		d->staged += len;
	} else {
		stop = ksift_stage_emit(d, d->args->text + d->text, from, len);
	}
	d->text += len;
	return stop;
}

enum ksift_stop ksift_stage_record(struct ksift_drive *d,
				   const struct ksift_hit *hit,
				   const struct ksift_attrs *attrs)
{
	struct ksift_record rec = {
		.offset = hit->start,
		.len = hit->end - hit->start,
		.line = U64_MAX,
		.level = attrs->level,
		.pattern = U32_MAX,
		.msg = attrs->msg,
	};
	u64 seen = attrs->seen & d->prog->include;

	if (d->args->flags & KSIFT_LINES_TOTAL)
		rec.line = hit->index;
	if (seen)
		rec.pattern = ksift_low_bit(seen);
	d->record[d->records_held++] = rec;
	d->records++;
	return d->records_held < KSIFT_RECORDS_HELD ? RUNNING : ksift_stage_flush_records(d);
}

enum ksift_stop ksift_stage_given(struct ksift_drive *d,
				  const struct ksift_hit *hit, u64 given)
{
	struct ksift_resume *resume = &d->run->resume;

	if (given == ksift_hit_bytes(hit))
		return ksift_drive_room(d) ? RUNNING : STOP_FULL;
	resume->pos = hit->start;
	resume->skip = given;
	resume->flags = given == hit->end - hit->start && !hit->newline ?
			KSIFT_RESUME_PENDING_NL : KSIFT_RESUME_INLINE;
	return STOP_FULL;
}
