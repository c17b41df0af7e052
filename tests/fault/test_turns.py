"""Where there is one connection for all, who waits for an answer goes before what takes long anyway."""
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from mounted import eventually
from samples import small_pdf

UPLOADS = 20
pytestmark = pytest.mark.options('max_conns=1')


@pytest.fixture
def job(mount, api):
    """The heartbeat of a claimed execution."""
    transition = api.post('transitions', name='checking', transitionType='manual')['transitionId']
    step = {'Type': 'Task', 'Resource': transition, 'End': True}
    workflow = api.post('workflows', name='flow', specification={
        'definition': {'StartAt': 'step', 'States': {'step': step}}})['workflowId']
    api.post(f'workflows/{workflow}/executions', input={})
    folder = mount / f'transitions/{transition}/executions'
    (folder / 'job').mkdir()
    return folder / 'job/heartbeat'


def before(proxy, mark, verb, path):
    """How many POSTs came since mark before the first request of that kind."""
    seen = proxy.since(mark)
    first = next(i for i, p in enumerate(seen) if (p.verb, p.path) == (verb, path))
    return sum(p.verb == 'POST' for p in seen[:first])


def test_a_cold_read_goes_before_uploads_that_wait(mount, proxy, api):
    document = api.add_document(small_pdf(UPLOADS))
    proxy.fault('POST', '/documents', delay=0.1)
    with ThreadPoolExecutor(UPLOADS) as pool:
        uploads = [pool.submit((mount / f'documents/n{i}.pdf').write_bytes, small_pdf(i))
                   for i in range(UPLOADS)]
        eventually(lambda: len(proxy.since(0, 'POST', '/documents')) >= 4)
        mark = proxy.mark()
        assert (mount / 'documents' / document / 'content').read_bytes() == small_pdf(UPLOADS)
        for upload in uploads:
            upload.result()
    assert before(proxy, mark, 'GET', f'/documents/{document}') <= 2
    assert len(proxy.since(mark, 'POST', '/documents')) > UPLOADS // 2
    assert len(api.documents()) == UPLOADS + 1


def test_uploads_come_to_an_end_while_others_read(mount, proxy, api):
    documents = [api.add_document(small_pdf(UPLOADS + i)) for i in range(60)]
    os.listdir(mount / 'documents')
    proxy.fault('GET', '/documents/.*', delay=0.02)
    with ThreadPoolExecutor(8) as pool:
        reads = [pool.submit((mount / 'documents' / d / 'content').read_bytes) for d in documents]
        eventually(lambda: len(proxy.since(0, 'GET', '/documents/.*')) >= 4)
        mark = proxy.mark()
        (mount / 'documents/n.pdf').write_bytes(small_pdf(1))
        seen = proxy.since(mark)
        for i, read in enumerate(reads):
            assert read.result() == small_pdf(UPLOADS + i)
    sent = next(i for i, p in enumerate(seen) if p.verb == 'POST')
    assert sum(p.path.startswith('/documents/') for p in seen[:sent]) <= 30


def test_a_cold_read_goes_between_the_pages_of_a_long_list(mount, proxy, api):
    documents = api.add_documents([small_pdf(i) for i in range(500)])
    proxy.fault('GET', '/documents', delay=0.1)
    with ThreadPoolExecutor(1) as pool:
        listing = pool.submit(os.listdir, mount / 'documents')
        eventually(lambda: len(proxy.since(0, 'GET', '/documents')) >= 2)
        mark = proxy.mark()
        os.stat(mount / 'documents' / documents[-1])
        seen = proxy.since(mark)
        assert len(listing.result()) == 500
    assert len(seen) <= 4, seen


def test_a_heartbeat_waits_for_no_upload(mount, proxy, api, job):
    stalled = proxy.fault('POST', '/documents', stall='before')
    with ThreadPoolExecutor(1) as pool:
        upload = pool.submit((mount / 'documents/n.pdf').write_bytes, small_pdf(1))
        eventually(lambda: stalled.hits)
        for _ in range(3):
            os.utime(job)
        assert not upload.done()
        proxy.clear()
        upload.result()
    assert len(proxy.since(0, 'POST', '/transitions/.*/heartbeats')) == 3
    assert len(api.documents()) == 1
