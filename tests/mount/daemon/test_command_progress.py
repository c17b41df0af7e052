"""lasfs flush and purge: how far they are, on a terminal; and purge itself."""
import re
import os
import subprocess

import pytest

from mounted import COMMAND_SECONDS, eventually
from samples import small_pdf
from server import program
from terminal import Terminal


def on_terminal(mount, *arguments, **more):
    return Terminal([program('lasfs'), *arguments], env=mount.environment(), **more)


def plain(*arguments, status=0):
    ran = subprocess.run([program('lasfs'), *map(str, arguments)], capture_output=True, text=True,
                         timeout=COMMAND_SECONDS, check=False)
    assert ran.returncode == status, ran
    assert ran.stdout == '' and '\r' not in ran.stderr
    return ran.stderr


def to_be_sent(mount):
    """What is sent after the program has gone."""
    (mount / 'documents').stat()
    mount.run(f'exec 3> documents/late.pdf; (sleep .2; cat) >&3 <<< "{small_pdf(7).decode()}" & '
              'exec 3>&-; wait')


@pytest.mark.server('--latency', '2500')
def test_flush_says_what_it_waits_for(mount, api):
    to_be_sent(mount)
    with on_terminal(mount, 'flush', mount.path) as terminal:
        assert terminal.wait(COMMAND_SECONDS) == 0
        said = re.compile('lasfs: flush: 1 file to send, [12] requests? under way')  # df asks too
        assert any(said.fullmatch(line) for line in terminal.shown), terminal.shown
        assert terminal.left == []
    assert len(api.documents()) == 1


@pytest.mark.server('--latency', '1300')
def test_without_a_terminal_it_says_nothing(mount):
    to_be_sent(mount)
    assert plain('flush', mount.path) == ''


def test_what_takes_no_second_shows_nothing(mount):
    with on_terminal(mount, 'flush', mount.path) as terminal:
        assert terminal.wait(COMMAND_SECONDS) == 0
        assert terminal.text == ''


def dataset(api, n, name='old'):
    made = api.post('datasets', name=name)['datasetId']
    api.add_documents([small_pdf(i) for i in range(n)], datasetId=made)


@pytest.mark.server('--page-size', '2', '--latency', '600')
def test_purge_says_how_many_are_gone(mount, api):
    dataset(api, 8)
    with on_terminal(mount, 'purge', mount.path, 'datasets/old/documents', columns=120) as terminal:
        assert terminal.wait(COMMAND_SECONDS) == 0
        said = [line for line in terminal.shown
                if line.startswith('lasfs: purge datasets/old/documents/: ')]
        assert any(f'{n} documents deleted' in line for line in said for n in (2, 4, 6))
        assert any('1 request under way' in line for line in said)
        assert terminal.left == []
    assert api.documents() == []
    assert 'purged           8 documents\n' in (mount / '.lasfs/status').read_text()
    assert 'lasfs_purged_documents_total 8\n' in (mount / '.lasfs/metrics').read_text()


def test_purge_of_some(mount, api):
    dataset(api, 5)
    assert plain('purge', mount.path, 'datasets/old/documents', '2') == ''
    assert len(api.documents()) == 3


def test_purge_of_a_name_that_ends_in_a_number(mount, api):
    """Which .lasfs/control would take for how many."""
    dataset(api, 3, 'bills 2')
    dataset(api, 1, 'bills')
    mount.allow('Invalid argument')
    complaint = plain('purge', mount.path, 'datasets/bills 2', status=1)
    assert complaint.startswith('lasfs: purge datasets/bills 2/: Invalid argument')
    assert len(api.documents()) == 4
    assert plain('purge', mount.path, 'datasets/bills 2/documents') == ''
    assert len(api.documents()) == 1


@pytest.mark.parametrize('more', [['0'], ['x'], ['1.5'], ['2', '3']])
def test_purge_of_what_is_no_number_deletes_nothing(mount, api, more):
    dataset(api, 1)
    complaint = plain('purge', mount.path, 'datasets/old/documents', *more, status=1)
    assert complaint.startswith('lasfs: purge: how many is one number, 1 or more: ')
    assert len(api.documents()) == 1


def test_purge_of_what_cannot_be_purged_is_one_line(mount, api):
    api.add_document(small_pdf(1))
    mount.allow('Invalid argument', 'No such file')
    for path, why in (('documents', 'Invalid argument'),
                      ('datasets/none/documents', 'No such file or directory')):
        line, = plain('purge', mount.path, path, status=1).splitlines()
        assert line == f'lasfs: purge {path}/: {why} (see: lasfs errors {mount.path})'
    assert 'only the documents of a dataset or a consent can be purged' in mount.errors()
    assert len(api.documents()) == 1


def test_purge_of_documents_needs_a_path(mount):
    ran = subprocess.run([program('lasfs'), 'purge', str(mount.path)], capture_output=True,
                         text=True, check=False, timeout=COMMAND_SECONDS)
    assert ran.returncode == 2
    assert ran.stderr.startswith('Usage: lasfs purge MOUNTPOINT PATH [N]')


@pytest.mark.server('--latency', '3000')
def test_interrupting_a_purge_ends_it(mount, api):
    mount.allow('Interrupted')
    with on_terminal(mount, 'purge', mount.path, 'datasets/none/documents') as terminal:
        eventually(lambda: terminal.shown)
        terminal.type('\x03')
        eventually(lambda: terminal.process.poll() is not None, 1.5)
    eventually(lambda: os.listdir(mount / '.lasfs'))
