// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the kernel "lines": feeds a source to the scan (lines.h), and emits the lines
 * that it selects.
 *
 * A selected line is first brought together in a private buffer, the stage, from
 * the pieces it lies in, and goes to the caller from there, many lines in one copy.
 * When a piece was shared, others may have written to it between the scan and the
 * copy; so the copy is matched again, and a line that is none any more is rescanned
 * from a private copy.  What is emitted is a line that matched at some moment of
 * the call, whoever writes to the source meanwhile.  Where much is selected, it
 * takes less time to copy pieces first and scan the copies.  Lines of private
 * pieces are confirmed by that: they are emitted from where they lie.
 *
 * A line longer than the stage is streamed from the source, without confirmation.
 *
 * When only what is cached is scanned, an absent stretch ends the line before it
 * without a result, and the next line that is scanned begins after the first newline
 * behind it.
 *
 * Nothing is allocated here, and nothing is known of files, processes and user
 * memory: that is the side's, see side.h.
 */
#include "driver.h"

/* Bytes that are copied in one go. */
#define COPY_STEP ((size_t)32)

/* Fewer bytes than this are not worth a vector section. */
#define CHUNK_MIN ((size_t)512)

/* The text is dense when more than one byte in so many is in a selected line. */
#define DENSE 4

/* Beyond as many patterns one search for all of them is faster than one for each. */
#define FEW_PATTERNS 8

/* While lines are counted: bytes between two looks at whether they are intact. */
#define CHECK_BYTES (256 * 1024)

/* Why a run ended before its source did, or why the scan goes back. */
enum stop {
	RUNNING,
	STOP_FULL,	/* a buffer of the caller's is full */
	STOP_LIMIT,	/* max_lines */
	STOP_ROOM,	/* the next line is for another buffer */
	STOP_WORK,	/* enough for one run */
	STOP_RESCAN,	/* a writer raced: scan again from where the scan is set */
	STOP_ERROR,	/* see err */
};

/* What a record says of a line besides where it is. */
struct attrs {
	u64 seen;
	u32 level;
	u32 msg;
};

static enum stop fail(struct ksift_drive *d, int err)
{
	d->err = err;
	return STOP_ERROR;
}

static u64 text_room(const struct ksift_drive *d)
{
	return d->args->text_cap - d->text;
}

/* Has a line been done, so that a run may end? */
static bool some_done(const struct ksift_drive *d)
{
	const struct ksift_scan *scan = d->scan;

	return d->text || d->absent || d->total_bytes ||
	       (!scan->skipping && scan->line != scan->first);
}

static enum stop poll_side(struct ksift_drive *d)
{
	int err = ksift_side_poll(d->src);

	return err ? fail(d, err) : RUNNING;
}

/* Between lines, or when one can be scanned again: is it time to end? */
static enum stop check_work(struct ksift_drive *d)
{
	enum stop stop = poll_side(d);

	if (!stop && d->used >= d->work && some_done(d))
		stop = STOP_WORK;
	return stop;
}

static void account(struct ksift_drive *d, const struct ksift_piece *piece,
		    u64 len)
{
	d->used += len;
	ksift_source_account(d->src, piece, len);
}

static enum stop emit(struct ksift_drive *d, u64 to, const void *from, size_t len)
{
	int err = len ? ksift_side_emit(d->src, to, from, len) : 0;

	return err ? fail(d, err) : RUNNING;
}

/* Emit what is staged; what is held moves to the stage's beginning. */
static enum stop flush_stage(struct ksift_drive *d)
{
	u64 at = d->args->text + d->text - d->staged;
	enum stop stop = emit(d, at, d->stage, d->staged);

	if (d->staged && !stop) {
		memmove(d->stage, d->stage + d->staged, d->held);
		d->staged = 0;
	}
	return stop;
}

static enum stop flush_records(struct ksift_drive *d)
{
	u64 first = d->records - d->records_held;
	u64 at = d->args->records + first * sizeof(*d->record);
	enum stop stop = emit(d, at, d->record,
			      d->records_held * sizeof(*d->record));

	if (!stop)
		d->records_held = 0;
	return stop;
}

/* Emit bytes that are not in the stage, and for which there is room. */
static enum stop put_text(struct ksift_drive *d, const u8 *from, size_t len)
{
	enum stop stop = RUNNING;

	if (len >= d->direct_min || d->staged + len > KSIFT_STAGE_SIZE)
		stop = flush_stage(d);
	if (stop)
		return stop;
	if (len < d->direct_min) {
		memcpy(d->stage + d->staged, from, len);
		d->staged += len;
	} else {
		stop = emit(d, d->args->text + d->text, from, len);
	}
	d->text += len;
	return stop;
}

static enum stop put_record(struct ksift_drive *d, const struct ksift_hit *hit,
			    const struct attrs *attrs)
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
	return d->records_held < KSIFT_RECORDS_HELD ? RUNNING : flush_records(d);
}

/* The caller has @given bytes of the line of @hit: go on, or say where to resume. */
static enum stop text_given(struct ksift_drive *d, const struct ksift_hit *hit,
			    u64 given)
{
	struct ksift_resume *resume = &d->run->resume;

	if (given == ksift_hit_bytes(hit))
		return text_room(d) ? RUNNING : STOP_FULL;
	resume->pos = hit->start;
	resume->skip = given;
	resume->flags = given == hit->end - hit->start && !hit->newline ?
			KSIFT_RESUME_PENDING_NL : KSIFT_RESUME_INLINE;
	return STOP_FULL;
}

/* Read some of a long line to the stage, in which nothing is staged. */
static enum stop read_stage(struct ksift_drive *d, u64 pos, u64 most, size_t *len)
{
	const u64 room = KSIFT_STAGE_SIZE;
	enum stop stop = poll_side(d);
	ssize_t n;

	if (stop)
		return stop;
	n = ksift_source_read(d->src, pos, d->stage, min(most, room), &d->lost);
	if (n < 0)
		return fail(d, n);
	d->used += n;
	*len = n;
	return RUNNING;
}

/*
 * Have the first KSIFT_STAGE_SIZE bytes of a line that does not fit the stage.
 * STOP_RESCAN: a writer has made a line of it that would fit by now, and nobody has
 * matched what is there.
 */
static enum stop read_long(struct ksift_drive *d, u64 start)
{
	enum stop stop = flush_stage(d);
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

/* The caller gets @len bytes of the stage, in which nothing is staged. */
static enum stop emit_bytes(struct ksift_drive *d, size_t len)
{
	enum stop stop = emit(d, d->args->text + d->text, d->stage, len);

	if (!stop)
		d->text += len;
	return stop;
}

/*
 * Stream the text of the line at @start, from its byte @skip on, up to a newline
 * or the end of the source.  Sets resume when it has to stop before that.
 * STOP_RESCAN: it is no long line any more.  *@next is the offset after the line
 * and *@newline tells if it has one.
 */
static enum stop stream_line(struct ksift_drive *d, u64 start, u64 skip, u64 *next,
			     bool *newline)
{
	struct ksift_resume *resume = &d->run->resume;
	u64 first = KSIFT_STAGE_SIZE;
	enum stop stop;
	size_t n, end;

	if (!(resume->flags & KSIFT_RESUME_INLINE)) {
		stop = read_long(d, start);
		if (stop)
			return stop;
		skip = min(text_room(d), first);
		stop = emit_bytes(d, skip);
		if (stop)
			return stop;
	}
	resume->pos = start;
	resume->flags = KSIFT_RESUME_INLINE;
	for (end = n = 0; end == n; ) {
		resume->skip = skip;
		if (!text_room(d))
			return STOP_FULL;
		stop = read_stage(d, start + skip, text_room(d), &n);
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
	return text_room(d) ? RUNNING : STOP_FULL;
}

static bool all_zeros(const u8 *buf, size_t len)
{
	return !len || (!buf[0] && !memcmp(buf, buf + 1, len - 1));
}

/*
 * The attributes of a line that does not fit the stage.  When it ends elsewhere by
 * now, @hit is changed to that.  Stops as stream_line() does.
 */
static enum stop match_long(struct ksift_drive *d, struct ksift_hit *hit,
			    struct attrs *attrs)
{
	size_t n = KSIFT_STAGE_SIZE, end;
	u64 pos = hit->start, hole;
	u32 state[2];
	enum stop stop = read_long(d, pos);

	if (stop)
		return stop;
	attrs->level = ksift_level_find(d->stage, n, &attrs->msg);
	attrs->seen = ksift_match_start(d->prog, state);
	for (;;) {
		bool zeros = all_zeros(d->stage, n);

		attrs->seen |= ksift_match(d->prog, state, d->stage, n);
		pos += n;
		while (zeros && pos < hit->end) {
			hole = ksift_source_hole(d->src, pos, hit->end - pos);
			if (!hole)
				break;
			attrs->seen |= ksift_match_zeros(d->prog, state, hole);
			pos += hole;
			stop = poll_side(d);
			if (stop)
				return stop;
		}
		if (pos >= hit->end)
			return RUNNING;
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

/*
 * Emit a line that does not fit the stage.  When it has another length by then,
 * @hit is changed to what it was.
 */
static enum stop emit_long(struct ksift_drive *d, struct ksift_hit *hit)
{
	struct attrs attrs = { .level = KSIFT_LEVEL_NONE };
	enum stop stop = RUNNING, put;
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
			/* Nothing of it was emitted: the next call finds it anew. */
			if (d->err == -EFAULT ||
			    !(d->run->resume.flags & KSIFT_RESUME_INLINE))
				return stop;
			/* The line counts: what is left of it is for the next call. */
			stop = STOP_FULL;
		}
		if (!d->run->resume.flags) {
			hit->end = next - newline;
			hit->newline = newline;
		}
	}
	if (d->args->records) {
		put = put_record(d, hit, &attrs);
		if (put)
			return put;
	}
	return stop;
}

/* What the scan says of a line, if that is all that is wanted. */
static bool known_attrs(const struct ksift_drive *d, const struct ksift_hit *hit,
			struct attrs *attrs)
{
	const struct ksift_prog *prog = d->prog;

	attrs->level = hit->level;
	attrs->msg = hit->msg;
	if (!d->args->records)
		return true;
	/* A line that is selected has the only pattern there is to have. */
	attrs->seen = prog->include;
	return !prog->include ||
	       (!prog->invert && !(prog->include & (prog->include - 1)));
}

/*
 * A line in the stage has the pattern where the scan saw it.  Then it is
 * selected, too: that is all that is asked for where the scan looks for that.
 */
static bool match_confirmed(const struct ksift_drive *d,
			    const struct ksift_hit *hit, const u8 *line)
{
	const struct ksift_literal *lit = &d->prog->lits[hit->pattern];
	u64 at = hit->match - hit->start;

	if (hit->match + lit->len > hit->end ||
	    (at && (lit->flags & KSIFT_PATTERN_ANCHORED)))
		return false;
	return ksift_literal_equal(lit, line + at);
}

/* All patterns in a private line. */
static u64 match_line(const struct ksift_drive *d, const u8 *line, size_t len)
{
	u32 state[2];
	u64 seen = ksift_match_start(d->prog, state);

	return seen | ksift_match(d->prog, state, line, len);
}

/* Has a byte of @v, as far as @mask counts, the value that all of @bytes have? */
static u64 bytes_equal(u64 v, u64 mask, u64 bytes)
{
	const u64 ones = ~0ULL / 0xff;

	/* The subtraction borrows from the next byte at an equal one only. */
	v = (v & mask) ^ bytes;
	return (v - ones) & ~v & ones << 7;
}

/*
 * Is a pattern, which is not empty, in a private line?  What whole patterns are
 * compared is taken from *@budget; when that comes to 0, "no" means that it is not
 * known.
 */
static bool has_literal(const struct ksift_literal *lit, const u8 *line,
			size_t len, size_t *budget)
{
	const u64 head = lit->head, mask = lit->head_mask, ones = ~0ULL / 0xff;
	const u8 *h = (const u8 *)&lit->head, *m = (const u8 *)&lit->head_mask;
	size_t end, heads, at, k, next;

	if (lit->len > len)
		return false;
	/* Where it can begin, and where eight bytes can be loaded. */
	end = lit->flags & KSIFT_PATTERN_ANCHORED ? 1 : len - lit->len + 1;
	heads = len < 8 ? 0 : min(end, len - 7);
	k = (lit->len < 8 ? lit->len : 8) - 1;
	for (at = next = 0; at < heads; at++) {
		/* Pass over eight places if its first byte and its k-th are at none. */
		if (at == next) {
			next = at + 8;
			if (next + k <= len &&
			    !(bytes_equal(ksift_load64(line + at), m[0] * ones,
					  h[0] * ones) &
			      bytes_equal(ksift_load64(line + at + k), m[k] * ones,
					  h[k] * ones))) {
				at += 7;
				continue;
			}
		}
		if ((ksift_load64(line + at) & mask) != head)
			continue;
		if (lit->len <= 8)
			return true;
		if (*budget <= lit->len) {
			*budget = 0;
			return false;
		}
		*budget -= lit->len;
		if (ksift_literal_equal(lit, line + at))
			return true;
	}
	for (; at < end; at++)
		if (ksift_literal_equal(lit, line + at))
			return true;
	return false;
}

/*
 * The lowest pattern that a record of a private line names, perhaps with others.
 * Few patterns are found faster one by one than all at once.
 */
static u64 lowest_pattern(const struct ksift_drive *d, const struct ksift_hit *hit,
			  const u8 *line, size_t len)
{
	const struct ksift_prog *prog = d->prog;
	u64 left = prog->include, known = 0;
	size_t budget = 2 * len;

	if (prog->always || prog->count > FEW_PATTERNS)
		return match_line(d, line, len);
	/* The scan saw this one. */
	if (hit->match < hit->end) {
		known = 1ULL << hit->pattern;
		left &= known - 1;
	}
	for (; left; left &= left - 1) {
		u32 i = ksift_low_bit(left);

		if (has_literal(&prog->lits[i], line, len, &budget))
			return 1ULL << i;
		if (!budget)
			return match_line(d, line, len);
	}
	return known;
}

/*
 * Is the copy in the stage, of bytes that may have changed since the scan, a line
 * still, and selected?  Its attributes are filled in as far as they are wanted.
 */
static bool confirm_line(struct ksift_drive *d, const struct ksift_hit *hit,
			 const struct ksift_piece *piece, const u8 *line,
			 size_t len, struct attrs *attrs)
{
	u64 end = hit->end + hit->newline;

	if (known_attrs(d, hit, attrs) && hit->match < hit->end &&
	    match_confirmed(d, hit, line))
		attrs->seen = 1ULL << hit->pattern;
	else
		attrs->seen = match_line(d, line, len);
	if (d->args->records || d->prog->level_mask)
		attrs->level = ksift_level_find(line, len, &attrs->msg);
	if (hit->newline && line[len] != '\n')
		return false;
	return ksift_source_intact(d->src, piece, hit->start, end) &&
	       ksift_find_newline(line, len) == len &&
	       ksift_prog_selects(d->prog, attrs->seen) &&
	       ksift_prog_takes(d->prog, attrs->level) &&
	       ksift_source_covers(d->src, end);
}

/* A writer raced: rescan this line from a private copy, which does not change. */
static enum stop rescan_line(struct ksift_drive *d, const struct ksift_hit *hit)
{
	d->private_below = max(d->private_below, hit->end + 1);
	return STOP_RESCAN;
}

/*
 * Bring a line of at most KSIFT_STAGE_SIZE bytes together behind what is staged: what
 * is held of it, and the rest from @piece.
 */
static enum stop stage_line(struct ksift_drive *d, const struct ksift_hit *hit,
			    const struct ksift_piece *piece, u64 base)
{
	u64 bytes = ksift_hit_bytes(hit);
	size_t have = hit->start < base ? d->held : 0;
	enum stop stop = RUNNING;

	/* What is held is the whole line's beginning, or nothing. */
	if (hit->start < base && have != base - hit->start)
		return rescan_line(d, hit);
	d->held = have;
	if (d->staged + bytes > KSIFT_STAGE_SIZE)
		stop = flush_stage(d);
	if (stop)
		return stop;
	memcpy(d->stage + d->staged + have,
	       piece->buf + (hit->start + have - base),
	       bytes - have - !hit->newline);
	d->held = 0;
	return RUNNING;
}

/* Emit a line that ends in @piece, which begins at offset @base. */
static enum stop emit_line(struct ksift_drive *d, struct ksift_hit *hit,
			   const struct ksift_piece *piece, u64 base)
{
	const bool split = hit->start < base;
	const bool shared = piece->shared || (split && d->held_shared);
	u64 bytes = ksift_hit_bytes(hit), n;
	size_t len = bytes - 1;
	struct attrs attrs = { .level = KSIFT_LEVEL_NONE };
	enum stop stop = RUNNING;
	const u8 *line;

	if (bytes > KSIFT_STAGE_SIZE)
		return emit_long(d, hit);
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
		if (!confirm_line(d, hit, piece, line, len, &attrs))
			return rescan_line(d, hit);
	} else if (!known_attrs(d, hit, &attrs)) {
		attrs.seen = lowest_pattern(d, hit, line, len);
	}
	if (d->args->records)
		stop = put_record(d, hit, &attrs);
	if (stop || !d->args->text)
		return stop;
	n = min(bytes, text_room(d));
	if (split || shared) {
		d->stage[d->staged + len] = '\n';
		d->staged += n;
		d->text += n;
	} else {
		/* Only a source's last line lacks a newline, and that is split. */
		stop = put_text(d, line, n);
		if (stop)
			return stop;
	}
	return text_given(d, hit, n);
}

/*
 * Emit as many of the @n lines as follow one another in a private piece, in one
 * copy.  *@done is how many they are, none if the first is to be emitted by itself.
 */
static enum stop emit_run(struct ksift_drive *d, const struct ksift_hit *hits,
			  u32 n, const struct ksift_piece *piece, u64 base,
			  u32 *done)
{
	u64 bytes = 0, more, room = text_room(d);
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
	return put_text(d, piece->buf + (hits->start - base), bytes);
}

/*
 * Copy a line, and up to COPY_STEP bytes more if @room is enough in both places: a
 * branch less for each that memcpy() has on the length, which is another for each
 * line.
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
 * Emit several lines of a shared piece, all or none: if nothing has changed, that
 * is seen for all of them at once.  *@done is how many they are; when something has
 * changed, none, and *@alone is how many lines are to be emitted one by one now.
 */
static enum stop emit_many(struct ksift_drive *d, const struct ksift_hit *hits,
			   u32 n, const struct ksift_piece *piece, u64 base,
			   u32 *done, u32 *alone)
{
	u64 bytes = 0, more, end, room = KSIFT_STAGE_SIZE;
	struct attrs attrs;
	enum stop stop = RUNNING;
	u8 *copy, *p;
	u32 i, k;

	*done = 0;
	if (!piece->shared || hits->start < base)
		return RUNNING;
	if (d->args->text)
		room = min(room, text_room(d));
	for (i = 0; i < n && i < KSIFT_LEADS; i++) {
		more = ksift_hit_bytes(&hits[i]);
		if (bytes + more > room || !hits[i].newline ||
		    hits[i].match >= hits[i].end)
			break;
		bytes += more;
	}
	if (i < 2 || !known_attrs(d, hits, &attrs))
		return RUNNING;
	d->held = 0;
	if (d->staged + bytes > KSIFT_STAGE_SIZE)
		stop = flush_stage(d);
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
		stop = put_record(d, &hits[k], &attrs);
	}
	if (d->args->text) {
		d->staged += bytes;
		d->text += bytes;
	}
	*done = i;
	return stop;
}

/*
 * What is cached now may not be when the next call wants the rest of a line: begin
 * none that does not fit, unless it fits no buffer.
 */
static bool lacks_room(const struct ksift_drive *d, const struct ksift_hit *hit)
{
	return (d->run->flags & KSIFT_RUN_CACHED) && d->text &&
	       ksift_hit_bytes(hit) > text_room(d);
}

/*
 * Emit the next of the @n lines, some at once if that can be.  *@done is how many;
 * @hits->end may be changed, as emit_long() does.
 */
static enum stop emit_some(struct ksift_drive *d, struct ksift_hit *hit, u32 n,
			   const struct ksift_hit *hits,
			   const struct ksift_piece *piece, u64 base, u32 *done,
			   u32 *alone)
{
	enum stop stop = emit_run(d, hits, n, piece, base, done);

	if (!stop && !*done && !*alone)
		stop = emit_many(d, hits, n, piece, base, done, alone);
	*alone -= !!*alone;
	if (stop)
		return stop;
	if (*done)
		return d->args->text && !text_room(d) ? STOP_FULL : RUNNING;
	*done = 1;
	return lacks_room(d, hit) ? STOP_ROOM : emit_line(d, hit, piece, base);
}

/*
 * Emit the hits of the last feed, before which the counters were as in
 * scan->before.  When not all of them were wanted, the scan is taken back to the
 * last that was.
 */
static enum stop emit_hits(struct ksift_drive *d, const struct ksift_piece *piece,
			   u64 base)
{
	const bool emits = ksift_drive_emits(d->args);
	struct ksift_scan *scan = d->scan;
	struct ksift_lines_count *c = &scan->before;
	u32 i = 0, n = scan->hit_count, alone = 0, done = 1;

	while (i < n) {
		struct ksift_hit hit = scan->hits[i];
		enum stop stop = RUNNING;

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
		for (; done > 1; done--) {
			ksift_scan_count(scan, &hit, c);
			hit = scan->hits[++i];
		}
		ksift_scan_count(scan, &hit, c);
		if (d->args->records && d->records == d->args->records_cap)
			stop = STOP_FULL;
		if (c->selected >= d->args->max_lines && stop == RUNNING)
			stop = STOP_LIMIT;
		/* What follows may have moved when this line was emitted. */
		if ((d->lost || hit.end != scan->hits[i].end) && stop == RUNNING)
			stop = STOP_RESCAN;
		if (stop) {
			ksift_scan_rewind(scan, &hit, c);
			return stop;
		}
		i++;
	}
	return RUNNING;
}

/*
 * Hold the beginning of the line that goes on in the next piece, while it fits the
 * stage.
 */
static enum stop hold_line(struct ksift_drive *d, const struct ksift_piece *piece,
			   u64 base)
{
	u64 line = d->scan->line, end = base + piece->len;
	enum stop stop = RUNNING;
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
		stop = flush_stage(d);
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

/*
 * Scan no further than can be emitted: what is scanned and then is not taken has to
 * be scanned again.
 */
static void bound_scan(struct ksift_drive *d)
{
	struct ksift_scan *scan = d->scan;
	u64 hits = min((u64)KSIFT_LINES_HITS,
		       d->args->max_lines - scan->count.selected);

	if (d->args->records)
		hits = min(hits, d->args->records_cap - d->records);
	scan->hits_max = hits;
	scan->bytes_max = d->args->text ? text_room(d) : U64_MAX;
	scan->chunk = d->chunk;
}

/* After a feed of @fed bytes: double it while nothing stops it. */
static void adapt_chunk(struct ksift_drive *d, size_t fed)
{
	bool stopped = d->scan->hit_count == d->scan->hits_max;
	const size_t most = KSIFT_FEED;
	size_t chunk = min((stopped ? fed : d->chunk) * 2, most);

	d->dense = d->scan->hit_bytes > fed / DENSE;
	d->chunk = max(chunk, CHUNK_MIN);
}

/* The first chunk, from what can be emitted of it. */
static size_t first_chunk(const struct ksift_lines *args)
{
	size_t chunk = KSIFT_FEED;

	if (args->text && args->text_cap < chunk)
		chunk = args->text_cap;
	/* A guess at a line's length: most are longer. */
	if (args->records && args->records_cap < chunk / 64)
		chunk = args->records_cap * 64;
	return max(chunk, CHUNK_MIN);
}

/* Where the scan is, to go back to. */
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

/* What was scanned since @mark may not have been the source's. */
static enum stop rescan_from(struct ksift_drive *d, const struct mark *mark)
{
	struct ksift_scan *scan = d->scan;

	d->private_below = max(d->private_below, scan->pos);
	ksift_scan_copy(scan, &scan->count, &scan->before);
	ksift_scan_start(scan, mark->start, mark->skipping);
	return STOP_RESCAN;
}

/* Count the lines of a piece: nothing is emitted before the run is over. */
static enum stop count_piece(struct ksift_drive *d, const struct ksift_piece *piece)
{
	struct ksift_scan *scan = d->scan;
	struct mark mark = mark_scan(scan);
	u64 base = scan->pos;
	size_t done = 0, checked = 0;
	enum stop stop = RUNNING;

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

/* Copy a piece of dense text, of which most is to be copied anyway. */
static enum stop copy_piece(struct ksift_drive *d, struct ksift_piece *piece)
{
	struct ksift_scan *scan = d->scan;
	u64 base = scan->pos;
	int err = ksift_source_copy(d->src, piece);

	if (err != -EAGAIN)
		return err ? fail(d, err) : RUNNING;
	d->private_below = max(d->private_below, base + piece->len);
	/* What has been scanned of its line may be gone, too. */
	ksift_scan_start(scan, scan->skipping ? base : scan->line,
			 scan->skipping);
	return STOP_RESCAN;
}

static enum stop feed_piece(struct ksift_drive *d, struct ksift_piece *piece)
{
	const bool emits = ksift_drive_emits(d->args);
	struct ksift_scan *scan = d->scan;
	u64 base = scan->pos;
	size_t done = 0;
	enum stop stop = RUNNING;

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
		stop = emit_hits(d, piece, base);
		if (stop || scan->done)
			return stop;
		stop = check_work(d);
		if (stop)
			return stop;
		/* From a copy, from the line on that follows the last selected. */
		if (d->dense && emits && piece->shared) {
			ksift_scan_start(scan, scan->line, false);
			d->held = 0;
			return RUNNING;
		}
	}
	return emits ? hold_line(d, piece, base) : RUNNING;
}

static enum stop feed_end(struct ksift_drive *d)
{
	static const struct ksift_piece nothing = { .buf = (const u8 *)"" };
	u64 base = d->scan->pos;

	mark_scan(d->scan);
	ksift_scan_eof(d->scan);
	return emit_hits(d, &nothing, base);
}

/* Go on behind what is absent, or behind the beginning of a line that is lost. */
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

/* After a piece from @pos on was fed. */
static void leave_edge(struct ksift_drive *d, u64 pos)
{
	if (d->at_edge && d->scan->pos > pos) {
		d->cut++;
		d->at_edge = false;
	}
	d->after_absent &= d->scan->skipping;
}

static enum stop scan_piece(struct ksift_drive *d, struct ksift_piece *piece)
{
	struct ksift_scan *scan = d->scan;
	u64 pos = scan->pos;
	enum stop stop;

	if (!piece->len && !scan->skipping && pos > scan->line &&
	    !ksift_source_covers(d->src, pos)) {
		/* Cut off in this line: see where it ends now. */
		ksift_scan_start(scan, scan->line, false);
		return STOP_RESCAN;
	}
	if (!piece->len)
		return feed_end(d);
	if (piece->absent) {
		pass_absent(d, piece->len);
		return check_work(d);
	}
	if (!piece->buf) {
		ksift_scan_zeros(scan, piece->len);
		account(d, piece, piece->len);
		d->held = 0;
		return check_work(d);
	}
	stop = feed_piece(d, piece);
	leave_edge(d, pos);
	return stop;
}

static enum stop scan_source(struct ksift_drive *d)
{
	struct ksift_scan *scan = d->scan;

	while (!scan->done) {
		struct ksift_piece piece;
		enum stop stop;
		int err;

		if (!d->args->max_lines && !scan->skipping)
			return STOP_LIMIT;
		err = ksift_source_next(d->src, scan->pos, d->private_below,
					&piece);
		if (err)
			return fail(d, err);
		stop = scan_piece(d, &piece);
		if (stop == STOP_RESCAN) {
			if (d->lost)
				skip_cut(d, scan->pos, false);
			d->lost = false;
			d->held = 0;
			stop = poll_side(d);
		}
		if (stop)
			return stop;
	}
	return RUNNING;
}

/* Finish the line that the last call could not.  Returns as stream_line(). */
static enum stop resume_line(struct ksift_drive *d, u64 *next, bool *newline)
{
	struct ksift_resume *resume = &d->run->resume;
	const u8 nl = '\n';
	enum stop stop;

	if (!d->args->text)
		return fail(d, -EINVAL);
	if (!(resume->flags & KSIFT_RESUME_PENDING_NL))
		return stream_line(d, resume->pos, resume->skip, next, newline);
	*next = resume->pos + resume->skip;
	*newline = false;
	stop = emit(d, d->args->text, &nl, 1);
	if (stop)
		return stop;
	d->text = 1;
	resume->flags = 0;
	return text_room(d) ? RUNNING : STOP_FULL;
}

static enum stop run_from_start(struct ksift_drive *d)
{
	const struct ksift_resume resume = d->run->resume;
	struct ksift_scan *scan = d->scan;
	u64 pos = d->run->from;
	bool skipping = false, newline;
	enum stop stop = RUNNING;

	if (resume.flags & KSIFT_RESUME_VALID)
		pos = resume.pos;
	else if (pos)
		skipping = true;

	if (resume.flags & (KSIFT_RESUME_INLINE | KSIFT_RESUME_PENDING_NL)) {
		scan->first = pos + resume.skip;
		scan->line = scan->first;
		stop = resume_line(d, &pos, &newline);
		if (stop == STOP_ERROR || d->run->resume.flags)
			return stop;
		ksift_scan_start(scan, pos, false);
		if (d->lost)
			skip_cut(d, pos, false);
		/* What has come after the end since is the rest of its line. */
		else if (!newline)
			scan->done = true;
		d->lost = false;
	} else if (resume.flags & (KSIFT_RESUME_ABSENT | KSIFT_RESUME_CUT)) {
		d->after_absent = true;
		d->at_edge = resume.flags & KSIFT_RESUME_ABSENT;
		ksift_scan_start(scan, pos, true);
		scan->first = pos;
	} else {
		/* The byte before a range tells if a line begins with it. */
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
}

/* Turn what a run came to into what the caller gets. */
static void set_results(struct ksift_drive *d, enum stop stop)
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
	/* How long the rest of a line will be is not known before it is read. */
	if (resume->flags & (KSIFT_RESUME_INLINE | KSIFT_RESUME_PENDING_NL)) {
		end = resume->pos + resume->skip;
	} else {
		/* A source that ends before the range ends before the byte before it. */
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
	enum stop stop;

	if (args->pattern_counts && args->pattern_counts_cap < d->prog->count)
		return -EINVAL;
	init_scan(d);
	d->chunk = first_chunk(args);
	stop = run_from_start(d);
	/* An error after something was done is for the next call to find. */
	if (stop == STOP_ERROR && (d->err == -EFAULT || !some_done(d)))
		return d->err;
	if (flush_stage(d) || flush_records(d))
		return d->err;
	if (args->pattern_counts &&
	    emit(d, args->pattern_counts, d->scan->count.patterns,
		 d->prog->count * sizeof(u64)))
		return d->err;
	set_results(d, stop);
	return 0;
}
