"""The small disk that the state lies on: it can be filled, freed, and lose its power."""
import errno
import os
import shutil
import subprocess
from pathlib import Path

MIB = 1 << 20
BALLAST = '.ballast'


def run(*command):
    subprocess.run([str(c) for c in command], check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL)


class Disk:
    """A plain folder: what one has who may not mount. It is never full, and has always power."""

    can_fill = can_cut = False

    def __init__(self, folder):
        self.folder = Path(folder)
        self.path = self.folder / 'disk'
        self.path.mkdir(parents=True)

    def fill(self, leave):
        """Until so many bytes are free."""
        ballast = self.path / BALLAST
        try:
            with open(ballast, 'ab') as f:
                while True:
                    free = os.statvfs(self.path)
                    room = free.f_bavail * free.f_frsize - leave
                    if room <= 0:
                        return
                    f.write(bytes(min(room, MIB)))
                    f.flush()
        except OSError as problem:  # also of the file itself, on a disk that is full already
            if problem.errno != errno.ENOSPC:
                raise

    def free(self):
        (self.path / BALLAST).unlink(missing_ok=True)

    def cut(self):
        """What was not written through is gone. Nobody has a file open here."""
        raise NotImplementedError

    def close(self):
        pass


class SmallDisk(Disk):
    """An ext4 on an image. What a program has not synced, the image may not have when the power
    goes; what the kernel had written of it before, it has."""

    can_fill = can_cut = True
    BYTES = 48 * MIB

    def __init__(self, folder):
        super().__init__(folder)
        self.number, self.mounted = 0, False
        with open(self.image, 'wb') as f:
            f.truncate(self.BYTES)
        run('mkfs.ext4', '-q', '-m', '0', '-E', 'lazy_itable_init=0,lazy_journal_init=0', self.image)
        self.attach()

    @property
    def image(self):
        return self.folder / f'image{self.number}'

    def attach(self):
        run('mount', '-o', 'loop,commit=30', self.image, self.path)
        self.mounted = True

    def detach(self):
        if self.mounted:
            run('umount', self.path)
            self.mounted = False

    def cut(self):
        """The image as it is now, before the kernel writes the rest: the next one begins with it."""
        old = self.image
        self.number += 1
        shutil.copyfile(old, self.image)
        self.detach()
        old.unlink()
        self.attach()
        self.free()

    def close(self):
        self.detach()


def make_disk(folder, said):
    """The small one, or the plain one where one may not mount; said(text) hears of it."""
    try:
        if os.geteuid() == 0:
            return SmallDisk(folder)
        said('not root: the disk is never full, and the power never goes')
    except (OSError, subprocess.CalledProcessError) as problem:
        said(f'no disk of its own ({problem}): it is never full, and the power never goes')
        shutil.rmtree(folder, ignore_errors=True)
    return Disk(folder)
