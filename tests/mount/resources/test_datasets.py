"""Datasets as directories: mkdir, mv, rmdir, rm -r."""
import os

import pytest

from mounted import eventually
from samples import pdf, small_pdf


def test_mkdir_creates_a_dataset_of_that_name(mount, api):
    with mount.server.watch() as seen:
        mount.run('mkdir datasets/invoices')
    assert [(r.verb, r.path) for r in seen.changes] == [('POST', '/datasets')]
    dataset = api.dataset_called('invoices')
    assert os.listdir(mount / 'datasets') == ['invoices']
    assert (mount / 'datasets/invoices/datasetId').read_text() == dataset['datasetId'] + '\n'


def test_mkdir_of_a_name_that_is_there_is_eexist(mount, api):
    mount.allow('File exists')
    mount.run('mkdir datasets/invoices')
    ran = mount.run('mkdir datasets/invoices', status=1)
    assert 'File exists' in ran.err
    assert len(api.list('datasets')) == 1


def test_mkdir_of_a_name_that_somebody_else_just_took_is_eexist(mount, api):
    mount.allow('File exists')
    os.listdir(mount / 'datasets')
    assert not os.path.exists(mount / 'datasets/invoices')
    api.add_dataset('invoices')
    ran = mount.run('mkdir datasets/invoices', status=1)
    assert 'File exists' in ran.err
    assert len(api.list('datasets')) == 1


def test_mkdir_p_twice_makes_one(mount, api):
    mount.run('mkdir -p datasets/invoices && mkdir -p datasets/invoices')
    assert len(api.list('datasets')) == 1


def test_mkdir_of_an_app_client(mount, api):
    mount.run('mkdir appClients/robot')
    assert 'robot' in [c['name'] for c in api.list('appClients')]


def test_mkdir_of_a_user(mount, api):
    mount.run('mkdir users/person@example.com')
    assert [u['email'] for u in api.list('users')] == ['person@example.com']


def test_mkdir_where_a_body_is_needed_is_eperm(mount, api):
    mount.allow('not permitted')
    ran = mount.run('mkdir models/invoices', status=1)
    assert 'Operation not permitted' in ran.err
    assert api.list('models') == []


def test_mkdir_at_the_top_is_eperm(mount):
    mount.allow('not permitted')
    ran = mount.run('mkdir invoices', status=1)
    assert 'Operation not permitted' in ran.err


def test_mv_renames(mount, api):
    mount.run('mkdir datasets/a')
    dataset = api.dataset_called('a')['datasetId']
    with mount.server.watch() as seen:
        mount.run('mv datasets/a datasets/b')
    assert [(r.verb, r.path) for r in seen.changes] == [('PATCH', f'/datasets/{dataset}')]
    assert api.dataset_called('b')['datasetId'] == dataset
    assert os.listdir(mount / 'datasets') == ['b']


def test_mv_keeps_the_documents_and_their_names(mount, api, samples):
    mount.run('mkdir datasets/a')
    mount.run(f'cp {samples.pdf()} datasets/a/documents/ && mv datasets/a datasets/b')
    assert os.listdir(mount / 'datasets/b/documents') == ['scan.pdf']
    assert (mount / 'datasets/b/documents/scan.pdf').read_bytes() == pdf(2000)
    mount.remount()
    assert os.listdir(mount / 'datasets/b/documents') == ['scan.pdf']


def test_mv_of_somebody_elses_dataset_renames_it(mount, api):
    dataset = api.add_dataset('theirs')
    mount.run(f'mv ./datasets/{dataset} datasets/mine')
    assert api.get('datasets/' + dataset)['name'] == 'mine'


def test_rmdir_deletes(mount, api):
    mount.run('mkdir datasets/a && rmdir datasets/a')
    assert api.list('datasets') == []
    assert os.listdir(mount / 'datasets') == []


def test_rmdir_of_one_with_documents_is_enotempty(mount, api, samples):
    mount.allow('not empty')
    mount.run(f'mkdir datasets/a && cp {samples.pdf()} datasets/a/documents/')
    ran = mount.run('rmdir datasets/a', status=1)
    assert 'Directory not empty' in ran.err
    assert len(api.list('datasets')) == len(api.documents()) == 1


def test_rm_r_deletes_the_documents_and_the_dataset(mount, api, samples):
    other = api.add_document(pdf(3000))
    mount.run('mkdir datasets/a')
    for i in range(5):
        samples.write(f'{i}.pdf', small_pdf(i))
    mount.run(f'cp {samples.folder}/* datasets/a/documents/')
    inside = api.add_document(small_pdf(99), datasetId=api.dataset_called('a')['datasetId'])
    mount.refresh()
    mount.run('rm -r datasets/a')
    assert api.list('datasets') == []
    assert [d['documentId'] for d in api.documents()] == [other]
    assert not api.exists('documents/' + inside)
    assert os.listdir(mount / 'datasets') == []


def test_rm_rf_of_an_empty_one(mount, api):
    mount.run('mkdir datasets/a datasets/b && rm -rf datasets/a')
    assert [d['name'] for d in api.list('datasets')] == ['b']


def test_rm_of_a_field_file_changes_nothing_on_the_server(mount, api):
    dataset = api.add_dataset('a', description='kept')
    with mount.server.watch() as seen:
        mount.run(f'rm -f ./datasets/{dataset}/description')
    assert not seen.changes
    assert api.get('datasets/' + dataset)['description'] == 'kept'
    eventually(lambda: os.path.exists(mount / 'datasets' / dataset / 'description'), 20,
               'the return of a file that cannot be deleted')


def test_subfolders_of_a_documents_folder_are_names(mount, api, samples):
    with mount.server.watch() as seen:
        mount.run('mkdir datasets/a documents/2026-11')
    assert len(seen.changes) == 1
    mount.run(f'cp {samples.pdf()} documents/2026-11/')
    assert len(api.documents()) == 1
    mount.remount()
    assert os.listdir(mount / 'documents/2026-11') == ['scan.pdf']
    assert os.listdir(mount / 'documents') == ['2026-11']
    mount.run('rm documents/2026-11/scan.pdf && rmdir documents/2026-11')
    assert api.documents() == []


@pytest.mark.parametrize('name', ['with space', 'Rechnungen März', "o'hara", 'a' * 200])
def test_a_dataset_may_have_any_name(mount, api, name):
    os.mkdir(mount / 'datasets' / name)
    assert api.list('datasets')[0]['name'] == name
    assert os.listdir(mount / 'datasets') == [name]
    os.rmdir(mount / 'datasets' / name)
    assert api.list('datasets') == []
