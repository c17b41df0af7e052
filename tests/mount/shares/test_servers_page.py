"""What docs/drop-folders.md says beside the configurations of the servers."""
import re
import subprocess

import pytest

from servers import IS_ROOT, KINDS, OTHER, PAGE, page_block, run
from server import program


def protect(path):
    """What the page does to the bare directory; is chattr known to this file system?"""
    script = re.search(r'```sh\n(mkdir -p /srv/lasfs\n.*?)```', PAGE.read_text(), re.S)[1]
    for line in script.replace('/srv/lasfs', str(path)).splitlines():
        ran = subprocess.run(['sh', '-c', line], capture_output=True, text=True, check=False)
        unknown = line.startswith('chattr') and 'not supported' in ran.stderr
        assert ran.returncode == 0 or unknown, ran.stderr
    return not unknown


@pytest.fixture
def bare(shared):
    share = shared('sftp')
    share.mount.unmount()
    immutable = protect(share.mount.path)
    yield share, immutable
    share.mount.kill()
    if immutable:
        run('chattr', '-i', share.mount.path)
    share.mount.path.chmod(0o755)


@pytest.mark.skipif(not IS_ROOT, reason='only root can make a directory immutable')
def test_nothing_is_dropped_into_the_bare_directory(bare, api, samples):
    share, immutable = bare
    mkdir = ['mkdir', '-p', share.mount.path / 'datasets/invoices/documents']
    as_user = ['setpriv', f'--reuid={OTHER.pw_uid}', f'--regid={OTHER.pw_gid}', '--clear-groups']
    assert 'Permission denied' in run(*as_user, *mkdir, status=1).err
    if immutable:
        assert 'Operation not permitted' in run(*mkdir, status=1).err
    share.put(samples.pdf(), 'scan.pdf', status=1)
    assert list(share.mount.path.iterdir()) == []
    assert api.documents() == []


@pytest.mark.skipif(not IS_ROOT, reason='only root can make a directory immutable')
def test_the_protected_directory_can_be_mounted_on(bare, api, samples):
    share, _ = bare
    share.mount.start()
    share.put(samples.pdf(), 'scan.pdf')
    assert len(api.documents()) == 1
    assert share.list() == {'scan.pdf': 2000}


def test_the_unit_mounts_and_unmounts(lasfs):
    """Its ExecStart returns when the mount is there, its ExecStop when it is gone."""
    mount = lasfs(start=False)
    unit = page_block('/etc/systemd/system/lasfs.service')
    commands = [re.search(rf'^{key}=(.*)$', unit, re.M)[1] for key in ('ExecStart', 'ExecStop')]
    if not IS_ROOT:
        commands[0] = commands[0].replace('allow_other,', '')
    for command, mounted in zip(commands, (True, False)):
        command = command.replace('/usr/local/bin/lasfs', program('lasfs'))
        command = command.replace('/srv/lasfs', str(mount.path))
        command = command.replace('/var/lib/lasfs', str(mount.folder))
        run(*command.split(), **mount.environment())
        assert mount.mounted == mounted


def test_each_server_has_a_section_and_is_tested():
    sections = set(re.findall(r'^## (\w+)', PAGE.read_text(), re.M)) - {'The'}
    assert sections == {'SMB', 'FTP', 'SFTP', 'WebDAV'}
    assert {name.lower() for name in sections} | {'scp'} == set(KINDS)
