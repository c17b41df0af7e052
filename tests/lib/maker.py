"""Random sequences of calls for the reference model, out of a seed alone."""
import random

REAL = ('a.pdf', 'b.pdf', 'c')
ODD = ('ä %41.pdf', '-n', "it's\n2 \"lines\"", 'x' * 200, '統計')
LOCAL = ('.a.pdf.Xy12Zz', 'b.part')
OPENS = ('WRONLY|CREAT|TRUNC',) * 8 + (
    'RDWR|CREAT', 'RDWR|CREAT', 'WRONLY|CREAT', 'WRONLY|CREAT|EXCL', 'WRONLY|CREAT|APPEND',
    'RDWR|APPEND', 'RDONLY', 'RDONLY', 'RDWR', 'RDWR', 'WRONLY', 'WRONLY|TRUNC', 'RDWR|TRUNC',
    'RDONLY|CREAT', 'RDWR|CREAT|EXCL')
SIZES = (1, 9, 20, 100, 100, 100, 4096, 5000, 5000, 70000, 200000)


class Maker:
    """Sequences of calls out of a seed alone; it guesses what will be there, and errs at times."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.serial, self.slots, self.waiting = 0, {}, []
        self.folders = self.chance.choice(('D', 'O', 'DO', 'OT', 'DOT', 'A', 'DA', 'DOTA'))
        self.dirs = ['s', 't', 's/u'][:self.chance.choice((0, 1, 2, 3))]
        self.real = (*REAL[:2], self.chance.choice(REAL + ODD))
        self.recent = []  # names under which there may be something
        self.weights = NAMED_WEIGHTS if self.chance.random() < 0.5 else WEIGHTS
        self.weights += SET_WEIGHTS * (self.chance.random() < 0.3)
        if self.dirs and self.chance.random() < 0.7:
            self.waiting = [('mkdir', f'{folder}/{d}') for folder in self.folders for d in self.dirs]

    def sequence(self, length):
        return [self.next() for _ in range(length)]

    def pick(self, *choices):
        return self.chance.choice(choices)

    def file(self):
        folder = self.chance.choice(self.folders)
        name = self.chance.choice(self.real * 2 + LOCAL)
        inside = self.chance.choice(self.dirs) if self.dirs and self.chance.random() < 0.4 else ''
        return f'{folder}/{inside}/{name}' if inside else f'{folder}/{name}'

    def dir(self):
        folder = self.chance.choice(self.folders)
        return f'{folder}/{self.chance.choice(self.dirs)}' if self.dirs else folder

    def any(self):
        return self.dir() if self.dirs and self.chance.random() < 0.25 else self.file()

    def slot(self):
        return self.chance.choice(sorted(self.slots)) if self.slots else 0

    def new_slot(self):
        return next(i for i in range(100) if i not in self.slots)

    def bytes(self, kind=None):
        self.serial += 1
        kind = kind or self.chance.choice(('raw',) * 6 + ('text', 'pdf'))
        seed = self.serial if self.chance.random() < 0.85 else self.chance.randrange(3)
        return kind, self.chance.choice(SIZES), seed

    def next(self):
        if self.waiting:
            return self.waiting.pop(0)
        kinds, weights = zip(*self.weights)
        return getattr(self, 'make_' + self.chance.choices(kinds, weights)[0])()

    def make_drop(self):
        """A file as most programs write it."""
        slot = self.new_slot()
        flags = self.pick('WRONLY|CREAT|TRUNC', 'WRONLY|CREAT|TRUNC', 'RDWR|CREAT|EXCL')
        self.waiting = [('write', slot, *self.bytes('pdf'))]
        if self.chance.random() < 0.3:
            self.waiting.append(('write', slot, *self.bytes('raw')))
        if self.chance.random() < 0.2:
            self.waiting.append(('futime', slot, 10 ** 9 + self.serial))
        self.waiting.append(('close', slot))
        return 'open', slot, self.lately(self.file()), flags, self.pick(0o644, 0o600, 0o666)

    def make_remake(self):
        """A file that is removed and made anew, at times by another process, or in vain."""
        slot, name = self.new_slot(), self.there()
        self.waiting = [('open', slot, name, 'WRONLY|CREAT|EXCL')]
        if self.chance.random() < 0.3:
            self.waiting.append(self.pick(('unlink', name), ('rename', name, self.file())))
        self.waiting += [('write', slot, *self.bytes('pdf')), ('close', slot)]
        return self.pick(('unlink', name), ('unlink', name), ('helper', ('unlink', name)))

    def lately(self, name):
        if not name.endswith(LOCAL):
            self.recent = [*self.recent[-3:], name]
        return name

    def there(self, likely=0.8):
        """A name under which there probably is something."""
        if self.recent and self.chance.random() < likely:
            return self.chance.choice(self.recent)
        return self.file()

    def make_open(self):
        slot, flags = self.new_slot(), self.chance.choice(OPENS)
        self.slots[slot] = True
        if len(self.slots) > 6:
            self.waiting = [self.make_close()]
        if 'TRUNC' in flags and 'RDONLY' not in flags and self.chance.random() < 0.8:
            self.waiting.append(('write', slot, *self.bytes('pdf')))
        return 'open', slot, self.file(), flags

    def make_close(self):
        slot = self.slot()
        self.slots.pop(slot, None)
        return 'close', slot

    def make_dup(self):
        slot, new = self.slot(), self.new_slot()
        self.slots[new] = True
        return 'dup', slot, new

    def make_write(self):
        return 'write', self.slot(), *self.bytes()

    def make_pwrite(self):
        off = self.pick(0, 9, 9, 50, 100, 5000, 10000)
        return 'pwrite', self.slot(), off, *self.bytes('pdf' if off == 0 else None)

    def make_child_write(self):
        return 'child_write', self.slot(), *self.bytes('text')

    def make_store(self):
        return 'store', self.slot(), self.pick(9, 50, 4096), *self.bytes('text')

    def make_read(self):
        return 'read', self.slot(), self.pick(1, 100, 10000, 300000)

    def make_pread(self):
        return 'pread', self.slot(), self.pick(0, 0, 50, 4096, 20000), self.pick(1, 100, 300000)

    def make_lseek(self):
        return 'lseek', self.slot(), *self.pick((0, 0), (9, 0), (0, 1), (0, 2), (-5, 2), (100, 1))

    def make_copy_range(self):
        return 'copy_range', self.slot(), self.slot(), self.pick(10, 5000)

    def make_ftruncate(self):
        return 'ftruncate', self.slot(), self.pick(0, 9, 30, 100, 6000)

    def make_fsync(self):
        return 'fsync', self.slot()

    def make_fstat(self):
        return 'fstat', self.slot()

    def make_fchmod(self):
        return 'fchmod', self.slot(), self.pick(0o644, 0o600, 0o400, 0o755)

    def make_futime(self):
        return 'futime', self.slot(), 10 ** 9 + self.chance.randrange(10 ** 6)

    def make_flock(self):
        return 'flock', self.slot(), self.pick('EX', 'SH', 'UN')

    def make_stat(self):
        return 'stat', self.any()

    def make_cat(self):
        return 'cat', self.file()

    def make_listdir(self):
        return 'listdir', self.pick(self.chance.choice(self.folders), self.dir())

    def make_truncate(self):
        return 'truncate', self.file(), self.pick(0, 0, 9, 15, 100, 6000, 4687501)

    def make_chmod(self):
        return 'chmod', self.file(), self.pick(0o644, 0o600, 0o400, 0o755)

    def make_utime(self):
        return 'utime', self.file(), 10 ** 9 + self.chance.randrange(10 ** 6)

    def make_rename(self):
        name, other = self.there(), self.file()
        if name in self.recent:
            self.recent.remove(name)
            self.recent.append(other)
        return self.pick('rename', 'rename', 'rename_noreplace'), name, other

    def make_rename_dir(self):
        return 'rename', self.any(), self.any()

    def make_unlink(self):
        return 'unlink', self.file()

    def make_unlink_dir(self):
        return 'unlink', self.dir()

    def make_mkdir(self):
        return 'mkdir', self.dir()

    def make_rmdir(self):
        return 'rmdir', self.any()

    def make_link(self):
        return self.pick('link', 'symlink'), self.file(), self.file()

    def make_remount(self):
        return (self.pick('remount', 'remount', 'kill', 'crash'),)

    # --- Through names ---------------------------------------------------------------------------

    def way(self):
        """HOW and AT, as named.py says."""
        return self.pick('name', 'name', 'other', 'index', 'id'), self.pick('self', 'path', 'cwd',
                                                                            'fd')

    def field(self, name):
        return 'describe' if name[0] == 'A' else self.pick('label', 'label', 'label', 'keep')

    def value(self, field):
        self.serial += 1
        if field == 'keep':
            return 100 + self.serial
        if field == 'label':
            return None if self.chance.random() < 0.1 else self.serial
        return str(self.serial)

    def make_put(self, name=None):
        name = name or self.there()
        field = self.field(name)
        return 'put', name, *self.way(), field, self.value(field)

    def make_get(self, name=None):
        name = name or self.there()
        return 'get', name, *self.way(), self.field(name)

    def make_hold(self):
        name = self.there()
        how, at = self.way()
        return 'hold', name, how, 'path' if at == 'self' else at, 'describe' if name[0] == 'A' \
            else 'label'

    def make_put_held(self):
        self.serial += 1
        return 'put_held', self.serial

    def make_together(self):
        """Names that move, while another process reads and writes what they lead to."""
        names = [self.there() for _ in range(2)]
        its = [self.pick(self.make_put, self.make_get)(self.chance.choice(names))
               for _ in range(self.pick(1, 2, 4))]
        its = [(*op[:3], 'path' if op[3] == 'self' else op[3], *op[4:]) for op in its]
        mine = []
        for _ in range(self.pick(1, 2, 3)):
            made = self.pick(
                [('rename', *self.chance.sample([*names, self.file()], 2))],
                [('unlink', self.chance.choice(names))],
                [('open', 99, self.chance.choice(names), 'WRONLY|CREAT|TRUNC'),
                 ('write', 99, *self.bytes('pdf')), ('close', 99)])
            mine += made
        return 'together', mine, its

    def make_helper(self):
        kind = self.pick('stat', 'cat', 'cat', 'listdir', 'rename', 'rename', 'unlink', 'utime')
        return 'helper', getattr(self, 'make_' + kind)()

    def make_check(self):
        return ('check',)

    # --- Datasets --------------------------------------------------------------------------------

    def set(self):
        return self.pick('P', 'Q', 'R')

    def dropped(self):
        return self.pick('r', 's')

    def make_set_make(self):
        return 'set_make', self.set()

    def make_set_drop(self):
        self.serial += 1
        return 'set_drop', self.dropped(), self.serial

    def make_set_put(self):
        self.serial += 1
        return 'set_put', self.pick(self.set(), self.dropped()), *self.way(), self.serial

    def make_set_get(self):
        return 'set_get', self.pick(self.set(), self.dropped()), *self.way()

    def make_set_rename(self):
        if self.chance.random() < 0.3:
            return 'set_rename', self.dropped(), self.dropped(), '.json'
        made = self.pick(self.set, self.set, self.dropped)
        return 'set_rename', made(), made()

    def make_set_remove(self):
        if self.chance.random() < 0.5:
            return 'set_remove', self.dropped(), self.pick('', '.json')
        return 'set_remove', self.set()


WEIGHTS = (('drop', 14), ('remake', 2), ('open', 12), ('close', 10), ('dup', 2), ('write', 6),
           ('pwrite', 5), ('child_write', 1), ('store', 1), ('read', 4), ('pread', 3), ('lseek', 2),
           ('copy_range', 1), ('ftruncate', 3), ('fsync', 1), ('fstat', 4), ('fchmod', 1),
           ('futime', 1), ('flock', 1), ('stat', 6), ('cat', 6), ('listdir', 4),
           ('truncate', 2), ('chmod', 1), ('utime', 1), ('rename', 12), ('rename_dir', 3),
           ('unlink', 5), ('unlink_dir', 0.3), ('mkdir', 4), ('rmdir', 2), ('link', 0.3),
           ('remount', 1.5), ('put', 12), ('get', 6), ('hold', 1.5), ('put_held', 1.5),
           ('together', 2), ('helper', 5), ('check', 2))
NAMED_WEIGHTS = (
    ('drop', 24), ('remake', 4), ('open', 4), ('close', 5), ('write', 3), ('ftruncate', 1),
    ('pread', 2), ('fstat', 1), ('stat', 3), ('cat', 5), ('listdir', 2), ('truncate', 0.5),
    ('rename', 24), ('rename_dir', 4), ('unlink', 2), ('mkdir', 2), ('rmdir', 1), ('remount', 1.5),
    ('put', 24), ('get', 12), ('hold', 4), ('put_held', 4), ('together', 5), ('helper', 6),
    ('check', 3))
SET_WEIGHTS = (('set_make', 4), ('set_drop', 4), ('set_put', 8), ('set_get', 4),
               ('set_rename', 8), ('set_remove', 1.5))
