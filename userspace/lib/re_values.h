/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What lies between trees and programs: operations whose results have no registers
 * yet.  Equal ones are one, and those of constant operands are none.
 */
#ifndef _LIBKSIFT_RE_VALUES_H
#define _LIBKSIFT_RE_VALUES_H

#include "re_lower.h"

/* Twice what a program has: many values turn out not to be needed. */
#define RE_VALUES_MAX (2 * KSIFT_OPS_MAX)
#define RE_VALUE_SETS_MAX (2 * KSIFT_SETS_MAX)
#define RE_VALUE_SLOTS (4 * RE_VALUES_MAX)

/* All places. */
#define RE_ALL (-1)

/**
 * struct re_value - The result of an operation
 * @code: enum ksift_opcode
 * @a: The value of its first operand, or the number of its set or literal
 * @b: The value of its second, or -1
 * @k: Its distance
 */
struct re_value {
	int code;
	int a;
	int b;
	int k;
};

/**
 * struct re_literal - A literal
 * @bytes: Its bytes; the letters are small ones with @fold
 * @len: How many
 * @fold: Their case makes no difference
 */
struct re_literal {
	const unsigned char *bytes;
	uint32_t len;
	bool fold;
};

/**
 * struct re_values - The values of a program
 * @values: @count values
 * @sets: @set_count sets of CLASS
 * @literals: @literal_count literals
 * @slots: Numbers of values, by hash
 * @zero: The empty value, or -1
 * @too_big: There is no room for more
 */
struct re_values {
	struct re_value values[RE_VALUES_MAX];
	struct ksift_set sets[RE_VALUE_SETS_MAX];
	struct re_literal literals[RE_VALUES_MAX];
	int16_t slots[RE_VALUE_SLOTS];
	int count;
	int set_count;
	int literal_count;
	bool too_big;
};

void ksift_re_values_begin(struct re_values *v);

/*
 * Where there is no room, these set too_big and return some value.  An operand may be
 * RE_ALL.  A set's number is re_value_set()'s.
 */
int ksift_re_value_class(struct re_values *v, const struct ksift_set *set, int k);
int ksift_re_value_zero(struct re_values *v);
int ksift_re_value_start(struct re_values *v);
int ksift_re_value_newline(struct re_values *v);
int ksift_re_value_literal(struct re_values *v, const struct re_literal *literal);
int ksift_re_value_and(struct re_values *v, int a, int b);
int ksift_re_value_or(struct re_values *v, int a, int b);
int ksift_re_value_andnot(struct re_values *v, int a, int b);
int ksift_re_value_xor(struct re_values *v, int a, int b);
int ksift_re_value_advance(struct re_values *v, int a, uint32_t k);
int ksift_re_value_run(struct re_values *v, int a, const struct ksift_set *set);
bool ksift_re_value_is_zero(const struct re_values *v, int a);

#endif /* _LIBKSIFT_RE_VALUES_H */
