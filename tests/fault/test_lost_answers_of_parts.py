"""A part of a long document's answer is asked for once, whatever becomes of the POST."""
import errno
import json
import os

import pytest

from mounted import eventually
from samples import pages

pytestmark = [pytest.mark.server('--api', '2024', '--model-time', '0.1'),
              pytest.mark.options('unsure=2', 'timeout=5')]


@pytest.fixture
def asked(mount, api):
    """What a model called reader is asked about five pages, two at a time: the first part is on its way."""
    model = api.post('models', fieldConfig={'total': {'type': 'amount'}}, name='reader')['modelId']
    training = api.post(f'models/{model}/trainings')['trainingId']
    eventually(lambda: api.get(f'models/{model}/trainings/{training}')['status'] == 'succeeded')
    api.patch('models/' + model, trainingId=training)
    document = api.add_document(pages(5), groundTruth=[{'label': 'total', 'value': '3.00', 'pages': [4]}])
    mount.refresh()
    one = mount / 'documents' / document / 'predictions/reader.json'
    one.write_text('{"async": true, "preprocessConfig": {"maxPages": 2}}')
    return one


def refused(path):
    with pytest.raises(OSError) as caught:
        path.read_bytes()
    return caught.value.errno


def whole(path):
    answer = json.loads(path.read_text())
    assert answer['nextPage'] is None
    assert '3.00' in [p['value'] for p in answer['predictions']]
    return answer


def test_a_lost_answer_is_not_asked_for_again(mount, proxy, api, asked):
    mount.allow('nobody knows')
    mount.may_leave = True
    proxy.fault('POST', '/predictions', times=1, close='after')
    assert refused(asked) == errno.EIO
    assert refused(asked) == errno.EIO
    assert len(api.list('predictions')) == 2
    assert mount.errors().count('nobody knows') == 2
    mount.remount()
    assert refused(asked) == errno.EIO
    assert len(api.list('predictions')) == 2
    asked.write_text('{"preprocessConfig": {"maxPages": 2}}')  # as the line says
    whole(asked)
    assert len(api.list('predictions')) == 5


def test_a_daemon_that_dies_meanwhile_has_not_asked_either(mount, proxy, api, asked):
    mount.allow('nobody knows')
    mount.may_leave = True
    proxy.fault('POST', '/predictions', times=1, stall='after')
    reader = os.fork()
    if reader == 0:
        try:
            asked.read_bytes()
        finally:
            os._exit(0)
    eventually(lambda: len(api.list('predictions')) == 2)
    mount.kill()
    os.waitpid(reader, 0)
    proxy.clear()
    mount.start()
    assert refused(asked) == errno.EIO
    assert len(api.list('predictions')) == 2


@pytest.mark.parametrize('how', [{'status': 503}, {'status': 400}])
def test_what_was_refused_is_asked_for_by_the_next_reader(mount, proxy, api, asked, how):
    mount.allow('predictions/reader.json')
    rule = proxy.fault('POST', '/predictions', **how)
    refused(asked)
    proxy.clear()
    if how['status'] == 400:
        whole(asked)
        assert len(api.list('predictions')) == 3
    else:  # behind a gateway that says 503 there may be a server that has done it
        assert refused(asked) == errno.EIO
        assert len(api.list('predictions')) == 1
    assert rule is None or rule.hits


@pytest.mark.parametrize('next_page', [0, 2, 'x', -1])
def test_a_server_that_does_not_come_forward_is_not_asked_for_ever(mount, proxy, api, asked, next_page):
    def edit(body):
        answer = json.loads(body)
        return json.dumps({**answer, 'nextPage': next_page}).encode() if 'predictionId' in answer else body
    proxy.fault('GET', '/predictions/.*', edit=edit)
    proxy.fault('POST', '/predictions', edit=edit)
    json.loads(asked.read_text())
    assert len(api.list('predictions')) <= 2
