"""-o writeback: a close() is answered once the bytes are on the disk of this machine. What was
acknowledged gets to the server by itself, once, whatever dies or is away meanwhile."""
import errno
import json
import os
import subprocess
import sys

import pytest

from mounted import eventually
from rest import Refused
from samples import pdf, small_pdf

OPTIONS = ('writeback', 'settle=0.2', 'unsure=2', 'timeout=5')


@pytest.fixture
def mount(lasfs, proxy):
    return lasfs(*OPTIONS, server=proxy)


def documents(api):
    """The contents of what is there; one may go in the middle of asking."""
    while True:
        try:
            return sorted(api.content('documents/' + d['documentId']) for d in api.documents())
        except Refused as problem:
            assert problem.status == 404


def posts(proxy, mark=0):
    return len(proxy.since(mark, 'POST', '/documents'))


def flush(mount):
    mount.control('flush')


# --- Acknowledged before it is sent --------------------------------------------------------------

def test_a_close_does_not_wait_for_the_server(mount, proxy, api):
    proxy.fault('POST', '/documents', stall='before')
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    assert api.documents() == []
    assert os.listdir(mount / 'documents') == ['scan.pdf']
    assert os.listdir(mount / '.lasfs/pending')
    status = (mount / '.lasfs/status').read_text()
    assert f'files to be sent 1 ({len(small_pdf(1))} bytes)\n' in status
    assert 'lasfs_files_to_be_sent 1\n' in (mount / '.lasfs/metrics').read_text()
    assert (mount / 'documents/scan.pdf').read_bytes() == small_pdf(1)
    proxy.clear()
    flush(mount)
    assert documents(api) == [small_pdf(1)]
    assert os.listdir(mount / '.lasfs/pending') == []
    assert (mount / 'documents/scan.pdf').read_bytes() == small_pdf(1)


def test_a_file_that_is_closed_and_opened_again_is_one_document(lasfs, proxy, api):
    mount = lasfs('writeback', 'settle=3', server=proxy)
    mount.run('head -c 10 {0} > documents/a.pdf; for i in 1 2 3; do '
              'tail -c +11 {0} > rest; cat rest >> documents/a.pdf; done'.replace(
                  '{0}', str(write(mount, small_pdf(1)))).replace('rest', str(mount.folder / 'rest')))
    flush(mount)
    assert posts(proxy) == 1
    assert documents(api) == [small_pdf(1)[:10] + 3 * small_pdf(1)[10:]]


def write(mount, data):
    path = mount.folder / 'source.pdf'
    path.write_bytes(data)
    return path


def test_what_is_removed_before_it_is_sent_is_not_sent(mount, proxy, api):
    proxy.fault('POST', '/documents', status=503)
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    (mount / 'documents/scan.pdf').unlink()
    proxy.clear()
    flush(mount)
    mount.remount()
    assert os.listdir(mount / 'documents') == api.documents() == []


@pytest.mark.parametrize('to', ['other.pdf', '2026/other.pdf', '../datasets/{0}/documents/o.pdf'])
def test_what_is_moved_before_it_is_sent_is_sent_once(mount, proxy, api, to):
    dataset = api.add_dataset('invoices')
    (mount / 'documents/2026').mkdir()
    proxy.fault('POST', '/documents', status=503)
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    target = mount / 'documents' / to.format(dataset)
    os.rename(mount / 'documents/scan.pdf', target)
    proxy.clear()
    flush(mount)
    assert target.read_bytes() == small_pdf(1)
    one = api.only_document()
    assert one.get('datasetId') == (dataset if dataset in str(target) else None)


def test_a_part_that_gets_its_name_is_sent_later(mount, proxy, api):
    proxy.fault('POST', '/documents', status=503)
    (mount / 'documents/scan.pdf.part').write_bytes(small_pdf(1))
    os.rename(mount / 'documents/scan.pdf.part', mount / 'documents/scan.pdf')
    assert os.listdir(mount / 'documents') == ['scan.pdf']
    proxy.clear()
    flush(mount)
    assert documents(api) == [small_pdf(1)]


def test_other_bytes_over_a_document_replace_it_later(mount, proxy, api):
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    flush(mount)
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(2))
    assert (mount / 'documents/scan.pdf').read_bytes() == small_pdf(2)
    flush(mount)
    assert documents(api) == [small_pdf(2)]
    assert os.listdir(mount / 'documents') == ['scan.pdf']


def test_an_asset_is_changed_later(mount, proxy, api):
    (mount / 'assets/logo.bin').write_bytes(b'one')
    flush(mount)
    (mount / 'assets/logo.bin').write_bytes(b'two')
    flush(mount)
    asset, = api.list('assets')
    assert api.content('assets/' + asset['assetId']) == b'two'


def test_a_second_rsync_sends_nothing_sent_or_not(mount, proxy, api, tmp_path):
    source = tmp_path / 'scans'
    source.mkdir()
    for n in range(5):
        (source / f'{n}.pdf').write_bytes(small_pdf(n))
    proxy.fault('POST', '/documents', status=503)
    mount.run(f'rsync -a {source}/ documents/')
    again = mount.run(f'rsync -ai {source}/ documents/').out
    assert not [line for line in again.splitlines() if line.startswith('>f')]
    proxy.clear()
    flush(mount)
    assert len(api.documents()) == 5
    again = mount.run(f'rsync -ai {source}/ documents/').out
    assert not [line for line in again.splitlines() if line.startswith('>f')]


# --- What fails ----------------------------------------------------------------------------------

@pytest.mark.parametrize('how', [{'status': 503}, {'status': 429, 'message': 'Too Many Requests'},
                                 {'close': 'before'}, {'status': 401}], ids=str)
def test_an_outage_needs_no_hand(mount, proxy, api, how):
    proxy.fault('POST', '/documents', **how)
    for n in range(6):
        (mount / f'documents/{n}.pdf').write_bytes(small_pdf(n))
    eventually(lambda: 'tried again for' in (mount / '.lasfs/status').read_text())
    proxy.clear()
    eventually(lambda: len(api.documents()) == 6, 90)
    assert documents(api) == sorted(small_pdf(n) for n in range(6))
    eventually(lambda: os.listdir(mount / '.lasfs/pending') == [])
    assert os.listdir(mount / '.lasfs/failed') == []
    assert mount.errors() == ''


def test_a_server_that_is_away_gets_all_once_it_is_back(lasfs, server, api):
    mount = lasfs(*OPTIONS)
    mount.allow('.')
    server.stop()
    for n in range(4):
        (mount / f'documents/{n}.pdf').write_bytes(small_pdf(n))
    server.start()
    eventually(lambda: len(api.documents()) == 4, 90)
    assert documents(api) == sorted(small_pdf(n) for n in range(4))
    assert sorted(os.listdir(mount / 'documents')) == [f'{n}.pdf' for n in range(4)]


def test_what_is_refused_for_good_is_kept_and_said(mount, proxy, api):
    mount.allow('no such luck')
    mount.may_leave = True
    proxy.fault('POST', '/documents', status=400, message='no such luck')
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    failed, = eventually(lambda: os.listdir(mount / '.lasfs/failed'))
    assert (mount / '.lasfs/failed' / failed).read_bytes() == small_pdf(1)
    assert os.listdir(mount / 'documents') == ['scan.pdf.error.txt']
    assert 'no such luck' in (mount / 'documents/scan.pdf.error.txt').read_text()
    assert 'send /documents/scan.pdf' in mount.errors()
    assert posts(proxy) == 1


def test_what_is_no_document_is_refused_at_once(mount, api):
    mount.allow('its bytes are text/plain')
    mount.may_leave = True
    with pytest.raises(OSError):
        (mount / 'documents/scan.pdf').write_bytes(b'hello\n')
    assert os.listdir(mount / '.lasfs/pending') == []


@pytest.mark.parametrize('how', [{'close': 'after'}, {'close': 'middle'}, {'stall': 'after'}], ids=str)
def test_a_lost_answer_makes_one_document(mount, proxy, api, how):
    proxy.fault('POST', '/documents', times=1, **how)
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    eventually(lambda: documents(api) == [small_pdf(1)])
    proxy.clear()
    eventually(lambda: os.listdir(mount / '.lasfs/pending') == [], 30)
    assert documents(api) == [small_pdf(1)]
    assert posts(proxy) == 1
    assert (mount / 'documents/scan.pdf').read_bytes() == small_pdf(1)


@pytest.mark.parametrize('dies', [False, True])
@pytest.mark.parametrize('to', ['datasets/{0}/documents/b.pdf', 'documents/over.pdf',
                                'datasets/{0}/documents/over.pdf'])
def test_what_is_moved_while_nobody_knows_is_one_document(mount, proxy, api, to, dies):
    """It may be there already, where it was sent to at first, and not in the place of another."""
    dataset = api.add_dataset('invoices')
    to = to.format(dataset)
    mount.allow('scan.pdf', 'over.pdf')
    if 'over' in to:
        (mount / to).write_bytes(small_pdf(7))
        flush(mount)
        old = api.only_document()['documentId']
        api.patch(f'documents/{old}', groundTruth=[{'label': 'n', 'value': 'old'}])
    proxy.fault('POST', '/documents', close='after', times=1)
    rule = proxy.fault('GET', '/documents', status=503)
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    eventually(lambda: rule.hits)
    os.rename(mount / 'documents/scan.pdf', mount / to)
    if dies:
        mount.kill()
    proxy.clear()
    if dies:
        mount.start()
    eventually(lambda: os.listdir(mount / '.lasfs/pending') == [], 30)
    eventually(lambda: documents(api) == [small_pdf(1)], 30)
    document = api.only_document()
    assert document.get('datasetId') == (dataset if 'datasets' in to else None)
    assert ('over' in to) == bool(document.get('groundTruth'))
    mount.refresh()
    assert os.listdir((mount / to).parent) == [os.path.basename(to)]
    assert (mount / to).read_bytes() == small_pdf(1)


@pytest.mark.parametrize('stall', ['before', 'after'])
@pytest.mark.parametrize('dies', [False, True])
@pytest.mark.parametrize('over', [False, True])
def test_what_waits_in_the_place_of_another_and_whose_move_is_killed(mount, proxy, api, stall, dies,
                                                                     over):
    """The older version changes its dataset, perhaps; what takes its place is there with a name."""
    mount.allow('rename /datasets')
    one, two = (mount / 'datasets' / api.add_dataset(name) / 'documents' for name in ('one', 'two'))
    (two / 'a.pdf').write_bytes(small_pdf(1))
    if over:
        (one / 'b.pdf').write_bytes(small_pdf(7))
    flush(mount)
    for document in api.documents():
        if document['datasetId'] == two.parent.name:
            api.patch('documents/' + document['documentId'],
                      groundTruth=[{'label': 'n', 'value': 'old'}])
    rule = proxy.fault('PATCH', '/documents/.*', stall=stall)
    hold = proxy.fault('POST', '/documents', status=503)
    (two / 'a.pdf').write_bytes(small_pdf(2))
    mover = subprocess.Popen(['mv', two / 'a.pdf', one / 'b.pdf'], stderr=subprocess.DEVNULL)
    eventually(lambda: rule.hits)
    if dies:
        mount.kill()
    mover.kill()
    mover.wait()
    proxy.rules.remove(rule)  # what it holds back never arrives
    if stall == 'after':
        rule.released.set()
    proxy.rules.remove(hold)
    if dies:
        mount.start()
    arrived = stall == 'after'
    left = [small_pdf(2)] + [small_pdf(7)] * (over and not arrived)
    eventually(lambda: documents(api) == sorted(left), 30)
    eventually(lambda: os.listdir(mount / '.lasfs/pending') == [], 30)
    mount.refresh()
    assert os.listdir(two) == ([] if arrived else ['a.pdf'])
    assert os.listdir(one) == (['b.pdf'] if arrived or over else [])
    assert ((one / 'b.pdf') if arrived else (two / 'a.pdf')).read_bytes() == small_pdf(2)
    document, = [d for d in api.documents() if d.get('groundTruth')]
    assert document['datasetId'] == (one if arrived else two).parent.name


def test_what_is_removed_while_nobody_knows_does_not_come_back(mount, proxy, api):
    proxy.fault('POST', '/documents', times=1, close='after')
    proxy.fault('GET', '/documents', status=503)
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    eventually(lambda: documents(api) == [small_pdf(1)])
    eventually(lambda: proxy.since(0, 'GET', '/documents'))  # it is looked for
    (mount / 'documents/scan.pdf').unlink()
    proxy.clear()
    eventually(lambda: api.documents() == [], 30)
    assert os.listdir(mount / 'documents') == []


# --- The daemon dies -----------------------------------------------------------------------------

def test_what_was_acknowledged_is_sent_by_the_next_mount(mount, proxy, api):
    proxy.fault('POST', '/documents', status=503)
    for n in range(4):
        (mount / f'documents/{n}.pdf').write_bytes(small_pdf(n))
    mount.kill()
    proxy.clear()
    mount.start()
    flush(mount)
    assert documents(api) == sorted(small_pdf(n) for n in range(4))
    assert sorted(os.listdir(mount / 'documents')) == [f'{n}.pdf' for n in range(4)]
    assert os.listdir(mount / '.lasfs/failed') == []


@pytest.mark.parametrize('stall', ['before', 'after'])
def test_what_was_on_its_way_when_the_daemon_died_is_one_document(mount, proxy, api, stall):
    mark = proxy.mark()
    proxy.fault('POST', '/documents', stall=stall)
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    eventually(lambda: posts(proxy, mark))
    mount.kill()
    proxy.clear()
    mount.start()
    eventually(lambda: os.listdir(mount / '.lasfs/pending') == [], 30)
    assert documents(api) == [small_pdf(1)]
    assert os.listdir(mount / 'documents') == ['scan.pdf']


def kill(mount, fd):
    mount.kill()
    try:
        os.close(fd)
    except OSError:
        pass  # nobody is there any more


def test_half_a_file_is_none(mount, proxy, api):
    mount.allow('being written')
    mount.may_leave = True
    fd = os.open(mount / 'documents/scan.pdf', os.O_WRONLY | os.O_CREAT)
    os.write(fd, small_pdf(1))
    os.fsync(fd)
    kill(mount, fd)
    mount.start()
    flush(mount)
    assert api.documents() == []
    assert len(os.listdir(mount / '.lasfs/failed')) == 1


@pytest.mark.parametrize('ends', ['goes on', 'killed'])
@pytest.mark.parametrize('first', ['the document', 'the sidecar'])
def test_labels_beside_a_document_wait_with_it(mount, proxy, api, ends, first):
    mount.allow('scan.pdf.json')
    mount.may_leave = True  # the labels' file is here alone
    truth = [{'label': 'total', 'value': '100.00'}]
    if first == 'the document':
        (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
        flush(mount)
        document = api.only_document()['documentId']
    for verb in ('POST', 'PATCH'):
        proxy.fault(verb, '/documents.*', status=503)
    (mount / 'documents/scan.pdf.json').write_text(json.dumps(truth))
    if first == 'the sidecar':
        (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    if ends == 'killed':
        mount.kill()
        mount.start()
    assert all(not d.get('groundTruth') for d in api.documents())
    assert os.listdir(mount / '.lasfs/failed') == []
    proxy.clear()
    eventually(lambda: [d.get('groundTruth') for d in api.documents()] == [truth], 30)
    if first == 'the document':
        assert api.only_document()['documentId'] == document
    assert json.loads((mount / 'documents/scan.pdf.json').read_text()) == truth


def test_a_flush_ends_when_the_labels_are_there_too(mount, proxy, api):
    mount.allow('scan.pdf.json', 'not all could be sent')
    mount.may_leave = True
    truth = [{'label': 'total', 'value': '100.00'}]
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    flush(mount)
    proxy.fault('PATCH', '/documents.*', status=503)
    for name in ('scan.pdf.json', 'without.pdf.json'):  # one has its document, one has none
        (mount / 'documents' / name).write_text(json.dumps(truth))
    (mount / 'documents/empty.json').touch()
    with pytest.raises(OSError) as told:
        flush(mount)
    assert told.value.errno == errno.EIO
    proxy.clear()
    flush(mount)
    assert api.only_document()['groundTruth'] == truth
    (mount / 'documents/scan.pdf.json').write_text('')
    (mount / 'documents/without.pdf').write_bytes(small_pdf(2))
    flush(mount)
    assert [d['groundTruth'] for d in api.documents()] == [truth, truth]


def test_labels_that_are_refused_are_refused_at_once(mount, api):
    mount.allow('scan.pdf.json')
    mount.may_leave = True
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    flush(mount)
    with pytest.raises(OSError):
        (mount / 'documents/scan.pdf.json').write_text('no labels')
    assert len(os.listdir(mount / '.lasfs/failed')) == 1


# --- Acknowledged, and written again before it is sent ----------------------------------------------

AGAIN = {'over it': os.O_RDWR, 'anew': os.O_WRONLY | os.O_TRUNC, 'behind it': os.O_WRONLY | os.O_APPEND}


@pytest.fixture
def waiting(mount, proxy):
    """scan.pdf was acknowledged, and is not sent yet."""
    mount.allow('being written', 'not all could be sent', '503')
    mount.may_leave = True
    proxy.fault('POST', '/documents', status=503)
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    return mount


def open_again(mount, how):
    fd = os.open(mount / 'documents/scan.pdf', AGAIN[how])
    os.write(fd, b'%PDF-1.4 half')
    return fd


def failed(mount):
    return [p.read_bytes() for p in (mount / '.lasfs/failed').iterdir() if 'error' not in p.name]


@pytest.mark.parametrize('how', AGAIN)
def test_half_of_something_else_over_it_does_not_take_it_back(waiting, proxy, api, how):
    mount = waiting
    fd = open_again(mount, how)
    kill(mount, fd)
    proxy.clear()
    mount.start()
    flush(mount)
    assert documents(api) == [small_pdf(1)] == [(mount / 'documents/scan.pdf').read_bytes()]
    assert sorted(os.listdir(mount / 'documents')) == ['scan.pdf', 'scan.pdf.error.txt']
    half, = failed(mount)
    assert b'half' in half
    mount.remount()
    assert documents(api) == [small_pdf(1)] and failed(mount) == [half]
    assert len(mount.spooled()) == 1


def test_who_opens_it_and_is_killed_before_he_writes_takes_nothing_back(waiting, proxy, api):
    opener = subprocess.Popen([sys.executable, '-c', 'import os, time\n'
                               'os.open("documents/scan.pdf", os.O_WRONLY)\n'
                               'print(flush=True)\ntime.sleep(60)'], cwd=waiting.path, stdout=subprocess.PIPE)
    opener.stdout.readline()
    opener.kill()
    opener.communicate()
    assert (waiting / 'documents/scan.pdf').read_bytes() == small_pdf(1)
    proxy.clear()
    flush(waiting)
    assert documents(api) == [small_pdf(1)] == [(waiting / 'documents/scan.pdf').read_bytes()]
    assert failed(waiting) == []


@pytest.mark.parametrize('how', ['over it', 'anew'])
def test_what_is_refused_over_it_does_not_take_it_back(waiting, proxy, api, how):
    mount = waiting
    mount.allow('scan.pdf')
    fd = open_again(mount, how)
    os.pwrite(fd, b'no document at all', 0)
    with pytest.raises(OSError):
        os.pwrite(fd, b'.', 1 << 40)
    with pytest.raises(OSError):
        os.close(fd)
    assert (mount / 'documents/scan.pdf').read_bytes() == small_pdf(1)
    proxy.clear()
    flush(mount)
    assert documents(api) == [small_pdf(1)]
    assert len(failed(mount)) == 1
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(2))
    flush(mount)
    assert documents(api) == [small_pdf(2)] and failed(mount) == []


@pytest.mark.parametrize('how', AGAIN)
def test_it_is_not_sent_while_it_is_written_again(waiting, proxy, api, how):
    mount = waiting
    fd = open_again(mount, how)
    proxy.clear()
    mark = proxy.mark()
    with pytest.raises(OSError):  # it says so: one of them is not there
        flush(mount)
    assert posts(proxy, mark) == 0 and api.documents() == []
    assert 'it is being written again' in (mount / '.lasfs/status').read_text()
    os.ftruncate(fd, 0)
    os.pwrite(fd, small_pdf(2), 0)
    os.close(fd)
    flush(mount)
    assert documents(api) == [small_pdf(2)] and posts(proxy, mark) == 1
    assert failed(mount) == []
    eventually(lambda: mount.spooled() == [])


def test_what_is_removed_while_it_is_written_again_goes(waiting, proxy, api):
    mount = waiting
    fd = open_again(mount, 'anew')
    (mount / 'documents/scan.pdf').unlink()
    os.close(fd)
    proxy.clear()
    mount.remount()
    assert os.listdir(mount / 'documents') == api.documents() == failed(mount) == []
    assert mount.spooled() == []


@pytest.mark.parametrize('ends', ['close', 'kill'])
def test_what_nobody_knows_of_and_is_written_again(mount, proxy, api, ends):
    """There is one of it in the end, the last one that was acknowledged."""
    mount.allow('being written', 'scan.pdf')
    mount.may_leave = True
    proxy.fault('POST', '/documents', close='after')
    rule = proxy.fault('GET', '/documents', status=503)
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    eventually(lambda: len(api.documents()) == 1)
    fd = open_again(mount, 'anew')
    eventually(lambda: rule.hits)
    if ends == 'close':
        os.pwrite(fd, small_pdf(2), 0)
        os.close(fd)
    else:
        kill(mount, fd)
    proxy.clear()
    if ends == 'kill':
        mount.start()
    eventually(lambda: os.listdir(mount / '.lasfs/pending') == [], 30)
    eventually(lambda: documents(api) == [small_pdf(2 if ends == 'close' else 1)], 30)
    assert 'scan.pdf' in os.listdir(mount / 'documents') and len(os.listdir(mount / 'documents')) < 3


def test_each_save_of_many_is_on_disk_until_the_next(waiting, proxy, api):
    mount = waiting
    for n in range(2, 12):
        (mount / 'documents/scan.pdf').write_bytes(small_pdf(n))
        assert len(mount.spooled()) == 1
    mount.kill()
    proxy.clear()
    mount.start()
    flush(mount)
    assert documents(api) == [small_pdf(11)]


# --- The end ----------------------------------------------------------------------------------------

# --- Removed ----------------------------------------------------------------------------------------

@pytest.fixture
def sent(mount, proxy, api):
    """Four documents, two of them in a dataset."""
    mount.allow('503')
    dataset = api.add_dataset('scans')
    for path in ('documents/a.pdf', 'documents/b.pdf', f'datasets/{dataset}/documents/c.pdf',
                 f'datasets/{dataset}/documents/d.pdf'):
        (mount / path).write_bytes(small_pdf(ord(path[-5])))
        mount.paths = [*getattr(mount, 'paths', []), mount / path]
    flush(mount)
    assert len(api.documents()) == 4
    return mount


def remove_all(mount):
    subprocess.run(['rm', '-r', *mount.paths], check=True)
    for path in mount.paths:
        assert not path.exists() and path.name not in os.listdir(path.parent)


def test_a_removal_does_not_wait_for_the_server(sent, proxy, api):
    ids = [d['documentId'] for d in api.documents()]
    mark = proxy.mark()
    proxy.fault('DELETE', '/documents.*', stall='before')
    remove_all(sent)
    assert len(api.documents()) == 4
    assert os.listdir(sent / 'documents') == []
    assert not any((sent / 'documents' / i).exists() for i in ids)
    proxy.clear()
    flush(sent)
    assert api.documents() == []
    assert len(proxy.since(mark, 'DELETE', '/documents.*')) <= 8


@pytest.mark.parametrize('dies', [False, True])
def test_a_removal_needs_no_server(sent, proxy, api, dies):
    proxy.fault('*', '/documents.*', status=503)
    remove_all(sent)
    if dies:
        sent.kill()
        sent.start()
        assert not any(path.exists() for path in sent.paths[:2])
    proxy.clear()
    flush(sent)
    assert api.documents() == []
    assert [os.listdir(path.parent) for path in sent.paths] == [[]] * 4


def test_a_dataset_is_removed_with_what_is_in_it(sent, api):
    folder = sent.paths[2].parent.parent
    subprocess.run(['rm', '-r', folder], check=True)
    assert not folder.exists()
    assert api.list('datasets') == []
    flush(sent)
    assert len(api.documents()) == 2


def test_a_removal_of_which_nobody_may_know_ends_too(sent, proxy, api):
    sent.allow('c.pdf')
    proxy.fault('DELETE', '/documents.*', status=503)
    sent.paths[2].unlink()
    proxy.fault('GET', '/documents.*', status=403, message='not yours')
    eventually(lambda: 'not yours' in (sent / '.lasfs/errors').read_text(), 10)
    proxy.clear()
    flush(sent)
    assert len(api.documents()) == 4


def test_a_removal_that_is_refused_for_good_is_said(sent, proxy, api):
    sent.allow('a.pdf')
    proxy.fault('DELETE', '/documents.*', status=403, message='not this one')
    document = next(d['documentId'] for d in api.documents()
                    if api.content('documents/' + d['documentId']) == small_pdf(ord('a')))
    sent.paths[0].unlink()
    eventually(lambda: 'not this one' in (sent / '.lasfs/errors').read_text(), 10)
    line, = [line for line in (sent / '.lasfs/errors').read_text().splitlines() if 'not this one' in line]
    assert 'delete' in line and '/documents/a.pdf' in line
    assert (sent / 'documents' / document / 'content').read_bytes() == small_pdf(ord('a'))
    assert len(api.documents()) == 4


def test_what_was_moved_to_another_dataset_meanwhile_is_not_removed(sent, proxy, api):
    proxy.fault('DELETE', '/documents.*', status=503)
    dataset = api.add_dataset('others')
    document = next(d['documentId'] for d in api.documents()
                    if api.content('documents/' + d['documentId']) == small_pdf(ord('c')))
    api.patch('documents/' + document, datasetId=dataset)
    subprocess.run(['rm', '-f', sent.paths[2]], check=True)
    proxy.clear()
    flush(sent)
    assert api.get('documents/' + document)['datasetId'] == dataset


def test_what_waits_and_is_removed_and_made_anew_does_not_come_back_older(sent, proxy, api, tmp_path):
    """What the server has is older than what was removed: where the new one is killed, there is none."""
    sent.allow('a.pdf', 'their name is lost')
    sent.may_leave = True
    proxy.fault('*', '/documents.*', status=503)
    sent.paths[0].write_bytes(small_pdf(7))
    sent.paths[0].unlink()
    fd = os.open(sent.paths[0], os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    os.write(fd, small_pdf(8)[:100])
    kill(sent, fd)
    proxy.clear()
    sent.start()
    flush(sent)
    assert not sent.paths[0].exists() and len(failed(sent)) == 1
    assert documents(api) == sorted(small_pdf(ord(n)) for n in 'bcd')


REFUSED = {'status': 400, 'message': 'not these bytes'}


@pytest.mark.parametrize('tool', ['install', 'cp --remove-destination', 'mv'])
def test_what_takes_the_place_of_another_and_is_refused_leaves_it(sent, proxy, api, tmp_path, tool):
    """Nothing is deleted before the other is there, though the tool has unlinked it."""
    sent.allow('not these bytes')
    sent.may_leave = True
    truth = [{'label': 'total', 'value': '1'}]
    (sent / 'documents/a.pdf.json').write_text(json.dumps(truth))
    before = api.documents()
    proxy.fault('POST', '/documents', **REFUSED)
    mark = proxy.mark()
    (tmp_path / 'a.pdf').write_bytes(small_pdf(7))
    subprocess.run([*tool.split(), tmp_path / 'a.pdf', sent.paths[0]], check=True)
    eventually(lambda: os.listdir(sent / '.lasfs/pending') == [] and os.listdir(sent / '.lasfs/failed'))
    assert api.documents() == before and sent.paths[0].read_bytes() == small_pdf(ord('a'))
    assert not proxy.since(mark, 'DELETE', '/documents.*')
    proxy.clear()
    for size in (5000, 2000, 9000):
        (tmp_path / 'a.pdf').write_bytes(pdf(size, seed=size))
        subprocess.run([*tool.split(), tmp_path / 'a.pdf', sent.paths[0]], check=True)
        assert sent.paths[0].read_bytes() == pdf(size, seed=size)
        flush(sent)
        assert len(api.documents()) == 4
        assert [api.content('documents/' + d['documentId']) for d in api.documents()
                if d.get('groundTruth') == truth] == [pdf(size, seed=size)]
    assert failed(sent) == []


def test_what_is_removed_and_made_anew_is_what_it_was(sent, proxy, api, tmp_path):
    """mv from elsewhere: the labels are those that the document has when it is deleted."""
    truth = [{'label': 'total', 'value': '1'}]
    document = next(d['documentId'] for d in api.documents()
                    if api.content('documents/' + d['documentId']) == small_pdf(ord('a')))
    (tmp_path / 'a.pdf').write_bytes(small_pdf(7))
    proxy.fault('DELETE', '/documents.*', status=503)
    subprocess.run(['cp', '--remove-destination', tmp_path / 'a.pdf', sent.paths[0]], check=True)
    api.patch('documents/' + document, groundTruth=truth)
    proxy.clear()
    flush(sent)
    assert not api.exists('documents/' + document)
    assert [api.content('documents/' + d['documentId']) for d in api.documents()
            if d.get('groundTruth') == truth] == [small_pdf(7)]
    assert len(api.documents()) == 4


def test_an_unmount_sends_what_is_left(mount, proxy, api):
    for n in range(8):
        (mount / f'documents/{n}.pdf').write_bytes(small_pdf(n))
    mount.unmount()
    assert documents(api) == sorted(small_pdf(n) for n in range(8))


def test_an_unmount_without_a_server_leaves_it_for_the_next_mount(mount, proxy, api):
    mount.may_leave = True
    proxy.fault('POST', '/documents', close='before')
    proxy.fault('GET', '/documents', close='before')
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    mount.unmount()
    assert api.documents() == []
    proxy.clear()
    mount.start()
    eventually(lambda: documents(api) == [small_pdf(1)], 60)
    assert subprocess.run(['cat', mount / 'documents/scan.pdf'], capture_output=True,
                          check=True).stdout == small_pdf(1)
