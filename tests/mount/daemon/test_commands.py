"""lasfs status, errors, retry and flush: the files in .lasfs, from the command line."""
import os
import shutil
import signal
import subprocess
import time

import pytest

from mounted import COMMAND_SECONDS, eventually, mount_type
from rest import Api
from samples import pdf, small_pdf
from server import Server, program


def run(*arguments, status=0, cwd=None):
    ran = subprocess.run([program('lasfs'), *map(str, arguments)], capture_output=True, text=True,
                         stdin=subprocess.DEVNULL, timeout=COMMAND_SECONDS, check=False, cwd=cwd)
    assert ran.returncode == status, ran
    return ran


def complains(ran, *words):
    line, = ran.stderr.splitlines()
    assert line.startswith('lasfs: ') and all(word in line for word in words), line
    assert ran.stdout == ''


def refuse(mount, samples, name='letter'):
    """One that is no document: it is in failed, and in errors."""
    mount.allow('Invalid argument')
    mount.may_leave = True
    samples.write(name, b'no document\n' * 20)
    mount.run(f'cp "{samples.folder}/{name}" documents/', status=1)


def test_status_is_the_page(mount):
    out = run('status', mount.path).stdout
    assert out.startswith('lasfs ') and f'pid              {mount.process.pid}\n' in out
    assert run('status', 'mnt', cwd=mount.folder).stdout.startswith('lasfs ')


def test_errors_is_the_page(mount, samples):
    assert run('errors', mount.path).stdout == ''
    refuse(mount, samples)
    assert run('errors', mount.path).stdout == mount.errors() != ''


@pytest.mark.parametrize('front', [True, False])
def test_errors_f_goes_on_until_the_mount_ends(mount, samples, tmp_path, front):
    refuse(mount, samples, 'one')
    arguments = ['-f', mount.path] if front else [mount.path, '-f']
    with open(tmp_path / 'out', 'wb') as out, \
            subprocess.Popen([program('lasfs'), 'errors', *map(str, arguments)], stdout=out) as tail:
        def shown():
            return (tmp_path / 'out').read_text()
        eventually(lambda: '/one' in shown())
        refuse(mount, samples, 'two')
        eventually(lambda: '/two' in shown())
        refuse(mount, samples, 'three')
        eventually(lambda: '/three' in shown())
        assert shown() == mount.errors()
        assert tail.poll() is None
        mount.unmount('lasfs')
        assert tail.wait(20) == 0


def test_errors_f_ends_with_who_reads_it(mount, samples):
    refuse(mount, samples, 'one')
    with subprocess.Popen([program('lasfs'), 'errors', '-f', str(mount.path)],
                          stdout=subprocess.PIPE) as tail:
        assert b'/one' in tail.stdout.readline()
        tail.stdout.close()
        refuse(mount, samples, 'two')
        assert tail.wait(20) == -signal.SIGPIPE


@pytest.mark.server('--latency', '700')
def test_flush_waits_for_the_server(mount, api):
    started = time.monotonic()
    mount.run(f'exec 3> documents/late.pdf; (sleep .2; cat) >&3 <<< "{small_pdf(7).decode()}" & '
              'exec 3>&-; wait')
    run('flush', mount.path)
    assert len(api.documents()) == 1
    assert time.monotonic() - started > 0.7


def test_retry_of_names_patterns_and_all(request, lasfs, tmp_path, samples):
    server = Server(tmp_path / 'full', '--quota', 'documents=0').start()
    request.addfinalizer(server.stop)
    mount = lasfs(server=server, name='limited')
    request.addfinalizer(lambda: mount.process and mount.unmount())
    mount.allow('quota', 'Limit Exceeded', 'could not be delivered', 'No such file')
    mount.may_leave = True
    for i, name in enumerate(['a.pdf', 'b c.pdf', 'd.pdf', 'e.pdf']):
        mount.run(f'cp "{samples.write(name, pdf(2000, seed=i))}" documents/', status=1)
    complains(run('retry', mount.path, '1-a.pdf', status=1), 'retry 1-a.pdf: ', 'lasfs errors')
    ran = run('retry', mount.path, 'all', '9-*', status=1)
    assert len(ran.stderr.splitlines()) == 2
    server.stop()
    server.arguments = []
    server.start()
    run('retry', mount.path, '2-b c.pdf', 'documents/d*')
    assert os.listdir(mount / '.lasfs/failed') == ['1-a.pdf', '4-e.pdf']
    complains(run('retry', mount.path, 'nothing', '1-a.pdf', status=1), 'nothing: No such file')
    assert run('retry', mount.path, 'all').stderr == ''
    assert os.listdir(mount / '.lasfs/failed') == []
    assert len(Api(server).documents()) == 4


def test_what_has_a_newline_is_one_argument_and_no_second_command(mount):
    complains(run('retry', mount.path, 'x\nflush', status=1), 'Invalid argument')
    assert mount.errors() == ''


@pytest.mark.parametrize('command', [['status'], ['errors'], ['errors', '-f'], ['flush'],
                                     ['retry']])
def test_what_is_no_mount_is_one_line(mount, tmp_path, command):
    more = ['all'] if command == ['retry'] else []
    (tmp_path / 'plain').mkdir()
    (tmp_path / 'fake/.lasfs').mkdir(parents=True)
    (tmp_path / 'fake/.lasfs/status').write_text('lasfs')
    (tmp_path / 'file').write_text('x')
    for name in ('plain', 'fake', 'file', 'nothing', mount.path / 'documents'):
        complains(run(*command, tmp_path / name, *more, status=1), 'is not a mount of lasfs')


@pytest.mark.parametrize('arguments', [
    ['status'], ['status', 'a', 'b'], ['status', '-f', 'a'], ['errors'], ['errors', '-x', 'a'],
    ['errors', 'a', 'b'], ['flush'], ['flush', 'a', 'b'], ['retry', 'a'], ['retry']])
def test_how_it_is_not_used(arguments):
    ran = run(*arguments, status=2)
    line, = ran.stderr.splitlines()
    assert line.startswith(f'Usage: lasfs {arguments[0]} MOUNTPOINT')


def test_help_lists_them():
    out = run('--help').stdout
    assert all(f'lasfs {name} MOUNTPOINT' in out for name in ('status', 'errors', 'retry', 'flush',
                                                               'purge'))
    assert run('retry', '-h').stdout.startswith('Usage: lasfs retry ')


@pytest.mark.parametrize('name', ['status', 'retry'])
def test_a_mount_point_of_that_name_is_mounted_by_a_path(server, lasfs, tmp_path, name):
    mount = lasfs(name='odd', start=False)
    path = mount.folder / name
    path.mkdir()
    command = mount.command()[:-1]
    environment = mount.environment()
    for last, front in ((f'./{name}', True), (name, False)):
        # with its options before it, it is no first word either
        line = [command[0], last, *command[1:]] if front else [*command, last]
        subprocess.run(line, cwd=mount.folder, env=environment, check=True, timeout=60,
                       stdin=subprocess.DEVNULL)
        try:
            assert mount_type(path) == 'fuse.lasfs'
            assert run('status', name, cwd=mount.folder).stdout.startswith('lasfs ')
        finally:
            subprocess.run([command[0], '--unmount', path], check=True, timeout=60)


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can become another user')
def test_another_user_reads_what_the_mount_lets_him(lasfs, passable, samples, tmp_path):
    mount = lasfs('allow_other', 'umask=022')
    refuse(mount, samples)

    own = shutil.copy(program('lasfs'), tmp_path / 'lasfs')  # where others may go

    def as_other(*arguments):
        return subprocess.run([own, *map(str, arguments)], user=65534, group=65534,
                              extra_groups=[], capture_output=True, text=True, check=False,
                              timeout=COMMAND_SECONDS, cwd='/')
    ran = as_other('errors', mount.path)
    assert ran.returncode == 0 and ran.stdout == mount.errors()
    assert as_other('status', mount.path).returncode == 0
    ran = as_other('flush', mount.path)
    assert ran.returncode == 1
    complains(ran, 'control: Permission denied')
