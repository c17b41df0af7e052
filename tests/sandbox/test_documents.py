"""Documents, the datasets that count them, assets: bytes, retention, sums."""
import base64
import os

import pytest

import sandbox_server as server

RAW_MAX = 4687500


def post(api, **fields):
    return api.post('/documents', dict({'content': server.PDF, 'contentType': 'application/pdf'},
                                       **fields))


@pytest.mark.parametrize('size', [1, 2, 3, 4095, 4096, 204800, RAW_MAX])
def test_content_comes_back_byte_for_byte(api, size):
    raw = os.urandom(size)
    content = base64.b64encode(raw).decode()
    document = post(api, content=content)
    assert 'content' not in document
    assert api.get('/documents/' + document['documentId'])['content'] == content
    asset = api.post('/assets', {'content': content})
    assert 'content' not in asset
    assert api.get('/assets/' + asset['assetId'])['content'] == content


def test_white_space_in_content_is_ignored(api):
    content = base64.encodebytes(os.urandom(200)).decode()
    assert '\n' in content
    document = post(api, content=' \r\n\t' + content)
    assert api.get('/documents/' + document['documentId'])['content'] == content.replace('\n', '')


@pytest.mark.parametrize('content', ['a', 'abc', 'ab=c', 'a===', '====', 'abcd=', 'ab-_', '%PDF',
                                     'abcd\u00e9', ' ', 'YQ==YQ=='])
def test_content_that_is_not_base64_is_refused(api, content):
    api.refused(400, 'POST', '/documents', {'content': content, 'contentType': 'image/png'},
                names='content')
    api.refused(400, 'POST', '/assets', {'content': content}, names='content')


def test_asset_s_content_is_replaced(api):
    asset = api.post('/assets', {'content': server.PDF, 'name': 'a'})['assetId']
    changed = api.patch('/assets/' + asset, {'content': 'YWJj'})
    assert 'content' not in changed
    assert changed['updatedTime'] > changed['createdTime']
    assert api.get('/assets/' + asset)['content'] == 'YWJj'
    assert api.patch('/assets/' + asset, {'name': None})['name'] is None
    assert api.get('/assets/' + asset)['content'] == 'YWJj'


@pytest.mark.parametrize('kind', ['image/gif', 'text/plain', 'application/PDF', ''])
def test_another_type_of_document_is_refused(api, kind):
    """As any value that is not one of the enumeration: 415 is of the request's own type."""
    api.refused(400, 'POST', '/documents', {'content': server.PDF, 'contentType': kind},
                names='contentType')


def test_what_was_not_given_is_not_there(api):
    document = post(api)
    for name in ('consentId', 'datasetId', 'groundTruth'):
        assert name not in document
    assert document['retentionInDays'] == 1825
    assert (document['updatedBy'], document['updatedTime']) == (None, None)


def test_change_is_noted_and_the_rest_stays(api):
    consent = server.new_id('consent')
    document = post(api, consentId=consent)
    path = '/documents/' + document['documentId']
    changed = api.patch(path, {'groundTruth': [{'label': 'a', 'value': None},
                                               {'label': 'b', 'value': True}]})
    assert changed['consentId'] == consent
    assert changed['updatedBy'] == document['createdBy']
    assert changed['createdTime'] == document['createdTime']
    assert changed['updatedTime'] > document['createdTime']
    assert api.patch(path, {'groundTruth': []})['groundTruth'] == []
    assert api.get(path)['groundTruth'] == []


def test_deleted_document_is_gone(api):
    document = post(api)
    path = '/documents/' + document['documentId']
    assert api.delete(path) == document
    api.refused(404, 'GET', path)
    api.refused(404, 'DELETE', path)


# --- Datasets -----------------------------------------------------------------------------------


def test_dataset_s_defaults(api):
    dataset = api.post('/datasets', {})
    assert dataset['name'] is None
    assert (dataset['numberOfDocuments'], dataset['version']) == (0, 0)
    assert dataset['retentionInDays'] == 1825
    assert dataset['containsPersonallyIdentifiableInformation'] is True
    assert (dataset['storageLocation'], dataset['groundTruthSummary']) == ('EU', {})


def test_dataset_s_retention_has_a_largest(api):
    assert api.post('/datasets', {'retentionInDays': 5000})['retentionInDays'] == 1825


def truth(*labels):
    return [{'label': label, 'value': 'x'} for label in labels]


def sums(api, dataset):
    d = api.get('/datasets/' + dataset)
    return d['numberOfDocuments'], d['version'], d['groundTruthSummary']


def test_dataset_counts_what_comes_changes_and_goes(api):
    dataset = api.post('/datasets', {})['datasetId']
    one = post(api, datasetId=dataset, groundTruth=truth('a', 'b'))['documentId']
    assert sums(api, dataset) == (1, 1, {'a': 1, 'b': 1})
    two = post(api, datasetId=dataset)['documentId']
    assert sums(api, dataset) == (2, 2, {'a': 1, 'b': 1})
    api.patch('/documents/' + two, {'groundTruth': truth('b', 'c')})
    assert sums(api, dataset) == (2, 3, {'a': 1, 'b': 2, 'c': 1})
    api.delete('/documents/' + one)
    assert sums(api, dataset) == (1, 4, {'b': 1, 'c': 1})
    api.delete('/documents', datasetId=dataset)
    assert sums(api, dataset) == (0, 5, {})


def test_document_moves_from_one_dataset_to_another(api):
    a, b = (api.post('/datasets', {})['datasetId'] for _ in range(2))
    document = post(api, datasetId=a, groundTruth=truth('x'))['documentId']
    assert api.patch('/documents/' + document, {'datasetId': b})['datasetId'] == b
    assert sums(api, a) == (0, 2, {})
    assert sums(api, b) == (1, 1, {'x': 1})
    loose = post(api)['documentId']
    api.patch('/documents/' + loose, {'datasetId': a})
    assert sums(api, a)[0] == 1


def test_document_is_kept_no_longer_than_its_dataset(api):
    short = api.post('/datasets', {'retentionInDays': 10})['datasetId']
    long = api.post('/datasets', {'retentionInDays': 100})['datasetId']
    assert post(api, datasetId=short)['retentionInDays'] == 10
    assert post(api, datasetId=short, retentionInDays=5)['retentionInDays'] == 5
    assert post(api, datasetId=short, retentionInDays=50)['retentionInDays'] == 10
    assert post(api, retentionInDays=5000)['retentionInDays'] == 5000
    path = '/documents/' + post(api, datasetId=long)['documentId']
    assert api.patch(path, {'datasetId': short})['retentionInDays'] == 10
    assert api.patch(path, {'retentionInDays': 20})['retentionInDays'] == 10


def test_dataset_must_be_empty_to_be_deleted(api):
    dataset = api.post('/datasets', {})['datasetId']
    document = post(api, datasetId=dataset)['documentId']
    api.refused(400, 'DELETE', '/datasets/' + dataset, names='not empty')
    api.delete('/documents/' + document)
    api.delete('/datasets/' + dataset)
    api.refused(404, 'GET', '/datasets/' + dataset)
