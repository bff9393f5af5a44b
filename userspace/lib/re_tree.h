/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Regular expressions as trees: what re_parse.c makes of a pattern's text, and
 * re_lower.c and re_positions.c make programs and automata from.
 */
#ifndef _LIBKSIFT_RE_TREE_H
#define _LIBKSIFT_RE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ksift.h>

/**
 * enum re_kind - Nodes of a tree
 * @RE_EMPTY: Matches nothing at all, which is everywhere
 * @RE_SET: One byte of @set; none if that is empty
 * @RE_CAT: All of its @kids, one after another
 * @RE_ALT: One of its @kids
 * @RE_REPEAT: Its only kid @min to @max times
 * @RE_GROUP: Its only kid, which back-reference @nr means
 * @RE_BACKREF: What group @nr has matched
 * @RE_ASSERT: Nothing at all, where @assert holds
 */
enum re_kind {
	RE_EMPTY,
	RE_SET,
	RE_CAT,
	RE_ALT,
	RE_REPEAT,
	RE_GROUP,
	RE_BACKREF,
	RE_ASSERT
};

/* What an RE_ASSERT asks for. */
enum re_assert {
	RE_LINE_START,		/* ^ and \` */
	RE_LINE_END,		/* $ and \' */
	RE_WORD_START,		/* \< */
	RE_WORD_END,		/* \> */
	RE_WORD_EDGE,		/* \b */
	RE_NOT_WORD_EDGE,	/* \B */
	RE_NO_WORD_BEFORE,	/* -w: no word's byte before */
	RE_NO_WORD_AFTER	/* -w: no word's byte after */
};

#define RE_UNBOUNDED UINT32_MAX

/**
 * struct re_node - A node
 * @kind: enum re_kind
 * @assert: enum re_assert
 * @min: Least repetitions
 * @max: Most, or RE_UNBOUNDED
 * @nr: Number of a group, from 1
 * @set: Bytes; the newline is in none of them (with -z: the NUL)
 * @kids: @kid_count nodes
 * @kid_count: How many
 * @depth: Nodes on the longest way down from this one, itself included
 *
 * Nodes are of one arena, and are freed with it.
 */
struct re_node {
	enum re_kind kind;
	enum re_assert assert;
	uint32_t min;
	uint32_t max;
	uint32_t nr;
	struct ksift_set set;
	struct re_node **kids;
	uint32_t kid_count;
	uint32_t depth;
};

/* What walks over trees calls itself for each level of one: bound the stack. */
#define RE_DEPTH_MAX 2000

/* Memory of one compilation, at most RE_MEMORY_MAX bytes; zero it to begin. */
struct re_arena {
	void *blocks;
	size_t used;
	bool exhausted;
};

#define RE_MEMORY_MAX (32u << 20)

/* Zeroed memory that lives as long as the arena; NULL: there is no more. */
void *ksift_re_alloc(struct re_arena *arena, size_t size);
void ksift_re_arena_free(struct re_arena *arena);

/*
 * A node of these kids, NULL: there is no memory.  One that is deeper than RE_DEPTH_MAX
 * exhausts the arena, too.
 */
struct re_node *ksift_re_node_new(struct re_arena *arena, enum re_kind kind,
				  struct re_node *const *kids, size_t kid_count);

static inline bool re_set_has(const struct ksift_set *set, unsigned int c)
{
	return set->bits[c / 64] >> c % 64 & 1;
}

static inline void re_set_add(struct ksift_set *set, unsigned int c)
{
	set->bits[c / 64] |= (__u64)1 << c % 64;
}

static inline void re_set_remove(struct ksift_set *set, unsigned int c)
{
	set->bits[c / 64] &= ~((__u64)1 << c % 64);
}

#endif /* _LIBKSIFT_RE_TREE_H */
