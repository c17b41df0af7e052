"""The log in a file: who may read it, how much is in it, how it is turned over, and what is not."""
import base64
import json
import os
import re
import signal
import stat
import subprocess

import pytest

from mounted import COMMAND_SECONDS, Mount, eventually, mount_type
from samples import SMALLEST_PDF
from server import program

LINE = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (error|warning|info|debug): \S.*')


@pytest.fixture
def logged(server, tmp_path):
    """Starts lasfs in the background, from a folder of its own, with more options."""
    mount = Mount(server, tmp_path / 'lasfs')
    mount.log = tmp_path / 'lasfs.log'

    def start(*arguments, status=0):
        command = [program('lasfs'), *arguments, '-o', f'state={mount.state}', str(mount.path)]
        ran = subprocess.run(command, cwd=tmp_path, env=mount.environment(), text=True,
                             stdin=subprocess.DEVNULL, capture_output=True, check=False,
                             timeout=COMMAND_SECONDS)
        assert ran.returncode == status, ran
        mount.said = ran.stderr
        return mount

    yield start
    end(mount)


def end(mount):
    if mount_type(mount.path):
        subprocess.run([program('lasfs'), '--unmount', str(mount.path)], check=True,
                       timeout=COMMAND_SECONDS)


def levels(file):
    lines = file.read_text().splitlines()
    assert all(LINE.fullmatch(line) for line in lines), lines
    return [LINE.fullmatch(line).group(1) for line in lines]


def fail(mount, name):
    """What leaves a line."""
    with pytest.raises(OSError):
        (mount / name).write_text('x')


def test_a_daemon_writes_into_it(logged):
    """A relative path is one of the folder where it was started, which the daemon has left."""
    mount = logged('--log-file', 'lasfs.log')
    assert stat.S_IMODE(mount.log.stat().st_mode) == 0o600
    assert mount.log.read_text() == ''
    fail(mount, 'nowhere')
    line = eventually(mount.log.read_text, 5, 'the line')
    assert '/nowhere: Operation not permitted' in line
    assert set(levels(mount.log)) <= {'error', 'warning'}
    fail(mount, 'elsewhere')
    assert eventually(lambda: '/elsewhere' in mount.log.read_text(), 5, 'the next line')


def test_what_is_there_stays(logged, tmp_path):
    log = tmp_path / 'lasfs.log'
    log.write_text('mine\n')
    fail(logged('--log-file=lasfs.log'), 'nowhere')
    text = eventually(lambda: '/nowhere' in log.read_text() and log.read_text(), 5, 'the line')
    assert text.startswith('mine\n')


def test_o_log_file_and_what_is_on_the_terminal(logged):
    """What goes wrong at the start is in both."""
    mount = logged('-o', 'log_file=lasfs.log', '-o', 'credentials=/nowhere', status=1)
    said = [line.removeprefix('lasfs: ') for line in mount.said.splitlines()]
    kept = [line.split(': ', 1)[1] for line in mount.log.read_text().splitlines()]
    assert said == kept and 'no credentials' in said[0]


@pytest.mark.parametrize('level, expected', [
    ('error', set()), ('warning', {'warning'}), ('info', {'warning', 'info'}),
    ('debug', {'warning', 'info', 'debug'})])
def test_the_level(logged, server, level, expected):
    """A server that comes late has a line of each."""
    server.stop()
    mount = logged('--log-file', 'lasfs.log', '--log-level', level)
    server.start()
    eventually(lambda: can_list(mount, 'datasets'), 15, 'a list')
    if 'info' in expected:
        eventually(lambda: 'info' in levels(mount.log), 10, 'its line')
    end(mount)
    assert set(levels(mount.log)) == expected


def can_list(mount, name):
    try:
        os.listdir(mount / name)
    except OSError:
        return False
    return True


def test_a_file_that_is_moved_away_is_written_no_more(logged, tmp_path):
    """As logrotate does it, with the signal that many send, and without."""
    mount = logged('--log-file', 'lasfs.log')
    pid = int(re.search(r'^pid +(\d+)', (mount / '.lasfs/status').read_text(), re.M).group(1))
    for turn in range(2):
        fail(mount, f'before-{turn}')
        old = tmp_path / f'old{turn}'
        eventually(lambda: f'before-{turn}' in mount.log.read_text(), 5, 'a line')
        mount.log.rename(old)
        if turn:
            os.kill(pid, signal.SIGHUP)
        fail(mount, f'after-{turn}')
        eventually(lambda: mount.log.exists() and f'after-{turn}' in mount.log.read_text(), 5,
                   'a line in the new file')
        assert stat.S_IMODE(mount.log.stat().st_mode) == 0o600
        assert f'after-{turn}' not in old.read_text()
    assert mount.mounted


@pytest.mark.parametrize('file', ['missing/lasfs.log', '.'])
def test_a_file_that_cannot_be_written(logged, tmp_path, file):
    mount = logged('--log-file', file, status=1)
    assert mount.said.startswith(f'lasfs: cannot write the log file {tmp_path}/{file}: ')
    assert len(mount.said.splitlines()) == 1 and not mount.mounted


def test_no_secret_is_in_it(lasfs, proxy, tmp_path):
    """At its most talkative, with everything going wrong that could tell one."""
    log = tmp_path / 'lasfs.log'
    mount = lasfs(f'log_file={log}', 'log_level=debug', server=proxy)
    mount.allow('.')
    word = 'hunter2-correct-horse'
    (mount / 'secrets/mine.json').write_text(json.dumps({'data': {'password': word}}))
    (mount / 'documents/scan.pdf').write_bytes(SMALLEST_PDF)
    proxy.fault('PATCH', status=400, message=f'{word} is too weak', times=1)
    with pytest.raises(OSError):
        (mount / 'secrets/mine/data.json').write_text(json.dumps({'password': word}))
    proxy.fault('GET', '/datasets', status=500, times=5, message=proxy.client_secret)
    assert not can_list(mount, 'datasets')
    bearer = proxy.since(0, 'GET', '/organizations/me')[0].headers['Authorization']
    token = bearer.removeprefix('Bearer ')
    proxy.fault('GET', '/models', status=400, message=f'bad token {token}')
    assert not can_list(mount, 'models')
    mount.unmount()
    text = log.read_text()
    assert ' debug: GET ' in text and ' debug: POST ' in text, text
    assert 'error' in levels(log) or 'warning' in levels(log)
    pair = f'{proxy.client_id}:{proxy.client_secret}'
    for secret in (word, proxy.client_secret, base64.b64encode(pair.encode()).decode(),
                   token, 'access_token', 'grant_type'):
        assert secret not in text, secret
        assert secret not in mount.words
