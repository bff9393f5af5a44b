#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The compiler of regular expressions against GNU grep: random patterns over two files.

usage: regex-diff.py REGEX [SEED]

REGEX is the program of regex.c.  An exact program has to select grep's lines, a wider
one at least these; what grep says of a pattern that is wrong, or odd, has to be said,
too, and no line that grep selects may be without a hint.  Each case that differs is
printed.  KSIFT_REGEX_SECONDS (default 20) is how long it takes.  As TAP.
"""
import os
import random
import re
import subprocess
import sys
import tempfile
import time

GREP = "/usr/bin/grep" if os.access("/usr/bin/grep", os.X_OK) else "grep"
ENV = {"LC_ALL": "C", "PATH": os.environ.get("PATH", "")}
EXTENDED, LITERAL, FOLD, NUL_LINES, WORDS, LINES = 1, 2, 4, 8, 16, 32
NO_HINTS, NO_SKIP = 1, 2
EXACT, WIDER, PROCESS = 0, 1, 2
BATCH = 250


def make_lines(rng, end):
    """Short ones of few bytes, so that patterns match, and some like a log's."""
    lines = [b"", b"a", b"b", b"A", b" ", b"_", b"ab", b"ba", b"aa", b"a b", b"a\xff", b"\0", b"a\0b", b"^", b"$", b"*", b"^*",
             b"a*", b"+", b"{1}", b"a{1}", b"{2,1}", b"a{", b"{,", b")", b"(", b"a)", b"(a)", b"a|b", b"\\", b"[", b"]", b"-",
             b"a-b", b"[a]", b":", b"}", b"$*", b"1", b"a1", b".", b"?"]
    alphabets = [b"ab", b"ab_ ", b"ab ", b"aab_ \x80A", b"abAB-.", b"abc", b"a", b"ab\0\r\t", b"01ab:]"]
    for _ in range(260):
        alphabet = rng.choice(alphabets)
        lines.append(bytes(rng.choice(alphabet) for _ in range(rng.choice([1, 2, 3, 4, 5, 7, 9, 14, 30]))))
    for _ in range(60):
        lines.append(b"2026-11-%02dT12:%02d:%02d.%03dZ host svc[%d]: %s %s %d.%d.%d.%d" % (
            rng.randrange(1, 30), rng.randrange(60), rng.randrange(60), rng.randrange(1000), rng.randrange(9999),
            rng.choice([b"ERROR", b"WARN", b"info", b"error"]), rng.choice([b"timeout", b"retry a=b", b"closed", b"ab ba"]),
            rng.randrange(256), rng.randrange(256), rng.randrange(256), rng.randrange(256)))
    lines.append(b"a" * 300)
    lines.append(b"ab" * 150 + b" b")
    if end == b"\0":
        lines = [line.replace(b"\0", b"\n") for line in lines]
    else:
        lines = [line.replace(b"\n", b"\0") for line in lines]
    return lines


class Patterns:
    """Random basic or extended regular expressions."""

    def __init__(self, rng, extended):
        self.rng = rng
        self.extended = extended
        self.escape = b"" if extended else b"\\"
        self.groups = 0

    def char(self):
        r = self.rng.random()
        if r < .75:
            return self.rng.choice([b"a", b"b", b"a", b"b", b"_", b" ", b"A", b"1"])
        return self.rng.choice([b"c", b"-", b":", b"]", b"}", b",", b"\xff", b"\x80", b"E", b"\\.", b"\\*", b"\\[", b"\\^", b"\\$",
                                b"\\\\", b"^", b"$", b"*", b"0", b"2", b"B", b"=", b"\\/", b"\\-", b"\\]", b"."])

    def bracket(self):
        r = self.rng.random()
        if r < .4:
            return self.rng.choice([b"[ab]", b"[^a]", b"[a-c]", b"[^ab]", b"[A-Z]", b"[0-9]", b"[a_]", b"[^ ]"])
        parts = [self.rng.choice([b"a", b"b", b"a-b", b"[:alpha:]", b"[:digit:]", b"[:space:]", b"[:upper:]", b"[:lower:]",
                                  b"[:punct:]", b"[:alnum:]", b"[:xdigit:]", b"[:cntrl:]", b"[:print:]", b"[:graph:]", b"[:blank:]",
                                  b"0-9", b"_", b" ", b"A-B", b"\\", b"^", b"$", b".", b"*", b"[", b"\xff", b"\x80-\xff", b"!-/",
                                  b"[=a=]", b"[.-.]", b"[.a.]-[.b.]", b"a-z", b"[:", b":", b"B-a", b"Z-b"])
                 for _ in range(self.rng.choice([1, 1, 2, 2, 3]))]
        start = self.rng.choice([b"", b"", b"", b"^", b"]", b"^]", b"-"])
        return b"[" + start + b"".join(parts) + self.rng.choice([b"]", b"]", b"]", b"]", b"-]", b"]]"])

    def one(self):
        r = self.rng.random()
        if r < .62:
            return self.char()
        if r < .74:
            return b"."
        if r < .84:
            return self.rng.choice([b"\\w", b"\\W", b"\\s", b"\\S"])
        return self.bracket()

    def assertion(self):
        return self.rng.choice([b"^", b"$", b"^", b"$", b"\\<", b"\\>", b"\\b", b"\\B", b"\\`", b"\\'"])

    def group(self, inside):
        self.groups += 1
        return self.escape + b"(" + inside + self.escape + b")"

    def atom(self, depth):
        r = self.rng.random()
        if depth <= 0 or r < .45:
            return self.one()
        if r < .55:
            return self.assertion()
        if r < .57 and self.groups:
            return b"\\%d" % self.rng.randrange(1, min(9, self.groups) + 1)
        if r < .78:
            return self.group(self.sequence(depth - 1))
        return self.group(self.alternatives(depth - 1))

    def interval(self):
        rng = self.rng
        n = rng.choice([0, 0, 1, 1, 2, 3, 4, 5, 9])
        inside = rng.choice([b"%d" % n, b"%d,%d" % (n, n + rng.choice([0, 1, 2, 5])), b"%d," % n, b",%d" % n, b"%d,%d" % (n, n + 1)])
        if rng.random() < .03:
            inside = rng.choice([b"", b",", b"x", b"2,1", b"1,2,3", b"1x", b" 1", b"\\,2", b"1\\", b"64", b"65,130", b"0,255",
                                 b"40,70", b"32768"])
        end = self.escape + b"}" if rng.random() < .99 else b""
        return self.escape + b"{" + inside + end

    def repeated(self, depth):
        rng = self.rng
        atom = self.atom(depth)
        out = atom
        while rng.random() < .34:
            r = rng.random()
            if r < .38:
                out += b"*"
            elif r < .55:
                out += self.escape + b"+"
            elif r < .7:
                out += self.escape + b"?"
            else:
                out += self.interval()
        return out

    def sequence(self, depth):
        return b"".join(self.repeated(depth) for _ in range(self.rng.choice([0, 1, 1, 2, 2, 3, 4])))

    def alternatives(self, depth):
        return (self.escape + b"|").join(self.sequence(depth) for _ in range(self.rng.choice([2, 2, 3])))

    def pattern(self):
        rng = self.rng
        r = rng.random()
        if r < .04:
            # Whatever comes.
            parts = [b"a", b"b", b"\\", b"(", b")", b"\\(", b"\\)", b"{", b"}", b"\\{", b"\\}", b"1", b",", b"[", b"]", b"^", b"$",
                     b"*", b"+", b"?", b"\\+", b"\\?", b"|", b"\\|", b".", b"\\1", b"\\<", b"\\b", b"[:", b":]", b"-", b"{1}", b"{2,1}",
                     b"\\{1\\}", b"\\{2,1\\}", b"[:a:]", b"\\`", b"{,2}"]
            return b"".join(rng.choice(parts) for _ in range(rng.choice([1, 2, 3, 4, 5, 7])))
        if r < .08:
            words = [b"ERROR", b"WARN", b"timeout", b"retry", b"svc", b"host", b"2026", b"closed", b"a", b"b", b"ab", b"info", b"err"]
            picked = [rng.choice(words) for _ in range(rng.choice([1, 2, 3, 5]))]
            joint = rng.choice([b".*", b"[^a]*", b".{0,9}" if self.extended else b".\\{0,9\\}", b" ", b" *", self.escape + b"|", b"\\W"])
            return joint.join(picked)
        depth = rng.choice([0, 1, 1, 2, 2, 3])
        out = self.sequence(depth) if r < .8 else self.alternatives(depth)
        if rng.random() < .15:
            out = b"^" + out
        if rng.random() < .15:
            out += b"$"
        return out


def ask_grep(args, pattern, name, end, count, more=()):
    try:
        done = subprocess.run([GREP, "-an"] + args + ["-e", pattern] + list(more) + [name], stdin=subprocess.DEVNULL,
                              capture_output=True, env=ENV, timeout=3)
    except subprocess.TimeoutExpired:
        return None
    messages = [re.sub(r"^[^:]*grep: ", "", m) for m in done.stderr.decode("latin-1").splitlines()]
    # It gives up.
    if any(m in ("stack overflow", "memory exhausted", "program error") for m in messages):
        return None
    lines = set()
    for out in done.stdout.split(end):
        number = re.match(rb"(\d+):", out)
        if number:
            lines.add(int(number[1]))
    if done.returncode < 2 and done.returncode == bool(lines):
        messages.append("status %d with %d lines" % (done.returncode, len(lines)))
    if "-v" in args and done.returncode < 2:
        lines = set(range(1, count + 1)) - lines
    return done.returncode, messages, lines


class Regex:
    """The program that answers about patterns."""

    def __init__(self, path, names):
        self.child = subprocess.Popen([path, "serve"] + names, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, flags, lower, patterns):
        self.child.stdin.write(b"%d %d %s\n" % (flags, lower, b",".join(p.hex().encode() for p in patterns)))
        self.child.stdin.flush()
        fields = self.child.stdout.readline().decode("latin-1").rstrip("\n").split("\t")
        messages = [f.split("|")[1:] for f in fields[:len(patterns)]]
        wrong = any(f.startswith("E") for f in fields[:len(patterns)])
        rest = fields[len(patterns):]
        if wrong:
            return messages, None, None, None, None
        if len(rest) != len(patterns) + 2:
            return messages, "\t".join(rest), None, None, None
        numbers = [[int(x) for x in f.split()[1:]] for f in rest[1:]]
        answers = [int(f.split()[0]) for f in rest[1:-1]]
        return messages, None, answers, [set(n) for n in numbers[:-1]], set(numbers[-1])


def options(rng):
    args, flags = [], 0
    for arg, flag, share in (("-i", FOLD, .2), ("-z", NUL_LINES, .12), ("-w", WORDS, .15), ("-x", LINES, .12)):
        if rng.random() < share:
            args.append(arg)
            flags |= flag
    if rng.random() < .1:
        args.append("-v")
    if rng.random() < .04:
        return args + ["-F"], flags | LITERAL
    if rng.random() < .5:
        return args + ["-E"], flags | EXTENDED
    return args + ["-G"], flags


def compare(want, messages, broken, answer, got, unhinted):
    """What is wrong, or None."""
    status, said, lines = want
    if messages != said:
        return "says %r, grep %r" % (messages, said)
    if broken:
        return broken
    if status == 2:
        return None if answer is None else "grep fails"
    if answer is None:
        return "fails"
    if lines - got:
        return "misses %r" % sorted(lines - got)[:5]
    if answer == EXACT and got - lines:
        return "selects %r" % sorted(got - lines)[:5]
    if lines & unhinted:
        return "no hint in %r" % sorted(lines & unhinted)[:5]
    return None


def main():
    seconds = float(os.environ.get("KSIFT_REGEX_SECONDS", "20"))
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(1 << 32)
    version = subprocess.run([GREP, "--version"], capture_output=True).stdout
    if b"GNU grep) 3.8" not in version:
        print("1..0 # SKIP grep is not GNU grep 3.8, whose words these are")
        return 0
    rng = random.Random(seed)
    print("# seed %d, %g s" % (seed, seconds))
    ends = [b"\n", b"\0"]
    with tempfile.TemporaryDirectory() as root:
        names, texts = [], []
        for end in ends:
            texts.append(make_lines(rng, end))
            names.append(os.path.join(root, "lines%d" % len(names)))
            with open(names[-1], "wb") as f:
                f.write(b"".join(line + end for line in texts[-1]))
        regex = Regex(sys.argv[1], names)
        until = time.monotonic() + seconds
        number = failed = cases = skipped = 0
        counts = [0, 0, 0]
        false = 0
        while time.monotonic() < until or not number:
            bad = 0
            for _ in range(BATCH):
                args, flags = options(rng)
                pick = Patterns(rng, flags & EXTENDED)
                patterns = [pick.pattern() for _ in range(rng.choice([1, 1, 1, 1, 1, 1, 1, 2, 3]))]
                # Each has its groups.
                if len(patterns) > 1:
                    patterns = [Patterns(rng, flags & EXTENDED).pattern() for _ in patterns]
                lower = rng.choice([0, 0, 0, NO_HINTS, NO_SKIP])
                z = 1 if flags & NUL_LINES else 0
                wants = [ask_grep(args, p, names[z], ends[z], len(texts[z])) for p in patterns]
                messages, broken, answers, got, unhinted = regex.ask(flags, lower, patterns)
                if answers is None and not broken:
                    # One is wrong, and so there is no program: each by itself.
                    if len(patterns) > 1:
                        patterns, wants = patterns[:1], wants[:1]
                        messages, broken, answers, got, unhinted = regex.ask(flags, lower, patterns)
                for i, pattern in enumerate(patterns):
                    if wants[i] is None:
                        skipped += 1
                        continue
                    cases += 1
                    answer = answers[i] if answers else None
                    if answer is not None:
                        counts[answer] += 1
                        false += len(got[i] - wants[i][2])
                    select = got[i] if got else None
                    hintless = unhinted if len(patterns) == 1 else set()
                    why = compare(wants[i], messages[i], broken, answer, select, hintless)
                    if why and "-F" not in args:
                        # Of ^a$b$ (-E), and of a$b with -x, grep makes the string ab, but not
                        # where there is another pattern: ask it with one that matches nothing.
                        other = ask_grep(args, pattern, names[z], ends[z], len(texts[z]), ["-e", "x\\`x"])
                        if other and not compare(other, messages[i], broken, answer, select, hintless):
                            skipped += 1
                            continue
                    if why:
                        bad += 1
                        print("# grep %s -e %r%s: %s" % (" ".join(args), pattern, " with others" if len(patterns) > 1 else "", why))
                        line = re.match(r"(misses|selects) \[(\d+)", why)
                        if line:
                            print("#   %r" % texts[z][int(line[2]) - 1])
            number += 1
            print("%s %d - cases to %d of seed %d" % ("not ok" if bad else "ok", number, cases, seed), flush=True)
            failed += bad
        regex.child.stdin.close()
        status = regex.child.wait()
        number += 1
        print("%s %d - the program ends with status 0" % ("not ok" if status else "ok", number))
    print("# %d cases: %d exact, %d wider, %d for the process, %d lines too many; %d beyond grep; %d differ" %
          (cases, counts[0], counts[1], counts[2], false, skipped, failed))
    print("1..%d" % number)
    return 1 if failed or status else 0


if __name__ == "__main__":
    sys.exit(main())
