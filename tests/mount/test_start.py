"""How it starts, and how it says that it cannot: in one line, at once, though it daemonizes."""
import os
import subprocess
import time

import pytest

from mounted import COMMAND_SECONDS, Mount, eventually, mount_type
from samples import SMALLEST_PDF
from server import program

SECONDS = 30


@pytest.fixture
def starts(server, tmp_path):
    """Runs lasfs as one types it (without -f) and ends what it started."""
    mount = Mount(server, tmp_path / 'lasfs')

    def start(*arguments, options=(), status=None, path=None, **variables):
        environment = {**mount.environment(), **variables}
        command = [program('lasfs'), *arguments]
        if path is not False:
            command += ['-o', ','.join([f'state={mount.state}', *options]),
                        str(path or mount.path)]
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=SECONDS, check=False,
                              env={k: v for k, v in environment.items() if v is not None})

    start.mount = mount
    yield start
    end_daemon(mount)


def daemons(mount):
    """The processes of lasfs that have this mount point on their command line."""
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{pid}/cmdline', 'rb') as f:
                words = f.read().split(b'\0')
        except OSError:
            continue
        if words[0].endswith(b'lasfs') and os.fsencode(mount.path) in words:
            found.append(int(pid))
    return found


def end_daemon(mount):
    if mount_type(mount.path):
        subprocess.run(['fusermount3', '-u', str(mount.path)], check=True)
    eventually(lambda: not daemons(mount), 20, 'the end of the daemon')


def fails(ran, *words):
    """It failed, and said why in one line that has these words in it."""
    assert ran.returncode > 0, ran
    lines = ran.stderr.splitlines()
    assert len(lines) == 1, ran.stderr
    assert lines[0].startswith('lasfs: '), lines[0]
    for word in words:
        assert word in lines[0], lines[0]


def test_it_daemonizes_and_ends_with_0_when_the_mount_is_there(starts):
    ran = starts()
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, '', '')
    assert starts.mount.mounted
    assert 'README' in os.listdir(starts.mount.path)


def test_it_is_one_process_whose_arguments_are_untouched(starts):
    starts()
    pids = daemons(starts.mount)
    assert len(pids) == 1
    with open(f'/proc/{pids[0]}/cmdline', 'rb') as f:
        assert f.read().split(b'\0')[1:-1] == [b'-o', f'state={starts.mount.state}'.encode(),
                                              os.fsencode(starts.mount.path)]


def test_the_daemon_holds_on_to_nothing_of_the_terminal(starts):
    starts()
    pid = daemons(starts.mount)[0]
    if os.geteuid() == 0:
        for fd in (0, 1, 2):
            assert os.readlink(f'/proc/{pid}/fd/{fd}') == '/dev/null'
        assert os.readlink(f'/proc/{pid}/cwd') == '/'
    assert os.getsid(pid) == pid or os.getsid(pid) != os.getsid(0)


def test_options_may_stand_behind_the_mount_point(starts):
    mount = starts.mount
    ran = subprocess.run([program('lasfs'), str(mount.path), '-o', f'state={mount.state}', '-o',
                          'ro'], env=mount.environment(), capture_output=True, text=True,
                         check=False, timeout=SECONDS)
    assert ran.returncode == 0, ran
    assert mount.mounted


def test_it_is_one_file_system_of_type_fuse_lasfs(starts):
    starts()
    with open('/proc/self/mounts', encoding='utf-8') as f:
        line = [line for line in f if f' {starts.mount.path} ' in line][0]
    assert line.split()[0] == 'lasfs' and line.split()[2] == 'fuse.lasfs'


NONE = dict.fromkeys(('LAS_CLIENT_ID', 'LAS_CLIENT_SECRET', 'LAS_AUTH_ENDPOINT',
                      'LAS_API_ENDPOINT'))


def test_no_credentials(starts):
    fails(starts(**NONE), 'credentials')
    assert not starts.mount.mounted


def test_half_set_credentials(starts):
    ran = starts(LAS_CLIENT_SECRET=None)
    assert ran.returncode > 0
    assert 'LAS_CLIENT_SECRET' in ran.stderr
    assert len(ran.stderr.splitlines()) <= 2, ran.stderr
    assert not starts.mount.mounted


def test_credentials_from_the_file(starts, server):
    folder = starts.mount.home / '.lucidtech'
    folder.mkdir()
    file = folder / 'credentials.cfg'
    file.write_text('[default]\nclient_id = nobody\nclient_secret = nothing\n'
                    'auth_endpoint = localhost:1\napi_endpoint = http://localhost:1/v1\n'
                    f'[mine]\nclient_id = {server.client_id}\n'
                    f'client_secret = {server.client_secret}\n'
                    f'auth_endpoint = {server.auth_endpoint}\n'
                    f'api_endpoint = {server.api_endpoint}\n')
    file.chmod(0o600)
    ran = starts(options=['profile=mine'], **NONE)
    assert (ran.returncode, ran.stderr) == (0, '')
    assert starts.mount.mounted


def test_a_credentials_file_that_others_can_read_is_used_with_a_warning(starts, server):
    folder = starts.mount.home / '.lucidtech'
    folder.mkdir()
    file = folder / 'credentials.cfg'
    file.write_text(f'[default]\nclient_id = {server.client_id}\n'
                    f'client_secret = {server.client_secret}\n'
                    f'auth_endpoint = {server.auth_endpoint}\n'
                    f'api_endpoint = {server.api_endpoint}\n')
    file.chmod(0o644)
    ran = starts(**NONE)
    assert ran.returncode == 0, ran
    assert 'chmod' in ran.stderr and len(ran.stderr.splitlines()) == 1
    assert starts.mount.mounted


def test_a_profile_that_is_not_there(starts):
    folder = starts.mount.home / '.lucidtech'
    folder.mkdir()
    (folder / 'credentials.cfg').write_text('[default]\n')
    (folder / 'credentials.cfg').chmod(0o600)
    fails(starts(options=['profile=other'], **NONE), 'other')


def test_a_token_that_is_refused(starts, server):
    ran = starts(LAS_CLIENT_SECRET='not the secret')
    fails(ran)
    assert 'not the secret' not in ran.stderr + ran.stdout
    assert not starts.mount.mounted


def test_an_unknown_host(starts):
    ran = starts(options=['timeout=5'], LAS_API_ENDPOINT='https://no-such-host.invalid/v1',
                 LAS_AUTH_ENDPOINT='no-such-host.invalid')
    fails(ran, 'no-such-host.invalid')
    assert not starts.mount.mounted


def test_nobody_listens(starts):
    ran = starts(options=['timeout=5'], LAS_API_ENDPOINT='http://127.0.0.1:1/v1',
                 LAS_AUTH_ENDPOINT='http://127.0.0.1:1/oauth2')
    fails(ran)
    assert not starts.mount.mounted


def test_plain_http_beyond_the_loopback_is_refused(starts):
    fails(starts(LAS_API_ENDPOINT='http://example.com/v1'), 'http')
    assert not starts.mount.mounted


def test_a_mount_point_that_is_missing(starts, tmp_path):
    fails(starts(path=tmp_path / 'missing'), 'missing', 'No such file or directory')


def test_a_mount_point_that_is_a_file(starts, tmp_path):
    (tmp_path / 'file').write_text('x')
    fails(starts(path=tmp_path / 'file'), 'Not a directory')


def test_a_mount_point_that_is_busy(starts, lasfs):
    other = lasfs(name='other')
    fails(starts(path=other.path), str(other.path))
    assert other.mounted and 'README' in os.listdir(other.path)


def test_a_state_directory_that_is_locked(starts, lasfs):
    other = lasfs(name='other')
    begin = time.monotonic()
    fails(starts(options=[f'state={other.state}']), str(other.state))
    assert time.monotonic() - begin < 20
    assert not starts.mount.mounted
    assert 'README' in os.listdir(other.path)


def test_a_state_directory_that_cannot_be_made(starts, tmp_path):
    (tmp_path / 'file').write_text('x')
    fails(starts(options=[f'state={tmp_path}/file/state']))
    assert not starts.mount.mounted


@pytest.mark.parametrize('option', ['nonsense', 'nonsense=1', 'meta_ttl', 'meta_ttl=soon', 'ro=1',
                                    'cache_size=-1', 'list=other', 'umask=999', 'uid=root',
                                    'max_conns=0', 'timeout=', 'profile='])
def test_an_unknown_option_is_refused(starts, option):
    fails(starts(options=[option]), option)
    assert not starts.mount.mounted


@pytest.mark.parametrize('argument', ['--nonsense', '-x', '--sandbx', '--help=x'])
def test_an_unknown_argument_is_refused(starts, argument):
    fails(starts(argument), argument)
    assert not starts.mount.mounted


def test_no_mount_point(starts):
    fails(starts(path=False), 'mount point')


def test_two_mount_points(starts, tmp_path):
    fails(starts(str(tmp_path)), 'mount point')


def test_help(starts):
    ran = starts('--help', path=False)
    assert ran.returncode == 0 and ran.stderr == ''
    for word in ('Usage: lasfs', '--unmount', '--sandbox', 'meta_ttl', 'nodelete'):
        assert word in ran.stdout
    assert all(len(line) <= 100 for line in ran.stdout.splitlines())


def test_version(starts):
    ran = starts('--version', path=False)
    assert ran.returncode == 0 and ran.stdout.startswith('lasfs ')


def test_after_a_kill_the_next_mount_takes_the_mount_point_over(lasfs, samples):
    mount = lasfs()
    mount.run(f'cp {samples.pdf()} documents/')
    mount.watchdog.cancel()
    mount.process.kill()
    mount.process.wait()
    mount.process = None
    with pytest.raises(OSError):
        os.listdir(mount.path)
    mount.start()
    assert os.listdir(mount / 'documents') == ['scan.pdf']


def test_no_secret_is_on_a_command_line_or_in_the_environment_of_a_child(tmp_path):
    mount = Mount(None, tmp_path / 'lasfs')
    command = [program('lasfs'), f'--sandbox={tmp_path}/box', str(mount.path)]
    environment = {k: v for k, v in mount.environment().items() if not k.startswith('LAS_')}
    subprocess.run(command, check=True, timeout=COMMAND_SECONDS, env=environment,
                   stdin=subprocess.DEVNULL)
    try:
        servers = [pid for pid in filter(str.isdigit, os.listdir('/proc'))
                   if os.fsencode(tmp_path) in cmdline(pid) and b'lasfs-sandbox' in cmdline(pid)]
        assert len(servers) == 1
        assert b'--client-secret\0' not in cmdline(servers[0])
        assert b'--client-secret=' not in cmdline(servers[0])
        if os.geteuid() == 0:
            with open(f'/proc/{servers[0]}/environ', 'rb') as f:
                assert b'SECRET' not in f.read()
        (mount / 'documents/scan.pdf').write_bytes(SMALLEST_PDF)
    finally:
        subprocess.run([program('lasfs'), '--unmount', str(mount.path)], check=True,
                       timeout=COMMAND_SECONDS)
    assert not mount_type(mount.path)
    assert not [pid for pid in filter(str.isdigit, os.listdir('/proc'))
                if os.fsencode(tmp_path) in cmdline(pid)]
    # What was written to it is there the next time.
    subprocess.run(command, check=True, timeout=COMMAND_SECONDS, env=environment,
                   stdin=subprocess.DEVNULL)
    try:
        assert (mount / 'documents/scan.pdf').read_bytes() == SMALLEST_PDF
        assert os.listdir(mount / 'documents') == ['scan.pdf']
    finally:
        subprocess.run([program('lasfs'), '--unmount', str(mount.path)], check=True,
                       timeout=COMMAND_SECONDS)


def test_a_pipe_ends_though_the_sandbox_goes_on(tmp_path):
    """What runs `lasfs --sandbox` and reads its output must not wait for the unmount."""
    mount = Mount(None, tmp_path / 'lasfs')
    process = subprocess.Popen([program('lasfs'), f'--sandbox={tmp_path}/box', str(mount.path)],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env=mount.environment())
    try:
        out, err = process.communicate(timeout=SECONDS)
        assert (process.returncode, out, err) == (0, b'', b'')
    finally:
        subprocess.run([program('lasfs'), '--unmount', str(mount.path)], check=True,
                       timeout=COMMAND_SECONDS)
        process.wait()


def test_it_keeps_none_of_the_callers_descriptors(tmp_path):
    mount = Mount(None, tmp_path / 'lasfs')
    ours, its = os.pipe()
    subprocess.run([program('lasfs'), f'--sandbox={tmp_path}/box', str(mount.path)], check=True,
                   stdin=subprocess.DEVNULL, env=mount.environment(), pass_fds=[its],
                   timeout=COMMAND_SECONDS)
    try:
        os.close(its)
        os.set_blocking(ours, False)
        assert os.read(ours, 1) == b''  # the end: nobody else has it open
    finally:
        os.close(ours)
        subprocess.run([program('lasfs'), '--unmount', str(mount.path)], check=True,
                       timeout=COMMAND_SECONDS)


def cmdline(pid):
    try:
        with open(f'/proc/{pid}/cmdline', 'rb') as f:
            return f.read()
    except OSError:
        return b''
