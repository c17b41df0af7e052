#!/usr/bin/python3
"""What `lasfs --help` lists, the manual page and README.md explain, and nothing more.

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
    for problem in problems:
        print(problem)
    print(f'{len(long_options) + len(mount_options)} options, {len(problems)} problems')
    sys.exit(1 if problems else 0)


if __name__ == '__main__':
    main()
