"""What is FTP's, SFTP's and WebDAV's own: transfers that are resumed, and names on the way."""
import os

import pytest

from samples import pdf


@pytest.fixture
def ftp(shared):
    return shared('ftp')


@pytest.fixture
def sftp(shared):
    return shared('sftp')


@pytest.fixture
def webdav(shared):
    return shared('webdav')


def content(api):
    return api.content('documents/' + api.only_document()['documentId'])


def halves(samples, size=300000):
    """A scan, and a file with its first half."""
    return samples.pdf(size=size), samples.write('half', pdf(size)[:size // 2])


# --- FTP -------------------------------------------------------------------------------------------

def test_ftp_resumes_where_half_a_file_ended(ftp, api, samples):
    ftp.mount.allow('looks cut off')
    whole, half = halves(samples)
    ftp.put(half, 'scan.pdf')
    with ftp.mount.server.watch() as seen:
        ftp.resume(whole, 'scan.pdf')
    assert [r.verb for r in seen.changes] == ['POST', 'DELETE']
    assert content(api) == pdf(300000)


def test_ftp_resume_of_a_whole_file_sends_nothing(ftp, api, samples):
    ftp.put(samples.pdf(), 'scan.pdf')
    before = api.only_document()
    with ftp.mount.server.watch() as seen:
        ftp.resume(samples.pdf(), 'scan.pdf')
    assert not seen.changes
    assert api.only_document() == before


def test_ftp_resume_of_a_fetch(ftp, samples, tmp_path):
    ftp.put(samples.pdf(size=300000), 'scan.pdf')
    out = samples.write('out.pdf', pdf(300000)[:100000])
    ftp.client('-C', '-', '-o', out, ftp.url('scan.pdf'))
    assert out.read_bytes() == pdf(300000)


@pytest.mark.parametrize('name', ['.in.scan.pdf.', 'scan.pdf.part', '.pureftpd-upload.5f0c.1a',
                                  'scan.pdf.tmp', 'scan.pdf.filepart'])
def test_ftp_upload_under_a_name_on_the_way_is_sent_once(ftp, api, samples, name):
    with ftp.mount.server.watch() as seen:
        ftp.put(samples.pdf(), name)
    assert not seen.changes
    with ftp.mount.server.watch() as seen:
        ftp.rename(name, 'scan.pdf')
    assert [r.verb for r in seen.changes] == ['POST']
    assert content(api) == pdf(2000)


def test_ftp_append_of_page_after_page(ftp, api, samples):
    """Some devices send a file in pieces, with APPE."""
    ftp.mount.allow('looks cut off')
    data = pdf(30000)
    for i in range(3):
        piece = samples.write(f'piece{i}', data[i * 10000:(i + 1) * 10000])
        ftp.client('--append', '-T', piece, ftp.url('scan.pdf'))
    assert content(api) == data


def test_ftp_makes_subfolders(ftp, api, samples):
    ftp.client('--ftp-create-dirs', '-T', samples.pdf(), ftp.url('2026/11/scan.pdf'))
    assert content(api) == pdf(2000)
    assert (ftp.mount / 'datasets/invoices/documents/2026/11/scan.pdf').stat().st_size == 2000


# --- SFTP ------------------------------------------------------------------------------------------

def test_sftp_resumes_with_reput(sftp, api, samples):
    sftp.mount.allow('looks cut off')
    whole, half = halves(samples)
    sftp.put(half, 'scan.pdf')
    with sftp.mount.server.watch() as seen:
        sftp.resume(whole, 'scan.pdf')
    assert [r.verb for r in seen.changes] == ['POST', 'DELETE']
    assert content(api) == pdf(300000)


def test_sftp_put_with_fsync(sftp, api, samples):
    with sftp.mount.server.watch() as seen:
        sftp.client(f'put -f {samples.pdf(size=300000)} scan.pdf')
    assert [r.verb for r in seen.changes] == ['POST']
    assert content(api) == pdf(300000)


def test_sftp_put_keeps_the_time(sftp, samples):
    scan = samples.pdf()
    os.utime(scan, (1600000000, 1600000000))
    sftp.client(f'put -p {scan} scan.pdf')
    assert os.stat(sftp.mount / 'datasets/invoices/documents/scan.pdf').st_mtime == 1600000000


def test_sftp_put_of_a_folder(sftp, api, samples):
    for i in range(3):
        samples.pdf(f'{i}.pdf', seed=i)
    with sftp.mount.server.watch() as seen:
        sftp.client(f'put -R {samples.folder} scans')
    assert [r.verb for r in seen.changes] == ['POST'] * 3
    assert len(api.documents()) == 3


def test_sftp_rename_of_old_leaves_no_line(sftp, samples):
    sftp.put(samples.pdf(), 'a.pdf')
    sftp.client('rename -l a.pdf b.pdf')  # without its extension: by link(2), or rename(2) instead
    assert os.listdir(sftp.mount / 'datasets/invoices/documents') == ['b.pdf']
    assert sftp.mount.errors() == ''


def test_sftp_rename_over_another_deletes_that_one(sftp, api, samples):
    sftp.put(samples.pdf(), 'a.pdf')
    sftp.put(samples.pdf(seed=1), 'b.pdf')
    with sftp.mount.server.watch() as seen:
        sftp.rename('a.pdf', 'b.pdf')
    assert [r.verb for r in seen.changes] == ['DELETE']
    assert content(api) == pdf(2000)


def test_sftp_df_and_chmod(sftp, samples):
    sftp.put(samples.pdf(), 'scan.pdf')
    with sftp.mount.server.watch() as seen:
        ran = sftp.client('chmod 600 scan.pdf', 'df', 'ls -l')
    assert not seen.changes
    assert '-rw-------' in ran.out


# --- WebDAV ----------------------------------------------------------------------------------------

def test_webdav_copy_is_another_document(webdav, api, samples):
    webdav.put(samples.pdf(), 'scan.pdf')
    webdav.client('-X', 'COPY', '-H', f'Destination: {webdav.url("copy.pdf")}',
                  webdav.url('scan.pdf'))
    assert webdav.list() == {'scan.pdf': 2000, 'copy.pdf': 2000}
    assert len(api.documents()) == 2


def test_webdav_collections_are_subfolders(webdav, api, samples):
    webdav.client('-X', 'MKCOL', webdav.url('2026/'))
    webdav.put(samples.pdf(), '2026/scan.pdf')
    assert content(api) == pdf(2000)
    webdav.client('-X', 'DELETE', webdav.url('2026/'))
    assert api.documents() == []


def test_webdav_move_over_another_deletes_that_one(webdav, api, samples):
    webdav.put(samples.pdf(), 'a.pdf')
    webdav.put(samples.pdf(seed=1), 'b.pdf')
    webdav.rename('a.pdf', 'b.pdf')
    assert content(api) == pdf(2000)
    assert webdav.list() == {'b.pdf': 2000}


# --- Files that are no documents -------------------------------------------------------------------

WORDS = b'Dear Sir\n' * 100


@pytest.mark.parametrize('kind', ['smb', 'sftp', 'scp'])
def test_a_client_is_told_that_a_file_is_refused(shared, api, samples, kind):
    share = shared(kind)
    share.mount.allow('Invalid argument', 'Input/output error')
    share.mount.may_leave = True
    ran = share.put(samples.write('letter.pdf', WORDS), 'letter.pdf', status=None)
    assert ran.status or 'NT_STATUS_' in ran.out, ran
    assert 'its bytes are text/plain' in share.mount.errors()
    assert api.documents() == []


@pytest.mark.parametrize('kind', ['ftp', 'webdav'])
def test_a_file_that_is_refused_has_its_reason_beside_it(shared, api, samples, kind):
    share = shared(kind)
    share.mount.allow('Invalid argument', 'Input/output error', 'not permitted: its bytes')
    share.put(samples.write('letter.pdf', WORDS), 'letter.pdf', status=None)
    assert 'its bytes are text/plain' in share.mount.errors()
    assert 'letter.pdf.error.txt' in share.list()
    share.put(samples.pdf(), 'letter.pdf')
    assert content(api) == pdf(2000)
    assert share.list() == {'letter.pdf': 2000}


@pytest.mark.parametrize('kind', ['smb', 'ftp', 'sftp', 'scp', 'webdav'])
def test_a_file_over_the_apis_limit_is_refused(shared, api, samples, kind):
    share = shared(kind)
    share.mount.allow('File too large', 'Input/output error', 'not complete')
    share.mount.may_leave = True
    ran = share.put(samples.pdf(size=4687501), 'scan.pdf', status=None)
    assert ran.status or 'NT_STATUS_' in ran.out, ran
    assert api.documents() == []
