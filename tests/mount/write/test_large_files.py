"""One file that is too large for the API stops nothing but itself."""
import errno
import os
import shutil

import pytest

from samples import LARGEST, pdf

LARGE = pdf(LARGEST + 300000, 9)


@pytest.fixture
def mixed(mount, samples):
    """A folder of good files and one of 5 MB, in subfolders too."""
    mount.allow('File too large', 'more than the .* bytes')
    mount.may_leave = True
    for i in range(4):
        samples.pdf(f'{i}.pdf', seed=i)
        samples.pdf(f'sub/{i}.pdf', seed=10 + i)
    samples.write('2large.pdf', LARGE)
    samples.write('sub/2large.pdf', LARGE)
    return samples


def stored(api):
    return sorted(api.content('documents/' + d['documentId']) for d in api.documents())


GOOD = sorted(pdf(2000, seed) for seed in (0, 1, 2, 3, 10, 11, 12, 13))


def test_rsync_brings_everything_else_and_says_which_was_too_large(mount, api, mixed):
    ran = mount.run(f'rsync -a {mixed.folder}/ documents/', status=23)
    assert 'File too large' in ran.err
    assert stored(api) == GOOD
    lines = [line for line in mount.errors().splitlines() if 'File too large' in line]
    assert len(lines) == 2 and '/documents/2large.pdf: File too large' in lines[0]
    assert 'more than the 4687500 bytes that the API takes' in lines[0]
    assert [n for n in os.listdir(mount / 'documents') if 'large' in n] == ['2large.pdf.error.txt']


def test_a_second_rsync_says_the_same_and_sends_nothing(mount, api, mixed):
    mount.run(f'rsync -a {mixed.folder}/ documents/', status=23)
    with mount.server.watch() as seen:
        ran = mount.run(f'rsync -a {mixed.folder}/ documents/', status=23)
    assert 'File too large' in ran.err
    assert not seen.changes


def test_once_it_is_smaller_the_same_command_is_all_right(mount, api, mixed):
    mount.run(f'rsync -a {mixed.folder}/ documents/', status=23)
    for folder in ('', 'sub/'):
        mixed.write(folder + '2large.pdf', pdf(3000, 5 + len(folder)))
    mount.run(f'rsync -a {mixed.folder}/ documents/')
    assert stored(api) == sorted([*GOOD, pdf(3000, 5), pdf(3000, 9)])


@pytest.mark.parametrize('command', ['cp -r', 'cp -a'])
def test_cp_r_brings_everything_else(mount, api, mixed, command):
    ran = mount.run(f'{command} {mixed.folder}/. documents/', status=1)
    assert ran.err.count('File too large') >= 2
    assert stored(api) == GOOD


def test_a_temporary_name_takes_what_the_disk_takes(mount, api):
    mount.allow('File too large')
    mount.may_leave = True
    with mount.server.watch() as seen:
        (mount / 'documents/x.pdf.part').write_bytes(LARGE)
        assert (mount / 'documents/x.pdf.part').read_bytes() == LARGE
        with pytest.raises(OSError) as caught:
            os.rename(mount / 'documents/x.pdf.part', mount / 'documents/x.pdf')
    assert caught.value.errno == errno.EFBIG
    assert not seen.changes
    assert sorted(os.listdir(mount / 'documents')) == ['x.pdf.error.txt', 'x.pdf.part']
    os.truncate(mount / 'documents/x.pdf.part', 0)
    with open(mount / 'documents/x.pdf.part', 'wb') as f:
        f.write(pdf(2000, 1))
    os.rename(mount / 'documents/x.pdf.part', mount / 'documents/x.pdf')
    assert stored(api) == [pdf(2000, 1)] and os.listdir(mount / 'documents') == ['x.pdf']


def test_a_real_name_is_refused_at_write(mount, api):
    mount.allow('File too large', 'not complete')
    mount.may_leave = True
    with pytest.raises(OSError) as caught:
        with open(mount / 'documents/x.pdf', 'wb', buffering=0) as f:
            f.write(LARGE[:4600000])
            f.write(LARGE[4600000:])
    assert caught.value.errno == errno.EFBIG
    assert api.documents() == [] and os.listdir(mount / 'documents') == ['x.pdf.error.txt']


def test_an_asset_too_large_is_refused_by_its_rename_over_another(mount, api):
    mount.allow('File too large')
    mount.may_leave = True
    (mount / 'assets/logo').write_bytes(b'small')
    (mount / 'assets/.logo.AbCdEf').write_bytes(bytes(LARGEST + 1))
    with mount.server.watch() as seen:
        with pytest.raises(OSError) as caught:
            os.rename(mount / 'assets/.logo.AbCdEf', mount / 'assets/logo')
    assert caught.value.errno == errno.EFBIG and not seen.changes
    os.unlink(mount / 'assets/.logo.AbCdEf')
    assert (mount / 'assets/logo').read_bytes() == b'small'


def test_a_full_folder_is_moved_in_whole_but_for_it(mount, api, mixed):
    tree = mixed.folder.parent / 'copy'
    shutil.copytree(mixed.folder, tree)
    mount.run(f'mv {tree}/* documents/', status=1)
    assert stored(api) == GOOD
    # of a folder mv removes nothing unless all of it arrived
    assert sorted(p.name for p in tree.iterdir()) == ['2large.pdf', 'sub']
