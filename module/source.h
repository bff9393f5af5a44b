/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sources in the kernel: the side of the engine's driver that bytes come from.  What
 * the driver calls is in engine/driver/side.h.
 */
#ifndef KSIFT_SOURCE_H
#define KSIFT_SOURCE_H

#include <linux/fs.h>
#include <linux/types.h>

#include "compat.h"
#include "engine/driver/side.h"
#include "polite.h"

struct ksift_run;

/**
 * enum ksift_copy - Why bytes were copied before they were looked at
 * @KSIFT_COPY_UNWALKED: The source is the caller's memory, or a file whose page
 *	cache is not walked
 * @KSIFT_COPY_MISSING: They were not in the page cache, or not to be used there
 * @KSIFT_COPY_CHANGED: Somebody cut into the file while they were looked at
 * @KSIFT_COPY_DENSE: Much of the text is selected
 * @KSIFT_COPY_LONG: They are a long line's, read again to be given out
 */
enum ksift_copy {
	KSIFT_COPY_UNWALKED,
	KSIFT_COPY_MISSING,
	KSIFT_COPY_CHANGED,
	KSIFT_COPY_DENSE,
	KSIFT_COPY_LONG,
	KSIFT_COPY_REASONS,
};

/**
 * struct ksift_stats - What was done with a source
 * @dev: FILE: the device it is on
 * @ino: FILE: its number there
 * @bytes: Bytes used
 * @walked: Those of them that came from the page cache
 * @copied: Bytes of private copies made, by why
 */
struct ksift_stats {
	dev_t dev;
	u64 ino;
	u64 bytes;
	u64 walked;
	u64 copied[KSIFT_COPY_REASONS];
};

/**
 * struct ksift_src - Where a RUN takes its bytes from
 * @type: enum ksift_source, not NONE
 * @base: MEM: the caller's address
 * @end: MEM: bytes there; FILE: unused
 * @to: The range's end: what lies past it is read in small pieces only
 * @file: FILE: the caller's file, referenced
 * @walk: FILE: the page cache may be used in place
 * @cached: FILE: what is not in the page cache is not looked at
 * @polite: FILE: the page cache is left as it was found
 * @trace: What @polite has to put back
 * @readahead: FILE: absent pages can be asked for
 * @ra: Readahead state of our own, to leave the caller's alone
 * @ra_asked: Index + 1 of the page last asked for
 * @window: [start, end) of what has been allowed by rw_verify_area()
 * @large: The last of them held were large
 * @batch: Folios held, in order of index
 * @batch_at: First of them that is not passed yet
 * @piece_at: First of those that the piece given out last lies in
 * @intact_at: First of those that ksift_source_intact() was asked about last
 * @bounce: Buffer for private copies
 * @bounce_size: Its size
 * @last: The piece given out last, which is still held
 * @last_end: Offset of its end
 * @hole_end: Offset of the end of the hole found last
 * @asked_at: Where a hole was asked for in vain last
 * @ask_step: For how many bytes from there on none is asked for
 * @zeros: What came before the piece that is asked for ended with zeros
 * @stats: What was done
 *
 * Lives on one RUN's stack; used by its thread alone.
 */
struct ksift_src {
	u32 type;
	u64 base;
	u64 end;
	u64 to;
	struct file *file;
	bool walk;
	bool cached;
	bool polite;
	struct ksift_polite trace;
	bool readahead;
	struct file_ra_state ra;
	pgoff_t ra_asked;
	struct {
		u64 start;
		u64 end;
	} window;
	bool large;
	struct folio_batch batch;
	unsigned int batch_at;
	unsigned int piece_at;
	unsigned int intact_at;
	u8 *bounce;
	size_t bounce_size;
	struct ksift_piece last;
	u64 last_end;
	bool zeros;
	u64 hole_end;
	u64 asked_at;
	u64 ask_step;
	struct ksift_stats stats;
};

/**
 * ksift_source_open() - Take hold of what a RUN reads
 * @src: Filled in; ksift_source_close() it after success
 * @run: Its source is MEM or FILE, checked
 *
 * Return: 0 or -EBADF, -ESPIPE, -EOPNOTSUPP, -EPERM.
 */
int ksift_source_open(struct ksift_src *src, const struct ksift_run *run);
void ksift_source_close(struct ksift_src *src);

/**
 * ksift_source_walked() - What the caller is told of bytes from the page cache
 * @src: The source
 *
 * Return: how many of the bytes used came from there; all of a file that is walked,
 * for who may not learn what is cached.
 */
u64 ksift_source_walked(const struct ksift_src *src);

#endif /* KSIFT_SOURCE_H */
