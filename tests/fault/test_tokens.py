"""Tokens that end in the middle of work, and the file in which the SDK's programs share theirs."""
import json
import re
import stat
import time

import pytest

from samples import pdf

UPLOADS = 64


# --- Their end ---------------------------------------------------------------------------------

def upload_all(mount, samples):
    """64 at a time, 3 by each: so long that tokens end meanwhile."""
    for i in range(UPLOADS):
        for j in range(3):
            samples.pdf(f'{i}/{i}-{j}.pdf', size=20000, seed=1000 * j + i)
    mount.run(f'ls {samples.folder} | xargs -P {UPLOADS} -I @ '
              f'sh -c "cp {samples.folder}/@/*.pdf documents/"')


def check_all(server, api):
    server.stop()
    server.arguments = []  # at once, and with a token that lasts
    server.start()
    api.sign_in()
    documents = [api.content('documents/' + d['documentId']) for d in api.documents()]
    assert sorted(documents) == sorted(pdf(20000, 1000 * j + i)
                                       for i in range(UPLOADS) for j in range(3))


@pytest.mark.server('--token-ttl', '1', '--latency', '200')
def test_uploads_go_on_over_the_ends_of_tokens(mount, proxy, api, samples):
    upload_all(mount, samples)
    check_all(proxy.server, api)
    assert len(proxy.since(0, 'POST', '/oauth2/token')) >= 2


@pytest.mark.server('--token-ttl', '3', '--latency', '700')
def test_tokens_that_end_earlier_than_they_say_are_renewed_in_the_middle(mount, proxy, api,
                                                                        samples):
    proxy.fault('POST', '/oauth2/token',
                edit=lambda data: re.sub(rb'"expires_in": ?\d+', b'"expires_in": 3600', data))
    mount.remount()
    mark = proxy.mark()
    upload_all(mount, samples)
    check_all(proxy.server, api)
    refused = [p for p in proxy.since(mark, 'POST', '/documents') if p.status == 403]
    assert refused and len(proxy.since(mark, 'POST', '/oauth2/token')) <= len(refused)


# --- The SDK's file ----------------------------------------------------------------------------

class FileCredentials:
    """A server, or what stands before it, whose credentials are in the SDK's file."""

    def __init__(self, server):
        self.server = server

    def __getattr__(self, name):
        return getattr(self.server, name)

    def environment(self):
        return {}

    def section(self, profile, use_cache):
        return (f'[{profile}]\nclient_id = {self.client_id}\n'
                f'client_secret = {self.client_secret.replace("%", "%%")}\n'
                f'auth_endpoint = {self.auth_endpoint}\napi_endpoint = {self.api_endpoint}\n'
                f'use_cache = {use_cache}\n')


@pytest.fixture
def sdk(lasfs, proxy):
    """Makes mounts with the credentials file of one home: sdk(use_cache='true', profile=...)."""
    server, first = FileCredentials(proxy), []

    def make(use_cache='true', profile='default', start=True, cache=None):
        mount = lasfs(*([] if profile == 'default' else [f'profile={profile}']), server=server,
                      start=False)
        first.append(mount)
        mount.home = first[0].home
        mount.check_secrets = lambda: None  # the file of this home has them all
        folder = mount.home / '.lucidtech'
        folder.mkdir(exist_ok=True)
        credentials = folder / 'credentials.cfg'
        with open(credentials, 'a', encoding='utf-8') as f:
            f.write(server.section(profile, use_cache))
        credentials.chmod(0o600)
        mount.tokens = folder / 'token-cache.json'
        if cache is not None:
            mount.tokens.write_text(json.dumps(cache))
        return mount.start() if start else mount

    return make


def count(proxy, mark=0):
    return len(proxy.since(mark, 'POST', '/oauth2/token'))


def works(mount):
    return mount.run('ls documents').status == 0


def entry(mount, profile='default'):
    return json.loads(mount.tokens.read_text())[profile]


def test_a_new_token_is_put_there_as_the_sdk_does(sdk):
    mount = sdk()
    assert works(mount)
    assert stat.S_IMODE(mount.tokens.stat().st_mode) == 0o600
    assert set(entry(mount)) == {'access_token', 'expires_in'}
    assert isinstance(entry(mount)['expires_in'], float)
    assert 3500 < entry(mount)['expires_in'] - time.time() <= 3600
    assert not [p for p in mount.tokens.parent.iterdir()
                if p.name not in ('credentials.cfg', 'token-cache.json')]


def test_a_good_one_is_used_and_no_other_asked_for(sdk, proxy, api):
    mount = sdk(cache={'default': {'access_token': api.token,
                                   'expires_in': time.time() + 1000.5}})
    assert works(mount)
    assert count(proxy) == 0
    assert {p.headers['Authorization'] for p in proxy.since(0)} == {f'Bearer {api.token}'}


def test_the_next_mount_uses_it(sdk, proxy):
    mount = sdk()
    mount.remount()
    assert works(mount)
    assert count(proxy) == 1


@pytest.mark.parametrize('old', [
    {'access_token': 'ended', 'expires_in': 1634567890.5},
    {'access_token': 'not taken', 'expires_in': 9e9},
    {'access_token': 'line\r\nX-Evil: 1', 'expires_in': 9e9}, {'access_token': ''}, {}, None],
    ids=str)
def test_a_bad_one_is_replaced_and_all_else_kept(sdk, proxy, old):
    if old and old.get('expires_in') == 9e9:
        old['expires_in'] = time.time() + 3000.5
    others = {'work': {'access_token': 'theirs', 'expires_in': 1634567890.5}, 'unknown': [1]}
    mount = sdk(cache={**others, 'default': old})
    assert works(mount)
    assert count(proxy) == 1
    now = json.loads(mount.tokens.read_text())
    assert now.pop('default')['access_token'] not in (old or {}).values()
    assert now == others
    assert not [p for p in proxy.since(0) if 'X-Evil' in p.headers]


@pytest.mark.parametrize('use_cache', ['false', '1', 'TRUE', ''])
def test_without_use_cache_there_is_none(sdk, proxy, use_cache):
    mount = sdk(use_cache)
    assert works(mount)
    assert not mount.tokens.exists()


def test_credentials_of_the_environment_never_use_it(lasfs, proxy):
    mount = lasfs(server=proxy, start=False)
    folder = mount.home / '.lucidtech'
    folder.mkdir()
    (folder / 'credentials.cfg').write_text('[default]\nuse_cache = true\n')
    (folder / 'token-cache.json').write_text('{}')
    mount.start()
    assert works(mount) and count(proxy) == 1
    assert (folder / 'token-cache.json').read_text() == '{}'
    (folder / 'credentials.cfg').unlink()


def test_several_mounts_do_not_lose_each_others_profiles(sdk):
    profiles = [f'p{i}' for i in range(6)]
    mounts = [sdk(profile=p, start=False) for p in profiles]
    for mount in mounts:
        mount.launch()
    for mount in mounts:
        mount.await_start()
    assert set(json.loads(mounts[0].tokens.read_text())) == set(profiles)


def test_a_file_that_is_not_the_sdks_is_left_alone(sdk):
    mount = sdk(start=False)
    mount.allow('is not kept there')
    mount.tokens.write_text('a torn {')
    assert works(mount.start())
    assert mount.tokens.read_text() == 'a torn {'


def test_the_file_is_for_reading_only(sdk, proxy):
    """A home that cannot be written costs a token for each mount, no more."""
    mount = sdk(start=False)
    mount.allow('is not kept there')
    mount.tokens.mkdir()
    assert works(mount.start())
    assert count(proxy) == 1
