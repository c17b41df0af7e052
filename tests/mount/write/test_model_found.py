"""Cases that the reference model has found, cut down to what matters."""
import errno
import mmap
import os
import threading

import pytest

from mounted import eventually
from samples import pdf


def test_an_assets_old_name_is_free_after_a_rename(mount, api):
    mount.run('echo one > assets/a && mv assets/a assets/b && echo two > assets/a')
    assert (mount / 'assets/a').read_text() == 'two\n'
    assert {(a['name'], api.content('assets/' + a['assetId'])) for a in api.list('assets')} == \
        {('a', b'two\n'), ('b', b'one\n')}


def test_an_editors_backup_of_an_asset_leaves_its_name_free(mount, api):
    mount.run('echo one > assets/a && mv assets/a assets/a~')
    assert not (mount / 'assets/a').exists()
    mount.run('echo two > assets/a')
    assert (mount / 'assets/a').read_text() == 'two\n'
    os.unlink(mount / 'assets/a~')


def test_a_parked_assets_old_name_leads_nowhere(mount, api):
    mount.allow('no .* called')
    mount.run('''set -e; cd assets; echo one > a; mv a a~
        ! test -e .by-name/a
        echo of the backup > .by-name/a~/description''')
    assert [a['description'] for a in api.list('assets')] == ['of the backup']
    os.unlink(mount / 'assets/a~')


@pytest.mark.parametrize('flags', [os.O_WRONLY, os.O_RDWR])
def test_a_write_to_an_unlinked_file_keeps_its_other_bytes(mount, api, samples, flags):
    mount.run(f'cp {samples.pdf()} documents/')
    fd = os.open(mount / 'documents/scan.pdf', flags)
    try:
        os.unlink(mount / 'documents/scan.pdf')
        os.pwrite(fd, b'new', 100)
        assert os.fstat(fd).st_size == 2000
        if flags == os.O_RDWR:
            data = pdf(2000)
            assert os.pread(fd, 3000, 0) == data[:100] + b'new' + data[103:]
    finally:
        os.close(fd)
    assert api.documents() == []


def test_a_write_to_a_replaced_file_leaves_nothing_in_the_spool(mount, samples):
    mount.run(f'cp {samples.pdf()} documents/a.pdf && cp {samples.pdf("n.pdf", seed=2)} '
              'documents/b.pdf')
    with open(mount / 'documents/a.pdf', 'r+b') as f:
        os.rename(mount / 'documents/b.pdf', mount / 'documents/a.pdf')
        f.write(b'gone')
    assert (mount / 'documents/a.pdf').read_bytes() == pdf(2000, seed=2)


@pytest.mark.parametrize('then', ['rm .lasfs/failed/*', 'cp good.pdf documents/a.pdf',
                                  'rsync -a good.pdf documents/a.pdf'])
def test_a_failed_files_bytes_leave_the_disk_with_it(mount, samples, then):
    mount.allow('Invalid argument')
    samples.write('letter', b'no document\n' * 20)
    samples.pdf('good.pdf')
    mount.run(f'cp {samples.folder}/letter documents/a.pdf; ls -l documents; '
              + then.replace('good.pdf', f'{samples.folder}/good.pdf'))
    eventually(lambda: not mount.spooled())


def test_an_empty_file_replaces_a_document_and_stays_empty(mount, api, samples):
    mount.run(f'cp {samples.pdf()} documents/a.pdf')
    os.close(os.open(mount / 'documents/b.part', os.O_CREAT | os.O_WRONLY))
    mount.run('mv -f documents/b.part documents/a.pdf')
    assert (mount / 'documents/a.pdf').read_bytes() == b''
    assert api.content('documents/' + api.only_document()['documentId']) == pdf(2000)
    mount.run(f'cp {samples.pdf("n.pdf", seed=2)} documents/a.pdf')
    assert api.content('documents/' + api.only_document()['documentId']) == pdf(2000, seed=2)


def test_equal_bytes_from_another_folder_are_sent_when_their_asset_is_gone(mount, api):
    mount.run('echo same > assets/a && echo same > documents/a.part')
    api.delete('assets/' + api.list('assets')[0]['assetId'])
    mount.run('mv -f documents/a.part assets/a')
    assert [api.content('assets/' + a['assetId']) for a in api.list('assets')] == [b'same\n']


def test_a_mapping_of_a_file_opened_for_appending_stores_in_its_place(mount, samples):
    mount.run(f'cp {samples.pdf()} documents/')
    with open(mount / 'documents/scan.pdf', 'a+b') as f, mmap.mmap(f.fileno(), 2000) as m:
        m[100:103] = b'new'
    data = pdf(2000)
    assert (mount / 'documents/scan.pdf').read_bytes() == data[:100] + b'new' + data[103:]


@pytest.mark.parametrize('then', ['', 'rm documents/scan.pdf'], ids=['there', 'removed'])
def test_a_reader_sees_what_was_written_over_it_and_sent(mount, samples, then):
    mount.run(f'cp {samples.pdf()} documents/scan.pdf')
    new = samples.pdf('new.pdf', 3000, seed=2)
    with open(mount / 'documents/scan.pdf', 'rb', buffering=0) as f:
        mount.run(f'cp {new} documents/scan.pdf')
        mount.run(then)
        assert f.read(10000) == pdf(3000, seed=2)


@pytest.mark.parametrize('to', ['assets/b.pdf', 'documents/b.pdf'])
def test_a_changed_document_does_not_leave_its_list(mount, api, samples, to):
    mount.may_leave = True
    mount.run(f'mkdir datasets/d && cp {samples.pdf()} datasets/d/documents/a.pdf && '
              'cd datasets/d/documents && mv a.pdf a.part && echo more >> a.part')
    with pytest.raises(OSError) as refused:
        os.rename(mount / 'datasets/d/documents/a.part', mount / to)
    assert refused.value.errno == errno.EXDEV
    assert api.only_document()['datasetId'] == api.dataset_called('d')['datasetId']


def test_a_name_that_moves_during_a_listing_is_listed_once(mount, api):
    long = 'x' * 240  # so that a listing takes several requests of the kernel
    for i in range(600):
        (mount / f'documents/{i:03}{long}').write_bytes(pdf(700, seed=i))
    mount.remount()
    with os.scandir(mount / 'documents') as entries:
        names = [next(entries).name]
        os.rename(mount / f'documents/599{long}', mount / f'documents/{names[0]}')
        names += [e.name for e in entries]
    assert len(names) == len(set(names))


@pytest.mark.server('--latency', '300')
@pytest.mark.options('content_cache=0')
@pytest.mark.parametrize('replace, between', [('mv documents/b.pdf documents/a.pdf', []),
                                              ('cat documents/b.pdf > documents/a.pdf', [b''])])
def test_an_open_that_meets_a_replacement_finds_bytes(mount, samples, replace, between):
    mount.run(f'cp {samples.pdf()} documents/a.pdf && '
              f'cp {samples.pdf("new.pdf", seed=2)} documents/b.pdf')
    ran = mount.run(f'{replace} & for i in {{1..8}}; do cat documents/a.pdf > '
                    f'{samples.folder}/$i & sleep .1; done; wait')
    assert ran.err == ''
    for i in range(1, 9):
        assert (samples.folder / str(i)).read_bytes() in [pdf(2000), pdf(2000, seed=2), *between]


def test_a_truncate_that_is_refused_leaves_what_there_was(mount):
    mount.allow('Invalid argument')
    mount.may_leave = True
    (mount / 'documents/a.pdf').write_bytes(pdf(2000))
    with pytest.raises(OSError):
        os.truncate(mount / 'documents/a.pdf', 4)
    assert (mount / 'documents/a.pdf').read_bytes() == pdf(2000)
    (mount / 'documents/b.pdf').touch()
    with pytest.raises(OSError):
        os.truncate(mount / 'documents/b.pdf', 100)
    assert not (mount / 'documents/b.pdf').exists()


def test_a_closed_temporary_file_is_there_after_a_kill_of_the_daemon(mount):
    mount.may_leave = True
    for i in range(20):
        (mount / f'documents/{i}.part').write_bytes(b'half')
    mount.watchdog.cancel()
    mount.process.kill()
    mount.process.wait()
    mount.start()
    for i in range(20):
        assert (mount / f'documents/{i}.part').read_bytes() == b'half'
    assert os.listdir(mount / '.lasfs/failed') == []


def test_a_write_to_a_replaced_asset_keeps_its_own_bytes(mount, api):
    mount.run('echo what it was > assets/a')
    mount.remount()
    with open(mount / 'assets/a', 'r+b', buffering=0) as f:
        mount.run('echo new > assets/b.part && mv assets/b.part assets/a')
        os.pwrite(f.fileno(), b'WHAT', 0)
        assert f.read(100) == b'WHAT it was\n'
    assert [api.content('assets/' + a['assetId']) for a in api.list('assets')] == [b'new\n']


@pytest.mark.parametrize('gone', [lambda path: os.unlink(path),
                                  lambda path: os.rename(path.parent / 'b.part', path)],
                         ids=['unlinked', 'replaced'])
def test_what_was_gone_and_open_leaves_nothing_after_a_kill_of_the_daemon(mount, gone):
    (mount / 'documents/b.part').touch()
    with open(mount / 'documents/a.pdf', 'wb', buffering=0) as f:
        f.write(b'%PDF-1.4\n')
        gone(mount / 'documents/a.pdf')
        f.write(b'more')
        mount.watchdog.cancel()
        mount.process.kill()
        mount.process.wait()
        with pytest.raises(OSError):
            f.write(b'late')
        try:
            f.close()
        except OSError:
            pass
    mount.start()
    for name in os.listdir(mount / 'documents'):
        os.unlink(mount / 'documents' / name)
    assert mount.spooled() == []


def test_what_failed_twice_leaves_nothing_after_a_kill_of_the_daemon(mount):
    mount.allow('Invalid argument', 'not complete')
    with pytest.raises(OSError):
        (mount / 'documents/a.pdf').write_bytes(b'no document')
    fd = os.open(mount / 'documents/a.pdf', os.O_WRONLY | os.O_CREAT)
    os.write(fd, b'%PDF-1.4\n')
    os.fsync(fd)
    mount.watchdog.cancel()
    mount.process.kill()
    mount.process.wait()
    with pytest.raises(OSError):
        os.close(fd)
    mount.start()
    for name in os.listdir(mount / '.lasfs/failed'):
        os.unlink(mount / '.lasfs/failed' / name)
    assert mount.spooled() == []


def meanwhile(proxy, path, first, done, second):
    """first's answer comes after second is done, which the server did later."""
    rule = proxy.fault('PATCH', path, stall='after', times=1)
    one = threading.Thread(target=first)
    one.start()
    eventually(done)
    second()
    rule.released.set()
    one.join()


def test_an_answer_that_is_overtaken_by_another_is_not_believed(lasfs, proxy, api):
    mount = lasfs(server=proxy)
    (mount / 'documents/a.pdf').write_bytes(pdf(2000))
    said = mount / 'documents/.by-name/a.pdf'
    meanwhile(proxy, '/documents/.*', lambda: (said / 'groundTruth.json').write_text('{"n": "1"}'),
              lambda: api.only_document().get('groundTruth'),
              lambda: (said / 'retentionInDays').write_text('99'))
    assert api.only_document()['retentionInDays'] == 99
    assert (said / 'retentionInDays').read_text() == '99\n'


@pytest.mark.parametrize('collection, field', [('assets', 'description'),
                                               ('documents', 'retentionInDays')])
def test_what_was_removed_while_it_was_changed_does_not_come_back(lasfs, proxy, api, collection,
                                                                  field):
    mount = lasfs(server=proxy)
    (mount / collection / 'a').write_bytes(pdf(2000))
    os.listdir(mount / collection)
    meanwhile(proxy, f'/{collection}/.*',
              lambda: (mount / collection / '.by-name/a' / field).write_text('17'),
              lambda: str(api.list(collection)[0].get(field)) == '17',
              lambda: os.unlink(mount / collection / 'a'))
    assert os.listdir(mount / collection) == []
    assert not (mount / collection / 'a').exists()


@pytest.mark.parametrize('first', ['content', 'description'])
def test_an_asset_is_as_long_as_it_is_when_two_change_it_at_once(lasfs, proxy, api, first):
    mount = lasfs(server=proxy)
    (mount / 'assets/a').write_bytes(b'old and longer')
    assert os.stat(mount / 'assets/a').st_size == 14
    changes = {'content': lambda: (mount / 'assets/a').write_bytes(b'new'),
               'description': lambda: (mount / 'assets/.by-name/a/description').write_text('x')}
    path = 'assets/' + api.list('assets')[0]['assetId']
    done = {'content': lambda: api.content(path) == b'new',
            'description': lambda: api.get(path).get('description') == 'x'}
    meanwhile(proxy, '/assets/.*', changes.pop(first), done[first], changes.popitem()[1])
    assert os.stat(mount / 'assets/a').st_size == 3
    assert (mount / 'assets/a').read_bytes() == b'new'
    assert (mount / 'assets/.by-name/a/description').read_text() == 'x\n'


def test_what_is_written_after_a_move_to_another_collection_and_a_look_there_shows(mount):
    mount.may_leave = True
    with open(mount / 'assets/b.part', 'wb', buffering=0) as f:
        os.rename(mount / 'assets/b.part', mount / 'documents/b.pdf')
        mount.run('ls -l documents')
        f.write(pdf(2000))
        assert (mount / 'documents/b.pdf').read_bytes() == pdf(2000)
