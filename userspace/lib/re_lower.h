/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LIBKSIFT_RE_LOWER_H
#define _LIBKSIFT_RE_LOWER_H

#include "re_tree.h"

/**
 * struct re_pattern - A regular expression that a filter has
 * @tree: What ksift_re_parse() made of it
 * @pattern: The pattern of the filter that lines with it have, below
 *	KSIFT_PATTERNS_MAX; several may mean the same
 * @group: The group of that pattern
 * @exclude: It is an excluding pattern
 * @by_process: ksift_re_parse() says that only regexec() decides
 */
struct re_pattern {
	const struct re_node *tree;
	unsigned int pattern;
	unsigned int group;
	bool exclude;
	bool by_process;
};

/* Leave something out, for tests of the rest. */
enum re_lower_flags {
	RE_NO_HINTS = 1 << 0,
	RE_NO_SKIP = 1 << 1
};

/**
 * enum re_answer - What the program's answer about a pattern is worth
 * @RE_EXACT: It is right
 * @RE_WIDER: A line that it accepts may not match.  An automaton can decide, if it has
 *	not too many positions, else the process.
 * @RE_PROCESS: As RE_WIDER, but only the process can decide, by regexec()
 */
enum re_answer {
	RE_EXACT,
	RE_WIDER,
	RE_PROCESS
};

/**
 * struct re_program - A line program
 * @ops: @op_count operations
 * @sets: @set_count sets
 * @literals: @literal_count literals
 * @hints: @hint_count hints
 * @registers: How many registers it uses
 * @answers: By pattern, what its answer is worth
 * @why: By pattern, why its answer is not exact, or NULL
 */
struct re_program {
	struct ksift_op *ops;
	struct ksift_set *sets;
	struct ksift_pattern *literals;
	struct ksift_pattern *hints;
	uint32_t op_count;
	uint32_t set_count;
	uint32_t literal_count;
	uint32_t hint_count;
	uint32_t registers;
	enum re_answer answers[KSIFT_PATTERNS_MAX];
	const char *why[KSIFT_PATTERNS_MAX];
};

/*
 * Regular expressions to a program that is within the limits of the contract, whatever
 * they are.  The program is of the arena's memory.  Returns 0, or -ENOMEM, where not
 * even a program that accepts every line fits into it.
 */
int ksift_re_lower(struct re_arena *arena, const struct re_pattern *patterns, size_t count,
		   unsigned int flags, struct re_program *out);

#endif /* _LIBKSIFT_RE_LOWER_H */
