/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by all tests: the ioctls as the ABI has them, with no library in between,
 * and the few things that are easy to get wrong in a single test (skips, seeds,
 * temporary files, poisoned outputs, guard pages).
 *
 * Environment:
 *	KSIFT_REQUIRE=1	no /dev/ksift is a failure, not a skip
 *	KSIFT_FULL=1	the long iteration counts
 *	KSIFT_ROUNDS=N	so many percent of the short ones
 *	KSIFT_SEED=N	seed of every pseudo-random generator
 *	TMPDIR		where temporary files go; /tmp if not given
 */
#ifndef KSIFT_TEST_UTIL_H
#define KSIFT_TEST_UTIL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>

#include <ksift.h>

#include "kselftest_harness.h"

/*
 * Emulated machines can be very slow: leave it to the runner's timeout to end a test
 * that hangs.
 */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 3600

#define KSIFT_DEV "/dev/ksift"

#define U64_MAX (~(__u64)0)
#define POISON 0xa5
#define POISON_U32 0xa5a5a5a5U
#define POISON_U64 0xa5a5a5a5a5a5a5a5ULL

#define PTR_U64(p) ((__u64)(uintptr_t)(p))

static inline bool env_is_set(const char *name)
{
	const char *val = getenv(name);

	return val && *val && strcmp(val, "0");
}

static inline bool ksift_required(void)
{
	return env_is_set("KSIFT_REQUIRE");
}

static inline bool ksift_full(void)
{
	return env_is_set("KSIFT_FULL");
}

/*
 * How often to repeat something at random: a few times, or really often, or a
 * share of a few times where it has been repeated at another place.
 */
static inline unsigned long ksift_rounds(unsigned long quick,
					 unsigned long full)
{
	const char *share = getenv("KSIFT_ROUNDS");
	unsigned long n = quick;

	if (ksift_full())
		return full;
	if (share && *share)
		n = quick * strtoul(share, NULL, 10) / 100;
	return n ? n : 1;
}

/*
 * Stay on this CPU: a thread that moves leaves folios in the old CPU's LRU batches,
 * whose references keep them in the page cache.
 */
static inline int stay_on_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

static inline size_t page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

/*
 * Open the device.  Only for use in a test or a FIXTURE_SETUP(), which it leaves with
 * a SKIP when the module is not loaded.
 */
#define ksift_open() ({							\
	int __dev = open(KSIFT_DEV, O_RDWR | O_CLOEXEC);		\
									\
	if (__dev < 0 && errno == ENOENT && !ksift_required())		\
		SKIP(return, "no " KSIFT_DEV ": is the module loaded?");\
	ASSERT_GE(__dev, 0) {						\
		TH_LOG("open " KSIFT_DEV ": %s", strerror(errno));	\
	}								\
	__dev;								\
})

/* The expression is a system call that must fail with exactly this errno. */
#define EXPECT_ERRNO(expected, expr) do {				\
	int __errno_ret;						\
									\
	errno = 0;							\
	__errno_ret = (expr);						\
	if (__errno_ret != -1)						\
		errno = 0;						\
	EXPECT_EQ(expected, errno) {					\
		TH_LOG("%s = %d (%s)", #expr, __errno_ret,		\
		       strerror(errno));				\
	}								\
} while (0)

/* The expression is a system call that must return 0. */
#define EXPECT_OK(expr) do {						\
	errno = 0;							\
	EXPECT_EQ(0, expr) {						\
		TH_LOG("%s: %s", #expr, strerror(errno));		\
	}								\
} while (0)

#define ASSERT_OK(expr) do {						\
	errno = 0;							\
	ASSERT_EQ(0, expr) {						\
		TH_LOG("%s: %s", #expr, strerror(errno));		\
	}								\
} while (0)

/*
 * Pseudo-random numbers (splitmix64).  The seed is fixed unless KSIFT_SEED
 * says otherwise; have a failed check log it with RNG_LOG().
 */
struct rng {
	__u64 seed;
	__u64 state;
};

#define RNG_LOG(rng) \
	TH_LOG("KSIFT_SEED=%llu", (unsigned long long)(rng)->seed)

static inline void rng_init(struct rng *rng, __u64 seed)
{
	const char *env = getenv("KSIFT_SEED");

	rng->seed = env && *env ? strtoull(env, NULL, 0) : seed;
	rng->state = rng->seed;
}

static inline __u64 rng_u64(struct rng *rng)
{
	__u64 z = rng->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* Below n, which is not 0.  The bias does not matter to a test. */
static inline __u64 rng_below(struct rng *rng, __u64 n)
{
	return rng_u64(rng) % n;
}

static inline void rng_fill(struct rng *rng, void *buf, size_t len)
{
	unsigned char *p = buf;
	size_t i;

	for (i = 0; i < len; i++)
		p[i] = rng_u64(rng);
}

static inline const char *tmp_dir(void)
{
	const char *dir = getenv("TMPDIR");

	return dir && *dir ? dir : "/tmp";
}

/* An unnamed file in @dir, open for reading and writing. */
static inline int tmp_file_in(const char *dir)
{
	char path[PATH_MAX];
	int fd;

	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	snprintf(path, sizeof(path), "%s/ksift-XXXXXX", dir);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

static inline int tmp_file(void)
{
	return tmp_file_in(tmp_dir());
}

/* 0, or -1 with errno. */
static inline int write_all(int fd, const void *buf, size_t len)
{
	const char *p = buf;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		p += n;
		len -= n;
	}
	return 0;
}

/* An unnamed file with these bytes; -1 with errno. */
static inline int tmp_file_with(const void *buf, size_t len)
{
	int fd = tmp_file();

	if (fd >= 0 && write_all(fd, buf, len)) {
		close(fd);
		return -1;
	}
	return fd;
}

/*
 * Replaces the page at @page by one that neither the process nor the kernel on its
 * behalf can access: a file's, past the file's end.  User Mode Linux checks PROT_NONE
 * only for the process's own accesses.
 */
static inline int make_hole(void *page)
{
	int fd = memfd_create("hole", MFD_CLOEXEC);
	void *p;

	if (fd < 0)
		return -1;
	p = mmap(page, page_size(), PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, fd, 0);
	close(fd);
	return p == MAP_FAILED ? -1 : 0;
}

/*
 * Allocate @len bytes of zeros that end where a make_hole() page begins, so that an
 * access one byte too far faults.  NULL when there is no memory.
 */
static inline void *guard_alloc(size_t len)
{
	size_t ps = page_size();
	size_t room = (len + ps - 1) / ps * ps;
	char *p;

	p = mmap(NULL, room + ps, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	if (make_hole(p + room)) {
		munmap(p, room + ps);
		return NULL;
	}
	return p + room - len;
}

static inline void guard_free(void *mem, size_t len)
{
	size_t ps = page_size();
	size_t room = (len + ps - 1) / ps * ps;

	if (mem)
		munmap((char *)mem + len - room, room + ps);
}

/* Whether every byte of @mem is @c. */
static inline bool mem_is(const void *mem, int c, size_t len)
{
	const unsigned char *p = mem;

	/* Each byte is the one before it. */
	return !len || (*p == (unsigned char)c && !memcmp(p, p + 1, len - 1));
}

static inline int ksift_ioctl(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg);
}

static inline int ksift_info(int dev, struct ksift_info *info)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	return ksift_ioctl(dev, KSIFT_INFO, info);
}

static inline __u64 ksift_variants(int dev)
{
	struct ksift_info info;

	return ksift_info(dev, &info) ? 0 : info.out_variants;
}

static inline __u64 ksift_features(int dev)
{
	struct ksift_info info;

	return ksift_info(dev, &info) ? 0 : info.out_features;
}

/* Set @v to each variant that this machine can run, from SCALAR on. */
#define for_each_variant(dev, v)					\
	for (__u64 __variants = ksift_variants(dev), __once = 1;	\
	     __once; __once = 0)					\
		for ((v) = 1; (v) < 64; (v)++)				\
			if (__variants >> (v) & 1)

/* A pattern of @len bytes at @data, which must outlive it. */
static inline struct ksift_pattern pattern_mem(const void *data, size_t len,
					       __u32 flags, __u32 group)
{
	struct ksift_pattern pat = {
		.data = PTR_U64(data),
		.len = len,
		.flags = flags,
		.group = group,
	};

	return pat;
}

static inline struct ksift_pattern pattern_str(const char *str, __u32 flags,
					       __u32 group)
{
	return pattern_mem(str, strlen(str), flags, group);
}

/* Fill in the arguments of KSIFT_FILTER; a test may change a field then. */
static inline void filter_init(struct ksift_filter *filter,
			       const struct ksift_pattern *patterns, __u32 n)
{
	memset(filter, 0, sizeof(*filter));
	filter->size = sizeof(*filter);
	filter->program = KSIFT_PROGRAM_LITERALS;
	filter->pattern_size = sizeof(*patterns);
	filter->patterns = PTR_U64(patterns);
	filter->pattern_count = n;
	filter->out_fd = -1;
}

/* Make a filter.  Returns its descriptor, or -1 with errno. */
static inline int filter_patterns(int dev, const struct ksift_pattern *patterns,
				  __u32 n, __u32 filter_flags)
{
	struct ksift_filter filter;

	filter_init(&filter, patterns, n);
	filter.flags = filter_flags;
	if (ksift_ioctl(dev, KSIFT_FILTER, &filter))
		return -1;
	return filter.out_fd;
}

/*
 * Make a filter for the lines that have any of @n strings, each with the pattern
 * flags @flags.  Returns its descriptor, or -1 with errno.
 */
static inline int filter_literals(int dev, __u32 flags, unsigned int n, ...)
{
	struct ksift_pattern patterns[KSIFT_PATTERNS_MAX];
	unsigned int i;
	va_list ap;

	if (n > KSIFT_PATTERNS_MAX) {
		errno = EINVAL;
		return -1;
	}
	va_start(ap, n);
	for (i = 0; i < n; i++)
		patterns[i] = pattern_str(va_arg(ap, const char *), flags, 0);
	va_end(ap);
	return filter_patterns(dev, patterns, n, 0);
}

/* Fill in a RUN over the whole range of no source, by the best variant. */
static inline void run_init(struct ksift_run *run, __u32 kernel, void *args)
{
	memset(run, 0, sizeof(*run));
	run->size = sizeof(*run);
	run->kernel = kernel;
	run->to = U64_MAX;
	run->args = PTR_U64(args);
}

static inline void run_from_mem(struct ksift_run *run, const void *base,
				__u64 len)
{
	run->source = KSIFT_SOURCE_MEM;
	run->source_fd = 0;
	run->base = PTR_U64(base);
	run->len = len;
}

static inline void run_from_file(struct ksift_run *run, int fd)
{
	run->source = KSIFT_SOURCE_FILE;
	run->source_fd = fd;
	run->base = 0;
	run->len = 0;
}

static inline int ksift_run(int dev, struct ksift_run *run)
{
	return ksift_ioctl(dev, KSIFT_RUN, run);
}

/* Fill in the arguments of a run that only counts, without a limit. */
static inline void lines_init(struct ksift_lines *lines, int filter_fd)
{
	memset(lines, 0, sizeof(*lines));
	lines->size = sizeof(*lines);
	lines->filter_fd = filter_fd;
	lines->max_lines = U64_MAX;
}

static inline void lines_want_text(struct ksift_lines *lines, void *text,
				   __u64 cap)
{
	lines->text = PTR_U64(text);
	lines->text_cap = cap;
}

static inline void lines_want_records(struct ksift_lines *lines,
				      struct ksift_record *records, __u64 cap)
{
	lines->records = PTR_U64(records);
	lines->records_cap = cap;
	lines->record_size = records ? sizeof(*records) : 0;
}

/*
 * RUN of the line kernel.  First fill in @run, by run_init() or an earlier call, its
 * source and range, and @lines, by lines_init(): so a test can choose every field.
 */
static inline int run_lines(int dev, struct ksift_run *run,
			    struct ksift_lines *lines)
{
	run->kernel = KSIFT_KERNEL_LINES;
	run->args = PTR_U64(lines);
	return ksift_run(dev, run);
}

/* RUN over all of @len bytes at @base in one call; results in @run and @lines. */
static inline int run_lines_mem(int dev, int filter_fd, const void *base,
				__u64 len, struct ksift_run *run,
				struct ksift_lines *lines)
{
	run_init(run, KSIFT_KERNEL_LINES, lines);
	run_from_mem(run, base, len);
	lines_init(lines, filter_fd);
	lines->flags = KSIFT_LINES_TOTAL;
	return run_lines(dev, run, lines);
}

/* RUN over all of a file in one call. */
static inline int run_lines_file(int dev, int filter_fd, int fd,
				 struct ksift_run *run,
				 struct ksift_lines *lines)
{
	run_init(run, KSIFT_KERNEL_LINES, lines);
	run_from_file(run, fd);
	lines_init(lines, filter_fd);
	lines->flags = KSIFT_LINES_TOTAL;
	return run_lines(dev, run, lines);
}

#endif /* KSIFT_TEST_UTIL_H */
