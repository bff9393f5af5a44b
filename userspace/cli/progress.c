// SPDX-License-Identifier: GPL-2.0-only
/*
 * How far a long search has come, for somebody who sits and waits: one line on
 * a terminal, written over and over again.
 */
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "progress.h"

/* Nobody misses it before that. */
#define DELAY_MS 1000
/* As fast as one can read. */
#define PERIOD_MS 200

/* There is one terminal. */
static struct {
	bool on;
	bool shared;		/* standard output goes there, too */
	uint64_t size;		/* 0: not known */
	uint64_t started;
	uint64_t file_started;
	uint64_t drawn;
	int width;		/* of what stands there */
} line;

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ull + t.tv_nsec / 1000000;
}

static bool is_same_terminal(void)
{
	struct stat err, out;

	return isatty(STDOUT_FILENO) && !fstat(STDERR_FILENO, &err) &&
		!fstat(STDOUT_FILENO, &out) && err.st_rdev == out.st_rdev;
}

/*
 * A file begins, of @size bytes if that is known.  @prints: lines are put out,
 * which on the same terminal show well enough how it goes.
 */
void progress_begin(bool prints, uint64_t size)
{
	line.shared = is_same_terminal();
	line.on = isatty(STDERR_FILENO) && !(prints && line.shared);
	if (!line.on)
		return;
	line.size = size;
	line.file_started = now_ms();
	if (!line.started)
		line.started = line.file_started;
}

static const char *human(char buf[16], double bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
	size_t i = 0;

	while (bytes >= 1024 && i + 1 < sizeof(units) / sizeof(*units)) {
		bytes /= 1024;
		i++;
	}
	snprintf(buf, 16, i ? "%.1f %s" : "%.0f %s", bytes, units[i]);
	return buf;
}

static void draw(uint64_t done, uint64_t ms)
{
	double rate = ms ? done * 1000.0 / ms : 0;
	char text[96], a[16], b[16], c[16];
	int len;

	if (done <= line.size && rate >= 1)
		len = snprintf(text, sizeof(text), "%s of %s, %.0f%%, %s/s, %.0f s left",
			       human(a, done), human(b, line.size),
			       done * 100.0 / line.size, human(c, rate),
			       (line.size - done) / rate);
	else
		len = snprintf(text, sizeof(text), "%s, %s/s", human(a, done),
			       human(b, rate));
	fprintf(stderr, "\r%-*s", line.width, text);
	line.width = len;
}

/* @done bytes of the file are. */
void progress_step(uint64_t done)
{
	uint64_t now;

	if (!line.on)
		return;
	now = now_ms();
	if (now - line.started < DELAY_MS || now - line.drawn < PERIOD_MS)
		return;
	line.drawn = now;
	draw(done, now - line.file_started);
}

void progress_end(void)
{
	if (line.width)
		fprintf(stderr, "\r%*s\r", line.width, "");
	line.width = 0;
}

void progress_before_output(void)
{
	if (line.shared)
		progress_end();
}
