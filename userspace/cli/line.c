// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bytes of a line, which is held in memory or, when it is too long for
 * that, read where it is needed: no line of a file takes more than a buffer.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "line.h"

#define PIECE (64u << 10)

/*
 * Up to @len bytes from byte @at on.  Return: how many; fewer only at the
 * line's end, or where the file ends since it was cut off.
 */
size_t line_read(const struct line *line, uint64_t at, char *buf, size_t len)
{
	size_t done = 0;
	ssize_t n;

	if (at >= line->rec.len)
		return 0;
	if (len > line->rec.len - at)
		len = line->rec.len - at;
	if (line->text) {
		memcpy(buf, line->text + at, len);
		return len;
	}
	while (done < len) {
		n = pread(line->fd, buf + done, len - done,
			  line->rec.offset + at + done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += n;
	}
	return done;
}

/* Write bytes [@from, @to) of the line to standard output. */
void line_put(const struct line *line, uint64_t from, uint64_t to)
{
	char buf[PIECE];
	size_t n;

	if (line->text) {
		fwrite(line->text + from, 1, to - from, stdout);
		return;
	}
	for (; from < to; from += n) {
		n = line_read(line, from, buf,
			      to - from < sizeof(buf) ? to - from : sizeof(buf));
		if (!n)
			return;
		fwrite(buf, 1, n, stdout);
	}
}
