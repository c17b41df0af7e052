"""One thing with two ways to it, one fact with two keepers: what is done by one is what the other says."""
import contextlib
import json
import os
import subprocess
import time

import pytest

from machines import TTL, both_apis, both_modes, called, loose, today
from mounted import eventually
from samples import pdf, small_pdf
from fault.test_lost_answers import documents

LABELS = '{"total": "%s"}'


def machines(lasfs, proxy, *more):
    """Two mounts of one account; the second one through the proxy."""
    both = lasfs(*TTL), lasfs(*TTL, *more, server=proxy)
    return tuple(loose(one) for one in both)


def labels(api, data):
    for d in api.documents():
        if api.content('documents/' + d['documentId']) == data:
            return [label['value'] for label in d.get('groundTruth') or []]
    return None


def seen_and_renamed(a, b, api, meanwhile=lambda: None):
    """Both know scan.pdf; a calls it kept.pdf, which is told. b looks into no folder since."""
    (a / 'documents/scan.pdf').write_bytes(small_pdf(1))
    (a / 'documents/scan.pdf.json').write_text(LABELS % 1)
    a.control('flush')
    b.refresh()
    assert 'scan.pdf' in os.listdir(b / 'documents')
    meanwhile()
    os.rename(a / 'documents/scan.pdf', a / 'documents/kept.pdf')
    eventually(lambda: called(api, small_pdf(1)) == 'kept.pdf')
    time.sleep(2.5)  # longer than what b knows is believed


# --- Lost: what another machine has renamed --------------------------------------------------------

def overwrite(b):
    (b / 'documents/scan.pdf').write_bytes(small_pdf(2))


def append(b):
    with open(b / 'documents/scan.pdf', 'ab') as f:
        f.write(b'more')


def rename_over(b):
    (b / 'documents/.scan.pdf.Ab12Cd').write_bytes(small_pdf(2))
    os.rename(b / 'documents/.scan.pdf.Ab12Cd', b / 'documents/scan.pdf')


def remove(b):
    os.unlink(b / 'documents/scan.pdf')


def rsync(b):
    source = b.folder / 'source/scan.pdf'
    source.parent.mkdir()
    source.write_bytes(small_pdf(2) + b'longer')
    subprocess.run(['rsync', '-a', source, b / 'documents/'], check=True)


@today
@both_modes
@pytest.mark.parametrize('use', [overwrite, append, rename_over, rsync, remove])
def test_what_another_machine_has_renamed_is_not_deleted_by_its_old_name(lasfs, proxy, api, more, use):
    """A scanner's new scan.pdf deletes what somebody has filed as kept.pdf."""
    a, b = machines(lasfs, proxy, *more)
    seen_and_renamed(a, b, api)
    with contextlib.suppress(OSError):  # what is appended to nothing is no document
        use(b)
    b.control('flush')
    assert called(api, small_pdf(1)) == 'kept.pdf'
    a.refresh()
    assert (a / 'documents/kept.pdf').read_bytes() == small_pdf(1)


@today
@both_modes
@pytest.mark.parametrize('use', [overwrite, remove])
def test_nor_what_it_has_moved_into_a_dataset(lasfs, proxy, api, more, use):
    """It was moved into a dataset; documents/ has all documents, and asks nobody where it is."""
    a, b = machines(lasfs, proxy, *more)
    there = f'datasets/{api.add_dataset("filed")}/documents'
    (a / 'documents/scan.pdf').write_bytes(small_pdf(1))
    b.refresh()
    assert os.listdir(b / 'documents') == ['scan.pdf']
    os.rename(a / 'documents/scan.pdf', a / there / 'kept.pdf')
    eventually(lambda: called(api, small_pdf(1)) == 'kept.pdf')
    time.sleep(2.5)
    with contextlib.suppress(FileNotFoundError):
        use(b)
    b.control('flush')
    assert called(api, small_pdf(1)) == 'kept.pdf'


@today
@pytest.mark.parametrize('use', [overwrite, rename_over, remove])
def test_what_another_machine_renames_while_this_one_is_offline_is_not_deleted(lasfs, proxy, api, use):
    """With writeback: done while it was scan.pdf, sent when it is kept.pdf."""
    a, b = machines(lasfs, proxy, 'writeback', 'settle=0')
    (a / 'documents/scan.pdf').write_bytes(small_pdf(1))
    b.refresh()
    assert os.listdir(b / 'documents') == ['scan.pdf']
    for verb, path in ('DELETE', '/documents/.*'), ('POST', '/documents'):
        proxy.fault(verb, path, status=503)
    use(b)
    os.rename(a / 'documents/scan.pdf', a / 'documents/kept.pdf')
    eventually(lambda: called(api, small_pdf(1)) == 'kept.pdf')
    proxy.clear()
    b.control('flush')
    assert called(api, small_pdf(1)) == 'kept.pdf'


@today
@both_modes
def test_what_another_machine_has_renamed_is_not_deleted_with_its_backup(lasfs, proxy, api, more):
    """mv scan.pdf scan.pdf~; rm scan.pdf~"""
    a, b = machines(lasfs, proxy, *more)
    seen_and_renamed(a, b, api, lambda: os.rename(b / 'documents/scan.pdf', b / 'documents/scan.pdf~'))
    os.unlink(b / 'documents/scan.pdf~')
    b.control('flush')
    assert called(api, small_pdf(1)) == 'kept.pdf'


@today
@both_modes
def test_a_retry_does_not_delete_what_another_machine_has_renamed(lasfs, proxy, api, more):
    a, b = machines(lasfs, proxy, *more)

    def fail():
        proxy.fault('POST', '/documents', status=400)
        with contextlib.suppress(OSError):
            overwrite(b)
            b.control('flush')
        proxy.clear()
        assert len(os.listdir(b / '.lasfs/failed')) == 1
    seen_and_renamed(a, b, api, fail)
    b.control('retry all')
    b.control('flush')
    assert called(api, small_pdf(1)) == 'kept.pdf'
    assert called(api, small_pdf(2)) == 'scan.pdf'


@today
@both_modes
def test_a_retry_does_not_replace_what_another_machine_put_there_since(lasfs, proxy, api, more):
    """What had failed is older: here a file that is written after it would have superseded it."""
    a, b = machines(lasfs, proxy, *more)
    proxy.fault('POST', '/documents', status=400)
    with contextlib.suppress(OSError):
        (b / 'documents/scan.pdf').write_bytes(small_pdf(1))
        b.control('flush')
    proxy.clear()
    assert len(os.listdir(b / '.lasfs/failed')) == 1
    (a / 'documents/scan.pdf').write_bytes(small_pdf(2))
    (a / 'documents/scan.pdf.json').write_text(LABELS % 2)
    time.sleep(1.5)
    assert 'scan.pdf' in os.listdir(b / 'documents')
    with contextlib.suppress(OSError):
        b.control('retry all')
        b.control('flush')
    assert labels(api, small_pdf(2)) == ['2']
    assert labels(api, small_pdf(1)) != ['2']


@today
@both_modes
def test_a_folder_that_another_machine_has_renamed_is_not_that_of_before(lasfs, proxy, api, more):
    """mv in 2025: the next in/scan.pdf deletes 2025/scan.pdf."""
    a, b = machines(lasfs, proxy, *more)
    (a / 'documents/in').mkdir()
    (a / 'documents/in/scan.pdf').write_bytes(small_pdf(1))
    b.refresh()
    assert os.listdir(b / 'documents') == ['in'] and os.listdir(b / 'documents/in') == ['scan.pdf']
    os.rename(a / 'documents/in', a / 'documents/2025')
    eventually(lambda: called(api, small_pdf(1)) == '2025/scan.pdf')
    time.sleep(2.5)
    (b / 'documents/in/scan.pdf').write_bytes(small_pdf(2))
    b.control('flush')
    assert called(api, small_pdf(1)) == '2025/scan.pdf'
    assert called(api, small_pdf(2)) == 'in/scan.pdf'


@today
@both_modes
@pytest.mark.parametrize('file', ['scan.pdf.json', '.by-name/scan.pdf/groundTruth.json'])
def test_labels_by_an_old_name_are_not_those_of_what_was_renamed(lasfs, proxy, api, more, file):
    """The new scan's sidecar comes first: kept.pdf gets its labels, and loses its own."""
    a, b = machines(lasfs, proxy, *more)
    seen_and_renamed(a, b, api)
    with contextlib.suppress(FileNotFoundError):
        (b / 'documents' / file).write_text(LABELS % 2)
    with contextlib.suppress(OSError):
        b.control('flush')
    assert labels(api, small_pdf(1)) == ['1']


@today
@both_modes
@pytest.mark.parametrize('tool', ['rsync -a', 'cp -p'])
def test_what_is_copied_again_is_there_though_another_machine_has_renamed_it(lasfs, proxy, api, more, tool):
    """Nothing is sent, for it is there under the old name, which is no more."""
    a, b = machines(lasfs, proxy, *more)
    source = b.folder / 'scan.pdf'
    source.write_bytes(small_pdf(1))
    a.run(f'cp -p {source} documents/')
    b.refresh()
    assert os.listdir(b / 'documents') == ['scan.pdf']
    os.rename(a / 'documents/scan.pdf', a / 'documents/kept.pdf')
    eventually(lambda: called(api, small_pdf(1)) == 'kept.pdf')
    time.sleep(2.5)
    b.run(f'{tool} {source} documents/')
    b.control('flush')
    b.refresh()
    assert sorted(os.listdir(b / 'documents')) == ['kept.pdf', 'scan.pdf']


# --- Lost: what others have renamed in the API itself ----------------------------------------------

@both_apis
@both_modes
def test_an_asset_that_others_have_renamed_is_not_overwritten_by_its_old_name(lasfs, api, generation, more):
    """'two' is overwritten, 'one' stays as it was, and who wrote 'one' is told that all is well."""
    a, b = (loose(lasfs(*TTL, *more, 'list=names')) for _ in range(2))
    (b / 'assets/one').write_bytes(b'first')
    b.control('flush')
    a.run('mv assets/one assets/two')
    (a / 'assets/one').write_bytes(b'other')
    a.control('flush')
    time.sleep(2)
    b.refresh()
    os.listdir(b / 'assets')
    with contextlib.suppress(OSError):
        (b / 'assets/one').write_bytes(b'new')
        b.control('flush')
    there = {x['name']: api.content('assets/' + x['assetId']) for x in api.list('assets')}
    assert there['two'] == b'first'


@both_apis
@pytest.mark.parametrize('again', [False, True], ids=['', 'remounted'])
@pytest.mark.parametrize('use', ['rm', 'put'])
def test_a_dataset_that_others_have_renamed_is_not_used_by_its_old_name(lasfs, api, generation, again, use):
    """The name field, the listing and .by-name of one mount say three things; rm -r inv deletes old."""
    a, b = (loose(lasfs(*TTL, 'list=names')) for _ in range(2))
    b.run('mkdir datasets/inv')
    (b / 'datasets/inv/documents/x.pdf').write_bytes(small_pdf(1))
    a.refresh()
    a.run('mv datasets/inv datasets/old && mkdir datasets/inv')
    (a / 'datasets/inv/documents/y.pdf').write_bytes(small_pdf(2))
    if again:
        b.remount()
    time.sleep(2)
    b.refresh()
    assert 'inv' in os.listdir(b / 'datasets')
    if use == 'rm':
        b.run('rm -r datasets/inv')
        assert [d['name'] for d in api.list('datasets')] == ['old']
        assert documents(api) == [small_pdf(1)]
    else:
        (b / 'datasets/inv/documents/z.pdf').write_bytes(small_pdf(3))
        assert len(api.documents(datasetId=api.dataset_called('inv')['datasetId'])) == 2
        assert (b / 'datasets/.by-name/inv/name').read_text() == 'inv\n'


@both_apis
@pytest.mark.parametrize('use', ['rm', 'put'])
def test_a_model_that_others_have_renamed_is_not_used_by_its_old_name(lasfs, api, generation, use):
    """rm reader.json deletes the model writer."""
    mount = loose(lasfs(*TTL, 'list=names'))
    body = {'fieldConfig': {'total': {'type': 'amount', 'maxLength': 20}}}
    if generation == '2021':
        body |= {'width': 300, 'height': 300}
    (mount / 'models/reader.json').write_text(json.dumps(body))
    model, = (m['modelId'] for m in api.list('models'))
    api.patch('models/' + model, name='writer')
    other = api.post('models', name='reader', **body)['modelId']
    time.sleep(2)
    mount.refresh()
    os.listdir(mount / 'models')
    if use == 'rm':
        with contextlib.suppress(OSError):
            os.unlink(mount / 'models/reader.json')
        assert [m['name'] for m in api.list('models') if m['modelId'] == model] == ['writer']
    else:
        with contextlib.suppress(OSError):
            (mount / 'models/reader.json').write_text(json.dumps({**body, 'description': 'mine'}))
        assert not api.get('models/' + model).get('description')
        assert api.exists('models/' + other)


# --- What the question costs -----------------------------------------------------------------------

@today
@both_modes
def test_what_was_listed_just_now_costs_a_look_at_its_list_at_most(lasfs, api, more):
    """rm -r, and rsync --delete: not one question for each file; later ones are as many as seconds."""
    mount = loose(lasfs(*more))
    for n in range(40):
        (mount / f'documents/{n}.pdf').write_bytes(small_pdf(n))
    mount.control('flush')
    mount.refresh()
    assert len(os.listdir(mount / 'documents')) == 40
    with mount.server.watch() as seen:
        mount.run('rm documents/*.pdf')
        mount.control('flush')
    assert api.documents() == []
    assert seen.count('DELETE') == 40
    assert not seen.of('GET', '/documents/.*')
    assert seen.count('GET') <= (3 if more else 0), seen.all
