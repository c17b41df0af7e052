"""One resource under its many paths: what was changed under one is seen under all.

At once under the same path, within a second elsewhere, however warm the caches are and however
long their TTL is; what others change, within the TTL; and everything after .lasfs/refresh.
"""
import errno
import json
import os
import time

import pytest

from mounted import eventually
from samples import pdf

SECOND = 1
SLACK = 2     # of a machine that does other things too; the TTL is 30 s
TTL = 2
NEW = pdf(3000, seed=2)


class Aliases:
    """A dataset with a dropped document in it, and all their paths."""

    def __init__(self, mount, api):
        self.mount, self.api = mount, api
        mount.allow('does not exist')
        os.mkdir(mount / 'datasets/in')
        os.mkdir(mount / 'datasets/other')
        (mount / 'datasets/in/documents/f.pdf').write_bytes(pdf(2000))
        self.dataset = api.dataset_called('in')['datasetId']
        self.document = api.only_document()['documentId']

    @staticmethod
    def digits(resource):
        return resource.rpartition(':')[2][:12]

    @property
    def datasets(self):
        return [f'datasets/{name}' for name in ('in', self.dataset, self.digits(self.dataset))]

    @property
    def files(self):
        return [f'{folder}/documents/f.pdf' for folder in self.datasets]

    @property
    def resources(self):
        """Of the document."""
        return [f'{folder}/{name}' for name in (self.document, self.digits(self.document))
                for folder in ('documents', *(d + '/documents' for d in self.datasets))]

    def read(self, path):
        """Bytes, or the errno; its size is the same."""
        try:
            size = os.stat(self.mount / path).st_size
            data = (self.mount / path).read_bytes()
        except OSError as problem:
            return problem.errno
        return data if size == len(data) else f'{len(data)} bytes, and st_size is {size}'

    def json(self, path):
        data = self.read(path)
        return json.loads(data) if isinstance(data, bytes) and data else data

    def description(self, path):
        data = self.json(path)
        return data['description'] if isinstance(data, dict) else data

    def names(self, path):
        try:
            return sorted(os.listdir(self.mount / path))
        except OSError as problem:
            return problem.errno

    def warm(self):
        """Everything that may be cached, here and in the kernel, is."""
        for path in (*self.files, *(r + '/content' for r in self.resources),
                     *(f'{p}/{name}' for p in (*self.datasets, *self.resources)
                       for name in ('resource.json',))):
            self.read(path)
        for folder in ('documents', 'datasets', *(d + '/documents' for d in self.datasets),
                       *self.datasets, *self.resources):
            self.names(folder)

    def soon(self, look, path, value, seconds=SECOND + SLACK):
        eventually(lambda: look(path) == value, seconds,
                   f'{path}: {value!r:.80}, not {look(path)!r:.80},')


@pytest.fixture
def aliases(mount, api):
    return Aliases(mount, api)


each_file = pytest.mark.parametrize('by', [0, 1, 2], ids=['name', 'id', 'short-id'])


# --- Own changes --------------------------------------------------------------------------------

@each_file
def test_other_bytes_are_seen_under_every_path(aliases, by):
    aliases.warm()
    path = aliases.files[by]
    (aliases.mount / path).write_bytes(NEW)
    assert aliases.read(path) == NEW
    for other in aliases.files:
        aliases.soon(aliases.read, other, NEW)
    old = aliases.resources
    aliases.document = aliases.api.only_document()['documentId']
    for resource in aliases.resources:
        aliases.soon(aliases.read, resource + '/content', NEW)
    for resource in old:
        aliases.soon(aliases.read, resource + '/content', errno.ENOENT)


@each_file
def test_a_removed_file_is_gone_under_every_path(aliases, by):
    aliases.warm()
    os.unlink(aliases.mount / aliases.files[by])
    assert aliases.read(aliases.files[by]) == errno.ENOENT
    assert aliases.names(os.path.dirname(aliases.files[by])) == []
    for path in (*aliases.files, *(r + '/content' for r in aliases.resources)):
        aliases.soon(aliases.read, path, errno.ENOENT)
    for folder in (*(d + '/documents' for d in aliases.datasets), 'documents'):
        aliases.soon(aliases.names, folder, [])


def test_a_removed_resource_is_gone_under_every_path(aliases):
    aliases.warm()
    os.rmdir(aliases.mount / 'documents' / aliases.document)
    for path in (*aliases.files, *(r + '/content' for r in aliases.resources)):
        aliases.soon(aliases.read, path, errno.ENOENT)
    for folder in (*(d + '/documents' for d in aliases.datasets), 'documents'):
        aliases.soon(aliases.names, folder, [])


@each_file
def test_a_renamed_file_has_its_name_under_every_path(aliases, by):
    aliases.warm()
    folder = os.path.dirname(aliases.files[by])
    os.rename(aliases.mount / folder / 'f.pdf', aliases.mount / folder / 'g.pdf')
    assert aliases.read(folder + '/f.pdf') == errno.ENOENT
    assert aliases.read(folder + '/g.pdf') == pdf(2000)
    for path in aliases.files:
        aliases.soon(aliases.read, path, errno.ENOENT)
        aliases.soon(aliases.read, os.path.dirname(path) + '/g.pdf', pdf(2000))
        assert aliases.names(os.path.dirname(path)) == ['g.pdf']


@each_file
def test_a_new_file_is_there_under_every_path_that_had_none(aliases, by):
    paths = [os.path.dirname(path) + '/new.pdf' for path in aliases.files]
    assert {aliases.read(path) for path in paths} == {errno.ENOENT}
    (aliases.mount / paths[by]).write_bytes(NEW)
    assert aliases.read(paths[by]) == NEW
    for path in paths:
        aliases.soon(aliases.read, path, NEW)
        aliases.soon(aliases.names, os.path.dirname(path), ['f.pdf', 'new.pdf'])


def test_a_file_that_moves_to_another_dataset_leaves_all_paths_of_the_first(aliases):
    aliases.warm()
    os.rename(aliases.mount / aliases.files[1], aliases.mount / 'datasets/other/documents/f.pdf')
    for path in aliases.files:
        aliases.soon(aliases.read, path, errno.ENOENT)
        aliases.soon(aliases.names, os.path.dirname(path), [])
    assert aliases.names('datasets/other/documents') == ['f.pdf']
    other = aliases.api.dataset_called('other')['datasetId']
    for name in (aliases.document, aliases.digits(aliases.document)):
        aliases.soon(aliases.read, f'documents/{name}/datasetId', f'{other}\n'.encode())


@pytest.mark.parametrize('by', [0, 1, 2], ids=['name', 'id', 'short-id'])
@pytest.mark.parametrize('file', ['description', 'resource.json'])
def test_a_field_is_seen_under_every_path(aliases, by, file):
    aliases.warm()
    for folder in aliases.datasets:
        aliases.read(folder + '/description')
    text = 'something longer than before\n'
    (aliases.mount / aliases.datasets[by] / file).write_text(
        text if file == 'description' else json.dumps({'description': text.strip()}))
    if file == 'description':
        assert aliases.read(f'{aliases.datasets[by]}/{file}') == text.encode()
    for folder in aliases.datasets:
        aliases.soon(aliases.read, folder + '/description', text.encode())
        aliases.soon(aliases.description, folder + '/resource.json', text.strip())


@pytest.mark.parametrize('by', range(8))
def test_ground_truth_is_seen_under_every_path(aliases, by):
    aliases.warm()
    truth = [{'label': 'total', 'value': '1'}]
    (aliases.mount / aliases.resources[by] / 'groundTruth.json').write_text(json.dumps(truth))
    for resource in aliases.resources:
        aliases.soon(aliases.json, resource + '/groundTruth.json', truth)


def test_a_renamed_dataset_has_its_name_under_every_path(aliases):
    aliases.warm()
    os.rename(aliases.mount / 'datasets/in', aliases.mount / 'datasets/out')
    assert aliases.names('datasets') == ['other', 'out']
    assert aliases.read('datasets/in/name') == errno.ENOENT
    for name in ('out', aliases.dataset, aliases.digits(aliases.dataset)):
        aliases.soon(aliases.read, f'datasets/{name}/name', b'out\n')
        assert aliases.read(f'datasets/{name}/documents/f.pdf') == pdf(2000)


def test_the_count_of_a_dataset_follows_under_every_path(aliases):
    aliases.warm()
    (aliases.mount / 'datasets/in/documents/g.pdf').write_bytes(NEW)
    for folder in aliases.datasets:
        aliases.soon(aliases.read, folder + '/numberOfDocuments', b'2\n')


# --- Other people's changes ---------------------------------------------------------------------

def patch_description(a):
    a.api.patch('datasets/' + a.dataset, description='theirs, and longer')
    return [(a.read, d + '/description', b'theirs, and longer\n') for d in a.datasets]


def delete_document(a):
    a.api.delete('documents/' + a.document)
    return [(a.read, path, errno.ENOENT)
            for path in (*a.files, *(r + '/resource.json' for r in a.resources))] + \
        [(a.names, d + '/documents', []) for d in a.datasets]


def add_document(a):
    new = a.api.add_document(NEW, datasetId=a.dataset)
    return [(a.names, d + '/documents', ['f.pdf', new]) for d in a.datasets] + \
        [(a.read, f'{d}/documents/{new}/content', NEW) for d in a.datasets] + \
        [(a.names, 'documents', sorted([a.document, new]))]


def set_truth(a):
    a.api.patch('documents/' + a.document, groundTruth=[{'label': 'a', 'value': 'b'}])
    return [(a.json, r + '/groundTruth.json', [{'label': 'a', 'value': 'b'}])
            for r in a.resources]


def move_document(a):
    a.api.patch('documents/' + a.document, datasetId=a.api.dataset_called('other')['datasetId'])
    return [(a.names, d + '/documents', []) for d in a.datasets] + \
        [(a.read, path, errno.ENOENT) for path in a.files] + \
        [(a.names, 'datasets/other/documents', [a.document])]


def name_dataset(a):
    new = a.api.add_dataset('theirs')
    return [(a.read, 'datasets/theirs/datasetId', f'{new}\n'.encode()),
            (a.read, f'datasets/{new}/name', b'theirs\n'),
            (a.names, 'datasets', sorted(['in', 'other', new]))]


changes = pytest.mark.parametrize('change', [patch_description, delete_document, add_document,
                                             set_truth, move_document, name_dataset])


@changes
@pytest.mark.options(f'meta_ttl={TTL}', f'list_ttl={TTL}')
def test_what_others_change_is_seen_within_the_ttl(aliases, change):
    aliases.warm()
    changed = time.monotonic()
    views = change(aliases)
    for look, path, value in views:
        left = changed + TTL + SECOND + SLACK - time.monotonic()
        aliases.soon(look, path, value, max(left, 0))


@changes
def test_what_others_change_is_seen_at_once_after_refresh(aliases, change):
    aliases.warm()
    views = change(aliases)
    aliases.read('datasets/theirs/datasetId')
    aliases.mount.refresh()
    for look, path, value in views:
        assert look(path) == value, path


def test_without_a_refresh_what_is_known_is_not_asked_for_again(aliases):
    aliases.warm()
    with aliases.mount.server.watch() as seen:
        aliases.warm()
    assert not seen.all
