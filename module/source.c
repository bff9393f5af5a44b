// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sources: the caller's memory, copied in bounded pieces; and regular files.
 *
 * A file is walked where the page cache is the truth: on file systems known to
 * keep their data in it, folios are looked up a batch at a time, held by
 * reference alone, and given to the engine where they lie.  No folio is locked
 * and none is read into: a folio under I/O is waited for, killably, until it is
 * unlocked, then it must be up to date, and only then i_size is looked at, which
 * is the order in which a truncation undoes them.  Whatever is not there to be
 * used (a swapped-out page, one that could not be read, a poisoned one) is left
 * to the file system: ->read_iter() gives a private copy, or the right error.
 *
 * Every byte of a file is used within a window that rw_verify_area() has allowed
 * for the caller's own file: enter_window() is in front of all that uses them.
 * Only what is read ahead, or asked about holes, may lie past it.  The caller's
 * file is never opened again: what listens for opens, and what holds a lease,
 * would notice, and a permission listener that scans the descriptor of its own
 * event would wait for itself.  So what is not there when it should be is read
 * with the file's own readahead state.
 *
 * A folio that is held may be truncated from its file, and its bytes may be
 * zeroed or written, at any moment.  A write is no error: the bytes were the
 * file's during the call.  But bytes of a folio that is the file's no longer may
 * be past an end that was the file's for a while, and while a hole is punched
 * into a large folio, bytes beside the hole can be zero until the folio is
 * dropped and read again.  So what was found in a piece counts only if, after it
 * was read, nobody holds invalidate_lock to cut into the file and the piece's
 * folios are still the file's; see ksift_source_intact().  Else the same is read
 * again as a private copy, which is made while the lock is held.
 *
 * A writer holds i_rwsem while it waits: for memory, for a limit on dirty pages,
 * for its own page faults.  A scan of cached folios, and of those that readahead
 * brings, does without that lock.  Where tmpfs has a hole is seen in its page
 * cache; other file systems are asked only after zeros were seen, and not while
 * somebody writes.  What has to be read by xfs (a last folio that it keeps in part,
 * with blocks smaller than pages) takes the lock there.
 *
 * The cache of a file system that was shut down after an error is walked on.
 *
 * A scan of what is cached looks at no other folios, and waits for none; nor does
 * it ask the file system for holes, which may have to read where they are.  A
 * polite one puts the cache back, see polite.c.
 *
 * Everywhere else (network file systems, overlayfs, whose own mappings may be
 * empty or stale) the file is read with kernel_read().
 */
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/fiemap.h>
#include <linux/file.h>
#include <linux/fsnotify.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/prefetch.h>
#include <linux/rwsem.h>
#include <linux/sched/xacct.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "compat.h"
#include "engine/ops.h"
#include "source.h"
#include "uapi/ksift.h"

/*
 * Pages in a window: what is allowed and announced at a time.  Small
 * enough that a change of permissions is seen in time, large enough to vanish
 * in the work.
 */
#define WINDOW_PAGES 512

/* Half of a second-level cache, so that a private copy is still in it. */
#define BOUNCE_SIZE (64 * 1024)

/* As many pages in a folio make it a large one. */
#define LARGE_PAGES 8

/* A hole must be worth more than asking the file system about it. */
#define HOLE_MIN (16 * PAGE_SIZE)

/* So many zeros may be a part of one. */
#define ZEROS_SEEN ((u64)PAGE_SIZE)

/* What to read at a time past the range, where its last line ends soon. */
#define TAIL_READ 4096

/* What may follow a range's end for its last line, if that is short. */
#define TAIL_PAGES 2

static bool walkable(const struct file *file)
{
	const struct inode *inode = file_inode(file);

	if (IS_DAX(inode) || file->f_mapping != inode->i_mapping)
		return false;
	switch (inode->i_sb->s_magic) {
	case EXT4_SUPER_MAGIC:
	case XFS_SUPER_MAGIC:
	case BTRFS_SUPER_MAGIC:
	case F2FS_SUPER_MAGIC:
	case TMPFS_MAGIC:
		return true;
	default:
		return false;
	}
}

static bool on_tmpfs(const struct file *file)
{
	return file_inode(file)->i_sb->s_magic == TMPFS_MAGIC;
}

/*
 * May the caller learn what of @file is in the page cache?  Those who may see it
 * with mincore(2) or cachestat(2) may.
 */
static bool may_see_cache(struct file *file)
{
	return (file->f_mode & FMODE_WRITE) || file_owner_or_capable(file) ||
	       !file_permission(file, MAY_WRITE);
}

static int open_file(struct ksift_src *src, int fd, u32 flags)
{
	struct file *file = fget(fd);
	int ret;

	if (!file)
		return -EBADF;
	ret = -EBADF;
	if (!(file->f_mode & FMODE_READ))
		goto put_file;
	/* Some files in procfs have ->read alone: kernel_read() dislikes it. */
	ret = -ESPIPE;
	if (!S_ISREG(file_inode(file)->i_mode) ||
	    !(file->f_mode & FMODE_PREAD) ||
	    !file->f_op->read_iter || file->f_op->read)
		goto put_file;
	src->walk = walkable(file);
	ret = -EOPNOTSUPP;
	if (((file->f_flags & O_DIRECT) || flags) && !src->walk)
		goto put_file;
	ret = -EPERM;
	if ((flags & KSIFT_RUN_CACHED) && !may_see_cache(file))
		goto put_file;

	src->file = file;
	src->stats.dev = file_inode(file)->i_sb->s_dev;
	src->stats.ino = file_inode(file)->i_ino;
	src->cached = flags & KSIFT_RUN_CACHED;
	src->polite = flags & KSIFT_RUN_POLITE;
	src->readahead = !on_tmpfs(file) && file->f_mapping->a_ops->readahead &&
			 !src->cached;
	file_ra_state_init(&src->ra, file->f_mapping);
	if (src->polite && src->readahead) {
		src->trace.file = file;
		src->trace.ra_pages = src->ra.ra_pages;
	}
	return 0;

put_file:
	fput(file);
	return ret;
}

int ksift_source_open(struct ksift_src *src, const struct ksift_run *run)
{
	memset(src, 0, sizeof(*src));
	folio_batch_init(&src->batch);
	src->type = run->source;
	src->to = run->to;
	if (run->source == KSIFT_SOURCE_FILE)
		return open_file(src, run->source_fd, run->flags);
	src->base = run->base;
	src->end = run->len;
	return 0;
}

static void drop_batch(struct ksift_src *src)
{
	unsigned int i;

	/* Not folio_batch_release(): it drains this CPU's LRU lists first. */
	for (i = 0; i < folio_batch_count(&src->batch); i++)
		folio_put(src->batch.folios[i]);
	folio_batch_init(&src->batch);
	src->batch_at = 0;
}

void ksift_source_close(struct ksift_src *src)
{
	drop_batch(src);
	kvfree(src->bounce);
	if (!src->file)
		return;
	ksift_polite_end(&src->trace);
	/* That may have to read the inode's block. */
	if (src->window.end && !src->cached)
		file_accessed(src->file);
	fput(src->file);
}

u64 ksift_source_walked(const struct ksift_src *src)
{
	/* Where it differs from all, it tells what is cached. */
	if (src->walk && src->stats.walked != src->stats.bytes &&
	    !may_see_cache(src->file))
		return src->stats.bytes;
	return src->stats.walked;
}

bool ksift_source_covers(const struct ksift_src *src, u64 end)
{
	return !src->walk || i_size_read(file_inode(src->file)) >= end;
}

static int need_bounce(struct ksift_src *src)
{
	u64 size = BOUNCE_SIZE;

	if (src->bounce)
		return 0;
	if (src->type == KSIFT_SOURCE_MEM && src->end < size)
		size = src->end;
	src->bounce = kvmalloc(size, KSIFT_GFP_FIXED);
	if (!src->bounce)
		return -ENOMEM;
	src->bounce_size = size;
	return 0;
}

static bool poisoned(struct folio *folio)
{
	return folio_test_hwpoison(folio) ||
	       (folio_test_large(folio) && folio_test_has_hwpoisoned(folio));
}

/* Copy out of @folio what there is of the @len bytes at @pos. */
static size_t copy_folio(struct ksift_src *src, struct folio *folio, u64 pos,
			 void *buf, size_t len)
{
	struct address_space *mapping = src->file->f_mapping;
	u64 offset = pos - folio_pos(folio), size;

	if (pos < folio_pos(folio) || offset >= folio_size(folio) ||
	    !folio_test_uptodate(folio) || poisoned(folio))
		return 0;
	len = min_t(u64, len, folio_size(folio) - offset);
	memcpy(buf, folio_address(folio) + offset, len);
	/* In this order: what is cut off may have been zeroed before. */
	smp_rmb();
	size = i_size_read(file_inode(src->file));
	if (READ_ONCE(folio->mapping) != mapping || size <= pos)
		return 0;
	return min_t(u64, len, size - pos);
}

/* Allow and announce the reading of the window that @pos is in. */
static int enter_window(struct ksift_src *src, u64 pos)
{
	const u64 bytes = WINDOW_PAGES * PAGE_SIZE;
	loff_t start = pos;
	u64 end;
	int ret;

	if (pos >= src->window.start && pos < src->window.end)
		return 0;
	end = min_t(u64, round_down(pos, bytes) + bytes, LLONG_MAX);
	ret = rw_verify_area(READ, src->file, &start, end - pos);
	if (ret)
		return ret;
	fsnotify_access(src->file);
	inc_syscr(current);
	src->window.start = pos;
	src->window.end = end;
	return 0;
}

/*
 * Copy what is in the page cache from @pos on.  Returns how many bytes, and how
 * many are absent if those are none.
 */
static size_t copy_cached(struct ksift_src *src, u64 pos, void *buf, size_t len,
			  size_t *absent)
{
	struct address_space *mapping = src->file->f_mapping;
	pgoff_t start = pos >> PAGE_SHIFT, last = (pos + len - 1) >> PAGE_SHIFT;
	struct folio_batch batch;
	size_t done = 0;
	u32 i, n;

	folio_batch_init(&batch);
	filemap_get_folios(mapping, &start, last, &batch);
	n = folio_batch_count(&batch);
	*absent = len;
	if (n)
		*absent = clamp_t(s64, folio_pos(batch.folios[0]) - pos, 0, len);
	/* Whoever cuts into the file is not waited for. */
	if (n && filemap_invalidate_trylock_shared(mapping)) {
		for (i = 0; i < n && done < len; i++) {
			size_t more = copy_folio(src, batch.folios[i],
						 pos + done, buf + done,
						 len - done);

			if (!more)
				break;
			done += more;
		}
		filemap_invalidate_unlock_shared(mapping);
	}
	for (i = 0; i < n; i++)
		folio_put(batch.folios[i]);
	return done;
}

/* As kernel_read() does, but through the page cache even for O_DIRECT. */
static ssize_t read_walked(struct ksift_src *src, u64 pos, void *buf,
			   size_t len)
{
	struct kvec vec = { .iov_base = buf, .iov_len = len };
	struct iov_iter iter;
	struct kiocb kiocb;
	loff_t size;
	ssize_t n;

	init_sync_kiocb(&kiocb, src->file);
	kiocb.ki_flags &= ~IOCB_DIRECT;
	kiocb.ki_pos = pos;
	iov_iter_kvec(&iter, ITER_DEST, &vec, 1, len);
	n = src->file->f_op->read_iter(&kiocb, &iter);
	if (n <= 0)
		return n;
	add_rchar(current, n);
	/* Bytes past a truncation may have been zeroed before they were copied. */
	size = i_size_read(file_inode(src->file));
	return clamp_t(s64, size - (loff_t)pos, 0, n);
}

/* Where bytes that were read came from. */
enum origin {
	FROM_CACHE,	/* copied out of the page cache */
	FROM_FILE,	/* read by the file system */
	ABSENT,		/* not in the cache, where nothing else is looked at */
};

/*
 * Returns bytes read, and in *@origin where from; 0 at the end of the file or
 * where they are absent.
 */
static ssize_t read_file(struct ksift_src *src, u64 pos, void *buf,
			 size_t len, enum origin *origin)
{
	size_t absent = 0;
	pgoff_t from, to, unit;
	loff_t at = pos;
	ssize_t n;

	*origin = FROM_FILE;
	if (pos >= MAX_LFS_FILESIZE || !len)
		return 0;
	len = min_t(u64, len, MAX_LFS_FILESIZE - pos);
	if (!src->walk)
		return kernel_read(src->file, buf, len, &at);

	n = enter_window(src, pos);
	if (n)
		return n;
	len = min_t(u64, len, src->window.end - pos);
	n = copy_cached(src, pos, buf, len, &absent);
	if (n) {
		*origin = FROM_CACHE;
		return n;
	}
	if (src->cached) {
		if (pos < i_size_read(file_inode(src->file)))
			*origin = ABSENT;
		return 0;
	}
	if (!src->polite)
		return read_walked(src, pos, buf, len);
	if (!absent) {
		/* Only this page is known to be there. */
		len = min_t(size_t, len, PAGE_SIZE - offset_in_page(pos));
		return read_walked(src, pos, buf, len);
	}
	len = min(len, absent);
	/* What is absent is so by whole folios. */
	unit = ksift_min_folio_pages(src->file->f_mapping);
	from = round_down(pos >> PAGE_SHIFT, unit);
	to = round_up(DIV_ROUND_UP(pos + len, PAGE_SIZE), unit);
	ksift_polite_ask(&src->trace, from, to);
	n = read_walked(src, pos, buf, len);
	ksift_polite_drop(&src->trace, from, to);
	return n;
}

static ssize_t read_mem(struct ksift_src *src, u64 pos, void *buf, size_t len)
{
	if (pos >= src->end)
		return 0;
	len = min_t(u64, len, src->end - pos);
	if (copy_from_user(buf, u64_to_user_ptr(src->base + pos), len))
		return -EFAULT;
	return len;
}

ssize_t ksift_source_read(struct ksift_src *src, u64 pos, void *buf,
			  size_t len, bool *absent)
{
	size_t done = 0, cached = 0;

	*absent = false;
	if (src->type == KSIFT_SOURCE_MEM) {
		ssize_t n = read_mem(src, pos, buf, len);

		if (n > 0)
			src->stats.bytes += n;
		return n;
	}
	while (done < len) {
		enum origin origin;
		ssize_t n = read_file(src, pos + done, buf + done, len - done,
				      &origin);

		if (n < 0)
			return n;
		*absent = origin == ABSENT && !done;
		if (!n)
			break;
		done += n;
		if (origin == FROM_CACHE)
			cached += n;
	}
	src->stats.bytes += done;
	src->stats.walked += cached;
	add_rchar(current, cached);
	src->stats.copied[KSIFT_COPY_LONG] += done;
	return done;
}

/* Give out a private copy of at most @len bytes, which are needed for @why. */
static int next_copy(struct ksift_src *src, u64 pos, u64 len,
		     enum ksift_copy why, struct ksift_piece *piece)
{
	enum origin origin = FROM_FILE;
	ssize_t n = need_bounce(src);

	if (n)
		return n;
	len = min_t(u64, len, src->bounce_size);
	if (src->type == KSIFT_SOURCE_MEM)
		n = read_mem(src, pos, src->bounce, len);
	else
		n = read_file(src, pos, src->bounce, len, &origin);
	if (n < 0)
		return n;
	src->stats.copied[why] += n;
	*piece = (struct ksift_piece){
		.buf = src->bounce,
		.len = n,
		.absent = origin == ABSENT,
		.walked = origin == FROM_CACHE,
	};
	return 0;
}

/* Bytes worth reading at @pos: no more of what follows the range than needed. */
static u64 wanted(const struct ksift_src *src, u64 pos)
{
	return pos < src->to ? max_t(u64, src->to - pos, TAIL_READ) : TAIL_READ;
}

/* The held folio that contains page @index, or else the next one, or NULL. */
static struct folio *held_folio(struct ksift_src *src, pgoff_t index)
{
	while (src->batch_at < folio_batch_count(&src->batch)) {
		struct folio *folio = src->batch.folios[src->batch_at];

		if (folio->index + folio_nr_pages(folio) > index)
			return folio;
		src->batch_at++;
	}
	return NULL;
}

/*
 * Hold folios from page @index to page @last, from the first there is.  Large ones
 * are looked up one by one: a look-up of many goes over each of their pages.
 */
static void fill_batch(struct ksift_src *src, pgoff_t index, pgoff_t last)
{
	struct address_space *mapping = src->file->f_mapping;
	struct folio_batch *batch = &src->batch;
	unsigned int held = 0, more;

	while (src->large && index <= last &&
	       held < ARRAY_SIZE(batch->folios)) {
		pgoff_t start = index;

		more = filemap_get_folios(mapping, &start, index, batch);
		if (more == held)
			break;
		held = more;
		index = batch->folios[held - 1]->index +
			folio_nr_pages(batch->folios[held - 1]);
	}
	if (!held)
		held = filemap_get_folios(mapping, &index, last, batch);
	src->large = held &&
		     folio_nr_pages(batch->folios[held - 1]) >= LARGE_PAGES;
}

static void ask_for(struct ksift_src *src, u64 pos)
{
	DEFINE_READAHEAD(ractl, src->file, &src->ra, src->file->f_mapping,
			 pos >> PAGE_SHIFT);
	u64 len = min(src->window.end - pos, wanted(src, pos));

	page_cache_sync_ra(&ractl, DIV_ROUND_UP(len, PAGE_SIZE));
}

/*
 * Did the piece before @pos end with zeros, as what is read from a hole does?
 * It is the one given out last, and still held.
 */
static bool after_zeros(const struct ksift_src *src, u64 pos)
{
	const struct ksift_piece *last = &src->last;
	u64 len = min(last->len, ZEROS_SEEN);

	if (!len || pos != src->last_end || last->absent)
		return false;
	if (!last->buf)
		return true;
	return !last->buf[last->len - 1] &&
	       !memchr_inv(last->buf + last->len - len, 0, len);
}

/*
 * Is [@pos, @pos + @len) in a hole?  What is in the cache there is zero, too, or
 * could not be written.  -EAGAIN: that cannot be asked while somebody writes.
 */
static int is_hole(const struct ksift_src *src, u64 pos, u64 len)
{
	struct inode *inode = file_inode(src->file);
	struct fiemap_extent_info info = { 0 };

	/* That of f2fs goes on to the next extent, wherever that is. */
	if (!inode->i_op->fiemap || inode->i_sb->s_magic == F2FS_SUPER_MAGIC)
		return 0;
	/* First: not all file systems count what has no place on the disk yet. */
	if (filemap_range_has_writeback(src->file->f_mapping, pos, pos + len - 1))
		return -EAGAIN;
	/* Most take it: whoever writes may keep it for long. */
	if (!inode_trylock_shared(inode))
		return -EAGAIN;
	inode_unlock_shared(inode);
	/* Without room for extents they are only counted. */
	return !inode->i_op->fiemap(inode, &info, pos, len) &&
	       !info.fi_extents_mapped;
}

/* How many of the @len bytes at @pos lie before the next page of tmpfs. */
static u64 before_page(const struct ksift_src *src, u64 pos, u64 len)
{
	unsigned long index = pos >> PAGE_SHIFT;
	u64 at;

	/* Pages that are swapped out have entries, too. */
	if (!xa_find(&src->file->f_mapping->i_pages, &index,
		     (pos + len - 1) >> PAGE_SHIFT, XA_PRESENT))
		return len;
	at = (u64)index << PAGE_SHIFT;
	return at > pos ? min(len, at - pos) : 0;
}

/* Was a hole asked for in vain, just before @pos? */
static bool asked_in_vain(const struct ksift_src *src, u64 pos)
{
	return pos - src->asked_at < src->ask_step;
}

/*
 * How many of the @len bytes at @pos are in a hole that is worth it.  Zeros that are
 * stored look alike: the more of them there are, the less often they are asked
 * about.
 */
static u64 ask_hole(struct ksift_src *src, u64 pos, u64 len)
{
	int hole = 1;

	if (len < HOLE_MIN || asked_in_vain(src, pos))
		return 0;
	/* After a hole, as likely as not in the middle of it. */
	if (src->hole_end != pos)
		hole = is_hole(src, pos, HOLE_MIN);
	while (hole > 0) {
		hole = is_hole(src, pos, len);
		if (hole > 0) {
			src->ask_step = 0;
			src->hole_end = pos + len;
			return len;
		}
		if (len > HOLE_MIN) {
			len = max_t(u64, round_down(len / 2, PAGE_SIZE), HOLE_MIN);
			hole = 1;
		}
	}
	/* Who writes just now says nothing of what comes. */
	src->ask_step = hole ? HOLE_MIN :
			       clamp_t(u64, src->ask_step * 2, HOLE_MIN,
				       WINDOW_PAGES * PAGE_SIZE);
	src->asked_at = pos;
	return 0;
}

u64 ksift_source_hole(struct ksift_src *src, u64 pos, u64 len)
{
	u64 size;

	if (!src->walk || src->cached || !len || enter_window(src, pos))
		return 0;
	/* Before anything is asked: what is appended since is no hole. */
	size = i_size_read(file_inode(src->file));
	if (pos >= size)
		return 0;
	len = min3(len, src->window.end - pos, size - pos);
	if (on_tmpfs(src->file))
		return before_page(src, pos, len);
	return ask_hole(src, pos, len);
}

/* Does @folio say that what follows should be asked for by now? */
static bool marks(const struct ksift_src *src, struct folio *folio)
{
	return src->readahead && !src->polite && folio_test_readahead(folio);
}

/* Is the scan among zeros, and is a hole at @pos that goes on for a while? */
static bool barren(const struct ksift_src *src, u64 pos)
{
	return src->zeros && !asked_in_vain(src, pos) &&
	       is_hole(src, pos, HOLE_MIN) > 0;
}

/* Let a polite scan of a file of @size bytes come to page @index. */
static void pass_politely(struct ksift_src *src, pgoff_t index, u64 size)
{
	struct ksift_polite *trace = &src->trace;
	u64 wanted = min(src->to, size);
	pgoff_t limit = DIV_ROUND_UP_ULL(wanted, PAGE_SIZE);

	limit = max(limit, index) + TAIL_PAGES;
	limit = min_t(u64, limit, DIV_ROUND_UP_ULL(size, PAGE_SIZE));
	if (ksift_polite_pass(trace, index, limit) &&
	    !barren(src, (u64)trace->end << PAGE_SHIFT))
		ksift_polite_more(trace, index, limit);
}

static struct folio *get_folio(struct ksift_src *src, pgoff_t index, u64 size)
{
	struct folio *folio = held_folio(src, index);

	if (folio && folio->index <= index)
		return folio;
	drop_batch(src);
	pass_politely(src, index, size);
	fill_batch(src, index, (src->window.end - 1) >> PAGE_SHIFT);
	return held_folio(src, index);
}

/* @folio is marked. */
static void ask_for_more(struct ksift_src *src, struct folio *folio)
{
	DEFINE_READAHEAD(ractl, src->file, &src->ra, src->file->f_mapping,
			 folio->index);

	/* A hole would be filled with pages on and on. */
	if (!barren(src, folio_pos(folio)))
		page_cache_async_ra(&ractl, folio, WINDOW_PAGES);
}

/* Add to @piece, which ends with @folio, what follows it in memory, too. */
static void extend(struct ksift_src *src, struct folio *folio,
		   struct ksift_piece *piece)
{
	while (src->batch_at + 1 < folio_batch_count(&src->batch)) {
		struct folio *next = src->batch.folios[src->batch_at + 1];

		if (next->index != folio->index + folio_nr_pages(folio) ||
		    folio_address(next) != piece->buf + piece->len ||
		    !folio_test_uptodate(next) || poisoned(next) ||
		    marks(src, next))
			return;
		piece->len += folio_size(next);
		folio = next;
		src->batch_at++;
	}
}

/*
 * Ask for the beginning of what follows a short piece, which the loops that look at
 * it cannot, for it lies elsewhere: by the time they get there it is in the cache.
 */
static void ask_ahead(struct ksift_src *src, const struct ksift_piece *piece)
{
	struct folio *next;
	const u8 *p, *end;

	if (piece->len > BOUNCE_SIZE ||
	    src->batch_at + 1 >= folio_batch_count(&src->batch))
		return;
	next = src->batch.folios[src->batch_at + 1];
	if (!folio_test_uptodate(next) || poisoned(next))
		return;
	p = folio_address(next);
	end = p + min_t(size_t, KSIFT_AHEAD, folio_size(next));
	for (; p < end; p += L1_CACHE_BYTES)
		prefetch(p);
}

/* No bytes up to @end. */
static int next_absent(u64 pos, u64 end, struct ksift_piece *piece)
{
	*piece = (struct ksift_piece){ .absent = true, .len = end - pos };
	return 0;
}

/* What has to be a copy: of the page cache, if nothing else is to be had. */
static int next_private(struct ksift_src *src, u64 pos, u64 len, u64 size,
			enum ksift_copy why, struct ksift_piece *piece)
{
	int ret = next_copy(src, pos, len, why, piece);

	if (!ret && piece->absent)
		ret = next_absent(pos, min(round_down(pos, PAGE_SIZE) +
					   PAGE_SIZE, size), piece);
	return ret;
}

static int next_walked(struct ksift_src *src, u64 pos, u64 private_below,
		       struct ksift_piece *piece)
{
	struct inode *inode = file_inode(src->file);
	u64 size = i_size_read(inode);
	pgoff_t index = pos >> PAGE_SHIFT;
	struct folio *folio;
	u64 end, offset;
	int ret;

	*piece = (struct ksift_piece){ 0 };
	/* First of all: what was given out last is let go below. */
	src->zeros = after_zeros(src, pos);
	if (pos >= size)
		return 0;
	ret = enter_window(src, pos);
	if (ret)
		return ret;
	if (pos < private_below)
		return next_private(src, pos, BOUNCE_SIZE, size,
				    KSIFT_COPY_CHANGED, piece);
	end = min(src->window.end, size);
	if (src->zeros) {
		piece->len = ksift_source_hole(src, pos, end - pos);
		if (piece->len)
			return 0;
	}

	folio = get_folio(src, index, size);
	if (!folio || folio->index > index) {
		/* Nothing is there before @end. */
		if (folio)
			end = min_t(u64, end, folio_pos(folio));
		if (src->cached)
			return next_absent(pos, end, piece);
		if (on_tmpfs(src->file)) {
			piece->len = ksift_source_hole(src, pos, end - pos);
			if (piece->len)
				return 0;
		}
		if (src->readahead && !src->polite &&
		    src->ra_asked != index + 1) {
			src->ra_asked = index + 1;
			ask_for(src, pos);
			folio = get_folio(src, index, size);
		}
		if (!folio || folio->index > index)
			return next_copy(src, pos,
					 min(end - pos, wanted(src, pos)),
					 KSIFT_COPY_MISSING, piece);
	}
	if (marks(src, folio))
		ask_for_more(src, folio);
	if (!folio_test_uptodate(folio) && !src->cached) {
		if (folio_wait_locked_killable(folio))
			return -EINTR;
	}
	end = folio_pos(folio) + folio_size(folio);
	if (!folio_test_uptodate(folio) || poisoned(folio))
		return next_private(src, pos, min(end, size) - pos, size,
				    KSIFT_COPY_MISSING, piece);

	src->piece_at = src->batch_at;
	src->intact_at = src->batch_at;
	offset = pos - folio_pos(folio);
	piece->buf = (const u8 *)folio_address(folio) + offset;
	piece->len = folio_size(folio) - offset;
	piece->shared = true;
	piece->walked = true;
	extend(src, folio, piece);
	ask_ahead(src, piece);
	/* Now, after the bytes were seen to be there; see above. */
	size = i_size_read(inode);
	end = min(src->window.end, size);
	piece->len = pos < end ? min(piece->len, end - pos) : 0;
	src->ra.prev_pos = pos + piece->len - !!piece->len;
	return 0;
}

int ksift_source_next(struct ksift_src *src, u64 pos, u64 private_below,
		      struct ksift_piece *piece)
{
	int ret;

	if (!src->walk)
		return next_copy(src, pos, wanted(src, pos), KSIFT_COPY_UNWALKED,
				 piece);
	ret = next_walked(src, pos, private_below, piece);
	src->last = *piece;
	src->last_end = pos + piece->len;
	if (ret)
		src->last.len = 0;
	return ret;
}

/*
 * Keep those who cut into the file from it for a moment: false if one does just
 * now.  All that was read before is ordered before the release of the lock, so
 * before what the next holder does.  tmpfs and btrfs cut without the lock, but
 * zero nothing beside what they cut off: there the folios' mapping and i_size,
 * which are looked at next, are what counts.
 */
static bool hold_off_cuts(const struct ksift_src *src)
{
	/* What was scanned before these are looked at. */
	smp_rmb();
	return filemap_invalidate_trylock_shared(src->file->f_mapping);
}

static void let_cuts(const struct ksift_src *src)
{
	filemap_invalidate_unlock_shared(src->file->f_mapping);
}

bool ksift_source_intact(struct ksift_src *src, const struct ksift_piece *piece,
			 u64 from, u64 to)
{
	struct folio **folios = src->batch.folios;
	bool there = true;
	unsigned int i;

	if (!piece->shared)
		return true;
	if (!hold_off_cuts(src))
		return false;
	/* Mostly the range lies behind the one before it. */
	if (folio_pos(folios[src->intact_at]) > from)
		src->intact_at = src->piece_at;
	while (src->intact_at < src->batch_at &&
	       folio_pos(folios[src->intact_at + 1]) <= from)
		src->intact_at++;
	for (i = src->intact_at; there && i <= src->batch_at; i++) {
		there = READ_ONCE(folios[i]->mapping) == src->file->f_mapping;
		if (folio_pos(folios[i]) + folio_size(folios[i]) >= to)
			break;
	}
	let_cuts(src);
	return there;
}

int ksift_source_copy(struct ksift_src *src, struct ksift_piece *piece)
{
	int ret = need_bounce(src);

	if (ret)
		return ret;
	piece->len = min_t(u64, piece->len, src->bounce_size);
	memcpy(src->bounce, piece->buf, piece->len);
	if (!ksift_source_intact(src, piece, src->last_end - src->last.len,
				 src->last_end))
		return -EAGAIN;
	src->stats.copied[KSIFT_COPY_DENSE] += piece->len;
	piece->buf = src->bounce;
	piece->shared = false;
	return 0;
}

void ksift_source_account(struct ksift_src *src,
			  const struct ksift_piece *piece, u64 len)
{
	src->stats.bytes += len;
	if (!piece->walked)
		return;
	src->stats.walked += len;
	/* What was read was accounted for when it was. */
	add_rchar(current, len);
}
