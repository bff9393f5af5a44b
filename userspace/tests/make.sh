#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What the Makefile at the top does where there are no kernel headers, and with a
# module of another kernel: a copy of it, among directories that stand for what it
# builds.
set -u

: "${MAKE:=make}"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
unset KDIR O MAKEFLAGS MFLAGS MAKEOVERRIDES

n=0 bad=0
# is NAME STATUS LINE...: the last try ended so, and said these lines
is()
{
	good=0 name=$1
	[ "$(cat "$dir/rc")" = "$2" ] || good=1
	shift 2
	for line; do
		grep -qF -e "$line" "$dir/log" || { good=1; echo "wanted: $line" >>"$dir/log"; }
	done
	n=$((n + 1))
	if [ $good -eq 0 ]; then
		echo "ok $n - $name"
	else
		bad=1
		echo "not ok $n - $name"
		sed 's/^/# /' "$dir/log"
	fi
}

try()
{
	PATH=$dir/bin:$PATH "$MAKE" -C "$dir/tree" "$@" >"$dir/log" 2>&1
	echo $? >"$dir/rc"
}

# says_not NAME LINE: the last try did not
says_not()
{
	! grep -qF -e "$2" "$dir/log"
	echo $? >"$dir/rc"
	is "$1" 0
}

# A kernel of this release, whose make says what it is asked for.
kernel()
{
	mkdir -p "$dir/$1/include/config" "$dir/$1/include/generated"
	echo "#define UTS_RELEASE \"$1\"" >"$dir/$1/include/generated/utsrelease.h"
	# As on Debian.
	echo 6.1.999 >"$dir/$1/include/config/kernel.release"
	printf '%s\n' 'modules modules_install:' '	@echo kernel: $@' >"$dir/$1/Makefile"
}

mkdir -p "$dir/bin" "$dir/tree/userspace"
cp ../Makefile "$dir/tree"
printf 'all:\n\t@echo programs: built\n' >"$dir/tree/userspace/Makefile"
# Of a kernel that nobody has headers for.
printf '#!/bin/sh\necho 0.0.0-none\n' >"$dir/bin/uname"
chmod +x "$dir/bin/uname"
kernel 6.1.0-a
kernel 6.12.0-b
none=/lib/modules/0.0.0-none/build
lacks="ksift.ko needs what modules are built with, which is not in $none"

try
is "without headers: the programs are built, and it says what the module needs" 0 \
	'programs: built' "$lacks"
if [ -e /etc/debian_version ]; then
	is "without headers: the package, on Debian" 0 "'sudo apt install linux-headers-0.0.0-none'"
fi
try module
is "without headers: no module" 2 "$lacks"
says_not "without headers: no module, and nothing else" 'programs: built'
try modules_install
is "without headers: nothing to install" 2 "$lacks"
try userspace
is "without headers: the programs alone" 0 'programs: built'
says_not "without headers: the programs alone, and no more to say" ksift.ko
try KDIR="$dir/nothing"
is "a KDIR that was given is wanted" 2 "which is not in $dir/nothing"
KDIR=$dir/nothing
export KDIR
try
is "a KDIR from the environment is wanted" 2 "which is not in $dir/nothing"
unset KDIR

try KDIR="$dir/6.1.0-a"
is "with headers: both" 0 'kernel: modules' 'programs: built'
try KDIR="$dir/6.1.0-a" modules_install
is "no module to install" 2 "There is no ksift.ko; type 'make module' first."
printf 'ELF\0license=GPL\0vermagic=6.1.0-a SMP preempt mod_unload \0name=ksift\0' >"$dir/tree/ksift.ko"
try KDIR="$dir/6.1.0-a" modules_install
is "a module for that kernel is installed" 0 'kernel: modules_install'
try KDIR="$dir/6.12.0-b" modules_install
is "a module for another kernel is not" 2 \
	'ksift.ko is built for 6.1.0-a, and this would install it for 6.12.0-b;' \
	"type 'make module KDIR=$dir/6.12.0-b' first, or give the KDIR of 6.1.0-a."
says_not "a module for another kernel is not, indeed" 'kernel: modules_install'
rm "$dir/6.12.0-b/include/generated/utsrelease.h"
try KDIR="$dir/6.12.0-b" modules_install
is "a kernel that is not prepared" 2 "$dir/6.12.0-b is not prepared: there is no include/generated/utsrelease.h; type 'make -C $dir/6.12.0-b modules_prepare' first."
says_not "a kernel that is not prepared, and nothing else" 'is built for'
# As a build that takes its time, of a module that was for another kernel.  $(M) is make's.
# shellcheck disable=SC2016
printf '%s\n' 'modules:' '	@sleep 1; printf "vermagic=6.1.0-a \\0" >$(M)/ksift.ko' \
	'modules_install:' '	@echo kernel: $@' >"$dir/6.1.0-a/Makefile"
for goal in module all; do
	printf 'vermagic=6.12.0-b \0' >"$dir/tree/ksift.ko"
	try -j4 KDIR="$dir/6.1.0-a" "$goal" modules_install
	is "-j: what is built is installed, after $goal" 0 'kernel: modules_install'
done

echo "1..$n"
exit $bad
