// SPDX-License-Identifier: GPL-2.0-only
/*
 * Values: each operation is written down once, and what follows from the operands alone
 * not at all.
 */
#include <string.h>

#include "re_values.h"

void ksift_re_values_begin(struct re_values *v)
{
	memset(v->slots, -1, sizeof(v->slots));
	v->count = 0;
	v->set_count = 0;
	v->literal_count = 0;
	v->too_big = false;
}

static bool same_literal(const struct re_literal *a, const struct re_literal *b)
{
	return a->len == b->len && a->fold == b->fold && !memcmp(a->bytes, b->bytes, a->len);
}

/* FNV-1a (G. Fowler, L. C. Noll and K.-P. Vo), a word at a time. */
#define FNV_BASIS 2166136261u
#define FNV_PRIME 16777619u

static uint32_t mix(uint32_t h, uint32_t x)
{
	return (h ^ x) * FNV_PRIME;
}

/* Whether a value has these operands; those of LITERAL are its literal's bytes. */
static bool same_value(const struct re_values *v, const struct re_value *x,
		       const struct re_value *y, const struct re_literal *literal)
{
	if (x->code != y->code || x->k != y->k)
		return false;
	return literal ? same_literal(&v->literals[x->a], literal) : x->a == y->a && x->b == y->b;
}

/* The value with these operands, which are in the order that the operation has them. */
static int find_value(struct re_values *v, struct re_value new, const struct re_literal *literal,
		      uint32_t h)
{
	uint32_t slot;

	h ^= h >> 15;
	for (slot = h % RE_VALUE_SLOTS; v->slots[slot] >= 0; slot = (slot + 1) % RE_VALUE_SLOTS)
		if (same_value(v, &v->values[v->slots[slot]], &new, literal))
			return v->slots[slot];
	if (v->count == RE_VALUES_MAX) {
		v->too_big = true;
		return 0;
	}
	if (literal) {
		new.a = v->literal_count;
		v->literals[v->literal_count++] = *literal;
	}
	v->slots[slot] = v->count;
	v->values[v->count] = new;
	return v->count++;
}

static int value(struct re_values *v, int code, int a, int b, int k)
{
	return find_value(v, (struct re_value){ .code = code, .a = a, .b = b, .k = k }, NULL,
			  mix(mix(mix(mix(FNV_BASIS, code), a), b), k));
}

static int set_number(struct re_values *v, const struct ksift_set *set)
{
	int i;

	for (i = 0; i < v->set_count; i++)
		if (!memcmp(&v->sets[i], set, sizeof(*set)))
			return i;
	if (v->set_count == RE_VALUE_SETS_MAX) {
		v->too_big = true;
		return 0;
	}
	v->sets[v->set_count] = *set;
	return v->set_count++;
}

int ksift_re_value_class(struct re_values *v, const struct ksift_set *set, int k)
{
	return value(v, KSIFT_OP_CLASS, set_number(v, set), -1, k);
}

/* RE_ALL as a value. */
static int all(struct re_values *v)
{
	static const struct ksift_set set = { { -1, -1, -1, -1 } };

	return ksift_re_value_class(v, &set, 0);
}

int ksift_re_value_zero(struct re_values *v)
{
	static const struct ksift_set set;

	return ksift_re_value_class(v, &set, 0);
}

static bool is_set(const struct re_values *v, int a, __u64 word)
{
	const struct ksift_set *set;

	if (a < 0 || v->values[a].code != KSIFT_OP_CLASS)
		return false;
	set = &v->sets[v->values[a].a];
	return set->bits[0] == word && set->bits[1] == word && set->bits[2] == word &&
	       set->bits[3] == word;
}

bool ksift_re_value_is_zero(const struct re_values *v, int a)
{
	return is_set(v, a, 0);
}

int ksift_re_value_start(struct re_values *v)
{
	return value(v, KSIFT_OP_START, -1, -1, 0);
}

int ksift_re_value_newline(struct re_values *v)
{
	return value(v, KSIFT_OP_NEWLINE, -1, -1, 0);
}

int ksift_re_value_literal(struct re_values *v, const struct re_literal *literal)
{
	uint32_t h = mix(FNV_BASIS, literal->fold), i;

	for (i = 0; i < literal->len; i++)
		h = mix(h, literal->bytes[i]);
	return find_value(v, (struct re_value){ .code = KSIFT_OP_LITERAL, .b = -1 }, literal, h);
}

static bool has_operand(const struct re_values *v, int a, int code, int b)
{
	return v->values[a].code == code && (v->values[a].a == b || v->values[a].b == b);
}

static int ordered(struct re_values *v, int code, int a, int b)
{
	return a < b ? value(v, code, a, b, 0) : value(v, code, b, a, 0);
}

int ksift_re_value_and(struct re_values *v, int a, int b)
{
	if (a == RE_ALL || a == b || ksift_re_value_is_zero(v, b))
		return b;
	if (b == RE_ALL || ksift_re_value_is_zero(v, a))
		return a;
	if (has_operand(v, a, KSIFT_OP_AND, b) || has_operand(v, b, KSIFT_OP_OR, a))
		return a;
	if (has_operand(v, b, KSIFT_OP_AND, a) || has_operand(v, a, KSIFT_OP_OR, b))
		return b;
	return ordered(v, KSIFT_OP_AND, a, b);
}

int ksift_re_value_or(struct re_values *v, int a, int b)
{
	if (a == RE_ALL || b == RE_ALL)
		return RE_ALL;
	if (a == b || ksift_re_value_is_zero(v, b))
		return a;
	if (ksift_re_value_is_zero(v, a))
		return b;
	if (has_operand(v, a, KSIFT_OP_OR, b) || has_operand(v, b, KSIFT_OP_AND, a))
		return a;
	if (has_operand(v, b, KSIFT_OP_OR, a) || has_operand(v, a, KSIFT_OP_AND, b))
		return b;
	return ordered(v, KSIFT_OP_OR, a, b);
}

int ksift_re_value_andnot(struct re_values *v, int a, int b)
{
	if (a == b || b == RE_ALL)
		return ksift_re_value_zero(v);
	if (a == RE_ALL)
		a = all(v);
	if (ksift_re_value_is_zero(v, a) || ksift_re_value_is_zero(v, b))
		return a;
	return value(v, KSIFT_OP_ANDNOT, a, b, 0);
}

int ksift_re_value_xor(struct re_values *v, int a, int b)
{
	return ordered(v, KSIFT_OP_XOR, a, b);
}

int ksift_re_value_advance(struct re_values *v, int a, uint32_t k)
{
	if (a == RE_ALL && k)
		a = all(v);
	if (!k || ksift_re_value_is_zero(v, a))
		return a;
	if (v->values[a].code == KSIFT_OP_ADVANCE) {
		k += v->values[a].k;
		a = v->values[a].a;
	}
	for (; k > KSIFT_DISTANCE_MAX && !v->too_big; k -= KSIFT_DISTANCE_MAX)
		a = value(v, KSIFT_OP_ADVANCE, a, -1, KSIFT_DISTANCE_MAX);
	return value(v, KSIFT_OP_ADVANCE, a, -1, k);
}

int ksift_re_value_run(struct re_values *v, int a, const struct ksift_set *set)
{
	int through;

	if (a == RE_ALL || ksift_re_value_is_zero(v, a))
		return a;
	through = ksift_re_value_class(v, set, 0);
	if (ksift_re_value_is_zero(v, through) ||
	    (v->values[a].code == KSIFT_OP_RUN && v->values[a].b == through))
		return a;
	return value(v, KSIFT_OP_RUN, a, through, 0);
}
