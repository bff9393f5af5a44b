// SPDX-License-Identifier: GPL-2.0-only
/*
 * Glushkov's construction (V. M. Glushkov, The abstract theory of automata, 1961),
 * with assertions.
 *
 * An assertion holds or not by what is on both sides of its place: the line's edge, a
 * word's byte, or another byte, which makes nine kinds of places.  A part of the tree
 * can match nothing at all at some of these, which is a mask of nine bits; to match one
 * thing after another there is to intersect the masks.  Where a place is next to a
 * position, that side of it is known if all of the position's bytes are of one kind.
 * So bytes of both kinds become two positions, twins, if there is an assertion that asks
 * for words.  Then each edge of the automaton either holds or does not, and no assertion
 * is left.  Twins that nothing tells apart in the end become one position again.
 */
#include <errno.h>
#include <string.h>

#include "re_positions.h"

#define EVERYWHERE 0x1ffu
#define PLACE(context, next) (1u << (RE_CONTEXTS * (context) + (next)))
/* Deeper trees would take too much of the stack; parentheses do not count. */
#define DEPTH_MAX 1000
/* Nodes, counting the copies that repetition makes: some milliseconds. */
#define STEPS_MAX (1u << 17)

/* What is known of a part of the tree; lists of parts are those that are free. */
struct part {
	struct part *next;
	uint64_t *first[RE_CONTEXTS];	/* by the context: where it may begin */
	uint64_t *last[RE_CONTEXTS];	/* by what is next: where it may end */
	uint32_t null;			/* the places where it matches nothing at all */
};

struct position {
	struct ksift_set bytes;
	uint64_t *follow;
	uint32_t kind;			/* RE_AT_OTHER: has no word's byte, or no matter */
	bool twin;			/* the next one has the other bytes of its set */
};

struct builder {
	struct re_arena *arena;
	struct position *positions;
	uint32_t count, max;
	uint32_t words;			/* of a set of so many positions */
	uint64_t *kinds[RE_CONTEXTS];	/* those of a kind */
	struct part *free;
	struct ksift_set word;
	bool split;
	uint32_t steps;
	int error;
};

static bool fail(struct builder *b, int error)
{
	if (!b->error)
		b->error = error;
	return false;
}

static void *alloc(struct builder *b, size_t size)
{
	void *p = ksift_re_alloc(b->arena, size);

	if (!p)
		fail(b, -ENOMEM);
	return p;
}

static uint64_t *set_new(struct builder *b)
{
	return alloc(b, b->words * sizeof(uint64_t));
}

static void set_add(uint64_t *set, uint32_t n)
{
	set[n / 64] |= UINT64_C(1) << n % 64;
}

static bool set_has(const uint64_t *set, uint32_t n)
{
	return set[n / 64] >> n % 64 & 1;
}

/* Words of a set of the positions that there are so far. */
static uint32_t used(const struct builder *b)
{
	return (b->count + 63) / 64;
}

static void unite(const struct builder *b, uint64_t *to, const uint64_t *from)
{
	uint32_t w, n = used(b);

	for (w = 0; w < n; w++)
		to[w] |= from[w];
}

static void unite_both(const struct builder *b, uint64_t *to, const uint64_t *from,
		       const uint64_t *and)
{
	uint32_t w, n = used(b);

	for (w = 0; w < n; w++)
		to[w] |= from[w] & and[w];
}

/* A part that matches nothing at all at the places @null, and nothing else. */
static struct part *part_new(struct builder *b, uint32_t null)
{
	struct part *p = b->free;
	uint32_t i;

	if (p) {
		b->free = p->next;
		for (i = 0; i < RE_CONTEXTS; i++) {
			memset(p->first[i], 0, used(b) * sizeof(uint64_t));
			memset(p->last[i], 0, used(b) * sizeof(uint64_t));
		}
	} else {
		p = alloc(b, sizeof(*p));
		for (i = 0; p && i < RE_CONTEXTS; i++) {
			p->first[i] = set_new(b);
			p->last[i] = set_new(b);
		}
		if (b->error)
			return NULL;
	}
	p->null = null;
	return p;
}

static void part_free(struct builder *b, struct part *p)
{
	p->next = b->free;
	b->free = p;
}

/* After the positions at which @p may end come those at which @q may begin. */
static void link_parts(struct builder *b, const struct part *p, const struct part *q)
{
	uint32_t w, n, kind;

	for (w = 0; w < used(b); w++) {
		uint64_t left = p->last[RE_AT_OTHER][w] | p->last[RE_AT_WORD][w];

		for (; left; left &= left - 1) {
			n = 64 * w + __builtin_ctzll(left);
			for (kind = RE_AT_OTHER; kind <= RE_AT_WORD; kind++)
				if (set_has(p->last[kind], n))
					unite_both(b, b->positions[n].follow,
						   q->first[b->positions[n].kind],
						   b->kinds[kind]);
		}
	}
}

/* @p becomes @p and @q, one after the other. */
static void join(struct builder *b, struct part *p, const struct part *q)
{
	uint32_t side, kind, null = q->null;

	link_parts(b, p, q);
	for (side = 0; side < RE_CONTEXTS; side++)
		for (kind = RE_AT_OTHER; kind <= RE_AT_WORD; kind++)
			if (p->null & PLACE(side, kind))
				unite_both(b, p->first[side], q->first[side], b->kinds[kind]);
	for (side = 0; side < RE_CONTEXTS; side++) {
		uint32_t w, n = used(b);

		for (w = 0; w < n; w++) {
			uint64_t stay = 0;

			for (kind = RE_AT_OTHER; kind <= RE_AT_WORD; kind++)
				if (null & PLACE(kind, side))
					stay |= b->kinds[kind][w];
			p->last[side][w] = (p->last[side][w] & stay) | q->last[side][w];
		}
	}
	p->null &= null;
}

/* @p becomes @p or @q. */
static void either(struct builder *b, struct part *p, const struct part *q)
{
	uint32_t i;

	for (i = 0; i < RE_CONTEXTS; i++) {
		unite(b, p->first[i], q->first[i]);
		unite(b, p->last[i], q->last[i]);
	}
	p->null |= q->null;
}

static bool has_bytes(const struct ksift_set *set)
{
	return set->bits[0] | set->bits[1] | set->bits[2] | set->bits[3];
}

static bool add_position(struct builder *b, struct part *p, const struct ksift_set *bytes,
			 uint32_t kind, bool twin)
{
	uint32_t n = b->count, i;

	if (n == b->max)
		return fail(b, -E2BIG);
	b->positions[n] = (struct position){
		.bytes = *bytes,
		.follow = set_new(b),
		.kind = kind,
		.twin = twin,
	};
	if (b->error)
		return false;
	b->count++;
	set_add(b->kinds[kind], n);
	for (i = 0; i < RE_CONTEXTS; i++) {
		set_add(p->first[i], n);
		set_add(p->last[i], n);
	}
	return true;
}

static struct part *build_set(struct builder *b, const struct ksift_set *set)
{
	struct part *p = part_new(b, 0);
	struct ksift_set words, others;
	bool both;
	uint32_t i;

	if (!p)
		return NULL;
	for (i = 0; i < 4; i++) {
		words.bits[i] = set->bits[i] & b->word.bits[i];
		others.bits[i] = set->bits[i] & ~b->word.bits[i];
	}
	both = has_bytes(&words) && has_bytes(&others);
	if (both && !b->split) {
		add_position(b, p, set, RE_AT_OTHER, false);
		return p;
	}
	if (has_bytes(&words))
		add_position(b, p, &words, RE_AT_WORD, both);
	if (has_bytes(&others))
		add_position(b, p, &others, RE_AT_OTHER, false);
	return p;
}

static uint32_t places_of(enum re_assert assert)
{
	uint32_t context, next, places = 0;

	for (context = 0; context < RE_CONTEXTS; context++)
		for (next = 0; next < RE_CONTEXTS; next++) {
			bool before = context == RE_AT_WORD, after = next == RE_AT_WORD;
			bool holds = false;

			switch (assert) {
			case RE_LINE_START:
				holds = context == RE_AT_EDGE;
				break;
			case RE_LINE_END:
				holds = next == RE_AT_EDGE;
				break;
			case RE_WORD_START:
				holds = !before && after;
				break;
			case RE_WORD_END:
				holds = before && !after;
				break;
			case RE_WORD_EDGE:
				holds = before != after;
				break;
			case RE_NOT_WORD_EDGE:
				holds = before == after;
				break;
			case RE_NO_WORD_BEFORE:
				holds = !before;
				break;
			case RE_NO_WORD_AFTER:
				holds = !after;
				break;
			}
			if (holds)
				places |= PLACE(context, next);
		}
	return places;
}

static struct part *build(struct builder *b, const struct re_node *node, uint32_t depth);

/*
 * x{2,4} is xx(x(x)?)?: @whole gathers how many copies there may be, and @last is
 * all of the copies so far.
 */
static struct part *build_repeat(struct builder *b, const struct re_node *node,
				 uint32_t depth)
{
	struct part *last = part_new(b, EVERYWHERE);
	struct part *whole = part_new(b, node->min ? 0 : EVERYWHERE);
	uint32_t i, copies = node->max;

	if (!last || !whole)
		return NULL;
	if (node->max == RE_UNBOUNDED)
		copies = node->min ? node->min : 1;
	for (i = 1; i <= copies; i++) {
		uint32_t count = b->count;
		struct part *copy = build(b, node->kids[0], depth);

		if (!copy)
			return NULL;
		/* More of what takes no bytes at the same place is the same. */
		if (count == b->count)
			i = copies;
		if (i == copies && node->max == RE_UNBOUNDED)
			link_parts(b, copy, copy);
		join(b, last, copy);
		part_free(b, copy);
		if (i >= node->min)
			either(b, whole, last);
	}
	part_free(b, last);
	return whole;
}

static struct part *build_kids(struct builder *b, const struct re_node *node, uint32_t depth)
{
	bool cat = node->kind == RE_CAT;
	struct part *whole = part_new(b, cat ? EVERYWHERE : 0);
	uint32_t i;

	for (i = 0; whole && i < node->kid_count; i++) {
		struct part *kid = build(b, node->kids[i], depth);

		if (!kid)
			return NULL;
		if (cat)
			join(b, whole, kid);
		else
			either(b, whole, kid);
		part_free(b, kid);
	}
	return whole;
}

/* What a node means that has one kid and adds nothing to it. */
static const struct re_node *inner(const struct re_node *node)
{
	while (node->kind == RE_GROUP ||
	       ((node->kind == RE_CAT || node->kind == RE_ALT) && node->kid_count == 1))
		node = node->kids[0];
	return node;
}

static struct part *build(struct builder *b, const struct re_node *node, uint32_t depth)
{
	struct part *p = NULL;

	node = inner(node);
	if (depth == DEPTH_MAX || b->steps++ == STEPS_MAX) {
		fail(b, -E2BIG);
		return NULL;
	}
	switch (node->kind) {
	case RE_EMPTY:
		p = part_new(b, EVERYWHERE);
		break;
	case RE_SET:
		p = build_set(b, &node->set);
		break;
	case RE_ASSERT:
		p = part_new(b, places_of(node->assert));
		break;
	case RE_REPEAT:
		p = build_repeat(b, node, depth + 1);
		break;
	case RE_CAT:
	case RE_ALT:
		p = build_kids(b, node, depth + 1);
		break;
	case RE_GROUP:
		break;
	case RE_BACKREF:
		fail(b, -EOPNOTSUPP);
		break;
	}
	return b->error ? NULL : p;
}

/*
 * What is in the tree: back-references and assertions that ask for words, and how many
 * positions it takes at most, so that a tree with too many is given back at once.
 */
struct survey {
	bool backref, words;
	uint32_t nodes;
};

static uint64_t capped(uint64_t n)
{
	return n < UINT32_MAX ? n : UINT32_MAX;
}

static uint64_t survey(struct survey *s, const struct re_node *node, uint32_t depth)
{
	uint64_t n = 0, copies;
	uint32_t i;

	node = inner(node);
	if (depth == DEPTH_MAX || s->nodes++ == STEPS_MAX)
		return UINT32_MAX;
	switch (node->kind) {
	case RE_SET:
		return 1;
	case RE_BACKREF:
		s->backref = true;
		return 0;
	case RE_ASSERT:
		s->words |= node->assert != RE_LINE_START && node->assert != RE_LINE_END;
		return 0;
	case RE_REPEAT:
		n = survey(s, node->kids[0], depth + 1);
		copies = node->max;
		if (node->max == RE_UNBOUNDED)
			copies = node->min ? node->min : 1;
		return capped(n * copies);
	case RE_CAT:
	case RE_ALT:
		for (i = 0; i < node->kid_count; i++)
			n += survey(s, node->kids[i], depth + 1);
		return capped(n);
	default:
		return 0;
	}
}

/*
 * Whether each pair of twins is one position: nothing leads to, begins or ends at one
 * alone, and the same follows both.  @merge: returns the first ones of these pairs.
 */
static void find_equal_twins(struct builder *b, const struct part *p, uint64_t *merge)
{
	uint32_t i, w;

	for (i = 0; i < b->count; i++)
		if (b->positions[i].twin &&
		    !memcmp(b->positions[i].follow, b->positions[i + 1].follow,
			    b->words * sizeof(uint64_t)))
			set_add(merge, i);
	for (i = 0; i < b->count + 2 * RE_CONTEXTS; i++) {
		const uint64_t *set = i < RE_CONTEXTS ? p->first[i] :
			i < 2 * RE_CONTEXTS ? p->last[i - RE_CONTEXTS] :
			b->positions[i - 2 * RE_CONTEXTS].follow;

		for (w = 0; w < b->words; w++) {
			uint64_t next = w + 1 < b->words ? set[w + 1] << 63 : 0;

			merge[w] &= ~(set[w] ^ (set[w] >> 1 | next));
		}
	}
}

/* @numbers: what the positions are called in the end. */
static void put_set(const struct builder *b, uint64_t *to, const uint64_t *from,
		    const uint32_t *numbers)
{
	uint32_t w;

	for (w = 0; w < b->words; w++) {
		uint64_t left = from[w];

		for (; left; left &= left - 1)
			set_add(to, numbers[64 * w + __builtin_ctzll(left)]);
	}
}

static void finish(struct builder *b, const struct part *p, uint32_t limit,
		   struct re_automaton *out)
{
	uint64_t *merge = set_new(b);
	uint32_t *numbers = alloc(b, (b->count + 1) * sizeof(*numbers));
	uint32_t i, c, count = 0;

	if (b->error)
		return;
	find_equal_twins(b, p, merge);
	for (i = 0; i < b->count; i++) {
		numbers[i] = count;
		count += !set_has(merge, i);
	}
	if (count > limit) {
		fail(b, -E2BIG);
		return;
	}
	out->positions = count ? count : 1;
	out->words = (out->positions + 63) / 64;
	if (out->words < 4)
		out->words = 4;
	out->empty = p->null;
	out->sets = alloc(b, (RE_FOLLOW + (size_t)out->positions) * out->words *
			  sizeof(uint64_t));
	if (b->error)
		return;
	for (c = 0; c < RE_CONTEXTS; c++) {
		put_set(b, re_automaton_set(out, RE_BEGIN + c), p->first[c], numbers);
		put_set(b, re_automaton_set(out, RE_END + c), p->last[c], numbers);
	}
	for (i = 0; i < b->count; i++) {
		const struct position *pos = &b->positions[i];

		put_set(b, re_automaton_set(out, RE_FOLLOW + numbers[i]), pos->follow,
			numbers);
		for (c = 0; c < 256; c++)
			if (re_set_has(&pos->bytes, c))
				set_add(re_automaton_set(out, RE_BYTE + c), numbers[i]);
	}
}

uint64_t ksift_re_positions_count(const struct re_node *tree)
{
	struct survey s = { };

	return survey(&s, tree, 0);
}

int ksift_re_positions(struct re_arena *arena, const struct re_node *tree, uint32_t limit,
		       struct re_automaton *out)
{
	struct builder b = { .arena = arena };
	struct survey s = { };
	uint64_t most = survey(&s, tree, 0);
	struct part *p;
	uint32_t c;

	if (s.backref)
		return -EOPNOTSUPP;
	/* Twins may be two of what counts as one in the end. */
	if (most > limit)
		return -E2BIG;
	b.split = s.words;
	b.max = most << b.split;
	b.words = b.max / 64 + 1;
	b.positions = alloc(&b, (b.max + 1) * sizeof(*b.positions));
	for (c = 0; c < RE_CONTEXTS; c++)
		b.kinds[c] = set_new(&b);
	for (c = 0; c < 256; c++)
		if (re_is_word(c))
			b.word.bits[c / 64] |= UINT64_C(1) << c % 64;
	if (b.error)
		return b.error;
	p = build(&b, tree, 0);
	if (p)
		finish(&b, p, limit, out);
	return b.error;
}
