// SPDX-License-Identifier: GPL-2.0-only
/*
 * Levels and what is counted by line: the filter's level_mask, the records'
 * level and message, lines per level, lines per pattern.
 */
#include <dirent.h>
#include <limits.h>
#include <sys/stat.h>

#include "level_lines.h"
#include "lines_oracle.h"

#define KIB 1024

static const char * const level_names[] = {
	"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug",
	"trace", "none",
};

/* A line of the text that a case is made of. */
struct picked {
	__u64 off;
	__u64 len;
	unsigned int level;
	unsigned int msg;
};

struct text {
	unsigned char *data;
	size_t len;
	struct picked *l;
	size_t n;
};

/* Lines of the table, some of them made @longest bytes longer, or less. */
static void text_init(struct text *t, struct rng *rng, size_t n, size_t longest)
{
	size_t i, cap = n * (256 + longest);

	t->data = xmalloc(cap);
	t->l = xmalloc(n * sizeof(*t->l));
	t->n = n;
	t->len = 0;
	for (i = 0; i < n; i++) {
		const struct level_line *line =
			&level_lines[rng_below(rng, LEVEL_LINES)];
		size_t len = strlen(line->line), more;
		unsigned char *p = t->data + t->len;

		memcpy(p, line->line, len);
		more = rng_below(rng, 8) ? rng_below(rng, 20) :
					   rng_below(rng, longest + 1);
		if (more) {
			p[len++] = ' ';
			memset(p + len, 'z', more);
			len += more;
		}
		p[len] = '\n';
		t->l[i] = (struct picked){ t->len, len, line->level, line->msg };
		t->len += len + 1;
	}
}

static void text_free(struct text *t)
{
	free(t->data);
	free(t->l);
}

static int open_mask(int dev, __u32 flags, __u32 mask)
{
	struct ksift_filter filter;

	filter_init(&filter, NULL, 0);
	filter.flags = flags;
	filter.level_mask = mask;
	if (ksift_ioctl(dev, KSIFT_FILTER, &filter))
		return -1;
	return filter.out_fd;
}

FIXTURE(levels)
{
	int dev;
	struct rng rng;
};

FIXTURE_SETUP(levels)
{
	self->dev = ksift_open();
	rng_init(&self->rng, 7);
}

FIXTURE_TEARDOWN(levels)
{
	close(self->dev);
}

/* What a job over [@from, @to) of @t must give under @mask. */
static int check_job(struct job *j, const struct text *t, __u32 mask)
{
	size_t i, k = 0;

	if (job_run(j))
		return -1;
	for (i = 0; i < t->n; i++) {
		const struct picked *l = &t->l[i];
		const struct ksift_record *r = &j->rec[k];

		if (l->off < j->from || l->off >= j->to ||
		    (mask && !(mask >> l->level & 1)))
			continue;
		if (k++ == j->nrec)
			return JOB_FAIL(j, "%zu records and more", k - 1);
		if (r->offset != l->off || r->len != l->len ||
		    r->level != l->level || r->msg != l->msg)
			return JOB_FAIL(j,
				"line %zu at %llu: at %llu, level %u, message at %u, not %u at %u",
				i, l->off, r->offset, r->level, r->msg,
				l->level, l->msg);
	}
	if (k != j->nrec)
		return JOB_FAIL(j, "%zu records, not %zu", j->nrec, k);
	return 0;
}

/* Lines per level, in as many calls as it takes. */
static void check_counts(struct __test_metadata *_metadata, int dev, int filter,
			 const struct text *t, int fd, __u32 v, __u64 from,
			 __u64 to, __u32 mask, __u64 max_lines)
{
	__u64 want[KSIFT_LEVELS] = { 0 }, got[KSIFT_LEVELS] = { 0 };
	struct ksift_lines lines;
	struct ksift_run run;
	size_t i;

	for (i = 0; i < t->n; i++)
		if (t->l[i].off >= from && t->l[i].off < to &&
		    (!mask || mask >> t->l[i].level & 1))
			want[t->l[i].level]++;
	run_init(&run, KSIFT_KERNEL_LINES, &lines);
	if (fd < 0)
		run_from_mem(&run, t->data, t->len);
	else
		run_from_file(&run, fd);
	run.from = from;
	run.to = to;
	run.variant = v;
	do {
		lines_init(&lines, filter);
		lines.flags = KSIFT_LINES_LEVELS;
		lines.max_lines = max_lines;
		memset(lines.out_levels, POISON, sizeof(lines.out_levels));
		ASSERT_OK(run_lines(dev, &run, &lines));
		for (i = 0; i < KSIFT_LEVELS; i++)
			got[i] += lines.out_levels[i];
	} while (!(run.resume.flags & KSIFT_RESUME_DONE));
	for (i = 0; i < KSIFT_LEVELS; i++)
		EXPECT_EQ(want[i], got[i]) {
			TH_LOG("level %zu in [%llu, %llu), mask %#x, fd %d, variant %u",
			       i, from, to, mask, fd, v);
		}
}

/* Every level alone, random sets of them, memory and file, buffers of all sizes. */
TEST_F(levels, masks)
{
	unsigned int round;

	for (round = 0; round < ksift_rounds(40, 1000); round++) {
		__u32 mask = round < 10 ? 1U << round :
			     rng_below(&self->rng, 1 << KSIFT_LEVELS);
		__u32 flags = round & 1 ? KSIFT_FILTER_INVERT |
					  KSIFT_FILTER_MATCH_NONE_IF_EMPTY : 0;
		struct text t;
		int filter, fd;
		__u32 v;

		text_init(&t, &self->rng, 1 + rng_below(&self->rng, 1500),
			  round % 4 ? 200 : 6000);
		fd = tmp_file_with(t.data, t.len);
		ASSERT_LE(0, fd);
		filter = open_mask(self->dev, flags, mask);
		ASSERT_LE(0, filter);
		for_each_variant(self->dev, v) {
			bool file = rng_below(&self->rng, 2);
			__u64 from = 0, to = U64_MAX;
			struct job j;

			if (rng_below(&self->rng, 2)) {
				from = rng_below(&self->rng, t.len);
				to = from + rng_below(&self->rng, t.len);
			}
			job_init(&j, self->dev, filter, v);
			if (file)
				job_file(&j, fd);
			else
				job_mem(&j, t.data, t.len);
			j.from = from;
			j.to = to;
			j.records_cap = 1 + rng_below(&self->rng,
						      round % 3 ? 2000 : 5);
			if (rng_below(&self->rng, 2))
				j.text_cap = 200 + rng_below(&self->rng,
							     9000);
			EXPECT_JOB(&j, check_job(&j, &t, mask));
			job_free(&j);
			check_counts(_metadata, self->dev, filter, &t,
				     file ? fd : -1, v, from, to, mask,
				     round % 3 ? U64_MAX :
				     1 + rng_below(&self->rng, 50));
		}
		close(filter);
		close(fd);
		text_free(&t);
		ASSERT_TRUE(__test_passed(_metadata)) {
			RNG_LOG(&self->rng);
		}
	}
}

/* Ranges that touch give together what the whole gives. */
TEST_F(levels, every_cut)
{
	struct text t;
	int filter, fd;
	__u64 cut;
	__u32 v;

	text_init(&t, &self->rng, 60, 300);
	fd = tmp_file_with(t.data, t.len);
	ASSERT_LE(0, fd);
	filter = open_mask(self->dev, 0, 0);
	ASSERT_LE(0, filter);
	for_each_variant(self->dev, v)
		for (cut = 0; cut <= t.len; cut++) {
			check_counts(_metadata, self->dev, filter, &t, fd, v, 0,
				     cut, 0, U64_MAX);
			check_counts(_metadata, self->dev, filter, &t, -1, v,
				     cut, U64_MAX, 0, U64_MAX);
			ASSERT_TRUE(__test_passed(_metadata));
		}
	close(filter);
	close(fd);
	text_free(&t);
}

/* A line that is longer than any buffer has the level of its beginning. */
TEST_F(levels, long_lines)
{
	const size_t sizes[] = { 60 * KIB, 70 * KIB, 3 * KIB * KIB };
	unsigned int i, k;
	__u32 v;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		static const char * const heads[] = {
			"sshd[1]: error: ", "<4>", "no level here ",
		};
		unsigned char *data = xmalloc(sizes[i] * 3 + 100);
		struct picked l[3];
		struct text t = { .data = data, .l = l, .n = 3 };
		int filter, fd;

		for (k = 0; k < 3; k++) {
			size_t n = strlen(heads[k]);

			l[k].off = t.len;
			l[k].len = n + sizes[i];
			l[k].level = k == 0 ? KSIFT_LEVEL_ERR :
				     k == 1 ? KSIFT_LEVEL_WARNING :
					      KSIFT_LEVEL_NONE;
			l[k].msg = k < 2 ? n : 0;
			memcpy(data + t.len, heads[k], n);
			memset(data + t.len + n, 'y', sizes[i]);
			data[t.len + n + sizes[i]] = '\n';
			t.len += l[k].len + 1;
		}
		fd = tmp_file_with(data, t.len);
		ASSERT_LE(0, fd);
		for (k = 0; k < 4; k++) {
			__u32 mask = k < 3 ? 1U << l[k].level : 0;

			filter = open_mask(self->dev, 0, mask);
			ASSERT_LE(0, filter);
			for_each_variant(self->dev, v) {
				struct job j;

				job_init(&j, self->dev, filter, v);
				job_file(&j, fd);
				j.records_cap = 2;
				EXPECT_JOB(&j, check_job(&j, &t, mask));
				job_free(&j);
				check_counts(_metadata, self->dev, filter, &t,
					     -1, v, 0, U64_MAX, mask, U64_MAX);
			}
			close(filter);
		}
		close(fd);
		free(data);
	}
}

/* Zeros in a file may be a hole; in memory nobody can be asked about one. */
TEST_F(levels, long_zeros)
{
	const size_t sizes[] = { 65536, 65537, 100 * KIB, KIB * KIB };
	unsigned int i, k;
	__u32 v;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t n = sizes[i];
		unsigned char *data = calloc(1, n);
		struct picked l = { .len = n };
		struct text t = { .data = data, .len = n, .l = &l, .n = 1 };
		int filter, fd;

		ASSERT_NE(NULL, data);
		if (i)
			memcpy(data, "<2>", 3);
		l.level = i ? KSIFT_LEVEL_CRIT : KSIFT_LEVEL_NONE;
		l.msg = i ? 3 : 0;
		fd = tmp_file_with(data, n);
		ASSERT_LE(0, fd);
		filter = open_mask(self->dev, 0, 0);
		ASSERT_LE(0, filter);
		for_each_variant(self->dev, v)
			for (k = 0; k < 2; k++) {
				struct job j;

				job_init(&j, self->dev, filter, v);
				if (k)
					job_file(&j, fd);
				else
					job_mem(&j, data, n);
				j.records_cap = 2;
				EXPECT_JOB(&j, check_job(&j, &t, 0));
				job_free(&j);
			}
		close(filter);
		close(fd);
		free(data);
	}
}

/* A level is asked for besides what the patterns ask for. */
TEST_F(levels, with_patterns)
{
	static const char text[] =
		"ERROR disk\nINFO disk\nERROR net\ndisk\n<3>disk ERROR\n";
	const struct {
		__u32 flags, mask;
		__u64 selected;
	} cases[] = {
		{ 0, 0, 4 },
		{ 0, 1 << KSIFT_LEVEL_ERR, 2 },
		{ 0, 1 << KSIFT_LEVEL_NONE, 1 },
		{ 0, 1 << KSIFT_LEVEL_DEBUG, 0 },
		{ KSIFT_FILTER_INVERT, 0, 1 },
		{ KSIFT_FILTER_INVERT, 1 << KSIFT_LEVEL_ERR, 1 },
		{ KSIFT_FILTER_INVERT, 1 << KSIFT_LEVEL_NONE, 0 },
	};
	struct ksift_pattern disk = pattern_str("disk", 0, 0);
	unsigned int i;
	__u32 v;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ksift_filter filter;

		filter_init(&filter, &disk, 1);
		filter.flags = cases[i].flags;
		filter.level_mask = cases[i].mask;
		ASSERT_OK(ksift_ioctl(self->dev, KSIFT_FILTER, &filter));
		for_each_variant(self->dev, v) {
			struct ksift_lines lines;
			struct ksift_run run;

			run_init(&run, KSIFT_KERNEL_LINES, &lines);
			run_from_mem(&run, text, sizeof(text) - 1);
			run.variant = v;
			lines_init(&lines, filter.out_fd);
			ASSERT_OK(run_lines(self->dev, &run, &lines));
			EXPECT_EQ(cases[i].selected, lines.out_selected) {
				TH_LOG("case %u, variant %u", i, v);
			}
			EXPECT_EQ(0, lines.out_levels[KSIFT_LEVEL_ERR]);
		}
		close(filter.out_fd);
	}
}

/* Lines per pattern of a text, the plain way. */
static void naive_counts(const struct ofilter *f, const unsigned char *data,
			 size_t len, __u64 *counts)
{
	unsigned int i;

	for (i = 0; i < f->n; i++) {
		struct ofilter one = { .p = { f->p[i] }, .n = 1 };
		struct oracle o;

		one.p[0].flags &= ~KSIFT_PATTERN_EXCLUDE;
		one.p[0].group = 0;
		oracle_init(&o, &one, data, len);
		counts[i] = oracle_selected(&o);
		oracle_free(&o);
	}
}

TEST_F(levels, lines_per_pattern)
{
	static const char * const words[] = {
		"error", "INFO", "", "z", "zz", "level", "ERROR", "[", "1",
		"nothing like it", "a", "e", "2015-07-29", "<34>", "\t",
	};
	unsigned int round, i;

	for (round = 0; round < ksift_rounds(30, 500); round++) {
		__u64 want[KSIFT_PATTERNS_MAX], got[KSIFT_PATTERNS_MAX] = { 0 };
		__u64 counts[KSIFT_PATTERNS_MAX];
		unsigned int n = 1 + rng_below(&self->rng, 20);
		struct ksift_lines lines;
		struct ofilter f = { 0 };
		struct ksift_run run;
		struct text t;
		int filter;

		if (!rng_below(&self->rng, 8))
			n = KSIFT_PATTERNS_MAX;
		/* The empty one selects every line. */
		ofilter_adds(&f, "", 0, 0);
		for (i = 1; i < n; i++)
			ofilter_adds(&f, words[rng_below(&self->rng,
							 ARRAY_SIZE(words))],
				     rng_below(&self->rng, 4), 0);
		text_init(&t, &self->rng, 300, 500);
		naive_counts(&f, t.data, t.len, want);
		filter = ofilter_open(self->dev, &f);
		ASSERT_LE(0, filter);
		run_init(&run, KSIFT_KERNEL_LINES, &lines);
		run_from_mem(&run, t.data, t.len);
		do {
			lines_init(&lines, filter);
			memset(counts, POISON, sizeof(counts));
			lines.pattern_counts = PTR_U64(counts);
			lines.pattern_counts_cap = n;
			if (round & 1)
				lines.max_lines = 1 + rng_below(&self->rng, 99);
			ASSERT_OK(run_lines(self->dev, &run, &lines));
			for (i = 0; i < n; i++)
				got[i] += counts[i];
			EXPECT_TRUE(mem_is(&counts[n], POISON, sizeof(counts) -
					   n * sizeof(counts[0])));
		} while (!(run.resume.flags & KSIFT_RESUME_DONE));
		for (i = 0; i < n; i++)
			EXPECT_EQ(want[i], got[i]) {
				RNG_LOG(&self->rng);
				TH_LOG("pattern %u of %u", i, n);
			}
		/* One count too few is refused, whatever was to be counted. */
		run_init(&run, KSIFT_KERNEL_LINES, &lines);
		run_from_mem(&run, t.data, t.len);
		lines_init(&lines, filter);
		lines.pattern_counts = PTR_U64(counts);
		lines.pattern_counts_cap = n - 1;
		EXPECT_ERRNO(EINVAL, run_lines(self->dev, &run, &lines));
		close(filter);
		text_free(&t);
		ASSERT_TRUE(__test_passed(_metadata));
	}
}

/* The level that a name in a .levels file stands for. */
static unsigned int name_level(const char *name, size_t len)
{
	static const struct {
		const char *name;
		unsigned int level;
	} names[] = {
		{ "emerg", KSIFT_LEVEL_EMERG }, { "alert", KSIFT_LEVEL_ALERT },
		{ "crit", KSIFT_LEVEL_CRIT }, { "fatal", KSIFT_LEVEL_CRIT },
		{ "err", KSIFT_LEVEL_ERR }, { "error", KSIFT_LEVEL_ERR },
		{ "warn", KSIFT_LEVEL_WARNING },
		{ "warning", KSIFT_LEVEL_WARNING },
		{ "notice", KSIFT_LEVEL_NOTICE }, { "info", KSIFT_LEVEL_INFO },
		{ "debug", KSIFT_LEVEL_DEBUG }, { "trace", KSIFT_LEVEL_TRACE },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (strlen(names[i].name) == len &&
		    !strncasecmp(names[i].name, name, len))
			return names[i].level;
	return KSIFT_LEVEL_NONE;
}

static char *read_text(const char *dir, const char *name, const char *ext,
		       size_t *len)
{
	char path[PATH_MAX];
	struct stat st;
	char *text;
	int fd;

	snprintf(path, sizeof(path), "%s/%s%s", dir, name, ext);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st))
		abort();
	text = xmalloc(st.st_size + 1);
	if (read(fd, text, st.st_size) != st.st_size)
		abort();
	text[st.st_size] = '\0';
	close(fd);
	*len = st.st_size;
	return text;
}

/* Real logs, beside which their authors wrote the level of every line. */
TEST_F(levels, real_logs)
{
	const char *dir = getenv("KSIFT_LOGS");
	unsigned int logs = 0;
	struct dirent *ent;
	DIR *d;

	if (!dir)
		dir = "/data/loghub";
	d = opendir(dir);
	if (!d)
		SKIP(return, "no logs in %s", dir);
	while ((ent = readdir(d))) {
		char *dot = strrchr(ent->d_name, '.'), *log, *truth, *p;
		size_t log_len, truth_len, i, miss = 0;
		struct job j;
		int filter;

		if (!dot || strcmp(dot, ".levels"))
			continue;
		*dot = '\0';
		truth = read_text(dir, ent->d_name, ".levels", &truth_len);
		log = read_text(dir, ent->d_name, ".log", &log_len);
		ASSERT_TRUE(truth && log);
		logs++;
		filter = open_mask(self->dev, 0, 0);
		ASSERT_LE(0, filter);
		job_init(&j, self->dev, filter, 0);
		job_mem(&j, log, log_len);
		j.records_cap = 100;
		ASSERT_JOB(&j, job_run(&j));
		for (i = 0, p = truth; i < j.nrec; i++) {
			size_t len = strcspn(p, "\r\n");
			unsigned int want = name_level(p, len);

			ASSERT_LT(0, len) TH_LOG("%s has fewer levels than lines",
						 ent->d_name);
			if (j.rec[i].level != want) {
				miss++;
				TH_LOG("%s, line %zu: %s, not %s", ent->d_name,
				       i + 1, level_names[j.rec[i].level],
				       level_names[want]);
			}
			p += len;
			p += strspn(p, "\r\n");
		}
		TH_LOG("%s: %zu of %zu lines agree", ent->d_name, i - miss, i);
		ASSERT_LT(1000, i);
		EXPECT_LE(miss * 100, i);
		job_free(&j);
		close(filter);
		free(log);
		free(truth);
	}
	closedir(d);
	if (!logs)
		SKIP(return, "no *.levels in %s", dir);
}

TEST_HARNESS_MAIN
