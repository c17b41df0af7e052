"""What a server may cost that is broken, or wishes nobody well: time, memory, requests."""
import errno
import json
import os
import re
import time

import pytest

from samples import small_pdf

MANY = 31 << 20


def fails(action, *arguments):
    """(errno, seconds)"""
    begin = time.monotonic()
    with pytest.raises(OSError) as problem:
        action(*arguments)
    return problem.value.errno, time.monotonic() - begin


def read(path):
    with open(path, 'rb') as f:
        return f.read()


# --- Memory ------------------------------------------------------------------------------------

def peak_mib(mount):
    with open(f'/proc/{mount.process.pid}/status', encoding='ascii') as f:
        return int(re.search(r'^VmHWM:\s+(\d+) kB', f.read(), re.M)[1]) >> 10


def with_member(value):
    """The answer with a member of this text in it, or in each of its rows."""
    def edit(data):
        answer = json.loads(data)
        for row in answer.get('documents', [answer]):
            row['x'] = '@'
        return json.dumps(answer).encode().replace(b'"@"', value)
    return edit


VALUES = {
    'objects': b'[' + b'{},' * (MANY // 3) + b'0]',
    'lists': b'[' + b'[],' * (MANY // 3) + b'0]',
    'deep list': b'[' * 2000 + b']' * 2000,
    'deep object': b'{"a":' * 2000 + b'0' + b'}' * 2000,
}


@pytest.mark.options('timeout=10', 'list_ttl=0', 'meta_ttl=0')
@pytest.mark.parametrize('which', VALUES)
@pytest.mark.parametrize('what', ['document', 'list'])
def test_json_is_measured_before_it_is_believed(mount, proxy, api, what, which):
    mount.allow('malformed answer')
    document = api.add_document(small_pdf(1))
    proxy.fault('GET', '/documents' + ('/.*' if what == 'document' else ''),
                edit=with_member(VALUES[which]))
    path = mount / ('documents' if what == 'list' else f'documents/{document}/resource.json')
    error, seconds = fails(os.listdir if what == 'list' else read, path)
    assert error == errno.EIO and seconds < 30
    assert 'malformed answer' in mount.errors()
    assert peak_mib(mount) < 400
    proxy.clear()
    assert document in os.listdir(mount / 'documents')
    assert json.loads(read(mount / f'documents/{document}/resource.json'))['documentId'] == document
