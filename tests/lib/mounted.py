"""Starts, watches and ends lasfs on a mount point, and is hard on what it leaves behind."""
import base64
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest

from accesslog import AccessLog
from server import SANITIZER_WORDS, program

START_SECONDS = 30
END_SECONDS = 45
COMMAND_SECONDS = 90
# A test that takes longer than this has met a mount that does not answer.
MOUNT_SECONDS = 170
BEFORE = 1_000_000_000  # a time of no file that the daemon has made


def unescape(text):
    """/proc/mounts writes a space as \\040."""
    return re.sub(r'\\([0-7]{3})', lambda m: chr(int(m.group(1), 8)), text)


def mount_type(path):
    """The type of file system that is mounted on path itself, or None."""
    found = None
    with open('/proc/self/mounts', encoding='utf-8', errors='surrogateescape') as f:
        for line in f:
            _, point, kind, _ = line.split(' ', 3)
            if unescape(point) == str(path):
                found = kind
    return found


def eventually(check, seconds=10, what='it'):
    """Polls until check() is true and gives its value; no test sleeps and hopes."""
    deadline = time.monotonic() + seconds
    while True:
        value = check()
        if value:
            return value
        assert time.monotonic() < deadline, f'{what} did not happen within {seconds} s'
        time.sleep(0.02)


class Ran:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def __repr__(self):
        return f'exit {self.status}\n--- out\n{self.out}\n--- err\n{self.err}'


class Mount:
    """One lasfs: its mount point, its state and cache, its words."""

    def __init__(self, server, folder, *options, arguments=()):
        self.server, self.options, self.arguments = server, list(options), list(arguments)
        self.folder = Path(folder)
        self.path = self.folder / 'mnt'
        self.state = self.folder / 'state'
        self.stderr = self.folder / 'stderr'
        self.home = self.folder / 'home'
        for path in (self.path, self.home):
            path.mkdir(parents=True, exist_ok=True)
        self.process = None
        self.asked_from = None  # where the server's log was at the start
        self.watchdog = None
        # Regular expressions of lines that the log may have; libfuse has that word for an unmount
        # that meets a request, and says it past every log.
        self.allowed = ['^fuse: reading device: Software caused connection abort$']
        self.patience = MOUNT_SECONDS
        self.may_leave = False  # bytes that could not be delivered may lie in the spool

    def __truediv__(self, name):
        return self.path / name

    # --- Beginning and end ---------------------------------------------------------------------

    def environment(self):
        kept = {k: v for k, v in os.environ.items()
                if not k.startswith(('LAS_', 'XDG_', 'http_', 'https_', 'HTTP'))}
        return {**kept, **(self.server.environment() if self.server else {}), 'LC_ALL': 'C.UTF-8',
                'HOME': str(self.home), 'XDG_CACHE_HOME': str(self.folder / 'cache'),
                'XDG_STATE_HOME': str(self.folder / 'state-home')}

    def command(self, *front):
        options = [f'state={self.state}', *self.options]
        if not any(o.startswith('complete=') for o in options):
            options.append('complete=off')  # many tests' documents have no end, and say nothing
        if not any(o.startswith('list=') for o in options):
            options.append('list=ids')  # most tests ask the server by the names of a listing
        if not any(o.startswith('unsure=') for o in options):
            options.append('unsure=2')  # what a test's server has not got by then it never gets
        return [program('lasfs'), *front, *self.arguments, '-o', ','.join(options),
                str(self.path)]

    def start(self):
        self.launch()
        return self.await_start()

    def launch(self):
        log = getattr(self.server, 'log', None)  # a proxy has one of its own kind
        self.asked_from = log.mark() if isinstance(log, AccessLog) else None
        with open(self.stderr, 'ab') as err:
            self.process = subprocess.Popen(self.command('-f'), stdin=subprocess.DEVNULL,
                                            stdout=err, stderr=err, env=self.environment())

    def await_start(self):
        eventually(lambda: self.process.poll() is not None or self.alive, START_SECONDS,
                   'mounting')
        assert self.process.poll() is None, \
            f'lasfs ended with {self.process.returncode}: {self.words}'
        self.watchdog = threading.Timer(self.patience, self.process.kill)
        self.watchdog.daemon = True
        self.watchdog.start()
        self.await_first_question()
        return self

    def await_first_question(self, seconds=1):
        """A server's log has an answer a moment after it was sent: no test counts that of the start."""
        deadline = time.monotonic() + seconds
        while self.asked_from is not None and time.monotonic() < deadline:
            if any(not r.path.endswith('/token') for r in self.server.log.since(self.asked_from)):
                return
            time.sleep(0.005)

    @property
    def mounted(self):
        return mount_type(self.path) == 'fuse.lasfs'

    @property
    def alive(self):
        """Mounted, and somebody answers: a killed daemon leaves a dead mount behind."""
        try:
            # In this order: a dead mount may be taken away between the two.
            os.listdir(self.path)
            return self.mounted
        except OSError:
            return False

    @property
    def words(self):
        return self.stderr.read_text(errors='replace') if self.stderr.exists() else ''

    def unmount(self, how='fusermount3'):
        """Ends it and checks how it ended. how: fusermount3, lasfs, or a signal."""
        if how == 'fusermount3':
            subprocess.run(['fusermount3', '-u', str(self.path)], check=True,
                           timeout=COMMAND_SECONDS)
        elif how == 'lasfs':
            subprocess.run([program('lasfs'), '--unmount', str(self.path)], check=True,
                           timeout=COMMAND_SECONDS, env=self.environment())
        else:
            self.process.send_signal(how)
        self.wait_for_end()

    def wait_for_end(self):
        try:
            status = self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError('lasfs did not end') from None
        self.watchdog.cancel()
        self.process = None
        assert status == 0, f'lasfs ended with {status}: {self.words}'
        assert not mount_type(self.path), f'still mounted: {mount_type(self.path)}'
        self.check_words()
        self.check_secrets()
        self.check_spool()

    def remount(self, cold=False, boot=False):
        """Ends it and starts it again; cold: without the contents that it had cached; boot: the machine too."""
        if self.process:
            self.unmount()
        if boot:  # what says of a content that it has been whole since then is its time of change
            for file in (self.folder / 'cache').glob('**/contents/*'):
                os.utime(file, (file.stat().st_atime, BEFORE))
        if cold:
            shutil.rmtree(self.folder / 'cache', ignore_errors=True)
        return self.start()

    def kill(self):
        """Without a good end; only its own process, by id."""
        if self.watchdog:
            self.watchdog.cancel()
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None
        if mount_type(self.path):
            subprocess.run(['fusermount3', '-u', '-z', str(self.path)], check=False)

    # --- What it left --------------------------------------------------------------------------

    def allow(self, *patterns):
        """Lines that this test provokes."""
        self.allowed += patterns

    def check_words(self):
        assert not any(w in self.words for w in SANITIZER_WORDS), self.words
        stray = [line for line in self.words.splitlines()
                 if not any(re.search(p, line) for p in self.allowed)]
        assert not stray, 'lasfs said: ' + '\n'.join(stray)

    def check_secrets(self):
        if not self.server:
            return
        pair = f'{self.server.client_id}:{self.server.client_secret}'
        secret = [self.server.client_secret.encode(), base64.b64encode(pair.encode()),
                  b'Bearer ', b'access_token']
        for path in self.folder.rglob('*'):
            if not path.is_symlink() and path.is_file():
                data = path.read_bytes()
                # the one place where a token is on disk, because the SDK shares it
                shared = path == self.home / '.lucidtech/token-cache.json'
                for word in secret[:2] if shared else secret:
                    assert word not in data, f'{path} has a secret in it: {word}'

    def ask_state(self, sql):
        """Rows of a copy of the state database: the daemon lets nobody else read it."""
        with tempfile.TemporaryDirectory() as folder:
            for path in sorted(self.state.rglob('state.db*')):
                shutil.copy(path, folder)
            db = sqlite3.connect(f'{folder}/state.db')
            try:
                db.row_factory = sqlite3.Row
                return db.execute(sql).fetchall()
            finally:
                db.close()

    def spooled(self):
        """The files of bytes that the server may not have; empty ones are made ahead."""
        return [p for p in self.state.glob('**/spool/*') if p.is_file() and p.stat().st_size]

    def check_spool(self):
        left = [p for p in self.state.glob('**/spool/*') if p.is_file()]
        assert self.may_leave or not left, f'left in the spool: {left}'

    # --- Using it ------------------------------------------------------------------------------

    def run(self, script, status=0, timeout=COMMAND_SECONDS, cwd=None, **variables):
        """Runs a line of bash in the mount point. status None: any will do."""
        process = subprocess.Popen(['bash', '-c', script], cwd=cwd or self.path, text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, start_new_session=True,
                                   env={**os.environ, 'LC_ALL': 'C.UTF-8',
                                        **{k: str(v) for k, v in variables.items()}})
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.kill()  # else what waits for it cannot be ended either
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise AssertionError(f'no end after {timeout} s: {script}') from None
        ran = Ran(process.returncode, out, err)
        assert status is None or ran.status == status, f'{script}\n{ran}\n{self.last_errors()}'
        return ran

    def errors(self):
        return (self / '.lasfs/errors').read_text()

    def last_errors(self):
        try:
            return '.lasfs/errors: ' + self.errors()[-2000:]
        except OSError as problem:
            return f'.lasfs/errors: {problem}; stderr: {self.words[-2000:]}'

    def control(self, text):
        """One write(2) to .lasfs/control: its failure is the command's."""
        fd = os.open(self / '.lasfs/control', os.O_WRONLY)
        try:
            os.write(fd, text.encode())
        finally:
            os.close(fd)

    def refresh(self):
        os.utime(self / '.lasfs/refresh')


@pytest.fixture
def lasfs(request, server, tmp_path):
    """Makes mounts: lasfs('ro', 'list_ttl=0') starts one; each is ended and checked."""
    made = []

    def make(*options, server=server, name=None, start=True, arguments=()):
        mount = Mount(server, tmp_path / (name or f'lasfs{len(made)}'), *options,
                      arguments=arguments)
        made.append(mount)
        return mount.start() if start else mount

    yield make
    problems = []
    for mount in made:
        try:
            if mount.process:
                mount.unmount()
        except Exception as problem:
            problems.append(problem)
        finally:
            mount.kill()
    assert not problems, problems


@pytest.fixture
def mount(request, lasfs):
    """One mount; @pytest.mark.options('ro', ...), or a parameter, gives it options."""
    marker = request.node.get_closest_marker('options')
    return lasfs(*getattr(request, 'param', marker.args if marker else ()))


@pytest.fixture
def passable(tmp_path):
    """The way to the mount points is open to others."""
    for folder in [tmp_path, *tmp_path.parents]:
        if not folder.stat().st_mode & 0o001:  # and stays open: tests beside this one use it too
            folder.chmod(folder.stat().st_mode | 0o011)
