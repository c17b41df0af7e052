"""./dev coverage counts what unit tests run of each room, and holds the floors of those that have one."""
import subprocess
import sys

import pytest

from server import ROOT

COUNT = ROOT / 'tests/lib/coverage.py'
HALF = 'int half(int x);\nint half(int x)\n{\n    if (x)\n        return 1;\n    return 0;\n}\n'
NEVER = 'int never(void);\nint never(void)\n{\n    return 2;\n}\n'


@pytest.fixture
def tree(tmp_path):
    """A tree with two rooms, base/ and fs/path/, and a test that runs main() and a part of base/."""

    def make(argument):
        build = tmp_path / 'build'
        for name, text in {'base/half.c': HALF, 'fs/path/never.c': NEVER,
                           'tests/run.c': f'int half(int x);\nint main(void) {{ return half({argument}) * 0; }}\n'
                           }.items():
            (tmp_path / name).parent.mkdir(parents=True)
            (build / name).parent.mkdir(parents=True)
            (tmp_path / name).write_text(text)
            subprocess.run(['gcc', '--coverage', '-O0', '-c', f'../{name}', '-o', f'{name}.o'], cwd=build,
                           check=True)
        subprocess.run(['gcc', '--coverage', 'base/half.c.o', 'tests/run.c.o', '-o', 'run'], cwd=build,
                       check=True)
        subprocess.run(['./run'], cwd=build, check=True)
        return subprocess.run([sys.executable, COUNT, tmp_path, build], capture_output=True, text=True,
                              check=False)
    return make


def test_a_room_is_a_line_with_its_percentage(tree):
    ran = tree(1)
    lines = {line.split()[0]: line.split()[1:] for line in ran.stdout.splitlines()}
    assert lines['base'][:4] == ['1', '4', '75.0', '%']  # of four lines three: not the last
    assert lines['fs/path'][:3] == ['1', '2', '0.0']  # no test has linked it: it counts all the same
    assert lines['fs/vfs'][:3] == ['0', '0', '0.0'] and 'tests' not in lines


def test_a_room_below_its_floor_is_an_error(tree):
    ran = tree(0)
    assert ran.returncode == 1
    assert 'base: unit tests run 75.0 % of its lines; its floor is 90 %' in ran.stderr.splitlines()
