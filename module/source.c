// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sources: the caller's memory, copied in bounded pieces; and regular files.
 *
 * Where the page cache is the truth, on file systems known to keep their data in it,
 * the module walks it: it looks up folios a batch at a time, holds them by reference
 * alone, and gives them to the engine in place.  It locks no folio and reads into
 * none: it waits for a folio under I/O, killably, until that is unlocked, then checks
 * that it is up to date, and only then reads i_size, which is the order in which a
 * truncation undoes them.  A folio that cannot be used (a swapped-out page, one that
 * could not be read, a poisoned one) is left to the file system: ->read_iter() gives
 * a private copy, or the right error.
 *
 * The module uses bytes of a file only within a window that rw_verify_area() has
 * allowed for the caller's own file: enter_window() comes before every use.  Only
 * readahead and queries for holes may go past it.  The module never opens the file
 * again: listeners for opens and holders of leases would notice, and a permission
 * listener that scans the descriptor of its own event would wait for itself.  So a
 * page that is still absent after readahead is read with the file's own readahead
 * state.
 *
 * Others may truncate a held folio from its file, and zero or write its bytes, at any
 * moment.  A write is no error: the bytes were the file's during the call.  But a
 * folio that was truncated may have bytes that lay past an end that was the file's
 * for a while; and while somebody punches a hole into a large folio, bytes beside the
 * hole can be zero until the folio is dropped and read again.  So what the driver
 * found in a piece counts only if, after it has read the piece, nobody holds
 * invalidate_lock to truncate or punch, and the piece's folios are still the file's;
 * see ksift_source_intact().  Else it gets the same bytes as a private copy, which is
 * made with the lock held.
 *
 * A writer holds i_rwsem while it waits: for memory, for a limit on dirty pages,
 * for its own page faults.  A scan of cached folios, and of those that readahead
 * brings in, takes no such lock.  tmpfs shows its holes in its page cache; other file
 * systems are asked for them only after zeros, and not while somebody writes.  Where
 * ->read_iter() has to read (a last folio that xfs keeps in part, with blocks smaller
 * than pages), xfs takes the lock.
 *
 * A file system that was shut down after an error still has its cache: the module
 * goes on to walk it.
 *
 * With KSIFT_RUN_CACHED the module uses cached folios alone, and waits for none; nor
 * does it ask the file system for holes, which may have to read to know them.  With
 * KSIFT_RUN_POLITE it drops what it has read, see polite.c.
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
 * Pages in a window, whose reading is allowed and announced at once: few enough that
 * a change of permissions takes effect soon, enough that the check costs nothing
 * beside the scan.
 */
#define WINDOW_PAGES 512

/* Half of a small L2 cache, so that a private copy is still in it for the scan. */
#define BOUNCE_SIZE (64 * 1024)

/* A folio of so many pages is large, see fill_batch(). */
#define LARGE_PAGES 8

/* A smaller hole takes less time to scan than to ask the file system about. */
#define HOLE_MIN (16 * PAGE_SIZE)

/* So many zeros may be part of a hole. */
#define ZEROS_SEEN ((u64)PAGE_SIZE)

/* Bytes to read at a time past the range, where its last line ends soon. */
#define TAIL_READ 4096

/* Pages past a range's end that its last line may need, if that is short. */
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

static int open_source_file(struct ksift_src *src, int fd, u32 flags)
{
	struct file *file = fget(fd);
	int ret;

	if (!file)
		return -EBADF;
	ret = -EBADF;
	if (!(file->f_mode & FMODE_READ))
		goto put_file;
	/* kernel_read() refuses files with ->read(), which some in procfs have. */
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
		src->requested.file = file;
		src->requested.ra_pages = src->ra.ra_pages;
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
		return open_source_file(src, run->source_fd, run->flags);
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
	ksift_polite_end(&src->requested);
	/* Not with KSIFT_RUN_CACHED: it may have to read the inode's block. */
	if (src->window.end && !src->cached)
		file_accessed(src->file);
	fput(src->file);
}

u64 ksift_source_walked(const struct ksift_src *src)
{
	/* A count that differs from all tells the caller what is cached. */
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

/* Copy those of the @len bytes at @pos that @folio has. */
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
	/* In this order: bytes that a truncation removed may have been zeroed. */
	smp_rmb();
	size = i_size_read(file_inode(src->file));
	if (READ_ONCE(folio->mapping) != mapping || size <= pos)
		return 0;
	return min_t(u64, len, size - pos);
}

/* Get permission to read the window that @pos is in, and announce that. */
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
 * Copy cached bytes from @pos on.  Returns how many; if none, *@absent is how many
 * bytes from @pos on are in no folio.
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
	/* Do not wait for somebody who truncates or punches. */
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
	/* Bytes that a truncation removed may have been zeroed before they were copied. */
	size = i_size_read(file_inode(src->file));
	return clamp_t(s64, size - (loff_t)pos, 0, n);
}

/* Where bytes that were read came from. */
enum origin {
	FROM_CACHE,	/* copied out of the page cache */
	FROM_FILE,	/* read by the file system */
	ABSENT,		/* nowhere: KSIFT_RUN_CACHED, and not in the page cache */
};

/*
 * Returns bytes read, and in *@origin where from; 0 at the end of the file or
 * where they are absent.
 */
static ssize_t read_source_file(struct ksift_src *src, u64 pos, void *buf,
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
		/* Of this page alone it is known that it is cached. */
		len = min_t(size_t, len, PAGE_SIZE - offset_in_page(pos));
		return read_walked(src, pos, buf, len);
	}
	len = min(len, absent);
	/* Folios are absent as a whole. */
	unit = ksift_min_folio_pages(src->file->f_mapping);
	from = round_down(pos >> PAGE_SHIFT, unit);
	to = round_up(DIV_ROUND_UP(pos + len, PAGE_SIZE), unit);
	ksift_polite_ask(&src->requested, from, to);
	n = read_walked(src, pos, buf, len);
	ksift_polite_drop(&src->requested, from, to);
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
		ssize_t n = read_source_file(src, pos + done, buf + done,
					     len - done, &origin);

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

/* Give out a private copy of at most @len bytes; @why is for the statistics. */
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
		n = read_source_file(src, pos, src->bounce, len, &origin);
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

/* Bytes worth reading at @pos: past the range only what its last line may need. */
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
 * Hold the folios of pages @index to @last, as many as fit the batch.  Look up large
 * ones one by one: a look-up of many steps over each of their pages.
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

static void readahead_sync(struct ksift_src *src, u64 pos)
{
	DEFINE_READAHEAD(ractl, src->file, &src->ra, src->file->f_mapping,
			 pos >> PAGE_SHIFT);
	u64 len = min(src->window.end - pos, wanted(src, pos));

	page_cache_sync_ra(&ractl, DIV_ROUND_UP(len, PAGE_SIZE));
}

/*
 * Did the piece before @pos end with zeros, as bytes of a hole do?  That is the one
 * given out last, and is still held.
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
 * Is [@pos, @pos + @len) in a hole?  Cached bytes there are zero, too, or could not
 * be written back.  -EAGAIN: unknown, while somebody writes.
 */
static int is_hole(const struct ksift_src *src, u64 pos, u64 len)
{
	struct inode *inode = file_inode(src->file);
	struct fiemap_extent_info info = { 0 };

	/* The fiemap() of f2fs goes on to the next extent, wherever that is. */
	if (!inode->i_op->fiemap || inode->i_sb->s_magic == F2FS_SUPER_MAGIC)
		return 0;
	/* First: some file systems do not report dirty bytes without a block yet. */
	if (filemap_range_has_writeback(src->file->f_mapping, pos, pos + len - 1))
		return -EAGAIN;
	/* Most take this lock in fiemap(), and a writer may hold it for long. */
	if (!inode_trylock_shared(inode))
		return -EAGAIN;
	inode_unlock_shared(inode);
	/* Without room for extents, fiemap() only counts them. */
	return !inode->i_op->fiemap(inode, &info, pos, len) &&
	       !info.fi_extents_mapped;
}

/* How many of the @len bytes at @pos lie before the next page that tmpfs has. */
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

/* Is @pos in the backoff after the last query that found no hole? */
static bool in_hole_backoff(const struct ksift_src *src, u64 pos)
{
	return pos - src->hole_miss < src->hole_backoff;
}

/*
 * How many of the @len bytes at @pos are in a hole that is worth skipping.  Stored
 * zeros look like a hole's: back off exponentially while the file system has no hole
 * there.
 */
static u64 query_hole(struct ksift_src *src, u64 pos, u64 len)
{
	int hole = 1;

	if (len < HOLE_MIN || in_hole_backoff(src, pos))
		return 0;
	/* Skip the short query right after a hole: that likely goes on. */
	if (src->hole_end != pos)
		hole = is_hole(src, pos, HOLE_MIN);
	while (hole > 0) {
		hole = is_hole(src, pos, len);
		if (hole > 0) {
			src->hole_backoff = 0;
			src->hole_end = pos + len;
			return len;
		}
		if (len > HOLE_MIN) {
			len = max_t(u64, round_down(len / 2, PAGE_SIZE), HOLE_MIN);
			hole = 1;
		}
	}
	/* A writer (-EAGAIN) says nothing of the bytes to come: back off no further. */
	src->hole_backoff = hole ? HOLE_MIN :
			    clamp_t(u64, src->hole_backoff * 2, HOLE_MIN,
				    WINDOW_PAGES * PAGE_SIZE);
	src->hole_miss = pos;
	return 0;
}

u64 ksift_source_hole(struct ksift_src *src, u64 pos, u64 len)
{
	u64 size;

	if (!src->walk || src->cached || !len || enter_window(src, pos))
		return 0;
	/* Before the query: bytes that are appended after it are no hole. */
	size = i_size_read(file_inode(src->file));
	if (pos >= size)
		return 0;
	len = min3(len, src->window.end - pos, size - pos);
	if (on_tmpfs(src->file))
		return before_page(src, pos, len);
	return query_hole(src, pos, len);
}

/* Does @folio have the mark at which the next readahead is due? */
static bool has_mark(const struct ksift_src *src, struct folio *folio)
{
	return src->readahead && !src->polite && folio_test_readahead(folio);
}

/* Did the last piece end with zeros, and is there a hole of HOLE_MIN bytes at @pos? */
static bool hole_follows(const struct ksift_src *src, u64 pos)
{
	return src->zeros && !in_hole_backoff(src, pos) &&
	       is_hole(src, pos, HOLE_MIN) > 0;
}

/* Drop and request pages for a polite scan that is at @index of a file of @size bytes. */
static void pass_politely(struct ksift_src *src, pgoff_t index, u64 size)
{
	struct ksift_polite *requested = &src->requested;
	u64 wanted = min(src->to, size);
	pgoff_t limit = DIV_ROUND_UP_ULL(wanted, PAGE_SIZE);

	limit = max(limit, index) + TAIL_PAGES;
	limit = min_t(u64, limit, DIV_ROUND_UP_ULL(size, PAGE_SIZE));
	if (ksift_polite_pass(requested, index, limit) &&
	    !hole_follows(src, (u64)requested->end << PAGE_SHIFT))
		ksift_polite_more(requested, index, limit);
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

/* Read ahead behind @folio, which has the mark. */
static void readahead_async(struct ksift_src *src, struct folio *folio)
{
	DEFINE_READAHEAD(ractl, src->file, &src->ra, src->file->f_mapping,
			 folio->index);

	/* Readahead would fill a hole with pages of zeros, on and on. */
	if (!hole_follows(src, folio_pos(folio)))
		page_cache_async_ra(&ractl, folio, WINDOW_PAGES);
}

/* Extend @piece, which ends with @folio, by folios that follow in memory, too. */
static void extend(struct ksift_src *src, struct folio *folio,
		   struct ksift_piece *piece)
{
	while (src->batch_at + 1 < folio_batch_count(&src->batch)) {
		struct folio *next = src->batch.folios[src->batch_at + 1];

		if (next->index != folio->index + folio_nr_pages(folio) ||
		    folio_address(next) != piece->buf + piece->len ||
		    !folio_test_uptodate(next) || poisoned(next) ||
		    has_mark(src, next))
			return;
		piece->len += folio_size(next);
		folio = next;
		src->batch_at++;
	}
}

/*
 * Prefetch the beginning of the folio behind a short piece.  The engine's loops, which
 * prefetch within the piece, cannot: they do not know where that folio is.
 */
static void prefetch_next(struct ksift_src *src, const struct ksift_piece *piece)
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

/* Give out the bytes up to @end as absent. */
static int next_absent(u64 pos, u64 end, struct ksift_piece *piece)
{
	*piece = (struct ksift_piece){ .absent = true, .len = end - pos };
	return 0;
}

/* Give out a private copy, or what is left of a page as absent, see read_source_file(). */
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
	/* First of all: get_folio() releases the piece given out last. */
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
		/* There is no folio before @end. */
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
		    src->ra_tried != index + 1) {
			src->ra_tried = index + 1;
			readahead_sync(src, pos);
			folio = get_folio(src, index, size);
		}
		if (!folio || folio->index > index)
			return next_copy(src, pos,
					 min(end - pos, wanted(src, pos)),
					 KSIFT_COPY_MISSING, piece);
	}
	if (has_mark(src, folio))
		readahead_async(src, folio);
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
	prefetch_next(src, piece);
	/* Read i_size after the folio was seen to be up to date: see the top. */
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
 * Keep others from truncating the file or punching holes for a moment; false if one
 * does just now.  All that was read before is ordered before the release of the lock,
 * so before what the next holder does.  tmpfs and btrfs do not take the lock, but zero
 * nothing beside the bytes that they remove: there the folios' mapping and i_size,
 * which the caller checks next, decide.
 */
static bool invalidate_trylock(const struct ksift_src *src)
{
	/* The scan's loads before those of mapping and i_size. */
	smp_rmb();
	return filemap_invalidate_trylock_shared(src->file->f_mapping);
}

bool ksift_source_intact(struct ksift_src *src, const struct ksift_piece *piece,
			 u64 from, u64 to)
{
	struct folio **folios = src->batch.folios;
	bool there = true;
	unsigned int i;

	if (!piece->shared)
		return true;
	if (!invalidate_trylock(src))
		return false;
	/* Usually the range lies behind the last one asked about. */
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
	filemap_invalidate_unlock_shared(src->file->f_mapping);
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
	/* Bytes of other pieces were read, which has added to rchar. */
	add_rchar(current, len);
}
