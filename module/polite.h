/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KSIFT_POLITE_H
#define KSIFT_POLITE_H

#include <linux/bitmap.h>
#include <linux/types.h>

struct file;

/* Pages of a file that are tracked at a time; a power of two. */
#define KSIFT_POLITE_PAGES 1024

/**
 * struct ksift_polite - The pages that a polite scan reads into the page cache
 * @file: The file; NULL if its pages cannot be requested or dropped
 * @ra_pages: Most pages in one request
 * @start: Index of the first page that is tracked
 * @end: Index of the page after the last
 * @ahead: How many pages to request next
 * @ours: A bit for each tracked page, by index modulo KSIFT_POLITE_PAGES: it was
 *	absent, so the scan has requested it and is to drop it
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
 * ksift_polite_pass() - Drop our pages that the scan has passed
 * @p: Our pages, of which the scan holds no folios
 * @index: Index of the page that the scan is at
 * @limit: Index of the page after the last that it wants
 *
 * Return: true if it is time for ksift_polite_more().
 */
bool ksift_polite_pass(struct ksift_polite *p, pgoff_t index, pgoff_t limit);

/**
 * ksift_polite_more() - Request the absent pages from @p->end on
 * @p: Our pages
 * @index: Index of the page that the scan is at
 * @limit: Index of the page after the last that it wants
 */
void ksift_polite_more(struct ksift_polite *p, pgoff_t index, pgoff_t limit);

/**
 * ksift_polite_end() - Drop all of our pages
 * @p: Our pages, of which the scan holds no folios
 */
void ksift_polite_end(struct ksift_polite *p);

/**
 * ksift_polite_ask() - Request pages
 * @p: Our pages
 * @from: Index of the first
 * @to: Index of the page after the last
 *
 * Starts to read those that are absent, no others, and does not wait for them.
 */
void ksift_polite_ask(const struct ksift_polite *p, pgoff_t from, pgoff_t to);

/**
 * ksift_polite_drop() - Drop pages
 * @p: Our pages
 * @from: Index of the first
 * @to: Index of the page after the last
 *
 * Waits until they have been read.  Those that somebody holds, maps or has
 * written to stay; this writes none back.
 */
void ksift_polite_drop(const struct ksift_polite *p, pgoff_t from, pgoff_t to);

#endif /* KSIFT_POLITE_H */
