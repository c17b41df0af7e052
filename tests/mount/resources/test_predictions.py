"""documents/ID/predictions/MODEL.json: write to ask, read the answer."""
import errno
import json
import os

import pytest

from mounted import eventually
from samples import pdf

FIELDS = {'total': {'type': 'amount', 'maxLength': 20}}


@pytest.fixture
def asked(mount, api):
    """A document's predictions/, with an active model called reader."""
    model = api.post('models', width=300, height=300, fieldConfig=FIELDS, name='reader')['modelId']
    api.patch('models/' + model, status='training')
    eventually(lambda: api.get('models/' + model)['status'] == 'active')
    mount.model = model
    mount.document = api.add_document(pdf(2000), groundTruth=[{'label': 'total', 'value': '7.00'}])
    return mount / 'documents' / mount.document / 'predictions'


@pytest.mark.parametrize('by', ['name', 'id'])
def test_writing_asks_and_reading_has_the_answer(mount, asked, api, by):
    name = f"{'reader' if by == 'name' else mount.model}.json"
    with mount.server.watch() as seen:
        (asked / name).write_text('{"maxPages": 2, "autoRotate": true}\n')
    assert [(r.verb, r.path) for r in seen.changes] == [('POST', '/predictions')]
    prediction, = api.list('predictions')
    assert json.loads((asked / name).read_text()) == prediction
    assert (prediction['documentId'], prediction['modelId']) == (mount.document, mount.model)
    assert os.stat(asked / name).st_size == len((asked / name).read_bytes())
    assert os.listdir(asked) == [name]


def test_a_shell_asks_and_jq_reads(mount, asked):
    ran = mount.run(f"cd ./documents/{mount.document}/predictions && echo '{{}}' > reader.json && "
                    "jq -r '.predictions[] | select(.label == \"total\").value' reader.json")
    assert ran.out == '7.00\n'


def test_the_answer_is_read_as_soon_as_the_question_is_sent(mount, asked, api):
    fd = os.open(asked / 'reader.json', os.O_RDWR | os.O_CREAT)
    os.write(fd, b'{}')
    try:
        os.close(os.dup(fd))  # sends it; the file stays open, as a close(2) leaves it for a moment
        prediction, = api.list('predictions')
        assert json.loads((asked / 'reader.json').read_text()) == prediction
    finally:
        os.close(fd)
    assert json.loads((asked / 'reader.json').read_text()) == prediction


def test_answers_are_kept_over_a_remount(mount, asked):
    (asked / 'reader.json').write_text('{}')
    before = (asked / 'reader.json').read_text()
    mount.remount()
    with mount.server.watch() as seen:
        assert (asked / 'reader.json').read_text() == before
    assert not seen.count('POST')


def test_asking_again_asks_again(mount, asked, api):
    for _ in range(2):
        mount.run(f"echo '{{}}' > ./documents/{mount.document}/predictions/reader.json")
    assert len(api.list('predictions')) == 2


def test_an_answer_copied_to_the_ground_truth_is_a_correction(mount, asked, api):
    (asked / 'reader.json').write_text('{}')
    mount.run(f'cd ./documents/{mount.document} && '
              "sed 's/7.00/8.00/' predictions/reader.json > groundTruth.json")
    assert api.get('documents/' + mount.document)['groundTruth'] == [{'label': 'total',
                                                                      'value': '8.00'}]


def test_rm_takes_the_file_away_and_not_the_prediction(mount, asked, api):
    (asked / 'reader.json').write_text('{}')
    os.unlink(asked / 'reader.json')
    assert os.listdir(asked) == []
    assert len(api.list('predictions')) == 1


@pytest.mark.parametrize('name,text', [('nobody', '{}'), ('reader', '{"pages": 1}'),
                                       ('reader', 'no json'), ('reader', '{"maxPages": 9}')])
def test_what_cannot_be_asked_is_einval_and_kept(mount, asked, api, name, text):
    mount.allow('Invalid argument')
    mount.may_leave = True
    with pytest.raises(OSError) as caught:
        (asked / f'{name}.json').write_text(text)
    assert caught.value.errno == errno.EINVAL
    assert api.list('predictions') == []
    assert len(os.listdir(mount / '.lasfs/failed')) == 1


def test_rm_r_of_the_document_goes_through(mount, asked, api):
    (asked / 'reader.json').write_text('{}')
    mount.run(f'rm -r ./documents/{mount.document}')
    assert api.documents() == []


def test_many_are_asked_at_once_by_xargs(mount, asked, api):
    ids = api.add_documents((pdf(2000, seed=i) for i in range(40)))
    mount.refresh()
    mount.run("ls documents | xargs -P 16 -I% sh -c "
              "'echo {} > ./documents/%/predictions/reader.json'")
    assert {p['documentId'] for p in api.list('predictions')} == set(ids) | {mount.document}
