#!/usr/bin/python3
"""How much of each room its unit tests run: a line a room, and an error for a room below its floor.

Usage: coverage.py ROOT BUILD, a build directory with -Db_coverage=true in which the unit tests have
run. What mounts says nothing here: a room is to be tested without the ones above it.
"""
import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'lint'))

from includes import ROOMS  # noqa: E402

# Percent of a room's lines that may not become less. A room that has reached 80 gets a row.
FLOORS = {
    'base': 90,
    'backend/api': 80,
    'backend/record': 90,
    'backend/http': 90,
    'backend/auth': 80,
    'backend/client': 90,
    'cache': 90,
    'fs/core': 80,
    'fs/path': 95,
    'fs/drop': 90,
    'fs/remote': 95,
    'fs/upload': 90,
    'fs/inode': 95,
    'fs/pseudo': 90,
    'fs/dir': 90,
    'fs/file': 90,
    'fs/vfs': 90,
    'fs/fuse': 90,
}


def counted(build):
    """Source -> line -> how often it ran, by gcov. What no test has linked has no .gcda: 0."""
    notes = [path for path in build.rglob('*.gcno') if build / 'tests' not in path.parents]
    said = subprocess.run(['gcov', '--json-format', '--stdout', *notes], cwd=build, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    found = {}
    for part in (json.loads(line) for line in said.splitlines() if line):
        for file in part['files']:
            lines = found.setdefault((Path(part['current_working_directory']) / file['file']).resolve(), {})
            for line in file['lines']:
                number = line['line_number']
                lines[number] = max(lines.get(number, 0), line['count'])
    return found


def rows(root, found):
    """(room, files, lines, lines that ran)"""
    for room in ROOMS:
        files = [path for path in found if path.suffix == '.c' and path.parent == root / room]
        counts = [count for path in files for count in found[path].values()]
        yield room, len(files), len(counts), sum(count > 0 for count in counts)


def main():
    root, build = (Path(argument).resolve() for argument in sys.argv[1:3])
    low = []
    print(f'{"room":24}{"files":>6}{"lines":>8}{"unit tests run":>16}')
    for room, files, lines, ran in rows(root, counted(build)):
        percent = 100 * ran / lines if lines else 0
        floor = FLOORS.get(room)
        note = '' if floor is None else f'   floor {floor} %'
        print(f'{room:24}{files:6}{lines:8}{percent:14.1f} %{note}')
        if floor is not None and percent < floor:
            low.append(f'{room}: unit tests run {percent:.1f} % of its lines; its floor is {floor} %')
    for line in low:
        print(line, file=sys.stderr)
    sys.exit(1 if low else 0)


if __name__ == '__main__':
    main()
