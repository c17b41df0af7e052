"""A large document at an address of its own is read while it is on its way."""
import errno
import hashlib
import os
import re
import signal
import subprocess

import pytest

from samples import pdf

pytestmark = pytest.mark.server('--api', '2024')

SIZE = 6_000_000
BEGIN = 200_000
FILES = '.*/files/las:document:.*'


def put(api, data):
    """A document as today's SDKs make one: its id."""
    made = api.post('documents')
    api.session.put(made['fileUrl'], data=data, headers=api.headers()).raise_for_status()
    return made['documentId']


class Large:
    """A document of which half has come, once somebody reads it, and a mount."""

    def __init__(self, mount, proxy, name, data):
        self.mount, self.proxy, self.data = mount, proxy, data
        self.path = mount / 'documents' / name / 'content'
        self.rule = None

    def stall(self):
        self.rule = self.proxy.fault('GET', FILES, stall='middle')

    def go_on(self):
        self.proxy.clear()

    def gets(self):
        return len(self.proxy.since(0, 'GET', FILES))

    def begin(self):
        fd = os.open(self.path, os.O_RDONLY)
        assert os.pread(fd, BEGIN, 0) == self.data[:BEGIN]
        return fd


@pytest.fixture
def large(lasfs, api, proxy, request):
    data = pdf(SIZE)
    name = put(api, data)
    marker = request.node.get_closest_marker('options')
    mount = lasfs(*(marker.args if marker else ()), server=proxy)
    one = Large(mount, proxy, name, data)
    yield one
    proxy.clear()


def read_on(fd):
    pieces = []
    while True:
        piece = os.read(fd, 1 << 20)
        if not piece:
            return b''.join(pieces)
        pieces.append(piece)


def test_the_first_bytes_are_read_before_the_last_have_come(large):
    large.stall()
    fd = large.begin()
    assert os.fstat(fd).st_size == os.stat(large.path).st_size == SIZE
    assert large.rule.hits == 1 and not large.rule.released.is_set()
    large.go_on()
    assert read_on(fd) == large.data
    os.close(fd)
    assert large.path.read_bytes() == large.data
    assert large.gets() == 1


def test_who_comes_later_reads_the_same(large):
    large.stall()
    fd = large.begin()
    other = large.begin()
    os.close(fd)
    reader = subprocess.Popen(['sha256sum', large.path], stdout=subprocess.PIPE, text=True)
    large.go_on()
    assert reader.communicate()[0].split()[0] == hashlib.sha256(large.data).hexdigest()
    assert read_on(other) == large.data
    os.close(other)
    assert large.gets() == 1


def test_a_dropped_file_too(lasfs, api, proxy, samples):
    data = samples.pdf('large.pdf', SIZE).read_bytes()
    mount = lasfs(server=proxy)
    put(api, pdf(700))  # so that it is known where bytes go
    os.listdir(mount / 'documents')
    mount.run(f'cp {samples.folder}/large.pdf documents/')
    mount.remount(cold=True)
    one = Large(mount, proxy, '', data)
    one.path = mount / 'documents/large.pdf'
    one.stall()
    fd = one.begin()
    assert os.fstat(fd).st_size == SIZE
    one.go_on()
    assert read_on(fd) == data
    os.close(fd)
    assert one.gets() == 1


def test_what_breaks_off_is_an_error_and_is_not_kept(large):
    """Each of its tries does; the reader has had the first half of it by then, if it was fast."""
    large.mount.allow('closed with|broke')
    rule = large.proxy.fault('GET', FILES, close='middle')
    fd = os.open(large.path, os.O_RDONLY)
    assert os.pread(fd, BEGIN, 0) == large.data[:BEGIN]
    with pytest.raises(OSError) as failed:
        os.pread(fd, BEGIN, SIZE - BEGIN)
    assert failed.value.errno == errno.EIO
    os.close(fd)
    assert rule.hits == 3
    assert re.search(r'read .*content.*closed with', large.mount.errors())
    large.go_on()
    assert large.path.read_bytes() == large.data
    assert large.gets() == 4


@pytest.mark.options('timeout=2')
def test_what_stands_still_ends(large):
    large.mount.allow('has moved for 2 s')
    large.stall()
    fd = large.begin()
    with pytest.raises(OSError) as failed:
        os.pread(fd, BEGIN, SIZE - BEGIN)
    assert failed.value.errno == errno.ETIMEDOUT
    os.close(fd)


def test_a_reader_that_waits_can_be_interrupted(large):
    large.stall()
    reader = subprocess.Popen(['cat', large.path], stdout=subprocess.PIPE)
    got = b''
    while len(got) < BEGIN:
        got += os.read(reader.stdout.fileno(), 1 << 16)
    reader.send_signal(signal.SIGINT)
    reader.stdout.close()
    assert reader.wait(10) == -signal.SIGINT
    large.go_on()
    assert large.path.read_bytes() == large.data
