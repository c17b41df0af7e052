"""The tools that people use, as processes that can be killed, and what they may leave behind."""
import os
import signal
import subprocess
import threading
from dataclasses import dataclass

HANG_SECONDS = 90

PYTHON = ['python3', '-I', '-S', '-c']
WRITE = '''import sys
with open(sys.argv[2], 'wb') as f:
    f.write(open(sys.argv[1], 'rb').read())'''
SLOWLY = '''import sys, time
data = open(sys.argv[1], 'rb').read()
with open(sys.argv[2], 'wb') as f:
    for at in range(0, len(data), len(data) // 3 + 1):
        f.write(data[at:at + len(data) // 3 + 1])
        f.flush()
        time.sleep(0.1)'''
RENAME = 'import os, sys; os.rename(sys.argv[1], sys.argv[2])'


@dataclass(frozen=True)
class Tool:
    """argv has SOURCE and TARGET in it. unlinks: it may remove the target before it writes. deaf: it
    says 0 whatever close(2) has told it."""

    name: str
    argv: tuple
    unlinks: bool = False
    by_stdin: bool = False
    deaf: bool = False

    def command(self, source, target):
        return [{'SOURCE': source, 'TARGET': target}.get(word, word) for word in self.argv]


PUT = [
    Tool('cp', ('cp', 'SOURCE', 'TARGET')),
    Tool('cp -p', ('cp', '-p', 'SOURCE', 'TARGET')),
    Tool('cp --remove-destination', ('cp', '--remove-destination', 'SOURCE', 'TARGET'), unlinks=True),
    Tool('install', ('install', '-m', '644', 'SOURCE', 'TARGET'), unlinks=True),
    Tool('mv from outside', ('mv', 'SOURCE', 'TARGET'), unlinks=True),
    Tool('tee', ('tee', 'TARGET'), by_stdin=True),
    Tool('dd', ('dd', 'if=SOURCE', 'of=TARGET', 'bs=512', 'status=none')),
    Tool('dd fsync', ('dd', 'if=SOURCE', 'of=TARGET', 'bs=4096', 'conv=fsync', 'status=none')),
    Tool('cat >', ('sh', '-c', 'cat "$1" > "$2"', 'sh', 'SOURCE', 'TARGET'), deaf=True),
    Tool('exec cat >', ('sh', '-c', 'exec cat "$1" > "$2"', 'sh', 'SOURCE', 'TARGET')),
    Tool('python', (*PYTHON, WRITE, 'SOURCE', 'TARGET')),
    Tool('python slowly', (*PYTHON, SLOWLY, 'SOURCE', 'TARGET')),
    Tool('rsync -a', ('rsync', '-a', 'SOURCE', 'TARGET')),
    Tool('rsync --inplace', ('rsync', '-a', '--inplace', 'SOURCE', 'TARGET')),
]
MOVE = [Tool('mv', ('mv', 'SOURCE', 'TARGET')),
        Tool('rename', (*PYTHON, RENAME, 'SOURCE', 'TARGET'))]
REMOVE = Tool('rm', ('rm', 'TARGET'))
TREE = Tool('rsync -a tree', ('rsync', '-a', 'SOURCE', 'TARGET'))
READ = Tool('cat', ('cat', 'TARGET'))


@dataclass
class Told:
    """What a tool said. status below 0: it was killed by that signal."""

    status: int
    out: bytes
    err: str
    hung: bool = False

    @property
    def done(self):
        return self.status == 0

    def __str__(self):
        return (f'exit {self.status}' + (f': {self.err}' if self.err else '')
                + (' (it hung)' if self.hung else ''))


class Runner:
    """Runs tools, and has those that run for whoever wants to kill one."""

    def __init__(self):
        self.lock = threading.Lock()
        self.running = []

    def run(self, tool, source, target):
        command = [w.replace('SOURCE', source).replace('TARGET', target)
                   if w.startswith(('if=', 'of=')) else w for w in tool.command(source, target)]
        stdin = open(source, 'rb') if tool.by_stdin else subprocess.DEVNULL
        try:
            with self.lock:
                process = subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE,
                                           stderr=subprocess.PIPE, start_new_session=True,
                                           env={**os.environ, 'LC_ALL': 'C'})
                self.running.append((process, tool.name, target))
            return self.wait(process)
        finally:
            if tool.by_stdin:
                stdin.close()

    def wait(self, process):
        hung = False
        try:
            out, err = process.communicate(timeout=HANG_SECONDS)
        except subprocess.TimeoutExpired:
            hung = True
            kill_group(process)
            out, err = process.communicate()
        with self.lock:
            self.running = [r for r in self.running if r[0] is not process]
        words = ' '.join(err.decode(errors='replace').split())
        return Told(process.returncode, out, words[-300:], hung)

    def kill_one(self, chance):
        """The name of what was killed and what it worked on, or None."""
        with self.lock:
            alive = [r for r in self.running if r[0].returncode is None]
            if not alive:
                return None
            process, name, target = chance.choice(alive)
            kill_group(process)
        return f'{name} {target}'

    def kill_all(self):
        with self.lock:
            for process, *_ in self.running:
                kill_group(process)


def kill_group(process):
    """It has not been waited for: its number is its own still."""
    if process.returncode is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
