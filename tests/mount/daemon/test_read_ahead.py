"""Who walks through a folder finds the next documents here; nobody else causes a request for one."""
import os
import random
import subprocess
import time

import pytest

from mounted import eventually
from samples import pdf

COUNT = 40
SIZE = 20000
DOCUMENTS = '/documents/las:document:.*'


@pytest.fixture
def ids(api):
    """Of documents, in the order of their list."""
    made = {api.add_document(pdf(SIZE, seed=i)): i for i in range(COUNT)}
    order = [d['documentId'] for d in api.documents()]
    assert set(order) == set(made)
    return order


def read(mount, ids):
    """Each once, by a program of its own."""
    for i in ids:
        subprocess.run(['cat', str(mount / 'documents' / i / 'content')], check=True,
                       stdout=subprocess.DEVNULL)


def asked(seen):
    return [r.path.rpartition('/')[2] for r in seen.of('GET', DOCUMENTS)]


def orders(ids):
    by_id = sorted(ids)
    return {'list': ids, 'list backwards': ids[::-1], 'ids': by_id, 'ids backwards': by_id[::-1],
            'every third': by_id[::3]}


@pytest.mark.parametrize('order', ['list', 'list backwards', 'ids', 'ids backwards', 'every third'])
def test_the_next_ones_of_a_walk_are_fetched_meanwhile(mount, ids, order):
    """After some of them the following are there without anybody's reading them, and each is asked for once."""
    os.listdir(mount / 'documents')
    walk = orders(ids)[order]
    with mount.server.watch() as seen:
        read(mount, walk[:8])
        eventually(lambda: asked_now(mount, seen) > set(walk[:10]), what='reading ahead')
    with mount.server.watch() as later:
        for i in walk:
            assert len((mount / 'documents' / i / 'content').read_bytes()) == SIZE
    every = asked(seen) + asked(later)
    assert len(set(every)) == len(every) and set(every) >= set(walk)
    assert len(every) <= len(walk) + 4  # among so few another order may seem to be one, for a moment


@pytest.mark.server('--api', '2024')
@pytest.mark.parametrize('step', [1, -1, 3])
def test_who_goes_by_file_names_is_read_ahead_of_too(lasfs, api, samples, step):
    """What another mount has put there, in an order that is neither that of the list nor that of ids."""
    names = [f'scan-{i:03}.pdf' for i in range(COUNT)]
    random.Random(3).shuffle(names)
    other = lasfs()
    for i, name in enumerate(names):
        samples.pdf(name, SIZE, seed=i)
        other.run(f'cp {samples.folder}/{name} documents/')
    mount = lasfs()
    ids = {d['name']: d['documentId'] for d in api.documents()}
    walk = sorted(os.listdir(mount / 'documents'))[::step]
    assert walk == sorted(ids)[::step]
    with mount.server.watch() as seen:
        for name in walk[:8]:
            mount.run(f'cat documents/{name} >/dev/null')
        eventually(lambda: asked_now(mount, seen) > {ids[n] for n in walk[:10]}, what='reading ahead')
    with mount.server.watch() as later:
        for name in walk:
            assert (mount / 'documents' / name).stat().st_size == len((mount / 'documents' / name).read_bytes())
    every = [r.path.rpartition('/')[2] for w in (seen, later) for r in w.of('GET', '/files/las:document:.*')]
    assert len(set(every)) == len(every) and set(every) >= {ids[n] for n in walk}


def asked_now(mount, seen):
    return {r.path.rpartition('/')[2] for r in mount.server.log.since(seen.begin)}


@pytest.mark.server('--latency', '300')
@pytest.mark.options('readahead=4')
def test_not_more_than_readahead_says(mount, ids):
    os.listdir(mount / 'documents')
    with mount.server.watch() as seen:
        read(mount, ids[:10])
    assert len(asked(seen)) <= 10 + 4


@pytest.mark.options('readahead=0')
def test_without_nothing_is_read_ahead(mount, ids):
    os.listdir(mount / 'documents')
    with mount.server.watch() as seen:
        read(mount, ids[:20])
        mount.run('cat .lasfs/status')
    assert asked(seen) == ids[:20]


def test_looking_reads_nothing_ahead(mount, ids):
    with mount.server.watch() as seen:
        mount.run('find documents -name "*.pdf"; ls -l documents; ls documents/*/ >/dev/null')
    assert asked(seen) == []


def test_a_few_in_no_order_cost_themselves(mount, ids):
    """One, and two beside each other; what comes then is near neither, in either order."""
    os.listdir(mount / 'documents')
    few, places = [], {i: n for n, i in enumerate(sorted(ids))}
    for i in [ids[20], ids[21], *ids[::9]]:
        if len(few) < 2 or all(abs(places[i] - places[other]) > 4 for other in few):
            few.append(i)
    with mount.server.watch() as seen:
        read(mount, few)
        mount.run('cat .lasfs/status')
    assert asked(seen) == few


@pytest.mark.options('content_cache=0')
def test_without_a_cache_there_is_nothing_to_put_it(mount, ids):
    os.listdir(mount / 'documents')
    with mount.server.watch() as seen:
        read(mount, ids[:10])
    assert asked(seen) == ids[:10]


def test_what_is_here_is_not_fetched_again(mount, ids):
    os.listdir(mount / 'documents')
    read(mount, ids)
    with mount.server.watch() as seen:
        read(mount, ids)
    assert asked(seen) == []


def test_what_an_earlier_mount_has_kept_is_looked_through_ahead(mount, ids):
    """One file of the cache has gone bad: that is seen, and mended, before anybody opens it."""
    os.listdir(mount / 'documents')
    read(mount, ids)
    mount.remount(boot=True)
    bad, = (mount.folder / 'cache').glob(f'**/contents/{ids[9]}*')
    data = bytearray(bad.read_bytes())
    data[SIZE // 2] ^= 1
    bad.write_bytes(data)
    os.listdir(mount / 'documents')
    with mount.server.watch() as seen:
        read(mount, ids[:8])
        eventually(lambda: asked_now(mount, seen) & set(ids) == {ids[9]}, what='looking ahead')
    with mount.server.watch() as seen:
        read(mount, ids)
    assert asked(seen) == []


@pytest.mark.server('--latency', '100')
@pytest.mark.options('max_conns=1')
def test_who_waits_goes_before_what_nobody_waits_for(mount, ids):
    """With one connection: another reader waits for what is under way at most."""
    os.listdir(mount / 'documents')
    with mount.server.watch() as seen:
        read(mount, ids[:9])
        (mount / 'documents' / ids[-1] / 'content').read_bytes()
    order = asked(seen)
    assert order.index(ids[-1]) <= 9 + 3, order


def test_the_end_does_not_wait_for_what_nobody_waits_for(lasfs, proxy, ids):
    mount = lasfs(server=proxy)
    os.listdir(mount / 'documents')
    stalled = [proxy.fault('GET', f'/documents/{i}', stall='before') for i in ids[10:]]
    read(mount, ids[:9])
    eventually(lambda: any(rule.hits for rule in stalled), what='reading ahead')
    begin = time.monotonic()
    mount.unmount()
    assert time.monotonic() - begin < 15
    proxy.clear()
