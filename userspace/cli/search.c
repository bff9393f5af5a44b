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

#include "grep.h"
#include "watch.h"

/* A line of a file that is longer is not held. */
#define HELD_MAX (1u << 20)

/**
 * struct search - A search that is going on
 * @in: The file
 * @rec: The line whose text is coming in
 * @in_line: Some of it has not come yet
 * @part: The beginning of its text, if it came in pieces
 * @part_len: How much there is of it
 * @part_cap: Room for it
 * @len: How much has come altogether
 * @end: The search has come to this offset
 */
struct search {
	struct input in;
	struct ksift_record rec;
	bool in_line;
	char *part;
	size_t part_len, part_cap;
	uint64_t len;
	uint64_t end;
};

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
	if (!held || (s->in.regular && s->len > HELD_MAX))
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

static void take_line(struct search *s, const char *text, size_t len)
{
	struct line line = { .rec = s->rec, .text = text, .fd = s->in.fd };

	line.rec.len = len;
	line.rec.line += s->in.first_line;
	line.unended = line.rec.offset + len == s->end;
	s->in.grep->printer->line(&s->in, &line);
}

/* Text up to a newline, or what there is of it.  Return: where the next begins. */
static const char *take_text(struct search *s, const char *p, const char *end,
			     int *ret)
{
	const char *stop = memchr(p, '\n', end - p);

	s->in_line = !stop;
	if (!stop || s->len) {
		*ret = hold(s, p, (stop ? stop : end) - p);
		if (*ret || !stop)
			return end;
		take_line(s, holds(s) ? s->part : NULL, s->len);
	} else {
		take_line(s, p, stop - p);
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

static bool wants_raw(const struct grep *g)
{
	return g->printer->raw && !g->prefix && !g->number && !g->offset;
}

static void set_up(struct search *s, struct ksift_scan_opts *opts)
{
	const struct grep *g = s->in.grep;

	opts->flags = KSIFT_SCAN_CURRENT;
	opts->max_lines = g->max && (g->quiet || g->list != LIST_NONE) ?
			  1 : g->max;
	opts->arg = s;
	opts->chunk = take_raw;
	opts->progress = step;
	if (!grep_wants_lines(g))
		return;
	opts->flags |= KSIFT_SCAN_TEXT;
	if (wants_raw(g))
		return;
	opts->chunk = take_lines;
	opts->flags |= KSIFT_SCAN_RECORDS;
	if (g->number || g->printer->numbers)
		opts->flags |= KSIFT_SCAN_TOTAL;
}

static void search_scan(struct search *s, struct found *found)
{
	struct ksift_scan_result res = KSIFT_SCAN_RESULT_INIT;
	struct ksift_scan_opts opts = KSIFT_SCAN_OPTS_INIT;
	const struct grep *g = s->in.grep;
	struct ksift_error err;
	off_t pos;
	int ret;

	pos = lseek(s->in.fd, 0, SEEK_CUR);
	s->in.origin = pos < 0 ? 0 : pos;
	set_up(s, &opts);
	if (watch_begin(&s->in, &opts, grep_wants_lines(g))) {
		found->failed = true;
		return;
	}
	if (g->printer->begin && grep_wants_lines(g))
		g->printer->begin(&s->in);

	ret = ksift_lines_scan(g->ctx, g->engine, s->in.fd, &opts, &res, &err);
	found->matched |= res.selected;
	if (ret)
		file_error(&s->in, err.text, found);
	g->printer->end(&s->in, &res);
	watch_end(&s->in, &res);
	if (s->in.fd == STDIN_FILENO && !ret)
		leave_stdin(g, &res);
	free(s->part);
}

static void search_fd(const struct grep *g, const char *name, int fd,
		      struct found *found)
{
	struct search s = { .in = { .grep = g, .name = name, .fd = fd } };
	struct ksift_scan_result none = KSIFT_SCAN_RESULT_INIT;
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
	search_scan(&s, found);
}

void search_file(const struct grep *g, const char *path, struct found *found)
{
	struct input in = { .grep = g, .name = path };
	int fd;

	if (!strcmp(path, "-"))
		return search_fd(g, g->label, STDIN_FILENO, found);
	fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return file_error(&in, strerror(errno), found);
	search_fd(g, path, fd, found);
	close(fd);
}
