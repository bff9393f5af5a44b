// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation and every user copy of FILTER and RUN fails once.
 *
 * The call is repeated with the first, the second, ... of them failing, until
 * there is none left to fail.  Each time it either works, with the same result
 * as ever, or says ENOMEM or EFAULT; no descriptor appears that was not
 * reported; and the next call works.  What else could go wrong (a leak, a use
 * after free) is for the kernel's own checkers to see.
 *
 * Needs a kernel with fault injection.
 */
#include "program_parts.h"
#include "test_util.h"

#include <sys/mount.h>

/* More than any call here has; reached, something allocates in a loop. */
#define NTH_MAX 2000

static const char *const knobs[][2] = {
	/* Allocations that may sleep, which is all of ours, are left out. */
	{ "failslab/ignore-gfp-wait", "N" },
	{ "fail_page_alloc/ignore-gfp-wait", "N" },
	{ "fail_page_alloc/ignore-gfp-highmem", "N" },
	{ "fail_page_alloc/min-order", "0" },
	/* The failures are meant, so the log need not tell of them. */
	{ "failslab/verbose", "0" },
	{ "fail_page_alloc/verbose", "0" },
	{ "fail_usercopy/verbose", "0" },
};

#define DEBUGFS "/sys/kernel/debug"

static bool turn_knobs(void)
{
	bool any = false;
	unsigned int i;

	if (access(DEBUGFS "/failslab", F_OK))
		mount("debugfs", DEBUGFS, "debugfs", 0, NULL);
	for (i = 0; i < ARRAY_SIZE(knobs); i++) {
		char path[128];
		int fd;

		snprintf(path, sizeof(path), DEBUGFS "/%s", knobs[i][0]);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (write(fd, knobs[i][1], 1) == 1)
			any = true;
		close(fd);
	}
	return any;
}

/*
 * Some buffers' worth of text, and few selected lines: each is a user copy
 * that can fail.
 */
#define TEXT_LEN 300000
#define HIT_STEP 10000
#define HITS (TEXT_LEN / HIT_STEP)
#define VALUES 6000

FIXTURE(fail)
{
	int nth;
	int dev;
	int filter;
	char *text;
	char *out;
	int file;
	int plain;	/* the same bytes, where pages are not walked */
};

FIXTURE_SETUP(fail)
{
	char dir[] = "/tmp/ksift-XXXXXX";
	unsigned int i;

	self->dev = ksift_open();
	self->nth = open("/proc/self/fail-nth", O_RDWR | O_CLOEXEC);
	if (self->nth < 0)
		SKIP(return, "this kernel injects no faults");
	if (!turn_knobs())
		SKIP(return, "fault injection cannot be configured");

	self->filter = filter_literals(self->dev, 0, 2, "ERROR", "disk");
	ASSERT_GE(self->filter, 0);
	self->text = malloc(TEXT_LEN);
	self->out = malloc(TEXT_LEN);
	ASSERT_TRUE(self->text && self->out);
	for (i = 0; i < TEXT_LEN; i++)
		self->text[i] = "all is well\n"[i % 12];
	for (i = 0; i < TEXT_LEN; i += HIT_STEP)
		memcpy(self->text + i, "\nERROR\n", 7);
	self->file = tmp_file_with(self->text, TEXT_LEN);
	ASSERT_GE(self->file, 0);
	/* Not on the list of file systems to walk, and always there. */
	ASSERT_NE(NULL, mkdtemp(dir));
	ASSERT_OK(mount("ramfs", dir, "ramfs", 0, NULL));
	self->plain = tmp_file_in(dir);
	umount2(dir, MNT_DETACH);
	rmdir(dir);
	ASSERT_GE(self->plain, 0);
	ASSERT_EQ(0, write_all(self->plain, self->text, TEXT_LEN));
}

FIXTURE_TEARDOWN(fail)
{
	close(self->plain);
	close(self->file);
	free(self->out);
	free(self->text);
	close(self->filter);
	close(self->dev);
	close(self->nth);
}

static unsigned int count_fds(void)
{
	unsigned int n = 0;
	int fd;

	for (fd = 0; fd < 64; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* The n-th from now on fails. */
static void nth_set(struct __test_metadata *_metadata, int fd, unsigned int n)
{
	char buf[16];
	int len = snprintf(buf, sizeof(buf), "%u", n);

	ASSERT_EQ(len, pwrite(fd, buf, len, 0));
}

/*
 * Whether the failure that was set has happened.  The calls that ask may be
 * what it happens to, in which case the calls before them had none.
 */
static bool nth_happened(struct __test_metadata *_metadata, int fd)
{
	char buf[16] = "";
	bool asking = false;
	ssize_t len;
	int i;

	len = pread(fd, buf, sizeof(buf) - 1, 0);
	if (len < 0)
		asking = true;
	for (i = 0; i < 3; i++) {
		if (pwrite(fd, "0", 1, 0) == 1)
			return !asking && atoi(buf) == 0;
		asking = true;
	}
	ASSERT_EQ(0, errno) {
		TH_LOG("cannot switch the failures off");
	}
	return false;
}

/**
 * struct scene - A call to fail in
 * @self: The fixture
 * @call: Makes it; 0 or an errno, and checks the results if it worked
 * @source: The enum ksift_source to take
 * @file: The file of that
 * @flags: enum ksift_run_flags of that
 * @records: Ask for records
 * @text: Ask for text
 */
struct scene {
	FIXTURE_DATA(fail) *self;
	int (*call)(struct __test_metadata *_metadata, struct scene *s);
	__u32 source;
	int file;
	int program;
	__u32 flags;
	bool records;
	bool text;
};

static void sweep(struct __test_metadata *_metadata, struct scene *s,
		  const char *what)
{
	unsigned int failed = 0, survived = 0, fds, n;

	ASSERT_EQ(0, s->call(_metadata, s)) {
		TH_LOG("%s: fails without a fault: %s", what, strerror(errno));
	}
	fds = count_fds();
	for (n = 1; n < NTH_MAX; n++) {
		bool happened;
		int err;

		nth_set(_metadata, s->self->nth, n);
		err = s->call(_metadata, s);
		happened = nth_happened(_metadata, s->self->nth);
		if (!happened)
			break;
		if (err)
			failed++;
		else
			survived++;
		EXPECT_TRUE(!err || err == ENOMEM || err == EFAULT) {
			TH_LOG("%s: fault %u: %s", what, n, strerror(err));
		}
		ASSERT_EQ(fds, count_fds()) {
			TH_LOG("%s: fault %u: leaks a descriptor", what, n);
		}
		/* It may have left nothing behind. */
		ASSERT_EQ(0, s->call(_metadata, s)) {
			TH_LOG("%s: broken by fault %u", what, n);
		}
	}
	EXPECT_LT(n, NTH_MAX) {
		TH_LOG("%s: no end of allocations", what);
	}
	/* At least the copies in and out must have been there to fail. */
	EXPECT_GT(failed, 1) {
		TH_LOG("%s: %u failed, %u survived", what, failed, survived);
	}
	TH_LOG("%s: %u faults failed it, %u did not", what, failed, survived);
}

static int call_filter(struct __test_metadata *_metadata, struct scene *s)
{
	static const char *const strs[] = {
		"ERROR", "disk", "timeout", "", "a rather long literal, this",
	};
	struct ksift_pattern pats[ARRAY_SIZE(strs)];
	struct ksift_filter req;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(strs); i++)
		pats[i] = pattern_str(strs[i], i % 4, i % 2);
	filter_init(&req, pats, ARRAY_SIZE(pats));
	if (ksift_ioctl(s->self->dev, KSIFT_FILTER, &req)) {
		int err = errno;

		EXPECT_EQ(-1, req.out_fd);
		return err;
	}
	close(req.out_fd);
	return 0;
}

static int call_large_filter(struct __test_metadata *_metadata,
			     struct scene *s)
{
	static char data[KSIFT_PATTERNS_MAX][KSIFT_PATTERN_LEN_MAX];
	struct ksift_pattern pats[KSIFT_PATTERNS_MAX];
	unsigned int i;
	int fd;

	for (i = 0; i < KSIFT_PATTERNS_MAX; i++) {
		memset(data[i], 'A' + i, sizeof(data[i]));
		pats[i] = pattern_mem(data[i], sizeof(data[i]), i % 4, i % 16);
	}
	fd = filter_patterns(s->self->dev, pats, KSIFT_PATTERNS_MAX, 0);
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int call_program(struct __test_metadata *_metadata, struct scene *s)
{
	struct parts p;

	parts_init(&p);
	if (ksift_ioctl(s->self->dev, KSIFT_FILTER, &p.filter))
		return errno;
	close(p.filter.out_fd);
	return 0;
}

/* A RUN whose state is as large as its program wants. */
static int call_program_run(struct __test_metadata *_metadata, struct scene *s)
{
	struct ksift_lines lines;
	struct ksift_run run;

	run_init(&run, KSIFT_KERNEL_LINES, &lines);
	run_from_mem(&run, s->self->text, TEXT_LEN);
	lines_init(&lines, s->program);
	lines_want_text(&lines, s->self->out, TEXT_LEN);
	return ksift_run(s->self->dev, &run) ? errno : 0;
}

static int call_info(struct __test_metadata *_metadata, struct scene *s)
{
	struct ksift_info info;

	return ksift_info(s->self->dev, &info) ? errno : 0;
}

static void scene_source(struct ksift_run *run, struct scene *s)
{
	if (s->source == KSIFT_SOURCE_FILE)
		run_from_file(run, s->file);
	else
		run_from_mem(run, s->self->text, TEXT_LEN);
	run->flags = s->flags;
}

static int call_lines(struct __test_metadata *_metadata, struct scene *s)
{
	struct ksift_lines lines;
	__u64 selected = 0;
	struct ksift_run run;

	run_init(&run, KSIFT_KERNEL_LINES, &lines);
	scene_source(&run, s);
	do {
		lines_init(&lines, s->self->filter);
		lines.flags = KSIFT_LINES_TOTAL;
		if (s->text)
			lines_want_text(&lines, s->self->out, TEXT_LEN);
		if (s->records)
			lines_want_records(&lines, (void *)s->self->out,
					   TEXT_LEN /
					   sizeof(struct ksift_record));
		if (run_lines(s->self->dev, &run, &lines))
			return errno;
		selected += lines.out_selected;
	} while (!(run.resume.flags & KSIFT_RESUME_DONE));
	EXPECT_EQ(HITS, selected);
	return 0;
}

static int call_sum(struct __test_metadata *_metadata, struct scene *s)
{
	struct ksift_sum_i64 sum = { .size = sizeof(sum) };
	struct ksift_run run;
	__u64 count = 0;

	run_init(&run, KSIFT_KERNEL_SUM_I64, &sum);
	scene_source(&run, s);
	do {
		if (ksift_run(s->self->dev, &run))
			return errno;
		count += sum.out_count;
	} while (!(run.resume.flags & KSIFT_RESUME_DONE));
	EXPECT_EQ(TEXT_LEN / 8, count);
	return 0;
}

static int call_sumsq(struct __test_metadata *_metadata, struct scene *s)
{
	struct ksift_sumsq sq = { .size = sizeof(sq) };
	struct ksift_run run;

	run_init(&run, KSIFT_KERNEL_SUMSQ, &sq);
	if (s->source == KSIFT_SOURCE_MEM) {
		run_from_mem(&run, s->self->text, 8 * VALUES);
		sq.value_size = sizeof(struct ksift_sumsq_value);
		sq.values = PTR_U64(s->self->out);
		sq.values_cap = VALUES;
	} else {
		run.to = 100;
	}
	if (ksift_run(s->self->dev, &run))
		return errno;
	if (s->source == KSIFT_SOURCE_MEM) {
		EXPECT_EQ(VALUES, sq.out_count);
	} else {
		EXPECT_EQ(328350, sq.out_value.lo);
	}
	return 0;
}

static int call_fib(struct __test_metadata *_metadata, struct scene *s)
{
	struct ksift_fib fib = { .size = sizeof(fib) };
	struct ksift_run run;

	run_init(&run, KSIFT_KERNEL_FIB, &fib);
	run.to = VALUES;
	fib.values = PTR_U64(s->self->out);
	fib.values_cap = VALUES;
	if (ksift_run(s->self->dev, &run))
		return errno;
	EXPECT_EQ(VALUES, fib.out_count);
	return 0;
}

TEST_F(fail, info)
{
	struct scene s = { .self = self, .call = call_info };

	sweep(_metadata, &s, "info");
}

TEST_F(fail, filter)
{
	struct scene s = { .self = self, .call = call_filter };

	sweep(_metadata, &s, "small filter");
	s.call = call_program;
	sweep(_metadata, &s, "filter by a program");
	s.call = call_large_filter;
	sweep(_metadata, &s, "large filter");
}

TEST_F(fail, lines)
{
	struct scene s = { .self = self, .call = call_lines };
	const struct {
		__u32 source;
		int file;
		__u32 flags;
		const char *name;
	} from[] = {
		{ KSIFT_SOURCE_MEM, 0, 0, "memory" },
		{ KSIFT_SOURCE_FILE, self->file, 0, "tmpfs" },
		{ KSIFT_SOURCE_FILE, self->plain, 0, "ramfs" },
		{ KSIFT_SOURCE_FILE, self->file, KSIFT_RUN_CACHED,
		  "tmpfs, cached" },
		{ KSIFT_SOURCE_FILE, self->file, KSIFT_RUN_POLITE,
		  "tmpfs, politely" },
	};
	unsigned int i, want;

	for (i = 0; i < ARRAY_SIZE(from); i++)
	for (want = 0; want < 4; want++) {
		char name[64];

		s.source = from[i].source;
		s.file = from[i].file;
		s.flags = from[i].flags;
		s.text = want & 1;
		s.records = want & 2;
		snprintf(name, sizeof(name), "lines of %s%s%s", from[i].name,
			 s.text ? ", text" : "", s.records ? ", records" : "");
		sweep(_metadata, &s, name);
	}
}

TEST_F(fail, program)
{
	struct scene s = { .self = self, .call = call_program_run };
	struct parts p;

	parts_init(&p);
	ASSERT_OK(ksift_ioctl(self->dev, KSIFT_FILTER, &p.filter));
	s.program = p.filter.out_fd;
	sweep(_metadata, &s, "lines by a program");
	close(s.program);
}

TEST_F(fail, sum_i64)
{
	struct scene s = { .self = self, .call = call_sum };

	s.source = KSIFT_SOURCE_MEM;
	sweep(_metadata, &s, "sum of memory");
	s.source = KSIFT_SOURCE_FILE;
	s.file = self->file;
	sweep(_metadata, &s, "sum of tmpfs");
	s.file = self->plain;
	sweep(_metadata, &s, "sum of ramfs");
}

TEST_F(fail, sumsq)
{
	struct scene s = { .self = self, .call = call_sumsq };

	s.source = KSIFT_SOURCE_NONE;
	sweep(_metadata, &s, "one sum of squares");
	s.source = KSIFT_SOURCE_MEM;
	sweep(_metadata, &s, "sums of squares");
}

TEST_F(fail, fib)
{
	struct scene s = { .self = self, .call = call_fib };

	sweep(_metadata, &s, "fib");
}

TEST_HARNESS_MAIN
