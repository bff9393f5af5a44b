#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: variants.sh CLIENT NAME...
#
# TAP: does the client's own engine run these variants, and no others?  Less than
# they is a skip: the machine has no more.
set -eu

client=$1
shift
has=$("$client" info --engine user | sed -n 's/^variants: //p')
rc=0
case "$* " in
"$has ") echo "ok 1 - variants: $*" ;;
"$has "*) echo "ok 1 - variants: $* # SKIP this machine runs $has alone" ;;
*)
	echo "not ok 1 - variants: $*, and not $has"
	rc=1
	;;
esac
echo 1..1
exit "$rc"
