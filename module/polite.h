/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KSIFT_POLITE_H
#define KSIFT_POLITE_H

#include <linux/bitmap.h>
#include <linux/types.h>

struct ksift_src;

/* Pages of a file that are kept track of at a time; a power of two. */
#define KSIFT_POLITE_PAGES 1024

/**
 * struct ksift_polite - What of a file was brought into the page cache
 * @start: Index of the first page that is kept track of
 * @end: Index of the page after the last
 * @ahead: How many pages to ask for next
 * @ours: A bit for each of them, by index modulo KSIFT_POLITE_PAGES: it was not
 *	there, was asked for, and is to be dropped
 */
struct ksift_polite {
	pgoff_t start;
	pgoff_t end;
	unsigned int ahead;
	DECLARE_BITMAP(ours, KSIFT_POLITE_PAGES);
};

/**
 * ksift_polite_pass() - The scan comes to a page
 * @src: The source, which holds no folios
 * @index: The page's
 * @size: The file's size
 *
 * Drops what was brought in and lies before it, and asks for what follows.
 */
void ksift_polite_pass(struct ksift_src *src, pgoff_t index, u64 size);

/**
 * ksift_polite_end() - The scan is over
 * @src: The source, which holds no folios
 */
void ksift_polite_end(struct ksift_src *src);

/**
 * ksift_polite_ask() - Have pages read
 * @src: The source
 * @from: Index of the first
 * @to: Index of the page after the last
 *
 * Those of them that are absent, no others, and does not wait for them.
 */
void ksift_polite_ask(struct ksift_src *src, pgoff_t from, pgoff_t to);

/**
 * ksift_polite_drop() - Drop pages that were brought in
 * @src: The source
 * @from: Index of the first
 * @to: Index of the page after the last
 *
 * Waits until they have been read.  Those that somebody holds, maps or has
 * written to stay, and are not written back.
 */
void ksift_polite_drop(struct ksift_src *src, pgoff_t from, pgoff_t to);

#endif /* KSIFT_POLITE_H */
