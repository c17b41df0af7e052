"""No operation waits without a bound; a server that is down is not asked by everybody."""
import errno
import os
import time

import pytest

from mounted import eventually
from samples import small_pdf


def failure(action, *arguments):
    """(errno, seconds) of what fails."""
    begin = time.monotonic()
    with pytest.raises(OSError) as problem:
        action(*arguments)
    return problem.value.errno, time.monotonic() - begin


@pytest.mark.options('timeout=3')
@pytest.mark.parametrize('status', [500, 503, 429])
def test_retries_are_included_in_the_timeout(mount, proxy, api, status):
    """A gateway that takes two seconds for each refusal: three of them are more than three."""
    mount.allow('HTTP', 'nothing has moved')
    document = api.add_document(small_pdf(1))
    proxy.fault('GET', '/documents/.*', delay=2, status=status, message='Too Many Requests')
    error, seconds = failure(os.stat, mount / 'documents' / document)
    assert error in (errno.ETIMEDOUT, errno.EIO, errno.EAGAIN)
    assert 1.9 < seconds < 5


@pytest.mark.options('timeout=3')
def test_an_upload_that_moves_is_not_stuck(mount, proxy, api, samples):
    """The server's answer comes late, but within the timeout after the last byte."""
    proxy.fault('POST', '/documents', delay=2)
    mount.run(f'cp {samples.pdf(size=3000000)} documents/')
    assert len(api.documents()) == 1


# --- The breaker -------------------------------------------------------------------------------

@pytest.fixture
def broken(mount, proxy, api):
    """A mount whose last five operations met a dead server."""
    mount.allow('HTTP 502', 'not tried', 'Bad Gateway')
    mount.may_leave = True
    mount.documents = [api.add_document(small_pdf(i)) for i in range(6)]
    os.listdir(mount / 'documents')
    proxy.fault(status=502, body=b'Bad Gateway')
    for document in mount.documents[:5]:
        assert failure(os.open, mount / 'documents' / document / 'content',
                       os.O_RDONLY)[0] == errno.EIO
    eventually(lambda: is_quiet(proxy))  # what was read ahead has its answers too
    return mount


def is_quiet(proxy):
    mark = proxy.mark()
    time.sleep(0.4)
    return proxy.mark() == mark


def content(mount, index):
    with open(mount / 'documents' / mount.documents[index] / 'content', 'rb') as f:
        return f.read()


def test_after_failures_in_a_row_all_is_answered_at_once(broken, proxy):
    mark = proxy.mark()
    for _ in range(20):
        error, seconds = failure(content, broken, 5)
        assert error == errno.EIO and seconds < 1
    assert not proxy.since(mark, 'GET', '/documents/.*')
    assert 'not tried' in broken.errors().splitlines()[-1]
    assert 'Bad Gateway' in broken.errors().splitlines()[-1]
    assert 'does not answer' in (broken / '.lasfs/status').read_text()


def test_one_probe_a_second_finds_that_it_is_back(broken, proxy):
    mark = proxy.mark()
    begin = time.monotonic()
    eventually(lambda: len(proxy.since(mark)) >= 3, 20, 'probing')
    assert time.monotonic() - begin > 2
    assert all('Authorization' not in p.headers for p in proxy.since(mark))
    proxy.clear()
    eventually(lambda: 'does not answer' not in (broken / '.lasfs/status').read_text())
    assert content(broken, 5) == small_pdf(5)


def test_what_is_written_meanwhile_is_not_lost(broken, proxy, api):
    error, seconds = failure((broken / 'documents/scan.pdf').write_bytes, small_pdf(9))
    assert error == errno.EIO and seconds < 1
    assert not (broken / 'documents/scan.pdf').exists()
    failed, = os.listdir(broken / '.lasfs/failed')
    assert (broken / '.lasfs/failed' / failed).read_bytes() == small_pdf(9)
    proxy.clear()
    eventually(lambda: 'does not answer' not in (broken / '.lasfs/status').read_text())
    (broken / 'documents/scan.pdf').write_bytes(small_pdf(9))
    broken.may_leave = False
    assert len(api.documents()) == 7


@pytest.mark.parametrize('status', [400, 403, 404, 413])
def test_refusals_are_no_failures_of_the_server(mount, proxy, api, status):
    mount.allow('HTTP')
    document = api.add_document(small_pdf(1))
    os.listdir(mount / 'documents')
    proxy.fault('GET', '/documents/.*', status=status, message='no')
    for _ in range(20):
        failure(os.open, mount / 'documents' / document / 'content', os.O_RDONLY)
    proxy.clear()
    with open(mount / 'documents' / document / 'content', 'rb') as f:
        assert f.read() == small_pdf(1)
    assert 'not tried' not in mount.errors()
