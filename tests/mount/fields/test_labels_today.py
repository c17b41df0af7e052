"""Ground truth as today's API has it, numbers, lines, pages and confidence: kept whole by who writes it."""
import json
import time

import pytest

from samples import pdf

pytestmark = pytest.mark.server('--api', '2024')

LINES = [[{'label': 'sum', 'value': 1.5, 'pages': [0], 'confidence': 0.25}, {'label': 'name', 'value': 'a'}],
         [{'label': 'sum', 'value': '2.00', 'confidence': 1}]]
TRUTH = [{'label': 'total', 'value': 12.5, 'pages': [0, 2], 'confidence': 0.75},
         {'label': 'due', 'value': '2026-01-02', 'pages': [1]},
         {'label': 'paid', 'value': False, 'confidence': 0.5},
         {'label': 'note', 'value': None},
         {'label': 'number', 'value': 7},
         {'label': 'name-2', 'value': '', 'confidence': 1},
         {'label': 'lines', 'value': LINES, 'pages': [0]}]


@pytest.fixture
def document(mount, api):
    name = api.add_document(pdf(2000), groundTruth=TRUTH)
    mount.refresh()
    return mount / 'documents' / name


def truth(api):
    return api.only_document()['groundTruth']


def entry(api, label):
    one, = [e for e in truth(api) if e['label'] == label]
    return one


def test_it_is_read_whole(document):
    assert json.loads((document / 'groundTruth.json').read_text()) == TRUTH


@pytest.mark.parametrize('text', [json.dumps(TRUTH), json.dumps(TRUTH, indent=4), json.dumps({'labels': TRUTH})],
                         ids=['line', 'lines', 'labels'])
def test_what_was_read_is_written_back_as_it_was(document, api, text):
    (document / 'groundTruth.json').write_text(text)
    assert json.dumps(truth(api), sort_keys=True) == json.dumps(TRUTH, sort_keys=True)


def test_cat_onto_itself_changes_nothing(mount, document, api):
    mount.run(f'cd ./documents/{document.name} && T=$(cat groundTruth.json) && echo "$T" > groundTruth.json')
    assert json.dumps(truth(api), sort_keys=True) == json.dumps(TRUTH, sort_keys=True)


def test_one_value_is_edited_in_the_list(document, api):
    changed = json.loads(json.dumps(TRUTH))
    changed[1]['value'] = '2026-02-03'
    del changed[0]['confidence']
    (document / 'groundTruth.json').write_text(json.dumps(changed))
    assert truth(api) == changed


def test_so_in_resource_json(document, api):
    resource = json.loads((document / 'resource.json').read_text())
    resource['groundTruth'][1]['value'] = '2026-02-03'
    (document / 'resource.json').write_text(json.dumps(resource))
    assert truth(api) == [{**e, 'value': '2026-02-03'} if e['label'] == 'due' else e for e in TRUTH]


@pytest.fixture(params=['field', 'sidecar'])
def say(request, mount, api):
    """say(value): writes it to the document's groundTruth.json, or to the sidecar beside it."""
    mount.may_leave = True
    (mount / 'documents/scan.pdf').write_bytes(pdf(2000))
    name = api.only_document()['documentId']
    api.patch('documents/' + name, groundTruth=TRUTH)
    mount.refresh()

    def write(value):
        where = f'{name}/groundTruth.json' if request.param == 'field' else 'scan.pdf.json'
        (mount / 'documents' / where).write_text(value if isinstance(value, str) else json.dumps(value))
    return write


def test_names_and_values_are_said_over_what_there_is(say, api):
    say('{"total": 13.50, "due": "2026-01-02", "paid": true, "new": "x"}')
    assert truth(api) == [{'label': 'total', 'value': '13.50', 'pages': [0, 2], 'confidence': 0.75},
                          TRUTH[1], {**TRUTH[2], 'value': True}, {'label': 'new', 'value': 'x'}]


def test_values_that_are_the_same_stay_numbers(say, api):
    say('{"number": 7, "total": 12.5}')
    assert truth(api) == [TRUTH[4], TRUTH[0]]
    assert isinstance(entry(api, 'number')['value'], int)


def test_lines_keep_what_they_have(say, api):
    say({'lines': [[{'label': 'sum', 'value': '1.75'}, {'label': 'name', 'value': 'a'}],
                   [{'label': 'sum', 'value': '2.00'}], [{'label': 'sum', 'value': '3.00'}]]})
    assert truth(api) == [{**TRUTH[6], 'value': [[{**LINES[0][0], 'value': '1.75'}, LINES[0][1]], LINES[1],
                                                 [{'label': 'sum', 'value': '3.00'}]]}]


def test_a_prediction_is_said_so_too(say, api):
    say({'predictionId': 'x', 'predictions': [{'label': 'due', 'value': '2026-03-04', 'confidence': 0.1, 'page': 7}]})
    assert truth(api) == [{**TRUTH[1], 'value': '2026-03-04'}]


def test_of_a_label_that_is_there_twice_the_one_with_the_value_stays(say, mount, api):
    twice = [{'label': 'a', 'value': '1', 'pages': [0]}, {'label': 'a', 'value': '2', 'pages': [1]}]
    api.patch('documents/' + api.only_document()['documentId'], groundTruth=twice)
    mount.refresh()
    say({'a': '2'})
    assert truth(api) == twice[1:]


def test_nothing_is_left_where_nothing_is_said(say, api):
    say('[]')
    assert truth(api) == []


def test_the_labels_of_a_replaced_document_stay_whole(say, mount, api):
    (mount / 'documents/scan.pdf').write_bytes(pdf(3000))
    assert truth(api) == TRUTH


def test_what_somebody_else_has_said_since_one_looked_is_kept(mount, api):
    """Remembered is that there are none yet."""
    name = api.add_document(pdf(2000))
    mount.refresh()
    mount.run('ls -l documents')
    assert (mount / 'documents' / name / 'groundTruth.json').read_text() in ('', 'null\n')
    api.patch('documents/' + name, groundTruth=TRUTH)
    time.sleep(1.1)  # what was asked for a moment ago is not asked for again
    (mount / 'documents' / name / 'groundTruth.json').write_text('{"total": "99.00"}')
    assert entry(api, 'total') == {**TRUTH[0], 'value': '99.00'}


@pytest.mark.parametrize('status', ['pending', 'failed'])
def test_a_prediction_without_an_answer_says_nothing(mount, document, api, status):
    mount.allow('groundTruth.json')
    mount.may_leave = True
    answer = {'predictionId': 'las:prediction:' + 'a' * 32, 'status': status, 'nextPage': None, 'predictions': None}
    with pytest.raises(OSError):
        (document / 'groundTruth.json').write_text(json.dumps(answer))
    assert 'no prediction' in mount.errors()
    assert json.dumps(truth(api), sort_keys=True) == json.dumps(TRUTH, sort_keys=True)
