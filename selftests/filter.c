// SPDX-License-Identifier: GPL-2.0-only
/*
 * KSIFT_FILTER: what it takes, what it refuses, and what the descriptor that
 * it gives can do.
 */
#include "test_abi.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

FIXTURE(filter)
{
	int dev;
	struct ksift_pattern pat[2];
	struct ksift_filter good;
};

FIXTURE_SETUP(filter)
{
	self->dev = ksift_open();
	self->pat[0] = pattern_str("ERROR", KSIFT_PATTERN_ANCHORED, 0);
	self->pat[1] = pattern_str("disk", KSIFT_PATTERN_FOLD, 1);
	filter_init(&self->good, self->pat, ARRAY_SIZE(self->pat));
	self->good.out_fd = (__s32)POISON_U32;
}

FIXTURE_TEARDOWN(filter)
{
	close(self->dev);
}

static unsigned int count_fds(void)
{
	unsigned int n = 0;
	int fd;

	for (fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* A request that a change of @...made wrong: the errno, nothing else. */
#define BAD_AT(n, err, ...) do {					\
	struct ksift_pattern pat[2] = { self->pat[0], self->pat[1] };	\
	struct ksift_filter req = self->good, before;			\
	int ret;							\
									\
	req.patterns = PTR_U64(pat);					\
	__VA_ARGS__;							\
	before = req;							\
	errno = 0;							\
	ret = ksift_ioctl(self->dev, KSIFT_FILTER, &req);		\
	EXPECT_EQ(err, ret == -1 ? errno : 0) {				\
		TH_LOG("%s [%lu]: %d, %s", #__VA_ARGS__,		\
		       (unsigned long)(n), ret, strerror(errno));	\
	}								\
	EXPECT_EQ(0, memcmp(&before, &req, sizeof(req)));		\
	if (!ret)							\
		close(req.out_fd);					\
} while (0)

#define BAD(err, ...) BAD_AT(0, err, __VA_ARGS__)

/* A request that is fine even so. */
#define GOOD_AT(n, ...) do {						\
	struct ksift_pattern pat[2] = { self->pat[0], self->pat[1] };	\
	struct ksift_filter req = self->good, before;			\
	int ret;							\
									\
	req.patterns = PTR_U64(pat);					\
	__VA_ARGS__;							\
	before = req;							\
	errno = 0;							\
	ret = ksift_ioctl(self->dev, KSIFT_FILTER, &req);		\
	EXPECT_EQ(0, ret) {						\
		TH_LOG("%s [%lu]: %s", #__VA_ARGS__,			\
		       (unsigned long)(n), strerror(errno));		\
	}								\
	if (!ret) {							\
		EXPECT_GE(req.out_fd, 0);				\
		EXPECT_OK(close(req.out_fd));				\
		before.out_fd = req.out_fd;				\
		EXPECT_EQ(0, memcmp(&before, &req, sizeof(req)));	\
	}								\
} while (0)

#define GOOD(...) GOOD_AT(0, __VA_ARGS__)

static int filter_call(struct __test_metadata *_metadata, void *ctx, void *arg)
{
	unsigned int fds = count_fds();
	int *dev = ctx;
	int ret, err;

	ret = ksift_ioctl(*dev, KSIFT_FILTER, arg);
	err = errno;
	EXPECT_EQ(fds + !ret, count_fds());
	errno = err;
	return ret;
}

static void filter_done(void *ctx, void *arg)
{
	struct ksift_filter req;

	memcpy(&req, arg, sizeof(req));
	close(req.out_fd);
}

TEST_F(filter, cmd_length)
{
	struct abi_struct abi = {
		.good = &self->good,
		.len = sizeof(self->good),
		.least = KSIFT_FILTER_SIZE_VER0,
		.call = filter_call,
		.done = filter_done,
		.ctx = &self->dev,
	};

	abi_check_length(_metadata, &abi);
}

/* Among others: no descriptor is left behind that nobody was told of. */
TEST_F(filter, cmd_pointer)
{
	struct abi_struct abi = {
		.good = &self->good,
		.len = sizeof(self->good),
		.call = filter_call,
		.done = filter_done,
		.ctx = &self->dev,
	};

	abi_check_pointer(_metadata, &abi);
}

TEST_F(filter, good)
{
	GOOD();
	GOOD(req.out_fd = 0);
	GOOD(req.out_fd = -1);
	GOOD(req.pattern_count = 1);
}

TEST_F(filter, flags)
{
	__u32 known = KSIFT_FILTER_INVERT | KSIFT_FILTER_MATCH_NONE_IF_EMPTY;
	__u32 i;

	for (i = 0; i <= known; i++) {
		GOOD_AT(i, req.flags = i);
		GOOD_AT(i, req.flags = i, req.pattern_count = 0);
	}
	for (i = 0; i < 32; i++) {
		if (known >> i & 1)
			continue;
		BAD_AT(i, EOPNOTSUPP, req.flags = 1U << i);
		BAD_AT(i, EOPNOTSUPP, req.flags = known | 1U << i);
	}
}

TEST_F(filter, program)
{
	__u32 i;

	for (i = 1; i < 32; i++)
		BAD_AT(i, EOPNOTSUPP, req.program = 1U << i);
	/* Without a line program. */
	BAD(EINVAL, req.program = KSIFT_PROGRAM_LINES);
	BAD(EOPNOTSUPP, req.program = UINT32_MAX);
}

/* A longer pattern is one of a newer header, and no mistake. */
TEST_F(filter, pattern_size)
{
	static const __u32 sizes[] = {
		0, 1, 8, 16, 23, 25, 32, 48, 4096, 1U << 31, UINT32_MAX,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		const int err = sizes[i] > sizeof(struct ksift_pattern) ?
				EOPNOTSUPP : EINVAL;

		BAD_AT(i, err, req.pattern_size = sizes[i]);
		BAD_AT(i, err, req.pattern_size = sizes[i],
		       req.pattern_count = 0);
	}
}

TEST_F(filter, reserved)
{
	__u32 i;

	for (i = 0; i < 32; i++) {
		BAD_AT(i, EINVAL, req.__reserved = 1U << i);
		BAD_AT(i, EINVAL, pat[0].__reserved = 1U << i);
		BAD_AT(i, EINVAL, pat[1].__reserved = 1U << i);
	}
}

TEST_F(filter, pattern_count)
{
	struct ksift_pattern many[KSIFT_PATTERNS_MAX + 1];
	__u32 i;

	for (i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = pattern_str("x", 0, 0);
	for (i = 0; i <= KSIFT_PATTERNS_MAX; i++)
		GOOD_AT(i, req.patterns = PTR_U64(many), req.pattern_count = i);
	BAD(EINVAL, req.patterns = PTR_U64(many),
	    req.pattern_count = KSIFT_PATTERNS_MAX + 1);
	for (i = 7; i < 32; i++)
		BAD_AT(i, EINVAL, req.patterns = PTR_U64(many),
		       req.pattern_count = 1U << i);
	BAD(EINVAL, req.patterns = PTR_U64(many),
	    req.pattern_count = UINT32_MAX);
}

TEST_F(filter, patterns_pointer)
{
	size_t ps = page_size();
	struct ksift_pattern *p;
	unsigned int i;
	char *base;

	for (i = 0; i < ABI_BAD_POINTERS; i++) {
		__u64 bad = PTR_U64(abi_bad_pointer(i));

		BAD_AT(i, EFAULT, req.patterns = bad);
		BAD_AT(i, EFAULT, req.patterns = bad, req.pattern_count = 1);
		/* Without patterns it is not looked at. */
		GOOD_AT(i, req.patterns = bad, req.pattern_count = 0);
	}

	base = guard_alloc(2 * ps);
	ASSERT_NE(NULL, base);
	for (i = 0; i <= 2 * sizeof(*p); i++) {
		p = (void *)(base + 2 * ps - i);
		memcpy(p, self->pat, i);
		if (i < 2 * sizeof(*p))
			BAD_AT(i, EFAULT, req.patterns = PTR_U64(p));
		else
			GOOD_AT(i, req.patterns = PTR_U64(p));
	}

	/* Of any alignment, and nobody writes to them. */
	for (i = 0; i < 8; i++) {
		p = (void *)(base + ps - sizeof(*p) - i);
		memcpy(p, self->pat, 2 * sizeof(*p));
		ASSERT_OK(mprotect(base, 2 * ps, PROT_READ));
		GOOD_AT(i, req.patterns = PTR_U64(p));
		ASSERT_OK(mprotect(base, 2 * ps, PROT_READ | PROT_WRITE));
	}
	guard_free(base, 2 * ps);
}

TEST_F(filter, pattern_flags)
{
	__u32 known = KSIFT_PATTERN_ANCHORED | KSIFT_PATTERN_FOLD |
		      KSIFT_PATTERN_EXCLUDE;
	__u32 i;

	for (i = 0; i <= known; i++) {
		GOOD_AT(i, pat[0].flags = i);
		GOOD_AT(i, pat[1].flags = i, pat[1].group = 0);
	}
	for (i = 0; i < 32; i++) {
		if (known >> i & 1)
			continue;
		BAD_AT(i, EOPNOTSUPP, pat[0].flags = 1U << i);
		BAD_AT(i, EOPNOTSUPP, pat[1].flags |= 1U << i);
	}
}

TEST_F(filter, group)
{
	__u32 i;

	for (i = 0; i < KSIFT_GROUPS_MAX; i++)
		GOOD_AT(i, pat[0].group = i);
	for (i = 1; i <= KSIFT_GROUPS_MAX; i++)
		BAD_AT(i, EINVAL, pat[1].flags = KSIFT_PATTERN_EXCLUDE,
		       pat[1].group = i);
	BAD(EINVAL, pat[0].group = KSIFT_GROUPS_MAX);
	BAD(EINVAL, pat[1].group = KSIFT_GROUPS_MAX + 1);
	for (i = 5; i < 32; i++) {
		BAD_AT(i, EINVAL, pat[1].group = 1U << i);
		BAD_AT(i, EINVAL, pat[1].group = 1U << i,
		       pat[1].flags = KSIFT_PATTERN_EXCLUDE);
	}
	BAD(EINVAL, pat[1].group = UINT32_MAX);
}

TEST_F(filter, pattern_len)
{
	char *data = malloc(KSIFT_PATTERN_LEN_MAX + 1);
	__u32 i;

	ASSERT_NE(NULL, data);
	memset(data, 'a', KSIFT_PATTERN_LEN_MAX + 1);
	for (i = 0; i <= KSIFT_PATTERN_LEN_MAX; i += i < 40 ? 1 : 169)
		GOOD_AT(i, pat[0].data = PTR_U64(data), pat[0].len = i);
	GOOD(pat[0].data = PTR_U64(data), pat[0].len = KSIFT_PATTERN_LEN_MAX);
	BAD(EINVAL, pat[0].data = PTR_U64(data),
	    pat[0].len = KSIFT_PATTERN_LEN_MAX + 1);
	for (i = 13; i < 32; i++)
		BAD_AT(i, EINVAL, pat[1].data = PTR_U64(data),
		       pat[1].len = 1U << i);
	BAD(EINVAL, pat[1].data = PTR_U64(data), pat[1].len = UINT32_MAX);
	free(data);
}

TEST_F(filter, as_large_as_it_gets)
{
	struct ksift_pattern pat[KSIFT_PATTERNS_MAX];
	struct rng rng;
	unsigned int i;
	char *data;
	int fd;

	data = malloc(KSIFT_PATTERN_BYTES_MAX);
	ASSERT_NE(NULL, data);
	rng_init(&rng, 1);

	/* Random bytes share no prefixes: the largest filter there is. */
	rng_fill(&rng, data, KSIFT_PATTERN_BYTES_MAX);
	for (i = 0; i < KSIFT_PATTERN_BYTES_MAX; i++)
		if (data[i] == '\n')
			data[i] = ' ';
	for (i = 0; i < KSIFT_PATTERNS_MAX; i++)
		pat[i] = pattern_mem(data + i * KSIFT_PATTERN_LEN_MAX,
				     KSIFT_PATTERN_LEN_MAX, i % 4,
				     i % KSIFT_GROUPS_MAX);
	fd = filter_patterns(self->dev, pat, KSIFT_PATTERNS_MAX, 0);
	EXPECT_GE(fd, 0) {
		TH_LOG("random: %s", strerror(errno));
	}
	close(fd);

	/* And the one with the longest common prefixes. */
	memset(data, 'a', KSIFT_PATTERN_BYTES_MAX);
	for (i = 0; i < KSIFT_PATTERNS_MAX; i++)
		data[(i + 1) * KSIFT_PATTERN_LEN_MAX - 1] = 'b' + i % 16;
	fd = filter_patterns(self->dev, pat, KSIFT_PATTERNS_MAX, 0);
	EXPECT_GE(fd, 0) {
		TH_LOG("aaa...: %s", strerror(errno));
	}
	close(fd);
	free(data);
}

TEST_F(filter, pattern_data)
{
	size_t ps = page_size();
	unsigned int i;
	char *data;

	for (i = 0; i < ABI_BAD_POINTERS; i++) {
		__u64 bad = PTR_U64(abi_bad_pointer(i));

		BAD_AT(i, EFAULT, pat[0].data = bad, pat[0].len = 1);
		BAD_AT(i, EFAULT, pat[1].data = bad,
		       pat[1].len = KSIFT_PATTERN_LEN_MAX);
		GOOD_AT(i, pat[1].data = bad, pat[1].len = 0);
	}

	data = guard_alloc(ps);
	ASSERT_NE(NULL, data);
	memset(data, 'x', ps);
	ASSERT_OK(mprotect(data, ps, PROT_READ));
	for (i = 1; i < 70; i++) {
		__u64 at = PTR_U64(data + ps - i);

		GOOD_AT(i, pat[0].data = at, pat[0].len = i);
		GOOD_AT(i, pat[1].data = at, pat[1].len = i);
		BAD_AT(i, EFAULT, pat[0].data = at, pat[0].len = i + 1);
		BAD_AT(i, EFAULT, pat[1].data = at, pat[1].len = i + 1);
	}
	guard_free(data, ps);
}

TEST_F(filter, pattern_bytes)
{
	char data[300];
	unsigned int i;

	for (i = 0; i < 256; i++) {
		data[0] = i;
		if (i == '\n')
			BAD_AT(i, EINVAL, pat[1].data = PTR_U64(data),
			       pat[1].len = 1);
		else
			GOOD_AT(i, pat[1].data = PTR_U64(data), pat[1].len = 1);
	}
	for (i = 0; i < sizeof(data); i++) {
		memset(data, 0, sizeof(data));
		data[i] = '\n';
		BAD_AT(i, EINVAL, pat[0].data = PTR_U64(data),
		       pat[0].len = sizeof(data));
		BAD_AT(i, EINVAL, pat[1].data = PTR_U64(data),
		       pat[1].len = sizeof(data),
		       pat[1].flags = KSIFT_PATTERN_EXCLUDE, pat[1].group = 0);
		/* One byte past its end it is none of its bytes. */
		GOOD_AT(i, pat[0].data = PTR_U64(data), pat[0].len = i);
	}
}

/* One wrong pattern among many good ones, at every place. */
TEST_F(filter, wrong_pattern_anywhere)
{
	struct ksift_pattern many[KSIFT_PATTERNS_MAX];
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(many); i++) {
		for (j = 0; j < ARRAY_SIZE(many); j++)
			many[j] = pattern_str("pattern", j % 4, j % 16);
		many[i].data = PTR_U64("a\nb");
		many[i].len = 3;
		BAD_AT(i, EINVAL, req.patterns = PTR_U64(many),
		       req.pattern_count = ARRAY_SIZE(many));
		many[i] = pattern_mem(NULL, 1, 0, 0);
		BAD_AT(i, EFAULT, req.patterns = PTR_U64(many),
		       req.pattern_count = ARRAY_SIZE(many));
		many[i] = pattern_str("x", 1U << 30, 0);
		BAD_AT(i, EOPNOTSUPP, req.patterns = PTR_U64(many),
		       req.pattern_count = ARRAY_SIZE(many));
	}
}

TEST_F(filter, level_mask)
{
	__u32 i;

	if (!(ksift_features(self->dev) & KSIFT_FEATURE_LEVELS)) {
		for (i = 0; i < 32; i++)
			BAD_AT(i, EOPNOTSUPP, req.level_mask = 1U << i);
		BAD(EOPNOTSUPP, req.level_mask = UINT32_MAX);
		return;
	}
	for (i = 0; i < 32; i++)
		if (i < KSIFT_LEVELS)
			GOOD_AT(i, req.level_mask = 1U << i);
		else
			BAD_AT(i, EOPNOTSUPP, req.level_mask = 1U << i);
	GOOD(req.level_mask = (1U << KSIFT_LEVELS) - 1);
	BAD(EOPNOTSUPP, req.level_mask = UINT32_MAX);
}

TEST_F(filter, wrong_descriptor)
{
	struct ksift_filter req = self->good;
	int filter, fd;

	EXPECT_ERRNO(EBADF, ksift_ioctl(-1, KSIFT_FILTER, &req));

	filter = filter_literals(self->dev, 0, 1, "x");
	ASSERT_GE(filter, 0);
	EXPECT_ERRNO(ENOTTY, ksift_ioctl(filter, KSIFT_FILTER, &req));
	close(filter);
	EXPECT_ERRNO(EBADF, ksift_ioctl(filter, KSIFT_FILTER, &req));

	fd = open(KSIFT_DEV, O_PATH | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	EXPECT_ERRNO(EBADF, ksift_ioctl(fd, KSIFT_FILTER, &req));
	close(fd);

	fd = tmp_file();
	ASSERT_GE(fd, 0);
	EXPECT_ERRNO(ENOTTY, ksift_ioctl(fd, KSIFT_FILTER, &req));
	close(fd);

	EXPECT_EQ(0, memcmp(&self->good, &req, sizeof(req)));
}

/* A filter takes no command: neither those of the device nor others. */
TEST_F(filter, no_command)
{
	int fd = filter_literals(self->dev, 0, 1, "x");
	unsigned int nr;
	char buf[4096];

	ASSERT_GE(fd, 0);
	memset(buf, POISON, sizeof(buf));
	for (nr = 0; nr < 256; nr++) {
		EXPECT_ERRNO(ENOTTY,
			     ksift_ioctl(fd, _IO(KSIFT_TYPE, nr), buf));
		EXPECT_ERRNO(ENOTTY,
			     ksift_ioctl(fd, _IO(KSIFT_TYPE, nr), NULL));
	}
	EXPECT_TRUE(mem_is(buf, POISON, sizeof(buf)));
	close(fd);
}

TEST_F(filter, no_more_descriptors)
{
	struct ksift_filter req = self->good;
	struct rlimit old, lim;
	int next;

	next = dup(self->dev);
	ASSERT_GE(next, 0);
	close(next);
	ASSERT_OK(getrlimit(RLIMIT_NOFILE, &old));
	lim = old;
	lim.rlim_cur = next;
	ASSERT_OK(setrlimit(RLIMIT_NOFILE, &lim));
	EXPECT_ERRNO(EMFILE, ksift_ioctl(self->dev, KSIFT_FILTER, &req));
	EXPECT_EQ(0, memcmp(&self->good, &req, sizeof(req)));
	ASSERT_OK(setrlimit(RLIMIT_NOFILE, &old));
	GOOD();
}

/* Lines of @text that the filter selects; -1 on an error. */
static long selected(int dev, int filter, const char *text)
{
	struct ksift_lines lines;
	struct ksift_run run;

	if (run_lines_mem(dev, filter, text, strlen(text), &run, &lines))
		return -1;
	return lines.out_selected;
}

static const char sample[] =
	"ERROR one\n"
	"error two\n"
	"an ERROR three\n"
	"\n"
	"nothing";

TEST_F(filter, what_it_selects)
{
	enum {
		ANCH = KSIFT_PATTERN_ANCHORED,
		FOLD = KSIFT_PATTERN_FOLD,
		EXCL = KSIFT_PATTERN_EXCLUDE,
		INV = KSIFT_FILTER_INVERT,
		NONE = KSIFT_FILTER_MATCH_NONE_IF_EMPTY,
	};
	static const struct {
		__u32 flags;
		__u32 count;
		struct {
			const char *str;
			__u32 flags;
			__u32 group;
		} pat[3];
		long selected;
	} cases[] = {
		{ 0, 0, {}, 5 },
		{ INV, 0, {}, 0 },
		{ NONE, 0, {}, 0 },
		{ NONE | INV, 0, {}, 5 },
		{ 0, 1, { { "ERROR" } }, 2 },
		{ NONE, 1, { { "ERROR" } }, 2 },
		{ INV, 1, { { "ERROR" } }, 3 },
		{ 0, 1, { { "ERROR", ANCH } }, 1 },
		{ INV, 1, { { "ERROR", ANCH } }, 4 },
		{ 0, 1, { { "eRRor", FOLD } }, 3 },
		{ 0, 1, { { "eRRor", ANCH | FOLD } }, 2 },
		{ 0, 1, { { "" } }, 5 },
		{ 0, 1, { { "", ANCH } }, 5 },
		{ INV, 1, { { "" } }, 0 },
		{ 0, 1, { { "", EXCL } }, 0 },
		{ INV, 1, { { "", EXCL } }, 5 },
		{ 0, 1, { { "o", EXCL } }, 2 },
		{ 0, 1, { { "nothing!" } }, 0 },
		{ 0, 2, { { "one" }, { "two" } }, 2 },
		{ 0, 2, { { "ERROR", 0, 0 }, { "one", 0, 1 } }, 1 },
		{ 0, 2, { { "ERROR", 0, 15 }, { "two", 0, 3 } }, 0 },
		{ INV, 2, { { "ERROR", 0, 15 }, { "two", 0, 3 } }, 5 },
		{ 0, 2, { { "ERROR" }, { "an", EXCL } }, 1 },
		{ INV, 2, { { "ERROR" }, { "an", EXCL } }, 4 },
		{ 0, 2, { { "ERROR" }, { "an ", EXCL | ANCH | FOLD } }, 1 },
		{ 0, 3, { { "ne", 0, 1 }, { "hr", 0, 1 }, { "R", 0, 2 } }, 2 },
		{ 0, 3, { { "ERROR" }, { "ERROR" }, { "ERROR" } }, 2 },
		{ 0, 2, { { "ERROR" }, { "ERROR", EXCL } }, 0 },
	};
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ksift_pattern pat[3];
		int fd;

		for (j = 0; j < cases[i].count; j++)
			pat[j] = pattern_str(cases[i].pat[j].str,
					     cases[i].pat[j].flags,
					     cases[i].pat[j].group);
		fd = filter_patterns(self->dev, pat, cases[i].count,
				     cases[i].flags);
		ASSERT_GE(fd, 0);
		EXPECT_EQ(cases[i].selected, selected(self->dev, fd, sample)) {
			TH_LOG("case %u", i);
		}
		close(fd);
	}
}

/* What the caller does to its memory later does not matter. */
TEST_F(filter, is_a_copy)
{
	struct ksift_pattern pat[1];
	char data[] = "ERROR";
	int fd;

	pat[0] = pattern_str(data, 0, 0);
	fd = filter_patterns(self->dev, pat, 1, 0);
	ASSERT_GE(fd, 0);
	memset(data, 'z', sizeof(data));
	memset(pat, 'z', sizeof(pat));
	EXPECT_EQ(2, selected(self->dev, fd, sample));
	close(fd);
}

TEST_F(filter, closed_on_exec)
{
	int fd = filter_literals(self->dev, 0, 1, "ERROR");

	ASSERT_GE(fd, 0);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	close(fd);
}

TEST_F(filter, is_not_a_file)
{
	int fd = filter_literals(self->dev, 0, 1, "ERROR");
	char path[64], buf[64];
	struct stat st;

	ASSERT_GE(fd, 0);
	EXPECT_ERRNO(EINVAL, read(fd, buf, sizeof(buf)));
	EXPECT_EQ(-1, write(fd, "x", 1));
	EXPECT_TRUE(errno == EBADF || errno == EINVAL);
	EXPECT_ERRNO(ESPIPE, lseek(fd, 0, SEEK_SET));
	EXPECT_ERRNO(ESPIPE, lseek(fd, 0, SEEK_CUR));
	EXPECT_EQ(-1, pread(fd, buf, 1, 0));
	EXPECT_EQ(MAP_FAILED,
		  mmap(NULL, 1, PROT_READ, MAP_PRIVATE, fd, 0));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_OK(fstat(fd, &st));
	EXPECT_EQ(0, st.st_size);

	/* It cannot be had a second time by its name. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	EXPECT_ERRNO(ENXIO, open(path, O_RDONLY));

	EXPECT_EQ(2, selected(self->dev, fd, sample));
	close(fd);
}

TEST_F(filter, fdinfo)
{
	int fd = filter_literals(self->dev, 0, 1, "ERROR");
	char path[64], buf[4096];
	ssize_t len;
	int info;

	ASSERT_GE(fd, 0);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_GE(info, 0);
	len = read(info, buf, sizeof(buf) - 1);
	ASSERT_GT(len, 0);
	buf[len] = 0;
	EXPECT_NE(NULL, strstr(buf, "flags:"));
	/* Patterns may be secret, and fdinfo is for anyone to paste. */
	EXPECT_EQ(NULL, strstr(buf, "ERROR"));
	close(info);
	close(fd);
}

TEST_F(filter, outlives_the_device)
{
	int dev, fd, copy;

	fd = filter_literals(self->dev, 0, 1, "ERROR");
	ASSERT_GE(fd, 0);
	close(self->dev);
	dev = ksift_open();
	EXPECT_EQ(2, selected(dev, fd, sample));

	copy = dup(fd);
	ASSERT_GE(copy, 0);
	close(fd);
	EXPECT_EQ(2, selected(dev, copy, sample));
	EXPECT_EQ(-1, selected(dev, fd, sample));
	close(copy);
	EXPECT_EQ(-1, selected(dev, copy, sample));
	EXPECT_EQ(EBADF, errno);
	self->dev = dev;
}

TEST_F(filter, after_fork)
{
	int fd, status;
	pid_t pid;

	fd = filter_literals(self->dev, 0, 1, "ERROR");
	ASSERT_GE(fd, 0);
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid)
		_exit(selected(self->dev, fd, sample));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(2, WEXITSTATUS(status));
	EXPECT_EQ(2, selected(self->dev, fd, sample));

	/* Only the child has it now; its last reference goes with that. */
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		usleep(50000);
		_exit(selected(self->dev, fd, sample));
	}
	close(fd);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(2, WEXITSTATUS(status));
}

/* Made by a child, used here: the maker need not live. */
TEST_F(filter, taken_from_another_process)
{
	int to_child[2], to_parent[2], pidfd, theirs, fd, status;
	pid_t pid;
	char c;

	ASSERT_OK(pipe(to_child));
	ASSERT_OK(pipe(to_parent));
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		theirs = filter_literals(self->dev, 0, 1, "ERROR");
		if (write(to_parent[1], &theirs, sizeof(theirs)) !=
		    sizeof(theirs))
			_exit(1);
		close(to_child[1]);
		if (read(to_child[0], &c, 1))
			_exit(1);
		_exit(0);
	}
	ASSERT_EQ(sizeof(theirs),
		  read(to_parent[0], &theirs, sizeof(theirs)));
	EXPECT_GE(theirs, 0);
	pidfd = syscall(__NR_pidfd_open, pid, 0);
	ASSERT_GE(pidfd, 0);
	fd = syscall(__NR_pidfd_getfd, pidfd, theirs, 0);
	EXPECT_GE(fd, 0);
	close(to_child[1]);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(2, selected(self->dev, fd, sample));
	close(fd);
	close(pidfd);
}

TEST_F(filter, sent_over_a_socket)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {};
	char byte = 0;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *cmsg;
	int sock[2], fd, got;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sock)) {
		ASSERT_TRUE(errno == EAFNOSUPPORT || errno == ENOSYS);
		SKIP(return, "this kernel has no Unix sockets");
	}
	fd = filter_literals(self->dev, 0, 1, "ERROR");
	ASSERT_GE(fd, 0);
	cmsg = CMSG_FIRSTHDR(&msg);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	ASSERT_EQ(1, sendmsg(sock[0], &msg, 0));
	/* In flight, it is the message alone that holds it. */
	close(fd);
	ASSERT_EQ(1, recvmsg(sock[1], &msg, 0));
	cmsg = CMSG_FIRSTHDR(&msg);
	ASSERT_NE(NULL, cmsg);
	memcpy(&got, CMSG_DATA(cmsg), sizeof(got));
	EXPECT_EQ(2, selected(self->dev, got, sample));
	close(got);

	/* Sent and never received. */
	fd = filter_literals(self->dev, 0, 1, "ERROR");
	ASSERT_GE(fd, 0);
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	ASSERT_EQ(1, sendmsg(sock[0], &msg, 0));
	close(fd);
	close(sock[0]);
	close(sock[1]);
}

/* Many at once, closed in another order. */
TEST_F(filter, many)
{
	int fds[200];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = filter_literals(self->dev, i % 4, 2, "error", "nothing");
		ASSERT_GE(fds[i], 0);
	}
	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		static const long want[] = { 2, 2, 4, 3 };
		unsigned int at = i * 77 % ARRAY_SIZE(fds);

		EXPECT_EQ(want[at % 4], selected(self->dev, fds[at], sample));
		close(fds[at]);
	}
}

TEST_HARNESS_MAIN
