"""Other bytes over a dropped document are one replacement, however it comes about: the new document
is what the old one is on the server at that moment, and the old one is gone."""
import json
import os
import shutil
import subprocess

import pytest

from samples import pdf

CONSENT = 'las:consent:' + '0123456789abcdef' * 2
TRUTH = [{'label': 'total', 'value': '12.50'}, {'label': 'due', 'value': None}]
FIELDS = ('consentId', 'datasetId', 'groundTruth', 'retentionInDays')


def facts(document):
    return {field: document.get(field) for field in FIELDS}


@pytest.fixture(params=['documents', 'dataset'])
def folder(request, mount, api):
    """A folder for documents; those in the plain one are in a dataset all the same."""
    mount.dataset = api.add_dataset('in')
    mount.other = api.add_dataset('other')
    return mount / ('documents' if request.param == 'documents' else 'datasets/in/documents')


@pytest.fixture
def labelled(mount, api, folder):
    """make(name, data): a dropped document with all that can be said of one."""
    def make(name='S.pdf', data=pdf(2000, 1), consent=True):
        defaults = {'retentionInDays': 77, 'datasetId': mount.dataset}
        if consent:
            defaults['consentId'] = CONSENT
        (folder / '.defaults.json').write_text(json.dumps(defaults))
        (folder / name).write_bytes(data)
        os.unlink(folder / '.defaults.json')
        (folder / '.by-name' / name / 'groundTruth.json').write_text(json.dumps(TRUTH))
        made = api.only_document()
        assert facts(made) == {'consentId': CONSENT if consent else None,
                               'datasetId': mount.dataset, 'groundTruth': TRUTH,
                               'retentionInDays': 77}
        return made
    return make


def check_replaced(api, folder, old, name, data):
    """One document, with these bytes and all that was said of the old one, under the name."""
    now = api.only_document()
    assert facts(now) == facts(old)
    assert api.content('documents/' + now['documentId']) == data
    assert (folder / name).read_bytes() == data
    assert json.loads((folder / '.by-name' / name / 'groundTruth.json').read_text()) == TRUTH


# --- Every way that programs have -----------------------------------------------------------------

IN_PLACE = {
    'cp': 'cp $NEW S.pdf',
    'dd': 'dd if=$NEW of=S.pdf status=none',
    'cat': 'cat $NEW > S.pdf',
    'tee': 'tee S.pdf < $NEW > /dev/null',
    'rsync --inplace': 'rsync --inplace $NEW S.pdf',
    'cp --remove-destination': 'cp --remove-destination $NEW S.pdf',
    'truncate and append': ': > S.pdf; cat $NEW >> S.pdf',
}
BY_RENAME = {
    'rsync': 'rsync $NEW S.pdf',
    'install': 'install -m 644 $NEW S.pdf',
    'mv from elsewhere': 'cp $NEW $NEW.copy; mv $NEW.copy S.pdf',
    'mv -f of several': 'cp $NEW /tmp/$$.S; mkdir $NEW.d; mv /tmp/$$.S $NEW.d/S.pdf; mv -f $NEW.d/S.pdf .',
    'a temporary name': 'cp $NEW S.pdf.tmp; mv S.pdf.tmp S.pdf',
    'a name like any other': 'cp $NEW new.pdf; mv new.pdf S.pdf',
    'exiftool': 'cp $NEW S.pdf_exiftool_tmp; mv S.pdf_exiftool_tmp S.pdf',
    'busybox': 'cp $NEW S.pdfaB3dE6; mv S.pdfaB3dE6 S.pdf',
    'qpdf': 'cp $NEW "S.pdf.~qpdf-temp#"; mv S.pdf S.pdf.~qpdf-orig; '
            'mv "S.pdf.~qpdf-temp#" S.pdf; rm S.pdf.~qpdf-orig',
    'an editor that keeps a backup for a while': 'mv S.pdf S.pdf~; cp $NEW S.pdf; rm S.pdf~',
    'an editor that writes first': 'cp $NEW .S.pdf.swp; mv S.pdf S.pdf~; mv .S.pdf.swp S.pdf; '
                                   'rm S.pdf~',
    'from a scratch folder': 'mkdir S.pdf.sb-0123abcd-XyZ012; cp $NEW S.pdf.sb-0123abcd-XyZ012/S.pdf; '
                             'mv S.pdf.sb-0123abcd-XyZ012/S.pdf S.pdf; rm -r S.pdf.sb-*',
    'an exchange with a scratch folder': 'mkdir .TemporaryItems; cd .TemporaryItems; '
                                         'cp $NEW S.pdf; mv ../S.pdf old.pdf; mv S.pdf ..; '
                                         'cd ..; rm -r .TemporaryItems',
    'from a subfolder': 'mkdir new; cp $NEW new/S.pdf; mv new/S.pdf S.pdf; rmdir new',
}
WAYS = {name: script for name, script in {**IN_PLACE, **BY_RENAME}.items() if script}


@pytest.mark.parametrize('how', list(WAYS))
def test_the_new_document_is_what_the_old_one_was(mount, api, samples, folder, labelled, how):
    old = labelled()
    new = samples.pdf('new.pdf', 3000, seed=2)
    mount.run('set -e; ' + WAYS[how], cwd=folder, NEW=new)
    check_replaced(api, folder, old, 'S.pdf', pdf(3000, 2))
    assert api.only_document()['documentId'] != old['documentId']
    assert [n for n in os.listdir(folder)] == ['S.pdf']
    mount.remount()
    check_replaced(api, folder, old, 'S.pdf', pdf(3000, 2))


PROGRAMS = {
    'jpegoptim': ('S.jpg', 'jpegoptim -q --strip-all --max=20 S.jpg'),
    'exiftool': ('S.jpg', 'exiftool -q -overwrite_original -Artist=Nobody S.jpg'),
    'exiftool in place': ('S.jpg', 'exiftool -q -overwrite_original_in_place -Artist=N S.jpg'),
    'qpdf': ('S.pdf', 'qpdf --replace-input --object-streams=generate S.pdf'),
    'busybox sed': ('S.pdf', "busybox sed -i 's/lasfs 1/lasfs 7/' S.pdf"),
    'sed': ('S.pdf', "sed -i 's/lasfs 1/lasfs 7/' S.pdf"),
    'perl': ('S.pdf', "perl -pi -e 's/lasfs 1/lasfs 7/' S.pdf"),
    'vim': ('S.pdf', "vim -n -u NONE -es -b -c '%s/lasfs 1/lasfs 7/' -c wq S.pdf"),
    'vim with backups': ('S.pdf', "vim -u NONE -es -b -c 'set backup backupcopy=no' "
                                  "-c '%s/lasfs 1/lasfs 7/' -c wq S.pdf"),
    'sponge': ('S.pdf', 'sed s/lasfs.1/lasfs.7/ S.pdf | sponge S.pdf'),
    'rsync': ('S.pdf', 'cp S.pdf $TMP/S.pdf; echo "% more" >> $TMP/S.pdf; rsync -a $TMP/S.pdf .'),
    'mogrify': None,
}


@pytest.mark.parametrize('how', [how for how in PROGRAMS if PROGRAMS[how]])
def test_programs_that_rewrite_a_file_keep_what_is_said_of_it(mount, api, tmp_path, folder,
                                                              labelled, how):
    name, script = PROGRAMS[how]
    before = plain_jpeg() if name.endswith('jpg') else pdf(None, 1)
    old = labelled(name, before)
    mount.run('set -e; ' + script, cwd=folder, TMP=tmp_path)
    after = (folder / name).read_bytes()
    assert after != before
    check_replaced(api, folder, old, name, after)


def plain_jpeg():
    import io
    from PIL import Image
    out = io.BytesIO()
    Image.effect_noise((200, 150), 90).convert('RGB').save(out, 'JPEG', quality=98)
    return out.getvalue()


def test_a_sidecars_labels_stay_when_a_program_rewrites_the_document(mount, api, folder):
    (folder / 'S.pdf').write_bytes(pdf(None, 1))
    (folder / 'S.pdf.json').write_text('{"total": "12.50", "due": null}')
    mount.may_leave = True
    mount.run("cp S.pdf T.pdf_exiftool_tmp; mv T.pdf_exiftool_tmp T.pdf; rm T.pdf", cwd=folder)
    mount.run("sed 's/lasfs 1/lasfs 7/' S.pdf > new.pdf; mv new.pdf S.pdf", cwd=folder)
    assert api.only_document()['groundTruth'] == TRUTH
    assert sorted(os.listdir(folder)) == ['S.pdf', 'S.pdf.json']


def test_what_was_thrown_away_is_no_backup_of_the_next_one(mount, api, samples, folder, labelled):
    """After some seconds in the trash."""
    labelled()
    mount.run('set -e; mkdir .Trash-1000; mv S.pdf .Trash-1000/; sleep 2.2; cp $NEW S.pdf',
              cwd=folder, NEW=samples.pdf('new.pdf', 3000, seed=2))
    documents = api.documents()
    assert len(documents) == 2
    assert sorted(len(d.get('groundTruth') or []) for d in documents) == [0, 2]


@pytest.mark.parametrize('script', ['rm S.pdf; cp $NEW S.pdf', 'rm S.pdf; mv $NEW S.pdf',
                                    'mv S.pdf T.pdf; rm T.pdf; cp $NEW S.pdf'])
def test_what_comes_after_a_removal_is_another_document(mount, api, samples, folder, labelled,
                                                        script):
    labelled()
    mount.run('set -e; ' + script, cwd=folder, NEW=samples.pdf('new.pdf', 3000, seed=2))
    assert not api.only_document().get('groundTruth')


def test_a_program_that_removes_and_makes_anew_says_that_it_is_another_one(mount, api, folder,
                                                                           labelled):
    labelled()
    os.unlink(folder / 'S.pdf')
    (folder / 'S.pdf').write_bytes(pdf(3000, 2))
    assert not api.only_document().get('groundTruth')


def test_labels_of_its_own_go_before_those_of_the_replaced(mount, api, folder):
    (folder / 'a.pdf').write_bytes(pdf(2000, 1))
    (folder / '.by-name/a.pdf/groundTruth.json').write_text('{"n": "a"}')
    (folder / 'b.pdf').write_bytes(pdf(2000, 2))
    (folder / '.by-name/b.pdf/groundTruth.json').write_text('{"n": "b"}')
    os.rename(folder / 'a.pdf', folder / 'b.pdf')
    now = api.only_document()
    assert api.content('documents/' + now['documentId']) == pdf(2000, 1)
    assert now['groundTruth'] == [{'label': 'n', 'value': 'a'}]


def test_between_datasets_it_is_in_that_of_its_folder(mount, api, samples):
    one, two = api.add_dataset('one'), api.add_dataset('two')
    for name in ('one', 'two'):
        samples.pdf(name + '.pdf', seed=len(name))
        shutil.copy(samples.folder / (name + '.pdf'), mount / f'datasets/{name}/documents/S.pdf')
    (mount / 'datasets/two/documents/.by-name/S.pdf/groundTruth.json').write_text('{"n": "2"}')
    os.rename(mount / 'datasets/one/documents/S.pdf', mount / 'datasets/two/documents/S.pdf')
    now = api.only_document()
    assert now['datasetId'] == two and now['groundTruth'] == [{'label': 'n', 'value': '2'}]
    assert os.listdir(mount / 'datasets/one/documents') == []
    assert api.documents(datasetId=one) == []


@pytest.mark.options('nodelete')
@pytest.mark.parametrize('script', ['cp $NEW S.pdf', 'cp $NEW n.pdf; mv n.pdf S.pdf',
                                    'rsync $NEW S.pdf'])
def test_with_nodelete_the_old_one_stays_and_keeps_its_labels_to_itself(mount, api, samples, folder,
                                                                        labelled, script):
    old = labelled(consent=False)
    mount.run('set -e; ' + script, cwd=folder, NEW=samples.pdf('new.pdf', 3000, seed=2))
    documents = {d['documentId']: d for d in api.documents()}
    assert len(documents) == 2
    assert facts(documents.pop(old['documentId'])) == facts(old)
    (new,) = documents.values()
    assert not new.get('groundTruth') and new['retentionInDays'] != 77


def test_who_claims_labels_and_goes_leaves_them_to_nobody(mount, api, folder, labelled):
    """What was removed, made anew and removed again before it was sent."""
    labelled()
    os.unlink(folder / 'S.pdf')
    fd = os.open(folder / 'S.pdf', os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    os.unlink(folder / 'S.pdf')
    os.close(fd)
    for i in range(20):
        (folder / f'{i}.pdf').write_bytes(pdf(2000, i))
    assert not [d for d in api.documents() if d.get('groundTruth')]


def test_labels_that_were_claimed_do_not_lead_to_another_dataset(mount, api):
    one, two = api.add_dataset('one'), api.add_dataset('two')
    here, there = (mount / f'datasets/{name}/documents' for name in ('one', 'two'))
    (here / 'S.pdf').write_bytes(pdf(2000))
    (here / '.by-name/S.pdf/groundTruth.json').write_text('{"n": "1"}')
    os.unlink(here / 'S.pdf')
    with open(os.open(here / 'S.pdf', os.O_WRONLY | os.O_CREAT | os.O_EXCL), 'wb') as f:
        os.rename(here / 'S.pdf', there / 'S.pdf')
        f.write(pdf(2000, 2))
    assert api.only_document()['datasetId'] == two
    assert os.listdir(there) == ['S.pdf'] and os.listdir(here) == []


def test_what_was_changed_under_a_temporary_name_goes_with_its_file_to_another_dataset(mount, api):
    one, two = api.add_dataset('one'), api.add_dataset('two')
    here, there = (mount / f'datasets/{name}/documents' for name in ('one', 'two'))
    (here / 'S.pdf').write_bytes(pdf(2000))
    (here / '.by-name/S.pdf/groundTruth.json').write_text('{"n": "1"}')
    mount.run('mv S.pdf S.pdf~; echo more >> S.pdf~; mv S.pdf~ ../../two/documents/S.pdf', cwd=here)
    now = api.only_document()
    assert now['datasetId'] == two and now['groundTruth'] == [{'label': 'n', 'value': '1'}]
    assert os.listdir(there) == ['S.pdf'] and os.listdir(here) == []


# --- As it is at that moment ----------------------------------------------------------------------

OVERWRITES = {'in place': 'cp $NEW S.pdf', 'by rsync': 'rsync $NEW S.pdf',
              'by a rename': 'cp $NEW n.pdf; mv n.pdf S.pdf'}


@pytest.mark.options('meta_ttl=300', 'list_ttl=300')
@pytest.mark.parametrize('how', list(OVERWRITES))
def test_what_others_did_a_moment_ago_is_not_undone(mount, api, samples, folder, labelled, how):
    mount.allow('others have moved it')
    old = labelled(consent=False)
    (folder / 'S.pdf').read_bytes()
    truth = [{'label': 'seen', 'value': 'by others'}]
    api.patch('documents/' + old['documentId'], retentionInDays=99, datasetId=mount.other,
              groundTruth=truth)
    mount.run('set -e; ' + OVERWRITES[how], cwd=folder, NEW=samples.pdf('new.pdf', 3000, seed=2))
    now = api.only_document()
    assert api.content('documents/' + now['documentId']) == pdf(3000, 2)
    assert facts(now) == {'consentId': None, 'datasetId': mount.other, 'groundTruth': truth,
                          'retentionInDays': 99}
    if folder.parts[-2] != 'in':
        assert os.listdir(folder) == ['S.pdf']
    else:  # it is where others have put it, and this folder does not show what it has not
        assert 'others have moved it' in mount.errors()
        assert os.listdir(folder) == [] and not (folder / 'S.pdf').exists()


@pytest.mark.options('meta_ttl=300', 'list_ttl=300')
@pytest.mark.parametrize('how', list(OVERWRITES))
def test_what_others_deleted_a_moment_ago_is_just_made_anew(mount, api, samples, folder, labelled,
                                                            how):
    old = labelled()
    api.delete('documents/' + old['documentId'])
    with mount.server.watch() as seen:
        mount.run('set -e; ' + OVERWRITES[how], cwd=folder,
                  NEW=samples.pdf('new.pdf', 3000, seed=2))
    now = api.only_document()
    assert api.content('documents/' + now['documentId']) == pdf(3000, 2)
    assert not now.get('groundTruth')
    assert [r.verb for r in seen.changes] == ['POST']
    assert (folder / 'S.pdf').read_bytes() == pdf(3000, 2)


@pytest.mark.options('meta_ttl=300', 'list_ttl=300')
def test_rm_leaves_alone_what_others_have_moved_elsewhere(mount, api, folder, labelled):
    old = labelled()
    api.patch('documents/' + old['documentId'], datasetId=mount.other)
    mount.run('rm -f S.pdf', cwd=folder)
    if folder.parts[-2] == 'in':
        assert api.only_document()['datasetId'] == mount.other
    else:
        assert api.documents() == []
    assert os.listdir(folder) == []


def test_an_overwrite_costs_one_look_more(mount, api, samples, folder, labelled):
    labelled()
    with mount.server.watch() as seen:
        shutil.copy(samples.pdf('new.pdf', 3000, seed=2), folder / 'S.pdf')
    assert [r.verb for r in seen.all if r.verb != 'GET'] == ['POST', 'DELETE']
    assert seen.count('GET') == 1


# --- Assets keep their id -------------------------------------------------------------------------

def test_an_asset_that_is_being_written_is_sent_when_it_is_closed(mount, api):
    (mount / 'assets/logo').write_bytes(b'old')
    (mount / 'assets/new').write_bytes(b'new')
    old = next(a['assetId'] for a in api.list('assets') if a['name'] == 'logo')
    with open(mount / 'assets/new', 'wb', buffering=0) as f:
        f.write(b'half ')
        os.rename(mount / 'assets/new', mount / 'assets/logo')
        assert [api.content('assets/' + a['assetId']) for a in api.list('assets')] == [b'old']
        f.write(b'whole')
    assert [(a['assetId'], a['name']) for a in api.list('assets')] == [(old, 'logo')]
    assert api.content('assets/' + old) == b'half whole'


@pytest.mark.parametrize('collection', ['documents', 'assets'])
def test_a_backup_that_is_replaced_by_a_backup_goes_and_leaves_nothing(mount, api, collection):
    field = 'groundTruth.json' if collection == 'documents' else 'description'
    mount.may_leave = True
    for name, seed in (('a', 1), ('b', 2)):
        (mount / collection / name).write_bytes(pdf(2000, seed))
    (mount / collection / '.by-name/a' / field).write_text('{"n": "a"}')
    mount.run('mv a a~; mv b a~', cwd=mount / collection)
    (now,) = api.list(collection)
    path = f'{collection}/{now[collection[:-1] + "Id"]}'
    assert api.content(path) == pdf(2000, 2)
    assert not now.get('groundTruth') and not now.get('description')
    mount.run('mv a~ b', cwd=mount / collection)
    assert api.content(path) == (mount / collection / 'b').read_bytes() == pdf(2000, 2)


@pytest.mark.parametrize('script', [
    'cp $NEW logo', 'rsync $NEW logo', 'cp $NEW new; mv new logo',
    'cp $NEW logo_exiftool_tmp; mv logo_exiftool_tmp logo', 'cp logo x; cp $NEW x; mv x logo'])
def test_an_asset_that_is_rewritten_is_the_same_asset(mount, api, samples, script):
    (mount / 'assets/logo').write_bytes(b'old')
    old = api.list('assets')[0]
    (mount / 'assets/.by-name/logo/description').write_text('of the house')
    mount.run('set -e; ' + script, cwd=mount / 'assets', NEW=samples.write('n', b'new bytes'))
    (now,) = api.list('assets')
    assert now['assetId'] == old['assetId'] and now['name'] == 'logo'
    assert now['description'] == 'of the house'
    assert api.content('assets/' + now['assetId']) == b'new bytes'
    assert os.listdir(mount / 'assets') == ['logo']


# --- What is left behind by who did not come ------------------------------------------------------

def test_labels_of_what_was_removed_go_to_nobody_else(mount, api):
    """A program removes its file, makes it anew and leaves it empty; other files come after it."""
    folder = mount / 'documents'
    for i in range(40):
        (folder / f'S{i}.pdf').write_bytes(pdf(1000, 500 + i))
        (folder / f'.by-name/S{i}.pdf/groundTruth.json').write_text(json.dumps(TRUTH))
    for i in range(40):
        os.unlink(folder / f'S{i}.pdf')
        with open(folder / f'S{i}.pdf', 'x'):
            pass
        os.unlink(folder / f'S{i}.pdf')
    for i in range(100):
        (folder / f'{i}.pdf').write_bytes(pdf(1000, 10 + i))
    assert len(api.documents()) == 100
    assert [d for d in api.documents() if d.get('groundTruth')] == []
