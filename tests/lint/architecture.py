#!/usr/bin/python3
"""docs/ARCHITECTURE.md and README.md's tree of the rooms say what is so.

Every room is drawn, above those that it uses; every function, file and test that the page names is
there; every test stands at a feature, every lock in the table of locks. Usage: architecture.py ROOT
"""
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'lib'))

from includes import ROOMS, sources  # noqa: E402
from page import PAGE, features, quoted, section, table  # noqa: E402

TESTED = ('mount', 'fault', 'sandbox')
MUTEX = re.compile(r'^\s+(?:struct lock|pthread_(?:mutex|rwlock|spinlock)_t) (\w+);', re.M)
STRUCT = re.compile(r'^struct (\w+) \{\n(.*?)^\}', re.S | re.M)


def check_drawing(page):
    """Each room once, and lower than all that use it."""
    drawing = re.search(r'```\n(.*?)```', section(page, 'The rooms'), re.S)
    at = {}
    for number, line in enumerate(drawing[1].split('\n') if drawing else []):
        for cell in re.findall(r'\| ([a-z][\w/]*)', line):
            if cell not in ROOMS:
                yield f'{PAGE}: {cell} is drawn, and is no room'
            elif cell in at:
                yield f'{PAGE}: {cell} is drawn twice'
            at[cell] = number
    for room, row in ROOMS.items():
        if room not in at:
            yield f'{PAGE}: {room} is not drawn'
        for used in row.uses + (() if room == 'base' else ('base',)):
            if room in at and at[room] >= at.get(used, at[room] + 1):
                yield f'{PAGE}: {room} uses {used}, and is not drawn above it'


def check_readme(root):
    """Its tree: FOLDER/ what it is, or FOLDER/ what it is: ROOM ROOM ..."""
    block = re.search(r'```\n(.*?)```', section((root / 'README.md').read_text(), 'The sources'), re.S)
    said = set()
    for folder, rooms in re.findall(r'^(\S+)/ +[^:\n]*(?:: (.*))?$', block[1] if block else '', re.M):
        said |= {f'{folder}/{room}' for room in rooms.split()} | {folder}
    said = {room for room in said if room in ROOMS or room.count('/')}
    yield from (f'README.md: {room} is not in the tree of the sources' for room in ROOMS if room not in said)
    yield from (f'README.md: {room} is no room' for room in said if room not in ROOMS)


def all_sources(root):
    return {path: path.read_text() for room in ROOMS for path in sources(root, room)}


def check_names(root, page, texts):
    """`word()` is a function, `a_word` and `A_WORD` stand in a source, `path/file.ext` is a file."""
    every = '\n'.join(texts.values())
    defined = set(re.findall(r'^\w[\w *]*?(\w+)\([^;{]*\)\n\{', every, re.M))
    for name in quoted(re.sub(r'```.*?```', '', page, flags=re.S)):
        if re.fullmatch(r'\w+\(\)', name) and name[:-2] not in defined:
            yield f'{PAGE}: there is no function {name}'
        elif re.fullmatch(r'[a-z]+(_[a-z]+)+|[A-Z]+(_[A-Z]+)+', name) and name not in every:
            yield f'{PAGE}: no source has {name}'
        elif re.fullmatch(r'[\w*/-]+/[\w*-]+\.(py|c|h|md)', name) and not (
                [*root.glob(name)] or [*(root / 'tests').glob(name)]):
            yield f'{PAGE}: there is no {name}'


def locks(texts):
    """struct.member of every lock that lives in a struct."""
    return {f'{struct}.{member}' for text in texts.values() for struct, body in STRUCT.findall(text)
            for member in MUTEX.findall(body) if struct != 'lock'}


def check_locks(page, texts):
    there = locks(texts)
    said = [name for row in table(section(page, 'Locks')) for name in quoted(row[0])]
    yield from (f'{PAGE}: {name} is not in the table of locks' for name in there - set(said))
    yield from (f'{PAGE}: there is no lock {name}' for name in sorted(set(said) - there))
    yield from (f'{PAGE}: the lock {name} stands there twice' for name in set(said) if said.count(name) > 1)


def check_features(root):
    rows = features(root)
    named = set()
    for row in rows:
        yield from (f'{PAGE}: "{row.name}": {room} is no room' for room in row.rooms if room not in ROOMS)
        for pattern in row.tests:
            files = [path for path in (root / 'tests').glob(pattern) if path.name.startswith('test_')]
            if not files:
                yield f'{PAGE}: "{row.name}": there is no tests/{pattern}'
            named.update(files)
    for folder in TESTED:
        yield from (f'{PAGE}: {path.relative_to(root)} stands at no feature'
                    for path in sorted((root / 'tests' / folder).rglob('test_*.py')) if path not in named)
    rooms = {room for row in rows for room in row.rooms}
    yield from (f'{PAGE}: {room} has no feature' for room in ROOMS if room not in rooms)


def main():
    root = Path(sys.argv[1])
    page = (root / PAGE).read_text()
    texts = all_sources(root)
    problems = [*check_drawing(page), *check_readme(root), *check_names(root, page, texts),
                *check_locks(page, texts), *check_features(root)]
    for problem in sorted(problems):
        print(problem)
    print(f'{len(locks(texts))} locks, {len(features(root))} features, {len(problems)} problems')
    sys.exit(1 if problems else 0)


if __name__ == '__main__':
    main()
