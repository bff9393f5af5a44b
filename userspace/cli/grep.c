// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksift grep: grep's options, meanings and exit codes, and patterns that can
 * be combined.
 */
#include <errno.h>
#include <string.h>

#include "grep.h"
#include "num.h"
#include "watch.h"

#define STDIN_NAME "(standard input)"

static int grep_open(struct grep *g, const struct cli_open_opts *how)
{
	struct ksift_matcher_opts opts = KSIFT_MATCHER_OPTS_INIT;
	struct ksift_error err;
	int ret;

	ret = cli_open(how, &g->ctx);
	if (ret)
		return ret;
	opts.patterns = g->filter.patterns;
	opts.count = g->filter.count;
	opts.flags = g->invert ? KSIFT_FILTER_INVERT : 0;
	if (ksift_matcher_new(g->ctx, &opts, &g->engine, &err))
		return cli_error("grep: %s", err.text);
	return CLI_OK;
}

enum {
	GREP_NOT = CLI_OTHER,
	GREP_AND,
	GREP_LABEL,
	GREP_RECORDS,
	GREP_STATS,
	GREP_CHECKPOINT,
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
	{ "json", no_argument, NULL, CLI_JSON },
	{ "records", no_argument, NULL, GREP_RECORDS },
	{ "stats", no_argument, NULL, GREP_STATS },
	{ "checkpoint", required_argument, NULL, GREP_CHECKPOINT },
	{ 0 }
};

static int set_printer(struct grep *g, const struct printer *printer)
{
	if (g->printer != &printer_text && g->printer != printer)
		return cli_error("grep: --json and --records exclude each other");
	g->printer = printer;
	return CLI_OK;
}

static int set_option(struct grep *g, int c, int *with_name)
{
	int ret;

	switch (c) {
	case 'e':
		return filter_give(&g->filter, optarg, FILTER_OR);
	case GREP_NOT:
		return filter_give(&g->filter, optarg, FILTER_NOT);
	case GREP_AND:
		return filter_give(&g->filter, optarg, FILTER_AND);
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
	case CLI_JSON:
		return set_printer(g, &printer_json);
	case GREP_RECORDS:
		return set_printer(g, &printer_records);
	case GREP_STATS:
		g->stats = true;
		break;
	case GREP_CHECKPOINT:
		g->checkpoint = optarg;
		break;
	case 'a':
		break;
	}
	return CLI_OK;
}

/* What the options mean together. */
static int check_options(struct grep *g)
{
	if (g->quiet)
		g->list = LIST_NONE;
	if (g->printer != &printer_text && !g->quiet && !grep_wants_lines(g))
		return cli_error("grep: --json and --records tell of every line; -c, -l and -L of none");
	/* ripgrep's name for it. */
	if (!g->label)
		g->label = g->printer == &printer_text ? STDIN_NAME : "<stdin>";
	return CLI_OK;
}

static int check_checkpoint(const struct grep *g, int count, char **files)
{
	if (!g->checkpoint || (count == 1 && strcmp(*files, "-")))
		return CLI_OK;
	return cli_error("grep: --checkpoint takes exactly one FILE, which is not standard input");
}

static int grep_files(const struct grep *g, int count, char **files)
{
	static char *const only_stdin[] = { "-" };
	struct found found = { 0 };
	int i;

	if (!count) {
		files = (char **)only_stdin;
		count = 1;
	}
	watch_start(g->stats, g->checkpoint);
	for (i = 0; i < count; i++) {
		search_file(g, files[i], &found);
		if (g->quiet && found.matched)
			break;
	}
	if (g->printer->finish)
		g->printer->finish(g);
	found.failed |= !watch_finish(g->ctx, !found.failed);
	if (g->quiet && found.matched)
		return CLI_OK;
	if (found.failed)
		return CLI_ERROR;
	return found.matched ? CLI_OK : CLI_NONE;
}

/* Then files need not even be there. */
static bool selects_nothing(const struct grep *g)
{
	if (g->list == LIST_OTHERS && !g->quiet)
		return false;
	return !g->max || (g->invert && filter_matches_all(&g->filter));
}

static int grep_do(struct grep *g, int argc, char **argv)
{
	struct cli_open_opts how = { 0 };
	int c, ret, with_name = -1;
	bool has_pattern = false;

	while ((c = getopt_long(argc, argv, cli_grep.letters, long_options,
				NULL)) != -1) {
		if (c == CLI_HELP)
			return cli_help(&cli_grep);
		if (c == '?' || c == ':')
			return cli_bad_option(&cli_grep, c, argv);
		if (c == CLI_ENGINE)
			how.engine = optarg;
		if (c == CLI_VARIANT)
			how.variant = optarg;
		has_pattern |= c == 'e';
		ret = set_option(g, c, &with_name);
		if (ret)
			return ret;
	}
	if (!has_pattern) {
		if (optind == argc)
			return cli_error("grep: a pattern is missing; see 'ksift grep --help'");
		ret = filter_give(&g->filter, argv[optind++], FILTER_OR);
		if (ret)
			return ret;
	}
	g->prefix = with_name < 0 ? argc - optind > 1 : with_name;
	ret = check_options(g);
	if (!ret)
		ret = check_checkpoint(g, argc - optind, argv + optind);
	if (ret)
		return ret;

	ret = filter_compile(&g->filter, g->fixed, g->fold);
	if (ret)
		return ret;
	if (selects_nothing(g))
		return CLI_NONE;
	ret = grep_open(g, &how);
	if (ret)
		return ret;
	return grep_files(g, argc - optind, argv + optind);
}

static int grep_run(int argc, char **argv)
{
	struct grep g = {
		.max = UINT64_MAX,
		.printer = &printer_text,
	};
	int ret;

	ret = grep_do(&g, argc, argv);
	ksift_matcher_free(g.engine);
	ksift_ctx_close(g.ctx);
	filter_free(&g.filter);
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
"      --json                print JSON Lines, as ripgrep's --json does, with level,\n"
"                            pattern, dev and ino added\n"
"      --records             print a JSON object for each line: path, offset, len,\n"
"                            line, level, pattern (its index, from 0 on) and msg (where\n"
"                            in the line the message begins); no text\n"
"\n"
"Searching:\n"
"      --stats               at the end, say on standard error in one line what was\n"
"                            searched: files, bytes, lines, selected, end (of the last\n"
"                            FILE's part that was searched), complete (nothing was left\n"
"                            out), engine, variant, walked and read (bytes), resumed\n"
"                            (at a checkpoint), grew and shrank (bytes, meanwhile),\n"
"                            seconds, and fallback (why it was not the kernel)\n"
"      --checkpoint CPFILE   go on after the last line that the last search with the\n"
"                            same CPFILE came to, of one FILE; a last line that is\n"
"                            not complete is left to the next one\n"
CLI_COMMON_HELP
"\n"
"The exit status is 0 if a line was selected, 1 if none was, and 2 on an error,\n"
"unless -q is given and a line was selected.\n"
};
