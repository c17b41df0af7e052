"""A secret is never on a disk, never in a log, and never given back."""
import errno
import json
import os
import stat

import pytest

WORDS = ('hunter2-correct-horse', 'battery-staple-42')
BODY = {'data': {'username': WORDS[0], 'password': WORDS[1]}}
OTHER = 'another-word-for-it'


@pytest.fixture
def mount(lasfs, proxy):
    """The API never gives a secret back, so what is sent to it is looked at on its way."""
    return lasfs(server=proxy)


def assert_nowhere(mount, *words):
    """Not in a file of the mount's (state, spool, cache, log) and not in the process's title."""
    for path in mount.folder.rglob('*'):
        if mount.path in path.parents or path.is_symlink() or not path.is_file():
            continue
        data = path.read_bytes()
        for word in words:
            assert word.encode() not in data, path
    if mount.process:
        for name in ('cmdline', 'comm', 'environ'):
            with open(f'/proc/{mount.process.pid}/{name}', 'rb') as f:
                title = f.read()
            for word in words:
                assert word.encode() not in title, name


@pytest.fixture
def secret(mount, api):
    (mount / 'secrets/mine.json').write_text(json.dumps(BODY))
    return api.list('secrets')[0]['secretId']


def test_it_reaches_the_api_and_nothing_else(mount, api, secret, proxy):
    assert proxy.bodies('POST', '/secrets') == [{**BODY, 'name': 'mine'}]
    assert_nowhere(mount, *WORDS)
    mount.unmount()
    assert_nowhere(mount, *WORDS)


def test_it_is_nowhere_while_it_is_being_written(mount, api):
    with open(mount / 'secrets/mine.json', 'w') as f:
        f.write(json.dumps(BODY))
        f.flush()
        os.fsync(f.fileno())
        assert_nowhere(mount, *WORDS)
    assert len(api.list('secrets')) == 1


def test_a_temporary_file_beside_it_is_nowhere_either(mount, api):
    mount.run("echo \"$BODY\" > secrets/.mine.json.swp && mv secrets/.mine.json.swp "
              'secrets/mine.json', BODY=json.dumps(BODY))
    assert [s['name'] for s in api.list('secrets')] == ['mine']
    (mount / 'secrets/.other.json.swp').write_text(json.dumps(BODY))
    assert_nowhere(mount, *WORDS)
    mount.remount()
    assert not (mount / 'secrets/.other.json.swp').exists(), 'in memory alone'
    assert_nowhere(mount, *WORDS)


def test_it_cannot_be_read_back(mount, api, secret):
    mount.allow('not given back')
    st = os.stat(mount / 'secrets/mine.json')
    assert stat.S_IMODE(st.st_mode) == 0o200
    assert st.st_size == len(json.dumps(BODY))
    with pytest.raises(PermissionError):
        os.open(mount / 'secrets/mine.json', os.O_RDWR)
    assert (mount / 'secrets/mine.json').read_text() == ' ' * (st.st_size - 1) + '\n'
    assert WORDS[1] not in (mount / 'secrets/mine/resource.json').read_text()


def test_its_name_is_there_after_a_remount(mount, api, secret):
    mount.remount()
    assert os.listdir(mount / 'secrets') == ['mine.json']
    assert stat.S_IMODE(os.stat(mount / 'secrets/mine.json').st_mode) == 0o200
    assert (mount / 'secrets/mine/secretId').read_text().strip() == secret


def test_writing_it_again_replaces_the_data(mount, api, secret, proxy):
    text = json.dumps({'data': {'password': OTHER}})
    with mount.server.watch() as seen:
        (mount / 'secrets/mine.json').write_text(text)
    assert [(r.verb, r.path) for r in seen.changes] == [('PATCH', f'/secrets/{secret}')]
    assert proxy.bodies('PATCH', f'/secrets/{secret}') == [{'data': {'password': OTHER}}]
    assert_nowhere(mount, *WORDS, OTHER)


def test_the_same_bytes_send_nothing(mount, api, secret):
    with mount.server.watch() as seen:
        (mount / 'secrets/mine.json').write_text(json.dumps(BODY))
    assert not seen.changes


def test_data_json_is_write_only_and_replaces_the_data(mount, api, secret, proxy):
    path = mount / 'secrets/mine/data.json'
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o200
    assert os.stat(path).st_size == 0
    assert path.read_text() == ''
    with mount.server.watch() as seen:
        path.write_text(json.dumps({'password': OTHER}))
    assert [(r.verb, r.path) for r in seen.changes] == [('PATCH', f'/secrets/{secret}')]
    assert proxy.bodies('PATCH', f'/secrets/{secret}') == [{'data': {'password': OTHER}}]
    assert_nowhere(mount, *WORDS, OTHER)


def test_mv_into_data_json_leaves_nothing_behind(mount, api, secret, proxy):
    mount.run('echo "$BODY" > secrets/mine/new.tmp && mv secrets/mine/new.tmp '
              'secrets/mine/data.json', BODY=json.dumps({'password': OTHER}))
    assert proxy.bodies('PATCH', f'/secrets/{secret}') == [{'data': {'password': OTHER}}]
    assert_nowhere(mount, OTHER)


def test_a_name_is_changed_without_its_data(mount, api, secret, proxy):
    mount.run('mv secrets/mine.json secrets/yours.json')
    assert proxy.bodies('PATCH', f'/secrets/{secret}') == [{'name': 'yours'}]
    assert api.list('secrets')[0]['name'] == 'yours'


def test_rsync_sends_it_once(mount, api, proxy, tmp_path):
    (tmp_path / 'mine.json').write_text(json.dumps(BODY))
    for _ in range(2):
        mount.run(f'rsync -a {tmp_path}/mine.json secrets/')
        mount.remount()
    assert [p.verb for p in proxy.since(0) if p.verb != 'GET' and 'token' not in p.path] == ['POST']
    assert_nowhere(mount, *WORDS)


@pytest.mark.parametrize('text', [
    '{"data": {"password": "%s"', '{"data": "%s"}', '{"nonsense": "%s", "data": {}}',
    '"%s"', '{"data": {"password": "%s", "password": "%s"}}', '%s'])
def test_what_is_refused_is_not_kept(mount, api, text):
    mount.allow('secrets/bad.json')
    text = text.replace('%s', WORDS[0])
    with pytest.raises(OSError) as refused:
        (mount / 'secrets/bad.json').write_text(text)
    assert refused.value.errno == errno.EINVAL
    assert api.list('secrets') == []
    assert os.listdir(mount / 'secrets') == []
    assert os.listdir(mount / '.lasfs/failed') == []
    assert WORDS[0].partition('-')[0] not in mount.errors(), 'not even the place of the mistake'
    assert_nowhere(mount, *WORDS)


@pytest.mark.parametrize('text', ['{"password": "%s"', '["%s"]', '"%s"', '%s'])
def test_data_that_is_refused_is_not_kept(mount, api, secret, text):
    mount.allow('data.json')
    with pytest.raises(OSError):
        (mount / 'secrets/mine/data.json').write_text(text.replace('%s', OTHER))
    assert os.listdir(mount / '.lasfs/failed') == []
    assert OTHER.partition('-')[0] not in mount.errors()
    assert_nowhere(mount, OTHER)


def test_the_apis_words_are_hushed_when_they_tell_it(mount, api, secret, proxy):
    mount.allow('secrets/')
    proxy.fault('PATCH', status=400, message=f'password: {OTHER} is too weak', times=1)
    with pytest.raises(OSError):
        (mount / 'secrets/mine/data.json').write_text(json.dumps({'password': OTHER}))
    assert 'refused' in mount.errors() and OTHER not in mount.errors()
    proxy.fault('PATCH', status=400, message='password: is too weak', times=1)
    with pytest.raises(OSError):
        (mount / 'secrets/mine/data.json').write_text(json.dumps({'password': OTHER}))
    assert 'password: is too weak' in mount.errors()
    assert_nowhere(mount, OTHER)


def test_a_refused_overwrite_leaves_the_secret_as_it_was(mount, api, secret):
    mount.allow('secrets/mine.json')
    with pytest.raises(OSError):
        (mount / 'secrets/mine.json').write_text('no JSON ' + OTHER)
    assert len(api.list('secrets')) == 1
    assert os.listdir(mount / 'secrets') == ['mine.json']
    assert stat.S_IMODE(os.stat(mount / 'secrets/mine.json').st_mode) == 0o200
    assert_nowhere(mount, OTHER)


def test_a_killed_daemon_leaves_nothing_behind(mount, api, secret):
    f = open(mount / 'secrets/other.json', 'w')
    f.write(json.dumps({'data': {'password': OTHER}}))
    f.flush()
    mount.kill()
    try:
        f.close()
    except OSError:
        pass
    assert_nowhere(mount, OTHER, *WORDS)
    mount.start()
    assert os.listdir(mount / 'secrets') == ['mine.json']
    assert len(api.list('secrets')) == 1


def test_rm_deletes_it(mount, api, secret):
    mount.run('rm secrets/mine.json')
    assert api.list('secrets') == []
