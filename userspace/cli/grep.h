/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of ksift grep: grep.c knows the options, filter.c the patterns,
 * search.c searches one file, and a printer says what was found.
 */
#ifndef _KSIFT_GREP_H
#define _KSIFT_GREP_H

#include <stdbool.h>
#include <stdint.h>

#include "cli.h"
#include "filter.h"
#include "line.h"

struct printer;

enum list {
	LIST_NONE,
	LIST_MATCHING,
	LIST_OTHERS,
};

/**
 * struct grep - What is to be done, the same for all files
 * @ctx: The engine
 * @engine: Selects lines there
 * @filter: The patterns
 * @printer: Where output goes
 * @fixed: -F
 * @fold: -i
 * @invert: -v
 * @count: -c
 * @number: -n
 * @offset: -b
 * @quiet: -q
 * @no_messages: -s
 * @prefix: Names stand in front of lines
 * @null: -Z
 * @list: -l, -L
 * @max: Lines to select in each file
 * @label: Name of standard input
 * @stats: --stats
 * @checkpoint: --checkpoint, or NULL
 */
struct grep {
	struct ksift_ctx *ctx;
	struct ksift_matcher *engine;
	struct filter filter;
	const struct printer *printer;
	bool fixed, fold, invert, count, number, offset, quiet, no_messages;
	bool prefix, null;
	enum list list;
	uint64_t max;
	const char *label;
	bool stats;
	const char *checkpoint;
};

/**
 * struct input - The file that is being searched
 * @grep: What is done to it
 * @name: Its name, for people
 * @fd: Open for reading
 * @regular: It is a file with a size, whose bytes can be read again
 * @origin: The offset at which the search began; -b counts from it
 * @first_line: How many lines come before the first that is searched
 */
struct input {
	const struct grep *grep;
	const char *name;
	int fd;
	bool regular;
	uint64_t origin;
	uint64_t first_line;
};

/**
 * struct printer - One form of output
 * @begin: A file is going to be searched, or NULL
 * @raw: Selected text as it is, of any number of lines.  NULL: every line goes
 *	through @line
 * @line: A selected line, or one of context
 * @end: The file has been searched, up to an error if there was one.  @res
 *	says what was selected, whoever decided it.  Called for a directory, too
 * @finish: All files have been searched, or NULL
 * @numbers: @line needs the lines' numbers
 *
 * Nothing but @end and @finish is called when lines are not wanted: see
 * grep_wants_lines().
 */
struct printer {
	void (*begin)(const struct input *in);
	void (*raw)(const struct input *in, const char *text, size_t len);
	void (*line)(const struct input *in, const struct line *line);
	void (*end)(const struct input *in, const struct ksift_scan_result *res);
	void (*finish)(const struct grep *g);
	bool numbers;
};

extern const struct printer printer_text, printer_json, printer_records;

/* Not with -c, -l, -L and -q. */
static inline bool grep_wants_lines(const struct grep *g)
{
	return !g->quiet && !g->count && g->list == LIST_NONE;
}

/* What searching all files came to. */
struct found {
	bool matched;
	bool failed;
};

void search_file(const struct grep *g, const char *path, struct found *found);

#endif /* _KSIFT_GREP_H */
