#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The manual pages say what the program and the headers say, and the completion
# offers what the program takes.
set -u
export LC_ALL=C

: "${O:?}" "${KSIFT:?}" "${CC:=cc}"
page=$O/man/ksift.1.scd completion=$O/completion/ksift
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

n=0 bad=0
result()
{
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		bad=1
		echo "not ok $n - $2"
		sed 's/^/# /' "$dir/log"
	fi
}

skip()
{
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}

"$KSIFT" help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p' >"$dir/commands"
: >"$dir/log"
[ "$(wc -l <"$dir/commands")" -ge 6 ]
result $? "there are commands"
while read -r cmd; do
	grep -Fx "## ksift $cmd" "$page" >"$dir/log"
	result $? "ksift(1) has $cmd"
	grep "^\*ksift $cmd\*" "$page" >"$dir/log"
	result $? "ksift(1): $cmd is in the synopsis"
	"$KSIFT" help "$cmd" | awk 'length > 80' >"$dir/log"
	[ ! -s "$dir/log" ]
	result $? "help $cmd fits on a terminal"
done <"$dir/commands"
sed -n 's/^## ksift //p' "$page" | sort >"$dir/log"
sort "$dir/commands" >"$dir/sorted"
cmp -s "$dir/sorted" "$dir/log"
result $? "ksift(1) invents no command"

# keys HEADING COMMAND...: the keys of its JSON are in that part of the page, and
# in what comes before its parts
keys()
{
	heading=$1
	shift
	"$@" 2>/dev/null | grep -o '"[a-z_0-9]*":' | tr -d '":' | sort -u >"$dir/keys"
	awk -v heading="## $heading" '
		/^# / { on = $0 == "# OUTPUT FORMATS" }
		/^## / { on = $0 == heading }
		on { gsub(/\\/, ""); while (match($0, /_[a-z_0-9]*[a-z0-9]_/)) {
			print substr($0, RSTART + 1, RLENGTH - 2)
			$0 = substr($0, RSTART + RLENGTH)
		} }' "$page" | sort -u | comm -13 - "$dir/keys" >"$dir/log"
	[ -s "$dir/keys" ] && [ ! -s "$dir/log" ]
	result $? "ksift(1) lacks no key of JSON: $heading"
}

echo 5 >"$dir/five"
printf 'x \377\n' >"$dir/odd"
sed -n 's/^\*\(ksift checkpoint [0-9]*\)\*$/\1/p' "$page" >"$dir/first"
keys "ksift levels" "$KSIFT" levels --json "$dir/five"
keys "ksift fib" "$KSIFT" fib --json 5
keys "ksift sumsq" "$KSIFT" sumsq --json 5
keys "ksift sum" "$KSIFT" sum --json "$dir/five"
keys "ksift info" "$KSIFT" info --json
keys "ksift bench" "$KSIFT" bench --json --rounds 1 "$page"
keys "JSON Lines" "$KSIFT" grep --json -e 5 -e x "$dir/five" "$dir/odd"
keys "Records" "$KSIFT" grep --records -e 5 -e x "$dir/five" "$dir/odd"

# terms HEADING MARK: that begin so in that part of the page
terms()
{
	awk -v heading="## $1" -v mark="$2" '
		/^##? / { on = $0 == heading }
		on && index($0, mark) == 1 {
			n = split($0, a, /, /)
			for (i = 1; i <= n; i++) {
				gsub(/[*_]/, "", a[i])
				sub(/ .*/, "", a[i])
				print a[i]
			}
		}' "$page"
}

"$KSIFT" grep --stats 5 "$dir/five" 2>&1 >"$dir/out" | sed 's/^ksift: stats: //' |
	tr ' ' '\n' | sed -n 's/^\([a-z]*\)=.*/\1/p' >"$dir/keys"
terms Stats _ | diff "$dir/keys" - >"$dir/log" && [ -s "$dir/keys" ]
result $? "ksift(1) has the keys of --stats in their order"
"$KSIFT" grep --checkpoint "$dir/checkpoint" 5 "$dir/five" >"$dir/out"
sed 's/ .*//' "$dir/checkpoint" >"$dir/keys"
terms Checkpoints '*' | diff "$dir/keys" - >"$dir/log" && [ -s "$dir/keys" ] &&
	head -n 1 "$dir/checkpoint" | diff - "$dir/first" >"$dir/log"
result $? "ksift(1) has the lines of a checkpoint in their order"

# levels: "level name" for every name in the table
awk '/^# / { on = $0 == "# SEVERITY" }
	on && /^\*[a-z]*\*$/ { gsub(/\*/, ""); level = $0 }
	on && /^\t[A-Z, ]*$/ { gsub(/,/, ""); for (i = 1; i <= NF; i++) print level, $i }' "$page" >"$dir/levels"
# said LINE: the level that it has
said()
{
	printf '%s\n' "$1" | "$KSIFT" grep --records '' | sed 's/.*"level":"\([a-z]*\)".*/\1/'
}
: >"$dir/log"
while read -r level name; do
	for line in "$name" "$name: x" "[$(echo "$name" | tr '[:upper:]' '[:lower:]')] x" "level=$name"; do
		got=$(said "$line")
		[ "$got" = "$level" ] || echo "'$line' is $got, not $level" >>"$dir/log"
	done
done <"$dir/levels"
[ "$(wc -l <"$dir/levels")" -gt 20 ] && [ ! -s "$dir/log" ]
result $? "ksift(1): names have the levels that are said"
# The engine spells them, up to eight letters, as #define ... W3('E', 'R', 'R').
sed -n "s/^#define KEY_.*W[0-9]*(\('.*'\))$/\1/p" ../module/engine/level.c | tr -d "', " >"$dir/spelt"
cut -d ' ' -f 2 "$dir/levels" | cut -c 1-8 | sort >"$dir/names"
sort "$dir/spelt" | comm -3 - "$dir/names" >"$dir/log"
[ -s "$dir/spelt" ] && [ ! -s "$dir/log" ]
result $? "ksift(1) has all names of levels"
: >"$dir/log"
while read -r level line; do
	got=$(said "$line")
	[ "$got" = "$level" ] || echo "'$line' is $got, not $level" >>"$dir/log"
done <<-'END'
	info INFO
	warning (WARN)
	err ERROR:
	err [error]
	info <info>
	warning |warn|
	err [core:error]
	err sshd[1]: error: ...
	warning 12:00:01 warn ...
	crit <34>
	none _ERROR
	none ERROR=
	none error
END
[ ! -s "$dir/log" ]
result $? "ksift(1): its examples of levels are"

# What a header declares: structures, enumerations and their values, constants,
# functions.  Its guard is none of them.
declared()
{
	sed -n -e 's/^\(struct\|enum\) \(ksift_[a-z0-9_]*\) {.*/\2/p' \
		-e 's/^	\(KSIFT_[A-Z0-9_]*\)\( = .*\|,\)\{0,1\}$/\1/p' \
		-e 's/^#define \(KSIFT_[A-Z0-9_]*\).*/\1/p' \
		-e 's/^\(int\|unsigned int\|uint32_t\|void\|const char \*\) *\(ksift_[a-z0-9_]*\)(.*/\2/p' "$1" | sort -u
}

# The page's words, for mandoc and scdoc do not agree on how lines end.
words()
{
	tr -c 'A-Za-z0-9_' '\n' <"$1" | sort -u
}

for pair in ksift.4:../module/uapi/ksift.h libksift.3:include/libksift.h; do
	name=${pair%%:*} header=${pair#*:}
	if [ ! -r "$O/man/$name" ]; then
		skip "$name" "there is no scdoc to make it"
		continue
	fi
	# The type of the ioctls and the device come before the first comment.
	declared "$header" | grep -vx -e KSIFT_TYPE -e KSIFT_DEVICE -e KSIFT_ERROR_TEXT >"$dir/want"
	sed 's/\\&//g; s/\\//g' "$O/man/$name" >"$dir/text"
	words "$dir/text" | comm -23 "$dir/want" - >"$dir/log"
	[ "$(wc -l <"$dir/want")" -gt 20 ] && [ ! -s "$dir/log" ]
	result $? "$name has all of ${header##*/}"
	# Every line of its code, from the first comment of kernel-doc on.
	awk '/^\/\*\*/ { part = comment = 1 }
		comment { comment = !/\*\//; next }
		part && !/^(#if|#endif|}$|$)/' "$header" | expand | sort -u >"$dir/want"
	sed 's/\\\\/\\/g' "$O/man/$name.scd" | sort -u | comm -23 "$dir/want" - >"$dir/log"
	[ "$(wc -l <"$dir/want")" -gt 100 ] && [ ! -s "$dir/log" ]
	result $? "$name has the code of ${header##*/}"
done

# examples PAGE: what is shown in its last part
examples()
{
	awk '/^# / { part = $0 == "# EXAMPLES" } part && /^```$/ { on = !on; next } on' "$1"
}

# Each may find nothing, and "tail -f" has no end.
mkdir "$dir/bin"
ln -s "$KSIFT" "$dir/bin/ksift"
printf 'ERROR a\nWARN timeout\nERROR in the end\n\tat timeout\n' >"$dir/app.log"
printf '10.0.0.1 POST /a 500 12\n' >"$dir/access.log"
# More than is too little to be measured.
mkdir "$dir/large"
yes "$(cat "$dir/app.log")" | head -c 17000000 >"$dir/large/app.log"
examples man/ksift.1.scd | grep -v '^tail -f' >"$dir/commands.sh"
while read -r line; do
	case $line in
	'ksift bench'*) where=$dir/large ;;
	*) where=$dir ;;
	esac
	(cd "$where" && PATH=$dir/bin:$PATH sh -c "$line" >out 2>"$dir/log")
	status=$?
	case $line in
	*'ksift doctor') [ $status -le 1 ] ;;
	*) [ $status -eq 0 ] ;;
	esac
	result $? "ksift(1): $line"
done <"$dir/commands.sh"

examples man/ksift.4.scd | sed 's/\\\\/\\/g' >"$dir/example.c"
"$CC" -Wall -Wextra -Werror -I../module/uapi -o "$dir/example" "$dir/example.c" >"$dir/log" 2>&1
result $? "the example of ksift(4) compiles"
if [ "${KSIFT_STANDIN-}" ]; then
	printf 'an ERROR\nno error\nERROR\n' >"$dir/lines"
	"$dir/example" <"$dir/lines" >"$dir/log" 2>&1
	[ "$(cat "$dir/log")" = 2 ]
	result $? "the example of ksift(4) works"
fi

# Run by cli.sh, where the module is.
awk '/^# begin$/ { on = 1; next } /^# end$/ { exit } on' tests/trace.sh >"$dir/want"
awk '/^# / { part = $0 == "# TRACING" } part && /^```$/ { on = !on; next } on' man/ksift.4.scd | cmp - "$dir/want" >"$dir/log" 2>&1
[ ! -s "$dir/log" ] && [ -s "$dir/want" ]
result $? "ksift(4) shows tracing as tests/trace.sh does it"

# scdoc puts an empty paragraph after every heading.
if ! command -v mandoc >/dev/null; then
	skip "mandoc -Tlint" "there is no mandoc"
else
	for name in ksift.1 ksift.4 libksift.3; do
		[ -r "$O/man/$name" ] || continue
		mandoc -Tlint -Wwarning "$O/man/$name" | grep -v 'skipping paragraph macro' >"$dir/log"
		[ ! -s "$dir/log" ]
		result $? "mandoc -Tlint: $name"
	done
fi

# complete WORD...: what is offered for the last one, sorted
complete_words()
{
	PATH=$dir:$PATH bash --norc -c '
		. "$1"
		shift
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_ksift "$1"
		printf "%s\n" "${COMPREPLY[@]}"' bash "$completion" "$@" 2>"$dir/err" | sort -u
	cat "$dir/err"
}

# offers NAME WANTED WORD...: just that, blanks for newlines
offers()
{
	name=$1 want=$2
	shift 2
	got=$(complete_words "$@" | tr '\n' ' ')
	echo "offers: $got" >"$dir/log"
	[ "$got" = "$want" ]
	result $? "completion: $name"
}

if ! command -v bash >/dev/null; then
	skip "completion" "there is no bash"
else
	offers "a command" 'sum sumsq ' "$KSIFT" su
	complete_words "$KSIFT" '' | grep -v '^-' >"$dir/log"
	cmp -s "$dir/sorted" "$dir/log"
	result $? "completion: all commands"
	offers "help" 'fib filter ' "$KSIFT" help 'fi'
	offers "an option of grep's for another" '--stats ' "$KSIFT" filter --stat
	offers "all options" '--help ' "$KSIFT" doctor -
	offers "a long option" '--json ' "$KSIFT" fib --j
	offers "a value" 'i64le text ' "$KSIFT" sum --format ''
	offers "a value after =" 'i64le ' "$KSIFT" sum --format = i
	offers "nothing after =" 'i64le text ' "$KSIFT" sum --format =
	offers "a variant" 'scalar ' "$KSIFT" grep --variant sc
	offers "a level" 'warning ' "$KSIFT" filter --level w
	offers "what to do with directories" 'read recurse ' "$KSIFT" grep -d re
	offers "what to do with devices" 'read skip ' "$KSIFT" filter --devices ''
	offers "what to do with what is no text" 'without-match ' "$KSIFT" grep --binary-files = w
	offers "an engine" 'kernel ' "$KSIFT" grep --engine k
	offers "files are left to bash" ' ' "$KSIFT" grep error ''
fi

# Each command's options, and each option's values.
sed -n 's/^\t\([a-z]*\)) echo \(-.*\) ;;$/\1 \2/p' "$completion" >"$dir/options"
awk '{ for (i = 2; i <= NF; i++) if (seen[$1, $i]++) print $1, $i }' "$dir/options" >"$dir/log"
(cut -d ' ' -f 1 "$dir/options"; echo help) | sort | diff - "$dir/sorted" >>"$dir/log" && [ ! -s "$dir/log" ]
result $? "every command has options, and none of them twice"
# A file and a number, which is text and 8 bytes.
echo 1234567 >"$dir/7"
sed -n 's/^\t\(.* | \)\{0,1\}\(--.*\)) echo \(.*\) ;;$/\2 \3/p' "$completion" >"$dir/values"
: >"$dir/log"
while read -r option values; do
	for value in $values; do
		case $option in
		--case) cmd='bench --once --json' word= ;;
		--format) cmd=sum word= ;;
		*) cmd=grep word=x ;;
		esac
		# They are words, or none.
		# shellcheck disable=SC2086
		(cd "$dir" && "$KSIFT" $cmd "$option=$value" $word 7) >"$dir/out" 2>"$dir/err"
		[ $? -le 1 ] || sed "s/^/$option=$value: /" "$dir/err" >>"$dir/log"
	done
done <"$dir/values"
[ "$(wc -l <"$dir/values")" -ge 8 ] && [ ! -s "$dir/log" ]
result $? "completion: every value is taken"

echo "1..$n"
exit $bad
