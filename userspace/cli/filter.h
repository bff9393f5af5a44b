/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KSIFT_FILTER_H
#define _KSIFT_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include <libksift.h>

/* Where a pattern on the command line goes. */
enum filter_role {
	FILTER_OR,
	FILTER_AND,
	FILTER_NOT,
};

/* More patterns than a matcher is made of in the time of a keystroke. */
#define FILTER_MAX 4096u

/**
 * struct filter - The patterns of a command line
 * @given: What was given, @given_count of them
 * @given_count: How many
 * @exprs: One for each line of what was given, as it was typed
 * @patterns: What each of them means if it is plain; else its @len is 0
 * @count: How many, at most FILTER_MAX
 * @regular: Not all of them are plain
 * @bytes: What @patterns point to
 * @none: There were to be patterns, and there is none: the FILE of -f is empty.
 *	Stands as one empty pattern.
 */
struct filter {
	struct filter_given *given;
	size_t given_count;
	struct ksift_expr *exprs;
	struct ksift_pattern *patterns;
	size_t count;
	bool regular;
	char *bytes;
	bool none;
};

int filter_give(struct filter *f, const char *text, enum filter_role role);
int filter_give_file(struct filter *f, const char *path);
int filter_compile(struct filter *f, uint32_t syntax, uint32_t flags);
bool filter_is_plain(const struct filter *f, size_t i);
/* For struct ksift_matcher_opts.warn: say what the library warns of. */
void filter_warn(void *arg, size_t expr, const char *text);

/* Say what is wrong with pattern @i, and where it was given. */
int filter_refuse(const struct filter *f, size_t i, const char *what);
bool filter_matches_all(const struct filter *f);
void filter_free(struct filter *f);

#endif /* _KSIFT_FILTER_H */
