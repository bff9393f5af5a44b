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

struct filter_given {
	const char *text;
	enum filter_role role;
};

int filter_give(struct filter *f, const char *text, enum filter_role role)
{
	struct filter_given *given;

	given = realloc(f->given, (f->given_count + 1) * sizeof(*given));
	if (!given)
		return cli_error("grep: %s", strerror(ENOMEM));
	f->given = given;
	given[f->given_count].text = text;
	given[f->given_count++].role = role;
	return CLI_OK;
}

static int parse(const char *s, size_t len, bool fixed, struct pattern *p)
{
	if (!pattern_parse(s, len, fixed, p))
		return CLI_OK;
	return cli_error("grep: pattern '%.*s': '%.*s' %s; with -F the whole pattern is taken as it is",
			 (int)len, s, (int)p->bad_len, p->bad, p->why);
}

/* What was given at @given, each line a pattern; moves @words on. */
static int compile_given(struct filter *f, const struct filter_given *given,
			 uint32_t group, bool fixed, char **words)
{
	const char *s, *nl;
	int ret;

	for (s = given->text; s; s = nl ? nl + 1 : NULL) {
		struct ksift_pattern *pattern = &f->patterns[f->count++];
		struct pattern p = { .data = *words };

		nl = strchr(s, '\n');
		ret = parse(s, nl ? (size_t)(nl - s) : strlen(s), fixed, &p);
		if (ret)
			return ret;
		pattern->data = (uintptr_t)p.data;
		pattern->len = p.len;
		pattern->group = group;
		if (p.anchored)
			pattern->flags |= KSIFT_PATTERN_ANCHORED;
		if (given->role == FILTER_NOT)
			pattern->flags |= KSIFT_PATTERN_EXCLUDE;
		*words += p.len;
	}
	return CLI_OK;
}

static int alloc_patterns(struct filter *f)
{
	size_t i, lines = 0, bytes = 0;
	const char *s;

	for (i = 0; i < f->given_count; i++) {
		for (s = f->given[i].text; *s; s++)
			lines += *s == '\n';
		bytes += s - f->given[i].text;
		lines++;
	}
	f->patterns = calloc(lines, sizeof(*f->patterns));
	f->bytes = malloc(bytes + 1);
	if (!f->patterns || !f->bytes)
		return cli_error("grep: %s", strerror(ENOMEM));
	return CLI_OK;
}

int filter_compile(struct filter *f, bool fixed, bool fold)
{
	uint32_t group, groups = 1;
	char *words;
	size_t i;
	int ret;

	ret = alloc_patterns(f);
	words = f->bytes;
	for (i = 0; !ret && i < f->given_count; i++) {
		group = f->given[i].role == FILTER_AND ? groups++ : 0;
		ret = compile_given(f, &f->given[i], group, fixed, &words);
	}
	if (ret)
		return ret;
	if (groups > KSIFT_GROUPS_MAX)
		return cli_error("grep: --and is given %u times, and %u is the most",
				 groups - 1, KSIFT_GROUPS_MAX - 1);
	for (i = 0; fold && i < f->count; i++)
		f->patterns[i].flags |= KSIFT_PATTERN_FOLD;
	return CLI_OK;
}

/* Whether it can be told from the words alone: they are one empty pattern. */
bool filter_matches_all(const struct filter *f)
{
	return f->given_count == 1 && !*f->given->text &&
		f->given->role == FILTER_OR;
}

void filter_free(struct filter *f)
{
	free(f->given);
	free(f->patterns);
	free(f->bytes);
}
