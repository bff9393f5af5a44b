#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Which engine does the work, who may choose it, and what is said if it is not
the kernel's, as TAP.  KSIFT names the client; a stand-in for the module is
preloaded, and its KSIFT_STANDIN_ROOT makes a machine."""

import os
import pty
import shutil
import subprocess
import sys
import tempfile

import tap
from tap import ok, skip

KSIFT = os.environ['KSIFT']
RELEASE = os.uname().release

NOTICE = "ksift: {}, so this program does the work itself; see 'ksift doctor'\r\n"
UNLOADED = NOTICE.format('the ksift module is installed and not loaded')
FORBIDDEN = NOTICE.format('/dev/ksift may not be opened')


def run(*args, terminal=False, user=None, **env):
    """Status, output and messages of the client; None in the environment takes away."""
    env = {k: v for k, v in {**os.environ, **env}.items() if v is not None}
    main, side = pty.openpty() if terminal else os.pipe()
    child = subprocess.Popen([KSIFT, *args], env=env, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=side, user=user)
    os.close(side)
    said = tap.read_all(main)
    out = child.communicate()[0]
    return child.returncode, out, said.decode()


def engine(*args, **env):
    """The engine that did it, and what was said."""
    status, out, said = run('info', *args, **env)
    return out.split()[1].decode() if status == 0 else status, said


def put(name, text=''):
    os.makedirs(os.path.dirname(name), exist_ok=True)
    with open(name, 'w', encoding='utf-8') as f:
        f.write(text)


def machine(*files):
    shutil.rmtree('root', ignore_errors=True)
    os.mkdir('root')
    for name in files:
        put('root' + name, 'updates/ksift.ko:\n' if name.endswith('modules.dep') else '')
    return {'KSIFT_STANDIN_ROOT': os.path.abspath('root')}


def config(text):
    put('config/ksift/config', text)


def test_notice():
    """One line, on a terminal, and only where the kernel's engine is near."""
    modules = f'/lib/modules/{RELEASE}'
    indexed = (f'{modules}/modules.dep', f'{modules}/updates/ksift.ko')
    for name, files, want in (
            ('loaded', ('/dev/ksift',), ''),
            ('no module anywhere', (), ''),
            ('a module for another kernel', ('/lib/modules/0.0.0/updates/ksift.ko',), ''),
            ('an index of what is not there', indexed[:1], ''),
            ('installed and not loaded', indexed, UNLOADED),
            ("installed, and depmod doesn't know it", indexed[1:], UNLOADED),
            ("dkms's", (f'{modules}/updates/dkms/ksift.ko.xz',), UNLOADED)):
        env = machine(*files)
        got = run('grep', '-c', 'a', 'f', terminal=True, **env)
        ok(got == (0, b'1\n', want), f'notice: {name}', got)
        got = run('grep', '-c', 'a', 'f', **env)
        ok(got == (0, b'1\n', ''), f'notice: {name}: none without a terminal', got)
    env = machine('/dev/ksift', *indexed)
    os.chmod('root/dev/ksift', 0)
    for args in (['grep', '-c', 'a', 'f'], ['levels', 'f'], ['fib', '3'], ['sumsq', '3'],
                 ['sum', 'five']):
        ok(run(*args, terminal=True, **env)[2].startswith(FORBIDDEN),
           f'notice: not permitted, {args[0]}')
    for choice in ('auto', 'user'):
        got = run('grep', '-c', '--engine', choice, 'a', 'f', terminal=True, **env)
        ok(got == (0, b'1\n', ''), f'notice: none with --engine {choice}', got)
        got = run('grep', '-c', 'a', 'f', terminal=True, KSIFT_ENGINE=choice, **env)
        ok(got == (0, b'1\n', ''), f'notice: none with KSIFT_ENGINE={choice}', got)
        config(f'engine = {choice}\n')
        got = run('grep', '-c', 'a', 'f', terminal=True, **env)
        ok(got == (0, b'1\n', ''), f'notice: none with engine = {choice}', got)
        os.unlink('config/ksift/config')
    env['KSIFT_STANDIN_ROOT'] = machine('/dev/ksift')['KSIFT_STANDIN_ROOT']
    got = run('grep', '-c', 'a', 'f', terminal=True, KSIFT_STANDIN_ERRNO='25', **env)
    ok(got == (0, b'1\n', ''), 'notice: none where the module is another one', got)


def test_choice():
    ok(engine() == ('kernel', ''), 'choice: the kernel, if nobody chose')
    config('engine = user\n')
    ok(engine()[0] == 'user', 'choice: the file')
    ok(engine(KSIFT_ENGINE='kernel')[0] == 'kernel', 'choice: the environment before the file')
    ok(engine(KSIFT_ENGINE='')[0] == 'user', 'choice: an empty variable is none')
    config('engine = kernel\n')
    ok(engine('--engine', 'user', KSIFT_ENGINE='kernel')[0] == 'user',
       'choice: --engine before both')
    config('engine = fast\n')
    ok(engine(KSIFT_ENGINE='user') == ('user', ''), 'choice: what does not count is not read')
    for name, text, want in (
            ('comments, and blanks', '# mine\n\n  \t engine=user  \r\n#engine = kernel\n', 'user'),
            ('without a newline', 'engine = user', 'user'), ('empty', '', 'kernel'),
            ('the last one counts', 'engine = kernel\nengine = user\n', 'user')):
        config(text)
        ok(engine() == (want, ''), f'file: {name}')
    home = os.path.abspath('home')
    put('home/.config/ksift/config', 'engine = user\n')
    config('engine = kernel\n')
    for name, env, want in (
            ('in the home directory', {'XDG_CONFIG_HOME': None, 'HOME': home}, 'user'),
            ('no absolute name', {'XDG_CONFIG_HOME': 'config', 'HOME': home}, 'user'),
            ('an empty name', {'XDG_CONFIG_HOME': '', 'HOME': home}, 'user'),
            ('no home directory', {'XDG_CONFIG_HOME': None, 'HOME': None}, 'kernel'),
            ('none there', {'XDG_CONFIG_HOME': '/nonexistent', 'HOME': home}, 'kernel')):
        ok(engine(**env) == (want, ''), f'file: {name}')
    env = {'XDG_CONFIG_HOME': os.path.abspath('five')}
    ok(engine(**env) == ('kernel', ''), 'file: below what is no directory')


def test_unreachable():
    """What HOME leads to may be another user's; what XDG_CONFIG_HOME does was asked for."""
    try:
        runs = run('--version', user=65534)[2] == ''
    except OSError:
        runs = False
    if not runs:
        skip("file: another user's", 'no other user can run the client from here')
        return
    home = os.path.abspath('other')
    folder = f'{home}/.config/ksift'
    path = f'{folder}/config'
    put(path, 'engine = user\n')
    os.chmod('.', 0o755)
    for what in (home, folder, path):
        mode = os.stat(what).st_mode
        os.chmod(what, 0)
        got = engine(user=65534, XDG_CONFIG_HOME=None, HOME=home)
        ok(got == ('kernel', ''), f'file: of a HOME that is another user\'s: {what[len(home):]}', got)
        got = engine(user=65534, XDG_CONFIG_HOME=f'{home}/.config')
        ok(got == (2, f'ksift: {path}: Permission denied\n'),
           f'file: of an XDG_CONFIG_HOME that is another user\'s: {what[len(home):]}', got)
        os.chmod(what, mode)
    got = engine(user=65534, XDG_CONFIG_HOME=None, HOME=home)
    ok(got == ('user', ''), 'file: of a HOME that may be read', got)


def test_errors():
    path = os.path.abspath('config/ksift/config')
    for text, where, what in (
            ('engine = fast\n', 1, "engine is auto, kernel or user, not 'fast'"),
            ('\n# x\nengine =\n', 3, "engine is auto, kernel or user, not ''"),
            ('engine = user\nspeed = high\n', 2, "there is no setting 'speed'; there is 'engine'"),
            ('engine user\n', 1, "'engine user' is no setting, such as 'engine = user'"),
            ('# x\nengine = user\0junk\n', 2, 'there is a zero byte in this line'),
            ('engine = user\n\0', 2, 'there is a zero byte in this line')):
        config(text)
        got = engine()
        ok(got == (2, f'ksift: {path}:{where}: {what}\n'), f'file: refused: {text!r}', got)
    config('# why\nengine = kernel\n\n')
    got = engine(**machine())
    ok(got[0] == 2 and got[1].startswith(f'ksift: {path}:2: no device /dev/ksift: '),
       'file: the kernel, and there is none', got)
    got = engine(KSIFT_ENGINE='kernel', **machine())
    ok(got[0] == 2 and got[1].startswith('ksift: KSIFT_ENGINE: no device /dev/ksift: '),
       'environment: the kernel, and there is none', got)
    got = engine(KSIFT_ENGINE='fast')
    ok(got == (2, "ksift: KSIFT_ENGINE is auto, kernel or user, not 'fast'\n"),
       'environment: refused', got)
    os.unlink(path)
    os.mkdir(path)
    ok(engine() == (2, f'ksift: {path}: Is a directory\n'), 'file: a directory', engine())
    os.rmdir(path)
    os.symlink('config', path)
    ok(engine() == (2, f'ksift: {path}: Too many levels of symbolic links\n'),
       'file: one that cannot be read', engine())
    os.unlink(path)
    os.mkfifo(path)
    want = (2, f'ksift: {path}: settings are in a regular file, and this is none\n')
    ok(engine() == want, 'file: a FIFO that nobody writes to', engine())
    os.unlink(path)
    os.symlink('/dev/null', path)
    ok(engine() == want, 'file: a device', engine())
    os.unlink(path)


def main():
    with tempfile.TemporaryDirectory() as where:
        os.chdir(where)
        put('./f', 'a\n')
        put('./five', '5\n')
        os.environ['XDG_CONFIG_HOME'] = os.path.abspath('config')
        os.environ.pop('KSIFT_ENGINE', None)
        for test in (test_notice, test_choice, test_unreachable, test_errors):
            test()
    return tap.end()


sys.exit(main())
