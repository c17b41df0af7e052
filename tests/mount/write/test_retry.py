"""`retry all` and `retry PATTERN` of what has failed, by .lasfs/control."""
import errno
import os

import pytest

from rest import Api
from samples import pdf
from server import Server


def fails(code, mount, text):
    with pytest.raises(OSError) as caught:
        mount.control(text)
    assert caught.value.errno == code, caught.value


def failed(mount):
    return sorted(os.listdir(mount / '.lasfs/failed'), key=lambda name: int(name.split('-')[0]))


@pytest.fixture
def full(request, lasfs, tmp_path, samples):
    """A mount of a server that takes no document until full.relent(quota), and what it refused."""
    server = Server(tmp_path / 'full', '--quota', 'documents=0').start()
    request.addfinalizer(server.stop)
    mount = lasfs(server=server, name='limited')
    request.addfinalizer(lambda: mount.process and mount.unmount())
    mount.allow('quota', 'Limit Exceeded', 'could not be delivered')
    mount.may_leave = True

    def relent(quota=100):
        server.stop()
        server.arguments = ['--quota', f'documents={quota}']
        server.start()

    mount.relent, mount.api = relent, Api(server)
    mount.run('mkdir datasets/in documents/sub')
    for i, (name, folder) in enumerate([('a.pdf', 'documents'), ('b.pdf', 'datasets/in/documents'),
                                        ('c.jpg', 'documents/sub'), ('d [1].pdf', 'documents')]):
        mount.run(f'cp "{samples.write(name, pdf(2000, seed=i))}" {folder}/', status=1)
    assert failed(mount) == ['1-a.pdf', '2-b.pdf', '3-c.jpg', '4-d [1].pdf']
    return mount


def test_all_are_delivered_once_each(full):
    full.relent()
    with full.server.watch() as seen:
        full.control('retry all')
    assert [r.verb for r in seen.changes] == ['POST'] * 4
    assert failed(full) == []
    assert {'a.pdf', 'd [1].pdf', 'sub'} < set(os.listdir(full / 'documents'))
    assert not full.run('find documents datasets -name "*.error.txt"').out
    assert (full / 'documents/sub/c.jpg').read_bytes() == pdf(2000, seed=2)
    assert os.listdir(full / 'datasets/in/documents') == ['b.pdf']


def test_all_of_nothing_is_no_failure(mount):
    mount.control('retry all')


def test_what_succeeds_goes_and_each_that_fails_has_its_line(full):
    full.relent(2)
    before = len(full.errors().splitlines())
    fails(errno.EDQUOT, full, 'retry all')
    assert failed(full) == ['3-c.jpg', '4-d [1].pdf']
    assert len(full.api.documents()) == 2
    lines = full.errors().splitlines()[before:]
    assert len(lines) == 3
    assert '/documents/sub/c.jpg' in lines[0] and '/documents/d [1].pdf' in lines[1]
    assert 'retry' in lines[0] and '2 of 4 could not be delivered' in lines[2]


@pytest.mark.parametrize('pattern, left', [
    ('*.pdf', [3]), ('[12]-*', [3, 4]), ('*', []), ('documents/*', [2]), ('*/sub/*', [1, 2, 4]),
    ('/documents/?.pdf', [2, 3, 4]), ('documents/sub/c.jpg', [1, 2, 4]),
    ('datasets/in/documents/*', [1, 3, 4]), ('datasets/in/documents/b.pdf', [1, 3, 4]),
    ('/datasets/in/*.pdf', [1, 3, 4]), ('datasets/*', [1, 3, 4]),
    ('datasets/las:dataset:*/b*', [1, 3, 4])])
def test_a_pattern_fits_names_and_paths(full, pattern, left):
    full.relent()
    full.control(f'retry {pattern}')
    assert [int(name.split('-')[0]) for name in failed(full)] == left
    assert len(full.api.documents()) == 4 - len(left)


def test_a_name_that_is_there_goes_before_a_pattern(full):
    full.relent()
    full.control('retry 4-d [1].pdf')
    assert failed(full) == ['1-a.pdf', '2-b.pdf', '3-c.jpg']
    fails(errno.ENOENT, full, 'retry 4-d [1].pdf')
    full.allow('No such file')


@pytest.mark.parametrize('pattern', ['*.tiff', 'documents/nothing/*', 'nothing/*', '[', '5-*'])
def test_what_fits_nothing_is_enoent_and_sends_nothing(full, pattern):
    full.allow('No such file', 'Invalid')
    with full.server.watch() as seen:
        fails(errno.ENOENT, full, f'retry {pattern}')
    assert not seen.changes and len(failed(full)) == 4


def test_texts_of_fields_are_among_all(mount, api):
    mount.allow('Invalid argument')
    mount.may_leave = True
    document = api.add_document(pdf(2000))
    mount.run(f'echo no-json > documents/{document}/groundTruth.json', status=None)
    assert failed(mount) == ['1-groundTruth.json']
    fails(errno.EINVAL, mount, 'retry all')
    fails(errno.EINVAL, mount, f'retry documents/{document}/*')
    assert failed(mount) == ['1-groundTruth.json']
