"""docs/ARCHITECTURE.md as its readers in tests/ need it: its sections, its tables, its features.

Usage: page.py ROOT WORD, a line for each feature that speaks of WORD: its rooms and its tests.
"""
import re
import sys
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'lint'))

from includes import ROOMS, short_name  # noqa: E402

PAGE = 'docs/ARCHITECTURE.md'


class Feature(NamedTuple):
    name: str
    rooms: list
    tests: list  # below tests/; a * is any part of a name


def section(text, title):
    """What stands under '## TITLE'; empty when there is no such section."""
    found = re.search(rf'^## {re.escape(title)}\n(.*?)(?=^## |\Z)', text, re.S | re.M)
    return found[1] if found else ''


def table(text):
    """The rows of the tables in text, each a list of cells, without their heads."""
    rows = [line.strip().strip('|').split(' | ') for line in text.split('\n') if line.startswith('|')]
    rule = [i for i, cells in enumerate(rows) if set(''.join(cells)) <= set('-| :')]
    heads = {i - 1 for i in rule} | set(rule)
    return [[cell.strip() for cell in cells] for i, cells in enumerate(rows) if i not in heads]


def quoted(cell):
    return re.findall(r'`([^`]+)`', cell)


def features(root):
    rows = table(section((root / PAGE).read_text(), 'Features'))
    return [Feature(row[0], quoted(row[1]), quoted(row[2])) for row in rows]


def rooms_called(name):
    """'drop' and 'fs/drop' are one room, 'sandbox' is all of backend/sandbox/."""
    return [room for room in ROOMS if name in (room, short_name(room))]


def tests_of(root, rooms):
    """The files of tests that the page names for these rooms, each once."""
    found = []
    for feature in features(root):
        if set(rooms) & set(feature.rooms):
            for pattern in feature.tests:
                found += [path for path in sorted((root / 'tests').glob(pattern)) if path not in found]
    return found


def main():
    root, word = Path(sys.argv[1]), sys.argv[2].lower()
    for feature in features(root):
        line = f'{feature.name}: {" ".join(feature.rooms)}: {" ".join(feature.tests)}'
        if word in line.lower():
            print(line)


if __name__ == '__main__':
    main()
