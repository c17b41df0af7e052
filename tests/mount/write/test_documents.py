"""Documents of every size and type: dropped, read back byte for byte, the same on the server."""
import hashlib
import os

import pytest

from samples import KINDS, LARGEST, SMALLEST_PDF, jpeg, pdf, png, tiff

SIZES = [4095, 4096, 4097, 1 << 20, LARGEST]


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def drop(mount, samples, name, data, folder='documents'):
    samples.write(name, data)
    mount.run(f'cp "{samples.folder}/{name}" {folder}/')


@pytest.mark.parametrize('size', SIZES)
def test_a_document_has_the_same_bytes_through_the_mount_and_through_rest(mount, api, samples,
                                                                          size):
    data = pdf(size)
    drop(mount, samples, 'scan.pdf', data)
    document = api.only_document()
    path = 'documents/' + document['documentId']
    assert document['contentType'] == 'application/pdf'
    assert sha256((mount / 'documents/scan.pdf').read_bytes()) == sha256(data)
    assert sha256((mount / path / 'content').read_bytes()) == sha256(data)
    assert sha256(api.content_by_curl(path)) == sha256(data)
    assert os.stat(mount / 'documents/scan.pdf').st_size == size


@pytest.mark.parametrize('size', SIZES)
def test_a_document_has_the_same_bytes_after_a_remount_with_a_cold_cache(mount, api, samples, size):
    data = pdf(size, seed=1)
    drop(mount, samples, 'scan.pdf', data)
    path = 'documents/' + api.only_document()['documentId']
    mount.remount(cold=True)
    with mount.server.watch() as seen:
        assert sha256((mount / path / 'content').read_bytes()) == sha256(data)
    assert seen.count('GET', '/' + path) == 1
    assert sha256((mount / 'documents/scan.pdf').read_bytes()) == sha256(data)
    assert os.stat(mount / path / 'content').st_size == size


def test_the_smallest_document_has_ten_bytes(mount, api, samples):
    drop(mount, samples, 'small.pdf', SMALLEST_PDF)
    path = 'documents/' + api.only_document()['documentId']
    assert api.content(path) == SMALLEST_PDF
    mount.remount(cold=True)
    assert (mount / path / 'content').read_bytes() == SMALLEST_PDF
    assert (mount / 'documents/small.pdf').read_bytes() == SMALLEST_PDF


@pytest.mark.parametrize('size', [None, 4097, LARGEST])
@pytest.mark.parametrize('make,content_type', [(jpeg, 'image/jpeg'), (png, 'image/png'),
                                               (tiff, 'image/tiff')])
def test_pictures_are_documents_too(mount, api, samples, make, content_type, size):
    data = make(size)
    ending = KINDS[content_type][1]
    drop(mount, samples, f'picture.{ending}', data)
    document = api.only_document()
    path = 'documents/' + document['documentId']
    assert document['contentType'] == content_type
    assert api.content(path) == data
    mount.remount(cold=True)
    assert (mount / path / 'content').read_bytes() == data
    assert os.readlink(mount / path / f'content.{ending}') == 'content'
    assert (mount / path / f'content.{ending}').read_bytes() == data


def test_the_type_is_found_from_the_bytes_and_not_from_the_name(mount, api, samples):
    drop(mount, samples, 'really-a-png.pdf', png(2000))
    assert api.only_document()['contentType'] == 'image/png'


def test_a_document_is_created_once_from_what_was_written_in_pieces(mount, api):
    data = pdf(300000, seed=3)
    with mount.server.watch() as seen:
        fd = os.open(mount / 'documents/scan.pdf', os.O_RDWR | os.O_CREAT, 0o644)
        for start in range(290000, -1, -10000):  # backwards
            os.pwrite(fd, data[start:start + 10000], start)
        os.pwrite(fd, b'too much', 300000)
        os.ftruncate(fd, 300000)
        os.fchmod(fd, 0o600)
        os.close(fd)
    assert [r.path for r in seen.changes] == ['/documents']
    assert api.content('documents/' + api.only_document()['documentId']) == data


def test_other_bytes_over_a_document_make_a_new_one_and_delete_the_old(mount, api, samples):
    drop(mount, samples, 'scan.pdf', pdf(3000, seed=1))
    old = api.only_document()['documentId']
    with mount.server.watch() as seen:
        drop(mount, samples, 'scan.pdf', pdf(3000, seed=2))
    new = api.only_document()['documentId']
    assert new != old
    assert [(r.verb, r.path) for r in seen.changes] == [('POST', '/documents'),
                                                        ('DELETE', f'/documents/{old}')]
    assert api.content('documents/' + new) == pdf(3000, seed=2)
    assert (mount / 'documents/scan.pdf').read_bytes() == pdf(3000, seed=2)


def test_the_same_bytes_over_a_document_send_nothing(mount, api, samples):
    drop(mount, samples, 'scan.pdf', pdf(3000))
    old = api.only_document()
    with mount.server.watch() as seen:
        drop(mount, samples, 'scan.pdf', pdf(3000))
    assert not seen.changes
    assert api.only_document() == old


def test_a_document_that_is_written_over_keeps_dataset_consent_and_retention(mount, api, samples):
    dataset = api.add_dataset('kept')
    drop(mount, samples, 'scan.pdf', pdf(3000, seed=1), f'./datasets/{dataset}/documents')
    old = api.only_document()
    api.patch('documents/' + old['documentId'], retentionInDays=17)
    mount.refresh()
    drop(mount, samples, 'scan.pdf', pdf(3000, seed=2), f'./datasets/{dataset}/documents')
    new = api.only_document()
    assert new['documentId'] != old['documentId']
    assert (new['datasetId'], new['retentionInDays']) == (dataset, 17)
    assert new.get('consentId') == old.get('consentId')


def test_a_file_that_is_dropped_into_a_dataset_joins_it(mount, api, samples):
    dataset = api.add_dataset('invoices')
    drop(mount, samples, 'scan.pdf', pdf(3000), 'datasets/invoices/documents')
    assert api.only_document()['datasetId'] == dataset


def test_a_file_that_is_dropped_under_a_consent_carries_it(mount, api, samples):
    consent = 'las:consent:' + '0123456789abcdef' * 2
    drop(mount, samples, 'scan.pdf', pdf(3000), f'./consents/{consent}/documents')
    assert api.only_document()['consentId'] == consent
    assert os.listdir(mount / 'consents') == [consent]
    assert os.listdir(mount / 'consents' / consent / 'documents') == ['scan.pdf']


def test_an_empty_file_is_local_until_it_has_bytes(mount, api):
    with mount.server.watch() as seen:
        mount.run('touch documents/scan.pdf')
        assert os.stat(mount / 'documents/scan.pdf').st_size == 0
    assert not seen.changes
    (mount / 'documents/scan.pdf').write_bytes(pdf(2000))
    assert api.content('documents/' + api.only_document()['documentId']) == pdf(2000)


def test_one_byte_more_than_the_largest_is_efbig_and_reaches_no_server(mount, api, samples):
    mount.allow('File too large')
    mount.may_leave = True
    samples.pdf('large.pdf', LARGEST + 1)
    with mount.server.watch() as seen:
        ran = mount.run(f'cp {samples.folder}/large.pdf documents/', status=1)
    assert 'File too large' in ran.err
    assert not seen.changes
    assert api.documents() == []


def test_a_file_grown_by_truncate_beyond_the_largest_is_efbig(mount, api):
    mount.allow('File too large')
    mount.may_leave = True
    ran = mount.run(f'truncate -s {LARGEST + 1} documents/large.pdf', status=1)
    assert 'File too large' in ran.err
    assert api.documents() == []


def test_after_a_write_that_failed_close_sends_nothing(mount, api):
    mount.allow('File too large')
    mount.may_leave = True
    fd = os.open(mount / 'documents/large.pdf', os.O_WRONLY | os.O_CREAT)
    os.write(fd, pdf(4000))
    with pytest.raises(OSError, match='File too large'):
        os.pwrite(fd, b'x', LARGEST)
    with mount.server.watch() as seen:
        try:
            os.close(fd)
        except OSError:
            pass  # it may say so again
    assert not seen.changes
    assert api.documents() == []


def test_a_document_is_deleted_by_rm_of_its_name(mount, api, samples):
    drop(mount, samples, 'scan.pdf', pdf(2000))
    mount.run('rm documents/scan.pdf')
    assert api.documents() == []
    assert os.listdir(mount / 'documents') == []


def test_a_document_is_deleted_by_rmdir_of_its_id(mount, api):
    document = api.add_document(pdf(2000))
    mount.run(f'rmdir ./documents/{document}')
    assert api.documents() == []


def test_a_document_is_deleted_by_rm_r_of_its_id(mount, api):
    document, other = api.add_document(pdf(2000)), api.add_document(pdf(2001))
    with mount.server.watch() as seen:
        mount.run(f'rm -r ./documents/{document}')
    assert [d['documentId'] for d in api.documents()] == [other]
    assert len(seen.changes) == 1


def test_an_open_document_can_be_read_after_it_was_deleted(mount, api, samples):
    drop(mount, samples, 'scan.pdf', pdf(50000))
    with open(mount / 'documents/scan.pdf', 'rb') as f:
        os.unlink(mount / 'documents/scan.pdf')
        assert api.documents() == []
        assert f.read() == pdf(50000)


def test_content_has_a_link_with_the_ending_of_its_type(mount, api):
    document = api.add_document(png(2000), 'image/png')
    assert os.readlink(mount / 'documents' / document / 'content.png') == 'content'
    assert not os.path.lexists(mount / 'documents' / document / 'content.pdf')
