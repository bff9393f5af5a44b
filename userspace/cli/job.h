/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of ksift grep have in common.  grep.c makes it from the options,
 * filter.c knows the patterns, walk.c finds the files, search.c searches one, with
 * entries.c and context.c, watch.c looks on, and a printer, text.c or json.c, says
 * what was found.
 */
#ifndef _KSIFT_JOB_H
#define _KSIFT_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "cli.h"
#include "filter.h"
#include "glob.h"
#include "line.h"
#include "match.h"

struct printer;

enum list {
	LIST_NONE,
	LIST_MATCHING,
	LIST_OTHERS,
};

enum directories {
	DIRECTORIES_READ,
	DIRECTORIES_RECURSE,
	DIRECTORIES_SKIP,
};

/* What is neither a file nor a directory. */
enum devices {
	DEVICES_NAMED,		/* read it if the command line names it */
	DEVICES_READ,
	DEVICES_SKIP,
};

/* Lines of context that were not asked for. */
#define CONTEXT_NONE (-1)

/**
 * struct grep - What is to be done, the same for all files
 * @ctx: The engine
 * @engine: Selects lines there: those that are meant, or with @decides more
 * @engine_all: Selects all lines there, for streams with context, and to look at
 *	a file's beginning with @cache
 * @engine_binary: Selects those that have a zero byte, for @no_binary
 * @engine_levels: Selects those that carry a level, where grep_needs_level()
 * @match: Finds patterns in a line; NULL if nothing asks for it
 * @filter: The patterns
 * @globs: --include, --exclude, --exclude-from, --exclude-dir
 * @printer: Where output goes
 * @fold: -i
 * @invert: -v
 * @word: -w
 * @whole: -x
 * @only: -o
 * @count: -c
 * @count_each: --count-each
 * @number: -n
 * @offset: -b
 * @quiet: -q
 * @no_messages: -s
 * @text: -a
 * @no_binary: -I: a file that has a zero byte has no lines
 * @tab: -T
 * @prefix: Names stand in front of lines
 * @dir_prefix: So they do for files found in a directory
 * @null: -Z
 * @color: --color
 * @decides: Which lines are selected is found out here, with @match: the engine only
 *	suspects some patterns
 * @eol: What lines end with, a zero byte with -z
 * @list: -l, -L
 * @directories: -d, -r, -R
 * @follow: -R: links are followed in directories
 * @devices: -D
 * @max: Lines to select in each file
 * @before: Lines of context before selected ones, or %CONTEXT_NONE
 * @after: Those after them, or %CONTEXT_NONE
 * @separator: Stands between groups of them; NULL: nothing does
 * @levels: --level, as the level_mask of struct ksift_filter; 0 for all
 * @threads: -j
 * @label: Name of standard input
 * @stats: --stats
 * @checkpoint: --checkpoint, or NULL
 * @join: Entries are searched for, not lines
 * @from: First byte of the range that is searched, in each file
 * @to: Byte after it
 * @cache: --cached, --polite, as enum ksift_scan_flags
 */
struct grep {
	struct ksift_ctx *ctx;
	struct ksift_matcher *engine, *engine_all, *engine_levels, *engine_binary;
	struct matcher *match;
	struct filter filter;
	struct globs globs;
	const struct printer *printer;
	bool fold, invert, word, whole, only, count, count_each, number, offset, quiet;
	bool no_messages, text, no_binary, tab, prefix, dir_prefix, null, color, decides;
	char eol;
	enum list list;
	enum directories directories;
	enum devices devices;
	bool follow;
	uint64_t max;
	int64_t before, after;
	uint32_t levels, threads;
	const char *separator;
	const char *label;
	bool stats;
	const char *checkpoint;
	bool join;
	uint64_t from, to;
	uint32_t cache;
};

/**
 * struct input - The file that is being searched
 * @grep: What is done to it
 * @name: Its name, for people
 * @fd: Open for reading
 * @prefix: Its name stands in front of lines
 * @width: With -T, of numbers in front of lines
 * @regular: It is a file with a size, whose bytes can be read again
 * @origin: The offset at which the search began; -b counts from it
 * @first_line: How many lines come before the first that is searched
 */
struct input {
	const struct grep *grep;
	const char *name;
	int fd;
	bool prefix;
	int width;
	bool regular;
	uint64_t origin;
	uint64_t first_line;
};

/**
 * struct printer - One form of output
 * @begin: A file is going to be searched, or NULL
 * @raw: Selected text as it is, of any number of lines.  NULL: every line goes
 *	through @line.  It knows of no option: wants_raw() in search.c has to tell
 *	of each that changes how a line looks
 * @line: A selected line, or one of context.  @in->grep->match is set to it:
 *	match_next() gives the places of the patterns
 * @gap: With context: lines were left out before the next, or it is the file's first
 * @end: The file has been searched, up to an error if there was one.  @res
 *	says what was selected, whoever decided it.  Called for a directory, too
 * @finish: All files have been searched, or NULL
 * @numbers: @line needs the lines' numbers
 * @places: @line needs the places of the patterns in them
 *
 * Nothing but @end and @finish is called when lines are not wanted: see
 * grep_wants_lines().
 */
struct printer {
	void (*begin)(const struct input *in);
	void (*raw)(const struct input *in, const char *text, size_t len);
	void (*line)(const struct input *in, const struct line *line);
	void (*gap)(const struct input *in);
	void (*end)(const struct input *in, const struct ksift_scan_result *res);
	void (*finish)(const struct grep *g);
	bool numbers;
	bool places;
};

/* Not with -c, --count-each, -l, -L and -q. */
static inline bool grep_wants_lines(const struct grep *g)
{
	return !g->quiet && !g->count && !g->count_each && g->list == LIST_NONE;
}

static inline bool grep_wants_context(const struct grep *g)
{
	return grep_wants_lines(g) &&
		(g->before != CONTEXT_NONE || g->after != CONTEXT_NONE);
}

/* Lines without a level are not among those that --level is for. */
static inline bool grep_needs_level(const struct grep *g)
{
	return g->levels && !(g->levels & 1u << KSIFT_LEVEL_NONE);
}

/**
 * struct found - What searching all files came to
 * @matched: Some file had a line
 * @failed: Some file could not be searched
 * @levels: Where grep_needs_level(): as far as is known, a line carries a level
 * @lines: Lines that carry none, before the first that does
 * @counts: With --count-each, of each pattern
 */
struct found {
	bool matched, failed, levels;
	uint64_t lines;
	uint64_t counts[KSIFT_PATTERNS_MAX];
};

#endif /* _KSIFT_JOB_H */
