// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksift bench: how fast the engines are on this machine, and the grep and rg
 * that are there.
 *
 * They take turns, so that a slow minute of the machine is everybody's.  Each
 * turn is a process of its own, which tells what it takes of the processor and
 * of memory.  An engine's clock runs around the library's calls, a program's
 * around the whole of it.
 */
#define _GNU_SOURCE /* pipe2(), wait4(), mincore() */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "cli.h"
#include "engine.h"
#include "filter.h"
#include "level.h"
#include "num.h"
#include "options.h"

/* What is asked for most. */
#define DEFAULT_PATTERN "ERROR"

/* Without --rounds: enough for a median, but no more once that took so long. */
#define ROUNDS 7
#define ROUNDS_MIN 3
#define ROUNDS_SECONDS 8.0

#define ROUNDS_MAX 1000

/*
 * Starting a program takes about a millisecond, in which grep searches some
 * megabytes; so does a process's turn when others want the processor.  Of less than
 * this the figures would tell of that, and be other ones each time.
 */
#define SIZE_MIN 16000000
/* For the same reason: numbers are computed at some hundreds of millions a second. */
#define NUMBERS_MIN 1000000
/* Of as many, what all cases need in memory is below 2^63 bytes. */
#define NUMBERS_MAX (UINT64_MAX >> 6)

/* Takes what is written without a look, and is not what grep stops early for. */
#define SINK "/dev/zero"

/* Kernel, user, grep, rg, memory. */
#define RUNNERS_MAX 5
/* Of a program: -e and its text for each pattern, and what there is around them. */
#define WORDS_MAX (2 * KSIFT_PATTERNS_MAX + 12)

/* A child that has no such program to become. */
#define NO_PROGRAM 127

/**
 * struct runner - Something that is measured
 * @name: What it is called
 * @argv: If it is a program: that and its arguments, @argc of them
 * @argc: How many
 * @task: Else what it does
 * @first: What came of its first run
 * @seconds: How long its runs took
 * @cpu: How much time of processors
 * @peak_kib: The most memory that one had
 */
struct runner {
	const char *name;
	const char *argv[WORDS_MAX];
	size_t argc;
	struct bench_task task, first;
	double seconds[ROUNDS_MAX], cpu[ROUNDS_MAX];
	long peak_kib;
};

/**
 * struct bench - The whole of it
 * @how: --engine, --variant
 * @filter: -e
 * @level_mask: --level
 * @fixed: -F
 * @extended: -E
 * @fold: -i
 * @invert: -v
 * @once: One run each, without anything before it
 * @json: --json
 * @rounds: How many there are to be, 0: not said; then how many there were
 * @path: The file's name, NULL if there is none
 * @cached: How much of it was in the page cache at the end
 * @task: What all runs have in common
 * @runners: What is measured
 * @count: How many
 */
struct bench {
	struct engine_opts how;
	struct filter filter;
	uint32_t level_mask;
	bool fixed, extended, fold, invert, once, json;
	uint64_t rounds, cached;
	const char *path;
	struct bench_task task;
	struct runner runners[RUNNERS_MAX];
	size_t count;
};

/* What went wrong is in errno. */
static int bench_error(const char *what)
{
	return cli_refuse("%s: %s", what, strerror(errno));
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static double cpu_seconds(const struct rusage *use)
{
	return use->ru_utime.tv_sec + use->ru_stime.tv_sec +
		(use->ru_utime.tv_usec + use->ru_stime.tv_usec) * 1e-6;
}

/*
 * A run, in a process of its own
 */

static void run_task(struct bench_task *t, int out)
{
	const struct bench_case *what = t->what;
	struct rusage before, after;
	double start;

	t->ret = what->prepare ? what->prepare(t) : 0;
	if (!t->ret) {
		getrusage(RUSAGE_SELF, &before);
		start = seconds();
		t->ret = what->run(t);
		t->seconds = seconds() - start;
		getrusage(RUSAGE_SELF, &after);
		t->cpu = cpu_seconds(&after) - cpu_seconds(&before);
	}
	if (!t->ret && what->finish)
		what->finish(t);
	_exit(write(out, t, sizeof(*t)) != sizeof(*t));
}

static void become(const char *const *argv, int out)
{
	int null = open("/dev/null", O_RDONLY);

	setenv("LC_ALL", "C", 1);
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	execvp(argv[0], (char *const *)argv);
	_exit(NO_PROGRAM);
}

/* What a program prints, or the task of an engine's process, comes through a pipe. */
static int run_child(const struct runner *r, struct bench_task *t, int *status,
		     struct rusage *use)
{
	char said[32] = "";
	size_t tasks = 0;
	int out[2];
	pid_t pid;
	FILE *f;

	if (pipe2(out, O_CLOEXEC) || !(f = fdopen(out[0], "r")))
		return bench_error("a pipe");
	pid = fork();
	if (!pid && r->argc)
		become(r->argv, out[1]);
	else if (!pid)
		run_task(t, out[1]);
	close(out[1]);
	if (!r->argc)
		tasks = fread(t, sizeof(*t), 1, f);
	else if (fread(said, 1, sizeof(said) - 1, f))	/* rg says nothing for none */
		t->answer[0] = strtoull(said, NULL, 10);
	fclose(f);
	if (pid < 0 || wait4(pid, status, 0, use) < 0)
		return bench_error("a process");
	if (!r->argc && (*status || !tasks))
		return cli_refuse("%s: its process ended with status %d", r->name, *status);
	return CLI_OK;
}

/* @t->ret becomes NO_PROGRAM if there is none. */
static int run(const struct runner *r, struct bench_task *t)
{
	double start = seconds();
	struct rusage use;
	int ret, status;

	*t = r->task;
	ret = run_child(r, t, &status, &use);
	if (ret)
		return ret;
	t->peak_kib = use.ru_maxrss;
	if (!r->argc)
		return t->ret ? cli_refuse("%s: %s", r->name, t->err.text) : CLI_OK;
	t->seconds = seconds() - start;
	t->cpu = cpu_seconds(&use);
	t->ret = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	return t->ret == NO_PROGRAM || t->ret == CLI_OK || t->ret == CLI_NONE ?
		CLI_OK : cli_refuse("%s failed", r->name);
}

/*
 * What is measured
 */

static struct runner *add_runner(struct bench *b, const char *name,
				 const struct bench_case *what)
{
	struct runner *r = &b->runners[b->count++];

	r->name = name;
	r->task = b->task;
	r->task.what = what;
	return r;
}

static int add_context(struct bench *b, struct ksift_ctx *ctx)
{
	struct ksift_matcher_opts opts = KSIFT_MATCHER_OPTS_INIT;
	bool kernel = ksift_ctx_engine(ctx) == KSIFT_ENGINE_KERNEL;
	struct runner *r = add_runner(b, kernel ? "kernel" : "user", b->task.what);
	struct ksift_error err;

	r->task.ctx = ctx;
	if (b->task.what->kind != BENCH_LINES)
		return CLI_OK;
	opts.exprs = b->filter.exprs;
	opts.expr_count = b->filter.count;
	opts.flags = b->invert ? KSIFT_FILTER_INVERT : 0;
	opts.level_mask = b->level_mask;
	return ksift_matcher_new(ctx, &opts, &r->task.matcher, &err) ?
		cli_refuse("%s", err.text) : CLI_OK;
}

static int add_engines(struct bench *b)
{
	struct ksift_ctx_opts opts = KSIFT_CTX_OPTS_INIT;
	struct ksift_error err;
	struct ksift_ctx *ctx;
	int ret = CLI_OK;

	if (!b->how.engine) {
		opts.variant = b->how.variant;
		opts.engine = KSIFT_ENGINE_KERNEL;
		if (ksift_ctx_open(&opts, &ctx, &err))
			cli_note("bench: the kernel is not measured: %s", err.text);
		else
			ret = add_context(b, ctx);
		b->how.engine = "user";
	}
	if (!ret)
		ret = engine_open(&b->how, &ctx);
	return ret ? ret : add_context(b, ctx);
}

/*
 * A pattern in a program's own language, for as long as this one runs.  rg knows more
 * specials than grep, and takes any byte as hex.
 */
static char *pattern_for(const struct bench *b, size_t i, bool rg)
{
	const char *special = b->extended ? ".[]*^$\\+?(){}|" : ".[]*^$\\";
	const struct filter *f = &b->filter;
	const struct ksift_pattern *pattern = &f->patterns[i];
	const unsigned char *p = (const unsigned char *)(uintptr_t)pattern->data;
	char *text = malloc(pattern->len * 4 + f->exprs[i].len + 16), *at = text;
	uint32_t k;

	if (!text)
		return NULL;
	if (!filter_is_plain(f, i)) {
		sprintf(text, "%s%.*s", rg ? "(?-u)" : "", (int)f->exprs[i].len,
			f->exprs[i].text);
		return text;
	}
	at += sprintf(at, "%s%s", rg ? "(?-u)" : "",
		      pattern->flags & KSIFT_PATTERN_ANCHORED ? "^" : "");
	for (k = 0; k < pattern->len; k++)
		if (rg && !isalnum(p[k]))
			at += sprintf(at, "\\x%02x", p[k]);
		else
			at += sprintf(at, strchr(special, p[k]) ? "\\%c" : "%c", p[k]);
	return text;
}

static int add_program(struct bench *b, const char *name, bool rg)
{
	const char *words[] = {
		name, "-a", "-c", rg ? "--no-config" : b->extended ? "-E" : NULL,
		b->fold ? "-i" : NULL, b->invert ? "-v" : NULL,
	};
	struct runner *r = add_runner(b, name, b->task.what);
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (words[i])
			r->argv[r->argc++] = words[i];
	for (i = 0; i < b->filter.count; i++) {
		r->argv[r->argc++] = "-e";
		r->argv[r->argc] = pattern_for(b, i, rg);
		if (!r->argv[r->argc++])
			return cli_refuse("%s", strerror(ENOMEM));
	}
	r->argv[r->argc++] = "--";
	r->argv[r->argc++] = b->path;
	return CLI_OK;
}

static int add_runners(struct bench *b)
{
	const struct bench_case *memory = bench_case_find("memory");
	bool all = !b->how.engine && !b->once;
	int ret = CLI_OK;

	if (b->task.what != memory)
		ret = add_engines(b);
	if (!ret && all && b->task.what == bench_case_find("count") && !b->level_mask) {
		ret = add_program(b, "grep", false);
		if (!ret)
			ret = add_program(b, "rg", true);
	}
	if (!ret && (b->task.what == memory || (all && b->task.what->kind != BENCH_NUMBERS)))
		add_runner(b, memory->name, memory);
	return ret;
}

/*
 * The file
 */

static int count_cached(struct bench *b)
{
	uint64_t i, size = b->task.size, page = sysconf(_SC_PAGESIZE);
	uint64_t pages = (size + page - 1) / page;
	void *p = mmap(NULL, size + 1, PROT_READ, MAP_SHARED, b->task.fd, 0);
	unsigned char *there = malloc(pages + 1);

	if (!there || p == MAP_FAILED || mincore(p, size, there))
		return bench_error(b->path);
	for (i = 0; i < pages; i++)
		if (there[i] & 1)
			b->cached += i + 1 < pages ? page : size - i * page;
	munmap(p, size + 1);
	free(there);
	return CLI_OK;
}

static int open_file(struct bench *b)
{
	struct stat st;

	b->task.fd = open(b->path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	if (b->task.fd < 0 || fstat(b->task.fd, &st))
		return bench_error(b->path);
	if (!S_ISREG(st.st_mode))
		return cli_refuse("%s: not a regular file, which could be read again", b->path);
	b->task.size = st.st_size;
	b->task.sink = open(SINK, O_WRONLY | O_CLOEXEC);
	return b->task.sink < 0 ? bench_error(SINK) : CLI_OK;
}

/* Bare times are for a program that knows what they are worth. */
static int check_size(const struct bench *b)
{
	uint64_t min = b->path ? SIZE_MIN : NUMBERS_MIN;

	if (b->json || b->task.size >= min)
		return CLI_OK;
	return cli_refuse("%s%s%" PRIu64 " %s are too few: it takes longer to begin than to do them; %" PRIu64 " or more can be measured",
			  b->path ? b->path : "", b->path ? ": " : "", b->task.size,
			  b->path ? "bytes" : "numbers", min);
}

/*
 * Turns
 */

static const char *format(char *buf, bench_number n)
{
	return num_format_i128(buf, n >> 64, n);
}

/* What @r found against the first that was measured; memory is no answer. */
static int check_answer(const struct bench *b, const struct runner *r,
			const bench_number *found)
{
	const bench_number *first = b->runners[0].first.answer;
	char want[NUM_DEC128], got[NUM_DEC128];
	unsigned int i, count = b->task.what->answers;

	for (i = 0; i < count && found[i] == first[i]; i++)
		;
	if (i == count || r->task.what != b->task.what)
		return CLI_OK;
	return cli_refuse("%s finds %s where %s finds %s: nothing to compare", r->name,
			  format(got, found[i]), b->runners[0].name, format(want, first[i]));
}

/* One of each. */
static int take_turn(struct bench *b, uint64_t round)
{
	struct bench_task t;
	size_t i = 0;
	int ret;

	while (i < b->count) {
		struct runner *r = &b->runners[i];

		ret = run(r, &t);
		if (ret)
			return ret;
		if (r->argc && t.ret == NO_PROGRAM) {
			cli_note("bench: there is no %s to compare with", r->name);
			memmove(r, r + 1, (--b->count - i) * sizeof(*r));
			continue;
		}
		if (!round)
			r->first = t;
		ret = check_answer(b, r, t.answer);
		if (ret)
			return ret;
		r->seconds[round] = t.seconds;
		r->cpu[round] = t.cpu;
		if (t.peak_kib > r->peak_kib)
			r->peak_kib = t.peak_kib;
		i++;
	}
	return CLI_OK;
}

static int measure(struct bench *b)
{
	uint64_t round, rounds = b->rounds ? b->rounds : b->once ? 1 : ROUNDS;
	double start;
	int ret = CLI_OK;

	/* One that does not count brings the file in, and shows what there is to find. */
	if (!b->once)
		ret = take_turn(b, 0);
	start = seconds();
	for (round = 0; !ret && round < rounds; round++) {
		if (!b->rounds && round >= ROUNDS_MIN && seconds() - start > ROUNDS_SECONDS)
			break;
		ret = take_turn(b, round);
	}
	b->rounds = round;
	return ret || !b->path ? ret : count_cached(b);
}

/*
 * Results
 */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* @spread becomes how far the most is from the least, in percent of it. */
static double median(const double *values, uint64_t count, double *spread)
{
	double sorted[ROUNDS_MAX], middle;

	memcpy(sorted, values, count * sizeof(*values));
	qsort(sorted, count, sizeof(*sorted), compare);
	middle = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
	if (spread)
		*spread = (sorted[count - 1] - sorted[0]) / middle * 100;
	return middle;
}

static void json_string(const char *s)
{
	putchar('"');
	for (; *s; s++)
		if (*s == '"' || *s == '\\' || *s < 32 || *s > 126)
			printf("\\u%04x", (unsigned char)*s);
		else
			putchar(*s);
	putchar('"');
}

static void json_runner(const struct bench *b, const struct runner *r)
{
	char buf[NUM_DEC128];
	uint64_t i;

	printf("{\"name\":\"%s\",\"answer\":[", r->name);
	for (i = 0; i < r->task.what->answers; i++)
		printf("%s%s", i ? "," : "", format(buf, r->first.answer[i]));
	printf("],\"walked\":%" PRIu64 ",\"median\":%.9f,\"cpu\":%.6f,\"peak_kib\":%ld,\"seconds\":[",
	       r->first.walked, median(r->seconds, b->rounds, NULL),
	       median(r->cpu, b->rounds, NULL), r->peak_kib);
	for (i = 0; i < b->rounds; i++)
		printf("%s%.9f", i ? "," : "", r->seconds[i]);
	fputs("]}", stdout);
}

static void print_json(const struct bench *b)
{
	size_t i;

	printf("{\"case\":\"%s\",\"file\":", b->task.what->name);
	if (b->path)
		json_string(b->path);
	else
		fputs("null", stdout);
	printf(",\"size\":%" PRIu64 ",\"cached\":%" PRIu64 ",\"threads\":%" PRIu64
	       ",\"rounds\":%" PRIu64 ",\"runs\":[",
	       b->task.size, b->cached, b->task.threads, b->rounds);
	for (i = 0; i < b->count; i++) {
		if (i)
			putchar(',');
		json_runner(b, &b->runners[i]);
	}
	puts("]}");
}

static void print_row(const struct bench *b, const struct runner *r)
{
	double spread, middle = median(r->seconds, b->rounds, &spread);
	char title[32];
	size_t i;

	snprintf(title, sizeof(title), "%s%s", r->task.ctx ? "ksift, " : "", r->name);
	printf("%-16s %9.4f %8.2f %6.0f%% %8.4f %8ld", title, middle,
	       b->task.size / middle / (b->path ? 1e9 : 1e6), spread,
	       median(r->cpu, b->rounds, NULL), r->peak_kib);
	for (i = 0; i < b->count; i++)
		if (b->runners[i].argc)
			printf(" %6.2fx", median(b->runners[i].seconds, b->rounds, NULL) / middle);
	putchar('\n');
}

static void print_table(const struct bench *b)
{
	const bench_number *first = b->runners[0].first.answer;
	char buf[NUM_DEC128];
	size_t i;

	if (b->path)
		printf("%s: %.1f MB, %.0f%% of it in the page cache\n", b->path,
		       b->task.size / 1e6, b->task.size ? 100.0 * b->cached / b->task.size : 100);
	printf("%s", b->task.what->name);
	if (b->task.what->answers < KSIFT_LEVELS)
		printf(": %s%s", format(buf, *first),
		       b->task.what->kind == BENCH_LINES ? " lines" : "");
	printf("; %" PRIu64 " round%s, %" PRIu64 " thread%s\n\n",
	       b->rounds, b->rounds == 1 ? "" : "s", b->task.threads, b->task.threads == 1 ? "" : "s");
	printf("%-16s %9s %8s %7s %8s %8s", "", "seconds", b->path ? "GB/s" : "10^6/s",
	       "spread", "CPU s", "KiB");
	for (i = 0; i < b->count; i++)
		if (b->runners[i].argc)
			printf(" %7s", b->runners[i].name);
	putchar('\n');
	for (i = 0; i < b->count; i++)
		print_row(b, &b->runners[i]);
}

/*
 * The command
 */

static int parse_number(const char *option, uint64_t max, uint64_t *value)
{
	if (num_parse_u64(optarg, value) || !*value || *value > max)
		return cli_refuse("%s: '%s' is not a number from 1 to %" PRIu64,
				  option, optarg, max);
	return CLI_OK;
}

static int set_option(struct bench *b, int c)
{
	switch (c) {
	case 'e':
		return filter_give(&b->filter, optarg, FILTER_OR);
	case 'F':
		b->fixed = true;
		break;
	case 'E':
		b->extended = true;
		break;
	case 'i':
		b->fold = true;
		break;
	case 'v':
		b->invert = true;
		break;
	case OPT_LEVEL:
		return level_parse_mask(optarg, &b->level_mask) ?
			cli_refuse("--level: '%s' is not one as for 'ksift grep'", optarg) : CLI_OK;
	case 'j':
		return parse_number("--threads", BENCH_THREADS_MAX, &b->task.threads);
	case OPT_CASE:
		b->task.what = bench_case_find(optarg);
		return b->task.what ? CLI_OK :
			cli_refuse("--case: there is none called '%s'; see 'ksift bench --help'",
				   optarg);
	case OPT_ROUNDS:
		return parse_number("--rounds", ROUNDS_MAX, &b->rounds);
	case OPT_ONCE:
		b->once = true;
		break;
	case OPT_JSON:
		b->json = true;
		break;
	default:
		return options_common(&cli_bench, &b->how, c) < 0 ? CLI_OK : CLI_ERROR;
	}
	return CLI_OK;
}

/* Everything but levels, whose lines are all counted, looks for something. */
static int compile(struct bench *b)
{
	int ret = CLI_OK;

	if (b->task.what->kind != BENCH_LINES)
		return CLI_OK;
	if (!b->filter.given_count && !(b->task.what->flags & KSIFT_SCAN_LEVELS))
		ret = filter_give(&b->filter, DEFAULT_PATTERN, FILTER_OR);
	if (!ret)
		ret = filter_compile(&b->filter, b->fixed ? KSIFT_SYNTAX_FIXED :
				     b->extended ? KSIFT_SYNTAX_EXTENDED : KSIFT_SYNTAX_BASIC,
				     b->fold ? KSIFT_EXPR_FOLD : 0);
	if (!ret && b->filter.regular && !b->extended)
		return cli_refuse("other programs understand no basic regular expressions; see -E");
	return ret;
}

static int take_operand(struct bench *b, int argc, char **argv)
{
	if (argc - optind != 1)
		return cli_refuse("one argument is needed, a %s",
				  b->task.what->kind == BENCH_NUMBERS ? "number" : "FILE");
	if (b->task.what->kind != BENCH_NUMBERS) {
		b->path = argv[optind];
		return open_file(b);
	}
	if (num_parse_u64(argv[optind], &b->task.size) || b->task.size > NUMBERS_MAX)
		return cli_refuse("'%s' is not a number that memory has room for", argv[optind]);
	return CLI_OK;
}

static int bench_do(struct bench *b, int argc, char **argv)
{
	int c, ret;

	while ((c = options_next(&cli_bench, argc, argv)) != -1) {
		if (c == OPT_HELP)
			return options_help(&cli_bench);
		ret = set_option(b, c);
		if (ret)
			return ret;
	}
	if (b->task.threads > 1 && b->task.what->kind >= BENCH_BYTES)
		return cli_refuse("--threads: there is one only with --case %s", b->task.what->name);
	ret = take_operand(b, argc, argv);
	if (!ret)
		ret = check_size(b);
	if (!ret)
		ret = compile(b);
	if (!ret)
		ret = add_runners(b);
	if (!ret)
		ret = measure(b);
	if (!ret && b->json)
		print_json(b);
	else if (!ret)
		print_table(b);
	return ret;
}

static int bench_run(int argc, char **argv)
{
	static struct bench b;
	int ret;

	b.task.what = bench_case_find("count");
	b.task.threads = 1;
	ret = bench_do(&b, argc, argv);
	while (b.count--) {
		ksift_matcher_free(b.runners[b.count].task.matcher);
		ksift_ctx_close(b.runners[b.count].task.ctx);
	}
	filter_free(&b.filter);
	return ret;
}

const struct cli_cmd cli_bench = {
	.name = "bench",
	.run = bench_run,
	.summary = "measure how fast this machine does it",
	.help =
"Usage: ksift bench [OPTION]... FILE\n"
"       ksift bench --case fib|sumsq [OPTION]... N\n"
"\n"
"Count the lines of FILE that have a PATTERN, with each engine, with grep and\n"
"with rg if they are there, and print how long that takes.  Each runs once first,\n"
"which brings FILE into the page cache, all have to find the same, and they take\n"
"turns.  A line is added for reading all of FILE in memory, which nothing can be\n"
"faster than.\n"
"A FILE of less than 16 MB, or an N below 1000000, is an error without --json.\n",
	.notes =
"With --engine, that one alone is measured.\n"
};
