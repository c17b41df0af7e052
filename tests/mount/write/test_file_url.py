"""A server that gives documents a fileUrl: their bytes are fetched from there, large ones put there."""
import hashlib
import json
import os
import re
import signal
import sqlite3
import subprocess

import pytest

from mounted import eventually
from proxy import Proxy
from samples import LARGEST, jpeg, pdf, png

pytestmark = pytest.mark.server('--file-url')

LARGE = LARGEST + 1
MOST = 64 << 20
FILES = '/files/las:document:.*'


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def sizes(api):
    """Of the bytes that the server has of each document."""
    return sorted(len(api.content('documents/' + d['documentId'])) for d in api.documents())


def failed(mount):
    return [n.partition('-')[2] for n in os.listdir(mount / '.lasfs/failed')]


def kept(mount, name):
    """Its bytes in failed/."""
    folder = mount / '.lasfs/failed'
    return next((folder / n).read_bytes() for n in os.listdir(folder) if n.endswith('-' + name))


def requests_of(seen):
    return [(r.verb, re.sub('las:.*', 'ID', r.path)) for r in seen.all]


def introduce(mount, api):
    """The mount has seen an answer with a fileUrl, and there is a document."""
    api.add_document(pdf(700))
    assert len(os.listdir(mount / 'documents')) == 1


# --- Reading -----------------------------------------------------------------------------------

@pytest.mark.parametrize('make', [pdf, jpeg, png])
@pytest.mark.parametrize('size', [2000, 4097, LARGEST])
def test_a_document_has_the_bytes_at_its_file_url(mount, api, make, size):
    data = make(size)
    path = mount / 'documents' / api.add_document(data, 'image/png') / 'content'
    assert sha256(path.read_bytes()) == sha256(data)
    assert os.stat(path).st_size == size


def test_content_costs_the_resource_and_its_bytes_once_each(mount, api):
    path = mount / 'documents' / api.add_document(pdf(5000)) / 'content'
    with mount.server.watch() as seen:
        for _ in range(3):
            assert path.read_bytes() == pdf(5000)
    assert requests_of(seen) == [('GET', '/documents/ID'), ('GET', '/files/ID')]


def test_content_of_a_listed_document_costs_its_bytes_alone(mount, api):
    ids = [api.add_document(pdf(5000, seed=i)) for i in range(3)]
    assert sorted(os.listdir(mount / 'documents')) == sorted(ids)
    with mount.server.watch() as seen:
        for i, name in enumerate(ids):
            assert (mount / 'documents' / name / 'content').read_bytes() == pdf(5000, seed=i)
    assert requests_of(seen) == [('GET', '/files/ID')] * 3


def test_fields_do_not_cost_the_bytes(mount, api):
    name = api.add_document(pdf(5000))
    with mount.server.watch() as seen:
        assert (mount / 'documents' / name / 'contentType').read_text() == 'application/pdf\n'
        record = json.loads((mount / 'documents' / name / 'resource.json').read_text())
    assert record['fileUrl'].endswith('/files/' + name)
    assert not seen.count('GET', FILES)


def test_content_that_is_cached_is_read_after_a_remount_without_a_request(mount, api):
    path = mount / 'documents' / api.add_document(pdf(5000)) / 'content'
    assert path.read_bytes() == pdf(5000)
    mount.remount()
    with mount.server.watch() as seen:
        assert path.read_bytes() == pdf(5000)
    assert not seen.count('GET', FILES)


def test_a_size_costs_a_head_and_no_bytes(mount, api):
    name = api.add_document(pdf(5000))
    path = mount / 'documents' / name / 'content'
    with mount.server.watch() as seen:
        assert os.stat(path).st_size == 5000
        mount.run(f'ls -l documents/{name}/; du -a documents/{name}; find documents -size +4k >/dev/null')
    assert requests_of(seen).count(('HEAD', '/files/ID')) == 1
    assert not seen.count('GET', FILES)
    mount.remount()
    with mount.server.watch() as seen:
        assert os.stat(path).st_size == 5000
    assert not seen.count('HEAD') and not seen.count('GET', FILES)
    assert path.read_bytes() == pdf(5000)


def test_many_who_ask_for_one_size_at_once_cost_one_head(mount, api):
    path = 'documents/' + api.add_document(pdf(5000)) + '/content'
    with mount.server.watch() as seen:
        ran = mount.run(f'for i in $(seq 20); do stat -c %s ./{path} & done; wait')
    assert ran.out.split() == ['5000'] * 20
    assert seen.count('HEAD') == 1
    assert not seen.count('GET', FILES)


@pytest.mark.parametrize('answer', [{'status': 405}, {'status': 403}, {'status': 501, 'times': 3},
                                    {'headers': {'Content-Length': '0'}}])
def test_where_a_head_tells_nothing_the_bytes_do(lasfs, api, proxy, answer):
    """And then no other is asked for one."""
    names = [api.add_document(pdf(5000 + i, seed=i)) for i in range(2)]
    mount = lasfs(server=proxy)
    proxy.fault('HEAD', FILES, **answer)
    for i, name in enumerate(names):
        assert os.stat(mount / 'documents' / name / 'content').st_size == 5000 + i
    assert len({p.path for p in proxy.since(0, 'HEAD')}) == 1
    assert len(proxy.since(0, 'GET', FILES)) == 2


def test_a_size_from_a_server_that_is_down_is_an_error(lasfs, api, proxy):
    mount = lasfs(server=proxy)
    mount.allow('HTTP 503')
    name = api.add_document(pdf(5000))
    proxy.fault('HEAD', FILES, status=503)
    proxy.fault('GET', FILES, status=503)
    ran = mount.run(f'stat ./documents/{name}/content', status=1)
    assert 'Input/output error' in ran.err


def test_a_size_from_a_server_that_fails_at_a_head_is_that_of_its_bytes(lasfs, api, proxy):
    mount = lasfs(server=proxy)
    names = [api.add_document(pdf(5000 + n)) for n in range(2)]
    rule = proxy.fault('HEAD', FILES, status=503)
    assert (mount / f'documents/{names[0]}/content').stat().st_size == 5000
    proxy.rules.remove(rule)
    mark = proxy.mark()
    assert (mount / f'documents/{names[1]}/content').stat().st_size == 5001  # by a HEAD again
    assert not proxy.since(mark, 'GET', FILES)


def test_many_who_read_one_document_at_once_fetch_it_once(mount, api):
    path = 'documents/' + api.add_document(pdf(3_000_000)) + '/content'
    with mount.server.watch() as seen:
        ran = mount.run(f'for i in $(seq 20); do sha256sum {path} & done; wait')
    assert set(ran.out.split()[::2]) == {sha256(pdf(3_000_000))}
    assert len(ran.out.splitlines()) == 20
    assert seen.count('GET', FILES) == 1


def test_cp_a_takes_documents_away(mount, api, tmp_path):
    bodies = {api.add_document(pdf(5000 + i, seed=i)): pdf(5000 + i, seed=i) for i in range(5)}
    mount.run(f'cp -a documents {tmp_path}/copy')
    for name, data in bodies.items():
        copied = tmp_path / 'copy' / name
        assert (copied / 'content').read_bytes() == data
        assert json.loads((copied / 'resource.json').read_text())['documentId'] == name


def test_a_document_without_bytes_cannot_be_read_and_its_server_says_why(mount, api):
    mount.allow('has no content')
    name = api.post('documents', contentType='application/pdf')['documentId']
    ran = mount.run(f'cat ./documents/{name}/content', status=1)
    assert 'No such file' in ran.err
    assert re.search(r'HTTP 404.*has no content yet', mount.errors())
    assert (mount / 'documents' / name / 'contentType').read_text() == 'application/pdf\n'


def test_bytes_that_come_later_are_read_then(mount, api):
    mount.allow('has no content')
    made = api.post('documents', contentType='application/pdf')
    path = mount / 'documents' / made['documentId'] / 'content'
    with pytest.raises(FileNotFoundError):
        path.read_bytes()
    api.session.put(made['fileUrl'], data=pdf(5000), headers=api.headers()).raise_for_status()
    assert path.read_bytes() == pdf(5000)


def test_a_read_is_tried_again_when_the_server_fails_or_breaks_off(lasfs, api, proxy):
    name = api.add_document(pdf(300_000))
    mount = lasfs(server=proxy)
    proxy.fault('GET', FILES, status=503, times=1)
    proxy.fault('GET', FILES, close='middle', times=1)
    assert (mount / 'documents' / name / 'content').read_bytes() == pdf(300_000)
    assert len(proxy.since(0, 'GET', FILES)) == 3


def test_a_read_from_a_server_that_stands_still_ends(lasfs, api, proxy):
    name = api.add_document(pdf(3000))
    mount = lasfs('timeout=2', server=proxy)
    mount.allow('timed out')
    proxy.fault('GET', FILES, stall='before')
    ran = mount.run(f'cat ./documents/{name}/content', status=1)
    assert 'timed out' in ran.err


def test_a_token_that_ended_is_renewed_for_the_bytes(lasfs, api, proxy):
    name = api.add_document(pdf(3000))
    mount = lasfs(server=proxy)
    proxy.fault('GET', FILES, status=401, message='Unauthorized', times=1)
    assert (mount / 'documents' / name / 'content').read_bytes() == pdf(3000)


# --- Where the token goes ----------------------------------------------------------------------

def at_another_host(proxy, other, api, name):
    """The API's answers say that the bytes are at other."""
    record = api.get('documents/' + name)
    record['fileUrl'] = other.through(record['fileUrl'])
    proxy.fault('GET', '/documents/.*', body=json.dumps(record).encode())


@pytest.fixture
def other(server):
    """Another host, as far as addresses tell."""
    one = Proxy(server)
    yield one
    one.stop()


def test_the_token_goes_to_the_apis_own_host(lasfs, api, proxy):
    name = api.add_document(pdf(3000))
    mount = lasfs(server=proxy)
    assert (mount / 'documents' / name / 'content').read_bytes() == pdf(3000)
    seen, = proxy.since(0, 'GET', FILES)
    assert seen.headers['Authorization'].startswith('Bearer ')


def test_no_token_goes_to_another_host(lasfs, api, proxy, other):
    name = api.add_document(pdf(3000))
    mount = lasfs(server=proxy)
    at_another_host(proxy, other, api, name)
    other.fault('GET', FILES, status=200, body=pdf(3000, seed=2))
    assert (mount / 'documents' / name / 'content').read_bytes() == pdf(3000, seed=2)
    assert len(other.since(0)) == 1
    assert 'Authorization' not in other.since(0)[0].headers


def test_another_host_that_asks_for_a_token_gets_none(lasfs, api, proxy, other):
    name = api.add_document(pdf(3000))
    mount = lasfs(server=proxy)
    mount.allow('Forbidden')
    at_another_host(proxy, other, api, name)
    ran = mount.run(f'cat ./documents/{name}/content', status=1)
    assert 'Permission denied' in ran.err
    assert other.since(0) and not any('Authorization' in p.headers for p in other.since(0))


def test_another_host_that_is_down_does_not_stop_the_api(lasfs, api, proxy, other):
    name = api.add_document(pdf(3000))
    mount = lasfs('meta_ttl=0', 'list_ttl=0', server=proxy)
    mount.allow('HTTP 503')
    at_another_host(proxy, other, api, name)
    other.fault('GET', FILES, status=503)
    for _ in range(6):
        mount.run(f'cat ./documents/{name}/content', status=1)
        mount.run('ls datasets')
    assert 'not tried' not in mount.errors()


@pytest.mark.parametrize('url', ['http://192.0.2.1/x', 'ftp://127.0.0.1/x', 'file:///etc/passwd',
                                 'http://user:word@127.0.0.1/x', 'no address', ''])
def test_an_address_that_will_not_do_is_not_asked(lasfs, api, proxy, url):
    name = api.add_document(pdf(3000))
    mount = lasfs(server=proxy)
    mount.allow('fileUrl')
    record = {**api.get('documents/' + name), 'fileUrl': url}
    proxy.fault('GET', '/documents/.*', body=json.dumps(record).encode())
    ran = mount.run(f'cat ./documents/{name}/content', status=1)
    assert 'Input/output error' in ran.err
    assert 'fileUrl' in mount.errors()


# --- Writing -----------------------------------------------------------------------------------

@pytest.mark.parametrize('size', [2000, LARGEST])
def test_what_fits_into_a_post_goes_in_one(mount, api, samples, size):
    introduce(mount, api)
    samples.pdf('scan.pdf', size)
    with mount.server.watch() as seen:
        mount.run(f'cp {samples.folder}/scan.pdf documents/')
    assert [(r.verb, r.path) for r in seen.changes] == [('POST', '/documents')]


@pytest.mark.parametrize('size', [LARGE, MOST])
def test_a_large_document_is_one_post_and_one_put(mount, api, samples, size):
    introduce(mount, api)
    data = samples.pdf('large.pdf', size).read_bytes()
    dataset = api.add_dataset('large')
    folder = f'datasets/{dataset}/documents'
    with mount.server.watch() as seen:
        mount.run(f'cp {samples.folder}/large.pdf ./{folder}/')
    document = api.only_document(datasetId=dataset)
    assert [(r.verb, r.path) for r in seen.changes] == [
        ('POST', '/documents'), ('PUT', '/files/' + document['documentId'])]
    assert document['contentType'] == 'application/pdf'
    assert sha256(api.content('documents/' + document['documentId'])) == sha256(data)
    assert sha256((mount / folder / 'large.pdf').read_bytes()) == sha256(data)
    assert os.stat(mount / folder / 'large.pdf').st_size == size
    mount.remount(cold=True)
    assert sha256((mount / folder / 'large.pdf').read_bytes()) == sha256(data)


def test_the_first_thing_that_a_mount_does_may_be_a_large_document(mount, api, samples):
    api.add_document(pdf(700))
    samples.pdf('large.pdf', LARGE)
    mount.run(f'cp {samples.folder}/large.pdf documents/')
    assert sizes(api) == [700, LARGE]


def test_without_any_document_a_large_one_is_too_large(mount, api, samples):
    mount.allow('more than the 4687500 bytes', 'not complete')
    samples.pdf('large.pdf', LARGE)
    ran = mount.run(f'cp {samples.folder}/large.pdf documents/', status=1)
    assert 'File too large' in ran.err
    assert api.documents() == []
    assert not os.path.exists(mount / 'documents/large.pdf')
    mount.run('rm .lasfs/failed/*-large.pdf')


def test_more_than_64_mib_is_too_large_at_the_write(mount, api):
    mount.allow(f'more than the {MOST} bytes', 'not complete')
    introduce(mount, api)
    with mount.server.watch() as seen:
        fd = os.open(mount / 'documents/large.pdf', os.O_WRONLY | os.O_CREAT)
        os.pwrite(fd, b'x', MOST - 1)
        with pytest.raises(OSError, match='too large'):
            os.pwrite(fd, b'x', MOST)
        with pytest.raises(OSError, match='too large'):
            os.close(fd)
    assert not seen.changes
    assert not os.path.exists(mount / 'documents/large.pdf')
    mount.run('rm .lasfs/failed/*-large.pdf')


@pytest.mark.server()
def test_a_server_of_2021_takes_no_large_documents(mount, api, samples):
    mount.allow('more than the 4687500 bytes', 'not complete')
    introduce(mount, api)
    samples.pdf('large.pdf', LARGE)
    with mount.server.watch() as seen:
        ran = mount.run(f'cp {samples.folder}/large.pdf documents/', status=1)
    assert 'error writing' in ran.err and 'File too large' in ran.err
    assert not seen.changes
    assert not os.path.exists(mount / 'documents/large.pdf')
    mount.run('rm .lasfs/failed/*-large.pdf')


def test_rsync_of_large_documents_sends_each_once(mount, api, samples):
    introduce(mount, api)
    for i in range(3):
        samples.pdf(f'large{i}.pdf', LARGE + i, seed=i)
    with mount.server.watch() as seen:
        mount.run(f'rsync -a {samples.folder}/ documents/')
        mount.run(f'rsync -a {samples.folder}/ documents/')
    assert (seen.count('POST'), seen.count('PUT'), seen.count('DELETE')) == (3, 3, 0)
    assert sizes(api) == [700, LARGE, LARGE + 1, LARGE + 2]


def test_other_bytes_over_a_large_document_take_its_place(mount, api, samples):
    introduce(mount, api)
    other = api.documents()
    samples.pdf('large.pdf', LARGE, seed=1)
    mount.run(f'cp {samples.folder}/large.pdf documents/')
    data = samples.pdf('large.pdf', LARGE + 7, seed=2).read_bytes()
    mount.run(f'cp {samples.folder}/large.pdf documents/')
    document, = [d for d in api.documents() if d not in other]
    assert sha256(api.content('documents/' + document['documentId'])) == sha256(data)


def test_the_fields_of_a_large_document_are_those_after_its_bytes_came(mount, api, samples):
    introduce(mount, api)
    samples.pdf('large.pdf', LARGE)
    mount.run(f'cp {samples.folder}/large.pdf documents/')
    document, = [d for d in api.documents() if d['updatedTime']]
    path = mount / 'documents' / document['documentId'] / 'updatedTime'
    assert path.read_text() == document['updatedTime'] + '\n'


# --- Writing on a bad day ----------------------------------------------------------------------

@pytest.fixture
def proxied(lasfs, api, proxy):
    mount = lasfs('timeout=3', server=proxy)
    introduce(mount, api)
    mount.may_leave = True
    return mount


@pytest.mark.parametrize('fault', [{'status': 503}, {'close': 'before'}, {'close': 'after'},
                                   {'status': 401, 'message': 'Unauthorized'}])
def test_a_put_that_fails_once_is_tried_again(proxied, api, proxy, samples, fault):
    samples.pdf('large.pdf', LARGE)
    proxy.fault('PUT', times=1, **fault)
    proxied.run(f'cp {samples.folder}/large.pdf documents/')
    assert len(proxy.since(0, 'POST', '/documents')) == 1
    assert len(proxy.since(0, 'PUT')) == 2
    assert sizes(api) == [700, LARGE]


@pytest.mark.parametrize('fault,says', [
    ({'status': 503}, 'Input/output error'), ({'close': 'before'}, 'Input/output error'),
    ({'status': 413, 'message': 'Too long'}, 'File too large'),
    ({'status': 400, 'message': 'no'}, 'Invalid argument'), ({'stall': 'before'}, 'timed out')])
def test_a_document_whose_bytes_cannot_be_put_is_deleted_again(proxied, api, proxy, samples, fault,
                                                               says):
    proxied.allow('large.pdf')
    data = samples.pdf('large.pdf', LARGE).read_bytes()
    before = api.documents()
    rule = proxy.fault('PUT', **fault)
    ran = proxied.run(f'cp {samples.folder}/large.pdf documents/', status=1)
    assert says in ran.err
    assert rule.hits
    eventually(lambda: api.documents() == before, 10, 'the DELETE')
    assert len(proxy.since(0, 'POST', '/documents')) == 1
    assert failed(proxied) == ['large.pdf']
    assert not os.path.exists(proxied / 'documents/large.pdf')
    assert kept(proxied, 'large.pdf') == data
    proxy.clear()
    proxied.run(f'cp {samples.folder}/large.pdf documents/')
    assert failed(proxied) == []
    assert sizes(api) == [700, LARGE]


def test_what_cannot_be_deleted_again_has_a_line(proxied, api, proxy, samples):
    proxied.allow('large.pdf', 'delete what has no content las:document')
    samples.pdf('large.pdf', LARGE)
    proxy.fault('PUT', status=400, message='no')
    proxy.fault('DELETE', status=403, message='not yours')
    proxied.run(f'cp {samples.folder}/large.pdf documents/', status=1)
    line = eventually(lambda: re.search('delete what has no content (las:[a-z]*:[0-9a-f]*): .*not yours',
                                        proxied.errors()), 10, 'a line')
    assert line.group(1) in [d['documentId'] for d in api.documents()]


def test_an_overwrite_whose_bytes_cannot_be_put_keeps_the_old_document(proxied, api, proxy, samples):
    proxied.allow('large.pdf')
    samples.pdf('large.pdf', 3000)
    proxied.run(f'cp {samples.folder}/large.pdf documents/')
    before = api.documents()
    samples.pdf('large.pdf', LARGE)
    proxy.fault('PUT', status=400, message='no')
    proxied.run(f'cp {samples.folder}/large.pdf documents/', status=1)
    eventually(lambda: api.documents() == before, 10, 'the DELETE')
    assert failed(proxied) == ['large.pdf']


@pytest.mark.parametrize('how', [signal.SIGINT, signal.SIGKILL])
def test_who_is_killed_while_the_bytes_go_out_leaves_no_document(proxied, api, proxy, samples, how):
    proxied.allow('large.pdf')
    before = api.documents()
    samples.pdf('large.pdf', LARGE)
    rule = proxy.fault('PUT', stall='before')
    process = subprocess.Popen(['cp', f'{samples.folder}/large.pdf', proxied / 'documents/'],
                               stderr=subprocess.DEVNULL)
    eventually(lambda: rule.hits, 20, 'the PUT')
    process.send_signal(how)
    assert process.wait(5) != 0
    eventually(lambda: api.documents() == before, 10, 'the DELETE')
    assert failed(proxied) == ['large.pdf']


def test_a_failed_large_document_is_sent_by_retry(proxied, api, proxy, samples):
    proxied.allow('large.pdf')
    samples.pdf('large.pdf', LARGE)
    proxy.fault('PUT', status=400, message='no')
    proxied.run(f'cp {samples.folder}/large.pdf documents/', status=1)
    proxy.clear()
    proxied.remount()
    name, = os.listdir(proxied / '.lasfs/failed')
    proxied.run(f'echo retry {name} > .lasfs/control')
    eventually(lambda: failed(proxied) == [], 10)
    assert sizes(api) == [700, LARGE]


# --- Daemons that are killed -------------------------------------------------------------------

def unfinished(mount):
    return mount.ask_state("SELECT name FROM drops WHERE folder = '.unfinished'")


def kill_in_a_put(mount, proxy, samples):
    """In the middle of sending large.pdf; cp has come to its end then."""
    samples.pdf('large.pdf', LARGE)
    rule = proxy.fault('PUT', stall='before', close='before')  # it does not land later
    process = subprocess.Popen(['cp', f'{samples.folder}/large.pdf', mount / 'documents/'],
                               stderr=subprocess.DEVNULL)
    eventually(lambda: rule.hits, 20, 'the PUT')
    mount.kill()
    assert process.wait(10) != 0
    proxy.clear()


def test_a_daemon_that_is_killed_in_a_put_deletes_the_document_at_its_next_start(proxied, api,
                                                                                 proxy, samples):
    proxied.allow('large.pdf')
    before = api.documents()
    kill_in_a_put(proxied, proxy, samples)
    assert len(api.documents()) == len(before) + 1
    proxied.start()
    eventually(lambda: api.documents() == before, 10, 'the DELETE')
    assert failed(proxied) == ['large.pdf']
    assert not os.path.exists(proxied / 'documents/large.pdf')
    assert kept(proxied, 'large.pdf') == pdf(LARGE)
    eventually(lambda: not unfinished(proxied), 10, 'its row to go')
    proxied.run(f'cp {samples.folder}/large.pdf documents/')
    assert not unfinished(proxied)
    assert sizes(api) == [700, LARGE]
    proxied.remount()
    assert sizes(api) == [700, LARGE]


@pytest.mark.parametrize('option', ['ro', 'nodelete'])
def test_a_mount_that_deletes_nothing_leaves_the_document_there(proxied, api, proxy, samples, option):
    proxied.allow('large.pdf')
    before = api.documents()
    kill_in_a_put(proxied, proxy, samples)
    proxied.options.append(option)
    with proxied.server.watch() as seen:
        proxied.start()
        assert len([n for n in os.listdir(proxied / 'documents') if n.startswith('las:')]) == 2
    assert not seen.count('DELETE')
    proxied.options.remove(option)
    proxied.remount()
    eventually(lambda: api.documents() == before, 10, 'the DELETE')


def test_a_document_that_was_acknowledged_is_not_taken_for_unfinished(proxied, api, samples):
    samples.pdf('large.pdf', LARGE)
    proxied.run(f'cp {samples.folder}/large.pdf documents/')
    before = api.documents()
    document, = [d['documentId'] for d in before if d['updatedTime']]
    proxied.unmount()
    with sqlite3.connect(proxied.state / 'state.db') as db:
        db.execute("INSERT INTO drops(folder, name, kind, state, size, mtime_ns, mode) "
                   "VALUES('.unfinished', ?, 4, 5, 0, 0, 0)", (document,))
    db.close()
    proxied.start()
    eventually(lambda: not unfinished(proxied), 10, 'its row to go')
    assert api.documents() == before
