// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files that are left out by name.
 *
 * As in grep, the last glob that fits a name decides.  Where none fits, what
 * the first one does not ask for happens: with --include first the file is
 * left out.  A glob fits a file that was found in a directory by its own name,
 * and one that was given by its name or any end of it that follows a '/'.
 *
 * A glob without wildcards is compared by itself: in one, fnmatch() takes a
 * backslash at the end for a mistake, and grep takes it for a backslash.
 */
#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "glob.h"

struct glob_given {
	enum glob_kind kind;
	const char *text;
	char *owned;		/* to be freed */
};

/* @text is the caller's, and stays. */
int globs_add(struct globs *g, enum glob_kind kind, char *text)
{
	struct glob_given *list;
	size_t len = strlen(text);

	list = realloc(g->list, (g->count + 1) * sizeof(*list));
	if (!list)
		return cli_refuse("%s", strerror(ENOMEM));
	while (kind == GLOB_EXCLUDE_DIR && len > 1 && text[len - 1] == '/')
		text[--len] = 0;
	g->list = list;
	list[g->count++] = (struct glob_given){ .kind = kind, .text = text };
	return CLI_OK;
}

/* Each line of a file is one, without the blanks at its end. */
int globs_add_file(struct globs *g, enum glob_kind kind, const char *path)
{
	char *text = NULL, *line, *end, *next;
	size_t len, before = g->count;
	int ret;

	ret = cli_read(path, SIZE_MAX / 2, &text, &len);
	if (ret) {
		free(text);
		return cli_refuse("--exclude-from: %s: %s", path, strerror(-ret));
	}
	for (line = text; !ret && line < text + len; line = next) {
		end = memchr(line, '\n', text + len - line);
		if (!end)
			end = text + len;
		next = end + 1;
		while (end > line && isspace((unsigned char)end[-1]))
			end--;
		*end = 0;
		if (end > line)
			ret = globs_add(g, kind, line);
	}
	if (g->count > before)
		g->list[before].owned = text;
	else
		free(text);
	return ret;
}

static bool has_wildcards(const char *glob)
{
	for (; *glob; glob++) {
		if (strchr("?*[", *glob))
			return true;
		glob += glob[0] == '\\' && glob[1];
	}
	return false;
}

static bool is_literal(const char *glob, const char *name)
{
	for (; *glob; glob++, name++) {
		glob += glob[0] == '\\' && glob[1];
		if (*glob != *name)
			return false;
	}
	return !*name;
}

static bool fits(const char *glob, const char *name, bool given)
{
	bool wild = has_wildcards(glob);
	const char *p;

	if (wild ? !fnmatch(glob, name, 0) : is_literal(glob, name))
		return true;
	for (p = name; given && *p; p++) {
		if (*p != '/')
			continue;
		if (wild ? p[1] != '/' && !fnmatch(glob, p + 1, 0) : is_literal(glob, p + 1))
			return true;
	}
	return false;
}

/* @given: The name is one of the command line. */
bool globs_skip(const struct globs *g, const char *name, bool dir, bool given)
{
	const struct glob_given *first = NULL;
	size_t i;

	for (i = g->count; i--;) {
		const struct glob_given *glob = &g->list[i];

		if ((glob->kind == GLOB_EXCLUDE_DIR) != dir)
			continue;
		if (fits(glob->text, name, given))
			return glob->kind != GLOB_INCLUDE;
		first = glob;
	}
	return first && first->kind == GLOB_INCLUDE;
}

void globs_free(struct globs *g)
{
	while (g->count)
		free(g->list[--g->count].owned);
	free(g->list);
}
