#!/usr/bin/python3
"""shellcheck has nothing to say about any shell script. Usage: shell.py ROOT"""
import re
import subprocess
import sys
from pathlib import Path

SHELL = re.compile(rb'^#!\S*/(env )?(ba|da)?sh\b')


def is_script(path):
    if path.is_symlink() or not path.is_file():
        return False
    with open(path, 'rb') as f:
        return SHELL.match(f.readline(200)) is not None


def main():
    root = Path(sys.argv[1])
    tops = [p for p in root.iterdir() if not p.name.startswith(('build', '.git')) and p.name != 'mnt']
    files = [p for top in tops for p in (top.rglob('*') if top.is_dir() else [top])]
    scripts = sorted(p for p in files if is_script(p))
    if len(scripts) < 3 or root / 'dev' not in scripts:
        sys.exit('fewer scripts than expected: this check is stale')
    status = subprocess.run(['shellcheck', *scripts], check=False).returncode
    print(f'{len(scripts)} scripts')
    sys.exit(1 if status else 0)


if __name__ == '__main__':
    main()
