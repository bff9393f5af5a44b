// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines of whole files.
 *
 * A file that the kernel walks is scanned window by window, so that the caller gets
 * lines while a large file is still being scanned, and a chance to stop.  A line
 * belongs to the window that it begins in, which is how ranges compose: only the
 * number of lines that may still be selected is carried from one to the next.  If
 * the caller wants many threads, they take over after a first, small window.
 *
 * Any other file is read into a buffer, and the complete lines in it are scanned
 * after every read, however little that gave: whoever waits at the end of a pipe
 * sees a line when it has been written.  The unfinished line that is left is moved
 * to the buffer's front.  Either it came with the last read, or that gave no newline
 * and it stays in place: no byte is moved more than once, nor searched for a newline
 * more than once.
 *
 * Lines that end with NUL are read in the same way: NULs and newlines are swapped in
 * the buffer, and back in the output.
 */
#define _GNU_SOURCE /* memrchr() */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "error.h"
#include "pressure.h"
#include "scan.h"

/* Text of a run: so much that calls cost nothing beside it, but it fits an L2 cache. */
#define TEXT_CAP (1u << 20)
/* Records of a run: as many as lines of 64 bytes fill the text with. */
#define RECORDS_CAP 16384u
/* A window, which is doubled up to the maximum while it takes less than WINDOW_NSEC. */
#define WINDOW (64ull << 20)
#define WINDOW_MAX (256ull << 20)
#define WINDOW_NSEC 10000000
/* A polite scan's window: it looks at the pressure after each. */
#define POLITE_WINDOW (4ull << 20)
/* Four times what a pipe holds: room for a line and a full read after it. */
#define STREAM_CAP (256u << 10)

#define SCAN_FLAGS (KSIFT_SCAN_TEXT | KSIFT_SCAN_RECORDS | KSIFT_SCAN_TOTAL | \
		    KSIFT_SCAN_CURRENT | KSIFT_SCAN_NUL | KSIFT_SCAN_LEVELS | \
		    KSIFT_SCAN_NO_BINARY | CACHE_FLAGS)
#define CACHE_FLAGS (KSIFT_SCAN_CACHED | KSIFT_SCAN_POLITE)

/* The buffer that a file is read through. */
struct stream {
	int fd;
	bool seek;		/* read at @offset + @fill, not at the current offset */
	char *buf;
	size_t cap;
	size_t fill;
	uint64_t offset;	/* of the first byte in @buf */
};

static uint64_t monotonic_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* Rest after work that began at *@since, if others wait.  A signal ends the rest. */
static void back_off(uint64_t *since)
{
	uint64_t rest = ksift_pressure_rest(ksift_pressure("/proc/pressure"),
					    monotonic_now() - *since);
	struct timespec t = { rest / 1000000000, rest % 1000000000 };

	if (rest)
		nanosleep(&t, NULL);
	*since = monotonic_now();
}

/* The size of the window after one of @window bytes, which was begun at *@since. */
static uint64_t next_window(uint64_t window, uint64_t *since)
{
	uint64_t before = *since;

	*since = monotonic_now();
	if (*since - before > WINDOW_NSEC)
		return WINDOW;
	return window < WINDOW_MAX ? 2 * window : WINDOW_MAX;
}

static int scan_file(struct scan *s, int fd)
{
	struct ksift_run run = {
		.size = sizeof(run),
		.source = KSIFT_SOURCE_FILE,
		.source_fd = fd,
		.from = s->res.start,
		.flags = ksift_scan_run_flags(s),
	};
	const bool polite = s->opts.flags & KSIFT_SCAN_POLITE;
	bool threads = s->opts.threads > 1 && !polite;
	uint64_t window = polite ? POLITE_WINDOW : threads ? KSIFT_SCAN_WINDOW : WINDOW;
	uint64_t size, from, since = monotonic_now();
	struct stat st;
	int ret;

	if (s->opts.flags & KSIFT_SCAN_CURRENT) {
		run.resume.pos = run.from;
		run.resume.flags = KSIFT_RESUME_VALID;
	}
	for (;;) {
		if (fstat(fd, &st))
			return ksift_error_sys(s->err, -errno, "");
		size = st.st_size;
		run.to = s->opts.to;
		if (run.to - run.from > window && run.from < size &&
		    size - run.from > window)
			run.to = run.from + window;
		ret = ksift_scan_range(s, &run, 0);
		if (ret || run.to == s->opts.to || ksift_scan_ended(&run) ||
		    (s->res.flags & KSIFT_SCAN_LIMITED))
			return ret;
		if (polite)
			back_off(&since);
		else
			window = next_window(window, &since);
		ret = ksift_ctx_interrupted(s->ctx, s->err);
		if (ret)
			return ret;
		run.from = run.to;
		memset(&run.resume, 0, sizeof(run.resume));
		/* Start threads only if the first window did not end the scan. */
		if (threads && run.from < size) {
			threads = false;
			from = run.from;
			ret = ksift_scan_threads(s, fd, &from, size);
			if (ret <= 0)
				return ret;
			run.from = from;
		}
	}
}

/* Does the second matcher select a line of @run's, too? */
static int scan_also(struct scan *s, struct ksift_run *run)
{
	while (!(s->res.flags & KSIFT_SCAN_ALSO) &&
	       !(run->resume.flags & KSIFT_RESUME_DONE)) {
		struct ksift_lines lines = { .size = sizeof(lines), .max_lines = 1 };
		int ret = ksift_lines_run(s->ctx, s->opts.also, run, &lines, s->err);

		if (!ret)
			ret = ksift_ctx_interrupted(s->ctx, s->err);
		if (ret)
			return ret;
		if (lines.out_selected)
			s->res.flags |= KSIFT_SCAN_ALSO;
	}
	return 0;
}

/* Scan the lines in the first @len bytes of the buffer, which end with one. */
static int scan_buffer(struct scan *s, const struct stream *in, size_t len)
{
	uint64_t from = s->res.start, to = s->opts.to;
	struct ksift_run run = {
		.size = sizeof(run),
		.source = KSIFT_SOURCE_MEM,
		.base = (uintptr_t)in->buf,
		.len = len,
		.from = from > in->offset ? from - in->offset : 0,
		.to = to == UINT64_MAX ? to : to - in->offset,
	}, also = run;
	int ret = ksift_scan_range(s, &run, in->offset);

	return ret || !s->opts.also ? ret : scan_also(s, &also);
}

static int stream_grow(struct scan *s, struct stream *in)
{
	char *bigger = in->cap <= SIZE_MAX / 2 ? realloc(in->buf, in->cap * 2) : NULL;

	if (!bigger)
		return ksift_error_set(s->err, -ENOMEM,
			"no memory for a line of more than %zu bytes", in->cap);
	in->buf = bigger;
	in->cap *= 2;
	return 0;
}

static ssize_t stream_read(struct scan *s, struct stream *in)
{
	char *end = in->buf + in->fill;
	ssize_t n;

	n = ksift_ctx_read(s->ctx, in->fd, end, in->cap - in->fill,
			   in->seek ? (off_t)(in->offset + in->fill) : -1, s->err);
	if (n > 0 && (s->opts.flags & KSIFT_SCAN_NUL))
		ksift_scan_swap_nul(end, n);
	return n;
}

static int stream_loop(struct scan *s, struct stream *in)
{
	const char *nl;
	size_t done;
	ssize_t n = 1;
	int ret;

	while (n && in->offset < s->opts.to) {
		ret = in->fill == in->cap ? stream_grow(s, in) : 0;
		if (ret)
			return ret;
		n = stream_read(s, in);
		if (n < 0)
			return n;
		if (s->opts.flags & KSIFT_SCAN_NO_BINARY && memchr(in->buf + in->fill, 0, n)) {
			s->res.flags |= KSIFT_SCAN_BINARY;
			return 0;
		}
		/* At the end of the file the rest is a line without a newline. */
		nl = n ? memrchr(in->buf + in->fill, '\n', n) : NULL;
		in->fill += n;
		done = nl ? (size_t)(nl + 1 - in->buf) : n ? 0 : in->fill;
		if (!done)
			continue;
		ret = scan_buffer(s, in, done);
		if (ret || (s->res.flags & KSIFT_SCAN_LIMITED))
			return ret;
		in->offset += done;
		in->fill -= done;
		memmove(in->buf, in->buf + done, in->fill);
	}
	return 0;
}

/* Read the range's bytes and the one before them if @seek, else all that comes. */
static int scan_stream(struct scan *s, int fd, bool seek)
{
	struct stream in = {
		.fd = fd,
		.seek = seek,
		.cap = STREAM_CAP,
		.offset = s->res.start,
	};
	int ret;

	if (seek && in.offset && !(s->opts.flags & KSIFT_SCAN_CURRENT))
		in.offset--;
	s->res.flags |= KSIFT_SCAN_STREAM;
	in.buf = malloc(in.cap);
	if (!in.buf)
		return ksift_error_sys(s->err, -ENOMEM, "");
	ret = stream_loop(s, &in);
	free(in.buf);
	return ret;
}

/* Is even a regular file read?  The kernel cannot do what these flags ask for. */
static bool is_read(const struct scan *s)
{
	return s->opts.flags & KSIFT_SCAN_NUL ||
		(s->opts.flags & KSIFT_SCAN_NO_BINARY && !(s->opts.flags & CACHE_FLAGS));
}

static int scan_any(struct scan *s, int fd)
{
	bool whole = s->opts.from == 0 && s->opts.to == UINT64_MAX;
	bool cached = s->opts.flags & KSIFT_SCAN_CACHED;
	struct stat st;
	off_t pos;
	int ret;

	pos = lseek(fd, 0, SEEK_CUR);
	if (s->opts.flags & KSIFT_SCAN_CURRENT)
		s->res.start = pos < 0 ? 0 : pos;
	else
		s->res.start = s->opts.from;
	s->res.end = s->res.start;
	if (!s->left) {
		s->res.flags |= KSIFT_SCAN_LIMITED;
		return 0;
	}

	if (fstat(fd, &st))
		return ksift_error_sys(s->err, -errno, "");
	/* Files of /proc have length 0, but can be read. */
	if (S_ISREG(st.st_mode) && (st.st_size || !whole || cached)) {
		if (is_read(s))
			return s->opts.from > (uint64_t)st.st_size ? 0 :
				scan_stream(s, fd, true);
		ret = scan_file(s, fd);
		if ((ret != -ESPIPE && ret != -EOPNOTSUPP) || s->started ||
		    !whole || (s->opts.flags & CACHE_FLAGS))
			return ret;
	} else if (cached) {
		return ksift_error_set(s->err, -ESPIPE,
			"CACHED: only a regular file is in the page cache");
	} else if (!whole) {
		return ksift_error_set(s->err, -ESPIPE,
			"from, to: only a regular file has ranges");
	}
	if (!(s->opts.flags & KSIFT_SCAN_CURRENT) && pos > 0)
		s->res.start = pos;
	return scan_stream(s, fd, false);
}

static int scan_check_opts(const struct ksift_scan_opts *opts,
		      const struct ksift_matcher *matcher, struct ksift_error *err)
{
	const uint32_t out = KSIFT_SCAN_TEXT | KSIFT_SCAN_RECORDS;

	if (opts->flags & ~SCAN_FLAGS)
		return ksift_error_set(err, -EOPNOTSUPP,
			"flags has unknown bits %#x", opts->flags & ~SCAN_FLAGS);
	if (opts->from > opts->to)
		return ksift_error_set(err, -EINVAL, "from is above to");
	if (opts->from > INT64_MAX || (opts->to > INT64_MAX && opts->to != UINT64_MAX))
		return ksift_error_set(err, -EINVAL,
			"%s is above what a file can have, %" PRId64,
			opts->from > INT64_MAX ? "from" : "to", INT64_MAX);
	if ((opts->flags & KSIFT_SCAN_CURRENT) && opts->from)
		return ksift_error_set(err, -EINVAL,
			"from must be 0 with KSIFT_SCAN_CURRENT");
	if ((opts->flags & CACHE_FLAGS) == CACHE_FLAGS)
		return ksift_error_set(err, -EINVAL,
			"flags: CACHED and POLITE exclude each other");
	if ((opts->flags & CACHE_FLAGS) && (opts->flags & KSIFT_SCAN_NUL))
		return ksift_error_set(err, -EINVAL,
			"flags: CACHED and POLITE are for files that are walked, and NUL for those that are read");
	if ((opts->flags & KSIFT_SCAN_NO_BINARY) && (opts->flags & KSIFT_SCAN_NUL))
		return ksift_error_set(err, -EINVAL,
			"flags: NO_BINARY stops at what ends lines with NUL");
	if (opts->__reserved)
		return ksift_error_set(err, -EINVAL, "__reserved is not 0");
	if ((opts->flags & out) && !opts->chunk)
		return ksift_error_set(err, -EINVAL,
			"chunk: there is no callback to give lines to");
	if (opts->pattern_counts && opts->pattern_counts_cap < matcher->count)
		return ksift_error_set(err, -EINVAL,
			"pattern_counts_cap is %zu, and the matcher has %u patterns",
			opts->pattern_counts_cap, matcher->count);
	return 0;
}

KSIFT_EXPORT int ksift_lines_scan(struct ksift_ctx *ctx,
				  const struct ksift_matcher *matcher, int fd,
				  const struct ksift_scan_opts *opts,
				  struct ksift_scan_result *result,
				  struct ksift_error *err)
{
	struct scan s = {
		.ctx = ctx,
		.matcher = matcher,
		.res.size = sizeof(s.res),
		.err = err,
	};
	size_t size;
	int ret;

	ret = ksift_error_opts(&s.opts, sizeof(s.opts), opts, sizeof(s.opts),
			       "scan_opts", err);
	if (ret)
		return ret;
	if (result)
		ret = ksift_error_size(err, "scan_result", result->size,
				       offsetof(struct ksift_scan_result, absent));
	if (!ret)
		ret = scan_check_opts(&s.opts, matcher, err);
	if (ret)
		return ret;
	s.left = s.opts.max_lines;

	if (ksift_scan_alloc(&s, &s.buf, TEXT_CAP, RECORDS_CAP))
		ret = ksift_error_sys(err, -ENOMEM, "");
	else
		ret = scan_any(&s, fd);
	ksift_scan_free(&s.buf);

	if (result) {
		size = result->size < sizeof(s.res) ? result->size : sizeof(s.res);
		s.res.size = result->size;
		memcpy(result, &s.res, size);
	}
	return ret;
}
