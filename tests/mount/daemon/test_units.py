"""The units of systemd: what they say is run under a stand-in that speaks its protocol."""
import os
import re
import shutil
import subprocess
import threading
import time

import pytest

from manager import Manager, read_unit, unit_file
from mounted import Mount, eventually, mount_type
from samples import pdf
from server import ROOT, program

KINDS = ('system', 'user')
SECONDS = 30


@pytest.fixture
def service(server, tmp_path):
    """Makes services: service('user') of the profile work, whose credentials are in the file."""
    made = []

    def make(kind='user', server=server, abstract=False, **files):
        folder = tmp_path / f'machine{len(made)}'
        mount = Mount(None, folder / 'lasfs')
        places = {'user': '.lucidtech/credentials.cfg', 'system': '../etc/lasfs/credentials.cfg'}
        (folder / 'home/.config/lasfs').mkdir(parents=True)
        (folder / 'etc/lasfs').mkdir(parents=True)
        file = folder / 'home' / places[kind]
        file.parent.mkdir(exist_ok=True)
        file.write_text(f'[work]\nclient_id = {server.client_id}\n'
                        f'client_secret = {server.client_secret}\n'
                        f'auth_endpoint = {server.auth_endpoint}\n'
                        f'api_endpoint = {server.api_endpoint}\n')
        file.chmod(0o600)
        for name, text in files.items():
            (folder / {'user': 'home/.config/lasfs', 'system': 'etc/lasfs'}[kind]
             / f'{name}.conf').write_text(text.format(folder=folder))
        kept = {k: v for k, v in mount.environment().items() if not k.startswith('XDG_')}
        made.append(Manager(kind, 'work', folder, {**kept, 'HOME': str(folder / 'home')},
                            abstract))
        return made[-1]

    yield make
    for one in made:
        one.close()


# --- The files ----------------------------------------------------------------------------------

def verify(kind, tmp_path, change=lambda text: text):
    text = re.sub(r'(?m)^ExecStart=\S+', 'ExecStart=' + program('lasfs'),
                  unit_file(kind).read_text())
    file = tmp_path / 'lasfs@.service'
    file.write_text(change(text))
    ran = subprocess.run(['systemd-analyze', *(['--user'] if kind == 'user' else []), 'verify',
                          '--man=no', str(tmp_path / 'lasfs@work.service')], text=True,
                         capture_output=True, check=False, timeout=60,
                         env={**os.environ, 'XDG_RUNTIME_DIR': str(tmp_path)})
    return [line for line in (ran.stdout + ran.stderr).splitlines()
            if 'lasfs@' in line] + ([] if ran.returncode == 0 else [f'exit {ran.returncode}'])


@pytest.mark.parametrize('kind', KINDS)
def test_systemd_understands_them(kind, tmp_path):
    assert verify(kind, tmp_path) == []
    assert verify(kind, tmp_path, lambda text: text.replace('RestartSec', 'RestartSecs'))
    assert verify(kind, tmp_path, lambda text: text.replace(program('lasfs'), '/nowhere/lasfs'))


@pytest.mark.parametrize('kind', KINDS)
def test_they_wait_for_ready_and_start_again_for_ever(kind):
    said = {(section, name): value for section, name, value in read_unit(kind)}
    assert said['Service', 'Type'] == 'notify'
    assert said['Unit', 'StartLimitIntervalSec'] == '0'
    assert said['Service', 'Restart'] == 'on-failure' and int(said['Service', 'RestartSec']) > 0


def test_the_machines_waits_for_the_network_and_ends_before_it():
    said = {name: value.split() for section, name, value in read_unit('system')
            if section == 'Unit'}
    assert 'network-online.target' in said['Wants']
    assert {'network-online.target', 'network.target'} <= set(said['After'])


HIDES = {'ProtectSystem', 'ProtectHome', 'PrivateTmp', 'PrivateDevices', 'PrivateMounts',
         'PrivateIPC', 'ProtectKernelTunables', 'ProtectKernelModules', 'ProtectKernelLogs',
         'ProtectControlGroups', 'ProtectProc', 'ProcSubset', 'ReadOnlyPaths', 'ReadWritePaths',
         'InaccessiblePaths', 'BindPaths', 'BindReadOnlyPaths', 'TemporaryFileSystem',
         'RootDirectory', 'DynamicUser', 'MountFlags', 'LogNamespace', 'PrivateNetwork'}
STOPS_SETUID = {'NoNewPrivileges', 'SystemCallFilter', 'SystemCallArchitectures',
                'RestrictAddressFamilies', 'RestrictNamespaces', 'RestrictRealtime',
                'RestrictSUIDSGID', 'LockPersonality', 'MemoryDenyWriteExecute',
                'ProtectHostname', 'ProtectClock', 'CapabilityBoundingSet'}


@pytest.mark.parametrize('kind', KINDS)
def test_nothing_hides_the_mount_or_stops_fusermount3(kind):
    names = {name for _, name, _ in read_unit(kind)}
    assert not names & HIDES
    assert bool(names & STOPS_SETUID) == (kind == 'system')


@pytest.mark.parametrize('prefix', ['/usr', '/opt/lasfs'])
def test_where_they_are_installed(tmp_path, prefix):
    """systemd's own folders for /usr, else those below the prefix; they name the program there."""
    build = tmp_path / 'build'
    for command in (['meson', 'setup', f'--prefix={prefix}', str(build), str(ROOT)],
                    ['meson', 'introspect', '--installed', str(build)]):
        ran = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    below = {'/usr': r'(/usr)?/lib/systemd', '/opt/lasfs': '/opt/lasfs/lib/systemd'}[prefix]
    for kind in KINDS:
        assert re.search(rf'"{below}/{kind}/lasfs@\.service"', ran.stdout), ran.stdout
        text = (build / 'systemd' / kind / 'lasfs@.service').read_text()
        assert f'\nExecStart={prefix}/bin/lasfs -f ' in text


# --- A service's life ---------------------------------------------------------------------------

@pytest.mark.parametrize('kind, where', [('system', 'mnt/las/work'), ('user', 'home/las/work')])
def test_it_is_ready_when_it_is_mounted_and_ends_by_sigterm(service, kind, where):
    one = service(kind).start()
    ready = one.wait_for('READY', '1')
    assert one.mountpoint == str(one.folder / where)
    assert mount_type(one.mountpoint) == 'fuse.lasfs' and os.listdir(one.mountpoint + '/datasets') == []
    assert ready['MAINPID'] == str(one.process.pid)
    assert ready['STATUS'] == f'work on {one.mountpoint}'
    assert one.stop() == 0
    stopping = one.wait_for('STOPPING', '1')
    assert int(stopping['EXTEND_TIMEOUT_USEC']) > 0
    assert not mount_type(one.mountpoint)
    assert one.all('READY') == ['1'] and one.all('STOPPING') == ['1'] and one.said == ''


def test_an_abstract_socket_will_do(service):
    one = service(abstract=True).start()
    one.wait_for('READY', '1')
    assert one.stop() == 0
    one.wait_for('STOPPING', '1')


def test_the_file_of_an_instance_says_otherwise(service):
    for kind in KINDS:
        one = service(kind, work='LASFS_MOUNTPOINT=/srv/scans\nLASFS_OPTIONS=-o ro,umask=022 '
                                 '-o list=ids\n', other='LASFS_OPTIONS=-o nonsense\n').start()
        one.wait_for('READY', '1')
        assert one.mountpoint == f'{one.folder}/srv/scans'
        assert os.stat(one.mountpoint).st_mode & 0o777 == 0o755
        with pytest.raises(OSError):
            os.mkdir(one.mountpoint + '/datasets/x')
        assert one.stop() == 0


def test_the_machines_state_is_where_the_unit_has_it(service):
    one = service('system').start()
    one.wait_for('READY', '1')
    assert one.values('StateDirectory') == ['lasfs/%i'] == one.values('CacheDirectory')
    assert list((one.folder / 'var/lib/lasfs/work/lasfs').glob('*/state.db'))
    assert list((one.folder / 'var/cache/lasfs/work/lasfs').glob('*/contents'))
    assert not (one.folder / 'home/.local').exists() and not (one.folder / 'home/.cache').exists()
    assert one.stop() == 0


def test_what_the_machines_unit_forbids_is_not_needed(service, passable):
    """Mounted, used by another user, read, failed and ended, and a writer that was killed is seen."""
    one = service('system', work='LASFS_OPTIONS=-o allow_other,umask=000,other=local,xattr\n')
    one.start(ROOT / 'tests/lib/confined.py', unit_file('system')).wait_for('READY', '1', 30)
    with open(f'/proc/{one.process.pid}/status', encoding='utf-8') as f:
        limits = dict(line.split(':\t') for line in f.read().splitlines() if ':\t' in line)
    assert limits['Seccomp'] == '2' and limits['NoNewPrivs'] == '1'
    assert bin(int(limits['CapEff'], 16)).count('1') == 3
    documents = one.mountpoint + '/documents'
    for user in (0, 65534):
        data = pdf(20000, seed=user)
        subprocess.run(['setpriv', f'--reuid={user}', '--clear-groups', 'sh', '-c',
                        f'cat > {documents}/{user}.pdf'], input=data, check=True, timeout=SECONDS)
        with open(f'{documents}/{user}.pdf', 'rb') as f:
            assert f.read() == data
    writer = subprocess.Popen(['setpriv', '--reuid=65534', '--clear-groups', 'sh', '-c',
                               f'exec cat > {documents}/half.pdf'], stdin=subprocess.PIPE)
    writer.stdin.write(b'half')
    writer.stdin.flush()
    eventually(lambda: os.path.exists(f'{documents}/half.pdf') and os.path.getsize(f'{documents}/half.pdf') == 4)
    writer.kill()
    writer.communicate()
    eventually(lambda: os.listdir(one.mountpoint + '/.lasfs/failed') == ['1-half.pdf'], 10, 'half')
    assert one.stop() == 0
    assert not mount_type(one.mountpoint)


def test_a_server_that_comes_late(service, server):
    """Not ready, though it is mounted; and ready without a hand."""
    endpoint = server.api_endpoint
    server.stop()
    one = service().start()
    waiting = one.wait_for('STATUS', rf'work on {one.mountpoint}: waiting for {endpoint}: .+')
    assert int(waiting['EXTEND_TIMEOUT_USEC']) > 1000000
    eventually(lambda: mount_type(one.mountpoint) == 'fuse.lasfs', 10, 'the mount')
    assert 'README' in os.listdir(one.mountpoint)
    eventually(lambda: len(one.all('EXTEND_TIMEOUT_USEC')) > 4, 15, 'more time')
    assert one.all('READY') == [] and one.process.poll() is None
    server.start()
    one.wait_for('READY', '1')
    assert os.listdir(one.mountpoint + '/datasets') == []
    assert one.status() == f'work on {one.mountpoint}'
    assert one.stop() == 0
    lines = one.said.splitlines()
    assert len(lines) == 2 and 'mounted all the same' in lines[0] and lines[1].endswith(' answers')


def test_it_can_be_stopped_before_it_was_ready(service, server):
    server.stop()
    one = service().start()
    eventually(lambda: mount_type(one.mountpoint) == 'fuse.lasfs', 10, 'the mount')
    assert one.stop() == 0
    one.wait_for('STOPPING', '1')
    assert one.all('READY') == [] and not mount_type(one.mountpoint)


def test_what_answers_late_and_refuses_ends_it(service, proxy):
    """The manager starts it again, and then it reads the credentials anew."""
    proxy.fault('GET', '.*', stall='before')
    one = service(server=proxy, work='LASFS_OPTIONS=-o timeout=1\n').start()
    eventually(lambda: mount_type(one.mountpoint) == 'fuse.lasfs', 10, 'the mount')
    proxy.clear()
    proxy.fault('GET', '.*', status=404, message='no such endpoint')
    assert one.ended() == 1
    assert not mount_type(one.mountpoint) and one.all('READY') == []
    assert 'that is not the API (HTTP 404, no such endpoint)' in one.status()
    assert 'it should look like' in one.said


def test_what_refuses_at_once_is_the_status(service, proxy):
    proxy.fault('POST', '/oauth2/token', status=401, body=b'{"error": "invalid_client"}')
    one = service(server=proxy).start()
    assert one.ended() == 1
    assert 'invalid_client' in one.wait_for('STATUS', '.*invalid_client.*')['STATUS']
    assert one.all('READY') == []


def test_options_that_are_wrong_are_not_tried_again(service):
    one = service(work='LASFS_OPTIONS=-o nonsense\n').start()
    assert [str(one.ended())] == one.values('RestartPreventExitStatus')


@pytest.mark.parametrize('kind', KINDS)
def test_a_crash_is_mended_by_the_next_start(service, kind, server):
    one = service(kind).start()
    one.wait_for('READY', '1')
    one.process.kill()
    one.ended()
    with pytest.raises(OSError) as dead:
        os.listdir(one.mountpoint)
    assert dead.value.strerror == 'Transport endpoint is not connected'
    one.messages.clear()
    one.start()
    one.wait_for('READY', '1')
    assert os.listdir(one.mountpoint + '/datasets') == []
    assert one.stop() == 0 and one.said == ''


@pytest.mark.server('--latency', '300')
def test_the_status_says_what_is_on_the_way_and_what_has_failed(service):
    one = service().start()
    one.wait_for('READY', '1')
    with pytest.raises(OSError):
        with open(one.mountpoint + '/documents/letter.txt', 'w') as f:
            f.write('Dear Sir')
    one.wait_for('STATUS', rf'work on {one.mountpoint}, 1 in .lasfs/failed')
    with open(one.mountpoint + '/documents/scan.pdf', 'wb') as f:
        f.write(pdf(20000))
        f.flush()
        one.wait_for('STATUS', r'work on .*, 1 file on the way, 1 in .lasfs/failed')
    os.unlink(one.mountpoint + '/.lasfs/failed/1-letter.txt')
    one.wait_for('STATUS', rf'work on {one.mountpoint}, 1 in .lasfs/failed')
    eventually(lambda: one.status() == f'work on {one.mountpoint}', 15, 'nothing to say')
    assert one.stop() == 0


def test_an_upload_at_the_end_gets_more_time(service, proxy):
    """As long as it moves; the server takes its time here."""
    proxy.fault('POST', '/documents', delay=3)
    one = service(server=proxy).start()
    one.wait_for('READY', '1')
    source = one.folder / 'scan.pdf'
    source.write_bytes(pdf(50000))
    copy = threading.Thread(target=shutil.copyfile, args=(source, one.mountpoint + '/documents/scan.pdf'))
    copy.start()
    eventually(lambda: proxy.since(0, 'POST', '/documents'), 10, 'the upload')
    begin = time.monotonic()
    assert one.stop() == 0
    copy.join()
    assert time.monotonic() - begin > 1
    with one.lock:
        after = [i for i, m in enumerate(one.messages) if 'STOPPING' in m][0]
        rest = one.messages[after:]
    assert len([m for m in rest if 'EXTEND_TIMEOUT_USEC' in m]) > 1, rest
    assert any(m.get('STATUS') == f'ending: work on {one.mountpoint}, 1 file on the way'
               for m in rest), rest


def test_nobody_else_speaks_in_its_name(tmp_path):
    """The sandbox does not get the socket; under the daemon that forks, the daemon is named."""
    mount = Mount(None, tmp_path / 'lasfs')
    one = Manager('user', 'work', tmp_path, mount.environment())
    try:
        subprocess.run([program('lasfs'), f'--sandbox={tmp_path}/box', str(mount.path)], check=True,
                       stdin=subprocess.DEVNULL, timeout=SECONDS,
                       env={**mount.environment(), 'NOTIFY_SOCKET': one.address})
        pid = one.wait_for('READY', '1')['MAINPID']
        children = [p for p in filter(str.isdigit, os.listdir('/proc')) if parent(p) == pid]
        assert len(children) == 1
        with open(f'/proc/{children[0]}/environ', 'rb') as f:
            assert b'NOTIFY_SOCKET' not in f.read()
    finally:
        subprocess.run([program('lasfs'), '--unmount', str(mount.path)], check=True,
                       timeout=SECONDS)
        one.close()


def parent(pid):
    try:
        with open(f'/proc/{pid}/stat', encoding='utf-8') as f:
            return f.read().rpartition(')')[2].split()[1]
    except OSError:
        return None
