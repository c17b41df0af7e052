"""What is there at the end: by REST, in the mount, in .lasfs/failed."""
import base64
import os
import stat
import time
from dataclasses import dataclass, field
from pathlib import Path

from .model import digest_of
from .world import FOLDERS

PATIENCE_SECONDS = 30
BESIDE = '.error.txt'


@dataclass
class Document:
    digest: str
    dataset: str = None
    label: str = None


@dataclass
class Found:
    """shown: {path: digest} of the files in the mount; ids: {path: the document that it stands for};
    scratch: {document: the temporary name that stands for it}; server: {id: Document};
    failed: [(name, digest)]; reasons, unreadable: {path: why it is not there, cannot be read}"""

    shown: dict = field(default_factory=dict)
    ids: dict = field(default_factory=dict)
    scratch: dict = field(default_factory=dict)
    server: dict = field(default_factory=dict)
    failed: list = field(default_factory=list)
    reasons: dict = field(default_factory=dict)
    unreadable: dict = field(default_factory=dict)
    datasets: dict = field(default_factory=dict)  # {folder: the dataset of its documents}
    pending: list = field(default_factory=list)
    wrong: list = field(default_factory=list)  # (path, digest) that somebody has read meanwhile
    crashes: list = field(default_factory=list)  # who ended by himself
    hangs: list = field(default_factory=list)    # who did not end
    stray: list = field(default_factory=list)  # below the mount point, where nobody may write


def label_of(record):
    truth = record.get('groundTruth') or []
    return ' '.join(str(row.get('value')) for row in truth) or None


def ask_server(api):
    documents = {}
    for record in api.documents():
        one = record['documentId']
        full = api.get('documents/' + one)
        data = (base64.b64decode(full['content']) if 'content' in full
                else api.content('documents/' + one))
        documents[one] = Document(digest_of(data), full.get('datasetId'), label_of(full))
    return documents


def read_patiently(path):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return Path(path).read_bytes()
        except FileNotFoundError:
            raise
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def is_hidden(name):
    """A scratch file that a tool has left: it stays on this machine."""
    return name.startswith('.') or (name.startswith('sed') and '.' not in name)


def look_into(mount, folder, found):
    for name in os.listdir(mount / folder):
        path = f'{folder}/{name}'
        if is_hidden(name) or not stat.S_ISREG(os.stat(mount / path).st_mode):
            continue
        try:
            data = read_patiently(mount / path)
        except OSError as problem:
            found.unreadable[path] = str(problem)
            continue
        if name.endswith(BESIDE):
            found.reasons[path[:-len(BESIDE)]] = data.decode(errors='replace').strip()
        else:
            found.shown[path] = digest_of(data)


def look_at_ids(mount, folder, found):
    for line in read_patiently(mount / folder / '.files.tsv').decode().splitlines():
        name, one, *_ = line.split('\t')
        if is_hidden(name.rpartition('/')[2]):
            found.scratch[one] = f'{folder}/{name}'
        else:
            found.ids[f'{folder}/{name}'] = one


def look(world):
    found = Found()
    os.utime(world.mount / '.lasfs/refresh')
    for folder in FOLDERS:
        look_into(world.mount, folder, found)
    for folder in FOLDERS[:3]:  # it has the folders within too
        look_at_ids(world.mount, folder, found)
    failed = world.mount / '.lasfs/failed'
    found.failed = [(n.partition('-')[2], digest_of(read_patiently(failed / n)))
                    for n in os.listdir(failed)]
    found.crashes, found.hangs, found.stray = world.crashes, world.hangs, world.stray
    found.pending = os.listdir(world.mount / '.lasfs/pending')
    found.server = ask_server(world.api)
    found.datasets = {folder: world.datasets.get((folder + '//').split('/')[1]) for folder in FOLDERS}
    return found
