"""The mount against a reference: what a plain directory does with the same random calls."""
import hashlib
import os
import random
import time

import pytest

from differences import DIFFERENCES
from maker import Maker
from model import Mismatch, Run, shrink, try_sequence
from mounted import Mount
from named import Helper, Named
from rest import Api
from samples import pdf
from server import Server
from syscalls import FOLDERS, Side

SECONDS = float(os.environ.get('LASFS_MODEL_SECONDS', 60))
SEED = int(os.environ.get('LASFS_MODEL_SEED', 0)) or random.SystemRandom().randrange(10 ** 9)
SHRINK_SECONDS = float(os.environ.get('LASFS_MODEL_SHRINK_SECONDS', 60))
SETTLE_SECONDS = 3
# What the mount says of what it refuses.
WORDS = ('not complete|No such file|Invalid argument|Operation not permitted|File too large|'
         'Invalid cross-device link|not empty|File exists|Is a directory|Not a directory|'
         'could not be delivered|no .* called',)


class World:
    """A mount with its server, and a plain directory; remade after a failure."""

    allowed = DIFFERENCES
    delivers = True

    def __init__(self, folder):
        self.folder, self.number, self.calls, self.sequences = folder, 0, 0, 0
        self.differences, self.digests = {}, {}
        self.start()

    def start(self):
        self.number += 1
        here = self.folder / str(self.number)
        self.server = Server(here / 'server').start()
        self.mount = Mount(self.server, here / 'lasfs', 'complete=off')
        self.mount.allow(*WORDS)
        self.mount.may_leave = True  # temporary files, over a remount
        self.mount.start()
        self.mount.run('mkdir datasets/one datasets/two')
        self.api = Api(self.server)
        self.datasets = {None: 'D', self.api.dataset_called('one')['datasetId']: 'O',
                         self.api.dataset_called('two')['datasetId']: 'T'}
        self.plain = here / 'plain'
        for folder in FOLDERS.values():
            (self.plain / folder).mkdir(parents=True, exist_ok=True)
        self.ids = {key: one for one, key in self.datasets.items() if one}
        self.helper = Helper(str(self.mount.path), self.ids)
        self.ready = True

    def stop(self):
        self.helper.stop()
        try:
            if self.ready:
                self.mount.unmount()
        finally:
            self.mount.kill()
            self.server.stop()

    def begin(self):
        if not self.ready:
            self.stop()
            self.start()
        self.sequences += 1
        tag = f'q{self.sequences}-'
        self.sides = Named(str(self.mount.path), tag, self.ids), Side(str(self.plain), tag)
        return self.sides

    def end(self):
        """Cleans up, through the mount: the server has nothing then."""
        self.sides[0].home()
        self.helper.home()
        for side in self.sides:
            side.clear()
        for name in os.listdir(self.mount / '.lasfs/failed'):
            os.unlink(self.mount / '.lasfs/failed' / name)
        for name in self.sets_there():
            os.rmdir(self.mount / 'datasets' / (self.sides[0].tag + name))
        self.settles(lambda: self.on_server() == {folder: [] for folder in FOLDERS},
                     lambda: f'all was removed, and the server has {self.on_server()}')
        self.settles(lambda: not self.mount.spooled(),
                     lambda: 'all was removed, and there are bytes in the spool')

    @staticmethod
    def settles(check, why):
        """What a release does comes after its close()."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while not check():
            if time.monotonic() > deadline:
                raise Mismatch(why())
            time.sleep(0.01)

    def spoiled(self):
        self.ready = False

    def count(self, run):
        self.calls += run.calls
        for name, times in run.met.items():
            self.differences[name] = self.differences.get(name, 0) + times

    def remount(self):
        self.mount.remount(cold=True)

    def kill(self, then=lambda: None):
        """Of the daemon. Bytes that were closed are on disk; all else that was done is, once
        something later is."""
        fd = os.open(self.mount / 'documents/sync.part', os.O_CREAT | os.O_WRONLY)
        os.fsync(fd)
        os.close(fd)
        self.mount.watchdog.cancel()
        self.mount.process.kill()
        self.mount.process.wait()
        self.mount.process = None
        then()
        self.mount.start()

    # --- What the server has ---------------------------------------------------------------------

    def digest(self, path):
        """Of a document's bytes, which never change; an asset's do."""
        if path not in self.digests or path.startswith('assets/'):
            self.digests[path] = hashlib.sha256(self.api.content(path)).hexdigest()
        return self.digests[path]

    def on_server(self):
        there = {folder: [] for folder in FOLDERS}
        for d in self.api.documents():
            there[self.datasets[d.get('datasetId')]].append(
                self.digest('documents/' + d['documentId']))
        for a in self.api.list('assets'):
            there['A'].append(self.digest('assets/' + a['assetId']))
        return {folder: sorted(digests) for folder, digests in there.items()}

    def check(self, model):
        """Each file that was sent exactly once, and nothing else; once all is released."""
        expected = {folder: sorted(hashlib.sha256(data).hexdigest() for data in there)
                    for folder, there in model.expected().items()}
        self.settles(lambda: self.on_server() == expected,
                     lambda: f'the server has {self.on_server()}, not {expected}')
        self.check_facts(model)
        listed = sorted(n for n in os.listdir(self.mount / 'documents') if n.startswith('las:'))
        elsewhere = sorted(d['documentId'] for d in self.api.documents() if d.get('datasetId'))
        if listed != elsewhere:
            raise Mismatch(f'documents/ lists {listed}, not {elsewhere}')

    def check_facts(self, model):
        """What is said of each document and asset, and that each has one name."""
        side, ids = self.sides[0], set()
        there = {d['documentId']: d for d in self.api.documents()}
        there.update({a['assetId']: a for a in self.api.list('assets')})
        for name, file in model.names.items():
            if not getattr(file, 'doc', None):
                continue
            one = side.call(('id_of', name))
            record, folder = there.get(one), name.partition('/')[0]
            if one in ids or not record:
                raise Mismatch(f'{name} is {one}, which is {"another one" if record else "gone"}')
            ids.add(one)
            if folder != 'A' and self.datasets[record.get('datasetId')] != folder:
                raise Mismatch(f'{name} is in {record.get("datasetId")}')
            kind = 'assets' if folder == 'A' else 'documents'
            if self.digest(f'{kind}/{one}') != hashlib.sha256(file.resource).hexdigest():
                raise Mismatch(f'{name} has other bytes on the server')
            for field in ('describe',) if folder == 'A' else ('label', 'keep'):
                if not file.doc.seen(field, said(field, record)):
                    raise Mismatch(f'{name}: {field} is {said(field, record)}, not '
                                   f'{getattr(file.doc, field)}')
        if ids != set(there):
            raise Mismatch(f'no name stands for {set(there) - ids}')
        self.check_sets(model)

    def sets_there(self):
        tag = self.sides[0].tag
        return {(d.get('name') or '').removeprefix(tag): d.get('description') or ''
                for d in self.api.list('datasets') if (d.get('name') or '').startswith(tag)}

    def check_sets(self, model):
        found = self.sets_there()
        wanted = {name: doc.describe for name, doc in model.sets.docs.items()}
        if set(found) != set(wanted) or any(found[n] not in wanted[n] for n in found):
            raise Mismatch(f'the datasets are {found}, not {wanted}')


def said(field, record):
    """In the model's words."""
    if field == 'label':
        labels = record.get('groundTruth') or []
        return int(labels[0]['value']) if labels else None
    return record['retentionInDays'] if field == 'keep' else record.get('description') or ''


@pytest.fixture
def world(tmp_path):
    one = World(tmp_path)
    yield one
    print(f'{one.sequences} sequences, {one.calls} calls on each side, differences met: '
          f'{one.differences}')
    one.stop()


def explain(world, ops, why, seed):
    """Shrinks, and prints what can be pasted."""
    end = time.monotonic() + SHRINK_SECONDS
    short = shrink(lambda part: try_sequence(world, part) is not None, ops,
                   lambda: time.monotonic() > end)
    why = try_sequence(world, short) or f'{why} (not every time)'
    lines = '\n'.join(f'    {op!r},' for op in short)
    return f'seed {seed}: {why}\nOPS = [\n{lines}\n]'


@pytest.mark.timeout(SECONDS + SHRINK_SECONDS + 100)
def test_the_mount_does_as_a_plain_directory_does(world):
    print(f'LASFS_MODEL_SEED={SEED} LASFS_MODEL_SECONDS={SECONDS:g}')
    deadline, seed = time.monotonic() + SECONDS, SEED
    while time.monotonic() < deadline:
        maker = Maker(seed)
        ops = maker.sequence(maker.chance.randrange(20, 60))
        why = try_sequence(world, ops)
        assert why is None, explain(world, ops, why, seed)
        seed += 1


def test_the_model_sees_a_document_too_many(world):
    run = Run(world)
    for op in [('open', 0, 'D/a.pdf', 'WRONLY|CREAT'), ('write', 0, 'pdf', 100, 1), ('close', 0)]:
        run.call(op)
    world.check(run.model)
    world.api.add_document(pdf(1000))
    with pytest.raises(Mismatch, match='the server has'):
        world.check(run.model)


class Remembers(Named):
    """What a name led to once, it leads to always."""

    known = {}

    def id_of(self, name):
        return self.known.setdefault(self.tag + name, super().id_of(name))


def drop(name, seed):
    return [('open', 0, name, 'WRONLY|CREAT'), ('write', 0, 'pdf', 100, seed), ('close', 0)]


@pytest.mark.parametrize('wrong', [False, True])
def test_the_model_sees_what_is_said_of_another_document(world, wrong):
    run = Run(world)
    if wrong:
        run.mount = Remembers(run.mount.root, run.mount.tag, run.mount.ids)
    for op in [*drop('O/a.pdf', 1), ('put', 'O/a.pdf', 'id', 'self', 'label', 1),
               ('rename', 'O/a.pdf', 'O/b.pdf'), *drop('O/a.pdf', 2),
               ('put', 'O/a.pdf', 'id', 'self', 'label', 2)]:
        run.call(op)
    if not wrong:
        return world.check(run.model)
    with pytest.raises(Mismatch, match='b.pdf: label is 2, not {1}'):
        world.check(run.model)
    return None


# --- The model itself, against directories that are wrong in one thing --------------------------

class Appends(Side):
    def open(self, slot, name, flags, mode=0o644):
        super().open(slot, name, flags.replace('|APPEND', ''), mode)


class LosesModes(Side):
    def rename(self, name, other):
        super().rename(name, other)
        os.chmod(self.path(other), 0o644)


class Replaces(Side):
    def rename_noreplace(self, name, other):
        self.rename(name, other)


class EmptiesUnlinked(Side):
    def unlink(self, name):
        os.truncate(self.path(name), 0)
        super().unlink(name)


class ForgetsTimes(Side):
    def close(self, slot):
        os.utime(self.fds[slot])
        super().close(slot)


class WrongWorld:
    """A directory that is wrong in one thing in the place of the mount."""

    allowed, delivers = (), False

    def __init__(self, folder, wrong):
        self.folder, self.wrong, self.sequences = folder, wrong, 0
        for side in ('wrong', 'plain'):
            for name in FOLDERS.values():
                (folder / side / name).mkdir(parents=True)

    def begin(self):
        self.sequences += 1
        tag = f'q{self.sequences}-'
        return self.wrong(f'{self.folder}/wrong', tag), Side(f'{self.folder}/plain', tag)

    def nothing(self, *_):
        pass

    def kill(self, then=lambda: None):
        then()

    check = end = spoiled = count = remount = nothing


@pytest.mark.parametrize('wrong, call', [
    (Appends, 'open'), (LosesModes, 'rename'), (Replaces, 'rename_noreplace'),
    (EmptiesUnlinked, 'unlink'), (ForgetsTimes, 'open')])
def test_the_model_finds_what_is_wrong_and_cuts_it_down(tmp_path, wrong, call):
    world = WrongWorld(tmp_path, wrong)
    for seed in range(3000):
        ops = Maker(seed).sequence(50)
        if try_sequence(world, ops):
            break
    short = shrink(lambda part: try_sequence(world, part) is not None, ops)
    assert try_sequence(world, short)
    assert len(short) <= 6 and call in {op[0] for op in short}, short


def test_the_model_finds_nothing_wrong_with_a_plain_directory(tmp_path):
    world = WrongWorld(tmp_path, Side)
    for seed in range(100):
        assert try_sequence(world, Maker(seed).sequence(50)) is None, seed
