// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hints: of what every match of a pattern has at least one, the strings that are rarest.
 * A line has to match a pattern of every group, and so those of one group will do.
 */
#include <string.h>

#include "re_hints.h"
#include "re_share.h"

/* More bytes make a string no rarer to speak of. */
#define HINT_BYTES_MAX 64

/* Shorter strings are found all over. */
#define HINT_BYTES_MIN 2

/* Where more bytes begin a hint, too many lines have one for it to be of use. */
#define HINT_SHARE_MAX 0.0008

/* A line has about so many bytes. */
#define LINE_BYTES 80.0

/*
 * In logs the names of severities are in more lines than their letters tell: they are
 * hints only where there are no others.
 */
#define LEVEL_SHARE 0.0007

/* Pairs of strings that are compared in all, so that it takes no time to speak of. */
#define PAIRS_MAX 50000

struct hint {
	struct re_literal literal;
	bool anchored;
};

/**
 * struct hints - Strings of which every match has one
 * @hints: @count of them
 * @count: How many; 0: there are none
 * @share: How many bytes begin one, about
 */
struct hints {
	struct hint *hints;
	uint32_t count;
	double share;
};

/**
 * struct search - The search for hints
 * @arena: Memory for as long as it takes
 * @pairs: Pairs of strings that may still be compared
 */
struct search {
	struct re_arena arena;
	uint32_t pairs;
};

/* Whatever has @a has @b, too. */
static bool implies(const struct hint *a, const struct hint *b)
{
	uint32_t at, i;

	if (b->literal.len > a->literal.len || (a->literal.fold && !b->literal.fold) ||
	    (b->anchored && !a->anchored))
		return false;
	for (at = 0; at + b->literal.len <= a->literal.len; at++) {
		for (i = 0; i < b->literal.len; i++) {
			unsigned char x = a->literal.bytes[at + i], y = b->literal.bytes[i];

			if (x != y && !(b->literal.fold && (x | 32) == y && y >= 'a' && y <= 'z'))
				break;
		}
		if (i == b->literal.len)
			return true;
		if (b->anchored)
			break;
	}
	return false;
}

static bool has_word(const struct re_literal *literal, const char *word)
{
	uint32_t at, i;

	for (at = 0; at < literal->len; at++) {
		for (i = 0; word[i] && at + i < literal->len; i++)
			if ((literal->bytes[at + i] | 32) != word[i])
				break;
		if (!word[i])
			return true;
	}
	return false;
}

static bool is_level(const struct re_literal *literal)
{
	static const char *const words[] = {
		"error", "warn", "info", "debug", "notice", "trace", "crit", "fatal",
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (has_word(literal, words[i]))
			return true;
	return false;
}

static double hint_share(const struct hint *hint)
{
	double share = ksift_re_literal_share(&hint->literal) /
		       (hint->anchored ? LINE_BYTES : 1);

	return share < LEVEL_SHARE && is_level(&hint->literal) ? LEVEL_SHARE : share;
}

/* False: there are too many. */
static bool add_hint(struct search *search, struct hints *to, const struct hint *hint)
{
	uint32_t i, n = 0;

	if (search->pairs < 2 * to->count)
		return false;
	search->pairs -= 2 * to->count;
	for (i = 0; i < to->count; i++)
		if (implies(hint, &to->hints[i]))
			return true;
	for (i = 0; i < to->count; i++) {
		if (implies(&to->hints[i], hint))
			to->share -= hint_share(&to->hints[i]);
		else
			to->hints[n++] = to->hints[i];
	}
	to->count = n;
	if (n == KSIFT_HINTS_MAX)
		return false;
	to->hints[to->count++] = *hint;
	to->share += hint_share(hint);
	return true;
}

static bool new_hints(struct search *search, struct hints *hints, uint32_t room)
{
	hints->hints = ksift_re_alloc(&search->arena, room * sizeof(*hints->hints));
	return hints->hints;
}

static bool require(struct search *search, const struct re_shape *s, bool at_start,
		    struct hints *out);

static bool require_string(struct search *search, const struct re_shape *s, bool at_start,
			   struct hints *out)
{
	struct hint hint = {
		.literal = {
			.bytes = s->bytes,
			.len = s->len < HINT_BYTES_MAX ? s->len : HINT_BYTES_MAX,
			.fold = s->letters == 2,
		},
		.anchored = at_start,
	};

	return hint.literal.len >= HINT_BYTES_MIN && new_hints(search, out, 1) &&
	       add_hint(search, out, &hint);
}

/* The best of what each part asks for. */
static bool require_cat(struct search *search, const struct re_shape *s, bool at_start,
			struct hints *out)
{
	struct hints one;
	uint32_t i;

	for (i = 0; i < s->kid_count; i++) {
		const struct re_shape *kid = s->kids[i];

		if (kid->kind == RE_SHAPE_ASSERT) {
			at_start |= kid->assert == RE_LINE_START;
			continue;
		}
		memset(&one, 0, sizeof(one));
		if (require(search, kid, at_start, &one) && (!out->count || one.share < out->share))
			*out = one;
		at_start = false;
	}
	return out->count;
}

/* All of what each asks for. */
static bool require_alt(struct search *search, const struct re_shape *s, bool at_start,
			struct hints *out)
{
	struct hints one;
	uint32_t i, k;

	if (!new_hints(search, out, KSIFT_HINTS_MAX))
		return false;
	for (i = 0; i < s->kid_count; i++) {
		memset(&one, 0, sizeof(one));
		if (!require(search, s->kids[i], at_start, &one))
			return false;
		for (k = 0; k < one.count; k++)
			if (!add_hint(search, out, &one.hints[k]))
				return false;
	}
	return out->count;
}

/* False: there is nothing that every match has. */
static bool require(struct search *search, const struct re_shape *s, bool at_start,
		    struct hints *out)
{
	switch (s->kind) {
	case RE_SHAPE_STRING:
		return require_string(search, s, at_start, out);
	case RE_SHAPE_CAT:
		return require_cat(search, s, at_start, out);
	case RE_SHAPE_ALT:
		return require_alt(search, s, at_start, out);
	case RE_SHAPE_REPEAT:
		return s->min && require(search, s->kids[0], at_start, out);
	default:
		return false;
	}
}

static bool require_group(struct search *search, const struct re_hinted *patterns,
			  unsigned int group, struct hints *out)
{
	struct hints one;
	uint32_t i, k;

	if (!new_hints(search, out, KSIFT_HINTS_MAX))
		return false;
	for (i = 0; i < KSIFT_PATTERNS_MAX; i++) {
		if (!patterns[i].shape || patterns[i].exclude || patterns[i].group != group)
			continue;
		memset(&one, 0, sizeof(one));
		if (!require(search, patterns[i].shape, false, &one))
			return false;
		for (k = 0; k < one.count; k++)
			if (!add_hint(search, out, &one.hints[k]))
				return false;
	}
	return out->count && out->count <= KSIFT_HINTS_MAX;
}

void ksift_re_hints(struct re_arena *arena, const struct re_hinted *patterns, struct re_program *out)
{
	struct search search = { .pairs = PAIRS_MAX };
	struct hints best = { 0 }, one;
	struct ksift_pattern *to;
	unsigned int group;
	uint32_t i;

	for (group = 0; group < KSIFT_GROUPS_MAX; group++) {
		memset(&one, 0, sizeof(one));
		if (require_group(&search, patterns, group, &one) && one.share < HINT_SHARE_MAX &&
		    (!best.count || one.share < best.share))
			best = one;
	}
	if (best.count)
		out->hints = ksift_re_alloc(arena, best.count * sizeof(*out->hints));
	if (out->hints)
		out->hint_count = best.count;
	for (i = 0; i < out->hint_count; i++) {
		to = &out->hints[i];
		to->data = (uintptr_t)best.hints[i].literal.bytes;
		to->len = best.hints[i].literal.len;
		to->flags = (best.hints[i].literal.fold ? KSIFT_PATTERN_FOLD : 0) |
			    (best.hints[i].anchored ? KSIFT_PATTERN_ANCHORED : 0);
	}
	ksift_re_arena_free(&search.arena);
}
