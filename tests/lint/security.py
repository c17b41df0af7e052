#!/usr/bin/python3
"""Holds SECURITY.md to its tests: each that it names is there, and each line of its tables names one.

Usage: security.py ROOT
"""
import re
import sys
from pathlib import Path

NAMED = re.compile(r'`((?:unit|mount|sandbox|fault|install|lint)/[\w/]+\.(?:c|py))(?:::(\w+))?`')


def functions(path):
    """The names of the tests in a file."""
    text = path.read_text()
    return set(re.findall(r'^static void (\w+)\(void \*\*state\)' if path.suffix == '.c' else
                          r'^def (test_\w+)', text, re.M))


def problems(root):
    page = (root / 'SECURITY.md').read_text()
    for row in re.findall(r'^\| (?!What |---)(.*) \|$', page, re.M):
        if not NAMED.search(row.rpartition(' | ')[2]):
            yield f'no test shows that {row}'
    for file, name in NAMED.findall(page):
        path = root / 'tests' / file
        if not path.exists():
            yield f'there is no tests/{file}'
        elif name and name not in functions(path):
            yield f'tests/{file} has no {name}'
    if '](SECURITY.md)' not in (readme := (root / 'README.md').read_text()) and '`SECURITY.md`' not in readme:
        yield 'README.md does not name it'


def main():
    found = [f'SECURITY.md: {problem}' for problem in problems(Path(sys.argv[1]))]
    for problem in found:
        print(problem)
    print(f'{len(found)} problems')
    sys.exit(1 if found else 0)


if __name__ == '__main__':
    main()
