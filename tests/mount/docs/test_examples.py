"""docs/examples: each of them does what it says."""
import os
import pwd
import re
import shlex
import signal
import subprocess

import pytest
from prometheus_client.parser import text_string_to_metric_families

from server import ROOT, program

EXAMPLES = ROOT / 'docs/examples'
COLLECTOR = EXAMPLES / 'lasfs-metrics'
OTHER = 'backup'  # a user that Debian has, with a home that is there


# --- credentials.cfg and fstab --------------------------------------------------------------------

def credentials(server):
    """The example, with the server's values in place of its own, in all sections."""
    text = (EXAMPLES / 'credentials.cfg').read_text()
    for key in ('client_id', 'client_secret', 'auth_endpoint', 'api_endpoint'):
        text, count = re.subn(rf'^{key} = .*$', f'{key} = {getattr(server, key)}', text, flags=re.M)
        assert count == 2, key
    return text


@pytest.fixture
def home(tmp_path, server):
    folder = tmp_path / 'home'
    (folder / '.lucidtech').mkdir(parents=True)
    file = folder / '.lucidtech/credentials.cfg'
    file.write_text(credentials(server))
    file.chmod(0o600)
    return folder


@pytest.mark.parametrize('profile', ['default', 'work'])
def test_the_credentials_are_read(lasfs, home, api, profile):
    api.add_dataset('invoices')
    mount = lasfs(start=False, arguments=[] if profile == 'default' else ['-p', profile])
    mount.home = home
    own = mount.environment
    mount.environment = lambda: {k: v for k, v in own().items() if not k.startswith('LAS_')}
    mount.start()
    assert [api.get(f'datasets/{d}')['name'] for d in os.listdir(mount / 'datasets')] == ['invoices']


LINES = [line for line in (EXAMPLES / 'fstab').read_text().splitlines()
         if line and not line.startswith('#')]
POINTS = [line.split()[1] for line in LINES]


# What is at its place on a machine where lasfs is installed and docs/examples/fstab is /etc/fstab;
# /root, and the home of another user, have the credentials.
MACHINE = r'''set -e
work=$(mktemp -d "$SCRATCH/XXXXXX")
mount -t tmpfs -o mode=755,dev tmpfs "$work"
cp "$LASFS" "$FSTAB" "$work"
cp -a /usr/sbin/mount.fuse* "$work"
cp -r "$ACCOUNT" "$work/account"
mknod -m 666 "$work/fuse" c 10 229
mount --bind "$work/fuse" /dev/fuse
mount --bind "$work/fstab" /etc/fstab
for folder in /usr/local/bin /usr/sbin /srv /mnt; do mount -t tmpfs -o mode=755 tmpfs $folder; done
mv "$work"/mount.fuse* /usr/sbin
mv "$work/lasfs" /usr/local/bin
for helper in mount.lasfs mount.fuse.lasfs; do ln -s /usr/local/bin/lasfs /usr/sbin/$helper; done
for name in root "$OTHER"; do
    own=$(getent passwd $name | cut -d: -f6)
    mount -t tmpfs -o mode=700 tmpfs "$own"
    cp -r "$work/account" "$own/.lucidtech"
    chown -R $name "$own"
done
mkdir $POINTS
chown "$OTHER" $POINTS
as_other() { setpriv --reuid="$OTHER" --regid="$OTHER" --clear-groups "$@"; }
cd /
'''


@pytest.fixture
def machine(tmp_path, home):
    """Runs a script in a mount namespace of its own; what it started ends with it."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(('LAS_', 'XDG_', 'HOME'))}
    environment.update(SCRATCH=str(tmp_path), LASFS=program('lasfs'), FSTAB=str(EXAMPLES / 'fstab'),
                       ACCOUNT=str(home / '.lucidtech'), POINTS=' '.join(POINTS), OTHER=OTHER,
                       LC_ALL='C.UTF-8')

    def run(script):
        ran = subprocess.run(['unshare', '-m', '-p', '-f', '--kill-child', '--mount-proc', 'bash', '-c',
                              MACHINE + script], env=environment, capture_output=True, text=True,
                             timeout=90, check=False)
        assert ran.returncode == 0, f'{script}\n{ran.returncode}\n{ran.stdout}\n{ran.stderr}'
        return ran.stdout
    return run


def test_the_lines_of_fstab_have_what_people_need():
    options = {o.partition('=')[0] for line in LINES for o in line.split()[3].split(',')}
    assert {'_netdev', 'noauto', 'nofail', 'user', 'x-systemd.automount', 'x-systemd.requires'} <= options
    assert all(line.split()[2] == 'fuse.lasfs' for line in LINES)


def test_findmnt_verifies_the_lines_of_fstab(machine):
    assert '0 parse errors, 0 errors' in machine('findmnt --verify --tab-file /etc/fstab 2>&1')


@pytest.mark.parametrize('point', POINTS)
def test_each_line_of_fstab_is_mounted_and_unmounted(machine, api, point):
    api.add_dataset('invoices')
    out = machine(f'mount {point}; ls {point}/datasets; findmnt -n -o FSTYPE {point}; '
                  f'umount {point}; ls -A {point}')
    assert out.split() == ['invoices', 'fuse.lasfs']


def test_mount_a_mounts_what_is_for_the_boot_and_once(machine):
    out = machine('mount -a; mount -a; findmnt -n -o SOURCE,TARGET /srv/lasfs; umount /srv/lasfs')
    assert out.split() == ['lasfs:default', '/srv/lasfs']


def test_any_user_mounts_and_unmounts_the_line_with_user(machine, api):
    """With that user's credentials and state."""
    api.add_dataset('invoices')
    point = next(line.split()[1] for line in LINES if 'user' in line.split()[3].split(','))
    out = machine(f'rm -r /root/.lucidtech; as_other mount {point}; as_other ls {point}/datasets; '
                  f'as_other sh -c "ls -d ~{OTHER}/.local/state/lasfs"; as_other umount {point}; ls -A {point}')
    assert out.split() == ['invoices', f'{pwd.getpwnam(OTHER).pw_dir}/.local/state/lasfs']


def test_no_user_mounts_a_line_without_user(machine):
    point = next(line.split()[1] for line in LINES if 'user' not in line.split()[3].split(','))
    machine(f'! as_other mount {point} 2>/dev/null; ! mountpoint -q {point}')


def test_after_umount_the_next_mount_goes_on_at_once(machine):
    """No umount.lasfs has to wait for the daemon: the next one waits for its lock."""
    machine('for i in 1 2 3; do mount /srv/lasfs; mkdir /srv/lasfs/datasets/$i; umount /srv/lasfs; done')


# --- lasfs-metrics --------------------------------------------------------------------------------

def collect(tmp_path, *mounts, **environment):
    """The collector's figures: (metric, its labels) -> value."""
    file = tmp_path / 'lasfs.prom'
    subprocess.run([COLLECTOR, file, *map(str, mounts)], check=True, timeout=60,
                   env={**os.environ, **environment})
    text = file.read_text()
    headers = [line for line in text.splitlines() if line.startswith('#')]
    assert len(headers) == len(set(headers)), 'words twice'
    families = list(text_string_to_metric_families(text))
    assert len(families) == len({f.name for f in families}), 'a metric in two places'
    assert all(f.documentation and f.type != 'unknown' for f in families)
    return {(s.name, *sorted(s.labels.items())): s.value for f in families for s in f.samples}


def figure(figures, name, mount, **labels):
    return figures[(name, *sorted({'mount': str(mount), **labels}.items()))]


def test_the_collector_has_all_figures_with_the_mount(mount, tmp_path):
    figures = collect(tmp_path, mount.path)
    own = {s.name: s for f in text_string_to_metric_families((mount / '.lasfs/metrics').read_text())
           for s in f.samples}
    assert {name for name, *_ in figures} == set(own) | {'lasfs_up'}
    assert figure(figures, 'lasfs_up', mount.path) == 1
    assert figure(figures, 'lasfs_start_time_seconds', mount.path) == own['lasfs_start_time_seconds'].value


def test_the_collector_counts_what_failed(mount, tmp_path):
    mount.allow('Invalid argument')
    mount.may_leave = True
    assert figure(collect(tmp_path, mount.path), 'lasfs_files', mount.path, state='failed') == 0
    mount.run('echo letter > documents/letter.pdf', status=None)
    assert figure(collect(tmp_path, mount.path), 'lasfs_files', mount.path, state='failed') == 1


def test_the_collector_takes_several_mounts_and_any_name(lasfs, tmp_path):
    mounts = [lasfs(name='one "two" \\ three'), lasfs()]
    figures = collect(tmp_path, *(m.path for m in mounts))
    assert [figure(figures, 'lasfs_up', m.path) for m in mounts] == [1, 1]
    assert all(figure(figures, 'lasfs_files', m.path, state='sent') == 0 for m in mounts)


def test_where_nothing_is_mounted_the_collector_says_so(mount, tmp_path):
    figures = collect(tmp_path, tmp_path, mount.path)
    assert [figure(figures, 'lasfs_up', p) for p in (tmp_path, mount.path)] == [0, 1]


def test_a_daemon_that_does_not_answer_is_down_for_the_collector(mount, tmp_path):
    mount.process.send_signal(signal.SIGSTOP)
    try:
        figures = collect(tmp_path, mount.path, LASFS_METRICS_SECONDS='0.5')
    finally:
        mount.process.send_signal(signal.SIGCONT)
    assert figures == {('lasfs_up', ('mount', str(mount.path))): 0}


def test_the_collectors_file_is_whole_or_the_one_before(mount, tmp_path):
    """node_exporter may read it at any time, and as another user."""
    collect(tmp_path, mount.path)
    before = os.stat(tmp_path / 'lasfs.prom')
    collect(tmp_path, mount.path)
    after = os.stat(tmp_path / 'lasfs.prom')
    assert after.st_ino != before.st_ino and after.st_mode & 0o777 == 0o644
    assert [p.name for p in tmp_path.iterdir() if 'metrics' in p.name] == []


def test_the_collector_says_how_it_is_called():
    ran = subprocess.run([COLLECTOR], capture_output=True, text=True, check=False)
    assert ran.returncode == 2 and ran.stderr.startswith('Usage: lasfs-metrics')


def test_the_unit_runs_the_collector(mount, tmp_path):
    unit = (EXAMPLES / 'lasfs-metrics.service').read_text()
    script, file, point = shlex.split(re.search(r'^ExecStart=(.*)$', unit, re.M)[1])
    assert script == '/usr/share/doc/lasfs/examples/lasfs-metrics'
    assert point in POINTS
    assert os.path.dirname(file) in COLLECTOR.read_text()
    subprocess.run([COLLECTOR, tmp_path / os.path.basename(file), mount.path], check=True, timeout=60)
    assert 'lasfs_up' in (tmp_path / 'lasfs.prom').read_text()


def test_systemd_takes_the_unit_and_its_timer(tmp_path):
    for name in ('lasfs-metrics.service', 'lasfs-metrics.timer'):
        text = (EXAMPLES / name).read_text()
        (tmp_path / name).write_text(text.replace('/usr/share/doc/lasfs/examples', str(EXAMPLES)))
    ran = subprocess.run(['systemd-analyze', 'verify', '--man=no', tmp_path / 'lasfs-metrics.service',
                          tmp_path / 'lasfs-metrics.timer'], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, '')


# --- lasfs-alerts.yml -----------------------------------------------------------------------------

def test_the_alerts_are_about_figures_that_the_collector_writes(mount, tmp_path):
    """tests/install/test_alerts.py lets each of them fire."""
    rules = (EXAMPLES / 'lasfs-alerts.yml').read_text()
    assert re.findall(r'alert: (\w+)', rules) == ['LasfsFilesFailed', 'LasfsNotAnswering', 'LasfsUploadsWaiting']
    figures = collect(tmp_path, mount.path)
    asked = re.findall(r'\b(lasfs_[a-z_]+)(?:\{state=~?"([\w|]+)"\})?', rules)
    assert len(asked) >= 5
    for name, states in asked:
        for labels in [{'state': state} for state in states.split('|')] if states else [{}]:
            assert (name, *sorted({'mount': str(mount.path), **labels}.items())) in figures, name
