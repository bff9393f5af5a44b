// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the table of options, for the command that runs: what getopt_long() takes, and
 * the text of --help.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

/**
 * struct row - An option of some commands, or a heading
 * @id: See enum option_id; 0: its letter
 * @commands: Their names
 * @spec: It, as in "-x, --long-name VALUE"; NULL: this is a heading
 * @help: What it does, or the heading; NULL: it is not shown
 */
struct row {
	int id;
	const char *commands;
	const char *spec;
	const char *help;
};

static const struct row rows[] = {
#define OPTION(commands, spec, help) { 0, commands, spec, help },
#define LONG_OPTION(id, commands, spec, help) { OPT_##id, commands, spec, help },
#define AGAIN(id, commands, spec, help) { OPT_##id, commands, spec, help },
#define GROUP(commands, heading) { 0, commands, NULL, heading },
#include "options-table.h"
};

#define ROWS (sizeof(rows) / sizeof(*rows))

/* In --help: lines end here, and texts begin no further right. */
#define COLUMNS 80
#define TEXT_COLUMN_MAX 28
/* In front of names, and behind them. */
#define INDENT 2
#define GAP 2

/*
 * What getopt_long() takes: room for all letters, and for a name a row of those that
 * grep has not, which begin at @longs, and of the others, from @greps on.
 */
static char letters[3 * 128] = ":";
static struct option room[2 * ROWS + 1];
static struct option *const greps = room + ROWS;
static struct option *longs = room + ROWS, *longs_end = room + ROWS;

/* In a message. */
#define NAMES_LEN 2048

static bool has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (; *words; words += strspn(words, " ")) {
		if (strcspn(words, " ") == len && !memcmp(words, word, len))
			return true;
		words += strcspn(words, " ");
	}
	return false;
}

/*
 * Parser
 */

static int value_of(const char *spec)
{
	const char *blank = strrchr(spec, ' ');

	if (strchr(spec, '['))
		return optional_argument;
	return blank && blank[-1] != ',' ? required_argument : no_argument;
}

static void add_letter(char letter, int value)
{
	size_t len = strlen(letters);

	letters[len] = letter;
	memset(letters + len + 1, ':', value);
}

static void add_long(const char *name, size_t len, int value, int id, bool own)
{
	/* Any run of the command comes here: no test passes then. */
	if (longs == room || longs_end == room + 2 * ROWS)
		abort();
	*(own ? --longs : longs_end++) = (struct option){ strndup(name, len), value, NULL, id };
}

static void add_row(const struct row *row)
{
	bool own = has_word(row->commands, "own");
	int value = value_of(row->spec), id = row->id ? row->id : row->spec[1];
	const char *p = row->spec - 2;
	size_t len;

	do {
		p += 2;
		len = strcspn(p, ",[ ");
		if (p[1] == '-')
			add_long(p + 2, len - 2, value, id, own);
		else
			add_letter(p[1], value);
		p += len;
		if (*p == '[')
			p += strcspn(p, "]") + 1;
	} while (*p == ',');
}

static void add_rows(const struct cli_cmd *cmd)
{
	size_t i;

	for (i = 0; i < ROWS; i++)
		if (rows[i].spec && (has_word(rows[i].commands, cmd->name) ||
				     (cmd->also && has_word(rows[i].commands, cmd->also))))
			add_row(&rows[i]);
}

/* Put the names that begin as @word does in @names.  Return: how many there are. */
static size_t find_names(const char *word, char names[NAMES_LEN])
{
	size_t len = strcspn(word, "="), left = 0, hits, to = 0;
	const struct option *o;

	for (o = longs; o->name; o++)
		left += !strncmp(o->name, word + 2, len - 2);
	hits = left;
	for (o = longs; o->name && to < NAMES_LEN; o++)
		if (!strncmp(o->name, word + 2, len - 2))
			to += snprintf(names + to, NAMES_LEN - to, "--%s%s", o->name,
				       --left > 1 ? ", " : left ? " or " : "");
	return hits;
}

/* For what getopt_long() does not take, @c being '?' or ':'. */
static void refuse(const struct cli_cmd *cmd, int c, char **argv)
{
	const char *what = c == ':' ? "needs a value" : "is not known";
	bool letter = optopt && optopt <= OPT_LETTERS;
	char names[NAMES_LEN] = "";

	/* The letter of a known option stands here for its long form. */
	if (c == '?' && optopt && (!letter || strchr(letters, optopt))) {
		what = "takes no value";
		letter = false;
	}
	if (c == '?' && !optopt && find_names(argv[optind - 1], names))
		what = "is ambiguous: ";
	if (letter)
		cli_error("%s: option -%c %s; see 'ksift %s --help'", cmd->name, optopt, what,
			  cmd->name);
	else
		cli_error("%s: option %s %s%s; see 'ksift %s --help'", cmd->name,
			  argv[optind - 1], what, names, cmd->name);
}

int options_next(const struct cli_cmd *cmd, int argc, char **argv)
{
	int c;

	if (!longs->name)
		add_rows(cmd);
	opterr = 0;
	c = getopt_long(argc, argv, letters, longs, NULL);
	/* No name, or the beginning of several: what grep takes it for, if it does. */
	if (c == '?' && !optopt) {
		optind--;
		c = getopt_long(argc, argv, letters, greps, NULL);
	}
	if (c != '?' && c != ':')
		return c;
	refuse(cmd, c, argv);
	return '?';
}

int options_common(const struct cli_cmd *cmd, struct engine_opts *how, int c)
{
	switch (c) {
	case OPT_HELP:
		return options_help(cmd);
	case OPT_ENGINE:
		how->engine = optarg;
		return -1;
	case OPT_VARIANT:
		how->variant = optarg;
		return -1;
	}
	return CLI_ERROR;
}

/*
 * --help
 */

static bool is_shown(const struct cli_cmd *cmd, const struct row *row)
{
	return row->help && has_word(row->commands, cmd->name);
}

static bool has_letter(const struct row *row)
{
	return row->spec && row->spec[1] != '-';
}

/* The words of @text from @column on, the first line beginning at @at. */
static void put_text(const char *text, int at, int column)
{
	int len;

	for (;;) {
		printf("%*s", column - at, "");
		/* What fits, up to a blank, but one word at least. */
		len = strlen(text);
		if (len > COLUMNS - column) {
			for (len = COLUMNS - column; len && text[len] != ' '; len--)
				;
			while (len && text[len - 1] == ' ')
				len--;
			if (!len)
				len = strcspn(text, " ");
		}
		printf("%.*s\n", len, text);
		text += len + strspn(text + len, " ");
		if (!*text)
			return;
		at = 0;
	}
}

/* Where names without a letter begin: below the others' long names. */
static int long_indent(const struct cli_cmd *cmd)
{
	size_t i;

	for (i = 0; i < ROWS; i++)
		if (is_shown(cmd, &rows[i]) && has_letter(&rows[i]))
			return strlen("  -x, ");
	return INDENT;
}

static int names_end(const struct row *row, int indent)
{
	return (has_letter(row) ? INDENT : indent) + strlen(row->spec);
}

/* For all texts to begin below each other; names that reach further stand alone. */
static int text_column(const struct cli_cmd *cmd, int indent)
{
	int end, column = 0;
	size_t i;

	for (i = 0; i < ROWS; i++) {
		if (!rows[i].spec || !is_shown(cmd, &rows[i]))
			continue;
		end = names_end(&rows[i], indent) + GAP;
		if (end > column && end <= TEXT_COLUMN_MAX)
			column = end;
	}
	return column;
}

static void put_row(const struct row *row, int indent, int column)
{
	int at = names_end(row, indent);

	printf("%*s", at, row->spec);
	if (at + GAP > column) {
		putchar('\n');
		at = 0;
	}
	put_text(row->help, at, column);
}

static void put_rows(const struct cli_cmd *cmd)
{
	int indent = long_indent(cmd), column = text_column(cmd, indent);
	bool first = true;
	size_t i;

	for (i = 0; i < ROWS; i++) {
		if (!is_shown(cmd, &rows[i]))
			continue;
		if (first || !rows[i].spec)
			putchar('\n');
		if (rows[i].spec)
			put_row(&rows[i], indent, column);
		else
			printf("%s:\n", rows[i].help);
		first = false;
	}
}

int options_help(const struct cli_cmd *cmd)
{
	fputs(cmd->help, stdout);
	put_rows(cmd);
	if (cmd->notes)
		printf("\n%s", cmd->notes);
	return CLI_OK;
}
