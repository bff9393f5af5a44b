// SPDX-License-Identifier: GPL-2.0-only
/*
 * KSIFT_INFO, what the module says about itself; the numbers and the sizes of
 * the ABI, which never change again; commands that do not exist.
 */
#include "test_abi.h"

#include <ctype.h>
#include <sys/utsname.h>

_Static_assert(KSIFT_INFO == 0xb900, "KSIFT_INFO");
_Static_assert(KSIFT_FILTER == 0xb901, "KSIFT_FILTER");
_Static_assert(KSIFT_RUN == 0xb902, "KSIFT_RUN");

/*
 * The structures as of version 0.1, on every architecture.  A structure that
 * has grown gets a line for its new size; these stay as minimal sizes.
 */
_Static_assert(sizeof(struct ksift_info) == 56, "ksift_info");
_Static_assert(sizeof(struct ksift_pattern) == 24, "ksift_pattern");
_Static_assert(sizeof(struct ksift_filter) == 48, "ksift_filter");
_Static_assert(sizeof(struct ksift_resume) == 24, "ksift_resume");
_Static_assert(sizeof(struct ksift_run) == 128, "ksift_run");
_Static_assert(sizeof(struct ksift_record) == 40, "ksift_record");
_Static_assert(sizeof(struct ksift_lines) == 200, "ksift_lines");
_Static_assert(sizeof(struct ksift_fib) == 40, "ksift_fib");
_Static_assert(sizeof(struct ksift_sumsq_value) == 24, "ksift_sumsq_value");
_Static_assert(sizeof(struct ksift_sumsq) == 72, "ksift_sumsq");
_Static_assert(sizeof(struct ksift_sum_i64) == 40, "ksift_sum_i64");
_Static_assert(offsetof(struct ksift_run, resume) == 56, "resume");
_Static_assert(offsetof(struct ksift_run, args) == 80, "args");
_Static_assert(offsetof(struct ksift_filter, patterns) == 16, "patterns");
_Static_assert(offsetof(struct ksift_filter, out_fd) == 32, "out_fd");
_Static_assert(offsetof(struct ksift_lines, max_lines) == 16, "max_lines");
_Static_assert(offsetof(struct ksift_sumsq, out_value) == 48, "out_value");

FIXTURE(info)
{
	int dev;
	struct ksift_info good;
};

FIXTURE_SETUP(info)
{
	self->dev = ksift_open();
	memset(&self->good, POISON, sizeof(self->good));
	self->good.size = sizeof(self->good);
	self->good.flags = 0;
	self->good.variant = KSIFT_VARIANT_BEST;
}

FIXTURE_TEARDOWN(info)
{
	close(self->dev);
}

static int info_call(struct __test_metadata *_metadata, void *ctx, void *arg)
{
	int *dev = ctx;

	return ksift_ioctl(*dev, KSIFT_INFO, arg);
}

TEST_F(info, cmd_length)
{
	struct abi_struct abi = {
		.good = &self->good,
		.len = sizeof(self->good),
		.call = info_call,
		.ctx = &self->dev,
	};

	abi_check_length(_metadata, &abi);
}

TEST_F(info, cmd_pointer)
{
	struct abi_struct abi = {
		.good = &self->good,
		.len = sizeof(self->good),
		.call = info_call,
		.ctx = &self->dev,
	};

	abi_check_pointer(_metadata, &abi);
}

TEST_F(info, flags)
{
	unsigned int bit;

	for (bit = 0; bit < 32; bit++) {
		struct ksift_info info = self->good;
		struct ksift_info before;

		info.flags = 1U << bit;
		before = info;
		EXPECT_ERRNO(EOPNOTSUPP,
			     ksift_ioctl(self->dev, KSIFT_INFO, &info));
		EXPECT_EQ(0, memcmp(&before, &info, sizeof(info)));
	}
}

/* A name is printable, ends in zeros, and there is at least one of those. */
static bool is_name(const __u8 *name, size_t len)
{
	size_t i = 0;

	while (i < len && isgraph(name[i]))
		i++;
	return i && i < len && mem_is(name + i, 0, len - i);
}

TEST_F(info, best)
{
	struct ksift_info info = self->good;

	ASSERT_OK(ksift_ioctl(self->dev, KSIFT_INFO, &info));
	EXPECT_EQ(self->good.size, info.size);
	EXPECT_EQ(0, info.flags);
	EXPECT_EQ(KSIFT_VARIANT_BEST, info.variant);
	EXPECT_NE(KSIFT_VARIANT_BEST, info.out_variant);
	ASSERT_LT(info.out_variant, 64);
	EXPECT_TRUE(info.out_variants >> info.out_variant & 1);
	EXPECT_TRUE(is_name(info.out_variant_name,
			    sizeof(info.out_variant_name)));

	EXPECT_TRUE(info.out_variants >> KSIFT_VARIANT_SCALAR & 1);
	EXPECT_TRUE(info.out_kernels >> KSIFT_KERNEL_LINES & 1);
	EXPECT_TRUE(info.out_kernels >> KSIFT_KERNEL_FIB & 1);
	EXPECT_TRUE(info.out_kernels >> KSIFT_KERNEL_SUMSQ & 1);
	EXPECT_TRUE(info.out_kernels >> KSIFT_KERNEL_SUM_I64 & 1);
	EXPECT_TRUE(info.out_features & KSIFT_FEATURE_LEVELS);
	EXPECT_TRUE(info.out_features & KSIFT_FEATURE_CACHE);
}

TEST_F(info, every_variant)
{
	__u8 names[64][sizeof(self->good.out_variant_name)] = {};
	struct ksift_info best = self->good;
	__u32 v, w;

	ASSERT_OK(ksift_ioctl(self->dev, KSIFT_INFO, &best));

	/* Those that can run are described, all others are refused. */
	for (v = 1; v < 64; v++) {
		struct ksift_info info = self->good;
		struct ksift_info before;

		info.variant = v;
		before = info;
		if (!(best.out_variants >> v & 1)) {
			EXPECT_ERRNO(EOPNOTSUPP,
				     ksift_ioctl(self->dev, KSIFT_INFO, &info));
			EXPECT_EQ(0, memcmp(&before, &info, sizeof(info)));
			continue;
		}
		EXPECT_OK(ksift_ioctl(self->dev, KSIFT_INFO, &info));
		EXPECT_EQ(v, info.variant);
		EXPECT_EQ(v, info.out_variant);
		EXPECT_EQ(best.out_features, info.out_features);
		EXPECT_EQ(best.out_kernels, info.out_kernels);
		EXPECT_EQ(best.out_variants, info.out_variants);
		EXPECT_TRUE(is_name(info.out_variant_name,
				    sizeof(info.out_variant_name)));
		if (v == best.out_variant) {
			EXPECT_STREQ((char *)best.out_variant_name,
				     (char *)info.out_variant_name);
		}
		for (w = 1; w < v; w++) {
			EXPECT_STRNE((char *)names[w],
				     (char *)info.out_variant_name);
		}
		memcpy(names[v], info.out_variant_name, sizeof(names[v]));
	}
}

TEST_F(info, no_such_variant)
{
	static const __u32 none[] = {
		64, 65, 1000, 1U << 31, (1U << 31) + 1, UINT32_MAX,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(none); i++) {
		struct ksift_info info = self->good;
		struct ksift_info before;

		info.variant = none[i];
		before = info;
		EXPECT_ERRNO(EOPNOTSUPP,
			     ksift_ioctl(self->dev, KSIFT_INFO, &info));
		EXPECT_EQ(0, memcmp(&before, &info, sizeof(info)));
	}
}

/* The module sees the vector unit that the kernel sees. */
TEST_F(info, vectors)
{
	__u64 listed = 0, vectors = 1ULL << KSIFT_VARIANT_AVX2 |
				    1ULL << KSIFT_VARIANT_NEON |
				    1ULL << KSIFT_VARIANT_AVX512;
	bool uml = false;
	char line[8192];
	FILE *f;

	f = fopen("/proc/cpuinfo", "r");
	ASSERT_NE(NULL, f);
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "flags", 5) && strstr(line, " avx2"))
			listed |= 1ULL << KSIFT_VARIANT_AVX2;
		if (!strncmp(line, "flags", 5) && strstr(line, " avx512f") &&
		    strstr(line, " avx512bw") && strstr(line, " avx512vbmi"))
			listed |= 1ULL << KSIFT_VARIANT_AVX512;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		if (!strncmp(line, "Features", 8) && strstr(line, " asimd "))
			listed |= 1ULL << KSIFT_VARIANT_NEON;
#endif
		if (strstr(line, "User Mode Linux"))
			uml = true;
	}
	fclose(f);
	if (uml)
		SKIP(return, "User Mode Linux lists few of the host's flags");
	EXPECT_EQ(listed, ksift_variants(self->dev) & vectors);
}

TEST_F(info, unknown_command)
{
	static const unsigned long others[] = {
		_IOW(KSIFT_TYPE, KSIFT_CMD_INFO, struct ksift_info),
		_IOR(KSIFT_TYPE, KSIFT_CMD_INFO, struct ksift_info),
		_IOWR(KSIFT_TYPE, KSIFT_CMD_INFO, struct ksift_info),
		_IOWR(KSIFT_TYPE, KSIFT_CMD_FILTER, struct ksift_filter),
		_IOWR(KSIFT_TYPE, KSIFT_CMD_RUN, struct ksift_run),
		_IO(KSIFT_TYPE - 1, KSIFT_CMD_INFO),
		_IO(KSIFT_TYPE + 1, KSIFT_CMD_INFO),
		_IO(0xff, KSIFT_CMD_RUN),
	};
	struct ksift_info info = self->good;
	unsigned int nr;

	for (nr = 0; nr < 256; nr++) {
		switch (nr) {
		case KSIFT_CMD_INFO:
		case KSIFT_CMD_FILTER:
		case KSIFT_CMD_RUN:
			continue;
		}
		EXPECT_ERRNO(ENOTTY,
			     ksift_ioctl(self->dev, _IO(KSIFT_TYPE, nr), &info));
		EXPECT_ERRNO(ENOTTY,
			     ksift_ioctl(self->dev, _IO(KSIFT_TYPE, nr), NULL));
	}
	for (nr = 0; nr < ARRAY_SIZE(others); nr++)
		EXPECT_ERRNO(ENOTTY,
			     ksift_ioctl(self->dev, others[nr], &info));
	EXPECT_EQ(0, memcmp(&self->good, &info, sizeof(info)));
}

TEST_F(info, wrong_descriptor)
{
	struct ksift_info info = self->good;
	int fd;

	EXPECT_ERRNO(EBADF, ksift_ioctl(-1, KSIFT_INFO, &info));

	fd = dup(self->dev);
	ASSERT_GE(fd, 0);
	EXPECT_OK(ksift_ioctl(fd, KSIFT_INFO, &info));
	close(fd);
	info = self->good;
	EXPECT_ERRNO(EBADF, ksift_ioctl(fd, KSIFT_INFO, &info));

	fd = open(KSIFT_DEV, O_PATH | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	EXPECT_ERRNO(EBADF, ksift_ioctl(fd, KSIFT_INFO, &info));
	close(fd);

	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	EXPECT_ERRNO(ENOTTY, ksift_ioctl(fd, KSIFT_INFO, &info));
	close(fd);

	fd = tmp_file();
	ASSERT_GE(fd, 0);
	EXPECT_ERRNO(ENOTTY, ksift_ioctl(fd, KSIFT_INFO, &info));
	close(fd);

	fd = filter_patterns(self->dev, NULL, 0, 0);
	ASSERT_GE(fd, 0);
	EXPECT_ERRNO(ENOTTY, ksift_ioctl(fd, KSIFT_INFO, &info));
	close(fd);

	EXPECT_EQ(0, memcmp(&self->good, &info, sizeof(info)));
}

TEST_HARNESS_MAIN
