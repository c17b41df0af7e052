"""Each endpoint of the facts answers what they say, to the emptiest and to the fullest body."""
import pytest

import facts
import sandbox_server as server


def test_bodies_have_every_field_of_the_facts(world):
    for verb, path in facts.ENDPOINTS:
        names = {p for p in facts.places('request', verb, path)
                 if p != '.' and not set('.[|') & set(p)}
        there = set().union(*world.bodies(verb, path)) if world.bodies(verb, path) else set()
        assert there == names, (verb, path)


def test_every_endpoint_is_driven(start):
    import world as worlds
    api = start().client()
    w = worlds.World(api)
    for verb, path, body in w.all_bodies():
        if path.startswith('/transitions/{transitionId}/executions'):
            continue
        if verb == 'PATCH' and 'environment' in body:
            path = path.replace('{transitionId}', w.docker)
        api(verb, w.ids(path), body)
    task = '/transitions/%s/executions' % w.manual
    claimed = api.post(task, {})['executionId']
    api.post('%s/%s/heartbeats' % (task, claimed), {})
    api.patch('%s/%s' % (task, claimed), {'status': 'succeeded', 'output': {'a': 1}})
    log = api.get('/logs')['logs'][0]['logId']
    for verb, path in facts.ENDPOINTS:
        if verb == 'GET':
            api.get(w.ids(path).replace('{logId}', log))
    api.delete('/documents')
    for verb, path in sorted(facts.ENDPOINTS, key=lambda e: -len(e[1])):
        if verb == 'DELETE' and path != '/documents' and path not in LATER:
            if path == '/documents/{documentId}':
                w.document = api.post('/documents', {
                    'content': server.PDF, 'contentType': 'image/tiff'})['documentId']
            api.delete(w.ids(path))
    for workflow in api.get('/workflows')['workflows']:
        api.delete('/workflows/' + workflow['workflowId'])
    api.delete('/transitions/' + w.manual)
    assert api.driven == set(facts.ENDPOINTS)


LATER = ('/workflows/{workflowId}', '/transitions/{transitionId}')


@pytest.mark.parametrize('verb,path', facts.ENDPOINTS)
def test_endpoint_is_there_with_and_without_v1(shared, api, verb, path):
    for base in (shared.api, shared.root):
        answer = api.session.request(verb, base + path.replace('{', 'x').replace('}', 'x'),
                                     json={'nonsense': 1})
        # whatever it says of the request, it knows the endpoint
        assert answer.status_code in (200, 400, 404)
        assert answer.json().get('message') != 'Not Found'


@pytest.mark.parametrize('path', ['/nothing', '/batches', '/documents/x/y', '/documents/',
                                  '/documents//', '/v1', '/organizations/me/x',
                                  '/transitions/x/executions/y/heartbeats/z'])
def test_unknown_path_is_404(api, path):
    answer = api.raw('GET', path)
    assert (answer.status_code, answer.json()) == (404, {'message': 'Not Found'})


@pytest.mark.parametrize('verb,path', [
    ('PUT', '/documents'), ('DELETE', '/datasets'), ('GET', '/secrets/x'), ('POST', '/logs'),
    ('GET', '/models/x/dataBundles/y'), ('GET', '/organizations'), ('DELETE', '/predictions/x'),
    ('GET', '/transitions/x/executions/y/heartbeats'), ('PATCH', '/documents')])
def test_verb_that_is_not_there_is_403_as_the_gateway_says(api, verb, path):
    answer = api.raw(verb, path)
    assert (answer.status_code, answer.json()) == (403, {'message': 'Missing Authentication Token'})


def test_options_tells_the_verbs(shared, api):
    answer = api.raw('OPTIONS', '/documents')
    assert (answer.status_code, answer.json()) == (200, {})
    assert set(answer.headers['Access-Control-Allow-Methods'].split(',')) == {
        'OPTIONS', 'GET', 'POST', 'DELETE'}
