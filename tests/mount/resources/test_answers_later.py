"""Predictions that are pending for a while, or come in several parts: one file, one answer."""
import errno
import json
import os
import threading
import time

import pytest

from mounted import eventually
from samples import pages, pdf

FIELDS = {'total': {'type': 'amount', 'maxLength': 20},
          'lines': {'type': 'lines', 'fields': {'sum': {'type': 'amount', 'maxLength': 20}}}}
LINES = [[{'label': 'sum', 'value': '1.00'}], [{'label': 'sum', 'value': '2.00'}]]


def today(*arguments):
    return pytest.mark.server('--api', '2024', '--model-time', '0.1', *arguments)


@pytest.fixture
def ask(mount, api):
    """ask(data, truth): the predictions/ of a new document, with an active model called reader."""
    model = api.post('models', fieldConfig=FIELDS, name='reader')['modelId']
    training = api.post(f'models/{model}/trainings')['trainingId']
    eventually(lambda: api.get(f'models/{model}/trainings/{training}')['status'] == 'succeeded')
    api.patch('models/' + model, trainingId=training)

    def make(data=None, *truth):
        mount.document = api.add_document(data or pdf(2000), groundTruth=list(truth) or [
            {'label': 'total', 'value': '7.00'}])
        mount.refresh()
        return mount / 'documents' / mount.document / 'predictions'
    return make


def posts(seen):
    return [r for r in seen.all if r.verb == 'POST' and r.path.endswith('/predictions')]


def values(answer):
    return [(p['label'], p['value']) for p in answer['predictions'] if p['value'] is not None]


@today()
def test_who_reads_waits_for_what_was_asked_with_async(mount, ask, api):
    asked = ask()
    with mount.server.watch() as seen:
        (asked / 'reader.json').write_text('{"async": true}')
        one, = api.list('predictions')
        assert one['status'] == 'pending'
        answer = json.loads((asked / 'reader.json').read_text())
    assert len(posts(seen)) == 1
    assert answer == api.get('predictions/' + one['predictionId'])
    assert answer['status'] == 'succeeded' and values(answer) == [('total', '7.00')]
    assert os.stat(asked / 'reader.json').st_size == len((asked / 'reader.json').read_bytes())


@today('--prediction-time', '1.5')
def test_a_server_may_take_its_time_by_itself(mount, ask, api):
    asked = ask()
    mount.run(f"echo '{{}}' > ./documents/{mount.document}/predictions/reader.json")
    ran = mount.run(f"jq -r '.predictions[0].value' ./documents/{mount.document}/predictions/reader.json")
    assert ran.out == '7.00\n'
    assert len(api.list('predictions')) == 1
    with mount.server.watch() as seen:
        assert values(json.loads((asked / 'reader.json').read_text())) == [('total', '7.00')]
    assert not seen.count('GET', '/predictions')


@today('--prediction-time', '4')
@pytest.mark.options('timeout=1')
def test_what_is_pending_for_too_long_is_asked_for_by_the_next_reader(mount, ask, api):
    mount.allow('still pending')
    asked = ask()
    (asked / 'reader.json').write_text('{"async": true}')
    with mount.server.watch() as seen:
        with pytest.raises(OSError) as caught:
            (asked / 'reader.json').read_bytes()
        assert caught.value.errno == errno.ETIMEDOUT
        assert mount.errors().count('still pending') == 1
        mount.remount()
        answer = eventually(lambda: json.loads(_read(asked / 'reader.json')))
    assert values(answer) == [('total', '7.00')]
    assert not posts(seen) and len(api.list('predictions')) == 1


def _read(path):
    try:
        return path.read_bytes()
    except OSError as error:
        assert error.errno == errno.ETIMEDOUT
        return b'null'


@today('--prediction-time', '3')
def test_many_readers_ask_as_one(mount, ask, api):
    asked = ask()
    (asked / 'reader.json').write_text('{}')
    got = []
    with mount.server.watch() as seen:
        readers = [threading.Thread(target=lambda: got.append((asked / 'reader.json').read_bytes()))
                   for _ in range(8)]
        for one in readers:
            one.start()
        for one in readers:
            one.join()
    assert len(set(got)) == 1 and len(got) == 8
    assert 2 <= len([r for r in seen.all if '/predictions/' in r.path]) <= 6


@today('--prediction-time', '60')
def test_who_waits_can_be_interrupted(mount, ask, api):
    asked = ask()
    (asked / 'reader.json').write_text('{}')
    began = time.monotonic()
    mount.run(f'timeout -s INT 1 cat {asked}/reader.json', status=124)
    assert time.monotonic() - began < 15


@today()
def test_what_failed_says_so(mount, ask, api):
    asked = ask()
    (asked / 'reader.json').write_text('{"async": true}')
    api.delete('documents/' + mount.document)
    answer = json.loads((asked / 'reader.json').read_text())
    assert (answer['status'], answer['predictions']) == ('failed', None)
    assert 'gone' in answer['error']


ON_PAGES = [{'label': 'total', 'value': '1.00', 'pages': [0]},
            {'label': 'total', 'value': '2.00', 'pages': [3]},
            {'label': 'total', 'value': '3.00', 'pages': [4]},
            {'label': 'lines', 'value': LINES[:1], 'pages': [1]},
            {'label': 'lines', 'value': LINES[1:], 'pages': [4]}]


@today()
@pytest.mark.parametrize('more', [{}, {'async': True}])
def test_the_parts_of_a_long_document_are_one_answer(mount, ask, api, more):
    asked = ask(pages(5), *ON_PAGES)
    body = {'preprocessConfig': {'maxPages': 2}, **more}
    with mount.server.watch() as seen:
        (asked / 'reader.json').write_text(json.dumps(body))
        answer = json.loads((asked / 'reader.json').read_text())
        again = json.loads((asked / 'reader.json').read_text())
    assert len(posts(seen)) == 3
    assert sorted(p['preprocessConfig'].get('startPage', 0) for p in api.list('predictions')) == [0, 2, 4]
    assert all(p['preprocessConfig']['maxPages'] == 2 for p in api.list('predictions'))
    assert again == answer and answer['nextPage'] is None and answer['status'] == 'succeeded'
    assert [v for label, v in values(answer) if label == 'total'] == ['1.00', '2.00', '3.00']
    assert [p['page'] for p in answer['predictions'] if 'page' in p] == [0, 1, 3, 4, 4]
    assert answer['predictionId'] in [p['predictionId'] for p in api.list('predictions')]
    mount.remount()
    assert json.loads((asked / 'reader.json').read_text()) == answer


@today()
def test_the_other_form_of_an_answer_is_put_together_by_its_labels(mount, ask, api):
    asked = ask(pages(5), *ON_PAGES)
    (asked / 'reader.json').write_text(json.dumps({
        'preprocessConfig': {'maxPages': 2}, 'postprocessConfig': {
            'strategy': 'BEST_N_PAGES', 'parameters': {'n': 5}, 'outputFormat': 'v2'}}))
    answer = json.loads((asked / 'reader.json').read_text())
    assert [g['value'] for g in answer['predictions']['total'] if g['value']] == ['1.00', '2.00', '3.00']
    assert [line['sum'][0]['value'] for line in answer['predictions']['lines']] == ['1.00', '2.00']
    folder = mount / 'documents' / mount.document
    (folder / 'groundTruth.json').write_text(json.dumps(answer))
    truth = api.get('documents/' + mount.document)['groundTruth']
    # what the ground truth says besides stays
    assert {'label': 'lines', 'value': LINES, 'pages': [1]} in truth
    assert {'label': 'total', 'value': '2.00', 'pages': [3]} in truth


@today()
@pytest.mark.parametrize('config', [{'maxPages': 2, 'startPage': 0}, {'maxPages': 2, 'startPage': 2}])
def test_who_says_where_to_begin_gets_that_part(mount, ask, api, config):
    asked = ask(pages(5), *ON_PAGES)
    (asked / 'reader.json').write_text(json.dumps({'preprocessConfig': config}))
    answer = json.loads((asked / 'reader.json').read_text())
    assert answer['nextPage'] == config['startPage'] + 2
    assert len(api.list('predictions')) == 1


@today()
@pytest.mark.parametrize('body, pages_looked_at', [
    ({'maxPages': 2}, [0]),
    ({'maxPages': 3, 'preprocessConfig': {'maxPages': 1}}, [0, 1, 2]),
    ({'maxPages': 3, 'preprocessConfig': {'maxPages': 2}}, [0, 2])], ids=str)
def test_who_says_how_many_pages_gets_no_more(mount, ask, api, body, pages_looked_at):
    asked = ask(pages(5), *ON_PAGES)
    (asked / 'reader.json').write_text(json.dumps(body))
    answer = json.loads((asked / 'reader.json').read_text())
    assert sorted(p['preprocessConfig'].get('startPage', 0) for p in api.list('predictions')) == pages_looked_at
    assert answer['nextPage'] is not None  # there is more, and it was not asked for


@today('--quota', 'predictions=2')
def test_a_part_that_is_refused_is_asked_for_by_the_next_reader(mount, ask, api):
    mount.allow('Limit')
    asked = ask(pages(5), *ON_PAGES)
    (asked / 'reader.json').write_text('{"preprocessConfig": {"maxPages": 2}}')
    assert 'predict' in mount.errors()
    with pytest.raises(OSError) as caught:
        (asked / 'reader.json').read_bytes()
    assert caught.value.errno == errno.EDQUOT
    mount.server.stop()
    mount.server.arguments = mount.server.arguments[:-2]
    mount.server.start()
    answer = json.loads((asked / 'reader.json').read_text())
    assert [v for label, v in values(answer) if label == 'total'] == ['1.00', '2.00', '3.00']
    assert len(api.list('predictions')) == 3


@today('--prediction-time', '1')
def test_an_inbox_has_the_finished_answer(mount, ask, api, samples):
    mount.may_leave = True
    ask()
    mount.run(f'cp {samples.pdf()} models/reader/inbox/')
    inbox = mount / 'models/reader/inbox'
    assert sorted(os.listdir(inbox)) == ['scan.pdf', 'scan.pdf.json', 'scan.pdf.prediction.json']
    one, = api.list('predictions')
    assert json.loads((inbox / 'scan.pdf.prediction.json').read_text()) == one
    assert one['status'] == 'succeeded'


@today('--prediction-time', '4')
@pytest.mark.options('timeout=1')
@pytest.mark.parametrize('again', ['wait', 'remount', 'kill', 'cp'])
def test_an_inbox_answer_that_takes_longer_comes_by_itself(mount, ask, api, samples, again):
    mount.allow('predict')
    mount.may_leave = True
    ask()
    mount.run(f'cp {samples.pdf()} models/reader/inbox/')
    inbox = mount / 'models/reader/inbox'
    assert 'still pending' in mount.errors()
    assert os.listdir(inbox) == ['scan.pdf']
    if again == 'remount':
        mount.remount()
    elif again == 'kill':
        mount.kill()
        mount.start()
    elif again == 'cp':
        mount.run(f'cp {samples.pdf()} models/reader/inbox/')
    eventually(lambda: 'scan.pdf.json' in os.listdir(inbox))
    one, = api.list('predictions')
    assert json.loads((inbox / 'scan.pdf.prediction.json').read_text()) == one


@today('--prediction-time', '2')
@pytest.mark.options('timeout=1')
def test_an_inbox_s_answer_goes_to_the_name_that_the_document_has(mount, ask, api, samples):
    mount.allow('predict')
    mount.may_leave = True
    ask()
    mount.run(f'cp {samples.pdf()} models/reader/inbox/ && cd models/reader/inbox && mv scan.pdf bill.pdf')
    inbox = mount / 'models/reader/inbox'
    eventually(lambda: 'bill.pdf.json' in os.listdir(inbox))
    assert 'scan.pdf.json' not in os.listdir(inbox)


@today('--prediction-time', '2')
@pytest.mark.options('timeout=1')
def test_an_inbox_s_failure_is_written_beside_it(mount, ask, api, samples):
    mount.allow('predict')
    mount.may_leave = True
    ask()
    mount.run(f'cp {samples.pdf()} models/reader/inbox/')
    api.patch('models/' + api.get('models')['models'][0]['modelId'], trainingId=None)
    inbox = mount / 'models/reader/inbox'
    eventually(lambda: 'scan.pdf.error.txt' in os.listdir(inbox))
    assert 'gone' in (inbox / 'scan.pdf.error.txt').read_text()
    assert 'scan.pdf.json' not in os.listdir(inbox)


def has_its_answer(inbox, name, api):
    answer = json.loads((inbox / f'{name}.prediction.json').read_text())
    return api.content('documents/' + answer['documentId']) == (inbox / name).read_bytes()


@today('--prediction-time', '3')
@pytest.mark.options('timeout=1')
@pytest.mark.parametrize('again', ['', 'remount', 'kill'])
def test_another_document_of_the_name_takes_no_answer_away(mount, ask, api, samples, again):
    mount.allow('predict')
    mount.may_leave = True
    ask()
    inbox = mount / 'models/reader/inbox'
    mount.run(f'cp {samples.pdf()} models/reader/inbox/ && cd models/reader/inbox && mv scan.pdf a.pdf')
    mount.run(f'cp {samples.pdf("other.pdf", seed=5)} models/reader/inbox/scan.pdf')
    if again == 'remount':
        mount.remount()
    elif again == 'kill':
        mount.kill()
        mount.start()
    eventually(lambda: {'a.pdf.json', 'scan.pdf.json'} <= set(os.listdir(inbox)))
    assert has_its_answer(inbox, 'a.pdf', api) and has_its_answer(inbox, 'scan.pdf', api)
    assert len(api.list('predictions')) == 2
    assert not [n for n in os.listdir(inbox) if n.endswith('.error.txt')]


@today('--prediction-time', '2')
@pytest.mark.options('timeout=1')
@pytest.mark.parametrize('again', ['', 'remount'])
def test_an_answer_follows_its_document_into_a_subfolder(mount, ask, api, samples, again):
    mount.allow('predict')
    mount.may_leave = True
    ask()
    mount.run(f'cp {samples.pdf()} models/reader/inbox/ && cd models/reader/inbox && mkdir done && mv scan.pdf done/')
    if again:
        mount.remount()
    inbox = mount / 'models/reader/inbox'
    eventually(lambda: 'scan.pdf.json' in os.listdir(inbox / 'done'))
    assert os.listdir(inbox) == ['done']
    assert len(api.list('predictions')) == 1


@today('--prediction-time', '2')
@pytest.mark.options('timeout=1')
def test_outside_of_an_inbox_an_answer_is_no_ground_truth(mount, ask, api, samples):
    mount.allow('predict')
    mount.may_leave = True
    ask()
    mount.run(f'cp {samples.pdf()} models/reader/inbox/ && mv models/reader/inbox/scan.pdf documents/bill.pdf')
    eventually(lambda: 'bill.pdf.prediction.json' in os.listdir(mount / 'documents'))
    assert 'bill.pdf.json' not in os.listdir(mount / 'documents')
    assert os.listdir(mount / 'models/reader/inbox') == []
    assert all('groundTruth' not in d or d['documentId'] == mount.document for d in api.documents())


@today('--prediction-time', '2')
@pytest.mark.options('timeout=1')
def test_nobody_misses_the_answer_for_what_was_removed(mount, ask, api, samples):
    mount.allow('predict')
    mount.may_leave = True
    ask()
    mount.run(f'cp {samples.pdf()} models/reader/inbox/')
    said = mount.errors()
    mount.run('rm models/reader/inbox/scan.pdf')
    eventually(lambda: not mount.ask_state('SELECT * FROM intents'), what='the intent to be done')
    assert mount.errors() == said and os.listdir(mount / 'models/reader/inbox') == []


IN_PARTS = '{"preprocessConfig": {"maxPages": 2}}'


@today('--quota', 'predictions=2')
def test_what_was_paid_for_of_an_inbox_s_answer_is_kept(mount, ask, api, samples):
    mount.allow('predict', 'Limit')
    mount.may_leave = True
    ask()
    (mount / 'predictions/.defaults.json').write_text(IN_PARTS)
    samples.write('long.pdf', pages(5))
    mount.run(f'cp {samples.folder}/long.pdf models/reader/inbox/')
    inbox = mount / 'models/reader/inbox'
    assert sorted(os.listdir(inbox)) == ['long.pdf', 'long.pdf.error.txt', 'long.pdf.prediction.json']
    assert 'only a part' in (inbox / 'long.pdf.error.txt').read_text()
    assert json.loads((inbox / 'long.pdf.prediction.json').read_text())['nextPage'] == 4
    with mount.server.watch() as seen:
        mount.remount()
        eventually(lambda: posts(seen))  # it goes on, and is refused: a question cut off is not asked again
    mount.server.stop()
    mount.server.arguments = mount.server.arguments[:-2]
    mount.server.start()
    mount.run(f'cp {samples.folder}/long.pdf models/reader/inbox/')
    assert sorted(os.listdir(inbox)) == ['long.pdf', 'long.pdf.json', 'long.pdf.prediction.json']
    assert json.loads((inbox / 'long.pdf.prediction.json').read_text())['nextPage'] is None
    assert len(api.list('predictions')) == 3  # and none twice


@today('--prediction-time', '60')
@pytest.mark.options('writeback', 'settle=0', 'workers=2', 'timeout=30')
def test_with_writeback_no_worker_waits_for_an_answer(mount, ask, api):
    mount.may_leave = True
    ask()
    inbox = mount / 'models/reader/inbox'
    began = time.monotonic()
    for n in range(6):
        (inbox / f'{n}.pdf').write_bytes(pdf(2000, seed=n))
    eventually(lambda: len(api.list('predictions')) == 6)
    assert len(api.documents()) == 7
    assert time.monotonic() - began < 15


@today('--prediction-time', '1')
@pytest.mark.options('writeback', 'settle=0', 'workers=2')
def test_with_writeback_the_parts_of_an_inbox_s_answers_come(mount, ask, api):
    mount.may_leave = True
    ask()
    (mount / 'predictions/.defaults.json').write_text(IN_PARTS)
    inbox = mount / 'models/reader/inbox'
    for n in range(3):
        (inbox / f'{n}.pdf').write_bytes(pages(5 + n % 2))
    eventually(lambda: {f'{n}.pdf.json' for n in range(3)} <= set(os.listdir(inbox)), 30)
    assert len(api.list('predictions')) == 9
    assert json.loads((inbox / '1.pdf.prediction.json').read_text())['nextPage'] is None


@today('--prediction-time', '6')
def test_what_waits_for_its_answer_is_anybody_s_meanwhile(mount, ask, api, samples):
    mount.may_leave = True
    ask()
    inbox = mount / 'models/reader/inbox'
    closing = threading.Thread(target=lambda: mount.run(f'cp {samples.pdf()} models/reader/inbox/'))
    closing.start()
    eventually(lambda: api.list('predictions'))
    began = time.monotonic()
    assert os.listdir(inbox) == ['scan.pdf']
    assert os.stat(inbox / 'scan.pdf').st_size == 2000
    assert (inbox / 'scan.pdf').read_bytes() == pdf(2000)
    os.utime(inbox / 'scan.pdf', (7, 7))
    os.rename(inbox / 'scan.pdf', inbox / 'bill.pdf')
    assert time.monotonic() - began < 3 and closing.is_alive()
    closing.join()
    assert sorted(os.listdir(inbox)) == ['bill.pdf', 'bill.pdf.json', 'bill.pdf.prediction.json']
    assert len(api.list('predictions')) == 1
