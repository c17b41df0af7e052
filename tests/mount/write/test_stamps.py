"""What a drop says of itself at today's API: its name, and under metadata's key lasfs where it was put,
when it was changed, and its digest. A server of 2021 hears nothing of it."""
import hashlib
import json
import os
import shutil

import pytest

from mounted import eventually
from samples import small_pdf

today = pytest.mark.server('--api', '2024')


@pytest.fixture
def proxied(lasfs, server, proxy):
    one = lasfs(server=proxy)
    yield one
    proxy.clear()


def bodies(proxy):
    return [json.loads(p.body) for p in proxy.since(0, 'POST', '/documents')]


def put(path, data, mode=0o640, mtime_ns=1_700_000_000_123_456_789):
    """As cp -p does, before it closes."""
    with open(path, 'wb') as f:
        f.write(data)
        f.flush()
        os.fchmod(f.fileno(), mode)
        os.utime(f.fileno(), ns=(mtime_ns, mtime_ns))


@today
@pytest.mark.parametrize('where', ['documents', 'documents/2026-11', 'documents/a/b c'])
def test_a_drop_says_what_it_is(mount, api, where):
    (mount / where).mkdir(parents=True, exist_ok=True)
    put(mount / where / 'scan é.pdf', small_pdf(1))
    one = api.only_document()
    ours = one['metadata'].pop('lasfs')
    assert one['name'] == 'scan é.pdf' and one['metadata'] == {}
    assert len(ours.pop('key')) == 32
    assert ours == {'path': f'{where}/scan é.pdf'.removeprefix('documents/'), 'mode': '640',
                    'mtime': '1700000000.123456789', 'size': str(len(small_pdf(1))),
                    'sha256': hashlib.sha256(small_pdf(1)).hexdigest()}


@today
@pytest.mark.parametrize('status', [403, 503])
def test_the_first_one_of_a_mount_says_it_too(lasfs, proxy, api, status):
    """Nothing that has answered by then has told that the server keeps it."""
    proxy.fault('GET', '/organizations/me', status=status)
    one = lasfs('timeout=2', server=proxy)
    one.allow('does not answer')
    (one / 'documents/scan.pdf').write_bytes(small_pdf(1))
    assert 'metadata' not in bodies(proxy)[0]
    proxy.clear()
    eventually(lambda: (api.only_document()['metadata'] or {}).get('lasfs', {}).get('path') == 'scan.pdf')
    assert api.only_document()['name'] == 'scan.pdf'


def written(api, path, text):
    path.write_text(text)
    return api.only_document()['metadata']


@today
def test_who_writes_metadata_leaves_it(mount, api):
    put(mount / 'documents/scan.pdf', small_pdf(1))
    ours = api.only_document()['metadata']['lasfs']
    folder = mount / 'documents/.by-name/scan.pdf'
    assert written(api, folder / 'metadata.json', '{"theirs": {"n": 1}}') == {'theirs': {'n': 1}, 'lasfs': ours}
    assert written(api, folder / 'metadata.json', '{}') == {'lasfs': ours}
    assert written(api, folder / 'resource.json', '{"metadata": {"other": 2}}') == {'other': 2, 'lasfs': ours}
    assert written(api, folder / 'metadata.json', '{"lasfs": {"mine": "7"}}') == {'lasfs': {'mine': '7'}}
    assert written(api, folder / 'metadata.json', '{"other": 2, "lasfs": null}') == {'other': 2}
    assert written(api, folder / 'metadata.json', '{}') in (None, {})


@today
def test_the_key_goes_last_where_metadata_are_long(mount, api):
    put(mount / 'documents/scan.pdf', small_pdf(1))
    key = api.only_document()['metadata']['lasfs']['key']
    theirs = 'x' * (4096 - len('{"theirs":"","lasfs":{"key":""}}') - 32 - 8)
    found = written(api, mount / 'documents/.by-name/scan.pdf/metadata.json', json.dumps({'theirs': theirs}))
    assert found == {'theirs': theirs, 'lasfs': {'key': key}}


@today
def test_it_says_in_whose_list_it_is(mount, api):
    folder = mount / 'datasets' / api.add_dataset('d') / 'documents'
    (folder / 'in').mkdir()
    (folder / 'in/scan.pdf').write_bytes(small_pdf(1))
    ours = api.only_document()['metadata']['lasfs']
    assert (ours['of'], ours['path']) == ('datasetId', 'in/scan.pdf')


@today
def test_what_was_renamed_before_it_was_sent_has_its_last_name(mount, api):
    (mount / 'documents/scan.pdf.part').write_bytes(small_pdf(1))
    os.rename(mount / 'documents/scan.pdf.part', mount / 'documents/scan.pdf')
    one = api.only_document()
    assert (one['name'], one['metadata']['lasfs']['path']) == ('scan.pdf', 'scan.pdf')


@today
def test_what_others_keep_there_stays(mount, api):
    mount.may_leave = True  # the defaults
    defaults = {'metadata': {'project': 7}, 'retentionInDays': 3}
    (mount / 'documents/.defaults.json').write_text(json.dumps(defaults))
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    one = api.only_document()
    first = one['metadata'].pop('lasfs')
    assert one['metadata'] == {'project': 7}
    api.patch('documents/' + one['documentId'], metadata={'project': 8, 'lasfs': first}, description='d')
    mount.refresh()
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(2))
    other = api.only_document()
    second = other['metadata'].pop('lasfs')
    assert (other['metadata'], other['description'], other['name']) == ({'project': 8}, 'd', 'scan.pdf')
    assert second['sha256'] == hashlib.sha256(small_pdf(2)).hexdigest()
    assert second['key'] != first['key']
    assert mount.errors() == ''


@today
def test_where_there_is_little_room_less_is_said(mount, api):
    mount.may_leave = True  # the defaults
    theirs = {'project': 'x' * 3900}
    (mount / 'documents/.defaults.json').write_text(json.dumps({'metadata': theirs}))
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    metadata = api.only_document()['metadata']
    assert 'key' in metadata.pop('lasfs') and metadata == theirs
    theirs['project'] += 'x' * 170
    (mount / 'documents/.defaults.json').write_text(json.dumps({'metadata': theirs}))
    (mount / 'documents/other.pdf').write_bytes(small_pdf(2))
    assert [d['metadata'] for d in api.documents() if d['name'] == 'other.pdf'] == [theirs]
    assert mount.errors() == ''


@today
def test_a_document_without_metadata_is_replaced(mount, api):
    name = api.add_document(small_pdf(1))
    api.patch('documents/' + name, name=None)
    shutil.copy(mount / 'documents' / name / 'content', mount / 'documents/scan.pdf')
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(2))
    assert mount.errors() == ''


@today
def test_a_rename_over_another_keeps_others_keys_and_one_s_own_digest(mount, api):
    for n in (1, 2):
        (mount / f'documents/{n}.pdf').write_bytes(small_pdf(n))
    first, second = sorted(api.documents(), key=lambda d: d['name'])
    api.patch('documents/' + second['documentId'],
              metadata={**second['metadata'], 'project': 7}, description='d')
    mount.refresh()
    os.rename(mount / 'documents/1.pdf', mount / 'documents/2.pdf')
    one = api.only_document()
    ours = one['metadata'].pop('lasfs')
    assert (one['documentId'], one['name'], one['description']) == (first['documentId'], '2.pdf', 'd')
    assert one['metadata'] == {'project': 7}
    assert ours == {**first['metadata']['lasfs'], 'path': '2.pdf'}
    assert mount.errors() == ''


# --- Who does not take it ------------------------------------------------------------------------

def test_a_server_of_2021_sees_what_it_always_saw(proxied, proxy, api):
    (proxied / 'documents/scan.pdf').write_bytes(small_pdf(1))
    (proxied / 'documents/scan.pdf').write_bytes(small_pdf(2))
    assert [set(b) for b in bodies(proxy)] == [{'contentType', 'content'},
                                               {'contentType', 'content', 'retentionInDays'}]
    assert api.only_document()
    assert proxied.errors() == ''


@today
def test_who_refuses_it_gets_it_without_and_is_not_asked_again(proxied, proxy, api):
    proxy.fault('POST', '/documents', status=400, times=1,
                body=b'{"message": "Additional properties are not allowed"}',
                headers={'Content-Type': 'application/json'})
    for n in range(3):
        (proxied / f'documents/{n}.pdf').write_bytes(small_pdf(n))
    assert ['metadata' in b or 'name' in b for b in bodies(proxy)] == [True, False, False, False]
    assert len(api.documents()) == 3
    assert proxied.errors() == ''


@today
def test_what_is_refused_for_another_reason_is_refused(proxied, proxy, api):
    proxied.allow('no such consent')
    proxied.may_leave = True
    rule = proxy.fault('POST', '/documents', status=400, body=b'{"message": "no such consent"}',
                       headers={'Content-Type': 'application/json'})
    with pytest.raises(OSError):
        (proxied / 'documents/scan.pdf').write_bytes(small_pdf(1))
    proxy.rules.remove(rule)
    (proxied / 'documents/scan.pdf').write_bytes(small_pdf(1))
    assert 'metadata' in bodies(proxy)[-1]
    assert 'lasfs' in api.only_document()['metadata']


@today
def test_who_does_not_keep_it_is_not_relied_on(proxied, proxy, api):
    """A POST whose answer is lost is looked for as at a server of 2021."""
    def forget(answer):
        return json.dumps({**json.loads(answer), 'metadata': None}).encode()
    proxy.fault('POST', '/documents', edit=forget, times=1)
    (proxied / 'documents/a.pdf').write_bytes(small_pdf(1))
    proxy.fault('POST', '/documents', close='after', times=1)
    (proxied / 'documents/b.pdf').write_bytes(small_pdf(2))
    assert ['metadata' in b for b in bodies(proxy)] == [True, False]
    assert len(api.documents()) == 2
    assert proxied.errors() == ''


@today
@pytest.mark.options('unsure=2')
@pytest.mark.parametrize('how', ['after', 'before'])
def test_its_second_try_is_looked_for_without_a_key(proxied, proxy, api, how):
    proxy.fault('POST', '/documents', status=400, times=1, body=b'{"message": "unknown field"}',
                headers={'Content-Type': 'application/json'})
    proxy.fault('POST', '/documents', close=how, times=1)
    (proxied / 'documents/scan.pdf').write_bytes(small_pdf(1))
    assert api.content('documents/' + api.only_document()['documentId']) == small_pdf(1)
    assert proxied.errors() == ''
