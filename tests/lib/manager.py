"""A stand-in for systemd: reads a unit, runs its commands, and hears what sd_notify(3) says."""
import os
import re
import shlex
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

from mounted import mount_type
from server import BUILD, program

END_SECONDS = 45


def unit_file(kind):
    return BUILD / 'systemd' / kind / 'lasfs@.service'


def read_unit(kind):
    """Its settings, in their order, as (section, name, value)."""
    found, section = [], None
    for line in unit_file(kind).read_text().splitlines():
        if line.startswith('['):
            section = line.strip('[]')
        elif line and line[0] not in '#;':
            name, _, value = line.partition('=')
            found.append((section, name, value))
    return found


class Manager:
    """One service of a unit and an instance; folder stands for / and for the home."""

    def __init__(self, kind, instance, folder, environment, abstract=False):
        self.kind, self.folder, self.messages = kind, folder, []
        self.specifiers = {'i': instance, 'h': str(folder / 'home'), 'E': f'{folder}/home/.config',
                           'S': f'{folder}/var/lib', 'C': f'{folder}/var/cache', '%': '%'}
        self.unit = read_unit(kind)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.address = f'\0lasfs-test-{os.getpid()}-{id(self)}' if abstract else f'{folder}/notify'
        self.socket.bind(self.address)
        self.environment = {**environment, **self.read_environment()}
        self.process = None
        self.lock = threading.Condition()
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    # --- The unit ------------------------------------------------------------------------------

    def values(self, name):
        return [value for _, key, value in self.unit if key == name]

    def expand(self, text):
        return re.sub(r'%(.)', lambda m: self.specifiers[m.group(1)], text)

    def read_environment(self):
        """Environment=, then what the files say, which counts."""
        set_ = dict(self.expand(value).partition('=')[::2] for value in self.values('Environment'))
        for value in self.values('EnvironmentFile'):
            file = self.at(self.expand(value.removeprefix('-')))
            if file.exists():
                set_.update(line.partition('=')[::2] for line in file.read_text().splitlines())
        return {name: self.place(value) if name != 'LASFS_OPTIONS' else value
                for name, value in set_.items()}

    def at(self, path):
        return Path(self.place(path))

    def place(self, path):
        """A path of the machine, below the folder that stands for it."""
        return path if path.startswith(str(self.folder)) else f'{self.folder}{path}'

    def words(self, command):
        """As systemd.service(5): a variable alone is words, one in braces is part of one."""
        found = []
        for word in self.expand(command).split():
            if re.fullmatch(r'\$\w+', word):
                found += shlex.split(self.environment.get(word[1:], ''))
            else:
                found.append(re.sub(r'\$\{(\w+)\}', lambda m: self.environment[m.group(1)], word))
        return found

    @property
    def mountpoint(self):
        return self.environment['LASFS_MOUNTPOINT']

    # --- The service ---------------------------------------------------------------------------

    def start(self, *front):
        """front: what runs the program, with it and its arguments behind."""
        for command in self.values('ExecStartPre'):
            words = self.words(command.removeprefix('-'))
            ran = subprocess.run(words, check=False, capture_output=True)
            assert ran.returncode == 0 or command.startswith('-'), ran
        command, = self.values('ExecStart')
        words = self.words(command)
        assert os.path.basename(words[0]) == 'lasfs' and '-f' in words, words
        address = self.address.replace('\0', '@')
        with open(self.folder / 'stderr', 'ab') as err:
            self.process = subprocess.Popen(
                [*front, program('lasfs'), *words[1:]], stdin=subprocess.DEVNULL, stdout=err, stderr=err,
                env={**self.environment, 'NOTIFY_SOCKET': address})
        return self

    @property
    def said(self):
        return (self.folder / 'stderr').read_text(errors='replace')

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.ended()

    def ended(self):
        status = self.process.wait(END_SECONDS)
        self.process = None
        return status

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if mount_type(self.mountpoint):
            subprocess.run(['fusermount3', '-u', '-z', self.mountpoint], check=False)
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.socket.close()

    # --- What it says --------------------------------------------------------------------------

    def listen(self):
        while data := self.socket.recv(65536):
            with self.lock:
                self.messages.append(dict(line.partition('=')[::2]
                                          for line in data.decode().splitlines()))
                self.lock.notify_all()

    def all(self, name):
        with self.lock:
            return [m[name] for m in self.messages if name in m]

    def status(self):
        return (self.all('STATUS') or [''])[-1]

    def wait_for(self, name, value='.*', seconds=15):
        """Until a message has name=value, a regular expression; that message."""
        deadline = time.monotonic() + seconds
        with self.lock:
            while True:
                for message in self.messages:
                    if re.fullmatch(value, message.get(name, '\0')):
                        return message
                left = deadline - time.monotonic()
                assert left > 0, f'no {name}={value} within {seconds} s: {self.messages}'
                self.lock.wait(left)
