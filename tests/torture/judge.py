"""Compares what the tools were told with what is there. Pure: a model and what was found in,
findings out."""
from dataclasses import dataclass

from .history import short
from .model import ABSENT, EMPTY

KINDS = ('lost', 'doubled', 'foreign', 'unnamed', 'old', 'crashed', 'hung')
# What no repetition mends: with writeback this, and nothing else, may take back what a tool was told.
FINAL = ('400', '401', '403', '404', '409', '413', '415', '422', 'EDQUOT', 'Limit Exceeded',
         'maybe created', 'no document', 'not complete')


@dataclass
class Finding:
    kind: str
    text: str
    names: tuple = ()
    digests: tuple = ()
    ids: tuple = ()


def nearest(group, found, kept):
    """The world of a group that the mount is most like; of those the one that misses least."""
    def unlike(world):
        names = [n for n, d in world.items() if found.shown.get(n, ABSENT) != d]
        return len(names), sum(world[n] not in kept for n in names)
    return min(group.worlds, key=unlike)


class Judge:
    """unsure: documents of which no tool has heard that they were made."""

    def __init__(self, model, found, foreign, unsure=(), writeback=False):
        self.model, self.found = model, found
        self.foreign, self.unsure = foreign, unsure
        self.writeback = writeback
        self.findings = []
        self.failed = {d for _, d in found.failed}
        kept = {ABSENT, *self.failed, *(document.digest for document in found.server.values())}
        self.expected = {n: d for g in model.all_groups()
                         for n, d in nearest(g, found, kept).items()}
        self.on_server = {}
        for one, document in found.server.items():
            if one not in foreign:
                self.on_server.setdefault(document.digest, []).append(one)
        self.named = {one: name for name, one in found.ids.items()}

    def find(self, kind, text, names=(), digests=(), ids=()):
        self.findings.append(Finding(kind, text, tuple(names), tuple(d for d in digests if d),
                                     tuple(ids)))

    def all(self):
        for name, digest in sorted(self.expected.items()):
            self.judge_name(name, digest)
        for digest, ids in sorted(self.on_server.items()):
            self.judge_documents(digest, sorted(ids))
        self.judge_foreign()
        self.judge_labels()
        self.judge_strays()
        for what in self.found.crashes:
            self.find('crashed', what)
        for what in self.found.hangs:
            self.find('hung', what)
        order = {kind: number for number, kind in enumerate(KINDS)}
        return sorted(self.findings, key=lambda f: order[f.kind])

    # --- Names ---------------------------------------------------------------------------------

    def judge_name(self, name, digest):
        shown = self.found.shown.get(name, ABSENT)
        if name in self.found.unreadable:
            self.find('lost', f'{name} cannot be read: {self.found.unreadable[name]}', [name],
                      [digest])
        elif shown == digest:
            self.judge_kept(name, digest)
        else:
            self.judge_shown(name, digest, shown)
            if digest not in (ABSENT, EMPTY):
                self.judge_missing(name, digest, shown)

    def judge_kept(self, name, digest):
        """It shows what it should: does the server have it too?"""
        if digest in (ABSENT, EMPTY) or name.endswith('.json'):
            return
        if digest not in self.on_server:
            self.find('lost', f'{name} shows {short(digest)}, which the server has not', [name],
                      [digest])
            return
        one = self.found.ids.get(name)
        if one and one not in self.on_server[digest]:
            self.find('foreign', f'{name} shows {short(digest)} and stands for {one}, which is '
                      'another document', [name], [digest], [one])
        elif one:
            self.judge_dataset(name, digest, one)

    def judge_dataset(self, name, digest, one):
        """A move is done here and there, or nowhere."""
        dataset = self.found.datasets.get(name.rpartition('/')[0])
        now = self.found.server[one].dataset
        if now != dataset:
            self.find('foreign', f'{name} stands for {one}, which is in {now or "no dataset"}',
                      [name], [digest], [one])

    def judge_shown(self, name, digest, shown):
        """It shows something else."""
        if shown is ABSENT:
            return
        if shown == EMPTY or shown not in self.model.lineage.get(name, ()):
            what = 'is empty' if shown == EMPTY else f'shows {short(shown)}, never put there,'
            self.find('foreign', f'{name} {what} instead of {short(digest)}', [name], [digest, shown])
        elif digest is ABSENT:
            self.find('old', f'{name} was removed or moved away, and is there again with '
                      f'{short(shown)}', [name], [shown])

    def judge_missing(self, name, digest, shown):
        """Where else are the bytes?"""
        names = [name, *sorted(self.model.names_of(digest) - {name})]
        if digest in self.failed:
            reason = self.found.reasons.get(name, '')
            if self.writeback and not any(word in reason for word in FINAL):
                self.find('lost', f'{name}: {short(digest)} is in failed/ for a reason that passes: '
                          f'{reason or "none is given"}', names, [digest])
        elif digest not in self.on_server or name.endswith('.json'):
            self.find('lost', f'{name}: {short(digest)} is nowhere, and the name shows '
                      f'{short(shown)}', names, [digest, shown])

    # --- Documents -----------------------------------------------------------------------------

    def judge_documents(self, digest, ids):
        """All that the server has with these bytes."""
        if digest not in self.model.put_as:
            self.find('foreign', f'{len(ids)} on the server with bytes that nobody put '
                      f'({short(digest)})', digests=[digest], ids=ids)
            return
        may = max(1, sum(d == digest for d in self.expected.values()))
        more = [one for one in ids if one not in self.named]
        names = sorted(self.model.names_of(digest))
        if len(ids) > may:
            self.find('doubled', f'{short(digest)} is there {len(ids)} times, and may be there '
                      f'{may} times', names, [digest], ids)
            more = more[:max(0, len(more) - (len(ids) - may))]
        for one in more:
            self.judge_nameless(one, digest, names)

    def judge_nameless(self, one, digest, names):
        """No name in the mount stands for it."""
        might = set().union(*(self.model.may_be(n) for n in self.expected))
        if one not in self.unsure and digest in self.model.acked and digest not in might:
            self.find('old', f'{one} has {short(digest)}, which a tool has overwritten or removed',
                      names, [digest], [one])
        else:
            scratch = self.found.scratch.get(one)
            names = names + [scratch] if scratch else names
            self.find('unnamed', f'{one} has {short(digest)}, and no name stands for it'
                      + (f' but the temporary {scratch}' if scratch else ''), names, [digest], [one])

    # --- Others' documents, labels -------------------------------------------------------------

    def judge_foreign(self):
        for one, (digest, dataset, label) in sorted(self.foreign.items()):
            now = self.found.server.get(one)
            if not now:
                self.find('foreign', f'{one}, which is another\'s, was deleted', ids=[one])
            elif (now.digest, now.dataset, now.label) != (digest, dataset, label):
                self.find('foreign', f'{one}, which is another\'s, has other bytes, labels or '
                          'another dataset', digests=[now.digest], ids=[one])
            if one in self.named:
                self.find('foreign', f'{self.named[one]} stands for {one}, which is another\'s',
                          [self.named[one]], ids=[one])

    def judge_labels(self):
        for one, name in sorted(self.named.items()):
            document = self.found.server.get(one)
            if not document or one in self.foreign:
                continue
            label = document.label
            if label and label not in self.model.said.get(name, ()):
                self.find('foreign', f'{name} has the label {label}, which was said of another',
                          [name], ids=[one])
            wanted = self.model.labels.get(name)
            if wanted and label != wanted and not self.in_failed(name + '.json'):
                self.find('lost', f'{name} has the label {label}, and should have {wanted}',
                          [name, name + '.json'], ids=[one])

    def in_failed(self, name):
        return any(n == name.rpartition('/')[2] for n, _ in self.found.failed)

    def judge_strays(self):
        for name in sorted(set(self.found.shown) - set(self.expected)):
            self.find('foreign', f'{name} is a file that nobody made', [name],
                      [self.found.shown[name]])
        for path in self.found.stray:
            self.find('lost', f'{path} lies below the mount point')
        for name in self.found.pending:
            last = name.partition('-')[2]
            self.find('lost', f'{name} is still to be sent',
                      [n for n in self.expected if n.rpartition('/')[2] == last])
        for name, digest in self.found.wrong:
            self.find('foreign', f'cat of {name} showed {short(digest)}, which nobody can have put '
                      'there by then', [name], [digest])


def judge(model, found, foreign, unsure=(), writeback=False):
    return Judge(model, found, foreign, unsure, writeback).all()
