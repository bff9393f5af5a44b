/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A scan of a file: what scans with one thread and with many share.
 */
#ifndef _LIBKSIFT_SCAN_H
#define _LIBKSIFT_SCAN_H

#include <stdbool.h>

#include "ctx.h"

/**
 * struct scan_buf - Where a run's output goes
 * @text: @text_cap bytes, or NULL
 * @text_cap: Room for text
 * @records: @records_cap records, or NULL
 * @records_cap: Room for records
 * @patterns: How many selected lines have each pattern
 */
struct scan_buf {
	char *text;
	size_t text_cap;
	struct ksift_record *records;
	size_t records_cap;
	uint64_t patterns[KSIFT_PATTERNS_MAX];
};

/**
 * struct scan - A scan
 * @ctx: The context
 * @matcher: Selects the lines
 * @opts: What to do
 * @res: What was found so far
 * @err: The caller's, or NULL
 * @buf: The calling thread's buffers
 * @left: Lines that may still be selected
 * @started: A run has succeeded
 *
 * Used by the calling thread alone, except for the members that do not change: @ctx,
 * @matcher and @opts.
 */
struct scan {
	struct ksift_ctx *ctx;
	const struct ksift_matcher *matcher;
	struct ksift_scan_opts opts;
	struct ksift_scan_result res;
	struct ksift_error *err;
	struct scan_buf buf;
	uint64_t left;
	bool started;
};

/* Allocate buffers for the output that is asked for; free them even after -ENOMEM. */
int ksift_scan_alloc(const struct scan *s, struct scan_buf *buf, size_t text_cap,
		     size_t records_cap);
void ksift_scan_free(struct scan_buf *buf);

/* Swap NULs and newlines. */
void ksift_scan_swap_nul(char *buf, size_t len);

/* Fill in the arguments of a run that may select @max_lines. */
void ksift_scan_ask(const struct scan *s, struct ksift_lines *lines,
		    struct scan_buf *buf, uint64_t max_lines);

/* The enum ksift_run_flags of the scan's runs over files. */
uint32_t ksift_scan_run_flags(const struct scan *s);

/* Deliver what a run gave, and add it up; @base is the offset of its source. */
int ksift_scan_take(struct scan *s, const struct ksift_run *run,
		    const struct ksift_lines *lines, uint64_t base);

/* Run one range to its end, or to the last line that may be selected. */
int ksift_scan_range(struct scan *s, struct ksift_run *run, uint64_t base);

/*
 * Has the file ended within the range?  Then it was truncated after fstat(), and the
 * scan ends there, whatever is appended later.
 */
static inline bool ksift_scan_ended(const struct ksift_run *run)
{
	return (run->resume.flags & KSIFT_RESUME_DONE) && run->resume.pos < run->to;
}

/*
 * Scan a regular file from *@from on with many threads.  Returns 0 when it is
 * done, 1 when the rest, from *@from on, is left to the calling thread, or a
 * negative error.
 */
int ksift_scan_threads(struct scan *s, int fd, uint64_t *from, uint64_t size);

/* Bytes of a window that a thread scans: a fraction of a millisecond. */
#ifndef KSIFT_SCAN_WINDOW
#define KSIFT_SCAN_WINDOW (1ull << 20)
#endif

#endif /* _LIBKSIFT_SCAN_H */
