"""Every way of writing a file: exactly one document, the right one, and each refusal with its errno."""
import contextlib
import errno
import fcntl
import mmap
import os
import stat
import subprocess
import sys

import pytest

from mounted import eventually
from samples import jpeg, pdf, small_pdf


def verbs(seen):
    return [r.verb for r in seen.changes]


def only(api):
    return api.content('documents/' + api.only_document()['documentId'])


def errno_of(call, *arguments, **kwargs):
    with pytest.raises(OSError) as refused:
        call(*arguments, **kwargs)
    return refused.value.errno


@pytest.fixture
def old(mount):
    """documents/x.pdf is there."""
    path = mount / 'documents/x.pdf'
    path.write_bytes(pdf(9000, seed=1))
    return path


# --- Orders of writing -----------------------------------------------------------------------------

def write_sparse(path, data):
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    os.pwrite(fd, data[:100], 0)
    os.pwrite(fd, data[-100:], len(data) - 100)
    for start in range(len(data) - 4196, 100, -4096):
        os.pwrite(fd, data[start:start + 4096], start)
    os.pwrite(fd, data[100:4200], 100)
    return fd


def write_seeking_back(path, data):
    with open(path, 'wb') as f:
        f.write(b'\0' * 50 + data[50:])
        f.seek(0)
        f.write(data[:50])
        f.flush()
        f.seek(0, os.SEEK_END)
    return None


def write_by_append(path, data):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
    for start in range(0, len(data), 1000):
        os.write(fd, data[start:start + 1000])
    return fd


def write_too_much(path, data):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT)
    os.ftruncate(fd, 3 * len(data))
    os.write(fd, data)
    os.ftruncate(fd, len(data))
    return fd


def write_mapped(path, data):
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    os.ftruncate(fd, len(data))
    with mmap.mmap(fd, len(data), mmap.MAP_SHARED) as pages:
        pages[:] = data
    os.close(fd)  # Python keeps a descriptor of its own, whose close has sent all of it
    return None


def write_directly(path, data):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_DIRECT)
    room = mmap.mmap(-1, 8192)
    for start in range(0, len(data), 8192):
        part = data[start:start + 8192]
        room[:len(part)] = part
        os.write(fd, memoryview(room)[:len(part)])
    return fd


def write_sync(path, data):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_SYNC)
    os.write(fd, data)
    return fd


def write_vectors(path, data):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.writev(fd, [data[i:i + 777] for i in range(0, len(data), 777)])
    return fd


def write_allocated(path, data):
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    os.posix_fallocate(fd, 0, len(data))
    os.write(fd, data)
    return fd


def write_exclusively(path, data):
    if path.exists():
        os.unlink(path)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    assert errno_of(os.open, path, os.O_WRONLY | os.O_CREAT | os.O_EXCL) == errno.EEXIST
    os.write(fd, data)
    return fd


def write_by_sendfile(path, data):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    with open(path.parent.parent.parent / 'outside', 'w+b') as outside:
        outside.write(data)
        outside.flush()
        assert os.sendfile(fd, outside.fileno(), 0, len(data)) == len(data)
    return fd


WAYS = [write_sparse, write_seeking_back, write_by_append, write_too_much, write_mapped,
        write_directly, write_sync, write_vectors, write_allocated, write_exclusively,
        write_by_sendfile]


@pytest.mark.parametrize('way', WAYS)
def test_a_new_file_is_one_document_of_its_final_bytes(mount, api, way):
    data = pdf(20000, seed=2)
    with mount.server.watch() as seen:
        fd = way(mount / 'documents/x.pdf', data)
        if fd is not None:
            assert api.documents() == [], 'nothing is sent before the close'
            os.close(fd)
        eventually(lambda: api.documents(), 5)
    assert verbs(seen) == ['POST']
    assert only(api) == data
    assert (mount / 'documents/x.pdf').read_bytes() == data


@pytest.mark.parametrize('way', [w for w in WAYS if w not in (write_exclusively, write_too_much)])
def test_an_overwrite_makes_the_new_one_first_and_deletes_the_old_then(mount, api, old, way):
    data = pdf(20000, seed=2)
    with mount.server.watch() as seen:
        fd = way(old, data)
        if fd is not None:
            os.close(fd)
        eventually(lambda: len(api.documents()) == 1 and only(api) == data, 5)
    assert verbs(seen) == ['POST', 'DELETE']
    assert old.read_bytes() == data


@pytest.mark.parametrize('way', [w for w in WAYS if w not in (write_exclusively, write_too_much)])
def test_the_same_bytes_again_send_nothing(mount, api, old, way):
    before = api.documents()
    with mount.server.watch() as seen:
        fd = way(old, pdf(9000, seed=1))
        if fd is not None:
            os.close(fd)
    assert not seen.changes
    assert api.documents() == before


@pytest.mark.parametrize('change', [
    lambda fd: os.pwrite(fd, b'LASFS', 5000), lambda fd: os.ftruncate(fd, 8000),
    lambda fd: os.pwrite(fd, b'more', 9000), lambda fd: os.pwrite(fd, b'far', 12000),
    lambda fd: (os.ftruncate(fd, 20), os.pwrite(fd, b'again', 20)),
], ids=['middle', 'shorter', 'append', 'hole', 'cut and append'])
def test_a_change_of_a_part_is_what_a_plain_file_would_be(mount, api, old, tmp_path, change):
    plain = tmp_path / 'plain'
    plain.write_bytes(old.read_bytes())
    mount.remount(cold=True)
    with mount.server.watch() as seen:
        for path in (plain, old):
            fd = os.open(path, os.O_RDWR)
            change(fd)
            os.close(fd)
    assert verbs(seen) == ['POST', 'DELETE']
    assert only(api) == plain.read_bytes() == old.read_bytes()


def test_bytes_read_through_the_writers_own_descriptor_are_the_new_ones(mount, api, old):
    with open(old, 'r+b', buffering=0) as f:
        f.seek(100)
        f.write(b'NEW')
        f.seek(98)
        assert f.read(7)[2:5] == b'NEW'
        assert old.read_bytes()[100:103] == b'NEW'
        assert os.fstat(f.fileno()).st_size == 9000
    assert only(api)[100:103] == b'NEW'


# --- Several writers -------------------------------------------------------------------------------

def test_several_writers_of_one_file_commit_when_the_last_closes(mount, api):
    data = pdf(30000, seed=3)
    path = mount / 'documents/x.pdf'
    with mount.server.watch() as seen:
        fds = [os.open(path, os.O_WRONLY | os.O_CREAT) for _ in range(3)]
        for i, fd in enumerate(fds):
            os.pwrite(fd, data[i * 10000:(i + 1) * 10000], i * 10000)
        for fd in fds:
            assert api.documents() == []
            os.close(fd)
    assert verbs(seen) == ['POST']
    assert only(api) == data


def test_writers_in_processes_of_their_own(mount, api, samples):
    data = pdf(40000, seed=3)
    source = samples.write('source', data)
    with mount.server.watch() as seen:
        mount.run('exec 3> documents/x.pdf; for i in 0 1 2 3; do '
                  f'dd if={source} of=documents/x.pdf bs=10000 skip=$i seek=$i count=1 '
                  'conv=notrunc status=none & done; wait; exec 3>&-')
    assert verbs(seen) == ['POST']
    assert only(api) == data


def test_a_reader_does_not_keep_a_file_from_being_sent(mount, api, old):
    with open(old, 'rb') as reader:
        old.write_bytes(pdf(9000, seed=2))
        assert only(api) == pdf(9000, seed=2)
        assert reader.read(10) == b'%PDF-1.4\n1'


# --- Names that go while it is open ----------------------------------------------------------------

@pytest.mark.parametrize('cold', [False, True])
def test_a_write_after_an_unlink_sends_nothing_and_is_no_error(mount, api, old, cold):
    if cold:
        mount.remount(cold=True)
    fd = os.open(old, os.O_RDWR)
    os.unlink(old)
    with mount.server.watch() as seen:
        os.pwrite(fd, b'LASFS', 100)
        assert os.pread(fd, 5, 100) == b'LASFS'
        assert os.fstat(fd).st_nlink in (0, 1)
        os.fsync(fd)
        os.close(fd)
    assert not seen.changes
    assert api.documents() == []
    assert os.listdir(mount / 'documents') == []


def test_a_new_file_that_is_unlinked_while_it_is_written_was_never_there(mount, api):
    with mount.server.watch() as seen:
        fd = os.open(mount / 'documents/x.pdf', os.O_RDWR | os.O_CREAT)
        os.write(fd, pdf(3000))
        os.unlink(mount / 'documents/x.pdf')
        os.write(fd, b'more')
        assert os.pread(fd, 9000, 0) == pdf(3000) + b'more'
        os.close(fd)
    assert not seen.changes
    assert api.documents() == []


def test_a_name_that_is_taken_again_while_the_old_file_is_open_is_the_new_ones(mount, api, old):
    fd = os.open(old, os.O_WRONLY)
    os.unlink(old)
    old.write_bytes(pdf(3000, seed=7))
    os.write(fd, b'nobody sees this')
    os.close(fd)
    assert only(api) == pdf(3000, seed=7)


def test_a_rename_while_it_is_open_is_one_document_of_the_final_name(mount, api):
    with mount.server.watch() as seen:
        fd = os.open(mount / 'documents/x.pdf', os.O_WRONLY | os.O_CREAT)
        os.write(fd, pdf(3000)[:1000])
        os.rename(mount / 'documents/x.pdf', mount / 'documents/y.pdf')
        os.write(fd, pdf(3000)[1000:])
        os.close(fd)
    assert verbs(seen) == ['POST']
    assert only(api) == pdf(3000)
    assert os.listdir(mount / 'documents') == ['y.pdf']


def test_a_scratch_file_that_gets_its_name_while_it_is_open_is_sent_by_its_close(mount, api):
    with mount.server.watch() as seen:
        fd = os.open(mount / 'documents/x.pdf.part', os.O_WRONLY | os.O_CREAT)
        os.write(fd, pdf(3000)[:1000])
        os.rename(mount / 'documents/x.pdf.part', mount / 'documents/x.pdf')
        os.write(fd, pdf(3000)[1000:])
        assert not seen.changes and api.documents() == []
        os.close(fd)
    assert verbs(seen) == ['POST']
    assert only(api) == pdf(3000)


def test_a_rename_over_a_file_that_is_open_replaces_it(mount, api, old):
    fd = os.open(old, os.O_RDWR)
    (mount / 'documents/new.part').write_bytes(pdf(3000, seed=2))
    os.rename(mount / 'documents/new.part', old)
    os.pwrite(fd, b'nobody sees this', 0)
    os.close(fd)
    assert only(api) == pdf(3000, seed=2)
    assert old.read_bytes() == pdf(3000, seed=2)


def test_a_rename_of_an_open_file_into_a_dataset_is_a_document_of_it(mount, api):
    os.mkdir(mount / 'datasets/d')
    fd = os.open(mount / 'documents/x.pdf', os.O_WRONLY | os.O_CREAT)
    os.write(fd, pdf(3000))
    os.rename(mount / 'documents/x.pdf', mount / 'datasets/d/documents/x.pdf')
    os.close(fd)
    assert api.only_document()['datasetId'] == api.dataset_called('d')['datasetId']


# --- What is refused -------------------------------------------------------------------------------

@pytest.mark.parametrize('script', ['ln documents/x.pdf documents/y.pdf',
                                    'ln -s x.pdf documents/y.pdf', 'mkfifo documents/y',
                                    'mknod documents/y c 1 3', 'ln -s documents link'])
def test_links_and_special_files_are_eperm(mount, api, old, script):
    mount.allow('there are no')
    ran = mount.run(script, status=1)
    assert 'Operation not permitted' in ran.err
    assert os.listdir(mount / 'documents') == ['x.pdf']


def test_a_socket_is_eperm(mount):
    mount.allow('there are no')
    import socket
    with socket.socket(socket.AF_UNIX) as s:
        os.chdir(mount / 'documents')
        try:
            assert errno_of(s.bind, 'socket') == errno.EPERM
        finally:
            os.chdir('/')


def test_a_file_without_a_name_is_eopnotsupp(mount):
    assert errno_of(os.open, mount / 'documents', os.O_TMPFILE | os.O_RDWR) == errno.EOPNOTSUPP


def test_a_directory_cannot_be_opened_for_writing(mount):
    assert errno_of(os.open, mount / 'documents', os.O_WRONLY) == errno.EISDIR


def test_holes_cannot_be_punched_and_fallocate_says_so(mount, api, old):
    ran = mount.run('fallocate -p -o 0 -l 4096 documents/x.pdf', status=None)
    assert ran.status != 0
    assert only(api) == pdf(9000, seed=1)


# --- Locks, holes, copies --------------------------------------------------------------------------

def test_flock_excludes(mount, old):
    mount.run('exec 3<> documents/x.pdf; flock -n 3; '
              '! flock -n documents/x.pdf true; exec 3>&-; flock -n documents/x.pdf true')


def test_fcntl_locks_exclude(mount, api, old):
    code = ('import fcntl, os, sys\n'
            'fd = os.open(sys.argv[1], os.O_RDWR)\n'
            'fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, int(sys.argv[2]))\n')
    with mount.server.watch() as seen:
        with open(old, 'r+b') as f:
            fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 0)
            assert subprocess.run([sys.executable, '-c', code, old, '0'],
                                  stderr=subprocess.DEVNULL, check=False).returncode == 1
            assert subprocess.run([sys.executable, '-c', code, old, '10'],
                                  check=False).returncode == 0
    assert not seen.changes


def test_seek_hole_and_seek_data_say_that_all_is_data(mount, api, old):
    document = mount / 'documents' / api.only_document()['documentId'] / 'content'
    for path, size in ((old, 9000), (document, 9000)):
        fd = os.open(path, os.O_RDONLY)
        assert os.lseek(fd, 0, os.SEEK_DATA) == 0
        assert os.lseek(fd, 0, os.SEEK_HOLE) == size
        assert errno_of(os.lseek, fd, size, os.SEEK_DATA) == errno.ENXIO
        os.close(fd)


def test_copy_file_range(mount, api, old, tmp_path):
    (tmp_path / 'plain').write_bytes(pdf(5000, seed=4))
    with open(tmp_path / 'plain', 'rb') as a, open(mount / 'documents/y.pdf', 'wb') as b:
        copied = 0
        while copied < 5000:
            try:
                copied += os.copy_file_range(a.fileno(), b.fileno(), 5000 - copied)
            except OSError as refused:
                assert refused.errno in (errno.EXDEV, errno.EOPNOTSUPP)
                os.sendfile(b.fileno(), a.fileno(), 0, 5000)
                copied = 5000
    assert sorted(len(api.content('documents/' + d['documentId'])) for d in api.documents()) == \
        [5000, 9000]
    fd = os.open(mount / 'documents/z.pdf', os.O_WRONLY | os.O_CREAT)
    with open(old, 'rb') as a:
        assert os.copy_file_range(a.fileno(), fd, 9000) == 9000
    os.close(fd)
    assert (mount / 'documents/z.pdf').read_bytes() == pdf(9000, seed=1)


@pytest.mark.parametrize('tool', [
    'cp --reflink=auto {0} {1}', 'cp --sparse=always {0} {1}', 'cp --attributes-only {0} {1}.no; '
    'rm {1}.no; cp {0} {1}', 'dd if={0} of={1} bs=512 status=none', 'dd if={0} of={1} oflag=direct '
    'bs=4096 status=none', 'dd if={0} of={1} conv=fsync,sparse bs=1k status=none',
    'dd if={0} of={1} oflag=append conv=notrunc status=none', 'tee -a {1} < {0} > /dev/null',
    'tee {1} < {0} | cat > /dev/null', 'install -m 640 {0} {1}', 'install -D {0} {1}',
    'cat {0} > {1}', 'cat < {0} >| {1}', 'sponge() {{ local t; t=$(mktemp -p documents '
    '.tmp.XXXXXX); cat > "$t"; mv "$t" "$1"; }}; sponge {1} < {0}', 'base64 {0} | base64 -d > {1}',
    'head -c 1000 {0} > {1}; tail -c +1001 {0} >> {1}', 'cp -a {0} {1}', 'mv $(cp {0} {0}.2; '
    'echo {0}.2) {1}', 'ln -f {0} {1} 2>/dev/null || cp {0} {1}', 'truncate -s 3000 {1}.part; '
    'dd if={0} of={1}.part conv=notrunc status=none; mv {1}.part {1}',
    'python3 -c "import shutil; shutil.copy2(\'{0}\', \'{1}\')"',
    'perl -MFile::Copy -e "copy(\'{0}\', \'{1}\') or die"'])
def test_programs_that_copy_leave_one_document(mount, api, samples, tool):
    data = pdf(3000, seed=6)
    source = samples.write('source.pdf', data)
    with mount.server.watch() as seen:
        mount.run(tool.format(source, 'documents/x.pdf'))
        eventually(lambda: len(api.documents()) == 1 and only(api) == data, 5)
    assert verbs(seen) in (['POST'], ['POST', 'POST', 'DELETE'])  # > and >> are two closes
    assert os.listdir(mount / 'documents') == ['x.pdf']


def test_split_makes_documents_of_its_parts(mount, api):
    mount.run('{ printf "%s" "%PDF-1.4 one.........."; printf "%s" "%PDF-1.4 two.........."; } '
              '| split -b 22 - documents/part-')
    assert sorted(os.listdir(mount / 'documents')) == ['part-aa', 'part-ab']
    assert sorted(api.content('documents/' + d['documentId']) for d in api.documents()) == \
        [b'%PDF-1.4 one..........', b'%PDF-1.4 two..........']


def test_a_here_document(mount, api):
    mount.run('cat > documents/x.pdf <<EOF\n%PDF-1.4\nlines\nEOF')
    assert only(api) == b'%PDF-1.4\nlines\n'
    mount.run('mkdir datasets/d; cat > datasets/d/description <<EOF\ntwo\nlines\nEOF')
    assert api.dataset_called('d')['description'] == 'two\nlines'


def test_one_picture_over_a_pdf_changes_the_type(mount, api, old):
    old.write_bytes(jpeg(5000))
    assert api.only_document()['contentType'] == 'image/jpeg'


# --- A write that failed ---------------------------------------------------------------------------

def test_what_failed_is_superseded_by_writing_the_whole_again_without_truncation(mount, api):
    """As rsync --inplace does."""
    mount.allow('x.pdf')
    path = mount / 'documents/x.pdf'
    fd = os.open(path, os.O_WRONLY | os.O_CREAT)
    os.write(fd, pdf(3000)[:700])
    assert errno_of(os.pwrite, fd, b'x', 5000000) == errno.EFBIG
    assert errno_of(os.close, fd) == errno.EFBIG
    assert os.listdir(mount / 'documents') == ['x.pdf.error.txt']
    assert len(os.listdir(mount / '.lasfs/failed')) == 1
    fd = os.open(path, os.O_WRONLY | os.O_CREAT)
    os.write(fd, pdf(3000))
    os.ftruncate(fd, 3000)
    os.close(fd)
    assert only(api) == pdf(3000)
    assert os.listdir(mount / '.lasfs/failed') == []


def test_what_echo_gets_wrong_in_a_one_line_field_echo_sees(mount, api):
    mount.allow('Invalid argument')
    document = 'documents/' + api.add_document(small_pdf(1))
    ran = mount.run(f'echo nowhere > ./{document}/datasetId', status=1)
    assert 'Invalid argument' in ran.err
    assert 'there is no datasets called nowhere' in mount.errors()
    assert api.get(document).get('datasetId') is None


def operations(mount, name):
    """What .lasfs/errors has a line for."""
    return [line.split()[1] for line in mount.errors().splitlines() if name in line]


def test_a_write_that_failed_and_its_close_have_a_line_each(mount):
    mount.allow('x.pdf')
    mount.may_leave = True
    fd = os.open(mount / 'documents/x.pdf', os.O_WRONLY | os.O_CREAT)
    os.write(fd, pdf(3000)[:700])
    assert errno_of(os.pwrite, fd, b'x', 5000000) == errno.EFBIG
    assert errno_of(os.close, fd) == errno.EFBIG
    eventually(lambda: os.listdir(mount / '.lasfs/failed'), 5)
    (mount / '.lasfs/control').write_text('flush')
    assert operations(mount, 'x.pdf') == ['write', 'close']


def too_long(fd):
    return os.pwrite(fd, b'x', 1 << 40)


def shortened(fd):
    return os.ftruncate(fd, 1 << 40)


@pytest.mark.parametrize('change', [too_long, shortened])
def test_a_text_that_is_too_large_has_a_line(mount, api, change):
    mount.allow('File too large')
    dataset = 'datasets/' + api.add_dataset('in', description='as it was')
    fd = os.open(mount / dataset / 'description', os.O_WRONLY)
    with mount.server.watch() as seen:
        assert errno_of(change, fd) == errno.EFBIG
        os.close(fd)
    assert not seen.changes
    line, = [line for line in mount.errors().splitlines() if 'description' in line]
    assert 'more than the' in line


def test_a_path_that_is_made_too_large_has_a_line(mount, api):
    mount.allow('File too large')
    dataset = 'datasets/' + api.add_dataset('in')
    assert errno_of(os.truncate, mount / dataset / 'description', 1 << 40) == errno.EFBIG
    assert 'more than the' in mount.errors()


@pytest.fixture
def small_disk(tmp_path, lasfs):
    """A mount whose state lies on a disk of 1 MiB."""
    disk = tmp_path / 'disk'
    disk.mkdir()
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk], check=True)
    made = lasfs(start=False)
    made.state = disk / 'state'
    try:
        yield made.start()
        if made.process:
            made.unmount()
    finally:
        made.kill()
        subprocess.run(['umount', '-l', disk], check=True)


def test_a_full_disk_is_enospc_at_write_and_nothing_is_sent(small_disk, api, samples):
    small_disk.allow('No space left', 'state')
    small_disk.may_leave = True
    source = samples.pdf('large.pdf', size=3000000)
    with small_disk.server.watch() as seen:
        ran = small_disk.run(f'cp {source} documents/', status=1)
    assert 'No space left on device' in ran.err
    assert not seen.changes and api.documents() == []
    assert os.listdir(small_disk / 'documents') == ['large.pdf.error.txt']
    small_disk.run('rm .lasfs/failed/*')
    small_disk.run(f'cp {samples.pdf()} documents/')
    assert only(api) == pdf(2000)


def test_what_failed_on_a_full_disk_gives_its_room_to_the_same_file_again(small_disk, api, samples):
    small_disk.allow('No space left', 'state')
    source = samples.pdf('scan.pdf', size=3000000)
    small_disk.run(f'cp {source} documents/', status=1)
    samples.pdf('scan.pdf', size=600000, seed=1)
    small_disk.run(f'cp {source} documents/')
    assert only(api) == pdf(600000, 1)
    assert os.listdir(small_disk / '.lasfs/failed') == []


def test_who_ignores_that_the_disk_was_full_is_told_by_close_and_sends_nothing(small_disk, api):
    small_disk.allow('No space left', 'state')
    small_disk.may_leave = True
    path = small_disk / 'documents/x.pdf'
    data = pdf(3000000)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT)
    refused = []
    for start in range(0, len(data), 100000):
        try:
            os.pwrite(fd, data[start:start + 100000], start)
        except OSError as problem:
            refused.append(problem.errno)
    assert refused and set(refused) == {errno.ENOSPC}
    os.pwrite(fd, b'small', 0)  # there is room for that
    with small_disk.server.watch() as seen:
        assert errno_of(os.close, fd) == errno.ENOSPC
    assert not seen.changes and api.documents() == []
    assert not path.exists()


def fill(disk):
    with open(disk / 'filler', 'wb', buffering=0) as filler:
        with contextlib.suppress(OSError):
            while filler.write(bytes(4096)):
                pass


def test_a_document_that_the_full_disk_has_no_room_to_change_has_a_line(small_disk):
    small_disk.allow('No space left', 'state')
    path = small_disk / 'documents/x.pdf'
    path.write_bytes(pdf(300000))
    (small_disk / '.lasfs/control').write_text('flush')
    fill(small_disk.state.parent)
    fd = os.open(path, os.O_WRONLY)
    assert errno_of(os.pwrite, fd, b'x', 9) == errno.ENOSPC
    with contextlib.suppress(OSError):
        os.close(fd)
    assert 'cannot be kept before they are sent' in small_disk.errors()
    os.unlink(small_disk.state.parent / 'filler')


def test_a_file_that_cannot_even_be_begun_has_a_line(small_disk):
    small_disk.allow('No space left', 'state')
    os.listdir(small_disk / 'documents')
    subprocess.run(['mount', '-o', 'remount,nr_inodes=100', small_disk.state.parent], check=True)
    with contextlib.suppress(OSError):
        for i in range(100):
            (small_disk.state.parent / f'filler{i}').touch()
    path = small_disk / 'documents/x.pdf'
    assert errno_of(os.open, path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) == errno.ENOSPC
    assert 'cannot be kept before they are sent' in small_disk.errors()


def test_an_append_for_which_there_is_half_the_room_is_enospc(small_disk):
    small_disk.allow('No space left', 'state')
    small_disk.may_leave = True
    path = small_disk / 'documents/x.pdf'
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(fd, bytes(4096))  # a page, so that the kernel does not split the next one
    fill(small_disk.state.parent)
    os.truncate(small_disk.state.parent / 'filler',
                os.path.getsize(small_disk.state.parent / 'filler') - 8192)
    assert errno_of(os.write, fd, bytes(20000)) == errno.ENOSPC
    assert errno_of(os.close, fd) == errno.ENOSPC
    os.unlink(small_disk.state.parent / 'filler')


# --- Attributes ------------------------------------------------------------------------------------

def test_the_mode_of_a_new_file_is_the_writers(mount, old):
    fd = os.open(mount / 'documents/m.pdf', os.O_WRONLY | os.O_CREAT, 0o640)
    os.close(fd)
    assert stat.S_IMODE(os.stat(mount / 'documents/m.pdf').st_mode) == 0o640 & ~current_umask()


def current_umask():
    mask = os.umask(0o22)
    os.umask(mask)
    return mask


def test_df_says_something_sensible(mount):
    st = os.statvfs(mount.path)
    assert st.f_namemax == 255 and st.f_bsize > 0
    mount.run('df . && df -i . && stat -f .')
