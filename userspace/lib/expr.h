/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Expressions, and the filter that finds them.
 */
#ifndef _LIBKSIFT_EXPR_H
#define _LIBKSIFT_EXPR_H

#include <libksift.h>

#include "re_find.h"
#include "re_lower.h"
#include "re_parse.h"

/* What ksift_re_parse() is told of an expression. */
unsigned int ksift_expr_parse_flags(const struct ksift_expr *expr);

/*
 * Check expression number @nr, and make its tree.  Returns 0, or a negative error with
 * a sentence in grep's words.
 */
int ksift_expr_parse(struct re_arena *arena, const struct ksift_expr *expr, size_t nr,
		     struct re_parsed *out, struct ksift_error *err);

/* What finds an expression of Perl's syntax, which has been checked. */
int ksift_expr_find_perl(const struct ksift_expr *expr, struct re_find **find,
			 struct ksift_error *err);

/**
 * struct ksift_expr_filter - The filter that finds expressions
 * @filter: What KSIFT_FILTER takes, but for what the caller of ksift_matcher_new() has
 *	the last word on: the level mask
 * @inexact: Expressions that only the process can decide about
 * @program: The line program, if there is one
 * @lowered: What it was made from
 */
struct ksift_expr_filter {
	struct ksift_filter filter;
	size_t inexact;
	struct ksift_line_program program;
	struct re_program lowered;
};

/*
 * Make the filter, in memory of the arena.  @opts has been checked but for its
 * expressions.
 */
int ksift_expr_compile(struct re_arena *arena, const struct ksift_matcher_opts *opts,
		       struct ksift_expr_filter *out, struct ksift_error *err);

#endif /* _LIBKSIFT_EXPR_H */
