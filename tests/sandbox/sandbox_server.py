"""A lasfs-sandbox of a test's own, and a client that checks each answer it gets."""
import base64
import json
import os
import pathlib
import re
import secrets
import signal
import subprocess
import time

import requests

import facts

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = pathlib.Path(os.environ.get('LASFS_BUILD', ROOT / 'build')) / 'lasfs-sandbox'

PDF = base64.b64encode(b'%PDF-1.4\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n').decode()


def new_id(word):
    return 'las:%s:%s' % (word, secrets.token_hex(16))


def eventually(wanted, timeout_s=20):
    """What wanted() gives as soon as that is true."""
    deadline = time.monotonic() + timeout_s
    while True:
        got = wanted()
        if got:
            return got
        assert time.monotonic() < deadline, 'it never came about'
        time.sleep(0.02)


class Server:
    """Started by start(), ended by stop(), which wants exit status 0 and a silent stderr."""

    def __init__(self, state, *options, client_id='test-client', client_secret=None):
        self.state = str(state)
        self.options = list(options)
        self.client_id = client_id
        self.client_secret = client_secret or secrets.token_hex(16)
        self.process = None

    def start(self):
        r, w = os.pipe()
        os.write(w, self.client_secret.encode() + b'\n')
        os.close(w)
        self.process = subprocess.Popen(
            [PROGRAM, '--listen', '127.0.0.1:0', '--state', self.state, '--client-id',
             self.client_id, '--client-secret-file', '/dev/fd/%d' % r,
             *([] if '--api' in self.options else ['--api', '2021']), *self.options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=(r,), text=True)
        os.close(r)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(self.process.communicate()[1])
        endpoints = json.loads(line)
        self.api = endpoints['apiEndpoint']
        self.auth = endpoints['authEndpoint']
        self.root = self.api[:-len('/v1')]
        self.verify = endpoints.get('caFile', True)
        assert re.fullmatch(r'https?://127\.0\.0\.1:\d+', self.root)
        return self

    def stop(self):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            out, err = self.process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise
        status, self.process = self.process.returncode, None
        assert (status, err) == (0, '')

    def kill(self):
        self.process.kill()
        self.process.communicate()
        self.process = None

    def token(self, client_id=None, client_secret=None):
        r = requests.post(self.auth + '/token', params={'grant_type': 'client_credentials'},
                          auth=(client_id or self.client_id, client_secret or self.client_secret),
                          verify=self.verify)
        r.raise_for_status()
        return r.json()['access_token']

    def client(self, token=None):
        return Client(self.api, token or self.token(), self.verify)


class Refused(Exception):
    def __init__(self, status, message):
        super().__init__(status, message)
        self.status = status
        self.message = message


class Client:
    """Requests by verb and path; answers are checked against the facts and returned."""

    def __init__(self, api, token, verify=True):
        self.api = api
        self.session = requests.Session()
        self.session.verify = verify
        self.session.trust_env = False
        self.session.headers['Authorization'] = 'Bearer ' + token
        self.driven = set()

    def raw(self, verb, path, **more):
        return self.session.request(verb, self.api + path, timeout=60, **more)

    def __call__(self, verb, path, body=None, params=None):
        more = {} if body is None else {'json': body}
        answer = self.raw(verb, path, params=params, **more)
        if answer.status_code >= 300:
            assert answer.headers['Content-Type'] == 'application/json'
            raise Refused(answer.status_code, answer.json()['message'])
        template = facts.template(verb, path)
        assert answer.status_code == facts.STATUS[verb, template]
        self.driven.add((verb, template))
        if answer.status_code == 204:
            assert answer.content == b''
            return None
        value = answer.json()
        facts.check_answer(verb, template, value)
        return value

    def get(self, path, **params):
        return self('GET', path, params=params)

    def post(self, path, body):
        return self('POST', path, body)

    def patch(self, path, body):
        return self('PATCH', path, body)

    def delete(self, path, **params):
        return self('DELETE', path, params=params)

    def pages(self, path, **params):
        """Each page of a list, as the client that follows nextToken sees them."""
        while True:
            page = self.get(path, **params)
            yield page
            if page['nextToken'] is None:
                return
            params['nextToken'] = page['nextToken']

    def refused(self, status, verb, path, body=None, params=None, names=''):
        """Requires that it is refused so, in words that have `names` in them."""
        try:
            self(verb, path, body, params)
        except Refused as e:
            assert e.status == status, e.message
            assert names in e.message, e.message
            return e.message
        raise AssertionError('%s %s was not refused' % (verb, path))
