// SPDX-License-Identifier: GPL-2.0-only
/*
 * Line programs in: copies what the caller's structure points to, and has the engine
 * verify the copy.  Nothing is read twice from the caller, and the copy runs only if
 * engine/lineprog.c and engine/automaton.c find that it keeps the rules.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "engine/automaton.h"
#include "engine/check.h"
#include "engine/lineprog.h"
#include "line_program.h"

/* What the engine wants programs aligned to. */
#define PROGRAM_ALIGN 64

void *ksift_copy_array(u64 addr, u32 count, size_t size)
{
	void *copy;

	if (!count)
		return NULL;
	copy = kvmalloc_array(count, size, KSIFT_GFP);
	if (!copy)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(copy, u64_to_user_ptr(addr), array_size(count, size))) {
		kvfree(copy);
		return ERR_PTR(-EFAULT);
	}
	return copy;
}

int ksift_copy_literal(u8 *to, const struct ksift_pattern *pat)
{
	if (pat->len && copy_from_user(to, u64_to_user_ptr(pat->data), pat->len))
		return -EFAULT;
	return memchr(to, '\n', pat->len) ? -EINVAL : 0;
}

/* The bytes of all literals, one after another; NULL if there are none. */
static u8 *copy_bytes(const struct ksift_pattern *literals, u32 count)
{
	u32 i, len = 0;
	u8 *bytes, *p;
	int ret;

	for (i = 0; i < count; i++) {
		ret = ksift_check_literal(&literals[i], KSIFT_PATTERN_FOLD,
					  KSIFT_OP_LITERAL_MAX);
		if (ret)
			return ERR_PTR(ret);
		len += literals[i].len;
	}
	if (!count)
		return NULL;
	bytes = kvmalloc(len, KSIFT_GFP);
	if (!bytes)
		return ERR_PTR(-ENOMEM);
	for (i = 0, p = bytes; i < count; p += literals[i++].len) {
		ret = ksift_copy_literal(p, &literals[i]);
		if (ret) {
			kvfree(bytes);
			return ERR_PTR(ret);
		}
	}
	return bytes;
}

static int make_lines(struct ksift_program_copy *program,
		      const struct ksift_lineprog_source *src)
{
	size_t size = ksift_lineprog_size(src) + PROGRAM_ALIGN - 1;

	program->mem = kvzalloc(size, KSIFT_GFP);
	if (!program->mem)
		return -ENOMEM;
	program->memory += size;
	return ksift_lineprog_make(PTR_ALIGN(program->mem, PROGRAM_ALIGN), src,
				   &program->lines);
}

static int copy_lines(struct ksift_program_copy *program,
		      const struct ksift_line_program *given, u32 pattern_count)
{
	struct ksift_lineprog_source src = {
		.op_count = given->op_count,
		.set_count = given->set_count,
		.literal_count = given->literal_count,
		.pattern_count = pattern_count,
	};
	struct ksift_pattern *literals;
	struct ksift_set *sets;
	struct ksift_op *ops;
	u8 *bytes = NULL;
	int ret;

	ops = ksift_copy_array(given->ops, given->op_count, sizeof(*ops));
	sets = ksift_copy_array(given->sets, given->set_count, sizeof(*sets));
	literals = ksift_copy_array(given->literals, given->literal_count,
				    sizeof(*literals));
	ret = PTR_ERR_OR_ZERO(ops);
	ret = ret ? ret : PTR_ERR_OR_ZERO(sets);
	ret = ret ? ret : PTR_ERR_OR_ZERO(literals);
	if (!ret) {
		bytes = copy_bytes(literals, given->literal_count);
		ret = PTR_ERR_OR_ZERO(bytes);
	}
	if (!ret) {
		src.ops = ops;
		src.sets = sets;
		src.literals = literals;
		src.bytes = bytes;
		ret = make_lines(program, &src);
	}
	if (!IS_ERR(bytes))
		kvfree(bytes);
	if (!IS_ERR(literals))
		kvfree(literals);
	if (!IS_ERR(sets))
		kvfree(sets);
	if (!IS_ERR(ops))
		kvfree(ops);
	return ret;
}

static u32 sets_of(const struct ksift_automaton *automaton)
{
	return KSIFT_AUTOMATON_FOLLOW + automaton->positions;
}

/* Copy the sets of checked automata, which have @positions in all, and verify them. */
static int copy_sets(struct ksift_program_copy *program,
		     const struct ksift_automaton *automata, u32 count,
		     u32 positions)
{
	const u32 total = count * KSIFT_AUTOMATON_FOLLOW + positions;
	struct ksift_set *sets;
	size_t size;
	u32 i;

	program->nfas = kvcalloc(count, sizeof(*program->nfas), KSIFT_GFP);
	sets = kvmalloc_array(total, sizeof(*sets), KSIFT_GFP);
	program->sets = sets;
	if (!program->nfas || !sets)
		return -ENOMEM;
	program->memory += count * sizeof(*program->nfas) + total * sizeof(*sets);
	for (i = 0; i < count; i++) {
		struct ksift_nfa *nfa = &program->nfas[i];

		size = array_size(sets_of(&automata[i]), sizeof(*sets));
		if (copy_from_user(sets, u64_to_user_ptr(automata[i].sets), size))
			return -EFAULT;
		nfa->sets = sets;
		nfa->positions = automata[i].positions;
		nfa->pattern = automata[i].pattern;
		nfa->empty = automata[i].empty;
		if (ksift_nfa_verify(nfa))
			return -EINVAL;
		sets += sets_of(&automata[i]);
	}
	program->nfa_count = count;
	program->nfa_positions = positions;
	return 0;
}

static int copy_automata(struct ksift_program_copy *program,
			 const struct ksift_line_program *given,
			 u32 pattern_count)
{
	struct ksift_automaton *automata;
	u32 i, positions = 0;
	u64 patterns = 0;
	int ret = 0;

	automata = ksift_copy_array(given->automata, given->automaton_count,
				    sizeof(*automata));
	if (IS_ERR_OR_NULL(automata))
		return PTR_ERR_OR_ZERO(automata);
	for (i = 0; i < given->automaton_count && !ret; i++) {
		ret = ksift_check_automaton(&automata[i], pattern_count, patterns,
					    &positions);
		if (!ret)
			patterns |= 1ULL << automata[i].pattern;
	}
	if (!ret)
		ret = copy_sets(program, automata, given->automaton_count,
				positions);
	kvfree(automata);
	return ret;
}

int ksift_program_take(struct ksift_program_copy *program,
		       const struct ksift_line_program *given, u32 pattern_count)
{
	int ret = copy_lines(program, given, pattern_count);

	return ret ? ret : copy_automata(program, given, pattern_count);
}

void ksift_program_free(struct ksift_program_copy *program)
{
	kvfree(program->mem);
	kvfree(program->nfas);
	kvfree(program->sets);
}
