"""What is said of a resource through the names that lead to it, and a second process that says it.

A call is a tuple as in syscalls.py; these are the mount's alone. HOW is the way to the resource:
'name' (.by-name/ in its folder), 'other' and 'index' (the same in another spelling of the folder),
'id'. AT is how the path is given: whole ('path'), below the working directory ('cwd'), or below a
directory that is held open ('fd').
"""
import json
import multiprocessing
import os

from syscalls import FOLDERS, Side

FIELDS = {'label': 'groundTruth.json', 'keep': 'retentionInDays', 'describe': 'description'}


def text_of(field, value):
    if field != 'label':
        return f'{value}\n'
    return '[]' if value is None else json.dumps({'n': str(value)})


def value_of(field, text):
    if field != 'label':
        return int(text) if field == 'keep' else text.removesuffix('\n')
    found = json.loads(text) if text.strip() else []
    return int(found[0]['value']) if found else None


def write_whole(fd, data):
    try:
        os.write(fd, data.encode())
    except OSError:
        os.close(fd)
        raise
    os.close(fd)


class Named(Side):
    """The mount's side. ids: of the datasets that the folders are those of."""

    def __init__(self, root, tag='', ids=None):
        super().__init__(root, tag)
        self.ids, self.dirs, self.held = ids or {}, {}, None

    def home(self):
        """Out of the mount, with nothing of it open."""
        os.chdir('/')
        for fd in [*self.dirs.values(), *([self.held] if self.held is not None else [])]:
            try:
                os.close(fd)
            except OSError:
                pass  # its mount was killed
        self.dirs, self.held = {}, None

    # --- Paths -----------------------------------------------------------------------------------

    def folder(self, key, how):
        if key not in self.ids or how not in ('other', 'index'):
            return FOLDERS[key]
        name = FOLDERS[key].split('/')[1]
        return f'datasets/{self.ids[key] if how == "other" else ".by-name/" + name}/documents'

    def by_name(self, name):
        """Its link, below its folder."""
        path = self.path(name)[len(self.path(name.partition('/')[0])) + 1:]
        inside, slash, last = path.rpartition('/')
        return f'{inside}{slash}.by-name/{last}'

    def id_of(self, name):
        folder = name.partition('/')[0]
        return os.path.basename(os.readlink(f'{self.root}/{FOLDERS[folder]}/{self.by_name(name)}'))

    def open_at(self, at, folder, path, flags):
        folder = f'{self.root}/{folder}'
        if at == 'cwd':
            os.chdir(folder)
            return os.open(path, flags)
        if at == 'fd':
            if folder not in self.dirs:
                self.dirs[folder] = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            return os.open(path, flags, dir_fd=self.dirs[folder])
        return os.open(f'{folder}/{path}', flags)

    def open_field(self, name, how, at, field, flags):
        key = name.partition('/')[0]
        if how == 'id':
            where = 'assets' if key == 'A' else 'documents'
            return self.open_at(at, where, f'{self.id_of(name)}/{FIELDS[field]}', flags)
        return self.open_at(at, self.folder(key, how), f'{self.by_name(name)}/{FIELDS[field]}', flags)

    # --- Files' resources ------------------------------------------------------------------------

    def put(self, name, how, at, field, value):
        write_whole(self.open_field(name, how, at, field, os.O_WRONLY | os.O_TRUNC),
                    text_of(field, value))

    def get(self, name, how, at, field):
        fd = self.open_field(name, how, at, field, os.O_RDONLY)
        with open(fd, encoding='utf-8') as f:
            return value_of(field, f.read())

    def hold(self, name, how, at, field):
        fd = self.open_field(name, how, at, field, os.O_WRONLY)
        if self.held is not None:
            os.close(self.held)
        self.held = fd

    def put_held(self, field, value):
        fd, self.held = self.held, None
        try:
            os.ftruncate(fd, 0)
        except OSError:
            os.close(fd)
            raise
        write_whole(fd, text_of(field, value))

    # --- Datasets --------------------------------------------------------------------------------

    def dataset(self, name, how):
        name = self.tag + name
        if how == 'id':
            link = os.readlink(f'{self.root}/datasets/.by-name/{name}')
            return f'datasets/{os.path.basename(link)}'
        return f'datasets/{".by-name/" if how in ("index", "other") else ""}{name}'

    def set_put(self, name, how, at, value):
        folder, _, last = self.dataset(name, how).rpartition('/')
        if how == 'other':  # the index has the file's own name too
            last += '.json' * os.path.lexists(f'{self.root}/{folder}/{last}.json')
        write_whole(self.open_at(at, folder, f'{last}/description', os.O_WRONLY | os.O_TRUNC),
                    f'{value}\n')

    def set_get(self, name, how, at):
        folder, _, last = self.dataset(name, how).rpartition('/')
        fd = self.open_at(at, folder, f'{last}/description', os.O_RDONLY)
        with open(fd, encoding='utf-8') as f:
            return f.read().removesuffix('\n')

    def set_make(self, name):
        os.mkdir(f'{self.root}/{self.dataset(name, "name")}')

    def set_drop(self, name, value):
        fd = os.open(f'{self.root}/{self.dataset(name, "name")}.json',
                     os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        write_whole(fd, json.dumps({'description': str(value)}))

    def set_rename(self, name, other, ending=''):
        os.rename(f'{self.root}/{self.dataset(name, "name")}{ending}',
                  f'{self.root}/{self.dataset(other, "name")}{ending}')

    def set_remove(self, name, ending=''):
        path = f'{self.root}/{self.dataset(name, "name")}{ending}'
        os.unlink(path) if ending else os.rmdir(path)


class Helper:
    """A second process on the mount, that makes the calls it is sent."""

    def __init__(self, root, ids):
        context = multiprocessing.get_context('fork')
        self.pipe, there = context.Pipe()
        self.process = context.Process(target=self.work, args=(there, root, ids), daemon=True)
        self.process.start()
        there.close()

    def work(self, pipe, root, ids):
        self.pipe.close()
        side = Named(root, '', ids)
        while True:
            try:
                tag, ops = pipe.recv()
            except EOFError:
                return
            side.tag = tag
            pipe.send([side.call(op) for op in ops])

    def begin(self, tag, ops):
        self.pipe.send((tag, ops))

    def finish(self):
        return self.pipe.recv()

    def call(self, tag, op):
        self.begin(tag, [op])
        return self.finish()[0]

    def home(self):
        self.call('', ('home',))

    def stop(self):
        self.pipe.close()
        self.process.join(30)
