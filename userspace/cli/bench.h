/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of ksift bench: bench.c knows the options, runs what is compared
 * in turns and prints; bench_case.c is what an engine can be given to do.
 */
#ifndef _KSIFT_BENCH_H
#define _KSIFT_BENCH_H

#include <libksift.h>

#define BENCH_THREADS_MAX 256

/* Signed, for sums of integers are. */
typedef __int128 bench_number;

/**
 * struct bench_task - What a run is to do, and what came of it
 * @what: The case
 * @ctx: The engine, NULL for reading memory
 * @matcher: Selects lines there, NULL where there are none
 * @fd: The file
 * @sink: Where selected lines are written, a device that throws them away
 * @size: Bytes of the file, or how many numbers
 * @threads: How many are to do it
 * @in: What the case's prepare() made, or NULL
 * @out: Room for what is computed, or NULL
 * @ret: 0, or a negative errno value with @err
 * @err: What went wrong
 * @seconds: How long it took
 * @cpu: How much time of processors
 * @peak_kib: The most memory it had
 * @walked: Bytes that were scanned in the page cache, in place
 * @answer: What was found, as many numbers as the case has
 */
struct bench_task {
	const struct bench_case *what;
	struct ksift_ctx *ctx;
	struct ksift_matcher *matcher;
	int fd, sink;
	uint64_t size, threads;
	void *in, *out;

	int ret;
	struct ksift_error err;
	double seconds, cpu;
	long peak_kib;
	uint64_t walked;
	bench_number answer[KSIFT_LEVELS];
};

enum bench_kind {
	BENCH_LINES,	/* selects lines of a file */
	BENCH_MEMORY,	/* reads a file in memory, without an engine */
	BENCH_BYTES,	/* takes all of a file, with one thread */
	BENCH_NUMBERS,	/* takes no file, but how many numbers, with one thread */
};

/**
 * struct bench_case - Something to measure
 * @name: What it is called
 * @kind: What it takes
 * @answers: How many numbers it finds
 * @flags: BENCH_LINES: what is wanted of them, as enum ksift_scan_flags
 * @chunk: BENCH_LINES: what is done with them, or NULL
 * @prepare: Before the clock is started, or NULL.  Gives @ret
 * @run: What is measured.  Gives @ret
 * @finish: After the clock was stopped, or NULL: an answer from what @run made
 */
struct bench_case {
	const char *name;
	enum bench_kind kind;
	unsigned int answers;
	uint32_t flags;
	int (*chunk)(void *task, const struct ksift_chunk *chunk);
	int (*prepare)(struct bench_task *t);
	int (*run)(struct bench_task *t);
	void (*finish)(struct bench_task *t);
};

/* NULL: there is none called so. */
const struct bench_case *bench_case_find(const char *name);

#endif /* _KSIFT_BENCH_H */
