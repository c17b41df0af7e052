"""What a listing shows, and what resolves though no listing shows it."""
import errno
import json
import os

import pytest

from samples import pdf, small_pdf


def fails(code, what, *arguments):
    with pytest.raises(OSError) as caught:
        what(*arguments)
    assert caught.value.errno == code, caught.value


def test_a_listing_shows_ids(mount, api):
    ids = {api.add_dataset('a'), api.add_dataset('b'), api.add_dataset()}
    assert set(os.listdir(mount / 'datasets')) == ids


def test_what_was_made_here_stands_under_its_name_where_it_was_made(mount, api, samples):
    mount.run(f'mkdir datasets/in && cp {samples.pdf()} datasets/in/documents/')
    document = api.only_document()['documentId']
    assert os.listdir(mount / 'datasets/in/documents') == ['scan.pdf']
    assert os.listdir(mount / 'documents') == [document]
    assert os.path.isdir(mount / 'documents' / document)


def test_drop_names_outlive_the_mount(mount, api, samples):
    mount.run(f'mkdir datasets/in && cp -p {samples.pdf()} datasets/in/documents/')
    mount.run(f'cp {samples.pdf("other.pdf", seed=1)} documents/')
    before = os.stat(mount / 'datasets/in/documents/scan.pdf')
    mount.remount()
    assert os.listdir(mount / 'datasets') == ['in']
    assert os.listdir(mount / 'datasets/in/documents') == ['scan.pdf']
    assert 'other.pdf' in os.listdir(mount / 'documents')
    after = os.stat(mount / 'datasets/in/documents/scan.pdf')
    for attribute in ('st_mtime_ns', 'st_size', 'st_mode', 'st_ino'):
        assert getattr(before, attribute) == getattr(after, attribute), attribute


def test_a_document_that_is_deleted_elsewhere_loses_its_name(mount, api, samples):
    mount.run(f'cp {samples.pdf()} documents/')
    api.delete('documents/' + api.only_document()['documentId'])
    mount.refresh()
    assert os.listdir(mount / 'documents') == []
    fails(errno.ENOENT, os.stat, mount / 'documents/scan.pdf')


def test_a_full_id_resolves(mount, api):
    dataset = api.add_dataset('a')
    assert (mount / 'datasets' / dataset / 'name').read_text() == 'a\n'


def test_a_short_id_resolves(mount, api):
    document = api.add_document(pdf(2000))
    short = document.rpartition(':')[2][:12]
    assert (mount / 'documents' / short / 'content').read_bytes() == pdf(2000)


def test_a_name_resolves(mount, api):
    dataset = api.add_dataset('their own')
    assert (mount / 'datasets/their own/datasetId').read_text() == dataset + '\n'


def test_an_ambiguous_name_is_enotuniq_and_the_error_line_names_the_ids(mount, api):
    mount.allow('not unique')
    first, second = api.add_dataset('twice'), api.add_dataset('twice')
    fails(errno.ENOTUNIQ, os.stat, mount / 'datasets/twice')
    assert first in mount.errors() and second in mount.errors()


def test_what_was_made_here_goes_before_other_peoples_of_the_same_name(mount, api):
    os.mkdir(mount / 'datasets/twice')
    mine = api.dataset_called('twice')['datasetId']
    theirs = api.add_dataset('twice')
    mount.refresh()
    assert (mount / 'datasets/twice/datasetId').read_text() == mine + '\n'
    assert sorted(os.listdir(mount / 'datasets')) == sorted(['twice', theirs])


def test_all_spellings_of_a_folder_are_one_folder(mount, api, samples):
    os.mkdir(mount / 'datasets/in')
    dataset = api.dataset_called('in')['datasetId']
    short = dataset.rpartition(':')[2][:10]
    mount.run(f'cp {samples.pdf()} ./datasets/{dataset}/documents/')
    for spelling in ('in', dataset, short):
        folder = mount / 'datasets' / spelling / 'documents'
        assert os.listdir(folder) == ['scan.pdf'], spelling
        assert (folder / 'scan.pdf').read_bytes() == pdf(2000)
    document = api.only_document()['documentId']
    assert (mount / 'datasets/in/documents' / document / 'content').read_bytes() == pdf(2000)


def test_a_document_of_another_dataset_is_not_in_this_one(mount, api):
    here, there = api.add_dataset('here'), api.add_dataset('there')
    document = api.add_document(pdf(2000), datasetId=there)
    assert os.listdir(mount / 'datasets' / here / 'documents') == []
    fails(errno.ENOENT, os.stat, mount / 'datasets' / here / 'documents' / document)


@pytest.mark.parametrize('name', [
    'las:document:' + '0' * 32, 'las:dataset:' + '0' * 32, 'las:document:..', 'nothing',
    'las:document:' + 'x' * 190, '..%2f..', 'deadbeef', '?maxResults=1', 'a?b', 'a#b', '%', ' ',
    '\x01', 'las:document:%00'])
def test_what_is_not_there_is_enoent(mount, api, name):
    api.add_document(pdf(2000))
    fails(errno.ENOENT, os.stat, mount / 'documents' / name)


def test_a_name_of_more_than_255_bytes_is_enametoolong(mount):
    mount.allow('255 bytes')
    fails(errno.ENAMETOOLONG, os.stat, mount / 'documents' / ('x' * 256))
    assert os.statvfs(mount / 'documents').f_namemax == 255


@pytest.mark.parametrize('name', ['scan 1.pdf', 'Übersicht.pdf', '統計.pdf', "it's.pdf", '-n.pdf',
                                  'x' * 251 + '.pdf', '100%.pdf', 'a:b.pdf'])
def test_a_dropped_file_may_have_any_name(mount, api, name):
    (mount / 'documents' / name).write_bytes(pdf(2000))
    assert os.listdir(mount / 'documents') == [name]
    mount.remount()
    assert os.listdir(mount / 'documents') == [name]
    assert (mount / 'documents' / name).read_bytes() == pdf(2000)
    os.unlink(mount / 'documents' / name)
    assert api.documents() == []


@pytest.mark.parametrize('name', ['a/b', '../../etc/passwd', '.hidden', 'tab\there', 'bell\x07'])
def test_a_hostile_name_of_the_server_leads_nowhere(mount, api, name):
    dataset = api.add_dataset(name)
    assert os.listdir(mount / 'datasets') == [dataset]
    assert (mount / 'datasets' / dataset / 'name').read_text() == name + '\n'
    text = (mount / 'datasets' / dataset / 'resource.json').read_text()
    assert dataset in text


def test_other_peoples_writes_are_seen_within_the_ttl(lasfs, api):
    from mounted import eventually
    mount = lasfs('list_ttl=1', 'meta_ttl=1')
    dataset = api.add_dataset('before')
    assert (mount / 'datasets' / dataset / 'name').read_text() == 'before\n'
    api.patch('datasets/' + dataset, name='after')
    other = api.add_dataset('other')
    eventually(lambda: (mount / 'datasets' / dataset / 'name').read_text() == 'after\n', 5)
    eventually(lambda: other in os.listdir(mount / 'datasets'), 5)


def test_inode_numbers_are_stable_and_distinct(mount, api):
    for i in range(3):
        api.add_document(small_pdf(i))
    folder = mount / 'documents'
    before = {n: os.stat(folder / n).st_ino for n in os.listdir(folder)}
    assert len(set(before.values())) == 3
    mount.remount()
    assert {n: os.stat(folder / n).st_ino for n in os.listdir(folder)} == before
    assert {e.name: e.inode() for e in os.scandir(folder)} == before


# --- Names that begin as an id does ------------------------------------------------------------

HEX = '0123456789abcdef' * 2


@pytest.mark.parametrize('listing', ['list=names', 'list=ids', 'list=drops'])
@pytest.mark.parametrize('name', [f'las:document:{HEX}.pdf', f'las:document:{HEX}-copy',
                                  f'las:document:{HEX}:2', 'las:document:scan'])
def test_a_name_is_an_id_only_when_it_is_one_whole(lasfs, api, samples, listing, name):
    mount = lasfs(listing)
    first, second = samples.pdf(size=3000), samples.pdf(size=4000, seed=1)
    mount.run('mkdir documents/sub; cp "$F" documents/"$N"; cp "$F" documents/sub/"$N"',
              F=first, N=name)
    assert len(api.documents()) == 2
    assert name in os.listdir(mount / 'documents') and name in os.listdir(mount / 'documents/sub')
    mount.remount(cold=True)
    assert name in os.listdir(mount / 'documents')
    mount.run('cmp "$F" documents/"$N"; cp "$S" documents/"$N"; cmp "$S" documents/"$N"',
              F=first, S=second, N=name)
    assert len(api.documents()) == 2
    # by its own id it is there too, and by nothing else
    ids = [d['documentId'] for d in api.documents()]
    for one in ids:
        assert os.path.isdir(mount / 'documents' / one)
    mount.run('mv documents/"$N" documents/b.pdf; mv documents/b.pdf documents/"$N"', N=name)
    mount.run('rm documents/"$N" documents/sub/"$N"', N=name)
    assert api.documents() == []
    assert not os.path.exists(mount / 'documents' / name)


def test_a_whole_id_is_nobody_s_name(mount, api, samples):
    mount.allow('given by the API')
    whole = f'las:document:{HEX}'
    mount.run(f'cp {samples.pdf()} documents/a.pdf')
    for script in (f'cp documents/a.pdf documents/{whole}', f'mkdir documents/{whole}',
                   f'mv documents/a.pdf documents/{whole}', f'mkdir datasets/las:dataset:{HEX}',
                   'mkdir documents/las:document:x', f'echo a > assets/las:asset:{HEX}',
                   f'mkdir documents/b; mv documents/b documents/{whole}'):
        ran = mount.run(script, status=1)
        assert 'Operation not permitted' in ran.err, ran
    assert len(api.documents()) == 1


def test_an_asset_called_like_an_id(mount, api):
    name = f'las:asset:{HEX}.txt'
    (mount / 'assets' / name).write_bytes(b'one')
    mount.remount()
    assert os.listdir(mount / 'assets') == [name]
    assert (mount / 'assets' / name).read_bytes() == b'one'
    (mount / 'assets' / name).write_bytes(b'two')
    (asset,) = api.list('assets')
    assert asset['name'] == name and api.content(f'assets/{asset["assetId"]}') == b'two'
    os.unlink(mount / 'assets' / name)
    assert api.list('assets') == []


def test_a_json_called_like_another_s_id(mount, api):
    """It is a file of that name; the id goes on being the other's."""
    other = api.post('datasets', name='other')['datasetId']
    (mount / f'datasets/{other}.json').write_text('{"description": "mine"}')
    mount.remount()
    assert (mount / f'datasets/{other}.json').read_text() == '{"description": "mine"}'
    assert (mount / f'datasets/{other}/name').read_text() == 'other\n'
    assert (mount / f'datasets/{other}/description').read_text() == ''
    (mount / f'datasets/{other}.json').write_text('{"description": "still mine"}')
    assert {d['description'] for d in api.list('datasets')} == {None, 'still mine'}
    os.unlink(mount / f'datasets/{other}.json')
    assert [d['datasetId'] for d in api.list('datasets')] == [other]


def test_later_ids_are_paths_where_the_server_has_them(lasfs, proxy, api):
    mount = lasfs(server=proxy)
    model = api.post('models', width=100, height=100, name='m', fieldConfig={
        'a': {'type': 'all', 'maxLength': 3}})['modelId']
    for later in ('las:model:some-words_2', f'cradl:model:{HEX}', 'cradl:model:words'):
        answer = json.dumps({**api.get(f'models/{model}'), 'modelId': later}).encode()
        rule = proxy.fault('GET', f'/models/{later}', status=200, body=answer)
        assert json.loads((mount / f'models/{later}/resource.json').read_text())['modelId'] == later
        assert rule.hits
    mount.run('ls models/las:model:others', status=2)
    proxy.fault('GET', '/models/las:model:malformed', status=400, message='no id')
    ran = mount.run('ls models/las:model:malformed', status=2)
    assert 'No such file' in ran.err
