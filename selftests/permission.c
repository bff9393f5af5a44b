// SPDX-License-Identifier: GPL-2.0-only
/*
 * No open doors: what RUN may give out of a file, and what it may tell of it,
 * when somebody listens who denies, or the caller is nobody special; and what
 * others notice of a RUN.
 *
 * A byte is used only after its window, 512 pages at a time, was allowed on the
 * caller's own file.  One event allows one window at most, whatever the kernel and
 * the way in, so what is given out never reaches past as many windows as events
 * were allowed.
 */
#include "lines_oracle.h"
#include "listener.h"
#include "source_mount.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define KIB 1024UL
#define MIB (1024UL * KIB)

#define WINDOW (512 * page_size())

/* Three windows, the last in part. */
#define SIZE (4 * MIB + 300 * KIB + 17)

#define TEXT_CAP 4096
#define RECORDS_CAP 16

/* Every window as full as the others, one line over most, and mostly a hole. */
enum layout { SHORT_LINES, LONG_LINE, HOLE, LAYOUTS };

#define LONG_FROM (700 * KIB)
#define LONG_TO (4 * MIB + 100 * KIB)

struct content {
	enum layout layout;
	unsigned char *data;
	struct ofilter filter;
	struct oracle oracle;
};

static void content_init(struct content *c, enum layout layout)
{
	const size_t window = WINDOW;
	size_t n = 0, i;
	struct rng rng;

	rng_init(&rng, 91);
	memset(c, 0, sizeof(*c));
	c->layout = layout;
	c->data = xmalloc(SIZE);
	while (n < SIZE) {
		size_t len = rng_below(&rng, 100);
		bool match = rng_below(&rng, 2);

		if (!rng_below(&rng, 200))
			len = rng_below(&rng, 9000);
		for (i = 0; i < len && n < SIZE; i++)
			c->data[n++] = match && i < 6 ? "needle"[i] :
					      'a' + (i + len) % 26;
		if (n < SIZE)
			c->data[n++] = '\n';
	}
	/* A line lies across each window's end. */
	for (i = window; i < SIZE; i += window) {
		memset(c->data + i - 30, '.', 60);
		c->data[i - 30] = '\n';
		memcpy(c->data + i - 29, "needle", 6);
	}
	if (layout != SHORT_LINES) {
		memset(c->data + LONG_FROM, layout == HOLE ? 0 : 'n',
		       LONG_TO - LONG_FROM);
		memcpy(c->data + LONG_FROM - 20, "\nneedle", 7);
		c->data[LONG_TO] = '\n';
	}
	ofilter_adds(&c->filter, "needle", 0, 0);
	ofilter_adds(&c->filter, "@nowhere", 0, 0);
	oracle_init(&c->oracle, &c->filter, c->data, SIZE);
}

static void content_free(struct content *c)
{
	oracle_free(&c->oracle);
	free(c->data);
}

/* A new file with this content, its hole as such.  0, or -1 with errno. */
static int content_write(const struct content *c, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int ret = -1;

	if (fd < 0)
		return -1;
	if (c->layout == HOLE) {
		if (!write_all(fd, c->data, LONG_FROM) &&
		    !ftruncate(fd, SIZE) && lseek(fd, LONG_TO, SEEK_SET) > 0)
			ret = write_all(fd, c->data + LONG_TO, SIZE - LONG_TO);
	} else {
		ret = write_all(fd, c->data, SIZE);
	}
	if (!ret)
		ret = fsync(fd);
	close(fd);
	return ret;
}

/* How many pages of a file are cached; what does not exist is not. */
static long resident(int fd, size_t size)
{
	const size_t pages = (size + page_size() - 1) / page_size();
	unsigned char *vec = xmalloc(pages);
	void *map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	long n = -1;
	size_t i;

	if (map != MAP_FAILED && !mincore(map, size, vec))
		for (i = 0, n = 0; i < pages; i++)
			n += vec[i] & 1;
	if (map != MAP_FAILED)
		munmap(map, size);
	free(vec);
	return n;
}

static int read_all(int fd)
{
	char *buf = xmalloc(MIB);
	off_t pos;
	ssize_t n;

	for (pos = 0; (n = pread(fd, buf, MIB, pos)) > 0; pos += n)
		;
	free(buf);
	return n;
}

/* All of the file into the cache, or out of it.  0, or -1. */
static int set_cached(const char *path, bool cached)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return -1;
	ret = cached ? read_all(fd) :
	      posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	close(fd);
	return ret ? -1 : 0;
}

static const __u32 run_flags[] = { 0, KSIFT_RUN_CACHED, KSIFT_RUN_POLITE };

FIXTURE(permission)
{
	int dev;
	int filter;
	struct mnt mnt;
	char path[PATH_MAX];
	struct content content;
};

FIXTURE_VARIANT(permission)
{
	const char *type;
	__u64 image;
	/* Not where the cache is walked: no flags, and nothing is kept. */
	bool read;
	/* Its pages can be dropped. */
	bool disk;
};

FIXTURE_VARIANT_ADD(permission, ext4)
{
	.type = "ext4", .image = 64 * MIB, .disk = true,
};

FIXTURE_VARIANT_ADD(permission, xfs)
{
	.type = "xfs", .image = 320 * MIB, .disk = true,
};

FIXTURE_VARIANT_ADD(permission, tmpfs)
{
	.type = "tmpfs",
};

FIXTURE_VARIANT_ADD(permission, ramfs)
{
	.type = "ramfs", .read = true,
};

FIXTURE_SETUP(permission)
{
	const char *why;

	self->filter = -1;
	self->mnt.mounted = false;
	self->content.data = NULL;
	self->content.oracle.l = NULL;
	self->dev = ksift_open();
	why = mnt_begin();
	if (!why)
		why = mnt_make(&self->mnt, variant->type, NULL, variant->image);
	if (why)
		SKIP(return, "%s", why);
	ASSERT_OK(chmod(self->mnt.dir, 0755));
	snprintf(self->path, sizeof(self->path), "%s/log", self->mnt.dir);
}

FIXTURE_TEARDOWN(permission)
{
	content_free(&self->content);
	mnt_undo(&self->mnt);
	close(self->filter);
	close(self->dev);
}

#define MAKE_FILE(layout) do {						\
	content_free(&self->content);					\
	close(self->filter);						\
	content_init(&self->content, layout);				\
	self->filter = ofilter_open(self->dev, &self->content.filter);	\
	ASSERT_LE(0, self->filter);					\
	ASSERT_OK(content_write(&self->content, self->path));		\
} while (0)

#define LISTEN(l, class, mask) do {					\
	const char *__why = listener_start(l, class, mask, self->path);	\
									\
	if (__why)							\
		SKIP(return, "%s", __why);				\
} while (0)

/* One RUN: all that it may write to, poisoned. */
struct probe {
	struct ksift_run run;
	union {
		struct ksift_lines lines;
		struct ksift_sum_i64 sum;
	} args;
	__u64 counts[2];
	struct ksift_record records[RECORDS_CAP];
	unsigned char text[TEXT_CAP];
};

enum { WANT_TEXT = 1, WANT_RECORDS = 2, WANT_COUNTS = 4, WANT_TOTAL = 8,
	WANT_LEVELS = 16, WANTS = 32 };

static void probe_init(struct probe *p, int fd, __u32 flags)
{
	memset(p, POISON, sizeof(*p));
	run_init(&p->run, KSIFT_KERNEL_LINES, &p->args);
	run_from_file(&p->run, fd);
	p->run.flags = flags;
	p->run.out_bytes = POISON_U64;
	p->run.out_walked = POISON_U64;
	p->run.out_absent = POISON_U64;
	p->run.out_cut = POISON_U64;
	p->run.out_variant = POISON_U32;
}

static void probe_lines(struct probe *p, int filter, unsigned int wants)
{
	struct ksift_lines *lines = &p->args.lines;

	lines_init(lines, filter);
	if (wants & WANT_TEXT)
		lines_want_text(lines, p->text, sizeof(p->text));
	if (wants & WANT_RECORDS)
		lines_want_records(lines, p->records, RECORDS_CAP);
	if (wants & WANT_COUNTS) {
		lines->pattern_counts = PTR_U64(p->counts);
		lines->pattern_counts_cap = 2;
	}
	if (wants & WANT_TOTAL)
		lines->flags |= KSIFT_LINES_TOTAL;
	if (wants & WANT_LEVELS)
		lines->flags |= KSIFT_LINES_LEVELS;
	lines->out_selected = POISON_U64;
	lines->out_selected_bytes = POISON_U64;
	lines->out_total = POISON_U64;
	lines->out_total_bytes = POISON_U64;
	lines->out_text = POISON_U64;
	lines->out_records = POISON_U64;
	memset(lines->out_levels, POISON, sizeof(lines->out_levels));
}

/* In which state a call begins, from a line's start on that is at @pos. */
struct start {
	const char *name;
	__u32 flags;
	/* Of the line; -1: just past the end of the window that it begins in. */
	int skip;
	bool from_pos;
	bool only_cached;
};

#define RESUME(name) (KSIFT_RESUME_VALID | KSIFT_RESUME_##name)

static const struct start starts[] = {
	{ "from 0", 0 },
	{ "from a line", 0, .from_pos = true },
	{ "VALID", KSIFT_RESUME_VALID },
	{ "VALID|LIMIT", RESUME(LIMIT) },
	{ "INLINE", RESUME(INLINE) },
	{ "INLINE + 1", RESUME(INLINE), .skip = 1 },
	{ "INLINE + 29", RESUME(INLINE), .skip = 29 },
	{ "INLINE in the next window", RESUME(INLINE), .skip = -1 },
	{ "INLINE|LIMIT", RESUME(INLINE) | KSIFT_RESUME_LIMIT, .skip = 3 },
	{ "PENDING_NL", RESUME(PENDING_NL), .skip = 5 },
	{ "ABSENT", RESUME(ABSENT), .only_cached = true },
	{ "CUT", RESUME(CUT), .only_cached = true },
};

static void probe_start(struct probe *p, const struct start *s, __u64 pos)
{
	if (!s->flags) {
		p->run.from = s->from_pos ? pos : 0;
		return;
	}
	p->run.resume.flags = s->flags;
	p->run.resume.pos = pos;
	p->run.resume.skip = s->skip >= 0 ? s->skip :
			     (pos / WINDOW + 1) * WINDOW + 3 - pos;
}

/* Outputs of a call that used no byte: @text of them is an owed newline. */
static bool probe_used_nothing(const struct probe *p, __u64 text)
{
	const struct ksift_lines *lines = &p->args.lines;
	static const struct ksift_lines none;

	return !p->run.out_bytes && !p->run.out_walked && !p->run.out_absent &&
	       !p->run.out_cut && lines->out_text == text &&
	       !lines->out_selected && !lines->out_selected_bytes &&
	       !lines->out_total && !lines->out_total_bytes &&
	       !lines->out_records &&
	       !memcmp(lines->out_levels, none.out_levels,
		       sizeof(none.out_levels)) &&
	       (!text || p->text[0] == '\n') &&
	       mem_is(p->text + text, POISON, sizeof(p->text) - text) &&
	       mem_is(p->records, POISON, sizeof(p->records));
}

/*
 * A RUN on a file that nobody may read.  Some need no byte of it: the newline
 * that is owed, and no more lines where none may be given out.  0, or -1 with @why.
 */
static int probe_denied(struct probe *p, int dev, const struct start *s,
			const char **why)
{
	const __u32 inside = KSIFT_RESUME_INLINE | KSIFT_RESUME_PENDING_NL;
	const struct ksift_lines *lines = &p->args.lines;
	struct probe before = *p;
	bool owed = s->flags & KSIFT_RESUME_PENDING_NL && lines->text;
	bool nothing = !lines->max_lines && !s->only_cached &&
		       !(s->flags & inside) && !p->run.from;
	int expected = EPERM, ret;

	if (s->flags & inside && !lines->text)
		expected = EINVAL;
	else if (owed || nothing)
		expected = 0;
	errno = 0;
	ret = ksift_run(dev, &p->run);
	if ((ret ? errno : 0) != expected) {
		*why = ret ? strerror(errno) : "success";
		return -1;
	}
	if (!ret) {
		*why = "used something";
		return probe_used_nothing(p, owed) ? 0 : -1;
	}
	*why = "wrote something";
	return memcmp(&before, p, sizeof(*p)) ? -1 : 0;
}

/* The start of the line that lies across the end of window @i. */
static __u64 line_across(const struct content *c, unsigned int i)
{
	__u64 pos = (i + 1) * WINDOW;

	while (c->data[pos - 1] != '\n')
		pos--;
	return pos;
}

/* What is asked for together when there is no time for all of it. */
static const unsigned int some_wants[] = {
	0, WANT_TEXT, WANT_RECORDS, WANT_TEXT | WANT_RECORDS,
	WANT_COUNTS | WANT_TOTAL | WANT_LEVELS, WANTS - 1,
};

/* Is this among the combinations that are tried? */
static bool is_tried(unsigned int wants, unsigned int max, unsigned int window)
{
	size_t i;

	if (ksift_full())
		return true;
	for (i = 0; i < ARRAY_SIZE(some_wants); i++)
		if (some_wants[i] == wants)
			return (i + max) % 2 == window;
	return false;
}

/* All combinations of what can be asked of "lines", on an open file. */
#define EXPECT_ALL_DENIED(fd, state) do {				\
	static const __u64 maxes[] = { 0, 1, U64_MAX };			\
	unsigned int __f, __s, __m, __i, __wants, __bad = 0, __n = 0;	\
	const char *__why = "";						\
	struct probe *__p = xmalloc(sizeof(*__p));			\
									\
	for (__f = 0; __f < (variant->read ? 1 : 3); __f++)		\
	for (__s = 0; __s < ARRAY_SIZE(starts); __s++)			\
	for (__i = 0; __i < 2; __i++)					\
	for (__m = 0; __m < ARRAY_SIZE(maxes); __m++)			\
	for (__wants = 0; __wants < WANTS; __wants++) {			\
		const struct start *s = &starts[__s];			\
									\
		if (!is_tried(__wants, __m, __i))			\
			continue;					\
		if (s->only_cached &&					\
		    run_flags[__f] != KSIFT_RUN_CACHED)			\
			continue;					\
		probe_init(__p, fd, run_flags[__f]);			\
		probe_lines(__p, self->filter, __wants);		\
		__p->args.lines.max_lines = maxes[__m];			\
		probe_start(__p, s, line_across(&self->content, __i));	\
		__n++;							\
		if (!probe_denied(__p, self->dev, s, &__why))		\
			continue;					\
		if (++__bad > 5)					\
			continue;					\
		TH_LOG("%s, flags %u, %s, window %u, max %lld, wants %#x: %s",\
		       state, run_flags[__f], s->name, __i,		\
		       (long long)maxes[__m], __wants, __why);		\
	}								\
	EXPECT_EQ(0, __bad) {						\
		TH_LOG("%s: %u of %u", state, __bad, __n);		\
	}								\
	free(__p);							\
} while (0)

/* Integers of the file, in a state that their kernel knows. */
#define EXPECT_SUMS_DENIED(fd, state) do {				\
	static const __u32 flags[] = { 0, KSIFT_RUN_POLITE };		\
	unsigned int __f, __k;						\
									\
	for (__f = 0; __f < (variant->read ? 1 : 2); __f++)		\
	for (__k = 0; __k < 6; __k++) {					\
		const __u64 at = __k / 2 * (WINDOW - 3);		\
		struct probe p, before;					\
									\
		probe_init(&p, fd, flags[__f]);				\
		p.run.kernel = KSIFT_KERNEL_SUM_I64;			\
		p.args.sum.size = sizeof(p.args.sum);			\
		p.args.sum.flags = 0;					\
		if (__k % 2) {						\
			p.run.resume.flags = KSIFT_RESUME_VALID;	\
			p.run.resume.pos = at;				\
		} else {						\
			p.run.from = at;				\
		}							\
		before = p;						\
		EXPECT_ERRNO(EPERM, ksift_run(self->dev, &p.run));	\
		EXPECT_EQ(0, memcmp(&before, &p, sizeof(p))) {		\
			TH_LOG("%s, flags %u, %u", state, flags[__f], __k);\
		}							\
	}								\
} while (0)

/*
 * A listener that denies everything.  Nothing comes out, whatever is asked and
 * whether the file is cached or not, and nothing is brought in.
 */
TEST_F(permission, denied)
{
	struct listener l = { .allow = 0 };
	unsigned int layout;
	char byte;
	int fd;

	for (layout = 0; layout < LAYOUTS; layout++) {
		if (layout == LONG_LINE)
			continue;
		MAKE_FILE(layout);
		ASSERT_OK(set_cached(self->path, true));
		LISTEN(&l, FAN_CLASS_CONTENT, FAN_ACCESS_PERM);
		fd = open(self->path, O_RDONLY | O_CLOEXEC);
		ASSERT_LE(0, fd);
		/* This is known to show something. */
		EXPECT_ERRNO(EPERM, pread(fd, &byte, 1, 0));
		EXPECT_ALL_DENIED(fd, layout == HOLE ? "hole, cached" : "cached");
		EXPECT_SUMS_DENIED(fd, "cached");
		if (variant->disk) {
			ASSERT_OK(set_cached(self->path, false));
			ASSERT_EQ(0, resident(fd, SIZE));
			EXPECT_ALL_DENIED(fd, layout == HOLE ? "hole, absent" :
							       "absent");
			EXPECT_SUMS_DENIED(fd, "absent");
			EXPECT_EQ(0, resident(fd, SIZE));
		}
		EXPECT_LT(100, atomic_load(&l.asked));
		EXPECT_EQ(0, atomic_load(&l.broken));
		close(fd);
		listener_end(&l);
	}
}

/* Buffers for all, for less than a window, and for less than a long line. */
static const struct {
	size_t text, records;
	bool total;
} outputs[] = {
	{ 0, 0, false }, { 0, 0, true }, { SIZE + 1, 0, false },
	{ SIZE + 1, SIZE / 64, true }, { 0, SIZE / 64, false },
	{ MIB, 0, true },
};

static void poison_buffers(struct job *j)
{
	job_buffers(j);
	memset(j->tbuf, POISON, j->text_cap);
	memset(j->rbuf, POISON, j->records_cap * sizeof(*j->rbuf));
}

/* Calls until one fails, or the range is done.  0, or -1 with errno. */
static int job_until(struct job *j)
{
	do {
		if (j->calls >= j->max_calls)
			return JOB_FAIL(j, "no end after %llu calls", j->calls);
		poison_buffers(j);
		errno = 0;
		if (job_call(j))
			return -1;
	} while (!j->done);
	return 0;
}

/* Complete lines in the first @n windows. */
static __u64 lines_within(const struct content *c, unsigned long n)
{
	__u64 lines = 0;
	size_t i;

	for (i = 0; i < c->oracle.n; i++) {
		const struct oline *l = &c->oracle.l[i];

		lines += l->off + l->len + l->nl <= n * WINDOW;
	}
	return lines;
}

/*
 * A listener that allows the first @n accesses and then none: what is given out
 * lies within as many windows, the call that meets the denial ends with what was
 * done, the next fails and writes nothing, and when all is allowed again the
 * rest follows as if nothing had been.  0 when @n was enough, 1 when not, or -1.
 */
static int allow_some(struct job *j, struct listener *l,
		      const struct content *c, unsigned long n, bool exact)
{
	__u64 asked = atomic_load(&l->asked), reach;
	const unsigned long windows = (SIZE + WINDOW - 1) / WINDOW;
	int enough;

	j->signals = true;
	atomic_store(&l->allow, n);
	enough = !job_until(j);
	if (!enough && errno != EPERM)
		return j->why[0] ? -1 : JOB_FAIL(j, "%s", strerror(errno));
	asked = atomic_load(&l->asked) - asked;
	reach = j->resume.pos + j->resume.skip;
	if (reach > n * WINDOW)
		return JOB_FAIL(j, "%lu allowed, but given out up to %llu", n,
				reach);
	if (enough && asked < windows)
		return JOB_FAIL(j, "%llu asked for of %lu windows", asked,
				windows);
	if (!enough && (!mem_is(j->tbuf, POISON, j->text_cap) ||
			!mem_is(j->rbuf, POISON,
				j->records_cap * sizeof(*j->rbuf))))
		return JOB_FAIL(j, "%lu allowed, then a denied call wrote", n);
	if (!enough && exact && j->want_total &&
	    j->total != lines_within(c, n))
		return JOB_FAIL(j, "%lu allowed: %llu lines, not %llu", n,
				j->total, lines_within(c, n));
	atomic_store(&l->allow, LONG_MAX);
	j->why[0] = '\0';
	if ((!enough && job_until(j)) || job_check(j, &c->oracle))
		return -1;
	return !enough;
}

/*
 * Allowed up to each access in turn.  With short lines, all that was allowed is
 * given out, too.
 */
TEST_F(permission, allowed_in_part)
{
	unsigned int layout, f, i, cached;
	struct listener l = { .allow = 0 };
	struct job j;

	for (layout = 0; layout < LAYOUTS; layout++) {
		int fd;

		MAKE_FILE(layout);
		LISTEN(&l, FAN_CLASS_CONTENT, FAN_ACCESS_PERM);
		fd = open(self->path, O_RDONLY | O_CLOEXEC);
		ASSERT_LE(0, fd);
		for (cached = !variant->disk; cached < 2; cached++)
		for (f = 0; f < (variant->read ? 1 : 3); f++)
		for (i = 0; i < ARRAY_SIZE(outputs); i++) {
			const bool all = run_flags[f] == KSIFT_RUN_CACHED;
			unsigned long n;
			int ret = 1;

			/* What is absent is for another test. */
			if (all && (!cached || layout == HOLE))
				continue;
			if (!ksift_full() &&
			    i != (layout + 3 * f) % ARRAY_SIZE(outputs))
				continue;
			for (n = 0; ret > 0; n += 1 + n / 2) {
				atomic_store(&l.allow, LONG_MAX);
				ASSERT_OK(set_cached(self->path, cached));
				job_init(&j, self->dev, self->filter, 0);
				job_file(&j, fd);
				j.flags = run_flags[f];
				j.text_cap = outputs[i].text;
				j.records_cap = outputs[i].records;
				j.want_total = outputs[i].total;
				ret = allow_some(&j, &l, &self->content, n,
						 layout == SHORT_LINES &&
						 cached && !variant->read &&
						 j.text_cap != MIB);
				EXPECT_LE(0, ret)
					JOB_LOG(&j, "layout %u, cached %u",
						layout, cached);
				job_free(&j);
				ASSERT_GT(100000, n);
			}
		}
		EXPECT_EQ(0, atomic_load(&l.broken));
		close(fd);
		listener_end(&l);
	}
}

/* A range whose last line runs past its end into a window that is denied. */
TEST_F(permission, last_line)
{
	struct listener l = { .allow = 0 };
	unsigned int f, i, cached;
	struct oracle o;
	struct job j;
	__u64 across;
	int fd;

	MAKE_FILE(SHORT_LINES);
	across = line_across(&self->content, 0);
	oracle_init_part(&o, &self->content.filter, self->content.data, SIZE,
			 MIB, WINDOW - 1);
	LISTEN(&l, FAN_CLASS_CONTENT, FAN_ACCESS_PERM);
	fd = open(self->path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	for (cached = !variant->disk; cached < 2; cached++)
	for (f = 0; f < (variant->read ? 1 : 3); f++)
	for (i = 0; i < ARRAY_SIZE(outputs); i++) {
		const bool all = run_flags[f] == KSIFT_RUN_CACHED;

		if (all && !cached)
			continue;
		atomic_store(&l.allow, LONG_MAX);
		ASSERT_OK(set_cached(self->path, cached));
		job_init(&j, self->dev, self->filter, 0);
		job_file(&j, fd);
		j.signals = true;
		j.flags = run_flags[f];
		j.from = MIB;
		j.to = WINDOW - 1;
		j.text_cap = outputs[i].text;
		j.records_cap = outputs[i].records;
		j.want_total = true;
		/* Each read of its own asks, too; one access, one window. */
		atomic_store(&l.allow, 1);
		EXPECT_EQ(-1, job_until(&j));
		EXPECT_EQ(EPERM, errno)
			JOB_LOG(&j, "cached %u", cached);
		EXPECT_GE(across, j.resume.pos + j.resume.skip);
		if (cached && !variant->read) {
			EXPECT_EQ(across, j.resume.pos);
			EXPECT_EQ(o.n - 1, j.total);
		}
		EXPECT_TRUE(mem_is(j.tbuf, POISON, j.text_cap));
		j.why[0] = '\0';
		atomic_store(&l.allow, LONG_MAX);
		EXPECT_JOB(&j, job_until(&j));
		EXPECT_JOB(&j, job_check(&j, &o));
		job_free(&j);
	}
	close(fd);
	listener_end(&l);
	oracle_free(&o);
}

#define HOLE_SIZE (32 * MIB)

/* A line, a hole, and a line behind it. */
static int write_hole(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int ret = -1;

	if (fd < 0)
		return -1;
	if (pwrite(fd, "first\n", 6, 0) == 6 &&
	    pwrite(fd, "\nlast\n", 6, HOLE_SIZE - 6) == 6)
		ret = fsync(fd);
	close(fd);
	return ret;
}

/* A hole is passed in no time, but every window of it is asked for. */
TEST_F(permission, hole)
{
	struct listener l = { .allow = LONG_MAX };
	const long windows = HOLE_SIZE / WINDOW;
	struct ksift_sum_i64 sum;
	struct ksift_lines lines;
	struct ksift_run run;
	unsigned int f;
	long asked;
	int fd;

	MAKE_FILE(SHORT_LINES);
	ASSERT_OK(write_hole(self->path));
	LISTEN(&l, FAN_CLASS_CONTENT, FAN_ACCESS_PERM);
	fd = open(self->path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	for (f = 0; f < (variant->read ? 1 : 3); f++) {
		ASSERT_OK(set_cached(self->path, false));
		asked = atomic_load(&l.asked);
		run_init(&run, KSIFT_KERNEL_LINES, &lines);
		run_from_file(&run, fd);
		run.flags = run_flags[f];
		lines_init(&lines, self->filter);
		lines.flags = KSIFT_LINES_TOTAL;
		ASSERT_OK(run_lines(self->dev, &run, &lines));
		EXPECT_TRUE(run.resume.flags & KSIFT_RESUME_DONE);
		if (run.flags != KSIFT_RUN_CACHED) {
			EXPECT_EQ(3, lines.out_total);
		}
		EXPECT_LE(windows, atomic_load(&l.asked) - asked) {
			TH_LOG("flags %u", run.flags);
		}
		if (run.flags == KSIFT_RUN_CACHED)
			continue;
		ASSERT_OK(set_cached(self->path, false));
		asked = atomic_load(&l.asked);
		sum = (struct ksift_sum_i64){ .size = sizeof(sum) };
		run_init(&run, KSIFT_KERNEL_SUM_I64, &sum);
		run_from_file(&run, fd);
		run.flags = run_flags[f];
		ASSERT_OK(ksift_run(self->dev, &run));
		EXPECT_EQ(HOLE_SIZE / 8, sum.out_count);
		EXPECT_LE(windows, atomic_load(&l.asked) - asked) {
			TH_LOG("sum, flags %u", run.flags);
		}
	}
	EXPECT_EQ(0, atomic_load(&l.broken));
	close(fd);
	listener_end(&l);
}

/* Which parts of a file were asked for, and from where on it is denied. */
struct ranges {
	__u64 deny_from;
	__u64 deny_to;
	/* All up to here was allowed, without a gap. */
	atomic_ullong reached;
	atomic_bool no_range;
};

static bool allow_ranges(struct listener *l,
			 const struct fanotify_event_metadata *event)
{
	struct ranges *r = l->ctx;
	const char *p = (const char *)event + event->metadata_len;
	const char *end = (const char *)event + event->event_len;

	while (p + sizeof(struct listener_range) <= end) {
		const struct listener_range *range = (const void *)p;
		__u64 after = range->offset + range->count;

		if (range->info_type != LISTENER_INFO_RANGE) {
			p += range->len;
			continue;
		}
		if (range->offset < r->deny_to && after > r->deny_from)
			return false;
		if (range->offset <= atomic_load(&r->reached) &&
		    after > atomic_load(&r->reached))
			atomic_store(&r->reached, after);
		return true;
	}
	atomic_store(&r->no_range, true);
	return false;
}

/*
 * Who fills a file as it is read is told what is wanted of it, before it is used,
 * holes too: one that it denies in the middle of a hole ends the scan there.
 */
TEST_F(permission, pre_access)
{
	const __u64 window = WINDOW;
	struct ranges r = { 0 };
	struct listener l = { .answer = allow_ranges, .ctx = &r };
	struct ksift_lines lines;
	struct ksift_run run;
	unsigned int f;
	char text[64];
	int fd;

	/* Only these file systems let themselves be filled. */
	if (!variant->disk)
		return;
	MAKE_FILE(SHORT_LINES);
	ASSERT_OK(write_hole(self->path));
	LISTEN(&l, FAN_CLASS_PRE_CONTENT, FAN_PRE_ACCESS);
	fd = open(self->path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	for (f = 0; f < 3; f++) {
		ASSERT_OK(set_cached(self->path, false));
		r.deny_from = 5 * window + 10;
		r.deny_to = r.deny_from + 10;
		memset(text, POISON, sizeof(text));
		run_init(&run, KSIFT_KERNEL_LINES, &lines);
		run_from_file(&run, fd);
		run.flags = run_flags[f];
		lines_init(&lines, self->filter);
		lines_want_text(&lines, text, sizeof(text));
		lines.flags = KSIFT_LINES_TOTAL;
		ASSERT_OK(run_lines(self->dev, &run, &lines));
		EXPECT_FALSE(run.resume.flags & KSIFT_RESUME_DONE);
		if (run.flags != KSIFT_RUN_CACHED) {
			EXPECT_EQ(1, lines.out_total);
			EXPECT_EQ(6, run.resume.pos);
		}
		EXPECT_GE(5 * window, run.resume.pos);
		EXPECT_ERRNO(EPERM, run_lines(self->dev, &run, &lines));
		EXPECT_TRUE(mem_is(text, POISON, sizeof(text)));

		r.deny_from = U64_MAX;
		r.deny_to = U64_MAX;
		atomic_store(&r.reached, 0);
		run_init(&run, KSIFT_KERNEL_LINES, &lines);
		run_from_file(&run, fd);
		run.flags = run_flags[f];
		lines_init(&lines, self->filter);
		lines.flags = KSIFT_LINES_TOTAL;
		ASSERT_OK(run_lines(self->dev, &run, &lines));
		EXPECT_TRUE(run.resume.flags & KSIFT_RESUME_DONE);
		EXPECT_LE(HOLE_SIZE, atomic_load(&r.reached)) {
			TH_LOG("flags %u", run.flags);
		}
	}
	EXPECT_FALSE(atomic_load(&r.no_range));
	EXPECT_EQ(0, atomic_load(&l.broken));
	close(fd);
	listener_end(&l);
}

/* A user of the file, and what the file says of users. */
static const struct reader {
	const char *name;
	uid_t uid;
	gid_t gid;
	/* A capability, or -1. */
	int cap;
	uid_t owner;
	gid_t group;
	mode_t mode;
	/* May know what is cached. */
	bool told;
} readers[] = {
	{ "root", 0, 0, -1, 0, 0, 0600, true },
	{ "others", 65534, 65534, -1, 0, 0, 0644, false },
	{ "the group", 65534, 4, -1, 0, 4, 0640, false },
	{ "the group, may write", 65534, 4, -1, 0, 4, 0660, true },
	{ "others, may write", 65534, 65534, -1, 0, 0, 0666, true },
	{ "the owner", 65534, 65534, -1, 65534, 65534, 0600, true },
	{ "the owner, may not write", 65534, 65534, -1, 65534, 0, 0400, true },
	{ "CAP_FOWNER", 65534, 65534, CAP_FOWNER, 0, 0, 0644, true },
	{ "CAP_DAC_OVERRIDE", 65534, 65534, CAP_DAC_OVERRIDE, 0, 0, 0644, true },
	{ "CAP_SYS_ADMIN", 65534, 65534, CAP_SYS_ADMIN, 0, 0, 0644, false },
};

static int become(const struct reader *who)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = { 0 };

	if (!who->uid)
		return 0;
	if (setgroups(0, NULL) || setresgid(who->gid, who->gid, who->gid) ||
	    prctl(PR_SET_KEEPCAPS, 1) ||
	    setresuid(who->uid, who->uid, who->uid))
		return -1;
	if (who->cap >= 0) {
		data[0].permitted = 1U << who->cap;
		data[0].effective = 1U << who->cap;
	}
	return syscall(SYS_capset, &header, data);
}

struct as_reader {
	const struct reader *who;
	const char *path;
	int dev;
	int filter;
	size_t size;
	bool read;
};

/* Calls whose arguments are wrong, too, are told that first. */
static int wrong_arguments(const struct as_reader *as, int fd)
{
	static const struct {
		__u32 flags;
		__u32 kernel;
		__u32 resume;
		__u32 record_size;
		bool no_filter;
		int err;
	} wrong[] = {
		{ KSIFT_RUN_CACHED | KSIFT_RUN_POLITE, .err = EINVAL },
		{ KSIFT_RUN_CACHED | 1U << 20, .err = EOPNOTSUPP },
		{ KSIFT_RUN_CACHED, KSIFT_KERNEL_SUM_I64, .err = EOPNOTSUPP },
		{ KSIFT_RUN_CACHED, .resume = RESUME(DONE), .err = EINVAL },
		{ KSIFT_RUN_CACHED, .record_size = 1, .err = EINVAL },
		{ KSIFT_RUN_CACHED, .no_filter = true, .err = EBADF },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct probe p;

		probe_init(&p, fd, wrong[i].flags);
		probe_lines(&p, wrong[i].no_filter ? fd : as->filter, WANTS - 1);
		if (wrong[i].record_size)
			p.args.lines.record_size = wrong[i].record_size;
		p.run.resume.flags = wrong[i].resume;
		if (wrong[i].kernel) {
			p.run.kernel = wrong[i].kernel;
			p.args.sum.size = sizeof(p.args.sum);
			p.args.sum.flags = 0;
		}
		if (ksift_run(as->dev, &p.run) != -1 || errno != wrong[i].err)
			return i + 1;
	}
	return 0;
}

/* In a process of its own.  0, or what is wrong. */
static const char *read_as(const struct as_reader *as)
{
	static char why[256];
	const bool told = as->who->told;
	unsigned int s, i;
	struct probe p, before;
	int fd, ret;

	if (become(as->who))
		return "cannot become that user";
	fd = open(as->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return "cannot open the file";
	/* What is not there counts as there for whom it is kept from. */
	if (!as->read && (resident(fd, as->size) == 0) != told)
		return "mincore() is of another opinion";
	if (as->read)
		return NULL;
	for (s = 0; s < ARRAY_SIZE(starts); s++)
	for (i = 0; i < ARRAY_SIZE(some_wants); i++) {
		const __u32 inside = KSIFT_RESUME_INLINE |
				     KSIFT_RESUME_PENDING_NL;
		unsigned int wants = some_wants[i];

		if (starts[s].flags & inside)
			wants |= WANT_TEXT;
		probe_init(&p, fd, KSIFT_RUN_CACHED);
		probe_lines(&p, as->filter, wants);
		probe_start(&p, &starts[s], 0);
		before = p;
		errno = 0;
		ret = ksift_run(as->dev, &p.run);
		if (ret != (told ? 0 : -1) || errno != (told ? 0 : EPERM)) {
			snprintf(why, sizeof(why), "CACHED, %s, wants %#x: %s",
				 starts[s].name, wants, strerror(errno));
			return why;
		}
		if (ret && memcmp(&before, &p, sizeof(p)))
			return "CACHED was refused, and wrote something";
	}
	i = wrong_arguments(as, fd);
	if (i) {
		snprintf(why, sizeof(why), "wrong argument %u: %s", i,
			 strerror(errno));
		return why;
	}
	/* What reads may be read by all that may read. */
	for (i = 0; i < 2; i++) {
		probe_init(&p, fd, i ? KSIFT_RUN_POLITE : 0);
		probe_lines(&p, as->filter, WANT_TOTAL);
		if (ksift_run(as->dev, &p.run) || p.run.out_absent)
			return i ? "POLITE fails" : "a plain RUN fails";
	}
	/* Nothing of this is cached, and would be if all of it counted. */
	for (s = 0; !told && s < ARRAY_SIZE(starts); s++)
	for (i = 0; i < 2; i++) {
		if (!(starts[s].flags & KSIFT_RESUME_INLINE))
			continue;
		probe_init(&p, fd, i ? KSIFT_RUN_POLITE : 0);
		probe_lines(&p, as->filter, WANT_TEXT);
		probe_start(&p, &starts[s], 0);
		if (ksift_run(as->dev, &p.run) || !p.run.out_bytes)
			return "a line is not resumed";
		if (p.run.out_walked != p.run.out_bytes)
			return "out_walked tells what is cached";
	}
	return NULL;
}

/* Which pages are cached is told to those whom mincore(2) tells. */
TEST_F(permission, cached_is_told)
{
	struct as_reader as = { .path = self->path, .read = variant->read };
	char why[256];
	unsigned int i;
	int pipes[2];
	ssize_t n;
	pid_t pid;

	MAKE_FILE(HOLE);
	/* So that there is something absent everywhere. */
	as.size = LONG_TO - LONG_FROM;
	ASSERT_OK(truncate(self->path, 0));
	ASSERT_OK(truncate(self->path, as.size));
	as.dev = self->dev;
	as.filter = self->filter;
	for (i = 0; i < ARRAY_SIZE(readers); i++) {
		as.who = &readers[i];
		ASSERT_OK(chown(self->path, as.who->owner, as.who->group));
		ASSERT_OK(chmod(self->path, as.who->mode));
		ASSERT_OK(set_cached(self->path, false));
		ASSERT_OK(pipe2(pipes, O_CLOEXEC));
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			const char *wrong = read_as(&as) ?: "";

			n = write(pipes[1], wrong, strlen(wrong) + 1);
			_exit(n < 0);
		}
		close(pipes[1]);
		n = read(pipes[0], why, sizeof(why));
		ASSERT_LT(0, n);
		EXPECT_EQ('\0', why[0]) {
			TH_LOG("%s, mode %#o: %s", as.who->name, as.who->mode,
			       why);
		}
		close(pipes[0]);
		ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	}
}

/* How a file gets to be scanned: what is cached of it, and how it was opened. */
enum state { STATE_CACHED, STATE_ABSENT, STATE_DIRECT, STATE_HOLE, STATES };

static const char * const state_names[] = {
	"cached", "absent", "O_DIRECT, absent", "hole",
};

/* A file that a listener's own descriptor leads to, which it scans. */
struct scanned {
	const struct content *content;
	const char *path;
	int dev;
	int filter;
	enum state state;
	bool read;
	int inotify;
	char why[512];
};

/* Events that came since, by their mask. */
static __u32 events_of(int inotify)
{
	char buf[4096] __attribute__((aligned(8)));
	__u32 mask = 0;
	ssize_t len;

	while ((len = read(inotify, buf, sizeof(buf))) > 0) {
		const struct inotify_event *event;
		char *p;

		for (p = buf; p < buf + len; p += sizeof(*event) + event->len) {
			event = (void *)p;
			mask |= event->mask;
		}
	}
	return mask;
}

/* RUNs of all kinds on @fd.  0, or -1 with @why. */
static int scan_all_ways(struct scanned *s, int fd)
{
	unsigned int f, i;
	struct job j;

	for (f = 0; f < (s->read ? 1 : 3); f++)
	for (i = 0; i < ARRAY_SIZE(outputs); i += 3) {
		const bool absent = run_flags[f] == KSIFT_RUN_CACHED &&
				    s->state != STATE_CACHED;
		int ret;

		job_init(&j, s->dev, s->filter, 0);
		job_file(&j, fd);
		j.flags = run_flags[f];
		j.text_cap = outputs[i].text;
		j.records_cap = outputs[i].records;
		j.want_total = outputs[i].total;
		/* By this descriptor: another would be an open of its own. */
		if (s->state != STATE_CACHED)
			posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		ret = absent ? job_run(&j) :
			       job_run_check(&j, &s->content->oracle);
		if (ret)
			snprintf(s->why, sizeof(s->why), "flags %u, %zu: %s",
				 j.flags, j.text_cap, j.why);
		job_free(&j);
		if (ret)
			return -1;
	}
	return 0;
}

static bool scan_in_listener(struct listener *l,
			     const struct fanotify_event_metadata *event)
{
	struct scanned *s = l->ctx;
	long asked = atomic_load(&l->asked), opens = atomic_load(&l->opens);
	__u32 mask;

	/* Only the first event is of interest. */
	if (asked > 1)
		return true;
	events_of(s->inotify);
	if (s->state == STATE_DIRECT &&
	    fcntl(event->fd, F_SETFL, O_DIRECT | O_LARGEFILE))
		snprintf(s->why, sizeof(s->why), "O_DIRECT: %s",
			 strerror(errno));
	else if (!scan_all_ways(s, event->fd))
		s->why[0] = '\0';
	mask = events_of(s->inotify);
	if (!s->why[0] && mask)
		snprintf(s->why, sizeof(s->why), "inotify events %#x", mask);
	if (!s->why[0] && atomic_load(&l->opens) != opens)
		snprintf(s->why, sizeof(s->why), "it was opened anew");
	return true;
}

/*
 * In a process of its own, since it may come to be waiting for itself: the read
 * of a byte asks a listener, which scans the file before it allows that.
 */
static void listen_and_scan(struct scanned *s, bool *skipped)
{
	struct listener l = { .answer = scan_in_listener, .ctx = s };
	const char *why;
	char byte;
	int fd;

	why = listener_start(&l, FAN_CLASS_CONTENT,
			     FAN_ACCESS_PERM | FAN_OPEN_PERM, s->path);
	*skipped = why;
	snprintf(s->why, sizeof(s->why), "%s", why ?: "the listener never ran");
	if (why)
		return;
	fd = open(s->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || pread(fd, &byte, 1, 0) != 1)
		snprintf(s->why, sizeof(s->why), "read: %s", strerror(errno));
	close(fd);
	listener_end(&l);
}

/* Seconds that a scan of a few MiB may take on any machine. */
#define DEADLINE 60

static int inotify_on(const char *path)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	if (fd >= 0 && inotify_add_watch(fd, path, IN_ALL_EVENTS) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* tmpfs has O_DIRECT on newer kernels only. */
static bool takes_direct(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_DIRECT, 0600);

	close(fd);
	return fd >= 0;
}

static bool state_exists(enum state state, const char *path, bool disk,
			 bool read)
{
	if (state == STATE_DIRECT)
		return !read && takes_direct(path);
	return state != STATE_ABSENT || disk;
}

#define MAKE_STATE(state) do {						\
	MAKE_FILE((state) == STATE_HOLE ? HOLE : SHORT_LINES);		\
	ASSERT_OK(set_cached(self->path, (state) == STATE_CACHED));	\
} while (0)

/* The file in an event raises no events: who scans it waits for nobody. */
TEST_F(permission, in_the_listener)
{
	struct scanned *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned int state;

	ASSERT_NE(MAP_FAILED, s);
	for (state = 0; state < STATES; state++) {
		int status = 0, i;
		pid_t pid;

		if (!state_exists(state, self->path, variant->disk,
				  variant->read))
			continue;
		MAKE_STATE(state);
		s->content = &self->content;
		s->path = self->path;
		s->dev = self->dev;
		s->filter = self->filter;
		s->state = state;
		s->read = variant->read;
		s->inotify = inotify_on(self->path);
		ASSERT_LE(0, s->inotify);
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			bool skipped;

			listen_and_scan(s, &skipped);
			_exit(skipped ? 4 : 0);
		}
		for (i = 0; i < DEADLINE * 100; i++) {
			if (waitpid(pid, &status, WNOHANG) == pid)
				break;
			usleep(10000);
		}
		if (i == DEADLINE * 100) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
		}
		close(s->inotify);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 4)
			SKIP(return, "%s", s->why);
		ASSERT_GT(DEADLINE * 100, i) {
			TH_LOG("%s: waits for itself", state_names[state]);
		}
		EXPECT_EQ('\0', s->why[0]) {
			TH_LOG("%s: %s", state_names[state], s->why);
		}
	}
	munmap(s, sizeof(*s));
}

/* Others hear that a file is read, and not that it was opened. */
TEST_F(permission, not_opened)
{
	struct scanned s = { .read = variant->read };
	unsigned int state;
	int fd;

	s.dev = self->dev;
	s.content = &self->content;
	for (state = 0; state < STATES; state++) {
		if (!state_exists(state, self->path, variant->disk,
				  variant->read))
			continue;
		MAKE_STATE(state);
		s.state = state;
		s.filter = self->filter;
		fd = open(self->path, O_RDONLY | O_CLOEXEC |
			  (state == STATE_DIRECT ? O_DIRECT : 0));
		ASSERT_LE(0, fd);
		s.inotify = inotify_on(self->path);
		ASSERT_LE(0, s.inotify);
		EXPECT_EQ(0, scan_all_ways(&s, fd)) {
			TH_LOG("%s: %s", state_names[state], s.why);
		}
		EXPECT_EQ(IN_ACCESS, events_of(s.inotify)) {
			TH_LOG("%s", state_names[state]);
		}
		close(s.inotify);
		close(fd);
	}
}

/* A lease is a promise that nobody opens the file, and RUN does not. */
TEST_F(permission, lease)
{
	struct scanned s = { .read = variant->read };
	sigset_t set, pending;
	unsigned int state;
	int fd;

	s.dev = self->dev;
	s.content = &self->content;
	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	ASSERT_EQ(0, sigprocmask(SIG_BLOCK, &set, NULL));
	for (state = 0; state < STATES; state++) {
		if (!state_exists(state, self->path, variant->disk,
				  variant->read))
			continue;
		MAKE_STATE(state);
		s.state = state;
		s.filter = self->filter;
		fd = open(self->path, O_RDWR | O_CLOEXEC |
			  (state == STATE_DIRECT ? O_DIRECT : 0));
		ASSERT_LE(0, fd);
		/* Newer kernels have leases only where a file system says so. */
		if (fcntl(fd, F_SETLEASE, F_WRLCK) && errno == EINVAL &&
		    variant->read) {
			close(fd);
			SKIP(return, "no leases on this file system");
		}
		ASSERT_EQ(F_WRLCK, fcntl(fd, F_GETLEASE));
		EXPECT_EQ(0, scan_all_ways(&s, fd)) {
			TH_LOG("%s: %s", state_names[state], s.why);
		}
		EXPECT_EQ(F_WRLCK, fcntl(fd, F_GETLEASE)) {
			TH_LOG("%s", state_names[state]);
		}
		ASSERT_EQ(0, sigpending(&pending));
		EXPECT_FALSE(sigismember(&pending, SIGIO));
		close(fd);
	}
}

TEST_HARNESS_MAIN
