// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksift entries --join: a line and those that go on with it, a stack trace
 * above all, taken as one.
 *
 * An entry begins at every line that does not look like the continuation of
 * another, and at the first line of a file.  It is selected by what its lines
 * have together, and its level is that of its first line.
 *
 * Entries have to be seen as a whole, so the file is read, and what is in memory
 * goes through the engine: once to find the lines that may matter, and then, for
 * each entry with such a line, to see which patterns it has.  What is in memory
 * begins with an entry.  The last one there may go on in what has not been read
 * yet, and is kept until the next one begins.
 *
 * Of an entry that is longer than can be held only the first lines count; the
 * rest is passed over, which is an error at the end.  Ranges compose even so, for
 * the rest begins no entry of its own.
 */
#define _GNU_SOURCE /* memrchr() */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "entries.h"
#include "watch.h"

/* No stack trace that anybody has read comes near. */
#define ENTRY_MAX (2u << 20)
/* What is read at once. */
#define READ_MAX (256u << 10)
#define CAP (ENTRY_MAX + READ_MAX)
/* No more of a line is looked at to know whether it is a continuation. */
#define LOOK 32
/* Lines that may matter, at a time. */
#define RECORDS_CAP 512

/**
 * struct entries - A search for entries that is going on
 * @in: The file
 * @any: Selects lines of which every selected entry has one; NULL: there is
 *	nothing like that
 * @each: Tells which of all patterns a line has
 * @all: Selects every line
 * @max: Entries to select
 * @to: Byte after the range
 * @res: What was found so far
 * @err: Where errors are told
 * @long_entry: Offset of the first entry that is too long; UINT64_MAX: none
 * @buf: A part of the file: @fill bytes from offset @base on
 * @fill: See @buf
 * @base: See @buf
 * @eof: The file ends where @buf does
 * @last: The last byte that was read
 * @seeking: No entry begins at @buf, but perhaps after a newline in it
 * @past: All entries before this place in @buf are done
 * @counted: The lines before this place in @buf are in @line
 * @line: How many there are
 * @done: Nothing more is wanted
 */
struct entries {
	const struct input *in;
	struct ksift_matcher *any, *each, *all;
	uint64_t max, to;
	struct ksift_scan_result *res;
	struct ksift_error *err;
	uint64_t long_entry;
	char *buf;
	size_t fill;
	uint64_t base;
	bool eof, seeking;
	char last;
	size_t past, counted;
	uint64_t line;
	bool done;
};

static int fail(struct entries *e, int err)
{
	e->err->err = err;
	snprintf(e->err->text, sizeof(e->err->text), "%s", strerror(-err));
	return err;
}

static bool has_more(const char *s, const char *end)
{
	const char *digits = s;

	while (s < end && isdigit((unsigned char)*s))
		s++;
	return s > digits && end - s >= 5 && !memcmp(s, " more", 5);
}

/* Whether a line is not a beginning; @end is that of all there is to see. */
static bool goes_on(const char *line, const char *end)
{
	static const char *const words[] = { " ", "\t", "at ", "Caused by", "... " };
	const size_t last = sizeof(words) / sizeof(*words) - 1;
	size_t i, len;

	if (end - line > LOOK)
		end = line + LOOK;
	for (i = 0; i <= last; i++) {
		len = strlen(words[i]);
		if ((size_t)(end - line) >= len && !memcmp(line, words[i], len))
			return i < last || has_more(line + len, end);
	}
	return false;
}

/* Whether enough is there of the line at @at to tell. */
static bool is_known(const struct entries *e, size_t at)
{
	return e->eof || e->fill - at >= LOOK ||
		memchr(e->buf + at, '\n', e->fill - at);
}

static bool is_head(const struct entries *e, size_t at)
{
	return at < e->fill && is_known(e, at) &&
		!goes_on(e->buf + at, e->buf + e->fill);
}

/* The first place after the line at @at where an entry begins, or @end. */
static size_t next_head(const struct entries *e, size_t at, size_t end)
{
	const char *nl;

	while ((nl = memchr(e->buf + at, '\n', end - at))) {
		at = nl + 1 - e->buf;
		if (at >= end || is_head(e, at))
			return at;
	}
	return end;
}

/* The last place in the buffer where an entry begins; 0: none but its start. */
static size_t last_head(const struct entries *e)
{
	size_t at = e->fill;
	const char *nl;

	while (at && (nl = memrchr(e->buf, '\n', at))) {
		at = nl - e->buf;
		if (is_head(e, at + 1))
			return at + 1;
	}
	return 0;
}

/* The head of the entry that the line at @at is part of. */
static size_t head_of(const struct entries *e, size_t at)
{
	const char *nl;

	while (at > e->past && goes_on(e->buf + at, e->buf + e->fill)) {
		nl = memrchr(e->buf, '\n', at - 1);
		at = nl ? nl + 1 - e->buf : 0;
	}
	return at;
}

static void count_lines(struct entries *e, size_t to)
{
	const char *p = e->buf + e->counted, *end = e->buf + to;

	while (p < end && (p = memchr(p, '\n', end - p))) {
		e->line++;
		p++;
	}
	e->counted = to;
}

static void discard(struct entries *e, size_t len)
{
	if (e->counted < len)
		count_lines(e, len);
	e->counted -= len;
	e->past -= e->past < len ? e->past : len;
	e->fill -= len;
	e->base += len;
	memmove(e->buf, e->buf + len, e->fill);
}

static int fill(struct entries *e)
{
	ssize_t n;

	do {
		n = read(e->in->fd, e->buf + e->fill, READ_MAX);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail(e, -errno);
	e->eof = !n;
	e->fill += n;
	e->res->bytes += n;
	if (n)
		e->last = e->buf[e->fill - 1];
	return 0;
}

/* One run over what lies between two places in the buffer. */
static int run(struct entries *e, const struct ksift_matcher *matcher,
	       struct ksift_run *run, struct ksift_lines *lines)
{
	int ret;

	run->size = sizeof(*run);
	run->source = KSIFT_SOURCE_MEM;
	run->base = (uintptr_t)e->buf;
	run->len = run->to;
	lines->size = sizeof(*lines);
	ret = ksift_lines_run(e->in->grep->ctx, matcher, run, lines, e->err);
	e->res->variant = run->out_variant;
	return ret;
}

/* What there is to know of an entry's first line. */
static int read_head(struct entries *e, size_t head, size_t end,
		     struct ksift_record *rec)
{
	struct ksift_run r = { .from = head, .to = end };
	struct ksift_lines lines = {
		.max_lines = 1,
		.records = (uintptr_t)rec,
		.records_cap = 1,
	};

	do {
		int ret = run(e, e->all, &r, &lines);

		if (ret)
			return ret;
	} while (!lines.out_records);
	return 0;
}

/* Whether an entry is selected, and the first pattern that it has. */
static int match(struct entries *e, size_t head, size_t end, bool *selected,
		 uint32_t *pattern)
{
	const struct filter *f = &e->in->grep->filter;
	struct ksift_run r = { .from = head, .to = end };
	uint64_t counts[KSIFT_PATTERNS_MAX], found = 0;
	uint32_t groups = 0, hit = 0;
	bool excluded = false;
	size_t i;

	while (f->count && !(r.resume.flags & KSIFT_RESUME_DONE)) {
		struct ksift_lines lines = {
			.max_lines = UINT64_MAX,
			.pattern_counts = (uintptr_t)counts,
			.pattern_counts_cap = KSIFT_PATTERNS_MAX,
		};
		int ret = run(e, e->each, &r, &lines);

		if (ret)
			return ret;
		for (i = 0; i < f->count; i++)
			found |= (uint64_t)!!counts[i] << i;
	}
	*pattern = UINT32_MAX;
	for (i = f->count; i--;) {
		const struct ksift_expr *p = &f->exprs[i];
		bool has = found >> i & 1;

		if (p->flags & KSIFT_EXPR_EXCLUDE) {
			excluded |= has;
			continue;
		}
		groups |= 1u << p->group;
		hit |= (uint32_t)has << p->group;
		if (has)
			*pattern = i;
	}
	*selected = (hit == groups && !excluded) != e->in->grep->invert;
	return 0;
}

static void put(struct entries *e, size_t head, size_t end,
		const struct ksift_record *rec)
{
	bool unended = e->buf[end - 1] != '\n';
	const struct grep *g = e->in->grep;
	struct line line = {
		.rec = *rec,
		.text = e->buf + head,
		.fd = e->in->fd,
		.unended = unended,
	};

	count_lines(e, head);
	line.rec.offset = e->base + head;
	line.rec.len = end - head - !unended;
	line.rec.line = e->line + e->in->first_line;
	if (g->match)
		match_begin(g->match, &line);
	g->printer->line(e->in, &line);
}

/* The entry [@head, @end); what comes before it in the buffer does not matter. */
static int take(struct entries *e, size_t head, size_t end)
{
	const struct grep *g = e->in->grep;
	struct ksift_record rec;
	size_t stop = end;
	uint32_t pattern;
	const char *nl;
	bool selected;
	int ret;

	e->past = end;
	if (e->base + head >= e->to) {
		e->past = head;
		e->done = true;
		return 0;
	}
	if (stop - head > ENTRY_MAX) {
		nl = memrchr(e->buf + head, '\n', ENTRY_MAX);
		stop = nl ? (size_t)(nl + 1 - e->buf) : head + ENTRY_MAX;
	}
	ret = match(e, head, stop, &selected, &pattern);
	if (ret || !selected)
		return ret;
	if (g->levels || grep_wants_lines(g))
		ret = read_head(e, head, stop, &rec);
	if (ret || (g->levels && !(g->levels & 1u << rec.level)))
		return ret;
	rec.pattern = pattern;
	if (grep_wants_lines(g))
		put(e, head, stop, &rec);
	e->res->selected++;
	e->res->selected_bytes += stop - head + (e->buf[stop - 1] != '\n');
	if (e->res->selected == e->max) {
		e->done = true;
		e->res->flags |= KSIFT_SCAN_LIMITED;
	}
	return 0;
}

/* All entries of the buffer's first @len bytes. */
static int take_all(struct entries *e, size_t len)
{
	int ret = 0;

	while (!ret && !e->done && e->past < len)
		ret = take(e, e->past, next_head(e, e->past, len));
	return ret;
}

/* Those of them that have a line that may matter. */
static int take_some(struct entries *e, size_t len)
{
	struct ksift_record records[RECORDS_CAP];
	struct ksift_run r = { .to = len };
	size_t i, at;
	int ret;

	while (!e->done && !(r.resume.flags & KSIFT_RESUME_DONE)) {
		struct ksift_lines lines = {
			.max_lines = UINT64_MAX,
			.records = (uintptr_t)records,
			.records_cap = RECORDS_CAP,
		};

		ret = run(e, e->any, &r, &lines);
		for (i = 0; !ret && !e->done && i < lines.out_records; i++) {
			at = records[i].offset;
			if (at >= e->past)
				ret = take(e, head_of(e, at), next_head(e, at, len));
		}
		if (ret)
			return ret;
	}
	return 0;
}

/* Whether some line carries a level: nobody can ask a stream once more. */
static int look_for_levels(struct entries *e, const struct ksift_matcher *also,
			   size_t len)
{
	struct ksift_run r = { .to = len };

	while (len && !(e->res->flags & KSIFT_SCAN_ALSO) &&
	       !(r.resume.flags & KSIFT_RESUME_DONE)) {
		struct ksift_lines lines = { .max_lines = 1 };
		int ret = run(e, also, &r, &lines);

		if (ret)
			return ret;
		if (lines.out_selected)
			e->res->flags |= KSIFT_SCAN_ALSO;
	}
	return 0;
}

/* Go to where an entry begins, or as far as can be told. */
static void seek_head(struct entries *e)
{
	size_t at = 0;
	const char *nl;

	while ((nl = memchr(e->buf + at, '\n', e->fill - at))) {
		at = nl - e->buf;
		e->done = e->base + at + 1 >= e->to;
		if (e->done || !is_known(e, at + 1))
			return discard(e, at);
		if (is_head(e, at + 1)) {
			e->seeking = false;
			return discard(e, at + 1);
		}
		at++;
	}
	/* Of a line that does not end, the last byte is kept: it is no newline. */
	if (e->fill)
		discard(e, e->fill - 1);
}

/* An entry that is too long is at the start: no read brings one as a whole. */
static void check_length(struct entries *e)
{
	if (e->fill <= ENTRY_MAX || next_head(e, 0, e->fill) <= ENTRY_MAX)
		return;
	if (e->long_entry == UINT64_MAX)
		e->long_entry = e->base;
}

static int step(struct entries *e, const struct ksift_matcher *also)
{
	size_t len;
	int ret;

	ret = fill(e);
	if (!ret && e->seeking)
		seek_head(e);
	if (ret || e->done || e->seeking)
		return ret;
	check_length(e);
	len = e->eof ? e->fill : last_head(e);
	/* It is too long, wherever it may end. */
	if (!len && e->fill > ENTRY_MAX) {
		len = e->fill;
		e->seeking = true;
	}
	ret = also ? look_for_levels(e, also, len) : 0;
	if (!ret)
		ret = e->any ? take_some(e, len) : take_all(e, len);
	cli_flush();
	if (e->done) {
		len = e->past;
		e->seeking = false;
	}
	discard(e, len - e->seeking);
	e->done |= e->base >= e->to;
	return ret;
}

static int make(struct entries *e, struct ksift_matcher **matcher,
		const struct ksift_expr *exprs, size_t count, uint32_t levels)
{
	struct ksift_matcher_opts opts = KSIFT_MATCHER_OPTS_INIT;

	opts.exprs = exprs;
	opts.expr_count = count;
	opts.level_mask = levels;
	return ksift_matcher_new(e->in->grep->ctx, &opts, matcher, e->err);
}

static int make_matchers(struct entries *e)
{
	const struct grep *g = e->in->grep;
	const struct filter *f = &g->filter;
	struct ksift_expr each[KSIFT_PATTERNS_MAX], any[KSIFT_PATTERNS_MAX];
	size_t i, count = 0;
	int ret;

	for (i = 0; i < f->count; i++) {
		each[i] = f->exprs[i];
		each[i].flags &= ~KSIFT_EXPR_EXCLUDE;
		each[i].group = 0;
		if (!(f->exprs[i].flags & KSIFT_EXPR_EXCLUDE) && !f->exprs[i].group)
			any[count++] = f->exprs[i];
	}
	ret = make(e, &e->all, NULL, 0, 0);
	if (!ret)
		ret = make(e, &e->each, each, f->count, 0);
	/* A pattern is in some line of it, the level in the first. */
	if (!ret && count && !g->invert)
		ret = make(e, &e->any, any, count, 0);
	else if (!ret && g->levels)
		ret = make(e, &e->any, NULL, 0, g->levels);
	return ret;
}

/* Where the search begins: a line, or the middle of one, begins in a range. */
static int start(struct entries *e, const struct ksift_scan_opts *opts)
{
	bool range = opts->from || opts->to != UINT64_MAX;
	struct stat st;

	e->base = e->in->origin;
	if (range && fstat(e->in->fd, &st))
		return fail(e, -errno);
	if (range && !S_ISREG(st.st_mode)) {
		snprintf(e->err->text, sizeof(e->err->text),
			 "from, to: only a regular file has ranges");
		e->err->err = -ESPIPE;
		return -ESPIPE;
	}
	if (range)
		e->base = opts->from ? opts->from - 1 : 0;
	if (range && lseek(e->in->fd, e->base, SEEK_SET) < 0)
		return fail(e, -errno);
	if (opts->from) {
		e->seeking = true;
		e->line = -1;
	}
	e->res->start = range ? opts->from : e->base;
	return 0;
}

static void finish(struct entries *e)
{
	struct ksift_scan_result *res = e->res;
	bool unended = e->eof && !e->done && e->last != '\n';

	if (!e->done)
		discard(e, e->fill);
	res->total = e->line + 1 ? e->line + unended : 0;
	res->end = e->base > res->start ? e->base : res->start;
	res->total_bytes = res->end - res->start;
	watch_step(res);
}

static int search(struct entries *e, const struct ksift_scan_opts *opts)
{
	int ret = make_matchers(e);

	if (!ret)
		ret = start(e, opts);
	while (!ret && !e->eof && !e->done) {
		ret = step(e, opts->also);
		e->res->end = e->base;
		watch_step(e->res);
	}
	finish(e);
	if (!ret && e->long_entry != UINT64_MAX) {
		snprintf(e->err->text, sizeof(e->err->text),
			 "the entry at byte %" PRIu64 " is longer than %u bytes, and the rest of it was left out",
			 e->long_entry, ENTRY_MAX);
		ret = -EFBIG;
	}
	return ret;
}

/* As ksift_lines_scan(), for entries; output goes to the printer. */
int entries_search(const struct input *in, const struct ksift_scan_opts *opts,
		   struct ksift_scan_result *res, struct ksift_error *err)
{
	struct entries e = {
		.in = in,
		.max = opts->max_lines,
		.to = opts->to,
		.res = res,
		.err = err,
		.long_entry = UINT64_MAX,
		.last = '\n',
	};
	int ret;

	e.buf = malloc(CAP);
	ret = e.buf ? search(&e, opts) : fail(&e, -ENOMEM);
	ksift_matcher_free(e.any);
	ksift_matcher_free(e.each);
	ksift_matcher_free(e.all);
	free(e.buf);
	return ret;
}
