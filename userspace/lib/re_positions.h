/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Position automata from trees.  What the sets mean is in <ksift.h>, at struct
 * ksift_automaton.
 */
#ifndef _LIBKSIFT_RE_POSITIONS_H
#define _LIBKSIFT_RE_POSITIONS_H

#include "re_tree.h"

/* Sets of an automaton: where it may begin, where it may end, of each byte; then what follows. */
#define RE_BEGIN	0
#define RE_END		3
#define RE_BYTE		6
#define RE_FOLLOW	262

/* Contexts of a place, and what is next at it: see struct ksift_automaton. */
#define RE_CONTEXTS	3
#define RE_AT_EDGE	0
#define RE_AT_OTHER	1
#define RE_AT_WORD	2

/* The limit of automata that a process alone runs: half the memory of a compilation. */
#define RE_POSITIONS_MAX 4096u

/**
 * struct re_automaton - A position automaton of any size
 * @sets: RE_FOLLOW + @positions sets of @words words, a bit for each position
 * @words: At least those of a struct ksift_set
 * @positions: How many there are, at least 1
 * @empty: As in struct ksift_automaton
 *
 * With at most KSIFT_POSITIONS_MAX positions, @sets is what a struct ksift_automaton has.
 */
struct re_automaton {
	uint64_t *sets;
	uint32_t words;
	uint32_t positions;
	uint32_t empty;
};

/**
 * ksift_re_positions() - Make the automaton of a tree
 * @arena: Where it is to be, and memory that is needed meanwhile
 * @tree: The tree
 * @limit: Most positions, up to RE_POSITIONS_MAX
 * @out: Returns the automaton
 *
 * Takes time and memory by @limit and the tree's size alone.
 *
 * Return: 0; -EOPNOTSUPP: the tree has back-references; -E2BIG: it is more than @limit
 * positions, or too deep or too large; -ENOMEM.
 */
int ksift_re_positions(struct re_arena *arena, const struct re_node *tree, uint32_t limit,
		       struct re_automaton *out);

/* How many positions a tree takes at most, by what it repeats; capped at UINT32_MAX. */
uint64_t ksift_re_positions_count(const struct re_node *tree);

static inline uint64_t *re_automaton_set(const struct re_automaton *a, uint32_t n)
{
	return a->sets + (size_t)n * a->words;
}

/* Letters, digits and the underscore. */
static inline bool re_is_word(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '_';
}

#endif /* _LIBKSIFT_RE_POSITIONS_H */
