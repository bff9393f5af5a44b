// SPDX-License-Identifier: GPL-2.0-only
/*
 * Searching one file.
 *
 * The engine gives text and records in pieces.  Where a printer takes text as
 * it is, it goes there without a look.  Else it is put together again to
 * lines: one that came in pieces is collected, and if it is a long one of a
 * file, forgotten again and read once more where it is needed, so that memory
 * stays bounded.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache.h"
#include "context.h"
#include "entries.h"
#include "packed.h"
#include "search.h"
#include "watch.h"

/* A line of a file that is longer is not held. */
#define HELD_MAX (1u << 20)

/**
 * struct search - A search that is going on
 * @in: The file
 * @found: Where what is found counts
 * @context: What stands around the selected lines
 * @wants_context: That is to be given out
 * @all: The engine selects every line, since nobody can read a stream again
 * @decides: The engine selects more than is meant
 * @max: Lines to select
 * @rec: The line whose text is coming in
 * @in_line: Some of it has not come yet
 * @part: The beginning of its text, if it came in pieces
 * @part_len: How much there is of it
 * @part_cap: Room for it
 * @len: How much has come altogether
 * @end: The search has come to this offset
 * @selected: Lines selected here
 * @selected_bytes: Bytes they take
 * @selected_end: Offset of the byte after the last of them
 * @selected_line: Lines up to there
 * @counts: With --count-each, of each pattern, until the file is known to have lines
 */
struct search {
	struct input in;
	struct found *found;
	struct context context;
	bool wants_context, all, decides;
	uint64_t max;
	struct ksift_record rec;
	bool in_line;
	char *part;
	size_t part_len, part_cap;
	uint64_t len;
	uint64_t end;
	uint64_t selected, selected_bytes, selected_end, selected_line;
	uint64_t counts[KSIFT_PATTERNS_MAX];
};

/* All is found that is wanted: what take_lines() ends a scan with. */
#define ENOUGH (-ECANCELED)

static bool holds(const struct search *s)
{
	return s->part_len == s->len;
}

/* Keep a piece of a line that is not whole. */
static int hold(struct search *s, const char *text, size_t len)
{
	size_t cap = s->part_cap ? s->part_cap : 1024;
	bool held = holds(s);
	char *part;

	s->len += len;
	/* Nor is it read again where that has an effect. */
	if (!held || (s->in.regular && !s->in.grep->cache && s->len > HELD_MAX))
		return 0;
	while (cap < s->len)
		cap *= 2;
	if (cap > s->part_cap) {
		part = realloc(s->part, cap);
		if (!part)
			return -ENOMEM;
		s->part = part;
		s->part_cap = cap;
	}
	memcpy(s->part + s->part_len, text, len);
	s->part_len += len;
	return 0;
}

static bool selects(const struct search *s, struct line *line)
{
	const struct grep *g = s->in.grep;

	if (!s->decides)
		return true;
	if (g->levels && !(g->levels & 1u << line->rec.level))
		return false;
	match_begin(g->match, line);
	return match_selects(g->match, &line->rec.pattern) != g->invert;
}

static int pass_line(struct search *s, const struct line *line)
{
	int ret;

	if (!s->wants_context || s->in.regular)
		return 0;
	ret = context_pass(&s->context, line);
	if (!ret && s->selected == s->max && !s->context.owed)
		ret = ENOUGH;
	return ret;
}

static void put_line(struct search *s, const struct line *line)
{
	const struct grep *g = s->in.grep;

	if (s->wants_context)
		context_select(&s->context, line);
	if (g->match)
		match_begin(g->match, line);
	g->printer->line(&s->in, line);
}

static int take_line(struct search *s, const char *text, size_t len)
{
	struct line line = { .rec = s->rec, .text = text, .fd = s->in.fd };
	const struct grep *g = s->in.grep;

	line.rec.len = len;
	line.rec.line += s->in.first_line;
	line.unended = line.rec.offset + len == s->end;
	/* After the last one there may still be context to come. */
	if (s->selected == s->max || !selects(s, &line))
		return pass_line(s, &line);

	s->selected++;
	s->selected_bytes += len + 1;
	s->selected_end = line.rec.offset + len + !line.unended;
	s->selected_line = s->rec.line + 1;
	if (grep_wants_lines(g))
		put_line(s, &line);
	else if (g->count_each)
		match_count(g->match, s->counts);
	/* The engine knows by itself when it has selected enough. */
	if (s->decides && s->selected == s->max &&
	    (!s->context.owed || s->in.regular))
		return ENOUGH;
	return 0;
}

/* Text up to a newline, or what there is of it.  Return: where the next begins. */
static const char *take_text(struct search *s, const char *p, const char *end,
			     int *ret)
{
	const char *stop = memchr(p, s->in.grep->eol, end - p);

	s->in_line = !stop;
	if (!stop || s->len) {
		*ret = hold(s, p, (stop ? stop : end) - p);
		if (*ret || !stop)
			return end;
		*ret = take_line(s, holds(s) ? s->part : NULL, s->len);
	} else {
		*ret = take_line(s, p, stop - p);
	}
	return stop + 1;
}

/*
 * A line ends at its newline, not where its record says: they may differ when
 * the file is being written to.
 */
static int take_lines(void *arg, const struct ksift_chunk *chunk)
{
	const char *p = chunk->text, *end = p + chunk->text_len;
	struct search *s = arg;
	size_t i = 0;
	int ret = 0;

	s->end = chunk->end;
	while (!ret && (p < end || i < chunk->record_count)) {
		if (!s->in_line && i < chunk->record_count) {
			s->rec = chunk->records[i++];
			s->in_line = true;
			s->part_len = 0;
			s->len = 0;
		}
		if (p == end)
			break;
		p = take_text(s, p, end, &ret);
	}
	cli_flush();
	return ret;
}

static int take_raw(void *arg, const struct ksift_chunk *chunk)
{
	struct search *s = arg;

	s->in.grep->printer->raw(&s->in, chunk->text, chunk->text_len);
	cli_flush();
	return 0;
}

static int step(void *arg, const struct ksift_scan_result *so_far)
{
	(void)arg;
	watch_step(so_far);
	return 0;
}

static void file_error(const struct input *in, const char *text,
		       struct found *found)
{
	found->failed = true;
	if (!in->grep->no_messages)
		cli_note("%s: %s", in->name, text);
}

static void packed_error(const struct input *in, const struct packer *packer,
			 struct found *found)
{
	char text[128];

	if (in->fd == STDIN_FILENO)
		snprintf(text, sizeof(text),
			 "compressed by %s; try '%s | ksift grep ...', or -a to search it as it is",
			 packer->name, packer->cat);
	else
		snprintf(text, sizeof(text),
			 "compressed by %s; try '%s FILE | ksift grep ...', or -a to search it as it is",
			 packer->name, packer->cat);
	file_error(in, text, found);
}

/*
 * Leave standard input where grep does: after the last selected line if -m
 * ended the search, so that the next program goes on there, else at its end.
 */
static void leave_stdin(const struct grep *g, const struct ksift_scan_result *res)
{
	if (res->flags & KSIFT_SCAN_LIMITED && res->selected == g->max &&
	    !g->quiet && g->list == LIST_NONE)
		lseek(STDIN_FILENO, res->end, SEEK_SET);
	else
		lseek(STDIN_FILENO, 0, SEEK_END);
}

static bool is_output(const struct stat *st)
{
	struct stat out;

	return S_ISREG(st->st_mode) && !fstat(STDOUT_FILENO, &out) &&
		st->st_dev == out.st_dev && st->st_ino == out.st_ino;
}

/* Nothing changes how a line looks: colour and -o have @match. */
static bool wants_raw(const struct search *s)
{
	const struct grep *g = s->in.grep;

	return g->printer->raw && !s->in.prefix && !g->number && !g->offset &&
		!g->match && !s->wants_context;
}

static void set_up(struct search *s, struct ksift_scan_opts *opts)
{
	const struct grep *g = s->in.grep;
	off_t pos = lseek(s->in.fd, 0, SEEK_CUR);

	s->in.origin = pos < 0 ? 0 : pos;
	s->wants_context = grep_wants_context(g);
	s->all = s->wants_context && !s->in.regular;
	s->decides = g->decides || s->all;
	s->max = g->max && (g->quiet || g->list != LIST_NONE) ? 1 : g->max;

	opts->flags = KSIFT_SCAN_CURRENT;
	if (g->from || g->to != UINT64_MAX) {
		opts->flags = 0;
		opts->from = g->from;
		opts->to = g->to;
		s->in.origin = 0;
	}
	opts->flags |= g->cache;
	opts->threads = g->threads;
	if (!g->eol)
		opts->flags |= KSIFT_SCAN_NUL;
	if (g->no_binary && !s->in.regular)
		opts->flags |= KSIFT_SCAN_NO_BINARY;
	opts->max_lines = s->decides ? UINT64_MAX : s->max;
	opts->arg = s;
	opts->chunk = take_raw;
	opts->progress = step;
	if (!s->decides && g->count_each) {
		opts->pattern_counts = s->counts;
		opts->pattern_counts_cap = g->filter.count;
	}
	if (grep_needs_level(g) && !s->in.regular) {
		opts->also = g->engine_levels;
		opts->flags |= KSIFT_SCAN_TOTAL;
	}
	if (!grep_wants_lines(g) && !s->decides)
		return;
	opts->flags |= KSIFT_SCAN_TEXT;
	if (wants_raw(s))
		return;
	opts->chunk = take_lines;
	opts->flags |= KSIFT_SCAN_RECORDS;
	if (g->number || g->printer->numbers)
		opts->flags |= KSIFT_SCAN_TOTAL;
}

/* The engine's result, as if it had selected what was selected here. */
static void correct(const struct search *s, struct ksift_scan_result *res)
{
	/* As for grep, what is no text has no lines from there on, nor had it any. */
	if (res->flags & KSIFT_SCAN_BINARY) {
		res->selected = 0;
		res->selected_bytes = 0;
		return;
	}
	if (!s->decides)
		return;
	res->selected = s->selected;
	res->selected_bytes = s->selected_bytes;
	if (s->selected == s->max) {
		res->flags |= KSIFT_SCAN_LIMITED;
		res->end = s->selected_end;
		res->total_bytes = res->end - res->start;
		if (res->total)
			res->total = s->selected_line;
	}
}

static int scan(struct search *s, const struct ksift_scan_opts *opts,
		struct ksift_scan_result *res, struct ksift_error *err)
{
	const struct grep *g = s->in.grep;
	int ret = 0;

	if (g->join)
		return entries_search(&s->in, opts, res, err);
	if (s->wants_context)
		ret = context_begin(&s->context, &s->in, opts->from);
	if (!ret)
		ret = ksift_lines_scan(g->ctx, s->all ? g->engine_all : g->engine,
				       s->in.fd, opts, res, err);
	if (ret == ENOUGH)
		ret = 0;
	else if (ret == -ENOMEM)
		snprintf(err->text, sizeof(err->text), "%s", strerror(ENOMEM));
	correct(s, res);
	if (s->wants_context)
		context_finish(&s->context, res->flags & KSIFT_SCAN_LIMITED ?
			       opts->to : res->end);
	return ret;
}

/*
 * Nothing was found of a level: perhaps no line has any.  Looked for only until
 * one is found, in a stream while it was read.
 */
static void look_for_levels(const struct search *s, const struct ksift_scan_opts *opts,
			    const struct ksift_scan_result *first, struct found *found)
{
	struct ksift_scan_result res = KSIFT_SCAN_RESULT_INIT;
	struct ksift_scan_opts again = KSIFT_SCAN_OPTS_INIT;
	const struct grep *g = s->in.grep;

	if (!grep_needs_level(g) || found->levels)
		return;
	if (!s->in.regular) {
		found->levels = first->flags & KSIFT_SCAN_ALSO;
		found->lines += first->total;
		return;
	}
	/* Entries have been read up to the end. */
	if (opts->flags & KSIFT_SCAN_CURRENT)
		lseek(s->in.fd, s->in.origin, SEEK_SET);
	again.flags = (opts->flags & (KSIFT_SCAN_CURRENT | KSIFT_SCAN_NUL)) |
		      KSIFT_SCAN_TOTAL | g->cache;
	again.from = opts->from;
	again.to = opts->to;
	again.max_lines = 1;
	found->levels =
		ksift_lines_scan(g->ctx, g->engine_levels, s->in.fd, &again, &res, NULL) ||
		res.selected;
	found->lines += res.total;
}

static void search_open(struct search *s, struct found *found)
{
	struct ksift_scan_result res = KSIFT_SCAN_RESULT_INIT;
	const struct grep *g = s->in.grep;
	struct ksift_scan_opts opts = KSIFT_SCAN_OPTS_INIT;
	struct ksift_error err;
	size_t i;
	int ret;

	set_up(s, &opts);
	if (watch_begin(&s->in, &opts, grep_wants_lines(g))) {
		found->failed = true;
		return;
	}
	if (g->printer->begin && grep_wants_lines(g))
		g->printer->begin(&s->in);
	ret = scan(s, &opts, &res, &err);
	found->matched |= res.selected;
	for (i = 0; i < KSIFT_PATTERNS_MAX && !(res.flags & KSIFT_SCAN_BINARY); i++)
		found->counts[i] += s->counts[i];
	if (!ret && !found->matched)
		look_for_levels(s, &opts, &res, found);
	if (ret)
		file_error(&s->in, err.text, found);
	g->printer->end(&s->in, &res);
	watch_end(&s->in, &res);
	if (g->cache & KSIFT_SCAN_CACHED && !g->quiet && !ret)
		cache_report(s->in.fd, s->in.name, opts.to, &res);
	if (s->in.fd == STDIN_FILENO && !ret)
		leave_stdin(g, &res);
	context_end(&s->context);
	free(s->part);
}

/*
 * Whether a file has a zero byte.  Where grep comes upon one late it has given out
 * lines of the file by then; here it is known before.
 */
static int look_for_nul(const struct search *s, struct ksift_scan_result *res,
			struct ksift_error *err)
{
	struct ksift_scan_opts opts = KSIFT_SCAN_OPTS_INIT;
	const struct grep *g = s->in.grep;
	off_t pos = lseek(s->in.fd, 0, SEEK_CUR);
	int ret;

	opts.flags = KSIFT_SCAN_CURRENT | g->cache | (g->stats ? KSIFT_SCAN_TOTAL : 0);
	opts.max_lines = 1;
	opts.threads = g->threads;
	ret = ksift_lines_scan(g->ctx, g->engine_binary, s->in.fd, &opts, res, err);
	lseek(s->in.fd, pos, SEEK_SET);
	return ret;
}

/* A file has a zero byte, in the last line of @res: it is done, and has no lines. */
static void leave_binary(struct search *s, struct ksift_scan_result *res, struct found *found)
{
	struct ksift_scan_opts opts = KSIFT_SCAN_OPTS_INIT;
	const struct grep *g = s->in.grep;

	if (watch_begin(&s->in, &opts, false)) {
		found->failed = true;
		return;
	}
	res->selected = 0;
	res->selected_bytes = 0;
	res->flags &= ~KSIFT_SCAN_LIMITED;
	if (s->in.fd == STDIN_FILENO)
		leave_stdin(g, res);
	g->printer->end(&s->in, res);
	watch_end(&s->in, res);
}

/* As grep: that of the largest number that the file may have, or of a stream any. */
static int number_width(const struct grep *g, const struct stat *st)
{
	uint64_t n = S_ISREG(st->st_mode) ? st->st_size + (uint64_t)g->number : INT64_MAX;
	int width = 1;

	while (n /= 10)
		width++;
	return width;
}

void search_fd(const struct grep *g, const char *name, int fd, bool prefix,
	       struct found *found)
{
	struct search s = {
		.found = found,
		.in = { .grep = g, .name = name, .fd = fd, .prefix = prefix },
	};
	struct ksift_scan_result none = KSIFT_SCAN_RESULT_INIT, nul = none;
	const struct packer *packer;
	struct ksift_error err;
	struct stat st;

	if (fstat(fd, &st))
		return file_error(&s.in, strerror(errno), found);
	if (S_ISDIR(st.st_mode)) {
		file_error(&s.in, strerror(EISDIR), found);
		return g->printer->end(&s.in, &none);
	}
	/* What is selected would be found again, without an end. */
	if (grep_wants_lines(g) && g->max > 1 && is_output(&st))
		return file_error(&s.in, "input file is also the output", found);
	/* Files of /proc have no size, and may not say the same thing twice. */
	s.in.regular = S_ISREG(st.st_mode) && st.st_size;
	s.in.width = g->tab ? number_width(g, &st) : 0;
	if (s.in.regular && g->no_binary && look_for_nul(&s, &nul, &err))
		return file_error(&s.in, err.text, found);
	if (nul.selected)
		return leave_binary(&s, &nul, found);
	if (s.in.regular && !g->text) {
		packer = g->cache ? cache_packed_by(g->ctx, g->engine_all, fd, g->cache) :
				    packed_by(fd);
		if (packer)
			return packed_error(&s.in, packer, found);
	}
	search_open(&s, found);
}
