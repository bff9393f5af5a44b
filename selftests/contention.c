// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scans beside others: scans of the same file, whoever reads it ahead, and a
 * writer that stands still in the middle of its write().
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <poll.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <time.h>
#include <linux/userfaultfd.h>

#include "lines_oracle.h"
#include "source_mount.h"

#define KIB 1024UL
#define MIB (1024UL * KIB)

/* Half of what a loop device of the fixture holds. */
#define SIZE (32 * MIB)
#define THREADS 4

/* Small, so that reading ahead happens all the time. */
#define READ_AHEAD_KIB 16

FIXTURE(contention)
{
	int dev;
	int filter;
	int fd;
	unsigned char *text;
	struct ofilter patterns;
	struct mnt mnt;
};

FIXTURE_VARIANT(contention)
{
	const char *type;
	__u64 image;
};

FIXTURE_VARIANT_ADD(contention, ext4) { .type = "ext4", .image = 64 * MIB };
FIXTURE_VARIANT_ADD(contention, xfs) { .type = "xfs", .image = 320 * MIB };
FIXTURE_VARIANT_ADD(contention, tmpfs) { .type = "tmpfs" };

FIXTURE_SETUP(contention)
{
	struct rng rng;
	const char *why;
	size_t n = 0;

	self->filter = -1;
	self->fd = -1;
	self->text = NULL;
	self->mnt.mounted = false;
	self->dev = ksift_open();
	why = mnt_begin();
	if (!why)
		why = mnt_make(&self->mnt, variant->type, NULL, variant->image);
	if (why)
		SKIP(return, "%s", why);
	memset(&self->patterns, 0, sizeof(self->patterns));
	ofilter_adds(&self->patterns, "needle", 0, 0);
	self->filter = ofilter_open(self->dev, &self->patterns);
	ASSERT_LE(0, self->filter);
	rng_init(&rng, 61);
	self->text = xmalloc(SIZE);
	while (n < SIZE) {
		size_t len = 20 + rng_below(&rng, 300);

		if (len > SIZE - n)
			len = SIZE - n;
		memset(self->text + n, 'a' + len % 26, len);
		if (len > 6 && !rng_below(&rng, 1000))
			memcpy(self->text + n, "needle", 6);
		self->text[n + len - 1] = '\n';
		n += len;
	}
}

FIXTURE_TEARDOWN(contention)
{
	free(self->text);
	close(self->fd);
	mnt_undo(&self->mnt);
	close(self->filter);
	close(self->dev);
}

/* The first @size bytes of the text in a file, on disk and in the cache. */
#define MAKE_FILE(size) do {						\
	self->fd = tmp_file_in(self->mnt.dir);				\
	ASSERT_LE(0, self->fd);						\
	ASSERT_EQ(0, write_all(self->fd, self->text, size));		\
	ASSERT_EQ(0, fsync(self->fd));					\
} while (0)

/* What the file's device reads ahead.  0, or -1 with errno. */
static int set_read_ahead(int fd, unsigned int kib)
{
	struct stat st;
	char path[64];
	FILE *f;

	if (fstat(fd, &st))
		return -1;
	snprintf(path, sizeof(path), "/sys/class/bdi/%u:%u/read_ahead_kb",
		 major(st.st_dev), minor(st.st_dev));
	f = fopen(path, "w");
	if (!f)
		return -1;
	fprintf(f, "%u\n", kib);
	return fclose(f);
}

/* A thread with a range of its own. */
struct scanner {
	pthread_t thread;
	pthread_barrier_t *start;
	struct job j;
	int ret;
};

static void *scan_range(void *arg)
{
	struct scanner *s = arg;

	pthread_barrier_wait(s->start);
	s->ret = job_run(&s->j);
	return NULL;
}

/*
 * All bytes that the range [@from, @to) has to look at: its own, the one before,
 * which tells whether a line begins with it, and the rest of its last line.
 */
static __u64 bytes_of(const unsigned char *text, __u64 from, __u64 to)
{
	__u64 end = to;

	while (end < SIZE && text[end - 1] != '\n')
		end++;
	return end - from + !!from;
}

/* What the scans of all ranges came to. */
struct total {
	__u64 wanted;
	__u64 bytes;
	__u64 walked;
	__u64 lines;
	__u64 selected;
	char why[256];
};

/* The file in ranges, one each for so many threads.  0, or -1 with @why. */
static int scan_in_ranges(int dev, int filter, int fd, size_t text_cap,
			  const unsigned char *text, struct total *t)
{
	struct scanner s[THREADS];
	pthread_barrier_t start;
	unsigned int i;
	int ret = 0;

	memset(t, 0, sizeof(*t));
	pthread_barrier_init(&start, NULL, THREADS);
	for (i = 0; i < THREADS; i++) {
		struct job *j = &s[i].j;

		s[i].start = &start;
		job_init(j, dev, filter, 0);
		job_file(j, fd);
		j->text_cap = text_cap;
		j->from = SIZE / THREADS * i;
		j->to = SIZE / THREADS * (i + 1);
		if (pthread_create(&s[i].thread, NULL, scan_range, &s[i]))
			abort();
	}
	for (i = 0; i < THREADS; i++) {
		struct job *j = &s[i].j;

		pthread_join(s[i].thread, NULL);
		if (s[i].ret) {
			snprintf(t->why, sizeof(t->why), "%s", j->why);
			ret = -1;
		}
		t->wanted += bytes_of(text, j->from, j->to);
		t->bytes += j->bytes;
		t->walked += j->walked;
		t->lines += j->total;
		t->selected += j->selected;
		job_free(j);
	}
	pthread_barrier_destroy(&start);
	return ret;
}

#define EXPECT_ONCE(o, text_cap, round) do {				\
	struct total __t;						\
									\
	EXPECT_EQ(0, scan_in_ranges(self->dev, self->filter, self->fd,	\
				    text_cap, self->text, &__t)) {	\
		TH_LOG("round %lu: %s", round, __t.why);			\
	}								\
	EXPECT_EQ((o)->n, __t.lines);					\
	EXPECT_EQ(oracle_selected(o), __t.selected);			\
	EXPECT_GE(__t.wanted, __t.bytes) {				\
		TH_LOG("round %lu: looked at more than once", round);	\
	}								\
	EXPECT_EQ(__t.bytes, __t.walked) {				\
		TH_LOG("round %lu: copied in part", round);			\
	}								\
} while (0)

/*
 * Threads that scan a file that is not cached read it ahead for one another, and
 * none takes that for somebody who cuts the file: no byte is looked at twice, and
 * none is copied.
 */
TEST_F(contention, cold)
{
	const unsigned long rounds = ksift_rounds(4, 40);
	struct oracle o;
	unsigned long i;

	/* What is in tmpfs is never cold. */
	if (!variant->image)
		return;
	MAKE_FILE(SIZE);
	ASSERT_OK(set_read_ahead(self->fd, READ_AHEAD_KIB));
	oracle_init(&o, &self->patterns, self->text, SIZE);
	for (i = 0; i < rounds; i++) {
		ASSERT_EQ(0, posix_fadvise(self->fd, 0, 0,
					   POSIX_FADV_DONTNEED));
		EXPECT_ONCE(&o, i % 2 ? 2 * MIB : 0, i);
	}
	oracle_free(&o);
}

struct ahead {
	int fd;
	atomic_bool stop;
	atomic_ulong rounds;
};

static void *read_ahead(void *arg)
{
	struct ahead *a = arg;

	while (!atomic_load(&a->stop)) {
		posix_fadvise(a->fd, 0, SIZE, POSIX_FADV_WILLNEED);
		atomic_fetch_add(&a->rounds, 1);
	}
	return NULL;
}

/*
 * Whoever reads ahead holds invalidate_lock while the pages are put in place, and
 * this one does so nearly all the time.
 */
TEST_F(contention, beside_readahead)
{
	const unsigned long rounds = ksift_rounds(4, 40);
	struct ahead a = { .fd = -1 };
	pthread_t thread;
	struct oracle o;
	unsigned long i;

	MAKE_FILE(SIZE);
	oracle_init(&o, &self->patterns, self->text, SIZE);
	a.fd = self->fd;
	ASSERT_EQ(0, pthread_create(&thread, NULL, read_ahead, &a));
	for (i = 0; i < rounds; i++) {
		EXPECT_ONCE(&o, i % 2 ? 2 * MIB : 0, i);
	}
	atomic_store(&a.stop, true);
	pthread_join(thread, NULL);
	EXPECT_LT(0, atomic_load(&a.rounds));
	oracle_free(&o);
}

/* A write() that waits for its caller's memory, and holds the file's lock. */
struct stuck {
	int fd;
	int uffd;
	void *page;
	off_t at;
	ssize_t written;
	int error;
	pthread_t thread;
};

static void *write_stuck(void *arg)
{
	struct stuck *s = arg;

	s->written = pwrite(s->fd, s->page, page_size(), s->at);
	s->error = errno;
	return NULL;
}

/* NULL when it stands still, or why it cannot. */
static const char *stuck_begin(struct stuck *s)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct pollfd pfd = { .events = POLLIN };
	struct uffd_msg msg;

	s->uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (s->uffd < 0)
		return "no userfaultfd";
	s->page = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	reg.range.start = PTR_U64(s->page);
	reg.range.len = page_size();
	if (s->page == MAP_FAILED || ioctl(s->uffd, UFFDIO_API, &api) ||
	    ioctl(s->uffd, UFFDIO_REGISTER, &reg)) {
		close(s->uffd);
		return "userfaultfd takes no memory";
	}
	if (pthread_create(&s->thread, NULL, write_stuck, s)) {
		close(s->uffd);
		return "no thread";
	}
	pfd.fd = s->uffd;
	if (poll(&pfd, 1, 60000) == 1 &&
	    read(s->uffd, &msg, sizeof(msg)) == sizeof(msg) &&
	    msg.event == UFFD_EVENT_PAGEFAULT)
		return NULL;
	close(s->uffd);
	pthread_join(s->thread, NULL);
	return "this kernel waits for no fault in a write()";
}

/* It goes on, and has written what it should.  0, or -1. */
static int stuck_end(struct stuck *s)
{
	struct uffdio_copy copy = {
		.dst = PTR_U64(s->page), .len = page_size(),
	};
	char *data = xmalloc(page_size());
	int ret;

	memset(data, '\n', page_size());
	copy.src = PTR_U64(data);
	ret = ioctl(s->uffd, UFFDIO_COPY, &copy);
	/* What is not there now is so for good, and the write ends. */
	close(s->uffd);
	pthread_join(s->thread, NULL);
	munmap(s->page, page_size());
	free(data);
	return ret || s->written != page_size() ? -1 : 0;
}

/* How many bytes of a file, which is whole pages, are not cached. */
static size_t absent_bytes(int fd, size_t size)
{
	void *map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	unsigned char *vec = xmalloc(size / page_size());
	size_t i, n = 0;

	if (map == MAP_FAILED || mincore(map, size, vec))
		abort();
	munmap(map, size);
	for (i = 0; i < size / page_size(); i++)
		n += !(vec[i] & 1);
	free(vec);
	return n * page_size();
}

/* One job in a thread, which is not waited for forever. */
struct timed {
	struct job j;
	const struct oracle *o;
	sem_t done;
	pthread_t thread;
	int ret;
};

static void *run_timed(void *arg)
{
	struct timed *t = arg;

	t->ret = job_run(&t->j);
	if (!t->ret && t->j.flags != KSIFT_RUN_CACHED)
		t->ret = job_check(&t->j, t->o);
	sem_post(&t->done);
	return NULL;
}

/* Far more than a scan of a few MiB takes, on the slowest machine. */
#define PATIENCE 30

static bool in_time(sem_t *done)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE;
	while (sem_timedwait(done, &until))
		if (errno != EINTR)
			return false;
	return true;
}

#define SMALL (4 * MIB)
#define GAP_FROM MIB
/* As long as the least that a scan would call a hole. */
#define GAP (64 * KIB)

enum gap { GAP_ABSENT, GAP_MARKED, GAP_NONE, GAPS };

static const char * const gap_names[] = {
	"absent in the middle", "read ahead in part", "cached",
};

/*
 * A writer that holds the file's i_rwsem until we let it go on.  A scan of what
 * was there before neither waits for it nor makes it wait.
 *
 * What has to be read with the file system's own read is no part of this: xfs
 * takes that lock for it.  What is absent is read ahead, which takes none; in
 * tmpfs, which has no such thing, it is a hole, and read without a lock.
 */
TEST_F(contention, stuck_writer)
{
	static const __u32 flags[] = { 0, KSIFT_RUN_POLITE, KSIFT_RUN_CACHED };
	const bool disk = variant->image;
	unsigned int gap, f, text;
	size_t i, pages, absent;
	struct oracle o;

	self->text[SMALL - 1] = '\n';
	if (!disk) {
		memset(self->text + GAP_FROM, 0, GAP);
		self->text[GAP_FROM - 1] = '\n';
	}
	oracle_init(&o, &self->patterns, self->text, SMALL);
	MAKE_FILE(SMALL);
	if (!disk)
		ASSERT_OK(fallocate(self->fd, FALLOC_FL_PUNCH_HOLE |
				    FALLOC_FL_KEEP_SIZE, GAP_FROM, GAP));
	for (gap = 0; gap < GAPS; gap++)
	for (f = 0; f < ARRAY_SIZE(flags); f++)
	for (text = 0; text < 2; text++) {
		struct stuck s = { .fd = self->fd, .at = SMALL };
		struct timed t = { .o = &o };
		const char *why;
		bool ended;
		char c;

		if (gap == GAP_MARKED && !disk)
			continue;
		ASSERT_EQ(0, ftruncate(self->fd, SMALL));
		ASSERT_EQ(0, fsync(self->fd));
		/* Page by page, so that a part can be dropped, or in order. */
		posix_fadvise(self->fd, 0, 0, POSIX_FADV_DONTNEED);
		posix_fadvise(self->fd, 0, 0, gap == GAP_MARKED ?
			      POSIX_FADV_NORMAL : POSIX_FADV_RANDOM);
		pages = gap == GAP_MARKED ? 40 : SMALL / page_size();
		for (i = 0; i < pages; i++)
			ASSERT_EQ(1, pread(self->fd, &c, 1, i * page_size()));
		if (gap == GAP_ABSENT)
			posix_fadvise(self->fd, GAP_FROM, GAP,
				      POSIX_FADV_DONTNEED);
		absent = absent_bytes(self->fd, SMALL);
		if (disk)
			ASSERT_EQ(gap == GAP_ABSENT, absent == GAP);
		ASSERT_EQ(gap == GAP_NONE && disk, absent == 0);
		why = stuck_begin(&s);
		if (why)
			SKIP(return, "%s", why);
		sem_init(&t.done, 0, 0);
		job_init(&t.j, self->dev, self->filter, 0);
		job_file(&t.j, self->fd);
		t.j.flags = flags[f];
		t.j.to = SMALL;
		t.j.text_cap = text ? 2 * MIB : 0;
		ASSERT_EQ(0, pthread_create(&t.thread, NULL, run_timed, &t));
		ended = in_time(&t.done);
		EXPECT_TRUE(ended) {
			TH_LOG("%s, flags %u, %s: waits for the writer",
			       gap_names[gap], flags[f],
			       text ? "text" : "count");
		}
		EXPECT_EQ(0, stuck_end(&s)) {
			TH_LOG("write: %zd, %s", s.written, strerror(s.error));
		}
		pthread_join(t.thread, NULL);
		EXPECT_JOB(&t.j, t.ret, "%s", gap_names[gap]);
		/* What is on its way in is there by now. */
		if (flags[f] == KSIFT_RUN_CACHED && gap == GAP_MARKED) {
			EXPECT_GE(absent, t.j.absent);
			EXPECT_LT(0, t.j.absent);
		} else if (flags[f] == KSIFT_RUN_CACHED) {
			EXPECT_EQ(absent, t.j.absent);
		}
		job_free(&t.j);
		/* The next would take as long to say the same. */
		if (!ended)
			break;
	}
	oracle_free(&o);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

#define APPENDS 200
#define APPEND_BYTES (16 * KIB)

/* Seconds that all but one in a hundred appends take, or -1. */
static double append_p99(int fd, const unsigned char *data)
{
	double took[APPENDS];
	size_t i;

	for (i = 0; i < APPENDS; i++) {
		double start = now();

		if (write(fd, data, APPEND_BYTES) != APPEND_BYTES)
			return -1;
		took[i] = now() - start;
		usleep(1000);
	}
	qsort(took, APPENDS, sizeof(*took), by_value);
	return took[APPENDS - APPENDS / 100 - 1];
}

/* Reads the file's beginning again and again, and drops it each time. */
struct rescan {
	int dev;
	int filter;
	int fd;
	atomic_bool stop;
	unsigned long rounds;
	int ret;
	char why[256];
};

static void *rescan(void *arg)
{
	struct rescan *r = arg;

	while (!atomic_load(&r->stop) && !r->ret) {
		struct job j;

		posix_fadvise(r->fd, 0, SMALL, POSIX_FADV_DONTNEED);
		job_init(&j, r->dev, r->filter, 0);
		job_file(&j, r->fd);
		j.to = SMALL;
		j.flags = r->rounds++ % 2 ? KSIFT_RUN_POLITE : 0;
		r->ret = job_run(&j);
		snprintf(r->why, sizeof(r->why), "%s", j.why);
		job_free(&j);
	}
	return NULL;
}

/* A number in /proc/sys/vm, set unless it is negative.  What it was, or -1. */
static long set_vm(const char *name, long value)
{
	char path[64];
	long was = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/sys/vm/%s", name);
	f = fopen(path, "r+");
	if (f && fscanf(f, "%ld", &was) == 1 && value >= 0) {
		rewind(f);
		fprintf(f, "%ld\n", value);
	}
	if (f)
		fclose(f);
	return was;
}

/* How much longer an append may take, on a machine that does other things, too. */
#define APPEND_TIMES 10
#define APPEND_SECONDS 0.5

#define APPEND_ROUNDS 3

/*
 * One who appends to a file under a limit of dirty pages waits for its disk, with
 * the file's lock held.  That it is scanned meanwhile costs no more than the
 * processor's time.  The middle of several rounds counts.
 */
TEST_F(contention, appender)
{
	double alone[APPEND_ROUNDS], scanned[APPEND_ROUNDS];
	struct rescan r = { .fd = -1 };
	long ratio, bytes;
	char path[64];
	int fd, i;

	MAKE_FILE(SMALL);
	r.dev = self->dev;
	r.filter = self->filter;
	r.fd = self->fd;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->fd);
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	ASSERT_LE(0, fd);
	/* Setting one of these two clears the other. */
	ratio = set_vm("dirty_ratio", -1);
	bytes = set_vm("dirty_bytes", 2 * MIB);
	EXPECT_LE(0, ratio);
	EXPECT_LE(0, bytes);
	for (i = 0; i < APPEND_ROUNDS; i++) {
		pthread_t thread;

		EXPECT_EQ(0, ftruncate(fd, SMALL));
		alone[i] = append_p99(fd, self->text);
		EXPECT_EQ(0, ftruncate(fd, SMALL));
		atomic_store(&r.stop, false);
		ASSERT_EQ(0, pthread_create(&thread, NULL, rescan, &r));
		scanned[i] = append_p99(fd, self->text);
		atomic_store(&r.stop, true);
		pthread_join(thread, NULL);
		EXPECT_TRUE(alone[i] >= 0 && scanned[i] >= 0);
	}
	if (ratio > 0)
		set_vm("dirty_ratio", ratio);
	else
		set_vm("dirty_bytes", bytes);
	close(fd);
	EXPECT_EQ(0, r.ret) {
		TH_LOG("%s", r.why);
	}
	EXPECT_LT(APPEND_ROUNDS, r.rounds);
	qsort(alone, APPEND_ROUNDS, sizeof(*alone), by_value);
	qsort(scanned, APPEND_ROUNDS, sizeof(*scanned), by_value);
	EXPECT_TRUE(scanned[APPEND_ROUNDS / 2] <= APPEND_SECONDS +
		    APPEND_TIMES * alone[APPEND_ROUNDS / 2]);
	TH_LOG("99 %% of appends took %.1f ms alone, %.1f ms beside %lu scans",
	       alone[APPEND_ROUNDS / 2] * 1e3,
	       scanned[APPEND_ROUNDS / 2] * 1e3, r.rounds);
}

TEST_HARNESS_MAIN
