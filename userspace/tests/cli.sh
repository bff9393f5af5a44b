#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The client as a user types it, as TAP; for any POSIX shell, busybox's too.
# Compared with what is written down here, and with GNU grep where there is
# one.  Run it as root with the module loaded; KSIFT names the client.
#
# KSIFT_USER=1: there is no module, and the client does the work.
# KSIFT_STANDIN=1: there is no module but a preloaded stand-in for it.
# What is compared here are client and grep: 'cat |' makes a pipe on purpose,
# a backslash stands alone, and files are read and written at once.
# shellcheck disable=SC1003,SC2002,SC2094
set -u
export LC_ALL=C
unset POSIXLY_CORRECT GREP_COLORS GREP_COLOR KSIFT_ENGINE

KSIFT=${KSIFT:-ksift}
GREP=${GREP:-grep}
[ ! -x /usr/bin/grep ] || GREP=/usr/bin/grep
STANDIN=${KSIFT_STANDIN:-}
USER_ENGINE=${KSIFT_USER:-}

tests=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
export XDG_CONFIG_HOME="$dir/config"

"$KSIFT" --version >/dev/null 2>&1 || {
	echo "Bail out! $KSIFT does not run"
	exit 1
}

n=0 failed=0

pass()
{
	n=$((n + 1))
	echo "ok $n - $1"
}

fail()
{
	n=$((n + 1))
	failed=$((failed + 1))
	echo "not ok $n - $1"
}

# check NAME COMMAND...
check()
{
	name=$1
	shift
	if "$@"; then pass "$name"; else fail "$name"; fi
}

skip()
{
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}

# The beginning of each line, and of them all.
show()
{
	sed 's/^/# /' "$@" | head -n 20 | cut -c 1-200
}

# try ARGUMENT...: run the client; with its standard input, also in a pipe
try()
{
	"$KSIFT" "$@" >out 2>err
	echo $? >rc
}

# is NAME STATUS [OUTPUT [MESSAGE]]: what the last try gave.  OUTPUT lacks its
# last newline, and is left in the file "want"; MESSAGE is a pattern for all of
# standard error.
is()
{
	if [ -n "${3-}" ]; then
		printf '%s\n' "$3" >want
	else
		: >want
	fi
	is_file "$1" "$2" want "${4-}"
}

is_file()
{
	# The pattern is one.
	# shellcheck disable=SC2254
	case $(cat err) in
	${4-}) message=1 ;;
	*) message=0 ;;
	esac
	if [ "$(cat rc)" = "$2" ] && cmp -s out "$3" && [ $message = 1 ]; then
		pass "$1"
	else
		fail "$1"
		echo "# status $(cat rc), not $2; output and messages:"
		show out err
	fi
}

# same NAME ARGUMENT...: the client's grep and GNU's agree in all but the
# beginning of messages
same()
{
	name=$1
	shift
	"$KSIFT" grep "$@" >out 2>err </dev/null
	echo $? >rc
	"$GREP" -a "$@" >want 2>want.err </dev/null
	rc=$?
	sed "s|^$GREP:|ksift:|; s/^grep:/ksift:/" want.err >want.err2
	if [ "$(cat rc)" = $rc ] && cmp -s out want && cmp -s err want.err2; then
		pass "$name"
	else
		fail "$name"
		echo "# status $(cat rc), grep's $rc"
		cmp out want 2>&1 | sed 's/^/# /'
		show err want.err
	fi
}

case $("$GREP" --version 2>/dev/null) in
*GNU*) gnu=1 ;;
*) gnu= ;;
esac

printf 'a1\nb\na2\na3\n' >f
printf 'zz\n' >g
printf 'x\nno end a' >noend
printf 'A.B\naxb\nA.b\n' >dots
printf 'one\r\ntwo\r\n' >crlf
printf 'nul\000a\nhigh\377a\n\n' >bytes
: >empty
mkdir d

#
# Commands
#

try --version
is "--version" 0 "ksift $("$KSIFT" --version | sed 's/ksift //')"
case $(cat out) in
"ksift "[0-9]*.[0-9]*) pass "--version is one" ;;
*) fail "--version is one" ;;
esac
try
is "no command" 2 '' "ksift: a command is missing; try 'ksift help'"
try gerp a f
is "an unknown command" 2 '' "ksift: there is no command 'gerp'; did you mean 'grep'? See 'ksift help'"
try help gerp
is "help for an unknown command" 2 '' "ksift: there is no command 'gerp'; did you mean 'grep'? See 'ksift help'"
for pair in fliter:filter level:levels sumqs:sumsq sums:sum sumq:sum entrys:entries hlep:help bnch:bench; do
	try ${pair%:*} a f
	is "nearly a command: ${pair%:*}" 2 '' "ksift: there is no command '${pair%:*}'; did you mean '${pair#*:}'? See 'ksift help'"
done
for word in gr GREP xyz '' -c a_word_that_is_longer_than_any; do
	try "$word" a f
	is "no command, and none near it: '$word'" 2 '' "ksift: there is no command '$word'; see 'ksift help'"
done
try help help
cp out want
try help
is_file "help help is help" 0 want
cp out help
for word in grep filter entries levels fib sumsq sum info; do
	check "help names $word" grep -q "^  $word " help
	try $word --help
	check "$word --help" grep -q "^Usage: ksift $word " out
	check "$word --help has --variant" grep -q '^ *--variant ' out
	check "$word --help has --engine" grep -q '^ *--engine ' out
	cp out want
	try help $word
	is_file "help $word" 0 want
done
try help grep fib
is "help for two commands" 2 '' 'ksift: help: one COMMAND is the most, and there are 2'
try help fib
cp out want
try --help fib
is_file "--help is help" 0 want
cp out want
try -h fib
is_file "-h is help" 0 want
try --version
cp out want
try -V
is_file "-V is --version" 0 want
try -V x
is "-V of something" 2 '' "ksift: -V: there is nothing to give it, such as 'x'"
try --version x
is "--version of something" 2 '' "ksift: --version: there is nothing to give it, such as 'x'"
try grep --nonesuch a f
is "an unknown long option" 2 '' "ksift: grep: option --nonesuch is not known; see 'ksift grep --help'"
try grep -cXn a f
is "an unknown letter" 2 '' "ksift: grep: option -X is not known; see 'ksift grep --help'"
try fib -X 1
is "an unknown letter of fib" 2 '' "ksift: fib: option -X is not known; see 'ksift fib --help'"
try grep --no a f
is "a name that several begin with" 2 '' "ksift: grep: option --no is ambiguous: --not, --no-ignore-case, --no-messages, --no-filename or --no-group-separator; see 'ksift grep --help'"
try filter --j a f
is "a name that two begin with" 2 '' "ksift: filter: option --j is ambiguous: --join or --json; see 'ksift filter --help'"
try grep --js -q a f
is "the beginning of a name that grep has not" 0
try grep a -m
is "an option without its value" 2 '' "ksift: grep: option -m needs a value; see 'ksift grep --help'"
try grep --count=1 a
is "an option with a value it does not take" 2 '' "ksift: grep: option --count=1 takes no value; see *"
try fib --json=1 5
is "an option of fib with a value it does not take" 2 '' "ksift: fib: option --json=1 takes no value; see *"
try grep
is "no pattern" 2 '' "ksift: grep: a pattern is missing; see 'ksift grep --help'"
try grep --variant vax a f
is "a variant that is not there" 2 '' "ksift: variant 'vax' cannot run on this machine; these can: *scalar*"
try grep --variant scalar -c a f
is "the scalar variant" 0 3
try grep --engine cloud a f
is "an engine that is not there" 2 '' "ksift: --engine is auto, kernel or user, not 'cloud'"
for word in auto user; do
	try grep --engine $word -c a f
	is "--engine $word" 0 3
	try sumsq --engine $word 10
	is "sumsq --engine $word" 0 285
	try fib --engine $word 10
	is "fib --engine $word" 0 55
	echo 7 | try sum --engine $word
	is "sum --engine $word" 0 7
done
try grep --engine user --variant vax a f
is "a variant that the user engine lacks" 2 '' "ksift: variant 'vax' cannot run on this machine; these can: *scalar*"

#
# grep, what is written down
#

try grep a f
is "lines" 0 'a1
a2
a3'
try grep zzz f
is "no line" 1
try grep a empty
is "an empty file" 1
try grep '' empty
is "an empty pattern and an empty file" 1
try grep a noend
is "a last line without a newline" 0 'no end a'
try grep -c a f g
is "-c, two files" 0 'f:3
g:0'
try grep -c a g
is "-c, 0 is status 1" 1 0
try grep -v a f
is "-v" 0 b
try grep -n a f
is "-n" 0 '1:a1
3:a2
4:a3'
try grep -b a f
is "-b" 0 '0:a1
5:a2
8:a3'
try grep -Hnb 'a2' f
is "-H -n -b: the order" 0 'f:3:5:a2'
try grep -h a f g
is "-h" 0 'a1
a2
a3'
try grep a f g
is "two files have names" 0 'f:a1
f:a2
f:a3'
try grep -m 2 a f
is "-m" 0 'a1
a2'
try grep -m0 a nosuch
is "-m 0" 1
try grep -m x a f
is "-m with no number" 2 '' "ksift: grep: -m: 'x' is not a number of lines"
try grep -q a f
is "-q" 0
try grep -q zzz f
is "-q, nothing" 1
try grep -q a nosuch f
is "-q: a line outweighs an error" 0 '' 'ksift: nosuch: No such file or directory'
try grep -q zzz nosuch f
is "-q: an error outweighs nothing" 2 '' 'ksift: nosuch: No such file or directory'
try grep a nosuch f
is "an error outweighs a line, and the rest is done" 2 'f:a1
f:a2
f:a3' 'ksift: nosuch: No such file or directory'
try grep -s a nosuch f
is "-s" 2 'f:a1
f:a2
f:a3'
try grep -l a f g
is "-l" 0 f
try grep -L a f g
is "-L" 0 g
try grep a d
is "a directory" 2 '' 'ksift: d: Is a directory'
try grep -e a1 -e b f
is "two patterns" 0 'a1
b'
try grep 'a1
b' f
is "a newline stands between patterns" 0 'a1
b'
try grep -i a. -F dots
is "-i -F" 0 'A.B
A.b'
try grep -F 'A.b' dots
is "-F" 0 'A.b'
try grep 'A\.B' dots
is "an escaped dot" 0 'A.B'
try grep '^a' dots
is "^" 0 'axb'
try grep -F '^a' dots
is "^ with -F is itself" 1
try grep two crlf
is "a carriage return is text" 0 "$(printf 'two\r')"
try grep -c -- '' bytes
is "bytes are bytes" 0 3
try grep --and 2 a f
is "--and" 0 a2
try grep --and 2 --and a --and 2 a f
is "--and, three times" 0 a2
try grep -e 1 -e 3 --and a f
is "-e is or, --and is and" 0 'a1
a3'
try grep --and '1
3' a f
is "--and of two lines is one of them" 0 'a1
a3'
try grep --not 2 a f
is "--not" 0 'a1
a3'
try grep --not 2 --not 1 a f
is "--not, twice" 0 a3
try grep -v --and 2 a f
is "-v inverts it all" 0 'a1
b
a3'
try grep -vc --not 2 a f
is "-v inverts --not too" 0 2
try grep a f -c
is "options may follow operands" 0 3
try grep -c -- -c f
is "-- ends options" 1 0
try grep 'a[23]' f
is "a set" 0 'a2
a3'
try grep 'a.' --not '[12]$' f
is "--not of a regular expression" 0 a3
try grep '[ab]' --and '^..*[13]' f
is "--and of a regular expression" 0 'a1
a3'
try grep 'a+' f
is "a basic regular expression has no +" 1
try grep -E '^(b|a+3)$' f
is "-E" 0 'b
a3'
try grep -G 'a\+[1]' f
is "-G" 0 a1
try grep -vE 'a|c' f
is "-v of a regular expression" 0 b
try grep -cwE 'a.|x' f
is "-w of a regular expression" 0 3
try grep -xE '.' f
is "-x of a regular expression" 0 b
try grep -onE '[0-9]' f
is "-o of a regular expression" 0 '1:1
3:2
4:3'
try grep --color=always '[12]' f
is "--color of a regular expression" 0 "a$(printf '\33[01;31m\33[K1\33[m\33[K')
a$(printf '\33[01;31m\33[K2\33[m\33[K')"
printf 'abab\nabba\naab\n' >twice
try grep '\(a.*\)\1' twice
is "a back-reference" 0 'abab
aab'
try grep -vc '\(a.*\)\1' twice
is "-v of a back-reference" 0 1
try grep -m1 -o '\(ab\)\1' twice
is "-o of a back-reference" 0 abab
try grep -c . --not '\(.\)\1' twice
is "--not of a back-reference" 0 1
try grep -E -c '(ab)*' twice
is "a nested repetition" 0 3
try grep -xE '(ab|ba)+' twice
is "a nested repetition, of all of the line" 0 'abab
abba'
try grep --count-each -E -e 'a{2}' -e '(ab){2}' -e 'b$' twice
is "--count-each of regular expressions" 0 '1	a{2}
1	(ab){2}
2	b$'
try grep -zc 'a.b' twice
is "-z: a newline is any byte" 0 1
try grep 'a\(' f
is "an unmatched (" 2 '' 'ksift: grep: Unmatched ( or \\('
try grep -E 'a[' f
is "an unmatched [" 2 '' 'ksift: grep: Invalid regular expression'
try grep --not '\(' a f
is "an unmatched ( in --not" 2 '' 'ksift: grep: Unmatched *'
try grep -F 'a.b' f
is "-F" 1
try grep -E -F a f
is "-E -F" 2 '' 'ksift: grep: conflicting matchers specified: -E and -F'
long=$(head -c 4097 /dev/zero | tr '\0' x)
try grep "$long" f
is "a long pattern" 1
echo "x$long" | try grep -c "$long"
is "a long pattern that is there" 0 1
many=$(seq 65)
try grep --count-each "$many" f
is "too many patterns for --count-each" 2 '' "ksift: grep: there are 65 patterns, and with --count-each 64 is the most"
try grep -c "$many" f
is "many patterns" 0 3
try grep "$(seq 4097)" f
is "too many patterns" 2 '' "ksift: grep: there are 4097 patterns, and 4096 is the most"
try grep "$(seq 64)" f
is "few patterns" 0 'a1
a2
a3'
set --
while [ $# -lt 30 ]; do
	set -- "$@" --and a
done
try grep -c "$@" a f
is "15 times --and" 0 3
try grep -c "$@" --and a a f
is "16 times --and" 2 '' "ksift: grep: --and is given 16 times, and 15 is the most"

#
# grep: words, places, context, directories
#

printf 'foo bar\nfoobar\n_foo\n(foo)\nfoo\n\nbar foo\n' >words
try grep -nw foo words
is "-w" 0 '1:foo bar
4:(foo)
5:foo
7:bar foo'
try grep -nx foo words
is "-x" 0 '5:foo'
try grep -cvx foo words
is "-vx" 0 6
try grep -nw foo --not bar words
is "-w and --not" 0 '4:(foo)
5:foo'
try grep -w foo --not ba words
is "-w goes for --not" 0 'foo bar
(foo)
foo
bar foo'
try grep -nx foo --and fo words
is "-x goes for --and" 1
try grep -ob -e foo -e foob words
is "-o -b: the leftmost, and there the longest" 0 '0:foo
8:foob
16:foo
21:foo
26:foo
35:foo'
try grep -ov foo words
is "-o -v prints nothing" 0
try grep -B1 -n '(' -F words
is "-B" 0 '3-_foo
4:(foo)'
try grep -C1 -n foobar words
is "-C" 0 '1-foo bar
2:foobar
3-_foo'
try grep -1 -n foobar words
is "-1" 0 '1-foo bar
2:foobar
3-_foo'
try grep -m1 -A2 -n foo words
is "-m -A: context may have the pattern" 0 '1:foo bar
2-foobar
3-_foo'
try grep -A0 -x foo words words
is "-A0 separates" 0 'words:foo
--
words:foo'
try grep -A x foo words
is "-A of no number" 2 '' "ksift: grep: -A: 'x' is not a number of lines"
cat words | try grep -C1 -n foobar
is "-C of a pipe" 0 '1-foo bar
2:foobar
3-_foo'
{ dd bs=1 count=8 of=/dev/null 2>/dev/null; try grep -B5 -n _foo; } <words
is "-B does not go behind where standard input stood" 0 '1-foobar
2:_foo'
{ try grep -m1 -A1 foobar; cat >rest; } <words
printf '_foo\n(foo)\nfoo\n\nbar foo\n' >want
check "-m1 -A1 of standard input leaves what comes after the line" cmp want rest
printf 'a1\na2\n' >patterns
try grep -f patterns f
is "-f" 0 'a1
a2'
try grep -f - f <patterns
is "-f -" 0 'a1
a2'
try grep -f patterns -e b f
is "-f and -e" 0 'a1
b
a2'
try grep -f empty f
is "-f of an empty file" 1
try grep -vcf empty f
is "-v -f of an empty file" 0 4
try grep -f empty --and a f
is "-f of an empty file, and --and" 1
try grep -cf empty -e b f
is "-f of an empty file, and -e" 0 1
try grep -f nosuch a
is "-f of no file" 2 '' 'ksift: grep: -f: nosuch: No such file or directory'
try grep -f d a
is "-f of a directory" 2 '' 'ksift: grep: -f: d: Is a directory'
seq 4097 >many
try grep -f many f
is "-f of too many patterns" 2 '' 'ksift: many:4097: there are 4097 patterns, and 4096 is the most'
seq 9 >few
try grep -e a -f few -f many f
is "-f of too many patterns in all" 2 '' 'ksift: many:4087: there are 4107 patterns, and 4096 is the most'
try grep -f few -e "$(seq 4097)" f
is "-e of too many patterns after -f" 2 '' 'ksift: grep: there are 4106 patterns, and 4096 is the most'
try grep -f - f <many
is "-f - of too many patterns" 2 '' 'ksift: (standard input):4097: there are 4097 patterns, and 4096 is the most'
printf 'a\n\n^b\nc\\(d\na.b\n' >special
try grep -e x -f few -f special f
is "-f of what is wrong" 2 '' "ksift: special:4: Unmatched ( or *"
try entries -f - f <special
is "-f - of what is wrong" 2 '' "ksift: (standard input):4: Unmatched ( or *"
try grep -Fcf special f
is "-f of what is wrong, with -F" 0 4
{ echo a; echo "$long"; } >special
try grep -cf special f
is "-f of a long pattern" 0 3
printf 'x\na\0b\na\0' >zeros
try grep -zc a zeros
is "-z" 0 2
try grep -z b zeros
printf 'b\na\0' >want
is_file "-z prints zero bytes" 0 want
try grep --color=sometimes a f
is "--color of no kind" 2 '' "ksift: grep: --color is auto, always or never, not 'sometimes'"
try grep --color a f
is "--color without a terminal" 0 'a1
a2
a3'

mkdir -p t/sub t/.git
printf 'a\n' | tee t/one.c t/two.h t/sub/three.c t/.git/four >/dev/null
ln -s one.c t/link
ln -s sub t/linked
ln -s .. t/sub/loop
mkfifo t/pipe
in_order()
{
	sort out >out.sorted
	mv out.sorted out
}
try grep -r a t
in_order
is "-r" 0 't/.git/four:a
t/one.c:a
t/sub/three.c:a
t/two.h:a'
(cd t && try grep -rl a && in_order && mv out err ..)
mv t/rc .
is "-r without a file" 0 '.git/four
one.c
sub/three.c
two.h'
try grep -r a t/one.c
is "-r of a file" 0 a
try grep -r a t/link
is "-r of a link that is named" 0 a
try grep -rh a t/linked
is "-r of a link to a directory that is named" 0 a
try grep -rl --include='*.c' a t
in_order
is "--include" 0 't/one.c
t/sub/three.c'
try grep -rl --exclude='*.c' --exclude-dir=.git a t
is "--exclude, --exclude-dir" 0 t/two.h
try grep -Rl a t
in_order
is "-R" 0 't/.git/four
t/link
t/linked/three.c
t/one.c
t/sub/three.c
t/two.h' 'ksift: t/*loop: warning: recursive directory loop*'
try grep -r a nosuch t/one.c
is "-r of no file" 2 't/one.c:a' 'ksift: nosuch: No such file or directory'
printf 'a\n' >t/-
try grep -rl a - t <empty
in_order
is "-r and -" 0 't/-
t/.git/four
t/one.c
t/sub/three.c
t/two.h'

mkfifo t/fed
# fed ARGUMENT...: with t/fed as grep would have it, once
fed()
{
	echo a >t/fed &
	try grep "$@"
	kill $! 2>/dev/null
	wait $! 2>/dev/null
}
rm t/pipe
fed -rl -D read a t
in_order
is "-D read, in directories" 0 't/-
t/.git/four
t/fed
t/one.c
t/sub/three.c
t/two.h'
fed -D read a t/fed
is "-D read" 0 a
fed a t/fed
is "a pipe that is named is read" 0 a
fed -rlD skip a t/fed t/sub
is "-D skip" 0 t/sub/three.c
try grep -D skip a t/fed
is "-D skip: a pipe that nobody writes to" 1
try grep -D rea a f
is "-D of no kind" 2 '' "ksift: grep: -D: an ACTION is read or skip, not 'rea'"
for word in re x '' reading; do
	try grep -d "$word" a f
	is "-d '$word'" 2 '' "ksift: grep: -d: an ACTION is read, recurse or skip, not '$word'"
done
try grep --binary-files=binary a f
is "--binary-files=binary" 2 '' "ksift: grep: --binary-files is text or without-match, not 'binary': a line is given out as it is, whatever is in it"
try grep -F -G a f
is "-F -G" 2 '' 'ksift: grep: conflicting matchers specified: -F and -G'
"$KSIFT" --version >want
for o in -V --version -cV; do
	try grep $o
	is_file "grep $o" 0 want
done
try grep --exclude-from=nosuch a f
is "--exclude-from of no file" 2 '' 'ksift: grep: --exclude-from: nosuch: No such file or directory'

# What is no text.
printf 'a\n\0b\na\n' >nul
try grep -Ic a nul f
is "-I" 0 'nul:0
f:3'
{ cat f f; head -c 300000 /dev/zero | tr '\0' '\n'; printf '\0'; } >latenul
try grep -Ic a latenul
is "-I: a zero byte far behind" 1 0
try grep -I a latenul
is "-I: nothing comes before it" 1
try grep -I -j 3 a latenul
is "-I -j" 1
cat nul | try grep -Ic '^'
is "-I of a pipe" 1 0
for o in '' -n -C1 -w -q; do
	# shellcheck disable=SC2086
	printf 'foo\nfoo\n\0' | try grep -I $o foo
	is "-I $o of a pipe: nothing that comes with a zero byte" 1
done
{ echo foo; i=0; until [ -s out ] || [ $((i += 1)) -gt 99 ]; do sleep .1; done; printf 'foo\n\0\nfoo\n'; } | try grep -In foo
is "-I of a pipe: what came before it" 1 1:foo
{ cat latenul; cat latenul; } | try grep -Ic a
is "-I of a pipe: a zero byte far behind" 1 0
cat f | try grep -I -C1 -n b
is "-I of a pipe that is text" 0 '1-a1
2:b
3-a2'
cat f | try grep -Ivc b
is "-I -v of a pipe that is text" 0 3
try grep -I --count-each a f nul
is "-I --count-each" 0 "3	a"
cat f | try grep -I --count-each a
is "-I --count-each of a pipe" 0 "3	a"
for o in '' -w; do
	# One, or none.
	# shellcheck disable=SC2086
	cat latenul | try grep -I $o --count-each b - f
	is "-I $o --count-each of a pipe: a zero byte far behind" 0 "1	b"
done
{ try grep -I a; cat >rest; } <nul
is "-I of standard input" 1
check "-I leaves nothing of standard input" cmp rest empty
{ dd bs=1 count=4 of=/dev/null 2>/dev/null; try grep -I a; } <nul
is "-I: what is behind where standard input stood does not count" 0 a
printf '\037\213\010\0error\n' >packed
try grep -Ic error packed
is "-I, compressed" 1 0
try grep -I -a -c error packed
is "-I -a: the last one counts" 0 1

printf 'Jan 1 ERROR a\nINFO: b\n<4>warn a\nplain a\n[debug] a\n' >levels
try filter --level warn levels
is "--level" 0 'Jan 1 ERROR a
<4>warn a'
try filter --level =Info,DEBUG levels
is "--level, some" 0 'INFO: b
[debug] a'
try filter --level none levels
is "--level none" 0 'plain a'
try grep -c --level trace -e a levels
is "--level and -e" 0 3
try grep -n --level trace -w -e a --not ERR levels
is "--level and -w" 0 '1:Jan 1 ERROR a
3:<4>warn a
5:[debug] a'
try grep -vc --level trace -e a levels
is "--level and -v" 0 1
cat levels | try grep -A1 --level crit -e a
is "--level of a pipe, nothing" 1
cat levels | try filter -nA1 --level err
is "--level and context of a pipe" 0 '1:Jan 1 ERROR a
2-INFO: b'
try filter --level crit levels
is "--level, nothing" 1
try filter --level crit f levels
is "--level, nothing, but lines with a level" 1
try filter --level err f f
is "--level, and no line has one" 1 '' 'ksift: 0 of 8 lines carry a level'
try grep --level err -e zzz f
is "--level and -e, and no line has a level" 1 '' 'ksift: 0 of 4 lines carry a level'
cat f | try filter --level err
is "--level, and no line of a pipe has one" 1 '' 'ksift: 0 of 4 lines carry a level'
cat f levels | try filter --level crit
is "--level, nothing, but lines of a pipe with a level" 1
try filter --level err empty
is "--level and no line" 1
for o in none =err,none; do
	try filter -x --level $o -e foo f
	is "--level $o: that no line carries a level is nothing to say" 1
	cat f | try filter -x --level $o -e foo
	is "--level $o: so of a pipe" 1
done
try filter --level loud f
is "--level of no name" 2 '' "ksift: filter: --level: 'loud' is not a level, as 'warning', nor some of them, as '=info,debug', nor 'none'"
for level in '' '=' '=err,' '=err,,warn' 'err,warn'; do
	try filter --level "$level" f
	is "--level '$level'" 2 '' "ksift: filter: --level: '$level' is not a level, *"
done
for pair in emergency:emerg PANIC:emerg Alert:alert critical:crit fatal:crit error:err warn:warning NOTICE:notice; do
	try filter -c --level "=${pair%:*}" levels
	cp out got
	try filter -c --level "=${pair#*:}" levels
	check "--level: ${pair%:*} is ${pair#*:}" cmp got out
done

#
# The first word, and filter, which has no pattern there
#

try grep ERROR --level warn levels
is "grep, --level: the first word is the pattern" 0 'Jan 1 ERROR a'
try grep --level warn ERROR levels
is "grep, --level: the first word after it is the pattern" 0 'Jan 1 ERROR a'
try grep a --not ERR --level warn levels f
is "grep, --level: and the others are files" 0 'levels:<4>warn a'
cat levels | try grep --level warn a
is "grep, --level, and no file" 0 'Jan 1 ERROR a
<4>warn a'
file_meant="ksift: grep: 'levels' was taken for the PATTERN, as the first word is; it names a file, and there is no other; for conditions alone use 'ksift filter', for this PATTERN '-e levels'"
for o in '--level warn' '--not a' '--and a' '-c --level warn'; do
	# Options are words.
	# shellcheck disable=SC2086
	try grep $o levels </dev/null
	is "grep $o: a file for the pattern" 2 '' "$file_meant"
done
echo 'ERROR levels' >haslevels
try grep --level err levels <haslevels
is "grep, --level: a pattern that is also a file's name, of standard input" 0 'ERROR levels'
cat haslevels | try grep --level err levels
is "grep, --level: so of a pipe" 0 'ERROR levels'
mkdir levelsdir
try grep --level err levelsdir </dev/null
is "grep, --level: a directory's name is no file's" 1
mv haslevels levels levelsdir
cp levelsdir/levels .
(cd levelsdir && "$KSIFT" grep -r --level err levels </dev/null >../out 2>../err; echo $? >../rc)
is "grep -r, --level: so it is in directories" 0 'haslevels:ERROR levels'
rm -r levelsdir
try grep --level warn -e f levels
is "grep, --level: -e has a pattern, whatever it names" 1
try grep --level warn
is "grep, --level and no word" 2 '' "ksift: grep: a pattern is missing; for conditions alone use 'ksift filter'"
cat f | try grep f
is "grep: a file for the pattern is what it is to grep, too" 1
(cd t && "$KSIFT" grep -r sub >../out 2>../err; echo $? >../rc)
is "grep -r: so it is in directories" 1
if script -qec true /dev/null >/dev/null 2>&1; then
	printf '\004' | script -qec "'$KSIFT' grep --engine user g" /dev/null | tr -d '\r\004\b^D' >out
	check "grep: a file for the pattern, said on a terminal" \
		"$GREP" -q "^ksift: 'g' was taken for the PATTERN, as the first word is, and it names a file; standar" out
	script -qec "'$KSIFT' grep --engine user levels --level err" /dev/null </dev/null | tr -d '\r\004\b' >out
	echo "$file_meant" >want
	check "grep, --level: a file for the pattern, refused on a terminal" cmp out want
else
	skip "grep: a file for the pattern, said on a terminal" "there is no script(1)"
	skip "grep, --level: a file for the pattern, refused on a terminal" "there is no script(1)"
fi

try filter -e a --not 2 f
is "filter" 0 'a1
a3'
try filter -v -e a f
is "filter -v" 0 b
try filter --not a f g
is "filter --not" 0 'f:b
g:zz'
try filter --and a --and 2 f
is "filter --and" 0 a2
try filter -f patterns f
is "filter -f" 0 'a1
a2'
cat levels | try filter -n --level err
is "filter of a pipe" 0 '1:Jan 1 ERROR a'
try filter -c --level err --level debug levels
is "filter: of two levels the last one counts" 0 4
try filter --level err ERROR levels
is "filter: every word is a file" 2 'levels:Jan 1 ERROR a' 'ksift: ERROR: No such file or directory'
for o in '' f 'ERROR f' '-c f' '-v f'; do
	# shellcheck disable=SC2086
	try filter $o
	is "filter without a condition: '$o'" 2 '' "ksift: filter: a condition is missing, such as -e PATTERN or --level LEVEL: every word is a FILE; see 'ksift filter --help'"
done
try filter -v --level err levels
is "filter -v of a level alone" 2 '' 'ksift: filter: -v turns patterns round, and there is none; name the levels that are meant, as in --level =info,debug,none'
try filter -v --level trace -e a levels
is "filter -v of a pattern" 0 'INFO: b'
try filter --and '\(' f
is "filter: what is wrong with a pattern" 2 '' 'ksift: filter: Unmatched *'
try filter --nonesuch f
is "filter: an option that is not known" 2 '' "ksift: filter: option --nonesuch is not known; see 'ksift filter --help'"
try filter -I --level warn levels nul
is "filter -I" 0 'levels:Jan 1 ERROR a
levels:<4>warn a'
try filter --join -c --level err levels
is "filter --join" 0 1
try grep --join a f
is "grep has no --join" 2 '' "ksift: grep: option --join is not known; *"

tab=$(printf '\t')
try grep --count-each -e a -e 2 -e zz -e '^a1' f g
is "--count-each" 0 "3${tab}a
1${tab}2
1${tab}zz
1${tab}^a1"
try grep --count-each -w -e a -e foo words f
is "--count-each -w" 0 "0${tab}a
4${tab}foo"
try grep --count-each --not 2 -e a -e 2 f
is "--count-each and --not" 0 "2${tab}a
0${tab}2"
try grep --count-each -m2 a f
is "--count-each -m2" 0 "2${tab}a"
try grep --count-each zzz f
is "--count-each of nothing" 1 "0${tab}zzz"
cat f | try grep --count-each a
is "--count-each of a pipe" 0 "3${tab}a"
try grep --count-each -c a f
is "--count-each -c" 2 '' 'ksift: grep: --count-each and -c, -l or -L exclude each other'

try grep -b --from 1 --to 6 a f
is "--from, --to" 0 5:a2
try grep -b --from 0 --to 5 a f
is "--to" 0 0:a1
try grep -nbC1 --from 4 3 f
is "--from and context" 0 '1-5-a2
2:8:a3'
try grep -B9 --from 5 --to 6 a f
is "--from, and nothing before" 0 a2
try grep -A9 --from 0 --to 5 a1 f
is "--to, and nothing after" 0 'a1
b'
try grep --from 5 --to 4 a f
is "--from above --to" 2 '' 'ksift: grep: --from is above --to'
for z in '' -z; do
	try grep $z -c --from 9223372036854775807 a f
	is "--from the last byte there can be $z" 1 0
	try grep $z -c --from 9223372036854775808 a f
	is "--from beyond $z" 2 0 'ksift: f: from is above what a file can have, 9223372036854775807'
	try grep $z -c --to 18446744073709551614 a f
	is "--to beyond $z" 2 0 'ksift: f: to is above what a file can have, 9223372036854775807'
done
try grep --from -1 a f
is "--from below zero" 2 '' "ksift: grep: --from: '-1' is not a number of bytes"
cat f | try grep --from 1 a
is "--from of a pipe" 2 '' 'ksift: (standard input): from, to: only a regular file has ranges'
for threads in 0 1 3; do
	try grep -j $threads -n a f
	is "-j $threads" 0 '1:a1
3:a2
4:a3'
done
try grep -j many a f
is "-j of no number" 2 '' "ksift: grep: -j: 'many' is not a number of threads from 0 to 1024"

pack()
{
	# Octal, as it is.
	# shellcheck disable=SC2059
	printf "$2" >packed
	try grep error packed
	is "compressed by $1" 2 '' "ksift: packed: compressed by $1; try '$3 FILE | ksift grep ...', or -a to search it as it is"
}
pack gzip '\037\213\010\0error\n' zcat
pack xz '\3757zXZ\0error\n' xzcat
pack zstd '\050\265\057\375error\n' zstdcat
pack lz4 '\004\042\115\030error\n' lz4cat
pack bzip2 'BZh91AY&SYerror\n' bzcat
try grep -c error packed f
is "compressed, and another file" 2 'f:0' 'ksift: packed: compressed by bzip2; *'
try grep -s error packed
is "compressed, -s" 2
try grep -ac error packed
is "compressed, -a" 0 1
try grep -c error <packed
is "compressed standard input" 2 '' "ksift: (standard input): compressed by bzip2; try 'bzcat | ksift grep ...', *"
printf 'BZh9 error\n' >packed
try grep -c error packed
is "not compressed" 0 1

#
# Standard input
#

printf 'a\nb\na' | try grep -nb a
is "a pipe" 0 '1:0:a
3:4:a'
printf 'a\nb\na' | try grep -H a - f
is "- is standard input" 0 '(standard input):a
(standard input):a
f:a1
f:a2
f:a3'
printf 'a\n' | try grep -H --label=here a
is "--label" 0 'here:a'
try grep -c a <f
is "a file as standard input" 0 3
{ dd bs=1 count=3 of=/dev/null 2>/dev/null; try grep -nb a; } <f
is "standard input is read on from the middle" 0 '2:2:a2
3:5:a3'
{ dd bs=1 count=1 of=/dev/null 2>/dev/null; try grep -nb 1; } <f
is "the rest of a line is a line" 0 '1:0:1'
{ try grep -m1 a; cat >rest; } <f
is "-m1 of standard input" 0 a1
printf 'b\na2\na3\n' >want
check "-m1 leaves the rest" cmp want rest
{ try grep -c -m2 a; cat >rest; } <f
is "-c -m2 of standard input" 0 2
printf 'a3\n' >want
check "-c -m2 leaves the rest" cmp want rest
{ try grep b; cat >rest; } <f
check "without -m nothing is left" cmp rest empty
try grep -c a <d
is "a directory as standard input" 2 0 'ksift: (standard input): Is a directory'
(exec <&-; "$KSIFT" grep a >out 2>err; echo $? >rc)
is "no standard input" 2 '' 'ksift: (standard input): Bad file descriptor'

# What has been written must be seen before the writer goes on.
mkfifo in seen
(
	exec 3>in
	printf 'a first\nanother\nand ' >&3
	read -r line <seen
	[ "$line" = another ] || exit 1
	printf 'a second\n' >&3
) &
writer=$!
"$KSIFT" grep a <in | (
	read -r line && read -r line && echo "$line" >seen
	read -r line && echo "$line" >second
)
wait $writer
check "lines come out as they come in" [ "$?,$(cat second)" = '0,and a second' ]

# Lines longer than any buffer, with and without an end.
head -c 3000000 /dev/zero | tr '\0' q >long
{ echo first; cat long; echo; echo last; cat long; } >longlines
try grep -nb -e first -e last longlines
is "short lines around a long one" 0 '1:0:first
3:3000007:last'
{ cat long; echo; cat long; echo; } >want
try grep q longlines
is_file "long lines of a file" 0 want
cat longlines | try grep q
is_file "long lines of a pipe" 0 want
{ printf 2:6:; cat long; echo; printf 4:3000012:; cat long; echo; } >want
try grep -nb q longlines
is_file "long lines of a file, with numbers" 0 want
cat longlines | try grep -nb q
is_file "long lines of a pipe, with numbers" 0 want
cat longlines | try grep -c q
is "long lines of a pipe, counted" 0 2
if [ -r /proc/cpuinfo ]; then
	cat /proc/cpuinfo >cpuinfo
	try grep -c '^processor' /proc/cpuinfo
	is "a file of /proc" 0 "$(sed -n '/^processor/p' cpuinfo | wc -l | tr -d ' ')"
fi

# Lines that cross the borders of what the client scans at once, or begin there.
for at in 67108857 134217725; do
	printf '\nab cd\nef cd' | dd of=big bs=1 seek=$at conv=notrunc 2>/dev/null
done
try grep -nb -e 'ab cd' -e 'ef cd' big
printf '%s\n' '2:67108858:ab cd' >want
head -n 1 out >got
check "a large file, a line across a border" cmp got want
sed -n '$p' out >got
printf '%s\n' '5:134217732:ef cd' >want
check "a large file, the last line" cmp got want
try grep -nbm3 cd big
tail -n 1 out >got
printf '%s\n' '4:134217726:ab cd' >want
check "a large file, -m 3" cmp got want
try grep -c '' big
is "a large file, all lines" 0 5
try grep -c cd big
is "a large file, some lines" 0 4
{ try grep -c -m1 'ab cd'; cat >rest; } <big
check "a large file, -m 1 leaves the rest" [ "$(wc -c <rest)" -eq 67108873 ]
rm -f big rest

try grep -c '' /dev/null
is "/dev/null" 1 0

#
# Output
#

if [ -c /dev/full ]; then
	"$KSIFT" grep a f >/dev/full 2>err
	echo $? >rc
	: >out
	is "a full device" 2 '' 'ksift: write error: No space left on device'
	"$KSIFT" grep -c a f >/dev/full 2>err
	echo $? >rc
	is "a full device, -c" 2 '' 'ksift: write error: No space left on device'
	"$KSIFT" fib 7 >/dev/full 2>err
	echo $? >rc
	is "a full device, fib" 2 '' 'ksift: write error: No space left on device'
fi
(exec >&-; "$KSIFT" grep a f 2>err; echo $? >rc)
: >out
is "no standard output" 2 '' 'ksift: write error: Bad file descriptor'
(trap '' PIPE; { "$KSIFT" grep q longlines 2>err; echo $? >rc; } | true)
is "a reader that has gone, SIGPIPE ignored" 2 '' 'ksift: write error: Broken pipe'
({ "$KSIFT" grep q longlines 2>err; echo $? >rc; } | true)
is "a reader that has gone" 141
cp f h
"$KSIFT" grep a h >>h 2>err
echo $? >rc
is "the input is the output" 2 '' 'ksift: h: input file is also the output'
"$KSIFT" grep a <h >>h 2>err
echo $? >rc
is "standard input is the output" 2 '' 'ksift: (standard input): input file is also the output'
check "and nothing was written" cmp f h
"$KSIFT" grep -c a h >>h 2>err
echo $? >rc
is "-c into the input" 0
"$KSIFT" grep -m1 a f h >>h 2>err
echo $? >rc
is "-m1 into the input" 0
try grep -lZ a f
printf 'f\000' >want
is_file "-l -Z" 0 want
try grep -cZ a f g
printf 'f\0003\ng\0000\n' >want
is_file "-c -Z" 0 want

#
# Against GNU grep
#

corpus()
{
	awk 'BEGIN {
		srand(7)
		split("error ERROR warn a b . x1 [x] timeout^ \t", w, " ")
		for (i = 0; i < 3000; i++) {
			s = ""
			for (k = int(rand() * 9); k > 0; k--)
				s = s w[int(rand() * 10) + 1] (rand() < .3 ? "" : " ")
			print s
		}
		printf "error at the end"
	}'
}

if [ -z "$gnu" ]; then
	skip "the same as GNU grep" "there is no GNU grep"
else
	corpus >corpus
	for o in '' -c -v -n -b -i -l -L -q -H -h -s -vc -vn -nb -m1 -m3 -m0 '-m 2 -c' -hn \
		-ci -li -Li -vl -vL -qv -bH -nH -Z -cZ -lc -Lc -lq -cq -sq -nbm5 -vm5 -Zn; do
		for files in corpus 'f corpus g' 'nosuch corpus' 'corpus d empty' 'empty' \
			'nosuch' 'f nosuch d'; do
			# Options and files are words.
			# shellcheck disable=SC2086
			same "grep $o error $files" $o error $files
		done
	done
	for p in '' a ERROR '^error' '^' '\.' '\[x\]' '^a' 'x1 ' zzz 'a
b' 'a
' '
'; do
		for o in '' -i -v -n -c; do
			# shellcheck disable=SC2086
			same "grep $o '$(echo "$p" | tr '\n' /)'" $o "$p" corpus bytes noend empty
		done
	done
	for p in '' . '[x]' '^' 'a.b' 'timeout^' '\' '$'; do
		for o in -F -Fi -Fv -Fc; do
			same "grep $o '$p'" $o "$p" corpus dots bytes
		done
	done
	same "-m0 and -L" -m0 -L a corpus f nosuch
	same "-m below zero" -m -1 error corpus
	same "-m above all numbers" -m 99999999999999999999 -c error corpus
	same "several -e" -e error -e x1 -e '^b' corpus
	same "-e and -v" -v -e error -e a corpus
	same "long options" --regexp=error --ignore-case --line-number --byte-offset \
		--max-count=9 --with-filename corpus
	same "more long options" --count --invert-match --no-filename error corpus f
	same "still more" --files-with-matches --no-messages --text error nosuch corpus
	same "the last ones" --files-without-match --fixed-strings --null . corpus f
	same "no line can be without the empty pattern" -v '' nosuch
	same "no line can be without several empty ones" -v -e '
' nosuch
	same "there can be one with an empty and another one" -vc -e 'a
' nosuch
	same "no line can be without the empty pattern, -L" -vL '' f nosuch
	same "--quiet" --quiet error corpus
	same "--silent" --silent zzz corpus
	same "abbreviated" --inv --line-n error corpus
	# Whatever names there are beside grep's, the beginning of one of grep's that grep
	# takes means the same here.  This is so whoever does the work.
	"$GREP" --help | tr ' ' '\n' | tr -d , | sed -n 's/^--\([a-z][a-z-]*\)$/\1/p
		s/^--\([a-z][a-z-]*\)\[*=\([A-Z]*\)\]*$/\1 \2/p' | sort -u >names
	check "grep has long options" [ "$(wc -l <names)" -gt 40 ]
	[ -z "$STANDIN" ] || : >names
	while read -r option kind; do
		case $kind in
		'') value= ;;
		NUM) value='=1' ;;
		FILE) value='=f' ;;
		GLOB) value='=n*' ;;
		ACTION) value='=skip' ;;
		TYPE) value='=text' ;;
		WHEN) value='=always' ;;
		*) value='=a' ;;
		esac
		"$KSIFT" grep "--$option$value" -e a f d noend nosuch >want 2>want.err </dev/null
		rc=$? wrong='' part=$option
		while [ -n "$part" ]; do
			"$KSIFT" grep "--$part$value" -e a f d noend nosuch >out 2>err </dev/null
			[ $? = $rc ] && cmp -s out want && cmp -s err want.err || wrong="$wrong --$part"
			part=${part%?}
			! "$GREP" -qx "$part\( .*\)\{0,1\}" names || break
			"$GREP" "--$part$value" -e a f d noend nosuch 2>&1 >out </dev/null |
				"$GREP" -q ambiguous && break
		done
		check "abbreviations of --$option" [ -z "$wrong" ]
		[ -z "$wrong" ] || echo "# grep takes it for that:$wrong"
	done <names
	for o in -y '-i -y' '-y --no-ignore-case' '--no-ignore-case -i' -G --basic-regexp -U --binary \
		-u '-u -b' --unix-byte-offsets '-u -s' -T -nT -bT -HT -HnbT -onbT -cHT '-lT' \
		--initial-tab '-HZT' '-vHT' '-HT --color=always' '-nT --color=always' \
		-I -Iv -Ic -Il -IL -Iq -Iz -IC1 '-Ic -a' '-a -Ic' '-I -U -c' \
		--binary-files=text --binary-files=without-match \
		'-I --binary-files=text' -dskip -dread '-d sk' '-d rea' --directories=skip \
		'-L -dskip' '-c -dskip' -Dskip -Dread --devices=skip '-L -D skip'; do
		for files in corpus 'd f nul bytes noend empty /dev/null nosuch'; do
			# shellcheck disable=SC2086
			same "grep $o a $files" $o a $files
		done
	done
	# Without -c grep gives out lines before it comes to that zero byte.
	same "grep -Ic a latenul" -Ic a latenul f
	for o in '' -n -b -nb; do
		for files in - f 'f -' 'd /dev/null'; do
			# shellcheck disable=SC2086
			cat f | "$KSIFT" grep -T $o a $files >out 2>err
			# shellcheck disable=SC2086
			cat f | "$GREP" -a -T $o a $files >want 2>want.err
			check "-T $o of a pipe and $files" cmp out want
		done
	done
	# Names and colours are the same with every engine, and a guest takes long.
	if [ -n "$USER_ENGINE" ]; then
		mkdir -p globs/s
		for name in x 'x\' '\x' 'x\y' a.c 'x*' '*' 's/x\' '[a]'; do
			echo a >"globs/$name"
		done
		# Of one file each, as files of a directory come in any order.
		for glob in 'x\' '*\' 'x\\' '\x' '\\x' 'x\*' '\*' 'x\y' 'x\\y' '?\' '[x]\' '[a]' '\[a]' 's\/x' \
			/x 's/x\' x/ '' '\' '*\\' '[' 'x[\'; do
			for o in include exclude exclude-dir; do
				same "--$o='$glob'" --$o="$glob" a globs/x 'globs/x\' 'globs/\x' 'globs/x\y' \
					globs//x 'globs/s/x\' './globs//s//x\' 'globs/[a]' 'globs/x*'
				same "-r --$o='$glob'" -rc --$o="$glob" a globs/s
			done
		done
		printf 'x  \n\n  \n*.c\t\n#c\n[a]\r' >exclude
		for o in --exclude-from=exclude '--exclude-from=exclude --include=x' '--include=x --exclude-from=exclude' \
			'--exclude-from empty' '--include=zz --exclude-from=empty' '--exclude-from=-'; do
			# shellcheck disable=SC2086
			same "$o" $o a globs/x globs/a.c 'globs/[a]' 'globs/x\'
		done
		for color in 7 '1;32' x '' 1:2 ';'; do
			for o in --color=always --color=auto '--color=always -m0' \
				'--color=always -A1'; do
				export GREP_COLOR="$color"
				# shellcheck disable=SC2086
				same "GREP_COLOR='$color' $o" $o b f
				for colors in ms=4:ln=7 ms=1:mc=4 mt=3 'x=y;:mt=3'; do
					export GREP_COLORS="$colors"
					# shellcheck disable=SC2086
					same "GREP_COLOR='$color' GREP_COLORS='$colors' $o" -n $o b f
				done
				unset GREP_COLOR GREP_COLORS
			done
		done
	fi
	for data in /data/loghub/*.log; do
		if [ ! -r "$data" ]; then
			skip "real logs" "there is none in /data/loghub"
			break
		fi
		for p in ERROR error '^2' Failed zzzz; do
			for o in -c -n -b -v -i -vc; do
				same "grep $o '$p' ${data##*/}" $o "$p" "$data"
			done
		done
		"$GREP" -a error "$data" | "$GREP" -av a >want
		try grep --not a error "$data"
		check "--not, ${data##*/}" cmp want out
		try grep -i --and FAILED --and e '' "$data"
		"$GREP" -ai e "$data" | "$GREP" -ai 'failed' >want
		check "--and, ${data##*/}" cmp want out
		cat "$data" | try grep -nb ERROR
		"$GREP" -anb ERROR "$data" >want
		check "a pipe, ${data##*/}" cmp want out
	done
fi

#
# Levels
#

printf 'ERROR a\n<14>b\nlevel=info c\n\nWARN: x\n0 errors found\n' >lv
printf 'FATAL' >lv2
levels='emerg   0
alert   0
crit    0
err     1
warning 1
notice  0
info    2
debug   0
trace   0
none    2'
try levels lv
is "levels" 0 "$levels"
try levels <lv
is "levels of standard input" 0 "$levels"
cat lv | try levels -
is "levels of a pipe" 0 "$levels"
printf '\037\213\010ERROR: a\n' >packed
try levels lv packed
is "levels: compressed, and another file" 2 "$levels" "ksift: packed: compressed by gzip; try 'zcat FILE | ksift levels'"
try levels - <packed
is "levels: compressed standard input" 2 '' "ksift: (standard input): compressed by gzip; try 'zcat | ksift levels'"
try levels --json lv lv2
is "levels of two files, as JSON" 0 '{"lines":7,"emerg":0,"alert":0,"crit":1,"err":1,"warning":1,"notice":0,"info":2,"debug":0,"trace":0,"none":2}'
try levels --json empty
is "levels of an empty file" 1 '{"lines":0,"emerg":0,"alert":0,"crit":0,"err":0,"warning":0,"notice":0,"info":0,"debug":0,"trace":0,"none":0}' "ksift: 0 of 0 lines carry a level"
try levels --json f
is "levels of a file without" 1 '{"lines":4,"emerg":0,"alert":0,"crit":0,"err":0,"warning":0,"notice":0,"info":0,"debug":0,"trace":0,"none":4}' "ksift: 0 of 4 lines carry a level"
try levels lv nosuch d
is "levels: errors, and the rest is counted" 2 "$levels" "ksift: nosuch: No such file or directory
ksift: d: Is a directory"
try levels nosuch packed d
is "levels: no FILE can be looked at" 2 '' "ksift: nosuch: *
ksift: packed: *
ksift: d: *"
try levels --json packed
is "levels: no FILE can be looked at, --json" 2 '' 'ksift: packed: *'
awk 'BEGIN { for (i = 0; i < 300; i++) print i % 100 ? "DEBUG x" : "ERROR y" }' >lv
try levels lv
check "levels: no bar but on a terminal" grep -qx 'debug   297' out
if command -v script >/dev/null; then
	script -qec "stty cols 50; '$KSIFT' levels lv 2>/dev/null" /dev/null </dev/null | tr -d '\r' >out
	bar=$(sed -n 's/^debug   297 \(#*\)$/\1/p' out)
	check "levels: a bar on a terminal" [ ${#bar} -gt 30 ]
	check "levels: it fits" [ ${#bar} -lt 38 ]
	check "levels: what is little is seen" grep -qx 'err       3 #' out
	check "levels: what is not there has none" grep -qx 'emerg     0' out
else
	skip "levels: a bar on a terminal" "there is no script(1) here"
fi

#
# Computing
#

try sumsq 10000000
is "sumsq" 0 333333283333335000000 'ksift: the sum does not fit in 64 bits; this is all of it'
try sumsq 10
is "sumsq, small" 0 285
try sumsq 3..10
is "sumsq, a range" 0 280
try sumsq 0
is "sumsq 0" 0 0
try sumsq 5..5
is "sumsq, an empty range" 0 0
try sumsq --json 10
is "sumsq --json" 0 '{"from":0,"to":10,"sum":285,"overflow64":false,"overflow128":false}'
try sumsq 9..3
is "sumsq, a range turned round" 2 '' "ksift: sumsq: '9..3' begins above its end"
try sumsq -- -1
is "sumsq -1" 2 '' "ksift: sumsq: '-1' is neither a number nor a range FROM..TO of numbers"
try sumsq 18446744073709551616
is "sumsq of too much" 2 '' "ksift: sumsq: '18446744073709551616' is above 18446744073709551615"
try sumsq
is "sumsq of nothing" 2 '' "ksift: sumsq: one argument is needed, N or FROM..TO"
try sumsq 10069012961345
is "sumsq, the last below 2^128" 0 340282366920839261491266184731045101920 '*64 bits; this is all of it'
try sumsq 10069012961346
is "sumsq, the first that is not" 0 2183049907310905741099489 'ksift: the sum does not fit in 128 bits: this is the sum mod 2^128'
try sumsq --json 10069012961346
is "sumsq --json, not below 2^128" 0 '{"from":0,"to":10069012961346,"sum":2183049907310905741099489,"overflow64":true,"overflow128":true}' '*mod 2^128'

try fib 93
is "fib 93" 0 12200160415121876738
try fib 94
is "fib 94" 0 1293530146158671551 'ksift: F(94) does not fit in 64 bits: this is F(94) mod 2^64'
try fib 0..10
is "fib 0..10" 0 '0
1
1
2
3
5
8
13
21
34'
try fib 92..96
is "fib 92..96" 0 '7540113804746346429
12200160415121876738
1293530146158671551
13493690561280548289' 'ksift: F(94) and what follows do not fit in 64 bits: these are mod 2^64'
try fib 7..7
is "fib 7..7" 0
try fib --json 92..95
is "fib --json" 0 '{"from":92,"to":95,"values":[7540113804746346429,12200160415121876738,1293530146158671551],"wrapped":true}' '*mod 2^64'
try fib --json 5..5
is "fib --json, empty" 0 '{"from":5,"to":5,"values":[],"wrapped":false}'
try fib --binary 1..4
printf '\001\0\0\0\0\0\0\0\001\0\0\0\0\0\0\0\002\0\0\0\0\0\0\0' >want
is_file "fib --binary" 0 want
try fib 5 6
is "fib 5 6" 2 '' "ksift: fib: one argument is needed, N or FROM..TO"
try fib x
is "fib x" 2 '' "ksift: fib: 'x' is neither a number nor a range FROM..TO of numbers"
try fib 18446744073709551615
is "fib of too much" 2 '' "ksift: fib: N must be below 18446744073709551615"
try fib --json --binary 5
is "fib --json --binary" 2 '' "ksift: fib: --binary and --json exclude each other"
try fib 0..20000
check "fib, more than a buffer" [ "$(wc -l <out)" -eq 20000 ]
check "fib, every value once" [ "$(head -n 90 out | sort -un | wc -l)" -eq 89 ]

seq 1 20000 >ints
try sum ints
is "sum" 0 200010000
try sum --json ints
is "sum --json" 0 '{"sum":200010000,"count":20000,"overflow64":false}'
wide="ksift: the sum does not fit in 64 bits; this is all of it"
printf ' -5\t7 \n\n9223372036854775807 9223372036854775807\n-9223372036854775808' | try sum -
is "sum of signs, blanks and limits" 0 9223372036854775808 "$wide"
printf '9223372036854775807 9223372036854775807 9223372036854775807' | try sum --json
is "sum above 64 bits" 0 '{"sum":27670116110564327421,"count":3,"overflow64":true}' "$wide"
printf -- '-9223372036854775808 -9223372036854775808' | try sum
is "sum below 64 bits" 0 -18446744073709551616 "$wide"
try sum empty
is "sum of nothing" 0 0
printf '1\n2\nthree\n' >bad
try sum bad
is "sum of a word" 2 '' "ksift: bad: line 3: 'three' is not a decimal integer"
for word in 1.5 +1 - 1- -- 0x1 1e3 '5,' ''; do
	printf '1 %s 2\n' "$word" | try sum
	if [ -n "$word" ]; then
		is "sum of '$word'" 2 '' "ksift: (standard input): line 1: '$word' is not a decimal integer"
	else
		is "sum of blanks" 0 3
	fi
done
printf '1\n9223372036854775808\n' | try sum
is "sum of what is above 64 bits" 2 '' "ksift: (standard input): line 2: '9223372036854775808' does not fit in 64 bits"
printf '1\n\n-9223372036854775809\n' | try sum
is "sum of what is below 64 bits" 2 '' "ksift: (standard input): line 3: '-9223372036854775809' does not fit in 64 bits"
printf '000000000000000000000000000000000000000000000000000000042' | try sum
is "sum of leading zeros" 0 42
printf '\001\0\0\0\0\0\0\0\377\377\377\377\377\377\377\377\012\0\0\0\0\0\0\0' >i64
try sum --format i64le i64
is "sum --format i64le" 0 10
cat i64 | try sum --format i64le -
is "sum --format i64le of a pipe" 0 10
{ dd bs=1 count=8 of=/dev/null 2>/dev/null; try sum --format=i64le; } <i64
is "sum --format i64le from the middle" 0 9
printf '\0\0\0' >>i64
try sum --format i64le i64
is "sum --format i64le, a tail" 2 '' 'ksift: i64: the last 3 bytes are no whole 8-byte integer'
cat i64 | try sum --format i64le
is "sum --format i64le of a pipe, a tail" 2 '' 'ksift: (standard input): the last 3 bytes are no whole 8-byte integer'
try sum --format hex i64
is "sum --format hex" 2 '' "ksift: sum: --format is text or i64le, not 'hex'"
try sum nosuch
is "sum of no file" 2 '' "ksift: nosuch: No such file or directory"
try sum d
is "sum of a directory" 2 '' "ksift: d: Is a directory"
try sum --format i64le d
is "sum --format i64le of a directory" 2 '' "ksift: d: Is a directory"
try sum f g
is "sum of two files" 2 '' "ksift: sum: one FILE is the most, and there are 2"
head -c 800000 /dev/zero >zeros
try sum --json --format i64le zeros
is "sum --json --format i64le" 0 '{"sum":0,"count":100000,"overflow64":false}'

try info
for word in '^engine: \(kernel\|user\)' '^version: .' '^variant: .' '^variants: .*scalar' '^kernels: lines fib sumsq sum-i64' '^features:'; do
	check "info: $word" grep -q "$word" out
done
try info --variant scalar
check "info --variant" grep -q '^variant: scalar$' out
try info --engine user
check "info --engine user" grep -qx 'engine: user' out
check "info --engine user, the version" grep -qx "version: $("$KSIFT" --version | sed 's/ksift //')" out
try info x
is "info x" 2 '' "ksift: info: there is nothing to give it, such as 'x'"
try info --json
case $(cat out) in
'{"engine":"'*'","version":"'*'","variant":"'*'","variants":["scalar"'*'],"kernels":["lines","fib","sumsq","sum-i64"'*'],"features":['*']}')
	pass "info --json" ;;
*)
	fail "info --json"
	show out ;;
esac

#
# bench
#

corpus >log
lines=$("$GREP" -ac '^error' log)

# valid_json NAME
valid_json()
{
	if command -v python3 >/dev/null; then
		check "$1" python3 -c 'import json, sys; json.load(sys.stdin)' <out
	else
		skip "$1" "there is no python3"
	fi
}

try bench --engine user --rounds 3 --json -e ^error log
case $(cat out) in
'{"case":"count","file":"log","size":'*',"cached":'*',"threads":1,"rounds":3,"runs":[{"name":"user","answer":['"$lines"'],'*',"seconds":['*,*,*']}]}')
	pass "bench --json" ;;
*)
	fail "bench --json"
	show out err ;;
esac
valid_json "bench --json is JSON"
for o in '-F -e .' '-i -e ERROR' '-v -e error' '-e a -e b' '-j 3 -e error'; do
	# Options are words.
	# shellcheck disable=SC2086
	try bench --engine user --once --json $o log
	# shellcheck disable=SC2086
	count=$("$GREP" -ac ${o#-j 3} log)
	check "bench $o" grep -q '"answer":\['"$count"'\]' out
done
# An engine, and what programs there are, have to agree before they are measured.
: >large
while [ "$(wc -c <large)" -lt 16000000 ]; do
	cat log log log log log log log log log log >>large
done
try bench --rounds 1 -e ^error -e '^x1\[' -e '\.' -e '^ ' large
for word in "^count: [1-9][0-9]* lines; 1 round, 1 thread$" '^ksift, user  *[0-9.]* ' '^memory  *[0-9.]* '; do
	check "bench, a line such as $word" grep -q "$word" out
done
mkdir -p fake
printf '#!/bin/sh\necho 7\n' >fake/grep
chmod +x fake/grep
rc=$PATH
PATH=$dir/fake:$PATH
try bench --json -e ^error log
PATH=$rc
is "bench, another answer" 2 '' "*ksift: bench: grep finds 7 where * finds $lines: nothing to compare"
rm large
too_few='are too few: it takes longer to begin than to do them;'
for option in --rounds=3 --once; do
	try bench $option log
	is "bench $option, too little" 2 '' "ksift: bench: log: $(($(wc -c <log))) bytes $too_few 16000000 or more can be measured"
done
try bench --case levels empty
is "bench of nothing" 2 '' "ksift: bench: empty: 0 bytes $too_few 16000000 or more can be measured"
try bench --case fib 999999
is "bench --case fib, too few" 2 '' "ksift: bench: 999999 numbers $too_few 1000000 or more can be measured"
try bench --engine user --once --case fib 1000000
check "bench --case fib, enough" grep -q '^ksift, user ' out
for o in emit records levels sum sum-memory memory; do
	try bench --once --json --engine user --case $o log
	check "bench --case $o" grep -q '^{"case":"'$o'",.*"answer":\[[0-9]' out
	valid_json "bench --case $o, the JSON"
	case $o in
	sum*)
		try bench -j 2 --case $o log
		is "bench -j 2 --case $o" 2 '' "ksift: bench: --threads: there is one only with --case $o"
		continue ;;
	esac
	mv out want
	try bench --once --json --engine user -j 5 --case $o log
	sed -i 's/.*"answer":\[\([-0-9,]*\).*/\1/' want out
	check "bench --case $o -j 5" cmp out want
done
try bench --once --json --engine user --case fib 10
check "bench --case fib" grep -q '"size":10,.*"answer":\[107\],' out
try bench --once --json --engine user --level warn -e error -e warn log
count=$("$KSIFT" grep --engine user --records -e error -e warn log | "$GREP" -c '"level":"\(err\|warning\)"')
check "bench --level" grep -q '"answer":\['"$count"'\]' out
try bench --level loud log
is "bench --level loud" 2 '' "ksift: bench: --level: 'loud' is not one as for 'ksift grep'"
try bench --case nosuch log
is "bench --case nosuch" 2 '' "ksift: bench: --case: there is none called 'nosuch'; see 'ksift bench --help'"
try bench --rounds 0 log
is "bench --rounds 0" 2 '' "ksift: bench: --rounds: '0' is not a number from 1 to 1000"
try bench -j many log
is "bench -j many" 2 '' "ksift: bench: --threads: 'many' is not a number from 1 to 256"
try bench
is "bench without a file" 2 '' "ksift: bench: one argument is needed, a FILE"
try bench nosuch
is "bench of no file" 2 '' "ksift: bench: nosuch: No such file or directory"
try bench d
is "bench of a directory" 2 '' "ksift: bench: d: not a regular file, which could be read again"
try bench --case fib log
is "bench --case fib of a file" 2 '' "ksift: bench: 'log' is not a number that memory has room for"

#
# Memory
#

# below NAME KILOBYTES FILE: what /proc/self/status, read after the rest, says
below()
{
	peak=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB$/\1/p' "$3")
	check "$1: $peak kB" [ "${peak:-$2}" -lt "$2" ]
}

if [ -z "$USER_ENGINE" ] || ! grep -q VmHWM /proc/self/status; then
	skip "peak memory" "measured on this machine, without a module"
else
	yes 'a line of text that is neither short nor long, and has nothing in it' |
		head -c 300000000 >large
	"$KSIFT" grep --engine user -h VmHWM large /proc/self/status >out
	below "peak memory, a large file" 8192 out
	"$KSIFT" grep --engine user -hnb -e VmHWM -e zzz -i large /proc/self/status |
		sed 's/^[0-9]*:[0-9]*://' >out
	below "peak memory, a large file, with numbers" 8192 out
	"$KSIFT" grep --engine user -h VmHWM - /proc/self/status <large >out
	below "peak memory, standard input" 8192 out
	cat large | "$KSIFT" grep --engine user -h VmHWM - /proc/self/status >out
	below "peak memory, a pipe" 8192 out
	rm large
	dd of=large bs=1 count=0 seek=300000000 2>/dev/null
	"$KSIFT" grep --engine user -h '' large /proc/self/status | tail -n 80 >out
	below "peak memory, a long line" 8192 out
	rm large
fi

#
# Both engines
#

# both NAME ARGUMENT...: with standard input from the file "in", the same from
# either
both()
{
	name=$1
	shift
	"$KSIFT" "$@" --engine kernel >want 2>want.err <in.both
	rc=$?
	"$KSIFT" "$@" --engine user >out 2>err <in.both
	if [ $? = $rc ] && cmp -s out want && cmp -s err want.err; then
		pass "both engines: $name"
	else
		fail "both engines: $name"
		show out err want want.err
	fi
}

if [ -n "$USER_ENGINE" ]; then
	skip "both engines" "there is no module"
else
	corpus >in.both
	cat long in.both long >long.both
	for files in in.both 'longlines in.both noend empty bytes' long.both - 'd nosuch f'; do
		for o in '-c error' '-n error' 'error' '-vb x1' '-m7 warn' '-ic -e b --not a' '-n q' \
			'-c --and a --and b error' '-l error' '-nF .'; do
			# Options and files are words.
			# shellcheck disable=SC2086
			both "grep $o $files" grep $o $files
		done
	done
	printf '\nab cd\nef cd' | dd of=sparse.both bs=1 seek=134217725 conv=notrunc 2>/dev/null
	both "a sparse file" grep -nb cd sparse.both
	both "a sparse file, all of it" grep -c '' sparse.both
	both "a sparse file, its sum" sum --json --format i64le sparse.both
	rm -f sparse.both long.both
	for files in i64 zeros; do
		both "sum of $files" sum --json --format i64le $files
	done
	both "sum of text" sum ints
	both "sumsq" sumsq 3..18446744073709551615
	both "fib" fib 80..300
fi

#
# Without the device
#

module=${KSIFT_MODULE:-/harness/ksift.ko}
# Options that exclude each other do so with every engine.
try grep --cached --polite a f
is "cached and polite" 2 '' 'ksift: grep: --cached and --polite exclude each other'
try levels --cached --polite f
is "levels, cached and polite" 2 '' 'ksift: levels: --cached and --polite exclude each other'
for option in -z -A1 -C1 --checkpoint=cp; do
	try grep --cached $option a f
	is "cached, $option" 2 '' 'ksift: grep: --cached and --polite take none of *'
	try grep --polite $option a f
	is "polite, $option" 2 '' 'ksift: grep: --cached and --polite take none of *'
done
try entries --join --polite a f
is "polite, --join" 2 '' 'ksift: entries: --cached and --polite take none of *'
try grep --cached -n a f
is "cached, -n" 2 '' 'ksift: grep: --cached takes no -n: *'

# Nobody but the module sees the page cache.
for option in --cached --polite; do
	try grep --engine user $option a f
	is "$option without the module" 2 '' "ksift: grep: $option: only the kernel module can see the page cache"
	try levels --engine user $option f
	is "levels $option without the module" 2 '' "ksift: levels: $option: only the kernel module can see the page cache"
done
if [ -n "$STANDIN" ]; then
	try grep --cached a f
	is "cached, an old module" 2 '' 'ksift: grep: --cached: the kernel module is older than this program'
fi

# A hole is nowhere in memory.  Before it there are 4090 bytes of lines and the
# beginning of one, behind it the end of one and another.
with_module()
{
	printf 'first ERROR one\n' >holes
	yes 'a line of text, 32 bytes long..' | head -n 127 >>holes
	printf '%s\n%s' 123456789 cutin >>holes
	check "a page" [ "$(wc -c <holes)" = 4095 ]
	printf x >>holes
	printf 'to ERROR two\nlast ERROR three\n' | dd of=holes bs=4096 seek=3 conv=notrunc 2>/dev/null
	covered='holes: 4.1 of 12.3 kB looked at, 0 read, 2 lines cut'

	try grep --cached ERROR holes
	is "cached" 0 'first ERROR one
last ERROR three' "ksift: $covered"
	try grep --cached -c '' holes
	is "cached, counted" 0 130 "ksift: $covered"
	try grep --cached -j2 -b ERROR holes
	is "cached, threads and offsets" 0 '0:first ERROR one
12301:last ERROR three' "ksift: $covered"
	try grep --cached -w ERROR holes
	is "cached, words" 0 'first ERROR one
last ERROR three' "ksift: $covered"
	try grep --cached two holes
	is "cached, not there" 1 '' "ksift: $covered"
	try grep --cached -q ERROR holes
	is "cached, quiet" 0
	try grep --cached -m1 ERROR holes
	is "cached, the first" 0 'first ERROR one' 'ksift: holes: 0.0 of 12.3 kB looked at, 0 read, 0 lines cut'
	try grep --cached --from 12288 ERROR holes
	is "cached, from" 0 'last ERROR three' 'ksift: holes: 30 of 30 bytes looked at, 0 read, 1 line cut'
	try grep --cached a f g
	is "cached, two files" 0 'f:a1
f:a2
f:a3' 'ksift: f: 11 of 11 bytes looked at, 0 read, 0 lines cut
ksift: g: 3 of 3 bytes looked at, 0 read, 0 lines cut'
	: >nothing
	try grep --cached a nothing
	is "cached, nothing" 1 '' 'ksift: nothing: 0 of 0 bytes looked at, 0 read, 0 lines cut'
	try grep --cached a - <f
	is "cached, standard input" 0 'a1
a2
a3' 'ksift: (standard input): 11 of 11 bytes looked at, 0 read, 0 lines cut'
	cat f | "$KSIFT" grep --cached a >out 2>err
	echo $? >rc
	is "cached, a pipe" 2 '' 'ksift: (standard input): CACHED: only a regular file is in the page cache'
	try grep --cached --json ERROR holes
	check "cached, json: no line numbers" [ "$(grep -c '"line_number":null' out)" = 2 ]
	check "cached, json: what was absent" \
		[ "$(grep -c '"bytes_absent":8192,"lines_cut":2}}}$' out)" = 1 ]
	check "cached, json: so in the summary" \
		grep -q '"bytes_absent":8192,"lines_cut":2}},"type":"summary"' out
	try grep --cached --stats ERROR holes
	check "cached, stats" grep -q ' complete=no .* read=0 ' err
	try levels --cached holes
	check "cached, levels" grep -q '^err *2$' out
	check "cached, levels, coverage" grep -qxF "ksift: $covered" err

	try grep --polite -o -b 'ERROR t' holes
	is "polite" 0 '12291:ERROR t
12306:ERROR t'
	try grep --polite -n -c ERROR holes
	is "polite, counted" 0 3
	try levels --polite holes
	check "polite, levels" grep -q '^err *2$' out
	cat f | "$KSIFT" grep --polite a >out 2>err
	echo $? >rc
	is "polite, a pipe" 0 'a1
a2
a3'
	for option in --cached --polite; do
		printf '\037\213\010rest\n' >packed
		try grep $option a packed
		is "$option, a compressed file" 2 '' 'ksift: packed: compressed by gzip; *'
		try levels $option packed
		is "$option, levels of a compressed file" 2 '' 'ksift: packed: compressed by gzip; *'
	done
	try grep --cached i /proc/version
	is "cached, what is in no cache" 2 '' 'ksift: /proc/version: *'
	try grep --polite -c i /proc/version
	is "polite, what is in no cache" 0 1
}

no_device="ksift: no device /dev/ksift: the ksift module is not loaded; load it with 'sudo modprobe ksift' (or 'sudo insmod ksift.ko')"

# All that is said of it, with no device there.
without_device()
{
	try grep --engine kernel a f
	is "no device" 2 '' "$no_device"
	try info --engine kernel
	is "no device, info" 2 '' "$no_device"
	try --version
	check "no device, --version" [ "$(cat rc)" = 0 ]
	try grep a f
	is "no device, and the user engine does it" 0 'a1
a2
a3'
	try doctor
	check "no device, doctor" [ "$(cat rc)" = 1 ]
	check "no device, doctor has a problem" grep -q '^problem ' out
	check "no device, doctor has another engine" grep -q '^note engine: user, variant ' out
	try info
	check "no device, info tells why" grep -q '^engine: user (no device /dev/ksift: ' out
	if ! script -qec true /dev/null >/dev/null 2>&1; then
		skip "no device, on a terminal" "there is no script(1)"
		return
	fi
	script -qec "$KSIFT grep -c a f" /dev/null </dev/null | tr -d '\r' >out
	installed=$(find "/lib/modules/$(uname -r)" -name 'ksift.ko*' 2>/dev/null)
	echo 3 >want
	[ -z "$installed" ] || printf '%s\n3\n' "ksift: the ksift module is installed and not loaded, so this program does the work itself; see 'ksift doctor'" >want
	check "no device, said on a terminal where there could be one" cmp out want
	script -qec "$KSIFT grep --engine user -c a f" /dev/null </dev/null | tr -d '\r' >out
	echo 3 >want
	check "the user engine asked for, nothing to say" cmp out want
}

if [ -n "$STANDIN" ]; then
	skip "no permission" "a stand-in has none"
	skip "no device" "a stand-in is always there"
elif [ -n "$USER_ENGINE" ] && [ -e /dev/ksift ]; then
	skip "no device" "there is one"
elif [ -n "$USER_ENGINE" ]; then
	without_device
else
	with_module
	if [ -r "/sys/module/ksift/version" ]; then
		try info
		check "info: the module's version" grep -qx "version: $(cat /sys/module/ksift/version)" out
	fi
	try doctor
	check "doctor" [ "$(cat rc)" = 0 ]
	check "doctor: the device" grep -q '^ok device: /dev/ksift, mode ' out
	check "doctor: the engine" grep -q '^ok engine: kernel, variant ' out
	check "doctor: no problem" sh -c '! grep ^problem out'
	if [ "$(id -u)" != 0 ] || ! command -v su >/dev/null; then
		skip "no permission" "needs root and su"
	else
		chmod 755 "$dir"
		# as_nobody OPTION...: count the lines with an a
		as_nobody()
		{
			su nobody -s /bin/sh -c "\"$KSIFT\" grep -c $* a f" >out 2>err
			echo $? >rc
		}
		group=$(stat -c %G /dev/ksift)
		as_nobody --engine kernel
		is "no permission" 2 '' "ksift: no permission to open /dev/ksift: it belongs to group $group; join it with 'sudo usermod -aG $group \$USER' and log in again"
		as_nobody
		is "no permission, and the user engine does it" 0 3
		su nobody -s /bin/sh -c "\"$KSIFT\" doctor" >out 2>err
		check "no permission, doctor" grep -qF "problem device: no permission to open /dev/ksift: it belongs to group $group; " out
		chgrp root /dev/ksift
		as_nobody --engine kernel
		is "no permission, and no udev rule" 2 '' "ksift: no permission to open /dev/ksift: only root may; *"
		chgrp nogroup /dev/ksift
		as_nobody --cached
		is "cached, and the file is another's" 2 0 "ksift: f: CACHED: what of a file is in memory is told to its owner, *"
		as_nobody --polite
		is "polite, and the file is another's" 0 3
		chmod o+w f
		as_nobody --cached
		check "cached, and the file may be written to" [ "$(cat rc out)" = "0
3" ]
		chmod o-w f
		chgrp "$group" /dev/ksift
	fi
	log=/var/log/app.log
	if [ ! -w /sys/kernel/tracing/events/ksift/enable ]; then
		skip "tracing, as ksift(4) shows it" "no tracefs that may be written to"
	elif [ -e "$log" ] || ! printf 'an ERROR\nb\nERROR\n' >"$log"; then
		skip "tracing, as ksift(4) shows it" "$log is there, or cannot be"
	else
		sh "$tests/trace.sh" >out 2>err
		echo $? >rc
		rm "$log"
		check "tracing, as ksift(4) shows it" [ "$(cat rc) $(head -n 1 out)" = "0 2" ]
		check "tracing: the filter" grep -q ': filter_create: patterns=1 bytes=5 ' out
		check "tracing: what is asked" grep -q ': run_begin: kernel=lines source=file ' out
		check "tracing: what was done" grep -q ': run_end: kernel=lines ret=0 .* bytes=17 .* lines=2$' out
		[ ! -s err ] || show err
	fi
	if [ "$(id -u)" != 0 ] || [ ! -r "$module" ]; then
		skip "no device" "there is no $module to load again"
	else
		mode=$(stat -c '%a %G' /dev/ksift)
		rmmod ksift
		without_device
		insmod "$module"
		chmod "${mode% *}" /dev/ksift
		chgrp "${mode#* }" /dev/ksift
		try grep --engine kernel -c a f
		is "the device is back" 0 3
	fi
fi

echo "1..$n"
[ "$failed" -eq 0 ]
