"""NAME.json beside a document is its ground truth; .defaults.json is under what is sent."""
import errno
import json
import os

import pytest

from samples import pdf

TRUTH = [{'label': 'total', 'value': '12.50'}, {'label': 'due', 'value': None}]
FORMS = {
    'list': TRUTH,
    'object': {'total': '12.50', 'due': None},
    'prediction': {'predictionId': 'las:prediction:' + '0' * 32, 'inferenceTime': 1.5,
                   'predictions': [{'label': 'total', 'value': '12.50', 'confidence': 0.9},
                                   {'label': 'due', 'value': None, 'confidence': 0.1}]},
}


def fails(code, what, *arguments):
    with pytest.raises(OSError) as caught:
        what(*arguments)
    assert caught.value.errno == code, caught.value


def truth_of(api):
    return api.only_document().get('groundTruth')


@pytest.fixture(params=list(FORMS))
def text(request):
    return json.dumps(FORMS[request.param])


@pytest.mark.parametrize('sidecar_first', [False, True], ids=['after', 'before'])
def test_a_sidecar_is_the_ground_truth_in_every_form_and_order(mount, api, samples, text,
                                                               sidecar_first):
    mount.may_leave = True
    os.mkdir(mount / 'datasets/in')
    folder = mount / 'datasets/in/documents'
    samples.pdf(), samples.write('scan.pdf.json', text.encode())
    names = ['scan.pdf.json', 'scan.pdf'] if sidecar_first else ['scan.pdf', 'scan.pdf.json']
    with mount.server.watch() as seen:
        for name in names:
            mount.run(f'cp {samples.folder}/{name} datasets/in/documents/')
    assert truth_of(api) == TRUTH
    assert [r.verb for r in seen.changes] == ['POST', 'PATCH']
    assert (folder / 'scan.pdf.json').read_text() == text
    assert sorted(os.listdir(folder)) == ['scan.pdf', 'scan.pdf.json']


def test_rsync_of_documents_with_sidecars_twice_sends_nothing_the_second_time(mount, api, samples):
    mount.may_leave = True
    for i in range(5):
        samples.pdf(f'{i}.pdf', seed=i)
        samples.write(f'{i}.pdf.json', json.dumps({'number': str(i)}).encode())
    mount.run(f'rsync -a {samples.folder}/ documents/')
    assert sorted(d['groundTruth'][0]['value'] for d in api.documents()) == list('01234')
    with mount.server.watch() as seen:
        mount.run(f'rsync -a {samples.folder}/ documents/')
    assert not seen.changes


def test_removing_a_sidecar_removes_the_file_and_nothing_else(mount, api, samples):
    mount.run(f"cp {samples.pdf()} documents/ && echo '{{\"a\": \"1\"}}' > documents/scan.pdf.json")
    with mount.server.watch() as seen:
        os.unlink(mount / 'documents/scan.pdf.json')
    assert not seen.changes
    assert truth_of(api) == [{'label': 'a', 'value': '1'}]
    assert os.listdir(mount / 'documents') == ['scan.pdf']


def test_an_edited_sidecar_is_sent_again(mount, api, samples):
    mount.may_leave = True
    mount.run(f"cp {samples.pdf()} documents/ && echo '{{\"a\": \"1\"}}' > documents/scan.pdf.json")
    mount.run("sed -i s/1/2/ documents/scan.pdf.json")
    assert truth_of(api) == [{'label': 'a', 'value': '2'}]


def test_other_bytes_over_the_document_keep_what_its_sidecar_says(mount, api, samples):
    mount.may_leave = True
    mount.run(f"cp {samples.pdf()} documents/ && echo '{{\"a\": \"1\"}}' > documents/scan.pdf.json")
    mount.run(f'cp {samples.pdf("new.pdf", seed=5)} documents/scan.pdf')
    assert truth_of(api) == [{'label': 'a', 'value': '1'}]
    assert api.content('documents/' + api.only_document()['documentId']) == pdf(2000, seed=5)


@pytest.mark.parametrize('bad', ['no json', '[1, 2', '"text"', '7'])
def test_a_sidecar_that_is_none_fails_close_and_is_kept(mount, api, samples, bad):
    mount.allow('Invalid argument')
    mount.may_leave = True
    mount.run(f'cp {samples.pdf()} documents/')
    samples.write('bad', bad.encode())
    mount.run(f'cp {samples.folder}/bad documents/scan.pdf.json', status=1)
    mount.run(f'cp {samples.folder}/bad documents/other.pdf.json', status=1)
    assert truth_of(api) is None
    assert len(os.listdir(mount / '.lasfs/failed')) == 2


def test_a_sidecar_that_the_api_refuses_does_not_hold_up_its_document(mount, api, samples):
    mount.allow('Invalid argument')
    mount.may_leave = True
    samples.write('bad', b'{"not a label!": "1"}')
    mount.run(f'cp {samples.folder}/bad documents/scan.pdf.json && cp {samples.pdf()} documents/')
    assert truth_of(api) is None
    assert 'scan.pdf.json.error.txt' in os.listdir(mount / 'documents')
    assert 'scan.pdf.json' in mount.errors()


# --- .defaults.json --------------------------------------------------------------------------

CONSENT = f'las:consent:{3:032x}'


def test_defaults_are_under_every_document_from_the_folder(mount, api, samples):
    mount.may_leave = True
    text = json.dumps({'consentId': CONSENT, 'retentionInDays': 30})
    (mount / 'documents/.defaults.json').write_text(text)
    mount.run(f'mkdir documents/sub; cp {samples.pdf()} documents/; '
              f'cp {samples.pdf("b.pdf", seed=2)} documents/sub/')
    assert [(d['consentId'], d['retentionInDays']) for d in api.documents()] == [(CONSENT, 30)] * 2
    assert (mount / 'documents/.defaults.json').read_text() == text
    assert '.defaults.json' not in os.listdir(mount / 'documents')
    mount.remount()
    mount.run(f'cp {samples.pdf("c.pdf", seed=3)} documents/')
    assert len(api.documents(consentId=CONSENT)) == 3


def test_the_nearest_defaults_count(mount, api, samples):
    mount.may_leave = True
    mount.run("mkdir documents/sub; echo '{\"retentionInDays\": 30}' > documents/.defaults.json; "
              "echo '{\"retentionInDays\": 7}' > documents/sub/.defaults.json")
    mount.run(f'cp {samples.pdf()} documents/sub/')
    assert api.only_document()['retentionInDays'] == 7


def test_what_the_folder_says_goes_before_its_defaults(mount, api, samples):
    mount.may_leave = True
    os.mkdir(mount / 'datasets/in')
    other = api.add_dataset('other')
    (mount / 'datasets/in/documents/.defaults.json').write_text(json.dumps({'datasetId': other}))
    mount.run(f'cp {samples.pdf()} datasets/in/documents/')
    assert api.only_document()['datasetId'] == api.dataset_called('in')['datasetId']


def test_a_name_may_stand_for_an_id_in_them(mount, api, samples):
    mount.may_leave = True
    dataset = api.add_dataset('invoices')
    (mount / 'documents/.defaults.json').write_text('{"datasetId": "invoices"}')
    mount.run(f'cp {samples.pdf()} documents/')
    assert api.only_document()['datasetId'] == dataset


def test_defaults_are_under_what_mkdir_makes_too(mount, api):
    mount.may_leave = True
    (mount / 'datasets/.defaults.json').write_text('{"description": "made by a scanner"}')
    os.mkdir(mount / 'datasets/in')
    assert api.dataset_called('in')['description'] == 'made by a scanner'


@pytest.mark.parametrize('bad', ['no json', '[]', '{"nothing": 1}', '{"documentId": "x"}'])
def test_defaults_that_cannot_be_are_refused(mount, bad):
    mount.allow('Invalid argument')
    mount.may_leave = True

    def write():
        (mount / 'documents/.defaults.json').write_text(bad)
    fails(errno.EINVAL, write)


def test_without_them_again_nothing_is_added(mount, api, samples):
    (mount / 'documents/.defaults.json').write_text('{"retentionInDays": 30}')
    os.unlink(mount / 'documents/.defaults.json')
    mount.run(f'cp {samples.pdf()} documents/')
    assert api.only_document()['retentionInDays'] != 30


def test_they_do_not_keep_a_folder_from_being_removed(mount, api):
    mount.run("mkdir documents/sub datasets/in; echo '{}' > documents/sub/.defaults.json; "
              "echo '{}' > datasets/in/documents/.defaults.json; "
              'rmdir documents/sub datasets/in')
    assert api.list('datasets') == []
