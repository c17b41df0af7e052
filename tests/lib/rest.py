"""Asks the server itself, over REST: a mount never vouches for itself."""
import base64
import hashlib
import http.client
import json
import subprocess
import threading
import time
from urllib.parse import urlsplit

import pytest
import requests

TOKEN_SECONDS = 1800  # it ends after an hour, unless a server was told otherwise


def quote(value):
    return value.replace(':', '%3A')


class Refused(Exception):
    def __init__(self, status, message):
        super().__init__(f'{status} {message}')
        self.status, self.message = status, message


class Api:
    def __init__(self, server):
        self.server = server
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = getattr(server, 'ca_file', None) or True
        self.token = None
        self.sign_in()

    def sign_in(self):
        answer = self.session.post(self.server.auth_endpoint + '/token',
                                   params={'grant_type': 'client_credentials'},
                                   auth=(self.server.client_id, self.server.client_secret),
                                   headers={'Content-Type': 'application/x-www-form-urlencoded'})
        answer.raise_for_status()
        self.token, self.signed_in = answer.json()['access_token'], time.monotonic()

    def headers(self):
        if time.monotonic() - self.signed_in > TOKEN_SECONDS:
            self.sign_in()
        return {'Authorization': f'Bearer {self.token}', 'Content-Type': 'application/json'}

    def call(self, verb, path, body=None, params=None):
        answer = self.session.request(verb, f'{self.server.api_endpoint}/{path}',
                                      headers=self.headers(), params=params,
                                      data=None if body is None else json.dumps(body))
        if answer.status_code >= 300:
            try:
                message = answer.json().get('message')
            except ValueError:
                message = answer.text
            raise Refused(answer.status_code, message)
        return answer.json() if answer.content else None

    def get(self, path, **params):
        return self.call('GET', path, params=params)

    def post(self, path, **body):
        return self.call('POST', path, body)

    def patch(self, path, **body):
        return self.call('PATCH', path, body)

    def delete(self, path, **params):
        return self.call('DELETE', path, params=params)

    def list(self, path, key=None, **params):
        """All pages of a list, in the API's order."""
        key, token, rows = key or path.rpartition('/')[2], None, []
        while True:
            page = self.get(path, **params, **({'nextToken': token} if token else {}))
            rows += page[key]
            token = page['nextToken']
            if not token:
                return rows

    def exists(self, path):
        try:
            self.get(path)
            return True
        except Refused as refused:
            if refused.status != 404:
                raise
            return False

    # --- Documents ---------------------------------------------------------------------------

    def documents(self, **filters):
        return self.list('documents', **filters)

    def content(self, path):
        """The bytes of documents/ID or assets/ID, wherever the server has them."""
        record = self.get(path)
        if 'content' in record:
            return base64.b64decode(record['content'])
        answer = self.session.get(record['fileUrl'], headers=self.headers())
        answer.raise_for_status()
        return answer.content

    def only_document(self, **filters):
        documents = self.documents(**filters)
        assert len(documents) == 1, documents
        return documents[0]

    def content_by_curl(self, path):
        """The same by another client: curl, jq and base64, as one would type it."""
        script = ('curl -sSf -H "Authorization: Bearer $TOKEN" "$URL" | jq -j .content '
                  '| base64 -d')
        run = subprocess.run(['bash', '-o', 'pipefail', '-c', script], check=True,
                             capture_output=True,
                             env={'PATH': '/usr/bin:/bin', 'TOKEN': self.token,
                                  'URL': f'{self.server.api_endpoint}/{path}'})
        return run.stdout

    def hashes(self, **filters):
        """SHA-256 of each document's bytes, with repeats."""
        return sorted(hashlib.sha256(self.content('documents/' + d['documentId'])).hexdigest()
                      for d in self.documents(**filters))

    def add_document(self, data, content_type='application/pdf', **fields):
        return self.post('documents', content=base64.b64encode(data).decode(),
                         contentType=content_type, **fields)['documentId']

    def add_documents(self, contents, threads=8, **fields):
        """Many at once, by threads that each keep a connection."""
        contents, lock, failures, ids = iter(contents), threading.Lock(), [], []
        address = urlsplit(self.server.api_endpoint)

        def work():
            connection = http.client.HTTPConnection(address.hostname, address.port)
            try:
                while not failures:
                    with lock:
                        data = next(contents, None)
                    if data is None:
                        return
                    body = {'content': base64.b64encode(data).decode(),
                            'contentType': 'application/pdf', **fields}
                    connection.request('POST', address.path + '/documents', json.dumps(body),
                                       self.headers())
                    answer = connection.getresponse()
                    text = answer.read()
                    if answer.status != 200:
                        raise Refused(answer.status, text)
                    ids.append(json.loads(text)['documentId'])
            except Exception as problem:  # told to the test by the caller's thread
                failures.append(problem)
            finally:
                connection.close()

        workers = [threading.Thread(target=work) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        if failures:
            raise failures[0]
        return ids

    def add_dataset(self, name=None, **fields):
        return self.post('datasets', **({'name': name} if name is not None else {}),
                         **fields)['datasetId']

    def dataset_called(self, name):
        found = [d for d in self.list('datasets') if d.get('name') == name]
        assert len(found) == 1, f'{name}: {found}'
        return found[0]


@pytest.fixture
def api(server):
    return Api(server)
