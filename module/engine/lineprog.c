// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a line program is made of, and where that lies in memory: lineprog_verify.c
 * verifies it, lineprog_emit.c makes its instructions, and its sets and literals are
 * prepared for vectors here.  lineprog_run.c runs it.
 */
#include "filter.h"
#include "maker.h"

/*
 * What a block may cost.  Between two blocks a run can return, so blocks of a
 * program that is larger are smaller.
 */
#define BLOCK_COST	200000

/* Words of all bitmaps of what is found: half of a second-level cache's way. */
#define OUT_WORDS	8192

/* And of one of them: the text is still in a second-level cache when it is used. */
#define OUT_WORDS_MAX	1024

static size_t align64(size_t n)
{
	return (n + 63) & ~(size_t)63;
}

/* Words of all literals' pairs: each is bounded, and so is their number. */
static size_t literal_words(const struct ksift_lineprog_source *src)
{
	size_t words = 0;
	u32 i;

	for (i = 0; i < src->literal_count; i++)
		words += (src->literals[i].len + 7) / 8;
	return words;
}

size_t ksift_lineprog_size(const struct ksift_lineprog_source *src)
{
	return align64(sizeof(struct ksift_lineprog)) +
	       align64(src->op_count * sizeof(struct ksift_insn)) +
	       align64(src->set_count * sizeof(struct ksift_byte_set)) +
	       align64(src->literal_count * sizeof(struct ksift_line_literal)) +
	       align64(literal_words(src) * 2 * sizeof(u64)) +
	       align64(src->op_count * sizeof(struct ksift_op_note));
}

/* Which nibbles its bytes have, or those that it lacks, whatever is simpler. */
static void make_set(struct ksift_byte_set *out, const struct ksift_set *set)
{
	u32 c, n[2] = { 0 }, low[2], high[2] = { 0 }, how;

	for (c = 0; c < 256; c++) {
		bool in = set->bits[c / 64] >> c % 64 & 1;

		if (!n[in]++)
			low[in] = c;
		high[in] = c;
	}
	out->kind = KSIFT_SET_ANY;
	how = 1;
	/* A set that is empty is the complement of a range. */
	if (n[1] && high[1] - low[1] + 1 == n[1]) {
		out->kind = KSIFT_SET_RANGE;
	} else if (n[0] && high[0] - low[0] + 1 == n[0]) {
		out->kind = KSIFT_SET_RANGE;
		how = 0;
	} else if (high[1] < 128) {
		out->kind = KSIFT_SET_ASCII;
	} else if (high[0] < 128) {
		out->kind = KSIFT_SET_ASCII;
		how = 0;
	}
	out->flip = how ? 0 : U64_MAX;
	out->low = low[how];
	out->span = high[how] - low[how];
	if (out->kind == KSIFT_SET_RANGE && !out->span)
		out->kind = KSIFT_SET_ONE;
	for (c = 0; c < 256; c++) {
		out->has[c] = (set->bits[c / 64] >> c % 64 & 1) == how;
		out->table[c >> 7][c & 15] |= out->has[c] << (c >> 4 & 7);
	}
}

static int make_literals(struct ksift_maker *m, u64 *pairs)
{
	const u8 *bytes = m->src->bytes;
	u32 i, k;

	for (i = 0; i < m->src->literal_count; i++) {
		const struct ksift_pattern *pat = &m->src->literals[i];
		struct ksift_line_literal *lit = &m->prog->literals[i];
		bool fold = pat->flags & KSIFT_PATTERN_FOLD;
		u8 data[KSIFT_OP_LITERAL_MAX];

		lit->len = pat->len;
		lit->words = (pat->len + 7) / 8;
		lit->pairs = pairs;
		for (k = 0; k < pat->len; k++) {
			u8 *byte = (u8 *)(pairs + k / 8 * 2) + k % 8;

			if (bytes[k] == '\n')
				return -EINVAL;
			data[k] = fold ? ksift_upper(bytes[k]) : bytes[k];
			byte[0] = data[k];
			byte[8] = ksift_case_mask(data[k], fold);
			lit->masked |= byte[8] != 0xff;
		}
		ksift_probe_rarest(&lit->probe, data, pat->len, fold, 2);
		pairs += lit->words * 2;
		bytes += pat->len;
	}
	return 0;
}

/* Which bitmap each pattern has that is accepted, and how long these may be. */
static void make_results(struct ksift_maker *m)
{
	struct ksift_lineprog *prog = m->prog;
	u64 seen = 0;
	u32 i, words;

	for (i = 0; i < prog->insn_count; i++) {
		const struct ksift_insn *q = &prog->insns[i];

		if (q->code != KSIFT_INSN_ACCEPT || seen >> q->n & 1)
			continue;
		seen |= 1ULL << q->n;
		prog->result[q->n] = prog->accept_count++;
	}
	words = min(OUT_WORDS / (prog->accept_count + 1), (u32)OUT_WORDS_MAX);
	prog->out_words = words / KSIFT_BLOCK_WORDS * KSIFT_BLOCK_WORDS;
}

static void choose_block(struct ksift_lineprog *prog)
{
	u32 i, words = KSIFT_BLOCK_WORDS;
	u64 cost = 0;

	for (i = 0; i < prog->insn_count; i++) {
		const struct ksift_insn *q = &prog->insns[i];

		cost += q->cost;
		if (q->code == KSIFT_INSN_LITERAL)
			cost += ksift_literal_cost(&prog->literals[q->n]) *
				KSIFT_BLOCK_WORDS;
	}
	while (cost > BLOCK_COST && words > KSIFT_BLOCK_STEP) {
		words /= 2;
		cost /= 2;
	}
	prog->block_words = words;
}

int ksift_lineprog_make(void *mem, const struct ksift_lineprog_source *src,
			struct ksift_lineprog **out)
{
	struct ksift_lineprog *prog = mem;
	struct ksift_maker m = { .src = src, .prog = prog };
	u8 *p = mem;
	u64 *pairs;
	u32 i;
	int ret;

	p += align64(sizeof(*prog));
	prog->insns = (void *)p;
	p += align64(src->op_count * sizeof(struct ksift_insn));
	prog->sets = (void *)p;
	p += align64(src->set_count * sizeof(struct ksift_byte_set));
	prog->literals = (void *)p;
	p += align64(src->literal_count * sizeof(struct ksift_line_literal));
	pairs = (void *)p;
	p += align64(literal_words(src) * 2 * sizeof(u64));
	m.notes = (void *)p;

	ret = ksift_maker_verify(&m);
	if (!ret)
		ret = make_literals(&m, pairs);
	if (ret)
		return ret;
	for (i = 0; i < src->set_count; i++)
		make_set(&prog->sets[i], &src->sets[i]);
	ksift_maker_emit(&m);
	make_results(&m);
	choose_block(prog);
	prog->history = (prog->history + 31) / 32 * 32;
	*out = prog;
	return 0;
}
