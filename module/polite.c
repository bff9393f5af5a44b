// SPDX-License-Identifier: GPL-2.0-only
/*
 * A scan that leaves the page cache as it found it.
 *
 * The scan never marks a folio as accessed, so cached ones keep their place on the
 * LRU lists.  It reads absent pages in, and drops them once it has scanned them.  To
 * tell these from cached ones it does without readahead, which reads as far as it
 * likes: it looks up a stretch of the file, and then requests exactly the absent
 * pages there, as POSIX_FADV_WILLNEED does, ahead of itself.
 *
 * A call that ends early has requested pages that it did not scan.  It drops those,
 * too, or the next call would take them for cached ones.  So the stretches begin
 * small, and double: at most about half of what is read is dropped unscanned, however
 * short the calls are.
 *
 * Only requested pages are dropped, and of those none that is dirty, under I/O,
 * mapped or referenced by anybody else; none is written back for that, which
 * POSIX_FADV_DONTNEED would do.  The exceptions:
 *
 * - A new folio waits in a batch of its CPU's for the LRU lists, and the batch holds
 *   a reference.  Each request ends by draining this CPU's batches.  If the scheduler
 *   moves the thread to another CPU in the middle of a request, the pages of one
 *   batch (15 or 31) may stay in the cache, each time.
 * - A page that another process reads in between the look-up and the request, or uses
 *   meanwhile without holding it, is dropped as well: nothing tells it from ours.
 * - If a requested page is reclaimed before the scan gets there, ->read_iter() reads
 *   it with the file's own readahead, and what that adds stays.  While somebody
 *   truncates the file or punches a hole, ->read_iter() reads cached pages, too, and
 *   marks them as accessed.
 * - btrfs reads the rest of a compressed extent, up to 128 KiB, with any page of it,
 *   and fs-verity its hashes.
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
 * Pages in the first stretch; all end at a multiple of it.  No file system's smallest
 * folio is larger.
 */
#define AHEAD_MIN 32U

/* Pages in the longest: enough to keep a disk busy while the last one is scanned. */
#define AHEAD_MAX 512U

static bool is_ours(const struct ksift_polite *p, pgoff_t index)
{
	return test_bit(index % KSIFT_POLITE_PAGES, p->ours);
}

/* The first page in [@index, @end) that is ours, or is not, as @ours says; or @end. */
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
	/* This drains the CPU's LRU batches, too. */
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
	/* Invalidation skips locked folios: wait until they have been read. */
	while (!ret && filemap_get_folios(p->file->f_mapping, &index, to - 1,
					  &batch)) {
		for (i = 0; i < folio_batch_count(&batch); i++) {
			if (!ret)
				ret = folio_wait_locked_killable(batch.folios[i]);
		}
		/* Drains the CPU's LRU batches, whose references keep folios. */
		folio_batch_release(&batch);
		folio_batch_init(&batch);
	}
	invalidate_mapping_pages(p->file->f_mapping, from, to - 1);
}

/* Drop our pages before page @to, and track none there any longer. */
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

/* Mark the absent pages of [@from, @to) as ours. */
static void mark_absent(struct ksift_polite *p, pgoff_t from, pgoff_t to)
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

/* Request our pages of [@from, @to). */
static void request_ours(struct ksift_polite *p, pgoff_t from, pgoff_t to)
{
	/* The kernel cuts a longer request short without telling. */
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
	/* Only the part of the file that the scan wants, in whole folios. */
	from = max(from, round_down(index, unit));
	to = min(to, round_up(limit, unit));
	mark_absent(p, from, to);
	request_ours(p, from, to);
	p->ahead = min(p->ahead * 2, AHEAD_MAX);
}

void ksift_polite_end(struct ksift_polite *p)
{
	drop_before(p, p->end);
}
