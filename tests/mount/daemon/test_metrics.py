"""What .lasfs/status and .lasfs/metrics say of how fast it goes: where contents came from, what was read ahead,
how long operations and requests took."""
import os
import re
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from mounted import eventually
from samples import pdf

SIZE = 5000


def metrics_of(mount):
    text = (mount / '.lasfs/metrics').read_text()
    return {(s.name, *sorted(s.labels.items())): s.value
            for f in text_string_to_metric_families(text) for s in f.samples}


def grown(mount, before, name, **labels):
    key = (name, *sorted(labels.items()))
    return metrics_of(mount).get(key, 0) - before.get(key, 0)


def status_line(mount, begin):
    return next(line for line in (mount / '.lasfs/status').read_text().splitlines() if line.startswith(begin))


def contents(mount, ids):
    return [(mount / 'documents' / i / 'content').read_bytes() for i in ids]


def test_buckets_are_cumulative_and_end_with_all(mount, api):
    contents(mount, [api.add_document(pdf(SIZE, seed=i)) for i in range(5)])
    text = (mount / '.lasfs/metrics').read_text()
    families = {f.name: f for f in text_string_to_metric_families(text)}
    for name in ('lasfs_operation_seconds', 'lasfs_request_seconds'):
        assert families[name].type == 'histogram'
        kinds = {}
        for s in families[name].samples:
            what = tuple(v for k, v in s.labels.items() if k != 'le')
            kinds.setdefault(what, {}).setdefault(s.name[len(name):], []).append(s)
        for what, series in kinds.items():
            buckets = series['_bucket']
            assert [float(s.labels['le']) for s in buckets] == sorted(float(s.labels['le']) for s in buckets)
            assert [s.value for s in buckets] == sorted(s.value for s in buckets), what
            assert buckets[-1].labels['le'] == '+Inf'
            assert buckets[-1].value == series['_count'][0].value > 0, what
            assert series['_sum'][0].value >= 0


@pytest.mark.options('readahead=0')
def test_a_content_is_from_the_server_once_then_from_the_cache(mount, api):
    one = api.add_document(pdf(SIZE))
    os.listdir(mount / 'documents')  # else the look whether there is one brings its content too
    before = metrics_of(mount)
    contents(mount, [one])
    assert grown(mount, before, 'lasfs_contents_opened_total', **{'from': 'server'}) == 1
    assert grown(mount, before, 'lasfs_contents_opened_total', **{'from': 'cache'}) == 0
    contents(mount, [one, one])
    assert grown(mount, before, 'lasfs_contents_opened_total', **{'from': 'server'}) == 1
    assert grown(mount, before, 'lasfs_contents_opened_total', **{'from': 'cache'}) == 2
    assert status_line(mount, 'contents opened') == 'contents opened  2 from the cache, 1 not'


@pytest.mark.parametrize('generation', [pytest.param(g, marks=pytest.mark.server('--api', g)) for g in ('2021', '2024')])
def test_what_is_read_ahead_is_used_or_in_vain(mount, api, generation):
    """All of a walk is used, whoever came first, its reader or what is fetched ahead of it; what is removed
    before anybody asked was in vain."""
    ids = sorted(api.add_document(pdf(SIZE, seed=i)) for i in range(30))
    os.listdir(mount / 'documents')
    for i, content in enumerate(contents(mount, ids[:12])):
        assert len(content) == SIZE, i

    def ahead():
        got = metrics_of(mount)
        return tuple(int(got[(f'lasfs_readahead{what}_total',)]) for what in ('', '_used', '_wasted'))
    eventually(lambda: ahead()[0] > ahead()[1], what='some that are ahead')
    contents(mount, ids)
    count, used, vain = eventually(lambda: ahead()[0] == ahead()[1] and ahead(), what=f'{ahead()} all of them used')
    assert 0 < count == used <= 30 and vain == 0
    assert status_line(mount, 'read ahead') == f'read ahead       {count} ({used} used, 0 in vain)'


@pytest.mark.options('readahead=4', 'content_cache=64K')
def test_what_goes_before_it_is_read_was_in_vain(mount, api):
    """Four are ahead when the cache is filled with others."""
    ids = sorted(api.add_document(pdf(SIZE, seed=i)) for i in range(40))
    os.listdir(mount / 'documents')
    contents(mount, ids[:8])
    eventually(lambda: metrics_of(mount)[('lasfs_readahead_total',)] >= 1, what='reading ahead')
    contents(mount, [ids[n] for n in (39, 20, 33, 15, 27, 36, 18, 30, 23, 12, 38, 26, 14, 35, 21, 29)])
    assert eventually(lambda: metrics_of(mount)[('lasfs_readahead_wasted_total',)], what='some in vain') >= 1


def test_operations_and_requests_have_their_times(mount, api, samples):
    before = metrics_of(mount)
    began = time.monotonic()
    mount.run(f'cp {samples.pdf()} documents/a.pdf; cat documents/a.pdf >/dev/null; rm documents/a.pdf')
    took = time.monotonic() - began
    for operation in ('lookup', 'create', 'write', 'flush', 'unlink'):
        assert grown(mount, before, 'lasfs_operation_seconds_count', operation=operation) >= 1, operation
        assert 0 <= grown(mount, before, 'lasfs_operation_seconds_sum', operation=operation) <= took
    for method, endpoint in (('POST', 'documents'), ('DELETE', 'documents/{documentId}')):
        labels = {'method': method, 'endpoint': endpoint}
        assert grown(mount, before, 'lasfs_request_seconds_count', **labels) == 1, endpoint
        assert 0 < grown(mount, before, 'lasfs_request_seconds_sum', **labels) <= took
    assert metrics_of(mount)[('lasfs_request_seconds_count', ('endpoint', 'token'), ('method', 'POST'))] == 1


def test_a_slow_server_is_seen_by_the_requests_and_by_who_waits(lasfs, proxy, samples):
    mount = lasfs(server=proxy)
    before = metrics_of(mount)
    proxy.fault('POST', '/documents', delay=0.3)
    mount.run(f'cp {samples.pdf()} documents/a.pdf')
    for name, labels in (('request', {'method': 'POST', 'endpoint': 'documents'}),
                         ('operation', {'operation': 'flush'})):
        assert grown(mount, before, f'lasfs_{name}_seconds_sum', **labels) >= 0.3
        assert grown(mount, before, f'lasfs_{name}_seconds_bucket', le='0.25', **labels) == 0 or name == 'operation'
        assert grown(mount, before, f'lasfs_{name}_seconds_bucket', le='+Inf', **labels) >= 1


def test_every_try_of_a_request_is_measured(lasfs, proxy, api):
    one = api.add_document(pdf(SIZE))
    mount = lasfs(server=proxy)
    proxy.fault('GET', '/documents/.*', status=503, headers={'Retry-After': '0'}, times=2)
    before = metrics_of(mount)
    contents(mount, [one])
    tries = grown(mount, before, 'lasfs_request_seconds_count', method='GET', endpoint='documents/{documentId}')
    assert tries == 3 == grown(mount, before, 'lasfs_request_retries_total') + 1


def test_the_last_minute_is_in_the_status(mount, api):
    ids = [api.add_document(pdf(SIZE, seed=i)) for i in range(3)]
    os.listdir(mount / 'documents')
    contents(mount, ids)
    counts = re.search(r'^last minute +(\d+) operations, (\d+) requests, (\d+) bytes sent, (\d+) received\n'
                       r' +(\d+) contents from the cache, (\d+) not$', (mount / '.lasfs/status').read_text(), re.M)
    assert counts
    operations, requests, sent, received, hits, misses = (int(n) for n in counts.groups())
    assert operations >= 9 and 4 <= requests <= 10 and sent > 100 and received > 3 * SIZE
    assert (hits, misses) == (0, 3)


def test_what_is_measured_grows_with_the_kinds_of_questions_not_with_their_number(mount, api):
    def lines():
        return len((mount / '.lasfs/metrics').read_text().splitlines())
    ids = [api.add_document(pdf(SIZE, seed=i)) for i in range(30)]
    contents(mount, ids[:2])
    mount.run('ls -l documents >/dev/null; cat .lasfs/metrics >/dev/null')
    before = lines()
    contents(mount, ids)
    mount.run('ls -l documents >/dev/null')
    assert lines() <= before + 4 * 15
