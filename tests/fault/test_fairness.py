"""Many at once: nobody is left behind, nobody waits for ever, and nobody takes the memory of all."""
import os
import re
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from mounted import eventually
from samples import pdf, small_pdf

WORKERS = 16
EACH = 8


def all_at_once(works):
    """Runs each in a thread of its own, from one moment on: how long each took."""
    gate = threading.Barrier(len(works))

    def timed(work):
        gate.wait(60)
        begin = time.monotonic()
        work()
        return time.monotonic() - begin
    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(timed, works))


def expect_fair(times, what):
    """The slowest tenth is not far behind the others."""
    slowest = statistics.mean(sorted(times)[-max(1, len(times) // 10):])
    assert slowest <= 3 * statistics.median(times), f'{what}: {sorted(round(t, 3) for t in times)}'


@pytest.mark.server('--latency', '20')
def test_no_reader_and_no_writer_is_left_behind(mount, api):
    """16 that read and 16 that write, eight documents each, over fewer connections than there are of them."""
    ids = api.add_documents(pdf(20000, seed=i) for i in range(WORKERS * EACH))
    os.listdir(mount / 'documents')

    def reader(n):
        return lambda: [(mount / 'documents' / i / 'content').read_bytes() for i in ids[n::WORKERS]]

    def writer(n):
        return lambda: [(mount / f'documents/w{n}-{i}.pdf').write_bytes(small_pdf(n * EACH + i)) for i in range(EACH)]
    times = all_at_once([reader(n) for n in range(WORKERS)] + [writer(n) for n in range(WORKERS)])
    expect_fair(times[:WORKERS], 'readers')
    expect_fair(times[WORKERS:], 'writers')
    assert len(api.documents()) == 2 * WORKERS * EACH


@pytest.mark.options('readahead=0')
def test_a_429_slows_all_down_and_then_lets_go(mount, proxy, api):
    """Once one has been told to wait, no other asks meanwhile; then one goes first, and after it all do."""
    ids = api.add_documents(small_pdf(i) for i in range(48))
    os.listdir(mount / 'documents')
    refused = proxy.fault('GET', '/documents/.*', status=429, headers={'Retry-After': '1'}, times=1)
    slow = proxy.fault('GET', '/documents/.*', delay=0.05)

    def read(some):
        return [lambda i=i: (mount / 'documents' / i / 'content').read_bytes() for i in some]
    held = all_at_once(read(ids[:24]))
    assert refused.hits == 1 and slow.hits == 24
    assert max(held) >= 1  # whoever was told to wait did
    after = all_at_once(read(ids[24:]))
    assert slow.hits == 48
    assert max(after) < 1  # and from then on nobody does


@pytest.mark.options('readahead=0')
def test_while_all_are_held_nothing_is_asked(mount, proxy, api):
    """After the first 429 the others that are not yet under way wait for the one that goes first."""
    ids = api.add_documents(small_pdf(i) for i in range(20))
    os.listdir(mount / 'documents')
    refused = proxy.fault('GET', '/documents/.*', status=429, headers={'Retry-After': '1'}, times=2)
    first = threading.Thread(target=(mount / 'documents' / ids[0] / 'content').read_bytes)
    first.start()
    eventually(lambda: refused.hits == 1, what='the first 429')
    mark = proxy.mark()
    all_at_once([lambda i=i: (mount / 'documents' / i / 'content').read_bytes() for i in ids[1:]])
    first.join()
    seen = proxy.since(mark)
    assert [p.status for p in seen][:2] == [429, 200]  # one went first, twice, and then all of them
    assert sum(p.status == 200 for p in seen) == 20


@pytest.mark.options('max_conns=1')
def test_one_connection_is_enough_for_all_at_once(mount, api):
    """Reads, a walk that is read ahead of, writes, a listing and a removal: each comes to its end."""
    ids = sorted(api.add_documents(small_pdf(i) for i in range(150)))
    os.listdir(mount / 'documents')
    mount.refresh()
    works = [lambda: [(mount / 'documents' / i / 'content').read_bytes() for i in ids[:40]],
             lambda: [(mount / 'documents' / i / 'content').read_bytes() for i in ids[60:30:-1]],
             lambda: [(mount / f'documents/a{n}.pdf').write_bytes(small_pdf(1000 + n)) for n in range(15)],
             lambda: [(mount / f'documents/b{n}.pdf').write_bytes(small_pdf(2000 + n)) for n in range(15)],
             lambda: [os.stat(mount / 'documents' / i) for i in os.listdir(mount / 'documents')
                      if i.startswith('las:') and i not in ids[100:110]],
             lambda: [os.rmdir(mount / 'documents' / i) for i in ids[100:110]],
             lambda: mount.run('ls -lR datasets models >/dev/null'),
             mount.refresh]
    all_at_once(works)
    assert len(api.documents()) == 150 - 10 + 30
    assert mount.process.poll() is None


@pytest.mark.options('max_conns=4', 'readahead=1000')
def test_a_reader_does_not_wait_behind_what_is_read_ahead(mount, proxy, api):
    """A thousand are wanted ahead of three walks, more than there are threads for all: each who reads is served
    before those, somebody else's document is, and a list."""
    ids = sorted(api.add_documents(small_pdf(i) for i in range(2500)))
    os.listdir(mount / 'documents')
    proxy.fault('GET', '/documents/.*', delay=0.01)

    def others(read):
        """How many requests came meanwhile."""
        mark = proxy.mark()
        read()
        return len(proxy.since(mark))
    passed = [others((mount / 'documents' / i / 'content').read_bytes)
              for walk in range(0, 1800, 600) for i in ids[walk:walk + 24]]  # twice as many ahead each time
    assert max(passed) < 100, passed
    assert others((mount / 'documents' / ids[-1] / 'content').read_bytes) < 100
    assert others(lambda: os.listdir(mount / 'datasets')) < 100
    assert len(proxy.since(0)) < 2000, 'what is ahead was to be on its way still'


def put(api, data):
    made = api.post('documents')
    api.session.put(made['fileUrl'], data=data, headers=api.headers()).raise_for_status()
    return made['documentId']


@pytest.mark.server('--api', '2024')
def test_many_readers_of_large_documents_take_no_memory_for_them(mount, api):
    """64 that read 60 MB each, four documents of them, in pieces from different places on."""
    size, piece = 60_000_000, 1 << 17
    data = b'%PDF-1.4\n' + os.urandom(size - 15) + b'%%EOF\n'
    ids = [put(api, data) for _ in range(4)]

    def anonymous():
        status = open(f'/proc/{mount.process.pid}/status', encoding='ascii').read()
        return int(re.search(r'^RssAnon:\s+(\d+) kB', status, re.M)[1]) << 10

    def reader(n):
        def read():
            with open(mount / 'documents' / ids[n % 4] / 'content', 'rb', buffering=0) as f:
                at = (n // 4) * size // 16
                for offset in sorted(range(0, size, size // 5), key=lambda offset: (offset < at, offset)):
                    assert os.pread(f.fileno(), piece, offset) == data[offset:offset + piece]
                    most[n] = max(most[n], anonymous())
        return read
    most, before = [0] * 64, anonymous()
    all_at_once([reader(n) for n in range(64)])
    assert max(most) - before < 64 << 20, f'{before >> 20} MiB, then {max(most) >> 20}'
