"""What is refused leaves one line that says what to do instead; what is no failure leaves none."""
import ctypes
import errno
import os
import shutil
import socket
import stat

import pytest

from mount.names.test_tree import fill
from mounted import eventually
from samples import pdf, small_pdf

pytestmark = pytest.mark.options('xattr')

CONSENT = 'las:consent:' + '0' * 31 + '7'
TEXT_MAX = 32 << 20
NOREPLACE, EXCHANGE, WHITEOUT = 1, 2, 4
libc = ctypes.CDLL(None, use_errno=True)


def renameat2(old, new, flags):
    if libc.renameat2(-100, os.fsencode(old), -100, os.fsencode(new), flags):
        raise OSError(ctypes.get_errno(), 'renameat2')


def bind_socket(path):
    with socket.socket(socket.AF_UNIX) as s:
        os.chdir(path.parent)
        try:
            s.bind(path.name)
        finally:
            os.chdir('/')


def opened(flags, call=None):
    def run(path):
        fd = os.open(path, flags, 0o600)
        try:
            if call:
                call(fd)
        finally:
            os.close(fd)
    return run


# Each call, and how the line calls it.
CALLS = {
    'create': (opened(os.O_WRONLY | os.O_CREAT), 'create'),
    'create anew': (opened(os.O_WRONLY | os.O_CREAT | os.O_EXCL), 'create'),
    'look up': (opened(os.O_WRONLY | os.O_CREAT), 'lookup'),
    'write': (opened(os.O_WRONLY), 'open'),
    'append': (opened(os.O_WRONLY | os.O_APPEND), 'open'),
    'empty': (opened(os.O_WRONLY | os.O_TRUNC), 'open'),
    'read and write': (opened(os.O_RDWR), 'open'),
    'command': (opened(os.O_WRONLY, lambda fd: os.write(fd, b'x' * 9000)), 'write'),
    'read': (opened(os.O_RDONLY), 'open'),
    'truncate': (lambda path: os.truncate(path, 0), 'truncate'),
    'lengthen': (lambda path: os.truncate(path, 1 << 40), 'truncate'),
    'mkdir': (os.mkdir, 'mkdir'),
    'unlink': (os.unlink, 'unlink'),
    'rmdir': (os.rmdir, 'rmdir'),
    'symlink': (lambda path: os.symlink('x.pdf', path), 'symlink'),
    'link': (os.link, 'link'),
    'mkfifo': (os.mkfifo, 'mknod'),
    'device': (lambda path: os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3)), 'mknod'),
    'socket': (bind_socket, 'mknod'),
    'rename': (os.rename, 'rename'),
    'rename, nothing there': (lambda a, b: renameat2(a, b, NOREPLACE), 'rename'),
    'exchange': (lambda a, b: renameat2(a, b, EXCHANGE), 'rename'),
    'rename with a whiteout': (lambda a, b: renameat2(a, b, WHITEOUT), 'rename'),
    'set an attribute': (lambda path: os.setxattr(path, 'user.las.name', b'x'), 'setxattr'),
    'set a long attribute': (lambda path: os.setxattr(path, 'user.x', b'x' * 5000), 'setxattr'),
    'remove an attribute': (lambda path: os.removexattr(path, 'user.las.name'), 'removexattr'),
}


def names_of(paths):
    return paths if isinstance(paths, tuple) else (paths,)


def line_path(call, paths):
    if call == 'link':
        return '/' + paths[1]
    return ' to '.join('/' + p for p in paths)


def check(mount, rows, made):
    """Each row: a call, its path or paths, its errno, and the words of its line (None: it has no
    line). Says all that is wrong, not the first alone."""
    wrong = []
    for call, paths, code, words in rows:
        paths = [p.format(**made) for p in names_of(paths)]
        run, operation = CALLS[call]
        before = mount.errors()
        found = 0
        try:
            run(*(mount / p for p in paths))
        except OSError as problem:
            found = problem.errno
        lines = mount.errors()[len(before):].splitlines()
        told = [line for line in lines
                if f' {operation} {line_path(call, paths)}: {os.strerror(code)}: ' in line]
        if found != code:
            wrong.append(f'{call} {paths}: {os.strerror(found)}')
        if len(lines) != (0 if words is None else 1) or len(told) != len(lines):
            wrong.append(f'{call} {paths}: {lines}')
        elif words is not None and not all(w.format(**made) in told[0] for w in words):
            wrong.append(f'{call} {paths}: {told[0]} has not {words}')
    assert not wrong, '\n'.join(wrong)


@pytest.fixture
def made(mount, api):
    """One of each resource, by id; `inv`, a dataset with x.pdf and y.pdf in it; folders."""
    mount.allow('.*')  # check() has looked at each
    mount.may_leave = True  # a temporary file that is never renamed
    ids = fill(api)
    ids['logs'] = eventually(lambda: api.list('logs'))[0]['logId']
    os.mkdir(mount / 'datasets/inv')
    os.mkdir(mount / 'datasets/two')
    (mount / 'datasets/inv/documents/x.pdf').write_bytes(small_pdf(1))
    (mount / 'datasets/inv/documents/y.pdf').write_bytes(small_pdf(2))
    for folder in ('full', 'empty', 'other'):
        os.mkdir(mount / 'datasets/inv/documents' / folder)
    (mount / 'datasets/inv/documents/full/z.pdf').write_bytes(small_pdf(3))
    (mount / 'documents/.x.tmp').write_bytes(small_pdf(4))
    assert mount.errors() == ''
    return ids


DOCS = 'datasets/inv/documents'

# --- What is refused: call, path, errno, words -----------------------------------------------------

FILES = [
    ('create', 'x.pdf', errno.EPERM, ('documents/', 'datasets/NAME/documents/')),
    ('create anew', 'x.pdf', errno.EPERM, ('documents/',)),
    ('create', '.lasfs/x', errno.EPERM, ('own', 'collection')),
    ('create', '.lasfs/failed/x.pdf', errno.EPERM, ('copy it', 'folder')),
    ('create', '.lasfs/pending/x.pdf', errno.EPERM, ('copy it', 'folder')),
    ('create', 'consents/x.pdf', errno.EPERM, ('consents/las:consent:ID/documents/',)),
    ('create', f'consents/{CONSENT}/x.pdf', errno.EPERM, ('consents/las:consent:ID/documents/',)),
    ('create', 'datasets/.by-name/x', errno.EPERM, ('links', 'folder')),
    ('create', 'datasets/.by-id/x', errno.EPERM, ('links', 'folder')),
    ('create', 'transitions/.by-transitionType/manual/x', errno.EPERM, ('links', 'folder')),
    ('create', 'transitions/.by-transitionType/a b', errno.EPERM, ('links', 'folder')),
    ('create', 'datasets/inv/x.pdf', errno.EPERM, ('documents go into', '/datasets/inv/documents/')),
    ('create', 'models/{models}/x.pdf', errno.EPERM, ('/models/{models}/inbox/',)),
    ('create', 'assets/{assets}/x.pdf', errno.EPERM, ('fields', 'write')),
    ('create', 'documents/{documents}/content.jpg', errno.EPERM, ("mount's own", 'another')),
    ('create', 'models/x.pdf', errno.EPERM, ('NAME.json', 'POST')),
    ('create', 'datasets/x.pdf', errno.EPERM, ('NAME.json', 'POST')),
    ('create', 'logs/x.pdf', errno.EPERM, ('logs', 'API itself')),
    ('create', 'organizations/x.json', errno.EPERM, ('organizations', 'API itself')),
    ('create', 'documents/las:document:' + 'a' * 32, errno.EPERM, ('an id', 'give it a name')),
    ('look up', 'documents/' + 'x' * 256, errno.ENAMETOOLONG, ('255 bytes', 'shorter')),
]
FOLDERS = [
    ('mkdir', 'foo', errno.EPERM, ('documents/', 'mkdir datasets/NAME')),
    ('mkdir', '.git', errno.EPERM, ('repository', 'elsewhere')),
    ('mkdir', 'documents/.git', errno.EPERM, ('repository', 'elsewhere')),
    ('mkdir', '.lasfs/x', errno.EPERM, ('own', 'collection')),
    ('mkdir', '.lasfs/failed/x', errno.EPERM, ('copy it', 'folder')),
    ('mkdir', 'consents/x', errno.EPERM, ('consents/las:consent:ID/documents/',)),
    ('mkdir', f'consents/{CONSENT}/x', errno.EPERM, ('consents/las:consent:ID/documents/',)),
    ('mkdir', 'datasets/.by-name/x', errno.EPERM, ('links', 'folder')),
    ('mkdir', 'datasets/inv/x', errno.EPERM, ('/datasets/inv/documents/',)),
    ('mkdir', 'models/{models}/versions', errno.EPERM, ('/models/{models}/inbox/',)),
    ('mkdir', 'assets/{assets}/x', errno.EPERM, ('API', 'use those')),
    ('mkdir', 'documents/{documents}/content.jpg', errno.EPERM, ("mount's own", 'another')),
    ('mkdir', 'assets/x', errno.EPERM, ('assets', 'files')),
    ('mkdir', 'models/x', errno.EPERM, ('models', 'NAME.json')),
    ('mkdir', 'secrets/x', errno.EPERM, ('secrets', 'NAME.json')),
    ('mkdir', 'logs/x', errno.EPERM, ('logs', 'API itself')),
    ('mkdir', 'organizations/x', errno.EPERM, ('organizations', 'API itself')),
    ('mkdir', 'datasets/las:dataset:' + 'a' * 32, errno.EPERM, ('an id', 'give it a name')),
    ('look up', 'documents/' + 'x' * 300, errno.ENAMETOOLONG, ('255 bytes', 'shorter')),
]
KINDS = [
    ('symlink', f'{DOCS}/l', errno.EPERM, ('symbolic', 'copy')),
    ('symlink', 'l', errno.EPERM, ('symbolic', 'copy')),
    ('link', (f'{DOCS}/x.pdf', f'{DOCS}/l.pdf'), errno.EPERM, ('hard links', 'copy')),
    ('link', ('README', 'l'), errno.EPERM, ('hard links', 'copy')),
    ('mkfifo', f'{DOCS}/p', errno.EPERM, ('pipes', 'local')),
    ('device', f'{DOCS}/p', errno.EPERM, ('devices', 'local')),
    ('socket', f'{DOCS}/p', errno.EPERM, ('sockets', 'local')),
]
WRITES = [
    ('write', 'README', errno.EACCES, ('cannot be changed', 'the mount makes it')),
    ('empty', '.lasfs/status', errno.EACCES, ('cannot be changed', 'the mount makes it')),
    ('append', '.lasfs/errors', errno.EACCES, ('cannot be changed', 'the mount makes it')),
    ('truncate', '.lasfs/metrics', errno.EACCES, ('cannot be changed', 'the mount makes it')),
    ('truncate', '.lasfs/errors', errno.EACCES, ('cannot be changed', 'the mount makes it')),
    ('write', 'datasets/.list.jsonl', errno.EACCES, ('cannot be changed', 'the mount makes it')),
    ('truncate', 'datasets/.list.jsonl', errno.EACCES, ('cannot be changed',)),
    ('write', f'{DOCS}/.sha256sums', errno.EACCES, ('cannot be changed', 'the mount makes it')),
    ('write', 'logs/{logs}/events.txt', errno.EACCES, ('cannot be changed', 'the mount makes it')),
    ('write', 'datasets/inv/datasetId', errno.EACCES, ('cannot be changed', 'the API')),
    ('write', 'logs/{logs}/resource.json', errno.EACCES, ('cannot be changed', 'the API')),
    ('write', 'documents/{documents}/content', errno.EACCES, ('cannot be changed', 'drop')),
    ('truncate', 'documents/{documents}/content', errno.EACCES, ('cannot be changed', 'drop')),
    ('read and write', '.lasfs/control', errno.EACCES, ('for writing alone',)),
    ('read and write', 'secrets/{secrets}/data.json', errno.EACCES, ('for writing alone',)),
    ('lengthen', 'datasets/inv/description', errno.EFBIG, ('bytes that it may have',)),
    ('lengthen', f'{DOCS}/x.pdf', errno.EFBIG, ('bytes that',)),
    ('set an attribute', f'{DOCS}/x.pdf', errno.EPERM, ("the field's file",)),
    ('set a long attribute', f'{DOCS}/x.pdf', errno.ENOSPC, ('bytes', 'shorter')),
    ('remove an attribute', f'{DOCS}/x.pdf', errno.EPERM, ("the field's file",)),
]
REMOVALS = [
    ('unlink', 'README', errno.EPERM, ("mount's own", 'unmounted')),
    ('unlink', '.lasfs/status', errno.EPERM, ("mount's own", 'unmounted')),
    ('unlink', '.lasfs/errors', errno.EPERM, ("mount's own", 'unmounted')),
    ('unlink', '.lasfs/control', errno.EPERM, ("mount's own", 'unmounted')),
    ('unlink', '.lasfs/refresh', errno.EPERM, ("mount's own", 'unmounted')),
    ('unlink', '.lasfs/metrics', errno.EPERM, ("mount's own", 'unmounted')),
    ('unlink', 'datasets/.list.jsonl', errno.EPERM, ("mount's own", 'unmounted')),
    ('unlink', f'{DOCS}/.sha256sums', errno.EPERM, ("mount's own", 'unmounted')),
    ('unlink', 'datasets/.by-name/inv', errno.EPERM, ('link', 'remove what it leads to')),
    ('rmdir', 'datasets', errno.EPERM, ('collection', 'remove what is in it')),
    ('rmdir', 'consents', errno.EPERM, ('collection', 'remove what is in it')),
    ('rmdir', '.lasfs', errno.EPERM, ("mount's own",)),
    ('rmdir', '.lasfs/failed', errno.EPERM, ("mount's own",)),
    ('rmdir', 'datasets/.by-name', errno.EPERM, ("mount's own",)),
    ('rmdir', 'transitions/.by-transitionType/manual', errno.EPERM, ("mount's own",)),
    ('rmdir', 'logs/{logs}', errno.EPERM, ('deletes no logs',)),
    ('rmdir', 'datasets/{datasets}', errno.ENOTEMPTY, ('documents in it', 'rm -r')),
    ('rmdir', 'datasets/inv', errno.ENOTEMPTY, ('not sent', 'first')),
]
RENAMES = [
    ('rename', ('datasets', 'x'), errno.EPERM, ('as the API calls it',)),
    ('rename', ('README', 'x'), errno.EPERM, ("mount's own", 'cp')),
    ('rename', ('README', f'{DOCS}/README'), errno.EPERM, ("mount's own", 'cp')),
    ('rename', ('.lasfs/errors', f'{DOCS}/e.pdf'), errno.EPERM, ("mount's own", 'cp')),
    ('rename', ('.lasfs/failed', 'x'), errno.EPERM, ("mount's own",)),
    ('rename', (f'consents/{CONSENT}', 'consents/las:consent:' + 'b' * 32), errno.EPERM,
     ('as the API calls it',)),
    ('rename', ('datasets/.by-name/inv', 'datasets/.by-name/x'), errno.EPERM, ('what it leads to',)),
    ('rename', ('datasets/.list.jsonl', 'datasets/x'), errno.EPERM, ('cp',)),
    ('rename', (f'{DOCS}/x.pdf', 'x.pdf'), errno.EPERM, ('datasets/NAME/documents/',)),
    ('rename', (f'{DOCS}/x.pdf', '.lasfs/x.pdf'), errno.EPERM, ('collection',)),
    ('rename', (f'{DOCS}/x.pdf', 'datasets/inv/x.pdf'), errno.EPERM, ('/datasets/inv/documents/',)),
    ('rename', (f'{DOCS}/x.pdf', 'models/x.pdf'), errno.EPERM, ('NAME.json',)),
    ('rename', (f'{DOCS}/x.pdf', 'logs/x.pdf'), errno.EPERM, ('API itself',)),
    ('rename', (f'{DOCS}/x.pdf', f'{DOCS}/las:document:' + 'a' * 32), errno.EPERM, ('an id',)),
    ('rename', (f'{DOCS}/x.pdf', f'{DOCS}/y.pdf.json'), errno.EPERM, ('another one',)),
    ('rename', (f'{DOCS}/x.pdf', 'documents/{documents}/content'), errno.EPERM, ('another name',)),
    ('rename', ('documents/.x.tmp', 'logs/{logs}/resource.json'), errno.EACCES,
     ('cannot be changed', 'the API')),
    ('rename', (f'{DOCS}/full', 'full'), errno.EPERM, ('mkdir datasets/NAME',)),
    ('rename', (f'{DOCS}/full', f'{DOCS}/las:document:' + 'a' * 32), errno.EPERM, ('an id',)),
    ('rename', ('datasets/inv', 'documents/inv'), errno.EPERM, ('stays in its collection',)),
    ('rename', ('datasets/inv', 'datasets/two'), errno.ENOTEMPTY, ('remove it first',)),
    ('rename', ('datasets/inv', 'datasets/las:dataset:' + 'a' * 32), errno.EPERM, ('an id',)),
    ('rename', ('logs/{logs}', 'logs/x'), errno.EPERM, ('no name that can be changed',)),
    ('rename', ('datasets/inv/name', 'datasets/inv/x'), errno.EPERM, ('as the API calls it', 'cp')),
    ('rename', ('documents/{documents}/content', 'documents/{documents}/x'), errno.EPERM, ('cp',)),
    ('rename, nothing there', ('README', 'x'), errno.EPERM, ("mount's own",)),
    ('exchange', (f'{DOCS}/x.pdf', f'{DOCS}/y.pdf'), errno.EINVAL, ('three renames',)),
    ('rename with a whiteout', (f'{DOCS}/x.pdf', f'{DOCS}/w.pdf'), errno.EINVAL, ('renames',)),
]
# --- What is no failure of anybody's: it has no line ------------------------------------------------

SILENT = [
    ('read', 'documents/nothing.pdf', errno.ENOENT, None),
    ('read', 'nothing', errno.ENOENT, None),
    ('unlink', f'{DOCS}/nothing.pdf', errno.ENOENT, None),
    ('rmdir', f'{DOCS}/nothing', errno.ENOENT, None),
    ('rename', (f'{DOCS}/nothing.pdf', f'{DOCS}/n.pdf'), errno.ENOENT, None),
    ('create anew', f'{DOCS}/x.pdf', errno.EEXIST, None),
    ('create anew', 'README', errno.EEXIST, None),
    ('mkdir', 'datasets/inv', errno.EEXIST, None),
    ('mkdir', f'{DOCS}/full', errno.EEXIST, None),
    ('mkdir', 'documents', errno.EEXIST, None),
    ('rename, nothing there', (f'{DOCS}/x.pdf', f'{DOCS}/y.pdf'), errno.EEXIST, None),
    ('rename', (f'{DOCS}/x.pdf', 'assets/x.pdf'), errno.EXDEV, None),
    ('rename', (f'{DOCS}/full', 'documents/full'), errno.EXDEV, None),
    ('rmdir', f'{DOCS}/full', errno.ENOTEMPTY, None),  # tar looks so whether a folder is empty
    ('rename', (f'{DOCS}/empty', f'{DOCS}/full'), errno.ENOTEMPTY, None),
    ('write', 'datasets', errno.EISDIR, None),
    ('truncate', 'datasets', errno.EISDIR, None),
    ('unlink', f'{DOCS}/full', errno.EISDIR, None),
    ('rmdir', f'{DOCS}/x.pdf', errno.ENOTDIR, None),
    ('read', f'{DOCS}/x.pdf/x', errno.ENOTDIR, None),
    ('read', '.lasfs/control', 0, None),
    ('read', '.lasfs/refresh', 0, None),
    ('read', 'secrets/{secrets}/data.json', 0, None),
    # what a program keeps for itself
    ('mkdir', '.Trash-1000', errno.EPERM, None),
    ('create', '.DS_Store', errno.EPERM, None),
    ('create', '._x.pdf', errno.EPERM, None),
    ('create', '.README.swp', errno.EPERM, None),
    ('create', '4913', errno.EPERM, None),
    ('create', 'datasets/.by-name/Thumbs.db', errno.EPERM, None),
    ('symlink', f'{DOCS}/.#x.pdf', errno.EPERM, None),
    ('link', (f'{DOCS}/x.pdf', f'{DOCS}/x.pdf~'), errno.EPERM, None),
    ('link', ('documents/.x.tmp', 'documents/x.pdf'), errno.EPERM, None),  # they rename it then
]
READ_ONLY = [
    ('create', 'documents/new.pdf', errno.EROFS, ('without ro',)),
    ('mkdir', 'datasets/new', errno.EROFS, ('without ro',)),
    ('write', f'{DOCS}/x.pdf', errno.EROFS, ('without ro',)),
    ('write', 'datasets/inv/name', errno.EROFS, ('without ro',)),
    ('truncate', f'{DOCS}/x.pdf', errno.EROFS, ('without ro',)),
    ('truncate', 'datasets/inv/name', errno.EROFS, ('without ro',)),
    ('unlink', f'{DOCS}/x.pdf', errno.EROFS, ('without ro',)),
    ('rmdir', 'datasets/two', errno.EROFS, ('without ro',)),
    ('rmdir', f'{DOCS}/full', errno.EROFS, ('without ro',)),
    ('rename', (f'{DOCS}/x.pdf', f'{DOCS}/n.pdf'), errno.EROFS, ('without ro',)),
    ('rename', ('datasets/inv', 'datasets/n'), errno.EROFS, ('without ro',)),
    ('set a long attribute', f'{DOCS}/x.pdf', errno.EROFS, ('without ro',)),
    ('create', 'documents/.DS_Store', errno.EROFS, None),
    ('mkdir', 'documents/.Trash-1000', errno.EROFS, None),
]
KEPT = [
    ('unlink', f'{DOCS}/x.pdf', errno.EPERM, ('nodelete',)),
    ('rmdir', 'datasets/two', errno.EPERM, ('nodelete',)),
]
TABLES = {'files': FILES, 'folders': FOLDERS, 'kinds': KINDS, 'writes': WRITES,
          'removals': REMOVALS, 'renames': RENAMES}


@pytest.mark.parametrize('table', TABLES)
def test_a_refusal_has_one_line_that_says_what_to_do(mount, api, made, table):
    with mount.server.watch() as seen:
        check(mount, TABLES[table], made)
    assert not [r for r in seen.changes if r.status < 400], seen.changes


def test_what_is_no_failure_has_none(mount, api, made):
    check(mount, SILENT, made)
    assert mount.run("sed -n 's/^errors *//p' .lasfs/status").out == '0\n'


@pytest.mark.parametrize('option,rows', [('ro', READ_ONLY), ('nodelete', KEPT)])
def test_what_an_option_refuses_has_one(mount, api, made, lasfs, option, rows):
    mount.unmount()
    other = lasfs(option, 'xattr', start=False)
    other.state, other.may_leave = mount.state, True
    other.allow('.*')
    other.start()
    check(other, rows, made)


def test_a_file_that_failed_cannot_be_written_where_it_is_kept(mount, api, made):
    mount.may_leave = True
    with pytest.raises(OSError):
        (mount / 'documents/letter.pdf').write_bytes(b'words, and no document\n' * 9)
    name, = os.listdir(mount / '.lasfs/failed')
    note = 'documents/letter.pdf.error.txt'
    check(mount, [
        ('write', f'.lasfs/failed/{name}', errno.EACCES, ('copy it',)),
        ('truncate', f'.lasfs/failed/{name}', errno.EACCES, ('copy it',)),
        ('rename', (f'.lasfs/failed/{name}', 'documents/new.pdf'), errno.EPERM, ('copy it',)),
        ('write', note, errno.EACCES, ('remove it',)),
        ('rename', (note, 'documents/note.pdf'), errno.EPERM, ('remove it',)),
    ], made)


def test_a_file_on_its_way_is_removed_where_it_was_dropped(mount, api):
    mount.allow('.*')
    with open(mount / 'documents/x.pdf', 'wb', buffering=0) as f:
        f.write(pdf(2000))
        name, = os.listdir(mount / '.lasfs/pending')
        check(mount, [
            ('write', f'.lasfs/pending/{name}', errno.EACCES, ('copy it',)),
            ('unlink', f'.lasfs/pending/{name}', errno.EPERM, ('where it was dropped',)),
            ('rename', (f'.lasfs/pending/{name}', 'documents/new.pdf'), errno.EPERM, ('copy it',)),
        ], {})


def test_a_rename_that_would_take_anothers_place_has_one(mount, api, made):
    mount.may_leave = True
    (mount / 'datasets/j.json').write_text('{}')
    for folder in ('before', 'after'):
        os.mkdir(mount / 'documents' / folder)
        with pytest.raises(OSError):
            (mount / 'documents' / folder / 'a.pdf').write_bytes(b'words, and no document\n' * 9)
        os.unlink(mount / 'documents' / folder / 'a.pdf.error.txt')
    os.rmdir(mount / 'documents/before')
    with open(mount / 'datasets/k.json', 'w') as f:
        f.write('{}')
        check(mount, [
            ('rename', ('datasets/j', 'datasets/k'), errno.EEXIST, ('k.json', 'first')),
            ('rename, nothing there', ('datasets/j', 'datasets/k'), errno.EEXIST, None),
            ('rename', ('datasets/j', 'datasets/' + 'y' * 252), errno.ENAMETOOLONG, ('shorter',)),
            ('rename', ('documents/after', 'documents/before'), errno.ENOTEMPTY, ('.lasfs/failed',)),
        ], made)


def test_a_text_that_is_too_large_has_one(mount, api, made):
    for folder in ('models', 'datasets/inv'):
        with open(mount / folder / 'long.tmp', 'wb') as f:
            f.truncate(TEXT_MAX + 1)
    check(mount, [
        ('rename', ('models/long.tmp', 'models/x.json'), errno.EFBIG, ('shorter',)),
        ('rename', ('datasets/inv/long.tmp', 'datasets/inv/name'), errno.EFBIG, ('shorter',)),
        ('command', '.lasfs/control', errno.EFBIG, ('shorter',)),
    ], made)


# --- With the programs that people use -------------------------------------------------------------

@pytest.mark.parametrize('script,words', [
    ('cp {x} .', '/x.pdf: Operation not permitted: no file can be made at the top: documents go into'),
    ('cp {x} datasets/inv/', 'documents go into /datasets/inv/documents/'),
    ('mv datasets x', 'rename /datasets to /x: '), ('rm README', 'unlink /README: '),
    ('rmdir datasets', 'rmdir /datasets: '), ('ln -s /etc/passwd documents/', 'symlink /documents/passwd: '),
    ('rsync -a {x} ./', 'create /.x.pdf.'), ('mkdir -p models/M/trainings', 'mkdir /models/M: '),
])
def test_a_program_leaves_one(mount, api, samples, script, words):
    mount.allow('not permitted')
    os.mkdir(mount / 'datasets/inv')
    x = shutil.copy(samples.pdf(), mount.folder / 'x.pdf')
    assert mount.run(script.format(x=x), status=None).status
    line, = mount.errors().splitlines()
    assert words in line


def test_looking_through_everything_leaves_none(mount, api, made, tmp_path):
    for script in ('grep -r nothing .', 'ls -lR', f'tar cf {tmp_path}/all.tar .',
                   f'cp -r . {tmp_path}/copy', 'find . -type f -exec cat {} + > /dev/null', 'du -s'):
        ran = mount.run(script, status=None)
        assert (ran.status, ran.err) == (0, ''), script
    assert mount.errors() == ''
