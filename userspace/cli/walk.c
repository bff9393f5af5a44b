// SPDX-License-Identifier: GPL-2.0-only
/*
 * From names to open files: what a command line names, and with -r what is in
 * the directories that it names.
 *
 * As in grep: what is named is opened, whatever it is, links followed, unless
 * -d skip and -D skip leave it out.  In a directory, links are followed only with
 * -R, and what is neither a file nor a directory is read only with -D read.
 */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "search.h"
#include "walk.h"

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

static bool is_device(mode_t mode)
{
	return !S_ISREG(mode) && !S_ISDIR(mode);
}

/* Where there was a file there may be something else now. */
static void search_entry(const struct grep *g, const char *path,
			 struct found *found)
{
	bool devices = g->devices == DEVICES_READ;
	int flags = (g->follow ? 0 : O_NOFOLLOW) | (devices ? 0 : O_NONBLOCK);
	int fd = open_file(g, path, flags, found);
	struct stat st;

	if (fd < 0)
		return;
	if (!fstat(fd, &st) && (S_ISREG(st.st_mode) || (devices && is_device(st.st_mode))))
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
	case FTS_DEFAULT:
		if (g->devices != DEVICES_READ)
			break;
		__attribute__((fallthrough));
	case FTS_SLNONE:
		if (e->fts_info == FTS_SLNONE && !g->follow)
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
	int how = g->follow ? FTS_LOGICAL : FTS_PHYSICAL;
	FTSENT *e;
	FTS *fts;

	fts = fts_open(paths, how | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
	if (!fts)
		return path_error(g, path, errno, found);
	while (!(g->quiet && found->matched) && (e = fts_read(fts)))
		visit(g, fts, e, e->fts_path + (e->fts_level ? hide : 0), found);
	fts_close(fts);
}

/* What is named is left out. */
static bool skipped(const struct grep *g, const char *path, mode_t mode)
{
	if (globs_skip(&g->globs, path, S_ISDIR(mode), true))
		return true;
	return (g->directories == DIRECTORIES_SKIP && S_ISDIR(mode)) ||
		(g->devices == DEVICES_SKIP && is_device(mode));
}

void walk_path(const struct grep *g, const char *path, struct found *found)
{
	struct stat st;
	int fd;

	if (!path)
		return search_dir(g, ".", strlen("./"), found);
	if (!strcmp(path, "-"))
		return search_fd(g, g->label, STDIN_FILENO, g->prefix, found);
	if (g->directories == DIRECTORIES_RECURSE && !stat(path, &st) && S_ISDIR(st.st_mode)) {
		if (!skipped(g, path, st.st_mode))
			search_dir(g, path, 0, found);
		return;
	}
	/* A pipe that is skipped need not have a writer. */
	fd = open_file(g, path, g->devices == DEVICES_SKIP ? O_NONBLOCK : 0, found);
	if (fd < 0)
		return;
	if (fstat(fd, &st) || !skipped(g, path, st.st_mode))
		search_fd(g, path, fd, g->prefix, found);
	close(fd);
}
