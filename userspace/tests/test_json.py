#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""ksift grep --json and --records, as TAP: against ripgrep where there is one,
and against what is known of the input.  KSIFT names the client."""

import base64
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

import tap
from tap import ok, skip

KSIFT = os.environ['KSIFT']
RG = shutil.which('rg')
SEED = 20261121
ROUNDS = 60


def run(command, stdin=b''):
    done = subprocess.run(command, input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    return done.returncode, done.stdout, done.stderr


def messages(text):
    """Every line by itself is JSON, and every byte of it is UTF-8."""
    return [json.loads(line.decode('utf-8')) for line in text.splitlines()]


def data(thing):
    """The bytes of {"text": ...} or {"bytes": ...}; never both, nor the wrong one."""
    if 'text' in thing:
        return thing['text'].encode('utf-8')
    raw = base64.b64decode(thing['bytes'], validate=True)
    try:
        raw.decode('utf-8')
    except UnicodeDecodeError:
        return raw
    raise AssertionError(f'{raw} is UTF-8')


def ripgreps(message, ignored):
    """What a message is without the keys that ksift adds, and without times."""
    kind, inner = message['type'], dict(message['data'])
    if kind == 'begin':
        del inner['dev'], inner['ino']
    elif kind == 'match':
        del inner['level'], inner['pattern']
    return timeless({'type': kind, 'data': inner}, ignored)


def timeless(message, ignored):
    inner = dict(message['data'])
    if message['type'] in ('end', 'summary'):
        inner['stats'] = {k: v for k, v in inner['stats'].items()
                          if k not in ('elapsed', 'bytes_printed', *ignored)}
        inner.pop('elapsed_total', None)
    return {'type': message['type'], 'data': inner}


def compare(name, args, stdin=b'', rg=None):
    # With both, ripgrep's bytes_searched goes beyond where it stopped.
    ignored = ['bytes_searched'] if {'-v', '-m'} <= set(args) else []
    mine = run([KSIFT, 'grep', '--json', '-F', *args], stdin)
    theirs = run([RG, '--no-config', '-a', '--json', '-E', 'none', '-j1', '-F', *(rg or args)], stdin)
    got = [ripgreps(m, ignored) for m in messages(mine[1])]
    want = [timeless(m, ignored) for m in messages(theirs[1])]
    for i, (a, b) in enumerate(zip(got, want)):
        if a != b:
            return ok(False, name, f'message {i}:', a, b)
    return ok(len(got) == len(want) and mine[0] == theirs[0], name,
              f'{len(got)} messages for {len(want)}, status {mine[0]} for {theirs[0]}', mine[2])


def write(name, content):
    with open(name, 'wb') as f:
        f.write(content)


def test_fixed():
    write('f', b'a1\nb\x01"\\\t\x08\x0c\x7f\xc3\xa9/\na2\xff\xfe\na3 a\r\nq\nr\ns\nA last a')
    write('none', b'none here\n')
    write('empty', b'')
    write('nul', b'\0a\0\n\n\na\0')
    compare('json: some lines', ['a', 'f'])
    compare('json: files without a match', ['zz', 'f', 'none'])
    compare('json: several files', ['-e', 'a', '-e', 'none', 'f', 'none', 'empty', 'nul'])
    compare('json: -v', ['-v', 'a', 'f'])
    compare('json: -i', ['-i', 'A', 'f'])
    compare('json: -m', ['-m', '2', 'a', 'f'])
    compare('json: an empty pattern', ['', 'f', 'nul'])
    compare('json: patterns that overlap', ['-e', 'a', '-e', 'a1', '-e', '3 a', 'f'])
    compare('json: an empty pattern among others', ['-e', 'a', '-e', '', 'f'])
    compare('json: standard input', ['a'], b'xa\nya')
    compare('json: -z', ['-z', 'a', 'nul'], rg=['--null-data', 'a', 'nul'])
    write('words', b'a ab a1 _a a\nab\na\nb a1\n')
    for args in (['-w', 'a'], ['-x', 'a'], ['-x', '-e', 'a', '-e', 'ab'], ['-w', '-i', 'A1'],
                 ['-v', '-w', 'a'], ['-x', '-v', 'a']):
        compare(f'json: {" ".join(args)}', args + ['words', 'f'])
    write('context', b''.join(b'%d\n' % i for i in range(60)) + b'5')
    for args in (['-C1', '5'], ['-A2', '1'], ['-B3', '7'], ['-v', '-C1', '1'],
                 ['-A1', '59'], ['-w', '-C1', '5'], ['-B100', '-A100', '31']):
        compare(f'json: {" ".join(args)}', args + ['context', 'f'])
        compare(f'json: {" ".join(args)}, standard input', args, b'1\n2\n5\n6\n15\n7\n31\n59\n5')
    compare('json: an empty file', ['', 'empty'])
    name = b'odd \xff"name\\'
    write(name, b'a\n')
    compare("json: a file's name that is no text", ['a', name])


def random_line(rng):
    pieces = [b'a', b'ab', b'B', b'A', b'b', b' ', b'\t', b'\0', b'\r', b'"', b'\\', b'\x1f',
              b'\x7f', b'\xc3\xa4', b'\xe2\x82\xac', b'\xf0\x9f\x98\x80', b'\x80', b'\xff',
              b'\xc0\x80', b'\xed\xa0\x80', b'\xf4\x90\x80\x80', b'\xe2\x82', b'\xf0\x9f']
    return b''.join(rng.choice(pieces) for _ in range(rng.randrange(12)))


def test_random():
    rng = random.Random(SEED)
    words = ['a', 'ab', 'b', 'ba', 'A', ' ', '\xe4', '"', 'aa', 'b a', '']
    for i in range(ROUNDS):
        lines = b'\n'.join(random_line(rng) for _ in range(rng.randrange(30)))
        write('r', lines + (b'\n' if lines and rng.random() < .5 else b''))
        args = [o for o in ('-i', '-v') if rng.random() < .3]
        # ripgrep folds more than ASCII.
        some = [w for w in words if w.isascii() or '-i' not in args]
        if rng.random() < .3:
            args += ['-m', str(rng.randrange(1, 5))]
        for _ in range(rng.randrange(1, 4)):
            args += ['-e', rng.choice(some)]
        compare(f'json: random lines {i}, seed {SEED}: {ascii(args)}', args + ['r'])


def test_long():
    """Lines that are not held in memory, and one that was cut in a character."""
    unit = b'x' * 9973 + b'\xc3\xa4' + b'needle'
    for name, line in (('text', unit * 150), ('bytes', unit * 150 + b'\xc3'),
                       ('a multiple of the buffer', b'x' * (48 << 10) * 40),
                       ('as long as a buffer', b'needle' * (8 << 10))):
        for end in (b'', b'\n'):
            write('long', b'first\n' + line + end)
            if RG:
                compare(f'json: a long line, {name}, {len(end)} newlines',
                        ['-e', 'needle', '-e', 'x' * 1000, 'long'])
                compare(f'json: a long line, {name}, {len(end)} newlines, -i',
                        ['-i', '-e', 'NEEDLE', '-e', 'X' * 1000, 'long'])
            got = [m['data'] for m in messages(run([KSIFT, 'grep', '--json', '-v', 'zz', 'long'])[1])
                   if m['type'] == 'match']
            ok(len(got) == 2 and data(got[1]['lines']) == line + end,
               f'json: a long line comes back, {name}, {len(end)} newlines')


def test_quick():
    """A line that nearly has each pattern, everywhere: far below a second, and
    many seconds if every place is compared with every pattern."""
    write('near', b'foo ' + b'a' * 900000 + b'\n')
    for fold, letter in (['-i'], 'A'), ([], 'a'):
        near = letter.encode() * 4080
        write('patterns', b'foo\n' + b''.join(near + b'a' * i + b'b\n' for i in range(12)))
        command = [KSIFT, 'grep', '--json', *fold, '-f', 'patterns', 'near']
        try:
            out = subprocess.run(command, stdout=subprocess.PIPE, timeout=8, check=True).stdout
            places = [m['data']['submatches'] for m in messages(out) if m['type'] == 'match']
        except subprocess.TimeoutExpired as e:
            places = e
        ok(places == [[{'match': {'text': 'foo'}, 'start': 0, 'end': 3}]],
           f'json: a line that nearly has long patterns {" ".join(fold)}', places)


def test_changing():
    """A long line changes after it was found to be UTF-8: the output, being
    waited for, cannot have come to the change yet."""
    size = 4 << 20
    for name, change in (('becomes bytes', b'\xff\xc3' * (1 << 20)),
                         ('has characters cut off', b'\xf0\x9f\x98' * (1 << 19)),
                         ('is cut off in a character', None)):
        write('changing', b'foo' + b'\xc3\xa4' * (size // 2) + b'\n')
        with subprocess.Popen([KSIFT, 'grep', '--json', 'foo', 'changing'],
                              stdout=subprocess.PIPE) as child:
            out = child.stdout.read(4096)
            with open('changing', 'r+b') as f:
                f.seek(size // 2)
                if change:
                    f.write(change)
                else:
                    f.truncate()
            out += child.stdout.read()
        try:
            lines = [m['data']['lines']['text'] for m in messages(out) if m['type'] == 'match']
            good = len(lines) == 1 and lines[0].startswith('foo\xe4') and '\ufffd' in lines[0]
        except ValueError as e:
            lines, good = str(e)[-200:], False
        ok(good and child.returncode == 0, f'json: a long line that {name}', lines[:200])


def test_bytes():
    """Whatever the bytes are, they can be got back."""
    rng = random.Random(SEED)
    content = bytes(range(256)) + rng.randbytes(200000)
    write('any', content)
    status, out, _ = run([KSIFT, 'grep', '--json', '', 'any'])
    told = [m['data'] for m in messages(out) if m['type'] == 'match']
    ok(status == 0 and b''.join(data(m['lines']) for m in told) == content,
       'json: any bytes come back')
    at = 0
    good = True
    for n, m in enumerate(told):
        good &= m['absolute_offset'] == at and m['line_number'] == n + 1
        at += len(data(m['lines']))
    ok(good, 'json: offsets and numbers of lines')


def test_added():
    write('l', b'2026 ERROR disk\nnothing\nWARN b a\n')
    out = messages(run([KSIFT, 'grep', '--json', '-F', '-e', 'disk', '-e', 'b', '-e', 'noth',
                        '--not', 'zz', 'l'])[1])
    st = os.stat('l')
    ok((out[0]['data']['dev'], out[0]['data']['ino']) == (st.st_dev, st.st_ino),
       'json: dev and ino')
    ok([m['data']['pattern'] for m in out[1:4]] ==
       [{'index': 0, 'text': 'disk'}, {'index': 2, 'text': 'noth'}, {'index': 1, 'text': 'b'}],
       'json: the pattern', out)
    ok([m['data']['level'] for m in out[1:4]] == ['err', 'none', 'warning'],
       'json: the level', out)
    out = messages(run([KSIFT, 'grep', '--json', '-v', 'disk', 'l'])[1])
    ok([m['data']['pattern'] for m in out[1:3]] == [None, None], 'json: no pattern with -v', out)
    for args in (['-C1', 'noth'], ['-v', '-C1', 'noth']):
        with open('l', 'rb') as f:
            stream = f.read()
        both = [[(m['type'], m['data'].keys(), m['data'].get('level'))
                 for m in messages(run([KSIFT, 'grep', '--json', *args, *file], stdin)[1])[1:-2]]
                for file, stdin in ((['l'], b''), ([], stream))]
        good = all(len({'level', 'pattern'} & keys) == 2 * (kind == 'match')
                   for kind, keys, _ in both[0])
        ok(both[0] == both[1] and len(both[0]) == 3 and good,
           f'json: level and pattern, context, {" ".join(args)}', *both)
    for args in (['-c'], ['-l'], ['-L'], ['--records']):
        status, out, err = run([KSIFT, 'grep', '--json', *args, 'a', 'l'])
        ok(status == 2 and not out and err.startswith(b'ksift: grep: --json and '),
           f'json: not with {args[0]}', out, err)
    ok(run([KSIFT, 'grep', '--json', '-q', 'disk', 'l']) == (0, b'', b''), 'json: -q')


def test_records():
    write('l', b'2026 ERROR: disk\nnothing\nWARN b a')
    status, out, _ = run([KSIFT, 'grep', '--records', '-F', '-e', 'zz', '-e', 'a',
                          '-e', 'disk', 'l'])
    ok(status == 0 and out ==
       b'{"path":{"text":"l"},"offset":0,"len":16,"line":1,"level":"err","pattern":2,"msg":12}\n'
       b'{"path":{"text":"l"},"offset":25,"len":8,"line":3,"level":"warning","pattern":1,"msg":5}\n',
       'records: byte for byte', out)
    ok(run([KSIFT, 'grep', '--records', '-v', 'a', 'l'])[1].count(b'"pattern":null') == 2,
       'records: no pattern with -v')
    ok(run([KSIFT, 'grep', '--records', 'zz', 'l']) == (1, b'', b''), 'records: none')
    words = b''.join(b'w%d\n' % i for i in range(70))
    write('w70', words)
    write('t70', b'x w3 y\nw69\n')
    out = run([KSIFT, 'grep', '--records', '-f', 'w70', 't70'])[1]
    ok([json.loads(line)['pattern'] for line in out.splitlines()] == [3, 6],
       'records: the pattern, of more than a filter has', out)


def test_regular():
    """Matches of regular expressions: leftmost, longest, and as long as the line."""
    write('re', b'b' * 100000 + b'\nxabbac\n')
    out = messages(run([KSIFT, 'grep', '--json', '-E', '-e', 'b.*b', '-e', 'a(b|bb|c)', 're'])[1])
    spans = [[(m['start'], m['end']) for m in line['data']['submatches']]
             for line in out if line['type'] == 'match']
    ok(spans == [[(0, 100000)], [(1, 4), (4, 6)]], 'json: places of regular expressions', spans)
    ok([line['data']['pattern']['text'] for line in out if line['type'] == 'match'] ==
       ['b.*b', 'b.*b'], 'json: a regular expression is shown as it was typed', out)


def main():
    with tempfile.TemporaryDirectory() as where:
        os.chdir(where)
        if RG:
            test_fixed()
            test_random()
        else:
            skip('json: as ripgrep', 'there is no rg here to compare with')
        test_long()
        test_changing()
        test_quick()
        test_bytes()
        test_added()
        test_records()
        test_regular()
    return tap.end()


sys.exit(main())
