#!/usr/bin/python3
"""One of many processes that work on a mount at once, with system calls and with real tools.

Usage: storm.py MOUNT LOCAL-FOLDER NUMBER SECONDS

Whatever it calls written it remembers; at the end it prints as JSON what should be there, what
went wrong, and how often it did what. Names that begin with its number are its own: what it
finds of them must be what it left. Names that begin with "all-" are everybody's: they are
replaced by renames, so that whoever reads one finds a whole file.
"""
import collections
import hashlib
import json
import os
import random
import subprocess
import sys
import time

PDF = b'%PDF-1.4\n'
FOLDERS = ('documents', 'datasets/load/documents', 'datasets/more/documents')
SHARED_FOLDER = 'datasets/load/documents/all-folder'
SHARED = ('documents/all-0.pdf', 'documents/all-1.pdf', 'datasets/load/documents/all-2.pdf',
          SHARED_FOLDER + '/all-3.pdf')
KEEP = 15


def whole(chance, size):
    """Bytes that begin with the digest of the others; text, so that sed can change them."""
    body = (chance.randbytes(size // 2).hex() + '\n').encode()
    return PDF + hashlib.sha256(body).hexdigest().encode() + b'\n' + body


def is_whole(data):
    digest, _, body = data[len(PDF):].partition(b'\n')
    return hashlib.sha256(body).hexdigest().encode() == digest


class Worker:
    def __init__(self, root, local, number):
        self.root, self.local, self.number = root, local, number
        self.chance = random.Random(number)
        self.there, self.wrong = {}, []  # by path within the mount
        self.done = collections.Counter()
        self.serial = 0
        self.sub = f'documents/{number}-sub'
        os.mkdir(self.at(self.sub))
        os.makedirs(self.at(SHARED_FOLDER), exist_ok=True)

    def at(self, path):
        return f'{self.root}/{path}'

    def data(self):
        return whole(self.chance, self.chance.choice((200, 2000, 2000, 8000, 30000, 150000)))

    def new(self, folder=None):
        self.serial += 1
        folder = folder or self.chance.choice((*FOLDERS, self.sub, SHARED_FOLDER))
        return f'{folder}/{self.number}-{self.serial}.pdf'

    def old(self):
        return self.chance.choice(sorted(self.there))

    def written(self, path, data):
        self.there[path] = data

    def source(self, data, name='source'):
        path = f'{self.local}/{name}'
        with open(path, 'wb') as f:
            f.write(data)
        return path

    def tool(self, *command, data=None):
        ran = subprocess.run(command, input=data, capture_output=True, check=False,
                             env={**os.environ, 'LC_ALL': 'C'})
        if ran.returncode:
            raise OSError(f'{command}: exit {ran.returncode}: {ran.stderr[-300:]}')
        return ran.stdout

    # --- What it does ----------------------------------------------------------------------------

    def do_create(self):
        path, data = self.new(), self.data()
        with open(self.at(path), 'xb') as f:
            f.write(data)
        self.written(path, data)

    def do_overwrite(self):
        path, data = self.old(), self.data()
        with open(self.at(path), 'wb') as f:
            f.write(data)
        self.written(path, data)

    def do_overwrite_with_the_same(self):
        path = self.old()
        with open(self.at(path), 'wb') as f:
            f.write(self.there[path])

    def do_append(self):
        path = self.old()
        with open(self.at(path), 'ab') as f:
            f.write(b'more\n')
        self.written(path, self.there[path] + b'more\n')

    def do_patch(self):
        path = self.old()
        with open(self.at(path), 'r+b') as f:
            f.seek(len(PDF))
            f.write(b'patched')
        data = self.there[path]
        self.written(path, data[:len(PDF)] + b'patched' + data[len(PDF) + 7:])

    def do_read(self):
        path = self.old()
        with open(self.at(path), 'rb') as f:
            data = f.read()
        if data != self.there[path]:
            raise OSError(f'{path} has {len(data)} bytes, not its {len(self.there[path])}')
        if os.stat(self.at(path)).st_size != len(data):
            raise OSError(f'{path} has another size')

    do_read_again = do_read

    def do_list(self):
        folder = self.chance.choice((*FOLDERS, self.sub, SHARED_FOLDER))
        names = os.listdir(self.at(folder))
        mine = sorted(n for n in names if n.startswith(f'{self.number}-') and n.endswith('.pdf'))
        expected = sorted(p.rpartition('/')[2] for p in self.there
                          if p.rpartition('/')[0] == folder)
        if mine != expected:
            raise OSError(f'{folder} lists {mine}, not {expected}')
        if len(names) != len(set(names)):
            raise OSError(f'{folder} lists a name twice')

    def do_rename(self):
        path = self.old()
        new = self.new(path.rpartition('/')[0])
        os.rename(self.at(path), self.at(new))
        self.there[new] = self.there.pop(path)

    def do_rename_over(self):
        path, other = self.old(), self.old()
        if path.startswith('datasets') and other.startswith('documents'):
            path, other = other, path
        os.rename(self.at(path), self.at(other))
        self.there[other] = self.there.pop(path)

    def do_move(self):
        """Into a dataset, or from one to another."""
        path = self.old()
        new = self.new(self.chance.choice((*FOLDERS[1:], SHARED_FOLDER)))
        os.rename(self.at(path), self.at(new))
        self.there[new] = self.there.pop(path)

    def do_rename_folder(self):
        old, self.sub = self.sub, f'documents/{self.number}-sub{self.serial}'
        self.serial += 1
        os.rename(self.at(old), self.at(self.sub))
        for path in [p for p in self.there if p.startswith(old + '/')]:
            self.there[self.sub + path[len(old):]] = self.there.pop(path)

    def do_delete(self):
        path = self.old()
        os.unlink(self.at(path))
        del self.there[path]
        try:
            os.stat(self.at(path))
        except FileNotFoundError:
            return
        raise OSError(f'{path} is there after its unlink')

    def do_replace_shared(self):
        """As rsync does: a temporary file, and its rename over what everybody uses."""
        path = self.chance.choice(SHARED)
        folder, _, name = path.rpartition('/')
        temporary = self.at(f'{folder}/.{name}.{self.number % 100:02}{self.serial % 10000:04}')
        with open(temporary, 'xb') as f:
            f.write(self.data())
        os.rename(temporary, self.at(path))
        self.serial += 1

    def do_read_shared(self):
        try:
            with open(self.at(self.chance.choice(SHARED)), 'rb') as f:
                data = f.read()
        except FileNotFoundError:
            return
        if not is_whole(data):
            raise OSError(f'half a shared file: {len(data)} bytes')

    def do_delete_shared(self):
        try:
            os.unlink(self.at(self.chance.choice(SHARED)))
        except FileNotFoundError:
            pass

    # --- With tools ------------------------------------------------------------------------------

    def do_tee(self):
        path, data = self.new(), self.data()
        self.tool('tee', self.at(path), data=data)
        self.written(path, data)

    def do_cp(self):
        path, data = self.chance.choice((self.new(), self.old())), self.data()
        self.tool('cp', '-p', self.source(data), self.at(path))
        self.written(path, data)

    def do_mv(self):
        """mv copies where a rename is refused: out of a dataset, and from elsewhere."""
        path, data = self.new('documents'), self.data()
        if self.chance.random() < 0.5:
            self.tool('mv', self.source(data), self.at(path))
            self.written(path, data)
        else:
            old = self.old()
            self.tool('mv', self.at(old), self.at(path))
            self.written(path, self.there.pop(old))

    def do_dd(self):
        path, data = self.new(), self.data()
        self.tool('dd', f'if={self.source(data)}', f'of={self.at(path)}', 'bs=4096',
                  'conv=fsync', 'status=none')
        self.written(path, data)

    def do_sed(self):
        path = self.old()
        self.tool('sed', '-i', 's/^%PDF-1.4$/%PDF-1.5/', self.at(path))
        self.written(path, self.there[path].replace(b'%PDF-1.4\n', b'%PDF-1.5\n'))

    def do_rsync(self):
        folder = self.chance.choice((*FOLDERS, self.sub))
        paths = [self.new(folder) for _ in range(3)]
        os.makedirs(f'{self.local}/tree', exist_ok=True)
        sent = {p: self.data() for p in paths}
        for path, data in sent.items():
            self.source(data, f'tree/{path.rpartition("/")[2]}')
        self.tool('rsync', '-a', '--remove-source-files', f'{self.local}/tree/',
                  f'{self.at(folder)}/')
        self.there.update(sent)

    def do_cat(self):
        path = self.old()
        if self.tool('cat', self.at(path)) != self.there[path]:
            raise OSError(f'cat {path} shows other bytes')

    def do_rm(self):
        path = self.old()
        self.tool('rm', self.at(path))
        del self.there[path]

    # --- All of it -------------------------------------------------------------------------------

    CALLS = ('create', 'create', 'create', 'overwrite', 'overwrite', 'overwrite_with_the_same',
             'append', 'patch', 'read', 'read_again', 'list', 'rename', 'rename_over', 'move',
             'rename_folder', 'delete', 'delete', 'replace_shared', 'read_shared',
             'delete_shared')
    TOOLS = ('tee', 'cp', 'mv', 'dd', 'sed', 'rsync', 'cat', 'rm')
    CREATE = ('create', 'tee', 'rsync', 'replace_shared', 'read_shared', 'list')

    def step(self):
        kinds = self.TOOLS if self.chance.random() < 0.1 else self.CALLS
        what = self.chance.choice(kinds)
        if len(self.there) < 2 and what not in self.CREATE:
            what = 'create'
        elif len(self.there) > KEEP:
            what = 'delete'
        self.done[what] += 1
        try:
            getattr(self, 'do_' + what)()
        except OSError as problem:
            self.wrong.append(f'{what}: {problem}')

    def work(self, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self.wrong:
            self.step()
        return {'there': {p: hashlib.sha256(d).hexdigest() for p, d in self.there.items()},
                'wrong': self.wrong, 'done': self.done}


if __name__ == '__main__':
    worker = Worker(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    print(json.dumps(worker.work(float(sys.argv[4]))))
