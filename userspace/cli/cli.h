/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KSIFT_CLI_H
#define _KSIFT_CLI_H

#include <stdio.h>

#include <libksift.h>

/* 1 is grep's for "nothing was selected". */
#define CLI_OK 0
#define CLI_NONE 1
#define CLI_ERROR 2

#define CLI_STDIN_NAME "(standard input)"

/**
 * struct cli_cmd - A command
 * @name: What it is called
 * @run: Does it; gives the exit status
 * @summary: One line for the list of commands
 * @help: The text of --help in front of its options
 * @notes: That behind them, or NULL
 * @also: The name of a command whose options it takes, too, or NULL
 */
struct cli_cmd {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
	const char *help;
	const char *notes;
	const char *also;
};

extern const struct cli_cmd cli_grep, cli_filter, cli_entries, cli_explain, cli_levels, cli_fib, cli_sumsq,
	cli_sum, cli_info, cli_doctor, cli_bench;

void cli_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int cli_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same, with the name of the command that runs in front. */
int cli_refuse(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int cli_version(void);
int cli_run(const struct cli_cmd *cmd, int argc, char **argv);
const char *cli_name(void);
void cli_flush(void);

/*
 * All of a file, less than @max bytes, with room for one more; "-" is standard
 * input.  @text, NULL before, is to be freed, whatever comes back: 0, or a
 * negative errno value.
 */
int cli_read(const char *path, size_t max, char **text, size_t *len);

#endif /* _KSIFT_CLI_H */
