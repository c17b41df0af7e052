"""What the client does not know it lets pass: fields that only a later API has are files too."""
import errno
import json
import os

import pytest

from mounted import eventually

pytestmark = pytest.mark.server('--api', '2024')

# As a later API may have them, and what their files say.
LATER = {'score': 7, 'share': 0.5, 'flag': True, 'kind': 'invoice', 'none': None, 'empty': '',
         'number': '12', 'tags': ['a', 'b'], 'owner': {'id': 'las:user:x'}, 'a b': 'blank'}
FILES = {'score': '7\n', 'share': '0.5\n', 'flag': 'true\n', 'kind': 'invoice\n', 'none': '',
         'empty': '\n', 'number': '12\n', 'tags.json': None, 'owner.json': None, 'a b': 'blank\n'}


def with_fields(more):
    """One resource, or each row of a list, with more in it."""
    def edit(data):
        answer = json.loads(data)
        for row in answer.get('datasets', [answer]):
            row.update(more)
        return json.dumps(answer).encode()
    return edit


@pytest.fixture
def later(request, lasfs, proxy, api):
    """A dataset of a server that has more fields: (mount, its directory, its path there)."""
    dataset = api.post('datasets', name='d')['datasetId']
    marker = request.node.get_closest_marker('options')
    one = lasfs(*(marker.args if marker else ()), server=proxy)
    one.proxy = proxy
    proxy.fault('GET', r'/datasets(/.*)?', edit=with_fields(LATER))
    yield one, one / 'datasets' / dataset, 'datasets/' + dataset
    proxy.clear()


def patches(proxy, mark):
    return [json.loads(p.body) for p in proxy.since(mark) if p.verb == 'PATCH']


def takes(proxy, path, api):
    """The later server takes any PATCH, as its answer says."""
    proxy.fault('PATCH', '/' + path, status=200, body=json.dumps(
        {**api.get(path), **LATER, 'updatedTime': '2030-01-01T00:00:00.000000+0000'}).encode())


def test_unknown_fields_are_files_like_the_known_ones(later):
    _, folder, _ = later
    assert set(FILES) <= set(os.listdir(folder))
    for name, text in FILES.items():
        got = (folder / name).read_text()
        assert os.stat(folder / name).st_size == len(got)
        if text is None:
            assert json.loads(got) == LATER[name.removesuffix('.json')]
        else:
            assert got == text, name
    assert json.loads((folder / 'resource.json').read_text()).items() >= LATER.items()


@pytest.mark.parametrize('name, text, value', [
    ('score', '8\n', 8), ('score', 'many\n', 'many'), ('flag', 'false\n', False),
    ('kind', '8\n', '8'), ('kind', 'receipt\n', 'receipt'), ('kind', '', None),
    ('number', '13\n', '13'), ('none', '3.5\n', 3.5), ('none', 'x\n', 'x'),
    ('tags.json', '["c"]', ['c']), ('owner.json', 'null', None),
    ('brandNew', 'x\n', 'x'), ('brandNew', 'true\n', True), ('brandNew.json', '"7"', '7'),
    ('brandNew.json', '{"a": [1]}', {'a': [1]}), ('a b', 'c\n', 'c')])
def test_a_field_is_sent_as_a_patch_of_it(later, api, name, text, value):
    mount, folder, path = later
    takes(mount.proxy, path, api)
    mark = mount.proxy.mark()
    (folder / name).write_text(text)
    eventually(lambda: patches(mount.proxy, mark))  # truncation alone is sent after close(2)
    assert patches(mount.proxy, mark) == [{name.removesuffix('.json'): value}]
    assert mount.errors() == ''


def test_what_editors_do_reaches_a_field(later, api, tmp_path):
    mount, folder, path = later
    takes(mount.proxy, path, api)
    (tmp_path / 'new.json').write_text('{"a": 1}')
    for line, sent in [("sed -i s/invoice/bill/ kind", {'kind': 'bill'}),
                       ("echo '[1]' > .fresh.json.swp && mv .fresh.json.swp fresh.json", {'fresh': [1]}),
                       (f'cp {tmp_path}/new.json fresh.json', {'fresh': {'a': 1}}),
                       ('mv kind kind~ && echo order > kind', {'kind': 'order'}),
                       ('rm kind && echo letter > kind', {'kind': 'letter'})]:
        mark = mount.proxy.mark()
        mount.run(f'cd ./datasets/{folder.name} && {line}')
        assert patches(mount.proxy, mark) == [sent], line
        mount.run(f'rm -f ./datasets/{folder.name}/kind~')
        mount.refresh()


def test_an_empty_new_field_is_nothing_to_send(mount, api):
    dataset = api.post('datasets', name='d')['datasetId']
    with mount.server.watch() as seen:
        mount.run(f'touch ./datasets/{dataset}/brandNew')
    assert not seen.changes
    assert 'brandNew' not in os.listdir(mount / 'datasets' / dataset)


def test_a_refusal_is_the_errno_and_a_line(mount, api):
    dataset = api.post('datasets', name='d')['datasetId']
    folder = mount / 'datasets' / dataset
    mount.allow('brandNew')
    with mount.server.watch() as seen, pytest.raises(OSError) as problem:
        (folder / 'brandNew.json').write_text('{"a": 1}')
    assert problem.value.errno == errno.EINVAL
    assert [r.verb for r in seen.changes] == ['PATCH'] and seen.changes[0].status == 400
    assert 'brandNew' in mount.errors() and 'Invalid argument' in mount.errors()
    # what was written is kept, and can be tried again
    assert os.listdir(mount / '.lasfs/failed') == ['1-brandNew.json']
    assert 'brandNew.json.error.txt' not in os.listdir(folder)
    with mount.server.watch() as seen:
        mount.run("printf 'retry 1-brandNew.json\\n' > .lasfs/control", status=1)
    assert [r.verb for r in seen.changes] == ['PATCH']
    os.unlink(mount / '.lasfs/failed/1-brandNew.json')


@pytest.mark.parametrize('name', ['a.pdf', 'two words', 'über', '.hidden', '1st', 'x.txt', 'a%2Fb'])
def test_what_no_api_calls_a_field_is_not_made(mount, api, name):
    dataset = api.post('datasets', name='d')['datasetId']
    mount.allow('only temporary files')
    with mount.server.watch() as seen, pytest.raises(PermissionError):
        (mount / 'datasets' / dataset / name).write_text('x')
    assert not seen.changes


def test_what_has_no_patch_gets_no_new_fields(mount, api):
    role = api.get('roles')['roles'][0]['roleId']
    mount.allow('only temporary files')
    with pytest.raises(PermissionError):
        (mount / 'roles' / role / 'brandNew').write_text('x')


@pytest.mark.options('ro')
def test_a_read_only_mount_makes_none(later):
    mount, folder, _ = later
    mount.allow('without ro')
    with mount.proxy.server.watch() as seen, pytest.raises(OSError):
        (folder / 'brandNew').write_text('x')
    assert not seen.changes


# --- Names that wish nobody well ---------------------------------------------------------------------

OURS = {'documents': 'x', 'resource': {'a': 1}, 'groundTruthSummary': 'text', '4913': 'x', 'x~': 'x', 'y.part': 'x',
        'z.error.txt': 'x', 'Thumbs.db': 'x', '': 'x', 'k' * 300: 'x', '%' * 100: 'x'}
HOSTILE = {'../up': 'up', '..': 'dots', '.': 'dot', '/etc/passwd': 'root', 'a/b': {'n': 1},
           'new\nline': 'nl', '\x7f\x01': 'c', '.dot': 'd', '100%': 'p', 'x.json': 'line', 'x': ['s'],
           'dots.in.it': 'i', 'ü': 'u', '-rf': 'r', '%2F': 'e', 'l' * 200: 'long',
           'resource.json': 1, 'transformations': [1]}
SHOWN = {'%2E.%2Fup', '%2E.', '%2E', '%2Fetc%2Fpasswd', 'a%2Fb.json', 'new%0Aline', '%7F%01', '%2Edot',
         '100%25', 'x%2Ejson', 'x.json', 'dots.in.it', 'ü', '-rf', '%252F', 'l' * 200, 'resource%2Ejson', 'transformations.json'}


def test_hostile_names_stay_in_their_place_and_take_nobody_s(lasfs, proxy, api):
    dataset = api.post('datasets', name='d', description='mine')['datasetId']
    one = lasfs(server=proxy)
    folder = one / 'datasets' / dataset
    plain = set(os.listdir(folder))
    proxy.fault('GET', r'/datasets(/.*)?', edit=with_fields({**OURS, **HOSTILE}))
    one.refresh()
    names = os.listdir(folder)
    assert len(names) == len(set(names)) and set(names) == plain | SHOWN | {'groundTruthSummary.json'}
    assert os.path.isdir(folder / 'documents') and os.listdir(folder / 'documents') == []
    assert json.loads((folder / 'resource.json').read_text())['name'] == 'd'
    assert (folder / 'description').read_text() == 'mine\n'
    assert (folder / 'x.json').read_text().split() == ['[', '"s"', ']']
    assert (folder / 'x%2Ejson').read_text() == 'line\n'
    assert (folder / 'dots.in.it').read_text() == 'i\n'
    assert (folder / '%2E.%2Fup').read_text() == 'up\n'
    for name in ('x%2ejson', '%78', 'a%2fb.json', '4913', 'z.error.txt', '%2F%00'):
        assert not (folder / name).exists(), name
    # a temporary file is a temporary file, whatever the server calls a field
    (folder / '4913').write_text('mine')
    assert (folder / '4913').read_text() == 'mine'
    os.unlink(folder / '4913')
    for verb in ('ls -l', 'cat', 'rm -f'):
        one.run(f"{verb} './datasets/{dataset}/%2E.%2Fup'")
    proxy.clear()


def test_a_hostile_field_is_patched_by_its_own_name(lasfs, proxy, api):
    path = 'datasets/' + api.post('datasets', name='d')['datasetId']
    one = lasfs(server=proxy)
    proxy.fault('GET', r'/datasets(/.*)?', edit=with_fields(HOSTILE))
    proxy.fault('PATCH', '/' + path, status=200, body=json.dumps(api.get(path)).encode())
    mark = proxy.mark()
    (one / path / '%2E.%2Fup').write_text('x\n')
    assert [(p.path, json.loads(p.body)) for p in proxy.since(mark) if p.verb == 'PATCH'] == \
        [('/' + path, {'../up': 'x'})]
    proxy.clear()


# --- Bodies -----------------------------------------------------------------------------------------

def test_defaults_may_have_what_nobody_knows(lasfs, proxy, api):
    one = lasfs(server=proxy)
    (one / 'datasets/.defaults.json').write_text('{"later": {"a": 1}, "description": "d"}')
    proxy.fault('POST', '/datasets', status=200, body=json.dumps(
        api.post('datasets', name='made')).encode())
    mark = proxy.mark()
    os.mkdir(one / 'datasets/made2')
    bodies = [json.loads(p.body) for p in proxy.since(mark) if p.verb == 'POST']
    assert bodies == [{'name': 'made2', 'later': {'a': 1}, 'description': 'd'}]
    os.unlink(one / 'datasets/.defaults.json')
    proxy.clear()


def test_a_default_that_the_api_does_not_take_is_its_refusal(mount):
    mount.allow('later')
    (mount / 'datasets/.defaults.json').write_text('{"later": 1}')
    with pytest.raises(OSError) as problem:
        os.mkdir(mount / 'datasets/made')
    assert problem.value.errno == errno.EINVAL and 'later' in mount.errors()
    os.unlink(mount / 'datasets/.defaults.json')
    os.mkdir(mount / 'datasets/made')
    eventually(lambda: 'made' in os.listdir(mount / 'datasets'))
