# shellcheck shell=bash disable=SC2034 # variables are for those who source it
# SPDX-License-Identifier: GPL-2.0-only
#
# What all scripts share: where things are, and how to say so.  Each file here is
# sourced by bash scripts under "set -euo pipefail", and sources what it needs.

# Programs of file systems and modules, which others than root do not find on Debian.
PATH=$PATH:/usr/sbin:/sbin

# Which machine a part is for is said to each make.
unset ARCH CROSS_COMPILE

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ksift
# Builds are incremental per tree, so that two checkouts do not fight over one.
build=$cache/build/$(printf %s "$root" | sha256sum | cut -c1-12)

die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 125
}

note()
{
	printf '%s\n' "$*" >&2
}

# locked NAME COMMAND...: one at a time on this machine.  The command runs in a
# subshell that must not exit on its own account with anything to keep.
locked()
{
	local name=$1
	shift
	mkdir -p "$cache/locks"
	(
		exec 9>"$cache/locks/$name"
		flock 9
		"$@" 9>&-
	)
}

# quietly WHAT COMMAND...: output only when it fails.
quietly()
{
	local what=$1 log
	shift
	mkdir -p "$cache"
	log=$(mktemp "$cache/log.XXXXXX")
	if ! "$@" >"$log" 2>&1 </dev/null; then
		tail -n 100 "$log" >&2
		rm -f "$log"
		die "failed: $what"
	fi
	rm -f "$log"
}

# The content of sources, objects aside; paths are relative to the tree.
hash_of()
{
	(cd "$root" && find "$@" -type f ! -name '*.o' ! -name '*.ko' ! -name '*.mod' \
		! -name '*.mod.c' ! -name '.*' ! -name '*.pyc' ! -name modules.order ! -name Module.symvers \
		-print0 2>/dev/null | sort -z | xargs -0 sha256sum) | sha256sum | cut -c1-20
}
