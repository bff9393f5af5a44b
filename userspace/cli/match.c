// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where in a line the patterns are.
 *
 * The engine tells which lines have a pattern.  Where it is only -o, --json and colours
 * need to know, of the few lines that are selected, and whether it is there at all,
 * where the engine only suspects it.  It is found out here.  The next place of each
 * pattern is remembered until it has been passed, so that a line is gone through once
 * for each pattern, however many matches it has.
 *
 * A plain pattern is looked for through a window, which is the line itself if it is in
 * memory and case matters.  For the others the library has finders, which want all
 * of the line in memory.
 */
#define _GNU_SOURCE /* memmem() */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "match.h"

#define NOWHERE UINT64_MAX
/* Many times the longest pattern. */
#define WINDOW (64u << 10)

/* One pattern; if it is plain and case does not matter, in lower case. */
struct literal {
	char *bytes;
	size_t len;
	uint32_t flags;
	uint32_t group;
	uint64_t next;		/* no earlier place is left; NOWHERE: none is */
	uint64_t end;		/* of that place */
	bool known;		/* it is at @next */
	struct ksift_finder *finder;	/* NULL: it is plain */
	uint64_t from, to;	/* what @finder is looking at; with @join, not all */
};

struct matcher {
	struct literal *literals;
	size_t count;
	char *bytes;
	bool word, whole, fold, join;
	uint32_t groups;	/* those that have patterns */

	const struct line *line;
	uint64_t pos;		/* of the next match, at the earliest */
	uint64_t last;		/* where the last one ended; NOWHERE: none did */
	const char *win;	/* bytes [win_from, win_to) of the line */
	uint64_t win_from, win_to;
	char *buf;
};

static void fold(char *s, size_t len)
{
	for (; len--; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s += 'a' - 'A';
}

static int make_finder(const struct ksift_expr *expr, struct literal *l)
{
	struct ksift_error err;

	if (!ksift_finder_new(expr, &l->finder, &err))
		return CLI_OK;
	return cli_refuse("%s", err.text);
}

static int make_literals(struct matcher *m, const struct filter *f)
{
	size_t i, bytes = 0;
	int ret = CLI_OK;

	for (i = 0; i < f->count && !ret; i++) {
		const struct ksift_pattern *p = &f->patterns[i];
		struct literal *l = &m->literals[i];

		*l = (struct literal){
			.bytes = m->bytes + bytes,
			.len = p->len,
			.flags = f->exprs[i].flags & KSIFT_EXPR_EXCLUDE ?
				 KSIFT_PATTERN_EXCLUDE : 0,
			.group = f->exprs[i].group,
		};
		m->count++;
		if (!(l->flags & KSIFT_PATTERN_EXCLUDE))
			m->groups |= 1u << l->group;
		if (!filter_is_plain(f, i)) {
			ret = make_finder(&f->exprs[i], l);
			continue;
		}
		l->flags |= p->flags & KSIFT_PATTERN_ANCHORED;
		memcpy(l->bytes, (const char *)(uintptr_t)p->data, p->len);
		bytes += p->len;
		m->fold |= p->flags & KSIFT_PATTERN_FOLD;
	}
	if (m->fold)
		fold(m->bytes, bytes);
	return ret;
}

/*
 * All of @f's patterns are alike in whether case matters.  @join: a line is an
 * entry, which has lines itself.
 */
int matcher_new(const struct filter *f, bool word, bool whole, bool join, struct matcher **out)
{
	struct matcher *m = calloc(1, sizeof(*m));
	size_t i, bytes = 0;

	*out = m;
	for (i = 0; i < f->count; i++)
		bytes += f->patterns[i].len;
	if (!m)
		return cli_refuse("%s", strerror(ENOMEM));
	m->literals = calloc(f->count + 1, sizeof(*m->literals));
	m->bytes = malloc(bytes + 1);
	m->buf = malloc(WINDOW);
	if (!m->literals || !m->bytes || !m->buf)
		return cli_refuse("%s", strerror(ENOMEM));
	m->word = word && !whole;
	m->whole = whole;
	m->join = join;
	return make_literals(m, f);
}

void matcher_free(struct matcher *m)
{
	size_t i;

	if (!m)
		return;
	for (i = 0; i < m->count; i++)
		ksift_finder_free(m->literals[i].finder);
	free(m->literals);
	free(m->bytes);
	free(m->buf);
	free(m);
}

/* @line has to stay valid as long as it is asked about. */
void match_begin(struct matcher *m, const struct line *line)
{
	size_t i;

	m->line = line;
	m->pos = 0;
	m->last = NOWHERE;
	m->win = line->text;
	m->win_from = 0;
	m->win_to = line->text && !m->fold ? line->rec.len : 0;
	for (i = 0; i < m->count; i++) {
		m->literals[i].next = 0;
		m->literals[i].known = false;
		m->literals[i].from = NOWHERE;
	}
}

/* Look at the line from byte @pos on, and the one before. */
static void move_window(struct matcher *m, uint64_t pos)
{
	if (m->line->text && !m->fold)
		return;
	m->win_from = pos ? pos - 1 : 0;
	m->win = m->buf;
	m->win_to = m->win_from + line_read(m->line, m->win_from, m->buf, WINDOW);
	if (m->fold)
		fold(m->buf, m->win_to - m->win_from);
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9') || c == '_';
}

/* Byte @pos of the line; a newline, which is part of no word, if it has none. */
static char byte_at(struct matcher *m, uint64_t pos)
{
	if (pos >= m->line->rec.len)
		return '\n';
	if (pos < m->win_from || pos >= m->win_to)
		move_window(m, pos);
	return pos < m->win_to ? m->win[pos - m->win_from] : '\n';
}

/* Whether byte @pos of the line, if it has one, is part of a word. */
static bool word_at(struct matcher *m, uint64_t pos)
{
	return is_word(byte_at(m, pos));
}

/* Whether '^' is at @pos: what has lines itself has more than one place for it. */
static bool starts_at(struct matcher *m, uint64_t pos)
{
	return !pos || (m->join && byte_at(m, pos - 1) == '\n');
}

/* The first place of a literal from @pos on, whatever surrounds it. */
static uint64_t find_bytes(struct matcher *m, const struct literal *l, uint64_t pos)
{
	const char *hit;

	while (l->len <= m->line->rec.len && pos <= m->line->rec.len - l->len) {
		if (!l->len)
			return pos;
		if (pos < m->win_from || pos + l->len > m->win_to)
			move_window(m, pos);
		if (pos + l->len > m->win_to)
			break;		/* the file was cut off */
		hit = memmem(m->win + (pos - m->win_from), m->win_to - pos,
			     l->bytes, l->len);
		if (hit)
			return m->win_from + (hit - m->win);
		pos = m->win_to - l->len + 1;
	}
	return NOWHERE;
}

/* Only after something that is no part of a word a word can begin. */
static uint64_t next_word(struct matcher *m, uint64_t pos)
{
	while (pos && word_at(m, pos - 1))
		pos++;
	return pos;
}

/* What is the matter with a line cannot be told by a number of lines. */
static void give_up(const char *why)
{
	cli_flush();
	cli_refuse("%s", why);
	exit(CLI_ERROR);
}

static size_t read_line(void *line, uint64_t at, char *buf, size_t len)
{
	return line_read(line, at, buf, len);
}

/* Have the finder look at the line that @pos is in, of those that an entry has. */
static void look_at_line(struct matcher *m, struct literal *l, uint64_t pos)
{
	const char *text = m->line->text, *nl;
	uint64_t from = 0, to = m->line->rec.len;

	if (m->join && text) {
		for (from = pos; from && text[from - 1] != '\n'; from--)
			;
		nl = memchr(text + from, '\n', to - from);
		to = nl ? (uint64_t)(nl - text) : to;
	}
	l->from = from;
	l->to = to;
	if (text)
		ksift_finder_line(l->finder, text + from, to - from);
	else
		ksift_finder_read(l->finder, to, read_line, (void *)m->line);
}

static void look_at(struct matcher *m, struct literal *l, uint64_t pos)
{
	if (l->from == NOWHERE || pos < l->from || pos > l->to)
		look_at_line(m, l, pos);
}

static int check(const struct literal *l, int ret)
{
	if (ret < 0)
		give_up(ksift_finder_error(l->finder));
	return ret;
}

/* The first place of what is no plain pattern, from @pos on. */
static void find_regular(struct matcher *m, struct literal *l, uint64_t pos, bool empty)
{
	uint64_t from, to;
	int ret = 0;

	l->next = NOWHERE;
	while (pos <= m->line->rec.len) {
		look_at(m, l, pos);
		ret = check(l, ksift_finder_next(l->finder, pos - l->from, empty, &from, &to));
		if (ret)
			break;
		pos = l->to + 1;
	}
	if (!ret)
		return;
	l->next = l->from + from;
	l->end = l->from + to;
}

/* The first place of a literal from @pos on at which it counts. */
static uint64_t find_plain(struct matcher *m, const struct literal *l, uint64_t pos)
{
	bool first = m->whole || l->flags & KSIFT_PATTERN_ANCHORED;

	if (m->whole && l->len != m->line->rec.len)
		return NOWHERE;
	for (;; pos++) {
		if (m->word)
			pos = next_word(m, pos);
		if (first && pos && !m->join)
			return NOWHERE;
		pos = find_bytes(m, l, pos);
		if (pos == NOWHERE)
			return NOWHERE;
		if (first && !starts_at(m, pos))
			continue;
		if (!m->word)
			return pos;
		if (!(pos && word_at(m, pos - 1)) && !word_at(m, pos + l->len))
			return pos;
	}
}

static void find(struct matcher *m, struct literal *l, uint64_t pos, bool empty)
{
	if (l->finder) {
		find_regular(m, l, pos, empty);
	} else {
		l->next = find_plain(m, l, pos);
		l->end = l->next + l->len;
	}
	l->known = true;
}

static bool has(struct matcher *m, struct literal *l)
{
	uint64_t pos = 0;

	if (!l->finder) {
		if (!l->known)
			find(m, l, 0, true);
		return l->next != NOWHERE;
	}
	for (; pos <= m->line->rec.len; pos = l->to + 1) {
		look_at(m, l, pos);
		if (check(l, ksift_finder_has(l->finder)))
			return true;
	}
	return false;
}

/*
 * Whether the line is one that the filter matches.  @pattern becomes the first
 * pattern that it has, if it has one.  To be asked before match_next().
 */
bool match_selects(struct matcher *m, uint32_t *pattern)
{
	uint32_t hit = 0;
	size_t i;

	*pattern = UINT32_MAX;
	for (i = 0; i < m->count; i++) {
		struct literal *l = &m->literals[i];

		if (l->flags & KSIFT_PATTERN_EXCLUDE) {
			if (has(m, l))
				return false;
			continue;
		}
		if (hit & 1u << l->group || !has(m, l))
			continue;
		hit |= 1u << l->group;
		if (*pattern == UINT32_MAX)
			*pattern = i;
	}
	return hit == m->groups;
}

/* Add 1 for each pattern that the line has, but the excluding ones. */
void match_count(struct matcher *m, uint64_t *counts)
{
	size_t i;

	for (i = 0; i < m->count; i++)
		if (!(m->literals[i].flags & KSIFT_PATTERN_EXCLUDE))
			counts[i] += has(m, &m->literals[i]);
}

/*
 * Whether there is a place of @l from the current position on, in @l->next.  @empty: one
 * without a byte counts, too.
 */
static bool look(struct matcher *m, struct literal *l, bool empty)
{
	if (l->flags & KSIFT_PATTERN_EXCLUDE)
		return false;
	if (!l->known || l->next < m->pos)
		find(m, l, m->pos, empty);
	return l->next != NOWHERE;
}

static void take(struct matcher *m, const struct literal *l, struct match *match)
{
	match->from = l->next;
	match->to = l->end;
	match->pattern = l - m->literals;
	m->pos = match->to;
}

/*
 * The next place of any pattern but the excluding ones: the leftmost, and there
 * the longest.  Places do not overlap, and empty ones do not count.
 */
bool match_next(struct matcher *m, struct match *match)
{
	const struct literal *best = NULL;
	size_t i;

	for (i = 0; i < m->count; i++) {
		struct literal *l = &m->literals[i];

		if ((!l->len && !l->finder) || !look(m, l, false))
			continue;
		if (!best || l->next < best->next ||
		    (l->next == best->next && l->end > best->end))
			best = l;
	}
	if (!best)
		return false;
	take(m, best, match);
	return true;
}

/*
 * As match_next(), but as ripgrep has it: of those at one place the first, and
 * empty ones count where none has just ended, before the newline as well.
 */
bool match_next_first(struct matcher *m, struct match *match)
{
	uint64_t end = m->line->rec.len + !m->line->unended;
	const struct literal *best;
	size_t i;

	while (m->pos < end) {
		best = NULL;
		for (i = 0; i < m->count; i++) {
			struct literal *l = &m->literals[i];

			if (look(m, l, true) && (!best || l->next < best->next))
				best = l;
		}
		if (!best)
			return false;
		take(m, best, match);
		if (match->from == match->to) {
			m->pos++;
			if (match->to == m->last)
				continue;
		}
		m->last = match->to;
		return true;
	}
	return false;
}
