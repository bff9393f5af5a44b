#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What ksift(4) shows of tracing, word for word: docs.sh holds the page to the
# lines between the two marks.  Run as root, with the module loaded.
set -eu
# begin
cd /sys/kernel/tracing
echo 1 >events/ksift/enable
ksift grep -c ERROR /var/log/app.log
grep -E 'filter_create|run_begin|run_end' trace
echo 0 >events/ksift/enable
# end
