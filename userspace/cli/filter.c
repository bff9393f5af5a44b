// SPDX-License-Identifier: GPL-2.0-only
/*
 * The patterns of a command line, from the words typed to what the engine
 * takes.  As in grep, a newline stands between patterns.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "filter.h"
#include "pattern.h"

/* All that the patterns of a filter can be, several times. */
#define FILE_MAX (4u * KSIFT_PATTERN_BYTES_MAX)

struct filter_given {
	const char *text;
	size_t len;
	char *owned;		/* to be freed */
	enum filter_role role;
};

static int give(struct filter *f, const struct filter_given *what)
{
	struct filter_given *given;

	given = realloc(f->given, (f->given_count + 1) * sizeof(*given));
	if (!given)
		return cli_error("grep: %s", strerror(ENOMEM));
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

/* Return: 0, or a negative errno value. */
static int read_fd(int fd, char **text, size_t *len)
{
	size_t cap = 0;
	ssize_t n;
	char *more;

	*len = 0;
	do {
		if (*len == cap) {
			cap = cap ? cap * 2 : 4096;
			more = cap <= FILE_MAX ? realloc(*text, cap) : NULL;
			if (!more)
				return cap <= FILE_MAX ? -ENOMEM : -EFBIG;
			*text = more;
		}
		n = read(fd, *text + *len, cap - *len);
		if (n > 0)
			*len += n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? -errno : 0;
}

static int read_file(const char *path, char **text, size_t *len)
{
	int fd, ret;

	if (!strcmp(path, "-"))
		return read_fd(STDIN_FILENO, text, len);
	fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = read_fd(fd, text, len);
	close(fd);
	return ret;
}

/* The lines of a file; "-" is standard input.  An empty file has none. */
int filter_give_file(struct filter *f, const char *path)
{
	struct filter_given given = { .role = FILTER_OR };
	int ret;

	ret = read_file(path, &given.owned, &given.len);
	if (ret)
		return cli_error("grep: -f: %s: %s", path, strerror(-ret));
	given.text = given.owned;
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
	const char *s = given->text, *end = s + given->len, *nl;
	int ret;

	for (; s; s = nl ? nl + 1 : NULL) {
		struct ksift_pattern *pattern = &f->patterns[f->count++];
		struct pattern p = { .data = *words };

		nl = memchr(s, '\n', end - s);
		f->shown[f->count - 1].text = s;
		f->shown[f->count - 1].len = (nl ? nl : end) - s;
		ret = parse(s, (nl ? nl : end) - s, fixed, &p);
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
	const char *s, *end;

	for (i = 0; i < f->given_count; i++) {
		end = f->given[i].text + f->given[i].len;
		for (s = f->given[i].text; s < end; s++)
			lines += *s == '\n';
		bytes += f->given[i].len;
		lines++;
	}
	if (lines > KSIFT_PATTERNS_MAX)
		return cli_error("grep: there are %zu patterns, and %u is the most",
				 lines, KSIFT_PATTERNS_MAX);
	f->patterns = calloc(lines + 1, sizeof(*f->patterns));
	f->shown = calloc(lines + 1, sizeof(*f->shown));
	f->bytes = malloc(bytes + 1);
	if (!f->patterns || !f->shown || !f->bytes)
		return cli_error("grep: %s", strerror(ENOMEM));
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

int filter_compile(struct filter *f, bool fixed, bool fold)
{
	uint32_t group, groups = 1;
	char *words;
	size_t i;
	int ret;

	ret = stand_for_none(f);
	if (!ret)
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

/* Whether it can be told from the words alone: there are but empty patterns. */
bool filter_matches_all(const struct filter *f)
{
	size_t i;

	for (i = 0; i < f->count; i++)
		if (f->shown[i].len || f->patterns[i].group ||
		    f->patterns[i].flags & KSIFT_PATTERN_EXCLUDE)
			return false;
	return f->count;
}

bool filter_has_nul(const struct filter *f)
{
	size_t i;

	for (i = 0; i < f->count; i++)
		if (memchr((const char *)(uintptr_t)f->patterns[i].data, 0,
			   f->patterns[i].len))
			return true;
	return false;
}

void filter_free(struct filter *f)
{
	free_given(f);
	free(f->patterns);
	free(f->shown);
	free(f->bytes);
}
