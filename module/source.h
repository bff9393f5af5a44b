/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KSIFT_SOURCE_H
#define KSIFT_SOURCE_H

#include <linux/fs.h>
#include <linux/types.h>

#include "compat.h"
#include "polite.h"

struct ksift_run;

/**
 * struct ksift_piece - Some bytes of a source
 * @buf: The bytes; NULL if all are zero and nobody has stored them, or @absent
 * @len: How many; 0 at the source's end
 * @absent: They are not in the page cache, and nothing else was to be looked at
 * @shared: Others may write to them
 * @walked: They are from the page cache
 */
struct ksift_piece {
	const u8 *buf;
	u64 len;
	bool absent;
	bool shared;
	bool walked;
};

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
 * @still_at: First of those that ksift_source_still() has not gone past
 * @copy_to: Bytes below this offset are given out as private copies only
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
	unsigned int still_at;
	u64 copy_to;
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
 * ksift_source_next() - Get bytes from an offset on
 * @src: The source
 * @pos: The offset
 * @piece: Filled in; valid until the next call with @src
 *
 * Sleeps.  The bytes of a shared piece may be gone from the file, or change, at
 * any moment, but the memory stays.  What was found in them counts only if
 * ksift_source_intact() says so afterwards.
 *
 * Return: 0 or a negative error.
 */
int ksift_source_next(struct ksift_src *src, u64 pos,
		      struct ksift_piece *piece);

/**
 * ksift_source_intact() - Was what was just read the file's?
 * @src: The source
 * @piece: The piece given out last
 *
 * Return: false when @piece may have been cut off, or zeroed by a change to
 * what lies beside it, before it was read.  Then go back, set copy_to to its
 * end, and take private copies.
 */
bool ksift_source_intact(const struct ksift_src *src,
			 const struct ksift_piece *piece);

/**
 * ksift_source_still() - The same of a part of the piece
 * @src: The source
 * @piece: The piece given out last
 * @start: Offset of the part, not below that of the part asked for before
 * @end: Offset of its end
 *
 * Return: as ksift_source_intact().
 */
bool ksift_source_still(struct ksift_src *src, const struct ksift_piece *piece,
			u64 start, u64 end);

/**
 * ksift_source_take() - Make a shared piece private
 * @src: The source
 * @piece: The piece given out last; changed to a copy of as much of its
 *	beginning as there is room for
 *
 * Return: 0, -ENOMEM, or -EAGAIN: it was not intact, see above.
 */
int ksift_source_take(struct ksift_src *src, struct ksift_piece *piece);

/**
 * ksift_source_used() - Account for bytes that were looked at
 * @src: The source
 * @piece: What they are in
 * @len: How many
 */
void ksift_source_used(struct ksift_src *src, const struct ksift_piece *piece,
		       u64 len);

/**
 * ksift_source_walked() - What the caller is told of bytes from the page cache
 * @src: The source
 *
 * Return: how many of the bytes used came from there; all of a file that is walked,
 * for who may not learn what is cached.
 */
u64 ksift_source_walked(const struct ksift_src *src);

/**
 * ksift_source_read() - Copy bytes out of a source
 * @src: The source; pieces got from it stay valid
 * @pos: Their offset
 * @buf: Where they go
 * @len: How many
 * @absent: Returns whether the byte at @pos is absent
 *
 * Return: how many there were, less than @len only at the source's end or before
 * what is absent, or a negative error.
 */
ssize_t ksift_source_read(struct ksift_src *src, u64 pos, void *buf,
			  size_t len, bool *absent);

/**
 * ksift_source_hole() - Ask for a hole
 * @src: The source; pieces got from it stay valid
 * @pos: An offset, best one that zeros were seen before
 * @len: How many bytes from there on matter
 *
 * Return: how many of them, from @pos on, are zeros that nobody has stored; 0
 * when that is not known, or is too few to ask.
 */
u64 ksift_source_hole(struct ksift_src *src, u64 pos, u64 len);

/**
 * ksift_source_barren() - Is there nothing to be read from an offset on?
 * @src: The source
 * @pos: The offset
 *
 * Return: true when the scan is among zeros, and a hole is at @pos, and goes on for
 * a while.
 */
bool ksift_source_barren(const struct ksift_src *src, u64 pos);

/**
 * ksift_source_holds() - Does the source still reach this far?
 * @src: The source
 * @end: An offset
 */
bool ksift_source_holds(const struct ksift_src *src, u64 end);

#endif /* KSIFT_SOURCE_H */
