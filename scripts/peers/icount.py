# SPDX-License-Identifier: GPL-2.0-only
"""Instructions that the module takes, counted by QEMU: see scripts/bench --icount.

usage: icount.py plan PEERS                            the guest's script
       icount.py show|compare|update PEERS TABLE DATA  what it printed, on stdin
"""
import json
import subprocess
import sys

from cases import all_cases

# A change that raises a figure by more is to be looked at.
SLACK = 1.10

# The numbers of a full run, divided by this.
FEWER = 100


def cases_here(peers):
    words = subprocess.run([f"{peers}/generate", "words"], check=True, capture_output=True, text=True).stdout.split()
    return [c for c in all_cases(words, peers, FEWER) if c.jobs == 1 and not c.cold]


def plan(peers):
    print("set -eu\ncp /data/* /tmp")
    for case in cases_here(peers):
        words = [*case.ksift, str(case.data) if isinstance(case.data, int) else f"/tmp/{case.data}"]
        print("ksift bench --engine kernel --json --rounds 3",
              " ".join("'" + w.replace("'", "'\\''") + "'" for w in words))


def figures(case, text, data):
    run = json.loads(text)
    instructions = min(run["runs"][0]["seconds"]) * 1e9
    per = instructions / run["size"]
    if isinstance(case.data, int):
        return f"{per:.3f}", "-"
    if case.data == "i64":
        return f"{per:.3f}", f"{per * 8:.1f}"
    with open(f"{data}/{case.data}", "rb") as f:
        lines = f.read().count(b"\n")
    return f"{per:.3f}", f"{instructions / lines:.1f}"


def read_table(path):
    with open(path, encoding="utf-8") as f:
        rows = [line.rstrip("\n").split("\t") for line in f if not line.startswith("#")]
    return {name: (per, line) for name, per, line in rows}


def compare(rows, table):
    old = read_table(table)
    worse = []
    for name, (per, _) in rows.items():
        if name not in old:
            worse.append(f"{name}: not in {table}; run scripts/bench --icount --update")
        elif float(per) > float(old[name][0]) * SLACK:
            worse.append(f"{name}: {per} instructions a byte, and it was {old[name][0]}")
    for line in worse:
        print(f"bench: {line}", file=sys.stderr)
    return 1 if worse else 0


def main():
    what, peers = sys.argv[1:3]
    if what == "plan":
        plan(peers)
        return 0
    table, data = sys.argv[3:5]
    cases = cases_here(peers)
    texts = [line for line in sys.stdin if line.startswith("{")]
    if len(texts) != len(cases):
        sys.exit(f"bench: {len(cases)} cases, {len(texts)} answers")
    rows = {c.name: figures(c, t, data) for c, t in zip(cases, texts)}
    text = ("# SPDX-License-Identifier: GPL-2.0-only\n"
            "# Instructions of the guest for each byte, or number, and for each line, or\n"
            "# integer: scripts/bench --icount --update\n" +
            "".join(f"{name}\t{per}\t{line}\n" for name, (per, line) in rows.items()))
    print(text, end="")
    if what == "update":
        with open(table, "w", encoding="utf-8") as f:
            f.write(text)
    return compare(rows, table) if what == "compare" else 0


sys.exit(main())
