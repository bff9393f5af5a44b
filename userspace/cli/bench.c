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
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
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

/* Takes what is written without a look, and is not what grep stops early for. */
#define SINK "/dev/zero"

/* Kernel, user, grep, rg, memory. */
#define RUNNERS_MAX 5

/* Bytes whose pages one mincore(2) is asked about. */
#define CACHED_STEP (256ull << 20)

/* A child that has no such program to become. */
#define NO_PROGRAM 127

/**
 * struct sample - One run
 * @ret: 0, or a status with @err.text
 * @err: What went wrong
 * @seconds: How long it took
 * @cpu: How much time of processors
 * @peak_kib: The most memory it had
 * @answer: What it found
 */
struct sample {
	int ret;
	struct ksift_error err;
	double seconds;
	double cpu;
	long peak_kib;
	struct bench_answer answer;
};

/**
 * struct runner - Something that is measured
 * @name: What it is called
 * @what: What it does; NULL: it is a program
 * @ctx: The engine, if it is one
 * @matcher: Made with it, if @what selects lines
 * @argv: The program and its arguments
 * @argc: How many
 * @samples: Its runs
 * @median: Of their times
 * @cpu: Median of their processors' time
 * @peak_kib: The most memory that one had
 */
struct runner {
	const char *name;
	const struct bench_case *what;
	struct ksift_ctx *ctx;
	struct ksift_matcher *matcher;
	char **argv;
	size_t argc;
	struct sample *samples;
	double median, cpu;
	long peak_kib;
};

/**
 * struct bench - The whole of it
 * @what: The case
 * @how: --engine, --variant
 * @filter: -e
 * @level_mask: --level
 * @fixed: -F
 * @fold: -i
 * @invert: -v
 * @once: One run each, without anything before it
 * @json: --json
 * @threads: -j
 * @rounds: How many there are to be, then how many there were
 * @path: The file's name, NULL if there is none
 * @fd: The file
 * @sink: See SINK
 * @size: Its size, or how many numbers
 * @cached: How much of it was in the page cache all the time
 * @shared: Where a child leaves its results
 * @runners: What is measured
 * @count: How many
 */
struct bench {
	const struct bench_case *what;
	struct engine_opts how;
	struct filter filter;
	uint32_t level_mask;
	bool fixed, fold, invert, once, json;
	uint64_t threads, rounds;
	const char *path;
	int fd, sink;
	uint64_t size, cached;
	struct sample *shared;
	struct runner runners[RUNNERS_MAX];
	size_t count;
};

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

static void run_task(const struct bench *b, const struct runner *r, struct sample *s)
{
	struct bench_task t = {
		.ctx = r->ctx,
		.matcher = r->matcher,
		.fd = b->fd,
		.sink = b->sink,
		.size = b->size,
		.threads = b->threads,
	};
	struct rusage before, after;
	double start;

	s->ret = r->what->prepare ? r->what->prepare(&t, &s->err) : 0;
	if (s->ret)
		return;
	getrusage(RUSAGE_SELF, &before);
	start = seconds();
	s->ret = r->what->run(&t, &s->err);
	s->seconds = seconds() - start;
	getrusage(RUSAGE_SELF, &after);
	s->cpu = cpu_seconds(&after) - cpu_seconds(&before);
	s->peak_kib = after.ru_maxrss;
	if (!s->ret && r->what->finish)
		r->what->finish(&t);
	s->answer = t.answer;
}

static int run_engine(const struct bench *b, const struct runner *r, struct sample *s)
{
	int status;
	pid_t pid;

	memset(b->shared, 0, sizeof(*b->shared));
	pid = fork();
	if (pid < 0)
		return cli_error("bench: %s", strerror(errno));
	if (!pid) {
		run_task(b, r, b->shared);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	*s = *b->shared;
	if (status)
		return cli_error("bench: %s: its process ended with status %d",
				 r->name, status);
	return s->ret ? cli_error("bench: %s: %s", r->name, s->err.text) : CLI_OK;
}

static void become(char **argv, int out)
{
	int null = open("/dev/null", O_RDONLY);

	setenv("LC_ALL", "C", 1);
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	execvp(argv[0], argv);
	_exit(NO_PROGRAM);
}

static uint64_t read_number(int fd)
{
	char buf[32] = "";
	size_t len = 0;
	ssize_t n;

	while (len < sizeof(buf) - 1) {
		n = read(fd, buf + len, sizeof(buf) - 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += n;
	}
	return strtoull(buf, NULL, 10);
}

/* Leaves @s->ret NO_PROGRAM if there is none. */
static int run_program(const struct runner *r, struct sample *s)
{
	double start = seconds();
	struct rusage use;
	int out[2], status;
	pid_t pid;

	memset(s, 0, sizeof(*s));
	if (pipe2(out, O_CLOEXEC))
		return cli_error("bench: %s", strerror(errno));
	pid = fork();
	if (!pid)
		become(r->argv, out[1]);
	close(out[1]);
	/* rg -c says nothing for none. */
	s->answer.value[0] = pid < 0 ? 0 : read_number(out[0]);
	s->answer.count = 1;
	close(out[0]);
	if (pid < 0)
		return cli_error("bench: %s", strerror(errno));
	while (wait4(pid, &status, 0, &use) < 0 && errno == EINTR)
		;
	s->seconds = seconds() - start;
	s->cpu = cpu_seconds(&use);
	s->peak_kib = use.ru_maxrss;
	s->ret = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	if (s->ret == NO_PROGRAM)
		return CLI_OK;
	if (s->ret != CLI_OK && s->ret != CLI_NONE)
		return cli_error("bench: %s failed", r->name);
	return CLI_OK;
}

static int run_once(const struct bench *b, const struct runner *r, struct sample *s)
{
	return r->what ? run_engine(b, r, s) : run_program(r, s);
}

/*
 * What is measured
 */

static struct runner *add_runner(struct bench *b, const char *name,
				 const struct bench_case *what)
{
	struct runner *r = &b->runners[b->count++];

	r->name = name;
	r->what = what;
	return r;
}

static int add_context(struct bench *b, struct ksift_ctx *ctx)
{
	struct ksift_matcher_opts opts = KSIFT_MATCHER_OPTS_INIT;
	bool kernel = ksift_ctx_engine(ctx) == KSIFT_ENGINE_KERNEL;
	struct runner *r = add_runner(b, kernel ? "kernel" : "user", b->what);
	struct ksift_error err;

	r->ctx = ctx;
	if (b->what->kind != BENCH_LINES)
		return CLI_OK;
	opts.patterns = b->filter.patterns;
	opts.count = b->filter.count;
	opts.flags = b->invert ? KSIFT_FILTER_INVERT : 0;
	opts.level_mask = b->level_mask;
	return ksift_matcher_new(ctx, &opts, &r->matcher, &err) ?
		cli_error("bench: %s", err.text) : CLI_OK;
}

static int add_engines(struct bench *b)
{
	struct ksift_ctx_opts opts = KSIFT_CTX_OPTS_INIT;
	struct ksift_error err;
	struct ksift_ctx *ctx;
	int ret;

	if (!b->how.engine) {
		opts.variant = b->how.variant;
		opts.engine = KSIFT_ENGINE_KERNEL;
		if (ksift_ctx_open(&opts, &ctx, &err)) {
			cli_note("bench: the kernel is not measured: %s", err.text);
		} else {
			ret = add_context(b, ctx);
			if (ret)
				return ret;
		}
		b->how.engine = "user";
	}
	ret = engine_open(&b->how, &ctx);
	return ret ? ret : add_context(b, ctx);
}

static int add_word(struct runner *r, const char *word)
{
	char **argv = realloc(r->argv, (r->argc + 2) * sizeof(*argv));
	char *copy = strdup(word);

	if (argv)
		r->argv = argv;
	if (!argv || !copy) {
		free(copy);
		return cli_error("bench: %s", strerror(ENOMEM));
	}
	argv[r->argc++] = copy;
	argv[r->argc] = NULL;
	return CLI_OK;
}

/*
 * A literal in a program's own language.  rg knows more specials than grep, and
 * takes any byte as hex.
 */
static int add_pattern(struct runner *r, const struct ksift_pattern *pattern, bool rg)
{
	const unsigned char *p = (const unsigned char *)(uintptr_t)pattern->data;
	char *text = malloc(pattern->len * 4 + 16), *at = text;
	uint32_t i;
	int ret;

	if (!text)
		return cli_error("bench: %s", strerror(ENOMEM));
	at += sprintf(at, "%s%s", rg ? "(?-u)" : "",
		      pattern->flags & KSIFT_PATTERN_ANCHORED ? "^" : "");
	for (i = 0; i < pattern->len; i++)
		if (rg && !isalnum(p[i]))
			at += sprintf(at, "\\x%02x", p[i]);
		else
			at += sprintf(at, strchr(".[]*^$\\", p[i]) ? "\\%c" : "%c", p[i]);
	ret = add_word(r, "-e");
	if (!ret)
		ret = add_word(r, text);
	free(text);
	return ret;
}

static int add_program(struct bench *b, const char *name, bool rg)
{
	const char *words[] = {
		name,
		rg ? "--no-config" : NULL,
		"-a",
		"-c",
		b->fold ? "-i" : NULL,
		b->invert ? "-v" : NULL,
	};
	struct runner *r = add_runner(b, name, NULL);
	size_t i;
	int ret = CLI_OK;

	for (i = 0; !ret && i < sizeof(words) / sizeof(*words); i++)
		if (words[i])
			ret = add_word(r, words[i]);
	for (i = 0; !ret && i < b->filter.count; i++)
		ret = add_pattern(r, &b->filter.patterns[i], rg);
	if (!ret)
		ret = add_word(r, "--");
	return ret ? ret : add_word(r, b->path);
}

static int add_runners(struct bench *b)
{
	bool all = !b->how.engine && !b->once;
	int ret;

	if (b->what->no_engine) {
		add_runner(b, b->what->name, b->what);
		return CLI_OK;
	}
	ret = add_engines(b);
	if (!ret && all && b->what == bench_case_find("count") && !b->level_mask) {
		ret = add_program(b, "grep", false);
		if (!ret)
			ret = add_program(b, "rg", true);
	}
	if (!ret && all && b->what->kind != BENCH_NUMBERS)
		add_runner(b, bench_memory.name, &bench_memory);
	return ret;
}

/*
 * The file
 */

static int count_cached(struct bench *b, uint64_t *cached)
{
	static unsigned char pages[CACHED_STEP / 4096];
	uint64_t at, i, size = sysconf(_SC_PAGESIZE);

	*cached = 0;
	for (at = 0; at < b->size; at += CACHED_STEP) {
		uint64_t len = b->size - at < CACHED_STEP ? b->size - at : CACHED_STEP;
		void *p = mmap(NULL, len, PROT_READ, MAP_SHARED, b->fd, at);

		if (p == MAP_FAILED || mincore(p, len, pages))
			return cli_error("bench: %s: %s", b->path, strerror(errno));
		for (i = 0; i * size < len; i++)
			if (pages[i] & 1)
				*cached += len - i * size < size ? len - i * size : size;
		munmap(p, len);
	}
	return CLI_OK;
}

static int warm(struct bench *b)
{
	static char buf[128 << 10];
	uint64_t at = 0;
	ssize_t n;
	int ret;

	ret = count_cached(b, &b->cached);
	if (ret || b->cached == b->size)
		return ret;
	while ((n = pread(b->fd, buf, sizeof(buf), at)) > 0)
		at += n;
	return n < 0 ? cli_error("bench: %s: %s", b->path, strerror(errno)) :
		       count_cached(b, &b->cached);
}

static int open_file(struct bench *b)
{
	struct stat st;

	b->fd = open(b->path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	if (b->fd < 0 || fstat(b->fd, &st))
		return cli_error("bench: %s: %s", b->path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return cli_error("bench: %s: not a regular file, which could be read again",
				 b->path);
	b->size = st.st_size;
	b->sink = open(SINK, O_WRONLY | O_CLOEXEC);
	if (b->sink < 0)
		return cli_error("bench: %s: %s", SINK, strerror(errno));
	return CLI_OK;
}

/* Bare times are for a program that knows what they are worth. */
static int check_size(const struct bench *b)
{
	uint64_t min = b->path ? SIZE_MIN : NUMBERS_MIN;

	if (b->json || b->size >= min)
		return CLI_OK;
	return cli_error("bench: %s%s%" PRIu64 " %s are too few: it takes longer to begin than to do them; %" PRIu64 " or more can be measured",
			 b->path ? b->path : "", b->path ? ": " : "", b->size,
			 b->path ? "bytes" : "numbers", min);
}

/*
 * Turns
 */

static bool same_answer(const struct bench_answer *a, const struct bench_answer *b)
{
	return a->count == b->count &&
		!memcmp(a->value, b->value, a->count * sizeof(*a->value));
}

/* What @r found against the first that was measured; memory is no answer. */
static int check_answer(const struct bench *b, const struct runner *r,
			const struct bench_answer *first, const struct sample *s)
{
	char want[NUM_DEC128], got[NUM_DEC128];
	unsigned int i;

	if (r->what != b->what && r->what)
		return CLI_OK;
	if (same_answer(&s->answer, first))
		return CLI_OK;
	for (i = 0; i < first->count - 1 && s->answer.value[i] == first->value[i]; i++)
		;
	return cli_error("bench: %s finds %s where %s finds %s: nothing to compare",
			 r->name, num_format_i128(got, s->answer.value[i] >> 64, s->answer.value[i]),
			 b->runners[0].name,
			 num_format_i128(want, first->value[i] >> 64, first->value[i]));
}

/* A run each that does not count, which shows what there is to count. */
static int check_all(struct bench *b)
{
	struct bench_answer first;
	struct sample s;
	size_t i = 0;
	int ret;

	while (i < b->count) {
		struct runner *r = &b->runners[i];

		ret = run_once(b, r, &s);
		if (ret)
			return ret;
		if (!r->what && s.ret == NO_PROGRAM) {
			cli_note("bench: there is no %s to compare with", r->name);
			memmove(r, r + 1, (--b->count - i) * sizeof(*r));
			continue;
		}
		if (!i++)
			first = s.answer;
		ret = check_answer(b, r, &first, &s);
		if (ret)
			return ret;
	}
	return CLI_OK;
}

static int take_turns(struct bench *b, bool rounds_given)
{
	double start = seconds();
	uint64_t round;
	size_t i;
	int ret;

	for (round = 0; round < b->rounds; round++) {
		if (!rounds_given && round >= ROUNDS_MIN &&
		    seconds() - start > ROUNDS_SECONDS)
			break;
		for (i = 0; i < b->count; i++) {
			struct runner *r = &b->runners[i];

			ret = run_once(b, r, &r->samples[round]);
			if (!ret)
				ret = check_answer(b, r, &b->runners[0].samples[0].answer,
						   &r->samples[round]);
			if (ret)
				return ret;
		}
	}
	b->rounds = round;
	return CLI_OK;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

static void summarise(struct bench *b)
{
	double values[ROUNDS_MAX];
	size_t i, round;

	for (i = 0; i < b->count; i++) {
		struct runner *r = &b->runners[i];

		for (round = 0; round < b->rounds; round++) {
			values[round] = r->samples[round].cpu;
			if (r->samples[round].peak_kib > r->peak_kib)
				r->peak_kib = r->samples[round].peak_kib;
		}
		r->cpu = median(values, b->rounds);
		for (round = 0; round < b->rounds; round++)
			values[round] = r->samples[round].seconds;
		r->median = median(values, b->rounds);
	}
}

static int measure(struct bench *b, bool rounds_given)
{
	uint64_t still;
	size_t i;
	int ret = CLI_OK;

	b->shared = mmap(NULL, sizeof(*b->shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (b->shared == MAP_FAILED)
		return cli_error("bench: %s", strerror(errno));
	for (i = 0; i < b->count; i++) {
		b->runners[i].samples = calloc(b->rounds, sizeof(struct sample));
		if (!b->runners[i].samples)
			return cli_error("bench: %s", strerror(ENOMEM));
	}
	if (!b->once && b->path)
		ret = warm(b);
	if (!ret && !b->once)
		ret = check_all(b);
	if (!ret)
		ret = take_turns(b, rounds_given);
	if (ret)
		return ret;
	if (b->path) {
		ret = count_cached(b, &still);
		if (b->once || still < b->cached)
			b->cached = still;
	}
	summarise(b);
	return ret;
}

/*
 * Results
 */

static void json_string(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			putchar('\\');
		if ((unsigned char)*s < 32 || (unsigned char)*s > 126)
			printf("\\u%04x", (unsigned char)*s);
		else
			putchar(*s);
	}
	putchar('"');
}

static void json_answer(const struct bench_answer *a)
{
	char buf[NUM_DEC128];
	unsigned int i;

	for (i = 0; i < a->count; i++)
		printf("%s%s", i ? "," : "",
		       num_format_i128(buf, a->value[i] >> 64, a->value[i]));
}

static void json_runner(const struct bench *b, const struct runner *r)
{
	uint64_t i;

	printf("{\"name\":\"%s\",\"answer\":[", r->name);
	json_answer(&r->samples[0].answer);
	printf("],\"walked\":%" PRIu64 ",\"median\":%.9f,\"cpu\":%.6f,\"peak_kib\":%ld,\"seconds\":[",
	       r->samples[0].answer.walked, r->median, r->cpu, r->peak_kib);
	for (i = 0; i < b->rounds; i++)
		printf("%s%.9f", i ? "," : "", r->samples[i].seconds);
	fputs("]}", stdout);
}

static void print_json(const struct bench *b)
{
	size_t i;

	printf("{\"case\":\"%s\",\"file\":", b->what->name);
	if (b->path)
		json_string(b->path);
	else
		fputs("null", stdout);
	printf(",\"size\":%" PRIu64 ",\"cached\":%" PRIu64 ",\"threads\":%" PRIu64
	       ",\"rounds\":%" PRIu64 ",\"runs\":[",
	       b->size, b->cached, b->threads, b->rounds);
	for (i = 0; i < b->count; i++) {
		if (i)
			putchar(',');
		json_runner(b, &b->runners[i]);
	}
	puts("]}");
}

static double spread(const struct bench *b, const struct runner *r)
{
	double min = r->samples[0].seconds, max = min;
	uint64_t i;

	for (i = 1; i < b->rounds; i++) {
		if (r->samples[i].seconds < min)
			min = r->samples[i].seconds;
		if (r->samples[i].seconds > max)
			max = r->samples[i].seconds;
	}
	return (max - min) / r->median * 100;
}

static void print_row(const struct bench *b, const struct runner *r)
{
	double rate = b->size / r->median / (b->path ? 1e9 : 1e6);
	char title[32];
	size_t i;

	snprintf(title, sizeof(title), "%s%s",
		 r->ctx ? "ksift, " : "", r->name);
	printf("%-16s %9.4f %8.2f %6.0f%% %8.4f %8ld", title, r->median, rate,
	       spread(b, r), r->cpu, r->peak_kib);
	for (i = 0; i < b->count; i++)
		if (!b->runners[i].what)
			printf(" %6.2fx", b->runners[i].median / r->median);
	putchar('\n');
}

static void print_titles(const struct bench *b)
{
	const bench_number *n;
	char buf[NUM_DEC128];
	size_t i;

	if (b->path)
		printf("%s: %.1f MB, %.0f%% of it in the page cache\n", b->path,
		       b->size / 1e6, b->size ? 100.0 * b->cached / b->size : 100);
	printf("%s", b->what->name);
	n = &b->runners[0].samples[0].answer.value[0];
	if (b->runners[0].samples[0].answer.count < KSIFT_LEVELS)
		printf(": %s%s", num_format_i128(buf, *n >> 64, *n),
		       b->what->kind == BENCH_LINES ? " lines" : "");
	printf("; %" PRIu64 " round%s, %" PRIu64 " thread%s\n\n",
	       b->rounds, b->rounds == 1 ? "" : "s", b->threads, b->threads == 1 ? "" : "s");
	printf("%-16s %9s %8s %7s %8s %8s", "", "seconds", b->path ? "GB/s" : "10^6/s",
	       "spread", "CPU s", "KiB");
	for (i = 0; i < b->count; i++)
		if (!b->runners[i].what)
			printf(" %7s", b->runners[i].name);
	putchar('\n');
}

static void print_table(const struct bench *b)
{
	size_t i;

	print_titles(b);
	for (i = 0; i < b->count; i++)
		print_row(b, &b->runners[i]);
}

/*
 * The command
 */

static int parse_number(const char *option, uint64_t max, uint64_t *value)
{
	if (num_parse_u64(optarg, value) || !*value || *value > max)
		return cli_error("bench: %s: '%s' is not a number from 1 to %" PRIu64,
				 option, optarg, max);
	return CLI_OK;
}

static int set_level(struct bench *b)
{
	if (level_parse_mask(optarg, &b->level_mask))
		return cli_error("bench: --level: '%s' is not one as for 'ksift grep'", optarg);
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
	case 'i':
		b->fold = true;
		break;
	case 'v':
		b->invert = true;
		break;
	case OPT_LEVEL:
		return set_level(b);
	case 'j':
		return parse_number("--threads", BENCH_THREADS_MAX, &b->threads);
	case OPT_CASE:
		b->what = bench_case_find(optarg);
		if (!b->what)
			return cli_error("bench: --case: there is none called '%s'; see 'ksift bench --help'",
					 optarg);
		break;
	case OPT_ROUNDS:
		return parse_number("--rounds", ROUNDS_MAX, &b->rounds);
	case OPT_ONCE:
		b->once = true;
		break;
	case OPT_ENGINE:
		b->how.engine = optarg;
		break;
	case OPT_VARIANT:
		b->how.variant = optarg;
		break;
	case OPT_JSON:
		b->json = true;
		break;
	}
	return CLI_OK;
}

/* Everything but levels, whose lines are all counted, looks for something. */
static int compile(struct bench *b)
{
	int ret = CLI_OK;

	if (b->what->kind != BENCH_LINES)
		return CLI_OK;
	if (!b->filter.given_count && b->what != bench_case_find("levels"))
		ret = filter_give(&b->filter, DEFAULT_PATTERN, FILTER_OR);
	return ret ? ret : filter_compile(&b->filter, b->fixed, b->fold);
}

static int take_operand(struct bench *b, int argc, char **argv)
{
	if (argc - optind != 1)
		return cli_error("bench: one argument is needed, a %s",
				 b->what->kind == BENCH_NUMBERS ? "number" : "FILE");
	if (b->what->kind != BENCH_NUMBERS) {
		b->path = argv[optind];
		return open_file(b);
	}
	if (num_parse_u64(argv[optind], &b->size) || b->size > SIZE_MAX / 2 / b->what->width)
		return cli_error("bench: '%s' is not a number that memory has room for",
				 argv[optind]);
	return CLI_OK;
}

static int bench_do(struct bench *b, int argc, char **argv)
{
	bool rounds_given;
	int c, ret;

	while ((c = options_next(&cli_bench, argc, argv)) != -1) {
		if (c == OPT_HELP)
			return options_help(&cli_bench);
		if (c == '?')
			return CLI_ERROR;
		ret = set_option(b, c);
		if (ret)
			return ret;
	}
	rounds_given = b->rounds;
	if (!b->rounds)
		b->rounds = b->once ? 1 : ROUNDS;
	if (b->threads > 1 && b->what->one_thread)
		return cli_error("bench: --threads: there is one only with --case %s",
				 b->what->name);
	ret = take_operand(b, argc, argv);
	if (!ret)
		ret = check_size(b);
	if (!ret)
		ret = compile(b);
	if (!ret)
		ret = add_runners(b);
	if (!ret)
		ret = measure(b, rounds_given);
	if (ret)
		return ret;
	if (b->json)
		print_json(b);
	else
		print_table(b);
	return CLI_OK;
}

static int bench_run(int argc, char **argv)
{
	struct bench b = {
		.what = bench_case_find("count"),
		.threads = 1,
		.fd = -1,
		.sink = -1,
	};
	size_t i;
	int ret = bench_do(&b, argc, argv);

	for (i = 0; i < b.count; i++) {
		struct runner *r = &b.runners[i];

		ksift_matcher_free(r->matcher);
		ksift_ctx_close(r->ctx);
		while (r->argc)
			free(r->argv[--r->argc]);
		free(r->argv);
		free(r->samples);
	}
	filter_free(&b.filter);
	if (b.fd >= 0)
		close(b.fd);
	if (b.sink >= 0)
		close(b.sink);
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
"with rg if they are there, and print how long that takes.  FILE is read into the\n"
"page cache first, all have to find the same, and they take turns.  A line is\n"
"added for reading all of FILE in memory, which nothing can be faster than.\n"
"A FILE of less than 16 MB, or an N below 1000000, is an error without --json.\n",
	.notes =
"With --engine, that one alone is measured.\n"
};
