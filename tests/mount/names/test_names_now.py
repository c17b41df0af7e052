"""A name means what it means now: whatever was changed through this mount, every path that leads
to a resource by a name leads to the right one at once, for every process."""
import json
import multiprocessing
import os
import shutil
import subprocess

import pytest

from samples import pdf

ROUNDS = 3


def truth(api, document):
    return api.get('documents/' + document).get('groundTruth') or []


def number(n):
    return [{'label': 'n', 'value': str(n)}]


def by_bytes(api, seed):
    """The id of the one document with these bytes."""
    found = [d['documentId'] for d in api.documents()
             if api.content('documents/' + d['documentId']) == pdf(2000, seed)]
    assert len(found) == 1, found
    return found[0]


@pytest.fixture
def scans(mount, samples):
    for name in ('in', 'done'):
        os.mkdir(mount / 'datasets' / name)
    for i in range(1, ROUNDS + 1):
        samples.pdf(f'{i}.pdf', seed=i)
    return samples


# --- The scanner whose counter starts again -------------------------------------------------------

# Each way to make the name mean another document: what stood there goes elsewhere.
CHANGES = {
    'moved away': 'mv $D/S.pdf ../done/documents/$i.pdf',
    'renamed': 'mv $D/S.pdf $D/$i.pdf',
    'into a subfolder': 'mkdir -p $D/old; mv $D/S.pdf $D/old/$i.pdf',
    'renamed in another spelling of the folder': 'mv $E/S.pdf $E/$i.pdf',
}


@pytest.mark.parametrize('how', list(CHANGES))
@pytest.mark.parametrize('field', ['groundTruth.json', 'retentionInDays'])
def test_a_field_by_name_is_that_of_the_document_of_now(mount, api, scans, how, field):
    dataset = api.dataset_called('in')['datasetId']
    value = '{"n": "\'$i\'"}' if field == 'groundTruth.json' else "'$((100 + i))'"
    script = f'''set -e
        cd datasets/in; D=documents E=../{dataset}/documents
        for i in 1 2 3; do
            cat $E/S.pdf >/dev/null 2>&1 || true
            cp {scans.folder}/$i.pdf $D/S.pdf
            echo '{value}' > $D/.by-name/S.pdf/{field}
            cat $D/.by-name/S.pdf/{field} >/dev/null
            {CHANGES[how]}
        done'''
    mount.run(script)
    assert len(api.documents()) == ROUNDS
    for i in range(1, ROUNDS + 1):
        document = by_bytes(api, i)
        if field == 'groundTruth.json':
            assert truth(api, document) == number(i)
        else:
            assert api.get('documents/' + document)['retentionInDays'] == 100 + i


def test_after_an_overwrite_the_name_is_the_new_document(mount, api, scans):
    mount.run(f'''set -e; cd datasets/in/documents
        for i in 1 2 3; do
            cp {scans.folder}/$i.pdf S.pdf
            echo '{{"n": "'$i'"}}' > .by-name/S.pdf/groundTruth.json
        done''')
    assert truth(api, api.only_document()['documentId']) == number(3)


@pytest.mark.parametrize('away', ['rm $D/S.pdf', 'rm $E/S.pdf', 'mv $D/S.pdf $D/.S.pdf.swp'])
def test_a_name_that_went_leads_nowhere(mount, api, scans, away):
    dataset = api.dataset_called('in')['datasetId']
    ran = mount.run(f'''cd datasets/in; D=documents E=../{dataset}/documents
        cp {scans.folder}/1.pdf $D/S.pdf
        stat $D/.by-name/S.pdf/groundTruth.json $E/S.pdf >/dev/null || exit 9
        {away}
        test -e $D/.by-name/S.pdf && echo link
        test -e $D/S.pdf && echo file
        test -e $E/S.pdf && echo other
        echo '{{}}' > $D/.by-name/S.pdf/groundTruth.json && echo written''', status=None)
    assert ran.status != 9 and ran.out == '', ran


# --- Collections ----------------------------------------------------------------------------------

def test_a_dataset_of_a_name_is_the_one_that_has_it_now(mount, api):
    mount.run('''set -e
        for i in 1 2 3; do
            mkdir datasets/N
            echo "number $i" > datasets/.by-name/N/description
            echo "also $i" > datasets/.by-name/N/description
            mv datasets/N datasets/N$i
        done''')
    assert {d['name']: d['description'] for d in api.list('datasets')} == \
        {f'N{i}': f'also {i}' for i in (1, 2, 3)}


def test_a_dataset_that_is_renamed_by_its_field_leaves_its_name_at_once(mount, api):
    first, second = api.add_dataset('N'), api.add_dataset('M')
    mount.run(f'''set -e
        echo one > datasets/N/description; echo one > datasets/.by-name/N/description
        echo old > ./datasets/{first}/name
        echo N > ./datasets/{second}/name
        echo two > datasets/N/description
        cat datasets/.by-name/N/datasetId''')
    assert api.get('datasets/' + first)['description'] == 'one'
    assert api.get('datasets/' + second)['description'] == 'two'


def test_an_asset_of_a_name_is_the_one_that_has_it_now(mount, api):
    mount.run('''set -e
        for i in 1 2 3; do
            echo "bytes $i" > assets/N
            echo "number $i" > assets/.by-name/N/description
            mv assets/N assets/N$i
        done''')
    assert {a['name']: a['description'] for a in api.list('assets')} == \
        {f'N{i}': f'number {i}' for i in (1, 2, 3)}


@pytest.mark.parametrize('path', ['datasets/r', 'datasets/.by-name/r.json'])
def test_the_directory_of_a_dropped_body_is_that_of_the_file_of_now(mount, api, path):
    mount.run(f'''set -e
        for i in 1 2 3; do
            echo '{{"description": "none"}}' > datasets/r.json
            echo "number $i" > {path}/description
            mv datasets/r.json datasets/r$i.json
            ! test -e {path}
        done''')
    assert {d['name']: d['description'] for d in api.list('datasets')} == \
        {f'r{i}': f'number {i}' for i in (1, 2, 3)}


def test_a_subfolder_of_a_name_is_the_one_that_has_it_now(mount, api, scans):
    dataset = api.dataset_called('in')['datasetId']
    mount.run(f'''set -e; cd datasets; D=in/documents E=./{dataset}/documents
        for i in 1 2 3; do
            mkdir $E/sub; ls $D/sub $E/sub
            cp {scans.folder}/$i.pdf $D/sub/S.pdf; cat $E/sub/S.pdf | cmp - {scans.folder}/$i.pdf
            mv $E/sub $E/sub$i
            ! test -e $D/sub
        done''')
    for i in (1, 2, 3):
        assert (mount / f'datasets/in/documents/sub{i}/S.pdf').read_bytes() == pdf(2000, i)


# --- From other processes, while others do the same ----------------------------------------------

def rounds(mount, samples, worker):
    """One process: its own name, over and over, in a folder that all share."""
    folder, other = mount / 'datasets/in/documents', mount / 'datasets/done/documents'
    for i in range(8):
        seed = 1000 * (worker + 1) + i
        name = f'S{worker}.pdf'
        shutil.copy(samples / f'{seed}.pdf', folder / name)
        (folder / '.by-name' / name / 'groundTruth.json').write_text(json.dumps({'n': str(seed)}))
        assert (folder / name).read_bytes() == pdf(2000, seed)
        # another process sees what this one does
        subprocess.run(['cmp', folder / name, samples / f'{seed}.pdf'], check=True)
        os.rename(folder / name, (other if i % 2 else folder) / f'{seed}.pdf')


def test_many_processes_each_label_their_own_documents(mount, api, scans):
    seeds = [1000 * (w + 1) + i for w in range(6) for i in range(8)]
    for seed in seeds:
        scans.pdf(f'{seed}.pdf', seed=seed)
    context = multiprocessing.get_context('fork')
    workers = [context.Process(target=rounds, args=(mount, scans.folder, w)) for w in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [w.exitcode for w in workers] == [0] * 6
    assert len(api.documents()) == len(seeds)
    for seed in seeds:
        assert truth(api, by_bytes(api, seed)) == number(seed)


def test_one_name_that_all_fight_for_never_labels_another_document(mount, api, scans):
    """Whoever writes a label through the name just after moving a document there labels that one
    or one that came later, and never one that was moved away before."""
    mount.allow('No such file', 'no .* called')
    folder = mount / 'datasets/in/documents'
    for i in range(20):
        shutil.copy(scans.folder / '1.pdf', folder / 'S.pdf')
        gone = api.dataset_called('in')
        document = [d for d in api.documents(datasetId=gone['datasetId'])][0]['documentId']
        os.stat(folder / '.by-name/S.pdf/groundTruth.json')
        reader = subprocess.Popen(['sh', '-c', 'while cat .by-name/S.pdf/groundTruth.json; do :; done'],
                                  cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.rename(folder / 'S.pdf', mount / f'datasets/done/documents/{i}.pdf')
        shutil.copy(scans.folder / '2.pdf', folder / 'S.pdf')
        (folder / '.by-name/S.pdf/groundTruth.json').write_text('{"n": "2"}')
        assert truth(api, document) == []
        os.unlink(folder / 'S.pdf')
        reader.wait(20)


# --- What the kernel's cache is for ---------------------------------------------------------------

def asked_for(mount, path):
    """How often the daemon is asked while the path is looked at 50 times."""
    os.stat(path)
    before = lookups(mount)
    for _ in range(50):
        os.stat(path)
    return lookups(mount) - before


def test_ids_are_still_the_kernels_to_remember(mount, api):
    document = api.add_document(pdf(2000, 1))
    dataset = api.add_dataset('N')
    assert asked_for(mount, mount / 'documents' / document) < 10
    assert asked_for(mount, mount / 'documents' / document.rpartition(':')[2][:12]) < 10
    assert asked_for(mount, mount / 'datasets' / dataset) < 10
    assert asked_for(mount, mount / 'datasets/N') >= 50


def lookups(mount):
    """How many requests of the kernel the daemon has read: each is one read(2) at least."""
    with open(f'/proc/{mount.process.pid}/io', encoding='ascii') as f:
        return int(dict(line.split(': ') for line in f)['syscr'])
