// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel "lines": feeds a source to the engine, and gives out the lines it
 * selects.
 *
 * A selected line is first brought together in a private buffer, the stage,
 * from the pieces it lies in, and goes to the caller from there, many lines in
 * one copy.  When a piece was shared, another may have written to it between
 * the scan and the copy; so the copy is matched again, and a line that no
 * longer is one is scanned anew from a private copy.  What is given out is a
 * line that matches, whoever writes to the file meanwhile.  Where much is
 * selected, it takes less time to copy pieces first and scan the copies.
 *
 * A line longer than the stage is streamed from the source, without that.
 *
 * When only what is cached is looked at, an absent stretch ends the line before it
 * without a result, and the next one that is looked at begins after the first
 * newline behind it.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/minmax.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "cmd.h"
#include "cmd_filter.h"
#include "compat.h"
#include "engine/lines.h"
#include "run.h"
#include "source.h"

/* Lines up to this long are given out as one; and 64 KiB stay in the cache. */
#define STAGE_SIZE (64 * 1024)

/* Bytes that are copied in one go. */
#define COPY_STEP 32

/* Fewer bytes than this are not worth a vector section. */
#define CHUNK_MIN 512

/* The text is dense when more than one byte in so many is in a selected line. */
#define DENSE 4

/* Runs of lines longer than this go to the caller without a stay in the stage. */
#define DIRECT_MIN 4096

/* Records that go to the caller in one copy: a page of them. */
#define RECORDS_HELD ((u32)(4096 / sizeof(struct ksift_record)))

/* Look after the folios of what is counted, each time so much is. */
#define CHECK_BYTES (256 * 1024)

/* Why a run ended before its source did. */
enum stop {
	RUNNING,
	STOP_FULL,	/* a buffer of the caller's is full */
	STOP_LIMIT,	/* max_lines */
	STOP_ROOM,	/* the next line is for another buffer */
	STOP_AGAIN,	/* a line changed: scan again from it */
};

/**
 * struct lines_run - A RUN of this kernel
 * @args: The caller's arguments
 * @resume: In and out
 * @prog: The filter
 * @src: The source
 * @from: Where the range begins
 * @scan: The engine's state
 * @give: Selected lines are given out, as text or as records
 * @text: Bytes given to the caller's text buffer, those in the stage included
 * @records: Records given out, those held included
 * @record: Buffer of RECORDS_HELD records, when there are any to give out
 * @records_held: How many of those last given out are in it
 * @stage: Buffer of STAGE_SIZE bytes, when @give
 * @staged: Bytes of it that go to the caller
 * @held: Bytes after those: the beginning of the current line
 * @held_shared: Some of the held bytes come from a shared piece
 * @chunk: Bytes to look at next, as the hits' number allows
 * @dense: Much of the text is selected
 * @absent: Bytes of the range that were absent
 * @cut: Lines that were cut by that
 * @after_absent: The scan skips what is left of a line that was cut
 * @at_edge: It has not seen any of that yet
 * @lost: The rest of a long line went missing when it was given out
 * @total_bytes: Bytes in the lines looked at before the last absent stretch
 */
struct lines_run {
	struct ksift_lines *args;
	struct ksift_resume *resume;
	const struct ksift_prog *prog;
	struct ksift_src src;
	u64 from;
	struct ksift_scan *scan;
	bool give;
	u64 text;
	u64 records;
	struct ksift_record *record;
	u32 records_held;
	u8 *stage;
	size_t staged;
	size_t held;
	bool held_shared;
	size_t chunk;
	bool dense;
	u64 absent;
	u64 cut;
	bool after_absent;
	bool at_edge;
	bool lost;
	u64 total_bytes;
};

static u64 text_room(const struct lines_run *r)
{
	return r->args->text_cap - r->text;
}

static int flush_stage(struct lines_run *r)
{
	u64 at = r->args->text + r->text - r->staged;

	if (!r->staged)
		return 0;
	if (copy_to_user(u64_to_user_ptr(at), r->stage, r->staged))
		return -EFAULT;
	memmove(r->stage, r->stage + r->staged, r->held);
	r->staged = 0;
	return 0;
}

static int flush_records(struct lines_run *r)
{
	u64 first = r->records - r->records_held;
	u64 at = r->args->records + first * sizeof(*r->record);

	if (!r->records_held)
		return 0;
	if (copy_to_user(u64_to_user_ptr(at), r->record,
			 r->records_held * sizeof(*r->record)))
		return -EFAULT;
	r->records_held = 0;
	return 0;
}

/* What else a record says of a line. */
struct nature {
	u64 seen;
	u32 level;
	u32 msg;
};

static int put_record(struct lines_run *r, const struct ksift_hit *hit,
		      const struct nature *nature)
{
	struct ksift_record rec = {
		.offset = hit->start,
		.len = hit->end - hit->start,
		.line = U64_MAX,
		.level = nature->level,
		.pattern = U32_MAX,
		.msg = nature->msg,
	};
	u64 seen = nature->seen & r->prog->include;

	if (r->args->flags & KSIFT_LINES_TOTAL)
		rec.line = hit->index;
	if (seen)
		rec.pattern = ksift_low_bit(seen);
	r->record[r->records_held++] = rec;
	r->records++;
	return r->records_held < RECORDS_HELD ? 0 : flush_records(r);
}

/* The caller gets the @len bytes of a line after those staged already. */
static enum stop give_staged(struct lines_run *r, const struct ksift_hit *hit,
			     size_t len)
{
	size_t n = min_t(u64, len, text_room(r));

	r->staged += n;
	r->text += n;
	if (n == len)
		return text_room(r) ? RUNNING : STOP_FULL;
	r->resume->pos = hit->start;
	r->resume->skip = n;
	r->resume->flags = n == hit->end - hit->start && !hit->newline ?
			   KSIFT_RESUME_PENDING_NL : KSIFT_RESUME_INLINE;
	return STOP_FULL;
}

/*
 * Have the first STAGE_SIZE bytes of a line that does not fit in the stage.
 * Returns 0 or a negative error; STOP_AGAIN: another has made a line of it that
 * would fit by now, and nobody has matched what is there.
 */
static int read_long(struct lines_run *r, u64 start)
{
	ssize_t n;
	int ret = flush_stage(r);

	if (ret)
		return ret;
	r->held = 0;
	if (signal_pending(current))
		return -ERESTARTSYS;
	n = ksift_source_read(&r->src, start, r->stage, STAGE_SIZE, &r->lost);
	if (n < 0)
		return n;
	r->src.stats.bytes += n;
	if (n == STAGE_SIZE && !memchr(r->stage, '\n', n))
		return 0;
	r->src.copy_to = max(r->src.copy_to, start + n);
	r->lost = false;
	return STOP_AGAIN;
}

/* The caller gets @len bytes of the stage, in which nothing is staged. */
static int give_bytes(struct lines_run *r, size_t len)
{
	if (copy_to_user(u64_to_user_ptr(r->args->text + r->text), r->stage, len))
		return -EFAULT;
	r->text += len;
	return 0;
}

/*
 * Stream the text of the line at @start, from its byte @skip on, up to a newline
 * or the end of the source.  Sets resume when it has to stop before that.
 * Returns an enum stop, STOP_AGAIN if it is no long line any more, or a negative
 * error; *@next is the offset after the line and *@newline tells if it has one.
 */
static int stream_line(struct lines_run *r, u64 start, u64 skip, u64 *next,
		       bool *newline)
{
	int ret;

	if (!(r->resume->flags & KSIFT_RESUME_INLINE)) {
		ret = read_long(r, start);
		if (ret)
			return ret;
		skip = min_t(u64, text_room(r), STAGE_SIZE);
		ret = give_bytes(r, skip);
		if (ret)
			return ret;
	}
	r->resume->pos = start;
	r->resume->flags = KSIFT_RESUME_INLINE;
	for (;;) {
		u64 room = text_room(r);
		ssize_t n;
		u8 *end;

		r->resume->skip = skip;
		if (!room)
			return STOP_FULL;
		if (signal_pending(current))
			return -ERESTARTSYS;
		n = ksift_source_read(&r->src, start + skip, r->stage,
				      min_t(u64, room, STAGE_SIZE), &r->lost);
		if (n < 0)
			return n;
		r->src.stats.bytes += n;
		*newline = n;
		end = memchr(r->stage, '\n', n);
		r->cut += r->lost;
		if (!n) {
			r->stage[0] = '\n';
			n = 1;
		} else {
			if (end)
				n = end - r->stage + 1;
			skip += n;
			if (!end)
				*newline = false;
		}
		ret = give_bytes(r, n);
		if (ret)
			return ret;
		if (r->stage[n - 1] == '\n')
			break;
		cond_resched();
	}
	*next = start + skip;
	r->resume->flags = 0;
	return text_room(r) ? RUNNING : STOP_FULL;
}

/*
 * The nature of a line that does not fit the stage.  When it ends elsewhere by
 * now, @hit is changed to that.  Returns as stream_line().
 */
static int match_long(struct lines_run *r, struct ksift_hit *hit,
		      struct nature *nature)
{
	ssize_t n = STAGE_SIZE;
	u64 pos = hit->start;
	u32 state[2];
	int ret = read_long(r, pos);

	if (ret)
		return ret;
	nature->level = ksift_level_find(r->stage, n, &nature->msg);
	nature->seen = ksift_match_start(r->prog, state);
	for (;;) {
		bool zeros = !memchr_inv(r->stage, 0, n);
		u64 hole;
		u8 *end;

		nature->seen |= ksift_match(r->prog, state, r->stage, n);
		pos += n;
		while (zeros && pos < hit->end) {
			hole = ksift_source_hole(&r->src, pos, hit->end - pos);
			if (!hole)
				break;
			nature->seen |= ksift_match_zeros(r->prog, state, hole);
			pos += hole;
			cond_resched();
			if (signal_pending(current))
				return -ERESTARTSYS;
		}
		if (pos >= hit->end)
			return 0;
		cond_resched();
		if (signal_pending(current))
			return -ERESTARTSYS;
		n = ksift_source_read(&r->src, pos, r->stage,
				      min_t(u64, hit->end - pos, STAGE_SIZE),
				      &r->lost);
		if (n < 0)
			return n;
		r->src.stats.bytes += n;
		r->cut += r->lost;
		if (r->lost)
			return STOP_AGAIN;
		end = memchr(r->stage, '\n', n);
		if (end || !n) {
			n = end ? end - r->stage : 0;
			hit->end = pos + n;
			hit->newline = end;
		}
	}
}

/*
 * Give out a line that does not fit the stage.  When it has another length by
 * then, @hit is changed to what it was.
 */
static int give_long(struct lines_run *r, struct ksift_hit *hit)
{
	struct nature nature = { .level = KSIFT_LEVEL_NONE };
	bool newline;
	u64 next;
	int ret, stop = RUNNING;

	if (r->args->records) {
		ret = match_long(r, hit, &nature);
		if (ret)
			return ret;
	}
	if (r->args->text) {
		stop = stream_line(r, hit->start, 0, &next, &newline);
		if (stop == STOP_AGAIN || stop == -EFAULT)
			return stop;
		/* Nothing of it was given out: the next call finds it anew. */
		if (stop < 0 && !(r->resume->flags & KSIFT_RESUME_INLINE))
			return stop;
		/* The line counts: what is left of it is for the next call. */
		if (stop < 0)
			stop = STOP_FULL;
		if (!r->resume->flags) {
			hit->end = next - newline;
			hit->newline = newline;
		}
	}
	if (r->args->records) {
		ret = put_record(r, hit, &nature);
		if (ret)
			return ret;
	}
	return stop;
}

/* What the scan says of a line, if that is all that is wanted. */
static bool known_nature(const struct lines_run *r, const struct ksift_hit *hit,
			 struct nature *nature)
{
	const struct ksift_prog *prog = r->prog;

	nature->level = hit->level;
	nature->msg = hit->msg;
	if (!r->args->records)
		return true;
	/* A line that is selected has the only pattern there is to have. */
	nature->seen = prog->include;
	return !prog->include ||
	       (!prog->invert && !(prog->include & (prog->include - 1)));
}

/*
 * A line in the stage has the pattern where the scan saw it.  Then it is
 * selected, too: that is all that is asked for where the scan looks for that.
 */
static bool match_confirmed(const struct lines_run *r,
			    const struct ksift_hit *hit, const u8 *line)
{
	const struct ksift_literal *lit = &r->prog->lits[hit->pattern];
	u64 at = hit->match - hit->start;

	if (hit->match + lit->len > hit->end ||
	    (at && (lit->flags & KSIFT_PATTERN_ANCHORED)))
		return false;
	return ksift_literal_equal(lit, line + at);
}

/* The nature of a line in the stage, as far as it is wanted. */
static void match_staged(struct lines_run *r, const struct ksift_hit *hit,
			 const u8 *line, size_t len, struct nature *nature)
{
	u32 state[2];

	if (known_nature(r, hit, nature) && hit->match < hit->end &&
	    match_confirmed(r, hit, line)) {
		nature->seen = 1ULL << hit->pattern;
	} else {
		nature->seen = ksift_match_start(r->prog, state);
		nature->seen |= ksift_match(r->prog, state, line, len);
	}
	if (r->args->records || r->prog->level_mask)
		nature->level = ksift_level_find(line, len, &nature->msg);
}

/* Is the line in the stage, which may have changed, still one, and selected? */
static bool still_selected(struct lines_run *r, const struct ksift_hit *hit,
			   const struct ksift_piece *piece, const u8 *line,
			   size_t len, const struct nature *nature)
{
	if (hit->newline && line[len] != '\n')
		return false;
	return ksift_source_still(&r->src, piece, hit->start,
				  hit->end + hit->newline) &&
	       ksift_find_newline(line, len) == len &&
	       ksift_prog_selects(r->prog, nature->seen) &&
	       ksift_prog_takes(r->prog, nature->level) &&
	       ksift_source_holds(&r->src, hit->end + hit->newline);
}

/* Scan a line anew, and for good: what is private does not change. */
static enum stop again_from_copy(struct lines_run *r, const struct ksift_hit *hit)
{
	r->src.copy_to = max(r->src.copy_to, hit->end + 1);
	return STOP_AGAIN;
}

/*
 * Give out a line that ends in @piece, which begins at offset @base.
 * Returns an enum stop or a negative error.
 */
static int give_line(struct lines_run *r, struct ksift_hit *hit,
		     const struct ksift_piece *piece, u64 base)
{
	u64 bytes = ksift_hit_bytes(hit);
	bool shared = piece->shared;
	size_t len = bytes - 1, have = 0;
	struct nature nature = { .level = KSIFT_LEVEL_NONE };
	u8 *line;
	int ret;

	if (bytes > STAGE_SIZE)
		return give_long(r, hit);
	if (hit->start < base) {
		have = r->held;
		shared |= r->held_shared;
		/* What is held is the whole line's beginning, or nothing. */
		if (have != base - hit->start)
			return again_from_copy(r, hit);
	}
	if (r->staged + bytes > STAGE_SIZE) {
		r->held = have;
		ret = flush_stage(r);
		if (ret)
			return ret;
	}
	line = r->stage + r->staged;
	memcpy(line + have, piece->buf + (hit->start + have - base),
	       bytes - have - !hit->newline);
	r->held = 0;
	if (shared || !known_nature(r, hit, &nature))
		match_staged(r, hit, line, len, &nature);
	if (shared && !still_selected(r, hit, piece, line, len, &nature))
		return again_from_copy(r, hit);
	line[len] = '\n';
	if (r->args->records) {
		ret = put_record(r, hit, &nature);
		if (ret)
			return ret;
	}
	return r->args->text ? give_staged(r, hit, bytes) : RUNNING;
}

/*
 * Give out as many of the @n lines as follow one another in a private piece, in
 * one copy.  Returns how many it were, none if one has to be given out by itself,
 * or a negative error.
 */
static int give_run(struct lines_run *r, const struct ksift_hit *hits, u32 n,
		    const struct ksift_piece *piece, u64 base)
{
	u64 bytes = 0, room = text_room(r);
	const u8 *from;
	u32 i;

	if (!r->args->text || r->args->records || piece->shared ||
	    hits->start < base)
		return 0;
	for (i = 0; i < n && hits[i].newline; i++) {
		u64 more = ksift_hit_bytes(&hits[i]);

		if (bytes + more > room ||
		    (i && hits[i].start != hits[i - 1].end + 1))
			break;
		bytes += more;
	}
	if (!i)
		return 0;
	r->held = 0;
	from = piece->buf + (hits->start - base);
	if (bytes >= DIRECT_MIN || r->staged + bytes > STAGE_SIZE) {
		int ret = flush_stage(r);

		if (ret)
			return ret;
	}
	if (bytes < DIRECT_MIN) {
		memcpy(r->stage + r->staged, from, bytes);
		r->staged += bytes;
	} else if (copy_to_user(u64_to_user_ptr(r->args->text + r->text), from,
				bytes)) {
		return -EFAULT;
	}
	r->text += bytes;
	return i;
}

/*
 * Copy a line, and up to COPY_STEP bytes more if @room is enough in both places: a
 * branch less for each that memcpy() has on the length, which is another for each
 * line.
 */
static void copy_line(u8 *to, const u8 *from, size_t len, size_t room)
{
	size_t i;

	if (room < round_up(len, COPY_STEP)) {
		memcpy(to, from, len);
		return;
	}
	for (i = 0; i < len; i += COPY_STEP) {
		u64 a = ksift_load64(from + i), b = ksift_load64(from + i + 8);
		u64 c = ksift_load64(from + i + 16);
		u64 d = ksift_load64(from + i + 24);

		((struct ksift_u64 *)(to + i))->v = a;
		((struct ksift_u64 *)(to + i + 8))->v = b;
		((struct ksift_u64 *)(to + i + 16))->v = c;
		((struct ksift_u64 *)(to + i + 24))->v = d;
	}
}

/*
 * Give out several lines of a shared piece, all or none: if nothing has changed,
 * that is seen for all of them at once.  Returns as give_run().  When something
 * has, *@alone is how many lines are to be given out by themselves now.
 */
static int give_many(struct lines_run *r, const struct ksift_hit *hits, u32 n,
		     const struct ksift_piece *piece, u64 base, u32 *alone)
{
	u64 room = r->args->text ? min_t(u64, text_room(r), STAGE_SIZE) :
				   STAGE_SIZE;
	struct nature nature = { .level = KSIFT_LEVEL_NONE };
	u64 bytes = 0, more;
	u8 *copy, *p;
	u32 i, k;
	int ret;

	if (!piece->shared || hits->start < base)
		return 0;
	for (i = 0; i < n && i < KSIFT_LEADS; i++) {
		more = ksift_hit_bytes(&hits[i]);
		if (bytes + more > room || !hits[i].newline ||
		    hits[i].match >= hits[i].end)
			break;
		bytes += more;
	}
	if (i < 2 || !known_nature(r, hits, &nature))
		return 0;
	r->held = 0;
	if (r->staged + bytes > STAGE_SIZE) {
		ret = flush_stage(r);
		if (ret)
			return ret;
	}
	copy = r->stage + r->staged;
	for (k = 0, p = copy; k < i; k++) {
		more = ksift_hit_bytes(&hits[k]);
		copy_line(p, piece->buf + (hits[k].start - base), more,
			  min_t(u64, base + piece->len - hits[k].start,
				r->stage + STAGE_SIZE - p));
		p += more;
	}
	if (!ksift_source_still(&r->src, piece, hits->start,
				hits[i - 1].end + 1) ||
	    !ksift_source_holds(&r->src, hits[i - 1].end + 1) ||
	    !ksift_scan_confirm(r->scan, hits, i, copy, bytes)) {
		*alone = i;
		return 0;
	}
	for (k = 0; r->args->records && k < i; k++) {
		nature.seen = 1ULL << hits[k].pattern;
		nature.level = hits[k].level;
		nature.msg = hits[k].msg;
		ret = put_record(r, &hits[k], &nature);
		if (ret)
			return ret;
	}
	if (r->args->text) {
		r->staged += bytes;
		r->text += bytes;
	}
	return i;
}

/*
 * What is cached now may not be when the next call wants the rest of a line: begin
 * none that does not fit, unless it fits no buffer.
 */
static bool lacks_room(const struct lines_run *r, const struct ksift_hit *hit)
{
	return r->src.cached && r->text && ksift_hit_bytes(hit) > text_room(r);
}

/*
 * Give out the hits of the last feed, before which the counters were as in
 * scan->before.  When not all of them were wanted, the scan is taken back to the
 * last that was.
 */
static int give_hits(struct lines_run *r, const struct ksift_piece *piece,
		     u64 base)
{
	struct ksift_scan *scan = r->scan;
	struct ksift_lines_count *c = &scan->before;
	u32 i, n = scan->hit_count, alone = 0;
	int k;

	for (i = 0; i < n; i++) {
		struct ksift_hit hit = scan->hits[i];
		int stop = RUNNING;

		if (r->give)
			stop = give_run(r, &scan->hits[i], n - i, piece, base);
		if (r->give && !stop && !alone)
			stop = give_many(r, &scan->hits[i], n - i, piece, base,
					 &alone);
		alone -= !!alone;
		if (stop > 0) {
			for (k = 1; k < stop; k++)
				ksift_scan_count(scan, &scan->hits[i++], c);
			hit = scan->hits[i];
			stop = r->args->text && !text_room(r) ? STOP_FULL :
								RUNNING;
		} else if (r->give && !stop) {
			stop = lacks_room(r, &hit) ? STOP_ROOM :
						     give_line(r, &hit, piece, base);
		}
		if (stop < 0 || stop == STOP_ROOM || stop == STOP_AGAIN) {
			ksift_scan_copy(scan, &scan->count, c);
			scan->count.total = hit.index;
			ksift_scan_start(scan, hit.start, false);
			return stop;
		}
		ksift_scan_count(scan, &hit, c);
		if (r->args->records && r->records == r->args->records_cap)
			stop = STOP_FULL;
		if (c->selected >= r->args->max_lines && stop == RUNNING)
			stop = STOP_LIMIT;
		/* What follows may have moved when this line was given out. */
		if ((r->lost || hit.end != scan->hits[i].end) && stop == RUNNING)
			stop = STOP_AGAIN;
		if (stop != RUNNING) {
			ksift_scan_rewind(scan, &hit, c);
			return stop;
		}
	}
	return RUNNING;
}

/*
 * Keep the beginning of the line that goes on in the next piece, while it fits
 * the stage.
 */
static int hold_line(struct lines_run *r, const struct ksift_piece *piece,
		     u64 base)
{
	u64 line = r->scan->line, end = base + piece->len;
	size_t len;
	int ret;

	if (r->scan->skipping)
		return 0;
	if (line >= base) {
		r->held = 0;
		r->held_shared = false;
	} else if (r->held != base - line) {
		return 0;
	}
	len = end - max(line, base);
	if (r->held + len > STAGE_SIZE) {
		r->held = 0;
		return 0;
	}
	if (r->staged + r->held + len > STAGE_SIZE) {
		ret = flush_stage(r);
		if (ret)
			return ret;
	}
	memcpy(r->stage + r->staged + r->held, piece->buf + piece->len - len,
	       len);
	r->held += len;
	r->held_shared |= piece->shared;
	if (!ksift_source_intact(&r->src, piece))
		r->held = 0;
	return 0;
}

/*
 * Look no further than can be given out: what is looked at and then is not
 * taken has to be looked at again.
 */
static void bound_scan(struct lines_run *r, struct ksift_scan *scan)
{
	u64 hits = min_t(u64, KSIFT_LINES_HITS,
			 r->args->max_lines - scan->count.selected);

	if (r->args->records)
		hits = min(hits, r->args->records_cap - r->records);
	scan->hits_max = hits;
	scan->bytes_max = r->args->text ? text_room(r) : U64_MAX;
	scan->chunk = r->chunk;
}

/* After a feed of @fed bytes: double it while nothing stops it. */
static void adapt_chunk(struct lines_run *r, size_t fed)
{
	bool stopped = r->scan->hit_count == r->scan->hits_max;
	size_t chunk = (stopped ? fed : r->chunk) * 2;

	r->dense = r->scan->hit_bytes > fed / DENSE;
	r->chunk = clamp_t(size_t, chunk, CHUNK_MIN, KSIFT_FEED);
}

/* The first chunk, from what can be given out of it. */
static size_t first_chunk(const struct ksift_lines *args)
{
	u64 chunk = KSIFT_FEED;

	if (args->text)
		chunk = min(chunk, args->text_cap);
	/* A guess at a line's length: most are longer. */
	if (args->records)
		chunk = min(chunk, args->records_cap * 64);
	return max_t(u64, chunk, CHUNK_MIN);
}

/* Count the lines of a piece: nothing comes out before the run is over. */
static int count_piece(struct lines_run *r, const struct ksift_piece *piece)
{
	struct ksift_scan *scan = r->scan;
	bool skipping = scan->skipping;
	u64 start = skipping ? scan->pos : scan->line;
	size_t done = 0, checked = 0;
	int ret = RUNNING;

	ksift_scan_copy(scan, &scan->before, &scan->count);
	while (done < piece->len && !scan->done && !ret) {
		done = ksift_scan_feed(scan, piece->buf, done, piece->len);
		cond_resched();
		if (signal_pending(current))
			ret = -ERESTARTSYS;
		if (done - checked < CHECK_BYTES && done < piece->len &&
		    !scan->done && !ret)
			continue;
		ksift_source_used(&r->src, piece, done - checked);
		if (!ksift_source_intact(&r->src, piece)) {
			r->src.copy_to = max(r->src.copy_to, scan->pos);
			ksift_scan_copy(scan, &scan->count, &scan->before);
			ksift_scan_start(scan, start, skipping);
			return STOP_AGAIN;
		}
		checked = done;
		ksift_scan_copy(scan, &scan->before, &scan->count);
		skipping = scan->skipping;
		start = skipping ? scan->pos : scan->line;
	}
	return ret;
}

static int feed_piece(struct lines_run *r, struct ksift_piece *piece)
{
	struct ksift_scan *scan = r->scan;
	u64 base = scan->pos;
	size_t done = 0;
	int ret;

	if (!scan->want_hits)
		return count_piece(r, piece);
	if (r->dense && r->give && piece->shared) {
		ret = ksift_source_take(&r->src, piece);
		if (ret == -EAGAIN) {
			r->src.copy_to = max(r->src.copy_to, base + piece->len);
			/* What has been seen of its line may be gone, too. */
			ksift_scan_start(scan, scan->skipping ? base : scan->line,
					 scan->skipping);
			return STOP_AGAIN;
		}
		if (ret)
			return ret;
	}
	while (done < piece->len) {
		const bool skipping = scan->skipping;
		const u64 start = skipping ? scan->pos : scan->line;
		size_t was = done;

		if (!r->args->max_lines && !scan->skipping)
			return STOP_LIMIT;
		bound_scan(r, scan);
		ksift_scan_copy(scan, &scan->before, &scan->count);
		done = ksift_scan_feed(scan, piece->buf, done, piece->len);
		ksift_source_used(&r->src, piece, done - was);
		if (!ksift_source_intact(&r->src, piece)) {
			r->src.copy_to = max(r->src.copy_to, scan->pos);
			ksift_scan_copy(scan, &scan->count, &scan->before);
			ksift_scan_start(scan, start, skipping);
			return STOP_AGAIN;
		}
		adapt_chunk(r, done - was);
		ret = give_hits(r, piece, base);
		if (ret || scan->done)
			return ret;
		cond_resched();
		if (signal_pending(current))
			return -ERESTARTSYS;
		/* From a copy, from the line on that follows the last selected. */
		if (r->dense && r->give && piece->shared) {
			ksift_scan_start(scan, scan->line, false);
			r->held = 0;
			return RUNNING;
		}
	}
	return r->give ? hold_line(r, piece, base) : 0;
}

static int feed_end(struct lines_run *r)
{
	static const struct ksift_piece nothing = { .buf = "" };
	u64 base = r->scan->pos;

	ksift_scan_copy(r->scan, &r->scan->before, &r->scan->count);
	ksift_scan_eof(r->scan);
	return give_hits(r, &nothing, base);
}

/* Go on behind what is absent, or behind the beginning of a line that is lost. */
static void skip_cut(struct lines_run *r, u64 pos, bool at_edge)
{
	if (!r->scan->skipping)
		r->total_bytes += r->scan->line - r->scan->first;
	r->held = 0;
	r->after_absent = true;
	r->at_edge = at_edge;
	ksift_scan_start(r->scan, pos, true);
}

static void pass_absent(struct lines_run *r, u64 len)
{
	struct ksift_scan *scan = r->scan;
	u64 pos = max(scan->pos, r->from), end = min(scan->pos + len, scan->to);

	if (end > pos)
		r->absent += end - pos;
	if (!scan->skipping && scan->pos > scan->line)
		r->cut++;
	skip_cut(r, scan->pos + len, true);
}

/* After a piece from @pos on was fed. */
static void leave_edge(struct lines_run *r, u64 pos)
{
	if (r->at_edge && r->scan->pos > pos) {
		r->cut++;
		r->at_edge = false;
	}
	r->after_absent &= r->scan->skipping;
}

/* Returns an enum stop or a negative error. */
static int scan_source(struct lines_run *r)
{
	struct ksift_scan *scan = r->scan;

	while (!scan->done) {
		struct ksift_piece piece;
		u64 pos = scan->pos;
		int ret;

		if (!r->args->max_lines && !scan->skipping)
			return STOP_LIMIT;
		ret = ksift_source_next(&r->src, scan->pos, &piece);
		if (ret)
			return ret;
		if (!piece.len && !scan->skipping && scan->pos > scan->line &&
		    !ksift_source_holds(&r->src, scan->pos)) {
			/* Cut off in this line: see where it ends now. */
			ksift_scan_start(scan, scan->line, false);
			ret = STOP_AGAIN;
		} else if (!piece.len) {
			ret = feed_end(r);
		} else if (piece.absent) {
			pass_absent(r, piece.len);
			cond_resched();
			ret = signal_pending(current) ? -ERESTARTSYS : 0;
		} else if (!piece.buf) {
			ksift_scan_zeros(scan, piece.len);
			ksift_source_used(&r->src, &piece, piece.len);
			r->held = 0;
			cond_resched();
			ret = signal_pending(current) ? -ERESTARTSYS : 0;
		} else {
			ret = feed_piece(r, &piece);
			leave_edge(r, pos);
		}
		if (ret == STOP_AGAIN) {
			if (r->lost)
				skip_cut(r, scan->pos, false);
			r->lost = false;
			r->held = 0;
			cond_resched();
			ret = signal_pending(current) ? -ERESTARTSYS : 0;
		}
		if (ret)
			return ret;
	}
	return RUNNING;
}

/* Finish the line that the last call could not. Returns as scan_source(). */
static int resume_line(struct lines_run *r, u64 *next, bool *newline)
{
	struct ksift_resume from = *r->resume;

	if (!r->args->text)
		return -EINVAL;
	if (from.flags & KSIFT_RESUME_PENDING_NL) {
		const u8 nl = '\n';

		*next = from.pos + from.skip;
		*newline = false;
		if (copy_to_user(u64_to_user_ptr(r->args->text), &nl, 1))
			return -EFAULT;
		r->text = 1;
		r->resume->flags = 0;
		return text_room(r) ? RUNNING : STOP_FULL;
	}
	return stream_line(r, from.pos, from.skip, next, newline);
}

static int run_from_start(struct lines_run *r, const struct ksift_run *run)
{
	struct ksift_scan *scan = r->scan;
	u64 pos = run->from;
	bool skipping = false, newline;
	int ret = RUNNING;

	if (r->resume->flags & KSIFT_RESUME_VALID)
		pos = r->resume->pos;
	else if (pos)
		skipping = true;

	if (r->resume->flags & (KSIFT_RESUME_INLINE | KSIFT_RESUME_PENDING_NL)) {
		scan->first = pos + r->resume->skip;
		scan->line = scan->first;
		ret = resume_line(r, &pos, &newline);
		if (ret < 0 || r->resume->flags)
			return ret;
		ksift_scan_start(scan, pos, false);
		if (r->lost)
			skip_cut(r, pos, false);
		/* What has come after the end since is the rest of its line. */
		else if (!newline)
			scan->done = true;
		r->lost = false;
	} else if (r->resume->flags & (KSIFT_RESUME_ABSENT | KSIFT_RESUME_CUT)) {
		r->after_absent = true;
		r->at_edge = r->resume->flags & KSIFT_RESUME_ABSENT;
		ksift_scan_start(scan, pos, true);
		scan->first = pos;
	} else {
		/* The byte before a range tells if a line begins with it. */
		ksift_scan_start(scan, pos - skipping, skipping);
		scan->first = pos;
	}
	if (ret != RUNNING)
		return ret;
	return scan_source(r);
}

static int check_args(const struct ksift_lines *args)
{
	int ret;

	if (args->flags & ~(KSIFT_LINES_TOTAL | KSIFT_LINES_LEVELS))
		return -EOPNOTSUPP;
	if (!args->text != !args->text_cap ||
	    !args->records != !args->records_cap ||
	    !args->pattern_counts != !args->pattern_counts_cap ||
	    args->__reserved)
		return -EINVAL;
	ret = ksift_check_element(args->record_size, sizeof(struct ksift_record),
				  args->records);
	if (ret)
		return ret;
	/* No buffer may wrap around the address space. */
	if (args->text + args->text_cap < args->text ||
	    args->records_cap > (U64_MAX - args->records) /
				sizeof(struct ksift_record) ||
	    args->pattern_counts_cap > (U64_MAX - args->pattern_counts) /
				       sizeof(u64))
		return -EFAULT;
	return 0;
}

static int alloc_buffers(struct lines_run *r, const struct ksift_job *job)
{
	struct ksift_scan *scan;

	scan = kvmalloc(sizeof(*scan), KSIFT_GFP_FIXED);
	if (!scan)
		return -ENOMEM;
	/* All but the arrays, which are written before they are read. */
	memset(scan, 0, offsetof(struct ksift_scan, hits));
	scan->prog = r->prog;
	scan->ops = job->variant;
	scan->to = job->run->to;
	scan->chunk = KSIFT_FEED;
	scan->want_hits = r->give || r->args->max_lines != U64_MAX;
	scan->no_total = !(r->args->flags & KSIFT_LINES_TOTAL);
	scan->want_levels = r->args->flags & KSIFT_LINES_LEVELS;
	scan->hit_levels = r->args->records;
	scan->want_patterns = r->args->pattern_counts;
	r->scan = scan;
	r->chunk = first_chunk(r->args);
	if (!r->give)
		return 0;
	r->stage = kvmalloc(STAGE_SIZE, KSIFT_GFP_FIXED);
	if (r->args->records)
		r->record = kmalloc_array(RECORDS_HELD, sizeof(*r->record),
					  KSIFT_GFP_FIXED);
	if (!r->stage || (r->args->records && !r->record)) {
		kfree(r->record);
		kvfree(r->stage);
		kvfree(scan);
		return -ENOMEM;
	}
	return 0;
}

/* Has a line been done, so that a run may end? */
static bool some_done(const struct lines_run *r)
{
	const struct ksift_scan *scan = r->scan;

	return r->text || r->absent || r->total_bytes ||
	       (!scan->skipping && scan->line != scan->first);
}

/* Turn what a run came to into what the caller gets. */
static int finish(struct lines_run *r, struct ksift_job *job, int stop)
{
	const struct ksift_scan *scan = r->scan;
	struct ksift_lines *args = r->args;
	struct ksift_resume *resume = r->resume;
	u64 end = scan->line;
	int ret;

	if (stop != -EFAULT) {
		ret = flush_stage(r);
		if (!ret)
			ret = flush_records(r);
		if (ret)
			return ret;
	}
	/* An error after something was done is for the next call to find. */
	if (stop < 0 && (stop == -EFAULT || !some_done(r)))
		return stop;
	if (args->pattern_counts &&
	    copy_to_user(u64_to_user_ptr(args->pattern_counts),
			 scan->count.patterns, r->prog->count * sizeof(u64)))
		return -EFAULT;

	args->out_total_bytes = r->total_bytes;
	args->out_selected = scan->count.selected;
	args->out_selected_bytes = scan->count.selected_bytes;
	args->out_total = args->flags & KSIFT_LINES_TOTAL ? scan->count.total : 0;
	args->out_text = r->text;
	args->out_records = r->records;
	memcpy(args->out_levels, scan->count.levels, sizeof(args->out_levels));
	/* How long the rest of a line will be is not known before it is read. */
	if (resume->flags & (KSIFT_RESUME_INLINE | KSIFT_RESUME_PENDING_NL)) {
		end = resume->pos + resume->skip;
	} else {
		resume->pos = scan->skipping ? scan->pos : scan->line;
		resume->skip = 0;
		resume->flags = scan->done ? KSIFT_RESUME_DONE : 0;
		if (!scan->done && (r->lost || r->after_absent))
			resume->flags = r->at_edge ? KSIFT_RESUME_ABSENT :
						     KSIFT_RESUME_CUT;
	}
	if (!scan->skipping)
		args->out_total_bytes += end - scan->first;
	if (stop == STOP_LIMIT || scan->count.selected >= args->max_lines)
		resume->flags |= KSIFT_RESUME_LIMIT;
	job->run->out_bytes = r->src.stats.bytes;
	job->run->out_walked = ksift_source_walked(&r->src);
	job->run->out_absent = r->absent;
	job->run->out_cut = r->cut;
	return 0;
}

int ksift_run_lines(struct ksift_job *job)
{
	struct lines_run r = {
		.args = &job->args.lines,
		.resume = &job->run->resume,
		.from = job->run->from,
	};
	struct file *filter;
	int ret;

	ret = check_args(r.args);
	if (ret)
		return ret;
	r.give = r.args->text || r.args->records;
	filter = ksift_filter_get(r.args->filter_fd, &r.prog);
	if (IS_ERR(filter))
		return PTR_ERR(filter);
	ret = -EINVAL;
	if (r.args->pattern_counts &&
	    r.args->pattern_counts_cap < r.prog->count)
		goto put_filter;
	ret = ksift_source_open(&r.src, job->run);
	if (ret)
		goto put_filter;
	ret = alloc_buffers(&r, job);
	if (ret)
		goto close_source;

	ret = run_from_start(&r, job->run);
	ret = finish(&r, job, ret);

	kfree(r.record);
	kvfree(r.stage);
	kvfree(r.scan);
close_source:
	job->stats = r.src.stats;
	ksift_source_close(&r.src);
put_filter:
	fput(filter);
	return ret;
}
