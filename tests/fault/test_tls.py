"""Behind nginx with TLS, HTTP/2 and gzip, as behind the real API's gateway."""
import errno
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from front import Authority, Front
from mounted import Mount, eventually
from relay import Relay
from samples import pdf, small_pdf

DOCUMENTS = 100


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / 'ca')


@pytest.fixture
def front(server, tmp_path, authority):
    """Makes an nginx before the server: front(certificate, key, locations)."""
    made = []

    def make(*certificate, locations=''):
        made.append(Front(server, tmp_path / f'nginx{len(made)}',
                          *(certificate or authority.issue('good')), locations))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def mount_behind(lasfs, front, authority):
    return lasfs(f'cacert={authority.certificate}', 'content_cache=0', server=front)


def content(mount, document):
    with open(mount / 'documents' / document / 'content', 'rb') as f:
        return f.read()


@pytest.fixture
def read(lasfs, front, authority, api):
    """nginx's log of 100 documents that were read, 20 at a time, and their bytes."""
    ids = api.add_documents([pdf(2000 + i, seed=i) for i in range(DOCUMENTS)])
    nginx = front()
    mount = mount_behind(lasfs, nginx, authority)
    with ThreadPoolExecutor(20) as pool:
        data = list(pool.map(lambda i: content(mount, i), ids))
    return [t for t in nginx.told() if t.path.startswith('/v1/documents/')], data


def test_one_connection_carries_100_requests(read):
    told, data = read
    assert sorted(map(len, data)) == [2000 + i for i in range(DOCUMENTS)]
    assert len(told) >= DOCUMENTS and {t.status for t in told} == {200}
    assert {t.protocol for t in told} == {'HTTP/2.0'}
    assert len({t.connection for t in told}) == 1, {t.connection for t in told}
    assert max(t.number for t in told) >= DOCUMENTS


def test_bodies_are_compressed(read):
    assert {t.encoding for t in read[0]} == {'gzip'}


def test_everything_works_through_it(lasfs, front, authority, api, samples):
    mount = mount_behind(lasfs, front(), authority)
    samples.pdf(size=3000000)
    mount.run(f'mkdir datasets/mine && cp {samples.folder}/scan.pdf datasets/mine/documents/ && '
              f'cmp {samples.folder}/scan.pdf datasets/mine/documents/scan.pdf && '
              'echo "what it is" > datasets/mine/description')
    assert api.dataset_called('mine')['description'] == 'what it is'
    assert api.content('documents/' + api.only_document()['documentId']) == pdf(3000000)
    mount.run('rm -r datasets/mine')
    assert api.documents() == []


REDIRECT = '''location ~ ^/v1/(documents|datasets) {
    if ($request_method = %s) { return 307 https://127.0.0.1:OTHER_PORT$request_uri; }
    proxy_pass http://127.0.0.1:%d;
}'''


@pytest.mark.parametrize('verb', ['GET', 'POST', 'PATCH', 'DELETE'])
def test_the_bearer_does_not_follow_a_redirect_to_another_host(lasfs, front, authority, api,
                                                              verb):
    document = api.add_document(small_pdf(1))
    nginx = front(locations=REDIRECT % (verb, api.server.port))
    mount = mount_behind(lasfs, nginx, authority)
    mount.allow('HTTP 307')
    mount.may_leave = True
    folder = mount / 'documents' / document
    act = {'GET': lambda: os.stat(folder),
           'POST': lambda: os.mkdir(mount / 'datasets/mine'),
           'PATCH': lambda: (folder / 'groundTruth.json').write_text('[]'),
           'DELETE': lambda: os.rmdir(folder)}[verb]
    with pytest.raises(OSError) as problem:
        act()
    assert problem.value.errno == errno.EIO
    told = nginx.told()
    assert [t for t in told if t.status == 307 and t.verb == verb]
    assert not [t for t in told if t.port == nginx.other_port]
    assert api.exists('documents/' + document)


@pytest.mark.parametrize('readers', [1, 8])
def test_a_connection_that_is_dead_without_a_word_is_used_no_more(lasfs, front, authority, api,
                                                                 readers):
    ids = api.add_documents([small_pdf(i) for i in range(20)])
    nginx = front()
    relay = Relay(nginx.port)
    try:
        nginx.port = relay.port
        nginx.api_endpoint = nginx.through(api.server.api_endpoint)
        nginx.auth_endpoint = nginx.through(api.server.auth_endpoint)
        mount = lasfs(f'cacert={authority.certificate}', 'timeout=2', server=nginx)
        mount.allow('nothing has moved', 'not tried')
        content(mount, ids[0])
        relay.freeze()
        with ThreadPoolExecutor(readers) as pool:
            for one in [pool.submit(content, mount, i) for i in ids[1:1 + readers]]:
                with pytest.raises(OSError) as problem:
                    one.result()
                assert problem.value.errno == errno.ETIMEDOUT
        eventually(lambda: 'does not answer' not in (mount / '.lasfs/status').read_text())
        for document in ids[10:]:
            content(mount, document)
        mount.unmount()
    finally:
        relay.stop()


# --- Certificates ------------------------------------------------------------------------------

def start(front, folder, *options):
    """Runs lasfs as one types it, which is to fail."""
    mount = Mount(front, folder)
    command = [*mount.command()[:-3], '-o', ','.join([f'state={mount.state}', *options]),
               str(mount.path)]
    ran = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                         check=False, timeout=30, env=mount.environment())
    assert not mount.mounted
    return ran


def refuse(ran, *words):
    """One line, with one of the words in it; libraries differ in theirs."""
    assert ran.returncode == 1, ran
    lines = ran.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith('lasfs: '), ran.stderr
    assert any(word in lines[0] for word in words), lines[0]


def test_a_certificate_of_an_unknown_ca_is_refused(front, authority, tmp_path):
    nginx = front()
    other = Authority(tmp_path / 'other', 'another CA')
    refuse(start(nginx, tmp_path / 'lasfs', f'cacert={other.certificate}'), 'certificate')
    assert not [t for t in nginx.told() if t.status]


def test_without_cacert_the_systems_are_trusted_and_no_other(front, tmp_path):
    refuse(start(front(), tmp_path / 'lasfs'), 'certificate')


def test_an_expired_certificate_is_refused(front, authority, tmp_path):
    nginx = front(*authority.issue('old', days=-1))
    refuse(start(nginx, tmp_path / 'lasfs', f'cacert={authority.certificate}'), 'expired')


def test_a_certificate_for_another_host_is_refused(front, authority, tmp_path):
    nginx = front(*authority.issue('elsewhere', names='DNS:elsewhere.example'))
    refuse(start(nginx, tmp_path / 'lasfs', f'cacert={authority.certificate}'), 'localhost')


@pytest.mark.parametrize('text', [None, '', 'no certificate\n'], ids=['missing', 'empty', 'text'])
def test_a_cacert_that_is_none_is_refused(front, tmp_path, text):
    file = tmp_path / 'mine.pem'
    if text is not None:
        file.write_text(text)
    refuse(start(front(), tmp_path / 'lasfs', f'cacert={file}'), str(file))
