/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KSIFT_LINE_H
#define _KSIFT_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libksift.h>

/**
 * struct line - A line that was found
 * @rec: Where it is, and what is known of it.  @rec.len is that of the text
 *	as it is now, @rec.line counts from 0 in the search
 * @context: It was not selected, but is near one that was
 * @unended: It is the last one of the file and lacks its newline
 * @text: Its bytes, without the newline; NULL if it is too long to be held and
 *	has to be read from @fd, piece by piece
 * @fd: The file that it is in
 *
 * Valid only as long as the call that it is handed to.
 */
struct line {
	struct ksift_record rec;
	bool context;
	bool unended;
	const char *text;
	int fd;
};

size_t line_read(const struct line *line, uint64_t at, char *buf, size_t len);
void line_put(const struct line *line, uint64_t from, uint64_t to);

#endif /* _KSIFT_LINE_H */
