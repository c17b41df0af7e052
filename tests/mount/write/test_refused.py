"""A file that is no document: refused with a reason, and not lost."""
import errno
import os

import pytest

from samples import pdf

TEXT = b'This is a letter. A letter is no PDF.\n' * 20


@pytest.fixture
def refused(mount, samples):
    """documents/letter.pdf, whose close() failed."""
    mount.allow('Invalid argument')
    mount.may_leave = True
    samples.write('letter.pdf', TEXT)
    mount.ran = mount.run(f'cp {samples.folder}/letter.pdf documents/', status=1)
    return mount


def test_cp_fails_with_einval(refused):
    assert 'Invalid argument' in refused.ran.err


def test_nothing_reaches_the_server(mount, samples, api):
    mount.allow('Invalid argument')
    mount.may_leave = True
    samples.write('letter.pdf', TEXT)
    with mount.server.watch() as seen:
        mount.run(f'cp {samples.folder}/letter.pdf documents/', status=1)
    assert not seen.changes
    assert api.documents() == []


def test_the_error_line_says_what_was_found(refused):
    lines = [line for line in refused.errors().splitlines() if 'letter.pdf' in line]
    assert len(lines) == 1, refused.errors()
    assert 'text/plain' in lines[0] and 'Invalid argument' in lines[0]


def test_the_log_has_the_same_line(refused):
    line = [line for line in refused.errors().splitlines() if 'letter.pdf' in line][0]
    assert line.partition(' ')[2] in refused.words


def test_it_is_not_where_it_was_dropped_but_the_reason_is(refused):
    assert not (refused / 'documents/letter.pdf').exists()
    assert os.listdir(refused / 'documents') == ['letter.pdf.error.txt']
    assert 'text/plain' in (refused / 'documents/letter.pdf.error.txt').read_text()


def test_the_reason_can_be_removed_and_what_failed_is_kept(refused):
    os.unlink(refused / 'documents/letter.pdf.error.txt')
    assert os.listdir(refused / 'documents') == []
    refused.remount()
    assert os.listdir(refused / 'documents') == []
    failed = os.listdir(refused / '.lasfs/failed')
    assert (refused / '.lasfs/failed' / failed[0]).read_bytes() == TEXT


def test_it_is_in_failed_under_a_number_and_its_name(refused):
    names = os.listdir(refused / '.lasfs/failed')
    assert len(names) == 1
    number, _, name = names[0].partition('-')
    assert number.isdigit() and name == 'letter.pdf'
    assert (refused / '.lasfs/failed' / names[0]).read_bytes() == TEXT


def test_it_is_kept_over_a_remount(refused, api):
    with refused.server.watch() as seen:
        refused.remount()
        assert os.listdir(refused / 'documents') == ['letter.pdf.error.txt']
        failed = os.listdir(refused / '.lasfs/failed')
        assert [(refused / '.lasfs/failed' / name).read_bytes() for name in failed] == [TEXT]
    assert not seen.changes
    assert api.documents() == []


def test_rm_gives_it_up(refused):
    refused.run('rm .lasfs/failed/*-letter.pdf')
    assert os.listdir(refused / 'documents') == []
    assert os.listdir(refused / '.lasfs/failed') == []
    refused.may_leave = False


def test_writing_the_name_again_supersedes_it(refused, api):
    (refused / 'documents/letter.pdf').write_bytes(pdf(2000))
    assert api.content('documents/' + api.only_document()['documentId']) == pdf(2000)
    assert os.listdir(refused / 'documents') == ['letter.pdf']
    assert os.listdir(refused / '.lasfs/failed') == []
    refused.may_leave = False


def test_what_the_server_refuses_is_kept_too(mount, api, samples):
    mount.allow('No such file', 'Invalid argument', '404', 'Input/output')
    mount.may_leave = True
    dataset = api.add_dataset('gone')
    os.listdir(mount / 'datasets' / dataset / 'documents')
    api.delete('datasets/' + dataset)
    samples.pdf()
    mount.run(f'cp {samples.folder}/scan.pdf ./datasets/{dataset}/documents/', status=1)
    assert api.documents() == []
    assert [n.partition('-')[2] for n in os.listdir(mount / '.lasfs/failed')] == ['scan.pdf']


def test_a_quota_is_edquot(lasfs, tmp_path, samples):
    from server import Server
    server = Server(tmp_path / 'small', '--quota', 'documents=1').start()
    try:
        mount = lasfs(server=server, name='limited')
        mount.allow('quota')
        mount.may_leave = True
        samples.pdf('1.pdf', seed=1)
        samples.pdf('2.pdf', seed=2)
        mount.run(f'cp {samples.folder}/1.pdf documents/')
        ran = mount.run(f'cp {samples.folder}/2.pdf documents/', status=1)
        assert os.strerror(errno.EDQUOT) in ran.err
        assert 'Limit Exceeded' in mount.errors()
        mount.unmount()
    finally:
        server.stop()


@pytest.mark.options('other=local')
def test_with_other_local_it_is_kept_and_is_no_error(mount, api):
    mount.may_leave = True
    with mount.server.watch() as seen:
        (mount / 'documents/letter.txt').write_bytes(TEXT)
    assert not seen.changes
    assert (mount / 'documents/letter.txt').read_bytes() == TEXT
    assert os.listdir(mount / 'documents') == ['letter.txt']
    mount.remount()
    assert (mount / 'documents/letter.txt').read_bytes() == TEXT
    assert api.documents() == []
