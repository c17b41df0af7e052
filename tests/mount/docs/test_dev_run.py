"""./dev run builds two programs, and says what it does when it is run again."""
import os
import subprocess
from pathlib import Path

import pytest

from mounted import COMMAND_SECONDS, mount_type
from server import program

ROOT = Path(__file__).parents[3]
STUB = '''#!/bin/sh
echo "$(basename "$0") $*" >> "$CALLS"
'''
MESON = STUB + '''[ "$1" != setup ] || { mkdir -p "$2" && touch "$2/build.ninja"; }
'''
NINJA = STUB + '''cp --remove-destination "$PROGRAMS"/lasfs "$PROGRAMS"/lasfs-sandbox "$2"
'''
DPKG = STUB + '''for last; do :; done
[ "$last" = libcmocka-dev ] || echo installed
'''


class Dev:
    """./dev with a build directory of its own, and builders that only say what they were told."""

    def __init__(self, folder):
        self.folder, self.build, self.calls = folder, folder / 'build', folder / 'calls'
        self.mount = folder / 'mnt'
        tools = folder / 'bin'
        tools.mkdir()
        for name, text in {'meson': MESON, 'ninja': NINJA, 'dpkg-query': DPKG, 'apt-get': STUB,
                           'sudo': STUB}.items():
            (tools / name).write_text(text)
            (tools / name).chmod(0o755)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(('XDG_', 'LAS_'))}
        self.env = {**kept, 'PATH': f'{tools}:{kept["PATH"]}', 'CALLS': str(self.calls),
                    'PROGRAMS': str(Path(program('lasfs')).resolve().parent),
                    'LASFS_BUILD': str(self.build), 'HOME': str(folder),
                    'XDG_DATA_HOME': str(folder / 'data')}

    def __call__(self, *arguments):
        self.calls.write_text('')
        ran = subprocess.run([ROOT / 'dev', *map(str, arguments)], env=self.env, text=True,
                             stdin=subprocess.DEVNULL, capture_output=True, check=False,
                             timeout=COMMAND_SECONDS)
        assert ran.returncode == 0, ran
        return ran.stdout

    def called(self, *names):
        return [line for line in self.calls.read_text().splitlines() if line.split()[0] in names]

    def unmount(self):
        subprocess.run([program('lasfs'), '--unmount', str(self.mount)], check=True,
                       timeout=COMMAND_SECONDS)


@pytest.fixture
def dev(tmp_path):
    dev = Dev(tmp_path)
    yield dev
    if mount_type(dev.mount):
        dev.unmount()


def test_it_builds_the_two_programs_and_nothing_for_tests(dev):
    out = dev('run', dev.mount)
    assert dev.called('meson', 'ninja') == [f'meson setup {dev.build} --werror -Dtests=disabled',
                                            f'ninja -C {dev.build} lasfs lasfs-sandbox']
    assert dev.called('apt-get', 'sudo') == []
    assert out.endswith(f'\nThe mount stays at {dev.mount}, and what you do in it stays too. '
                        f'To end it:  {dev.build}/lasfs --unmount {dev.mount}\n')
    assert 'an earlier run' not in out
    assert mount_type(dev.mount) == 'fuse.lasfs'


def test_a_second_run_says_that_it_is_there_already(dev):
    dev('run', dev.mount)
    assert dev('run', dev.mount) == (f'lasfs is mounted on {dev.mount} already. '
                                     f'To end it:  {dev.build}/lasfs --unmount {dev.mount}\n')


def test_a_run_after_the_end_says_that_the_sandbox_was_kept(dev):
    dev('run', dev.mount)
    dev.unmount()
    out = dev('run', dev.mount)
    first, second, third = out.splitlines()[:3]
    assert first == 'The sandbox goes on with what an earlier run has left in it:'
    assert second.endswith(f' {dev.folder}/data/lasfs/sandbox')
    assert third == f'To begin anew, end it and:  {dev.build}/lasfs-sandbox --reset'


def test_a_mount_whose_program_was_killed_is_taken_over(dev):
    dev('run', dev.mount)
    status = (dev.mount / '.lasfs/status').read_text()
    pid, = [int(line.split()[1]) for line in status.splitlines() if line.startswith('pid ')]
    os.kill(pid, 9)
    assert 'already' not in dev('run', dev.mount)
    assert 'documents' in os.listdir(dev.mount)


def test_a_build_after_a_run_has_the_tests(dev):
    dev('run', dev.mount)
    dev('build')
    assert dev.called('meson', 'ninja') == [f'meson configure {dev.build} -Dtests=enabled',
                                            f'ninja -C {dev.build}']
    dev('build')
    assert dev.called('meson', 'ninja') == [f'ninja -C {dev.build}']


def test_a_run_leaves_a_build_directory_as_it_is(dev):
    dev('build')
    assert dev.called('meson') == [f'meson setup {dev.build} --werror -Dtests=enabled']
    dev('run', dev.mount)
    assert dev.called('meson', 'ninja') == [f'ninja -C {dev.build} lasfs lasfs-sandbox']
