"""Folders that a NAS, a desktop or a synchronizer keeps for itself: what is in them stays local."""
import errno
import json
import os

import pytest

from samples import LARGEST, jpeg, pdf

FOLDERS = ('@eaDir', '#recycle', '@Recycle', '.@__thumb', '.stversions', '.Trash-1000',
           '.TemporaryItems', '$RECYCLE.BIN', 'System Volume Information', 'lost+found',
           'scan.pdf.sb-515b24a2-00Ug5l', '(A Document Being Saved By Preview)', '.~tmp~')


def local_files(mount):
    """What .lasfs/status counts."""
    line = next(line for line in (mount / '.lasfs/status').read_text().splitlines()
                if line.startswith('files local'))
    return int(line.split()[-1])


@pytest.fixture
def pictures(samples):
    """A tree as of a NAS: two scans, and small pictures of them."""
    samples.write('tree/a.pdf', pdf(3000, seed=1))
    samples.write('tree/2026/b.pdf', pdf(3000, seed=2))
    samples.write('tree/@eaDir/a.pdf/SYNOPHOTO_THUMB_M.jpg', jpeg(seed=1))
    samples.write('tree/@eaDir/a.pdf@SynoEAStream', b'not a document')
    samples.write('tree/2026/.@__thumb/default/b.jpg', jpeg(seed=2))
    samples.write('tree/.Trash-1000/files/c.pdf', pdf(3000, seed=3))
    samples.write('tree/.Trash-1000/info/c.pdf.trashinfo', b'[Trash Info]\n')
    return samples.folder / 'tree'


@pytest.mark.parametrize('folder', FOLDERS)
def test_what_is_put_in_stays_here(mount, api, samples, folder):
    scan = samples.pdf()
    before = local_files(mount)
    with mount.server.watch() as seen:
        mount.run(f'mkdir documents/"$F" && cp {scan} documents/"$F"/a.pdf && '
                  f'mkdir documents/"$F"/below && cp {scan} documents/"$F"/below/b.pdf', F=folder)
    assert not seen.changes
    assert api.documents() == []
    inside = mount / 'documents' / folder
    assert os.listdir(mount / 'documents') == [folder]
    assert sorted(os.listdir(inside)) == ['a.pdf', 'below']
    assert (inside / 'below/b.pdf').read_bytes() == scan.read_bytes()
    assert local_files(mount) >= before + 2
    assert os.listdir(mount / '.lasfs/pending') == []
    mount.run('rm -r documents/"$F"', F=folder)
    assert os.listdir(mount / 'documents') == []
    assert local_files(mount) == before
    assert mount.errors() == ''


@pytest.mark.parametrize('copy', ['cp -a', 'cp -r', 'rsync -a', 'rsync -a --delay-updates'])
def test_a_tree_is_copied_and_only_its_documents_sent(mount, api, pictures, copy):
    with mount.server.watch() as seen:
        mount.run(f'{copy} {pictures}/. documents/')
    assert [r.verb for r in seen.changes] == ['POST', 'POST']
    assert {api.content('documents/' + d['documentId']) for d in api.documents()} == \
        {pdf(3000, seed=1), pdf(3000, seed=2)}
    mount.run(f'diff -r {pictures} documents')
    mount.run('rm -r documents/@eaDir documents/.Trash-1000 documents/2026/.@__thumb')
    assert len(api.documents()) == 2
    assert sorted(os.listdir(mount / 'documents')) == ['2026', 'a.pdf']


def test_it_is_there_after_a_remount_and_still_local(mount, api, pictures):
    mount.may_leave = True
    mount.run(f'cp -a {pictures}/@eaDir documents/')
    mount.unmount()
    with mount.server.watch() as seen:
        mount.start()
        mount.run(f'diff -r {pictures}/@eaDir documents/@eaDir')
        mount.run('echo flush > .lasfs/control && echo more >> documents/@eaDir/a.pdf/*.jpg')
    assert not seen.changes
    assert api.documents() == []
    mount.run('rm -r documents/@eaDir')


@pytest.mark.parametrize('to', ['documents/b.pdf', 'documents/2026/b.pdf',
                                'datasets/d/documents/b.pdf'])
def test_a_file_that_is_moved_out_becomes_one_document(mount, api, samples, to):
    mount.run('mkdir -p documents/@eaDir/x documents/2026 datasets/d && '
              f'cp {samples.pdf()} documents/@eaDir/x/a.pdf')
    with mount.server.watch() as seen:
        mount.run(f'mv documents/@eaDir/x/a.pdf {to}')
    assert [r.verb for r in seen.changes] == ['POST']
    document = api.only_document()
    assert api.content('documents/' + document['documentId']) == pdf(2000)
    assert bool(document.get('datasetId')) == to.startswith('datasets')
    assert (mount / to).read_bytes() == pdf(2000)
    assert os.listdir(mount / 'documents/@eaDir/x') == []


def test_a_document_is_replaced_by_what_is_saved_beside_it(mount, api, samples):
    """As macOS saves: anew in a folder of its own, then renamed over the old one."""
    mount.run(f'cp {samples.pdf()} documents/a.pdf && mkdir documents/a.pdf.sb-515b24a2-00Ug5l && '
              f'cp {samples.pdf("new.pdf", seed=1)} documents/a.pdf.sb-515b24a2-00Ug5l/a.pdf')
    assert api.content('documents/' + api.only_document()['documentId']) == pdf(2000)
    mount.run('mv documents/a.pdf.sb-515b24a2-00Ug5l/a.pdf documents/a.pdf && '
              'rmdir documents/a.pdf.sb-515b24a2-00Ug5l')
    assert api.content('documents/' + api.only_document()['documentId']) == pdf(2000, seed=1)
    assert os.listdir(mount / 'documents') == ['a.pdf']


def test_a_document_that_is_put_into_the_trash_and_back_is_the_same(mount, api, samples):
    mount.run(f'cp {samples.pdf()} documents/ && mkdir -p documents/.Trash-1000/files')
    before = api.only_document()
    with mount.server.watch() as seen:
        mount.run('mv documents/scan.pdf documents/.Trash-1000/files/')
        assert os.listdir(mount / 'documents/.Trash-1000/files') == ['scan.pdf']
        mount.run('mv documents/.Trash-1000/files/scan.pdf documents/')
    assert not seen.changes
    assert api.only_document() == before
    mount.run('mv documents/scan.pdf documents/.Trash-1000/files/ && rm -r documents/.Trash-1000')
    assert api.documents() == []


def test_renaming_a_folder_into_one_or_out_of_it_is_another_file_system(mount, api, samples):
    mount.run(f'mkdir documents/@eaDir documents/real && cp {samples.pdf()} documents/@eaDir/')
    for old, new in (('@eaDir', 'out'), ('real', '.stversions')):
        with pytest.raises(OSError) as caught:
            os.rename(mount / 'documents' / old, mount / 'documents' / new)
        assert caught.value.errno == errno.EXDEV
    with mount.server.watch() as seen:
        os.rename(mount / 'documents/@eaDir', mount / 'documents/@Recycle')
        mount.run('mkdir documents/@Recycle/x && mv documents/@Recycle/x documents/@Recycle/y')
    assert not seen.changes
    with mount.server.watch() as seen:
        mount.run('mv documents/@Recycle documents/out')  # copies, and removes
    assert [r.verb for r in seen.changes] == ['POST']
    assert api.content('documents/' + api.only_document()['documentId']) == pdf(2000)
    assert sorted(os.listdir(mount / 'documents/out')) == ['scan.pdf', 'y']


@pytest.mark.options('scratch=old stuff:*.work')
def test_a_pattern_of_the_users_is_for_folders_too(mount, api, samples):
    scan = samples.pdf()
    with mount.server.watch() as seen:
        for folder in ('old stuff', 'a.work', 'real/b.work'):
            mount.run(f'mkdir -p documents/"$F" && cp {scan} documents/"$F"/', F=folder)
    assert not seen.changes
    mount.run(f'cp {scan} documents/real/ && mkdir documents/older && cp {scan} documents/older/')
    assert len(api.documents()) == 2
    mount.run('rm -r "documents/old stuff" documents/a.work documents/real/b.work')
    assert len(api.documents()) == 2


@pytest.mark.parametrize('folder', ['4913', 'sediment', 'XXLshirt', 'sedABC123'])
def test_a_persons_folder_is_none(mount, api, samples, folder):
    mount.run(f'mkdir documents/{folder} && cp {samples.pdf()} documents/{folder}/')
    assert len(api.documents()) == 1


def test_what_is_in_it_says_nothing_of_documents(mount, api, samples):
    """No ground truth, no defaults, no limit of the API: the files are no business of lasfs."""
    mount.run(f'mkdir documents/@eaDir && cp {samples.pdf()} documents/@eaDir/a.pdf')
    (mount / 'documents/@eaDir/a.pdf.json').write_text('no JSON')
    (mount / 'documents/@eaDir/.defaults.json').write_text('no JSON')
    (mount / 'documents/@eaDir/film.mp4').write_bytes(bytes(LARGEST + 1))
    assert api.documents() == []
    assert mount.errors() == ''
    mount.run('rm -r documents/@eaDir')


def test_a_ground_truth_is_taken_once_it_is_moved_out(mount, api, samples):
    mount.may_leave = True
    mount.run(f'cp {samples.pdf()} documents/a.pdf && mkdir documents/.~tmp~')
    (mount / 'documents/.~tmp~/a.pdf.json').write_text(json.dumps({'total': '12.50'}))
    with mount.server.watch() as seen:
        mount.run('mv documents/.~tmp~/a.pdf.json documents/')
    assert [r.verb for r in seen.changes] == ['PATCH']
    assert api.only_document()['groundTruth'] == [{'label': 'total', 'value': '12.50'}]


@pytest.mark.parametrize('folder', ['datasets/d/documents', 'documents/2026'])
def test_it_may_stand_in_any_folder_of_documents(mount, api, samples, folder):
    mount.run('mkdir -p datasets/d documents/2026')
    with mount.server.watch() as seen:
        mount.run(f'mkdir -p {folder}/.stversions/x && cp {samples.pdf()} {folder}/.stversions/x/')
    assert not seen.changes
    mount.run(f'rm -r {folder}/.stversions')
