// SPDX-License-Identifier: GPL-2.0-only
/*
 * The compute kernels against the plain loop, and where no loop can reach
 * against arithmetic that shares nothing with theirs.
 */
#include "test_util.h"

#include <inttypes.h>

/* The first `to` at which the sum of squares no longer fits. */
#define SUMSQ_OVF128 10069012961346ULL

FIXTURE(compute)
{
	int dev;
	struct rng rng;
};

FIXTURE_SETUP(compute)
{
	self->dev = ksift_open();
	rng_init(&self->rng, 20240229);
}

FIXTURE_TEARDOWN(compute)
{
	close(self->dev);
}

static __uint128_t wide(__u64 hi, __u64 lo)
{
	return (__uint128_t)hi << 64 | lo;
}

static bool is_done(const struct ksift_run *run)
{
	return run->resume.flags == (KSIFT_RESUME_VALID | KSIFT_RESUME_DONE);
}

/*
 * fib
 */

struct fib_req {
	struct ksift_run run;
	struct ksift_fib fib;
};

static void fib_init(struct fib_req *r, __u32 v, __u64 from, __u64 to,
		     void *values, __u64 cap)
{
	memset(&r->fib, POISON, sizeof(r->fib));
	r->fib.size = sizeof(r->fib);
	r->fib.flags = 0;
	r->fib.values = PTR_U64(values);
	r->fib.values_cap = cap;
	r->fib.__reserved = 0;
	run_init(&r->run, KSIFT_KERNEL_FIB, &r->fib);
	r->run.variant = v;
	r->run.from = from;
	r->run.to = to;
	r->run.out_bytes = POISON_U64;
	r->run.out_walked = POISON_U64;
}

/* The loop: F(n) mod 2^64 for every n from 0 on. */
static __u64 *fib_table(size_t n)
{
	__u64 *f = malloc((n + 2) * sizeof(*f));
	size_t i;

	if (!f)
		return NULL;
	f[0] = 0;
	f[1] = 1;
	for (i = 2; i < n; i++)
		f[i] = f[i - 1] + f[i - 2];
	return f;
}

struct mat2 {
	__u64 a, b, c, d;
};

static struct mat2 mat2_mul(struct mat2 x, struct mat2 y)
{
	struct mat2 r = {
		x.a * y.a + x.b * y.c, x.a * y.b + x.b * y.d,
		x.c * y.a + x.d * y.c, x.c * y.b + x.d * y.d,
	};

	return r;
}

/* The matrix {1 1, 1 0} to the power of n, from the lowest bit up. */
static __u64 fib_matrix(__u64 n)
{
	struct mat2 pow = { 1, 1, 1, 0 }, r = { 1, 0, 0, 1 };

	for (; n; n >>= 1) {
		if (n & 1)
			r = mat2_mul(r, pow);
		pow = mat2_mul(pow, pow);
	}
	return r.b;
}

TEST_F(compute, fib_oracle)
{
	__u64 *table = fib_table(100000);
	__u64 n;

	ASSERT_NE(NULL, table);
	for (n = 0; n < 100000; n++) {
		ASSERT_EQ(table[n], fib_matrix(n));
	}
	free(table);

	/* F(m + n) = F(m) F(n + 1) + F(m - 1) F(n), up where no loop comes. */
	for (n = 1; n < 1000; n++) {
		__u64 a = rng_u64(&self->rng) / 2 + 1;
		__u64 b = rng_u64(&self->rng) / 2;

		ASSERT_EQ(fib_matrix(a + b),
			  fib_matrix(a) * fib_matrix(b + 1) +
			  fib_matrix(a - 1) * fib_matrix(b)) {
			RNG_LOG(&self->rng);
		}
	}
}

/* The known answers. */
TEST_F(compute, fib_exact)
{
	struct fib_req r;
	__u64 value;
	__u32 v;

	for_each_variant(self->dev, v) {
		fib_init(&r, v, 93, 94, &value, 1);
		ASSERT_OK(ksift_run(self->dev, &r.run));
		EXPECT_EQ(12200160415121876738ULL, value);
		EXPECT_EQ(0, r.fib.out_flags);
		EXPECT_EQ(1, r.fib.out_count);
		EXPECT_EQ(v, r.run.out_variant);
		EXPECT_EQ(0, r.run.out_bytes);
		EXPECT_EQ(0, r.run.out_walked);

		fib_init(&r, v, 94, 95, &value, 1);
		ASSERT_OK(ksift_run(self->dev, &r.run));
		EXPECT_EQ(1293530146158671551ULL, value);
		EXPECT_EQ(KSIFT_FIB_WRAPPED, r.fib.out_flags);
		EXPECT_EQ(1, r.fib.out_count);
	}
}

/* Every window of the first 200, with and without a buffer. */
TEST_F(compute, fib_windows)
{
	__u64 *table = fib_table(200), values[202], from, to;
	struct fib_req r;
	__u32 v;

	ASSERT_NE(NULL, table);
	for_each_variant(self->dev, v)
	for (from = 0; from <= 200; from++)
	for (to = from; to <= 200; to += to < from + 5 ? 1 : 13) {
		__u64 n = to - from;

		memset(values, POISON, sizeof(values));
		fib_init(&r, v, from, to, values, n + 1);
		ASSERT_OK(ksift_run(self->dev, &r.run));
		ASSERT_TRUE(is_done(&r.run));
		ASSERT_EQ(to, r.run.resume.pos);
		ASSERT_EQ(n, r.fib.out_count);
		ASSERT_EQ(n && to > 94 ? KSIFT_FIB_WRAPPED : 0,
			  r.fib.out_flags) {
			TH_LOG("%" PRIu64 "..%" PRIu64, (uint64_t)from,
			       (uint64_t)to);
		}
		ASSERT_EQ(0, memcmp(values, table + from, n * sizeof(__u64))) {
			TH_LOG("%" PRIu64 "..%" PRIu64, (uint64_t)from,
			       (uint64_t)to);
		}
		ASSERT_EQ(POISON_U64, values[n]);

		fib_init(&r, v, from, to, NULL, 0);
		ASSERT_OK(ksift_run(self->dev, &r.run));
		ASSERT_TRUE(is_done(&r.run));
		ASSERT_EQ(n, r.fib.out_count);
	}
	free(table);
}

static void fib_check(struct __test_metadata *_metadata, int dev, __u32 v,
		      const __u64 *want, __u64 from, __u64 n)
{
	__u64 *values = guard_alloc(n * sizeof(*values));
	struct fib_req r;
	__u64 i;

	ASSERT_NE(NULL, values);
	fib_init(&r, v, from, from + n, values, n);
	ASSERT_OK(ksift_run(dev, &r.run));
	ASSERT_TRUE(is_done(&r.run));
	ASSERT_EQ(n, r.fib.out_count);
	ASSERT_EQ(KSIFT_FIB_WRAPPED, r.fib.out_flags);
	for (i = 0; i < n; i++) {
		ASSERT_EQ(want ? want[i] : fib_matrix(from + i), values[i]) {
			TH_LOG("F(%llu)", (unsigned long long)(from + i));
		}
	}
	guard_free(values, n * sizeof(*values));
}

TEST_F(compute, fib_far)
{
	const __u64 start = 1000000;
	__u64 *table = fib_table(start + 200000);
	unsigned int i;
	__u32 v;

	ASSERT_NE(NULL, table);
	for_each_variant(self->dev, v) {
		fib_check(_metadata, self->dev, v, table + start + 1,
			  start + 1, 100000);
		for (i = 0; i < ksift_rounds(100, 5000); i++) {
			__u64 from = start + rng_below(&self->rng, 190000);
			__u64 n = 1 + rng_below(&self->rng, 1000);

			fib_check(_metadata, self->dev, v, table + from, from,
				  n);
		}
	}
	free(table);
}

TEST_F(compute, fib_as_far_as_it_goes)
{
	unsigned int i;
	__u32 v;

	for_each_variant(self->dev, v) {
		fib_check(_metadata, self->dev, v, NULL, U64_MAX - 3000, 3000);
		for (i = 1; i < 20; i++)
			fib_check(_metadata, self->dev, v, NULL, U64_MAX - i,
				  i);
		for (i = 7; i < 64; i++) {
			fib_check(_metadata, self->dev, v, NULL,
				  (1ULL << i) - 3, 7);
			fib_check(_metadata, self->dev, v, NULL, 1ULL << i, 1);
		}
		for (i = 0; i < ksift_rounds(200, 5000); i++)
			fib_check(_metadata, self->dev, v, NULL,
				  (rng_u64(&self->rng) >> i % 50) + 94, 5);
	}
}

TEST_F(compute, fib_count_alone)
{
	static const __u64 ranges[][2] = {
		{ 0, 0 }, { 0, 1 }, { 0, 94 }, { 0, 95 }, { 0, U64_MAX },
		{ 1, U64_MAX }, { U64_MAX, U64_MAX }, { 94, 94 },
		{ U64_MAX - 1, U64_MAX }, { 1ULL << 63, U64_MAX },
	};
	unsigned int i;
	__u32 v;

	for_each_variant(self->dev, v)
	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		struct fib_req r;
		__u64 from = ranges[i][0], to = ranges[i][1];

		fib_init(&r, v, from, to, NULL, 0);
		ASSERT_OK(ksift_run(self->dev, &r.run));
		EXPECT_TRUE(is_done(&r.run));
		EXPECT_EQ(to, r.run.resume.pos);
		EXPECT_EQ(to - from, r.fib.out_count);
		/* No value is given, so none is wrapped. */
		EXPECT_EQ(0, r.fib.out_flags);
	}
}

/* Buffers of every small size, resumed; each call tells of itself alone. */
TEST_F(compute, fib_resume)
{
	__u64 *table = fib_table(300), cap;
	__u32 v;

	ASSERT_NE(NULL, table);
	for_each_variant(self->dev, v)
	for (cap = 1; cap <= 130; cap += cap < 20 ? 1 : 37) {
		const __u64 from = 40, to = 160;
		__u64 values[132], pos = from;
		struct fib_req r;

		fib_init(&r, v, from, to, values, cap);
		while (true) {
			__u64 n = cap < to - pos ? cap : to - pos;

			memset(values, POISON, sizeof(values));
			ASSERT_OK(ksift_run(self->dev, &r.run));
			ASSERT_EQ(n, r.fib.out_count);
			ASSERT_EQ(0, memcmp(values, table + pos,
					    n * sizeof(__u64)));
			ASSERT_EQ(POISON_U64, values[n]);
			pos += n;
			ASSERT_EQ(n && pos > 94 ? KSIFT_FIB_WRAPPED : 0,
				  r.fib.out_flags);
			ASSERT_EQ(pos, r.run.resume.pos);
			ASSERT_EQ(0, r.run.resume.skip);
			ASSERT_EQ(KSIFT_RESUME_VALID,
				  r.run.resume.flags & ~KSIFT_RESUME_DONE);
			if (r.run.resume.flags & KSIFT_RESUME_DONE)
				break;
			/* Not done can only mean that the buffer was full. */
			ASSERT_EQ(cap, n);
		}
		ASSERT_EQ(to, pos);
	}
	free(table);
}

/* Numbers that no aligned store can write, across many pages. */
TEST_F(compute, fib_unaligned)
{
	const __u64 n = 3000;
	__u64 *table = fib_table(n);
	struct fib_req r;
	unsigned int i;
	char *mem;
	__u32 v;

	ASSERT_NE(NULL, table);
	mem = malloc((n + 2) * sizeof(*table));
	ASSERT_NE(NULL, mem);
	for_each_variant(self->dev, v)
	for (i = 0; i < 16; i++) {
		memset(mem, POISON, (n + 2) * sizeof(*table));
		fib_init(&r, v, 0, n, mem + i, n);
		ASSERT_OK(ksift_run(self->dev, &r.run));
		ASSERT_EQ(0, memcmp(mem + i, table, n * sizeof(*table)));
		ASSERT_TRUE(mem_is(mem, POISON, i));
		ASSERT_TRUE(mem_is(mem + i + n * sizeof(*table), POISON,
				   2 * sizeof(*table) - i));
	}
	free(mem);
	free(table);
}

/* Ranges compose, however a range is cut. */
TEST_F(compute, fib_cuts)
{
	__u64 *table = fib_table(120), values[120], cut;
	struct fib_req r;
	__u32 v;

	ASSERT_NE(NULL, table);
	for_each_variant(self->dev, v)
	for (cut = 0; cut <= 120; cut++) {
		memset(values, POISON, sizeof(values));
		fib_init(&r, v, 0, cut, values, 120);
		ASSERT_OK(ksift_run(self->dev, &r.run));
		fib_init(&r, v, cut, 120, values + cut, 121);
		ASSERT_OK(ksift_run(self->dev, &r.run));
		ASSERT_EQ(0, memcmp(values, table, sizeof(values)));
	}
	free(table);
}

/*
 * sumsq
 */

/* 256 bits, the lowest first. */
struct big {
	__u64 w[4];
};

static struct big big_mul(struct big a, __u64 b)
{
	struct big r;
	__uint128_t t = 0;
	int i;

	for (i = 0; i < 4; i++) {
		t += (__uint128_t)a.w[i] * b;
		r.w[i] = t;
		t >>= 64;
	}
	return r;
}

static struct big big_add(struct big a, struct big b)
{
	struct big r;
	__uint128_t t = 0;
	int i;

	for (i = 0; i < 4; i++) {
		t += (__uint128_t)a.w[i] + b.w[i];
		r.w[i] = t;
		t >>= 64;
	}
	return r;
}

static struct big big_sub(struct big a, struct big b)
{
	struct big one = { { 1 } };
	int i;

	for (i = 0; i < 4; i++)
		b.w[i] = ~b.w[i];
	return big_add(big_add(a, b), one);
}

static struct big big_div(struct big a, __u64 b)
{
	struct big r;
	__uint128_t rem = 0;
	int i;

	for (i = 3; i >= 0; i--) {
		rem = rem << 64 | a.w[i];
		r.w[i] = rem / b;
		rem %= b;
	}
	return r;
}

/* Of all i below @n: (2 n^3 - 3 n^2 + n) / 6, where nothing overflows. */
static struct big big_sumsq(__u64 n)
{
	struct big one = { { n } };
	struct big square = big_mul(one, n);
	struct big cube = big_mul(square, n);

	return big_div(big_sub(big_add(big_add(cube, cube), one),
			       big_mul(square, 3)), 6);
}

static struct big big_sumsq_range(__u64 from, __u64 to)
{
	return big_sub(big_sumsq(to), big_sumsq(from));
}

static __u32 big_flags(struct big sum)
{
	__u32 flags = 0;

	if (sum.w[1] || sum.w[2] || sum.w[3])
		flags |= KSIFT_SUMSQ_OVF64;
	if (sum.w[2] || sum.w[3])
		flags |= KSIFT_SUMSQ_OVF128;
	return flags;
}

struct sumsq_req {
	struct ksift_run run;
	struct ksift_sumsq sumsq;
};

static void sumsq_init(struct sumsq_req *r, __u32 v, __u64 from, __u64 to)
{
	memset(&r->sumsq, POISON, sizeof(r->sumsq));
	r->sumsq.size = sizeof(r->sumsq);
	r->sumsq.flags = 0;
	r->sumsq.value_size = 0;
	r->sumsq.__reserved = 0;
	r->sumsq.values = 0;
	r->sumsq.values_cap = 0;
	run_init(&r->run, KSIFT_KERNEL_SUMSQ, &r->sumsq);
	r->run.variant = v;
	r->run.from = from;
	r->run.to = to;
}

static void sumsq_check(struct __test_metadata *_metadata, int dev, __u32 v,
			__u64 from, __u64 to)
{
	struct big want = big_sumsq_range(from, to);
	struct sumsq_req r;

	sumsq_init(&r, v, from, to);
	ASSERT_OK(ksift_run(dev, &r.run));
	ASSERT_TRUE(is_done(&r.run));
	ASSERT_EQ(to, r.run.resume.pos);
	ASSERT_EQ(0, r.sumsq.out_count);
	ASSERT_EQ(0, r.sumsq.out_tail);
	ASSERT_EQ(0, r.sumsq.out_value.__reserved);
	EXPECT_TRUE(want.w[0] == r.sumsq.out_value.lo &&
		    want.w[1] == r.sumsq.out_value.hi &&
		    big_flags(want) == r.sumsq.out_value.flags) {
		TH_LOG("%llu..%llu: %#llx %#llx %#x, want %#llx %#llx %#x",
		       (unsigned long long)from, (unsigned long long)to,
		       (unsigned long long)r.sumsq.out_value.hi,
		       (unsigned long long)r.sumsq.out_value.lo,
		       r.sumsq.out_value.flags,
		       (unsigned long long)want.w[1],
		       (unsigned long long)want.w[0], big_flags(want));
	}
}

TEST_F(compute, sumsq_oracle)
{
	__uint128_t sum = 0;
	__u64 n;

	for (n = 0; n < 5000000; n++) {
		struct big b;

		if (n < 2000 || n % 1009 == 0) {
			b = big_sumsq(n);
			ASSERT_EQ((__u64)sum, b.w[0]);
			ASSERT_EQ((__u64)(sum >> 64), b.w[1]);
			ASSERT_EQ(0, b.w[2] | b.w[3]);
		}
		sum += (__uint128_t)n * n;
	}
	/* No loop gets here: (2^64 - 2)(2^64 - 1)(2^65 - 3) / 6, worked out. */
	ASSERT_EQ(0x5555555555555553ULL, big_sumsq(U64_MAX).w[2]);
	ASSERT_EQ(0, big_sumsq(U64_MAX).w[3]);
	ASSERT_EQ(KSIFT_SUMSQ_OVF64, big_flags(big_sumsq(SUMSQ_OVF128 - 1)));
	ASSERT_EQ(KSIFT_SUMSQ_OVF64 | KSIFT_SUMSQ_OVF128,
		  big_flags(big_sumsq(SUMSQ_OVF128)));
}

TEST_F(compute, sumsq_known)
{
	struct sumsq_req r;
	__u32 v;

	for_each_variant(self->dev, v) {
		__uint128_t sum;

		sumsq_init(&r, v, 0, 10000000);
		ASSERT_OK(ksift_run(self->dev, &r.run));
		sum = wide(r.sumsq.out_value.hi, r.sumsq.out_value.lo);
		/* 333333283333335000000 */
		EXPECT_TRUE(sum == (__uint128_t)333333283333335 * 1000000);
		EXPECT_EQ(KSIFT_SUMSQ_OVF64, r.sumsq.out_value.flags);
		EXPECT_EQ(v, r.run.out_variant);
	}
}

TEST_F(compute, sumsq_small)
{
	__u64 from, to, i;
	__u32 v;

	for_each_variant(self->dev, v)
	for (from = 0; from <= 60; from++)
	for (to = from; to <= 60; to++) {
		struct sumsq_req r;
		__u64 sum = 0;

		for (i = from; i < to; i++)
			sum += i * i;
		sumsq_init(&r, v, from, to);
		ASSERT_OK(ksift_run(self->dev, &r.run));
		ASSERT_TRUE(is_done(&r.run));
		ASSERT_EQ(sum, r.sumsq.out_value.lo);
		ASSERT_EQ(0, r.sumsq.out_value.hi);
		ASSERT_EQ(0, r.sumsq.out_value.flags);
	}
}

/* Both edges to the number, found by the loop where it can. */
TEST_F(compute, sumsq_edges)
{
	__u64 edge64 = 0, from, d;
	__uint128_t sum = 0;
	__u32 v;

	/* edge64: the first n for which the sum of all below needs more. */
	while (!(sum >> 64)) {
		sum += (__uint128_t)edge64 * edge64;
		edge64++;
	}
	ASSERT_EQ(0, big_flags(big_sumsq(edge64 - 1)));
	ASSERT_EQ(KSIFT_SUMSQ_OVF64, big_flags(big_sumsq(edge64)));

	for_each_variant(self->dev, v) {
		for (d = 0; d <= 40; d++) {
			sumsq_check(_metadata, self->dev, v, 0,
				    edge64 - 20 + d);
			sumsq_check(_metadata, self->dev, v, 0,
				    SUMSQ_OVF128 - 20 + d);
		}
		/* The same edges when the range starts later. */
		for (from = 1; from < edge64 * 2; from = from * 2 + 1) {
			__u64 lo = from, hi = from + edge64 * 2;

			while (hi - lo > 1) {
				__u64 mid = lo + (hi - lo) / 2;

				if (big_flags(big_sumsq_range(from, mid)))
					hi = mid;
				else
					lo = mid;
			}
			sumsq_check(_metadata, self->dev, v, from, hi - 1);
			sumsq_check(_metadata, self->dev, v, from, hi);
			sumsq_check(_metadata, self->dev, v, from, hi + 1);
		}
		for (from = 1; from < 1ULL << 62; from = from * 2 + 1) {
			__u64 lo = from, hi = from + SUMSQ_OVF128 * 2;

			while (hi - lo > 1) {
				__u64 mid = lo + (hi - lo) / 2;

				if (big_flags(big_sumsq_range(from, mid)) &
				    KSIFT_SUMSQ_OVF128)
					hi = mid;
				else
					lo = mid;
			}
			sumsq_check(_metadata, self->dev, v, from, hi - 1);
			sumsq_check(_metadata, self->dev, v, from, hi);
			sumsq_check(_metadata, self->dev, v, from, hi + 1);
		}
	}
}

TEST_F(compute, sumsq_ranges)
{
	static const __u64 edges[] = {
		0, 1, 2, 3, 92681, 1ULL << 31, 1ULL << 32, (1ULL << 32) + 1,
		1ULL << 42, SUMSQ_OVF128 - 1, SUMSQ_OVF128, SUMSQ_OVF128 + 1,
		1ULL << 62, (1ULL << 63) - 1, 1ULL << 63, (1ULL << 63) + 1,
		U64_MAX - 2, U64_MAX - 1, U64_MAX,
	};
	unsigned int i, j;
	__u32 v;

	for_each_variant(self->dev, v) {
		for (i = 0; i < ARRAY_SIZE(edges); i++)
			for (j = i; j < ARRAY_SIZE(edges); j++)
				sumsq_check(_metadata, self->dev, v, edges[i],
					    edges[j]);
		for (i = 0; i < ksift_rounds(2000, 100000); i++) {
			__u64 a = rng_u64(&self->rng);
			__u64 b = rng_u64(&self->rng);

			a >>= rng_below(&self->rng, 64);
			b >>= rng_below(&self->rng, 64);
			sumsq_check(_metadata, self->dev, v, a < b ? a : b,
				    a < b ? b : a);
		}
	}
}

/* The loop itself, where it is long but not too long. */
TEST_F(compute, sumsq_loop)
{
	unsigned int i;
	__u32 v;

	for_each_variant(self->dev, v)
	for (i = 0; i < 64; i += 3) {
		__u64 from = rng_u64(&self->rng) >> i, n;
		struct sumsq_req r;
		__uint128_t sum = 0;
		__u64 high = 0;

		if (from > U64_MAX - 100000)
			from -= 100000;
		for (n = from; n < from + 100000; n++) {
			__uint128_t next = sum + (__uint128_t)n * n;

			high += next < sum;
			sum = next;
		}
		sumsq_init(&r, v, from, from + 100000);
		ASSERT_OK(ksift_run(self->dev, &r.run));
		ASSERT_EQ((__u64)sum, r.sumsq.out_value.lo) {
			RNG_LOG(&self->rng);
		}
		ASSERT_EQ((__u64)(sum >> 64), r.sumsq.out_value.hi);
		ASSERT_EQ(!!(sum >> 64) || high,
			  !!(r.sumsq.out_value.flags & KSIFT_SUMSQ_OVF64));
		ASSERT_EQ(!!high,
			  !!(r.sumsq.out_value.flags & KSIFT_SUMSQ_OVF128));
	}
}

/* sum(a..b) + sum(b..c) = sum(a..c), modulo 2^128. */
TEST_F(compute, sumsq_composes)
{
	unsigned int i;
	__u32 v;

	for_each_variant(self->dev, v)
	for (i = 0; i < ksift_rounds(500, 20000); i++) {
		__u64 at[4] = { 0 };
		__uint128_t sum[3];
		int j, k;

		for (j = 1; j < 4; j++)
			at[j] = rng_u64(&self->rng) >>
				rng_below(&self->rng, 64);
		for (j = 1; j < 4; j++)
			for (k = j + 1; k < 4; k++)
				if (at[k] < at[j]) {
					__u64 t = at[j];

					at[j] = at[k];
					at[k] = t;
				}
		for (j = 0; j < 3; j++) {
			struct sumsq_req r;

			/* 1..2, 2..3, 1..3 */
			sumsq_init(&r, v, at[j == 1 ? 2 : 1],
				   at[j == 0 ? 2 : 3]);
			ASSERT_OK(ksift_run(self->dev, &r.run));
			sum[j] = wide(r.sumsq.out_value.hi,
				      r.sumsq.out_value.lo);
		}
		ASSERT_TRUE((__uint128_t)(sum[0] + sum[1]) == sum[2]) {
			RNG_LOG(&self->rng);
		}
	}
}

/* The array form: bytes of numbers, and what they must give. */
static void sumsq_array_init(struct sumsq_req *r, __u32 v, const void *base,
			     __u64 len, void *values, __u64 cap)
{
	sumsq_init(r, v, 0, U64_MAX);
	run_from_mem(&r->run, base, len);
	r->sumsq.values = PTR_U64(values);
	r->sumsq.values_cap = cap;
	r->sumsq.value_size = values ? sizeof(struct ksift_sumsq_value) : 0;
}

static void sumsq_value(const void *from, struct ksift_sumsq_value *value)
{
	struct big b;
	__u64 n;

	memcpy(&n, from, sizeof(n));
	b = big_sumsq(n);
	value->lo = b.w[0];
	value->hi = b.w[1];
	value->flags = big_flags(b);
	value->__reserved = 0;
}

TEST_F(compute, sumsq_array_ranges)
{
	struct ksift_sumsq_value got[8], want[8];
	__u64 data[6], len, from, to;
	struct sumsq_req r;
	unsigned int i;
	__u32 v;

	for (i = 0; i < ARRAY_SIZE(data); i++)
		data[i] = rng_u64(&self->rng) >> i * 9;

	for_each_variant(self->dev, v)
	for (len = 0; len <= 41; len++)
	for (from = 0; from <= len + 1; from++)
	for (to = from; to <= len + 9; to++) {
		__u64 n = 0, tail = 0, at;

		for (at = 0; at < len; at += 8) {
			if (at < from || at >= to)
				continue;
			if (at + 8 <= len)
				sumsq_value((char *)data + at, &want[n++]);
			else
				tail = len - at;
		}
		memset(got, POISON, sizeof(got));
		sumsq_array_init(&r, v, data, len, got, ARRAY_SIZE(got));
		r.run.from = from;
		r.run.to = to;
		ASSERT_OK(ksift_run(self->dev, &r.run));
		ASSERT_TRUE(is_done(&r.run) && n == r.sumsq.out_count &&
			    tail == r.sumsq.out_tail &&
			    !memcmp(got, want, n * sizeof(*got))) {
			TH_LOG("%llu bytes, %llu..%llu: %llu, tail %llu",
			       (unsigned long long)len,
			       (unsigned long long)from,
			       (unsigned long long)to,
			       (unsigned long long)r.sumsq.out_count,
			       (unsigned long long)r.sumsq.out_tail);
		}
		ASSERT_TRUE(mem_is(got + n, POISON,
				   (ARRAY_SIZE(got) - n) * sizeof(*got)));
		if (from % 8 && to % 8)
			continue;
		sumsq_array_init(&r, v, data, len, NULL, 0);
		r.run.from = from;
		r.run.to = to;
		ASSERT_OK(ksift_run(self->dev, &r.run));
		ASSERT_TRUE(is_done(&r.run));
		ASSERT_EQ(n, r.sumsq.out_count);
		ASSERT_EQ(tail, r.sumsq.out_tail);
	}
}

/* Many, of every alignment, with the edges among them. */
TEST_F(compute, sumsq_array)
{
	const unsigned int n = 2000;
	struct ksift_sumsq_value *want, *got;
	__u64 *data;
	char *in, *out;
	unsigned int i, a;
	__u32 v;

	data = malloc(n * sizeof(*data));
	want = malloc(n * sizeof(*want));
	in = malloc((n + 1) * sizeof(*data));
	out = malloc((n + 1) * sizeof(*want));
	ASSERT_TRUE(data && want && in && out);
	for (i = 0; i < n; i++) {
		data[i] = rng_u64(&self->rng) >> rng_below(&self->rng, 64);
		if (i % 5 == 0)
			data[i] = SUMSQ_OVF128 - 3 + i / 5 % 7;
		if (i % 5 == 1)
			data[i] = 3810778 - 50 + i / 5 % 100;
		if (i == 3)
			data[i] = U64_MAX;
		sumsq_value(&data[i], &want[i]);
	}
	for_each_variant(self->dev, v)
	for (a = 0; a < 8; a++) {
		struct sumsq_req r;

		got = (void *)(out + a * 5 % 8);
		memcpy(in + a, data, n * sizeof(*data));
		memset(out, POISON, (n + 1) * sizeof(*want));
		sumsq_array_init(&r, v, in + a, n * sizeof(*data), got, n);
		ASSERT_OK(ksift_run(self->dev, &r.run));
		ASSERT_TRUE(is_done(&r.run));
		ASSERT_EQ(n, r.sumsq.out_count);
		for (i = 0; i < n; i++) {
			ASSERT_EQ(0, memcmp((char *)got + i * sizeof(*want),
					    &want[i], sizeof(*want))) {
				TH_LOG("n = %llu",
				       (unsigned long long)data[i]);
				RNG_LOG(&self->rng);
			}
		}
	}
	free(data);
	free(want);
	free(in);
	free(out);
}

TEST_F(compute, sumsq_array_resume)
{
	struct ksift_sumsq_value got[32], want[30];
	__u64 data[31], cap, i;
	__u32 v;

	for (i = 0; i < 31; i++)
		data[i] = rng_u64(&self->rng) >> 2 * i;
	for (i = 0; i < 30; i++)
		sumsq_value(&data[i], &want[i]);

	for_each_variant(self->dev, v)
	for (cap = 1; cap <= 31; cap++) {
		__u64 pos = 0, tail = 0, n;
		struct sumsq_req r;

		/* 30 and five bytes of another. */
		sumsq_array_init(&r, v, data, 30 * 8 + 5, got, cap);
		do {
			memset(got, POISON, sizeof(got));
			ASSERT_OK(ksift_run(self->dev, &r.run));
			n = r.sumsq.out_count;
			ASSERT_LE(n, cap);
			ASSERT_LE(pos + n, 30);
			ASSERT_EQ(0, memcmp(got, want + pos, n * sizeof(*got)));
			ASSERT_TRUE(mem_is(got + n, POISON,
					   sizeof(got) - n * sizeof(*got)));
			pos += n;
			tail += r.sumsq.out_tail;
			if (is_done(&r.run))
				break;
			ASSERT_EQ(KSIFT_RESUME_VALID, r.run.resume.flags);
			ASSERT_EQ(8 * pos, r.run.resume.pos);
			ASSERT_EQ(cap, n);
		} while (true);
		EXPECT_EQ(30, pos);
		EXPECT_EQ(5, tail);
	}
}

/*
 * sum-i64
 */

struct sum_req {
	struct ksift_run run;
	struct ksift_sum_i64 sum;
};

static void sum_init(struct sum_req *r, __u32 v, __u64 from, __u64 to)
{
	memset(&r->sum, POISON, sizeof(r->sum));
	r->sum.size = sizeof(r->sum);
	r->sum.flags = 0;
	run_init(&r->run, KSIFT_KERNEL_SUM_I64, &r->sum);
	r->run.variant = v;
	r->run.from = from;
	r->run.to = to;
}

struct sum_result {
	__int128_t sum;
	__u64 count;
	__u64 tail;
};

/* Adds up what the calls it takes give. */
static struct sum_result sum_run(struct __test_metadata *_metadata, int dev,
				 struct sum_req *r)
{
	struct sum_result res = {};

	do {
		errno = 0;
		ASSERT_OK(ksift_run(dev, &r->run));
		res.sum += (__int128_t)wide(r->sum.out_hi, r->sum.out_lo);
		res.count += r->sum.out_count;
		res.tail += r->sum.out_tail;
		ASSERT_TRUE(r->run.resume.flags & KSIFT_RESUME_VALID);
	} while (!(r->run.resume.flags & KSIFT_RESUME_DONE));
	return res;
}

static struct sum_result sum_want(const void *base, __u64 len, __u64 from,
				  __u64 to)
{
	struct sum_result res = {};
	__u64 at;

	for (at = 0; at < len; at += 8) {
		__s64 n;

		if (at < from || at >= to)
			continue;
		if (len - at < 8) {
			res.tail = len - at;
			break;
		}
		memcpy(&n, (const char *)base + at, sizeof(n));
		res.sum += n;
		res.count++;
	}
	return res;
}

static bool sum_same(const struct sum_result *a, const struct sum_result *b)
{
	return a->sum == b->sum && a->count == b->count && a->tail == b->tail;
}

#define SUM_LOG(want, got) \
	TH_LOG("want %#llx %#llx of %llu, tail %llu; got %#llx %#llx of %llu, tail %llu", \
	       (unsigned long long)((__uint128_t)(want).sum >> 64),		\
	       (unsigned long long)(want).sum,				\
	       (unsigned long long)(want).count,			\
	       (unsigned long long)(want).tail,				\
	       (unsigned long long)((__uint128_t)(got).sum >> 64),		\
	       (unsigned long long)(got).sum,				\
	       (unsigned long long)(got).count,				\
	       (unsigned long long)(got).tail)

/* Every alignment of the array, of the range's start and of its end. */
TEST_F(compute, sum_alignments)
{
	static const __u64 lens[] = {
		0, 1, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 39, 40, 41,
	};
	char data[64], mem[80];
	__u64 base, from, to;
	unsigned int i;
	__u32 v;

	rng_fill(&self->rng, data, sizeof(data));
	for_each_variant(self->dev, v)
	for (base = 0; base < 8; base++)
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		__u64 len = lens[i];

		memset(mem, POISON, sizeof(mem));
		memcpy(mem + base, data, len);
		for (from = 0; from <= len + 1; from++)
		for (to = from; to <= len + 9; to += to < len ? 1 : 4) {
			struct sum_result want, got;
			struct sum_req r;

			want = sum_want(data, len, from, to);
			sum_init(&r, v, from, to);
			run_from_mem(&r.run, mem + base, len);
			got = sum_run(_metadata, self->dev, &r);
			ASSERT_TRUE(sum_same(&want, &got)) {
				TH_LOG("base %llu len %llu %llu..%llu",
				       (unsigned long long)base,
				       (unsigned long long)len,
				       (unsigned long long)from,
				       (unsigned long long)to);
				SUM_LOG(want, got);
			}
		}
	}
}

TEST_F(compute, sum_alignments_in_a_file)
{
	static const __u64 lens[] = { 0, 1, 7, 8, 9, 16, 17, 32, 39, 40, 41 };
	char data[64];
	__u64 from, to;
	unsigned int i;
	__u32 v;

	rng_fill(&self->rng, data, sizeof(data));
	for_each_variant(self->dev, v)
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		__u64 len = lens[i];
		int fd = tmp_file_with(data, len);

		ASSERT_GE(fd, 0);
		for (from = 0; from <= len + 1; from++)
		for (to = from; to <= len + 9; to += to < len ? 1 : 4) {
			struct sum_result want, got;
			struct sum_req r;

			want = sum_want(data, len, from, to);
			sum_init(&r, v, from, to);
			run_from_file(&r.run, fd);
			got = sum_run(_metadata, self->dev, &r);
			ASSERT_TRUE(sum_same(&want, &got)) {
				TH_LOG("len %llu %llu..%llu",
				       (unsigned long long)len,
				       (unsigned long long)from,
				       (unsigned long long)to);
				SUM_LOG(want, got);
			}
		}
		close(fd);
	}
}

/* Integers that lie on both sides of a page's end, in either source. */
TEST_F(compute, sum_large)
{
	const size_t len = 300001;
	unsigned int i, file;
	char *data, *mem;
	__u32 v;
	int fd;

	data = malloc(len);
	mem = guard_alloc(len);
	ASSERT_TRUE(data && mem);
	rng_fill(&self->rng, data, len);
	memcpy(mem, data, len);
	fd = tmp_file_with(data, len);
	ASSERT_GE(fd, 0);

	for_each_variant(self->dev, v)
	for (i = 0; i < ksift_rounds(100, 3000); i++)
	for (file = 0; file < 2; file++) {
		__u64 from = i ? rng_below(&self->rng, len) : 0;
		__u64 to = i ? from + rng_below(&self->rng, len) : U64_MAX;
		struct sum_result want, got;
		struct sum_req r;

		want = sum_want(data, len, from, to);
		sum_init(&r, v, from, to);
		if (file)
			run_from_file(&r.run, fd);
		else
			run_from_mem(&r.run, mem, len);
		got = sum_run(_metadata, self->dev, &r);
		ASSERT_TRUE(sum_same(&want, &got)) {
			TH_LOG("file %u %llu..%llu", file,
			       (unsigned long long)from,
			       (unsigned long long)to);
			SUM_LOG(want, got);
			RNG_LOG(&self->rng);
		}
		if (i)
			continue;
		ASSERT_EQ(len, r.run.out_bytes);
		ASSERT_LE(r.run.out_walked, r.run.out_bytes);
	}
	close(fd);
	guard_free(mem, len);
	free(data);
}

/* Every cut, and every pair of cuts, gives the whole's sum. */
TEST_F(compute, sum_cuts)
{
	const __u64 len = 77;
	struct sum_result whole;
	char data[77];
	unsigned int file;
	__u64 a, b;
	__u32 v;
	int fd;

	rng_fill(&self->rng, data, len);
	fd = tmp_file_with(data, len);
	ASSERT_GE(fd, 0);
	whole = sum_want(data, len, 0, U64_MAX);

	for_each_variant(self->dev, v)
	for (file = 0; file < 2; file++)
	for (a = 0; a <= len; a++)
	for (b = a; b <= len; b++) {
		const __u64 cuts[] = { 0, a, b, U64_MAX };
		struct sum_result sum = {};
		int i;

		for (i = 0; i < 3; i++) {
			struct sum_result part;
			struct sum_req r;

			sum_init(&r, v, cuts[i], cuts[i + 1]);
			if (file)
				run_from_file(&r.run, fd);
			else
				run_from_mem(&r.run, data, len);
			part = sum_run(_metadata, self->dev, &r);
			sum.sum += part.sum;
			sum.count += part.count;
			sum.tail += part.tail;
		}
		ASSERT_TRUE(sum_same(&whole, &sum)) {
			TH_LOG("file %u cut at %llu and %llu", file,
			       (unsigned long long)a, (unsigned long long)b);
			SUM_LOG(whole, sum);
		}
	}
	close(fd);
}

/* Sums that need all of the 128 bits they can. */
TEST_F(compute, sum_extremes)
{
	const unsigned int n = 100000;
	__s64 *data = malloc(n * sizeof(*data));
	unsigned int i, kind, file;
	__u32 v;

	ASSERT_NE(NULL, data);
	for (kind = 0; kind < 6; kind++) {
		struct sum_result want;
		int fd;

		for (i = 0; i < n; i++) {
			switch (kind) {
			case 0:
				data[i] = INT64_MIN;
				break;
			case 1:
				data[i] = INT64_MAX;
				break;
			case 2:
				data[i] = -1;
				break;
			case 3:
				data[i] = i % 2 ? INT64_MIN : INT64_MAX;
				break;
			case 4:
				data[i] = i < n / 2 ? INT64_MIN : INT64_MAX;
				break;
			case 5:
				data[i] = (__s64)rng_u64(&self->rng);
				break;
			}
		}
		want = sum_want(data, n * sizeof(*data), 0, U64_MAX);
		fd = tmp_file_with(data, n * sizeof(*data));
		ASSERT_GE(fd, 0);
		for_each_variant(self->dev, v)
		for (file = 0; file < 2; file++) {
			struct sum_result got;
			struct sum_req r;

			sum_init(&r, v, 0, U64_MAX);
			if (file)
				run_from_file(&r.run, fd);
			else
				run_from_mem(&r.run, data, n * sizeof(*data));
			got = sum_run(_metadata, self->dev, &r);
			EXPECT_TRUE(sum_same(&want, &got)) {
				TH_LOG("kind %u file %u", kind, file);
				SUM_LOG(want, got);
			}
		}
		close(fd);
	}
	free(data);
}

/* Far away in a file that is nearly all hole. */
TEST_F(compute, sum_sparse_file)
{
	const __u64 at = (5ULL << 32) + 12345 * 8;
	__s64 n[3] = { -5, INT64_MIN, 77 };
	struct sum_result want, got;
	struct sum_req r;
	__u32 v;
	int fd;

	fd = tmp_file();
	ASSERT_GE(fd, 0);
	ASSERT_EQ(sizeof(n), pwrite(fd, n, sizeof(n), at));
	want = sum_want(n, sizeof(n), 0, U64_MAX);
	for_each_variant(self->dev, v) {
		const __u64 from = at - (1 << 20);

		sum_init(&r, v, from, U64_MAX);
		run_from_file(&r.run, fd);
		got = sum_run(_metadata, self->dev, &r);
		EXPECT_TRUE(want.sum == got.sum) {
			SUM_LOG(want, got);
		}
		EXPECT_EQ((1 << 17) + 3, got.count);
		EXPECT_EQ(at + sizeof(n), r.run.resume.pos);
	}
	close(fd);
}

TEST_HARNESS_MAIN
