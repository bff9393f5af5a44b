# SPDX-License-Identifier: GPL-2.0-only
"""TAP, for the tests that are in Python, and what else they have in common."""

import os

# There is one stream.
_seen = {'results': 0, 'failed': 0}


def _result(good, name):
    _seen['results'] += 1
    _seen['failed'] += not good
    print(f"{'ok' if good else 'not ok'} {_seen['results']} - {name}", flush=True)


def ok(good, name, *notes):
    """A result; if it is bad, notes tell of it, which may be long."""
    _result(good, name)
    if not good:
        for note in notes:
            print(f'# {note!r}'[:2000])


def skip(name, why):
    """No result, and the reason."""
    _result(True, f'{name} # SKIP {why}')


def read_all(fd):
    """What comes until nobody writes any more, which a terminal says by an error."""
    pieces = []
    try:
        while piece := os.read(fd, 4096):
            pieces.append(piece)
    except OSError:
        pass
    os.close(fd)
    return b''.join(pieces)


def end():
    """The plan.  Return: the exit status."""
    print(f"1..{_seen['results']}")
    return _seen['failed'] != 0
