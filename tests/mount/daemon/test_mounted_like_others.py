"""mount(8), fstab and findmnt, and what is so without any option."""
import os
import subprocess

import pytest

from samples import pdf
from server import program

PLAIN = ['list=names']


@pytest.fixture
def account(mount_folder, server):
    """A home whose credentials file has a profile called work."""
    home = mount_folder / 'home'
    (home / '.lucidtech').mkdir(parents=True)
    file = home / '.lucidtech/credentials.cfg'
    file.write_text('\n'.join(['[work]', f'client_id = {server.client_id}',
                               f'client_secret = {server.client_secret}',
                               f'auth_endpoint = {server.auth_endpoint}',
                               f'api_endpoint = {server.api_endpoint}', '']))
    file.chmod(0o600)
    return home


@pytest.fixture
def mount_folder(tmp_path):
    folder = tmp_path / 'of mount'
    (folder / 'mnt').mkdir(parents=True)
    return folder


@pytest.fixture
def mount8(mount_folder, account):
    """mount(8) in a mount namespace of its own, in which lasfs is installed; ends what it mounted."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(('LAS_', 'XDG_'))}
    environment.update(HOME=str(account), MNT=str(mount_folder / 'mnt'), LASFS=program('lasfs'), LC_ALL='C.UTF-8')

    def run(script, status=0):
        install = ('cp -a /usr/sbin/mount.fuse* "$MNT/.."; '
                   'for d in /usr/local/bin /usr/sbin; do mount -t tmpfs tmpfs $d; done; '
                   'mv "$MNT/../"mount.fuse* /usr/sbin/; '
                   'ln -s "$LASFS" /usr/local/bin/lasfs; ln -s "$LASFS" /usr/sbin/mount.lasfs; ')
        install += 'mount --bind "$HOME" "$(getent passwd "$(id -u)" | cut -d: -f6)"; '
        end = '; s=$?; mountpoint -q "$MNT" && "$LASFS" --unmount "$MNT"; exit $s'
        ran = subprocess.run(['unshare', '-m', 'bash', '-c', f'{install}({script}){end}'], env=environment,
                             capture_output=True, text=True, timeout=90, check=False)
        assert ran.returncode == status, f'{script}\n{ran.returncode}\n{ran.stdout}\n{ran.stderr}'
        return ran.stdout
    return run


def test_mount_t_fuse_lasfs_takes_a_profile_for_its_source(mount8, api):
    api.add_dataset('invoices')
    out = mount8('set -e; mount -t fuse.lasfs work "$MNT" -o rw,complete=off; ls "$MNT/datasets"; '
                 'findmnt -n -o SOURCE,FSTYPE "$MNT"; ! df -l "$MNT" 2>/dev/null')
    assert out.split() == ['invoices', 'lasfs:work', 'fuse.lasfs']


def test_mount_t_fuse_lasfs_with_none_and_a_profile_among_the_options(mount8, api):
    dataset = api.add_dataset('invoices')
    out = mount8('set -e; mount -t fuse.lasfs none "$MNT" -o profile=work,list=ids,ro; '
                 'ls "$MNT/datasets"; ! mkdir "$MNT/datasets/x" 2>/dev/null')
    assert out.split() == [dataset]


@pytest.mark.parametrize('flags', ['', '-n', '-s', '-v'])
def test_mount_t_lasfs_by_its_helper(mount8, api, flags):
    api.add_dataset('invoices')
    out = mount8(f'set -e; mount {flags} -t lasfs work "$MNT" -o nosuid,nodev,noexec,relatime; '
                 'ls "$MNT/datasets"')
    assert out.split()[-1] == 'invoices'


def test_a_line_of_fstab(mount8, mount_folder, api):
    api.add_dataset('invoices')
    fstab = mount_folder / 'fstab'
    point = str(mount_folder / 'mnt').replace(' ', '\\040')
    fstab.write_text(f'work {point} fuse.lasfs '
                     'noauto,nofail,_netdev,user,x-systemd.requires=x.service,complete=off 0 0\n')
    out = mount8(f'set -e; mount -T "{fstab}" "$MNT"; ls "$MNT/datasets"')
    assert out.split() == ['invoices']


def test_a_profile_that_is_not_there_is_a_failure_with_its_name(mount8):
    out = mount8('! mount -t fuse.lasfs nobody "$MNT" 2>&1')
    assert 'nobody' in out


# --- Without any option ---------------------------------------------------------------------------

def test_a_listing_shows_names_and_short_ids_without_colons(lasfs, api):
    mount = lasfs(*PLAIN)
    api.add_dataset('invoices')
    document = api.add_document(pdf(2000, 1))
    assert os.listdir(mount / 'datasets') == ['invoices']
    (name,) = os.listdir(mount / 'documents')
    assert ':' not in name and document.rpartition(':')[2].startswith(name)
    assert (mount / 'documents' / name / 'content').read_bytes() == pdf(2000, 1)
