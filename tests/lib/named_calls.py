"""The model's calls that go through names (named.py), and what they must come to (said.py)."""
from said import UNSET
from syscalls import Failed

NAMED = ('put', 'get', 'hold', 'put_held', 'together', 'check', 'set_make', 'set_drop', 'set_put',
         'set_get', 'set_rename', 'set_remove')
GONE = ('ENOENT', 'ENOTDIR', 'ESTALE')  # of what is not there, or just goes


class Mismatch(Exception):
    """The two differ, and no difference that is allowed says so."""


def short(value):
    text = repr(value)
    if isinstance(value, bytes) and len(value) > 40:
        return f'{len(value)} bytes that begin with {value[:30]!r}'
    return text if len(text) < 300 else text[:300] + '...'


class NamedCalls:
    """Of one sequence."""

    def __init__(self, run):
        self.run, self.model, self.world = run, run.model, run.world

    def call(self, op):
        if self.usable(op):
            self.run.calls += 1
            return getattr(self, 'call_' + op[0].partition('_')[0])(op)
        return None

    def usable(self, op):
        return op[0] != 'put_held' or self.model.held

    def helper(self, op):
        return self.world.helper.call(self.run.mount.tag, op)

    def made(self, op, at):
        return self.run.mount.call(op) if at == 'self' else self.helper(op)

    def forget(self):
        """Nobody stays in the mount."""
        self.model.held, self.model.heirs.left = None, []
        if self.world.delivers:
            self.world.helper.home()

    def count(self, what, there):
        key = what if there else what + ' of nothing'
        self.run.met[key] = self.run.met.get(key, 0) + 1

    @staticmethod
    def wrong(op, got, want):
        raise Mismatch(f'{op}: {short(got)}, not {want}')

    def doc(self, name):
        file = self.model.file(name)
        return file.doc if file else None

    # --- What is said of a file's resource -------------------------------------------------------

    def call_put(self, op):
        if op[0] == 'put_held':
            return self.call_put_held(op)
        _, name, _, at, field, value = op
        doc, got = self.doc(name), self.made(op, at)
        if got not in ([None] if doc else GONE):
            self.wrong(op, got, 'done' if doc else 'ENOENT')
        self.count('put', doc)
        if doc:
            doc.put(field, value)
        return None

    def call_get(self, op):
        _, name, _, at, field = op
        doc, got = self.doc(name), self.made(op, at)
        self.count('get', doc)
        if isinstance(got, Failed) or not doc:
            if doc or got not in GONE:
                self.wrong(op, got, getattr(doc, field) if doc else 'ENOENT')
        elif not doc.seen(field, got):
            self.wrong(op, got, getattr(doc, field))

    def call_hold(self, op):
        doc, got = self.doc(op[1]), self.helper(op)
        if got not in ([None] if doc else GONE):
            self.wrong(op, got, 'open' if doc else 'ENOENT')
        if doc:
            self.model.held = op[4], doc

    def call_put_held(self, op):
        """It is the resource's that it was opened for, wherever that is now; or nobody's."""
        (field, doc), self.model.held = self.model.held, None
        value = str(op[1]) if field == 'describe' else op[1]
        got = self.helper(('put_held', field, value))
        self.count('put held', doc.alive)
        if got is None and doc.alive:
            doc.put(field, value)
        elif got is None or doc.alive:
            self.wrong(op, got, 'done' if doc.alive else 'ENOENT')

    # --- Two processes at once -------------------------------------------------------------------

    def call_together(self, op):
        """The helper makes calls while others are made here. What it writes is that of a resource
        which the name stood for meanwhile, or of none."""
        _, mine, its = op
        names = {o[1] for o in its}
        seen, files = {name: [] for name in names}, {name: [] for name in names}
        self.look(seen, files)
        before = {id(doc): {f: set(getattr(doc, f)) for f in UNSET}
                  for docs in seen.values() for doc in docs}
        self.world.helper.begin(self.run.mount.tag, its)
        try:
            for one in mine:
                self.run.call(one)
                self.look(seen, files)
        finally:
            results = self.world.helper.finish()
        for one, got in zip(its, results):
            self.count('together', not isinstance(got, Failed))
            self.settle(one, got, seen[one[1]], its, before)

    def look(self, seen, files):
        """What is sent because of a rename is a document before it has its new name."""
        for name, docs in seen.items():
            file = self.model.file(name)
            if file and file not in files[name]:
                files[name].append(file)
            docs += [f.doc for f in files[name] if f.doc and f.doc not in docs]

    def settle(self, op, got, docs, its, before):
        field = op[4]
        if isinstance(got, Failed):
            if got not in GONE:
                self.wrong(op, got, 'done, or ENOENT')
        elif not docs:
            self.wrong(op, got, 'ENOENT: it never was there')
        elif op[0] == 'put':
            for doc in docs:
                doc.may(field, op[5])
        else:
            legal = {o[5] for o in its if o[0] == 'put' and o[4] == field}
            for doc in docs:
                legal |= getattr(doc, field) | before.get(id(doc), {}).get(field, set())
            if got not in legal:
                self.wrong(op, got, legal)

    # --- At a checkpoint -------------------------------------------------------------------------

    def call_check(self, _):
        self.world.check(self.model)

    # --- Datasets --------------------------------------------------------------------------------

    def call_set(self, op):
        sets = self.model.sets
        want = sets.expect(op)
        at = op[3] if op[0] in ('set_put', 'set_get') else 'self'
        got = self.made(op, at)
        if op[0] == 'set_get' and want is None:
            if got not in sets.docs[op[1]].describe:
                self.wrong(op, got, sets.docs[op[1]].describe)
        elif got not in (want if isinstance(want, tuple) else (want,)):
            self.wrong(op, got, want or 'done')
        if not isinstance(got, Failed):
            sets.note(op)
