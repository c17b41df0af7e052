"""As many as there may be in one folder: how its time and its memory grow, and who has to wait for it."""
import os
import subprocess
import threading
import time
from pathlib import Path
from types import SimpleNamespace

from bench import lists
from bench.figures import Row

MANY, TENTH = 'ls of many, cold', 'ls of a tenth of them, cold'
LONG, AGAIN = 'ls -l of many, again', 'ls -l of a tenth of them, again'
BYTES, PAUSE = 'memory of the daemon for each, in bytes', 'the longest wait of somebody else meanwhile'
PAUSE_GOAL, BYTES_GOAL = 0.1, 200
ROWS = [Row(MANY, TENTH, {0: 10.5, 10: 10.5}), Row(LONG, AGAIN, {0: 10.5, 10: 10.5})]


class make_place:
    """A server with so many documents, and one with a tenth of them."""

    def __init__(self, folder, options):
        self.places = {}
        try:
            for name, count in (('tenth', options.many // 10), ('many', options.many)):
                (Path(folder) / name).mkdir()
                self.places[name] = lists.make_place(Path(folder) / name, SimpleNamespace(
                    **{**vars(options), 'listed': count}))
        except BaseException:
            self.stop()
            raise

    def stop(self):
        for place in self.places.values():
            place.stop()


class Somebody(threading.Thread):
    """Reads something small of the mount again and again; longest: what one such time took at most, in seconds."""

    def __init__(self, path):
        super().__init__()
        self.path, self.over, self.longest = path, threading.Event(), 0

    def run(self):
        while not self.over.wait(0.005):
            begin = time.monotonic()
            self.path.read_bytes()
            self.longest = max(self.longest, time.monotonic() - begin)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


def memory(mount):
    lines = Path(f'/proc/{mount.process.pid}/status').read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith('RssAnon:'))


def count_names(folder):
    ran = subprocess.run(['ls', '-f', folder], stdout=subprocess.PIPE, check=True)
    return ran.stdout.count(b'las:document:')


def measure_one(place, figures, folder, cold, again):
    mount = place.mount(folder, 'list=ids', 'list_ttl=3600', 'meta_ttl=3600')
    try:
        os.listdir(mount.path)
        before = memory(mount)
        with Somebody(mount / '.lasfs/status') as somebody:
            figures.time(cold, count_names, mount / 'documents')
        figures.add(f'{PAUSE}, {cold}', somebody.longest)
        figures.add(f'{BYTES}, {cold}', (memory(mount) - before) / place.listed)
        assert count_names(mount / 'documents') == place.listed
        for _ in range(2):  # once so that the kernel has them all
            begin = time.monotonic()
            assert lists.count_names(mount / 'documents') == place.listed
        figures.add(again, time.monotonic() - begin)
        mount.unmount()
    finally:
        mount.kill()


def measure(many, figures, folder):
    measure_one(many.places['tenth'], figures, folder / 'tenth', TENTH, AGAIN)
    measure_one(many.places['many'], figures, folder / 'many', MANY, LONG)


def said(figures):
    return (f'Each of many took {max(figures[f"{BYTES}, {MANY}"]):.0f} bytes of the daemon (goal {BYTES_GOAL}), and nobody '
            f'else waited longer than {max(figures[f"{PAUSE}, {MANY}"]) * 1000:.0f} ms meanwhile (goal '
            f'{PAUSE_GOAL * 1000:.0f}).')
