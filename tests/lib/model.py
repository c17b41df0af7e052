"""The reference model: random system calls on a mount and on a plain directory side by side.

A sequence is a list of calls (syscalls.py), made of a seed. Each is made on both; results,
errors and what is seen afterwards must be equal, save for what differences.py lists. A sequence
that fails is cut down to the shortest one that does.
"""
import time

from differences import LARGEST, MASKS, folder_of, parent_of, refused, stays_local, taken
from said import Doc, Heirs, Sets
from named_calls import NAMED, Mismatch, NamedCalls, short
from syscalls import FOLDERS, Failed


# --- What a plain directory does not know -------------------------------------------------------

class File:
    """Of a file: what the server has of it."""

    def __init__(self, name):
        self.name = name           # None: unlinked
        self.resource = None       # the bytes that the server has, if any
        self.doc = None            # what it says of them
        self.heir = None           # what it says of the next ones, if there are none yet
        self.dirty = False         # bytes that were not sent
        self.time_is_set = False
        self.sent_time = None      # of the bytes that the server has, if it was set
        self.parked = None         # the name in its folder that may take the resource back
        self.active = set()        # handles that count as writers
        self.rests = False         # its bytes were closed, and nothing was written since
        self.sealed = None         # those, since it has a name of which they are to be sent, and their time

    @property
    def is_sent(self):
        return self.resource is not None and not self.dirty


class Handle:
    def __init__(self, file, flags):
        self.file, self.flags = file, flags
        self.writes = 'RDONLY' not in flags or 'TRUNC' in flags
        self.stale = False  # what it was opened for could not be delivered since


class Model:
    """The plain directory, and beside it what the server should have."""

    def __init__(self, plain, delivers=True):
        self.plain, self.names, self.slots = plain, {}, {}
        self.delivers = delivers  # else there is no server, and nothing fails
        self.noted = set()  # names of files that could not be delivered
        self.heirs, self.sets, self.held = Heirs(), Sets(), None

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
        file.rests = file.rests or not file.active
        if not file.name or not file.dirty or file.active:
            return
        data = self.content(file)
        if taken(file.name, data):
            self.sent(file, data)
            file.resource, file.dirty, file.sealed = data, False, None
            self.set_sent_time(file)

    def seal(self, file):
        """It was renamed while somebody has it open, who may write something else."""
        if stays_local(file.name):
            file.sealed = None
        elif file.active and file.rests and file.dirty and file.resource is None and self.content(file):
            file.sealed = self.content(file), self.plain.stat(file.name)[3] if file.time_is_set else None

    @staticmethod
    def sent(file, data):
        """Other bytes of a document are another document, that is what the old one was."""
        if file.doc and (data == file.resource or folder_of(file.name) == 'A'):
            return
        old, file.doc = file.doc, Doc(file.doc)
        if old:
            old.alive = False
        elif file.heir:
            (like, surely, folder), file.heir = file.heir, None
            if folder == folder_of(file.name):
                file.doc = Doc(like)
                if not surely:
                    file.doc.either(Doc())

    def set_sent_time(self, file):
        time = self.plain.stat(file.name)[3]
        file.sent_time = time if file.time_is_set else None

    def parked_from(self, name, but=None):
        """What was called so, and has a temporary file's name now."""
        return next((f for f in self.names.values() if isinstance(f, File) and f is not but
                     and f.parked and f'{parent_of(f.name)}/{f.parked}' == name), None)

    @staticmethod
    def take_back(file, parked):
        file.resource, file.doc, file.dirty = parked.resource, parked.doc, True
        parked.resource, parked.doc, parked.dirty, parked.parked = None, None, True, None

    @staticmethod
    def park(file, other):
        if not stays_local(other) or parent_of(other) != parent_of(file.name):
            file.parked = None
        elif file.resource is not None and not file.parked and not stays_local(file.name):
            file.parked = file.name.rpartition('/')[2]

    def changed(self, file, handle=None):
        file.dirty, file.time_is_set, file.rests = True, False, False
        if handle:
            file.active.add(handle)

    # --- What a call that succeeded changes ------------------------------------------------------

    def begin(self):
        """Of a call that is going to be made."""
        self.began = time.monotonic()

    def note(self, op):
        if hasattr(self, 'note_' + op[0]):
            getattr(self, 'note_' + op[0])(*op[1:])

    def note_open(self, slot, name, flags, *mode):
        file = self.file(name)
        if not file:
            file = File(name)
            if 'EXCL' in flags:
                file.heir = self.heirs.claim(name, self.began)
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

    def note_refused(self, file):
        """Its name is what the server has again, and who has it open writes no more."""
        if not self.delivers:
            return
        self.noted.add(file.name)
        for handle in self.slots.values():
            handle.stale = handle.stale or handle.file is file
        if file.sealed and taken(file.name, file.sealed[0]):
            self.sent(file, file.sealed[0])
            file.resource, file.sent_time, file.sealed = *file.sealed, None
        if file.resource is None:
            self.plain.unlink(file.name)
            self.names.pop(file.name).name = None
            return
        self.plain.put_back(file.name, file.resource, file.sent_time)
        file.dirty, file.time_is_set = False, file.sent_time is not None

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
        self.time_set(self.slots[slot].file)

    def note_utime(self, name, *_):
        if self.file(name):
            self.time_set(self.file(name))

    def time_set(self, file):
        file.time_is_set = True
        if file.sealed and file.rests:
            file.sealed = file.sealed[0], self.plain.stat(file.name)[3]
        if file.name and not file.dirty:
            self.set_sent_time(file)

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

    def note_unlink(self, name, by_another=False):
        file = self.names.pop(name)
        if file.doc:
            file.doc.alive = False
        if file.doc and not by_another and folder_of(name) != 'A':
            self.heirs.leave(name, file.doc, self.began)
        file.name = None

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
            self.replace(file, there, other)
            there.name = None
        self.park(file, other)
        self.names[other] = file
        file.name = other
        self.seal(file)
        self.commit(file)

    note_rename_noreplace = note_rename

    @staticmethod
    def replace(file, there, name):
        """file is renamed over there. A temporary name says nothing of what it will be."""
        if file.resource is None:
            file.resource, file.doc, file.sent_time = there.resource, there.doc, there.sent_time
        elif there.doc and stays_local(name):
            there.doc.alive = False
        elif there.doc and folder_of(name) == 'A':
            file.doc.alive, file.doc = False, there.doc
            if file.dirty:
                file.resource = there.resource
        elif there.doc:
            file.doc.replaces(there.doc)

    def move_folder(self, name, other):
        self.noted |= {other + key[len(name):] for key in self.noted if key.startswith(name + '/')}
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
        self.model = Model(self.plain, world.delivers)
        self.calls, self.met, self.at = 0, {}, 0
        self.named = NamedCalls(self)

    def sequence(self, ops):
        for self.at, op in enumerate(ops):
            self.call(tuple(op))
        self.at = 'end'
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
            if file.active and file.dirty and file.name:
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
        if kind in ('truncate', 'ftruncate') and op[2] > LARGEST:  # temporary names take more
            file = self.model.file(op[1]) if kind == 'truncate' else \
                op[1] in slots and self.model.slots[op[1]].file
            return file and file.name and not stays_local(file.name)
        if kind == 'store':  # else the errno is the kernel's, and differs
            return op[1] in slots and 'RDWR' in self.model.slots[op[1]].flags
        return not isinstance(op[1], int) or op[1] in slots

    def stale(self, op):
        """Of what could not be delivered: it can be written no more, and what it reads is open."""
        slots = [self.model.slots[i] for i in op[1:3] if isinstance(i, int) and i in self.plain.fds
                 and (op[0] == 'copy_range' or i == op[1])]
        if op[0] in ('open', 'dup', 'close', 'flock') or not any(h.stale for h in slots):
            return False
        if op[0] in ('write', 'pwrite') and slots[0].writes:
            got = self.mount.call(op)
            if got not in ('EIO', 'EBADF'):
                raise Mismatch(f'{op}: {short(got)} where nothing can be written any more')
        return True

    def call(self, op, maker=None):
        """maker: who makes it on the mount, if not this process."""
        if op[0] == 'helper':
            return self.call(op[1], self.named.helper if self.world.delivers else None)
        if op[0] in NAMED:
            return self.named.call(op) if self.world.delivers else None
        if op[0] in ('remount', 'kill', 'crash'):
            self.named.forget()
            if op[0] == 'crash':
                self.crash()
            else:
                self.close_all()
                getattr(self.world, op[0])()
            return self.compare_trees()
        if not self.usable(op) or self.stale(op):
            return None
        self.calls += 1
        allowed = next((d for d in self.world.allowed
                        if op[0] in d.calls and d.applies(self.model, op)), None)
        self.model.begin()
        got = (maker or self.mount.call)(op)
        if allowed and got in allowed.errors:
            self.met[allowed.name] = self.met.get(allowed.name, 0) + 1
            if allowed.then == 'same':
                self.plain.call(op)
                self.model.note(op + (True,))
            elif allowed.then == 'note':
                self.model.noted.add(op[2])
            return None
        want = self.plain.call(op)
        if allowed and allowed.must and not isinstance(want, Failed):
            raise Mismatch(f'{op}: {short(got)} where "{allowed.name}" says {allowed.errors}')
        for mask in MASKS:
            if op[0] in mask.calls:
                got, want = mask.mask(self.model, op, got), mask.mask(self.model, op, want)
        if got != want:
            raise Mismatch(f'{op}: {short(got)}, a plain directory says {short(want)}')
        if not isinstance(got, Failed) and (op[0] != 'copy_range' or got):
            self.model.note(op + (True,) if maker and op[0] == 'unlink' else op)
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


def try_sequence(world, ops):
    """None, or why it fails."""
    run = Run(world)
    try:
        run.sequence(ops)
        world.end()
    except Mismatch as mismatch:
        world.spoiled()
        return f'{mismatch} (at {run.at})'
    finally:
        run.named.forget()
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
