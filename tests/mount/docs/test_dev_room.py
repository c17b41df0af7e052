"""./dev test --room ROOM runs the unit tests of a room, and the tests of its features."""
import re
import subprocess
import sys

from server import BUILD, ROOT


def collect(*arguments):
    """What run.py, which ./dev test ends in, would run; the unit tests are run."""
    return subprocess.run([sys.executable, ROOT / 'tests/lib/run.py', '--build', BUILD, *arguments,
                           '--collect-only', '-q'], capture_output=True, text=True, timeout=150, check=False)


def test_a_room_has_its_unit_tests_and_those_of_its_features():
    ran = collect('--room', 'path')
    assert ran.returncode == 0, ran.stdout + ran.stderr
    units = set(re.findall(r'lasfs:unit\+(\w+) / (test_\w+) +OK', ran.stdout))
    assert ('path', 'test_route') in units and {room for room, _ in units} == {'path'}
    files = set(re.findall(r'^([\w/]+\.py)::', ran.stdout, re.M))
    assert {'mount/write/test_scratch_folders.py', 'fault/test_hostile_ids.py'} <= files
    assert 'mount/daemon/test_log.py' not in files


def test_a_room_of_the_sandbox_has_the_unit_tests_of_all_of_them():
    ran = collect('--room', 'backend/sandbox/seed')
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert set(re.findall(r'lasfs:unit\+(\w+) / ', ran.stdout)) == {'sandbox'}
    assert set(re.findall(r'^([\w/]+\.py)::', ran.stdout, re.M)) == {'sandbox/test_import.py'}


def test_no_such_room():
    ran = collect('--room', 'attic')
    assert ran.returncode == 1 and ran.stdout == ''
    assert ran.stderr.startswith('no room is called attic; there are: base api record http ')
