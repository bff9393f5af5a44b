#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Where patterns match, against GNU grep -o -b: random patterns, options and lines.

usage: test_spans.py SPANS [CASES [SEED]]

Left out is where GNU grep 3.8 contradicts itself, its two matchers being of different
minds: repeated assertions (a line is selected, and has no match), assertions within what
is repeated, \\> beside other branches, which glibc sometimes takes to hold elsewhere, and
with -w the matches after a line's first, where it looks for shorter ones in too short
a piece of the line, and those of no bytes, which it looks for or not.  With -w and -x, it
prints each line's end twice.  As TAP.
"""
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

import tap

EXTENDED, FOLD, NUL, WORDS, LINES, PERL = 1, 4, 8, 16, 32, 64
BATCH = 40
# Seconds: with back-references, both may take for ever.
PATIENCE = 1

ATOMS = ["a", "b", "c", ".", "[ab]", "[^a]", "x", " ", "_", "-", r"\w", r"\W", r"\s", r"\S", "[0-9]", "A",
         "[[:alpha:]]", "ab", "ba", "[^[:space:]]"]
BEFORE = ["^", r"\b", r"\<", r"\B"]
AFTER = ["$", r"\b", r"\B"]
ALPHABETS = ["ab", "abc ", "abAB _-", "abx", "ab01 _\t-A", "a b", "aab c"]


class Generator:
    """Patterns of one syntax, with or without back-references and assertions."""

    def __init__(self, rng, extended, assertions, backrefs):
        self.rng, self.extended, self.assertions, self.backrefs = rng, extended, assertions, backrefs
        self.closed = 0

    def bare(self, text):
        """What basic regular expressions write with a backslash."""
        return text if self.extended else "\\" + text

    def atom(self, depth):
        draw = self.rng.random()
        if self.backrefs and self.closed and draw < 0.2:
            return f"\\{self.rng.randint(1, min(self.closed, 9))}"
        if depth and draw < 0.45:
            inner = self.either(depth - 1)
            self.closed += 1
            return self.bare("(") + inner + self.bare(")")
        return self.rng.choice(ATOMS)

    def repeated(self, depth):
        atom, draw = self.atom(depth), self.rng.random()
        if draw < 0.6:
            return atom
        if draw < 0.75:
            return atom + "*"
        if draw < 0.9:
            return atom + self.bare(self.rng.choice("+?"))
        least = self.rng.randint(1, 3)
        times = self.rng.choice([f"{least}", f"{least},", f"{least},{least + self.rng.randint(0, 3)}", f",{least}"])
        return atom + self.bare("{") + times + self.bare("}")

    def sequence(self, depth):
        return "".join(self.repeated(depth) for _ in range(self.rng.choice([1, 1, 2, 2, 3, 4])))

    def either(self, depth):
        return self.bare("|").join(self.sequence(depth) for _ in range(self.rng.choice([1, 1, 1, 2, 3])))

    def pattern(self):
        self.closed = 0
        branches = []
        for _ in range(self.rng.choice([1, 1, 2])):
            branch = self.sequence(2)
            if self.assertions and self.rng.random() < 0.5:
                branch = self.rng.choice(BEFORE) + branch
            if self.assertions and self.rng.random() < 0.4:
                branch += self.rng.choice(AFTER)
            branches.append(branch)
        return self.bare("|").join(branches)


PERLS = [r"\d", r"(?=a)", r"(?<!b)", r"(?<=\W)", r"[^\W_]", r"(?:a|b)", "a*?", ".+?", "(?i:a)", r"a\K", "b++", r"\h"]


class Case:
    def __init__(self, rng, nul, perl):
        extended = perl or rng.random() < 0.6
        self.flags = PERL if perl else EXTENDED if extended else 0
        self.options = ["-P" if perl else "-E" if extended else "-G"]
        for flag, option, chance in ((FOLD, "-i", 0.3), (WORDS, "-w", 0.2), (LINES, "-x", 0.1)):
            if rng.random() < chance and not (flag == LINES and self.flags & WORDS):
                self.flags |= flag
                self.options.append(option)
        if nul:
            self.flags |= NUL
            self.options.append("-z")
        generator = Generator(rng, extended, not self.flags & WORDS, rng.random() < 0.25)
        self.patterns = [generator.pattern() for _ in range(1 if perl else rng.choice([1, 1, 1, 2, 3]))]
        if perl:
            self.patterns[0] = self.patterns[0].replace("\\<", rng.choice(PERLS)).replace("\\B", rng.choice(PERLS))
        self.backrefs = any(re.search(r"\\[1-9]", pattern) for pattern in self.patterns)

    def request(self):
        return f"{self.flags}\n".encode() + "".join(p + "\n" for p in self.patterns).encode() + b"\0"

    def command(self, path, *more):
        args = ["grep", "-a", "-b", *more, *self.options]
        for pattern in self.patterns:
            args += ["-e", pattern]
        return args + [path]


def grep(case, path, *more):
    """(offset, text) of each line or match, or None where grep has an error."""
    try:
        run = subprocess.run(case.command(path, *more), capture_output=True, check=False, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return None
    if run.returncode > 1 or run.stderr:
        return None
    end = b"\0" if case.flags & NUL else b"\n"
    found = (piece.partition(b":") for piece in run.stdout.split(end)[:-1])
    return [(int(offset), data) for offset, _, data in found]


def ask(tool, path, cases):
    """The answers of the tool to cases, as text."""
    request = b"".join(case.request() for case in cases)
    try:
        run = subprocess.run([tool, path], input=request, capture_output=True, check=False,
                             timeout=PATIENCE if len(cases) == 1 else 60)
    except subprocess.TimeoutExpired:
        return ["late"] * len(cases)
    answers = ("\n" + run.stdout.decode()).split("\n=")[1:]
    return answers if not run.returncode and len(answers) == len(cases) else [f"status {run.returncode}"] * len(cases)


def has_perl(tool, path):
    """Whether both the tool and grep have -P."""
    with open(path, "w", encoding="ascii") as file:
        file.write("a\n")
    run = subprocess.run([tool, path], input=b"%d\na\n\0" % PERL, capture_output=True, check=False)
    status = subprocess.run(["grep", "-P", "a", path], capture_output=True, check=False).returncode
    return run.stdout.startswith(b"=0\n") and not status


def firsts(spans, lines):
    """Of the spans, the first in each line."""
    starts, seen, out = [at for at, _ in lines], set(), []
    for span in spans:
        line = max(start for start in starts if start <= span[0])
        if line not in seen:
            seen.add(line)
            out.append(span)
    return out


def matches_nothing(case):
    """Whether a match of no bytes may come before a line's first that has some."""
    options = [option for option in case.options if option != "-w"]
    args = ["grep", "-q", "-x", *options]
    for pattern in case.patterns:
        args += ["-e", pattern]
    return not subprocess.run(args, input=b"\0" if case.flags & NUL else b"\n", check=False).returncode


def compare(case, path, answer):
    """What differs, or None; False where there is nothing to compare."""
    lines, spans = grep(case, path), grep(case, path, "-o")
    if lines is None or spans is None or answer == "late":
        return False
    status, *got = answer.splitlines()
    if status != "0":
        return "answer", answer
    got_lines = [int(at) for at in got if "-" not in at]
    got_spans = [tuple(int(n) for n in span.split("-")) for span in got if "-" in span]
    words = case.flags & WORDS and not case.flags & PERL
    empty_words = words and matches_nothing(case)
    if empty_words and case.backrefs:
        return False
    if got_lines != [at for at, _ in lines]:
        return "lines", sorted(set(got_lines) ^ {at for at, _ in lines})
    spans = [(at, at + len(data)) for at, data in spans]
    if empty_words:
        return None
    if words:
        spans, got_spans = firsts(spans, lines), firsts(got_spans, lines)
    if got_spans != spans:
        return "matches", sorted(set(got_spans) ^ set(spans))
    return None


def main():
    tool = sys.argv[1]
    cases = int(sys.argv[2]) if len(sys.argv) > 2 else 1200
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    os.environ["LC_ALL"] = "C"
    version = subprocess.run(["grep", "--version"], capture_output=True, text=True, check=False).stdout
    if "GNU" not in version:
        print("1..0 # SKIP grep is not GNU")
        return 0
    rng = random.Random(seed)
    root = tempfile.mkdtemp()
    path = os.path.join(root, "lines")
    perl = has_perl(tool, path)
    compared = differ = backrefs = perls = 0
    for _ in range(cases // BATCH):
        nul = rng.random() < 0.15
        alphabet = rng.choice(ALPHABETS) + ("\n" if nul else "")
        end, longest = "\0" if nul else "\n", rng.choice([6, 12, 30])
        lines = ("".join(rng.choice(alphabet) for _ in range(rng.randrange(longest))) for _ in range(40))
        with open(path, "w", encoding="ascii") as file:
            file.write(end.join(lines) + rng.choice(["", end]))
        batch = [Case(rng, nul, perl and rng.random() < 0.2) for _ in range(BATCH)]
        plain = [case for case in batch if not case.backrefs]
        answers = list(zip(plain, ask(tool, path, plain)))
        answers += [(case, ask(tool, path, [case])[0]) for case in batch if case.backrefs]
        for case, answer in answers:
            what = compare(case, path, answer)
            compared += what is not False
            backrefs += what is not False and case.backrefs
            perls += what is not False and bool(case.flags & PERL)
            if what:
                differ += 1
                kept = f"{path}.{differ}"
                shutil.copy(path, kept)
                print("#", case.command(kept, "-o"), *what)
    tap.ok(not differ, f"{compared} of {cases} cases from seed {seed} are the same to GNU grep")
    tap.ok(compared > cases * 0.8 and backrefs > cases * 0.02, f"cases were compared, {backrefs} with back-references")
    if perl:
        tap.ok(perls > cases * 0.1, f"{perls} of them are Perl's")
    elif "KSIFT_SPANS_STATIC" not in os.environ:
        tap.skip("patterns of Perl's", "the library or grep is built without libpcre2, or it is not there")
    if not differ:
        shutil.rmtree(root)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
