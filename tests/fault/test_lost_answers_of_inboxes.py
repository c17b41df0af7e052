"""A document in an inbox is asked about once, whatever becomes of the POST and of the daemon."""
import json
import os
import subprocess

import pytest

from mounted import eventually
from samples import pdf

FIELDS = {'total': {'type': 'amount', 'maxLength': 20}}
pytestmark = [pytest.mark.options('unsure=2', 'timeout=20'), pytest.mark.parametrize('time', [
    pytest.param('today', marks=pytest.mark.server('--api', '2024', '--model-time', '0.1')), '2021'])]


@pytest.fixture
def inbox(mount, api, time):
    """That of a model that can be asked."""
    mount.may_leave = True
    if time == 'today':
        model = api.post('models', fieldConfig=FIELDS, name='reader')['modelId']
        training = api.post(f'models/{model}/trainings')['trainingId']
        eventually(lambda: api.get(f'models/{model}/trainings/{training}')['status'] == 'succeeded')
        api.patch('models/' + model, trainingId=training)
    else:
        model = api.post('models', width=300, height=300, fieldConfig=FIELDS, name='reader')['modelId']
        api.patch('models/' + model, status='training')
        eventually(lambda: api.get('models/' + model)['status'] == 'active')
    return mount / 'models/reader/inbox'


def put(mount, name='scan.pdf', data=pdf(2000)):
    """A cp that waits in its close()."""
    source = mount.folder.parent / name
    source.write_bytes(data)
    return subprocess.Popen(['cp', source, mount / 'models/reader/inbox' / name], stderr=subprocess.DEVNULL)


def answered(inbox, api, name='scan.pdf'):
    eventually(lambda: f'{name}.json' in os.listdir(inbox), 30)
    one, = [p for p in api.list('predictions')]
    assert json.loads((inbox / f'{name}.prediction.json').read_text())['predictionId'] == one['predictionId']


@pytest.mark.parametrize('how', ['after', 'middle', 'before'])
def test_a_lost_answer_is_looked_up(mount, proxy, api, inbox, how):
    mount.allow('predict')
    proxy.fault('POST', '/predictions', times=1, close=how)
    assert put(mount).wait() == 0
    answered(inbox, api)
    assert 'scan.pdf.error.txt' not in os.listdir(inbox)


@pytest.mark.parametrize('how', ['after', 'before'])
def test_a_daemon_that_dies_meanwhile_asks_once(mount, proxy, api, inbox, how):
    rule = proxy.fault('POST', '/predictions', stall=how, close='before' if how == 'before' else None)
    closing = put(mount)
    eventually(lambda: rule.hits)
    if how == 'after':
        eventually(lambda: api.list('predictions'))
    mount.kill()
    closing.wait()
    proxy.clear()
    mount.start()
    answered(inbox, api)
    assert len(api.documents()) == 1


@pytest.mark.options('unsure=2', 'timeout=20', 'writeback', 'settle=0')
@pytest.mark.parametrize('step', ['POST /documents', 'POST /predictions'])
def test_with_writeback_too(mount, proxy, api, inbox, step):
    verb, path = step.split()
    proxy.fault(verb, path, stall='after')
    assert put(mount).wait() == 0
    eventually(lambda: api.list(path[1:]))
    mount.kill()
    proxy.clear()
    mount.start()
    answered(inbox, api)
    assert len(api.documents()) == 1


def test_what_somebody_asked_before_is_not_taken_for_it(mount, proxy, api, inbox):
    """The answer was removed and is asked for again; it is not the one that there was."""
    assert put(mount).wait() == 0
    first, = api.list('predictions')
    (inbox / 'scan.pdf.json').unlink()
    assert put(mount, data=pdf(3000)).wait() == 0
    assert json.loads((inbox / 'scan.pdf.prediction.json').read_text())['predictionId'] != first['predictionId']


@pytest.mark.parametrize('status', [429, 500, 503])
def test_a_server_that_fails_for_a_while_is_asked_again(mount, proxy, api, inbox, status):
    mount.allow('predict')
    rule = proxy.fault('POST', '/predictions', times=6, status=status,
                       body=b'{"message": "Too Many Requests"}')
    assert put(mount).wait() == 0
    answered(inbox, api)
    assert rule.hits
    assert 'scan.pdf.error.txt' not in os.listdir(inbox)
