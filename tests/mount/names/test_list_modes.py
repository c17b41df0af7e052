"""What list=ids, names and drops show; whatever they show, everything resolves."""
import os

import pytest

from samples import pdf, small_pdf


def digits(resource, n=8):
    return resource.rpartition(':')[2][:n]


@pytest.mark.options('list=names')
def test_with_names_a_unique_name_is_shown_and_else_the_first_digits(mount, api):
    one, first, second, none = (api.add_dataset('one'), api.add_dataset('twice'),
                                api.add_dataset('twice'), api.add_dataset())
    shown = os.listdir(mount / 'datasets')
    assert sorted(shown) == sorted(['one', digits(first), digits(second), digits(none)])
    assert {(mount / 'datasets' / n / 'datasetId').read_text().strip() for n in shown} == \
        {one, first, second, none}


@pytest.mark.options('list=names')
def test_with_names_no_colon_is_shown(mount, api):
    api.add_documents(small_pdf(i) for i in range(300))
    api.add_dataset('a')
    for folder in ('documents', 'datasets'):
        names = os.listdir(mount / folder)
        assert len(names) == len(set(names)) == (300 if folder == 'documents' else 1)
        assert not any(':' in name for name in names)
    with mount.server.watch() as seen:
        assert mount.run('for d in documents/*; do test -e $d/contentType || echo $d; done').out == ''
    assert not seen.count('GET', '/documents/.*')


@pytest.mark.options('list=names')
def test_with_names_what_was_made_here_goes_first(mount, api, samples):
    os.mkdir(mount / 'datasets/same')
    theirs = api.add_dataset('same')
    mount.refresh()
    assert sorted(os.listdir(mount / 'datasets')) == sorted(['same', digits(theirs)])
    mount.run(f'cp {samples.pdf()} documents/')
    assert os.listdir(mount / 'documents') == ['scan.pdf']


@pytest.mark.options('list=names')
@pytest.mark.parametrize('name', ['a/b', '../../etc', '.hidden', 'line\nbreak', '100%', 'ä ö', '-rf',
                                  '😀', 'x' * 255])
def test_with_names_a_name_that_is_no_file_name_is_shown_encoded_and_resolves(mount, api, name):
    dataset = api.add_dataset(name)
    shown, = os.listdir(mount / 'datasets')
    assert '/' not in shown and '\n' not in shown and not shown.startswith('.')
    assert (mount / 'datasets' / shown / 'datasetId').read_text() == dataset + '\n'


@pytest.mark.options('list=names')
@pytest.mark.parametrize('name', ['ä' * 128, '/' * 100])
def test_with_names_a_name_that_is_too_long_gives_way_to_digits(mount, api, name):
    dataset = api.add_dataset(name)
    assert os.listdir(mount / 'datasets') == [digits(dataset)]


@pytest.mark.options('list=names')
def test_with_names_a_change_elsewhere_shows_after_a_refresh(mount, api):
    dataset = api.add_dataset('before')
    assert os.listdir(mount / 'datasets') == ['before']
    api.patch('datasets/' + dataset, name='after')
    mount.refresh()
    assert os.listdir(mount / 'datasets') == ['after']
    api.add_dataset('after')
    mount.refresh()
    assert 'after' not in os.listdir(mount / 'datasets')


@pytest.mark.options('list=names')
def test_with_names_rsync_to_a_disk_copies_each_resource_once(mount, api, tmp_path):
    ids = api.add_documents(small_pdf(i) for i in range(5))
    api.add_dataset('in')
    copy = tmp_path / 'copy'
    mount.run(f'rsync -a --no-links documents datasets {copy}/')
    assert sorted(p.read_bytes() for p in copy.glob('documents/*/content')) == \
        sorted(small_pdf(i) for i in range(5))
    assert sorted(p.name for p in (copy / 'documents').iterdir()) == sorted(map(digits, ids))
    assert (copy / 'datasets/in/name').read_text() == 'in\n'


@pytest.mark.options('list=names')
def test_with_names_ids_resolve_all_the_same(mount, api):
    dataset = api.add_dataset('one')
    for name in (dataset, digits(dataset), digits(dataset, 20), 'one'):
        assert (mount / 'datasets' / name / 'name').read_text() == 'one\n'


@pytest.mark.options('list=drops')
def test_with_drops_a_documents_folder_shows_what_was_dropped_there(mount, api, samples):
    dataset = api.add_dataset('in')
    other = api.add_document(pdf(3000), datasetId=dataset)
    mount.run(f'cp {samples.pdf()} datasets/in/documents/')
    assert os.listdir(mount / 'datasets/in/documents') == ['scan.pdf']
    assert os.listdir(mount / 'documents') == []
    assert os.listdir(mount / 'datasets') == ['in']
    assert (mount / 'datasets/in/documents' / other / 'content').read_bytes() == pdf(3000)
    mount.remount()
    assert os.listdir(mount / 'datasets/in/documents') == ['scan.pdf']


@pytest.mark.options('list=drops')
def test_with_drops_rm_of_all_deletes_only_what_was_dropped(mount, api, samples):
    other = api.add_document(pdf(3000))
    mount.run(f'cp {samples.pdf()} documents/ && rm -r documents/*')
    assert [d['documentId'] for d in api.documents()] == [other]


@pytest.mark.options('list=names')
def test_with_names_a_copy_fits_on_fat(mount, api, tmp_path):
    names = ['plain', 'a:b', 'why?', 'Case', 'case', 'dot.', 'quo"te', 'star*', 'two words']
    for name in names:
        api.add_dataset(name)
    api.add_documents(small_pdf(i) for i in range(3))
    copy, image = tmp_path / 'copy', tmp_path / 'fat.img'
    mount.run(f'rsync -rtL datasets documents {copy}/')
    mount.run(f'mformat -C -i {image} -T 32768 :: && mcopy -s -n -i {image} datasets documents ::',
              cwd=copy)
    listed = mount.run(f'mdir -b -i {image} ::/datasets').out.splitlines()
    shown = [line.removeprefix('::/datasets/').rstrip('/') for line in listed]
    assert sorted(shown) == sorted(os.listdir(copy / 'datasets'))
    assert len(shown) == len(names) and {'plain', 'two words'} < set(shown)
    for name in shown:
        assert mount.run(f'mtype -i {image} "::/datasets/{name}/name"').out.rstrip('\n') in names


@pytest.mark.server('--api', '2024')
@pytest.mark.options('list=names')
def test_with_names_a_document_has_its_name_and_digits_and_is_in_nobodys_way(mount, api, samples):
    theirs = api.add_document(small_pdf(1), name='scan.pdf')
    odd = api.add_document(small_pdf(2), name='a:b.pdf')  # a copy could not have it
    assert sorted(os.listdir(mount / 'documents')) == sorted([f'scan.pdf~{digits(theirs)}', digits(odd)])
    mount.run(f'cp {samples.pdf()} documents/')
    mount.refresh()
    assert sorted(os.listdir(mount / 'documents')) == sorted(
        ['scan.pdf', f'scan.pdf~{digits(theirs)}', digits(odd)])
    os.rmdir(mount / 'documents' / f'scan.pdf~{digits(theirs)}')
    assert sorted(api.content('documents/' + d['documentId']) for d in api.documents()) == \
        sorted([pdf(2000), small_pdf(2)])
    assert sorted(os.listdir(mount / 'documents')) == sorted(['scan.pdf', digits(odd)])


@pytest.mark.server('--api', '2024')
@pytest.mark.parametrize('mode', ['ids', 'drops'])
def test_in_other_lists_no_name_of_a_document_is_shown(lasfs, api, mode):
    theirs = api.add_document(small_pdf(1), name='scan.pdf')
    mount = lasfs(f'list={mode}')
    assert os.listdir(mount / 'documents') == ([theirs] if mode == 'ids' else [])
    assert (mount / 'documents' / f'scan.pdf~{digits(theirs)}' / 'content').read_bytes() == small_pdf(1)


@pytest.mark.server('--api', '2024')
@pytest.mark.options('list=names')
def test_with_names_a_document_that_is_called_otherwise_elsewhere_is_found_by_that(mount, api):
    theirs = api.add_document(small_pdf(1), name='scan.pdf')
    assert os.listdir(mount / 'documents') == [f'scan.pdf~{digits(theirs)}']
    api.patch('documents/' + theirs, name='bill.pdf')
    mount.refresh()
    assert os.listdir(mount / 'documents') == [f'bill.pdf~{digits(theirs)}']
    assert not (mount / 'documents' / f'scan.pdf~{digits(theirs)}').exists()
