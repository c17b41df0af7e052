"""Three machines on one account, each with a state directory of its own, all at work; one of them loses it.
LASFS_MACHINES_SECONDS: for how long."""
import os
import queue
import random
import shutil
import subprocess
import threading
import time

import pytest

from mounted import eventually
from samples import small_pdf

SECONDS = float(os.environ.get('LASFS_MACHINES_SECONDS', 20))
pytestmark = [pytest.mark.server('--api', '2024'), pytest.mark.timeout(SECONDS + 180)]
FOLDERS = ('', 'in/', 'in/deep er/')
SEED = 7


class Machine(threading.Thread):
    """Writes, replaces, renames and removes what is its own; gives files away, and renames what it is given. What
    is in self.has was acknowledged, under that name."""

    def __init__(self, mount, tag, numbers):
        super().__init__()
        self.mount, self.tag, self.numbers = mount, tag, numbers
        self.random = random.Random(f'{SEED}{tag}')
        self.has, self.given, self.neighbour = {}, queue.Queue(), None
        self.pause, self.paused, self.stop = threading.Event(), threading.Event(), threading.Event()
        self.trouble, self.done = None, {}

    def path(self, name):
        return self.mount / 'documents' / name

    def new_name(self, kind):
        return f'{self.random.choice(FOLDERS)}{self.tag}-{kind}-{next(self.numbers)}.pdf'

    def some(self):
        return self.random.choice(sorted(self.has)) if self.has else None

    def write(self, name):
        data = small_pdf(next(self.numbers))
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        self.path(name).write_bytes(data)
        self.has[name] = data

    def create(self):
        self.write(self.new_name('new'))

    def replace(self):
        if name := self.some():
            self.write(name)

    def rename(self):
        if name := self.some():
            self.move(name, self.new_name('moved'), self.has.pop(name))

    def move(self, name, to, data):
        self.path(to).parent.mkdir(parents=True, exist_ok=True)
        os.rename(self.path(name), self.path(to))
        self.has[to] = data

    def remove(self):
        if len(self.has) > 5:
            name = self.some()
            self.path(name).unlink()
            del self.has[name]

    def give(self):
        if name := self.some():
            self.neighbour.given.put((name, self.has.pop(name)))

    def take(self):
        try:
            name, data = self.given.get_nowait()
        except queue.Empty:
            return
        def there():
            self.mount.refresh()
            os.listdir(self.path('x').parent)
            return self.path(name).exists()
        eventually(there, 30)
        assert self.path(name).read_bytes() == data, name
        self.move(name, self.new_name('taken'), data)

    def look(self):
        """Whatever it sees is whole, or goes at this moment."""
        names = [os.path.join(above, n) for above, _, names in os.walk(self.path('')) for n in names]
        if names:
            try:
                with open(self.random.choice(sorted(names)), 'rb') as f:
                    assert f.read().startswith(b'%PDF')
            except OSError:
                pass

    def run(self):
        try:
            while not self.stop.is_set():
                if self.pause.is_set():
                    self.paused.set()
                    time.sleep(0.05)
                    continue
                self.paused.clear()
                work = self.random.choice([self.create, self.create, self.replace, self.rename, self.rename,
                                           self.remove, self.give, self.take, self.take, self.look])
                work()
                self.done[work.__name__] = self.done.get(work.__name__, 0) + 1
        except BaseException as trouble:  # the test's thread says it
            self.trouble = trouble


def paths(api):
    return sorted((d['metadata'] or {}).get('lasfs', {}).get('path', '?') for d in api.documents())


def lose_state(machine, api):
    """A disk is gone, with all that was sent known to the server."""
    machine.pause.set()
    eventually(machine.paused.is_set, 60)
    eventually(lambda: set(machine.has) <= set(paths(api)), 60)
    machine.mount.kill()
    shutil.rmtree(machine.mount.state)
    machine.mount.start()
    machine.pause.clear()


def files(mount):
    return sorted(os.path.relpath(os.path.join(above, name), mount / 'documents')
                  for above, _, names in os.walk(mount / 'documents') for name in names)


def itemized(source, path):
    done = subprocess.run(['rsync', '-a', '--itemize-changes', f'{source}/', f'{path}/'],
                          capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines() if line.startswith(('<', '>'))]


def check_server(api, model):
    eventually(lambda: paths(api) == sorted(model), 60)
    for d in api.documents():
        path = d['metadata']['lasfs']['path']
        assert api.content('documents/' + d['documentId']) == model[path], path


def test_all_see_the_same(lasfs, api, tmp_path):
    numbers = iter(range(10 ** 9))
    machines = [Machine(lasfs('list_ttl=1', 'meta_ttl=2'), tag, numbers) for tag in 'abc']
    for i, m in enumerate(machines):
        m.mount.allow('another machine', 'open .*No such file', 'read .*No such file')  # look()
        m.neighbour = machines[(i + 1) % 3]
        m.start()
    time.sleep(SECONDS / 2)
    lose_state(machines[1], api)
    time.sleep(SECONDS / 2)
    for m in machines:
        m.stop.set()
    for m in machines:
        m.join()
    assert [m.trouble for m in machines] == [None] * 3
    model = {name: data for m in machines for name, data in m.has.items()}
    for m in machines:
        while not m.given.empty():
            model.update([m.given.get()])
    print({m.tag: m.done for m in machines}, len(model))
    check_server(api, model)
    for m in machines:
        m.mount.refresh()
        assert files(m.mount) == sorted(model), m.tag
        for name, data in model.items():
            assert m.path(name).read_bytes() == data, (m.tag, name)
    source = tmp_path / 'source'
    itemized(machines[0].mount / 'documents', source)
    for m in machines:
        assert itemized(source, m.mount / 'documents') == [], m.tag
    check_server(api, model)


class Rival(threading.Thread):
    """Writes, renames and removes files of a dozen names, which others do too, and dies once."""
    NAMES = [f'{folder}{n}.pdf' for folder in ('', 'in/') for n in range(6)]

    def __init__(self, mount, number, numbers, end):
        super().__init__()
        self.mount, self.numbers, self.end = mount, numbers, end
        self.random = random.Random(SEED + number)
        self.dies = end - SECONDS / 2 * self.random.uniform(0.3, 0.7)

    def work(self):
        one, other = (self.mount / 'documents' / n for n in self.random.sample(self.NAMES, 2))
        what = self.random.random()
        if what < 0.4:
            one.write_bytes(small_pdf(next(self.numbers)))
        elif what < 0.6:
            os.rename(one, other)
        elif what < 0.8:
            one.unlink()
        else:
            files(self.mount)

    def run(self):
        while time.monotonic() < self.end:
            if self.dies and time.monotonic() > self.dies:
                self.dies = None
                self.mount.kill()
                self.mount.start()
            try:
                self.work()
            except FileNotFoundError:  # or it is another one's by now
                pass


def shown(mount):
    mount.refresh()
    return sorted((mount / 'documents' / name).read_bytes() for name in files(mount))


@pytest.mark.parametrize('more', [(), ('writeback', 'settle=0')], ids=['waits', 'writeback'])
def test_where_all_use_the_same_names_each_document_is_there_once(lasfs, api, more):
    mounts = [lasfs('list_ttl=1', 'meta_ttl=2', *more) for _ in range(3)]
    numbers, end = iter(range(10 ** 9)), time.monotonic() + SECONDS / 2
    for m in mounts:
        m.allow('.*')  # what one opens another one has removed
        (m / 'documents/in').mkdir()
    rivals = [Rival(m, n, numbers, end) for n, m in enumerate(mounts)]
    for r in rivals:
        r.start()
    for r in rivals:
        r.join()
    for m in mounts:
        m.control('flush')

    def same():
        there = sorted(api.content('documents/' + d['documentId']) for d in api.documents())
        return [shown(m) for m in mounts] == [there] * 3
    eventually(same, 60)
    assert len(api.documents()) > 3
