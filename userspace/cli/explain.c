// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksift explain: how patterns are looked for.
 */
#include <stdlib.h>

#include "cli.h"
#include "filter.h"
#include "options.h"

static int explain(const struct filter *f)
{
	struct ksift_matcher_opts opts = KSIFT_MATCHER_OPTS_INIT;
	struct ksift_error err;
	char *text;

	opts.exprs = f->exprs;
	opts.expr_count = f->count;
	opts.warn = filter_warn;
	if (ksift_matcher_explain(&opts, &text, &err))
		return cli_refuse("%s", err.text);
	fputs(text, stdout);
	free(text);
	return CLI_OK;
}

/**
 * struct asked - What is to be explained
 * @filter: The patterns
 * @syntax: enum ksift_syntax
 * @flags: enum ksift_expr_flags
 */
struct asked {
	struct filter filter;
	uint32_t syntax;
	uint32_t flags;
};

static int set_option(struct asked *a, int c)
{
	switch (c) {
	case 'e':
		return filter_give(&a->filter, optarg, FILTER_OR);
	case 'f':
		return filter_give_file(&a->filter, optarg);
	case 'E':
		a->syntax = KSIFT_SYNTAX_EXTENDED;
		break;
	case 'F':
		a->syntax = KSIFT_SYNTAX_FIXED;
		break;
	case 'G':
		a->syntax = KSIFT_SYNTAX_BASIC;
		break;
	case 'P':
		a->syntax = KSIFT_SYNTAX_PERL;
		break;
	case 'i':
	case 'y':
		a->flags |= KSIFT_EXPR_FOLD;
		break;
	case 'w':
		a->flags |= KSIFT_EXPR_WORDS;
		break;
	case 'x':
		a->flags |= KSIFT_EXPR_LINES;
		break;
	case 'z':
		a->flags |= KSIFT_EXPR_NUL;
		break;
	default:
		return CLI_ERROR;
	}
	return CLI_OK;
}

static int parse(struct asked *a, int argc, char **argv, bool *help)
{
	int c, ret = CLI_OK;

	while (!ret && (c = options_next(&cli_explain, argc, argv)) != -1) {
		*help = c == OPT_HELP;
		if (*help)
			return options_help(&cli_explain);
		ret = set_option(a, c);
	}
	for (; !ret && optind < argc; optind++)
		ret = filter_give(&a->filter, argv[optind], FILTER_OR);
	if (!ret && !a->filter.given_count && !a->filter.none)
		return cli_refuse("a pattern is missing; see 'ksift explain --help'");
	return ret;
}

static int explain_run(int argc, char **argv)
{
	struct asked a = { .syntax = KSIFT_SYNTAX_BASIC };
	bool help = false;
	int ret = parse(&a, argc, argv, &help);

	if (!ret && !help)
		ret = filter_compile(&a.filter, a.syntax, a.flags);
	if (!ret && !help)
		ret = explain(&a.filter);
	filter_free(&a.filter);
	return ret;
}

const struct cli_cmd cli_explain = {
	.name = "explain",
	.run = explain_run,
	.summary = "tell how patterns are looked for",
	.help =
"Usage: ksift explain [OPTION]... PATTERN...\n"
"\n"
"Print how 'ksift grep' looks for PATTERNs: the plain text that every match has,\n"
"the line program that is run, one operation to a line, and who decides about\n"
"what it only suspects.\n",
};
