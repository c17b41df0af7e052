"""The disk of this machine is full: what a program was told is true, whatever there is still room for."""
import errno
import os
import subprocess

import pytest

from mounted import eventually
from samples import pdf

ROOM = [0, 4096, 8192, 16384, 32768, 65536, 200000]


@pytest.fixture
def on_disk(lasfs, disk, server):
    """Makes a mount whose state is on the disk that can be filled."""
    made = []

    def make(*options, server=server):
        made.append(lasfs(f'state={disk.path}/state', *options, server=server))
        made[-1].may_leave = True
        made[-1].allow('.')
        return made[-1]
    yield make
    disk.free()
    for one in made:
        one.unmount()


@pytest.fixture(params=['writeback', 'at once'])
def mount(request, on_disk):
    return on_disk('settle=0.2', *(['writeback'] if request.param == 'writeback' else []))


def put(path, data, disk, room):
    """Was it told that it is there?"""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    except OSError as problem:
        assert problem.errno in (errno.ENOSPC, errno.EIO)
        return False
    whole = True
    try:
        half = len(data) // 2
        os.write(fd, data[:half])
        disk.fill(room)
        os.write(fd, data[half:])
    except OSError as problem:
        assert problem.errno == errno.ENOSPC
        whole = False
    finally:
        try:
            os.close(fd)
        except OSError:
            whole = False
    return whole


@pytest.mark.parametrize('again', [False, True], ids=['new', 'over another'])
def test_it_is_there_or_it_is_said(mount, disk, api, again):
    if not disk.can_fill:
        return  # one has to be root to have one of its own
    for n, room in enumerate(ROOM * 2):
        path = mount / f'documents/{n}.pdf'
        before = pdf(3000, seed=100 + n) if again else None
        if again:
            path.write_bytes(before)
        there = put(path, pdf(100000, seed=n), disk, room)
        disk.free()
        eventually(lambda: os.listdir(mount / '.lasfs/pending') == [], 20)
        have = [api.content('documents/' + d['documentId']) for d in api.documents()]
        want = pdf(100000, seed=n) if there else before
        assert have == ([want] if want else []), (room, there)
        assert path.exists() == (want is not None)
        mount.run(f'rm -f documents/{n}.pdf; rm -f .lasfs/failed/*; true')
        eventually(lambda: api.documents() == [])


def write_and_fail(path):
    fd = os.open(path, os.O_WRONLY)
    with pytest.raises(OSError) as told:
        os.write(fd, b'x' * 1000000)  # more than is given up for the state database
    assert told.value.errno == errno.ENOSPC
    try:
        os.close(fd)
    except OSError as again:  # there was room for a part of it
        assert again.errno == errno.ENOSPC


def by_tool(path, *tool):
    source = path.parent.parent.parent / 'other.pdf'
    source.write_bytes(pdf(200000, seed=2))
    ran = subprocess.run([str(word).format(source=source, path=path) for word in tool], capture_output=True, check=False)
    source.unlink()
    assert ran.returncode != 0


def rsync_in_place(path):
    by_tool(path, 'rsync', '--inplace', '{source}', '{path}')


def dd(path):
    """Opens it with O_TRUNC, and closes one of two descriptors before it writes."""
    by_tool(path, 'dd', 'if={source}', 'of={path}', 'conv=fsync')


@pytest.mark.parametrize('room, overwrite', [(0, write_and_fail), (0, rsync_in_place), (20000, dd)])
def test_what_waits_is_what_it_was_when_it_cannot_be_written(on_disk, api, disk, room, overwrite):
    """Its bytes were acknowledged; what there is no room for are those of the next program."""
    if not disk.can_fill:
        return
    mount = on_disk('writeback', 'settle=3')
    path, before = mount / 'documents/a.pdf', pdf(100000)
    path.write_bytes(before)
    disk.fill(room)
    overwrite(path)
    assert path.read_bytes() == before
    half = os.listdir(mount / '.lasfs/failed')
    assert len(half) == (1 if room else 0)
    disk.free()
    eventually(lambda: os.listdir(mount / '.lasfs/pending') == [], 20)
    assert [api.content('documents/' + d['documentId']) for d in api.documents()] == [before]
    assert path.read_bytes() == before and os.listdir(mount / '.lasfs/failed') == half


@pytest.mark.parametrize('name', ['a.pdf.json', '.defaults.json'])
@pytest.mark.parametrize('overwrite', [write_and_fail, rsync_in_place])
def test_what_is_kept_here_is_what_it_was_when_it_cannot_be_written(on_disk, disk, name, overwrite):
    if not disk.can_fill:
        return
    mount = on_disk()
    path = mount / 'documents' / name
    path.write_text('{"total": "1"}' if name == 'a.pdf.json' else '{}')
    before = path.read_bytes()
    disk.fill(0)
    overwrite(path)
    assert path.read_bytes() == before
    disk.free()
    mount.remount()
    assert path.read_bytes() == before
    for name in os.listdir(mount / '.lasfs/failed'):  # what there was room for after all
        whole = pdf(200000, seed=2) if overwrite == rsync_in_place else b'x' * 999999
        assert whole.startswith((mount / '.lasfs/failed' / name).read_bytes())


def test_what_failed_whole_is_not_removed_to_make_room(on_disk, disk, proxy, api):
    if not disk.can_fill:
        return
    mount = on_disk('timeout=5', server=proxy)
    proxy.fault('POST', '/documents', status=400)
    path, whole = mount / 'documents/a.pdf', pdf(100000, seed=1)

    def failed():
        folder = mount / '.lasfs/failed'
        return {n.partition('-')[2]: (folder / n).read_bytes() for n in os.listdir(folder)}
    with pytest.raises(OSError):
        path.write_bytes(whole)
    assert not put(path, pdf(100000, seed=2), disk, 0)
    assert failed()['a.pdf'] == whole
    disk.free()
    mount.remount()
    assert failed()['a.pdf'] == whole
    proxy.clear()
    assert sorted(failed()) == ['a.pdf', 'a.pdf.part']
    assert put(path, pdf(100000, seed=3), disk, 20000)  # where the half was
    disk.free()
    assert failed() == {} and len(api.documents()) == 1


def test_it_starts_and_what_was_acknowledged_is_sent(mount, disk, api):
    """On a disk that was full when it was killed."""
    if not disk.can_fill:
        return
    for n in range(3):
        (mount / f'documents/{n}.pdf').write_bytes(pdf(3000, seed=n))
    there = put(mount / 'documents/torn.pdf', pdf(100000, seed=9), disk, 0)  # or the reserve gave it room
    mount.kill()
    disk.fill(0)
    mount.start()
    os.rename(mount / 'documents/0.pdf', mount / 'documents/first.pdf')
    eventually(lambda: os.listdir(mount / '.lasfs/pending') == [], 20)
    assert sorted(api.content('documents/' + d['documentId']) for d in api.documents()) == sorted(
        [*(pdf(3000, seed=n) for n in range(3)), *([pdf(100000, seed=9)] if there else [])])
    mount.kill()
    mount.start()
    names = os.listdir(mount / 'documents')
    assert sorted(n for n in names if 'torn' not in n) == ['1.pdf', '2.pdf', 'first.pdf']
    disk.free()
