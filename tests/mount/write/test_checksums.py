""".sha256sums and .files.tsv prove a delivery: what the server has, and nothing else."""
import hashlib
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


@pytest.mark.options('xattr')
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
    for name in ('.sha256sums', '.files.tsv'):
        assert os.path.exists(mount / 'documents' / name)
        assert not os.path.exists(mount / 'assets' / name)
        assert not os.path.exists(mount / 'datasets' / name)


# --- Sidecars ------------------------------------------------------------------------------------

@pytest.fixture
def labelled(scans):
    for name in ('a.pdf.json', 'sub/c.json', 'two words.pdf.json'):
        (scans / name).write_text('{"total": "12.50"}')
    return scans


@pytest.mark.parametrize('again', [False, True], ids=['at once', 'after a remount'])
def test_sidecars_that_arrived_are_in_it(mount, api, labelled, again):
    mount.may_leave = True
    mount.run(f'rsync -a {labelled}/ documents/')
    assert len([d for d in api.documents() if d.get('groundTruth')]) == 3
    if again:
        mount.remount()
    ran = check(mount, labelled)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count(': OK') == 10 and 'sub/c.json: OK' in ran.stdout


def test_a_sidecar_that_has_changed_here_is_told(mount, labelled):
    mount.may_leave = True
    mount.run(f'rsync -a {labelled}/ documents/')
    (labelled / 'a.pdf.json').write_text('{"total": "99"}')
    ran = check(mount, labelled)
    assert ran.returncode == 1 and 'a.pdf.json: FAILED' in ran.stdout


def test_a_sidecar_that_waits_or_whose_document_is_gone_is_not_in_it(mount, api, labelled):
    mount.may_leave = True
    mount.run(f'cp {labelled}/a.pdf {labelled}/a.pdf.json documents/; '
              f'cp {labelled}/a.pdf.json documents/other.pdf.json; echo "{{}}" > documents/x.json')
    def names():
        return [line.split('  ')[1] for line in
                (mount / 'documents/.sha256sums').read_text().splitlines()]
    assert names() == ['a.pdf', 'a.pdf.json']
    mount.run('mv documents/a.pdf.json documents/b.pdf.json')
    assert names() == ['a.pdf']
    mount.run('mv documents/b.pdf.json documents/a.pdf.json')
    assert names() == ['a.pdf', 'a.pdf.json']
    mount.refresh()
    api.delete('documents/' + api.only_document()['documentId'])
    assert names() == []


# --- .files.tsv ----------------------------------------------------------------------------------

def rows(mount, folder='documents'):
    text = (mount / folder / '.files.tsv').read_text()
    assert text == '' or text.endswith('\n')
    return [line.split('\t') for line in text.split('\n')[:-1]]


def test_a_row_has_path_id_size_sum_and_mtime(mount, api, scans):
    os.mkdir(mount / 'datasets/in')
    os.utime(scans / 'a.pdf', ns=(0, 1_600_000_000_000_000_007))
    mount.run(f'rsync -a {scans}/ datasets/in/documents/')
    listed = rows(mount, 'datasets/in/documents')
    assert [row[0] for row in listed] == ['a.pdf', 'back\\\\slash.pdf', 'line\\nbreak.pdf',
                                          'sub/c.pdf', 'sub/deep/d.pdf', 'two words.pdf', 'ü.pdf']
    assert {row[1] for row in listed} == {d['documentId'] for d in api.documents()}
    for path, document, size, digest, mtime in listed:
        data = api.content('documents/' + document)
        assert (int(size), digest) == (len(data), hashlib.sha256(data).hexdigest())
        name = path.replace('\\n', '\n').replace('\\\\', '\\')
        assert data == (scans / name).read_bytes()
        assert mtime == mount.run(f"stat -c %.9Y '{scans}/{name}'").out.strip()
    assert listed[0][4] == '1600000000.000000007'
    assert [row[0] for row in rows(mount, 'datasets/in/documents/sub')] == ['c.pdf', 'deep/d.pdf']
    assert '.files.tsv' not in mount.run('find datasets/in/documents').out


def test_names_that_no_line_can_hold_come_back_through_printf(mount, tmp_path):
    scans = tmp_path / 'odd'
    scans.mkdir()
    names = ['tab\there.pdf', 'line\nbreak.pdf', 'back\\slash.pdf', 'bell\a.pdf', 'x\x7f.pdf',
             'carriage\r.pdf', '-n.pdf', ' blank .pdf']
    for i, name in enumerate(names):
        (scans / name).write_bytes(pdf(2000, seed=i))
    mount.run(f'cp {scans}/* documents/')
    assert all(len(row) == 5 for row in rows(mount))
    text = (mount / 'documents/.files.tsv').read_text()
    assert '\\t' in text and '\\x07' in text and '\\x7f' in text and '\\x0d' in text
    script = """n=0
while IFS=$'\\t' read -r path id size sum mtime; do
    printf -v name %b "$path"
    [[ $(sha256sum < "$0/$name") == "$sum  -" && $id == las:document:* ]] && n=$((n + 1))
done
echo $n"""
    ran = subprocess.run(['bash', '-c', script, scans], input=text, capture_output=True,
                         text=True, check=True)
    assert ran.stdout == f'{len(names)}\n', ran


def test_sidecars_have_no_row_and_what_others_delete_has_none_more(mount, api, labelled):
    mount.may_leave = True
    mount.run(f'cp {labelled}/a.pdf {labelled}/a.pdf.json documents/; touch documents/e.pdf')
    assert [row[0] for row in rows(mount)] == ['a.pdf']
    mount.remount()
    assert [row[0] for row in rows(mount)] == ['a.pdf']
    mount.refresh()
    api.delete('documents/' + api.only_document()['documentId'])
    assert rows(mount) == []
