// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksift grep: grep's options, meanings and exit codes, and patterns that can
 * be combined.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "num.h"
#include "pattern.h"

#define STDIN_NAME "(standard input)"

enum list {
	LIST_NONE,
	LIST_MATCHING,
	LIST_OTHERS,
};

/* Where a pattern on the command line goes. */
enum role {
	ROLE_OR,
	ROLE_AND,
	ROLE_NOT,
};

struct given {
	const char *text;
	enum role role;
};

struct grep {
	struct ksift_ctx *ctx;
	struct ksift_matcher *matcher;

	/* What was given, and what it means: one pattern for each line of it. */
	struct given *given;
	size_t given_count;
	struct ksift_pattern *patterns;
	size_t pattern_count;
	char *bytes;

	bool fixed, fold, invert, count, number, offset, quiet, no_messages;
	bool prefix, null;
	enum list list;
	uint64_t max;			/* lines to select in each file */
	const char *label;
	struct stat out;		/* of standard output, if it is a file */

	const char *name;		/* of the current file */
	uint64_t origin;		/* what its offsets count from */
	bool in_line;			/* its last chunk ended within a line */
	bool matched;			/* some file had a line */
	bool failed;			/* some file could not be searched */
};

static void put_name(const struct grep *g, char sep)
{
	fputs(g->name, stdout);
	putchar(g->null ? 0 : sep);
}

static void put_prefix(const struct grep *g, const struct ksift_record *rec)
{
	if (g->prefix)
		put_name(g, ':');
	if (g->number)
		printf("%llu:", rec->line + 1);
	if (g->offset)
		printf("%llu:", rec->offset - g->origin);
}

/*
 * A line ends at its newline, not where its record says: they may differ when
 * the file is being written to.
 */
static int put_chunk(void *arg, const struct ksift_chunk *chunk)
{
	const char *p = chunk->text, *end = p + chunk->text_len, *stop;
	struct grep *g = arg;
	size_t i = 0;

	if (!g->prefix && !g->number && !g->offset) {
		fwrite(p, 1, chunk->text_len, stdout);
		p = end;
	}
	while (p < end || i < chunk->record_count) {
		if (!g->in_line && i < chunk->record_count) {
			put_prefix(g, &chunk->records[i++]);
			g->in_line = true;
		}
		if (p == end)
			break;
		stop = memchr(p, '\n', end - p);
		g->in_line = !stop;
		stop = stop ? stop + 1 : end;
		fwrite(p, 1, stop - p, stdout);
		p = stop;
	}
	cli_flush();
	return 0;
}

static void file_error(struct grep *g, const char *text)
{
	g->failed = true;
	if (!g->no_messages)
		cli_note("%s: %s", g->name, text);
}

/*
 * Leave standard input where grep does: after the last selected line if -m
 * ended the search, so that the next program goes on there, else at its end.
 */
static void leave_stdin(const struct grep *g, const struct ksift_scan_result *res)
{
	if (res->flags & KSIFT_SCAN_LIMITED && res->selected == g->max &&
	    !g->quiet && g->list == LIST_NONE)
		lseek(STDIN_FILENO, res->end, SEEK_SET);
	else
		lseek(STDIN_FILENO, 0, SEEK_END);
}

static void put_result(struct grep *g, const struct ksift_scan_result *res)
{
	bool wanted = g->list == LIST_MATCHING ? res->selected : !res->selected;

	if (g->quiet)
		return;
	if (g->list != LIST_NONE) {
		if (wanted)
			put_name(g, '\n');
	} else if (g->count) {
		if (g->prefix)
			put_name(g, ':');
		printf("%" PRIu64 "\n", res->selected);
	}
}

static void grep_fd(struct grep *g, int fd)
{
	bool text = !g->quiet && !g->count && g->list == LIST_NONE;
	struct ksift_scan_result res = KSIFT_SCAN_RESULT_INIT;
	struct ksift_scan_opts opts = KSIFT_SCAN_OPTS_INIT;
	struct ksift_error err;
	struct stat st;
	int ret;

	if (fstat(fd, &st))
		return file_error(g, strerror(errno));
	if (S_ISDIR(st.st_mode)) {
		file_error(g, strerror(EISDIR));
		return put_result(g, &res);
	}
	/* What is selected would be found again, without an end. */
	if (text && g->max > 1 && S_ISREG(st.st_mode) &&
	    st.st_dev == g->out.st_dev && st.st_ino == g->out.st_ino) {
		return file_error(g, "input file is also the output");
	}

	opts.flags = KSIFT_SCAN_CURRENT;
	opts.max_lines = g->max && (g->quiet || g->list != LIST_NONE) ?
			 1 : g->max;
	opts.chunk = put_chunk;
	opts.arg = g;
	if (text)
		opts.flags |= KSIFT_SCAN_TEXT;
	if (text && (g->prefix || g->number || g->offset))
		opts.flags |= KSIFT_SCAN_RECORDS;
	if (text && g->number)
		opts.flags |= KSIFT_SCAN_TOTAL;
	g->origin = lseek(fd, 0, SEEK_CUR);
	if (g->origin == (uint64_t)-1)
		g->origin = 0;
	g->in_line = false;

	ret = ksift_lines_scan(g->ctx, g->matcher, fd, &opts, &res, &err);
	g->matched |= res.selected;
	if (ret)
		file_error(g, err.text);
	put_result(g, &res);
	if (fd == STDIN_FILENO && !ret)
		leave_stdin(g, &res);
}

static void grep_file(struct grep *g, const char *path)
{
	int fd;

	if (!strcmp(path, "-")) {
		g->name = g->label;
		return grep_fd(g, STDIN_FILENO);
	}
	g->name = path;
	fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return file_error(g, strerror(errno));
	grep_fd(g, fd);
	close(fd);
}

static int add_pattern(struct grep *g, const struct given *given, uint32_t group,
		       const char *s, size_t len, char **words)
{
	struct ksift_pattern *pattern = &g->patterns[g->pattern_count++];
	struct pattern p = { .data = *words };

	if (pattern_parse(s, len, g->fixed, &p))
		return cli_error("grep: pattern '%.*s': '%.*s' %s; with -F the whole pattern is taken as it is",
				 (int)len, s, (int)p.bad_len, p.bad, p.why);
	pattern->data = (uintptr_t)p.data;
	pattern->len = p.len;
	pattern->group = group;
	if (p.anchored)
		pattern->flags |= KSIFT_PATTERN_ANCHORED;
	if (g->fold)
		pattern->flags |= KSIFT_PATTERN_FOLD;
	if (given->role == ROLE_NOT)
		pattern->flags |= KSIFT_PATTERN_EXCLUDE;
	*words += p.len;
	return CLI_OK;
}

/* As in grep, a newline stands between patterns. */
static int compile(struct grep *g)
{
	size_t i, lines = 0, bytes = 0;
	uint32_t group, groups = 1;
	const char *s, *nl;
	char *words;
	int ret;

	for (i = 0; i < g->given_count; i++) {
		for (s = g->given[i].text; *s; s++)
			lines += *s == '\n';
		bytes += s - g->given[i].text;
		lines++;
	}
	g->patterns = calloc(lines, sizeof(*g->patterns));
	words = malloc(bytes + 1);
	g->bytes = words;
	if (!g->patterns || !words)
		return cli_error("grep: %s", strerror(ENOMEM));

	for (i = 0; i < g->given_count; i++) {
		group = g->given[i].role == ROLE_AND ? groups++ : 0;
		for (s = g->given[i].text; s; s = nl ? nl + 1 : NULL) {
			nl = strchr(s, '\n');
			ret = add_pattern(g, &g->given[i], group, s,
					  nl ? (size_t)(nl - s) : strlen(s), &words);
			if (ret)
				return ret;
		}
	}
	if (groups > KSIFT_GROUPS_MAX)
		return cli_error("grep: --and is given %u times, and %u is the most",
				 groups - 1, KSIFT_GROUPS_MAX - 1);
	return CLI_OK;
}

static int give(struct grep *g, const char *text, enum role role)
{
	struct given *given;

	given = realloc(g->given, (g->given_count + 1) * sizeof(*given));
	if (!given)
		return cli_error("grep: %s", strerror(ENOMEM));
	g->given = given;
	given[g->given_count].text = text;
	given[g->given_count++].role = role;
	return CLI_OK;
}

static int grep_open(struct grep *g, const char *variant)
{
	struct ksift_matcher_opts opts = KSIFT_MATCHER_OPTS_INIT;
	struct ksift_error err;
	int ret;

	ret = cli_open(variant, &g->ctx);
	if (ret)
		return ret;
	opts.patterns = g->patterns;
	opts.count = g->pattern_count;
	opts.flags = g->invert ? KSIFT_FILTER_INVERT : 0;
	if (ksift_matcher_new(g->ctx, &opts, &g->matcher, &err))
		return cli_error("grep: %s", err.text);
	return CLI_OK;
}

enum {
	GREP_NOT = CLI_OTHER,
	GREP_AND,
	GREP_LABEL,
};

static const struct option long_options[] = {
	CLI_COMMON_OPTIONS,
	{ "regexp", required_argument, NULL, 'e' },
	{ "not", required_argument, NULL, GREP_NOT },
	{ "and", required_argument, NULL, GREP_AND },
	{ "fixed-strings", no_argument, NULL, 'F' },
	{ "ignore-case", no_argument, NULL, 'i' },
	{ "invert-match", no_argument, NULL, 'v' },
	{ "count", no_argument, NULL, 'c' },
	{ "line-number", no_argument, NULL, 'n' },
	{ "byte-offset", no_argument, NULL, 'b' },
	{ "max-count", required_argument, NULL, 'm' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "silent", no_argument, NULL, 'q' },
	{ "no-messages", no_argument, NULL, 's' },
	{ "files-with-matches", no_argument, NULL, 'l' },
	{ "files-without-match", no_argument, NULL, 'L' },
	{ "files-without-matches", no_argument, NULL, 'L' },
	{ "with-filename", no_argument, NULL, 'H' },
	{ "no-filename", no_argument, NULL, 'h' },
	{ "null", no_argument, NULL, 'Z' },
	{ "label", required_argument, NULL, GREP_LABEL },
	{ "text", no_argument, NULL, 'a' },
	{ 0 }
};

static int set_option(struct grep *g, int c, int *with_name)
{
	int ret;

	switch (c) {
	case 'e':
		return give(g, optarg, ROLE_OR);
	case GREP_NOT:
		return give(g, optarg, ROLE_NOT);
	case GREP_AND:
		return give(g, optarg, ROLE_AND);
	case 'F':
		g->fixed = true;
		break;
	case 'i':
		g->fold = true;
		break;
	case 'v':
		g->invert = true;
		break;
	case 'c':
		g->count = true;
		break;
	case 'n':
		g->number = true;
		break;
	case 'b':
		g->offset = true;
		break;
	case 'm':
		/* As grep: no limit below zero, nor above what can be. */
		ret = num_parse_u64(optarg + (*optarg == '-'), &g->max);
		if (ret && ret != -ERANGE)
			return cli_error("grep: -m: '%s' is not a number of lines",
					 optarg);
		if (ret || (*optarg == '-' && g->max))
			g->max = UINT64_MAX;
		break;
	case 'q':
		g->quiet = true;
		break;
	case 's':
		g->no_messages = true;
		break;
	case 'l':
		g->list = LIST_MATCHING;
		break;
	case 'L':
		g->list = LIST_OTHERS;
		break;
	case 'H':
		*with_name = true;
		break;
	case 'h':
		*with_name = false;
		break;
	case 'Z':
		g->null = true;
		break;
	case GREP_LABEL:
		g->label = optarg;
		break;
	case 'a':
		break;
	}
	return CLI_OK;
}

static int grep_files(struct grep *g, int count, char **files)
{
	static char *const only_stdin[] = { "-" };
	int i;

	if (!count) {
		files = (char **)only_stdin;
		count = 1;
	}
	if (fstat(STDOUT_FILENO, &g->out) || !S_ISREG(g->out.st_mode))
		g->out = (struct stat){ 0 };
	for (i = 0; i < count; i++) {
		grep_file(g, files[i]);
		if (g->quiet && g->matched)
			return CLI_OK;
	}
	if (g->failed)
		return CLI_ERROR;
	return g->matched ? CLI_OK : CLI_NONE;
}

static bool selects_nothing(const struct grep *g)
{
	return g->invert && g->given_count == 1 && !*g->given->text;
}

static int grep_do(struct grep *g, int argc, char **argv)
{
	const char *variant = NULL;
	int c, ret, with_name = -1;
	bool has_pattern = false;

	while ((c = getopt_long(argc, argv, cli_grep.letters, long_options,
				NULL)) != -1) {
		if (c == CLI_HELP)
			return cli_help(&cli_grep);
		if (c == '?' || c == ':')
			return cli_bad_option(&cli_grep, c, argv);
		if (c == CLI_VARIANT)
			variant = optarg;
		has_pattern |= c == 'e';
		ret = set_option(g, c, &with_name);
		if (ret)
			return ret;
	}
	if (!has_pattern) {
		if (optind == argc)
			return cli_error("grep: a pattern is missing; see 'ksift grep --help'");
		ret = give(g, argv[optind++], ROLE_OR);
		if (ret)
			return ret;
	}
	g->prefix = with_name < 0 ? argc - optind > 1 : with_name;
	if (g->quiet)
		g->list = LIST_NONE;

	ret = compile(g);
	if (ret)
		return ret;
	/* Files need not even be there, then. */
	if ((!g->max || selects_nothing(g)) && (g->quiet || g->list != LIST_OTHERS))
		return CLI_NONE;
	ret = grep_open(g, variant);
	if (ret)
		return ret;
	return grep_files(g, argc - optind, argv + optind);
}

static int grep_run(int argc, char **argv)
{
	struct grep g = { .max = UINT64_MAX, .label = STDIN_NAME };
	int ret;

	ret = grep_do(&g, argc, argv);
	ksift_matcher_free(g.matcher);
	ksift_ctx_close(g.ctx);
	free(g.bytes);
	free(g.patterns);
	free(g.given);
	return ret;
}

const struct cli_cmd cli_grep = {
	.name = "grep",
	.alias = "filter",
	.letters = ":e:FivcnbqslLHhaZm:",
	.run = grep_run,
	.summary = "print the lines that have a pattern (also: filter)",
	.help =
"Usage: ksift grep [OPTION]... PATTERN [FILE]...\n"
"       ksift grep [OPTION]... -e PATTERN... [FILE]...\n"
"\n"
"Print the lines of each FILE that have PATTERN.  Without FILE, or where it is -,\n"
"read standard input.  Text is bytes, as for 'LC_ALL=C grep -a'.\n"
"\n"
"A PATTERN is plain text, or '^' and plain text that has to be in front of the\n"
"line.  There are no regular expressions yet: what would be special in one, such\n"
"as '.', is refused without -F, unless a '\\' in front makes it plain.  Newlines\n"
"in a PATTERN stand between patterns.\n"
"\n"
"Patterns:\n"
"  -e, --regexp PATTERN      a pattern; of several, the line has one at least\n"
"      --and PATTERN         the line also has this one\n"
"      --not PATTERN         the line does not have this one\n"
"  -F, --fixed-strings       patterns are plain text, whatever is in them\n"
"  -i, --ignore-case         a-z and A-Z are the same\n"
"  -v, --invert-match        print the other lines\n"
"  -m, --max-count N         stop after N lines of each FILE\n"
"\n"
"Output:\n"
"  -c, --count               print only how many lines there are\n"
"  -l, --files-with-matches  print only the names of FILEs that have such lines\n"
"  -L, --files-without-match print only the names of those that have none\n"
"  -q, --quiet, --silent     print nothing, stop at the first line\n"
"  -s, --no-messages         say nothing about FILEs that cannot be read\n"
"  -n, --line-number         print the line's number in front of it\n"
"  -b, --byte-offset         print where in the FILE the line begins\n"
"  -H, --with-filename       print the FILE's name (so it is if there are several)\n"
"  -h, --no-filename         do not\n"
"  -Z, --null                end a FILE's name with a zero byte\n"
"      --label NAME          the name of standard input\n"
"  -a, --text                nothing: all files are text\n"
CLI_COMMON_HELP
"\n"
"The exit status is 0 if a line was selected, 1 if none was, and 2 on an error,\n"
"unless -q is given and a line was selected.\n"
};
