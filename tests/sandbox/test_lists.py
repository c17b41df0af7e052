"""Lists: pages, their tokens, filters, order; and the DELETE of many."""
import pytest

import sandbox_server as server


def make_document(api, **fields):
    return api.post('/documents', dict({'content': server.PDF, 'contentType': 'application/pdf'},
                                       **fields))['documentId']


def ids(page, key='documents', name='documentId'):
    return [item[name] for item in page[key]]


@pytest.fixture
def filled(start):
    """A server of its own with 25 documents; their ids in the order they were made."""
    api = start().client()
    api.documents = [make_document(api) for _ in range(25)]
    return api


def test_list_is_in_the_order_of_creation(filled):
    page = filled.get('/documents')
    assert ids(page) == filled.documents
    assert page['nextToken'] is None
    times = [d['createdTime'] for d in page['documents']]
    assert times == sorted(set(times))


@pytest.mark.parametrize('most', [1, 7, 24, 25, 26])
def test_pages_have_everything_once(filled, most):
    pages = list(filled.pages('/documents', maxResults=most))
    assert all(len(p['documents']) <= most for p in pages)
    assert sum((ids(p) for p in pages), []) == filled.documents
    assert len(pages) == -(-25 // most)


def test_page_size_is_the_largest_page_and_the_usual_one(start):
    api = start('--page-size', '5').client()
    made = [make_document(api) for _ in range(7)]
    assert ids(api.get('/documents')) == made[:5]
    assert ids(api.get('/documents', maxResults=1000)) == made[:5]
    assert ids(api.get('/documents', maxResults=3)) == made[:3]


def test_a_usual_page_has_100(start):
    api = start().client()
    for n in range(101):
        api.post('/datasets', {'name': f'd{n}'})
    assert len(api.get('/datasets')['datasets']) == 100
    assert len(api.get('/datasets', maxResults=1000)['datasets']) == 101


def test_items_have_no_content(filled):
    assert all('content' not in d for d in filled.get('/documents')['documents'])
    filled.post('/assets', {'content': server.PDF})
    assert 'content' not in filled.get('/assets')['assets'][0]


def test_paging_goes_on_when_what_was_listed_is_deleted(filled):
    seen = []
    for page in filled.pages('/documents', maxResults=4):
        seen += ids(page)
        for document in ids(page):
            filled.delete('/documents/' + document)
    assert seen == filled.documents


def test_paging_skips_what_is_deleted_ahead_and_sees_what_comes(filled):
    first = filled.get('/documents', maxResults=10)
    for document in filled.documents[10:15]:
        filled.delete('/documents/' + document)
    new = make_document(filled)
    rest = filled.get('/documents', nextToken=first['nextToken'])
    assert ids(rest) == filled.documents[15:] + [new]


@pytest.mark.parametrize('token', ['foo', '!', '%00', 'MXwyfDM', 'x' * 4096,
                                   'MTZ8MXxsYXM6ZG9jdW1lbnQ6YQ'])
def test_unknown_token_is_refused(filled, token):
    filled.refused(400, 'GET', '/documents', params={'nextToken': token}, names='nextToken')


def test_token_of_another_list_is_refused(filled):
    token = filled.get('/documents', maxResults=1)['nextToken']
    filled.refused(400, 'GET', '/datasets', params={'nextToken': token}, names='nextToken')


def test_token_says_nothing_of_the_row(filled):
    token = filled.get('/documents', maxResults=1)['nextToken']
    assert filled.documents[0] not in token
    assert len(token) <= 4096


@pytest.mark.parametrize('value', ['0', '-1', 'x', '1.5', '1e3'])
def test_max_results_must_be_a_number(filled, value):
    filled.refused(400, 'GET', '/documents', params={'maxResults': value}, names='maxResults')


# --- Filters ------------------------------------------------------------------------------------


@pytest.fixture
def sorted_out(start):
    api = start().client()
    api.sets = [api.post('/datasets', {})['datasetId'] for _ in range(3)]
    api.consents = [server.new_id('consent') for _ in range(2)]
    api.made = {(d, c): make_document(api, datasetId=d, consentId=c)
                for d in api.sets for c in api.consents}
    api.loose = make_document(api)
    return api


def test_filter_by_one_value_is_echoed_as_an_array(sorted_out):
    api, one = sorted_out, sorted_out.sets[1]
    page = api.get('/documents', datasetId=one)
    assert ids(page) == [api.made[one, c] for c in api.consents]
    assert page['datasetId'] == [one]
    assert 'consentId' not in page


def test_filter_by_repeated_values_takes_any_of_them(sorted_out):
    api = sorted_out
    page = api.get('/documents', datasetId=[api.sets[2], api.sets[0]])
    assert ids(page) == [api.made[d, c] for d in (api.sets[0], api.sets[2]) for c in api.consents]
    assert page['datasetId'] == [api.sets[2], api.sets[0]]


def test_two_filters_must_both_hold(sorted_out):
    api = sorted_out
    page = api.get('/documents', datasetId=api.sets[:2], consentId=api.consents[0])
    assert ids(page) == [api.made[d, api.consents[0]] for d in api.sets[:2]]
    assert page['consentId'] == [api.consents[0]]


def test_filtered_list_is_paged(sorted_out):
    api = sorted_out
    pages = list(api.pages('/documents', consentId=api.consents, maxResults=4))
    assert sum((ids(p) for p in pages), []) == [api.made[d, c] for d in api.sets
                                                for c in api.consents]


def test_filter_that_nothing_has_gives_an_empty_list(sorted_out):
    page = sorted_out.get('/documents', datasetId=server.new_id('dataset'))
    assert (page['documents'], page['nextToken']) == ([], None)


def test_filter_must_look_like_what_it_is(sorted_out):
    sorted_out.refused(400, 'GET', '/documents', params={'datasetId': 'x'}, names='datasetId')
    sorted_out.refused(400, 'GET', '/transitions', params={'transitionType': 'x'},
                       names='transitionType')


def test_ids_may_be_encoded_or_not(sorted_out):
    api, one = sorted_out, sorted_out.sets[0]
    for spelled in (one, one.replace(':', '%3A')):
        r = api.session.get(api.api + '/documents?datasetId=' + spelled)
        assert len(r.json()['documents']) == 2
        assert api.session.get(api.api + '/datasets/' + spelled).status_code == 200


def test_transitions_are_filtered_by_type(start):
    api = start().client()
    manual = api.post('/transitions', {'transitionType': 'manual'})['transitionId']
    docker = api.post('/transitions', {'transitionType': 'docker',
                                       'parameters': {'imageUrl': 'x'}})['transitionId']
    page = api.get('/transitions', transitionType='manual')
    assert ids(page, 'transitions', 'transitionId') == [manual]
    assert page['transitionType'] == ['manual']
    page = api.get('/transitions', transitionType=['manual', 'docker'])
    assert ids(page, 'transitions', 'transitionId') == [manual, docker]


# --- DELETE of many -----------------------------------------------------------------------------


def test_delete_of_many_answers_what_it_deleted(sorted_out):
    api, one = sorted_out, sorted_out.sets[0]
    page = api.delete('/documents', datasetId=one)
    assert ids(page) == [api.made[one, c] for c in api.consents]
    assert (page['nextToken'], page['datasetId']) == (None, [one])
    assert len(api.get('/documents')['documents']) == 5
    assert api.get('/datasets/' + one)['numberOfDocuments'] == 0


def test_delete_of_many_goes_on_with_the_token_of_what_is_gone(filled):
    gone, token = [], None
    while True:
        page = filled.delete('/documents', maxResults=10, nextToken=token)
        gone += ids(page)
        token = page['nextToken']
        if token is None:
            break
    assert gone == filled.documents
    assert filled.get('/documents')['documents'] == []


def test_delete_of_many_takes_a_page_at_most(start):
    api = start('--page-size', '3').client()
    made = [make_document(api) for _ in range(5)]
    page = api.delete('/documents')
    assert ids(page) == made[:3]
    assert page['nextToken']
    assert ids(api.get('/documents')) == made[3:]


# --- Executions, logs ---------------------------------------------------------------------------


@pytest.fixture
def runs(start):
    api = start().client()
    api.transition = api.post('/transitions', {'transitionType': 'manual'})['transitionId']
    api.workflow = api.post('/workflows', {'specification': {'definition': {
        'StartAt': 'A', 'States': {'A': {'Type': 'Task', 'Resource': api.transition,
                                         'End': True}}}}})['workflowId']
    api.base = '/workflows/%s/executions' % api.workflow
    api.runs = [api.post(api.base, {'input': {'n': n}})['executionId'] for n in range(4)]
    return api


def run_ids(page):
    return ids(page, 'executions', 'executionId')


def test_executions_are_listed_newest_first(runs):
    page = runs.get(runs.base)
    assert run_ids(page) == runs.runs[::-1]
    assert page['workflowId'] == runs.workflow
    assert 'order' not in page


def test_executions_are_listed_in_the_order_that_is_asked_for(runs):
    page = runs.get(runs.base, order='ascending', sortBy='startTime')
    assert run_ids(page) == runs.runs
    assert (page['order'], page['sortBy']) == ('ascending', 'startTime')
    assert run_ids(runs.get(runs.base, order='descending')) == runs.runs[::-1]


def test_executions_are_sorted_by_their_end(runs):
    for n in (2, 0):
        runs.patch('%s/%s' % (runs.base, runs.runs[n]),
                   {'nextTransitionId': 'las:transition:commons-failed'})
    page = runs.get(runs.base, sortBy='endTime', order='ascending', status='failed')
    assert run_ids(page) == [runs.runs[2], runs.runs[0]]
    pages = list(runs.pages(runs.base, sortBy='endTime', order='descending', maxResults=1))
    assert [run_ids(p)[0] for p in pages][2:] == [runs.runs[0], runs.runs[2]]


def test_executions_are_filtered_by_several_states(runs):
    runs.patch('%s/%s' % (runs.base, runs.runs[1]),
               {'nextTransitionId': 'las:transition:commons-failed'})
    assert run_ids(runs.get(runs.base, status='failed')) == [runs.runs[1]]
    page = runs.get(runs.base, status=['failed', 'running'])
    assert run_ids(page) == runs.runs[::-1]
    assert page['status'] == ['failed', 'running']


def test_pages_newest_first_have_everything_once(runs):
    pages = list(runs.pages(runs.base, maxResults=3))
    assert sum((run_ids(p) for p in pages), []) == runs.runs[::-1]


@pytest.mark.parametrize('params', [{'order': 'x'}, {'sortBy': 'x'}, {'status': 'x'}])
def test_what_executions_are_not_sorted_by_is_refused(runs, params):
    runs.refused(400, 'GET', runs.base, params=params, names=next(iter(params)))


def test_transition_executions_are_filtered_by_id(runs):
    base = '/transitions/%s/executions' % runs.transition
    every = run_ids(runs.get(base))
    assert len(every) == 4
    page = runs.get(base, executionId=every[1:3])
    assert run_ids(page) == every[1:3]
    assert page['transitionId'] == runs.transition
    assert 'executionId' not in page


def test_logs_are_filtered_by_what_they_are_of(runs):
    for name, value, n in (('workflowId', runs.workflow, 4), ('transitionId', runs.transition, 4),
                           ('workflowExecutionId', runs.runs[0], 1),
                           ('workflowId', server.new_id('workflow'), 0)):
        page = runs.get('/logs', **{name: value})
        assert len(page['logs']) == n
        assert page[name] == value
    ascending = runs.get('/logs', order='ascending')
    assert ascending['order'] == 'ascending'
    assert ascending['logs'] == runs.get('/logs')['logs'][::-1]


def test_list_of_large_items_has_short_pages(start):
    """A page is cut before it would be larger than what answers may be."""
    api = start().client()
    made = [api.post('/users', {'email': 'a%d@b.cd' % n, 'avatar': 'x' * 131072})['userId']
            for n in range(60)]
    pages = list(api.pages('/users', maxResults=100))
    assert len(pages) == 2
    assert sum((ids(p, 'users', 'userId') for p in pages), []) == made
