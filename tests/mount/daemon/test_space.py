"""df: the API's quota of documents, else one constant, and never this machine's disk."""
import os
import time

import pytest

from mounted import eventually
from samples import small_pdf

PIB = 1 << 50
FILES = 1 << 30


def figures(mount):
    st = os.statvfs(mount / 'documents')
    return st.f_files, st.f_ffree, st.f_favail


def quota(api):
    me = api.get('organizations/me')
    allowed = me['monthlyNumberOfDocumentsAllowed']
    left = allowed - me['monthlyNumberOfDocumentsCreated']
    return allowed, left, left


def check_bytes(mount):
    st = os.statvfs(mount.path)
    assert st.f_blocks * st.f_frsize == st.f_bfree * st.f_frsize == st.f_bavail * st.f_frsize == PIB
    assert st.f_namemax == 255


@pytest.mark.server('--quota', 'documents=40')
@pytest.mark.options('meta_ttl=0')
def test_files_are_the_documents_that_are_left(mount, api):
    api.add_document(small_pdf(1))
    assert quota(api)[:2] == (40, 39)
    eventually(lambda: figures(mount) == quota(api))
    assert mount.run('df --output=itotal,iused,iavail . | tail -1').out.split() == ['40', '1', '39']
    check_bytes(mount)
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(2))
    assert quota(api)[1] == 38
    eventually(lambda: figures(mount) == quota(api))


@pytest.mark.server('--quota', 'documents=2')
@pytest.mark.options('meta_ttl=0')
def test_a_quota_that_is_used_up_leaves_none(mount, api):
    api.add_documents([small_pdf(i) for i in range(2)])
    eventually(lambda: figures(mount) == (2, 0, 0))
    assert figures(mount) == quota(api)


@pytest.mark.server('--quota', 'documents=40')
def test_what_was_read_of_the_organization_is_known(mount, api):
    """Without a request."""
    (mount / 'organizations/me/resource.json').read_text()
    with mount.server.watch() as seen:
        assert figures(mount) == (40, 40, 40)
    assert not seen.count('GET', '/organizations/me')


@pytest.mark.server('--quota', 'documents=40')
def test_it_is_asked_for_once_within_meta_ttl(mount):
    with mount.server.watch() as seen:
        eventually(lambda: figures(mount) == (40, 40, 40))
        for _ in range(50):
            figures(mount)
    assert seen.count('GET', '/organizations/me') == 1


def test_where_nothing_is_known_it_is_a_constant(mount, server):
    server.stop()
    try:
        begin = time.monotonic()
        assert figures(mount) == (FILES, FILES, FILES)
        assert time.monotonic() - begin < 0.5
        check_bytes(mount)
        assert 'lasfs:default' in mount.run('df -h . && df -i .').out
    finally:
        server.start()
    assert mount.errors() == ''


def test_an_organization_without_quotas_is_a_constant(lasfs, proxy):
    mount = lasfs(server=proxy)
    rule = proxy.fault('GET', '/organizations/me', status=200,
                       headers={'Content-Type': 'application/json'},
                       body=b'{"organizationId": "las:organization:' + b'a' * 32 + b'"}')
    assert figures(mount) == (FILES, FILES, FILES)
    eventually(lambda: rule.hits == 1)
    assert (mount / 'organizations/me/resource.json').read_text()
    assert figures(mount) == (FILES, FILES, FILES)


def test_a_question_that_hangs_does_not_hold_up_the_end(lasfs, proxy):
    mount = lasfs(server=proxy)
    rule = proxy.fault('GET', '/organizations/me', stall='before')
    assert figures(mount) == (FILES, FILES, FILES)
    eventually(lambda: rule.hits == 1)
    begin = time.monotonic()
    mount.unmount()
    assert time.monotonic() - begin < 5
    proxy.clear()
