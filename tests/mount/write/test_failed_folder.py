"""What could not be delivered: failed/, retry, and what an end of the daemon leaves of it."""
import errno
import os
import sqlite3
import subprocess
import time

import pytest

from mounted import eventually
from outage import NEW_TIME, OLD_TIME, check_older, failed, fails, number, sha, write
from samples import pdf


def test_retry_delivers_to_the_name(refusing, api):
    mount, path = refusing.mount, refusing.mount / 'documents/a.pdf'
    fails(path, pdf(3000, seed=2))
    refusing.mended()
    mount.control('retry ' + number(mount, 'a.pdf'))
    assert path.read_bytes() == pdf(3000, seed=2)
    assert api.hashes() == [sha(pdf(3000, seed=2))]
    assert os.listdir(mount / 'documents') == ['a.pdf']
    assert failed(mount) == {}


def test_retry_replaces_an_older_version_at_once(refusing, api):
    mount, path = refusing.mount, refusing.mount / 'documents/a.pdf'
    refusing.mended()
    write(path, pdf(2000, seed=1))
    refusing.broken()
    fails(path, pdf(3000, seed=2))
    assert os.stat(path).st_size == 2000
    refusing.mended()
    mount.control('retry ' + number(mount, 'a.pdf'))
    assert os.stat(path).st_size == 3000
    assert path.read_bytes() == pdf(3000, seed=2)
    assert api.hashes() == [sha(pdf(3000, seed=2))]


@pytest.mark.parametrize('old', [False, True], ids=['new', 'overwritten'])
def test_a_retry_that_fails_leaves_it_under_its_number(refusing, old):
    mount, path = refusing.mount, refusing.mount / 'documents/a.pdf'
    if old:
        refusing.mended()
        write(path, pdf(2000, seed=1))
        os.utime(path, (OLD_TIME, OLD_TIME))
        refusing.broken()
    fails(path, pdf(3000, seed=2))
    name = number(mount, 'a.pdf')
    for _ in range(3):
        with pytest.raises(OSError) as problem:
            mount.control('retry ' + name)
        assert problem.value.errno == errno.EIO
        assert os.path.lexists(path) == old
        assert not old or os.stat(path).st_size == 2000
        assert os.listdir(mount / '.lasfs/failed') == [name]
    mount.remount()
    assert os.listdir(mount / '.lasfs/failed') == [name]
    assert failed(mount) == {'a.pdf': pdf(3000, seed=2)}
    if old:
        check_older(mount, 'a.pdf', pdf(2000, seed=1), OLD_TIME)


def test_retry_spares_what_is_being_written(refusing, api):
    mount, path = refusing.mount, refusing.mount / 'documents/a.pdf'
    mount.allow('busy')
    fails(path, pdf(3000, seed=2))
    refusing.mended()
    with open(path, 'wb') as f:
        f.write(pdf(2500, seed=3))
        f.flush()
        with pytest.raises(OSError) as problem:
            mount.control('retry ' + number(mount, 'a.pdf'))
        assert problem.value.errno == errno.EBUSY
        assert 'newer' in mount.errors().splitlines()[-1]
    assert api.hashes() == [sha(pdf(2500, seed=3))]
    assert failed(mount) == {}


def test_retry_spares_a_folder_that_has_its_name(refusing):
    mount, path = refusing.mount, refusing.mount / 'documents/a.pdf'
    mount.allow('busy')
    fails(path, pdf(3000, seed=2))
    refusing.mended()
    os.mkdir(path)
    with pytest.raises(OSError) as problem:
        mount.control('retry ' + number(mount, 'a.pdf'))
    assert problem.value.errno == errno.EBUSY
    assert os.path.isdir(path) and failed(mount) == {'a.pdf': pdf(3000, seed=2)}


def test_rm_gives_it_up_and_keeps_the_older_one(refusing):
    mount, path = refusing.mount, refusing.mount / 'documents/a.pdf'
    refusing.mended()
    write(path, pdf(2000, seed=1))
    refusing.broken()
    fails(path, pdf(3000, seed=2))
    os.unlink(mount / '.lasfs/failed' / number(mount, 'a.pdf'))
    assert os.listdir(mount / 'documents') == ['a.pdf']
    assert path.read_bytes() == pdf(2000, seed=1)
    mount.may_leave = False


def test_removing_the_note_keeps_what_failed(refusing):
    mount = refusing.mount
    fails(mount / 'documents/a.pdf', pdf(3000, seed=2))
    os.unlink(mount / 'documents/a.pdf.error.txt')
    assert os.listdir(mount / 'documents') == []
    mount.remount()
    assert os.listdir(mount / 'documents') == []
    assert failed(mount) == {'a.pdf': pdf(3000, seed=2)}
    fails(mount / 'documents/a.pdf', pdf(3001, seed=2))
    assert os.listdir(mount / 'documents') == ['a.pdf.error.txt']


def test_renaming_a_subfolder_takes_along_what_failed_in_it(refusing, api):
    mount = refusing.mount
    os.makedirs(mount / 'documents/one/deep')
    fails(mount / 'documents/one/a.pdf', pdf(3000, seed=2))
    fails(mount / 'documents/one/deep/b.pdf', pdf(3001, seed=3))
    os.rename(mount / 'documents/one', mount / 'documents/two')
    for _ in range(2):
        assert sorted(os.listdir(mount / 'documents/two')) == ['a.pdf.error.txt', 'deep']
        assert os.listdir(mount / 'documents/two/deep') == ['b.pdf.error.txt']
        assert failed(mount) == {'a.pdf': pdf(3000, seed=2), 'b.pdf': pdf(3001, seed=3)}
        mount.remount()
    refusing.mended()
    mount.control('retry ' + number(mount, 'a.pdf'))
    mount.control('retry ' + number(mount, 'b.pdf'))
    assert os.listdir(mount / 'documents/two/deep') == ['b.pdf']
    assert sorted(os.listdir(mount / 'documents/two')) == ['a.pdf', 'deep']
    assert len(api.documents()) == 2


@pytest.mark.parametrize('name', ['a.pdf', 'b.pdf'])
def test_a_subfolder_renamed_to_where_one_was_loses_nothing(refusing, name):
    mount = refusing.mount
    os.mkdir(mount / 'documents/to')
    fails(mount / 'documents/to/a.pdf', pdf(3000, seed=2))
    os.rmdir(mount / 'documents/to')
    os.mkdir(mount / 'documents/from')
    fails(mount / 'documents/from' / name, pdf(3001, seed=3))
    try:
        os.rename(mount / 'documents/from', mount / 'documents/to')
    except OSError as problem:
        assert problem.errno == errno.ENOTEMPTY and name == 'a.pdf'
    for _ in range(2):
        kept = [(mount / '.lasfs/failed' / n).read_bytes()
                for n in os.listdir(mount / '.lasfs/failed')]
        assert sorted(kept) == sorted([pdf(3000, seed=2), pdf(3001, seed=3)])
        mount.remount()


def test_what_failed_outlives_its_subfolder(refusing, api):
    mount = refusing.mount
    os.mkdir(mount / 'documents/sub')
    fails(mount / 'documents/sub/a.pdf', pdf(3000, seed=2))
    mount.run('rm -r documents/sub')
    assert os.listdir(mount / 'documents') == []
    refusing.mended()
    for _ in range(2):
        assert failed(mount) == {'a.pdf': pdf(3000, seed=2)}
        with pytest.raises(OSError) as problem:
            mount.control('retry ' + number(mount, 'a.pdf'))
        assert problem.value.errno == errno.ENOENT
        assert 'is gone' in mount.errors().splitlines()[-1]
        mount.remount()
    assert api.documents() == []
    os.mkdir(mount / 'documents/sub')
    mount.control('retry ' + number(mount, 'a.pdf'))
    assert (mount / 'documents/sub/a.pdf').read_bytes() == pdf(3000, seed=2)
    assert failed(mount) == {}


def test_what_failed_outlives_its_dataset(refusing, api):
    mount = refusing.mount
    refusing.mended()
    os.mkdir(mount / 'datasets/d')
    refusing.broken()
    fails(mount / 'datasets/d/documents/a.pdf', pdf(3000, seed=2))
    mount.run('rm -r datasets/d')
    refusing.mended()
    assert not api.list('datasets')
    assert failed(mount) == {'a.pdf': pdf(3000, seed=2)}
    with pytest.raises(OSError):
        mount.control('retry ' + number(mount, 'a.pdf'))
    assert 'is gone' in mount.errors().splitlines()[-1]
    assert failed(mount) == {'a.pdf': pdf(3000, seed=2)}


# --- Over an end -----------------------------------------------------------------------------


def kill_daemon(mount):
    mount.watchdog.cancel()
    mount.process.kill()
    mount.process.wait()
    mount.process = None


@pytest.mark.parametrize('when', ['written', 'sent', 'truncated'])
def test_the_older_time_outlives_a_crash(refusing, proxy, when):
    mount, path = refusing.mount, refusing.mount / 'documents/a.pdf'
    refusing.mended()
    write(path, pdf(2000, seed=1))
    os.utime(path, (OLD_TIME, OLD_TIME))
    mount.remount()
    rule = proxy.fault('POST', '/documents', stall='before')
    fd = None
    if when == 'truncated':
        writer = subprocess.Popen(['truncate', '-s', '1000', path])
    elif when == 'sent':
        writer = subprocess.Popen(['dd', 'status=none', f'of={path}'], stdin=subprocess.PIPE)
        writer.stdin.write(pdf(3000, seed=2))
        writer.stdin.close()
    else:
        writer, fd = None, os.open(path, os.O_WRONLY | os.O_TRUNC)
        os.write(fd, pdf(3000, seed=2))
        os.fsync(fd)
    if writer:
        eventually(lambda: rule.hits, 10, 'a POST')
        os.utime(path, (NEW_TIME, NEW_TIME))  # while it is sent
    mount.run('echo flush > .lasfs/control') if not writer else None
    eventually(lambda: rows(mount).get('a.pdf', (None,))[0] == 'open', 5, 'its row')
    kill_daemon(mount)
    if writer:
        writer.wait()
    else:
        with pytest.raises(OSError):
            os.close(fd)
    mount.allow('look for it')  # what was held back never arrives
    mount.start()
    check_older(mount, 'a.pdf', pdf(2000, seed=1), OLD_TIME)
    assert failed(mount) == {'a.pdf': pdf(2000, seed=1)[:1000] if when == 'truncated'
                             else pdf(3000, seed=2)}
    mount.remount()
    check_older(mount, 'a.pdf', pdf(2000, seed=1), OLD_TIME)


STATES = {1: 'open'}


def rows(mount):
    """Of the folder documents: by name its state and the whole row."""
    return {row['name']: (STATES.get(row['state'], row['state']), dict(row))
            for row in mount.ask_state("SELECT * FROM drops WHERE folder = 'documents'")}


def as_an_older_version_wrote_it(mount):
    """What failed had the row of its name, and its bytes were there."""
    path = next(mount.state.rglob('state.db'))
    with sqlite3.connect(path) as db:
        db.row_factory = sqlite3.Row
        for x in db.execute("SELECT * FROM drops WHERE folder = '.failed/documents'").fetchall():
            db.execute("DELETE FROM drops WHERE folder = '.failed/documents' AND name = ?",
                       (x['name'],))
            if not db.execute("UPDATE drops SET state = ?, spool = ?, failed_number = ?, error = ?, "
                              "mtime_ns = 0, sent_mtime_ns = 0 WHERE folder = 'documents' "
                              "AND name = ?", (x['state'], x['spool'], x['failed_number'],
                                               x['error'], x['name'])).rowcount:
                db.execute("INSERT INTO drops(folder, name, state, kind, size, mtime_ns, mode, spool, "
                           "failed_number, error) VALUES('documents', ?, ?, ?, 0, 0, ?, ?, ?, ?)",
                           (x['name'], x['state'], x['kind'], x['mode'], x['spool'],
                            x['failed_number'], x['error']))
    db.close()


def test_what_an_older_version_kept_is_taken_over(refusing, api):
    mount = refusing.mount
    refusing.mended()
    write(mount / 'documents/a.pdf', pdf(2000, seed=1))
    refusing.broken()
    fails(mount / 'documents/a.pdf', pdf(3000, seed=2))
    fails(mount / 'documents/b.pdf', pdf(3001, seed=3))
    why = (mount / 'documents/b.pdf.error.txt').read_text().splitlines()[0] + '\n'
    assert 'oops' in why
    mount.unmount()
    as_an_older_version_wrote_it(mount)
    mount.start()
    for _ in range(2):
        assert sorted(os.listdir(mount / 'documents')) == ['a.pdf', 'a.pdf.error.txt',
                                                           'b.pdf.error.txt']
        assert (mount / 'documents/a.pdf').read_bytes() == pdf(2000, seed=1)
        assert os.stat(mount / 'documents/a.pdf').st_size == 2000
        assert (mount / 'documents/b.pdf.error.txt').read_text() == why
        assert failed(mount) == {'a.pdf': pdf(3000, seed=2), 'b.pdf': pdf(3001, seed=3)}
        mount.remount()
    refusing.mended()
    mount.control('retry ' + number(mount, 'a.pdf'))
    mount.control('retry ' + number(mount, 'b.pdf'))
    assert api.hashes() == sorted([sha(pdf(3000, seed=2)), sha(pdf(3001, seed=3))])


def tear(mount, how):
    """Half of something else under the name, by a writer, or a daemon, that is killed."""
    writer = subprocess.Popen(['sh', '-c', 'exec cat > documents/a.pdf'], cwd=mount.path, stdin=subprocess.PIPE,
                              stderr=subprocess.DEVNULL)
    writer.stdin.write(b'%PDF-half')
    writer.stdin.flush()
    eventually(lambda: (mount / 'documents/a.pdf').exists() and (mount / 'documents/a.pdf').stat().st_size)
    if how == 'daemon':
        time.sleep(0.5)  # its row is on the disk by then
        mount.kill()
    writer.kill()
    writer.wait()
    if how == 'daemon':
        mount.start()


@pytest.mark.parametrize('dies', ['writer', 'daemon'])
def test_half_a_file_takes_no_whole_one_away(refusing, api, dies):
    mount, path = refusing.mount, refusing.mount / 'documents/a.pdf'
    mount.allow('.')
    fails(path, pdf(3000, seed=2))
    both = {'a.pdf': pdf(3000, seed=2), 'a.pdf.part': b'%PDF-half'}
    for _ in range(2):  # of halves the last one is kept
        tear(mount, dies)
        eventually(lambda: failed(mount) == both)
    mount.remount()
    assert failed(mount) == both
    assert {'a.pdf.error.txt', 'a.pdf.part.error.txt'} <= set(os.listdir(mount / 'documents'))
    fails(path, pdf(3000, seed=3))
    assert failed(mount) == {**both, 'a.pdf': pdf(3000, seed=3)}
    refusing.mended()
    write(path, pdf(3000, seed=3))
    assert failed(mount) == {} and os.listdir(mount / 'documents') == ['a.pdf']


def test_a_whole_file_takes_the_place_of_a_half(refusing):
    mount, path = refusing.mount, refusing.mount / 'documents/a.pdf'
    mount.allow('.')
    tear(mount, 'writer')
    eventually(lambda: failed(mount) == {'a.pdf': b'%PDF-half'})
    fails(path, pdf(3000, seed=2))
    assert failed(mount) == {'a.pdf': pdf(3000, seed=2)}


def test_half_a_file_that_is_tried_again_is_half_still(refusing):
    mount, path = refusing.mount, refusing.mount / 'documents/a.pdf'
    mount.allow('.')
    tear(mount, 'writer')
    eventually(lambda: failed(mount) == {'a.pdf': b'%PDF-half'})
    with pytest.raises(OSError):
        mount.control('retry ' + number(mount, 'a.pdf'))
    assert failed(mount) == {'a.pdf': b'%PDF-half'}
    tear(mount, 'writer')
    eventually(lambda: failed(mount) == {'a.pdf': b'%PDF-half'})
    fails(path, pdf(3000, seed=2))
    assert failed(mount) == {'a.pdf': pdf(3000, seed=2)}
