"""A proxy of faults between lasfs and lasfs-sandbox: what a network does on a bad day, by rule.

    proxy.fault('GET', r'/documents/.*', status=503, headers={'Retry-After': '1'}, times=2)
    proxy.fault('POST', r'/documents', close='after')   # the server has it, its answer is lost
    proxy.fault(stall='before')                         # nothing is answered, until clear()
    proxy.fault(drip='body', piece=b'x', pause=1)       # an answer without an end, byte by byte
"""
import http.client
import http.server
import json
import re
import socket
import threading
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest

# No test waits longer than this for a stalled request that it forgot.
STALL_SECONDS = 120
HOP_HEADERS = {'connection', 'keep-alive', 'transfer-encoding', 'content-length'}


@dataclass
class Rule:
    """What happens to requests of verb (None: any) whose path, without /v1, is path."""

    verb: str = None
    path: str = '.*'
    query: str = None          # and something in it is so
    times: int = None          # so often, then no more; None: always
    skip: int = 0              # so many pass before the first
    status: int = None         # answer this, and ask nobody
    headers: dict = field(default_factory=dict)
    body: bytes = None         # instead of the server's own, when there is no status; or makes it
    edit: object = None        # makes other bytes of the answer's
    delay: float = 0           # seconds, before anything of this
    stall: str = None          # 'before' it is passed on, 'after': the server has answered, or in the
                               # 'middle' of the answer
    close: str = None          # 'before', 'after', or in the 'middle' of the answer
    drip: str = None           # 'head' or 'body' of an answer of 200 that has no end, until clear():
    piece: bytes = b'x'        # of this, one after the other,
    pause: float = 1           # with so many seconds before each
    hits: int = 0
    released: threading.Event = field(default_factory=threading.Event)

    def matches(self, verb, path, query=''):
        return (self.verb in (None, verb) and re.fullmatch(self.path, path)
                and (self.query is None or re.search(self.query, query))
                and (self.times is None or self.hits < self.skip + self.times))


@dataclass
class Passed:
    """One request that came: what it asked for, what was answered (None: nothing)."""

    verb: str
    path: str
    query: str
    headers: dict
    body: bytes = b''
    rule: Rule = None
    status: int = None


class Closed(Exception):
    """The connection is to be closed without a word."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def setup(self):
        super().setup()
        self.upstream = None
        self.server.proxy.opened(self.connection)

    def finish(self):
        self.server.proxy.closed(self.connection)
        if self.upstream:
            self.upstream.close()
        try:
            super().finish()
        except OSError:
            pass

    def handle(self):
        try:
            super().handle()
        except OSError:
            pass  # the other side has gone

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
        path, _, query = self.path.partition('?')
        passed = Passed(self.command, re.sub(r'^/v1(?=/)', '', path).replace('%3A', ':'), query,
                        dict(self.headers), body)
        passed.rule = self.server.proxy.take(passed)
        try:
            if passed.rule and passed.rule.drip:
                self.drip(passed.rule)
            self.answer(passed, *self.get_answer(passed.rule or Rule(), body))
        except (Closed, OSError):
            self.close_connection = True
            try:
                self.connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    do_GET = do_HEAD = do_POST = do_PATCH = do_DELETE = do_PUT = handle_any

    def get_answer(self, rule, body):
        if rule.delay:
            rule.released.wait(rule.delay)
        if rule.stall == 'before':
            rule.released.wait(STALL_SECONDS)
        if rule.close == 'before':
            raise Closed
        if rule.status:
            given = rule.body() if callable(rule.body) else rule.body
            answer = rule.status, dict(rule.headers), given or b''
        else:
            status, headers, data = self.forward(body)
            data = rule.edit(data) if rule.edit else data
            answer = (status, {**headers, **rule.headers},
                      data if rule.body is None else rule.body)
        if rule.stall == 'after':
            rule.released.wait(STALL_SECONDS)
        if rule.close == 'after':
            raise Closed
        return answer

    def forward(self, body):
        headers = {k: v for k, v in self.headers.items() if k.lower() not in HOP_HEADERS}
        if self.upstream is None:
            self.upstream = http.client.HTTPConnection('127.0.0.1', self.server.proxy.upstream,
                                                       timeout=STALL_SECONDS)
        self.upstream.request(self.command, self.path, body, headers)
        answer = self.upstream.getresponse()
        data = answer.read()
        return answer.status, {k: v for k, v in answer.getheaders() if k.lower() not in HOP_HEADERS
                               or self.command == 'HEAD' and k == 'Content-Length'}, data

    def drip(self, rule):
        self.wfile.write(b'HTTP/1.1 200 OK\r\n' + (b'\r\n' if rule.drip == 'body' else b''))
        while not rule.released.wait(rule.pause):
            self.wfile.write(rule.piece)
        raise Closed

    def answer(self, passed, status, headers, body):
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204 and 'Content-Length' not in headers:
            self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        if passed.rule and passed.rule.close == 'middle':
            self.wfile.write(body[:len(body) // 2])
            raise Closed
        passed.status = status
        if passed.rule and passed.rule.stall == 'middle':
            self.wfile.write(body[:len(body) // 2])
            passed.rule.released.wait(STALL_SECONDS)
            body = body[len(body) // 2:]
        self.wfile.write(body)


class Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, *_):
        pass  # a connection that broke is what this is for


class Proxy:
    """Stands where a server.Server stands; what is not said here, that one says."""

    def __init__(self, server):
        self.server = server
        self.upstream = server.port
        self.lock = threading.Lock()
        self.rules, self.log, self.connections = [], [], set()
        self.listener = Listener(('127.0.0.1', 0), Handler)
        self.listener.proxy = self
        self.port = self.listener.server_address[1]
        self.api_endpoint = self.through(server.api_endpoint)
        self.auth_endpoint = self.through(server.auth_endpoint)
        self.thread = threading.Thread(target=self.listener.serve_forever, args=(0.05,),
                                       daemon=True)
        self.thread.start()

    def __getattr__(self, name):
        return getattr(self.server, name)

    def through(self, url):
        return f'http://127.0.0.1:{self.port}{urlsplit(url).path}'

    def environment(self):
        return {**self.server.environment(), 'LAS_API_ENDPOINT': self.api_endpoint,
                'LAS_AUTH_ENDPOINT': self.auth_endpoint}

    # --- Faults --------------------------------------------------------------------------------

    def fault(self, verb=None, path='.*', message=None, **what):
        """Adds a rule and gives it; the first that matches counts. message: the API's error."""
        if message is not None:
            what['body'] = json.dumps({'message': message}).encode()
            what.setdefault('headers', {})['Content-Type'] = 'application/json'
        rule = Rule(verb, path, **what)
        with self.lock:
            self.rules.append(rule)
        return rule

    def clear(self):
        """No faults any more; what was stalled goes on."""
        with self.lock:
            rules, self.rules = self.rules, []
        for rule in rules:
            rule.released.set()

    def take(self, passed):
        with self.lock:
            self.log.append(passed)
            for rule in self.rules:
                if rule.matches(passed.verb, passed.path, passed.query):
                    rule.hits += 1
                    return rule if rule.hits > rule.skip else None
        return None

    # --- What came -----------------------------------------------------------------------------

    def mark(self):
        with self.lock:
            return len(self.log)

    def since(self, mark, verb=None, path='.*'):
        with self.lock:
            return [p for p in self.log[mark:]
                    if verb in (None, p.verb) and re.fullmatch(path, p.path)]

    def bodies(self, verb, path='.*'):
        """What was sent, as JSON: for what no answer of the API shows."""
        return [json.loads(p.body) for p in self.since(0, verb, path)]

    def opened(self, connection):
        with self.lock:
            self.connections.add(connection)

    def closed(self, connection):
        with self.lock:
            self.connections.discard(connection)

    def stop(self):
        self.clear()
        self.listener.shutdown()
        with self.lock:
            connections = list(self.connections)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.listener.server_close()
        self.thread.join()


@pytest.fixture
def proxy(server):
    """Before this test's server; what is mounted with server=proxy goes through it."""
    one = Proxy(server)
    yield one
    one.stop()
