# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Sourced: several programs that print TAP, as one TAP stream.  One that ends with
# another status than its results call for, or without its plan, has failed.
# "$out" is a folder for what they write.  Where "$only" has names, others do not run.
: "${only:=}"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
total=0 failed=0 ran=

# wanted NAME
wanted()
{
	case " ${only:-$1} " in
	*" $1 "*) ;;
	*) false ;;
	esac
}

# suite NAME COMMAND...
suite()
{
	wanted "$1" || return 0
	name=$1
	ran="$ran $1"
	shift
	start=$(date +%s)
	"$@" >"$out/tap" 2>"$out/err" </dev/null
	rc=$?
	echo "# $name: $(($(date +%s) - start)) s"
	awk -v name="$name" -v n="$total" -v rc="$rc" -v count="$out/count" -v plan=none '
	/^(not )?ok / {
		seen++
		bad += /^not / && !/# (SKIP|TODO)/
		ok = /^not / ? "not ok" : "ok"
		sub(/^(not )?ok *[0-9]* *(- )?/, "")
		print ok, ++n, "- " name ": " $0
		next
	}
	/^1\.\.0 # SKIP/ {
		plan = ++seen
		sub(/^1\.\.0 /, "")
		print "ok", ++n, "- " name, $0
		next
	}
	/^1\.\.[0-9]+$/ { plan = substr($0, 4); next }
	{ print "# " $0 }
	END {
		if (!seen || plan != seen || (rc != 0) != (bad != 0)) {
			print "not ok", ++n, "- " name ": ended with status " rc " after " seen + 0 " results"
			bad++
		}
		print n, bad + 0 >count
	}' "$out/tap"
	sed 's/^/# /' "$out/err" >&2
	read -r total bad <"$out/count"
	failed=$((failed + bad))
}

# The plan, and the status of all.
suites_end()
{
	for name in $only; do
		case " $ran " in
		*" $name "*) continue ;;
		esac
		total=$((total + 1)) failed=$((failed + 1))
		echo "not ok $total - there is no suite '$name'"
	done
	echo "1..$total"
	[ "$failed" -eq 0 ]
}
