"""Who has a file open that could not be delivered: nothing of it lands in another version."""
import errno
import mmap
import os
import threading

import pytest

from mounted import eventually
from outage import OLD_TIME, check_older, failed, fails, write
from samples import pdf


@pytest.fixture(params=[False, True], ids=['new', 'overwritten'])
def open_one(request, refusing):
    """documents/a.pdf open, its new bytes written: (path, descriptor, the older bytes or None)."""
    path, old = refusing.mount / 'documents/a.pdf', None
    if request.param:
        old = pdf(2000, seed=1)
        refusing.mended()
        write(path, old)
        os.utime(path, (OLD_TIME, OLD_TIME))
        refusing.broken()
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    os.write(fd, pdf(3000, seed=2))
    yield path, fd, old
    try:
        os.close(fd)
    except OSError:
        pass


def close_of_a_copy_fails(fd):
    copy = os.dup(fd)
    with pytest.raises(OSError) as problem:
        os.close(copy)
    assert problem.value.errno == errno.EIO


def check_name(mount, path, old):
    assert os.path.lexists(path) == (old is not None)
    if old is not None:
        check_older(mount, path.name, old, OLD_TIME)
    assert failed(mount) == {'a.pdf': pdf(3000, seed=2)}


def change_by(how, fd):
    if how == 'write':
        os.write(fd, b'more')
    elif how == 'pwrite':
        os.pwrite(fd, b'more', 0)
    else:
        os.ftruncate(fd, 10)


@pytest.mark.parametrize('how', ['write', 'pwrite', 'ftruncate'])
def test_who_goes_on_writing_is_told(refusing, open_one, how):
    path, fd, old = open_one
    close_of_a_copy_fails(fd)
    lines = len(refusing.mount.errors().splitlines())
    with pytest.raises(OSError) as problem:
        change_by(how, fd)
    assert problem.value.errno == errno.EIO
    assert 'could not be delivered' in refusing.mount.errors().splitlines()[lines]
    with pytest.raises(OSError) as problem:
        os.fsync(fd)
    assert problem.value.errno == errno.EIO
    check_name(refusing.mount, path, old)


def test_who_goes_on_writing_reaches_no_later_version(refusing, open_one, api):
    path, fd, old = open_one
    close_of_a_copy_fails(fd)
    refusing.mended()
    write(path, pdf(2500, seed=3))
    for how in ('write', 'pwrite', 'ftruncate'):
        with pytest.raises(OSError):
            change_by(how, fd)
    assert path.read_bytes() == pdf(2500, seed=3)
    assert api.content('documents/' + api.only_document()['documentId']) == pdf(2500, seed=3)


def test_a_store_after_the_failure_reaches_no_version(refusing, open_one, api):
    path, fd, old = open_one
    with mmap.mmap(fd, 3000) as mapping:
        close_of_a_copy_fails(fd)
        refusing.mended()
        write(path, pdf(2500, seed=3))
        mapping[100:104] = b'late'
        try:
            mapping.flush()
        except OSError:
            pass
    assert path.read_bytes() == pdf(2500, seed=3)
    refusing.mount.run('echo flush > .lasfs/control')
    assert api.content('documents/' + api.only_document()['documentId']) == pdf(2500, seed=3)


def test_an_append_after_the_failure_is_told(refusing, open_one):
    path, fd, old = open_one
    late = os.open(path, os.O_WRONLY | os.O_APPEND)
    os.close(os.dup(fd))  # late may still write
    os.write(late, b'tail')
    close_of_a_copy_fails(late)
    with pytest.raises(OSError) as problem:
        os.write(late, b'more')
    assert problem.value.errno == errno.EIO
    os.close(late)
    assert failed(refusing.mount) == {'a.pdf': pdf(3000, seed=2) + b'tail'}
    assert os.path.lexists(path) == (old is not None)
    with pytest.raises(OSError) as problem:
        os.write(fd, b'more')
    assert problem.value.errno == errno.EIO


def test_a_child_that_goes_on_writing_is_told(refusing, samples):
    mount = refusing.mount
    ran = mount.run('exec 3>documents/a.pdf; cat $S >&3; (sleep 1; echo more >&3; echo $? >&2) & '
                    'exec 3>&-; wait', status=None, S=samples.pdf('n.pdf', 3000, seed=2))
    assert ran.err.splitlines()[-1] != '0'
    assert failed(mount) == {'a.pdf': pdf(3000, seed=2)}
    assert not os.path.lexists(mount / 'documents/a.pdf')


def test_who_has_the_failed_bytes_open_goes_on_reading_them(refusing):
    path, new = refusing.mount / 'documents/a.pdf', pdf(3000, seed=2)
    fd = os.open(path, os.O_RDWR | os.O_CREAT)
    os.write(fd, new)
    reader = os.open(path, os.O_RDONLY)
    with pytest.raises(OSError):
        os.close(fd)
    assert not os.path.lexists(path)
    assert os.pread(reader, 4000, 0) == new
    assert os.fstat(reader).st_size == 3000
    refusing.mended()
    write(path, pdf(2500, seed=3))
    assert os.pread(reader, 4000, 0) == new
    assert path.read_bytes() == pdf(2500, seed=3)
    os.close(reader)


def test_fstat_says_what_there_is(refusing, open_one):
    path, fd, old = open_one
    close_of_a_copy_fails(fd)
    st = os.fstat(fd)
    if old is None:
        assert st.st_size == 3000
        assert os.pread(fd, 4000, 0) == pdf(3000, seed=2)
    else:
        assert (st.st_size, st.st_mtime) == (2000, OLD_TIME)


def test_a_reader_that_came_before_sees_the_older_one(refusing):
    path, old = refusing.mount / 'documents/a.pdf', pdf(3000, seed=1)
    refusing.mended()
    write(path, old)
    reader = os.open(path, os.O_RDONLY)
    assert os.pread(reader, 5000, 0) == old
    refusing.broken()
    fails(path, pdf(3000, seed=2))
    assert path.read_bytes() == old
    assert os.pread(reader, 5000, 0) == old
    os.close(reader)


def test_of_two_writers_each_close_says_it(refusing):
    """The last close delivers; the other one, of a copy that is closed later, is told too."""
    mount, path = refusing.mount, refusing.mount / 'documents/a.pdf'
    first = os.open(path, os.O_WRONLY | os.O_CREAT)
    os.write(first, pdf(3000, seed=2))
    second = os.open(path, os.O_WRONLY)
    os.close(second)
    assert os.path.lexists(path), 'it is still being written'
    with pytest.raises(OSError):
        os.close(first)
    assert not os.path.lexists(path)
    assert failed(mount) == {'a.pdf': pdf(3000, seed=2)}


@pytest.mark.parametrize('old', [False, True], ids=['new', 'overwritten'])
def test_who_opens_it_anew_while_it_fails_is_delivered(refusing, proxy, api, old):
    mount, path = refusing.mount, refusing.mount / 'documents/a.pdf'
    refusing.mended()
    if old:
        write(path, pdf(2000, seed=1))
    rule = proxy.fault('POST', '/documents', times=1, delay=1, status=500, message='oops')
    first = threading.Thread(target=fails, args=(path, pdf(3000, seed=2)))
    first.start()
    eventually(lambda: rule.hits, 5, 'a POST')
    write(path, pdf(2500, seed=3))
    first.join()
    assert path.read_bytes() == pdf(2500, seed=3)
    assert api.content('documents/' + api.only_document()['documentId']) == pdf(2500, seed=3)
    assert failed(mount) == {}
    assert os.listdir(mount / 'documents') == ['a.pdf']
