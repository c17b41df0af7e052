"""The network between the mount and its server: each request is remembered, and some go wrong."""
import base64
import dataclasses
import http.client
import json
import threading
from dataclasses import dataclass

from proxy import HOP_HEADERS, Proxy, Rule

from .history import ids_in
from .model import digest_of

UPSTREAM_SECONDS = 40


@dataclass
class Trouble(Rule):
    """gateway: the server carries the request out, and this status is answered in its place. strike:
    is called so long after the server's answer, or before that is passed on."""

    gateway: int = None
    strike: object = None
    strike_after: float = 0
    name: str = ''

    @property
    def spent(self):
        return self.times is not None and self.hits >= self.times + self.skip


def said_of(passed):
    """(text, digest or None) of a request's body."""
    if not passed.body or passed.path.endswith('/token'):
        return '', None
    try:
        body = json.loads(passed.body)
    except ValueError:
        return f'{len(passed.body)} bytes', digest_of(passed.body)
    content = body.pop('content', None) if isinstance(body, dict) else None
    digest = digest_of(base64.b64decode(content)) if content else None
    return json.dumps(body)[:160], digest


class Wire(Proxy):
    """A proxy of faults that writes the history of what passes."""

    def __init__(self, server, history):
        self.history = history
        super().__init__(server)

    def take(self, passed):
        trouble = super().take(passed)
        text, digest = said_of(passed)
        event = self.history.begin(
            'request', f'{passed.verb} {passed.path}' + (f'?{passed.query}' if passed.query else '')
            + (f' {text}' if text else ''), digests=[digest] if digest else (),
            ids=ids_in(passed.path + passed.query))
        self.log.clear()  # the history has it: bodies would fill the memory
        hidden = getattr(trouble, 'name', '')
        event.result = f'no answer known ({hidden})' if hidden else 'no answer'
        if getattr(trouble, 'gateway', None):
            return self.behind_gateway(passed, trouble, event)
        if trouble and trouble.status:
            self.history.end(event, f'{trouble.status}, the server was not asked')
            return trouble
        if trouble and trouble.close == 'before':
            self.history.end(event, 'cut, the server was not asked')
            return trouble
        return dataclasses.replace(trouble or Rule(),
                                   edit=self.seen(event, passed, hidden, trouble))

    def seen(self, event, passed, hidden, trouble=None):
        """Hears the server's answer."""
        strike = getattr(trouble, 'strike', None)

        def edit(data):
            if passed.verb != 'GET':
                event.ids = tuple(dict.fromkeys(event.ids + ids_in(data)))
            words = data[:160].decode(errors='replace') if b'"message"' in data[:60] else ''
            made = f' {" ".join(event.ids)}' if passed.verb == 'POST' else ''
            if strike and trouble.strike_after:
                threading.Timer(trouble.strike_after, strike).start()
            elif strike:
                strike()
            self.history.end(event, f'answered{made}{words and " " + words}'
                             + (f', then {hidden}' if hidden else ''))
            return data
        return edit

    def behind_gateway(self, passed, trouble, event):
        headers = {k: v for k, v in passed.headers.items() if k.lower() not in HOP_HEADERS}
        path = '/v1' + passed.path + (f'?{passed.query}' if passed.query else '')
        try:
            connection = http.client.HTTPConnection('127.0.0.1', self.upstream,
                                                    timeout=UPSTREAM_SECONDS)
            connection.request(passed.verb, path, passed.body or None, headers)
            data = connection.getresponse().read()
            connection.close()
            self.seen(event, passed, f'{trouble.gateway} was said in its place')(data)
        except (OSError, http.client.HTTPException) as problem:
            self.history.end(event, f'{trouble.gateway}, no answer of the server: {problem}')
        return Rule(status=trouble.gateway, body=b'{"message": "gateway"}',
                    headers={'Content-Type': 'application/json'})

    def trouble(self, name, verb, path='/documents.*', seconds=None, **what):
        """seconds: a stall that long; else what proxy.fault() takes."""
        rule = Trouble(verb, path, name=name, **what)
        with self.lock:
            self.rules = [r for r in self.rules if not r.spent] + [rule]
        if seconds:
            threading.Timer(seconds, rule.released.set).start()
        return rule

    def drop(self, rule):
        with self.lock:
            self.rules = [r for r in self.rules if r is not rule]
        rule.released.set()

    def cut_all(self):
        """Each connection that is open now."""
        import socket
        with self.lock:
            connections = list(self.connections)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        return len(connections)
