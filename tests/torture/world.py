"""What is tortured: a server, the network before it, a small disk, a mount; and how to end it all."""
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from mounted import Mount, mount_type
from rest import Api
from samples import pdf
from server import SANITIZER_WORDS, Server, program

from .disk import make_disk
from .model import digest_of
from .wire import Wire

FOREIGN = 12  # documents of others, before anything begins
FOLDERS = ('documents', 'datasets/one/documents', 'datasets/two/documents',
           'datasets/one/documents/sub')
TIMEOUT = 5  # of an operation: what stalls shall end within a run
UNSURE = 12  # what stalls before the server arrives within this time
FOREVER = 10 ** 6
START_TRIES = 5
COMMAND_SECONDS = 120
END_SECONDS = 60


class World:
    def __init__(self, history, chance, writeback=False, generation='2021'):
        self.history, self.writeback, self.generation = history, writeback, generation
        self.folder = Path(tempfile.mkdtemp(prefix='lasfs-torture-'))
        self.server = self.wire = self.mount = self.disk = None
        self.foreign, self.stray = {}, []
        self.crashes, self.hangs = [], []
        self.struck = None  # the daemon that is to die, and not by its own hand
        self.chance = chance

    # --- Beginning and end ---------------------------------------------------------------------

    def start(self):
        self.server = Server(self.folder / 'server', '--latency', '10', '--api', self.generation).start()
        self.api = Api(self.server)
        self.datasets = {name: self.api.add_dataset(name) for name in ('one', 'two')}
        for _ in range(FOREIGN):
            self.plant_foreign()
        self.disk = make_disk(self.folder / 'disk', self.history.note)
        self.wire = Wire(self.server, self.history)
        options = [f'timeout={TIMEOUT}', f'unsure={UNSURE}', 'list=names',
                   *(['writeback'] if self.writeback else [])]
        self.mount = Mount(self.wire, self.folder / 'lasfs', *options)
        self.mount.state = self.disk.path / 'state'
        self.mount.patience = FOREVER
        self.mount.start()
        os.mkdir(self.mount / 'datasets/one/documents/sub')
        self.local = self.folder / 'local'
        self.local.mkdir()
        return self

    def plant_foreign(self, size=700):
        """A document of another, which nobody here may touch."""
        number = len(self.foreign)
        data = pdf(size, seed=10 ** 9 + number)
        dataset = (None, *self.datasets.values())[number % 3]
        truth = [{'label': 'total', 'value': f'foreign-{number}'}]
        one = self.api.add_document(data, groundTruth=truth,
                                    **({'datasetId': dataset} if dataset else {}))
        self.foreign[one] = (digest_of(data), dataset, f'foreign-{number}')

    def stop(self):
        """All that was started, in whatever state it is. What could not be ended, as lines."""
        problems = []
        for step in (self.end_mount, self.end_wire, self.end_server, self.end_disk):
            try:
                step()
            except Exception as problem:  # the others are to be ended too
                problems.append(f'{step.__name__}: {problem}')
        if not problems:
            shutil.rmtree(self.folder, ignore_errors=True)
        return problems

    def end_mount(self):
        if self.mount:
            self.mount.kill()
        if mount_type(self.folder / 'lasfs/mnt'):
            raise AssertionError('it is still mounted')

    def end_wire(self):
        if self.wire:
            self.wire.stop()

    def end_server(self):
        if self.server:
            self.server.stop(signal.SIGKILL)

    def end_disk(self):
        if self.disk:
            self.disk.close()

    # --- What the tormentor does to it ---------------------------------------------------------

    def kill_daemon(self, how=signal.SIGKILL):
        if not self.mount.process:
            return
        self.mount.watchdog.cancel()
        self.note_crash()
        process, self.mount.process = self.mount.process, None
        running = process.poll() is None
        process.send_signal(how)
        try:
            status = process.wait(END_SECONDS)
            if running and status not in (0, -how):
                self.crashes.append(f'lasfs ended with {status}: {self.mount.words[-1500:]}')
        except subprocess.TimeoutExpired:
            self.hangs.append(f'lasfs had no end {END_SECONDS} s after {how.name}')
            process.kill()
            process.wait()

    def note_crash(self):
        """Has a program ended before it was killed?"""
        status = self.mount.process.poll()
        if status is not None and self.struck is not self.mount.process:
            self.crashes.append(f'lasfs ended with {status}: {self.mount.words[-1500:]}')
        if any(word in self.mount.words for word in SANITIZER_WORDS):
            self.crashes.append(self.mount.words[-5000:])
            self.mount.stderr.write_text('')
        if self.server.process and self.server.process.poll() is not None:
            self.crashes.append(f'lasfs-sandbox ended with {self.server.process.returncode}')

    def strike(self, process):
        """From a thread that must not wait."""
        self.struck = process
        process.kill()

    def start_daemon(self):
        """Until it stands: the disk is freed when it cannot begin otherwise."""
        for again in range(START_TRIES):
            try:
                return self.mount.start()
            except AssertionError as problem:
                self.history.note(f'the mount did not start: {str(problem)[-300:]}')
                self.kill_daemon()
                if again:
                    self.disk.free()
                time.sleep(0.2)
        raise AssertionError('the mount does not start any more: ' + self.mount.words[-2000:])

    def cut_power(self):
        """The daemon is killed, and what it has not synced is gone."""
        self.kill_daemon()
        subprocess.run(['fusermount3', '-u', '-z', str(self.mount.path)], check=False,
                       stderr=subprocess.DEVNULL)
        self.disk.cut()

    def kill_server(self):
        self.server.stop(signal.SIGKILL)

    def start_server(self):
        if not self.server.process:
            self.server.start()

    # --- Afterwards ----------------------------------------------------------------------------

    def heal(self):
        """Nothing is broken any more."""
        self.disk.free()
        self.wire.clear()
        self.start_server()
        if not self.mount.process or self.mount.process.poll() is not None or not self.mount.alive:
            self.kill_daemon()
            self.start_daemon()

    def flush(self, seconds=60):
        """Until nothing is pending; False: something still is."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.lasfs('flush') == 0 and not os.listdir(self.mount / '.lasfs/pending'):
                return True
            time.sleep(0.5)
        return False

    def lasfs(self, command):
        """Its status, or None: it did not end."""
        try:
            return subprocess.run([program('lasfs'), command, str(self.mount.path)], check=False,
                                  timeout=COMMAND_SECONDS, capture_output=True).returncode
        except subprocess.TimeoutExpired:
            self.hangs.append(f'lasfs {command} had no end after {COMMAND_SECONDS} s')
            return None

    def remount(self):
        """A good end, and a new beginning without any cached bytes."""
        self.struck = self.mount.process  # it may end well before it is told to
        self.lasfs('--unmount')
        self.kill_daemon(signal.SIGTERM)
        if not mount_type(self.mount.path):  # what was written while nothing was mounted
            self.stray = [str(p) for p in self.mount.path.rglob('*') if p.is_file()]
        shutil.rmtree(self.mount.folder / 'cache', ignore_errors=True)
        self.start_daemon()
