"""What the server should say of each resource, beside its bytes: ground truth, retention,
description; and of datasets. Each is the set of the values that are legal, mostly one."""
import time

UNSET = {'label': None, 'keep': 1825, 'describe': ''}
INHERITED_SECONDS = 1  # who removes a document and makes it anew at once replaces it


class Doc:
    """One resource, for as long as it is the same one."""

    def __init__(self, like=None):
        self.alive, self.after = True, []
        if like:
            like.after.append(self)
        for field, value in UNSET.items():
            setattr(self, field, set(getattr(like, field)) if like else {value})

    def put(self, field, value):
        setattr(self, field, {value})

    def may(self, field, value):
        """Or what took its place since."""
        getattr(self, field).add(value)
        for doc in self.after:
            doc.may(field, value)

    def seen(self, field, value):
        """Is it legal? Then it is what it is."""
        legal = getattr(self, field)
        if value not in legal:
            return False
        setattr(self, field, {value})
        return True

    def replaces(self, old):
        """It is renamed over old: labels of its own stay, all else is old's."""
        own = self.label - {None}
        self.label = own | old.label if None in self.label else own
        self.keep = set(old.keep)
        old.alive = False
        old.after.append(self)

    def either(self, other):
        for field in UNSET:
            setattr(self, field, getattr(self, field) | getattr(other, field))


class Heirs:
    """Documents that were removed a moment ago, by name."""

    def __init__(self):
        self.left = []

    def leave(self, name, doc, before):
        self.left.insert(0, [name, doc, before, time.monotonic()])

    def claim(self, name, before):
        """What a file that is made anew inherits: None, or (doc, surely, folder)."""
        now = time.monotonic()
        for heir in self.left:
            if heir[0] == name and before - heir[3] < INHERITED_SECONDS + 0.2:
                self.left.remove(heir)
                return heir[1], now - heir[2] < INHERITED_SECONDS - 0.1, name.partition('/')[0]
        return None


class Sets:
    """Datasets that are made, dropped and renamed; on the mount alone. A name is a directory's or
    that of a dropped NAME.json, which are other names."""

    def __init__(self):
        self.docs = {}

    def expect(self, op):
        """An errno's name, or None, of a call that is to be made."""
        kind, name = op[:2]
        there = name in self.docs
        if kind == 'set_make':
            return 'EEXIST' if there else None
        if kind == 'set_drop':
            return None
        if not there:
            return 'ENOENT'
        if kind == 'set_rename' and not op[3:] and op[2] in self.docs:
            return ('ENOTEMPTY', 'EEXIST') if op[2] != name else ('ENOTEMPTY', None)
        return None

    def note(self, op):
        kind, name = op[:2]
        if kind == 'set_make':
            self.docs[name] = Doc()
        elif kind == 'set_drop':
            self.docs.setdefault(name, Doc()).put('describe', str(op[2]))
        elif kind == 'set_rename' and name != op[2]:
            self.docs[op[2]] = self.docs.pop(name)
        elif kind == 'set_remove':
            del self.docs[name]
        elif kind == 'set_put':
            self.docs[name].put('describe', str(op[4]))
