#!/usr/bin/python3
"""lasfs beside what somebody would take instead, in one run, and the page that says how it went.

Each work is done by all of them in turn, so many times; the answers are checked against what was put
there. What counts is the ratio: the times are those of one machine on one day.
"""
import argparse
import datetime
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[1] / 'lib')]

from bench import asks, changes, drops, large, lists, many, peers, reads  # noqa: E402
from bench.chart import draw  # noqa: E402
from bench.figures import Figures  # noqa: E402
from bench.network import far_away  # noqa: E402

WORKS = {'lists': lists, 'many': many, 'peers': peers, 'reads': reads, 'large': large, 'drops': drops, 'changes': changes, 'asks': asks}


def measure(work, options):
    figures = Figures()
    with tempfile.TemporaryDirectory(prefix='lasfs-bench-') as folder:
        place = work.make_place(folder, options)
        try:
            for number in range(options.runs):
                here = Path(folder) / f'run{number}'
                here.mkdir()
                work.measure(place, figures, here)
                shutil.rmtree(here)
                print(f'run {number + 1} of {options.runs}', {k: round(v[-1], 4) for k, v in figures.items()},
                      file=sys.stderr, flush=True)
        finally:
            place.stop()
    return figures


# --- The page ---------------------------------------------------------------------------------------

def table(work, figures, latency):
    reasons = {}
    yield f'### {work.__doc__}\n'
    yield '| lasfs | least / median | beside | least / median | ratio of the least | goal |'
    yield '| --- | --- | --- | --- | --- | --- |'
    for row in work.ROWS:
        goal = row.goals.get(latency)
        missed = goal is not None and figures.ratio(row) > goal
        yield (f'| {row.one} | {figures.span(row.one)} | {row.other} | {figures.span(row.other)} | '
               f'{figures.ratio(row):.2f}{" (missed)" if missed else ""} | {"" if goal is None else goal} |')
        if missed and row.why:
            reasons.setdefault(row.why, []).append(row.one)
    yield ''
    for why, names in reasons.items():
        yield f'- Missed by {", ".join(f"`{n}`" for n in dict.fromkeys(names))}: {why}'
    if hasattr(work, 'said'):
        yield f'{"" if not reasons else chr(10)}{work.said(figures)}\n'


def page(results, options, command):
    cpu = next((line.split(':')[1].strip() for line in Path('/proc/cpuinfo').read_text().splitlines()
                if line.startswith('model name')), platform.machine())
    yield '# How fast it is\n'
    yield f'Made by `{command}` on {datetime.date.today()}: {cpu}, {os.cpu_count()} cores, Linux {platform.release()}.'
    yield (f'{options.documents} documents of {options.size >> 10} KiB, {options.listed} to list, {options.many} of many, {options.runs} runs, lasfs '
           'and its peers in turn,')
    yield 'the answers checked. The server is a `lasfs-sandbox` on the same machine, which shares its cores with what is'
    yield 'measured, behind a wire on which each packet takes its time: a new connection and its slow start cost what they'
    yield 'cost. What counts is the ratio in one run: below 1 lasfs is faster. With `xargs` each document costs a process,'
    yield 'which is most of it when the machine is busy.\n'
    if options.page:
        yield f'![The ratios as a chart]({options.page.with_suffix(".svg").name})\n'
    for latency, works in results.items():
        yield f'## {latency} ms there and back\n'
        for work, figures in works:
            yield from table(work, figures, latency)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('--documents', type=int, default=300, metavar='N', help='how many (300)')
    parser.add_argument('--listed', type=int, default=10000, metavar='N', help='how many there are to list (10000)')
    parser.add_argument('--many', type=int, default=100000, metavar='N', help='how many are many (100000)')
    parser.add_argument('--size', type=int, default=200 << 10, metavar='BYTES', help='of each (204800)')
    parser.add_argument('--runs', type=int, default=5, metavar='N', help='of which least and median count (5)')
    parser.add_argument('--latency', type=int, nargs='*', default=[0, 10], metavar='MS',
                        help='how far away the server is, there and back (0 10)')
    parser.add_argument('--only', nargs='*', choices=WORKS, default=list(WORKS), help='these works')
    parser.add_argument('--page', type=Path, help='where the table goes; otherwise it is printed')
    options = parser.parse_args()
    results = {}
    for latency in options.latency:
        with far_away(latency):
            results[latency] = [(WORKS[name], measure(WORKS[name], options)) for name in options.only]
    command = ' '.join(['./dev bench', *sys.argv[1:]])
    text = '\n'.join(page(results, options, command))
    if options.page:
        options.page.write_text(text)
        draw(results, options.page.with_suffix('.svg'))
    else:
        print(text)


if __name__ == '__main__':
    main()
