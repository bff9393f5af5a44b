// SPDX-License-Identifier: GPL-2.0-only
/*
 * The places where a source is put together from pieces: pages, folios,
 * windows, mappings, a range's ends, and offsets that need 64 bits.
 */
#include "lines_oracle.h"
#include "source_mount.h"

#define KIB 1024UL
#define MIB (1024UL * KIB)
#define GIB (1024UL * MIB)

FIXTURE(edge)
{
	int dev;
	int fd;
};

FIXTURE_SETUP(edge)
{
	self->fd = -1;
	self->dev = ksift_open();
	self->fd = tmp_file();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(edge)
{
	close(self->fd);
	close(self->dev);
}

/*
 * Where a source may be cut: pages, common folio sizes and pieces of a copy,
 * and the largest window.
 */
static const size_t edges[] = {
	4 * KIB, 8 * KIB, 16 * KIB, 32 * KIB, 64 * KIB, 128 * KIB, 256 * KIB,
	MIB, 2 * MIB,
};

enum { LAYOUT_LINES, LAYOUT_LONG, LAYOUT_START, LAYOUT_N };

/* Text around one edge with something to find at @at. */
static void layout(int kind, unsigned char *d, size_t lo, size_t hi, size_t at,
		   const char *pat)
{
	size_t i, len = strlen(pat);

	for (i = lo; i < hi; i++)
		d[i] = kind == LAYOUT_LONG ? 'n' :
		       i % 61 == 60 ? '\n' : 'a' + i % 7;
	memcpy(d + at, pat, len);
	if (kind == LAYOUT_START)
		d[at - 1] = '\n';
	if (kind == LAYOUT_LONG) {
		d[lo] = '\n';
		d[hi - 1] = '\n';
	}
}

/*
 * A pattern, a long line, and a line's start at each place around each edge.
 * Once from shortly before the edge, and once from the source's beginning, so
 * that windows lie as they do in a whole file.
 */
TEST_F(edge, patterns_across)
{
	static const char pat[] = "needle-needle-needle-needle-sharp";
	const size_t size = 2 * MIB + 16 * KIB, len = sizeof(pat) - 1;
	unsigned char *d = guard_alloc(size);
	size_t i, at, step;
	struct job j;
	int filters[LAYOUT_N], kind, source;
	struct ofilter f[LAYOUT_N] = { 0 };
	__u32 v;

	ASSERT_NE(NULL, d);
	for (i = 0; i < size; i++)
		d[i] = i % 61 == 60 ? '\n' : 'a' + i % 7;
	ASSERT_EQ(0, file_set(self->fd, d, size));
	ofilter_adds(&f[LAYOUT_LINES], pat, 0, 0);
	ofilter_adds(&f[LAYOUT_LONG], pat, KSIFT_PATTERN_FOLD, 0);
	ofilter_adds(&f[LAYOUT_START], pat, KSIFT_PATTERN_ANCHORED, 0);
	for (kind = 0; kind < LAYOUT_N; kind++) {
		filters[kind] = ofilter_open(self->dev, &f[kind]);
		ASSERT_LE(0, filters[kind]);
	}

	for (i = 0; i < ARRAY_SIZE(edges); i++) {
		const size_t edge = edges[i], lo = edge - 2000,
			     hi = edge + 2000;

		for (at = edge - len - 2; at <= edge + 2; at++) {
			for (kind = 0; kind < LAYOUT_N; kind++) {
				struct oracle o;

				layout(kind, d, lo, hi, at, pat);
				ASSERT_EQ(hi - lo, pwrite(self->fd, d + lo,
							  hi - lo, lo));
				oracle_init_part(&o, &f[kind], d, size, lo, hi);
				for_each_variant(self->dev, v) {
					EXPECT_JOB(&j,
						   check_sources(&j, self->dev,
								 filters[kind],
								 v, &o, d,
								 self->fd, lo,
								 hi),
						   "edge %zu at %zu kind %d",
						edge, at, kind);
				}
				oracle_free(&o);
			}
		}
		for (at = lo; at < hi; at++)
			d[at] = at % 61 == 60 ? '\n' : 'a' + at % 7;
		ASSERT_EQ(hi - lo, pwrite(self->fd, d + lo, hi - lo, lo));
		ASSERT_TRUE(__test_passed(_metadata));
	}

	step = ksift_full() ? 1 : 16;
	for (i = 0; i < ARRAY_SIZE(edges); i++) {
		for (at = edges[i] - len; at <= edges[i]; at += step) {
			memcpy(d + at, pat, len);
			ASSERT_EQ(len, pwrite(self->fd, pat, len, at));
			for_each_variant(self->dev, v) {
				for (source = JOB_MEM; source <= JOB_FILE;
				     source++) {
					job_init(&j, self->dev,
						 filters[LAYOUT_LINES], v);
					if (source == JOB_MEM)
						job_mem(&j, d, size);
					else
						job_file(&j, self->fd);
					j.to = edges[i] + 4000;
					j.want_total = false;
					ASSERT_JOB(&j, job_run(&j));
					EXPECT_EQ(1, j.selected) {
						TH_LOG("%zu in [0, %llu)", at,
						       j.to);
					}
					job_free(&j);
				}
			}
			memset(d + at, '.', len);
			ASSERT_EQ(len, pwrite(self->fd, d + at, len, at));
		}
	}
	for (kind = 0; kind < LAYOUT_N; kind++)
		close(filters[kind]);
	guard_free(d, size);
}

/* Ranges that begin and end at every place around a page's end. */
TEST_F(edge, ranges_across)
{
	const size_t size = 3 * 4096, reach = ksift_full() ? 150 : 45;
	unsigned char *d = guard_alloc(size);
	struct ofilter f = { 0 };
	struct oracle o;
	struct job j;
	size_t from, to, i;
	struct rng rng;
	int filter;
	__u32 v;

	ASSERT_NE(NULL, d);
	rng_init(&rng, 21);
	for (i = 0; i < size; i++)
		d[i] = "abcdefghi\n"[rng_below(&rng, 10)];
	ASSERT_EQ(0, file_set(self->fd, d, size));
	ofilter_adds(&f, "a", 0, 0);
	filter = ofilter_open(self->dev, &f);
	ASSERT_LE(0, filter);
	oracle_init(&o, &f, d, size);
	for_each_variant(self->dev, v) {
		/* Both ends around the same edge, then one around each. */
		for (from = 4096 - reach; from <= 4096 + reach; from++) {
			for (to = from; to <= 4096 + reach; to++) {
				job_init(&j, self->dev, filter, v);
				if ((from ^ to) & 1)
					job_mem(&j, d, size);
				else
					job_file(&j, self->fd);
				j.from = from;
				j.to = to;
				j.records_cap = 2 * reach + 64;
				ASSERT_JOB(&j, job_run_check(&j, &o));
				j.to += 4096;
				j.records_cap = 4096;
				job_reset(&j);
				ASSERT_JOB(&j, job_run_check(&j, &o));
				job_free(&j);
			}
		}
	}
	oracle_free(&o);
	close(filter);
	guard_free(d, size);
}

/* A range that begins in a long line has to find where the next one begins. */
TEST_F(edge, from_inside_a_long_line)
{
	const size_t size = 5 * MIB;
	static const size_t newlines[] = { 99, 3 * MIB + 77, 3 * MIB + 90 };
	static const size_t points[] = {
		0, 1, 98, 99, 100, 101, 4096, MIB, 2 * MIB - 1, 2 * MIB,
		2 * MIB + 1, 2 * MIB + 100, 3 * MIB, 3 * MIB + 76,
		3 * MIB + 77, 3 * MIB + 78, 3 * MIB + 90, 3 * MIB + 91,
		4 * MIB, 5 * MIB - 1, 5 * MIB, 5 * MIB + 1,
	};
	unsigned char *d = guard_alloc(size);
	struct ofilter f = { 0 };
	struct oracle o;
	struct job j;
	size_t i, from, to;
	int filter;
	__u32 v;

	ASSERT_NE(NULL, d);
	memset(d, 'x', size);
	for (i = 0; i < ARRAY_SIZE(newlines); i++)
		d[newlines[i]] = '\n';
	memcpy(d + 3 * MIB + 60, "needle", 6);
	memcpy(d + 3 * MIB + 80, "needle", 6);
	ASSERT_EQ(0, file_set(self->fd, d, size));
	ofilter_adds(&f, "needle", 0, 0);
	filter = ofilter_open(self->dev, &f);
	ASSERT_LE(0, filter);
	oracle_init(&o, &f, d, size);
	for_each_variant(self->dev, v) {
		for (from = 0; from < ARRAY_SIZE(points); from++) {
			for (to = from; to <= ARRAY_SIZE(points); to++) {
				if (!ksift_full() && (from * 7 + to) % 5)
					continue;
				job_init(&j, self->dev, filter, v);
				if (to & 1)
					job_mem(&j, d, size);
				else
					job_file(&j, self->fd);
				j.from = points[from];
				j.to = to < ARRAY_SIZE(points) ? points[to] :
				       U64_MAX;
				j.records_cap = 8;
				ASSERT_JOB(&j, job_run_check(&j, &o));
				job_free(&j);
			}
		}
	}
	oracle_free(&o);
	close(filter);
	guard_free(d, size);
}

/* Past the end there is nothing, and that is no error. */
TEST_F(edge, past_the_end)
{
	static const char text[] = "a\nb\nc";
	static const __u64 froms[] = {
		5, 6, 100, 4096, 1ULL << 40, LLONG_MAX - 1, LLONG_MAX,
	};
	struct job j;
	unsigned int i;
	int filter, source, all;
	__u32 v;

	filter = filter_literals(self->dev, 0, 0);
	ASSERT_LE(0, filter);
	ASSERT_EQ(0, file_set(self->fd, text, 5));
	for_each_variant(self->dev, v) {
		for (i = 0; i < ARRAY_SIZE(froms); i++) {
			for (source = JOB_MEM; source <= JOB_FILE; source++) {
				for (all = 0; all <= 1; all++) {
					job_init(&j, self->dev, filter, v);
					if (source == JOB_MEM)
						job_mem(&j, text, 5);
					else
						job_file(&j, self->fd);
					j.from = froms[i];
					j.to = all ? U64_MAX : LLONG_MAX;
					j.text_cap = 8;
					ASSERT_JOB(&j, job_call(&j));
					EXPECT_TRUE(j.done);
					EXPECT_EQ(0, j.selected);
					EXPECT_EQ(0, j.total);
					EXPECT_EQ(0, j.total_bytes);
					EXPECT_EQ(0, j.text_len);
					job_free(&j);
				}
			}
		}
		/* A line before the end is finished by it. */
		job_init(&j, self->dev, filter, v);
		job_file(&j, self->fd);
		j.from = 4;
		j.to = LLONG_MAX;
		j.text_cap = 8;
		ASSERT_JOB(&j, job_call(&j));
		EXPECT_TRUE(j.done);
		EXPECT_EQ(2, j.text_len);
		job_free(&j);
	}
	close(filter);
}

/* Memory at every alignment, its end always flush with an unmapped page. */
TEST_F(edge, memory_alignment)
{
	const size_t room = 8192 + 256;
	unsigned char *d = guard_alloc(room), *mem;
	struct ofilter f = { 0 };
	struct rng rng;
	struct job j;
	size_t len, i;
	int filter;
	__u32 v;

	ASSERT_NE(NULL, d);
	rng_init(&rng, 22);
	for (i = 0; i < room; i++)
		d[i] = "abcdefghijk\n"[rng_below(&rng, 12)];
	ofilter_adds(&f, "ab", 0, 0);
	ofilter_adds(&f, "K", KSIFT_PATTERN_FOLD, 0);
	filter = ofilter_open(self->dev, &f);
	ASSERT_LE(0, filter);
	for (len = 0; len < room; len += len < 300 ? 1 : 37) {
		struct oracle o;

		mem = d + room - len;
		oracle_init(&o, &f, mem, len);
		for_each_variant(self->dev, v) {
			job_init(&j, self->dev, filter, v);
			job_mem(&j, mem, len);
			job_want_all(&j, &o);
			ASSERT_JOB(&j, job_run_check(&j, &o));
			job_free(&j);
		}
		oracle_free(&o);
	}
	/* And its beginning at every alignment, far from the end. */
	for (i = 0; i < 128; i++) {
		struct oracle o;

		oracle_init(&o, &f, d + i, 5000);
		for_each_variant(self->dev, v) {
			job_init(&j, self->dev, filter, v);
			job_mem(&j, d + i, 5000);
			job_want_all(&j, &o);
			ASSERT_JOB(&j, job_run_check(&j, &o));
			job_free(&j);
		}
		oracle_free(&o);
	}
	close(filter);
	guard_free(d, room);
}

/*
 * Five pages of lines, one of them across each page's end, with the third
 * page missing and the fifth unreadable.
 */
static unsigned char *gappy_memory(size_t ps)
{
	unsigned char *d;
	size_t i;

	d = mmap(NULL, 5 * ps, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (d == MAP_FAILED)
		return NULL;
	for (i = 0; i < 5 * ps; i++)
		d[i] = i % 64 == 63 && (i + 1) % ps ? '\n' : 'x';
	if (munmap(d + 2 * ps, ps) || mprotect(d + 4 * ps, ps, PROT_NONE))
		return NULL;
	return d;
}

/*
 * Whether this kernel itself cannot read that memory.  User-mode Linux does
 * not see what PROT_NONE forbids.
 */
static bool kernel_faults(const void *mem)
{
	int fds[2];
	bool faults;

	if (pipe(fds))
		return false;
	faults = write(fds[1], mem, 1) < 0 && errno == EFAULT;
	close(fds[0]);
	close(fds[1]);
	return faults;
}

/* What is not there is EFAULT for the whole call, and nothing is said. */
TEST_F(edge, memory_not_there)
{
	const size_t ps = page_size();
	unsigned char *d = gappy_memory(ps);
	const struct {
		const void *base;
		__u64 len;
		__u64 from;
		__u64 to;
		bool prot_none;
	} bad[] = {
		/* Over the gap, from its one side to its other. */
		{ d, 4 * ps, 0, U64_MAX },
		{ d, 2 * ps + 1, 0, U64_MAX },
		{ d + 2 * ps - 1, 2, 0, U64_MAX },
		/* All of it. */
		{ d + 2 * ps, ps, 0, U64_MAX },
		{ d + 2 * ps, 1, 0, U64_MAX },
		{ d + 4 * ps, 16, 0, U64_MAX, true },
		/* Into what cannot be read. */
		{ d + 3 * ps, ps + 1, 0, U64_MAX, true },
		/* The range's last line goes on in it. */
		{ d, 4 * ps, 0, 2 * ps },
		/* The byte before the range is in it. */
		{ d, 4 * ps, 3 * ps, 3 * ps + 1 },
		/* Where the first line of the range begins is behind it. */
		{ d, 4 * ps, 2 * ps - 1, U64_MAX },
		{ NULL, 1, 0, U64_MAX },
		{ (void *)-4096L, 100, 0, U64_MAX },
		{ (void *)(LONG_MIN + 4096), 100, 0, U64_MAX },
	};
	struct ksift_run run, run_before;
	struct ksift_lines lines;
	unsigned int i;
	int filter;
	__u32 v;

	ASSERT_NE(NULL, d);
	filter = filter_literals(self->dev, 0, 1, "x");
	ASSERT_LE(0, filter);
	for_each_variant(self->dev, v) {
		for (i = 0; i < ARRAY_SIZE(bad); i++) {
			if (bad[i].prot_none && !kernel_faults(d + 4 * ps))
				continue;
			run_init(&run, KSIFT_KERNEL_LINES, &lines);
			run_from_mem(&run, bad[i].base, bad[i].len);
			run.variant = v;
			run.from = bad[i].from;
			run.to = bad[i].to;
			run.out_bytes = POISON_U64;
			run.out_walked = POISON_U64;
			run.out_variant = POISON_U32;
			lines_init(&lines, filter);
			run_before = run;
			EXPECT_ERRNO(EFAULT, run_lines(self->dev, &run,
						       &lines));
			EXPECT_EQ(0, memcmp(&run, &run_before, sizeof(run)));
			ASSERT_TRUE(__test_passed(_metadata)) {
				TH_LOG("row %u variant %u", i, v);
			}
		}
		/* Nothing of nowhere is nothing. */
		ASSERT_OK(run_lines_mem(self->dev, filter, NULL, 0, &run,
					&lines));
		EXPECT_EQ(0, lines.out_total);
		/* Flush with the gap, on both of its sides. */
		ASSERT_OK(run_lines_mem(self->dev, filter, d, 2 * ps, &run,
					&lines));
		EXPECT_EQ(2 * ps, lines.out_total_bytes);
		ASSERT_OK(run_lines_mem(self->dev, filter, d + 3 * ps, ps,
					&run, &lines));
		EXPECT_EQ(ps, lines.out_total_bytes);
	}
	close(filter);
	munmap(d, 5 * ps);
}

/* The same for what is written: not mapped, read-only, or half of it. */
TEST_F(edge, outputs_not_there)
{
	const size_t ps = page_size();
	unsigned char *in = xmalloc(ps), *out;
	struct ksift_record *rec;
	struct ksift_lines lines;
	struct ksift_run run;
	unsigned int i;
	int filter;

	memset(in, 'x', ps);
	for (i = 15; i < ps; i += 16)
		in[i] = '\n';
	ASSERT_EQ(0, file_set(self->fd, in, ps));
	out = mmap(NULL, 3 * ps, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, out);
	ASSERT_EQ(0, mprotect(out + ps, ps, PROT_READ));
	ASSERT_EQ(0, munmap(out + 2 * ps, ps));
	filter = filter_literals(self->dev, 0, 1, "x");
	ASSERT_LE(0, filter);
	for (i = 0; i < 2; i++) {
		const size_t offs[] = { ps, ps - 1, ps - 100, 2 * ps };
		unsigned int k;

		for (k = 0; k < ARRAY_SIZE(offs); k++) {
			run_init(&run, KSIFT_KERNEL_LINES, &lines);
			if (i)
				run_from_mem(&run, in, ps);
			else
				run_from_file(&run, self->fd);
			lines_init(&lines, filter);
			lines_want_text(&lines, out + offs[k], ps);
			EXPECT_ERRNO(EFAULT, run_lines(self->dev, &run,
						       &lines));

			rec = (void *)(out + offs[k]);
			lines_init(&lines, filter);
			lines_want_records(&lines, rec, ps / sizeof(*rec));
			EXPECT_ERRNO(EFAULT, run_lines(self->dev, &run,
						       &lines));
			ASSERT_TRUE(__test_passed(_metadata)) {
				TH_LOG("source %u at %zu", i, offs[k]);
			}
		}
		/* Room that is not needed is not looked at. */
		run_init(&run, KSIFT_KERNEL_LINES, &lines);
		if (i)
			run_from_mem(&run, in, ps);
		else
			run_from_file(&run, self->fd);
		run.to = 1;
		lines_init(&lines, filter);
		lines_want_text(&lines, out + ps - 16, ps);
		ASSERT_OK(run_lines(self->dev, &run, &lines));
		EXPECT_EQ(16, lines.out_text);
	}
	close(filter);
	munmap(out, 2 * ps);
	free(in);
}

/* A hole is not read: 12 GiB of zeros at any machine's speed take longer. */
#define SPARSE_SECONDS 60

FIXTURE(sparse)
{
	int dev;
	int fd;
	struct mnt mnt;
};

FIXTURE_VARIANT(sparse)
{
	const char *type;
	__u64 image;
};

FIXTURE_VARIANT_ADD(sparse, tmpfs)
{
	.type = "tmpfs",
};

FIXTURE_VARIANT_ADD(sparse, ext4)
{
	.type = "ext4",
	.image = 32 * MIB,
};

FIXTURE_VARIANT_ADD(sparse, xfs)
{
	.type = "xfs",
	.image = 320 * MIB,
};

/* What is not a hole: offset and text. */
static const struct {
	__u64 off;
	const char *s;
} sparse_data[] = {
	{ 0, "NEEDLE first\nother\nbefore the hole" },
	{ 4 * GIB - 8, "end\nNEEDLE across\nmore\n" },
	{ 4 * GIB + MIB, "xx\nNEEDLE two\nyy NEEDLE\n" },
	{ 8 * GIB + 4090, "NEEDLE in a long line" },
	{ 12 * GIB - 100, "\n" },
	{ 12 * GIB - 2, "\nNEEDLE the last" },
};

/* The lines, counted by hand. */
#define L(start, end, newline, a, b) \
	{ .off = start, .len = (end) - (start), .nl = newline, .sel = a, \
	  .pat = b }
#define NOPAT UINT32_MAX

static struct oline sparse_lines[] = {
	L(0, 12, true, true, 0),
	L(13, 18, true, false, NOPAT),
	L(19, 4 * GIB - 5, true, false, NOPAT),
	L(4 * GIB - 4, 4 * GIB + 9, true, true, 0),
	L(4 * GIB + 10, 4 * GIB + 14, true, false, NOPAT),
	L(4 * GIB + 15, 4 * GIB + MIB + 2, true, false, NOPAT),
	L(4 * GIB + MIB + 3, 4 * GIB + MIB + 13, true, true, 0),
	L(4 * GIB + MIB + 14, 4 * GIB + MIB + 23, true, true, 0),
	L(4 * GIB + MIB + 24, 12 * GIB - 100, true, true, 0),
	L(12 * GIB - 99, 12 * GIB - 2, true, false, NOPAT),
	L(12 * GIB - 1, 12 * GIB + 14, false, true, 0),
};

#undef L

FIXTURE_SETUP(sparse)
{
	const char *why;
	unsigned int i;

	self->mnt.mounted = false;
	self->fd = -1;
	self->dev = ksift_open();
	why = mnt_begin();
	if (!why)
		why = mnt_make(&self->mnt, variant->type, NULL,
			       variant->image);
	if (why)
		SKIP(return, "%s", why);
	self->fd = tmp_file_in(self->mnt.dir);
	ASSERT_LE(0, self->fd);
	for (i = 0; i < ARRAY_SIZE(sparse_data); i++)
		ASSERT_EQ(strlen(sparse_data[i].s),
			  pwrite(self->fd, sparse_data[i].s,
				 strlen(sparse_data[i].s),
				 sparse_data[i].off));
	ASSERT_EQ(12 * GIB + 14, lseek(self->fd, 0, SEEK_END));
	ASSERT_EQ(0, lseek(self->fd, 0, SEEK_SET));
}

FIXTURE_TEARDOWN(sparse)
{
	if (self->fd >= 0)
		close(self->fd);
	mnt_undo(&self->mnt);
	close(self->dev);
}

/* Without the bytes: the lines are too long to compare their text. */
static void sparse_oracle(struct oracle *o)
{
	o->data = NULL;
	o->size = 12 * GIB + 14;
	o->l = sparse_lines;
	o->n = ARRAY_SIZE(sparse_lines);
}

TEST_F_TIMEOUT(sparse, counts_and_records, SPARSE_SECONDS)
{
	struct oracle o;
	struct job j;
	int filter;
	__u32 v;

	sparse_oracle(&o);
	filter = filter_literals(self->dev, 0, 1, "NEEDLE");
	ASSERT_LE(0, filter);
	for_each_variant(self->dev, v) {
		job_init(&j, self->dev, filter, v);
		job_file(&j, self->fd);
		ASSERT_JOB(&j, job_run_check(&j, &o));
		EXPECT_EQ(6, j.selected);
		job_reset(&j);
		j.records_cap = 16;
		ASSERT_JOB(&j, job_run_check(&j, &o));
		job_reset(&j);
		/* One at a time, by either way to stop. */
		j.records_cap = 1;
		ASSERT_JOB(&j, job_run_check(&j, &o));
		job_reset(&j);
		j.records_cap = 2;
		do {
			j.max_lines = j.selected + 1;
			ASSERT_JOB(&j, job_call(&j));
			ASSERT_LT(j.calls, 9);
		} while (!j.done);
		j.max_lines = U64_MAX;
		EXPECT_JOB(&j, job_check(&j, &o));
		job_free(&j);
		/* The file's own position is not RUN's to move. */
		EXPECT_EQ(0, lseek(self->fd, 0, SEEK_CUR));
	}
	close(filter);
}

TEST_F_TIMEOUT(sparse, ranges, SPARSE_SECONDS)
{
	static const __u64 cuts[] = {
		0, 1, 13, 19, 20, GIB, 4 * GIB - 9, 4 * GIB - 5, 4 * GIB - 4,
		4 * GIB - 3, 4 * GIB - 1, 4 * GIB, 4 * GIB + 1, 4 * GIB + 9,
		4 * GIB + 10, 4 * GIB + 15, 4 * GIB + MIB + 3, 8 * GIB,
		8 * GIB + 4096, 12 * GIB - 100, 12 * GIB - 2, 12 * GIB - 1,
		12 * GIB, 12 * GIB + 13, 12 * GIB + 14, 13 * GIB,
	};
	struct oracle o;
	struct job j;
	unsigned int a, b;
	int filter;
	__u32 v;

	sparse_oracle(&o);
	filter = filter_literals(self->dev, 0, 1, "NEEDLE");
	ASSERT_LE(0, filter);
	for_each_variant(self->dev, v) {
		for (a = 0; a < ARRAY_SIZE(cuts); a++) {
			for (b = a; b < ARRAY_SIZE(cuts); b++) {
				if (!ksift_full() && b - a > 2 &&
				    (a + b) % 7)
					continue;
				job_init(&j, self->dev, filter, v);
				job_file(&j, self->fd);
				j.from = cuts[a];
				j.to = cuts[b];
				j.records_cap = 16;
				ASSERT_JOB(&j, job_run_check(&j, &o));
				job_free(&j);
			}
		}
	}
	close(filter);
}

/* Records and sizes of lines that are longer than 4 GiB. */
TEST_F_TIMEOUT(sparse, long_lines_selected, SPARSE_SECONDS)
{
	struct oline inverted[ARRAY_SIZE(sparse_lines)];
	struct ksift_pattern pat;
	struct oracle o;
	unsigned int i;
	struct job j;
	int filter;
	__u32 v;

	sparse_oracle(&o);
	memcpy(inverted, sparse_lines, sizeof(inverted));
	for (i = 0; i < ARRAY_SIZE(inverted); i++)
		inverted[i].sel = !inverted[i].sel;
	o.l = inverted;
	pat = pattern_str("NEEDLE", 0, 0);
	filter = filter_patterns(self->dev, &pat, 1, KSIFT_FILTER_INVERT);
	ASSERT_LE(0, filter);
	for_each_variant(self->dev, v) {
		job_init(&j, self->dev, filter, v);
		job_file(&j, self->fd);
		j.records_cap = 3;
		ASSERT_JOB(&j, job_run_check(&j, &o));
		EXPECT_LT(4 * GIB, j.selected_bytes);
		job_free(&j);
	}
	close(filter);
}

/* Zeros are bytes, in a hole as elsewhere, and so are its edges. */
TEST_F_TIMEOUT(sparse, patterns_with_zeros, SPARSE_SECONDS)
{
	static const struct {
		const char *s;
		unsigned int len;
		__u32 flags;
		__u64 selected;
		__u64 first;
	} table[] = {
		{ "\0", 1, 0, 4, 19 },
		{ "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16, 0, 4, 19 },
		{ "\0", 1, KSIFT_PATTERN_ANCHORED, 3, 4 * GIB + 15 },
		{ "hole\0\0", 6, 0, 1, 19 },
		{ "\0\0end", 5, 0, 1, 19 },
		{ "\0end\n", 4, KSIFT_PATTERN_FOLD, 1, 19 },
		{ "\0xx", 3, 0, 1, 4 * GIB + 15 },
		{ "line\0", 5, 0, 1, 4 * GIB + MIB + 24 },
		{ "\0NEEDLE in", 10, 0, 1, 4 * GIB + MIB + 24 },
		{ "\0more", 5, 0, 0, 0 },
	};
	unsigned int i;
	struct job j;
	__u32 v;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		struct ksift_pattern pat = pattern_mem(table[i].s, table[i].len,
						       table[i].flags, 0);
		int filter = filter_patterns(self->dev, &pat, 1, 0);

		ASSERT_LE(0, filter);
		for_each_variant(self->dev, v) {
			job_init(&j, self->dev, filter, v);
			job_file(&j, self->fd);
			j.records_cap = 16;
			ASSERT_JOB(&j, job_run(&j));
			EXPECT_EQ(table[i].selected, j.selected) {
				TH_LOG("row %u", i);
			}
			if (j.nrec)
				EXPECT_EQ(table[i].first, j.rec[0].offset) {
					TH_LOG("row %u", i);
				}
			EXPECT_EQ(ARRAY_SIZE(sparse_lines), j.total);
			EXPECT_EQ(12 * GIB + 14, j.total_bytes);
			job_free(&j);
		}
		close(filter);
	}
}

/* The text of a line that is mostly a hole: its beginning, and its end. */
TEST_F_TIMEOUT(sparse, text_of_a_hole, SPARSE_SECONDS)
{
	const size_t cap = 64 * KIB;
	struct job j;
	int filter;
	__u32 v;

	filter = filter_literals(self->dev, 0, 1, "before the hole");
	ASSERT_LE(0, filter);
	for_each_variant(self->dev, v) {
		job_init(&j, self->dev, filter, v);
		job_file(&j, self->fd);
		j.text_cap = cap;
		ASSERT_JOB(&j, job_call(&j));
		EXPECT_EQ(1, j.selected);
		EXPECT_EQ(4 * GIB - 4 - 19, j.selected_bytes);
		ASSERT_EQ(cap, j.text_len);
		EXPECT_EQ(0, memcmp(j.text, "before the hole", 15));
		EXPECT_TRUE(mem_is(j.text + 15, 0, cap - 15));
		EXPECT_EQ(KSIFT_RESUME_VALID | KSIFT_RESUME_INLINE,
			  j.resume.flags);
		EXPECT_EQ(19, j.resume.pos);
		EXPECT_EQ(cap, j.resume.skip);
		/* Where it would be after many more calls. */
		j.resume.skip = 4 * GIB - 19 - 1000;
		ASSERT_JOB(&j, job_call(&j));
		EXPECT_TRUE(j.done);
		EXPECT_EQ(1, j.selected);
		ASSERT_EQ(cap + 996, j.text_len);
		EXPECT_TRUE(mem_is(j.text + cap, 0, 992));
		EXPECT_EQ(0, memcmp(j.text + cap + 992, "end\n", 4));
		EXPECT_EQ(ARRAY_SIZE(sparse_lines), j.total);
		job_free(&j);
	}
	close(filter);
}

TEST_HARNESS_MAIN
