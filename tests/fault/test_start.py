"""Each way of failing to start has its line and its status, whatever is wrong with the server, the
disk or the configuration; and nothing is mounted then, and nothing left behind."""
import os
import sqlite3
import subprocess
import time

import pytest

from mounted import Mount, eventually, mount_type
from server import program

SECONDS = 40


@pytest.fixture
def start(server, tmp_path):
    """Runs lasfs as one types it, which is to fail: its one line."""
    mount = Mount(server, tmp_path / 'lasfs')

    def run(*words, options=(), arguments=(), credentials=None, state=True, **variables):
        environment = {**mount.environment(), **variables}
        if credentials is not None:
            environment.update(dict.fromkeys(server.environment()))
            folder = mount.home / '.lucidtech'
            folder.mkdir(exist_ok=True)
            if isinstance(credentials, str):
                (folder / 'credentials.cfg').write_text(credentials)
                (folder / 'credentials.cfg').chmod(0o600)
            else:
                credentials(folder / 'credentials.cfg')
        options = [*([f'state={mount.state}'] if state else []), *options]
        ran = subprocess.run([program('lasfs'), *arguments,
                              *(['-o', ','.join(options)] if options else []), str(mount.path)],
                             stdin=subprocess.DEVNULL, capture_output=True, text=True,
                             timeout=SECONDS, check=False,
                             env={k: v for k, v in environment.items() if v is not None})
        assert ran.returncode in (1, 2) and ran.stdout == '', ran
        lines = ran.stderr.splitlines()
        assert len(lines) == 1 and lines[0].startswith('lasfs: '), ran.stderr
        assert all(word in lines[0] for word in words), lines[0]
        assert server.client_secret not in ran.stderr
        assert not mount_type(mount.path)
        return lines[0]

    run.mount = mount
    yield run
    if mount_type(mount.path):
        subprocess.run(['fusermount3', '-u', '-z', str(mount.path)], check=False)


# --- The token endpoint ------------------------------------------------------------------------

@pytest.mark.parametrize('fault, word', [
    ({'status': 400, 'body': b'{"error": "invalid_client"}'}, 'invalid_client'),
    ({'status': 401, 'body': b'{"error": "invalid_client"}'}, 'invalid_client'),
    ({'status': 403, 'message': 'Forbidden'}, 'Forbidden'),
    ({'status': 404, 'message': 'no such endpoint'}, 'no such endpoint'),
    ({'status': 302, 'headers': {'Location': 'http://127.0.0.1:1/'}}, '302'),
    ({'status': 200, 'body': b'<html>Welcome to the hotel</html>'}, 'malformed'),
    ({'status': 200, 'body': b'{}'}, 'malformed'),
    ({'status': 200, 'body': b'{"access_token": ""}'}, 'malformed'),
    ({'status': 200, 'body': b'{"access_token": "a\\nb"}'}, 'malformed'),
], ids=str)
def test_a_token_endpoint_that_refuses(start, proxy, fault, word):
    proxy.fault('POST', '/oauth2/token', **fault)
    start(word, proxy.auth_endpoint, options=['timeout=2'], **proxy.environment())


# --- The API itself ----------------------------------------------------------------------------

LOOKS_LIKE = 'it should look like https://api.lucidtech.ai/v1'
HTML = b'<html><title>Welcome to the hotel</title></html>'
NO_API = [
    ({'status': 404, 'message': 'no such endpoint'}, 'HTTP 404, no such endpoint'),
    ({'status': 404, 'body': HTML}, 'HTTP 404, Welcome to the hotel'),
    ({'status': 403, 'message': 'Missing Authentication Token'},
     'HTTP 403, Missing Authentication Token'),
    ({'status': 400, 'message': 'Bad Request'}, 'HTTP 400, Bad Request'),
    ({'status': 405, 'body': b''}, 'HTTP 405'),
    ({'status': 301, 'headers': {'Location': 'https://example.com/'}}, 'HTTP 301'),
    ({'status': 200, 'body': HTML}, 'HTTP 200'), ({'status': 200, 'body': b''}, 'HTTP 200'),
    ({'status': 200, 'body': b'{"hello": "world"}'}, 'HTTP 200'),
    ({'status': 200, 'body': b'[]'}, 'HTTP 200'),
]


def section(server, profile='default', api=None):
    """Comments and another profile before it: the line that is named has to be counted."""
    return (f'# mine\n[other]\nclient_id = I\n\n[{profile}]\nclient_id = {server.client_id}\n'
            f'client_secret = {server.client_secret}\nauth_endpoint = {server.auth_endpoint}\n'
            f'api_endpoint = {api or server.api_endpoint}\n')


@pytest.mark.parametrize('fault, words', NO_API, ids=str)
def test_an_endpoint_that_is_not_the_api(start, proxy, fault, words):
    proxy.fault('GET', '.*', **fault)
    line = start(words, LOOKS_LIKE, options=['timeout=2'], credentials=section(proxy))
    file = start.mount.home / '.lucidtech/credentials.cfg'
    assert f'{file}: line 9: [default] api_endpoint = {proxy.api_endpoint}: ' in line


def test_the_line_names_what_has_the_endpoint(start, server, proxy):
    """A profile, the fallback of all profiles, another file, or the environment."""
    wrong = server.api_endpoint.replace('/v1', '/v7')
    file = start.mount.home / '.lucidtech/credentials.cfg'
    start(f'{file}: line 9: [work] api_endpoint = {wrong}: ', 'HTTP 404', LOOKS_LIKE,
          credentials=section(server, 'work', wrong), options=['profile=work'])
    start(f'{file}: line 11: [DEFAULT] api_endpoint = {wrong}: ',
          credentials=section(server).replace('api_endpoint', 'other')
          + f'[DEFAULT]\n  api_endpoint: {wrong}\n'.replace('  ', ''), options=['profile=default'])
    start(f'LAS_API_ENDPOINT = {wrong}: ', LOOKS_LIKE, LAS_API_ENDPOINT=wrong)


def test_an_endpoint_without_its_path_or_with_more(start, server, proxy):
    """The sandbox serves the API without /v1 too: what answers is asked, not the address."""
    start('HTTP 404', LOOKS_LIKE, LAS_API_ENDPOINT=server.api_endpoint + '/documents')


@pytest.mark.parametrize('status, message', [(401, 'Unauthorized'), (403, 'Forbidden')])
def test_an_api_that_refuses_the_token(start, proxy, status, message):
    proxy.fault('GET', '.*', status=status, message=message)
    line = start(message, f'LAS_API_ENDPOINT = {proxy.api_endpoint}: ', **proxy.environment())
    assert LOOKS_LIKE not in line


@pytest.fixture
def stands(start):
    """Runs lasfs as one types it, which is to mount with a warning: its one line."""
    def run(server, *options):
        mount = start.mount
        ran = subprocess.run([program('lasfs'), '-o', ','.join([f'state={mount.state}', *options]),
                              str(mount.path)], stdin=subprocess.DEVNULL, capture_output=True,
                             text=True, timeout=SECONDS, check=False,
                             env={**mount.environment(), **server.environment()})
        assert ran.returncode == 0 and ran.stdout == '', ran
        assert mount_type(mount.path) == 'fuse.lasfs'
        return ran.stderr
    return run


PASSES = [
    ({'status': 500, 'message': 'Internal Server Error'}, 'Internal Server Error'),
    ({'status': 502, 'body': b'<html><title>502 Bad Gateway</title></html>'}, '502 Bad Gateway'),
    ({'status': 503, 'headers': {'Retry-After': '1'}, 'body': b''}, 'wait for 1 s'),
    ({'status': 429, 'message': 'Too Many Requests', 'headers': {'Retry-After': '3600'}}, 'wait'),
    ({'stall': 'before'}, 'nothing has moved for 2 s'), ({'close': 'before'}, ''),
    ({'close': 'middle'}, ''),
]


@pytest.mark.parametrize('where', [('POST', '/oauth2/token'), ('GET', '.*')], ids=str)
@pytest.mark.parametrize('fault, words', PASSES, ids=str)
def test_what_passes_is_a_warning_and_mends_itself(stands, start, proxy, where, fault, words):
    if fault.get('headers', {}).get('Retry-After') == '3600':
        fault = {**fault, 'headers': {'Retry-After': '2'}}  # more than timeout= less what is gone
    proxy.fault(*where, **fault)
    said = stands(proxy, 'timeout=2')
    assert len(said.splitlines()) == 1, said
    for word in (words, 'does not answer', 'mounted all the same', proxy.api_endpoint):
        assert word in said, said
    proxy.clear()
    eventually(lambda: answers(start.mount), 15, 'an answer')
    subprocess.run([program('lasfs'), '--unmount', str(start.mount.path)], check=True,
                   timeout=SECONDS)


def answers(mount):
    try:
        return os.listdir(mount.path / 'datasets') == []
    except OSError:
        return False


def test_a_role_that_may_not_see_the_organization(stands, start, proxy):
    proxy.fault('GET', '/organizations/me', status=403, message='Forbidden')
    assert stands(proxy) == ''
    assert answers(start.mount)
    assert [p.query for p in proxy.since(0, 'GET', '/documents')] == ['maxResults=1']


def test_a_token_that_is_no_longer_good_is_fetched_anew(stands, proxy):
    proxy.fault('GET', '/organizations/me', status=403, message='Forbidden', times=1)
    assert stands(proxy) == ''
    assert len(proxy.since(0, 'POST', '/oauth2/token')) == 2


def test_the_start_takes_no_longer_than_the_patience(stands, start, proxy):
    """With timeout=60 too: the question goes on behind the mount."""
    proxy.fault('GET', '.*', stall='before')
    begin = time.monotonic()
    assert 'not yet' in stands(proxy, 'timeout=60')
    assert 9 < time.monotonic() - begin < 15
    proxy.clear()
    assert answers(start.mount)


# --- Credentials -------------------------------------------------------------------------------

WHOLE = '''[default]
client_id = I
client_secret = the-secret
auth_endpoint = 127.0.0.1:1
api_endpoint = http://127.0.0.1:1/v1
'''


@pytest.mark.parametrize('text, word', [
    ('nonsense\n', 'line 1'), ('client_id = I\n', 'before the first section'),
    ('[default]\nclient_id = I\n', 'client_secret'),
    (WHOLE.replace('http://', 'ftp://'), 'ftp'),
    (WHOLE.replace('http://127.0.0.1:1', 'http://example.com'), 'example.com'),
    (WHOLE.replace('api_endpoint = http', 'api_endpoint = :: http'), 'api_endpoint'),
    (WHOLE.replace('the-secret', '%(other)s'), 'client_secret'),
    (WHOLE + 'client_id = J\n', 'client_id'), ('[default]\x00', 'not a text'),
    (WHOLE.replace('127.0.0.1:1/v1', 'user:pass@127.0.0.1/v1'), 'api_endpoint'),
], ids=str)
def test_a_credentials_file_that_is_wrong(start, text, word):
    line = start(word, credentials=text)
    assert 'the-secret' not in line and 'user:pass' not in line


def test_a_credentials_file_that_is_a_folder(start):
    start('credentials', credentials=lambda path: path.mkdir())


def test_a_credentials_file_that_is_a_device(start):
    start('credentials', credentials=lambda path: path.symlink_to('/dev/zero'))


# --- Disks -------------------------------------------------------------------------------------

def test_a_state_database_of_another_program(start):
    """One that is none at all is set aside: test_state_guard.py."""
    start.mount.state.mkdir()
    path = start.mount.state / 'state.db'
    db = sqlite3.connect(path)
    db.execute('CREATE TABLE bookmarks(x)')
    db.commit()
    db.close()
    before = path.read_bytes()
    start('state', 'not a state database')
    assert path.read_bytes() == before


def test_a_spool_that_is_a_file(start):
    start.mount.state.mkdir()
    (start.mount.state / 'spool').write_text('x')
    start('spool')


def test_a_cache_that_cannot_be_made(start, tmp_path):
    (tmp_path / 'file').write_text('x')
    start(XDG_CACHE_HOME=str(tmp_path / 'file'))


def test_a_full_disk_under_the_state(start, tmp_path):
    disk = tmp_path / 'disk'
    disk.mkdir()
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk], check=True)
    try:
        (disk / 'filler').write_bytes(bytes(40960))
        start(options=[f'state={disk}/state'], state=False)
    finally:
        subprocess.run(['umount', disk], check=True)


# --- The sandbox -------------------------------------------------------------------------------

def test_a_sandbox_whose_folder_cannot_be_made(start, tmp_path):
    (tmp_path / 'file').write_text('x')
    start(arguments=[f'--sandbox={tmp_path}/file/box'], state=False)


def test_a_sandbox_that_is_in_use(start, tmp_path):
    other = Mount(None, tmp_path / 'other')
    command = [program('lasfs'), f'--sandbox={tmp_path}/box', str(other.path)]
    subprocess.run(command, check=True, env=other.environment(), timeout=SECONDS)
    try:
        start(str(tmp_path / 'box'), arguments=[f'--sandbox={tmp_path}/box'], state=False)
        assert 'README' in os.listdir(other.path)
    finally:
        subprocess.run([program('lasfs'), '--unmount', str(other.path)], check=True,
                       timeout=SECONDS)


def test_a_sandbox_that_is_not_there(start, tmp_path):
    """A copy of lasfs alone, without the server beside it."""
    alone = tmp_path / 'bin'
    alone.mkdir()
    copy = alone / 'lasfs'
    copy.write_bytes(open(program('lasfs'), 'rb').read())
    copy.chmod(0o755)
    ran = subprocess.run([copy, f'--sandbox={tmp_path}/box', str(start.mount.path)],
                         env={**start.mount.environment(), 'PATH': '/nowhere'}, text=True,
                         stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS,
                         check=False)
    assert ran.returncode == 1, ran
    assert len(ran.stderr.splitlines()) == 1 and 'lasfs-sandbox' in ran.stderr, ran.stderr
    assert not mount_type(start.mount.path)
