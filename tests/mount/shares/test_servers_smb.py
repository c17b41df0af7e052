"""What is Samba's own: attributes and times, folders, and how office programs save."""
import hashlib
import subprocess

import pytest

from samples import pdf


@pytest.fixture
def share(shared):
    return shared('smb')


def attributes(share, name):
    lines = share.client(f'allinfo {name}').out.splitlines()
    return next(line.split()[1] for line in lines if line.startswith('attributes:'))


@pytest.mark.parametrize('letter', 'arhs')
def test_dos_attributes_are_kept(share, samples, letter):
    share.put(samples.pdf(), 'scan.pdf')
    with share.mount.server.watch() as seen:
        ran = share.client(f'setmode scan.pdf +{letter}')
    assert 'failed' not in ran.out
    assert not seen.changes
    assert letter.upper() in attributes(share, 'scan.pdf')
    share.client(f'setmode scan.pdf -{letter}')
    assert letter.upper() not in attributes(share, 'scan.pdf')


def test_dos_attributes_are_kept_over_a_remount(share, samples):
    share.put(samples.pdf(), 'scan.pdf')
    share.client('setmode scan.pdf +h')
    share.mount.remount()
    assert 'H' in attributes(share, 'scan.pdf')


def test_times_that_a_client_sets_are_kept(share, samples):
    share.put(samples.pdf(), 'scan.pdf')
    with share.mount.server.watch() as seen:
        share.client('utimes scan.pdf 2020:01:02-03:04:05 -1 2021:01:02-03:04:05 -1')
    assert not seen.changes
    told = share.client('allinfo scan.pdf').out
    assert 'create_time:    Thu Jan  2 03:04:05 2020' in told
    assert 'write_time:     Sat Jan  2 03:04:05 2021' in told


def test_a_subfolder(share, api, samples):
    scan = samples.pdf()
    share.client('mkdir 2026', 'cd 2026', f'put {scan} scan.pdf')
    assert api.content('documents/' + api.only_document()['documentId']) == pdf(2000)
    share.client('rename 2026 2027', 'rename 2027\\scan.pdf 2027\\invoice.pdf')
    assert 'invoice.pdf' in share.client('ls 2027\\*').out
    share.client('deltree 2027')
    assert api.documents() == []
    assert share.list() == {}


def test_an_office_program_saves_by_renaming_three_times(share, api, samples):
    share.put(samples.pdf(), 'letter.pdf')
    new = samples.pdf(size=3000, seed=1)
    with share.mount.server.watch() as seen:
        share.client(f'put {new} ~WRD0001.tmp', 'rename letter.pdf ~WRL0002.tmp',
                     'rename ~WRD0001.tmp letter.pdf', 'del ~WRL0002.tmp')
    assert [r.verb for r in seen.changes] == ['POST', 'DELETE']
    assert api.content('documents/' + api.only_document()['documentId']) == pdf(3000, 1)
    assert share.list() == {'letter.pdf': 3000}


def test_names_that_are_not_ascii(share, api, samples):
    share.put(samples.pdf(), 'Rechnung-Größe-請求書.pdf')
    assert share.list() == {'Rechnung-Größe-請求書.pdf': 2000}
    share.delete('Rechnung-Größe-請求書.pdf')
    assert api.documents() == []


def test_a_share_without_a_mount_is_refused(share, api, samples):
    share.put(samples.pdf(), 'scan.pdf')
    share.mount.unmount()
    share.put(samples.pdf(seed=1), 'lost.pdf', status=1)
    assert list(share.mount.path.iterdir()) == []
    share.mount.start()
    share.put(samples.pdf(seed=1), 'found.pdf')
    assert len(api.documents()) == 2


def test_names_are_the_same_in_capital_letters(share, api, samples):
    share.put(samples.pdf(), 'scan.pdf')
    share.put(samples.pdf(size=3000, seed=1), 'SCAN.PDF')
    assert api.content('documents/' + api.only_document()['documentId']) == pdf(3000, 1)
    assert share.list() == {'scan.pdf': 3000}


@pytest.mark.parametrize('name', ['.DS_Store', '._scan.pdf', 'Thumbs.db', 'desktop.ini', '~$a.docx'])
def test_what_file_managers_leave_stays_here(share, api, samples, name):
    with share.mount.server.watch() as seen:
        share.put(samples.write('x', b'words of a file manager'), name)
        share.delete(name)
    assert not seen.changes


def test_documents_of_others_are_not_shown(share, api, samples):
    dataset = api.dataset_called('invoices')['datasetId']
    api.add_document(pdf(4000), datasetId=dataset)
    share.put(samples.pdf(), 'scan.pdf')
    assert share.list() == {'scan.pdf': 2000}
    assert len(api.documents(datasetId=dataset)) == 2


def test_many_clients_at_once(share, api, samples):
    clients = [subprocess.Popen(share.command_line(f'put {samples.pdf(f"{i}.pdf", seed=i)} {i}.pdf'),
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL) for i in range(8)]
    assert [client.wait(60) for client in clients] == [0] * 8
    assert share.list() == {f'{i}.pdf': 2000 for i in range(8)}
    assert api.hashes() == sorted(hashlib.sha256(pdf(2000, i)).hexdigest() for i in range(8))


def test_with_nodelete_a_counter_that_starts_again_loses_nothing(shared, api, samples):
    share = shared('smb', 'nodelete')
    share.mount.allow('not permitted')
    for seed in range(3):
        share.put(samples.pdf(seed=seed), 'scan0001.pdf')
    assert len(api.documents()) == 3
    ran = share.client('del scan0001.pdf', status=None)
    assert 'NT_STATUS_' in ran.out
    assert len(api.documents()) == 3
    assert share.list() == {'scan0001.pdf': 2000}
