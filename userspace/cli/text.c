// SPDX-License-Identifier: GPL-2.0-only
/*
 * Output as grep's.
 */
#include <inttypes.h>
#include <string.h>

#include "color.h"
#include "text.h"

static void put_colored(const struct grep *g, const char *code, const char *s)
{
	if (g->color)
		color_begin(code);
	fputs(s, stdout);
	if (g->color)
		color_end(code);
}

static void put_separator(const struct grep *g, char c)
{
	put_colored(g, colors.separator, (char[]){ c, 0 });
}

static void put_name(const struct input *in)
{
	put_colored(in->grep, colors.name, in->name);
}

static void put_number(const struct input *in, const char *code, uint64_t n, char sep)
{
	char digits[21];

	snprintf(digits, sizeof(digits), "%*" PRIu64, in->width, n);
	put_colored(in->grep, code, digits);
	put_separator(in->grep, sep);
}

/* What goes before the part of a line that is bytes [@from, @to) of it. */
static void put_prefix(const struct input *in, const struct line *line, uint64_t from,
		       uint64_t to)
{
	const struct grep *g = in->grep;
	char sep = line->context ? '-' : ':';

	if (in->prefix) {
		put_name(in);
		if (g->null)
			putchar(0);
		else
			put_separator(g, sep);
	}
	if (g->number)
		put_number(in, colors.number, line->rec.line + 1, sep);
	if (g->offset)
		put_number(in, colors.offset, line->rec.offset - in->origin + from, sep);
	if (g->tab && to > from && (in->prefix || g->number || g->offset))
		putchar('\t');
}

static void put_only(const struct input *in, const struct line *line,
		     const char *color)
{
	const struct grep *g = in->grep;
	struct match match;

	while (match_next(g->match, &match)) {
		put_prefix(in, line, match.from, match.to);
		if (g->color)
			color_begin(color);
		line_put(line, match.from, match.to);
		if (g->color)
			color_end(color);
		putchar(g->eol);
	}
}

/* Colour does not extend to a carriage return at the end. */
static void put_rest(const struct line *line, uint64_t from, const char *color)
{
	uint64_t end = line->rec.len;
	char last;

	if (*color && end > from && line_read(line, end - 1, &last, 1) && last == '\r')
		end--;
	if (*color && end > from) {
		color_begin(color);
		line_put(line, from, end);
		color_end(color);
		from = end;
	}
	line_put(line, from, line->rec.len);
}

static void put_highlighted(const struct grep *g, const struct line *line,
			    bool matching, const char *color)
{
	bool selected = line->context == (g->invert && colors.reverse);
	const char *rest = selected ? colors.selected_line : colors.context_line;
	struct match match;
	uint64_t at = 0;

	while (matching && *color && match_next(g->match, &match)) {
		color_begin(rest);
		line_put(line, at, match.from);
		color_begin(color);
		line_put(line, match.from, match.to);
		color_end(color);
		at = match.to;
	}
	put_rest(line, at, rest);
}

static void text_raw(const struct input *in, const char *text, size_t len)
{
	(void)in;
	fwrite(text, 1, len, stdout);
}

static void text_line(const struct input *in, const struct line *line)
{
	const struct grep *g = in->grep;
	bool matching = line->context == g->invert;
	const char *color = line->context ? colors.context : colors.selected;

	if (g->only) {
		if (matching)
			put_only(in, line, color);
		return;
	}
	put_prefix(in, line, 0, line->rec.len);
	if (g->color)
		put_highlighted(g, line, matching, color);
	else
		line_put(line, 0, line->rec.len);
	putchar(g->eol);
}

/* A separator stands between groups, those of different files too. */
static void text_gap(const struct input *in)
{
	const struct grep *g = in->grep;
	static bool any;

	if (any && g->separator) {
		put_colored(g, colors.separator, g->separator);
		putchar('\n');
	}
	any = true;
}

static void text_end(const struct input *in, const struct ksift_scan_result *res)
{
	const struct grep *g = in->grep;

	if (g->quiet || g->count_each)
		return;
	if (g->list != LIST_NONE) {
		if (!res->selected != (g->list == LIST_OTHERS))
			return;
		put_name(in);
		putchar(g->null ? 0 : '\n');
	} else if (g->count) {
		if (in->prefix) {
			put_name(in);
			if (g->null)
				putchar(0);
			else
				put_separator(g, ':');
		}
		printf("%" PRIu64 "\n", res->selected);
	}
}

const struct printer printer_text = {
	.raw = text_raw,
	.line = text_line,
	.gap = text_gap,
	.end = text_end,
};
