"""A server that speaks today's API, --api 2024: what it has more is there as files."""
import errno
import io
import json
import os

import pytest
from PIL import Image

from mounted import eventually
from samples import pdf

pytestmark = pytest.mark.server('--api', '2024', '--model-time', '0.2')

TODAY = {'deploymentEnvironments', 'paymentMethods', 'plans', 'profiles', 'roles'}


def test_what_today_s_api_has_is_listed(mount):
    assert TODAY <= set(os.listdir(mount / '.'))


@pytest.mark.parametrize('collection', ['roles', 'plans', 'deploymentEnvironments'])
def test_what_can_only_be_read_is_read(mount, api, collection):
    listed = api.get(collection)[collection]
    names = os.listdir(mount / collection)
    assert len(names) == len(listed) == 1
    folder = mount / collection / names[0]
    assert json.loads((folder / 'resource.json').read_bytes()) == listed[0]
    assert (folder / 'name').read_text().strip() == listed[0]['name']
    with pytest.raises(PermissionError):
        os.rmdir(folder)
    mount.allow('rmdir')


def test_one_s_own_profile(mount, api):
    (mount / 'profiles/me/givenName').write_text('Ada\n')
    assert api.get('profiles/me')['givenName'] == 'Ada'
    assert os.listdir(mount / 'profiles') == ['me']


def test_a_document_s_name_metadata_and_digest_are_files(mount, api):
    name = api.add_document(pdf(700))
    folder = mount / 'documents' / name
    (folder / 'name').write_text('a/b.pdf\n')
    (folder / 'metadata.json').write_text('{"k": {"n": 1}}')
    (folder / 'description').write_text('d\n')
    got = api.get('documents/' + name)
    assert (got['name'], got['metadata'], got['description']) == ('a/b.pdf', {'k': {'n': 1}}, 'd')
    assert (folder / 'contentMD5').read_text().strip() == got['contentMD5']
    assert (folder / 'content').read_bytes() == pdf(700)


def webp():
    out = io.BytesIO()
    Image.new('RGB', (20, 10), (0, 128, 0)).save(out, 'WEBP')
    return out.getvalue()


def test_a_webp_is_a_document(mount, api):
    (mount / 'documents/a.webp').write_bytes(webp())
    one, = api.documents()
    assert one['contentType'] == 'image/webp'
    folder = mount / 'documents/.by-name/a.webp'
    assert os.readlink(folder / 'content.webp') == 'content'
    assert 'content.webp' in os.listdir(folder)
    assert (folder / 'content.webp').read_bytes() == webp() == api.content('documents/' + one['documentId'])


@pytest.mark.server('--api', '2021')
def test_a_webp_was_none_in_2021(mount, api):
    mount.allow('close /documents/a.webp: Invalid argument')
    mount.may_leave = True
    with pytest.raises(OSError) as failed:
        (mount / 'documents/a.webp').write_bytes(webp())
    assert failed.value.errno == errno.EINVAL
    assert api.documents() == []


def test_a_handle_has_no_empty_content(mount, api):
    name = api.post('documents', name='later')['documentId']
    folder = mount / 'documents' / name
    assert not [n for n in os.listdir(folder) if n == 'content' or n.startswith('content.')]
    with pytest.raises(OSError):
        (folder / 'content').read_bytes()
    mount.allow('/content: No such file')
    answer = api.session.put(api.get('documents/' + name)['fileUrl'], data=pdf(700),
                             headers=api.headers())
    assert answer.status_code == 200
    (mount / '.lasfs/refresh').write_text('1\n')
    assert 'content' in os.listdir(folder)
    assert (folder / 'content').read_bytes() == pdf(700)


def test_a_model_is_made_trained_and_used(mount, api):
    (mount / 'datasets/d').mkdir()
    (mount / 'models/m.json').write_text('{"fieldConfig": {"total": {"type": "amount", "maxLength": 9}}}')
    model = api.get('models')['models'][0]['modelId']
    assert not (mount / 'models/m/width').exists()
    (mount / 'models/m/trainings/first.json').write_text('{"metadata": {"a": 1}}')
    path = f'models/{model}/trainings'
    training = eventually(lambda: [t for t in api.get(path)['trainings'] if t['status'] == 'succeeded'])[0]
    assert training['name'] == 'first'
    (mount / 'models/m/trainingId').write_text(training['trainingId'] + '\n')
    assert api.get('models/' + model)['status'] == 'active'
    (mount / 'models/m/trainingId').write_text('')
    assert api.get('models/' + model)['trainingId'] in (None, training['trainingId'])


def test_mkdir_starts_a_training(mount, api):
    """Of what .defaults.json says: a body of its own has no other place."""
    os.mkdir(mount / 'datasets/d')
    (mount / 'models/m.json').write_text('{"fieldConfig": {"total": {"type": "amount", "maxLength": 9}}}')
    dataset, model = api.list('datasets')[0]['datasetId'], api.list('models')[0]['modelId']
    bundle = api.post(f'models/{model}/dataBundles', name='b', datasetIds=[dataset])['dataBundleId']
    (mount / 'models/m/trainings/.defaults.json').write_text('{"dataBundleIds": ["b"]}')
    with mount.server.watch() as seen:
        os.mkdir(mount / 'models/m/trainings/first')
    assert [(r.verb, r.path) for r in seen.changes] == [('POST', f'/models/{model}/trainings')]
    made, = api.list(f'models/{model}/trainings', 'trainings')
    assert (made['name'], made['dataBundleIds']) == ('first', [bundle])
    folder = mount / 'models/m/trainings/first'
    eventually(lambda: folder.joinpath('status').read_text() == 'succeeded\n')
    assert (folder / 'trainingId').read_text().strip() == made['trainingId']
    assert os.listdir(mount / 'models/m/trainings') == ['first']
    with pytest.raises(FileExistsError):
        os.mkdir(folder)
    os.rmdir(folder)  # as rm -r has it: hidden for a while, and the API has no DELETE
    (mount / 'models/m/trainings/.defaults.json').unlink()
    assert len(api.list(f'models/{model}/trainings', 'trainings')) == 1


def test_statistics_of_the_last_days_are_there_by_path(mount, api):
    """As pictures of pages are: unlisted, and asked for once."""
    (mount / 'models/m.json').write_text('{"fieldConfig": {"total": {"type": "amount", "maxLength": 9}}}')
    model = api.list('models')[0]['modelId']
    training = api.post(f'models/{model}/trainings', name='t')['trainingId']
    eventually(lambda: api.get(f'models/{model}/trainings/{training}')['status'] == 'succeeded')
    api.patch('models/' + model, trainingId=training)
    api.post('predictions', modelId=model, documentId=api.add_document(pdf(700)), trainingId=training)
    mount.refresh()
    folder = mount / 'models/m'
    with mount.server.watch() as seen:
        for _ in range(2):
            assert json.loads((folder / '.statistics-7.json').read_text()) == {'days': 7, 'numberOfPredictions': 1}
    assert [r.query for r in seen.of('GET', '/models/.*') if r.query] == ['statisticsLastNDays=7']
    assert json.loads((folder / 'trainings/t/.statistics-30.json').read_text()) == {
        'days': 30, 'numberOfPredictions': 1}
    assert not [n for n in os.listdir(folder) if n.startswith('.')]
    for name in ('.statistics-0.json', '.statistics-31.json', '.statistics-07.json', '.statistics-x.json'):
        assert not (folder / name).exists()
    assert not (mount / 'datasets/.statistics-7.json').exists()
    mount.allow('it cannot be changed')
    with pytest.raises(PermissionError):
        (folder / '.statistics-7.json').write_text('{}')


@pytest.mark.server('--api', '2021')
def test_what_counts_nothing_has_no_statistics(mount, api):
    model = api.post('models', width=768, height=768, fieldConfig={'total': {'type': 'amount', 'maxLength': 9}})['modelId']
    assert not (mount / f'models/{model}/.statistics-7.json').exists()
    assert mount.errors() == ''


def test_names_of_what_stands_beside_or_below_stand_for_ids(mount, api):
    """A training's bundles, a model's training: of the same model, and of no other one."""
    mount.allow('there is no')
    for name in 'one', 'two':
        (mount / f'models/{name}.json').write_text('{"fieldConfig": {"total": {"type": "amount", "maxLength": 9}}}')
    model = next(m['modelId'] for m in api.list('models') if m['name'] == 'one')
    bundle = api.post(f'models/{model}/dataBundles', name='b', datasetIds=[api.add_dataset('d')])['dataBundleId']
    (mount / 'models/one/trainings/t.json').write_text('{"dataBundleIds": ["b"]}')
    made = eventually(lambda: [t for t in api.list(f'models/{model}/trainings', 'trainings')
                               if t['status'] == 'succeeded'])[0]
    assert made['dataBundleIds'] == [bundle]
    with pytest.raises(OSError):
        (mount / 'models/two/trainings/t.json').write_text('{"dataBundleIds": ["b"]}')
    (mount / 'models/one/trainingId').write_text('t\n')
    assert api.get('models/' + model)['trainingId'] == made['trainingId']
    with pytest.raises(OSError):
        (mount / 'models/two/trainingId').write_text('t\n')
    mount.may_leave = True


def test_what_a_server_will_not_train_leaves_no_directory(lasfs, proxy, api):
    mount = lasfs(server=proxy)
    (mount / 'models/m.json').write_text('{"fieldConfig": {"total": {"type": "amount", "maxLength": 9}}}')
    proxy.fault('POST', '/models/.*/trainings', status=400, body=b'{"message": "dataBundleIds is required"}')
    mount.allow('mkdir .*: dataBundleIds is required|mkdir .*Invalid argument')
    with pytest.raises(OSError) as caught:
        os.mkdir(mount / 'models/m/trainings/first')
    assert caught.value.errno == errno.EINVAL and 'dataBundleIds' in mount.errors()
    assert os.listdir(mount / 'models/m/trainings') == []


def test_a_field_that_nobody_knows_is_the_api_s_to_judge(mount, api):
    with mount.server.watch() as seen, pytest.raises(OSError):
        (mount / 'models/x.json').write_text('{"fieldConfig": {}, "later": 1}')
    assert [r.verb for r in seen.all if r.path.endswith('/models') and r.verb == 'POST'] == ['POST']
    assert 'later' in mount.errors()
    mount.allow('later')
    mount.may_leave = True


def test_a_dataset_s_duplicates_are_removed(mount, api):
    (mount / 'datasets/d').mkdir()
    dataset = api.get('datasets')['datasets'][0]['datasetId']
    for _ in range(2):
        api.add_document(pdf(700), datasetId=dataset)
    (mount / 'datasets/d/transformations/t.json').write_text(
        '{"operations": [{"type": "remove-duplicates"}]}')
    eventually(lambda: api.get('datasets/' + dataset)['numberOfDocuments'] == 1)
