"""Directory streams: real offsets, many entries, small buffers."""
import ctypes
import os
import platform
import struct

import pytest

from samples import small_pdf

SYS_GETDENTS64 = {'x86_64': 217, 'aarch64': 61, 'riscv64': 61}
COUNT = 1234

libc = ctypes.CDLL(None, use_errno=True)
libc.opendir.restype = ctypes.c_void_p
libc.readdir.argtypes = libc.telldir.argtypes = libc.closedir.argtypes = [ctypes.c_void_p]
libc.rewinddir.argtypes = [ctypes.c_void_p]
libc.readdir.restype = ctypes.c_void_p
libc.telldir.restype = ctypes.c_long
libc.seekdir.argtypes = [ctypes.c_void_p, ctypes.c_long]
libc.syscall.restype = ctypes.c_long
NAME_AT = 19  # of struct dirent: d_ino, d_off, d_reclen, d_type


@pytest.fixture
def many(mount, api):
    mount.ids = set(api.add_documents(small_pdf(i) for i in range(COUNT)))
    assert len(mount.ids) == COUNT
    return mount


def getdents(fd, size):
    """One call: [(name, offset behind it)]"""
    buffer = ctypes.create_string_buffer(size)
    n = libc.syscall(SYS_GETDENTS64[platform.machine()], fd, buffer, size)
    if n < 0:
        raise OSError(ctypes.get_errno(), 'getdents64')
    entries, at = [], 0
    while at < n:
        _, offset, length = struct.unpack_from('=QqH', buffer.raw, at)
        name = buffer.raw[at + NAME_AT:at + length].split(b'\0', 1)[0].decode()
        entries.append((name, offset))
        at += length
    return entries


def read_all(fd, size):
    entries = []
    while True:
        more = getdents(fd, size)
        if not more:
            return entries
        entries += more


def real(entries):
    return [name for name, _ in entries if name not in ('.', '..')]


@pytest.mark.parametrize('size', [128, 300, 1024, 4096, 65536, 1 << 20])
def test_every_entry_once_whatever_the_buffer(many, size):
    fd = os.open(many / 'documents', os.O_RDONLY | os.O_DIRECTORY)
    try:
        names = real(read_all(fd, size))
    finally:
        os.close(fd)
    assert len(names) == COUNT
    assert set(names) == many.ids


def test_dot_and_dotdot_are_there(many):
    fd = os.open(many / 'documents', os.O_RDONLY | os.O_DIRECTORY)
    try:
        names = [name for name, _ in read_all(fd, 4096)]
    finally:
        os.close(fd)
    assert names.count('.') == names.count('..') == 1


def test_lseek_to_any_offset_goes_on_behind_it(many):
    fd = os.open(many / 'documents', os.O_RDONLY | os.O_DIRECTORY)
    try:
        entries = read_all(fd, 4096)
        for at in (0, 1, 2, 99, 100, 101, 700, COUNT):
            os.lseek(fd, entries[at][1], os.SEEK_SET)
            assert read_all(fd, 1000)[:50] == entries[at + 1:at + 51], at
    finally:
        os.close(fd)


def test_seekdir_and_telldir(many):
    stream = libc.opendir(os.fsencode(many / 'documents'))
    assert stream
    try:
        def name():
            entry = libc.readdir(stream)
            return ctypes.string_at(entry + NAME_AT) if entry else None

        for _ in range(500):
            name()
        place = libc.telldir(stream)
        expected = [name() for _ in range(20)]
        while name():
            pass
        libc.seekdir(stream, place)
        assert [name() for _ in range(20)] == expected
        libc.rewinddir(stream)
        assert sum(1 for _ in iter(name, None)) == COUNT + 2
    finally:
        libc.closedir(stream)


def test_deleting_while_listing_skips_nothing(many, api):
    """As rm -r and find -delete do: read some, delete those, read on."""
    fd = os.open(many / 'documents', os.O_RDONLY | os.O_DIRECTORY)
    seen = []
    try:
        while True:
            names = real(getdents(fd, 4000))
            if not names:
                break
            for name in names[:3]:
                os.rmdir(many / 'documents' / name)
            seen += names
    finally:
        os.close(fd)
    assert set(seen) == many.ids
    assert len(seen) == len(set(seen))


def test_rm_r_of_all(many, api):
    many.run('rm -r ./documents/*')
    assert api.documents() == []
    assert os.listdir(many / 'documents') == []


def test_two_streams_do_not_disturb_each_other(many):
    with os.scandir(many / 'documents') as one, os.scandir(many / 'documents') as other:
        names = [next(one).name for _ in range(300)]
        others = [e.name for e in other]
        names += [e.name for e in one]
    assert sorted(names) == sorted(others) == sorted(many.ids)


def test_a_new_file_is_in_the_next_listing(many, samples):
    os.listdir(many / 'documents')
    many.run(f'cp {samples.pdf()} documents/')
    assert 'scan.pdf' in os.listdir(many / 'documents')
    assert len(os.listdir(many / 'documents')) == COUNT + 1


@pytest.mark.parametrize('collection', ['datasets', 'assets', 'users'])
def test_other_collections_have_pages_too(mount, api, collection):
    body = {'datasets': lambda i: {'name': f'd{i}'},
            'assets': lambda i: {'name': f'a{i}', 'content': 'aGVsbG8='},
            'users': lambda i: {'email': f'u{i}@example.com'}}[collection]
    ids = {list(api.post(collection, **body(i)).values())[0] for i in range(230)}
    names = os.listdir(mount / collection)
    assert len(names) == 230
    assert {n.rpartition(':')[0] for n in names} == {next(iter(ids)).rpartition(':')[0]}
