"""tar, cp -r and rsync of the whole mount go through, and what they bring is what the server has."""
import json
import os
import re
import stat
import subprocess
import tarfile

import pytest

from mount.docs.test_readme import commands, plain, run
from mount.names.test_tree import fill
from mounted import Mount, eventually
from samples import jpeg, pdf, png, small_pdf, tiff
from server import ROOT, program

WORDS = ('hunter2-correct-horse', 'battery-staple-42')
NOBODY = 65534
COPIES = {
    'tar': 'tar cf {to}.tar . && mkdir {to} && tar xf {to}.tar -C {to}',
    'tar --sparse': 'tar cSf {to}.tar . && mkdir {to} && tar xf {to}.tar -C {to}',
    'cp -r': 'cp -r . {to}',
    'cp -a': 'cp -a . {to}',
    'rsync -a': 'rsync -a ./ {to}/',
}
READS = ['grep -r "no such words" . || test $? = 1', 'find . -type f -exec cat {} + > /dev/null',
         'ls -lR > /dev/null', 'du -s . > /dev/null', 'busybox tar c . > /dev/null']


def add_other_things(mount, api, made):
    """What only a mount makes: names, a claim, secrets, what only one answer carries."""
    docs = f'datasets/{made["datasets"]}/documents'
    os.mkdir(mount / docs / '2026-11')
    for path, data in {f'{docs}/My invoice.pdf': pdf(3000, 1), f'{docs}/2026-11/b.jpg': jpeg(5000),
                       'documents/c.png': png(6000), 'documents/d.tiff': tiff(7000)}.items():
        (mount / path).write_bytes(data)
    (mount / docs / 'My invoice.pdf.json').write_text('{"total": "1.00"}')
    (mount / 'secrets/mine.json').write_text(
        json.dumps({'data': {'username': WORDS[0], 'password': WORDS[1]}}))
    (mount / 'secrets/mine/data.json').write_text(json.dumps({'password': WORDS[1]}))
    body = {'width': 100, 'height': 100, 'fieldConfig': {'a': {'type': 'amount', 'maxLength': 5}}}
    (mount / 'models/small.json').write_text(json.dumps(body))
    (mount / 'assets/page.js').write_text('export default 1;\n')
    (mount / f'users/{made["users"]}/avatar.jpg').write_bytes(jpeg(3000))
    os.mkdir(mount / 'appClients/reader')
    jobs = f'transitions/{made["transitions"]}/executions'
    os.mkdir(mount / jobs / 'job')
    # what runs, or is being made, changes while it is copied
    (mount / jobs / 'job/output.json').write_text('{"total": "1.00"}')
    eventually(lambda: api.list(f'workflows/{made["workflows"]}/executions',
                                'executions')[0]['status'] == 'succeeded')
    eventually(lambda: api.list(f'models/{made["models"]}/dataBundles',
                                'dataBundles')[0]['status'] != 'processing')
    eventually(lambda: api.list('logs'))


@pytest.fixture
def whole(mount, api):
    """A mount of an account that has one of everything."""
    mount.may_leave = True  # a sidecar's own bytes
    api.made = fill(api)
    add_other_things(mount, api, api.made)
    mount.refresh()
    return mount


def said_nothing(mount):
    assert mount.errors() == ''
    assert 'lasfs_errors_total 0\n' in (mount / '.lasfs/metrics').read_text()


def answer_for(api, record):
    """What the server says of the resource that this resource.json is of."""
    for field, path, key in [
            ('executionId', 'workflows/{workflowId}/executions', None),
            ('executionId', 'transitions/{transitionId}/executions', None),
            ('dataBundleId', 'models/{modelId}/dataBundles', 'dataBundles'),
            ('appClientId', 'appClients', 'appClients'), ('secretId', 'secrets', 'secrets'),
            ('predictionId', 'predictions', 'predictions'), ('logId', 'logs', None),
            ('documentId', 'documents', None), ('assetId', 'assets', None),
            ('datasetId', 'datasets', None), ('modelId', 'models', None),
            ('organizationId', 'organizations', None), ('transitionId', 'transitions', None),
            ('userId', 'users', None), ('workflowId', 'workflows', None)]:
        if field not in record or any(f not in record for f in re.findall(r'{(\w+)}', path)):
            continue
        path = path.format(**record)
        if key:
            return next(r for r in api.list(path, key) if r[field] == record[field])
        answer = api.get(f'{path}/{record[field]}')
        answer.pop('content', None)
        return answer
    raise AssertionError(f'of what is {record}?')


def check_copy(api, copy):
    """All in it is what the server says, and all that the server has is in it."""
    ids = set()
    for path in copy.rglob('resource.json'):
        record = json.loads(path.read_text())
        assert record == answer_for(api, record), path
        ids |= {value for value in record.values() if str(value).startswith('las:')}
        if 'documentId' in record and 'contentType' in record:
            data = api.content('documents/' + record['documentId'])
            assert (path.parent / 'content').read_bytes() == data
            truth = path.parent / 'groundTruth.json'
            assert json.loads(truth.read_text() or 'null') == record.get('groundTruth')
        if 'assetId' in record and (path.parent / 'content').exists():
            assert (path.parent / 'content').read_bytes() == \
                api.content('assets/' + record['assetId'])
    return ids


def all_ids(api):
    found = set()
    for collection in ('appClients', 'assets', 'datasets', 'documents', 'logs', 'models', 'secrets',
                       'transitions', 'users', 'workflows'):
        for record in api.list(collection):
            found.add(next(iter(record.values())))
    for collection, kind in (('models', 'dataBundles'), ('transitions', 'executions'),
                             ('workflows', 'executions')):
        for record in api.list(collection):
            parent = next(iter(record.values()))
            found |= {next(iter(r.values())) for r in api.list(f'{collection}/{parent}/{kind}')}
    return found


def assert_no_words(folder):
    for path in folder.rglob('*'):
        if path.is_file() and not path.is_symlink():
            data = path.read_bytes()
            assert not [w for w in WORDS if w.encode() in data], path


@pytest.mark.parametrize('how', COPIES)
def test_a_copy_of_everything_is_complete_and_right(whole, api, tmp_path, how):
    """Through an account whose things were made elsewhere: each stands there as a directory."""
    whole.unmount()
    other = Mount(whole.server, tmp_path / 'other', *(['ro'] if how in ('tar', 'rsync -a') else []))
    other.start()
    try:
        with other.server.watch() as seen:
            ran = other.run(COPIES[how].format(to=tmp_path / 'copy'))
        assert ran.err == '' and ran.out == ''
        said_nothing(other)
        documents = api.documents()
        assert {seen.count('GET', f'/documents/{d["documentId"]}') for d in documents} == {1}
        assert not seen.changes
        assert seen.count('GET', '/assets/.*') == len(api.list('assets'))
        assert check_copy(api, tmp_path / 'copy') >= all_ids(api)
        assert_no_words(tmp_path / 'copy')
    finally:
        other.unmount()


@pytest.mark.parametrize('how', COPIES)
def test_what_was_dropped_is_copied_as_it_was(whole, api, tmp_path, how):
    with whole.server.watch() as seen:
        ran = whole.run(COPIES[how].format(to=tmp_path / 'copy'))
    assert ran.err == '' and ran.out == ''
    said_nothing(whole)
    assert not seen.changes, 'who copies everything sends no heartbeat'
    docs = tmp_path / 'copy/datasets' / api.made['datasets'] / 'documents'
    assert (docs / 'My invoice.pdf').read_bytes() == pdf(3000, 1)
    assert (docs / '2026-11/b.jpg').read_bytes() == jpeg(5000)
    assert (docs / 'My invoice.pdf.json').read_text() == '{"total": "1.00"}'
    assert (tmp_path / 'copy/assets/page.js').read_text() == 'export default 1;\n'
    assert json.loads((tmp_path / 'copy/models/small.json').read_text())['width'] == 100
    check_copy(api, tmp_path / 'copy')
    assert_no_words(tmp_path / 'copy')
    secret = whole / 'secrets/mine.json'
    assert (tmp_path / 'copy/secrets/mine.json').stat().st_size == secret.stat().st_size


@pytest.mark.parametrize('script', READS)
def test_what_reads_everything_meets_no_error(whole, script):
    ran = whole.run(script)
    assert ran.err == '' and ran.out == ''
    said_nothing(whole)


def test_a_tar_has_the_right_times(whole, api, tmp_path):
    whole.run(f'tar cf {tmp_path}/all.tar datasets')
    with tarfile.open(tmp_path / 'all.tar') as tar:
        name = f'datasets/{api.made["datasets"]}/resource.json'
        assert abs(tar.getmember(name).mtime - os.stat(whole / name).st_mtime) < 1


@pytest.mark.options('xattr')
@pytest.mark.parametrize('how', ['cp -a . {to}', 'rsync -aX ./ {to}/', 'tar --xattrs -cf {to}.tar .'])
def test_attributes_go_along(whole, tmp_path, how):
    ran = whole.run(how.format(to=tmp_path / 'copy'))
    assert ran.err == ''
    said_nothing(whole)


@pytest.mark.options('allow_other', f'uid={NOBODY}', f'gid={NOBODY}')
@pytest.mark.parametrize('how', ['tar cf /dev/null .', 'cp -r . {to}', 'rsync -a ./ {to}/'])
def test_an_ordinary_user_where_the_kernel_goes_by_the_mode(whole, passable, tmp_path, how):
    """By default_permissions: what has no bit to be read cannot even be opened."""
    to = tmp_path / 'nobody'
    to.mkdir(mode=0o777)
    to.chmod(0o777)
    script = how.format(to=to / 'copy').replace('/dev/null', str(to / 'all.tar'))
    ran = whole.run(f'setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups sh -c "{script}"')
    assert ran.err == ''
    said_nothing(whole)
    assert_no_words(to)
    for name in ('secrets/mine.json', 'secrets/mine/data.json', '.lasfs/control'):
        assert stat.S_IMODE(os.stat(whole / name).st_mode) == 0o600


def test_the_errors_that_are_there_are_copied_and_do_not_grow(mount, tmp_path):
    mount.allow('no file can be made')
    mount.run('! cp .lasfs/status x.pdf 2> /dev/null')
    before = mount.errors()
    assert before
    ran = mount.run(f'tar cf {tmp_path}/all.tar . && cp -r . {tmp_path}/copy && cat .lasfs/*s')
    assert ran.err == ''
    assert (tmp_path / 'copy/.lasfs/errors').read_text() == before == mount.errors()


# --- docs/export.md --------------------------------------------------------------------------------

@pytest.fixture
def demo(tmp_path):
    """A folder with docs/ and, on mnt, the demo, when nothing in it is at work any more."""
    mount = Mount(None, tmp_path)
    (tmp_path / 'docs').symlink_to(ROOT / 'docs')
    environment = {k: v for k, v in mount.environment().items() if not k.startswith('LAS_')}
    subprocess.run([program('lasfs'), f'--sandbox={tmp_path}/box', '--seed-demo', 'mnt'],
                   cwd=tmp_path, env=environment, check=True, stdin=subprocess.DEVNULL, timeout=60)
    try:
        settled = {'models/invoices/dataBundles/first/status': 'succeeded\n',
                   'workflows/check invoices/executions/*/transitionExecutions.json': '}\n'}
        for path, end in settled.items():
            eventually(lambda: [p for p in mount.path.glob(path) if p.read_text().endswith(end)])
        yield tmp_path
    finally:
        subprocess.run([program('lasfs'), '--unmount', str(mount.path)], check=True, timeout=60)
        eventually(lambda: not mount.mounted, 10)


def test_the_page_of_copies_prints_what_it_shows(demo):
    examples = commands((ROOT / 'docs/export.md').read_text())
    assert len(examples) > 15
    for command, shown in examples:
        assert plain(run(demo, command)) == plain(shown), command
    assert (demo / 'mnt/.lasfs/errors').read_text() == ''


@pytest.fixture
def lines():
    """The rsync lines of the page: the copy, and the one for what the API counts."""
    found = [c for c, _ in commands((ROOT / 'docs/export.md').read_text()) if c.startswith('rsync')]
    return found[0], found[-1]


def test_the_second_copy_fetches_nothing_that_was_copied(lasfs, api, tmp_path, lines):
    api.add_documents([small_pdf(n) for n in range(20)])
    mount = lasfs()
    mount.run(lines[0], cwd=mount.folder)
    api.add_document(small_pdf(30))
    mount.remount(cold=True)
    with mount.server.watch() as seen:
        mount.run(lines[0], cwd=mount.folder)
    assert seen.count('GET', '/documents/las.*') == 1
    mount.run(lines[1], cwd=mount.folder)
    check_copy(api, mount.folder / 'copy')


def test_what_the_api_counts_is_brought_by_the_second_line(whole, api, lines):
    whole.run(lines[0], cwd=whole.folder)
    dataset = api.made['datasets']
    api.add_document(small_pdf(1), datasetId=dataset)
    whole.refresh()
    for line in lines:
        whole.run(line, cwd=whole.folder)
    record = json.loads((whole.folder / f'copy/datasets/{dataset}/resource.json').read_text())
    assert record == api.get(f'datasets/{dataset}')
    check_copy(api, whole.folder / 'copy')


def test_without_what_stands_twice_each_document_is_there_once(whole, api, lines):
    page = (ROOT / 'docs/export.md').read_text()
    excludes = re.search(r"stands twice: `(--exclude=/consents [^`]*)`", page)[1]
    whole.run(lines[0].replace('rsync -a', f'rsync -a {excludes}'), cwd=whole.folder)
    copy = whole.folder / 'copy'
    found = [json.loads(p.read_text())['documentId'] for p in copy.glob('documents/*/resource.json')]
    dropped = [p for p in copy.glob('documents/*') if p.is_file()]
    assert len(found) == len(set(found)) == len(api.documents()) - len(dropped) > 0
    assert not (copy / 'consents').exists()
    check_copy(api, copy)
