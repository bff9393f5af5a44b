// SPDX-License-Identifier: GPL-2.0-only
/*
 * The side of the engine's driver (engine/driver/side.h) in a process: the caller's
 * memory, scanned in place, and regular files, read into a buffer.  Files are not
 * mapped: one that is truncated meanwhile would end the process by SIGBUS.
 *
 * No piece is shared here, and none absent.  The caller's memory must not change
 * during a call.
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

/* Bytes to read at a time: they fit an L2 cache together with the driver's stage. */
#define READ_SIZE (128u << 10)

/* Bytes to read at a time past the range, where its last line ends soon. */
#define TAIL_READ 4096

/* So that files are read in whole pages. */
#define PAGE 4096

/* A descriptor that leaves the caller's offset alone, and is not O_DIRECT. */
static int open_own(struct ksift_src *src)
{
	char path[32];

	if (src->own < 0) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", src->fd);
		src->own = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	}
	return src->own;
}

int ksift_source_open(struct ksift_src *src, const struct ksift_run *run,
		      struct ksift_caller *caller)
{
	struct stat st;
	int flags;

	memset(src, 0, sizeof(*src));
	src->type = run->source;
	src->to = run->to;
	src->own = -1;
	src->caller = caller;
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
	src->buf = malloc(READ_SIZE);
	if (!src->buf) {
		ksift_source_close(src);
		return -ENOMEM;
	}
	return 0;
}

void ksift_source_close(struct ksift_src *src)
{
	free(src->buf);
	if (src->own >= 0)
		close(src->own);
}

static ssize_t pread_file(struct ksift_src *src, u64 pos, void *buf, size_t len)
{
	ssize_t n;

	if (pos >= LLONG_MAX)
		return 0;
	n = pread(src->fd, buf, min(len, LLONG_MAX - pos), pos);
	return n < 0 ? -errno : n;
}

ssize_t ksift_source_read(struct ksift_src *src, u64 pos, void *buf, size_t len,
			  bool *absent)
{
	size_t done = 0;
	ssize_t n;

	*absent = false;
	if (src->type == KSIFT_SOURCE_MEM) {
		done = pos < src->end ? min(len, src->end - pos) : 0;
		if (done)
			memcpy(buf, src->base + pos, done);
		len = done;
	}
	while (done < len) {
		n = pread_file(src, pos + done, (u8 *)buf + done, len - done);
		if (n < 0)
			return n;
		if (!n)
			break;
		done += n;
	}
	src->bytes += done;
	return done;
}

u64 ksift_source_hole(struct ksift_src *src, u64 pos, u64 len)
{
	struct stat st;
	off_t data;

	/* In this order: bytes appended after fstat() are no hole. */
	if (src->type == KSIFT_SOURCE_MEM || open_own(src) < 0 || fstat(src->fd, &st))
		return 0;
	data = lseek(src->own, pos, SEEK_DATA);
	if (data < 0 && errno == ENXIO) {
		data = st.st_size;
		/* A truncation since then is ENXIO, too: the hole ends with the file. */
		if (fstat(src->fd, &st) || st.st_size < data)
			data = st.st_size;
	}
	return data > 0 && (u64)data > pos ? min(len, data - pos) : 0;
}

static bool piece_is_zero(const u8 *buf, size_t len)
{
	return !buf[0] && !memcmp(buf, buf + 1, len - 1);
}

static int read_piece(struct ksift_src *src, u64 pos, struct ksift_piece *piece)
{
	u64 len = pos < src->to ? max(src->to - pos, (u64)TAIL_READ) : TAIL_READ;
	ssize_t n;

	if (src->zeros) {
		piece->len = ksift_source_hole(src, pos, UINT64_MAX);
		if (piece->len)
			return 0;
	}
	n = pread_file(src, pos, src->buf, min(len, READ_SIZE - pos % PAGE));
	src->at = pos;
	src->held = max(n, 0);
	if (n < 0)
		return n;
	src->zeros = n >= READ_SIZE / 2 && piece_is_zero(src->buf, n);
	piece->buf = src->buf;
	piece->len = n;
	return 0;
}

int ksift_source_next(struct ksift_src *src, u64 pos, u64 private_below,
		      struct ksift_piece *piece)
{
	(void)private_below;
	*piece = (struct ksift_piece){ 0 };
	if (src->type == KSIFT_SOURCE_MEM) {
		piece->buf = src->base + pos;
		piece->len = pos < src->end ? src->end - pos : 0;
		return 0;
	}
	if (pos < src->at || pos >= src->at + src->held)
		return read_piece(src, pos, piece);
	piece->buf = src->buf + (pos - src->at);
	piece->len = src->held - (pos - src->at);
	return 0;
}

bool ksift_source_intact(struct ksift_src *src, const struct ksift_piece *piece,
			 u64 from, u64 to)
{
	(void)src;
	(void)piece;
	(void)from;
	(void)to;
	return true;
}

int ksift_source_copy(struct ksift_src *src, struct ksift_piece *piece)
{
	(void)src;
	(void)piece;
	return 0;
}

void ksift_source_account(struct ksift_src *src, const struct ksift_piece *piece, u64 len)
{
	(void)piece;
	src->bytes += len;
}

bool ksift_source_covers(const struct ksift_src *src, u64 end)
{
	(void)src;
	(void)end;
	return true;
}

int ksift_side_emit(struct ksift_src *src, u64 to, const void *from, size_t len)
{
	(void)src;
	memcpy((void *)(uintptr_t)to, from, len);
	return 0;
}

int ksift_side_poll(struct ksift_src *src)
{
	struct ksift_caller *caller = src->caller;

	if (!caller->interrupted || src->bytes - src->polled < KSIFT_USER_WORK)
		return 0;
	src->polled = src->bytes;
	caller->said = caller->interrupted(caller->arg);
	return caller->said < 0 ? -EINTR : 0;
}
