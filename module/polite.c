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
 * A page that another brings in between the look and the question, or uses
 * meanwhile without holding it, goes as well: it cannot be told apart.
 */
#include <linux/fadvise.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "compat.h"
#include "polite.h"
#include "source.h"

/*
 * The first stretch, and what the ends of all are rounded to: no folio that a file
 * system insists on is larger.
 */
#define AHEAD_MIN 32U

/* The longest: enough for a disk to be busy while what came is scanned. */
#define AHEAD_MAX 512U

/* What may follow a range's end for its last line, if that is short. */
#define TAIL_PAGES 2

static bool was_absent(const struct ksift_polite *p, pgoff_t index)
{
	return test_bit(index % KSIFT_POLITE_PAGES, p->absent);
}

/* The first page from @index on that was absent, or was not, or else @end. */
static pgoff_t next_page(const struct ksift_polite *p, pgoff_t index,
			 pgoff_t end, bool absent)
{
	while (index < end && was_absent(p, index) != absent)
		index++;
	return index;
}

void ksift_polite_drop(struct ksift_src *src, pgoff_t from, pgoff_t to)
{
	struct folio_batch batch;
	pgoff_t index = from;
	unsigned int i;
	int ret = 0;

	folio_batch_init(&batch);
	/* What is still being read would not be dropped. */
	while (!ret && filemap_get_folios(src->file->f_mapping, &index, to - 1,
					  &batch)) {
		for (i = 0; i < folio_batch_count(&batch); i++) {
			if (!ret)
				ret = folio_wait_locked_killable(batch.folios[i]);
			folio_put(batch.folios[i]);
		}
		folio_batch_init(&batch);
	}
	vfs_fadvise(src->file, (loff_t)from << PAGE_SHIFT,
		    (loff_t)(to - from) << PAGE_SHIFT, POSIX_FADV_DONTNEED);
}

/* Drop what was absent before page @to, and keep track of it no longer. */
static void drop_before(struct ksift_src *src, pgoff_t to)
{
	struct ksift_polite *p = &src->trace;

	for (;;) {
		pgoff_t from = next_page(p, p->start, to, true);

		p->start = next_page(p, from, to, false);
		if (from == p->start)
			break;
		ksift_polite_drop(src, from, p->start);
	}
}

/* Take down which of the pages up to @to are absent. */
static void look_up(struct ksift_src *src, pgoff_t to)
{
	struct ksift_polite *p = &src->trace;
	pgoff_t index = p->end, next = p->end;
	struct folio_batch batch;
	unsigned int i;

	while (index < to)
		__set_bit(index++ % KSIFT_POLITE_PAGES, p->absent);
	folio_batch_init(&batch);
	while (filemap_get_folios(src->file->f_mapping, &next, to - 1,
				  &batch)) {
		for (i = 0; i < folio_batch_count(&batch); i++) {
			struct folio *folio = batch.folios[i];
			pgoff_t last = folio->index + folio_nr_pages(folio);

			index = max(folio->index, p->end);
			for (last = min(last, to); index < last; index++)
				__clear_bit(index % KSIFT_POLITE_PAGES,
					    p->absent);
			folio_put(folio);
		}
		folio_batch_init(&batch);
	}
}

/* Have what is absent in [@from, @to) read, but not what holes have. */
static void ask_for(struct ksift_src *src, pgoff_t from, pgoff_t to)
{
	const pgoff_t most = src->ra.ra_pages;

	while (most && from < to) {
		pgoff_t end;
		u64 len;

		from = next_page(&src->trace, from, to, true);
		end = next_page(&src->trace, from, to, false);
		len = (u64)(end - from) << PAGE_SHIFT;
		len = ksift_source_hole(src, (u64)from << PAGE_SHIFT, len);
		from += min_t(u64, len >> PAGE_SHIFT, end - from);
		/* More than that at a time is silently cut short. */
		for (; from < end; from += min(most, end - from))
			vfs_fadvise(src->file, (loff_t)from << PAGE_SHIFT,
				    (loff_t)min(most, end - from) << PAGE_SHIFT,
				    POSIX_FADV_WILLNEED);
	}
}

void ksift_polite_pass(struct ksift_src *src, pgoff_t index, u64 size)
{
	struct ksift_polite *p = &src->trace;
	u64 wanted = min(src->to, size);
	pgoff_t limit = DIV_ROUND_UP_ULL(wanted, PAGE_SIZE);
	pgoff_t from, to;

	limit = max(limit, index) + TAIL_PAGES;
	limit = min_t(u64, limit, DIV_ROUND_UP_ULL(size, PAGE_SIZE));
	if (index < p->start || index > p->end) {
		drop_before(src, p->end);
		p->start = round_down(index, AHEAD_MIN);
		p->end = p->start;
	}
	drop_before(src, max(p->start, round_down(index, AHEAD_MIN)));
	p->ahead = max(p->ahead, AHEAD_MIN);
	if (p->end >= limit || p->end > index + p->ahead / 2)
		return;
	from = p->end;
	to = round_up(min(from + p->ahead, limit), AHEAD_MIN);
	look_up(src, to);
	p->end = to;
	ask_for(src, max(from, index), min(to, limit));
	p->ahead = min(p->ahead * 2, AHEAD_MAX);
}

void ksift_polite_end(struct ksift_src *src)
{
	drop_before(src, src->trace.end);
}
