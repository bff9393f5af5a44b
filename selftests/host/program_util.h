/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Filters that find literals, which the oracle knows, by a line program: so that all
 * that is tested of filters is tested of programs, too.
 */
#ifndef KSIFT_HOST_PROGRAM_UTIL_H
#define KSIFT_HOST_PROGRAM_UTIL_H

#include "engine/automaton.h"
#include "engine/lineprog.h"
#include "engine/programs.h"
#include "engine_util.h"

/* How programs are made: bits. */
#define BY_CLASSES	1	/* a literal is a row of sets */
#define WITH_SKIP	2
#define BY_AUTOMATON	4	/* the program suspects every line */
#define WITH_HINTS	8	/* where that is right */

struct program_maker {
	struct ksift_op ops[KSIFT_OPS_MAX];
	struct ksift_set sets[KSIFT_SETS_MAX];
	struct ksift_pattern literals[KSIFT_PATTERNS_MAX];
	u8 bytes[KSIFT_PATTERNS_MAX * KSIFT_OP_LITERAL_MAX];
	unsigned int op_count, set_count, literal_count, byte_count;
};

static inline void put_op(struct program_maker *m, unsigned int code, unsigned int dst,
			  unsigned int a, unsigned int b, unsigned int k)
{
	MUST(m->op_count < KSIFT_OPS_MAX);
	m->ops[m->op_count++] = (struct ksift_op){
		.code = code, .dst = dst, .a = a, .b = b, .k = k,
	};
}

static inline void set_add(struct ksift_set *set, u8 c, unsigned int flags)
{
	set->bits[c / 64] |= 1ULL << c % 64;
	if (flags & KSIFT_PATTERN_FOLD && c >= 'A' && c <= 'Z')
		set_add(set, c - 'A' + 'a', 0);
	if (flags & KSIFT_PATTERN_FOLD && c >= 'a' && c <= 'z')
		set_add(set, c - 'a' + 'A', 0);
}

static inline unsigned int find_set(struct program_maker *m, u8 c, unsigned int flags)
{
	struct ksift_set set = { { 0 } };
	unsigned int i;

	set_add(&set, c, flags);
	for (i = 0; i < m->set_count; i++)
		if (!memcmp(&m->sets[i], &set, sizeof(set)))
			return i;
	m->sets[m->set_count++] = set;
	return i;
}

static inline unsigned int find_literal(struct program_maker *m,
					const struct oracle_pattern *pat)
{
	m->literals[m->literal_count] = (struct ksift_pattern){
		.len = pat->len,
		.flags = pat->flags & KSIFT_PATTERN_FOLD,
	};
	memcpy(m->bytes + m->byte_count, pat->data, pat->len);
	m->byte_count += pat->len;
	return m->literal_count++;
}

/* Accept pattern @p where @pat is: register 0 is where it has ended. */
static inline void put_pattern(struct program_maker *m, const struct oracle_pattern *pat,
			       unsigned int p, unsigned int how)
{
	bool anchored = pat->flags & KSIFT_PATTERN_ANCHORED;
	size_t i, k;

	if (how & BY_AUTOMATON || !pat->len) {
		put_op(m, KSIFT_OP_START, 0, 0, 0, 0);
	} else if (how & BY_CLASSES && m->set_count + pat->len <= KSIFT_SETS_MAX &&
		   m->op_count + 3 * pat->len < KSIFT_OPS_MAX / 2) {
		if (anchored)
			put_op(m, KSIFT_OP_START, 0, 0, 0, 0);
		for (i = 0; i < pat->len; i++) {
			unsigned int set = find_set(m, pat->data[i], pat->flags);

			if (i || anchored) {
				put_op(m, KSIFT_OP_CLASS, 1, set, 0, 0);
				put_op(m, KSIFT_OP_AND, 0, 0, 1, 0);
				put_op(m, KSIFT_OP_ADVANCE, 0, 0, 0, 1);
			} else {
				put_op(m, KSIFT_OP_CLASS, 0, set, 0, 1);
			}
		}
	} else {
		put_op(m, KSIFT_OP_LITERAL, 0, 0, 0, find_literal(m, pat));
		if (anchored) {
			put_op(m, KSIFT_OP_START, 1, 0, 0, 0);
			for (i = pat->len; i; i -= k) {
				k = i < KSIFT_DISTANCE_MAX ? i : KSIFT_DISTANCE_MAX;
				put_op(m, KSIFT_OP_ADVANCE, 1, 1, 0, k);
			}
			put_op(m, KSIFT_OP_AND, 0, 0, 1, 0);
		}
		if (how & WITH_SKIP)
			put_op(m, KSIFT_OP_SKIP, 0, 0, 0, 1);
	}
	put_op(m, KSIFT_OP_ACCEPT, 0, 0, 0, p);
}

static inline void set_position(struct ksift_set *set, unsigned int position)
{
	set->bits[position / 64] |= 1ULL << position % 64;
}

/* The automaton of a literal: a position a byte.  @sets is zeroed. */
static inline void make_automaton(struct ksift_nfa *nfa, struct ksift_set *sets,
				  const struct oracle_pattern *pat, unsigned int p)
{
	unsigned int i, c, n = pat->len;
	struct ksift_set in;

	*nfa = (struct ksift_nfa){ .sets = sets, .positions = n, .pattern = p };
	for (i = 0; i < 3; i++) {
		if (!i || !(pat->flags & KSIFT_PATTERN_ANCHORED))
			set_position(&sets[KSIFT_AUTOMATON_BEGIN + i], 0);
		set_position(&sets[KSIFT_AUTOMATON_END + i], n - 1);
	}
	for (i = 0; i < n; i++) {
		memset(&in, 0, sizeof(in));
		set_add(&in, pat->data[i], pat->flags);
		for (c = 0; c < 256; c++)
			if (in.bits[c / 64] >> c % 64 & 1)
				set_position(&sets[KSIFT_AUTOMATON_BYTE + c], i);
		if (i + 1 < n)
			set_position(&sets[KSIFT_AUTOMATON_FOLLOW + i], i + 1);
	}
	MUST(!ksift_nfa_verify(nfa));
}

/*
 * A line that the patterns select has a pattern of each group: the literals of one are
 * hints.  Returns the filter, or NULL if no group has only such.
 */
static inline struct ksift_prog *make_hints(const struct oracle_pattern *pats,
					    unsigned int count)
{
	struct oracle_pattern hints[KSIFT_PATTERNS_MAX];
	unsigned int i, group, n;
	bool empty;

	for (group = 0; group < KSIFT_GROUPS_MAX; group++) {
		for (i = 0, n = 0, empty = false; i < count; i++) {
			if (pats[i].group != group || pats[i].flags & KSIFT_PATTERN_EXCLUDE)
				continue;
			empty |= !pats[i].len;
			hints[n] = pats[i];
			hints[n++].group = 0;
		}
		if (n && !empty)
			return make_prog(hints, n, 0);
	}
	return NULL;
}

/* As make_prog(), but for one pattern or more and by a program. */
static inline struct ksift_prog *make_program(const struct oracle_pattern *pats,
					      unsigned int count,
					      unsigned int filter_flags,
					      unsigned int how)
{
	struct program_maker *m = calloc(1, sizeof(*m));
	struct ksift_lineprog_source src = {
		.ops = m->ops,
		.sets = m->sets,
		.literals = m->literals,
		.bytes = m->bytes,
		.pattern_count = count,
	};
	struct ksift_lineprog *lines;
	struct ksift_prog *prog;
	struct ksift_build build;
	struct ksift_nfa *nfas = NULL;
	struct ksift_set *sets;
	unsigned int i;
	size_t size;
	u8 *data;
	void *mem;

	for (i = 0; i < count; i++)
		put_pattern(m, &pats[i], i, how);
	src.op_count = m->op_count;
	src.set_count = m->set_count;
	src.literal_count = m->literal_count;
	size = (ksift_lineprog_size(&src) + 63) & ~(size_t)63;
	mem = aligned_alloc(64, size);
	memset(mem, 0, size);
	MUST(!ksift_lineprog_make(mem, &src, &lines));
	free(m);
	prog = ksift_prog_init(calloc(1, ksift_prog_size(count, 0)), count, 0, &data);
	for (i = 0; i < count; i++) {
		prog->lits[i].flags = pats[i].flags & KSIFT_PATTERN_EXCLUDE;
		prog->lits[i].group = pats[i].group;
	}
	prog->lines = lines;
	if (how & WITH_HINTS)
		prog->hints = make_hints(pats, count);
	if (how & BY_AUTOMATON) {
		nfas = calloc(1, count * (sizeof(*nfas) +
			      (KSIFT_AUTOMATON_FOLLOW + KSIFT_POSITIONS_MAX) * sizeof(*sets)));
		sets = (void *)(nfas + count);
		for (i = 0; i < count; i++) {
			if (!pats[i].len)
				continue;
			make_automaton(&nfas[prog->nfa_count++], sets, &pats[i], i);
			prog->nfa_positions += pats[i].len;
			sets += KSIFT_AUTOMATON_FOLLOW + pats[i].len;
		}
		prog->nfas = nfas;
	}
	ksift_prog_start(&build, prog, data, filter_flags);
	while (ksift_prog_step(&build))
		;
	return prog;
}

static inline void free_prog(struct ksift_prog *prog)
{
	free((void *)prog->lines);
	free((void *)prog->hints);
	free((void *)prog->nfas);
	free(prog);
}

#endif /* KSIFT_HOST_PROGRAM_UTIL_H */
