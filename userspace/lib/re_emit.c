// SPDX-License-Identifier: GPL-2.0-only
/*
 * Values to operations: in which order, what may be passed over, and in which registers.
 *
 * Each value comes right before it is first needed, pattern after pattern.  In each
 * pattern's part, the value on which all the rest depends, and that is so rare that it
 * saves most, gets a SKIP: what does not depend on it and is needed in any case, by a
 * carry or by a later part, goes before that.  Where registers run out, values that look
 * at nothing but the text are dropped and made again.
 */
#include <errno.h>
#include <string.h>

#include "re_emit.h"
#include "re_share.h"

#define ITEMS_MAX (KSIFT_OPS_MAX + KSIFT_PATTERNS_MAX)

/* Places that the engine looks at in one go. */
#define BLOCK_PLACES 2048

/* What a SKIP has to save, in operations, and how many are tried in all. */
#define SKIP_SAVES 1.0
#define SKIP_TRIES 200

/* Looking at the text takes as long as so many other operations. */
#define LEAF_COST 4

/* A line has about so many bytes. */
#define LINE_BYTES 80.0

/* What an item is, beside a value's number. */
enum {
	ITEM_ACCEPT = -1,
	ITEM_SKIP = -2
};

/**
 * struct item - What becomes an operation
 * @value: The value it computes, or ITEM_ACCEPT or ITEM_SKIP
 * @of: The value that these ask for
 * @k: The pattern of ACCEPT; the item after the last that SKIP passes over
 */
struct item {
	int value;
	int of;
	int k;
};

/**
 * struct emission - A program in the making
 * @v: The values
 * @values: These as they are to be computed
 * @out: The program
 * @flags: enum re_lower_flags
 * @too_big: It is beyond the limits
 * @tries: How many SKIPs may still be tried
 * @items: @item_count items
 * @moved: Some of them, on their way
 * @uses: By value, how many values and items ask for it
 * @done: By value, it is among the items
 * @last_use: By value, the last item that asks for it
 * @next_use: By value, the first of @asks that is not behind, or -1
 * @asks: Items that ask for a value, and which of these is the next for the same one
 * @share: By value, how often a place has it, about
 * @dead: By value, it is empty if the current SKIP's is
 * @hoist: By value, it is to come before the current SKIP
 * @inside: By value, the current SKIP passes over it
 * @reg: By value, its register, or -1
 * @owner: By register, its value, or -1
 * @pinned: The value that the current SKIP asks for, or -1: made again it would not be
 *	known to be dead
 * @set_number: By set of the values, its number in the program, or -1
 * @literal_number: By literal of the values, its number in the program, or -1
 */
struct emission {
	const struct re_values *v;
	struct re_value values[RE_VALUES_MAX];
	struct re_program *out;
	unsigned int flags;
	bool too_big;
	int tries;
	struct item items[ITEMS_MAX];
	struct item moved[ITEMS_MAX];
	int item_count;
	int uses[RE_VALUES_MAX];
	bool done[RE_VALUES_MAX];
	int last_use[RE_VALUES_MAX];
	int next_use[RE_VALUES_MAX];
	struct {
		int item;
		int next;
	} asks[2 * ITEMS_MAX];
	double share[RE_VALUES_MAX];
	bool dead[RE_VALUES_MAX];
	bool hoist[RE_VALUES_MAX];
	bool inside[RE_VALUES_MAX];
	int reg[RE_VALUES_MAX];
	int owner[KSIFT_REGISTERS_MAX];
	int pinned;
	int set_number[RE_VALUE_SETS_MAX];
	int literal_number[RE_VALUES_MAX];
};

static bool binary(int code)
{
	return code == KSIFT_OP_AND || code == KSIFT_OP_OR || code == KSIFT_OP_ANDNOT ||
	       code == KSIFT_OP_XOR || code == KSIFT_OP_RUN || code == KSIFT_OP_THRU;
}

/* It looks at the text alone, and can be made again anywhere. */
static bool leaf(int code)
{
	return code == KSIFT_OP_CLASS || code == KSIFT_OP_NEWLINE || code == KSIFT_OP_START ||
	       code == KSIFT_OP_LITERAL;
}

static bool carries(int code)
{
	return code == KSIFT_OP_ADVANCE || code == KSIFT_OP_RUN || code == KSIFT_OP_THRU ||
	       code == KSIFT_OP_PARITY;
}

/* The values that a value is made of, at most two. */
static int operands(const struct re_value *x, int ops[2])
{
	if (leaf(x->code))
		return 0;
	ops[0] = x->a;
	ops[1] = x->b;
	return binary(x->code) ? 2 : 1;
}

static void add_item(struct emission *e, int value, int of, int k)
{
	if (e->item_count == ITEMS_MAX) {
		e->too_big = true;
		return;
	}
	e->items[e->item_count++] = (struct item){ .value = value, .of = of, .k = k };
}

static void count_uses(struct emission *e, int x)
{
	int ops[2], n, i;

	if (e->uses[x]++)
		return;
	n = operands(&e->values[x], ops);
	for (i = 0; i < n; i++)
		count_uses(e, ops[i]);
}

static void visit(struct emission *e, int x);

/* The engine joins an AND or OR with an ADVANCE that nothing else needs. */
static bool joins(const struct emission *e, int x)
{
	return e->values[x].code == KSIFT_OP_ADVANCE && e->uses[x] == 1 && !e->done[x];
}

static void visit_both(struct emission *e, int a, int b)
{
	const struct re_value *x = &e->values[a], *y = &e->values[b];

	/* Text is looked at late, so that a SKIP may pass over that. */
	if (leaf(x->code) && (!leaf(y->code) || x->k > y->k)) {
		visit_both(e, b, a);
		return;
	}
	if (joins(e, a)) {
		visit(e, x->a);
		visit(e, b);
		visit(e, a);
	} else if (joins(e, b)) {
		visit(e, a);
		visit(e, y->a);
		visit(e, b);
	} else {
		visit(e, a);
		visit(e, b);
	}
}

static void visit(struct emission *e, int x)
{
	const struct re_value *value = &e->values[x];
	int ops[2], n;

	if (e->done[x] || e->too_big)
		return;
	n = operands(value, ops);
	if (n == 2)
		visit_both(e, ops[0], ops[1]);
	else if (n)
		visit(e, ops[0]);
	e->done[x] = true;
	add_item(e, x, -1, 0);
}

static double set_share(const struct ksift_set *set)
{
	double share = 0;
	int c;

	for (c = 0; c < 256; c++)
		if (re_set_has(set, c))
			share += ksift_re_byte_share(c) / 65536.0;
	return share;
}

static double value_share(const struct emission *e, const struct re_value *x)
{
	const double *share = e->share;
	double a, b;

	switch (x->code) {
	case KSIFT_OP_CLASS:
		return set_share(&e->v->sets[x->a]);
	case KSIFT_OP_LITERAL:
		return ksift_re_literal_share(&e->v->literals[x->a]);
	case KSIFT_OP_START:
	case KSIFT_OP_NEWLINE:
		return 1 / LINE_BYTES;
	}
	a = share[x->a];
	b = x->b >= 0 ? share[x->b] : 0;
	switch (x->code) {
	case KSIFT_OP_AND:
		return (a < b ? a : b) / 2;
	case KSIFT_OP_OR:
	case KSIFT_OP_XOR:
		return a + b;
	case KSIFT_OP_RUN:
		return a * LINE_BYTES / 2;
	}
	return a;
}

/* Note the last item that asks for each value, and how often these are. */
static void look(struct emission *e)
{
	int i, j, n, ops[2];

	for (i = 0; i < e->item_count; i++) {
		const struct item *item = &e->items[i];

		if (item->value < 0) {
			e->last_use[item->of] = i;
			continue;
		}
		e->last_use[item->value] = i;
		n = operands(&e->values[item->value], ops);
		for (j = 0; j < n; j++)
			e->last_use[ops[j]] = i;
		e->share[item->value] = value_share(e, &e->values[item->value]);
	}
}

static bool is_dead(const struct emission *e, const struct re_value *x)
{
	bool a, b;

	if (leaf(x->code))
		return false;
	a = e->dead[x->a];
	b = x->b >= 0 && e->dead[x->b];
	if (x->code == KSIFT_OP_AND)
		return a || b;
	if (x->code == KSIFT_OP_OR || x->code == KSIFT_OP_XOR)
		return a && b;
	return a;
}

/*
 * Whether a SKIP after item @at can pass over the items to @to: mark what is dead, and
 * what has to come before it.  Returns what these items take, in operations, or 0.
 */
static int can_skip(struct emission *e, int at, int to)
{
	int i, j, n, ops[2], passed = 0;

	memset(e->dead, 0, sizeof(e->dead));
	memset(e->hoist, 0, sizeof(e->hoist));
	memset(e->inside, 0, sizeof(e->inside));
	e->dead[e->items[at].value] = true;
	for (i = at + 1; i < to; i++) {
		int x = e->items[i].value;

		if (x == ITEM_ACCEPT) {
			if (!e->dead[e->items[i].of])
				return 0;
			continue;
		}
		e->inside[x] = true;
		e->dead[x] = is_dead(e, &e->values[x]);
		if (e->dead[x])
			continue;
		e->hoist[x] = carries(e->values[x].code) || e->last_use[x] >= to;
	}
	for (i = to - 1; i > at; i--) {
		int x = e->items[i].value;

		if (x == ITEM_ACCEPT || !e->hoist[x]) {
			passed += x >= 0 && leaf(e->values[x].code) ? LEAF_COST : 1;
			continue;
		}
		if (e->dead[x])
			return 0;
		n = operands(&e->values[x], ops);
		for (j = 0; j < n; j++)
			e->hoist[ops[j]] |= e->inside[ops[j]];
	}
	return passed;
}

/* Put a SKIP after item @at, and what has to come before that before it. */
static int put_skip(struct emission *e, int at, int to)
{
	int i, n = 0;

	e->moved[n++] = e->items[at];
	for (i = at + 1; i < to; i++)
		if (e->items[i].value >= 0 && e->hoist[e->items[i].value])
			e->moved[n++] = e->items[i];
	e->moved[n++] = (struct item){ .value = ITEM_SKIP, .of = e->items[at].value, .k = to + 1 };
	for (i = at + 1; i < to; i++)
		if (e->items[i].value < 0 || !e->hoist[e->items[i].value])
			e->moved[n++] = e->items[i];
	memmove(&e->items[to + 1], &e->items[to], (e->item_count - to) * sizeof(*e->items));
	memcpy(&e->items[at], e->moved, n * sizeof(*e->items));
	e->item_count++;
	return to + 1;
}

/* What a SKIP after item @at saves in each block, in operations, on the average. */
static double skip_saves(struct emission *e, int at, int to)
{
	double expected = e->share[e->items[at].value] * BLOCK_PLACES;

	/* There is none with a chance of exp(-expected), or a little more. */
	return can_skip(e, at, to) / (1 + expected + expected * expected / 2);
}

/* Returns where the part ends then. */
static int skip_part(struct emission *e, int from, int to)
{
	double most = SKIP_SAVES, saves;
	int i, best = -1;

	if (e->flags & RE_NO_SKIP || e->item_count == ITEMS_MAX)
		return to;
	for (i = from; i < to - 1 && e->tries; i++) {
		if (e->items[i].value < 0)
			continue;
		e->tries--;
		saves = skip_saves(e, i, to);
		if (saves > most) {
			most = saves;
			best = i;
		}
	}
	if (best < 0)
		return to;
	can_skip(e, best, to);
	return put_skip(e, best, to);
}

/* Whether a SKIP passes over item @i. */
static bool passed_over(const struct emission *e, int i)
{
	int j;

	for (j = i - 1; j >= 0; j--)
		if (e->items[j].value == ITEM_SKIP)
			return e->items[j].k > i;
	return false;
}

static int find_class(const struct emission *e, int set, int from, int to)
{
	int i;

	for (i = from; i < to; i++) {
		const struct re_value *x;

		if (e->items[i].value < 0)
			continue;
		x = &e->values[e->items[i].value];
		if (x->code == KSIFT_OP_CLASS && x->a == set && !x->k && !passed_over(e, i))
			return i;
	}
	return -1;
}

/* A set that was looked for already need not be looked for again some bytes before. */
static void reuse_class(struct emission *e, int i, int to)
{
	struct re_value *x = &e->values[e->items[i].value];
	struct item item;
	int found;

	if (x->code != KSIFT_OP_CLASS || !x->k || passed_over(e, i))
		return;
	found = find_class(e, x->a, 0, to);
	if (found < 0)
		return;
	*x = (struct re_value){ .code = KSIFT_OP_ADVANCE, .a = e->items[found].value, .b = -1,
				.k = x->k };
	if (found < i)
		return;
	item = e->items[found];
	memmove(&e->items[i + 1], &e->items[i], (found - i) * sizeof(*e->items));
	e->items[i] = item;
}

static void order(struct emission *e, const int *roots)
{
	int ends[KSIFT_PATTERNS_MAX], p, i, from, to, grown = 0;

	for (p = 0; p < KSIFT_PATTERNS_MAX; p++)
		if (roots[p] >= 0)
			count_uses(e, roots[p]);
	for (p = 0; p < KSIFT_PATTERNS_MAX; p++) {
		if (roots[p] >= 0) {
			visit(e, roots[p]);
			add_item(e, ITEM_ACCEPT, roots[p], p);
		}
		ends[p] = e->item_count;
	}
	if (e->too_big)
		return;
	for (p = 0, from = 0; p < KSIFT_PATTERNS_MAX; p++, from = to) {
		to = ends[p] + grown;
		if (from == to)
			continue;
		look(e);
		i = skip_part(e, from, to);
		grown += i - to;
		to = i;
		for (i = from; i < to; i++)
			if (e->items[i].value >= 0)
				reuse_class(e, i, to);
	}
	look(e);
}

/* List the items that ask for each value, in order. */
static void list_uses(struct emission *e)
{
	int i, j, n, ops[2], count = 0;

	memset(e->next_use, -1, sizeof(e->next_use));
	for (i = e->item_count - 1; i >= 0; i--) {
		n = 1;
		ops[0] = e->items[i].of;
		if (e->items[i].value >= 0)
			n = operands(&e->values[e->items[i].value], ops);
		for (j = 0; j < n; j++) {
			e->asks[count].item = i;
			e->asks[count].next = e->next_use[ops[j]];
			e->next_use[ops[j]] = count++;
		}
	}
}

/* The first item from @i on that asks for a value; @i only grows. */
static int next_use(struct emission *e, int x, int i)
{
	while (e->next_use[x] >= 0 && e->asks[e->next_use[x]].item < i)
		e->next_use[x] = e->asks[e->next_use[x]].next;
	return e->next_use[x] >= 0 ? e->asks[e->next_use[x]].item : e->item_count;
}

static bool is_operand(const struct emission *e, const struct item *item, int x)
{
	int j, n, ops[2];

	if (item->value < 0)
		return item->of == x;
	n = operands(&e->values[item->value], ops);
	for (j = 0; j < n; j++)
		if (ops[j] == x)
			return true;
	return false;
}

/* A register for a value, at item @i. */
static int take_register(struct emission *e, int x, int i)
{
	int r, best = -1, farthest = -1, use;

	for (r = 0; r < KSIFT_REGISTERS_MAX && e->owner[r] >= 0; r++)
		;
	if (r == KSIFT_REGISTERS_MAX) {
		for (r = 0; r < KSIFT_REGISTERS_MAX; r++) {
			int old = e->owner[r];

			if (!leaf(e->values[old].code) || old == e->pinned ||
			    is_operand(e, &e->items[i], old))
				continue;
			use = next_use(e, old, i + 1);
			if (use > farthest) {
				farthest = use;
				best = r;
			}
		}
		if (best < 0) {
			e->too_big = true;
			return 0;
		}
		r = best;
		e->reg[e->owner[r]] = -1;
	}
	e->owner[r] = x;
	e->reg[x] = r;
	if ((uint32_t)r >= e->out->registers)
		e->out->registers = r + 1;
	return r;
}

static void release(struct emission *e, int x)
{
	if (e->reg[x] < 0)
		return;
	e->owner[e->reg[x]] = -1;
	e->reg[x] = -1;
}

static struct ksift_op *new_op(struct emission *e, int code)
{
	struct re_program *out = e->out;
	struct ksift_op *op = &out->ops[out->op_count];

	if (out->op_count == KSIFT_OPS_MAX) {
		e->too_big = true;
		return &out->ops[0];
	}
	out->op_count++;
	memset(op, 0, sizeof(*op));
	op->code = code;
	return op;
}

static int number_of_set(struct emission *e, int set)
{
	struct re_program *out = e->out;

	if (e->set_number[set] >= 0)
		return e->set_number[set];
	if (out->set_count == KSIFT_SETS_MAX) {
		e->too_big = true;
		return 0;
	}
	out->sets[out->set_count] = e->v->sets[set];
	e->set_number[set] = out->set_count;
	return out->set_count++;
}

static int number_of_literal(struct emission *e, int literal)
{
	const struct re_literal *from = &e->v->literals[literal];
	struct re_program *out = e->out;
	struct ksift_pattern *to;

	if (e->literal_number[literal] >= 0)
		return e->literal_number[literal];
	if (out->literal_count == KSIFT_OPS_MAX) {
		e->too_big = true;
		return 0;
	}
	to = &out->literals[out->literal_count];
	*to = (struct ksift_pattern){ 0 };
	to->data = (uintptr_t)from->bytes;
	to->len = from->len;
	to->flags = from->fold ? KSIFT_PATTERN_FOLD : 0;
	e->literal_number[literal] = out->literal_count;
	return out->literal_count++;
}

static void emit_value(struct emission *e, int i, int x)
{
	const struct re_value *value = &e->values[x];
	struct ksift_op *op;
	int a = 0, b = 0, k = value->k, ops[2], n, j;

	n = operands(value, ops);
	for (j = 0; j < n; j++)
		if (e->reg[ops[j]] < 0)
			emit_value(e, i, ops[j]);
	if (n)
		a = e->reg[ops[0]];
	if (n == 2)
		b = e->reg[ops[1]];
	if (value->code == KSIFT_OP_CLASS) {
		a = number_of_set(e, value->a);
	} else if (value->code == KSIFT_OP_LITERAL) {
		k = number_of_literal(e, value->a);
	}
	for (j = 0; j < n; j++)
		if (e->last_use[ops[j]] <= i)
			release(e, ops[j]);
	op = new_op(e, value->code);
	op->a = a;
	op->b = b;
	op->k = k;
	op->dst = take_register(e, x, i);
}

static void emit_item(struct emission *e, int i)
{
	const struct item *item = &e->items[i];
	struct ksift_op *op;

	if (item->value >= 0) {
		emit_value(e, i, item->value);
		return;
	}
	if (e->reg[item->of] < 0)
		emit_value(e, i, item->of);
	op = new_op(e, item->value == ITEM_SKIP ? KSIFT_OP_SKIP : KSIFT_OP_ACCEPT);
	op->a = e->reg[item->of];
	op->k = item->k;
	if (e->last_use[item->of] <= i)
		release(e, item->of);
}

/* After what a SKIP passes over, registers that were written there are not to be read. */
static void leave_skip(struct emission *e, uint32_t skip)
{
	const struct ksift_op *ops = e->out->ops;
	bool dead[KSIFT_REGISTERS_MAX] = { 0 }, written[KSIFT_REGISTERS_MAX] = { 0 };
	uint32_t i, r;

	dead[ops[skip].a] = true;
	for (i = skip + 1; i < e->out->op_count; i++) {
		const struct ksift_op *op = &ops[i];
		struct re_value x = { .code = op->code, .a = op->a, .b = op->b };
		bool a = dead[op->a], b = dead[op->b];

		if (op->code == KSIFT_OP_ACCEPT)
			continue;
		written[op->dst] = true;
		dead[op->dst] = !leaf(x.code) &&
			(x.code == KSIFT_OP_AND ? a || b :
			 x.code == KSIFT_OP_OR || x.code == KSIFT_OP_XOR ? a && b : a);
	}
	for (r = 0; r < KSIFT_REGISTERS_MAX; r++)
		if (written[r] && !dead[r] && e->owner[r] >= 0)
			release(e, e->owner[r]);
}

static void allocate(struct emission *e)
{
	uint32_t skip = 0;
	int i, end = -1;

	list_uses(e);
	for (i = 0; i < e->item_count && !e->too_big; i++) {
		if (i == end) {
			e->out->ops[skip].k = e->out->op_count - skip - 1;
			leave_skip(e, skip);
			e->pinned = -1;
		}
		if (e->items[i].value == ITEM_SKIP) {
			end = e->items[i].k;
			emit_item(e, i);
			skip = e->out->op_count - 1;
			e->pinned = e->items[i].of;
		} else {
			emit_item(e, i);
		}
	}
	if (i == end && !e->too_big)
		e->out->ops[skip].k = e->out->op_count - skip - 1;
}

static void no_program(struct re_program *out)
{
	out->op_count = 0;
	out->set_count = 0;
	out->literal_count = 0;
	out->registers = 0;
}

int ksift_re_emit(struct re_arena *arena, void **scratch, const struct re_values *v,
		  const int *roots, unsigned int flags, struct re_program *out)
{
	struct emission *e = *scratch;

	if (!e) {
		e = ksift_re_alloc(arena, sizeof(*e));
		*scratch = e;
		out->ops = ksift_re_alloc(arena, KSIFT_OPS_MAX * sizeof(*out->ops));
		out->sets = ksift_re_alloc(arena, KSIFT_SETS_MAX * sizeof(*out->sets));
		out->literals = ksift_re_alloc(arena, KSIFT_OPS_MAX * sizeof(*out->literals));
	}
	if (!e || !out->ops || !out->sets || !out->literals)
		return -ENOMEM;
	no_program(out);
	memset(e, 0, sizeof(*e));
	memcpy(e->values, v->values, v->count * sizeof(*v->values));
	memset(e->reg, -1, sizeof(e->reg));
	memset(e->owner, -1, sizeof(e->owner));
	memset(e->set_number, -1, sizeof(e->set_number));
	memset(e->literal_number, -1, sizeof(e->literal_number));
	e->pinned = -1;
	e->v = v;
	e->out = out;
	e->flags = flags;
	e->tries = SKIP_TRIES;
	order(e, roots);
	if (!e->too_big)
		allocate(e);
	if (!e->too_big)
		return 0;
	no_program(out);
	return -E2BIG;
}
