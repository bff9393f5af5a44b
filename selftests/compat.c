// SPDX-License-Identifier: GPL-2.0-only
/*
 * A 32-bit program on a 64-bit kernel: the whole of the ABI in one go, and the
 * pointers and offsets that it alone can get wrong.  It is only ever built for
 * 32 bits; info, filter and run_abi are built for both.
 */
#include "test_abi.h"

_Static_assert(sizeof(void *) == 4, "built for 32 bits");
_Static_assert(sizeof(off_t) == 8, "with large files");

FIXTURE(compat)
{
	int dev;
	int filter;
};

FIXTURE_SETUP(compat)
{
	self->dev = ksift_open();
	self->filter = filter_literals(self->dev, KSIFT_PATTERN_ANCHORED, 1,
				       "ERROR");
	ASSERT_GE(self->filter, 0);
}

FIXTURE_TEARDOWN(compat)
{
	close(self->filter);
	close(self->dev);
}

static const char sample[] = "ERROR one\nfine\nERROR two";

TEST_F(compat, lines)
{
	struct ksift_record records[4];
	struct ksift_lines lines;
	struct ksift_run run;
	char text[64];

	memset(text, POISON, sizeof(text));
	run_init(&run, KSIFT_KERNEL_LINES, &lines);
	run_from_mem(&run, sample, sizeof(sample) - 1);
	lines_init(&lines, self->filter);
	lines.flags = KSIFT_LINES_TOTAL;
	lines_want_text(&lines, text, sizeof(text));
	lines_want_records(&lines, records, ARRAY_SIZE(records));
	ASSERT_OK(run_lines(self->dev, &run, &lines));
	EXPECT_EQ(2, lines.out_selected);
	EXPECT_EQ(3, lines.out_total);
	EXPECT_EQ(2, lines.out_records);
	EXPECT_EQ(20, lines.out_text);
	EXPECT_EQ(0, memcmp(text, "ERROR one\nERROR two\n\xa5", 21));
	EXPECT_EQ(0, records[0].offset);
	EXPECT_EQ(15, records[1].offset);
	EXPECT_EQ(9, records[1].len);
	EXPECT_EQ(2, records[1].line);
}

TEST_F(compat, far_into_a_file)
{
	const __u64 at = (6ULL << 32) + 1;
	struct ksift_record records[2];
	struct ksift_lines lines;
	struct ksift_run run;
	int fd;

	fd = tmp_file();
	ASSERT_GE(fd, 0);
	ASSERT_EQ(1, pwrite(fd, "\n", 1, at - 1));
	ASSERT_EQ(sizeof(sample) - 1,
		  pwrite(fd, sample, sizeof(sample) - 1, at));
	run_init(&run, KSIFT_KERNEL_LINES, &lines);
	run_from_file(&run, fd);
	run.from = at;
	lines_init(&lines, self->filter);
	lines_want_records(&lines, records, 1);
	ASSERT_OK(run_lines(self->dev, &run, &lines));
	EXPECT_EQ(1, lines.out_records);
	EXPECT_EQ(at, records[0].offset);
	EXPECT_FALSE(run.resume.flags & KSIFT_RESUME_DONE);
	ASSERT_OK(run_lines(self->dev, &run, &lines));
	EXPECT_EQ(1, lines.out_records);
	EXPECT_EQ(at + 15, records[0].offset);
	EXPECT_EQ(1, lines.out_selected);
	close(fd);
}

TEST_F(compat, compute)
{
	struct ksift_sum_i64 sum = { .size = sizeof(sum) };
	struct ksift_sumsq sq = { .size = sizeof(sq) };
	struct ksift_fib fib = { .size = sizeof(fib) };
	__s64 data[] = { INT64_MIN, INT64_MIN, -1 };
	struct ksift_run run;
	__u64 values[3];

	run_init(&run, KSIFT_KERNEL_FIB, &fib);
	run.from = 92;
	run.to = 95;
	fib.values = PTR_U64(values);
	fib.values_cap = ARRAY_SIZE(values);
	ASSERT_OK(ksift_run(self->dev, &run));
	EXPECT_EQ(12200160415121876738ULL, values[1]);
	EXPECT_EQ(1293530146158671551ULL, values[2]);
	EXPECT_EQ(KSIFT_FIB_WRAPPED, fib.out_flags);

	run_init(&run, KSIFT_KERNEL_SUMSQ, &sq);
	run.to = 10069012961346ULL;
	ASSERT_OK(ksift_run(self->dev, &run));
	EXPECT_EQ(KSIFT_SUMSQ_OVF64 | KSIFT_SUMSQ_OVF128, sq.out_value.flags);

	run_init(&run, KSIFT_KERNEL_SUM_I64, &sum);
	run_from_mem(&run, data, sizeof(data));
	ASSERT_OK(ksift_run(self->dev, &run));
	EXPECT_EQ(U64_MAX, sum.out_lo);
	EXPECT_EQ(-2, sum.out_hi);
	EXPECT_EQ(3, sum.out_count);
}

/* A pointer with bits above the lowest 32 is not quietly cut to size. */
TEST_F(compat, high_pointers)
{
	struct ksift_record records[2];
	struct ksift_filter filter;
	struct ksift_lines lines;
	struct ksift_pattern pat;
	struct ksift_run run;
	unsigned int bit;
	char text[64];

	for (bit = 32; bit < 64; bit++) {
		const __u64 high = 1ULL << bit;

		pat = pattern_str("x", 0, 0);
		filter_init(&filter, &pat, 1);
		filter.patterns |= high;
		EXPECT_ERRNO(EFAULT,
			     ksift_ioctl(self->dev, KSIFT_FILTER, &filter));
		pat.data |= high;
		filter_init(&filter, &pat, 1);
		EXPECT_ERRNO(EFAULT,
			     ksift_ioctl(self->dev, KSIFT_FILTER, &filter));

		run_init(&run, KSIFT_KERNEL_LINES, &lines);
		run_from_mem(&run, sample, sizeof(sample) - 1);
		lines_init(&lines, self->filter);
		run.args |= high;
		EXPECT_ERRNO(EFAULT, ksift_run(self->dev, &run));
		run.base |= high;
		EXPECT_ERRNO(EFAULT, run_lines(self->dev, &run, &lines));

		run_init(&run, KSIFT_KERNEL_LINES, &lines);
		run_from_mem(&run, sample, sizeof(sample) - 1);
		lines_want_text(&lines, text, sizeof(text));
		lines.text |= high;
		EXPECT_ERRNO(EFAULT, run_lines(self->dev, &run, &lines));
		lines_want_text(&lines, NULL, 0);
		lines_want_records(&lines, records, ARRAY_SIZE(records));
		lines.records |= high;
		EXPECT_ERRNO(EFAULT, run_lines(self->dev, &run, &lines));
		lines_want_records(&lines, NULL, 0);
		EXPECT_OK(run_lines(self->dev, &run, &lines));
	}
}

TEST_HARNESS_MAIN
