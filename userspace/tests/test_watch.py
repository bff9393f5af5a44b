#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""ksift grep --stats, --checkpoint and progress on a terminal, as TAP.  KSIFT
names the client."""

import json
import os
import pty
import re
import subprocess
import sys
import tempfile
import threading
import time

import tap
from tap import ok

KSIFT = os.environ['KSIFT']
# Said, else, on a terminal.
ENGINE = 'kernel' if 'KSIFT_STANDIN' in os.environ or os.path.exists('/dev/ksift') else 'user'

STATS = ['files', 'bytes', 'lines', 'selected', 'end', 'complete', 'engine', 'variant',
         'walked', 'read', 'resumed', 'grew', 'shrank', 'seconds', 'fallback']


def grep(*args, stdin=None, stdout=subprocess.PIPE):
    done = subprocess.run([KSIFT, 'grep', *args], stdin=stdin or subprocess.DEVNULL,
                          stdout=stdout, stderr=subprocess.PIPE, check=False)
    return done.returncode, done.stdout, done.stderr.decode()


def write(name, content):
    with open(name, 'wb') as f:
        f.write(content)


def append(name, content):
    with open(name, 'ab') as f:
        f.write(content)


def stats(err):
    """The values of the one line, which is the last."""
    line = err.splitlines()[-1]
    head, _, fallback = line.partition(' fallback=')
    words = head.removeprefix('ksift: stats: ').split(' ')
    values = dict(w.split('=') for w in words)
    values['fallback'] = fallback
    return values


def test_stats():
    write('s', b'a\nb\nab')
    write('t', b'none\n')
    status, out, err = grep('--engine', 'user', '--stats', 'a', 's', 't')
    got = stats(err)
    ok(err.startswith('ksift: stats: ') and err.count('\n') == 1 and list(got) == STATS,
       'stats: the keys', err)
    ok(status == 0 and out == b's:a\ns:ab\n' and re.fullmatch(r'\d+\.\d{6}', got['seconds']),
       'stats: beside the output', status, out, err)
    got.pop('seconds')
    variant = got.pop('variant')
    ok(got == {'files': '2', 'bytes': '11', 'lines': '4', 'selected': '2', 'end': '5',
               'complete': 'yes', 'engine': 'user', 'walked': '0', 'read': '11',
               'resumed': 'no', 'grew': '0', 'shrank': '0', 'fallback': 'none'},
       'stats: the values', got)
    ok(variant in ('scalar', 'avx2', 'avx512', 'neon'), 'stats: the variant', variant)
    ok(stats(grep('--stats', '-q', 'a', 's')[2])['complete'] == 'no', 'stats: -q stops')
    ok(stats(grep('--stats', '-m1', 'a', 's')[2])['end'] == '2', 'stats: -m stops there')
    status, _, err = grep('--stats', '-c', 'zz', 's', 'missing')
    got = stats(err)
    ok(status == 2 and got['complete'] == 'no' and got['files'] == '1',
       'stats: a file that is missing', err)
    status, _, err = grep('--stats', 'zz', 's')
    got = stats(err)
    ok(status == 1 and got['complete'] == 'yes' and got['lines'] == '3' and got['end'] == '6',
       'stats: nothing there', err)
    fallback = stats(grep('--stats', '-c', 'a', 's')[2])['fallback']
    ok((fallback == 'none') == os.path.exists('/dev/ksift') or 'KSIFT_STANDIN' in os.environ,
       'stats: why it was not the kernel', fallback)


def test_binary():
    """A file that -I finds binary has been searched, and that to no end of a checkpoint."""
    write('n', b'a\n\0a\na\n')
    write('t', b'a\n')
    status, out, err = grep('--engine', 'user', '--stats', '-Ic', 'a', 'n')
    got = stats(err)
    ok((status, out) == (1, b'0\n') and
       [got[k] for k in ('files', 'bytes', 'lines', 'selected', 'end', 'complete')] ==
       ['1', '5', '2', '0', '5', 'yes'], 'stats: -I', out, got)
    got = stats(grep('--engine', 'user', '--stats', '-I', 'a', 'n', 't')[2])
    ok([got[k] for k in ('files', 'bytes', 'selected', 'complete')] == ['2', '7', '1', 'yes'],
       'stats: -I, two files', got)
    for name in ('n', 't'):
        got = grep('-I', '--checkpoint', 'ck', 'a', name)
        ok(got[:2] == (2, b'') and got[2].startswith('ksift: grep: --checkpoint takes no -I: ') and
           not os.path.exists('ck'), f'checkpoint: -I {name}', got)
    ok(grep('-Iz', '--checkpoint', 'ck', 'a', 'n')[0] == 0, 'checkpoint: -I is nothing with -z')
    os.unlink('ck')


def adds_up(got, size=None):
    """What was walked and what was read is what was looked at, from the start to the end."""
    values = {k: int(got[k]) for k in ('bytes', 'walked', 'read', 'end')}
    return (values['walked'] + values['read'] == values['bytes'] == values['end'] and
            (size is None or values['end'] == size))


def test_sums():
    long = b'a\n' * 5 + b'line ' + b'y' * 3000000 + b'\nline\nz'
    write('long', long)
    write('big', BIG)
    for name, size in (('big', len(BIG)), ('long', len(long))):
        for args in ([], ['-c'], ['-n'], ['-o'], ['-v'], ['-w'], ['-x'], ['-C1'], ['-z'], ['-j3'],
                     ['-j3', '-c'], ['--records'], ['--level', 'none'], ['-e', '']):
            got = stats(grep('--engine', 'user', '--stats', *args, '-e', 'line', name)[2])
            ok(adds_up(got, size), f'stats: {name}: {args} adds up', got)
        for args in (['-m1'], ['-m1', '-w'], ['-q'], ['-l'], ['-j3', '-m1000']):
            got = stats(grep('--engine', 'user', '--stats', *args, '-e', 'line', name)[2])
            ok(adds_up(got), f'stats: {name}: {args} adds up where it stops', got)
    args = ('--engine', 'user', '--stats')
    got = stats(grep(*args, '--from', '40', '--to', '1000', 'line', 'big')[2])
    ok((got['bytes'], got['end']) == ('960', '1020') and
       int(got['walked']) + int(got['read']) == 960, 'stats: a range', got)
    got = stats(grep(*args, '--from', '9000000', 'line', 'big')[2])
    ok((got['bytes'], got['walked'], got['read'], got['end']) == ('0', '0', '0', '9000000'),
       'stats: a range behind the end', got)
    got = stats(grep(*args, 'line', 'big', 'long')[2])
    ok(int(got['walked']) + int(got['read']) == int(got['bytes']) == len(BIG) + len(long) and
       int(got['end']) == len(long), 'stats: two files add up', got)


def test_cut_off():
    """The client waits for its reader in the middle of the file when that is cut off."""
    for args in ([], ['-n'], ['-j2'], ['-C1']):
        fresh(BIG)
        # More than is looked at between two looks at its size.
        os.truncate('log', 300 << 20)
        slow = Slow('--engine', 'user', '--stats', *args, 'line', 'log')
        slow.read(lambda out=slow: len(out.out) > 200000)
        os.truncate('log', 1000)
        got = stats(slow.finish()[2])
        ok(adds_up(got) and int(got['end']) < len(BIG),
           f'stats: {args}: a file that is cut off adds up', got)
    # The same of one line, which comes out in pieces.
    fresh(b'line ' + b'y' * len(BIG) + b'\n')
    slow = Slow('--engine', 'user', '--stats', 'line', 'log')
    slow.read(lambda: len(slow.out) > 200000)
    os.truncate('log', 1000)
    status, out, err = slow.finish()
    got = stats(err)
    ok(status == 0 and adds_up(got) and int(got['end']) == len(out) - 1,
       'stats: a line that is cut off adds up', len(out), got)


class Slow:
    """A search whose output is read slowly, so that it takes its time."""

    def __init__(self, *args, stderr=subprocess.PIPE):
        self.child = subprocess.Popen([KSIFT, 'grep', *args], stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=stderr)
        self.out = b''

    def read(self, until, seconds=20.0):
        """Go on, a piece every 10 ms, until something is so."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not until():
            piece = os.read(self.child.stdout.fileno(), 16 << 10)
            if not piece:
                break
            self.out += piece
            time.sleep(.01)

    def finish(self):
        rest, err = self.child.communicate()
        return self.child.returncode, self.out + rest, (err or b'').decode()

    def kill(self):
        self.child.kill()
        return self.finish()


def position(name='ck'):
    try:
        with open(name, encoding='ascii') as f:
            return int(re.search(r'^position (\d+)$', f.read(), re.M)[1])
    except FileNotFoundError:
        return 0


BIG = b''.join(b'%07d a line of some length\n' % i for i in range(200000))


def fresh(content):
    for name in ('log', 'ck'):
        if os.path.exists(name):
            os.unlink(name)
    write('log', content)


def test_goes_on():
    fresh(b'a1\nb\na2\npart')
    args = ('--checkpoint', 'ck', '-n', 'a', 'log')
    ok(grep(*args) == (0, b'1:a1\n3:a2\n', ''), 'checkpoint: the first run')
    with open('ck', encoding='ascii') as f:
        text = f.read()
    st = os.stat('log')
    ok(re.fullmatch(f'ksift checkpoint 2\ndev {st.st_dev}\nino {st.st_ino}\nposition 8\nline 3\n'
                    'first [0-9a-f]{16}\nbefore [0-9a-f]{16}\npatterns [0-9a-f]{16}\n'
                    'options 0\nlevels 0\ncheck [0-9a-f]{16}\n', text),
       'checkpoint: its format', text)
    ok(grep(*args) == (1, b'', ''), 'checkpoint: nothing new')
    append('log', b' of a')
    ok(grep(*args) == (1, b'', ''), 'checkpoint: a line is not there before its newline')
    append('log', b' line\na3\nz\n')
    ok(grep(*args) == (0, b'4:part of a line\n5:a3\n', ''), 'checkpoint: it goes on')
    append('log', b'a4\n')
    status, out, err = grep('--json', '--stats', *args)
    match = [json.loads(m)['data'] for m in out.splitlines()][1]
    ok(status == 0 and (match['line_number'], match['absolute_offset']) == (7, 28) and
       stats(err)['resumed'] == 'yes', 'checkpoint: --json and --stats', out, err)
    ok(grep(*args) == (1, b'', ''), 'checkpoint: and so on')
    ok(sorted(os.listdir('.')).count('ck') == 1 and
       not [n for n in os.listdir('.') if n.startswith('ck.')], 'checkpoint: nothing is left over')


def test_limits():
    fresh(b''.join(b'a%d\n' % i for i in range(7)) + b'a')
    got = []
    for _ in range(5):
        got.append(grep('--checkpoint', 'ck', '-m2', '-n', 'a', 'log')[1])
    ok(got == [b'1:a0\n2:a1\n', b'3:a2\n4:a3\n', b'5:a4\n6:a5\n', b'7:a6\n', b''],
       'checkpoint: -m goes through a file', got)
    fresh(b'a\nb\na\n')
    counts = [grep('--checkpoint', 'ck', '-c', 'a', 'log')[1]]
    append('log', b'a\n')
    counts.append(grep('--checkpoint', 'ck', '-c', 'a', 'log')[1])
    ok(counts == [b'2\n', b'1\n'], 'checkpoint: -c counts what is new', counts)
    fresh(b'a1\nb\na2\n')
    args = ('--checkpoint', 'ck', '--count-each', 'a', 'log')
    with open('/dev/full', 'wb') as full:
        lost = [grep(*args, stdout=full)[0],
                grep('--checkpoint', 'ck', '-c', 'a', 'log', stdout=full)[0]]
    counts = [grep(*args)[1], grep(*args)[1]]
    ok(lost == [2, 2] and counts == [b'2\ta\n', b'0\ta\n'],
       'checkpoint: counts that could not be written are for the next run', lost, counts)
    fresh(b'a\n1\0b\0a\n2\0a\n')
    got = [grep('--checkpoint', 'ck', '-z', 'a', 'log')[1]]
    append('log', b'3\0')
    got.append(grep('--checkpoint', 'ck', '-z', 'a', 'log')[1])
    ok(got == [b'a\n1\0a\n2\0', b'a\n3\0'], 'checkpoint: -z', got)


def other(name, change, why, want=b'new a\n'):
    """After the change the search begins at the start, and says why."""
    fresh(b'a1\n' + b'x' * 50 + b'\na2\n')
    args = ('--checkpoint', 'ck', 'a', 'log')
    grep(*args)
    change()
    status, out, err = grep(*args)
    ok((status, out) == (0, want) and
       err == f'ksift: log: {why}; the search begins at its start, not at byte 57\n',
       f'checkpoint: {name}', status, out, err)
    append('log', b'more a\n')
    ok(grep(*args) == (0, b'more a\n', ''), f'checkpoint: {name}, and after that')


def in_place(content):
    with open('log', 'r+b') as f:
        f.write(content)


def test_other_files():
    def rotate():
        os.rename('log', 'log.1')
        write('log', b'new a\n')

    def truncate():
        os.truncate('log', 0)
        append('log', b'new a\n')

    def rewrite():
        in_place(b'n1\n')

    def rewrite_end():
        in_place(b'a1\n' + b'x' * 50 + b'\na3\n')

    def copytruncate():
        os.truncate('log', 0)
        append('log', b'new a\n' + b'y' * 60 + b'\n')

    other('a rotated file', rotate, 'another file has this name now')
    other('a truncated file', truncate, 'the file is shorter than it was')
    other('a file that was truncated and has grown', copytruncate, 'the file has been rewritten')
    other('a file rewritten in front', rewrite, 'the file has been rewritten', b'a2\n')
    other('a file rewritten at its end', rewrite_end, 'the file has been rewritten', b'a1\na3\n')


def test_damage():
    fresh(b'a\n' * 100)
    grep('--checkpoint', 'ck', 'a', 'log')
    with open('ck', 'rb') as f:
        good = f.read()
    bad = []
    for i in range(len(good)):
        # An empty one is a new one.
        for damaged in (good[:i] or b'\n', good[:i] + bytes([good[i] ^ 1]) + good[i + 1:]):
            write('ck', damaged)
            status, out, err = grep('--checkpoint', 'ck', 'a', 'log')
            with open('ck', 'rb') as f:
                kept = f.read() == damaged
            if status != 2 or out or not err.startswith('ksift: ck: this ') or not kept:
                bad.append((i, status, out, err))
    ok(not bad, 'checkpoint: a damaged one is refused, and kept', *bad[:3])
    write('ck', good + b'\n')
    ok(grep('--checkpoint', 'ck', 'a', 'log')[0] == 2, 'checkpoint: with something behind')
    write('ck', good.replace(b'checkpoint 2', b'checkpoint 3'))
    ok(grep('--checkpoint', 'ck', 'a', 'log') ==
       (2, b'', 'ksift: ck: this checkpoint is of another version than 2\n'),
       'checkpoint: of another version')
    os.unlink('ck')
    for name, args in (('of two files', ['log', 'log']), ('of standard input', ['-']),
                       ('of no file', [])):
        ok(grep('--checkpoint', 'ck', 'a', *args) ==
           (2, b'', 'ksift: grep: --checkpoint takes exactly one FILE, which is not standard input\n'),
           f'checkpoint: {name}')
    ok(grep('--checkpoint', 'nodir/ck', 'a', 'log') ==
       (2, b'', 'ksift: nodir/ck: cannot write the checkpoint: No such file or directory\n'),
       'checkpoint: where it cannot be written')
    ok(grep('--checkpoint', '.', 'a', 'log') ==
       (2, b'', 'ksift: .: a checkpoint is a regular file, and this is none\n'),
       'checkpoint: a directory')
    for option in ('-r', '-R'):
        ok(grep(option, '--checkpoint', 'ck', 'a', '.')[0] == 2 and not os.path.exists('ck'),
           f'checkpoint: not with {option}')
    ok(grep('--checkpoint', 'ck', 'a', '/dev/null') ==
       (2, b'', 'ksift: /dev/null: only a regular file can have a checkpoint\n'),
       'checkpoint: of a device')
    ok(grep('--checkpoint', 'ck', 'a', 'missing') ==
       (2, b'', 'ksift: missing: No such file or directory\n') and not os.path.exists('ck'),
       'checkpoint: of a file that is missing')


def fnv(data):
    h = 0xcbf29ce484222325
    for byte in data:
        h = (h ^ byte) * 0x100000001b3 % 2**64
    return b'%016x' % h


def test_other_searches():
    """A checkpoint goes on with the search that it is of, and with no other."""
    fresh(b'a\nB\n')
    write('ck', b'')
    ok(grep('--checkpoint', 'ck', 'a', 'log') == (0, b'a\n', '') and position() == 4,
       'checkpoint: an empty file is a new one')
    plain = ['-e', 'a']
    for said, args in (
            ('other patterns', ['-e', 'b']), ('other patterns', ['-e', '^a']),
            ('other patterns', ['-F', '-e', '^a']), ('other patterns', ['-e', '']),
            ('other patterns', [*plain, '-e', 'b']), ('other patterns', [*plain, '--and', 'b']),
            ('other patterns', [*plain, '--not', 'b']),
            ('other patterns', [*plain, '--and', 'a', '--not', 'a']), ('with -i', ['-i', *plain]),
            ('with -v', ['-v', *plain]), ('with -w', ['-w', *plain]), ('with -x', ['-x', *plain]),
            ('with -z', ['-z', *plain]), ('another --level', ['--level', 'err', *plain]),
            ('other patterns, with -i, with -v, another --level',
             ['-iv', '--level', '=err', '-e', 'b']),
            ('other patterns, with -i, with -v, with -w, with -x, with -z, another --level',
             ['-ivwxz', '--level', '=err', '-e', 'b'])):
        for was, now, what in ((args, plain, said), (plain, args, said.replace('with', 'without'))):
            os.unlink('ck')
            grep('--checkpoint', 'ck', *was, 'log')
            before = position()
            append('log', b'a\n')
            status, out, err = grep('--checkpoint', 'ck', *now, 'log')
            ok((status, out, err, position()) ==
               (2, b'', f'ksift: ck: this checkpoint is of another search: {what}; '
                        'each needs a CPFILE of its own\n', before),
               f'checkpoint: of {was}, and then {now}', status, out, err)
    # Sums of their FNV-1a hashes are the same.
    for was, now in ((['d', 'g'], ['e', 'f']), (['a00', 'a03'], ['a01', 'a02'])):
        os.unlink('ck')
        was, now = ([x for p in given for x in ('-e', p)] for given in (was, now))
        grep('--checkpoint', 'ck', *was, 'log')
        got = grep('--checkpoint', 'ck', *now, 'log')
        ok(got[0] == 2 and got[2].startswith('ksift: ck: this checkpoint is of another search: '),
           f'checkpoint: of {was}, and then {now}', got)
    for was, now in ((['--and', 'a', '--and', 'R', '-e', 'E'], ['--and', 'R', '--and', 'a', '-e', 'E']),
                     (['-e', 'a', '--and', 'b\nc'], ['-e', 'c\nb', '--and', 'a']),
                     (['-i', '-e', 'Ab', '-e', 'c'], ['-i', '-e', 'C', '-e', 'aB']),
                     (['-e', 'a', '-e', 'b', '-e', 'a'], ['-e', 'b', '-e', 'a']),
                     (['-e', 'a', '--and', 'a'], ['-e', 'a']),
                     (['-e', 'a', '--not', 'x', '--not', 'y'], ['--not', 'y', '-e', 'a', '--not', 'x'])):
        os.unlink('ck')
        grep('--checkpoint', 'ck', *was, 'log')
        got = grep('--checkpoint', 'ck', *now, 'log')
        ok(got == (1, b'', ''), f'checkpoint: {was} is {now}', got)
    os.unlink('ck')
    args = ['-e', 'a', '-e', 'b']
    for was in (['-e', 'a', '--and', 'b\nc'], ['-e', 'a', '--and', 'b', '--and', 'c']):
        grep('--checkpoint', 'ck', *was, 'log')
        got = grep('--checkpoint', 'ck', '-e', 'a\nb', '--and', 'c', 'log')
        ok(got[0] == 2, f'checkpoint: {was} are other groups', got)
        os.unlink('ck')
    grep('--checkpoint', 'ck', *args, 'log')
    append('log', b'a\nab\n')
    ok(grep('--checkpoint', 'ck', '-n', '-m1', '-e', 'b', '-e', 'a', 'log')[0] == 0 and
       grep('--checkpoint', 'ck', '-c', '-a', *args, 'log') == (0, b'1\n', ''),
       'checkpoint: other options, and patterns in another order')
    with open('ck', 'rb') as f:
        text = f.read().partition(b'check ')[0].replace(b'options 0', b'options 32')
    write('ck', text + b'check %s\n' % fnv(text))
    ok(grep('--checkpoint', 'ck', *args, 'log') ==
       (2, b'', 'ksift: ck: this checkpoint is of another search: with options not known here; '
                'each needs a CPFILE of its own\n'), 'checkpoint: with options of another version')
    fresh(b'a1\na2\n')
    st = os.stat('log')
    text = (b'ksift checkpoint 1\ndev %d\nino %d\nposition 3\nline 1\nfirst %s\nbefore %s\n' %
            (st.st_dev, st.st_ino, fnv(b'a1\n'), fnv(b'a1\n')))
    write('ck', text + b'check %s\n' % fnv(text))
    ok(grep('--checkpoint', 'ck', '-n', 'a', 'log') == (0, b'2:a2\n', ''),
       'checkpoint: of version 1')
    ok(grep('--checkpoint', 'ck', 'b', 'log')[0] == 2, 'checkpoint: which is of version 2 then')
    text += b'patterns %s\noptions 0\nlevels 0\n' % fnv(b'')
    write('ck', text + b'check %s\n' % fnv(text))
    ok(grep('--checkpoint', 'ck', 'a', 'log')[2].startswith('ksift: ck: this is not a checkpoint'),
       'checkpoint: of version 1 with more')


def test_file():
    """A checkpoint's file stays what it is."""
    def mode():
        return os.stat('ck').st_mode & 0o7777

    fresh(b'a\n')
    args = ('--checkpoint', 'ck', 'a', 'log')
    mask = os.umask(0o027)
    grep(*args)
    os.umask(mask)
    ok(mode() == 0o640, 'checkpoint: a new one has the mode of any new file', oct(mode()))
    os.chmod('ck', 0o644)
    append('log', b'a\n')
    ok(grep(*args)[0] == 0 and mode() == 0o644, 'checkpoint: its mode stays', oct(mode()))
    os.mkdir('there')
    os.rename('ck', 'there/real')
    os.symlink('there/real', 'ck')
    append('log', b'a\n')
    ok(grep(*args)[0] == 0 and os.readlink('ck') == 'there/real' and position() == 6 and
       os.listdir('there') == ['real'], 'checkpoint: what a link leads to is replaced')
    os.unlink('there/real')
    ok(grep(*args) == (2, b'', 'ksift: ck: this link leads to no file\n') and os.path.islink('ck'),
       'checkpoint: a link to nothing')
    os.unlink('ck')


def test_kill():
    """What the checkpoint says is done was delivered, whenever it ends."""
    fresh(BIG)
    done = b''
    for i in range(2):
        before = position()
        slow = Slow('--checkpoint', 'ck', 'line', 'log')
        slow.read(lambda: position() > before)
        _, out, _ = slow.kill()
        ok(position() > before, f'checkpoint: there is one in the middle, {i}')
        ok(BIG[before:].startswith(out) and before + len(out) >= position(),
           f'checkpoint: what it says was delivered, {i}', before, len(out), position())
        done = BIG[:position()]
        ok(done.endswith(b'\n'), f'checkpoint: at the start of a line, {i}')
    ok(grep('--checkpoint', 'ck', 'line', 'log') == (0, BIG[len(done):], ''),
       'checkpoint: nothing is lost after kill -9')


def test_append():
    fresh(BIG)
    slow = Slow('--checkpoint', 'ck', '--stats', 'line', 'log')
    slow.read(lambda: len(slow.out) > 200000)
    append('log', b'a new line\nanother li')
    status, out, err = slow.finish()
    ok(status == 0 and out == BIG and stats(err)['grew'] == '21',
       'checkpoint: what comes meanwhile is for the next run', err)
    append('log', b'ne\n')
    ok(grep('--checkpoint', 'ck', 'line', 'log') == (0, b'a new line\nanother line\n', ''),
       'checkpoint: which has it')


def test_lost():
    fresh(BIG)
    slow = Slow('--checkpoint', 'ck', '--stats', 'line', 'log')
    slow.read(lambda: position() > 0)
    at = position()
    in_place(b'other')
    status, _, err = slow.finish()
    ok(status == 0 and position() == at and
       f'ksift: log: the file was rewritten while it was searched; the checkpoint stays at byte {at}\n'
       in err, 'checkpoint: a file rewritten meanwhile', status, position(), err)
    status, out, err = grep('--checkpoint', 'ck', 'line', 'log')
    ok(len(out) == len(BIG) and 'has been rewritten; the search begins at its start' in err,
       'checkpoint: and the next run')
    fresh(BIG)
    slow = Slow('--stats', 'line', 'log')
    slow.read(lambda: len(slow.out) > 200000)
    os.truncate('log', 1000)
    ok(stats(slow.finish()[2])['shrank'] == str(len(BIG) - 1000), 'stats: a file that shrank')


def screen(text):
    """What is left to see on a terminal."""
    lines = ['']
    for line in text.replace(b'\r\n', b'\n').decode().split('\n'):
        shown = ''
        for part in line.split('\r'):
            shown = part + shown[len(part):]
        lines.append(shown.rstrip())
    return '\n'.join(lines).strip()


def on_terminal(args, out_too, feed=None):
    """The client with a terminal as its standard error: all that came there."""
    main, side = pty.openpty()
    args = ['--engine', ENGINE, *args]
    if feed:
        child = subprocess.Popen([KSIFT, 'grep', *args], stdin=subprocess.PIPE, stderr=side,
                                 stdout=side if out_too else subprocess.DEVNULL)
        threading.Thread(target=feed, args=(child.stdin,)).start()
    else:
        slow = Slow(*args, stderr=side)
        child = slow.child
        threading.Thread(target=lambda: slow.read(lambda: False)).start()
    os.close(side)
    seen = tap.read_all(main)
    child.wait()
    return seen


def feed_slowly(pipe):
    for _ in range(16):
        pipe.write(b'a line\n' * 100)
        pipe.flush()
        time.sleep(.1)
    pipe.close()


def test_progress():
    stream = rb'\d+(\.\d)? (B|KiB), \d+(\.\d)? (B|KiB)/s *'
    seen = on_terminal(['-c', 'a'], False, feed_slowly)
    ok(re.fullmatch(rb'(\r' + stream + rb')+\r +\r', seen), 'progress: of a stream', seen)
    seen = on_terminal(['-c', 'a'], True, feed_slowly)
    ok(re.match(rb'\r' + stream, seen) and screen(seen) == '1600',
       'progress: it is erased before output', seen)
    ok(on_terminal(['a'], True, feed_slowly) == b'a line\r\n' * 1600,
       'progress: none where lines are printed')
    fresh(BIG[:len(BIG) // 2])
    seen = on_terminal(['line', 'log'], False)
    ok(re.fullmatch(rb'(\r\d+\.\d [KM]iB of 2\.9 MiB, \d+%, \d+(\.\d)? [KM]iB/s, \d+ s left *)+'
                    rb'\r +\r', seen), 'progress: of a file', seen)
    ok(on_terminal(['-c', 'a'], False, lambda p: p.close()) == b'', 'progress: none of what is quick')
    slow = Slow('line', 'log')
    slow.read(lambda: False)
    ok(slow.finish()[2] == '', 'progress: none without a terminal')


def main():
    with tempfile.TemporaryDirectory() as where:
        os.chdir(where)
        for test in (test_stats, test_binary, test_sums, test_cut_off, test_goes_on, test_limits,
                     test_other_files, test_damage, test_other_searches, test_file, test_kill,
                     test_append, test_lost, test_progress):
            test()
    return tap.end()


sys.exit(main())
