// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finders: where in a line an expression matches.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctx.h"
#include "error.h"
#include "expr.h"
#include "re_find.h"

/**
 * struct ksift_finder - An expression, and a line
 * @find: Finds the one in the other
 * @ret: What it said about the line
 */
struct ksift_finder {
	struct re_find *find;
	int ret;
};

static int make_find(struct ksift_finder *finder, const struct ksift_expr *expr,
		     struct ksift_error *err)
{
	struct re_arena arena = { 0 };
	struct re_parsed parsed;
	struct re_find_pattern pattern = { .text = expr->text, .len = expr->len };
	size_t bad;
	int ret;

	ret = ksift_expr_parse(&arena, expr, 1, &parsed, err);
	if (!ret && expr->syntax == KSIFT_SYNTAX_PERL) {
		ret = ksift_expr_find_perl(expr, &finder->find, err);
	} else if (!ret) {
		pattern.tree = parsed.tree;
		pattern.by_process = parsed.by_process;
		ret = ksift_re_find_new(&pattern, 1, ksift_expr_parse_flags(expr), &finder->find, &bad);
		if (ret == -E2BIG)
			ret = ksift_error_set(err, -EINVAL, "Regular expression too big");
		else if (ret)
			ret = ksift_error_sys(err, ret, "cannot compile an expression");
	}
	ksift_re_arena_free(&arena);
	return ret;
}

KSIFT_EXPORT int ksift_finder_new(const struct ksift_expr *expr, struct ksift_finder **out,
				  struct ksift_error *err)
{
	struct ksift_finder *finder = calloc(1, sizeof(*finder));
	int ret;

	if (!finder)
		return ksift_error_sys(err, -ENOMEM, "");
	ret = make_find(finder, expr, err);
	if (ret) {
		free(finder);
		return ret;
	}
	*out = finder;
	return 0;
}

KSIFT_EXPORT void ksift_finder_free(struct ksift_finder *finder)
{
	if (!finder)
		return;
	ksift_re_find_free(finder->find);
	free(finder);
}

KSIFT_EXPORT void ksift_finder_line(struct ksift_finder *finder, const char *line, size_t len)
{
	const struct re_line l = { .text = line, .len = len };

	finder->ret = ksift_re_find_begin(finder->find, &l);
}

KSIFT_EXPORT void ksift_finder_read(struct ksift_finder *finder, uint64_t len,
				    size_t (*read)(void *arg, uint64_t at, char *buf, size_t len),
				    void *arg)
{
	const struct re_line l = { .len = len, .read = read, .arg = arg };

	finder->ret = ksift_re_find_begin(finder->find, &l);
}

KSIFT_EXPORT int ksift_finder_has(struct ksift_finder *finder)
{
	if (!finder->ret) {
		int ret = ksift_re_find_matches(finder->find);

		if (ret >= 0)
			return ret;
		finder->ret = ret;
	}
	return finder->ret;
}

KSIFT_EXPORT const char *ksift_finder_error(const struct ksift_finder *finder)
{
	const char *why = ksift_re_find_error(finder->find);

	return why ? why : strerror(-finder->ret);
}

KSIFT_EXPORT int ksift_finder_next(struct ksift_finder *finder, uint64_t at, int empty,
				   uint64_t *from, uint64_t *to)
{
	if (!finder->ret) {
		int ret = ksift_re_find_next(finder->find, at, empty, from, to);

		if (ret >= 0)
			return ret;
		finder->ret = ret;
	}
	return finder->ret;
}
