/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LIBKSIFT_RE_PARSE_H
#define _LIBKSIFT_RE_PARSE_H

#include "re_tree.h"

/**
 * enum re_parse_flags - How a pattern is read
 * @RE_EXTENDED: As an extended regular expression (-E), not a basic one (-G)
 * @RE_LITERAL: As it stands (-F)
 * @RE_FOLD: A letter's case makes no difference (-i)
 * @RE_NUL_LINES: Lines end with a NUL (-z).  The tree is for a text in which NUL and
 *	newline have changed places, and so are its sets.
 * @RE_WORDS: Nothing of a word comes right before or after a match (-w)
 * @RE_LINES: A match is the whole line (-x); RE_WORDS means nothing then
 */
enum re_parse_flags {
	RE_EXTENDED = 1 << 0,
	RE_LITERAL = 1 << 1,
	RE_FOLD = 1 << 2,
	RE_NUL_LINES = 1 << 3,
	RE_WORDS = 1 << 4,
	RE_LINES = 1 << 5
};

/**
 * struct re_parsed - What came of it
 * @tree: The tree, with what -w and -x ask for around it; with @by_process it may be
 *	anything that every line with a match matches
 * @groups: Groups that back-references could mean
 * @by_process: Only regexec() decides, as it does for grep: there are back-references or
 *	collating elements
 * @error: What is wrong, in grep's words
 * @warnings: What grep warns of before it comes to that, in its words
 * @warning_count: How many
 */
struct re_parsed {
	struct re_node *tree;
	unsigned int groups;
	bool by_process;
	const char *error;
	const char **warnings;
	size_t warning_count;
};

/*
 * One pattern to a tree, as LC_ALL=C grep 3.8 understands it.  The text has no newline:
 * that separates patterns.  It is not referred to afterwards.  Returns 0, -EINVAL with
 * an error in grep's words, or -ENOMEM, where the arena is exhausted: the pattern is too
 * long, or nested too deeply.
 *
 * grep tells of what is wrong with any of its patterns first, which has a capital, and
 * then of the warnings and errors that begin with a small letter, in order: the first
 * of these is the last.
 */
int ksift_re_parse(struct re_arena *arena, const char *text, size_t len, unsigned int flags,
		   struct re_parsed *out);

#endif /* _LIBKSIFT_RE_PARSE_H */
