#!/usr/bin/python3
"""Every source is built and every test is run: no file is forgotten beside a meson.build.

Usage: registered.py ROOT
"""
import re
import sys
from pathlib import Path

from includes import ROOMS, short_name


def unit_tests(root):
    """(folder, name) of each row of unit_tests in tests/meson.build"""
    text = (root / 'tests/meson.build').read_text()
    table = re.search(r'^unit_tests = \{\n(.*?)^\}', text, re.S | re.M)[1]
    return {(room, name) for room, rows in re.findall(r"^  '(\w+)': \{\n(.*?)^  \},", table, re.S | re.M)
            for name in re.findall(r"^    '(test_\w+)': ", rows, re.M)}


def check_unit(root):
    listed = unit_tests(root)
    there = {(p.parent.name, p.stem) for p in (root / 'tests/unit').glob('*/test_*.c')}
    rooms = {short_name(room) for room in ROOMS}
    yield from (f'tests/unit/{room}/{name}.c: not in tests/meson.build' for room, name in there - listed)
    yield from (f'tests/unit/{room}/: no room is called so' for room, _ in there if room not in rooms)
    yield from (f'tests/unit/{p.name}: belongs into the folder of its room'
                for p in (root / 'tests/unit').glob('*.c'))


def check_python(root):
    """All are in a folder that a runner looks into; those of mounts in one that says what they are about."""
    for path in (root / 'tests').rglob('test_*.py'):
        folder = path.parent.relative_to(root / 'tests').parts
        if folder[:1] == ('mount',) and len(folder) == 2:
            if not (path.parent / '__init__.py').exists():
                yield f'{path.parent.relative_to(root)}/: without __init__.py its names would have to be new ones'
        elif folder == ('mount',):
            yield f'{path.relative_to(root)}: belongs into the folder of what it is about'
        elif folder not in (('sandbox',), ('fault',), ('install',)):
            yield f'{path.relative_to(root)}: no runner looks into this folder'


def main():
    root = Path(sys.argv[1])
    problems = []
    programs = re.findall(r"'([\w./]+\.c)'", (root / 'meson.build').read_text())
    for folder in ROOMS:
        listed = set(re.findall(r"'([\w.]+\.c)'", (root / folder / 'meson.build').read_text()))
        there = {p.name for p in (root / folder).glob('*.c') if f'{folder}/{p.name}' not in programs}
        problems += [f'{folder}/{name}: not in {folder}/meson.build' for name in there - listed]
    problems += check_unit(root)
    fuzzers = re.search(r'fuzzers = \{(.*?)\}', (root / 'tests/meson.build').read_text(), re.S)[1]
    problems += [f'tests/fuzz/{p.name}: not in tests/meson.build'
                 for p in (root / 'tests/fuzz').glob('fuzz_*.c') if f"'{p.stem[5:]}'" not in fuzzers]
    problems += check_python(root)
    for problem in sorted(problems):
        print(problem)
    print(f'{len(unit_tests(root))} unit tests, {len(problems)} problems')
    sys.exit(1 if problems else 0)


if __name__ == '__main__':
    main()
