#!/usr/bin/python3
"""Nothing lost, nothing doubled: real tools on a real mount, while everything around them dies.

Ends with one line of figures, and 1 when any of them is not 0; before that stands, for each finding,
all that happened to its names and bytes. The same seed makes the same choices, as far as time allows.
"""
import argparse
import random
import signal
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[1] / 'lib')]

from torture import report  # noqa: E402
from torture.history import History  # noqa: E402
from torture.judge import judge  # noqa: E402
from torture.look import look  # noqa: E402
from torture.model import Model  # noqa: E402
from torture.tools import Runner  # noqa: E402
from torture.tormentor import Tormentor  # noqa: E402
from torture.worker import Worker  # noqa: E402
from torture.world import World  # noqa: E402

WORKERS = 5
STOP_SECONDS = 60
SETTLE_SECONDS = 120  # what the daemon may take to find out what became of what was under way


class Run:
    """One run: torture(), then verdict(), and stop() whatever happened."""

    def __init__(self, seed, workers=WORKERS, writeback=False, torments=None, settle=SETTLE_SECONDS,
                 generation='2021'):
        self.history, self.model, self.runner = History(), Model(), Runner()
        self.settle, self.writeback = settle, writeback
        self.world = World(self.history, random.Random(seed), writeback, generation)
        self.workers = [Worker(self.world, self.model, self.runner, seed, n + 1)
                        for n in range(workers)]
        self.tormentor = Tormentor(self.world, self.runner, seed, torments)

    def threads(self):
        return [self.tormentor, *self.workers]

    def torture(self, seconds, say=lambda words: None):
        for thread in self.threads():
            thread.start()
        end = time.monotonic() + seconds
        while time.monotonic() < end and not any(t.crash for t in self.threads()):
            time.sleep(min(1, max(0, end - time.monotonic())))
            say(self.progress(end))
        self.end_threads()

    def progress(self, end):
        done = sum(sum(w.counts.values()) for w in self.workers)
        return (f'{max(0, end - time.monotonic()):.0f} s left, {done} operations, '
                f'{sum(self.tormentor.counts.values())} torments')

    def end_threads(self):
        """The tormentor first: what it has broken it mends, and the tools come to an end."""
        for thread in self.threads():
            thread.stopping.set()
        for thread in self.threads():
            if thread.ident:
                thread.join(120)
        for thread in self.threads():
            if thread.crash:
                raise thread.crash

    def verdict(self):
        """Findings, once nothing is under way any more; what only takes its time is none."""
        self.history.note('healed')
        self.world.heal()
        deadline = time.monotonic() + self.settle
        self.world.flush()
        self.world.remount()
        while True:
            self.world.flush(20)
            findings = self.judge()
            if not findings or time.monotonic() > deadline:
                break
            time.sleep(2)
        self.history.add_errors(self.world.mount.errors())
        return findings

    def judge(self):
        found = look(self.world)
        found.wrong = [seen for worker in self.workers for seen in worker.wrong]
        # with writeback they are made behind the tools' backs
        unsure = () if self.writeback else self.history.unsure_births()
        return judge(self.model, found, self.world.foreign, unsure, self.writeback)

    def said(self, findings):
        """Each finding with all that concerns it."""
        return ''.join(f'{line}\n' for f in findings for line in report.lines_of(f, self.history))

    def stop(self):
        """What could not be ended, as lines. In the middle of a run too."""
        for thread in self.threads():
            thread.stopping.set()
        deadline = time.monotonic() + STOP_SECONDS
        while any(t.is_alive() for t in self.threads()) and time.monotonic() < deadline:
            self.runner.kill_all()
            next(t for t in self.threads() if t.is_alive() or t is self.workers[-1]).join(0.2)
        return self.world.stop()


def arguments():
    parser = argparse.ArgumentParser(prog='./dev torture', description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('minutes', nargs='?', type=float, default=2)
    parser.add_argument('seed', nargs='?', type=int)
    parser.add_argument('--writeback', action='store_true', help='mount with -o writeback')
    parser.add_argument('--api', choices=('2021', '2024'), default='2021', help='the generation of the server')
    parser.add_argument('--workers', type=int, default=WORKERS)
    parser.add_argument('--only', metavar='TORMENT,...',
                        help='these alone, or none: ' + ', '.join(Tormentor.CHOICES))
    parser.add_argument('--settle', type=float, default=SETTLE_SECONDS, metavar='SECONDS',
                        help='how long what was under way may take to be settled (%(default)s)')
    parser.add_argument('--history', type=Path, metavar='FILE', help='write all that happened to it')
    return parser.parse_args()


def only(chosen):
    wrong = set(chosen) - {*Tormentor.CHOICES, 'none'}
    if wrong:
        sys.exit(f'no such torment: {" ".join(sorted(wrong))}; there are: none '
                 f'{" ".join(Tormentor.CHOICES)}')
    return {k: n for k, n in Tormentor.CHOICES.items() if k in chosen}


def show_progress(words):
    if sys.stderr.isatty():
        print(f'\r{words}\033[K', end='', file=sys.stderr, flush=True)


def tell(run, seed, findings):
    print(run.said(findings), end='')
    print('\n'.join([*report.causes(findings, run.history), '']), end='')
    print(f'seed {seed}: {report.operations(run.workers)}; {report.torments(run.tormentor)}; '
          f'{report.figures(findings)}', flush=True)


def main():
    args = arguments()
    seed = random.SystemRandom().randrange(10 ** 6) if args.seed is None else args.seed
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    torments = Tormentor.CHOICES
    if args.only is not None:
        torments = only(args.only.split(','))
    print(f'seed {seed}', file=sys.stderr)
    run = Run(seed, args.workers, args.writeback, torments, args.settle, args.api)
    findings = None
    try:
        run.world.start()
        run.torture(args.minutes * 60, show_progress)
        findings = run.verdict()
        tell(run, seed, findings)
    except KeyboardInterrupt:
        print('\ninterrupted', file=sys.stderr)
        sys.exit(130)
    finally:
        if args.history:
            args.history.write_text('\n'.join(e.line() for e in run.history.events) + '\n')
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # one is enough
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        left = run.stop()
        for line in left:
            print(f'left behind: {line}', file=sys.stderr)
    sys.exit(1 if findings or left else 0)


if __name__ == '__main__':
    main()
