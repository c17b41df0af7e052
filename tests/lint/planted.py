#!/usr/bin/python3
"""Plants what the lints of the rooms are there to find into a copy of the tree, and sees it found.

Usage: planted.py ROOT
"""
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BANNED = '#include "banned.h"\n'
# What is planted -> what includes.py says of it.
PLANTED = [
    ('a circle of headers', {'cache/left.h': '#include "right.h"\n', 'cache/right.h': '#include "left.h"\n'},
     '2 modules include each other in a circle: cache/left cache/right'),
    ('a circle by way of a source', {'cache/left.h': '#include "right.h"\n', 'cache/right.h': '',
                                     'cache/right.c': '#include "left.h"\n' + BANNED},
     '2 modules include each other in a circle: cache/left cache/right'),
    ('an arrow back', {'backend/record/back.c': '#include "backend.h"\n' + BANNED},
     'backend/record/back.c: backend/record/ must not include backend/client/backend.h'),
    ('an arrow out of the bottom', {'base/up.c': '#include "ids.h"\n' + BANNED},
     'base/up.c: base/ must not include backend/api/ids.h'),
    ('a private header', {'backend/client/inside.c': '#include "pack.h"\n' + BANNED},
     'backend/client/inside.c: backend/record/pack.h is for backend/record/ alone'),
    ('a library', {'cache/json.c': '#include <jansson.h>\n' + BANNED},
     'cache/json.c: must not include <jansson.h>'),
    ('a header of no room', {'cache/lost.c': '#include "nowhere.h"\n' + BANNED},
     'cache/lost.c: "nowhere.h" is no header of this project'),
    ('a name twice', {'cache/ids.h': ''}, 'cache/ids.h: '),
    ('banned.h forgotten', {'cache/free.c': '#include <string.h>\n'},
     'cache/free.c: the last include must be "banned.h"'),
]
PAGE = 'docs/ARCHITECTURE.md'
MUTEX = 'struct planted {\n    struct lock lock;\n};\n'
# The lint that finds it, where something else is written, instead of what (None: a new file; a
# pattern that begins with (?s)) -> what it says of it.
CHANGED = [
    ('a room that is not drawn', 'architecture', PAGE, '| fs/inode ', '| inode    ', 'fs/inode is not drawn'),
    ('a room that is none', 'architecture', PAGE, '| fs/inode ', '| fs/inodes ', 'fs/inodes is drawn, and is no room'),
    ('a room that is drawn twice', 'architecture', PAGE, '| fs/fuse ', '| fs/mount ', 'fs/mount is drawn twice'),
    ('rooms that have changed places', 'architecture', PAGE, r'(?s)fs/fuse(.*?)fs/vfs ', r'fs/vfs \1fs/fuse',
     'fs/fuse uses fs/vfs, and is not drawn above it'),
    ('a function that is gone', 'architecture', PAGE, '`deliver_drop()`', '`deliver_drip()`',
     'there is no function deliver_drip()'),
    ('a table that is gone', 'architecture', PAGE, '`content_ops`', '`content_opz`', 'no source has content_opz'),
    ('a state that is gone', 'architecture', PAGE, '`DROP_STAYING`', '`DROP_STRAYING`', 'no source has DROP_STRAYING'),
    ('a file that is gone', 'architecture', PAGE, '`fs/drop/drop_state.c`', '`fs/drop/dripped.h`',
     'there is no fs/drop/dripped.h'),
    ('a test that is gone', 'architecture', PAGE, 'mount/write/test_writing.py', 'mount/write/test_typing.py',
     'there is no tests/mount/write/test_typing.py'),
    ('a test at no feature', 'architecture', 'tests/mount/names/test_planted.py', None, '',
     'tests/mount/names/test_planted.py stands at no feature'),
    ('a feature of no room', 'architecture', PAGE, '| df | `fs/remote`', '| df | `fs/far`', '"df": fs/far is no room'),
    ('a room without a feature', 'architecture', PAGE, '| `backend/sandbox/seed` |', '| `backend/sandbox` |',
     'backend/sandbox/seed has no feature'),
    ('a lock that is not in the table', 'architecture', 'cache/planted.h', None, MUTEX,
     'planted.lock is not in the table of locks'),
    ('a promise without a test', 'durability', 'docs/durability.md', '`mount/write/test_documents.py::',
     '`mount/write/test_papers.py::', 'there is no mount/write/test_papers.py::'),
    ('a lock that is gone', 'architecture', PAGE, '| `space.lock` |', '| `place.lock` |', 'there is no lock place.lock'),
    ("README's tree without a room", 'architecture', 'README.md', ' inode drop ', ' drop ',
     'README.md: fs/inode is not in the tree of the sources'),
    ("README's tree with a room too many", 'architecture', 'README.md', ' inode drop ', ' inode outbox drop ',
     'README.md: fs/outbox is no room'),
    ('locks the other way round', 'lock_order', 'fs/remote/planted.c', None,
     'void planted(struct remote *remote, struct listing *l)\n{\n    lock_take(&l->lock);\n'
     '    forget_planted(remote);\n    lock_give(&l->lock);\n}\n\n'
     'static void forget_planted(struct remote *remote)\n{\n    lock_take(&remote->lists_lock);\n}\n',
     'remote.lists_lock is taken while listing.lock is held, in planted > forget_planted'),
    ('a pair that nothing takes', 'lock_order', PAGE, '| what df says | |', '| what df says | `spool.lock` |',
     'nothing takes space.lock while spool.lock is held'),
    ('a row above what may be held', 'lock_order', PAGE, '| `drops.load_lock` | that one reads a folder\'s rows | |',
     '| `drops.load_lock` | that one reads a folder\'s rows | `drops.lock` |',
     'drops.lock may be held when drops.load_lock is taken, and does not stand above it'),
]


def lint(root, name='includes'):
    done = subprocess.run([sys.executable, Path(__file__).with_name(f'{name}.py'), root], check=False,
                          capture_output=True, text=True)
    return done.returncode, done.stdout


def find(copy, what, files, words):
    for name, text in files.items():
        assert not (copy / name).exists(), name
        (copy / name).write_text(text)
    status, said = lint(copy)
    for name in files:
        (copy / name).unlink()
    found = status == 1 and any(line.startswith(words) for line in said.split('\n'))
    if not found:
        print(f'{what}: not found. It said:\n{said}')
    return found


def change(copy, what, name, file, old, new, words):
    path = copy / file
    text = None if old is None else path.read_text()
    assert not path.exists() if old is None else old.startswith('(?s)') or old in text, f'{what}: {file}'
    path.write_text(new if old is None else re.sub(old, new, text, count=1) if old.startswith('(?s)')
                    else text.replace(old, new, 1))
    status, said = lint(copy, name)
    path.unlink()
    if old is not None:
        path.write_text(text)
    found = status == 1 and words in said
    if not found:
        print(f'{what}: not found. It said:\n{said}')
    return found


def door(copy):
    """A door that the page does not have."""
    page = copy / 'docs/MAINTAINING.md'
    text = page.read_text()
    page.write_text(text.replace('| `cache/` |', '| `cash/` |'))
    said = lint(copy)[1]
    page.write_text(text)
    if 'docs/MAINTAINING.md: cache/ may use' in said:
        return True
    print(f'a page without a room: not found. It said:\n{said}')
    return False


def main():
    root = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in ('base', 'backend', 'cache', 'fs', 'docs', 'tests'):
            shutil.copytree(root / name, copy / name)
        shutil.copy(root / 'README.md', copy)
        checked = [lint(copy, name) for name in ('includes', 'architecture', 'lock_order')]
        status, said = any(row[0] for row in checked), ''.join(row[1] for row in checked)
        found = [find(copy, *row) for row in PLANTED] + [door(copy)]
        found += [change(copy, *row) for row in CHANGED]
    if status:
        print(f'the copy as it is has problems:\n{said}')
    print(f'{len(found)} planted, {sum(found)} found')
    sys.exit(1 if status or not all(found) else 0)


if __name__ == '__main__':
    main()
