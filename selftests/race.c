// SPDX-License-Identifier: GPL-2.0-only
/*
 * A scan of a file that is truncated, punched, appended to and renamed.
 *
 * The process that changes the file keeps, in shared memory, a picture of the
 * file after each change, and publishes that it starts one before it does, and
 * that it has done so after.  A call that began when change c0 was done and
 * returned when change c1 was begun can have seen the states c0 to c1, and what
 * lies between two of them, and nothing else.  So
 *
 *  - a line that is reported must be a line of one of these pictures, or be
 *    put together from several in a way that the change itself explains: whole
 *    pages when all changes end at pages' ends and no line crosses one, since
 *    then no page is ever changed in place; single bytes otherwise, since the
 *    kernel zeroes and copies the rest of a page while it is looked at;
 *  - a line that no change from c0 to c1 touched must be reported.
 *
 * Lines that are longer than what the module brings together before it gives
 * them out are streamed: their text may be of a later state than their match,
 * and ends where the file does by then.  Only holes make such lines here.
 *
 * Every line holds its own offset, a number that is never used twice and a
 * checksum, so that text says by itself where it is from.
 */
#include <sched.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <time.h>

#include "lines_oracle.h"
#include "listener.h"
#include "source_mount.h"

#define KIB 1024UL
#define MIB (1024UL * KIB)

#define FIXED_LINE 64
#define LINE_MAX_LEN 220
#define RING_MAX 64
#define STREAMED (64 * KIB)

/* The file after a change, and what the change touched. */
struct picture {
	size_t size;
	size_t lo;
	size_t hi;
	unsigned char data[];
};

struct shared {
	atomic_ullong started;
	atomic_ullong done;
	/* The oldest picture that is still looked at. */
	atomic_ullong hold;
	atomic_bool stop;
	atomic_int broken;
	unsigned long ops[6];
	size_t max;
	unsigned int ring;
	size_t stride;
	bool pages;
	bool no_holes;
	/* Not walked: the file may be cut off in the middle of a read. */
	bool read;
	char path[PATH_MAX];
	unsigned char pictures[];
};

static struct picture *picture(const struct shared *s, __u64 k)
{
	return (void *)(s->pictures + k % s->ring * s->stride);
}

static __u32 checksum(const unsigned char *p, size_t n)
{
	__u32 sum = 0x811c9dc5;

	while (n--)
		sum = (sum ^ *p++) * 0x01000193;
	return sum;
}

/* "OFFSET NUMBER KEEP fill SUM\n", @len bytes of it. */
static void make_line(char *to, size_t len, size_t off, __u32 number, bool keep)
{
	int n = sprintf(to, "%08zx %08x %s ", off, number,
			keep ? "KEEP" : "DROP");

	memset(to + n, 'a' + number % 26, len - n - 9);
	sprintf(to + len - 9, "%08x",
		checksum((unsigned char *)to, len - 9));
	to[len - 1] = '\n';
}

/* The offset a line's text says; -1 if its bytes do not belong together. */
static long line_says(const unsigned char *p, size_t len)
{
	char sum[9];

	if (len < 40 || len >= LINE_MAX_LEN)
		return -1;
	snprintf(sum, sizeof(sum), "%08x", checksum(p, len - 8));
	if (memcmp(p + len - 8, sum, 8))
		return -1;
	return strtol((const char *)p, NULL, 16);
}

static size_t line_start(const struct picture *p, size_t at)
{
	const unsigned char *nl;

	if (!at || at > p->size)
		return p->size;
	nl = memchr(p->data + at - 1, '\n', p->size - at + 1);
	return nl ? nl - p->data + 1 : p->size;
}

enum { OP_APPEND, OP_TRUNCATE, OP_PUNCH, OP_EXTEND, OP_RENAME, OP_EMPTY };

static size_t add_lines(const struct shared *s, struct picture *p,
			struct rng *rng, __u32 *number, size_t bytes)
{
	size_t old = p->size;

	/* After zeros that end within a line's room: up to where one fits. */
	while (p->size - old < bytes) {
		size_t len = s->pages ? FIXED_LINE :
			     48 + rng_below(rng, LINE_MAX_LEN - 48);

		if (p->size + len > s->max)
			break;
		make_line((char *)p->data + p->size, len, p->size, ++*number,
			  rng_below(rng, 2));
		p->size += len;
	}
	return p->size - old;
}

/* One change: make the picture, say so, do it, say so. */
static int change(struct shared *s, int fd, struct rng *rng, __u32 *number)
{
	__u64 k = atomic_load(&s->started);
	const struct picture *old = picture(s, k);
	struct picture *new = picture(s, k + 1);
	const size_t page = page_size();
	unsigned int op, dice = rng_below(rng, 100);
	size_t a = 0, b = 0;
	char other[PATH_MAX + 8];
	int ret = 0;

	while (k + 1 - atomic_load(&s->hold) >= s->ring - 1) {
		if (atomic_load(&s->stop))
			return 0;
		sched_yield();
	}
	op = dice < 45 ? OP_APPEND : dice < 65 ? OP_TRUNCATE :
	     dice < 85 ? OP_PUNCH : dice < 90 ? OP_EXTEND :
	     dice < 99 ? OP_RENAME : OP_EMPTY;
	if (op == OP_PUNCH && s->no_holes)
		op = OP_TRUNCATE;
	if (old->size > s->max - s->max / 8 && op == OP_APPEND)
		op = OP_TRUNCATE;
	if (old->size < s->max / 8 && op != OP_RENAME)
		op = OP_APPEND;

	memcpy(new->data, old->data, old->size);
	new->size = old->size;
	new->lo = old->size;
	new->hi = old->size;
	switch (op) {
	case OP_APPEND:
		add_lines(s, new, rng, number, rng_below(rng, s->max / 6));
		new->hi = new->size;
		break;
	case OP_TRUNCATE:
		a = rng_below(rng, 3) ? old->size - rng_below(rng, old->size /
							      4 + 1) :
		    rng_below(rng, old->size + 1);
		a = s->pages ? a / page * page : line_start(old, a);
		new->size = a;
		new->lo = a;
		break;
	case OP_EMPTY:
		new->size = 0;
		new->lo = 0;
		break;
	case OP_PUNCH:
		a = rng_below(rng, old->size + 1);
		b = a + rng_below(rng, s->max / 10);
		if (s->pages) {
			a = a / page * page;
			b = b / page * page;
		} else {
			a = line_start(old, a);
			b = line_start(old, b);
		}
		if (b > old->size)
			b = old->size / page * page;
		if (b <= a) {
			op = OP_RENAME;
			break;
		}
		memset(new->data + a, 0, b - a);
		new->lo = a;
		new->hi = b;
		break;
	case OP_EXTEND:
		a = old->size + 1 + rng_below(rng, 3 * page);
		a = (a + page - 1) / page * page;
		if (a > s->max) {
			op = OP_RENAME;
			break;
		}
		memset(new->data + old->size, 0, a - old->size);
		new->size = a;
		new->hi = a;
		break;
	}

	atomic_store(&s->started, k + 1);
	switch (op) {
	case OP_APPEND:
		if (new->size > old->size &&
		    pwrite(fd, new->data + old->size, new->size - old->size,
			   old->size) != new->size - old->size)
			ret = -1;
		break;
	case OP_TRUNCATE:
	case OP_EXTEND:
	case OP_EMPTY:
		ret = ftruncate(fd, new->size);
		break;
	case OP_PUNCH:
		ret = fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				a, b - a);
		break;
	case OP_RENAME:
		snprintf(other, sizeof(other), "%s.other", s->path);
		ret = rename(s->path, other) ? rename(other, s->path) : 0;
		break;
	}
	s->ops[op]++;
	atomic_store(&s->done, k + 1);
	return ret;
}

static void mutator(struct shared *s, int fd, __u64 seed)
{
	struct rng rng;
	__u32 number = 1 << 20;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	rng_init(&rng, seed);
	while (!atomic_load(&s->stop)) {
		if (change(s, fd, &rng, &number)) {
			atomic_store(&s->broken, errno);
			break;
		}
		/* Long pauses and none, so that calls meet 0, 1 or many. */
		if (!rng_below(&rng, 4))
			usleep(rng_below(&rng, 300));
	}
	_exit(0);
}

/* The scanning side. */
struct watch {
	struct shared *s;
	struct job j;
	bool exclude;
	/* Of the last call, and of the whole job. */
	__u64 c0;
	__u64 c1;
	__u64 job_c0;
	size_t last;
	bool have_last;
	/* What was seen. */
	unsigned long raced;
	unsigned long torn;
	unsigned long lines;
	/* Starts of the job's reported lines. */
	size_t *seen;
	size_t n_seen;
};

static bool selects(const struct watch *w, const unsigned char *p, size_t len)
{
	return w->exclude ? !memmem(p, len, "DROP", 4) :
			    !!memmem(p, len, "KEEP", 4);
}

static bool starts_in(const struct picture *p, size_t off)
{
	return off <= p->size && (!off || p->data[off - 1] == '\n');
}

static bool ends_in(const struct picture *p, size_t end)
{
	return end == p->size || (end < p->size && p->data[end] == '\n');
}

/* Was that line, or with @text NULL a line of that size, in this picture? */
static bool line_in(const struct picture *p, size_t off, size_t len,
		    const unsigned char *text)
{
	if (!starts_in(p, off) || off + len > p->size ||
	    !ends_in(p, off + len) || memchr(p->data + off, '\n', len))
		return false;
	return !text || !memcmp(p->data + off, text, len);
}

/*
 * Bytes each part of which was there in some picture.  Without @text: bytes
 * without a newline.
 */
static bool bytes_in_some(const struct watch *w, size_t off, size_t len,
			  const unsigned char *text)
{
	const size_t atom = w->s->pages ? page_size() : 1;
	size_t at, end;

	for (at = off; at < off + len; at = end) {
		bool ok = false;
		__u64 k;

		end = (at / atom + 1) * atom;
		if (end > off + len)
			end = off + len;
		for (k = w->c0; k <= w->c1 && !ok; k++) {
			const struct picture *p = picture(w->s, k);

			/* A byte that is cut off is zeroed on its way out. */
			if (end > p->size)
				ok = !w->s->pages && (!text || !text[at - off]);
			else if (text)
				ok = !memcmp(p->data + at, text + at - off,
					     end - at);
			else
				ok = !memchr(p->data + at, '\n', end - at);
		}
		if (!ok)
			return false;
	}
	return true;
}

/* Some page of an append may be there before the next one is. */
static bool end_in_some(const struct watch *w, size_t end, bool cut)
{
	__u64 k;

	for (k = w->c0; k <= w->c1; k++) {
		const struct picture *p = picture(w->s, k);

		if (ends_in(p, end) || (cut && p->size < end))
			return true;
		if (k > w->c0 && end % page_size() == 0 &&
		    end > picture(w->s, k - 1)->size && end < p->size)
			return true;
	}
	return false;
}

/* A whole line as reported.  0, or -1 with @why. */
static int check_line(struct watch *w, size_t off, size_t len,
		      const unsigned char *text, bool first)
{
	bool start = first && off == w->last;
	__u64 k;

	w->lines++;
	w->seen[w->n_seen++] = off;
	if (text && len < STREAMED && !selects(w, text, len))
		return JOB_FAIL(&w->j, "line at %zu does not match", off);
	for (k = w->c0; k <= w->c1; k++)
		if (line_in(picture(w->s, k), off, len, text))
			return 0;
	/* Where the last call ended, there may be no line's start any more. */
	if (w->c0 == w->c1 && !start)
		return JOB_FAIL(&w->j, "no line at %zu+%zu: '%.*s'", off, len,
				text ? (int)(len < 80 ? len : 80) : 0, text);
	w->torn++;
	for (k = w->c0; k <= w->c1 && !start; k++)
		start = starts_in(picture(w->s, k), off);
	if (!start)
		return JOB_FAIL(&w->j, "no line began at %zu+%zu", off, len);
	if (!end_in_some(w, off + len, w->s->read || len >= STREAMED)) {
		for (k = 0; text && k < len - 1 && !text[k]; k++)
			;
		return JOB_FAIL(&w->j, "no line ended at %zu + %zu, %llu zeros, '%.*s'",
				off, len, k, text ? 80 : 0, text + k);
	}
	if (!bytes_in_some(w, off, len, text))
		return JOB_FAIL(&w->j, "never so at %zu+%zu: '%.*s'", off, len,
				text ? (int)(len < 80 ? len : 80) : 0, text);
	return 0;
}

/* Everything one call reported, @in being where it began. */
static int check_call(struct watch *w, const struct ksift_resume *in)
{
	const struct ksift_lines *l = &w->j.lines;
	const struct ksift_resume *out = &w->j.run.resume;
	const unsigned char *t = w->j.tbuf, *end = t + l->out_text, *nl;
	const __u32 part = KSIFT_RESUME_INLINE | KSIFT_RESUME_PENDING_NL;
	bool resumed = in->flags & KSIFT_RESUME_VALID, first = resumed;
	size_t i;

	w->last = in->pos;
	if (t < end && in->flags & KSIFT_RESUME_PENDING_NL) {
		if (*t++ != '\n')
			return JOB_FAIL(&w->j, "no pending newline");
		first = false;
	} else if (t < end && in->flags & KSIFT_RESUME_INLINE) {
		nl = memchr(t, '\n', end - t);
		i = (nl ? nl : end) - t;
		if (!bytes_in_some(w, in->pos + in->skip, i, t))
			return JOB_FAIL(&w->j, "rest of line, %llu + %llu: '%.*s'",
					in->pos, in->skip, (int)(i < 80 ? i : 80),
					t);
		t += i + !!nl;
		first = false;
	}
	for (i = 0; i < l->out_records; i++) {
		const struct ksift_record *r = &w->j.rbuf[i];

		if (i && r->offset <= w->j.rbuf[i - 1].offset)
			return JOB_FAIL(&w->j, "record at %llu after %llu",
					r->offset, w->j.rbuf[i - 1].offset);
		if (!w->j.text_cap) {
			if (check_line(w, r->offset, r->len, NULL,
				       first && !i))
				return -1;
			continue;
		}
		if (out->flags & part && i == l->out_records - 1) {
			/* Cut: this much of it. */
			if (end - t != out->skip || r->offset != out->pos)
				return JOB_FAIL(&w->j, "cut line: %zd of %llu",
						end - t, out->skip);
			break;
		}
		if (r->len + 1 > end - t || t[r->len] != '\n')
			return JOB_FAIL(&w->j, "text of record at %llu",
					r->offset);
		if (check_line(w, r->offset, r->len, t, first && !i))
			return -1;
		t += r->len + 1;
	}
	while (t < end) {
		const unsigned char *p = t;
		long off;

		nl = memchr(t, '\n', end - t);
		if (!nl) {
			if (!(out->flags & part) || end - t != out->skip)
				return JOB_FAIL(&w->j, "text ends in a line");
			w->seen[w->n_seen++] = out->pos;
			if (!bytes_in_some(w, out->pos, end - t, t))
				return JOB_FAIL(&w->j, "start of line, %llu",
						out->pos);
			break;
		}
		if (w->j.records_cap)
			return JOB_FAIL(&w->j, "text without a record");
		while (p < nl && !*p)
			p++;
		off = line_says(p, nl - p);
		if (off < 0) {
			/* Torn, or the first after the file was cut. */
			if ((w->s->pages && nl - t < STREAMED) ||
			    (w->c0 == w->c1 && !resumed))
				return JOB_FAIL(&w->j, "torn: '%.*s'",
						(int)(nl - p), p);
			w->torn++;
		} else if (off < p - t) {
			return JOB_FAIL(&w->j, "%zd zeros before %ld", p - t,
					off);
		} else if (check_line(w, off - (p - t), nl - t, t, first)) {
			return -1;
		}
		first = false;
		t = nl + 1;
	}
	return 0;
}

/* Lines that nothing touched while the job ran are in it. */
static int check_missed(struct watch *w)
{
	const struct picture *p = picture(w->s, w->job_c0);
	size_t off, len, i = 0, k;

	for (off = 0; off < p->size; off += len + 1) {
		const unsigned char *nl = memchr(p->data + off, '\n',
						 p->size - off);
		bool touched = false;

		len = (nl ? nl - p->data : p->size) - off;
		if (!selects(w, p->data + off, len))
			continue;
		for (k = w->job_c0 + 1; k <= w->c1 && !touched; k++) {
			const struct picture *q = picture(w->s, k);

			touched = q->lo <= off + len && q->hi + 1 > off &&
				  q->lo != q->hi;
		}
		if (touched)
			continue;
		while (i < w->n_seen && w->seen[i] < off)
			i++;
		if (i == w->n_seen || w->seen[i] != off)
			return JOB_FAIL(&w->j, "missed line at %zu+%zu, between %zd and %zd: '%.*s'",
					off, len, i ? w->seen[i - 1] : -1,
					i < w->n_seen ? w->seen[i] : -1,
					(int)(len < 80 ? len : 80),
					p->data + off);
	}
	return 0;
}

/* One job, start to end, with the file changing all the time. */
static int watch_job(struct watch *w, struct rng *rng)
{
	struct job *j = &w->j;
	const size_t max = w->s->max;

	job_reset(j);
	j->racing = true;
	j->want_total = rng_below(rng, 2);
	j->text_cap = 0;
	j->records_cap = 0;
	switch (rng_below(rng, w->exclude ? 3 : 6)) {
	case 0:
		j->text_cap = 2 * max;
		j->records_cap = max / 32;
		break;
	case 1:
		j->records_cap = max / 32;
		break;
	case 2:
		j->text_cap = 1 + rng_below(rng, 20000);
		j->records_cap = 1 + rng_below(rng, 300);
		break;
	case 3:
		j->text_cap = 2 * max;
		break;
	case 4:
		j->text_cap = 1000 + rng_below(rng, 20000);
		break;
	case 5:
		j->records_cap = 1 + rng_below(rng, 300);
		break;
	}
	w->n_seen = 0;
	w->job_c0 = atomic_load(&w->s->done);
	atomic_store(&w->s->hold, w->job_c0);
	do {
		struct ksift_resume in = j->resume;

		j->text_len = 0;
		j->nrec = 0;
		w->c0 = atomic_load(&w->s->done);
		if (job_call(j))
			return -1;
		w->c1 = atomic_load(&w->s->started);
		w->raced += w->c1 != w->c0;
		if (check_call(w, &in))
			return -1;
		/* Each gives out a byte, or comes to a line, or meets a change. */
		if (j->calls > 100000 + 2 * max)
			return JOB_FAIL(j, "no end");
	} while (!j->done);
	return check_missed(w);
}

FIXTURE(race)
{
	int dev;
	struct mnt mnt;
};

FIXTURE_VARIANT(race)
{
	const char *type;
	__u64 image;
	/* All changes end where pages do. */
	bool pages;
	bool exclude;
	/* This file system cannot punch them, and it is not walked. */
	bool no_holes;
	size_t max;
	unsigned int ring;
	unsigned int share;
};

#define SMALL .max = 160 * KIB, .ring = RING_MAX, .share = 5
/* More than one window. */
#define LARGE .max = 2600 * KIB, .ring = 12, .share = 25

FIXTURE_VARIANT_ADD(race, tmpfs_pages)
{
	.type = "tmpfs", .pages = true, SMALL,
};

FIXTURE_VARIANT_ADD(race, tmpfs_lines)
{
	.type = "tmpfs", .exclude = true, SMALL,
};

FIXTURE_VARIANT_ADD(race, tmpfs_large)
{
	.type = "tmpfs", .pages = true, LARGE,
};

FIXTURE_VARIANT_ADD(race, ext4_pages)
{
	.type = "ext4", .image = 32 * MIB, .pages = true, SMALL,
};

FIXTURE_VARIANT_ADD(race, ext4_lines)
{
	.type = "ext4", .image = 32 * MIB, SMALL,
};

FIXTURE_VARIANT_ADD(race, xfs_lines)
{
	.type = "xfs", .image = 320 * MIB, .exclude = true, SMALL,
};

/* Read, not walked. */
FIXTURE_VARIANT_ADD(race, ramfs_lines)
{
	.type = "ramfs", .no_holes = true, SMALL,
};

FIXTURE_SETUP(race)
{
	const char *why;

	self->mnt.mounted = false;
	self->dev = ksift_open();
	why = mnt_begin();
	if (!why)
		why = mnt_make(&self->mnt, variant->type, NULL,
			       variant->image);
	if (why)
		SKIP(return, "%s", why);
}

FIXTURE_TEARDOWN(race)
{
	mnt_undo(&self->mnt);
	close(self->dev);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

TEST_F(race, changes)
{
	/* The changes that are wanted in all, and the time if it is slow. */
	const unsigned long wanted = ksift_rounds(2000, 10000) * 5 /
				     variant->share;
	const double limit = ksift_full() ? 300 : 12;
	const struct ksift_pattern pat =
		variant->exclude ?
		pattern_str("DROP", KSIFT_PATTERN_EXCLUDE, 0) :
		pattern_str("KEEP", 0, 0);
	__u32 variants[64], n_variants = 0, v, number = 1;
	struct watch w = { .exclude = variant->exclude };
	struct shared *s;
	size_t stride, bytes;
	unsigned long jobs = 0;
	__u64 k;
	struct picture *p;
	int fd, filter, ret = 0;
	struct rng rng;
	double start;
	pid_t pid;

	rng_init(&rng, 41);
	for_each_variant(self->dev, v)
		variants[n_variants++] = v;
	filter = filter_patterns(self->dev, &pat, 1, 0);
	ASSERT_LE(0, filter);
	stride = (sizeof(*p) + variant->max + 4095) / 4096 * 4096;
	bytes = sizeof(*s) + stride * variant->ring;
	s = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, s);
	s->max = variant->max;
	s->ring = variant->ring;
	s->stride = stride;
	s->pages = variant->pages;
	s->no_holes = variant->no_holes;
	s->read = variant->no_holes;
	snprintf(s->path, sizeof(s->path), "%s/log", self->mnt.dir);
	fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ASSERT_LE(0, fd);
	p = picture(s, 0);
	add_lines(s, p, &rng, &number, s->max * 3 / 4);
	ASSERT_EQ(0, file_set(fd, p->data, p->size));

	w.s = s;
	w.seen = xmalloc((s->max + 8) * sizeof(*w.seen));
	job_init(&w.j, self->dev, filter, 0);
	job_file(&w.j, fd);
	start = now();
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		mutator(s, fd, rng.seed + 1);
	do {
		w.j.variant = variants[rng_below(&rng, n_variants)];
		ret = watch_job(&w, &rng);
		jobs++;
	} while (!ret && !atomic_load(&s->broken) &&
		 atomic_load(&s->done) < wanted && now() - start < limit);
	atomic_store(&s->stop, true);
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	EXPECT_EQ(0, ret) {
		RNG_LOG(&rng);
		TH_LOG("job %lu, states %llu to %llu, call %llu, text %zu, records %zu, variant %u: %s",
		       jobs, w.c0, w.c1, w.j.calls, w.j.text_cap,
		       w.j.records_cap, w.j.variant, w.j.why);
	}
	for (k = w.job_c0; ret && k <= w.c1; k++)
		TH_LOG("state %llu: %zu bytes, changed [%zu, %zu)", k,
		       picture(s, k)->size, picture(s, k)->lo,
		       picture(s, k)->hi);
	EXPECT_EQ(0, atomic_load(&s->broken)) {
		TH_LOG("a change failed: %s", strerror(s->broken));
	}
	TH_LOG("%llu of %lu changes (%lu appends, %lu truncations, %lu holes, %lu extensions, %lu renames), %lu jobs, %lu calls raced, %lu lines, %lu torn",
	       atomic_load(&s->done), wanted, s->ops[OP_APPEND],
	       s->ops[OP_TRUNCATE] + s->ops[OP_EMPTY], s->ops[OP_PUNCH],
	       s->ops[OP_EXTEND], s->ops[OP_RENAME], jobs, w.raced, w.lines,
	       w.torn);
	/* Or nothing was shown. */
	EXPECT_LT(50, atomic_load(&s->done));
	EXPECT_LT(10, w.raced);
	EXPECT_LT(100, w.lines);
	job_free(&w.j);
	free(w.seen);
	munmap(s, bytes);
	close(fd);
	close(filter);
}

/* How many accesses come before the line is made a short one. */
struct shortened {
	int fd;
	__u64 start;
	unsigned int left;
};

#define SHORT_LINE 150

static bool shorten(struct listener *l,
		    const struct fanotify_event_metadata *event)
{
	struct shortened *s = l->ctx;
	char text[SHORT_LINE + 1];

	memset(text, 'b', SHORT_LINE);
	text[SHORT_LINE] = '\n';
	if (s->left && !--s->left &&
	    pwrite(s->fd, text, sizeof(text), s->start) != sizeof(text))
		atomic_store(&l->broken, errno);
	return true;
}

/*
 * A line that is longer than the stage, and lies in two windows, was selected, and
 * is read again to be given out.  A listener, which is asked for the first of the
 * windows once more for that, makes it one that is short and does not match, but
 * is longer than the caller's buffer.
 */
TEST(long_line_that_became_short)
{
	const size_t window = 512 * page_size(), len = 5 * STREAMED;
	struct listener l = { .answer = shorten };
	const char *why = mnt_begin();
	struct shortened s;
	int dev = ksift_open(), filter, fd, k;
	char path[MNT_DIR_MAX + 8];
	struct mnt mnt;
	char *data;

	if (!why)
		why = mnt_make(&mnt, "tmpfs", NULL, 0);
	if (why)
		SKIP(return, "%s", why);
	snprintf(path, sizeof(path), "%s/log", mnt.dir);
	filter = filter_literals(dev, 0, 1, "NEEDLE");
	ASSERT_LE(0, filter);
	data = xmalloc(2 * window);
	s.start = window - len / 2;
	s.fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ASSERT_LE(0, s.fd);
	l.ctx = &s;
	for (k = 0; k < 2; k++) {
		struct job j;

		memset(data, '\n', 2 * window);
		memset(data + s.start, 'a', len);
		memcpy(data + s.start, "NEEDLE", 6);
		ASSERT_EQ(2 * window, pwrite(s.fd, data, 2 * window, 0));
		s.left = 3;
		why = listener_start(&l, FAN_CLASS_CONTENT, FAN_ACCESS_PERM,
				     path);
		if (why)
			SKIP(return, "%s", why);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		ASSERT_LE(0, fd);
		job_init(&j, dev, filter, 0);
		job_file(&j, fd);
		if (k)
			j.records_cap = 4;
		else
			j.text_cap = SHORT_LINE - 50;
		EXPECT_JOB(&j, job_run(&j));
		EXPECT_EQ(0, j.selected);
		EXPECT_EQ(0, s.left);
		job_free(&j);
		close(fd);
		listener_end(&l);
		EXPECT_EQ(0, atomic_load(&l.broken));
	}
	free(data);
	close(s.fd);
	mnt_undo(&mnt);
	close(filter);
	close(dev);
}

TEST_HARNESS_MAIN
