/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KSIFT_CLI_H
#define _KSIFT_CLI_H

#include <getopt.h>
#include <stdio.h>

#include <libksift.h>

/* 1 is grep's for "nothing was selected". */
#define CLI_OK 0
#define CLI_NONE 1
#define CLI_ERROR 2

#define CLI_STDIN_NAME "(standard input)"

/* Values of long options that have no letter. */
enum cli_long {
	CLI_HELP = 256,
	CLI_ENGINE,
	CLI_VARIANT,
	CLI_JSON,
	CLI_CACHED,
	CLI_POLITE,
	CLI_OTHER
};

#define CLI_COMMON_OPTIONS \
	{ "help", no_argument, NULL, CLI_HELP }, \
	{ "engine", required_argument, NULL, CLI_ENGINE }, \
	{ "variant", required_argument, NULL, CLI_VARIANT }

#define CLI_COMMON_HELP \
"  --engine WHERE       who does the work: 'kernel', 'user' for this program\n" \
"                       itself, or 'auto', the kernel if its module is there;\n" \
"                       the results are the same\n" \
"  --variant NAME       use this implementation, not the fastest ('ksift info'\n" \
"                       lists them); the results are the same\n" \
"  --help               show this text\n"

/**
 * struct cli_open_opts - What of the common options is for cli_open()
 * @engine: From --engine, or NULL
 * @variant: From --variant, or NULL
 */
struct cli_open_opts {
	const char *engine;
	const char *variant;
};

/**
 * struct cli_cmd - A command
 * @name: What it is called
 * @letters: Its options of one letter, as getopt() takes them after a ':'
 * @run: Does it; gives the exit status
 * @summary: One line for the list of commands
 * @help: The whole text of --help
 */
struct cli_cmd {
	const char *name;
	const char *letters;
	int (*run)(int argc, char **argv);
	const char *summary;
	const char *help;
};

extern const struct cli_cmd cli_grep, cli_filter, cli_entries, cli_levels, cli_fib, cli_sumsq,
	cli_sum, cli_info, cli_doctor, cli_bench;

void cli_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int cli_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same, with the name of the command that runs in front. */
int cli_refuse(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int cli_bad_option(const struct cli_cmd *cmd, int c, char **argv);
/* For one that @cmd itself does not take: -1 to go on, else the exit status. */
int cli_common_option(const struct cli_cmd *cmd, struct cli_open_opts *how, int c,
		      char **argv);
int cli_help(const struct cli_cmd *cmd);
int cli_version(void);
int cli_run(const struct cli_cmd *cmd, int argc, char **argv);
const char *cli_name(void);
int cli_open(const struct cli_open_opts *how, struct ksift_ctx **ctx);
void cli_flush(void);

/*
 * All of a file, less than @max bytes, with room for one more; "-" is standard
 * input.  @text, NULL before, is to be freed, whatever comes back: 0, or a
 * negative errno value.
 */
int cli_read(const char *path, size_t max, char **text, size_t *len);

#endif /* _KSIFT_CLI_H */
