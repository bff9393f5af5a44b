#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What a program that uses the library sees: the headers, the symbols, and the
# installed files found through pkg-config.
set -u

: "${O:?}" "${CC:=cc}" "${CXX:=c++}" "${MAKE:=make}"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
root=$dir/root

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

quiet()
{
	"$@" >"$dir/log" 2>&1
}

quiet "$MAKE" -s O="$O" DESTDIR="$root" PREFIX=/opt/ksift libdir=/opt/ksift/lib/x install
result $? "install"

: >"$dir/log"
for f in bin/ksift include/ksift.h include/libksift.h lib/x/libksift.a \
	lib/x/libksift.so lib/x/libksift.so.0 lib/x/pkgconfig/libksift.pc \
	share/bash-completion/completions/ksift lib/udev/rules.d/60-ksift.rules \
	lib/sysusers.d/ksift.conf; do
	[ -s "$root/opt/ksift/$f" ]
	result $? "installed: $f"
done
for f in man1/ksift.1 man4/ksift.4 man3/libksift.3; do
	if [ -e "$O/man/${f#*/}" ]; then
		[ -s "$root/opt/ksift/share/man/$f" ]
		result $? "installed: $f"
	fi
done

# Every function of the header, and nothing else, is exported.
sed -n 's/^\(int\|unsigned int\|uint32_t\|void\|const char \*\) *\(ksift_[a-z0-9_]*\)(.*/\2/p' \
	include/libksift.h | sort >"$dir/want"
nm -D --defined-only "$root/opt/ksift/lib/x/libksift.so.0" |
	sed -n 's/^[0-9a-f]* [A-Z] \(ksift_[^@]*\)@@KSIFT_0\.1$/\1/p' | sort >"$dir/got"
quiet diff "$dir/want" "$dir/got" && [ -s "$dir/want" ]
result $? "the header's functions are exported, version KSIFT_0.1"
nm -D --defined-only "$root/opt/ksift/lib/x/libksift.so.0" |
	grep -v -e '@@KSIFT_0\.1$' -e ' A KSIFT_0\.1$' >"$dir/log"
[ ! -s "$dir/log" ]
result $? "nothing else is exported"
nm -g --defined-only "$root/opt/ksift/lib/x/libksift.a" 2>/dev/null |
	sed -n 's/^[0-9a-f]* [A-Z] //p' | grep -v '^ksift_' >"$dir/log"
[ ! -s "$dir/log" ]
result $? "the static library's names all begin with ksift_"
readelf -d "$root/opt/ksift/lib/x/libksift.so.0" >"$dir/log"
grep -q 'soname: \[libksift\.so\.0\]' "$dir/log"
result $? "soname"
nm -D --undefined-only "$root/opt/ksift/lib/x/libksift.so.0" |
	grep -w -e printf -e puts -e perror -e exit -e _exit -e abort -e __printf_chk \
		-e stdout -e stderr >"$dir/log"
[ ! -s "$dir/log" ]
result $? "the library neither prints nor exits"

export PKG_CONFIG_PATH="$root/opt/ksift/lib/x/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$root"
flags=$(pkg-config --cflags --libs libksift 2>"$dir/log")
result $? "pkg-config"

cat >"$dir/user.c" <<'END'
#include <libksift.h>
#include <string.h>

int main(void)
{
	struct ksift_ctx_opts opts = KSIFT_CTX_OPTS_INIT;
	struct ksift_matcher_opts m = KSIFT_MATCHER_OPTS_INIT;
	struct ksift_scan_opts s = KSIFT_SCAN_OPTS_INIT;
	struct ksift_scan_result r = KSIFT_SCAN_RESULT_INIT;
	struct ksift_error err;
	struct ksift_ctx *ctx;

	opts.device = "/nonexistent";
	opts.engine = KSIFT_ENGINE_KERNEL;
	if (!ksift_ctx_open(&opts, &ctx, &err))
		return 1;
	return !strstr(err.text, "/nonexistent") || m.size != sizeof(m) ||
		s.to != UINT64_MAX || s.max_lines != UINT64_MAX || s.chunk ||
		r.size != sizeof(r) || !*ksift_version();
}
END
cp "$dir/user.c" "$dir/user.cc"
# The flags are words.
# shellcheck disable=SC2086
for std in c99 c11 gnu17; do
	quiet $CC -std=$std -pedantic -Wall -Wextra -Werror -o "$dir/user" "$dir/user.c" $flags &&
		LD_LIBRARY_PATH="$root/opt/ksift/lib/x" quiet "$dir/user"
	result $? "a program in $std"
done
# shellcheck disable=SC2086
for std in c++11 c++20; do
	quiet $CXX -std=$std -pedantic -Wall -Wextra -Werror -o "$dir/user" "$dir/user.cc" $flags &&
		LD_LIBRARY_PATH="$root/opt/ksift/lib/x" quiet "$dir/user"
	result $? "a program in $std"
done
# shellcheck disable=SC2046,SC2086
quiet $CC -o "$dir/user" "$dir/user.c" $(pkg-config --cflags libksift) \
	"$root/opt/ksift/lib/x/libksift.a" &&
	quiet "$dir/user"
result $? "a program linked with the static library"

# What the manual and the README give as examples.
printf 'an ERROR\nno error\npanic: ERROR\nno panic\n' >"$dir/app.log"
awk '/^# EXAMPLES/ { part = 1 } part && /^```$/ { on = !on; next } on { gsub(/\\\\/, "\\"); print }' \
	man/libksift.3.scd >"$dir/manual.c"
awk '/^```$/ { on = 0 } on { print } /^```c$/ { on = 1 }' ../README.md >"$dir/readme.c"
# shellcheck disable=SC2086
for name in manual readme; do
	quiet $CC -Wall -Wextra -Werror -o "$dir/$name" "$dir/$name.c" $flags
	result $? "the example of the $name compiles"
	(cd "$dir" && LD_LIBRARY_PATH="$root/opt/ksift/lib/x" "./$name") \
		<"$dir/app.log" >"$dir/$name.out" 2>&1
	cp "$dir/$name.out" "$dir/log"
done
[ "$(cat "$dir/manual.out")" = "$(printf 'an ERROR\npanic: ERROR')" ]
result $? "the example of the manual works"
[ "$(cat "$dir/readme.out")" = 2 ]
result $? "the example of the readme works"
mkdir "$dir/nothing"
(cd "$dir/nothing" && LD_LIBRARY_PATH="$root/opt/ksift/lib/x" LC_ALL=C ../readme) >"$dir/log" 2>&1
[ $? -eq 1 ] && [ "$(cat "$dir/log")" = "app.log: No such file or directory" ]
result $? "the example of the readme says that there is no app.log"

left=$((1310720 - $(stat -c %s "$O/ksift-static")))
echo "# the static client: $left bytes are left of 1.25 MiB"
[ "$left" -gt 0 ]
result $? "the static client is below 1.25 MiB"
quiet readelf -l "$O/ksift-static" && ! grep -q INTERP "$dir/log"
result $? "the static client is static"
[ "$("$O/ksift-static" --version)" = "ksift $(pkg-config --modversion libksift)" ]
result $? "one version everywhere"

# systemd looks in the same place below /usr and below /usr/local.
if [ "$(id -u)" -ne 0 ] || ! command -v systemd-sysusers >/dev/null; then
	n=$((n + 1))
	echo "ok $n - sysusers makes the group # SKIP needs root and systemd"
else
	mkdir -p "$dir/system/etc"
	quiet "$MAKE" -s O="$O" DESTDIR="$dir/system" PREFIX=/usr/local install &&
		quiet systemd-sysusers --root="$dir/system" &&
		quiet grep '^ksift:x:[0-9]*:$' "$dir/system/etc/group"
	result $? "sysusers makes the group"
fi

# Nobody else's file goes, and none of ours stays.
echo other >"$root/opt/ksift/bin/other"
quiet "$MAKE" -s O="$O" DESTDIR="$root" PREFIX=/opt/ksift libdir=/opt/ksift/lib/x uninstall
result $? "uninstall"
(cd "$root" && find . ! -type d) >"$dir/log"
[ "$(cat "$dir/log")" = ./opt/ksift/bin/other ]
result $? "uninstalled: all of it"

# Each line of the rule says what it is for, the group's stands alone.
grep -c '^KERNEL=="ksift", SUBSYSTEM=="misc", ' system/60-ksift.rules >"$dir/log"
[ "$(cat "$dir/log")" = 2 ] && ! grep 'MODE.*GROUP\|GROUP.*MODE' system/60-ksift.rules >>"$dir/log"
result $? "udev rule"

echo "1..$n"
exit $bad
