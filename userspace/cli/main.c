// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of commands.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static const struct cli_cmd *const commands[] = {
	&cli_grep,
	&cli_entries,
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
	     "'ksift COMMAND --help' tells more of each, 'ksift --version' the version.");
}

static const struct cli_cmd *find(const char *name)
{
	size_t i;

	for (i = 0; i < COMMANDS; i++) {
		if (!strcmp(commands[i]->name, name))
			return commands[i];
		if (commands[i]->alias && !strcmp(commands[i]->alias, name))
			return commands[i];
	}
	return NULL;
}

static int help(int argc, char **argv)
{
	const struct cli_cmd *cmd;

	if (argc > 3)
		return cli_error("help: one COMMAND is the most, and there are %d",
				 argc - 2);
	if (argc == 2) {
		usage();
		return CLI_OK;
	}
	cmd = find(argv[2]);
	return cmd ? cli_help(cmd) :
		cli_error("there is no command '%s'; try 'ksift help'", argv[2]);
}

static int dispatch(int argc, char **argv)
{
	const struct cli_cmd *cmd;

	if (argc < 2)
		return cli_error("a command is missing; try 'ksift help'");
	if (!strcmp(argv[1], "--version")) {
		if (argc > 2)
			return cli_error("--version: there is nothing to give it, such as '%s'",
					 argv[2]);
		printf("ksift %s\n", ksift_version());
		return CLI_OK;
	}
	if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help"))
		return help(argc, argv);
	cmd = find(argv[1]);
	if (!cmd)
		return cli_error("there is no command '%s'; try 'ksift help'", argv[1]);
	return cli_run(cmd, argc - 1, argv + 1);
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
