"""What a server may cost that is broken, or wishes nobody well: time, memory, requests."""
import errno
import itertools
import json
import os
import re
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from mounted import eventually
from samples import small_pdf

MANY = 31 << 20


def fails(action, *arguments):
    """(errno, seconds)"""
    begin = time.monotonic()
    with pytest.raises(OSError) as problem:
        action(*arguments)
    return problem.value.errno, time.monotonic() - begin


def read(path):
    with open(path, 'rb') as f:
        return f.read()


# --- Memory ------------------------------------------------------------------------------------

def peak_mib(mount):
    with open(f'/proc/{mount.process.pid}/status', encoding='ascii') as f:
        return int(re.search(r'^VmHWM:\s+(\d+) kB', f.read(), re.M)[1]) >> 10


def with_member(value):
    """The answer with a member of this text in it, or in each of its rows."""
    def edit(data):
        answer = json.loads(data)
        for row in answer.get('documents', [answer]):
            row['x'] = '@'
        return json.dumps(answer).encode().replace(b'"@"', value)
    return edit


VALUES = {
    'objects': b'[' + b'{},' * (MANY // 3) + b'0]',
    'lists': b'[' + b'[],' * (MANY // 3) + b'0]',
    'deep list': b'[' * 2000 + b']' * 2000,
    'deep object': b'{"a":' * 2000 + b'0' + b'}' * 2000,
}


@pytest.mark.options('timeout=10', 'list_ttl=0', 'meta_ttl=0')
@pytest.mark.parametrize('which', VALUES)
@pytest.mark.parametrize('what', ['document', 'list'])
def test_json_is_measured_before_it_is_believed(mount, proxy, api, what, which):
    mount.allow('malformed answer')
    document = api.add_document(small_pdf(1))
    proxy.fault('GET', '/documents' + ('/.*' if what == 'document' else ''),
                edit=with_member(VALUES[which]))
    path = mount / ('documents' if what == 'list' else f'documents/{document}/resource.json')
    error, seconds = fails(os.listdir if what == 'list' else read, path)
    assert error == errno.EIO and seconds < 30
    assert 'malformed answer' in mount.errors()
    assert peak_mib(mount) < 400
    proxy.clear()
    assert document in os.listdir(mount / 'documents')
    assert json.loads(read(mount / f'documents/{document}/resource.json'))['documentId'] == document


@pytest.mark.parametrize('value', [b'[' + b'{},' * 190000 + b'0]',
                                   b'[' * 98 + b'"a",' * 10000 + b'0' + b']' * 98],
                         ids=['many', 'deep'])
def test_what_is_within_the_bounds_is_read(mount, proxy, api, value):
    document = api.add_document(small_pdf(1))
    proxy.fault('GET', '/documents/.*', edit=with_member(value))
    assert json.loads(read(mount / f'documents/{document}/resource.json'))['x'] == json.loads(value)


# --- Time --------------------------------------------------------------------------------------

DRIPS = {
    'byte': {'drip': 'body', 'piece': b'x', 'pause': 0.2},
    'line': {'drip': 'head', 'piece': b'X-Header: a line\r\n', 'pause': 0.2},
    'interim': {'drip': 'head', 'piece': b'\r\nHTTP/1.1 103 Early Hints\r\nX: y\r\n', 'pause': 0.2},
}
SLOW_WORDS = 'has moved for 3 s', 'not tried', 'interrupted', 'malformed', 'outcome unknown'
# What asks the server, each in its own way.
COLD = {
    'lookup': ('stat documents/{}', errno.ETIMEDOUT),
    'list': ('ls documents', errno.ETIMEDOUT),
    'lines': ('cat secrets/.list.jsonl', errno.ETIMEDOUT),
    'index': ('ls datasets/.by-name', errno.ETIMEDOUT),
    'mkdir': ('mkdir datasets/new', errno.ETIMEDOUT),
    'upload': ('printf %%PDF-1.4%%%%EOF > documents/a.pdf', None),  # no shell looks at close()
}


@pytest.mark.options('timeout=3')
@pytest.mark.parametrize('drip', DRIPS)
@pytest.mark.parametrize('what', COLD)
def test_an_answer_that_hardly_moves_is_not_waited_for(mount, proxy, api, what, drip):
    mount.allow(*SLOW_WORDS)
    mount.may_leave = True
    document = api.add_document(small_pdf(1))
    script, error = COLD[what]
    proxy.fault(**DRIPS[drip])
    begin = time.monotonic()
    ran = mount.run(script.format(document), status=None, timeout=60)
    assert time.monotonic() - begin < 40
    assert 'has moved for 3 s' in mount.errors()
    assert error is None or (ran.status and os.strerror(error) in ran.err)
    proxy.clear()
    assert document in os.listdir(mount / 'documents')


@pytest.mark.options('timeout=3')
@pytest.mark.parametrize('drip', DRIPS)
@pytest.mark.parametrize('how', [signal.SIGTERM, 'lazy'])
def test_it_ends_though_answers_hardly_move(mount, proxy, api, drip, how):
    ids = api.add_documents([small_pdf(i) for i in range(8)])
    mount.allow(*SLOW_WORDS)
    rule = proxy.fault(**DRIPS[drip])
    readers = [subprocess.Popen(['cat', mount / 'documents' / i / 'content'],
                                stderr=subprocess.DEVNULL) for i in ids]
    eventually(lambda: rule.hits == len(ids), what='reading')
    begin = time.monotonic()
    if how == 'lazy':
        subprocess.run(['fusermount3', '-u', '-z', str(mount.path)], check=True)
        mount.wait_for_end()
    else:
        mount.unmount(how)
    assert time.monotonic() - begin < 40
    assert 0 not in [reader.wait(10) for reader in readers]


@pytest.mark.options('timeout=30')
def test_it_ends_though_an_answer_does_not(mount, proxy, api):
    """It moves well enough to be waited for; but not by an end that waits for a minute."""
    document = api.add_document(small_pdf(1))
    mount.allow(*SLOW_WORDS)
    rule = proxy.fault(drip='body', piece=b'x' * 1000, pause=0.2)
    with subprocess.Popen(['cat', mount / 'documents' / document / 'content'],
                          stderr=subprocess.DEVNULL) as reader:
        eventually(lambda: rule.hits, what='reading')
        mount.process.send_signal(signal.SIGTERM)
        eventually(lambda: mount.process.poll() is not None, 90, 'its end')
        mount.wait_for_end()
        assert reader.wait(10)


@pytest.mark.options('timeout=5')
def test_a_head_without_an_end_is_refused(mount, proxy, api):
    mount.allow('headers', 'not tried')
    document = api.add_document(small_pdf(1))
    for piece in b'X: y\r\n' * 100, b'X: ' + b'y' * 5000 + b'\r\n':
        rule = proxy.fault(drip='head', piece=piece, pause=0.001)
        error, seconds = fails(os.stat, mount / 'documents' / document)
        assert error == errno.EIO and seconds < 20
        assert 'the answer has more than 256 headers, or 64 KiB of them' in mount.errors()
        proxy.clear()
    assert rule.hits == 1


# --- Wishes to wait ----------------------------------------------------------------------------

FAR = {'seconds': '1000000000', 'most': '9223372036854775807',
       'date': 'Fri, 31 Dec 9999 23:59:59 GMT'}


@pytest.mark.options('timeout=3')
@pytest.mark.parametrize('status', [429, 503])
@pytest.mark.parametrize('wish', FAR)
def test_nobody_is_made_to_wait_for_more_than_a_minute(mount, proxy, api, wish, status):
    mount.allow('asks to wait', 'HTTP')
    ids = [api.add_document(small_pdf(i)) for i in range(2)]
    proxy.fault('GET', '/documents/.*', times=1, status=status, headers={'Retry-After': FAR[wish]})
    for document in ids:
        error, seconds = fails(os.stat, mount / 'documents' / document)
        assert error in (errno.EAGAIN, errno.EIO) and seconds < 10
    told = re.search(r'asks to wait for (\d+) s', mount.errors().splitlines()[-1])
    assert 0 < int(told[1]) <= 60


def test_after_a_wish_to_wait_one_goes_first(mount, proxy, api):
    ids = [api.add_document(small_pdf(i)) for i in range(8)]
    asked = proxy.fault('GET', '/documents/.*', times=1, status=503, headers={'Retry-After': '1'})
    rule = proxy.fault('GET', '/documents/.*', stall='before')
    with ThreadPoolExecutor(len(ids)) as pool:
        first = pool.submit(read, mount / 'documents' / ids[0] / 'content')
        eventually(lambda: asked.hits and rule.hits, what='the second try')
        others = [pool.submit(read, mount / 'documents' / i / 'content') for i in ids[1:]]
        eventually(lambda: f'requests_in_flight {len(ids)}\n' in
                   (mount / '.lasfs/metrics').read_text(), what='waiting')
        assert rule.hits == 1
        proxy.clear()
        assert [f.result() for f in [first, *others]] == [small_pdf(i) for i in range(8)]


@pytest.mark.options('timeout=3')
def test_who_waits_for_the_first_waits_within_its_own_bound(mount, proxy, api):
    mount.allow('asks to wait', 'has moved')
    ids = [api.add_document(small_pdf(i)) for i in range(4)]
    proxy.fault('GET', '/documents/.*', times=1, status=503, headers={'Retry-After': '1'})
    rule = proxy.fault('GET', '/documents/.*', stall='before')
    with ThreadPoolExecutor(len(ids)) as pool:
        ends = list(pool.map(lambda i: fails(os.stat, mount / 'documents' / i), ids))
    assert {error for error, _ in ends} <= {errno.EAGAIN, errno.ETIMEDOUT}
    assert max(seconds for _, seconds in ends) < 20
    assert rule.hits


# --- Lists without an end ----------------------------------------------------------------------

BARREN_MAX = 100


# What each page has of the documents that there are, and its token.
ENDLESS = {
    'empty': (lambda rows: [], 't{}'.format),
    'the same': (lambda rows: rows, 't{}'.format),
    'around': (lambda rows: rows, lambda number: 'AB'[number % 2]),
    'without an id': (lambda rows: [{k: '../x' for k in row} for row in rows], 't{}'.format),
}


def pages_of(api, collection, which):
    """Makes one page after the other, and never the last."""
    rows, numbers = api.list(collection), itertools.count()
    rows_of, token_of = ENDLESS[which]

    def page():
        return json.dumps({collection: rows_of(rows),
                           'nextToken': token_of(next(numbers))}).encode()
    return {'status': 200, 'body': page}


@pytest.mark.options('list_ttl=0', 'meta_ttl=0')
@pytest.mark.parametrize('pages', ENDLESS)
@pytest.mark.parametrize('command, path', [
    ('ls documents', 'documents'),
    ('cat documents/.list.jsonl', 'documents/.list.jsonl'),
    ('ls documents/.by-id', 'documents/.by-id'),
    ('ls datasets/{dataset}/documents', 'datasets/{dataset}/documents'),
    ('ls -d documents/0123abcd', 'documents/0123abcd'),
    ('ls -d datasets/no-such-name', 'datasets/no-such-name'),
    ('mkdir datasets/new', 'datasets/new'),
    ('cat documents/.sha256sums', 'documents/.sha256sums'),
    ('rmdir consents/{consent}', 'consents/{consent}'),
])
def test_a_list_without_an_end_ends(mount, proxy, api, pages, command, path):
    mount.allow('does not go on')
    dataset, consent = api.add_dataset('d'), f'las:consent:{7:032x}'
    api.add_documents([small_pdf(i) for i in range(3)], datasetId=dataset, consentId=consent)
    (mount / 'documents/mine.pdf').write_bytes(small_pdf(9))  # so that there are sums of something
    os.utime(mount / '.lasfs/refresh')
    mark = proxy.mark()
    proxy.fault('GET', '/documents', **pages_of(api, 'documents', pages))
    proxy.fault('DELETE', '/documents', **pages_of(api, 'documents', pages))
    proxy.fault('GET', '/datasets', **pages_of(api, 'datasets', pages))
    names = {'dataset': dataset, 'consent': consent}
    ran = mount.run(command.format(**names), status=None, timeout=60)
    asked = proxy.since(mark, path='/(documents|datasets)')
    assert asked and len(asked) <= 4 * BARREN_MAX
    lines = mount.errors().splitlines()
    assert ran.status and os.strerror(errno.EIO) in ran.err, lines
    assert any('does not go on' in line and path.format(**names) in line for line in lines), lines
    proxy.clear()
    os.utime(mount / '.lasfs/refresh')  # a page may be on its way, with a token that this server never gave
    assert len(os.listdir(mount / 'documents')) in (1, 4)


@pytest.mark.options('list_ttl=0', 'meta_ttl=0')
@pytest.mark.parametrize('pages', ENDLESS)
def test_who_looks_for_what_it_has_sent_does_not_look_for_ever(mount, proxy, api, pages):
    mount.allow('does not go on', 'mine.pdf')
    mount.may_leave = True
    api.add_documents([small_pdf(i) for i in range(3)])
    proxy.fault('POST', '/documents', close='after', times=1)
    proxy.fault('GET', '/documents', **pages_of(api, 'documents', pages))
    mark, path = proxy.mark(), mount / 'documents/mine.pdf'
    error, seconds = fails(path.write_bytes, small_pdf(9))
    assert error == errno.EIO and seconds < 20
    assert len(proxy.since(mark, 'GET', '/documents')) <= 4 * BARREN_MAX
    assert 'outcome unknown' in mount.errors()
    proxy.clear()
    eventually(lambda: path.exists() and path.read_bytes() == small_pdf(9), 40)
    assert len(api.documents()) == 4


def test_a_filter_may_leave_nothing_of_some_pages(mount, proxy, api):
    dataset = api.add_dataset('d')
    api.add_documents([small_pdf(i) for i in range(3)], datasetId=dataset)
    rows = api.documents()
    for i in range(30):
        proxy.fault('GET', '/documents', times=1, status=200, body=json.dumps(
            {'documents': [], 'nextToken': f't{i}'}).encode())
    proxy.fault('GET', '/documents', status=200, body=json.dumps(
        {'documents': rows, 'nextToken': None}).encode())
    assert len(os.listdir(mount / 'datasets' / dataset / 'documents')) == 3
    assert mount.errors() == ''
