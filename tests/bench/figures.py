"""What was measured, and what is looked for in it."""
import statistics
import time
from collections import namedtuple

# What lasfs does, beside what; goals: the most that the ratio may be, by the milliseconds until an answer;
# why: what the time goes on where it is more.
Row = namedtuple('Row', 'one other goals why', defaults=({}, None))


class Figures(dict):
    """Name: the figure of each run, in seconds where nothing else is said."""

    def add(self, name, value):
        self.setdefault(name, []).append(value)

    def time(self, name, work, *arguments):
        begin = time.monotonic()
        work(*arguments)
        self.add(name, time.monotonic() - begin)

    def span(self, name, unit='s', factor=1):
        return f'{min(self[name]) * factor:.2f} / {statistics.median(self[name]) * factor:.2f} {unit}'

    def ratio(self, row):
        return min(self[row.one]) / min(self[row.other])
