"""The end of a mount, many ends in a row, and what begins while another one ends."""
import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from mounted import COMMAND_SECONDS, eventually, mount_type
from samples import pdf, small_pdf
from server import program

MOUNTS = 50


def files_of(mount):
    """All that a mount has on disk, but for what its caches call by chance."""
    return {str(p.relative_to(mount.folder)) for p in mount.folder.rglob('*')}


def kernel_mounts(mount):
    with open('/proc/self/mounts', encoding='utf-8', errors='surrogateescape') as f:
        return [line for line in f if f' {mount.path} ' in line]


def use(mount, number):
    """Something of each kind: a document that comes and goes, a dataset, a look at all."""
    path = mount / f'documents/{number}.pdf'
    path.write_bytes(small_pdf(number))
    assert path.read_bytes() == small_pdf(number)
    os.listdir(mount / 'datasets')
    (mount / '.lasfs/status').read_text()
    os.unlink(path)


def test_50_mounts_in_a_row_leave_nothing(mount, api):
    use(mount, 0)
    mount.remount()
    files = files_of(mount)
    descriptors = len(os.listdir('/proc/self/fd'))
    for number in range(1, MOUNTS):
        use(mount, number)
        mount.unmount(['fusermount3', 'lasfs', signal.SIGTERM][number % 3])
        assert not kernel_mounts(mount)
        mount.start()
    use(mount, MOUNTS)
    mount.remount()
    assert files_of(mount) == files
    assert len(os.listdir('/proc/self/fd')) <= descriptors
    assert api.documents() == []


def test_a_daemon_keeps_no_descriptors(mount, api):
    folder = f'/proc/{mount.process.pid}/fd'
    for number in range(5):
        use(mount, number)
    eventually(lambda: not list(mount.state.glob('spool/*')), what='an empty spool')
    before = len(os.listdir(folder))
    for number in range(100):
        use(mount, number)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: use(mount, number), range(200, 300)))
    # connections are kept, one for each of the eight
    eventually(lambda: len(os.listdir(folder)) <= before + 8, what='the end of descriptors')


@pytest.mark.server('--latency', '700')
def test_unmount_waits_for_uploads_and_open_files(mount, api, samples):
    """lasfs --unmount takes the mount away at once, and ends when all is where it belongs."""
    document = api.add_document(pdf(100000))
    reader = open(mount / 'documents' / document / 'content', 'rb')
    writer = open(mount / 'documents/late.pdf', 'wb', buffering=0)
    writer.write(pdf(5000, seed=99)[:2000])
    for i in range(8):
        samples.pdf(f'{i}.pdf', seed=i)
    copies = [subprocess.Popen(['cp', samples.folder / f'{i}.pdf', mount / 'documents'])
              for i in range(8)]
    eventually(lambda: '0.pdf' in os.listdir(mount.path / 'documents'))
    with subprocess.Popen([program('lasfs'), '--unmount', str(mount.path)],
                          env=mount.environment()) as unmount:
        eventually(lambda: not mount_type(mount.path), what='the mount\'s end')
        assert [p.wait(30) for p in copies] == [0] * 8
        assert reader.read() == pdf(100000)
        reader.close()
        assert unmount.poll() is None and mount.process.poll() is None
        writer.write(pdf(5000, seed=99)[2000:])
        writer.close()
        assert unmount.wait(COMMAND_SECONDS) == 0
    mount.wait_for_end()
    found = sorted(api.content('documents/' + d['documentId']) for d in api.documents())
    assert found == sorted([pdf(2000, seed=i) for i in range(8)]
                           + [pdf(5000, seed=99), pdf(100000)])


def test_a_dead_mount_point_is_taken_over_though_it_is_in_use(mount, samples):
    """Somebody stands in it, and has a file of it open."""
    mount.run(f'cp {samples.pdf()} documents/')
    mount.watchdog.cancel()
    with subprocess.Popen(['sh', '-c', 'exec 3< scan.pdf; echo; exec sleep 1000'],
                          stdout=subprocess.PIPE, cwd=mount / 'documents') as inside:
        try:
            inside.stdout.read(1)
            mount.process.kill()
            mount.process.wait()
            mount.start()
            assert (mount / 'documents/scan.pdf').read_bytes() == pdf(2000)
            assert len(kernel_mounts(mount)) == 1
        finally:
            inside.kill()


@pytest.mark.server('--latency', '2500')
def test_a_second_daemon_waits_for_one_that_is_ending(lasfs, api):
    first = lasfs(name='first')
    second = lasfs(f'state={first.state}', name='second', start=False)
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit((first / 'documents/scan.pdf').write_bytes, small_pdf(1))
        eventually(lambda: first.server.port and list(first.state.glob('spool/*')))
        subprocess.run(['fusermount3', '-u', '-z', str(first.path)], check=True)
        begin = time.monotonic()
        second.start()
        assert first.process.poll() == 0, 'two at once'
        written.result()
    first.wait_for_end()
    assert time.monotonic() - begin < 25
    assert os.listdir(second / 'documents') == ['scan.pdf']
    assert len(api.documents()) == 1


def test_a_second_daemon_is_told_after_ten_seconds(lasfs):
    first = lasfs(name='first')
    second = lasfs(f'state={first.state}', name='second', start=False)
    begin = time.monotonic()
    ran = subprocess.run(second.command('-f'), capture_output=True, text=True, check=False,
                         env=second.environment(), timeout=60)
    assert 9 < time.monotonic() - begin < 30
    assert ran.returncode == 1 and len(ran.stderr.splitlines()) == 1
    assert str(first.state) in ran.stderr and f'pid {first.process.pid}' in ran.stderr
    assert os.listdir(first / 'documents') == []


@pytest.mark.options('timeout=4')
@pytest.mark.parametrize('how', [signal.SIGTERM, 'lazy'])
def test_it_ends_though_requests_hang(mount, proxy, api, how):
    ids = api.add_documents([small_pdf(i) for i in range(20)])
    mount.allow('nothing has moved', 'not tried', 'interrupted')
    rule = proxy.fault(stall='before')
    readers = [subprocess.Popen(['cat', mount / 'documents' / i / 'content'],
                                stderr=subprocess.DEVNULL) for i in ids]
    eventually(lambda: rule.hits == len(ids), what='hanging')
    begin = time.monotonic()
    if how == 'lazy':
        subprocess.run(['fusermount3', '-u', '-z', str(mount.path)], check=True)
        mount.wait_for_end()
    else:
        mount.unmount(how)
    assert time.monotonic() - begin < 15
    assert 0 not in [reader.wait(10) for reader in readers]
