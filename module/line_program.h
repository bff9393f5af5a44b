/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KSIFT_LINE_PROGRAM_H
#define KSIFT_LINE_PROGRAM_H

#include <linux/types.h>

struct ksift_line_program;
struct ksift_lineprog;
struct ksift_nfa;
struct ksift_pattern;

/**
 * struct ksift_program_copy - A line program of the caller's, copied and verified
 * @lines: The program
 * @nfas: Its automata, or NULL
 * @nfa_count: How many
 * @nfa_positions: Positions that they have in all
 * @memory: Bytes that they take
 * @mem: Where @lines is
 * @sets: Where the sets of @nfas are
 *
 * All zero, it holds nothing.
 */
struct ksift_program_copy {
	struct ksift_lineprog *lines;
	struct ksift_nfa *nfas;
	u32 nfa_count;
	u32 nfa_positions;
	size_t memory;
	void *mem;
	void *sets;
};

/**
 * ksift_program_take() - Copy a line program from the caller, and verify it
 * @program: Zeroed; to be given to ksift_program_free(), even after an error
 * @given: The caller's structure, checked by ksift_check_line_program()
 * @pattern_count: Patterns of the filter
 *
 * Return: 0, -EINVAL, -EOPNOTSUPP, -EFAULT or -ENOMEM.
 */
int ksift_program_take(struct ksift_program_copy *program,
		       const struct ksift_line_program *given, u32 pattern_count);
void ksift_program_free(struct ksift_program_copy *program);

/**
 * ksift_copy_array() - Copy an array from the caller
 * @addr: Where it is
 * @count: Elements, checked
 * @size: sizeof() an element
 *
 * Return: the copy, for kvfree(); NULL if @count is 0; ERR_PTR(-ENOMEM) or
 * ERR_PTR(-EFAULT).
 */
void *ksift_copy_array(u64 addr, u32 count, size_t size);

/* Copy the bytes of a literal, none of which may be a newline (-EINVAL). */
int ksift_copy_literal(u8 *to, const struct ksift_pattern *pat);

#endif /* KSIFT_LINE_PROGRAM_H */
