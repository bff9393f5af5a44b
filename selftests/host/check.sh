#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs the host tests built in $1 for the machine $3, a fuzzer of the scan for $2
# seconds, one of line programs for half and one of the driver for three times as
# long, as one TAP stream.
set -u

dir=$1
seconds=$2
machine=$3
# shellcheck source-path=SCRIPTDIR source=../../userspace/tests/suite.sh
. ../../userspace/tests/suite.sh

# fuzz TARGET SECONDS
fuzz()
{
	log=$dir/$1.log
	status=0
	mkdir -p "$dir/corpus-$1"
	if (cd "$dir" && "./$1" -max_total_time="$2" -max_len=9000 \
		-print_final_stats=1 "corpus-$1" >"$log" 2>&1); then
		runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
		echo "ok 1 - $1 ($runs runs)"
	else
		tail -n 40 "$log" | sed 's/^/# /'
		echo "not ok 1 - $1"
		status=1
	fi
	echo 1..1
	return "$status"
}

suite engine "$dir/engine"
# On lesser processors all is the same but what is left out: fewer cases do.
few=${KSIFT_HOST_RUNS-500}
suite scalar-alone env KSIFT_HOST_RUNS="$few" KSIFT_HOST_VARIANTS=scalar "$dir/engine-scalar"
if [ "$machine" = x86_64 ]; then
	suite avx2-alone env KSIFT_HOST_RUNS="$few" KSIFT_HOST_VARIANTS='scalar avx2' "$dir/engine-avx2"
else
	suite avx2-alone echo "1..0 # SKIP AVX2 is x86-64's, and this is $machine"
fi
suite lineprog "$dir/lineprog"
suite lineprog-scalar env KSIFT_HOST_RUNS="$few" "$dir/lineprog-scalar"
if [ "$machine" = x86_64 ]; then
	suite lineprog-avx2 env KSIFT_HOST_RUNS="$few" "$dir/lineprog-avx2"
fi
suite automaton "$dir/automaton"
suite hostile "$dir/hostile"
suite hostile-clang "$dir/hostile-clang"
suite hostile-unoptimized "$dir/hostile-unoptimized"
suite fuzz fuzz fuzz_lines "$seconds"
suite fuzz-lineprog fuzz fuzz_lineprog $((seconds / 2))
suite fuzz-driver fuzz fuzz_driver $((seconds * 3))
suites_end
