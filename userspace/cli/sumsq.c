// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksift sumsq
 */
#include <inttypes.h>
#include <stdbool.h>

#include "cli.h"
#include "engine.h"
#include "num.h"
#include "options.h"

static int sumsq_print(struct ksift_ctx *ctx, uint64_t from, uint64_t to, bool json)
{
	struct ksift_sumsq_value value;
	struct ksift_error err;
	char buf[NUM_DEC128];
	const char *sum;

	if (ksift_sumsq_range(ctx, from, to, &value, &err))
		return cli_error("sumsq: %s", err.text);
	sum = num_format_u128(buf, value.hi, value.lo);
	if (json)
		printf("{\"from\":%" PRIu64 ",\"to\":%" PRIu64
		       ",\"sum\":%s,\"overflow64\":%s,\"overflow128\":%s}\n",
		       from, to, sum,
		       value.flags & KSIFT_SUMSQ_OVF64 ? "true" : "false",
		       value.flags & KSIFT_SUMSQ_OVF128 ? "true" : "false");
	else
		puts(sum);
	if (value.flags & KSIFT_SUMSQ_OVF128)
		cli_note("the sum does not fit in 128 bits: this is the sum mod 2^128");
	else if (value.flags & KSIFT_SUMSQ_OVF64)
		cli_note("the sum does not fit in 64 bits; this is all of it");
	return CLI_OK;
}

static int sumsq_run(int argc, char **argv)
{
	struct engine_opts how = { 0 };
	const char *why;
	struct ksift_ctx *ctx;
	uint64_t from, to;
	bool json = false, range;
	int c, ret;

	while ((c = options_next(&cli_sumsq, argc, argv)) != -1) {
		switch (c) {
		case OPT_JSON:
			json = true;
			break;
		default:
			ret = options_common(&cli_sumsq, &how, c);
			if (ret >= 0)
				return ret;
		}
	}
	if (argc - optind != 1)
		return cli_error("sumsq: one argument is needed, N or FROM..TO");
	if (num_parse_range(argv[optind], &from, &to, &range, &why))
		return cli_error("sumsq: '%s' %s", argv[optind], why);
	if (!range) {
		to = from;
		from = 0;
	}
	ret = engine_open(&how, &ctx);
	if (ret)
		return ret;
	ret = sumsq_print(ctx, from, to, json);
	ksift_ctx_close(ctx);
	return ret;
}

const struct cli_cmd cli_sumsq = {
	.name = "sumsq",
	.run = sumsq_run,
	.summary = "print a sum of squares",
	.help =
"Usage: ksift sumsq [OPTION]... N\n"
"       ksift sumsq [OPTION]... FROM..TO\n"
"\n"
"Print the sum of i * i over 0 <= i < N, or over FROM <= i < TO, which is exact\n"
"in 128 bits.  Standard error says when it is more than 64 bits hold, and when\n"
"it is more than 128 bits hold and is given mod 2^128.\n",
};
