#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Every pattern that ksift takes for plain means the same to GNU grep as a basic
# regular expression, as an extended one, and as the literal it stands for, and
# ksift selects just that.  With those that are not plain, ksift selects what grep
# does, either way, or fails as grep does.  Lines are those of a file made of all
# that is special.
set -u
export LC_ALL=C

unit=$1 ksift=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

case $(grep --version 2>/dev/null) in
*GNU*) ;;
*) echo '1..0 # SKIP grep is not GNU'; exit 0 ;;
esac

env -u LD_PRELOAD "$unit" accepted >"$dir/accepted"

# Each character and each pair in every place a pattern could tell apart.
awk 'BEGIN {
	all = "\\.*+?()[]{}|^$ !\"#%&\047,-/:;<=>@_`~7ab"
	for (i = 1; i <= length(all); i++) {
		c = substr(all, i, 1)
		print c; print c "a"; print "a" c; print "a" c "b"; print "zz" c "a" c
		for (k = 1; k <= length(all); k++) print c substr(all, k, 1)
	}
	print ""; print "1.2.3"; print "1x2x3"; print "[error] a"; print "an [error]"
	print "e"; print "error"; print "\303\244"; print "\303\244a"; print "a\303\244b"; print "\303"
}' >"$dir/lines"

n=0 bad=0
result()
{
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		bad=1
		echo "not ok $n - $2"
	fi
}

tab=$(printf '\t')
while IFS=$tab read -r anchored text literal; do
	if [ "$anchored" = - ]; then
		for kind in -G -E; do
			env -u LD_PRELOAD grep -a $kind -e "$text" "$dir/lines" >"$dir/want" 2>"$dir/err"
			status=$?
			"$ksift" grep $kind -e "$text" "$dir/lines" >"$dir/got" 2>"$dir/err.got"
			[ $? = $status ] && cmp -s "$dir/want" "$dir/got" &&
				sed 's/^grep: //' "$dir/err" >"$dir/want" &&
				sed 's/^ksift: //; s/^grep: //' "$dir/err.got" | cmp -s - "$dir/want"
			result $? "'$text' to grep $kind and to ksift"
		done
		continue
	fi
	anchored=$anchored literal=$literal awk '{
		at = index($0, ENVIRON["literal"])
		if (ENVIRON["anchored"] == 1 ? at == 1 : at) print
	}' "$dir/lines" >"$dir/want"
	[ -s "$dir/want" ] || [ "$literal" = '\.' ]
	result $? "'$text' is in some line"
	for kind in -G -E; do
		env -u LD_PRELOAD grep -a $kind -e "$text" "$dir/lines" >"$dir/got" 2>&1
		cmp -s "$dir/want" "$dir/got"
		result $? "'$text' to grep $kind"
	done
	if [ "$anchored" = 0 ]; then
		env -u LD_PRELOAD grep -aF -e "$literal" "$dir/lines" >"$dir/got" 2>&1
		cmp -s "$dir/want" "$dir/got"
		result $? "'$literal' to grep -F"
	fi
	"$ksift" grep -e "$text" "$dir/lines" >"$dir/got" 2>&1
	cmp -s "$dir/want" "$dir/got"
	result $? "'$text' to ksift"
done <"$dir/accepted"
[ "$n" -gt 300 ]
result $? "patterns were tested"
echo "1..$n"
exit $bad
