"""What is asked of the server: exactly what must be, and nothing twice."""
import hashlib
import os
import re

import pytest

from rest import Api
from mounted import Mount
from samples import pdf, small_pdf
from server import Server

COUNT = 10000
FIRST_PAGE, LATER_PAGE = 100, 1000
PAGES = 1 + -(-(COUNT - FIRST_PAGE) // LATER_PAGE)


@pytest.fixture(scope='module')
def full(tmp_path_factory):
    """A server with 10,000 documents."""
    server = Server(tmp_path_factory.mktemp('full') / 'server').start()
    ids = Api(server).add_documents(small_pdf(i) for i in range(COUNT))
    server.ids = set(ids)
    assert len(server.ids) == COUNT
    yield server
    server.stop()


@pytest.fixture
def on_full(full, tmp_path):
    mount = Mount(full, tmp_path / 'lasfs', 'list_ttl=300', 'meta_ttl=300').start()
    yield mount
    try:
        if mount.process:
            mount.unmount()
    finally:
        mount.kill()


def test_ls_l_of_10000_documents_costs_exactly_the_lists_pages(on_full):
    with on_full.server.watch() as seen:
        lines = on_full.run('ls -l documents').out.splitlines()
    assert len(lines) == COUNT + 1
    assert seen.count('GET', '/documents') == PAGES
    assert len(seen.all) == PAGES, seen.all[:5]
    assert [re.search(r'maxResults=(\d+)', r.query)[1] for r in seen.all] == \
        [str(FIRST_PAGE)] + [str(LATER_PAGE)] * (PAGES - 1)


def test_a_second_ls_l_within_the_ttl_costs_none(on_full):
    on_full.run('ls -l documents')
    with on_full.server.watch() as seen:
        lines = on_full.run('ls -l documents').out.splitlines()
    assert len(lines) == COUNT + 1
    assert not seen.all


def test_ls_of_names_alone_costs_the_same_pages(on_full):
    with on_full.server.watch() as seen:
        assert set(on_full.run('ls documents').out.split()) == on_full.server.ids
    assert len(seen.all) == PAGES


def test_find_documents_downloads_no_content(on_full):
    with on_full.server.watch() as seen:
        lines = on_full.run('find documents').out.splitlines()
    assert len(lines) > 3 * COUNT
    assert not seen.count('GET', '/documents/.*')
    assert seen.count('GET', '/documents') == PAGES


def test_reading_fields_of_listed_documents_costs_no_request_more(on_full):
    on_full.run('ls documents')
    some = sorted(on_full.server.ids)[:50]
    with on_full.server.watch() as seen:
        for document in some:
            assert (on_full / 'documents' / document / 'contentType').read_text() == \
                'application/pdf\n'
    assert not seen.all


def test_twenty_listings_at_once_cost_one_listing(on_full):
    with on_full.server.watch() as seen:
        ran = on_full.run('for i in $(seq 20); do ls documents | wc -l & done; wait')
    assert ran.out.split() == [str(COUNT)] * 20
    assert len(seen.all) == PAGES


def test_cat_of_a_cached_document_costs_none(mount, api):
    document = api.add_document(pdf(30000))
    path = f'./documents/{document}/content'
    first = mount.run(f'sha256sum < {path}').out
    with mount.server.watch() as seen:
        assert mount.run(f'sha256sum < {path}').out == first
    assert first.split()[0] == hashlib.sha256(pdf(30000)).hexdigest()
    assert not seen.all


def test_a_cached_document_costs_none_after_a_remount_but_the_lookup(mount, api):
    document = api.add_document(pdf(30000))
    (mount / 'documents' / document / 'content').read_bytes()
    mount.remount()
    with mount.server.watch() as seen:
        assert (mount / 'documents' / document / 'content').read_bytes() == pdf(30000)
    assert seen.count('GET', f'/documents/{document}') <= 1
    assert sum(r.bytes for r in seen.all) < 45000


def test_twenty_processes_that_read_a_cold_document_cost_one_get(mount, api):
    data = pdf(1 << 20)
    document = api.add_document(data)
    with mount.server.watch() as seen:
        ran = mount.run(f'for i in $(seq 20); do sha256sum < ./documents/{document}/content & '
                        'done; wait')
    assert ran.out.split() == [hashlib.sha256(data).hexdigest(), '-'] * 20
    assert seen.count('GET', f'/documents/{document}') == 1


@pytest.mark.server('--latency', '300')
def test_twenty_processes_that_read_behind_a_slow_server_cost_one_get(mount, api):
    document = api.add_document(pdf(5000))
    with mount.server.watch() as seen:
        ran = mount.run(f'for i in $(seq 20); do wc -c < ./documents/{document}/content & '
                        'done; wait')
    assert ran.out.split() == ['5000'] * 20
    assert seen.count('GET', f'/documents/{document}') == 1


def test_a_dropped_file_is_read_back_without_a_request(mount, samples):
    mount.run(f'cp {samples.pdf(size=40000)} documents/')
    with mount.server.watch() as seen:
        assert (mount / 'documents/scan.pdf').read_bytes() == pdf(40000)
        os.stat(mount / 'documents/scan.pdf')
    assert not seen.all


def pages_to_find(mount, name):
    """How many of the list are read, with nothing in memory, before a dropped file is known."""
    mount.refresh()
    with mount.server.watch() as seen:
        os.getxattr(mount / 'documents' / name, 'user.las.contentType')
    return seen.count('GET', '/documents')


@pytest.mark.server('--page-size', '100')
def test_only_a_look_that_was_not_enough_makes_the_next_one_longer(lasfs, api, samples):
    mount = lasfs('list_ttl=300', 'meta_ttl=300', 'xattr')
    mount.run(f'cp {samples.pdf("x.pdf", seed=1)} documents/')
    api.add_documents(small_pdf(i) for i in range(1500))
    mount.run(f'cp {samples.pdf("y.pdf", seed=2)} documents/')
    near, far = sorted(('x.pdf', 'y.pdf'), key=lambda name: pages_to_find(mount, name))
    before = pages_to_find(mount, far)
    assert before > 9
    for _ in range(3):
        assert pages_to_find(mount, near) < 5
    # one more, and perhaps one read ahead, which the first time may have come after its look had ended
    assert pages_to_find(mount, far) <= before + 3


@pytest.mark.server('--api', '2024')
def test_what_is_in_the_cache_is_known_to_be_there_by_its_id_alone(lasfs, api):
    """Where a few pages of the list do not have it: its bytes do not come a second time."""
    mount = lasfs('list_ttl=300', 'meta_ttl=300')
    api.add_documents(small_pdf(i) for i in range(1500))
    name = api.add_document(pdf(200000))
    path = mount / 'documents' / name / 'content'
    assert path.read_bytes() == pdf(200000)
    mount.remount(cold=False)
    with mount.server.watch() as seen:
        for _ in range(3):
            assert path.read_bytes() == pdf(200000)
            assert (mount / 'documents' / name / 'contentType').read_text() == 'application/pdf\n'
    asked = [r for r in seen.of('GET', '/documents') if 'documentId' in r.query]
    assert [r.query.replace('%3A', ':') for r in asked] == [f'maxResults=1&documentId={name}']
    assert not seen.count('GET', '/documents/las:.*') and not seen.count('GET', '/files/.*')
    api.delete('documents/' + name)
    mount.refresh()
    with pytest.raises(FileNotFoundError):
        path.read_bytes()


def test_a_name_that_is_not_there_is_asked_for_once(mount, api):
    api.add_dataset('there')
    with mount.server.watch() as seen:
        for _ in range(5):
            assert not os.path.exists(mount / 'datasets/not-there')
    assert seen.count('GET', '/datasets') <= 1


def test_refresh_forgets_what_was_cached(lasfs, api):
    mount = lasfs('list_ttl=3600', 'meta_ttl=3600')
    dataset = api.add_dataset('before')
    assert (mount / 'datasets' / dataset / 'name').read_text() == 'before\n'
    assert os.listdir(mount / 'datasets') == [dataset]
    api.patch('datasets/' + dataset, name='after')
    other = api.add_dataset('other')
    assert (mount / 'datasets' / dataset / 'name').read_text() == 'before\n'
    mount.run('touch .lasfs/refresh')
    assert (mount / 'datasets' / dataset / 'name').read_text() == 'after\n'
    assert sorted(os.listdir(mount / 'datasets')) == sorted([dataset, other])


def test_one_upload_is_one_request(mount, samples):
    samples.pdf()
    os.listdir(mount / 'documents')
    with mount.server.watch() as seen:
        mount.run(f'cp {samples.folder}/scan.pdf documents/')
    assert [(r.verb, r.path) for r in seen.all] == [('POST', '/documents')]
