# SPDX-License-Identifier: GPL-2.0-only
#
# Makes a manual page, in scdoc's language, from one that leaves out what a
# header says already:
#
#	awk -v version=X.Y.Z -f page.awk PAGE.scd | scdoc
#
# A line "@doc HEADER" of the page stands for the kernel-doc of that file, each
# comment with the declarations that follow it, in their order; "@doc HEADER
# sections" for its DOC: parts alone, "@doc HEADER declarations" for the rest.
# @version@ is the version.  What else a page leaves out: see cli/options.awk.

function die(why)
{
	print FILENAME ": " why >"/dev/stderr"
	failed = 1
	exit 1
}

# Nothing in @s is markup.
function escape(s,    out, i, c)
{
	out = ""
	for (i = 1; i <= length(s); i++) {
		c = substr(s, i, 1)
		out = out (index("\\_*`#~|<>[]-;+", c) ? "\\" c : c)
	}
	return out
}

# Nothing is but what kernel-doc marks: %CONSTANT, @member, function().
function text(s,    out, w)
{
	out = ""
	while (match(s, /([%@&]|struct |enum )?[A-Za-z_][A-Za-z0-9_]*(->[a-z0-9_]+|\(\))?/)) {
		w = substr(s, RSTART, RLENGTH)
		out = out escape(substr(s, 1, RSTART - 1))
		s = substr(s, RSTART + RLENGTH)
		if (w ~ /^@/)
			out = out "_" escape(substr(w, 2)) "_"
		else if (w ~ /^[%&]/)
			out = out "*" escape(substr(w, 2)) "*"
		else if (w ~ /\(\)$/)
			out = out "*" escape(substr(w, 1, length(w) - 2)) "*()"
		else if (w ~ /^((struct |enum )ksift_|KSIFT_[A-Z])/)
			out = out "*" escape(w) "*"
		else
			out = out escape(w)
	}
	return out escape(s)
}

function unindent(s)
{
	sub(/^[ \t]+/, "", s)
	return s
}

# A manual page has tab stops of its own.
function expand(s,    at)
{
	while (at = index(s, "\t"))
		s = substr(s, 1, at - 1) substr("        ", 1 + (at - 1) % 8) substr(s, at + 1)
	return s
}

# Within a literal only that is special.  gsub() would do, did all awks agree on
# what a backslash is in its replacement.
function double_backslashes(s,    out, at)
{
	out = ""
	while (at = index(s, "\\")) {
		out = out substr(s, 1, at) "\\"
		s = substr(s, at + 1)
	}
	return out s
}

function literal(    i)
{
	while (codes && code[codes] ~ /^[ \t]*$/)
		codes--
	if (!codes)
		return
	print "```"
	for (i = 1; i <= codes; i++)
		print double_backslashes(expand(code[i]))
	print "```"
	print ""
}

# "@member: what it is": a term and its definition.
function member(line,    colon)
{
	colon = index(line, ":")
	print "_" escape(substr(line, 2, colon - 2)) "_"
	print "\t" text(unindent(substr(line, colon + 1)))
}

# What follows the first line of a comment.
function body(    i, line, tab)
{
	tab = ""
	for (i = 2; i <= lines; i++) {
		line = doc[i]
		if (line == "") {
			print tab = ""
		} else if (line ~ /^@[a-z0-9_A-Z]+:/) {
			if (tab != "")
				print ""
			tab = "\t"
			member(line)
		} else if (line ~ /^%?[A-Z][A-Z0-9_]+: /) {
			if (tab != "")
				print ""
			tab = "\t"
			print text(substr(line, 1, index(line, ":") - 1))
			print "\t" text(unindent(substr(line, index(line, ":") + 1)))
		} else if (sub(/^Return: /, "", line)) {
			print "*Return:* " text(line)
		} else {
			print tab text(unindent(line))
		}
	}
	print ""
}

# One comment and what it describes: all of it is known by now.
function item(    title, dash)
{
	if (!lines)
		return
	title = doc[1]
	if (sub(/^DOC: /, "", title)) {
		if (part != "declarations") {
			print "# " toupper(title)
			print ""
			body()
			literal()
		}
	} else if (part != "sections") {
		dash = index(title, " - ")
		if (!dash)
			die("'" title "' is no kernel-doc")
		print "## " escape(substr(title, 1, dash - 1))
		print ""
		print text(substr(title, dash + 3))
		print ""
		literal()
		body()
	}
	items++
}

function header(file,    line, where)
{
	lines = codes = items = 0
	where = "outside"
	while ((got = (getline line <file)) > 0) {
		if (line ~ /^\/\*\*/) {
			item()
			lines = codes = 0
			where = "doc"
		} else if (where == "doc" && line ~ /^ \*\//) {
			where = "code"
		} else if (where == "doc") {
			sub(/^ \*[ ]?/, "", line)
			doc[++lines] = line
		} else if (line ~ /^#ifdef __cplusplus/) {
			where = "skip"
		} else if (where == "skip") {
			where = line ~ /^#endif/ ? "code" : where
		} else if (where == "code" && line !~ /^#(if|endif)/ && (codes || line != "")) {
			code[++codes] = line
		}
	}
	close(file)
	item()
	if (got < 0 || !items)
		die("there is no kernel-doc in " file)
}

/^@doc / {
	part = $3
	header(substr(FILENAME, 1, match(FILENAME, /[^\/]*$/) - 1) $2)
	next
}
{
	gsub(/@version@/, version)
	print
}
END { exit failed }
