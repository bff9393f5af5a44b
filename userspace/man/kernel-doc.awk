# SPDX-License-Identifier: GPL-2.0-only
#
# Writes a manual page's scdoc source from a page and the header that it is
# about: a line "@doc HEADER" of the page stands for all the kernel-doc of that
# file, each comment with the declarations that follow it, in their order.
#
#	awk -v version=VERSION -f kernel-doc.awk PAGE.scd
#
# A line of the page "@end" ends it for whom scdoc's header line is generated.

# Nothing in @s is markup, but for what kernel-doc marks.
function text(s,    out, w)
{
	gsub(/[\\_*`#~|<>\[\]]/, "\\\\&", s)
	out = ""
	while (match(s, /[%@&]?[A-Za-z][A-Za-z0-9\\_]*(->[A-Za-z0-9\\_.]+|\(\))?/)) {
		w = substr(s, RSTART, RLENGTH)
		out = out substr(s, 1, RSTART - 1) word(w)
		s = substr(s, RSTART + RLENGTH)
	}
	return out s
}

function word(w)
{
	if (w ~ /^@/)
		return "_" substr(w, 2) "_"
	if (w ~ /^[%&]/)
		return "*" substr(w, 2) "*"
	if (w ~ /\(\)$/)
		return "*" substr(w, 1, length(w) - 2) "*()"
	if (w ~ /^(KSIFT\\_[A-Z0-9\\_]+|E[A-Z0-9]+)$/ && w != "E")
		return "*" w "*"
	return w
}
