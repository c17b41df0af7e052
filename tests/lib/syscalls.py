"""System calls as data, made under a folder; one code for a mount and for a plain directory.

A call is a tuple of literals, so that a sequence that was printed can be pasted. Paths are
FOLDER/NAME: the folders are those of FOLDERS. Bytes are (KIND, COUNT, SEED), see content().
"""
import ctypes
import errno
import fcntl
import mmap
import os
import random
import shutil
import stat

FOLDERS = {'D': 'documents', 'O': 'datasets/one/documents', 'T': 'datasets/two/documents',
           'A': 'assets'}
PDF = b'%PDF-1.4\n'
RENAME_NOREPLACE = 1
AT_FDCWD = -100
libc = ctypes.CDLL(None, use_errno=True)


def content(kind, count, seed):
    """kind: 'pdf' begins as a PDF does, 'raw' is noise, 'text' is letters."""
    if kind == 'text':
        return bytes(97 + (seed + i) % 26 for i in range(count))
    noise = random.Random(seed).randbytes(count)
    return (PDF + noise)[:max(count, len(PDF))] if kind == 'pdf' else noise


def flags_of(text):
    flags = 0
    for word in text.split('|'):
        flags |= getattr(os, 'O_' + word)
    return flags


class Failed(str):
    """The name of an errno, where a call gave no value."""

    @classmethod
    def of(cls, problem):
        return cls(errno.errorcode.get(problem.errno, str(problem.errno)))


class Side:
    """One of the two directories: its open files by slot, and each call as a method.

    tag makes names in the folders those of one sequence; nobody but this class sees it.
    """

    def __init__(self, root, tag=''):
        self.root, self.tag, self.fds = root, tag, {}

    def path(self, name):
        folder, slash, rest = name.partition('/')
        dot = rest.startswith('.')
        return (f'{self.root}/{FOLDERS[folder]}{slash}{"." * dot}{self.tag if rest else ""}'
                f'{rest[dot:]}')

    def names(self, name):
        """Without what other sequences left, and without resources."""
        found = sorted(os.listdir(self.path(name)))
        if '/' in name or not self.tag:
            return found
        return sorted(n.replace(self.tag, '', 1) for n in found
                      if n.startswith((self.tag, '.' + self.tag)))

    def call(self, op):
        try:
            return getattr(self, op[0])(*op[1:])
        except OSError as problem:
            return Failed.of(problem)

    def close_all(self):
        for slot in list(self.fds):
            self.call(('close', slot))

    # --- Open files ------------------------------------------------------------------------------

    def open(self, slot, name, flags, mode=0o644):
        self.fds[slot] = os.open(self.path(name), flags_of(flags), mode)

    def dup(self, slot, other):
        self.fds[other] = os.dup(self.fds[slot])

    def close(self, slot):
        os.close(self.fds.pop(slot))

    def write(self, slot, *data):
        return os.write(self.fds[slot], content(*data))

    def pwrite(self, slot, off, *data):
        return os.pwrite(self.fds[slot], content(*data), off)

    def child_write(self, slot, *data):
        """A child's write to a descriptor that it has from its parent."""
        pid = os.fork()
        if pid == 0:
            try:
                os.write(self.fds[slot], content(*data))
                os._exit(0)
            except OSError as problem:
                os._exit(problem.errno)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if status:
            raise OSError(status, 'child')

    def store(self, slot, off, *data):
        """Through a shared mapping of the whole file, as far as it goes."""
        size = os.fstat(self.fds[slot]).st_size
        with mmap.mmap(self.fds[slot], size) if size else NOTHING as m:
            data = content(*data)[:max(size - off, 0)]
            m[off:off + len(data)] = data
            m.flush()

    def read(self, slot, count):
        return os.read(self.fds[slot], count)

    def pread(self, slot, off, count):
        return os.pread(self.fds[slot], count, off)

    def lseek(self, slot, off, whence):
        return os.lseek(self.fds[slot], off, whence)

    def copy_range(self, slot, other, count):
        return os.copy_file_range(self.fds[slot], self.fds[other], count)

    def ftruncate(self, slot, size):
        os.ftruncate(self.fds[slot], size)

    def fsync(self, slot):
        os.fsync(self.fds[slot])

    def fstat(self, slot):
        return seen(os.fstat(self.fds[slot]))

    def fchmod(self, slot, mode):
        os.fchmod(self.fds[slot], mode)

    def futime(self, slot, second):
        os.utime(self.fds[slot], (second, second))

    def flock(self, slot, how):
        fcntl.flock(self.fds[slot], getattr(fcntl, 'LOCK_' + how) | fcntl.LOCK_NB)

    # --- Names -----------------------------------------------------------------------------------

    def stat(self, name):
        return seen(os.stat(self.path(name)))

    def cat(self, name):
        with open(self.path(name), 'rb', buffering=0) as f:
            return f.readall()

    def listdir(self, name):
        return self.names(name)

    def truncate(self, name, size):
        os.truncate(self.path(name), size)

    def chmod(self, name, mode):
        os.chmod(self.path(name), mode)

    def utime(self, name, second):
        os.utime(self.path(name), (second, second))

    def rename(self, name, other):
        os.rename(self.path(name), self.path(other))

    def rename_noreplace(self, name, other):
        if libc.renameat2(AT_FDCWD, os.fsencode(self.path(name)), AT_FDCWD,
                          os.fsencode(self.path(other)), RENAME_NOREPLACE):
            raise OSError(ctypes.get_errno(), 'renameat2')

    def unlink(self, name):
        os.unlink(self.path(name))

    def mkdir(self, name):
        os.mkdir(self.path(name))

    def rmdir(self, name):
        os.rmdir(self.path(name))

    def link(self, name, other):
        os.link(self.path(name), self.path(other))

    def symlink(self, name, other):
        os.symlink(name, self.path(other))

    def put_back(self, name, data, second):
        """In its place, with its time if that is known."""
        mode = stat.S_IMODE(os.stat(self.path(name)).st_mode)
        with open(self.path(name), 'r+b') as f:
            f.truncate(0)
            f.write(data)
        os.chmod(self.path(name), mode)
        if second is not None:
            os.utime(self.path(name), (second, second))

    def clear(self):
        """What a sequence made, whatever it is."""
        for folder in FOLDERS:
            for name in self.names(folder):
                path = self.path(f'{folder}/{name}')
                try:
                    shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
                except FileNotFoundError:
                    pass  # a note of a failure goes with its file


class Nothing:
    """An empty file's mapping, which there cannot be."""

    def __enter__(self):
        raise OSError(errno.EINVAL, 'mmap')

    def __exit__(self, *exc):
        return False


NOTHING = Nothing()


def seen(st):
    if stat.S_ISDIR(st.st_mode):
        return ('directory', 0, 0, 0)
    return ('file', st.st_size, stat.S_IMODE(st.st_mode), st.st_mtime)
