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

/* Part of what was given. */
struct filter_text {
	const char *text;
	size_t len;
};

/**
 * struct filter - The patterns of a command line
 * @given: What was given, @given_count of them
 * @given_count: How many
 * @patterns: What that means: one for each line of what was given
 * @count: How many
 * @shown: How each was typed
 * @bytes: What they point to
 * @none: There were to be patterns, and there is none: the FILE of -f is empty.
 *	Stands as one empty pattern.
 */
struct filter {
	struct filter_given *given;
	size_t given_count;
	struct ksift_pattern *patterns;
	size_t count;
	struct filter_text *shown;
	char *bytes;
	bool none;
};

int filter_give(struct filter *f, const char *text, enum filter_role role);
int filter_give_file(struct filter *f, const char *path);
int filter_compile(struct filter *f, bool fixed, bool fold);
bool filter_matches_all(const struct filter *f);
bool filter_has_nul(const struct filter *f);
void filter_free(struct filter *f);

#endif /* _KSIFT_FILTER_H */
