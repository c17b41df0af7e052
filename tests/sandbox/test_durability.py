"""What was answered is there, whatever happened to the server then."""
import concurrent.futures
import hashlib
import os
import base64
import sqlite3
import threading
import time

import pytest
import requests

import sandbox_server as server


def test_everything_is_there_after_a_restart(start):
    s = start()
    api = s.client()
    dataset = api.post('/datasets', {'name': 'kept'})
    document = api.post('/documents', {'content': server.PDF, 'contentType': 'image/png',
                                       'datasetId': dataset['datasetId']})
    made = api.post('/appClients', {})
    before = api.get('/datasets'), api.get('/appClients'), api.get('/organizations/me')
    s.stop()
    s.start()
    api = s.client()
    assert (api.get('/datasets'), api.get('/appClients'), api.get('/organizations/me')) == before
    assert api.get('/documents/' + document['documentId'])['content'] == server.PDF
    s.token(made['clientId'], made['clientSecret'])


def test_token_of_a_page_outlives_a_restart(start):
    s = start()
    api = s.client()
    made = [api.post('/datasets', {})['datasetId'] for _ in range(4)]
    token = api.get('/datasets', maxResults=2)['nextToken']
    s.stop()
    s.start()
    page = s.client().get('/datasets', nextToken=token)
    assert [d['datasetId'] for d in page['datasets']] == made[2:]


class Writers:
    """Write and delete documents until the server is gone; remember what was answered."""

    def __init__(self, s):
        self.s = s
        self.token = s.token()
        self.made = {}
        self.deleted = set()
        self.unsure = set()
        self.lock = threading.Lock()

    def write(self, api):
        raw = os.urandom(3000)
        answer = api.raw('POST', '/documents', json={'content': base64.b64encode(raw).decode(),
                                                     'contentType': 'image/png'})
        assert answer.status_code == 200
        with self.lock:
            self.made[answer.json()['documentId']] = hashlib.sha256(raw).digest()
        return answer.json()['documentId']

    def delete(self, api, document):
        with self.lock:
            self.unsure.add(document)
        assert api.raw('DELETE', '/documents/' + document).status_code == 200
        with self.lock:
            self.unsure.discard(document)
            self.deleted.add(document)

    def run(self):
        api = self.s.client(self.token)
        try:
            while True:
                self.write(api)
                self.delete(api, self.write(api))
        except requests.ConnectionError:
            pass


@pytest.mark.parametrize('round_', range(3))
def test_killed_at_any_moment_it_has_all_that_it_acknowledged(start, round_):
    s = start()
    w = Writers(s)
    threads = [threading.Thread(target=w.run) for _ in range(8)]
    for t in threads:
        t.start()
    end = time.monotonic() + 60
    while len(w.made) < 40 + 37 * round_:
        assert time.monotonic() < end
        time.sleep(0.001)
    s.kill()
    for t in threads:
        t.join()
    s.start()
    api = s.client()
    there = {d['documentId'] for p in api.pages('/documents') for d in p['documents']}
    kept = set(w.made) - w.deleted - w.unsure
    assert kept <= there
    assert not w.deleted & there
    # what was not answered may be there or not: one a writer at most
    assert len(there - kept - w.unsure) <= len(threads)
    for document in kept:
        content = base64.b64decode(api.get('/documents/' + document)['content'])
        assert hashlib.sha256(content).digest() == w.made[document]
    assert api.get('/organizations/me')['monthlyNumberOfDocumentsCreated'] >= len(w.made)


def test_times_go_on_after_a_restart(start):
    s = start()
    first = s.client().post('/datasets', {})['createdTime']
    s.kill()
    s.start()
    assert s.client().post('/datasets', {})['createdTime'] > first


def test_readers_are_not_held_up_by_writers(start):
    s = start()
    token = s.token()
    document = s.client(token).post('/documents', {'content': server.PDF,
                                                   'contentType': 'image/png'})['documentId']
    stop = threading.Event()

    def write():
        c = s.client(token)
        while not stop.is_set():
            c.post('/datasets', {})

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(write) for _ in range(4)]
        api = s.client(token)
        try:
            for _ in range(200):
                assert api.get('/documents/' + document)['content'] == server.PDF
        finally:
            stop.set()
        for w in writers:
            w.result()


def test_state_of_the_first_version_is_taken_over(start):
    s = start()
    api = s.client()
    kept = api.post('/datasets', {'name': 'kept'})
    s.stop()
    with sqlite3.connect(s.state + '/sandbox.db') as db:
        db.execute('DROP TABLE due')
        db.execute('PRAGMA user_version = 1')
    db.close()
    api = s.start().client()
    assert api.get('/datasets')['datasets'] == [kept]
    model = api.post('/models', {'width': 100, 'height': 100, 'fieldConfig': {}})['modelId']
    api.patch('/models/' + model, {'status': 'training'})
    server.eventually(lambda: api.get('/models/' + model)['status'] == 'active')
