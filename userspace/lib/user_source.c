// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sources of the user engine: the caller's memory, looked at where it is, and
 * regular files, read into a buffer of our own.  Files are not mapped: one that
 * is cut off meanwhile would end the process.
 *
 * The buffer has two parts.  What is read goes to the second one, at its
 * beginning; what is to be kept of the bytes before it goes to the end of the
 * first one.  So a line lies in one piece, unless it is longer than that part.
 */
#define _GNU_SOURCE /* O_DIRECT, SEEK_DATA */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user.h"

/* Read at a time: fits a second-level cache together with what is kept. */
#define READ_SIZE (128u << 10)

/* What to read at a time past the range, where its last line ends soon. */
#define TAIL_READ 4096

/* So that files are read in whole pages. */
#define PAGE 4096

/* Without moving the caller's offset, nor O_DIRECT's rules. */
static int open_own(struct ksift_user_src *src)
{
	char path[32];

	if (src->own < 0) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", src->fd);
		src->own = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	}
	return src->own;
}

int ksift_user_open(struct ksift_user_src *src, const struct ksift_run *run)
{
	struct stat st;
	int flags;

	memset(src, 0, sizeof(*src));
	src->type = run->source;
	src->to = run->to;
	src->own = -1;
	if (run->source == KSIFT_SOURCE_MEM) {
		src->base = (const u8 *)(uintptr_t)run->base;
		src->end = run->len;
		return 0;
	}
	src->fd = run->source_fd;
	flags = fcntl(src->fd, F_GETFL);
	if (flags < 0 || (flags & O_PATH) || (flags & O_ACCMODE) == O_WRONLY)
		return -EBADF;
	if (fstat(src->fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ESPIPE;
	if (flags & O_DIRECT) {
		if (open_own(src) < 0)
			return -EOPNOTSUPP;
		src->fd = src->own;
	}
	src->buf = malloc(KSIFT_USER_KEEP + READ_SIZE);
	if (!src->buf) {
		ksift_user_close(src);
		return -ENOMEM;
	}
	return 0;
}

void ksift_user_close(struct ksift_user_src *src)
{
	free(src->buf);
	if (src->own >= 0)
		close(src->own);
}

static ssize_t read_file(struct ksift_user_src *src, u64 pos, void *buf, size_t len)
{
	ssize_t n;

	if (pos >= LLONG_MAX)
		return 0;
	n = pread(src->fd, buf, min(len, LLONG_MAX - pos), pos);
	return n < 0 ? -errno : n;
}

ssize_t ksift_user_read(struct ksift_user_src *src, u64 pos, void *buf, size_t len)
{
	size_t done = 0;
	ssize_t n;

	if (src->type == KSIFT_SOURCE_MEM) {
		len = pos < src->end ? min(len, src->end - pos) : 0;
		if (len)
			memcpy(buf, src->base + pos, len);
		return len;
	}
	while (done < len) {
		n = read_file(src, pos + done, (u8 *)buf + done, len - done);
		if (n < 0)
			return n;
		if (!n)
			break;
		done += n;
	}
	return done;
}

u64 ksift_user_hole(struct ksift_user_src *src, u64 pos)
{
	struct stat st;
	off_t data;

	/* In this order: what is appended since is no hole. */
	if (src->type == KSIFT_SOURCE_MEM || open_own(src) < 0 || fstat(src->fd, &st))
		return 0;
	data = lseek(src->own, pos, SEEK_DATA);
	if (data < 0 && errno == ENXIO) {
		data = st.st_size;
		/* There is no data where the file is cut off, either. */
		if (fstat(src->fd, &st) || st.st_size < data)
			data = st.st_size;
	}
	return data > 0 && (u64)data > pos ? data - pos : 0;
}

static bool all_zeros(const u8 *buf, size_t len)
{
	return !buf[0] && !memcmp(buf, buf + 1, len - 1);
}

static int next_read(struct ksift_user_src *src, u64 pos, u64 keep,
		     struct ksift_user_piece *piece)
{
	u64 len = pos < src->to ? max(src->to - pos, TAIL_READ) : TAIL_READ;
	u8 *area = src->buf + KSIFT_USER_KEEP;
	size_t kept = 0;
	ssize_t n;

	if (src->zeros) {
		piece->buf = NULL;
		piece->len = ksift_user_hole(src, pos);
		if (piece->len)
			return 0;
	}
	if (src->held && pos == src->at + src->held && keep >= src->at &&
	    pos - keep <= KSIFT_USER_KEEP) {
		kept = pos - keep;
		memmove(area - kept, src->first + (keep - src->at), kept);
	}
	n = read_file(src, pos, area, min(len, READ_SIZE - pos % PAGE));
	src->at = pos - kept;
	src->first = area - kept;
	src->held = kept + max(n, 0);
	if (n < 0)
		return n;
	src->zeros = n >= READ_SIZE / 2 && all_zeros(area, n);
	piece->buf = area;
	piece->len = n;
	return 0;
}

int ksift_user_next(struct ksift_user_src *src, u64 pos, u64 keep,
		    struct ksift_user_piece *piece)
{
	if (src->type == KSIFT_SOURCE_MEM) {
		piece->buf = src->base + pos;
		piece->len = pos < src->end ? src->end - pos : 0;
		return 0;
	}
	if (pos >= src->at && pos < src->at + src->held) {
		piece->buf = src->first + (pos - src->at);
		piece->len = src->held - (pos - src->at);
		return 0;
	}
	return next_read(src, pos, keep, piece);
}

const u8 *ksift_user_held(const struct ksift_user_src *src, u64 pos)
{
	if (src->type == KSIFT_SOURCE_MEM)
		return src->base + pos;
	return pos >= src->at && pos <= src->at + src->held ?
		src->first + (pos - src->at) : NULL;
}
