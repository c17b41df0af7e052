"""lasfs-sandbox --list-state and --reset: what lasfs --sandbox has left."""
import json
import os
import re
import subprocess

import pytest

from mounted import COMMAND_SECONDS, eventually, mount_type
from samples import pdf
from server import program
from terminal import Terminal


class Home:
    """A home of its own, in which sandboxes are mounted; each is ended."""

    def __init__(self, folder):
        self.folder = folder
        self.default = folder / 'data/lasfs/sandbox'
        self.mounts = []

    @property
    def env(self):
        kept = {k: v for k, v in os.environ.items() if not k.startswith(('XDG_', 'LAS_'))}
        return {**kept, 'HOME': str(self.folder), 'XDG_DATA_HOME': str(self.folder / 'data')}

    def mount(self, option='--sandbox', name='mnt'):
        path = self.folder / name
        path.mkdir(exist_ok=True)
        subprocess.run([program('lasfs'), option, str(path)], check=True, env=self.env,
                       timeout=COMMAND_SECONDS, cwd=self.folder)
        self.mounts.append(path)
        return path

    def unmount(self):
        while self.mounts:
            subprocess.run([program('lasfs'), '--unmount', str(self.mounts.pop())], check=True,
                           timeout=COMMAND_SECONDS)

    def sandbox(self, *arguments, status=0):
        ran = subprocess.run([program('lasfs-sandbox'), *map(str, arguments)], env=self.env,
                             stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                             timeout=COMMAND_SECONDS, cwd=self.folder)
        assert ran.returncode == status, ran
        return ran

    def states(self):
        """{directory: (megabytes, who)}"""
        found = {}
        for line in self.sandbox('--list-state').stdout.splitlines():
            size, use, path = re.fullmatch(
                r' *([\d.]+) MB  \d{4}-\d\d-\d\d \d\d:\d\d  (not in use|in use by pid \d+)  (/.*)',
                line).groups()
            found[path] = (float(size), use)
        return found

    def on_terminal(self, *arguments):
        return Terminal([program('lasfs-sandbox'), *arguments], env=self.env)


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path)
    yield home
    for path in home.mounts:
        if mount_type(path):
            subprocess.run([program('lasfs'), '--unmount', str(path)], check=False,
                           timeout=COMMAND_SECONDS)


def pid_of(path):
    return re.search(r'^pid +(\d+)$', (path / '.lasfs/status').read_text(), re.M).group(1)


def test_those_that_were_used_are_listed(home):
    assert home.sandbox('--list-state').stdout == ''
    first = home.mount()
    second = home.mount('--sandbox=a box', 'other')
    assert {path: use for path, (_, use) in home.states().items()} == {
        str(home.default): 'in use by pid ' + pid_of(first),
        str(home.folder / 'a box'): 'in use by pid ' + pid_of(second)}
    home.unmount()
    states = home.states()
    assert [use for _, use in states.values()] == ['not in use'] * 2
    assert all(0 < size < 100 for size, _ in states.values())
    assert (home.default.parent / 'sandboxes').read_text() == f"{home.folder / 'a box'}\n"
    home.mount('--sandbox=a box', 'other')  # once more, and still once in the list
    home.unmount()
    assert len(home.states()) == 2


def test_a_sandbox_speaks_today_s_api(home):
    mount = home.mount()
    assert {'profiles', 'roles', 'plans', 'paymentMethods'} <= set(os.listdir(mount))
    assert os.listdir(mount / 'roles') and os.listdir(mount / 'profiles') == ['me']
    (mount / 'documents/a.pdf').write_bytes(pdf(2000))
    assert (mount / 'documents/.by-name/a.pdf/name').read_text() == 'a.pdf\n'
    eventually(lambda: re.search(r'^API +2024$', (mount / '.lasfs/status').read_text(), re.M))


def test_what_a_sandbox_of_2021_has_left_goes_on(home):
    state = home.folder / 'box/server'
    state.mkdir(parents=True)
    with subprocess.Popen([program('lasfs-sandbox'), '--state', state, '--client-id', 'sandbox',
                           '--client-secret', 'b', '--api', '2021', '--seed-demo'],
                          stdout=subprocess.PIPE) as server:
        server.stdout.readline()
        server.terminate()
    mount = home.mount('--sandbox=box')
    assert sorted(os.listdir(mount / 'datasets')) == ['invoices', 'receipts']
    model = json.loads((mount / 'models/invoices/resource.json').read_text())
    assert model['status'] == 'active' and not {'width', 'height'} & set(model)
    name, = [n for n in os.listdir(mount / 'datasets/receipts/documents')
             if (mount / f'datasets/receipts/documents/{n}/groundTruth.json').read_text().strip() != '[]'][:1]
    folder = mount / 'documents' / name
    assert (folder / 'content').read_bytes().startswith(b'%PDF')
    (folder / 'name').write_text('a receipt\n')
    (folder / 'predictions/invoices.json').write_text('{}')
    answer = json.loads((folder / 'predictions/invoices.json').read_text())
    assert {p['label'] for p in answer['predictions']} == {'number', 'date', 'total'}
    home.unmount()


def test_a_server_alone_is_told_by_its_own_pid(home):
    home.mount()
    home.unmount()
    with subprocess.Popen([program('lasfs-sandbox'), '--state', home.default / 'server',
                           '--client-id', 'a', '--client-secret', 'b'],
                          stdout=subprocess.PIPE) as server:
        server.stdout.readline()
        assert home.states()[str(home.default)][1] == f'in use by pid {server.pid}'
        assert f'in use by pid {server.pid}: ' in home.sandbox('--reset', '--yes', status=1).stderr
        server.terminate()


def test_reset_removes_it_and_the_next_begins_anew(home):
    mount = home.mount()
    (mount / 'datasets/mine').mkdir()
    home.unmount()
    mount = home.mount()
    assert os.listdir(mount / 'datasets') == ['mine']
    home.unmount()
    said = home.sandbox('--reset', '--yes')
    assert said.stderr == f'lasfs-sandbox: {home.default}: removed\n' and said.stdout == ''
    assert not home.default.exists() and home.states() == {}
    mount = home.mount()
    assert os.listdir(mount / 'datasets') == []
    home.unmount()


def test_reset_of_a_named_one_leaves_what_is_not_its(home):
    home.mount()
    home.mount('--sandbox=box', 'other')
    home.unmount()
    box = home.folder / 'box'
    (box / 'mine.txt').write_text('keep')
    (home.folder / 'precious').write_text('keep')
    (box / 'cache/link').symlink_to(home.folder)
    home.sandbox('--reset', 'box', '--yes')
    assert os.listdir(box) == ['mine.txt'] and (home.folder / 'precious').exists()
    assert list(home.states()) == [str(home.default)]


def test_reset_refuses_what_is_in_use(home):
    mount = home.mount()
    ran = home.sandbox('--reset', '--yes', status=1)
    assert ran.stderr == (f'lasfs-sandbox: {home.default}: in use by pid {pid_of(mount)}: end it '
                          'first: lasfs --unmount MOUNTPOINT\n')
    assert os.listdir(mount)
    home.unmount()
    assert home.default.exists()


def test_reset_refuses_without_a_terminal_and_a_yes(home):
    home.mount()
    home.unmount()
    ran = home.sandbox('--reset', status=1)
    assert ran.stderr == ('lasfs-sandbox: --reset: there is no terminal to ask on: say --yes too\n')
    assert len(home.states()) == 1


@pytest.mark.parametrize('answer, gone', [('y', True), ('n', False), ('', False)])
def test_reset_asks_on_a_terminal(home, answer, gone):
    home.mount()
    home.unmount()
    with home.on_terminal('--reset') as terminal:
        eventually(lambda: '[y/N] ' in terminal.text)
        assert f'Remove the sandbox in {home.default} (' in terminal.text
        assert home.default.exists()
        terminal.type(answer + '\n')
        assert terminal.wait(COMMAND_SECONDS) == (0 if gone else 1)
        assert ('removed' if gone else 'nothing was removed') in terminal.text
    assert home.default.exists() == (not gone)


@pytest.mark.parametrize('name', ['nothing', 'plain', '/', '/etc'])
def test_reset_of_what_is_none_removes_nothing(home, name):
    (home.folder / 'plain/server').mkdir(parents=True)
    (home.folder / 'plain/server/x').write_text('keep')
    ran = home.sandbox('--reset', name, '--yes', status=1)
    line, = ran.stderr.splitlines()
    assert line == (f'lasfs-sandbox: {name}: is no state of lasfs --sandbox (--list-state shows '
                    'them)')
    assert (home.folder / 'plain/server/x').exists()


def test_words_without_reset_are_no_option(home):
    assert 'is not an option' in home.sandbox('box', status=2).stderr
    assert 'is not an option' in home.sandbox('--reset', 'a', 'b', status=2).stderr
