// SPDX-License-Identifier: GPL-2.0-only
/*
 * KSIFT_RUN as a contract: every field of its structure and of its kernels'
 * arguments, for each kernel with each source that it takes.  What the kernels
 * compute is for other tests.
 */
#include "test_abi.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>

static const char sample[] =
	"ERROR one\n"
	"all is well\n"
	"ERROR two\n"
	"this line fills up to 64 bytes.\n";

#define SAMPLE_LEN	(sizeof(sample) - 1)
#define SAMPLE_SELECTED	2
#define SAMPLE_TEXT	20

_Static_assert(SAMPLE_LEN == 64, "whole integers");

union args {
	__u32 size;
	struct ksift_lines lines;
	struct ksift_fib fib;
	struct ksift_sumsq sumsq;
	struct ksift_sum_i64 sum;
};

/* What a request needs. */
struct data {
	int dev;
	int filter;
	int file;
	char *mem;
	char text[256];
	struct ksift_record records[8];
	__u64 counts[4];
	__u64 values[32];
	struct ksift_sumsq_value squares[9];	/* one more than needed */
};

/* A kernel with one of its sources. */
struct kind {
	__u32 kernel;
	__u32 source;
	__u32 args_size;
};

static void data_setup(struct __test_metadata *_metadata, struct data *d)
{
	d->dev = ksift_open();
	d->filter = filter_literals(d->dev, 0, 1, "ERROR");
	ASSERT_GE(d->filter, 0);
	d->file = tmp_file_with(sample, SAMPLE_LEN);
	ASSERT_GE(d->file, 0);
	d->mem = guard_alloc(SAMPLE_LEN);
	ASSERT_NE(NULL, d->mem);
	memcpy(d->mem, sample, SAMPLE_LEN);
}

static void data_teardown(struct data *d)
{
	guard_free(d->mem, SAMPLE_LEN);
	close(d->file);
	close(d->filter);
	close(d->dev);
}

/* Tests that hold for some kinds are in a fixture of those kinds. */
#define RUN_DATA(name) FIXTURE(name) { struct data d; }
#define RUN_VARIANT(name) FIXTURE_VARIANT(name) { struct kind k; }
#define RUN_FIXTURE(name)						\
FIXTURE_SETUP(name) { data_setup(_metadata, &self->d); }		\
FIXTURE_TEARDOWN(name) { data_teardown(&self->d); }

#define RUN_KIND(name, kind, kern, src, type)				\
FIXTURE_VARIANT_ADD(name, kind)						\
{									\
	.k.kernel = KSIFT_KERNEL_##kern,				\
	.k.source = KSIFT_SOURCE_##src,					\
	.k.args_size = sizeof(struct type),				\
}

#define LINES_MEM(name) RUN_KIND(name, lines_mem, LINES, MEM, ksift_lines)
#define LINES_FILE(name) RUN_KIND(name, lines_file, LINES, FILE, ksift_lines)
#define FIB(name) RUN_KIND(name, fib, FIB, NONE, ksift_fib)
#define SUMSQ(name) RUN_KIND(name, sumsq, SUMSQ, NONE, ksift_sumsq)
#define SUMSQ_MEM(name) RUN_KIND(name, sumsq_mem, SUMSQ, MEM, ksift_sumsq)
#define SUM_MEM(name) RUN_KIND(name, sum_mem, SUM_I64, MEM, ksift_sum_i64)
#define SUM_FILE(name) RUN_KIND(name, sum_file, SUM_I64, FILE, ksift_sum_i64)

RUN_DATA(run);
RUN_VARIANT(run);
RUN_FIXTURE(run)
LINES_MEM(run);
LINES_FILE(run);
FIB(run);
SUMSQ(run);
SUMSQ_MEM(run);
SUM_MEM(run);
SUM_FILE(run);

RUN_DATA(sourceless);
RUN_VARIANT(sourceless);
RUN_FIXTURE(sourceless)
FIB(sourceless);
SUMSQ(sourceless);

RUN_DATA(sourced);
RUN_VARIANT(sourced);
RUN_FIXTURE(sourced)
LINES_MEM(sourced);
LINES_FILE(sourced);
SUMSQ_MEM(sourced);
SUM_MEM(sourced);
SUM_FILE(sourced);

RUN_DATA(mem);
RUN_VARIANT(mem);
RUN_FIXTURE(mem)
LINES_MEM(mem);
SUMSQ_MEM(mem);
SUM_MEM(mem);

RUN_DATA(file);
RUN_VARIANT(file);
RUN_FIXTURE(file)
LINES_FILE(file);
SUM_FILE(file);

RUN_DATA(lines);
RUN_VARIANT(lines);
RUN_FIXTURE(lines)
LINES_MEM(lines);
LINES_FILE(lines);

RUN_DATA(fib);
RUN_VARIANT(fib);
RUN_FIXTURE(fib)
FIB(fib);

RUN_DATA(sumsq);
RUN_VARIANT(sumsq);
RUN_FIXTURE(sumsq)
SUMSQ(sumsq);

RUN_DATA(sumsq_array);
RUN_VARIANT(sumsq_array);
RUN_FIXTURE(sumsq_array)
SUMSQ_MEM(sumsq_array);

/* A request and its arguments. */
struct req {
	struct ksift_run run;
	union args args;
};

/* Sets the fields that a source needs, and clears those of the others. */
static void req_source(struct req *r, __u32 source, const char *mem, int file)
{
	r->run.source = source;
	r->run.source_fd = source == KSIFT_SOURCE_FILE ? file : 0;
	r->run.base = source == KSIFT_SOURCE_MEM ? PTR_U64(mem) : 0;
	r->run.len = source == KSIFT_SOURCE_MEM ? SAMPLE_LEN : 0;
	r->run.from = 0;
	r->run.to = source == KSIFT_SOURCE_NONE ? 10 : U64_MAX;
}

/* A request that works and asks for all there is, its outputs poisoned. */
static void req_init(struct data *d, const struct kind *k, struct req *r)
{
	memset(r, POISON, sizeof(*r));
	r->run.size = sizeof(r->run);
	r->run.flags = 0;
	r->run.kernel = k->kernel;
	r->run.variant = KSIFT_VARIANT_BEST;
	req_source(r, k->source, d->mem, d->file);
	memset(&r->run.resume, 0, sizeof(r->run.resume));
	r->run.args = PTR_U64(&r->args);
	r->run.__reserved = 0;

	r->args.size = k->args_size;
	switch (k->kernel) {
	case KSIFT_KERNEL_LINES:
		r->args.lines.flags = KSIFT_LINES_TOTAL | KSIFT_LINES_LEVELS;
		r->args.lines.filter_fd = d->filter;
		r->args.lines.max_lines = U64_MAX;
		lines_want_text(&r->args.lines, d->text, sizeof(d->text));
		lines_want_records(&r->args.lines, d->records,
				   ARRAY_SIZE(d->records));
		r->args.lines.pattern_counts = PTR_U64(d->counts);
		r->args.lines.pattern_counts_cap = ARRAY_SIZE(d->counts);
		r->args.lines.__reserved = 0;
		break;
	case KSIFT_KERNEL_FIB:
		r->args.fib.flags = 0;
		r->args.fib.values = PTR_U64(d->values);
		r->args.fib.values_cap = ARRAY_SIZE(d->values);
		r->args.fib.__reserved = 0;
		break;
	case KSIFT_KERNEL_SUMSQ:
		r->args.sumsq.flags = 0;
		r->args.sumsq.value_size = 0;
		r->args.sumsq.__reserved = 0;
		r->args.sumsq.values = 0;
		r->args.sumsq.values_cap = 0;
		if (k->source == KSIFT_SOURCE_NONE)
			break;
		r->args.sumsq.value_size = sizeof(d->squares[0]);
		r->args.sumsq.values = PTR_U64(d->squares);
		r->args.sumsq.values_cap = ARRAY_SIZE(d->squares);
		break;
	case KSIFT_KERNEL_SUM_I64:
		r->args.sum.flags = 0;
		break;
	}
}

/*
 * A request made wrong by what is given after the errno.  All of it stays as
 * it was: only what @args points to, its buffers, may have been written.
 */
#define BAD_AT(n, err, ...) do {					\
	struct req r, before;						\
	int ret;							\
									\
	req_init(&self->d, &variant->k, &r);					\
	__VA_ARGS__;							\
	before = r;							\
	errno = 0;							\
	ret = ksift_run(self->d.dev, &r.run);				\
	EXPECT_EQ(err, ret == -1 ? errno : 0) {				\
		TH_LOG("%s [%lu]: %d, %s", #__VA_ARGS__,		\
		       (unsigned long)(n), ret, strerror(errno));	\
	}								\
	EXPECT_EQ(0, memcmp(&before, &r, sizeof(r))) {			\
		TH_LOG("%s [%lu]: written to", #__VA_ARGS__,		\
		       (unsigned long)(n));				\
	}								\
} while (0)

#define BAD(err, ...) BAD_AT(0, err, __VA_ARGS__)

/* A request that works even so; the statement before it may look at @r. */
#define GOOD_AT(n, ...) do {						\
	struct req r;							\
									\
	req_init(&self->d, &variant->k, &r);					\
	__VA_ARGS__;							\
	errno = 0;							\
	EXPECT_EQ(0, ksift_run(self->d.dev, &r.run)) {			\
		TH_LOG("%s [%lu]: %s", #__VA_ARGS__,			\
		       (unsigned long)(n), strerror(errno));		\
	}								\
} while (0)

#define GOOD(...) GOOD_AT(0, __VA_ARGS__)

static bool is_done(const struct ksift_run *run)
{
	return run->resume.flags == (KSIFT_RESUME_VALID | KSIFT_RESUME_DONE) &&
	       !run->resume.skip && !run->resume.__reserved;
}

/* Every output is written, every input is left alone. */
TEST_F(run, outputs)
{
	struct req r, before;
	__u64 pos;

	memset(self->d.text, POISON, sizeof(self->d.text));
	memset(self->d.records, POISON, sizeof(self->d.records));
	memset(self->d.counts, POISON, sizeof(self->d.counts));
	memset(self->d.values, POISON, sizeof(self->d.values));
	memset(self->d.squares, POISON, sizeof(self->d.squares));
	req_init(&self->d, &variant->k, &r);
	before = r;
	ASSERT_OK(ksift_run(self->d.dev, &r.run));

	EXPECT_TRUE(is_done(&r.run)) {
		TH_LOG("flags %#x", r.run.resume.flags);
	}
	pos = variant->k.source == KSIFT_SOURCE_NONE ? 10 : SAMPLE_LEN;
	EXPECT_EQ(pos, r.run.resume.pos);
	pos = variant->k.source == KSIFT_SOURCE_NONE ? 0 : SAMPLE_LEN;
	EXPECT_EQ(pos, r.run.out_bytes);
	EXPECT_LE(r.run.out_walked, r.run.out_bytes);
	if (variant->k.source != KSIFT_SOURCE_FILE) {
		EXPECT_EQ(0, r.run.out_walked);
	}
	EXPECT_NE(KSIFT_VARIANT_BEST, r.run.out_variant);
	EXPECT_LT(r.run.out_variant, 64);
	EXPECT_TRUE(ksift_variants(self->d.dev) >> r.run.out_variant & 1);
	before.run.resume = r.run.resume;
	before.run.out_bytes = r.run.out_bytes;
	EXPECT_EQ(0, r.run.out_absent);
	before.run.out_absent = 0;
	EXPECT_EQ(0, r.run.out_cut);
	before.run.out_cut = 0;
	before.run.out_walked = r.run.out_walked;
	before.run.out_variant = r.run.out_variant;
	EXPECT_EQ(0, memcmp(&before.run, &r.run, sizeof(r.run)));

	switch (variant->k.kernel) {
	case KSIFT_KERNEL_LINES:
		EXPECT_EQ(SAMPLE_SELECTED, r.args.lines.out_selected);
		EXPECT_EQ(SAMPLE_TEXT, r.args.lines.out_selected_bytes);
		EXPECT_EQ(4, r.args.lines.out_total);
		EXPECT_EQ(SAMPLE_LEN, r.args.lines.out_total_bytes);
		EXPECT_EQ(SAMPLE_TEXT, r.args.lines.out_text);
		EXPECT_EQ(SAMPLE_SELECTED, r.args.lines.out_records);
		EXPECT_EQ(SAMPLE_SELECTED,
			  r.args.lines.out_levels[KSIFT_LEVEL_ERR]);
		EXPECT_EQ(SAMPLE_SELECTED, self->d.counts[0]);
		EXPECT_TRUE(mem_is(&self->d.counts[1], POISON,
				   sizeof(self->d.counts) -
				   sizeof(self->d.counts[0])));
		EXPECT_EQ(0, memcmp(self->d.text, "ERROR one\nERROR two\n",
				    SAMPLE_TEXT));
		EXPECT_TRUE(mem_is(self->d.text + SAMPLE_TEXT, POISON,
				   sizeof(self->d.text) - SAMPLE_TEXT));
		EXPECT_EQ(0, self->d.records[0].offset);
		EXPECT_EQ(9, self->d.records[0].len);
		EXPECT_EQ(0, self->d.records[0].line);
		EXPECT_EQ(KSIFT_LEVEL_ERR, self->d.records[0].level);
		EXPECT_EQ(6, self->d.records[0].msg);
		EXPECT_EQ(0, self->d.records[0].pattern);
		EXPECT_EQ(0, self->d.records[0].__reserved);
		EXPECT_EQ(22, self->d.records[1].offset);
		EXPECT_EQ(9, self->d.records[1].len);
		EXPECT_EQ(2, self->d.records[1].line);
		EXPECT_EQ(0, self->d.records[1].pattern);
		EXPECT_EQ(0, self->d.records[1].__reserved);
		EXPECT_TRUE(mem_is(&self->d.records[2], POISON,
				   sizeof(self->d.records) -
				   2 * sizeof(self->d.records[0])));
		memcpy(&before.args.lines.out_selected,
		       &r.args.lines.out_selected,
		       sizeof(r.args.lines) -
		       offsetof(struct ksift_lines, out_selected));
		break;
	case KSIFT_KERNEL_FIB:
		EXPECT_EQ(10, r.args.fib.out_count);
		EXPECT_EQ(0, r.args.fib.out_flags);
		EXPECT_EQ(0, self->d.values[0]);
		EXPECT_EQ(34, self->d.values[9]);
		EXPECT_EQ(POISON_U64, self->d.values[10]);
		before.args.fib.out_count = r.args.fib.out_count;
		before.args.fib.out_flags = r.args.fib.out_flags;
		break;
	case KSIFT_KERNEL_SUMSQ:
		if (variant->k.source == KSIFT_SOURCE_NONE) {
			EXPECT_EQ(285, r.args.sumsq.out_value.lo);
			EXPECT_EQ(0, r.args.sumsq.out_value.hi);
			EXPECT_EQ(0, r.args.sumsq.out_value.flags);
			EXPECT_EQ(0, r.args.sumsq.out_value.__reserved);
			EXPECT_EQ(0, r.args.sumsq.out_count);
		} else {
			EXPECT_EQ(8, r.args.sumsq.out_count);
			EXPECT_NE(POISON_U64, self->d.squares[7].lo);
			EXPECT_EQ(0, self->d.squares[7].__reserved);
		}
		EXPECT_EQ(0, r.args.sumsq.out_tail);
		memcpy(&before.args.sumsq.out_count, &r.args.sumsq.out_count,
		       sizeof(r.args.sumsq) -
		       offsetof(struct ksift_sumsq, out_count));
		break;
	case KSIFT_KERNEL_SUM_I64:
		EXPECT_NE(POISON_U64, r.args.sum.out_lo);
		EXPECT_EQ(8, r.args.sum.out_count);
		EXPECT_EQ(0, r.args.sum.out_tail);
		memcpy(&before.args.sum.out_lo, &r.args.sum.out_lo,
		       sizeof(r.args.sum) -
		       offsetof(struct ksift_sum_i64, out_lo));
		break;
	}
	EXPECT_EQ(0, memcmp(&before.args, &r.args, sizeof(r.args)));
}

/* For the checks of a structure's length and place. */
struct run_ctx {
	int dev;
	struct req req;
};

static int run_call(struct __test_metadata *_metadata, void *ctx, void *arg)
{
	struct run_ctx *c = ctx;
	union args args = c->req.args;
	int ret, err;

	ret = ksift_ioctl(c->dev, KSIFT_RUN, arg);
	err = errno;
	if (ret && err != EFAULT) {
		EXPECT_EQ(0, memcmp(&args, &c->req.args, sizeof(args)));
	}
	c->req.args = args;
	errno = err;
	return ret;
}

static int run_args_call(struct __test_metadata *_metadata, void *ctx,
			 void *arg)
{
	struct run_ctx *c = ctx;
	struct ksift_run run = c->req.run;
	int ret, err;

	run.args = PTR_U64(arg);
	ret = ksift_run(c->dev, &run);
	err = errno;
	run.args = c->req.run.args;
	if (ret) {
		EXPECT_EQ(0, memcmp(&run, &c->req.run, sizeof(run)));
	} else {
		EXPECT_TRUE(is_done(&run));
	}
	errno = err;
	return ret;
}

TEST_F(run, cmd_length)
{
	struct run_ctx ctx = { .dev = self->d.dev };
	struct abi_struct abi = {
		.good = &ctx.req.run,
		.len = sizeof(ctx.req.run),
		.call = run_call,
		.ctx = &ctx,
	};

	req_init(&self->d, &variant->k, &ctx.req);
	abi_check_length(_metadata, &abi);
}

TEST_F(run, cmd_pointer)
{
	struct run_ctx ctx = { .dev = self->d.dev };
	struct abi_struct abi = {
		.good = &ctx.req.run,
		.len = sizeof(ctx.req.run),
		.call = run_call,
		.ctx = &ctx,
	};

	req_init(&self->d, &variant->k, &ctx.req);
	abi_check_pointer(_metadata, &abi);
}

TEST_F(run, args_length)
{
	struct run_ctx ctx = { .dev = self->d.dev };
	struct abi_struct abi = {
		.good = &ctx.req.args,
		.len = variant->k.args_size,
		.call = run_args_call,
		.ctx = &ctx,
	};

	req_init(&self->d, &variant->k, &ctx.req);
	abi_check_length(_metadata, &abi);
}

TEST_F(run, args_pointer)
{
	struct run_ctx ctx = { .dev = self->d.dev };
	struct abi_struct abi = {
		.good = &ctx.req.args,
		.len = variant->k.args_size,
		.call = run_args_call,
		.ctx = &ctx,
	};

	req_init(&self->d, &variant->k, &ctx.req);
	abi_check_pointer(_metadata, &abi);
}

TEST_F(run, flags)
{
	__u32 i;

	for (i = 2; i < 32; i++)
		BAD_AT(i, EOPNOTSUPP, r.run.flags = 1U << i);
	BAD(EOPNOTSUPP, r.run.flags = UINT32_MAX);
	BAD(EINVAL, r.run.flags = KSIFT_RUN_CACHED | KSIFT_RUN_POLITE);
	if (variant->k.source != KSIFT_SOURCE_FILE) {
		BAD(EINVAL, r.run.flags = KSIFT_RUN_CACHED);
		BAD(EINVAL, r.run.flags = KSIFT_RUN_POLITE);
		return;
	}
	GOOD(r.run.flags = KSIFT_RUN_POLITE);
	if (variant->k.kernel == KSIFT_KERNEL_LINES)
		GOOD(r.run.flags = KSIFT_RUN_CACHED);
	else
		BAD(EOPNOTSUPP, r.run.flags = KSIFT_RUN_CACHED);
}

TEST_F(run, reserved)
{
	__u32 i;

	for (i = 0; i < 32; i++) {
		BAD_AT(i, EINVAL, r.run.__reserved = 1U << i);
		BAD_AT(i, EINVAL, r.run.resume.__reserved = 1U << i);
		BAD_AT(i, EINVAL, r.run.resume.flags = KSIFT_RESUME_VALID,
		       r.run.resume.__reserved = 1U << i);
	}
}

TEST_F(run, args_flags)
{
	__u32 i;

	for (i = 0; i < 32; i++) {
		switch (variant->k.kernel) {
		case KSIFT_KERNEL_LINES:
			if ((KSIFT_LINES_TOTAL | KSIFT_LINES_LEVELS) >> i & 1)
				GOOD_AT(i, r.args.lines.flags = 1U << i);
			else
				BAD_AT(i, EOPNOTSUPP,
				       r.args.lines.flags |= 1U << i);
			break;
		case KSIFT_KERNEL_FIB:
			BAD_AT(i, EOPNOTSUPP, r.args.fib.flags = 1U << i);
			break;
		case KSIFT_KERNEL_SUMSQ:
			BAD_AT(i, EOPNOTSUPP, r.args.sumsq.flags = 1U << i);
			break;
		case KSIFT_KERNEL_SUM_I64:
			BAD_AT(i, EOPNOTSUPP, r.args.sum.flags = 1U << i);
			break;
		}
	}
}

TEST_F(fib, args_reserved)
{
	__u32 i;

	for (i = 0; i < 32; i++)
		BAD_AT(i, EINVAL, r.args.fib.__reserved = 1U << i);
}

TEST_F(sumsq, args_reserved)
{
	__u32 i;

	for (i = 0; i < 32; i++)
		BAD_AT(i, EINVAL, r.args.sumsq.__reserved = 1U << i);
}

TEST_F(sumsq_array, args_reserved)
{
	__u32 i;

	for (i = 0; i < 32; i++)
		BAD_AT(i, EINVAL, r.args.sumsq.__reserved = 1U << i);
}

TEST_F(run, no_such_kernel)
{
	__u32 i;

	for (i = KSIFT_KERNEL_SUM_I64 + 1; i < 300; i++)
		BAD_AT(i, EOPNOTSUPP, r.run.kernel = i);
	for (i = 9; i < 32; i++)
		BAD_AT(i, EOPNOTSUPP,
		       r.run.kernel = variant->k.kernel | 1U << i);
	BAD(EOPNOTSUPP, r.run.kernel = UINT32_MAX);
}

TEST_F(run, variants)
{
	struct ksift_info info;
	__u32 i;

	ASSERT_OK(ksift_info(self->d.dev, &info));
	GOOD(r.run.variant = KSIFT_VARIANT_BEST);
	for (i = 1; i < 300; i++) {
		if (i < 64 && info.out_variants >> i & 1) {
			struct req r;

			req_init(&self->d, &variant->k, &r);
			r.run.variant = i;
			EXPECT_OK(ksift_run(self->d.dev, &r.run));
			EXPECT_EQ(i, r.run.variant);
			EXPECT_TRUE(is_done(&r.run));
			EXPECT_TRUE(r.run.out_variant < 64 &&
				    info.out_variants >> r.run.out_variant & 1);
		} else {
			BAD_AT(i, EOPNOTSUPP, r.run.variant = i);
		}
	}
	for (i = 9; i < 32; i++)
		BAD_AT(i, EOPNOTSUPP, r.run.variant = 1U << i | 1);
	BAD(EOPNOTSUPP, r.run.variant = UINT32_MAX);
}

TEST_F(run, out_variant)
{
	struct ksift_info info;
	struct req r;
	__u32 v;

	ASSERT_OK(ksift_info(self->d.dev, &info));
	req_init(&self->d, &variant->k, &r);
	ASSERT_OK(ksift_run(self->d.dev, &r.run));
	EXPECT_EQ(info.out_variant, r.run.out_variant);
	for_each_variant(self->d.dev, v) {
		req_init(&self->d, &variant->k, &r);
		r.run.variant = v;
		ASSERT_OK(ksift_run(self->d.dev, &r.run));
		EXPECT_EQ(v, r.run.out_variant);
	}
}

/* The sources that the kernel does not take, otherwise as they should be. */
TEST_F(run, sources)
{
	static const bool takes[][3] = {
		[KSIFT_KERNEL_LINES] = { false, true, true },
		[KSIFT_KERNEL_FIB] = { true, false, false },
		[KSIFT_KERNEL_SUMSQ] = { true, true, false },
		[KSIFT_KERNEL_SUM_I64] = { false, true, true },
	};
	__u32 i;

	for (i = 0; i < 3; i++) {
		if (takes[variant->k.kernel][i])
			continue;
		BAD_AT(i, EINVAL, req_source(&r, i, self->d.mem, self->d.file));
	}
	for (i = 3; i < 300; i++)
		BAD_AT(i, EINVAL, r.run.source = i);
	for (i = 9; i < 32; i++)
		BAD_AT(i, EINVAL, r.run.source = variant->k.source | 1U << i);
	BAD(EINVAL, r.run.source = UINT32_MAX);
}

/* What another source needs is 0 for this one. */
TEST_F(run, fields_of_other_sources)
{
	if (variant->k.source != KSIFT_SOURCE_FILE) {
		BAD(EINVAL, r.run.source_fd = self->d.file);
		BAD(EINVAL, r.run.source_fd = 1);
		BAD(EINVAL, r.run.source_fd = -1);
	}
	if (variant->k.source != KSIFT_SOURCE_MEM) {
		BAD(EINVAL, r.run.base = PTR_U64(self->d.mem));
		BAD(EINVAL, r.run.base = 1ULL << 63);
		BAD(EINVAL, r.run.len = 1);
		BAD(EINVAL, r.run.len = 1ULL << 32);
		BAD(EINVAL, r.run.base = PTR_U64(self->d.mem),
		    r.run.len = SAMPLE_LEN);
	}
}

TEST_F(run, range)
{
	BAD(EINVAL, r.run.from = 2, r.run.to = 1);
	BAD(EINVAL, r.run.from = 1, r.run.to = 0);
	BAD(EINVAL, r.run.from = U64_MAX, r.run.to = 8);
	BAD(EINVAL, r.run.from = LLONG_MAX, r.run.to = LLONG_MAX - 1);
	GOOD(r.run.from = 0, r.run.to = 0);
	GOOD(r.run.from = 8, r.run.to = 8);
	GOOD(r.run.from = 0, r.run.to = 8);
}

/* Without a source they are numbers, and all of them are good. */
TEST_F(sourceless, range)
{
	BAD(EINVAL, r.run.from = U64_MAX, r.run.to = U64_MAX - 1);
	GOOD(r.run.from = U64_MAX, r.run.to = U64_MAX);
	GOOD(r.run.from = U64_MAX - 1, r.run.to = U64_MAX);
	GOOD(r.run.from = 1ULL << 63, r.run.to = (1ULL << 63) + 1);
}

/* With a source they are offsets. */
TEST_F(sourced, range)
{
	BAD(EINVAL, r.run.to = (__u64)LLONG_MAX + 1);
	BAD(EINVAL, r.run.to = U64_MAX - 1);
	BAD(EINVAL, r.run.from = (__u64)LLONG_MAX + 1,
	    r.run.to = (__u64)LLONG_MAX + 1);
	GOOD(r.run.to = LLONG_MAX);
	GOOD(r.run.to = SAMPLE_LEN);
	GOOD(r.run.to = SAMPLE_LEN + 1);
	GOOD(r.run.from = SAMPLE_LEN, r.run.to = SAMPLE_LEN);
	GOOD(r.run.from = SAMPLE_LEN);
}

/* Ranges with nothing in them. */
TEST_F(run, empty_range)
{
	static const __u64 ranges[][2] = {
		{ 0, 0 }, { 1, 1 }, { 8, 8 }, { 10, 10 }, { 64, 64 },
		{ 64, U64_MAX }, { 64, LLONG_MAX }, { 65, U64_MAX },
		{ 65, 70 }, { 1000000, U64_MAX }, { 1000000, 1000001 },
		{ LLONG_MAX, LLONG_MAX }, { LLONG_MAX, U64_MAX },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		struct req r;

		if (variant->k.source == KSIFT_SOURCE_NONE &&
		    ranges[i][0] != ranges[i][1])
			continue;
		req_init(&self->d, &variant->k, &r);
		r.run.from = ranges[i][0];
		r.run.to = ranges[i][1];
		ASSERT_EQ(0, ksift_run(self->d.dev, &r.run)) {
			TH_LOG("range %u: %s", i, strerror(errno));
		}
		EXPECT_TRUE(is_done(&r.run)) {
			TH_LOG("range %u: flags %#x", i, r.run.resume.flags);
		}
		switch (variant->k.kernel) {
		case KSIFT_KERNEL_LINES:
			EXPECT_EQ(0, r.args.lines.out_selected);
			EXPECT_EQ(0, r.args.lines.out_total);
			EXPECT_EQ(0, r.args.lines.out_total_bytes);
			EXPECT_EQ(0, r.args.lines.out_text);
			EXPECT_EQ(0, r.args.lines.out_records);
			break;
		case KSIFT_KERNEL_FIB:
			EXPECT_EQ(0, r.args.fib.out_count);
			EXPECT_EQ(0, r.args.fib.out_flags);
			break;
		case KSIFT_KERNEL_SUMSQ:
			EXPECT_EQ(0, r.args.sumsq.out_count);
			EXPECT_EQ(0, r.args.sumsq.out_tail);
			EXPECT_EQ(0, r.args.sumsq.out_value.lo);
			EXPECT_EQ(0, r.args.sumsq.out_value.hi);
			EXPECT_EQ(0, r.args.sumsq.out_value.flags);
			break;
		case KSIFT_KERNEL_SUM_I64:
			EXPECT_EQ(0, r.args.sum.out_lo);
			EXPECT_EQ(0, r.args.sum.out_hi);
			EXPECT_EQ(0, r.args.sum.out_count);
			EXPECT_EQ(0, r.args.sum.out_tail);
			break;
		}
	}
}

TEST_F(run, resume_start)
{
	__u64 i;

	/* Without flags there is nothing to resume. */
	for (i = 0; i < 64; i++) {
		BAD_AT(i, EINVAL, r.run.resume.pos = 1ULL << i);
		BAD_AT(i, EINVAL, r.run.resume.skip = 1ULL << i);
	}
	GOOD(r.run.resume.flags = KSIFT_RESUME_VALID);
}

TEST_F(run, resume_unknown_flags)
{
	__u32 i;

	for (i = 7; i < 32; i++) {
		BAD_AT(i, EOPNOTSUPP, r.run.resume.flags = 1U << i);
		BAD_AT(i, EOPNOTSUPP,
		       r.run.resume.flags = KSIFT_RESUME_VALID | 1U << i);
	}
}

TEST_F(run, resume_flags)
{
	enum {
		VALID = KSIFT_RESUME_VALID,
		DONE = KSIFT_RESUME_DONE,
		INLINE = KSIFT_RESUME_INLINE,
		NL = KSIFT_RESUME_PENDING_NL,
		LIMIT = KSIFT_RESUME_LIMIT,
		ABSENT = KSIFT_RESUME_ABSENT,
		CUT = KSIFT_RESUME_CUT,
	};

	BAD(EINVAL, r.run.resume.flags = DONE);
	BAD(EINVAL, r.run.resume.flags = VALID | DONE);
	BAD(EINVAL, r.run.resume.flags = VALID | DONE, r.run.resume.pos = 10);
	BAD(EINVAL, r.run.resume.flags = VALID | DONE | LIMIT);
	BAD(EINVAL, r.run.resume.flags = VALID | DONE | INLINE);

	GOOD(r.run.resume.flags = VALID | LIMIT);

	/* Flags that say where in a line, but not in which. */
	BAD(EINVAL, r.run.resume.flags = INLINE);
	BAD(EINVAL, r.run.resume.flags = NL);
	BAD(EINVAL, r.run.resume.flags = INLINE | LIMIT);
	BAD(EINVAL, r.run.resume.flags = ABSENT);
	BAD(EINVAL, r.run.resume.flags = CUT);

	/* What nothing but a scan of the cache comes to. */
	BAD(EINVAL, r.run.resume.flags = VALID | ABSENT);
	BAD(EINVAL, r.run.resume.flags = VALID | CUT);

	if (variant->k.kernel == KSIFT_KERNEL_LINES) {
		GOOD(r.run.resume.flags = VALID | INLINE);
		GOOD(r.run.resume.flags = VALID | INLINE,
		     r.run.resume.skip = 5);
		BAD(EINVAL, r.run.resume.flags = VALID | INLINE | NL);
		BAD(EINVAL, r.run.resume.flags = VALID | INLINE | CUT);
	} else {
		BAD(EINVAL, r.run.resume.flags = VALID | INLINE);
		BAD(EINVAL, r.run.resume.flags = VALID | NL);
	}
}

TEST_F(lines, resume_cached)
{
	enum {
		VALID = KSIFT_RESUME_VALID,
		ABSENT = KSIFT_RESUME_ABSENT,
		CUT = KSIFT_RESUME_CUT,
		CACHED = KSIFT_RUN_CACHED,
	};

	if (variant->k.source != KSIFT_SOURCE_FILE)
		return;
	GOOD(r.run.flags = CACHED, r.run.resume.flags = VALID | ABSENT);
	GOOD(r.run.flags = CACHED, r.run.resume.flags = VALID | CUT);
	BAD(EINVAL, r.run.flags = CACHED,
	    r.run.resume.flags = VALID | ABSENT | CUT);
	BAD(EINVAL, r.run.flags = CACHED,
	    r.run.resume.flags = VALID | ABSENT | KSIFT_RESUME_INLINE);
	BAD(EINVAL, r.run.flags = CACHED,
	    r.run.resume.flags = VALID | CUT | KSIFT_RESUME_PENDING_NL);
	BAD(EINVAL, r.run.flags = CACHED, r.run.resume.flags = VALID | CUT,
	    r.run.resume.skip = 1);
	BAD(EINVAL, r.run.flags = CACHED, r.run.resume.flags = ABSENT);
}

TEST_F(run, resume_skip)
{
	__u64 i;

	for (i = 0; i < 64; i++) {
		BAD_AT(i, EINVAL, r.run.resume.flags = KSIFT_RESUME_VALID,
		       r.run.resume.skip = 1ULL << i);
		BAD_AT(i, EINVAL, r.run.resume.flags = KSIFT_RESUME_VALID,
		       r.run.resume.pos = 10, r.run.resume.skip = 1ULL << i);
		BAD_AT(i, EINVAL, r.run.resume.flags = KSIFT_RESUME_VALID |
						       KSIFT_RESUME_LIMIT,
		       r.run.resume.skip = 1ULL << i);
	}
}

TEST_F(run, resume_pos)
{
	/* 8 starts no line, but 10 does; both start a number. */
	__u64 start = variant->k.kernel == KSIFT_KERNEL_LINES ? 10 : 8;

	BAD(EINVAL, r.run.from = start, r.run.to = start + 8,
	    r.run.resume.flags = KSIFT_RESUME_VALID);
	BAD(EINVAL, r.run.from = start, r.run.to = start + 8,
	    r.run.resume.flags = KSIFT_RESUME_VALID,
	    r.run.resume.pos = start - 1);
	GOOD(r.run.from = start, r.run.to = start + 8,
	     r.run.resume.flags = KSIFT_RESUME_VALID,
	     r.run.resume.pos = start);
}

/* A line that is to be finished is one of the range. */
TEST_F(lines, resume_in_range)
{
	static const __u32 inside[] = {
		KSIFT_RESUME_INLINE, KSIFT_RESUME_PENDING_NL,
	};
	static const __u64 after[] = { 22, 23, 32, SAMPLE_LEN, LLONG_MAX };
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(inside); i++) {
		const __u32 flags = KSIFT_RESUME_VALID | inside[i];

		for (k = 0; k < ARRAY_SIZE(after); k++)
			BAD_AT(k, EINVAL, r.run.from = 10, r.run.to = 22,
			       r.run.resume.flags = flags,
			       r.run.resume.pos = after[k]);
		BAD(EINVAL, r.run.from = 10, r.run.to = 22,
		    r.run.resume.flags = flags, r.run.resume.pos = 9);
		BAD(EINVAL, r.run.from = 10, r.run.to = 10,
		    r.run.resume.flags = flags, r.run.resume.pos = 10);
		GOOD(r.run.from = 10, r.run.to = 11, r.run.resume.flags = flags,
		     r.run.resume.pos = 10);
		/* However far it is from there to the rest of it. */
		GOOD(r.run.from = 10, r.run.to = 11, r.run.resume.flags = flags,
		     r.run.resume.pos = 10, r.run.resume.skip = 11);
	}
}

TEST_F(sourced, resume_pos)
{
	BAD(EINVAL, r.run.resume.flags = KSIFT_RESUME_VALID,
	    r.run.resume.pos = 1ULL << 63);
	BAD(EINVAL, r.run.resume.flags = KSIFT_RESUME_VALID,
	    r.run.resume.pos = U64_MAX);
}

TEST_F(mem, base_and_len)
{
	unsigned int i;

	BAD(EINVAL, r.run.len = U64_MAX);
	BAD(EINVAL, r.run.len = U64_MAX - PTR_U64(self->d.mem) + 1);
	BAD(EINVAL, r.run.base = U64_MAX, r.run.len = 1);
	BAD(EINVAL, r.run.base = U64_MAX, r.run.len = U64_MAX);
	BAD(EINVAL, r.run.base = 1ULL << 63, r.run.len = 1ULL << 63);

	for (i = 0; i < ABI_BAD_POINTERS; i++) {
		__u64 bad = PTR_U64(abi_bad_pointer(i));

		if (bad + 64 < bad)
			continue;
		BAD_AT(i, EFAULT, r.run.base = bad);
		/* Nothing there to be read. */
		GOOD_AT(i, r.run.base = bad, r.run.len = 0);
	}

	/* The page after the sample is not there. */
	for (i = 1; i < 20; i++) {
		BAD_AT(i, EFAULT, r.run.len = SAMPLE_LEN + i);
		BAD_AT(i, EFAULT, r.run.base += i);
	}
	BAD(EFAULT, r.run.len = page_size());
	BAD(EFAULT, r.run.len = LLONG_MAX - PTR_U64(self->d.mem));
}

/* User Mode Linux does not; what write() makes of it shows. */
static bool honours_prot_none(void)
{
	size_t ps = page_size();
	int fds[2], ret;
	void *mem;

	mem = mmap(NULL, ps, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED || pipe(fds))
		return true;
	*(char *)mem = 1;
	mprotect(mem, ps, PROT_NONE);
	ret = write(fds[1], mem, 1);
	munmap(mem, ps);
	close(fds[0]);
	close(fds[1]);
	return ret == -1;
}

TEST_F(mem, mem_protection)
{
	size_t ps = page_size();
	char *mem;

	mem = mmap(NULL, 2 * ps, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, mem);
	memcpy(mem + ps - 32, sample, SAMPLE_LEN);
	GOOD(r.run.base = PTR_U64(mem + ps - 32));
	ASSERT_OK(mprotect(mem, 2 * ps, PROT_READ));
	GOOD(r.run.base = PTR_U64(mem + ps - 32));
	if (honours_prot_none()) {
		ASSERT_OK(mprotect(mem + ps, ps, PROT_NONE));
		BAD(EFAULT, r.run.base = PTR_U64(mem + ps - 32));
		ASSERT_OK(mprotect(mem, 2 * ps, PROT_NONE));
		BAD(EFAULT, r.run.base = PTR_U64(mem + ps - 32));
	} else {
		TH_LOG("this kernel reads PROT_NONE memory in its own calls");
	}
	ASSERT_OK(munmap(mem + ps, ps));
	BAD(EFAULT, r.run.base = PTR_U64(mem + ps - 32));
	ASSERT_OK(munmap(mem, 2 * ps));
	BAD(EFAULT, r.run.base = PTR_U64(mem + ps - 32));
}

/* Memory that comes from a file which ends early raises SIGBUS in a process. */
TEST_F(mem, mem_past_a_files_end)
{
	size_t ps = page_size();
	char *mem;

	mem = mmap(NULL, 2 * ps, PROT_READ, MAP_SHARED, self->d.file, 0);
	ASSERT_NE(MAP_FAILED, mem);
	GOOD(r.run.base = PTR_U64(mem));
	BAD(EFAULT, r.run.base = PTR_U64(mem), r.run.len = 2 * ps);
	BAD(EFAULT, r.run.base = PTR_U64(mem + ps));
	munmap(mem, 2 * ps);
}

static int open_file_as(int fd, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, flags | O_CLOEXEC);
}

TEST_F(file, source_fd_is_open)
{
	int fd;

	BAD(EBADF, r.run.source_fd = -1);
	BAD(EBADF, r.run.source_fd = -100);
	BAD(EBADF, r.run.source_fd = INT_MIN);
	BAD(EBADF, r.run.source_fd = INT_MAX);
	BAD(EBADF, r.run.source_fd = 1000);

	fd = dup(self->d.file);
	ASSERT_GE(fd, 0);
	GOOD(r.run.source_fd = fd);
	close(fd);
	BAD(EBADF, r.run.source_fd = fd);

	fd = open_file_as(self->d.file, O_RDONLY);
	ASSERT_GE(fd, 0);
	GOOD(r.run.source_fd = fd);
	close(fd);
}

TEST_F(file, source_fd_is_readable)
{
	int fd;

	fd = open_file_as(self->d.file, O_WRONLY);
	ASSERT_GE(fd, 0);
	BAD(EBADF, r.run.source_fd = fd);
	close(fd);

	fd = open_file_as(self->d.file, O_WRONLY | O_APPEND);
	ASSERT_GE(fd, 0);
	BAD(EBADF, r.run.source_fd = fd);
	close(fd);

	fd = open_file_as(self->d.file, O_PATH);
	ASSERT_GE(fd, 0);
	BAD(EBADF, r.run.source_fd = fd);
	close(fd);
}

/* The file's own position is neither used nor moved. */
TEST_F(file, source_fd_position)
{
	ASSERT_EQ(17, lseek(self->d.file, 17, SEEK_SET));
	GOOD();
	EXPECT_EQ(17, lseek(self->d.file, 0, SEEK_CUR));
}

#define NOT_A_SOURCE(err, expr) do {					\
	int __fd = (expr);						\
									\
	ASSERT_GE(__fd, 0) {						\
		TH_LOG("%s: %s", #expr, strerror(errno));		\
	}								\
	BAD(err, r.run.source_fd = __fd);				\
	close(__fd);							\
} while (0)

TEST_F(file, source_fd_of_another_kind)
{
	int fds[2];

	NOT_A_SOURCE(ESPIPE, open("/tmp", O_RDONLY | O_DIRECTORY));
	NOT_A_SOURCE(ESPIPE, open("/proc", O_RDONLY | O_DIRECTORY));
	NOT_A_SOURCE(ESPIPE, open("/dev/null", O_RDONLY));
	NOT_A_SOURCE(ESPIPE, open("/dev/zero", O_RDWR));
	NOT_A_SOURCE(ESPIPE, open("/dev/ptmx", O_RDWR | O_NOCTTY));
	NOT_A_SOURCE(ESPIPE, open(KSIFT_DEV, O_RDWR));
	NOT_A_SOURCE(ESPIPE, filter_literals(self->d.dev, 0, 1, "x"));
	NOT_A_SOURCE(ESPIPE, eventfd(0, 0));
	NOT_A_SOURCE(ESPIPE, epoll_create1(0));

	ASSERT_OK(pipe(fds));
	NOT_A_SOURCE(ESPIPE, dup(fds[0]));
	/* Neither readable nor a file: either is a good answer to that. */
	NOT_A_SOURCE(EBADF, dup(fds[1]));
	close(fds[0]);
	close(fds[1]);

	if (!socketpair(AF_UNIX, SOCK_STREAM, 0, fds)) {
		NOT_A_SOURCE(ESPIPE, dup(fds[0]));
		close(fds[0]);
		close(fds[1]);
	}
}

/* Regular by their mode only: there is no page cache, often not even a size. */
TEST_F(file, source_fd_of_proc_and_sys)
{
	NOT_A_SOURCE(ESPIPE, open("/proc/self/mem", O_RDONLY));
	NOT_A_SOURCE(ESPIPE, open("/proc/self/environ", O_RDONLY));
	NOT_A_SOURCE(ESPIPE, open("/proc/self/status", O_RDONLY));
}

TEST_F(file, source_fd_of_memfd)
{
	int fd;

	fd = memfd_create("ksift", MFD_CLOEXEC);
	ASSERT_GE(fd, 0);
	GOOD(r.run.source_fd = fd);
	ASSERT_EQ(0, write_all(fd, sample, SAMPLE_LEN));
	GOOD(r.run.source_fd = fd);
	close(fd);
}

TEST_F(run, wrong_descriptor)
{
	struct req r, before;
	int fd;

	req_init(&self->d, &variant->k, &r);
	before = r;
	EXPECT_ERRNO(EBADF, ksift_run(-1, &r.run));
	EXPECT_ERRNO(ENOTTY, ksift_run(self->d.filter, &r.run));
	EXPECT_ERRNO(ENOTTY, ksift_run(self->d.file, &r.run));
	fd = open(KSIFT_DEV, O_PATH | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	EXPECT_ERRNO(EBADF, ksift_run(fd, &r.run));
	close(fd);
	EXPECT_EQ(0, memcmp(&before, &r, sizeof(r)));
}

/* On an EFAULT of one structure the other one must not tell of a result. */
TEST_F(run, read_only_structs)
{
	size_t ps = page_size();
	struct req *ro, r;

	ro = mmap(NULL, ps, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, ro);

	req_init(&self->d, &variant->k, &r);
	*ro = r;
	ro->run.args = PTR_U64(&ro->args);
	ASSERT_OK(mprotect(ro, ps, PROT_READ));
	EXPECT_ERRNO(EFAULT, ksift_run(self->d.dev, &ro->run));

	/* Only @run is read-only. */
	ASSERT_OK(mprotect(ro, ps, PROT_READ | PROT_WRITE));
	ro->run.args = PTR_U64(&r.args);
	ASSERT_OK(mprotect(ro, ps, PROT_READ));
	EXPECT_ERRNO(EFAULT, ksift_run(self->d.dev, &ro->run));
	munmap(ro, ps);
}

/* The arguments of the line kernel. */

TEST_F(lines, filter_fd)
{
	int fd;

	BAD(EBADF, r.args.lines.filter_fd = -1);
	BAD(EBADF, r.args.lines.filter_fd = INT_MIN);
	BAD(EBADF, r.args.lines.filter_fd = INT_MAX);
	BAD(EBADF, r.args.lines.filter_fd = 1000);
	BAD(EBADF, r.args.lines.filter_fd = self->d.file);
	BAD(EBADF, r.args.lines.filter_fd = self->d.dev);

	fd = dup(self->d.filter);
	ASSERT_GE(fd, 0);
	GOOD(r.args.lines.filter_fd = fd);
	close(fd);
	BAD(EBADF, r.args.lines.filter_fd = fd);

	fd = eventfd(0, EFD_CLOEXEC);
	ASSERT_GE(fd, 0);
	BAD(EBADF, r.args.lines.filter_fd = fd);
	close(fd);

	fd = open_file_as(self->d.file, O_PATH);
	ASSERT_GE(fd, 0);
	BAD(EBADF, r.args.lines.filter_fd = fd);
	close(fd);
}

/* A longer record is one of a newer header, and no mistake. */
TEST_F(lines, record_size)
{
	static const __u32 sizes[] = {
		0, 1, 8, 32, 39, 41, 48, 80, 1U << 16, 1U << 31, UINT32_MAX,
	};
	const __u32 known = sizeof(struct ksift_record);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		const int err = sizes[i] > known ? EOPNOTSUPP : EINVAL;

		BAD_AT(i, err, r.args.lines.record_size = sizes[i]);
		if (sizes[i])
			BAD_AT(i, err, r.args.lines.records = 0,
			       r.args.lines.records_cap = 0,
			       r.args.lines.record_size = sizes[i]);
	}
	BAD(EINVAL, r.args.lines.records = 0, r.args.lines.records_cap = 0);
}

TEST_F(lines, text_and_records_or_not)
{
	BAD(EINVAL, r.args.lines.text = 0);
	BAD(EINVAL, r.args.lines.text = 0, r.args.lines.text_cap = 1);
	BAD(EINVAL, r.args.lines.text_cap = 0);
	BAD(EINVAL, r.args.lines.records = 0);
	BAD(EINVAL, r.args.lines.records = 0, r.args.lines.record_size = 0);
	BAD(EINVAL, r.args.lines.records_cap = 0);

	GOOD(lines_want_text(&r.args.lines, NULL, 0));
	GOOD(lines_want_records(&r.args.lines, NULL, 0));
	GOOD(lines_want_text(&r.args.lines, NULL, 0),
	     lines_want_records(&r.args.lines, NULL, 0));
}

TEST_F(lines, text_pointer)
{
	unsigned int i;
	char *text;

	/* From 1 on: 0 says that no text is wanted. */
	for (i = 1; i < ABI_BAD_POINTERS; i++)
		BAD_AT(i, EFAULT,
		       r.args.lines.text = PTR_U64(abi_bad_pointer(i)));

	text = guard_alloc(SAMPLE_TEXT);
	ASSERT_NE(NULL, text);
	GOOD(lines_want_text(&r.args.lines, text, SAMPLE_TEXT));
	EXPECT_EQ(0, memcmp(text, "ERROR one\nERROR two\n", SAMPLE_TEXT));
	GOOD(lines_want_text(&r.args.lines, text, SAMPLE_TEXT + 1));
	for (i = 1; i <= SAMPLE_TEXT; i++) {
		BAD_AT(i, EFAULT,
		       lines_want_text(&r.args.lines, text + i, SAMPLE_TEXT));
		GOOD_AT(i, lines_want_text(&r.args.lines, text + i - 1,
					   SAMPLE_TEXT - i + 1));
	}
	/* Nothing to be given out: nothing is written. */
	GOOD(lines_want_text(&r.args.lines, text + SAMPLE_TEXT, SAMPLE_TEXT),
	     r.run.to = 0);
	guard_free(text, SAMPLE_TEXT);
}

TEST_F(lines, records_pointer)
{
	const size_t len = SAMPLE_SELECTED * sizeof(struct ksift_record);
	unsigned int i;
	char *mem;

	for (i = 1; i < ABI_BAD_POINTERS; i++)
		BAD_AT(i, EFAULT,
		       r.args.lines.records = PTR_U64(abi_bad_pointer(i)));

	mem = guard_alloc(len);
	ASSERT_NE(NULL, mem);
	GOOD(lines_want_records(&r.args.lines, (void *)mem, SAMPLE_SELECTED));
	GOOD(lines_want_records(&r.args.lines, (void *)mem,
				SAMPLE_SELECTED + 1));
	for (i = 1; i <= len; i++)
		BAD_AT(i, EFAULT,
		       lines_want_records(&r.args.lines, (void *)(mem + i),
					  SAMPLE_SELECTED));
	GOOD(lines_want_records(&r.args.lines, (void *)(mem + len),
				SAMPLE_SELECTED), r.run.to = 0);
	guard_free(mem, len);
}

TEST_F(lines, pattern_counts)
{
	unsigned int i;
	__u64 *mem;

	BAD(EINVAL, r.args.lines.pattern_counts = 0);
	BAD(EINVAL, r.args.lines.pattern_counts_cap = 0);
	GOOD(r.args.lines.pattern_counts = 0,
	     r.args.lines.pattern_counts_cap = 0);
	for (i = 1; i < ABI_BAD_POINTERS; i++)
		BAD_AT(i, EFAULT, r.args.lines.pattern_counts =
		       PTR_U64(abi_bad_pointer(i)));
	for (i = 0; i < 32; i++)
		BAD_AT(i, EINVAL, r.args.lines.__reserved = 1U << i);

	/* One for the one pattern, whatever more is said to be there. */
	mem = guard_alloc(sizeof(*mem));
	ASSERT_NE(NULL, mem);
	GOOD(r.args.lines.pattern_counts = PTR_U64(mem));
	EXPECT_EQ(SAMPLE_SELECTED, *mem);
	GOOD(r.args.lines.pattern_counts = PTR_U64(mem),
	     r.args.lines.pattern_counts_cap = 1);
	for (i = 1; i <= sizeof(*mem); i++)
		BAD_AT(i, EFAULT,
		       r.args.lines.pattern_counts = PTR_U64(mem) + i);
	guard_free(mem, sizeof(*mem));
}

/*
 * Capacities that no buffer has: only what is written counts, up to where the
 * buffer would wrap around the end of all memory.
 */
#define HUGE_CAPACITIES(field, buffer) do {				\
	__u64 most = (U64_MAX - PTR_U64(buffer)) / sizeof((buffer)[0]);	\
	__u32 i;							\
									\
	for (i = 20; i <= 64; i++) {					\
		__u64 cap = i == 64 ? U64_MAX : 1ULL << i;		\
									\
		if (cap > most)						\
			BAD_AT(i, EFAULT, r.args.field = cap);		\
		else							\
			GOOD_AT(i, r.args.field = cap);			\
	}								\
	BAD(EFAULT, r.args.field = most + 1);				\
	GOOD(r.args.field = most);					\
} while (0)

TEST_F(lines, huge_capacities)
{
	HUGE_CAPACITIES(lines.text_cap, self->d.text);
	HUGE_CAPACITIES(lines.records_cap, self->d.records);
}

TEST_F(lines, max_lines)
{
	struct req r;

	req_init(&self->d, &variant->k, &r);
	r.args.lines.max_lines = 0;
	ASSERT_OK(ksift_run(self->d.dev, &r.run));
	EXPECT_EQ(0, r.args.lines.out_selected);
	EXPECT_EQ(0, r.args.lines.out_text);
	EXPECT_EQ(0, r.args.lines.out_records);
	EXPECT_EQ(KSIFT_RESUME_VALID | KSIFT_RESUME_LIMIT,
		  r.run.resume.flags);
	EXPECT_EQ(0, r.run.resume.pos);

	req_init(&self->d, &variant->k, &r);
	r.args.lines.max_lines = 1;
	ASSERT_OK(ksift_run(self->d.dev, &r.run));
	EXPECT_EQ(1, r.args.lines.out_selected);
	EXPECT_EQ(10, r.args.lines.out_text);
	EXPECT_EQ(1, r.args.lines.out_records);
	EXPECT_EQ(KSIFT_RESUME_VALID | KSIFT_RESUME_LIMIT,
		  r.run.resume.flags);
	EXPECT_EQ(10, r.run.resume.pos);
	EXPECT_EQ(0, r.run.resume.skip);

	/* What was returned, as it was returned, goes on from there. */
	memset(&r.args.lines.out_selected, POISON,
	       offsetof(struct ksift_lines, pattern_counts) -
	       offsetof(struct ksift_lines, out_selected));
	memset(r.args.lines.out_levels, POISON,
	       sizeof(r.args.lines.out_levels));
	r.args.lines.max_lines = U64_MAX;
	ASSERT_OK(ksift_run(self->d.dev, &r.run));
	EXPECT_EQ(1, r.args.lines.out_selected);
	EXPECT_EQ(10, r.args.lines.out_text);
	EXPECT_EQ(3, r.args.lines.out_total);
	EXPECT_TRUE(is_done(&r.run));
}

/* The arguments of the compute kernels. */

TEST_F(fib, values)
{
	const size_t len = 10 * sizeof(__u64);
	unsigned int i;
	char *mem;

	BAD(EINVAL, r.args.fib.values = 0);
	BAD(EINVAL, r.args.fib.values = 0, r.args.fib.values_cap = 1);
	BAD(EINVAL, r.args.fib.values_cap = 0);
	GOOD(r.args.fib.values = 0, r.args.fib.values_cap = 0);

	for (i = 1; i < ABI_BAD_POINTERS; i++)
		BAD_AT(i, EFAULT,
		       r.args.fib.values = PTR_U64(abi_bad_pointer(i)));
	mem = guard_alloc(len);
	ASSERT_NE(NULL, mem);
	GOOD(r.args.fib.values = PTR_U64(mem), r.args.fib.values_cap = 10);
	for (i = 1; i <= len; i++)
		BAD_AT(i, EFAULT, r.args.fib.values = PTR_U64(mem + i));
	GOOD(r.args.fib.values = PTR_U64(mem + len), r.run.to = 0);
	guard_free(mem, len);
}

/* A buffer of the size that a RUN without one says is needed. */
TEST_F(sumsq_array, exact_buffer)
{
	struct req r;

	req_init(&self->d, &variant->k, &r);
	r.args.sumsq.values_cap = SAMPLE_LEN / 8;
	ASSERT_OK(ksift_run(self->d.dev, &r.run));
	EXPECT_EQ(SAMPLE_LEN / 8, r.args.sumsq.out_count);
	EXPECT_EQ(0, r.args.sumsq.out_tail);
	EXPECT_EQ(SAMPLE_LEN, r.run.resume.pos);
	EXPECT_TRUE(is_done(&r.run));

	req_init(&self->d, &variant->k, &r);
	r.run.len = SAMPLE_LEN - 3;
	r.args.sumsq.values_cap = SAMPLE_LEN / 8 - 1;
	ASSERT_OK(ksift_run(self->d.dev, &r.run));
	EXPECT_EQ(SAMPLE_LEN / 8 - 1, r.args.sumsq.out_count);
	EXPECT_EQ(5, r.args.sumsq.out_tail);
	EXPECT_TRUE(is_done(&r.run));
}

TEST_F(fib, huge_capacities)
{
	HUGE_CAPACITIES(fib.values_cap, self->d.values);
}

static const __u32 wrong_value_size[] = {
	1, 8, 16, 23, 25, 32, 48, 1U << 31, UINT32_MAX,
};

/* A longer value is one of a newer header, and no mistake. */
static int value_size_errno(__u32 size)
{
	return size > sizeof(struct ksift_sumsq_value) ? EOPNOTSUPP : EINVAL;
}

/* One sum needs no array. */
TEST_F(sumsq, values)
{
	const __u32 size = sizeof(struct ksift_sumsq_value);
	unsigned int i;

	BAD(EINVAL, r.args.sumsq.values = PTR_U64(self->d.squares));
	BAD(EINVAL, r.args.sumsq.values_cap = 1);
	BAD(EINVAL, r.args.sumsq.value_size = size);
	BAD(EINVAL, r.args.sumsq.values = PTR_U64(self->d.squares),
	    r.args.sumsq.values_cap = 1, r.args.sumsq.value_size = size);
	for (i = 0; i < ARRAY_SIZE(wrong_value_size); i++)
		BAD_AT(i, value_size_errno(wrong_value_size[i]),
		       r.args.sumsq.value_size = wrong_value_size[i]);
}

TEST_F(sumsq_array, huge_capacities)
{
	HUGE_CAPACITIES(sumsq.values_cap, self->d.squares);
}

TEST_F(sumsq_array, values)
{
	const size_t len = SAMPLE_LEN / 8 * sizeof(struct ksift_sumsq_value);
	unsigned int i;
	char *mem;

	BAD(EINVAL, r.args.sumsq.values = 0);
	BAD(EINVAL, r.args.sumsq.values = 0, r.args.sumsq.values_cap = 0);
	BAD(EINVAL, r.args.sumsq.values = 0, r.args.sumsq.value_size = 0);
	BAD(EINVAL, r.args.sumsq.values_cap = 0);
	BAD(EINVAL, r.args.sumsq.value_size = 0);
	for (i = 0; i < ARRAY_SIZE(wrong_value_size); i++) {
		BAD_AT(i, value_size_errno(wrong_value_size[i]),
		       r.args.sumsq.value_size = wrong_value_size[i]);
		BAD_AT(i, value_size_errno(wrong_value_size[i]),
		       r.args.sumsq.values = 0, r.args.sumsq.values_cap = 0,
		       r.args.sumsq.value_size = wrong_value_size[i]);
	}
	GOOD(r.args.sumsq.values = 0, r.args.sumsq.values_cap = 0,
	     r.args.sumsq.value_size = 0);

	for (i = 1; i < ABI_BAD_POINTERS; i++)
		BAD_AT(i, EFAULT,
		       r.args.sumsq.values = PTR_U64(abi_bad_pointer(i)));
	mem = guard_alloc(len);
	ASSERT_NE(NULL, mem);
	GOOD(r.args.sumsq.values = PTR_U64(mem));
	for (i = 1; i <= len; i++)
		BAD_AT(i, EFAULT, r.args.sumsq.values = PTR_U64(mem + i));
	GOOD(r.args.sumsq.values = PTR_U64(mem + len), r.run.to = 0);
	guard_free(mem, len);
}

TEST_HARNESS_MAIN
