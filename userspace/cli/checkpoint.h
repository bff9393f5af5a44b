/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KSIFT_CHECKPOINT_H
#define _KSIFT_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Options by which a search selects other lines. */
enum checkpoint_options {
	CHECKPOINT_FOLD = 1 << 0,	/* -i */
	CHECKPOINT_INVERT = 1 << 1,	/* -v */
	CHECKPOINT_WORD = 1 << 2,	/* -w */
	CHECKPOINT_WHOLE = 1 << 3,	/* -x */
	CHECKPOINT_NUL = 1 << 4,	/* -z */
};

/**
 * struct checkpoint_search - What lines were selected
 * @patterns: Hash of the patterns, and of what each is for
 * @options: enum checkpoint_options
 * @levels: --level, as the level_mask of struct ksift_filter
 */
struct checkpoint_search {
	uint64_t patterns;
	uint64_t options;
	uint64_t levels;
};

/**
 * struct checkpoint - Where to go on in a file
 * @path: Of the checkpoint's own file
 * @dev: Of the file it is about
 * @ino: Of the file it is about
 * @pos: The start of the first line that is still to be looked at
 * @line: How many lines come before @pos
 * @first: Hash of the first bytes of the file, as far as they come before @pos
 * @before: Hash of the bytes just before @pos
 * @search: The search that came there
 * @limit: The file's last complete line ends here; what follows is for the next
 *	run
 * @resumed: The file is the one of the last run
 * @fd: The file; its own descriptor, for the last save comes after the search
 * @name: Its name, for messages
 * @begin: Hash of the first @begin_len bytes when this run began
 * @begin_len: How many
 * @lost: The file is no longer what it was when this run began
 * @saved: When it was saved last
 * @saved_once: It was, in this run
 */
struct checkpoint {
	const char *path;
	uint64_t dev;
	uint64_t ino;
	uint64_t pos;
	uint64_t line;
	uint64_t first;
	uint64_t before;
	struct checkpoint_search search;

	uint64_t limit;
	bool resumed;
	int fd;
	const char *name;
	uint64_t begin;
	uint64_t begin_len;
	bool lost;
	struct timespec saved;
	bool saved_once;
};

/* 64-bit FNV-1a of data that follows what gave @h, or CHECKPOINT_HASH. */
uint64_t checkpoint_hash(uint64_t h, const void *data, size_t len);
#define CHECKPOINT_HASH 0xcbf29ce484222325u

int checkpoint_begin(struct checkpoint *c, const char *path, int fd,
		     const char *name, const struct checkpoint_search *search);
bool checkpoint_due(const struct checkpoint *c);
int checkpoint_save(struct checkpoint *c, uint64_t pos, uint64_t line);

#endif /* _KSIFT_CHECKPOINT_H */
