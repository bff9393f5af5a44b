// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where in a line the patterns are.
 *
 * The engine tells which lines have a pattern.  Where it is, and whether it is a
 * word there, only -w, -x, -o, --json and colours need to know, of the few lines
 * that are selected; it is found out here.  The line is looked at through a window,
 * which is the line itself if it is in memory and case matters.  The next place
 * of each pattern is remembered until it has been passed, so that a line is
 * gone through once for each pattern, however many matches it has.
 */
#define _GNU_SOURCE /* memmem() */
#include <stdlib.h>
#include <string.h>

#include "match.h"

#define NOWHERE UINT64_MAX
/* Many times the longest pattern. */
#define WINDOW (64u << 10)

/* One pattern; if case does not matter, in lower case. */
struct literal {
	char *bytes;
	size_t len;
	uint32_t flags;
	uint32_t group;
	uint64_t next;		/* no earlier place is left; NOWHERE: none is */
	bool known;		/* it is at @next */
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

/*
 * All of @f's patterns are alike in whether case matters.  @join: a line is an
 * entry, which has lines itself.
 */
struct matcher *matcher_new(const struct filter *f, bool word, bool whole, bool join)
{
	struct matcher *m = calloc(1, sizeof(*m));
	size_t i, bytes = 0;

	for (i = 0; i < f->count; i++)
		bytes += f->patterns[i].len;
	if (!m)
		return NULL;
	m->literals = calloc(f->count + 1, sizeof(*m->literals));
	m->bytes = malloc(bytes + 1);
	m->buf = malloc(WINDOW);
	if (!m->literals || !m->bytes || !m->buf) {
		matcher_free(m);
		return NULL;
	}
	m->word = word && !whole;
	m->whole = whole;
	m->join = join;
	m->count = f->count;
	bytes = 0;
	for (i = 0; i < f->count; i++) {
		const struct ksift_pattern *p = &f->patterns[i];
		struct literal *l = &m->literals[i];

		*l = (struct literal){
			.bytes = m->bytes + bytes,
			.len = p->len,
			.flags = p->flags,
			.group = p->group,
		};
		memcpy(l->bytes, (const char *)(uintptr_t)p->data, p->len);
		bytes += p->len;
		m->fold |= p->flags & KSIFT_PATTERN_FOLD;
		if (!(p->flags & KSIFT_PATTERN_EXCLUDE))
			m->groups |= 1u << p->group;
	}
	if (m->fold)
		fold(m->bytes, bytes);
	return m;
}

void matcher_free(struct matcher *m)
{
	if (!m)
		return;
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

/* The first place of a literal from @pos on at which it counts. */
static uint64_t find(struct matcher *m, const struct literal *l, uint64_t pos)
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

static bool has(struct matcher *m, struct literal *l)
{
	if (!l->known) {
		l->next = find(m, l, 0);
		l->known = true;
	}
	return l->next != NOWHERE;
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

/* Whether there is a place of @l from the current position on, in @l->next. */
static bool look(struct matcher *m, struct literal *l)
{
	if (l->flags & KSIFT_PATTERN_EXCLUDE)
		return false;
	if (!l->known || l->next < m->pos) {
		l->next = find(m, l, m->pos);
		l->known = true;
	}
	return l->next != NOWHERE;
}

static void take(struct matcher *m, const struct literal *l, struct match *match)
{
	match->from = l->next;
	match->to = l->next + l->len;
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

		if (!l->len || !look(m, l))
			continue;
		if (!best || l->next < best->next ||
		    (l->next == best->next && l->len > best->len))
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

			if (look(m, l) && (!best || l->next < best->next))
				best = l;
		}
		if (!best)
			return false;
		take(m, best, match);
		if (!best->len) {
			m->pos++;
			if (match->to == m->last)
				continue;
		}
		m->last = match->to;
		return true;
	}
	return false;
}
