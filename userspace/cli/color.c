// SPDX-License-Identifier: GPL-2.0-only
/*
 * Colours as grep's, and as GREP_COLORS and GREP_COLOR change them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "color.h"

struct colors colors = {
	.selected = "01;31",
	.context = "01;31",
	.name = "35",
	.number = "32",
	.offset = "32",
	.separator = "36",
	.selected_line = "",
	.context_line = "",
};

static char **find(const char *key)
{
	static const struct {
		const char *key;
		char **code;
	} codes[] = {
		{ "ms", &colors.selected }, { "mc", &colors.context },
		{ "fn", &colors.name }, { "ln", &colors.number },
		{ "bn", &colors.offset }, { "se", &colors.separator },
		{ "sl", &colors.selected_line }, { "cx", &colors.context_line },
	};
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (!strcmp(key, codes[i].key))
			return codes[i].code;
	return NULL;
}

static void set(const char *key, char *code)
{
	char **to = find(key);

	if (!strcmp(key, "rv") && !code)
		colors.reverse = true;
	else if (!strcmp(key, "ne") && !code)
		colors.no_erase = true;
	else if (!strcmp(key, "mt") && code)
		colors.selected = colors.context = code;
	else if (to && code)
		*to = code;
}

static bool is_code(const char *code)
{
	return !code[strspn(code, "0123456789;")];
}

/* Like grep, take what is understood up to the first code that is none. */
static void read_new(void)
{
	const char *env = getenv("GREP_COLORS");
	char *key, *code, *next = env && *env ? strdup(env) : NULL;

	while ((key = strsep(&next, ":"))) {
		code = strchr(key, '=');
		if (code) {
			*code++ = 0;
			if (!is_code(code))
				return;
		}
		set(key, code);
	}
}

/* GREP_COLOR is what grep had before GREP_COLORS, which goes before it. */
void colors_read(void)
{
	char *old = getenv("GREP_COLOR");

	if (old && *old && is_code(old))
		colors.selected = colors.context = old;
	read_new();
	if (old && (colors.selected == old || colors.context == old))
		cli_note("warning: GREP_COLOR='%s' is deprecated; use GREP_COLORS='mt=%s'",
			 old, old);
}

/* With --color=auto. */
bool colors_wanted(void)
{
	const char *term = getenv("TERM");

	return term && strcmp(term, "dumb") && isatty(STDOUT_FILENO);
}

void color_begin(const char *code)
{
	if (*code)
		printf(colors.no_erase ? "\33[%sm" : "\33[%sm\33[K", code);
}

void color_end(const char *code)
{
	if (*code)
		fputs(colors.no_erase ? "\33[m" : "\33[m\33[K", stdout);
}
