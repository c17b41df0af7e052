"""NAME.json beside a document is its ground truth; .defaults.json is under what is sent."""
import errno
import json
import os
import re
import unicodedata

import pytest

from mounted import eventually
from samples import jpeg, pdf, small_pdf

TRUTH = [{'label': 'total', 'value': '12.50'}, {'label': 'due', 'value': None}]
FORMS = {
    'list': TRUTH,
    'object': {'total': '12.50', 'due': None},
    'prediction': {'predictionId': 'las:prediction:' + '0' * 32, 'inferenceTime': 1.5,
                   'predictions': [{'label': 'total', 'value': '12.50', 'confidence': 0.9},
                                   {'label': 'due', 'value': None, 'confidence': 0.1}]},
}


def fails(code, what, *arguments):
    with pytest.raises(OSError) as caught:
        what(*arguments)
    assert caught.value.errno == code, caught.value


def truth_of(api):
    return api.only_document().get('groundTruth')


@pytest.fixture(params=list(FORMS))
def text(request):
    return json.dumps(FORMS[request.param])


@pytest.mark.parametrize('sidecar_first', [False, True], ids=['after', 'before'])
def test_a_sidecar_is_the_ground_truth_in_every_form_and_order(mount, api, samples, text,
                                                               sidecar_first):
    mount.may_leave = True
    os.mkdir(mount / 'datasets/in')
    folder = mount / 'datasets/in/documents'
    samples.pdf(), samples.write('scan.pdf.json', text.encode())
    names = ['scan.pdf.json', 'scan.pdf'] if sidecar_first else ['scan.pdf', 'scan.pdf.json']
    with mount.server.watch() as seen:
        for name in names:
            mount.run(f'cp {samples.folder}/{name} datasets/in/documents/')
    assert truth_of(api) == TRUTH
    assert [r.verb for r in seen.changes] == (['POST'] if sidecar_first else ['POST', 'PATCH'])
    assert (folder / 'scan.pdf.json').read_text() == text
    assert sorted(os.listdir(folder)) == ['scan.pdf', 'scan.pdf.json']


def test_rsync_of_documents_with_sidecars_twice_sends_nothing_the_second_time(mount, api, samples):
    mount.may_leave = True
    for i in range(5):
        samples.pdf(f'{i}.pdf', seed=i)
        samples.write(f'{i}.pdf.json', json.dumps({'number': str(i)}).encode())
    mount.run(f'rsync -a {samples.folder}/ documents/')
    assert sorted(d['groundTruth'][0]['value'] for d in api.documents()) == list('01234')
    with mount.server.watch() as seen:
        mount.run(f'rsync -a {samples.folder}/ documents/')
    assert not seen.changes


def test_removing_a_sidecar_removes_the_file_and_nothing_else(mount, api, samples):
    mount.run(f"cp {samples.pdf()} documents/ && echo '{{\"a\": \"1\"}}' > documents/scan.pdf.json")
    with mount.server.watch() as seen:
        os.unlink(mount / 'documents/scan.pdf.json')
    assert not seen.changes
    assert truth_of(api) == [{'label': 'a', 'value': '1'}]
    assert os.listdir(mount / 'documents') == ['scan.pdf']


def test_an_edited_sidecar_is_sent_again(mount, api, samples):
    mount.may_leave = True
    mount.run(f"cp {samples.pdf()} documents/ && echo '{{\"a\": \"1\"}}' > documents/scan.pdf.json")
    mount.run("sed -i s/1/2/ documents/scan.pdf.json")
    assert truth_of(api) == [{'label': 'a', 'value': '2'}]


def test_other_bytes_over_the_document_keep_what_its_sidecar_says(mount, api, samples):
    mount.may_leave = True
    mount.run(f"cp {samples.pdf()} documents/ && echo '{{\"a\": \"1\"}}' > documents/scan.pdf.json")
    mount.run(f'cp {samples.pdf("new.pdf", seed=5)} documents/scan.pdf')
    assert truth_of(api) == [{'label': 'a', 'value': '1'}]
    assert api.content('documents/' + api.only_document()['documentId']) == pdf(2000, seed=5)


@pytest.mark.parametrize('bad', ['no json', '[1, 2', '"text"', '7'])
def test_a_sidecar_that_is_none_fails_close_and_is_kept(mount, api, samples, bad):
    mount.allow('Invalid argument')
    mount.may_leave = True
    mount.run(f'cp {samples.pdf()} documents/')
    samples.write('bad', bad.encode())
    mount.run(f'cp {samples.folder}/bad documents/scan.pdf.json', status=1)
    mount.run(f'cp {samples.folder}/bad documents/other.pdf.json', status=1)
    assert truth_of(api) is None
    assert len(os.listdir(mount / '.lasfs/failed')) == 2


def test_a_sidecar_that_the_api_refuses_does_not_hold_up_its_document(mount, api, samples):
    mount.allow('Invalid argument')
    mount.may_leave = True
    samples.write('bad', b'{"not a label!": "1"}')
    mount.run(f'cp {samples.folder}/bad documents/scan.pdf.json && cp {samples.pdf()} documents/')
    assert truth_of(api) is None
    assert 'scan.pdf.json.error.txt' in os.listdir(mount / 'documents')
    assert 'scan.pdf.json' in mount.errors()


# --- Whose it is -----------------------------------------------------------------------------

FOLDERS = ['documents', 'datasets/in/documents', 'documents/a/b']


@pytest.fixture(params=FOLDERS)
def folder(request, mount):
    """A folder of documents, of any kind, below the mount."""
    mount.may_leave = True
    os.mkdir(mount / 'datasets/in')
    os.makedirs(mount / request.param, exist_ok=True)
    return request.param


def truth(text):
    return json.dumps({'number': text}).encode()


def truths(api):
    """What each document is said to be, by its bytes."""
    return {api.content('documents/' + d['documentId']):
            (d['groundTruth'][0]['value'] if d.get('groundTruth') else None)
            for d in api.documents()}


def pages(samples, *numbers):
    """1.pdf and 1.json, and so on; their bytes."""
    for n in numbers:
        samples.pdf(f'{n}.pdf', seed=n), samples.write(f'{n}.json', truth(str(n)))
    return [pdf(2000, seed=n) for n in numbers]


AWAY = {
    'moved': 'mv {f}/scan.pdf {to}/1.pdf',
    'renamed': 'mv {f}/scan.pdf {f}/old.pdf',
    'removed': 'rm {f}/scan.pdf',
}


@pytest.mark.parametrize('away', list(AWAY))
@pytest.mark.parametrize('remount', [False, True], ids=['at once', 'remounted'])
def test_the_next_document_of_a_name_does_not_inherit_a_sidecar(mount, api, samples, folder, away,
                                                                remount):
    one, two = pages(samples, 1, 2)
    to = 'documents/done' if folder.startswith('documents') else 'datasets/in/documents/done'
    mount.run(f'mkdir {to}; cp {samples.folder}/1.pdf {folder}/scan.pdf; '
              f'cp {samples.folder}/1.json {folder}/scan.pdf.json')
    mount.run(AWAY[away].format(f=folder, to=to))
    if remount:
        mount.remount()
    with mount.server.watch() as seen:
        mount.run(f'cp {samples.folder}/2.pdf {folder}/scan.pdf')
    assert [r.verb for r in seen.changes] == ['POST']
    assert truths(api) == ({two: None} if away == 'removed' else {one: '1', two: None})
    assert (mount / folder / 'scan.pdf.json').read_bytes() == truth('1')


def test_nor_when_the_first_was_removed_by_others(mount, api, samples):
    mount.may_leave = True
    one, two = pages(samples, 1, 2)
    mount.run(f'cp {samples.folder}/1.pdf documents/scan.pdf; '
              f'cp {samples.folder}/1.json documents/scan.pdf.json')
    api.delete('documents/' + api.only_document()['documentId'])
    mount.refresh()
    mount.run(f'ls documents; cp {samples.folder}/2.pdf documents/scan.pdf')
    assert truths(api) == {two: None}


WRITES = {
    'cp': 'cp {s}/1.json {f}/scan.pdf.json',
    'rsync -I': 'cp {s}/1.json {s}/scan.pdf.json; rsync -aI {s}/scan.pdf.json {f}/',
    'in place': 'cat {s}/1.json 1<> {f}/scan.pdf.json >&1',
    'mv': 'cp {s}/1.json {f}/.part.tmp; mv {f}/.part.tmp {f}/scan.pdf.json',
}


@pytest.mark.parametrize('how', list(WRITES))
def test_the_same_bytes_written_again_are_for_the_document_that_is_there_now(mount, api, samples,
                                                                             how):
    mount.may_leave = True
    one, two = pages(samples, 1, 2)
    mount.run(f'cp {samples.folder}/1.pdf documents/scan.pdf; '
              f'cp {samples.folder}/1.json documents/scan.pdf.json; '
              f'mv documents/scan.pdf documents/old.pdf; cp {samples.folder}/2.pdf documents/scan.pdf')
    assert truths(api) == {one: '1', two: None}
    mount.run(WRITES[how].format(s=samples.folder, f='documents'))
    assert truths(api) == {one: '1', two: '1'}


@pytest.mark.parametrize('remount', [False, True], ids=['at once', 'remounted'])
def test_a_touch_is_no_writing(mount, api, samples, remount):
    mount.may_leave = True
    one, two = pages(samples, 1, 2)
    mount.run(f'cp {samples.folder}/1.pdf documents/scan.pdf; '
              f'cp {samples.folder}/1.json documents/scan.pdf.json; '
              f'mv documents/scan.pdf documents/old.pdf; cp {samples.folder}/2.pdf documents/scan.pdf')
    if remount:
        mount.remount()
    with mount.server.watch() as seen:
        mount.run('touch documents/scan.pdf.json; chmod 600 documents/scan.pdf.json')
    assert not seen.changes
    assert truths(api) == {one: '1', two: None}


@pytest.mark.parametrize('names', [('scan.pdf', 'scan.pdf.json'), ('scan.pdf', 'scan.json')],
                         ids=['whole name', 'stem'])
@pytest.mark.parametrize('sidecar_first', [False, True], ids=['after', 'before'])
def test_a_scanner_whose_counter_starts_again(mount, api, samples, folder, names, sidecar_first):
    bytes_of = pages(samples, 1, 2, 3)
    name, sidecar = names
    mount.run(f'mkdir {folder}/done')
    for n in (1, 2, 3):
        steps = [f'cp {samples.folder}/{n}.pdf {folder}/{name}',
                 f'cp {samples.folder}/{n}.json {folder}/{sidecar}']
        if sidecar_first:
            mount.run(f'rm -f {folder}/{sidecar}')
            steps.reverse()
        mount.run(' && '.join(steps))
        mount.run(f'mv {folder}/{name} {folder}/done/{n}.pdf')
    assert truths(api) == {data: str(n) for n, data in enumerate(bytes_of, 1)}


def test_a_document_that_comes_back_finds_its_sidecar(mount, api, samples):
    mount.may_leave = True
    one, = pages(samples, 1)
    mount.run(f'cp {samples.folder}/1.pdf documents/scan.pdf; '
              f'cp {samples.folder}/1.json documents/scan.pdf.json')
    with mount.server.watch() as seen:
        mount.run('mv documents/scan.pdf documents/old.pdf; mv documents/old.pdf documents/scan.pdf')
    assert not seen.changes
    mount.run("echo '{\"number\": \"7\"}' > documents/scan.pdf.json")
    assert truths(api) == {one: '7'}


def test_a_document_that_gets_the_name_later_takes_what_waits_there(mount, api, samples):
    mount.may_leave = True
    one, = pages(samples, 1)
    mount.run(f'cp {samples.folder}/1.pdf documents/x.pdf; '
              f'cp {samples.folder}/1.json documents/scan.pdf.json')
    assert truths(api) == {one: None}
    mount.run('mv documents/x.pdf documents/scan.pdf')
    assert truths(api) == {one: '1'}


# --- Moved together --------------------------------------------------------------------------

MOVES = {'document first': ['scan.pdf', '{}'], 'sidecar first': ['{}', 'scan.pdf']}
PLACES = [('documents', 'documents/sub'), ('datasets/in/documents', 'datasets/in/documents/sub'),
          ('documents', 'datasets/in/documents')]


@pytest.mark.parametrize('order', list(MOVES))
@pytest.mark.parametrize('sidecar', ['scan.pdf.json', 'scan.json'])
@pytest.mark.parametrize('places', PLACES, ids='{0[1]}'.format)
@pytest.mark.parametrize('remount', [False, True], ids=['at once', 'remounted'])
def test_moved_with_its_document_nothing_is_sent_again(mount, api, samples, order, sidecar, places,
                                                       remount):
    mount.may_leave = True
    one, = pages(samples, 1)
    source, target = places
    os.mkdir(mount / 'datasets/in')
    os.makedirs(mount / target, exist_ok=True)
    mount.run(f'cp {samples.folder}/1.pdf {source}/scan.pdf; '
              f'cp {samples.folder}/1.json {source}/{sidecar}')
    document = api.only_document()['documentId']
    api.patch('documents/' + document, groundTruth=[{'label': 'number', 'value': 'theirs'}])
    if remount:
        mount.remount()
    with mount.server.watch() as seen:
        for name in MOVES[order]:
            mount.run(f'mv {source}/{name.format(sidecar)} {target}/')
            if remount:
                mount.remount()
    assert len(seen.changes) == (target == 'datasets/in/documents' != source), seen.changes
    assert truths(api) == {one: 'theirs'}
    mount.run(f"echo '{{\"number\": \"mine\"}}' > {target}/{sidecar}")
    assert truths(api) == {one: 'mine'}


def test_moved_to_where_documents_become_others_it_goes_to_the_copy(mount, api, samples):
    """Out of a dataset mv makes a copy and deletes the first."""
    mount.may_leave = True
    one, two = pages(samples, 1, 2)
    os.mkdir(mount / 'datasets/in')
    source, s = 'datasets/in/documents', samples.folder
    mount.run(f'cp {s}/1.pdf {source}/a.pdf; cp {s}/1.json {source}/a.pdf.json; '
              f'cp {s}/2.pdf {source}/b.pdf; cp {s}/2.json {source}/b.pdf.json; '
              f'mv {source}/a.pdf {source}/a.pdf.json documents/; '
              f'mv {source}/b.pdf.json {source}/b.pdf documents/')
    assert truths(api) == {one: '1', two: '2'}


def test_moved_alone_beside_another_document_it_is_that_ones(mount, api, samples):
    mount.may_leave = True
    one, two = pages(samples, 1, 2)
    s = samples.folder
    mount.run(f'cp {s}/1.pdf documents/1.pdf; cp {s}/1.json documents/1.pdf.json; '
              f'cp {s}/2.pdf documents/2.pdf; mv documents/1.pdf.json documents/2.pdf.json')
    assert truths(api) == {one: '1', two: '1'}
    mount.run(f'cp {s}/2.json documents/2.pdf.json')
    assert truths(api) == {one: '1', two: '2'}


@pytest.mark.parametrize('remount', [False, True], ids=['at once', 'remounted'])
def test_moved_alone_to_where_a_document_is_yet_to_come_it_is_that_ones(mount, api, samples, remount):
    mount.may_leave = True
    one, two = pages(samples, 1, 2)
    s = samples.folder
    mount.run(f'cp {s}/1.pdf documents/1.pdf; cp {s}/1.json documents/1.pdf.json; '
              'mv documents/1.pdf.json documents/2.pdf.json')
    if remount:
        mount.remount()
    mount.run(f'cp {s}/2.pdf documents/2.pdf')
    assert truths(api) == {one: '1', two: '1'}


def test_moved_over_another_sidecar_it_counts_as_written(mount, api, samples):
    mount.may_leave = True
    one, = pages(samples, 1)
    mount.run(f'cp {samples.folder}/1.pdf documents/scan.pdf; '
              f'cp {samples.folder}/1.json documents/scan.json; '
              "echo '{\"number\": \"2\"}' > documents/scan.pdf.json")
    assert truths(api) == {one: '2'}
    mount.run('mv documents/scan.json documents/scan.pdf.json')
    assert truths(api) == {one: '1'}


def test_a_backup_that_is_put_back_is_sent(mount, api, samples):
    mount.may_leave = True
    one, = pages(samples, 1)
    mount.run(f'cp {samples.folder}/1.pdf documents/scan.pdf; '
              f'cp {samples.folder}/1.json documents/scan.pdf.json; '
              'mv documents/scan.pdf.json documents/scan.pdf.json~; '
              "echo '{\"number\": \"2\"}' > documents/scan.pdf.json; "
              'mv documents/scan.pdf.json~ documents/scan.pdf.json')
    assert truths(api) == {one: '1'}


def test_moves_in_a_loop_leave_each_document_its_own(mount, api, samples):
    mount.may_leave = True
    bytes_of = pages(samples, *range(6))
    s = samples.folder
    mount.run('mkdir documents/a documents/b')
    for n in range(6):
        mount.run(f'cp {s}/{n}.pdf documents/a/scan.pdf; cp {s}/{n}.json documents/a/scan.pdf.json; '
                  f'mv documents/a/scan.pdf documents/b/{n}.pdf; '
                  f'mv documents/a/scan.pdf.json documents/b/{n}.pdf.json')
    assert truths(api) == {data: str(n) for n, data in enumerate(bytes_of)}
    with mount.server.watch() as seen:
        mount.run('for i in 1 2 3; do mv documents/b/* documents/a/; mv documents/a/* documents/b/; done')
    assert not seen.changes


# --- Other bytes in the document's place -----------------------------------------------------

REPLACE = {'in place': 'cp {new} {f}/scan.pdf', 'rsync': 'rsync -a {new} {f}/scan.pdf',
           'mv': 'cp {new} {f}/.in.scan && mv {f}/.in.scan {f}/scan.pdf'}


@pytest.mark.parametrize('how', list(REPLACE))
@pytest.mark.parametrize('sidecar', ['scan.pdf.json', 'scan.json'])
def test_a_replaced_document_keeps_its_sidecar_which_is_not_sent_again(mount, api, samples, how,
                                                                       sidecar):
    mount.may_leave = True
    pages(samples, 1)
    new = samples.pdf('new.pdf', seed=5, size=3000)
    mount.run(f'cp {samples.folder}/1.pdf documents/scan.pdf; '
              f'cp {samples.folder}/1.json documents/{sidecar}')
    with mount.server.watch() as seen:
        mount.run(REPLACE[how].format(new=new, f='documents'))
    assert [r.verb for r in seen.changes] == ['POST', 'DELETE']
    assert truths(api) == {pdf(3000, seed=5): '1'}
    mount.remount()
    with mount.server.watch() as seen:  # it is still its own
        mount.run(f'mkdir documents/sub; mv documents/scan.pdf documents/{sidecar} documents/sub/')
    assert not seen.changes
    mount.run(f"echo '{{\"number\": \"7\"}}' > documents/sub/{sidecar}")
    assert truths(api) == {pdf(3000, seed=5): '7'}


def test_an_old_sidecar_does_not_overwrite_what_others_have_said_since(mount, api, samples):
    mount.may_leave = True
    pages(samples, 1)
    new = samples.pdf('new.pdf', seed=5)
    mount.run(f'cp {samples.folder}/1.pdf documents/scan.pdf; '
              f'cp {samples.folder}/1.json documents/scan.pdf.json')
    api.patch('documents/' + api.only_document()['documentId'],
              groundTruth=[{'label': 'number', 'value': 'theirs'}])
    mount.refresh()
    mount.run(f'cp {new} documents/scan.pdf')
    assert truths(api) == {pdf(2000, seed=5): 'theirs'}


@pytest.mark.options('nodelete')
def test_with_nodelete_the_old_document_keeps_it(mount, api, samples):
    mount.may_leave = True
    one, = pages(samples, 1)
    new = samples.pdf('new.pdf', seed=5)
    mount.run(f'cp {samples.folder}/1.pdf documents/scan.pdf; '
              f'cp {samples.folder}/1.json documents/scan.pdf.json')
    with mount.server.watch() as seen:
        mount.run(f'cp {new} documents/scan.pdf')
    assert [r.verb for r in seen.changes] == ['POST']
    assert truths(api)[one] == '1'


# --- By the stem -----------------------------------------------------------------------------

@pytest.mark.parametrize('name', ['a.jpeg', 'a.b.pdf', 'a.001'])
@pytest.mark.parametrize('sidecar_first', [False, True], ids=['after', 'before'])
def test_a_sidecar_may_have_the_stem_of_its_document(mount, api, samples, folder, name,
                                                     sidecar_first):
    samples.write(name, jpeg() if name.endswith('jpeg') else pdf(2000))
    names = [name, name.rpartition('.')[0] + '.json']
    samples.write(names[1], truth('1'))
    with mount.server.watch() as seen:
        for each in reversed(names) if sidecar_first else names:
            mount.run(f'cp {samples.folder}/{each} {folder}/')
    assert [r.verb for r in seen.changes] == (['POST'] if sidecar_first else ['POST', 'PATCH'])
    assert list(truths(api).values()) == ['1']
    assert sorted(os.listdir(mount / folder)) == sorted(names)


def test_the_whole_name_goes_before_the_stem(mount, api, samples):
    mount.may_leave = True
    one, = pages(samples, 1)
    samples.write('scan.json', truth('stem')), samples.write('scan.pdf.json', truth('whole'))
    s = samples.folder
    for i, names in enumerate([('1.pdf', 'scan.json', 'scan.pdf.json'),
                               ('1.pdf', 'scan.pdf.json', 'scan.json'),
                               ('scan.json', '1.pdf', 'scan.pdf.json'),
                               ('scan.json', 'scan.pdf.json', '1.pdf')]):
        mount.run(f'mkdir documents/{i}')
        for name in names:
            mount.run(f'cp {s}/{name} documents/{i}/{name.replace("1", "scan")}')
        assert truths(api) == {one: 'whole'}, names
        mount.run(f'rm documents/{i}/scan.pdf')


def test_the_first_document_of_a_stem_takes_what_waits(mount, api, samples):
    mount.may_leave = True
    samples.write('a.jpeg', jpeg()), samples.write('a.pdf', pdf(2000))
    samples.write('a.json', truth('1'))
    mount.run(f'for i in a.json a.jpeg a.pdf; do cp {samples.folder}/$i documents/; done')
    assert truths(api) == {jpeg(): '1', pdf(2000): None}


@pytest.mark.parametrize('away', ['rm documents/a.jpeg', 'mv documents/a.jpeg documents/b.jpeg'])
def test_what_may_be_two_documents_is_nobodys_until_it_is_clear(mount, api, samples, away):
    mount.may_leave = True
    samples.write('a.jpeg', jpeg()), samples.write('a.pdf', pdf(2000))
    samples.write('a.json', truth('1'))
    mount.run(f'for i in a.jpeg a.pdf a.json; do cp {samples.folder}/$i documents/; done')
    assert truths(api) == {jpeg(): None, pdf(2000): None}
    mount.run(away)
    eventually(lambda: truths(api).get(pdf(2000)) == '1', 10, 'the sidecar to be sent')


def test_a_local_file_of_the_stem_is_no_document(lasfs, api, samples):
    mount = lasfs('other=local')
    mount.may_leave = True
    samples.write('notes', b'just text\n'), samples.write('notes.json', truth('1'))
    samples.pdf('notes.pdf')
    for name in ('notes', 'notes.pdf', 'notes.json'):
        mount.run(f'cp {samples.folder}/{name} documents/')
    assert truths(api) == {pdf(2000): '1'}


def test_an_empty_sidecar_says_nothing(mount, api, samples):
    mount.may_leave = True
    mount.run(f'touch documents/scan.pdf.json; cp {samples.pdf()} documents/')
    assert truths(api) == {pdf(2000): None}
    samples.write('1.json', truth('1'))
    mount.run(f'cp {samples.folder}/1.json documents/scan.pdf.json')
    assert truths(api) == {pdf(2000): '1'}


def test_pairs_that_come_at_the_same_time_find_each_other(mount, api, samples):
    mount.may_leave = True
    for seed in (0, 100, 200):  # again and again over what is there
        for i in range(40):
            samples.pdf(f'{i}.pdf', seed=seed + i)
            samples.write(f'{i}.json' if i % 2 else f'{i}.pdf.json', truth(str(seed + i)))
        mount.run(f'ls {samples.folder} | sort -R | '
                  f'xargs -P 16 -I% cp {samples.folder}/% documents/%')
        wanted = {pdf(2000, seed=n): str(n) for n in range(seed, seed + 40)}
        eventually(lambda: truths(api) == wanted, 10, 'all labels')


# --- Other normal forms ----------------------------------------------------------------------

NAMES = ['Rechnung für Müller.pdf', '한글.pdf', 'Ελλάς.pdf', 'ố.pdf']


@pytest.mark.parametrize('forms', [('NFC', 'NFD'), ('NFD', 'NFC')], ids='-'.join)
@pytest.mark.parametrize('stem', [False, True], ids=['whole name', 'stem'])
@pytest.mark.parametrize('sidecar_first', [False, True], ids=['after', 'before'])
def test_names_in_other_normal_forms_find_each_other(mount, api, forms, stem, sidecar_first):
    mount.may_leave = True
    folder = mount / 'documents'
    for i, name in enumerate(NAMES):
        document = unicodedata.normalize(forms[0], name)
        sidecar = unicodedata.normalize(forms[1], name.removesuffix('.pdf') if stem else name)
        pair = [(document, pdf(2000, seed=i)), (sidecar + '.json', truth(str(i)))]
        for each, data in reversed(pair) if sidecar_first else pair:
            (folder / each).write_bytes(data)
        assert {document, sidecar + '.json'} <= set(os.listdir(folder))
    assert truths(api) == {pdf(2000, seed=i): str(i) for i in range(len(NAMES))}


def test_names_that_are_not_unicode_go_by_their_bytes(mount, api):
    mount.may_leave = True
    folder = os.fsencode(mount / 'documents')
    for i, name in enumerate([b'a\xe4', b'a\xe5']):
        for end, data in ((b'.pdf', pdf(2000, seed=i)), (b'.json', truth(str(i)))):
            with open(folder + b'/' + name + end, 'wb') as f:
                f.write(data)
    assert truths(api) == {pdf(2000, seed=0): '0', pdf(2000, seed=1): '1'}


# --- Whole folders ---------------------------------------------------------------------------

@pytest.mark.parametrize('copy', ['rsync -a', 'cp -a'])
@pytest.mark.parametrize('remount', [False, True], ids=['at once', 'remounted'])
def test_a_folder_that_is_laid_out_both_ways(mount, api, samples, folder, copy, remount):
    for i in range(6):
        name = ('', 'x/')[i % 2] + f'{i}.pdf'
        samples.pdf(name, seed=i)
        samples.write(name + '.json' if i < 3 else name.replace('pdf', 'json'), truth(str(i)))
    with mount.server.watch() as seen:
        mount.run(f'{copy} {samples.folder}/. {folder}/')
    verbs = [r.verb for r in seen.changes]
    assert verbs.count('POST') == 6 and len(verbs) <= 12
    assert copy != 'rsync -a' or verbs.count('PATCH') == 3  # by name, and X.json is before X.pdf
    assert truths(api) == {pdf(2000, seed=i): str(i) for i in range(6)}
    if remount:
        mount.remount()
    with mount.server.watch() as seen:
        mount.run(f'rsync -a {samples.folder}/. {folder}/')
    assert not seen.changes


def test_500_documents_with_sidecars_by_their_stems_cost_two_requests_each(mount, api, samples):
    mount.may_leave = True
    for i in range(500):
        samples.write(f'{i}.jpeg', small_pdf(i)), samples.write(f'{i}.json', truth(str(i)))
    with mount.server.watch() as seen:
        mount.run(f'rsync -a {samples.folder}/ documents/')
    assert sorted(r.verb for r in seen.changes) == ['PATCH'] * 500 + ['POST'] * 500
    assert len(seen.all) < 1100
    assert sorted(int(d['groundTruth'][0]['value']) for d in api.documents()) == list(range(500))
    with mount.server.watch() as seen:
        mount.run(f'rsync -a {samples.folder}/ documents/')
    assert not seen.changes


# --- What waits ------------------------------------------------------------------------------

def waiting(mount):
    text = (mount / '.lasfs/status').read_text()
    return int(re.search(r'^sidecars that wait for their document: (\d+)$', text, re.M)[1])


def test_what_waits_longer_than_a_minute_is_counted_and_has_one_line(mount, api, samples):
    mount.allow('sidecar /documents/')
    mount.may_leave = True
    pages(samples, 1, 2)
    samples.write('a.jpeg', jpeg()), samples.write('a.pdf', pdf(3000))
    s = samples.folder
    mount.run(f'cp {s}/1.json documents/lost.json; cp {s}/1.json documents/late.json; '
              f'cp {s}/1.pdf documents/scan.pdf; cp {s}/1.json documents/scan.pdf.json')
    mount.remount()
    mount.run(f'cp {s}/a.jpeg {s}/a.pdf documents/; cp {s}/1.json documents/a.json; '
              f'cp {s}/2.json documents/scan.json')
    assert waiting(mount) == 0 and 'sidecar' not in mount.errors()
    eventually(lambda: waiting(mount) == 4, 90, 'the end of a minute')
    eventually(lambda: mount.errors().count('sidecar /documents/') == 4, 10, 'four lines')
    lines = {re.search('/documents/([a-z]+).json', line)[1]: line
             for line in mount.errors().splitlines()}
    assert 'more than one document' in lines['a'] and 'scan.pdf has scan.pdf.json' in lines['scan']
    assert 'waits for its document: lost' in lines['lost']
    mount.run(f'cp {s}/2.pdf documents/late.pdf; rm documents/lost.json documents/a.jpeg')
    eventually(lambda: waiting(mount) == 1, 10, 'only scan.json to wait')
    assert mount.errors().count('sidecar /documents/') == 4
    now = {pdf(2000, seed=1): '1', pdf(2000, seed=2): '1', pdf(3000): '1'}
    eventually(lambda: now.items() <= truths(api).items(), 10, 'a.json to be sent')


# --- .defaults.json --------------------------------------------------------------------------

CONSENT = f'las:consent:{3:032x}'


def test_defaults_are_under_every_document_from_the_folder(mount, api, samples):
    mount.may_leave = True
    text = json.dumps({'consentId': CONSENT, 'retentionInDays': 30})
    (mount / 'documents/.defaults.json').write_text(text)
    mount.run(f'mkdir documents/sub; cp {samples.pdf()} documents/; '
              f'cp {samples.pdf("b.pdf", seed=2)} documents/sub/')
    assert [(d['consentId'], d['retentionInDays']) for d in api.documents()] == [(CONSENT, 30)] * 2
    assert (mount / 'documents/.defaults.json').read_text() == text
    assert '.defaults.json' not in os.listdir(mount / 'documents')
    mount.remount()
    mount.run(f'cp {samples.pdf("c.pdf", seed=3)} documents/')
    assert len(api.documents(consentId=CONSENT)) == 3


def test_the_nearest_defaults_count(mount, api, samples):
    mount.may_leave = True
    mount.run("mkdir documents/sub; echo '{\"retentionInDays\": 30}' > documents/.defaults.json; "
              "echo '{\"retentionInDays\": 7}' > documents/sub/.defaults.json")
    mount.run(f'cp {samples.pdf()} documents/sub/')
    assert api.only_document()['retentionInDays'] == 7


def test_what_the_folder_says_goes_before_its_defaults(mount, api, samples):
    mount.may_leave = True
    os.mkdir(mount / 'datasets/in')
    other = api.add_dataset('other')
    (mount / 'datasets/in/documents/.defaults.json').write_text(json.dumps({'datasetId': other}))
    mount.run(f'cp {samples.pdf()} datasets/in/documents/')
    assert api.only_document()['datasetId'] == api.dataset_called('in')['datasetId']


def test_a_name_may_stand_for_an_id_in_them(mount, api, samples):
    mount.may_leave = True
    dataset = api.add_dataset('invoices')
    (mount / 'documents/.defaults.json').write_text('{"datasetId": "invoices"}')
    mount.run(f'cp {samples.pdf()} documents/')
    assert api.only_document()['datasetId'] == dataset


def test_defaults_are_under_what_mkdir_makes_too(mount, api):
    mount.may_leave = True
    (mount / 'datasets/.defaults.json').write_text('{"description": "made by a scanner"}')
    os.mkdir(mount / 'datasets/in')
    assert api.dataset_called('in')['description'] == 'made by a scanner'


@pytest.mark.parametrize('bad', ['no json', '[]', '{"documentId": "x"}'])
def test_defaults_that_cannot_be_are_refused(mount, bad):
    mount.allow('Invalid argument')
    mount.may_leave = True

    def write():
        (mount / 'documents/.defaults.json').write_text(bad)
    fails(errno.EINVAL, write)


def test_without_them_again_nothing_is_added(mount, api, samples):
    (mount / 'documents/.defaults.json').write_text('{"retentionInDays": 30}')
    os.unlink(mount / 'documents/.defaults.json')
    mount.run(f'cp {samples.pdf()} documents/')
    assert api.only_document()['retentionInDays'] != 30


def test_they_do_not_keep_a_folder_from_being_removed(mount, api):
    mount.run("mkdir documents/sub datasets/in; echo '{}' > documents/sub/.defaults.json; "
              "echo '{}' > datasets/in/documents/.defaults.json; "
              'rmdir documents/sub datasets/in')
    assert api.list('datasets') == []
