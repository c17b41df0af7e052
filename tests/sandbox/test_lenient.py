"""--lenient: for clients that keep no state, such as the SDK's own tests."""
import re

import pytest
import requests

import facts
import sandbox_server as server
import world as worlds


@pytest.fixture(scope='module')
def lenient(tmp_path_factory):
    s = server.Server(tmp_path_factory.mktemp('lenient') / 'state', '--lenient', '--quota',
                      'datasets=0', '--quota', 'documents=0').start()
    yield s
    s.stop()


@pytest.fixture(scope='module')
def loose(lenient):
    return lenient.client('any')


WORDS = {'appClientId': 'app-client', 'dataBundleId': 'model-data-bundle'}


def made_up(path):
    """The path with ids that nothing has."""
    def one(match):
        name = match.group(1)
        if name == 'executionId':
            return server.new_id(('workflow' if path.startswith('/w') else 'transition') +
                                 '-execution')
        return server.new_id(WORDS.get(name, name[:-2]))
    return re.sub(r'{(\w+)}', one, path)


class NoWorld:
    """Bodies whose ids nothing has."""

    def __getattr__(self, name):
        return server.new_id({'client': 'app-client', 'manual': 'transition',
                              'docker': 'transition'}.get(name, name))


def body_for(verb, path):
    bodies = [b for v, p, b in worlds.World.all_bodies(NoWorld()) if (v, p) == (verb, path)]
    return bodies[0] if bodies else None


@pytest.mark.parametrize('verb,path', [(v, p) for v, p in facts.ENDPOINTS
                                       if (v, p) != ('DELETE', '/documents')])
def test_every_endpoint_answers_for_what_nobody_made(loose, verb, path):
    if verb == 'GET' and path == '/organizations/{organizationId}':
        path = '/organizations/me'
    loose(verb, made_up(path), body_for(verb, path))


def test_any_bearer_will_do(lenient):
    for headers in ({'Authorization': 'Bearer foo'}, {}):
        assert requests.get(lenient.api + '/datasets', headers=headers).status_code == 200


def test_any_credentials_get_a_token(lenient):
    assert lenient.token('foo', 'bar')


def test_what_is_made_up_is_kept(loose):
    path = '/documents/' + server.new_id('document')
    document = loose.get(path)
    assert document['consentId'] and document['content']
    assert document['groundTruth'] == []
    assert loose.get(path) == document


def test_made_up_ids_have_the_fields_that_readers_count_on(loose):
    assert loose.get('/assets/' + server.new_id('asset'))['content']
    assert 'name' in loose.get('/datasets/' + server.new_id('dataset'))
    assert 'events' in loose.get('/logs/' + server.new_id('log'))
    user = loose.get('/users/' + server.new_id('user'))
    assert {'name', 'avatar'} <= set(user)


def test_posted_documents_have_consent_and_ground_truth_too(loose):
    document = loose.post('/documents', {'content': server.PDF, 'contentType': 'image/png'})
    assert document['consentId'] and document['groundTruth'] == []


def test_quotas_are_off(loose):
    loose.post('/datasets', {})


def test_unknown_page_token_is_the_first_page(loose):
    loose.post('/datasets', {})
    assert loose.get('/datasets', nextToken='foo', maxResults=1)['datasets']


def test_empty_definition_is_taken(loose):
    loose.post('/workflows', {'specification': {'definition': {}}})


@pytest.mark.parametrize('states', [
    {}, {'A': {}}, {'A': {'Choices': {}}}, {'A': {'Choices': [5]}},
    {'A': {'Choices': [{'Variable': '$.a', 'StringEquals': 5, 'Next': 'A'}]}},
    {'A': {'Choices': [{'Not': {}, 'Next': 'B'}]}}])
def test_definition_that_makes_no_sense_ends_in_an_error(loose, states):
    workflow = loose.post('/workflows', {'specification': {
        'definition': {'StartAt': 'A', 'States': states}}})['workflowId']
    run = loose.post('/workflows/%s/executions' % workflow, {'input': {'a': 'x'}})
    assert run['status'] == 'error'


def test_step_without_an_output_has_its_input_for_one(loose):
    first, second = (loose.post('/transitions', {'transitionType': 'manual'})['transitionId']
                     for _ in range(2))
    workflow = loose.post('/workflows', {'specification': {'definition': {
        'StartAt': 'A', 'States': {
            'A': {'Type': 'Task', 'Resource': first, 'Next': 'B'},
            'B': {'Type': 'Task', 'Resource': second, 'End': True}}}}})['workflowId']
    path = '/workflows/%s/executions' % workflow
    run = loose.post(path, {'input': {'a': 1}})['executionId']
    for transition in (first, second):
        tasks = '/transitions/%s/executions' % transition
        loose.patch('%s/%s' % (tasks, loose.post(tasks, {})['executionId']),
                    {'status': 'succeeded'})
    ended = loose.get('%s/%s' % (path, run))
    assert (ended['status'], ended['output']) == ('succeeded', {'a': 1})


def test_claim_always_yields_one(loose):
    path = '/transitions/%s/executions' % server.new_id('transition')
    first, second = (loose.post(path, {}) for _ in range(2))
    assert first['executionId'] != second['executionId']
    assert first['startTime']


def test_execution_may_be_ended_again_and_again(loose):
    path = '/transitions/%s/executions/%s' % (server.new_id('transition'),
                                              server.new_id('transition-execution'))
    for body in ({'status': 'succeeded', 'output': {}}, {'status': 'failed'},
                 {'status': 'succeeded', 'output': {'a': 1},
                  'startTime': '2021-08-16T12:53:13.374930-0200'}):
        assert loose.patch(path, body)['status'] == body['status']
        loose.post(path + '/heartbeats', {})


def test_document_s_bytes_are_not_looked_at(loose):
    for content in ('not base64!', '"\\\u00e9\n', 'x'):
        document = loose.post('/documents', {'content': content, 'contentType': 'image/png'})
        assert loose.get('/documents/' + document['documentId'])['content'] == content


def test_limits_are_held_all_the_same(loose):
    loose.refused(400, 'POST', '/datasets', {'name': 5}, names='name')
    loose.refused(400, 'PATCH', '/datasets/' + server.new_id('dataset'), {})


def test_prediction_needs_no_active_model(loose):
    loose.post('/predictions', {'documentId': server.new_id('document'),
                                'modelId': server.new_id('model')})


@pytest.mark.parametrize('api', ['2021', '2024'])
def test_an_asset_that_is_deleted_is_shown_with_its_content(start, api):
    s = start('--lenient', '--api', api)
    session = s.client('any').session
    made = session.post(s.api + '/assets', json={'content': server.PDF}).json()['assetId']
    for name, content in ((made, server.PDF), (server.new_id('asset'), None)):
        answer = session.delete(f'{s.api}/assets/{name}')
        assert answer.status_code == 200
        assert answer.json()['content'] == content or (content is None and answer.json()['content'])
