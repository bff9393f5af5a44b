#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""ksift grep against GNU grep: random options, patterns and files.

usage: grep-diff.py KSIFT [CASES [SEED]]

Output, exit status, and whether there is a message have to be the same.  A case
that differs is printed as a command, and its files are kept.  As TAP.
"""
import os
import random
import shlex
import shutil
import subprocess
import sys
import tempfile

GREP = "/usr/bin/grep" if os.access("/usr/bin/grep", os.X_OK) else "grep"
BATCH = 100

# The share of cases with regular expressions.
REGEXES = .4

# Others are literals.  These mean the same with and without -F; some start a line,
# some are words, and many overlap.
OLD_COLORS = [""] * 5 + ["7", "1;32", "x"]
WORDS = ["a", "b", "ab", "ba", "aa", "aba", "abab", "a b", "b a", " ", "  ", "_", "a_", "-", "a-b", "x",
         "zz", "A", "aB", "", "a" * 9, "ab" * 40, "é", "\udcff", "\udcffa", "ERROR", "err", "1", ":", "\r"]
SPECIAL = [".", "a.", "[a]", "a*", "^a", "a$", "\\", "a\\b"]
COLORS = ["", "", "", "sl=1:cx=34:rv", "ne:mt=7", "sl=4:ms=1:mc=2:fn=3:ln=4:bn=5:se=6", "cx=7:ne:sl=", "mt=1:oops;:fn=4"]
ANCHORED = ["^a", "^ab", "^", "^ ", "^b a", "^x"]


def line(rng, alphabet, longest):
    return b"".join(rng.choice(alphabet) for _ in range(rng.randrange(longest)))


def text(rng, alphabet, lines, longest, end=b"\n"):
    """Lines, of which the last may lack its end."""
    out = [line(rng, alphabet, longest) for _ in range(lines)]
    return end.join(out) + rng.choice([b"", end])


def make_files(rng, root):
    ab = [b"a", b"b"]
    words = [b"a", b"b", b"ab", b" ", b"_", b"-", b"A", b"x"]
    wild = words + [b"\0", b"\r", b"\xff", b"\xc3\xa9", b"\x80", b":"]
    contents = {
        "empty": b"",
        "newline": b"\n",
        "newlines": b"\n" * 7,
        "one": b"a",
        "nul": b"\0",
        "nuls": b"a\0\0b\nab\0",
        "ab": text(rng, ab, 60, 9),
        "words": text(rng, words, 90, 8),
        "sparse": text(rng, [b"b", b"x", b" "], 200, 6) + b"a\n" + text(rng, [b"b", b" "], 40, 5),
        "wild": text(rng, wild, 120, 9),
        "crlf": text(rng, words, 40, 6, b"\r\n"),
        "zero": text(rng, wild + [b"\n"], 60, 9, b"\0"),
        "blank": text(rng, [b"a", b" "], 80, 2),
        "log": b"".join(b"%d: %s err %s\n" % (i, rng.choice([b"ERROR", b"error", b"info"]), line(rng, words, 5))
                        for i in range(300)),
        "long": b"ab" * 50000 + b"\nx\n" + b"b " * 90000 + b"a\n\n" + b"b" * 70000,
        "longer": b"x\n" + b"b" * 1500000 + b"a_a a" + b"b" * 66000 + b"\n" + b"a\nx",
        "-dash": b"a\nb\n",
        "d/in.c": text(rng, words, 9, 5),
        "d/in.h": text(rng, words, 9, 5),
        "d/e/deep.c": text(rng, words, 9, 5),
        "d/e/.hidden": b"a\n",
        "d/e/in.c\\": b"a\n",
        "d/bin": b"a\n\0\n",
    }
    for name, data in contents.items():
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data)
    os.symlink("in.c", os.path.join(root, "d/link"))
    os.symlink("nowhere", os.path.join(root, "d/dangling"))
    os.symlink("e", os.path.join(root, "d/linked"))
    patterns = {
        "p-none": b"", "p-empty": b"\n", "p-two": b"a\nx\n", "p-open": b"ab\nba", "p-blank": b"a\n\n",
        "p-bin": b"a\0\n\xff\n", "p-cr": b"a\r\n", "p-many": b"\n".join(b"%d:" % i for i in range(56)),
    }
    with open(os.path.join(root, "globs"), "wb") as f:
        f.write(b"deep*  \n\n\tx\nin.h\n.[a-z]*")
    for name, data in patterns.items():
        with open(os.path.join(root, name), "wb") as f:
            f.write(data)
    return [n for n in contents if "/" not in n and not n.startswith("-")], list(patterns)


def wants_parts(opts):
    return "-o" in opts or any(o.startswith("--colo") for o in opts)


def options(rng):
    opts = []
    for flag, share in (("-v", .2), ("-i", .2), ("-w", .25), ("-x", .1), ("-o", .25), ("-n", .3), ("-b", .2), ("-c", .1),
                        ("-l", .04), ("-L", .04), ("-q", .03), ("-s", .05), ("-H", .1), ("-h", .07), ("-Z", .05),
                        ("-z", .1), ("--color=always", .15), ("--colour", .02), ("--color=never", .02),
                        ("--line-buffered", .03), ("--no-group-separator", .05), ("--group-separator=##", .05),
                        ("--group-separator=", .02), ("--label=in", .05), ("-rc", .01),
                        ("-T", .1), ("-U", .02), ("-u", .01), ("-y", .03), ("--no-ignore-case", .03), ("-I", .08),
                        ("--binary-files=text", .02), ("-dskip", .03), ("-dread", .02), ("-Dskip", .03), ("-Dread", .02)):
        if rng.random() < share:
            opts.append(flag)
    if rng.random() < .15:
        opts.append("-m%d" % rng.choice([0, 1, 1, 2, 3, 5, 100]))
    for letter in "ABC":
        if rng.random() < .14:
            opts.append("-%s%d" % (letter, rng.choice([0, 1, 1, 2, 3, 10, 1000])))
    if rng.random() < .03:
        opts.append("-%d" % rng.randrange(20))
    # grep takes the newline for a part of the match then.
    if "-w" in opts and "-x" in opts and wants_parts(opts):
        opts.remove("-w")
    rng.shuffle(opts)
    return opts


# What grep finds in a line, not only that it does, differs by how it went on
# after a match: a word may then begin where none does.
def pick(rng, fixed, parts, word):
    pool = WORDS + (SPECIAL if fixed else ANCHORED)
    pool = pool if rng.random() < .7 else ["a", "b", "ab", "aa", "a b", ""]
    picked = [rng.choice(pool) for _ in range(rng.choice([1, 1, 1, 1, 2, 2, 3, 6]))]
    if parts and word and len(picked) > 1:
        picked = [p if p[:1].isalnum() and p.isascii() else "ab" for p in picked]
    return picked


EMPTY = ("^", "$", "\\b", "\\B", "\\<", "\\>")


def regex(rng, extended, depth=0):
    """A regular expression, of what is special in it and of what files have."""
    bs = "" if extended else "\\"
    atoms = ["a", "b", "ab", " ", ".", "[ab]", "[^a]", "[[:alpha:]_]", "[a-]", "x", "\\w", "\\W", "\\b", "\\<", "\\>", "\\B", "^",
             "$", "ERROR", "err", "[0-9]", "\\.", "é", ":", "[[:space:]]"]
    out = []
    for _ in range(rng.choice([1, 1, 2, 2, 3, 4])):
        kind = rng.random()
        if kind < .2 and depth < 2:
            out.append(bs + "(" + regex(rng, extended, depth + 1) + bs + ")")
        else:
            out.append(rng.choice(atoms))
        # What repeats nothing at all is regexec()'s own, see regex-diff.py.
        if rng.random() < .35 and out[-1] not in EMPTY:
            out.append(rng.choice(["*", bs + "+", bs + "?", bs + "{2" + bs + "}", bs + "{1,3" + bs + "}", bs + "{0,2" + bs + "}",
                                   bs + "{2," + bs + "}"]))
        if rng.random() < .1:
            out.append(bs + "|")
    if depth == 0 and bs + "(" in out[0] and rng.random() < .3:
        out.append("\\1")
    return "".join(out)


# Where what grep -o and --color take for a match is regexec()'s own, with -w, with what
# matches nothing at all and with back-references, test_spans.py compares it.
def regexes(rng, parts, word):
    extended = rng.random() < .6
    picked = [regex(rng, extended) for _ in range(rng.choice([1, 1, 1, 2, 3]))]
    if parts or word:
        picked = [p.replace("\\1", "") for p in picked]
    if parts:
        picked = [p for p in picked if not any(e in p for e in EMPTY + ("|",))] or ["[ab]x*"]
    return (["-E"] if extended else ["-G"] if rng.random() < .2 else []) + [a for p in picked for a in ("-e", p)], []


def patterns(rng, files, parts, word):
    if rng.random() < REGEXES and not (parts and word):
        return regexes(rng, parts, word)
    fixed = rng.random() < .5
    args = ["-F"] if fixed else ["-G"] if rng.random() < .05 else []
    picked = pick(rng, fixed, parts, word)
    if rng.random() < .12 and not (parts and word):
        args += ["-f", rng.choice(files)]
        if rng.random() < .6:
            return args, []
    if len(picked) == 1 and not args[1:] and rng.random() < .6 and not picked[0].startswith("-"):
        return args, picked
    if rng.random() < .3:
        return args + ["-e", "\n".join(picked)], []
    return args + [a for p in picked for a in ("-e", p)], []


def operands(rng, files):
    kind = rng.random()
    if kind < .55:
        return [rng.choice(files)], None
    if kind < .75:
        names = [rng.choice(files) for _ in range(rng.randrange(2, 5))]
        if rng.random() < .3:
            names.insert(rng.randrange(len(names)), rng.choice(["nosuch", "d", "./-dash", "-"]))
        return names, rng.choice(files)
    return ([] if rng.random() < .6 else ["-"]), rng.choice(files)


def tree(rng):
    args = rng.choice([["-r"], ["-R"], ["-r"], ["-R", "-r"], ["-drecurse"], ["-R", "-drec"]])
    for _ in range(rng.randrange(3)):
        args.append(rng.choice(["--include=", "--exclude=", "--exclude-dir="]) +
                    rng.choice(["*.c", "*.h", "in.*", "e", "[de]", ".*", "*", "d", "*/deep.c", "d/*", "deep.c",
                                "in.c\\", "*\\", "\\i\\n.c", "e\\"]))
    if rng.random() < .2:
        args.insert(rng.randrange(len(args) + 1), "--exclude-from=globs")
    return args, [rng.choice([["d"], ["d/"], ["d", "ab"], ["d/e", "d/in.c"], ["./d"], ["d/link"], ["d/linked"]]),
                  []][rng.random() < .05]


def command(rng, files, pattern_files):
    opts = options(rng)
    parts = wants_parts(opts)
    pats, first = patterns(rng, pattern_files, parts, "-w" in opts)
    # grep takes the square of a line's length to find nothing all over it, and for what
    # is no plain pattern.
    if any(c in a for a in pats for c in "[\\*") or parts and ("-f" in pats or any(p in ("", "^") for a in pats + first for p in a.split("\n"))):
        files = [f for f in files if not f.startswith("long")]
    if rng.random() < .12:
        more, names = tree(rng)
        opts = [o for o in opts if not o.startswith(("-A", "-B", "-C", "-z")) and not o[1:].isdigit()] + more
        stdin = None
    else:
        names, stdin = operands(rng, files)
    args = opts + pats
    # A zero byte in a pattern is a newline then to grep, but not with -F.
    if "-z" in opts:
        args = ["p-two" if a == "p-bin" else a for a in args]
    if "-f" in args and rng.random() < .1:
        args[args.index("-f") + 1] = "-"
        stdin = rng.choice([p for p in pattern_files if p != "p-bin"])
    return args + ["--"] + first + names, stdin, any(o in ("-r", "-R", "-drecurse", "-drec") for o in opts)


def run(argv, stdin, piped, colors, old_colors, root):
    env = {"LC_ALL": "C", "PATH": os.environ.get("PATH", ""), "TERM": "dumb"}
    for name in ("LD_PRELOAD", "KSIFT_STANDIN_CHOP", "ASAN_OPTIONS"):
        if name in os.environ:
            env[name] = os.environ[name]
    if colors:
        env["GREP_COLORS"] = colors
    if old_colors:
        env["GREP_COLOR"] = old_colors
    path = os.path.join(root, stdin) if stdin else os.devnull
    with open(path, "rb") as f:
        data = f.read() if piped else None
        argv = [os.fsencode(a) for a in argv]
        if piped:
            done = subprocess.run(argv, input=data, capture_output=True, cwd=root, env=env, timeout=20)
        else:
            done = subprocess.run(argv, stdin=f, capture_output=True, cwd=root, env=env, timeout=20)
    return done.returncode, done.stdout, done.stderr


# In a tree files come in any order.
def settle(result, sort):
    status, out, err = result
    return status, sorted(out.splitlines(True)) if sort else out, bool(err)


# From a little before they begin to differ.
def show(data, other):
    at = len(os.path.commonprefix([data, other]))
    start = max(0, at - 40) if len(data) > 200 else 0
    return "from byte %d: %r" % (start, data[start:start + 200])


def main():
    ksift = [os.path.abspath(sys.argv[1]), "grep"] + shlex.split(os.environ.get("KSIFT_TEST_ARGS", ""))
    cases = int(sys.argv[2]) if len(sys.argv) > 2 else 1500
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 20261121
    version = subprocess.run([GREP, "--version"], capture_output=True).stdout
    if b"GNU" not in version:
        print("1..0 # SKIP grep is not GNU")
        return 0
    root = tempfile.mkdtemp()
    rng = random.Random(seed)
    files, pattern_files = make_files(rng, root)
    number, failed = 0, 0
    for first in range(0, cases, BATCH):
        bad = 0
        for _ in range(min(BATCH, cases - first)):
            args, stdin, sort = command(rng, files, pattern_files)
            piped = stdin is not None and rng.random() < .7
            colors, old = rng.choice(COLORS), rng.choice(OLD_COLORS)
            got = run(ksift + args, stdin, piped, colors, old, root)
            want = run([GREP, "-a"] + args, stdin, piped, colors, old, root)
            if settle(got, sort) == settle(want, sort):
                continue
            bad += 1
            into = " <%s" % stdin if stdin and not piped else ""
            before = "cat %s | " % stdin if piped else ""
            print("# cd %s; export LC_ALL=C GREP_COLORS='%s' GREP_COLOR='%s'; %sgrep -a %s%s" %
                  (root, colors, old, before, shlex.join(args), into))
            print("#   status %d, grep's %d" % (got[0], want[0]))
            for what, mine, theirs in (("output", got[1], want[1]), ("message", got[2], want[2])):
                if mine != theirs:
                    print("#   %s %s\n#   grep's %s" % (what, show(mine, theirs), show(theirs, mine)))
        number += 1
        print("%s %d - cases %d to %d of seed %d" % ("not ok" if bad else "ok", number, first,
                                                    min(first + BATCH, cases) - 1, seed))
        failed += bad
    print("1..%d" % number)
    if failed:
        print("# %d of %d cases differ; their files are in %s" % (failed, cases, root))
        return 1
    shutil.rmtree(root)
    return 0


if __name__ == "__main__":
    sys.exit(main())
