#!/usr/bin/python3
"""Every source is built and every test is run: no file is forgotten beside a meson.build.

Usage: registered.py ROOT
"""
import re
import sys
from pathlib import Path

FOLDERS = ('base', 'backend', 'backend/sandbox', 'cache', 'fs')


def main():
    root = Path(sys.argv[1])
    problems = []
    programs = re.findall(r"'([\w./]+\.c)'", (root / 'meson.build').read_text())
    for folder in FOLDERS:
        listed = set(re.findall(r"'([\w.]+\.c)'", (root / folder / 'meson.build').read_text()))
        there = {p.name for p in (root / folder).glob('*.c') if f'{folder}/{p.name}' not in programs}
        problems += [f'{folder}/{name}: not in {folder}/meson.build' for name in there - listed]
    listed = set(re.findall(r"'(test_\w+)'", (root / 'tests/meson.build').read_text()))
    there = {p.stem for p in (root / 'tests/unit').glob('test_*.c')}
    problems += [f'tests/unit/{name}.c: not in tests/meson.build' for name in there - listed]
    fuzzers = re.search(r'fuzzers = \{(.*?)\}', (root / 'tests/meson.build').read_text(), re.S)[1]
    problems += [f'tests/fuzz/{p.name}: not in tests/meson.build'
                 for p in (root / 'tests/fuzz').glob('fuzz_*.c') if f"'{p.stem[5:]}'" not in fuzzers]
    for path in (root / 'tests').glob('*/test_*.py'):
        if path.parent.name not in ('sandbox', 'mount', 'fault'):
            problems.append(f'{path.relative_to(root)}: no runner looks into this folder')
    for problem in sorted(problems):
        print(problem)
    print(f'{len(there)} unit tests, {len(problems)} problems')
    sys.exit(1 if problems else 0)


if __name__ == '__main__':
    main()
