"""The programs that one has, on documents: what they say, and what is on the server then."""
import hashlib
import os
import re

import pytest

from samples import jpeg, pdf, png, small_pdf, tiff


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def scans(samples):
    """A folder of five documents of four types, with times in the past."""
    data = {'a.pdf': pdf(3000, 1), 'b.pdf': pdf(90000, 2), 'c.jpg': jpeg(5000), 'd.png': png(6000),
            'e.tiff': tiff(7000)}
    for i, (name, content) in enumerate(data.items()):
        path = samples.write(name, content)
        os.utime(path, (1600000000 + i, 1600000000 + i))
    samples.data = data
    samples.hashes = sorted(sha256(d) for d in data.values())
    return samples


def test_cp(mount, api, scans):
    mount.run(f'cp {scans.folder}/* documents/')
    assert api.hashes() == scans.hashes
    assert sorted(os.listdir(mount / 'documents')) == sorted(scans.data)


def test_cp_out(mount, api, scans, tmp_path):
    mount.run(f'cp {scans.folder}/* documents/ && cp documents/* {tmp_path}/')
    for name, data in scans.data.items():
        assert (tmp_path / name).read_bytes() == data


def test_cp_a_keeps_mode_and_times(mount, api, scans):
    os.chmod(scans.folder / 'a.pdf', 0o640)
    with mount.server.watch() as seen:
        mount.run(f'cp -a {scans.folder}/a.pdf documents/')
    st = os.stat(mount / 'documents/a.pdf')
    assert st.st_mtime == 1600000000
    assert oct(st.st_mode & 0o777) == oct(0o640)
    assert len(seen.changes) == 1
    assert api.hashes() == [sha256(scans.data['a.pdf'])]


def test_cp_a_of_a_folder(mount, api, scans):
    mount.run(f'mkdir datasets/in && cp -a {scans.folder}/. datasets/in/documents/')
    assert api.hashes() == scans.hashes
    assert {d['datasetId'] for d in api.documents()} == {api.dataset_called('in')['datasetId']}


def test_cp_a_of_a_folder_out(mount, scans, tmp_path):
    mount.run(f'mkdir datasets/in && cp {scans.folder}/* datasets/in/documents/')
    mount.run(f'cp -a datasets/in/documents {tmp_path}/out')
    assert sorted(os.listdir(tmp_path / 'out')) == sorted(scans.data)
    for name, data in scans.data.items():
        assert (tmp_path / 'out' / name).read_bytes() == data


def test_cat(mount, api, scans):
    mount.run(f'cat {scans.folder}/a.pdf > documents/a.pdf')
    assert api.hashes() == [sha256(scans.data['a.pdf'])]
    ran = mount.run('cat documents/a.pdf | sha256sum')
    assert ran.out.split()[0] == sha256(scans.data['a.pdf'])


def test_dd_in_odd_blocks(mount, api, scans):
    mount.run(f'dd if={scans.folder}/b.pdf of=documents/b.pdf bs=777 status=none')
    assert api.hashes() == [sha256(scans.data['b.pdf'])]
    ran = mount.run('dd if=documents/b.pdf bs=1001 skip=3 status=none | sha256sum')
    assert ran.out.split()[0] == sha256(scans.data['b.pdf'][3003:])


def test_dd_with_fsync_uploads_once(mount, api, scans):
    with mount.server.watch() as seen:
        mount.run(f'dd if={scans.folder}/b.pdf of=documents/b.pdf bs=4096 conv=fsync status=none')
    assert len(seen.changes) == 1
    assert api.hashes() == [sha256(scans.data['b.pdf'])]


def test_dd_notrunc_changes_bytes_in_the_middle(mount, api, scans):
    mount.run(f'cp {scans.folder}/b.pdf documents/')
    mount.run('printf LASFS | dd of=documents/b.pdf bs=1 seek=50000 conv=notrunc status=none')
    data = scans.data['b.pdf']
    assert api.hashes() == [sha256(data[:50000] + b'LASFS' + data[50005:])]


def test_append(mount, api, scans):
    mount.run(f'cp {scans.folder}/a.pdf documents/ && printf "%%%%more" >> documents/a.pdf')
    assert api.hashes() == [sha256(scans.data['a.pdf'] + b'%%more')]


def test_tee_writes_two(mount, api, scans):
    mount.run(f'tee documents/1.pdf documents/2.pdf < {scans.folder}/a.pdf > /dev/null')
    assert api.hashes() == [sha256(scans.data['a.pdf'])] * 2


def test_install(mount, api, scans):
    mount.run(f'install -m 600 {scans.folder}/a.pdf documents/installed.pdf')
    assert api.hashes() == [sha256(scans.data['a.pdf'])]
    assert oct(os.stat(mount / 'documents/installed.pdf').st_mode & 0o777) == oct(0o600)


def test_mv_into_the_mount(mount, api, scans):
    mount.run(f'mv {scans.folder}/a.pdf documents/')
    assert not (scans.folder / 'a.pdf').exists()
    assert api.hashes() == [sha256(scans.data['a.pdf'])]


def test_mv_within_a_folder_is_a_name(mount, api, scans):
    mount.run(f'cp {scans.folder}/a.pdf documents/')
    old = api.only_document()
    with mount.server.watch() as seen:
        mount.run('mv documents/a.pdf documents/b.pdf')
    assert not seen.changes
    assert api.only_document() == old
    assert os.listdir(mount / 'documents') == ['b.pdf']
    assert (mount / 'documents/b.pdf').read_bytes() == scans.data['a.pdf']


def test_mv_over_another_deletes_that_one(mount, api, scans):
    mount.run(f'cp {scans.folder}/[ab].pdf documents/ && mv documents/a.pdf documents/b.pdf')
    assert api.hashes() == [sha256(scans.data['a.pdf'])]
    assert os.listdir(mount / 'documents') == ['b.pdf']


def test_mv_n_does_not_replace(mount, api, scans):
    mount.run(f'cp {scans.folder}/[ab].pdf documents/ && mv -n documents/a.pdf documents/b.pdf',
              status=None)
    assert len(api.documents()) == 2
    assert sorted(os.listdir(mount / 'documents')) == ['a.pdf', 'b.pdf']


def test_mv_into_a_dataset(mount, api, scans):
    mount.run(f'cp {scans.folder}/a.pdf documents/ && mkdir datasets/in')
    mount.run('mv documents/a.pdf datasets/in/documents/')
    document = api.only_document()
    assert document['datasetId'] == api.dataset_called('in')['datasetId']
    assert os.listdir(mount / 'datasets/in/documents') == ['a.pdf']
    assert (mount / 'datasets/in/documents/a.pdf').read_bytes() == scans.data['a.pdf']


def test_mv_out_of_the_mount_deletes_the_document(mount, api, scans, tmp_path):
    mount.run(f'cp {scans.folder}/a.pdf documents/ && mv documents/a.pdf {tmp_path}/out.pdf')
    assert (tmp_path / 'out.pdf').read_bytes() == scans.data['a.pdf']
    assert api.documents() == []


def test_rm(mount, api, scans):
    mount.run(f'cp {scans.folder}/* documents/ && rm documents/a.pdf documents/c.jpg')
    assert api.hashes() == sorted(sha256(scans.data[n]) for n in ('b.pdf', 'd.png', 'e.tiff'))


def test_rm_of_what_is_not_there(mount):
    ran = mount.run('rm documents/nothing.pdf', status=1)
    assert 'No such file or directory' in ran.err


def test_ls_l(mount, scans):
    mount.run(f'cp -p {scans.folder}/b.pdf documents/')
    line = mount.run('TZ=UTC ls -l --time-style=+%s documents').out.splitlines()[1]
    assert re.fullmatch(r'-rw\S+ 1 \S+ \S+ 90000 1600000001 b\.pdf', line), line


def test_ls_t_sorts_by_time(mount, scans):
    mount.run(f'cp -p {scans.folder}/* documents/')
    assert mount.run('ls -t documents').out.split() == sorted(scans.data, reverse=True)


def test_stat(mount, api, scans):
    mount.run(f'cp {scans.folder}/b.pdf documents/')
    ran = mount.run('stat -c "%F %s %h" documents/b.pdf')
    assert ran.out == 'regular file 90000 1\n'
    blocks = os.stat(mount / 'documents/b.pdf').st_blocks
    assert blocks == (90000 + 511) // 512
    document = api.only_document()['documentId']
    assert mount.run(f'stat -c "%F" ./documents/{document}').out == 'directory\n'


def test_du(mount, scans):
    mount.run(f'cp {scans.folder}/b.pdf documents/')
    assert mount.run('du --apparent-size -b documents/b.pdf').out.split()[0] == '90000'


def test_find(mount, api, scans):
    mount.run(f'mkdir datasets/in && cp {scans.folder}/* datasets/in/documents/')
    ran = mount.run('find datasets/in/documents -type f -name "*.pdf" | sort')
    assert ran.out.split() == ['datasets/in/documents/a.pdf', 'datasets/in/documents/b.pdf']
    ran = mount.run('find datasets/in/documents -size +50k')
    assert ran.out.split() == ['datasets/in/documents/b.pdf']


def test_find_delete(mount, api, scans):
    mount.run(f'mkdir datasets/in && cp {scans.folder}/* datasets/in/documents/')
    mount.run('find datasets/in/documents -name "*.pdf" -delete')
    assert api.hashes() == sorted(sha256(scans.data[n]) for n in ('c.jpg', 'd.png', 'e.tiff'))


def test_touch_sets_the_time_and_sends_nothing(mount, api, scans):
    mount.run(f'cp {scans.folder}/a.pdf documents/')
    with mount.server.watch() as seen:
        mount.run('touch -d @1500000000 documents/a.pdf')
    assert os.stat(mount / 'documents/a.pdf').st_mtime == 1500000000
    assert not seen.changes


def test_sed_i_replaces_the_document_by_one_with_the_new_bytes(mount, api, samples):
    data = pdf(5000)
    assert b'(lasfs 0)' in data
    samples.write('a.pdf', data)
    mount.run(f'cp {samples.folder}/a.pdf documents/')
    old = api.only_document()['documentId']
    with mount.server.watch() as seen:
        mount.run("LC_ALL=C sed -i 's/(lasfs 0)/(lasfs 9)/' documents/a.pdf")
    assert [r.verb for r in seen.changes] == ['POST', 'DELETE']
    assert api.only_document()['documentId'] != old
    assert api.hashes() == [sha256(data.replace(b'(lasfs 0)', b'(lasfs 9)'))]
    assert os.listdir(mount / 'documents') == ['a.pdf']


def test_tar_x(mount, api, scans, tmp_path):
    mount.run(f'tar cf {tmp_path}/scans.tar -C {scans.folder} .')
    mount.run(f'tar xf {tmp_path}/scans.tar -C documents')
    assert api.hashes() == scans.hashes
    assert os.stat(mount / 'documents/c.jpg').st_mtime == 1600000002


def test_tar_c(mount, api, scans, tmp_path):
    mount.run(f'mkdir datasets/in && cp -p {scans.folder}/* datasets/in/documents/')
    mount.run(f'tar cf {tmp_path}/out.tar -C datasets/in/documents .')
    (tmp_path / 'out').mkdir()
    mount.run(f'tar xf {tmp_path}/out.tar -C {tmp_path}/out')
    for name, data in scans.data.items():
        assert (tmp_path / 'out' / name).read_bytes() == data
        assert os.stat(tmp_path / 'out' / name).st_mtime == os.stat(scans.folder / name).st_mtime


# --- rsync -----------------------------------------------------------------------------------------

def test_rsync_a(mount, api, scans):
    mount.run(f'mkdir datasets/in && rsync -a {scans.folder}/ datasets/in/documents/')
    assert api.hashes() == scans.hashes
    for name in scans.data:
        assert os.stat(mount / 'datasets/in/documents' / name).st_mtime == \
            os.stat(scans.folder / name).st_mtime


def test_rsync_a_twice_sends_nothing_the_second_time(mount, api, scans):
    mount.run(f'mkdir datasets/in && rsync -a {scans.folder}/ datasets/in/documents/')
    before = api.documents()
    with mount.server.watch() as seen:
        ran = mount.run(f'rsync -ai {scans.folder}/ datasets/in/documents/')
    assert not seen.changes
    assert '>f' not in ran.out
    assert api.documents() == before


def test_rsync_a_after_a_remount_sends_nothing(mount, api, scans):
    mount.run(f'mkdir datasets/in && rsync -a {scans.folder}/ datasets/in/documents/')
    mount.remount(cold=True)
    with mount.server.watch() as seen:
        mount.run(f'rsync -a {scans.folder}/ datasets/in/documents/')
    assert not seen.changes
    assert not seen.count('GET', '/documents/.*')


def test_rsync_a_sends_what_has_changed(mount, api, scans):
    mount.run(f'mkdir datasets/in && rsync -a {scans.folder}/ datasets/in/documents/')
    scans.write('a.pdf', pdf(4000, 9))
    with mount.server.watch() as seen:
        mount.run(f'rsync -a {scans.folder}/ datasets/in/documents/')
    assert [r.verb for r in seen.changes] == ['POST', 'DELETE']
    assert sha256(pdf(4000, 9)) in api.hashes() and len(api.documents()) == 5


def test_rsync_delete_deletes_exactly_what_is_gone(mount, api, scans):
    elsewhere = api.add_document(pdf(2222, 7))
    mount.run(f'mkdir datasets/in && rsync -a {scans.folder}/ datasets/in/documents/')
    os.unlink(scans.folder / 'b.pdf')
    os.unlink(scans.folder / 'd.png')
    with mount.server.watch() as seen:
        mount.run(f'rsync -a --delete {scans.folder}/ datasets/in/documents/')
    assert [r.verb for r in seen.changes] == ['DELETE'] * 2
    rest = [scans.data[n] for n in ('a.pdf', 'c.jpg', 'e.tiff')] + [pdf(2222, 7)]
    assert api.hashes() == sorted(sha256(d) for d in rest)
    assert api.exists('documents/' + elsewhere)


def test_rsync_a_out(mount, scans, tmp_path):
    mount.run(f'mkdir datasets/in && rsync -a {scans.folder}/ datasets/in/documents/')
    mount.run(f'rsync -a datasets/in/documents/ {tmp_path}/out/')
    for name, data in scans.data.items():
        assert (tmp_path / 'out' / name).read_bytes() == data


def test_rsync_of_hundred_files_is_hundred_documents(mount, api, samples):
    for i in range(100):
        samples.write(f'{i}.pdf', small_pdf(i))
    with mount.server.watch() as seen:
        mount.run(f'mkdir datasets/in && rsync -a {samples.folder}/ datasets/in/documents/')
    assert seen.count('POST', '/documents') == 100
    assert not seen.count('DELETE')
    assert api.hashes() == sorted(sha256(small_pdf(i)) for i in range(100))
