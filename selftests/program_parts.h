/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A filter by a line program, with something of all that it may have.
 */
#ifndef KSIFT_PROGRAM_PARTS_H
#define KSIFT_PROGRAM_PARTS_H

#include "test_util.h"

#define PARTS_OPS 7

/* What a filter is made of: "ab.*cd", or "ef" twice and more, as an automaton has it. */
struct parts {
	struct ksift_filter filter;
	struct ksift_line_program program;
	struct ksift_pattern pats[2];
	struct ksift_op ops[PARTS_OPS];
	struct ksift_set sets[1];
	struct ksift_pattern literals[2];
	struct ksift_pattern hints[2];
	struct ksift_automaton automata[1];
	struct ksift_set automaton_sets[262 + 2];
};

static inline struct ksift_op op(__u8 code, __u8 dst, __u8 a, __u8 b, __u16 k)
{
	struct ksift_op o = { .code = code, .dst = dst, .a = a, .b = b, .k = k };

	return o;
}

static inline void set_add(struct ksift_set *set, unsigned int n)
{
	set->bits[n / 64] |= 1ULL << n % 64;
}

/* Position 0 is "e", 1 is "f": (ef)(ef)+ has four, but two do for (ef)+. */
static inline void make_automaton(struct ksift_set *sets)
{
	unsigned int i;

	for (i = 0; i < 3; i++) {
		set_add(&sets[i], 0);
		set_add(&sets[3 + i], 1);
	}
	set_add(&sets[6 + 'e'], 0);
	set_add(&sets[6 + 'f'], 1);
	set_add(&sets[262], 1);
	set_add(&sets[263], 0);
}

static inline void parts_link(struct parts *p)
{
	p->filter.patterns = PTR_U64(p->pats);
	p->filter.line_program = PTR_U64(&p->program);
	p->program.ops = PTR_U64(p->ops);
	p->program.sets = PTR_U64(p->sets);
	p->program.literals = PTR_U64(p->literals);
	p->program.hints = PTR_U64(p->hints);
	p->program.automata = PTR_U64(p->automata);
	p->automata[0].sets = PTR_U64(p->automaton_sets);
}

static inline void parts_init(struct parts *p)
{
	memset(p, 0, sizeof(*p));
	filter_init(&p->filter, p->pats, 2);
	p->filter.program = KSIFT_PROGRAM_LINES;
	p->program.size = sizeof(p->program);
	p->program.op_size = sizeof(*p->ops);
	p->program.op_count = PARTS_OPS;
	p->program.set_count = 1;
	p->program.literal_count = 2;
	p->program.hint_count = 2;
	p->program.automaton_count = 1;
	p->literals[0] = pattern_str("ab", 0, 0);
	p->literals[1] = pattern_str("cd", KSIFT_PATTERN_FOLD, 0);
	p->hints[0] = pattern_str("ab", 0, 0);
	p->hints[1] = pattern_str("ef", 0, 0);
	memset(p->sets, 0xff, sizeof(p->sets));
	p->sets[0].bits[0] &= ~(1ULL << '\n');
	p->ops[0] = op(KSIFT_OP_LITERAL, 0, 0, 0, 0);
	p->ops[1] = op(KSIFT_OP_CLASS, 1, 0, 0, 0);
	p->ops[2] = op(KSIFT_OP_RUN, 0, 0, 1, 0);
	p->ops[3] = op(KSIFT_OP_ADVANCE, 0, 0, 0, 2);
	p->ops[4] = op(KSIFT_OP_LITERAL, 1, 0, 0, 1);
	p->ops[5] = op(KSIFT_OP_AND, 0, 0, 1, 0);
	p->ops[6] = op(KSIFT_OP_ACCEPT, 0, 0, 0, 0);
	p->automata[0].positions = 2;
	p->automata[0].pattern = 1;
	make_automaton(p->automaton_sets);
	parts_link(p);
}

#endif /* KSIFT_PROGRAM_PARTS_H */
