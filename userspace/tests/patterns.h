/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every character that is special in some regular expression, bare and
 * escaped, in each place where its meaning may depend on the place.
 */
#ifndef _KSIFT_TESTS_PATTERNS_H
#define _KSIFT_TESTS_PATTERNS_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct pattern_case - A pattern and what it has to mean
 * @text: As typed
 * @literal: The text it stands for, NULL if it has to be refused
 * @anchored: In front of the line only
 */
struct pattern_case {
	const char *text;
	const char *literal;
	bool anchored;
};

#define REFUSED(p) { p, NULL, false }
#define REFUSED_ANYWHERE(c) \
	REFUSED(c), REFUSED(c "a"), REFUSED("a" c), REFUSED("a" c "b"), \
	REFUSED("^" c), REFUSED("^" c "a"), REFUSED("^a" c)
#define PLAIN_ANYWHERE(p, c) \
	{ p, c, false }, { p "a", c "a", false }, { "a" p, "a" c, false }, \
	{ "a" p "b", "a" c "b", false }, { "^" p, c, true }, { "^" p "a", c "a", true }

static const struct pattern_case pattern_cases[] = {
	{ "", "", false },
	{ "^", "", true },
	{ "a", "a", false },
	{ "^a", "a", true },
	PLAIN_ANYWHERE(" ", " "), PLAIN_ANYWHERE("!", "!"), PLAIN_ANYWHERE("\"", "\""),
	PLAIN_ANYWHERE("#", "#"), PLAIN_ANYWHERE("%", "%"), PLAIN_ANYWHERE("&", "&"),
	PLAIN_ANYWHERE("'", "'"), PLAIN_ANYWHERE(",", ","), PLAIN_ANYWHERE("-", "-"),
	PLAIN_ANYWHERE("/", "/"), PLAIN_ANYWHERE(":", ":"), PLAIN_ANYWHERE(";", ";"),
	PLAIN_ANYWHERE("<", "<"), PLAIN_ANYWHERE("=", "="), PLAIN_ANYWHERE(">", ">"),
	PLAIN_ANYWHERE("@", "@"), PLAIN_ANYWHERE("_", "_"), PLAIN_ANYWHERE("`", "`"),
	PLAIN_ANYWHERE("~", "~"), PLAIN_ANYWHERE("7", "7"), PLAIN_ANYWHERE("\303\244", "\303\244"),
	PLAIN_ANYWHERE("\\.", "."), PLAIN_ANYWHERE("\\*", "*"), PLAIN_ANYWHERE("\\[", "["),
	PLAIN_ANYWHERE("\\]", "]"), PLAIN_ANYWHERE("\\^", "^"), PLAIN_ANYWHERE("\\$", "$"),
	PLAIN_ANYWHERE("\\\\", "\\"),
	{ "\\\\\\.", "\\.", false },
	{ "1\\.2\\.3", "1.2.3", false },
	{ "^\\[error\\]", "[error]", true },
	REFUSED_ANYWHERE("."), REFUSED_ANYWHERE("*"), REFUSED_ANYWHERE("+"),
	REFUSED_ANYWHERE("?"), REFUSED_ANYWHERE("("), REFUSED_ANYWHERE(")"),
	REFUSED_ANYWHERE("["), REFUSED_ANYWHERE("]"), REFUSED_ANYWHERE("{"),
	REFUSED_ANYWHERE("}"), REFUSED_ANYWHERE("|"), REFUSED_ANYWHERE("$"),
	REFUSED("a^"), REFUSED("a^b"), REFUSED("^^"), REFUSED("^^a"), REFUSED("^a^b"),
	REFUSED_ANYWHERE("\\+"), REFUSED_ANYWHERE("\\?"), REFUSED_ANYWHERE("\\("),
	REFUSED_ANYWHERE("\\)"), REFUSED_ANYWHERE("\\{"), REFUSED_ANYWHERE("\\}"),
	REFUSED_ANYWHERE("\\|"), REFUSED_ANYWHERE("\\<"), REFUSED_ANYWHERE("\\>"),
	REFUSED_ANYWHERE("\\`"), REFUSED_ANYWHERE("\\'"), REFUSED_ANYWHERE("\\b"),
	REFUSED_ANYWHERE("\\B"), REFUSED_ANYWHERE("\\w"), REFUSED_ANYWHERE("\\W"),
	REFUSED_ANYWHERE("\\s"), REFUSED_ANYWHERE("\\S"), REFUSED_ANYWHERE("\\n"),
	REFUSED_ANYWHERE("\\t"), REFUSED_ANYWHERE("\\d"), REFUSED_ANYWHERE("\\0"),
	REFUSED_ANYWHERE("\\1"), REFUSED_ANYWHERE("\\9"), REFUSED_ANYWHERE("\\/"),
	REFUSED_ANYWHERE("\\-"), REFUSED_ANYWHERE("\\ "), REFUSED_ANYWHERE("\\\""),
	REFUSED_ANYWHERE("\\\303"),
	REFUSED("\\"), REFUSED("a\\"), REFUSED("^\\"), REFUSED("\\\\\\"),
	REFUSED("a.*b"), REFUSED("[0-9]+"), REFUSED("(a|b)"), REFUSED("a{3}"), REFUSED("^$"),
};

#define PATTERN_CASES (sizeof(pattern_cases) / sizeof(*pattern_cases))

#endif /* _KSIFT_TESTS_PATTERNS_H */
