/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Compiled filters.
 */
#ifndef KSIFT_ENGINE_FILTER_H
#define KSIFT_ENGINE_FILTER_H

#include "ops.h"
#include "port.h"
#include "../uapi/ksift.h"

struct ksift_lineprog;
struct ksift_nfa;

/*
 * A node of an Aho-Corasick trie.  A node with more than one child has a table of
 * them; 64 patterns make at most 63 of these.  Node 0 is the root, so as a child it
 * means that there is none.
 */
struct ksift_ac_node {
	u64 out;	/* patterns that end here, this node's suffixes' too */
	u32 fail;	/* node of the longest proper suffix */
	u32 child;
	u16 depth;
	u8 byte;	/* leads to child */
	u8 table;	/* index + 1 of the table that replaces child */
};

struct ksift_ac {
	struct ksift_ac_node *nodes;
	u32 (*tables)[256];
	u32 node_count;
	u32 table_count;
	u32 start;	/* at the start of a line: after a newline */
	bool used;
};

/**
 * struct ksift_literal - A pattern as the filter keeps it
 * @data: Its bytes, upper case if it folds
 * @len: How many
 * @flags: enum ksift_pattern_flags
 * @group: Its group
 * @probe: What the vector search looks for
 * @head: Its first 8 bytes, as far as it has them, as they lie in memory
 * @head_mask: The bits of them that count
 */
struct ksift_literal {
	u8 *data;
	u32 len;
	u32 flags;
	u32 group;
	struct ksift_probe probe;
	u64 head;
	u64 head_mask;
};

/*
 * A term is what one bit per line can answer: "some pattern of this set is in
 * the line".  Each group is one, all excluding patterns are one together.
 */
#define KSIFT_TERMS_MAX	(KSIFT_GROUPS_MAX + 1)

/* With more terms than this the automata are faster than bitmaps. */
#define KSIFT_VECTOR_TERMS	4

/* With more patterns than this one search for all is faster than one for each. */
#define KSIFT_FIND_PATTERNS	2

/* Up to so many patterns, the low nibbles of four bytes leave few candidates. */
#define KSIFT_SHORT_PATTERNS	8

/* And up to so many, eight buckets do. */
#define KSIFT_NARROW_PATTERNS	24

/*
 * Patterns that share a bit of Teddy's tables, and the nibbles of their first bytes:
 * bit n of @low[k] is set if byte k of one has n for its low nibble.  While buckets
 * are merged: @size is how many texts are candidates of it, @partner the one that it
 * would best be merged with, and @loss how many candidates that would add.
 */
struct ksift_bucket {
	u64 patterns;
	u16 low[KSIFT_TEDDY_WIDTH];
	u16 high[KSIFT_TEDDY_WHOLE];
	u32 partner;
	s64 size;
	s64 loss;
};

/**
 * struct ksift_prog - A filter, compiled
 * @lits: The patterns
 * @count: How many
 * @level_mask: Bit n: select lines of level n; 0: of every level.  The
 *	caller's to set.
 * @invert: Select what does not match
 * @never: No line matches, before @invert
 * @terms: Patterns of each term that can fail; the excluding one is last
 * @term_count: How many
 * @has_exclude: The last of @terms excludes
 * @include: Patterns that are not excluding
 * @always: Empty patterns: those every line has
 * @reach: Bytes of the longest match, a line's start counting as one: the automata's
 *	look-behind
 * @vector: There are few enough terms for the ways that use vectors
 * @anchored: Some pattern is anchored
 * @term_of: The term that each pattern is in; KSIFT_TERMS_MAX if it is in none
 * @hunt_probe: The prefilter of a hunt for the only pattern there is to find: its
 *	rarest bytes, and the newline before it if it is anchored
 * @sole: That pattern
 * @teddy: The search for all patterns at once, if there are several to find;
 *	else its width is 0
 * @buckets: Its buckets; one for each pattern until they are merged
 * @ac: The automata: [0] as is, [1] case-folding
 * @wakes: Start bytes, which take an automaton away from its root, and the newline
 * @lines: The line program that finds the patterns, or NULL: they are literals
 * @hints: A filter that selects the lines to run it on, or NULL: all
 * @nfas: What decides about the patterns that the program only suspects
 * @nfa_count: How many
 * @nfa_positions: Positions that they have in all
 * @bitmaps: How many bitmaps select lines: one for each term, or the one that
 *	programs.c makes of them
 * @excludes: The last of them excludes
 *
 * @lines, @hints and @nfas are the caller's to set before it compiles, and to free.
 * Written while it is built, constant after that.
 */
struct ksift_prog {
	struct ksift_literal *lits;
	u32 count;
	u32 level_mask;
	bool invert;
	bool never;
	bool has_exclude;
	bool vector;
	bool anchored;
	u32 term_count;
	u64 terms[KSIFT_TERMS_MAX];
	u64 include;
	u64 always;
	u32 reach;
	struct ksift_ac ac[2];
	bool wakes[256];
	u8 term_of[KSIFT_PATTERNS_MAX];
	struct ksift_probe hunt_probe;
	u32 sole;
	struct ksift_teddy teddy;
	struct ksift_bucket buckets[KSIFT_PATTERNS_MAX];
	const struct ksift_lineprog *lines;
	const struct ksift_prog *hints;
	const struct ksift_nfa *nfas;
	u32 nfa_count;
	u32 nfa_positions;
	u32 bitmaps;
	bool excludes;
};

/**
 * struct ksift_build - A compilation under way
 * @prog: The result
 * @data: Bytes of the patterns that are not
 * @inserted: Patterns that are in their trie
 * @depth: How deep the automata's suffix links are made
 * @buckets: How many the patterns are in now
 * @cursor: Where each pattern has got to in its automaton
 */
struct ksift_build {
	struct ksift_prog *prog;
	u8 *data;
	u32 inserted;
	u32 depth;
	u32 buckets;
	u32 cursor[KSIFT_PATTERNS_MAX];
};

/**
 * ksift_prog_size() - Memory that a filter takes
 * @count: Patterns in it, at most KSIFT_PATTERNS_MAX
 * @bytes: Bytes in all of them, at most KSIFT_PATTERN_BYTES_MAX
 *
 * Return: bytes, at most 7 MiB.
 */
size_t ksift_prog_size(u32 count, u32 bytes);

/**
 * ksift_prog_init() - Lay a filter out in zeroed memory
 * @mem: ksift_prog_size(count, bytes) bytes, aligned for any type
 * @count: Patterns in it
 * @bytes: Bytes in all of them
 * @data: Returns where the caller puts the patterns' bytes, one after another
 *
 * The caller then fills in len, flags and group of each of the lits, and data.
 *
 * Return: the filter, at the start of @mem.
 */
struct ksift_prog *ksift_prog_init(void *mem, u32 count, u32 bytes, u8 **data);

/**
 * ksift_prog_start() - Begin compiling
 * @build: State, kept by the caller until ksift_prog_step() is done
 * @prog: From ksift_prog_init(), filled in
 * @data: As ksift_prog_init() returned it
 * @filter_flags: enum ksift_filter_flags
 */
void ksift_prog_start(struct ksift_build *build, struct ksift_prog *prog,
		      u8 *data, u32 filter_flags);

/**
 * ksift_prog_step() - Do some of the compiling
 * @build: The compilation
 *
 * Takes some tens of microseconds.
 *
 * Return: true when there is more to do.
 */
bool ksift_prog_step(struct ksift_build *build);

/**
 * ksift_begins() - Does a pattern that is to be found begin here?
 * @prog: The filter
 * @buckets: Buckets of its teddy in which to look for it
 * @buf: Text
 * @at: Where in it
 * @avail: Bytes of it that are readable
 * @start: A line begins there
 * @pattern: Set to the pattern
 * @budget: Bytes that may be compared, less those that were.  At 0 not all of them
 *	were, and a pattern may begin there though the answer is no.
 */
bool ksift_begins(const struct ksift_prog *prog, u32 buckets, const u8 *buf,
		  size_t at, size_t avail, bool start, u32 *pattern,
		  size_t *budget);

/* Is the literal at @text, of which as many bytes are readable? */
bool ksift_literal_equal(const struct ksift_literal *lit, const u8 *text);

/* ksift_begins() of one literal. */
static inline bool ksift_literal_begins(const struct ksift_literal *lit,
					const u8 *buf, size_t at, size_t avail,
					bool start, size_t *budget)
{
	const size_t len = lit->len;

	if (!start && (lit->flags & KSIFT_PATTERN_ANCHORED))
		return false;
	*budget -= min(*budget, sizeof(lit->head));
	if (avail - at >= sizeof(lit->head)) {
		if ((ksift_load64(buf + at) & lit->head_mask) != lit->head)
			return false;
		if (len <= sizeof(lit->head))
			return true;
	}
	if (len > avail - at)
		return false;
	if (*budget < len) {
		*budget = 0;
		return false;
	}
	*budget -= len;
	return ksift_literal_equal(lit, buf + at);
}

/* Do the patterns select a line in which @seen were found? */
bool ksift_prog_selects(const struct ksift_prog *prog, u64 seen);

/* Do the patterns select every line? */
static inline bool ksift_prog_selects_all(const struct ksift_prog *prog)
{
	return !prog->term_count && prog->never == prog->invert;
}

/* Does the filter select lines of @level? */
static inline bool ksift_prog_takes(const struct ksift_prog *prog, u32 level)
{
	return !prog->level_mask || prog->level_mask >> level & 1;
}

static inline u8 ksift_upper(u8 c)
{
	return c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c;
}

/* The bits of an upper-case byte to compare: a letter's two cases differ in one. */
static inline u8 ksift_case_mask(u8 c, bool fold)
{
	return fold && c >= 'A' && c <= 'Z' ? (u8)~('a' - 'A') : 0xff;
}

/**
 * ksift_probe_rarest() - Have a probe look for a literal's rarest bytes
 * @probe: The probe, zeroed
 * @data: The literal, in upper case if it folds
 * @len: Its length
 * @fold: It folds case
 * @count: How many bytes, at most KSIFT_HUNT_PROBES; fewer if it is shorter
 */
void ksift_probe_rarest(struct ksift_probe *probe, u8 *data, u32 len, bool fold,
			u32 count);

/*
 * One byte further.  A byte takes at most one step down the trie, and each fail link
 * at least one back up, so a text costs at most twice its length in steps.
 */
static inline u32 ksift_ac_step(const struct ksift_ac *ac, u32 state, u8 c)
{
	for (;;) {
		const struct ksift_ac_node *node = &ac->nodes[state];
		u32 next;

		if (node->table)
			next = ac->tables[node->table - 1][c];
		else
			next = node->byte == c ? node->child : 0;
		if (next || !state)
			return next;
		state = node->fail;
	}
}

#endif /* KSIFT_ENGINE_FILTER_H */
