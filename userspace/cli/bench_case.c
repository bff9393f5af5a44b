// SPDX-License-Identifier: GPL-2.0-only
/*
 * What ksift bench measures.
 */
#define _GNU_SOURCE /* MAP_POPULATE */
#include <errno.h>
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
	opts.from = t->from;
	opts.to = t->to;
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
	struct ksift_lines lines = {
		.size = sizeof(lines),
		.flags = KSIFT_LINES_LEVELS,
		.max_lines = UINT64_MAX,
	};
	struct ksift_run run = {
		.size = sizeof(run),
		.source = KSIFT_SOURCE_FILE,
		.source_fd = t->fd,
		.from = t->from,
		.to = t->to,
	};
	unsigned int i;
	int ret;

	do {
		ret = ksift_lines_run(t->ctx, t->matcher, &run, &lines, err);
		if (ret)
			return ret;
		for (i = 0; i < KSIFT_LEVELS; i++)
			t->answer.value[i] += lines.out_levels[i];
		t->answer.walked += run.out_walked;
	} while (!(run.resume.flags & KSIFT_RESUME_DONE));
	answer_is(t, KSIFT_LEVELS);
	return 0;
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
	int ret = ksift_sum_file(t->ctx, t->fd, t->from, t->to, &sum, err);

	answer_sum(t, &sum);
	return ret;
}

static int prepare_copy(struct bench_task *t, struct ksift_error *err)
{
	uint64_t done = 0;

	t->in = malloc(t->to + !t->to);
	if (!t->in)
		return fail(err, "a copy of the file in memory");
	while (done < t->to) {
		ssize_t n = pread(t->fd, (char *)t->in + done, t->to - done, done);

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
	uint64_t from = t->from & ~7ull, to = t->to & ~7ull;
	struct ksift_sum sum = { 0 };
	int ret;

	ret = ksift_sum_memory(t->ctx, (char *)t->in + from, to - from, &sum, err);
	answer_sum(t, &sum);
	return ret;
}

/*
 * Numbers
 */

/* Seen by all the processes of a run. */
static int alloc_touched(void **p, uint64_t len, struct ksift_error *err)
{
	*p = mmap(NULL, len + !len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (*p == MAP_FAILED)
		return fail(err, "memory for the numbers");
	memset(*p, 1, len);
	return 0;
}

static int prepare_fib(struct bench_task *t, struct ksift_error *err)
{
	return alloc_touched(&t->out, t->to * sizeof(uint64_t), err);
}

static int run_fib(struct bench_task *t, struct ksift_error *err)
{
	return ksift_fib_range(t->ctx, t->from, t->to,
			       (uint64_t *)t->out + t->from, NULL, err);
}

static void finish_fib(struct bench_task *t)
{
	const uint64_t *value = t->out;
	uint64_t sum = 0, n;

	for (n = t->from; n < t->to; n++)
		sum += value[n] ^ n;
	t->answer.value[0] = sum;
	answer_is(t, 1);
}

static int prepare_sumsq(struct bench_task *t, struct ksift_error *err)
{
	uint64_t i, *n;
	int ret;

	ret = alloc_touched(&t->in, t->to * sizeof(*n), err);
	if (!ret)
		ret = alloc_touched(&t->out, t->to * sizeof(struct ksift_sumsq_value), err);
	if (ret)
		return ret;
	for (n = t->in, i = 0; i < t->to; i++)
		n[i] = i;
	return 0;
}

static int run_sumsq(struct bench_task *t, struct ksift_error *err)
{
	return ksift_sumsq_array(t->ctx, (uint64_t *)t->in + t->from, t->to - t->from,
				 (struct ksift_sumsq_value *)t->out + t->from, err);
}

static void finish_sumsq(struct bench_task *t)
{
	const struct ksift_sumsq_value *value = t->out;
	uint64_t sum = 0, n;

	for (n = t->from; n < t->to; n++)
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
	if (!t->to)
		return 0;
	t->in = mmap(NULL, t->to, PROT_READ, MAP_SHARED | MAP_POPULATE, t->fd, 0);
	return t->in == MAP_FAILED ? fail(err, "mapping the file") : 0;
}

static int run_memory(struct bench_task *t, struct ksift_error *err)
{
	uint64_t from = t->from & ~7ull, to = t->to & ~7ull;

	(void)err;
	t->answer.value[0] = read_memory((char *)t->in + from, to - from);
	answer_is(t, 1);
	return 0;
}

static void finish_memory(struct bench_task *t)
{
	/* Parts were added up. */
	t->answer.value[0] = (uint64_t)t->answer.value[0];
}

const struct bench_case bench_memory = {
	.name = "memory",
	.kind = BENCH_BYTES,
	.no_engine = true,
	.prepare = prepare_memory,
	.run = run_memory,
	.finish = finish_memory,
};

static const struct bench_case cases[] = {
	{ .name = "count", .kind = BENCH_LINES, .run = run_count },
	{ .name = "emit", .kind = BENCH_LINES, .run = run_emit },
	{ .name = "records", .kind = BENCH_LINES, .run = run_records },
	{ .name = "levels", .kind = BENCH_LINES, .run = run_levels },
	{ .name = "sum", .kind = BENCH_BYTES, .run = run_sum },
	{
		.name = "sum-memory",
		.kind = BENCH_BYTES,
		.prepare = prepare_copy,
		.run = run_sum_memory,
	},
	{
		.name = "fib",
		.kind = BENCH_NUMBERS,
		.width = sizeof(uint64_t),
		.prepare = prepare_fib,
		.run = run_fib,
		.finish = finish_fib,
	},
	{
		.name = "sumsq",
		.kind = BENCH_NUMBERS,
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
