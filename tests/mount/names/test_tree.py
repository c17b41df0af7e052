"""All thirteen directories at the top are walked and read, and say what the API says."""
import base64
import datetime
import json
import os
import stat

import pytest

from samples import pdf

TOP = ['appClients', 'assets', 'consents', 'datasets', 'documents', 'logs', 'models',
       'organizations', 'predictions', 'secrets', 'transitions', 'users', 'workflows']
CONSENT = 'las:consent:' + '0123456789abcdef' * 2
SPECIFICATION = {'language': 'ASL', 'version': '1.0.0'}


def fill(api):
    """One of each resource that a client can make; where each stands in the mount -> its id."""
    made = {}

    def make(path, id_field, **body):
        made[path] = api.post(path, **body)[id_field]
        return made[path]

    make('appClients', 'appClientId', name='robot', description='does things')
    make('assets', 'assetId', name='component', content=base64.b64encode(b'hello').decode())
    dataset = make('datasets', 'datasetId', name='invoices', description='of 2026')
    document = make('documents', 'documentId', content=base64.b64encode(pdf(2000)).decode(),
                    contentType='application/pdf', datasetId=dataset, consentId=CONSENT,
                    groundTruth=[{'label': 'total', 'value': '12.50'}])
    model = make('models', 'modelId', name='reader', width=512, height=512,
                 fieldConfig={'total': {'type': 'amount', 'maxLength': 20, 'description': 'sum'}},
                 preprocessConfig={'autoRotate': False, 'imageQuality': 'HIGH', 'maxPages': 2})
    make(f'models/{model}/dataBundles', 'dataBundleId', name='first', datasetIds=[dataset])
    make('secrets', 'secretId', name='registry', data={'username': 'u', 'password': 'p'})
    transition = make('transitions', 'transitionId', name='check', transitionType='manual',
                      inputJsonSchema={'$schema': 'https://json-schema.org/draft-04/schema#',
                                       'title': 'in'}, parameters={})
    make('users', 'userId', email='person@example.com', appClientId=made['appClients'])
    definition = {'StartAt': 'check', 'States': {'check': {
        'Type': 'Task', 'Resource': transition, 'End': True}}}
    workflow = make('workflows', 'workflowId', name='flow',
                    specification={**SPECIFICATION, 'definition': definition},
                    errorConfig={'email': 'person@example.com', 'manualRetry': True})
    make(f'workflows/{workflow}/executions', 'executionId', input={'documentId': document})
    made['organizations'] = 'me'
    return made


@pytest.fixture
def filled(mount, api):
    api.made = fill(api)
    return mount


def instant(text):
    return datetime.datetime.strptime(text.replace('Z', '+0000'), '%Y-%m-%dT%H:%M:%S.%f%z'
                                      if '.' in text else '%Y-%m-%dT%H:%M:%S%z').timestamp()


def as_text(value):
    if value is None:
        return ''
    if isinstance(value, bool):
        return 'true\n' if value else 'false\n'
    return f'{value}\n'


def check_resource(folder, answer):
    """folder has a file for each field of the answer, with its value, and resource.json."""
    assert stat.S_ISDIR(os.stat(folder).st_mode)
    names = os.listdir(folder)
    assert len(names) == len(set(names))
    answer = {k: v for k, v in answer.items() if k != 'content'}
    assert json.loads((folder / 'resource.json').read_text()) == answer
    for field, value in answer.items():
        if field == 'avatar':
            continue  # a picture, in resource.json alone
        if isinstance(value, (dict, list)) or value is None and f'{field}.json' in names:
            assert json.loads((folder / f'{field}.json').read_text() or 'null') == value, field
            assert f'{field}.json' in names
        else:
            assert (folder / field).read_text() == as_text(value), field
            assert field in names


def test_the_top_has_the_collections_and_a_readme(mount):
    assert sorted(set(os.listdir(mount.path)) - {'.lasfs'}) == sorted(TOP + ['README'])


def test_the_top_costs_no_request(mount):
    with mount.server.watch() as seen:
        mount.run('ls -la . && cat README')
    assert not seen.all
    with mount.server.watch() as seen:
        mount.run('df . && df .')
    assert [r.path for r in seen.all] in ([], ['/organizations/me'])  # its figure, asked beside it


@pytest.mark.parametrize('top', [t for t in TOP if t not in ('appClients', 'organizations')])
def test_an_empty_collection_is_listed(mount, top):
    assert os.listdir(mount / top) == []


def test_app_clients_are_those_of_the_server(mount, api):
    """There is one at least: the one that asks."""
    ids = [c['appClientId'] for c in api.list('appClients')]
    assert ids and sorted(os.listdir(mount / 'appClients')) == sorted(ids)


def test_organizations_has_the_one_that_one_belongs_to(mount, api):
    names = os.listdir(mount / 'organizations')
    assert names in (['me'], [api.get('organizations/me')['organizationId']])


def test_everything_is_walked_and_read(filled):
    ran = filled.run(r'find . -path ./.lasfs -prune -o -type f -perm -u+r -print0 '
                     r'| xargs -0 cat > /dev/null')
    assert ran.err == ''
    ran = filled.run('find . -print | sort | uniq -d')
    assert ran.out == '', 'listed twice'


def test_a_whole_tree_can_be_copied_out(filled, tmp_path):
    filled.run(f'cp -r models users assets datasets {tmp_path}/')
    assert any((tmp_path / 'models').iterdir())


@pytest.mark.parametrize('collection', ['assets', 'datasets', 'documents', 'models', 'transitions',
                                        'users', 'workflows'])
def test_a_resource_is_a_directory_of_its_fields(filled, api, collection):
    path = f'{collection}/{api.made[collection]}'
    check_resource(filled / path, api.get(path))


@pytest.mark.parametrize('collection', ['appClients', 'secrets'])
def test_a_resource_that_only_lists_show_is_one_too(filled, api, collection):
    answers = [a for a in api.list(collection) if api.made[collection] in a.values()]
    check_resource(filled / collection / api.made[collection], answers[0])


def test_a_collection_below_a_resource(filled, api):
    model = api.made['models']
    path = f'models/{model}/dataBundles'
    assert os.listdir(filled / path) == [api.made[path]]
    check_resource(filled / path / api.made[path], api.list(path)[0])


def test_executions_of_a_workflow(filled, api):
    path = f'workflows/{api.made["workflows"]}/executions'
    assert os.listdir(filled / path) == [api.made[path]]
    check_resource(filled / path / api.made[path], api.get(f'{path}/{api.made[path]}'))


def test_executions_of_a_transition(filled, api):
    path = f'transitions/{api.made["transitions"]}/executions'
    there = api.list(path)
    assert sorted(os.listdir(filled / path)) == sorted(e['executionId'] for e in there)
    for execution in there:
        check_resource(filled / path / execution['executionId'],
                       api.get(f'{path}/{execution["executionId"]}'))


def test_logs(filled, api):
    there = api.list('logs')
    assert sorted(os.listdir(filled / 'logs')) == sorted(log['logId'] for log in there)
    for log in there:
        check_resource(filled / 'logs' / log['logId'], api.get('logs/' + log['logId']))


def test_logs_below_what_they_are_about(filled, api):
    for parent in (f'workflows/{api.made["workflows"]}',
                   f'transitions/{api.made["transitions"]}'):
        kind = 'workflowId' if parent.startswith('workflows') else 'transitionId'
        there = api.list('logs', **{kind: parent.partition('/')[2]})
        assert sorted(os.listdir(filled / parent / 'logs')) == sorted(log['logId'] for log in there)


def test_predictions(filled, api):
    there = api.list('predictions')
    assert sorted(os.listdir(filled / 'predictions')) == sorted(p['predictionId'] for p in there)


def test_consents_are_those_that_documents_carry(filled, api):
    assert os.listdir(filled / 'consents') == [CONSENT]
    assert os.listdir(filled / 'consents' / CONSENT / 'documents') == [api.made['documents']]


def test_any_well_formed_consent_resolves(filled):
    other = 'las:consent:' + 'f' * 32
    assert os.listdir(filled / 'consents' / other / 'documents') == []
    assert not os.path.exists(filled / 'consents/las:consent:short')


def test_documents_of_a_dataset_are_filtered(filled, api):
    other = api.add_document(pdf(2001))
    filled.refresh()
    path = filled / 'datasets' / api.made['datasets'] / 'documents'
    assert os.listdir(path) == [api.made['documents']]
    assert set(os.listdir(filled / 'documents')) == {api.made['documents'], other}


def test_secrets_show_no_data(filled, api):
    folder = filled / 'secrets' / api.made['secrets']
    assert 'password' not in (folder / 'resource.json').read_text()
    assert oct(os.stat(folder / 'data.json').st_mode & 0o777) == oct(0o200)


def test_what_is_never_given_back_is_not_there(filled, api):
    folder = filled / 'workflows' / api.made['workflows']
    assert 'specification.json' not in os.listdir(folder)


@pytest.mark.parametrize('collection', ['assets', 'datasets', 'documents', 'models', 'users',
                                        'workflows', 'transitions'])
def test_times_are_those_of_the_api(filled, api, collection):
    path = f'{collection}/{api.made[collection]}'
    answer = api.get(path)
    st = os.stat(filled / path)
    made = instant(answer['createdTime'])
    changed = instant(answer['updatedTime']) if answer.get('updatedTime') else made
    assert abs(st.st_ctime - made) < 0.001
    assert abs(st.st_mtime - changed) < 0.001


def test_a_change_shows_in_the_mtime(filled, api):
    path = f'datasets/{api.made["datasets"]}'
    filled.run('echo new > description', cwd=filled / path)
    answer = api.get(path)
    assert answer['updatedTime'], 'the server says when it was changed'
    assert abs(os.stat(filled / path).st_mtime - instant(answer['updatedTime'])) < 0.001


def test_sizes_of_what_does_not_change_are_exact(filled, api):
    folder = filled / 'documents' / api.made['documents']
    (folder / 'content').read_bytes()
    assert os.stat(folder / 'content').st_size == 2000
    folder = filled / 'assets' / api.made['assets']
    (folder / 'content').read_bytes()
    assert os.stat(folder / 'content').st_size == 5


def test_sizes_of_fields_are_those_of_the_newest_known_version(filled, api):
    folder = filled / 'datasets' / api.made['datasets']
    text = (folder / 'description').read_text()
    assert os.stat(folder / 'description').st_size == len(text)


def test_directories_have_one_link(filled, api):
    for path in ('.', 'datasets', f'datasets/{api.made["datasets"]}'):
        assert os.stat(filled / path).st_nlink == 1


def test_owner_and_modes_are_the_mounting_users(filled, api):
    st = os.stat(filled / 'datasets' / api.made['datasets'])
    assert (st.st_uid, st.st_gid) == (os.getuid(), os.getgid())
    assert oct(st.st_mode) == oct(stat.S_IFDIR | 0o700)
    st = os.stat(filled / 'datasets' / api.made['datasets'] / 'name')
    assert oct(st.st_mode) == oct(stat.S_IFREG | 0o600)


@pytest.mark.parametrize('collection', ['organizations', 'predictions', 'logs'])
def test_a_collection_without_delete_refuses_rmdir(filled, api, collection):
    filled.allow('not permitted')
    names = os.listdir(filled / collection)
    if collection == 'organizations':
        assert names
    for name in names:
        with pytest.raises(PermissionError):
            os.rmdir(filled / collection / name)


def test_extended_attributes_cost_no_request(filled, api):
    folder = filled / 'datasets' / api.made['datasets']
    os.stat(folder)
    with filled.server.watch() as seen:
        with pytest.raises(OSError):
            os.getxattr(folder, 'security.capability')
        with pytest.raises(OSError):
            os.getxattr(folder, 'system.posix_acl_access')
    assert not seen.all
