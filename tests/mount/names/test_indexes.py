""".by-name, .by-id, .by-FIELD/VALUE and .list.jsonl: there by path, in no listing."""
import errno
import json
import os
import subprocess

import pytest

from samples import pdf, small_pdf


def fails(code, what, *arguments):
    with pytest.raises(OSError) as caught:
        what(*arguments)
    assert caught.value.errno == code, caught.value


def links(folder):
    return {name: os.readlink(folder / name) for name in os.listdir(folder)}


def digits(resource):
    return resource.rpartition(':')[2][:8]


COLLECTIONS = ['appClients', 'assets', 'datasets', 'documents', 'logs', 'models', 'predictions',
               'secrets', 'transitions', 'users', 'workflows']


@pytest.mark.parametrize('collection', COLLECTIONS)
def test_every_collection_has_them_and_lists_none(mount, collection):
    for name in ('.by-name', '.by-id'):
        assert os.path.isdir(mount / collection / name)
    assert os.path.isfile(mount / collection / '.list.jsonl')
    assert not [n for n in os.listdir(mount / collection) if n.startswith('.')]


def test_what_has_no_list_has_none(mount):
    assert not os.path.lexists(mount / 'organizations/.by-id')
    assert not os.path.lexists(mount / '.by-id')


def test_by_id_has_a_link_to_each_resource(mount, api):
    ids = api.add_documents(small_pdf(i) for i in range(250))
    assert links(mount / 'documents/.by-id') == {i: f'../{i}' for i in ids}
    assert (mount / 'documents/.by-id' / ids[0] / 'contentType').read_text() == 'application/pdf\n'


def test_by_name_has_a_link_to_each_resource_and_tells_clashing_names_apart(mount, api):
    one, two, three, none = (api.add_dataset('one'), api.add_dataset('same'),
                             api.add_dataset('same'), api.add_dataset())
    expected = {'one': f'../{one}', f'same~{digits(two)}': f'../{two}',
                f'same~{digits(three)}': f'../{three}', digits(none): f'../{none}'}
    assert links(mount / 'datasets/.by-name') == expected
    for name, target in expected.items():
        assert (mount / 'datasets/.by-name' / name / 'datasetId').read_text() == target[3:] + '\n'


def test_a_clashing_name_alone_is_enotuniq(mount, api):
    mount.allow('not unique')
    api.add_dataset('same'), api.add_dataset('same')
    fails(errno.ENOTUNIQ, os.stat, mount / 'datasets/.by-name/same')


def test_a_dropped_files_resource_is_there_by_its_name(mount, api, samples):
    mount.run(f'mkdir datasets/in && cp {samples.pdf()} datasets/in/documents/')
    document = api.only_document()['documentId']
    folder = mount / 'datasets/in/documents/.by-name'
    assert links(folder) == {'scan.pdf': f'../{document}'}
    assert (folder / 'scan.pdf/content').read_bytes() == pdf(2000)
    mount.run('echo 17 > datasets/in/documents/.by-name/scan.pdf/retentionInDays')
    assert api.only_document()['retentionInDays'] == 17


def test_a_name_that_another_ones_file_has_gives_way(mount, api):
    os.mkdir(mount / 'datasets/same')
    mine, theirs = api.dataset_called('same')['datasetId'], api.add_dataset('same')
    mount.refresh()
    assert links(mount / 'datasets/.by-name') == {'same': f'../{mine}',
                                                  f'same~{digits(theirs)}': f'../{theirs}'}


@pytest.mark.server('--api', '2024')
@pytest.mark.options('list=names')
def test_others_documents_are_there_by_what_their_files_were_called(mount, api):
    """By name, or by the path that other clients note; the listing has digits too, as a dropped file may come."""
    mount.allow('not unique', 'stands for')
    bodies = [{'name': 'invoice.pdf'}, {'name': 'same.pdf'}, {'name': 'same.pdf'}, {'name': '../up.pdf'},
              {'metadata': {'originalFilePath': '/home/x/scans/fax.pdf'}}, {}]
    ids = []
    for n, body in enumerate(bodies):
        ids.append(api.add_document(small_pdf(n)))
        if body:
            api.patch('documents/' + ids[-1], **body)
    folder = mount / 'documents/.by-name'
    assert links(folder) == {
        'invoice.pdf': f'../{ids[0]}', f'same.pdf~{digits(ids[1])}': f'../{ids[1]}',
        f'same.pdf~{digits(ids[2])}': f'../{ids[2]}', '%2E.%2Fup.pdf': f'../{ids[3]}',
        'fax.pdf': f'../{ids[4]}', digits(ids[5]): f'../{ids[5]}'}
    for name in links(folder):
        assert (folder / name / 'contentType').read_text() == 'application/pdf\n'
    fails(errno.ENOTUNIQ, os.stat, folder / 'same.pdf')
    shown = {'invoice.pdf': ids[0], 'fax.pdf': ids[4]} | {f'same.pdf#{n}': ids[n] for n in (1, 2)} | {
        '%2E.%2Fup.pdf': ids[3]}
    shown = {f'{name.partition("#")[0]}~{digits(i)}': i for name, i in shown.items()} | {digits(ids[5]): ids[5]}
    with mount.server.watch() as seen:
        assert set(os.listdir(mount / 'documents')) == set(shown)
        for name, i in shown.items():
            assert (mount / 'documents' / name / 'documentId').read_text() == i + '\n'
    assert not seen.of('GET', '/documents/.*')
    assert (mount / 'documents' / f'invoice.pdf~{digits(ids[0])}' / 'content').read_bytes() == small_pdf(0)
    assert not os.path.exists(mount / 'documents/invoice.pdf')
    (mount / 'documents/invoice.pdf').write_bytes(small_pdf(9))  # nobody's way is in it
    assert len(api.documents()) == len(ids) + 1
    assert os.readlink(folder / 'invoice.pdf') not in {f'../{i}' for i in ids}
    assert f'invoice.pdf~{digits(ids[0])}' in os.listdir(folder)


@pytest.mark.parametrize('collection', ['documents', 'datasets/in/documents'])
def test_a_folder_within_has_the_names_of_its_own_files(mount, api, samples, collection):
    samples.pdf(), samples.pdf('n.pdf', seed=2)
    mount.run(f'''set -e; mkdir datasets/in; cd {collection}; mkdir -p 2026/11
        cp {samples.folder}/scan.pdf 2026/11; cp {samples.folder}/n.pdf scan.pdf
        echo 17 > 2026/11/.by-name/scan.pdf/retentionInDays
        echo 18 > .by-name/scan.pdf/retentionInDays''')
    found = {api.content('documents/' + d['documentId']): d for d in api.documents()}
    inner, outer = found[pdf(2000)], found[pdf(2000, seed=2)]
    assert (inner['retentionInDays'], outer['retentionInDays']) == (17, 18)
    folder = mount / collection / '2026/11/.by-name'
    assert links(folder) == {'scan.pdf': '../../../' + inner['documentId']}
    assert (folder / 'scan.pdf/content').read_bytes() == pdf(2000)
    assert os.lstat(folder / 'scan.pdf').st_size == len(os.readlink(folder / 'scan.pdf'))
    assert links(mount / collection / '2026/.by-name') == {}
    assert os.listdir(mount / collection / '2026/11') == ['scan.pdf']
    fails(errno.ENOENT, os.stat, mount / collection / '2026/.by-name/scan.pdf/content')
    fails(errno.EEXIST, os.mkdir, mount / collection / '2026/.by-name')
    fails(errno.ENOENT, os.stat, mount / collection / '2026/.by-id')
    mount.run(f'mv {collection}/2026/11 {collection}/2026/12')
    assert links(mount / collection / '2026/12/.by-name').keys() == {'scan.pdf'}


def test_the_lists_filters_are_folders_of_values(mount, api):
    for kind in ('manual', 'docker', 'manual'):
        parameters = {'parameters': {'imageUrl': 'image'}} if kind == 'docker' else {}
        api.post('transitions', transitionType=kind, name=kind, **parameters)
    assert sorted(os.listdir(mount / 'transitions/.by-transitionType')) == ['docker', 'manual']
    rows = api.list('transitions')
    for kind in ('manual', 'docker'):
        with mount.server.watch() as seen:
            found = links(mount / 'transitions/.by-transitionType' / kind)
        assert found == {r['transitionId']: f"../../{r['transitionId']}" for r in rows
                         if r['transitionType'] == kind}
        queries = [r.query for r in seen.of('GET', '/transitions')]
        assert queries and all(f'transitionType={kind}' in query for query in queries)
    docker = mount / 'transitions/.by-transitionType/docker'
    name, = os.listdir(docker)
    assert (docker / name / 'name').read_text() == 'docker\n'


def test_filters_by_ids_list_the_values_that_are_there(mount, api):
    consents = [f'las:consent:{n:032x}' for n in range(3)]
    ids = {c: {api.add_document(small_pdf(10 * n + i), consentId=c) for i in range(n + 1)}
           for n, c in enumerate(consents)}
    assert sorted(os.listdir(mount / 'documents/.by-consentId')) == consents
    for consent in consents:
        assert set(os.listdir(mount / 'documents/.by-consentId' / consent)) == ids[consent]
    assert os.listdir(mount / 'documents/.by-consentId' / f'las:consent:{9:032x}') == []
    fails(errno.ENOENT, os.stat, mount / 'documents/.by-consentId/no-id')


def test_a_filter_in_a_folder_that_is_one_itself_holds_too(mount, api):
    dataset, consent = api.add_dataset('in'), f'las:consent:{7:032x}'
    inside = api.add_document(small_pdf(1), datasetId=dataset, consentId=consent)
    api.add_document(small_pdf(2), consentId=consent)
    api.add_document(small_pdf(3), datasetId=dataset)
    assert os.listdir(mount / 'datasets/in/documents/.by-consentId' / consent) == [inside]
    fails(errno.ENOENT, os.stat, mount / 'datasets/in/documents/.by-consentId' / consent /
          api.documents()[1]['documentId'])


def test_nothing_can_be_made_changed_or_removed_in_them(mount, api):
    mount.allow('.*')
    dataset = api.add_dataset('a')
    folder = mount / 'datasets/.by-name'
    fails(errno.EPERM, os.mkdir, folder / 'new')
    fails(errno.EPERM, os.unlink, folder / 'a')
    fails(errno.EPERM, os.rename, folder / 'a', folder / 'b')
    fails(errno.EPERM, os.symlink, 'x', folder / 'c')
    fails(errno.EPERM, open, folder / 'd', 'w')
    fails(errno.EPERM, os.rmdir, folder)
    fails(errno.EACCES, open, mount / 'datasets/.list.jsonl', 'w')
    assert [d['datasetId'] for d in api.list('datasets')] == [dataset]


def test_list_jsonl_is_the_whole_list_a_resource_a_line(mount, api):
    api.add_documents(small_pdf(i) for i in range(450))
    with mount.server.watch() as seen:
        text = (mount / 'documents/.list.jsonl').read_text()
    rows = [json.loads(line) for line in text.splitlines()]
    assert rows == api.documents()
    assert len(seen.all) == 2  # 100, and up to 1,000
    assert mount.run("jq -r .documentId documents/.list.jsonl | sort -u | wc -l").out == '450\n'


def test_list_jsonl_comes_as_the_pages_come(mount, api):
    api.add_documents(small_pdf(i) for i in range(1000))
    with mount.server.watch() as seen:
        assert len(mount.run('head -n 1 documents/.list.jsonl').out) > 50
    assert 1 <= len(seen.all) <= 5


def test_list_jsonl_can_be_read_again_from_its_start_and_anywhere(mount, api):
    api.add_documents(small_pdf(i) for i in range(230))
    with open(mount / 'documents/.list.jsonl', 'rb', buffering=0) as f:
        whole = b''.join(iter(lambda: f.read(5000), b''))
        f.seek(0)
        assert f.read(100) == whole[:100]
        assert os.pread(f.fileno(), 50, 20000) == whole[20000:20050]
        assert os.pread(f.fileno(), 50, 10) == whole[10:60]
        assert os.pread(f.fileno(), 50, len(whole) + 5) == b''


def test_find_and_tree_do_not_walk_into_them(mount, api):
    api.add_dataset('a')
    assert '.by-' not in mount.run('find . ; tree -a .').out


def test_rm_r_of_a_dataset_leaves_what_a_link_points_to_alone(mount, api, samples):
    mount.run(f'mkdir datasets/in && cp {samples.pdf()} datasets/in/documents/')
    other = api.add_document(pdf(3000))
    mount.run('rm -r datasets/in')
    assert [d['documentId'] for d in api.documents()] == [other]


def test_tar_keeps_links_as_links(mount, api, tmp_path):
    dataset = api.add_dataset('a')
    subprocess.run(['tar', '-C', mount / 'datasets', '-cf', tmp_path / 'x.tar', '.by-name'],
                   check=True)
    listing = subprocess.run(['tar', '-tvf', tmp_path / 'x.tar'], capture_output=True, text=True,
                             check=True).stdout
    assert f'.by-name/a -> ../{dataset}' in listing
