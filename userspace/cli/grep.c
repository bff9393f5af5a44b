// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksift grep: grep's options, meanings and exit codes, and patterns that can
 * be combined.  ksift filter and ksift entries take the same options.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache.h"
#include "color.h"
#include "engine.h"
#include "job.h"
#include "json.h"
#include "level.h"
#include "num.h"
#include "options.h"
#include "text.h"
#include "walk.h"
#include "watch.h"

/* More than any machine that is read from as one file makes use of. */
#define THREADS_MAX 1024u

/**
 * struct given - What was given, until all of it is known
 * @cmd: The command
 * @show: OPT_HELP or 'V': tell of the command, or the version, and do nothing else
 * @pattern: -e, -f: the first word is not a pattern
 * @condition: --and, --not, --level
 * @syntax: -E, -F, -G, -P: the letter, or 0
 * @with_name: 1 with -H, 0 with -h, else -1
 * @both: -C, for that of the next two that is not given
 * @before: -B
 * @after: -A
 * @digits: The word that the last option, a digit, stood in, or -1
 * @how: --engine, --variant
 */
struct given {
	const struct cli_cmd *cmd;
	int show;
	bool pattern, condition;
	int syntax;
	int with_name;
	int64_t both, before, after;
	int digits;
	struct engine_opts how;
};

static int make_engine(const struct grep *g, const struct ksift_matcher_opts *opts,
		       struct ksift_matcher **engine)
{
	struct ksift_error err;

	if (ksift_matcher_new(g->ctx, opts, engine, &err))
		return cli_refuse("%s", err.text);
	return CLI_OK;
}

/* Say what is wrong, and with which of the patterns. */
static int refuse_expr(struct grep *g, struct ksift_matcher_opts *opts,
		       const struct ksift_error *why)
{
	struct ksift_matcher *one;
	struct ksift_error err;
	size_t i;

	opts->expr_count = 1;
	opts->warn = NULL;
	for (i = 0; i < g->filter.count; i++) {
		opts->exprs = &g->filter.exprs[i];
		if (!ksift_matcher_new(g->ctx, opts, &one, &err))
			ksift_matcher_free(one);
		else if (!strcmp(err.text, why->text))
			return filter_refuse(&g->filter, i, why->text);
	}
	return cli_refuse("%s", why->text);
}

/* Some patterns the engine only suspects: then lines are decided on here. */
static int make_selecting(struct grep *g)
{
	struct ksift_matcher_opts opts = KSIFT_MATCHER_OPTS_INIT;
	struct ksift_error err;
	size_t inexact = 0;

	opts.exprs = g->filter.exprs;
	opts.expr_count = g->filter.count;
	opts.level_mask = g->levels;
	opts.flags = g->invert ? KSIFT_FILTER_INVERT : 0;
	opts.inexact = &inexact;
	opts.warn = filter_warn;
	if (ksift_matcher_new(g->ctx, &opts, &g->engine, &err))
		return refuse_expr(g, &opts, &err);
	if (g->join && inexact)
		return cli_refuse("--join takes no back-references, and nothing that is as large");
	/* Of more patterns than a filter has, only the matcher knows which a line has. */
	g->decides = inexact || (g->printer != &printer_text &&
				 g->filter.count > KSIFT_PATTERNS_MAX);
	return CLI_OK;
}

static int make_engines(struct grep *g)
{
	const struct ksift_pattern nul = { .data = (uintptr_t)"", .len = 1 };
	struct ksift_matcher_opts opts = KSIFT_MATCHER_OPTS_INIT;
	int ret;

	if (grep_wants_context(g) || g->cache) {
		ret = make_engine(g, &opts, &g->engine_all);
		if (ret)
			return ret;
	}
	if (g->no_binary) {
		opts.patterns = &nul;
		opts.count = 1;
		ret = make_engine(g, &opts, &g->engine_binary);
		if (ret)
			return ret;
		opts.patterns = NULL;
		opts.count = 0;
	}
	if (grep_needs_level(g)) {
		opts.level_mask = (1u << KSIFT_LEVEL_NONE) - 1;
		ret = make_engine(g, &opts, &g->engine_levels);
		if (ret)
			return ret;
	}
	return make_selecting(g);
}

static int make_match(struct grep *g)
{
	bool places = grep_wants_lines(g) &&
			(g->only || g->color || g->printer->places);

	if (!places && !g->decides && !grep_wants_context(g))
		return CLI_OK;
	return matcher_new(&g->filter, g->word && !g->filter.none,
			   g->whole && !g->filter.none, g->join, &g->match);
}

static int grep_open(struct grep *g, const struct engine_opts *how)
{
	int ret = engine_open(how, &g->ctx);

	if (!ret)
		ret = cache_check(g->ctx, cli_name(), g->cache);
	if (!ret)
		ret = make_engines(g);
	if (!ret)
		ret = make_match(g);
	return ret;
}

static int set_printer(struct grep *g, const struct printer *printer)
{
	if (g->printer != &printer_text && g->printer != printer)
		return cli_refuse("--json and --records exclude each other");
	g->printer = printer;
	return CLI_OK;
}

/* As grep: a number above all that can be is as good as the largest. */
static int parse_lines(const char *option, const char *text, int64_t *lines)
{
	uint64_t n;
	int ret = num_parse_u64(text, &n);

	if (ret && ret != -ERANGE)
		return cli_refuse("%s: '%s' is not a number of lines", option, text);
	*lines = ret || n > INT64_MAX ? INT64_MAX : (int64_t)n;
	return CLI_OK;
}

static int parse_bytes(const char *option, const char *text, uint64_t *bytes)
{
	if (num_parse_u64(text, bytes))
		return cli_refuse("%s: '%s' is not a number of bytes", option, text);
	return CLI_OK;
}

/* Below zero there is no limit. */
static int parse_max(const char *text, uint64_t *max)
{
	bool negative = *text == '-';
	int ret = num_parse_u64(text + negative, max);

	if (ret && ret != -ERANGE)
		return cli_refuse("-m: '%s' is not a number of lines", text);
	if (ret || (negative && *max))
		*max = UINT64_MAX;
	return CLI_OK;
}

static int parse_color(const char *when, bool *color)
{
	if (!when || !strcmp(when, "auto") || !strcmp(when, "tty") ||
	    !strcmp(when, "if-tty"))
		*color = colors_wanted();
	else if (!strcmp(when, "always") || !strcmp(when, "yes") ||
		 !strcmp(when, "force"))
		*color = true;
	else if (!strcmp(when, "never") || !strcmp(when, "no") ||
		 !strcmp(when, "none"))
		*color = false;
	else
		return cli_refuse("--color is auto, always or never, not '%s'",
				  when);
	return CLI_OK;
}

/* -NUM comes digit by digit; those that follow each other in a word are one. */
static void add_digit(struct given *given, int c, int word)
{
	if (given->digits != word)
		given->both = 0;
	given->digits = word;
	if (given->both > INT64_MAX / 10 - 1)
		given->both = INT64_MAX / 10 - 1;
	given->both = given->both * 10 + (c - '0');
}

static int set_pattern(struct grep *g, int c)
{
	switch (c) {
	case 'e':
		return filter_give(&g->filter, optarg, FILTER_OR);
	case 'f':
		return filter_give_file(&g->filter, optarg);
	case OPT_NOT:
		return filter_give(&g->filter, optarg, FILTER_NOT);
	default:
		return filter_give(&g->filter, optarg, FILTER_AND);
	}
}

static int set_context(struct grep *g, int c, struct given *given)
{
	switch (c) {
	case 'A':
		return parse_lines("-A", optarg, &given->after);
	case 'B':
		return parse_lines("-B", optarg, &given->before);
	case 'C':
		return parse_lines("-C", optarg, &given->both);
	case OPT_GROUP_SEPARATOR:
		g->separator = optarg;
		return CLI_OK;
	case OPT_NO_GROUP_SEPARATOR:
		g->separator = NULL;
		break;
	}
	return CLI_OK;
}

/* 0: as many as are of use. */
static int parse_threads(const char *text, uint32_t *threads)
{
	uint64_t n;

	if (num_parse_u64(text, &n) || n > THREADS_MAX)
		return cli_refuse("-j: '%s' is not a number of threads from 0 to %u",
				  text, THREADS_MAX);
	*threads = n ? n : ksift_cpus();
	return CLI_OK;
}

static int set_level(struct grep *g)
{
	if (level_parse_mask(optarg, &g->levels))
		return cli_refuse("--level: '%s' is not a level, as 'warning', nor some of them, as '=info,debug', nor 'none'",
				  optarg);
	return CLI_OK;
}

/* As grep, which takes the beginning of a name, too, if it is that of no other. */
static int parse_directories(const char *text, enum directories *to)
{
	static const char *const names[] = {
		[DIRECTORIES_READ] = "read",
		[DIRECTORIES_RECURSE] = "recurse",
		[DIRECTORIES_SKIP] = "skip",
	};
	unsigned int i, hits = 0;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strncmp(names[i], text, strlen(text)))
			continue;
		*to = i;
		hits++;
	}
	if (hits == 1)
		return CLI_OK;
	return cli_refuse("-d: an ACTION is read, recurse or skip, not '%s'", text);
}

static int parse_devices(const char *text, enum devices *to)
{
	if (!strcmp(text, "read"))
		*to = DEVICES_READ;
	else if (!strcmp(text, "skip"))
		*to = DEVICES_SKIP;
	else
		return cli_refuse("-D: an ACTION is read or skip, not '%s'", text);
	return CLI_OK;
}

/* -a, -I and --binary-files: the last of them counts. */
static int set_binary(struct grep *g, int c)
{
	bool text = c == 'a' || (c == OPT_BINARY_FILES && !strcmp(optarg, "text"));

	if (c == OPT_BINARY_FILES && !text && strcmp(optarg, "without-match"))
		return cli_refuse("--binary-files is text or without-match, not '%s': a line is given out as it is, whatever is in it",
				  optarg);
	g->text = text;
	g->no_binary = !text;
	return CLI_OK;
}

static int set_files(struct grep *g, int c)
{
	switch (c) {
	case 'R':
		g->follow = true;
		__attribute__((fallthrough));
	case 'r':
		g->directories = DIRECTORIES_RECURSE;
		break;
	case 'd':
		return parse_directories(optarg, &g->directories);
	case 'D':
		return parse_devices(optarg, &g->devices);
	case 'a':
	case 'I':
	case OPT_BINARY_FILES:
		return set_binary(g, c);
	case OPT_EXCLUDE_FROM:
		return globs_add_file(&g->globs, GLOB_EXCLUDE, optarg);
	case OPT_INCLUDE:
		return globs_add(&g->globs, GLOB_INCLUDE, optarg);
	case OPT_EXCLUDE:
		return globs_add(&g->globs, GLOB_EXCLUDE, optarg);
	case OPT_EXCLUDE_DIR:
		return globs_add(&g->globs, GLOB_EXCLUDE_DIR, optarg);
	case OPT_LABEL:
		g->label = optarg;
		break;
	}
	return CLI_OK;
}

/* Options that are a mark and nothing else. */
static bool *find_flag(struct grep *g, int c)
{
	switch (c) {
	case 'i':
	case 'y':
		return &g->fold;
	case 'v':
		return &g->invert;
	case 'w':
		return &g->word;
	case 'x':
		return &g->whole;
	case 'o':
		return &g->only;
	case 'c':
		return &g->count;
	case OPT_COUNT_EACH:
		return &g->count_each;
	case 'n':
		return &g->number;
	case 'b':
		return &g->offset;
	case 'q':
		return &g->quiet;
	case 's':
		return &g->no_messages;
	case 'T':
		return &g->tab;
	case 'Z':
		return &g->null;
	default:
		return NULL;
	}
}

static int set_option(struct grep *g, int c, struct given *given)
{
	bool *flag = find_flag(g, c);

	if (flag) {
		*flag = true;
		return CLI_OK;
	}
	switch (c) {
	case 'e':
	case 'f':
		given->pattern = true;
		return set_pattern(g, c);
	case OPT_NOT:
	case OPT_AND:
		given->condition = true;
		return set_pattern(g, c);
	case 'E':
	case 'F':
	case 'G':
	case 'P':
		if (given->syntax && given->syntax != c)
			return cli_refuse("conflicting matchers specified: -%c and -%c",
					  given->syntax, c);
		given->syntax = c;
		break;
	case OPT_NO_IGNORE_CASE:
		g->fold = false;
		break;
	case 'A':
	case 'B':
	case 'C':
	case OPT_GROUP_SEPARATOR:
	case OPT_NO_GROUP_SEPARATOR:
		return set_context(g, c, given);
	case OPT_LEVEL:
		given->condition = true;
		return set_level(g);
	case 'j':
		return parse_threads(optarg, &g->threads);
	case 'm':
		return parse_max(optarg, &g->max);
	case 'l':
		g->list = LIST_MATCHING;
		break;
	case 'L':
		g->list = LIST_OTHERS;
		break;
	case 'H':
		given->with_name = true;
		break;
	case 'h':
		given->with_name = false;
		break;
	case 'z':
		g->eol = 0;
		break;
	case OPT_COLOR:
		return parse_color(optarg, &g->color);
	case OPT_ENGINE:
		given->how.engine = optarg;
		break;
	case OPT_JSON:
		return set_printer(g, &printer_json);
	case OPT_RECORDS:
		return set_printer(g, &printer_records);
	case OPT_STATS:
		g->stats = true;
		break;
	case OPT_CHECKPOINT:
		g->checkpoint = optarg;
		break;
	case OPT_JOIN:
		g->join = true;
		break;
	case OPT_FROM:
		return parse_bytes("--from", optarg, &g->from);
	case OPT_TO:
		return parse_bytes("--to", optarg, &g->to);
	case OPT_CACHED:
	case OPT_POLITE:
		cache_option(c, &g->cache);
		break;
	case OPT_VARIANT:
		given->how.variant = optarg;
		break;
	case 'u':
		cli_note("warning: --unix-byte-offsets (-u) is obsolete");
		break;
	case 'U':			/* nor is there another mode to read in */
	case OPT_LINE_BUFFERED:	/* lines are never held back */
		break;
	default:
		return set_files(g, c);
	}
	return CLI_OK;
}

static int check_range(const struct grep *g)
{
	bool range = g->from || g->to != UINT64_MAX;

	if (g->from > g->to)
		return cli_refuse("--from is above --to");
	if (g->no_binary && g->checkpoint)
		return cli_refuse("--checkpoint takes no -I: of a file that gets a zero byte later, lines are out already");
	if (range && g->checkpoint)
		return cli_refuse("--checkpoint says where to begin: it takes no --from and --to");
	return CLI_OK;
}

/* Whatever reads a file by itself, or needs lines that may not be there. */
static int check_cache(const struct grep *g)
{
	const uint32_t cached = KSIFT_SCAN_CACHED, polite = KSIFT_SCAN_POLITE;

	if (!g->cache)
		return CLI_OK;
	if (g->cache == (cached | polite))
		return cli_refuse("--cached and --polite exclude each other");
	if (g->join || !g->eol || g->checkpoint || g->before != CONTEXT_NONE ||
	    g->after != CONTEXT_NONE)
		return cli_refuse("--cached and --polite take none of -z, -A, -B, -C, --join and --checkpoint");
	if (g->number && g->cache == cached)
		return cli_refuse("--cached takes no -n: what is not looked at cannot be numbered");
	return CLI_OK;
}

static int check_patterns(const struct grep *g, const struct given *given)
{
	if (given->syntax == 'P' && g->filter.count > 1)
		return cli_refuse("the -P option only supports a single pattern");
	if (given->cmd == &cli_filter && g->invert && !given->pattern && !g->filter.count)
		return cli_refuse("-v turns patterns round, and there is none; name the levels that are meant, as in --level =info,debug,none");
	return CLI_OK;
}

/* What the options mean together. */
static int check_options(struct grep *g)
{
	if (g->join && (g->word || g->whole || g->only || !g->eol || g->no_binary ||
			g->count_each || g->checkpoint || g->before != CONTEXT_NONE ||
			g->after != CONTEXT_NONE))
		return cli_refuse("--join takes none of -w, -x, -o, -z, -I, -A, -B, -C, --count-each and --checkpoint");
	if (g->quiet)
		g->list = LIST_NONE;
	if (g->printer != &printer_text && !g->quiet && !grep_wants_lines(g))
		return cli_refuse("--json and --records tell of every line; -c, --count-each, -l and -L of none");
	if (g->count_each && (g->count || g->list != LIST_NONE))
		return cli_refuse("--count-each and -c, -l or -L exclude each other");
	if ((g->count_each || g->join) && g->filter.count > KSIFT_PATTERNS_MAX)
		return cli_refuse("there are %zu patterns, and with %s %u is the most",
				  g->filter.count, g->join ? "--join" : "--count-each",
				  KSIFT_PATTERNS_MAX);
	/* ripgrep's name for it. */
	if (!g->label)
		g->label = g->printer == &printer_text ? CLI_STDIN_NAME : "<stdin>";
	return CLI_OK;
}

static int check_checkpoint(const struct grep *g, int count, char **files)
{
	if (!g->checkpoint || (count == 1 && strcmp(*files, "-") &&
			       g->directories != DIRECTORIES_RECURSE))
		return CLI_OK;
	return cli_refuse("--checkpoint takes exactly one FILE, which is not standard input");
}

static void put_counts(const struct grep *g, const struct found *found)
{
	const struct filter *f = &g->filter;
	size_t i;

	for (i = 0; i < f->count && !f->none; i++) {
		if (f->exprs[i].flags & KSIFT_EXPR_EXCLUDE)
			continue;
		printf("%" PRIu64 "\t", found->counts[i]);
		fwrite(f->exprs[i].text, 1, f->exprs[i].len, stdout);
		putchar('\n');
	}
}

static int grep_files(const struct grep *g, int count, char **files)
{
	struct found found = { 0 };
	int i;

	watch_start(g->stats, g->checkpoint);
	if (!count)
		walk_path(g, g->directories == DIRECTORIES_RECURSE ? NULL : "-", &found);
	for (i = 0; i < count && !(g->quiet && found.matched); i++)
		walk_path(g, files[i], &found);
	if (g->count_each && !g->quiet)
		put_counts(g, &found);
	if (g->printer->finish)
		g->printer->finish(g);
	if (g->levels && !found.matched && !found.failed && !found.levels && found.lines)
		cli_note("0 of %" PRIu64 " lines carry a level", found.lines);
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
	return !g->max || (g->invert && (g->filter.none || (!g->whole && !g->word)) &&
			   filter_matches_all(&g->filter));
}

/* What follows from the options taken together. */
static void settle(struct grep *g, const struct given *given, int files)
{
	g->prefix = given->with_name < 0 ? files > 1 : given->with_name;
	g->dir_prefix = given->with_name;
	g->after = given->after < 0 ? given->both : given->after;
	g->before = given->before < 0 ? given->both : given->before;
	/* None of no pattern is all of the empty one. */
	if (g->filter.none)
		g->invert = !g->invert;
	/* With -z a zero byte is no sign of what is no text. */
	g->no_binary = g->no_binary && g->eol;
}

/* Nobody has given it anything: a terminal, or /dev/null, as services have. */
static bool stdin_is_idle(void)
{
	struct stat st, null;

	return isatty(STDIN_FILENO) ||
		(!fstat(STDIN_FILENO, &st) && !stat("/dev/null", &null) &&
		 S_ISCHR(st.st_mode) && S_ISCHR(null.st_mode) && st.st_rdev == null.st_rdev);
}

/*
 * As in grep the first word is the pattern, whatever it looks like.  Who meant it
 * for the file would have standard input searched instead.
 */
static int check_word(const struct grep *g, const struct given *given, const char *word)
{
	struct stat st;

	if (g->directories == DIRECTORIES_RECURSE || !stdin_is_idle() || stat(word, &st))
		return CLI_OK;
	if (given->condition && !S_ISDIR(st.st_mode))
		return cli_refuse("'%s' was taken for the PATTERN, as the first word is; it names a file, and there is no other; for conditions alone use 'ksift filter', for this PATTERN '-e %s'",
				  word, word);
	if (isatty(STDIN_FILENO))
		cli_note("'%s' was taken for the PATTERN, as the first word is, and it names a file; standard input is searched",
			 word);
	return CLI_OK;
}

static int take_pattern(struct grep *g, int argc, char **argv, const struct given *given)
{
	const char *word, *name = given->cmd->name;

	if (given->show || given->pattern)
		return CLI_OK;
	if (given->cmd == &cli_filter)
		return given->condition ? CLI_OK :
			cli_refuse("a condition is missing, such as -e PATTERN or --level LEVEL: every word is a FILE; see 'ksift filter --help'");
	if (optind == argc && given->condition)
		return cli_refuse("a pattern is missing; for conditions alone use 'ksift filter'");
	if (optind == argc)
		return cli_refuse("a pattern is missing; see 'ksift %s --help'", name);
	word = argv[optind++];
	if (optind == argc && check_word(g, given, word))
		return CLI_ERROR;
	return filter_give(&g->filter, word, FILTER_OR);
}

static int parse_options(struct grep *g, int argc, char **argv, struct given *given)
{
	int c, ret, word;

	while (word = optind, (c = options_next(given->cmd, argc, argv)) != -1) {
		if (c == OPT_HELP || c == 'V') {
			given->show = c;
			return CLI_OK;
		}
		if (c == '?')
			return CLI_ERROR;
		if (c >= '0' && c <= '9') {
			add_digit(given, c, word);
			continue;
		}
		given->digits = -1;
		ret = set_option(g, c, given);
		if (ret)
			return ret;
	}
	return take_pattern(g, argc, argv, given);
}

static uint32_t syntax_of(const struct given *given)
{
	switch (given->syntax) {
	case 'E':
		return KSIFT_SYNTAX_EXTENDED;
	case 'F':
		return KSIFT_SYNTAX_FIXED;
	case 'P':
		return KSIFT_SYNTAX_PERL;
	default:
		return KSIFT_SYNTAX_BASIC;
	}
}

static uint32_t expr_flags(const struct grep *g)
{
	return (g->fold ? KSIFT_EXPR_FOLD : 0) | (g->eol ? 0 : KSIFT_EXPR_NUL) |
		(g->whole ? KSIFT_EXPR_LINES : g->word ? KSIFT_EXPR_WORDS : 0);
}

static int grep_do(struct grep *g, const struct cli_cmd *cmd, int argc, char **argv)
{
	struct given given = {
		.cmd = cmd,
		.with_name = -1,
		.both = CONTEXT_NONE,
		.before = CONTEXT_NONE,
		.after = CONTEXT_NONE,
		.digits = -1,
	};
	int ret;

	ret = parse_options(g, argc, argv, &given);
	if (ret)
		return ret;
	if (given.show)
		return given.show == 'V' ? cli_version() : options_help(cmd);
	ret = filter_compile(&g->filter, syntax_of(&given), expr_flags(g));
	if (!ret)
		ret = check_patterns(g, &given);
	if (ret)
		return ret;
	settle(g, &given, argc - optind);
	ret = check_options(g);
	if (!ret)
		ret = check_range(g);
	if (!ret)
		ret = check_cache(g);
	if (!ret)
		ret = check_checkpoint(g, argc - optind, argv + optind);
	if (ret)
		return ret;
	if (selects_nothing(g))
		return CLI_NONE;
	if (g->color)
		colors_read();
	ret = grep_open(g, &given.how);
	if (ret)
		return ret;
	return grep_files(g, argc - optind, argv + optind);
}

static int run(const struct cli_cmd *cmd, int argc, char **argv)
{
	struct grep g = {
		.max = UINT64_MAX,
		.to = UINT64_MAX,
		.separator = "--",
		.eol = '\n',
		.printer = &printer_text,
	};
	int ret;

	ret = grep_do(&g, cmd, argc, argv);
	matcher_free(g.match);
	ksift_matcher_free(g.engine);
	ksift_matcher_free(g.engine_all);
	ksift_matcher_free(g.engine_levels);
	ksift_matcher_free(g.engine_binary);
	ksift_ctx_close(g.ctx);
	filter_free(&g.filter);
	globs_free(&g.globs);
	return ret;
}

static int grep_run(int argc, char **argv)
{
	return run(&cli_grep, argc, argv);
}

static int filter_run(int argc, char **argv)
{
	return run(&cli_filter, argc, argv);
}

static int entries_run(int argc, char **argv)
{
	return run(&cli_entries, argc, argv);
}

const struct cli_cmd cli_grep = {
	.name = "grep",
	.run = grep_run,
	.summary = "print the lines that have a pattern",
	.help =
"Usage: ksift grep [OPTION]... PATTERN [FILE]...\n"
"       ksift grep [OPTION]... -e PATTERN... [FILE]...\n"
"\n"
"Print the lines of each FILE that have PATTERN.  Without FILE, or where it is -,\n"
"read standard input.  Text is bytes, as for 'LC_ALL=C grep -a'.  As for grep the\n"
"first word is the PATTERN, unless -e or -f gives one; 'ksift filter' takes none.\n"
"\n"
"A PATTERN is a basic regular expression, unless -E, -F or -P is given.  Newlines\n"
"in a PATTERN stand between patterns.\n",
	.notes =
"The exit status is 0 if a line was selected, 1 if none was, and 2 on an error,\n"
"unless -q is given and a line was selected.\n"
};

const struct cli_cmd cli_filter = {
	.name = "filter",
	.also = "grep",
	.run = filter_run,
	.summary = "print the lines that meet conditions, such as a severity",
	.help =
"Usage: ksift filter [OPTION]... CONDITION... [FILE]...\n"
"\n"
"Print the lines of each FILE that meet all of the conditions.  There is one at\n"
"least, and every word is a FILE; without one, or where it is -, read standard\n"
"input.\n",
	.notes =
"All other options, what a PATTERN is, and the exit status are those of 'ksift\n"
"grep'.\n"
};

const struct cli_cmd cli_entries = {
	.name = "entries",
	.also = "grep",
	.run = entries_run,
	.summary = "print the entries of a log that have a pattern",
	.help =
"Usage: ksift entries [OPTION]... PATTERN [FILE]...\n"
"       ksift entries [OPTION]... -e PATTERN... [FILE]...\n"
"\n"
"Print the entries of each FILE, a log, that have PATTERN: lines, or with --join\n"
"a line and those after it that go on with it, as in a stack trace.\n",
	.notes =
"All other options, and the exit status, are those of 'ksift grep', for entries\n"
"instead of lines.\n"
};
