"""Today's lists and states: executions by their start, what is completed, organizations."""
import json
import os
from datetime import datetime, timedelta

import pytest

from mounted import eventually
from samples import pdf

pytestmark = pytest.mark.server('--api', '2024')

DEFINITION = {'StartAt': 'Look', 'States': {'Look': {'Type': 'Task', 'Resource': None, 'End': True}}}


@pytest.fixture
def executions(mount, api):
    """executions(n): those of a workflow that ends by itself, as the API has them, once they have ended."""
    transition = api.post('transitions', transitionType='docker', parameters={'imageUrl': 'x'},
                          name='convert')['transitionId']
    DEFINITION['States']['Look']['Resource'] = transition
    workflow = api.post('workflows', name='flow', specification={
        'definition': DEFINITION, 'language': 'ASL', 'version': '1.0.0'})['workflowId']
    mount.folder_of = mount / 'workflows/flow/executions'

    def make(n):
        path = f'workflows/{workflow}/executions'
        for i in range(n):
            api.post(path, input={'n': i})
        return eventually(lambda: [e for e in [api.list(path, 'executions')]
                                   if all(x['status'] == 'succeeded' for x in e)])[0]
    return make


def links(folder):
    return sorted(os.readlink(folder / n).rpartition('/')[2] for n in os.listdir(folder))


def test_executions_are_found_by_their_start(mount, api, executions):
    made = sorted(executions(3), key=lambda e: e['startTime'])
    middle, first = made[1]['startTime'], made[0]
    ids = [e['executionId'] for e in made]
    assert links(mount.folder_of / '.by-fromStartTime' / middle) == sorted(ids[1:])
    assert links(mount.folder_of / '.by-toStartTime' / first['startTime']) == ids[:1]
    later = (datetime.fromisoformat(middle.replace('+0000', '+00:00')) + timedelta(days=1)).isoformat()
    assert links(mount.folder_of / '.by-fromStartTime' / later) == []
    with pytest.raises(FileNotFoundError):
        os.listdir(mount.folder_of / '.by-fromStartTime/yesterday')
    os.rmdir(mount.folder_of / ids[2])
    assert links(mount.folder_of / '.by-fromStartTime' / middle) == ids[1:2]


def test_what_was_fetched_is_completed_and_may_be_succeeded_again(mount, api, executions):
    one, = executions(1)
    path = f"workflows/{one['workflowId']}/executions/{one['executionId']}"
    status = mount.folder_of / one['executionId'] / 'status'
    for word in ('completed', 'succeeded'):
        mount.run(f'echo {word} > ./workflows/flow/executions/{one["executionId"]}/status')
        assert api.get(path)['status'] == word
        assert status.read_text() == word + '\n'
        mount.refresh()
        assert links(mount.folder_of / '.by-status' / word) == [one['executionId']]


def test_organizations_are_listed_where_the_server_lists_them(mount, api):
    own = [o['organizationId'] for o in api.get('organizations')['organizations']]
    assert json.loads((mount / 'organizations/me/resource.json').read_text())['organizationId'] in own
    listed = os.listdir(mount / 'organizations')
    assert 'me' in listed or own[0] in listed
    for name in own:
        assert json.loads((mount / 'organizations' / name / 'resource.json').read_text())['organizationId'] == name


def test_organizations_have_the_indexes_of_every_list(mount, api):
    own = api.get('organizations/me')
    os.mkdir(mount / 'organizations/second')
    ids = {o['name']: o['organizationId'] for o in api.list('organizations')}
    folder = mount / 'organizations'
    assert {n: os.readlink(folder / '.by-name' / n) for n in os.listdir(folder / '.by-name')} == {
        name: f'../{i}' for name, i in ids.items()}
    assert sorted(os.listdir(folder / '.by-id')) == sorted(ids.values())
    assert (folder / '.by-name' / own['name'] / 'organizationId').read_text().strip() == own['organizationId']
    assert [json.loads(line) for line in (folder / '.list.jsonl').read_text().splitlines()] == \
        api.list('organizations')
    assert not [n for n in os.listdir(folder) if n.startswith('.')]


@pytest.mark.parametrize('name', ['.by-name', '.by-id', '.list.jsonl'])
def test_what_is_listed_to_nobody_has_no_index(lasfs, proxy, name):
    mount = lasfs(server=proxy)
    proxy.fault('GET', '/organizations', status=403, body=b'{"message": "Forbidden"}')
    assert not (mount / 'organizations' / name).exists()
    assert mount.errors() == ''


def test_configurations_of_a_model_go_through(mount, api):
    config = {'strategy': 'BEST_N_PAGES', 'parameters': {'n': 3, 'collapse': True}, 'outputFormat': 'v2'}
    (mount / 'models/m.json').write_text(json.dumps({'fieldConfig': {}, 'postprocessConfig': config}))
    model, = api.list('models')
    assert model['postprocessConfig'] == config
    (mount / 'models/m/postprocessConfig.json').write_text('{"strategy": "BEST_FIRST"}')
    assert api.get('models/' + model['modelId'])['postprocessConfig'] == {'strategy': 'BEST_FIRST'}


def test_mkdir_makes_an_organization(mount, api):
    with mount.server.watch() as seen:
        os.mkdir(mount / 'organizations/second')
    made, = [o for o in api.list('organizations') if o['name'] == 'second']
    assert [(r.verb, r.path) for r in seen.changes] == [('POST', '/organizations')]
    assert (mount / 'organizations/second/organizationId').read_text().strip() == made['organizationId']
    with pytest.raises(FileExistsError):
        os.mkdir(mount / 'organizations/second')
    os.rename(mount / 'organizations/second', mount / 'organizations/third')
    (mount / 'organizations/third/description').write_text('of two\n')
    changed = api.get('organizations/' + made['organizationId'])
    assert (changed['name'], changed['description']) == ('third', 'of two')
    mount.allow('rmdir .*organizations/third')
    with pytest.raises(PermissionError):
        os.rmdir(mount / 'organizations/third')
    assert len(api.list('organizations')) == 2


def test_where_organizations_are_not_for_app_clients_it_is_refused(lasfs, proxy, api):
    mount = lasfs(server=proxy)
    proxy.fault('POST', '/organizations', status=403, body=b'{"message": "Forbidden"}')
    mount.allow('mkdir /organizations/second: Permission denied')
    with pytest.raises(PermissionError):
        os.mkdir(mount / 'organizations/second')
    assert not (mount / 'organizations/second').exists()
    assert len(api.list('organizations')) == 1


@pytest.mark.parametrize('status', [403, 404])
def test_where_organizations_are_listed_to_nobody_one_s_own_is_there(lasfs, proxy, api, status):
    mount = lasfs(server=proxy)
    proxy.fault('GET', '/organizations', status=status, body=b'{"message": "Forbidden"}')
    assert os.listdir(mount / 'organizations') == ['me']
    assert os.listdir(mount / 'organizations') == ['me']
    assert (mount / 'organizations/me/name').read_text() == 'lasfs-sandbox\n'
    assert not (mount / 'organizations/third').exists()
    assert len(proxy.since(0, 'GET', '/organizations')) <= 2  # the second with a fresh token
    os.mkdir(mount / 'organizations/second')
    assert sorted(os.listdir(mount / 'organizations')) == ['me', 'second']
    assert [o['name'] for o in api.list('organizations')] == ['lasfs-sandbox', 'second']
    assert mount.errors() == ''


def test_a_model_of_one_s_own_is_there_by_its_whole_id(mount, api):
    own = api.get('organizations/me')['organizationId']
    model = api.post('models', name='reader', fieldConfig={'total': {'type': 'amount', 'maxLength': 9}})['modelId']
    folder = mount / f'models/{own}%2F{model}'
    assert (folder / 'name').read_text() == 'reader\n'
    (folder / 'description').write_text('by its whole id\n')
    assert api.get('models/' + model)['description'] == 'by its whole id'
    (folder / 'trainings/one.json').write_text('{}')
    one, = eventually(lambda: [t for t in api.list(f'models/{model}/trainings', 'trainings')
                               if t['status'] == 'succeeded'])
    (folder / 'trainingId').write_text(one['trainingId'] + '\n')
    document = api.add_document(pdf(700))
    path = mount / f'documents/{document}/predictions/{own}%2F{model}.json'
    path.write_text('{}')
    assert json.loads(path.read_text())['predictions']
    assert not (mount / f'models/las:organization:other%2F{model}').exists()
