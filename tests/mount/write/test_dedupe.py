"""dedupe=content: bytes that the folder has already are not sent under another name, from any machine."""
import errno
import hashlib
import os
import re
import subprocess

import pytest

from mounted import eventually
from samples import small_pdf

pytestmark = [pytest.mark.server('--api', '2024'), pytest.mark.options('dedupe=content')]

WORDS = 'has these bytes already'


def put(path, data):
    """errno of write and close, or None."""
    try:
        path.write_bytes(data)
    except OSError as problem:
        return problem.errno


def posts(seen):
    return [(r.verb, r.path) for r in seen.all if r.verb != 'GET' and '/token' not in r.path]


def refused(mount):
    mount.allow(WORDS)
    mount.may_leave = True


@pytest.mark.parametrize('api_of', [
    pytest.param(one, marks=pytest.mark.server('--api', one)) for one in ('2024', '2021')])
@pytest.mark.parametrize('second', ['b.pdf', 'in/b.pdf'])
def test_a_second_name_is_refused_and_says_the_first(mount, api, api_of, second):
    refused(mount)
    os.mkdir(mount / 'documents/in')
    assert put(mount / 'documents/a.pdf', small_pdf(1)) is None
    with mount.server.watch() as seen:
        assert put(mount / 'documents' / second, small_pdf(1)) == errno.EEXIST
    assert posts(seen) == []
    assert f'{WORDS}, as a.pdf' in mount.errors()
    assert not (mount / 'documents' / second).exists()
    assert WORDS in (mount / 'documents' / (second + '.error.txt')).read_text()
    assert (mount / 'documents/a.pdf').read_bytes() == small_pdf(1)
    assert len(api.documents()) == 1


def test_its_bytes_are_kept_and_sent_once_the_first_is_gone(mount, api):
    refused(mount)
    (mount / 'documents/a.pdf').write_bytes(small_pdf(1))
    assert put(mount / 'documents/b.pdf', small_pdf(1)) == errno.EEXIST
    (mount / 'documents/a.pdf').unlink()
    mount.control('retry all')
    eventually(lambda: os.listdir(mount / 'documents') == ['b.pdf'])
    assert api.only_document()['name'] == 'b.pdf'
    assert (mount / 'documents/b.pdf').read_bytes() == small_pdf(1)


def test_the_same_name_renames_and_other_folders_are_as_ever(mount, api):
    for name in 'one', 'two':
        os.mkdir(mount / 'datasets' / name)
    folder = mount / 'datasets/one/documents'
    (folder / 'a.pdf').write_bytes(small_pdf(1))
    with mount.server.watch() as seen:
        (folder / 'a.pdf').write_bytes(small_pdf(1))
        mount.run(f'cp -p a.pdf {mount.folder}/../x.pdf && rsync -aI --checksum {mount.folder}/../x.pdf a.pdf',
                  cwd=folder)
    assert 'POST' not in [verb for verb, _ in posts(seen)]
    os.rename(folder / 'a.pdf', folder / 'b.pdf')
    assert os.listdir(folder) == ['b.pdf']
    (mount / 'datasets/two/documents/a.pdf').write_bytes(small_pdf(1))
    (folder / 'a.pdf').write_bytes(small_pdf(2))
    (folder / 'a.pdf').write_bytes(small_pdf(3))
    assert sorted(api.hashes()) == sorted(hashlib.sha256(small_pdf(n)).hexdigest() for n in (1, 1, 3))


def test_a_rename_from_a_temporary_name_is_refused_too(mount, api):
    refused(mount)
    mount.allow('rename')
    (mount / 'documents/a.pdf').write_bytes(small_pdf(1))
    (mount / 'documents/.b.pdf.part').write_bytes(small_pdf(1))
    with mount.server.watch() as seen, pytest.raises(FileExistsError):
        os.rename(mount / 'documents/.b.pdf.part', mount / 'documents/b.pdf')
    assert posts(seen) == []
    assert not (mount / 'documents/b.pdf').exists()
    assert len(api.documents()) == 1


def test_other_bytes_over_a_name_that_another_one_has_leave_it_as_it_was(mount, api):
    refused(mount)
    (mount / 'documents/a.pdf').write_bytes(small_pdf(1))
    (mount / 'documents/b.pdf').write_bytes(small_pdf(2))
    assert put(mount / 'documents/b.pdf', small_pdf(1)) == errno.EEXIST
    assert (mount / 'documents/b.pdf').read_bytes() == small_pdf(2)
    assert len(api.documents()) == 2


@pytest.mark.parametrize('seen_before', [True, False], ids=['listed', 'new'])
def test_what_another_machine_has_put_there_is_not_sent_again(lasfs, server, api, seen_before):
    one, other = lasfs('dedupe=content'), lasfs('dedupe=content,list_ttl=60')
    refused(other)
    if seen_before:
        (one / 'documents/a.pdf').write_bytes(small_pdf(1))
        assert os.listdir(other / 'documents') == ['a.pdf']
    else:
        assert os.listdir(other / 'documents') == []
        (one / 'documents/a.pdf').write_bytes(small_pdf(1))
    with server.watch() as seen:
        assert put(other / 'documents/b.pdf', small_pdf(1)) == errno.EEXIST
    assert posts(seen) == []
    assert f'{WORDS}, as a.pdf' in other.errors()
    assert len(api.documents()) == 1


@pytest.mark.parametrize('name', ['a.pdf', None, 'path'])
def test_what_another_client_has_uploaded_gets_the_name(mount, lasfs, api, name):
    """No second document: the one that is there is the file, here and on other machines; others' words stay."""
    noted = {'metadata': {'originalFilePath': '/home/x/a.pdf', 'n': [1]}} if name == 'path' else {}
    (mount / 'documents/mine.pdf').write_bytes(small_pdf(9))
    theirs = api.add_document(small_pdf(1), **(noted or {'name': name} if name else {}))
    with mount.server.watch() as seen:
        (mount / 'documents/a.pdf').write_bytes(small_pdf(1))
        eventually(lambda: 'lasfs' in (api.get('documents/' + theirs).get('metadata') or {}))
    assert [verb for verb, _ in posts(seen)] == ['PATCH']
    assert not [r for r in seen.all if '/files/' in r.path]
    found = api.get('documents/' + theirs)
    assert found['name'] == 'a.pdf' and found['metadata']['lasfs']['path'] == 'a.pdf'
    assert not noted or found['metadata']['n'] == [1]
    for one in (mount, lasfs()):
        assert sorted(os.listdir(one / 'documents')) == ['a.pdf', 'mine.pdf']
        assert (one / 'documents/a.pdf').read_bytes() == small_pdf(1)
    (mount / 'documents/a.pdf').unlink()
    assert [d['name'] for d in api.documents()] == ['mine.pdf']


def test_the_first_one_is_looked_at_as_nothing_has_told_yet_what_the_digest_is(mount, api):
    for n in range(3):
        api.add_document(small_pdf(n), name=f'{n}.pdf')
    with mount.server.watch() as seen:
        for n in range(3):
            (mount / f'documents/{n}.pdf').write_bytes(small_pdf(n))
    assert 'POST' not in [verb for verb, _ in posts(seen)]
    assert len([r for r in seen.all if r.verb == 'GET' and re.search('/files/|/documents/las', r.path)]) == 1


def test_rsync_of_what_another_client_has_uploaded_sends_names_alone(mount, api, tmp_path):
    for n in range(4):
        (tmp_path / f'{n}.pdf').write_bytes(small_pdf(n))
        api.add_document(small_pdf(n), name=f'{n}.pdf')
    for _ in range(2):
        with mount.server.watch() as seen:
            mount.run(f'rsync -a {tmp_path}/*.pdf documents/')
        assert 'POST' not in [verb for verb, _ in posts(seen)]
    eventually(lambda: all('lasfs' in (d['metadata'] or {}) for d in api.documents()))
    assert sorted(os.listdir(mount / 'documents')) == [f'{n}.pdf' for n in range(4)]
    assert sorted(d['metadata']['lasfs']['path'] for d in api.documents()) == [f'{n}.pdf' for n in range(4)]


def test_what_another_client_has_called_otherwise_keeps_its_name(mount, api):
    refused(mount)
    theirs = api.add_document(small_pdf(1), name='bill.pdf')
    (mount / 'documents/mine.pdf').write_bytes(small_pdf(9))
    assert put(mount / 'documents/a.pdf', small_pdf(1)) == errno.EEXIST
    assert f'{WORDS}, as bill.pdf' in mount.errors()
    assert api.get('documents/' + theirs)['name'] == 'bill.pdf'


def test_a_document_of_a_dataset_is_that_folder_s(mount, api):
    """documents/ lists it too, and it is no file of that."""
    os.mkdir(mount / 'datasets/in')
    theirs = api.add_document(small_pdf(1), datasetId=api.dataset_called('in')['datasetId'])
    (mount / 'documents/a.pdf').write_bytes(small_pdf(1))
    assert len(api.documents()) == 2
    with mount.server.watch() as seen:
        (mount / 'datasets/in/documents/a.pdf').write_bytes(small_pdf(1))
        eventually(lambda: 'lasfs' in (api.get('documents/' + theirs)['metadata'] or {}))
    assert [verb for verb, _ in posts(seen)] == ['PATCH']
    assert os.listdir(mount / 'datasets/in/documents') == ['a.pdf']


def test_a_lie_about_a_digest_keeps_nothing_from_being_sent(mount, api):
    digest = hashlib.sha256(small_pdf(1)).hexdigest()
    api.patch('documents/' + api.add_document(small_pdf(2)), metadata={'lasfs': {
        'path': 'a.pdf', 'size': str(len(small_pdf(1))), 'sha256': digest}})
    (mount / 'documents/b.pdf').write_bytes(small_pdf(1))
    assert digest in api.hashes() and len(api.documents()) == 2


@pytest.mark.options('dedupe=content,writeback,settle=0')
def test_of_equal_files_that_come_at_once_one_is_sent(mount, api, tmp_path):
    refused(mount)
    for n in range(12):
        (tmp_path / f'{n}.pdf').write_bytes(small_pdf(0))
    subprocess.run(f'cp {tmp_path}/*.pdf {mount / "documents"}', shell=True, check=True)
    eventually(lambda: len(os.listdir(mount / '.lasfs/pending')) == 0)
    assert len(api.documents()) == 1
    names = [n for n in os.listdir(mount / 'documents') if n.endswith('.pdf')]
    assert len(names) == 1 and len(os.listdir(mount / 'documents')) == 12  # eleven say why
    assert len(os.listdir(mount / '.lasfs/failed')) == 11


@pytest.mark.options('dedupe=off')
def test_without_it_each_name_is_a_document(mount, api):
    for name in 'ab':
        (mount / f'documents/{name}.pdf').write_bytes(small_pdf(1))
    assert len(api.documents()) == 2
