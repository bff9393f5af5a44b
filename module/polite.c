// SPDX-License-Identifier: GPL-2.0-only
/*
 * A scan that leaves the page cache as it found it.
 *
 * What it looks at it never marks as accessed, so what is in the cache keeps its
 * place there.  What is not has to be brought in, and is dropped once it was
 * looked at.  To know one from the other when both are there, nothing is left to
 * readahead, which goes on as far as it likes: a stretch is looked up first, and
 * then exactly the pages that were absent are asked for, as POSIX_FADV_WILLNEED
 * does, ahead of the scan.
 *
 * A call that ends early has asked for more than it came to see, and drops that,
 * too, or the next call would take it for something that was there.  So the
 * stretches begin small, and double: of what is read no more than about half is
 * read in vain, however short the calls are.
 *
 * Only pages that were asked for are dropped, and of those none that is dirty,
 * under I/O, mapped or referenced by anybody else; nothing is written back for
 * that, as POSIX_FADV_DONTNEED would.  What is left over:
 *
 * - A new page is in its CPU's batch of pages that go to the LRU lists together,
 *   which is a reference of its own.  This CPU's is emptied after each request.
 *   If the thread moves to another CPU in the middle of one, as many pages as
 *   such a batch holds (15 or 31) may stay in the cache, each time.
 * - A page that another brings in between the look and the request, or uses
 *   meanwhile without holding it, goes as well: it cannot be told apart.
 * - If a page is gone again before it is read, it is read with the file's own
 *   readahead, and what that adds stays.  While somebody cuts into the file, what
 *   is cached is read so, too, and is marked as accessed.
 * - btrfs brings in the rest of a compressed extent, up to 128 KiB, with any page
 *   of it, and fs-verity its hashes.
 */
#include <linux/fadvise.h>
#include <linux/fs.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "compat.h"
#include "polite.h"

/*
 * The first stretch, and what the ends of all are rounded to: no folio that a file
 * system insists on is larger.
 */
#define AHEAD_MIN 32U

/* The longest: enough for a disk to be busy while what came is scanned. */
#define AHEAD_MAX 512U

static bool is_ours(const struct ksift_polite *p, pgoff_t index)
{
	return test_bit(index % KSIFT_POLITE_PAGES, p->ours);
}

/* The first page from @index on that is to be dropped, or is not, or else @end. */
static pgoff_t next_page(const struct ksift_polite *p, pgoff_t index,
			 pgoff_t end, bool ours)
{
	while (index < end && is_ours(p, index) != ours)
		index++;
	return index;
}

void ksift_polite_ask(const struct ksift_polite *p, pgoff_t from, pgoff_t to)
{
	struct folio_batch batch;
	pgoff_t index = from;

	if (!p->file)
		return;
	/* Not the file system's own fadvise, which may wait for a writer. */
	generic_fadvise(p->file, (loff_t)from << PAGE_SHIFT,
			(loff_t)(to - from) << PAGE_SHIFT, POSIX_FADV_WILLNEED);
	folio_batch_init(&batch);
	filemap_get_folios(p->file->f_mapping, &index, to - 1, &batch);
	/* This empties the CPU's batches, too. */
	folio_batch_release(&batch);
}

void ksift_polite_drop(const struct ksift_polite *p, pgoff_t from, pgoff_t to)
{
	struct folio_batch batch;
	pgoff_t index = from;
	unsigned int i;
	int ret = 0;

	if (!p->file)
		return;
	folio_batch_init(&batch);
	/* What is locked would be passed over: wait until it has been read. */
	while (!ret && filemap_get_folios(p->file->f_mapping, &index, to - 1,
					  &batch)) {
		for (i = 0; i < folio_batch_count(&batch); i++) {
			if (!ret)
				ret = folio_wait_locked_killable(batch.folios[i]);
		}
		/* A page that was used may be in one of the CPU's batches. */
		folio_batch_release(&batch);
		folio_batch_init(&batch);
	}
	invalidate_mapping_pages(p->file->f_mapping, from, to - 1);
}

/* Drop what is ours before page @to, and keep track of it no longer. */
static void drop_before(struct ksift_polite *p, pgoff_t to)
{
	for (;;) {
		pgoff_t from = next_page(p, p->start, to, true);

		p->start = next_page(p, from, to, false);
		if (from == p->start)
			break;
		ksift_polite_drop(p, from, p->start);
	}
}

/* Take down which pages of [@from, @to) are absent, and so will be ours. */
static void look_up(struct ksift_polite *p, pgoff_t from, pgoff_t to)
{
	pgoff_t index = from, next = from;
	struct folio_batch batch;
	unsigned int i;

	while (index < to)
		__set_bit(index++ % KSIFT_POLITE_PAGES, p->ours);
	folio_batch_init(&batch);
	while (filemap_get_folios(p->file->f_mapping, &next, to - 1, &batch)) {
		for (i = 0; i < folio_batch_count(&batch); i++) {
			struct folio *folio = batch.folios[i];
			pgoff_t last = folio->index + folio_nr_pages(folio);

			index = max(folio->index, from);
			for (last = min(last, to); index < last; index++)
				__clear_bit(index % KSIFT_POLITE_PAGES, p->ours);
			folio_put(folio);
		}
		folio_batch_init(&batch);
	}
}

/* Have what is ours in [@from, @to) read. */
static void ask_for(struct ksift_polite *p, pgoff_t from, pgoff_t to)
{
	/* More than that at a time is silently cut short. */
	const pgoff_t most = p->ra_pages;

	while (most && from < to) {
		pgoff_t end;

		from = next_page(p, from, to, true);
		end = next_page(p, from, to, false);
		for (; from < end; from += min(most, end - from))
			ksift_polite_ask(p, from, from + min(most, end - from));
	}
}

bool ksift_polite_pass(struct ksift_polite *p, pgoff_t index, pgoff_t limit)
{
	if (!p->file)
		return false;
	if (index < p->start || index > p->end) {
		drop_before(p, p->end);
		p->start = round_down(index, AHEAD_MIN);
		p->end = p->start;
	}
	drop_before(p, max(p->start, round_down(index, AHEAD_MIN)));
	p->ahead = max(p->ahead, AHEAD_MIN);
	return p->end < limit && p->end <= index + p->ahead / 2;
}

void ksift_polite_more(struct ksift_polite *p, pgoff_t index, pgoff_t limit)
{
	const pgoff_t unit = ksift_min_folio_pages(p->file->f_mapping);
	pgoff_t from = p->end, to, i;

	to = round_up(min(from + p->ahead, limit), AHEAD_MIN);
	for (i = from; i < to; i++)
		__clear_bit(i % KSIFT_POLITE_PAGES, p->ours);
	p->end = to;
	/* Folios come in whole, and nothing but what is wanted of the file. */
	from = max(from, round_down(index, unit));
	to = min(to, round_up(limit, unit));
	look_up(p, from, to);
	ask_for(p, from, to);
	p->ahead = min(p->ahead * 2, AHEAD_MAX);
}

void ksift_polite_end(struct ksift_polite *p)
{
	drop_before(p, p->end);
}
