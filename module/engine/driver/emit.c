// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emits the lines that a feed reported: one by one, or several at once.
 */
#include "attrs.h"
#include "emit.h"
#include "longline.h"
#include "stage.h"

/* Bytes that are copied in one go. */
#define COPY_STEP ((size_t)32)

/* A writer raced: rescan this line from a private copy, which does not change. */
static enum ksift_stop rescan_line(struct ksift_drive *d,
				   const struct ksift_hit *hit)
{
	d->private_below = max(d->private_below, hit->end + 1);
	return STOP_RESCAN;
}

/*
 * Gather a line of at most KSIFT_STAGE_SIZE bytes behind the staged ones: its held
 * bytes are there already, the rest comes from @piece.
 */
static enum ksift_stop stage_line(struct ksift_drive *d,
				  const struct ksift_hit *hit,
				  const struct ksift_piece *piece, u64 base)
{
	u64 bytes = ksift_hit_bytes(hit);
	size_t have = hit->start < base ? d->held : 0;
	enum ksift_stop stop = RUNNING;

	/* Unless all of the line that lies before @piece is held, it has to be read again. */
	if (hit->start < base && have != base - hit->start)
		return rescan_line(d, hit);
	d->held = have;
	if (d->staged + bytes > KSIFT_STAGE_SIZE)
		stop = ksift_stage_flush(d);
	if (stop)
		return stop;
	memcpy(d->stage + d->staged + have,
	       piece->buf + (hit->start + have - base),
	       bytes - have - !hit->newline);
	d->held = 0;
	return RUNNING;
}

/* Emit a line that ends in @piece, which begins at offset @base. */
static enum ksift_stop emit_line(struct ksift_drive *d, struct ksift_hit *hit,
				 const struct ksift_piece *piece, u64 base)
{
	const bool split = hit->start < base;
	const bool shared = piece->shared || (split && d->held_shared);
	u64 bytes = ksift_hit_bytes(hit), n;
	size_t len = bytes - 1;
	struct ksift_attrs attrs = { .level = KSIFT_LEVEL_NONE };
	enum ksift_stop stop = RUNNING;
	bool confirmed;
	const u8 *line;

	/* A line that lies in a private piece needs no stage. */
	if (bytes > KSIFT_STAGE_SIZE && (split || shared))
		return ksift_long_emit(d, hit);
	if (split || shared) {
		stop = stage_line(d, hit, piece, base);
		if (stop)
			return stop;
		line = d->stage + d->staged;
	} else {
		line = piece->buf + (hit->start - base);
		d->held = 0;
	}
	if (shared) {
		stop = ksift_attrs_confirm(d, hit, piece, line, len, &attrs,
					   &confirmed);
		if (!stop && !confirmed)
			return rescan_line(d, hit);
	} else if (!ksift_attrs_known(d, hit, &attrs)) {
		stop = ksift_attrs_lowest(d, hit, line, len, &attrs.seen);
	}
	if (stop)
		return stop;
	if (d->args->records)
		stop = ksift_stage_record(d, hit, &attrs);
	if (stop || !d->args->text)
		return stop;
	n = min(bytes, ksift_drive_room(d));
	if (split || shared) {
		d->stage[d->staged + len] = '\n';
		d->staged += n;
		d->text += n;
	} else {
		/* Only a source's last line lacks a newline, and that is split. */
		stop = ksift_stage_text(d, line, n);
		if (stop)
			return stop;
	}
	return ksift_stage_given(d, hit, n);
}

/*
 * Emit as many of the @n lines as are adjacent in a private piece, in one copy.
 * *@done is how many; 0 if the first has to be emitted by itself.
 */
static enum ksift_stop emit_run(struct ksift_drive *d,
				const struct ksift_hit *hits, u32 n,
				const struct ksift_piece *piece, u64 base,
				u32 *done)
{
	u64 bytes = 0, more, room = ksift_drive_room(d);
	u32 i;

	*done = 0;
	if (!d->args->text || d->args->records || piece->shared ||
	    hits->start < base)
		return RUNNING;
	for (i = 0; i < n && hits[i].newline; i++) {
		more = ksift_hit_bytes(&hits[i]);
		if (bytes + more > room ||
		    (i && hits[i].start != hits[i - 1].end + 1))
			break;
		bytes += more;
	}
	if (!i)
		return RUNNING;
	d->held = 0;
	*done = i;
	return ksift_stage_text(d, piece->buf + (hits->start - base), bytes);
}

/*
 * Copy a line, and up to COPY_STEP bytes more if @room is enough for them, both in the
 * source and in the copy.  memcpy() has more branches on the length, which is
 * unpredictable.
 */
static void copy_line(u8 *to, const u8 *from, size_t len, size_t room)
{
	size_t i;

	if (room < len + -len % COPY_STEP) {
		memcpy(to, from, len);
		return;
	}
	for (i = 0; i < len; i += COPY_STEP) {
		u64 a = ksift_load64(from + i), b = ksift_load64(from + i + 8);
		u64 c = ksift_load64(from + i + 16);
		u64 e = ksift_load64(from + i + 24);

		((struct ksift_u64 *)(to + i))->v = a;
		((struct ksift_u64 *)(to + i + 8))->v = b;
		((struct ksift_u64 *)(to + i + 16))->v = c;
		((struct ksift_u64 *)(to + i + 24))->v = e;
	}
}

/*
 * Emit several lines of a shared piece, confirmed all at once, or none.  *@done is how
 * many; 0 if a writer has changed one, and then *@alone is how many to emit, and
 * confirm, one by one now.
 */
static enum ksift_stop emit_many(struct ksift_drive *d,
				 const struct ksift_hit *hits, u32 n,
				 const struct ksift_piece *piece, u64 base,
				 u32 *done, u32 *alone)
{
	u64 bytes = 0, more, end, room = KSIFT_STAGE_SIZE;
	const u64 chunk = ksift_match_chunk(d->scan);
	struct ksift_attrs attrs;
	enum ksift_stop stop = RUNNING;
	u8 *copy, *p;
	u32 i, k;

	*done = 0;
	if (!piece->shared || hits->start < base)
		return RUNNING;
	if (d->args->text)
		room = min(room, ksift_drive_room(d));
	room = min(room, chunk);
	for (i = 0; i < n && i < KSIFT_LEADS; i++) {
		more = ksift_hit_bytes(&hits[i]);
		if (bytes + more > room || !hits[i].newline ||
		    (hits[i].match >= hits[i].end && !d->prog->lines))
			break;
		bytes += more;
	}
	if (i < 2 || !ksift_attrs_known(d, hits, &attrs))
		return RUNNING;
	d->held = 0;
	if (d->staged + bytes > KSIFT_STAGE_SIZE)
		stop = ksift_stage_flush(d);
	if (stop)
		return stop;
	copy = d->stage + d->staged;
	for (k = 0, p = copy; k < i; k++) {
		more = ksift_hit_bytes(&hits[k]);
		copy_line(p, piece->buf + (hits[k].start - base), more,
			  min(base + piece->len - hits[k].start,
			      (u64)(d->stage + KSIFT_STAGE_SIZE - p)));
		p += more;
	}
	end = hits[i - 1].end + 1;
	if (!ksift_source_intact(d->src, piece, hits->start, end) ||
	    !ksift_source_covers(d->src, end) ||
	    !ksift_scan_confirm(d->scan, hits, i, copy, bytes)) {
		*alone = i;
		return RUNNING;
	}
	for (k = 0; d->args->records && k < i && !stop; k++) {
		attrs.seen = 1ULL << hits[k].pattern;
		attrs.level = hits[k].level;
		attrs.msg = hits[k].msg;
		stop = ksift_stage_record(d, &hits[k], &attrs);
	}
	if (d->args->text) {
		d->staged += bytes;
		d->text += bytes;
	}
	*done = i;
	return stop;
}

/*
 * With KSIFT_RUN_CACHED, the rest of a line may be gone from the cache by the next
 * call: begin none that does not fit, unless the buffer is empty.
 */
static bool lacks_room(const struct ksift_drive *d, const struct ksift_hit *hit)
{
	return (d->run->flags & KSIFT_RUN_CACHED) && d->text &&
	       ksift_hit_bytes(hit) > ksift_drive_room(d);
}

/*
 * Emit the next of the @n lines, several at once if possible.  *@done is how many.
 * Changes @hit, the copy of the first, as ksift_long_emit() does.
 */
static enum ksift_stop emit_some(struct ksift_drive *d, struct ksift_hit *hit,
				 u32 n, const struct ksift_hit *hits,
				 const struct ksift_piece *piece, u64 base,
				 u32 *done, u32 *alone)
{
	enum ksift_stop stop = emit_run(d, hits, n, piece, base, done);

	if (!stop && !*done && !*alone)
		stop = emit_many(d, hits, n, piece, base, done, alone);
	*alone -= !!*alone;
	if (stop)
		return stop;
	if (*done)
		return d->args->text && !ksift_drive_room(d) ? STOP_FULL : RUNNING;
	*done = 1;
	return lacks_room(d, hit) ? STOP_ROOM : emit_line(d, hit, piece, base);
}

enum ksift_stop ksift_emit_hits(struct ksift_drive *d,
				const struct ksift_piece *piece, u64 base)
{
	const bool emits = ksift_drive_emits(d->args);
	struct ksift_scan *scan = d->scan;
	struct ksift_lines_count *c = &scan->before;
	u32 i = 0, n = scan->hit_count, alone = 0, done = 1;

	while (i < n) {
		struct ksift_hit hit = scan->hits[i];
		enum ksift_stop stop = RUNNING;

		if (emits)
			stop = emit_some(d, &hit, n - i, &scan->hits[i], piece,
					 base, &done, &alone);
		if (stop == STOP_ERROR || stop == STOP_ROOM ||
		    stop == STOP_RESCAN) {
			ksift_scan_copy(scan, &scan->count, c);
			scan->count.total = hit.index;
			ksift_scan_start(scan, hit.start, false);
			return stop;
		}
		if (done > 1) {
			for (; done > 1; done--)
				ksift_scan_count(scan, &scan->hits[i++], c);
			hit = scan->hits[i];
		}
		ksift_scan_count(scan, &hit, c);
		if (d->args->records && d->records == d->args->records_cap)
			stop = STOP_FULL;
		if (c->selected >= d->args->max_lines && stop == RUNNING)
			stop = STOP_LIMIT;
		/* This line was emitted with another end: rescan what follows. */
		if ((d->lost || hit.end != scan->hits[i].end) && stop == RUNNING)
			stop = STOP_RESCAN;
		if (stop) {
			ksift_scan_rewind(scan, &hit, c);
			/* What has come after the end since is the rest of its line. */
			if (!hit.newline && !d->lost)
				scan->done = true;
			return stop;
		}
		i++;
	}
	return RUNNING;
}

enum ksift_stop ksift_emit_hold(struct ksift_drive *d,
				const struct ksift_piece *piece, u64 base)
{
	u64 line = d->scan->line, end = base + piece->len;
	enum ksift_stop stop = RUNNING;
	size_t len;

	if (d->scan->skipping)
		return RUNNING;
	if (line >= base) {
		d->held = 0;
		d->held_shared = false;
	} else if (d->held != base - line) {
		return RUNNING;
	}
	len = end - max(line, base);
	if (d->held + len > KSIFT_STAGE_SIZE) {
		d->held = 0;
		return RUNNING;
	}
	if (d->staged + d->held + len > KSIFT_STAGE_SIZE)
		stop = ksift_stage_flush(d);
	if (stop)
		return stop;
	memcpy(d->stage + d->staged + d->held, piece->buf + piece->len - len,
	       len);
	d->held += len;
	d->held_shared |= piece->shared;
	if (!ksift_source_intact(d->src, piece, base, end))
		d->held = 0;
	return RUNNING;
}
