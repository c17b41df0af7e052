"""lasfs-sandbox --api 2024: what today's API has that the one of 2021 has not."""
import base64

import pytest
import requests

import facts
import sandbox_server as server
from sandbox_server import eventually

PDF = base64.b64decode(server.PDF)
LINES = [{'label': 'a-b', 'value': 3.5},
         {'label': 'lines', 'value': [[{'label': 'x', 'value': 'y', 'pages': [0], 'confidence': 0.5}]]}]


class Today:
    """Calls one server, and holds each answer to the facts of 2024."""

    def __init__(self, s):
        self.server = s
        self.headers = {'Authorization': 'Bearer ' + s.token()}
        self.facts = facts.of_2024()

    def __call__(self, verb, path, body=None, status=200, **query):
        r = requests.request(verb, self.server.api + path, headers=self.headers, json=body,
                             params=query)
        assert r.status_code == status, r.text
        if status == 200:
            self.facts.check_answer(verb, self.facts.template(verb, path), r.json())
        return r.json()

    def file(self, verb, url, **more):
        return requests.request(verb, url, headers=self.headers, **more)


@pytest.fixture(scope='module')
def shared_today(tmp_path_factory):
    s = server.Server(tmp_path_factory.mktemp('today') / 'state', '--api', '2024',
                      '--model-time', '0.2').start()
    yield s
    s.stop()


@pytest.fixture(scope='module')
def today(shared_today):
    return Today(shared_today)


@pytest.fixture(scope='module')
def dataset(today):
    return today('POST', '/datasets', {'name': 'd', 'metadata': {'k': 'v'}})['datasetId']


@pytest.fixture(scope='module')
def document(today, dataset):
    return today('POST', '/documents', {
        'content': server.PDF, 'contentType': 'application/pdf', 'datasetId': dataset, 'name': 'a/b',
        'metadata': {'k': {'n': 1}}, 'groundTruth': LINES})['documentId']


@pytest.fixture(scope='module')
def model(today):
    return today('POST', '/models', {'name': 'm', 'fieldConfig': {}})['modelId']


@pytest.mark.parametrize('path', ['/organizations', '/roles', '/plans', '/deploymentEnvironments',
                                  '/paymentMethods', '/appClients', '/users', '/models', '/datasets'])
def test_lists_are_there(today, path):
    today('GET', path)


@pytest.mark.parametrize('collection', ['roles', 'plans', 'deploymentEnvironments', 'appClients'])
def test_one_is_as_it_is_listed(today, collection):
    listed = today('GET', '/' + collection)[collection][0]
    name = facts.id_field(collection)
    assert today('GET', f'/{collection}/{listed[name]}') == listed
    assert today('GET', f'/{collection}/{listed[name].replace(":", "%3A")}') == listed


def test_people_have_profiles(today):
    me = today('PATCH', '/profiles/me', {'givenName': 'A', 'metadata': {'a': 1}})
    assert today('GET', '/profiles/me') == me
    user = today('POST', '/users', {'email': 'a@example.com'})
    assert 'email' not in user
    assert today('GET', '/profiles/' + user['profileId'])['email'] == 'a@example.com'


def test_payment_methods(today):
    name = today('POST', '/paymentMethods', {'name': 'card'})['paymentMethodId']
    today('PATCH', '/paymentMethods/' + name, {'stripeSetupIntentSecret': 'hidden'})
    assert today('GET', '/paymentMethods/' + name)['name'] == 'card'
    today('DELETE', '/paymentMethods/' + name)
    today('GET', '/paymentMethods/' + name, status=404)


def test_a_document_is_what_was_sent(today, document):
    got = today('GET', '/documents/' + document)
    assert (got['name'], got['metadata'], got['groundTruth']) == ('a/b', {'k': {'n': 1}}, LINES)
    assert base64.b64decode(got['content']) == PDF
    assert today.file('GET', got['fileUrl']).content == PDF
    assert len(got['contentMD5']) == 32


def test_a_handle_gets_its_bytes_later(today):
    made = today('POST', '/documents', {})
    assert (made['contentType'], made['contentMD5']) == (None, None)
    assert made['fileUrl'].startswith('http://localhost:')
    assert today.file('GET', made['fileUrl']).status_code == 404
    assert today.file('PUT', made['fileUrl'], data=PDF).status_code == 200
    got = today('GET', '/documents/' + made['documentId'])
    assert (got['contentType'], 'content' in got) == ('application/pdf', False)
    assert today.file('GET', got['fileUrl']).content == PDF


def test_documents_by_id_and_by_time(today, document):
    other = today('POST', '/documents', {'name': 'other'})['documentId']
    page = today('GET', '/documents', documentId=[document, other], sortBy='createdTime',
                 order='descending')
    assert [d['documentId'] for d in page['documents']] == [other, document]
    assert (page['sortBy'], page['order']) == ('createdTime', 'descending')


def test_null_clears(today):
    name = today('POST', '/documents', {'groundTruth': LINES, 'name': 'n'})['documentId']
    got = today('PATCH', '/documents/' + name, {'groundTruth': None, 'name': None})
    assert ('groundTruth' in got, got['name']) == (False, None)


@pytest.mark.parametrize('path, body', [
    ('/documents', {'metadata': {'a': 'x' * 5000}}),
    ('/documents', {'metadata': None}),
    ('/models', {'width': 768, 'height': 768, 'fieldConfig': {}}),
    ('/models', {'fieldConfig': {'a': {'type': 'all', 'maxLength': 10}}}),
    ('/models', {'fieldConfig': {'a b': {'type': 'amount'}}}),
    ('/models', {'fieldConfig': {}, 'preprocessConfig': {}}),
    ('/users', {'email': 'b@example.com', 'name': 'B'}),
])
def test_refused(today, path, body):
    today('POST', path, body, status=400)


def test_a_training_runs_and_is_used(today, dataset, model):
    bundle = today('POST', f'/models/{model}/dataBundles', {'datasetIds': [dataset]})
    made = today('POST', f'/models/{model}/trainings', {'dataBundleIds': [bundle['dataBundleId']]})
    path = f'/models/{model}/trainings/{made["trainingId"]}'
    today('PATCH', f'/models/{model}', {'trainingId': made['trainingId']}, status=400)
    eventually(lambda: today('GET', path)['status'] == 'succeeded')
    assert today('GET', f'/models/{model}')['numberOfRunningTrainings'] == 0
    got = today('GET', f'/models/{model}/dataBundles/{bundle["dataBundleId"]}')
    assert got['status'] == 'succeeded'
    today('PATCH', f'/models/{model}/dataBundles/{bundle["dataBundleId"]}', {}, status=400)
    assert today('PATCH', f'/models/{model}', {'trainingId': made['trainingId']})['status'] == 'active'
    assert today('PATCH', f'/models/{model}', {'trainingId': None})['status'] == 'inactive'
    today('PATCH', path, {'status': 'cancelled'}, status=400)


def test_predictions_may_come_later(today, document):
    model = today('POST', '/models', {'fieldConfig': {}})['modelId']
    made = today('POST', f'/models/{model}/trainings', {})['trainingId']
    eventually(lambda: today('GET', f'/models/{model}/trainings/{made}')['status'] == 'succeeded')
    body = {'documentId': document, 'modelId': model, 'trainingId': made}
    plain = today('POST', '/predictions', body)
    assert (plain['status'], plain['postprocessConfig']) == ('succeeded', None)
    config = {'strategy': 'BEST_FIRST', 'outputFormat': 'v2'}
    assert today('POST', '/predictions', {**body, 'postprocessConfig': config})['postprocessConfig'] == config
    late = today('POST', '/predictions', {**body, 'async': True})
    assert (late['status'], late['predictions']) == ('pending', None)
    path = '/predictions/' + late['predictionId']
    assert eventually(lambda: today('GET', path)['status'] == 'succeeded' and
                      today('GET', path))['predictions'] == []
    assert len(today('GET', '/predictions', modelId=model)['predictions']) == 3
    for path in (f'/models/{model}', f'/models/{model}/trainings/{made}'):
        assert today('GET', path, statisticsLastNDays='7')['statistics'] == {'days': 7, 'numberOfPredictions': 3}
        assert today('GET', path)['statistics'] == {}
        for days in ('0', '31', 'x'):
            today('GET', path, statisticsLastNDays=days, status=400)


def test_a_transformation_removes_duplicates(today):
    dataset = today('POST', '/datasets', {})['datasetId']
    for content in (PDF, PDF + b'2', PDF):
        today('POST', '/documents', {'content': base64.b64encode(content).decode(),
                                     'contentType': 'application/pdf', 'datasetId': dataset})
    today('POST', f'/datasets/{dataset}/transformations', {'operations': [{'type': 'remove-duplicates'}]})
    eventually(lambda: today('GET', f'/datasets/{dataset}')['numberOfDocuments'] == 2)
    page = today('GET', f'/datasets/{dataset}/transformations')
    assert [t['status'] for t in page['transformations']] == ['succeeded']


def test_workflows_and_transitions(today):
    made = today('POST', '/transitions', {'transitionType': 'docker', 'parameters': {
        'imageUrl': 'i', 'environment': {'A': '1'}}})['transitionId']
    got = today('PATCH', f'/transitions/{made}', {'parameters': {'cpu': 512, 'environment': None}})
    assert got['parameters'] == {'imageUrl': 'i', 'cpu': 512}
    today('PATCH', f'/transitions/{made}', {'environment': {}}, status=400)
    flow = today('POST', '/workflows', {'specification': {'definition': {
        'StartAt': 'a', 'States': {'a': {'Type': 'Task', 'Resource': made, 'End': True}}}}})
    assert flow['status'] == 'production'
    path = f'/workflows/{flow["workflowId"]}/executions'
    run = f'{path}/{today("POST", path, {"input": {"a": 1}})["executionId"]}'
    eventually(lambda: today('GET', run)['status'] == 'succeeded')
    assert today('PATCH', run, {'status': 'completed'})['status'] == 'completed'
    today('PATCH', run, {}, status=400)
    old = today('GET', path, fromStartTime='2020-01-01T00:00:00Z', toStartTime='2021-01-01T00:00:00Z')
    assert old['executions'] == []
    assert today('GET', path, fromStartTime='2020-01-01T00:00:00Z')['executions']
    assert today('GET', f'/transitions/{made}/executions')['executions'][0]['output'] == {'a': 1}


def test_one_state_under_both_generations(start, tmp_path):
    state = tmp_path / 'mixed'
    old = start(state=state)
    client = old.client()
    client.post('/models', {'width': 768, 'height': 500, 'fieldConfig': {}})
    name = client.post('/documents', {'content': server.PDF, 'contentType': 'application/pdf'})['documentId']
    old.stop()
    today = Today(start('--api', '2024', state=state, client_secret=old.client_secret))
    assert 'width' not in today('GET', '/models')['models'][0]
    assert today.file('GET', today('GET', '/documents/' + name)['fileUrl']).content == PDF
    today('PATCH', '/documents/' + name, {'name': 'n'})
    today.server.stop()
    old = start(state=state, client_secret=old.client_secret)
    assert old.client().get('/models')['models'][0]['height'] == 500
    assert 'name' not in old.client().get('/documents/' + name)
    old.stop()
    today = Today(start('--api', '2024', state=state, client_secret=old.client_secret))
    assert today('GET', '/documents/' + name)['name'] == 'n'


def test_a_user_of_2021_has_no_email_today(start, tmp_path):
    state = tmp_path / 'mixed'
    old = start(state=state)
    user = old.client().post('/users', {'email': 'a@example.com', 'name': 'n'})['userId']
    old.stop()
    today = Today(start('--api', '2024', state=state, client_secret=old.client_secret))
    assert not {'email', 'name'} & set(today('GET', '/users/' + user))
    today('PATCH', '/users/' + user, {'metadata': {'a': 1}})
    today.server.stop()
    old = start(state=state, client_secret=old.client_secret)
    got = old.client().get('/users/' + user)
    assert (got['email'], got['name']) == ('a@example.com', 'n')


def unchecked(today, path, **body):
    """A POST whose answer has objects that the description says nothing of what is in."""
    answer = today.file('POST', today.server.api + path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
def reader(today):
    """reader(fields): the id of a model that reads them."""
    def make(**fields):
        model = unchecked(today, '/models', fieldConfig=fields)['modelId']
        made = today('POST', f'/models/{model}/trainings', {})['trainingId']
        eventually(lambda: today('GET', f'/models/{model}/trainings/{made}')['status'] == 'succeeded')
        today.file('PATCH', f'{today.server.api}/models/{model}', json={'trainingId': made}).raise_for_status()
        return model
    return make


def test_a_long_document_is_predicted_part_by_part(today, reader):
    model = reader(total={'type': 'amount'}, lines={'type': 'lines', 'fields': {'sum': {'type': 'amount'}}})
    line = [{'label': 'sum', 'value': '1.00'}]
    content = base64.b64encode(b'%PDF-1.4\n<< /Type /Pages >>\n' + b'<< /Type /Page >>\n' * 5 + b'%%EOF').decode()
    document = unchecked(today, '/documents', contentType='application/pdf', content=content, groundTruth=[
        {'label': 'total', 'value': '1.00', 'pages': [0]}, {'label': 'total', 'value': '2.00', 'pages': [4]},
        {'label': 'lines', 'value': [line, line], 'pages': [3]}])['documentId']
    body = {'documentId': document, 'modelId': model}

    def part(**config):
        return unchecked(today, '/predictions', **body, preprocessConfig=config)
    assert unchecked(today, '/predictions', **body)['nextPage'] is None
    assert [part(maxPages=2, startPage=n)['nextPage'] for n in (0, 2, 4)] == [2, 4, None]
    assert part(maxPages=2)['predictions'][0] == \
        {'label': 'total', 'value': '1.00', 'confidence': 1, 'page': 0}
    middle = part(maxPages=2, startPage=2)['predictions']
    assert middle[0] == {'label': 'total', 'value': None, 'confidence': 0}
    assert middle[1]['label'] == 'lines' and middle[1]['page'] == 3
    assert middle[1]['value'][1] == [{'label': 'sum', 'value': '1.00', 'confidence': 1}]
    assert part(startPage=-1)['predictions'][0]['value'] == '2.00'
    today('POST', '/predictions', {**body, 'preprocessConfig': {'startPage': 5}}, status=400)
    other = unchecked(today, '/predictions', **body, postprocessConfig={
        'strategy': 'BEST_FIRST', 'outputFormat': 'v2'})['predictions']
    assert other['lines'] == [{'sum': [{'value': '1.00', 'confidence': 1}]}] * 2
    assert [g['value'] for g in other['total']] == ['1.00', '2.00']


# --- One's own organization, and others ------------------------------------------------------------


@pytest.fixture
def own(today):
    """The id of one's own organization, as it stands before another id."""
    return today('GET', '/organizations/me')['organizationId'] + '/'


@pytest.mark.parametrize('collection', ['models', 'plans', 'deploymentEnvironments'])
def test_an_id_may_have_one_s_own_organization_before_it(today, own, model, collection):
    name = model if collection == 'models' else today('GET', '/' + collection)[collection][0][
        facts.id_field(collection)]
    whole = (own + name).replace(':', '%3A').replace('/', '%2F')
    assert today('GET', f'/{collection}/{whole}') == today('GET', f'/{collection}/{name}')
    other = 'las%3Aorganization%3Aother%2F' + name.replace(':', '%3A')
    assert 'does not exist' in today('GET', f'/{collection}/{other}', status=404)['message']


def test_no_other_id_may_have_it(today, own, document):
    whole = (own + document).replace(':', '%3A').replace('/', '%2F')
    today('GET', '/documents/' + whole, status=404)
    dataset = today('GET', '/documents/' + document)['datasetId']
    today('PATCH', '/documents/' + document, {'datasetId': own + dataset}, status=400)


def test_a_model_is_asked_and_changed_by_its_whole_id(today, own, document, model):
    whole = own + model
    path = '/models/' + whole.replace(':', '%3A').replace('/', '%2F')
    training = today('POST', path + '/trainings', {})
    assert training['modelId'] == model
    eventually(lambda: today('GET', f'{path}/trainings/{training["trainingId"]}')['status'] == 'succeeded')
    today('PATCH', path, {'trainingId': training['trainingId']})
    assert today('GET', '/models/' + model)['status'] == 'active'
    guess = today('POST', '/predictions', {'documentId': document, 'modelId': whole})
    short = today('POST', '/predictions', {'documentId': document, 'modelId': model})
    assert guess['predictions'] == short['predictions']
    for asked in (model, whole):
        found = {p['predictionId'] for p in today('GET', '/predictions', modelId=asked)['predictions']}
        assert {guess['predictionId'], short['predictionId']} <= found
    today('PATCH', path, {'trainingId': None})


def test_a_plan_and_an_environment_are_named_by_their_whole_ids(today, own, model):
    plan = today('GET', '/plans')['plans'][0]['planId']
    assert today('PATCH', '/organizations/me', {'planId': own + plan})['planId'] == own + plan
    place = today('GET', '/deploymentEnvironments')['deploymentEnvironments'][0]['deploymentEnvironmentId']
    training = today('POST', f'/models/{model}/trainings', {})['trainingId']
    changed = today('PATCH', f'/models/{model}/trainings/{training}', {'deploymentEnvironmentId': own + place})
    assert changed['deploymentEnvironmentId'] == own + place
    for field, path in (('planId', '/organizations/me'),
                        ('deploymentEnvironmentId', f'/models/{model}/trainings/{training}')):
        other = 'las:organization:other/' + (plan if field == 'planId' else place)
        assert 'does not exist' in today('PATCH', path, {field: other}, status=404)['message']


def test_an_organization_is_made(today, own):
    before = today('GET', '/profiles/me')
    made = today('POST', '/organizations', {'name': 'second'})
    assert (made['name'], made['numberOfModelsCreated']) == ('second', 0)
    assert today('GET', '/organizations/' + made['organizationId']) == made
    listed = {o['organizationId']: o for o in today('GET', '/organizations')['organizations']}
    assert {made['organizationId'], own[:-1]} <= set(listed)
    assert listed[made['organizationId']] == made and listed[own[:-1]]['numberOfModelsCreated'] > 0
    assert today('GET', '/profiles/me')['numberOfOrganizationsCreated'] == \
        before['numberOfOrganizationsCreated'] + 1
    assert today('POST', '/organizations', {})['name'] is None
    today('POST', '/organizations', {'description': 'x'}, status=400)
    today('DELETE', '/organizations/' + made['organizationId'], status=403)


@pytest.mark.parametrize('path', ['/documents', '/plans', '/organizations'])
def test_a_list_may_end_in_a_slash(today, path):
    assert today('GET', path + '/')
    answer = requests.get(today.server.api + path + '/?maxResults=1', headers=today.headers)
    assert answer.status_code == 200


def test_one_of_a_list_may_not(today, document):
    today('GET', f'/documents/{document}/', status=404)
    today('GET', '/documents//', status=404)


# --- Configurations of a model ---------------------------------------------------------------------


@pytest.mark.parametrize('field,value,ok', [
    ('postprocessConfig', {'strategy': 'BEST_FIRST'}, True),
    ('postprocessConfig', {'strategy': 'BEST_FIRST', 'outputFormat': 'v2'}, True),
    ('postprocessConfig', {'strategy': 'BEST_N_PAGES', 'parameters': {'n': 100, 'collapse': True}}, True),
    ('postprocessConfig', {}, False),
    ('postprocessConfig', {'strategy': 'BEST'}, False),
    ('postprocessConfig', {'strategy': 'BEST_FIRST', 'outputFormat': 'v3'}, False),
    ('postprocessConfig', {'strategy': 'BEST_FIRST', 'parameters': {'n': 1}}, False),
    ('postprocessConfig', {'strategy': 'BEST_N_PAGES'}, False),
    ('postprocessConfig', {'strategy': 'BEST_N_PAGES', 'parameters': {}}, False),
    ('postprocessConfig', {'strategy': 'BEST_N_PAGES', 'parameters': {'n': 101}}, False),
    ('fieldConfig', {'a': {'type': 'enum', 'enum': ['x', 'y']}}, True),
    ('fieldConfig', {'a': {'type': 'enum', 'enum': ['x', 'y', 'x']}}, False),
    ('fieldConfig', {'a': {'type': 'enum', 'enum': []}}, False)])
def test_a_model_takes_what_the_description_has(today, field, value, ok):
    made = requests.post(today.server.api + '/models', headers=today.headers,
                         json={'name': 'c', 'fieldConfig': {}, field: value})
    assert made.status_code == (200 if ok else 400), made.text
    if ok:
        assert made.json()[field] == value
    else:
        assert field in made.json()['message']
