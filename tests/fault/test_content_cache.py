"""Whatever happens to the files of the content cache, what is read is what the server has."""
import errno
import os
import shutil
import subprocess

import pytest

from mounted import eventually, mount_type
from samples import LARGEST, pdf

SIZE = 300000


class Cached:
    """A mount that has read one document, and the file in which its bytes are kept."""

    def __init__(self, mount, api):
        self.mount, self.api = mount, api
        self.document = api.add_document(pdf(SIZE))
        assert self.read() == pdf(SIZE)

    @property
    def folder(self):
        return next((self.mount.folder / 'cache').glob('**/contents'))

    @property
    def files(self):
        return sorted(p for p in self.folder.rglob('*') if p.is_file())

    @property
    def file(self):
        assert len(self.files) == 1, self.files
        return self.files[0]

    def read(self):
        with open(self.mount / 'documents' / self.document / 'content', 'rb') as f:
            return f.read()

    def fetches(self):
        """How many requests it costs to read the document, which must be right."""
        with self.mount.server.watch() as seen:
            assert self.read() == pdf(SIZE)
        return seen.count('GET', '/documents/las:.*')


@pytest.fixture
def cached(lasfs, api):
    return Cached(lasfs(), api)


def tear(file):
    """A page of zeros in the middle, as after a crash of the machine."""
    with open(file, 'r+b') as f:
        f.seek(SIZE // 2)
        f.write(bytes(4096))


def flip(file):
    data = bytearray(file.read_bytes())
    data[1000] ^= 1
    file.write_bytes(data)


def replace_by_another(file):
    """Bytes of the same length that are of some other document."""
    file.write_bytes(pdf(SIZE, seed=1))


def make_a_folder(file):
    file.unlink()
    file.mkdir()


def make_a_link(file):
    target = file.parent / 'elsewhere'
    target.write_bytes(pdf(SIZE, seed=2))
    file.unlink()
    file.symlink_to(target)


DAMAGE = {'torn': tear, 'one bit': flip, 'truncated': lambda f: os.truncate(f, SIZE // 3),
          'emptied': lambda f: os.truncate(f, 0), 'too long': lambda f: os.truncate(f, SIZE + 1),
          'foreign bytes': replace_by_another, 'a folder': make_a_folder, 'a link': make_a_link,
          'missing': os.unlink}


@pytest.mark.parametrize('cut', [False, True], ids=['', 'by a power cut'])
@pytest.mark.parametrize('damage', DAMAGE)
def test_a_damaged_file_is_noticed_at_the_next_mount(cached, damage, cut):
    cached.mount.unmount()
    DAMAGE[damage](cached.file)
    cached.mount.remount(boot=cut)
    assert cached.fetches() >= 1
    cached.mount.remount()
    assert cached.read() == pdf(SIZE)


@pytest.mark.parametrize('damage', ['truncated', 'emptied', 'too long', 'missing'])
def test_a_damaged_file_is_noticed_while_mounted(cached, damage):
    DAMAGE[damage](cached.file)
    cached.mount.refresh()  # and the kernel forgets the pages that it has
    assert cached.fetches() == 1
    cached.mount.refresh()
    assert cached.fetches() <= 1


def test_a_whole_file_costs_nothing_over_a_remount(cached):
    cached.mount.remount()
    os.stat(cached.mount / 'documents' / cached.document)  # the look-up asks, if it must
    assert cached.fetches() == 0


def test_after_a_remount_a_list_page_says_that_it_is_there(lasfs, api):
    """By id, without a listing: the list's pages, and no GET that would bring the bytes once more."""
    ids = [api.add_document(pdf(SIZE, seed=i)) for i in range(5)]
    mount = lasfs()
    for _ in range(2):
        with mount.server.watch() as seen:
            for i, document in enumerate(ids):
                assert (mount / 'documents' / document / 'content').read_bytes() == pdf(SIZE, seed=i)
        mount.remount()
    assert seen.count('GET', '/documents/las:.*') == 0
    assert seen.count('GET', '/documents') == 1


def test_what_was_deleted_elsewhere_is_gone_though_it_is_cached(lasfs, api):
    document = api.add_document(pdf(SIZE))
    mount = lasfs()
    assert (mount / 'documents' / document / 'content').read_bytes() == pdf(SIZE)
    api.delete(f'documents/{document}')
    mount.remount()
    with pytest.raises(FileNotFoundError):
        (mount / 'documents' / document / 'content').read_bytes()


def test_files_of_others_are_left_alone(cached):
    cached.mount.unmount()
    foreign = [cached.folder / 'README', cached.folder / 'las:document:' / 'x']
    foreign[1].parent.mkdir()
    for path in foreign:
        path.write_text('mine')
    cached.mount.start()
    assert cached.read() == pdf(SIZE)
    assert [path.read_text() for path in foreign] == ['mine', 'mine']


def test_the_whole_cache_may_go_while_mounted(cached):
    shutil.rmtree(cached.mount.folder / 'cache')
    cached.mount.refresh()
    assert cached.fetches() >= 1
    cached.mount.remount()
    assert cached.read() == pdf(SIZE)
    assert cached.file


def fuse_threads(pid):
    """The threads that wait for the kernel: read(2) or splice(2) of /dev/fuse."""
    found = set()
    for thread in os.listdir(f'/proc/{pid}/task'):
        with open(f'/proc/{pid}/task/{thread}/syscall', encoding='ascii') as f:
            words = f.read().split()
        if words[0] in ('0', '275') and os.readlink(f'/proc/{pid}/fd/{int(words[1], 16)}') == \
                '/dev/fuse':
            found.add(thread)
    return found


def busy(pid):
    """How long each thread has been on a CPU, in ns."""
    times = {}
    for thread in os.listdir(f'/proc/{pid}/task'):
        with open(f'/proc/{pid}/task/{thread}/schedstat', encoding='ascii') as f:
            times[thread] = int(f.read().split()[0])
    return times


def test_the_first_look_at_a_file_hashes_it_in_the_background(lasfs, api):
    """Else nobody is served meanwhile by a thread that takes the kernel's requests."""
    mount = lasfs()
    path = mount / 'documents' / api.add_document(pdf(LARGEST)) / 'content'
    assert path.read_bytes() == pdf(LARGEST)
    mount.remount(boot=True)
    os.listdir(mount / 'documents')  # else the look-up fetches it once more
    os.stat(path)
    pid = mount.process.pid
    before = busy(pid)
    with mount.server.watch() as seen:
        os.close(os.open(path, os.O_RDONLY))
    eventually(lambda: fuse_threads(pid))
    spent = {thread: ns - before.get(thread, 0) for thread, ns in busy(pid).items()}
    assert seen.count('GET', '/documents/las:.*') == 0
    assert max(spent, key=spent.get) not in fuse_threads(pid), spent
    assert max(spent.values()) > 1000000, 'it was hashed'


# --- A full disk -------------------------------------------------------------------------------

@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MiB."""
    path = tmp_path / 'small'
    path.mkdir()
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=1m,mode=0700', 'tmpfs', path], check=True)
    yield path
    subprocess.run(['umount', path], check=True)
    eventually(lambda: not mount_type(path))


def fill_up(path):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT)
    try:
        while os.write(fd, bytes(4096)):
            pass
    except OSError as problem:
        assert problem.errno == errno.ENOSPC
    finally:
        os.close(fd)


@pytest.fixture
def full(small_disk, lasfs):
    """A mount whose cache is on a full disk."""
    mount = lasfs(start=False)
    (mount.folder / 'cache').symlink_to(small_disk)
    mount.start()
    fill_up(small_disk / 'filler')
    return mount


def test_documents_are_read_with_a_full_disk_under_the_cache(full, api):
    ids = [api.add_document(pdf(SIZE, seed=i)) for i in range(5)]
    for i, document in enumerate(ids):
        assert (full / 'documents' / document / 'content').read_bytes() == pdf(SIZE, seed=i)


def test_documents_are_written_with_a_full_disk_under_the_cache(full, api, samples):
    full.run(f'cp {samples.pdf(size=SIZE)} documents/ && '
             f'cmp {samples.folder}/scan.pdf documents/scan.pdf && rm documents/scan.pdf')
    assert api.documents() == []


def test_when_there_is_room_again_the_cache_works_again(full, api, small_disk):
    document = api.add_document(pdf(SIZE))
    path = full / 'documents' / document / 'content'
    assert path.read_bytes() == pdf(SIZE)
    (small_disk / 'filler').unlink()
    full.refresh()
    assert path.read_bytes() == pdf(SIZE)
    full.refresh()
    os.stat(full / 'documents' / document)
    with full.server.watch() as seen:
        assert path.read_bytes() == pdf(SIZE)
    assert seen.count('GET', '/documents/las:.*') == 0


def test_a_cache_larger_than_its_disk_evicts(small_disk, lasfs, api):
    """Five documents of 300 kB on a disk of 1 MiB: the server's bytes, whatever stays."""
    mount = lasfs('content_cache=10M', start=False)
    (mount.folder / 'cache').symlink_to(small_disk)
    mount.start()
    ids = [api.add_document(pdf(SIZE, seed=i)) for i in range(5)]
    for _ in range(2):
        for i, document in enumerate(ids):
            assert (mount / 'documents' / document / 'content').read_bytes() == pdf(SIZE, seed=i)
        mount.refresh()
