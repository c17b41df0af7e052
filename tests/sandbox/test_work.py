"""Models, predictions, transitions, workflows, their executions and logs."""
import pytest

import sandbox_server as server
import world as worlds


def model(api, **fields):
    return api.post('/models', dict({'width': 100, 'height': 100, 'fieldConfig': {
        'total': {'type': 'amount', 'maxLength': 20},
        'date': {'type': 'date', 'maxLength': 10}}}, **fields))


def test_model_is_inactive_at_first(api):
    m = model(api)
    assert (m['status'], m['numberOfDataBundles']) == ('inactive', 0)
    assert m['preprocessConfig'] == {'autoRotate': False, 'imageQuality': 'LOW', 'maxPages': 1}


def test_model_is_trained_after_a_while(api):
    path = '/models/' + model(api)['modelId']
    assert api.patch(path, {'status': 'training'})['status'] == 'training'
    assert api.get(path)['status'] == 'training'
    trained = server.eventually(lambda: api.get(path) if api.get(path)['status'] != 'training'
                                else None)
    assert trained['status'] == 'active'
    assert trained['updatedTime'] > trained['createdTime']


def test_model_whose_training_is_given_up_stays_so(api):
    path, other = ('/models/' + model(api)['modelId'] for _ in range(2))
    api.patch(path, {'status': 'training'})
    api.patch(path, {'status': 'inactive'})
    api.patch(other, {'status': 'training'})
    server.eventually(lambda: api.get(other)['status'] == 'active')
    assert api.get(path)['status'] == 'inactive'


def test_bundles_and_models_go_on_over_a_restart(start):
    s = start('--model-time', '2.5')
    api = s.client()
    path = '/models/' + model(api)['modelId']
    api.post(path + '/dataBundles', {})
    api.patch(path, {'status': 'training'})
    s.kill()
    s.start()
    api = s.client()
    assert api.get(path)['status'] == 'training'
    assert api.get(path + '/dataBundles', status='processing')['dataBundles']
    server.eventually(lambda: api.get(path)['status'] == 'active')
    server.eventually(lambda: api.get(path + '/dataBundles', status='ready')['dataBundles'])


@pytest.mark.parametrize('status', ['training', 'active', 'inactive'])
def test_model_takes_a_status(api, status):
    assert api.patch('/models/' + model(api)['modelId'], {'status': status})['status'] == status


def test_deleting_a_model_deletes_its_bundles(api):
    path = '/models/' + model(api)['modelId']
    bundle = api.post(path + '/dataBundles', {})['dataBundleId']
    api.delete(path)
    api.refused(404, 'GET', path)
    api.refused(404, 'PATCH', '%s/dataBundles/%s' % (path, bundle), {'name': 'x'})


# --- Data bundles -------------------------------------------------------------------------------


def test_bundle_is_built_from_its_datasets(api):
    path = '/models/%s' % model(api)['modelId']
    dataset = api.post('/datasets', {'name': 'd'})['datasetId']
    api.post('/documents', {'content': server.PDF, 'contentType': 'image/png',
                            'datasetId': dataset})
    made = api.post(path + '/dataBundles', {'datasetIds': [dataset], 'name': 'b'})
    assert (made['status'], made['summary']) == ('processing', {})
    listed = server.eventually(
        lambda: api.get(path + '/dataBundles', status='ready')['dataBundles'])
    assert listed[0]['summary'] == {'numberOfDocuments': 1}
    assert [(d['datasetId'], d['version']) for d in listed[0]['datasets']] == [(dataset, 1)]
    assert api.get(path)['numberOfDataBundles'] == 1
    assert api.get(path + '/dataBundles', status='failed')['dataBundles'] == []
    api.delete('%s/dataBundles/%s' % (path, made['dataBundleId']))
    assert api.get(path)['numberOfDataBundles'] == 0


@pytest.mark.parametrize('body', [{'json': {}}, {}])
def test_bundle_is_rebuilt_by_an_empty_patch(api, body):
    path = '/models/%s/dataBundles' % model(api)['modelId']
    dataset = api.post('/datasets', {})['datasetId']
    bundle = '%s/%s' % (path, api.post(path, {'datasetIds': [dataset]})['dataBundleId'])
    api.post('/documents', {'content': server.PDF, 'contentType': 'image/png',
                            'datasetId': dataset})
    (ready,) = server.eventually(lambda: api.get(path, status='ready')['dataBundles'])
    assert ready['summary'] == {'numberOfDocuments': 0}
    assert api.patch(bundle, {'name': 'x'})['status'] == 'ready'
    assert api.raw('PATCH', bundle, **body).json()['status'] == 'processing'
    assert api.get(path, status='ready')['dataBundles'] == []
    (ready,) = server.eventually(lambda: api.get(path, status='ready')['dataBundles'])
    assert (ready['summary'], ready['name']) == ({'numberOfDocuments': 1}, 'x')


# --- Predictions --------------------------------------------------------------------------------


def test_prediction_needs_an_active_model(api, world):
    inactive = model(api)['modelId']
    api.refused(400, 'POST', '/predictions', {'documentId': world.document, 'modelId': inactive},
                names='not active')


def test_prediction_of_what_is_known_is_certain(api, world):
    m = model(api, fieldConfig={name: {'type': 'all', 'maxLength': 20}
                                for name in ('total', 'date', 'paid')})['modelId']
    api.patch('/models/' + m, {'status': 'active'})
    document = api.post('/documents', {
        'content': server.PDF, 'contentType': 'image/png', 'groundTruth': [
            {'label': 'total', 'value': '12.50'}, {'label': 'paid', 'value': True},
            {'label': 'other', 'value': 'x'}, {'label': 'total', 'value': None}]})['documentId']
    answers = [api.post('/predictions', {'documentId': document, 'modelId': m})
               for _ in range(2)]
    assert answers[0]['predictions'] == answers[1]['predictions'] == [
        {'label': 'total', 'value': '12.50', 'confidence': 1},
        {'label': 'total', 'value': None, 'confidence': 1},
        {'label': 'date', 'value': None, 'confidence': 0},
        {'label': 'paid', 'value': 'true', 'confidence': 1}]
    listed = api.get('/predictions')['predictions']
    assert [p for p in listed if p['predictionId'] == answers[0]['predictionId']] == answers[:1]


def test_prediction_of_what_is_unknown_has_the_model_s_fields(api, world):
    m = model(api, fieldConfig={'b': {'type': 'all', 'maxLength': 1},
                                'a b': {'type': 'all', 'maxLength': 1},
                                'x' * 37: {'type': 'all', 'maxLength': 1}})['modelId']
    api.patch('/models/' + m, {'status': 'active'})
    answer = api.post('/predictions', {'documentId': world.document, 'modelId': m})
    assert answer['predictions'] == [{'label': 'b', 'value': None, 'confidence': 0}]


# --- Transitions --------------------------------------------------------------------------------

IMAGE = {'transitionType': 'docker', 'parameters': {'imageUrl': 'x', 'cpu': 256}}


def test_unset_schemas_have_their_default(api):
    made = api.post('/transitions', {'transitionType': 'manual'})
    default = {'$schema': 'https://json-schema.org/draft-04/schema#'}
    assert made['inputJsonSchema'] == made['outputJsonSchema'] == default
    assert made['parameters'] == {}


def test_patch_of_a_transition_lands_in_its_parameters(api, world):
    docker = '/transitions/' + api.post('/transitions', IMAGE)['transitionId']
    environment = {'environment': {'A': 'b'}, 'environmentSecrets': [world.secret]}
    changed = api.patch(docker, environment)
    assert changed['parameters'] == dict(IMAGE['parameters'], **environment)
    assert 'environment' not in changed
    assert api.patch(docker, {'environment': {'C': 'd'}})['parameters']['environment'] == {'C': 'd'}
    manual = '/transitions/' + world.manual
    assert api.patch(manual, {'assets': {'x': world.asset}})['parameters'] == {
        'assets': {'x': world.asset}}


@pytest.mark.parametrize('body', [
    {'transitionType': 'docker'}, {'transitionType': 'docker', 'parameters': {}},
    {'transitionType': 'manual', 'parameters': {'imageUrl': 'x'}},
    {'transitionType': 'docker', 'parameters': {'assets': {}}}])
def test_parameters_of_the_other_type_are_refused(api, body):
    api.refused(400, 'POST', '/transitions', body)


def test_patch_of_the_other_type_s_parameters_is_refused(api, world):
    api.refused(400, 'PATCH', '/transitions/' + world.manual, {'environment': {}},
                names='environment')
    api.refused(400, 'PATCH', '/transitions/' + world.docker, {'assets': {}}, names='assets')


def test_transition_in_use_is_not_deleted(api):
    t = api.post('/transitions', {'transitionType': 'manual'})['transitionId']
    w = api.post('/workflows', {'specification': {'definition': worlds.definition(t)}})
    api.refused(400, 'DELETE', '/transitions/' + t, names='in use')
    api.delete('/workflows/' + w['workflowId'])
    api.delete('/transitions/' + t)


# --- Workflows ----------------------------------------------------------------------------------


def test_specification_never_comes_back(api, world):
    made = api.post('/workflows', {'specification': {'definition': worlds.definition(world.manual)}})
    assert 'specification' not in made
    assert (made['completedConfig'], made['errorConfig']) == (None, {})


@pytest.mark.parametrize('definition', [
    {}, {'StartAt': 'A'}, {'StartAt': 'A', 'States': {}},
    {'StartAt': 'A', 'States': {'B': {'Type': 'Task', 'Resource': 'T', 'End': True}}},
    {'StartAt': 'A', 'States': {'A': {'Type': 'Task', 'Resource': 'T'}}},
    {'StartAt': 'A', 'States': {'A': {'Type': 'Task', 'Resource': 'T', 'Next': 'B'}}},
    {'StartAt': 'A', 'States': {'A': {'Type': 'Task', 'End': True}}},
    {'StartAt': 'A', 'States': {'A': {'Type': 'Map', 'End': True}}},
    {'StartAt': 'A', 'States': {'A': {'Type': 'Choice', 'Choices': []}}},
    {'StartAt': 'A', 'States': {'A': {'Type': 'Choice', 'Choices': [{'Next': 'B'}]}}},
    {'StartAt': 'A', 'States': {'A': []}},
    {'StartAt': 'A', 'States': []},
])
def test_definition_that_makes_no_sense_is_refused(api, world, definition):
    for state in dict(definition.get('States', {})).values():
        if isinstance(state, dict) and state.get('Resource') == 'T':
            state['Resource'] = world.manual
    api.refused(400, 'POST', '/workflows', {'specification': {'definition': definition}},
                names='definition')


def test_definition_with_a_choice_is_taken(api, world):
    api.post('/workflows', {'specification': {'definition': {'StartAt': 'A', 'States': {
        'A': {'Type': 'Task', 'Resource': world.manual, 'Next': 'B'},
        'B': {'Type': 'Choice', 'Choices': [
            {'Variable': '$.a', 'BooleanEquals': True, 'Next': 'A'},
            {'Variable': '$.a', 'BooleanEquals': False, 'End': True}]}}}}})


class Flow:
    """A workflow of one manual step."""

    def __init__(self, api):
        self.api = api
        self.transition = api.post('/transitions', {'transitionType': 'manual'})['transitionId']
        self.workflow = api.post('/workflows', {'specification': {
            'definition': worlds.definition(self.transition)}})['workflowId']
        self.runs = '/workflows/%s/executions' % self.workflow
        self.tasks = '/transitions/%s/executions' % self.transition

    def run(self, **given):
        return self.api.post(self.runs, {'input': given})

    def claim(self):
        return self.api.post(self.tasks, {})


@pytest.fixture
def flow(api):
    return Flow(api)


def test_execution_makes_a_task_that_waits(api, flow):
    run = flow.run(a=1)
    assert (run['status'], run['input'], run['output'], run['endTime']) == (
        'running', {'a': 1}, {}, None)
    (tasks,) = run['transitionExecutions'].values()
    task = api.get('%s/%s' % (flow.tasks, tasks[0]))
    assert (task['status'], task['startTime'], task['endTime']) == ('running', None, None)
    assert (task['input'], task['completedBy']) == ({'a': 1}, None)
    assert api.get('/workflows/' + flow.workflow)['numberOfRunningExecutions'] == 1


def test_claims_take_the_oldest_first_and_each_once(api, flow):
    runs = [flow.run(n=n) for n in range(3)]
    claimed = [flow.claim() for _ in runs]
    assert [c['input']['n'] for c in claimed] == [0, 1, 2]
    assert all(c['startTime'] for c in claimed)
    api.refused(404, 'POST', flow.tasks, {})


def test_claim_without_a_body_is_taken(api, flow):
    flow.run()
    assert api.raw('POST', flow.tasks).status_code == 200


@pytest.mark.parametrize('body', [
    {'status': 'succeeded', 'output': {'a': [1, 2.5, None]}},
    {'status': 'failed', 'error': {'message': 'no'}},
    {'status': 'rejected', 'error': {'message': 'no'}},
    {'status': 'retry', 'error': {'message': 'again'}}])
def test_patch_ends_a_task(api, flow, body):
    flow.run()
    path = '%s/%s' % (flow.tasks, flow.claim()['executionId'])
    ended = api.patch(path, body)
    assert ended['status'] == body['status']
    assert ended['endTime'] >= ended['startTime']
    assert ended['completedBy'].startswith('las:app-client:')
    assert 'output' not in ended and 'error' not in ended
    api.refused(400, 'PATCH', path, body, names='ended')
    api.refused(400, 'POST', path + '/heartbeats', {}, names='ended')


@pytest.mark.parametrize('body,name', [
    ({'status': 'succeeded'}, 'output'), ({'status': 'failed'}, 'error'),
    ({'status': 'retry', 'output': {}}, 'error'), ({'status': 'running'}, 'status'),
    ({'status': None}, 'status'), ({'output': {}}, 'status'),
    ({'status': 'failed', 'error': {}}, 'error.message'),
    ({'status': 'failed', 'error': {'message': 'x', 'code': 1}}, 'error.code'),
    ({'status': 'succeeded', 'output': []}, 'output'),
    ({'status': 'succeeded', 'output': {}, 'input': {}}, 'input'),
    ({'startTime': 'yesterday'}, 'startTime'),
    ({'startTime': '2021-08-16T12:53:13-0200'}, 'startTime'),
    ({'startTime': '2021-18-16T12:53:13Z'}, 'startTime')])
def test_patch_that_makes_no_sense_is_refused(api, flow, body, name):
    flow.run()
    path = '%s/%s' % (flow.tasks, flow.claim()['executionId'])
    api.refused(400, 'PATCH', path, body, names=name)
    assert api.get(path)['endTime'] is None


@pytest.mark.parametrize('time,utc', [
    ('2021-08-16T12:53:13.374930+0000', '2021-08-16T12:53:13.374930+0000'),
    ('2021-08-16 12:53:13Z', '2021-08-16T12:53:13.000000+0000'),
    ('20210816125313+02:00', '2021-08-16T10:53:13.000000+0000')])
def test_start_time_is_replaced_and_told_in_utc(api, flow, time, utc):
    flow.run()
    path = '%s/%s' % (flow.tasks, flow.claim()['executionId'])
    assert api.patch(path, {'startTime': time, 'status': 'succeeded', 'output': {}})[
        'startTime'] == utc


def test_retry_puts_a_new_task_in_its_place(api, flow):
    run = flow.run(a=1)
    first = flow.claim()['executionId']
    api.patch('%s/%s' % (flow.tasks, first), {'status': 'retry', 'error': {'message': 'x'}})
    again = flow.claim()
    assert again['executionId'] != first
    assert again['input'] == {'a': 1}
    assert list(api.get('%s/%s' % (flow.runs, run['executionId']))[
        'transitionExecutions'].values()) == [[first, again['executionId']]]


def test_heartbeat_is_204_without_a_body(api, flow):
    flow.run()
    path = '%s/%s/heartbeats' % (flow.tasks, flow.claim()['executionId'])
    for more in ({'json': {}}, {}):
        answer = api.raw('POST', path, **more)
        assert (answer.status_code, answer.content) == (204, b'')


def test_execution_is_given_up(api, flow):
    run = '%s/%s' % (flow.runs, flow.run()['executionId'])
    ended = api.patch(run, {'nextTransitionId': 'las:transition:commons-failed'})
    assert ended['status'] == 'failed'
    assert ended['endTime'] and len(ended['completedBy']) == 1
    assert api.get('/workflows/' + flow.workflow)['numberOfRunningExecutions'] == 0
    api.refused(404, 'POST', flow.tasks, {})
    api.refused(400, 'PATCH', run, {'nextTransitionId': flow.transition}, names='ended')


def test_execution_goes_on_only_at_its_own_steps(api, flow):
    run = '%s/%s' % (flow.runs, flow.run(a=1)['executionId'])
    api.refused(400, 'PATCH', run, {'nextTransitionId': Flow(api).transition}, names='no step')
    api.refused(404, 'PATCH', run, {'nextTransitionId': server.new_id('transition')})
    assert flow.claim()['input'] == {'a': 1}


def test_deleted_execution_takes_its_task_along(api, flow):
    run = flow.run()['executionId']
    api.delete('%s/%s' % (flow.runs, run))
    api.refused(404, 'GET', '%s/%s' % (flow.runs, run))
    api.refused(404, 'POST', flow.tasks, {})
    assert api.get('/workflows/' + flow.workflow)['numberOfRunningExecutions'] == 0


def test_deleting_a_workflow_deletes_its_executions(api, flow):
    run = flow.run()['executionId']
    api.delete('/workflows/' + flow.workflow)
    api.refused(404, 'GET', '%s/%s' % (flow.runs, run))
    api.refused(404, 'GET', flow.runs)
    api.refused(404, 'POST', flow.tasks, {})


@pytest.mark.parametrize('size,status', [(200 << 10, 200), (256 << 10, 400)])
def test_input_has_a_largest_size(api, flow, size, status):
    answer = api.raw('POST', flow.runs, json={'input': {'a': 'x' * size}})
    assert answer.status_code == status
    assert status == 200 or 'input' in answer.json()['message']


def test_each_task_has_a_log(api, flow):
    run = flow.run()['executionId']
    task = flow.claim()
    api.patch('%s/%s' % (flow.tasks, task['executionId']), {'status': 'succeeded', 'output': {}})
    log = api.get('/logs/' + task['logId'])
    assert log['transitionExecutionId'] == task['executionId']
    assert (log['transitionId'], log['workflowId'], log['workflowExecutionId']) == (
        flow.transition, flow.workflow, run)
    assert [e['message'] for e in log['events']] == [
        'created', 'started', 'succeeded', 'the execution has ended: succeeded']
    times = [e['timestamp'] for e in log['events']]
    assert times == sorted(times)
