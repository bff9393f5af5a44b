#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# All tests that need no module, as one TAP stream, or those of the suites that
# SUITES names.  A suite that ends with another status than its results call for,
# or without its plan, has failed.
set -u
cd "$(dirname "$0")/.." || exit 1

: "${O:?}" "${MASKS:?}" "${CC:=cc}" "${MAKE:=make}"
only=${SUITES:-}
unset SUITES
# shellcheck source-path=SCRIPTDIR source=suite.sh
. tests/suite.sh

# The user's own choice of an engine is not the tests'.
unset KSIFT_ENGINE
export XDG_CONFIG_HOME="$out/config"
standin=$O/tests/standin.so
suite make sh tests/make.sh
suite install sh tests/install.sh
: >"$out/empty"
suite startup "$O/tests/startup" "$out/empty" "$O/ksift" "$O/ksift-static"
kernel="env KSIFT_STANDIN=1 LD_PRELOAD=$standin"
# It is words.
# shellcheck disable=SC2086
{
	suite docs $kernel KSIFT="$O/ksift" sh tests/docs.sh
	suite engine $kernel KSIFT="$O/ksift" python3 tests/test_engine.py
	suite doctor $kernel KSIFT="$O/ksift" sh tests/doctor.sh
	suite unit "$O/tests/unit"
	suite unit-kernel $kernel "$O/tests/unit"
	suite unit-chopped $kernel KSIFT_STANDIN_CHOP=1 "$O/tests/unit"
	suite lines "$O/tests/lines"
	suite lines-chopped $kernel KSIFT_STANDIN_CHOP=3 "$O/tests/lines" 0 500
	suite changing "$O/tests/changing"
	suite threads "$O/tests/threads"
	suite threads-kernel $kernel "$O/tests/threads"
	suite spans "$O/tests/spans"
	suite spans-small env KSIFT_SPANS_STATIC=1 "$O/tests/spans-small"
	suite spans-grep python3 tests/test_spans.py "$O/tests/spans"
	suite spans-grep-small env KSIFT_SPANS_STATIC=1 python3 tests/test_spans.py "$O/tests/spans-small" 400 3
	suite patterns sh tests/patterns.sh "$O/tests/unit" "$O/ksift"
	suite regex "$O/tests/regex"
	suite regex-diff python3 tests/regex-diff.py "$O/tests/regex"
	suite cli env KSIFT="$O/ksift" KSIFT_USER=1 sh tests/cli.sh
	suite grep-diff python3 tests/grep-diff.py "$O/ksift"
	suite grep-diff-chopped $kernel KSIFT_STANDIN_CHOP=3 KSIFT_TEST_ARGS='--engine kernel' \
		python3 tests/grep-diff.py "$O/ksift" 300 2
	suite json env KSIFT="$O/ksift" python3 tests/test_json.py
	suite entries env KSIFT="$O/ksift" python3 tests/test_entries.py
	suite entries-chopped $kernel KSIFT="$O/ksift" KSIFT_STANDIN_CHOP=3 python3 tests/test_entries.py
	suite watch env KSIFT="$O/ksift" python3 tests/test_watch.py
	suite json-chopped $kernel KSIFT="$O/ksift" KSIFT_STANDIN_CHOP=3 python3 tests/test_json.py
	suite cli-chopped $kernel KSIFT="$O/ksift" KSIFT_STANDIN_CHOP=3 sh tests/cli.sh
}
# As on lesser processors.  To these it matters which variant is the best: what the
# library finds, where threads meet, and whole commands beside grep.  The others look
# at what becomes of lines once they are found, or (lines) ask for each variant.
suite scalar-alone sh tests/variants.sh "$O/tests/scalar-alone/ksift" scalar
case " $MASKS " in
*" avx2 "*) suite avx2-alone sh tests/variants.sh "$O/tests/avx2-alone/ksift" scalar avx2 ;;
*) suite avx2-alone echo "1..0 # SKIP AVX2 is x86-64's, and this is built for another machine" ;;
esac
for best in $MASKS; do
	masked=$O/tests/$best-alone
	suite "unit-$best-alone" "$masked/unit"
	suite "threads-$best-alone" "$masked/threads"
	suite "grep-diff-$best-alone" python3 tests/grep-diff.py "$masked/ksift" 300 4
done
# What is printed is printed by the same code, and grep-diff sees to what is found.
[ "${KSIFT_FULL:-0}" = 0 ] || suite cli-scalar-alone env KSIFT="$O/tests/scalar-alone/ksift" KSIFT_USER=1 sh tests/cli.sh
# Small windows, so that it does not take long.
echo 'int main(void) { return 0; }' >"$out/probe.c"
if ! wanted threads-sanitized; then
	:
elif "$CC" -fsanitize=thread -o "$out/probe" "$out/probe.c" 2>/dev/null && "$out/probe"; then
	"$MAKE" -s O="$O/tsan" CFLAGS='-O1 -g -fsanitize=thread' \
		CPPFLAGS=-DKSIFT_SCAN_WINDOW=65536ull "$O/tsan/tests/threads" >&2
	suite threads-sanitized "$O/tsan/tests/threads"
else
	suite threads-sanitized echo "1..0 # SKIP $CC has no -fsanitize=thread here"
fi
suites_end
