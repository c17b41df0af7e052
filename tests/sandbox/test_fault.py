"""--fault: what goes wrong to order, and whether it was done all the same."""
import pytest
import requests

import sandbox_server as server

DOCUMENT = {'content': server.PDF, 'contentType': 'application/pdf'}


def number(api):
    return len(api.get('/datasets')['datasets'])


@pytest.mark.parametrize('status,message', [
    (403, 'Forbidden'), (429, 'Too Many Requests'), (500, 'Internal Server Error'),
    (503, 'Service Unavailable'), (504, 'Gateway Timeout')])
def test_status_is_answered_so_often_and_nothing_is_done(start, status, message):
    api = start('--fault', 'POST /datasets %d 2' % status).client()
    for _ in range(2):
        assert api.refused(status, 'POST', '/datasets', {}) == message
    assert number(api) == 0
    api.post('/datasets', {})
    assert number(api) == 1


def test_connection_is_closed_and_nothing_is_done(start):
    api = start('--fault', 'POST /datasets close 1').client()
    with pytest.raises(requests.ConnectionError):
        api.post('/datasets', {})
    assert number(api) == 0
    api.post('/datasets', {})


def test_answer_is_lost_and_all_is_done(start, tmp_path):
    log = tmp_path / 'log'
    api = start('--fault', 'POST /datasets lose 1', '--access-log', str(log)).client()
    with pytest.raises(requests.ConnectionError):
        api.post('/datasets', {})
    assert number(api) == 1
    assert 'POST /v1/datasets 200 ' in log.read_text()


def test_pattern_and_verb_say_what_is_meant(start):
    api = start('--fault', '* /documents/* 503', '--fault', 'DELETE /datasets* 500').client()
    made = api.post('/documents', DOCUMENT)
    for verb in ('GET', 'DELETE'):
        api.refused(503, verb, '/documents/' + made['documentId'])
    assert api.get('/documents')['documents'][0]['documentId'] == made['documentId']
    dataset = '/datasets/' + api.post('/datasets', {})['datasetId']
    api.get(dataset)
    api.refused(500, 'DELETE', dataset)


def test_first_fault_that_fits_counts_until_it_is_used_up(start):
    api = start('--fault', 'GET /datasets 502 1', '--fault', 'GET /* 503 1').client()
    for status in (502, 503):
        api.refused(status, 'GET', '/datasets')
    assert number(api) == 0


def test_token_endpoint_may_fail_too(start):
    s = start('--fault', 'POST /oauth2/token 500 1')
    assert requests.post(s.auth + '/token').status_code == 500
    s.token()


def test_fault_waits_for_its_latency(start, tmp_path):
    log = tmp_path / 'log'
    s = start('--fault', 'GET /datasets 503 1', '--latency', '60', '--access-log', str(log))
    s.client().refused(503, 'GET', '/datasets')
    assert int(log.read_text().splitlines()[-1].split()[3]) >= 60
