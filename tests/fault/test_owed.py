"""What is owed: it is said, and what is to go is there no more."""
import os
import subprocess
import time

import pytest

from machines import both_apis, both_modes, loose, today
from mounted import eventually
from samples import small_pdf


@both_apis
@pytest.mark.parametrize('what', ['rm', 'replaced'])
@pytest.mark.parametrize('way', ['.by-name', '.by-id', '.list.jsonl'])
def test_what_is_to_be_deleted_is_in_no_list(lasfs, proxy, api, generation, what, way):
    mount = loose(lasfs('writeback', 'settle=0', server=proxy))
    folder = mount / 'documents'
    (folder / 'scan.pdf').write_bytes(small_pdf(1))
    mount.control('flush')
    old = api.only_document()['documentId']
    proxy.fault('DELETE', '/documents/.*', status=503)
    if what == 'rm':
        os.unlink(folder / 'scan.pdf')
    else:
        (folder / 'scan.pdf').write_bytes(small_pdf(2))
        eventually(lambda: len(api.documents()) == 2)
        eventually(lambda: proxy.since(0, 'DELETE'))
    assert os.listdir(folder) == ([] if what == 'rm' else ['scan.pdf'])
    if way == '.list.jsonl':
        assert old not in (folder / way).read_text()
    else:
        names = os.listdir(folder / way)
        assert len(names) == (0 if what == 'rm' else 1)
        assert all(os.path.exists(folder / way / name) for name in names)


@today
@both_modes
def test_what_is_owed_to_a_rename_is_said(lasfs, proxy, api, more):
    """flush and --unmount say 0, and status nothing; with the state directory the name goes."""
    mount = loose(lasfs(*more, server=proxy))
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    mount.control('flush')
    proxy.fault('PATCH', '/documents/.*', status=503)
    os.rename(mount / 'documents/scan.pdf', mount / 'documents/kept.pdf')
    eventually(lambda: proxy.since(0, 'PATCH'))
    done = subprocess.run([mount.command()[0], 'flush', mount.path], capture_output=True)
    assert api.only_document()['name'] == 'scan.pdf'
    assert done.returncode != 0 or 'owed' in (mount / '.lasfs/status').read_text()


@both_apis
def test_what_was_removed_is_not_to_be_sent(lasfs, proxy, api, generation):
    """pending/ has it no more, status and metrics count it as long as the server is away."""
    mount = loose(lasfs('writeback', 'settle=0', server=proxy))
    post = proxy.fault('POST', '/documents', close='before')
    proxy.fault('GET', '/documents.*', status=503)
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    eventually(lambda: post.hits)
    os.unlink(mount / 'documents/scan.pdf')
    time.sleep(3)
    assert os.listdir(mount / '.lasfs/pending') == []
    assert 'files to be sent 0 (0 bytes)' in (mount / '.lasfs/status').read_text()
