// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads lines that do not fit the stage again, and streams them to the caller.
 */
#include "attrs.h"
#include "longline.h"
#include "stage.h"

/* Read some of a long line to the stage, in which nothing is staged. */
static enum ksift_stop read_stage(struct ksift_drive *d, u64 pos, u64 most,
				  size_t *len)
{
	const u64 room = KSIFT_STAGE_SIZE;
	enum ksift_stop stop = ksift_drive_poll(d);
	ssize_t n;

	if (stop)
		return stop;
	n = ksift_source_read(d->src, pos, d->stage, min(most, room), &d->lost);
	if (n < 0)
		return ksift_drive_fail(d, n);
	d->used += n;
	*len = n;
	return RUNNING;
}

/*
 * Read the first KSIFT_STAGE_SIZE bytes of a line that does not fit the stage.
 * STOP_RESCAN: a writer has shortened it so that it fits, and it has to be matched
 * again.
 */
static enum ksift_stop read_long(struct ksift_drive *d, u64 start)
{
	enum ksift_stop stop = ksift_stage_flush(d);
	size_t n;

	d->held = 0;
	if (!stop)
		stop = read_stage(d, start, KSIFT_STAGE_SIZE, &n);
	if (stop)
		return stop;
	if (n == KSIFT_STAGE_SIZE && ksift_find_newline(d->stage, n) == n)
		return RUNNING;
	d->private_below = max(d->private_below, start + n);
	d->lost = false;
	return STOP_RESCAN;
}

/* Emit the first @len bytes of the stage, in which nothing is staged. */
static enum ksift_stop emit_bytes(struct ksift_drive *d, size_t len)
{
	enum ksift_stop stop = ksift_stage_emit(d, d->args->text + d->text, d->stage, len);

	if (!stop)
		d->text += len;
	return stop;
}

/*
 * Stream the text of the line at @start, from its byte @skip on, up to a newline
 * or the end of the source.  Sets resume when it has to stop before that.
 * STOP_RESCAN: the line fits the stage by now.  *@next is the offset after the line
 * and *@newline tells if it has one.
 */
static enum ksift_stop stream_line(struct ksift_drive *d, u64 start, u64 skip,
				   u64 *next, bool *newline)
{
	struct ksift_resume *resume = &d->run->resume;
	u64 first = KSIFT_STAGE_SIZE;
	enum ksift_stop stop;
	size_t n, end;

	if (!(resume->flags & KSIFT_RESUME_INLINE)) {
		stop = read_long(d, start);
		if (stop)
			return stop;
		skip = min(ksift_drive_room(d), first);
		stop = emit_bytes(d, skip);
		if (stop)
			return stop;
	}
	resume->pos = start;
	resume->flags = KSIFT_RESUME_INLINE;
	for (end = n = 0; end == n; ) {
		resume->skip = skip;
		if (!ksift_drive_room(d))
			return STOP_FULL;
		stop = read_stage(d, start + skip, ksift_drive_room(d), &n);
		if (stop)
			return stop;
		d->cut += d->lost;
		*newline = n;
		end = ksift_find_newline(d->stage, n);
		if (!n) {
			/* The source's end: the line gets a newline. */
			d->stage[0] = '\n';
			n = 1;
		} else {
			skip += end < n ? end + 1 : n;
		}
		stop = emit_bytes(d, end < n ? end + 1 : n);
		if (stop)
			return stop;
	}
	*next = start + skip;
	resume->flags = 0;
	return ksift_drive_room(d) ? RUNNING : STOP_FULL;
}

static bool stage_is_zero(const u8 *buf, size_t len)
{
	return !len || (!buf[0] && !memcmp(buf, buf + 1, len - 1));
}

/*
 * Find the attributes of a line that does not fit the stage.  If a writer has moved
 * its end, changes @hit to that.  STOP_RESCAN: it fits the stage by now, or the rest
 * of it is absent.
 */
static enum ksift_stop match_long(struct ksift_drive *d, struct ksift_hit *hit,
				  struct ksift_attrs *attrs)
{
	size_t n = KSIFT_STAGE_SIZE, end;
	u64 pos = hit->start, hole;
	enum ksift_stop stop = read_long(d, pos);

	if (stop || ksift_attrs_known(d, hit, attrs))
		return stop;
	attrs->level = ksift_level_find(d->stage, n, &attrs->msg);
	ksift_match_start(d->scan);
	for (;;) {
		bool zeros = stage_is_zero(d->stage, n);

		stop = ksift_attrs_match(d, d->stage, n);
		if (stop)
			return stop;
		pos += n;
		while (zeros && pos < hit->end) {
			hole = ksift_source_hole(d->src, pos, hit->end - pos);
			if (!hole)
				break;
			for (n = 0; hole; hole -= n) {
				n = ksift_match_zeros(d->scan, hole);
				pos += n;
				stop = ksift_drive_poll(d);
				if (stop)
					return stop;
			}
		}
		if (pos >= hit->end) {
			attrs->seen = ksift_match_end(d->scan);
			return RUNNING;
		}
		stop = read_stage(d, pos, hit->end - pos, &n);
		if (stop)
			return stop;
		if (d->lost) {
			d->cut++;
			return STOP_RESCAN;
		}
		end = ksift_find_newline(d->stage, n);
		if (end < n || !n) {
			hit->newline = n;
			hit->end = pos + end;
			n = end;
		}
	}
}

enum ksift_stop ksift_long_emit(struct ksift_drive *d, struct ksift_hit *hit)
{
	struct ksift_attrs attrs = { .level = KSIFT_LEVEL_NONE };
	enum ksift_stop stop = RUNNING, put;
	bool newline;
	u64 next;

	if (d->args->records) {
		stop = match_long(d, hit, &attrs);
		if (stop)
			return stop;
	}
	if (d->args->text) {
		stop = stream_line(d, hit->start, 0, &next, &newline);
		if (stop == STOP_RESCAN)
			return stop;
		if (stop == STOP_ERROR) {
			/* No byte of it was emitted: the next call scans it again. */
			if (d->err == -EFAULT ||
			    !(d->run->resume.flags & KSIFT_RESUME_INLINE))
				return stop;
			/* Some was: count the line, and leave its rest to the next call. */
			stop = STOP_FULL;
		}
		if (!d->run->resume.flags) {
			hit->end = next - newline;
			hit->newline = newline;
		}
	}
	if (d->args->records) {
		put = ksift_stage_record(d, hit, &attrs);
		if (put)
			return put;
	}
	return stop;
}

enum ksift_stop ksift_long_resume(struct ksift_drive *d, u64 *next,
				  bool *newline)
{
	struct ksift_resume *resume = &d->run->resume;
	const u8 nl = '\n';
	enum ksift_stop stop;

	if (!d->args->text)
		return ksift_drive_fail(d, -EINVAL);
	if (!(resume->flags & KSIFT_RESUME_PENDING_NL))
		return stream_line(d, resume->pos, resume->skip, next, newline);
	*next = resume->pos + resume->skip;
	*newline = false;
	stop = ksift_stage_emit(d, d->args->text, &nl, 1);
	if (stop)
		return stop;
	d->text = 1;
	resume->flags = 0;
	return ksift_drive_room(d) ? RUNNING : STOP_FULL;
}
