// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leftmost-longest matches in linear time.
 *
 * A pass over the line from its end to its start finds for each place the positions that
 * have the byte after it and from which the rest of the line leads to an end of a match.
 * A match starts where one of these is a position at which the pattern may begin.  From
 * there a pass forward ends as soon as none of its positions is one that still leads to
 * an end; what was passed by then is part of the match, or a few bytes, so that no byte
 * is passed often.  Trying each start by itself takes time by the square of the length:
 * "a(.*b)?" in a line of "a".
 *
 * Either pass is a deterministic automaton that is made as it is needed, in the way of
 * lex's and grep's.  When one has too many states, all are forgotten.  So what a pass
 * leaves behind is not a state's number but its set, of every 32nd place.
 *
 * What is found by the pass backwards is kept for a window of the line.  In a line that
 * is longer there is another one first, which keeps the set at each window's end.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "re_positions.h"
#include "re_spans.h"

/* Bytes of a window, a multiple of 64; and of the sets that are kept for it, at most. */
#ifndef KSIFT_SPANS_WINDOW
#define KSIFT_SPANS_WINDOW (1u << 20)
#endif
#define GRID_BYTES (4u << 20)
/* Places from one whose set is kept to the next: divides 64. */
#define GRID 32
/* What the states of a pass take, at most: as much as a core caches for itself. */
#ifndef KSIFT_SPANS_CACHE
#define KSIFT_SPANS_CACHE (1u << 20)
#endif

/*
 * A row is a state: its flags and kind, its number, and for each class of bytes the row
 * that this leads to.
 */
#define ROW_FLAGS 0
#define ROW_NUMBER 1
#define ROW_NEXT 2
#define UNKNOWN UINT32_MAX

#define FLAGS(row) ((row) & 0xff)
#define KIND(row) ((row) >> 8)
/* Backwards, of a context: a match starts here, and one of no bytes is here. */
#define STARTS(context) (1u << (context))
#define EMPTY(context) (8u << (context))
/* Forward: a match ends here if that is next; no match goes on. */
#define ENDS(next) (1u << (next))
#define DEAD 8u
/* The kind of the states before a match's first byte, by the context. */
#define SEED(context) (1 + (context))

/*
 * Where positions lead to.  In what is repeated many times, most lead to the next one, or
 * backwards to the one before: that is a shift of all at once.
 */
struct links {
	uint64_t *shifted;	/* those that do */
	uint64_t *rest;		/* those that lead anywhere else */
	uint64_t *sets;		/* of each, where else */
};

/* Its states, of a set and a kind each. */
struct pass {
	uint32_t *rows;
	uint64_t *sets;
	uint32_t *hash;		/* rows by their sets, twice @max */
	uint32_t count, room, max;
	uint32_t forgotten;	/* how often all were */
	uint32_t seeds[RE_CONTEXTS];
};

struct window {
	uint64_t from, to;	/* places: those of the bytes */
	const unsigned char *text;	/* from byte @from on */
	uint32_t before;	/* the context of the first one */
	uint64_t *starts;	/* bitmaps by the place: a match starts there */
	uint64_t *empties;	/* one of no bytes is there */
	uint64_t *grid;		/* the set of every GRIDth place */
	uint64_t *top;		/* the set, and the kind, at the end */
	uint32_t top_kind;
	size_t room;
};

struct re_spans {
	struct re_automaton a;	/* without what follows */
	struct links follow, precede;
	uint32_t words;
	uint32_t classes, stride;
	uint64_t *has;		/* positions that each class of bytes has */
	uint16_t next_of[256];	/* ROW_NEXT and the class of each byte */
	uint8_t kind_of[256];	/* what each byte is, if that matters, else RE_AT_OTHER */
	unsigned char missing;	/* a byte that is in no line */

	struct pass back, forth;
	uint64_t *set;		/* of a state that is being made */

	struct re_line line;
	bool begun;		/* the line has been looked at */
	uint64_t window_size;
	struct window win;
	unsigned char *buf;	/* text of the window, and the byte before */
	uint64_t *marks;	/* windows' ends: sets, then kinds, of a long line */
	uint8_t *mark_kinds;
	uint8_t *mark_starts;	/* a match may start in the window */
	size_t marks_room;
	size_t buf_room;
};

static uint64_t *mul_alloc(size_t n, size_t words)
{
	return calloc(n, words * sizeof(uint64_t));
}

static bool meet(const uint64_t *a, const uint64_t *b, uint32_t words)
{
	uint32_t w;

	for (w = 0; w < words; w++)
		if (a[w] & b[w])
			return true;
	return false;
}

static void unite(uint64_t *to, const uint64_t *from, uint32_t words)
{
	uint32_t w;

	for (w = 0; w < words; w++)
		to[w] |= from[w];
}

/* Add to @to where the positions in @from lead to. */
static void lead(const struct links *links, bool back, uint64_t *to, const uint64_t *from,
		 uint32_t words)
{
	uint64_t carry = 0;
	uint32_t i, w;

	for (i = 0; i < words; i++) {
		uint64_t all, left;

		w = back ? words - 1 - i : i;
		all = from[w] & links->shifted[w];
		left = from[w] & links->rest[w];
		to[w] |= carry | (back ? all >> 1 : all << 1);
		carry = back ? all << 63 : all >> 63;
		for (; left; left &= left - 1)
			unite(to, links->sets + (64 * w + __builtin_ctzll(left)) * (size_t)words,
			      words);
	}
}

/* Passes. */

static void pass_forget(struct pass *p)
{
	p->count = 0;
	p->forgotten++;
	memset(p->hash, 0xff, 2 * p->max * sizeof(*p->hash));
	memset(p->seeds, 0xff, sizeof(p->seeds));
}

static int pass_init(const struct re_spans *s, struct pass *p)
{
	size_t each = s->stride * sizeof(*p->rows) + s->words * sizeof(*p->sets);

	for (p->max = 8; p->max * 2 * each <= KSIFT_SPANS_CACHE;)
		p->max *= 2;
	p->room = 8;
	p->rows = malloc(p->room * s->stride * sizeof(*p->rows));
	p->sets = malloc(p->room * s->words * sizeof(*p->sets));
	p->hash = malloc(2 * p->max * sizeof(*p->hash));
	if (!p->rows || !p->sets || !p->hash)
		return -ENOMEM;
	pass_forget(p);
	return 0;
}

static void pass_free(struct pass *p)
{
	free(p->rows);
	free(p->sets);
	free(p->hash);
}

static const uint64_t *row_set(const struct re_spans *s, const struct pass *p, uint32_t row)
{
	return p->sets + p->rows[row + ROW_NUMBER] * (size_t)s->words;
}

static uint32_t back_flags(const struct re_spans *s, const uint64_t *set, uint32_t kind)
{
	uint32_t c, flags = 0;

	for (c = 0; c < RE_CONTEXTS; c++) {
		if (meet(set, re_automaton_set(&s->a, RE_BEGIN + c), s->words))
			flags |= STARTS(c);
		if (s->a.empty >> (RE_CONTEXTS * c + kind) & 1)
			flags |= EMPTY(c);
	}
	return flags;
}

static uint32_t forth_flags(const struct re_spans *s, const uint64_t *set, uint32_t kind)
{
	uint32_t next, w, flags = DEAD;

	if (kind)
		return 0;
	for (next = 0; next < RE_CONTEXTS; next++)
		if (meet(set, re_automaton_set(&s->a, RE_END + next), s->words))
			flags |= ENDS(next);
	for (w = 0; w < s->words; w++)
		if (set[w])
			flags &= ~DEAD;
	return flags;
}

/* FNV-1a of G. Fowler, L. C. Noll and K.-P. Vo, by words, and folded. */
static uint32_t hash_of(const uint64_t *set, uint32_t words, uint32_t kind)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325) ^ kind;
	uint32_t w;

	for (w = 0; w < words; w++) {
		h = (h ^ set[w]) * UINT64_C(0x100000001b3);
		h ^= h >> 32;
	}
	return h;
}

static int pass_grow(const struct re_spans *s, struct pass *p)
{
	uint32_t room = p->room * 2 < p->max ? p->room * 2 : p->max;
	uint32_t *rows = realloc(p->rows, (size_t)room * s->stride * sizeof(*rows));
	uint64_t *sets;

	if (!rows)
		return -ENOMEM;
	p->rows = rows;
	sets = realloc(p->sets, (size_t)room * s->words * sizeof(*sets));
	if (!sets)
		return -ENOMEM;
	p->sets = sets;
	p->room = room;
	return 0;
}

/* The row of the state of s->set and @kind; UNKNOWN: no memory. */
static uint32_t pass_row(struct re_spans *s, struct pass *p, uint32_t kind)
{
	const uint32_t mask = 2 * p->max - 1;
	uint32_t slot = hash_of(s->set, s->words, kind) & mask;
	uint32_t row, *r;

	for (; (row = p->hash[slot]) != UNKNOWN; slot = (slot + 1) & mask)
		if (KIND(p->rows[row]) == kind &&
		    !memcmp(row_set(s, p, row), s->set, s->words * sizeof(*s->set)))
			return row;
	if (p->count == p->max) {
		pass_forget(p);
		slot = hash_of(s->set, s->words, kind) & mask;
	}
	if (p->count == p->room && pass_grow(s, p))
		return UNKNOWN;
	row = p->count * s->stride;
	r = p->rows + row;
	memset(r, 0xff, s->stride * sizeof(*r));
	r[ROW_FLAGS] = kind << 8 | (p == &s->back ? back_flags(s, s->set, kind) :
				    forth_flags(s, s->set, kind));
	r[ROW_NUMBER] = p->count;
	memcpy(p->sets + p->count * (size_t)s->words, s->set, s->words * sizeof(*s->set));
	p->hash[slot] = row;
	p->count++;
	return row;
}

/* The state that byte @c leads to from @row, to be made; UNKNOWN: no memory. */
static uint32_t pass_make(struct re_spans *s, struct pass *p, uint32_t row, unsigned char c)
{
	const uint64_t *set = row_set(s, p, row);
	const uint64_t *has = s->has + (s->next_of[c] - ROW_NEXT) * (size_t)s->words;
	uint32_t kind = KIND(p->rows[row]), forgotten = p->forgotten;
	uint32_t to, w;

	if (p == &s->back) {
		memcpy(s->set, re_automaton_set(&s->a, RE_END + kind),
		       s->words * sizeof(*s->set));
		lead(&s->precede, true, s->set, set, s->words);
		kind = s->kind_of[c];
	} else if (kind) {
		memcpy(s->set, set, s->words * sizeof(*s->set));
		kind = 0;
	} else {
		memset(s->set, 0, s->words * sizeof(*s->set));
		lead(&s->follow, false, s->set, set, s->words);
	}
	for (w = 0; w < s->words; w++)
		s->set[w] &= has[w];
	to = pass_row(s, p, kind);
	if (to != UNKNOWN && forgotten == p->forgotten)
		p->rows[row + s->next_of[c]] = to;
	return to;
}

static inline uint32_t pass_step(struct re_spans *s, struct pass *p, uint32_t row,
				 unsigned char c)
{
	uint32_t to = p->rows[row + s->next_of[c]];

	return to != UNKNOWN ? to : pass_make(s, p, row, c);
}

/* The state before the first byte of a match. */
static uint32_t seed_row(struct re_spans *s, uint32_t context)
{
	uint32_t *seed = &s->forth.seeds[context];

	if (*seed == UNKNOWN) {
		memcpy(s->set, re_automaton_set(&s->a, RE_BEGIN + context),
		       s->words * sizeof(*s->set));
		*seed = pass_row(s, &s->forth, SEED(context));
	}
	return *seed;
}

/* Making. */

static void set_add(uint64_t *set, uint32_t n)
{
	set[n / 64] |= UINT64_C(1) << n % 64;
}

static int links_init(struct links *links, uint32_t positions, uint32_t words)
{
	links->shifted = mul_alloc(1, words);
	links->rest = mul_alloc(1, words);
	links->sets = mul_alloc(positions, words);
	return links->shifted && links->rest && links->sets ? 0 : -ENOMEM;
}

static void links_free(struct links *links)
{
	free(links->shifted);
	free(links->rest);
	free(links->sets);
}

static void link_to(struct links *links, uint32_t from, uint32_t to, bool next, uint32_t words)
{
	if (next) {
		set_add(links->shifted, from);
	} else {
		set_add(links->rest, from);
		set_add(links->sets + from * (size_t)words, to);
	}
}

static int make_links(struct re_spans *s, const struct re_automaton *from)
{
	uint32_t p, q, w;

	if (links_init(&s->follow, from->positions, s->words) ||
	    links_init(&s->precede, from->positions, s->words))
		return -ENOMEM;
	for (p = 0; p < from->positions; p++) {
		const uint64_t *follow = re_automaton_set(from, RE_FOLLOW + p);

		for (w = 0; w < s->words; w++) {
			uint64_t left = follow[w];

			for (; left; left &= left - 1) {
				q = 64 * w + __builtin_ctzll(left);
				link_to(&s->follow, p, q, q == p + 1, s->words);
				link_to(&s->precede, q, p, q == p + 1, s->words);
			}
		}
	}
	return 0;
}

/* Whether anything depends on what is a word's. */
static bool words_matter(const struct re_spans *s)
{
	size_t size = s->words * sizeof(*s->set);
	uint32_t i;

	for (i = 0; i < RE_CONTEXTS; i++)
		if ((s->a.empty >> (RE_CONTEXTS * RE_AT_OTHER + i) & 1) !=
		    (s->a.empty >> (RE_CONTEXTS * RE_AT_WORD + i) & 1) ||
		    (s->a.empty >> (RE_CONTEXTS * i + RE_AT_OTHER) & 1) !=
		    (s->a.empty >> (RE_CONTEXTS * i + RE_AT_WORD) & 1))
			return true;
	return memcmp(re_automaton_set(&s->a, RE_BEGIN + RE_AT_OTHER),
		      re_automaton_set(&s->a, RE_BEGIN + RE_AT_WORD), size) ||
		memcmp(re_automaton_set(&s->a, RE_END + RE_AT_OTHER),
		       re_automaton_set(&s->a, RE_END + RE_AT_WORD), size);
}

/* Bytes that no position, and nothing else, tells apart are of one class. */
static int make_classes(struct re_spans *s, unsigned int flags)
{
	size_t size = s->words * sizeof(*s->set);
	bool matter = words_matter(s);
	uint8_t first[256];
	uint32_t c, k;

	for (c = 0; c < 256; c++) {
		const uint64_t *has = re_automaton_set(&s->a, RE_BYTE + c);

		s->kind_of[c] = matter && re_is_word(c) ? RE_AT_WORD : RE_AT_OTHER;
		for (k = 0; k < s->classes; k++)
			if (s->kind_of[first[k]] == s->kind_of[c] &&
			    !memcmp(re_automaton_set(&s->a, RE_BYTE + first[k]), has, size))
				break;
		if (k == s->classes)
			first[s->classes++] = c;
		s->next_of[c] = ROW_NEXT + k;
	}
	s->missing = '\n';
	if (flags & RE_SPANS_NUL_LINES) {
		uint16_t next = s->next_of[0];

		s->next_of[0] = s->next_of['\n'];
		s->next_of['\n'] = next;
		s->missing = 0;
	}
	s->stride = ROW_NEXT + s->classes;
	s->has = mul_alloc(s->classes, s->words);
	if (!s->has)
		return -ENOMEM;
	for (k = 0; k < s->classes; k++)
		memcpy(s->has + k * (size_t)s->words,
		       re_automaton_set(&s->a, RE_BYTE + first[k]), size);
	return 0;
}

static int spans_make(struct re_spans *s, const struct re_automaton *a, unsigned int flags)
{
	uint64_t window = KSIFT_SPANS_WINDOW;
	uint32_t i;
	int ret;

	s->words = (a->positions + 63) / 64;
	s->a = *a;
	s->a.words = s->words;
	s->a.sets = mul_alloc(RE_FOLLOW, s->words);
	s->set = mul_alloc(1, s->words);
	s->win.top = mul_alloc(1, s->words);
	if (!s->a.sets || !s->set || !s->win.top)
		return -ENOMEM;
	for (i = 0; i < RE_FOLLOW; i++)
		memcpy(re_automaton_set(&s->a, i), re_automaton_set(a, i),
		       s->words * sizeof(*s->set));
	ret = make_links(s, a);
	if (!ret)
		ret = make_classes(s, flags);
	while (window > 64 && window / GRID * s->words * sizeof(*s->set) > GRID_BYTES)
		window /= 2;
	s->window_size = window;
	if (!ret)
		ret = pass_init(s, &s->back);
	if (!ret)
		ret = pass_init(s, &s->forth);
	return ret;
}

int ksift_re_spans_new(struct re_node *const *trees, size_t count, unsigned int flags,
		       struct re_spans **out)
{
	const struct re_node any = {
		.kind = RE_ALT,
		.kids = (struct re_node **)trees,
		.kid_count = count,
	};
	struct re_arena arena = { };
	struct re_automaton a;
	struct re_spans *s;
	int ret = ksift_re_positions(&arena, &any, RE_POSITIONS_MAX, &a);

	if (ret)
		goto out;
	s = calloc(1, sizeof(*s));
	ret = s ? spans_make(s, &a, flags) : -ENOMEM;
	if (ret) {
		ksift_re_spans_free(s);
		goto out;
	}
	*out = s;
out:
	ksift_re_arena_free(&arena);
	return ret;
}

void ksift_re_spans_free(struct re_spans *s)
{
	if (!s)
		return;
	free(s->a.sets);
	links_free(&s->follow);
	links_free(&s->precede);
	free(s->has);
	free(s->set);
	pass_free(&s->back);
	pass_free(&s->forth);
	free(s->win.starts);
	free(s->win.empties);
	free(s->win.grid);
	free(s->win.top);
	free(s->buf);
	free(s->marks);
	free(s->mark_kinds);
	free(s->mark_starts);
	free(s);
}

/* The line. */

void ksift_re_spans_begin(struct re_spans *s, const struct re_line *line)
{
	s->line = *line;
	s->begun = false;
}

/* Bytes [from, to) of the line, and the one before, go to the window. */
static int window_text(struct re_spans *s, uint64_t from, uint64_t to)
{
	uint64_t at = from ? from - 1 : 0;
	size_t got, len = to - at;

	s->win.from = from;
	s->win.to = to;
	if (s->line.text) {
		s->win.text = (const unsigned char *)s->line.text + from;
	} else {
		if (len > s->buf_room) {
			free(s->buf);
			s->buf_room = 0;
			s->buf = malloc(len);
			if (!s->buf)
				return -ENOMEM;
			s->buf_room = len;
		}
		got = len ? s->line.read(s->line.arg, at, (char *)s->buf, len) : 0;
		if (got < len)
			memset(s->buf + got, s->missing, len - got);
		s->win.text = s->buf + (from - at);
	}
	s->win.before = from ? s->kind_of[s->win.text[-1]] : RE_AT_EDGE;
	return 0;
}

/* The state at the window's end; UNKNOWN: no memory. */
static uint32_t top_row(struct re_spans *s)
{
	memcpy(s->set, s->win.top, s->words * sizeof(*s->set));
	return pass_row(s, &s->back, s->win.top_kind);
}

/* Pass over the window to its start, and no more.  @seen: flags of the states there. */
static uint32_t cross(struct re_spans *s, uint32_t row, uint32_t *seen)
{
	const unsigned char *text = s->win.text;
	size_t i = s->win.to - s->win.from;
	uint32_t flags = 0;

	while (i && row != UNKNOWN) {
		row = pass_step(s, &s->back, row, text[--i]);
		if (row != UNKNOWN)
			flags |= s->back.rows[row + ROW_FLAGS];
	}
	*seen = FLAGS(flags);
	return row;
}

/* The kinds of places, where matches start, and the sets of some, for the window. */
static int look(struct re_spans *s)
{
	struct pass *p = &s->back;
	struct window *win = &s->win;
	size_t i = win->to - win->from;
	uint32_t row = top_row(s);

	if (row == UNKNOWN)
		return -ENOMEM;
	while (i) {
		size_t word = (i - 1) / 64;
		uint64_t starts = 0, empties = 0;

		for (; i > 64 * word; ) {
			unsigned char c = win->text[--i];
			uint32_t flags, context;

			row = pass_step(s, p, row, c);
			if (row == UNKNOWN)
				return -ENOMEM;
			if (!(i % GRID))
				memcpy(win->grid + i / GRID * s->words, row_set(s, p, row),
				       s->words * sizeof(*s->set));
			flags = FLAGS(p->rows[row + ROW_FLAGS]);
			if (!flags)
				continue;
			context = i ? s->kind_of[win->text[i - 1]] : win->before;
			if (flags & STARTS(context))
				starts |= UINT64_C(1) << i % 64;
			if (flags & EMPTY(context))
				empties |= UINT64_C(1) << i % 64;
		}
		win->starts[word] = starts;
		win->empties[word] = empties;
	}
	return 0;
}

static int window_room(struct re_spans *s, size_t len)
{
	struct window *win = &s->win;
	size_t words = len / 64 + 1;

	if (words <= win->room)
		return 0;
	win->room = 0;
	free(win->starts);
	free(win->empties);
	free(win->grid);
	win->starts = malloc(words * sizeof(*win->starts));
	win->empties = malloc(words * sizeof(*win->empties));
	win->grid = malloc(words * (64 / GRID) * s->words * sizeof(*win->grid));
	if (!win->starts || !win->empties || !win->grid)
		return -ENOMEM;
	win->room = words;
	return 0;
}

/* Go to the window that begins at @from. */
static int window_move(struct re_spans *s, uint64_t from)
{
	struct window *win = &s->win;
	uint64_t left = s->line.len - from;
	uint64_t len = left < s->window_size ? left : s->window_size;
	int ret = window_room(s, len);

	if (!ret)
		ret = window_text(s, from, from + len);
	if (ret)
		return ret;
	memset(win->top, 0, s->words * sizeof(*s->set));
	win->top_kind = RE_AT_EDGE;
	if (win->to < s->line.len) {
		size_t mark = from / s->window_size;

		memcpy(win->top, s->marks + mark * s->words, s->words * sizeof(*s->set));
		win->top_kind = s->mark_kinds[mark];
	}
	return look(s);
}

static int marks_make(struct re_spans *s, size_t count)
{
	if (count <= s->marks_room)
		return 0;
	s->marks_room = 0;
	free(s->marks);
	free(s->mark_kinds);
	free(s->mark_starts);
	s->marks = mul_alloc(count, s->words);
	s->mark_kinds = malloc(count);
	s->mark_starts = malloc(count);
	if (!s->marks || !s->mark_kinds || !s->mark_starts)
		return -ENOMEM;
	s->marks_room = count;
	return 0;
}

/* The pass over a long line, down to the end of its first window. */
static int mark_windows(struct re_spans *s)
{
	struct pass *p = &s->back;
	size_t mark = (s->line.len - 1) / s->window_size;
	uint64_t to = s->line.len;
	uint32_t row, seen;
	int ret = marks_make(s, mark + 1);

	if (ret)
		return ret;
	memset(s->win.top, 0, s->words * sizeof(*s->set));
	s->win.top_kind = RE_AT_EDGE;
	row = top_row(s);
	for (; mark; mark--) {
		ret = window_text(s, mark * s->window_size, to);
		if (ret)
			return ret;
		row = cross(s, row, &seen);
		if (row == UNKNOWN)
			return -ENOMEM;
		to = s->win.from;
		s->mark_starts[mark] = !!seen;
		memcpy(s->marks + (mark - 1) * s->words, row_set(s, p, row),
		       s->words * sizeof(*s->set));
		s->mark_kinds[mark - 1] = KIND(p->rows[row + ROW_FLAGS]);
	}
	s->mark_starts[0] = 1;
	return 0;
}

static int begin(struct re_spans *s)
{
	int ret = 0;

	if (s->begun)
		return 0;
	if (s->line.len > s->window_size)
		ret = mark_windows(s);
	if (!ret)
		ret = window_move(s, 0);
	s->begun = !ret;
	return ret;
}

/* Whether nothing at all is a match at the line's end. */
static bool empty_at_end(const struct re_spans *s)
{
	uint32_t context = s->win.before;

	if (s->win.to > s->win.from)
		context = s->kind_of[s->win.text[s->win.to - s->win.from - 1]];
	return s->a.empty >> (RE_CONTEXTS * context + RE_AT_EDGE) & 1;
}

/* The first place from @from on in the window; its end: there is none. */
static uint64_t find_start(const struct re_spans *s, uint64_t from, bool empty)
{
	const struct window *win = &s->win;
	size_t i = from - win->from, len = win->to - win->from, word;
	uint64_t bits, mask = ~UINT64_C(0) << i % 64;

	for (word = i / 64; 64 * word < len; word++, mask = ~UINT64_C(0)) {
		bits = win->starts[word];
		if (empty)
			bits |= win->empties[word];
		bits &= mask;
		if (bits)
			return win->from + 64 * word + __builtin_ctzll(bits);
	}
	return win->to;
}

int ksift_re_spans_start(struct re_spans *s, uint64_t from, bool empty, uint64_t *start)
{
	int ret = begin(s);

	if (ret)
		return ret;
	if (from > s->line.len)
		return 0;
	if (from < s->win.from) {
		ret = window_move(s, from - from % s->window_size);
		if (ret)
			return ret;
	}
	for (;;) {
		uint64_t to = s->win.to;

		if (from < to)
			from = find_start(s, from, empty);
		if (from < to) {
			*start = from;
			return 1;
		}
		if (to == s->line.len)
			break;
		from = from > to ? from : to;
		to = from - from % s->window_size;
		/* The last one has to be there to know what is at its end. */
		while (to + s->window_size < s->line.len &&
		       !s->mark_starts[to / s->window_size])
			to += s->window_size;
		from = from > to ? from : to;
		if (to == s->line.len)
			to -= s->window_size;
		ret = window_move(s, to);
		if (ret)
			return ret;
	}
	if (!empty || !empty_at_end(s))
		return 0;
	*start = s->line.len;
	return 1;
}

/* Whether a match that is at @row goes on in the next window. */
static bool goes_on(struct re_spans *s, uint32_t row)
{
	memset(s->set, 0, s->words * sizeof(*s->set));
	lead(&s->follow, false, s->set, row_set(s, &s->forth, row), s->words);
	return meet(s->set, s->win.top, s->words);
}

int ksift_re_spans_end(struct re_spans *s, uint64_t start, uint64_t *end)
{
	struct window *win = &s->win;
	struct pass *p = &s->forth;
	uint64_t at = start;
	uint32_t row, context;
	int ret;

	*end = start;
	if (start == s->line.len)
		return 0;
	context = start > win->from ? s->kind_of[win->text[start - win->from - 1]] :
		win->before;
	row = seed_row(s, context);
	while (row != UNKNOWN) {
		uint32_t next, flags;

		if (at == win->to) {
			if (at == s->line.len || !goes_on(s, row))
				return 0;
			ret = window_move(s, at);
			if (ret)
				return ret;
		}
		row = pass_step(s, p, row, win->text[at - win->from]);
		if (row == UNKNOWN)
			break;
		if (!((at - win->from) % GRID) &&
		    !meet(row_set(s, p, row), win->grid + (at - win->from) / GRID * s->words,
			  s->words))
			return 0;
		at++;
		flags = FLAGS(p->rows[row + ROW_FLAGS]);
		if (flags & DEAD)
			return 0;
		next = at < win->to ? s->kind_of[win->text[at - win->from]] : win->top_kind;
		if (flags & ENDS(next))
			*end = at;
	}
	return -ENOMEM;
}
