"""Each limit of the facts is held: what breaks it is a 400 that names the field."""
import json
import re

import pytest

import facts
import sandbox_server as server
import world as worlds

WRONG_TYPE = {'string': 5, 'integer': '5', 'number': '5', 'boolean': 'yes', 'object': [],
              'array': {}, 'any': {'no': 'such'}}

# One of these bodies may end an execution once only; test_work.py has their limits.
ONCE = '/transitions/{transitionId}/executions/{executionId}'


def steps(place):
    """'a[].b|1.*' -> ['a', 0, 'b', '|1', '*']"""
    found = re.findall(r'\[\]|\|\d|[^.\[|]+', place)
    return [0 if s == '[]' else s for s in found]


def breaking(f):
    """Values that the fact does not let be there, each with what the case is called."""
    if '|' not in f.place:
        yield 'type', WRONG_TYPE[f.type]
        if f.nullable == 'no' and f.type != 'any':
            yield 'null', None
    low = None if f.min == '-' else int(f.min)
    high = None if f.max == '-' else int(f.max)
    if f.type == 'string' and f.enum == '-':
        if low:
            yield 'min', 'a' * (low - 1)
        if high:
            yield 'max', 'a' * (high + 1)
    if f.type == 'integer':
        if low is not None:
            yield 'min', low - 1
        if high is not None:
            yield 'max', high + 1
        if f.enum != '-':
            yield 'enum', 3
        yield 'fraction', 100.5
    if f.type == 'array' and low:
        yield 'min', []
    if f.type == 'string' and f.enum != '-':
        yield 'enum', 'nonsense'
    if f.pattern != '-':
        yield 'pattern', '!'


def reach(body, path):
    """What holds the place in the body, and under which key; None: the body has no such place."""
    at = body
    keys = [k for k in path if not (isinstance(k, str) and k.startswith('|'))]
    for i, key in enumerate(keys):
        if key == '*' and isinstance(at, dict):
            at.setdefault('any', next(iter(at.values()), None))
            key = 'any'
        if isinstance(at, dict) and key in at or isinstance(at, list) and at:
            if i == len(keys) - 1:
                return at, key
            at = at[key]
        else:
            return None
    return None


def cases():
    for verb, path in facts.ENDPOINTS:
        if path == ONCE:
            continue
        for place, f in facts.places('request', verb, path).items():
            if place == '.' or place.startswith('.|'):
                continue
            for name, value in breaking(f):
                yield pytest.param(verb, path, place, value,
                                   id='%s%s-%s-%s' % (verb, path, place, name))


def some_body(world, verb, path, place):
    """A full body that has the place, and where in it that is."""
    for body in world.bodies(verb, path):
        body = json.loads(json.dumps(body))
        at = reach(body, steps(place))
        if at:
            return body, at
    raise AssertionError('no body has ' + place)


def url(world, path, body):
    docker = path == '/transitions/{transitionId}' and 'environment' in body
    return world.ids(path.replace('{transitionId}', world.docker) if docker else path)


def root_name(place):
    return re.split(r'[.\[|]', place)[0]


@pytest.mark.parametrize('verb,path,place,value', cases())
def test_limit_is_held(api, world, verb, path, place, value):
    body, (holder, key) = some_body(world, verb, path, place)
    holder[key] = value
    api.refused(400, verb, url(world, path, body), body, names=root_name(place))


@pytest.mark.parametrize('verb,path,place', [
    (f.verb, f.path, f.place) for f in facts.FACTS
    if f.what == 'request' and f.required == 'yes' and f.place != '.' and f.path != ONCE])
def test_required_field_is_required(api, world, verb, path, place):
    body, (holder, key) = some_body(world, verb, path, place)
    del holder[key]
    api.refused(400, verb, url(world, path, body), body, names=root_name(place))


@pytest.mark.parametrize('verb,path,place', [
    (f.verb, f.path, f.place) for f in facts.FACTS
    if f.what == 'request' and f.closed == 'yes' and f.path != ONCE])
def test_unknown_field_is_refused(api, world, verb, path, place):
    if place == '.':
        bodies = world.bodies(verb, path)
        body = holder = json.loads(json.dumps(bodies[0]))
    else:
        body, (at, key) = some_body(world, verb, path, place)
        holder = at[key]
    holder['unheardOf'] = 1
    api.refused(400, verb, url(world, path, body), body,
                names='parameters' if '|' in place else 'unheardOf')


@pytest.mark.parametrize('path', [
    f.path for f in facts.FACTS
    if f.what == 'request' and f.place == '.' and f.verb == 'PATCH' and f.min == '1'])
def test_empty_patch_is_refused(api, world, path):
    api.refused(400, 'PATCH', world.ids(path), {})


@pytest.mark.parametrize('verb,path', [
    (f.verb, f.path) for f in facts.FACTS
    if f.what == 'request' and f.place == '.' and f.path != ONCE])
def test_full_body_is_taken(api, world, verb, path):
    if 'executions/{executionId}' in path:
        return  # test_work.py
    for body in world.bodies(verb, path):
        if not (verb, path) == ('POST', '/transitions/{transitionId}/executions'):
            api(verb, url(world, path, body), body)


@pytest.mark.parametrize('name', ['', 'x' * 4096, '\u00e9' * 4096, '\U0001f600' * 4096,
                                  'a\nb"\\\u0001', None])
def test_name_is_taken_and_given_back(api, name):
    dataset = api.post('/datasets', {'name': name})
    assert dataset['name'] == name
    assert api.get('/datasets/' + dataset['datasetId'])['name'] == name


def test_name_is_counted_in_characters(api):
    api.refused(400, 'POST', '/datasets', {'name': '\U0001f600' * 4097}, names='name')


@pytest.mark.parametrize('body', [b'', b'{', b'[]', b'"x"', b'null', b'{"name": "\xff"}',
                                  b'{"name": NaN}', b'{} {}', b'{"name": "a", "name": "b"}',
                                  b'[' * 5000])
def test_what_is_no_object_is_refused(api, body):
    answer = api.raw('POST', '/datasets', data=body,
                     headers={'Content-Type': 'application/json'})
    assert answer.status_code == 400
    assert answer.json()['message']


@pytest.mark.parametrize('kind', ['text/plain', 'application/pdf', 'application/jsonx',
                                  'application/x-www-form-urlencoded'])
def test_another_content_type_is_415(api, kind):
    assert api.raw('POST', '/datasets', data=b'{}',
                   headers={'Content-Type': kind}).status_code == 415


@pytest.mark.parametrize('kind', ['application/json', 'application/json; charset=utf-8',
                                  'Application/JSON'])
def test_json_is_taken(api, kind):
    assert api.raw('POST', '/datasets', data=b'{}',
                   headers={'Content-Type': kind}).status_code == 200


@pytest.mark.parametrize('verb,path', [
    (v, p) for v, p in facts.ENDPOINTS if '{' in p and '{organizationId}' not in p])
def test_unknown_id_in_the_path_is_404(api, world, verb, path):
    words = {'appClientId': 'app-client', 'dataBundleId': 'model-data-bundle',
             'executionId': ('workflow' if path.startswith('/w') else 'transition') + '-execution'}
    *_, last = re.findall(r'{(\w+)}', path)
    unknown = server.new_id(words.get(last, last[:-2]))
    bodies = world.bodies(verb, path)
    api.refused(404, verb, world.ids(path.replace('{%s}' % last, unknown)),
                bodies[0] if bodies else None, names=unknown)


@pytest.mark.parametrize('verb,path,body', [
    ('POST', '/documents', {'content': server.PDF, 'contentType': 'image/png',
                            'datasetId': server.new_id('dataset')}),
    ('PATCH', '/documents/{documentId}', {'datasetId': server.new_id('dataset')}),
    ('POST', '/models/{modelId}/dataBundles', {'datasetIds': [server.new_id('dataset')]}),
    ('POST', '/users', {'email': 'a@b.cd', 'appClientId': server.new_id('app-client')}),
    ('POST', '/transitions', {'transitionType': 'docker', 'parameters': {
        'imageUrl': 'x', 'secretId': server.new_id('secret')}}),
    ('POST', '/transitions', {'transitionType': 'manual', 'parameters': {
        'assets': {'x': server.new_id('asset')}}}),
    ('POST', '/workflows', {'specification': {
        'definition': worlds.definition(server.new_id('transition'))}}),
])
def test_unknown_id_in_the_body_is_404(api, world, verb, path, body):
    api.refused(404, verb, world.ids(path), body, names='does not exist')


def test_an_id_of_another_parent_is_404(api, world):
    other = api.post('/models', {'width': 100, 'height': 100, 'fieldConfig': {}})['modelId']
    api.refused(404, 'PATCH', '/models/%s/dataBundles/%s' % (other, world.bundle), {'name': 'x'})


def test_an_id_of_another_kind_is_404(api, world):
    api.refused(404, 'GET', '/datasets/' + world.document)
    api.refused(404, 'GET', '/datasets/..%2f..')
