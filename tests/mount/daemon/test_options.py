"""Options that change what one may do, and whose it is."""
import errno
import os
import stat
import subprocess

import pytest

from mounted import eventually
from samples import pdf


def fails(code, what, *arguments):
    with pytest.raises(OSError) as caught:
        what(*arguments)
    assert caught.value.errno == code, caught.value


@pytest.fixture
def read_only(lasfs, api):
    api.ids = (api.add_document(pdf(2000)), api.add_dataset('kept'))
    mount = lasfs('ro')
    mount.allow('Read-only file system')
    return mount


CHANGES = ['cp {scan} documents/', 'touch documents/new.pdf', 'mkdir datasets/new',
           'mkdir documents/2026', 'mv ./datasets/{dataset} datasets/new',
           'rmdir ./datasets/{dataset}', 'rmdir ./documents/{document}',
           'echo other > ./datasets/{dataset}/name', 'echo x > assets/new',
           'echo {dataset} > ./documents/{document}/datasetId',
           'truncate -s 0 ./datasets/{dataset}/description', 'rm -r ./documents/{document}']


@pytest.mark.parametrize('command', CHANGES)
def test_ro_refuses_every_change_with_erofs(read_only, api, samples, command):
    document, dataset = api.ids
    with read_only.server.watch() as seen:
        ran = read_only.run(command.format(scan=samples.pdf(), document=document, dataset=dataset),
                            status=None)
    assert ran.status > 0
    assert 'Read-only file system' in ran.err, ran.err
    assert not seen.changes


def test_ro_reads(read_only, api):
    document, dataset = api.ids
    assert (read_only / 'documents' / document / 'content').read_bytes() == pdf(2000)
    assert (read_only / 'datasets' / dataset / 'name').read_text() == 'kept\n'


def test_ro_takes_commands(read_only, api):
    os.listdir(read_only / 'datasets')
    api.add_dataset('new')
    read_only.run('touch .lasfs/refresh')
    assert len(os.listdir(read_only / 'datasets')) == 2


@pytest.mark.options('nodelete')
@pytest.mark.parametrize('command', ['rm documents/scan.pdf', 'rmdir ./documents/{document}',
                                     'rmdir datasets/mine', 'rm -r datasets/mine'])
def test_nodelete_refuses_every_delete_with_eperm(mount, api, samples, command):
    mount.allow('not permitted')
    mount.run(f'mkdir datasets/mine && cp {samples.pdf()} documents/')
    document = api.only_document()['documentId']
    with mount.server.watch() as seen:
        ran = mount.run(command.format(document=document), status=1)
    assert 'Operation not permitted' in ran.err
    assert not seen.count('DELETE')
    assert len(api.documents()) == len(api.list('datasets')) == 1


@pytest.mark.options('nodelete')
def test_with_nodelete_a_document_that_is_written_over_stays_under_its_id(mount, api, samples):
    mount.run(f'cp {samples.pdf()} documents/')
    old = api.only_document()['documentId']
    mount.run(f'cp {samples.pdf(seed=1)} documents/')
    assert len(api.documents()) == 2
    assert sorted(os.listdir(mount / 'documents')) == sorted([old, 'scan.pdf'])
    assert (mount / 'documents/scan.pdf').read_bytes() == pdf(2000, 1)
    assert (mount / 'documents' / old / 'content').read_bytes() == pdf(2000)


@pytest.mark.options('nodelete')
def test_with_nodelete_an_empty_local_file_can_be_removed(mount, api):
    mount.run('touch documents/empty.pdf && rm documents/empty.pdf')


def test_uid_gid_and_umask(lasfs, api, samples):
    dataset = api.add_dataset('a')
    mount = lasfs('uid=12', 'gid=34', 'umask=027')
    mount.run(f'cp {samples.pdf()} documents/')
    for path, mode in (('.', stat.S_IFDIR | 0o750), (f'datasets/{dataset}', stat.S_IFDIR | 0o750),
                       (f'datasets/{dataset}/name', stat.S_IFREG | 0o640),
                       (f'datasets/{dataset}/version', stat.S_IFREG | 0o440)):
        st = os.stat(mount / path)
        assert (st.st_uid, st.st_gid, oct(st.st_mode)) == (12, 34, oct(mode)), path
    st = os.stat(mount / 'documents/scan.pdf')
    assert (st.st_uid, st.st_gid) == (12, 34)


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can become another user')
def test_others_are_kept_out_unless_allowed(lasfs, api, passable):
    dataset = api.add_dataset('a')

    def as_nobody(mount, path):
        return subprocess.run(['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups',
                               'cat', str(mount / path)], capture_output=True, text=True,
                              check=False)

    closed = lasfs(name='closed')
    assert 'Permission denied' in as_nobody(closed, 'README').stderr
    opened = lasfs('allow_other', 'umask=022', name='opened')
    assert as_nobody(opened, f'datasets/{dataset}/name').stdout == 'a\n'
    private = lasfs('allow_other', name='private')
    assert 'Permission denied' in as_nobody(private, f'datasets/{dataset}/name').stderr


@pytest.mark.options('scratch=*.draft:zz*')
def test_scratch_adds_names_that_stay_local(mount, api):
    with mount.server.watch() as seen:
        (mount / 'documents/a.draft').write_bytes(pdf(2000))
        (mount / 'documents/zz.pdf').write_bytes(pdf(2001))
    assert not seen.changes
    mount.run('mv documents/a.draft documents/a.pdf && rm documents/zz.pdf')
    assert api.content('documents/' + api.only_document()['documentId']) == pdf(2000)


@pytest.mark.parametrize('name', ['.a.pdf.swp', 'a.pdf~', '.#a.pdf', 'a.pdf.part', 'a.crdownload',
                                  'a.tmp', '~$a.pdf', '.goutputstream-ABC123', 'sedAbC123',
                                  '.a.pdf.X1y2Z3', 'Thumbs.db', '.DS_Store', '._a.pdf', '4913'])
def test_a_scratch_file_is_uploaded_when_it_gets_a_real_name(mount, api, name):
    with mount.server.watch() as seen:
        (mount / 'documents' / name).write_bytes(pdf(2000))
    assert not seen.changes
    os.rename(mount / 'documents' / name, mount / 'documents/a.pdf')
    assert api.content('documents/' + api.only_document()['documentId']) == pdf(2000)
    assert os.listdir(mount / 'documents') == ['a.pdf']


def test_a_content_cache_of_nothing_still_reads(lasfs, api):
    document = api.add_document(pdf(1 << 20))
    mount = lasfs('content_cache=0')
    for _ in range(2):
        assert (mount / 'documents' / document / 'content').read_bytes() == pdf(1 << 20)


def test_the_content_cache_keeps_to_its_size(lasfs, api):
    documents = [api.add_document(pdf(1 << 20, seed)) for seed in range(5)]
    mount = lasfs('content_cache=2M')
    for seed, document in enumerate(documents):
        assert (mount / 'documents' / document / 'content').read_bytes() == pdf(1 << 20, seed)

    def on_disk():
        return sum(p.stat().st_size for p in (mount.folder / 'cache').rglob('*')
                   if p.is_file() and p.stat().st_size >= 1 << 20)
    eventually(lambda: on_disk() <= 2 << 20, 5, 'a cache within its size')


def test_files_of_the_cache_and_the_state_are_for_the_owner_alone(mount, api, samples):
    (mount / 'documents' / api.add_document(pdf(2000)) / 'content').read_bytes()
    mount.run(f'cp {samples.pdf()} documents/')
    mount.unmount()
    files = [p for top in (mount.state, mount.folder / 'cache') for p in top.rglob('*')]
    assert files
    for path in files:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode & 0o077 == 0, f'{path} {oct(mode)}'


@pytest.mark.options('max_rps=5')
def test_max_rps_slows_it_down(mount, api):
    import time
    documents = [api.add_document(pdf(2000, i)) for i in range(10)]
    begin = time.monotonic()
    for i, document in enumerate(documents):
        (mount / 'documents' / document / 'content').read_bytes()
    assert time.monotonic() - begin > 1.0
