/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of ksift bench: bench.c knows the options, runs what is compared
 * in turns and prints; bench_case.c is what an engine can be given to do.
 */
#ifndef _KSIFT_BENCH_H
#define _KSIFT_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "cli.h"

#define BENCH_THREADS_MAX 256

/* Signed, for sums of integers are. */
typedef __int128 bench_number;

/**
 * struct bench_answer - What a run found
 * @value: Numbers, @count of them
 * @count: How many
 * @walked: Bytes that were scanned in the page cache, in place
 */
struct bench_answer {
	bench_number value[KSIFT_LEVELS];
	unsigned int count;
	uint64_t walked;
};

/**
 * struct bench_task - What a run is to do
 * @ctx: The engine, NULL for reading memory
 * @matcher: Selects lines there, NULL where there are none
 * @fd: The file
 * @sink: Where selected lines are written, a device that throws them away
 * @in: What the case's prepare() made, or NULL
 * @out: Room for what is computed, or NULL
 * @size: Bytes of the file, or how many numbers
 * @threads: How many are to do it
 * @answer: All zeros; then what was found
 */
struct bench_task {
	struct ksift_ctx *ctx;
	struct ksift_matcher *matcher;
	int fd;
	int sink;
	void *in;
	void *out;
	uint64_t size;
	unsigned int threads;
	struct bench_answer answer;
};

enum bench_kind {
	BENCH_LINES,	/* selects lines of a file */
	BENCH_BYTES,	/* takes all of a file */
	BENCH_NUMBERS,	/* takes no file, but how many numbers */
};

/**
 * struct bench_case - Something to measure
 * @name: What it is called
 * @kind: What it takes
 * @width: BENCH_NUMBERS: bytes that @prepare and @run take for each number
 * @no_engine: No engine does it
 * @one_thread: It cannot be shared
 * @prepare: Before the clock is started, or NULL
 * @run: What is measured
 * @finish: After the clock was stopped, or NULL: an answer from what @run made
 */
struct bench_case {
	const char *name;
	enum bench_kind kind;
	unsigned int width;
	bool no_engine;
	bool one_thread;
	int (*prepare)(struct bench_task *t, struct ksift_error *err);
	int (*run)(struct bench_task *t, struct ksift_error *err);
	void (*finish)(struct bench_task *t);
};

extern const struct bench_case bench_memory;

const struct bench_case *bench_case_find(const char *name);

#endif /* _KSIFT_BENCH_H */
