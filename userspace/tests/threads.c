// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scans by many threads: what comes out is what comes out of one, in the same
 * order, whatever is asked for.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libksift.h>

#include "../lib/cpus.h"
#include "../lib/scan.h"
#include "tap.h"

/* Enough windows for every thread to have several, and a bit. */
#define TEXT_LEN (21 * KSIFT_SCAN_WINDOW + 12345)

/* Two sums that an exchange changes, over all that was given out. */
struct digest {
	uint64_t a, b;
	uint64_t bytes;
	uint64_t calls;
	uint64_t stop_after;	/* calls; 0: never */
	int stop_with;
};

static void add(struct digest *d, const void *data, size_t len)
{
	const unsigned char *p = data;
	size_t i;

	for (i = 0; i < len; i++) {
		d->a = d->a * 0x100000001b3u + p[i];
		d->b += d->a;
	}
}

static int digest_chunk(void *arg, const struct ksift_chunk *chunk)
{
	struct digest *d = arg;

	add(d, chunk->text, chunk->text_len);
	/* Records and text may come in other pieces. */
	d->bytes += chunk->text_len;
	return d->stop_after && ++d->calls >= d->stop_after ? d->stop_with : 0;
}

static int digest_records(void *arg, const struct ksift_chunk *chunk)
{
	struct digest *d = arg;

	add(d, chunk->records, chunk->record_count * sizeof(*chunk->records));
	return 0;
}

static int make_file(uint64_t len)
{
	static const char *const words[] = { "ERROR ", "warn ", "x", "yy ", "info: ", "zzz" };
	uint64_t random = 88172645463325252u, done = 0;
	char buf[4096];
	size_t n;
	int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);

	if (fd < 0)
		abort();
	while (done < len) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		n = 0;
		if (random % 3000 == 0) {
			/* Over several windows, and a hole. */
			if (ftruncate(fd, done + random % (3 * KSIFT_SCAN_WINDOW)))
				abort();
			done = lseek(fd, 0, SEEK_END);
		} else if (random % 6 == 0) {
			buf[n++] = '\n';
		} else {
			n = strlen(words[random % 6]);
			memcpy(buf, words[random % 6], n);
		}
		if (write(fd, buf, n) != (ssize_t)n)
			abort();
		done += n;
	}
	return fd;
}

struct what {
	const char *name;
	uint32_t flags;
	uint64_t from, to, max;
	bool counts;
};

static int scan(struct ksift_ctx *ctx, struct ksift_matcher *m, int fd,
		const struct what *what, uint32_t threads, struct ksift_scan_result *res,
		struct digest *d, uint64_t *counts)
{
	struct ksift_scan_opts opts = KSIFT_SCAN_OPTS_INIT;

	*res = (struct ksift_scan_result)KSIFT_SCAN_RESULT_INIT;
	opts.flags = what->flags;
	opts.from = what->from;
	opts.to = what->to ? what->to : UINT64_MAX;
	opts.max_lines = what->max ? what->max : UINT64_MAX;
	opts.chunk = what->flags & KSIFT_SCAN_RECORDS ? digest_records : digest_chunk;
	opts.arg = d;
	opts.threads = threads;
	if (what->counts) {
		opts.pattern_counts = counts;
		opts.pattern_counts_cap = 2;
	}
	return ksift_lines_scan(ctx, m, fd, &opts, res, NULL);
}

static bool same_result(const struct ksift_scan_result *a, const struct ksift_scan_result *b)
{
	return a->flags == b->flags && a->selected == b->selected &&
		a->selected_bytes == b->selected_bytes && a->total == b->total &&
		a->total_bytes == b->total_bytes && a->start == b->start &&
		a->end == b->end && a->variant == b->variant &&
		!memcmp(a->levels, b->levels, sizeof(a->levels));
}

static void test_same(struct ksift_ctx *ctx, struct ksift_matcher *m, int fd)
{
	static const struct what cases[] = {
		{ "count", 0, 0, 0, 0, false },
		{ "text", KSIFT_SCAN_TEXT, 0, 0, 0, false },
		{ "records", KSIFT_SCAN_RECORDS | KSIFT_SCAN_TOTAL, 0, 0, 0, false },
		{ "records with text", KSIFT_SCAN_RECORDS | KSIFT_SCAN_TEXT, 0, 0, 0, false },
		{ "totals, levels, patterns", KSIFT_SCAN_TOTAL | KSIFT_SCAN_LEVELS, 0, 0, 0, true },
		{ "a range", KSIFT_SCAN_TEXT | KSIFT_SCAN_TOTAL, 4567,
		  15 * KSIFT_SCAN_WINDOW + 99, 0, false },
		{ "a range past the end", KSIFT_SCAN_TEXT, KSIFT_SCAN_WINDOW, 1ull << 40, 0, false },
		{ "from the current offset", KSIFT_SCAN_TEXT | KSIFT_SCAN_CURRENT, 0, 0, 0, false },
		{ "NUL", KSIFT_SCAN_TEXT | KSIFT_SCAN_NUL, 0, 0, 0, false },
		{ "1 line", KSIFT_SCAN_TEXT | KSIFT_SCAN_TOTAL, 0, 0, 1, false },
		{ "some lines", KSIFT_SCAN_TEXT | KSIFT_SCAN_TOTAL, 0, 0, 1234, false },
		{ "many lines", KSIFT_SCAN_TEXT | KSIFT_SCAN_TOTAL, 0, 0, 20000, false },
		{ "many lines, counted", KSIFT_SCAN_TOTAL | KSIFT_SCAN_LEVELS, 0, 0, 7000, true },
		{ "more lines than there are", KSIFT_SCAN_TEXT, 0, 0, 1ull << 40, false },
	};
	static const uint32_t threads[] = { 2, 3, 8, 1000 };
	size_t i, k;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint64_t want_counts[2] = { 0 };
		struct ksift_scan_result want;
		struct digest d = { 0 };
		int ret;

		lseek(fd, 7, SEEK_SET);
		ret = scan(ctx, m, fd, &cases[i], 0, &want, &d, want_counts);
		ok(!ret && want.selected, "%s: one thread", cases[i].name);
		for (k = 0; k < sizeof(threads) / sizeof(*threads); k++) {
			uint64_t counts[2] = { 0 };
			struct ksift_scan_result got;
			struct digest e = { 0 };

			ret = scan(ctx, m, fd, &cases[i], threads[k], &got, &e, counts);
			ok(!ret && same_result(&got, &want) && e.a == d.a && e.b == d.b &&
			   e.bytes == d.bytes && !memcmp(counts, want_counts, sizeof(counts)),
			   "%s: %u threads", cases[i].name, threads[k]);
		}
	}
}

static int every_limit(struct ksift_ctx *ctx, struct ksift_matcher *m, int fd)
{
	struct what what = { .flags = KSIFT_SCAN_TEXT | KSIFT_SCAN_TOTAL };
	int bad = 0;

	for (what.max = 900; what.max < 200000; what.max += what.max / 3) {
		struct ksift_scan_result want, got;
		struct digest d = { 0 }, e = { 0 };

		scan(ctx, m, fd, &what, 1, &want, &d, NULL);
		bad += scan(ctx, m, fd, &what, 4, &got, &e, NULL) ||
			!same_result(&got, &want) || d.a != e.a;
	}
	return bad;
}

static void test_stop(struct ksift_ctx *ctx, struct ksift_matcher *m, int fd)
{
	const struct what what = { .flags = KSIFT_SCAN_TEXT };
	struct ksift_scan_result res;
	int bad = 0;
	uint64_t i;

	for (i = 1; i < 12; i++) {
		struct digest d = { .stop_after = i, .stop_with = -1000 - (int)i };

		bad += scan(ctx, m, fd, &what, 4, &res, &d, NULL) != d.stop_with || d.calls != i;
	}
	ok(!bad, "a callback ends it");
}

static int count_down(void *arg)
{
	int *left = arg;

	return (*left)-- > 0 ? 0 : -EINTR;
}

static void test_interrupted(const struct ksift_ctx_opts *base, struct ksift_matcher *m, int fd)
{
	struct ksift_ctx_opts opts = *base;
	const struct what what = { 0 };
	struct ksift_scan_result res;
	struct ksift_ctx *ctx;
	struct digest d = { 0 };
	int left = 5;

	opts.interrupted = count_down;
	opts.arg = &left;
	if (ksift_ctx_open(&opts, &ctx, NULL))
		abort();
	ok(scan(ctx, m, fd, &what, 4, &res, &d, NULL) == -EINTR && left == -1, "interrupted");
	left = 1000000;
	ok(!scan(ctx, m, fd, &what, 4, &res, &d, NULL) && left < 1000000,
	   "interrupted, and goes on");
	ksift_ctx_close(ctx);
}

static void write_to(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s%s", dir, name);
	f = fopen(path, "w");
	if (!f || fputs(text, f) < 0 || fclose(f))
		abort();
}

static void test_cpus(void)
{
	static const struct {
		const char *name, *self, *file, *text, *file2, *text2;
		unsigned int want;
	} cases[] = {
		{ "no limit", "0::/a/b\n", "/a/b/cpu.max", "max 100000\n", "/cpu.max", "", -1u },
		{ "two and a half", "0::/a/b\n", "/a/b/cpu.max", "250000 100000\n", "/a/cpu.max",
		  "max 100000\n", 3 },
		{ "less above", "0::/a/b\n", "/a/b/cpu.max", "max 100000\n", "/a/cpu.max",
		  "100000 100000\n", 1 },
		{ "less than one", "0::/a\n", "/a/cpu.max", "5000 100000\n", "/x", "", 1 },
		{ "the root of a container", "0::/no/such\n", "/cpu.max", "400000 100000\n", "/x", "", 4 },
		{ "version 1", "3:memory:/a\n2:cpu,cpuacct:/a\n", "/cpu,cpuacct/a/cpu.cfs_quota_us",
		  "150000\n", "/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n", 2 },
		{ "version 1, no limit", "2:cpu:/a\n", "/cpu/a/cpu.cfs_quota_us", "-1\n",
		  "/cpu/a/cpu.cfs_period_us", "100000\n", -1u },
		{ "nonsense", "cgroup\n::\n0:\n", "/x", "", "/x", "", -1u },
	};
	char dir[] = "/tmp/ksift-cpus.XXXXXX", command[256], self[64];
	size_t i;

	ok(ksift_cpus() >= 1 && ksift_cpus() <= (unsigned int)sysconf(_SC_NPROCESSORS_CONF),
	   "cpus: there are %u", ksift_cpus());
	if (!mkdtemp(dir))
		abort();
	snprintf(self, sizeof(self), "%s/self", dir);
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		snprintf(command, sizeof(command),
			 "rm -rf %s/*; mkdir -p %s/a/b %s/cpu/a %s/cpu,cpuacct/a", dir, dir, dir, dir);
		if (system(command))
			abort();
		write_to(dir, "/self", cases[i].self);
		write_to(dir, cases[i].file, cases[i].text);
		write_to(dir, cases[i].file2, cases[i].text2);
		ok(ksift_cpus_quota(dir, self) == cases[i].want, "cpus: %s", cases[i].name);
	}
	ok(ksift_cpus_quota(dir, "/nonexistent") == -1u, "cpus: no cgroups");
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	if (system(command))
		abort();
}

int main(void)
{
	struct ksift_pattern p[] = {
		{ .data = (uintptr_t)"ERROR", .len = 5 },
		{ .data = (uintptr_t)"xzzz", .len = 4 },
	};
	struct ksift_ctx_opts opts = KSIFT_CTX_OPTS_INIT;
	struct ksift_matcher_opts what = KSIFT_MATCHER_OPTS_INIT;
	struct ksift_matcher *m, *all;
	struct ksift_ctx *ctx;
	int fd = make_file(TEXT_LEN), small = make_file(KSIFT_SCAN_WINDOW / 2);

	opts.engine = getenv("KSIFT_STANDIN") ? KSIFT_ENGINE_KERNEL : KSIFT_ENGINE_USER;
	what.patterns = p;
	if (ksift_ctx_open(&opts, &ctx, NULL) || ksift_matcher_new(ctx, &what, &all, NULL))
		abort();
	what.count = 2;
	if (ksift_matcher_new(ctx, &what, &m, NULL))
		abort();
	test_same(ctx, m, fd);
	ok(!every_limit(ctx, all, fd), "limits in many places, every line");
	ok(!every_limit(ctx, m, fd), "limits in many places");
	ok(!every_limit(ctx, all, small), "limits in many places, a small file");
	test_stop(ctx, all, fd);
	test_interrupted(&opts, m, fd);
	test_cpus();
	ksift_matcher_free(all);
	ksift_matcher_free(m);
	ksift_ctx_close(ctx);
	close(fd);
	close(small);
	return tap_end();
}
