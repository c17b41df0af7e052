"""The reference model: random system calls on a mount and on a plain directory side by side.

A sequence is a list of calls (syscalls.py), made of a seed. Each is made on both; results,
errors and what is seen afterwards must be equal, save for what differences.py lists. A sequence
that fails is cut down to the shortest one that does.
"""
import random

from differences import MASKS, parent_of, refused, stays_local, taken
from syscalls import FOLDERS, Failed

REAL = ('a.pdf', 'b.pdf', 'c')
ODD = ('ä %41.pdf', '-n', "it's\n2 \"lines\"", 'x' * 200, '統計')
LOCAL = ('.a.pdf.Xy12Zz', 'b.part')
OPENS = ('WRONLY|CREAT|TRUNC',) * 8 + (
    'RDWR|CREAT', 'RDWR|CREAT', 'WRONLY|CREAT', 'WRONLY|CREAT|EXCL', 'WRONLY|CREAT|APPEND',
    'RDWR|APPEND', 'RDONLY', 'RDONLY', 'RDWR', 'RDWR', 'WRONLY', 'WRONLY|TRUNC', 'RDWR|TRUNC',
    'RDONLY|CREAT', 'RDWR|CREAT|EXCL')
SIZES = (1, 9, 20, 100, 100, 100, 4096, 5000, 5000, 70000, 200000)


class Mismatch(Exception):
    """The two differ, and no difference that is allowed says so."""


# --- Making sequences ---------------------------------------------------------------------------

class Maker:
    """Sequences of calls out of a seed alone; it guesses what will be there, and errs at times."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.serial, self.slots, self.waiting = 0, {}, []
        self.folders = self.chance.choice(('D', 'O', 'DO', 'OT', 'DOT', 'A', 'DA', 'DOTA'))
        self.dirs = ['s', 't', 's/u'][:self.chance.choice((0, 1, 2, 3))]
        self.real = (*REAL[:2], self.chance.choice(REAL + ODD))

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
        kinds, weights = zip(*WEIGHTS)
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
        return 'open', slot, self.file(), flags, self.pick(0o644, 0o600, 0o666)

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
        return self.pick('rename', 'rename', 'rename_noreplace'), self.file(), self.file()

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


WEIGHTS = (('drop', 14), ('open', 12), ('close', 10), ('dup', 2), ('write', 6), ('pwrite', 5),
           ('child_write', 1), ('store', 1), ('read', 4), ('pread', 3), ('lseek', 2),
           ('copy_range', 1), ('ftruncate', 3), ('fsync', 1), ('fstat', 4), ('fchmod', 1),
           ('futime', 1), ('flock', 1), ('stat', 6), ('cat', 6), ('listdir', 4),
           ('truncate', 2), ('chmod', 1), ('utime', 1), ('rename', 12), ('rename_dir', 3),
           ('unlink', 5), ('unlink_dir', 0.3), ('mkdir', 4), ('rmdir', 2), ('link', 0.3),
           ('remount', 1.5))


# --- What a plain directory does not know -------------------------------------------------------

class File:
    """Of a file: what the server has of it."""

    def __init__(self, name):
        self.name = name           # None: unlinked
        self.resource = None       # the bytes that the server has, if any
        self.dirty = False         # bytes that were not sent
        self.failed = False        # could not be sent
        self.time_is_set = False
        self.parked = None         # the name in its folder that may take the resource back
        self.active = set()        # handles that count as writers

    @property
    def is_sent(self):
        return self.resource is not None and not self.dirty


class Handle:
    def __init__(self, file, flags):
        self.file, self.flags = file, flags
        self.writes = 'RDONLY' not in flags or 'TRUNC' in flags


class Model:
    """The plain directory, and beside it what the server should have."""

    def __init__(self, plain):
        self.plain, self.names, self.slots = plain, {}, {}

    def file(self, name):
        found = self.names.get(name)
        return found if isinstance(found, File) else None

    def is_folder(self, name):
        return self.names.get(name) == 'folder'

    def content(self, file):
        if file.name:
            return self.plain.cat(file.name)
        return b''

    def commit(self, file):
        if not file.name or not file.dirty or file.active:
            return
        data = self.content(file)
        if taken(file.name, data):
            file.resource, file.dirty, file.failed = data, False, False

    def parked_from(self, name, but=None):
        """What was called so, and has a temporary file's name now."""
        return next((f for f in self.names.values() if isinstance(f, File) and f is not but
                     and f.parked and f'{parent_of(f.name)}/{f.parked}' == name), None)

    @staticmethod
    def take_back(file, parked):
        file.resource, file.dirty = parked.resource, True
        parked.resource, parked.dirty, parked.parked = None, True, None

    @staticmethod
    def park(file, other):
        if not stays_local(other) or parent_of(other) != parent_of(file.name):
            file.parked = None
        elif file.resource is not None and not file.parked and not stays_local(file.name):
            file.parked = file.name.rpartition('/')[2]

    def changed(self, file, handle=None):
        file.dirty, file.failed, file.time_is_set = True, False, False
        if handle:
            file.active.add(handle)

    # --- What a call that succeeded changes ------------------------------------------------------

    def note(self, op):
        if hasattr(self, 'note_' + op[0]):
            getattr(self, 'note_' + op[0])(*op[1:])

    def note_open(self, slot, name, flags, *mode):
        file = self.file(name)
        if not file:
            file = File(name)
            if parked := self.parked_from(name):
                self.take_back(file, parked)
            self.names[name] = file
        handle = self.slots[slot] = Handle(file, flags)
        if handle.writes:
            file.active.add(handle)
        if 'TRUNC' in flags:
            self.changed(file)

    def note_dup(self, slot, other):
        self.slots[other] = self.slots[slot]

    def note_close(self, slot, refused=False):
        handle = self.slots.pop(slot)
        handle.file.active.discard(handle)
        self.commit(handle.file)
        if refused:
            self.note_refused(handle.file)

    @staticmethod
    def note_refused(file):
        file.failed, file.dirty, file.time_is_set = True, False, False

    def note_write(self, slot, *_):
        self.changed(self.slots[slot].file, self.slots[slot])

    note_pwrite = note_child_write = note_ftruncate = note_write

    def note_store(self, slot, *_):
        """Python's mmap has a descriptor of its own, which it closes, whatever close says."""
        self.note_write(slot)
        self.closed(self.slots[slot])

    def closed(self, handle):
        file = handle.file
        file.active.discard(handle)
        self.commit(file)
        if file.name and not file.active and refused(file.name, self.content(file)):
            self.note_refused(file)

    def note_copy_range(self, slot, other, count):
        self.note_write(other)

    def note_futime(self, slot, *_):
        self.slots[slot].file.time_is_set = True

    def note_utime(self, name, *_):
        if self.file(name):
            self.file(name).time_is_set = True

    def note_truncate(self, name, size, refused=False):
        file = self.file(name)
        self.changed(file)
        self.commit(file)
        if refused:
            self.note_refused(file)

    def note_mkdir(self, name):
        self.names[name] = 'folder'

    def note_rmdir(self, name):
        del self.names[name]

    def note_unlink(self, name):
        self.names.pop(name).name = None

    def note_rename(self, name, other):
        if name == other:
            return
        if self.is_folder(name):
            return self.move_folder(name, other)
        file, there = self.names.pop(name), self.file(other)
        parked = None if there else self.parked_from(other, file)
        if parked and file.resource is None:
            self.take_back(file, parked)
        elif parked and file.is_sent:
            parked.parked = None
        if there:
            if file.resource is None:
                file.resource = there.resource
            there.name = None
        self.park(file, other)
        self.names[other] = file
        file.name = other
        if not file.failed:
            self.commit(file)

    note_rename_noreplace = note_rename

    def move_folder(self, name, other):
        for key in [k for k in self.names if k == name or k.startswith(name + '/')]:
            found = self.names.pop(key)
            moved = other + key[len(name):]
            self.names[moved] = found
            if isinstance(found, File):
                found.name = moved

    def expected(self):
        """What the server has: per folder the bytes of its documents or assets."""
        there = {folder: [] for folder in FOLDERS}
        for name, file in self.names.items():
            if isinstance(file, File) and file.resource is not None:
                there[name.partition('/')[0]].append(file.resource)
        return there


# --- Running ------------------------------------------------------------------------------------

class Run:
    """One sequence on a world: two sides (mount, plain), the differences that are allowed, and
    the server."""

    def __init__(self, world):
        self.world = world
        self.mount, self.plain = world.begin()
        self.model = Model(self.plain)
        self.calls, self.met = 0, {}

    def sequence(self, ops):
        for op in ops:
            self.call(tuple(op))
        self.close_all()
        self.compare_trees()
        self.world.check(self.model)

    def close_all(self):
        for slot in sorted(self.plain.fds):
            self.call(('close', slot))

    def crash(self):
        """The daemon dies while files are open: what was being written is not complete."""
        self.world.kill(self.mount.close_all)
        self.plain.close_all()
        for handle in self.model.slots.values():
            file = handle.file
            if file.active and file.dirty:
                self.model.note_refused(file)
            file.active.clear()
        self.model.slots.clear()

    def usable(self, op):
        """Slots are open where they must be, and free where a new one comes."""
        kind, slots = op[0], self.plain.fds
        if kind == 'open':  # a folder is listed, not opened
            return op[1] not in slots and not (self.model.is_folder(op[2]) and 'RDONLY' in op[3])
        if kind == 'dup':
            return op[1] in slots and op[2] not in slots
        if kind == 'copy_range':
            return op[1] in slots and op[2] in slots
        if kind == 'store':  # else the errno is the kernel's, and differs
            return op[1] in slots and 'RDWR' in self.model.slots[op[1]].flags
        return not isinstance(op[1], int) or op[1] in slots

    def call(self, op):
        if op[0] in ('remount', 'kill', 'crash'):
            if op[0] == 'crash':
                self.crash()
            else:
                self.close_all()
                getattr(self.world, op[0])()
            return self.compare_trees()
        if not self.usable(op):
            return None
        self.calls += 1
        allowed = next((d for d in self.world.allowed
                        if op[0] in d.calls and d.applies(self.model, op)), None)
        got = self.mount.call(op)
        if allowed and got in allowed.errors:
            self.met[allowed.name] = self.met.get(allowed.name, 0) + 1
            if allowed.then == 'same':
                self.plain.call(op)
                self.model.note(op + (True,))
            return None
        want = self.plain.call(op)
        if allowed and allowed.must and not isinstance(want, Failed):
            raise Mismatch(f'{op}: {short(got)} where "{allowed.name}" says {allowed.errors}')
        for mask in MASKS:
            if op[0] in mask.calls:
                got, want = mask.mask(self.model, op, got), mask.mask(self.model, op, want)
        if got != want:
            raise Mismatch(f'{op}: {short(got)}, a plain directory says {short(want)}')
        if not isinstance(got, Failed):
            self.model.note(op)
        return None

    def compare_trees(self):
        """The same names, sizes, modes, times and bytes everywhere."""
        for folder in FOLDERS:
            self.compare_folder(folder)

    def compare_folder(self, name):
        self.call(('listdir', name))
        for entry in self.plain.listdir(name):
            below = f'{name}/{entry}'
            self.call(('stat', below))
            if self.model.is_folder(below):
                self.compare_folder(below)
            else:
                self.call(('cat', below))


def short(value):
    text = repr(value)
    if isinstance(value, bytes) and len(value) > 40:
        return f'{len(value)} bytes that begin with {value[:30]!r}'
    return text if len(text) < 300 else text[:300] + '...'


def try_sequence(world, ops):
    """None, or why it fails."""
    run = Run(world)
    try:
        run.sequence(ops)
        world.end()
    except Mismatch as mismatch:
        world.spoiled()
        return str(mismatch)
    finally:
        world.count(run)
        run.mount.close_all()
        run.plain.close_all()
    return None


def shrink(fails, ops, out_of_time=lambda: False):
    """The shortest part of ops that fails as well: chunks go, half as large each time."""
    size = max(len(ops) // 2, 1)
    while True:
        at, shorter = 0, False
        while at < len(ops) and not out_of_time():
            rest = ops[:at] + ops[at + size:]
            if fails(rest):
                ops, shorter = rest, True
            else:
                at += size
        if out_of_time() or (size == 1 and not shorter):
            return ops
        if not shorter or size > len(ops):
            size = max(size // 2, 1)
