// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regular expressions to line programs.
 *
 * Lowering goes through an expression from left to right with the places where what it
 * has passed may end, as a bitmap, and begins with all places.  A set of bytes is AND
 * and ADVANCE, alternatives are OR, a set repeated is RUN; how often is a matter of
 * smearing the bitmap, by doubling.  What is not expressible, chiefly the repetition of
 * more than a set, is widened: to the bytes that it consists of, ending as it may end.
 * All of it is monotone in the places, so that a wider part makes a wider whole.
 *
 * Where a program gets too big, the patterns that take most of it are lowered again with
 * less spelled out, until all that is left of them is that they accept every line.
 */
#include <errno.h>
#include <string.h>

#include "re_emit.h"
#include "re_hints.h"

#define LEVELS 4

/* By level: positions of a repetition that is spelled out, and of the least of another. */
static const uint32_t unroll_max[LEVELS] = { 400, 120, 30, 6 };
static const uint32_t copies_max[LEVELS] = { 80, 24, 8, 2 };
/* By level: bytes of each string where there are many. */
static const uint32_t prefix_max[LEVELS] = { UINT32_MAX, 8, 4, 3 };

/* By level: values of one pattern, after which anything will do. */
static const int values_max[LEVELS] = { RE_VALUES_MAX, RE_VALUES_MAX, 400, 12 };

/* By level: bytes of one string. */
static const uint32_t string_max[LEVELS] = { UINT32_MAX, 64 * 255, 8 * 255, 255 };

/* So many values make a program, likely. */
#define VALUES_GOOD (KSIFT_OPS_MAX - 2 * KSIFT_PATTERNS_MAX)

/* So many strings are many. */
#define STRINGS_MANY 64

/* Up to so often, a step at a time takes less than doubling does. */
#define STEPS_MAX 3

/* Parts that are lowered in all, so that it takes milliseconds. */
#define WORK_MAX 150000

/* What the rest of an attempt is worth in these. */
#define WORK_RETRY 10000

/* And of the last. */
#define WORK_LAST 30000

/* Sets of the patterns, of which a few are left to those that lowering itself needs. */
#define SETS_MAX (KSIFT_SETS_MAX - 4)

#define WHY_REPEAT	"it repeats more than one byte at a time"
#define WHY_COUNT	"it counts more than a program can"
#define WHY_SETS	"there are more sets of bytes than a program can have"
#define WHY_STRINGS	"there are more strings than a program can have"
#define WHY_BIG		"it is too long for a program"
#define WHY_PROCESS	"it has back-references or collating elements"

/**
 * struct lowering - A pattern on its way to values
 * @v: Where they go
 * @level: How much is widened
 * @begin: The first value that is its own
 * @work: Parts that may still be lowered
 * @uses: By value, how many others are made of it, of those that a pattern is
 * @why: Why it is wider than it should be, or NULL
 */
struct lowering {
	struct re_values *v;
	unsigned int level;
	int begin;
	uint32_t work;
	int uses[RE_VALUES_MAX];
	const char *why;
};

static const struct ksift_set dot_set = { { ~((__u64)1 << '\n'), -1, -1, -1 } };
static const struct ksift_set word_set = { { 0x03ff000000000000, 0x07fffffe87fffffe, 0, 0 } };

static void widen(struct lowering *l, const char *why)
{
	if (!l->why)
		l->why = why;
}

static bool given_up(struct lowering *l)
{
	return l->v->too_big || !l->work;
}

static bool subset(const struct ksift_set *a, const struct ksift_set *b)
{
	int i;

	for (i = 0; i < 4; i++)
		if (a->bits[i] & ~b->bits[i])
			return false;
	return true;
}

static bool empty_set(const struct ksift_set *set)
{
	return !(set->bits[0] | set->bits[1] | set->bits[2] | set->bits[3]);
}

static unsigned int set_size(const struct ksift_set *set)
{
	unsigned int i, n = 0;

	for (i = 0; i < 4; i++)
		n += __builtin_popcountll(set->bits[i]);
	return n;
}

/* The set, or one that has all of it, where there is no room for more. */
static const struct ksift_set *known_set(struct lowering *l, const struct ksift_set *set)
{
	const struct ksift_set *best = &dot_set;
	int i;

	if (empty_set(set) || ksift_re_set_is_dot(set))
		return set;
	for (i = 0; i < l->v->set_count; i++) {
		const struct ksift_set *old = &l->v->sets[i];

		if (!memcmp(old, set, sizeof(*set)))
			return set;
		if (subset(set, old) && set_size(old) < set_size(best))
			best = old;
	}
	if (l->v->set_count < SETS_MAX)
		return set;
	widen(l, WHY_SETS);
	return best;
}

/* The bytes at k before the places; a byte that is no newline is in the line. */
static int class_before(struct lowering *l, const struct ksift_set *set, int k)
{
	return ksift_re_value_class(l->v, known_set(l, set), k);
}

static int step(struct lowering *l, int m, const struct ksift_set *set)
{
	set = known_set(l, set);
	if (empty_set(set))
		return ksift_re_value_zero(l->v);
	if (ksift_re_set_is_dot(set))
		return ksift_re_value_advance(l->v, m, 1);
	if (m == RE_ALL)
		return ksift_re_value_class(l->v, set, 1);
	return ksift_re_value_advance(l->v, ksift_re_value_and(l->v, m, ksift_re_value_class(l->v, set, 0)), 1);
}

static int run(struct lowering *l, int m, const struct ksift_set *set)
{
	static const struct ksift_set all = { { -1, -1, -1, -1 } };

	set = known_set(l, set);
	/* RUN leaves no line, and all bytes are the cheapest set there is. */
	return ksift_re_value_run(l->v, m, ksift_re_set_is_dot(set) ? &all : set);
}

/* The n bytes before a place are in the set. */
static int all_before(struct lowering *l, const struct ksift_set *set, uint32_t n)
{
	int x = class_before(l, set, 1);
	uint32_t c, d;

	for (c = 1; c < n && !given_up(l); c += d) {
		d = c < n - c ? c : n - c;
		x = ksift_re_value_and(l->v, x, ksift_re_value_advance(l->v, x, d));
	}
	return x;
}

static int exactly(struct lowering *l, int m, const struct ksift_set *set, uint32_t n)
{
	uint32_t i;

	set = known_set(l, set);
	if (!n)
		return m;
	if (empty_set(set))
		return ksift_re_value_zero(l->v);
	if (ksift_re_set_is_dot(set))
		return ksift_re_value_advance(l->v, m, n);
	if (m == RE_ALL)
		return all_before(l, set, n);
	if (n < STEPS_MAX) {
		for (i = 0; i < n; i++)
			m = step(l, m, set);
		return m;
	}
	return ksift_re_value_and(l->v, all_before(l, set, n), ksift_re_value_advance(l->v, m, n));
}

/* The places, and the n after each. */
static int smear(struct lowering *l, int m, uint32_t n)
{
	uint32_t c, d;

	for (c = 1; c <= n && !given_up(l); c += d) {
		d = c < n + 1 - c ? c : n + 1 - c;
		m = ksift_re_value_or(l->v, m, ksift_re_value_advance(l->v, m, d));
	}
	return m;
}

static int up_to(struct lowering *l, int m, const struct ksift_set *set, uint32_t n)
{
	uint32_t i;

	set = known_set(l, set);
	if (m == RE_ALL || !n || empty_set(set))
		return m;
	if (ksift_re_set_is_dot(set))
		return smear(l, m, n);
	if (n <= STEPS_MAX) {
		for (i = 0; i < n; i++)
			m = ksift_re_value_or(l->v, m, step(l, m, set));
		return m;
	}
	return ksift_re_value_and(l->v, run(l, m, set), smear(l, m, n));
}

static int lower(struct lowering *l, const struct re_shape *s, int m);

/* Any number of them. */
static int lower_star(struct lowering *l, const struct re_shape *kid, int m)
{
	if (m == RE_ALL)
		return m;
	if (kid->starred)
		return run(l, m, &kid->star);
	widen(l, WHY_REPEAT);
	return ksift_re_value_or(l->v, m, ksift_re_value_and(l->v, run(l, m, &kid->all),
						  class_before(l, &kid->last, 1)));
}

/* As far as they are spelled out. */
static int lower_copies(struct lowering *l, const struct re_shape *kid, int m, uint32_t n)
{
	int before;

	for (; n && !given_up(l); n--) {
		before = m;
		m = lower(l, kid, m);
		if (m == before)
			break;
	}
	return m;
}

static int lower_wide(struct lowering *l, const struct re_shape *s, int m, const char *why)
{
	const struct re_shape *kid = s->kids[0];
	uint32_t most = kid->size ? copies_max[l->level] / kid->size : 1;

	widen(l, why);
	m = lower_copies(l, kid, m, s->min < most ? s->min : most);
	return lower_star(l, kid, m);
}

/* ((C{a,b}){c,d}) is C{ac,bd} where the intervals touch. */
static bool nested_interval(const struct re_shape *s, uint64_t *min, uint64_t *max)
{
	const struct re_shape *kid = s->kids[0];
	uint64_t a = kid->min, b = kid->max;

	if (kid->kind != RE_SHAPE_REPEAT || kid->kids[0]->kind != RE_SHAPE_SET ||
	    kid->max == RE_UNBOUNDED || s->max == RE_UNBOUNDED)
		return false;
	/* If they touch at first, they do from there on. */
	if (s->min < s->max && (s->min + 1) * a > s->min * b + 1)
		return false;
	if (!s->min && a > 1)
		return false;
	*min = a * s->min;
	*max = b * s->max;
	return true;
}

static int lower_set_repeat(struct lowering *l, const struct ksift_set *set, int m,
			    uint64_t min, uint64_t max)
{
	/* Nothing so long is worth it, and the operations would not do. */
	if (min > UINT16_MAX || (max != RE_UNBOUNDED && max > UINT16_MAX)) {
		widen(l, WHY_COUNT);
		max = RE_UNBOUNDED;
		if (min > UINT16_MAX)
			min = 1;
	}
	if (l->level && min > unroll_max[l->level] * 16) {
		widen(l, WHY_COUNT);
		min = unroll_max[l->level] * 16;
		max = RE_UNBOUNDED;
	}
	if (l->level && max != RE_UNBOUNDED && max - min > unroll_max[l->level] * 16) {
		widen(l, WHY_COUNT);
		max = RE_UNBOUNDED;
	}
	m = exactly(l, m, set, min);
	return max == RE_UNBOUNDED ? run(l, m, set) : up_to(l, m, set, max - min);
}

static int lower_repeat(struct lowering *l, const struct re_shape *s, int m)
{
	const struct re_shape *kid = s->kids[0];
	uint64_t min, max;
	uint32_t i;
	int all;

	if (kid->kind == RE_SHAPE_SET)
		return lower_set_repeat(l, &kid->set, m, s->min, s->max);
	if (s->max == RE_UNBOUNDED) {
		/* As (a?)* */
		if (kid->nullable)
			return lower_star(l, kid, m);
		if ((uint64_t)kid->size * s->min > copies_max[l->level])
			return lower_wide(l, s, m, WHY_COUNT);
		return lower_star(l, kid, lower_copies(l, kid, m, s->min));
	}
	if (nested_interval(s, &min, &max))
		return lower_set_repeat(l, &kid->kids[0]->set, m, min, max);
	if (s->size > unroll_max[l->level])
		return lower_wide(l, s, m, WHY_COUNT);
	m = lower_copies(l, kid, m, s->min);
	all = m;
	for (i = s->min; i < s->max && !given_up(l); i++) {
		int before = m;

		m = lower(l, kid, m);
		if (m == before)
			break;
		all = ksift_re_value_or(l->v, all, m);
	}
	return all;
}

static int literal_value(struct lowering *l, const unsigned char *bytes, uint32_t len, bool fold)
{
	struct re_literal literal = { .bytes = bytes, .len = len, .fold = fold };

	return ksift_re_value_literal(l->v, &literal);
}

static int lower_string(struct lowering *l, const struct re_shape *s, int m)
{
	uint32_t end = s->len, at, len;
	int found;

	if (end > string_max[l->level])
		end = string_max[l->level];
	for (at = 0; at < end && !given_up(l); at += len) {
		len = end - at;
		if (len > KSIFT_OP_LITERAL_MAX)
			len = KSIFT_OP_LITERAL_MAX;
		found = literal_value(l, s->bytes + at, len, s->letters == 2);
		m = ksift_re_value_and(l->v, found, m == RE_ALL ? m : ksift_re_value_advance(l->v, m, len));
	}
	if (end == s->len)
		return m;
	widen(l, WHY_BIG);
	return run(l, m, &dot_set);
}

/* Too many to have each: their beginnings, and then anything. */
static int lower_prefixes(struct lowering *l, const struct re_shape *s, int m)
{
	uint32_t most = prefix_max[l->level], i;
	int any = ksift_re_value_zero(l->v);

	widen(l, WHY_STRINGS);
	for (i = 0; i < s->kid_count && !given_up(l); i++) {
		const struct re_shape *kid = s->kids[i];
		uint32_t len = kid->len < most ? kid->len : most;

		if (kid->kind == RE_SHAPE_STRING)
			any = ksift_re_value_or(l->v, any,
						literal_value(l, kid->bytes, len, kid->letters == 2));
	}
	/* Where they begin is not looked at. */
	return m == RE_ALL ? run(l, any, &dot_set) :
			     run(l, ksift_re_value_and(l->v, any, run(l, m, &dot_set)), &dot_set);
}

/* Strings of one length are looked up after the same places. */
static int lower_strings(struct lowering *l, const struct re_shape *s, int m)
{
	int all = ksift_re_value_zero(l->v), same;
	uint32_t i, len, next = 0;

	for (len = 0; len <= KSIFT_OP_LITERAL_MAX && !given_up(l); len = next) {
		same = ksift_re_value_zero(l->v);
		next = UINT32_MAX;
		for (i = 0; i < s->kid_count; i++) {
			const struct re_shape *kid = s->kids[i];

			if (kid->kind != RE_SHAPE_STRING)
				continue;
			if (kid->len > len && kid->len < next)
				next = kid->len;
			if (kid->len != len)
				continue;
			l->work -= !!l->work;
			same = ksift_re_value_or(l->v, same,
						 literal_value(l, kid->bytes, len, kid->letters == 2));
		}
		if (!ksift_re_value_is_zero(l->v, same))
			all = ksift_re_value_or(l->v, all,
						ksift_re_value_and(l->v, same, m == RE_ALL ? m :
								   ksift_re_value_advance(l->v, m, len)));
	}
	return all;
}

static int lower_alt(struct lowering *l, const struct re_shape *s, int m)
{
	uint32_t i, strings = 0;
	int all;

	for (i = 0; i < s->kid_count; i++)
		strings += s->kids[i]->kind == RE_SHAPE_STRING;
	if (l->level && strings > STRINGS_MANY)
		all = lower_prefixes(l, s, m);
	else
		all = lower_strings(l, s, m);
	for (i = 0; i < s->kid_count && !given_up(l); i++) {
		const struct re_shape *kid = s->kids[i];

		if (kid->kind != RE_SHAPE_STRING || kid->len > KSIFT_OP_LITERAL_MAX)
			all = ksift_re_value_or(l->v, all, lower(l, kid, m));
	}
	return all;
}

static int lower_assert(struct lowering *l, enum re_assert assert, int m)
{
	struct re_values *v = l->v;
	int before, after;

	if (assert == RE_LINE_START)
		return ksift_re_value_and(v, m, ksift_re_value_start(v));
	if (assert == RE_LINE_END)
		return ksift_re_value_and(v, m, ksift_re_value_newline(v));
	after = ksift_re_value_class(v, &word_set, 0);
	before = ksift_re_value_class(v, &word_set, 1);
	switch (assert) {
	case RE_WORD_START:
		return ksift_re_value_and(v, m, ksift_re_value_andnot(v, after, before));
	case RE_WORD_END:
		return ksift_re_value_and(v, m, ksift_re_value_andnot(v, before, after));
	case RE_WORD_EDGE:
		return ksift_re_value_and(v, m, ksift_re_value_xor(v, before, after));
	case RE_NOT_WORD_EDGE:
		return ksift_re_value_andnot(v, m, ksift_re_value_xor(v, before, after));
	case RE_NO_WORD_BEFORE:
		return ksift_re_value_andnot(v, m, before);
	default:
		return ksift_re_value_andnot(v, m, after);
	}
}

static int lower(struct lowering *l, const struct re_shape *s, int m)
{
	uint32_t i;

	if (given_up(l))
		return ksift_re_value_zero(l->v);
	l->work--;
	if (l->v->count - l->begin > values_max[l->level]) {
		widen(l, WHY_BIG);
		return run(l, m, &dot_set);
	}
	switch (s->kind) {
	case RE_SHAPE_EMPTY:
		return m;
	case RE_SHAPE_SET:
		return step(l, m, &s->set);
	case RE_SHAPE_STRING:
		return lower_string(l, s, m);
	case RE_SHAPE_CAT:
		for (i = 0; i < s->kid_count; i++)
			m = lower(l, s->kids[i], m);
		return m;
	case RE_SHAPE_ALT:
		return lower_alt(l, s, m);
	case RE_SHAPE_REPEAT:
		return lower_repeat(l, s, m);
	case RE_SHAPE_ASSERT:
		break;
	}
	return lower_assert(l, s->assert, m);
}

static void count_uses(struct lowering *l, int x)
{
	const struct re_value *value = &l->v->values[x];

	if (l->uses[x]++)
		return;
	if (value->code != KSIFT_OP_CLASS && value->code != KSIFT_OP_LITERAL && value->a >= 0)
		count_uses(l, value->a);
	if (value->b >= 0)
		count_uses(l, value->b);
}

/* Places before bytes of a set alone, which are no newlines: a place follows each. */
static bool is_before_bytes(const struct re_values *v, int x)
{
	return v->values[x].code == KSIFT_OP_CLASS && !v->values[x].k &&
	       !re_set_has(&v->sets[v->values[x].a], '\n');
}

/* The line has a place of this value if it has one of @m, and no other line has. */
static int accepted(struct lowering *l, int m)
{
	struct re_values *v = l->v;
	const struct re_value *x, *y;

	for (;;) {
		x = &v->values[m];
		/* What is needed as it is, is not taken apart. */
		if (x->code == KSIFT_OP_OR && l->uses[m] == 1)
			return ksift_re_value_or(v, accepted(l, x->a), accepted(l, x->b));
		if (x->code == KSIFT_OP_RUN) {
			m = x->a;
			continue;
		}
		if (x->code != KSIFT_OP_ADVANCE || x->k != 1)
			return m;
		y = &v->values[x->a];
		if (y->code != KSIFT_OP_AND ||
		    (!is_before_bytes(v, y->a) && !is_before_bytes(v, y->b)))
			return m;
		m = x->a;
	}
}

/**
 * struct pattern - A pattern of the filter
 * @shape: What it is; NULL: there is none
 * @level: How much of it is widened; LEVELS: it accepts every line
 * @values: How many values it added
 */
struct pattern {
	struct re_shape *shape;
	unsigned int level;
	int values;
};

static int every_line(struct re_values *v)
{
	return ksift_re_value_start(v);
}

static void lower_pattern(struct lowering *l, struct pattern *p, int *root)
{
	int m;

	l->level = p->level;
	l->begin = l->v->count;
	l->why = NULL;
	if (p->level == LEVELS) {
		l->why = WHY_BIG;
		*root = every_line(l->v);
	} else {
		m = lower(l, p->shape, RE_ALL);
		if (m == RE_ALL) {
			m = every_line(l->v);
		} else {
			memset(l->uses, 0, sizeof(l->uses));
			count_uses(l, m);
			m = accepted(l, m);
		}
		*root = m;
	}
	p->values = l->v->count - l->begin;
}

/* All are to be at a level at least. */
static void raise_all(struct pattern *patterns, unsigned int level)
{
	int i;

	for (i = 0; i < KSIFT_PATTERNS_MAX; i++)
		if (patterns[i].level < level)
			patterns[i].level = level;
}

/* Those that take most are to take less, until @excess values are saved, it seems. */
static void raise_levels(struct pattern *patterns, int excess)
{
	int i, most = 0;

	for (i = 0; i < KSIFT_PATTERNS_MAX; i++)
		if (patterns[i].level < LEVELS && patterns[i].values > most)
			most = patterns[i].values;
	for (i = 0; i < KSIFT_PATTERNS_MAX && excess > 0; i++) {
		struct pattern *p = &patterns[i];

		if (!p->shape || p->level == LEVELS || p->values < most / 2)
			continue;
		excess -= ++p->level == LEVELS ? p->values : p->values / 2;
	}
}

/* Patterns from @reached on have not been lowered, but they are like the others. */
static void raise_rest(struct pattern *patterns, int reached)
{
	int i;

	for (i = reached + 1; i < KSIFT_PATTERNS_MAX; i++)
		if (patterns[i].level < LEVELS - 1)
			patterns[i].level++;
}

/* Returns the first pattern that is too much, or KSIFT_PATTERNS_MAX. */
static int lower_patterns(struct lowering *l, struct pattern *patterns, int *roots,
			  struct re_program *out)
{
	int i;

	ksift_re_values_begin(l->v);
	memset(roots, -1, KSIFT_PATTERNS_MAX * sizeof(*roots));
	for (i = 0; i < KSIFT_PATTERNS_MAX; i++) {
		patterns[i].values = 0;
		if (!patterns[i].shape)
			continue;
		lower_pattern(l, &patterns[i], &roots[i]);
		out->why[i] = l->why;
		out->answers[i] = l->why ? RE_WIDER : RE_EXACT;
		if (given_up(l))
			break;
	}
	return i;
}

static int lower_all(struct re_arena *arena, struct re_values *v, struct pattern *patterns,
		     unsigned int flags, struct re_program *out)
{
	struct lowering *l = ksift_re_alloc(arena, sizeof(*l));
	int roots[KSIFT_PATTERNS_MAX], reached, ret;
	void *scratch = NULL;
	bool last = false;

	if (!l)
		return -ENOMEM;
	l->v = v;
	l->work = WORK_MAX;
	for (;;) {
		reached = lower_patterns(l, patterns, roots, out);
		if (reached == KSIFT_PATTERNS_MAX) {
			ret = ksift_re_emit(arena, &scratch, v, roots, flags, out);
			if (ret != -E2BIG)
				return ret;
			raise_levels(patterns, v->count > VALUES_GOOD ? v->count - VALUES_GOOD : 1);
		} else {
			raise_levels(patterns, RE_VALUES_MAX);
			raise_rest(patterns, reached);
		}
		l->work -= l->work < WORK_RETRY ? l->work : WORK_RETRY;
		if (l->work)
			continue;
		/* Once more with the least of each, and then with nothing. */
		raise_all(patterns, last ? LEVELS : LEVELS - 1);
		l->work = WORK_LAST;
		last = true;
	}
}

/* A program that accepts every line for every pattern needs next to nothing. */
static int accept_all(const struct re_pattern *patterns, size_t count, struct ksift_op *ops,
		      struct re_program *out)
{
	size_t i;

	memset(out, 0, sizeof(*out));
	out->ops = ops;
	ops[0].code = KSIFT_OP_START;
	out->op_count = 1;
	out->registers = 1;
	for (i = 0; i < count; i++) {
		unsigned int nr = patterns[i].pattern;

		if (out->why[nr])
			continue;
		out->why[nr] = WHY_BIG;
		out->answers[nr] = RE_WIDER;
		ops[out->op_count].code = KSIFT_OP_ACCEPT;
		ops[out->op_count].k = nr;
		out->op_count++;
	}
	return 0;
}

int ksift_re_lower(struct re_arena *arena, const struct re_pattern *patterns, size_t count,
		   unsigned int flags, struct re_program *out)
{
	struct ksift_op *fallback = ksift_re_alloc(arena, (KSIFT_PATTERNS_MAX + 1) * sizeof(*fallback));
	struct re_values *v = ksift_re_alloc(arena, sizeof(*v));
	struct pattern all[KSIFT_PATTERNS_MAX] = { 0 };
	struct re_hinted hinted[KSIFT_PATTERNS_MAX] = { 0 };
	int ret = -ENOMEM;
	size_t i;

	if (!fallback)
		return -ENOMEM;
	memset(out, 0, sizeof(*out));
	/* A program has an operation, and this accepts no line. */
	if (!count)
		return accept_all(patterns, 0, fallback, out);
	for (i = 0; v && i < count && !arena->exhausted; i++) {
		struct pattern *p = &all[patterns[i].pattern];

		if (p->shape)
			continue;
		p->shape = ksift_re_shape_make(arena, patterns, count, patterns[i].pattern);
		if (p->shape)
			p->shape = ksift_re_shape_trim(arena, p->shape);
		hinted[patterns[i].pattern] = (struct re_hinted){
			.shape = p->shape,
			.group = patterns[i].group,
			.exclude = patterns[i].exclude,
		};
	}
	if (!arena->exhausted)
		ret = lower_all(arena, v, all, flags, out);
	if (ret)
		accept_all(patterns, count, fallback, out);
	else if (!(flags & RE_NO_HINTS))
		ksift_re_hints(arena, hinted, out);
	for (i = 0; i < count; i++) {
		unsigned int nr = patterns[i].pattern;

		if (patterns[i].by_process) {
			out->answers[nr] = RE_PROCESS;
			out->why[nr] = WHY_PROCESS;
		}
	}
	return 0;
}
