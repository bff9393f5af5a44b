// SPDX-License-Identifier: GPL-2.0-only
/*
 * The user engine against the plainest program that selects lines: random
 * texts, filters, ranges, sources, limits, and buffers that are too small, so
 * that most lines take several runs.  What level a line has is the engine's to
 * say; here it is asked about the whole of each line.
 *
 * Arguments: the number of the first case, how many, and the one variant to test.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libksift.h>

#include "engine/level.h"
#include "tap.h"

#define PATTERNS 6
#define CANARY 32
/* More runs than this are without end. */
#define RUNS_MAX 2000000

struct line {
	uint64_t start, len;
	bool newline, selected;
	uint32_t pattern, patterns;
	uint32_t level, msg;
};

struct test {
	uint64_t random;

	char *text;
	size_t len;
	int fd;
	struct ksift_pattern patterns[PATTERNS];
	char words[PATTERNS][24];
	struct ksift_matcher_opts filter;
	uint64_t from, to, max;
	size_t text_cap, records_cap;
	bool file, total, want_levels, want_counts;

	/* What the oracle says. */
	struct line *lines;
	size_t count;

	/* What came out. */
	char *out;
	size_t out_len;
	struct ksift_record *records;
	size_t record_count;
	uint64_t selected, selected_bytes, lines_total, total_bytes, end;
	uint64_t levels[KSIFT_LEVELS], counts[PATTERNS];
	bool limit;
	const char *why;
};

static uint64_t draw(struct test *t, uint64_t below)
{
	t->random ^= t->random << 13;
	t->random ^= t->random >> 7;
	t->random ^= t->random << 17;
	return t->random % below;
}

static void *need(size_t len)
{
	void *p = malloc(len ? len : 1);

	if (!p)
		abort();
	return p;
}

static char letter(struct test *t)
{
	static const char letters[] = "aAbx\0\377";

	return letters[draw(t, 6)];
}

/* Few letters, so that patterns are found; now and then a level, or a long run. */
static void make_text(struct test *t, bool large)
{
	static const char *const words[] = { "ERROR: ", " warn ", "<4>", "level=info ", "DEBUG" };
	size_t i, n, newlines = 2 + draw(t, 60);
	const char *word;

	t->len = large ? draw(t, 500000) : draw(t, 1200);
	t->text = need(t->len);
	for (i = 0; i < t->len; i += n) {
		n = 1;
		if (large && !draw(t, 200))
			n = draw(t, draw(t, 8) ? 9000 : 250000);
		else if (!draw(t, newlines))
			t->text[i] = '\n';
		else
			t->text[i] = letter(t);
		word = n == 1 && !draw(t, 30) ? words[draw(t, 5)] : NULL;
		if (word)
			n = strlen(word);
		if (n > t->len - i)
			n = t->len - i;
		if (word)
			memcpy(t->text + i, word, n);
		else if (n > 1)
			memset(t->text + i, draw(t, 3) ? letter(t) : 0, n);
		n = n ? n : 1;
	}
}

static void make_filter(struct test *t)
{
	size_t i, k;

	t->filter = (struct ksift_matcher_opts)KSIFT_MATCHER_OPTS_INIT;
	t->filter.patterns = t->patterns;
	t->filter.count = draw(t, PATTERNS + 1);
	if (!draw(t, 4))
		t->filter.flags |= KSIFT_FILTER_INVERT;
	if (!draw(t, 4))
		t->filter.flags |= KSIFT_FILTER_MATCH_NONE_IF_EMPTY;
	if (!draw(t, 4))
		t->filter.level_mask = draw(t, 1 << KSIFT_LEVELS);
	for (i = 0; i < t->filter.count; i++) {
		struct ksift_pattern *p = &t->patterns[i];

		*p = (struct ksift_pattern){ .data = (uintptr_t)t->words[i] };
		p->len = draw(t, draw(t, 3) ? 4 : sizeof(t->words[i]));
		for (k = 0; k < p->len; k++)
			t->words[i][k] = letter(t);
		if (!draw(t, 3))
			p->flags |= KSIFT_PATTERN_ANCHORED;
		if (!draw(t, 3))
			p->flags |= KSIFT_PATTERN_FOLD;
		if (!draw(t, 4))
			p->flags |= KSIFT_PATTERN_EXCLUDE;
		else
			p->group = draw(t, 3);
	}
}

static uint64_t offset(struct test *t)
{
	return draw(t, t->len + 3);
}

static void make_range(struct test *t)
{
	static const size_t caps[] = { 0, 0, 1, 2, 7, 100, 4096, 300000 };
	static const size_t record_caps[] = { 0, 0, 1, 2, 50, 4096 };
	uint64_t x;

	t->from = draw(t, 2) ? 0 : offset(t);
	t->to = draw(t, 2) ? UINT64_MAX : offset(t);
	if (t->from > t->to) {
		x = t->from;
		t->from = t->to;
		t->to = x;
	}
	t->max = draw(t, 3) ? UINT64_MAX : draw(t, 12);
	t->text_cap = caps[draw(t, 8)];
	/* Or it takes all day. */
	if (t->len > 5000 && t->text_cap && t->text_cap < 100)
		t->text_cap = 100;
	t->records_cap = record_caps[draw(t, 6)];
	t->total = draw(t, 2);
	t->want_levels = draw(t, 2);
	t->want_counts = t->filter.count && !draw(t, 3);
	t->file = draw(t, 2);
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

static bool has(const char *line, size_t len, const struct ksift_pattern *p)
{
	const char *word = (const char *)(uintptr_t)p->data;
	bool fold = p->flags & KSIFT_PATTERN_FOLD;
	size_t i, k;

	for (i = 0; i + p->len <= len; i++) {
		for (k = 0; k < p->len; k++)
			if (fold ? lower(line[i + k]) != lower(word[k]) : line[i + k] != word[k])
				break;
		if (k == p->len)
			return true;
		if (p->flags & KSIFT_PATTERN_ANCHORED)
			break;
	}
	return false;
}

static void judge(const struct test *t, struct line *line)
{
	bool used[3] = { false }, hit[3] = { false };
	bool good = t->filter.count ||
		!(t->filter.flags & KSIFT_FILTER_MATCH_NONE_IF_EMPTY);
	size_t i;

	line->level = ksift_level_find((const u8 *)t->text + line->start, line->len, &line->msg);
	line->pattern = UINT32_MAX;
	line->patterns = 0;
	for (i = 0; i < t->filter.count; i++) {
		const struct ksift_pattern *p = &t->patterns[i];
		bool found = has(t->text + line->start, line->len, p);

		line->patterns |= (uint32_t)found << i;
		if (p->flags & KSIFT_PATTERN_EXCLUDE) {
			good &= !found;
			continue;
		}
		used[p->group] = true;
		hit[p->group] |= found;
		if (found && line->pattern == UINT32_MAX)
			line->pattern = i;
	}
	for (i = 0; i < 3; i++)
		good &= !used[i] || hit[i];
	line->selected = good != !!(t->filter.flags & KSIFT_FILTER_INVERT) &&
		(!t->filter.level_mask || t->filter.level_mask >> line->level & 1);
}

/* The lines that begin in the range, up to the last that may be selected. */
static void ask_oracle(struct test *t)
{
	uint64_t pos = 0, left = t->max;

	t->lines = need((t->len + 1) * sizeof(*t->lines));
	t->count = 0;
	while (pos < t->len && left) {
		const char *nl = memchr(t->text + pos, '\n', t->len - pos);
		struct line *line = &t->lines[t->count];

		line->start = pos;
		line->newline = nl;
		line->len = (nl ? (size_t)(nl - t->text) : t->len) - pos;
		if (pos >= t->from && pos < t->to) {
			judge(t, line);
			left -= line->selected && t->max != UINT64_MAX;
			t->count++;
		}
		pos += line->len + 1;
	}
}

static void gather(struct test *t, const struct ksift_lines *lines, const char *text,
		   const struct ksift_record *records)
{
	size_t i;

	memcpy(t->out + t->out_len, text, lines->out_text);
	t->out_len += lines->out_text;
	for (i = 0; i < lines->out_records; i++) {
		struct ksift_record rec = records[i];

		if (t->total)
			rec.line += t->lines_total;
		t->records[t->record_count++] = rec;
	}
	t->selected += lines->out_selected;
	t->selected_bytes += lines->out_selected_bytes;
	t->lines_total += lines->out_total;
	t->total_bytes += lines->out_total_bytes;
	for (i = 0; i < KSIFT_LEVELS; i++)
		t->levels[i] += lines->out_levels[i];
}

/* One run, and what holds for each of them.  False when it was the last. */
static bool run_once(struct test *t, struct ksift_ctx *ctx, const struct ksift_matcher *m,
		     struct ksift_run *run)
{
	const uint32_t inside = KSIFT_RESUME_INLINE | KSIFT_RESUME_PENDING_NL;
	char *text = need(t->text_cap + CANARY);
	struct ksift_record *records = need((t->records_cap + 1) * sizeof(*records));
	struct ksift_lines lines = {
		.size = sizeof(lines),
		.flags = t->total ? KSIFT_LINES_TOTAL : 0,
		.max_lines = t->max == UINT64_MAX ? UINT64_MAX : t->max - t->selected,
		.text = t->text_cap ? (uintptr_t)text : 0,
		.text_cap = t->text_cap,
		.records = t->records_cap ? (uintptr_t)records : 0,
		.records_cap = t->records_cap,
	};
	uint64_t was = run->resume.pos, counts[PATTERNS + 1] = { 0 };
	size_t i;

	if (t->want_levels)
		lines.flags |= KSIFT_LINES_LEVELS;
	if (t->want_counts) {
		lines.pattern_counts = (uintptr_t)counts;
		lines.pattern_counts_cap = t->filter.count;
	}

	memset(text + t->text_cap, 0x55, CANARY);
	memset(&records[t->records_cap], 0x55, sizeof(*records));
	if (ksift_lines_run(ctx, m, run, &lines, NULL))
		t->why = "a run failed";
	for (i = 0; i < CANARY; i++)
		if (text[t->text_cap + i] != 0x55)
			t->why = "text past its buffer's end";
	for (i = 0; i < sizeof(*records); i++)
		if (((char *)&records[t->records_cap])[i] != 0x55)
			t->why = "records past their buffer's end";
	if (!t->why && (!(run->resume.flags & KSIFT_RESUME_VALID) || run->resume.pos < was))
		t->why = "it went back";
	if (!t->why && !(run->resume.flags & inside) && run->resume.skip)
		t->why = "skip without a line";
	for (i = 0; i < t->filter.count; i++)
		t->counts[i] += counts[i];
	if (counts[t->filter.count])
		t->why = "counts past their array's end";
	if (!t->why)
		gather(t, &lines, text, records);
	free(records);
	free(text);
	t->end = run->resume.pos;
	t->limit = (run->resume.flags & KSIFT_RESUME_LIMIT) && !(run->resume.flags & inside);
	return !t->why && !t->limit && !(run->resume.flags & KSIFT_RESUME_DONE);
}

static void run_all(struct test *t, struct ksift_ctx *ctx, const struct ksift_matcher *m)
{
	struct ksift_run run = {
		.size = sizeof(run),
		.source = t->file ? KSIFT_SOURCE_FILE : KSIFT_SOURCE_MEM,
		.source_fd = t->file ? t->fd : 0,
		.base = t->file ? 0 : (uintptr_t)t->text,
		.len = t->file ? 0 : t->len,
		.from = t->from,
		.to = t->to,
	};
	size_t runs = 0;

	t->out = need(t->len + 1);
	t->records = need((t->len + 1) * sizeof(*t->records));
	while (run_once(t, ctx, m, &run))
		if (++runs > RUNS_MAX)
			t->why = "it does not end";
}

/* Is what came out what the oracle says? */
static void compare(struct test *t)
{
	uint64_t selected = 0, selected_bytes = 0, bytes = 0;
	uint64_t levels[KSIFT_LEVELS] = { 0 }, counts[PATTERNS] = { 0 };
	size_t i, k, at = 0;

	for (i = 0; i < t->count && !t->why; i++) {
		const struct line *line = &t->lines[i];
		const struct ksift_record *rec = &t->records[selected];

		bytes += line->len + line->newline;
		if (!line->selected)
			continue;
		if (t->text_cap && (t->out_len - at < line->len + 1 ||
				    memcmp(t->out + at, t->text + line->start, line->len) ||
				    t->out[at + line->len] != '\n'))
			t->why = "text";
		if (t->records_cap &&
		    (selected >= t->record_count || rec->offset != line->start ||
		     rec->len != line->len || rec->pattern != line->pattern ||
		     rec->level != line->level || rec->msg != line->msg ||
		     rec->line != (t->total ? i : UINT64_MAX)))
			t->why = "a record";
		at += line->len + 1;
		selected++;
		selected_bytes += line->len + 1;
		levels[line->level] += t->want_levels;
		for (k = 0; k < t->filter.count; k++)
			counts[k] += t->want_counts && (line->patterns >> k & 1);
	}
	if (t->why)
		return;
	if (t->selected != selected || t->selected_bytes != selected_bytes)
		t->why = "lines selected";
	else if (t->out_len != (t->text_cap ? selected_bytes : 0))
		t->why = "more text";
	else if (t->record_count != (t->records_cap ? selected : 0))
		t->why = "more records";
	else if (memcmp(t->levels, levels, sizeof(levels)))
		t->why = "levels";
	else if (memcmp(t->counts, counts, sizeof(counts)))
		t->why = "patterns";
	else if (t->limit != (selected == t->max))
		t->why = "LIMIT";
	else if (!t->limit && t->lines_total != (t->total ? t->count : 0))
		t->why = "lines in all";
	else if (!t->limit && t->total_bytes != bytes)
		t->why = "bytes in all";
}

static bool test_one(uint64_t number, struct ksift_ctx *ctx)
{
	struct test t = { .random = number * 0x9e3779b97f4a7c15u + 1 };
	struct ksift_matcher *m = NULL;

	make_text(&t, number % 16 == 0);
	make_filter(&t);
	make_range(&t);
	ask_oracle(&t);
	t.fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);
	if (t.fd < 0 || write(t.fd, t.text, t.len) != (ssize_t)t.len)
		abort();
	if (ksift_matcher_new(ctx, &t.filter, &m, NULL))
		t.why = "no matcher";
	else
		run_all(&t, ctx, m);
	if (!t.why)
		compare(&t);
	if (t.why)
		printf("# case %llu: %s\n", (unsigned long long)number, t.why);
	ksift_matcher_free(m);
	close(t.fd);
	free(t.records);
	free(t.out);
	free(t.lines);
	free(t.text);
	return !t.why;
}

static void test_variant(const char *name, uint64_t first, uint64_t count)
{
	struct ksift_ctx_opts opts = KSIFT_CTX_OPTS_INIT;
	struct ksift_error err;
	struct ksift_ctx *ctx;
	uint64_t i, bad = 0;

	opts.engine = getenv("KSIFT_STANDIN") ? KSIFT_ENGINE_KERNEL : KSIFT_ENGINE_USER;
	opts.variant = name;
	if (ksift_ctx_open(&opts, &ctx, &err)) {
		if (err.err == -EOPNOTSUPP && strcmp(name, "scalar"))
			ok(true, "%s # SKIP this machine cannot run it", name);
		else
			ok(false, "%s: %s", name, err.text);
		return;
	}
	for (i = first; i < first + count && bad < 10; i++)
		bad += !test_one(i, ctx);
	ok(!bad, "random texts, filters and buffers, %s", name);
	ksift_ctx_close(ctx);
}

int main(int argc, char **argv)
{
	uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
	uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 2000;

	if (argc > 3) {
		test_variant(argv[3], first, count);
		return tap_end();
	}
	test_variant("scalar", first, count);
#ifdef __aarch64__
	test_variant("neon", first, count);
#else
	test_variant("avx2", first, count);
	test_variant("avx512", first, count);
#endif
	return tap_end();
}
