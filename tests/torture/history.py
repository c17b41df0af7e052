"""All that happened in a run, with times: what the tools were told, what was done to them, and what
the server was asked for."""
import re
import threading
import time
from dataclasses import dataclass
from datetime import datetime

SHORT = 8
AFTERWARDS = 5  # seconds: what became of a name after its bytes were last heard of


def short(digest):
    return digest[:SHORT] if digest else 'nothing'


@dataclass
class Event:
    """at, until: seconds since the run began; until None: it has not ended."""

    kind: str            # tool, torment, request, note
    at: float
    text: str
    names: tuple = ()    # paths in the mount
    digests: tuple = ()  # of the bytes that it is about
    ids: tuple = ()      # documents on the server
    until: float = None
    result: str = ''
    done: bool = False   # of a tool: it has said that it is, and knows

    def line(self):
        until = '' if self.until is None else f'-{self.until:.3f}'
        about = ' '.join(f'[{short(d)}]' for d in self.digests)
        return ' '.join(w for w in (f'{self.at:9.3f}{until:<9}', f'{self.kind:8}', self.text, about,
                                    self.result and f'=> {self.result}') if w)

    def touches(self, names):
        return not names.isdisjoint(self.names)

    def touches_bytes(self, digests, ids):
        return not (digests.isdisjoint(self.digests) and ids.isdisjoint(self.ids))

    def overlaps(self, other, margin=0.5):
        return (self.at - margin <= (other.until or other.at) and
                other.at - margin <= (self.until or self.at))


class History:
    """Any thread."""

    def __init__(self):
        self.began, self.began_at = time.monotonic(), time.time()
        self.lock = threading.Lock()
        self.events = []

    def now(self):
        return time.monotonic() - self.began

    def begin(self, kind, text, names=(), digests=(), ids=()):
        event = Event(kind, self.now(), text, tuple(names), tuple(digests), tuple(ids))
        with self.lock:
            self.events.append(event)
        return event

    def end(self, event, result='done'):
        event.until, event.result = self.now(), result

    def note(self, text, **about):
        self.end(self.begin('note', text, **about), '')

    def about(self, names, digests, ids):
        """The events of these, and what was done to the world while tools worked on them."""
        names, digests, ids = {*names, *map(by_name, names)}, set(digests), set(ids)
        with self.lock:
            events = sorted(self.events, key=lambda e: e.at)
        for event in events:  # and what became of the documents that were made of them
            if event.text.startswith('POST /documents') and event.touches_bytes(digests, set()):
                ids.update(event.ids)
        bytes_of = [e for e in events if e.touches_bytes(digests, ids)]
        end = max((e.at for e in bytes_of if ' GET ' not in f' {e.text}'), default=0) + AFTERWARDS
        chosen = {id(e) for e in bytes_of}
        chosen |= {id(e) for e in events if e.touches(names) and (e.at < end or not bytes_of)}
        works = [e for e in events if id(e) in chosen and e.kind in ('tool', 'request')]
        return [e for e in events if id(e) in chosen or
                (e.kind == 'torment' and any(e.overlaps(w) for w in works))]


    def unsure_births(self):
        """The documents of which no tool has heard that they were made."""
        with self.lock:
            events = list(self.events)
        tools = [e for e in events if e.kind == 'tool' and e.done]
        births = [e for e in events if e.kind == 'request' and e.text.startswith('POST /documents')]
        return {one for birth in births for one in birth.ids
                if not any(t.at <= birth.at <= t.until and set(birth.digests) & set(t.digests)
                           for t in tools)}

    def add_errors(self, text):
        """The lines of .lasfs/errors, which have the time of day in whole seconds."""
        for line in text.splitlines():
            stamp, _, words = line.partition(' ')
            at = datetime.fromisoformat(stamp.replace('Z', '+00:00')).timestamp() - self.began_at
            names = re.findall(r'/((?:documents|datasets)/[^\s:]+)', words)
            self.events.append(Event('lasfs', at, words, tuple(map(by_name, names)),
                                     ids=ids_in(words)))


def by_name(path):
    """Of a path in which a dataset stands by its id only the file's name is known."""
    return path.rpartition('/')[2]


def ids_in(data):
    """The documents that an answer, or a path, is about."""
    if isinstance(data, bytes):
        data = data[:4096].decode(errors='replace')
    return tuple(dict.fromkeys(re.findall(r'las:document:[0-9a-f]{8,}', data)))
