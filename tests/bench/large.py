"""Large documents at addresses of their own: when the first byte is read, and when the last."""
import hashlib
import os
import time
from pathlib import Path

from bench.figures import Row
from bench.place import output, scan
from mounted import Mount
from rest import Api
from server import Server

SIZES = {'4.6 MB': 4_600_000, '60 MB': 60_000_000}
PIECE = 1 << 17
FIRST, LAST, CURL = '{}, cold, first byte', '{}, cold, last byte', 'curl, {}'
GOALS = {FIRST: {0: 1.2, 10: 1.2}, LAST: {0: 1.5, 10: 1.1}}
ROWS = [Row(what.format(size), CURL.format(what.format(size)), GOALS[what]) for size in SIZES for what in (FIRST, LAST)]


class Large:
    """A lasfs-sandbox of today with a document of each size in it."""

    def __init__(self, folder, _):
        self.documents = {}  # size: id, address, digest
        self.server = Server(Path(folder) / 'large', '--api', '2024')
        self.server.start()
        try:
            api = Api(self.server)
            for size, count in SIZES.items():
                made, data = api.post('documents'), scan(count)
                api.session.put(made['fileUrl'], data=data, headers=api.headers()).raise_for_status()
                self.documents[size] = made['documentId'], made['fileUrl'], hashlib.sha256(data).hexdigest()
            self.token = Api(self.server).token
        except BaseException:
            self.server.stop()
            raise

    def stop(self):
        self.server.stop()


make_place = Large


def measure_curl(large, figures, folder, size):
    url = large.documents[size][1]
    words = output(['curl', '--no-progress-meter', '--fail', '--output', str(folder / 'large'),
                    '--write-out', '%{time_starttransfer} %{time_total}',
                    '--header', f'Authorization: Bearer {large.token}', url])
    for name, seconds in zip((FIRST, LAST), words.split()):
        figures.add(CURL.format(name.format(size)), float(seconds))
    (folder / 'large').unlink()


def read(path, figures, size):
    begin, digest = time.monotonic(), hashlib.sha256()
    fd = os.open(path, os.O_RDONLY)
    pieces = [os.read(fd, PIECE)]
    figures.add(FIRST.format(size), time.monotonic() - begin)
    while pieces[-1]:
        pieces.append(os.read(fd, PIECE))
    figures.add(LAST.format(size), time.monotonic() - begin)
    os.close(fd)
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def measure(large, figures, folder):
    for size in SIZES:
        measure_curl(large, figures, folder, size)
    mount = Mount(large.server, folder / 'large-mount', 'list=ids')
    mount.start()
    try:
        os.listdir(mount / 'documents')
        for size, (document, _, digest) in large.documents.items():
            assert read(mount / 'documents' / document / 'content', figures, size) == digest
        mount.unmount()
    finally:
        mount.kill()
