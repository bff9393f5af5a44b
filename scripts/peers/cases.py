# SPDX-License-Identifier: GPL-2.0-only
"""What scripts/bench measures, and what is to be reached."""

ERRORS = r"EMERG|ALERT|CRIT|FATAL|ERROR|SEVERE|PANIC"

# awk's way of "ksift levels": counts in the order of enum ksift_level.
AWK_LEVELS = """{ n[$4]++ } END { print 0, 0, 0, n["ERROR"] + 0, n["WARN"] + 0, 0,
    n["INFO"] + 0, n["DEBUG"] + 0, 0, 0 }"""


# Extended regular expressions, if case matters not, and how many times as fast as rg and
# as vectorscan ksift is to be.
REGEXES = (
    ("ERROR.*timeout", "ERROR.*timeout", False, (4, 4)),
    ("ERROR.*timeout, -i", "ERROR.*timeout", True, (5, 4)),
    ("(ERROR|WARN).*(timeout|retry|closed)", "(ERROR|WARN).*(timeout|retry|closed)", False, (4, 4)),
    ("(ERROR|WARN).*(timeout|retry|closed), -i", "(ERROR|WARN).*(timeout|retry|closed)", True, (5, 4)),
    ("the first words of a line", r"^[A-Z]+ [^ ]+ worker-[0-9]+ (session|disk|retry) ", False, (4, 3)),
    ("an address", r"[0-9]{1,3}(\.[0-9]{1,3}){3}", False, (10, 5)),
    ("[0-9a-f]{8}$", "[0-9a-f]{8}$", False, (12, 10)),
    (r"\b5[0-9][0-9]\b", r"\b5[0-9][0-9]\b", False, (5, 4)),
    (r"\w+ \w+ timeout ", r"\w+ \w+ timeout ", False, (4, 4)),
    ("a time, and two words", r"T03:[0-5][0-9]:[0-9]{2}\.[0-9]{3}Z worker-[0-9]{2} .*terminating.*responder", False,
     (6, 3)),
    ("ERROR.{0,50}timeout", "ERROR.{0,50}timeout", False, (3, 4)),
    ("e.{12}x", "e.{12}x", False, (10, 10)),
)


class Case:
    """One row of the table.

    data: which file, or for numbers how many
    ksift: arguments of "ksift bench" before FILE
    peers: name -> command, in which FILE is the file
    own_clock: peers that print, after the answer, for how long they were at it
    emits: peers' output is thrown away, and their answer is that of `counts`
    reach: peer -> how many times as fast ksift is to be
    limit: share of what reading the same memory gives, to be reached
    """

    def __init__(self, name, data, ksift, peers, *, own_clock=(), emits=None,
                 reach=None, limit=None, jobs=1, cold=False):
        self.name = name
        self.data = data
        self.ksift = ksift
        self.peers = peers
        self.own_clock = own_clock
        self.emits = emits
        self.reach = reach or {}
        self.limit = limit
        self.jobs = jobs
        self.cold = cold


def greps(*args, extended=False):
    """The same search by each grep, as fast as each can."""
    e = ["-E"] if extended else []
    return {
        "rg": ["rg", "--no-config", "-a", "--no-unicode", *args, "FILE"],
        "grep": ["grep", "-a", *e, *args, "FILE"],
        "ugrep": ["ugrep", "-a", "-U", *e, *args, "FILE"],
    }


def counts(*patterns, fold=False, invert=False):
    words = ["-c"] + ["-i"] * fold + ["-v"] * invert
    for p in patterns:
        words += ["-e", p]
    return words


def ours(words):
    return [w for w in words if w != "-c"]


def all_cases(words, peers, numbers):
    """words: the generator's; peers: folder of the programs built; numbers: how
    many times fewer than in a full run."""
    loops, scan, rust = (f"{peers}/{p}" for p in ("loops", "vectorscan", "articles"))
    python = ["/usr/bin/python3", "articles.py"]
    anchored = counts("^ERROR")
    found = []

    def add(*args, **kwargs):
        found.append(Case(*args, **kwargs))

    add("count ^ERROR, 1 in 10", "front", ours(anchored), {
        **greps(*anchored),
        "vectorscan": [scan, "FILE", "-", "^ERROR"],
        "C, read() and AVX2": [loops, "count", "ERROR", "FILE"],
        "awk": ["awk", "/^ERROR/ { n++ } END { print n + 0 }", "FILE"],
        "Python": [*python, "count", "ERROR", "FILE"],
        "Rust": [rust, "count", "ERROR", "FILE"],
    }, own_clock=("C, read() and AVX2", "Python", "Rust"),
        reach={"rg": 4, "grep": 5, "Python": 40, "Rust": 6}, limit=.65)
    for title, words_, reach, limit in (
            ("rare literal, 1 in 10^5", counts("segfault"), {"rg": 2, "grep": 8}, .65),
            ("common literal, 1 in 2", counts("status=200"), {"rg": 3, "grep": 5}, None),
            ("case-folded, 1 in 100", counts("timeout", fold=True), {"rg": 2, "grep": 8}, None),
            ("8 literals", counts(*words[:8]), {"rg": 2, "grep": 20}, None),
            ("64 literals", counts(*words), {"rg": 1.5, "grep": 20}, None),
            ("inverted ^INFO", counts("^INFO", invert=True), {}, None)):
        patterns = [p for f, p in zip(words_, words_[1:]) if f == "-e"]
        peers_ = greps(*words_)
        if "-v" not in words_:
            peers_["vectorscan"] = [scan, "FILE", "i" if "-i" in words_ else "-", *patterns]
        add(title, "front", ours(words_), peers_, reach=reach, limit=limit)
    for title, pattern, fold, reach in REGEXES:
        words_ = counts(pattern, fold=fold)
        add(title, "front", ["-E", *ours(words_)], {
            **greps(*words_, extended=True),
            "vectorscan": [scan, "FILE", "i" if fold else "-", pattern],
        }, reach=dict(zip(("rg", "vectorscan"), reach)))
    add("20 words, -i", "front", ours(counts(*words[:20], fold=True)), {
        **greps(*counts(*words[:20], fold=True)),
        "vectorscan": [scan, "FILE", "i", *words[:20]]}, reach={"rg": 3, "vectorscan": 1.5})
    add("^ERROR, two at once", "front", ours(anchored), greps(*anchored), jobs=2,
        reach={"rg": 6, "grep": 7}, limit=.8)
    add("emit 1 in 10", "front", ["--case", "emit", *ours(anchored)], greps("-e", "^ERROR"),
        emits=greps(*anchored), reach={"rg": 2.5, "grep": 3})
    add("emit all", "front", ["--case", "emit", "-e", ""], greps("-e", ""), emits=greps("-c", "-e", ""))
    add("records, 1 in 10", "front", ["--case", "records", *ours(anchored)], greps("-nb", "-e", "^ERROR"),
        emits=greps(*anchored))
    add("cold ^ERROR", "front", ours(anchored), greps(*anchored), cold=True)
    middle = counts(" ERROR ")
    add("' ERROR ' within lines", "middle", ours(middle), {
        **greps(*middle), "vectorscan": [scan, "FILE", "-", " ERROR "]},
        reach={"rg": 2.5, "grep": 5})
    add("--level error", "middle", ["--level", "error", "-e", ""],
        greps("-c", "-e", f" ({ERRORS}) ", extended=True))
    add("levels of every line", "middle", ["--case", "levels"], {"awk": ["awk", AWK_LEVELS, "FILE"]},
        reach={"awk": 5}, limit=.3)
    add("^ERROR, lines of 10 bytes", "short", ours(anchored), greps(*anchored))
    add("^ERROR, lines of 10 KB", "long", ours(anchored), greps(*anchored))
    add("sum of int64s in a file", "i64", ["--case", "sum"], {
        "numpy": [*python, "numpy-sum", "FILE"],
        "C": [loops, "sum", "FILE"],
        "Python": [*python, "sum", "FILE"],
        "Rust": [rust, "sum", "FILE"],
    }, own_clock=("numpy", "C", "Python", "Rust"), reach={"numpy": 3}, limit=.65)
    add("sum of int64s in memory", "i64", ["--case", "sum-memory"], {
        "numpy": [*python, "numpy-sum-memory", "FILE"],
        "C": [loops, "sum-memory", "FILE"],
    }, own_clock=("numpy", "C"))
    n = str(10**7 // numbers)
    add(f"F(n) of all n below {n}", int(n), ["--case", "fib"], {
        "C": [loops, "fib", n], "Rust": [rust, "fib", n], "Python": [*python, "fib", n],
    }, own_clock=("C", "Rust", "Python"), reach={"C": 1})
    n = str(10**6 // numbers)
    add(f"sums of squares below each n below {n}", int(n), ["--case", "sumsq"], {
        "C": [loops, "sumsq", n], "Python": [*python, "sumsq", n],
    }, own_clock=("C", "Python"))
    return found
