"""What FUSE does, as the mount has learnt it: one test for each fact that shows from outside."""
import errno
import mmap
import os
import signal
import struct
import subprocess
import sys
import threading
import time

import pytest

from mounted import eventually
from rest import Refused
from samples import pdf, small_pdf

SLOW = pytest.mark.server('--latency', '1500')


def python(mount, code, *arguments, **kwargs):
    """A Python program in the mount point, in a process of its own."""
    command = ['env', '--default-signal', sys.executable, '-c', code, *map(str, arguments)]
    return subprocess.Popen(command, cwd=mount.path, stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, text=True, **kwargs)


def run_python(mount, code, *arguments):
    process = python(mount, code, *arguments)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, out
    return out


def verbs(seen):
    return [r.verb for r in seen.changes]


def settled(mount, api, data):
    """Waits for exactly one document with these bytes: release uploads after close()."""
    def there():
        found = api.documents()
        try:
            return len(found) == 1 and api.content('documents/' + found[0]['documentId']) == data
        except Refused:  # it was replaced since it was listed
            return False
    eventually(there, 10, 'one document with these bytes')


@pytest.fixture
def halves(samples):
    """a and b: the two halves of a PDF, outside the mount."""
    data = pdf(200000, seed=5)
    samples.write('a', data[:70000])
    samples.write('b', data[70000:])
    samples.data = data
    return samples


# --- Who commits, and when -------------------------------------------------------------------------

def test_a_shells_echo_flushes_before_it_writes_and_is_one_post(mount, api):
    with mount.server.watch() as seen:
        mount.run('echo "%PDF-1.4 echo" > documents/x.pdf')
    assert verbs(seen) == ['POST']
    assert api.content('documents/' + api.only_document()['documentId']) == b'%PDF-1.4 echo\n'


def test_a_shells_echo_over_a_document_replaces_it_once(mount, api):
    mount.run('echo "%PDF-1.4 one" > documents/x.pdf')
    with mount.server.watch() as seen:
        mount.run('echo "%PDF-1.4 two" > documents/x.pdf')
    assert verbs(seen) == ['POST', 'DELETE']
    assert api.content('documents/' + api.only_document()['documentId']) == b'%PDF-1.4 two\n'


def test_a_shells_echo_onto_a_field_is_one_patch(mount, api):
    mount.run('mkdir datasets/d')
    with mount.server.watch() as seen:
        mount.run('echo words > datasets/d/description')
    assert verbs(seen) == ['PATCH']
    assert api.dataset_called('d')['description'] == 'words'


@pytest.mark.parametrize('script', [
    '{{ cat {0}/a; cat {0}/b; }} > documents/x.pdf',
    'exec 3> documents/x.pdf; cat {0}/a >&3; cat {0}/b >&3; exec 3>&-',
    '( cat {0}/a; ( cat {0}/b ) ) > documents/x.pdf',
    '( cat {0}/a {0}/b & wait ) > documents/x.pdf',
    'cat {0}/a {0}/b | ( head -c 100; sleep .2; cat ) > documents/x.pdf',
    'bash -c "exec 5>&1; cat {0}/a; cat {0}/b >&5" > documents/x.pdf',
], ids=['braces', 'exec', 'subshells', 'background', 'pipe', 'dup'])
def test_children_on_one_descriptor_make_one_document_of_all_bytes(mount, api, halves, script):
    with mount.server.watch() as seen:
        mount.run(script.format(halves.folder))
    settled(mount, api, halves.data)
    assert verbs(seen) in (['POST'], [])  # by release, then, and counted below
    with mount.server.watch() as seen:
        mount.run('cat documents/x.pdf | cmp - <(cat "$A" "$B")', A=halves.folder / 'a',
                  B=halves.folder / 'b')
    assert not seen.changes


def test_a_childs_dirty_flush_waits_for_the_openers_close(mount, api, halves):
    writer = python(mount, 'import os, subprocess, sys\n'
                    'fd = os.open("documents/x.pdf", os.O_WRONLY | os.O_CREAT)\n'
                    'for name in sys.argv[1:]:\n'
                    '    subprocess.run(["cat", name], stdout=fd, check=True)\n'
                    '    print(flush=True); sys.stdin.readline()\n'
                    'os.close(fd)\n'
                    'print(flush=True); sys.stdin.readline()\n',
                    halves.folder / 'a', halves.folder / 'b')
    with mount.server.watch() as seen:
        for _ in range(2):  # each child has exited, and with it its descriptor
            writer.stdout.readline()
            assert api.documents() == []
            writer.stdin.write('\n')
            writer.stdin.flush()
        writer.stdout.readline()
        assert api.content('documents/' + api.only_document()['documentId']) == halves.data
        writer.communicate('\n')
    assert verbs(seen) == ['POST']


def test_what_a_child_writes_after_its_openers_close_is_sent_at_release(mount, api, halves):
    with mount.server.watch() as seen:
        mount.run('exec 3> documents/x.pdf; cat "$A" >&3; '
                  '( read < "$FIFO"; cat "$B" >&3 ) & exec 3>&-; '
                  'echo > "$FIFO"; wait', A=halves.folder / 'a', B=halves.folder / 'b',
                  FIFO=make_fifo(halves))
        settled(mount, api, halves.data)
    assert verbs(seen) == ['POST', 'POST', 'DELETE']


def make_fifo(samples):
    path = samples.folder / 'fifo'
    os.mkfifo(path)
    return path


def test_threads_of_the_opener_are_the_opener(mount, api):
    run_python(mount, 'import os, threading\n'
               'def work(run):\n'
               '    t = threading.Thread(target=run); t.start(); t.join()\n'
               'fds = []\n'
               'work(lambda: fds.append(os.open("documents/x.pdf", os.O_WRONLY | os.O_CREAT)))\n'
               'work(lambda: os.write(fds[0], b"%PDF-1.4 threads"))\n'
               'work(lambda: os.close(fds[0]))\n'
               'assert os.path.getsize("documents/x.pdf") == 16\n')
    assert api.content('documents/' + api.only_document()['documentId']) == b'%PDF-1.4 threads'


def test_a_close_and_a_reopen_is_a_new_generation(mount, api, halves):
    with mount.server.watch() as seen:
        mount.run('cat "$A" > documents/x.pdf; cat "$B" >> documents/x.pdf',
                  A=halves.folder / 'a', B=halves.folder / 'b')
        settled(mount, api, halves.data)
    assert verbs(seen) == ['POST', 'POST', 'DELETE']


def test_a_generation_commits_once(mount, api):
    fd = os.open(mount / 'documents/x.pdf', os.O_WRONLY | os.O_CREAT)
    os.write(fd, small_pdf(1))
    with mount.server.watch() as seen:
        for _ in range(5):
            os.close(os.dup(fd))
        os.close(fd)
    assert verbs(seen) == ['POST']
    assert api.only_document()


def test_a_flush_with_nothing_new_sends_nothing(mount, api):
    (mount / 'documents/x.pdf').write_bytes(small_pdf(1))
    with mount.server.watch() as seen:
        fd = os.open(mount / 'documents/x.pdf', os.O_RDWR)
        os.read(fd, 5)
        os.close(fd)
        mount.run(': >> documents/x.pdf')
    assert not seen.all
    assert api.only_document()


# --- Truncation ------------------------------------------------------------------------------------

def test_a_truncation_alone_of_a_field_commits_at_release(mount, api):
    mount.run('mkdir datasets/d; echo words > datasets/d/description')
    with mount.server.watch() as seen:
        mount.run(': > datasets/d/description')
        eventually(lambda: api.dataset_called('d')['description'] in ('', None))
    assert verbs(seen) == ['PATCH']


def test_a_truncation_alone_of_a_document_keeps_it(mount, api):
    mount.may_leave = True
    (mount / 'documents/x.pdf').write_bytes(small_pdf(1))
    old = api.only_document()
    with mount.server.watch() as seen:
        mount.run(': > documents/x.pdf')
        assert os.path.getsize(mount / 'documents/x.pdf') == 0
        mount.run('echo "%PDF-1.4 new" > documents/x.pdf')
    assert verbs(seen) == ['POST', 'DELETE']
    assert api.only_document() != old


def test_truncate_2_commits_at_once(mount, api):
    data = small_pdf(1)
    (mount / 'documents/x.pdf').write_bytes(data)
    with mount.server.watch() as seen:
        os.truncate(mount / 'documents/x.pdf', 12)
        assert api.content('documents/' + api.only_document()['documentId']) == data[:12]
    assert verbs(seen) == ['POST', 'DELETE']


def test_truncate_2_of_a_file_that_is_being_written_waits_for_its_close(mount, api):
    fd = os.open(mount / 'documents/x.pdf', os.O_WRONLY | os.O_CREAT)
    os.write(fd, small_pdf(1))
    with mount.server.watch() as seen:
        os.truncate(mount / 'documents/x.pdf', 12)
        assert not seen.changes and api.documents() == []
    os.close(fd)
    assert api.content('documents/' + api.only_document()['documentId']) == small_pdf(1)[:12]


def test_ftruncate_commits_with_the_close(mount, api):
    (mount / 'documents/x.pdf').write_bytes(small_pdf(1))
    with mount.server.watch() as seen:
        fd = os.open(mount / 'documents/x.pdf', os.O_WRONLY)
        os.ftruncate(fd, 11)
        assert len(api.documents()) == 1
        os.close(fd)
    assert verbs(seen) == ['POST', 'DELETE']
    assert api.content('documents/' + api.only_document()['documentId']) == small_pdf(1)[:11]


# --- mmap ------------------------------------------------------------------------------------------

def test_stores_through_a_mapping_after_close_are_sent_at_release(mount, api):
    data = pdf(9000, seed=1)
    fd = os.open(mount / 'documents/x.pdf', os.O_RDWR | os.O_CREAT)
    os.write(fd, data)
    pages = mmap.mmap(fd, len(data), mmap.MAP_SHARED)  # Python keeps a duplicate of fd
    os.close(fd)
    settled(mount, api, data)
    pages[8000:8005] = b'LASFS'
    pages.close()
    settled(mount, api, data[:8000] + b'LASFS' + data[8005:])


def test_stores_through_a_mapping_that_outlives_every_descriptor_are_sent(mount, api):
    data = pdf(9000, seed=1)
    run_python(mount, 'import ctypes, os, sys\n'
               'libc = ctypes.CDLL(None, use_errno=True)\n'
               'libc.mmap.restype = ctypes.c_void_p\n'
               'libc.mmap.argtypes = [ctypes.c_void_p] + [ctypes.c_size_t] * 5\n'
               'data = open(sys.argv[1], "rb").read()\n'
               'fd = os.open("documents/x.pdf", os.O_RDWR | os.O_CREAT)\n'
               'os.write(fd, data)\n'
               'p = libc.mmap(None, len(data), 3, 1, fd, 0)\n'
               'os.close(fd)\n'
               'ctypes.memmove(p + 8000, b"LASFS", 5)\n'
               'assert libc.munmap(ctypes.c_void_p(p), len(data)) == 0\n',
               write_outside(mount, data))
    settled(mount, api, data[:8000] + b'LASFS' + data[8005:])


def write_outside(mount, data):
    path = mount.folder / 'outside'
    path.write_bytes(data)
    return path


def test_a_direct_io_file_refuses_a_shared_mapping(mount, api):
    mount.run('mkdir datasets/d; echo words > datasets/d/description')
    fd = os.open(mount / 'datasets/d/description', os.O_RDWR)
    with pytest.raises(OSError) as refused:
        mmap.mmap(fd, 5, mmap.MAP_SHARED)
    assert refused.value.errno == errno.ENODEV
    os.close(fd)


def test_a_document_can_be_mapped(mount, api):
    data = pdf(9000)
    document = api.add_document(data)
    with open(mount / 'documents' / document / 'content', 'rb') as f:
        with mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ) as pages:
            assert pages[:] == data


# --- Killed writers --------------------------------------------------------------------------------

HALF = ('import os, sys\n'
        'fd = os.open("documents/x.pdf", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)\n'
        'os.write(fd, b"%PDF-1.4 half of it")\n'
        'print(flush=True); sys.stdin.readline()\n')


@pytest.mark.parametrize('how', [signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV, signal.SIGHUP])
def test_what_a_killed_writer_left_is_not_sent(mount, api, how):
    mount.allow('x.pdf')
    mount.may_leave = True
    writer = python(mount, HALF)
    writer.stdout.readline()
    with mount.server.watch() as seen:
        writer.send_signal(how)
        writer.communicate()
        names = eventually(lambda: os.listdir(mount / '.lasfs/failed'), 10, 'a file in failed/')
    assert not seen.changes
    assert [n.partition('-')[2] for n in names] == ['x.pdf']
    assert (mount / '.lasfs/failed' / names[0]).read_bytes() == b'%PDF-1.4 half of it'
    assert api.documents() == []


THREADS = ('import os, threading, time\n'
           'fd = os.open("documents/x.pdf", os.O_WRONLY | os.O_CREAT)\n'
           'os.write(fd, b"%PDF-1.4 by threads")\n'
           'for _ in range(8):\n'
           '    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n')


def test_a_program_with_threads_that_exits_without_closing_is_not_killed(mount, api):
    run_python(mount, THREADS + 'os._exit(0)\n')
    settled(mount, api, b'%PDF-1.4 by threads')


def test_a_program_with_threads_that_is_killed_is(mount, api):
    mount.allow('x.pdf')
    mount.may_leave = True
    writer = python(mount, THREADS + 'print(flush=True); time.sleep(60)\n')
    writer.stdout.readline()
    writer.kill()
    writer.communicate()
    eventually(lambda: os.listdir(mount / '.lasfs/failed'), 10, 'a file in failed/')
    assert api.documents() == []


def test_a_writer_that_exits_with_an_error_has_closed(mount, api):
    """What a program that ends by itself says of its work is its own business."""
    mount.run('{ echo "%PDF-1.4 text"; exit 3; } > documents/x.pdf', status=3)
    settled(mount, api, b'%PDF-1.4 text\n')


def test_a_child_that_is_killed_while_it_writes_for_its_opener_counts(mount, api):
    mount.allow('x.pdf')
    mount.may_leave = True
    mount.run('{ echo "%PDF-1.4 whole"; (echo half; kill -KILL $BASHPID); } > documents/x.pdf; true')
    eventually(lambda: os.listdir(mount / '.lasfs/failed'), 10, 'a file in failed/')
    assert api.documents() == []


def test_a_child_that_is_killed_and_wrote_nothing_does_not(mount, api):
    mount.run('exec 3> documents/x.pdf; sleep 60 & echo "%PDF-1.4 whole" >&3; '
              'kill -KILL $!; wait $!; exec 3>&-', status=None)
    settled(mount, api, b'%PDF-1.4 whole\n')


@SLOW
def test_a_process_with_a_pending_sigkill_ends_once_its_interrupt_is_answered(mount, api):
    mount.allow('Interrupted')
    mount.may_leave = True
    listing = subprocess.Popen(['ls', str(mount / 'models')], stdout=subprocess.DEVNULL)
    eventually(lambda: in_state(listing.pid, 'DS'), 5, 'ls waiting')
    time.sleep(0.3)
    began = time.monotonic()
    listing.kill()
    listing.wait(10)
    assert time.monotonic() - began < 1


def in_state(pid, letters):
    with open(f'/proc/{pid}/stat', encoding='utf-8') as f:
        return f.read().rpartition(')')[2].split()[0] in letters


@SLOW
def test_one_that_dies_in_the_middle_of_open_leaves_no_writer_behind(mount, api):
    mount.allow('Interrupted')
    (mount / 'documents/x.pdf').write_bytes(small_pdf(1))
    mount.remount(cold=True)
    os.stat(mount / 'documents/x.pdf')
    opening = python(mount, 'import os\nos.open("documents/x.pdf", os.O_RDWR)\n')
    time.sleep(0.6)
    assert opening.poll() is None, 'open() waits for the bytes'
    opening.kill()
    opening.communicate(timeout=10)
    (mount / 'documents/x.pdf').write_bytes(small_pdf(2))
    assert api.content('documents/' + api.only_document()['documentId']) == small_pdf(2)


# --- What programs do between open and close --------------------------------------------------------

def test_fsync_makes_durable_and_uploads_nothing(mount, api):
    fd = os.open(mount / 'documents/x.pdf', os.O_WRONLY | os.O_CREAT)
    with mount.server.watch() as seen:
        os.write(fd, small_pdf(1))
        os.fsync(fd)
        os.fdatasync(fd)
        os.truncate(mount / 'documents/x.pdf', 20)
        assert api.documents() == []
    assert not seen.changes
    os.close(fd)
    assert api.only_document()


def test_fsyncd_bytes_survive_a_kill_of_the_daemon(mount, api):
    mount.may_leave = True
    fd = os.open(mount / 'documents/x.pdf', os.O_WRONLY | os.O_CREAT)
    os.write(fd, small_pdf(1))
    os.fsync(fd)
    mount.process.kill()
    mount.process.wait()
    mount.process = None
    with pytest.raises(OSError):
        os.close(fd)
    mount.start()
    names = os.listdir(mount / '.lasfs/failed')
    assert [(mount / '.lasfs/failed' / n).read_bytes() for n in names] == [small_pdf(1)]
    assert api.documents() == []


def test_mode_and_mtime_by_path_after_close_and_before_rename_are_kept(mount, api):
    with mount.server.watch() as seen:
        temporary = mount / 'documents/.x.pdf.Ab12Cd'
        temporary.write_bytes(small_pdf(1))
        os.utime(temporary, ns=(1, 1500000000123456789))
        os.chmod(temporary, 0o640)
        assert not seen.changes
        os.rename(temporary, mount / 'documents/x.pdf')
    assert verbs(seen) == ['POST']
    st = os.stat(mount / 'documents/x.pdf')
    assert (st.st_mtime_ns, st.st_mode & 0o777) == (1500000000123456789, 0o640)
    assert api.only_document()


def rename_noreplace(old, new):
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    rc = libc.renameat2(-100, os.fsencode(old), -100, os.fsencode(new), 1)
    return 0 if rc == 0 else ctypes.get_errno()


@pytest.mark.parametrize('old,new,expected', [
    ('documents/x.pdf', 'documents/y.pdf', 0),
    ('documents/x.pdf', 'documents/there.pdf', errno.EEXIST),
    ('documents/.x.pdf.Ab12Cd', 'documents/letter.pdf', errno.EPERM),
    ('datasets/d', 'datasets/e', 0),
    ('documents/x.pdf', 'models/x.pdf', errno.EPERM),
], ids=['name', 'taken', 'refused', 'dataset', 'no place'])
def test_rename_noreplace_is_never_einval(mount, api, old, new, expected):
    mount.allow('Invalid argument', 'not permitted')
    mount.may_leave = True
    (mount / 'documents/x.pdf').write_bytes(small_pdf(1))
    (mount / 'documents/there.pdf').write_bytes(small_pdf(2))
    (mount / 'documents/.x.pdf.Ab12Cd').write_bytes(b'no document')
    os.mkdir(mount / 'datasets/d')
    assert rename_noreplace(mount / old, mount / new) == expected


def test_an_exchange_of_names_is_refused(mount, api):
    mount.allow('exchanged')
    (mount / 'documents/x.pdf').write_bytes(small_pdf(1))
    (mount / 'documents/y.pdf').write_bytes(small_pdf(2))
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.renameat2(-100, os.fsencode(mount / 'documents/x.pdf'), -100,
                          os.fsencode(mount / 'documents/y.pdf'), 2) == -1
    assert ctypes.get_errno() == errno.EINVAL
    assert (mount / 'documents/x.pdf').read_bytes() == small_pdf(1)
    assert len(api.documents()) == 2


@SLOW
def test_ls_of_a_directory_waits_for_a_mkdir_in_it_and_is_not_wrong_then(mount, api):
    os.listdir(mount / 'datasets')
    maker = threading.Thread(target=os.mkdir, args=(mount / 'datasets/d',))
    maker.start()
    time.sleep(0.2)
    assert set(os.listdir(mount / 'datasets')) <= {'d'}
    maker.join()
    assert os.listdir(mount / 'datasets') == ['d']


def test_chmod_chown_and_utimens_succeed_everywhere(mount, api):
    (mount / 'documents/x.pdf').write_bytes(small_pdf(1))
    os.mkdir(mount / 'datasets/d')
    with mount.server.watch() as seen:
        for name in ('documents/x.pdf', 'documents', 'datasets/d', 'datasets/d/description',
                     'datasets/d/resource.json', '.', 'README', '.lasfs/status'):
            path = mount / name
            os.chmod(path, 0o755)
            os.chown(path, os.getuid(), os.getgid())
            os.utime(path, (1, 1))
    assert not seen.changes
    assert os.stat(mount / 'documents/x.pdf').st_mode & 0o777 == 0o755


# u::rw-,u:1:r--,g::r--,m::r--,o::r-- as the kernel has it
ACL = struct.pack('<I' + 'HHi' * 5, 2, 1, 6, -1, 2, 4, 1, 4, 4, -1, 16, 4, -1, 32, 4, -1)


def test_an_acl_is_enotsup_and_cp_a_goes_on(mount, api, samples):
    mount.run(f'cp -a {samples.pdf("x.pdf")} documents/')
    with pytest.raises(OSError) as refused:
        os.setxattr(mount / 'documents/x.pdf', 'system.posix_acl_access', ACL)
    assert refused.value.errno == errno.ENOTSUP
    assert api.content('documents/' + api.only_document()['documentId']) == pdf(2000)


# --- Who sees an error of close() ------------------------------------------------------------------

@pytest.mark.parametrize('tool', ['cp {0} {1}', 'cat {0} > {1}', 'tee {1} < {0} > /dev/null',
                                  'dd if={0} of={1} status=none', 'install {0} {1}',
                                  'rsync {0} {1}', 'mv {0} {1}', 'head -c 99999 {0} > {1}'])
def test_an_error_of_close_is_seen_by(mount, api, samples, tool):
    mount.allow('Invalid argument', 'not permitted')
    mount.may_leave = True
    source = samples.write('letter', b'Dear Sir or Madam\n' * 9)
    ran = mount.run(tool.format(source, 'documents/letter.pdf'), status=None)
    assert ran.status != 0
    assert api.documents() == []


@pytest.mark.parametrize('tool', ['bash -c "cat {0} > {1}; exit"', 'bash -c "cat < {0} >> {1}"',
                                  'dash -c "echo no document > {1}"',
                                  'bash -c "echo no document > {1}"',
                                  'python3 -c "import os; f = open(\'{1}\', \'w\'); '
                                  'f.write(\'no document\'); f.flush(); os._exit(0)"'])
def test_who_does_not_look_at_close_exits_0_and_the_line_is_in_errors(mount, api, samples, tool):
    mount.allow('Invalid argument')
    mount.may_leave = True
    source = samples.write('letter', b'Dear Sir or Madam\n' * 9)
    ran = mount.run(tool.format(source, 'documents/letter.pdf'), status=None)
    assert ran.status == (1 if 'cat' in tool else 0)  # cat closes its standard output, and looks
    eventually(lambda: 'letter.pdf' in mount.errors(), 5, 'its line')
    assert len([line for line in mount.errors().splitlines() if 'letter.pdf' in line]) == 1
    assert [n.partition('-')[2] for n in os.listdir(mount / '.lasfs/failed')] == ['letter.pdf']


# --- Attributes ------------------------------------------------------------------------------------

def test_directories_have_one_link_and_find_walks_them_all(mount, api):
    mount.run('mkdir -p documents/a/b/c && find documents -type d | wc -l')
    (mount / 'documents/a/b/c/x.pdf').write_bytes(small_pdf(1))
    assert os.stat(mount / 'documents/a').st_nlink == 1
    assert mount.run('find documents -name x.pdf').out == 'documents/a/b/c/x.pdf\n'


def test_inode_numbers_are_those_of_before_a_remount_and_of_the_listing(mount, api):
    (mount / 'documents/x.pdf').write_bytes(small_pdf(1))
    os.mkdir(mount / 'datasets/d')
    names = ['documents/x.pdf', 'documents', 'datasets/d', 'datasets/d/name', 'README']
    before = {n: os.stat(mount / n).st_ino for n in names}
    assert len(set(before.values())) == len(names)
    mount.remount()
    assert {n: os.stat(mount / n).st_ino for n in names} == before
    with os.scandir(mount / 'documents') as entries:
        assert {e.name: e.inode() for e in entries} == {'x.pdf': before['documents/x.pdf']}


def test_a_resource_under_two_paths_is_two_directories_over_one_resource(mount, api):
    """The kernel gives a directory one name only."""
    dataset = api.add_dataset('d')
    document = api.add_document(pdf(2000), datasetId=dataset)
    one, two = mount / 'documents' / document, mount / 'datasets' / dataset / 'documents' / document
    for _ in range(3):
        assert (one / 'content').read_bytes() == (two / 'content').read_bytes() == pdf(2000)
    assert os.stat(one).st_ino != os.stat(two).st_ino
    (one / 'groundTruth.json').write_text('{"total": "1"}')
    eventually(lambda: '"1"' in (two / 'groundTruth.json').read_text(), 1.5, 'the same elsewhere')


def test_a_name_that_is_made_again_is_another_file(mount, api):
    """The kernel's number is new, or an open file would change under its reader."""
    path = mount / 'documents/x.pdf'
    path.write_bytes(small_pdf(1))
    with open(path, 'rb') as old:
        os.unlink(path)
        path.write_bytes(small_pdf(2))
        assert old.read() == small_pdf(1)
    assert path.read_bytes() == small_pdf(2)


def test_tar_s_keeps_the_bytes(mount, api, samples):
    """Where st_blocks is 0, tar -S writes zeros."""
    data = pdf(100000, seed=3)
    document = api.add_document(data)
    (mount / 'documents/x.pdf').write_bytes(data)
    mount.run('mkdir datasets/d && echo words > datasets/d/description')
    mount.run(f'tar -cSf {samples.folder}/out.tar ./documents/x.pdf ./documents/{document}/content '
              './datasets/d/description README')
    mount.run('tar xf out.tar', cwd=samples.folder)
    assert (samples.folder / 'documents/x.pdf').read_bytes() == data
    assert (samples.folder / 'documents' / document / 'content').read_bytes() == data
    assert (samples.folder / 'datasets/d/description').read_text() == 'words\n'
    assert (samples.folder / 'README').read_bytes() == (mount / 'README').read_bytes()


# --- Caches and queues of the kernel ---------------------------------------------------------------

def test_there_is_no_writeback_cache_so_that_write_sees_its_error(mount, api):
    mount.allow('too large')
    mount.may_leave = True
    fd = os.open(mount / 'documents/x.pdf', os.O_WRONLY | os.O_CREAT)
    with pytest.raises(OSError) as refused:
        os.pwrite(fd, b'x', 5000000)
    assert refused.value.errno == errno.EFBIG
    with pytest.raises(OSError):
        os.close(fd)


def test_a_file_that_grew_since_stat_is_read_to_its_end(mount, api):
    path = mount / 'documents/x.pdf'
    path.write_bytes(small_pdf(1))
    with open(path, 'rb') as reader, open(path, 'ab') as writer:
        assert reader.read() == small_pdf(1)
        writer.write(b'more')
        writer.flush()
        assert reader.read() == b'more'
    mount.run('mkdir datasets/d; echo short > datasets/d/description')
    assert os.path.getsize(mount / 'datasets/d/description') == 6
    api.patch('datasets/' + api.dataset_called('d')['datasetId'], description='much longer words')
    mount.refresh()
    assert (mount / 'datasets/d/description').read_text() == 'much longer words\n'


def test_documents_pages_stay_over_opens(mount, api):
    data = pdf(1 << 20)
    path = mount / 'documents' / api.add_document(data) / 'content'
    assert path.read_bytes() == data
    with open(path, 'rb'):  # fincore(1) opens it once more
        assert mount.run(f'fincore -nb -o RES {path}').out.split() == [str(len(data))]


def slow_down(server, ms):
    """From now on each answer takes its time."""
    server.stop()
    server.arguments += ['--latency', str(ms)]
    server.start()


def test_30_slow_readers_do_not_hold_up_a_cached_read(mount, api):
    cached = mount / 'documents' / api.add_document(pdf(300000)) / 'content'
    slow = api.add_documents([pdf(200000, seed=i) for i in range(30)])
    assert cached.read_bytes() == pdf(300000)
    mount.remount()  # so that the kernel has none of its pages
    mount.run('ls -l documents')  # so that no look-up waits
    os.stat(cached)
    slow_down(mount.server, 3000)
    readers = [subprocess.Popen(['cat', str(mount / 'documents' / d / 'content')],
                                stdout=subprocess.DEVNULL) for d in slow]
    try:
        eventually(lambda: all(in_state(r.pid, 'SD') for r in readers), 10, 'readers waiting')
        began = time.monotonic()
        assert cached.read_bytes() == pdf(300000)
        assert os.statvfs(mount.path).f_namemax == 255
        assert time.monotonic() - began < 1
        assert any(r.poll() is None for r in readers), 'they were slow'
    finally:
        assert [r.wait(60) for r in readers] == [0] * 30


def test_release_is_answered_before_the_upload(mount, api):
    """It is a background request of the kernel, of which 512 may be under way."""
    count = 530
    cached = mount / 'documents' / api.add_document(pdf(300000)) / 'content'
    assert cached.read_bytes() == pdf(300000)
    mount.remount()
    os.stat(cached)
    slow_down(mount.server, 300)
    writer = python(mount, 'import os, sys\n'
                    'fds = [os.open(f"documents/{i}.pdf", os.O_WRONLY | os.O_CREAT)\n'
                    '       for i in range(int(sys.argv[1]))]\n'
                    'pid = os.fork()\n'
                    'if not pid:\n'
                    '    sys.stdin.readline()\n'  # its parent has closed them
                    '    for i, fd in enumerate(fds):\n'
                    '        os.write(fd, b"%%PDF-1.4 %d" % i)\n'
                    '    os._exit(0)\n'
                    'for fd in fds:\n'
                    '    os.close(fd)\n'
                    'print(flush=True)\n'
                    'os.waitpid(pid, 0)\n', count)
    writer.stdout.readline()
    writer.communicate('\n', timeout=60)
    assert cached.read_bytes() == pdf(300000)
    assert len(api.documents()) < count, 'the uploads are still under way'
    eventually(lambda: len(api.documents()) == count + 1, 60, 'all uploads')


def test_own_writes_are_seen_at_once_here_and_within_a_second_elsewhere(mount, api):
    mount.run('mkdir datasets/d')
    other = mount / 'datasets' / api.dataset_called('d')['datasetId'] / 'description'
    other.read_text()
    mount.run('echo new > datasets/d/description')
    assert (mount / 'datasets/d/description').read_text() == 'new\n'
    eventually(lambda: other.read_text() == 'new\n', 1.5, 'the other spelling')


def test_a_refresh_leaves_everyone_in_their_working_directory(mount, api):
    mount.run('mkdir -p datasets/d documents/s/t')
    for folder in ('datasets/d', 'documents/s/t', 'documents'):
        inside = python(mount, 'import os, sys, time\n'
                        'os.chdir(sys.argv[1])\n'
                        'for _ in range(8):\n'
                        '    os.utime(sys.argv[2])\n'
                        '    time.sleep(0.05)\n'
                        '    assert os.getcwd().endswith(sys.argv[1])\n',
                        folder, mount / '.lasfs/refresh')
        inside.communicate(timeout=30)
        assert inside.returncode == 0, folder


def test_the_root_and_statfs_never_touch_the_network(mount, api):
    mount.server.stop()
    try:
        assert 'documents' in os.listdir(mount.path)
        assert os.stat(mount / 'documents').st_nlink == 1
        assert os.statvfs(mount / 'documents').f_namemax == 255
        assert 'lasfs' in (mount / 'README').read_text()
    finally:
        mount.server.start()


def test_a_dead_mount_point_says_enotconn_and_the_next_lasfs_takes_it(mount, api):
    mount.process.kill()
    mount.process.wait()
    mount.process = None
    with pytest.raises(OSError) as dead:
        os.listdir(mount.path)
    assert dead.value.errno == errno.ENOTCONN
    mount.start()
    assert os.listdir(mount / 'documents') == []
