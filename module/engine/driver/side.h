/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The side of the driver: where bytes come from, where results go, and
 * when to stop.  Each program that the driver is linked into has one: the module
 * (module/source.c, module/run_lines.c), the library (userspace/lib/user_source.c)
 * and the hostile host (selftests/host/fuzz_driver.c).  They are bound by the
 * linker: with a table of pointers each piece would cost an indirect branch.
 *
 * The driver relies on nothing but that a piece's memory stays: bytes of a source may
 * change, appear and vanish between any two calls, and every call that can fail may.
 */
#ifndef KSIFT_ENGINE_SIDE_H
#define KSIFT_ENGINE_SIDE_H

#include "../port.h"

/* Each side defines its own. */
struct ksift_src;

/**
 * struct ksift_piece - Some bytes of a source
 * @buf: The bytes; NULL for the zeros of a hole, and if @absent
 * @len: How many; 0 at the source's end
 * @absent: They are not in the page cache, and the run is KSIFT_RUN_CACHED
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
 * ksift_source_next() - Get bytes from an offset on
 * @src: The source
 * @pos: The offset
 * @private_below: Bytes below this offset are wanted as a private copy
 * @piece: Filled in; valid until the next call with @src
 *
 * May sleep.  Others may write to the bytes of a shared piece, or remove them from the
 * source, at any moment, but the memory stays.  What the driver finds in them counts
 * only if ksift_source_intact() says so afterwards.
 *
 * Return: 0 or a negative error.
 */
int ksift_source_next(struct ksift_src *src, u64 pos, u64 private_below,
		      struct ksift_piece *piece);

/**
 * ksift_source_intact() - Were the bytes that were just read the source's?
 * @src: The source
 * @piece: The piece that ksift_source_next() returned last
 * @from: Offset of the first byte that was read
 * @to: Offset after the last
 *
 * Return: false if a byte of that range of @piece may have been truncated, or zeroed
 * by a change to bytes beside it, before it was read.  Then go back, and get the same
 * bytes as private copies.
 */
bool ksift_source_intact(struct ksift_src *src, const struct ksift_piece *piece,
			 u64 from, u64 to);

/**
 * ksift_source_copy() - Make a shared piece private
 * @src: The source
 * @piece: The piece that ksift_source_next() returned last; changed to a copy of
 *	as much of its beginning as there is room for
 *
 * Return: 0, -ENOMEM, or -EAGAIN: it was not intact, see above.
 */
int ksift_source_copy(struct ksift_src *src, struct ksift_piece *piece);

/**
 * ksift_source_account() - Account for bytes that were scanned
 * @src: The source
 * @piece: The piece that they are in
 * @len: How many
 */
void ksift_source_account(struct ksift_src *src,
			  const struct ksift_piece *piece, u64 len);

/**
 * ksift_source_read() - Copy bytes out of a source, and account for them
 * @src: The source; pieces got from it stay valid
 * @pos: Their offset
 * @buf: Where they go
 * @len: How many
 * @absent: Returns whether the byte at @pos is absent
 *
 * Return: how many there were, less than @len only at the source's end or before an
 * absent byte, or a negative error.
 */
ssize_t ksift_source_read(struct ksift_src *src, u64 pos, void *buf,
			  size_t len, bool *absent);

/**
 * ksift_source_hole() - Ask for a hole
 * @src: The source; pieces got from it stay valid
 * @pos: An offset, best right after zeros
 * @len: How many bytes from there on matter
 *
 * Return: how many of them, from @pos on, are in a hole; 0 if that is unknown, or they
 * are too few to ask about.
 */
u64 ksift_source_hole(struct ksift_src *src, u64 pos, u64 len);

/**
 * ksift_source_covers() - Does the source still reach this far?
 * @src: The source
 * @end: An offset
 */
bool ksift_source_covers(const struct ksift_src *src, u64 end);

/**
 * ksift_side_emit() - Give results to the caller
 * @src: The source
 * @to: Address in the caller's memory, as the caller gave it
 * @from: The bytes
 * @len: How many; not 0
 *
 * Return: 0 or -EFAULT.
 */
int ksift_side_emit(struct ksift_src *src, u64 to, const void *from,
		    size_t len);

/**
 * ksift_side_poll() - Reschedule, and ask whether to go on
 * @src: The source
 *
 * Called after a bounded amount of work: a feed of text and what was held before it,
 * in the kernel at most 128 KiB.
 *
 * Return: 0, or the negative error that ends the call if no line is done yet.
 */
int ksift_side_poll(struct ksift_src *src);

#endif /* KSIFT_ENGINE_SIDE_H */
