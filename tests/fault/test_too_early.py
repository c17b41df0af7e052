"""Nothing goes, and nothing is said to be done, before that which makes it unnecessary is on the disk."""
import functools
import json
import os
import resource
import subprocess
import time

import pytest

import mounted
from mounted import eventually
from samples import pdf, small_pdf

FIELDS = {'total': {'type': 'amount', 'maxLength': 20}}


def no_disk(mount):
    """Each write(2) of the daemon to a file fails."""
    resource.prlimit(mount.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))


def disk_again(mount):
    resource.prlimit(mount.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def refused_by_the_disk(mount, work, *arguments):
    no_disk(mount)
    try:
        with pytest.raises(OSError):
            work(*arguments)
    finally:
        disk_again(mount)


@pytest.fixture
def make(monkeypatch, lasfs, proxy):
    """A mount that goes on where a file may not grow: SIGXFSZ is ignored, as Python does."""
    monkeypatch.setattr(mounted.subprocess, 'Popen', functools.partial(subprocess.Popen, restore_signals=False))

    def one(*options):
        mount = lasfs('settle=0.2', 'timeout=5', *options, server=proxy)
        mount.allow('.')
        mount.may_leave = True
        return mount
    return one


@pytest.fixture
def waiting(make, proxy):
    """With a file that waits, as the server is away."""
    mount = make('writeback')
    proxy.fault('POST', '/documents', status=503)
    (mount / 'documents/a.pdf').write_bytes(small_pdf(1))
    return mount


def fail(mount, path, text):
    with pytest.raises(OSError):
        (mount / 'documents' / path).write_text(text)


def failed(mount):
    folder = mount / '.lasfs/failed'
    return {n.partition('-')[2]: (folder / n).read_bytes() for n in os.listdir(folder)}


def contents(api):
    return sorted(api.content('documents/' + d['documentId']) for d in api.documents())


# --- A disk that takes no row ------------------------------------------------------------------------

@pytest.mark.parametrize('then', ['flush', 'kill'])
def test_what_waits_is_sent_though_its_rename_was_refused(waiting, proxy, api, then):
    refused_by_the_disk(waiting, os.rename, waiting / 'documents/a.pdf', waiting / 'documents/b.pdf')
    assert os.listdir(waiting / 'documents') == ['a.pdf']
    if then == 'kill':
        os.chmod(waiting / 'documents/a.pdf', 0o600)
        waiting.kill()
    proxy.clear()
    if then == 'kill':
        waiting.start()
    waiting.control('flush')
    assert contents(api) == [small_pdf(1)]
    assert os.listdir(waiting / 'documents') == ['a.pdf'] and failed(waiting) == {}


@pytest.mark.parametrize('what', ['what waits', 'a sidecar', 'what failed', 'a subfolder'])
def test_what_cannot_be_removed_is_there_still(make, proxy, api, what):
    mount = make('writeback')
    proxy.fault('POST', '/documents', status=400 if what == 'what failed' else 503)
    path, data = mount / 'documents/a.pdf', small_pdf(1)
    if what == 'a sidecar':
        path, data = mount / 'documents/a.pdf.json', b'{"total": "1"}'
    if what == 'a subfolder':
        path = mount / 'documents/sub'
        path.mkdir()
        os.sync()
    else:
        path.write_bytes(data)
    if what == 'what failed':
        eventually(lambda: failed(mount))
        path = mount / '.lasfs/failed' / os.listdir(mount / '.lasfs/failed')[0]
    refused_by_the_disk(mount, os.rmdir if what == 'a subfolder' else os.unlink, path)
    for again in range(2):
        assert path.is_dir() if what == 'a subfolder' else path.read_bytes() == data
        if not again:
            mount.kill()
            mount.start()
    if what == 'what waits':
        proxy.clear()
        mount.control('flush')
        assert contents(api) == [data]


@pytest.mark.parametrize('mode', ['writeback', 'unsure=2'])
def test_what_is_replaced_stays_until_that_is_recorded(make, proxy, api, mode):
    mount = make(mode)
    (mount / 'documents/a.pdf').write_bytes(small_pdf(1))
    mount.control('flush')
    for _ in range(2):  # so that nobody can tell which it is
        api.add_document(small_pdf(2))
    post = proxy.fault('POST', '/documents', stall='after', times=1)
    (mount.folder / 'new.pdf').write_bytes(small_pdf(2))
    cp = subprocess.Popen(['cp', mount.folder / 'new.pdf', mount / 'documents/a.pdf'])
    eventually(lambda: post.hits)
    eventually(lambda: len(api.documents()) == 4)
    no_disk(mount)
    post.released.set()
    cp.wait()
    eventually(lambda: 'cannot be recorded' in mount.errors())
    mount.kill()
    assert contents(api).count(small_pdf(1)) == 1
    proxy.clear()
    mount.start()
    assert (mount / 'documents/a.pdf').read_bytes() in (small_pdf(1), small_pdf(2))


@pytest.mark.parametrize('tool', ['cp', 'install -m 644', 'dd bs=8192'])
@pytest.mark.parametrize('mode', ['writeback', 'unsure=2'])
def test_a_part_of_the_first_write_is_no_file(make, api, mode, tool):
    """It was taken for what had been whole before, and was sent after the next one that failed, and a death."""
    mount = make(mode)
    source, path = mount.folder / 'source.pdf', mount / 'documents/a.pdf'
    source.write_bytes(pdf(6000))
    argv = ['dd', 'bs=8192', f'if={source}', f'of={path}'] if tool.startswith('dd') else [*tool.split(), source, path]
    resource.prlimit(mount.process.pid, resource.RLIMIT_FSIZE, (1500, resource.RLIM_INFINITY))
    assert subprocess.run(argv, stderr=subprocess.DEVNULL).returncode != 0
    assert not path.exists()
    assert failed(mount) == {'a.pdf': pdf(6000)[:1500]}
    with pytest.raises(OSError):
        path.write_bytes(pdf(7000))
    mount.kill()
    mount.start()
    mount.control('flush')
    assert not path.exists() and contents(api) == []


# --- What is emptied, edited, moved ------------------------------------------------------------------

@pytest.mark.parametrize('end', ['unmount', 'kill'])
@pytest.mark.parametrize('name', ['a.pdf', 'b.pdf.json'])
def test_what_waited_and_was_emptied_stays_empty(waiting, proxy, name, end):
    path = waiting / 'documents' / name
    if name == 'b.pdf.json':
        path.write_text('{"total": "1"}')
    waiting.run(f': > documents/{name}')
    time.sleep(0.5)
    if end == 'kill':
        waiting.kill()
    proxy.clear()
    for _ in range(2):
        waiting.remount() if waiting.process else waiting.start()
        assert name in os.listdir(waiting / 'documents') and path.read_bytes() == b''
        assert failed(waiting) == {}


def test_a_folder_that_cannot_take_the_place_of_another_leaves_it_there(make):
    mount = make()
    for folder in 'ab':
        (mount / 'documents' / folder).mkdir()
        fail(mount, f'{folder}/x.pdf', 'no pdf at all')
    (mount / 'documents/b/.defaults.json').write_text('{"retentionInDays": 5}')
    with pytest.raises(OSError, match='not empty'):
        os.rename(mount / 'documents/a', mount / 'documents/b')
    for _ in range(2):
        assert sorted(os.listdir(mount / 'documents')) == ['a', 'b']
        assert json.loads((mount / 'documents/b/.defaults.json').read_text()) == {'retentionInDays': 5}
        mount.remount()


def test_an_answer_that_was_edited_is_sent_by_the_next_mount(make, proxy, api):
    model = api.post('models', width=300, height=300, fieldConfig=FIELDS, name='reader')['modelId']
    api.patch('models/' + model, status='training')
    eventually(lambda: api.get('models/' + model)['status'] == 'active')
    mount = make('writeback')
    inbox = mount / 'models/reader/inbox'
    (inbox / 'scan.pdf').write_bytes(pdf(2000))
    mount.control('flush')
    eventually(lambda: 'scan.pdf.json' in os.listdir(inbox))
    proxy.fault('PATCH', '/documents/.*', status=503)
    (inbox / 'scan.pdf.json').write_text(json.dumps({'total': '99.00'}))
    mount.kill()
    proxy.clear()
    mount.start()
    mount.control('flush')
    eventually(lambda: api.only_document().get('groundTruth'), 20)
    assert api.only_document()['groundTruth'][0]['value'] == '99.00'


@pytest.mark.parametrize('mode', ['writeback', 'settle=0.2'])
@pytest.mark.parametrize('backup', ['scan.pdf~', 'scan.tmp'])
@pytest.mark.parametrize('how', ['made anew', 'renamed over'])
def test_a_backup_is_on_the_disk_before_the_document_goes(lasfs, disk, proxy, api, backup, mode, how):
    """The power goes when all has been acknowledged."""
    mount = lasfs(f'state={disk.path}/state', 'settle=0.2', mode, server=proxy)
    mount.allow('.')
    mount.may_leave = True
    folder = mount / 'documents'
    (folder / 'scan.pdf').write_bytes(pdf(60000, seed=1))
    mount.control('flush')
    if how == 'renamed over':
        (folder / 'new.part').write_bytes(pdf(60000, seed=2))
    os.rename(folder / 'scan.pdf', folder / backup)
    if how == 'renamed over':
        os.rename(folder / 'new.part', folder / 'scan.pdf')
    else:
        (folder / 'scan.pdf').write_bytes(pdf(60000, seed=2))
    mount.control('flush')
    mount.kill()
    disk.cut()
    mount.start()
    assert (folder / backup).read_bytes() == pdf(60000, seed=1)
    assert (folder / 'scan.pdf').read_bytes() == pdf(60000, seed=2)
    assert contents(api) == [pdf(60000, seed=2)]
    mount.unmount()


# --- What a rename is over ---------------------------------------------------------------------------

MODEL = {'width': 300, 'height': 300, 'fieldConfig': FIELDS}


@pytest.fixture(params=['models', 'dataBundles'])
def made(request, make, api):
    """Two that are made from JSON, and what the server lists of them, by name."""
    mount, folder, body, listed = make(), 'models', MODEL, 'models'
    if request.param == 'dataBundles':
        model = api.post('models', **MODEL, name='above')['modelId']
        folder, body = f'models/{model}/dataBundles', {'datasetIds': [api.add_dataset('one')]}
        listed = folder
    for name in ('a', 'b'):
        (mount / folder / f'{name}.json').write_text(json.dumps({**body, 'description': f'it was {name}'}))

    def at_the_server():
        return sorted((r['name'], r['description']) for r in api.list(listed))
    return mount, mount / folder, at_the_server


def test_what_json_made_stays_while_the_rename_over_it_is_not_recorded(made):
    mount, folder, at_the_server = made
    refused_by_the_disk(mount, os.rename, folder / 'a.json', folder / 'b.json')
    for _ in range(2):
        assert {'a.json', 'b.json'} <= set(os.listdir(folder))
        assert at_the_server() == [('a', 'it was a'), ('b', 'it was b')]
        mount.remount()
    os.rename(folder / 'a.json', folder / 'b.json')
    eventually(lambda: at_the_server() == [('b', 'it was a')])
    assert 'it was a' in (folder / 'b.json').read_text()


def test_a_death_while_json_takes_the_place_of_json_leaves_no_name_without_its_own(made, proxy):
    mount, folder, at_the_server = made
    delete = proxy.fault('DELETE', '/models/.*', stall='after', times=1)
    mv = subprocess.Popen(['mv', '-f', folder / 'a.json', folder / 'b.json'], stderr=subprocess.DEVNULL)
    eventually(lambda: delete.hits)
    eventually(lambda: len(at_the_server()) == 1)
    mount.kill()
    mv.wait()
    proxy.clear()
    mount.start()
    mount.control('flush')
    names = [n for n in os.listdir(folder) if n in ('a.json', 'b.json')]
    assert names == ['b.json'] and 'it was a' in (folder / 'b.json').read_text()
    eventually(lambda: at_the_server() == [('b', 'it was a')])


def labels(api):
    """What is said of each document, by its bytes."""
    return {api.content('documents/' + d['documentId']): [t['value'] for t in d.get('groundTruth') or []]
            for d in api.documents()}


@pytest.fixture
def labelled(make, api):
    """Two documents with their labels beside them, in files and at the server."""
    mount = make('unsure=1')
    for n, name in enumerate('ab', 1):
        (mount / f'documents/{name}.pdf').write_bytes(small_pdf(n))
        (mount / f'documents/{name}.pdf.json').write_text(json.dumps({'total': str(n)}))
    assert labels(api) == {small_pdf(1): ['1'], small_pdf(2): ['2']}
    return mount


@pytest.mark.parametrize('then', ['', 'remount'])
@pytest.mark.parametrize('source', ['a.pdf.json', 'new.part'])
def test_labels_are_what_they_were_when_their_files_rename_is_refused(labelled, api, source, then):
    mount, folder = labelled, labelled / 'documents'
    (folder / 'new.part').write_text(json.dumps({'total': '3'}))
    said = json.loads((folder / source).read_text())['total']
    refused_by_the_disk(mount, os.rename, folder / source, folder / 'b.pdf.json')
    assert json.loads((folder / 'b.pdf.json').read_text()) == {'total': '2'}
    if then:
        mount.remount()
    eventually(lambda: labels(api) == {small_pdf(1): ['1'], small_pdf(2): ['2']}, 20)
    os.rename(folder / source, folder / 'b.pdf.json')  # it is sent as it was meant to be
    assert labels(api) == {small_pdf(1): ['1'], small_pdf(2): [said]}
    assert json.loads((folder / 'b.pdf.json').read_text()) == {'total': said}


def test_labels_are_those_of_their_file_when_the_daemon_dies_in_its_rename(labelled, proxy, api):
    mount, folder = labelled, labelled / 'documents'
    patch = proxy.fault('PATCH', '/documents/.*', stall='after', times=1)
    mv = subprocess.Popen(['mv', '-f', folder / 'a.pdf.json', folder / 'b.pdf.json'], stderr=subprocess.DEVNULL)
    eventually(lambda: patch.hits)
    eventually(lambda: labels(api)[small_pdf(2)] == ['1'])
    mount.kill()
    mv.wait()
    proxy.clear()
    mount.start()
    assert json.loads((folder / 'b.pdf.json').read_text()) == {'total': '2'}
    assert json.loads((folder / 'a.pdf.json').read_text()) == {'total': '1'}
    eventually(lambda: labels(api) == {small_pdf(1): ['1'], small_pdf(2): ['2']}, 20)


# --- What cannot be opened ---------------------------------------------------------------------------

def spooled(mount):
    return [p for p in mount.state.glob('**/spool/*') if p.stat().st_size]


def refuses_to_start(mount, words):
    mount.launch()
    assert mount.process.wait(20) != 0
    mount.process = None
    assert words in mount.words


@pytest.mark.parametrize('what', ['failed', 'waiting'])
def test_what_others_may_write_is_not_taken_for_gone(make, proxy, api, what):
    """As a backup brings it back. It starts when that is mended, and nothing is forgotten."""
    mount = make('writeback')
    proxy.fault('POST', '/documents', status=400 if what == 'failed' else 503)
    (mount / 'documents/a.pdf').write_bytes(small_pdf(1))
    if what == 'failed':
        eventually(lambda: failed(mount))
    mount.kill()
    proxy.clear()
    for path in spooled(mount):
        path.chmod(0o660)
    refuses_to_start(mount, "it has to be this user's alone (mode 0600)")
    for path in spooled(mount):
        path.chmod(0o600)
    mount.start()
    if what == 'failed':
        assert failed(mount) == {'a.pdf': small_pdf(1)}
    else:
        mount.control('flush')
        assert contents(api) == [small_pdf(1)]


def test_more_files_than_a_shell_allows_may_have_failed(make, proxy, monkeypatch):
    mount, count = make('writeback'), 150
    proxy.fault('POST', '/documents', status=400)
    for n in range(count):
        (mount / f'documents/{n}.pdf').write_bytes(small_pdf(n))
    eventually(lambda: len(os.listdir(mount / '.lasfs/failed')) == count, 60)
    mount.unmount()
    few = functools.partial(mounted.subprocess.Popen,
                            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (120, 4096)))
    monkeypatch.setattr(mounted.subprocess, 'Popen', few)
    mount.start()
    assert sorted(failed(mount)) == sorted(f'{n}.pdf' for n in range(count))
