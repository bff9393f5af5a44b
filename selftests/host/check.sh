#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Run the host tests built in $1 and the fuzzer for $2 seconds; print TAP, the
# fuzzer's run being the last test.
set -eu

dir=$1
seconds=$2
log=$dir/fuzz.log
status=0

out=$("$dir/engine" 2>&1) || status=1
tests=$(printf '%s\n' "$out" | grep -c '^\(not \)\{0,1\}ok ') || tests=0
printf '1..%d\n' $((tests + 1))
printf '%s\n' "$out" | grep -v '^1\.\.'
mkdir -p "$dir/corpus"
if (cd "$dir" && ./fuzz_lines -max_total_time="$seconds" -max_len=9000 \
	-print_final_stats=1 corpus >"$log" 2>&1); then
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
	echo "ok $((tests + 1)) - fuzz_lines ($runs runs)"
else
	tail -n 40 "$log" | sed 's/^/# /'
	echo "not ok $((tests + 1)) - fuzz_lines"
	status=1
fi
exit $status
