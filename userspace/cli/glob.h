/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KSIFT_GLOB_H
#define _KSIFT_GLOB_H

#include <stdbool.h>
#include <stddef.h>

enum glob_kind {
	GLOB_INCLUDE,
	GLOB_EXCLUDE,
	GLOB_EXCLUDE_DIR,
};

/**
 * struct globs - Which files and directories are to be left out
 * @list: In the order given
 * @count: How many
 */
struct globs {
	struct glob_given *list;
	size_t count;
};

int globs_add(struct globs *g, enum glob_kind kind, char *text);
int globs_add_file(struct globs *g, enum glob_kind kind, const char *path);
bool globs_skip(const struct globs *g, const char *name, bool dir, bool given);
void globs_free(struct globs *g);

#endif /* _KSIFT_GLOB_H */
