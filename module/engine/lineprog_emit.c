// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes instructions of a line program's operations.
 *
 * Operations that belong together become one instruction: an AND or an OR with the
 * ADVANCE, CLASS or LITERAL that it alone reads, and an ADVANCE with the AND that it
 * alone reads.  What an operation reads must be the same then as it would have been
 * where that stood, and both have to be passed over by the same SKIP or by none.
 *
 * A plain shift would cross the ends of lines, so ADVANCE takes away the places below
 * its distance in each line, and so does CLASS.  Where none of them can have a bit, or
 * the AND takes them away, they need not (mask_of()).
 */
#include "maker.h"

/*
 * ns of AVX2 for a full block, on a processor of 2023, and then about twice that: what
 * they bound is the time without preemption.
 */
#define COST_LOGIC	15
#define COST_ADVANCE	25
#define COST_MASK	25
#define COST_RUN	40
#define COST_PARITY	100
#define COST_ACCEPT	60
#define COST_SKIP	10
#define COST_LITERAL	100
#define COST_ONE	60
#define COST_RANGE	60
#define COST_ASCII	100
#define COST_ANY	150

static bool set_is_full(const struct ksift_set *set)
{
	return (set->bits[0] & set->bits[1] & set->bits[2] & set->bits[3]) == U64_MAX;
}

/* Is it the newline alone, or all but that? */
static bool set_is_newline(const struct ksift_set *set, bool complement)
{
	u64 flip = complement ? U64_MAX : 0;

	return (set->bits[0] ^ flip) == 1ULL << '\n' &&
	       !((set->bits[1] ^ flip) | (set->bits[2] ^ flip) | (set->bits[3] ^ flip));
}

/* Is it a CLASS that the newlines tell? */
static bool is_simple(const struct ksift_maker *m, u32 i)
{
	const struct ksift_op *op = &m->src->ops[i];

	return op->code == KSIFT_OP_CLASS && !op->k &&
	       set_is_newline(&m->src->sets[op->a], true);
}

/* Is what operation @def, counted from 1, wrote still in its slot? */
static bool still_there(const struct ksift_maker *m, u32 def)
{
	return m->notes[def - 1].slot < KSIFT_SLOT_REGISTERS ||
	       m->def[m->src->ops[def - 1].dst] == def;
}

/* And all that operation @i reads? */
static bool can_wait(const struct ksift_maker *m, u32 i)
{
	const struct ksift_op_note *note = &m->notes[i];
	u32 k;

	for (k = 0; k < 2; k++) {
		if (!note->def[k])
			continue;
		if (m->notes[note->def[k] - 1].part) {
			if (!can_wait(m, note->def[k] - 1))
				return false;
		} else if (!still_there(m, note->def[k])) {
			return false;
		}
	}
	return true;
}

/* Can the operation that wrote operand @which of @i be part of its instruction? */
static bool can_join(const struct ksift_maker *m, u32 i, u32 which, u32 code)
{
	u32 p = m->notes[i].def[which] - 1;
	const struct ksift_op_note *note = &m->notes[p];

	return m->src->ops[p].code == code && note->uses == 1 && !is_simple(m, p) &&
	       note->region == m->notes[i].region &&
	       note->slot >= KSIFT_SLOT_REGISTERS && !note->part &&
	       can_wait(m, p);
}

static bool try_join(struct ksift_maker *m, u32 i, u32 which, u32 code)
{
	u32 p;

	if (!can_join(m, i, which, code))
		return false;
	p = m->notes[i].def[which] - 1;
	/* An AND that has become something else by itself. */
	if (code == KSIFT_OP_AND && m->notes[p].with)
		return false;
	m->notes[p].part = true;
	m->notes[i].with = p + 1;
	return true;
}

static bool try_join_any(struct ksift_maker *m, u32 i, u32 code)
{
	return try_join(m, i, 0, code) || try_join(m, i, 1, code);
}

/* The slot of what operand @which of @i is. */
static u32 operand(const struct ksift_maker *m, u32 i, u32 which)
{
	return m->notes[m->notes[i].def[which] - 1].slot;
}

/* Of two operands, the one that is not @part of the instruction. */
static u32 other(const struct ksift_maker *m, u32 i, u32 part)
{
	return m->notes[i].def[0] == part ? 1 : 0;
}

static void join(struct ksift_maker *m)
{
	u32 i;

	memset(m->def, 0, sizeof(m->def));
	for (i = 0; i < m->src->op_count; i++) {
		const struct ksift_op *op = &m->src->ops[i];

		switch (op->code) {
		case KSIFT_OP_AND:
			/* x & x has no other operand. */
			if (m->notes[i].def[0] == m->notes[i].def[1])
				break;
			if (!try_join_any(m, i, KSIFT_OP_LITERAL) &&
			    !try_join_any(m, i, KSIFT_OP_CLASS))
				try_join_any(m, i, KSIFT_OP_ADVANCE);
			break;
		case KSIFT_OP_OR:
			if (m->notes[i].def[0] != m->notes[i].def[1])
				try_join_any(m, i, KSIFT_OP_ADVANCE);
			break;
		case KSIFT_OP_ANDNOT:
			if (m->notes[i].def[0] != m->notes[i].def[1])
				try_join(m, i, 1, KSIFT_OP_CLASS);
			break;
		case KSIFT_OP_ADVANCE:
			try_join(m, i, 0, KSIFT_OP_AND);
			break;
		}
		if (ksift_op_writes(op))
			m->def[op->dst] = i + 1;
	}
}

/*
 * The mask that operation @p, an ADVANCE or a CLASS, needs: none if no place of a line
 * that is too near to its start can have a bit, or if the other operand of the AND
 * that alone reads it has none there.
 */
static u32 mask_of(struct ksift_maker *m, u32 p)
{
	const struct ksift_op *op = &m->src->ops[p];
	const struct ksift_op_note *note = &m->notes[p];

	if (op->code == KSIFT_OP_ADVANCE) {
		if (m->notes[note->def[0] - 1].ahead >= op->k)
			return 0;
	} else if (!op->k ||
		   (op->k == 1 && !ksift_set_has_newline(&m->src->sets[op->a]))) {
		return 0;
	}
	if (note->uses == 1 && m->src->ops[note->user].code == KSIFT_OP_AND &&
	    !note->exact) {
		u32 which = other(m, note->user, p + 1);
		struct ksift_op_note *with = &m->notes[m->notes[note->user].def[which] - 1];

		if (with != note && with->behind >= op->k) {
			with->exact = true;
			return 0;
		}
	}
	m->masks |= 1ULL << (op->k - 1);
	return op->k;
}

static void emit_class(struct ksift_maker *m, struct ksift_insn *q, u32 p)
{
	const struct ksift_op *op = &m->src->ops[p];
	static const u16 cost[] = {
		[KSIFT_SET_ONE] = COST_ONE,
		[KSIFT_SET_RANGE] = COST_RANGE,
		[KSIFT_SET_ASCII] = COST_ASCII,
		[KSIFT_SET_ANY] = COST_ANY,
	};

	q->code = KSIFT_INSN_CLASS;
	q->n = op->a;
	q->k = op->k;
	q->mask = mask_of(m, p);
	q->cost = cost[m->prog->sets[op->a].kind];
	if (m->prog->history < q->k)
		m->prog->history = q->k;
}

static void emit_literal(struct ksift_maker *m, struct ksift_insn *q, u32 p)
{
	q->code = KSIFT_INSN_LITERAL;
	q->n = m->src->ops[p].k;
	q->cost = COST_LITERAL;
	m->prog->history = max(m->prog->history, m->prog->literals[q->n].len);
}

static void emit_advance(struct ksift_maker *m, struct ksift_insn *q, u32 p, u32 code)
{
	u32 with = m->notes[p].with;

	q->code = code;
	q->k = m->src->ops[p].k;
	q->mask = mask_of(m, p);
	q->carry = m->prog->carry_count++;
	q->cost = COST_ADVANCE;
	q->a = operand(m, p, 0);
	q->b = q->a;
	if (with) {
		q->a = operand(m, with - 1, 0);
		q->b = operand(m, with - 1, 1);
	}
}

/* An operation with another that is done before it to one of its operands. */
static void emit_joined(struct ksift_maker *m, struct ksift_insn *q, u32 i)
{
	u32 part = m->notes[i].with;
	bool and = m->src->ops[i].code != KSIFT_OP_OR;

	q->c = operand(m, i, other(m, i, part));
	switch (m->src->ops[part - 1].code) {
	case KSIFT_OP_CLASS:
		emit_class(m, q, part - 1);
		q->flip = m->src->ops[i].code == KSIFT_OP_ANDNOT;
		break;
	case KSIFT_OP_LITERAL:
		emit_literal(m, q, part - 1);
		break;
	default:
		emit_advance(m, q, part - 1, and ? KSIFT_INSN_ADVANCE_AND :
						   KSIFT_INSN_ADVANCE_OR);
	}
}

static void emit_carrying(struct ksift_maker *m, struct ksift_insn *q, u32 code, u32 cost)
{
	q->code = code;
	q->cost = cost;
	q->carry = m->prog->carry_count++;
}

/* The registers that are read behind the operations that a SKIP passes over. */
static u64 escaping(const struct ksift_maker *m, u32 skip)
{
	u32 i, end = skip + m->src->ops[skip].k;
	u64 regs = 0;

	for (i = skip + 1; i <= end; i++)
		if (m->notes[i].escapes)
			regs |= 1ULL << m->src->ops[i].dst;
	return regs;
}

static void emit(struct ksift_maker *m, struct ksift_insn *q, u32 i)
{
	static const u8 logic[] = {
		[KSIFT_OP_AND] = KSIFT_INSN_AND,
		[KSIFT_OP_OR] = KSIFT_INSN_OR,
		[KSIFT_OP_ANDNOT] = KSIFT_INSN_ANDNOT,
		[KSIFT_OP_XOR] = KSIFT_INSN_XOR,
	};
	const struct ksift_op *op = &m->src->ops[i];
	const struct ksift_op_note *note = &m->notes[i];

	q->d = note->slot;
	q->c = KSIFT_SLOT_ONES;
	if (note->def[0])
		q->a = operand(m, i, 0);
	if (note->def[1])
		q->b = operand(m, i, 1);
	switch (op->code) {
	case KSIFT_OP_CLASS:
		if (is_simple(m, i)) {
			q->code = KSIFT_INSN_ANDNOT;
			q->a = KSIFT_SLOT_ONES;
			q->b = KSIFT_SLOT_NEWLINES;
			q->cost = COST_LOGIC;
			break;
		}
		emit_class(m, q, i);
		break;
	case KSIFT_OP_START:
		q->code = KSIFT_INSN_START;
		q->cost = COST_MASK;
		break;
	case KSIFT_OP_LITERAL:
		emit_literal(m, q, i);
		break;
	case KSIFT_OP_ADVANCE:
		emit_advance(m, q, i, KSIFT_INSN_ADVANCE_AND);
		break;
	case KSIFT_OP_RUN:
		emit_carrying(m, q, KSIFT_INSN_RUN, COST_RUN);
		break;
	case KSIFT_OP_THRU:
		emit_carrying(m, q, KSIFT_INSN_THRU, COST_RUN);
		break;
	case KSIFT_OP_PARITY:
		emit_carrying(m, q, KSIFT_INSN_PARITY, COST_PARITY);
		m->masks |= 1;
		break;
	case KSIFT_OP_ACCEPT:
		emit_carrying(m, q, KSIFT_INSN_ACCEPT, COST_ACCEPT);
		q->n = op->k;
		break;
	case KSIFT_OP_SKIP:
		q->code = KSIFT_INSN_SKIP;
		q->clear = escaping(m, i);
		q->carry = m->prog->carry_count;
		break;
	default:
		if (note->with) {
			emit_joined(m, q, i);
			break;
		}
		q->code = logic[op->code];
		q->cost = COST_LOGIC;
	}
}

/* What some operations find has a slot of its own; that of others is a register's. */
static u32 slot_of(const struct ksift_maker *m, const struct ksift_op *op)
{
	switch (op->code) {
	case KSIFT_OP_NEWLINE:
		return KSIFT_SLOT_NEWLINES;
	case KSIFT_OP_START:
		return KSIFT_SLOT_STARTS;
	case KSIFT_OP_CLASS:
		if (!op->k && set_is_newline(&m->src->sets[op->a], false))
			return KSIFT_SLOT_NEWLINES;
		if (!op->k && set_is_full(&m->src->sets[op->a]))
			return KSIFT_SLOT_ONES;
	}
	return KSIFT_SLOT_REGISTERS + op->dst;
}

static void assign_slots(struct ksift_maker *m)
{
	u32 i, end = KSIFT_SLOT_REGISTERS;

	for (i = 0; i < m->src->op_count; i++) {
		m->notes[i].slot = slot_of(m, &m->src->ops[i]);
		end = max(end, m->notes[i].slot + 1u);
	}
	m->prog->slot_count = end;
}

/* Emit all instructions, and tell each SKIP how many of them it passes over. */
static void emit_all(struct ksift_maker *m)
{
	struct ksift_lineprog *prog = m->prog;
	struct ksift_insn *skip = NULL;
	u32 i, end = 0;

	for (i = 0; i < m->src->op_count; i++) {
		const struct ksift_op *op = &m->src->ops[i];
		struct ksift_insn *q = &prog->insns[prog->insn_count];
		u32 slot = m->notes[i].slot;

		if (!m->notes[i].part && (!ksift_op_writes(op) ||
					  slot >= KSIFT_SLOT_STARTS)) {
			emit(m, q, i);
			prog->insn_count++;
		}
		if (op->code == KSIFT_OP_SKIP) {
			skip = q;
			end = i + op->k;
		}
		if (skip && i == end) {
			skip->n = prog->insn_count - (skip - prog->insns) - 1;
			skip->carries = prog->carry_count - skip->carry;
			skip->cost = COST_SKIP + skip->carries / 4;
			skip = NULL;
		}
	}
}

/* A mask is made from the nearest of a lower column, which is at least half of its own. */
static void make_masks(struct ksift_maker *m)
{
	struct ksift_lineprog *prog = m->prog;
	u32 k, from;

	prog->mask_slots[1] = KSIFT_SLOT_STARTS;
	for (k = KSIFT_DISTANCE_MAX; k > 1; k--)
		if (m->masks >> (k - 1) & 1 &&
		    !(m->masks >> ((k + 1) / 2 - 1) &
		      (~0ULL >> (64 - (k - (k + 1) / 2)))))
			m->masks |= 1ULL << ((k + 1) / 2 - 1);
	for (k = 2, from = 1; k <= KSIFT_DISTANCE_MAX; k++) {
		if (!(m->masks >> (k - 1) & 1))
			continue;
		prog->mask_slots[k] = prog->slot_count++;
		prog->mask_from[k] = from;
		from = k;
	}
}

void ksift_maker_emit(struct ksift_maker *m)
{
	assign_slots(m);
	join(m);
	emit_all(m);
	make_masks(m);
}
