"""Folders that servers share: what their clients do, and what is on the server of the API then."""
import hashlib

import pytest

from samples import jpeg, pdf, png, tiff
from servers import IS_ROOT, KINDS, run

ALL = sorted(KINDS)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(params=ALL)
def share(request, shared):
    return shared(request.param)


def in_dataset(api):
    """The hashes of what is in the dataset, which has to be all that there is."""
    dataset = api.dataset_called('invoices')['datasetId']
    hashes = api.hashes()
    assert hashes == api.hashes(datasetId=dataset)
    return hashes


def test_a_dropped_file_is_one_document(share, api, samples):
    with share.mount.server.watch() as seen:
        share.put(samples.pdf(size=300000), 'scan.pdf')
    assert [(r.verb, r.path) for r in seen.changes] == [('POST', '/documents')]
    assert in_dataset(api) == [sha256(pdf(300000))]
    assert share.list() == {'scan.pdf': 300000}


def test_many_files_are_as_many_documents(share, api, samples):
    data = {'a.pdf': pdf(3000, 1), 'b.pdf': pdf(90000, 2), 'c.jpg': jpeg(5000), 'd.png': png(6000),
            'e.tiff': tiff(7000)}
    for name, content in data.items():
        samples.write(name, content)
    with share.mount.server.watch() as seen:
        share.put_all(samples.folder)
    assert len(seen.changes) == 5
    assert in_dataset(api) == sorted(map(sha256, data.values()))
    assert share.list() == {name: len(content) for name, content in data.items()}


def test_it_can_be_fetched(share, samples, tmp_path):
    share.put(samples.pdf(size=300000), 'scan.pdf')
    share.get('scan.pdf', tmp_path / 'out.pdf')
    assert (tmp_path / 'out.pdf').read_bytes() == pdf(300000)


def test_writing_over_it_leaves_one_document_with_the_new_bytes(share, api, samples):
    share.put(samples.pdf(size=4000), 'scan.pdf')
    with share.mount.server.watch() as seen:
        share.put(samples.pdf(size=3000, seed=1), 'scan.pdf')
    assert [r.verb for r in seen.changes] == ['POST', 'DELETE']
    assert in_dataset(api) == [sha256(pdf(3000, 1))]
    assert share.list() == {'scan.pdf': 3000}


def test_a_rename_sends_nothing(share, api, samples):
    share.put(samples.pdf(), 'scan.pdf')
    before = api.only_document()
    with share.mount.server.watch() as seen:
        share.rename('scan.pdf', 'invoice.pdf')
    assert not seen.changes
    assert api.only_document() == before
    assert share.list() == {'invoice.pdf': 2000}


def test_a_delete_deletes(share, api, samples):
    share.put(samples.pdf('a.pdf'), 'a.pdf')
    share.put(samples.pdf('b.pdf', seed=1), 'b.pdf')
    with share.mount.server.watch() as seen:
        share.delete('a.pdf')
    assert [r.verb for r in seen.changes] == ['DELETE']
    assert in_dataset(api) == [sha256(pdf(2000, 1))]
    assert share.list() == {'b.pdf': 2000}


@pytest.mark.skipif(not IS_ROOT, reason='only root can become another user')
def test_other_users_cannot_read_it(shared, samples):
    share = shared('smb')
    share.put(samples.pdf(), 'scan.pdf')
    path = share.mount / 'datasets/invoices/documents/scan.pdf'
    as_user = ['setpriv', '--reuid', 'nobody', '--regid', 'nogroup', '--clear-groups']
    assert 'Permission denied' in run(*as_user, 'cat', path, status=1).err
