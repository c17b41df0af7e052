"""Many processes at once: what an exit status calls written is there, exactly once."""
import collections
import hashlib
import json
import random
import subprocess
import sys
import time

import pytest

from rest import Api
from samples import pdf

PROCESSES = 16
SECONDS = 20


def tool(*command, **more):
    return subprocess.run(command, capture_output=True, check=False, **more)


def work(root, number, seconds):
    """One process: creates, reads, lists, replaces, renames and deletes with the usual tools."""
    chance = random.Random(number)
    folders = [f'{root}/documents', f'{root}/datasets/load/documents']
    there, wrong, done, history = {}, [], collections.Counter(), collections.defaultdict(list)
    deadline = time.monotonic() + seconds
    serial = 0
    while time.monotonic() < deadline:
        what = chance.choice(['create', 'create', 'create', 'read', 'read', 'list', 'delete',
                              'replace', 'rename'])
        done[what] += 1
        if what == 'create' or what == 'replace' or not there:
            serial += 1
            data = pdf(chance.choice([700, 4096, 20000, 150000]), number * 100000 + serial)
            path = f'{chance.choice(folders)}/{number}-{serial}.pdf'
            if what == 'replace' and there:
                path = chance.choice(sorted(there))
            if tool('tee', path, input=data).returncode == 0:
                there[path] = hashlib.sha256(data).hexdigest()
                history[path].append(f'{what} {len(data)}')
            else:
                wrong.append(f'tee {path}')
        elif what == 'read':
            path = chance.choice(sorted(there))
            ran = tool('cat', path)
            if ran.returncode or hashlib.sha256(ran.stdout).hexdigest() != there[path]:
                wrong.append(f'cat {path}: exit {ran.returncode}, {len(ran.stdout)} bytes that '
                             f'start with {ran.stdout[:40]}; before: {history[path]}')
        elif what == 'list':
            ran = tool('ls', '-l', chance.choice(folders), text=True)
            # Between the listing and the look at a name somebody may delete it, as anywhere.
            if not all(line.endswith('No such file or directory')
                       for line in ran.stderr.splitlines()):
                wrong.append(f'ls: {ran.stderr}')
        elif what == 'delete':
            path = chance.choice(sorted(there))
            if tool('rm', path).returncode == 0:
                del there[path]
            else:
                wrong.append(f'rm {path}')
        elif what == 'rename':
            path = chance.choice(sorted(there))
            serial += 1
            new = path.rpartition('/')[0] + f'/{number}-{serial}-renamed.pdf'
            if tool('mv', path, new).returncode == 0:
                there[new] = there.pop(path)
                history[new] += history[path] + [f'rename from {path}']
            else:
                wrong.append(f'mv {path}')
    print(json.dumps({'there': there, 'wrong': wrong, 'done': done}))


@pytest.fixture(scope='module')
def storm(tmp_path_factory):
    """The mount after 16 processes have worked on it for 20 s, and what they say."""
    from mounted import Mount
    from server import Server
    folder = tmp_path_factory.mktemp('storm')
    server = Server(folder / 'server').start()
    mount = Mount(server, folder / 'lasfs').start()
    try:
        mount.run('mkdir datasets/load')
        workers = [subprocess.Popen([sys.executable, __file__, str(mount.path), str(i),
                                     str(SECONDS)], stdout=subprocess.PIPE, text=True,
                                    env={'PYTHONPATH': ':'.join(sys.path), 'PATH': '/usr/bin:/bin'})
                   for i in range(PROCESSES)]
        mount.said = [json.loads(w.communicate(timeout=SECONDS + 60)[0]) for w in workers]
        mount.api = Api(server)
        yield mount
        mount.unmount()
    finally:
        mount.kill()
        server.stop()


def files(storm):
    return {path: digest for said in storm.said for path, digest in said['there'].items()}


def test_no_tool_failed(storm):
    assert [w for said in storm.said for w in said['wrong']] == []
    done = sum((collections.Counter(said['done']) for said in storm.said), collections.Counter())
    print(dict(done))
    assert all(done[what] >= PROCESSES for what in ('create', 'read', 'list', 'delete')), done


def test_what_was_written_is_on_the_server_exactly_once_and_nothing_else(storm):
    on_server = collections.Counter(storm.api.hashes())
    written = collections.Counter(files(storm).values())
    assert on_server == written


def test_each_document_is_in_the_dataset_into_which_it_was_dropped(storm):
    dataset = storm.api.dataset_called('load')['datasetId']
    inside = collections.Counter(storm.api.hashes(datasetId=dataset))
    assert inside == collections.Counter(digest for path, digest in files(storm).items()
                                         if '/datasets/load/' in path)


def test_listings_show_each_name_once(storm):
    import os
    for folder in ('documents', 'datasets/load/documents'):
        names = os.listdir(storm / folder)
        assert len(names) == len(set(names))
        expected = {p.rpartition('/')[2] for p in files(storm)
                    if p.startswith(f'{storm.path}/{folder}/')}
        assert {n for n in names if not n.startswith('las:')} == expected


def test_bytes_are_the_same_through_the_mount_after_a_remount(storm):
    storm.remount(cold=True)
    for path, digest in files(storm).items():
        with open(path, 'rb') as f:
            assert hashlib.sha256(f.read()).hexdigest() == digest, path


if __name__ == '__main__':
    work(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
