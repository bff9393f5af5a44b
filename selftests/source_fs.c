// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the bytes of a file are: page caches that are walked in place, others
 * that must be read, pages that are large, cold, swapped out or written to
 * meanwhile, and files that are no source at all.
 */
#include <pthread.h>
#include <sys/socket.h>
#include <sys/swap.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "lines_oracle.h"
#include "source_mount.h"

#define KIB 1024UL
#define MIB (1024UL * KIB)

/* More than one window of 512 pages. */
#define SIZE (2 * MIB + 300 * KIB + 17)

static unsigned char *text;
static struct ofilter filter_of_text;
static struct oracle oracle_of_text;

/* Lines of all lengths, one of them longer than a window's page. */
static void make_text(void)
{
	struct rng rng;
	size_t n = 0;

	rng_init(&rng, 31);
	text = xmalloc(SIZE);
	while (n < SIZE) {
		size_t len = rng_below(&rng, 500) ? rng_below(&rng, 150) :
			     20000;
		size_t i;

		for (i = 0; i < len && n < SIZE; i++)
			text[n++] = 'a' + (i + len) % 26;
		if (n < SIZE)
			text[n++] = '\n';
	}
	text[SIZE - 1] = 'z';
	ofilter_adds(&filter_of_text, "xyza", 0, 0);
	ofilter_adds(&filter_of_text, "QRSTUVWX", KSIFT_PATTERN_FOLD, 1);
	ofilter_adds(&filter_of_text, "c", KSIFT_PATTERN_ANCHORED |
		     KSIFT_PATTERN_EXCLUDE, 0);
	oracle_init(&oracle_of_text, &filter_of_text, text, SIZE);
}

FIXTURE(fs)
{
	int dev;
	int filter;
	struct mnt mnt[3];
};

FIXTURE_SETUP(fs)
{
	memset(self->mnt, 0, sizeof(self->mnt));
	self->filter = -1;
	self->dev = ksift_open();
	make_text();
	self->filter = ofilter_open(self->dev, &filter_of_text);
	ASSERT_LE(0, self->filter);
	/* Or this says nothing. */
	ASSERT_LT(1000, oracle_selected(&oracle_of_text));
}

FIXTURE_TEARDOWN(fs)
{
	int i;

	for (i = ARRAY_SIZE(self->mnt) - 1; i >= 0; i--)
		mnt_undo(&self->mnt[i]);
	close(self->filter);
	close(self->dev);
}

#define BEGIN_MOUNTS() do {						\
	const char *__why = mnt_begin();				\
									\
	if (__why)							\
		SKIP(return, "%s", __why);				\
} while (0)

#define MOUNT(i, type, opts, image) do {				\
	const char *__why = mnt_make(&self->mnt[i], type, opts, image);	\
									\
	if (__why)							\
		SKIP(return, "%s", __why);				\
} while (0)

enum walked { WALKED, NOT_WALKED, WALKED_MAYBE };

/* Counts, text and records of the whole file, in large and small calls. */
static int check_file(struct job *j, int dev, int filter, int fd,
		      enum walked walked)
{
	static const size_t caps[][2] = {
		{ 0, 0 }, { SIZE, 0 }, { SIZE, SIZE / 64 }, { 70001, 501 },
	};
	unsigned int i;
	__u32 v;

	for_each_variant(dev, v) {
		for (i = 0; i < ARRAY_SIZE(caps); i++) {
			job_init(j, dev, filter, v);
			job_file(j, fd);
			j->text_cap = caps[i][0];
			j->records_cap = caps[i][1];
			if (job_run_check(j, &oracle_of_text))
				return -1;
			if (j->bytes < SIZE)
				return JOB_FAIL(j, "%llu bytes looked at",
						j->bytes);
			/* The rest of a line that did not fit is read. */
			if (walked == WALKED &&
			    (i < 3 ? j->walked != j->bytes : !j->walked))
				return JOB_FAIL(j, "walked %llu of %llu",
						j->walked, j->bytes);
			if (walked == NOT_WALKED && j->walked)
				return JOB_FAIL(j, "walked %llu", j->walked);
			job_free(j);
		}
	}
	return 0;
}

#define CHECK_FILE(fd, walked) do {					\
	struct job __j;							\
									\
	EXPECT_JOB(&__j, check_file(&__j, self->dev, self->filter, fd,	\
				    walked));				\
} while (0)

/* A file with the text in @dir, its pages in the cache. */
#define FILE_IN(dir) ({							\
	int __fd = tmp_file_in(dir);					\
									\
	ASSERT_LE(0, __fd);						\
	ASSERT_EQ(0, write_all(__fd, text, SIZE));			\
	__fd;								\
})

/* How many of the file's pages are in the cache; -1: cannot say. */
static long cached_pages(int fd)
{
	size_t pages = (SIZE + page_size() - 1) / page_size(), i;
	unsigned char *vec = xmalloc(pages);
	void *map;
	long n = -1;

	map = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);
	if (map != MAP_FAILED) {
		if (!mincore(map, SIZE, vec))
			for (n = 0, i = 0; i < pages; i++)
				n += vec[i] & 1;
		munmap(map, SIZE);
	}
	free(vec);
	return n;
}

TEST_F(fs, tmpfs)
{
	int fd;

	BEGIN_MOUNTS();
	MOUNT(0, "tmpfs", NULL, 0);
	fd = FILE_IN(self->mnt[0].dir);
	CHECK_FILE(fd, WALKED);
	close(fd);
}

TEST_F(fs, memfd)
{
	int fd = memfd_create("ksift", MFD_CLOEXEC);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, write_all(fd, text, SIZE));
	CHECK_FILE(fd, WALKED);
	close(fd);
}

/* Bits of /proc/kpageflags. */
#define KPF_COMPOUND_HEAD 15
#define KPF_COMPOUND_TAIL 16

/* Pages of the mapping that are part of a larger folio; -1: cannot say. */
static long large_pages(const unsigned char *map, size_t len)
{
	int maps = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	int flags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	size_t ps = page_size(), i;
	__u64 entry, bits;
	long n = 0;

	if (maps < 0 || flags < 0) {
		n = -1;
		goto out;
	}
	for (i = 0; i < len; i += ps) {
		/* In the page tables, or there is no number to read. */
		(void)*(const volatile unsigned char *)(map + i);
		if (pread(maps, &entry, 8, (uintptr_t)(map + i) / ps * 8) != 8)
			continue;
		entry &= (1ULL << 55) - 1;
		if (!entry || pread(flags, &bits, 8, entry * 8) != 8)
			continue;
		if (bits & (1ULL << KPF_COMPOUND_HEAD |
			    1ULL << KPF_COMPOUND_TAIL))
			n++;
	}
out:
	if (maps >= 0)
		close(maps);
	if (flags >= 0)
		close(flags);
	return n;
}

/*
 * A file system that keeps this file in folios larger than a page, or the
 * test has not seen what it is for.
 */
#define CHECK_LARGE(fd) do {						\
	unsigned char *__map;						\
	long __n;							\
									\
	__map = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);		\
	ASSERT_NE(MAP_FAILED, __map);					\
	__n = large_pages(__map, SIZE);					\
	munmap(__map, SIZE);						\
	if (__n <= 0)							\
		SKIP(return, "no large folio here (%ld pages)", __n);	\
	TH_LOG("%ld pages of large folios", __n);			\
} while (0)

TEST_F(fs, tmpfs_huge)
{
	unsigned int i;
	struct job j;
	int fd;
	__u32 v;

	BEGIN_MOUNTS();
	MOUNT(0, "tmpfs", "huge=always", 0);
	fd = FILE_IN(self->mnt[0].dir);
	CHECK_FILE(fd, WALKED);
	/* Ranges that begin and end inside of a folio, and around its end. */
	for_each_variant(self->dev, v) {
		for (i = 0; i < 200; i++) {
			job_init(&j, self->dev, self->filter, v);
			job_file(&j, fd);
			j.from = i < 100 ? i * 20011 : 2 * MIB - 50 + i % 100;
			j.to = j.from + i * 997;
			j.text_cap = i % 3 ? 0 : 3001;
			j.records_cap = i % 2 ? 0 : 10000;
			ASSERT_JOB(&j, job_run_check(&j, &oracle_of_text));
			/* What did not fit is read, see check_file(). */
			if (!j.text_cap)
				EXPECT_EQ(j.bytes, j.walked);
			job_free(&j);
		}
	}
	CHECK_LARGE(fd);
	close(fd);
}

/* A hole in a large folio, and another beside it. */
#define CHECK_PUNCHED(type, opts, image) do {				\
	unsigned char *__copy = xmalloc(SIZE);				\
	struct oracle __o;						\
	struct job __j;							\
	__u32 __v;							\
	int __fd, __i;							\
	char __byte;							\
									\
	BEGIN_MOUNTS();							\
	MOUNT(0, type, opts, image);					\
	__fd = FILE_IN(self->mnt[0].dir);				\
	memcpy(__copy, text, SIZE);					\
	ASSERT_EQ(0, fallocate(__fd, FALLOC_FL_PUNCH_HOLE |		\
			       FALLOC_FL_KEEP_SIZE, 100 * KIB, 64 * KIB)); \
	memset(__copy + 100 * KIB, 0, 64 * KIB);			\
	ASSERT_EQ(0, fallocate(__fd, FALLOC_FL_PUNCH_HOLE |		\
			       FALLOC_FL_KEEP_SIZE, MIB + 5, 777));	\
	memset(__copy + MIB + 5, 0, 777);				\
	oracle_init(&__o, &filter_of_text, __copy, SIZE);		\
	for_each_variant(self->dev, __v) {				\
		/* Large folios and small ones, where there is a disk. */ \
		ASSERT_EQ(0, fsync(__fd));				\
		ASSERT_EQ(0, posix_fadvise(__fd, 512 * KIB, MIB,	\
					   POSIX_FADV_DONTNEED));	\
		ASSERT_EQ(0, posix_fadvise(__fd, 0, 0, POSIX_FADV_RANDOM)); \
		for (__i = 512; __i < 1536; __i += 52)			\
			ASSERT_EQ(1, pread(__fd, &__byte, 1, __i * KIB)); \
		ASSERT_EQ(0, posix_fadvise(__fd, 0, 0, POSIX_FADV_NORMAL)); \
		job_init(&__j, self->dev, self->filter, __v);		\
		job_file(&__j, __fd);					\
		__j.text_cap = SIZE;					\
		__j.records_cap = SIZE / 64;				\
		EXPECT_JOB(&__j, job_run_check(&__j, &__o));		\
		job_free(&__j);						\
	}								\
	oracle_free(&__o);						\
	free(__copy);							\
	CHECK_LARGE(__fd);						\
	close(__fd);							\
} while (0)

TEST_F(fs, tmpfs_huge_punched)
{
	CHECK_PUNCHED("tmpfs", "huge=always", 0);
}

static bool drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, "3", 1) == 1;
	close(fd);
	return ok;
}

/* On a device: warm, cold, half cold, and read with O_DIRECT. */
#define CHECK_DISK(type, image, walked) do {					\
	unsigned char *__copy = xmalloc(SIZE);				\
	int __fd, __direct;						\
	char __path[64];						\
									\
	BEGIN_MOUNTS();							\
	MOUNT(0, type, NULL, image);					\
	__fd = FILE_IN(self->mnt[0].dir);				\
	/* Dirty, under writeback perhaps, then clean. */		\
	CHECK_FILE(__fd, walked);					\
	ASSERT_EQ(0, fsync(__fd));					\
	CHECK_FILE(__fd, walked);					\
									\
	ASSERT_EQ(0, posix_fadvise(__fd, 0, 0, POSIX_FADV_DONTNEED));	\
	drop_caches();							\
	ASSERT_EQ(0, cached_pages(__fd));				\
	CHECK_FILE(__fd, WALKED_MAYBE);					\
	ASSERT_EQ(0, posix_fadvise(__fd, 1 * MIB, 512 * KIB,		\
				   POSIX_FADV_DONTNEED));		\
	CHECK_FILE(__fd, WALKED_MAYBE);					\
									\
	snprintf(__path, sizeof(__path), "/proc/self/fd/%d", __fd);	\
	__direct = open(__path, O_RDONLY | O_DIRECT | O_CLOEXEC);	\
	ASSERT_LE(0, __direct);						\
	CHECK_FILE(__direct, WALKED_MAYBE);				\
	/* What read(2) brought in is walked again. */			\
	ASSERT_EQ(SIZE, pread(__fd, __copy, SIZE, 0));			\
	free(__copy);							\
	CHECK_FILE(__direct, WALKED);					\
	close(__direct);						\
	close(__fd);							\
} while (0)

TEST_F(fs, ext4)
{
	CHECK_DISK("ext4", 32 * MIB, WALKED);
}

/* Of the last page only the block with data in it is there at first. */
TEST_F(fs, ext4_small_blocks)
{
	CHECK_DISK("ext4-1k", 32 * MIB, WALKED_MAYBE);
}

TEST_F(fs, xfs)
{
	CHECK_DISK("xfs", 320 * MIB, WALKED);
}

TEST_F(fs, xfs_large_folios)
{
	int fd;

	BEGIN_MOUNTS();
	MOUNT(0, "xfs", NULL, 320 * MIB);
	fd = FILE_IN(self->mnt[0].dir);
	CHECK_FILE(fd, WALKED);
	CHECK_LARGE(fd);
	close(fd);
}

TEST_F(fs, xfs_large_punched)
{
	CHECK_PUNCHED("xfs", NULL, 320 * MIB);
}

/* Only cold pages: a first call by itself, of each variant. */
TEST_F(fs, cold)
{
	struct job j;
	int fd;
	__u32 v;

	BEGIN_MOUNTS();
	MOUNT(0, "ext4", NULL, 32 * MIB);
	fd = FILE_IN(self->mnt[0].dir);
	ASSERT_EQ(0, fsync(fd));
	for_each_variant(self->dev, v) {
		unsigned int i;

		for (i = 0; i < 3; i++) {
			ASSERT_EQ(0, posix_fadvise(fd, 0, 0,
						   POSIX_FADV_DONTNEED));
			drop_caches();
			ASSERT_EQ(0, cached_pages(fd));
			job_init(&j, self->dev, self->filter, v);
			job_file(&j, fd);
			j.from = i * 4099;
			j.text_cap = i ? 4096 * i : 0;
			EXPECT_JOB(&j, job_run_check(&j, &oracle_of_text));
			job_free(&j);
		}
	}
	close(fd);
}

/* File systems whose cache is elsewhere, or is not known to be the truth. */
#define OVERLAY_ON(i, base, path) do {					\
	static const char * const __dirs[] = { "lower", "upper", "work" };\
	char __opts[4 * MNT_DIR_MAX], __dir[MNT_DIR_MAX + 8];		\
	unsigned int __k;						\
	int __fd;							\
									\
	for (__k = 0; __k < ARRAY_SIZE(__dirs); __k++) {		\
		snprintf(__dir, sizeof(__dir), "%s/%s", base, __dirs[__k]);\
		ASSERT_EQ(0, mkdir(__dir, 0755));			\
	}								\
	snprintf(path, PATH_MAX, "%s/lower/f", base);			\
	__fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);		\
	ASSERT_LE(0, __fd);						\
	ASSERT_EQ(0, write_all(__fd, text, SIZE));			\
	close(__fd);							\
	snprintf(__opts, sizeof(__opts),				\
		 "lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work",	\
		 base, base, base);					\
	MOUNT(i, "overlay", __opts, 0);					\
	snprintf(path, PATH_MAX, "%s/f", self->mnt[i].dir);		\
} while (0)

TEST_F(fs, overlayfs)
{
	char path[PATH_MAX];
	int fd;

	BEGIN_MOUNTS();
	MOUNT(0, "tmpfs", NULL, 0);
	OVERLAY_ON(1, self->mnt[0].dir, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	CHECK_FILE(fd, NOT_WALKED);
	close(fd);
	/* Copied up. */
	fd = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_EQ(1, pwrite(fd, text, 1, 0));
	CHECK_FILE(fd, NOT_WALKED);
	close(fd);
}

TEST_F(fs, ramfs)
{
	int fd;

	BEGIN_MOUNTS();
	MOUNT(0, "ramfs", NULL, 0);
	fd = FILE_IN(self->mnt[0].dir);
	CHECK_FILE(fd, NOT_WALKED);
	close(fd);
}

/* Not walked, so O_DIRECT would have to be obeyed: refused. */
TEST_F(fs, direct_elsewhere)
{
	char path[PATH_MAX];
	struct job j;
	int fd;

	BEGIN_MOUNTS();
	MOUNT(0, "ext4", NULL, 32 * MIB);
	OVERLAY_ON(1, self->mnt[0].dir, path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_DIRECT);
	if (fd < 0)
		SKIP(return, "no O_DIRECT on overlayfs: %s", strerror(errno));
	job_init(&j, self->dev, self->filter, 0);
	job_file(&j, fd);
	EXPECT_EQ(-1, job_call(&j));
	EXPECT_EQ(EOPNOTSUPP, errno) JOB_LOG(&j);
	job_free(&j);
	close(fd);
}

/*
 * A control group of this test's own, in which the kernel can be asked to
 * reclaim: the advice MADV_PAGEOUT leaves pages in the swap cache, where they
 * still count as present.
 */
static bool cgroup_write(const char *dir, const char *file, const char *what)
{
	char path[PATH_MAX];
	bool ok = false;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		ok = write(fd, what, strlen(what)) == strlen(what);
		close(fd);
	}
	return ok;
}

/* A new swap space on a loop device; false if that cannot be. */
static bool swap_make(char *dev, size_t dev_len)
{
	const size_t size = 32 * MIB, page = page_size();
	unsigned char *header = calloc(1, page);
	char image[PATH_MAX];
	bool ok = false;
	int fd, loop;

	snprintf(image, sizeof(image), "%s/ksift-swap-XXXXXX", tmp_dir());
	fd = mkostemp(image, O_CLOEXEC);
	if (fd < 0 || !header)
		return false;
	/* What mkswap(8) writes. */
	((__u32 *)(header + 1024))[0] = 1;
	((__u32 *)(header + 1024))[1] = size / page - 1;
	memcpy(header + page - 10, "SWAPSPACE2", 10);
	if (!ftruncate(fd, size) && pwrite(fd, header, page, 0) == page) {
		loop = loop_attach(image, dev, dev_len);
		if (loop >= 0) {
			ok = !swapon(dev, 0);
			close(loop);
		}
	}
	unlink(image);
	close(fd);
	free(header);
	return ok;
}

/* Pages of tmpfs that are in the swap space. */
TEST_F(fs, tmpfs_swapped_out)
{
	long cached, pages = (SIZE + page_size() - 1) / page_size();
	char group[MNT_DIR_MAX + 8], dev[32];
	int fd, tries;

	BEGIN_MOUNTS();
	MOUNT(0, "cgroup2", NULL, 0);
	cgroup_write(self->mnt[0].dir, "cgroup.subtree_control", "+memory");
	snprintf(group, sizeof(group), "%s/ksift", self->mnt[0].dir);
	ASSERT_EQ(0, mkdir(group, 0755));
	if (!cgroup_write(group, "memory.swap.max", "max") ||
	    !cgroup_write(group, "cgroup.procs", "0")) {
		rmdir(group);
		SKIP(return, "no memory controller for swap");
	}
	if (!swap_make(dev, sizeof(dev))) {
		cgroup_write(self->mnt[0].dir, "cgroup.procs", "0");
		rmdir(group);
		SKIP(return, "cannot swap here");
	}
	fd = memfd_create("ksift", MFD_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, write_all(fd, text, SIZE));
	cached = cached_pages(fd);
	EXPECT_EQ(pages, cached);
	for (tries = 0; tries < 100 && cached > pages / 4; tries++) {
		cgroup_write(group, "memory.reclaim", "64M");
		usleep(10000);
		cached = cached_pages(fd);
	}
	TH_LOG("%ld of %ld pages swapped out", pages - cached, pages);
	EXPECT_GT(pages / 2, cached);
	CHECK_FILE(fd, WALKED_MAYBE);
	/* And with all of it in memory again. */
	EXPECT_EQ(0, swapoff(dev));
	EXPECT_EQ(pages, cached_pages(fd));
	CHECK_FILE(fd, WALKED);
	close(fd);
	cgroup_write(self->mnt[0].dir, "cgroup.procs", "0");
	rmdir(group);
}

/* Pages allocated by no one: written as a hole's neighbours only. */
TEST_F(fs, holes)
{
	unsigned char *copy = calloc(1, SIZE);
	static const char * const types[] = { "tmpfs", "ext4", "xfs", "ramfs" };
	static const __u64 images[] = { 0, 32 * MIB, 320 * MIB, 0 };
	struct oracle o;
	unsigned int i, done = 0;
	size_t at;
	__u32 v;

	ASSERT_NE(NULL, copy);
	BEGIN_MOUNTS();
	for (at = 0; at + 6000 < SIZE; at += 97 * 1013)
		memcpy(copy + at, text + at, 5000);
	oracle_init(&o, &filter_of_text, copy, SIZE);
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		struct job j;
		int fd;

		if (mnt_make(&self->mnt[0], types[i], NULL, images[i]))
			continue;
		done++;
		fd = tmp_file_in(self->mnt[0].dir);
		ASSERT_LE(0, fd);
		for (at = 0; at + 6000 < SIZE; at += 97 * 1013)
			ASSERT_EQ(5000, pwrite(fd, text + at, 5000, at));
		ASSERT_EQ(0, ftruncate(fd, SIZE));
		for_each_variant(self->dev, v) {
			job_init(&j, self->dev, self->filter, v);
			job_file(&j, fd);
			j.text_cap = SIZE;
			j.records_cap = 1000;
			EXPECT_JOB(&j, job_run_check(&j, &o), "%s", types[i]);
			job_free(&j);
		}
		close(fd);
		mnt_undo(&self->mnt[0]);
	}
	EXPECT_LT(1, done);
	oracle_free(&o);
	free(copy);
}

static int try_fd(struct job *j, int dev, int filter, int fd)
{
	int ret;

	job_init(j, dev, filter, 0);
	job_file(j, fd);
	ret = job_call(j);
	job_free(j);
	return ret;
}

#define EXPECT_REFUSED(err, fd, what) do {				\
	struct job __j;							\
									\
	EXPECT_EQ(-1, try_fd(&__j, self->dev, self->filter, fd));	\
	EXPECT_EQ(err, errno) {						\
		TH_LOG("%s: %s", what, __j.why);			\
	}								\
} while (0)

/* What only read(2) can read. */
TEST_F(fs, no_source)
{
	static const char * const paths[] = {
		"/proc/self/status", "/proc/self/maps", "/proc/kmsg",
		"/dev/zero", "/dev/null", "/", "/proc/self",
	};
	unsigned int i;
	int fd, fds[2];

	for (i = 0; i < ARRAY_SIZE(paths); i++) {
		fd = open(paths[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0 && (errno == EACCES || errno == EPERM))
			continue;
		ASSERT_LE(0, fd) TH_LOG("%s", paths[i]);
		EXPECT_REFUSED(ESPIPE, fd, paths[i]);
		close(fd);
	}
	ASSERT_EQ(0, pipe2(fds, O_CLOEXEC));
	EXPECT_REFUSED(ESPIPE, fds[0], "pipe");
	EXPECT_REFUSED(EBADF, fds[1], "pipe's write end");
	close(fds[0]);
	close(fds[1]);
	if (!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds)) {
		EXPECT_REFUSED(ESPIPE, fds[0], "socket");
		close(fds[0]);
		close(fds[1]);
	}
}

/*
 * Files that are made up when they are read, and say that they are empty: read
 * as read(2) reads them, or refused.
 */
TEST_F(fs, procfs)
{
	static const char * const paths[] = {
		"/proc/version", "/proc/filesystems", "/proc/self/status",
		"/proc/self/cmdline", "/proc/self/limits", "/proc/cmdline",
		"/sys/kernel/mm/transparent_hugepage/enabled",
		"/sys/kernel/uevent_seqnum", "/proc/sys/kernel/ostype",
	};
	unsigned int i, taken = 0;
	char buf[8192];
	struct job j;
	int fd, all;

	all = filter_literals(self->dev, 0, 0);
	ASSERT_LE(0, all);
	for (i = 0; i < ARRAY_SIZE(paths); i++) {
		ssize_t n;

		fd = open(paths[i], O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		job_init(&j, self->dev, all, 0);
		job_file(&j, fd);
		j.text_cap = sizeof(buf) + 1;
		if (job_call(&j)) {
			EXPECT_EQ(ESPIPE, errno) TH_LOG("%s", paths[i]);
		} else {
			taken++;
			n = pread(fd, buf, sizeof(buf), 0);
			ASSERT_LE(0, n);
			if (n && buf[n - 1] != '\n')
				buf[n++] = '\n';
			EXPECT_TRUE(j.done);
			EXPECT_EQ(n, j.text_len) TH_LOG("%s", paths[i]);
			EXPECT_EQ(0, j.walked);
			if (n == j.text_len)
				EXPECT_EQ(0, memcmp(buf, j.text, n)) {
					TH_LOG("%s", paths[i]);
				}
		}
		job_free(&j);
		close(fd);
	}
	TH_LOG("%u taken", taken);
	close(all);
}

TEST_F(fs, not_for_reading)
{
	char path[64];
	int fd, wr;

	fd = FILE_IN(tmp_dir());
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	wr = open(path, O_WRONLY | O_CLOEXEC);
	ASSERT_LE(0, wr);
	EXPECT_REFUSED(EBADF, wr, "write-only");
	close(wr);
	wr = open(path, O_PATH | O_CLOEXEC);
	ASSERT_LE(0, wr);
	EXPECT_REFUSED(EBADF, wr, "O_PATH");
	close(wr);
	EXPECT_REFUSED(EBADF, wr, "closed");
	EXPECT_REFUSED(EBADF, -1, "-1");
	close(fd);
}

/*
 * Lines of 64 bytes in a shared mapping, of which another thread changes one
 * byte, one way and back, and another that turns newlines to letters and back.
 */
struct writer {
	unsigned char *map;
	size_t lines;
	bool newlines;
	volatile bool stop;
	__u64 stores;
};

static void *write_mapped(void *arg)
{
	struct writer *w = arg;
	struct rng rng;

	rng_init(&rng, 32);
	while (!w->stop) {
		size_t line = rng_below(&rng, w->lines);
		volatile unsigned char *c = w->map + line * 64;

		if (w->newlines && line % 3 == 0)
			c[63] = c[63] == '\n' ? 'x' : '\n';
		else
			c[10] = c[10] == '0' ? '1' : '0';
		w->stores++;
	}
	return NULL;
}

TEST_F(fs, mapped_writer)
{
	const size_t lines = 3 * MIB / 64;
	unsigned long round, rounds = ksift_rounds(9, 3000);
	struct writer w = { .lines = lines };
	size_t size = lines * 64, i;
	int fd, filter, pass;
	pthread_t thread;
	__u32 v;

	fd = tmp_file();
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ftruncate(fd, size));
	w.map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, w.map);
	filter = filter_literals(self->dev, 0, 1, "state 0 of");
	ASSERT_LE(0, filter);
	for (pass = 0; pass < 2; pass++) {
		struct job j;
		__u64 seen = 0;

		for (i = 0; i < lines; i++) {
			char line[65];

			snprintf(line, sizeof(line),
				 "so, state %zu of %08zx %039d\n", i % 2, i, 0);
			memcpy(w.map + i * 64, line, 64);
		}
		w.newlines = pass;
		w.stop = false;
		ASSERT_EQ(0, pthread_create(&thread, NULL, write_mapped, &w));
		for (round = 0; round < rounds; round++) {
			for_each_variant(self->dev, v) {
				job_init(&j, self->dev, filter, v);
				job_file(&j, fd);
				j.racing = true;
				j.text_cap = round % 3 ? size + lines : 50001;
				j.records_cap = round % 2 ? lines + 1 : 0;
				ASSERT_JOB(&j, job_run(&j));
				seen += j.selected;
				/*
				 * With its newlines in place every line is
				 * there, whatever is in it.
				 */
				if (!pass) {
					ASSERT_EQ(lines, j.total);
					ASSERT_EQ(size, j.total_bytes);
					ASSERT_EQ(j.selected * 64, j.text_len);
				}
				for (i = 0; !pass && i < j.nrec; i++) {
					ASSERT_EQ(0, j.rec[i].offset % 64);
					ASSERT_EQ(63, j.rec[i].len);
				}
				for (i = 0; !pass && i < j.selected; i++) {
					const unsigned char *l = j.text +
								 i * 64;
					unsigned long no;
					char line[65];

					no = strtoul((char *)l + 15, NULL, 16);
					ASSERT_LT(no, lines);
					snprintf(line, sizeof(line),
						 "so, state %c of %08lx %039d\n",
						 l[10], no, 0);
					ASSERT_TRUE(l[10] == '0' ||
						    l[10] == '1');
					ASSERT_EQ(0, memcmp(l, line, 64));
					if (j.nrec)
						ASSERT_EQ(no * 64,
							  j.rec[i].offset);
				}
				job_free(&j);
			}
		}
		w.stop = true;
		pthread_join(thread, NULL);
		EXPECT_LT(0, seen);
		TH_LOG("%llu stores, %llu lines", w.stores, seen);
	}
	close(filter);
	munmap(w.map, size);
	close(fd);
}

TEST_HARNESS_MAIN
