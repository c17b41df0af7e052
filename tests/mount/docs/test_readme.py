"""README.md and the manual page tell the truth."""
import os
import re
import subprocess

import pytest

from mounted import Mount, eventually
from server import ROOT, program

TRANSCRIPT = re.compile(r'^```console\n(.*?)^```$', re.M | re.S)
CHANGING = [
    (re.compile(r'(las:[a-z-]+:)[0-9a-f]{32}'), r'\1ID'),
    (re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:?\d\d|Z)'), 'TIME'),
    (re.compile(r'\b[A-Z][a-z]{2} [ \d]\d (\d\d:\d\d| \d{4})'), 'DATE'),
    (re.compile(r'^([-d]\S{9}\S? +\d+) \S+ +\S+ +', re.M), r'\1 WHO '),
    (re.compile(r'/\S*/mnt/'), 'mnt/'),
    (re.compile(r'\blocalhost:\d+/'), 'localhost:PORT/'),
    (re.compile(r'[ \t]+'), ' '),
]


def commands(text):
    """[(command, output)] of all transcripts, in order"""
    found = []
    for transcript in TRANSCRIPT.findall(text):
        for line in transcript.splitlines():
            if line.startswith('$ '):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return [(command, '\n'.join(lines)) for command, lines in found]


def plain(text):
    for pattern, instead in CHANGING:
        text = pattern.sub(instead, text)
    return text.strip()


@pytest.fixture
def sandbox(tmp_path):
    """A folder with docs/ and, on mnt, a fresh sandbox."""
    mount = Mount(None, tmp_path)
    (tmp_path / 'docs').symlink_to(ROOT / 'docs')
    environment = {k: v for k, v in mount.environment().items() if not k.startswith('LAS_')}
    subprocess.run([program('lasfs'), f'--sandbox={tmp_path}/box', '--seed-demo', 'mnt'],
                   cwd=tmp_path, env=environment, check=True, stdin=subprocess.DEVNULL, timeout=60)
    yield tmp_path
    subprocess.run([program('lasfs'), '--unmount', str(mount.path)], check=True, timeout=60)
    eventually(lambda: not mount.mounted, 10)


def run(folder, command):
    ran = subprocess.run(['bash', '-c', command], cwd=folder, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, check=False, timeout=60,
                         stdin=subprocess.DEVNULL, env={**os.environ, 'LC_ALL': 'C.UTF-8'})
    return ran.stdout


def test_the_examples_print_what_readme_shows(sandbox):
    examples = commands((ROOT / 'README.md').read_text())
    assert len(examples) > 15
    for command, shown in examples:
        assert plain(run(sandbox, command)) == plain(shown), command


def test_dev_run_shows_the_commands_of_the_first_example(tmp_path):
    mount = Mount(None, tmp_path)
    environment = {k: v for k, v in mount.environment().items() if not k.startswith('LAS_')}
    ran = subprocess.run([ROOT / 'dev', 'run', str(mount.path)], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, env={**environment, 'XDG_DATA_HOME': str(tmp_path)},
                         text=True, check=True, timeout=300)
    subprocess.run([program('lasfs'), '--unmount', str(mount.path)], check=True, timeout=60)
    shown = [line[2:] for line in ran.stdout.splitlines() if line.startswith('$ ')]
    first = TRANSCRIPT.findall((ROOT / 'README.md').read_text())[0]
    assert shown == [command.replace('mnt', str(mount.path)) for command, _ in
                     commands(f'```console\n{first}```\n')]
    assert 'the same bytes' in ran.stdout and f'--unmount {mount.path}' in ran.stdout


def test_the_sample_is_what_its_script_makes(tmp_path):
    ran = subprocess.run(['/usr/bin/python3', ROOT / 'docs/make_sample.py'], check=True,
                         capture_output=True)
    assert ran.stdout == (ROOT / 'docs/sample.pdf').read_bytes()


def test_the_sample_is_a_pdf_that_a_reader_accepts():
    ran = subprocess.run(['pdftotext', ROOT / 'docs/sample.pdf', '-'], check=True,
                         capture_output=True, text=True)
    assert 'INVOICE' in ran.stdout and ran.stderr == ''


def test_readme_is_read_on_a_terminal():
    text = re.sub(r'^```.*?^```$', '', (ROOT / 'README.md').read_text(), flags=re.M | re.S)
    assert not [line for line in text.splitlines() if len(line) > 110 and not line.startswith('|')]


def test_readme_names_no_page_that_is_not_there():
    named = set(re.findall(r'`(docs/[^` ]+|\./dev)', (ROOT / 'README.md').read_text()))
    assert len(named) > 4 and not [name for name in named if not (ROOT / name).exists()]


def test_readme_names_each_library():
    meson = (ROOT / 'meson.build').read_text()
    wanted = set(re.findall(r"= dependency\('(?:lib)?(\w+?)3?'", meson)) - {'threads'}
    needs = (ROOT / 'README.md').read_text().partition('\n## What it needs\n')[2].lower()
    assert len(wanted) > 8 and not [name for name in wanted if name not in needs]
    assert 'uthash' in needs and 'MIT' in (ROOT / 'LICENSE').read_text()


def test_the_manual_page_renders_without_a_warning():
    ran = subprocess.run(['man', '--warnings', '-E', 'UTF-8', '-l', '-Tutf8', '-Z',
                          str(ROOT / 'docs/lasfs.1')], stdout=subprocess.DEVNULL,
                         stderr=subprocess.PIPE, text=True, check=True,
                         env={**os.environ, 'LC_ALL': 'C.UTF-8', 'MANROFFSEQ': ''})
    assert ran.stderr == ''


def test_the_mounts_readme_and_the_manual_have_one_layout(mount):
    """The short form of docs/api-map.md: each collection that stands there is in it."""
    manual = (ROOT / 'docs/lasfs.1').read_text()
    layout = re.search(r'^\.SS Layout\n\.nf\n(.*?)^\.fi$', manual, re.M | re.S)[1]
    layout = layout.replace('\\-', '-').replace('\\e', '\\')
    lines = layout.splitlines()
    assert len(lines) > 20
    readme = (mount / 'README').read_text()
    assert '\n'.join('  ' + line for line in lines) in readme
    assert max(map(len, readme.splitlines())) <= 100
    collections = set(re.findall(r'(?:mkdir|ls|cat) (\w+)/',
                                 (ROOT / 'docs/api-map.md').read_text()))
    assert len(collections) > 8
    assert not [c for c in collections if not re.search(rf'^{c}/', layout, re.M)]
