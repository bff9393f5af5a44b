// SPDX-License-Identifier: GPL-2.0-only
/*
 * Output as grep's.
 */
#include <inttypes.h>

#include "grep.h"

static void put_name(const struct input *in, char sep)
{
	fputs(in->name, stdout);
	putchar(in->grep->null ? 0 : sep);
}

static void put_prefix(const struct input *in, const struct line *line)
{
	const struct grep *g = in->grep;
	char sep = line->context ? '-' : ':';

	if (g->prefix)
		put_name(in, sep);
	if (g->number)
		printf("%llu%c", line->rec.line + 1, sep);
	if (g->offset)
		printf("%llu%c", line->rec.offset - in->origin, sep);
}

static void text_raw(const struct input *in, const char *text, size_t len)
{
	(void)in;
	fwrite(text, 1, len, stdout);
}

static void text_line(const struct input *in, const struct line *line)
{
	put_prefix(in, line);
	line_put(line, 0, line->rec.len);
	putchar('\n');
}

static void text_end(const struct input *in, const struct ksift_scan_result *res)
{
	const struct grep *g = in->grep;

	if (g->quiet)
		return;
	if (g->list != LIST_NONE) {
		if (!res->selected == (g->list == LIST_OTHERS))
			put_name(in, '\n');
	} else if (g->count) {
		if (g->prefix)
			put_name(in, ':');
		printf("%" PRIu64 "\n", res->selected);
	}
}

const struct printer printer_text = {
	.raw = text_raw,
	.line = text_line,
	.end = text_end,
};
