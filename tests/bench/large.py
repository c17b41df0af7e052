"""A large document at an address of its own: when its first byte is read, and when its last."""
import hashlib
import os
import time
from pathlib import Path

from bench.figures import Row
from bench.place import output, scan
from mounted import Mount
from rest import Api
from server import Server

SIZE = 60_000_000
PIECE = 1 << 17
FIRST, FIRST_CURL = '60 MB, cold, first byte', 'curl, first byte'
LAST, LAST_CURL = '60 MB, cold, last byte', 'curl, last byte'
ROWS = [Row(FIRST, FIRST_CURL, {0: 1.2, 10: 1.2}), Row(LAST, LAST_CURL, {0: 1.5, 10: 1.1})]


class Large:
    """A lasfs-sandbox of today with one document in it."""

    def __init__(self, folder, _, latency_ms):
        data = scan(SIZE)
        self.digest = hashlib.sha256(data).hexdigest()
        self.server = Server(Path(folder) / 'large', '--api', '2024')
        self.server.start()
        try:
            api = Api(self.server)
            made = api.post('documents')
            self.id, self.url = made['documentId'], made['fileUrl']
            api.session.put(self.url, data=data, headers=api.headers()).raise_for_status()
            if latency_ms:
                self.server.stop()
                self.server.arguments += ['--latency', str(latency_ms)]
                self.server.start()
            self.token = Api(self.server).token
        except BaseException:
            self.server.stop()
            raise

    def stop(self):
        self.server.stop()


make_place = Large


def measure_curl(large, figures, folder):
    words = output(['curl', '--no-progress-meter', '--fail', '--output', str(folder / 'large'),
                    '--write-out', '%{time_starttransfer} %{time_total}',
                    '--header', f'Authorization: Bearer {large.token}', large.url])
    for name, seconds in zip((FIRST_CURL, LAST_CURL), words.split()):
        figures.add(name, float(seconds))
    (folder / 'large').unlink()


def read(path, figures):
    begin, digest = time.monotonic(), hashlib.sha256()
    fd = os.open(path, os.O_RDONLY)
    pieces = [os.read(fd, PIECE)]
    figures.add(FIRST, time.monotonic() - begin)
    while pieces[-1]:
        pieces.append(os.read(fd, PIECE))
    figures.add(LAST, time.monotonic() - begin)
    os.close(fd)
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def measure(large, figures, folder):
    measure_curl(large, figures, folder)
    mount = Mount(large.server, folder / 'large-mount', 'list=ids')
    mount.start()
    try:
        os.listdir(mount / 'documents')
        assert read(mount / 'documents' / large.id / 'content', figures) == large.digest
        mount.unmount()
    finally:
        mount.kill()
