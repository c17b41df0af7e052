"""Real servers over a mount, with the configurations of docs/drop-folders.md."""
import os
import pwd
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from mounted import COMMAND_SECONDS, Mount, Ran, eventually
from server import ROOT

PAGE = ROOT / 'docs/drop-folders.md'
START_SECONDS = 30
IS_ROOT = os.geteuid() == 0
# Who the servers work as: another user than the one who mounts, where that can be had. Debian's
# daemon has what they ask for: a group of that name and a home that is there.
OTHER = pwd.getpwnam('daemon') if IS_ROOT else pwd.getpwuid(os.geteuid())
USER = OTHER.pw_name


def page_block(path):
    """The configuration that the page gives for this file."""
    found = re.search(rf'`{re.escape(path)}`:\n\n```\w*\n(.*?)^```$', PAGE.read_text(),
                      re.S | re.M)
    assert found, f'{PAGE} has no configuration for {path}'
    return found[1]


def replaced(text, **changes):
    """text with all words changed, each of which must be in it: the page is what is tested."""
    for old, new in changes.items():
        assert re.search(rf'\b{old}\b', text), f'{old} is not in\n{text}'
        text = re.sub(rf'\b{old}\b', str(new), text)
    return text


def page_options():
    """What the page mounts with, for a test: the state lies elsewhere, the user is another."""
    line = re.search(r'^ExecStart=\S+ -o (\S+) /srv/lasfs$',
                     page_block('/etc/systemd/system/lasfs.service'), re.M)
    options = replaced(line[1], **{'uid=990': f'uid={OTHER.pw_uid}',
                                  'gid=990': f'gid={OTHER.pw_gid}'})
    return [o for o in options.split(',')
            if not o.startswith('state=') and (IS_ROOT or o != 'allow_other')]


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Program:
    """A server in the foreground, in a session of its own, that listens on a port."""

    def __init__(self, folder, command, port):
        self.log = folder / 'log'
        with open(self.log, 'ab') as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, start_new_session=True, cwd=folder)
        eventually(lambda: self.process.poll() is not None or listens(port), START_SECONDS,
                   command[0])
        assert self.process.poll() is None, f'{command} ended: {self.log.read_text()}'

    def forked(self):
        """Whether anybody of its group runs: who does may hold the mount."""
        return subprocess.run(['pgrep', '-r', 'D,R,S,T', '-g', str(self.process.pid)],
                              stdout=subprocess.DEVNULL).returncode == 0

    def stop(self):
        """What it forked for its clients ends with it."""
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(10)
            eventually(lambda: not self.forked(), 10, 'the end of what it forked')
        except (subprocess.TimeoutExpired, AssertionError):
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            eventually(lambda: not self.forked(), 10, 'the end of what it forked')


def listens(port):
    with socket.socket() as s:
        return s.connect_ex(('127.0.0.1', port)) == 0


def run(*command, status=0, cwd=None, **environment):
    """Runs a client. status None: any will do."""
    ran = subprocess.run([str(c) for c in command], text=True, capture_output=True, check=False,
                         timeout=COMMAND_SECONDS, cwd=cwd, stdin=subprocess.DEVNULL,
                         env={**os.environ, 'LC_ALL': 'C.UTF-8', **environment})
    result = Ran(ran.returncode, ran.stdout, ran.stderr)
    assert status is None or result.status == status, f'{command}\n{result}'
    return result


class Share:
    """One server over the mount, and a client for it. Names are relative to the folder."""

    def __init__(self, mount, folder):
        self.mount, self.folder = mount, Path(folder)
        self.folder.mkdir()
        self.port = free_port()
        self.program = None

    def configuration(self, path, more='', **changes):
        """The page's text, for this test's mount and user; more: where its own files lie."""
        text = page_block(path).replace('/srv/lasfs', str(self.mount.path))
        file = self.folder / Path(path).name
        file.write_text(replaced(text, scanner=USER, **changes) + more)
        return file

    def serve(self, *command):
        self.program = Program(self.folder, [str(c) for c in command], self.port)
        return self


class Samba(Share):
    PASSWORD = 'a-password'

    def start(self):
        own = {name: self.folder / name.replace(' ', '-')
               for name in ('private dir', 'state directory', 'cache directory', 'lock directory',
                            'pid directory', 'ncalrpc dir')}
        for path in own.values():
            path.mkdir()
        own.update({'interfaces': 'lo', 'bind interfaces only': 'yes', 'smb ports': self.port,
                    'log file': self.folder / 'smbd.log',
                    'smb2 max write': 65536})  # so that a file comes in many pieces
        lines = ''.join(f'    {k} = {v}\n' for k, v in own.items())
        self.file = self.configuration('/etc/samba/smb.conf')
        self.file.write_text(self.file.read_text().replace('[global]\n', '[global]\n' + lines))
        subprocess.run(['pdbedit', '-s', self.file, '-a', '-t', '-u', USER], text=True, check=True,
                       input=f'{self.PASSWORD}\n{self.PASSWORD}\n', capture_output=True)
        return self.serve('smbd', '--foreground', '--no-process-group', '-s', self.file)

    def command_line(self, *commands):
        return ['smbclient', '-s', str(self.file), '-p', str(self.port), '-U',
                f'{USER}%{self.PASSWORD}', '//127.0.0.1/scans', '-c', '; '.join(commands)]

    def client(self, *commands, status=0):
        return run(*self.command_line(*commands), status=status)

    def put(self, path, name, status=0):
        return self.client(f'put {path} {name}', status=status)

    def put_all(self, folder):
        return self.client('prompt off', f'lcd {folder}', 'mput *')

    def get(self, name, path):
        return self.client(f'get {name} {path}')

    def rename(self, old, new, status=0):
        return self.client(f'rename {old} {new}', status=status)

    def delete(self, name):
        return self.client(f'del {name}')

    def list(self):
        """{name: size}"""
        return {name: int(size) for name, size in
                re.findall(r'^  (\S+) +[A-Z]* +(\d+)  ', self.client('ls').out, re.M)
                if not name.startswith('.')}


class Ftp(Share):
    def start(self):
        unit = page_block('/etc/systemd/system/scans-ftp.service')
        line = re.search(r'^ExecStart=(.*)$', unit, re.M)[1]
        line = replaced(line.replace('/srv/lasfs', str(self.mount.path)),
                        **{'port 21': f'port {self.port}', 'write': 'write --interface 127.0.0.1'})
        user = ['setpriv', f'--reuid={OTHER.pw_uid}', f'--regid={OTHER.pw_gid}', '--clear-groups']
        return self.serve(*(user if IS_ROOT else []),
                          *line.replace('${PASSWORD}', 'a-password').split())

    def url(self, name=''):
        return f'ftp://127.0.0.1:{self.port}/{name}'

    def command_line(self, *arguments):
        return ['curl', '-sS', '--noproxy', '*', '-u', 'scan:a-password', *arguments]

    def client(self, *arguments, status=0):
        return run(*self.command_line(*arguments), status=status)

    def resume(self, path, name):
        return self.client('-C', '-', '-T', path, self.url(name))

    def put(self, path, name, status=0):
        # what fails is not waited for: pyftpdlib does not answer when close() fails
        patience = ['--max-time', '5'] if status is None else []
        return self.client(*patience, '-T', path, self.url(name), status=status)

    def put_all(self, folder):
        names = ','.join(os.listdir(folder))
        return self.client('-T', f'{folder}/{{{names}}}', self.url())

    def get(self, name, path):
        return self.client('-o', path, self.url(name))

    def command(self, *commands, status=0):
        quoted = [a for c in commands for a in ('-Q', f'-{c}')]
        return self.client(*quoted, self.url(), '-o', '/dev/null', status=status)

    def rename(self, old, new, status=0):
        return self.command(f'RNFR {old}', f'RNTO {new}', status=status)

    def delete(self, name):
        return self.command(f'DELE {name}')

    def list(self):
        lines = self.client(self.url()).out.splitlines()
        return {w[-1]: int(w[4]) for w in (line.split() for line in lines)}


class Sftp(Share):
    def start(self):
        os.makedirs('/run/sshd', exist_ok=True)  # as Debian does at boot
        keys = self.folder / 'authorized_keys'
        keys.mkdir()
        for name in ('host', 'user'):
            subprocess.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f',
                            self.folder / name], check=True)
        (keys / USER).write_text((self.folder / 'user.pub').read_text())
        more = (f'ListenAddress 127.0.0.1\nPort {self.port}\nHostKey {self.folder}/host\n'
                f'UsePAM no\nStrictModes no\nPidFile none\n'
                'Subsystem sftp /usr/lib/openssh/sftp-server\n')  # as Debian has it
        file = self.configuration('/etc/ssh/sshd_config.d/scans.conf',
                                  **{'/etc/ssh/authorized_keys'[1:]: str(keys)[1:]})
        file.write_text(more + file.read_text())
        return self.serve('/usr/sbin/sshd', '-D', '-e', '-f', file)

    def options(self):
        return ('-F', 'none', '-P', str(self.port), '-i', str(self.folder / 'user'),
                '-o', 'StrictHostKeyChecking=no', '-o', 'LogLevel=ERROR',
                '-o', f'UserKnownHostsFile={self.folder}/known')

    def command_line(self, *arguments):
        return ['sftp', *self.options(), *arguments, f'{USER}@127.0.0.1']

    def client(self, *commands, status=0):
        batch = self.folder / 'batch'
        batch.write_text('\n'.join(commands) + '\n')
        return run(*self.command_line('-b', batch), status=status)

    def resume(self, path, name):
        return self.client(f'reput {path} {name}')

    def put(self, path, name, status=0):
        return self.client(f'put {path} {name}', status=status)

    def put_all(self, folder):
        return self.client(f'put {folder}/*')

    def get(self, name, path):
        return self.client(f'get {name} {path}')

    def rename(self, old, new, status=0):
        return self.client(f'rename {old} {new}', status=status)

    def delete(self, name):
        return self.client(f'rm {name}')

    def list(self):
        lines = self.client('ls -l').out.splitlines()
        return {w[-1]: int(w[4]) for w in (line.split() for line in lines) if w[0] != 'sftp>'}


class Scp(Sftp):
    def scp(self, *arguments, status=0):
        return run('scp', *self.options(), *arguments, status=status)

    def put(self, path, name, status=0):
        return self.scp(path, f'{USER}@127.0.0.1:{name}', status=status)

    def put_all(self, folder):
        return self.scp(*sorted(Path(folder).iterdir()), f'{USER}@127.0.0.1:')

    def get(self, name, path):
        return self.scp(f'{USER}@127.0.0.1:{name}', path)


class WebDav(Share):
    def start(self):
        head = (f'daemon off;\npid {self.folder}/pid;\nerror_log {self.folder}/error.log info;\n')
        temp = ''.join(f'    {k}_temp_path {self.folder}/{k};\n' for k in
                       ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))
        file = self.configuration('/etc/nginx/nginx.conf', **{'8080': f'127.0.0.1:{self.port}'})
        text = file.read_text().replace('http {\n', f'http {{\n    access_log off;\n{temp}')
        file.write_text(head + (text if IS_ROOT else text.replace(f'user {USER};\n', '')))
        return self.serve('nginx', '-c', file, '-p', self.folder, '-e', self.folder / 'error.log')

    def url(self, name=''):
        return f'http://127.0.0.1:{self.port}/scans/{name}'

    def command_line(self, *arguments):
        return ['curl', '-sSf', '--noproxy', '*', *arguments]

    def client(self, *arguments, status=0):
        return run(*self.command_line(*arguments), status=status)

    def put(self, path, name, status=0):
        return self.client('-T', path, self.url(name), status=status)

    def put_all(self, folder):
        names = ','.join(os.listdir(folder))
        return self.client('-T', f'{folder}/{{{names}}}', self.url())

    def get(self, name, path):
        return self.client('-o', path, self.url(name))

    def rename(self, old, new, status=0):
        return self.client('-X', 'MOVE', '-H', f'Destination: {self.url(new)}', self.url(old),
                           status=status)

    def delete(self, name):
        return self.client('-X', 'DELETE', self.url(name))

    def list(self):
        found = re.findall(r'<a href="([^"/]+)">.*?</a>.* (\d+)\r?$', self.client(self.url()).out,
                           re.M)
        return {name: int(size) for name, size in found}


KINDS = {'smb': Samba, 'ftp': Ftp, 'sftp': Sftp, 'scp': Scp, 'webdav': WebDav}


def unmounted(mount):
    """False: the kernel has not closed yet what one had open that has ended."""
    try:
        mount.unmount()
    except subprocess.CalledProcessError:
        return False
    return True


@pytest.fixture
def shared(request, server, tmp_path, api, passable):
    """Makes a share: shared('smb', 'complete=refuse') mounts as the page says, and serves."""
    made = []

    def make(kind, *options):
        mount = Mount(server, tmp_path / 'shared', *page_options(), *(options or ['complete=warn']))
        share = KINDS[kind](mount, tmp_path / kind)
        made.append(share)
        mount.start()
        (mount / 'datasets/invoices').mkdir()
        return share.start()

    yield make
    problems = []
    for share in made:
        try:
            if share.program:
                share.program.stop()
            if share.mount.process:
                eventually(lambda: unmounted(share.mount), 5, 'that no server has it open any more')
        except Exception as problem:
            problems.append(problem)
        finally:
            share.mount.kill()
    assert not problems, problems
