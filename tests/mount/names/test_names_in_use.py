"""Names that others change, clash or delete while somebody uses them here."""
import errno
import os

import pytest

from samples import pdf


def fails(code, what, *arguments):
    with pytest.raises(OSError) as caught:
        what(*arguments)
    assert caught.value.errno == code, caught.value


def read_in(folder, name):
    """By a descriptor of the directory, as a shell that stands in it."""
    fd = os.open(name, os.O_RDONLY, dir_fd=folder)
    try:
        return os.read(fd, 1000).decode()
    finally:
        os.close(fd)


@pytest.fixture
def inside(mount, api):
    """A dataset of others, with a descriptor of its directory, opened by its name."""
    mount.theirs = api.add_dataset('theirs')
    folder = os.open(mount / 'datasets/theirs', os.O_RDONLY | os.O_DIRECTORY)
    yield folder
    os.close(folder)


def test_a_name_given_here_goes_on_resolving_when_others_rename(mount, api):
    os.mkdir(mount / 'datasets/mine')
    dataset = api.dataset_called('mine')['datasetId']
    api.patch('datasets/' + dataset, name='other')
    mount.refresh()
    assert (mount / 'datasets/mine/name').read_text() == 'other\n'
    assert (mount / 'datasets/other/datasetId').read_text() == dataset + '\n'
    assert len(os.listdir(mount / 'datasets')) == 1


def test_who_stands_in_a_directory_stays_there_when_others_rename_it(mount, api, inside):
    api.patch('datasets/' + mount.theirs, name='renamed')
    mount.refresh()
    assert read_in(inside, 'name') == 'renamed\n'
    fails(errno.ENOENT, os.stat, mount / 'datasets/theirs')
    assert (mount / 'datasets/renamed/datasetId').read_text() == mount.theirs + '\n'


def test_a_name_that_begins_to_clash_is_enotuniq_and_who_is_inside_goes_on(mount, api, inside):
    mount.allow('not unique')
    api.add_dataset('theirs')
    mount.refresh()
    fails(errno.ENOTUNIQ, os.stat, mount / 'datasets/theirs')
    fd = os.open('description', os.O_WRONLY | os.O_TRUNC, dir_fd=inside)
    os.write(fd, b'still this one\n')
    os.close(fd)
    assert api.get('datasets/' + mount.theirs)['description'] == 'still this one'


def test_a_clash_that_ends_leaves_the_name_to_the_one_that_is_left(mount, api):
    mount.allow('not unique')
    first, second = api.add_dataset('same'), api.add_dataset('same')
    fails(errno.ENOTUNIQ, os.stat, mount / 'datasets/same')
    api.delete('datasets/' + first)
    mount.refresh()
    assert (mount / 'datasets/same/datasetId').read_text() == second + '\n'


def test_what_others_delete_is_enoent_to_who_is_inside(mount, api, inside):
    mount.allow('No such file', '404')
    api.delete('datasets/' + mount.theirs)
    mount.refresh()
    fails(errno.ENOENT, read_in, inside, 'name')
    fails(errno.ENOENT, os.stat, mount / 'datasets/theirs')
    assert os.listdir(mount / 'datasets') == []


def test_an_open_file_is_read_to_its_end_when_others_delete_it(mount, api, samples):
    mount.run(f'cp {samples.pdf(size=300000)} documents/')
    mount.remount()
    with open(mount / 'documents/scan.pdf', 'rb') as f:
        start = f.read(1000)
        api.delete('documents/' + api.only_document()['documentId'])
        mount.refresh()
        assert start + f.read() == pdf(300000)
    fails(errno.ENOENT, os.stat, mount / 'documents/scan.pdf')


def test_what_others_delete_while_it_is_written_over_is_there_once(mount, api, samples):
    mount.run(f'cp {samples.pdf()} documents/')
    with open(mount / 'documents/scan.pdf', 'r+b') as f:
        f.truncate(0)
        f.write(pdf(2500, seed=5))
        f.flush()
        api.delete('documents/' + api.only_document()['documentId'])
    assert api.content('documents/' + api.only_document()['documentId']) == pdf(2500, seed=5)
    assert os.listdir(mount / 'documents') == ['scan.pdf']


def test_a_name_that_others_take_meanwhile_is_no_longer_free(mount, api):
    assert os.listdir(mount / 'datasets') == []
    api.add_dataset('taken')
    fails(errno.EEXIST, os.mkdir, mount / 'datasets/taken')
    assert len(api.list('datasets')) == 1


@pytest.mark.options('list=names')
def test_a_listing_by_names_follows_what_others_do(mount, api):
    first = api.add_dataset('same')
    assert os.listdir(mount / 'datasets') == ['same']
    second = api.add_dataset('same')
    mount.refresh()
    assert 'same' not in os.listdir(mount / 'datasets')
    api.patch('datasets/' + second, name='other')
    mount.refresh()
    assert sorted(os.listdir(mount / 'datasets')) == ['other', 'same']
    assert (mount / 'datasets/same/datasetId').read_text() == first + '\n'
