"""A server that takes no content in a POST of a document: a POST without it, and a PUT of the bytes."""
import os
import subprocess

import pytest

from mounted import eventually
from samples import pdf

pytestmark = [pytest.mark.server('--api', '2024', '--no-inline'), pytest.mark.options('unsure=2', 'timeout=3')]


def contents(api):
    return sorted(api.content('documents/' + d['documentId']) for d in api.documents())


def requests_of(proxy):
    return [p.verb + ' ' + ('/files' if '/files/' in p.path else '/documents')
            for p in proxy.since(0) if p.verb in ('POST', 'PUT', 'DELETE')
            and p.path.startswith(('/documents', '/files'))]


def put(mount, name, data):
    (mount / 'documents' / name).write_bytes(data)


@pytest.fixture
def known(mount, proxy):
    """The mount has learnt it: requests are counted from here on."""
    put(mount, 'first.pdf', pdf(700))
    return len(proxy.since(0))


def test_a_refusal_is_remembered(mount, proxy, api):
    put(mount, 'a.pdf', pdf(2000))
    assert requests_of(proxy) == ['POST /documents', 'POST /documents', 'PUT /files']
    put(mount, 'b.pdf', pdf(3000))
    assert requests_of(proxy)[3:] == ['POST /documents', 'PUT /files']
    assert contents(api) == sorted([pdf(2000), pdf(3000)])
    assert sorted(os.listdir(mount / 'documents')) == ['a.pdf', 'b.pdf']
    assert (mount / 'documents/b.pdf').read_bytes() == pdf(3000)
    mount.run('cd documents && sha256sum -c .sha256sums')
    mount.remount()
    assert sorted(os.listdir(mount / 'documents')) == ['a.pdf', 'b.pdf']
    assert (mount / 'documents/a.pdf').read_bytes() == pdf(2000)


def test_labels_that_go_along_are_not_lost(mount, api, proxy):
    mount.may_leave = True
    put(mount, 'a.pdf.json', b'{"total": "1.00"}')
    put(mount, 'a.pdf', pdf(2000))
    assert api.only_document()['groundTruth'] == [{'label': 'total', 'value': '1.00'}]
    put(mount, 'b.pdf.json', b'{"total": "2.00"}')
    put(mount, 'b.pdf', pdf(3000))
    assert sorted(d['groundTruth'][0]['value'] for d in api.documents()) == ['1.00', '2.00']


def test_labels_go_along_where_it_is_known_too(mount, api, proxy, known):
    mount.may_leave = True
    put(mount, 'a.pdf.json', b'{"total": "1.00"}')
    put(mount, 'a.pdf', pdf(2000))
    assert [p.verb for p in proxy.since(known) if p.verb != 'GET'] == ['POST', 'PUT']
    assert [d['groundTruth'][0]['value'] for d in api.documents() if d.get('groundTruth')] == ['1.00']


def test_labels_that_are_refused_hold_up_no_document(mount, api, proxy, known):
    mount.allow('a.pdf.json')
    mount.may_leave = True
    put(mount, 'a.pdf.json', b'{"total": "%s"}' % (b'x' * 2000))
    with pytest.raises(OSError):  # they are refused for themselves, as without a document before them
        put(mount, 'a.pdf', pdf(2000))
        put(mount, 'a.pdf.json', b'{"total": "%s"}' % (b'y' * 2000))
    assert contents(api) == sorted([pdf(700), pdf(2000)])
    assert len([p for p in proxy.since(known, 'PUT')]) == 1


def test_a_stamp_that_is_refused_holds_up_no_document(mount, api, proxy, known):
    proxy.fault('POST', '/documents', status=400, times=1, body=b'{"message": "metadata: not allowed"}')
    put(mount, 'a.pdf', pdf(2000))
    assert contents(api) == sorted([pdf(700), pdf(2000)])
    assert [p.verb for p in proxy.since(known) if p.verb != 'GET'] == ['POST', 'POST', 'PUT']


def test_bytes_that_are_refused_are_said_once(mount, api, proxy, known):
    mount.allow('a.pdf')
    mount.may_leave = True
    put(mount, 'a.pdf.json', b'{"total": "1.00"}')
    proxy.fault('PUT', '/files/.*', status=400, body=b'{"message": "no document"}')
    with pytest.raises(OSError):
        put(mount, 'a.pdf', pdf(2000))
    eventually(lambda: contents_or_none(api) == [pdf(700)], 20, 'what has no bytes to go')
    assert [p.verb for p in proxy.since(known) if p.verb in ('POST', 'PUT')] == ['POST', 'PUT']
    proxy.clear()
    put(mount, 'a.pdf', pdf(2000))
    assert [d['groundTruth'][0]['value'] for d in api.documents() if d.get('groundTruth')] == ['1.00']


def test_other_bytes_take_a_document_s_place(mount, api, proxy):
    for size in (2000, 3000, 4000):
        put(mount, 'a.pdf', pdf(size))
        assert contents(api) == [pdf(size)]
    assert os.listdir(mount / 'documents') == ['a.pdf']
    assert api.only_document()['name'] == 'a.pdf'


@pytest.mark.options('writeback', 'settle=0', 'unsure=2')
def test_with_writeback_too(mount, api, proxy):
    for n in range(5):
        put(mount, f'{n}.pdf', pdf(2000, seed=n))
    mount.control('flush')
    assert contents(api) == sorted(pdf(2000, seed=n) for n in range(5))


@pytest.mark.parametrize('verb', ['POST', 'PUT'])
@pytest.mark.parametrize('how', ['before', 'after', 'middle'])
def test_a_lost_answer_doubles_nothing(mount, api, proxy, known, verb, how):
    mount.allow('a.pdf')
    proxy.fault(verb, times=1, close=how)
    put(mount, 'a.pdf', pdf(2000))
    eventually(lambda: contents_or_none(api) == sorted([pdf(700), pdf(2000)]))
    assert sorted(os.listdir(mount / 'documents')) == ['a.pdf', 'first.pdf']


def contents_or_none(api):
    """None, while there is one without bytes."""
    documents = api.documents()
    return contents(api) if all(d['contentType'] for d in documents) else None


@pytest.mark.parametrize('step', ['handle', 'put', 'landed'])
def test_who_dies_between_the_two_leaves_no_empty_document(mount, api, proxy, known, samples, step):
    mount.allow('a.pdf')
    mount.may_leave = True
    data = samples.pdf('a.pdf', 2000).read_bytes()
    rule = (proxy.fault('POST', '/documents', stall='after') if step == 'handle' else
            proxy.fault('PUT', stall='before', close='before') if step == 'put' else
            proxy.fault('PUT', stall='after'))
    process = subprocess.Popen(['cp', f'{samples.folder}/a.pdf', mount / 'documents/'], stderr=subprocess.DEVNULL)
    eventually(lambda: rule.hits, 20)
    if step != 'put':
        eventually(lambda: len(api.documents()) == 2, 20)
    mount.kill()
    process.wait(10)
    proxy.clear()
    mount.start()
    eventually(lambda: contents_or_none(api) is not None and not mount.ask_state(
        "SELECT name FROM drops WHERE folder = '.unfinished'"), 20, 'the handle to go')
    mount.refresh()
    assert not [n for n in os.listdir(mount / 'documents') if n.startswith('las:')] or step == 'landed'
    mount.run(f'cp {samples.folder}/a.pdf documents/')
    eventually(lambda: contents_or_none(api) == sorted([pdf(700), data]), 20)
    assert sorted(os.listdir(mount / 'documents')) == ['a.pdf', 'first.pdf']


def test_what_is_refused_for_something_else_is_not_put(mount, api, proxy):
    mount.allow('Invalid argument')
    mount.may_leave = True
    (mount / 'documents/.defaults.json').write_text('{"retentionInDays": -5}')
    with pytest.raises(OSError):
        put(mount, 'a.pdf', pdf(2000))
    assert api.documents() == []
    assert 'PUT /files' not in requests_of(proxy)
