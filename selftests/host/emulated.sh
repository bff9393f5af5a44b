#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs the tests that are built as DIR/engine-$2 and DIR/lineprog-$2, DIR being $1, on the
# emulator that the other words are, as one TAP stream.
set -u

dir=$1
way=$2
shift 2
# shellcheck source-path=SCRIPTDIR source=../../userspace/tests/suite.sh
. ../../userspace/tests/suite.sh

# A hundred cases take about a second.
suite engine env KSIFT_HOST_RUNS="${KSIFT_HOST_RUNS-1000}" KSIFT_HOST_SLOWER=4 "$@" "$dir/engine-$way"
suite lineprog env KSIFT_HOST_RUNS="${KSIFT_HOST_RUNS-300}" "$@" "$dir/lineprog-$way"
suites_end
