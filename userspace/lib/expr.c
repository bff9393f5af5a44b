// SPDX-License-Identifier: GPL-2.0-only
/*
 * Expressions to a filter: as literals, where that is all that they are, for which the
 * engine has a faster search, else as a line program, with automata for what it only
 * suspects.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctx.h"
#include "error.h"
#include "expr.h"
#include "re_positions.h"
#include "re_show.h"

#define EXPR_FLAGS (KSIFT_EXPR_FOLD | KSIFT_EXPR_WORDS | KSIFT_EXPR_LINES | \
		    KSIFT_EXPR_NUL | KSIFT_EXPR_EXCLUDE)

/* A compilation. */
struct compilation {
	struct re_arena *arena;
	const struct ksift_matcher_opts *opts;
	struct re_parsed *parsed;	/* of each expression */
	struct re_pattern *patterns;	/* what is lowered of them */
	size_t pattern_count;
	size_t numbers;			/* how many patterns the filter has */
	struct ksift_expr_filter *out;
	struct ksift_error *err;
};

unsigned int ksift_expr_parse_flags(const struct ksift_expr *expr)
{
	unsigned int flags = 0;

	if (expr->syntax == KSIFT_SYNTAX_EXTENDED)
		flags |= RE_EXTENDED;
	if (expr->syntax == KSIFT_SYNTAX_FIXED)
		flags |= RE_LITERAL;
	if (expr->flags & KSIFT_EXPR_FOLD)
		flags |= RE_FOLD;
	if (expr->flags & KSIFT_EXPR_NUL)
		flags |= RE_NUL_LINES;
	if (expr->flags & KSIFT_EXPR_LINES)
		flags |= RE_LINES;
	else if (expr->flags & KSIFT_EXPR_WORDS)
		flags |= RE_WORDS;
	return flags;
}

static int check_expr(const struct ksift_expr *expr, size_t nr, struct ksift_error *err)
{
	if (expr->syntax > KSIFT_SYNTAX_PERL)
		return ksift_error_set(err, -EOPNOTSUPP, "expression %zu has the unknown syntax %u",
				       nr, expr->syntax);
	if (expr->flags & ~EXPR_FLAGS)
		return ksift_error_set(err, -EOPNOTSUPP, "expression %zu has unknown flags %#x", nr,
				       expr->flags & ~EXPR_FLAGS);
	if (expr->len && !expr->text)
		return ksift_error_set(err, -EFAULT, "expression %zu has no text", nr);
	if (expr->len && memchr(expr->text, '\n', expr->len))
		return ksift_error_set(err, -EINVAL,
			"expression %zu contains a newline; give its lines as expressions of their own",
			nr);
	if (expr->group >= KSIFT_GROUPS_MAX)
		return ksift_error_set(err, -EINVAL,
			"expression %zu is in group %u, and there are %u (the first one is 0)",
			nr, expr->group, KSIFT_GROUPS_MAX);
	if (expr->group && (expr->flags & KSIFT_EXPR_EXCLUDE))
		return ksift_error_set(err, -EINVAL,
			"expression %zu excludes lines, and so its group must be 0", nr);
	if (expr->__reserved)
		return ksift_error_set(err, -EINVAL, "expression %zu: __reserved is not 0", nr);
	return 0;
}

int ksift_expr_find_perl(const struct ksift_expr *expr, struct re_find **find,
			 struct ksift_error *err)
{
	char error[RE_PCRE_ERROR_MAX];
	int ret = ksift_re_find_new_perl(expr->text, expr->len, ksift_expr_parse_flags(expr), find,
					 error);

	return ret ? ksift_error_set(err, ret, "%s", error) : 0;
}

/* Is it one of Perl's?  The tree says nothing of it. */
static int parse_perl(struct re_arena *arena, const struct ksift_expr *expr,
		      struct re_parsed *out, struct ksift_error *err)
{
	struct re_find *find;
	int ret = ksift_expr_find_perl(expr, &find, err);

	if (ret)
		return ret;
	ksift_re_find_free(find);
	memset(out, 0, sizeof(*out));
	out->by_process = true;
	out->tree = ksift_re_node_new(arena, RE_EMPTY, NULL, 0);
	return out->tree ? 0 : ksift_error_sys(err, -ENOMEM, "");
}

int ksift_expr_parse(struct re_arena *arena, const struct ksift_expr *expr, size_t nr,
		     struct re_parsed *out, struct ksift_error *err)
{
	int ret = check_expr(expr, nr, err);

	if (ret)
		return ret;
	if (expr->syntax == KSIFT_SYNTAX_PERL)
		return parse_perl(arena, expr, out, err);
	ret = ksift_re_parse(arena, expr->text, expr->len, ksift_expr_parse_flags(expr), out);
	if (ret == -EINVAL)
		return ksift_error_set(err, ret, "%s", out->error);
	return ret ? ksift_error_sys(err, ret, "cannot compile an expression") : 0;
}

/* grep tells of what it does not understand at all before it warns of anything. */
static bool is_told_later(const struct re_parsed *parsed)
{
	return parsed->error && !(*parsed->error >= 'A' && *parsed->error <= 'Z');
}

static int parse_all(struct compilation *c)
{
	const struct ksift_matcher_opts *opts = c->opts;
	struct ksift_error first;
	int ret = 0, failed = 0;
	size_t i, k;

	c->parsed = ksift_re_alloc(c->arena, (opts->expr_count + 1) * sizeof(*c->parsed));
	c->patterns = ksift_re_alloc(c->arena, (opts->expr_count + 1) * sizeof(*c->patterns));
	if (!c->parsed || !c->patterns)
		return ksift_error_sys(c->err, -ENOMEM, "");
	for (i = 0; i < opts->expr_count && !failed; i++) {
		ret = ksift_expr_parse(c->arena, &opts->exprs[i], i + 1, &c->parsed[i], &first);
		if (ret && !is_told_later(&c->parsed[i]))
			failed = ret;
	}
	for (i = 0; i < opts->expr_count && !failed; i++) {
		for (k = 0; k < c->parsed[i].warning_count && opts->warn; k++)
			opts->warn(opts->arg, i, c->parsed[i].warnings[k]);
		if (c->parsed[i].error)
			failed = ksift_error_set(&first, -EINVAL, "%s", c->parsed[i].error);
	}
	if (failed && c->err)
		*c->err = first;
	return failed;
}

/* Append what @node means to the literal, if it is one that every match is. */
static bool take_literal(const struct re_node *node, bool fold, char *bytes, uint32_t *len)
{
	unsigned int c, n = 0, first = 0;
	uint32_t i;

	switch (node->kind) {
	case RE_EMPTY:
		return true;
	case RE_GROUP:
	case RE_CAT:
		for (i = 0; i < node->kid_count; i++)
			if (!take_literal(node->kids[i], fold, bytes, len))
				return false;
		return true;
	case RE_SET:
		for (c = 0; c < 256; c++)
			if (re_set_has(&node->set, c) && !n++)
				first = c;
		if (*len == KSIFT_PATTERN_LEN_MAX)
			return false;
		bytes[(*len)++] = first;
		if (!fold || !((first | 0x20) >= 'a' && (first | 0x20) <= 'z'))
			return n == 1;
		return n == 2 && re_set_has(&node->set, first ^ 0x20);
	default:
		return false;
	}
}

/* Is the expression a literal, at the start of the line or anywhere? */
static bool is_literal(struct compilation *c, size_t i, struct ksift_pattern *pattern)
{
	const struct ksift_expr *expr = &c->opts->exprs[i];
	const struct re_node *tree = c->parsed[i].tree;
	bool fold = expr->flags & KSIFT_EXPR_FOLD;
	uint32_t k = 0;
	char *bytes;

	bytes = ksift_re_alloc(c->arena, KSIFT_PATTERN_LEN_MAX);
	if (!bytes || c->parsed[i].by_process)
		return false;
	*pattern = (struct ksift_pattern){
		.data = (uintptr_t)bytes,
		.flags = fold ? KSIFT_PATTERN_FOLD : 0,
		.group = expr->group,
	};
	if (expr->flags & KSIFT_EXPR_EXCLUDE)
		pattern->flags |= KSIFT_PATTERN_EXCLUDE;
	if (tree->kind == RE_ASSERT && tree->assert == RE_LINE_START) {
		pattern->flags |= KSIFT_PATTERN_ANCHORED;
		return true;
	}
	if (tree->kind != RE_CAT)
		return take_literal(tree, fold, bytes, &pattern->len);
	if (tree->kid_count && tree->kids[0]->kind == RE_ASSERT &&
	    tree->kids[0]->assert == RE_LINE_START) {
		pattern->flags |= KSIFT_PATTERN_ANCHORED;
		k = 1;
	}
	for (; k < tree->kid_count; k++)
		if (!take_literal(tree->kids[k], fold, bytes, &pattern->len))
			return false;
	return true;
}

static bool make_literals(struct compilation *c)
{
	size_t i, n = c->opts->expr_count;
	struct ksift_pattern *patterns;

	if (n > KSIFT_PATTERNS_MAX)
		return false;
	patterns = ksift_re_alloc(c->arena, (n + 1) * sizeof(*patterns));
	for (i = 0; i < n; i++)
		if (!patterns || !is_literal(c, i, &patterns[i]))
			return false;
	c->out->filter.program = KSIFT_PROGRAM_LITERALS;
	c->out->filter.patterns = (uintptr_t)patterns;
	c->out->filter.pattern_count = n;
	return patterns;
}

/* Which pattern each expression is: if there are too many, those of a group are one. */
static void number_patterns(struct compilation *c)
{
	unsigned int number[KSIFT_GROUPS_MAX + 1], *slot;
	const struct ksift_expr *exprs = c->opts->exprs;
	size_t i;

	memset(number, 0xff, sizeof(number));
	for (i = 0; i < c->opts->expr_count; i++) {
		bool exclude = exprs[i].flags & KSIFT_EXPR_EXCLUDE;
		struct re_pattern *p = &c->patterns[i];

		slot = &number[exclude ? KSIFT_GROUPS_MAX : exprs[i].group];
		if (c->opts->expr_count <= KSIFT_PATTERNS_MAX || *slot == ~0u)
			*slot = c->numbers++;
		*p = (struct re_pattern){
			.tree = c->parsed[i].tree,
			.pattern = *slot,
			.group = exprs[i].group,
			.exclude = exclude,
			.by_process = c->parsed[i].by_process,
		};
	}
	c->pattern_count = c->opts->expr_count;
}

/* The tree of all expressions that are pattern @number. */
static const struct re_node *tree_of(struct compilation *c, unsigned int number)
{
	struct re_node **kids;
	size_t i, n = 0;

	kids = ksift_re_alloc(c->arena, (c->pattern_count + 1) * sizeof(struct re_node *));
	if (!kids)
		return NULL;
	for (i = 0; i < c->pattern_count; i++)
		if (c->patterns[i].pattern == number)
			kids[n++] = (struct re_node *)c->patterns[i].tree;
	return n == 1 ? kids[0] : ksift_re_node_new(c->arena, RE_ALT, kids, n);
}

/* Make the automaton of pattern @number.  False: it is too large, or no automaton's. */
static bool make_automaton(struct compilation *c, unsigned int number,
			   struct ksift_automaton *automaton)
{
	const struct re_node *tree = tree_of(c, number);
	struct re_automaton made;

	if (!tree || ksift_re_positions(c->arena, tree, KSIFT_POSITIONS_MAX, &made))
		return false;
	*automaton = (struct ksift_automaton){
		.sets = (uintptr_t)made.sets,
		.positions = made.positions,
		.pattern = number,
		.empty = made.empty,
	};
	return true;
}

/* Automata for what the program only suspects.  Returns the patterns that are left. */
static uint64_t make_automata(struct compilation *c)
{
	struct ksift_expr_filter *out = c->out;
	struct ksift_automaton *automata, *a;
	unsigned int i, positions = 0;
	uint64_t left = 0;

	automata = ksift_re_alloc(c->arena, KSIFT_PATTERNS_MAX * sizeof(*automata));
	for (i = 0; i < c->numbers; i++) {
		if (out->lowered.answers[i] == RE_EXACT)
			continue;
		a = &automata[out->program.automaton_count];
		if (automata && out->lowered.answers[i] == RE_WIDER &&
		    make_automaton(c, i, a) &&
		    positions + a->positions <= KSIFT_POSITIONS_ALL_MAX) {
			positions += a->positions;
			out->program.automaton_count++;
		} else {
			left |= (uint64_t)1 << i;
		}
	}
	out->program.automata = out->program.automaton_count ? (uintptr_t)automata : 0;
	return left;
}

static int lower(struct compilation *c, uint64_t *left)
{
	struct ksift_line_program *program = &c->out->program;
	struct re_program *lowered = &c->out->lowered;
	int ret;

	ret = ksift_re_lower(c->arena, c->patterns, c->pattern_count, 0, lowered);
	if (ret)
		return ksift_error_sys(c->err, ret, "");
	*program = (struct ksift_line_program){
		.size = sizeof(*program),
		.ops = (uintptr_t)lowered->ops,
		.sets = lowered->set_count ? (uintptr_t)lowered->sets : 0,
		.literals = lowered->literal_count ? (uintptr_t)lowered->literals : 0,
		.hints = lowered->hint_count ? (uintptr_t)lowered->hints : 0,
		.op_count = lowered->op_count,
		.set_count = lowered->set_count,
		.literal_count = lowered->literal_count,
		.hint_count = lowered->hint_count,
		.op_size = sizeof(struct ksift_op),
	};
	*left = make_automata(c);
	return 0;
}

static void count_inexact(struct compilation *c, uint64_t left)
{
	size_t i;

	c->out->inexact = 0;
	for (i = 0; i < c->pattern_count; i++)
		c->out->inexact += left >> c->patterns[i].pattern & 1;
}

/* Leave out the excluding patterns of @left: what may have one may be selected. */
static bool drop_excluding(struct compilation *c, uint64_t left)
{
	size_t i, n = 0;

	for (i = 0; i < c->pattern_count; i++)
		if (!c->patterns[i].exclude || !(left >> c->patterns[i].pattern & 1))
			c->patterns[n++] = c->patterns[i];
	if (n == c->pattern_count)
		return false;
	c->pattern_count = n;
	return true;
}

/* The filter that selects no fewer lines than it should. */
static int make_superset(struct compilation *c, uint64_t left)
{
	struct ksift_filter *filter = &c->out->filter;

	if (!(filter->flags & KSIFT_FILTER_INVERT) && drop_excluding(c, left) &&
	    c->pattern_count)
		return lower(c, &left);
	if (c->pattern_count && !(filter->flags & KSIFT_FILTER_INVERT))
		return 0;
	filter->program = KSIFT_PROGRAM_LITERALS;
	filter->patterns = 0;
	filter->pattern_count = 0;
	filter->line_program = 0;
	filter->flags = 0;
	return 0;
}

static int make_program(struct compilation *c)
{
	struct ksift_filter *filter = &c->out->filter;
	struct ksift_pattern *patterns;
	uint64_t left = 0;
	size_t i;
	int ret;

	number_patterns(c);
	patterns = ksift_re_alloc(c->arena, (c->numbers + 1) * sizeof(*patterns));
	if (!patterns)
		return ksift_error_sys(c->err, -ENOMEM, "");
	for (i = 0; i < c->pattern_count; i++) {
		const struct re_pattern *p = &c->patterns[i];

		patterns[p->pattern].group = p->group;
		patterns[p->pattern].flags = p->exclude ? KSIFT_PATTERN_EXCLUDE : 0;
	}
	filter->program = KSIFT_PROGRAM_LINES;
	filter->patterns = (uintptr_t)patterns;
	filter->pattern_count = c->numbers;
	filter->line_program = (uintptr_t)&c->out->program;
	ret = lower(c, &left);
	if (ret)
		return ret;
	count_inexact(c, left);
	if (!left)
		return 0;
	if (!c->opts->inexact)
		return ksift_error_set(c->err, -EOPNOTSUPP,
			"of the expressions, %zu cannot be decided about by a filter: those with back-references, and the largest",
			c->out->inexact);
	return make_superset(c, left);
}

int ksift_expr_compile(struct re_arena *arena, const struct ksift_matcher_opts *opts,
		       struct ksift_expr_filter *out, struct ksift_error *err)
{
	struct compilation c = {
		.arena = arena,
		.opts = opts,
		.out = out,
		.err = err,
	};
	int ret;

	memset(out, 0, sizeof(*out));
	out->filter.flags = opts->flags;
	out->filter.pattern_size = sizeof(struct ksift_pattern);
	out->filter.out_fd = -1;
	ret = parse_all(&c);
	if (ret || make_literals(&c))
		return ret;
	return make_program(&c);
}

static void explain_literals(FILE *to, const struct ksift_filter *filter)
{
	const struct ksift_pattern *p = (void *)(uintptr_t)filter->patterns;
	uint32_t i;

	fputs("plain text: the engine searches for it, and no program runs\n", to);
	for (i = 0; i < filter->pattern_count; i++, p++) {
		fprintf(to, "  pattern %u: '", i + 1);
		fwrite((const char *)(uintptr_t)p->data, 1, p->len, to);
		fprintf(to, "'%s%s\n",
			p->flags & KSIFT_PATTERN_ANCHORED ? ", at the start of the line" : "",
			p->flags & KSIFT_PATTERN_FOLD ? ", in either case" : "");
	}
}

static void explain_automata(FILE *to, const struct ksift_line_program *program)
{
	const struct ksift_automaton *a = (void *)(uintptr_t)program->automata;
	uint32_t i;

	for (i = 0; i < program->automaton_count; i++)
		fprintf(to, "pattern %u is decided about by an automaton of %u positions, in the engine\n",
			a[i].pattern + 1, a[i].positions);
}

static int explain(struct re_arena *arena, const struct ksift_matcher_opts *opts, FILE *to,
		   struct ksift_error *err)
{
	struct ksift_matcher_opts any = *opts;
	struct ksift_expr_filter *made;
	size_t inexact;
	const char *text;
	int ret;

	made = ksift_re_alloc(arena, sizeof(*made));
	if (!made)
		return ksift_error_sys(err, -ENOMEM, "");
	any.inexact = &inexact;
	ret = ksift_expr_compile(arena, &any, made, err);
	if (ret)
		return ret;
	if (!made->filter.line_program && !made->inexact) {
		explain_literals(to, &made->filter);
		return 0;
	}
	text = ksift_re_show(arena, &made->lowered, opts->exprs[0].flags & KSIFT_EXPR_NUL);
	if (!text)
		return ksift_error_sys(err, -ENOMEM, "");
	fputs(text, to);
	explain_automata(to, &made->program);
	if (made->inexact)
		fprintf(to, "of the patterns, %zu %s decided about by the process\n", made->inexact,
			made->inexact > 1 ? "are" : "is");
	return 0;
}

KSIFT_EXPORT int ksift_matcher_explain(const struct ksift_matcher_opts *user_opts, char **out,
				       struct ksift_error *err)
{
	struct ksift_matcher_opts opts;
	struct re_arena arena = { 0 };
	char *text = NULL;
	size_t len;
	FILE *to;
	int ret;

	ret = ksift_error_opts(&opts, sizeof(opts), user_opts, sizeof(opts), "matcher_opts", err);
	if (ret)
		return ret;
	if (!opts.expr_count)
		return ksift_error_set(err, -EINVAL, "there are no expressions to explain");
	to = open_memstream(&text, &len);
	if (!to)
		return ksift_error_sys(err, -ENOMEM, "");
	ret = explain(&arena, &opts, to, err);
	ksift_re_arena_free(&arena);
	if (fclose(to) && !ret)
		ret = ksift_error_sys(err, -ENOMEM, "");
	if (ret)
		free(text);
	else
		*out = text;
	return ret;
}
