#!/usr/bin/python3
"""What `lasfs --help` lists, options and commands, the manual page and README.md explain, and nothing more;
with the same defaults.

Usage: options.py ROOT LASFS
"""
import re
import subprocess
import sys
from pathlib import Path


def of_help(lasfs):
    text = subprocess.run([lasfs, '--help'], check=True, capture_output=True, text=True).stdout
    return (set(re.findall(r'(?<![\w-])(--[a-z][a-z-]+)', text)),
            set(re.findall(r'^\s+-o (\w+)', text, re.M)))


def commands_of_help(lasfs):
    text = subprocess.run([lasfs, '--help'], check=True, capture_output=True, text=True).stdout
    return set(re.findall(r'^    lasfs ([a-z]+) MOUNTPOINT', text, re.M))


def defaults_of_help(lasfs):
    """{option after -o: default}"""
    text = subprocess.run([lasfs, '--help'], check=True, capture_output=True, text=True).stdout
    return dict(re.findall(r'^\s+-o (\w+)=.*\((\w+)\)$', text, re.M))


def wrong_defaults(defaults, manual, readme):
    """What does not tell the default that --help tells: (30), or in a row of README `list=names`."""
    for name, value in sorted(defaults.items()):
        told = re.search(rf'^\.BI "-o {name}=".*\n((?:(?!\.TP$|\.S[HS]).*\n)+)', manual, re.M)
        if not told or f'({value})' not in told[1]:
            yield f'docs/lasfs.1: -o {name}: its default is {value}'
        row = re.search(rf'^\| `{name}=(\S+)` \|(.*)$', readme, re.M)
        if not row or value != row[1] and f'({value})' not in row[2]:
            yield f'README.md: {name}: its default is {value}'


def main():
    root, lasfs = Path(sys.argv[1]), sys.argv[2]
    long_options, mount_options = of_help(lasfs)
    manual = (root / 'docs/lasfs.1').read_text().replace('\\-', '-')
    readme = (root / 'README.md').read_text()
    problems = []
    if len(mount_options) < 10 or '--unmount' not in long_options:
        problems.append('lasfs --help: fewer options than expected: this check is stale')
    for name in sorted(long_options):
        for where, text in (('docs/lasfs.1', manual), ('README.md', readme)):
            if not re.search(rf'(?<![\w-]){name}(?![\w-])', text):
                problems.append(f'{where}: {name} is missing')
    in_manual = set(re.findall(r'^\.B[IR]? "?-o (\w+)', manual, re.M))
    in_readme = set(re.findall(r'^\| `(\w+)(?:=[^`]*)?` \|', readme, re.M))
    for where, found in (('docs/lasfs.1', in_manual), ('README.md', in_readme)):
        problems += [f'{where}: -o {n} is missing' for n in sorted(mount_options - found)]
        problems += [f'{where}: -o {n} is unknown to lasfs' for n in sorted(found - mount_options)]
    defaults = defaults_of_help(lasfs)
    if len(defaults) < 10:
        problems.append('lasfs --help: fewer defaults than expected: this check is stale')
    problems += wrong_defaults(defaults, manual, readme)
    commands = commands_of_help(lasfs)
    if len(commands) < 4:
        problems.append('lasfs --help: fewer commands than expected: this check is stale')
    in_manual = set(re.findall(r'^\.BI "lasfs ([a-z]+) "', manual, re.M))
    in_readme = set(re.findall(r'`lasfs ([a-z]+) MNT', readme))
    for where, found in (('docs/lasfs.1', in_manual), ('README.md', in_readme)):
        problems += [f'{where}: lasfs {n} is missing' for n in sorted(commands - found)]
        problems += [f'{where}: lasfs {n} is no command' for n in sorted(found - commands)]
    for problem in problems:
        print(problem)
    print(f'{len(long_options) + len(mount_options)} options, {len(problems)} problems')
    sys.exit(1 if problems else 0)


if __name__ == '__main__':
    main()
