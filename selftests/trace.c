// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tracepoints: that each says what a call was asked for and what it did, in
 * an instance of the trace buffer of the tests' own.
 */
#include "test_util.h"

#include <sys/sysmacros.h>

static const char text[] = "one ERROR\ntwo\nthree ERROR\n";

FIXTURE(trace)
{
	int dev;
	int fd;
	const char *tracefs;
	char dir[128];
};

/* Writes @word to a file of the instance. */
static int set(const char *dir, const char *name, const char *word)
{
	char path[192];
	int fd, ret;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CLOEXEC | O_TRUNC);
	if (fd < 0)
		return -1;
	ret = write_all(fd, word, strlen(word));
	close(fd);
	return ret;
}

FIXTURE_SETUP(trace)
{
	static const char *const places[] = {
		"/sys/kernel/tracing", "/sys/kernel/debug/tracing",
	};
	char path[128];
	unsigned int i;

	self->dev = ksift_open();
	self->fd = tmp_file_with(text, sizeof(text) - 1);
	ASSERT_LE(0, self->fd);
	self->tracefs = NULL;
	for (i = 0; !self->tracefs && i < ARRAY_SIZE(places); i++) {
		snprintf(path, sizeof(path), "%s/instances", places[i]);
		if (!access(path, W_OK))
			self->tracefs = places[i];
	}
	self->dir[0] = 0;
	if (!self->tracefs)
		SKIP(return, "no tracefs to write to");
	snprintf(self->dir, sizeof(self->dir), "%s/instances/ksift-%d",
		 self->tracefs, getpid());
	ASSERT_EQ(0, mkdir(self->dir, 0700));
	ASSERT_EQ(0, set(self->dir, "events/ksift/enable", "1"));
}

FIXTURE_TEARDOWN(trace)
{
	if (self->dir[0])
		rmdir(self->dir);
	close(self->fd);
	close(self->dev);
}

/* The value of "key=" in the last event of that name, as text; "" without. */
static void last_value(const char *dir, const char *event, const char *key,
		       char *value, size_t size)
{
	char path[192], line[1024], want[64], name[64], *p;
	FILE *f;

	value[0] = 0;
	snprintf(path, sizeof(path), "%s/trace", dir);
	snprintf(name, sizeof(name), ": %s: ", event);
	snprintf(want, sizeof(want), " %s=", key);
	f = fopen(path, "r");
	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		p = strstr(line, name);
		p = p ? strstr(p + strlen(name) - 1, want) : NULL;
		if (!p)
			continue;
		p += strlen(want);
		snprintf(value, size, "%.*s", (int)strcspn(p, "\n "), p);
	}
	fclose(f);
}

#define EXPECT_EVENT(event, key, ...) do {                              \
	char _want[64], _got[64];                                       \
	snprintf(_want, sizeof(_want), __VA_ARGS__);                    \
	last_value(self->dir, event, key, _got, sizeof(_got));          \
	EXPECT_STREQ(_want, _got) {                                     \
		TH_LOG("%s: %s", event, key);                           \
	}                                                               \
} while (0)

TEST_F(trace, filter)
{
	const struct ksift_pattern patterns[] = {
		pattern_str("ERROR", 0, 0), pattern_str("xyz", 0, 0),
	};
	int filter = filter_patterns(self->dev, patterns, ARRAY_SIZE(patterns),
				     KSIFT_FILTER_INVERT);

	ASSERT_LE(0, filter);
	EXPECT_EVENT("filter_create", "patterns", "2");
	EXPECT_EVENT("filter_create", "bytes", "8");
	EXPECT_EVENT("filter_create", "flags", "0x1");
	close(filter);
}

TEST_F(trace, file)
{
	struct ksift_lines lines;
	struct ksift_run run;
	struct stat st;
	int filter;

	filter = filter_literals(self->dev, 0, 1, "ERROR");
	ASSERT_LE(0, filter);
	ASSERT_OK(fstat(self->fd, &st));
	run_init(&run, KSIFT_KERNEL_LINES, &lines);
	run_from_file(&run, self->fd);
	run.from = 0;
	run.to = 20;
	lines_init(&lines, filter);
	ASSERT_OK(run_lines(self->dev, &run, &lines));
	ASSERT_EQ(2, lines.out_selected);
	EXPECT_EVENT("run_begin", "kernel", "lines");
	EXPECT_EVENT("run_begin", "source", "file");
	EXPECT_EVENT("run_begin", "fd", "%d", self->fd);
	EXPECT_EVENT("run_begin", "from", "0");
	EXPECT_EVENT("run_begin", "to", "20");
	EXPECT_EVENT("run_begin", "variant", "%u", run.out_variant);
	EXPECT_EVENT("run_end", "ret", "0");
	EXPECT_EVENT("run_end", "dev", "%u:%u", major(st.st_dev),
		     minor(st.st_dev));
	EXPECT_EVENT("run_end", "ino", "%llu", (unsigned long long)st.st_ino);
	EXPECT_EVENT("run_end", "pos", "%llu",
		     (unsigned long long)run.resume.pos);
	EXPECT_EVENT("run_end", "bytes", "%llu",
		     (unsigned long long)run.out_bytes);
	EXPECT_EVENT("run_end", "walked", "%llu",
		     (unsigned long long)run.out_walked);
	EXPECT_EVENT("run_end", "lines", "2");
	EXPECT_EVENT("run_end", "long", "0");
	close(filter);
}

/* Everything is copied, and the event says why. */
TEST_F(trace, memory)
{
	struct ksift_lines lines;
	struct ksift_run run;
	int filter;

	filter = filter_literals(self->dev, 0, 1, "ERROR");
	ASSERT_LE(0, filter);
	run_init(&run, KSIFT_KERNEL_LINES, &lines);
	run_from_mem(&run, text, sizeof(text) - 1);
	lines_init(&lines, filter);
	ASSERT_OK(run_lines(self->dev, &run, &lines));
	EXPECT_EVENT("run_begin", "source", "mem");
	EXPECT_EVENT("run_end", "walked", "0");
	EXPECT_EVENT("run_end", "unwalked", "%zu", sizeof(text) - 1);
	close(filter);
}

/* A call that fails has an end, too. */
TEST_F(trace, failure)
{
	struct ksift_lines lines;
	struct ksift_run run;
	int filter;

	filter = filter_literals(self->dev, 0, 1, "ERROR");
	ASSERT_LE(0, filter);
	run_init(&run, KSIFT_KERNEL_LINES, &lines);
	run_from_file(&run, filter);
	lines_init(&lines, filter);
	ASSERT_EQ(-1, run_lines(self->dev, &run, &lines));
	ASSERT_EQ(ESPIPE, errno);
	EXPECT_EVENT("run_end", "ret", "%d", -ESPIPE);
	EXPECT_EVENT("run_end", "bytes", "0");
	close(filter);
}

TEST_F(trace, numbers)
{
	struct ksift_fib fib = { .size = sizeof(fib) };
	struct ksift_run run;

	run_init(&run, KSIFT_KERNEL_FIB, &fib);
	run.to = 7;
	ASSERT_OK(ksift_run(self->dev, &run));
	EXPECT_EVENT("run_begin", "kernel", "fib");
	EXPECT_EVENT("run_begin", "source", "none");
	EXPECT_EVENT("run_end", "pos", "7");
	EXPECT_EVENT("run_end", "resume", "done");
}

/* Programs read the formats, which must not name what only the module knows. */
TEST_F(trace, formats)
{
	static const char *const events[] = {
		"filter_create", "run_begin", "run_end",
	};
	char path[192], line[4096];
	unsigned int i, fields;
	FILE *f;

	for (i = 0; i < ARRAY_SIZE(events); i++) {
		snprintf(path, sizeof(path), "%s/events/ksift/%s/format",
			 self->dir, events[i]);
		f = fopen(path, "r");
		ASSERT_NE(NULL, f);
		for (fields = 0; fgets(line, sizeof(line), f); fields++)
			EXPECT_EQ(NULL, strstr(line, "KSIFT_")) {
				TH_LOG("%s: %s", events[i], line);
			}
		EXPECT_LT(5, fields);
		fclose(f);
	}
}

/* Off, they say nothing. */
TEST_F(trace, off)
{
	struct ksift_lines lines;
	struct ksift_run run;
	int filter;

	ASSERT_EQ(0, set(self->dir, "events/ksift/enable", "0"));
	filter = filter_literals(self->dev, 0, 1, "ERROR");
	ASSERT_LE(0, filter);
	run_init(&run, KSIFT_KERNEL_LINES, &lines);
	run_from_mem(&run, text, sizeof(text) - 1);
	lines_init(&lines, filter);
	ASSERT_OK(run_lines(self->dev, &run, &lines));
	EXPECT_EVENT("run_end", "ret", "%s", "");
	EXPECT_EVENT("filter_create", "patterns", "%s", "");
	close(filter);
}

TEST_HARNESS_MAIN
