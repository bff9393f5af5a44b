# SPDX-License-Identifier: GPL-2.0-only
"""Takes turns between a guest that has the module and the peers, and reports.

scripts/bench has built everything and started the guest; see there.
"""
import argparse
import hashlib
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time

from cases import all_cases

# What a document has around the table.
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->\n"


class Wrong(Exception):
    pass


class Evicted(Wrong):
    pass


class Guest:
    """A shell in the guest that runs what lies in a folder of the host's."""

    def __init__(self, folder, pid):
        self.folder = folder
        self.pid = pid
        self.number = 0

    def sh(self, command, timeout=120):
        self.number += 1
        request, answer = (os.path.join(self.folder, f"{w}.{self.number}") for w in ("request", "answer"))
        with open(request + ".new", "w", encoding="utf-8") as f:
            f.write(command + "\n")
        os.rename(request + ".new", request)
        give_up = time.monotonic() + timeout
        while not os.path.exists(answer):
            if time.monotonic() > give_up or not os.path.exists(f"/proc/{self.pid}"):
                raise Wrong(f"the guest does not answer: {command}")
            time.sleep(0.05)
        with open(answer, encoding="utf-8") as f:
            status, _, text = f.read().partition("\n")
        os.unlink(answer)
        os.unlink(request)
        if status != "0":
            raise Wrong(f"in the guest: {command}: status {status}: {text}")
        return text


class Runner:
    """Something that takes its turn.  run() gives (seconds, CPU seconds, KiB, answer)."""

    def __init__(self, name, run):
        self.name = name
        self.run = run
        self.turns = []

    def turn(self):
        self.turns.append(self.run())

    def report(self):
        seconds, cpu, peak = ([t[i] for t in self.turns] for i in range(3))
        return {"name": self.name, "seconds": seconds, "median": statistics.median(seconds),
                "min": min(seconds), "max": max(seconds), "cpu": statistics.median(cpu),
                "peak_kib": max(peak), "answer": [str(n) for n in self.turns[0][3]]}


def run_program(argv, own_clock=False, thrown_away=False, cwd=None):
    env = dict(os.environ, LC_ALL="C")
    with open("/dev/zero", "wb") as nowhere:
        start = time.perf_counter()
        p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, cwd=cwd, env=env,
                             stdout=nowhere if thrown_away else subprocess.PIPE)
        text = b"" if thrown_away else p.stdout.read()
        _, status, use = os.wait4(p.pid, 0)
        seconds = time.perf_counter() - start
    p.returncode = os.waitstatus_to_exitcode(status)
    if p.stdout:
        p.stdout.close()
    # A grep that finds nothing says so by its status.
    if p.returncode not in (0, 1) or (p.returncode and text not in (b"", b"0\n")):
        raise Wrong(f"{' '.join(argv)}: status {p.returncode}")
    words = text.decode().split()
    if own_clock:
        seconds = float(words.pop())
    return seconds, use.ru_utime + use.ru_stime, use.ru_maxrss, [int(w) for w in words]


def run_ksift(text):
    """What one turn of ksift bench says of itself."""
    run = json.loads(text)["runs"][0]
    return run["seconds"][0], run["cpu"], run["peak_kib"], run["answer"]


class Bench:
    def __init__(self, args, guest):
        self.args = args
        self.guest = guest
        self.ksift = args.ksift
        self.here = os.path.dirname(os.path.abspath(__file__))
        self.in_guest = None

    def path(self, data):
        return os.path.join(self.args.data, data)

    def cached(self, data):
        """Read the file here, and in the guest, on whose disk is the same."""
        with open(self.path(data), "rb") as f:
            here = hashlib.md5()
            while block := f.read(1 << 20):
                here.update(block)
        if self.guest and self.in_guest != data:
            there = self.guest.sh(f"echo 3 >/proc/sys/vm/drop_caches; md5sum </data/{data}", 300)
            if there.split()[0] != here.hexdigest():
                raise Wrong(f"{data} in the guest is not {data} here")
            self.in_guest = data

    def still_cached(self, data):
        """All of it, here and in the guest, where the module can tell."""
        path = self.path(data)
        if in_cache(path) != os.path.getsize(path):
            return False
        if not self.guest:
            return True
        said = self.guest.sh(f"ksift grep --cached -c -e '' /data/{data} 2>&1 || :")
        looked = re.search(r"([0-9.]+) of ([0-9.]+) \w+ looked at, 0 read, 0 lines cut", said)
        return bool(looked) and looked[1] == looked[2]

    def cold_in_guest(self, line):
        """On the guest's own disk, which is a file here: `dd` says what that gives."""
        drop = "echo 3 >/proc/sys/vm/drop_caches; "

        def dd():
            text = self.guest.sh(drop + "time dd if=/data/front of=/dev/null bs=1M")
            minutes, seconds = re.search(r"real\s+([0-9]+)m\s*([0-9.]+)s", text).groups()
            return int(minutes) * 60 + float(seconds), 0, 0, []
        return [Runner("kernel", lambda: run_ksift(self.guest.sh(drop + line))), Runner("dd in the guest", dd)]

    def one_turn(self, case, what, operand):
        words = [*what, "--once", "--json", "-j", str(case.jobs), operand]
        return lambda: run_ksift(subprocess.run([self.ksift, "bench", *words], check=True,
                                                capture_output=True).stdout)

    def runners(self, case):
        number = isinstance(case.data, int)
        path = str(case.data) if number else self.path(case.data)
        found = []
        if self.guest:
            words = [*case.ksift, "--engine", "kernel", "--once", "--json", "-j", str(case.jobs),
                     path if number else f"/data/{case.data}"]
            line = "ksift bench " + " ".join("'" + w + "'" for w in words)
            found += self.cold_in_guest(line) if case.cold else [
                Runner("kernel", lambda: run_ksift(self.guest.sh(line)))]
        found.append(Runner("user", self.one_turn(case, [*case.ksift, "--engine", "user"], path)))
        for name, argv in case.peers.items():
            argv = [path if w == "FILE" else w for w in argv]
            if not self.there(argv[0]) or (name in self.args.without):
                continue
            found.append(Runner(name, lambda a=argv, n=name: run_program(
                a, n in case.own_clock, bool(case.emits), self.here)))
        if not number and not case.cold:
            found.append(Runner("memory", self.one_turn(case, ["--case", "memory"], path)))
        return found

    @staticmethod
    def there(program):
        return any(os.access(os.path.join(d, program), os.X_OK)
                   for d in os.environ["PATH"].split(os.pathsep))

    def check(self, case, runners):
        """Before anything is timed, all say the same."""
        want = None
        for r in runners:
            if r.name in ("memory", "dd in the guest"):
                continue
            answer = r.run()[3]
            if case.emits and r.name in case.emits:
                argv = [self.path(case.data) if w == "FILE" else w for w in case.emits[r.name]]
                answer = run_program(argv)[3]
            size = len(answer or [0])
            answer = answer or [0]
            if want is None:
                want = answer
            if answer[:size] != want[:size]:
                raise Wrong(f"{case.name}: {r.name} finds {answer}, {runners[0].name} {want}")

    def measure(self, case):
        if not isinstance(case.data, int):
            self.cached(case.data)
        runners = self.runners(case)
        self.check(case, runners)
        for _ in range(self.args.rounds):
            for r in runners:
                if case.cold:
                    drop(self.path(case.data))
                r.turn()
        size = case.data if isinstance(case.data, int) else os.path.getsize(self.path(case.data))
        bytes_ = not isinstance(case.data, int)
        if case.cold:
            self.in_guest = None
        elif bytes_ and not self.still_cached(case.data):
            self.in_guest = None
            raise Evicted(f"{case.data} did not stay in the page cache")
        return judge({"case": case.name, "size": size, "unit": "bytes" if bytes_ else "numbers",
                      "threads": case.jobs, "cold": case.cold,
                      "runs": [r.report() for r in runners]}, case)


def in_cache(path):
    out = subprocess.run(["fincore", "-nrbo", "RES", path], check=True, capture_output=True, text=True).stdout
    return min(int(out), os.path.getsize(path))


def drop(path):
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(fd)
    if in_cache(path):
        raise Wrong(f"{path} stays in the page cache")


def best_of_ours(row, runs):
    """When it is cold, the guest's disk is another than the peers'."""
    return runs["user"] if row["cold"] else runs.get("kernel") or runs["user"]


def judge(row, case):
    """What is to be reached: ksift's median against a peer's fastest run."""
    by_name = {r["name"]: r for r in row["runs"]}
    ours = best_of_ours(row, by_name)
    row["reach"] = []
    for peer, wanted in case.reach.items():
        if peer in by_name:
            got = by_name[peer]["min"] / ours["median"]
            row["reach"].append({"what": f"x {peer}", "wanted": wanted, "got": got, "reached": got >= wanted})
    if "memory" in by_name:
        row["of_memory"] = by_name["memory"]["median"] / ours["median"]
        if case.limit:
            row["reach"].append({"what": "of memory", "wanted": case.limit, "got": row["of_memory"],
                                 "reached": row["of_memory"] >= case.limit})
    return row


def rate(row, run):
    return row["size"] / run["median"] / (1e9 if row["unit"] == "bytes" else 1e6)


def markdown(result):
    lines = ["| | kernel | user engine | peers | of memory | wanted |", "|---|---|---|---|---|---|"]
    for row in result["rows"]:
        runs = {r["name"]: r for r in row["runs"]}
        ours = best_of_ours(row, runs)

        def shown(name):
            if name not in runs:
                return "-"
            return f"{rate(row, runs[name]):.3g}"
        peers = ", ".join(f"{n} {rate(row, r):.3g} ({r['min'] / ours['median']:.1f}x)"
                          for n, r in runs.items() if n not in ("kernel", "user", "memory", "dd in the guest"))
        reach = ", ".join(f"{'' if t['reached'] else '**not** '}{t['wanted']:g} {t['what']}" for t in row["reach"])
        share = f"{row['of_memory'] * 100:.0f}%" if "of_memory" in row and not row["cold"] else ""
        kernel = shown("kernel")
        if "dd in the guest" in runs:
            kernel += f" (dd there: {shown('dd in the guest')})"
        lines.append(f"| {row['case']} | {kernel} | {shown('user')} | {peers} | {share} | {reach} |")
    about = result["about"]
    return "\n".join([
        f"GB/s, or millions of numbers a second; in brackets how many times as fast ksift is (its median; the peer's "
        f"fastest run of {about['rounds']}). {about['cpu']}, {about['size'] / 1e6:.0f} MB in the page cache, one thread "
        f"unless it says otherwise. Widest spread of ksift's runs: {about['spread']:.0f}%.", "",
        *lines, "",
        "The kernel side is User Mode Linux: no mitigations, and beginning to use SIMD costs nothing there; the file is on ext4, "
        "in large folios (of which UML has none without a patch). On your own machine: `ksift bench FILE`.", ""])


def put_markdown(path, text):
    """Between the two lines, if the file has them; else it is all of the file."""
    old = ""
    if os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            old = f.read()
    if BEGIN in old and END in old:
        text = old[:old.index(BEGIN)] + BEGIN + text + old[old.index(END):]
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def chart(result, path):
    """Bars, by gnuplot."""
    rows = [r for r in result["rows"] if r["unit"] == "bytes" and not r["cold"]]
    names = ["kernel", "user", "rg", "grep", "ugrep", "memory"]
    data = []
    for row in rows:
        runs = {r["name"]: r for r in row["runs"]}
        data.append('"' + row["case"] + '" ' + " ".join(
            f"{rate(row, runs[n]):.4f}" if n in runs else "0" for n in names))
    plot = ", ".join(f"$d using {i + 2}:xtic(1) title '{n}'" for i, n in enumerate(names))
    script = f"""set terminal svg size 1200,500 noenhanced
set output '{path}'
set style data histogram
set style fill solid 0.8 border -1
set ylabel 'GB/s'
set xtics rotate by -35
set key outside
set bmargin 9
set rmargin 14
$d << END
{chr(10).join(data)}
END
plot {plot}
"""
    subprocess.run(["gnuplot"], input=script.encode(), check=True)


def cpu_name():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        for line in f:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def say(row):
    runs = {r["name"]: r for r in row["runs"]}
    unit = "GB/s" if row["unit"] == "bytes" else "M/s"
    print(f"{row['case']}: " + "  ".join(
        f"{n} {rate(row, r):.3g} (+-{(r['max'] - r['min']) / r['median'] * 50:.0f}%)" for n, r in runs.items()), unit)
    for t in row["reach"]:
        print(f"    {'reached' if t['reached'] else 'NOT reached'}: {t['got']:.2f} {t['what']}, wanted {t['wanted']:g}")
    sys.stdout.flush()


def main():
    p = argparse.ArgumentParser(prog="scripts/bench")
    p.add_argument("--ksift", required=True)
    p.add_argument("--peers", required=True)
    p.add_argument("--data", required=True)
    p.add_argument("--share")
    p.add_argument("--guest", type=int)
    p.add_argument("--rounds", type=int, required=True)
    p.add_argument("--numbers", type=int, required=True)
    p.add_argument("--without", default="")
    p.add_argument("--only", default="")
    p.add_argument("--json")
    p.add_argument("--markdown")
    p.add_argument("--chart")
    args = p.parse_args()
    args.without = args.without.split(",")
    words = subprocess.run([f"{args.peers}/generate", "words"], check=True, capture_output=True,
                           text=True).stdout.split()
    bench = Bench(args, Guest(args.share, args.guest) if args.guest else None)
    cases = [c for c in all_cases(words, args.peers, args.numbers) if args.only in c.name]
    if not cases:
        raise Wrong(f"no case is called '{args.only}'")
    # The guest's two processors have to be two of the machine's.
    busy = os.getloadavg()[0]
    if busy > 1:
        print(f"bench: the machine is busy (load {busy:.1f}): figures will be too low, and vary", file=sys.stderr)
    rows = []
    for case in cases:
        try:
            rows.append(bench.measure(case))
        except Evicted as why:
            # Somebody else dropped caches: once is an accident.
            print(f"bench: {why}: again", file=sys.stderr)
            rows.append(bench.measure(case))
        say(rows[-1])
    ours = [r for row in rows for r in row["runs"] if r["name"] == ("kernel" if args.guest else "user")]
    result = {"about": {"cpu": cpu_name(), "rounds": args.rounds, "size": max(
        [r["size"] for r in rows if r["unit"] == "bytes"], default=0),
        "load": busy, "spread": max(((r["max"] - r["min"]) / r["median"] * 100 for r in ours), default=0)}, "rows": rows}
    if args.json:
        with open(args.json, "w", encoding="utf-8") as f:
            json.dump(result, f, indent=1)
    if args.markdown:
        put_markdown(args.markdown, markdown(result))
    if args.chart:
        chart(result, args.chart)
    wanted = [t for row in rows for t in row["reach"]]
    print(f"{sum(t['reached'] for t in wanted)} of {len(wanted)} figures reached")


try:
    main()
except Wrong as why:
    sys.exit(f"bench: {why}")
