/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sources in the module: of the engine's side (engine/driver/side.h), the part that
 * gets bytes.
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
 * enum ksift_copy - Why bytes were copied before they were scanned
 * @KSIFT_COPY_UNWALKED: The source is the caller's memory, or a file whose page
 *	cache is not walked
 * @KSIFT_COPY_MISSING: They were not in the page cache, or could not be used there
 * @KSIFT_COPY_CHANGED: Somebody truncated the file or punched a hole during the scan
 * @KSIFT_COPY_DENSE: Much of the text is selected
 * @KSIFT_COPY_LONG: They are a long line's, read again to be emitted
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
 * struct ksift_stats - What a RUN did with its source
 * @dev: FILE: the device it is on
 * @ino: FILE: its number there
 * @bytes: Bytes used
 * @walked: Those of them that came from the page cache
 * @copied: Bytes of private copies made, by enum ksift_copy
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
 * @to: The range's end: bytes past it are read in small pieces only
 * @file: FILE: the caller's file, referenced
 * @walk: FILE: the page cache may be used in place
 * @cached: FILE: KSIFT_RUN_CACHED: bytes that are not in the page cache are absent
 * @polite: FILE: KSIFT_RUN_POLITE: the page cache is left as it was found
 * @requested: The pages that @polite has to drop
 * @readahead: FILE: absent pages can be read ahead
 * @ra: Readahead state of this RUN, which leaves the caller's alone
 * @ra_tried: Index + 1 of the page that readahead was last started for
 * @window: [start, end) of the bytes that rw_verify_area() has allowed
 * @large: The last folio looked up was large
 * @batch: Folios held, in order of index
 * @batch_at: First of them that the scan has not passed yet
 * @piece_at: First of those that the piece given out last lies in
 * @intact_at: First of those that ksift_source_intact() was asked about last
 * @bounce: Buffer for private copies
 * @bounce_size: Its size
 * @last: The piece given out last, which is still held
 * @last_end: Offset of its end
 * @hole_end: Offset of the end of the hole found last
 * @hole_miss: Offset of the last query that found no hole
 * @hole_backoff: For how many bytes from there on there is no other query
 * @zeros: The piece before the current one ended with zeros
 * @stats: What the RUN did so far
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
	struct ksift_polite requested;
	bool readahead;
	struct file_ra_state ra;
	pgoff_t ra_tried;
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
	u64 hole_miss;
	u64 hole_backoff;
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
 * ksift_source_walked() - What to tell the caller of bytes from the page cache
 * @src: The source
 *
 * Return: how many of the bytes used came from there; all of them for a caller who
 * may not learn what of a walked file is cached.
 */
u64 ksift_source_walked(const struct ksift_src *src);

#endif /* KSIFT_SOURCE_H */
