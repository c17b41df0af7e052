"""A POST without an answer, and what a daemon that died has left: looked for, never guessed, sent
once; what is owed is paid."""
import datetime
import json
import os
import re
import subprocess
import time
from email.utils import formatdate

import pytest

from rest import Refused
from samples import small_pdf
from mounted import eventually

pytestmark = pytest.mark.options('unsure=2')


def documents(api):
    """The bytes of all documents at the server; one may go while one looks."""
    try:
        return sorted(api.content('documents/' + d['documentId']) for d in api.documents())
    except Refused:
        return documents(api)


# --- A lost answer -------------------------------------------------------------------------------

@pytest.mark.parametrize('how', [{'close': 'after'}, {'close': 'middle'}], ids=str)
@pytest.mark.parametrize('where', ['documents', 'dataset', 'assets'])
def test_what_was_made_without_an_answer_is_found(mount, proxy, api, how, where):
    if where == 'dataset':
        where = f'datasets/{api.add_dataset("invoices")}/documents'
    collection = 'assets' if where == 'assets' else 'documents'
    proxy.fault('POST', f'/{collection}', times=1, **how)
    (mount / where / 'scan.pdf').write_bytes(small_pdf(1))
    assert len(proxy.since(0, 'POST', f'/{collection}')) == 1
    one, = api.list(collection)
    assert api.content(f'{collection}/' + one[collection[:-1] + 'Id']) == small_pdf(1)
    assert os.listdir(mount / where) == ['scan.pdf']
    assert mount.errors() == ''


def test_what_never_arrived_is_sent_again_once_it_cannot_come(mount, proxy, api):
    proxy.fault('POST', '/documents', times=1, close='before')
    began = time.monotonic()
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    assert time.monotonic() - began >= 2
    assert documents(api) == [small_pdf(1)]
    assert mount.errors() == ''


def test_somebody_elses_document_with_the_same_bytes_is_not_taken(mount, proxy, api):
    """It is in another dataset, or there are two of them."""
    theirs = api.add_document(small_pdf(1), datasetId=api.add_dataset('theirs'))
    ours = api.add_dataset('ours')
    proxy.fault('POST', '/documents', times=1, close='before')
    (mount / 'datasets' / ours / 'documents/scan.pdf').write_bytes(small_pdf(1))
    mine, = [d['documentId'] for d in api.documents() if d['documentId'] != theirs]
    assert api.get(f'documents/{mine}')['datasetId'] == ours
    (mount / 'datasets' / ours / 'documents/scan.pdf').unlink()
    assert [d['documentId'] for d in api.documents()] == [theirs]


def test_one_of_several_that_could_be_it_is_not_guessed(mount, proxy, api):
    mount.allow('outcome unknown')
    mount.may_leave = True
    others = [api.add_document(small_pdf(1)) for _ in range(2)]
    proxy.fault('POST', '/documents', times=1, close='before')
    with pytest.raises(OSError):
        (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    assert sorted(d['documentId'] for d in api.documents()) == sorted(others)
    line, = mount.errors().splitlines()
    assert all(document in line for document in others)
    failed, = os.listdir(mount / '.lasfs/failed')
    assert (mount / '.lasfs/failed' / failed).read_bytes() == small_pdf(1)


def test_what_is_found_after_the_close_failed_gets_its_name(mount, proxy, api):
    """The answer is lost, and so are those of all looks, until close() has given up."""
    mount.allow('outcome unknown', 'look for it')
    proxy.fault('POST', '/documents', times=1, close='after')
    proxy.fault('GET', '/documents', status=500)
    with pytest.raises(OSError):
        (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    proxy.clear()
    eventually(lambda: os.listdir(mount / '.lasfs/failed') == [])
    assert os.listdir(mount / 'documents') == ['scan.pdf']
    assert (mount / 'documents/scan.pdf').read_bytes() == small_pdf(1)
    assert documents(api) == [small_pdf(1)]
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))  # who tries again sends nothing
    assert len(proxy.since(0, 'POST', '/documents')) == 1


def test_who_tries_again_meanwhile_gets_what_was_made(mount, proxy, api):
    mount.allow('outcome unknown', 'look for it')
    proxy.fault('POST', '/documents', times=1, close='after')
    proxy.fault('GET', '/documents', status=500)
    for _ in range(2):
        with pytest.raises(OSError):
            (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    proxy.clear()
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    assert documents(api) == [small_pdf(1)]
    assert os.listdir(mount / 'documents') == ['scan.pdf']


# --- Replacements --------------------------------------------------------------------------------

def test_a_replacement_whose_answer_was_lost_leaves_no_old_version(mount, proxy, api):
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    proxy.fault('POST', '/documents', times=1, close='after')
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(2))
    assert documents(api) == [small_pdf(2)]
    assert os.listdir(mount / 'documents') == ['scan.pdf']
    assert mount.errors() == ''


@pytest.mark.options('unsure=2', 'timeout=3')
@pytest.mark.parametrize('how', [{'close': 'before'}, {'status': 503}, {'stall': 'before'}], ids=str)
def test_the_old_version_goes_once_its_delete_gets_through(mount, proxy, api, how):
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    proxy.fault('DELETE', '/documents/.*', **how)
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(2))
    assert documents(api) == [small_pdf(1), small_pdf(2)]
    assert os.listdir(mount / 'documents') == ['scan.pdf']
    proxy.clear()
    eventually(lambda: documents(api) == [small_pdf(2)], 30)
    assert os.listdir(mount / 'documents') == ['scan.pdf']
    assert mount.errors() == ''


def test_what_is_owed_is_paid_by_the_next_mount(mount, proxy, api):
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    proxy.fault('DELETE', '/documents/.*', status=503)
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(2))
    mount.kill()
    assert documents(api) == [small_pdf(1), small_pdf(2)]
    proxy.clear()
    mount.start()
    eventually(lambda: documents(api) == [small_pdf(2)])
    assert (mount / 'documents/scan.pdf').read_bytes() == small_pdf(2)


def test_a_delete_that_is_refused_for_good_is_said_once(mount, proxy, api):
    mount.allow('delete the replaced')
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    proxy.fault('DELETE', '/documents/.*', status=403, message='Forbidden')
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(2))
    mount.remount()
    line, = [l for l in mount.errors().splitlines() if 'delete the replaced' in l]
    assert 'Forbidden' in line
    assert documents(api) == [small_pdf(1), small_pdf(2)]


@pytest.mark.options('unsure=4')
@pytest.mark.parametrize('dies', [False, True], ids=['alive', 'dies'])
@pytest.mark.parametrize('script', ['rm scan.pdf', 'mv scan.pdf away.pdf'])
def test_a_try_that_failed_does_not_come_back_under_a_name_that_was_given_up(mount, proxy, api,
                                                                            script, dies):
    """Its writer was told that nobody knows, and has done something else since."""
    mount.allow('scan.pdf')
    mount.may_leave = True
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    proxy.fault('POST', '/documents', close='after', times=1)
    lists = proxy.fault('GET', '/documents', status=503)
    with pytest.raises(OSError):
        (mount / 'documents/scan.pdf').write_bytes(small_pdf(2))
    assert documents(api) == [small_pdf(1), small_pdf(2)]
    mount.run(script, cwd=mount / 'documents')
    if dies:
        mount.kill()
    proxy.rules.remove(lists)
    if dies:
        mount.start()
    left = [small_pdf(1)] if 'mv' in script else []
    eventually(lambda: documents(api) == left, 30)
    mount.refresh()
    listed = {n for n in os.listdir(mount / 'documents') if not n.endswith('.error.txt')}
    assert listed == ({'away.pdf'} if left else set())
    assert [(mount / '.lasfs/failed' / n).read_bytes()
            for n in os.listdir(mount / '.lasfs/failed')] == [small_pdf(2)]


# --- Renames -------------------------------------------------------------------------------------

@pytest.fixture
def dataset(api, mount):
    return mount / 'datasets' / api.add_dataset('invoices') / 'documents'


def moved(mount, dataset):
    """All documents are in documents/, those of others under their ids."""
    return os.listdir(dataset) == ['scan.pdf'] and 'scan.pdf' not in os.listdir(mount / 'documents')


def test_a_move_whose_answers_were_lost_is_done(mount, proxy, api, dataset):
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    proxy.fault('PATCH', '/documents/.*', close='after')
    os.rename(mount / 'documents/scan.pdf', dataset / 'scan.pdf')
    assert moved(mount, dataset)
    assert (dataset / 'scan.pdf').read_bytes() == small_pdf(1)
    assert api.only_document()['datasetId'] == dataset.parent.name
    assert mount.errors() == ''


def test_a_move_that_never_arrived_is_not_done(mount, proxy, api, dataset):
    mount.allow('rename /documents/scan.pdf')
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    proxy.fault('PATCH', '/documents/.*', close='before')
    with pytest.raises(OSError):
        os.rename(mount / 'documents/scan.pdf', dataset / 'scan.pdf')
    assert os.listdir(mount / 'documents') == ['scan.pdf']
    assert (mount / 'documents/scan.pdf').read_bytes() == small_pdf(1)
    assert api.only_document().get('datasetId') is None


def test_a_move_of_which_nobody_knows_keeps_one_of_its_names(mount, proxy, api, dataset):
    mount.allow('rename /documents/scan.pdf')
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    proxy.fault('PATCH', '/documents/.*', close='after')
    proxy.fault('GET', '/documents/.*', status=500)
    with pytest.raises(OSError):
        os.rename(mount / 'documents/scan.pdf', dataset / 'scan.pdf')
    proxy.clear()
    eventually(lambda: moved(mount, dataset))
    assert (dataset / 'scan.pdf').read_bytes() == small_pdf(1)


@pytest.mark.parametrize('over', [False, True], ids=['to a new name', 'over another'])
@pytest.mark.parametrize('to', ['another dataset', 'a subfolder'])
def test_a_move_of_which_nobody_knows_is_undone_when_its_name_is_taken(mount, proxy, api, dataset, to, over):
    """Its mover was told that it failed, and somebody has made the name since."""
    mount.allow('scan.pdf', 'other.pdf')
    mount.may_leave = True  # the labels
    mount.run('mkdir datasets/second')
    second = mount / 'datasets' / api.dataset_called('second')['datasetId'] / 'documents'
    target = second if to == 'another dataset' else dataset / 'sub'
    target.mkdir(exist_ok=True)
    (dataset / 'scan.pdf').write_bytes(small_pdf(1))
    if over:
        (target / 'other.pdf').write_bytes(small_pdf(2))
        (target / 'other.pdf.json').write_text('[{"label": "total", "value": "2"}]')
    proxy.fault('PATCH', '/documents/.*', close='after')
    proxy.fault('GET', '/documents/.*', status=500)
    try:
        os.rename(dataset / 'scan.pdf', target / 'other.pdf')
    except OSError:
        pass
    else:
        assert to == 'a subfolder' and not over  # a name, and nothing to be asked
        return
    proxy.clear()
    (target / 'other.pdf').write_bytes(small_pdf(3))
    time.sleep(2.5)  # as long as what was sent may arrive
    eventually(lambda: 'scan.pdf' in os.listdir(dataset) and 'other.pdf' in os.listdir(target))
    assert (dataset / 'scan.pdf').read_bytes() == small_pdf(1) and (target / 'other.pdf').read_bytes() == small_pdf(3)
    assert sorted(n for n in os.listdir(target) if n.endswith('.pdf')) == ['other.pdf']
    where = {api.content('documents/' + d['documentId']): d['datasetId'] for d in api.documents()}
    assert where == {small_pdf(1): dataset.parent.name, small_pdf(3): target.relative_to(mount.path).parts[1]}
    mount.remount()
    assert (dataset / 'scan.pdf').read_bytes() == small_pdf(1)


@pytest.mark.parametrize('to', ['another dataset', 'the same'])
def test_a_rename_over_another_of_which_nobody_knows_is_undone_when_that_is_removed(mount, proxy, api, dataset, to):
    """Who was told that it failed, and removes what he sees there, has not removed the other one."""
    mount.allow('scan.pdf', 'other.pdf')
    mount.may_leave = True  # the labels
    mount.run('mkdir datasets/second')
    target = mount / 'datasets' / api.dataset_called('second')['datasetId'] / 'documents'
    target = target if to == 'another dataset' else dataset
    for path, n in ((dataset / 'scan.pdf', 1), (target / 'other.pdf', 2)):
        path.write_bytes(small_pdf(n))
    (target / 'other.pdf.json').write_text('[{"label": "total", "value": "2"}]')
    proxy.fault('PATCH', '/documents/.*', close='after')
    proxy.fault('GET', '/documents/.*', status=500)
    with pytest.raises(OSError):
        os.rename(dataset / 'scan.pdf', target / 'other.pdf')
    proxy.clear()
    (target / 'other.pdf').unlink()
    time.sleep(2.5)  # as long as what was sent may arrive
    eventually(lambda: 'scan.pdf' in os.listdir(dataset))
    assert not (target / 'other.pdf').exists()
    document = api.only_document()
    assert document['datasetId'] == dataset.parent.name
    assert (dataset / 'scan.pdf').read_bytes() == small_pdf(1)
    mount.remount()
    assert (dataset / 'scan.pdf').read_bytes() == small_pdf(1) and not (target / 'other.pdf').exists()


@pytest.mark.parametrize('to', ['kept.pdf', 'the first dataset'])
@pytest.mark.parametrize('carried_out', [True, False])
def test_what_was_moved_away_from_a_rename_of_which_nobody_knows_stays(mount, proxy, api, dataset, to, carried_out):
    """Who was told that it failed, and moves away what he sees there, has it there."""
    mount.allow('scan.pdf', 'other.pdf')
    mount.run('mkdir datasets/second')
    second = mount / 'datasets' / api.dataset_called('second')['datasetId'] / 'documents'
    kept = second / 'kept.pdf' if to == 'kept.pdf' else dataset / 'kept.pdf'
    for path, n in ((dataset / 'scan.pdf', 1), (second / 'other.pdf', 2)):
        path.write_bytes(small_pdf(n))
    proxy.fault('PATCH', '/documents/.*', **({'close': 'after'} if carried_out else {'close': 'before'}))
    proxy.fault('GET', '/documents/.*', skip=1, status=500)  # the first is about what is to be replaced
    with pytest.raises(OSError):
        os.rename(dataset / 'scan.pdf', second / 'other.pdf')
    proxy.clear()
    os.rename(second / 'other.pdf', kept)
    time.sleep(2.5)  # as long as what was sent may arrive
    eventually(lambda: 'scan.pdf' in os.listdir(dataset))
    for _ in range(2):
        assert (dataset / 'scan.pdf').read_bytes() == small_pdf(1)
        assert kept.read_bytes() == small_pdf(2)
        assert not (second / 'other.pdf').exists()
        where = {api.content('documents/' + d['documentId']): d['datasetId'] for d in api.documents()}
        assert where == {small_pdf(1): dataset.parent.name, small_pdf(2): kept.parent.parent.name}
        mount.remount()


@pytest.mark.parametrize('then', ['again', 'elsewhere'])
def test_a_move_of_which_nobody_knows_that_is_done_by_another_is_that_one(mount, proxy, api, dataset, then):
    """Its mover tries again, or moves it elsewhere, before it is known: what came of the first changes nothing."""
    mount.allow('scan.pdf', 'other.pdf')
    mount.run('mkdir datasets/second')
    second = mount / 'datasets' / api.dataset_called('second')['datasetId'] / 'documents'
    (dataset / 'scan.pdf').write_bytes(small_pdf(1))
    (second / 'other.pdf').write_bytes(small_pdf(2))
    proxy.fault('PATCH', '/documents/.*', close='after')
    proxy.fault('GET', '/documents/.*', status=500)
    with pytest.raises(OSError):
        os.rename(dataset / 'scan.pdf', second / 'other.pdf')
    proxy.clear()
    if then == 'again':
        os.rename(dataset / 'scan.pdf', second / 'other.pdf')
    else:
        os.rename(dataset / 'scan.pdf', dataset / 'mine.pdf')
        (second / 'other.pdf').unlink()
    time.sleep(4)  # as long as what was sent may arrive, and a look more
    where, name = (second, 'other.pdf') if then == 'again' else (dataset, 'mine.pdf')
    names = [p for folder in (dataset, second) for p in folder.iterdir() if p.suffix == '.pdf']
    assert names == [where / name]
    assert names[0].read_bytes() == small_pdf(1)
    assert api.only_document()['datasetId'] == where.parent.name
    mount.remount()
    assert (where / name).read_bytes() == small_pdf(1)


@pytest.mark.parametrize('stall', ['before', 'after'])
def test_a_move_in_which_the_daemon_died_keeps_one_of_its_names(mount, proxy, api, dataset, stall):
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    mark = proxy.mark()
    proxy.fault('PATCH', '/documents/.*', stall=stall)
    mover = subprocess.Popen(['mv', mount / 'documents/scan.pdf', dataset / 'scan.pdf'],
                             stderr=subprocess.DEVNULL)
    eventually(lambda: proxy.since(mark, 'PATCH'))
    if stall == 'after':
        eventually(lambda: api.only_document().get('datasetId'))
    mount.kill()
    mover.wait()
    mount.start()
    where, other = (mount / 'documents', dataset)[::1 if stall == 'before' else -1]
    eventually(lambda: os.listdir(where) == ['scan.pdf'] and 'scan.pdf' not in os.listdir(other))
    assert (where / 'scan.pdf').read_bytes() == small_pdf(1)


@pytest.mark.parametrize('death', [False, True], ids=['alive', 'dies'])
def test_a_rename_over_another_owes_its_delete(mount, proxy, api, death):
    for n in (1, 2):
        (mount / f'documents/{n}.pdf').write_bytes(small_pdf(n))
    proxy.fault('DELETE', '/documents/.*', status=503)
    os.rename(mount / 'documents/1.pdf', mount / 'documents/2.pdf')
    assert os.listdir(mount / 'documents') == ['2.pdf']
    if death:
        mount.kill()
    assert documents(api) == [small_pdf(1), small_pdf(2)]
    proxy.clear()
    if death:
        mount.start()
    eventually(lambda: documents(api) == [small_pdf(1)])
    assert os.listdir(mount / 'documents') == ['2.pdf']
    assert (mount / 'documents/2.pdf').read_bytes() == small_pdf(1)


# --- The daemon dies -----------------------------------------------------------------------------

def post_in_background(mount, name, data):
    """A cp that waits in its close()."""
    source = mount.folder.parent / f'source-{os.path.basename(name)}'
    source.write_bytes(data)
    return subprocess.Popen(['cp', source, mount / 'documents' / name], stderr=subprocess.DEVNULL)


def kill_once_it_is_made(mount, proxy, api, name, data):
    """The server has it, and the daemon dies before the answer comes."""
    proxy.fault('POST', '/documents', stall='after')
    writer = post_in_background(mount, name, data)
    eventually(lambda: data in documents(api))
    mount.kill()
    writer.wait()
    proxy.clear()


@pytest.mark.parametrize('old', [None, small_pdf(7)], ids=['new', 'over an old one'])
def test_what_was_made_when_the_daemon_died_gets_its_name(mount, proxy, api, old):
    mount.allow('look for it', 'it was being written')
    if old:
        (mount / 'documents/scan.pdf').write_bytes(old)
    mark = proxy.mark()
    kill_once_it_is_made(mount, proxy, api, 'scan.pdf', small_pdf(1))
    mount.start()
    eventually(lambda: documents(api) == [small_pdf(1)])
    eventually(lambda: os.listdir(mount / '.lasfs/failed') == [])
    assert os.listdir(mount / 'documents') == ['scan.pdf']
    assert (mount / 'documents/scan.pdf').read_bytes() == small_pdf(1)
    assert len(proxy.since(mark, 'POST', '/documents')) == 1


@pytest.mark.parametrize('data', [small_pdf(1), small_pdf(2)], ids=['the same', 'another'])
def test_who_renames_to_its_name_while_it_is_looked_for_takes_it_over(mount, proxy, api, data):
    """As rsync does in the next mount: nothing was called so when it began, and something is when it ends."""
    mount.allow('look for it', 'it was being written')
    kill_once_it_is_made(mount, proxy, api, 'scan.pdf', small_pdf(1))
    look = proxy.fault('GET', '/documents', times=1, stall='after')
    mount.start()
    eventually(lambda: look.hits)
    (mount / 'documents/.scan.pdf.Xy12aB').write_bytes(data)
    mover = subprocess.Popen(['mv', '-T', mount / 'documents/.scan.pdf.Xy12aB', mount / 'documents/scan.pdf'])
    time.sleep(0.5)  # it waits for the look, or is too late
    look.released.set()
    assert mover.wait(30) == 0
    eventually(lambda: documents(api) == [data])
    assert os.listdir(mount / 'documents') == ['scan.pdf']
    assert (mount / 'documents/scan.pdf').read_bytes() == data
    mount.remount()
    assert os.listdir(mount / 'documents') == ['scan.pdf'] and documents(api) == [data]


def kill_while_it_is_sent(mount, proxy, data):
    mark = proxy.mark()
    proxy.fault('POST', '/documents', stall='before')
    writer = post_in_background(mount, 'scan.pdf', data)
    eventually(lambda: proxy.since(mark, 'POST', '/documents'))
    mount.kill()
    writer.wait()
    mount.start()


def test_what_was_not_made_when_the_daemon_died_is_kept(mount, proxy, api):
    mount.allow('look for it', 'it was being written')
    mount.may_leave = True
    kill_while_it_is_sent(mount, proxy, small_pdf(1))
    eventually(lambda: 'was not made' in mount.errors())
    assert documents(api) == []
    failed, = os.listdir(mount / '.lasfs/failed')
    assert (mount / '.lasfs/failed' / failed).read_bytes() == small_pdf(1)


@pytest.mark.options('unsure=60')
def test_what_lands_after_the_daemon_died_is_found(mount, proxy, api):
    mount.allow('look for it', 'it was being written')
    kill_while_it_is_sent(mount, proxy, small_pdf(1))
    assert os.listdir(mount / 'documents') == ['scan.pdf.error.txt']
    proxy.clear()  # what it held back goes on now
    eventually(lambda: os.listdir(mount / 'documents') == ['scan.pdf'])
    assert documents(api) == [small_pdf(1)]
    assert os.listdir(mount / '.lasfs/failed') == []


# --- Clocks that are apart -----------------------------------------------------------------------

def shift_clock(mount, proxy, seconds, older=()):
    """The server's clock is so far ahead; and those of these ids were made an hour earlier."""
    def shifted(data):
        def shift(found):
            then = datetime.datetime.fromisoformat(found[2].decode()) + datetime.timedelta(seconds=seconds)
            return found[1] + then.isoformat().encode() + b'"'
        data = re.sub(rb'("(?:created|updated)Time": *")([^"]+)"', shift, data)
        try:
            answer = json.loads(data)
        except ValueError:
            return data
        for row in [answer, *answer.get('documents', [])] if isinstance(answer, dict) else []:
            if row.get('documentId') in older:
                then = datetime.datetime.fromisoformat(row['createdTime'])
                row['createdTime'] = (then - datetime.timedelta(hours=1)).isoformat()
        return json.dumps(answer).encode()
    proxy.fault(edit=shifted, headers={'Date': formatdate(time.time() + seconds, usegmt=True)})
    os.listdir(mount / 'models')  # it has heard what time it is there


AHEAD = [0, 3 * 3600, -3 * 3600]


@pytest.mark.parametrize('ahead', AHEAD)
def test_what_was_made_is_found_by_whatever_clock_the_server_has(mount, proxy, api, ahead):
    proxy.fault('POST', '/documents', times=1, close='after')
    shift_clock(mount, proxy, ahead)
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    assert len(proxy.since(0, 'POST', '/documents')) == 1
    assert documents(api) == [small_pdf(1)]


@pytest.mark.parametrize('ahead', AHEAD)
def test_what_is_older_is_not_taken_by_whatever_clock_the_server_has(mount, proxy, api, ahead):
    theirs = api.add_document(small_pdf(1))
    proxy.fault('POST', '/documents', times=1, close='before')
    shift_clock(mount, proxy, ahead, older=[theirs])
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    assert documents(api) == [small_pdf(1)] * 2
    (mount / 'documents/scan.pdf').unlink()
    assert [d['documentId'] for d in api.documents()] == [theirs]
