"""--file-url: documents whose bytes stand beside them, as the API has had it since 2023."""
import base64
import hashlib
import os

import pytest
import requests

import facts
import sandbox_server as server

PDF = base64.b64decode(server.PDF)


class Files:
    """Raw requests; of answers only that the rest of them is as ever is checked."""

    def __init__(self, s):
        self.server = s
        self.session = requests.Session()
        self.session.headers['Authorization'] = 'Bearer ' + s.token()

    def __call__(self, verb, path, **more):
        url = path if path.startswith('http') else self.server.api + path
        return self.session.request(verb, url, timeout=60, **more)

    def post(self, **body):
        answer = self('POST', '/documents', json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def get(self, document):
        answer = self('GET', '/documents/' + document['documentId'])
        assert answer.status_code == 200
        return answer.json()


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    s = server.Server(tmp_path_factory.mktemp('files') / 'state', '--file-url').start()
    yield Files(s)
    s.stop()


def without_url(document):
    return {k: v for k, v in document.items() if k != 'fileUrl'}


def test_every_answer_has_the_url_and_is_otherwise_the_same(files):
    made = files.post(content=server.PDF, contentType='application/pdf')
    path = '/documents/' + made['documentId']
    truth = [{'label': 'a', 'value': 'b'}]
    answers = [('POST', '/documents', made), ('GET', '/documents/{documentId}', files.get(made)),
               ('PATCH', '/documents/{documentId}',
                files('PATCH', path, json={'groundTruth': truth}).json())]
    listed = files('GET', '/documents').json()
    answers.append(('GET', '/documents/{documentId}',
                    next(d for d in listed['documents'] if d['documentId'] == made['documentId'])))
    answers.append(('DELETE', '/documents/{documentId}', files('DELETE', path).json()))
    for verb, template, answer in answers:
        assert answer['fileUrl'] == made['fileUrl']
        assert 'content' not in answer
        facts.check_answer(verb, template, without_url(answer))


def test_other_resources_have_no_url(files):
    assert 'fileUrl' not in files('POST', '/datasets', json={}).json()
    asset = files('POST', '/assets', json={'content': server.PDF}).json()
    got = files('GET', '/assets/' + asset['assetId']).json()
    assert (got['content'], 'fileUrl' in got) == (server.PDF, False)


def test_bytes_of_a_post_are_at_the_url(files):
    made = files.post(content=server.PDF, contentType='application/pdf')
    got = files('GET', made['fileUrl'])
    assert (got.status_code, got.content) == (200, PDF)
    assert got.headers['Content-Type'] == 'application/pdf'
    assert got.headers['Content-Length'] == str(len(PDF))


@pytest.mark.parametrize('data,kind', [
    (PDF, 'application/pdf'), (b'\xff\xd8\xff\xe0' + b'x' * 99, 'image/jpeg'),
    (b'\x89PNG\r\n\x1a\n' + b'x' * 99, 'image/png'), (b'II*\0' + b'x' * 99, 'image/tiff'),
    (b'MM\0*' + b'x' * 99, 'image/tiff')])
def test_document_without_bytes_gets_them_by_put(files, data, kind):
    made = files.post()
    assert made['contentType'] is None
    assert files('GET', made['fileUrl']).status_code == 404
    assert files('PUT', made['fileUrl'], data=data,
                 headers={'Content-Type': 'application/octet-stream'}).status_code == 200
    assert files('GET', made['fileUrl']).content == data
    got = files.get(made)
    assert got['contentType'] == kind
    assert got['updatedTime'] and got['updatedBy'].startswith('las:app-client:')


def test_type_of_a_post_goes_before_what_the_bytes_look_like(files):
    made = files.post(contentType='image/png')
    files('PUT', made['fileUrl'], data=PDF)
    assert files.get(made)['contentType'] == 'image/png'


def test_type_of_inline_bytes_need_not_be_told(files):
    assert files.post(content=server.PDF)['contentType'] == 'application/pdf'


def test_bytes_of_no_type_are_taken_by_their_header_or_refused(files):
    made = files.post()
    assert files('PUT', made['fileUrl'], data=b'text').status_code == 400
    assert files('PUT', made['fileUrl'], data=b'').status_code == 400
    assert files('GET', made['fileUrl']).status_code == 404
    assert files('PUT', made['fileUrl'], data=b'text',
                 headers={'Content-Type': 'image/png'}).status_code == 200
    assert files.get(made)['contentType'] == 'image/png'


def test_put_again_replaces_the_bytes(files):
    made = files.post(content=server.PDF, contentType='application/pdf')
    other = PDF + b'more'
    assert files('PUT', made['fileUrl'], data=other).status_code == 200
    assert files('GET', made['fileUrl']).content == other


@pytest.mark.parametrize('size', [1, 4687501, 64 << 20])
def test_large_files_come_back_byte_for_byte(files, size):
    data = os.urandom(size)
    made = files.post(contentType='application/pdf')
    assert files('PUT', made['fileUrl'], data=data).status_code == 200
    got = files('GET', made['fileUrl']).content
    assert hashlib.sha256(got).digest() == hashlib.sha256(data).digest()


def test_chunked_put_is_taken(files):
    made = files.post()
    assert files('PUT', made['fileUrl'], data=iter([PDF, b'more'])).status_code == 200
    assert files('GET', made['fileUrl']).content == PDF + b'more'


def test_more_than_64_mb_is_413(files):
    made = files.post(contentType='application/pdf')
    answer = files('PUT', made['fileUrl'], data=b'x' * ((64 << 20) + 1),
                   headers={'Expect': '100-continue'})
    assert answer.status_code == 413


def test_inline_limit_stays(files):
    assert files('POST', '/documents', json={
        'content': 'A' * 6250004, 'contentType': 'image/png'}).status_code == 400


def test_token_is_needed(files):
    made = files.post(content=server.PDF)
    for verb in ('GET', 'PUT'):
        assert requests.request(verb, made['fileUrl'], data=PDF).status_code == 403
        assert requests.request(verb, made['fileUrl'], data=PDF,
                                headers={'Authorization': 'Bearer x'}).status_code == 403
    assert files('DELETE', made['fileUrl']).status_code == 403


def test_unknown_document_is_404(files):
    url = '%s/files/%s' % (files.server.api, server.new_id('document'))
    assert files('GET', url).status_code == 404
    assert files('PUT', url, data=PDF).status_code == 404
    assert files('GET', files.server.api + '/files/x').status_code == 404


def test_bytes_go_with_the_document_and_stay_over_a_restart(start):
    s = start('--file-url')
    files = Files(s)
    kept, gone = files.post(), files.post()
    for made in (kept, gone):
        files('PUT', made['fileUrl'], data=PDF)
    files('DELETE', '/documents/' + gone['documentId'])
    assert files('GET', gone['fileUrl']).status_code == 404
    s.stop()
    files = Files(s.start())
    assert files('GET', files.get(kept)['fileUrl']).content == PDF


def test_url_is_by_the_host_that_was_asked(files):
    made = files('POST', '/documents', json={}, headers={'Host': 'las.example.com:8443'}).json()
    assert made['fileUrl'].startswith('http://las.example.com:8443/')
    made = files('POST', '/documents', json={}, headers={
        'Host': 'las.example.com', 'X-Forwarded-Proto': 'https'}).json()
    assert made['fileUrl'].startswith('https://las.example.com/')
    made = files('POST', '/documents', json={}, headers={'Host': 'a"b'}).json()
    assert made['fileUrl'].startswith(files.server.root + '/')


def test_prediction_of_a_document_by_url(files):
    made = files.post(content=server.PDF, groundTruth=[{'label': 'a', 'value': 'b'}])
    model = files('POST', '/models', json={'width': 100, 'height': 100, 'fieldConfig': {
        'a': {'type': 'all', 'maxLength': 9}}}).json()['modelId']
    files('PATCH', '/models/' + model, json={'status': 'active'})
    answer = files('POST', '/predictions', json={
        'documentId': made['documentId'], 'modelId': model}).json()
    assert answer['predictions'] == [{'label': 'a', 'value': 'b', 'confidence': 1}]


def test_it_is_off_unless_asked_for(api, world):
    assert 'fileUrl' not in api.get('/documents/' + world.document)
    assert api.raw('GET', '/files/' + world.document).status_code == 404
    api.refused(400, 'POST', '/documents', {'contentType': 'image/png'}, names='content')
    api.refused(400, 'POST', '/documents', {'content': server.PDF}, names='contentType')
