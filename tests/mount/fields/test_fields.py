"""Fields as files: read as GET says, written as PATCH."""
import errno
import json
import os

import pytest

from mounted import eventually
from samples import pdf


@pytest.fixture
def dataset(api):
    return api.add_dataset('first', description='words')


def test_echo_writes_a_name(mount, api, dataset):
    with mount.server.watch() as seen:
        mount.run(f'echo second > ./datasets/{dataset}/name')
    assert [(r.verb, r.path) for r in seen.changes] == [('PATCH', f'/datasets/{dataset}')]
    assert api.get('datasets/' + dataset)['name'] == 'second'
    assert (mount / 'datasets' / dataset / 'name').read_text() == 'second\n'


def test_a_value_keeps_its_spaces_and_inner_lines(mount, api, dataset):
    text = '  two lines\nof words  '
    mount.run(f'printf "%s\\n" "$TEXT" > ./datasets/{dataset}/description', TEXT=text)
    assert api.get('datasets/' + dataset)['description'] == text
    assert (mount / 'datasets' / dataset / 'description').read_text() == text + '\n'


def test_a_lone_newline_is_the_empty_string(mount, api, dataset):
    mount.run(f'echo > ./datasets/{dataset}/description')
    assert api.get('datasets/' + dataset)['description'] == ''
    assert (mount / 'datasets' / dataset / 'description').read_text() == '\n'


def test_an_empty_file_is_null(mount, api, dataset):
    mount.run(f': > ./datasets/{dataset}/description')
    eventually(lambda: api.get('datasets/' + dataset)['description'] is None, 5)
    mount.refresh()
    assert (mount / 'datasets' / dataset / 'description').read_text() == ''


def test_truncate_is_null_at_once(mount, api, dataset):
    mount.run(f'truncate -s 0 ./datasets/{dataset}/description')
    assert api.get('datasets/' + dataset)['description'] is None


def test_sed_i_edits_a_field(mount, api, dataset):
    mount.run(f"sed -i s/words/other/ ./datasets/{dataset}/description")
    assert api.get('datasets/' + dataset)['description'] == 'other'


def test_cp_writes_a_field(mount, api, dataset, tmp_path):
    (tmp_path / 'words').write_text('copied\n')
    mount.run(f'cp {tmp_path}/words ./datasets/{dataset}/description')
    assert api.get('datasets/' + dataset)['description'] == 'copied'


def test_a_value_that_is_too_long_is_an_error_of_close(mount, api, dataset):
    mount.may_leave = True
    mount.allow('Invalid argument', 'too large', 'too long')
    fd = os.open(mount / 'datasets' / dataset / 'description', os.O_WRONLY | os.O_TRUNC)
    with pytest.raises(OSError):
        try:
            os.write(fd, b'x' * 5000)
        finally:
            os.close(fd)
    assert api.get('datasets/' + dataset)['description'] == 'words'
    assert 'description' in mount.errors()


def test_a_field_that_cannot_be_changed_is_mode_0444(mount, api, dataset):
    st = os.stat(mount / 'datasets' / dataset / 'numberOfDocuments')
    assert oct(st.st_mode & 0o222) == oct(0)
    st = os.stat(mount / 'datasets' / dataset / 'name')
    assert oct(st.st_mode & 0o777) == oct(0o600)


def test_a_field_that_cannot_be_changed_refuses_to_be_opened_for_writing(mount, api, dataset):
    mount.allow('denied', 'not permitted', 'Permission')
    with pytest.raises(PermissionError):
        os.open(mount / 'datasets' / dataset / 'numberOfDocuments', os.O_WRONLY)
    assert api.get('datasets/' + dataset)['numberOfDocuments'] == 0


def test_a_file_that_is_no_field_cannot_be_made(mount, api, dataset):
    mount.allow('not permitted', 'denied', 'Permission', 'Invalid')
    with mount.server.watch() as seen:
        mount.run(f'echo x > ./datasets/{dataset}/non.sense', status=1)
    assert not seen.changes


def test_resource_json_is_what_the_api_answers(mount, api, dataset):
    text = (mount / 'datasets' / dataset / 'resource.json').read_text()
    assert json.loads(text) == api.get('datasets/' + dataset)
    assert text.startswith('{\n') and text.endswith('}\n')


def test_writing_resource_json_sends_the_fields_that_differ_in_one_patch(mount, api, dataset):
    with mount.server.watch() as seen:
        mount.run(f"sed -i 's/\"first\"/\"second\"/; s/\"words\"/\"other\"/' "
                  f'./datasets/{dataset}/resource.json')
    assert [(r.verb, r.path) for r in seen.changes] == [('PATCH', f'/datasets/{dataset}')]
    now = api.get('datasets/' + dataset)
    assert (now['name'], now['description']) == ('second', 'other')


def test_writing_resource_json_with_a_field_that_cannot_be_changed_is_einval(mount, api, dataset):
    mount.may_leave = True
    mount.allow('Invalid argument')
    mount.run(f'echo \'{{"numberOfDocuments": 7}}\' > ./datasets/{dataset}/resource.json',
              status=None)
    assert 'numberOfDocuments' in mount.errors()
    assert api.get('datasets/' + dataset)['numberOfDocuments'] == 0


# --- Documents -------------------------------------------------------------------------------------

@pytest.fixture
def document(api):
    return api.add_document(pdf(2000))


def test_echo_into_dataset_id(mount, api, document, dataset):
    mount.run(f'echo {dataset} > ./documents/{document}/datasetId')
    assert api.get('documents/' + document)['datasetId'] == dataset
    assert os.listdir(mount / 'datasets' / dataset / 'documents') == [document]


def test_a_name_may_stand_for_the_id(mount, api, document, dataset):
    mount.run(f'echo first > ./documents/{document}/datasetId')
    assert api.get('documents/' + document)['datasetId'] == dataset


def test_echo_sees_the_error_of_a_one_line_field(mount, api, document):
    mount.allow('Invalid argument', 'No such')
    missing = 'las:dataset:' + '0' * 32
    ran = mount.run(f'echo {missing} > ./documents/{document}/datasetId', status=1)
    assert 'write error' in ran.err
    assert 'datasetId' in mount.errors()
    assert not api.get('documents/' + document).get('datasetId')


def test_echo_of_nonsense_into_dataset_id_is_einval(mount, api, document):
    mount.allow('Invalid argument', 'No such')
    mount.run(f'echo nonsense > ./documents/{document}/datasetId', status=1)
    assert not api.get('documents/' + document).get('datasetId')


def test_retention(mount, api, document):
    mount.run(f'echo 30 > ./documents/{document}/retentionInDays')
    assert api.get('documents/' + document)['retentionInDays'] == 30


def test_retention_that_is_no_number_is_einval(mount, api, document):
    mount.may_leave = True
    mount.allow('Invalid argument')
    fd = os.open(mount / 'documents' / document / 'retentionInDays', os.O_WRONLY | os.O_TRUNC)
    with pytest.raises(OSError) as caught:
        try:
            os.write(fd, b'soon\n')
        finally:
            os.close(fd)
    assert caught.value.errno == errno.EINVAL


TRUTH = [{'label': 'total', 'value': '12.50'}, {'label': 'paid', 'value': True},
         {'label': 'due', 'value': None}]


def test_ground_truth_is_written_and_read(mount, api, document):
    path = mount / 'documents' / document / 'groundTruth.json'
    with mount.server.watch() as seen:
        path.write_text(json.dumps(TRUTH))
    assert [(r.verb, r.path) for r in seen.changes] == [('PATCH', f'/documents/{document}')]
    assert api.get('documents/' + document)['groundTruth'] == TRUTH
    assert json.loads(path.read_text()) == TRUTH


def test_ground_truth_may_be_a_plain_object(mount, api, document):
    path = mount / 'documents' / document / 'groundTruth.json'
    path.write_text('{"total": "12.50", "paid": true, "due": null}')
    assert sorted(api.get('documents/' + document)['groundTruth'], key=lambda t: t['label']) == \
        sorted(TRUTH, key=lambda t: t['label'])


def test_ground_truth_may_be_a_prediction(mount, api, document):
    path = mount / 'documents' / document / 'groundTruth.json'
    path.write_text(json.dumps({'predictionId': 'las:prediction:' + '0' * 32, 'predictions': [
        {'label': 'total', 'value': '12.50', 'confidence': 0.98}]}))
    assert api.get('documents/' + document)['groundTruth'] == TRUTH[:1]


def test_ground_truth_that_is_no_json_is_einval(mount, api, document):
    mount.may_leave = True
    mount.allow('Invalid argument')
    fd = os.open(mount / 'documents' / document / 'groundTruth.json', os.O_WRONLY | os.O_TRUNC)
    os.write(fd, b'[{"label": ')
    with pytest.raises(OSError) as caught:
        os.close(fd)
    assert caught.value.errno == errno.EINVAL
    assert not api.get('documents/' + document).get('groundTruth')


def test_ground_truth_that_the_api_refuses_is_einval_with_its_message(mount, api, document):
    mount.may_leave = True
    mount.allow('Invalid argument')
    fd = os.open(mount / 'documents' / document / 'groundTruth.json', os.O_WRONLY | os.O_TRUNC)
    os.write(fd, b'[{"label": "not a label!", "value": "1"}]')
    with pytest.raises(OSError) as caught:
        os.close(fd)
    assert caught.value.errno == errno.EINVAL
    assert 'label' in mount.errors()


def test_a_pipe_of_jq_corrects_ground_truth(mount, api, document):
    api.patch('documents/' + document, groundTruth=TRUTH[:1])
    mount.run('jq \'map(.value = "13.00")\' groundTruth.json > /dev/shm/$$.json && '
              'cat /dev/shm/$$.json > groundTruth.json; status=$?; rm /dev/shm/$$.json; '
              'exit $status', cwd=mount / 'documents' / document)
    assert api.get('documents/' + document)['groundTruth'] == [{'label': 'total', 'value': '13.00'}]


# --- Assets ----------------------------------------------------------------------------------------

def test_any_file_dropped_into_assets_is_an_asset_of_that_name(mount, api):
    (mount / 'assets/component.js').write_text('export default 1\n')
    asset = api.list('assets')[0]
    assert asset['name'] == 'component.js'
    assert api.content('assets/' + asset['assetId']) == b'export default 1\n'
    assert os.listdir(mount / 'assets') == ['component.js']


def test_writing_over_an_asset_is_a_patch_of_its_content(mount, api):
    (mount / 'assets/component.js').write_text('export default 1\n')
    asset = api.list('assets')[0]['assetId']
    with mount.server.watch() as seen:
        (mount / 'assets/component.js').write_text('export default 22\n')
    assert [(r.verb, r.path) for r in seen.changes] == [('PATCH', f'/assets/{asset}')]
    assert api.content('assets/' + asset) == b'export default 22\n'
    assert (mount / 'assets/component.js').read_text() == 'export default 22\n'


def test_somebody_elses_asset_is_read(mount, api):
    asset = api.post('assets', content='aGVsbG8=', name='greeting')['assetId']
    assert (mount / 'assets' / asset / 'content').read_bytes() == b'hello'
    assert (mount / 'assets/greeting/content').read_bytes() == b'hello'


def test_mv_renames_an_asset_here(mount, api):
    (mount / 'assets/a.js').write_text('1')
    mount.run('mv assets/a.js assets/b.js')
    assert os.listdir(mount / 'assets') == ['b.js']
    assert (mount / 'assets/b.js').read_text() == '1'
    assert len(api.list('assets')) == 1


def test_rm_deletes_an_asset(mount, api):
    (mount / 'assets/a.js').write_text('1')
    os.unlink(mount / 'assets/a.js')
    assert api.list('assets') == []


def test_assets_are_kept_over_a_remount(mount, api):
    (mount / 'assets/a.js').write_text('1234')
    mount.remount(cold=True)
    assert os.listdir(mount / 'assets') == ['a.js']
    assert (mount / 'assets/a.js').read_text() == '1234'
    assert os.stat(mount / 'assets/a.js').st_size == 4


# --- Organization ----------------------------------------------------------------------------------

def test_the_organization_is_there_as_me(mount, api):
    assert json.loads((mount / 'organizations/me/resource.json').read_text()) == \
        api.get('organizations/me')


def test_the_organization_is_renamed(mount, api):
    mount.run('echo Ours > organizations/me/name')
    assert api.get('organizations/me')['name'] == 'Ours'
