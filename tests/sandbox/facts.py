"""The facts of the API's descriptions (data/api-facts*.tsv), and whether an answer keeps to them.

The functions of the module are of 2021; of_2024() has the same for today's."""
import collections
import pathlib
import re

DATA = pathlib.Path(__file__).resolve().parent.parent / 'data'

Fact = collections.namedtuple('Fact', 'what verb path place type required nullable min max '
                                      'pattern enum closed')

# What the service answers though its description forbids it: a config that is not set.
NULL_IN_REALITY = {'completedConfig'}


def load(name='api-facts.tsv'):
    with open(DATA / name) as f:
        next(f)
        return [Fact(*line.rstrip('\n').split('\t')) for line in f]


FACTS = load()
ENDPOINTS = [(f.verb, f.path) for f in FACTS if f.what == 'endpoint']
STATUS = {(f.verb, f.path): int(f.type) for f in FACTS if f.what == 'endpoint'}


def places(what, verb, path, all_of=FACTS):
    return {f.place: f for f in all_of if (f.what, f.verb, f.path) == (what, verb, path)}


def template(verb, path, endpoints=ENDPOINTS):
    """The endpoint whose path a request's path is."""
    parts = path.split('?')[0].strip('/').split('/')
    for v, p in endpoints:
        names = p.strip('/').split('/')
        if v == verb and len(names) == len(parts) and all(
                n == q or n.startswith('{') for n, q in zip(names, parts)):
            return p
    return None


TYPES = {'string': str, 'integer': int, 'number': (int, float), 'boolean': bool, 'object': dict,
         'array': list, 'null': type(None)}


class Wrong(AssertionError):
    pass


class Checker:
    def __init__(self, what, verb, path, all_of=FACTS):
        self.facts = places(what, verb, path, all_of)
        self.where = '%s %s' % (verb, path)

    def wrong(self, place, why):
        raise Wrong('%s: %s: %s' % (self.where, place, why))

    def limits(self, f, value, size):
        if f.min != '-' and size < int(f.min):
            self.wrong(f.place, 'less than %s: %r' % (f.min, value))
        if f.max != '-' and size > int(f.max):
            self.wrong(f.place, 'more than %s: %r' % (f.max, value))

    def scalar(self, f, value):
        if isinstance(value, str):
            self.limits(f, value, len(value))
            if f.pattern != '-' and not re.search(f.pattern, value):
                self.wrong(f.place, 'does not match %s: %r' % (f.pattern, value))
        elif not isinstance(value, bool) and value is not None:
            self.limits(f, value, value)
        if f.enum != '-' and str(value) not in f.enum.split(','):
            self.wrong(f.place, 'not one of %s: %r' % (f.enum, value))

    def members(self, f, value):
        prefix = '' if f.place == '.' else f.place + '.'
        names = {p[len(prefix):]: fact for p, fact in self.facts.items()
                 if p.startswith(prefix) and p != '.' and
                 not re.search(r'[.\[|]', p[len(prefix):])}
        for name, fact in names.items():
            if fact.required == 'yes' and name not in value:
                self.wrong(f.place, 'has no %s' % name)
        for name, v in value.items():
            if name in names and name != '*':
                self.check(prefix + name, v)
            elif '*' in names:
                self.check(prefix + '*', v)
            elif f.closed == 'yes':
                self.wrong(f.place, 'has an unknown member %s' % name)

    def any_of(self, f, value):
        whys = []
        n = 1
        while '%s|%d' % (f.place, n) in self.facts:
            try:
                self.check('%s|%d' % (f.place, n), value)
                return
            except Wrong as e:
                whys.append(str(e))
            n += 1
        self.wrong(f.place, 'is none of: %s' % whys)

    def check(self, place, value):
        f = self.facts[place]
        if f.type == 'again':  # within itself: what it may be stands further out
            return
        if value is None and (f.nullable == 'yes' or place.split('.')[-1] in NULL_IN_REALITY):
            return
        if f.type == 'any':
            self.any_of(f, value)
            return
        if not isinstance(value, TYPES[f.type]) or (
                isinstance(value, bool) and f.type != 'boolean'):
            self.wrong(place, 'is no %s: %r' % (f.type, value))
        if f.type == 'object':
            self.limits(f, value, len(value))
            self.members(f, value)
        elif f.type == 'array':
            self.limits(f, value, len(value))
            for v in value:
                self.check(place + '[]', v)
        else:
            self.scalar(f, value)


def check_answer(verb, path, body):
    Checker('answer', verb, path).check('.', body)


class Today:
    """The same of 2024."""

    def __init__(self):
        self.all = load('api-facts-2024.tsv')
        self.endpoints = [(f.verb, f.path) for f in self.all if f.what == 'endpoint']

    def template(self, verb, path):
        return template(verb, path, self.endpoints)

    def check_answer(self, verb, path, body):
        Checker('answer', verb, path, self.all).check('.', body)


def of_2024():
    return Today()


def id_field(collection):
    """Of the collections at the top."""
    return collection[:-1] + 'Id'
