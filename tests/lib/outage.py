"""A mount that cannot deliver, and what is seen of it then."""
import errno
import hashlib
import os

import pytest

OLD_TIME, NEW_TIME = 1500000000, 1600000000

FAILURES = {
    '500': {'status': 500, 'message': 'oops'},
    '400': {'status': 400, 'message': 'no'},
    'quota': {'status': 429, 'message': 'Limit Exceeded'},
    'cut': {'close': 'before'},
    'gone': None,
}


class Outage:
    """A mount, and a way to keep it from delivering: broken(), mended()."""

    def __init__(self, mount, proxy, server, rule):
        self.mount, self.proxy, self.server, self.rule = mount, proxy, server, rule

    def broken(self):
        if self.rule:
            self.proxy.fault('POST', '/(documents|assets|models|datasets)', **self.rule)
        else:
            self.server.stop()

    def mended(self):
        if self.rule:
            self.proxy.clear()
        else:
            self.server.start()


@pytest.fixture(params=FAILURES)
def outage(request, lasfs, server, proxy):
    rule = FAILURES[request.param]
    mount = lasfs('timeout=2', 'unsure=0.5', server=proxy if rule else server)
    mount.allow('.pdf', 'not complete', 'Connection refused', 'Input/output')
    mount.may_leave = True
    yield Outage(mount, proxy, server, rule)
    if not server.process:
        server.start()
    proxy.clear()


@pytest.fixture
def refusing(lasfs, proxy, server):
    """Every new document is refused, until proxy.clear()."""
    mount = lasfs('timeout=2', server=proxy)
    mount.allow('.pdf', 'not complete', '.json', 'retry', 'control', 'Input/output')
    mount.may_leave = True
    one = Outage(mount, proxy, server, FAILURES['500'])
    one.broken()
    yield one
    proxy.clear()


def failed(mount):
    """What is in failed/: the bytes by name."""
    folder = mount / '.lasfs/failed'
    return {n.partition('-')[2]: (folder / n).read_bytes() for n in os.listdir(folder)}


def number(mount, name):
    return next(n for n in os.listdir(mount / '.lasfs/failed') if n.partition('-')[2] == name)


def sums(mount, folder='documents'):
    return {line.split('  ')[1]: line.split('  ')[0]
            for line in (mount / folder / '.sha256sums').read_text().splitlines()}


def sha(data):
    return hashlib.sha256(data).hexdigest()


def write(path, data, mode='wb'):
    with open(path, mode) as f:
        f.write(data)


def fails(path, data, mode='wb', error=errno.EIO):
    with pytest.raises(OSError) as problem:
        write(path, data, mode)
    assert problem.value.errno == error


def source_of(samples, name, data, time):
    source = samples.write(name, data)
    os.utime(source, (time, time))
    return source


def check_older(mount, name, data, time, folder='documents'):
    path = mount / folder / name
    st = os.stat(path)
    assert (st.st_size, int(st.st_mtime)) == (len(data), time)
    assert path.read_bytes() == data
