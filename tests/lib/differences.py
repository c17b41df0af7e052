"""What a mount may do otherwise than a plain directory, as data: each with its reason.

A Difference is of calls: where it applies, the mount gives one of its errors. With then='skip'
the plain directory is left as it is, as the mount is; with 'note' too, and a note of a failure
tells of it; with 'same' the call is made there and counts. must: the mount may not succeed where
the plain directory does.
A Mask is of results: it takes out of both what need not be equal.
"""
import ctypes
import re
from dataclasses import dataclass
from typing import Callable

LARGEST = 4687500
TAKEN = {'application/pdf', 'image/jpeg', 'image/png', 'image/tiff'}
MAGIC_MIME_TYPE, NO_CHECK_COMPRESS, NO_CHECK_TAR = 0x10, 0x1000, 0x2000
ENDINGS_LOCAL = ('.Xy12Zz', '.part', '.tmp')
NOTE = '.error.txt'
PDF_BEHIND = re.compile(rb'%PDF-\d\.\d')  # other bytes may stand before it

magic = ctypes.CDLL('libmagic.so.1')
magic.magic_open.restype = ctypes.c_void_p
magic.magic_load.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
magic.magic_buffer.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
magic.magic_buffer.restype = ctypes.c_char_p
cookie = magic.magic_open(MAGIC_MIME_TYPE | NO_CHECK_COMPRESS | NO_CHECK_TAR)
assert magic.magic_load(cookie, None) == 0


def type_of(data):
    found = magic.magic_buffer(cookie, data, len(data)).decode()
    behind = found == 'application/octet-stream' and PDF_BEHIND.search(data[:1024 + 8])
    return 'application/pdf' if behind else found


def stays_local(name):
    """A temporary file's name: it becomes no document."""
    return name.endswith(ENDINGS_LOCAL)


def folder_of(name):
    return name.partition('/')[0]


def parent_of(name):
    return name.rpartition('/')[0]


def taken(name, data):
    """Do these bytes become a document or an asset under this name?"""
    if not data or stays_local(name):
        return False
    return folder_of(name) == 'A' or type_of(data) in TAKEN


def refused(name, data):
    """Would these bytes become a document if only the API took them?"""
    return bool(data) and not stays_local(name) and not taken(name, data)


@dataclass(frozen=True)
class Difference:
    name: str
    calls: tuple
    errors: tuple
    applies: Callable
    reason: str
    must: bool = True
    then: str = 'skip'


def closes_refused(model, op):
    handle = model.slots[op[1]]
    file = handle.file
    return handle.writes and file.dirty and file.name and refused(file.name, model.content(file))


def truncate_refused(model, op):
    file = model.file(op[1])
    return file and op[2] <= LARGEST and refused(op[1], model.content(file)[:op[2]].ljust(
        op[2], b'\0'))


def moves_refused(model, op):
    file = model.file(op[1])
    return file and not file.is_sent and refused(op[2], model.content(file))


def leaves_its_list(model, op):
    """A file with a resource goes where the API cannot put it."""
    file, here, there = model.file(op[1]), folder_of(op[1]), folder_of(op[2])
    if not file or here == there or 'A' not in (here, there) and there != 'D':
        return False
    return file.resource is not None


def folder_is_local(model, op):
    return model.is_folder(op[1]) and stays_local(op[2])


def folder_leaves(model, op):
    return model.is_folder(op[1]) and parent_of(op[1]) != parent_of(op[2])


DIFFERENCES = (
    Difference('no links', ('link', 'symlink'), ('EPERM',), lambda model, op: True,
               'there is nothing in the API that a link could be'),
    Difference('no folders of assets', ('mkdir',), ('EPERM',),
               lambda model, op: folder_of(op[1]) == 'A',
               'subfolders are of documents folders'),
    Difference('a document keeps its list', ('rename', 'rename_noreplace'), ('EXDEV',),
               leaves_its_list,
               'a document cannot leave datasets, an asset is no document: mv copies'),
    Difference('subfolders keep their folder', ('rename', 'rename_noreplace'), ('EXDEV',),
               folder_leaves, 'directories do not move between folders: mv copies'),
    Difference('what programs make stays local', ('rename', 'rename_noreplace'), ('EXDEV',),
               folder_is_local, 'a folder of a temporary name is one of local files', must=False),
    Difference('not a document: close', ('close',), ('EINVAL',), closes_refused,
               'what is no PDF, JPEG, PNG or TIFF is refused; its name is what it was',
               must=False, then='same'),
    Difference('not a document: truncate', ('truncate',), ('EINVAL',), truncate_refused,
               'the same for truncate(2), which commits at once', must=False, then='same'),
    Difference('not a document: rename', ('rename', 'rename_noreplace'), ('EPERM',),
               moves_refused, 'a temporary file is sent when it gets its real name',
               must=False, then='note'),
    Difference('two that failed under one name', ('rename', 'rename_noreplace'), ('ENOTEMPTY',),
               lambda model, op: model.noted and model.is_folder(op[1]),
               'what failed goes with its folder, and nothing of it is lost', must=False),
    Difference('larger than the API takes', ('truncate', 'ftruncate'), ('EFBIG',),
               lambda model, op: op[2] > LARGEST, 'the size has a limit, known beforehand'),
)


@dataclass(frozen=True)
class Mask:
    name: str
    calls: tuple
    mask: Callable  # (model, op, result) -> result
    reason: str


def without_time(model, op, result):
    if isinstance(result, str) or not isinstance(result, tuple):
        return result
    handle = model.slots.get(op[1]) if op[0] == 'fstat' else None
    file = handle.file if handle else model.file(op[1])
    return result if file and file.time_is_set else result[:3]


def without_notes(model, op, result):
    if isinstance(result, str):
        return result
    return [name for name in result if not name.endswith(NOTE)
            or f'{op[1]}/{name.removesuffix(NOTE)}' not in model.noted]


MASKS = (
    Mask('times that were not set', ('stat', 'fstat'), without_time,
         'two clocks; what utimens set is kept until the next write'),
    Mask('notes of failures', ('listdir',), without_notes,
         'NAME.error.txt says that something could not be delivered under that name'),
)
