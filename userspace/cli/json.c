// SPDX-License-Identifier: GPL-2.0-only
/*
 * Output for programs: --json, in the envelope that ripgrep has made usual,
 * and --records.
 *
 * What is UTF-8 is a string, anything else base64, so that every output is
 * valid JSON and every byte can be got back.  Keys are only ever added to
 * ripgrep's.  A line is not held for it: a long one is read once to see whether
 * it is UTF-8, once to be printed, and once for the places that matched.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "json.h"
#include "level.h"

/* A multiple of 3, so that base64 needs padding only at the end. */
#define PIECE (48u << 10)

/* What ripgrep calls stats. */
struct counts {
	uint64_t bytes_printed;
	uint64_t bytes_searched;
	uint64_t matched_lines;
	uint64_t matches;
	uint64_t searches;
	uint64_t nanos;
	uint64_t absent;	/* with --cached */
	uint64_t cut;
};

/* There is one standard output. */
static struct {
	uint64_t written;
	char eol;		/* what lines end with */
	bool begun;		/* something of this file has been printed */
	uint64_t file_written;	/* what was written before that */
	uint64_t file_start;
	struct counts file;
	struct counts all;
	uint64_t start;
} out;

/* How far the check of a text has come: bytes that have to follow, and which. */
struct utf8 {
	unsigned char need, low, high;
	bool bad;
};

static void json_put(const char *s, size_t len)
{
	fwrite(s, 1, len, stdout);
	out.written += len;
}

static void json_puts(const char *s)
{
	json_put(s, strlen(s));
}

static void json_number(uint64_t n)
{
	char buf[24];

	json_put(buf, snprintf(buf, sizeof(buf), "%" PRIu64, n));
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void utf8_begin(struct utf8 *u, unsigned char c)
{
	u->low = 0x80;
	u->high = 0xbf;
	if (c >= 0xc2 && c <= 0xdf) {
		u->need = 1;
	} else if ((c & 0xf0) == 0xe0) {
		u->need = 2;
		if (c == 0xe0)		/* could be shorter */
			u->low = 0xa0;
		if (c == 0xed)		/* a surrogate */
			u->high = 0x9f;
	} else if (c >= 0xf0 && c <= 0xf4) {
		u->need = 3;
		if (c == 0xf0)
			u->low = 0x90;
		if (c == 0xf4)		/* above U+10FFFF */
			u->high = 0x8f;
	} else {
		u->bad = true;
	}
}

/* Return: how much of it is whole characters, up to the first bad byte. */
static size_t utf8_feed(struct utf8 *u, const char *s, size_t len)
{
	size_t i, whole = 0;

	for (i = 0; i < len && !u->bad; i++) {
		unsigned char c = s[i];

		if (u->need) {
			u->bad = c < u->low || c > u->high;
			u->need--;
			u->low = 0x80;
			u->high = 0xbf;
		} else if (c >= 0x80) {
			utf8_begin(u, c);
		}
		if (!u->need && !u->bad)
			whole = i + 1;
	}
	return whole;
}

static bool utf8_ends(const struct utf8 *u)
{
	return !u->bad && !u->need;
}

static void put_escape(unsigned char c)
{
	static const char names[] = "\"\"\\\\\bb\ff\nn\rr\tt";
	char buf[8];
	size_t i;

	for (i = 0; names[i]; i += 2) {
		if (names[i] == (char)c) {
			buf[0] = '\\';
			buf[1] = names[i + 1];
			return json_put(buf, 2);
		}
	}
	json_put(buf, snprintf(buf, sizeof(buf), "\\u%04x", c));
}

/* The inside of a string. */
static void put_string(const char *s, size_t len)
{
	const char *end = s + len, *p;

	for (; s < end; s = p + 1) {
		for (p = s; p < end; p++)
			if ((unsigned char)*p < 0x20 || *p == '"' || *p == '\\')
				break;
		json_put(s, p - s);
		if (p == end)
			return;
		put_escape(*p);
	}
}

static void put_base64(const char *s, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)s;

	for (; len; p += 3) {
		uint32_t v = p[0] << 16;
		char quad[4];

		if (len > 1)
			v |= p[1] << 8;
		if (len > 2)
			v |= p[2];
		quad[0] = digits[v >> 18];
		quad[1] = digits[v >> 12 & 63];
		quad[2] = len > 1 ? digits[v >> 6 & 63] : '=';
		quad[3] = len > 2 ? digits[v & 63] : '=';
		json_put(quad, 4);
		len -= len < 3 ? len : 3;
	}
}

static void put_data(const char *s, size_t len)
{
	struct utf8 u = { 0 };

	utf8_feed(&u, s, len);
	if (utf8_ends(&u)) {
		json_puts("\"text\":\"");
		put_string(s, len);
	} else {
		json_puts("\"bytes\":\"");
		put_base64(s, len);
	}
	json_puts("\"");
}

/* An object, {"text":"..."} or {"bytes":"..."}. */
static void json_text(const char *s, size_t len)
{
	json_puts("{");
	put_data(s, len);
	json_puts("}");
}

/* As line_read(), with the newline. */
static size_t read_line(const struct line *line, uint64_t at, char *buf, size_t len)
{
	size_t n = line_read(line, at, buf, len);

	if (!line->unended && n < len && at + n == line->rec.len)
		buf[n++] = out.eol;
	return n;
}

/*
 * A piece of a text that has been found to be UTF-8, but may have changed since.
 * Return: how much of it was put; not a character that it only begins.
 */
static size_t put_checked(const char *s, size_t len)
{
	size_t done = 0, whole;

	while (done < len) {
		struct utf8 u = { 0 };

		whole = utf8_feed(&u, s + done, len - done);
		put_string(s + done, whole);
		done += whole;
		if (done == len || (done && !u.bad))
			break;
		json_puts("\\ufffd");
		done++;
	}
	return done;
}

static void put_long_text(const struct line *line, char *buf)
{
	uint64_t at = 0;
	size_t n;

	while ((n = read_line(line, at, buf, PIECE)))
		at += put_checked(buf, n);
}

/* Nothing follows on padding, even if there is more by now. */
static void put_long_bytes(const struct line *line, char *buf)
{
	uint64_t at = 0;
	size_t n;

	do {
		n = read_line(line, at, buf, PIECE);
		put_base64(buf, n);
		at += n;
	} while (n == PIECE);
}

static void put_line(const struct line *line)
{
	static char buf[PIECE];
	struct utf8 u = { 0 };
	uint64_t at;
	size_t n;

	n = read_line(line, 0, buf, sizeof(buf));
	if (n < sizeof(buf))
		return json_text(buf, n);
	for (at = 0; n; at += n, n = read_line(line, at, buf, sizeof(buf)))
		utf8_feed(&u, buf, n);
	if (utf8_ends(&u)) {
		json_puts("{\"text\":\"");
		put_long_text(line, buf);
	} else {
		json_puts("{\"bytes\":\"");
		put_long_bytes(line, buf);
	}
	json_puts("\"}");
}

/* Most matches are short; those of regular expressions may be as long as the line. */
static void put_match(const struct line *line, const struct match *match)
{
	uint64_t len = match->to - match->from;
	char buf[256], *text = len <= sizeof(buf) ? buf : malloc(len);

	if (!text) {
		cli_flush();
		cli_refuse("%s", strerror(ENOMEM));
		exit(CLI_ERROR);
	}
	json_text(text, line_read(line, match->from, text, len));
	if (text != buf)
		free(text);
}

static void put_place(const struct line *line, const struct match *match)
{
	json_puts("{\"match\":");
	put_match(line, match);
	json_puts(",\"start\":");
	json_number(match->from);
	json_puts(",\"end\":");
	json_number(match->to);
	json_puts("}");
}

static void put_places(const struct grep *g, const struct line *line)
{
	const char *comma = "";
	struct match match;

	while (g->word || g->whole ? match_next(g->match, &match) :
				     match_next_first(g->match, &match)) {
		json_puts(comma);
		put_place(line, &match);
		comma = ",";
		out.file.matches += !line->context;
	}
}

static void put_name(const struct input *in)
{
	json_puts("\"path\":");
	json_text(in->name, strlen(in->name));
}

static void put_level(uint32_t level)
{
	json_puts(",\"level\":\"");
	json_puts(level_name(level));
	json_puts("\"");
}

static void put_pattern(const struct filter *filter, uint32_t i)
{
	json_puts(",\"pattern\":");
	if (i >= filter->count)
		return json_puts("null");
	json_puts("{\"index\":");
	json_number(i);
	json_puts(",");
	if (filter_is_plain(filter, i))
		put_data((const char *)(uintptr_t)filter->patterns[i].data,
			 filter->patterns[i].len);
	else
		put_data(filter->exprs[i].text, filter->exprs[i].len);
	json_puts("}");
}

static void json_begin(const struct input *in)
{
	out.eol = in->grep->eol;
	out.begun = false;
	out.file = (struct counts){ 0 };
	out.file_written = out.written;
	out.file_start = now();
	if (!out.start)
		out.start = out.file_start;
}

static void put_begin(const struct input *in)
{
	struct stat st;

	json_puts("{\"type\":\"begin\",\"data\":{");
	put_name(in);
	if (!fstat(in->fd, &st)) {
		json_puts(",\"dev\":");
		json_number(st.st_dev);
		json_puts(",\"ino\":");
		json_number(st.st_ino);
	}
	json_puts("}}\n");
	out.begun = true;
}

/* With --cached it is not known how many lines there were before. */
static void put_line_number(const struct input *in, const struct line *line)
{
	if (in->grep->cache & KSIFT_SCAN_CACHED)
		json_puts("null");
	else
		json_number(line->rec.line + 1);
}

static void json_line(const struct input *in, const struct line *line)
{
	const struct grep *g = in->grep;

	if (!out.begun)
		put_begin(in);
	json_puts(line->context ? "{\"type\":\"context\",\"data\":{" :
		  "{\"type\":\"match\",\"data\":{");
	put_name(in);
	json_puts(",\"lines\":");
	put_line(line);
	json_puts(",\"line_number\":");
	put_line_number(in, line);
	json_puts(",\"absolute_offset\":");
	json_number(line->rec.offset - in->origin);
	json_puts(",\"submatches\":[");
	if (line->context == g->invert)
		put_places(g, line);
	json_puts("]");
	/* Of a file the engine tells them only of what it selects. */
	if (!line->context) {
		put_level(line->rec.level);
		put_pattern(&g->filter, line->rec.pattern);
	}
	json_puts("}}\n");
	out.file.matched_lines += !line->context;
}

static void put_key(const char *key, uint64_t n)
{
	json_puts(key);
	json_number(n);
}

static void put_elapsed(uint64_t nanos)
{
	char human[32];

	put_key("{\"secs\":", nanos / 1000000000);
	put_key(",\"nanos\":", nanos % 1000000000);
	snprintf(human, sizeof(human), "%.6fs", nanos / 1e9);
	json_puts(",\"human\":\"");
	json_puts(human);
	json_puts("\"}");
}

static void put_counts(const struct counts *c, bool cached)
{
	json_puts("\"stats\":{\"elapsed\":");
	put_elapsed(c->nanos);
	put_key(",\"searches\":", c->searches);
	put_key(",\"searches_with_match\":", c->searches);
	put_key(",\"bytes_searched\":", c->bytes_searched);
	put_key(",\"bytes_printed\":", c->bytes_printed);
	put_key(",\"matched_lines\":", c->matched_lines);
	put_key(",\"matches\":", c->matches);
	if (cached) {
		put_key(",\"bytes_absent\":", c->absent);
		put_key(",\"lines_cut\":", c->cut);
	}
	json_puts("}");
}

/* A file without a match is not mentioned, nor counted; so in ripgrep. */
static void json_end(const struct input *in, const struct ksift_scan_result *res)
{
	struct counts *file = &out.file, *all = &out.all;

	all->absent += res->absent;
	all->cut += res->cut;
	if (!out.begun)
		return;
	file->absent = res->absent;
	file->cut = res->cut;
	out.begun = false;
	file->searches = 1;
	file->bytes_searched = res->end - res->start;
	file->bytes_printed = out.written - out.file_written;
	file->nanos = now() - out.file_start;
	json_puts("{\"type\":\"end\",\"data\":{");
	put_name(in);
	json_puts(",\"binary_offset\":null,");
	put_counts(file, in->grep->cache & KSIFT_SCAN_CACHED);
	json_puts("}}\n");

	all->searches += file->searches;
	all->bytes_searched += file->bytes_searched;
	all->bytes_printed += file->bytes_printed;
	all->matched_lines += file->matched_lines;
	all->matches += file->matches;
	all->nanos += file->nanos;
}

static void json_finish(const struct grep *g)
{
	if (g->quiet)
		return;
	json_puts("{\"data\":{\"elapsed_total\":");
	put_elapsed(out.start ? now() - out.start : 0);
	json_puts(",");
	put_counts(&out.all, g->cache & KSIFT_SCAN_CACHED);
	json_puts("},\"type\":\"summary\"}\n");
}

/* Offsets say it. */
static void no_gap(const struct input *in)
{
	(void)in;
}

const struct printer printer_json = {
	.begin = json_begin,
	.line = json_line,
	.gap = no_gap,
	.end = json_end,
	.finish = json_finish,
	.numbers = true,
	.places = true,
};

/*
 * --records: one object for each selected line, without its text.  Its keys are
 * always all there, in this order; later ones come behind them.
 */
static void record_line(const struct input *in, const struct line *line)
{
	if (line->context)
		return;
	json_puts("{\"path\":");
	json_text(in->name, strlen(in->name));
	put_key(",\"offset\":", line->rec.offset - in->origin);
	put_key(",\"len\":", line->rec.len);
	json_puts(",\"line\":");
	put_line_number(in, line);
	put_level(line->rec.level);
	if (line->rec.pattern < in->grep->filter.count)
		put_key(",\"pattern\":", line->rec.pattern);
	else
		json_puts(",\"pattern\":null");
	put_key(",\"msg\":", line->rec.msg);
	json_puts("}\n");
}

static void record_end(const struct input *in, const struct ksift_scan_result *res)
{
	(void)in;
	(void)res;
}

const struct printer printer_records = {
	.line = record_line,
	.gap = no_gap,
	.end = record_end,
	.numbers = true,
};
