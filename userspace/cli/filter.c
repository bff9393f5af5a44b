// SPDX-License-Identifier: GPL-2.0-only
/*
 * The patterns of a command line, from the words typed to what the engine
 * takes.  As in grep, a newline stands between patterns.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "filter.h"
#include "pattern.h"

/* All that the patterns of a filter can be, several times. */
#define FILE_MAX (4u * KSIFT_PATTERN_BYTES_MAX)

struct filter_given {
	const char *text;
	size_t len;
	char *owned;		/* to be freed */
	const char *file;	/* -f: its name */
	enum filter_role role;
};

static int give(struct filter *f, const struct filter_given *what)
{
	struct filter_given *given;

	given = realloc(f->given, (f->given_count + 1) * sizeof(*given));
	if (!given)
		return cli_refuse("%s", strerror(ENOMEM));
	f->given = given;
	given[f->given_count++] = *what;
	return CLI_OK;
}

static void free_given(struct filter *f)
{
	while (f->given_count)
		free(f->given[--f->given_count].owned);
	free(f->given);
	f->given = NULL;
}

int filter_give(struct filter *f, const char *text, enum filter_role role)
{
	const struct filter_given given = {
		.text = text,
		.len = strlen(text),
		.role = role,
	};

	return give(f, &given);
}

/* The lines of a file; "-" is standard input.  An empty file has none. */
int filter_give_file(struct filter *f, const char *path)
{
	struct filter_given given = { .role = FILTER_OR };
	int ret;

	ret = cli_read(path, FILE_MAX, &given.owned, &given.len);
	if (ret) {
		free(given.owned);
		return cli_refuse("-f: %s: %s", path, strerror(-ret));
	}
	given.text = given.owned;
	given.file = strcmp(path, "-") ? path : CLI_STDIN_NAME;
	if (!given.len) {
		f->none = true;
		free(given.owned);
		return CLI_OK;
	}
	if (given.text[given.len - 1] == '\n')
		given.len--;
	ret = give(f, &given);
	if (ret)
		free(given.owned);
	return ret;
}

/* What is wrong with the pattern that begins at @s of what was given. */
static int refuse(const struct filter_given *given, const char *s, const char *what)
{
	size_t line = 1;

	if (!given->file)
		return cli_refuse("%s", what);
	while (s > given->text)
		line += *--s == '\n';
	return cli_error("%s:%zu: %s", given->file, line, what);
}

/* What was given at @given, each line a pattern; moves @words on. */
static int compile_given(struct filter *f, const struct filter_given *given, uint32_t group,
			 uint32_t syntax, uint32_t flags, char **words)
{
	const char *s = given->text, *end = s + given->len, *nl;

	for (; s; s = nl ? nl + 1 : NULL) {
		struct ksift_pattern *pattern = &f->patterns[f->count];
		struct ksift_expr *expr = &f->exprs[f->count++];
		struct pattern p = { .data = *words };

		nl = memchr(s, '\n', end - s);
		*expr = (struct ksift_expr){
			.text = s,
			.len = (nl ? nl : end) - s,
			.syntax = syntax,
			.flags = flags | (given->role == FILTER_NOT ? KSIFT_EXPR_EXCLUDE : 0),
			.group = group,
		};
		if (syntax == KSIFT_SYNTAX_PERL ||
		    !pattern_parse(s, expr->len, syntax == KSIFT_SYNTAX_FIXED, &p)) {
			f->regular = true;
			continue;
		}
		pattern->data = (uintptr_t)p.data;
		pattern->len = p.len;
		pattern->group = group;
		if (p.anchored)
			pattern->flags |= KSIFT_PATTERN_ANCHORED;
		if (given->role == FILTER_NOT)
			pattern->flags |= KSIFT_PATTERN_EXCLUDE;
		if (flags & KSIFT_EXPR_FOLD)
			pattern->flags |= KSIFT_PATTERN_FOLD;
		*words += p.len;
	}
	return CLI_OK;
}

/* Of @lines patterns, name the first that is too many. */
static int refuse_many(const struct filter *f, size_t lines)
{
	const struct filter_given *given = f->given;
	const char *s = given->text;
	char what[128];
	size_t i;

	for (i = 0; i < FILTER_MAX; i++) {
		s = memchr(s, '\n', given->text + given->len - s);
		s = s ? s + 1 : (++given)->text;
	}
	snprintf(what, sizeof(what), "there are %zu patterns, and %u is the most",
		 lines, FILTER_MAX);
	return refuse(given, s, what);
}

static int alloc_patterns(struct filter *f)
{
	size_t i, lines = 0, bytes = 0;
	const char *s, *end;

	for (i = 0; i < f->given_count; i++) {
		end = f->given[i].text + f->given[i].len;
		for (s = f->given[i].text; s < end; s++)
			lines += *s == '\n';
		bytes += f->given[i].len;
		lines++;
	}
	if (lines > FILTER_MAX)
		return refuse_many(f, lines);
	f->patterns = calloc(lines + 1, sizeof(*f->patterns));
	f->exprs = calloc(lines + 1, sizeof(*f->exprs));
	f->bytes = malloc(bytes + 1);
	if (!f->patterns || !f->exprs || !f->bytes)
		return cli_refuse("%s", strerror(ENOMEM));
	return CLI_OK;
}

/* Only empty files gave patterns: one that matches all stands for none. */
static int stand_for_none(struct filter *f)
{
	size_t i;

	for (i = 0; i < f->given_count; i++)
		if (f->given[i].role == FILTER_OR)
			f->none = false;
	if (!f->none)
		return CLI_OK;
	free_given(f);
	return filter_give(f, "", FILTER_OR);
}

/* @syntax is an enum ksift_syntax, @flags are enum ksift_expr_flags of all patterns. */
int filter_compile(struct filter *f, uint32_t syntax, uint32_t flags)
{
	uint32_t group, groups = 1;
	char *words;
	size_t i;
	int ret;

	ret = stand_for_none(f);
	if (!ret)
		ret = alloc_patterns(f);
	words = f->bytes;
	/* What stands for none matches every line. */
	if (f->none)
		flags &= ~(KSIFT_EXPR_WORDS | KSIFT_EXPR_LINES);
	for (i = 0; !ret && i < f->given_count; i++) {
		group = f->given[i].role == FILTER_AND ? groups++ : 0;
		ret = compile_given(f, &f->given[i], group, syntax, flags, &words);
	}
	if (ret)
		return ret;
	if (groups > KSIFT_GROUPS_MAX)
		return cli_refuse("--and is given %u times, and %u is the most",
				  groups - 1, KSIFT_GROUPS_MAX - 1);
	return CLI_OK;
}

void filter_warn(void *arg, size_t expr, const char *text)
{
	(void)arg;
	(void)expr;
	cli_note("%s", text);
}

int filter_refuse(const struct filter *f, size_t i, const char *what)
{
	const char *text = f->exprs[i].text;
	size_t k;

	for (k = 0; k + 1 < f->given_count; k++)
		if (text >= f->given[k].text && text <= f->given[k].text + f->given[k].len)
			break;
	return refuse(&f->given[k], text, what);
}

/* Is it a literal, or its place at the start of the line? */
bool filter_is_plain(const struct filter *f, size_t i)
{
	return f->patterns[i].data;
}

/* Whether it can be told from the words alone: there are but empty patterns. */
bool filter_matches_all(const struct filter *f)
{
	size_t i;

	for (i = 0; i < f->count; i++)
		if (f->exprs[i].len || f->exprs[i].group ||
		    f->exprs[i].flags & KSIFT_EXPR_EXCLUDE)
			return false;
	return f->count;
}

void filter_free(struct filter *f)
{
	free_given(f);
	free(f->patterns);
	free(f->exprs);
	free(f->bytes);
}
