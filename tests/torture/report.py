"""What is said at the end: each finding with its history, and the last line."""
import collections

from .judge import KINDS

LINES_MAX = 60  # of one finding's history


def lines_of(finding, history):
    yield f'{finding.kind}: {finding.text}'
    events = history.about(finding.names, finding.digests, finding.ids)
    shown = events[:LINES_MAX // 2] + events[LINES_MAX // 2:][-LINES_MAX // 2:]
    for number, event in enumerate(shown):
        if len(events) > len(shown) and number == LINES_MAX // 2:
            yield f'    ... {len(events) - len(shown)} events'
        yield f'    {event.line()}'
    yield ''


VERBS = {'old': ('DELETE', 'POST'), 'lost': ('DELETE', 'PATCH', 'POST'),
         'foreign': ('PATCH', 'DELETE', 'POST')}  # what may be to blame, the first first
VERBS_OTHERWISE = ('POST', 'PATCH', 'DELETE')


def cause(finding, history):
    """What went on when something was asked of its documents: a first guess."""
    requests = [e for e in history.events if e.kind == 'request']
    ids = set(finding.ids).union(*(e.ids for e in requests if e.text.startswith('POST')
                                   and e.touches_bytes(set(finding.digests), set())))
    for verb in VERBS.get(finding.kind, VERBS_OTHERWISE):
        for event in [e for e in requests if e.text.startswith(verb) and ids & set(e.ids)]:
            torments = sorted({t.text for t in history.events
                               if t.kind == 'torment' and t.overlaps(event, 0.2)})
            if torments:
                return f'{verb} during {" and ".join(torments)}'
    return 'nothing that was seen'


def causes(findings, history):
    counts = collections.Counter((f.kind, cause(f, history)) for f in findings)
    order = sorted(counts, key=lambda key: (KINDS.index(key[0]), -counts[key]))
    return [f'{kind} {counts[kind, why]}: {why}' for kind, why in order]


def operations(workers):
    """cp 12 done 3 failed 1 killed, ..."""
    counts = sum((w.counts for w in workers), collections.Counter())
    tools = sorted({tool for tool, _ in counts})
    return ', '.join(' '.join([tool, *(f'{counts[tool, result]} {result}' for result in
                                       ('done', 'failed', 'killed') if counts[tool, result])])
                     for tool in tools)


def torments(tormentor):
    return ', '.join(f'{what.replace("_", " ")} {n}' for what, n in sorted(tormentor.counts.items()))


def figures(findings):
    counts = collections.Counter(f.kind for f in findings)
    return ', '.join(f'{kind} {counts[kind]}' for kind in KINDS)
