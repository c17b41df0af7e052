"""What each name may hold, by what the tools were told.

A tool that said 0 has done it. One that said anything else may have done it or not, but never half
of it: so what is known is a set of worlds, each of which says of some names what bytes they have. A
move ties two names together, and they have their worlds in common.
"""
import hashlib
import threading

ABSENT = None
EMPTY = hashlib.sha256(b'').hexdigest()
WORLDS_MAX = 256  # of names that belong together: what is less sure is left alone from then on


def digest_of(data):
    return hashlib.sha256(data).hexdigest()


class Group:
    """Names whose bytes depend on each other, and all that they may be."""

    def __init__(self, worlds):
        self.worlds = worlds

    @property
    def names(self):
        return set().union(*self.worlds)

    def become(self, worlds):
        self.worlds = [dict(w) for w in {tuple(sorted(w.items())): None for w in worlds}]


def merged(one, other):
    return one if one is other else Group([{**a, **b} for a in one.worlds for b in other.worlds])


def moved(world, source, target):
    return {**world, target: world[source], source: ABSENT}


class Model:
    """Any thread; but only one at a time works on a name."""

    def __init__(self):
        self.lock = threading.RLock()
        self.groups = {}
        self.lineage = {}   # by name: what may ever have been there, here or where it came from
        self.acked = set()  # digests of which a tool said that they are there
        self.put_as = {}    # by digest: the names that it was put to
        self.labels = {}    # by name: what its sidecar said; None: not sure
        self.said = {}      # by name: all that may ever have been said of it, or what it was

    # --- Asking --------------------------------------------------------------------------------

    def group(self, name):
        return self.groups.setdefault(name, Group([{name: ABSENT}]))

    def all_groups(self):
        return list({id(g): g for g in self.groups.values()}.values())

    def may_be(self, name):
        with self.lock:
            return {w[name] for w in self.group(name).worlds}

    def surely(self, name):
        """Its digest, or ABSENT; KeyError: not sure."""
        values = self.may_be(name)
        if len(values) > 1:
            raise KeyError(name)
        return next(iter(values))

    def is_there(self, name):
        return ABSENT not in self.may_be(name)

    def is_usable(self, *names):
        return all(len(self.group(n).worlds) <= WORLDS_MAX // 4 for n in names)

    def names_of(self, digest):
        """All that may ever have had it."""
        return {n for n, had in self.lineage.items() if digest in had}

    # --- Telling -------------------------------------------------------------------------------

    def put(self, name, digest, done, unlinks=False):
        """unlinks: the tool may remove what is there before it writes."""
        with self.lock:
            group = self.group(name)
            before = self.may_be(name)
            worlds = [{**w, name: digest} for w in group.worlds]
            if not done:
                worlds += group.worlds
                if unlinks or ABSENT in before:
                    worlds += [{**w, name: new} for w in group.worlds for new in (ABSENT, EMPTY)
                               if unlinks or w[name] in (ABSENT, EMPTY)]
            else:
                self.acked.add(digest)
            self.put_as.setdefault(digest, set()).add(name)
            if before & {ABSENT, EMPTY}:
                self.labels[name] = None
            self.settle(group, worlds)

    def remove(self, name, done):
        with self.lock:
            group = self.group(name)
            worlds = [{**w, name: ABSENT} for w in group.worlds]
            self.labels[name] = None
            self.settle(group, worlds if done else worlds + group.worlds)

    def move(self, source, target, done, copies=False):
        """copies: the tool may copy first, and remove then."""
        with self.lock:
            group = merged(self.group(source), self.group(target))
            there = [w for w in group.worlds if w[source] is not ABSENT] or group.worlds
            worlds = [moved(w, source, target) for w in there]
            if not done:
                worlds += group.worlds
                if copies:
                    worlds += [{**w, target: new} for w in there
                               for new in (w[source], ABSENT, EMPTY)]
            self.said.setdefault(target, set()).update(self.said.get(source, ()))
            self.labels[source] = self.labels[target] = None
            self.lineage.setdefault(target, set()).update(self.lineage.get(source, ()))
            self.settle(group, worlds)

    def label(self, name, token, done):
        with self.lock:
            self.said.setdefault(name, set()).add(token)
            sure = done and self.is_there(name) and EMPTY not in self.may_be(name)
            self.labels[name] = token if sure else None

    def settle(self, group, worlds):
        """Names that do not depend on each other any more go their own ways."""
        group.become(worlds)
        for name in group.names:
            self.lineage.setdefault(name, set()).update({w[name] for w in group.worlds} - {ABSENT})
        sure = {n for n in group.names if len({w[n] for w in group.worlds}) == 1}
        for name in sure:
            self.groups[name] = Group([{name: group.worlds[0][name]}])
        rest = group.names - sure
        if rest:
            group.become([{n: w[n] for n in rest} for w in group.worlds])
            for name in rest:
                self.groups[name] = group
