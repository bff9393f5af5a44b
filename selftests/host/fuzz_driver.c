// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target for the driver (module/engine/driver): the hostile host.
 *
 * This is the driver's third side.  Its source is a file that it writes to, truncates,
 * appends to and punches holes into whenever the input says so: at each call of the
 * side, and, as the engine is compiled with a callback before every load of up to 16
 * bytes, between any two of those from a shared piece.  Parts of the file are absent,
 * and return.  Emissions fault, polls interrupt, copies fail, and buffers have room for
 * one byte or more.
 *
 * A folio that is truncated, or beside a hole, is modelled by memory that a piece still
 * points to, with zeros in it that the file never had.
 *
 * The fuzzer holds the driver to its promises:
 *
 * - Each resume goes on, and stays in order.
 * - Each byte that is emitted was the file's at that offset at some moment, and a
 *   line began and ended where its record says.
 * - A line that fits the stage and one call matches as it is emitted.
 * - A line of which no byte has changed or been absent, nor the newline before it,
 *   comes out once if it matches, and not at all if it does not.
 * - If nothing has changed, all results are those of the oracle.
 */
#include <stdint.h>
#include <stdio.h>

#include "engine/check.h"
#include "engine/driver/driver.h"
#include "engine/variants.h"
#include "program_util.h"

/* Pieces are to be long enough for hunts. */
#define FILE_MAX	16384
#define PATTERNS	10
/* Presence is by blocks. */
#define BLOCK		32
#define OUT_MAX		(16 * FILE_MAX)

/*
 * What decides: the input, then some chance that follows from it; when both are used
 * up, nothing happens any more.
 */
static const uint8_t *input, *input_end;
static unsigned int chances;

/* The file. */
static u8 *content;	/* of FILE_MAX bytes, before a guard page */
static u64 size;
static bool absent[FILE_MAX / BLOCK];
/* Changes lie in here. */
static u64 change_from, change_to;
/* Of each byte: was it always there, the same, and what else was it? */
static bool stable[FILE_MAX + 1];
static u64 values[FILE_MAX + 1][4];
static bool changed, was_absent;
/* Where the file has ended. */
static bool ended[FILE_MAX + 1];
/* It was cut off, but its memory is not zeroed yet. */
static bool cutting;
/* Loads to come before the next change; 0: as many as there are. */
static unsigned int loads_left;

/* Pieces of the side. */
struct ksift_src {
	u8 *detached;		/* memory of a piece that is the file's no longer */
	u8 *bounce;
	const u8 *shared;	/* the piece given out last, if it is shared */
	u64 at;
	u64 len;
	bool is_detached;
	u64 bad_from, bad_to;	/* where that may have zeros of its own */
	u64 bytes;
};

static struct ksift_src source;
static u8 text[OUT_MAX], text_buf[OUT_MAX];
static struct ksift_record records[OUT_MAX], record_buf[OUT_MAX];
static u64 pattern_buf[KSIFT_PATTERNS_MAX];
/* Of the lines: the rest of it came with another call, and was not matched again. */
static bool resumed[OUT_MAX];
static u64 text_cap, records_cap;
static bool want_text, want_records, cached, in_call;

static unsigned int byte(void)
{
	if (input < input_end)
		return *input++;
	if (!chances)
		return 0;
	chances--;
	return rnd(256);
}

/* One of @n, the first when nothing decides. */
static unsigned int pick(unsigned int n)
{
	unsigned int v = byte();

	if (n > 256)
		v = v << 8 | byte();
	return v % n;
}

/* Less than @n, but not 0 and at most @most: that when nothing decides. */
static u64 some(unsigned int n, u64 most)
{
	u64 v = pick(n);

	return v && v < most ? v : most;
}

/* Does it happen, which it does about once in @n times? */
static bool happens(unsigned int n)
{
	return byte() % n == 1;
}

static bool was(u64 at, u8 c)
{
	return values[at][c / 64] >> (c % 64) & 1;
}

static void seen(u64 at)
{
	values[at][content[at] / 64] |= 1ULL << (content[at] % 64);
}

static void set(u64 at, u8 c)
{
	if (content[at] != c) {
		stable[at] = false;
		changed = true;
	}
	content[at] = c;
	seen(at);
}

/* The memory of the shared piece is the file's no longer, and is zeroed in part. */
static void detach(u64 from, u64 to)
{
	u64 i;

	if (!source.shared)
		return;
	if (!source.is_detached) {
		memcpy(source.detached, content, FILE_MAX);
		source.is_detached = true;
		source.bad_from = from;
		source.bad_to = to;
	}
	source.bad_from = min(source.bad_from, from);
	source.bad_to = max(source.bad_to, to);
	for (i = from; i < to; i++)
		source.detached[i] = 0;
}

/* The same of what lies behind the file's end, which its size alone tells. */
static void zero_tail(void)
{
	if (!source.shared)
		return;
	if (!source.is_detached) {
		memcpy(source.detached, content, FILE_MAX);
		source.is_detached = true;
		source.bad_from = FILE_MAX;
		source.bad_to = 0;
	}
	memset(source.detached + size, 0, some(64, FILE_MAX - size));
}

/* The window through which the engine sees the shared piece. */
static struct guarded window;

static void sync_piece(void)
{
	u64 i;

	if (!source.shared)
		return;
	/* Stores of single bytes, as any other CPU's. */
	for (i = 0; i < source.len; i++)
		((volatile u8 *)source.shared)[i] = source.is_detached ?
			source.detached[source.at + i] : content[source.at + i];
}

static const char alphabet[] = "\n\nEaRx:\0";

static void change(void)
{
	u64 width = change_to - change_from, at, n, i;

	if (!width)
		return;
	/* As a truncation does: the size first, then what lies behind it. */
	if (cutting)
		detach(size, FILE_MAX);
	cutting = false;
	at = change_from + pick(width);
	n = 1 + pick(8);
	switch (pick(8)) {
	case 0:	/* cut off */
		if (at >= size)
			break;
		changed = true;
		for (i = at; i < size; i++)
			stable[i] = false;
		size = at;
		ended[size] = true;
		cutting = true;
		zero_tail();
		break;
	case 1:	/* append */
		for (; n && size < change_to; n--, size++) {
			changed = true;
			stable[size] = false;
			content[size] = alphabet[pick(sizeof(alphabet) - 1)];
			seen(size);
		}
		ended[size] = true;
		break;
	case 2:	/* punch a hole */
		n = min(n * 8, size - min(size, at));
		/* What lies beside it is zero, too, until it is read again. */
		if (n)
			detach(at - some(256, at), at + n + some(256, FILE_MAX - at - n));
		for (i = at; i < at + n; i++)
			set(i, 0);
		break;
	case 3:	/* drop from the cache, or bring in */
		if (!cached)
			break;
		absent[at / BLOCK] = !absent[at / BLOCK];
		was_absent = true;
		for (i = 0; i < BLOCK; i++)
			stable[at / BLOCK * BLOCK + i] = false;
		break;
	default: /* write */
		for (i = at; i < min(at + n, size); i++)
			set(i, alphabet[pick(sizeof(alphabet) - 1)]);
	}
	sync_piece();
}

/* Called by what the engine is compiled to, before it loads. */
static void before_load(const void *p)
{
	const u8 *at = p;

	if (!in_call || !source.shared || at < source.shared ||
	    at >= source.shared + source.len || !loads_left || --loads_left)
		return;
	change();
	loads_left = pick(1024);
}

#define BEFORE_LOAD(n, type)				\
	void __sanitizer_cov_load##n(type * p)		\
	{						\
		before_load(p);				\
	}
BEFORE_LOAD(1, uint8_t)
BEFORE_LOAD(2, uint16_t)
BEFORE_LOAD(4, uint32_t)
BEFORE_LOAD(8, uint64_t)
BEFORE_LOAD(16, __uint128_t)

static void before_call(void)
{
	if (happens(4))
		change();
}

static bool is_absent(u64 pos)
{
	return cached && absent[pos / BLOCK];
}

/* How many bytes at @pos are all absent, or all there, up to @len. */
static u64 alike(u64 pos, u64 len)
{
	u64 n = 1;

	while (n < len && is_absent(pos + n) == is_absent(pos))
		n++;
	return n;
}

static u64 zeros_at(u64 pos, u64 len)
{
	u64 n = 0;

	while (n < len && pos + n < size && !content[pos + n] && !is_absent(pos + n))
		n++;
	return n;
}

int ksift_source_next(struct ksift_src *src, u64 pos, u64 private_below,
		      struct ksift_piece *piece)
{
	u64 len;

	src->shared = NULL;
	src->is_detached = false;
	*piece = (struct ksift_piece){ 0 };
	before_call();
	if (pos >= size)
		return 0;
	if (happens(64))
		return -EIO;
	len = some(FILE_MAX, size - pos);
	len = alike(pos, len);
	piece->len = len;
	piece->absent = is_absent(pos);
	if (piece->absent)
		return 0;
	if (pos >= private_below && happens(2) && zeros_at(pos, len)) {
		piece->len = zeros_at(pos, len);
		return 0;
	}
	if (pos < private_below || pick(4) == 1) {
		memcpy(src->bounce, content + pos, len);
		piece->buf = src->bounce;
		return 0;
	}
	piece->shared = true;
	piece->buf = window.end - len;
	src->shared = piece->buf;
	src->at = pos;
	src->len = len;
	sync_piece();
	return 0;
}

bool ksift_source_intact(struct ksift_src *src, const struct ksift_piece *piece,
			 u64 from, u64 to)
{
	before_call();
	if (!piece->shared)
		return true;
	MUST(src->shared == piece->buf);
	if (src->is_detached && from < src->bad_to && to > src->bad_from)
		return false;
	return !happens(32);
}

int ksift_source_copy(struct ksift_src *src, struct ksift_piece *piece)
{
	MUST(piece->shared && src->shared == piece->buf);
	before_call();
	if (happens(64))
		return -ENOMEM;
	piece->len = some(300, piece->len);
	memcpy(src->bounce, piece->buf, piece->len);
	if (!ksift_source_intact(src, piece, src->at, src->at + src->len))
		return -EAGAIN;
	piece->buf = src->bounce;
	piece->shared = false;
	return 0;
}

void ksift_source_account(struct ksift_src *src, const struct ksift_piece *piece,
			  u64 len)
{
	(void)piece;
	src->bytes += len;
}

ssize_t ksift_source_read(struct ksift_src *src, u64 pos, void *buf, size_t len,
			  bool *gone)
{
	before_call();
	*gone = false;
	if (pos >= size)
		return 0;
	if (happens(64))
		return -EIO;
	len = min((u64)len, size - pos);
	if (is_absent(pos)) {
		*gone = true;
		return 0;
	}
	len = alike(pos, len);
	memcpy(buf, content + pos, len);
	src->bytes += len;
	return len;
}

u64 ksift_source_hole(struct ksift_src *src, u64 pos, u64 len)
{
	(void)src;
	before_call();
	return happens(2) ? zeros_at(pos, len) : 0;
}

bool ksift_source_covers(const struct ksift_src *src, u64 end)
{
	(void)src;
	before_call();
	return size >= end;
}

static bool within(u64 to, size_t len, const void *buf, u64 bytes)
{
	u64 base = (uintptr_t)buf;

	return to >= base && len <= bytes && to - base <= bytes - len;
}

int ksift_side_emit(struct ksift_src *src, u64 to, const void *from, size_t len)
{
	(void)src;
	before_call();
	MUST(len);
	MUST((want_text && within(to, len, text_buf, text_cap)) ||
	     (want_records && within(to, len, record_buf, records_cap * sizeof(*records))) ||
	     within(to, len, pattern_buf, sizeof(pattern_buf)));
	if (happens(64))
		return -EFAULT;
	memcpy((void *)(uintptr_t)to, from, len);
	return 0;
}

int ksift_side_poll(struct ksift_src *src)
{
	(void)src;
	before_call();
	return happens(8) ? -EINTR : 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct guarded g = guarded_alloc(FILE_MAX);

	(void)argc;
	(void)argv;
	content = g.end - FILE_MAX;
	window = guarded_alloc(FILE_MAX);
	source.bounce = malloc(FILE_MAX);
	source.detached = malloc(FILE_MAX);
	return 0;
}

static const char *const tokens[] = {
	"E", "ERR", "ERROR", " ", "a", "aa", "warn", "Error:", "x", "\0", "level=info ",
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
};

/* A file of lines that differ: each ends with a number of its own. */
static void make_file(void)
{
	unsigned int line = 0, i;

	size = 0;
	memset(absent, 0, sizeof(absent));
	memset(ended, 0, sizeof(ended));
	cutting = false;
	memset(values, 0, sizeof(values));
	memset(content, 0, FILE_MAX);
	for (line = 0; line < 400; line++) {
		unsigned int n = pick(16);
		char id[16];

		if (n == 15)
			n = pick(8) ? 40 : 400;
		if (n == 14)
			break;
		for (; n; n--) {
			const char *t = tokens[pick(ARRAY_SIZE(tokens))];
			size_t len = *t ? strlen(t) : 1;

			if (size + len + 10 > FILE_MAX)
				break;
			memcpy(content + size, t, len);
			size += len;
		}
		if (size + 10 > FILE_MAX)
			break;
		size += snprintf(id, sizeof(id), "%03u\n", line);
		memcpy(content + size - 4, id, 4);
	}
	/* A last line may lack its newline. */
	if (size && pick(2))
		size--;
	change_from = pick(FILE_MAX);
	change_to = change_from + some(FILE_MAX, FILE_MAX - change_from);
	if (!pick(4))
		change_to = change_from;
	ended[size] = true;
	changed = false;
	was_absent = false;
	for (i = 0; i < FILE_MAX; i++) {
		stable[i] = i < size;
		seen(i);
	}
}

static unsigned int make_patterns(struct oracle_pattern *pats)
{
	unsigned int count = pick(PATTERNS + 1), i;

	for (i = 0; i < count; i++) {
		const char *t = tokens[pick(ARRAY_SIZE(tokens))];
		unsigned int flags = byte() & 7;

		pats[i] = (struct oracle_pattern){
			.data = (const u8 *)t,
			.len = *t ? strlen(t) : 1,
			.flags = flags,
			.group = flags & KSIFT_PATTERN_EXCLUDE ? 0 : pick(3),
		};
		/* Shared beginnings, and the pattern that all lines have. */
		if (!pick(4))
			pats[i].len = pick(pats[i].len + 1);
	}
	return count;
}

/* What came out of all calls. */
struct result {
	u64 text_len;
	u64 record_count;
	u64 selected;
	u64 total;
	u64 total_bytes;
	u64 selected_bytes;
	u64 cut;
	bool limit;
};

static const struct oracle_pattern *the_pats;
static unsigned int pat_count, filter_flags;
/* Numbers of the records' lines, and counts by pattern, of all calls. */
static u64 indexes[OUT_MAX], counts[KSIFT_PATTERNS_MAX];
static u64 lines_wanted;
static bool want_counts;

static bool selects(const u8 *line, u64 len)
{
	return oracle_selects(the_pats, pat_count, filter_flags, line, len);
}

/* The end of the line of the file at @at, as it is now. */
static u64 line_end_at(u64 at)
{
	const u8 *nl = memchr(content + at, '\n', size - at);

	return nl ? (u64)(nl - content) : size;
}

/* Have all bytes of the line at @at been the same all the time? */
static bool line_is_stable(u64 at, u64 end)
{
	u64 i;

	for (i = at ? at - 1 : 0; i <= end && i < size; i++)
		if (!stable[i])
			return false;
	/* One without a newline may have had more behind it. */
	return end < size || !changed;
}

/* A record is of what was a line, in order. */
static void check_record(const struct ksift_record *rec, const struct ksift_record *before)
{
	u64 end = rec->offset + rec->len;

	MUST(!before || rec->offset > before->offset);
	MUST(!rec->offset || was(rec->offset - 1, '\n'));
	MUST(end <= FILE_MAX);
	/* One that is streamed ends where it is cut off or absent meanwhile. */
	MUST(rec->len >= KSIFT_STAGE_SIZE || was_absent || ended[end] || was(end, '\n'));
}

static void check_text(const struct result *res)
{
	const u8 *line = text, *end = text + res->text_len, *nl;
	u64 i, k, n = 0;
	bool whole;

	for (; line < end; line = nl + 1, n++) {
		nl = memchr(line, '\n', end - line);
		MUST(nl);
		whole = nl + 1 - line <= KSIFT_STAGE_SIZE && !resumed[n];
		MUST(!whole || selects(line, nl - line));
		if (!want_records)
			continue;
		MUST(n < res->record_count);
		i = records[n].offset;
		MUST(!whole || records[n].len == (u64)(nl - line));
		for (k = 0; k < (u64)(nl - line); k++, i++)
			MUST(i < FILE_MAX && was(i, line[k]));
	}
	MUST(n == res->selected);
}

static bool has(unsigned int pattern, u64 at, u64 end)
{
	return oracle_has(&the_pats[pattern], content + at, end - at);
}

/* What the record of a line says that has been the same all the time. */
static void check_attrs(const struct ksift_record *rec, u64 at, u64 end)
{
	u32 k, msg, lowest = U32_MAX;

	for (k = pat_count; k--; )
		if (!(the_pats[k].flags & KSIFT_PATTERN_EXCLUDE) && has(k, at, end))
			lowest = k;
	MUST(rec->len == end - at);
	MUST(rec->pattern == lowest);
	MUST(rec->level == ksift_level_find(content + at, end - at, &msg));
	MUST(rec->msg == msg);
}

/* How often the line was emitted: by where it began, or by what it is. */
static unsigned int times_emitted(const struct result *res, u64 at, u64 end)
{
	const u8 *line = text, *nl;
	unsigned int n = 0;
	u64 i;

	if (want_records) {
		for (i = 0; i < res->record_count; i++) {
			if (records[i].offset != at)
				continue;
			check_attrs(&records[i], at, end);
			n++;
		}
		return n;
	}
	for (; line < text + res->text_len; line = nl + 1) {
		nl = memchr(line, '\n', text + res->text_len - line);
		n += (u64)(nl - line) == end - at && !memcmp(line, content + at, end - at);
	}
	return n;
}

/* All of the results, if nothing has changed. */
static void check_all(const struct result *res, u64 from, u64 to)
{
	u64 want[KSIFT_PATTERNS_MAX] = { 0 };
	u64 at, end, total = 0, bytes = 0, selected = 0, selected_bytes = 0;
	u32 k;

	for (at = 0; at < size && selected < lines_wanted; at = end + 1) {
		end = line_end_at(at);
		if (at < from || at >= to)
			continue;
		if (selects(content + at, end - at)) {
			if (want_records) {
				MUST(selected < res->record_count);
				MUST(records[selected].offset == at);
				MUST(indexes[selected] == total);
			}
			for (k = 0; k < pat_count; k++)
				want[k] += has(k, at, end);
			selected++;
			selected_bytes += end - at + 1;
		}
		total++;
		bytes += min(end + 1, size) - at;
	}
	MUST(res->selected == selected);
	MUST(res->selected_bytes == selected_bytes);
	MUST(!res->cut);
	if (want_counts)
		MUST(!memcmp(counts, want, sizeof(counts)));
	/* With a limit, lines after the last that was selected may count, or not. */
	if (res->limit)
		return;
	MUST(res->total == total);
	MUST(res->total_bytes == bytes);
}

static void check_lines(const struct result *res, u64 from, u64 to)
{
	u64 at, end, stable_total = 0, stable_selected = 0;

	for (at = 0; at < size && !res->limit; at = end + 1) {
		bool takes;

		end = line_end_at(at);
		if (at < from || at >= to || !line_is_stable(at, end))
			continue;
		takes = selects(content + at, end - at);
		stable_total++;
		stable_selected += takes;
		/* Lines without a word of their own are not told apart by it. */
		if (want_records || (want_text && end - at > 3))
			MUST(times_emitted(res, at, end) == takes);
	}
	/* What is counted only is at least that. */
	MUST(res->total >= stable_total && res->selected >= stable_selected);
	if (!changed && !was_absent)
		check_all(res, from, to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const size_t direct[] = { 0, 1, 40, KSIFT_STAGE_SIZE };
	const struct ksift_variant_ops *const *v = ksift_variants;
	struct oracle_pattern pats[PATTERNS];
	struct result res = { 0 };
	struct ksift_run run = {
		.kernel = KSIFT_KERNEL_LINES,
		.source = KSIFT_SOURCE_FILE,
	};
	struct ksift_drive setup = {
		.run = &run,
		.src = &source,
		.stage = malloc(KSIFT_STAGE_SIZE),
		.record = malloc(KSIFT_RECORDS_HELD * sizeof(*setup.record)),
	};
	struct ksift_prog *prog;
	unsigned int asked, calls = 0;
	u64 max_lines;

	input = data;
	input_end = data + len;
	for (seed = 0; data < input_end; data++)
		seed = (seed + *data + 1) * 0x9e3779b97f4a7c15;
	chances = len ? 16 << seed % 10 : 0;
	make_file();
	memset(resumed, 0, sizeof(resumed));
	pat_count = make_patterns(pats);
	the_pats = pats;
	filter_flags = pick(4);
	if (pat_count && pick(2))
		prog = make_program(pats, pat_count, filter_flags, pick(16));
	else
		prog = make_prog(pats, pat_count, filter_flags);
	setup.scan = malloc(ksift_scan_size(prog));
	asked = byte();
	want_counts = !pick(4) && pat_count;
	memset(counts, 0, sizeof(counts));
	want_text = asked & 1;
	want_records = asked & 2;
	cached = asked & 4;
	max_lines = asked & 8 ? pick(20) : U64_MAX;
	lines_wanted = max_lines;
	run.flags = cached ? KSIFT_RUN_CACHED : 0;
	run.from = asked & 16 ? pick(FILE_MAX) : 0;
	run.to = asked & 32 ? run.from + pick(FILE_MAX) : U64_MAX;
	text_cap = 1 + pick(asked & 64 ? 300 : 2 * FILE_MAX);
	records_cap = 1 + pick(asked & 128 ? 3 : 400);
	setup.prog = prog;
	setup.direct_min = direct[pick(ARRAY_SIZE(direct))];
	setup.work = pick(4) ? U64_MAX : 1 + pick(FILE_MAX);
	setup.ops = *v;
	for (; *v; v++)
		if (ksift_variant_usable(*v) && pick(3))
			setup.ops = *v;

	for (;;) {
		struct ksift_lines args = {
			.max_lines = max_lines,
			.flags = KSIFT_LINES_TOTAL,
			.text = want_text ? (uintptr_t)text_buf : 0,
			.text_cap = want_text ? text_cap : 0,
			.records = want_records ? (uintptr_t)record_buf : 0,
			.records_cap = want_records ? records_cap : 0,
			.record_size = want_records ? sizeof(*records) : 0,
			.pattern_counts = want_counts ? (uintptr_t)pattern_buf : 0,
			.pattern_counts_cap = want_counts ? KSIFT_PATTERNS_MAX : 0,
		};
		struct ksift_resume was = run.resume;
		struct ksift_drive d = setup;
		u64 pos = was.flags ? was.pos : run.from, bytes = source.bytes, i;
		int ret;

		d.args = &args;
		MUST(!ksift_check_run(&run, 1 << KSIFT_SOURCE_FILE));
		MUST(!ksift_check_lines(&args));
		/* What each of a file's bytes is worth, and then some. */
		MUST(++calls < 20 * FILE_MAX);
		in_call = true;
		loads_left = pick(1024);
		ret = ksift_drive_lines(&d);
		in_call = false;
		MUST(source.bytes - bytes == d.used);
		source.shared = NULL;
		if (ret) {
			/* They end with the input. */
			MUST(ret == -EINTR || ret == -EIO || ret == -ENOMEM || ret == -EFAULT);
			run.resume = was;
			continue;
		}
		MUST(args.out_text <= args.text_cap && args.out_records <= args.records_cap);
		MUST(args.out_selected <= args.max_lines);
		MUST(res.text_len + args.out_text <= sizeof(text));
		memcpy(text + res.text_len, text_buf, args.out_text);
		MUST(res.record_count + args.out_records <= ARRAY_SIZE(records));
		for (i = 0; i < args.out_records; i++)
			indexes[res.record_count + i] = res.total + record_buf[i].line;
		for (i = 0; want_counts && i < pat_count; i++)
			counts[i] += pattern_buf[i];
		memcpy(records + res.record_count, record_buf, args.out_records * sizeof(*records));
		res.text_len += args.out_text;
		res.record_count += args.out_records;
		res.selected += args.out_selected;
		if (run.resume.flags & KSIFT_RESUME_INLINE)
			resumed[res.selected - 1] = true;
		res.selected_bytes += args.out_selected_bytes;
		res.total += args.out_total;
		res.total_bytes += args.out_total_bytes;
		res.cut += run.out_cut;
		max_lines -= max_lines == U64_MAX ? 0 : args.out_selected;
		MUST(run.resume.pos >= pos);
		if (run.resume.flags & KSIFT_RESUME_DONE)
			break;
		if (!(run.resume.flags & (KSIFT_RESUME_INLINE | KSIFT_RESUME_PENDING_NL)) &&
		    run.resume.flags & KSIFT_RESUME_LIMIT) {
			res.limit = true;
			break;
		}
		MUST(run.resume.pos > pos || run.resume.skip > was.skip ||
		     args.out_text || run.out_absent || run.resume.flags != was.flags);
		run.resume.flags |= KSIFT_RESUME_VALID;
	}
	if (want_records) {
		u64 i;

		MUST(res.record_count == res.selected);
		for (i = 0; i < res.record_count; i++)
			check_record(&records[i], i ? &records[i - 1] : NULL);
	}
	if (want_text)
		check_text(&res);
	check_lines(&res, run.from, run.to);
	free_prog(prog);
	free(setup.record);
	free(setup.stage);
	free(setup.scan);
	return 0;
}
