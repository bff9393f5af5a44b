/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KSIFT_POLITE_H
#define KSIFT_POLITE_H

#include <linux/bitmap.h>
#include <linux/types.h>

struct file;

/* Pages of a file that are kept track of at a time; a power of two. */
#define KSIFT_POLITE_PAGES 1024

/**
 * struct ksift_polite - What of a file was brought into the page cache
 * @file: The file; NULL if nothing can be brought in or dropped
 * @ra_pages: Most pages that it reads ahead
 * @start: Index of the first page that is kept track of
 * @end: Index of the page after the last
 * @ahead: How many pages to ask for next
 * @ours: A bit for each of them, by index modulo KSIFT_POLITE_PAGES: it was not
 *	there, was asked for, and is to be dropped
 */
struct ksift_polite {
	struct file *file;
	unsigned int ra_pages;
	pgoff_t start;
	pgoff_t end;
	unsigned int ahead;
	DECLARE_BITMAP(ours, KSIFT_POLITE_PAGES);
};

/**
 * ksift_polite_pass() - The scan comes to a page
 * @p: What was brought in, of which the scan holds no folios
 * @index: The page's
 * @limit: Index of the page after the last that the scan wants
 *
 * Drops what was brought in and lies before it.
 *
 * Return: true if it is time for ksift_polite_more().
 */
bool ksift_polite_pass(struct ksift_polite *p, pgoff_t index, pgoff_t limit);

/**
 * ksift_polite_more() - Bring in what follows, from @p->end on
 * @p: What was brought in
 * @index: Index of the page that the scan is at
 * @limit: Index of the page after the last that it wants
 */
void ksift_polite_more(struct ksift_polite *p, pgoff_t index, pgoff_t limit);

/**
 * ksift_polite_end() - The scan is over
 * @p: What was brought in, of which the scan holds no folios
 */
void ksift_polite_end(struct ksift_polite *p);

/**
 * ksift_polite_ask() - Have pages read
 * @p: What was brought in
 * @from: Index of the first
 * @to: Index of the page after the last
 *
 * Those of them that are absent, no others, and does not wait for them.
 */
void ksift_polite_ask(const struct ksift_polite *p, pgoff_t from, pgoff_t to);

/**
 * ksift_polite_drop() - Drop pages that were brought in
 * @p: What was brought in
 * @from: Index of the first
 * @to: Index of the page after the last
 *
 * Waits until they have been read.  Those that somebody holds, maps or has
 * written to stay, and are not written back.
 */
void ksift_polite_drop(const struct ksift_polite *p, pgoff_t from, pgoff_t to);

#endif /* KSIFT_POLITE_H */
