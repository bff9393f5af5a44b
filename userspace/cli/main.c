// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of commands.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "options.h"

static const struct cli_cmd *const commands[] = {
	&cli_grep,
	&cli_filter,
	&cli_entries,
	&cli_explain,
	&cli_levels,
	&cli_fib,
	&cli_sumsq,
	&cli_sum,
	&cli_bench,
	&cli_info,
	&cli_doctor,
};

/* Where lines get something in front, one write(2) takes a thousand of them. */
#define OUTPUT_CAP (128u << 10)

#define COMMANDS (sizeof(commands) / sizeof(*commands))

/* A longer word is not near the name of any command. */
#define WORD_MAX 16

static void usage(void)
{
	size_t i;

	puts("Usage: ksift COMMAND [ARGUMENT]...\n"
	     "\n"
	     "Filter text and compute, in the kernel where its module is loaded.  Commands:\n");
	for (i = 0; i < COMMANDS; i++)
		printf("  %-8s %s\n", commands[i]->name, commands[i]->summary);
	puts("  help     show this text, or that of a command\n"
	     "\n"
	     "'ksift COMMAND --help' tells more of each, 'ksift --version' the version; -h and\n"
	     "-V are short for --help and --version.");
}

static const struct cli_cmd *find(const char *name)
{
	size_t i;

	for (i = 0; i < COMMANDS; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

/* How many letters to add, drop, change or swap with the next make @b of @a. */
static size_t distance(const char *a, const char *b)
{
	size_t d[WORD_MAX + 1][WORD_MAX + 1], i, k, best;

	for (i = 0; i <= strlen(a); i++) {
		for (k = 0; k <= strlen(b); k++) {
			d[i][k] = i + k;
			if (!i || !k)
				continue;
			best = d[i - 1][k - 1] + (a[i - 1] != b[k - 1]);
			if (best > d[i - 1][k] + 1)
				best = d[i - 1][k] + 1;
			if (best > d[i][k - 1] + 1)
				best = d[i][k - 1] + 1;
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1] &&
			    best > d[i - 2][k - 2] + 1)
				best = d[i - 2][k - 2] + 1;
			d[i][k] = best;
		}
	}
	return d[strlen(a)][strlen(b)];
}

/*
 * The command that @name may be meant for: a third of its letters may be wrong.  Of
 * two that are as near, the shorter one.
 */
static const char *nearest(const char *name)
{
	const char *found = NULL, *word;
	size_t i, len, wrong, least = WORD_MAX;

	if (strlen(name) > WORD_MAX)
		return NULL;
	for (i = 0; i <= COMMANDS; i++) {
		word = i < COMMANDS ? commands[i]->name : "help";
		wrong = distance(name, word);
		len = strlen(name) > strlen(word) ? strlen(name) : strlen(word);
		if (wrong <= len / 3 &&
		    (wrong < least || (wrong == least && strlen(word) < strlen(found)))) {
			least = wrong;
			found = word;
		}
	}
	return found;
}

static int no_command(const char *name)
{
	const char *near = nearest(name);

	if (near)
		return cli_error("there is no command '%s'; did you mean '%s'? See 'ksift help'",
				 name, near);
	return cli_error("there is no command '%s'; see 'ksift help'", name);
}

static int help(int argc, char **argv)
{
	const struct cli_cmd *cmd;

	if (argc > 3)
		return cli_error("help: one COMMAND is the most, and there are %d",
				 argc - 2);
	if (argc == 2 || !strcmp(argv[2], "help")) {
		usage();
		return CLI_OK;
	}
	cmd = find(argv[2]);
	return cmd ? options_help(cmd) : no_command(argv[2]);
}

static int dispatch(int argc, char **argv)
{
	const struct cli_cmd *cmd;

	if (argc < 2)
		return cli_error("a command is missing; try 'ksift help'");
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		if (argc > 2)
			return cli_error("%s: there is nothing to give it, such as '%s'",
					 argv[1], argv[2]);
		return cli_version();
	}
	if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return help(argc, argv);
	cmd = find(argv[1]);
	return cmd ? cli_run(cmd, argc - 1, argv + 1) : no_command(argv[1]);
}

/*
 * If one of the standard descriptors is closed, the device must not be opened
 * in its place: take it up with something that fails as it would.
 */
static void fill_descriptors(void)
{
	static const int modes[] = { O_WRONLY, O_RDONLY, O_RDONLY };
	int fd;

	for (fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) < 0)
			_exit(CLI_ERROR);
}

int main(int argc, char **argv)
{
	static char buf[OUTPUT_CAP];
	int ret;

	fill_descriptors();
	setvbuf(stdout, buf, _IOFBF, sizeof(buf));
	ret = dispatch(argc, argv);
	cli_flush();
	return ret;
}
