"""What has got another name, or none, while somebody waited for it: who waited looks again."""
import contextlib
import os
import subprocess
import threading
import time

import pytest

from mounted import eventually
from samples import small_pdf
from fault.test_lost_answers import dataset, documents, kill_once_it_is_made  # noqa: F401 (a fixture)

pytestmark = pytest.mark.options('unsure=2')
LABELS = '[{"label": "total", "value": "2"}]'


def failed(mount):
    return [n.partition('-')[2] for n in os.listdir(mount / '.lasfs/failed')]


def only_failed(mount):
    name, = os.listdir(mount / '.lasfs/failed')
    return name


def control(mount, line):
    return subprocess.Popen(['sh', '-c', f'echo {line} > {mount.path}/.lasfs/control'], stderr=subprocess.DEVNULL)


def refuse(mount, proxy, path, data):
    proxy.fault('POST', '/documents', status=400)
    with pytest.raises(OSError):
        path.write_bytes(data)
    proxy.clear()


# --- Names that were moved since -------------------------------------------------------------------

def rename_of_which_nobody_knows(proxy, source, target):
    """It is carried out, its answer is lost, and so is that of the look."""
    patch = proxy.fault('PATCH', '/documents/.*', stall='after', close='after')
    said = []

    def move():
        try:
            os.rename(source, target)
        except OSError as e:
            said.append(e)
    mover = threading.Thread(target=move)
    mover.start()
    eventually(lambda: patch.hits)
    eventually(lambda: proxy.since(0, 'PATCH'))
    look = proxy.fault('GET', '/documents.*', status=500)
    patch.released.set()
    mover.join()
    assert said
    return look


@pytest.mark.parametrize('to', ['mine.pdf', 'sub/mine.pdf'])
@pytest.mark.parametrize('where', ['another list', 'the same list'])
def test_what_was_renamed_since_keeps_that_name(mount, proxy, api, dataset, to, where):
    """Its mover was told that it failed, and has called it something else."""
    mount.allow('scan.pdf', 'other.pdf', 'mine.pdf')
    mount.may_leave = True  # the labels
    mount.run('mkdir datasets/second')
    (dataset / 'sub').mkdir()
    second = dataset
    if where == 'another list':
        second = mount / 'datasets' / api.dataset_called('second')['datasetId'] / 'documents'
    (dataset / 'scan.pdf').write_bytes(small_pdf(1))
    (second / 'other.pdf').write_bytes(small_pdf(2))
    (second / 'other.pdf.json').write_text(LABELS)
    eventually(lambda: [d for d in api.documents() if d.get('groundTruth')])
    rename_of_which_nobody_knows(proxy, dataset / 'scan.pdf', second / 'other.pdf')
    proxy.clear()
    os.rename(dataset / 'scan.pdf', dataset / to)
    (mount / '.lasfs/control').write_text('flush')
    for _ in range(2):
        assert (dataset / to).read_bytes() == small_pdf(1)
        assert (second / 'other.pdf').read_bytes() == small_pdf(2)
        assert not (dataset / 'scan.pdf').exists()
        assert documents(api) == sorted([small_pdf(1), small_pdf(2)])
        mount.remount()
    (dataset / to).unlink()
    assert documents(api) == [small_pdf(2)]


# --- Folders that were renamed, or removed, since --------------------------------------------------

@pytest.mark.parametrize('again', [False, True], ids=['the same mount', 'the next mount'])
def test_what_was_made_is_in_its_folder_whatever_that_is_called(mount, proxy, api, again):
    mount.allow('look for it', 'scan.pdf')
    folder = mount / 'documents/a'
    folder.mkdir()
    (folder / 'scan.pdf').write_bytes(small_pdf(1))
    proxy.fault('POST', '/documents', close='after', times=1)
    proxy.fault('GET', '/documents', status=503)
    with pytest.raises(OSError):
        (folder / 'scan.pdf').write_bytes(small_pdf(2))
    os.rename(folder, mount / 'documents/b')
    if again:
        mount.kill()
    proxy.clear()
    if again:
        mount.start()
    eventually(lambda: documents(api) == [small_pdf(2)], 20)
    for _ in range(2):
        assert os.listdir(mount / 'documents') == ['b'] and os.listdir(mount / 'documents/b') == ['scan.pdf']
        assert (mount / 'documents/b/scan.pdf').read_bytes() == small_pdf(2)
        assert failed(mount) == []
        mount.remount()


def test_what_was_made_in_a_folder_that_was_removed_since_goes(mount, proxy, api):
    """Nobody could see it. Its bytes are in failed/."""
    mount.allow('look for it', 'it was being written')
    mount.may_leave = True
    folder = mount / 'documents/a'
    folder.mkdir()
    kill_once_it_is_made(mount, proxy, api, 'a/scan.pdf', small_pdf(1))
    look = proxy.fault('GET', '/documents', times=1, stall='after')
    mount.start()
    eventually(lambda: look.hits)
    for note in folder.iterdir():
        note.unlink()
    os.rmdir(folder)
    look.released.set()
    eventually(lambda: documents(api) == [], 20)
    assert os.listdir(mount / 'documents') == []
    assert (mount / '.lasfs/failed' / only_failed(mount)).read_bytes() == small_pdf(1)


# --- What failed, and is tried again ---------------------------------------------------------------

def test_a_retry_that_waited_for_a_name_that_moved_sends_nothing_there(mount, proxy, api, dataset):
    mount.allow('scan.pdf', 'control')
    folder = mount / 'documents'
    (folder / 'scan.pdf').write_bytes(small_pdf(1))
    refuse(mount, proxy, folder / 'scan.pdf', small_pdf(2))
    patch = proxy.fault('PATCH', '/documents/.*', stall='before', times=1)
    mover = subprocess.Popen(['mv', '-T', folder / 'scan.pdf', dataset / 'kept.pdf'])
    eventually(lambda: patch.hits)
    again = control(mount, f'retry {only_failed(mount)}')
    with pytest.raises(subprocess.TimeoutExpired):
        again.wait(0.5)
    patch.released.set()
    assert mover.wait(30) == 0 and again.wait(30) != 0
    assert (dataset / 'kept.pdf').read_bytes() == small_pdf(1)
    assert (mount / '.lasfs/failed' / only_failed(mount)).read_bytes() == small_pdf(2)
    assert control(mount, 'retry all').wait() == 0  # nobody has the name now
    assert documents(api) == sorted([small_pdf(1), small_pdf(2)])
    assert (folder / 'scan.pdf').read_bytes() == small_pdf(2)


def test_a_retry_that_waited_for_a_name_that_was_removed_loses_nothing(mount, proxy, api):
    mount.allow('scan.pdf', 'control')
    mount.may_leave = True
    path = mount / 'documents/scan.pdf'
    path.write_bytes(small_pdf(1))
    refuse(mount, proxy, path, small_pdf(2))
    delete = proxy.fault('DELETE', '/documents/.*', stall='before', times=1)
    with open(path, 'rb'):
        remover = subprocess.Popen(['rm', path])
        eventually(lambda: delete.hits)
        again = control(mount, f'retry {only_failed(mount)}')
        with pytest.raises(subprocess.TimeoutExpired):
            again.wait(0.5)
        delete.released.set()
        assert remover.wait(30) == 0 and again.wait(30) != 0
    mount.remount()
    assert documents(api) == []
    assert (mount / '.lasfs/failed' / only_failed(mount)).read_bytes() == small_pdf(2)


@pytest.mark.parametrize('had', [False, True], ids=['new', 'over another'])
def test_a_retry_in_which_the_daemon_died_keeps_what_had_failed(mount, proxy, api, had):
    mount.allow('scan.pdf', 'it was being written', 'look for it')
    mount.may_leave = True
    path = mount / 'documents/scan.pdf'
    if had:
        path.write_bytes(small_pdf(1))
    refuse(mount, proxy, path, small_pdf(2))
    post = proxy.fault('POST', '/documents', stall='before', close='before')
    again = control(mount, f'retry {only_failed(mount)}')
    eventually(lambda: post.hits)
    writer = subprocess.Popen(['sh', '-c', f'echo x >> {path}'], stderr=subprocess.DEVNULL)
    with pytest.raises(subprocess.TimeoutExpired):
        writer.wait(0.5)
    mount.kill()
    again.wait()
    writer.wait()
    proxy.clear()
    mount.start()
    for _ in range(3):
        assert (mount / '.lasfs/failed' / only_failed(mount)).read_bytes().startswith(small_pdf(2))
        assert documents(api) == ([small_pdf(1)] if had else [])
        mount.remount()


# --- Names that were removed since -----------------------------------------------------------------

@pytest.mark.options('unsure=4')
def test_what_was_removed_while_it_was_looked_for_does_not_come_back_empty(mount, proxy, api):
    mount.allow('scan.pdf', 'look for it')
    mount.may_leave = True
    path = mount / 'documents/scan.pdf'
    path.write_bytes(small_pdf(1))
    proxy.fault('POST', '/documents', close='after', times=1)
    lists = proxy.fault('GET', '/documents', status=503)
    with pytest.raises(OSError):
        path.write_bytes(small_pdf(2))
    look = proxy.fault('GET', '/documents', times=1, stall='after')
    proxy.rules.remove(lists)
    eventually(lambda: look.hits)
    path.unlink()
    look.released.set()
    eventually(lambda: documents(api) == [], 20)
    mount.refresh()
    assert os.listdir(mount / 'documents') == ['scan.pdf.error.txt']
    with open(path, 'xb') as f:
        f.write(small_pdf(3))
    assert documents(api) == [small_pdf(3)]


# --- What was emptied ------------------------------------------------------------------------------

@pytest.mark.parametrize('comes', [b'', small_pdf(2)[:10]], ids=['nothing', 'bytes'])
@pytest.mark.options('writeback', 'settle=30')
def test_what_waits_is_kept_when_the_daemon_dies_after_the_first_bytes_of_another(mount, api, comes):
    mount.allow('scan.pdf', 'it was being written')
    mount.may_leave = True
    path = mount / 'documents/scan.pdf'
    path.write_bytes(small_pdf(1))
    writer = os.open(path, os.O_WRONLY | os.O_TRUNC)
    os.close(os.dup(writer))
    time.sleep(0.5)  # what nobody waits for is on disk after 50 ms
    os.write(writer, comes)
    mount.kill()
    with contextlib.suppress(OSError):
        os.close(writer)
    mount.start()
    assert path.read_bytes() == small_pdf(1)
    assert failed(mount) == (['scan.pdf'] if comes else [])
    if comes:
        assert (mount / '.lasfs/failed' / only_failed(mount)).read_bytes() == comes
    (mount / '.lasfs/control').write_text('flush')
    assert documents(api) == [small_pdf(1)]


# --- Names that were given to others since ---------------------------------------------------------

@pytest.mark.options('unsure=2', 'writeback', 'settle=0')
def test_a_name_that_was_left_since_is_not_taken(mount, proxy, api, dataset):
    """Its mover was told that it failed: what had the name is called otherwise now, and nobody looks there."""
    mount.allow('scan.pdf', 'other.pdf')
    mount.may_leave = True
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    (mount / '.lasfs/control').write_text('flush')
    proxy.fault('POST', '/documents', status=503)
    (dataset / 'other.pdf').write_bytes(small_pdf(2))
    rename_of_which_nobody_knows(proxy, mount / 'documents/scan.pdf', dataset / 'other.pdf')
    os.rename(dataset / 'other.pdf', dataset / 'mine.pdf')
    proxy.clear()
    (mount / '.lasfs/control').write_text('flush')
    eventually(lambda: documents(api) == sorted([small_pdf(1), small_pdf(2)]), 20)
    for _ in range(2):
        assert sorted(os.listdir(dataset)) == ['mine.pdf', 'scan.pdf']
        assert (dataset / 'mine.pdf').read_bytes() == small_pdf(2)
        assert (dataset / 'scan.pdf').read_bytes() == small_pdf(1)
        mount.remount()


@pytest.mark.server('--api', '2024')
def test_what_others_have_renamed_meanwhile_is_not_deleted(mount, proxy, api):
    """The answer to what was to take its place was lost; when that is found, it is another file."""
    mount.allow('scan.pdf', 'look for it')
    path = mount / 'documents/scan.pdf'
    path.write_bytes(small_pdf(1))
    old = api.only_document()
    proxy.fault('POST', '/documents', close='after', times=1)
    looks = proxy.fault('GET', '/documents', query='sortBy', status=503)
    with pytest.raises(OSError):
        path.write_bytes(small_pdf(2))
    notes = old['metadata']
    notes['lasfs']['path'] = 'kept.pdf'
    api.patch('documents/' + old['documentId'], name='kept.pdf', metadata=notes)
    mount.refresh()
    eventually(lambda: 'kept.pdf' in os.listdir(mount / 'documents'), 20)
    proxy.rules.remove(looks)
    (mount / '.lasfs/control').write_text('flush')
    eventually(lambda: sorted(os.listdir(mount / 'documents')) == ['kept.pdf', 'scan.pdf'], 20)
    for _ in range(2):
        assert documents(api) == sorted([small_pdf(1), small_pdf(2)])
        assert (mount / 'documents/kept.pdf').read_bytes() == small_pdf(1)
        assert path.read_bytes() == small_pdf(2)
        mount.remount()


# --- Moves of which nobody knows -------------------------------------------------------------------

def kill_in_a_move(mount, proxy, source, target):
    """It is carried out, and the daemon dies before it knows."""
    patch = proxy.fault('PATCH', '/documents/.*', stall='after', close='after')
    mover = subprocess.Popen(['mv', '-T', source, target], stderr=subprocess.DEVNULL)
    eventually(lambda: patch.hits)
    eventually(lambda: proxy.since(0, 'PATCH'))
    time.sleep(0.3)
    mount.kill()
    mover.wait()
    proxy.rules.remove(patch)
    patch.released.set()


@pytest.mark.server('--api', '2024')
@pytest.mark.options('unsure=2', 'writeback', 'settle=0')
@pytest.mark.parametrize('had', [False, True], ids=['new', 'written again'])
def test_what_waits_under_the_name_is_not_sent_before_the_move_is_settled(mount, proxy, api, dataset, had):
    mount.may_leave = True
    if had:
        (dataset / 'kept.pdf').write_bytes(small_pdf(1))
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(2))
    mount.control('flush')
    proxy.fault('POST', '/documents', status=503)
    (dataset / 'kept.pdf').write_bytes(small_pdf(3))
    kill_in_a_move(mount, proxy, mount / 'documents/scan.pdf', dataset / 'kept.pdf')
    proxy.clear()
    mount.start()
    mount.control('flush')
    eventually(lambda: documents(api) == [small_pdf(2)], 20)
    for _ in range(2):
        assert os.listdir(dataset) == ['kept.pdf']
        assert (dataset / 'kept.pdf').read_bytes() == small_pdf(2)
        mount.remount()


@pytest.mark.server('--api', '2024')
@pytest.mark.options('unsure=2', 'writeback', 'settle=0')
def test_an_older_rename_is_told_once_it_is_known_whether_it_moved_on(mount, proxy, api, dataset):
    """By what a rename has said it is told whether that was carried out: what is said of the one before would hide it."""
    mount.may_leave = True
    (dataset / 'kept.pdf').write_bytes(small_pdf(1))
    (dataset / 'kept.pdf.json').write_text(LABELS)
    (dataset / 'first.pdf').write_bytes(small_pdf(2))
    mount.control('flush')
    stamp = proxy.fault('PATCH', '/documents/.*', stall='before', close='before', times=1)
    os.rename(dataset / 'first.pdf', dataset / 'second.pdf')
    eventually(lambda: stamp.hits)
    kill_in_a_move(mount, proxy, dataset / 'second.pdf', dataset / 'kept.pdf')
    stamp.released.set()
    look = proxy.fault('GET', '/documents/' + document(api, small_pdf(1))['documentId'], status=503)
    mount.start()
    eventually(lambda: look.hits, 20)
    time.sleep(1.5)  # what may be told is told by then
    proxy.rules.remove(look)
    eventually(lambda: documents(api) == [small_pdf(2)], 20)
    for _ in range(2):
        assert 'second.pdf' not in os.listdir(dataset)
        assert (dataset / 'kept.pdf').read_bytes() == small_pdf(2)
        mount.remount()
    assert api.only_document()['metadata']['lasfs']['path'] == 'kept.pdf'


@pytest.mark.server('--api', '2024')
def test_what_did_not_move_says_so_to_others(mount, proxy, api, dataset):
    """What it was to take the place of was removed since, and its mover was told that it failed."""
    mount.allow('scan.pdf', 'kept.pdf')
    (dataset / 'scan.pdf').write_bytes(small_pdf(1))
    (dataset / 'kept.pdf').write_bytes(small_pdf(2))
    rename_of_which_nobody_knows(proxy, dataset / 'scan.pdf', dataset / 'kept.pdf')
    proxy.clear()
    (dataset / 'kept.pdf').unlink()
    eventually(lambda: api.only_document()['metadata']['lasfs']['path'] == 'scan.pdf', 20)
    assert os.listdir(dataset) == ['scan.pdf']
    assert documents(api) == [small_pdf(1)]


def document(api, data):
    return next(d for d in api.documents() if api.content('documents/' + d['documentId']) == data)


def labels(api, data):
    return [label['value'] for label in document(api, data).get('groundTruth') or []]


@pytest.mark.parametrize('since', [False, True], ids=['', 'written since'])
@pytest.mark.parametrize('where, own', [('another list', None), ('another list', '1'), ('the same list', None)])
def test_what_did_not_move_has_no_labels_of_the_other(mount, proxy, api, dataset, own, where, since):
    """A PATCH had carried them over; what somebody says since stays."""
    mount.allow('scan.pdf', 'kept.pdf')
    mount.may_leave = True
    mount.run('mkdir datasets/second')
    second = dataset
    if where == 'another list':
        second = mount / 'datasets' / api.dataset_called('second')['datasetId'] / 'documents'
    (dataset / 'scan.pdf').write_bytes(small_pdf(1))
    if own:
        (dataset / 'scan.pdf.json').write_text(LABELS.replace('2', own))
    (second / 'kept.pdf').write_bytes(small_pdf(2))
    (second / 'kept.pdf.json').write_text(LABELS)
    eventually(lambda: labels(api, small_pdf(2)) == ['2'] and labels(api, small_pdf(1)) == ([own] if own else []))
    rename_of_which_nobody_knows(proxy, dataset / 'scan.pdf', second / 'kept.pdf')
    assert labels(api, small_pdf(1)) == [own or '2']  # its own go before those of another
    if since:
        api.patch('documents/' + document(api, small_pdf(1))['documentId'],
                  groundTruth=[{'label': 'total', 'value': '9'}])
    api.delete('documents/' + document(api, small_pdf(2))['documentId'])
    proxy.clear()
    wanted = ['9'] if since else [own] if own else []
    mount.control('flush')
    eventually(lambda: labels(api, small_pdf(1)) == wanted, 20)
    for _ in range(2):
        assert (dataset / 'scan.pdf').read_bytes() == small_pdf(1)
        assert labels(api, small_pdf(1)) == wanted
        mount.remount()
