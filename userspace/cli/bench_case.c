// SPDX-License-Identifier: GPL-2.0-only
/*
 * What ksift bench measures.
 */
#define _GNU_SOURCE /* MAP_POPULATE */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

static int fail(struct bench_task *t, const char *what)
{
	snprintf(t->err.text, sizeof(t->err.text), "%s: %s", what, strerror(errno));
	return -errno;
}

/*
 * Lines
 */

static int run_lines(struct bench_task *t)
{
	struct ksift_scan_result res = KSIFT_SCAN_RESULT_INIT;
	struct ksift_scan_opts opts = KSIFT_SCAN_OPTS_INIT;
	int i, ret;

	opts.flags = t->what->flags;
	opts.chunk = t->what->chunk;
	opts.threads = t->threads;
	opts.arg = t;
	ret = ksift_lines_scan(t->ctx, t->matcher, t->fd, &opts, &res, &t->err);
	t->walked = res.walked;
	t->answer[0] = res.selected;
	for (i = 0; opts.flags & KSIFT_SCAN_LEVELS && i < KSIFT_LEVELS; i++)
		t->answer[i] = res.levels[i];
	return ret;
}

static int take_text(void *task, const struct ksift_chunk *chunk)
{
	const char *p = chunk->text, *end = p + chunk->text_len;
	struct bench_task *t = task;

	while (p < end) {
		ssize_t n = write(t->sink, p, end - p);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			p += n;
	}
	t->answer[1] += chunk->text_len;
	return 0;
}

static int take_records(void *task, const struct ksift_chunk *chunk)
{
	struct bench_task *t = task;
	size_t i;

	for (i = 0; i < chunk->record_count; i++) {
		t->answer[1] += chunk->records[i].offset;
		t->answer[2] += chunk->records[i].len;
	}
	return 0;
}

/*
 * Integers in a file, and in memory
 */

static void answer_sum(struct bench_task *t, const struct ksift_sum *sum)
{
	t->answer[0] = (bench_number)sum->hi << 64 | sum->lo;
	t->answer[1] = sum->count;
}

static int run_sum(struct bench_task *t)
{
	struct ksift_sum sum = { 0 };
	int ret = ksift_sum_file(t->ctx, t->fd, 0, UINT64_MAX, &sum, &t->err);

	answer_sum(t, &sum);
	return ret;
}

static int run_sum_memory(struct bench_task *t)
{
	struct ksift_sum sum = { 0 };
	int ret = ksift_sum_memory(t->ctx, t->in, t->size, &sum, &t->err);

	answer_sum(t, &sum);
	return ret;
}

static int prepare_copy(struct bench_task *t)
{
	uint64_t done;
	ssize_t n = 1;

	t->in = malloc(t->size + 1);
	if (!t->in)
		return fail(t, "a copy of the file in memory");
	for (done = 0; n && done < t->size; done += n) {
		n = pread(t->fd, (char *)t->in + done, t->size - done, done);
		if (n < 0)
			return fail(t, "reading the file");
	}
	return 0;
}

/*
 * Numbers
 */

static void *alloc_touched(uint64_t len)
{
	void *p = malloc(len + 1);

	return p ? memset(p, 1, len) : NULL;
}

static int prepare_fib(struct bench_task *t)
{
	t->out = alloc_touched(t->size * sizeof(uint64_t));
	return t->out ? 0 : fail(t, "memory for the numbers");
}

static int run_fib(struct bench_task *t)
{
	return ksift_fib_range(t->ctx, 0, t->size, t->out, NULL, &t->err);
}

static void finish_fib(struct bench_task *t)
{
	const uint64_t *value = t->out;
	uint64_t sum = 0, n;

	for (n = 0; n < t->size; n++)
		sum += value[n] ^ n;
	t->answer[0] = sum;
}

static int prepare_sumsq(struct bench_task *t)
{
	uint64_t i, *n;

	n = t->in = alloc_touched(t->size * sizeof(*n));
	t->out = alloc_touched(t->size * sizeof(struct ksift_sumsq_value));
	if (!t->in || !t->out)
		return fail(t, "memory for the numbers");
	for (i = 0; i < t->size; i++)
		n[i] = i;
	return 0;
}

static int run_sumsq(struct bench_task *t)
{
	return ksift_sumsq_array(t->ctx, t->in, t->size, t->out, &t->err);
}

static void finish_sumsq(struct bench_task *t)
{
	const struct ksift_sumsq_value *value = t->out;
	uint64_t sum = 0, n;

	for (n = 0; n < t->size; n++)
		sum += value[n].lo ^ value[n].hi;
	t->answer[0] = sum;
}

/*
 * What memory gives: each word of the file's pages is read once.
 */

/* Of any machine; what a vector is wider gains nothing on memory. */
typedef uint64_t vec __attribute__((vector_size(16), aligned(8), may_alias));

static int prepare_memory(struct bench_task *t)
{
	t->in = mmap(NULL, t->size + !t->size, PROT_READ, MAP_SHARED | MAP_POPULATE, t->fd, 0);
	return t->in == MAP_FAILED ? fail(t, "mapping the file") : 0;
}

/* A thread's share of the words, and what it adds up to. */
struct words {
	pthread_t thread;
	const uint64_t *at, *end;
	uint64_t sum;
};

static void *read_share(void *arg)
{
	struct words *w = arg;
	vec a = { 0 }, b = a, c = a, d = a;
	const uint64_t *p;
	const vec *v;

	/* Side by side, so that no addition waits for the one before. */
	for (p = w->at; w->end - p >= 8; p += 8) {
		v = (const vec *)p;
		a += v[0];
		b += v[1];
		c += v[2];
		d += v[3];
	}
	a += b + c + d;
	w->sum = a[0] + a[1];
	while (p < w->end)
		w->sum += *p++;
	return NULL;
}

static int run_memory(struct bench_task *t)
{
	const uint64_t *all = t->in, count = t->size / sizeof(*all);
	struct words words[BENCH_THREADS_MAX] = { 0 };
	unsigned int i;

	for (i = 0; i < t->threads; i++) {
		words[i].at = all + count * i / t->threads;
		words[i].end = all + count * (i + 1) / t->threads;
		/* This thread takes the first share; an error ends the process, and all. */
		errno = i ? pthread_create(&words[i].thread, NULL, read_share, &words[i]) : 0;
		if (errno)
			return fail(t, "threads");
	}
	read_share(words);
	for (i = 0; i < t->threads; i++) {
		if (i)
			pthread_join(words[i].thread, NULL);
		t->answer[0] += words[i].sum;
	}
	t->answer[0] = (uint64_t)t->answer[0];
	return 0;
}

static const struct bench_case cases[] = {
	{ "count", BENCH_LINES, 1, 0, NULL, NULL, run_lines, NULL },
	{ "emit", BENCH_LINES, 2, KSIFT_SCAN_TEXT, take_text, NULL, run_lines, NULL },
	{ "records", BENCH_LINES, 3, KSIFT_SCAN_RECORDS, take_records, NULL, run_lines, NULL },
	{ "levels", BENCH_LINES, KSIFT_LEVELS, KSIFT_SCAN_LEVELS, NULL, NULL, run_lines, NULL },
	{ "memory", BENCH_MEMORY, 1, 0, NULL, prepare_memory, run_memory, NULL },
	{ "sum", BENCH_BYTES, 2, 0, NULL, NULL, run_sum, NULL },
	{ "sum-memory", BENCH_BYTES, 2, 0, NULL, prepare_copy, run_sum_memory, NULL },
	{ "fib", BENCH_NUMBERS, 1, 0, NULL, prepare_fib, run_fib, finish_fib },
	{ "sumsq", BENCH_NUMBERS, 1, 0, NULL, prepare_sumsq, run_sumsq, finish_sumsq },
};

const struct bench_case *bench_case_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (!strcmp(cases[i].name, name))
			return &cases[i];
	return NULL;
}
