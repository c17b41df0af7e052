""".lasfs/errors: kept over mounts, bounded, and a file that can be followed."""
import contextlib
import os
import re
import stat
import subprocess

import pytest

from mounted import eventually

SOON = 3  # seconds: tail looks each second, and the machine is busy


@pytest.fixture
def failing(mount):
    """mount.fail(NAME) makes a line that has NAME in it, and leaves nothing else behind."""
    mount.allow(r'close /secrets/\S+\.json')

    def fail(name):
        with pytest.raises(OSError):
            (mount / 'secrets' / f'{name}.json').write_text('no JSON')
    mount.fail = fail
    mount.page = mount / '.lasfs/errors'
    mount.file = mount.state / 'errors'
    return mount


@contextlib.contextmanager
def following(mount, *command):
    """The output so far of a program that follows the page, as a function."""
    out = mount.folder / 'followed'
    with open(out, 'wb') as f:
        process = subprocess.Popen([*command, mount.page], stdin=subprocess.DEVNULL, stdout=f,
                                   stderr=f, env={**os.environ, 'LC_ALL': 'C'})
    try:
        yield out.read_text
    finally:
        process.kill()
        process.wait()


def names(text):
    return re.findall(r'/(\w+)\.json:', text)


@pytest.mark.parametrize('command', [
    ['tail', '-f'], ['tail', '-n', '+1', '-F'], ['tail', '-n', '100', '-f']], ids=' '.join)
def test_tail_shows_a_later_failure(failing, command):
    failing.fail('first')
    with following(failing, *command) as text:
        eventually(lambda: names(text()) == ['first'], SOON)
        for name in ('second', 'third'):
            failing.fail(name)
            eventually(lambda: name in text(), SOON, name)  # noqa: B023
        assert names(text()) == ['first', 'second', 'third']


def test_tail_of_an_empty_page_shows_the_first_failure(failing):
    with following(failing, 'tail', '-n', '+1', '-f') as text:
        # it is at its end by then
        eventually(lambda: any(os.readlink(fd).endswith('.lasfs/errors')
                               for fd in open_files(failing)), SOON)
        failing.fail('first')
        eventually(lambda: names(text()) == ['first'], SOON)


def open_files(mount):
    """The descriptors of programs on the mount, as links of /proc."""
    for pid in filter(str.isdigit, os.listdir('/proc')):
        with contextlib.suppress(OSError):
            for fd in os.listdir(f'/proc/{pid}/fd'):
                link = f'/proc/{pid}/fd/{fd}'
                if os.readlink(link).startswith(str(mount.path) + '/'):
                    yield link


def test_less_follows_it(failing):
    failing.fail('first')
    out = failing.folder / 'less'
    with open(out, 'wb') as f:  # a terminal of its own, by script(1)
        process = subprocess.Popen(
            ['script', '-qfec', f'less +F {failing.page}', '/dev/null'], stdin=subprocess.PIPE,
            stdout=f, stderr=f, env={**os.environ, 'TERM': 'vt100', 'LESSHISTFILE': '-', 'LC_ALL': 'C'})
    try:
        eventually(lambda: b'first' in out.read_bytes(), SOON)
        failing.fail('second')
        eventually(lambda: b'second' in out.read_bytes(), SOON)
    finally:
        process.stdin.write(b'\x03q')  # to its terminal: the end of following, and of less
        process.stdin.close()
        process.wait(SOON * 2)


def test_an_open_page_grows_and_says_how_long_it_is(failing):
    failing.fail('first')
    with open(failing.page, 'rb', buffering=0) as f:
        before = f.read()
        assert os.fstat(f.fileno()).st_size == len(before)
        failing.fail('second')
        assert os.fstat(f.fileno()).st_size == os.stat(failing.page).st_size > len(before)
        assert names(f.read().decode()) == ['second']
        assert f.read() == b''
    assert len(failing.page.read_bytes()) == os.stat(failing.page).st_size


def test_its_mtime_is_that_of_the_newest_line(failing):
    before = os.stat(failing.page).st_mtime_ns
    failing.fail('first')
    assert os.stat(failing.page).st_mtime_ns > before


def test_it_cannot_be_changed(failing):
    failing.allow('cannot be changed', 'not permitted')
    failing.fail('first')
    for script in ('echo x > .lasfs/errors', 'echo x >> .lasfs/errors', 'truncate -s 0 .lasfs/errors',
                   'mv .lasfs/errors .lasfs/errors.tmp', 'rm .lasfs/errors'):
        failing.run(script, status=1)
    assert names(failing.page.read_text()) == ['first']


def test_a_follower_sees_each_line_once_while_the_oldest_are_dropped(failing):
    failing.fail('first')
    with following(failing, 'tail', '-n', '+1', '-F') as text:
        eventually(lambda: 'first' in text(), SOON)
        for n in range(2500):
            failing.fail(f'n{n}')
        expected = ['first', *(f'n{n}' for n in range(2500))]
        eventually(lambda: names(text())[-1:] == expected[-1:], SOON)
        assert names(text()) == expected
        assert 'truncated' not in text()
        assert names(failing.page.read_text()) == expected, 'it only grows while it is open'

    def dropped():
        failing.fail('last')
        return len(failing.page.read_text().splitlines()) <= 1100
    eventually(dropped, SOON)
    assert len(failing.file.read_text().splitlines()) <= 2100


# --- Over mounts ----------------------------------------------------------------------------------

def test_a_remount_keeps_it(failing):
    failing.fail('first')
    before = failing.page.read_text()
    failing.remount()
    assert failing.page.read_text() == before
    failing.fail('second')
    assert failing.page.read_text().startswith(before)
    assert names(failing.page.read_text()) == ['first', 'second']
    failing.remount()
    assert names(failing.page.read_text()) == ['first', 'second']


def test_a_killed_daemon_keeps_it(failing):
    failing.fail('first')
    eventually(lambda: failing.file.read_text() == failing.page.read_text())
    failing.kill()
    failing.start()
    assert names(failing.page.read_text()) == ['first']


def test_status_counts_the_failures_of_this_mount(failing):
    failing.fail('first')
    failing.remount()
    assert re.search(r'^errors +0$', (failing / '.lasfs/status').read_text(), re.M)
    assert names(failing.page.read_text()) == ['first']


def test_the_file_is_the_users_alone(failing):
    failing.fail('first')
    eventually(failing.file.exists)
    assert stat.S_IMODE(failing.file.stat().st_mode) == 0o600


def test_half_a_line_of_a_crash_is_left_out(failing):
    failing.fail('first')
    failing.unmount()
    with open(failing.file, 'a') as f:
        f.write('2026-01-01T00:00:00Z mkdir /ha')
    failing.start()
    failing.fail('second')
    failing.remount()
    assert names(failing.page.read_text()) == ['first', 'second']
    assert len(failing.page.read_text().splitlines()) == 2


def test_a_link_in_its_place_is_not_followed(failing):
    failing.allow('state/errors cannot be used')
    failing.unmount()
    other = failing.folder / 'other'
    other.write_text('kept\n')
    failing.file.unlink()
    failing.file.symlink_to(other)
    failing.start()
    failing.fail('first')
    assert names(failing.page.read_text()) == ['first']
    failing.unmount()
    assert other.read_text() == 'kept\n'


def test_a_secret_is_in_no_line_of_the_file(failing):
    name = f'x{failing.server.client_secret}x'
    failing.fail(name)
    failing.remount()  # which looks for it in every file, too
    line = failing.file.read_text()
    assert 'x*' in line and failing.server.client_secret not in line


def test_a_sandbox_keeps_it_in_its_directory(lasfs, tmp_path):
    mount = lasfs(server=None, start=False, arguments=[f'--sandbox={tmp_path}/box'])
    mount.allow('close /secrets/first.json', 'sandbox')
    mount.start()
    with pytest.raises(OSError):
        (mount / 'secrets/first.json').write_text('no JSON')
    mount.remount()
    assert 'first' in mount.errors()
