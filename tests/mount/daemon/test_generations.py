"""Which generation of the API a server speaks is found out from its answers, and used: GET by id."""
import json
import os

import pytest

from mounted import eventually
from samples import pdf

today = pytest.mark.server('--api', '2024', '--model-time', '0')
CLIENT = '/appClients/las:app-client:[^/]*'


def status_of(mount):
    return next(line.split(maxsplit=1)[1] for line in (mount / '.lasfs/status').read_text().splitlines()
                if line.startswith('API '))


def metrics_of(mount):
    return {line for line in (mount / '.lasfs/metrics').read_text().splitlines()
            if line.startswith('lasfs_api_generation{')}


def metric(resource, generation):
    return f'lasfs_api_generation{{resource="{resource}",generation="{generation}"}} 1'


@today
def test_today_s_api_is_told(mount):
    eventually(lambda: status_of(mount) == '2024')
    assert metrics_of(mount) == {metric('organizations', 2024)}


def test_the_api_of_2021_is_told(mount):
    eventually(lambda: status_of(mount) == '2021')
    assert metrics_of(mount) == {metric('organizations', 2021)}


@today
def test_what_is_mixed_is_told(lasfs, proxy, api):
    """A server whose models are, in part, as they were."""
    for name in ('a', 'b'):
        api.post('models', name=name, fieldConfig={'x': {'type': 'amount', 'maxLength': 9}})

    def edit(data):
        page = json.loads(data)
        page['models'][1] = {k: v for k, v in page['models'][1].items()
                             if k not in ('metadata', 'organizationId')} | {'width': 300, 'height': 300}
        return json.dumps(page).encode()
    proxy.fault('GET', '/models', edit=edit)
    one = lasfs(server=proxy)
    os.listdir(one / 'models')
    eventually(lambda: status_of(one) == '2024, models 2021 and 2024')
    assert metrics_of(one) == {metric('organizations', 2024), metric('models', 2021), metric('models', 2024)}
    proxy.clear()


# --- GET by id ---------------------------------------------------------------------------------------

def things(api):
    """A resource of each kind that had no GET in 2021: {path in the mount and there: its id's field}"""
    model = api.post('models', name='m', fieldConfig={'x': {'type': 'amount', 'maxLength': 9}})['modelId']
    data = api.post('datasets', name='d')['datasetId']
    bundle = api.post(f'models/{model}/dataBundles', name='b', datasetIds=[data])['dataBundleId']
    training = api.post(f'models/{model}/trainings', dataBundleIds=[bundle])['trainingId']
    eventually(lambda: api.get(f'models/{model}/trainings/{training}')['status'] == 'succeeded')
    api.patch(f'models/{model}', trainingId=training)
    document = api.add_document(pdf(700))
    prediction = api.post('predictions', documentId=document, modelId=model)['predictionId']
    client = api.post('appClients', name='c')['appClientId']
    return [f'appClients/{client}', f'models/{model}/dataBundles/{bundle}', f'predictions/{prediction}']


@today
def test_one_get_where_there_is_one(mount, api):
    paths = things(api)
    eventually(lambda: status_of(mount) == '2024')
    for path in paths:
        with mount.server.watch() as seen:
            got = json.loads((mount / path / 'resource.json').read_text())
        asked = [r.path for r in seen.all]
        assert got == api.get(path)
        assert '/' + path in asked and '/' + path.rpartition('/')[0] not in asked, asked


def test_a_list_where_there_is_none(mount, api):
    client = api.post('appClients', name='c')['appClientId']
    eventually(lambda: status_of(mount) == '2021')
    with mount.server.watch() as seen:
        assert (mount / 'appClients' / client / 'name').read_text() == 'c\n'
    assert {r.path for r in seen.all} == {'/appClients'}


@today
@pytest.mark.parametrize('status, message', [(404, 'Not Found'), (403, 'Missing Authentication Token'),
                                             (403, 'Forbidden'), (405, 'Method Not Allowed')])
def test_a_get_that_is_not_there_is_tried_once(lasfs, proxy, api, status, message):
    ids = [api.post('appClients', name=name)['appClientId'] for name in 'ab']
    proxy.fault('GET', CLIENT, status=status, body=json.dumps({'message': message}).encode())
    one = lasfs('meta_ttl=0', 'list_ttl=0', server=proxy)
    eventually(lambda: status_of(one) == '2024')
    mark = proxy.mark()
    for name, id_ in zip('ab', ids):
        assert (one / 'appClients' / id_ / 'name').read_text() == name + '\n'
    by_id = {p.path for p in proxy.since(mark) if p.path.startswith('/appClients/')}
    assert by_id == {'/appClients/' + ids[0]}
    assert one.errors() == ''
    proxy.clear()


@today
def test_what_is_not_there_does_not_say_that_there_is_no_get(lasfs, proxy, api):
    there = api.post('appClients', name='c')['appClientId']
    gone = api.post('appClients', name='gone')['appClientId']
    api.delete('appClients/' + gone)
    one = lasfs('meta_ttl=0', 'list_ttl=0', server=proxy)
    eventually(lambda: status_of(one) == '2024')
    assert not os.path.exists(one / 'appClients' / gone)
    one.refresh()
    mark = proxy.mark()
    assert (one / 'appClients' / there / 'name').read_text() == 'c\n'
    assert {p.path for p in proxy.since(mark) if p.path.startswith('/appClients')} == {'/appClients/' + there}
    proxy.clear()


@today
def test_a_pending_prediction_is_asked_for_again(mount, api):
    paths = things(api)
    done = api.get(paths[2])
    body = json.dumps({'documentId': done['documentId'], 'modelId': done['modelId'], 'async': True})
    (mount / 'predictions/p.json').write_text(body)
    eventually(lambda: (mount / 'predictions/p/status').read_text() == 'succeeded\n')
    assert json.loads((mount / 'predictions/p/predictions.json').read_text()) == done['predictions']
