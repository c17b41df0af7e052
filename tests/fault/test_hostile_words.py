"""What a server says is never more than words: no other line of the log, no page without end."""
import errno
import json
import os

import pytest

from samples import small_pdf


def fails(action, *arguments):
    with pytest.raises(OSError) as problem:
        action(*arguments)
    return problem.value.errno


@pytest.mark.parametrize('length', [1, 2, 3, 7])
def test_pages_that_go_around_end(mount, proxy, length):
    """Each names the next one, and the last the first."""
    mount.allow('does not go on')
    for i in range(1, 40):
        page = {'documents': [], 'nextToken': f't{i % length}'}
        proxy.fault('GET', '/documents', times=1, status=200, body=json.dumps(page).encode())
    assert fails(os.listdir, mount / 'documents') == errno.EIO
    assert len(proxy.since(0, 'GET', '/documents')) <= 3 * length + 2
    assert 'does not go on' in mount.errors()


@pytest.mark.parametrize('verb', ['GET', 'DELETE'])
def test_a_purge_that_goes_around_ends(mount, proxy, api, verb):
    mount.allow('does not go on')
    consent = 'las:consent:' + '0' * 32
    api.add_document(small_pdf(1), consentId=consent)
    for i in range(1, 40):
        page = {'documents': [], 'nextToken': f't{i % 3}'}
        proxy.fault(verb, '/documents', times=1, status=200, body=json.dumps(page).encode())
    mount.run(f'rmdir consents/{consent}; '
              f'echo purge consents/{consent}/documents > .lasfs/control', status=None)
    assert len(proxy.since(0, verb, '/documents')) <= 20


@pytest.mark.parametrize('token', ['a' * 70000, 7, 'a\0b', ['x']], ids=['long', 'number', 'nul', 'list'])
def test_a_next_page_that_cannot_be_is_told(mount, proxy, api, token):
    mount.allow('nextToken')
    proxy.fault('GET', '/documents', status=200,
                body=json.dumps({'documents': [], 'nextToken': token}).encode())
    assert fails(os.listdir, mount / 'documents') == errno.EIO


@pytest.mark.parametrize('token', ['\r\nX-Evil: 1', '&datasetId=x#', '../..?', '\n'])
def test_a_next_page_is_one_parameter(mount, proxy, token):
    mount.allow('.')
    proxy.fault('GET', '/documents', times=1, status=200,
                body=json.dumps({'documents': [], 'nextToken': token}).encode())
    try:
        os.listdir(mount / 'documents')
    except OSError:
        pass
    _, large, small = proxy.since(0, 'GET', '/documents')  # refused, it is asked for as a smaller one
    for page in (large, small):
        assert 'X-Evil' not in page.headers
        assert page.query.count('&') == 1 and 'nextToken=' in page.query
        assert 'datasetId=' not in page.query


def test_an_error_is_one_line(mount, proxy):
    mount.allow('.')
    proxy.fault('GET', '/documents', status=400,
                message='no\n2021-01-01T00:00:00Z rm /documents/x: \x1b[2J forged\r\n')
    assert fails(os.listdir, mount / 'documents') == errno.EINVAL
    (line,) = mount.errors().splitlines()
    assert 'forged' in line and '\x1b' not in line
    assert len(mount.words.splitlines()) == 1


@pytest.mark.parametrize('url', ['http://example.com/x', 'file:///etc/passwd', 'https://u:p@a.com/',
                                 'http://127.0.0.1:1/\r\nX-Evil: 1', '../x', '', 'gopher://a/'])
def test_an_address_of_bytes_that_will_not_do_is_not_asked(mount, proxy, api, url):
    mount.allow('fileUrl')
    document = api.add_document(small_pdf(1))

    def without_content(data):
        record = json.loads(data)
        record.pop('content', None)
        return json.dumps({**record, 'fileUrl': url}).encode()

    proxy.fault('GET', '/documents/.*', edit=without_content)
    assert fails((mount / 'documents' / document / 'content').read_bytes) == errno.EIO
    assert all('X-Evil' not in p.headers for p in proxy.since(0))
