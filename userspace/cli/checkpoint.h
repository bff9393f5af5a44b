/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KSIFT_CHECKPOINT_H
#define _KSIFT_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/**
 * struct checkpoint - Where to go on in a file
 * @path: Of the checkpoint's own file
 * @dev: Of the file it is about
 * @ino: Of the file it is about
 * @pos: The start of the first line that is still to be looked at
 * @line: How many lines come before @pos
 * @first: Hash of the first bytes of the file, as far as they come before @pos
 * @before: Hash of the bytes just before @pos
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

int checkpoint_begin(struct checkpoint *c, const char *path, int fd,
		     const char *name, char eol);
bool checkpoint_due(const struct checkpoint *c);
int checkpoint_save(struct checkpoint *c, uint64_t pos, uint64_t line);

#endif /* _KSIFT_CHECKPOINT_H */
