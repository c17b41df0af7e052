""".sha256sums proves a delivery: what the server has, and nothing else."""
import os
import subprocess

import pytest

from samples import pdf


def check(mount, scans, folder='documents'):
    return subprocess.run(['sha256sum', '--check', '--strict', mount / folder / '.sha256sums'],
                          cwd=scans, capture_output=True, text=True, check=False)


@pytest.fixture
def scans(tmp_path):
    folder = tmp_path / 'scans'
    for i, name in enumerate(['a.pdf', 'two words.pdf', 'sub/c.pdf', 'sub/deep/d.pdf', 'ü.pdf',
                              'line\nbreak.pdf', 'back\\slash.pdf']):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(pdf(2000, seed=i))
    return folder


def test_all_that_rsync_delivered_is_in_it(mount, api, scans):
    os.mkdir(mount / 'datasets/in')
    mount.run(f'rsync -a {scans}/ datasets/in/documents/')
    ran = check(mount, scans, 'datasets/in/documents')
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count(': OK') == 7
    assert check(mount, scans / 'sub', 'datasets/in/documents/sub').stdout.count(': OK') == 2
    assert '.sha256sums' not in mount.run('find datasets/in/documents').out


def test_it_is_the_same_after_a_remount(mount, scans):
    mount.run(f'rsync -a {scans}/ documents/')
    before = (mount / 'documents/.sha256sums').read_text()
    mount.remount()
    assert (mount / 'documents/.sha256sums').read_text() == before


def test_a_file_that_has_changed_here_is_told(mount, scans):
    mount.run(f'rsync -a {scans}/ documents/')
    (scans / 'a.pdf').write_bytes(pdf(2000, seed=99))
    ran = check(mount, scans)
    assert ran.returncode == 1 and 'a.pdf: FAILED' in ran.stdout


def test_what_is_deleted_elsewhere_leaves_it_at_once(mount, api, samples):
    mount.run(f'cp {samples.pdf()} documents/ && cp {samples.pdf("b.pdf", seed=2)} documents/')
    assert (mount / 'documents/.sha256sums').read_text().count('\n') == 2
    mount.refresh()  # from here on the list is believed, however fresh the file is
    api.delete('documents/' + os.getxattr(mount / 'documents/b.pdf',
                                          'user.las.documentId').decode())
    text = (mount / 'documents/.sha256sums').read_text()
    assert text.endswith('  scan.pdf\n') and text.count('\n') == 1


def test_what_was_not_sent_is_not_in_it(mount, samples):
    mount.allow('Invalid argument')
    mount.may_leave = True
    samples.write('letter', b'no document\n' * 20)
    mount.run(f'cp {samples.folder}/letter documents/', status=1)
    mount.run('touch documents/empty.pdf; echo x > documents/.x.swp')
    assert (mount / 'documents/.sha256sums').read_text() == ''


def test_only_folders_of_documents_have_it(mount):
    assert os.path.exists(mount / 'documents/.sha256sums')
    assert not os.path.exists(mount / 'assets/.sha256sums')
    assert not os.path.exists(mount / 'datasets/.sha256sums')
