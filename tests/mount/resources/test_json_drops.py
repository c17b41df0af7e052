"""A file NAME.json that is put into a collection becomes a resource: its text is the body."""
import base64
import contextlib
import json
import os
import sqlite3
import stat
import subprocess

import pytest

from mounted import eventually
from rest import Refused
from samples import pdf

FIELDS = {'total': {'type': 'amount', 'maxLength': 20}}
MODEL = {'width': 400, 'height': 600, 'fieldConfig': FIELDS}
MANUAL = {'transitionType': 'manual'}


def definition(transition):
    return {'StartAt': 'step', 'States': {'step': {'Type': 'Task', 'Resource': transition,
                                                   'End': True}}}


def activate(api, model):
    """However long the server takes to train it."""
    api.patch(f'models/{model}', status='training')
    if not api.get(f'models/{model}')['status'] == 'active':
        try:
            eventually(lambda: api.get(f'models/{model}')['status'] == 'active', 5)
        except AssertionError:
            api.patch(f'models/{model}', status='active')


def put(mount, path, body):
    """As a program does that writes a file: one open, one write, one close."""
    text = body if isinstance(body, str) else json.dumps(body, indent=1)
    (mount / path).write_text(text)
    return text


@pytest.fixture
def transition(api):
    return api.post('transitions', name='checking', **MANUAL)['transitionId']


@pytest.fixture
def workflow(api, transition):
    return api.post('workflows', name='flow', specification={
        'definition': definition(transition)})['workflowId']


@pytest.fixture
def model(api):
    return api.post('models', name='receipts', **MODEL)['modelId']


# --- Making ----------------------------------------------------------------------------------------

BODIES = {
    'models': MODEL,
    'secrets': {'data': {'username': 'u', 'password': 'p'}},
    'transitions': MANUAL,
    'appClients': {'description': 'made'},
    'datasets': {'description': 'made', 'retentionInDays': 30},
}


@pytest.mark.parametrize('collection', BODIES)
def test_a_json_file_becomes_a_resource_of_its_name(mount, api, collection):
    with mount.server.watch() as seen:
        put(mount, f'{collection}/mine.json', BODIES[collection])
    assert [(r.verb, r.path) for r in seen.changes] == [('POST', f'/{collection}')]
    made = [r for r in api.list(collection) if r['name'] == 'mine']
    assert len(made) == 1


@pytest.mark.parametrize('collection', BODIES)
def test_the_name_in_the_body_goes_before_the_files(mount, api, collection):
    put(mount, f'{collection}/mine.json', {**BODIES[collection], 'name': 'its own'})
    assert [r['name'] for r in api.list(collection) if r['name'] in ('mine', 'its own')] == \
        ['its own']


def test_a_users_name_is_the_email(mount, api):
    put(mount, 'users/somebody@example.com.json', {'name': 'Some Body'})
    user = [u for u in api.list('users') if u['email'] == 'somebody@example.com']
    assert [u['name'] for u in user] == ['Some Body']
    assert (mount / 'users/somebody@example.com/name').read_text() == 'Some Body\n'


def test_a_data_bundle_takes_datasets_by_name(mount, api, model):
    one, two = api.add_dataset('one'), api.add_dataset('two')
    put(mount, f'models/{model}/dataBundles/first.json', {'datasetIds': ['one', two]})
    bundle, = api.list(f'models/{model}/dataBundles')
    assert bundle['name'] == 'first'
    assert [d['datasetId'] for d in bundle['datasets']] == [one, two]


def test_a_prediction_takes_a_document_and_a_model_by_name(mount, api, model):
    activate(api, model)
    (mount / 'documents/scan.pdf').write_bytes(pdf(3000))
    document = api.only_document()['documentId']
    with mount.server.watch() as seen:
        put(mount, 'predictions/one.json', {'documentId': 'scan.pdf', 'modelId': 'receipts'})
    assert seen.count('POST', '/predictions') == 1
    prediction, = api.list('predictions')
    assert (prediction['documentId'], prediction['modelId']) == (document, model)
    assert json.loads((mount / 'predictions/one/resource.json').read_text()) == prediction


def test_the_answer_to_a_prediction_is_kept_over_a_remount(mount, api, model):
    activate(api, model)
    document = api.add_document(pdf(3000))
    put(mount, 'predictions/one.json', {'documentId': document, 'modelId': model})
    mount.remount()
    with mount.server.watch() as seen:
        answer = json.loads((mount / 'predictions/one/resource.json').read_text())
    assert answer == api.list('predictions')[0]
    assert not seen.all, 'a prediction does not change: its answer is asked for once'


def test_a_workflow_takes_the_whole_body(mount, api, transition):
    put(mount, 'workflows/flow.json', {'specification': {
        'definition': definition(transition), 'language': 'ASL', 'version': '1.0.0'}})
    assert [w['name'] for w in api.list('workflows')] == ['flow']


@pytest.mark.parametrize('wrap', [lambda d: d, lambda d: {'definition': d, 'description': 'd'}])
def test_a_workflow_takes_the_bare_definition_with_a_transition_by_name(mount, api, transition,
                                                                         wrap):
    put(mount, 'workflows/flow.json', wrap(definition('checking')))
    workflow, = api.list('workflows')
    assert workflow['name'] == 'flow'
    with pytest.raises(Refused) as refused:
        api.delete(f'transitions/{transition}')
    assert 'in use' in refused.value.message


@pytest.mark.parametrize('body', [{'a': 1}, {'input': {'a': 1}}])
def test_an_execution_of_a_workflow_is_made_from_its_input(mount, api, workflow, body):
    put(mount, f'workflows/{workflow}/executions/job.json', body)
    execution, = api.list(f'workflows/{workflow}/executions')
    assert execution['input'] == {'a': 1}
    assert json.loads((mount / f'workflows/{workflow}/executions/job/input.json').read_text()) == \
        {'a': 1}


def test_a_json_file_in_a_transitions_executions_claims_one(mount, api, transition, workflow):
    api.post(f'workflows/{workflow}/executions', input={'a': 1})
    put(mount, f'transitions/{transition}/executions/job.json', {})
    execution, = api.list(f'transitions/{transition}/executions')
    assert execution['startTime']
    assert (mount / f'transitions/{transition}/executions/job/executionId').read_text() == \
        execution['executionId'] + '\n'


# --- What is there then ----------------------------------------------------------------------------

def test_the_file_keeps_its_bytes_over_a_remount(mount, api):
    text = put(mount, 'models/mine.json', '{ "width": 400,\n"height": 600, "fieldConfig": {}}')
    before = os.stat(mount / 'models/mine.json')
    assert (mount / 'models/mine.json').read_text() == text
    mount.remount()
    after = os.stat(mount / 'models/mine.json')
    assert (mount / 'models/mine.json').read_text() == text
    assert (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    assert after.st_size == len(text)


def test_the_listing_has_it_once_and_its_directory_is_there_by_path(mount, api):
    put(mount, 'models/mine.json', MODEL)
    other = api.post('models', name='other', **MODEL)['modelId']
    mount.refresh()
    assert sorted(os.listdir(mount / 'models')) == sorted(['mine.json', other])
    model = [m for m in api.list('models') if m['name'] == 'mine'][0]
    assert json.loads((mount / 'models/mine/resource.json').read_text()) == model
    assert (mount / 'models/mine.json').is_file() and (mount / 'models/mine').is_dir()


def test_what_is_deleted_elsewhere_is_gone_here(mount, api):
    put(mount, 'models/mine.json', MODEL)
    api.delete('models/' + api.list('models')[0]['modelId'])
    mount.refresh()
    eventually(lambda: not (mount / 'models/mine.json').exists())
    assert not (mount / 'models/mine').exists()
    assert os.listdir(mount / 'models') == []


def test_rm_deletes_the_resource(mount, api):
    put(mount, 'models/mine.json', MODEL)
    with mount.server.watch() as seen:
        mount.run('rm models/mine.json')
    assert [r.verb for r in seen.changes] == ['DELETE']
    assert api.list('models') == []
    assert os.listdir(mount / 'models') == []


def test_rmdir_of_its_directory_deletes_the_resource_and_the_file(mount, api):
    put(mount, 'models/mine.json', MODEL)
    mount.run('rmdir models/mine')
    assert api.list('models') == []
    assert os.listdir(mount / 'models') == []


def test_rm_of_what_the_api_cannot_delete_takes_the_name_away(mount, api, transition, workflow):
    api.post(f'workflows/{workflow}/executions', input={})
    folder = mount / f'transitions/{transition}/executions'
    put(mount, f'transitions/{transition}/executions/job.json', {})
    execution, = api.list(f'transitions/{transition}/executions')
    with mount.server.watch() as seen:
        (folder / 'job.json').unlink()
    assert not seen.changes
    assert os.listdir(folder) == [execution['executionId']]


# --- Writing again ---------------------------------------------------------------------------------

def test_the_same_bytes_send_nothing(mount, api):
    text = put(mount, 'models/mine.json', MODEL)
    with mount.server.watch() as seen:
        put(mount, 'models/mine.json', text)
    assert not seen.changes


def test_overwriting_sends_what_differs_in_one_patch(mount, api):
    put(mount, 'models/mine.json', {**MODEL, 'description': 'first'})
    with mount.server.watch() as seen:
        text = put(mount, 'models/mine.json', {**MODEL, 'description': 'second', 'width': 500})
    assert [r.verb for r in seen.changes] == ['PATCH']
    model, = api.list('models')
    assert (model['description'], model['width'], model['height']) == ('second', 500, 600)
    assert (mount / 'models/mine.json').read_text() == text


def test_what_differs_is_what_differs_from_the_server_now(mount, api):
    """Not from what is remembered of it: somebody else has changed it a moment ago."""
    put(mount, 'models/mine.json', {**MODEL, 'description': 'first'})
    model, = api.list('models')
    (mount / 'models/mine/description').read_text()
    api.patch('models/' + model['modelId'], description='theirs', width=500)
    put(mount, 'models/mine.json', {**MODEL, 'description': 'first', 'height': 700})
    now, = api.list('models')
    assert (now['description'], now['width'], now['height']) == ('first', MODEL['width'], 700)
    api.patch('models/' + model['modelId'], description='theirs')
    (mount / 'models/mine/resource.json').write_text('{"description": "first"}')
    assert api.list('models')[0]['description'] == 'first'


def test_another_spelling_of_the_same_body_sends_nothing_and_is_kept(mount, api):
    put(mount, 'models/mine.json', MODEL)
    with mount.server.watch() as seen:
        text = put(mount, 'models/mine.json', json.dumps(MODEL, indent=7))
    assert not seen.changes
    mount.remount()
    assert (mount / 'models/mine.json').read_text() == text


def test_sed_i_changes_a_field_though_the_rest_cannot_be_changed(mount, api, transition):
    put(mount, 'workflows/flow.json', {'description': 'old', 'specification': {
        'definition': definition(transition)}})
    with mount.server.watch() as seen:
        mount.run("sed -i 's/\"old\"/\"new\"/' workflows/flow.json")
    assert [r.verb for r in seen.changes] == ['PATCH']
    workflow, = api.list('workflows')
    assert workflow['description'] == 'new'


def test_a_change_of_what_cannot_be_changed_is_refused_by_name(mount, api, transition):
    mount.may_leave = True
    mount.allow('specification')
    put(mount, 'workflows/flow.json', definition('checking'))
    other = api.post('transitions', name='other', **MANUAL)['transitionId']
    with pytest.raises(OSError) as refused:
        put(mount, 'workflows/flow.json', definition(other))
    assert refused.value.errno == 22
    assert 'specification cannot be changed' in mount.errors()


def test_a_file_whose_resource_is_gone_makes_it_anew(mount, api):
    put(mount, 'models/mine.json', MODEL)
    api.delete('models/' + api.list('models')[0]['modelId'])
    put(mount, 'models/mine.json', {**MODEL, 'description': 'again'})
    model, = api.list('models')
    assert (model['name'], model['description']) == ('mine', 'again')


def test_appending_works_on_what_was_dropped(mount, api):
    put(mount, 'models/mine.json', MODEL)
    with mount.server.watch() as seen:
        mount.run('echo >> models/mine.json')
    assert not seen.changes
    assert (mount / 'models/mine.json').read_text() == json.dumps(MODEL, indent=1) + '\n'


# --- Names -----------------------------------------------------------------------------------------

def test_mv_renames_the_file_and_the_name_that_came_from_it(mount, api):
    put(mount, 'models/mine.json', MODEL)
    with mount.server.watch() as seen:
        mount.run('mv models/mine.json models/yours.json')
    assert [r.verb for r in seen.changes] == ['PATCH']
    assert [m['name'] for m in api.list('models')] == ['yours']
    assert os.listdir(mount / 'models') == ['yours.json']
    assert (mount / 'models/yours/name').read_text() == 'yours\n'


def test_mv_leaves_a_name_that_the_body_gave(mount, api):
    put(mount, 'models/mine.json', {**MODEL, 'name': 'its own'})
    with mount.server.watch() as seen:
        mount.run('mv models/mine.json models/yours.json')
    assert not seen.changes
    assert [m['name'] for m in api.list('models')] == ['its own']


def test_mv_of_the_directory_renames_the_file(mount, api):
    put(mount, 'models/mine.json', MODEL)
    mount.run('mv -T models/mine models/yours')
    assert [m['name'] for m in api.list('models')] == ['yours']
    assert os.listdir(mount / 'models') == ['yours.json']


def test_mv_of_a_data_bundles_file_renames_it(mount, api, model):
    api.add_dataset('one')
    put(mount, f'models/{model}/dataBundles/first.json', {'datasetIds': ['one']})
    mount.run(f'mv ./models/{model}/dataBundles/first.json ./models/{model}/dataBundles/2nd.json')
    assert [b['name'] for b in api.list(f'models/{model}/dataBundles')] == ['2nd']


@pytest.mark.parametrize('how', [
    'cp {0} models/mine.json',
    'cat {0} > models/mine.json',
    'rsync -a {0} models/mine.json',
    'install -m 600 {0} models/mine.json',
    'cp {0} models/.mine.json.swp && mv models/.mine.json.swp models/mine.json',
])
def test_each_way_of_writing_it_is_one_post(mount, api, tmp_path, how):
    (tmp_path / 'mine.json').write_text(json.dumps(MODEL))
    with mount.server.watch() as seen:
        mount.run(how.format(tmp_path / 'mine.json'))
    assert [r.verb for r in seen.changes] == ['POST']
    assert [m['name'] for m in api.list('models')] == ['mine']
    assert (mount / 'models/mine.json').read_text() == json.dumps(MODEL)


def test_rsync_twice_sends_nothing_the_second_time(mount, api, tmp_path):
    source = tmp_path / 'source'
    source.mkdir()
    for name in 'abc':
        (source / f'{name}.json').write_text(json.dumps(MODEL))
    mount.run(f'rsync -a {source}/ models/')
    mount.remount()
    with mount.server.watch() as seen:
        mount.run(f'rsync -a {source}/ models/')
    assert not seen.changes
    assert sorted(m['name'] for m in api.list('models')) == ['a', 'b', 'c']


EDITORS = {
    'vim': ['vim', '-u', 'NONE', '-N', '-es', '-c', '%s/first/second/', '-c', 'wq', '{}'],
    'vim renaming': ['vim', '-u', 'NONE', '-N', '-es', '-c', 'set backup backupcopy=no backupskip=',
                     '-c', '%s/first/second/', '-c', 'wq', '{}'],
    'sed': ['sed', '-i', 's/first/second/', '{}'],
    'perl': ['perl', '-pi', '-e', 's/first/second/', '{}'],
    'ed': ['sh', '-c', "printf '%%s/first/second/\\nw\\nq\\n' | ed -s {}"],
    'jq and sponge': ['sh', '-c', 'jq \'.description = "second"\' {0} | sponge {0}'],
    'emacs': ['emacs', '-Q', '--batch', '{}', '--eval',
              '(progn (replace-string "first" "second") (save-buffer))'],
}


@pytest.mark.parametrize('editor', EDITORS)
def test_an_editor_changes_the_resource_in_one_patch(mount, api, editor):
    put(mount, 'models/mine.json', {**MODEL, 'description': 'first'})
    model, = api.list('models')
    with mount.server.watch() as seen:
        subprocess.run([a.replace('{}', 'mine.json').replace('{0}', 'mine.json')
                        for a in EDITORS[editor]], cwd=mount / 'models', check=True,
                       stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
                       env={**os.environ, 'LC_ALL': 'C.UTF-8', 'HOME': str(mount.home)})
    mount.may_leave = True  # an editor's backup
    assert [r.verb for r in seen.changes] == ['PATCH']
    now, = api.list('models')
    assert (now['modelId'], now['description']) == (model['modelId'], 'second')
    assert json.loads((mount / 'models/mine.json').read_text())['description'] == 'second'


@pytest.mark.options('list=names')
def test_listed_by_names_it_is_there_once(mount, api):
    put(mount, 'models/mine.json', MODEL)
    api.post('models', name='other', **MODEL)
    mount.refresh()
    assert sorted(os.listdir(mount / 'models')) == ['mine.json', 'other']


@pytest.mark.options('nodelete')
def test_nodelete_keeps_it(mount, api):
    mount.allow('nodelete')
    put(mount, 'models/mine.json', MODEL)
    with pytest.raises(PermissionError):
        (mount / 'models/mine.json').unlink()
    put(mount, 'models/mine.json', {**MODEL, 'description': 'changed'})
    assert [m['description'] for m in api.list('models')] == ['changed']


def test_a_dataset_from_json_is_a_folder_like_any_other(mount, api):
    mount.allow('documents in it')
    put(mount, 'datasets/mine.json', {'retentionInDays': 30})
    (mount / 'datasets/mine/documents/scan.pdf').write_bytes(pdf(3000))
    document = api.only_document()
    assert document['datasetId'] == api.dataset_called('mine')['datasetId']
    with pytest.raises(OSError) as refused:
        (mount / 'datasets/mine.json').unlink()
    assert refused.value.errno in (39, 16)
    (mount / 'datasets/mine/documents/scan.pdf').unlink()
    (mount / 'datasets/mine.json').unlink()
    assert api.list('datasets') == []


def test_twenty_programs_at_once_make_one_each(mount, api):
    mount.run("seq 20 | xargs -P 20 -I{} sh -c 'echo \"$BODY\" > datasets/d{}.json'",
              BODY=json.dumps({'description': 'd'}))
    assert sorted(d['name'] for d in api.list('datasets')) == sorted(f'd{n}' for n in range(1, 21))
    assert len(os.listdir(mount / 'datasets')) == 20


def test_a_user_is_made_by_mkdir(mount, api):
    mount.run('mkdir users/person@example.com')
    assert 'person@example.com' in [u['email'] for u in api.list('users')]
    assert (mount / 'users/person@example.com/email').read_text() == 'person@example.com\n'


# --- Refusals --------------------------------------------------------------------------------------

@pytest.mark.parametrize('text', ['no JSON', '[1]', '{"width": 1}', '{"width": 1, "nonsense": 2}'])
def test_a_body_that_is_refused_fails_close_and_is_kept(mount, api, text):
    mount.may_leave = True
    mount.allow('models/bad.json')
    with pytest.raises(OSError) as refused:
        put(mount, 'models/bad.json', text)
    assert refused.value.errno == 22
    assert api.list('models') == []
    failed, = os.listdir(mount / '.lasfs/failed')
    assert failed.endswith('-bad.json')
    assert (mount / '.lasfs/failed' / failed).read_text() == text
    assert 'models/bad.json' in mount.errors()


def test_the_apis_own_words_are_in_errors(mount, api):
    mount.may_leave = True
    mount.allow('models/bad.json')
    with pytest.raises(OSError):
        put(mount, 'models/bad.json', {**MODEL, 'width': 5})
    with pytest.raises(Refused) as refused:
        api.post('models', **{**MODEL, 'width': 5})
    assert refused.value.message in mount.errors()


def test_retry_makes_it_from_what_was_kept(lasfs, api, proxy):
    mount = lasfs(server=proxy)
    mount.allow('models/mine.json')
    rule = proxy.fault('POST', '/models', status=400, message='not now')
    with pytest.raises(OSError):
        put(mount, 'models/mine.json', MODEL)
    assert 'not now' in (mount / 'models/mine.json.error.txt').read_text()
    proxy.rules.remove(rule)
    mount.run('echo "retry $(ls .lasfs/failed)" > .lasfs/control')
    assert [m['name'] for m in api.list('models')] == ['mine']
    assert os.listdir(mount / 'models') == ['mine.json']


def test_writing_it_again_supersedes_what_was_refused(mount, api):
    mount.allow('models/mine.json')
    with pytest.raises(OSError):
        put(mount, 'models/mine.json', 'no JSON')
    put(mount, 'models/mine.json', MODEL)
    assert [m['name'] for m in api.list('models')] == ['mine']
    assert os.listdir(mount / '.lasfs/failed') == []


@pytest.mark.parametrize('name', ['models/mine.txt', 'models/mine', 'secrets/x.yaml',
                                  'workflows/.json'])
def test_a_file_of_another_name_cannot_be_made(mount, api, name):
    mount.allow('NAME.json')
    with mount.server.watch() as seen:
        with pytest.raises(PermissionError):
            put(mount, name, MODEL)
    assert not seen.changes


def test_an_ambiguous_name_in_a_body_is_refused(mount, api, model):
    mount.may_leave = True
    mount.allow('first.json')
    one, two = api.add_dataset('same'), api.add_dataset('same')
    with pytest.raises(OSError):
        put(mount, f'models/{model}/dataBundles/first.json', {'datasetIds': ['same']})
    assert one in mount.errors() and two in mount.errors()
    assert api.list(f'models/{model}/dataBundles') == []


def test_an_unknown_name_in_a_body_is_refused_by_name(mount, api, model):
    mount.may_leave = True
    mount.allow('first.json')
    with pytest.raises(OSError) as refused:
        put(mount, f'models/{model}/dataBundles/first.json', {'datasetIds': ['nowhere']})
    assert refused.value.errno == 22
    assert 'there is no datasets called nowhere' in mount.errors()


@pytest.mark.options('ro')
def test_ro_refuses_it(mount, api):
    mount.allow('read-only')
    with pytest.raises(OSError) as refused:
        put(mount, 'models/mine.json', MODEL)
    assert refused.value.errno == 30


# --- Names for ids in fields -----------------------------------------------------------------------

def test_a_structured_field_takes_names(mount, api):
    asset = api.post('assets', name='form', content='aGk=')['assetId']
    transition = api.post('transitions', name='t', **MANUAL)['transitionId']
    (mount / f'transitions/{transition}/assets.json').write_text('{"jsRemoteComponent": "form"}')
    assert api.get(f'transitions/{transition}')['parameters']['assets'] == \
        {'jsRemoteComponent': asset}


def test_resource_json_takes_names(mount, api):
    dataset, document = api.add_dataset('one'), api.add_document(pdf(2000))
    path = mount / f'documents/{document}/resource.json'
    with mount.server.watch() as seen:
        path.write_text('{"datasetId": "one"}')
        path.write_text('{"datasetId": "one"}')
    assert [r.verb for r in seen.changes] == ['PATCH']
    assert api.get(f'documents/{document}')['datasetId'] == dataset


def test_what_was_dropped_is_a_name_too(mount, api):
    put(mount, 'datasets/one.json', {'name': 'called otherwise'})
    document = api.add_document(pdf(2000))
    mount.run(f'echo one > ./documents/{document}/datasetId')
    assert api.get(f'documents/{document}')['datasetId'] == api.list('datasets')[0]['datasetId']


def test_a_name_may_be_a_path_below_the_collection(mount, api, model):
    activate(api, model)
    mount.run('mkdir documents/2026-11')
    (mount / 'documents/2026-11/scan.pdf').write_bytes(pdf(3000))
    document = api.only_document()['documentId']
    put(mount, 'predictions/one.json', {'documentId': '2026-11/scan.pdf', 'modelId': model})
    assert api.list('predictions')[0]['documentId'] == document


@pytest.mark.parametrize('name', ['with blanks', 'ümlaut 漢字', '-dash', 'a.b', 'x' * 250])
def test_the_name_is_what_the_file_is_called(mount, api, name):
    put(mount, f'models/{name}.json', MODEL)
    assert [m['name'] for m in api.list('models')] == [name]
    assert (mount / f'models/{name}/name').read_text() == name + '\n'


def test_a_daemon_that_dies_after_close_has_lost_nothing(mount, api):
    text = put(mount, 'models/mine.json', MODEL)
    reader = open(mount / 'models/mine.json')
    mount.kill()
    with contextlib.suppress(OSError):
        reader.close()
    mount.start()
    assert os.listdir(mount / 'models') == ['mine.json']
    assert (mount / 'models/mine.json').read_text() == text
    with mount.server.watch() as seen:
        put(mount, 'models/mine.json', text)
    assert not seen.changes


def test_what_is_gone_leaves_no_text_in_the_state(mount, api, model):
    marker = 'a description to look for'
    api.add_dataset('one')
    put(mount, f'models/{model}/dataBundles/first.json',
        {'datasetIds': ['one'], 'description': marker})
    put(mount, 'models/mine.json', {**MODEL, 'description': marker})
    mount.run(f'rm models/mine.json; rmdir ./models/{model}')
    mount.unmount()
    for path in mount.state.rglob('*'):
        if path.is_file() and path.read_bytes()[:6] == b'SQLite':
            with sqlite3.connect(path) as base:
                assert marker not in '\n'.join(base.iterdump())
                break
    else:
        raise AssertionError('there is no database')


# --- appClients ------------------------------------------------------------------------------------

@pytest.mark.parametrize('how', ['mkdir appClients/robot', "echo '{}' > appClients/robot.json"])
def test_what_only_the_post_answers_is_readable_until_unmount(mount, api, how):
    mount.run(how)
    path = mount / 'appClients/robot/clientSecret'
    secret = path.read_text().strip()
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o400
    assert 'clientSecret' in os.listdir(mount / 'appClients/robot')
    assert secret not in (mount / 'appClients/robot/resource.json').read_text()
    client_id = (mount / 'appClients/robot/clientId').read_text().strip()
    answer = api.session.post(mount.server.auth_endpoint + '/token',
                              params={'grant_type': 'client_credentials'},
                              auth=(client_id, secret))
    assert answer.status_code == 200, 'it is the secret that the API gave'
    mount.unmount()
    for found in mount.folder.rglob('*'):
        if found.is_file() and not found.is_symlink():
            assert secret.encode() not in found.read_bytes(), found
    mount.start()
    assert not path.exists()
    assert (mount / 'appClients/robot/name').read_text() == 'robot\n'


# --- Users -----------------------------------------------------------------------------------------

@pytest.fixture
def user(api):
    return api.post('users', email='a@example.com')['userId']


def test_an_avatar_is_its_bytes(mount, api, user, tmp_path):
    picture = b'\xff\xd8\xff\xe0' + os.urandom(5000) + b'\xff\xd9'
    (tmp_path / 'me.jpg').write_bytes(picture)
    with mount.server.watch() as seen:
        mount.run(f'cp {tmp_path}/me.jpg ./users/{user}/avatar.jpg')
    assert [r.verb for r in seen.changes] == ['PATCH']
    assert base64.b64decode(api.get(f'users/{user}')['avatar']) == picture
    mount.refresh()
    assert (mount / f'users/{user}/avatar.jpg').read_bytes() == picture


def test_an_empty_avatar_is_null(mount, api, user):
    api.patch(f'users/{user}', avatar='/9j/4AAQ')
    assert (mount / f'users/{user}/avatar.jpg').read_bytes() == b'\xff\xd8\xff\xe0\x00\x10'
    mount.run(f'truncate -s 0 ./users/{user}/avatar.jpg')
    assert api.get(f'users/{user}')['avatar'] is None


def test_an_avatar_that_is_too_large_is_efbig_at_write(mount, api, user):
    mount.allow('avatar')
    fd = os.open(mount / f'users/{user}/avatar.jpg', os.O_WRONLY)
    with mount.server.watch() as seen:
        try:
            with pytest.raises(OSError) as refused:
                os.write(fd, b'x' * 98305)
        finally:
            os.close(fd)
    assert refused.value.errno == 27
    assert not seen.changes


def test_the_fields_of_ones_own_organization(mount, api):
    organization = api.get('organizations/me')
    folder = mount / 'organizations/me'
    assert (folder / 'monthlyNumberOfDocumentsAllowed').read_text().strip() == \
        str(organization['monthlyNumberOfDocumentsAllowed'])
    mount.run("echo '{\"name\": \"n\", \"description\": \"d\"}' > organizations/me/resource.json")
    organization = api.get('organizations/me')
    assert (organization['name'], organization['description']) == ('n', 'd')
