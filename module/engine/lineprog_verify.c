// SPDX-License-Identifier: GPL-2.0-only
/*
 * Verifies line programs, in one pass: its rules are in ../uapi/ksift.h, at struct
 * ksift_line_program.  On the way it notes what lineprog_emit.c asks for: which
 * operation wrote what another one reads, and how many bytes around the places of a
 * result are no newline.
 */
#include "maker.h"

/* What members an operation names, besides @dst. */
#define USES_DST	1
#define USES_A		2
#define USES_B		4
#define USES_K		8
#define USES_SET	16

static const u8 op_uses[] = {
	[KSIFT_OP_CLASS] = USES_DST | USES_SET | USES_K,
	[KSIFT_OP_NEWLINE] = USES_DST,
	[KSIFT_OP_START] = USES_DST,
	[KSIFT_OP_LITERAL] = USES_DST | USES_K,
	[KSIFT_OP_AND] = USES_DST | USES_A | USES_B,
	[KSIFT_OP_OR] = USES_DST | USES_A | USES_B,
	[KSIFT_OP_ANDNOT] = USES_DST | USES_A | USES_B,
	[KSIFT_OP_XOR] = USES_DST | USES_A | USES_B,
	[KSIFT_OP_ADVANCE] = USES_DST | USES_A | USES_K,
	[KSIFT_OP_RUN] = USES_DST | USES_A | USES_B,
	[KSIFT_OP_THRU] = USES_DST | USES_A | USES_B,
	[KSIFT_OP_PARITY] = USES_DST | USES_A,
	[KSIFT_OP_ACCEPT] = USES_A | USES_K,
	[KSIFT_OP_SKIP] = USES_A | USES_K,
};

/* Are all numbers in their ranges, and is all that is not used zero? */
static int check_members(const struct ksift_lineprog_source *src,
			 const struct ksift_op *op)
{
	u8 uses;

	if (op->code >= ARRAY_SIZE(op_uses))
		return -EOPNOTSUPP;
	uses = op_uses[op->code];
	if (op->__reserved ||
	    op->dst >= (uses & USES_DST ? KSIFT_REGISTERS_MAX : 1) ||
	    op->a >= (uses & USES_SET ? src->set_count :
		      uses & USES_A ? KSIFT_REGISTERS_MAX : 1) ||
	    op->b >= (uses & USES_B ? KSIFT_REGISTERS_MAX : 1) ||
	    (!(uses & USES_K) && op->k))
		return -EINVAL;
	switch (op->code) {
	case KSIFT_OP_CLASS:
		return op->k <= KSIFT_DISTANCE_MAX ? 0 : -EINVAL;
	case KSIFT_OP_LITERAL:
		return op->k < src->literal_count ? 0 : -EINVAL;
	case KSIFT_OP_ADVANCE:
		return op->k && op->k <= KSIFT_DISTANCE_MAX ? 0 : -EINVAL;
	case KSIFT_OP_ACCEPT:
		return op->k < src->pattern_count ? 0 : -EINVAL;
	}
	return 0;
}

/* How many bytes around a result's places are no newline: see struct ksift_op_note. */
static void note_bounds(struct ksift_maker *m, u32 i)
{
	const struct ksift_op *op = &m->src->ops[i];
	const struct ksift_op_note none = { 0 };
	struct ksift_op_note *note = &m->notes[i];
	const struct ksift_op_note *a = note->def[0] ? &m->notes[note->def[0] - 1] : &none;
	const struct ksift_op_note *b = note->def[1] ? &m->notes[note->def[1] - 1] : &none;

	switch (op->code) {
	case KSIFT_OP_CLASS:
		note->behind = op->k;
		note->ahead = !op->k && !ksift_set_has_newline(&m->src->sets[op->a]);
		break;
	case KSIFT_OP_LITERAL:
		note->behind = m->src->literals[op->k].len;
		break;
	case KSIFT_OP_AND:
		note->behind = max(a->behind, b->behind);
		note->ahead = max(a->ahead, b->ahead);
		break;
	case KSIFT_OP_OR:
	case KSIFT_OP_XOR:
		note->behind = min(a->behind, b->behind);
		note->ahead = min(a->ahead, b->ahead);
		break;
	case KSIFT_OP_ANDNOT:
		note->behind = a->behind;
		note->ahead = a->ahead;
		break;
	case KSIFT_OP_ADVANCE:
		note->behind = min(a->behind + op->k, 255);
		note->ahead = a->ahead > op->k ? a->ahead - op->k : 0;
		break;
	case KSIFT_OP_RUN:
	case KSIFT_OP_THRU:
		note->behind = a->behind;
		break;
	}
}

/* Is the register that operation @i writes empty whenever those of @dead are? */
static bool is_dead(const struct ksift_op *op, u64 dead)
{
	bool a = dead >> (op->a & 63) & 1, b = dead >> (op->b & 63) & 1;

	switch (op->code) {
	case KSIFT_OP_AND:
		return a || b;
	case KSIFT_OP_OR:
	case KSIFT_OP_XOR:
		return a && b;
	case KSIFT_OP_ANDNOT:
	case KSIFT_OP_ADVANCE:
	case KSIFT_OP_RUN:
	case KSIFT_OP_THRU:
	case KSIFT_OP_PARITY:
		return a;
	}
	return false;
}

/* What a SKIP passes over may have no carry, and accept nothing, unless it is dead. */
static bool needs_dead(const struct ksift_op *op)
{
	return op->code >= KSIFT_OP_ADVANCE && op->code <= KSIFT_OP_ACCEPT;
}

static bool note_read(struct ksift_maker *m, u32 i, u32 which, u32 reg)
{
	struct ksift_op_note *note = &m->notes[i], *def;

	note->def[which] = m->def[reg];
	if (!note->def[which])
		return false;
	def = &m->notes[note->def[which] - 1];
	def->uses++;
	def->user = i;
	if (def->region != note->region)
		def->escapes = true;
	return true;
}

int ksift_maker_verify(struct ksift_maker *m)
{
	const struct ksift_lineprog_source *src = m->src;
	u64 dead = 0, wrote = 0;
	u32 i, region = 0, region_end = 0, r;

	for (i = 0; i < src->op_count; i++) {
		const struct ksift_op *op = &src->ops[i];
		int ret = check_members(src, op);
		u8 uses;

		if (ret)
			return ret;
		uses = op_uses[op->code];
		m->notes[i].region = region;
		if (((uses & USES_A) && !note_read(m, i, 0, op->a)) ||
		    ((uses & USES_B) && !note_read(m, i, 1, op->b)))
			return -EINVAL;
		note_bounds(m, i);
		if (op->code == KSIFT_OP_SKIP) {
			if (region || op->k > src->op_count - 1 - i)
				return -EINVAL;
			region = i + 1;
			region_end = i + op->k;
			dead = 1ULL << op->a;
			wrote = 0;
		} else if (region) {
			if (needs_dead(op) && !(dead >> op->a & 1))
				return -EINVAL;
		}
		if (ksift_op_writes(op)) {
			u64 bit = 1ULL << op->dst;

			wrote |= bit;
			dead = is_dead(op, dead) ? dead | bit : dead & ~bit;
			m->def[op->dst] = i + 1;
		}
		if (!region || i < region_end)
			continue;
		for (r = 0; r < KSIFT_REGISTERS_MAX; r++)
			if ((wrote & ~dead) >> r & 1)
				m->def[r] = 0;
		region = 0;
	}
	return 0;
}
