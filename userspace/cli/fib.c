// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksift fib
 */
#include <endian.h>
#include <inttypes.h>
#include <stdbool.h>

#include "cli.h"
#include "engine.h"
#include "num.h"
#include "options.h"

/* 64 KiB: enough for a system call to cost nothing, and fit a cache. */
#define BATCH 8192

struct fib {
	struct ksift_ctx *ctx;
	uint64_t from;
	uint64_t to;
	bool binary;
	bool json;
};

static void print_values(const struct fib *f, uint64_t *values, size_t count,
			 bool first)
{
	size_t i;

	if (f->binary) {
		for (i = 0; i < count; i++)
			values[i] = htole64(values[i]);
		fwrite(values, sizeof(*values), count, stdout);
		return;
	}
	for (i = 0; i < count; i++) {
		if (f->json)
			printf(first && !i ? "%" PRIu64 : ",%" PRIu64, values[i]);
		else
			printf("%" PRIu64 "\n", values[i]);
	}
}

static int fib_print(const struct fib *f)
{
	static uint64_t values[BATCH];
	struct ksift_error err;
	uint32_t all = 0, flags;
	uint64_t n, count;

	if (f->json)
		printf("{\"from\":%" PRIu64 ",\"to\":%" PRIu64 ",\"values\":[",
		       f->from, f->to);
	for (n = f->from; n < f->to; n += count) {
		count = f->to - n < BATCH ? f->to - n : BATCH;
		if (ksift_fib_range(f->ctx, n, n + count, values, &flags, &err))
			return cli_error("fib: %s", err.text);
		all |= flags;
		print_values(f, values, count, n == f->from);
		cli_flush();
	}
	if (f->json)
		printf("],\"wrapped\":%s}\n",
		       all & KSIFT_FIB_WRAPPED ? "true" : "false");
	n = f->from > KSIFT_FIB_EXACT_MAX ? f->from : KSIFT_FIB_EXACT_MAX + 1;
	if (!(all & KSIFT_FIB_WRAPPED))
		return CLI_OK;
	if (f->to - n == 1)
		cli_note("F(%" PRIu64 ") does not fit in 64 bits: this is F(%" PRIu64 ") mod 2^64",
			 n, n);
	else
		cli_note("F(%" PRIu64 ") and what follows do not fit in 64 bits: these are mod 2^64",
			 n);
	return CLI_OK;
}

static int fib_run(int argc, char **argv)
{
	struct fib f = { 0 };
	struct engine_opts how = { 0 };
	const char *why;
	bool range;
	int c, ret;

	while ((c = options_next(&cli_fib, argc, argv)) != -1) {
		switch (c) {
		case OPT_JSON:
			f.json = true;
			break;
		case OPT_BINARY:
			f.binary = true;
			break;
		default:
			ret = options_common(&cli_fib, &how, c);
			if (ret >= 0)
				return ret;
		}
	}
	if (argc - optind != 1)
		return cli_error("fib: one argument is needed, N or FROM..TO");
	if (f.binary && f.json)
		return cli_error("fib: --binary and --json exclude each other");
	if (num_parse_range(argv[optind], &f.from, &f.to, &range, &why))
		return cli_error("fib: '%s' %s", argv[optind], why);
	if (!range) {
		if (f.from == UINT64_MAX)
			return cli_error("fib: N must be below %" PRIu64, UINT64_MAX);
		f.to = f.from + 1;
	}
	ret = engine_open(&how, &f.ctx);
	if (ret)
		return ret;
	ret = fib_print(&f);
	ksift_ctx_close(f.ctx);
	return ret;
}

const struct cli_cmd cli_fib = {
	.name = "fib",
	.run = fib_run,
	.summary = "print Fibonacci numbers",
	.help =
"Usage: ksift fib [OPTION]... N\n"
"       ksift fib [OPTION]... FROM..TO\n"
"\n"
"Print F(N), or F(FROM) to F(TO - 1), one to a line; F(0) is 0 and F(1) is 1.\n"
"From F(94) on, 64 bits are not enough and numbers are given mod 2^64, which is\n"
"said on standard error.\n",
};
