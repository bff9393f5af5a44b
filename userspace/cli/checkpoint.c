// SPDX-License-Identifier: GPL-2.0-only
/*
 * Going on where the last run stopped.
 *
 * A checkpoint is a small text file, in this order and with nothing else:
 *
 *	ksift checkpoint 2	what it is, and the version of the format
 *	dev N			device and inode number of the file that
 *	ino N			was searched
 *	position N		all lines that begin before this byte are done;
 *				a line begins here
 *	line N			so many lines come before it
 *	first HASH		of the first 4096 bytes of the file, or of those
 *				before the position if they are fewer
 *	before HASH		of the last 4096 bytes before the position, or
 *				of those there are
 *	patterns HASH		of the patterns that were looked for, as watch.c makes it
 *	options N		sum of 1 for -i, 2 for -v, 4 for -w, 8 for -x
 *				and 16 for -z
 *	levels N		sum of 1 << LEVEL for the levels that were
 *				asked for, 0 being emerg; 0 if none was
 *	check HASH		of all of the lines above
 *
 * Numbers are decimal; a HASH is 16 lower-case hexadecimal digits, of 64-bit FNV-1a
 * unless it says otherwise.  It is there to tell one log from another, not against
 * somebody who forges logs.  Version 1 has no patterns, options and levels: it may be any
 * search's.
 *
 * A line is done at least once: what was selected is delivered before the
 * checkpoint is moved past it, and the checkpoint's file is replaced as a whole,
 * so that there is always an old one or a new one.  A line without its newline
 * is not there yet, for whoever writes the file may be in the middle of it.
 */
#define _GNU_SOURCE /* memrchr() */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkpoint.h"
#include "cli.h"

#define MAGIC "ksift checkpoint "
#define VERSION 2
/* The one before it, which is still read. */
#define VERSION_OLD 1
/* More than this no checkpoint of any version takes. */
#define TEXT_CAP 4096
/* Enough to hold a time stamp, which makes logs differ, many times. */
#define FINGERPRINT 4096
/* Looking for the last newline: most logs have it in the last block. */
#define BLOCK (64u << 10)
/* Each costs an fsync(2). */
#define PERIOD_SECONDS 1

uint64_t checkpoint_hash(uint64_t h, const void *data, size_t len)
{
	const unsigned char *p = data;

	while (len--)
		h = (h ^ *p++) * 0x100000001b3;
	return h;
}

static uint64_t hash(const void *data, size_t len)
{
	return checkpoint_hash(CHECKPOINT_HASH, data, len);
}

/* -ENODATA: the file is shorter than that. */
static int read_all(int fd, void *buf, size_t len, uint64_t offset)
{
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = pread(fd, (char *)buf + done, len - done, offset + done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -ENODATA;
		done += n;
	}
	return 0;
}

static int hash_range(int fd, uint64_t offset, size_t len, uint64_t *h)
{
	unsigned char buf[FINGERPRINT];
	int ret = read_all(fd, buf, len, offset);

	if (!ret)
		*h = hash(buf, len);
	return ret;
}

/* Of the file's first bytes and of those before @pos. */
static int fingerprint(int fd, uint64_t pos, uint64_t *first, uint64_t *before)
{
	size_t len = pos < FINGERPRINT ? pos : FINGERPRINT;
	int ret = hash_range(fd, 0, len, first);

	return ret ? ret : hash_range(fd, pos - len, len, before);
}

static int format(const struct checkpoint *c, int version, char text[TEXT_CAP])
{
	int len = snprintf(text, TEXT_CAP, MAGIC "%d\n"
			   "dev %" PRIu64 "\nino %" PRIu64 "\n"
			   "position %" PRIu64 "\nline %" PRIu64 "\n"
			   "first %016" PRIx64 "\nbefore %016" PRIx64 "\n",
			   version, c->dev, c->ino, c->pos, c->line, c->first, c->before);

	if (version > VERSION_OLD)
		len += snprintf(text + len, TEXT_CAP - len, "patterns %016" PRIx64 "\n"
				"options %" PRIu64 "\nlevels %" PRIu64 "\n",
				c->search.patterns, c->search.options, c->search.levels);
	return len + snprintf(text + len, TEXT_CAP - len,
			      "check %016" PRIx64 "\n", hash(text, len));
}

/*
 * What is not, byte for byte, what would be written is no checkpoint.  @version
 * becomes its own.
 */
static int parse(struct checkpoint *c, const char *text, size_t len, int *version)
{
	static const struct {
		const char *name;
		int base;
	} keys[] = {
		{ "\ndev ", 10 }, { "\nino ", 10 }, { "\nposition ", 10 }, { "\nline ", 10 },
		{ "\nfirst ", 16 }, { "\nbefore ", 16 }, { "\npatterns ", 16 },
		{ "\noptions ", 10 }, { "\nlevels ", 10 },
	};
	uint64_t *const values[] = {
		&c->dev, &c->ino, &c->pos, &c->line, &c->first, &c->before,
		&c->search.patterns, &c->search.options, &c->search.levels,
	};
	const size_t magic = strlen(MAGIC);
	char again[TEXT_CAP];
	const char *at;
	size_t i;

	*version = VERSION;
	if (!strncmp(text, MAGIC, magic)) {
		*version = text[magic] - '0';
		if (*version < VERSION_OLD || *version > VERSION || text[magic + 1] != '\n')
			return cli_error("%s: this checkpoint is of another version than %d",
					 c->path, VERSION);
	}
	/* Not sscanf(), for which a static program takes another 100 KiB. */
	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		at = strstr(text, keys[i].name);
		*values[i] = at ? strtoull(at + strlen(keys[i].name), NULL, keys[i].base) : 0;
	}
	if ((size_t)format(c, *version, again) != len || memcmp(again, text, len))
		return cli_error("%s: this is not a checkpoint, or it is damaged; without it a search begins at the start",
				 c->path);
	return CLI_OK;
}

/* Only the search that a checkpoint is of can go on with it. */
static int check_search(const struct checkpoint *c, const struct checkpoint_search *now)
{
	static const char letters[] = "ivwxz";
	const struct checkpoint_search *was = &c->search;
	/* Room for all that may be said. */
	char what[192] = "";
	size_t i, len = 0;

	if (was->patterns != now->patterns)
		len += snprintf(what + len, sizeof(what) - len, ", other patterns");
	for (i = 0; i < strlen(letters); i++)
		if ((was->options ^ now->options) >> i & 1)
			len += snprintf(what + len, sizeof(what) - len, ", %s -%c",
					was->options >> i & 1 ? "with" : "without", letters[i]);
	/* A later version's, for lines that this one cannot select. */
	if (was->options >> strlen(letters))
		len += snprintf(what + len, sizeof(what) - len, ", with options not known here");
	if (was->levels != now->levels)
		len += snprintf(what + len, sizeof(what) - len, ", another --level");
	return !len ? CLI_OK :
		cli_error("%s: this checkpoint is of another search: %s; each needs a CPFILE of its own",
			  c->path, what + strlen(", "));
}

static int load(struct checkpoint *c, const struct checkpoint_search *search, bool *found)
{
	char text[TEXT_CAP];
	int err, version;
	struct stat st;
	size_t len;
	FILE *f;

	*found = false;
	if (stat(c->path, &st)) {
		if (errno != ENOENT)
			return cli_error("%s: %s", c->path, strerror(errno));
		return lstat(c->path, &st) ? CLI_OK :
			cli_error("%s: this link leads to no file", c->path);
	}
	if (!S_ISREG(st.st_mode))
		return cli_error("%s: a checkpoint is a regular file, and this is none",
				 c->path);
	f = fopen(c->path, "re");
	if (!f)
		return cli_error("%s: %s", c->path, strerror(errno));
	len = fread(text, 1, sizeof(text) - 1, f);
	text[len] = 0;
	err = ferror(f) ? errno : 0;
	fclose(f);
	if (err)
		return cli_error("%s: %s", c->path, strerror(err));
	/* Such as mktemp(1) makes. */
	if (!len)
		return CLI_OK;
	*found = true;
	err = parse(c, text, len, &version);
	return err || version == VERSION_OLD ? err : check_search(c, search);
}

static int write_temp(const struct checkpoint *c, int fd)
{
	char text[TEXT_CAP];
	size_t len = format(c, VERSION, text);
	ssize_t n = write(fd, text, len);

	if (n < 0)
		return -errno;
	if ((size_t)n < len)
		return -ENOSPC;
	return fsync(fd) ? -errno : 0;
}

/* So that the new name is there after a power cut; not all file systems can. */
static void sync_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash ? strndup(path, slash + 1 - path) : strdup(".");
	int fd = dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	free(dir);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

/* As the file at @path is, or as one that open(2) makes there. */
static mode_t mode_of(const char *path)
{
	struct stat st;
	mode_t mask;

	if (!stat(path, &st))
		return st.st_mode & 0777;
	mask = umask(0);
	umask(mask);
	return 0666 & ~mask;
}

static int replace_file(const struct checkpoint *c, const char *path)
{
	char *temp;
	int fd, ret;

	if (asprintf(&temp, "%s.XXXXXX", path) < 0)
		return -ENOMEM;
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0) {
		ret = -errno;
		goto free_temp;
	}
	ret = fchmod(fd, mode_of(path)) ? -errno : write_temp(c, fd);
	if (close(fd) && !ret)
		ret = -errno;
	if (!ret && rename(temp, path))
		ret = -errno;
	if (ret)
		unlink(temp);
	else
		sync_directory(path);
free_temp:
	free(temp);
	return ret;
}

/* A link stays one: what it leads to is replaced. */
static int replace(const struct checkpoint *c)
{
	char *target = realpath(c->path, NULL);
	int ret = target || errno == ENOENT ?
		replace_file(c, target ? target : c->path) : -errno;

	free(target);
	return ret ? cli_error("%s: cannot write the checkpoint: %s", c->path,
			       strerror(-ret)) : CLI_OK;
}

/* The byte after the last @eol in [from, size), or @from. */
static int find_limit(int fd, uint64_t from, uint64_t size, char eol,
		      uint64_t *limit)
{
	static char buf[BLOCK];
	uint64_t at = size;
	const char *nl;
	size_t len;
	int ret;

	while (at > from) {
		len = at - from < BLOCK ? at - from : BLOCK;
		at -= len;
		ret = read_all(fd, buf, len, at);
		if (ret && ret != -ENODATA)
			return ret;
		nl = ret ? NULL : memrchr(buf, eol, len);
		if (nl) {
			*limit = at + (nl + 1 - buf);
			return 0;
		}
	}
	*limit = from;
	return 0;
}

/* Why the file is not the one of the checkpoint; NULL: it is. */
static const char *find_difference(const struct checkpoint *c,
				   const struct stat *st)
{
	uint64_t first, before;

	if (st->st_dev != c->dev || st->st_ino != c->ino)
		return "another file has this name now";
	if ((uint64_t)st->st_size < c->pos)
		return "the file is shorter than it was";
	if (fingerprint(c->fd, c->pos, &first, &before) ||
	    first != c->first || before != c->before)
		return "the file has been rewritten";
	return NULL;
}

/*
 * Where @search is to begin in @fd, and where to stop.  The checkpoint is written
 * once at once: that it cannot be should be known before the work, not after it.
 */
int checkpoint_begin(struct checkpoint *c, const char *path, int fd,
		     const char *name, const struct checkpoint_search *search)
{
	const char eol = search->options & CHECKPOINT_NUL ? 0 : '\n';
	const char *why;
	struct stat st;
	bool found;
	int ret;

	*c = (struct checkpoint){ .path = path, .name = name };
	c->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (c->fd < 0 || fstat(fd, &st))
		return cli_error("%s: %s", name, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return cli_error("%s: only a regular file can have a checkpoint",
				 name);
	ret = load(c, search, &found);
	if (ret)
		return ret;
	c->search = *search;
	why = found ? find_difference(c, &st) : NULL;
	c->resumed = found && !why;
	if (why)
		cli_note("%s: %s; the search begins at its start, not at byte %" PRIu64,
			 name, why, c->pos);
	if (!c->resumed) {
		c->pos = 0;
		c->line = 0;
	}
	c->dev = st.st_dev;
	c->ino = st.st_ino;
	ret = find_limit(fd, c->pos, st.st_size, eol, &c->limit);
	if (ret)
		return cli_error("%s: %s", name, strerror(-ret));
	c->begin_len = c->limit < FINGERPRINT ? c->limit : FINGERPRINT;
	ret = hash_range(fd, 0, c->begin_len, &c->begin);
	if (ret)
		return cli_error("%s: %s", name, strerror(-ret));
	return checkpoint_save(c, c->pos, c->line);
}

/* Whether it is time for another one in the middle of the work. */
bool checkpoint_due(const struct checkpoint *c)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - c->saved.tv_sec > PERIOD_SECONDS ||
		(now.tv_sec - c->saved.tv_sec == PERIOD_SECONDS &&
		 now.tv_nsec >= c->saved.tv_nsec);
}

/* Lines in a file have to be there after a power cut, too. */
static int deliver(void)
{
	cli_flush();
	if (fdatasync(STDOUT_FILENO) && errno != EINVAL && errno != EROFS &&
	    errno != EBADF)
		return cli_error("write error: %s", strerror(errno));
	return CLI_OK;
}

/*
 * All lines before @pos have been given to standard output.  A file that was
 * rewritten meanwhile leaves the checkpoint where it was: the next run will see
 * that, and begin at the start.
 */
int checkpoint_save(struct checkpoint *c, uint64_t pos, uint64_t line)
{
	uint64_t begin, first, before;
	int ret;

	ret = deliver();
	if (ret)
		return ret;
	if (c->lost || (c->saved_once && pos == c->pos))
		return CLI_OK;
	if (hash_range(c->fd, 0, c->begin_len, &begin) || begin != c->begin ||
	    fingerprint(c->fd, pos, &first, &before)) {
		c->lost = true;
		cli_note("%s: the file was rewritten while it was searched; the checkpoint stays at byte %" PRIu64,
			 c->name, c->pos);
		return CLI_OK;
	}
	c->pos = pos;
	c->line = line;
	c->first = first;
	c->before = before;
	c->saved_once = true;
	clock_gettime(CLOCK_MONOTONIC, &c->saved);
	return replace(c);
}
