"""An id that cannot be one names nothing, wherever it comes from: no request that changes or
deletes is made of it, whatever is done afterwards."""
import errno
import json
import os
import re
import sqlite3

import pytest

from rest import Refused
from samples import small_pdf

HEX = '0123456789abcdef' * 2
IDS = {
    'empty': '',
    'dot': '.',
    'dots': '..',
    'above': '../x',
    'above in it': f'las:document:{HEX}/../..',
    'dots as a word': 'las:document:..',
    'slash': '/',
    'header': f'las:document:{HEX}\r\nX-Evil: 1',
    'line': f'las:document:{HEX}\n',
    'query': f'las:document:{HEX}?datasetId=x',
    'only a query': '?',
    'fragment': f'las:document:{HEX}#',
    'only a fragment': '#',
    'escaped': '%2e%2e',
    'escaped in it': 'las:document:%2e%2e%2f',
    'nul': 'las:document:a\0b',
    'backslash': '\\..\\x',
    'space': f'las:document:{HEX} ',
    'a name': 'documents',
    'long': 'las:document:' + 'a' * 5000,
    'number': 7,
    'null': None,
    'object': {'a': 1},
    'list': [f'las:document:{HEX}'],
}
FEW = ['dot', 'dots', 'above', 'dots as a word', 'header', 'query', 'escaped', 'long', 'number']

pytestmark = pytest.mark.options('list_ttl=0', 'meta_ttl=0', 'timeout=10')


def with_id(field, value):
    def edit(data):
        return json.dumps({**json.loads(data), field: value}).encode()
    return edit


def with_rows(key, field, values):
    """A list that has rows of these ids before its own."""
    def edit(data):
        page = json.loads(data)
        if page.get(key):
            page[key] = [{**page[key][0], field: v} for v in values] + page[key]
        return json.dumps(page).encode()
    return edit


WELL_FORMED = re.compile(r'/[A-Za-z]+/las:[a-z-]+:[0-9a-f]{32}(/[A-Za-z]+/las:[a-z-]+:[0-9a-f]{32})?')


def only_well_formed(proxy):
    """Nothing went out that changes or deletes anything but one thing."""
    for passed in proxy.since(0):
        if passed.verb in ('DELETE', 'PATCH'):
            assert WELL_FORMED.fullmatch(passed.path) and not passed.query, passed
        assert 'X-Evil' not in passed.headers


def shown(value):
    """As the line has it, up to where it is cut."""
    return re.sub(r'[^!-~]|\\', lambda m: f'\\x{ord(m[0]):02x}', value)[:80]


def everything(mount, folder, name):
    """All that one might do to be rid of it."""
    mount.run(f'''cd {folder}
        ls -l; cat ./{name}; mv ./{name} ./moved.pdf; mv ./moved.pdf ./{name}; rm -f ./{name}
        rm -rf ./{name} ./moved.pdf; rm -f ./{name}.error.txt; rmdir ./{name}
        echo x > ./{name}/name; true''')


# What is made, where, of what, and what the answer calls its id.
MADE = {
    'document': ('documents', 'a.pdf', small_pdf(1), 'documentId'),
    'asset': ('assets', 'a.txt', b'some text', 'assetId'),
    'model': ('models', 'a.json', json.dumps({'width': 100, 'height': 100, 'fieldConfig': {
        'a': {'type': 'all', 'maxLength': 3}}}).encode(), 'modelId'),
    'secret': ('secrets', 'a.json', b'{"data": {"word": "swordfish"}}', 'secretId'),
    'dataset': ('datasets', 'a', None, 'datasetId'),
}


def make(mount, what, data='same'):
    folder, name, content, _ = MADE[what]
    if content is None:
        os.mkdir(mount / folder / name)
    else:
        (mount / folder / name).write_bytes(content if data == 'same' else data)


def fails(action, *arguments):
    with pytest.raises(OSError) as problem:
        action(*arguments)
    return problem.value.errno


LOOKED_FOR = ('document', 'asset')  # what is looked for by its bytes, where its id is not to be had


def check_made(mount, proxy, api, what, value):
    folder, name, _, field = MADE[what]
    mount.allow('.')
    mount.may_leave = True
    before = len(api.list(folder))
    rule = proxy.fault('POST', f'/{folder}', edit=with_id(field, value))
    if what in LOOKED_FOR:
        make(mount, what)  # found, under the id that the lists have
        assert len(api.list(folder)) == before + 1 and not mount.errors()
    else:
        assert fails(make, mount, what) == errno.EIO
        check_line(mount.errors().splitlines()[0], value)
    assert rule.hits == 1
    everything(mount, folder, name)
    mount.remount()
    everything(mount, folder, name)
    assert rule.hits == 1, 'sent again by itself'
    proxy.clear()
    only_well_formed(proxy)
    # the server has what it made, unless it was removed by the name that it has there
    left = len(api.list(folder))
    assert left in (before, before + 1)
    # one may go on
    make(mount, what)
    mount.run(f'rm -rf {folder}/{name}')
    only_well_formed(proxy)
    assert len(api.list(folder)) == left


def check_line(line, value):
    assert 'outcome unknown' in line
    if isinstance(value, str) and value:
        assert 'an id that cannot be one: "' in line and len(line) < 500
        assert f'"{shown(value)}' in line


@pytest.mark.parametrize('which', IDS)
def test_of_a_document_that_was_made(mount, proxy, api, which):
    api.add_document(small_pdf(9))
    check_made(mount, proxy, api, 'document', IDS[which])


@pytest.mark.parametrize('which', FEW)
@pytest.mark.parametrize('what', ['asset', 'model', 'secret', 'dataset'])
def test_of_anything_that_was_made(mount, proxy, api, what, which):
    check_made(mount, proxy, api, what, IDS[which])


@pytest.mark.parametrize('which', FEW)
def test_of_an_execution_that_was_claimed(mount, proxy, api, which):
    mount.allow('.')
    mount.may_leave = True
    transition = api.post('transitions', name='t', transitionType='manual')['transitionId']
    proxy.fault('POST', '/transitions/.*/executions', status=200,
                body=json.dumps({'executionId': IDS[which], 'status': 'running'}).encode())
    name = mount / 'transitions' / transition / 'executions/mine'
    error = fails(os.mkdir, name)
    if isinstance(IDS[which], str):
        assert error == errno.EIO and 'cannot be one' in mount.errors()
    else:
        assert error == errno.EAGAIN  # none was waiting
    mount.run(f'cd transitions/{transition}/executions; echo succeeded > mine/status;'
              'echo x > mine/heartbeat; rmdir mine; rm -rf mine', status=None)
    only_well_formed(proxy)
    assert len(proxy.since(0, 'POST', '/transitions/.*')) == 1


@pytest.mark.parametrize('which', FEW)
def test_of_a_document_that_takes_another_s_place(mount, proxy, api, which):
    """Its own id is found, and the old one goes once, by the id that it has."""
    mount.allow('.')
    mount.may_leave = True
    path = mount / 'documents/a.pdf'
    path.write_bytes(small_pdf(1))
    old = api.only_document()['documentId']
    rule = proxy.fault('POST', '/documents', edit=with_id('documentId', IDS[which]))
    path.write_bytes(small_pdf(2))
    assert rule.hits == 1
    assert api.only_document()['documentId'] != old
    assert [p.path for p in proxy.since(0, 'DELETE')] == [f'/documents/{old}']
    mount.run('rm -rf documents/a.pdf; mv documents/a.pdf documents/b.pdf; ls documents; true')
    only_well_formed(proxy)
    assert len(proxy.since(0, 'DELETE')) <= 2


@pytest.mark.parametrize('which', FEW)
def test_of_an_asset_that_was_changed(mount, proxy, api, which):
    mount.allow('.')
    mount.may_leave = True
    path = mount / 'assets/a.txt'
    path.write_bytes(b'one')
    asset = api.list('assets')[0]['assetId']
    proxy.fault('PATCH', '/assets/.*', edit=with_id('assetId', IDS[which]))
    path.write_bytes(b'two')  # such an answer says nothing: it is looked for by the id that it has, and found
    assert [(a['assetId'], api.content('assets/' + a['assetId'])) for a in api.list('assets')] == [(asset, b'two')]
    mount.run('ls -l assets; rm -rf assets/*; true')
    mount.remount()
    mount.run('ls -l assets; rm -rf assets/*; true')
    only_well_formed(proxy)
    assert {p.path for p in proxy.since(0, 'DELETE')} <= {f'/assets/{asset}'}


@pytest.mark.parametrize('which', FEW)
def test_of_a_resource_that_was_read_or_changed(mount, proxy, api, which):
    mount.allow('.')
    mount.may_leave = True
    document = api.add_document(small_pdf(1))
    dataset = api.post('datasets', name='d')['datasetId']
    proxy.fault('GET', '/documents/.*', edit=with_id('documentId', IDS[which]))
    assert fails(os.stat, mount / 'documents' / document) == errno.EIO
    proxy.clear()
    proxy.fault('PATCH', '/.*', edit=with_id('datasetId', IDS[which]))
    mount.run(f'echo e > datasets/{dataset}/name; mv datasets/d datasets/f; rmdir datasets/*',
              status=None)
    only_well_formed(proxy)


@pytest.mark.parametrize('names', ['list=names', 'list=ids', 'list=drops'])
@pytest.mark.parametrize('folder, field', [('documents', 'documentId'), ('assets', 'assetId'),
                                           ('datasets', 'datasetId')])
def test_in_lists(lasfs, proxy, api, names, folder, field):
    """The others are there, and can be removed; the bad ones are nowhere."""
    mount = lasfs(names, 'list_ttl=0', 'meta_ttl=0', server=proxy)
    mount.allow('.')
    if folder == 'documents':
        ids = [api.add_document(small_pdf(i)) for i in range(2)]
    elif folder == 'assets':
        ids = [api.post('assets', name=f'n{i}', content='YQ==')['assetId'] for i in range(2)]
    else:
        ids = [api.post('datasets', name=f'n{i}')['datasetId'] for i in range(2)]
    bad = [v for v in IDS.values() if isinstance(v, str)]
    proxy.fault('GET', f'/{folder}', edit=with_rows(folder, field, bad))
    expected = 0 if names == 'list=drops' and folder == 'documents' else 2
    assert len(os.listdir(mount / folder)) == expected
    for index in ('.by-name', '.by-id'):
        assert sorted(os.path.basename(os.readlink(mount / folder / index / name))
                      for name in os.listdir(mount / folder / index)) == sorted(ids) or \
            index == '.by-name'
    mount.run(f'find {folder} >/dev/null; cat {folder}/.list.jsonl | wc -l;'
              f'cat {folder}/.files.tsv {folder}/.sha256sums; rm -rf {folder}/*', status=None)
    mount.run(f'rmdir {folder}/*; true')
    only_well_formed(proxy)
    proxy.clear()
    assert len(api.list(folder)) in (0, 2)


@pytest.mark.parametrize('which', ['number', 'null', 'object', 'list'])
def test_rows_without_an_id_are_no_list(mount, proxy, api, which):
    """It is not known what they are: nothing is shown as if all were well."""
    mount.allow('.')
    api.add_document(small_pdf(1))
    proxy.fault('GET', '/documents', edit=with_rows('documents', 'documentId', [IDS[which]]))
    assert fails(os.listdir, mount / 'documents') == errno.EIO
    mount.run('rm -rf documents/*', status=None)
    only_well_formed(proxy)


@pytest.mark.parametrize('field', ['datasetId', 'consentId'])
def test_of_others_in_what_is_there(mount, proxy, api, field):
    """An id of something else, in a document, is no path and no filter."""
    mount.allow('.')
    document = api.add_document(small_pdf(1))
    bad = [v for v in IDS.values() if isinstance(v, str)]
    proxy.fault('GET', '/documents', edit=lambda data: json.dumps({
        **json.loads(data), 'documents': [
            {**json.loads(data)['documents'][0], 'documentId': f'las:document:{i:032x}', field: v}
            for i, v in enumerate(bad)]}).encode())
    proxy.fault('GET', '/documents/.*', edit=with_id(field, '..'))
    assert os.listdir(mount / 'documents' / f'.by-{field}') == []
    assert os.listdir(mount / 'consents') == []
    mount.run(f'cat documents/{document}/{field}; rm -rf consents/* documents/.by-{field}/*; '
              'find documents consents >/dev/null', status=None)
    only_well_formed(proxy)


# --- The state database ------------------------------------------------------------------------

@pytest.mark.parametrize('which', [k for k, v in IDS.items() if isinstance(v, str) and '\0' not in v])
@pytest.mark.parametrize('what', ['document', 'asset'])
def test_of_a_row_that_was_planted(mount, proxy, api, what, which):
    folder, name, _, field = MADE[what]
    mount.allow('.')
    make(mount, what)
    made = api.list(folder)[0][field]
    mount.unmount()
    (database,) = mount.state.glob('**/*.db')
    with sqlite3.connect(database) as db:
        assert db.execute('UPDATE drops SET id = ? WHERE name = ?', (IDS[which], name)).rowcount == 1
    db.close()
    mount.start()
    everything(mount, folder, name)
    make(mount, what)
    mount.run(f'rm {folder}/{name}; rm -rf {folder}/*; true')
    only_well_formed(proxy)
    assert {p.path for p in proxy.since(0, 'GET')} <= {
        '/organizations/me',  # asked for at each start
        f'/{folder}', *(p.path for p in proxy.since(0) if WELL_FORMED.fullmatch(p.path))}
    assert made


def test_of_something_unfinished_that_was_planted(mount, proxy, api):
    """A row that has the next mount delete what has no content."""
    mount.allow('.')
    unfinished, kind = 5, 4  # a document
    document = api.add_document(small_pdf(1))
    make(mount, 'document')
    mount.unmount()
    (database,) = mount.state.glob('**/*.db')
    with sqlite3.connect(database) as db:
        for name in [v for v in IDS.values() if isinstance(v, str) and '\0' not in v]:
            db.execute("INSERT INTO drops(folder, name, kind, state, size, mtime_ns, mode)"
                       " VALUES ('.unfinished', ?, ?, ?, 0, 0, 0)", (name, kind, unfinished))
    db.close()
    mount.start()
    mount.run('ls documents')
    mount.unmount()
    only_well_formed(proxy)
    with pytest.raises(Refused):
        api.get('documents/las:document:' + HEX)
    assert api.exists(f'documents/{document}') and len(api.documents()) == 2
    with sqlite3.connect(database) as db:
        assert not db.execute("SELECT name FROM drops WHERE folder = '.unfinished'").fetchall()
    db.close()
    mount.start()
