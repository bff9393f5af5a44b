#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""ksift entries, as TAP, against the same done the dumb way.  KSIFT names the
client."""

import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time

import tap
from tap import ok

KSIFT = os.environ['KSIFT']
SEED = 20261121
ROUNDS = 120
ENTRY_MAX = 2 << 20


def run(*args, stdin=b'', command='entries'):
    given = {'stdin': subprocess.DEVNULL} if stdin is None else {'input': stdin}
    done = subprocess.run([KSIFT, command, *args], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, **given)
    return done.returncode, done.stdout, done.stderr


def join(*args, **how):
    return run('--join', *args, **how)


def write(name, content):
    with open(name, 'wb') as f:
        f.write(content)


def entries(content):
    """[(offset, number of the first line, text)]"""
    found = []
    at = 0
    for n, line in enumerate(re.findall(rb'[^\n]*\n|[^\n]+$', content)):
        if found and re.match(rb'[ \t]|Caused by|at |\.\.\. \d{1,23} more', line):
            found[-1][2] += line
        else:
            found.append([at, n, line])
        at += len(line)
    return found


def selects(text, groups, exclude, fold, invert):
    """Of every group one pattern is in some line, and no other is in any."""
    def has(pattern):
        return any((line.startswith(pattern[1:]) if pattern[:1] == b'^' else pattern in line)
                   for line in text.split(b'\n'))
    if fold:
        text = text.lower()
        groups = [[p.lower() for p in g] for g in groups]
        exclude = [p.lower() for p in exclude]
    return (all(any(has(p) for p in g) for g in groups) and
            not any(has(p) for p in exclude)) != invert


def expect(content, want, begin=0, end=None):
    """What -n and -b print of the entries that begin in a range and are wanted."""
    out = b''
    first = content[:begin].count(b'\n') + (begin > 0 and content[begin - 1:begin] != b'\n')
    for at, n, text in entries(content):
        if at >= begin and (end is None or at < end) and want(text):
            out += b'%d:%d:' % (n + 1 - first, at) + text + (b'' if text[-1:] == b'\n' else b'\n')
    return out


TRACE = b"""2026-11-21 INFO start
2026-11-21 ERROR failed: IOException
\tat a.b.C(C.java:1)
\tat a.b.D(D.java:2)
Caused by: NullPointerException
\tat x.y.Z(Z.java:3)
\t... 12 more
2026-11-21 WARN odd
  and more of it

2026-11-21 ERROR other
at E.f
... 3 more
... and more
... 44444444444444444444444444444444444 more
attention
last"""


ERROR = TRACE[22:TRACE.index(b'2026-11-21 WARN')]


def test_levels():
    for text, note in ((b'ERROR a\nWARN c\n', b''), (b'a\n ERROR b\nc', b''),
                       (b'a\n' * 300000 + b'ERROR b\n' + b'a\n' * 300000, b''), (b'', b''),
                       (b'a\n b\nc', b'ksift: 0 of 3 lines carry a level\n')):
        write('levels', text)
        for option in ([], ['-e', '']):
            args = ('--level', 'alert', *option)
            command = 'entries' if option else 'filter'
            got = (join(*args, stdin=text, command=command),
                   join(*args, 'levels', command=command))
            ok(got == ((1, b'', note),) * 2, f'whether lines carry a level, {option}', text[:20], got)


def test_places():
    text = b'ERR x\n at ^Y\nCaused by ERR\nCaused by me\n\nERR\n'
    write('places', text)
    for args, want in ((['^Caused'], [13, 27]), (['-i', '^cAUSED'], [13, 27]),
                       (['^ERR'], [0]), (['-F', '^Y'], [10]),
                       (['^Caused', '--and', 'ERR'], [0, 13, 23, 27]),
                       (['^ERR', '-e', '^Caused'], [0, 13, 27])):
        args = args if '-e' not in args else ['-e', *args]
        line = json.loads(join('--json', '-m1', *args, 'places')[1].splitlines()[1])
        got = [s['start'] for s in line['data']['submatches']]
        ok(got == want, f'--json: places of {args}', got)
        out = join('--color=always', '-m1', *args, 'places')[1]
        got = [len(re.sub(rb'\x1b\[[0-9;]*[mK]', b'', out[:m.start()]))
               for m in re.finditer(rb'\x1b\[01;31m', out)]
        ok(got == want, f'--color: places of {args}', got, out)


def test_fixed():
    write('t', TRACE)
    status, out, err = join('NullPointer', 't')
    ok((status, out, err) == (0, ERROR, b''), 'a trace is found by its cause', out)
    ok(out.startswith(b'2026-11-21 ERROR failed') and out.endswith(b'more\n'), 'as a whole')
    ok(join('-c', '', 't')[1] == b'9\n', '-c counts entries', join('-c', '', 't'))
    ok(run('-c', '', 't')[1] == b'17\n', 'without --join a line is one')
    ok(run('ERROR', 't') == run('ERROR', 't', command='grep'), 'which is grep')
    ok(join('-c', 'ERROR', '--and', 'Caused', 't')[1] == b'1\n', '--and is in any line of it')
    ok(join('-c', 'ERROR', '--not', 'Caused', 't')[1] == b'1\n', '--not is in no line of it')
    ok(join('-c', '-v', 'at ', 't')[1] == b'7\n', '-v', join('-c', '-v', 'at ', 't'))
    ok(join('-c', '^at E', 't')[1] == b'1\n', "'^' is in front of any line")
    ok(join('-l', 'Null', 't')[1] == b't\n' and join('-L', 'Null', 't')[1] == b'', '-l and -L')
    ok(join('-q', 'Null', 't') == (0, b'', b'') and join('-q', 'zz', 't')[0] == 1, '-q')
    ok(join('-m1', 'ERROR', 't')[1] == ERROR, '-m')
    test_places()
    test_levels()
    ok(join('', stdin=TRACE)[1] == TRACE + b'\n', 'standard input')
    ok(join('a', 'nosuch')[0] == 2 and join('a', '.')[0] == 2, 'files that cannot be read')
    ok(join('', '/dev/null') == (1, b'', b''), 'nothing')
    status, out, _ = join('--json', 'Null', 't')
    match = [m['data'] for m in map(json.loads, out.splitlines()) if m['type'] == 'match']
    ok(status == 0 and len(match) == 1 and match[0]['lines'] == {'text': ERROR.decode()} and
       (match[0]['line_number'], match[0]['absolute_offset']) == (2, 22) and
       match[0]['level'] == 'err' and match[0]['pattern'] == {'index': 0, 'text': 'Null'},
       '--json', out)
    ok(join('--records', '-e', 'zz', '-e', 'odd', 't')[1] ==
       b'{"path":{"text":"t"},"offset":164,"len":36,"line":8,"level":"warning","pattern":1,"msg":16}\n',
       '--records', join('--records', '-e', 'zz', '-e', 'odd', 't'))
    err = join('--stats', '-c', 'zz', 't')[2]
    ok(b' bytes=%d lines=17 selected=0 end=%d complete=yes ' % (len(TRACE), len(TRACE)) in err,
       '--stats', err)
    got = join('--level', 'warning', 't', command='filter')
    ok(got[1] == TRACE[22:TRACE.index(b'... and')].replace(b'\n\n', b'\n'),
       '--level is that of the first line', got)
    ok(join('-c', '--level', 'err', '-e', 'Null', 't')[1] == b'1\n', '--level and a pattern')
    ok(join('-c', '--level', 'err', '-v', '-e', 'Null', 't')[1] == b'1\n', '--level and -v')
    got = join('-c', '--level', '=info,none', 't', command='filter')
    ok(got[1] == b'6\n', '--level of some', got)
    write('u', b'INFO x\n\tERROR in the trace\nERROR y\n\tINFO z\n')
    ok(join('--level', 'err', 'u', command='filter') == (0, b'ERROR y\n\tINFO z\n', b''),
       '--level is not that of other lines')
    status, out, err = join('--level', 'err', 'u', stdin=None)
    ok((status, out) == (2, b'') and err.startswith(b"ksift: entries: 'u' was taken for the PATTERN, "),
       'the first word is the pattern', status, out, err)
    ok(join('ERROR', '--level', 'err', 'u') == (0, b'ERROR y\n\tINFO z\n', b''), 'so it is with --level')
    for option in ('-w', '-x', '-o', '-z', '-I', '-A1', '-B1', '-C1', '--count-each', '--checkpoint=c'):
        status, out, err = join(option, 'a', 't')
        ok(status == 2 and not out and err.startswith(b'ksift: entries: --join '),
           f'not with {option}', err)


def test_ranges():
    """Every cut of a file gives together what the whole gives."""
    write('t', TRACE)
    whole = join('-b', 'a', 't')[1]
    ok(whole == b''.join(b'%d:' % at + text for at, _, text in entries(TRACE + b'\n')
                         if b'a' in text), 'the whole', whole)
    size = len(TRACE)
    lines = run('-b', 'a', 't', command='grep')[1]
    bad = []
    for cut in range(size + 2):
        parts = [run('-b', '--to', str(cut), 'a', 't', command='grep'),
                 run('-b', '--from', str(cut), 'a', 't', command='grep')]
        if b''.join(p[1] for p in parts) != lines:
            bad.append((cut, parts))
    ok(not bad, 'every cut, by lines', *bad[:2])
    bad = []
    for cut in range(size + 2):
        parts = [join('-b', '--to', str(cut), 'a', 't'), join('-b', '--from', str(cut), 'a', 't')]
        if b''.join(p[1] for p in parts) != whole:
            bad.append((cut, parts))
    ok(not bad, 'every cut', *bad[:2])
    bad = []
    rng = random.Random(SEED)
    for _ in range(300):
        a, b = sorted((rng.randrange(size + 2), rng.randrange(size + 2)))
        parts = [join('-bn', '--from', str(x), '--to', str(y), 'a', 't')[1]
                 for x, y in ((0, a), (a, b), (b, size + 2))]
        want = [expect(TRACE, lambda t: b'a' in t, x, y)
                for x, y in ((0, a), (a, b), (b, size + 2))]
        if [re.sub(rb'(?m)^(\d+):(\d+):', rb'\2:\1:', p) for p in parts] != \
                [re.sub(rb'(?m)^(\d+):(\d+):', rb'\2:\1:', p) for p in want]:
            bad.append((a, b, parts, want))
    ok(not bad, f'many pairs of cuts, seed {SEED}', *bad[:2])
    ok(join('--from', '1', 'a', stdin=TRACE) ==
       (2, b'', b'ksift: (standard input): from, to: only a regular file has ranges\n'),
       'no range of a pipe')
    write('nothing', b'')
    for option in ('--from', '--to'):
        ok(join(option, '5', 'a', 'nothing') == (1, b'', b''), f'{option} of an empty file')
    for args, why in ((['--from', '5', '--to', '4'], b'--from is above --to'),
                      (['--from', 'x'], b"--from: 'x' is not a number of bytes"),
                      (['--to', '-1'], b"--to: '-1' is not a number of bytes"),
                      (['--to', '9', '--checkpoint', 'c'],
                       b'--checkpoint says where to begin: it takes no --from and --to')):
        ok(run(*args, 'a', 't') == (2, b'', b'ksift: entries: ' + why + b'\n'),
           f'not {" ".join(args)}', run(*args, 'a', 't'))


def random_content(rng):
    pieces = [b'ab', b'b', b'A', b'x', b' ', b'\t', b'at ', b'Caused by', b'... 3 more', b'...',
              b'Caused', b'\0', b'\xff', b'']
    lines = [b''.join(rng.choice(pieces) for _ in range(rng.randrange(5)))
             for _ in range(rng.randrange(40))]
    return b'\n'.join(lines) + rng.choice([b'', b'\n'])


def test_random():
    rng = random.Random(SEED)
    words = [b'ab', b'b', b'A', b'bb', b'^ab', b'^at', b'x', b'^']
    for i in range(ROUNDS):
        content = random_content(rng)
        write('r', content)
        groups = [[rng.choice(words) for _ in range(rng.randrange(1, 3))]]
        groups += [[rng.choice(words)] for _ in range(rng.choice([0, 0, 1, 2]))]
        exclude = [rng.choice(words) for _ in range(rng.choice([0, 0, 0, 1]))]
        fold, invert = rng.random() < .2, rng.random() < .2
        args = [w for p in groups[0] for w in (b'-e', p)]
        args += [w for g in groups[1:] for w in (b'--and', g[0])]
        args += [w for p in exclude for w in (b'--not', p)]
        args += [b'-i'] * fold + [b'-v'] * invert
        want = expect(content, lambda t: selects(t, groups, exclude, fold, invert))
        got = join('-nb', *args, 'r')
        ok(got == (0 if want else 1, want, b''), f'random entries {i}, seed {SEED}',
           args, content, got, want)


def test_large():
    """Entries that cross the border of what is read at once, and come back whole."""
    rng = random.Random(SEED)
    content = b''.join(b'%d head %d\n' % (i, rng.randrange(10)) +
                       b'\tat something that is long enough\n' * rng.randrange(60)
                       for i in range(3000))
    write('large', content)
    want = b''.join(t for _, _, t in entries(content) if b'head 3' in t)
    ok(join('head 3', 'large') == (0, want, b''), 'a large file')
    with open('large', 'rb') as f:
        out = subprocess.run([KSIFT, 'entries', '--join', 'head 3'], 
                             input=f.read(), stdout=subprocess.PIPE, check=False).stdout
    ok(out == want, 'a large stream')
    ok(join('-c', '-v', 'head 3', 'large')[1] == b'%d\n' % (3000 - want.count(b'head 3')),
       'a large file, -v')


def test_too_long():
    long = b'\tcontinued and so on\n' * (ENTRY_MAX // 21 + 20000)
    head = b'long head\n'
    content = b'first a\n' + head + long + b'\tneedle\n' + b'next a\n'
    write('long', content)
    kept = (head + long)[:ENTRY_MAX]
    kept = kept[:kept.rindex(b'\n') + 1]
    message = (b'ksift: long: the entry at byte 8 is longer than 2097152 bytes, '
               b'and the rest of it was left out\n')
    ok(join('a', 'long') == (2, b'first a\n' + kept + b'next a\n', message),
       'an entry that is too long')
    ok(join('needle', 'long') == (2, b'', message), 'its rest is left out')
    ok(join('--from', '9', 'a', 'long') == (0, b'next a\n', b''), 'a range that begins in it')
    parts = [join('--to', '1000000', 'a', 'long')[1], join('--from', '1000000', 'a', 'long')[1]]
    ok(b''.join(parts) == b'first a\n' + kept + b'next a\n', 'a cut through it')
    write('long', b'\ta' + b'b' * (ENTRY_MAX + (1 << 20)) + b'\nnext a\n')
    ok(join('a', 'long')[1] == b'\ta' + b'b' * (ENTRY_MAX - 2) + b'\nnext a\n',
       'a line that is too long')
    write('long', head + long[:ENTRY_MAX - len(head)] + b'\nnext\n')
    ok(join('-c', '', 'long')[0] == 2, 'one byte too long')
    write('long', head + long[:ENTRY_MAX - len(head) - 1] + b'\nnext\n')
    ok(join('-c', '', 'long') == (0, b'2\n', b''), 'as long as can be')


def test_soon():
    """An entry comes out when the next one begins."""
    child = subprocess.Popen([KSIFT, 'entries', '--join', 'a'], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE)
    child.stdin.write(b'a1\n\tat x\na2\n')
    child.stdin.flush()
    out = os.read(child.stdout.fileno(), 100)
    ok(out == b'a1\n\tat x\n', 'an entry comes out when the next begins', out)
    time.sleep(.05)
    child.stdin.write(b' more\n')
    out = child.communicate()[0]
    ok(out == b'a2\n more\n', 'and the last one at the end', out)


def main():
    with tempfile.TemporaryDirectory() as where:
        os.chdir(where)
        for test in (test_fixed, test_ranges, test_random, test_large, test_too_long, test_soon):
            test()
    return tap.end()


sys.exit(main())
