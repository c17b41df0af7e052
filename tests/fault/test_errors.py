"""Each failure of the server or the network has one errno, one line in .lasfs/errors and so many
tries, whatever operation meets it; what was written is not lost."""
import errno
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from mounted import Mount
from proxy import Proxy
from rest import Api
from samples import small_pdf
from server import Server

TIMEOUT = 2
PATIENT_TIMEOUT = 15  # longer than all the waits between four tries
UNSURE = 1
TOGETHER = 4  # fewer than the failures in a row after which nothing is tried any more


# --- Faults ------------------------------------------------------------------------------------

@dataclass
class Fault:
    """What the proxy does, and what a program sees. A POST may not be sent twice: unsure ones
    are tried once, and fail with EIO; but a document is looked for, and sent again once it can
    come no more."""

    name: str
    rule: dict
    error: int
    tries: tuple = (1,)
    says: str = ''            # in the line
    status: int = None        # in the line; None: the rule's
    unsure: bool = False      # it may have been carried out
    made: bool = False        # and it was
    late: bool = False        # and it may be still
    tokens: int = 0           # fresh ones that it costs
    ignored_by: tuple = ()    # verbs whose answers are not read, or for which it is success
    only: tuple = ()          # operations; empty: all
    patient: bool = False     # on the mount that waits longer


def refused(name, status, error, message, **more):
    return Fault(name, {'status': status, 'message': message}, error, says=message, **more)


def page(name, status, error, title, **more):
    """What a gateway says: no JSON."""
    body = f'<html><head><title>{title}</title></head></html>\r\n'.encode()
    return Fault(name, {'status': status, 'body': body,
                        'headers': {'Content-Type': 'text/html'}}, error, says=title, **more)


def capital(name, status, error, message, **more):
    return Fault(name, {'status': status, 'body': b'{"Message": "%s"}' % message.encode()}, error,
                 says=message, **more)


def broken(name, rule, **more):
    # curl itself sends again what went out over a kept connection that turns out to be dead: each of
    # the tries of TOGETHER operations may meet one
    return Fault(name, rule, errno.EIO, range(3, 4 + 3 * TOGETHER), status=0, unsure=True, late=True, **more)


WRONG = b'{"documentId": '
FAULTS = [
    refused('400', 400, errno.EINVAL, 'the value is too clever'),
    refused('400 not empty', 400, errno.ENOTEMPTY, 'the dataset is not empty'),
    refused('400 in use', 400, errno.EBUSY, 'it is in use by a workflow'),
    refused('400 quota', 400, errno.EDQUOT, 'quota exceeded'),
    refused('401', 401, errno.EACCES, 'Unauthorized', tries=(2,), tokens=1),
    refused('403', 403, errno.EACCES, 'Forbidden', tries=(2,), tokens=1),
    capital('403 Message', 403, errno.EACCES, 'User is not authorized', tries=(2,), tokens=1),
    refused('404', 404, errno.ENOENT, 'not found', ignored_by=('DELETE',)),
    refused('409', 409, errno.EEXIST, 'there is one already'),
    refused('409 in use', 409, errno.EBUSY, 'it is in use'),
    page('413 page', 413, errno.EFBIG, '413 Request Entity Too Large'),
    refused('415', 415, errno.EINVAL, 'Unsupported Media Type'),
    refused('422', 422, errno.EINVAL, 'unprocessable'),
    refused('429 throttle', 429, errno.EAGAIN, 'Too Many Requests', tries=(4,), patient=True),
    refused('429 quota', 429, errno.EDQUOT, 'Limit Exceeded'),
    refused('500', 500, errno.EIO, 'Internal Server Error', tries=(3,), unsure=True),
    page('502 page', 502, errno.EIO, '502 Bad Gateway', tries=(3,), unsure=True, late=True),
    Fault('503 empty', {'status': 503}, errno.EIO, (3,), says='HTTP 503', unsure=True),
    capital('504', 504, errno.EIO, 'Endpoint request timed out', tries=(3,), unsure=True,
            late=True),
    broken('closed before', {'close': 'before'}),
    broken('closed after', {'close': 'after'}, made=True),
    broken('closed within', {'close': 'middle'}, made=True),
    Fault('stalled', {'stall': 'before'}, errno.ETIMEDOUT, status=0, unsure=True, late=True,
          says=f'nothing has moved for {TIMEOUT} s'),
    Fault('stalled after', {'stall': 'after'}, errno.ETIMEDOUT, status=0, unsure=True, late=True, made=True,
          says=f'nothing has moved for {TIMEOUT} s'),
    Fault('wrong JSON', {'body': WRONG}, errno.EIO, status=200, says='', unsure=True, late=True, made=True,
          ignored_by=('DELETE',)),
    Fault('oversized', {'status': 200, 'body': b'[' + b' ' * (33 << 20) + b']'}, errno.EIO,
          status=200, says='larger than 32 MiB', unsure=True, late=True, only=('open', 'readdir', 'close')),
]


# --- Operations --------------------------------------------------------------------------------

@dataclass
class Operation:
    """prepare(world) makes what it needs; act(world, made) does it; what it asks for."""

    name: str
    prepare: callable
    act: callable
    verb: str
    path: str                 # {id} is what prepare() made
    line: str                 # of .lasfs/errors: the operation and the path
    keeps: bool = False       # bytes were written, which must not be lost
    changed: dict = field(default_factory=dict)  # errno -> another one


def open_fd(path, flags, mode=0o600):
    return os.open(path, flags | os.O_CLOEXEC, mode)


def read_all(path):
    fd = open_fd(path, os.O_RDONLY)
    try:
        return os.read(fd, 1 << 20)
    finally:
        os.close(fd)


class World:
    """The mount, its server and its proxy, and new things for each operation."""

    def __init__(self, folder, timeout):
        self.server = Server(folder / 'server').start()
        self.proxy = Proxy(self.server)
        self.api = Api(self.server)
        self.mount = Mount(self.proxy, folder / 'lasfs', f'timeout={timeout}',
                           f'unsure={UNSURE}', 'content_cache=0')
        self.mount.allow('.')
        self.mount.may_leave = True
        self.mount.start()
        self.made = 0

    def stop(self):
        try:
            self.proxy.clear()
            if self.mount.process:
                self.mount.unmount()
        finally:
            self.mount.kill()
            self.proxy.stop()
            self.server.stop()

    def number(self):
        self.made += 1
        return self.made

    def bytes(self):
        return small_pdf(self.number())

    def name(self, ending=''):
        return f'n{self.number()}{ending}'

    def newest_document(self):
        return max(self.api.documents(), key=lambda d: d['createdTime'])['documentId']

    def document(self):
        """Somebody else's, which the mount knows nothing of."""
        return {'id': self.api.add_document(self.bytes())}

    def known_document(self):
        made = self.document()
        os.stat(self.mount / 'documents' / made['id'] / 'content')
        return made

    def known_dataset(self):
        made = {'id': self.api.add_dataset(self.name())}
        os.stat(self.mount / 'datasets' / made['id'] / 'description')
        return made

    def dropped(self):
        path = self.mount / 'documents' / self.name('.pdf')
        path.write_bytes(self.bytes())
        return {'path': path, 'name': path.name, 'id': self.newest_document()}

    def list(self):
        """A list is asked for by the first read of it."""
        os.utime(self.mount / '.lasfs/refresh')
        return {'fd': open_fd(self.mount / 'secrets/.list.jsonl', os.O_RDONLY)}

    def dropped_and_dataset(self):
        return {**self.dropped(), 'dataset': self.known_dataset()['id']}

    def into_dataset(self):
        made = self.known_document()
        dataset = self.api.add_dataset(self.name())
        fd = open_fd(self.mount / 'documents' / made['id'] / 'datasetId', os.O_WRONLY)
        return {**made, 'fd': fd, 'text': dataset.encode()}

    def open_drop(self):
        path = self.mount / 'documents' / self.name('.pdf')
        data = self.bytes()
        fd = open_fd(path, os.O_WRONLY | os.O_CREAT)
        os.write(fd, data)
        return {'fd': fd, 'name': path.name, 'data': data}

    def open_description(self):
        made = self.known_dataset()
        fd = open_fd(self.mount / 'datasets' / made['id'] / 'description', os.O_WRONLY)
        os.write(fd, b'what it is about\n')
        return {**made, 'fd': fd}

    def new_name(self):
        return {'name': self.name()}

    def dataset_to_rename(self):
        return {**self.known_dataset(), 'name': self.name()}

    def part(self):
        name, data = self.name('.pdf'), self.bytes()
        (self.mount / 'documents' / (name + '.part')).write_bytes(data)
        return {'name': name, 'data': data}

    def folder(self):
        os.utime(self.mount / '.lasfs/refresh')
        return {'id': ''}


def act_read(world, made):
    try:
        os.read(made['fd'], 100)
    finally:
        os.close(made['fd'])


def act_write(world, made):
    try:
        os.write(made['fd'], made['text'])
    finally:
        os.close(made['fd'])


DOCUMENT, DATASET = '/documents/{id}', '/datasets/{id}'
OPERATIONS = [
    Operation('read', World.list, act_read, 'GET', '/secrets', 'read /secrets/.list.jsonl',
              changed={errno.ENOENT: errno.EIO}),  # it is the list that is not there
    Operation('open', World.known_document,
              lambda w, m: read_all(w.mount / 'documents' / m['id'] / 'content'),
              'GET', DOCUMENT, 'open /documents/{id}/content'),
    Operation('write', World.into_dataset, act_write, 'PATCH', DOCUMENT,
              'write /documents/{id}/datasetId'),
    Operation('close', World.open_drop, lambda w, m: os.close(m['fd']),
              'POST', '/documents', 'close /documents/{name}', keeps=True),
    Operation('close field', World.open_description, lambda w, m: os.close(m['fd']),
              'PATCH', DATASET, 'close /datasets/{id}/description'),
    Operation('mkdir', World.new_name, lambda w, m: os.mkdir(w.mount / 'datasets' / m['name']),
              'POST', '/datasets', 'mkdir /datasets/{name}'),
    Operation('rename', World.dataset_to_rename,
              lambda w, m: os.rename(w.mount / 'datasets' / m['id'],
                                     w.mount / 'datasets' / m['name']),
              'PATCH', DATASET, 'rename /datasets/{id} to /datasets/{name}',
              changed={errno.EINVAL: errno.EPERM}),
    Operation('rename into', World.dropped_and_dataset,
              lambda w, m: os.rename(m['path'], w.mount / 'datasets' / m['dataset'] / 'documents'
                                     / m['name']),
              'PATCH', DOCUMENT, 'rename /documents/{name} to /datasets/{dataset}/documents/{name}',
              changed={errno.EINVAL: errno.EPERM}),
    Operation('unlink', World.dropped, lambda w, m: os.unlink(m['path']),
              'DELETE', DOCUMENT, 'unlink /documents/{name}'),
    Operation('rename part', World.part,
              lambda w, m: os.rename(w.mount / 'documents' / (m['name'] + '.part'),
                                     w.mount / 'documents' / m['name']),
              'POST', '/documents', 'rename /documents/{name}.part to /documents/{name}', keeps=True,
              changed={errno.EINVAL: errno.EPERM}),
    Operation('rmdir', World.known_dataset,
              lambda w, m: os.rmdir(w.mount / 'datasets' / m['id']),
              'DELETE', DATASET, 'rmdir /datasets/{id}'),
    Operation('readdir', World.folder, lambda w, m: os.listdir(w.mount / 'assets'),
              'GET', '/assets', 'readdir /assets',
              changed={errno.ENOENT: errno.EIO}),  # and to readdir(3) ENOENT is the end
    Operation('stat', World.document, lambda w, m: os.stat(w.mount / 'documents' / m['id']),
              'GET', DOCUMENT, 'lookup /documents/{id}'),
]


@dataclass
class Outcome:
    error: int
    tries: int
    lines: list
    made: dict
    kept: bytes = None


@pytest.fixture(scope='module')
def worlds(tmp_path_factory):
    both = [World(tmp_path_factory.mktemp('errors'), timeout)
            for timeout in (TIMEOUT, PATIENT_TIMEOUT)]
    yield both
    for one in both:
        one.stop()


def attempt(world, operation, made):
    try:
        operation.act(world, made)
        return 0
    except OSError as problem:
        return problem.errno


def kept_bytes(world, operation, name):
    """What .lasfs/failed has of this name; a rename that failed leaves the old one."""
    if operation.name == 'rename part':
        return (world.mount / 'documents' / (name + '.part')).read_bytes()
    folder = world.mount / '.lasfs/failed'
    found = [n for n in os.listdir(folder) if n.partition('-')[2] == name]
    return (folder / found[0]).read_bytes() if len(found) == 1 else None


def run_together(world, fault, operations):
    """Operations that do not touch one another, at once: a stall costs its time but once."""
    made = [operation.prepare(world) for operation in operations]
    os.stat(world.mount / 'documents' / world.document()['id'])  # a success: nothing in a row
    mark, before = world.proxy.mark(), len(world.mount.errors().splitlines())
    paths = [operation.path.format(**m) if '{' in operation.path else operation.path
             for operation, m in zip(operations, made)]
    for operation, path in zip(operations, paths):
        world.proxy.fault(operation.verb, path, **fault.rule)
    try:
        with ThreadPoolExecutor(len(operations)) as pool:
            errors = list(pool.map(lambda o, m: attempt(world, o, m), operations, made))
        tokens = len(world.proxy.since(mark, 'POST', '/oauth2/token'))
        counts = [len(world.proxy.since(mark, o.verb, p)) for o, p in zip(operations, paths)]
    finally:
        world.proxy.clear()
    lines = [line.partition(' ')[2] for line in world.mount.errors().splitlines()[before:]]
    assert tokens <= max(fault.tokens, 0) * len(operations), tokens
    for operation, m, error, count in zip(operations, made, errors, counts):
        path = operation.line.format(**m).partition(' ')[2]
        own = [line for line in lines if re.match(rf'[a-z ]+ {re.escape(path)}[: ]', line)]
        kept = kept_bytes(world, operation, m['name']) if operation.keeps and error else None
        yield operation.name, Outcome(error, count, own, m, kept)


def alike(a, b):
    return (a.verb, a.path) == (b.verb, b.path) and '{' not in a.path


def disturbs(a, b):
    """What looks for a document reads those that are new."""
    return alike(a, b) or 'open' in (a.name, b.name) and (a.keeps or b.keeps)


def groups():
    """Those that ask for the same path are not in one group."""
    made = []
    for operation in OPERATIONS:
        for group in made:
            if len(group) < TOGETHER and not any(disturbs(operation, o) for o in group):
                group.append(operation)
                break
        else:
            made.append([operation])
    return made


@pytest.fixture(scope='module')
def outcomes(worlds):
    """All operations under one fault, once it is asked for."""
    known = {}

    def of(fault, operation):
        if fault.name not in known:
            known[fault.name] = {}
            for group in groups():
                wanted = [o for o in group if not fault.only or o.name in fault.only]
                if wanted:
                    known[fault.name].update(run_together(worlds[fault.patient], fault,
                                                          wanted))
        return known[fault.name][operation.name]

    return of


CASES = [(fault, operation) for fault in FAULTS for operation in OPERATIONS
         if not fault.only or operation.name in fault.only]


@pytest.mark.parametrize('fault, operation', CASES,
                         ids=[f'{f.name}-{o.name}' for f, o in CASES])
def test_one_errno_one_line_so_many_tries(outcomes, fault, operation):
    was = outcomes(fault, operation)
    unsure = fault.unsure and operation.verb == 'POST'
    if operation.verb in fault.ignored_by:
        assert was.error == 0, was
        assert was.lines == []
        return
    looked_for = unsure and operation.keeps
    if looked_for and fault.made:
        assert (was.error, was.tries, was.lines) == (0, 1, [])
        return
    if fault.made and operation.name == 'rename into':  # so is whether it is in the other list
        assert (was.error, was.lines) == (0, [])
        return
    error = errno.EIO if unsure else fault.error
    error = operation.changed.get(error, error)
    assert errno.errorcode.get(was.error, 0) == errno.errorcode[error], was
    # rmdir waits for the count of a dataset that should be empty
    waits = operation.name == 'rmdir' and error == errno.ENOTEMPTY
    tries = (2,) if looked_for and fault.late else (1,) if unsure else fault.tries
    assert was.tries in (range(2, 30) if waits else tries), was
    if operation.name == 'stat' and error == errno.ENOENT:
        assert was.lines == []  # what is not there is no failure
        return
    assert len(was.lines) == 1, was
    line = was.lines[0]
    status = fault.rule.get('status', 0) if fault.status is None else fault.status
    assert line.startswith(operation.line.format(**was.made) + ': '), line
    assert os.strerror(error) in line
    assert (f'(HTTP {status})' in line) if status else ('HTTP' not in line), line
    assert fault.says in line
    assert ('outcome unknown' in line) == (unsure and not looked_for), line
    if operation.keeps:
        assert was.kept == was.made['data']


# --- What is more than a table -----------------------------------------------------------------

@pytest.fixture
def dropped(mount, samples):
    mount.run(f'cp {samples.pdf()} documents/')
    return mount


@pytest.mark.parametrize('fault', [{'close': 'after'}, {'close': 'middle'}, {'status': 500}],
                         ids=str)
def test_a_delete_whose_first_answer_was_lost_succeeds(dropped, proxy, api, fault):
    proxy.fault('DELETE', times=1, **fault)
    dropped.run('rm documents/scan.pdf')
    assert api.documents() == []
    assert len(proxy.since(0, 'DELETE')) == 2


@pytest.mark.parametrize('fault', [{'close': 'before'}, {'close': 'middle'}, {'status': 502},
                                   {'status': 429, 'message': 'Too Many Requests'}], ids=str)
def test_what_fails_once_is_tried_again_and_told_to_nobody(mount, proxy, api, fault):
    document = api.add_document(small_pdf(1))
    proxy.fault('GET', '/documents/.*', times=1, **fault)
    assert (mount / 'documents' / document / 'content').read_bytes() == small_pdf(1)
    assert mount.errors() == ''


def test_a_post_whose_answer_was_lost_is_sent_once(mount, proxy, api):
    proxy.fault('POST', '/documents', close='after')
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    assert len(proxy.since(0, 'POST', '/documents')) == 1
    assert api.content('documents/' + api.only_document()['documentId']) == small_pdf(1)
    assert (mount / 'documents/scan.pdf').read_bytes() == small_pdf(1)
    assert mount.errors() == ''


def test_after_an_unknown_outcome_the_next_listing_is_a_fresh_one(mount, proxy, api):
    """Who is told that it may be there looks whether it is."""
    mount.allow('outcome unknown')
    mount.may_leave = True
    assert os.listdir(mount / 'datasets') == []
    proxy.fault('POST', close='after')
    with pytest.raises(OSError):
        (mount / 'datasets/invoices').mkdir()
    proxy.clear()
    assert [name for name in os.listdir(mount / 'datasets') if name.startswith('las:dataset:')]


def purge(mount, text):
    with open(mount / '.lasfs/control', 'wb', buffering=0) as control:
        control.write(f'purge {text}'.encode())


def test_a_purge_of_some_whose_answer_was_lost_deletes_no_more(mount, proxy, api):
    mount.allow('outcome unknown')
    consent = f'las:consent:{5:032x}'
    api.add_documents((small_pdf(i) for i in range(20)), consentId=consent)
    proxy.fault('DELETE', '/documents', close='after')
    with pytest.raises(OSError) as problem:
        purge(mount, f'consents/{consent}/documents 7')
    assert problem.value.errno == errno.EIO
    assert len(proxy.since(0, 'DELETE', '/documents')) == 1
    assert len(api.documents()) == 13


def test_a_purge_of_all_whose_answer_was_lost_goes_on(mount, proxy, api):
    consent = f'las:consent:{5:032x}'
    api.add_documents((small_pdf(i) for i in range(20)), consentId=consent)
    proxy.fault('DELETE', '/documents', close='after', times=1)
    purge(mount, f'consents/{consent}/documents')
    assert api.documents() == []
    assert mount.errors() == ''


def test_a_post_that_was_throttled_arrives_once(mount, proxy, api):
    proxy.fault('POST', '/documents', times=2, status=429, message='Too Many Requests')
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    assert len(proxy.since(0, 'POST', '/documents')) == 3
    assert len(api.documents()) == 1


def test_retry_after_is_obeyed_by_everybody(mount, proxy, api):
    ids = [api.add_document(small_pdf(i)) for i in range(3)]
    begin = time.monotonic()
    proxy.fault('GET', '/documents/.*', times=1, status=503, headers={'Retry-After': '2'})
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda i: read_all(mount / 'documents' / i / 'content'), ids))
    assert time.monotonic() - begin >= 1.9


def test_a_list_that_the_api_denies_does_not_look_empty(dropped, proxy, api):
    """Or rsync --delete would take its files for deleted elsewhere, and so would the mount."""
    dropped.allow('HTTP 404')
    dropped.remount(cold=True)
    proxy.fault('GET', '/documents', status=404, message='not found')
    dropped.run('ls documents', status=2)
    dropped.run('cat documents/scan.pdf', status=1)
    proxy.clear()
    assert os.listdir(dropped / 'documents') == ['scan.pdf']
    assert len(proxy.since(0)) < 40


def test_a_failing_page_in_the_middle_of_a_list_is_told(lasfs, proxy, api):
    api.add_documents([small_pdf(i) for i in range(250)])
    mount = lasfs(server=proxy)
    mount.allow('HTTP 500')
    proxy.fault('GET', '/documents', skip=1, status=500, message='oops')
    with pytest.raises(OSError) as problem:
        os.listdir(mount / 'documents')
    assert problem.value.errno == errno.EIO
    proxy.clear()
    assert len(os.listdir(mount / 'documents')) == 250
