"""models/ID/inbox: put a PDF there, fetch a text file here."""
import json
import os

import pytest

from samples import pdf

FIELDS = {'total': {'type': 'amount', 'maxLength': 20}, 'due': {'type': 'date', 'maxLength': 10}}


@pytest.fixture
def inbox(mount, api):
    mount.may_leave = True
    model = api.post('models', width=300, height=300, fieldConfig=FIELDS, name='reader')['modelId']
    api.patch('models/' + model, status='training')
    from mounted import eventually
    eventually(lambda: api.get('models/' + model)['status'] == 'active')
    mount.model = model
    return mount / 'models/reader/inbox'


def test_the_answer_appears_beside_the_document(mount, inbox, api, samples):
    mount.run(f'cp {samples.pdf()} models/reader/inbox/')
    assert sorted(os.listdir(inbox)) == ['scan.pdf', 'scan.pdf.json', 'scan.pdf.prediction.json']
    prediction, = api.list('predictions')
    assert json.loads((inbox / 'scan.pdf.prediction.json').read_text()) == prediction
    assert json.loads((inbox / 'scan.pdf.json').read_text()) == \
        {p['label']: p['value'] for p in prediction['predictions']}
    assert set(FIELDS) == {p['label'] for p in prediction['predictions']}
    assert prediction['modelId'] == mount.model
    assert prediction['documentId'] == api.only_document()['documentId']


def test_it_costs_one_post_each(mount, inbox, samples):
    os.listdir(inbox)
    with mount.server.watch() as seen:
        mount.run(f'cp {samples.pdf()} models/reader/inbox/ && ls -l models/reader/inbox')
    assert [(r.verb, r.path) for r in seen.changes] == [('POST', '/documents'),
                                                        ('POST', '/predictions')]
    assert not seen.count('GET', '/documents')


def test_what_is_there_outlives_the_mount(mount, inbox, samples):
    mount.run(f'cp {samples.pdf()} models/reader/inbox/')
    before = (inbox / 'scan.pdf.json').read_text()
    mount.remount()
    assert (inbox / 'scan.pdf.json').read_text() == before
    assert (inbox / 'scan.pdf').read_bytes() == pdf(2000)


def test_it_shows_only_what_was_put_there(mount, inbox, api, samples):
    other = api.add_document(pdf(3000))
    assert os.listdir(inbox) == []
    mount.run(f'cp {samples.pdf()} models/reader/inbox/')
    assert other not in os.listdir(inbox)


def test_an_edited_answer_is_a_correction(mount, inbox, api, samples):
    mount.run(f'cp {samples.pdf()} models/reader/inbox/')
    (inbox / 'scan.pdf.json').write_text(json.dumps({'total': '99.00', 'due': '2026-12-24'}))
    assert api.only_document()['groundTruth'] == [{'label': 'total', 'value': '99.00'},
                                                  {'label': 'due', 'value': '2026-12-24'}]


def test_a_failure_is_written_beside_it_and_the_document_is_not_lost(mount, inbox, api, samples):
    mount.allow('predict')
    api.post('models', width=300, height=300, fieldConfig=FIELDS, name='untrained')
    mount.run(f'cp {samples.pdf()} models/untrained/inbox/')
    inbox = mount / 'models/untrained/inbox'
    assert sorted(os.listdir(inbox)) == ['scan.pdf', 'scan.pdf.error.txt']
    assert 'scan.pdf' in (inbox / 'scan.pdf.error.txt').read_text()
    assert 'predict' in mount.errors()
    assert api.only_document()


def test_the_same_bytes_again_ask_only_for_what_is_missing(mount, inbox, api, samples):
    mount.run(f'cp {samples.pdf()} models/reader/inbox/')
    with mount.server.watch() as seen:
        mount.run(f'cp {samples.pdf()} models/reader/inbox/')
    assert not seen.changes
    mount.run('rm models/reader/inbox/scan.pdf.json')
    with mount.server.watch() as seen:
        mount.run(f'cp {samples.pdf()} models/reader/inbox/')
    assert [r.path for r in seen.changes] == ['/predictions']
    assert len(api.documents()) == 1


def test_rm_deletes_the_document_and_the_answers_are_files(mount, inbox, api, samples):
    mount.run(f'cp {samples.pdf()} models/reader/inbox/ && rm models/reader/inbox/scan.pdf')
    assert api.documents() == []
    assert sorted(os.listdir(inbox)) == ['scan.pdf.json', 'scan.pdf.prediction.json']
    mount.run('rm models/reader/inbox/*')
    assert os.listdir(inbox) == []


def test_a_program_that_renames_into_it_is_answered_too(mount, inbox, api, samples):
    mount.run(f'cp {samples.pdf()} models/reader/inbox/.scan.tmp && '
              'mv models/reader/inbox/.scan.tmp models/reader/inbox/scan.pdf')
    assert 'scan.pdf.json' in os.listdir(inbox)
    assert len(api.documents()) == len(api.list('predictions')) == 1


def test_what_is_no_document_is_refused_as_everywhere(mount, inbox, api, samples):
    mount.allow('Invalid argument')
    mount.may_leave = True
    samples.write('letter.pdf', b'no document\n' * 20)
    mount.run(f'cp {samples.folder}/letter.pdf models/reader/inbox/', status=1)
    assert api.documents() == api.list('predictions') == []
    assert os.listdir(inbox) == ['letter.pdf.error.txt']


def test_another_document_of_the_name_gets_its_own_answer_and_no_ground_truth(mount, inbox, api,
                                                                              samples):
    """The answer for the old one says nothing of the new one."""
    mount.run(f'cp {samples.pdf()} models/reader/inbox/')
    for step in ('true', 'rm models/reader/inbox/scan.pdf'):
        other = samples.pdf('other.pdf', seed=len(step))
        mount.run(f'{step} && cp {other} models/reader/inbox/scan.pdf')
        document = api.only_document()
        assert 'groundTruth' not in document
        prediction = json.loads((inbox / 'scan.pdf.prediction.json').read_text())
        assert prediction['documentId'] == document['documentId']


def test_what_somebody_wrote_under_an_answers_name_stays(mount, inbox, api, samples):
    mount.allow('somebody else')
    (inbox / 'scan.pdf.json').write_text('{"total": "5.00"}')
    mount.run(f'cp {samples.pdf()} models/reader/inbox/')
    assert (inbox / 'scan.pdf.json').read_text() == '{"total": "5.00"}'
    assert api.only_document()['groundTruth'] == [{'label': 'total', 'value': '5.00'}]
    assert 'scan.pdf.prediction.json' in os.listdir(inbox)
    assert 'somebody else' in mount.errors()

