"""Names, moves and subfolders: what a rename is, where it cannot be, and what mv does then."""
import errno
import os
import stat

import pytest

from mounted import eventually
from samples import pdf, small_pdf


def verbs(seen):
    return [r.verb for r in seen.changes]


def only(api):
    return api.content('documents/' + api.only_document()['documentId'])


def errno_of(call, *arguments):
    with pytest.raises(OSError) as refused:
        call(*arguments)
    return refused.value.errno


@pytest.fixture
def tree(samples):
    """Three levels with documents and times and modes of their own."""
    data = {'a.pdf': 1, 'one/b.pdf': 2, 'one/two/c.pdf': 3, 'one/two/three/d.pdf': 4}
    samples.folder = samples.folder / 'tree'
    for name, seed in data.items():
        samples.write(name, pdf(3000, seed))
    for i, name in enumerate(['one/two/three', 'one/two', 'one', '.']):
        os.chmod(samples.folder / name, (0o700, 0o750, 0o755, 0o711)[i])
        os.utime(samples.folder / name, (1500000000 + i, 1500000000 + i))
    samples.names = sorted(data)
    return samples


def files_below(path):
    return sorted(os.path.relpath(os.path.join(folder, name), path)
                  for folder, _, names in os.walk(path) for name in names)


# --- Subfolders ------------------------------------------------------------------------------------

@pytest.mark.parametrize('remount', [False, True])
def test_rsync_a_of_a_tree_twice_sends_nothing_the_second_time(mount, api, tree, remount):
    with mount.server.watch() as seen:
        mount.run(f'rsync -a {tree.folder}/ documents/')
    assert verbs(seen) == ['POST'] * 4
    if remount:
        mount.remount(cold=True)
    with mount.server.watch() as seen:
        ran = mount.run(f'rsync -ai --omit-dir-times {tree.folder}/one documents/ && '
                        f'rsync -ai {tree.folder}/one documents/')
    assert not seen.changes
    assert ran.out == ''
    assert files_below(mount / 'documents') == tree.names


@pytest.mark.parametrize('option', ['--overwrite', '--skip-old-files', '--keep-newer-files'])
def test_tar_x_of_a_tree_twice_sends_nothing_the_second_time(mount, api, tree, tmp_path, option):
    mount.run(f'tar cf {tmp_path}/tree.tar -C {tree.folder} . && '
              f'tar xf {tmp_path}/tree.tar -C documents')
    before = sorted(d['documentId'] for d in api.documents())
    with mount.server.watch() as seen:
        mount.run(f'tar xf {tmp_path}/tree.tar -C documents {option}')
    assert not seen.changes
    assert sorted(d['documentId'] for d in api.documents()) == before and len(before) == 4


def test_tar_x_over_what_is_there_replaces_each_once(mount, api, tree, tmp_path):
    """tar unlinks a file before it makes it again."""
    mount.run(f'tar cf {tmp_path}/tree.tar -C {tree.folder} . && '
              f'tar xf {tmp_path}/tree.tar -C documents && '
              f'tar xf {tmp_path}/tree.tar -C documents')
    assert len(api.documents()) == 4
    assert files_below(mount / 'documents') == tree.names


@pytest.mark.parametrize('tool', ['cp -a {0}/one documents/', 'cp -r --preserve=all {0}/one documents/',
                                  'rsync -aHAX {0}/one documents/',
                                  'tar c --xattrs -S -C {0} one | tar x --xattrs -p -C documents'])
def test_subfolders_keep_mode_and_times_over_a_remount(mount, api, tree, tool):
    mount.run(tool.format(tree.folder))
    for _ in range(2):
        for name in ('one', 'one/two', 'one/two/three', 'one/two/c.pdf'):
            there, here = os.stat(tree.folder / name), os.stat(mount / 'documents' / name)
            assert (here.st_mtime, stat.S_IMODE(here.st_mode)) == \
                (there.st_mtime, stat.S_IMODE(there.st_mode)), name
        mount.remount()


def test_a_subfolder_in_which_something_is_made_has_a_new_time(mount):
    os.mkdir(mount / 'documents/s')
    os.utime(mount / 'documents/s', (1500000000, 1500000000))
    assert os.stat(mount / 'documents/s').st_mtime == 1500000000
    (mount / 'documents/s/x.pdf').write_bytes(small_pdf(1))
    eventually(lambda: os.stat(mount / 'documents/s').st_mtime > 1500000000, 2)


def test_a_tree_comes_back_as_it_was(mount, tree, tmp_path):
    mount.run(f'rsync -a {tree.folder}/one documents/ && rsync -a documents/one {tmp_path}/ && '
              f'diff -r {tree.folder}/one {tmp_path}/one')


def test_a_subfolder_is_renamed_with_all_that_is_in_it(mount, api, tree):
    mount.run(f'cp -a {tree.folder}/one documents/')
    with mount.server.watch() as seen:
        mount.run('mv documents/one documents/uno && mv documents/uno/two documents/uno/due')
    assert not seen.changes
    for _ in range(2):
        assert files_below(mount / 'documents') == ['uno/b.pdf', 'uno/due/c.pdf',
                                                    'uno/due/three/d.pdf']
        assert (mount / 'documents/uno/due/c.pdf').read_bytes() == pdf(3000, 3)
        mount.remount()


def test_a_subfolder_is_moved_to_another_folder_by_copy_and_delete(mount, api, tree):
    mount.run(f'cp -a {tree.folder}/one documents/ && mkdir datasets/d')
    assert errno_of(os.rename, mount / 'documents/one', mount / 'datasets/d/documents/one') == \
        errno.EXDEV
    mount.run('mv documents/one datasets/d/documents/')
    assert not any(os.path.isfile(mount / 'documents' / n) for n in os.listdir(mount / 'documents'))
    assert files_below(mount / 'datasets/d/documents') == ['one/b.pdf', 'one/two/c.pdf',
                                                           'one/two/three/d.pdf']
    dataset = api.dataset_called('d')['datasetId']
    assert [d['datasetId'] for d in api.documents()] == [dataset] * 3


def test_rm_r_of_a_subfolder_deletes_its_documents(mount, api, tree):
    mount.run(f'cp -a {tree.folder}/. documents/ && rm -r documents/one')
    assert files_below(mount / 'documents') == ['a.pdf']
    assert only(api) == pdf(3000, 1)


def test_a_subfolder_that_is_not_empty_cannot_be_removed(mount, api, tree):
    mount.run(f'cp -a {tree.folder}/one documents/')
    assert errno_of(os.rmdir, mount / 'documents/one') == errno.ENOTEMPTY
    os.mkdir(mount / 'documents/empty')
    os.rmdir(mount / 'documents/empty')
    assert errno_of(os.rmdir, mount / 'documents/empty') == errno.ENOENT


def test_a_rename_over_an_empty_subfolder_replaces_it(mount, api, tree):
    mount.run(f'cp -a {tree.folder}/one documents/ && mkdir documents/empty documents/full && '
              'cp -a documents/one/b.pdf documents/full/')
    os.rename(mount / 'documents/one', mount / 'documents/empty')
    assert errno_of(os.rename, mount / 'documents/empty', mount / 'documents/full') == \
        errno.ENOTEMPTY
    assert files_below(mount / 'documents/empty') == ['b.pdf', 'two/c.pdf', 'two/three/d.pdf']
    assert sorted(os.listdir(mount / 'documents')) == ['empty', 'full']
    mount.remount()
    assert files_below(mount / 'documents/empty') == ['b.pdf', 'two/c.pdf', 'two/three/d.pdf']


def test_a_subfolder_cannot_be_moved_into_itself(mount):
    os.makedirs(mount / 'documents/a/b')
    assert errno_of(os.rename, mount / 'documents/a', mount / 'documents/a/b/c') == errno.EINVAL


# --- Files -----------------------------------------------------------------------------------------

@pytest.fixture
def placed(mount, api):
    """documents/x.pdf, and two datasets."""
    mount.run('mkdir datasets/d datasets/e documents/s')
    (mount / 'documents/x.pdf').write_bytes(pdf(3000, 1))
    return mount


@pytest.mark.parametrize('to', ['documents/y.pdf', 'documents/s/x.pdf'])
def test_a_move_within_a_collection_is_a_name(placed, api, to):
    before = api.documents()
    with placed.server.watch() as seen:
        os.rename(placed / 'documents/x.pdf', placed / to)
    assert not seen.changes
    assert api.documents() == before
    placed.remount()
    assert (placed / to).read_bytes() == pdf(3000, 1)


def test_a_move_into_a_dataset_is_one_patch(placed, api):
    with placed.server.watch() as seen:
        os.rename(placed / 'documents/x.pdf', placed / 'datasets/d/documents/x.pdf')
        os.rename(placed / 'datasets/d/documents/x.pdf', placed / 'datasets/e/documents/z.pdf')
    assert verbs(seen) == ['PATCH', 'PATCH']
    assert api.only_document()['datasetId'] == api.dataset_called('e')['datasetId']
    assert os.listdir(placed / 'datasets/e/documents') == ['z.pdf']
    assert os.listdir(placed / 'datasets/d/documents') == []


def test_a_move_into_a_dataset_over_a_file_replaces_it(placed, api):
    (placed / 'datasets/d/documents/x.pdf').write_bytes(pdf(3000, 2))
    with placed.server.watch() as seen:
        os.rename(placed / 'documents/x.pdf', placed / 'datasets/d/documents/x.pdf')
    assert verbs(seen) == ['PATCH', 'DELETE']
    assert only(api) == pdf(3000, 1)


CONSENT = 'las:consent:' + '0123456789abcdef' * 2


@pytest.mark.parametrize('to', [f'consents/{CONSENT}/documents/x.pdf', 'assets/x.pdf'])
def test_where_a_rename_cannot_be_mv_copies_and_deletes(placed, api, to):
    assert errno_of(os.rename, placed / 'documents/x.pdf', placed / to) == errno.EXDEV
    with placed.server.watch() as seen:
        placed.run(f'mv documents/x.pdf ./{to}')
    assert verbs(seen) == ['POST', 'DELETE']
    assert (placed / to).read_bytes() == pdf(3000, 1)
    assert 'x.pdf' not in os.listdir(placed / 'documents')
    if to.startswith('assets'):
        assert api.documents() == []
    else:
        assert api.only_document()['consentId'] == CONSENT


@pytest.mark.parametrize('old,new,expected', [
    ('datasets/d', 'documents/d', {errno.EPERM}), ('datasets/d', 'datasets/e', {errno.ENOTEMPTY}),
    ('datasets', 'd', {errno.EPERM}), ('documents/x.pdf', 'datasets/d', {errno.EISDIR}),
    ('documents/s', 'documents/x.pdf', {errno.ENOTDIR}),
    ('documents/x.pdf', 'x.pdf', {errno.EPERM}), ('README', 'documents/README', {errno.EPERM}),
    ('datasets/d/name', 'datasets/d/other', {errno.EPERM}),
    ('datasets/d/resource.json', 'documents/r.json', {errno.EPERM}),
    ('documents/nothing', 'documents/y', {errno.ENOENT}),
    ('documents/x.pdf', 'datasets/d/name', {errno.EXDEV}),
])
def test_what_cannot_be_renamed_says_so(placed, api, old, new, expected):
    placed.allow('not permitted', 'cannot be', 'what is called so stays')
    before = api.documents()
    with placed.server.watch() as seen:
        assert errno_of(os.rename, placed / old, placed / new) in expected
    assert not seen.changes
    assert api.documents() == before


def test_two_names_are_exchanged_by_three_renames(placed, api):
    (placed / 'documents/y.pdf').write_bytes(pdf(3000, 2))
    before = sorted(d['documentId'] for d in api.documents())
    with placed.server.watch() as seen:
        placed.run('cd documents; mv x.pdf .x.tmp; mv y.pdf x.pdf; mv .x.tmp y.pdf')
    assert not seen.changes
    assert sorted(d['documentId'] for d in api.documents()) == before
    assert (placed / 'documents/x.pdf').read_bytes() == pdf(3000, 2)
    assert (placed / 'documents/y.pdf').read_bytes() == pdf(3000, 1)


# --- ro, nodelete, other ---------------------------------------------------------------------------

CHANGES = {
    'create': 'echo x > documents/new.pdf', 'overwrite': 'echo x > documents/x.pdf',
    'append': 'echo x >> documents/x.pdf', 'truncate': 'truncate -s 5 documents/x.pdf',
    'rm': 'rm documents/x.pdf', 'mv': 'mv documents/x.pdf documents/y.pdf',
    'mkdir': 'mkdir datasets/new', 'rmdir': 'rmdir datasets/d', 'mkdir subfolder':
    'mkdir documents/new', 'rmdir subfolder': 'rmdir documents/s', 'rename': 'mv datasets/d datasets/f',
    'field': 'echo x > datasets/d/description', 'whole': 'echo {} > datasets/d/resource.json',
    'scratch': 'echo x > documents/x.tmp', 'move': 'mv documents/x.pdf datasets/d/documents/',
}


@pytest.fixture
def read_only(placed, lasfs):
    placed.unmount()
    again = lasfs('ro', start=False)
    again.state = placed.state
    again.allow('read-only', 'Read-only')
    return again.start()


@pytest.mark.parametrize('change', CHANGES)
def test_with_ro_each_change_is_erofs(read_only, api, change):
    before = api.documents(), api.list('datasets')
    with read_only.server.watch() as seen:
        ran = read_only.run(CHANGES[change], status=1)
    assert 'Read-only file system' in ran.err
    assert not seen.changes
    assert (api.documents(), api.list('datasets')) == before
    assert sorted(os.listdir(read_only / 'documents')) == ['s', 'x.pdf']


def test_with_ro_everything_can_be_read_and_refreshed(read_only, api):
    assert (read_only / 'documents/x.pdf').read_bytes() == pdf(3000, 1)
    read_only.run('touch .lasfs/refresh; cat .lasfs/status datasets/d/resource.json > /dev/null')


@pytest.fixture
def keeping(placed, lasfs):
    placed.unmount()
    again = lasfs('nodelete', start=False)
    again.state = placed.state
    again.allow('nodelete', 'not permitted')
    return again.start()


@pytest.mark.parametrize('change', ['rm documents/x.pdf', 'rmdir datasets/d', 'rm -r datasets/d',
                                    'find documents -type f -delete'])
def test_with_nodelete_each_delete_is_eperm(keeping, api, change):
    with keeping.server.watch() as seen:
        ran = keeping.run(change, status=1)
    assert 'Operation not permitted' in ran.err
    assert not seen.count('DELETE')
    assert only(api) == pdf(3000, 1) and len(api.list('datasets')) == 2


def test_with_nodelete_an_overwritten_document_stays_under_its_id(keeping, api):
    old = api.only_document()['documentId']
    (keeping / 'documents/x.pdf').write_bytes(pdf(3000, 5))
    assert sorted(os.listdir(keeping / 'documents')) == sorted([old, 's', 'x.pdf'])
    assert (keeping / 'documents' / old / 'content').read_bytes() == pdf(3000, 1)
    assert (keeping / 'documents/x.pdf').read_bytes() == pdf(3000, 5)


def test_with_nodelete_a_move_onto_a_document_keeps_it_too(keeping, api):
    (keeping / 'documents/y.part').write_bytes(pdf(3000, 5))
    with keeping.server.watch() as seen:
        os.rename(keeping / 'documents/y.part', keeping / 'documents/x.pdf')
    assert verbs(seen) == ['POST']
    assert len(api.documents()) == 2


@pytest.mark.options('other=local')
def test_with_other_local_a_file_becomes_a_document_when_its_bytes_do(mount, api):
    mount.run('echo letter > documents/x.pdf; echo more >> documents/x.pdf')
    assert api.documents() == []
    mount.run('echo "%PDF-1.4 now" > documents/x.pdf')
    assert only(api) == b'%PDF-1.4 now\n'
