/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trees as programs are made from them: without groups, with strings in one piece, and
 * with what lowering asks about each part.
 */
#ifndef _LIBKSIFT_RE_SHAPE_H
#define _LIBKSIFT_RE_SHAPE_H

#include "re_lower.h"

enum re_shape_kind {
	RE_SHAPE_EMPTY,
	RE_SHAPE_SET,
	RE_SHAPE_STRING,
	RE_SHAPE_CAT,
	RE_SHAPE_ALT,
	RE_SHAPE_REPEAT,
	RE_SHAPE_ASSERT
};

/**
 * struct re_shape - A part of a regular expression
 * @kind: enum re_shape_kind
 * @assert: enum re_assert of RE_SHAPE_ASSERT
 * @letters: RE_SHAPE_STRING: 0 it has none, 1 they are as they stand, 2 in either case
 * @nullable: It matches nothing at all, everywhere
 * @may_be_null: It matches nothing at all, somewhere
 * @starred: Any number of it is any number of bytes of @star
 * @min: Least repetitions
 * @max: Most, or RE_UNBOUNDED
 * @size: Positions, with what is repeated counted as often; at most RE_SIZE_MAX
 * @len: RE_SHAPE_STRING: bytes, 2 or more
 * @bytes: These; letters are small ones with @letters 2
 * @set: RE_SHAPE_SET
 * @star: See @starred
 * @all: The bytes that it consists of
 * @last: The bytes that it may end with
 * @kids: @kid_count parts
 * @kid_count: How many
 *
 * A CAT has no CAT among its kids, an ALT no ALT, and neither has fewer than two.
 */
struct re_shape {
	enum re_shape_kind kind;
	enum re_assert assert;
	unsigned char letters;
	bool nullable;
	bool may_be_null;
	bool starred;
	uint32_t min;
	uint32_t max;
	uint32_t size;
	uint32_t len;
	const unsigned char *bytes;
	struct ksift_set set;
	struct ksift_set star;
	struct ksift_set all;
	struct ksift_set last;
	struct re_shape **kids;
	uint32_t kid_count;
};

#define RE_SIZE_MAX 1000000000u

/*
 * The shapes of all the trees whose pattern is @pattern, as alternatives.  Back-references
 * become what their groups could match.  NULL: there is no memory, or no such tree.
 */
struct re_shape *ksift_re_shape_make(struct re_arena *arena, const struct re_pattern *patterns,
				     size_t count, unsigned int pattern);

/* As good as @shape for the question which lines have a match anywhere, and simpler. */
struct re_shape *ksift_re_shape_trim(struct re_arena *arena, struct re_shape *shape);

/* Every byte but the newline. */
bool ksift_re_set_is_dot(const struct ksift_set *set);

/* The only byte of a set, or, with @fold, the small letter whose both cases it is; -1. */
int ksift_re_set_byte(const struct ksift_set *set, bool *fold);

#endif /* _LIBKSIFT_RE_SHAPE_H */
