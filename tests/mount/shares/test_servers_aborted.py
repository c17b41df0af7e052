"""Transfers that are cut off in the middle: never half a document without a word."""
import os
import signal
import subprocess

import pytest

from mounted import eventually
from samples import pdf
from servers import Sftp

SIZE = 1000000
NAME = 'scan.pdf'


def slow_client(share, path):
    """The command of a client that takes its time."""
    if isinstance(share, Sftp):
        batch = share.folder / 'slow'
        batch.write_text(f'put {path} {NAME}\n')
        return share.command_line('-l', '800', '-b', batch)
    return share.command_line('--limit-rate', '100k', '-T', path, share.url(NAME))


def abort(share, samples):
    """Starts to send a scan, and kills the client when a part of it has come."""
    client = subprocess.Popen([str(a) for a in slow_client(share, samples.pdf(size=SIZE))],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    path = share.mount / 'datasets/invoices/documents' / NAME
    try:
        eventually(lambda: path.exists() and 0 < path.stat().st_size < SIZE, 20, 'the first bytes')
    finally:
        client.send_signal(signal.SIGKILL)
        client.wait()
    return path


@pytest.mark.parametrize('kind', ['ftp', 'sftp'])
def test_warn_sends_what_came_and_says_so(shared, api, samples, kind):
    share = shared(kind)
    share.mount.allow('looks cut off')
    abort(share, samples)
    document = eventually(api.documents, 20, 'the half')[0]
    data = api.content('documents/' + document['documentId'])
    assert len(data) < SIZE and data == pdf(SIZE)[:len(data)]
    eventually(lambda: 'looks cut off: a PDF without %%EOF' in share.mount.errors(), 10, 'a line')


@pytest.mark.parametrize('kind', ['ftp', 'sftp'])
def test_refuse_shows_nothing_until_it_is_sent_again(shared, api, samples, kind):
    """There is nothing to resume: half a file is not a file."""
    share = shared(kind, 'complete=refuse')
    share.mount.allow('looks cut off')
    path = abort(share, samples)
    eventually(lambda: os.path.exists(f'{path}.error.txt'), 20, 'the reason beside it')
    assert api.documents() == []
    assert not os.path.exists(path)
    with share.mount.server.watch() as seen:
        share.put(samples.pdf(size=SIZE), NAME)
    assert [r.verb for r in seen.changes] == ['POST']
    assert api.content('documents/' + api.only_document()['documentId']) == pdf(SIZE)
    assert share.list() == {NAME: SIZE}


@pytest.mark.parametrize('kind', ['ftp', 'sftp'])
def test_warn_and_a_resume_leave_one_whole_document(shared, api, samples, kind):
    share = shared(kind)
    share.mount.allow('looks cut off')
    abort(share, samples)
    eventually(api.documents, 20, 'the half')
    share.resume(samples.pdf(size=SIZE), NAME)
    assert api.content('documents/' + api.only_document()['documentId']) == pdf(SIZE)


def test_webdav_leaves_nothing(shared, api, samples):
    """nginx has the bytes to itself until all have come."""
    share = shared('webdav')
    client = subprocess.Popen([str(a) for a in slow_client(share, samples.pdf(size=SIZE))],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    body = share.folder / 'client_body'
    try:
        eventually(lambda: any(p.stat().st_size for p in body.glob('*')), 20, 'the first bytes')
    finally:
        client.send_signal(signal.SIGKILL)
        client.wait()
    eventually(lambda: not list(body.glob('*')), 20, 'the end')
    assert share.list() == {}
    assert api.documents() == []


def test_smb_warns_of_what_a_client_left(shared, api, samples):
    share = shared('smb')
    share.mount.allow('looks cut off')
    pipe = share.folder / 'pipe'
    os.mkfifo(pipe)
    client = subprocess.Popen(share.command_line(f'put {pipe} {NAME}'), stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    path = share.mount / 'datasets/invoices/documents' / NAME
    try:
        with open(pipe, 'wb', buffering=0) as f:
            f.write(pdf(SIZE)[:SIZE // 2])
            eventually(lambda: path.exists() and path.stat().st_size, 20, 'the first bytes')
            client.kill()
            client.wait()
    finally:
        client.kill()
        client.wait()
    eventually(api.documents, 20, 'the half')
    eventually(lambda: 'looks cut off: a PDF without %%EOF' in share.mount.errors(), 10, 'a line')
