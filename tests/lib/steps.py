"""Ends lasfs by SIGKILL before one of its steps: what it writes to its files, and what it asks the
server. steps.c, built here and preloaded, counts the first; a proxy the second."""
import mmap
import os
import signal
import struct
import subprocess
from pathlib import Path

from mounted import Mount

SOURCE = Path(__file__).with_name('steps.c')
HEAD = struct.Struct('IIII')  # armed, kill_at, count, died
NAMES, NAME_BYTES = 4096, 64


def build_counter(folder):
    library = folder / 'steps.so'
    subprocess.run([os.environ.get('CC', 'gcc').split()[0], '-shared', '-fPIC', '-O1', '-Wall', '-Werror',
                    '-D_GNU_SOURCE', '-o', str(library), str(SOURCE), '-ldl'], check=True)
    return library


class Counter:
    """What both sides see: how many steps there were, and before which one it ends."""

    def __init__(self, folder):
        self.library = build_counter(folder)
        self.path = folder / 'steps'
        self.path.write_bytes(bytes(HEAD.size + NAMES * NAME_BYTES))
        with open(self.path, 'r+b') as f:
            self.map = mmap.mmap(f.fileno(), 0)

    def arm(self, kill_at=0):
        """From now on; 0: before none."""
        HEAD.pack_into(self.map, 0, 1, kill_at, 0, 0)

    def disarm(self):
        _, kill_at, count, died = HEAD.unpack_from(self.map, 0)
        HEAD.pack_into(self.map, 0, 0, kill_at, count, died)

    @property
    def names(self):
        count = min(HEAD.unpack_from(self.map, 0)[2], NAMES)
        cells = (self.map[HEAD.size + i * NAME_BYTES:HEAD.size + (i + 1) * NAME_BYTES]
                 for i in range(count))
        return [cell.partition(b'\0')[0].decode(errors='replace') for cell in cells]

    def close(self):
        self.map.close()


class SteppedMount(Mount):
    """A mount behind a proxy, whose steps are counted."""

    def __init__(self, proxy, folder, counter, *options):
        super().__init__(proxy, folder, *options)
        self.proxy, self.counter = proxy, counter
        self.may_leave = True

    def environment(self):
        sanitizers = os.environ.get('ASAN_OPTIONS', '')
        return {**super().environment(), 'LD_PRELOAD': str(self.counter.library),
                'LASFS_STEPS': str(self.counter.path),
                'ASAN_OPTIONS': f'{sanitizers}:verify_asan_link_order=0'.lstrip(':')}

    def strike(self, *_):
        """From the proxy's thread: whoever waits for it sees that it has gone before an answer does."""
        os.kill(self.process.pid, signal.SIGKILL)
        os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOWAIT)
        return b''

    def arm(self, step):
        """step: None, ('file', k), ('before', k) or ('after', k) of the request's arrival."""
        how, k = step or ('file', 0)
        self.mark = self.proxy.mark()
        if how == 'before':
            self.proxy.fault(skip=k - 1, times=1, status=500, body=self.strike)
        elif how == 'after':
            self.proxy.fault(skip=k - 1, times=1, edit=self.strike)
        self.counter.arm(k if how == 'file' else 0)

    def disarm(self):
        self.counter.disarm()
        self.requests = [f'{p.verb} {p.path}' for p in self.proxy.since(self.mark)]
        self.proxy.clear()

    @property
    def died(self):
        return self.process.poll() is not None
