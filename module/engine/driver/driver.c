// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the kernel "lines": feeds a source to the scan (../lines.h), and emits the
 * lines that it selects.  emit.c emits the lines of a feed, attrs.c finds their
 * attributes, longline.c streams the lines that do not fit the stage, and stage.c
 * writes to the caller's memory.
 *
 * The driver gathers a selected line from its pieces in a private buffer, the stage,
 * and copies many lines from there to the caller at once.  While a piece is shared,
 * others may write to it between the scan and the copy to the stage.  So the driver
 * matches the copy again, and if that is not selected any more, it rescans the line
 * from a private copy.  Thus every line that it emits matched at some moment of the
 * call, whoever writes to the source meanwhile.  Where much is selected, it is faster
 * to copy pieces first and to scan the copies.  The lines of private pieces need no
 * confirmation: the driver emits them in place.
 *
 * It streams a line longer than the stage from the source, without confirmation.
 *
 * With KSIFT_RUN_CACHED, an absent stretch ends the line before it without a result,
 * and the next line that is scanned begins after the first newline behind the stretch.
 *
 * The driver allocates nothing, and knows nothing of files, processes and user
 * memory: these are the side's, see side.h.
 */
#include "../programs.h"
#include "drive.h"
#include "emit.h"
#include "longline.h"
#include "stage.h"

/* Fewer bytes than this are not worth a vector section. */
#define CHUNK_MIN ((size_t)512)

/* The text is dense when more than one byte in so many is in a selected line. */
#define DENSE 4

/* Bytes to count lines in before the next check that they were intact. */
#define CHECK_BYTES (256 * 1024)

/* Has a line been done, so that a run may end? */
static bool some_done(const struct ksift_drive *d)
{
	const struct ksift_scan *scan = d->scan;

	return d->text || d->absent || d->total_bytes ||
	       (!scan->skipping && scan->line != scan->first);
}

/* Between lines, or where the current one can be rescanned: is it time to end? */
static enum ksift_stop check_work(struct ksift_drive *d)
{
	/* First: an error of the side's would throw away what could be returned. */
	if (d->used >= d->work && some_done(d))
		return STOP_WORK;
	return ksift_drive_poll(d);
}

static void account(struct ksift_drive *d, const struct ksift_piece *piece,
		    u64 len)
{
	d->used += len;
	ksift_source_account(d->src, piece, len);
}

/*
 * Bound the scan to the lines that can be emitted: others would have to be scanned
 * again.
 */
static void bound_scan(struct ksift_drive *d)
{
	struct ksift_scan *scan = d->scan;
	u64 hits = min((u64)KSIFT_LINES_HITS,
		       d->args->max_lines - scan->count.selected);

	if (d->args->records)
		hits = min(hits, d->args->records_cap - d->records);
	scan->hits_max = hits;
	scan->bytes_max = d->args->text ? ksift_drive_room(d) : U64_MAX;
	scan->chunk = d->chunk;
}

/* After a feed of @fed bytes: double the chunk, from @fed if too many hits ended it. */
static void adapt_chunk(struct ksift_drive *d, size_t fed)
{
	bool stopped = d->scan->hit_count == d->scan->hits_max;
	const size_t most = KSIFT_FEED;
	size_t chunk = min((stopped ? fed : d->chunk) * 2, most);

	d->dense = d->scan->hit_bytes > fed / DENSE;
	d->chunk = max(chunk, CHUNK_MIN);
}

/* The first chunk: about as much text as the caller's buffers have room for. */
static size_t first_chunk(const struct ksift_lines *args)
{
	size_t chunk = KSIFT_FEED;

	if (args->text && args->text_cap < chunk)
		chunk = args->text_cap;
	/* 64 is a guess at a line's length: most are longer. */
	if (args->records && args->records_cap < chunk / 64)
		chunk = args->records_cap * 64;
	return max(chunk, CHUNK_MIN);
}

/* A point to rescan from. */
struct mark {
	u64 start;
	bool skipping;
};

static struct mark mark_scan(struct ksift_scan *scan)
{
	ksift_scan_copy(scan, &scan->before, &scan->count);
	return (struct mark){
		.start = scan->skipping ? scan->pos : scan->line,
		.skipping = scan->skipping,
	};
}

/* The bytes scanned since @mark were not intact: rescan a private copy of them. */
static enum ksift_stop rescan_from(struct ksift_drive *d,
				   const struct mark *mark)
{
	struct ksift_scan *scan = d->scan;

	d->private_below = max(d->private_below, scan->pos);
	ksift_scan_copy(scan, &scan->count, &scan->before);
	ksift_scan_start(scan, mark->start, mark->skipping);
	return STOP_RESCAN;
}

/* Count the lines of a piece: a run that only counts emits nothing before it ends. */
static enum ksift_stop count_piece(struct ksift_drive *d,
				   const struct ksift_piece *piece)
{
	struct ksift_scan *scan = d->scan;
	struct mark mark = mark_scan(scan);
	u64 base = scan->pos;
	size_t done = 0, checked = 0;
	enum ksift_stop stop = RUNNING;

	while (done < piece->len && !scan->done && !stop) {
		size_t was = done;

		done = ksift_scan_feed(scan, piece->buf, done, piece->len);
		d->used += done - was;
		stop = check_work(d);
		if (done - checked < CHECK_BYTES && done < piece->len &&
		    !scan->done && !stop)
			continue;
		ksift_source_account(d->src, piece, done - checked);
		if (!ksift_source_intact(d->src, piece, base, base + piece->len))
			return rescan_from(d, &mark);
		checked = done;
		mark = mark_scan(scan);
	}
	return stop;
}

/* Make a piece of dense text private: most of it is copied to be emitted anyway. */
static enum ksift_stop copy_piece(struct ksift_drive *d,
				  struct ksift_piece *piece)
{
	struct ksift_scan *scan = d->scan;
	u64 base = scan->pos;
	int err = ksift_source_copy(d->src, piece);

	if (err != -EAGAIN)
		return err ? ksift_drive_fail(d, err) : RUNNING;
	d->private_below = max(d->private_below, base + piece->len);
	/* The beginning of the current line, in earlier pieces, may be gone, too. */
	ksift_scan_start(scan, scan->skipping ? base : scan->line,
			 scan->skipping);
	return STOP_RESCAN;
}

static enum ksift_stop feed_piece(struct ksift_drive *d,
				  struct ksift_piece *piece)
{
	const bool emits = ksift_drive_emits(d->args);
	struct ksift_scan *scan = d->scan;
	u64 base = scan->pos;
	size_t done = 0;
	enum ksift_stop stop = RUNNING;

	if (!scan->want_hits)
		return count_piece(d, piece);
	if (d->dense && emits && piece->shared)
		stop = copy_piece(d, piece);
	if (stop)
		return stop;
	while (done < piece->len) {
		const struct mark mark = mark_scan(scan);
		size_t was = done;

		if (!d->args->max_lines && !scan->skipping)
			return STOP_LIMIT;
		bound_scan(d);
		done = ksift_scan_feed(scan, piece->buf, done, piece->len);
		account(d, piece, done - was);
		if (!ksift_source_intact(d->src, piece, base, base + piece->len))
			return rescan_from(d, &mark);
		adapt_chunk(d, done - was);
		stop = ksift_emit_hits(d, piece, base);
		if (stop || scan->done)
			return stop;
		stop = check_work(d);
		if (stop)
			return stop;
		/* Go on in a private copy, from the line after the last selected one. */
		if (d->dense && emits && piece->shared) {
			ksift_scan_start(scan, scan->line, false);
			d->held = 0;
			return RUNNING;
		}
	}
	return emits ? ksift_emit_hold(d, piece, base) : RUNNING;
}

static enum ksift_stop feed_end(struct ksift_drive *d)
{
	static const struct ksift_piece nothing = { .buf = (const u8 *)"" };
	u64 base = d->scan->pos;

	ksift_scan_copy(d->scan, &d->scan->before, &d->scan->count);
	ksift_scan_eof(d->scan);
	return ksift_emit_hits(d, &nothing, base);
}

/* Go on at @pos, behind an absent stretch or in a line whose rest was lost. */
static void skip_cut(struct ksift_drive *d, u64 pos, bool at_edge)
{
	if (!d->scan->skipping)
		d->total_bytes += d->scan->line - d->scan->first;
	d->held = 0;
	d->after_absent = true;
	d->at_edge = at_edge;
	ksift_scan_start(d->scan, pos, true);
}

static void pass_absent(struct ksift_drive *d, u64 len)
{
	struct ksift_scan *scan = d->scan;
	u64 from = d->run->from, end = min(scan->pos + len, scan->to);
	u64 pos = max(scan->pos, from);

	if (end > pos)
		d->absent += end - pos;
	if (!scan->skipping && scan->pos > scan->line)
		d->cut++;
	skip_cut(d, scan->pos + len, true);
}

/* Bytes fed from @pos on, right behind an absent stretch: they are a cut line's rest. */
static void leave_edge(struct ksift_drive *d, u64 pos)
{
	if (d->at_edge && d->scan->pos > pos) {
		d->cut++;
		d->at_edge = false;
	}
	d->after_absent &= d->scan->skipping;
}

static enum ksift_stop scan_hole(struct ksift_drive *d,
				 const struct ksift_piece *piece)
{
	enum ksift_stop stop = RUNNING;
	u64 done = 0, n;

	d->held = 0;
	while (done < piece->len && !d->scan->done && !stop) {
		n = ksift_scan_zeros(d->scan, piece->len - done);
		account(d, piece, n);
		done += n;
		stop = check_work(d);
	}
	return stop;
}

static enum ksift_stop scan_piece(struct ksift_drive *d,
				  struct ksift_piece *piece)
{
	struct ksift_scan *scan = d->scan;
	u64 pos = scan->pos;
	enum ksift_stop stop;

	if (!piece->len && !scan->skipping && pos > scan->line &&
	    !ksift_source_covers(d->src, pos)) {
		/* The source was truncated in this line: rescan, to see where it ends now. */
		ksift_scan_start(scan, scan->line, false);
		return STOP_RESCAN;
	}
	if (!piece->len)
		return feed_end(d);
	if (piece->absent) {
		pass_absent(d, piece->len);
		return check_work(d);
	}
	if (!piece->buf)
		return scan_hole(d, piece);
	stop = feed_piece(d, piece);
	leave_edge(d, pos);
	return stop;
}

static enum ksift_stop scan_source(struct ksift_drive *d)
{
	struct ksift_scan *scan = d->scan;

	while (!scan->done) {
		struct ksift_piece piece;
		enum ksift_stop stop;
		int err;

		if (!d->args->max_lines && !scan->skipping)
			return STOP_LIMIT;
		err = ksift_source_next(d->src, scan->pos, d->private_below,
					&piece);
		if (err)
			return ksift_drive_fail(d, err);
		stop = scan_piece(d, &piece);
		if (stop == STOP_RESCAN) {
			if (d->lost)
				skip_cut(d, scan->pos, false);
			d->lost = false;
			d->held = 0;
			stop = ksift_drive_poll(d);
		}
		if (stop)
			return stop;
	}
	return RUNNING;
}

static enum ksift_stop run_from_start(struct ksift_drive *d)
{
	const struct ksift_resume resume = d->run->resume;
	struct ksift_scan *scan = d->scan;
	u64 pos = d->run->from;
	bool skipping = false, newline;
	enum ksift_stop stop = RUNNING;

	if (resume.flags & KSIFT_RESUME_VALID)
		pos = resume.pos;
	else if (pos)
		skipping = true;

	if (resume.flags & (KSIFT_RESUME_INLINE | KSIFT_RESUME_PENDING_NL)) {
		scan->first = pos + resume.skip;
		scan->line = scan->first;
		stop = ksift_long_resume(d, &pos, &newline);
		if (stop == STOP_ERROR || d->run->resume.flags)
			return stop;
		ksift_scan_start(scan, pos, false);
		if (d->lost)
			skip_cut(d, pos, false);
		/* Bytes appended since belong to the line that was just ended. */
		else if (!newline)
			scan->done = true;
		d->lost = false;
	} else if (resume.flags & (KSIFT_RESUME_ABSENT | KSIFT_RESUME_CUT)) {
		d->after_absent = true;
		d->at_edge = resume.flags & KSIFT_RESUME_ABSENT;
		ksift_scan_start(scan, pos, true);
		scan->first = pos;
	} else {
		/* Begin with the byte before the range: it tells if a line begins there. */
		ksift_scan_start(scan, pos - skipping, skipping);
		scan->first = pos;
	}
	return stop ? stop : scan_source(d);
}

static void init_scan(struct ksift_drive *d)
{
	const struct ksift_lines *args = d->args;
	struct ksift_scan *scan = d->scan;

	/* All but the arrays, which are written before they are read. */
	memset(scan, 0, offsetof(struct ksift_scan, hits));
	scan->prog = d->prog;
	scan->ops = d->ops;
	scan->to = d->run->to;
	scan->chunk = KSIFT_FEED;
	scan->want_hits = ksift_drive_emits(args) || args->max_lines != U64_MAX;
	scan->no_total = !(args->flags & KSIFT_LINES_TOTAL);
	scan->want_levels = args->flags & KSIFT_LINES_LEVELS;
	scan->hit_levels = args->records;
	scan->want_patterns = args->pattern_counts;
	ksift_program_init(scan);
}

/* Fill in the caller's structures: the results, and where to resume. */
static void set_results(struct ksift_drive *d, enum ksift_stop stop)
{
	const struct ksift_scan *scan = d->scan;
	struct ksift_resume *resume = &d->run->resume;
	struct ksift_lines *args = d->args;
	u64 from = d->run->from, end = scan->line;

	args->out_total_bytes = d->total_bytes;
	args->out_selected = scan->count.selected;
	args->out_selected_bytes = scan->count.selected_bytes;
	args->out_total = args->flags & KSIFT_LINES_TOTAL ? scan->count.total : 0;
	args->out_text = d->text;
	args->out_records = d->records;
	memcpy(args->out_levels, scan->count.levels, sizeof(args->out_levels));
	/* Of an unfinished line count the bytes emitted: the length of its rest is unknown. */
	if (resume->flags & (KSIFT_RESUME_INLINE | KSIFT_RESUME_PENDING_NL)) {
		end = resume->pos + resume->skip;
	} else {
		/* The scan stays at the byte before the range if the source ends there. */
		resume->pos = max(scan->skipping ? scan->pos : scan->line, from);
		resume->skip = 0;
		resume->flags = scan->done ? KSIFT_RESUME_DONE : 0;
		if (!scan->done && (d->lost || d->after_absent))
			resume->flags = d->at_edge ? KSIFT_RESUME_ABSENT :
						     KSIFT_RESUME_CUT;
	}
	if (!scan->skipping)
		args->out_total_bytes += end - scan->first;
	if (stop == STOP_LIMIT || scan->count.selected >= args->max_lines)
		resume->flags |= KSIFT_RESUME_LIMIT;
	d->run->out_absent = d->absent;
	d->run->out_cut = d->cut;
}

int ksift_drive_lines(struct ksift_drive *d)
{
	const struct ksift_lines *args = d->args;
	enum ksift_stop stop;

	if (args->pattern_counts && args->pattern_counts_cap < d->prog->count)
		return -EINVAL;
	init_scan(d);
	d->chunk = first_chunk(args);
	stop = run_from_start(d);
	/* Return what was done before an error: the next call will meet that again. */
	if (stop == STOP_ERROR && (d->err == -EFAULT || !some_done(d)))
		return d->err;
	if (ksift_stage_flush(d) || ksift_stage_flush_records(d))
		return d->err;
	if (args->pattern_counts &&
	    ksift_stage_emit(d, args->pattern_counts, d->scan->count.patterns,
			     d->prog->count * sizeof(u64)))
		return d->err;
	set_results(d, stop);
	return 0;
}
