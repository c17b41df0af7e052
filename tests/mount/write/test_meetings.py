"""Operations that meet: renames and unlinks, names that have gone, ends in the middle."""
import os
import subprocess
import time

import pytest

from samples import pdf


def killed(mount):
    """The daemon's end without a word; its files stay."""
    mount.watchdog.cancel()
    mount.process.kill()
    mount.process.wait()
    mount.process = None


@pytest.mark.server('--latency', '400')
def test_a_rename_that_meets_an_unlink_finds_nothing(mount, api, samples):
    mount.allow('No such file')
    mount.run(f'mkdir datasets/two && cp {samples.pdf()} datasets/two/documents/f.pdf')
    other = f"datasets/{api.dataset_called('two')['datasetId']}/documents"
    mount.run(f'rm {other}/f.pdf & sleep .15; mv datasets/two/documents/f.pdf '
              'datasets/two/documents/g.pdf 2>/dev/null; wait; true')
    assert os.listdir(mount / 'datasets/two/documents') == []
    assert api.documents() == []


@pytest.mark.parametrize('tool', ["sed -i s/one/two/ {}", "perl -pi -e 's/one/two/' {}"])
def test_a_write_after_a_rename_onto_a_field_is_sent(mount, api, tool):
    mount.run('mkdir datasets/d && echo one > datasets/d/description')
    mount.run(tool.format('datasets/d/description') + '; echo three > datasets/d/description')
    assert api.dataset_called('d')['description'] == 'three'
    assert (mount / 'datasets/d/description').read_text() == 'three\n'


def test_a_write_through_a_name_that_has_gone_is_sent(mount, api, samples):
    mount.run(f'mkdir datasets/d && cp {samples.pdf()} datasets/d/documents/s.pdf')
    other = f"datasets/{api.dataset_called('d')['datasetId']}/documents/s.pdf"
    mount.run(f'stat {other} && rm datasets/d/documents/s.pdf && '
              f'cp {samples.pdf("n.pdf", seed=2)} {other}')
    assert api.content('documents/' + api.only_document()['documentId']) == pdf(2000, seed=2)


@pytest.mark.parametrize('old', [False, True], ids=['new', 'written-over'])
def test_half_a_file_is_not_a_file_after_a_kill_of_the_daemon(mount, api, samples, old):
    mount.may_leave = True
    if old:
        mount.run(f'cp {samples.pdf()} documents/half.pdf')
    before = api.documents()
    with subprocess.Popen(['bash', '-c', f'exec 6> {mount.path}/documents/half.pdf; '
                           f'head -c 900 {samples.pdf()} >&6; echo; read'], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as writer:
        writer.stdout.readline()
        time.sleep(0.5)  # what nobody waits for is on disk after 50 ms
        killed(mount)
        writer.stdin.close()
    mount.start()
    assert os.path.exists(mount / 'documents/half.pdf') == old
    assert not old or (mount / 'documents/half.pdf').read_bytes() == pdf(2000)
    assert [n.partition('-')[2] for n in os.listdir(mount / '.lasfs/failed')] == ['half.pdf']
    assert api.documents() == before


def test_giving_up_a_failed_version_keeps_the_good_one(mount, api, samples):
    mount.allow('Invalid argument')
    mount.run(f'cp {samples.pdf()} documents/c.pdf')
    samples.write('letter', b'no document\n' * 20)
    mount.run(f'cp {samples.folder}/letter documents/c.pdf', status=1)
    mount.run('rm .lasfs/failed/*-c.pdf')
    assert api.content('documents/' + api.only_document()['documentId']) == pdf(2000)
    assert (mount / 'documents/c.pdf').read_bytes() == pdf(2000)
    assert os.listdir(mount / 'documents') == ['c.pdf']


def test_what_is_not_complete_is_not_sent_by_a_rename(mount, api):
    mount.allow('File too large')
    mount.may_leave = True
    mount.run('head -c 4687501 /dev/zero | sed "1s/^/%PDF-1.4/" > documents/.big.pdf.AbCdEf '
              '|| true')
    mount.run('mv documents/.big.pdf.AbCdEf documents/big.pdf || true')
    assert api.documents() == []


def test_a_kill_between_close_and_release_leaves_a_sent_file(mount, api, samples):
    mount.run(f'cp {samples.pdf()} documents/z.pdf && mkdir datasets/two')
    killed(mount)
    mount.start()
    mount.run('mv documents/z.pdf datasets/two/documents/')
    two = api.dataset_called('two')['datasetId']
    assert api.only_document()['datasetId'] == two
    assert os.listdir(mount / 'datasets/two/documents') == ['z.pdf']


def test_equal_bytes_are_sent_again_when_their_document_is_gone(mount, api, samples):
    mount.run(f'cp {samples.pdf()} documents/')
    api.delete('documents/' + api.only_document()['documentId'])
    mount.run(f'cp {samples.pdf()} documents/')
    assert api.content('documents/' + api.only_document()['documentId']) == pdf(2000)


def test_a_sent_file_does_not_become_a_fields_text(mount, api, samples):
    mount.run(f'mkdir datasets/d && echo words > datasets/d/description && '
              f'cp {samples.pdf()} documents/p.pdf')
    with pytest.raises(OSError):
        os.rename(mount / 'documents/p.pdf', mount / 'datasets/d/description')
    assert api.dataset_called('d')['description'] == 'words'
    assert os.listdir(mount / 'documents') == ['p.pdf']


@pytest.mark.parametrize('folder', ['models', 'secrets', 'transitions', 'workflows', 'users'])
def test_no_file_is_taken_where_it_would_become_nothing(mount, folder):
    mount.allow('Operation not permitted')
    mount.run(f"echo '{{}}' > {folder}/x.txt", status=1)
    mount.run(f"echo '{{}}' > {folder}/.x.tmp && mv {folder}/.x.tmp {folder}/x.txt", status=1)
    mount.run(f'rm -f {folder}/.x.tmp')
    assert 'x.txt' not in os.listdir(mount / folder)


def test_rmdir_of_a_dataset_keeps_what_failed_in_it(mount, samples, api):
    mount.allow('Invalid argument', 'retry', 'No such file')
    mount.may_leave = True
    samples.write('letter', b'no document\n' * 20)
    mount.run('mkdir datasets/in')
    mount.run(f'cp {samples.folder}/letter datasets/in/documents/x.pdf', status=1)
    mount.run('rmdir datasets/in')
    assert not api.list('datasets')
    mount.remount()
    name, = os.listdir(mount / '.lasfs/failed')
    assert (mount / '.lasfs/failed' / name).read_bytes() == b'no document\n' * 20
    mount.run(f'echo retry {name} > .lasfs/control', status=1)
    assert 'the folder that it was put into is gone' in mount.errors()
    assert os.listdir(mount / '.lasfs/failed') == [name]


@pytest.mark.options('other=local')
@pytest.mark.parametrize('path', ['documents/notes.txt', 'documents/sub/notes.txt', '.notes.swp'])
@pytest.mark.parametrize('again', [False, True], ids=['', 'after a remount'])
def test_rmdir_of_a_dataset_with_a_local_file_is_refused(mount, api, path, again):
    mount.allow('not empty')
    mount.may_leave = True
    mount.run(f'mkdir -p datasets/in/documents/sub && echo mine > datasets/in/{path}')
    if not path.startswith('documents/sub/'):
        mount.run('rmdir datasets/in/documents/sub')
    if again:
        mount.remount()
    mount.run('rmdir datasets/in', status=1)
    assert api.dataset_called('in')
    assert (mount / 'datasets/in' / path).read_text() == 'mine\n'
    mount.run('rm -r datasets/in')
    assert not api.list('datasets')


def test_subfolders_are_not_shown_twice_after_a_remount(mount, api, samples):
    mount.run(f'mkdir -p documents/a/b && cp {samples.pdf()} documents/a/one.pdf && '
              f'cp {samples.pdf("n.pdf", seed=3)} documents/a/b/two.pdf')
    mount.remount()
    assert os.listdir(mount / 'documents') == ['a']
    assert len(api.documents()) == 2


def test_a_document_in_a_subfolder_that_is_deleted_elsewhere_loses_its_name(mount, api, samples):
    mount.run(f'mkdir documents/s && cp {samples.pdf()} documents/s/in.pdf')
    api.delete('documents/' + api.only_document()['documentId'])
    mount.refresh()
    assert os.listdir(mount / 'documents/s') == []
    mount.run('rm -r documents/s')


def test_documents_are_read_without_the_caches_directory(mount, samples):
    mount.run(f'cp {samples.pdf()} documents/')
    subprocess.run(['rm', '-rf', mount.folder / 'cache'], check=True)
    assert (mount / 'documents/scan.pdf').read_bytes() == pdf(2000)


def test_rm_r_of_a_folder_with_a_failed_file_succeeds(mount, samples):
    mount.allow('Invalid argument')
    samples.write('letter', b'no document\n' * 20)
    mount.run('mkdir documents/f')
    mount.run(f'cp {samples.folder}/letter documents/f/t.pdf', status=1)
    mount.run('rm -r documents/f')
    assert os.listdir(mount / 'documents') == []
    assert [n.partition('-')[2] for n in os.listdir(mount / '.lasfs/failed')] == ['t.pdf']
    mount.may_leave = True


def test_rm_r_of_documents_by_id_downloads_none(mount, api):
    api.add_documents([pdf(3000, seed=i) for i in range(5)])
    with mount.server.watch() as seen:
        mount.run('rm -r documents/las:*')
    assert not seen.count('GET', '/documents/.*')
    assert seen.count('DELETE', '/documents/.*') == 5
    assert api.documents() == []


def test_the_size_of_a_cold_content_is_told_when_it_is_asked_for(mount, api):
    folder = mount / f'documents/{api.add_document(pdf(3000))}'
    assert os.stat(folder / 'content').st_size == 3000
    mount.remount(cold=True)
    assert (folder / 'content').read_bytes() == pdf(3000)


def test_mv_of_a_resource_leaves_a_file_that_was_not_sent_alone(mount, api):
    mount.allow('Invalid argument')
    mount.may_leave = True
    mount.run("echo '{\"width\": 300, \"height\": 300, \"fieldConfig\": {}}' > models/a.json; "
              "echo 'no json' > models/b.json")
    mount.run('mv models/a models/b')
    name, = os.listdir(mount / '.lasfs/failed')
    assert (mount / '.lasfs/failed' / name).read_text() == 'no json\n'
    assert (mount / 'models/b.json.error.txt').exists()
    assert [m['name'] for m in api.list('models')] == ['b']


def test_mv_of_an_assets_directory_keeps_its_files_name_an_assets_name(mount, api, samples):
    mount.run(f'cp {samples.pdf("logo.png")} assets/')
    asset, = [a['assetId'] for a in api.list('assets')]
    os.stat(mount / 'assets' / asset)
    os.rename(mount / 'assets' / asset, mount / 'assets/foo.png')
    assert (mount / 'assets/foo.png').read_bytes() == pdf(2000), 'it is a file at once'
    assert (mount / 'assets' / asset / 'content').read_bytes() == pdf(2000)
    assert os.listdir(mount / 'assets') == ['foo.png']
    assert (mount / 'assets/foo.png').read_bytes() == pdf(2000)
    assert [a['name'] for a in api.list('assets')] == ['foo.png']


def test_a_sent_document_does_not_take_a_sidecars_name(mount, api, samples):
    mount.allow('Operation not permitted')
    mount.run(f'cp {samples.pdf()} documents/ && mv documents/scan.pdf documents/b.json', status=1)
    assert os.listdir(mount / 'documents') == ['scan.pdf']


def test_half_a_temporary_file_does_not_become_a_fields_text(mount, api):
    mount.allow('File too large', 'not complete', 'Input/output')
    mount.may_leave = True
    dataset = api.add_dataset('d')
    folder = mount / 'datasets' / dataset
    fd = os.open(folder / '.x.tmp', os.O_WRONLY | os.O_CREAT)
    os.write(fd, b'half')
    with pytest.raises(OSError):
        os.pwrite(fd, b'x', 1 << 40)
    try:
        os.close(fd)
    except OSError:
        pass  # it says so again
    with pytest.raises(OSError):
        os.rename(folder / '.x.tmp', folder / 'description')
    assert api.get('datasets/' + dataset)['description'] is None


def test_equal_bytes_again_are_one_document_though_the_list_lags(lasfs, api, proxy, samples):
    """The list that does not have it yet is no proof that it has gone."""
    mount = lasfs(server=proxy)
    proxy.fault('GET', '/documents', body=b'{"documents": [], "nextToken": null}')
    for _ in range(2):
        mount.run(f'cp {samples.pdf()} documents/')
    proxy.clear()
    assert len(api.documents()) == 1
    mount.unmount()


def test_a_failed_file_is_taken_back_once(mount, api, samples):
    mount.allow('Invalid argument', 'No such file')
    mount.may_leave = True
    samples.write('letter', b'no document\n' * 20)
    mount.run(f'cp {samples.folder}/letter documents/t.pdf', status=1)
    failed, = os.listdir(mount / '.lasfs/failed')
    mount.run(f'cp {samples.pdf()} documents/t.pdf')
    mount.run(f'echo "retry {failed}" > .lasfs/control', status=1)
    assert api.content('documents/' + api.only_document()['documentId']) == pdf(2000)

