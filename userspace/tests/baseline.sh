#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The library and the client on an emulated processor that runs no variant but the
# portable one: what it lacks is an illegal instruction there.  Emulation is slow and
# has system calls of its own, so these are the tests of what the engine finds.
set -u
cd "$(dirname "$0")/.." || exit 1

: "${O:?}"
# shellcheck source-path=SCRIPTDIR source=suite.sh
. tests/suite.sh

emulator='qemu-x86_64 -cpu Nehalem'
printf '#!/bin/sh\nexec %s "%s" "$@"\n' "$emulator" "$O/ksift-static" >"$out/ksift"
chmod +x "$out/ksift"
suite variants sh tests/variants.sh "$out/ksift" scalar
# It is words.
# shellcheck disable=SC2086
suite lines $emulator "$O/tests/lines" 0 2000 scalar
suite grep-diff python3 tests/grep-diff.py "$out/ksift" 200 3
suites_end
