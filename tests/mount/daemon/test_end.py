"""How it ends: cleanly, with what was being closed delivered."""
import os
import signal
import subprocess

import pytest

from mounted import END_SECONDS, eventually, mount_type
from samples import pdf
from server import program


@pytest.mark.parametrize('how', [signal.SIGINT, signal.SIGTERM, 'fusermount3', 'lasfs'])
def test_it_ends(mount, how):
    os.listdir(mount / 'documents')
    mount.unmount(how)
    assert os.listdir(mount.path) == []


def closing(mount, data, name='scan.pdf'):
    """A process inside close(), its bytes on their way to a server that takes its time."""
    process = subprocess.Popen(['tee', str(mount / 'documents' / name)], stdin=subprocess.PIPE,
                               stdout=subprocess.DEVNULL)
    process.stdin.write(data)
    process.stdin.close()

    def inside_close():
        # tee's last call on that file: /proc says which one it sleeps in.
        with open(f'/proc/{process.pid}/syscall') as f:
            number = f.read().split()[0]
        return number == CLOSE
    eventually(inside_close, 10, 'close()')
    return process


CLOSE = {'x86_64': '3', 'aarch64': '57'}.get(os.uname().machine)


@pytest.mark.server('--latency', '700')
@pytest.mark.parametrize('how', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_a_close_in_flight_finish(mount, api, how):
    process = closing(mount, pdf(100000))
    mount.process.send_signal(how)
    assert process.wait(END_SECONDS) == 0
    mount.wait_for_end()
    assert api.content('documents/' + api.only_document()['documentId']) == pdf(100000)


@pytest.mark.server('--latency', '700')
def test_unmount_waits_for_a_close_in_flight(mount, api):
    process = closing(mount, pdf(100000))
    subprocess.run([program('lasfs'), '--unmount', str(mount.path)], check=True,
                   timeout=END_SECONDS, env=mount.environment())
    assert not mount_type(mount.path)
    assert process.wait(END_SECONDS) == 0
    mount.wait_for_end()
    assert api.content('documents/' + api.only_document()['documentId']) == pdf(100000)


@pytest.mark.server('--latency', '700')
def test_a_lazy_fusermount_lets_a_close_in_flight_finish(mount, api):
    process = closing(mount, pdf(100000))
    subprocess.run(['fusermount3', '-u', '-z', str(mount.path)], check=True)
    assert process.wait(END_SECONDS) == 0
    mount.wait_for_end()
    assert api.content('documents/' + api.only_document()['documentId']) == pdf(100000)


@pytest.mark.server('--latency', '700')
def test_fusermount_refuses_while_a_close_is_in_flight(mount, api):
    process = closing(mount, pdf(100000))
    ran = subprocess.run(['fusermount3', '-u', str(mount.path)], capture_output=True, text=True,
                         check=False)
    assert ran.returncode > 0 and 'busy' in ran.stderr
    assert process.wait(END_SECONDS) == 0
    assert api.content('documents/' + api.only_document()['documentId']) == pdf(100000)


@pytest.mark.server('--latency', '700')
def test_a_close_that_is_interrupted_keeps_its_bytes(mount, api):
    mount.allow('Interrupted')
    mount.may_leave = True
    process = closing(mount, pdf(100000))
    process.send_signal(signal.SIGINT)
    process.wait(END_SECONDS)
    names = eventually(lambda: os.listdir(mount / '.lasfs/failed'), 10, 'a file in failed/')
    assert [n.partition('-')[2] for n in names] == ['scan.pdf']
    assert (mount / '.lasfs/failed' / names[0]).read_bytes() == pdf(100000)


def test_unmount_of_what_is_not_mounted_is_an_error(tmp_path, mount):
    (tmp_path / 'plain').mkdir()
    ran = subprocess.run([program('lasfs'), '--unmount', str(tmp_path / 'plain')],
                         capture_output=True, text=True, check=False, timeout=END_SECONDS)
    assert ran.returncode > 0
    assert len(ran.stderr.splitlines()) == 1


def test_a_file_that_is_open_when_it_ends_by_a_signal_is_not_uploaded(mount, api):
    mount.may_leave = True
    mount.allow('scan.pdf')
    fd = os.open(mount / 'documents/scan.pdf', os.O_WRONLY | os.O_CREAT)
    os.write(fd, pdf(3000))
    mount.process.send_signal(signal.SIGTERM)
    try:
        mount.wait_for_end()
    finally:
        try:
            os.close(fd)
        except OSError:
            pass  # the mount is gone
    assert api.documents() == []
    mount.start()
    assert [n.partition('-')[2] for n in os.listdir(mount / '.lasfs/failed')] == ['scan.pdf']
    assert api.documents() == []


def test_a_reader_that_is_killed_lets_the_mount_go(mount, api):
    api.add_document(pdf(1 << 20))
    process = subprocess.Popen(['tail', '-f', str(mount / 'README')], stdout=subprocess.DEVNULL)
    process.kill()
    process.wait()
    mount.unmount()
