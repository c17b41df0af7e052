"""Ids are opaque: words, '@', `cradl:`, and another organization's before a '/', in a path and in a URL."""
import json
import os
import re

import pytest

from mounted import eventually
from samples import pdf

pytestmark = pytest.mark.server('--api', '2024')

OWNER = 'las:organization:cradl'
THEIRS = f'{OWNER}/las:model:invoice'
NAME = THEIRS.replace('/', '%2F')
WIRE = f'/models/{NAME}'


@pytest.fixture
def shared(lasfs, proxy, api):
    """A mount of a server where another organization's model may be used."""
    model = api.post('models', name='reader', fieldConfig={'total': {'type': 'amount', 'maxLength': 9}})
    theirs = {**model, 'modelId': 'las:model:invoice', 'name': 'invoices of all', 'organizationId': OWNER}

    def rows(data):
        return json.dumps({'models': [theirs], 'nextToken': None}).encode()

    proxy.fault('GET', WIRE, status=200, body=json.dumps(theirs).encode())
    proxy.fault('PATCH', WIRE, status=200, body=json.dumps(theirs).encode())
    one = lasfs(server=proxy)
    one.proxy, one.rows, one.model = proxy, rows, model['modelId']
    yield one
    proxy.clear()


def asked(proxy, mark, verb):
    return [(p.path, json.loads(p.body) if p.body else None) for p in proxy.since(mark) if p.verb == verb]


def test_another_organization_s_model_is_a_directory(shared):
    folder = shared / 'models' / NAME
    assert (folder / 'name').read_text() == 'invoices of all\n'
    assert {'inbox', 'trainings', 'resource.json'} <= set(os.listdir(folder))
    mark = shared.proxy.mark()
    (folder / 'description').write_text('used here\n')
    assert asked(shared.proxy, mark, 'PATCH') == [(WIRE, {'description': 'used here'})]


@pytest.mark.parametrize('name', [NAME.replace('%2F', '%2f'), NAME.replace('las:model', '..'),
                                  NAME + '%2Fx', OWNER + '%2F..', '%2E%2E%2Fx', NAME.replace(':', '%3A')])
def test_other_spellings_lead_nowhere(shared, name):
    mark = shared.proxy.mark()
    assert not os.path.exists(shared / 'models' / name)
    assert all(re.fullmatch('/(models|oauth2/token)', p.path) for p in shared.proxy.since(mark))


def test_what_owns_a_list_is_an_index(shared, api):
    own = api.get('organizations/me')['organizationId']
    assert os.listdir(shared / 'models/.by-owner') == [own]
    assert os.listdir(shared / 'models/.by-owner/me') == [shared.model]
    shared.proxy.fault('GET', '/models', edit=shared.rows)
    mark = shared.proxy.mark()
    assert os.listdir(shared / f'models/.by-owner/{OWNER}') == [NAME]
    assert [p.query for p in shared.proxy.since(mark) if p.path == '/models'][0].endswith(
        'owner=' + OWNER.replace(':', '%3A'))
    link = shared / f'models/.by-owner/{OWNER}/{NAME}'
    assert os.readlink(link) == f'../../{NAME}'
    assert (link / 'name').read_text() == 'invoices of all\n'


def test_a_change_leaves_it_in_the_index(lasfs, api):
    """Within list_ttl, from the list that is remembered."""
    one = lasfs('list_ttl=60')
    own, model = api.get('organizations/me')['organizationId'], api.post(
        'models', name='reader', fieldConfig={'total': {'type': 'amount', 'maxLength': 9}})['modelId']
    folders = [one / f'models/.by-owner/{owner}' for owner in ('me', own)]
    for folder in folders:
        assert os.listdir(folder) == [model if folder.name == 'me' else f'{own}%2F{model}']
    (one / f'models/{model}/description').write_text('used here\n')
    for folder in folders:
        assert len(os.listdir(folder)) == 1
    other = api.post('models', name='other', fieldConfig={'total': {'type': 'amount', 'maxLength': 9}})['modelId']
    (one / f'models/{other}/description').write_text('used here\n')
    assert len(os.listdir(folders[0])) == 2


def test_an_owner_that_the_server_does_not_know_has_nothing(shared):
    assert os.listdir(shared / f'models/.by-owner/{OWNER}') == []


def test_a_listing_has_such_ids_as_names(shared):
    def edit(data):
        page = json.loads(data)
        page['models'] += [{**page['models'][0], 'modelId': i, 'name': None} for i in (
            THEIRS, 'cradl:model:words_and-more', 'las:organization:x/..', '../../etc')]
        return json.dumps(page).encode()
    shared.proxy.fault('GET', '/models', edit=edit)
    assert set(os.listdir(shared / 'models')) == {shared.model, NAME, 'cradl:model:words_and-more'}
    assert set(os.listdir(shared / 'models/.by-id')) == {shared.model, NAME, 'cradl:model:words_and-more'}
    assert os.readlink(shared / f'models/.by-id/{NAME}') == f'../{NAME}'
    assert len(shared.run('ls -l models').out.splitlines()) == 4


def test_a_listing_by_names_has_such_ids_too(shared):
    """Whose own word is too short for a short id, and which have no name."""
    def edit(data):
        page = json.loads(data)
        page['models'] += [{**page['models'][0], 'modelId': THEIRS, 'name': None}]
        return json.dumps(page).encode()
    shared.unmount()
    shared.options.append('list=names')
    shared.start()
    shared.proxy.fault('GET', '/models', edit=edit)
    assert NAME in os.listdir(shared / 'models') and len(os.listdir(shared / 'models')) == 2
    assert NAME in os.listdir(shared / 'models/.by-name')


@pytest.mark.parametrize('body, sent', [('{}', {}), ('{"maxPages": 2}', {'maxPages': 2})])
def test_a_model_is_asked_by_that_path(shared, api, body, sent):
    document = api.add_document(pdf(700))
    answer = {'predictionId': 'las:prediction:' + 'a' * 32, 'documentId': document, 'modelId': THEIRS,
              'inferenceTime': 1.0, 'predictions': [{'label': 'total', 'value': '1', 'confidence': 1.0}]}
    shared.proxy.fault('POST', '/predictions', status=200, body=json.dumps(answer).encode())
    mark = shared.proxy.mark()
    path = shared / f'documents/{document}/predictions/{NAME}.json'
    path.write_text(body)
    assert asked(shared.proxy, mark, 'POST') == [
        ('/predictions', {'documentId': document, 'modelId': THEIRS, **sent})]
    assert json.loads(path.read_text())['modelId'] == THEIRS


def test_its_inbox_predicts_by_it_over_a_remount_too(shared, api):
    asks = {'predictions': [{'label': 'total', 'value': '1', 'confidence': 1.0}],
            'predictionId': 'las:prediction:' + 'a' * 32, 'documentId': 'las:document:' + 'b' * 32,
            'modelId': THEIRS, 'inferenceTime': 1.0}
    shared.proxy.fault('POST', '/predictions', status=200, body=json.dumps(asks).encode())
    shared.may_leave = True  # the answers are here alone
    for name in ('a.pdf', 'b.pdf'):
        mark = shared.proxy.mark()
        (shared / f'models/{NAME}/inbox/{name}').write_bytes(pdf(700 + ord(name[0])))
        eventually(lambda: os.path.exists(shared / f'models/{NAME}/inbox/{name}.json'))
        assert [b['modelId'] for p, b in asked(shared.proxy, mark, 'POST') if p == '/predictions'] == [THEIRS]
        shared.unmount()
        shared.start()
    assert {'a.pdf', 'b.pdf', 'a.pdf.json'} <= set(os.listdir(shared / f'models/{NAME}/inbox'))


def test_what_stands_below_it_is_addressed_by_it(shared):
    training = {'trainingId': 'las:model-training:x', 'modelId': THEIRS, 'name': 't', 'status': 'succeeded'}
    shared.proxy.fault('POST', WIRE + '/trainings', status=200, body=json.dumps(training).encode())
    shared.proxy.fault('GET', WIRE + '/trainings/las:model-training:x', status=200,
                       body=json.dumps(training).encode())
    (shared / f'models/{NAME}/trainings/t.json').write_text('{}')
    assert (shared / f'models/{NAME}/trainings/t/status').read_text() == 'succeeded\n'
    shared.unmount()
    shared.start()
    assert (shared / f'models/{NAME}/trainings/t/status').read_text() == 'succeeded\n'


@pytest.mark.parametrize('plan', ['las:plan:basic:@latest', 'las:plan:basic:7', OWNER + '/las:plan:x'])
def test_plans_have_versions(lasfs, proxy, api, plan):
    name = plan.replace('/', '%2F')
    row = {**api.get('plans')['plans'][0], 'planId': plan, 'name': 'b'}
    proxy.fault('GET', '/plans', status=200, body=json.dumps({'plans': [row], 'nextToken': None}).encode())
    proxy.fault('GET', '/plans/' + name, status=200, body=json.dumps(row).encode())
    one = lasfs(server=proxy)
    assert os.listdir(one / 'plans') == [name]
    assert (one / 'plans' / name / 'planId').read_text() == plan + '\n'
    proxy.clear()
