"""The daemon dies before each thing that it writes, and at each request, of one create, one replace,
one move, the same of an asset, and one question of an inbox: the next mount comes to a right end, every
time, whether the server keeps names or not."""
import os
import time
from dataclasses import dataclass, field

import pytest

from mounted import eventually
from proxy import Proxy
from rest import Api
from samples import small_pdf
from server import Server
from steps import Counter, SteppedMount

# Every step, or of what changes something: each request, and of each run of like calls the first and
# the last, of which so many are taken.
ALL = bool(os.environ.get('LASFS_EVERY_STEP'))
SAMPLE = 5
MOST = 500
ONE, TWO = 'datasets/one/documents', 'datasets/two/documents'
ASSETS = 'assets'
WAITING = ('lasfs_files_to_be_sent', 'lasfs_intents_unsure', 'lasfs_intents_owed',
           'lasfs_requests_in_flight', 'lasfs_files{state="open"}', 'lasfs_files{state="sending"}')


@dataclass
class World:
    """shown: {path: bytes}; documents: (bytes, dataset, label), sorted"""

    shown: dict = field(default_factory=dict)
    documents: list = field(default_factory=list)


def write(path, data, flags=0):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | flags, 0o644)
    try:
        os.write(fd, data)
    except OSError:
        try:
            os.close(fd)
        except OSError:
            pass
        raise
    os.close(fd)


class Operation:
    """What is done to the names of one step, and how it may end: before and after it."""

    def __init__(self, place, number):
        self.place, self.mount, self.number = place, place.mount, number
        self.old, self.new = small_pdf(2 * number), small_pdf(2 * number + 1)
        self.one, self.two = f'{ONE}/{number}.pdf', f'{TWO}/{number}.pdf'
        self.other = f'{ONE}/{number}-other.pdf'
        self.scratch = f'{ONE}/.{number}.pdf.Xy12aB'
        self.asset, self.other_asset = f'{ASSETS}/{number}.js', f'{ASSETS}/{number}-other.js'

    def between(self):
        """Ends besides, where several things are done."""
        return []

    def follows(self):
        """What comes by itself, once it is done: what is wrong with that, or ''."""
        return ''

    def put(self, name, data, label=None):
        """Acknowledged, at the server and named before anything dies."""
        write(self.mount / name, data)
        self.place.quiet()
        if label:
            self.place.label(data, label)


class Create(Operation):
    def prepare(self):
        return World()

    def work(self):
        write(self.mount / self.one, self.new)

    def done(self):
        return World({self.one: self.new}, [(self.new, 'one', None)])


class ReplaceInPlace(Create):
    def prepare(self):
        self.put(self.one, self.old, 'L')
        return World({self.one: self.old}, [(self.old, 'one', 'L')])

    def done(self):
        return World({self.one: self.new}, [(self.new, 'one', 'L')])


class ReplaceByRename(ReplaceInPlace):
    def work(self):
        write(self.mount / self.scratch, self.new)
        os.rename(self.mount / self.scratch, self.mount / self.one)


class CreateByRename(Create):
    work = ReplaceByRename.work


class ReplaceWithBackup(ReplaceInPlace):
    """As editors do, which keep what was there until the new one stands."""

    def work(self):
        backup = self.mount / (self.one + '~')
        os.rename(self.mount / self.one, backup)
        write(self.mount / self.scratch, self.new)
        os.rename(self.mount / self.scratch, self.mount / self.one)
        os.unlink(backup)

    def between(self):
        backup = {self.one + '~': self.old}
        return [World(backup, [(self.old, 'one', 'L')]),
                World({self.one: self.new, **backup}, [(self.new, 'one', 'L')])]


class Move(Operation):
    def prepare(self):
        self.put(self.one, self.new, 'L')
        return World({self.one: self.new}, [(self.new, 'one', 'L')])

    def work(self):
        os.rename(self.mount / self.one, self.mount / self.two)

    def done(self):
        return World({self.two: self.new}, [(self.new, 'two', 'L')])


class MoveOver(Operation):
    """The labels are the name's."""

    target = property(lambda self: self.other)
    dataset = 'one'

    def prepare(self):
        self.put(self.one, self.new)
        self.put(self.target, self.old, 'L')
        return World({self.one: self.new, self.target: self.old},
                     sorted([(self.new, 'one', None), (self.old, self.dataset, 'L')]))

    def work(self):
        os.rename(self.mount / self.one, self.mount / self.target)

    def done(self):
        return World({self.target: self.new}, [(self.new, self.dataset, 'L')])


class MoveOverElsewhere(MoveOver):
    target = property(lambda self: self.two)
    dataset = 'two'


class Ask(Create):
    """Into an inbox: one question, and its answer."""

    def work(self):
        write(self.place.inbox / f'{self.number}.pdf', self.new)

    def done(self):
        return World({}, [(self.new, None, None)])

    def follows(self):
        there = {f'{self.number}.pdf', f'{self.number}.pdf.json', f'{self.number}.pdf.prediction.json'}
        eventually(lambda: there <= set(os.listdir(self.place.inbox)), 20, 'the answer')
        document, = self.place.records().keys() - self.place.seen
        asked = [p for p in self.place.api.list('predictions') if p['documentId'] == document]
        return '' if len(asked) == 1 else f'asked {len(asked)} times'


class ReplaceAsset(Operation):
    """It keeps its id: its bytes are sent as a PATCH."""

    def prepare(self):
        self.put(self.asset, self.old)
        return World({self.asset: self.old}, [(self.old, ASSETS, None)])

    def work(self):
        write(self.mount / self.asset, self.new)

    def done(self):
        return World({self.asset: self.new}, [(self.new, ASSETS, None)])


class ReplaceAssetByRename(ReplaceAsset):
    def work(self):
        scratch = self.mount / f'{ASSETS}/.{self.number}.js.Xy12aB'
        write(scratch, self.new)
        os.rename(scratch, self.mount / self.asset)


class MoveOverAsset(ReplaceAsset):
    def prepare(self):
        before = super().prepare()
        self.put(self.other_asset, self.new)
        return World({**before.shown, self.other_asset: self.new},
                     sorted([*before.documents, (self.new, ASSETS, None)], key=str))

    def work(self):
        os.rename(self.mount / self.other_asset, self.mount / self.asset)


class RenameAsset(ReplaceAsset):
    def work(self):
        os.rename(self.mount / self.asset, self.mount / self.other_asset)

    def done(self):
        return World({self.other_asset: self.old}, [(self.old, ASSETS, None)])


class RemoveAsset(ReplaceAsset):
    def work(self):
        os.unlink(self.mount / self.asset)

    def done(self):
        return World()


class Remove(ReplaceInPlace):
    def work(self):
        os.unlink(self.mount / self.one)

    def done(self):
        return World()


class Append(ReplaceInPlace):
    def prepare(self):
        before = super().prepare()
        self.new = self.old + b'\n' + self.new
        return before

    def work(self):
        fd = os.open(self.mount / self.one, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(fd, self.new[len(self.old):])
        finally:
            os.close(fd)


class Rename(Move):
    def work(self):
        os.rename(self.mount / self.one, self.mount / self.other)

    def done(self):
        return World({self.other: self.new}, [(self.new, 'one', 'L')])


class Label(Operation):
    """A sidecar that is written beside its document."""

    sidecar = property(lambda self: self.one + '.json')

    def prepare(self):
        self.put(self.one, self.new)
        return World({self.one: self.new}, [(self.new, 'one', None)])

    def work(self):
        write(self.mount / self.sidecar, b'{"n": "M"}')

    def done(self):
        return World({self.one: self.new, self.sidecar: b'{"n": "M"}'}, [(self.new, 'one', 'M')])


class LabelFirst(Label):
    """As rsync does, which copies in the order of names or not."""

    def prepare(self):
        return World()

    def work(self):
        super().work()
        write(self.mount / self.one, self.new)

    def between(self):
        return [World({self.sidecar: b'{"n": "M"}'})]


class LabelByRename(Label):
    def work(self):
        scratch = self.mount / f'{ONE}/.{self.number}.pdf.json.Xy12aB'
        write(scratch, b'{"n": "M"}')
        os.rename(scratch, self.mount / self.sidecar)


class MoveWithLabel(Label):
    def prepare(self):
        super().prepare()
        write(self.mount / self.sidecar, b'{"n": "M"}')
        self.place.quiet()
        return World({self.one: self.new, self.sidecar: b'{"n": "M"}'}, [(self.new, 'one', 'M')])

    def work(self):
        os.rename(self.mount / self.one, self.mount / self.two)
        os.rename(self.mount / self.sidecar, self.mount / (self.two + '.json'))

    def between(self):
        return [World({self.two: self.new, self.sidecar: b'{"n": "M"}'}, [(self.new, 'two', 'M')])]

    def done(self):
        return World({self.two: self.new, self.two + '.json': b'{"n": "M"}'}, [(self.new, 'two', 'M')])


class RenameFolder(Operation):
    def prepare(self):
        self.folder, self.renamed = f'{ONE}/{self.number}', f'{ONE}/{self.number}-renamed'
        os.mkdir(self.mount / self.folder)
        self.put(f'{self.folder}/a.pdf', self.new, 'L')
        return World({f'{self.folder}/a.pdf': self.new}, [(self.new, 'one', 'L')])

    def work(self):
        os.rename(self.mount / self.folder, self.mount / self.renamed)

    def done(self):
        return World({f'{self.renamed}/a.pdf': self.new}, [(self.new, 'one', 'L')])


class MoveIntoFolder(RenameFolder):
    def work(self):
        os.mkdir(self.mount / self.renamed)
        os.rename(self.mount / self.folder / 'a.pdf', self.mount / self.renamed / 'a.pdf')
        os.rmdir(self.mount / self.folder)


OPERATIONS = {'ask': Ask, 'create': Create, 'create by rename': CreateByRename,
              'replace in place': ReplaceInPlace, 'replace by rename': ReplaceByRename,
              'replace with backup': ReplaceWithBackup, 'move': Move, 'move over': MoveOver,
              'move over elsewhere': MoveOverElsewhere, 'replace an asset': ReplaceAsset,
              'replace an asset by rename': ReplaceAssetByRename, 'move over an asset': MoveOverAsset,
              'rename an asset': RenameAsset, 'remove an asset': RemoveAsset, 'remove': Remove,
              'append': Append, 'rename': Rename, 'label': Label, 'label first': LabelFirst,
              'label by rename': LabelByRename, 'move with label': MoveWithLabel,
              'rename a folder': RenameFolder, 'move into a folder': MoveIntoFolder}


class Place:
    """A server, a proxy, a mount, and what of them was there before a step."""

    def __init__(self, folder, generation, *options):
        self.server = Server(folder / 'server', '--api', generation, '--model-time', '0.05').start()
        self.api = Api(self.server)
        self.add_model(generation)
        self.datasets = {self.api.add_dataset(name): name for name in ('one', 'two')}
        self.proxy = Proxy(self.server)
        self.counter = Counter(folder)
        self.mount = SteppedMount(self.proxy, folder / 'lasfs', self.counter, 'unsure=0.5', 'settle=0',
                                  'list=names', *options)
        self.inbox = self.mount / 'models/reader/inbox'
        self.mount.allow('.')  # what failed has a line
        self.mount.patience = 3600
        self.contents, self.seen, self.number = {}, set(), 0
        self.all_shown = {}

    def add_model(self, generation):
        old = generation == '2021'
        size = {'width': 300, 'height': 300} if old else {}
        field = {'type': 'all', 'maxLength': 20} if old else {'type': 'string'}
        self.model = self.api.post('models', name='reader', fieldConfig={'n': field}, **size)['modelId']
        path = 'models/' + self.model
        if old:
            self.api.patch(path, status='training')
        else:
            training = self.api.post(path + '/trainings')['trainingId']
            eventually(lambda: self.api.get(f'{path}/trainings/{training}')['status'] == 'succeeded')
            self.api.patch(path, trainingId=training)
        eventually(lambda: self.api.get(path)['status'] == 'active')

    def close(self):
        self.mount.kill()
        self.proxy.stop()
        self.server.stop()
        self.counter.close()

    # --- What is there -------------------------------------------------------------------------

    def is_quiet(self):
        self.mount.control('flush\n')
        lines = (self.mount / '.lasfs/metrics').read_text().splitlines()
        figures = dict(line.rsplit(' ', 1) for line in lines if line.startswith(WAITING))
        assert len(figures) >= len(WAITING)
        return not any(float(v) for name, v in figures.items() if name in WAITING)

    def quiet(self, seconds=40):
        eventually(self.is_quiet, seconds, 'quiet')

    def quiet_or_dead(self):
        """What is done after an answer is a step too."""
        def over():
            try:
                return self.is_quiet()
            except OSError:
                return eventually(lambda: self.mount.died, 10, 'its end')
        eventually(over, 40, 'the end')
        time.sleep(0.03)

    def records(self):
        return {d['documentId']: d for d in self.api.documents()}

    def asset_ids(self):
        return {a['assetId'] for a in self.api.list('assets')}

    def bytes_of(self, one):
        if one not in self.contents:
            self.contents[one] = self.api.content('documents/' + one)
        return self.contents[one]

    def label(self, data, label):
        one, = (i for i in self.records().keys() - self.seen if self.bytes_of(i) == data)
        self.api.patch('documents/' + one, groundTruth=[{'label': 'n', 'value': label}])

    def documents(self):
        """Those that were not there before this step."""
        found = []
        for one, record in self.records().items():
            if one in self.seen:
                continue
            truth = record.get('groundTruth') or []
            found.append((self.bytes_of(one), self.datasets.get(record.get('datasetId')),
                          truth[0]['value'] if truth else None))
        found += [(self.api.content('assets/' + one), ASSETS, None)
                  for one in self.asset_ids() - self.seen]
        return sorted(found, key=str)

    def shown(self, but=()):
        """The bytes at each name; 'unnamed' where a document stands under its id."""
        found = {}
        for folder in (ONE, TWO, ASSETS):
            found.update(self.below(folder))
        return {name: data for name, data in found.items() if name not in but}

    def below(self, folder):
        found = {}
        for name in os.listdir(self.mount / folder):
            path = f'{folder}/{name}'
            if name.startswith('.') or name.endswith('.error.txt'):
                continue
            if not (self.mount / path).is_dir():
                found[path] = (self.mount / path).read_bytes()
            elif name.startswith('las:'):
                found[path] = 'unnamed'
            else:
                found.update(self.below(path))
        return found

    def failed(self):
        return {name.partition('-')[2] for name in os.listdir(self.mount / '.lasfs/failed')}

    def world(self):
        self.mount.refresh()
        return World(self.shown(self.before_shown), self.documents())

    # --- A step --------------------------------------------------------------------------------

    def run(self, kind, step):
        """Does it, and dies there. What is wrong afterwards, or ''."""
        self.number += 1
        self.before_shown, self.seen = self.shown(), set(self.records()) | self.asset_ids()
        operation = kind(self, self.number)
        before, told = operation.prepare(), None
        self.mount.arm(step)
        try:
            operation.work()
        except OSError as problem:
            told = problem
        self.quiet_or_dead()
        self.mount.disarm()
        self.died = self.mount.died
        if self.died:
            self.mount.kill()
            self.mount.start()
        return self.judge(operation, before, told)

    def judge(self, operation, before, told):
        ends = [operation.done(), *([before, *operation.between()] if told else [])]
        words = ''
        try:
            self.quiet()
            now = self.world()
            if now not in ends:
                words = f'now {now}\nnot {ends}'
            elif now == ends[0]:
                failed = self.failed() & {os.path.basename(n) for n in now.shown}
                words = f'still in failed/: {failed}' if failed else operation.follows()
        except (AssertionError, OSError) as problem:
            words = f'{type(problem).__name__}: {problem}'
        if not words:
            return ''
        names = {folder: os.listdir(self.mount / folder) for folder in (ONE, TWO, ASSETS)}
        rows = [dict(r) for r in self.mount.ask_state('SELECT * FROM drops')
                if str(self.number) in r['name']]
        return f'told {told}\n{words}\nnames {names}\nfailed/ {self.failed()}\nrows {rows}\n' \
               f'requests {self.mount.requests}\n{self.mount.last_errors()}'

    def check_end(self):
        """All that came to its end stays there over a good end; what failed can be let go, and nothing
        else lies on the disk."""
        for folder in (ONE, TWO, ASSETS):
            for name in os.listdir(self.mount / folder):
                if name.startswith('.') or name.endswith(('~', '.json')):  # on this disk alone
                    os.unlink(self.mount / folder / name)
        for name in os.listdir(self.inbox):
            if name.endswith('.json'):
                os.unlink(self.inbox / name)
        for name in os.listdir(self.mount / '.lasfs/failed'):
            if not name.endswith('.error.txt'):
                os.unlink(self.mount / '.lasfs/failed' / name)
        shown = self.shown()
        self.mount.remount(cold=True)
        assert self.shown() == shown
        self.mount.may_leave = False
        self.mount.unmount()


@pytest.fixture
def place(tmp_path, request):
    one = Place(tmp_path, *request.param)
    try:
        one.mount.start()
        yield one
    finally:
        one.close()


def edges(names):
    """Of each run of steps that are called alike the first and the last, from 1."""
    return [k for k, name in enumerate(names, 1)
            if names[k - 2:k - 1] != [name] or names[k:k + 1] != [name]]


def some(steps):
    """So many of them, spread evenly, with the last."""
    n = min(len(steps), SAMPLE)
    return [steps[(i + 1) * len(steps) // n - 1] for i in range(n)]


def every_step(place):
    """Yields steps; who takes one has it done before the next."""
    for how in ('file', 'before', 'after'):
        for k in range(1, MOST):
            yield how, k
            if not place.died:
                break
        else:
            raise AssertionError('it has no end')


def a_sample(place):
    files, requests = place.counter.names, place.mount.requests
    yield from (('file', k) for k in some(edges(files)))
    yield from ((how, k) for k, request in enumerate(requests, 1) for how in ('before', 'after')
                if not request.startswith('GET'))


PLACES = {'waiting': ('2021',), 'writeback': ('2021', 'writeback'), 'waiting-today': ('2024',),
          'writeback-today': ('2024', 'writeback')}
# What a server that keeps names is told besides, or is not; the others are as at the old one.
OTHERWISE_TODAY = {'create', 'replace by rename', 'replace with backup', 'move over elsewhere', 'rename',
                   'label first', 'rename a folder'}


def cases():
    return [pytest.param(place, operation, id=f'{operation}-{name}') for operation in OPERATIONS
            for name, place in PLACES.items()
            if ALL or 'today' not in name or operation in OTHERWISE_TODAY]


@pytest.mark.parametrize('place, operation', cases(), indirect=['place'])
@pytest.mark.timeout(3600 if ALL else 180)
def test_it_comes_to_a_right_end(place, operation):
    kind, wrong, count = OPERATIONS[operation], [], 0
    assert place.run(kind, None) == ''
    for step in (every_step if ALL else a_sample)(place):
        problem = place.run(kind, step)
        count += 1
        name = place.counter.names[-1:] if step[0] == 'file' else place.mount.requests[-1:]
        if problem:
            wrong.append(f'--- {step} {name}\n{problem}')
    print(f'{count} steps')
    assert not wrong, f'{len(wrong)} of {count}:\n' + '\n'.join(wrong)
    place.check_end()
