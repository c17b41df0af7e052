"""rm -r goes through what the API cannot delete, and what was only hidden comes back."""
import errno
import os

import pytest

from mounted import eventually
from samples import pdf, small_pdf
from mount.names.test_tree import fill

BACK_SECONDS = 9  # what is hidden comes back after some


def verbs(seen):
    return [(r.verb, r.path) for r in seen.changes]


def errno_of(call, *arguments):
    with pytest.raises(OSError) as refused:
        call(*arguments)
    return refused.value.errno


@pytest.fixture
def filled(mount, api):
    """One of each resource; a workflow and a transition with an execution and its logs."""
    api.made = fill(api)
    os.listdir(mount / 'workflows')
    return mount


@pytest.mark.parametrize('collection', ['models', 'workflows', 'secrets', 'users', 'assets',
                                        'appClients', 'transitions', 'documents'])
def test_rm_r_of_a_resource_is_one_delete_of_it(filled, api, collection):
    if collection == 'transitions':  # a workflow uses it
        filled.run(f'rm -r ./workflows/{api.made["workflows"]}')
    resource = f'{collection}/{api.made[collection]}'
    with filled.server.watch() as seen:
        filled.run(f'rm -r ./{resource}')
    below = [v for v in verbs(seen) if v != ('DELETE', '/' + resource)]
    assert ('DELETE', '/' + resource) in verbs(seen)
    # what the API deletes below by itself may be deleted before: executions, data bundles
    assert all(v == 'DELETE' and p.startswith('/' + resource + '/') for v, p in below), below
    assert api.made[collection] not in os.listdir(filled / collection)
    filled.refresh()
    assert api.made[collection] not in os.listdir(filled / collection)


def test_rm_r_of_a_dataset_deletes_its_documents_first(filled, api):
    dataset, document = api.made['datasets'], api.made['documents']
    with filled.server.watch() as seen:
        filled.run(f'rm -r ./datasets/{dataset}')
    changes = verbs(seen)
    assert changes[0] == ('DELETE', f'/documents/{document}')
    assert changes[-1] == ('DELETE', f'/datasets/{dataset}')
    assert set(changes) == {changes[0], changes[-1]}
    assert api.documents() == []


def test_rmdir_of_a_dataset_with_documents_is_enotempty(filled, api):
    filled.allow('not empty')
    with filled.server.watch() as seen:
        assert errno_of(os.rmdir, filled / 'datasets' / api.made['datasets']) == errno.ENOTEMPTY
    assert not [r for r in seen.changes if r.status == 200]
    assert len(api.documents()) == 1


def test_rmdir_of_a_resource_needs_no_rm_of_its_files(filled, api):
    model = api.made['models']
    with filled.server.watch() as seen:
        os.rmdir(filled / 'models' / model)
    assert verbs(seen) == [('DELETE', f'/models/{model}')]


def test_attributes_that_are_removed_come_back_unchanged(filled, api):
    folder = filled / 'models' / api.made['models']
    names = ['name', 'description', 'fieldConfig.json', 'resource.json']
    before = [(folder / n).read_bytes() for n in names]
    with filled.server.watch() as seen:
        for name in names:
            os.unlink(folder / name)
            assert not (folder / name).exists()
            assert name not in os.listdir(folder)
        eventually(lambda: all((folder / n).exists() for n in names), BACK_SECONDS, 'all back')
        assert [(folder / n).read_bytes() for n in names] == before
        eventually(lambda: set(names) <= set(os.listdir(folder)), 3, 'listed again')
    assert not seen.changes


def test_collections_below_that_are_removed_come_back_with_all_that_is_in_them(filled, api):
    paths = [filled / p.format(**api.made)
             for p in ('models/{models}/dataBundles', 'workflows/{workflows}/logs',
                       'workflows/{workflows}/executions', 'transitions/{transitions}/executions')]
    before = [os.listdir(p) for p in paths]
    with filled.server.watch() as seen:
        for path in paths:
            os.rmdir(path)
            assert not path.exists()
        eventually(lambda: all(p.exists() for p in paths), BACK_SECONDS, 'all back')
        assert [os.listdir(p) for p in paths] == before
    assert not seen.changes


def test_a_content_that_is_removed_comes_back(filled, api):
    folder = filled / 'documents' / api.made['documents']
    with filled.server.watch() as seen:
        os.unlink(folder / 'content.pdf')
        os.unlink(folder / 'content')
        assert 'content' not in os.listdir(folder)
        eventually(lambda: (folder / 'content').exists() and (folder / 'content.pdf').exists(),
                   BACK_SECONDS, 'both are back')
        assert (folder / 'content').read_bytes() == pdf(2000)
    assert not seen.changes


def test_rm_r_that_stops_half_way_has_changed_nothing_that_it_hid(filled, api):
    folder = filled / 'models' / api.made['models']
    names = sorted(os.listdir(folder))
    with filled.server.watch() as seen:
        filled.run('rm ./* 2>/dev/null; true', cwd=folder)
        eventually(lambda: sorted(os.listdir(folder)) == names, BACK_SECONDS, 'all names')
    assert not seen.changes


def test_a_hidden_field_that_is_written_is_there_at_once(filled, api):
    path = filled / 'datasets' / api.made['datasets'] / 'description'
    os.unlink(path)
    path.write_text('new\n')
    assert path.read_text() == 'new\n'
    assert api.get('datasets/' + api.made['datasets'])['description'] == 'new'


@pytest.mark.parametrize('collection', ['logs', 'predictions', 'organizations'])
def test_what_has_no_delete_says_eperm(filled, api, collection):
    filled.allow('not permitted', 'deletes no')
    names = os.listdir(filled / collection)
    for name in names:
        assert errno_of(os.rmdir, filled / collection / name) == errno.EPERM
    assert os.listdir(filled / collection) == names


@pytest.mark.parametrize('name', ['datasets', 'documents', '.lasfs', 'README', 'consents'])
def test_what_is_always_there_cannot_be_removed(mount, name):
    mount.allow('cannot be removed')
    path = mount / name
    remove = os.rmdir if path.is_dir() else os.unlink
    assert errno_of(remove, path) in (errno.EPERM, errno.ENOTEMPTY, errno.EBUSY)
    assert path.exists()


def test_rm_r_of_a_consent_deletes_its_documents_and_no_others(mount, api):
    consent = 'las:consent:' + 'a' * 32
    mine = [api.add_document(small_pdf(i), consentId=consent) for i in range(5)]
    other = api.add_document(small_pdf(9))
    with mount.server.watch() as seen:
        mount.run(f'rm -r ./consents/{consent}')
    assert seen.changes and all(r.verb == 'DELETE' for r in seen.changes)
    assert [d['documentId'] for d in api.documents()] == [other]
    assert not [m for m in mine if api.exists('documents/' + m)]


def test_rmdir_of_a_consent_deletes_its_documents_in_one_request(mount, api):
    consent = 'las:consent:' + 'a' * 32
    for i in range(5):
        api.add_document(small_pdf(i), consentId=consent)
    other = api.add_document(small_pdf(9))
    with mount.server.watch() as seen:
        os.rmdir(mount / 'consents' / consent)
    assert seen.count('DELETE', '/documents') == 1 and len(seen.changes) == 1
    assert 'consentId=' in seen.changes[0].query
    assert [d['documentId'] for d in api.documents()] == [other]


def test_a_delete_of_documents_without_a_filter_is_never_sent(mount, api):
    mount.allow('not permitted')
    for i in range(3):
        api.add_document(small_pdf(i))
    with mount.server.watch() as seen:
        mount.run('rm -rf documents', status=None)
        mount.run('rmdir documents', status=None)
    assert not seen.count('DELETE', '/documents')


@pytest.mark.options('nodelete')
def test_with_nodelete_rm_r_of_anything_fails_and_deletes_nothing(filled, api):
    filled.allow('nodelete', 'not permitted')
    with filled.server.watch() as seen:
        for collection in ('models', 'workflows', 'datasets', 'documents', 'assets', 'secrets'):
            filled.run(f'rm -r ./{collection}/{api.made[collection]}', status=1)
        filled.run('rm -r consents/*', status=1)
    assert not seen.changes
    assert len(api.documents()) == 1
