#!/usr/bin/python3
"""Holds every #include to the rooms' doors: what the linker cannot see.

A room is a folder with a library of its own. Arrows between rooms go one way, through public
headers; no modules (X.c with X.h) reach each other in a circle; docs/MAINTAINING.md has the same
table. Usage: includes.py ROOT
"""
import re
import sys
from pathlib import Path
from typing import NamedTuple

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)

LIBRARIES = re.compile(r'^(curl/|jansson\.h|ini\.h|nettle/|microhttpd\.h|gnutls/|sqlite3\.h|uthash\.h|utlist\.h'
                       r'|magic\.h|utf8proc\.h|fuse|cmocka\.h|systemd/)')


class Room(NamedTuple):
    uses: tuple = ()       # rooms, whose public headers it may include; all may use base
    libraries: tuple = ()  # as MAINTAINING.md names them
    private: tuple = ()    # headers for this room alone


ROOMS = {
    'base': Room(),
    'backend/api': Room(libraries=('jansson',)),
    'backend/record': Room(('backend/api',), ('jansson', 'nettle'),
                           ('body_inside.h', 'labels.h', 'labels_merge.h', 'pack.h', 'shape.h')),
    'backend/http': Room(('backend/api',), ('curl', 'nettle'),
                         ('breaker.h', 'error_text.h', 'pacer.h', 'retry.h', 'status.h', 'transfer.h',
                          'upload.h', 'wire.h')),
    'backend/auth': Room(('backend/http', 'backend/api'), ('jansson', 'inih'),
                         ('token_cache.h',)),
    'backend/client': Room(('backend/auth', 'backend/http', 'backend/record', 'backend/api'), (),
                           ('perform.h',)),
    'backend/sandbox/store': Room(('backend/api',), ('jansson', 'sqlite3')),
    'backend/sandbox/core': Room(('backend/sandbox/store', 'backend/api'), ('jansson', 'nettle')),
    'backend/sandbox/rows': Room(('backend/sandbox/core', 'backend/sandbox/store', 'backend/api'),
                                  ('jansson',)),
    'backend/sandbox/kinds': Room(('backend/sandbox/rows', 'backend/sandbox/core', 'backend/api'),
                                   ('jansson', 'nettle')),
    'backend/sandbox/rest': Room(('backend/sandbox/kinds', 'backend/sandbox/rows',
                                  'backend/sandbox/core', 'backend/sandbox/store', 'backend/api'),
                                  ('jansson', 'nettle')),
    'backend/sandbox/server': Room(('backend/sandbox/rest', 'backend/sandbox/rows',
                                    'backend/sandbox/core', 'backend/api'), ('microhttpd',
                                    'gnutls', 'nettle')),
    'backend/sandbox/seed': Room(('backend/sandbox/server', 'backend/sandbox/rows',
                                  'backend/sandbox/core', 'backend/api'), ('nettle',)),
    'backend/sandbox': Room(('backend/sandbox/seed', 'backend/sandbox/server',
                             'backend/sandbox/rest', 'backend/sandbox/kinds',
                             'backend/sandbox/core', 'backend/sandbox/store')),
    'cache': Room((), ('nettle', 'sqlite3')),
    'fs/core': Room(),
    'fs/path': Room(('backend/api',), ('utf8proc',)),
    'fs/drop': Room(('fs/path', 'backend/api', 'cache'), (),
                    ('drop_links.h', 'drop_load.h', 'drop_rekey.h', 'drop_shared.h')),
    'fs/remote': Room(('fs/core', 'fs/path', 'backend/client', 'backend/record', 'backend/api', 'cache'),
                      (), ('api_path.h', 'id_order.h', 'list_pace.h', 'list_search.h', 'listing_context.h', 'page_fetch.h', 'remote_context.h', 'title_order.h', 'walk.h')),
    'fs/journal': Room(('cache',), (), ('due_heap.h', 'entry_index.h', 'journal_context.h')),
    'fs/upload': Room(('fs/journal', 'fs/remote', 'fs/drop', 'fs/core', 'fs/path', 'backend/client',
                       'backend/record', 'backend/api', 'cache'), ('libmagic',),
                      ('adopt.h', 'complete.h', 'complete_formats.h', 'pair.h', 'pdf_header.h', 'inbox_look.h', 'inbox_put.h', 'inbox_work.h',
                       'intents.h', 'passes.h', 'posting.h',
                       'replace.h', 'unsure.h', 'uploads_context.h')),
    'fs/inode': Room(('fs/remote', 'fs/drop', 'fs/core', 'fs/path', 'backend/record', 'backend/api'), (),
                     ('follow.h', 'inodes_context.h', 'shared_place.h')),
    'fs/pseudo': Room(('fs/inode', 'fs/upload', 'fs/remote', 'fs/drop', 'fs/core', 'fs/path',
                       'backend/client', 'cache'), (),
                      ('checksums.h', 'control.h', 'field.h', 'pseudo_context.h')),
    'fs/dir': Room(('fs/pseudo', 'fs/inode', 'fs/remote', 'fs/drop', 'fs/core',
                    'fs/path'), (), ('dirs_context.h', 'fill_drops.h', 'fill_links.h')),
    'fs/file': Room(('fs/pseudo', 'fs/inode', 'fs/upload', 'fs/remote', 'fs/drop', 'fs/core',
                     'fs/path'), (),
                    ('drop_close.h', 'drop_read.h', 'drop_write.h', 'drop_writer.h', 'files_context.h')),
    'fs/vfs': Room(('fs/dir', 'fs/file', 'fs/pseudo', 'fs/inode', 'fs/upload', 'fs/remote',
                    'fs/drop', 'fs/core', 'fs/path', 'backend/client', 'cache'), (), ('fs_context.h', 'move.h', 'park.h', 'remove.h')),
    'fs/fuse': Room(('fs/vfs', 'fs/inode', 'fs/core'), ('fuse3',)),
    'fs/mount': Room(('fs/fuse', 'fs/vfs', 'fs/core', 'backend/client', 'backend/auth', 'backend/api'),
                     ('fuse3',)),
}
HEADERS = {'curl': 'curl/', 'jansson': 'jansson.h', 'inih': 'ini.h', 'nettle': 'nettle/',
           'microhttpd': 'microhttpd.h', 'gnutls': 'gnutls/', 'sqlite3': 'sqlite3.h', 'libmagic': 'magic.h',
           'utf8proc': 'utf8proc.h', 'fuse3': 'fuse'}

# Single files that may do more, or less, than their room.
EXTRA_LIBRARIES = {'base/hash.h': ('uthash.h', 'utlist.h')}
ONLY_BASE = tuple(f'backend/api/{name}' for name in
                  ('resources.c', 'resources.h', 'table.h', 'fields.c', 'fields.h', 'schemas.c',
                   'schemas.h', 'ids.c', 'ids.h'))


def short_name(room):
    """Of a room, as its folder in tests/unit is called; the sandbox's rooms have one together."""
    return 'sandbox' if room.startswith('backend/sandbox') else room.rpartition('/')[2]


def sources(root, room):
    return sorted((root / room).glob('*.[ch]'))


def headers(root):
    """bare name -> path under root; a name twice is an error of its own"""
    found, twice = {}, []
    for room in ROOMS:
        for path in sorted((root / room).glob('*.h')):
            if path.name in found:
                twice.append(f'{room}/{path.name}: {found[path.name]} has the same name')
            found[path.name] = f'{room}/{path.name}'
    return found, twice


def may_use_library(file, room, header):
    if file in ONLY_BASE:
        return False
    allowed = tuple(HEADERS[name] for name in ROOMS[room].libraries) + EXTRA_LIBRARIES.get(file, ())
    return header.startswith(allowed) if allowed else False


def why_not(file, room, target):
    """None: the header may be used."""
    home, _, name = target.rpartition('/')
    if file in ONLY_BASE and target not in ONLY_BASE and home != 'base':
        return f'{file}: the table includes base alone, not {target}'
    if home in (room, 'base'):
        return None
    if home not in ROOMS[room].uses:
        return f'{file}: {room}/ must not include {target}'
    if name in ROOMS[home].private:
        return f'{file}: {target} is for {home}/ alone'
    return None


def check(file, room, text, known):
    includes = INCLUDE.findall(text)
    for quote, header in includes:
        if '..' in header or '/' in header and quote == '"':
            yield f'{file}: "{header}": headers go by their bare name'
        elif quote == '"':
            target = known.get(header)
            problem = (why_not(file, room, target) if target else
                       f'{file}: "{header}" is no header of this project: libraries stand in <>')
            if problem:
                yield problem
        elif LIBRARIES.match(header) and not may_use_library(file, room, header):
            yield f'{file}: must not include <{header}>'
    if file.endswith('.c') and (not includes or includes[-1] != ('"', 'banned.h')):
        yield f'{file}: the last include must be "banned.h"'


def arrows(root, known):
    """module -> the modules that it includes; X.c and X.h are one module"""
    found = {}
    for room in ROOMS:
        for path in sources(root, room):
            module = f'{room}/{path.stem}'
            of = found.setdefault(module, set())
            for quote, header in INCLUDE.findall(path.read_text()):
                if quote == '"' and header in known:
                    of.add(known[header].removesuffix('.h'))
            of.discard(module)
    return found


def reached(graph, start):
    seen, todo = set(), list(graph.get(start, ()))
    while todo:
        module = todo.pop()
        if module not in seen:
            seen.add(module)
            todo += graph.get(module, ())
    return seen


def circles(graph):
    """The sets of modules that all reach each other."""
    reach = {module: reached(graph, module) for module in graph}
    found = {frozenset(other for other in reach[module] if module in reach.get(other, ()))
             for module in graph if module in reach[module]}
    return sorted(sorted(circle) for circle in found)


def check_circles(graph):
    for circle in circles(graph):
        yield f'{len(circle)} modules include each other in a circle: {" ".join(circle)}'


def check_doors(root, known):
    """No door is left that nobody goes through."""
    for room, row in ROOMS.items():
        text = '\n'.join(path.read_text() for path in sources(root, room))
        used = {known[h].rpartition('/')[0] for q, h in INCLUDE.findall(text) if q == '"' and h in known}
        system = [h for q, h in INCLUDE.findall(text) if q == '<']
        yield from (f'{room}: nothing in it uses {other}' for other in row.uses if other not in used)
        yield from (f'{room}: nothing in it uses {name}' for name in row.libraries
                    if not any(h.startswith(HEADERS[name]) for h in system))


def check_order():
    """The table itself has no circle: each room stands below those that use it."""
    above = []
    for room, row in ROOMS.items():
        for used in row.uses:
            if used not in above:
                yield f'{room} uses {used}, which does not stand above it in the table'
        above.append(room)


def check_page(root):
    """The same doors in docs/MAINTAINING.md."""
    page = (root / 'docs/MAINTAINING.md').read_text()
    rows = dict(re.findall(r'^\| `([\w/]+)/` \| [^|]+ \| ([^|]*) \|$', page, re.M))
    for room, row in ROOMS.items():
        want = ', '.join([f'`{used}`' for used in row.uses] + list(row.libraries)) or '-'
        if rows.get(room) != want:
            yield f'docs/MAINTAINING.md: {room}/ may use: {want} (it says: {rows.get(room)})'


def main():
    root = Path(sys.argv[1])
    known, problems = headers(root)
    problems += [*check_order(), *check_circles(arrows(root, known)), *check_page(root)]
    problems += check_doors(root, known)
    files = 0
    for room in ROOMS:
        for path in sources(root, room):
            files += 1
            file = f'{room}/{path.name}'
            problems += check(file, room, path.read_text(), known)
        problems += [f'{room}/{name}: the table says that it is private, and it is not there'
                     for name in ROOMS[room].private if not (root / room / name).exists()]
    for problem in problems:
        print(problem)
    print(f'{files} files in {len(ROOMS)} rooms, {len(problems)} problems')
    sys.exit(1 if problems or not files else 0)


if __name__ == '__main__':
    main()
