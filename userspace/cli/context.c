// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines around the selected ones.
 *
 * Of a file the engine gives only the selected lines, and what is near them is
 * read from the file: backwards from a line to count newlines, and forwards to
 * give out what is there.  Nothing is read twice but the lines before a selected
 * one, and a line that does not fit into a buffer is handed on as a place in the
 * file.
 *
 * What cannot be read again has to come from the engine as it goes by: all lines
 * are selected there, the caller finds out which ones were meant, and the others
 * come here.
 */
#define _GNU_SOURCE /* memrchr() */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "context.h"
#include "job.h"

#define PIECE (64u << 10)

/* A line of a stream that may become context. */
struct held {
	struct ksift_record rec;
	char *text;
	size_t cap;
};

void context_end(struct context *c)
{
	while (c->ring_cap)
		free(c->ring[--c->ring_cap].text);
	free(c->ring);
	free(c->buf);
}

/* Give out a line that was not selected. */
static void put(struct context *c, const struct line *line)
{
	const struct grep *g = c->in->grep;

	if (g->match)
		match_begin(g->match, line);
	g->printer->line(c->in, line);
	c->done = line->rec.offset + line->rec.len + 1;
	c->done_lines = line->rec.line + 1;
}

/* Have the file's bytes from @from on in the buffer.  Return: how many. */
static size_t load(struct context *c, uint64_t from, size_t len)
{
	ssize_t n;

	if (from >= c->buf_from && from < c->buf_from + c->buf_len)
		return c->buf_from + c->buf_len - from;
	do {
		n = pread(c->in->fd, c->buf, len, from);
	} while (n < 0 && errno == EINTR);
	c->buf_from = from;
	c->buf_len = n > 0 ? n : 0;
	return c->buf_len;
}

/* The first line that begins at @from or later. */
static uint64_t line_after(struct context *c, uint64_t from)
{
	const char *p, *stop;
	size_t n;

	for (from--; (n = load(c, from, PIECE)); from += n) {
		p = c->buf + (from - c->buf_from);
		stop = memchr(p, c->in->grep->eol, n);
		if (stop)
			return from + (stop + 1 - p);
	}
	return from;
}

/* @from: Where the search begins, unless that is the file's current offset. */
int context_begin(struct context *c, const struct input *in, uint64_t from)
{
	c->in = in;
	c->before = in->grep->before < 0 ? 0 : in->grep->before;
	c->after = in->grep->after < 0 ? 0 : in->grep->after;
	c->done = in->origin;
	if (!in->regular)
		return 0;
	c->buf = malloc(PIECE);
	if (!c->buf)
		return -ENOMEM;
	if (from)
		c->done = line_after(c, from);
	return 0;
}

/* The line of the file that begins at @from.  Return: whether there is one. */
static bool load_line(struct context *c, uint64_t from, struct line *line)
{
	const char eol = c->in->grep->eol;
	size_t n = load(c, from, PIECE);
	const char *p = c->buf + (from - c->buf_from);
	const char *stop = memchr(p, eol, n);
	uint64_t pos = from;

	if (!n)
		return false;
	if (!stop && n < PIECE) {
		c->buf_len = 0;
		n = load(c, from, PIECE);
		p = c->buf;
		stop = memchr(p, eol, n);
	}
	/* It is not held if it does not fit, nor, being rare, at the file's end. */
	line->text = stop ? p : NULL;
	while (!stop && n) {
		pos += n;
		n = load(c, pos, PIECE);
		p = c->buf + (pos - c->buf_from);
		stop = memchr(p, eol, n);
	}
	line->rec.len = pos - from + (stop ? stop - p : 0);
	line->unended = !stop;
	return true;
}

/* Give out up to @count lines that begin before @to.  Return: how many. */
static uint64_t put_lines(struct context *c, uint64_t to, uint64_t count)
{
	uint64_t i;

	for (i = 0; i < count && c->done < to; i++) {
		struct line line = {
			.rec.offset = c->done,
			.rec.line = c->done_lines,
			.rec.level = KSIFT_LEVEL_NONE,
			.rec.pattern = UINT32_MAX,
			.context = true,
			.fd = c->in->fd,
		};

		if (!load_line(c, c->done, &line))
			break;
		put(c, &line);
	}
	return i;
}

/*
 * Where the lines before the one at @at begin, as many as are wanted and as
 * there are from what was given out last on.  @count becomes how many.
 */
static uint64_t look_back(struct context *c, uint64_t at, uint64_t *count)
{
	const char eol = c->in->grep->eol;
	uint64_t from = at, found = at;

	*count = 0;
	/* What precedes a line is the end of another. */
	while (from > c->done && *count < c->before) {
		size_t len = from - c->done < PIECE ? from - c->done : PIECE;
		const char *nl = c->buf + len;

		c->buf_len = 0;
		if (load(c, from - len, len) < len)
			break;
		while (*count < c->before &&
		       (nl = memrchr(c->buf, eol, nl - c->buf))) {
			uint64_t begin = from - len + (nl + 1 - c->buf);

			if (begin == at)
				continue;
			found = begin;
			++*count;
		}
		from -= len;
	}
	if (*count < c->before && from == c->done && found > c->done) {
		found = c->done;
		++*count;
	}
	return found;
}

/* What goes before the selected line at @line. */
static void lead_file(struct context *c, const struct line *line)
{
	uint64_t from, count;

	c->owed -= put_lines(c, line->rec.offset, c->owed);
	from = look_back(c, line->rec.offset, &count);
	if (!c->any || from > c->done)
		c->in->grep->printer->gap(c->in);
	c->done = from;
	c->done_lines = line->rec.line - count;
	put_lines(c, line->rec.offset, count);
}

static void lead_stream(struct context *c, const struct line *line)
{
	size_t i = c->ring_count == c->before ? c->ring_next : 0;
	uint64_t from = c->ring_count ? c->ring[i % c->ring_cap].rec.offset :
			line->rec.offset;

	if (!c->any || from > c->done)
		c->in->grep->printer->gap(c->in);
	for (; c->ring_count; c->ring_count--, i++) {
		const struct held *held = &c->ring[i % c->ring_cap];
		struct line before = {
			.rec = held->rec,
			.context = true,
			.text = held->text,
		};

		put(c, &before);
	}
	c->ring_next = 0;
}

/* Give out what goes before a selected line; the caller gives out that itself. */
void context_select(struct context *c, const struct line *line)
{
	if (c->in->regular)
		lead_file(c, line);
	else
		lead_stream(c, line);
	c->any = true;
	c->done = line->rec.offset + line->rec.len + 1;
	c->done_lines = line->rec.line + 1;
	c->owed = c->after;
}

/* Room for one more line.  The ring grows only as long as it is no ring yet. */
static struct held *ring_slot(struct context *c)
{
	struct held *ring;
	size_t cap;

	if (c->ring_next == c->ring_cap && c->ring_cap < c->before) {
		cap = c->ring_cap ? c->ring_cap * 2 : 16;
		if (cap > c->before)
			cap = c->before;
		ring = realloc(c->ring, cap * sizeof(*ring));
		if (!ring)
			return NULL;
		memset(ring + c->ring_cap, 0, (cap - c->ring_cap) * sizeof(*ring));
		c->ring = ring;
		c->ring_cap = cap;
	}
	if (c->ring_next == c->before)
		c->ring_next = 0;
	return &c->ring[c->ring_next];
}

/* A line of a stream that was not selected goes by.  Return: 0 or -ENOMEM. */
int context_pass(struct context *c, const struct line *line)
{
	struct line after = *line;
	struct held *held;
	char *text;

	if (c->owed) {
		c->owed--;
		after.context = true;
		put(c, &after);
		return 0;
	}
	if (!c->before)
		return 0;
	held = ring_slot(c);
	if (!held)
		return -ENOMEM;
	if (held->cap < line->rec.len + 1) {
		text = realloc(held->text, line->rec.len + 1);
		if (!text)
			return -ENOMEM;
		held->text = text;
		held->cap = line->rec.len + 1;
	}
	memcpy(held->text, line->text, line->rec.len);
	held->rec = line->rec;
	c->ring_next++;
	if (c->ring_count < c->before)
		c->ring_count++;
	return 0;
}

/*
 * The file's last selected line has been given out.  What begins from @end on is
 * not looked at.
 */
void context_finish(struct context *c, uint64_t end)
{
	if (c->any && c->in->regular)
		c->owed -= put_lines(c, end, c->owed);
}
