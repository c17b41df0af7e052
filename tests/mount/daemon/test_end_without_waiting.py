"""lasfs --unmount --no-wait, and a second Ctrl-C: what is not sent is left to the next mount, which sends
it once."""
import os
import signal
import subprocess
import time

import pytest

from mounted import COMMAND_SECONDS, eventually, mount_type
from samples import pdf, small_pdf
from server import program
from terminal import Terminal

SOON = 8  # it takes five seconds at most, on a machine that has nothing else to do


@pytest.fixture
def mount(lasfs, proxy):
    one = lasfs('unsure=2', server=proxy)
    one.allow('Interrupted', 'interrupted', 'being closed', 'answer was lost', 'it was not made',
              'unknown')
    one.may_leave = True
    return one


@pytest.fixture
def waiting(lasfs, proxy):
    """With writeback; three files wait, and the server answers no POST."""
    one = lasfs('writeback', 'settle=0', 'unsure=2', server=proxy)
    one.may_leave = True
    one.allow('answer was lost')
    one.rule = proxy.fault('POST', '/documents', stall='before')
    for n in range(3):
        (one / f'documents/{n}.pdf').write_bytes(small_pdf(n))
    eventually(lambda: one.rule.hits == 3)
    return one


def documents(api):
    return sorted(api.content('documents/' + d['documentId']) for d in api.documents())


def unmount(mount, *more):
    return subprocess.run([program('lasfs'), '--unmount', *more, str(mount.path)], check=False,
                          capture_output=True, text=True, timeout=COMMAND_SECONDS,
                          env=mount.environment())


def check_sent(mount, proxy, api):
    """By the next mount, whose server is there again: each of the three once."""
    rule, = proxy.rules
    proxy.rules.remove(rule)  # what hangs has not arrived, and never does
    mount.start()
    eventually(lambda: documents(api) == [small_pdf(n) for n in range(3)], 30)
    assert sorted(os.listdir(mount / 'documents')) == ['0.pdf', '1.pdf', '2.pdf']
    eventually(lambda: not os.listdir(mount / '.lasfs/pending'))
    mount.may_leave = False
    assert len(api.documents()) == 3


def check_soon(began):
    assert time.monotonic() - began < SOON


# --- --no-wait -----------------------------------------------------------------------------------

def test_what_waits_is_left_to_the_next_mount(waiting, proxy, api):
    began = time.monotonic()
    ran = unmount(waiting, '--no-wait')
    check_soon(began)
    assert (ran.returncode, ran.stderr) == (0, 'lasfs: 3 files are left to the next mount\n')
    waiting.wait_for_end()
    check_sent(waiting, proxy, api)


def test_what_arrived_without_an_answer_is_not_sent_again(waiting, proxy, api):
    waiting.rule.stall = 'after'
    waiting.rule.released.set()  # all go on, and the next ones hang once the server has them
    eventually(lambda: not os.listdir(waiting / '.lasfs/pending'))
    for n in range(3, 5):
        (waiting / f'documents/{n}.pdf').write_bytes(small_pdf(n))
    waiting.rule.released.clear()
    eventually(lambda: len(api.documents()) >= 4)
    assert unmount(waiting, '--no-wait').returncode == 0
    waiting.wait_for_end()
    proxy.clear()
    waiting.start()
    eventually(lambda: documents(api) == [small_pdf(n) for n in range(5)], 30)
    eventually(lambda: not os.listdir(waiting / '.lasfs/pending'))
    assert len(api.documents()) == 5


@pytest.mark.parametrize('stall', ['before', 'after'])
def test_who_waits_for_the_server_is_told(mount, proxy, api, stall):
    """Without writeback: the close fails; what was made gets its name, and nothing is sent again."""
    rule = proxy.fault('POST', '/documents', stall=stall)
    writer = subprocess.Popen(['cp', '/dev/stdin', mount / 'documents/scan.pdf'],
                              stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    writer.stdin.write(small_pdf(1))
    writer.stdin.close()
    eventually(lambda: rule.hits)
    if stall == 'after':
        eventually(api.documents)
    began = time.monotonic()
    assert unmount(mount, '--no-wait').returncode == 0
    check_soon(began)
    assert writer.wait(10) != 0
    mount.wait_for_end()
    proxy.rules.remove(rule)
    mount.start()
    if stall == 'after':
        eventually(lambda: os.listdir(mount / 'documents') == ['scan.pdf'], 20)
        assert os.listdir(mount / '.lasfs/failed') == []
    else:
        assert (mount / '.lasfs/failed' / os.listdir(mount / '.lasfs/failed')[0]).read_bytes() \
            == small_pdf(1)
    assert documents(api) == ([small_pdf(1)] if stall == 'after' else [])


def test_half_a_file_is_kept_apart(mount, api):
    mount.allow('scan.pdf')
    writer = os.open(mount / 'documents/scan.pdf', os.O_WRONLY | os.O_CREAT)
    os.write(writer, pdf(5000)[:2000])
    began = time.monotonic()
    assert unmount(mount, '--no-wait').returncode == 0
    check_soon(began)
    mount.wait_for_end()
    with pytest.raises(OSError):
        os.close(writer)
    mount.start()
    assert [n.partition('-')[2] for n in os.listdir(mount / '.lasfs/failed')] == ['scan.pdf']
    assert api.documents() == []


def test_where_nothing_is_left_it_says_nothing(lasfs):
    mount = lasfs()
    os.listdir(mount / 'documents')
    ran = unmount(mount, '--no-wait')
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, '', '')
    mount.wait_for_end()


def test_by_itself_it_is_no_option_of_a_mount(mount):
    ran = subprocess.run([program('lasfs'), '--no-wait', str(mount.path)], check=False,
                         capture_output=True, text=True, timeout=COMMAND_SECONDS)
    assert ran.returncode == 2 and '--unmount' in ran.stderr and len(ran.stderr.splitlines()) == 1


# --- The second Ctrl-C ---------------------------------------------------------------------------

def test_the_second_interrupt_leaves_the_rest(waiting, proxy, api):
    with Terminal([program('lasfs'), '--unmount', waiting.path], columns=150,
                  env=waiting.environment()) as terminal:
        eventually(lambda: '3 files to send, 3 requests under way' in terminal.text)
        assert not mount_type(waiting.path)
        terminal.type('\x03')
        eventually(lambda: 'Ctrl-C once more leaves the rest' in terminal.text)
        time.sleep(0.5)
        assert terminal.process.poll() is None and waiting.process.poll() is None
        began = time.monotonic()
        terminal.type('\x03')
        assert terminal.wait(COMMAND_SECONDS) == 0
        check_soon(began)
        assert terminal.left[-1] == 'lasfs: 3 files are left to the next mount'
    waiting.wait_for_end()
    check_sent(waiting, proxy, api)


@pytest.mark.parametrize('how', [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_a_daemon_that_waits(waiting, proxy, api, how):
    waiting.process.send_signal(how)
    time.sleep(1)
    assert waiting.process.poll() is None
    began = time.monotonic()
    waiting.process.send_signal(how)
    waiting.wait_for_end()
    check_soon(began)
    check_sent(waiting, proxy, api)


def test_a_signal_to_what_was_unmounted_is_the_first(waiting, proxy, api):
    subprocess.run(['fusermount3', '-u', '-z', str(waiting.path)], check=True)
    time.sleep(0.5)
    waiting.process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    assert waiting.process.poll() is None
    waiting.process.send_signal(signal.SIGTERM)
    waiting.wait_for_end()
    check_sent(waiting, proxy, api)


def test_sigquit_waits_for_nothing(waiting, proxy, api):
    began = time.monotonic()
    waiting.process.send_signal(signal.SIGQUIT)
    waiting.wait_for_end()
    check_soon(began)
    check_sent(waiting, proxy, api)


# --- How much is left ----------------------------------------------------------------------------

@pytest.mark.server('--latency', '300')
def test_it_says_how_much_is_left_and_how_long_it_may_take(lasfs, api):
    mount = lasfs('writeback', 'settle=0', 'workers=1')
    for n in range(12):
        (mount / f'documents/{n}.pdf').write_bytes(pdf(100000, n))
    with Terminal([program('lasfs'), '--unmount', mount.path], columns=150,
                  env=mount.environment()) as terminal:
        assert terminal.wait(COMMAND_SECONDS) == 0
        assert any('MB left, about ' in line and 'files to send' in line for line in terminal.shown), \
            terminal.shown
    mount.wait_for_end()
    assert len(api.documents()) == 12


def test_it_says_that_the_server_does_not_answer(lasfs, server, proxy):
    mount = lasfs('writeback', 'settle=0', 'timeout=2', server=proxy)
    mount.may_leave = True
    mount.allow('.')
    proxy.fault(close='before')
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    eventually(lambda: 'does not answer' in (mount / '.lasfs/status').read_text(), 30)
    with Terminal([program('lasfs'), '--unmount', mount.path], columns=150,
                  env=mount.environment()) as terminal:
        assert terminal.wait(COMMAND_SECONDS) == 0
    assert terminal.left[-1:] == ['lasfs: 1 file was still to be sent, and the server did not answer: '
                                  'what is left of that the next mount sends']
    mount.wait_for_end()
