#!/usr/bin/python3
"""Locks are taken in the order of docs/ARCHITECTURE.md's table, as far as one can read it off.

For each place where a lock is held: which others are taken there, in the same function or in those
that it calls. The table must say that the one may be held when the other is taken, and each row
stands below those that it names; its order is that of base/lock.h, which is checked at run time. What is called by a pointer is not seen. Usage: lock_order.py ROOT
"""
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'lib'))

from includes import ROOMS, sources  # noqa: E402
from page import PAGE, quoted, section, table  # noqa: E402

# Of one open directory and one open list: over whatever it takes to read them.
OUTERMOST = ('dirhandle.lock', 'list_reader.lock')
# Functions that are nothing but a lock.
LOCKS_BY_NAME = {'drops': 'drops.lock'}

FUNCTION = re.compile(r'^(\w[\w\s*]*?)\b(\w+)\(([^;{}]*?)\)\n\{\n(.*?)^\}', re.M | re.S)
STRUCT = re.compile(r'^struct (\w+) \{\n(.*?)^\}', re.M | re.S)
VARIABLE = r'struct (\w+) (?:\*+(?:const )?)?(?:\w+[^;,]*, \*?)?{}\b'
EVENT = re.compile(r'\b(?:pthread_mutex_(?:lock|trylock|(unlock))|lock_(?:take|take_unless|try|(give)))\(&([\w>.-]+)'
                   r'|\b(\w+)_(?:lock|(unlock))\(')
CALL = re.compile(r'\b(\w+)\(')


def bare(text):
    """Without comments and texts."""
    text = re.sub(r'/\*.*?\*/', lambda m: '\n' * m[0].count('\n'), text, flags=re.S)
    return re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', text)


class Code:
    """All functions, and what each does with locks. A static one is (file, name), others their name."""

    def __init__(self, root):
        self.functions, self.members = {}, {}
        for path in [path for room in ROOMS for path in sources(root, room)]:
            text = bare(path.read_text())
            for name, body in STRUCT.findall(text):
                for of, member in re.findall(r'struct (\w+) \*?(\w+);', body):
                    self.members[name, member] = of
            for kind, name, arguments, body in FUNCTION.findall(text):
                key = (path, name) if 'static' in kind.split() else name
                self.functions[key] = (path, arguments, body)
        self.events = {key: list(self.find_events(key)) for key in self.functions}
        self.calls = {key: [(m.start(), self.resolve(path, m[1])) for m in CALL.finditer(body)]
                      for key, (path, _, body) in self.functions.items()}
        self.known = {}

    def resolve(self, path, name):
        return next((key for key in ((path, name), name) if key in self.functions), None)

    def lock_of(self, key, expression):
        """remote->lists_lock, of a struct remote *remote: remote.lists_lock."""
        _, arguments, body = self.functions[key]
        first, *rest = re.split(r'->|\.', expression)
        found = re.search(VARIABLE.format(re.escape(first)), arguments + ';\n' + body)
        struct = found[1] if found else '?'
        for member in rest[:-1]:
            struct = self.members.get((struct, member), '?')
        return f'{struct}.{rest[-1]}' if rest else None

    def find_events(self, key):
        """(position, takes it, lock)"""
        for m in EVENT.finditer(self.functions[key][2]):
            lock = self.lock_of(key, m[3]) if m[3] else LOCKS_BY_NAME.get(m[4])
            if lock:
                yield m.start(), not (m[1] or m[2] or m[5]), lock

    def held(self, key, lock):
        """Where in key's body it is held: from each lock to the last unlock before the next."""
        body, mine = self.functions[key][2], [e for e in self.events[key] if e[2] == lock]
        if mine and not mine[0][1]:  # its caller had it
            yield 0, mine[0][0]
        for i, (at, takes, _) in enumerate(mine):
            if takes:
                later = [e for e in mine[i + 1:]]
                end = next((e[0] for e in later if e[1]), len(body))
                yield at + 1, max((e[0] for e in later if e[0] < end), default=len(body))

    def taken(self, key, lock):
        """What key takes while its caller holds lock (None: whatever it takes): lock -> by which way."""
        if (key, lock) not in self.known:
            self.known[key, lock] = {}  # a function that calls itself adds nothing
            mine = [e for e in self.events[key] if e[2] == lock]
            spans = list(self.held(key, lock)) if mine and not mine[0][1] else [(0, 1 << 30)]
            self.known[key, lock] = self.within(key, lock, spans)
        return self.known[key, lock]

    def within(self, key, lock, spans):
        found = {}
        name = key if isinstance(key, str) else key[1]
        for start, end in spans:
            for at, takes, other in self.events[key]:
                if takes and other != lock and start <= at < end:
                    found.setdefault(other, name)
            for at, called in self.calls[key]:
                if called and called != key and start <= at < end:
                    for other, way in self.taken(called, lock).items():
                        found.setdefault(other, f'{name} > {way}')
        return found

    def ranks(self, header):
        """lock -> its place in enum lock_rank"""
        order = re.findall(r'^    X\((\w+)\)', header, re.M)
        found = {}
        for key, (_, _, body) in self.functions.items():
            for expression, rank in re.findall(r'lock_init\(&([\w>.-]+), LOCK_(\w+)\)', body):
                found[self.lock_of(key, expression)] = order.index(rank)
            for struct, fields in re.findall(r'\(struct (\w+)\)\{(.*?)\};', body, re.S):
                for member, rank in re.findall(r'\.(\w+) = LOCK_INIT\(LOCK_(\w+)\)', fields):
                    found[f'{struct}.{member}'] = order.index(rank)
        return found

    def orders(self):
        """(held, taken) -> the way from the one to the other"""
        found = {}
        for key in self.functions:
            for lock in {e[2] for e in self.events[key] if e[1]}:
                spans = [span for span in self.held(key, lock) if span[0] > 0]
                for other, way in self.within(key, lock, spans).items():
                    found.setdefault((lock, other), way)
        return found


def main():
    root = Path(sys.argv[1])
    rows = table(section((root / PAGE).read_text(), 'Locks'))
    may = {name: quoted(row[2]) for row in rows for name in quoted(row[0])}
    place = {name: i for i, row in enumerate(rows) for name in quoted(row[0])}
    code = Code(root)
    orders = code.orders()
    ranks = code.ranks((root / 'base/lock.h').read_text())
    problems = [f'{PAGE}: {lock} may be held when {name} is taken, and does not stand above it'
                for name in may for lock in may[name] if place.get(lock, len(rows)) >= place[name]]
    problems += [f'{PAGE}: {taken} is taken while {held} is held, in {way}'
                 for (held, taken), way in orders.items()
                 if held not in may.get(taken, ()) and held not in OUTERMOST]
    problems += [f'{PAGE}: nothing takes {name} while {lock} is held'
                 for name in may for lock in may[name] if (lock, name) not in orders]
    problems += [f'{PAGE}: {taken} is taken while {held} is held, which may be over others only, in {way}'
                 for (held, taken), way in orders.items() if taken in OUTERMOST]
    problems += [f'{PAGE}: {name} stands below {after}, which base/lock.h has after it'
                 for name in ranks for after in ranks
                 if ranks[name] < ranks[after] and place.get(name, 0) > place.get(after, len(rows))]
    for problem in sorted(problems):
        print(problem)
    print(f'{len(orders)} pairs of locks, {len(problems)} problems')
    sys.exit(1 if problems or not orders else 0)


if __name__ == '__main__':
    main()
