// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module's file among those of a kernel.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "module.h"

#define PATH_LEN 4096
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static bool is_there(const char *root, const char *file)
{
	char path[PATH_LEN];

	snprintf(path, sizeof(path), "%s%s", root, file);
	return !access(path, F_OK);
}

/* A line of modules.dep begins with a module's file, up to a ':'. */
static bool find_indexed(const char *root, const char *dir, char *file, size_t len)
{
	char name[PATH_LEN], *text = NULL;
	bool found = false;
	size_t cap = 0;
	FILE *f;

	snprintf(name, sizeof(name), "%s%s/modules.dep", root, dir);
	f = fopen(name, "re");
	if (!f)
		return false;
	while (!found && getline(&text, &cap, f) >= 0) {
		text[strcspn(text, ":\n")] = 0;
		found = strstr(text, "/ksift.ko");
		if (found)
			snprintf(file, len, "%s/%s", dir, text);
	}
	free(text);
	fclose(f);
	return found && is_there(root, file);
}

/* Where modules_install and dkms put what depmod has not been told of. */
static void find_installed(const char *root, const char *dir, char *file, size_t len)
{
	static const char *const places[] = { "updates", "updates/dkms", "extra" };
	static const char *const ends[] = { "", ".xz", ".zst", ".gz" };
	unsigned int place, end;

	for (place = 0; place < COUNT(places); place++) {
		for (end = 0; end < COUNT(ends); end++) {
			snprintf(file, len, "%s/%s/ksift.ko%s", dir, places[place], ends[end]);
			if (is_there(root, file))
				return;
		}
	}
	*file = 0;
}

bool module_find(const char *root, const char *release, char *file, size_t len)
{
	char dir[256];

	snprintf(dir, sizeof(dir), "/lib/modules/%.200s", release);
	if (find_indexed(root, dir, file, len))
		return true;
	find_installed(root, dir, file, len);
	return false;
}
