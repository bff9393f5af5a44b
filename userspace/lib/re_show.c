// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs as text.  Registers are named by their numbers, sets and literals by what is
 * in them, as grep would write them.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "re_show.h"

/* Longer literals are cut short. */
#define SHOWN_MAX 60

/* An operation, with the largest set. */
#define LINE_ROOM 2048

/**
 * struct page - Text in the making
 * @arena: Memory
 * @text: The text
 * @len: Its length
 * @room: Memory that it has
 * @nul_lines: NUL and newline have changed places
 */
struct page {
	struct re_arena *arena;
	char *text;
	size_t len;
	size_t room;
	bool nul_lines;
};

static bool make_room(struct page *page)
{
	char *more;

	if (page->text && page->room - page->len > LINE_ROOM)
		return true;
	more = ksift_re_alloc(page->arena, page->room * 2 + 2 * LINE_ROOM);
	if (!more)
		return false;
	if (page->text)
		memcpy(more, page->text, page->len + 1);
	page->text = more;
	page->room = page->room * 2 + 2 * LINE_ROOM;
	return true;
}

/* What is longer than LINE_ROOM is cut. */
__attribute__((format(printf, 2, 3)))
static void print(struct page *page, const char *format, ...)
{
	va_list ap;
	int n;

	if (!make_room(page))
		return;
	va_start(ap, format);
	n = vsnprintf(page->text + page->len, LINE_ROOM, format, ap);
	va_end(ap);
	page->len += n < LINE_ROOM ? n : LINE_ROOM - 1;
}

static void print_byte(struct page *page, unsigned int c, const char *special)
{
	if (page->nul_lines && (c == '\0' || c == '\n'))
		c = '\n' - c;
	if (c == '\t')
		print(page, "\\t");
	else if (c == '\n')
		print(page, "\\n");
	else if (c == '\r')
		print(page, "\\r");
	else if (c < ' ' || c > '~')
		print(page, "\\x%02x", c);
	else if (strchr(special, c))
		print(page, "\\%c", c);
	else
		print(page, "%c", c);
}

static void print_literal(struct page *page, const struct ksift_pattern *literal)
{
	const unsigned char *bytes = (const unsigned char *)(uintptr_t)literal->data;
	uint32_t i;

	print(page, "\"");
	for (i = 0; i < literal->len && i < SHOWN_MAX; i++)
		print_byte(page, bytes[i], "\"\\");
	print(page, "\"");
	if (literal->len > SHOWN_MAX)
		print(page, "... (%u bytes)", literal->len);
	if (literal->flags & KSIFT_PATTERN_FOLD)
		print(page, " in either case");
}

static unsigned int set_size(const struct ksift_set *set)
{
	return __builtin_popcountll(set->bits[0]) + __builtin_popcountll(set->bits[1]) +
	       __builtin_popcountll(set->bits[2]) + __builtin_popcountll(set->bits[3]);
}

/* The newline is in no set that is looked for, and so it is not told of. */
static void print_set(struct page *page, const struct ksift_set *set)
{
	bool most = set_size(set) > 128;
	unsigned int c, last;

	if (set_size(set) >= 255) {
		print(page, set_size(set) == 256 || !re_set_has(set, '\n') ? "any byte" : "[...]");
		return;
	}
	print(page, most ? "[^" : "[");
	for (c = 0; c < 256; c = last + 1) {
		last = c;
		if (re_set_has(set, c) == most || (most && c == '\n'))
			continue;
		while (last < 255 && re_set_has(set, last + 1) != most)
			last++;
		print_byte(page, c, "]\\^-");
		if (last > c + 1)
			print(page, "-");
		if (last > c)
			print_byte(page, last, "]\\^-");
	}
	print(page, "]");
}

static void print_class(struct page *page, const struct re_program *p, const struct ksift_op *op)
{
	print_set(page, &p->sets[op->a]);
	if (!op->k)
		print(page, " comes next");
	else if (op->k == 1)
		print(page, " has come");
	else
		print(page, " has come %u bytes before", op->k);
}

static void print_op(struct page *page, const struct re_program *p, uint32_t nr)
{
	const struct ksift_op *op = &p->ops[nr];

	print(page, "%5u  ", nr);
	if (op->code == KSIFT_OP_ACCEPT) {
		print(page, "accept r%u for pattern %u\n", op->a, op->k + 1);
		return;
	}
	if (op->code == KSIFT_OP_SKIP) {
		print(page, "without r%u go on at %u\n", op->a, nr + 1 + op->k);
		return;
	}
	print(page, "r%u = ", op->dst);
	switch (op->code) {
	case KSIFT_OP_CLASS:
		print_class(page, p, op);
		break;
	case KSIFT_OP_NEWLINE:
		print(page, "the line's end");
		break;
	case KSIFT_OP_START:
		print(page, "the line's start");
		break;
	case KSIFT_OP_LITERAL:
		print_literal(page, &p->literals[op->k]);
		print(page, " has come");
		break;
	case KSIFT_OP_AND:
		print(page, "r%u and r%u", op->a, op->b);
		break;
	case KSIFT_OP_OR:
		print(page, "r%u or r%u", op->a, op->b);
		break;
	case KSIFT_OP_ANDNOT:
		print(page, "r%u and not r%u", op->a, op->b);
		break;
	case KSIFT_OP_XOR:
		print(page, "either r%u or r%u", op->a, op->b);
		break;
	case KSIFT_OP_ADVANCE:
		print(page, "%u after r%u", op->k, op->a);
		break;
	case KSIFT_OP_RUN:
		print(page, "r%u, and on while r%u", op->a, op->b);
		break;
	case KSIFT_OP_THRU:
		print(page, "from r%u, the first without r%u", op->a, op->b);
		break;
	case KSIFT_OP_PARITY:
		print(page, "an odd number of r%u", op->a);
		break;
	}
	print(page, "\n");
}

static const char *answer_text(enum re_answer answer)
{
	switch (answer) {
	case RE_EXACT:
		return "the program decides";
	case RE_WIDER:
		return "the program suspects, and each line is confirmed";
	case RE_PROCESS:
		break;
	}
	return "the program suspects, and the process confirms each line";
}

const char *ksift_re_show(struct re_arena *arena, const struct re_program *program, bool nul_lines)
{
	struct page page = { .arena = arena, .nul_lines = nul_lines };
	uint64_t accepted = 0;
	uint32_t i;

	if (program->hint_count)
		print(&page, "lines that have one of these:\n");
	else
		print(&page, "every line\n");
	for (i = 0; i < program->hint_count; i++) {
		print(&page, "       ");
		print_literal(&page, &program->hints[i]);
		if (program->hints[i].flags & KSIFT_PATTERN_ANCHORED)
			print(&page, " at the start");
		print(&page, "\n");
	}
	print(&page, "program: %u operations, %u registers, %u sets, %u literals\n",
	      program->op_count, program->registers, program->set_count, program->literal_count);
	for (i = 0; i < program->op_count; i++) {
		print_op(&page, program, i);
		if (program->ops[i].code == KSIFT_OP_ACCEPT)
			accepted |= (uint64_t)1 << program->ops[i].k;
	}
	for (i = 0; i < KSIFT_PATTERNS_MAX; i++) {
		if (!(accepted >> i & 1))
			continue;
		print(&page, "pattern %u: %s", i + 1, answer_text(program->answers[i]));
		if (program->why[i])
			print(&page, ", because %s", program->why[i]);
		print(&page, "\n");
	}
	return arena->exhausted ? NULL : page.text;
}
