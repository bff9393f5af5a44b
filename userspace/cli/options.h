/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The options of all commands, which are in options-table.h.
 */
#ifndef _KSIFT_OPTIONS_H
#define _KSIFT_OPTIONS_H

#include <getopt.h>

#include "cli.h"
#include "engine.h"

/* What options_next() gives for an option without a letter; others are their letter. */
enum option_id {
	OPT_LETTERS = 255,
#define OPTION(commands, spec, help)
#define LONG_OPTION(id, commands, spec, help) OPT_##id,
#define AGAIN(id, commands, spec, help)
#define GROUP(commands, heading)
#include "options-table.h"
};

/*
 * The next option of @cmd, its value in optarg; -1: there is none, and optind is the
 * first word that is no option.  '?': it was refused, which is said already.
 */
int options_next(const struct cli_cmd *cmd, int argc, char **argv);
/*
 * For what @cmd itself does not know of what options_next() gave: -1 to go on, else the
 * exit status.
 */
int options_common(const struct cli_cmd *cmd, struct engine_opts *how, int c);
/* Print the text of --help; gives the exit status. */
int options_help(const struct cli_cmd *cmd);

#endif /* _KSIFT_OPTIONS_H */
