#!/usr/bin/python3
"""Holds every #include to the folders' order: what the linker cannot see.

fs -> cache, fs -> backend, all -> base, nothing back. Usage: includes.py ROOT
"""
import re
import sys
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)

LIBRARIES = re.compile(r'^(curl/|jansson\.h|ini\.h|nettle/|microhttpd\.h|sqlite3\.h|uthash\.h|utlist\.h'
                       r'|magic\.h|fuse|cmocka\.h)')

# Whose headers, besides its own and base's, a folder may include, and which libraries.
FOLDERS = {
    'base': ((), ()),
    'backend': ((), ('curl/', 'jansson.h', 'ini.h', 'nettle/')),
    'backend/sandbox': (('backend/resources.h', 'backend/json_text.h', 'backend/time_text.h'),
                        ('microhttpd.h', 'sqlite3.h', 'jansson.h', 'nettle/')),
    'cache': ((), ('sqlite3.h', 'nettle/')),
    'fs': (('backend/backend.h', 'backend/body.h', 'backend/record.h', 'backend/resources.h',
            'backend/credentials.h', 'cache/'), ('magic.h',)),
}
# Single files that may do more, or less, than their folder.
EXTRA_LIBRARIES = {'base/hash.h': ('uthash.h', 'utlist.h')}
FUSE = re.compile(r'^fs/(main\.c|options[a-z_]*\.[ch]|ops[a-z_]*\.[ch]|notify\.[ch])$')
ONLY_BASE = ('backend/resources.c', 'backend/resources.h')


def headers(root):
    """bare name -> path under root; a name twice is an error of its own"""
    found, twice = {}, []
    for folder in FOLDERS:
        for path in sorted((root / folder).glob('*.h')):
            if path.name in found:
                twice.append(f'{folder}/{path.name}: {found[path.name]} has the same name')
            found[path.name] = f'{folder}/{path.name}'
    return found, twice


def may_use_library(file, folder, header):
    if FUSE.match(file) and header.startswith('fuse'):
        return True
    if file in ONLY_BASE:
        return False
    allowed = FOLDERS[folder][1] + EXTRA_LIBRARIES.get(file, ())
    return any(header.startswith(a) for a in allowed)


def may_use_header(file, folder, target):
    home = target.rpartition('/')[0]
    if home == 'base':
        return True
    if file in ONLY_BASE:
        return target == 'backend/resources.h'
    if home == folder:
        return True
    return any(target == a or a.endswith('/') and target.startswith(a) for a in FOLDERS[folder][0])


def check(file, folder, text, known):
    includes = INCLUDE.findall(text)
    for quote, header in includes:
        if '..' in header or '/' in header and quote == '"':
            yield f'{file}: "{header}": headers go by their bare name'
        elif quote == '"':
            target = known.get(header)
            if not target:
                yield f'{file}: "{header}" is no header of this project: libraries stand in <>'
            elif not may_use_header(file, folder, target):
                yield f'{file}: {folder}/ must not include {target}'
        elif LIBRARIES.match(header) and not may_use_library(file, folder, header):
            yield f'{file}: must not include <{header}>'
    if file.endswith('.c') and (not includes or includes[-1] != ('"', 'banned.h')):
        yield f'{file}: the last include must be "banned.h"'


def main():
    root = Path(sys.argv[1])
    known, problems = headers(root)
    files = 0
    for folder in FOLDERS:
        for path in sorted((root / folder).glob('*.[ch]')):
            files += 1
            file = f'{folder}/{path.name}'
            problems += check(file, folder, path.read_text(), known)
    for problem in problems:
        print(problem)
    print(f'{files} files, {len(problems)} problems')
    sys.exit(1 if problems or not files else 0)


if __name__ == '__main__':
    main()
