"""lasfs --unmount says what it waits for, and who still uses the mount."""
import os
import re
import subprocess
import time

import pytest

from mounted import COMMAND_SECONDS, eventually, mount_type
from samples import pdf, small_pdf
from server import program
from terminal import Terminal


def unmount(mount, **more):
    return Terminal([program('lasfs'), '--unmount', mount.path], env=mount.environment(), **more)


def plain(mount):
    return subprocess.Popen([program('lasfs'), '--unmount', str(mount.path)], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env=mount.environment())


def holder(mount, what):
    """A process that has something of the mount, and tells when."""
    path = mount / 'README'
    (mount / 'datasets').stat()
    script = {
        'open': f'exec 3<"{path}"',
        'cwd': f'cd "{mount.path}/datasets"',
        'mapped': '',
    }[what]
    command = ['bash', '-c', script + '; echo; exec sleep 1000']
    if what == 'mapped':
        command = ['/usr/bin/python3', '-c',
                   'import mmap, sys, time\n'
                   'with open(sys.argv[1]) as f: m = mmap.mmap(f.fileno(), 0, '
                   'prot=mmap.PROT_READ, flags=mmap.MAP_PRIVATE)\n'
                   'print(flush=True)\ntime.sleep(1000)', mount / 'documents/scan.pdf']
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    process.stdout.read(1)
    return process


HELD = {'open': ('sleep', 'README'), 'cwd': ('sleep', 'datasets'),
        'mapped': ('python3', 'documents/scan.pdf')}


@pytest.mark.parametrize('what', HELD)
def test_who_holds_it_is_named(mount, samples, what):
    mount.run(f'cp {samples.pdf()} documents/')
    name, path = HELD[what]
    with holder(mount, what) as process:
        try:
            with unmount(mount, columns=200) as terminal:
                wanted = f'in use by {name} (pid {process.pid}): {mount.path}/{path}'
                eventually(lambda: wanted in terminal.text, what=wanted)
                assert not mount_type(mount.path)
                eventually(lambda: any(wanted in line for line in terminal.shown))
                process.kill()
                assert terminal.wait(COMMAND_SECONDS) == 0
                assert terminal.left[1] == 'lasfs: ' + wanted and len(terminal.left) == 2
        finally:
            process.kill()
    mount.wait_for_end()


def test_without_a_terminal_there_are_a_few_plain_lines(mount):
    holders = [holder(mount, 'open') for _ in range(7)]
    try:
        with plain(mount) as process:
            first, *lines = [process.stderr.readline() for _ in range(7)]
            for h in holders:
                h.kill()
            assert process.stderr.read() == process.stdout.read() == ''
            assert process.wait(COMMAND_SECONDS) == 0
    finally:
        for h in holders:
            h.kill()
            h.wait()
            h.stdout.close()
    mount.wait_for_end()
    assert re.fullmatch(rf'lasfs: {mount.path} is unmounted; waiting for its end '
                        r'\(pid \d+\): nothing to send\n', first)
    pids = sorted(h.pid for h in holders)
    assert lines == [f'lasfs: in use by sleep (pid {pid}): {mount.path}/README\n'
                     for pid in pids[:5]] + ['lasfs: and by 2 more\n']


@pytest.mark.parametrize('terminal', [True, False])
def test_what_takes_no_second_has_no_words(mount, terminal):
    os.listdir(mount / 'documents')
    if terminal:
        with unmount(mount) as t:
            assert t.wait(COMMAND_SECONDS) == 0
            assert t.text == ''
    else:
        ran = subprocess.run([program('lasfs'), '--unmount', str(mount.path)], check=True,
                             capture_output=True, timeout=COMMAND_SECONDS)
        assert ran.stdout == ran.stderr == b''
    mount.wait_for_end()


@pytest.mark.server('--latency', '3000')
def test_uploads_under_way_are_counted(mount, api, samples):
    for i in range(3):
        samples.pdf(f'{i}.pdf', seed=i)
    copies = [subprocess.Popen(['cp', samples.folder / f'{i}.pdf', mount / 'documents'])
              for i in range(3)]
    eventually(lambda: len(os.listdir(mount / '.lasfs/pending')) == 3)
    with unmount(mount, columns=120) as terminal:
        assert [c.wait(COMMAND_SECONDS) for c in copies] == [0] * 3
        assert terminal.wait(COMMAND_SECONDS) == 0
        assert re.search(r'3 files to send, \d requests? under way', terminal.text)
        assert 'in use by cp (pid ' in terminal.text
        assert terminal.shown and all(len(line) < 120 for line in terminal.shown)
        # what was to be sent at the beginning is not said once it is
        assert all('in use by cp' in line for line in terminal.shown if 'to send' in line)
        assert not any('to send' in line for line in terminal.left[1:])
    mount.wait_for_end()
    assert len(api.documents()) == 3


def test_ending_the_wait_leaves_the_mount_to_its_end(mount, api):
    """It is away from its place, and what is open goes on. The first Ctrl-C ends nothing."""
    with open(mount / 'documents/late.pdf', 'wb', buffering=0) as writer:
        writer.write(pdf(5000)[:2000])
        with unmount(mount) as terminal:
            eventually(lambda: 'in use by' in terminal.text)
            terminal.type('\x03')
            eventually(lambda: 'Ctrl-C once more' in terminal.text)
            assert terminal.process.poll() is None
            terminal.process.terminate()
            eventually(lambda: terminal.process.poll() is not None)
        assert not mount_type(mount.path)
        assert mount.process.poll() is None
        writer.write(pdf(5000)[2000:])
    mount.wait_for_end()
    assert api.content('documents/' + api.only_document()['documentId']) == pdf(5000)


@pytest.mark.server('--latency', '700')
def test_fusermount_returns_at_once_while_uploads_go_on(mount, api):
    """Nobody has it open any more: what a child wrote goes out when the last of them ends."""
    (mount / 'documents').stat()
    mount.run(f'exec 3> documents/late.pdf; (sleep .2; cat) >&3 <<< "{small_pdf(7).decode()}" & '
              'exec 3>&-; wait')
    assert os.listdir(mount / '.lasfs/pending')
    begin = time.monotonic()
    subprocess.run(['fusermount3', '-u', str(mount.path)], check=True)
    assert time.monotonic() - begin < 0.6
    assert mount.process.poll() is None
    mount.wait_for_end()
    assert len(api.documents()) == 1
