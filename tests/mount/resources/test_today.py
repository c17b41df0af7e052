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
