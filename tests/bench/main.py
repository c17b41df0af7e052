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
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[1] / 'lib')]

from bench import drops  # noqa: E402
from bench.place import Place, cat, cat_parallel, run  # noqa: E402

CURL_ONE, CURL_MANY, DISK = 'curl, one connection', 'curl --parallel 16', 'cat from the local disk'
COLD, COLD_MANY, WARM = 'cat, cold', 'xargs -P16 cat, cold', 'cat, again'
DISK_MANY = 'xargs -P16 cat from the local disk'
REMOUNTED, CPU, GETS = 'cat, after a remount', 'CPU of the daemon', 'GETs after a remount'
# What lasfs does, and beside what.
ROWS = [(COLD, CURL_MANY), (COLD, CURL_ONE), (COLD_MANY, CURL_MANY), (COLD_MANY, DISK_MANY), (WARM, DISK), (REMOUNTED, DISK),
        *drops.ROWS]


class Figures(dict):
    """Name: the seconds of each run."""

    def add(self, name, seconds):
        self.setdefault(name, []).append(seconds)

    def time(self, name, work, *arguments):
        begin = time.monotonic()
        work(*arguments)
        self.add(name, time.monotonic() - begin)


def curl_once(place, figures, name, folder, *options):
    command = place.curl(folder, *options)
    figures.time(name, run, command)
    place.check_curl(folder)
    shutil.rmtree(folder)


def measure_one_reader(place, figures, folder):
    """Cold, again, from the local disk, after a remount."""
    mount = place.mount(folder / 'one', 'list=ids')
    try:
        os.listdir(mount / 'documents')
        before = mount.cpu()
        figures.time(COLD, cat, mount.path, mount.paths())
        figures.add(CPU, (mount.cpu() - before) / place.count)
        figures.time(WARM, cat, mount.path, mount.paths())
        mount.check()
        copies = folder / 'disk'
        copies.mkdir()
        for number, path in enumerate(mount.paths()):
            shutil.copyfile(mount / path, copies / str(number))
        figures.time(DISK, cat, copies, [str(n) for n in range(place.count)])
        figures.time(DISK_MANY, cat_parallel, copies, [str(n) for n in range(place.count)])
        mount.remount()
        with place.server.watch() as seen:
            os.listdir(mount / 'documents')
            figures.time(REMOUNTED, cat, mount.path, mount.paths())
        figures.add(GETS, mount.gets(seen))
        mount.check()
        mount.unmount()
    finally:
        mount.kill()


def measure_many_readers(place, figures, folder):
    mount = place.mount(folder / 'many', 'list=ids')
    try:
        os.listdir(mount / 'documents')
        figures.time(COLD_MANY, cat_parallel, mount.path, mount.paths())
        mount.check()
        mount.unmount()
    finally:
        mount.kill()


def measure(place, runs, folder):
    figures = Figures()
    for number in range(runs):
        here = Path(folder) / f'run{number}'
        here.mkdir()
        curl_once(place, figures, CURL_ONE, here / 'curl')
        curl_once(place, figures, CURL_MANY, here / 'curl', '--parallel', '--parallel-max', '16')
        measure_one_reader(place, figures, here)
        measure_many_readers(place, figures, here)
        drops.measure(place, figures, here)
        shutil.rmtree(here)
        print(f'run {number + 1} of {runs}', {k: round(v[-1], 4) for k, v in figures.items()},
              file=sys.stderr, flush=True)
    return figures


# --- The page ---------------------------------------------------------------------------------------

def span(values, unit='s', factor=1):
    return f'{min(values) * factor:.2f} / {statistics.median(values) * factor:.2f} {unit}'


def ratio(figures, one, other):
    return f'{min(figures[one]) / min(figures[other]):.2f}'


def table(figures, latency):
    yield f'## {latency} ms until an answer\n'
    yield '| lasfs | least / median | beside | least / median | ratio of the least |'
    yield '| --- | --- | --- | --- | --- |'
    for one, other in ROWS:
        yield f'| {one} | {span(figures[one])} | {other} | {span(figures[other])} | {ratio(figures, one, other)} |'
    yield (f'\nThe daemon took {span(figures[CPU], "ms", 1000)} of CPU for each cold document, '
           f'{span(figures[drops.CPU], "ms", 1000)} for each that was dropped. After a remount it asked for '
           f'{max(figures[GETS]):.0f} documents by GET.\n')


def page(results, options, command):
    cpu = next((line.split(':')[1].strip() for line in Path('/proc/cpuinfo').read_text().splitlines()
                if line.startswith('model name')), platform.machine())
    yield '# How fast it is\n'
    yield f'Made by `{command}` on {datetime.date.today()}: {cpu}, {os.cpu_count()} cores, Linux {platform.release()}.'
    yield (f'{options.documents} documents of {options.size >> 10} KiB, {options.runs} runs, lasfs and its peers in turn,'
           ' the answers checked. The server is a')
    yield '`lasfs-sandbox` on the same machine, which shares its cores with what is measured; it delays each answer by so'
    yield 'much. What counts is the ratio in one run: below 1 lasfs is faster. With `xargs` each document costs a process,'
    yield 'which is most of it when the machine is busy.\n'
    for latency, figures in results:
        yield from table(figures, latency)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--documents', type=int, default=300, metavar='N', help='how many (300)')
    parser.add_argument('--size', type=int, default=200 << 10, metavar='BYTES', help='of each (204800)')
    parser.add_argument('--runs', type=int, default=5, metavar='N', help='of which least and median count (5)')
    parser.add_argument('--latency', type=int, nargs='*', default=[0, 10], metavar='MS',
                        help='what the server delays each answer by (0 10)')
    parser.add_argument('--page', type=Path, help='where the table goes; otherwise it is printed')
    options = parser.parse_args()
    results = []
    for latency in options.latency:
        with tempfile.TemporaryDirectory(prefix='lasfs-bench-') as folder:
            place = Place(folder, options.documents, options.size, latency)
            try:
                results.append((latency, measure(place, options.runs, folder)))
            finally:
                place.stop()
    command = ' '.join(['./dev bench', *sys.argv[1:]])
    text = '\n'.join(page(results, options, command))
    if options.page:
        options.page.write_text(text)
    else:
        print(text)


if __name__ == '__main__':
    main()
