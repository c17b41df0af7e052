"""64 processes at once: what an exit status calls written is there, exactly once."""
import collections
import hashlib
import json
import os
import subprocess
import sys

import pytest

import storm as worker
from mounted import Mount, eventually
from rest import Api
from server import Server

PROCESSES = 64
SECONDS = float(os.environ.get('LASFS_STORM_SECONDS', 60))
PATIENCE = 300  # a mount under a sanitizer is slow to come to an end

pytestmark = pytest.mark.timeout(SECONDS + 2 * PATIENCE)


def start_worker(mount, folder, number):
    local = folder / f'local-{number}'
    local.mkdir()
    return subprocess.Popen([sys.executable, worker.__file__, str(mount.path), str(local),
                             str(number), str(SECONDS)], stdout=subprocess.PIPE, text=True)


@pytest.fixture(scope='module')
def storm(tmp_path_factory):
    """The mount after the processes have worked on it, and what they say."""
    folder = tmp_path_factory.mktemp('storm')
    server = Server(folder / 'server').start()
    mount = Mount(server, folder / 'lasfs', 'complete=off')
    mount.patience = SECONDS + PATIENCE
    mount.start()
    try:
        mount.run('mkdir datasets/load datasets/more')
        workers = [start_worker(mount, folder, i) for i in range(PROCESSES)]
        mount.said = [json.loads(w.communicate(timeout=SECONDS + PATIENCE)[0]) for w in workers]
        mount.api = Api(server)
        mount.shared = read_shared(mount)
        yield mount
        mount.unmount()
    finally:
        mount.kill()
        server.stop()


def read_shared(mount):
    """Of names that many replaced and removed: those that are there, by their bytes."""
    there = {}
    for path in worker.SHARED:
        try:
            data = (mount / path).read_bytes()
        except FileNotFoundError:
            continue
        assert worker.is_whole(data), path
        there[path] = hashlib.sha256(data).hexdigest()
    return there


def files(storm):
    return {**{path: digest for said in storm.said for path, digest in said['there'].items()},
            **storm.shared}


def test_nothing_went_wrong(storm):
    wrong = [w for said in storm.said for w in said['wrong']]
    assert not wrong, '\n'.join(wrong)
    done = sum((collections.Counter(said['done']) for said in storm.said), collections.Counter())
    print(sum(done.values()), dict(done))
    assert all(done[what] for what in (*worker.Worker.CALLS, *worker.Worker.TOOLS)), done


def test_what_was_written_is_on_the_server_exactly_once_and_nothing_else(storm):
    written = collections.Counter(files(storm).values())
    eventually(lambda: len(storm.api.documents()) == len(files(storm)),
               what='the end of what was deleted')
    assert collections.Counter(storm.api.hashes()) == written


@pytest.mark.parametrize('name', ['load', 'more'])
def test_each_document_is_in_the_dataset_into_which_it_was_put(storm, name):
    dataset = storm.api.dataset_called(name)['datasetId']
    inside = collections.Counter(storm.api.hashes(datasetId=dataset))
    assert inside == collections.Counter(digest for path, digest in files(storm).items()
                                         if path.startswith(f'datasets/{name}/'))


def test_listings_show_each_name_once(storm):
    for folder in (*worker.FOLDERS, worker.SHARED_FOLDER):
        names = os.listdir(storm / folder)
        assert len(names) == len(set(names))
        expected = {p.rpartition('/')[2] for p in files(storm) if p.rpartition('/')[0] == folder}
        assert {n for n in names if n.endswith('.pdf')} == expected


def test_no_byte_is_left_in_the_spool(storm):
    eventually(lambda: storm.spooled() == [])


def test_bytes_are_the_same_through_the_mount_after_a_remount(storm):
    storm.remount(cold=True)
    for path, digest in files(storm).items():
        assert hashlib.sha256((storm / path).read_bytes()).hexdigest() == digest, path
