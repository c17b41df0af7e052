"""With 100 requests hanging at a server that says nothing, all that needs no server goes on."""
import os
import signal
import statistics
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from mounted import eventually
from samples import pdf, small_pdf

HANGING = 100
AT_ONCE = 0.1
TRIES = 9


class Stalled:
    """A mount with HANGING processes that wait for the server in it."""

    def __init__(self, mount, proxy, api):
        self.mount, self.proxy, self.api = mount, proxy, api
        self.ids = api.add_documents([small_pdf(i) for i in range(HANGING)])
        self.cached = api.add_document(pdf(100000))
        self.read_cached()
        os.mkdir(mount / 'documents/local')
        (mount / 'documents/local/open.part').write_bytes(b'before')
        self.fd = os.open(mount / 'documents/local/open.part', os.O_RDWR)
        self.processes = []

    def read_cached(self):
        data = (self.mount / 'documents' / self.cached / 'content').read_bytes()
        assert data == pdf(100000)

    def hang(self):
        mark = self.proxy.mark()
        self.proxy.fault(stall='before')
        self.processes = [
            subprocess.Popen(['cat', self.mount / 'documents' / i / 'content'],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE) for i in self.ids]
        eventually(lambda: len(self.proxy.since(mark, 'GET', '/documents/las:.*')) == HANGING, 15,
                   'hanging')

    def ended(self):
        return [p for p in self.processes if p.poll() is not None]

    def end(self):
        self.proxy.clear()
        for process in self.processes:
            process.communicate(timeout=60)
        os.close(self.fd)


@pytest.fixture
def stalled(lasfs, proxy, api):
    one = Stalled(lasfs('timeout=60', 'max_conns=128', server=proxy), proxy, api)
    one.mount.allow('interrupted$')
    try:
        one.hang()
        yield one
    finally:
        one.end()
    assert len(os.listdir(one.mount / 'documents')) == HANGING + 2
    os.unlink(one.mount / 'documents/local/open.part')


def median_seconds(action):
    """The median of several: one that the machine held up says nothing of the mount."""
    times = []
    for _ in range(TRIES):
        begin = time.monotonic()
        action()
        times.append(time.monotonic() - begin)
    return statistics.median(times)


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, timeout=20).stdout


def test_what_needs_no_server_is_answered_at_once(stalled):
    mount = stalled.mount
    seconds = {
        'df': median_seconds(lambda: run('df', mount.path)),
        'ls': median_seconds(lambda: run('ls', '-l', mount.path)),
        'status': median_seconds(lambda: run('cat', mount / '.lasfs/status')),
        'errors': median_seconds(lambda: run('cat', mount / '.lasfs/errors')),
        'cached': median_seconds(stalled.read_cached),
    }
    print(seconds)
    assert not [what for what, took in seconds.items() if took > AT_ONCE], seconds
    assert not stalled.ended()


def test_local_files_and_folders_are_worked_on(stalled):
    """Elsewhere: who makes something in documents/ waits in the kernel for the look-ups there."""
    folder = stalled.mount / 'documents/local'

    def change():
        os.pwrite(stalled.fd, b'after', 0)
        os.ftruncate(stalled.fd, 5)
        os.fsync(stalled.fd)

    def make(number=iter(range(1000))):
        path = folder / f'new{next(number)}.part'
        path.write_bytes(b'some bytes')
        path.write_bytes(b'other bytes')
        assert path.read_bytes() == b'other bytes'
        os.rename(path, f'{path}.tmp')
        os.unlink(f'{path}.tmp')

    def make_folder(number=iter(range(1000))):
        path = folder / f'folder{next(number)}'
        os.mkdir(path)
        os.rmdir(path)

    seconds = {'change': median_seconds(change), 'make': median_seconds(make),
               'folder': median_seconds(make_folder)}
    print(seconds)
    assert not [what for what, took in seconds.items() if took > 5 * AT_ONCE], seconds
    assert (folder / 'open.part').read_bytes() == b'after'
    assert not stalled.ended()


def test_ctrl_c_ends_each(stalled):
    for process in stalled.processes:
        process.send_signal(signal.SIGINT)
    eventually(lambda: len(stalled.ended()) == HANGING, 10, 'the end of all')
    assert {p.returncode for p in stalled.processes} == {-signal.SIGINT}


def test_after_the_server_is_back_the_mount_works(stalled):
    for process in stalled.processes[::2]:
        process.send_signal(signal.SIGINT)
    stalled.proxy.clear()
    for i, process in enumerate(stalled.processes):
        out, err = process.communicate(timeout=60)
        if i % 2:
            assert (process.returncode, err) == (0, b'')
            assert out == stalled.api.content('documents/' + stalled.ids[i])
    with ThreadPoolExecutor(8) as pool:
        data = list(pool.map(lambda i: (stalled.mount / 'documents' / i / 'content').read_bytes(),
                             stalled.ids))
    assert sorted(data) == sorted(small_pdf(i) for i in range(HANGING))


def test_uploads_that_hang_are_interrupted_and_their_bytes_kept(lasfs, proxy, api, samples):
    mount = lasfs('timeout=60', 'max_conns=128', server=proxy)
    mount.allow('interrupted$', 'was killed$')
    mount.may_leave = True
    for i in range(HANGING):
        samples.pdf(f'{i}.pdf', seed=i)
    rule = proxy.fault('POST', '/documents', stall='before')
    copies = [subprocess.Popen(['cp', samples.folder / f'{i}.pdf', mount / 'documents'],
                               stderr=subprocess.DEVNULL) for i in range(HANGING)]
    eventually(lambda: rule.hits == HANGING, 30, 'hanging')
    assert median_seconds(lambda: run('df', mount.path)) < AT_ONCE
    assert median_seconds(lambda: run('ls', '-l', mount.path)) < AT_ONCE
    assert median_seconds(lambda: run('cat', mount / '.lasfs/status')) < AT_ONCE
    for copy in copies:
        copy.send_signal(signal.SIGINT)
    assert {copy.wait(10) for copy in copies} == {-signal.SIGINT}
    failed = mount / '.lasfs/failed'
    eventually(lambda: len(os.listdir(failed)) == HANGING, what='keeping')
    kept = {name.partition('-')[2]: (failed / name).read_bytes() for name in os.listdir(failed)}
    assert kept == {f'{i}.pdf': pdf(2000, seed=i) for i in range(HANGING)}
