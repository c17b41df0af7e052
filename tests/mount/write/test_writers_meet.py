"""Writers of the same file at once, and writers that meet renames, removals and remounts."""
import os
import subprocess
import threading

import pytest

from mounted import eventually
from samples import pdf, small_pdf


def only(api):
    return api.content('documents/' + api.only_document()['documentId'])


def at_once(*works):
    problems = []

    def guarded(work):
        try:
            work()
        except OSError as problem:
            problems.append(problem)
    threads = [threading.Thread(target=guarded, args=(w,)) for w in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return problems


def test_eight_cps_onto_one_name_leave_one_document_that_one_of_them_wrote(mount, api, samples):
    sources = [samples.pdf(f'{i}.pdf', size=50000, seed=i) for i in range(8)]
    mount.run(' & '.join(f'cp {s} documents/x.pdf' for s in sources) + ' & wait')
    eventually(lambda: len(api.documents()) == 1, 5, 'one document')
    assert (mount / 'documents/x.pdf').read_bytes() == only(api)


def test_eight_renames_onto_one_name_leave_one_document(mount, api):
    for i in range(8):
        (mount / f'documents/{i}.part').write_bytes(pdf(20000, seed=i))
    problems = at_once(*[lambda i=i: os.rename(mount / f'documents/{i}.part',
                                               mount / 'documents/x.pdf') for i in range(8)])
    assert problems == []
    assert only(api) in [pdf(20000, seed=i) for i in range(8)]
    assert os.listdir(mount / 'documents') == ['x.pdf']
    assert (mount / 'documents/x.pdf').read_bytes() == only(api)


def test_many_appenders_lose_no_line(mount, api):
    path = mount / 'documents/x.pdf'
    path.write_bytes(b'%PDF-1.4\n')
    mount.run('exec 3>> documents/x.pdf; for i in 1 2 3 4 5 6 7 8; do '
              '{ for j in 1 2 3 4 5; do echo "line $i $j"; done; } >> documents/x.pdf & done; '
              'wait; exec 3>&-')
    lines = only(api).splitlines()
    assert sorted(lines[1:]) == sorted(b'line %d %d' % (i, j) for i in range(1, 9)
                                       for j in range(1, 6))


def test_writes_and_removals_of_one_name_end_with_the_last_word(mount, api, samples):
    source = samples.pdf(size=20000)
    mount.run(f'for i in 1 2 3 4 5 6 7 8 9 10; do cp {source} documents/x.pdf & '
              'rm -f documents/x.pdf & done; wait', status=None)
    mount.run('rm -f documents/x.pdf')
    eventually(lambda: api.documents() == [], 5, 'no document')
    mount.run(f'cp {source} documents/x.pdf')
    assert only(api) == pdf(20000)


@pytest.mark.server('--latency', '300')
def test_a_removal_during_the_upload_removes_what_was_uploaded(mount, api, samples):
    writer = subprocess.Popen(['cp', samples.pdf(size=50000), mount / 'documents/x.pdf'])
    eventually(lambda: (mount / 'documents/x.pdf').exists() and
               os.path.getsize(mount / 'documents/x.pdf') == 50000, 5, 'the bytes')
    os.unlink(mount / 'documents/x.pdf')
    writer.wait()
    assert api.documents() == []
    assert os.listdir(mount / 'documents') == []


@pytest.mark.server('--latency', '300')
def test_a_rename_during_the_upload_names_what_was_uploaded(mount, api, samples):
    writer = subprocess.Popen(['cp', samples.pdf(size=50000), mount / 'documents/x.pdf'])
    eventually(lambda: (mount / 'documents/x.pdf').exists() and
               os.path.getsize(mount / 'documents/x.pdf') == 50000, 5, 'the bytes')
    os.rename(mount / 'documents/x.pdf', mount / 'documents/y.pdf')
    assert writer.wait() == 0
    assert only(api) == pdf(50000)
    assert (mount / 'documents/y.pdf').read_bytes() == pdf(50000)


@pytest.mark.server('--latency', '300')
def test_a_write_during_the_upload_is_the_next_generation(mount, api):
    path = mount / 'documents/x.pdf'
    first = threading.Thread(target=path.write_bytes, args=(pdf(50000, seed=1),))
    first.start()
    eventually(lambda: path.exists() and os.path.getsize(path) == 50000, 5, 'the bytes')
    path.write_bytes(pdf(60000, seed=2))
    first.join()
    eventually(lambda: len(api.documents()) == 1, 5, 'one document')
    assert only(api) == pdf(60000, seed=2) == path.read_bytes()


def test_a_reader_sees_old_or_new_bytes_and_never_a_mixture(mount, api):
    path = mount / 'documents/x.pdf'
    versions = [pdf(40000, seed=i) for i in range(6)]
    path.write_bytes(versions[0])
    stop, seen = threading.Event(), []

    def read():
        while not stop.is_set():
            with open(path, 'rb', buffering=0) as f:
                data = b''.join(iter(lambda: f.read(100000), b''))
            seen.append(data)
    reader = threading.Thread(target=read)
    reader.start()
    for i, data in enumerate(versions[1:]):
        temporary = mount / f'documents/{i}.part'
        temporary.write_bytes(data)
        os.rename(temporary, path)
    stop.set()
    reader.join()
    assert seen and all(data in versions for data in seen)
    assert only(api) == versions[-1]


def test_two_backups_at_once_of_one_document(mount, api):
    path = mount / 'documents/x.pdf'
    path.write_bytes(pdf(9000, seed=1))
    mount.may_leave = True

    def edit(n):
        os.rename(path, mount / f'documents/x{n}.tmp')
        path.write_bytes(pdf(9000, seed=10 + n))
    at_once(lambda: edit(1), lambda: edit(2))
    assert path.read_bytes() in (pdf(9000, seed=11), pdf(9000, seed=12))
    contents = [api.content('documents/' + d['documentId']) for d in api.documents()]
    assert path.read_bytes() in contents
    for name in os.listdir(mount / 'documents'):
        if name.endswith('.tmp'):
            os.unlink(mount / 'documents' / name)
    eventually(lambda: len(api.documents()) == 1, 5, 'one document')
    assert only(api) == path.read_bytes()


def test_a_hundred_editors_on_a_hundred_files(mount, api):
    names = [f'documents/{i}.pdf' for i in range(100)]
    for i, name in enumerate(names):
        (mount / name).write_bytes(small_pdf(i))

    def edit(numbers):
        for i in numbers:
            path = mount / names[i]
            os.rename(path, f'{path}~')
            path.write_bytes(small_pdf(1000 + i))
            os.unlink(f'{path}~')
    with mount.server.watch() as seen:
        assert at_once(*[lambda k=k: edit(range(k, 100, 10)) for k in range(10)]) == []
    assert seen.count('POST') == seen.count('DELETE') == 100
    assert sorted(api.content('documents/' + d['documentId']) for d in api.documents()) == \
        sorted(small_pdf(1000 + i) for i in range(100))
    assert len(os.listdir(mount / 'documents')) == 100
