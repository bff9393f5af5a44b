// SPDX-License-Identifier: GPL-2.0-only
/*
 * What ksift bench measures.
 */
#define _GNU_SOURCE /* MAP_POPULATE */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

static int fail(struct ksift_error *err, const char *what)
{
	err->err = -errno;
	snprintf(err->text, sizeof(err->text), "%s: %s", what, strerror(errno));
	return err->err;
}

static void answer_is(struct bench_task *t, unsigned int count)
{
	t->answer.count = count;
}

/*
 * Lines
 */

static int scan(struct bench_task *t, uint32_t flags,
		int (*chunk)(void *arg, const struct ksift_chunk *chunk),
		struct ksift_scan_result *res, struct ksift_error *err)
{
	struct ksift_scan_opts opts = KSIFT_SCAN_OPTS_INIT;

	opts.flags = flags;
	opts.threads = t->threads;
	opts.chunk = chunk;
	opts.arg = t;
	return ksift_lines_scan(t->ctx, t->matcher, t->fd, &opts, res, err);
}

static int run_count(struct bench_task *t, struct ksift_error *err)
{
	struct ksift_scan_result res = KSIFT_SCAN_RESULT_INIT;
	int ret = scan(t, 0, NULL, &res, err);

	t->answer.value[0] = res.selected;
	t->answer.walked = res.walked;
	answer_is(t, 1);
	return ret;
}

static int take_text(void *arg, const struct ksift_chunk *chunk)
{
	struct bench_task *t = arg;
	const char *p = chunk->text, *end = p + chunk->text_len;

	while (p < end) {
		ssize_t n = write(t->sink, p, end - p);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			p += n;
	}
	t->answer.value[1] += chunk->text_len;
	return 0;
}

static int run_emit(struct bench_task *t, struct ksift_error *err)
{
	struct ksift_scan_result res = KSIFT_SCAN_RESULT_INIT;
	int ret = scan(t, KSIFT_SCAN_TEXT, take_text, &res, err);

	t->answer.value[0] = res.selected;
	t->answer.walked = res.walked;
	answer_is(t, 2);
	return ret;
}

static int take_records(void *arg, const struct ksift_chunk *chunk)
{
	struct bench_task *t = arg;
	size_t i;

	for (i = 0; i < chunk->record_count; i++) {
		t->answer.value[1] += chunk->records[i].offset;
		t->answer.value[2] += chunk->records[i].len;
	}
	t->answer.value[0] += chunk->record_count;
	return 0;
}

static int run_records(struct bench_task *t, struct ksift_error *err)
{
	struct ksift_scan_result res = KSIFT_SCAN_RESULT_INIT;
	int ret = scan(t, KSIFT_SCAN_RECORDS, take_records, &res, err);

	t->answer.walked = res.walked;
	answer_is(t, 3);
	return ret;
}

static int run_levels(struct bench_task *t, struct ksift_error *err)
{
	struct ksift_scan_result res = KSIFT_SCAN_RESULT_INIT;
	int i, ret = scan(t, KSIFT_SCAN_LEVELS, NULL, &res, err);

	for (i = 0; i < KSIFT_LEVELS; i++)
		t->answer.value[i] = res.levels[i];
	t->answer.walked = res.walked;
	answer_is(t, KSIFT_LEVELS);
	return ret;
}

/*
 * Integers in a file, and in memory
 */

static void answer_sum(struct bench_task *t, const struct ksift_sum *sum)
{
	t->answer.value[0] = (bench_number)sum->hi << 64 | sum->lo;
	t->answer.value[1] = sum->count;
	answer_is(t, 2);
}

static int run_sum(struct bench_task *t, struct ksift_error *err)
{
	struct ksift_sum sum = { 0 };
	int ret = ksift_sum_file(t->ctx, t->fd, 0, UINT64_MAX, &sum, err);

	answer_sum(t, &sum);
	return ret;
}

static int prepare_copy(struct bench_task *t, struct ksift_error *err)
{
	uint64_t done = 0;

	t->in = malloc(t->size + !t->size);
	if (!t->in)
		return fail(err, "a copy of the file in memory");
	while (done < t->size) {
		ssize_t n = pread(t->fd, (char *)t->in + done, t->size - done, done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(err, "reading the file");
		if (!n)
			break;
		done += n;
	}
	return 0;
}

static int run_sum_memory(struct bench_task *t, struct ksift_error *err)
{
	struct ksift_sum sum = { 0 };
	int ret = ksift_sum_memory(t->ctx, t->in, t->size, &sum, err);

	answer_sum(t, &sum);
	return ret;
}

/*
 * Numbers
 */

static int alloc_touched(void **p, uint64_t len, struct ksift_error *err)
{
	*p = malloc(len + !len);
	if (!*p)
		return fail(err, "memory for the numbers");
	memset(*p, 1, len);
	return 0;
}

static int prepare_fib(struct bench_task *t, struct ksift_error *err)
{
	return alloc_touched(&t->out, t->size * sizeof(uint64_t), err);
}

static int run_fib(struct bench_task *t, struct ksift_error *err)
{
	return ksift_fib_range(t->ctx, 0, t->size, t->out, NULL, err);
}

static void finish_fib(struct bench_task *t)
{
	const uint64_t *value = t->out;
	uint64_t sum = 0, n;

	for (n = 0; n < t->size; n++)
		sum += value[n] ^ n;
	t->answer.value[0] = sum;
	answer_is(t, 1);
}

static int prepare_sumsq(struct bench_task *t, struct ksift_error *err)
{
	uint64_t i, *n;
	int ret;

	ret = alloc_touched(&t->in, t->size * sizeof(*n), err);
	if (!ret)
		ret = alloc_touched(&t->out, t->size * sizeof(struct ksift_sumsq_value), err);
	if (ret)
		return ret;
	for (n = t->in, i = 0; i < t->size; i++)
		n[i] = i;
	return 0;
}

static int run_sumsq(struct bench_task *t, struct ksift_error *err)
{
	return ksift_sumsq_array(t->ctx, t->in, t->size, t->out, err);
}

static void finish_sumsq(struct bench_task *t)
{
	const struct ksift_sumsq_value *value = t->out;
	uint64_t sum = 0, n;

	for (n = 0; n < t->size; n++)
		sum += value[n].lo ^ value[n].hi;
	t->answer.value[0] = sum;
	answer_is(t, 1);
}

/*
 * What memory gives: each word of the file's pages is read once.
 */

#define LANES 8

typedef uint64_t vec __attribute__((vector_size(32), aligned(8), may_alias));

static inline __attribute__((always_inline))
uint64_t read_words(const char *p, uint64_t len)
{
	const char *end = p + len / sizeof(vec) / LANES * sizeof(vec) * LANES;
	vec sum[LANES] = { 0 };
	uint64_t all = 0, word;
	unsigned int i;

	for (; p < end; p += sizeof(sum))
		for (i = 0; i < LANES; i++)
			sum[i] += ((const vec *)p)[i];
	for (i = 1; i < LANES; i++)
		sum[0] += sum[i];
	for (i = 0; i < sizeof(vec) / sizeof(word); i++)
		all += sum[0][i];
	for (len %= sizeof(sum); len >= sizeof(word); len -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		all += word;
		p += sizeof(word);
	}
	return all;
}

#ifdef __x86_64__
__attribute__((target("avx2")))
static uint64_t read_avx2(const char *p, uint64_t len)
{
	return read_words(p, len);
}
#endif

static uint64_t read_memory(const char *p, uint64_t len)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2"))
		return read_avx2(p, len);
#endif
	return read_words(p, len);
}

static int prepare_memory(struct bench_task *t, struct ksift_error *err)
{
	if (!t->size)
		return 0;
	t->in = mmap(NULL, t->size, PROT_READ, MAP_SHARED | MAP_POPULATE, t->fd, 0);
	return t->in == MAP_FAILED ? fail(err, "mapping the file") : 0;
}

/* A thread's share of the words, and what it adds up to. */
struct words {
	pthread_t thread;
	const char *at;
	uint64_t len;
	uint64_t sum;
};

static void *read_share(void *arg)
{
	struct words *w = arg;

	w->sum = read_memory(w->at, w->len);
	return NULL;
}

static int run_memory(struct bench_task *t, struct ksift_error *err)
{
	uint64_t share = t->size / t->threads & ~(sizeof(uint64_t) - 1), sum = 0;
	struct words words[BENCH_THREADS_MAX];
	unsigned int i, started;

	for (i = 0; i < t->threads; i++)
		words[i] = (struct words){ .at = (char *)t->in + i * share, .len = share };
	words[t->threads - 1].len = t->size - (t->threads - 1) * share;
	errno = 0;
	for (started = 0; started < t->threads - 1 && !errno; started += !errno)
		errno = pthread_create(&words[started].thread, NULL, read_share, &words[started]);
	if (!errno)
		read_share(&words[t->threads - 1]);
	for (i = 0; i < started; i++)
		pthread_join(words[i].thread, NULL);
	if (errno)
		return fail(err, "threads");
	for (i = 0; i < t->threads; i++)
		sum += words[i].sum;
	t->answer.value[0] = sum;
	answer_is(t, 1);
	return 0;
}

const struct bench_case bench_memory = {
	.name = "memory",
	.kind = BENCH_BYTES,
	.no_engine = true,
	.prepare = prepare_memory,
	.run = run_memory,
};

static const struct bench_case cases[] = {
	{ .name = "count", .kind = BENCH_LINES, .run = run_count },
	{ .name = "emit", .kind = BENCH_LINES, .run = run_emit },
	{ .name = "records", .kind = BENCH_LINES, .run = run_records },
	{ .name = "levels", .kind = BENCH_LINES, .run = run_levels },
	{ .name = "sum", .kind = BENCH_BYTES, .one_thread = true, .run = run_sum },
	{
		.name = "sum-memory",
		.kind = BENCH_BYTES,
		.one_thread = true,
		.prepare = prepare_copy,
		.run = run_sum_memory,
	},
	{
		.name = "fib",
		.kind = BENCH_NUMBERS,
		.one_thread = true,
		.width = sizeof(uint64_t),
		.prepare = prepare_fib,
		.run = run_fib,
		.finish = finish_fib,
	},
	{
		.name = "sumsq",
		.kind = BENCH_NUMBERS,
		.one_thread = true,
		.width = sizeof(uint64_t) + sizeof(struct ksift_sumsq_value),
		.prepare = prepare_sumsq,
		.run = run_sumsq,
		.finish = finish_sumsq,
	},
};

const struct bench_case *bench_case_find(const char *name)
{
	size_t i;

	if (!strcmp(name, bench_memory.name))
		return &bench_memory;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (!strcmp(cases[i].name, name))
			return &cases[i];
	return NULL;
}
