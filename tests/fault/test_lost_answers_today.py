"""A POST without an answer at today's API: looked up by the key that it was sent with, so that nothing is
guessed, nothing is downloaded, and nothing is there twice."""
import json
import os
import subprocess
import time

import pytest

from mounted import eventually
from samples import LARGEST, pdf, small_pdf

pytestmark = [pytest.mark.server('--api', '2024'), pytest.mark.options('unsure=2')]


def documents(api):
    return sorted(api.content('documents/' + d['documentId']) for d in api.documents())


def stamps(api):
    return [d['metadata']['lasfs'] for d in api.documents()]


def sent(proxy):
    return [json.loads(p.body) for p in proxy.since(0, 'POST', '/documents')]


def downloads(proxy):
    return [p.path for p in proxy.since(0, 'GET') if p.path.startswith(('/documents/', '/files/'))]


# --- A lost answer -------------------------------------------------------------------------------

@pytest.mark.parametrize('how', [{'close': 'after'}, {'close': 'middle'}], ids=str)
@pytest.mark.parametrize('where', ['documents', 'dataset', 'subfolder'])
def test_what_was_made_without_an_answer_is_known_by_its_key(mount, proxy, api, how, where):
    folder = mount / 'documents'
    if where == 'dataset':
        folder = mount / f'datasets/{api.add_dataset("invoices")}/documents'
    if where == 'subfolder':
        folder = folder / '2026'
        folder.mkdir()
    proxy.fault('POST', '/documents', times=1, **how)
    (folder / 'scan.pdf').write_bytes(small_pdf(1))
    one, = sent(proxy)
    assert api.only_document()['metadata'] == one['metadata']
    assert downloads(proxy) == []
    assert os.listdir(folder) == ['scan.pdf']
    assert documents(api) == [small_pdf(1)]
    assert mount.errors() == ''


def test_what_never_arrived_is_sent_again_with_its_key(mount, proxy, api):
    proxy.fault('POST', '/documents', times=1, close='before')
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    assert documents(api) == [small_pdf(1)]
    assert len(sent(proxy)) == 2
    assert downloads(proxy) == []
    assert mount.errors() == ''


def test_others_with_the_same_bytes_are_no_riddle(mount, proxy, api):
    """On the API of 2021 nobody could tell."""
    others = [api.add_document(small_pdf(1)) for _ in range(3)]
    proxy.fault('POST', '/documents', times=1, close='after')
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    assert len(sent(proxy)) == 1
    mine, = [d for d in api.documents() if d['documentId'] not in others]
    assert mine['metadata']['lasfs']['path'] == 'scan.pdf'
    assert downloads(proxy) == []
    assert mount.errors() == ''


def write_at_once(mount, names, data):
    source = mount.folder.parent / 'source'
    source.write_bytes(data)
    writers = [subprocess.Popen(['cp', source, mount / 'documents' / name]) for name in names]
    assert [w.wait() for w in writers] == [0] * len(names)


@pytest.mark.parametrize('how', [{'close': 'after'}, {'close': 'before'}], ids=str)
def test_the_same_bytes_under_two_names_at_once(mount, proxy, api, how):
    proxy.fault('POST', '/documents', times=2, **how)
    write_at_once(mount, ['a.pdf', 'b.pdf'], small_pdf(1))
    assert sorted(s['path'] for s in stamps(api)) == ['a.pdf', 'b.pdf']
    assert len({s['key'] for s in stamps(api)}) == 2
    assert sorted(os.listdir(mount / 'documents')) == ['a.pdf', 'b.pdf']
    for name in 'ab':
        (mount / f'documents/{name}.pdf').unlink()
        assert name + '.pdf' not in [s['path'] for s in stamps(api)]
    assert mount.errors() == ''


def test_the_list_may_lag(mount, proxy, api):
    """What was made is in no list yet when one looks first."""
    proxy.fault('POST', '/documents', times=1, close='after')
    empty = json.dumps({'documents': [], 'nextToken': None}).encode()
    lag = proxy.fault('GET', '/documents', times=3, status=200, body=empty,
                      headers={'Content-Type': 'application/json'})
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    assert lag.hits >= 3
    assert documents(api) == [small_pdf(1)]
    assert len(sent(proxy)) == 1


def test_a_handle_whose_answer_was_lost_does_not_stay(mount, proxy, api):
    """Its bytes were to follow, and nobody knew where to."""
    data = pdf(LARGEST + 1)
    (mount / 'documents/first.pdf').write_bytes(small_pdf(1))  # an answer has shown a fileUrl
    proxy.fault('POST', '/documents', times=1, close='after')
    (mount / 'documents/scan.pdf').write_bytes(data)
    assert documents(api) == sorted([small_pdf(1), data])
    assert mount.errors() == ''


@pytest.mark.options('unsure=2', 'writeback', 'settle=0')
@pytest.mark.parametrize('stall', ['before', 'after'])
def test_the_daemon_dies_while_the_bytes_follow(mount, proxy, api, stall):
    """What has its bytes is taken, and not deleted as a leftover; what has none goes, and is sent again."""
    mount.allow('look for it')
    data = pdf(LARGEST + 1)
    (mount / 'documents/first.pdf').write_bytes(small_pdf(1))
    eventually(api.documents)
    rule = proxy.fault('PUT', stall=stall, close=stall)  # it does not land later
    (mount / 'documents/scan.pdf').write_bytes(data)
    eventually(lambda: rule.hits, 30)
    if stall == 'after':
        eventually(lambda: all(d['contentType'] for d in api.documents()), 30)
    mount.kill()
    proxy.clear()
    mount.start()
    mount.control('flush')
    eventually(lambda: documents(api) == sorted([small_pdf(1), data]), 30)
    mount.remount()
    assert documents(api) == sorted([small_pdf(1), data])
    assert sorted(os.listdir(mount / 'documents')) == ['first.pdf', 'scan.pdf']
    assert len(sent(proxy)) == (2 if stall == 'after' else 3)


# --- Who waits no more ---------------------------------------------------------------------------

def test_what_is_found_after_the_close_failed_gets_its_name(mount, proxy, api):
    mount.allow('outcome unknown', 'look for it')
    proxy.fault('POST', '/documents', times=1, close='after')
    proxy.fault('GET', '/documents', status=500)
    for _ in range(2):
        with pytest.raises(OSError):
            (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    proxy.clear()
    eventually(lambda: os.listdir(mount / '.lasfs/failed') == [])
    assert os.listdir(mount / 'documents') == ['scan.pdf']
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    assert documents(api) == [small_pdf(1)]
    assert len(sent(proxy)) == 1


@pytest.mark.parametrize('stall', ['before', 'after'])
@pytest.mark.parametrize('twins', [False, True], ids=['alone', 'with others alike'])
def test_the_daemon_dies_while_it_is_sent(mount, proxy, api, stall, twins):
    mount.allow('look for it', 'it was being written', 'was not made')
    mount.may_leave = True
    others = [api.add_document(small_pdf(1)) for _ in range(2)] if twins else []
    source = mount.folder.parent / 'source'
    source.write_bytes(small_pdf(1))
    mark = proxy.mark()
    proxy.fault('POST', '/documents', stall=stall)
    writer = subprocess.Popen(['cp', source, mount / 'documents/scan.pdf'], stderr=subprocess.DEVNULL)
    eventually(lambda: proxy.since(mark, 'POST', '/documents'))
    if stall == 'after':
        eventually(lambda: len(api.documents()) == len(others) + 1)
    mount.kill()
    writer.wait()
    if stall == 'after':
        proxy.clear()
    mount.start()
    made = {d['documentId'] for d in api.documents()} - set(others)
    if stall == 'after':
        one, = made
        eventually(lambda: os.listdir(mount / '.lasfs/failed') == [])
        assert 'scan.pdf' in os.listdir(mount / 'documents')
        (mount / 'documents/scan.pdf').unlink()
        assert {d['documentId'] for d in api.documents()} == set(others)
    else:
        eventually(lambda: 'was not made' in mount.errors())
        assert made == set()
        failed, = os.listdir(mount / '.lasfs/failed')
        assert (mount / '.lasfs/failed' / failed).read_bytes() == small_pdf(1)
    assert 'may be one of these' not in mount.errors()


@pytest.mark.options('unsure=2', 'writeback', 'settle=0')
@pytest.mark.parametrize('how', [{'close': 'after'}, {'close': 'before'}, {'stall': 'after'}, {'stall': 'before'}],
                         ids=str)
def test_what_waits_is_sent_once_whatever_dies(mount, proxy, api, how):
    """Three files with the same bytes, and the daemon dies: each is there once."""
    names = ['a.pdf', 'b.pdf', 'c.pdf']
    api.add_document(small_pdf(1))
    mark = proxy.mark()
    proxy.fault('POST', '/documents', **how)
    for name in names:
        (mount / 'documents' / name).write_bytes(small_pdf(1))
    eventually(lambda: proxy.since(mark, 'POST', '/documents'))
    if 'after' in how.values():
        eventually(lambda: len(api.documents()) == 4)
    mount.kill()
    proxy.clear()
    mount.start()
    eventually(lambda: sorted(s['path'] for s in (d['metadata'] and d['metadata'].get('lasfs')
                                                  for d in api.documents()) if s) == names, 30)
    mount.control('flush')
    time.sleep(0.5)
    assert len(api.documents()) == 4
    assert set(names) <= set(os.listdir(mount / 'documents'))
    assert os.listdir(mount / '.lasfs/failed') == []
    assert mount.errors() == ''
