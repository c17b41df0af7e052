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


def section(profile, server):
    return (f'[{profile}]\nclient_id = {server.client_id}\n'
            f'client_secret = {server.client_secret}\n'
            f'auth_endpoint = {server.auth_endpoint}\n'
            f'api_endpoint = {server.api_endpoint}\n')


def credentials_file(mount, text):
    file = mount.home / '.lucidtech/credentials.cfg'
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    file.chmod(0o600)
    return file


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
    assert line.split()[0] == 'lasfs:default' and line.split()[2] == 'fuse.lasfs'


NONE = dict.fromkeys(('LAS_CLIENT_ID', 'LAS_CLIENT_SECRET', 'LAS_AUTH_ENDPOINT',
                      'LAS_API_ENDPOINT'))


def advises(ran, mount, profile):
    """Under what is wrong stand both ways on, word for word what belongs into the file."""
    assert ran.returncode == 1 and ran.stdout == '', ran
    file = mount.home / '.lucidtech/credentials.cfg'
    assert ran.stderr.splitlines()[1:] == [
        f'lasfs: without an account: lasfs --sandbox {mount.path}',
        f'lasfs: with one, these lines belong into {file}, which others cannot read:',
        f'lasfs: [{profile}]', 'lasfs: client_id = ...', 'lasfs: client_secret = ...',
        'lasfs: auth_endpoint = auth.lucidtech.ai',
        'lasfs: api_endpoint = https://api.lucidtech.ai/v1']
    assert not mount.mounted
    return ran.stderr.splitlines()[0]


def test_no_credentials(starts):
    line = advises(starts(**NONE), starts.mount, 'default')
    assert line.startswith('lasfs: no credentials: there is no ')


def test_the_lines_that_it_asks_for_are_enough(starts, server):
    """What is shown, with the four values, mounts."""
    lines = [line.removeprefix('lasfs: ') for line in starts(**NONE).stderr.splitlines()[3:]]
    values = dict(zip(('client_id', 'client_secret', 'auth_endpoint', 'api_endpoint'),
                      (server.client_id, server.client_secret, server.auth_endpoint,
                       server.api_endpoint)))
    written = [f"{line.split(' = ')[0]} = {values[line.split(' = ')[0]]}" if ' = ' in line else line
               for line in lines]
    credentials_file(starts.mount, '\n'.join(written) + '\n')
    ran = starts(**NONE)
    assert (ran.returncode, ran.stderr) == (0, '')


def test_a_credentials_file_of_another_name(starts, server, tmp_path):
    """It goes before the environment, as a profile does, and a path may be relative."""
    file = tmp_path / 'mine.cfg'
    file.write_text(section('default', server) + section('work', server))
    file.chmod(0o600)
    for profile in ([], ['profile=work']):
        ran = starts(options=[f'credentials={os.path.relpath(file)}', *profile],
                     LAS_CLIENT_ID='nobody')
        assert (ran.returncode, ran.stderr) == (0, '')
        end_daemon(starts.mount)
    ran = starts(options=[f'credentials={tmp_path}/none.cfg'])
    assert str(tmp_path / 'none.cfg') in ran.stderr.splitlines()[0] and ran.returncode == 1
    assert f'belong into {tmp_path}/none.cfg' in ran.stderr


def test_half_set_credentials(starts):
    ran = starts(LAS_CLIENT_SECRET=None)
    assert ran.returncode > 0
    lines = ran.stderr.splitlines()
    assert 'LAS_CLIENT_SECRET' in lines[0] and 'no credentials' in lines[1], ran.stderr
    assert not starts.mount.mounted


def test_credentials_from_the_file(starts, server):
    credentials_file(starts.mount,
                     '[default]\nclient_id = nobody\nclient_secret = nothing\n'
                     'auth_endpoint = localhost:1\napi_endpoint = http://localhost:1/v1\n'
                     + section('mine', server))
    ran = starts(options=['profile=mine'], **NONE)
    assert (ran.returncode, ran.stderr) == (0, '')
    assert starts.mount.mounted


def test_a_credentials_file_that_others_can_read_is_used_with_a_warning(starts, server):
    credentials_file(starts.mount, section('default', server)).chmod(0o644)
    ran = starts(**NONE)
    assert ran.returncode == 0, ran
    assert 'chmod' in ran.stderr and len(ran.stderr.splitlines()) == 1
    assert starts.mount.mounted


def test_a_profile_that_is_not_there(starts):
    credentials_file(starts.mount, '[default]\n')
    line = advises(starts(options=['profile=other'], **NONE), starts.mount, 'other')
    assert 'has no section [other]' in line


def test_a_token_that_is_refused(starts, server):
    ran = starts(LAS_CLIENT_SECRET='not the secret')
    fails(ran)
    assert 'not the secret' not in ran.stderr + ran.stdout
    assert not starts.mount.mounted


def stands_with_a_warning(ran, mount, *words):
    assert ran.returncode == 0, ran
    lines = ran.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith('lasfs: '), ran.stderr
    for word in (*words, 'does not answer', 'mounted all the same'):
        assert word in lines[0], lines[0]
    assert mount.mounted and 'README' in os.listdir(mount.path)


def test_an_unknown_host(starts):
    ran = starts(options=['timeout=5'], LAS_API_ENDPOINT='https://no-such-host.invalid/v1',
                 LAS_AUTH_ENDPOINT='no-such-host.invalid')
    stands_with_a_warning(ran, starts.mount, 'https://no-such-host.invalid/v1')


def test_nobody_listens(starts):
    ran = starts(options=['timeout=5'], LAS_API_ENDPOINT='http://127.0.0.1:1/v1',
                 LAS_AUTH_ENDPOINT='http://127.0.0.1:1/oauth2')
    stands_with_a_warning(ran, starts.mount, 'http://127.0.0.1:1/v1')


def test_the_api_is_asked_once(starts, server):
    """One request beside the token's, which is not more than its round trip."""
    with server.watch() as seen:
        starts()
        eventually(lambda: seen.log.since(seen.begin), 5, 'a request')
    assert [(r.verb, r.path, r.status) for r in seen.all] == [('GET', '/organizations/me', 200)]


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
    fails(starts(path=other.path), str(other.path), 'mounted there already', '-o nonempty')
    assert other.mounted and 'README' in os.listdir(other.path)


@pytest.fixture
def tmpfs(tmp_path):
    """A folder on which another file system is mounted, which has nothing in it."""
    folder = tmp_path / 'tmpfs'
    folder.mkdir()
    subprocess.run(['mount', '-t', 'tmpfs', 'tmpfs', folder], check=True)
    yield folder
    while mount_type(folder):
        subprocess.run(['umount', '-l', folder], check=True)


def test_another_file_system_is_hidden_only_when_that_is_wanted(starts, tmpfs):
    fails(starts(path=tmpfs), str(tmpfs), 'mounted there already', '-o nonempty')
    assert mount_type(tmpfs) == 'tmpfs'
    assert starts(options=['nonempty'], path=tmpfs).returncode == 0
    assert mount_type(tmpfs) == 'fuse.lasfs' and 'README' in os.listdir(tmpfs)
    subprocess.run([program('lasfs'), '--unmount', str(tmpfs)], check=True, timeout=SECONDS)
    assert mount_type(tmpfs) == 'tmpfs'


def test_files_are_hidden_only_when_that_is_wanted(starts):
    mine = starts.mount.path / 'mine'
    mine.write_text('x')
    fails(starts(), str(starts.mount.path), 'not empty', '-o nonempty')
    assert not starts.mount.mounted and mine.read_text() == 'x'
    assert starts(options=['nonempty']).returncode == 0
    assert starts.mount.mounted and not mine.exists()
    end_daemon(starts.mount)
    assert mine.read_text() == 'x'
    mine.unlink()


def test_what_ls_does_not_show_counts_too(starts):
    hidden = starts.mount.path / '.hidden'
    hidden.mkdir()
    fails(starts(), 'not empty')
    hidden.rmdir()


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


def test_three_places(starts, tmp_path):
    fails(starts('none', str(tmp_path)), 'mount point')


@pytest.mark.parametrize('option, words', [
    ('list=other', 'must be one of: names ids drops'), ('other=x', 'must be one of: refuse local'),
    ('timeout=0', 'more than 0'), ('cache_size=1X', 'as in 1048576, 512K, 256M or 1GB'),
    ('log_level=loud', 'must be one of: error warning info debug'),
    ('meta_ttl=x', 'as in 30, 0.5, 500ms, 5m or 1h'), ('max_conns=0', 'a number from 1 to 1000')])
def test_a_wrong_value_is_answered_with_what_would_do(starts, option, words):
    fails(starts('-o', option), words)


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
