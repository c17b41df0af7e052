"""What a server was asked for, between two points, out of its access log."""
import re


class Request:
    """VERB PATH?QUERY STATUS MS BYTES"""

    def __init__(self, line):
        self.verb, self.target, status, ms, size = line.split(' ')
        self.status, self.ms, self.bytes = int(status), float(ms), int(size)
        path, _, self.query = self.target.partition('?')
        self.path = re.sub(r'^/v1(?=/)', '', path).replace('%3A', ':')

    def __repr__(self):
        return f'{self.verb} {self.target} {self.status}'


class AccessLog:
    """with log.watch() as seen: ...; then seen.count('GET', r'/documents')"""

    def __init__(self, path):
        self.path = path

    def mark(self):
        return self.path.stat().st_size if self.path.exists() else 0

    def since(self, mark, until=None):
        with open(self.path, 'rb') as f:
            f.seek(mark)
            data = f.read() if until is None else f.read(until - mark)
        return [Request(line) for line in data.decode().splitlines()]

    def watch(self):
        return Watch(self)


class Watch:
    """The requests of a with block; tokens are not counted, they are no use of the API."""

    def __init__(self, log):
        self.log, self.begin, self.end = log, None, None

    def __enter__(self):
        self.begin = self.log.mark()
        return self

    def __exit__(self, *exc):
        self.end = self.log.mark()

    @property
    def all(self):
        return [r for r in self.log.since(self.begin, self.end)
                if not r.path.endswith('/token')]

    def of(self, verb, path='.*'):
        """path: a regular expression for the whole path, without /v1 and the query"""
        return [r for r in self.all if r.verb == verb and re.fullmatch(path, r.path)]

    def count(self, verb, path='.*'):
        return len(self.of(verb, path))

    @property
    def changes(self):
        return [r for r in self.all if r.verb != 'GET']
