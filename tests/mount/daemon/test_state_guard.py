"""What lasfs keeps is this user's alone, or it does not start; what is damaged it sets aside, and says so."""
import os
import re
import shutil
import sqlite3
import subprocess

import pytest

from mounted import Mount, mount_type
from samples import SMALLEST_PDF

SECONDS = 60
STRANGER = 54321
DOCUMENT = 'documents/scan.pdf'


@pytest.fixture
def ended(lasfs):
    """A mount that has kept something, ended."""
    mount = lasfs()
    (mount / DOCUMENT).write_bytes(SMALLEST_PDF)
    list((mount / 'documents').iterdir())
    mount.unmount()
    return mount


def says(mount, *arguments):
    """Starts it as one types it, which must fail; its one line."""
    ran = subprocess.run(mount.command(*arguments), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                         timeout=SECONDS, env=mount.environment(), check=False)
    if mount_type(mount.path):
        subprocess.run(['fusermount3', '-u', str(mount.path)], check=True)
    assert ran.returncode == 1, ran
    lines = ran.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith('lasfs: '), ran.stderr
    return lines[0]


def account(mount):
    """Its folder of the cache."""
    return next((mount.folder / 'cache/lasfs').iterdir())


def plant_link(path, target):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    path.symlink_to(target)


PLACES = {
    'the state directory': lambda mount: mount.state,
    'the lock': lambda mount: mount.state / 'lock',
    'the database': lambda mount: mount.state / 'state.db',
    'its log': lambda mount: mount.state / 'state.db-wal',
    'its index': lambda mount: mount.state / 'state.db-shm',
    'the spool': lambda mount: mount.state / 'spool',
    'the cache': account,
    'the contents': lambda mount: account(mount) / 'contents',
}


@pytest.mark.parametrize('place', PLACES)
def test_a_planted_link_is_not_followed(ended, tmp_path, place):
    path = PLACES[place](ended)
    folder, file = tmp_path / 'elsewhere', tmp_path / 'target'
    folder.mkdir()
    file.write_text('kept')
    is_folder = path.is_dir()
    for target in (folder if is_folder else file, tmp_path / 'nowhere'):
        plant_link(path, target)
        line = says(ended)
        assert str(path) in line and 'symbolic link' in line
    assert not list(folder.iterdir()) and file.read_text() == 'kept'
    assert not (tmp_path / 'nowhere').exists()
    path.unlink()
    ended.start()


@pytest.mark.parametrize('place', ['the state directory', 'the spool', 'the cache', 'the contents'])
def test_what_others_can_write_is_refused(ended, place):
    path = PLACES[place](ended)
    path.chmod(0o777)
    line = says(ended)
    assert str(path) in line
    mend = re.search(r"chmod go-w '.*'", line)[0]
    subprocess.run(mend, shell=True, check=True)  # what it says mends it
    ended.start()
    assert (ended / DOCUMENT).read_bytes() == SMALLEST_PDF


@pytest.mark.skipif(os.geteuid() != 0, reason='it takes root to give something away')
@pytest.mark.parametrize('place', PLACES)
def test_what_is_another_users_is_refused(ended, place):
    path = PLACES[place](ended)
    if not path.exists():
        path.touch(0o600)
    os.chown(path, STRANGER, STRANGER)
    line = says(ended)
    assert str(path) in line and f'another user (uid {STRANGER})' in line
    os.chown(path, 0, 0)
    ended.start()


def test_a_folder_above_it_that_anybody_can_write(ended):
    ended.folder.chmod(0o777)
    line = says(ended)
    assert str(ended.state) in line and f"chmod o-w '{ended.folder}'" in line
    ended.folder.chmod(0o1777)
    ended.start()


def test_a_stranger_s_content_is_not_believed(ended, api):
    """What was planted into the cache while others could write there is not what the server has."""
    ended.start()
    ident = api.only_document()['documentId']
    content = ended / 'documents' / ident / 'content'
    assert content.read_bytes() == SMALLEST_PDF
    ended.unmount()
    cached = [p for p in (account(ended) / 'contents').iterdir() if ident in p.name]
    for path in cached:
        path.chmod(0o666)
    with ended.server.watch() as seen:
        ended.start()
        assert content.read_bytes() == SMALLEST_PDF
    assert cached and seen.of('GET', f'/documents/{ident}.*')


# --- The sandbox -------------------------------------------------------------------------------

BOX = {'server': 'server', 'its lock': 'server/lock', 'its database': 'server/sandbox.db',
       'its log': 'server/sandbox.db-wal', 'the mount': 'mount', 'the cache': 'cache'}


@pytest.fixture
def box(tmp_path):
    mount = Mount(None, tmp_path / 'lasfs', arguments=[f'--sandbox={tmp_path}/box'])
    mount.state = tmp_path / 'box/mount'
    mount.start()
    mount.unmount()
    yield mount
    mount.kill()


@pytest.mark.parametrize('place', BOX)
def test_a_sandbox_follows_no_link_either(box, tmp_path, place):
    path = tmp_path / 'box' / BOX[place]
    folder, file = tmp_path / 'elsewhere', tmp_path / 'target'
    folder.mkdir()
    file.write_text('kept')
    plant_link(path, folder if path.is_dir() else file)
    line = says(box)
    assert str(path) in line and 'symbolic link' in line
    assert not list(folder.iterdir()) and file.read_text() == 'kept'
    path.unlink()
    box.start()
    box.unmount()


@pytest.mark.parametrize('place', ['server', 'mount', 'cache'])
def test_a_sandbox_that_others_can_write_is_refused(box, tmp_path, place):
    (tmp_path / 'box' / place).chmod(0o770)
    line = says(box)
    assert str(tmp_path / 'box' / place) in line and 'chmod go-w' in line


def test_a_sandbox_whose_database_is_none_is_left_alone(box, tmp_path):
    path = tmp_path / 'box/server/sandbox.db'
    path.write_bytes(b'no database' * 500)
    line = says(box)
    assert f'{path}: file is not a database' in line
    assert path.read_bytes() == b'no database' * 500


# --- What was damaged --------------------------------------------------------------------------

def test_a_damaged_database_is_set_aside_and_said(ended, api):
    (ended.state / 'state.db').write_bytes(b'no database' * 500)
    ended.allow(r'start /: .*state\.db was damaged .* set aside as state\.db\.corrupt-1')
    ended.start()
    assert 'state.db.corrupt-1' in ended.words  # on the terminal
    assert 'state.db.corrupt-1' in ended.errors()
    assert (ended.state / 'state.db.corrupt-1').read_bytes() == b'no database' * 500
    ident = api.only_document()['documentId']
    assert (ended / 'documents' / ident / 'content').read_bytes() == SMALLEST_PDF
    (ended / 'documents/other.pdf').write_bytes(SMALLEST_PDF)
    ended.unmount()
    ended.allow('damaged')
    ended.start()
    assert (ended / 'documents/other.pdf').exists()


def test_bytes_whose_name_was_lost_are_in_failed(ended):
    ended.may_leave = True
    ended.allow(r'start /: .*state\.db was damaged', r'start /documents/unnamed-\d+: ')
    ended.start()
    (ended / 'documents/notes.txt~').write_text('never sent')
    ended.unmount()
    os.truncate(ended.state / 'state.db', 100)
    ended.start()
    (kept,) = [p for p in (ended / '.lasfs/failed').iterdir() if not p.name.endswith('.error.txt')]
    assert kept.read_text() == 'never sent'
    assert re.fullmatch(r'\d+-unnamed-\d+', kept.name)
    assert kept.name.partition('-')[2] in ended.errors()
    kept.unlink()


def test_a_killed_daemon_leaves_nothing_unnamed(lasfs):
    """What was sent before is at the server, with its name; nothing is doubled as a failure."""
    mount = lasfs()
    for i in range(20):
        (mount / f'documents/{i}.pdf').write_bytes(SMALLEST_PDF + b'%%%d\n' % i)
    mount.kill()
    mount.start()
    assert sorted(p.name for p in (mount / 'documents').iterdir()) == sorted(f'{i}.pdf' for i in range(20))
    assert not list((mount / '.lasfs/failed').iterdir())


def test_a_newer_version_is_refused_and_not_touched(ended):
    db = sqlite3.connect(ended.state / 'state.db')
    db.execute('PRAGMA user_version = 1000')
    db.close()
    before = (ended.state / 'state.db').read_bytes()
    line = says(ended)
    assert str(ended.state / 'state.db') in line and 'newer lasfs' in line
    assert (ended.state / 'state.db').read_bytes() == before
    assert not list(ended.state.glob('state.db.corrupt-*'))


def test_a_row_that_makes_no_sense_is_set_aside(ended):
    db = sqlite3.connect(ended.state / 'state.db')
    (n,) = db.execute("SELECT count(*) FROM drops").fetchone()
    db.execute("UPDATE drops SET state = 77")
    db.commit()
    db.close()
    ended.allow(r'start /: .*rows made no sense')
    ended.start()
    assert f'{n} rows made no sense' in ended.errors()
    assert len(list((ended / 'documents').iterdir())) == 1  # by its id, as the server has it
    ended.unmount()
    db = sqlite3.connect(ended.state / 'state.db')
    assert db.execute('SELECT count(*) FROM damaged1').fetchone() == (n,)
    db.close()


def test_a_disk_that_cannot_be_written_is_told(ended, tmp_path):
    if os.geteuid() != 0:
        pytest.skip('it takes root to mount')
    subprocess.run(['mount', '--bind', ended.state, ended.state], check=True)
    try:
        subprocess.run(['mount', '-o', 'remount,bind,ro', ended.state], check=True)
        line = says(ended)
    finally:
        subprocess.run(['umount', ended.state], check=True)
    assert str(ended.state) in line and 'cannot be written' in line and 'Read-only' in line


def test_a_spool_that_is_gone_is_made_again(ended):
    ended.allow(r'start /documents/notes\.txt~: its bytes, which were not sent')
    ended.start()
    (ended / 'documents/notes.txt~').write_text('never sent')
    ended.may_leave = True
    ended.unmount()
    shutil.rmtree(ended.state / 'spool')
    ended.start()
    assert 'notes.txt~: its bytes, which were not sent, are not in the spool any more' in ended.errors()
    (ended / 'documents/new.pdf').write_bytes(SMALLEST_PDF)


# --- What is not kept for ever -------------------------------------------------------------------

def sizes(mount):
    """The ids that the state database has a size for; the mount has ended."""
    db = sqlite3.connect(mount.state / 'state.db')
    try:
        return {i for (i,) in db.execute('SELECT id FROM sizes')}
    finally:
        db.close()


@pytest.mark.parametrize('by', ['this mount', 'another client', 'another client, unlisted'])
def test_the_size_of_what_is_gone_is_forgotten(lasfs, api, by):
    there, gone = (api.add_document(SMALLEST_PDF + b'%%%d\n' % i) for i in range(2))
    mount = lasfs('list_ttl=0')
    (mount / 'documents/mine.pdf').write_bytes(SMALLEST_PDF + b'% mine\n')
    (mine,) = {d['documentId'] for d in api.documents()} - {there, gone}
    for i in (there, gone):
        (mount / 'documents' / i / 'content').read_bytes()
    mount.unmount()
    assert sizes(mount) == {there, gone, mine}
    mount.start()
    if by == 'this mount':
        mount.run(f'rmdir documents/{gone}')
    else:
        api.delete(f'documents/{gone}')
    if by == 'another client':
        os.listdir(mount / 'documents')
    mount.unmount()
    assert sizes(mount) == ({there, gone, mine} if 'unlisted' in by else {there, mine})
