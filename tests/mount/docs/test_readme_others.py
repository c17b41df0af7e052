"""README's tables for whoever knows rclone, s3fs or las: each line runs, and the server has it."""
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from mounted import Mount, eventually, mount_type
from rest import Refused
from samples import pdf
from server import ROOT, program

SCANS = {'a.pdf': pdf(2000), 'b.pdf': pdf(2100, seed=1)}
FOLDER = 'datasets/receipts/documents'


def table(heading):
    """[(what one knows, line)] of README's table with this heading."""
    readme = (ROOT / 'README.md').read_text()
    found = re.search(rf'^\| {heading} \| lasfs \|\n\| --- \| --- \|\n((?:\|.*\n)+)', readme, re.M)
    rows = [[c.strip() for c in line.split('|')[1:-1]] for line in found[1].splitlines()]
    return [(known, re.fullmatch('`([^`]+)`', line)[1]) for known, line in rows]


class Desk:
    """A folder with files, and a home with the profile work."""

    def __init__(self, server, api, folder):
        self.server, self.api = server, api
        self.mount = Mount(server, folder)
        self.folder, self.path = Path(folder), self.mount.path
        (self.folder / 'scans').mkdir()
        for name, data in SCANS.items():
            (self.folder / 'scans' / name).write_bytes(data)
        (self.folder / 'scan.pdf').write_bytes(pdf(2200, seed=2))
        (self.folder / 'form.js').write_text('export default 1\n')
        (self.folder / 'in.json').write_text('{"document": "bill 17"}\n')
        file = self.mount.home / '.lucidtech/credentials.cfg'
        file.parent.mkdir()
        file.write_text(f'[work]\nclient_id = {server.client_id}\n'
                        f'client_secret = {server.client_secret}\n'
                        f'auth_endpoint = {server.auth_endpoint}\n'
                        f'api_endpoint = {server.api_endpoint}\n')
        file.chmod(0o600)

    def run(self, line):
        environment = {k: v for k, v in self.mount.environment().items() if not k.startswith('LAS_')}
        environment['PATH'] = f"{Path(program('lasfs')).parent}:{environment['PATH']}"
        ran = subprocess.run(['bash', '-c', line], cwd=self.folder, env=environment, text=True,
                             stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
        assert ran.returncode == 0, f'{line}\n{ran.stdout}\n{ran.stderr}'
        return ran.stdout

    def end(self):
        if mount_type(self.path):
            subprocess.run([program('lasfs'), '--unmount', str(self.path)], check=True, timeout=60)
        eventually(lambda: not self.mount.mounted)

    def dropped(self):
        """The contents of the dataset receipts, as the server has them."""
        dataset = self.api.dataset_called('receipts')['datasetId']
        return [self.api.content('documents/' + d['documentId'])
                for d in self.api.documents(datasetId=dataset)]


@pytest.fixture
def desk(server, api, tmp_path):
    one = Desk(server, api, tmp_path / 'desk')
    yield one
    one.end()


def of_work(desk):
    """The account is that of the profile."""
    assert subprocess.run(['findmnt', '-n', '-o', 'SOURCE', desk.path], capture_output=True, text=True,
                          check=True).stdout.strip() == 'lasfs:work'
    assert sorted(os.listdir(desk.path / 'datasets')) == sorted(
        d['name'] for d in desk.api.list('datasets'))


def listed(desk, out):
    ids = {d['documentId'].rpartition(':')[2] for d in desk.api.documents()}
    assert len(out.split()) == len(desk.dropped()) == 2
    assert all(any(id_.startswith(name) for id_ in ids) for name in out.split())


def copied(desk, _):
    assert len(desk.dropped()) == 4
    assert set(SCANS.values()) < set(desk.dropped())


def synced(desk, _):
    assert sorted(desk.dropped()) == sorted(SCANS.values())


def checked(desk, out):
    assert out == 'a.pdf: OK\nb.pdf: OK\n'
    assert set(SCANS.values()) < set(desk.dropped())


def seen(desk, _):
    of_work(desk)
    assert 'of others' in os.listdir(desk.path / 'datasets')


def emptied(desk, _):
    assert desk.dropped() == []
    assert len(desk.api.documents()) == 4, 'those of the other dataset'


def ended(desk, _):
    assert not mount_type(desk.path)


def larger(desk, _):
    of_work(desk)
    assert f'of {4 << 30}' in (desk.path / '.lasfs/status').read_text()


RCLONE = {'rclone mount': lambda desk, _: of_work(desk), 'rclone lsf': listed,
          'rclone copy': copied, 'rclone check': checked, 'rclone sync': synced,
          'rclone rc': seen, 'rclone delete': emptied, 'fusermount -u': ended,
          '--dir-cache-time': larger}


def go_through(desk, rows, checks, prepare):
    """checks: for how each row begins, what is to be seen after its line."""
    assert len(rows) == len(checks)
    for known, line in rows:
        check, = [c for begin, c in checks.items() if known.startswith('`' + begin)]
        check(desk, desk.run(prepare(known, line)))


@pytest.mark.server('--seed-demo')
def test_the_lines_for_who_knows_rclone(desk):
    def prepare(known, line):
        if known.startswith('`rclone rc'):
            os.listdir(desk.path / 'datasets')
            desk.api.add_dataset('of others')
        return line
    go_through(desk, table('rclone, s3fs'), RCLONE, prepare)


class OfLas:
    """What the lines for las did to the server; document is the one that they speak of."""

    def __init__(self, api):
        self.api, self.document = api, None
        self.before = self.documents()
        self.checks = {
            'las --profile': lambda desk, _: of_work(desk),
            'las documents create': self.created, 'las documents list': self.listed,
            'las documents get ID`': self.got, 'las documents get ID -d': self.downloaded,
            'las predictions create': self.predicted, 'las documents delete': self.deleted,
            'las datasets create': lambda *_: self.api.dataset_called('bills'),
            'las assets create': self.asset, 'las workflows execute': self.executed,
            'las transitions execute': self.claimed}

    def documents(self):
        return {d['documentId'] for d in self.api.documents()}

    def prepare(self, _, line):
        return re.sub(r'/ID\b', f'/{self.document}', line)

    def created(self, desk, _):
        self.document, = self.documents() - self.before
        assert self.api.content(f'documents/{self.document}') == (desk.folder / 'scan.pdf').read_bytes()

    def listed(self, _, out):
        assert {json.loads(line)['documentId'] for line in out.splitlines()} == self.documents()

    def got(self, _, out):
        assert json.loads(out)['documentId'] == self.document

    def downloaded(self, desk, _):
        assert (desk.folder / 'copy.pdf').read_bytes() == self.api.content(f'documents/{self.document}')

    def predicted(self, *_):
        one, = [p for p in self.api.list('predictions') if p['documentId'] == self.document]
        assert one['modelId'] == self.api.list('models')[0]['modelId']

    def deleted(self, *_):
        assert self.documents() == self.before

    def asset(self, *_):
        one, = self.api.list('assets')
        assert one['name'] == 'form.js'
        assert self.api.content(f"assets/{one['assetId']}") == b'export default 1\n'

    def executed(self, *_):
        executions = f"workflows/{self.api.list('workflows')[0]['workflowId']}/executions"
        assert {'document': 'bill 17'} in [self.api.get(f"{executions}/{e['executionId']}")['input']
                                           for e in self.api.list(executions)]

    def claimed(self, *_):
        check, = [t['transitionId'] for t in self.api.list('transitions') if t['name'] == 'check']
        executions = f'transitions/{check}/executions'
        assert len(self.api.list(executions)) == 2, 'one of the demo, one of the line above'
        self.api.post(executions)
        with pytest.raises(Refused):  # the other one is taken
            self.api.post(executions)


@pytest.mark.server('--seed-demo')
def test_the_lines_for_who_knows_las(desk):
    of_las = OfLas(desk.api)
    go_through(desk, table('las'), of_las.checks, of_las.prepare)
