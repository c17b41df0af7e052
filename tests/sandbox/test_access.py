"""Tokens, app clients, the organization."""
import threading
import time

import pytest
import requests

import sandbox_server as server


def ask(s, path='/oauth2/token', auth=None, **more):
    return requests.post(s.root + path, auth=auth or (s.client_id, s.client_secret), **more)


GRANT = {'grant_type': 'client_credentials'}


@pytest.mark.parametrize('path', ['/oauth2/token', '/token'])
@pytest.mark.parametrize('where', ['params', 'data'])
def test_token_is_given(shared, path, where):
    answer = ask(shared, path, **{where: GRANT})
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {'access_token', 'expires_in', 'token_type'}
    assert (body['expires_in'], body['token_type']) == (3600, 'Bearer')
    shared.client(body['access_token']).get('/datasets')


@pytest.mark.parametrize('auth', [('test-client', 'wrong'), ('nobody', 'x'), ('', '')])
def test_wrong_credentials_get_no_token(shared, auth):
    answer = ask(shared, auth=auth, params=GRANT)
    assert (answer.status_code, answer.json()) == (401, {'error': 'invalid_client'})


@pytest.mark.parametrize('authorization,status', [(None, 400), ('Basic !', 401), ('Bearer x', 401)])
def test_no_credentials_get_no_token(shared, authorization, status):
    answer = requests.post(shared.root + '/token', params=GRANT,
                           headers={'Authorization': authorization} if authorization else {})
    assert (answer.status_code, answer.json()) == (status, {'error': 'invalid_client'})
    assert ('WWW-Authenticate' in answer.headers) == (status == 401)


def form(s, **fields):
    return {'client_id': s.client_id, 'client_secret': s.client_secret, **GRANT, **fields}


@pytest.mark.parametrize('path', ['/oauth2/token', '/token'])
def test_token_is_given_for_a_form(shared, path):
    answer = requests.post(shared.root + path, data=form(shared, audience='https://api.example.com/v1', x='&='))
    assert answer.status_code == 200
    assert (answer.headers['Cache-Control'], answer.headers['Pragma']) == ('no-store', 'no-cache')
    shared.client(answer.json()['access_token']).get('/datasets')


def test_a_form_s_values_are_decoded(start):
    s = start(client_id='a b+c/ü', client_secret='% &=+"')
    assert requests.post(s.auth + '/token', data=form(s)).status_code == 200
    plain = 'grant_type=client%5fcredentials&client_id=a+b%2Bc%2f%C3%BC&client_secret=%25%20%26%3D%2b%22'
    answer = requests.post(s.auth + '/token', data=plain,
                           headers={'Content-Type': 'application/x-www-form-urlencoded; charset=UTF-8'})
    assert answer.status_code == 200


@pytest.mark.parametrize('fields,status,error', [
    ({'client_secret': 'wrong'}, 401, 'invalid_client'), ({'client_id': 'x'}, 401, 'invalid_client'),
    ({'client_secret': ''}, 401, 'invalid_client'), ({'client_secret': None}, 400, 'invalid_client'),
    ({'client_id': None}, 400, 'invalid_client'), ({'grant_type': None}, 400, 'invalid_request'),
    ({'grant_type': ''}, 400, 'unsupported_grant_type'),
    ({'grant_type': 'password'}, 400, 'unsupported_grant_type'),
    ({'client_id': ['test-client', 'test-client']}, 400, 'invalid_request')])
def test_a_form_that_says_it_wrongly(shared, fields, status, error):
    answer = requests.post(shared.root + '/token', data=form(shared, **fields))
    assert (answer.status_code, answer.json()) == (status, {'error': error})
    assert answer.headers['Cache-Control'] == 'no-store'


@pytest.mark.parametrize('body', ['grant_type=client_credentials&client_id=%', 'grant_type=%zz', 'a=%00',
                                  'grant_type=client_credentials\0', 'x=%4'])
def test_what_is_no_form_is_refused(shared, body):
    answer = requests.post(shared.root + '/token', data=body, params=GRANT,
                           headers={'Content-Type': 'application/x-www-form-urlencoded'},
                           auth=(shared.client_id, shared.client_secret))
    assert (answer.status_code, answer.json()) == (400, {'error': 'invalid_request'})


def test_who_one_is_is_said_once(shared):
    answer = ask(shared, data=form(shared))
    assert (answer.status_code, answer.json()) == (400, {'error': 'invalid_request'})
    assert ask(shared, data={**GRANT, 'client_id': shared.client_id}).status_code == 200
    assert ask(shared, data={**GRANT, 'client_id': 'another'}).status_code == 401


def test_a_secret_in_the_address_is_not_looked_at(shared):
    answer = requests.post(shared.root + '/token', params=form(shared))
    assert (answer.status_code, answer.json()) == (400, {'error': 'invalid_client'})


def test_a_form_of_another_type_is_not_looked_at(shared):
    answer = requests.post(shared.root + '/token', json=form(shared))
    assert (answer.status_code, answer.json()) == (400, {'error': 'invalid_request'})


@pytest.mark.parametrize('params,error', [({}, 'invalid_request'),
                                          ({'grant_type': 'password'}, 'unsupported_grant_type')])
def test_another_grant_gets_no_token(shared, params, error):
    answer = ask(shared, params=params)
    assert (answer.status_code, answer.json()) == (400, {'error': error})


@pytest.mark.parametrize('token', ['', 'x', 'a.b.c', 'las:app-client:x.1.' + '0' * 64, 'x' * 5000])
def test_bad_bearer_is_forbidden(shared, token):
    answer = requests.get(shared.api + '/datasets', headers={'Authorization': 'Bearer ' + token})
    assert (answer.status_code, answer.json()) == (403, {'message': 'Forbidden'})


def test_no_bearer_is_forbidden(shared):
    answer = requests.get(shared.api + '/datasets')
    assert (answer.status_code, answer.json()) == (403, {'message': 'Forbidden'})


def test_changed_token_is_forbidden(shared):
    token = shared.token()
    client, until, sign = token.split('.')
    for forged in ('%s.%d.%s' % (client, int(until) + 1, sign),
                   '%sa.%s.%s' % (client[:-1], until, sign) if client[-1] != 'a'
                   else '%sb.%s.%s' % (client[:-1], until, sign)):
        answer = requests.get(shared.api + '/datasets',
                              headers={'Authorization': 'Bearer ' + forged})
        assert answer.status_code == 403


def test_token_expires(start):
    s = start('--token-ttl', '1')
    assert ask(s, params=GRANT).json()['expires_in'] == 1
    api = s.client()
    given = time.monotonic()
    api.get('/datasets')
    while True:
        answer = api.raw('GET', '/datasets')
        if answer.status_code != 200:
            break
        assert time.monotonic() - given < 5
        time.sleep(0.05)
    assert time.monotonic() - given > 0.9
    assert (answer.status_code, answer.json()) == (403, {'message': 'Forbidden'})
    s.client().get('/datasets')


def test_token_outlives_a_restart(start, tmp_path):
    s = start()
    token = s.token()
    s.stop()
    s.start()
    s.client(token).get('/datasets')


def test_token_of_another_secret_is_forbidden(start, tmp_path):
    a, b = start(state=tmp_path / 'a'), start(state=tmp_path / 'b')
    answer = requests.get(b.api + '/datasets', headers={'Authorization': 'Bearer ' + a.token()})
    assert answer.status_code == 403


# --- App clients --------------------------------------------------------------------------------


def test_created_app_client_gets_tokens_until_it_is_deleted(shared, api):
    made = api.post('/appClients', {'name': 'new'})
    auth = made['clientId'], made['clientSecret']
    theirs = shared.client(ask(shared, auth=auth, params=GRANT).json()['access_token'])
    assert theirs.post('/datasets', {})['createdBy'] == made['appClientId']
    assert ask(shared, auth=(auth[0], 'wrong'), params=GRANT).status_code == 401
    api.delete('/appClients/' + made['appClientId'])
    assert ask(shared, auth=auth, params=GRANT).status_code == 401


def test_secret_is_told_once_and_kept_nowhere(shared, api, tmp_path_factory):
    made = api.post('/appClients', {})
    secret = made['clientSecret']
    changed = api.patch('/appClients/' + made['appClientId'], {'name': 'x'})
    listed = [c for c in api.get('/appClients')['appClients']
              if c['appClientId'] == made['appClientId']]
    assert len(listed) == 1
    assert 'clientSecret' not in changed
    assert 'clientSecret' not in listed[0]
    import pathlib
    for f in pathlib.Path(shared.state).iterdir():
        data = f.read_bytes()
        assert secret.encode() not in data
        assert shared.client_secret.encode() not in data


def test_what_is_put_into_a_secret_is_kept_nowhere(shared, api):
    import pathlib
    word = server.new_id('hidden')
    made = api.post('/secrets', {'data': {'password': word}})
    api.patch('/secrets/' + made['secretId'], {'data': {'password': word + '2'}})
    assert 'data' not in made
    for f in pathlib.Path(shared.state).iterdir():
        assert word.encode() not in f.read_bytes()


def test_public_app_client_has_no_secret_and_needs_urls(api):
    urls = ['https://example.com/']
    api.refused(400, 'POST', '/appClients', {'generateSecret': False}, names='callbackUrls')
    made = api.post('/appClients', {'generateSecret': False, 'callbackUrls': urls,
                                    'logoutUrls': urls})
    assert made['hasSecret'] is False
    assert 'clientSecret' not in made


def test_nobody_deletes_themselves(shared, api):
    made = api.post('/appClients', {})
    theirs = shared.client(shared.token(made['clientId'], made['clientSecret']))
    theirs.refused(400, 'DELETE', '/appClients/' + made['appClientId'])
    own = api.post('/datasets', {})['createdBy']
    api.refused(400, 'DELETE', '/appClients/' + own)
    theirs.refused(400, 'DELETE', '/appClients/' + own)


# --- The organization ---------------------------------------------------------------------------


def test_organization_is_me_and_its_id(api):
    me = api.get('/organizations/me')
    assert api.get('/organizations/' + me['organizationId']) == me
    assert api.patch('/organizations/me', {'name': 'us'})['name'] == 'us'
    assert api.get('/organizations/' + me['organizationId'])['name'] == 'us'
    api.refused(404, 'GET', '/organizations/' + server.new_id('organization'))


def test_organization_counts_what_there_is_and_what_was_made(start):
    api = start().client()
    before = api.get('/organizations/me')
    assert (before['numberOfAppClientsCreated'], before['numberOfDatasetsCreated']) == (1, 0)
    dataset = api.post('/datasets', {})['datasetId']
    api.post('/datasets', {})
    api.delete('/datasets/' + dataset)
    for _ in range(3):
        document = api.post('/documents', {'content': server.PDF, 'contentType': 'image/png'})
    api.delete('/documents/' + document['documentId'])
    after = api.get('/organizations/me')
    assert after['numberOfDatasetsCreated'] == 1
    assert after['monthlyNumberOfDocumentsCreated'] == 3
    assert after['monthlyNumberOfDocumentsAllowed'] > 10 ** 6


# --- Quotas -------------------------------------------------------------------------------------


def test_quota_of_what_there_is(start):
    api = start('--quota', 'datasets=2', '--quota', 'models=0').client()
    first = api.post('/datasets', {})['datasetId']
    api.post('/datasets', {})
    assert api.refused(429, 'POST', '/datasets', {}) == 'Limit Exceeded'
    api.delete('/datasets/' + first)
    api.post('/datasets', {})
    api.refused(429, 'POST', '/models', {'width': 100, 'height': 100, 'fieldConfig': {}})
    organization = api.get('/organizations/me')
    assert organization['numberOfDatasetsAllowed'] == 2
    assert organization['numberOfModelsAllowed'] == 0
    api.post('/assets', {'content': server.PDF})


def test_quota_of_a_month_counts_what_is_gone_too(start):
    api = start('--quota', 'documents=2').client()
    for _ in range(2):
        document = api.post('/documents', {'content': server.PDF, 'contentType': 'image/png'})
        api.delete('/documents/' + document['documentId'])
    api.refused(429, 'POST', '/documents', {'content': server.PDF, 'contentType': 'image/png'},
                names='Limit Exceeded')


def test_quota_holds_when_many_ask_at_once(start):
    s = start('--quota', 'datasets=10')
    token = s.token()
    codes = []

    def make():
        c = s.client(token)
        for _ in range(5):
            codes.append(c.raw('POST', '/datasets', json={}).status_code)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(codes) == [200] * 10 + [429] * 30
