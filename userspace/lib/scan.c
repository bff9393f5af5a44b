// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs over lines, and the delivery of their results: shared by scans with one thread
 * (lines.c) and with many (threads.c).
 */
#include <errno.h>
#include <stdlib.h>

#include "error.h"
#include "scan.h"

KSIFT_EXPORT int ksift_lines_run(struct ksift_ctx *ctx,
				 const struct ksift_matcher *matcher,
				 struct ksift_run *run, struct ksift_lines *lines,
				 struct ksift_error *err)
{
	int ret = ksift_error_size(err, "run", run->size, sizeof(*run));

	if (!ret)
		ret = ksift_error_size(err, "lines", lines->size, sizeof(*lines));
	if (ret)
		return ret;
	if (!matcher->prog != (ksift_ctx_engine(ctx) == KSIFT_ENGINE_KERNEL))
		return ksift_error_set(err, -EINVAL,
			"matcher: it was made for the other engine");
	lines->filter_fd = matcher->fd;
	lines->record_size = lines->records ? sizeof(struct ksift_record) : 0;
	run->kernel = KSIFT_KERNEL_LINES;
	run->args = (uintptr_t)lines;
	return ksift_ctx_run(ctx, matcher->prog, run, err);
}

/* In blocks of a fixed size: compilers vectorize their loop. */
void ksift_scan_swap_nul(char *buf, size_t len)
{
	size_t i = 0, k;

	for (; i + 64 <= len; i += 64)
		for (k = i; k < i + 64; k++)
			buf[k] ^= buf[k] == 0 || buf[k] == '\n' ? '\n' : 0;
	for (; i < len; i++)
		buf[i] ^= buf[i] == 0 || buf[i] == '\n' ? '\n' : 0;
}

int ksift_scan_alloc(const struct scan *s, struct scan_buf *buf, size_t text_cap,
		     size_t records_cap)
{
	if (s->opts.flags & KSIFT_SCAN_TEXT) {
		buf->text = malloc(text_cap);
		buf->text_cap = text_cap;
		if (!buf->text)
			return -ENOMEM;
	}
	if (s->opts.flags & KSIFT_SCAN_RECORDS) {
		buf->records = malloc(records_cap * sizeof(*buf->records));
		buf->records_cap = records_cap;
		if (!buf->records)
			return -ENOMEM;
	}
	return 0;
}

void ksift_scan_free(struct scan_buf *buf)
{
	free(buf->records);
	free(buf->text);
}

void ksift_scan_ask(const struct scan *s, struct ksift_lines *lines,
		    struct scan_buf *buf, uint64_t max_lines)
{
	*lines = (struct ksift_lines){
		.size = sizeof(*lines),
		.max_lines = max_lines,
		.text = (uintptr_t)buf->text,
		.text_cap = buf->text_cap,
		.records = (uintptr_t)buf->records,
		.records_cap = buf->records_cap,
	};
	if (s->opts.flags & KSIFT_SCAN_TOTAL)
		lines->flags |= KSIFT_LINES_TOTAL;
	if (s->opts.flags & KSIFT_SCAN_LEVELS)
		lines->flags |= KSIFT_LINES_LEVELS;
	if (s->opts.pattern_counts) {
		lines->pattern_counts = (uintptr_t)buf->patterns;
		lines->pattern_counts_cap = KSIFT_PATTERNS_MAX;
	}
}

static int scan_deliver(struct scan *s, const struct ksift_lines *lines,
			uint64_t base, uint64_t end)
{
	struct ksift_record *records = (void *)(uintptr_t)lines->records;
	char *text = (void *)(uintptr_t)lines->text;
	struct ksift_chunk chunk = {
		.size = sizeof(chunk),
		.text = text,
		.text_len = lines->out_text,
		.records = records,
		.record_count = lines->out_records,
		.end = end,
	};
	size_t i;
	int ret;

	if (!chunk.text_len && !chunk.record_count)
		return 0;
	if (s->opts.flags & KSIFT_SCAN_NUL)
		ksift_scan_swap_nul(text, chunk.text_len);
	for (i = 0; i < chunk.record_count; i++) {
		records[i].offset += base;
		if (s->opts.flags & KSIFT_SCAN_TOTAL)
			records[i].line += s->res.total;
	}
	ret = s->opts.chunk(s->opts.arg, &chunk);
	if (ret < 0)
		return ksift_error_set(s->err, ret, "stopped by the caller");
	return 0;
}

static void scan_add(struct scan *s, const struct ksift_run *run,
		     const struct ksift_lines *lines, uint64_t base)
{
	const uint64_t *patterns = (void *)(uintptr_t)lines->pattern_counts;
	struct ksift_scan_result *res = &s->res;
	size_t i;

	res->variant = run->out_variant;
	res->selected += lines->out_selected;
	res->selected_bytes += lines->out_selected_bytes;
	res->total += lines->out_total;
	res->total_bytes += lines->out_total_bytes;
	res->bytes += run->out_bytes;
	res->walked += run->out_walked;
	res->absent += run->out_absent;
	res->cut += run->out_cut;
	/* A range that lies in a line resumes before that line's end: do not go back. */
	if (res->end < base + run->resume.pos)
		res->end = base + run->resume.pos;
	for (i = 0; i < KSIFT_LEVELS; i++)
		res->levels[i] += lines->out_levels[i];
	for (i = 0; patterns && i < s->matcher->count; i++)
		s->opts.pattern_counts[i] += patterns[i];
}

static int scan_progress(struct scan *s)
{
	int ret;

	ret = s->opts.progress ? s->opts.progress(s->opts.arg, &s->res) : 0;
	if (ret < 0)
		return ksift_error_set(s->err, ret, "stopped by the caller");
	return 0;
}

int ksift_scan_take(struct scan *s, const struct ksift_run *run,
		    const struct ksift_lines *lines, uint64_t base)
{
	int ret;

	s->started = true;
	ret = scan_deliver(s, lines, base, base + run->resume.pos);
	scan_add(s, run, lines, base);
	if (s->left != UINT64_MAX)
		s->left -= lines->out_selected;
	return ret ? ret : scan_progress(s);
}

int ksift_scan_range(struct scan *s, struct ksift_run *run, uint64_t base)
{
	const uint32_t unfinished = KSIFT_RESUME_INLINE | KSIFT_RESUME_PENDING_NL;
	struct ksift_lines lines;
	int ret;

	for (;;) {
		ksift_scan_ask(s, &lines, &s->buf, s->left);
		ret = ksift_lines_run(s->ctx, s->matcher, run, &lines, s->err);
		if (!ret)
			ret = ksift_scan_take(s, run, &lines, base);
		if (ret)
			return ret;
		if (!s->left && !(run->resume.flags & unfinished)) {
			s->res.flags |= KSIFT_SCAN_LIMITED;
			return 0;
		}
		if (run->resume.flags & KSIFT_RESUME_DONE)
			return 0;
		ret = ksift_ctx_interrupted(s->ctx, s->err);
		if (ret)
			return ret;
	}
}

uint32_t ksift_scan_run_flags(const struct scan *s)
{
	return (s->opts.flags & KSIFT_SCAN_CACHED ? KSIFT_RUN_CACHED : 0) |
		(s->opts.flags & KSIFT_SCAN_POLITE ? KSIFT_RUN_POLITE : 0);
}
