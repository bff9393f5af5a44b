/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver of the kernel "lines": turns the arguments of a RUN into its results, on
 * any side (side.h).
 */
#ifndef KSIFT_ENGINE_DRIVER_H
#define KSIFT_ENGINE_DRIVER_H

#include "../lines.h"
#include "../../uapi/ksift.h"
#include "side.h"

/* Longer lines are streamed.  64 KiB stay in the L2 cache until they are emitted. */
#ifndef KSIFT_STAGE_SIZE
#define KSIFT_STAGE_SIZE (64 * 1024)
#endif

/* Records that are emitted in one copy: a page full. */
#define KSIFT_RECORDS_HELD ((u32)(4096 / sizeof(struct ksift_record)))

/**
 * struct ksift_drive - A RUN over lines
 * @run: The caller's structure, checked; the driver fills in resume, out_absent
 *	and out_cut
 * @args: The caller's arguments, checked; the driver fills in out_*
 * @prog: The filter
 * @ops: The variant
 * @src: The source
 * @scan: Room for the engine's state, uninitialized
 * @stage: Room for KSIFT_STAGE_SIZE bytes if ksift_drive_emits()
 * @record: Room for KSIFT_RECORDS_HELD records if @args asks for records
 * @direct_min: So many bytes of a private piece are emitted without staging them; at
 *	most KSIFT_STAGE_SIZE
 * @work: Bytes after which the run ends, once a line is done
 *
 * The rest is the driver's own:
 *
 * @err: The error that ended the run
 * @used: Bytes scanned or read
 * @private_below: Bytes below this offset are wanted as private copies
 * @text: Bytes emitted as text, those staged included
 * @records: Records emitted, those held included
 * @records_held: How many of the last of them are in @record
 * @staged: Bytes of the stage that are for the caller
 * @held: Bytes after those: the beginning of the current line
 * @held_shared: Some of the held bytes come from a shared piece
 * @chunk: Bytes to feed next, if the number of hits allows
 * @dense: Much of the text is selected
 * @absent: Bytes of the range that were absent
 * @cut: Lines that absent bytes have cut
 * @after_absent: The scan skips the rest of a line that was cut
 * @at_edge: It has seen no byte of that rest yet
 * @lost: The rest of a long line was absent when the driver was to emit it
 * @total_bytes: Bytes in the lines scanned before the last absent stretch
 */
struct ksift_drive {
	struct ksift_run *run;
	struct ksift_lines *args;
	const struct ksift_prog *prog;
	const struct ksift_variant_ops *ops;
	struct ksift_src *src;
	struct ksift_scan *scan;
	u8 *stage;
	struct ksift_record *record;
	size_t direct_min;
	u64 work;

	int err;
	u64 used;
	u64 private_below;
	u64 text;
	u64 records;
	u32 records_held;
	size_t staged;
	size_t held;
	bool held_shared;
	size_t chunk;
	bool dense;
	u64 absent;
	u64 cut;
	bool after_absent;
	bool at_edge;
	bool lost;
	u64 total_bytes;
};

/* Are selected lines emitted, as text or as records, or only counted? */
static inline bool ksift_drive_emits(const struct ksift_lines *args)
{
	return args->text || args->records;
}

/**
 * ksift_drive_lines() - Run the kernel "lines"
 * @d: What to run; all but the driver's own filled in, that zero
 *
 * Return: 0, with out_* and resume filled in; -EINVAL: resume or pattern_counts_cap
 * does not go with the other arguments; -EFAULT: the caller's memory could not be
 * written, some of it may have been; or the error that the side returned before a
 * line was done.
 */
int ksift_drive_lines(struct ksift_drive *d);

#endif /* KSIFT_ENGINE_DRIVER_H */
