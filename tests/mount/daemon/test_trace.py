"""The trace: a line for each operation of the kernel, and for each request that it caused."""
import base64
import json
import os
import re
import socket
import stat
import subprocess
import sys
from typing import NamedTuple

import pytest

from mounted import COMMAND_SECONDS, Mount, eventually, mount_type
from proxy import Proxy
from samples import SMALLEST_PDF, pdf, small_pdf
from server import Server, program

TIME = r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z'
OPERATION = re.compile(rf'{TIME} (\d+) ([a-z]+) pid=(\d+) result=(-?\w+) waited=(\d+) '
                       r'worked=(\d+) (.*)')
REQUEST = re.compile(rf'{TIME} (\d+) ([A-Z]+) result=(-?\w+) took=(\d+) sent=(\d+) '
                     r'received=(\d+) (http\S*)')
LATENCY_MS = 300


class Operation(NamedTuple):
    number: int
    name: str
    pid: int
    result: str
    waited: int
    worked: int
    path: str


class Request(NamedTuple):
    number: int
    method: str
    result: str
    took: int
    sent: int
    received: int
    url: str

    @property
    def path(self):
        return self.url.partition('/v1')[2]


def read(groups, kind):
    return kind(*(int(g) if kind.__annotations__[f] is int else g
                  for f, g in zip(kind._fields, groups)))


class Trace:
    def __init__(self, path):
        self.path = path

    @property
    def lines(self):
        """Each whole, or it fails."""
        *lines, rest = self.path.read_text().split('\n')
        assert rest == ''
        return lines

    def of(self, pattern, kind):
        return [read(m.groups(), kind) for m in map(pattern.fullmatch, self.lines) if m]

    def operations(self, name='.*', path='.*', **fields):
        return [o for o in self.of(OPERATION, Operation)
                if re.fullmatch(name, o.name) and re.fullmatch(path, o.path)
                and all(getattr(o, k) == v for k, v in fields.items())]

    def requests(self, method='.*', path='.*', **fields):
        return [r for r in self.of(REQUEST, Request)
                if re.fullmatch(method, r.method) and re.fullmatch(path, r.path)
                and all(getattr(r, k) == v for k, v in fields.items())]

    def await_operation(self, *what, **fields):
        """Its line follows its reply."""
        return eventually(lambda: self.operations(*what, **fields), 5, f'{what} {fields}')[0]

    def check(self):
        """No line is anything else, and no number is given twice."""
        odd = [line for line in self.lines
               if not OPERATION.fullmatch(line) and not REQUEST.fullmatch(line)]
        assert not odd, odd
        numbers = [o.number for o in self.operations()]
        assert len(set(numbers)) == len(numbers) and 0 not in numbers


@pytest.fixture
def trace(tmp_path):
    return Trace(tmp_path / 'trace')


@pytest.fixture
def traced(lasfs, trace):
    def make(*options, **how):
        return lasfs(f'trace={trace.path}', *options, **how)
    return make


@pytest.fixture
def mount(traced):
    return traced()


def run(mount, script):
    """Python, in a process of its own in the mount; gives its pid."""
    process = subprocess.Popen([sys.executable, '-c', 'import os\n' + script], cwd=mount.path,
                               stdin=subprocess.DEVNULL)
    assert process.wait(COMMAND_SECONDS) == 0
    return process.pid


# --- Operations --------------------------------------------------------------------------------

def test_the_only_write_of_a_small_file_waits_for_no_thread(mount, trace, samples):
    """Its file in the spool was made with another's: one in so many waits until some more are."""
    names = [f'.{number}.tmp' for number in range(40)]
    for name in names:
        samples.pdf(name, 1000)
    mount.run(f'cp {" ".join(str(samples.folder / n) for n in names)} documents/')
    mount.run(f'cd documents; rm {" ".join(names)}')
    writes = trace.operations('write', path=r'/documents/\.\d+\.tmp')
    assert len(writes) == 40
    assert sum(not w.waited for w in writes) >= 24, writes


FILE = '/documents/a.pdf'
CALLS = {  # operation: path, result
    'opendir': ('/datasets', '0'),
    'readdirplus': ('/datasets', r'[1-9]\d*|0'),
    'create': (FILE, '0'),
    'write': (FILE, str(len(SMALLEST_PDF))),
    'flush': (FILE, '0'),
    'fsync': (FILE, '0'),
    'open': (FILE, '0'),
    'read': (FILE, str(len(SMALLEST_PDF))),
    'setattr': (FILE, '0'),
    'setxattr': (FILE, '0'),
    'getxattr': (FILE, '5'),
    'listxattr': (FILE, r'[1-9]\d*'),
    'removexattr': (FILE, '0'),
    'rename': (f'{FILE} to /documents/b.pdf', '0'),
    'unlink': ('/documents/b.pdf', '0'),
    'mkdir': ('/datasets/new', '0'),
    'rmdir': ('/datasets/new', '0'),
    'statfs': ('/', '0'),
    'lookup': (FILE, '0'),
    'symlink': ('/documents/link', 'EPERM'),
    'link': ('/documents/link', 'EPERM'),
    'poll': ('/documents/a.pdf', '0'),
}
SCRIPT = f'''
import select
os.listdir('datasets')
f = os.open('documents/a.pdf', os.O_CREAT | os.O_WRONLY)
os.write(f, {SMALLEST_PDF!r})
os.fsync(f)
os.close(f)
f = os.open('documents/a.pdf', os.O_RDONLY)
p = select.poll()
p.register(f)
p.poll(0)
os.read(f, 100)
os.close(f)
os.utime('documents/a.pdf', (1, 1))
os.setxattr('documents/a.pdf', 'user.one', b'value')
os.getxattr('documents/a.pdf', 'user.one')
os.listxattr('documents/a.pdf')
os.removexattr('documents/a.pdf', 'user.one')
os.rename('documents/a.pdf', 'documents/b.pdf')
for call in (os.symlink, os.link):
    try:
        call('documents/b.pdf', 'documents/link')
    except PermissionError:
        pass
os.unlink('documents/b.pdf')
os.mkdir('datasets/new')
os.rmdir('datasets/new')
os.statvfs('.')
'''


@pytest.fixture(scope='module')
def every(tmp_path_factory):
    """The trace of a process that did every call, and its pid."""
    folder = tmp_path_factory.mktemp('every')
    server = Server(folder / 'server').start()
    trace = Trace(folder / 'trace')
    mount = Mount(server, folder / 'lasfs', f'trace={trace.path}', 'xattr')
    try:
        mount.allow('no links', 'link')
        pid = run(mount.start(), SCRIPT)
        mount.unmount()
    finally:
        mount.kill()
        server.stop()
    return trace, pid


@pytest.mark.parametrize('name', CALLS)
def test_an_operation_has_a_line(every, name):
    trace, pid = every
    path, result = CALLS[name]
    found = trace.operations(name, re.escape(path), pid=pid)
    assert any(re.fullmatch(result, o.result) for o in found), trace.operations(name)


@pytest.mark.parametrize('name', ['release', 'releasedir', 'forget'])
def test_what_the_kernel_does_by_itself_has_pid_0(every, name):
    trace, _ = every
    assert trace.operations(name, pid=0) == trace.operations(name) != []


def test_no_line_is_of_another_form(every):
    every[0].check()


def test_what_is_not_there(mount, trace):
    pid = run(mount, 'print(os.path.exists("documents/nothing.pdf"))')
    one = trace.await_operation('lookup', '/documents/nothing.pdf')
    assert one.result == 'ENOENT' and one.pid == pid
    trace.check()


def test_a_rename_has_both_names(mount, trace):
    (mount / 'documents/one two.pdf').write_bytes(SMALLEST_PDF)
    os.rename(mount / 'documents/one two.pdf', mount / 'documents/three.pdf')
    trace.await_operation('rename', '/documents/one two.pdf to /documents/three.pdf')


def test_a_name_breaks_no_line(mount, trace):
    """Whatever becomes of it."""
    forged = 'x\n2026-01-01T00:00:00.000000Z 1 unlink pid=1 result=0 waited=0 worked=0 '
    assert not os.path.exists(mount / 'documents' / forged)
    trace.await_operation('lookup', r'/documents/x%0A2026-01-01.*', result='ENOENT')
    assert not trace.operations('unlink')
    trace.check()


def test_lines_of_many_are_whole(mount, trace):
    mount.run('for i in $(seq 16); do (for k in $(seq 20); do read -r line < README; '
              '[ -e nothing$i-$k ]; done; true) & done; wait')
    mount.unmount()
    missed = [o.path for o in trace.operations('lookup', '/nothing.*', result='ENOENT')]
    assert sorted(missed) == sorted(f'/nothing{i}-{k}' for i in range(1, 17) for k in range(1, 21))
    trace.check()


# --- Requests ----------------------------------------------------------------------------------

@pytest.mark.server('--latency', str(LATENCY_MS))
def test_a_cold_read_waits_for_its_request(mount, trace, api):
    data = pdf(5000)
    document = api.add_document(data)
    pid = run(mount, f'open("documents/{document}/content", "rb").read()')
    mount.unmount()
    got = trace.requests('GET', f'/documents/{document}')
    assert len(got) == 1, got
    assert got[0].result == '200' and got[0].took >= LATENCY_MS * 1000
    assert got[0].received > len(data) and got[0].sent == 0
    caused = trace.operations(number=got[0].number)
    assert len(caused) == 1 and caused[0].pid == pid, caused
    assert caused[0].waited >= got[0].took > caused[0].worked, (got, caused)
    assert caused[0].path.startswith(f'/documents/{document}')
    whole = trace.operations('read', f'/documents/{document}/content')
    assert sum(int(o.result) for o in whole) == len(data)
    trace.check()


@pytest.mark.server('--latency', str(LATENCY_MS))
def test_two_who_read_a_cold_document_have_one_request(mount, trace, api):
    document = api.add_document(pdf(5000))
    os.listdir(mount / 'documents')
    mount.run(f'for i in 1 2; do cat ./documents/{document}/content >/dev/null & done; wait')
    mount.unmount()
    got = trace.requests('GET', f'/documents/{document}')
    assert len(got) == 1, got
    who = trace.operations(path=f'/documents/{document}.*', number=got[0].number)
    assert len(who) == 1
    waited = {o.pid for o in trace.operations(path=f'/documents/{document}.*')
              if o.waited > LATENCY_MS * 100}
    assert len(waited) == 2 and who[0].pid in waited, 'the other waited too'


def test_what_is_sent_has_the_number_of_the_close(mount, trace, api):
    data = pdf(20000)
    (mount / 'documents/a.pdf').write_bytes(data)
    close = trace.await_operation('flush', '/documents/a.pdf')
    posts = trace.requests('POST', '/documents')
    assert [p.number for p in posts] == [close.number]
    assert posts[0].sent > len(data) and posts[0].result == '200'
    assert api.only_document()


def test_what_is_sent_behind_the_last_close_has_the_number_of_the_release(mount, trace, api):
    """The opener has closed it; who was given it writes, and closes."""
    ours, theirs = socket.socketpair()
    opener = subprocess.Popen([sys.executable, '-c', 'import os, socket, sys\n'
                               'f = os.open("documents/a.pdf", os.O_CREAT | os.O_WRONLY)\n'
                               's = socket.socket(fileno=int(sys.argv[1]))\n'
                               'socket.send_fds(s, [b"x"], [f])\n', str(theirs.fileno())],
                              cwd=mount.path, pass_fds=[theirs.fileno()])
    with ours, theirs:
        _, (file,), _, _ = socket.recv_fds(ours, 1, 1)
    assert opener.wait(COMMAND_SECONDS) == 0
    os.write(file, SMALLEST_PDF)
    os.close(file)
    release = trace.await_operation('release', '/documents/a.pdf')
    assert [p.number for p in trace.requests('POST', '/documents')] == [release.number]
    assert release.waited > 0 and api.only_document()


def test_what_nobody_waits_for_has_number_0(mount, trace):
    """At the start the API is asked, with the first token."""
    assert [r.number for r in trace.requests('GET', '/organizations/me')] == [0]
    token = [r for r in trace.requests('POST') if r.url.endswith('/token')]
    assert [r.number for r in token] == [0]


@pytest.mark.server('--latency', '20', '--page-size', '100')
def test_a_page_that_is_read_ahead_has_number_0(mount, trace, api):
    api.add_documents((small_pdf(i) for i in range(500)), threads=16)

    def pages():
        return [r.number for r in trace.requests('GET', '/documents')]

    with os.scandir(mount / 'documents') as entries:
        next(entries)
        eventually(lambda: 0 in pages(), 10, 'a page that nobody has asked for')
        assert len(list(entries)) >= 499
    mount.unmount()
    numbers = pages()
    assert len(numbers) == 5, numbers
    # a readdir gives what there is; the next one may have to ask again
    asked = {number for number in numbers if number}
    assert numbers[0] in asked <= {o.number for o in trace.operations('readdir(plus)?', '/documents')}


@pytest.mark.server('--token-ttl', '1')
def test_a_token_has_the_number_of_who_needed_it(mount, trace):
    def renewed():
        mount.refresh()
        os.listdir(mount / 'datasets')
        return [r.number for r in trace.requests('POST') if r.url.endswith('/token') and r.number]

    number = eventually(renewed, 10, 'another token')[0]
    assert trace.await_operation(number=number).path == '/datasets'


def test_the_probe_of_a_server_that_is_down_has_number_0(traced, trace, proxy):
    mount = traced('timeout=1', server=proxy)
    mount.allow('503', 'not tried')
    proxy.fault(status=503)

    def probed():
        with pytest.raises(OSError):
            os.listdir(mount / 'models')
        return [r for r in trace.requests('GET', '') if r.url.endswith('/v1')]

    probe = eventually(probed, 20, 'a probe')[0]
    assert probe.number == 0 and probe.result == '503'


def test_each_try_has_a_line(traced, trace, proxy):
    mount = traced(server=proxy)
    mount.allow('datasets')
    proxy.fault('GET', '/datasets', status=503, times=1)
    proxy.fault('GET', '/datasets', close='middle', times=1)
    os.listdir(mount / 'datasets')
    tries = trace.requests('GET', '/datasets')
    assert [t.result for t in tries] == ['503', 'ECONNRESET', '200'], tries
    assert len({t.number for t in tries}) == 1 and tries[0].number > 0


# --- Secrets -----------------------------------------------------------------------------------

def test_no_secret_is_in_it(traced, trace, proxy):
    mount = traced('xattr', server=proxy)
    mount.allow('.')
    word = 'hunter2-correct-horse'
    (mount / 'secrets/mine.json').write_text(json.dumps({'data': {'password': word}}))
    document = mount / 'documents/scan.pdf'
    document.write_bytes(pdf(2000))
    os.setxattr(document, 'user.mine', word.encode())
    proxy.fault('PATCH', status=400, message=f'{word} is too weak', times=1)
    with pytest.raises(OSError):
        (mount / 'secrets/mine/data.json').write_text(json.dumps({'password': word}))
    proxy.fault('GET', '/datasets', status=400, message=proxy.client_secret)
    with pytest.raises(OSError):
        os.listdir(mount / 'datasets')
    bearer = proxy.since(0, 'GET', '/organizations/me')[0].headers['Authorization']
    token = bearer.removeprefix('Bearer ')
    assert not os.path.exists(mount / 'documents' / f'{token}.pdf')
    mount.unmount()
    text = trace.path.read_text()
    assert trace.requests('PATCH', result='400') and trace.requests('POST', '/secrets')
    pair = f'{proxy.client_id}:{proxy.client_secret}'
    for secret in (word, proxy.client_secret, base64.b64encode(pair.encode()).decode(), token,
                   'access_token', 'grant_type', 'Bearer', pdf(2000)[-40:].decode()[:20], '?'):
        assert secret not in text, secret
    trace.check()


@pytest.mark.server('--file-url')
def test_no_query_of_an_address_is_in_it_and_of_another_host_no_path(traced, trace, proxy, api,
                                                                     server):
    """Who has such an address may read what is there."""
    mount = traced(server=proxy)
    other = Proxy(server)
    try:
        for host, path in ((proxy, 'own'), (other, 'other')):
            document = api.add_document(pdf(700))
            url = f'http://127.0.0.1:{host.port}/v1/files/{path}-key?signature=s3cr3t'
            answer = json.dumps({**api.get(f'documents/{document}'), 'fileUrl': url})
            proxy.fault('GET', f'/documents/{document}', body=answer.encode(), status=200)
            host.fault('GET', '/files/.*', status=200, body=pdf(700))
            (mount / 'documents' / document / 'content').read_bytes()
    finally:
        other.stop()
    mount.unmount()
    assert trace.requests('GET', '/files/own-key')
    assert [r.result for r in trace.requests() if r.url == f'http://127.0.0.1:{other.port}']
    assert 'other-key' not in trace.path.read_text()
    assert 's3cr3t' not in trace.path.read_text()


# --- The file ----------------------------------------------------------------------------------

@pytest.fixture
def daemon(server, tmp_path):
    """Starts lasfs in the background, from a folder of its own, with more options."""
    mount = Mount(server, tmp_path / 'lasfs')
    mount.here = tmp_path / 'here'
    mount.here.mkdir()

    def start(*arguments, status=0):
        command = [program('lasfs'), *arguments, '-o', f'state={mount.state}', str(mount.path)]
        ran = subprocess.run(command, cwd=mount.here, env=mount.environment(), text=True,
                             stdin=subprocess.DEVNULL, capture_output=True, check=False,
                             timeout=COMMAND_SECONDS)
        assert ran.returncode == status, ran
        mount.said = ran.stderr
        return mount

    yield start
    if mount_type(mount.path):
        subprocess.run([program('lasfs'), '--unmount', str(mount.path)], check=True,
                       timeout=COMMAND_SECONDS)


def test_a_daemon_writes_it_where_it_was_started(daemon):
    mount = daemon('-o', 'trace=lasfs.trace')
    trace = Trace(mount.here / 'lasfs.trace')
    assert stat.S_IMODE(trace.path.stat().st_mode) == 0o600
    os.listdir(mount / 'datasets')
    trace.await_operation('readdirplus', '/datasets')
    assert mount.said == ''


def test_there_is_none_unless_it_is_wanted(daemon):
    mount = daemon()
    os.listdir(mount / 'datasets')
    assert os.listdir(mount.here) == []
    mount = daemon('--unmount')
    mount = daemon('--trace', 'lasfs.trace')
    assert os.listdir(mount.here) == ['lasfs.trace']


def test_a_file_that_is_moved_away_is_written_no_more(mount, trace, tmp_path):
    os.path.exists(mount / 'before')
    trace.await_operation('lookup', '/before')
    old = Trace(trace.path.rename(tmp_path / 'old'))
    os.path.exists(mount / 'after')
    eventually(trace.path.exists, 5, 'a new file')
    trace.await_operation('lookup', '/after')
    assert stat.S_IMODE(trace.path.stat().st_mode) == 0o600
    assert not old.operations('lookup', '/after') and old.operations('lookup', '/before')


@pytest.mark.parametrize('file, why', [('missing/trace', 'No such file or directory'),
                                       ('.', 'Is a directory')])
def test_a_file_that_cannot_be_written_is_refused(daemon, file, why):
    mount = daemon('-o', f'trace={file}', status=1)
    assert mount.said == f'lasfs: trace={mount.here}/{file}: cannot be written: {why}\n'
    assert not mount.mounted


@pytest.mark.parametrize('file', ['../lasfs/mnt/trace', 'link/trace'])
def test_a_file_inside_the_mount_is_refused(daemon, tmp_path, file):
    (tmp_path / 'here/link').symlink_to('../lasfs/mnt')
    mount = daemon('-o', f'trace={file}', status=1)
    assert mount.said == f'lasfs: trace={mount.here}/{file}: it must not be inside the mount\n'
    assert os.listdir(mount.path) == [] and not mount.mounted


def test_a_link_into_the_mount_is_refused(daemon, tmp_path):
    (tmp_path / 'lasfs/mnt/trace').write_text('')
    (tmp_path / 'here/trace').symlink_to(tmp_path / 'lasfs/mnt/trace')
    mount = daemon('-o', 'trace=trace,nonempty', status=1)
    assert mount.said.endswith('it must not be inside the mount\n')


def test_a_full_disk_ends_it_and_not_the_mount(lasfs, api):
    mount = lasfs('trace=/dev/full')
    said = 'lasfs: the trace ends, as /dev/full cannot be written: No space left on device'
    mount.allow(f'^{said}$')
    (mount / 'documents/a.pdf').write_bytes(SMALLEST_PDF)
    assert api.content('documents/' + api.only_document()['documentId']) == SMALLEST_PDF
    mount.unmount()
    assert mount.words.splitlines() == [said]
