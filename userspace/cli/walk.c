// SPDX-License-Identifier: GPL-2.0-only
/*
 * From names to open files: what a command line names, and with -r what is in
 * the directories that it names.
 *
 * As in grep: what is named is opened, whatever it is, links followed.  In a
 * directory, links are followed only with -R, and what is neither a file nor a
 * directory is left alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "grep.h"

static void path_error(const struct grep *g, const char *path, int err,
		       struct found *found)
{
	found->failed = true;
	if (!g->no_messages)
		cli_note("%s: %s", path, strerror(err));
}

static int open_file(const struct grep *g, const char *path, int flags,
		     struct found *found)
{
	int fd = open(path, flags | O_RDONLY | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		path_error(g, path, errno, found);
	return fd;
}

/* Where there was a file there may be something else now. */
static void search_entry(const struct grep *g, const char *path,
			 struct found *found)
{
	int flags = g->recurse == RECURSE_FOLLOW ? O_NONBLOCK :
			O_NONBLOCK | O_NOFOLLOW;
	int fd = open_file(g, path, flags, found);
	struct stat st;

	if (fd < 0)
		return;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		search_fd(g, path, fd, g->dir_prefix, found);
	close(fd);
}

static void visit(const struct grep *g, FTS *fts, FTSENT *e, const char *path,
		  struct found *found)
{
	bool given = e->fts_level == FTS_ROOTLEVEL;

	switch (e->fts_info) {
	case FTS_D:
		if (!given && globs_skip(&g->globs, e->fts_name, true, false))
			fts_set(fts, e, FTS_SKIP);
		break;
	case FTS_DC:
		if (!g->no_messages)
			cli_note("%s: warning: recursive directory loop", path);
		break;
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		path_error(g, path, e->fts_errno, found);
		break;
	case FTS_SLNONE:
		if (g->recurse == RECURSE_YES)
			break;
		__attribute__((fallthrough));
	case FTS_F:
		if (!globs_skip(&g->globs, e->fts_name, false, false))
			search_entry(g, path, found);
		break;
	}
}

/* @hide: Bytes of each path that are not shown. */
static void search_dir(const struct grep *g, const char *path, size_t hide,
		       struct found *found)
{
	char *const paths[] = { (char *)path, NULL };
	int how = g->recurse == RECURSE_FOLLOW ? FTS_LOGICAL : FTS_PHYSICAL;
	FTSENT *e;
	FTS *fts;

	fts = fts_open(paths, how | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
	if (!fts)
		return path_error(g, path, errno, found);
	while (!(g->quiet && found->matched) && (e = fts_read(fts)))
		visit(g, fts, e, e->fts_path + (e->fts_level ? hide : 0), found);
	fts_close(fts);
}

static bool skipped(const struct grep *g, const char *path, bool dir)
{
	return globs_skip(&g->globs, path, dir, true);
}

/* Search what a command line names; NULL is what -r searches without a name. */
void search_path(const struct grep *g, const char *path, struct found *found)
{
	struct stat st;
	int fd;

	if (!path)
		return search_dir(g, ".", strlen("./"), found);
	if (!strcmp(path, "-"))
		return search_fd(g, g->label, STDIN_FILENO, g->prefix, found);
	if (g->recurse != RECURSE_NO && !stat(path, &st) && S_ISDIR(st.st_mode)) {
		if (!skipped(g, path, true))
			search_dir(g, path, 0, found);
		return;
	}
	fd = open_file(g, path, 0, found);
	if (fd < 0)
		return;
	if (!g->globs.count || fstat(fd, &st) ||
	    !skipped(g, path, S_ISDIR(st.st_mode)))
		search_fd(g, path, fd, g->prefix, found);
	close(fd);
}
