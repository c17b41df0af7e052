#!/usr/bin/python3
"""Runs all tests, each with its own runner, and fails the run for what they leave behind.

Usage: run.py --build DIR [--room ROOM] [PYTEST-ARGUMENT...]

Of a room these are its unit tests, and what docs/ARCHITECTURE.md names for its features.
A mount, a process or a file that is still there at the end is removed, named, and an error.
"""
import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from page import ROOMS, rooms_called, short_name, tests_of

ROOT = Path(__file__).resolve().parents[2]
TEST_SECONDS = 180
MEMORY = '/dev/shm'
MEMORY_BYTES = 4 << 30  # what has to be free there
NOTHING_CHOSEN = 5  # pytest's word for a -k that fits none
# Most tests wait most of the time: files run side by side, each in one process, in its order. Those
# of faults measure times, and are by themselves, two at once, but for these.
SIDE_BY_SIDE = ['-n', '3', '--dist', 'loadfile']
TWO_AT_ONCE = ['-n', '2', '--dist', 'loadfile']
UNTIMED = [f'tests/fault/test_{name}.py' for name in (
    'content_cache', 'every_step', 'full_disk', 'hostile_ids', 'hostile_words', 'lost_answers', 'lost_answers_today',
    'replacement_faults', 'torture', 'torture_judge')]
RUNS = ([*SIDE_BY_SIDE, 'tests/sandbox', *UNTIMED, 'tests/mount'],
        [*TWO_AT_ONCE, 'tests/fault', *(f'--ignore={name}' for name in UNTIMED)])


def parent_folder():
    """In memory where it has room, for nothing of it is kept; TMPDIR says otherwise. Sockets in it have
    108 bytes for their whole paths."""
    try:
        memory = os.statvfs(MEMORY)
    except OSError:
        return None
    fits = memory.f_bavail * memory.f_frsize >= MEMORY_BYTES
    return MEMORY if fits and not memory.f_flag & os.ST_NOEXEC and 'TMPDIR' not in os.environ else None


def mounts_under(folder):
    found = []
    with open('/proc/self/mounts', encoding='utf-8', errors='surrogateescape') as f:
        for line in f:
            point = line.split(' ')[1].replace('\\040', ' ')
            if point == folder or point.startswith(folder + '/'):
                found.append(point)
    return found


def processes_of(folder, mark):
    """What was started by this run: its environment or its command line says so."""
    found = {}
    for entry in Path('/proc').glob('[0-9]*'):
        pid = int(entry.name)
        if pid == os.getpid():
            continue
        try:
            command = (entry / 'cmdline').read_bytes()
            environ = b''
            try:
                environ = (entry / 'environ').read_bytes()
            except PermissionError:
                pass  # not dumpable, or another user's: its command line has to do
            if command and (folder.encode() in command or mark.encode() in environ):
                found[pid] = command.replace(b'\0', b' ').decode(errors='replace').strip()
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def files_left(folder):
    """All that is not the folder of pytest's own temporary directories."""
    return [str(p) for top in ('tmp', 'home') for p in sorted((Path(folder) / top).rglob('*'))]


def wait_for_processes(folder, mark, seconds=5):
    """A daemon may need a moment after its mount is gone."""
    deadline = time.monotonic() + seconds
    while True:
        found = processes_of(folder, mark)
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


def clean_up(folder, mark):
    """Removes what is left; what it was, as lines."""
    processes = wait_for_processes(folder, mark)
    lines = [f'a mount: {point}' for point in mounts_under(folder)]
    lines += [f'a process: {pid} {command}' for pid, command in processes.items()]
    lines += [f'a file: {path}' for path in files_left(folder)]
    for pid in processes:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    for point in reversed(mounts_under(folder)):
        subprocess.run(['fusermount3', '-u', '-z', point], check=False)
    if mounts_under(folder):
        lines.append(f'{folder} is kept: something is still mounted in it')
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return lines


def plan(room, more):
    """What to run: arguments of meson test, or None, and those of each run of pytest."""
    if room is None:
        chosen = any(not a.startswith('-') and (ROOT / a.partition('::')[0]).exists() for a in more)
        return (None, [[]]) if chosen else ([], RUNS)
    rooms = rooms_called(room)
    if not rooms:
        sys.exit(f'no room is called {room}; there are: {" ".join(dict.fromkeys(map(short_name, ROOMS)))}')
    suites = {short_name(one) for one in rooms if (ROOT / 'tests/unit' / short_name(one)).is_dir()}
    files = [str(path.relative_to(ROOT)) for path in tests_of(ROOT, rooms)]
    alone = [file for file in files if file.startswith('tests/fault/') and file not in UNTIMED]
    others = [file for file in files if file not in alone]
    return ([f'--suite={suite}' for suite in sorted(suites)] if suites else None,
            [run for run in ([*SIDE_BY_SIDE, *others] if others else [],
                         [*TWO_AT_ONCE, *alone] if alone else []) if run])


def main():
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument('--build', type=Path, required=True)
    parser.add_argument('--room')
    own, more = parser.parse_known_args()
    build = own.build
    units, runs = plan(own.room, more)
    folder = os.path.realpath(tempfile.mkdtemp(prefix='lasfs-', dir=parent_folder()))
    mark = f'LASFS_TEST_RUN={os.path.basename(folder)}'
    for name in ('tmp', 'home'):
        os.mkdir(os.path.join(folder, name))
    environment = {k: v for k, v in os.environ.items() if not k.startswith(('LAS_', 'XDG_'))}
    environment.update(TMPDIR=folder + '/tmp', HOME=folder + '/home', PYTHONDONTWRITEBYTECODE='1',
                       LASFS_TEST_RUN=mark.partition('=')[2], LASFS_BUILD=str(build.resolve()),
                       CCACHE_DISABLE='1')  # where there is one: it would keep files in HOME
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    status = 1
    try:
        status = 0 if units is None else subprocess.run(
            ['meson', 'test', '-C', str(build), '--no-rebuild', '--print-errorlogs', *units], cwd=ROOT,
            env=environment, check=False).returncode
        for run in runs:
            ended = subprocess.run(
                [sys.executable, '-m', 'pytest', f'--basetemp={folder}/pytest',
                 f'--timeout={TEST_SECONDS}', '--durations=10', *run, *more],
                cwd=ROOT, env=environment, check=False).returncode
            status |= 0 if ended == NOTHING_CHOSEN and more else ended
    finally:
        left = clean_up(folder, mark)
        for line in left:
            print(f'left behind by the tests: {line}', file=sys.stderr)
    sys.exit(1 if status or left else 0)


if __name__ == '__main__':
    main()
