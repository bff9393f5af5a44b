// SPDX-License-Identifier: GPL-2.0-only
/*
 * From trees to shapes, from the leaves up: what is asked about a part is known once
 * its kids are, so that nothing is looked at again for each level above it.
 */
#include <string.h>

#include "re_shape.h"

/* What a back-reference repeats is spelled out if it has at most so many positions. */
#define BACKREF_SIZE_MAX 64
/* A string repeated is a longer string up to so many bytes. */
#define REPEATED_STRING_MAX 32

/* A set over and over is a repetition up to so often. */
#define COUNTED_SET_MAX 32767

#define BACKREFS 10

/**
 * struct shaper - How far it is
 * @arena: Memory
 * @groups: By number, the groups that have come
 * @bodies: By number, what a back-reference to them may be
 * @no_asserts: Leave assertions out
 */
struct shaper {
	struct re_arena *arena;
	const struct re_node *groups[BACKREFS];
	struct re_shape *bodies[BACKREFS];
	bool no_asserts;
};

/*
 * Kids of a CAT or an ALT to be.  @room: bytes for the last one's string, which is ours;
 * @counting: the last one is ours, a set so and so often.
 */
struct list {
	struct re_shape **shapes;
	size_t count;
	size_t capacity;
	uint32_t room;
	bool counting;
};

static void set_or(struct ksift_set *set, const struct ksift_set *more)
{
	int i;

	for (i = 0; i < 4; i++)
		set->bits[i] |= more->bits[i];
}

bool ksift_re_set_is_dot(const struct ksift_set *set)
{
	return set->bits[0] == ~((__u64)1 << '\n') && set->bits[1] == ~(__u64)0 &&
	       set->bits[2] == ~(__u64)0 && set->bits[3] == ~(__u64)0;
}

static bool is_letter(unsigned int c)
{
	return (c | 32) >= 'a' && (c | 32) <= 'z';
}

int ksift_re_set_byte(const struct ksift_set *set, bool *fold)
{
	int i, c = 0, n = 0;

	for (i = 0; i < 4; i++) {
		if (!set->bits[i])
			continue;
		c = n ? c : i * 64 + __builtin_ctzll(set->bits[i]);
		n += __builtin_popcountll(set->bits[i]);
	}
	*fold = n == 2 && is_letter(c) && re_set_has(set, c | 32) && re_set_has(set, c & ~32);
	return *fold ? c | 32 : n == 1 ? c : -1;
}

static struct re_shape *new_shape(struct re_arena *arena, enum re_shape_kind kind)
{
	struct re_shape *s = ksift_re_alloc(arena, sizeof(*s));

	if (s)
		s->kind = kind;
	return s;
}

static struct re_shape *new_empty(struct re_arena *arena)
{
	struct re_shape *s = new_shape(arena, RE_SHAPE_EMPTY);

	if (s) {
		s->nullable = true;
		s->may_be_null = true;
		s->starred = true;
	}
	return s;
}

static struct re_shape *new_set(struct re_arena *arena, const struct ksift_set *set)
{
	struct re_shape *s = new_shape(arena, RE_SHAPE_SET);

	if (s) {
		s->size = 1;
		s->starred = true;
		s->set = *set;
		s->star = *set;
		s->all = *set;
		s->last = *set;
	}
	return s;
}

static struct re_shape *new_assert(struct re_arena *arena, enum re_assert assert)
{
	struct re_shape *s = new_shape(arena, RE_SHAPE_ASSERT);

	if (s) {
		s->assert = assert;
		s->may_be_null = true;
		s->starred = true;
	}
	return s;
}

static uint32_t sized(uint64_t size)
{
	return size < RE_SIZE_MAX ? size : RE_SIZE_MAX;
}

static void set_kids(struct re_shape *s, struct re_shape **kids, size_t count)
{
	bool alt = s->kind == RE_SHAPE_ALT;
	size_t i;

	s->kids = kids;
	s->kid_count = count;
	s->nullable = !alt;
	s->may_be_null = !alt;
	s->starred = true;
	for (i = 0; i < count; i++) {
		const struct re_shape *kid = kids[i];

		s->size = sized((uint64_t)s->size + kid->size);
		s->nullable = alt ? s->nullable || kid->nullable : s->nullable && kid->nullable;
		s->may_be_null = alt ? s->may_be_null || kid->may_be_null :
				       s->may_be_null && kid->may_be_null;
		s->starred = s->starred && kid->starred;
		set_or(&s->star, &kid->star);
		set_or(&s->all, &kid->all);
	}
	if (!alt)
		s->starred = s->starred && s->nullable;
	for (i = count; i--;) {
		set_or(&s->last, &kids[i]->last);
		if (!alt && !kids[i]->may_be_null)
			break;
	}
}

static struct re_shape *new_repeat(struct re_arena *arena, struct re_shape *kid,
				   uint32_t min, uint32_t max)
{
	struct re_shape **kids, *s;
	uint32_t times = max == RE_UNBOUNDED ? (min ? min : 1) : max;

	if (!kid)
		return NULL;
	if (!max || kid->kind == RE_SHAPE_EMPTY)
		return new_empty(arena);
	if (min == 1 && max == 1)
		return kid;
	/* (a?){n,m} is a{0,m}. */
	if (kid->kind == RE_SHAPE_REPEAT && !kid->min && kid->max == 1)
		return new_repeat(arena, kid->kids[0], 0, max);
	/* (C{a,}){n,m} is C{an,}, and with n = 0 it is C*, if a is 0 or 1. */
	if (kid->kind == RE_SHAPE_REPEAT && kid->kids[0]->kind == RE_SHAPE_SET &&
	    kid->max == RE_UNBOUNDED && (min || kid->min <= 1)) {
		min = sized((uint64_t)min * kid->min);
		max = RE_UNBOUNDED;
		kid = kid->kids[0];
		times = min ? min : 1;
	}
	s = new_shape(arena, RE_SHAPE_REPEAT);
	kids = ksift_re_alloc(arena, sizeof(*kids));
	if (!s || !kids)
		return NULL;
	kids[0] = kid;
	s->kids = kids;
	s->kid_count = 1;
	s->min = min;
	s->max = max;
	s->size = sized((uint64_t)kid->size * times);
	s->nullable = !min || kid->nullable;
	s->may_be_null = !min || kid->may_be_null;
	s->starred = kid->starred && (min <= 1 || kid->nullable);
	s->star = kid->star;
	s->all = kid->all;
	s->last = kid->last;
	return s;
}

static bool push(struct re_arena *arena, struct list *list, struct re_shape *s)
{
	struct re_shape **more;

	if (!s)
		return false;
	if (list->count == list->capacity) {
		list->capacity = list->capacity ? list->capacity * 2 : 4;
		more = ksift_re_alloc(arena, list->capacity * sizeof(*more));
		if (!more)
			return false;
		if (list->count)
			memcpy(more, list->shapes, list->count * sizeof(*more));
		list->shapes = more;
	}
	list->shapes[list->count++] = s;
	list->room = 0;
	list->counting = false;
	return true;
}

/* The string that @s is or would be; its letters as in struct re_shape, -1: none. */
static int as_string(const struct re_shape *s, unsigned char *byte,
		     const unsigned char **bytes, uint32_t *len)
{
	bool fold;
	int c;

	if (s->kind == RE_SHAPE_STRING) {
		*bytes = s->bytes;
		*len = s->len;
		return s->letters;
	}
	if (s->kind != RE_SHAPE_SET)
		return -1;
	c = ksift_re_set_byte(&s->set, &fold);
	if (c < 0)
		return -1;
	*byte = c;
	*bytes = byte;
	*len = 1;
	return fold ? 2 : is_letter(c);
}

static void add_bytes(struct re_shape *s, const unsigned char *bytes, uint32_t len, int letters)
{
	uint32_t i;

	for (i = 0; i < len; i++) {
		re_set_add(&s->all, bytes[i]);
		if (letters == 2 && is_letter(bytes[i]))
			re_set_add(&s->all, bytes[i] & ~32);
	}
	if (letters)
		s->letters = letters;
	memcpy((unsigned char *)s->bytes + s->len, bytes, len);
	s->len += len;
	s->size = s->len;
}

static bool append(struct re_arena *arena, struct list *list, struct re_shape *s);

/* The last one and @s as one string; false: they are none, or there is no memory. */
static bool merge(struct re_arena *arena, struct list *list, const struct re_shape *s)
{
	struct re_shape *last = list->count ? list->shapes[list->count - 1] : NULL, *string;
	unsigned char byte, last_byte;
	const unsigned char *bytes, *last_bytes;
	uint32_t len, last_len;
	int letters, last_letters;

	letters = as_string(s, &byte, &bytes, &len);
	if (letters < 0 || !last)
		return false;
	last_letters = as_string(last, &last_byte, &last_bytes, &last_len);
	if (last_letters < 0 || (letters && last_letters && letters != last_letters))
		return false;
	if (list->room < last_len + len) {
		string = new_shape(arena, RE_SHAPE_STRING);
		list->room = 2 * (last_len + len) + 16;
		if (string)
			string->bytes = ksift_re_alloc(arena, list->room);
		if (!string || !string->bytes)
			return false;
		add_bytes(string, last_bytes, last_len, last_letters);
		list->shapes[list->count - 1] = string;
		last = string;
	}
	add_bytes(last, bytes, len, letters);
	last->last = s->last;
	return true;
}

/* The same set once more; false: it is not, or there is no memory. */
static bool count_set(struct re_arena *arena, struct list *list, const struct re_shape *s)
{
	struct re_shape *last = list->count ? list->shapes[list->count - 1] : NULL;
	const struct re_shape *set = last && last->kind == RE_SHAPE_REPEAT ? last->kids[0] : last;

	if (!last || s->kind != RE_SHAPE_SET || set->kind != RE_SHAPE_SET ||
	    memcmp(&set->set, &s->set, sizeof(s->set)) || (last != set && !list->counting) ||
	    last->size >= COUNTED_SET_MAX)
		return false;
	if (last == set) {
		last = new_repeat(arena, last, 2, 2);
		if (!last)
			return false;
		list->shapes[list->count - 1] = last;
		list->counting = true;
		return true;
	}
	last->min++;
	last->max++;
	last->size++;
	return true;
}

static bool append_repeated(struct re_arena *arena, struct list *list, const struct re_shape *s)
{
	uint32_t i;

	for (i = 0; i < s->min; i++)
		if (!append(arena, list, s->kids[0]))
			return false;
	return true;
}

/* To the kids of a CAT. */
static bool append(struct re_arena *arena, struct list *list, struct re_shape *s)
{
	const unsigned char *bytes;
	unsigned char byte;
	uint32_t i, len;

	if (!s)
		return false;
	if (s->kind == RE_SHAPE_EMPTY)
		return true;
	if (s->kind == RE_SHAPE_CAT) {
		for (i = 0; i < s->kid_count; i++)
			if (!append(arena, list, s->kids[i]))
				return false;
		return true;
	}
	if (s->kind == RE_SHAPE_REPEAT && s->min == s->max && s->size <= REPEATED_STRING_MAX &&
	    as_string(s->kids[0], &byte, &bytes, &len) >= 0)
		return append_repeated(arena, list, s);
	if (merge(arena, list, s) || count_set(arena, list, s))
		return true;
	return !arena->exhausted && push(arena, list, s);
}

static struct re_shape *new_cat(struct re_arena *arena, const struct list *list)
{
	struct re_shape *s;

	if (!list->count)
		return new_empty(arena);
	if (list->count == 1)
		return list->shapes[0];
	s = new_shape(arena, RE_SHAPE_CAT);
	if (s)
		set_kids(s, list->shapes, list->count);
	return s;
}

/* Longer ones are left alone, so that this takes no time and no depth to speak of. */
#define FACTOR_KIDS_MAX 16

/* The first part of each, or the last, where that is the same assertion in all. */
static bool same_edge(const struct list *list, bool last, enum re_assert *assert)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		const struct re_shape *s = list->shapes[i];

		if (s->kind == RE_SHAPE_CAT && s->kid_count <= FACTOR_KIDS_MAX)
			s = s->kids[last ? s->kid_count - 1 : 0];
		if (s->kind != RE_SHAPE_ASSERT || (i && s->assert != *assert))
			return false;
		*assert = s->assert;
	}
	return list->count > 1;
}

static struct re_shape *new_alt(struct re_arena *arena, const struct list *from);

/* (^a|^b) is ^(a|b); -w and -x come around each pattern. */
static struct re_shape *factor(struct re_arena *arena, const struct list *from, bool last,
			       enum re_assert assert)
{
	struct list rest = { 0 }, both = { 0 };
	struct re_shape *alt;
	size_t i;
	uint32_t k;

	for (i = 0; i < from->count; i++) {
		const struct re_shape *s = from->shapes[i];
		struct list kids = { 0 };

		/* An assertion alone leaves nothing. */
		for (k = !last; s->kind == RE_SHAPE_CAT && k + last < s->kid_count; k++)
			if (!append(arena, &kids, s->kids[k]))
				return NULL;
		if (!push(arena, &rest, new_cat(arena, &kids)))
			return NULL;
	}
	alt = new_alt(arena, &rest);
	if (last ? !append(arena, &both, alt) || !append(arena, &both, new_assert(arena, assert)) :
		   !append(arena, &both, new_assert(arena, assert)) || !append(arena, &both, alt))
		return NULL;
	return new_cat(arena, &both);
}

static bool push_alternative(struct re_arena *arena, struct list *list, struct re_shape *s,
			     struct re_shape **set, bool *empty)
{
	uint32_t i;

	if (!s)
		return false;
	switch (s->kind) {
	case RE_SHAPE_ALT:
		for (i = 0; i < s->kid_count; i++)
			if (!push_alternative(arena, list, s->kids[i], set, empty))
				return false;
		return true;
	case RE_SHAPE_EMPTY:
		if (*empty)
			return true;
		*empty = true;
		return push(arena, list, s);
	case RE_SHAPE_SET:
		if (*set) {
			set_or(&(*set)->set, &s->set);
			return true;
		}
		*set = new_set(arena, &s->set);
		return push(arena, list, *set);
	default:
		return push(arena, list, s);
	}
}

/* Sets that are alternatives are one. */
static struct re_shape *new_alt(struct re_arena *arena, const struct list *from)
{
	struct list list = { 0 };
	struct re_shape *set = NULL, *s;
	enum re_assert assert;
	bool empty = false;
	size_t i;

	for (i = 0; i < from->count; i++)
		if (!push_alternative(arena, &list, from->shapes[i], &set, &empty))
			return NULL;
	if (set) {
		set->star = set->set;
		set->all = set->set;
		set->last = set->set;
	}
	if (list.count == 1)
		return list.shapes[0];
	if (same_edge(&list, false, &assert))
		return factor(arena, &list, false, assert);
	if (same_edge(&list, true, &assert))
		return factor(arena, &list, true, assert);
	s = new_shape(arena, RE_SHAPE_ALT);
	if (s)
		set_kids(s, list.shapes, list.count);
	return s;
}

static struct re_shape *shape(struct shaper *sh, const struct re_node *node);

static struct re_shape *shape_backref(struct shaper *sh, unsigned int nr)
{
	static const struct ksift_set dot = { { ~((__u64)1 << '\n'), -1, -1, -1 } };
	bool no_asserts = sh->no_asserts;
	struct re_shape *body = NULL;

	if (nr >= BACKREFS)
		nr = 0;
	if (sh->bodies[nr])
		return sh->bodies[nr];
	if (sh->groups[nr]) {
		sh->no_asserts = true;
		body = shape(sh, sh->groups[nr]->kids[0]);
		sh->no_asserts = no_asserts;
		if (!body)
			return NULL;
	}
	if (!body || body->size > BACKREF_SIZE_MAX)
		body = new_repeat(sh->arena, new_set(sh->arena, &dot), 0, RE_UNBOUNDED);
	sh->bodies[nr] = body;
	return body;
}

/* Strings are long: do without a shape for each byte of one. */
static bool merge_set(struct re_arena *arena, struct list *list, const struct re_node *node)
{
	struct re_shape s = { .kind = RE_SHAPE_SET, .set = node->set, .last = node->set };

	return node->kind == RE_SET &&
	       (merge(arena, list, &s) || count_set(arena, list, &s));
}

static struct re_shape *shape_kids(struct shaper *sh, const struct re_node *node)
{
	struct list list = { 0 };
	struct re_shape *kid;
	uint32_t i;

	for (i = 0; i < node->kid_count; i++) {
		if (node->kind == RE_CAT && merge_set(sh->arena, &list, node->kids[i]))
			continue;
		kid = shape(sh, node->kids[i]);
		if (node->kind == RE_CAT ? !append(sh->arena, &list, kid) :
					   !push(sh->arena, &list, kid))
			return NULL;
	}
	return node->kind == RE_CAT ? new_cat(sh->arena, &list) : new_alt(sh->arena, &list);
}

static struct re_shape *shape(struct shaper *sh, const struct re_node *node)
{
	switch (node->kind) {
	case RE_EMPTY:
		return new_empty(sh->arena);
	case RE_SET:
		return new_set(sh->arena, &node->set);
	case RE_CAT:
	case RE_ALT:
		return shape_kids(sh, node);
	case RE_REPEAT:
		return new_repeat(sh->arena, shape(sh, node->kids[0]), node->min, node->max);
	case RE_GROUP:
		if (node->nr < BACKREFS)
			sh->groups[node->nr] = node;
		return shape(sh, node->kids[0]);
	case RE_BACKREF:
		return shape_backref(sh, node->nr);
	case RE_ASSERT:
		break;
	}
	return sh->no_asserts ? new_empty(sh->arena) : new_assert(sh->arena, node->assert);
}

struct re_shape *ksift_re_shape_make(struct re_arena *arena, const struct re_pattern *patterns,
				     size_t count, unsigned int pattern)
{
	struct list list = { 0 };
	size_t i;

	for (i = 0; i < count; i++) {
		struct shaper sh = { .arena = arena };

		if (patterns[i].pattern == pattern &&
		    !push(arena, &list, shape(&sh, patterns[i].tree)))
			return NULL;
	}
	return list.count ? new_alt(arena, &list) : NULL;
}

static struct re_shape *trim(struct re_arena *arena, struct re_shape *s, bool last);

/* Of a repetition at the edge, the least is enough, and of that one the edge is trimmed. */
static struct re_shape *trim_repeat(struct re_arena *arena, struct re_shape *s, bool last)
{
	struct re_shape *kid = s->kids[0], *edge, *rest;
	struct list list = { 0 };

	if (s->min == 1)
		return trim(arena, kid, last);
	if (kid->kind == RE_SHAPE_SET)
		return s->min == s->max ? s : new_repeat(arena, kid, s->min, s->min);
	edge = trim(arena, kid, last);
	rest = new_repeat(arena, kid, s->min - 1, s->min - 1);
	if (!append(arena, &list, last ? rest : edge) ||
	    !append(arena, &list, last ? edge : rest))
		return NULL;
	return new_cat(arena, &list);
}

/* ^.{n,} at the beginning says no more than .{n} does, and .{n,}$ at the end. */
static bool idle_assert(const struct re_shape *assert, const struct re_shape *next, bool last)
{
	return assert->kind == RE_SHAPE_ASSERT &&
	       assert->assert == (last ? RE_LINE_END : RE_LINE_START) &&
	       next->kind == RE_SHAPE_REPEAT && next->max == RE_UNBOUNDED &&
	       next->kids[0]->kind == RE_SHAPE_SET && ksift_re_set_is_dot(&next->kids[0]->set);
}

static struct re_shape *trim_cat(struct re_arena *arena, struct re_shape *s, bool last)
{
	uint32_t from = 0, to = s->kid_count, i;
	struct re_shape *edge = NULL;
	struct list list = { 0 };

	while (from < to) {
		i = last ? to - 1 : from;
		if (to - from > 1 && idle_assert(s->kids[i], s->kids[last ? i - 1 : i + 1], last)) {
			edge = new_empty(arena);
		} else {
			edge = trim(arena, s->kids[i], last);
		}
		if (!edge)
			return NULL;
		from += !last;
		to -= last;
		if (edge->kind != RE_SHAPE_EMPTY)
			break;
	}
	if (edge && !last && !append(arena, &list, edge))
		return NULL;
	for (i = from; i < to; i++)
		if (!append(arena, &list, s->kids[i]))
			return NULL;
	if (edge && last && !append(arena, &list, edge))
		return NULL;
	return new_cat(arena, &list);
}

static struct re_shape *trim(struct re_arena *arena, struct re_shape *s, bool last)
{
	struct list list = { 0 };
	uint32_t i;

	if (s->nullable)
		return new_empty(arena);
	if (s->kind == RE_SHAPE_REPEAT)
		return trim_repeat(arena, s, last);
	if (s->kind == RE_SHAPE_CAT)
		return trim_cat(arena, s, last);
	if (s->kind != RE_SHAPE_ALT)
		return s;
	for (i = 0; i < s->kid_count; i++) {
		struct re_shape *kid = trim(arena, s->kids[i], last);

		if (!push(arena, &list, kid))
			return NULL;
		/* Such as ^.*, which is nullable nowhere, and yet at hand everywhere. */
		if (kid->kind == RE_SHAPE_EMPTY)
			return kid;
	}
	return new_alt(arena, &list);
}

struct re_shape *ksift_re_shape_trim(struct re_arena *arena, struct re_shape *shape)
{
	struct re_shape *s = trim(arena, shape, false);

	return s ? trim(arena, s, true) : NULL;
}
