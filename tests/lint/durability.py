#!/usr/bin/python3
"""Holds docs/durability.md to its word: each row names tests, and each of them is there.

Usage: durability.py ROOT
"""
import re
import sys
from pathlib import Path

TEST = re.compile(r'`([a-z_/]+\.py)::(\w+)`')


def problems(root):
    page = (root / 'docs/durability.md').read_text()
    rows = [line for line in page.splitlines() if line.startswith('| ') and '---' not in line]
    rows = [row for row in rows if not row.startswith('| What |')]
    if len(rows) < 10:
        yield 'there are hardly any rows'
    for row in rows:
        named = TEST.findall(row)
        if not named:
            yield f'no test: {row[:60]}'
        for file, test in named:
            path = root / 'tests' / file
            if not path.is_file() or f'def {test}(' not in path.read_text():
                yield f'there is no {file}::{test}'


def main():
    found = list(problems(Path(sys.argv[1])))
    for problem in found:
        print(f'docs/durability.md: {problem}')
    sys.exit(1 if found else 0)


if __name__ == '__main__':
    main()
