"""The package in a bare Debian: it works alone, is upgraded, removed and purged."""
import hashlib
import re

import pytest

from conftest import USER

pytestmark = pytest.mark.timeout(900)

MOUNT = 'mkdir -p mnt; lasfs --sandbox --seed-demo mnt; '
UNMOUNT = 'lasfs --unmount mnt; '
DROP = 'cp /srv/sample.pdf mnt/datasets/receipts/documents/; '
ACCOUNT = 'mkdir -p .local/state/lasfs/account; echo 1 > .local/state/lasfs/account/state.db; '
BACK = 'cmp /srv/sample.pdf mnt/datasets/receipts/documents/sample.pdf; '


def files_below(folder):
    """Each file's digest, by its path."""
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in sorted(folder.rglob('*')) if p.is_file() and not p.is_symlink()}


def version_of(debian):
    return debian.run("dpkg-query -W -f='${Version}' lasfs").out


def test_its_files_are_whole_and_its_libraries_are_there(installed):
    assert installed.run('dpkg --verify lasfs').out == ''
    assert 'not found' not in installed.run('ldd /usr/bin/lasfs /usr/bin/lasfs-sandbox').out
    assert installed.run('lasfs --version').out == f'lasfs {version_of(installed)}\n'


def test_nothing_was_recommended_or_built_with(installed):
    there = installed.run("dpkg-query -W -f='${Package}\\n'").out.split()
    assert not {'ca-certificates', 'gcc', 'libcmocka0', 'python3', 'curl', 'jq'} & set(there)


@pytest.mark.parametrize('user', ['root', USER])
def test_a_sandbox_is_mounted_and_has_the_next_time_what_was_put_there(installed, user):
    home = installed.new_home(user)
    out = installed.run(MOUNT + DROP + BACK + 'ls mnt/datasets; lasfs status mnt; ' + UNMOUNT
                        + 'ls -A mnt', user, home).out
    assert out.split()[:2] == ['invoices', 'receipts']
    assert re.search(r'^files sent +1$', out, re.M)
    installed.run(MOUNT + BACK + UNMOUNT, user, home)


# A server that goes on while a script runs, and a profile that has it.
SERVER = r'''
mkdir -m 700 .lucidtech
(umask 077; od -An -tx1 -N16 /dev/urandom | tr -d ' \n' > secret)
lasfs-sandbox --listen 127.0.0.1:0 --state box --client-id me --client-secret-file secret > ready &
until grep -q apiEndpoint ready; do sleep 0.05; done
of() { sed "s/.*\"$1\": \"\([^\"]*\)\".*/\1/" ready; }
(umask 077; printf '%s\n' '[work]' 'client_id = me' "client_secret = $(cat secret)" \
    "auth_endpoint = $(of authEndpoint)" "api_endpoint = $(of apiEndpoint)" > .lucidtech/credentials.cfg)
'''


def test_a_user_mounts_and_unmounts_by_fstab(debian):
    """mount(8) finds the helper; the credentials are the user's, not root's."""
    point = debian.home(USER) + '/mnt'
    debian.run(f'echo "lasfs:work {point} fuse.lasfs noauto,user,_netdev 0 0" >> /etc/fstab')
    out = debian.run(f'mkdir mnt; {SERVER} mount {point}; mkdir mnt/datasets/mine; ls mnt/datasets; '
                     f'umount {point}; ls -A mnt; kill %1', USER).out
    assert out.split() == ['mine']


def test_an_upgrade_leaves_a_mount_alone(debian):
    before = version_of(debian)
    out = debian.run(MOUNT + 'apt-get -q -y install /srv/newer.deb >/dev/null; ' + DROP + BACK + UNMOUNT
                     + 'lasfs --version').out
    assert version_of(debian) == before + '+newer'
    assert out == f'lasfs {before}\n'
    debian.run(MOUNT + BACK + UNMOUNT)


@pytest.mark.parametrize('how', ['remove', 'purge'])
def test_what_users_have_stays(debian, how):
    """Removing takes the package's files and nothing of what lasfs has kept for its users."""
    mine = [line for line in debian.run('dpkg -L lasfs').out.split() if (debian / line[1:]).is_file()]
    debian.run('mkdir -p /var/lib/lasfs mnt; '
               'lasfs --sandbox=/var/lib/lasfs/box -o state=/var/lib/lasfs/state mnt; '
               'cp /srv/sample.pdf mnt/documents/; ' + UNMOUNT)
    debian.run(MOUNT + DROP + UNMOUNT + ACCOUNT, USER)
    folders = [debian / 'var/lib/lasfs', debian / debian.home(USER)[1:]]
    before = [files_below(f) for f in folders]
    assert all(before) and len(mine) > 10
    debian.apt(how, 'lasfs')
    assert [files_below(f) for f in folders] == before
    assert not [path for path in mine if (debian / path[1:]).exists()]
    left = debian.run("dpkg-query -W -f='${db:Status-Status}' lasfs 2>/dev/null || true").out
    # a package with a postrm, as of units, is remembered until it is purged
    assert left in ('', 'not-installed', *(['config-files'] if how == 'remove' else []))
    debian.apt('install', '/srv/lasfs.deb')
    debian.run(MOUNT + BACK + UNMOUNT, USER)
