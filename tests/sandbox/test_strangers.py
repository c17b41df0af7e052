"""Who has not shown who he is keeps nobody else waiting, and keeps nobody else out."""
import contextlib
import resource
import select
import socket
import time
import urllib.parse

import pytest
import requests

import sandbox_server as server

PATIENCE_S = 60  # of the tests; a stranger has 10 s, who is known 120 s
STRANGERS = 256
KNOWN = 1024


@pytest.fixture(scope='module', autouse=True)
def many_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def connect(start):
    """A server of its own, and connections to it that are closed with the test."""
    s = start()
    with contextlib.ExitStack() as stack:
        def connect_one(sent=b''):
            sock = stack.enter_context(socket.create_connection(
                ('127.0.0.1', urllib.parse.urlparse(s.root).port), timeout=PATIENCE_S))
            if sent:
                sock.sendall(sent)
            return sock

        connect_one.server = s
        yield connect_one


def head(verb, path, *lines):
    return '\r\n'.join(['%s %s HTTP/1.1' % (verb, path), 'Host: x', *lines, '', '']).encode()


def answer(sock):
    """The status of one answer without more than its header's bytes of body."""
    got = b''
    while b'\r\n\r\n' not in got:
        more = sock.recv(65536)
        if not more:
            return None
        got += more
    top, _, body = got.partition(b'\r\n\r\n')
    length = next(int(line.split(b':')[1]) for line in top.split(b'\r\n')
                  if line.lower().startswith(b'content-length:'))
    while len(body) < length:
        body += sock.recv(65536)
    return int(got.split()[1])


def is_closed(sock, seconds=0):
    """The server has ended it."""
    poll = select.poll()  # select() knows no descriptor over 1024
    poll.register(sock, select.POLLIN)
    if not poll.poll(seconds * 1000):
        return False
    try:
        return sock.recv(1) == b''
    except OSError:
        return True


def a_document_goes(s, api):
    body = {'content': 'a' * 6250000, 'contentType': 'image/png'}
    answered = requests.post(s.api + '/documents', json=body, timeout=PATIENCE_S,
                             headers=api.session.headers)
    assert answered.status_code in (200, 400), answered.text  # it was read whole
    assert api.get('/datasets')['datasets'] == []


WHO = {'nobody': [], 'a wrong token': ['Authorization: Bearer nonsense'],
       'other credentials': ['Authorization: Basic bm9ib2R5Om5vdGhpbmc=']}


@pytest.mark.parametrize('who', WHO)
@pytest.mark.parametrize('path', ['/v1/documents', '/v1/datasets'])
def test_half_open_posts_of_strangers_stop_nobody(connect, who, path):
    api = connect.server.client()
    for _ in range(200):
        connect(head('POST', path, *WHO[who], 'Content-Type: application/json', 'Content-Length: 6290000')
                + b'{"content": "')
    a_document_goes(connect.server, api)


def test_half_open_posts_in_chunks_stop_nobody(connect):
    api = connect.server.client()
    for _ in range(200):
        connect(head('POST', '/v1/documents', 'Transfer-Encoding: chunked') + b'5\r\nabcde\r\n')
    a_document_goes(connect.server, api)


def test_half_open_log_ins_stop_nobody(connect):
    for _ in range(200):
        connect(head('POST', '/oauth2/token', 'Content-Length: 4000') + b'grant_type=')
    a_document_goes(connect.server, connect.server.client())


def test_idle_strangers_keep_nobody_out(connect):
    known = connect.server.client()
    known.get('/datasets')
    for _ in range(KNOWN + STRANGERS):
        connect()
    known.get('/datasets')
    connect.server.client().get('/datasets')


def test_of_strangers_the_oldest_goes_first(connect):
    token = 'Authorization: Bearer ' + connect.server.token()
    known = connect(head('GET', '/v1/datasets', token))
    assert answer(known) == 200
    strangers = [connect() for _ in range(STRANGERS + 20)]
    for sock in strangers[:20]:
        assert is_closed(sock, PATIENCE_S)
    strangers[-1].sendall(head('GET', '/v1/datasets', token))
    assert answer(strangers[-1]) == 200
    known.sendall(head('GET', '/v1/datasets', token))
    assert answer(known) == 200


def test_of_those_who_are_known_the_one_goes_that_is_idle_for_longest(connect):
    request = head('GET', '/v1/datasets', 'Authorization: Bearer ' + connect.server.token())
    all_of_them = []
    for _ in range(KNOWN + 20):
        all_of_them.append(connect(request))
        assert answer(all_of_them[-1]) == 200
    server.eventually(lambda: sum(is_closed(sock) for sock in all_of_them[:200]) >= 20, PATIENCE_S)
    assert not any(is_closed(sock) for sock in all_of_them[200:])
    connect.server.client().get('/datasets')


def test_a_stranger_has_less_patience(connect):
    """Closed at a time when who is known, and as idle, is not."""
    token = 'Authorization: Bearer ' + connect.server.token()
    known = connect(head('GET', '/v1/datasets', token))
    assert answer(known) == 200
    silent, half = connect(), connect(b'GET /v1/data')
    waiting = connect(head('POST', '/v1/datasets', 'Content-Length: 1000') + b'{')
    for sock in (silent, half, waiting):
        assert is_closed(sock, PATIENCE_S)
    known.sendall(head('GET', '/v1/datasets', token))
    assert answer(known) == 200


def test_a_stranger_that_drips_is_cut_off(connect):
    sock = connect(head('POST', '/v1/datasets', 'Content-Length: 1000000'))
    deadline = time.monotonic() + PATIENCE_S
    while not is_closed(sock, 0.1):
        assert time.monotonic() < deadline
        try:
            sock.sendall(b' ')
        except OSError:
            break


def test_a_strangers_body_is_read_and_he_is_refused(connect):
    body = b' ' * 3000000
    sock = connect(head('POST', '/v1/datasets', 'Content-Length: %d' % len(body)) + body)
    assert answer(sock) == 403
    sock.sendall(head('POST', '/v1/nothing', 'Content-Length: 2') + b'{}')
    assert answer(sock) == 404
    sock.sendall(head('POST', '/v1/datasets', 'Authorization: Bearer ' + connect.server.token(),
                      'Content-Length: 2') + b'{}')
    assert answer(sock) == 200


def test_a_stranger_who_asks_first_is_refused_at_once(connect):
    sock = connect(head('POST', '/v1/datasets', 'Content-Length: 3000000', 'Expect: 100-continue'))
    assert answer(sock) == 403
