"""An account that began in 2021 and went on to today's API: read whole, copied out, and put back whole."""
import base64
import json
import os
import shutil

import pytest

from mount.docs.test_readme import commands
from mounted import eventually
from rest import Api
from samples import jpeg, pdf, png, tiff
from server import ROOT, Server

TOOLS = {
    'rsync -a': 'rsync -a {0}/ {1}/',
    'cp -a': 'mkdir -p {1} && cp -a {0}/. {1}/',
    'tar': 'mkdir -p {1} && tar -C {0} --format=posix -cf - . | tar -C {1} -xf -',
}
CONSENT = 'las:consent:' + '0123456789abcdef' * 2
LINES = [[{'label': 'sum', 'value': 1.5, 'pages': [0], 'confidence': 0.25}, {'label': 'name', 'value': 'a'}],
         [{'label': 'sum', 'value': '2.00', 'confidence': 1}]]
PLAIN = [{'label': 'total', 'value': '12.50'}, {'label': 'due', 'value': None}]
RICH = [{'label': 'total', 'value': 12.5, 'pages': [0, 2], 'confidence': 0.75},
        {'label': 'paid', 'value': False, 'confidence': 0.5}, {'label': 'note', 'value': None},
        {'label': 'total', 'value': 1e-07}, {'label': 'number', 'value': 7},
        {'label': 'name-2', 'value': '', 'confidence': 1}, {'label': 'lines', 'value': LINES, 'pages': [0]}]
FIELDS = {'total': {'type': 'amount', 'maxLength': 20}}
DATE = 10**18 + 123456789


def drop(folder, name, data, sidecar=None):
    """As a program that keeps times: under another name first."""
    (folder / name).parent.mkdir(exist_ok=True)
    part = folder / (name + '.part')
    part.write_bytes(data)
    os.utime(part, ns=(DATE + len(name), DATE + len(name)))
    os.rename(part, folder / name)
    if sidecar:
        (folder / (name + '.json')).write_text(json.dumps(sidecar))


def in_2021(api, mount):
    dataset = api.add_dataset('invoices', description='of 2021')
    mount.refresh()
    folder = mount / 'datasets/invoices/documents'
    api.add_document(pdf(2000, 1), datasetId=dataset, groundTruth=PLAIN, consentId=CONSENT)
    api.add_document(tiff(3000, 2), 'image/tiff', datasetId=dataset, retentionInDays=30)
    drop(folder, 'old.pdf', pdf(2000, 3), {'total': '1.00'})
    drop(folder, 'in/older.pdf', pdf(2000, 4))
    drop(mount / 'assets', 'page.js', b'export default 1;\n')
    model = api.post('models', name='reader', width=300, height=300, fieldConfig=FIELDS)['modelId']
    api.post(f'models/{model}/dataBundles', name='first', datasetIds=[dataset])
    api.patch(f'models/{model}', status='active')
    api.post('predictions', documentId=api.documents()[0]['documentId'], modelId=model)
    asset = api.post('assets', name='b', content=base64.b64encode(b'b').decode())['assetId']
    transition = api.post('transitions', name='check', transitionType='manual', inputJsonSchema={'title': 'in'},
                          parameters={'assets': {'jsRemoteComponent': asset}})['transitionId']
    definition = {'StartAt': 'a', 'States': {'a': {'Type': 'Task', 'Resource': transition, 'End': True}}}
    workflow = api.post('workflows', name='flow', specification={'definition': definition})['workflowId']
    for _ in range(2):
        api.post(f'workflows/{workflow}/executions', input={'a': 1})
    api.post('users', email='person@example.com')
    api.post('secrets', name='s', data={'username': 'u'})
    api.post('appClients', name='robot')
    eventually(lambda: api.list(f'models/{model}/dataBundles', 'dataBundles')[0]['status'] == 'ready')
    eventually(lambda: len(api.list(f'transitions/{transition}/executions', 'executions')) == 2)


def today(api, mount):
    dataset = api.dataset_called('invoices')['datasetId']
    folder = mount / 'datasets/invoices/documents'
    api.add_document(jpeg(3000, 5), 'image/jpeg', datasetId=dataset, groundTruth=RICH, name='From else.jpg',
                     description='said', metadata={'a': {'b': [1, None]}})
    api.add_document(png(3000, 6), 'image/png', datasetId=dataset, groundTruth=PLAIN,
                     metadata={'originalFilePath': '/a/b/scan.png'})
    api.add_document(pdf(2000, 7), datasetId=dataset, groundTruth=RICH)
    drop(folder, 'new.pdf', pdf(2000, 8), RICH)
    drop(folder, 'in/labelled.pdf', pdf(2000, 9))
    labelled, = [d['documentId'] for d in api.documents() if d['name'] == 'labelled.pdf']
    api.patch('documents/' + labelled, groundTruth=RICH, description='by hand')
    model = api.list('models')[0]['modelId']
    bundle = api.post(f'models/{model}/dataBundles', name='second', datasetIds=[dataset])['dataBundleId']
    api.post(f'models/{model}/trainings', name='t', dataBundleIds=[bundle])
    transition = api.list('transitions')[0]['transitionId']
    claimed = api.post(f'transitions/{transition}/executions')['executionId']
    api.patch(f'transitions/{transition}/executions/{claimed}', status='succeeded', output={'b': [1.0]})
    api.post('paymentMethods', name='card')
    api.post(f'datasets/{dataset}/transformations', operations=[{'type': 'remove-duplicates'}])
    for kind in ('dataBundles', 'trainings'):
        eventually(lambda: all(r['status'] in ('ready', 'succeeded') for r in api.list(f'models/{model}/{kind}')))
    eventually(lambda: api.list('logs'))
    mount.refresh()


class Account:
    """A server of today, over the state of one of 2021, and the machine that has worked with both."""

    def __init__(self, lasfs, folder):
        self.server = Server(folder, '--api', '2021', '--model-time', '0.1')
        self.server.start()
        self.mount = lasfs('list=names', server=self.server, name='machine')
        self.mount.may_leave = True  # sidecars' own bytes
        in_2021(Api(self.server), self.mount)
        self.mount.unmount()
        self.server.stop()
        self.server.arguments[1] = '2024'
        self.server.start()
        self.mount.start()
        self.api = Api(self.server)
        today(self.api, self.mount)


@pytest.fixture
def account(lasfs, tmp_path):
    one = Account(lasfs, tmp_path / 'account')
    yield one
    one.mount.unmount()
    one.server.stop()


def answer(api, path, record):
    """What the server says of the resource whose directory is path."""
    try:
        got = api.get(path)
    except Exception:  # of some there are only lists
        above, _, name = path.rpartition('/')
        got, = [r for r in api.list(above) if name in r.values()]
    assert set(got) - {'content'} == set(record), path
    return {k: v for k, v in got.items() if k != 'content'}


def test_all_of_it_is_read(account, lasfs, tmp_path):
    mount = lasfs('ro', server=account.server)
    mount.run(f'rsync -a --exclude=/.lasfs ./ {tmp_path}/copy/')
    seen = set()
    for path in (tmp_path / 'copy').rglob('resource.json'):
        record, where = json.loads(path.read_text()), path.parent.relative_to(tmp_path / 'copy')
        if where.parts[0] == 'consents' or where.parts[-2] in ('documents', 'logs') and len(where.parts) > 2:
            where = where.relative_to(where.parents[1])
        assert record == answer(account.api, str(where), record), where
        seen.add(str(where.parent))
    assert len(seen) >= 18, seen
    assert mount.errors() == ''


def documents(api, dataset):
    """{bytes: what is said of them} of a dataset's documents, without what is of one machine or one server."""
    said = {}
    for d in api.documents(datasetId=api.dataset_called(dataset)['datasetId']):
        d['metadata'] = {k: v for k, v in (d['metadata'] or {}).items() if k != 'lasfs'}
        said[api.content('documents/' + d['documentId'])] = {
            k: json.dumps(d.get(k), sort_keys=True)
            for k in ('groundTruth', 'description', 'metadata', 'contentType', 'retentionInDays', 'consentId')}
    return said


def files(folder):
    """{path: bytes, time} of what is a file in a folder of documents, and not a field."""
    fields = {p.parent for p in folder.rglob('resource.json')}
    return {str(p.relative_to(folder)): (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.rglob('*')
            if p.is_file() and not fields & set(p.parents)}


@pytest.fixture
def lines():
    """Those of the page of copies about a dataset's documents, in order: two to take them, five to put them back."""
    page = [c.replace('receipts', 'invoices') for c, _ in commands((ROOT / 'docs/export.md').read_text())]
    found = [c for c in page if '.list.jsonl' in c or c.startswith(('while', 'for', '(cd copy/')) and '.sums' not in c]
    assert len(found) == 7, found
    return found


def run(mount, *script):
    for line in script:
        ran = mount.run('set -e -o pipefail; ' + line, cwd=mount.folder)
        assert (ran.out, ran.err) == ('', ''), line


@pytest.fixture
def source(request, account, lasfs):
    """The mount that is copied from: that of the machine that put things there, or another one."""
    if request.param == 'its machine':
        return account.mount
    mount = lasfs('list=names', server=account.server)
    mount.may_leave = True
    return mount


@pytest.fixture
def second(request, account, source, lasfs, tmp_path):
    """Where it is put back, and who asks there: the same account, or an empty one."""
    if request.param == 'the same':
        yield source, account.api
        return
    server = Server(tmp_path / 'second', '--api', '2024')
    mount = lasfs('list=names', server=server.start())
    mount.may_leave = True
    yield mount, Api(server)
    mount.unmount()
    server.stop()


@pytest.mark.parametrize('source', ['its machine', 'another'], indirect=True)
@pytest.mark.parametrize('second', ['the same', 'an empty one'], indirect=True)
@pytest.mark.parametrize('tool', TOOLS)
def test_a_dataset_is_copied_out_and_put_back_whole(account, source, second, lines, tool):
    copy, (target, api) = source.folder / 'copy', second
    docs = copy / 'datasets/invoices/documents'
    docs.parents[1].mkdir(parents=True)
    run(source, TOOLS[tool].format('mnt/datasets/invoices', 'copy/datasets/invoices'), *lines[:2])
    if target is not source:
        for name in ('copy', 'invoices.jsonl', 'invoices.tsv'):
            os.rename(source.folder / name, target.folder / name)
        docs = target.folder / 'copy/datasets/invoices/documents'
    if tool != 'rsync -a':  # which leaves directories out by itself
        shutil.copytree(docs, target.folder / 'files', ignore=lambda path, names: [
            n for n in names if os.path.exists(os.path.join(path, n, 'resource.json'))])
        lines[2] = TOOLS[tool].format('files', 'mnt/datasets/again/documents')
    os.mkdir(target / 'datasets/again')
    run(target, *lines[2:])
    assert documents(api, 'again') == documents(account.api, 'invoices')
    stood, stand = files(docs), files(target / 'datasets/again/documents')
    assert len(stood) >= 4 and {name: stand.get(name) for name in stood} == stood
    assert target.errors() == ''
    names = {d['name'] for d in api.documents(datasetId=api.dataset_called('again')['datasetId'])}
    assert {'new.pdf', 'labelled.pdf', 'From else.jpg'} <= names
