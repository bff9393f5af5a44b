// SPDX-License-Identifier: GPL-2.0-only
/*
 * Line programs are verified here, in one pass, and made into what lineprog_run.c
 * runs: operations that belong together become one instruction, sets and literals
 * are prepared for vectors, and each operation that carries something from one block
 * to the next gets a place for it.
 *
 * A plain shift would cross the ends of lines, so ADVANCE takes away the places
 * below its distance in each line.  Where none of them can have a bit it need not:
 * of each result it is known how many bytes before and behind its places are no
 * newline (struct note).
 */
#include "filter.h"
#include "linecode.h"
#include "../uapi/ksift.h"

/*
 * ns of a vector variant for a full block: see selftests/host/lineprog.c.  They are
 * rather too high, as what they bound is the time without preemption.
 */
#define COST_LOGIC	15
#define COST_ADVANCE	25
#define COST_MASK	25
#define COST_RUN	40
#define COST_PARITY	100
#define COST_ACCEPT	60
#define COST_SKIP	10
#define COST_LITERAL	100
#define COST_RANGE	60
#define COST_ASCII	100
#define COST_ANY	150

/*
 * What a block may cost.  Between two blocks a run can return, so blocks of a
 * program that is larger are smaller.
 */
#define BLOCK_COST	200000

/* Words of all bitmaps of what is found: half of a second-level cache's way. */
#define OUT_WORDS	8192

/* And of one of them: the text is still in a second-level cache when it is used. */
#define OUT_WORDS_MAX	1024

/**
 * struct note - What is known of an operation, while a program is made
 * @def: Operations, counted from 1, that wrote the registers that it reads
 * @user: The last operation that reads what it wrote
 * @uses: How many do
 * @region: The SKIP that passes over it, counted from 1
 * @slot: Where its result is
 * @with: An operation, counted from 1, that is part of its instruction
 * @behind: Of each place in its result, at least so many bytes before it are no newline
 * @ahead: And so many from its own on
 * @part: It is part of a later instruction
 * @escapes: What it wrote is read behind its region
 */
struct note {
	u16 def[2];
	u16 user;
	u16 uses;
	u16 region;
	u16 slot;
	u16 with;
	u8 behind;
	u8 ahead;
	bool part;
	bool escapes;
};

/**
 * struct maker - A program that is being made
 * @src: As it was given
 * @prog: As it will be
 * @notes: One for each operation
 * @def: The operations, counted from 1, that wrote what the registers have now
 * @masks: Bit k - 1 is set when the mask of column k is needed
 */
struct maker {
	const struct ksift_lineprog_source *src;
	struct ksift_lineprog *prog;
	struct note *notes;
	u16 def[KSIFT_REGISTERS_MAX];
	u64 masks;
};

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

static const struct ksift_set newline_set = { { 1 << '\n' } };

static bool set_has_newline(const struct ksift_set *set)
{
	return set->bits[0] & newline_set.bits[0];
}

static bool set_is_full(const struct ksift_set *set)
{
	return (set->bits[0] & set->bits[1] & set->bits[2] & set->bits[3]) == U64_MAX;
}

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
	       align64(src->op_count * sizeof(struct note));
}

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

/* How many bytes around a result's places are no newline: see struct note. */
static void note_bounds(struct maker *m, u32 i)
{
	const struct ksift_op *op = &m->src->ops[i];
	const struct note none = { 0 };
	struct note *note = &m->notes[i];
	const struct note *a = note->def[0] ? &m->notes[note->def[0] - 1] : &none;
	const struct note *b = note->def[1] ? &m->notes[note->def[1] - 1] : &none;

	switch (op->code) {
	case KSIFT_OP_CLASS:
		note->behind = op->k;
		note->ahead = !op->k && !set_has_newline(&m->src->sets[op->a]);
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
		note->ahead = a->ahead - min((u32)a->ahead, (u32)op->k);
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

static bool note_read(struct maker *m, u32 i, u32 which, u32 reg)
{
	struct note *note = &m->notes[i], *def;

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

static int verify(struct maker *m)
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
		if (uses & USES_DST) {
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
	for (c = 0; c < 256; c++)
		if ((set->bits[c / 64] >> c % 64 & 1) == how)
			out->table[c >> 7][c & 15] |= 1 << (c >> 4 & 7);
}

static int make_literals(struct maker *m, u64 *pairs)
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
		}
		ksift_probe_rarest(&lit->probe, data, pat->len, fold, 2);
		pairs += lit->words * 2;
		bytes += pat->len;
	}
	return 0;
}

/* Is what operation @def, counted from 1, wrote still in its slot? */
static bool still_there(const struct maker *m, u32 def)
{
	return m->notes[def - 1].slot < KSIFT_SLOT_REGISTERS ||
	       m->def[m->src->ops[def - 1].dst] == def;
}

/* And all that operation @i reads? */
static bool can_wait(const struct maker *m, u32 i)
{
	const struct note *note = &m->notes[i];
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
static bool can_join(const struct maker *m, u32 i, u32 which, u32 code)
{
	u32 p = m->notes[i].def[which] - 1;
	const struct note *note = &m->notes[p];

	return m->src->ops[p].code == code && note->uses == 1 &&
	       note->region == m->notes[i].region &&
	       note->slot >= KSIFT_SLOT_REGISTERS && !note->part &&
	       can_wait(m, p);
}

static bool try_join(struct maker *m, u32 i, u32 which, u32 code)
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

static bool try_join_any(struct maker *m, u32 i, u32 code)
{
	return try_join(m, i, 0, code) || try_join(m, i, 1, code);
}

/* The slot of what operand @which of @i is. */
static u32 operand(const struct maker *m, u32 i, u32 which)
{
	return m->notes[m->notes[i].def[which] - 1].slot;
}

/* Of two operands, the one that is not @part of the instruction. */
static u32 other(const struct maker *m, u32 i, u32 part)
{
	return m->notes[i].def[0] == part ? 1 : 0;
}

static void join(struct maker *m)
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
		if (op_uses[op->code] & USES_DST)
			m->def[op->dst] = i + 1;
	}
}

/*
 * The mask that operation @p, an ADVANCE or a CLASS, needs: none if no place of its
 * line that is too near to its start can have a bit, or if an AND takes those away.
 */
static u32 mask_of(struct maker *m, u32 p)
{
	const struct ksift_op *op = &m->src->ops[p];
	const struct note *note = &m->notes[p];

	if (op->code == KSIFT_OP_ADVANCE) {
		if (m->notes[note->def[0] - 1].ahead >= op->k)
			return 0;
	} else if (!op->k ||
		   (op->k == 1 && !set_has_newline(&m->src->sets[op->a]))) {
		return 0;
	}
	if (note->uses == 1 && m->src->ops[note->user].code == KSIFT_OP_AND) {
		const struct note *user = &m->notes[note->user];
		u32 with = user->def[other(m, note->user, p + 1)];

		if (user->def[0] != user->def[1] &&
		    m->notes[with - 1].behind >= op->k)
			return 0;
	}
	m->masks |= 1ULL << (op->k - 1);
	return op->k;
}

static void emit_class(struct maker *m, struct ksift_insn *q, u32 p)
{
	const struct ksift_op *op = &m->src->ops[p];
	static const u16 cost[] = {
		[KSIFT_SET_RANGE] = COST_RANGE,
		[KSIFT_SET_ASCII] = COST_ASCII,
		[KSIFT_SET_ANY] = COST_ANY,
	};

	q->code = KSIFT_INSN_CLASS;
	q->n = op->a;
	q->k = op->k;
	q->mask = mask_of(m, p);
	q->cost = cost[m->prog->sets[op->a].kind];
	m->prog->history = max(m->prog->history, (u32)op->k);
}

static void emit_literal(struct maker *m, struct ksift_insn *q, u32 p)
{
	q->code = KSIFT_INSN_LITERAL;
	q->n = m->src->ops[p].k;
	q->cost = COST_LITERAL;
	m->prog->history = max(m->prog->history, m->prog->literals[q->n].len);
}

/* @code is that without another operation before it. */
static void emit_advance(struct maker *m, struct ksift_insn *q, u32 p, u32 code)
{
	u32 with = m->notes[p].with;

	q->code = code;
	q->k = m->src->ops[p].k;
	q->mask = mask_of(m, p);
	q->carry = m->prog->carry_count++;
	q->cost = COST_ADVANCE;
	q->a = operand(m, p, 0);
	if (with) {
		q->code += KSIFT_INSN_AND_ADVANCE - KSIFT_INSN_ADVANCE;
		q->a = operand(m, with - 1, 0);
		q->b = operand(m, with - 1, 1);
	}
}

/* An operation with another that is done before it to one of its operands. */
static void emit_joined(struct maker *m, struct ksift_insn *q, u32 i)
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

static void emit_carrying(struct maker *m, struct ksift_insn *q, u32 code, u32 cost)
{
	q->code = code;
	q->cost = cost;
	q->carry = m->prog->carry_count++;
}

/* The registers that are read behind the operations that a SKIP passes over. */
static u64 escaping(const struct maker *m, u32 skip)
{
	u32 i, end = skip + m->src->ops[skip].k;
	u64 regs = 0;

	for (i = skip + 1; i <= end; i++)
		if (m->notes[i].escapes)
			regs |= 1ULL << m->src->ops[i].dst;
	return regs;
}

static void emit(struct maker *m, struct ksift_insn *q, u32 i)
{
	static const u8 logic[] = {
		[KSIFT_OP_AND] = KSIFT_INSN_AND,
		[KSIFT_OP_OR] = KSIFT_INSN_OR,
		[KSIFT_OP_ANDNOT] = KSIFT_INSN_ANDNOT,
		[KSIFT_OP_XOR] = KSIFT_INSN_XOR,
	};
	const struct ksift_op *op = &m->src->ops[i];
	const struct note *note = &m->notes[i];

	q->d = note->slot;
	q->c = KSIFT_SLOT_ONES;
	if (note->def[0])
		q->a = operand(m, i, 0);
	if (note->def[1])
		q->b = operand(m, i, 1);
	switch (op->code) {
	case KSIFT_OP_CLASS:
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
		emit_advance(m, q, i, KSIFT_INSN_ADVANCE);
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
static void assign_slots(struct maker *m)
{
	u32 i, registers = 0;

	for (i = 0; i < m->src->op_count; i++) {
		const struct ksift_op *op = &m->src->ops[i];
		u32 slot = KSIFT_SLOT_REGISTERS + op->dst;

		if (op->code == KSIFT_OP_NEWLINE)
			slot = KSIFT_SLOT_NEWLINES;
		else if (op->code == KSIFT_OP_START)
			slot = KSIFT_SLOT_STARTS;
		else if (op->code == KSIFT_OP_CLASS && !op->k &&
			 set_is_full(&m->src->sets[op->a]))
			slot = KSIFT_SLOT_ONES;
		else
			registers = max(registers, op->dst + 1u);
		m->notes[i].slot = slot;
	}
	m->prog->slot_count = KSIFT_SLOT_REGISTERS + registers;
}

/* Emit all instructions, and tell each SKIP how many of them it passes over. */
static void emit_all(struct maker *m)
{
	struct ksift_lineprog *prog = m->prog;
	struct ksift_insn *skip = NULL;
	u32 i, end = 0;

	for (i = 0; i < m->src->op_count; i++) {
		const struct ksift_op *op = &m->src->ops[i];
		struct ksift_insn *q = &prog->insns[prog->insn_count];
		u32 slot = m->notes[i].slot;

		if (!m->notes[i].part && (!(op_uses[op->code] & USES_DST) ||
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
static void make_masks(struct maker *m)
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

/* Which bitmap each pattern has that is accepted, and how long these may be. */
static void make_results(struct maker *m)
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
			cost += KSIFT_LITERAL_COST(&prog->literals[q->n]) *
				KSIFT_BLOCK_WORDS;
	}
	while (cost > BLOCK_COST && words > KSIFT_BLOCK_STEP) {
		words /= 2;
		cost /= 2;
	}
	prog->block_words = words;
	prog->block_cost = cost;
}

int ksift_lineprog_make(void *mem, const struct ksift_lineprog_source *src,
			struct ksift_lineprog **out)
{
	struct ksift_lineprog *prog = mem;
	struct maker m = { .src = src, .prog = prog };
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

	ret = verify(&m);
	if (!ret)
		ret = make_literals(&m, pairs);
	if (ret)
		return ret;
	for (i = 0; i < src->set_count; i++)
		make_set(&prog->sets[i], &src->sets[i]);
	assign_slots(&m);
	join(&m);
	emit_all(&m);
	make_masks(&m);
	make_results(&m);
	choose_block(prog);
	prog->history = (prog->history + 31) / 32 * 32;
	*out = prog;
	return 0;
}
