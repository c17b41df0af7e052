"""One of several who work on the mount with tools, each on names of its own."""
import collections
import json
import os
import random
import threading
import time

from samples import pdf

from .model import digest_of
from .tools import MOVE, PUT, READ, REMOVE, TREE, Tool
from .world import FOLDERS

KEEP = 10          # names of its own, about
RETRY = 0.6        # how often one does again what failed
SMALLEST = 700     # a PDF with some padding
DATASETS = FOLDERS[1:]
FIRST_MTIME = 1500000000  # no two sources have the same: rsync looks at it


class Worker(threading.Thread):
    def __init__(self, world, model, runner, seed, number):
        super().__init__(daemon=True)
        self.world, self.model, self.runner, self.number = world, model, runner, number
        self.history = world.history
        self.chance = random.Random(f'{seed}-worker-{number}')
        self.serial, self.again = 0, []
        self.bytes = {}        # by digest: what sed changes
        self.counts = collections.Counter()
        self.wrong = []        # (path, digest) that cat showed, and that nobody can have put there
        self.stopping = threading.Event()
        self.crash = None

    # --- What it works with --------------------------------------------------------------------

    def new_name(self, folder=None):
        self.serial += 1
        return f'{folder or self.chance.choice(FOLDERS)}/w{self.number}-{self.serial}.pdf'

    def new_data(self):
        self.serial += 1
        data = pdf(SMALLEST + self.chance.randrange(4000), self.number * 10 ** 6 + self.serial)
        self.bytes[digest_of(data)] = data
        return data

    def source(self, data, name=None):
        """A file outside, and its path."""
        self.serial += 1
        folder = self.world.local / f'{self.number}-{self.serial}'
        folder.mkdir()
        path = folder / (name or 'source')
        path.write_bytes(data)
        os.utime(path, (FIRST_MTIME + self.number * 10 ** 6 + self.serial,) * 2)
        return str(path)

    def names(self, where=lambda name: True):
        """Its documents that are there, for all that it was told."""
        mine = f'/w{self.number}-'
        with self.model.lock:
            return sorted(n for n in self.model.groups if mine in n and n.endswith('.pdf')
                          and where(n) and self.model.is_there(n) and self.model.is_usable(n))

    def a_name(self, where=lambda name: True):
        names = self.names(where)
        return self.chance.choice(names) if names else None

    def at(self, name):
        return str(self.world.mount / name)

    def do(self, tool, source, target, names, digests=()):
        """Runs it; what it said is in the history."""
        event = self.history.begin('tool', f'w{self.number} {tool.name} {" ".join(names)}',
                                   names, digests)
        told = self.runner.run(tool, source, target)
        self.history.end(event, str(told) + (' (it does not hear close)' if tool.deaf else ''))
        event.done = told.done and not tool.deaf
        if told.hung:
            self.world.hangs.append(f'{tool.name} {" ".join(names)} had no end')
        self.counts[tool.name, 'done' if told.done else 'killed' if told.status < 0 else 'failed'] += 1
        return told

    # --- What it does --------------------------------------------------------------------------

    def put(self, name, data, tool=None):
        tool = tool or self.chance.choice(PUT)
        digest = digest_of(data)
        told = self.do(tool, self.source(data), self.at(name), [name], [digest])
        self.model.put(name, digest, told.done and not tool.deaf, tool.unlinks)
        if not told.done and self.chance.random() < RETRY:
            self.again.append(lambda: self.put(name, data, self.chance.choice((tool, None))))
        return told

    def create(self):
        return self.put(self.new_name(), self.new_data())

    def overwrite(self):
        name = self.a_name()
        return self.put(name, self.new_data()) if name else self.create()

    def same_again(self):
        name = self.a_name(lambda n: len(self.model.may_be(n)) == 1)
        return self.put(name, self.bytes[self.model.surely(name)]) if name else self.create()

    def sed(self):
        """It reads what is there, writes it beside, and renames that."""
        name = self.a_name(lambda n: len(self.model.may_be(n)) == 1)
        if not name:
            return self.create()
        self.serial += 1
        old, mark = self.bytes[self.model.surely(name)], b'/Size %06d' % self.serial
        at = old.index(b'/Size ')
        data = old[:at] + mark + old[old.index(b' /Root', at):]
        self.bytes[digest_of(data)] = data
        script = f's#/Size [0-9]* #{mark.decode()} #'
        tool = Tool('sed -i', ('sed', '-i', script, 'TARGET'))
        told = self.do(tool, '', self.at(name), [name], [digest_of(data)])
        self.model.put(name, digest_of(data), told.done)
        return told

    def move(self, source, target, copies=False):
        tool = MOVE[0] if copies else self.chance.choice(MOVE)
        told = self.do(tool, self.at(source), self.at(target), [source, target],
                       [d for d in self.model.may_be(source) if d])
        self.model.move(source, target, told.done, copies)
        if not told.done and not copies and self.chance.random() < RETRY / 2:
            self.again.append(lambda: self.move(source, target))
        return told

    def move_within(self):
        name = self.a_name()
        return self.move(name, self.new_name(name.rpartition('/')[0])) if name else self.create()

    def move_between(self):
        name = self.a_name()
        return self.move(name, self.new_name(self.chance.choice(DATASETS))) if name else self.create()

    def move_out(self):
        """Out of a dataset mv makes a copy."""
        name = self.a_name(lambda n: n.startswith('datasets'))
        return self.move(name, self.new_name('documents'), True) if name else self.create()

    def move_over(self):
        source = self.a_name()
        target = source and self.a_name(lambda n: n != source and (
            n.startswith('datasets') or source.startswith('documents')))
        return self.move(source, target) if target else self.create()

    def remove(self):
        name = self.a_name()
        if not name:
            return self.create()
        told = self.do(REMOVE, '', self.at(name), [name], [d for d in self.model.may_be(name) if d])
        self.model.remove(name, told.done)
        return told

    def sidecar(self):
        name = self.a_name(lambda n: len(self.model.may_be(n)) == 1)
        if not name:
            return self.create()
        self.serial += 1
        token = f'w{self.number}-label-{self.serial}'
        data = json.dumps({'total': token}).encode()
        tool = self.chance.choice([t for t in PUT if t.name in ('cp', 'exec cat >', 'python', 'rsync -a')])
        told = self.do(tool, self.source(data), self.at(name + '.json'), [name, name + '.json'],
                       [digest_of(data)])
        self.model.put(name + '.json', digest_of(data), told.done)
        self.model.label(name, token, told.done)
        return told

    def tree(self):
        folder = self.chance.choice(DATASETS)
        sent = {self.new_name(folder): self.new_data() for _ in range(self.chance.randrange(2, 5))}
        top = self.world.local / f'{self.number}-tree-{self.serial}'
        top.mkdir()
        for name, data in sent.items():
            os.rename(self.source(data, 'file'), top / name.rpartition('/')[2])
        return self.send_tree(top, folder, sent)

    def send_tree(self, top, folder, sent):
        told = self.do(TREE, f'{top}/', self.at(folder) + '/', list(sent), map(digest_of, sent.values()))
        for name, data in sent.items():
            self.model.put(name, digest_of(data), told.done)
        if not told.done and self.chance.random() < RETRY:
            self.again.append(lambda: self.send_tree(top, folder, sent))
        return told

    def read(self):
        name = self.a_name()
        if not name:
            return self.create()
        told = self.do(READ, '', self.at(name), [name])
        if told.done and digest_of(told.out) not in self.model.may_be(name):
            self.wrong.append((name, digest_of(told.out)))
            self.history.note(f'{name} showed bytes that nobody can have put there',
                              names=[name], digests=[digest_of(told.out)])
        return told

    # --- All of it -----------------------------------------------------------------------------

    CHOICES = {'create': 24, 'overwrite': 24, 'same_again': 5, 'sed': 4, 'move_within': 6,
               'move_between': 8, 'move_out': 3, 'move_over': 8, 'remove': 8, 'sidecar': 7,
               'tree': 4, 'read': 8}

    def step(self):
        if self.again and self.chance.random() < 0.5:
            return self.again.pop(0)()
        if len(self.names()) > KEEP:
            return self.remove()
        return getattr(self, self.chance.choices(list(self.CHOICES), self.CHOICES.values())[0])()

    def run(self):
        try:
            while not self.stopping.is_set():
                began = time.monotonic()
                told = self.step()
                if not told.done and time.monotonic() - began < 0.05:
                    self.stopping.wait(0.2 + self.chance.random() * 0.3)  # as people do
        except Exception as problem:  # main says it
            self.crash = problem
