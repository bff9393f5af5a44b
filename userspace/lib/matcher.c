// SPDX-License-Identifier: GPL-2.0-only
/*
 * Matchers.  The library checks patterns before the module does, because the module
 * cannot say which one is to blame.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctx.h"
#include "error.h"
#include "expr.h"
#include "user.h"

#define PATTERN_FLAGS (KSIFT_PATTERN_ANCHORED | KSIFT_PATTERN_FOLD | \
		       KSIFT_PATTERN_EXCLUDE)
#define FILTER_FLAGS (KSIFT_FILTER_INVERT | KSIFT_FILTER_MATCH_NONE_IF_EMPTY)
/* As it was in 0.1. */
#define MATCHER_OPTS_SIZE_VER0 offsetof(struct ksift_matcher_opts, exprs)
#define LEVEL_MASK ((1U << (KSIFT_LEVEL_NONE + 1)) - 1)

static int matcher_check_pattern(const struct ksift_pattern *p, size_t nr,
			 struct ksift_error *err)
{
	const char *data = (const char *)(uintptr_t)p->data;

	if (p->len > KSIFT_PATTERN_LEN_MAX)
		return ksift_error_set(err, -EINVAL,
			"pattern %zu is %u bytes long, and %u is the most",
			nr, p->len, KSIFT_PATTERN_LEN_MAX);
	if (p->len && !data)
		return ksift_error_set(err, -EFAULT,
			"pattern %zu has no data", nr);
	if (p->len && memchr(data, '\n', p->len))
		return ksift_error_set(err, -EINVAL,
			"pattern %zu contains a newline, which no line does; give its lines as patterns of their own",
			nr);
	if (p->flags & ~PATTERN_FLAGS)
		return ksift_error_set(err, -EOPNOTSUPP,
			"pattern %zu has unknown flags %#x", nr,
			p->flags & ~PATTERN_FLAGS);
	if (p->group >= KSIFT_GROUPS_MAX)
		return ksift_error_set(err, -EINVAL,
			"pattern %zu is in group %u, and there are %u (the first one is 0)",
			nr, p->group, KSIFT_GROUPS_MAX);
	if (p->group && (p->flags & KSIFT_PATTERN_EXCLUDE))
		return ksift_error_set(err, -EINVAL,
			"pattern %zu excludes lines, and so its group must be 0",
			nr);
	if (p->__reserved)
		return ksift_error_set(err, -EINVAL,
			"pattern %zu: __reserved is not 0", nr);
	return 0;
}

static int matcher_check_opts(const struct ksift_matcher_opts *opts,
		      struct ksift_error *err)
{
	size_t i;
	int ret;

	if (opts->count && opts->expr_count)
		return ksift_error_set(err, -EINVAL,
			"there are both patterns and expressions; give one of them");
	if (opts->count > KSIFT_PATTERNS_MAX)
		return ksift_error_set(err, -EINVAL,
			"there are %zu patterns, and %u is the most",
			opts->count, KSIFT_PATTERNS_MAX);
	if (opts->flags & ~FILTER_FLAGS)
		return ksift_error_set(err, -EOPNOTSUPP,
			"flags has unknown bits %#x", opts->flags & ~FILTER_FLAGS);
	if (opts->level_mask & ~LEVEL_MASK)
		return ksift_error_set(err, -EINVAL,
			"level_mask has unknown bits %#x",
			opts->level_mask & ~LEVEL_MASK);
	for (i = 0; i < opts->count; i++) {
		ret = matcher_check_pattern(&opts->patterns[i], i + 1, err);
		if (ret)
			return ret;
	}
	return 0;
}

static int matcher_filter(struct ksift_ctx *ctx, struct ksift_filter *filter,
			  struct ksift_matcher *matcher, struct ksift_error *err)
{
	int ret = ksift_ctx_filter(ctx, filter, &matcher->prog, err);

	if (ret)
		return ret;
	matcher->fd = filter->out_fd;
	matcher->count = filter->pattern_count;
	return 0;
}

static int matcher_make(struct ksift_ctx *ctx, const struct ksift_matcher_opts *opts,
			struct ksift_matcher *matcher, struct ksift_error *err)
{
	struct ksift_filter filter = {
		.flags = opts->flags,
		.program = KSIFT_PROGRAM_LITERALS,
		.pattern_size = sizeof(*opts->patterns),
		.patterns = (uintptr_t)opts->patterns,
		.pattern_count = opts->count,
		.level_mask = opts->level_mask,
		.out_fd = -1,
	};

	if (opts->inexact)
		*opts->inexact = 0;
	return matcher_filter(ctx, &filter, matcher, err);
}

static int matcher_make_exprs(struct ksift_ctx *ctx, const struct ksift_matcher_opts *opts,
			      struct ksift_matcher *matcher, struct ksift_error *err)
{
	struct re_arena arena = { 0 };
	struct ksift_expr_filter *made;
	int ret = -ENOMEM;

	made = ksift_re_alloc(&arena, sizeof(*made));
	if (!made)
		return ksift_error_sys(err, -ENOMEM, "");
	ret = ksift_expr_compile(&arena, opts, made, err);
	if (!ret) {
		made->filter.level_mask = opts->level_mask;
		ret = matcher_filter(ctx, &made->filter, matcher, err);
	}
	if (!ret && opts->inexact)
		*opts->inexact = made->inexact;
	ksift_re_arena_free(&arena);
	return ret;
}

KSIFT_EXPORT int ksift_matcher_new(struct ksift_ctx *ctx,
				   const struct ksift_matcher_opts *user_opts,
				   struct ksift_matcher **out,
				   struct ksift_error *err)
{
	struct ksift_matcher_opts opts;
	struct ksift_matcher *matcher;
	int ret;

	ret = ksift_error_opts(&opts, sizeof(opts), user_opts, MATCHER_OPTS_SIZE_VER0,
			       "matcher_opts", err);
	if (ret)
		return ret;
	ret = matcher_check_opts(&opts, err);
	if (ret)
		return ret;

	matcher = calloc(1, sizeof(*matcher));
	if (!matcher)
		return ksift_error_sys(err, -ENOMEM, "");
	if (opts.expr_count)
		ret = matcher_make_exprs(ctx, &opts, matcher, err);
	else
		ret = matcher_make(ctx, &opts, matcher, err);
	if (ret) {
		free(matcher);
		return ret;
	}
	*out = matcher;
	return 0;
}

KSIFT_EXPORT void ksift_matcher_free(struct ksift_matcher *matcher)
{
	if (!matcher)
		return;
	if (matcher->fd >= 0)
		close(matcher->fd);
	ksift_user_filter_free(matcher->prog);
	free(matcher);
}

KSIFT_EXPORT int ksift_matcher_fd(const struct ksift_matcher *matcher)
{
	return matcher->fd >= 0 ? matcher->fd : -EOPNOTSUPP;
}
