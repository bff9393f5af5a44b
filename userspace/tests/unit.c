// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parts of the client and the library that can be judged by themselves, the
 * library's with the user engine or, where there is a stand-in for the module
 * (see run.sh), with that.
 *
 * With an argument, print the patterns, for patterns.sh.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libksift.h>

#include "../cli/num.h"
#include "../cli/pattern.h"
#include "../lib/pressure.h"
#include "patterns.h"
#include "tap.h"

static void test_patterns(void)
{
	char buf[64];
	size_t i;

	for (i = 0; i < PATTERN_CASES; i++) {
		const struct pattern_case *c = &pattern_cases[i];
		struct pattern p = { .data = buf };
		bool plain = pattern_parse(c->text, strlen(c->text), false, &p);

		ok(plain == !!c->literal &&
		   (!plain || (p.anchored == c->anchored && p.len == strlen(c->literal) &&
			       !memcmp(p.data, c->literal, p.len))),
		   "pattern '%s' is %s", c->text, c->literal ? "plain" : "not plain");

		p = (struct pattern){ .data = buf };
		plain = pattern_parse(c->text, strlen(c->text), true, &p);
		ok(plain && !p.anchored && p.len == strlen(c->text) &&
		   !memcmp(p.data, c->text, p.len), "pattern '%s' with -F", c->text);
	}
}

static void print_accepted(void)
{
	size_t i;

	for (i = 0; i < PATTERN_CASES; i++)
		if (!pattern_cases[i].literal)
			printf("-\t%s\t\n", pattern_cases[i].text);
	for (i = 0; i < PATTERN_CASES; i++)
		if (pattern_cases[i].literal && *pattern_cases[i].literal)
			printf("%d\t%s\t%s\n", pattern_cases[i].anchored,
			       pattern_cases[i].text, pattern_cases[i].literal);
}

static void test_parse_u64(void)
{
	static const struct {
		const char *text;
		int ret;
		uint64_t value;
	} cases[] = {
		{ "0", 0, 0 },
		{ "007", 0, 7 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "00000000000000000000000018446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "18446744073709551620", -ERANGE, 0 },
		{ "99999999999999999999999", -ERANGE, 0 },
		{ "", -EINVAL, 0 }, { "-1", -EINVAL, 0 }, { "+1", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 }, { "1 ", -EINVAL, 0 }, { "0x10", -EINVAL, 0 },
		{ "1e3", -EINVAL, 0 }, { "1.5", -EINVAL, 0 }, { "1_000", -EINVAL, 0 },
		{ "99999999999999999999999x", -EINVAL, 0 },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint64_t value = 0;
		int ret = num_parse_u64(cases[i].text, &value);

		ok(ret == cases[i].ret && value == cases[i].value,
		   "number '%s'", cases[i].text);
	}
}

static void test_parse_range(void)
{
	static const struct {
		const char *text;
		int ret;
		uint64_t from, to;
		bool range;
	} cases[] = {
		{ "5", 0, 5, 0, false },
		{ "5..9", 0, 5, 9, true },
		{ "5..5", 0, 5, 5, true },
		{ "0..18446744073709551615", 0, 0, UINT64_MAX, true },
		{ "9..5", -EINVAL, 0, 0, true },
		{ "5..", -EINVAL, 0, 0, true }, { "..5", -EINVAL, 0, 0, true },
		{ "..", -EINVAL, 0, 0, true }, { "5...9", -EINVAL, 0, 0, true },
		{ "5..-9", -EINVAL, 0, 0, true }, { "5-9", -EINVAL, 0, 0, false },
		{ "1..2..3", -EINVAL, 0, 0, true },
		{ "1..18446744073709551616", -ERANGE, 0, 0, true },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint64_t from = 0, to = 0;
		const char *why = NULL;
		bool range, good;
		int ret;

		ret = num_parse_range(cases[i].text, &from, &to, &range, &why);
		good = ret == cases[i].ret && range == cases[i].range;
		if (ret)
			good = good && why;
		else
			good = good && from == cases[i].from && to == cases[i].to;
		ok(good, "range '%s'", cases[i].text);
	}
}

static void test_format(void)
{
	static const struct {
		uint64_t hi, lo;
		const char *u, *i;
	} cases[] = {
		{ 0, 0, "0", "0" },
		{ 0, 9, "9", "9" },
		{ 0, 10, "10", "10" },
		{ 0, UINT64_MAX, "18446744073709551615", "18446744073709551615" },
		{ 1, 0, "18446744073709551616", "18446744073709551616" },
		{ UINT64_MAX, UINT64_MAX, "340282366920938463463374607431768211455", "-1" },
		{ UINT64_MAX, 0, "340282366920938463444927863358058659840",
		  "-18446744073709551616" },
		{ 1ull << 63, 0, "170141183460469231731687303715884105728",
		  "-170141183460469231731687303715884105728" },
		{ INT64_MAX, UINT64_MAX, "170141183460469231731687303715884105727",
		  "170141183460469231731687303715884105727" },
	};
	char buf[NUM_DEC128];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		ok(!strcmp(num_format_u128(buf, cases[i].hi, cases[i].lo), cases[i].u),
		   "print %s", cases[i].u);
		ok(!strcmp(num_format_i128(buf, cases[i].hi, cases[i].lo), cases[i].i),
		   "print %s, signed", cases[i].i);
	}
}

static void says(int ret, int want, const struct ksift_error *err, const char *part)
{
	bool good = ret == want && err->err == want && strstr(err->text, part);

	ok(good, "error: %s", part);
	if (!good)
		printf("# got %d, '%s'\n", ret, err->text);
}

/* In a child, because a process of root may open anything. */
static void test_no_permission(void)
{
	struct ksift_ctx_opts opts = KSIFT_CTX_OPTS_INIT;
	char path[] = "/tmp/ksift-unit.XXXXXX";
	struct ksift_error err = { 0 };
	struct ksift_ctx *ctx;
	int fd, status = -1;
	pid_t pid;

	if (geteuid()) {
		printf("ok %d - error: no permission # SKIP needs root\n", ++tap_number);
		return;
	}
	opts.engine = KSIFT_ENGINE_KERNEL;
	fd = mkstemp(path);
	if (fd < 0 || fchmod(fd, 0660) || fchown(fd, 0, 5))
		abort();
	close(fd);
	opts.device = path;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		if (setgid(65534) || setuid(65534))
			_exit(9);
		if (ksift_ctx_open(&opts, &ctx, &err) != -EACCES)
			_exit(1);
		_exit(!strstr(err.text, "it belongs to group tty; join it with 'sudo usermod -aG tty $USER' and log in again"));
	}
	waitpid(pid, &status, 0);
	ok(status == 0, "error: no permission, the group's name");

	if (chown(path, 0, 0))
		abort();
	fflush(stdout);
	pid = fork();
	if (!pid) {
		if (setgid(65534) || setuid(65534))
			_exit(9);
		if (ksift_ctx_open(&opts, &ctx, &err) != -EACCES)
			_exit(1);
		_exit(!strstr(err.text, "only root may"));
	}
	waitpid(pid, &status, 0);
	ok(status == 0, "error: no permission, no udev rule");
	unlink(path);
}

static bool has_standin(void)
{
	return getenv("KSIFT_STANDIN");
}

/* The engine that is to be tested. */
static struct ksift_ctx *open_engine(struct ksift_ctx_opts *opts)
{
	struct ksift_ctx *ctx;

	opts->engine = has_standin() ? KSIFT_ENGINE_KERNEL : KSIFT_ENGINE_USER;
	return ksift_ctx_open(opts, &ctx, NULL) ? NULL : ctx;
}

static void test_fallback(const char *device, const char *part)
{
	struct ksift_ctx_opts opts = KSIFT_CTX_OPTS_INIT;
	struct ksift_ctx *ctx;

	opts.device = device;
	if (!ok(!ksift_ctx_open(&opts, &ctx, NULL), "fallback: %s", device))
		return;
	ok(ksift_ctx_engine(ctx) == KSIFT_ENGINE_USER &&
	   ksift_ctx_fallback(ctx) && strstr(ksift_ctx_fallback(ctx), part),
	   "fallback: %s", part);
	ksift_ctx_close(ctx);
}

static void test_open(void)
{
	struct ksift_ctx_opts opts = KSIFT_CTX_OPTS_INIT;
	struct {
		struct ksift_ctx_opts opts;
		long more;
	} newer = { KSIFT_CTX_OPTS_INIT, 0 };
	struct ksift_error err = { 0 };
	struct ksift_ctx *ctx;

	test_fallback("/nonexistent/ksift", "no device /nonexistent/ksift: the ksift module is not loaded");
	test_fallback("/dev/null", "/dev/null is not the device of a ksift module");
	opts.engine = KSIFT_ENGINE_KERNEL;
	opts.device = "/nonexistent/ksift";
	says(ksift_ctx_open(&opts, &ctx, &err), -ENOENT, &err,
	     "no device /nonexistent/ksift: the ksift module is not loaded; load it with 'sudo modprobe ksift' (or 'sudo insmod ksift.ko')");
	ok(ksift_ctx_open(&opts, &ctx, NULL) == -ENOENT, "error: not wanted");
	opts.device = "/dev/null";
	says(ksift_ctx_open(&opts, &ctx, &err), -ENOTTY, &err,
	     "/dev/null is not the device of a ksift module");
	opts.device = "/dev/fd/9999999999/x";
	opts.engine = KSIFT_ENGINE_AUTO;
	ok(!ksift_ctx_open(&opts, &ctx, NULL), "fallback: a path without an end");
	ksift_ctx_close(ctx);
	opts.engine = 3;
	says(ksift_ctx_open(&opts, &ctx, &err), -EINVAL, &err,
	     "engine is 3, and there are 0 to 2");
	opts.engine = KSIFT_ENGINE_USER;
	opts.__reserved = 1;
	says(ksift_ctx_open(&opts, &ctx, &err), -EINVAL, &err, "__reserved is not 0");
	opts.__reserved = 0;
	ok(!ksift_ctx_open(&opts, &ctx, NULL) &&
	   ksift_ctx_engine(ctx) == KSIFT_ENGINE_USER && !ksift_ctx_fallback(ctx),
	   "the user engine, asked for");
	ksift_ctx_close(ctx);
	opts.device = NULL;
	opts.variant = "vax";
	says(ksift_ctx_open(&opts, &ctx, &err), -EOPNOTSUPP, &err,
	     "variant 'vax' cannot run on this machine; these can: scalar");
	opts.variant = NULL;
	opts.size = 4;
	says(ksift_ctx_open(&opts, &ctx, &err), -EINVAL, &err,
	     "size of struct ksift_ctx_opts is 4");
	newer.opts.size = sizeof(newer);
	ok(!ksift_ctx_open(&newer.opts, &ctx, &err), "a longer structure of zeros");
	ksift_ctx_close(ctx);
	newer.more = 1;
	says(ksift_ctx_open(&newer.opts, &ctx, &err), -E2BIG, &err,
	     "the library is older than the program");
	opts.size = (size_t)1 << 30;
	says(ksift_ctx_open(&opts, &ctx, &err), -EINVAL, &err,
	     "size of struct ksift_ctx_opts is 1073741824, which is not its sizeof()");
	ksift_ctx_close(NULL);
}

static void test_matcher_errors(struct ksift_ctx *ctx)
{
	static char data[KSIFT_PATTERN_LEN_MAX + 1];
	struct ksift_pattern p[KSIFT_PATTERNS_MAX + 1] = { 0 };
	struct ksift_matcher_opts opts = KSIFT_MATCHER_OPTS_INIT;
	struct ksift_matcher *m;
	struct ksift_error err = { 0 };

	memset(data, 'x', sizeof(data));
	opts.patterns = p;
	opts.count = KSIFT_PATTERNS_MAX + 1;
	says(ksift_matcher_new(ctx, &opts, &m, &err), -EINVAL, &err,
	     "there are 65 patterns, and 64 is the most");
	opts.count = KSIFT_PATTERNS_MAX;
	ok(!ksift_matcher_new(ctx, &opts, &m, &err), "64 patterns");
	ksift_matcher_free(m);
	opts.count = 2;
	p[1].data = (uintptr_t)data;
	p[1].len = KSIFT_PATTERN_LEN_MAX + 1;
	says(ksift_matcher_new(ctx, &opts, &m, &err), -EINVAL, &err,
	     "pattern 2 is 4097 bytes long, and 4096 is the most");
	p[1].len--;
	ok(!ksift_matcher_new(ctx, &opts, &m, &err), "a pattern of 4096 bytes");
	ksift_matcher_free(m);
	data[9] = '\n';
	says(ksift_matcher_new(ctx, &opts, &m, &err), -EINVAL, &err,
	     "pattern 2 contains a newline");
	p[1].len = 9;
	p[1].group = KSIFT_GROUPS_MAX;
	says(ksift_matcher_new(ctx, &opts, &m, &err), -EINVAL, &err,
	     "pattern 2 is in group 16, and there are 16");
	p[1].group = 1;
	p[1].flags = KSIFT_PATTERN_EXCLUDE;
	says(ksift_matcher_new(ctx, &opts, &m, &err), -EINVAL, &err,
	     "pattern 2 excludes lines, and so its group must be 0");
	p[1].group = 0;
	p[1].flags = 8;
	says(ksift_matcher_new(ctx, &opts, &m, &err), -EOPNOTSUPP, &err,
	     "pattern 2 has unknown flags 0x8");
	p[1].flags = 0;
	p[1].__reserved = 1;
	says(ksift_matcher_new(ctx, &opts, &m, &err), -EINVAL, &err,
	     "pattern 2: __reserved is not 0");
	p[1].__reserved = 0;
	p[1].data = 0;
	says(ksift_matcher_new(ctx, &opts, &m, &err), -EFAULT, &err,
	     "pattern 2 has no data");
	opts.count = 0;
	opts.flags = 4;
	says(ksift_matcher_new(ctx, &opts, &m, &err), -EOPNOTSUPP, &err,
	     "flags has unknown bits 0x4");
	opts.flags = 0;
	opts.level_mask = 1 << 10;
	says(ksift_matcher_new(ctx, &opts, &m, &err), -EINVAL, &err,
	     "level_mask has unknown bits 0x400");
	opts.level_mask = 1 << 9;
	ok(!ksift_matcher_new(ctx, &opts, &m, &err), "a level");
	ksift_matcher_free(m);
}

static struct ksift_expr expr_of(const char *text, uint32_t syntax, uint32_t flags)
{
	return (struct ksift_expr){
		.text = text, .len = strlen(text), .syntax = syntax, .flags = flags,
	};
}

static void test_expr_errors(struct ksift_ctx *ctx)
{
	const struct ksift_expr good = expr_of("a+b", KSIFT_SYNTAX_EXTENDED, 0);
	struct ksift_pattern pattern = { .data = (uintptr_t)"a", .len = 1 };
	struct ksift_matcher_opts opts = KSIFT_MATCHER_OPTS_INIT;
	struct ksift_expr e[2] = { good, good };
	struct ksift_finder *finder;
	struct ksift_matcher *m;
	struct ksift_error err;
	size_t inexact = 9;
	char *text;

	opts.exprs = e;
	opts.expr_count = 2;
	ok(!ksift_matcher_new(ctx, &opts, &m, &err), "expressions");
	ksift_matcher_free(m);
	opts.patterns = &pattern;
	opts.count = 1;
	says(ksift_matcher_new(ctx, &opts, &m, &err), -EINVAL, &err,
	     "there are both patterns and expressions");
	opts.count = 0;
	e[1].syntax = 4;
	says(ksift_matcher_new(ctx, &opts, &m, &err), -EOPNOTSUPP, &err,
	     "expression 2 has the unknown syntax 4");
	e[1] = good;
	e[1].flags = 1 << 5;
	says(ksift_matcher_new(ctx, &opts, &m, &err), -EOPNOTSUPP, &err,
	     "expression 2 has unknown flags 0x20");
	e[1] = expr_of("a\nb", KSIFT_SYNTAX_BASIC, 0);
	says(ksift_matcher_new(ctx, &opts, &m, &err), -EINVAL, &err,
	     "expression 2 contains a newline");
	e[1] = good;
	e[1].group = KSIFT_GROUPS_MAX;
	says(ksift_matcher_new(ctx, &opts, &m, &err), -EINVAL, &err,
	     "expression 2 is in group 16, and there are 16");
	e[1].group = 1;
	e[1].flags = KSIFT_EXPR_EXCLUDE;
	says(ksift_matcher_new(ctx, &opts, &m, &err), -EINVAL, &err,
	     "expression 2 excludes lines, and so its group must be 0");
	e[1] = good;
	e[1].__reserved = 1;
	says(ksift_matcher_new(ctx, &opts, &m, &err), -EINVAL, &err,
	     "expression 2: __reserved is not 0");
	e[1] = good;
	e[1].text = NULL;
	says(ksift_matcher_new(ctx, &opts, &m, &err), -EFAULT, &err, "expression 2 has no text");
	e[1] = expr_of("a(", KSIFT_SYNTAX_EXTENDED, 0);
	says(ksift_matcher_new(ctx, &opts, &m, &err), -EINVAL, &err, "Unmatched ( or ");
	says(ksift_finder_new(&e[1], &finder, &err), -EINVAL, &err, "Unmatched ( or ");
	says(ksift_matcher_explain(&opts, &text, &err), -EINVAL, &err, "Unmatched ( or ");
	/* What only the process decides about, it has to know of. */
	e[1] = expr_of("\\(a\\)\\1", KSIFT_SYNTAX_BASIC, 0);
	says(ksift_matcher_new(ctx, &opts, &m, &err), -EOPNOTSUPP, &err,
	     "of the expressions, 1 cannot be decided about by a filter");
	opts.inexact = &inexact;
	ok(!ksift_matcher_new(ctx, &opts, &m, &err) && inexact == 1, "an inexact matcher");
	ksift_matcher_free(m);
	e[1] = good;
	ok(!ksift_matcher_new(ctx, &opts, &m, &err) && !inexact, "an exact one");
	ksift_matcher_free(m);
	opts.expr_count = 0;
	says(ksift_matcher_explain(&opts, &text, &err), -EINVAL, &err,
	     "there are no expressions to explain");
}

/* How many lines of @text the expressions select. */
static uint64_t selected_by(struct ksift_ctx *ctx, const struct ksift_matcher_opts *opts,
			    const char *text, uint64_t *counts)
{
	struct ksift_run run = {
		.size = sizeof(run), .source = KSIFT_SOURCE_MEM,
		.base = (uintptr_t)text, .len = strlen(text), .to = UINT64_MAX,
	};
	struct ksift_lines lines;
	struct ksift_matcher *m;
	uint64_t n = 0, part[KSIFT_PATTERNS_MAX];
	size_t i;

	memset(counts, 0, KSIFT_PATTERNS_MAX * sizeof(*counts));
	if (ksift_matcher_new(ctx, opts, &m, NULL))
		abort();
	do {
		lines = (struct ksift_lines){
			.size = sizeof(lines), .max_lines = UINT64_MAX,
			.pattern_counts = (uintptr_t)part,
			.pattern_counts_cap = KSIFT_PATTERNS_MAX,
		};
		memset(part, 0, sizeof(part));
		if (ksift_lines_run(ctx, m, &run, &lines, NULL))
			abort();
		n += lines.out_selected;
		for (i = 0; i < KSIFT_PATTERNS_MAX; i++)
			counts[i] += part[i];
	} while (!(run.resume.flags & KSIFT_RESUME_DONE));
	ksift_matcher_free(m);
	return n;
}

static void test_exprs(struct ksift_ctx *ctx)
{
	static const char text[] = "one 1\ntwo 22\nabab\naab\nabba\nONE 3\n\ncd ab";
	struct ksift_matcher_opts opts = KSIFT_MATCHER_OPTS_INIT;
	struct ksift_expr many[KSIFT_PATTERNS_MAX + 4];
	uint64_t counts[KSIFT_PATTERNS_MAX];
	struct ksift_expr e[3];
	size_t i, inexact;

	opts.exprs = e;
	opts.expr_count = 2;
	e[0] = expr_of("[0-9]{1,2}$", KSIFT_SYNTAX_EXTENDED, 0);
	e[1] = expr_of("(ab|ba)+$", KSIFT_SYNTAX_EXTENDED, 0);
	ok(selected_by(ctx, &opts, text, counts) == 7 && counts[0] == 3 && counts[1] == 4,
	   "expressions: any of two, and how many have each");
	e[1] = expr_of("one", KSIFT_SYNTAX_FIXED, KSIFT_EXPR_FOLD);
	e[1].group = 1;
	ok(selected_by(ctx, &opts, text, counts) == 2, "expressions: two groups");
	e[1] = expr_of("one", KSIFT_SYNTAX_FIXED, KSIFT_EXPR_FOLD | KSIFT_EXPR_EXCLUDE);
	ok(selected_by(ctx, &opts, text, counts) == 1, "expressions: one excludes");
	opts.flags = KSIFT_FILTER_INVERT;
	ok(selected_by(ctx, &opts, text, counts) == 7, "expressions: inverted");
	opts.flags = 0;
	e[0] = expr_of("ab", KSIFT_SYNTAX_FIXED, KSIFT_EXPR_WORDS);
	opts.expr_count = 1;
	ok(selected_by(ctx, &opts, text, counts) == 1, "expressions: words");
	e[0] = expr_of("abab", KSIFT_SYNTAX_FIXED, KSIFT_EXPR_LINES);
	ok(selected_by(ctx, &opts, text, counts) == 1, "expressions: lines");
	/* Of what is inexact, no fewer come out, and what it excludes does, too. */
	opts.inexact = &inexact;
	opts.expr_count = 2;
	e[0] = expr_of("\\(ab\\)\\1", KSIFT_SYNTAX_BASIC, 0);
	e[1] = expr_of("\\(a\\)\\1", KSIFT_SYNTAX_BASIC, KSIFT_EXPR_EXCLUDE);
	ok(selected_by(ctx, &opts, text, counts) >= 1 && inexact == 2,
	   "expressions: back-references");
	e[0] = expr_of("", KSIFT_SYNTAX_BASIC, 0);
	ok(selected_by(ctx, &opts, text, counts) == 8 && inexact == 1,
	   "expressions: a back-reference excludes");
	/* More than there are patterns: those of a group are one. */
	opts.exprs = many;
	opts.expr_count = KSIFT_PATTERNS_MAX + 4;
	for (i = 0; i < opts.expr_count; i++)
		many[i] = expr_of("x{3}y", KSIFT_SYNTAX_EXTENDED, 0);
	many[0].group = 1;
	many[0].text = "ab";
	many[0].len = 2;
	many[i - 1] = expr_of("^(a|c)", KSIFT_SYNTAX_EXTENDED, 0);
	many[i - 2] = expr_of("aa", KSIFT_SYNTAX_FIXED, KSIFT_EXPR_EXCLUDE);
	ok(selected_by(ctx, &opts, text, counts) == 3 && !inexact && counts[0] == 3 &&
	   counts[1] == 3 && !counts[2], "expressions: 68");
}

static void test_finder(void)
{
	static const struct {
		const char *text;
		uint32_t flags;
		const char *line;
		int64_t spans[6];
	} cases[] = {
		{ "b+", 0, "abbab", { 1, 3, 4, 5, -1 } },
		{ "a|ab|abc", 0, "xabcab", { 1, 4, 4, 6, -1 } },
		{ "(a)\\1", 0, "baab", { 1, 3, -1 } },
		{ "B", KSIFT_EXPR_FOLD, "abB", { 1, 2, 2, 3, -1 } },
		{ "a.", KSIFT_EXPR_WORDS, "aba ab", { 4, 6, -1 } },
		{ "a.*", KSIFT_EXPR_LINES, "ba", { -1 } },
		{ "x*", 0, "axx", { 1, 3, -1 } },
	};
	struct ksift_finder *finder;
	uint64_t at, from, to;
	struct ksift_expr e;
	size_t i, k;
	bool good;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		e = expr_of(cases[i].text, KSIFT_SYNTAX_EXTENDED, cases[i].flags);
		if (ksift_finder_new(&e, &finder, NULL))
			abort();
		ksift_finder_line(finder, cases[i].line, strlen(cases[i].line));
		good = ksift_finder_has(finder) == (cases[i].spans[0] >= 0);
		for (k = 0, at = 0; ksift_finder_next(finder, at, 0, &from, &to) == 1 && good;
		     k += 2, at = to)
			good = k < 4 && (int64_t)from == cases[i].spans[k] &&
			       (int64_t)to == cases[i].spans[k + 1];
		ok(good && cases[i].spans[k] < 0, "finder: '%s' in '%s'", cases[i].text,
		   cases[i].line);
		ksift_finder_free(finder);
	}
	ksift_finder_free(NULL);
}

static void test_matcher_fd(struct ksift_ctx *ctx, struct ksift_matcher *m)
{
	struct ksift_run run = { .size = sizeof(run), .source = KSIFT_SOURCE_MEM };
	struct ksift_lines lines = { .size = sizeof(lines) };
	struct ksift_ctx_opts opts = KSIFT_CTX_OPTS_INIT;
	struct ksift_error err = { 0 };
	struct ksift_ctx *user;

	if (ksift_ctx_engine(ctx) == KSIFT_ENGINE_USER) {
		ok(ksift_matcher_fd(m) == -EOPNOTSUPP, "the user engine's matcher has no descriptor");
		return;
	}
	ok(ksift_matcher_fd(m) >= 0, "the kernel's matcher has a descriptor");
	opts.engine = KSIFT_ENGINE_USER;
	if (ksift_ctx_open(&opts, &user, NULL))
		abort();
	says(ksift_lines_run(user, m, &run, &lines, &err), -EINVAL, &err,
	     "matcher: it was made for the other engine");
	ksift_ctx_close(user);
}

/* What only a caller of ksift_lines_run() can get wrong. */
static void test_run_errors(struct ksift_ctx *ctx, struct ksift_matcher *m, int fd)
{
	static char text[8];
	static const struct {
		int ret;
		struct ksift_run run;
		struct ksift_lines lines;
	} cases[] = {
		{ 0, { .source = KSIFT_SOURCE_MEM }, { 0 } },
		{ -EINVAL, { .source = KSIFT_SOURCE_NONE }, { 0 } },
		{ -EINVAL, { .source = 3 }, { 0 } },
		{ -EINVAL, { .source = KSIFT_SOURCE_MEM, .source_fd = 1 }, { 0 } },
		{ -EINVAL, { .source = KSIFT_SOURCE_FILE, .base = 1 }, { 0 } },
		{ -EINVAL, { .source = KSIFT_SOURCE_FILE, .len = 1 }, { 0 } },
		{ -EINVAL, { .source = KSIFT_SOURCE_MEM, .base = 9, .len = -9ull }, { 0 } },
		{ -EINVAL, { .source = KSIFT_SOURCE_MEM, .from = 1 }, { 0 } },
		{ -EINVAL, { .source = KSIFT_SOURCE_MEM, .from = 1ull << 63, .to = -1ull }, { 0 } },
		{ -EINVAL, { .source = KSIFT_SOURCE_MEM, .to = -2ull }, { 0 } },
		{ 0, { .source = KSIFT_SOURCE_MEM, .to = -1ull }, { 0 } },
		{ -EBADF, { .source = KSIFT_SOURCE_FILE, .source_fd = -1 }, { 0 } },
		{ -EOPNOTSUPP, { .source = KSIFT_SOURCE_MEM, .resume.flags = 1u << 31 }, { 0 } },
		{ -EINVAL, { .source = KSIFT_SOURCE_MEM, .resume = { 0, 0, 33, 0 } }, { 0 } },
		{ -EINVAL, { .source = KSIFT_SOURCE_MEM, .resume.flags = 3 }, { 0 } },
		{ -EINVAL, { .source = KSIFT_SOURCE_MEM, .resume.flags = 4 }, { 0 } },
		{ -EINVAL, { .source = KSIFT_SOURCE_MEM, .resume.pos = 1 }, { 0 } },
		{ -EINVAL, { .source = KSIFT_SOURCE_MEM, .resume.skip = 1 }, { 0 } },
		{ -EINVAL, { .source = KSIFT_SOURCE_MEM, .resume.__reserved = 1 }, { 0 } },
		{ -EINVAL, { .source = KSIFT_SOURCE_MEM, .resume = { 0, 1, 1, 0 } }, { 0 } },
		{ -EINVAL, { .source = KSIFT_SOURCE_MEM, .resume = { 1ull << 63, 0, 1, 0 } }, { 0 } },
		{ -EINVAL, { .source = KSIFT_SOURCE_MEM, .resume.flags = 13 }, { 0 } },
		{ -EINVAL, { .source = KSIFT_SOURCE_MEM, .resume.flags = 5 }, { 0 } },
		{ -EINVAL, { .source = KSIFT_SOURCE_MEM, .resume = { 5, -1ull >> 1, 5, 0 } },
		  { .text = (uintptr_t)text, .text_cap = 8 } },
		{ -EINVAL, { .source = KSIFT_SOURCE_MEM, .from = 2, .to = 3, .resume = { 1, 0, 1, 0 } },
		  { 0 } },
		{ -EOPNOTSUPP, { .source = KSIFT_SOURCE_MEM }, { .flags = 1u << 31 } },
		{ -EINVAL, { .source = KSIFT_SOURCE_MEM }, { .__reserved = 1 } },
		{ -EINVAL, { .source = KSIFT_SOURCE_MEM }, { .text = (uintptr_t)text } },
		{ -EINVAL, { .source = KSIFT_SOURCE_MEM }, { .text_cap = 1 } },
		{ -EINVAL, { .source = KSIFT_SOURCE_MEM }, { .records_cap = 1 } },
		{ 0, { .source = KSIFT_SOURCE_MEM }, { .flags = KSIFT_LINES_LEVELS } },
		{ -EINVAL, { .source = KSIFT_SOURCE_MEM }, { .pattern_counts_cap = 1 } },
		{ -EINVAL, { .source = KSIFT_SOURCE_MEM },
		  { .pattern_counts = (uintptr_t)text } },
		{ 0, { .source = KSIFT_SOURCE_MEM },
		  { .pattern_counts = (uintptr_t)text, .pattern_counts_cap = 1 } },
		{ -EFAULT, { .source = KSIFT_SOURCE_MEM },
		  { .pattern_counts = -8ull, .pattern_counts_cap = 2 } },
		{ -EFAULT, { .source = KSIFT_SOURCE_MEM }, { .text = -4ull, .text_cap = 8 } },
		{ -EFAULT, { .source = KSIFT_SOURCE_MEM },
		  { .records = (uintptr_t)text, .records_cap = -1ull / 40 } },
	};
	size_t i;
	int fds[2];

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct ksift_lines lines = cases[i].lines;
		struct ksift_run run = cases[i].run;
		struct ksift_error err = { 0 };
		int ret;

		run.size = sizeof(run);
		lines.size = sizeof(lines);
		ret = ksift_lines_run(ctx, m, &run, &lines, &err);
		if (!ok(ret == cases[i].ret && err.err == ret, "run error %zu", i))
			printf("# %d, '%s'\n", ret, err.text);
	}
	if (pipe(fds))
		abort();
	for (i = 0; i < 3; i++) {
		struct {
			struct ksift_run run;
			long more;
		} longer = { .run = { .size = sizeof(longer), .source = KSIFT_SOURCE_FILE } };
		struct ksift_lines lines = { .size = sizeof(lines) };
		static const int want[] = { 0, -E2BIG, -ESPIPE };

		longer.run.source_fd = i == 2 ? fds[0] : fd;
		longer.more = i == 1;
		/* The stand-in takes but one size. */
		ok(has_standin() || ksift_lines_run(ctx, m, &longer.run, &lines, NULL) == want[i],
		   "run error: %s", strerror(-want[i]));
	}
	close(fds[0]);
	close(fds[1]);
}

static void test_module_errors(struct ksift_ctx *ctx, struct ksift_matcher *m)
{
	static const struct {
		int err;
		const char *info, *filter, *run;
	} cases[] = {
		{ ENOTTY, "is not the device of a ksift module",
		  "older than this program: it does not know such a filter",
		  "older than this program: it does not know such a run" },
		{ E2BIG, "older than this program",
		  "older than this program: it does not know such a filter",
		  "older than this program: it does not know such a run" },
		{ EOPNOTSUPP, "older than this program",
		  "older than this program: it does not know a flag of the filter",
		  "it may be older than this program" },
		{ EBADF, "Bad file descriptor", "cannot make a filter: Bad file descriptor",
		  "the matcher is not a filter" },
		{ EFAULT, "Bad address", "patterns: the memory they are said to be in is not there",
		  "a buffer, or the memory to be scanned, is not there" },
		{ ENOMEM, "Cannot allocate memory", "cannot make a filter: Cannot allocate memory",
		  "Cannot allocate memory" },
		{ EOVERFLOW, "Value too large", "cannot make a filter: Value too large",
		  "a line reaches beyond the largest offset that a file can have" },
	};
	struct ksift_matcher_opts opts = KSIFT_MATCHER_OPTS_INIT;
	struct ksift_ctx_opts kernel = KSIFT_CTX_OPTS_INIT;
	struct ksift_matcher *other;
	struct ksift_ctx *none;
	char number[16];
	size_t i;

	kernel.engine = KSIFT_ENGINE_KERNEL;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct ksift_run run = {
			.size = sizeof(run),
			.source = KSIFT_SOURCE_MEM,
		};
		struct ksift_lines lines = { .size = sizeof(lines) };
		struct ksift_error err = { 0 };
		int want = -cases[i].err;

		snprintf(number, sizeof(number), "%d", cases[i].err);
		setenv("KSIFT_STANDIN_ERRNO", number, 1);
		says(ksift_ctx_open(&kernel, &none, &err), want, &err, cases[i].info);
		says(ksift_matcher_new(ctx, &opts, &other, &err), want, &err, cases[i].filter);
		says(ksift_lines_run(ctx, m, &run, &lines, &err), want, &err, cases[i].run);
	}
	unsetenv("KSIFT_STANDIN_ERRNO");
}

/* Modules that are too old are no modules; one without memory is. */
static void test_old_modules(void)
{
	static const struct {
		int err;
		bool falls_back;
	} cases[] = {
		{ ENOTTY, true }, { E2BIG, true }, { EOPNOTSUPP, true }, { ENOMEM, false },
	};
	struct ksift_ctx *ctx;
	char number[16];
	size_t i;
	int ret;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		snprintf(number, sizeof(number), "%d", cases[i].err);
		setenv("KSIFT_STANDIN_ERRNO", number, 1);
		ret = ksift_ctx_open(NULL, &ctx, NULL);
		ok(ret == (cases[i].falls_back ? 0 : -cases[i].err), "fallback: %s",
		   strerror(cases[i].err));
		if (!ret)
			ksift_ctx_close(ctx);
	}
	unsetenv("KSIFT_STANDIN_ERRNO");
	ok(!ksift_ctx_open(NULL, &ctx, NULL) && !ksift_ctx_fallback(ctx) &&
	   ksift_ctx_engine(ctx) == KSIFT_ENGINE_KERNEL, "no fallback");
	ksift_ctx_close(ctx);
}

/* Lines with and without an 'x', of every length up to some. */
static const char sample[] =
	"x\n\n.x\nbbb\nxccc\n\n\ndddd\nx\nx\neeeeeeeeee\nfffx\nxx\n\nlast x";

struct got {
	bool nul;	/* lines end with it */
	char text[sizeof(sample) + 1];
	size_t len;
	uint64_t offset[32];
	uint64_t line[32];
	size_t count;
	int ret;
	uint64_t end;
	int steps;
	int stop;	/* in the step with this number */
	bool bad;
};

static void swap(char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		text[i] = text[i] == '\n' ? 0 : text[i] == 0 ? '\n' : text[i];
}

static bool begins_line(uint64_t pos)
{
	return !pos || pos == strlen(sample) || sample[pos - 1] == '\n';
}

/* Every line before @so_far->end has come. */
static int step(void *arg, const struct ksift_scan_result *so_far)
{
	struct got *got = arg;

	got->bad |= !begins_line(so_far->end) || so_far->end < got->end ||
		so_far->selected != got->count || so_far->size != sizeof(*so_far);
	got->end = so_far->end;
	return ++got->steps == got->stop ? -ECANCELED : 0;
}

static int collect(void *arg, const struct ksift_chunk *chunk)
{
	struct got *got = arg;
	size_t i;

	memcpy(got->text + got->len, chunk->text, chunk->text_len);
	if (got->nul)
		swap(got->text + got->len, chunk->text_len);
	got->len += chunk->text_len;
	for (i = 0; i < chunk->record_count; i++) {
		got->offset[got->count] = chunk->records[i].offset;
		got->line[got->count++] = chunk->records[i].line;
	}
	got->bad |= !begins_line(chunk->end);
	return got->ret;
}

/* What has to come out of lines that begin in [from, to), the dumb way. */
static void expect(uint64_t from, uint64_t to, uint64_t max, struct got *want)
{
	size_t pos = 0, line = 0, len = strlen(sample);

	memset(want, 0, sizeof(*want));
	while (pos < len) {
		size_t end = pos;
		bool hit = false;

		for (; end < len && sample[end] != '\n'; end++)
			hit |= sample[end] == 'x';
		if (pos >= from && pos < to) {
			if (hit && want->count < max) {
				memcpy(want->text + want->len, sample + pos, end - pos);
				want->len += end - pos;
				want->text[want->len++] = '\n';
				want->offset[want->count] = pos;
				want->line[want->count++] = line;
			}
			line++;
		}
		pos = end + 1;
	}
}

static bool same(const struct got *a, const struct got *b)
{
	return a->len == b->len && !memcmp(a->text, b->text, a->len) &&
		a->count == b->count &&
		!memcmp(a->offset, b->offset, sizeof(a->offset)) &&
		!memcmp(a->line, b->line, sizeof(a->line));
}

static int file_of(const char *text, size_t len)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		abort();
	return fd;
}

static int sample_file(void)
{
	return file_of(sample, strlen(sample));
}

static void test_scan_progress(struct ksift_ctx *ctx, struct ksift_matcher *m, int fd)
{
	struct ksift_scan_opts opts = KSIFT_SCAN_OPTS_INIT;
	struct got got = { 0 };
	int ret;

	opts.flags = KSIFT_SCAN_TEXT | KSIFT_SCAN_RECORDS;
	opts.chunk = collect;
	opts.progress = step;
	opts.arg = &got;
	ret = ksift_lines_scan(ctx, m, fd, &opts, NULL, NULL);
	ok(!ret && got.steps && !got.bad && got.end == strlen(sample),
	   "scan: progress is told, and true");
	got = (struct got){ .stop = got.steps };
	ret = ksift_lines_scan(ctx, m, fd, &opts, NULL, NULL);
	ok(ret == -ECANCELED, "scan: progress can end it");
}

/* Every range, with @flags, of a file that holds the sample. */
static int scan_all_ranges(struct ksift_ctx *ctx, struct ksift_matcher *m, int fd,
			   uint32_t flags)
{
	struct ksift_scan_opts opts = KSIFT_SCAN_OPTS_INIT;
	uint64_t from, to, len = strlen(sample);
	struct got got, want;
	int bad = 0;

	opts.flags = KSIFT_SCAN_TEXT | KSIFT_SCAN_RECORDS | KSIFT_SCAN_TOTAL | flags;
	opts.chunk = collect;
	opts.arg = &got;
	for (from = 0; from <= len + 1; from++) {
		for (to = from; to <= len + 1; to++) {
			opts.from = from;
			opts.to = to;
			memset(&got, 0, sizeof(got));
			got.nul = flags & KSIFT_SCAN_NUL;
			expect(from, to, UINT64_MAX, &want);
			bad += ksift_lines_scan(ctx, m, fd, &opts, NULL, NULL) ||
				!same(&got, &want);
		}
	}
	return bad;
}

static void test_scan_nul(struct ksift_ctx *ctx, struct ksift_matcher *m)
{
	struct ksift_scan_opts opts = KSIFT_SCAN_OPTS_INIT;
	struct ksift_scan_result res = KSIFT_SCAN_RESULT_INIT;
	char text[sizeof(sample)];
	size_t len = strlen(sample);
	struct got got = { .nul = true }, want;
	int fd, fds[2], ret;

	memcpy(text, sample, len);
	swap(text, len);
	fd = file_of(text, len);
	ok(!scan_all_ranges(ctx, m, fd, KSIFT_SCAN_NUL), "scan: lines that end with NUL, every range");

	opts.flags = KSIFT_SCAN_TEXT | KSIFT_SCAN_RECORDS | KSIFT_SCAN_TOTAL | KSIFT_SCAN_NUL;
	opts.chunk = collect;
	opts.arg = &got;
	if (pipe(fds) || write(fds[1], text, len) != (ssize_t)len)
		abort();
	close(fds[1]);
	expect(0, UINT64_MAX, UINT64_MAX, &want);
	ret = ksift_lines_scan(ctx, m, fds[0], &opts, &res, NULL);
	ok(!ret && same(&got, &want) && res.end == len, "scan: lines that end with NUL, from a pipe");
	close(fds[0]);

	got = (struct got){ .nul = true };
	opts.flags |= KSIFT_SCAN_CURRENT;
	opts.max_lines = 2;
	lseek(fd, 3, SEEK_SET);
	expect(3, UINT64_MAX, 2, &want);
	ret = ksift_lines_scan(ctx, m, fd, &opts, &res, NULL);
	ok(!ret && same(&got, &want) && lseek(fd, 0, SEEK_CUR) == 3,
	   "scan: lines that end with NUL, from the current offset");
	close(fd);
}

/* A newline within such a line is a byte, that a NUL stands for. */
static void test_scan_nul_bytes(struct ksift_ctx *ctx)
{
	static const char text[] = "a\nb\0c\0a\nb";
	struct ksift_pattern p = { .data = (uintptr_t)"a\0b", .len = 3 };
	struct ksift_matcher_opts what = KSIFT_MATCHER_OPTS_INIT;
	struct ksift_scan_opts opts = KSIFT_SCAN_OPTS_INIT;
	struct ksift_scan_result res = KSIFT_SCAN_RESULT_INIT;
	struct got got = { 0 };
	struct ksift_matcher *m;
	int fd = file_of(text, sizeof(text) - 1);

	what.patterns = &p;
	what.count = 1;
	if (ksift_matcher_new(ctx, &what, &m, NULL))
		abort();
	opts.flags = KSIFT_SCAN_TEXT | KSIFT_SCAN_NUL;
	opts.chunk = collect;
	opts.arg = &got;
	ok(!ksift_lines_scan(ctx, m, fd, &opts, &res, NULL) && res.selected == 2 &&
	   got.len == 8 && !memcmp(got.text, "a\nb\0a\nb", 8), "scan: newlines in a line");
	ksift_matcher_free(m);
	close(fd);
}

/* Nothing of what is read with a NUL is looked at, be it in the line or not. */
static void test_scan_no_binary(struct ksift_ctx *ctx)
{
	static const char text[] = "a\na\n\0";
	struct ksift_matcher_opts what = KSIFT_MATCHER_OPTS_INIT;
	struct ksift_scan_opts opts = KSIFT_SCAN_OPTS_INIT;
	struct ksift_error err;
	struct ksift_matcher *m;
	int pass;

	if (ksift_matcher_new(ctx, &what, &m, NULL))
		abort();
	for (pass = 0; pass < 2; pass++) {
		/* Without the NUL, and with it. */
		size_t len = sizeof(text) - 2 + pass;
		struct ksift_scan_result res = KSIFT_SCAN_RESULT_INIT;
		struct got got = { 0 };
		int fd = file_of(text, len);

		opts.flags = KSIFT_SCAN_TEXT | KSIFT_SCAN_NO_BINARY;
		opts.chunk = collect;
		opts.arg = &got;
		ok(!ksift_lines_scan(ctx, m, fd, &opts, &res, NULL) &&
		   res.selected == (pass ? 0 : 2) && got.len == res.selected_bytes &&
		   !!(res.flags & KSIFT_SCAN_BINARY) == pass && res.flags & KSIFT_SCAN_STREAM,
		   "scan: %s NUL, where there is to be none", pass ? "a" : "no");
		close(fd);
	}
	opts.flags |= KSIFT_SCAN_NUL;
	says(ksift_lines_scan(ctx, m, STDIN_FILENO, &opts, NULL, &err), -EINVAL, &err,
	     "NO_BINARY stops at what ends lines with NUL");
	ksift_matcher_free(m);
}

struct levels {
	uint32_t level[8];
	uint32_t msg[8];
	size_t count;
};

static int note_levels(void *arg, const struct ksift_chunk *chunk)
{
	struct levels *levels = arg;
	size_t i;

	for (i = 0; i < chunk->record_count; i++) {
		levels->level[levels->count] = chunk->records[i].level;
		levels->msg[levels->count++] = chunk->records[i].msg;
	}
	return 0;
}

static void test_scan_counts(struct ksift_ctx *ctx)
{
	static const char text[] = "ERROR: disk\nINFO: ok\n[WARN] ox\nnothing o\nERROR ok\nDEBUG x\n";
	struct ksift_pattern p[] = {
		{ .data = (uintptr_t)"o", .len = 1 },
		{ .data = (uintptr_t)"d", .len = 1 },
		{ .data = (uintptr_t)"k", .len = 1 },
		{ .data = (uintptr_t)"zz", .len = 2 },
	};
	static const uint64_t levels[KSIFT_LEVELS] = {
		[KSIFT_LEVEL_ERR] = 2, [KSIFT_LEVEL_WARNING] = 1, [KSIFT_LEVEL_INFO] = 1,
		[KSIFT_LEVEL_NONE] = 1,
	};
	struct ksift_matcher_opts what = KSIFT_MATCHER_OPTS_INIT;
	struct ksift_scan_opts opts = KSIFT_SCAN_OPTS_INIT;
	struct ksift_scan_result res = KSIFT_SCAN_RESULT_INIT;
	uint64_t counts[5] = { 100, 0, 0, 0, 7 };
	struct levels seen = { .count = 0 };
	struct ksift_error err = { 0 };
	struct ksift_matcher *m;
	int fd = file_of(text, sizeof(text) - 1), ret;

	what.patterns = p;
	what.count = 4;
	if (ksift_matcher_new(ctx, &what, &m, NULL))
		abort();
	opts.flags = KSIFT_SCAN_LEVELS | KSIFT_SCAN_RECORDS;
	opts.chunk = note_levels;
	opts.arg = &seen;
	opts.pattern_counts = counts;
	opts.pattern_counts_cap = 3;
	says(ksift_lines_scan(ctx, m, fd, &opts, &res, &err), -EINVAL, &err,
	     "pattern_counts_cap is 3, and the matcher has 4 patterns");
	opts.pattern_counts_cap = 4;
	ret = ksift_lines_scan(ctx, m, fd, &opts, &res, NULL);
	ok(!ret && res.selected == 5 && !memcmp(res.levels, levels, sizeof(levels)),
	   "scan: lines by level");
	ok(counts[0] == 104 && counts[1] == 1 && counts[2] == 3 && !counts[3] && counts[4] == 7,
	   "scan: lines by pattern");
	ok(seen.count == 5 && seen.level[0] == KSIFT_LEVEL_ERR && seen.msg[0] == 7 &&
	   seen.level[2] == KSIFT_LEVEL_WARNING && seen.msg[2] == 7 &&
	   seen.level[3] == KSIFT_LEVEL_NONE && !seen.msg[3], "scan: records have levels");
	opts.flags = 0;
	opts.pattern_counts = NULL;
	ok(!ksift_lines_scan(ctx, m, fd, &opts, &res, NULL) && !res.levels[KSIFT_LEVEL_ERR],
	   "scan: levels not asked for");
	ksift_matcher_free(m);

	what.level_mask = 1 << KSIFT_LEVEL_ERR | 1 << KSIFT_LEVEL_DEBUG;
	what.count = 0;
	if (ksift_matcher_new(ctx, &what, &m, NULL))
		abort();
	ok(!ksift_lines_scan(ctx, m, fd, &opts, &res, NULL) && res.selected == 3,
	   "scan: lines of two levels");
	ksift_matcher_free(m);
	close(fd);
}

static void test_scan_ranges(struct ksift_ctx *ctx, struct ksift_matcher *m, int fd)
{
	struct ksift_scan_opts opts = KSIFT_SCAN_OPTS_INIT;
	uint64_t max, len = strlen(sample);
	struct got got, want;
	int bad = 0;

	ok(!scan_all_ranges(ctx, m, fd, 0), "scan: every range of a small file");
	test_scan_progress(ctx, m, fd);

	opts.flags = KSIFT_SCAN_TEXT | KSIFT_SCAN_RECORDS | KSIFT_SCAN_TOTAL;
	opts.chunk = collect;
	opts.arg = &got;
	for (max = 0; max < 12; max++) {
		struct ksift_scan_result res = KSIFT_SCAN_RESULT_INIT;

		opts.max_lines = max;
		memset(&got, 0, sizeof(got));
		expect(0, UINT64_MAX, max, &want);
		bad += ksift_lines_scan(ctx, m, fd, &opts, &res, NULL) ||
			!same(&got, &want) || res.selected != want.count;
		if (max <= 8) {
			uint64_t last = max ? want.offset[max - 1] : 0;
			const char *nl = memchr(sample + last, '\n', len - last);
			uint64_t end = !max ? 0 : nl ? nl + 1 - sample : (long)len;

			bad += !(res.flags & KSIFT_SCAN_LIMITED) || res.end != end;
		}
	}
	ok(!bad, "scan: every number of lines, and where it stops");
}

/* The same bytes from a pipe, in pieces of every size. */
static void test_scan_stream(struct ksift_ctx *ctx, struct ksift_matcher *m)
{
	struct ksift_scan_result res = KSIFT_SCAN_RESULT_INIT;
	struct ksift_scan_opts opts = KSIFT_SCAN_OPTS_INIT;
	size_t piece, len = strlen(sample), i;
	struct ksift_error err = { 0 };
	struct got got, want;
	int bad = 0, fds[2];

	expect(0, UINT64_MAX, UINT64_MAX, &want);
	opts.flags = KSIFT_SCAN_TEXT | KSIFT_SCAN_RECORDS | KSIFT_SCAN_TOTAL;
	opts.chunk = collect;
	opts.arg = &got;
	for (piece = 1; piece <= len; piece++) {
		pid_t pid;

		/* A packet is never read together with the next one. */
		if (pipe2(fds, O_DIRECT))
			abort();
		fflush(stdout);
		pid = fork();
		if (!pid) {
			close(fds[0]);
			for (i = 0; i < len; i += piece)
				if (write(fds[1], sample + i, len - i < piece ? len - i : piece) < 0)
					_exit(1);
			_exit(0);
		}
		close(fds[1]);
		memset(&got, 0, sizeof(got));
		bad += ksift_lines_scan(ctx, m, fds[0], &opts, &res, NULL) ||
			!same(&got, &want) || !(res.flags & KSIFT_SCAN_STREAM) ||
			res.end != len;
		close(fds[0]);
		waitpid(pid, NULL, 0);
	}
	ok(!bad, "scan: a pipe, in pieces of every size");

	if (pipe(fds))
		abort();
	opts.from = 1;
	says(ksift_lines_scan(ctx, m, fds[0], &opts, &res, &err), -ESPIPE, &err,
	     "only a regular file has ranges");
	opts.from = 0;
	says(ksift_lines_scan(ctx, m, fds[1], &opts, &res, &err), -EBADF, &err,
	     "Bad file descriptor");
	close(fds[0]);
	close(fds[1]);
}

static void test_scan_errors(struct ksift_ctx *ctx, struct ksift_matcher *m, int fd)
{
	struct ksift_scan_opts opts = KSIFT_SCAN_OPTS_INIT;
	struct ksift_error err = { 0 };
	struct got got = { .ret = -ECANCELED };
	int wronly;

	opts.flags = KSIFT_SCAN_TEXT;
	says(ksift_lines_scan(ctx, m, fd, &opts, NULL, &err), -EINVAL, &err,
	     "there is no callback");
	opts.chunk = collect;
	opts.arg = &got;
	says(ksift_lines_scan(ctx, m, fd, &opts, NULL, &err), -ECANCELED, &err,
	     "stopped by the caller");
	opts.flags = 1 << 9;
	says(ksift_lines_scan(ctx, m, fd, &opts, NULL, &err), -EOPNOTSUPP, &err,
	     "flags has unknown bits 0x200");
	opts.flags = 0;
	opts.from = 2;
	opts.to = 1;
	says(ksift_lines_scan(ctx, m, fd, &opts, NULL, &err), -EINVAL, &err,
	     "from is above to");
	opts.to = UINT64_MAX;
	opts.flags = KSIFT_SCAN_CURRENT;
	says(ksift_lines_scan(ctx, m, fd, &opts, NULL, &err), -EINVAL, &err,
	     "from must be 0 with KSIFT_SCAN_CURRENT");
	opts.from = 0;
	opts.flags = 0;
	says(ksift_lines_scan(ctx, m, -1, &opts, NULL, &err), -EBADF, &err,
	     "Bad file descriptor");
	wronly = open("/tmp", O_TMPFILE | O_WRONLY, 0600);
	if (write(wronly, "x\n", 2) != 2)
		abort();
	says(ksift_lines_scan(ctx, m, wronly, &opts, NULL, &err), -EBADF, &err,
	     "is not open for reading");
	close(wronly);
}

static int count_down(void *arg)
{
	int *left = arg;

	return (*left)-- > 0 ? 0 : -EINTR;
}

/* A stand-in that chops runs up gives the callback something to do. */
static void test_chopped(struct ksift_matcher *m, int fd)
{
	struct ksift_ctx_opts opts = KSIFT_CTX_OPTS_INIT;
	struct ksift_scan_opts scan = KSIFT_SCAN_OPTS_INIT;
	struct ksift_error err = { 0 };
	struct ksift_ctx *ctx;
	uint64_t values[100];
	int left = 3;

	opts.interrupted = count_down;
	opts.arg = &left;
	ctx = open_engine(&opts);
	says(ksift_lines_scan(ctx, m, fd, &scan, NULL, &err), -EINTR, &err,
	     "stopped by the caller");
	left = 3;
	says(ksift_fib_range(ctx, 0, 100, values, NULL, &err), -EINTR, &err,
	     "stopped by the caller");
	left = 1000;
	ok(!ksift_lines_scan(ctx, m, fd, &scan, NULL, &err) && left < 1000,
	   "interrupted, and goes on");
	ksift_ctx_close(ctx);
}

static int every_other(void *arg)
{
	int *asked = arg;

	return (*asked)++ % 2 ? 0 : -EINTR;
}

/* A run that its callback stopped has changed nothing: the same one goes on. */
static void test_retried(struct ksift_matcher *m)
{
	const size_t long_line = 20 << 20, len = 60 << 20;
	struct ksift_ctx_opts opts = KSIFT_CTX_OPTS_INIT;
	struct ksift_run run = { .size = sizeof(run), .source = KSIFT_SOURCE_MEM,
				 .len = len, .to = UINT64_MAX };
	struct ksift_lines lines = { .size = sizeof(lines), .max_lines = UINT64_MAX,
				     .flags = KSIFT_LINES_TOTAL };
	uint64_t total = 0, want = (len - long_line) / 64;
	struct ksift_ctx *ctx;
	int asked = 0, stopped = 0, ret;
	char *text = malloc(len);
	size_t i;

	if (!text)
		abort();
	memset(text, 'x', len);
	for (i = long_line + 63; i < len; i += 64)
		text[i] = '\n';
	run.base = (uintptr_t)text;
	opts.interrupted = every_other;
	opts.arg = &asked;
	ctx = open_engine(&opts);
	do {
		ret = ksift_lines_run(ctx, m, &run, &lines, NULL);
		stopped += ret == -EINTR;
		total += ret ? 0 : lines.out_total;
	} while (stopped < 100 && (ret || !(run.resume.flags & KSIFT_RESUME_DONE)));
	ok(stopped && stopped < 100 && total == want,
	   "stopped by its callback, and done again: %llu lines, stopped %d times",
	   (unsigned long long)total, stopped);
	ksift_ctx_close(ctx);
	free(text);
}

/* Jobs long enough for the user engine to ask. */
static void test_interrupted(struct ksift_matcher *m)
{
	const size_t len = 100 << 20;
	struct ksift_ctx_opts opts = KSIFT_CTX_OPTS_INIT;
	struct ksift_run run = { .size = sizeof(run), .source = KSIFT_SOURCE_MEM,
				 .len = len, .to = UINT64_MAX };
	struct ksift_lines lines = { .size = sizeof(lines), .max_lines = UINT64_MAX };
	struct ksift_error err = { 0 };
	struct ksift_sum sum = { 0 };
	struct ksift_ctx *ctx;
	void *zeros;
	int left = 3;

	zeros = mmap(NULL, len, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (zeros == MAP_FAILED)
		abort();
	run.base = (uintptr_t)zeros;
	opts.interrupted = count_down;
	opts.arg = &left;
	ctx = open_engine(&opts);
	says(ksift_sum_memory(ctx, zeros, len, &sum, &err), -EINTR, &err,
	     "stopped by the caller");
	left = 1000;
	ok(!ksift_sum_memory(ctx, zeros, len, &sum, &err) && left < 1000,
	   "interrupted, and goes on");
	left = 3;
	says(ksift_lines_run(ctx, m, &run, &lines, &err), -EINTR, &err,
	     "stopped by the caller");
	left = 1000;
	ok(!ksift_lines_run(ctx, m, &run, &lines, &err) && left < 1000 &&
	   lines.out_total_bytes == len && (run.resume.flags & KSIFT_RESUME_DONE),
	   "interrupted in a line, and goes on");
	ksift_ctx_close(ctx);
	munmap(zeros, len);
}

static void test_compute(struct ksift_ctx *ctx)
{
	int64_t ints[] = { 1, -1, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MIN, -7, 0 };
	struct ksift_sumsq_value squares[4];
	uint64_t fib[200], n[4] = { 0, 3, 10, 1000 }, x = 0, y = 1, next;
	struct ksift_sum sum = { 0 };
	struct ksift_error err = { 0 };
	__int128 total = 0;
	uint32_t flags = 0;
	size_t i;
	bool good = true;
	int fds[2];

	ok(!ksift_fib_range(ctx, 0, 200, fib, &flags, &err) &&
	   flags == KSIFT_FIB_WRAPPED, "fib: wrapped");
	for (i = 0; i < 200; i++) {
		good &= fib[i] == x;
		next = x + y;
		x = y;
		y = next;
	}
	ok(good, "fib: 200 values");
	ok(!ksift_fib_range(ctx, 0, 94, fib, &flags, &err) && !flags, "fib: exact");
	ok(!ksift_fib_range(ctx, 9, 9, NULL, &flags, &err) && !flags, "fib: nothing");
	ok(!ksift_fib_one(ctx, 93, fib, NULL, &err) &&
	   fib[0] == 12200160415121876738ull, "fib: one");
	says(ksift_fib_one(ctx, UINT64_MAX, fib, NULL, &err), -EINVAL, &err,
	     "n must be below 18446744073709551615");
	says(ksift_fib_range(ctx, 2, 1, fib, NULL, &err), -EINVAL, &err,
	     "from (2) is above to (1)");
	says(ksift_fib_range(ctx, 0, UINT64_MAX, fib, NULL, &err), -EINVAL, &err,
	     "more than memory can hold");

	ok(!ksift_sumsq_array(ctx, n, 4, squares, &err) && !squares[0].lo &&
	   squares[1].lo == 5 && squares[2].lo == 285 && squares[3].lo == 332833500,
	   "sumsq: an array");
	ok(!ksift_sumsq_array(ctx, n, 0, squares, &err), "sumsq: an empty array");
	ok(!ksift_sumsq_range(ctx, 3, 10, squares, &err) && squares[0].lo == 280,
	   "sumsq: a range");
	says(ksift_sumsq_range(ctx, 10, 3, squares, &err), -EINVAL, &err,
	     "from (10) is above to (3)");

	for (i = 0; i < sizeof(ints) / sizeof(*ints); i++)
		total += ints[i];
	ok(!ksift_sum_memory(ctx, ints, sizeof(ints), &sum, &err) &&
	   sum.lo == (uint64_t)total && sum.hi == (int64_t)(total >> 64) &&
	   sum.count == 8 && !sum.tail, "sum: memory");
	ok(!ksift_sum_memory(ctx, ints, 8 * 2 + 5, &sum, &err) &&
	   sum.lo == (uint64_t)total && sum.count == 10 && sum.tail == 5,
	   "sum: more memory, and a tail");

	if (pipe2(fds, O_DIRECT))
		abort();
	for (i = 0; i < 13; i++)
		if (write(fds[1], (char *)ints + i, 1) != 1)
			abort();
	close(fds[1]);
	memset(&sum, 0, sizeof(sum));
	ok(!ksift_sum_file(ctx, fds[0], 0, UINT64_MAX, &sum, &err) && sum.count == 1 &&
	   sum.lo == 1 && !sum.hi && sum.tail == 5, "sum: a pipe, byte by byte");
	says(ksift_sum_file(ctx, fds[0], 8, 16, &sum, &err), -ESPIPE, &err,
	     "is not a regular file");
	close(fds[0]);
}

/* A stand-in refuses what it does not know, as an old module does. */
static void test_scan_cache(struct ksift_ctx *ctx, const struct ksift_matcher *m, int fd)
{
	static const struct {
		const char *what;
		uint32_t flags;
		int ret;
		const char *text;
	} cases[] = {
		{ "both", KSIFT_SCAN_CACHED | KSIFT_SCAN_POLITE, -EINVAL, "exclude each other" },
		{ "cached lines with NUL", KSIFT_SCAN_CACHED | KSIFT_SCAN_NUL, -EINVAL, "NUL" },
		{ "polite lines with NUL", KSIFT_SCAN_POLITE | KSIFT_SCAN_NUL, -EINVAL, "NUL" },
	};
	struct ksift_scan_result res = KSIFT_SCAN_RESULT_INIT;
	struct ksift_scan_opts opts = KSIFT_SCAN_OPTS_INIT;
	struct ksift_error err;
	int pipes[2], ret;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		opts.flags = cases[i].flags;
		ret = ksift_lines_scan(ctx, m, fd, &opts, &res, &err);
		ok(ret == cases[i].ret && strstr(err.text, cases[i].text), "scan: %s", cases[i].what);
	}
	for (opts.flags = KSIFT_SCAN_CACHED; opts.flags <= KSIFT_SCAN_POLITE; opts.flags *= 2) {
		ret = ksift_lines_scan(ctx, m, fd, &opts, &res, &err);
		ok(ret == (has_standin() ? -EINVAL : -EOPNOTSUPP) && !res.bytes,
		   "scan: %s, and nobody can", opts.flags & KSIFT_SCAN_CACHED ? "cached" : "polite");
	}
	opts.flags = KSIFT_SCAN_CACHED;
	if (!ok(!pipe(pipes), "pipe"))
		return;
	close(pipes[1]);
	ok(ksift_lines_scan(ctx, m, pipes[0], &opts, &res, &err) == -ESPIPE, "scan: a pipe, cached");
	opts.flags = KSIFT_SCAN_POLITE;
	ok(!ksift_lines_scan(ctx, m, pipes[0], &opts, &res, &err), "scan: a pipe, politely");
	close(pipes[0]);

	/* As long as it was once. */
	res.size = offsetof(struct ksift_scan_result, absent);
	res.absent = 7;
	opts.flags = 0;
	ok(!ksift_lines_scan(ctx, m, fd, &opts, &res, &err) && res.absent == 7 &&
	   res.size == offsetof(struct ksift_scan_result, absent), "scan: a shorter result");
}

static void put_pressure(const char *dir, const char *name, const char *text)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	if (f) {
		fputs(text, f);
		fclose(f);
	}
}

static void test_pressure(void)
{
	char dir[] = "/tmp/ksift-pressure-XXXXXX", path[64];
	const uint64_t second = 1000000000;

	if (!ok(mkdtemp(dir), "a directory"))
		return;
	ok(ksift_pressure(dir) == 0, "pressure: the kernel does not tell");
	put_pressure(dir, "io", "some avg10=12.34 avg60=99.00 avg300=0.00 total=1\nfull avg10=50.00\n");
	ok(ksift_pressure(dir) == 12, "pressure: io");
	put_pressure(dir, "memory", "some avg10=3.00 avg60=0.00 avg300=0.00 total=1\n");
	ok(ksift_pressure(dir) == 12, "pressure: the larger one");
	put_pressure(dir, "memory", "some avg10=100.00 avg60=0.00 avg300=0.00 total=1\n");
	ok(ksift_pressure(dir) == 100, "pressure: memory");
	put_pressure(dir, "memory", "what else\n");
	put_pressure(dir, "io", "");
	ok(ksift_pressure(dir) == 0, "pressure: something else");
	snprintf(path, sizeof(path), "%s/io", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/memory", dir);
	unlink(path);
	rmdir(dir);

	ok(ksift_pressure_rest(0, second) == 0 && ksift_pressure_rest(4, second) == 0,
	   "rest: none if nobody waits");
	ok(ksift_pressure_rest(25, second / 10) == second / 10, "rest: as long as it worked");
	ok(ksift_pressure_rest(50, second / 10) == second / 5, "rest: longer");
	ok(ksift_pressure_rest(100, second) == second &&
	   ksift_pressure_rest(100, UINT64_MAX) == second, "rest: for a second at most");
}

int main(int argc, char **argv)
{
	struct ksift_matcher_opts opts = KSIFT_MATCHER_OPTS_INIT;
	struct ksift_pattern x = { .data = (uintptr_t)"x", .len = 1 };
	struct ksift_ctx_opts how = KSIFT_CTX_OPTS_INIT;
	struct ksift_matcher *m;
	struct ksift_ctx *ctx;
	struct ksift_info info = { .size = sizeof(info) };
	int fd;

	(void)argv;
	if (argc > 1) {
		print_accepted();
		return 0;
	}
	test_patterns();
	test_parse_u64();
	test_parse_range();
	test_format();
	test_open();
	test_no_permission();

	ctx = open_engine(&how);
	if (!ok(ctx, "open"))
		return tap_end();
	ok(!ksift_ctx_info(ctx, KSIFT_VARIANT_BEST, &info, NULL) &&
	   info.out_variant != KSIFT_VARIANT_BEST, "info");
	test_matcher_errors(ctx);
	test_expr_errors(ctx);
	test_exprs(ctx);
	test_finder();
	test_compute(ctx);

	opts.patterns = &x;
	opts.count = 1;
	if (!ok(!ksift_matcher_new(ctx, &opts, &m, NULL), "matcher"))
		return tap_end();
	if (has_standin()) {
		test_module_errors(ctx, m);
		test_old_modules();
	}
	test_matcher_fd(ctx, m);
	fd = sample_file();
	test_run_errors(ctx, m, fd);
	test_scan_ranges(ctx, m, fd);
	test_scan_stream(ctx, m);
	test_scan_nul(ctx, m);
	test_scan_nul_bytes(ctx);
	test_scan_no_binary(ctx);
	test_scan_counts(ctx);
	test_scan_errors(ctx, m, fd);
	test_scan_cache(ctx, m, fd);
	test_pressure();
	if (getenv("KSIFT_STANDIN_CHOP"))
		test_chopped(m, fd);
	if (!has_standin()) {
		test_interrupted(m);
		test_retried(m);
	}
	close(fd);
	ksift_matcher_free(m);
	ksift_ctx_close(ctx);
	return tap_end();
}
