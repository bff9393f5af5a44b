# SPDX-License-Identifier: GPL-2.0-only
#
# Fills in what is made of the table of options, where it is asked for:
#
#	awk -v table=cli/options-table.h -v version=X.Y.Z -f options.awk -f page.awk FILE
#
# A line "@options COMMAND" of a manual page stands for the entries of what the table
# has for it.  In the completion, "# @options" stands for the cases of a shell's "case"
# that list each command's options, "# @values" for those that list an option's values.

# Each row: what the manual says, the commands' names, the option's, and its values.
function read_table(    line, part, comment, vals, got)
{
	while ((got = (getline line <table)) > 0) {
		if (line ~ /^\/\*$/) {
			comment = vals = ""
		} else if (line ~ /^ \* @values: /) {
			vals = substr(line, length(" * @values: ") + 1)
		} else if (line ~ /^ \*( |$)/) {
			comment = comment (line == " *" ? "" : "\t" substr(line, 4)) "\n"
		} else if (line ~ /^(OPTION|LONG_OPTION|AGAIN)\(/ && line !~ /, NULL\)$/) {
			if (split(line, part, "\"") != 5 || comment == "")
				die(table ": '" line "' is no row, or has no comment")
			manual[++rows] = comment
			commands[rows] = part[2]
			names[rows] = part[4]
			values[rows] = vals
			comment = vals = ""
		}
	}
	if (got < 0 || !rows)
		die("there are no options in " table)
}

function has_word(words, word)
{
	return index(" " words " ", " " word " ")
}

# The manual has it: with that command, or in front of all.
function is_of(row, command)
{
	return has_word(commands[row], "common") ? command == "common" : has_word(commands[row], command)
}

# "-x, --long-name VALUE" in scdoc's language.
function marked(spec)
{
	gsub(/-[-A-Za-z0-9]+/, "*&*", spec)
	gsub(/\[=/, "[=_", spec)
	gsub(/\]/, "_]", spec)
	if (sub(/\* [A-Z]+$/, "&_", spec))
		sub(/\* /, "* _", spec)
	return spec
}

# "-x --long-name"
function bare(spec)
{
	gsub(/\[=[A-Z]+\]|,| [A-Z]+$/, "", spec)
	return spec
}

function entries(command,    row)
{
	asked[command] = 0
	for (row = 1; row <= rows; row++) {
		if (!is_of(row, command))
			continue
		if (asked[command]++)
			print ""
		printf "%s\n%s", marked(names[row]), manual[row]
	}
	if (!asked[command])
		die("no option is for " command)
}

function option_cases(indent,    row, i, n, word, list, order)
{
	for (row = 1; row <= rows; row++) {
		n = split(commands[row], word, " ")
		for (i = 1; i <= n; i++) {
			if (!(word[i] in list))
				order[++order[0]] = word[i]
			list[word[i]] = list[word[i]] " " bare(names[row])
		}
	}
	for (i = 1; i <= order[0]; i++)
		if (order[i] !~ /^(common|own)$/)
			printf "%s%s) echo%s ;;\n", indent, order[i], list[order[i]]
}

function value_cases(indent,    row, name, seen)
{
	for (row = 1; row <= rows; row++) {
		name = bare(names[row])
		gsub(/ /, " | ", name)
		if (values[row] != "" && !seen[name]++)
			printf "%s%s) echo %s ;;\n", indent, name, values[row]
	}
}

/^@options |^[ \t]*# @(options|values)$/ {
	if (!rows)
		read_table()
	indent = $0
	sub(/#.*/, "", indent)
	if (/^@/)
		entries($2)
	else if (/@options/)
		option_cases(indent)
	else
		value_cases(indent)
	next
}
END {
	for (row = 1; row <= rows && !failed; row++) {
		n = split(commands[row], word, " ")
		for (i = 1; i <= n; i++)
			if (word[i] != "own" && "common" in asked && is_of(row, word[i]) && !(word[i] in asked))
				die("it has no options of " word[i])
	}
}
