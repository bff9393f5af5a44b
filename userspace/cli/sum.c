// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksift sum
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "engine.h"
#include "num.h"
#include "options.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "the kernel adds up integers of the machine's byte order");

/* 64 KiB of each: a system call costs nothing next to it. */
#define TEXT_CAP (64u << 10)
#define BATCH 8192
/* How much of a wrong word a message shows. */
#define WORD_MAX 40

/* Integers written as text, as they are being read. */
struct text {
	struct ksift_ctx *ctx;
	const char *name;
	struct ksift_sum *sum;
	uint64_t line;
	char word[WORD_MAX];	/* the current word's beginning */
	size_t word_len;	/* bytes of the whole of it, 0 between words */
	bool digits;		/* it has some */
	bool bad;		/* it is not a number */
	bool too_big;		/* it is above 2^63 */
	uint64_t value;		/* else what it is so far, without its sign */
	int64_t batch[BATCH];
	size_t count;
};

static int text_sum(struct text *t)
{
	struct ksift_error err;
	int ret;

	ret = ksift_sum_memory(t->ctx, t->batch, t->count * sizeof(*t->batch),
			       t->sum, &err);
	t->count = 0;
	return ret ? cli_error("%s: %s", t->name, err.text) : CLI_OK;
}

static int text_end_word(struct text *t)
{
	const uint64_t min = (uint64_t)INT64_MAX + 1;
	bool neg = t->word[0] == '-';
	int shown = t->word_len < WORD_MAX ? t->word_len : WORD_MAX;
	const char *more = t->word_len > WORD_MAX ? "..." : "";

	if (t->bad || !t->digits)
		return cli_error("%s: line %" PRIu64 ": '%.*s%s' is not a decimal integer",
				 t->name, t->line, shown, t->word, more);
	if (t->too_big || (t->value == min && !neg))
		return cli_error("%s: line %" PRIu64 ": '%.*s%s' does not fit in 64 bits",
				 t->name, t->line, shown, t->word, more);
	t->batch[t->count++] = neg ? -t->value : t->value;
	t->word_len = 0;
	t->digits = false;
	t->too_big = false;
	t->value = 0;
	return t->count == BATCH ? text_sum(t) : CLI_OK;
}

static void text_add(struct text *t, unsigned char c)
{
	const uint64_t max = (uint64_t)INT64_MAX + 1;

	if (t->word_len < WORD_MAX)
		t->word[t->word_len] = c;
	if (c >= '0' && c <= '9') {
		t->digits = true;
		if (t->value > (max - (c - '0')) / 10)
			t->too_big = true;
		else
			t->value = t->value * 10 + (c - '0');
	} else if (c != '-' || t->word_len) {
		t->bad = true;
	}
	t->word_len++;
}

static int text_feed(struct text *t, const unsigned char *p, size_t len)
{
	const unsigned char *end = p + len;
	int ret;

	for (; p < end; p++) {
		if (!isspace(*p)) {
			text_add(t, *p);
			continue;
		}
		if (t->word_len) {
			ret = text_end_word(t);
			if (ret)
				return ret;
		}
		t->line += *p == '\n';
	}
	return CLI_OK;
}

static int sum_text(struct ksift_ctx *ctx, int fd, const char *name,
		    struct ksift_sum *sum)
{
	static unsigned char buf[TEXT_CAP];
	static struct text t;
	ssize_t n;
	int ret;

	t = (struct text){ .ctx = ctx, .name = name, .sum = sum, .line = 1 };
	for (;;) {
		n = read(fd, buf, sizeof(buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cli_error("%s: %s", name, strerror(errno));
		if (!n)
			break;
		ret = text_feed(&t, buf, n);
		if (ret)
			return ret;
	}
	ret = t.word_len ? text_end_word(&t) : CLI_OK;
	return ret ? ret : text_sum(&t);
}

static int sum_i64le(struct ksift_ctx *ctx, int fd, const char *name,
		     struct ksift_sum *sum)
{
	struct ksift_error err;
	int ret;

	/* Standard input may have been read from: then it starts where it is. */
	if (lseek(fd, 0, SEEK_CUR) > 0)
		ret = ksift_sum_stream(ctx, fd, sum, &err);
	else
		ret = ksift_sum_file(ctx, fd, 0, UINT64_MAX, sum, &err);
	if (ret)
		return cli_error("%s: %s", name, err.text);
	if (sum->tail)
		return cli_error("%s: the last %" PRIu64 " byte%s no whole 8-byte integer",
				 name, sum->tail, sum->tail == 1 ? " is" : "s are");
	return CLI_OK;
}

static int sum_fd(const struct engine_opts *how, int fd, const char *name, bool i64le,
		  bool json)
{
	struct ksift_sum sum = { 0 };
	struct ksift_ctx *ctx;
	char buf[NUM_DEC128];
	const char *text;
	bool overflow;
	int ret;

	ret = engine_open(how, &ctx);
	if (ret)
		return ret;
	ret = i64le ? sum_i64le(ctx, fd, name, &sum) :
		      sum_text(ctx, fd, name, &sum);
	ksift_ctx_close(ctx);
	if (ret)
		return ret;
	overflow = sum.hi != ((int64_t)sum.lo < 0 ? -1 : 0);
	text = num_format_i128(buf, sum.hi, sum.lo);
	if (json)
		printf("{\"sum\":%s,\"count\":%" PRIu64 ",\"overflow64\":%s}\n",
		       text, sum.count, overflow ? "true" : "false");
	else
		puts(text);
	if (overflow)
		cli_note("the sum does not fit in 64 bits; this is all of it");
	return CLI_OK;
}

static int sum_run(int argc, char **argv)
{
	struct engine_opts how = { 0 };
	const char *name;
	bool json = false, i64le = false;
	int c, ret, fd = STDIN_FILENO;

	while ((c = options_next(&cli_sum, argc, argv)) != -1) {
		switch (c) {
		case OPT_JSON:
			json = true;
			break;
		case OPT_FORMAT:
			i64le = !strcmp(optarg, "i64le");
			if (!i64le && strcmp(optarg, "text"))
				return cli_error("sum: --format is text or i64le, not '%s'",
						 optarg);
			break;
		default:
			ret = options_common(&cli_sum, &how, c);
			if (ret >= 0)
				return ret;
		}
	}
	if (argc - optind > 1)
		return cli_error("sum: one FILE is the most, and there are %d",
				 argc - optind);
	name = optind < argc ? argv[optind] : "-";
	if (strcmp(name, "-")) {
		fd = open(name, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return cli_error("%s: %s", name, strerror(errno));
	} else {
		name = "(standard input)";
	}
	ret = sum_fd(&how, fd, name, i64le, json);
	if (fd != STDIN_FILENO)
		close(fd);
	return ret;
}

const struct cli_cmd cli_sum = {
	.name = "sum",
	.run = sum_run,
	.summary = "add up the integers in a file",
	.help =
"Usage: ksift sum [OPTION]... [FILE]\n"
"\n"
"Print the sum of the integers in FILE, of 64 bits each, which is exact in 128\n"
"bits.  Without FILE, or if it is -, read standard input.\n",
};
