// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files that another changes while the user engine reads them.  The change comes
 * before a certain read, whichever it is: pread() and lseek() are this program's.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <libksift.h>

#include "../lib/user.h"
#include "tap.h"

#define WORD "ERROR"
/* Lines below this are given out as they were matched, and no others. */
#define SHORT KSIFT_STAGE_SIZE
/* No run takes as many, but with a buffer for a few bytes. */
#define READS_MAX 40
#define RUNS_MAX 10000
/* So that what would have no end has one. */
#define READS_WITHOUT_END 1000000

struct text {
	const char *name;
	char *bytes;
	size_t len;
};

/* What is done to the file, and when. */
static struct {
	int fd;
	const struct text *now, *next;
	unsigned int reads;	/* so far */
	unsigned int at;	/* the change comes before this one, from 1 on */
	bool again;	/* or before each that is for a line alone, and goes after it */
	bool seek;		/* or before the file is asked for holes */
} file;

static void put(const struct text *text)
{
	size_t done = 0;
	ssize_t n;

	file.now = text;
	while (done < text->len) {
		n = pwrite(file.fd, text->bytes + done, text->len - done, done);
		if (n <= 0)
			abort();
		done += n;
	}
	if (ftruncate(file.fd, text->len))
		abort();
}

ssize_t pread(int fd, void *buf, size_t len, off_t pos)
{
	const struct text *was = file.now;
	bool now = ++file.reads == file.at ||
		(file.again && len <= SHORT && file.reads < READS_WITHOUT_END);
	ssize_t n;

	if (now)
		put(file.next);
	n = syscall(SYS_pread64, fd, buf, len, pos);
	if (now && file.again)
		put(was);
	return n;
}

off_t lseek(int fd, off_t pos, int whence)
{
	if (whence == SEEK_DATA && file.seek)
		put(file.next);
	return syscall(SYS_lseek, fd, pos, whence);
}

static void begin(int fd, const struct text *text, const struct text *next)
{
	memset(&file, 0, sizeof(file));
	file.fd = fd;
	file.next = next;
	put(text);
}

/* A text of @count bytes @fill, and then @tail. */
static struct text make(const char *name, char fill, size_t count, const char *tail)
{
	struct text t = { .name = name, .len = count + strlen(tail) };

	t.bytes = malloc(t.len + 1);
	if (!t.bytes)
		abort();
	memset(t.bytes, fill, count);
	memcpy(t.bytes + count, tail, t.len - count);
	return t;
}

/* As long as it was, and of short lines. */
static struct text make_lines(const char *name, size_t len)
{
	struct text t = make(name, '\n', len, "");
	size_t i;

	for (i = 0; i + 16 <= len; i += 16)
		memcpy(t.bytes + i, i % 160 ? "there is none.." : WORD " is here.", 15);
	return t;
}

static bool has_word(const char *line, size_t len)
{
	return memmem(line, len, WORD, strlen(WORD));
}

/* The length of the line at @pos. */
static size_t line_len(const struct text *text, uint64_t pos)
{
	const char *line = text->bytes + pos, *nl;

	if (pos >= text->len)
		return 0;
	nl = memchr(line, '\n', text->len - pos);
	return nl ? (size_t)(nl - line) : text->len - pos;
}

static bool is_line(const struct text *text, uint64_t pos, size_t len)
{
	return pos < text->len && line_len(text, pos) == len && has_word(text->bytes + pos, len);
}

struct out {
	char *text;
	size_t text_cap;
	struct ksift_record *records;
	size_t records_cap;
};

/* What is wrong with what a run gave; NULL: nothing. */
static const char *judge(const struct ksift_run *run, const struct ksift_resume *before,
			 const struct ksift_lines *lines, const struct out *out,
			 const struct text *was)
{
	const uint32_t unfinished = KSIFT_RESUME_INLINE | KSIFT_RESUME_PENDING_NL;
	const struct ksift_resume *after = &run->resume;
	const char *p = out->text, *end = p + lines->out_text, *nl;
	bool inside = before->flags & unfinished;
	size_t i;

	/* What went on from the run before had been selected there. */
	for (; p < end && (nl = memchr(p, '\n', end - p)); p = nl + 1, inside = false)
		if (!inside && nl - p < SHORT && !has_word(p, nl - p))
			return "a line that does not match";
	if ((after->flags & KSIFT_RESUME_INLINE) && !inside && after->skip < SHORT &&
	    line_len(file.now, after->pos) < SHORT &&
	    !is_line(file.now, after->pos, line_len(file.now, after->pos)))
		return "the beginning of a line that does not match";
	for (i = 0; i < lines->out_records; i++) {
		const struct ksift_record *rec = &out->records[i];

		if (rec->len < SHORT && !is_line(was, rec->offset, rec->len) &&
		    !is_line(file.next, rec->offset, rec->len))
			return "a record of a line that does not match";
	}
	return NULL;
}

/* Scan all of the file.  What is wrong with that; NULL: nothing. */
static const char *scan(struct ksift_ctx *ctx, struct ksift_matcher *m, const struct out *out)
{
	struct ksift_run run = {
		.size = sizeof(run),
		.source = KSIFT_SOURCE_FILE,
		.source_fd = file.fd,
		.to = UINT64_MAX,
	};
	const struct text *was = file.now;
	uint64_t bytes = 0;
	const char *wrong;
	unsigned int runs;

	for (runs = 0; runs < RUNS_MAX && !(run.resume.flags & KSIFT_RESUME_DONE); runs++) {
		struct ksift_resume before = run.resume;
		struct ksift_lines lines = {
			.size = sizeof(lines),
			.max_lines = UINT64_MAX,
			.text = (uintptr_t)out->text,
			.text_cap = out->text_cap,
			.records = (uintptr_t)out->records,
			.records_cap = out->records_cap,
		};

		if (ksift_lines_run(ctx, m, &run, &lines, NULL))
			return "a run that fails";
		wrong = judge(&run, &before, &lines, out, was);
		if (wrong)
			return wrong;
		bytes += lines.out_total_bytes;
	}
	if (runs == RUNS_MAX)
		return "no end";
	return bytes == run.resume.pos ? NULL : "more bytes or fewer than lead to its end";
}

/* The first line is long, and becomes something else before any of the reads. */
static void test_long_line(struct ksift_ctx *ctx, struct ksift_matcher *m, int fd)
{
	const struct text before = make("", 'x', 200000, WORD "\nnone\n" WORD " at the end\n");
	const struct text after[] = {
		make_lines("short lines", before.len),
		make("nothing", 0, 0, ""),
		make("the beginning of a line", 'x', 1000, ""),
		make("a shorter line", 'y', 100000, "\nnone\n" WORD " after it\n"),
		make("a line just not long", 'y', SHORT - 1, "\nnone\n" WORD " after it\n"),
		make("a line just long", 'y', SHORT, "\nnone\n" WORD " after it\n"),
		make("a line that is cut off where it is long", 'y', SHORT + 10, ""),
		make("a longer line", 'y', 400000, "\n" WORD " after it\n"),
	};
	const struct { const char *name; size_t text_cap, records_cap; } outs[] = {
		{ "text", 1 << 20, 0 },
		{ "text, in small pieces", 100, 0 },
		{ "text, in large pieces", SHORT + 5000, 0 },
		{ "records", 0, 100 },
		{ "text and records", 1 << 20, 100 },
		{ "text and records, one by one", 100, 1 },
	};
	size_t i, k;

	for (i = 0; i < sizeof(outs) / sizeof(*outs); i++) {
		size_t cap = outs[i].records_cap;
		struct out out = { .text_cap = outs[i].text_cap, .records_cap = cap };

		out.text = out.text_cap ? malloc(out.text_cap) : NULL;
		out.records = cap ? calloc(cap, sizeof(*out.records)) : NULL;
		for (k = 0; k < sizeof(after) / sizeof(*after); k++) {
			const char *wrong = NULL;
			unsigned int at;

			for (at = 1; at < READS_MAX && !wrong; at++) {
				begin(fd, &before, &after[k]);
				file.at = at;
				wrong = scan(ctx, m, &out);
				if (!wrong && file.reads < at)
					break;
			}
			if (wrong)
				printf("# before read %u: %s\n", at - 1, wrong);
			ok(!wrong && at > 3, "a long line becomes %s: %s", after[k].name,
			   outs[i].name);
		}
		free(out.records);
		free(out.text);
	}
	for (k = 0; k < sizeof(after) / sizeof(*after); k++)
		free(after[k].bytes);
	free(before.bytes);
}

static int give_up(void *arg)
{
	++*(int *)arg;
	return -EINTR;
}

/* It is long whenever it is scanned, and short whenever it is given out. */
static void test_without_end(struct ksift_matcher *m, int fd)
{
	const struct text before = make("", 'x', 200000, WORD "\n");
	const struct text after = make("", 'x', 100, "\n");
	struct ksift_run run = {
		.size = sizeof(run),
		.source = KSIFT_SOURCE_FILE,
		.source_fd = fd,
		.to = UINT64_MAX,
	};
	struct ksift_ctx_opts opts = KSIFT_CTX_OPTS_INIT;
	static char text[1 << 20];
	struct ksift_lines lines = {
		.size = sizeof(lines),
		.max_lines = UINT64_MAX,
		.text = (uintptr_t)text,
		.text_cap = sizeof(text),
	};
	struct ksift_ctx *ctx;
	int asked = 0, ret;

	opts.engine = KSIFT_ENGINE_USER;
	opts.interrupted = give_up;
	opts.arg = &asked;
	if (ksift_ctx_open(&opts, &ctx, NULL))
		abort();
	begin(fd, &before, &after);
	file.again = true;
	ret = ksift_lines_run(ctx, m, &run, &lines, NULL);
	ok(ret == -EINTR && asked == 1, "a line that changes all the time can be interrupted");
	ksift_ctx_close(ctx);
	free(before.bytes);
	free(after.bytes);
}

/* What is cut off while it is asked about has not been a hole. */
static void test_hole(struct ksift_ctx *ctx, struct ksift_matcher *m, int fd)
{
	struct text before = make("", 0, 128 << 10, "\n" WORD "\n");
	const struct text after = make("", 0, 100, "");
	const struct out out = { 0 };
	const char *wrong;
	struct ksift_run run = {
		.size = sizeof(run),
		.source = KSIFT_SOURCE_FILE,
		.source_fd = fd,
		.to = UINT64_MAX,
	};
	struct ksift_lines lines = { .size = sizeof(lines), .max_lines = UINT64_MAX };

	begin(fd, &before, &after);
	file.seek = true;
	ok(!ksift_lines_run(ctx, m, &run, &lines, NULL) && file.now == &after &&
	   lines.out_total_bytes == 128 << 10 && !lines.out_selected,
	   "what is cut off is no hole");
	begin(fd, &before, &after);
	wrong = scan(ctx, m, &out);
	ok(!wrong, "and what is not is read");
	free(before.bytes);
	free(after.bytes);
}

int main(void)
{
	struct ksift_pattern word = { .data = (uintptr_t)WORD, .len = strlen(WORD) };
	struct ksift_matcher_opts what = KSIFT_MATCHER_OPTS_INIT;
	struct ksift_ctx_opts how = KSIFT_CTX_OPTS_INIT;
	int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);
	struct ksift_matcher *m;
	struct ksift_ctx *ctx;

	how.engine = KSIFT_ENGINE_USER;
	what.patterns = &word;
	what.count = 1;
	if (fd < 0 || ksift_ctx_open(&how, &ctx, NULL) || ksift_matcher_new(ctx, &what, &m, NULL))
		abort();
	test_long_line(ctx, m, fd);
	test_without_end(m, fd);
	test_hole(ctx, m, fd);
	ksift_matcher_free(m);
	ksift_ctx_close(ctx);
	close(fd);
	return tap_end();
}
