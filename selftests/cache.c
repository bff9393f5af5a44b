// SPDX-License-Identifier: GPL-2.0-only
/*
 * RUN that is kind to the page cache: KSIFT_RUN_CACHED looks at what is there and
 * nothing else, KSIFT_RUN_POLITE leaves it as it was.  What is there is chosen
 * page by page, and looked at with mincore(2) before and after.
 */
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>

#include "lines_oracle.h"
#include "listener.h"
#include "source_mount.h"

#define KIB 1024UL
#define MIB (1024UL * KIB)

/* More than a window, more than is read ahead at once, and a last page in part. */
#define SIZE (2 * MIB + 300 * KIB + 17)
#define PAGES_MAX (SIZE / 4096 + 1)

/* Longer than a line that is held, and than what is first read ahead. */
#define LONG_LINE (300 * KIB)

/* Shorter than a line that is held. */
#define TEXT_CAP 50000

static unsigned char *text;
static struct ofilter filter_of_text;
static struct oracle oracle_of_text;

/* Lines of all lengths: most within a page, some over several, one over many. */
static void make_text(void)
{
	struct rng rng;
	size_t n = 0, i;

	rng_init(&rng, 47);
	text = xmalloc(SIZE);
	while (n < SIZE) {
		size_t len = rng_below(&rng, 150);

		if (!rng_below(&rng, 300))
			len = rng_below(&rng, 40000);
		if (n > MIB && n < MIB + LONG_LINE)
			len = LONG_LINE;
		for (i = 0; i < len && n < SIZE; i++)
			text[n++] = 'a' + (i + len) % 26;
		if (n < SIZE)
			text[n++] = '\n';
	}
	/* Lines that begin with a page. */
	for (i = 0; i < SIZE; i += 7 * page_size())
		if (i && (i < MIB || i > MIB + 2 * LONG_LINE))
			text[i - 1] = '\n';
	text[SIZE - 1] = 'z';
	ofilter_adds(&filter_of_text, "xyza", 0, 0);
	ofilter_adds(&filter_of_text, "c", KSIFT_PATTERN_ANCHORED |
		     KSIFT_PATTERN_EXCLUDE, 0);
	oracle_init(&oracle_of_text, &filter_of_text, text, SIZE);
}

FIXTURE(cache)
{
	int dev;
	int filter;
	int fd;
	size_t pages;
	struct mnt mnt;
	struct mnt over;
	bool there[PAGES_MAX];
};

FIXTURE_VARIANT(cache)
{
	const char *type;
	__u64 image;
};

FIXTURE_VARIANT_ADD(cache, ext4) { .type = "ext4", .image = 64 * MIB };
FIXTURE_VARIANT_ADD(cache, ext4_1k) { .type = "ext4-1k", .image = 64 * MIB };
FIXTURE_VARIANT_ADD(cache, xfs) { .type = "xfs", .image = 320 * MIB };

FIXTURE_SETUP(cache)
{
	const char *why;

	self->filter = -1;
	self->fd = -1;
	self->over.mounted = false;
	self->mnt.mounted = false;
	self->dev = ksift_open();
	make_text();
	self->pages = (SIZE + page_size() - 1) / page_size();
	self->filter = ofilter_open(self->dev, &filter_of_text);
	ASSERT_LE(0, self->filter);
	ASSERT_LT(1000, oracle_selected(&oracle_of_text));
	why = mnt_begin();
	if (!why)
		why = mnt_make(&self->mnt, variant->type, NULL, variant->image);
	if (why)
		SKIP(return, "%s", why);
	self->fd = tmp_file_in(self->mnt.dir);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, write_all(self->fd, text, SIZE));
	ASSERT_EQ(0, fsync(self->fd));
	/* What is read is read page by page. */
	ASSERT_EQ(0, posix_fadvise(self->fd, 0, 0, POSIX_FADV_RANDOM));
}

FIXTURE_TEARDOWN(cache)
{
	close(self->fd);
	mnt_undo(&self->over);
	mnt_undo(&self->mnt);
	close(self->filter);
	close(self->dev);
}

/* Which pages of a file are there.  0, or -1. */
static int look(int fd, bool *there, size_t pages)
{
	unsigned char vec[PAGES_MAX];
	void *map = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);
	size_t i;
	int ret;

	if (map == MAP_FAILED)
		return -1;
	ret = mincore(map, SIZE, vec);
	munmap(map, SIZE);
	for (i = 0; i < pages; i++)
		there[i] = vec[i] & 1;
	return ret;
}

static void drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		if (write(fd, "1", 1) != 1)
			perror("drop_caches");
		close(fd);
	}
}

enum map { MAP_NONE, MAP_ALL, MAP_EVEN, MAP_HALF, MAP_RUNS, MAP_FEW, MAP_MOST, MAPS };

static bool wants(enum map map, size_t i, struct rng *rng, bool before)
{
	switch (map) {
	case MAP_NONE:
		return false;
	case MAP_ALL:
		return true;
	case MAP_EVEN:
		return i % 2 == 0;
	case MAP_HALF:
		return rng_below(rng, 2);
	case MAP_RUNS:
		return rng_below(rng, 40) ? before : !before;
	case MAP_FEW:
		return !rng_below(rng, 100);
	default:
		return rng_below(rng, 100);
	}
}

/*
 * Make the cache hold some pages and no others.  What a file system gives beside
 * them is taken as it comes, as long as there are some of both.
 */
#define SET_CACHE(map, rng) do {					\
	char *__buf = xmalloc(self->pages * page_size());		\
	size_t __i, __n = 0, __run = 0, __at;				\
	bool __want = true;						\
									\
	ASSERT_EQ(0, posix_fadvise(self->fd, 0, 0, POSIX_FADV_DONTNEED));\
	drop_caches();							\
	for (__i = 0; __i < self->pages; __i++) {			\
		__want = wants(map, __i, rng, __want);			\
		__run += __want;					\
		/* What lies together at once. */			\
		if (!__run || (__want && __i + 1 < self->pages))	\
			continue;					\
		__at = (__i + __want - __run) * page_size();		\
		ASSERT_EQ(min64(__run * page_size(), SIZE - __at),	\
			  pread(self->fd, __buf, __run * page_size(), __at)); \
		__run = 0;						\
	}								\
	free(__buf);							\
	ASSERT_EQ(0, look(self->fd, self->there, self->pages));		\
	for (__i = 0; __i < self->pages; __i++)				\
		__n += self->there[__i];				\
	switch (map) {							\
	case MAP_NONE:							\
		ASSERT_EQ(0, __n);					\
		break;							\
	case MAP_ALL:							\
		ASSERT_EQ(self->pages, __n);				\
		break;							\
	default:							\
		ASSERT_LT(0, __n);					\
		ASSERT_GT(self->pages, __n);				\
	}								\
} while (0)

#define EXPECT_SAME_CACHE(...) do {					\
	bool __now[PAGES_MAX];						\
	size_t __i, __came = 0, __went = 0;				\
									\
	ASSERT_EQ(0, look(self->fd, __now, self->pages));		\
	for (__i = 0; __i < self->pages; __i++) {			\
		__came += __now[__i] && !self->there[__i];		\
		__went += !__now[__i] && self->there[__i];		\
	}								\
	EXPECT_EQ(0, __came + __went) {					\
		TH_LOG("%zu pages came, %zu went", __came, __went);	\
		TH_LOG(__VA_ARGS__);					\
	}								\
} while (0)

/* What a cached scan of a range has to say. */
struct seen {
	struct oracle lines;
	__u64 absent;
	__u64 cut;
};

static bool byte_there(const bool *there, __u64 pos)
{
	static size_t ps;

	ps = ps ?: page_size();
	return there[pos / ps];
}

static __u64 min64(__u64 a, __u64 b)
{
	return a < b ? a : b;
}

static __u64 max64(__u64 a, __u64 b)
{
	return a > b ? a : b;
}

/* The lines that are there as a whole, and the byte before, too. */
static void seen_init(struct seen *s, const bool *there, __u64 from, __u64 to)
{
	const struct oracle *all = &oracle_of_text;
	const size_t ps = page_size();
	__u64 pos, end, start = 0;
	bool known = true;
	size_t i, k;

	s->lines = *all;
	s->lines.n = 0;
	s->lines.l = xmalloc(all->n * sizeof(*all->l));
	s->absent = 0;
	s->cut = 0;
	for (i = 0; i < all->n; i++) {
		const struct oline *l = &all->l[i];
		__u64 after = l->off + l->len + l->nl;
		bool whole = !l->off || byte_there(there, l->off - 1);

		for (k = l->off / page_size(); k <= (after - 1) / page_size(); k++)
			whole &= there[k];
		if (whole)
			s->lines.l[s->lines.n++] = *l;
	}

	/* Both sides of every absent stretch, page by page. */
	for (pos = 0; pos < SIZE; pos = end) {
		bool here = byte_there(there, pos);
		bool before = !pos || byte_there(there, pos - 1);
		const unsigned char *nl;

		end = min64(pos + ps, SIZE);
		if (!here && max64(pos, from) < min64(end, to))
			s->absent += min64(end, to) - max64(pos, from);
		if (here && !before) {
			s->cut += pos >= from && pos < to;
			known = false;
		}
		if (!here && before && known && start < pos)
			s->cut += start >= from && start < to;
		if (!here)
			known = false;
		nl = here ? memrchr(text + pos, '\n', end - pos) : NULL;
		if (nl) {
			start = nl + 1 - text;
			known = true;
		}
	}
}

static void seen_free(struct seen *s)
{
	oracle_free(&s->lines);
}

static int check_seen(struct job *j, const struct seen *s)
{
	if (job_run_check(j, &s->lines))
		return -1;
	if (j->absent != s->absent)
		return JOB_FAIL(j, "%llu bytes absent, not %llu", j->absent,
				s->absent);
	if (j->cut != s->cut)
		return JOB_FAIL(j, "%llu lines cut, not %llu", j->cut, s->cut);
	if (j->walked != j->bytes)
		return JOB_FAIL(j, "%llu of %llu bytes walked", j->walked,
				j->bytes);
	return 0;
}

/* Bytes that were read from the file's disk, by anyone. */
static __u64 disk_reads(int fd)
{
	unsigned long long n = 0;
	struct stat st;
	char path[64];
	FILE *f;

	if (fstat(fd, &st))
		return 0;
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/stat",
		 major(st.st_dev), minor(st.st_dev));
	f = fopen(path, "r");
	if (f && fscanf(f, "%*u %*u %llu", &n) != 1)
		n = 0;
	if (f)
		fclose(f);
	return n * 512;
}

/* Calls with buffers of all sizes: none, for one call, and for very many. */
static const struct {
	size_t text, records;
	bool total;
} outputs[] = {
	{ 0, 0, false }, { 0, 0, true }, { SIZE, 0, false },
	{ SIZE, SIZE / 64, true }, { 0, 100, false }, { 4096, 1000, true },
	{ 70001, 501, false }, { 1117, 23, true },
};

TEST_F(cache, cached)
{
	struct rng rng;
	unsigned int i, map, k;
	struct job j;
	__u32 v;

	rng_init(&rng, 5);
	for (map = 0; map < MAPS; map++) {
		SET_CACHE(map, &rng);
		for (k = 0; k < ksift_rounds(3, 20); k++) {
			const size_t ps = page_size();
			__u64 from = 0, to = U64_MAX, reads = disk_reads(self->fd);
			struct seen seen;

			if (k) {
				from = rng_below(&rng, SIZE);
				to = from + rng_below(&rng, SIZE);
			}
			if (k == 2) {
				from = from / ps * ps;
				to = to / ps * ps;
			}
			seen_init(&seen, self->there, from, to);
			for_each_variant(self->dev, v) {
				const size_t n = ARRAY_SIZE(outputs);

				/* In many calls the whole only once. */
				i = k ? rng_below(&rng, n) : map == MAP_HALF ? 0 : 3;
				for (; i < ARRAY_SIZE(outputs); i++) {
					job_init(&j, self->dev, self->filter, v);
					job_file(&j, self->fd);
					j.flags = KSIFT_RUN_CACHED;
					j.from = from;
					j.to = to;
					j.text_cap = outputs[i].text;
					j.records_cap = outputs[i].records;
					j.want_total = outputs[i].total;
					ASSERT_JOB(&j, check_seen(&j, &seen),
						   "map %u, seed %llu", map,
						   rng.seed);
					job_free(&j);
					if (k)
						break;
				}
			}
			seen_free(&seen);
			EXPECT_EQ(reads, disk_reads(self->fd));
			EXPECT_SAME_CACHE("map %u", map);
		}
	}
}

/* Ranges that touch have together what the whole has. */
TEST_F(cache, cached_ranges)
{
	struct rng rng;
	unsigned int map;
	struct seen seen;
	struct job j;

	rng_init(&rng, 6);
	for (map = 0; map < MAPS; map++) {
		__u64 absent = 0, cut = 0, selected = 0, total = 0, bytes = 0;

		SET_CACHE(map, &rng);
		seen_init(&seen, self->there, 0, U64_MAX);
		job_init(&j, self->dev, self->filter, 0);
		job_file(&j, self->fd);
		j.flags = KSIFT_RUN_CACHED;
		while (j.from < SIZE) {
			j.to = j.from + rng_below(&rng, 3 * page_size());
			if (rng_below(&rng, 2))
				j.to = j.to / page_size() * page_size();
			if (j.to < j.from)
				j.to = j.from;
			ASSERT_JOB(&j, job_run(&j));
			absent += j.absent;
			cut += j.cut;
			selected += j.selected;
			total += j.total;
			bytes += j.total_bytes;
			j.from = j.to;
			job_reset(&j);
		}
		job_free(&j);
		EXPECT_EQ(seen.absent, absent);
		EXPECT_EQ(seen.cut, cut);
		EXPECT_EQ(oracle_selected(&seen.lines), selected);
		EXPECT_EQ(seen.lines.n, total);
		EXPECT_SAME_CACHE("map %u", map);
		/* And so has the whole. */
		job_init(&j, self->dev, self->filter, 0);
		job_file(&j, self->fd);
		j.flags = KSIFT_RUN_CACHED;
		EXPECT_JOB(&j, check_seen(&j, &seen));
		EXPECT_EQ(j.total_bytes, bytes);
		job_free(&j);
		seen_free(&seen);
	}
}

static volatile sig_atomic_t alarm_usec;

/* Later and later: a line is done as a whole, however slow the machine is. */
static void on_alarm(int sig)
{
	struct itimerval it = { 0 };

	alarm_usec += alarm_usec / 8;
	it.it_value.tv_usec = alarm_usec % 1000000;
	it.it_value.tv_sec = alarm_usec / 1000000;
	setitimer(ITIMER_REAL, &it, NULL);
}

static void alarms(long usec)
{
	struct itimerval it = { { 0, 0 }, { 0, usec } };
	struct sigaction sa = { .sa_handler = on_alarm };

	alarm_usec = usec;
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
}

/* Calls that end wherever a signal finds them are as good as one. */
TEST_F(cache, signals)
{
	struct rng rng;
	unsigned int map, i;
	struct seen seen;
	struct job j;

	ASSERT_EQ(0, stay_on_cpu());
	rng_init(&rng, 7);
	for (map = 0; map < MAPS; map++) {
		SET_CACHE(map, &rng);
		seen_init(&seen, self->there, 0, U64_MAX);
		for (i = 0; i < 2 * ARRAY_SIZE(outputs);
		     i += ksift_full() ? 1 : 3) {
			job_init(&j, self->dev, self->filter, 0);
			job_file(&j, self->fd);
			j.signals = true;
			j.text_cap = outputs[i / 2].text;
			j.records_cap = outputs[i / 2].records;
			j.want_total = outputs[i / 2].total;
			j.flags = i % 2 ? KSIFT_RUN_POLITE : KSIFT_RUN_CACHED;
			/* Then each call reads a little, and drops it. */
			if (i % 2 && j.text_cap && j.text_cap < 70001)
				continue;
			alarms(i % 2 ? 20000 : 500);
			EXPECT_JOB(&j, i % 2 ?
				   job_run_check(&j, &oracle_of_text) :
				   check_seen(&j, &seen));
			alarms(0);
			job_free(&j);
			EXPECT_SAME_CACHE("map %u, %u", map, i);
		}
		seen_free(&seen);
	}
}

TEST_F(cache, polite)
{
	struct rng rng;
	unsigned int map, i, k;
	struct job j;
	__u32 v;

	ASSERT_EQ(0, stay_on_cpu());
	rng_init(&rng, 8);
	for (map = 0; map < MAPS; map++) {
		SET_CACHE(map, &rng);
		for (k = 0; k < ARRAY_SIZE(outputs); k++) {
			i = 0;
			for_each_variant(self->dev, v) {
				job_init(&j, self->dev, self->filter, v);
				job_file(&j, self->fd);
				j.flags = KSIFT_RUN_POLITE;
				j.text_cap = outputs[k].text;
				j.records_cap = outputs[k].records;
				j.want_total = outputs[k].total;
				/* In small steps only a small range. */
				if (i++ || (j.text_cap && j.text_cap < 70001)) {
					j.from = rng_below(&rng, SIZE);
					j.to = j.from + 50000;
				}
				EXPECT_JOB(&j, job_run_check(&j, &oracle_of_text),
					   "map %u, seed %llu", map, rng.seed);
				EXPECT_EQ(0, j.absent + j.cut);
				/* A call that ends at once drops what it asked for. */
				job_reset(&j);
				j.from = 0;
				j.to = U64_MAX;
				j.max_lines = 1;
				EXPECT_JOB(&j, job_run_check(&j, &oracle_of_text));
				job_free(&j);
				EXPECT_SAME_CACHE("map %u, output %u", map, k);
			}
		}
	}
}

/* All of it is read once, not once for each stretch. */
TEST_F(cache, polite_reads_once)
{
	__u64 before, reads;
	struct job j;

	ASSERT_EQ(0, stay_on_cpu());
	SET_CACHE(MAP_NONE, NULL);
	before = disk_reads(self->fd);
	job_init(&j, self->dev, self->filter, 0);
	job_file(&j, self->fd);
	j.flags = KSIFT_RUN_POLITE;
	EXPECT_JOB(&j, job_run_check(&j, &oracle_of_text));
	job_free(&j);
	reads = disk_reads(self->fd) - before;
	EXPECT_LE(SIZE / page_size() * page_size(), reads);
	/* Where files are, too. */
	EXPECT_GT(SIZE + 256 * KIB, reads);
	EXPECT_SAME_CACHE("polite");
}

/* Pages of the file that others have a hand in while it is scanned. */
#define OTHERS_SIZE (3 * 512UL)
#define OTHERS_RANGE (2 * 512UL + 10)

/* What the LRU lists of each CPU may hold back from being dropped. */
#define LRU_HELD 31

static const struct span {
	const char *name;
	size_t from;
	size_t to;
	/* When it happens: before the scan, or at so many windows. */
	int when;
	enum { THERE, DIRTIED, MAPPED, READ, APPENDED } what;
} spans[] = {
	{ "there before", 100, 140, 0, THERE },
	{ "there before, later", 800, 801, 0, THERE },
	{ "dirty before", 300, 303, 0, DIRTIED },
	{ "written behind the scan", 505, 507, 2, DIRTIED },
	{ "written ahead of it", 520, 523, 2, DIRTIED },
	{ "written far ahead of it", 900, 901, 2, DIRTIED },
	{ "mapped", 540, 541, 2, MAPPED },
	{ "mapped in the last stretch", 1030, 1031, 3, MAPPED },
	{ "read beside the range", 1040, 1056, 3, READ },
	{ "appended beside the range", 1536, 1552, 3, APPENDED },
	{ "appended in the last stretch", OTHERS_RANGE, 1052, 3, APPENDED },
};

struct others {
	int fd;
	int step;
	bool at_end;
	unsigned char *maps[ARRAY_SIZE(spans)];
	int error;
};

/* Reading beside the range is only possible if the file is longer, and so on. */
static bool span_applies(const struct span *s, bool at_end)
{
	if (s->what == READ)
		return !at_end;
	return s->what != APPENDED || (s->from == OTHERS_RANGE) == at_end;
}

/* As one that has nothing to do with the scan does it.  0, or -1 with errno. */
static int span_do(struct others *o, const struct span *s, unsigned char **map)
{
	const size_t ps = page_size();
	unsigned char vec[64] = { 0 };
	size_t i, k, n = s->to - s->from;

	for (i = s->from; i < s->to; i++) {
		if ((s->what == DIRTIED || s->what == APPENDED) &&
		    pwrite(o->fd, text + i % 64 * ps, ps, i * ps) != ps)
			return -1;
		/* Without a read(2), for which the listener would be asked. */
		if ((s->what == THERE || s->what == READ) &&
		    posix_fadvise(o->fd, i * ps, ps, POSIX_FADV_WILLNEED))
			return -1;
	}
	*map = mmap(NULL, n * ps, PROT_READ, MAP_SHARED, o->fd, s->from * ps);
	if (*map == MAP_FAILED)
		return -1;
	if (s->what == MAPPED) {
		if (madvise(*map, n * ps, MADV_RANDOM))
			return -1;
		for (i = 0; i < n; i++)
			(void)*(volatile unsigned char *)(*map + i * ps);
	}
	for (i = 0; i < 1000; i++) {
		if (mincore(*map, n * ps, vec))
			return -1;
		for (k = 0; k < n && vec[k] & 1; k++)
			;
		if (k == n)
			return 0;
		usleep(10000);
	}
	errno = ETIME;
	return -1;
}

static void others_step(struct others *o)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(spans); i++) {
		unsigned char *map;

		if (spans[i].when != o->step ||
		    !span_applies(&spans[i], o->at_end))
			continue;
		if (span_do(o, &spans[i], &map))
			o->error = errno;
		else if (spans[i].what == MAPPED)
			o->maps[i] = map;
		else
			munmap(map, (spans[i].to - spans[i].from) * page_size());
	}
	o->step++;
}

static bool others_answer(struct listener *l,
			  const struct fanotify_event_metadata *event)
{
	others_step(l->ctx);
	return true;
}

/* Is a page dirty?  -1: this kernel does not say. */
static int page_dirty(int fd, size_t index)
{
	const size_t ps = page_size();
	const off_t at = ps * index;
	struct { __u64 off, len; } range = { at, ps };
	struct { __u64 cache, dirty, writeback, evicted, recently; } stat;
	__u64 entry = 0, flags = 0;
	unsigned char *map;
	int maps, pages;

	/* cachestat(2) */
	if (!syscall(451, fd, &range, &stat, 0))
		return stat.dirty > 0;
	map = mmap(NULL, ps, PROT_READ, MAP_SHARED, fd, at);
	maps = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	pages = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	if (map != MAP_FAILED && maps >= 0 && pages >= 0) {
		(void)*(volatile unsigned char *)map;
		if (pread(maps, &entry, 8, (uintptr_t)map / ps * 8) != 8)
			entry = 0;
		entry &= (1ULL << 55) - 1;
		if (entry && pread(pages, &flags, 8, entry * 8) != 8)
			entry = 0;
	}
	if (map != MAP_FAILED)
		munmap(map, ps);
	close(maps);
	close(pages);
	/* KPF_DIRTY */
	return entry ? flags >> 4 & 1 : -1;
}

static int set_writeback(int centisecs)
{
	FILE *f = fopen("/proc/sys/vm/dirty_writeback_centisecs", "r+");
	int was = -1;

	if (f && fscanf(f, "%d", &was) == 1) {
		rewind(f);
		fprintf(f, "%d\n", centisecs);
	}
	if (f)
		fclose(f);
	return was;
}

#define EXPECT_OTHERS_KEPT(o, there) do {				\
	const long __held = LRU_HELD * sysconf(_SC_NPROCESSORS_CONF);	\
	size_t __i, __k;						\
	long __left = 0;						\
									\
	for (__i = 0; __i < ARRAY_SIZE(spans); __i++) {			\
		const struct span *s = &spans[__i];			\
									\
		if (!span_applies(s, (o)->at_end))			\
			continue;					\
		for (__k = s->from; __k < s->to; __k++) {		\
			bool here = (there)[__k] & 1;			\
			int dirty = 1;					\
									\
			EXPECT_TRUE(here) {				\
				TH_LOG("%s: page %zu is gone", s->name, __k);\
			}						\
			(there)[__k] = 0;				\
			if (s->what == DIRTIED || s->what == APPENDED)	\
				dirty = page_dirty((o)->fd, __k);	\
			EXPECT_NE(0, dirty) {				\
				TH_LOG("%s: page %zu was written back",	\
				       s->name, __k);			\
			}						\
			EXPECT_LE(0, dirty) {				\
				TH_LOG("nothing says what is dirty");	\
			}						\
		}							\
	}								\
	for (__k = 0; __k < OTHERS_SIZE; __k++)				\
		__left += (there)[__k] & 1;				\
	EXPECT_GE(__held, __left);					\
} while (0)

/*
 * While the scan stands still before its second and its third window, others
 * write, map, read and append: what they have a hand in is none of its business.
 */
TEST_F(cache, polite_among_others)
{
	const size_t ps = page_size();
	unsigned char there[OTHERS_SIZE + 64];
	char path[MNT_DIR_MAX + 8];
	int writeback = set_writeback(0), fd, i;
	unsigned char *map;
	struct job j;

	snprintf(path, sizeof(path), "%s/big", self->mnt.dir);
	for (i = 0; i < 2; i++) {
		struct others o = { .at_end = i };
		struct listener l = { .answer = others_answer, .ctx = &o };
		size_t k, pages = i ? OTHERS_RANGE : OTHERS_SIZE;
		const char *why;

		o.fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		ASSERT_LE(0, o.fd);
		for (k = 0; k < pages; k++)
			ASSERT_EQ(ps, pwrite(o.fd, text + k % 64 * ps, ps,
					     k * ps));
		ASSERT_EQ(0, fsync(o.fd));
		ASSERT_EQ(0, posix_fadvise(o.fd, 0, 0, POSIX_FADV_DONTNEED));
		ASSERT_EQ(0, posix_fadvise(o.fd, 0, 0, POSIX_FADV_RANDOM));
		drop_caches();
		others_step(&o);
		why = listener_start(&l, FAN_CLASS_CONTENT, FAN_ACCESS_PERM,
				     path);
		if (why)
			SKIP(return, "%s", why);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		ASSERT_LE(0, fd);
		job_init(&j, self->dev, self->filter, 0);
		job_file(&j, fd);
		j.flags = KSIFT_RUN_POLITE;
		j.to = OTHERS_RANGE * ps;
		/* Events of reads of its own may come in between. */
		o.step = 1;
		EXPECT_JOB(&j, job_run(&j));
		job_free(&j);
		listener_end(&l);
		EXPECT_LT(3, o.step);
		EXPECT_EQ(0, o.error);
		map = mmap(NULL, sizeof(there) * ps, PROT_READ, MAP_SHARED, fd, 0);
		ASSERT_NE(MAP_FAILED, map);
		memset(there, 0, sizeof(there));
		ASSERT_EQ(0, mincore(map, sizeof(there) * ps, there));
		EXPECT_OTHERS_KEPT(&o, there);
		munmap(map, sizeof(there) * ps);
		for (k = 0; k < ARRAY_SIZE(spans); k++)
			if (o.maps[k])
				munmap(o.maps[k], ps);
		close(fd);
		close(o.fd);
	}
	EXPECT_LE(0, writeback);
	set_writeback(writeback);
}

/* Integers, too, can be read politely; in part they are of no use. */
TEST_F(cache, sums)
{
	struct ksift_sum_i64 sum = { .size = sizeof(sum) }, polite = sum;
	struct ksift_run run;
	struct rng rng;

	ASSERT_EQ(0, stay_on_cpu());
	rng_init(&rng, 9);
	SET_CACHE(MAP_HALF, &rng);
	run_init(&run, KSIFT_KERNEL_SUM_I64, &polite);
	run_from_file(&run, self->fd);
	run.flags = KSIFT_RUN_CACHED;
	EXPECT_ERRNO(EOPNOTSUPP, ksift_run(self->dev, &run));
	run.flags = KSIFT_RUN_POLITE;
	EXPECT_OK(ksift_run(self->dev, &run));
	EXPECT_SAME_CACHE("sum");
	run_init(&run, KSIFT_KERNEL_SUM_I64, &sum);
	run_from_file(&run, self->fd);
	EXPECT_OK(ksift_run(self->dev, &run));
	EXPECT_EQ(0, memcmp(&sum, &polite, sizeof(sum)));
	EXPECT_EQ(SIZE / 8, sum.out_count);
}

/* A hole is nowhere, and takes no time. */
TEST_F(cache, holes)
{
	const __u64 size = 1ULL << 36;
	struct seen seen = { .absent = 0 };
	struct job j;

	ASSERT_EQ(0, stay_on_cpu());
	SET_CACHE(MAP_ALL, NULL);
	ASSERT_EQ(0, ftruncate(self->fd, size));
	/* The last page was written again, and is still there. */
	job_init(&j, self->dev, self->filter, 0);
	job_file(&j, self->fd);
	j.flags = KSIFT_RUN_CACHED;
	EXPECT_JOB(&j, job_run(&j));
	EXPECT_EQ(size - self->pages * page_size(), j.absent);
	EXPECT_EQ(1, j.cut);
	EXPECT_EQ(oracle_of_text.n - 1, j.total);
	job_free(&j);
	ASSERT_EQ(0, fsync(self->fd));
	SET_CACHE(MAP_NONE, NULL);
	job_init(&j, self->dev, self->filter, 0);
	job_file(&j, self->fd);
	j.flags = KSIFT_RUN_POLITE;
	EXPECT_JOB(&j, job_run(&j));
	EXPECT_EQ(oracle_of_text.n, j.total);
	EXPECT_EQ(oracle_selected(&oracle_of_text), j.selected);
	EXPECT_SAME_CACHE("hole");
	job_free(&j);
	seen.absent = size;
	job_init(&j, self->dev, self->filter, 0);
	job_file(&j, self->fd);
	j.flags = KSIFT_RUN_CACHED;
	EXPECT_JOB(&j, check_seen(&j, &seen));
	job_free(&j);
}

/* Where the page cache is not looked at, nothing is promised. */
TEST_F(cache, elsewhere)
{
	static const __u32 flags[] = { KSIFT_RUN_CACHED, KSIFT_RUN_POLITE };
	const char *why = mnt_make(&self->over, "ramfs", NULL, 0);
	unsigned int i;
	struct job j;
	int fd;

	if (why)
		SKIP(return, "%s", why);
	fd = tmp_file_in(self->over.dir);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, write_all(fd, text, SIZE));
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		job_init(&j, self->dev, self->filter, 0);
		job_file(&j, fd);
		j.flags = flags[i];
		EXPECT_EQ(-1, job_call(&j));
		EXPECT_EQ(EOPNOTSUPP, errno);
		job_free(&j);
	}
	close(fd);
}

/* Pages come and go. */
struct churn {
	int fd;
	bool stop;
};

static void *churn(void *arg)
{
	struct churn *c = arg;
	struct rng rng;

	rng_init(&rng, 10);
	while (!__atomic_load_n(&c->stop, __ATOMIC_RELAXED)) {
		__u64 at = rng_below(&rng, SIZE);
		size_t len = rng_below(&rng, 40 * page_size());

		if (rng_below(&rng, 2))
			posix_fadvise(c->fd, at, len, POSIX_FADV_DONTNEED);
		else
			posix_fadvise(c->fd, at, len, POSIX_FADV_WILLNEED);
	}
	return NULL;
}

/* Is all that was given out in the file, as lines or as beginnings of long ones? */
static bool all_lines(const struct job *j, __u64 *parts)
{
	size_t pos = 0, k;

	for (k = 0; k < j->nrec; k++) {
		const struct ksift_record *rec = &j->rec[k];
		const unsigned char *nl;
		size_t len;

		nl = memchr(j->text + pos, '\n', j->text_len - pos);
		if (!nl)
			return false;
		len = nl - (j->text + pos);
		if (memcmp(j->text + pos, text + rec->offset, len))
			return false;
		if (rec->offset && text[rec->offset - 1] != '\n')
			return false;
		if (text[rec->offset + len] != '\n' && rec->offset + len < SIZE) {
			++*parts;
			/* Whatever is shorter is given out at once. */
			nl = memchr(text + rec->offset, '\n',
				    SIZE - rec->offset);
			if (nl && nl - text - rec->offset < TEXT_CAP)
				return false;
		}
		pos += len + 1;
	}
	return pos == j->text_len;
}

TEST_F(cache, churn)
{
	struct churn c = { .fd = self->fd };
	unsigned long rounds = ksift_rounds(16, 5000), i;
	__u64 parts = 0, selected = 0;
	pthread_t thread;
	struct job j;

	ASSERT_EQ(0, pthread_create(&thread, NULL, churn, &c));
	for (i = 0; i < rounds && __test_passed(_metadata); i++) {
		job_init(&j, self->dev, self->filter, 0);
		job_file(&j, self->fd);
		j.flags = i % 8 ? KSIFT_RUN_CACHED : KSIFT_RUN_POLITE;
		j.racing = true;
		j.text_cap = i % 2 ? SIZE : TEXT_CAP;
		j.records_cap = SIZE / 64;
		if (j.flags == KSIFT_RUN_POLITE) {
			j.text_cap = 2 * SIZE;
			EXPECT_JOB(&j, job_run_check(&j, &oracle_of_text));
		} else {
			EXPECT_JOB(&j, job_run(&j));
			EXPECT_EQ(j.bytes, j.walked);
		}
		EXPECT_TRUE(all_lines(&j, &parts)) {
			TH_LOG("round %lu", i);
		}
		EXPECT_GE(SIZE, j.total_bytes);
		selected += j.selected;
		job_free(&j);
	}
	__atomic_store_n(&c.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	EXPECT_LT(0, selected);
	TH_LOG("%llu lines, %llu of them in part", selected, parts);
}

/*
 * A file that is larger than the memory: KSIFT_BIG names one whose lines are the
 * numbers from 1 on, as seq(1) writes them.
 */
struct big {
	int fd;
	size_t pages;
	__u64 size;
	__u64 lines;
	unsigned char *map;
	unsigned char *before;
	unsigned char *after;
};

/* Every so many pages, and a few: what can stay when the rest goes through. */
#define BIG_STEP 2048
#define BIG_RUN 37

static bool big_open(struct big *b, const char *path)
{
	char last[32] = "";
	struct stat st;

	b->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (b->fd < 0 || fstat(b->fd, &st) || st.st_size < 32)
		return false;
	b->size = st.st_size;
	b->pages = (b->size + page_size() - 1) / page_size();
	b->before = xmalloc(b->pages);
	b->after = xmalloc(b->pages);
	if (pread(b->fd, last, 31, b->size - 31) != 31)
		return false;
	last[30] = '\0';
	b->lines = strtoull(strrchr(last, '\n') + 1, NULL, 10);
	b->map = mmap(NULL, b->size, PROT_READ, MAP_SHARED, b->fd, 0);
	return b->map != MAP_FAILED;
}

static bool big_prepare(struct big *b)
{
	size_t i, k;
	char c;

	posix_fadvise(b->fd, 0, 0, POSIX_FADV_DONTNEED);
	posix_fadvise(b->fd, 0, 0, POSIX_FADV_RANDOM);
	drop_caches();
	for (i = 0; i + BIG_RUN < b->pages; i += BIG_STEP)
		for (k = 0; k < BIG_RUN; k++)
			if (pread(b->fd, &c, 1, (i + k) * page_size()) != 1)
				return false;
	posix_fadvise(b->fd, 0, 0, POSIX_FADV_NORMAL);
	return !mincore(b->map, b->size, b->before);
}

/* Pages that came or went since. */
static size_t big_changed(struct big *b, size_t *there)
{
	size_t i, n = 0;

	*there = 0;
	if (mincore(b->map, b->size, b->after))
		return SIZE_MAX;
	for (i = 0; i < b->pages; i++) {
		*there += b->before[i] & 1;
		n += (b->before[i] ^ b->after[i]) & 1;
	}
	return n;
}

TEST(more_than_memory)
{
	const char *path = getenv("KSIFT_BIG");
	__u64 reads, memory = (__u64)sysconf(_SC_PHYS_PAGES) * page_size();
	int dev = ksift_open(), filter;
	size_t there, changed, i;
	struct big b = { 0 };
	struct job j;

	ASSERT_EQ(0, stay_on_cpu());
	if (!path)
		SKIP(return, "KSIFT_BIG does not name a large file");
	ASSERT_TRUE(big_open(&b, path));
	ASSERT_LT(memory, b.size);
	filter = filter_literals(dev, 0, 1, "0000000");
	ASSERT_LE(0, filter);
	ASSERT_TRUE(big_prepare(&b));
	for (i = there = 0; i < b.pages; i++)
		there += b.before[i] & 1;
	ASSERT_LT(BIG_RUN, there);

	reads = disk_reads(b.fd);
	job_init(&j, dev, filter, 0);
	job_file(&j, b.fd);
	j.flags = KSIFT_RUN_CACHED;
	EXPECT_JOB(&j, job_run(&j));
	EXPECT_EQ(reads, disk_reads(b.fd));
	EXPECT_EQ(0, big_changed(&b, &there));
	EXPECT_EQ(b.size, j.absent + there * page_size());
	EXPECT_GT(b.lines, j.total);
	TH_LOG("cached: %zu pages were there, %llu lines, %llu cut", there,
	       j.total, j.cut);
	job_reset(&j);

	j.flags = KSIFT_RUN_POLITE;
	EXPECT_JOB(&j, job_run(&j));
	EXPECT_EQ(0, big_changed(&b, &there));
	EXPECT_LE(b.size - (there + 1) * page_size(), disk_reads(b.fd) - reads);
	EXPECT_EQ(b.lines, j.total);
	EXPECT_EQ(b.lines / 10000000, j.selected);
	job_reset(&j);

	/* The same without it, so that this is known to show something. */
	j.flags = 0;
	EXPECT_JOB(&j, job_run(&j));
	changed = big_changed(&b, &there);
	EXPECT_EQ(b.lines, j.total);
	EXPECT_LT(1000, changed);
	TH_LOG("without either: %zu pages came or went", changed);
	job_free(&j);
}

TEST_HARNESS_MAIN
