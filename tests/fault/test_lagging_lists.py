"""A list that is a moment behind: what was sent, or moved, a moment ago is believed over it."""
import json
import os
import time

import pytest

from machines import TTL, both_apis, both_modes, loose, today
from samples import small_pdf
from fault.test_lost_answers import documents


def lag_behind(proxy, ids):
    """Lists have nothing yet of these."""
    def edit(data):
        page = json.loads(data)
        page['documents'] = [d for d in page['documents'] if d['documentId'] not in ids]
        return json.dumps(page).encode()
    return proxy.fault('GET', '/documents', edit=edit)


@both_apis
@both_modes
@pytest.mark.parametrize('how', ['killed', 'unmounted'])
def test_a_list_that_lags_takes_no_name_after_a_remount(lasfs, proxy, api, generation, more, how):
    """Without a remount it is known that it was sent a moment ago. What copies it again makes two."""
    mount = loose(lasfs(*TTL, *more, server=proxy))
    source = mount.folder / 'scan.pdf'
    source.write_bytes(small_pdf(1))
    mount.run(f'cp -p {source} documents/')
    mount.control('flush')
    lag = lag_behind(proxy, [api.only_document()['documentId']])
    if how == 'killed':
        mount.kill()
        mount.start()
    else:
        mount.remount()
    there = os.listdir(mount / 'documents')
    mount.run(f'rsync -a {source} documents/')
    assert lag.hits
    proxy.clear()
    mount.control('flush')
    assert documents(api) == [small_pdf(1)]
    assert there == ['scan.pdf']


@today
@both_modes
def test_a_list_that_lags_takes_no_name_after_a_move(lasfs, proxy, api, more):
    """The first dataset's list still has it, as it was: that is newer than what the PATCH said, and believed."""
    mount = loose(lasfs(*more, server=proxy))
    first, second = (api.add_dataset(name) for name in ('first', 'second'))
    source = mount.folder / 'scan.pdf'
    source.write_bytes(small_pdf(1))
    mount.run(f'cp -p {source} datasets/{first}/documents/')
    mount.control('flush')
    record = api.only_document()
    stale = json.dumps(api.get('documents', datasetId=first)).encode()
    proxy.fault('GET', '/documents', query='datasetId=' + first.replace(':', '(:|%3A)'), body=stale, status=200,
                headers={'Content-Type': 'application/json'})
    lag_behind(proxy, [record['documentId']])
    os.rename(mount / f'datasets/{first}/documents/scan.pdf', mount / f'datasets/{second}/documents/scan.pdf')
    for _ in range(20):  # meanwhile it is looked at again, for what it says of itself
        os.listdir(mount / f'datasets/{first}/documents')
        there = os.listdir(mount / f'datasets/{second}/documents')
    mount.run(f'rsync -a {source} datasets/{second}/documents/')
    proxy.clear()
    mount.control('flush')
    assert documents(api) == [small_pdf(1)]
    assert there == ['scan.pdf']


@both_apis
def test_a_list_that_lagged_takes_no_name_as_long_as_it_is_remembered(lasfs, proxy, api, generation):
    """It was asked for a moment after the file was sent, and is believed for longer than lists lag."""
    mount = loose(lasfs('list_ttl=60', 'meta_ttl=1', server=proxy))
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    lag_behind(proxy, [api.only_document()['documentId']])
    mount.remount()
    assert os.listdir(mount / 'documents') == ['scan.pdf']
    time.sleep(3)
    assert os.listdir(mount / 'documents') == ['scan.pdf']
