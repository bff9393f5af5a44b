/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is checked of the arguments of RUN and FILTER on any side, by the contract in
 * uapi/ksift.h.
 */
#ifndef KSIFT_ENGINE_CHECK_H
#define KSIFT_ENGINE_CHECK_H

#include "port.h"
#include "../uapi/ksift.h"

/**
 * ksift_check_run() - Check what all kernels have in common
 * @run: The arguments
 * @sources: Bit (1 << n) for each enum ksift_source that the kernel takes
 *
 * Return: 0, -EINVAL or -EOPNOTSUPP.
 */
int ksift_check_run(const struct ksift_run *run, u32 sources);

/**
 * ksift_check_lines() - Check the arguments of the kernel "lines"
 * @args: The arguments
 *
 * Return: 0, -EINVAL, -EOPNOTSUPP, or -EFAULT: a buffer wraps around.
 */
int ksift_check_lines(const struct ksift_lines *args);

/**
 * ksift_check_element() - Check the size of an array's elements
 * @size: As the caller gave it
 * @known: As this engine knows it
 * @wanted: There is an array; else @size must be 0
 *
 * Return: 0; -EINVAL: too small, or not 0; -EOPNOTSUPP: larger than known.
 */
int ksift_check_element(u32 size, u32 known, bool wanted);

/**
 * ksift_check_array() - Check an array's address and capacity
 * @addr: The address
 * @cap: How many elements there is room for
 * @size: Bytes in an element
 *
 * Return: 0; -EINVAL: one of @addr and @cap is 0 and the other is not; -EFAULT: the
 * array wraps around.
 */
int ksift_check_array(u64 addr, u64 cap, size_t size);

/**
 * ksift_check_pattern() - Check a pattern of a filter
 * @pat: The pattern
 * @program: The filter's enum ksift_program
 *
 * Return: 0, -EINVAL or -EOPNOTSUPP.
 */
int ksift_check_pattern(const struct ksift_pattern *pat, u32 program);

/**
 * ksift_check_line_program() - Check a line program but for what it points to
 * @program: The line program
 *
 * Return: 0, -EINVAL or -EOPNOTSUPP.
 */
int ksift_check_line_program(const struct ksift_line_program *program);

/**
 * ksift_check_literal() - Check a literal of a line program
 * @pat: The literal
 * @flags: Those of enum ksift_pattern_flags that it may have
 * @most: Bytes that it may have
 *
 * Return: 0, -EINVAL or -EOPNOTSUPP.
 */
int ksift_check_literal(const struct ksift_pattern *pat, u32 flags, u32 most);

/**
 * ksift_check_automaton() - Check an automaton but for its sets
 * @automaton: The automaton
 * @patterns: Patterns of the filter
 * @before: Patterns of the automata before it, a bit each
 * @positions: Positions of those before it; its own are added
 *
 * Return: 0 or -EINVAL.
 */
int ksift_check_automaton(const struct ksift_automaton *automaton, u32 patterns,
			  u64 before, u32 *positions);

#endif /* KSIFT_ENGINE_CHECK_H */
