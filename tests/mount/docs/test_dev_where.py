"""./dev where says which rooms, files and tests speak of a word."""
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[3]


def where(*words):
    return subprocess.run([ROOT / 'dev', 'where', *words], capture_output=True, text=True,
                          timeout=60, check=False)


def test_a_room_is_a_line_with_its_files():
    ran = where('heartbeat')
    assert ran.returncode == 0 and ran.stderr == ''
    rooms = {line.split()[0]: line.split()[1:] for line in ran.stdout.partition('\n\n')[0].splitlines()}
    assert 'lease.c' in rooms['fs/remote'] and 'kind_heartbeat.c' in rooms['fs/file']
    assert 'test_executions.py' in rooms['tests/mount/resources']
    assert all((ROOT / room / name).is_file() for room, names in rooms.items() for name in names)


def test_below_them_are_the_features():
    features = where('heartbeat').stdout.partition('\n\n')[2].splitlines()
    name, rooms, tests = next(line for line in features if line.startswith('Executions')).split(': ')
    assert name == 'Executions and their heartbeat' and 'fs/remote' in rooms.split()
    assert tests == 'mount/resources/test_executions.py'


def test_a_word_of_no_feature():
    assert '\n\n' not in where('ARRAY_LEN').stdout


def test_a_word_that_nothing_speaks_of():
    word = 'heart' + 'beatle'  # else it would be here
    ran = where(word)
    assert ran.returncode == 1 and ran.stdout == ''
    assert ran.stderr == f"dev: nothing speaks of '{word}'\n"


def test_no_word():
    assert where().returncode == 1
