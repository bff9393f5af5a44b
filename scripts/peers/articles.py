# SPDX-License-Identifier: GPL-2.0-only
#
# The loops that articles about slow Python show, as a peer.
#
# usage: articles.py count PREFIX FILE | sum FILE | fib N | sumsq N
#        articles.py numpy-sum FILE | numpy-sum-memory FILE
import array
import os
import sys
import time

MASK = (1 << 64) - 1


def count(prefix, path):
    lines = 0
    with open(path, encoding="utf-8", errors="replace") as f:
        for line in f:
            if line.startswith(prefix):
                lines += 1
    return lines


def read_array(path):
    values = array.array("q")
    with open(path, "rb") as f:
        values.fromfile(f, os.path.getsize(path) // 8)
    return values


def add_up(path):
    total = 0
    for value in read_array(path):
        total += value
    return total


# Exact integers of a hundred thousand digits would be another program.
def fib(n):
    values = [0, 1]
    for i in range(2, n):
        values.append((values[i - 1] + values[i - 2]) & MASK)
    return values[:n]


def sumsq(n):
    return [i * (i - 1) * (2 * i - 1) // 6 for i in range(n)]


def main():
    what, args = sys.argv[1], sys.argv[2:]
    if what.startswith("numpy"):
        import numpy
        if what == "numpy-sum-memory":
            values = numpy.fromfile(args[0], dtype=numpy.int64)
    start = time.perf_counter()
    if what == "count":
        answer = count(*args)
    elif what == "sum":
        answer = add_up(*args)
    elif what == "fib":
        answer = fib(int(args[0]))
    elif what == "sumsq":
        answer = sumsq(int(args[0]))
    elif what == "numpy-sum":
        answer = int(numpy.fromfile(args[0], dtype=numpy.int64).sum())
    elif what == "numpy-sum-memory":
        answer = int(values.sum())
    took = time.perf_counter() - start
    if what == "fib":
        answer = sum(value ^ n for n, value in enumerate(answer)) & MASK
    elif what == "sumsq":
        answer = sum((value & MASK) ^ (value >> 64) for value in answer) & MASK
    print(answer, f"{took:.9f}")


main()
