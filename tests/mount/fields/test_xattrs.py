"""Extended attributes: fields to read, and a file's own to keep."""
import errno
import os

import pytest

from samples import pdf

pytestmark = pytest.mark.options('xattr')


def fails(code, what, *arguments, **more):
    with pytest.raises(OSError) as caught:
        what(*arguments, **more)
    assert caught.value.errno == code, caught.value


@pytest.fixture
def scan(mount, samples):
    mount.run(f'mkdir datasets/in && cp {samples.pdf()} datasets/in/documents/')
    return mount / 'datasets/in/documents/scan.pdf'


def test_a_dropped_files_fields_are_there_and_cost_no_request(mount, scan, api):
    document = api.only_document()
    with mount.server.watch() as seen:
        for field in ('documentId', 'datasetId', 'contentType', 'createdBy'):
            assert os.getxattr(scan, f'user.las.{field}').decode() == document[field]
        assert os.getxattr(scan, 'user.las.retentionInDays') == b'1825'
    assert not seen.all
    assert mount.run('getfattr --only-values -n user.las.documentId datasets/in/documents/scan.pdf'
                     ).out == document['documentId']


def test_a_directorys_fields_are_there(mount, api):
    dataset = api.add_dataset('in')
    assert os.getxattr(mount / 'datasets' / dataset, 'user.las.name') == b'in'
    fails(errno.ENODATA, os.getxattr, mount / 'datasets' / dataset, 'user.las.nothing')


def test_they_are_not_listed_so_that_copies_do_not_carry_them(mount, scan, tmp_path):
    assert os.listxattr(scan) == []
    mount.run(f'rsync -aX datasets/in/documents/ {tmp_path}/copy/')
    assert os.listxattr(tmp_path / 'copy/scan.pdf') == []


def test_they_cannot_be_written(mount, scan):
    mount.allow('is a field')
    fails(errno.EPERM, os.setxattr, scan, 'user.las.datasetId', b'x')


def test_a_files_own_attributes_are_kept_over_a_remount_and_a_rename(mount, scan, api):
    binary = bytes(range(256))
    os.setxattr(scan, 'user.origin', b'https://example.com/?a=b\nc')
    os.setxattr(scan, 'user.binary', binary)
    os.rename(scan, scan.parent / 'other.pdf')
    mount.remount()
    other = scan.parent / 'other.pdf'
    assert sorted(os.listxattr(other)) == ['user.binary', 'user.origin']
    assert os.getxattr(other, 'user.binary') == binary
    assert os.getxattr(other, 'user.origin') == b'https://example.com/?a=b\nc'
    os.removexattr(other, 'user.binary')
    assert os.listxattr(other) == ['user.origin']
    assert len(api.documents()) == 1


def test_create_replace_and_missing_have_their_errors(mount, scan):
    mount.allow('shorter ones')
    fails(errno.ENODATA, os.getxattr, scan, 'user.a')
    fails(errno.ENODATA, os.removexattr, scan, 'user.a')
    fails(errno.ENODATA, os.setxattr, scan, 'user.a', b'x', os.XATTR_REPLACE)
    os.setxattr(scan, 'user.a', b'', os.XATTR_CREATE)
    fails(errno.EEXIST, os.setxattr, scan, 'user.a', b'x', os.XATTR_CREATE)
    os.setxattr(scan, 'user.a', b'y', os.XATTR_REPLACE)
    assert os.getxattr(scan, 'user.a') == b'y'
    fails(errno.ENOSPC, os.setxattr, scan, 'user.b', b'x' * 5000)
    assert os.listxattr(scan) == ['user.a']


def test_other_namespaces_and_other_files_keep_none(mount, scan):
    for name in ('security.selinux', 'trusted.x'):
        fails(errno.EOPNOTSUPP, os.setxattr, scan, name, b'x')
        fails(errno.ENODATA, os.getxattr, scan, name)
    fails(errno.EOPNOTSUPP, os.setxattr, mount / 'datasets/in/name', 'user.a', b'x')
    assert 'not supported' in mount.run(f'setfacl -m u:1:r {scan}', status=1).err


@pytest.mark.options('ro', 'xattr')
def test_ro_refuses_them(mount, api):
    mount.allow('read-only')
    document = api.add_document(pdf(2000))
    fails(errno.EROFS, os.setxattr, mount / 'documents' / document, 'user.a', b'x')


@pytest.mark.parametrize('mount', [[], ['no_xattr']], indirect=True, ids=['plain', 'no_xattr'])
def test_without_the_option_there_are_none(mount, scan):
    fails(errno.EOPNOTSUPP, os.getxattr, scan, 'user.las.documentId')
    fails(errno.EOPNOTSUPP, os.setxattr, scan, 'user.a', b'x')
    fails(errno.EOPNOTSUPP, os.listxattr, scan)


def test_rsync_with_all_attributes_twice_sends_nothing_the_second_time(mount, api, tmp_path):
    folder = tmp_path / 'scans/sub'
    folder.mkdir(parents=True)
    for i in range(3):
        (folder / f'{i}.pdf').write_bytes(pdf(2000, seed=i))
        os.setxattr(folder / f'{i}.pdf', 'user.xdg.origin.url', b'https://example.com/%d' % i)
    mount.run(f'rsync -aHAX {tmp_path}/scans/ documents/')
    assert os.getxattr(mount / 'documents/sub/1.pdf', 'user.xdg.origin.url') == \
        b'https://example.com/1'
    with mount.server.watch() as seen:
        assert '.pdf' not in mount.run(f'rsync -aHAXi {tmp_path}/scans/ documents/').out
    assert not seen.changes
    assert len(api.documents()) == 3


def test_cp_a_and_tar_with_attributes_succeed(mount, api, tmp_path):
    (tmp_path / 'a.pdf').write_bytes(pdf(2000))
    os.setxattr(tmp_path / 'a.pdf', 'user.k', b'v')
    mount.run(f'cp -a {tmp_path}/a.pdf documents/b.pdf && '
              f'cp --preserve=all documents/b.pdf {tmp_path}/c.pdf')
    assert os.getxattr(tmp_path / 'c.pdf', 'user.k') == b'v'
    mount.run(f'tar --xattrs -C {tmp_path} -cf - a.pdf | tar --xattrs -C documents -xf -')
    assert os.getxattr(mount / 'documents/a.pdf', 'user.k') == b'v'
    assert len(api.documents()) == 2
