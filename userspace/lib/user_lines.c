// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel "lines" of the user engine.  What it reads is its own, and does not
 * change between the scan and the copy: a selected line goes straight to the
 * caller.  One that is longer than what is kept of a line is read again.
 */
#define _GNU_SOURCE /* memmem() */
#include <errno.h>
#include <stdlib.h>
#include <sys/types.h>

#include "ctx.h"
#include "user.h"

/* Fewer bytes than this are not worth a vector section. */
#define CHUNK_MIN 512

/* Looked for in a line one by one. */
#define FEW_PATTERNS 8

/* Why a run ended before its source did. */
enum stop {
	RUNNING,
	STOP_FULL,	/* a buffer of the caller's is full */
	STOP_LIMIT,	/* max_lines */
	STOP_WORK,	/* enough for one run */
	STOP_AGAIN,	/* the file changed: scan again from where it did */
	STOP_CALLER,	/* the context's callback said so */
};

/**
 * struct lines_run - A run of this kernel
 * @ctx: Whose it is
 * @err: For what the context's callback says
 * @said: What it said
 * @args: The caller's arguments
 * @resume: In and out
 * @prog: The filter
 * @src: The source
 * @scan: The engine's state
 * @text: Bytes given out
 * @records: Records given out
 * @chunk: Bytes to look at next, as the hits' number allows
 * @checked: What of the source was used when last looked at whether to go on
 */
struct lines_run {
	struct ksift_ctx *ctx;
	struct ksift_error *err;
	int said;
	struct ksift_lines *args;
	struct ksift_resume *resume;
	const struct ksift_prog *prog;
	struct ksift_user_src src;
	struct ksift_scan *scan;
	u64 text;
	u64 records;
	size_t chunk;
	u64 checked;
};

static u64 text_room(const struct lines_run *r)
{
	return r->args->text_cap - r->text;
}

static u8 *text_end(const struct lines_run *r)
{
	return (u8 *)(uintptr_t)(r->args->text + r->text);
}

/* After some work: has the caller had enough?  RUNNING or STOP_CALLER. */
static int check_caller(struct lines_run *r)
{
	if (r->src.bytes - r->checked < KSIFT_USER_WORK)
		return RUNNING;
	r->checked = r->src.bytes;
	r->said = ksift_ctx_interrupted(r->ctx, r->err);
	return r->said ? STOP_CALLER : RUNNING;
}

/* What else a record says of a line. */
struct nature {
	u64 seen;
	u32 level;
	u32 msg;
};

static void put_record(struct lines_run *r, const struct ksift_hit *hit,
		       const struct nature *nature)
{
	struct ksift_record rec = {
		.offset = hit->start,
		.len = hit->end - hit->start,
		.line = UINT64_MAX,
		.level = nature->level,
		.pattern = UINT32_MAX,
		.msg = nature->msg,
	};
	u64 seen = nature->seen & r->prog->include;
	u64 at = r->args->records + r->records * sizeof(rec);

	if (r->args->flags & KSIFT_LINES_TOTAL)
		rec.line = hit->index;
	if (seen)
		rec.pattern = ksift_low_bit(seen);
	memcpy((void *)(uintptr_t)at, &rec, sizeof(rec));
	r->records++;
}

static enum stop give_text(struct lines_run *r, const struct ksift_hit *hit, const u8 *line)
{
	u64 len = hit->end - hit->start, room = text_room(r);
	u8 *to = text_end(r);
	size_t n = min(len, room);

	memcpy(to, line, n);
	r->text += n;
	if (n < room) {
		to[n] = '\n';
		r->text++;
		return text_room(r) ? RUNNING : STOP_FULL;
	}
	r->resume->pos = hit->start;
	r->resume->skip = n;
	r->resume->flags = n == len && !hit->newline ? KSIFT_RESUME_PENDING_NL :
						       KSIFT_RESUME_INLINE;
	return STOP_FULL;
}

/*
 * Have the first bytes of a line that is not held in the first part of the
 * buffer, where nothing is held then.  STOP_AGAIN: another has made a line of it
 * that would be held by now, and nobody has matched what is there.
 */
static int read_long(struct lines_run *r, u64 start)
{
	u8 *buf = r->src.buf;
	ssize_t n = ksift_user_read(&r->src, start, buf, KSIFT_USER_KEEP);

	if (n < 0)
		return n;
	r->src.bytes += n;
	return n < KSIFT_USER_KEEP || memchr(buf, '\n', n) ? STOP_AGAIN : RUNNING;
}

/*
 * Read the text of the line at @start, from its byte @skip on, up to a newline
 * or the end of the source.  Sets resume when it has to stop before that.
 * Returns an enum stop, STOP_AGAIN if it is no long line any more, or a negative
 * error; *@next is the offset after the line and *@newline tells if it has one.
 */
static int stream_line(struct lines_run *r, u64 start, u64 skip, u64 *next, bool *newline)
{
	u8 *end = NULL;

	if (!(r->resume->flags & KSIFT_RESUME_INLINE)) {
		int ret = read_long(r, start);

		if (ret)
			return ret;
		skip = min(text_room(r), KSIFT_USER_KEEP);
		memcpy(text_end(r), r->src.buf, skip);
		r->text += skip;
	}
	r->resume->pos = start;
	r->resume->flags = KSIFT_RESUME_INLINE;
	while (!end) {
		u64 room = text_room(r);
		u8 *to = text_end(r);
		ssize_t n;

		r->resume->skip = skip;
		if (!room)
			return STOP_FULL;
		n = ksift_user_read(&r->src, start + skip, to, min(room, KSIFT_USER_KEEP));
		if (n < 0)
			return n;
		r->src.bytes += n;
		*newline = n;
		end = n ? memchr(to, '\n', n) : to;
		if (!n)
			*to = '\n';
		else
			skip += end ? end - to + 1 : n;
		r->text += end ? end - to + 1 : n;
	}
	*next = start + skip;
	r->resume->flags = 0;
	return text_room(r) ? RUNNING : STOP_FULL;
}

/*
 * The nature of a line that is not held.  When it ends elsewhere by now, @hit is
 * changed to that.  Returns as stream_line().
 */
static int match_long(struct lines_run *r, struct ksift_hit *hit, struct nature *nature)
{
	u8 *buf = r->src.buf, *nl;
	u32 state[2];
	u64 pos = hit->start, hole;
	ssize_t n = KSIFT_USER_KEEP;
	int stop = read_long(r, pos);

	if (stop)
		return stop;
	nature->level = ksift_level_find(buf, n, &nature->msg);
	nature->seen = ksift_match_start(r->prog, state);
	for (;;) {
		nature->seen |= ksift_match(r->prog, state, buf, n);
		pos += n;
		hole = 0;
		if (n == KSIFT_USER_KEEP && !buf[0] && !memcmp(buf, buf + 1, n - 1))
			hole = min(ksift_user_hole(&r->src, pos), hit->end - pos);
		nature->seen |= ksift_match_zeros(r->prog, state, hole);
		pos += hole;
		if (pos >= hit->end)
			return RUNNING;
		stop = check_caller(r);
		if (stop)
			return stop;
		n = ksift_user_read(&r->src, pos, buf, min(hit->end - pos, KSIFT_USER_KEEP));
		if (n < 0)
			return n;
		r->src.bytes += n;
		nl = memchr(buf, '\n', n);
		if (nl || !n) {
			n = nl ? nl - buf : 0;
			hit->end = pos + n;
			hit->newline = nl;
		}
	}
}

/*
 * Give out a line that is not held.  When it has another length by then, @hit is
 * changed to what it was.
 */
static int give_long(struct lines_run *r, struct ksift_hit *hit)
{
	struct nature nature = { .level = KSIFT_LEVEL_NONE };
	int ret, stop = RUNNING;
	bool newline;
	u64 next;

	if (r->args->records) {
		ret = match_long(r, hit, &nature);
		if (ret)
			return ret;
	}
	if (r->args->text) {
		stop = stream_line(r, hit->start, 0, &next, &newline);
		if (stop == STOP_AGAIN || (stop < 0 && !(r->resume->flags & KSIFT_RESUME_INLINE)))
			return stop;
		/* The line counts: what is left of it is for the next call. */
		if (stop < 0)
			stop = STOP_FULL;
		if (!r->resume->flags) {
			hit->end = next - newline;
			hit->newline = newline;
		}
	}
	if (r->args->records)
		put_record(r, hit, &nature);
	return stop;
}

static bool has_literal(const struct ksift_literal *lit, const u8 *line, size_t len)
{
	if (lit->flags & KSIFT_PATTERN_ANCHORED)
		return len >= lit->len && !memcmp(line, lit->data, lit->len);
	return memmem(line, len, lit->data, lit->len);
}

/*
 * The first pattern, at least, in a line that is held and selected.  One by one
 * they are found faster than all at once, if there are few.
 */
static u64 match_held(const struct lines_run *r, const u8 *line, size_t len)
{
	const struct ksift_prog *prog = r->prog;
	u64 left = prog->include, seen;
	u32 i, state[2];

	/* If there is but one, it has that one. */
	if (!left || (!prog->invert && !(left & (left - 1))))
		return left;
	if (prog->count <= FEW_PATTERNS && !prog->ac[1].used) {
		for (; left; left &= left - 1) {
			i = ksift_low_bit(left);
			if (has_literal(&prog->lits[i], line, len))
				return 1ULL << i;
		}
		return 0;
	}
	seen = ksift_match_start(prog, state);
	return seen | ksift_match(prog, state, line, len);
}

static int give_line(struct lines_run *r, struct ksift_hit *hit)
{
	const u8 *line = ksift_user_held(&r->src, hit->start);
	struct nature nature = { .level = hit->level, .msg = hit->msg };

	if (!line)
		return give_long(r, hit);
	if (r->args->records) {
		nature.seen = match_held(r, line, hit->end - hit->start);
		put_record(r, hit, &nature);
	}
	return r->args->text ? give_text(r, hit, line) : RUNNING;
}

/*
 * Give out as many of the @n lines as follow one another and fit, in one copy.
 * Returns how many they were, none if the first is to be given out by itself.
 */
static u32 give_lines(struct lines_run *r, const struct ksift_hit *hits, u32 n)
{
	const u8 *line = ksift_user_held(&r->src, hits->start);
	u64 bytes = 0, more, room = text_room(r);
	u32 i;

	if (!r->args->text || r->args->records || !line)
		return 0;
	for (i = 0; i < n && hits[i].newline; i++) {
		more = ksift_hit_bytes(&hits[i]);
		if (bytes + more > room || (i && hits[i].start != hits[i - 1].end + 1))
			break;
		bytes += more;
	}
	memcpy(text_end(r), line, bytes);
	r->text += bytes;
	return i;
}

/*
 * Give out the hits of the last feed.  When not all of them were wanted, the
 * scan is taken back to the last that was.
 */
static int give_hits(struct lines_run *r, struct ksift_lines_count before)
{
	const bool give = r->args->text || r->args->records;
	struct ksift_lines_count *c = &before;
	struct ksift_scan *scan = r->scan;
	u32 i, k, n = scan->hit_count;

	for (i = 0; i < n; i++) {
		struct ksift_hit hit = scan->hits[i];
		int stop = RUNNING;

		k = give ? give_lines(r, &scan->hits[i], n - i) : 0;
		if (k) {
			while (--k)
				ksift_scan_count(scan, &scan->hits[i++], c);
			hit = scan->hits[i];
			stop = text_room(r) ? RUNNING : STOP_FULL;
		} else if (give) {
			stop = give_line(r, &hit);
		}
		if (stop < 0 || stop == STOP_AGAIN || stop == STOP_CALLER) {
			scan->count = *c;
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
		if (hit.end != scan->hits[i].end && stop == RUNNING)
			stop = STOP_AGAIN;
		if (stop != RUNNING) {
			ksift_scan_rewind(scan, &hit, c);
			return stop;
		}
	}
	return RUNNING;
}

/*
 * Look no further than can be given out: what is looked at and then is not
 * taken has to be looked at again.
 */
static void bound_scan(struct lines_run *r, struct ksift_scan *scan)
{
	u64 hits = min(KSIFT_LINES_HITS, r->args->max_lines - scan->count.selected);

	if (r->args->records)
		hits = min(hits, r->args->records_cap - r->records);
	scan->hits_max = hits;
	scan->bytes_max = r->args->text ? text_room(r) : UINT64_MAX;
	scan->chunk = r->chunk;
}

/* After a feed of @fed bytes: double it while nothing stops it. */
static void adapt_chunk(struct lines_run *r, size_t fed)
{
	bool stopped = r->scan->hit_count == r->scan->hits_max;
	size_t chunk = (stopped ? fed : r->chunk) * 2;

	r->chunk = max(CHUNK_MIN, min(chunk, KSIFT_FEED));
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
	return max(chunk, CHUNK_MIN);
}

/* Has a line been done, so that a run may end? */
static bool some_done(const struct lines_run *r)
{
	const struct ksift_scan *scan = r->scan;

	return r->text || (!scan->skipping && scan->line != scan->first);
}

/* Look at some more of a piece, and give out what is found.  Returns as give_hits(). */
static int feed_some(struct lines_run *r, const struct ksift_user_piece *piece, size_t *done)
{
	struct ksift_scan *scan = r->scan;
	struct ksift_lines_count before;
	size_t was = *done;

	if (!scan->want_hits) {
		*done = ksift_scan_feed(scan, piece->buf, was, piece->len);
		r->src.bytes += *done - was;
		return RUNNING;
	}
	if (!r->args->max_lines && !scan->skipping)
		return STOP_LIMIT;
	before = scan->count;
	bound_scan(r, scan);
	*done = ksift_scan_feed(scan, piece->buf, was, piece->len);
	r->src.bytes += *done - was;
	adapt_chunk(r, *done - was);
	return give_hits(r, before);
}

static int feed_piece(struct lines_run *r, const struct ksift_user_piece *piece)
{
	struct ksift_scan *scan = r->scan;
	size_t done = 0;
	int stop = RUNNING;

	while (done < piece->len && !stop && !scan->done) {
		stop = feed_some(r, piece, &done);
		if (!stop && r->src.bytes >= KSIFT_USER_WORK && some_done(r))
			stop = STOP_WORK;
		if (!stop)
			stop = check_caller(r);
	}
	return stop;
}

static int feed_end(struct lines_run *r)
{
	const struct ksift_lines_count before = r->scan->count;

	ksift_scan_eof(r->scan);
	return give_hits(r, before);
}

/* Returns an enum stop or a negative error. */
static int scan_source(struct lines_run *r)
{
	struct ksift_scan *scan = r->scan;
	int stop = RUNNING;

	while (!scan->done) {
		struct ksift_user_piece piece;

		if (!r->args->max_lines && !scan->skipping)
			return STOP_LIMIT;
		stop = ksift_user_next(&r->src, scan->pos,
				       scan->skipping ? scan->pos : scan->line, &piece);
		if (stop)
			return stop;
		if (!piece.len) {
			stop = feed_end(r);
		} else if (!piece.buf) {
			ksift_scan_zeros(scan, piece.len);
			r->src.bytes += piece.len;
		} else {
			stop = feed_piece(r, &piece);
		}
		if (stop && stop != STOP_AGAIN)
			return stop;
	}
	return RUNNING;
}

/* Finish the line that the last call could not.  Returns as scan_source(). */
static int resume_line(struct lines_run *r, u64 *next, bool *newline)
{
	struct ksift_resume from = *r->resume;

	if (!r->args->text)
		return -EINVAL;
	if (!(from.flags & KSIFT_RESUME_PENDING_NL))
		return stream_line(r, from.pos, from.skip, next, newline);
	*next = from.pos + from.skip;
	*newline = false;
	*text_end(r) = '\n';
	r->text = 1;
	r->resume->flags = 0;
	return text_room(r) ? RUNNING : STOP_FULL;
}

static int run_from_start(struct lines_run *r, const struct ksift_run *run)
{
	struct ksift_scan *scan = r->scan;
	u64 pos = run->from;
	bool skipping = false, newline;
	int stop = RUNNING;

	if (r->resume->flags & KSIFT_RESUME_VALID)
		pos = r->resume->pos;
	else if (pos)
		skipping = true;

	if (r->resume->flags & (KSIFT_RESUME_INLINE | KSIFT_RESUME_PENDING_NL)) {
		scan->first = pos + r->resume->skip;
		scan->line = scan->first;
		stop = resume_line(r, &pos, &newline);
		if (stop < 0 || r->resume->flags)
			return stop;
		ksift_scan_start(scan, pos, false);
		/* What has come after the end since is the rest of its line. */
		if (!newline)
			scan->done = true;
	} else {
		/* The byte before a range tells if a line begins with it. */
		ksift_scan_start(scan, pos - skipping, skipping);
		scan->first = pos;
	}
	return stop ? stop : scan_source(r);
}

static int check_args(const struct ksift_lines *args, const struct ksift_prog *prog)
{
	if (args->flags & ~(KSIFT_LINES_TOTAL | KSIFT_LINES_LEVELS))
		return -EOPNOTSUPP;
	if (!args->text != !args->text_cap || !args->records != !args->records_cap ||
	    !args->pattern_counts != !args->pattern_counts_cap || args->__reserved)
		return -EINVAL;
	/* No buffer may wrap around the address space. */
	if (args->text + args->text_cap < args->text ||
	    args->records_cap > (UINT64_MAX - args->records) / sizeof(struct ksift_record) ||
	    args->pattern_counts_cap > (UINT64_MAX - args->pattern_counts) / sizeof(u64))
		return -EFAULT;
	return args->pattern_counts && args->pattern_counts_cap < prog->count ? -EINVAL : 0;
}

static struct ksift_scan *new_scan(const struct lines_run *r, u64 to,
				   const struct ksift_variant_ops *ops)
{
	struct ksift_scan *scan = malloc(sizeof(*scan));

	if (!scan)
		return NULL;
	/* All but the arrays, which are written before they are read. */
	memset(scan, 0, offsetof(struct ksift_scan, hits));
	scan->prog = r->prog;
	scan->ops = ops;
	scan->to = to;
	scan->chunk = KSIFT_FEED;
	scan->no_total = !(r->args->flags & KSIFT_LINES_TOTAL);
	scan->want_hits = r->args->text || r->args->records ||
			  r->args->max_lines != UINT64_MAX;
	scan->want_levels = r->args->flags & KSIFT_LINES_LEVELS;
	scan->hit_levels = r->args->records;
	scan->want_patterns = r->args->pattern_counts;
	return scan;
}

/* Turn what a run came to into what the caller gets. */
static int finish(struct lines_run *r, struct ksift_run *run, int stop)
{
	const struct ksift_scan *scan = r->scan;
	struct ksift_lines *args = r->args;
	struct ksift_resume *resume = r->resume;
	u64 done = scan->line;

	if (stop == STOP_CALLER)
		return -r->said;
	/* An error after something was done is for the next call to find. */
	if (stop < 0 && !some_done(r))
		return stop;

	args->out_total_bytes = 0;
	args->out_selected = scan->count.selected;
	args->out_selected_bytes = scan->count.selected_bytes;
	args->out_total = args->flags & KSIFT_LINES_TOTAL ? scan->count.total : 0;
	args->out_text = r->text;
	args->out_records = r->records;
	memcpy(args->out_levels, scan->count.levels, sizeof(args->out_levels));
	if (args->pattern_counts)
		memcpy((void *)(uintptr_t)args->pattern_counts, scan->count.patterns,
		       r->prog->count * sizeof(u64));
	/* How long the rest of a line will be is not known before it is read. */
	if (resume->flags & (KSIFT_RESUME_INLINE | KSIFT_RESUME_PENDING_NL)) {
		done = resume->pos + resume->skip;
	} else {
		resume->pos = scan->skipping ? scan->pos : scan->line;
		resume->skip = 0;
		resume->flags = scan->done ? KSIFT_RESUME_DONE : 0;
	}
	if (!scan->skipping)
		args->out_total_bytes = done - scan->first;
	if (stop == STOP_LIMIT || scan->count.selected >= args->max_lines)
		resume->flags |= KSIFT_RESUME_LIMIT;
	run->out_bytes = r->src.bytes;
	return 0;
}

int ksift_user_lines(struct ksift_ctx *ctx, const struct ksift_prog *prog,
		     const struct ksift_variant_ops *ops, struct ksift_run *run,
		     struct ksift_lines *args, struct ksift_error *err)
{
	struct lines_run r = {
		.ctx = ctx,
		.err = err,
		.args = args,
		.resume = &run->resume,
		.prog = prog,
		.chunk = first_chunk(args),
	};
	int ret;

	ret = check_args(args, prog);
	if (ret)
		return ret;
	ret = ksift_user_open(&r.src, run);
	if (ret)
		return ret;
	r.scan = new_scan(&r, run->to, ops);
	ret = r.scan ? finish(&r, run, run_from_start(&r, run)) : -ENOMEM;
	free(r.scan);
	ksift_user_close(&r.src);
	return ret;
}
