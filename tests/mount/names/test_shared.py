"""Other machines' files: at today's API a document says what it was called, and another mount, or the same
with nothing of its own, shows it so."""
import hashlib
import json
import os
import re
import shutil
import subprocess

import pytest

from mounted import eventually
from samples import small_pdf

pytestmark = pytest.mark.server('--api', '2024')


@pytest.fixture
def folder(mount, api, request):
    """documents/ of a first mount, or a dataset's."""
    if getattr(request, 'param', 'documents') == 'documents':
        return 'documents'
    return f'datasets/{api.add_dataset("invoices")}/documents'


both = pytest.mark.parametrize('folder', ['documents', 'dataset'], indirect=True)


def names_below(path):
    """All that find(1) would say, with sizes and whole times."""
    found = {}
    for above, folders, files in os.walk(path):
        for name in folders + files:
            s = os.lstat(os.path.join(above, name))
            key = os.path.relpath(os.path.join(above, name), path)
            found[key] = None if name in folders else (s.st_size, s.st_mtime_ns)
    return found


def fill(path, tmp_path):
    """By rsync -a, from a plain folder, which is returned."""
    source = tmp_path / 'source'
    for n, name in enumerate(['a.pdf', 'b c é.pdf', 'in/a.pdf', 'in/deep er/x.pdf']):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(small_pdf(n))
        os.utime(source / name, ns=(10**18 + n, 10**18 + n * 1001))
    rsync(source, path)
    return source


def rsync(source, path, *more):
    done = subprocess.run(['rsync', '-a', '--itemize-changes', *more, f'{source}/', f'{path}/'],
                          capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines() if line.startswith(('<', '>', 'c'))]


def changes(seen):
    return [(r.verb, r.path) for r in seen.all
            if r.verb != 'GET' and '/token' not in r.path]


def downloads(seen):
    return [r.path for r in seen.all if r.verb == 'GET' and re.search('/files/|/documents/las', r.path)]


@both
def test_another_machine_shows_the_same_files(mount, lasfs, folder, tmp_path):
    fill(mount / folder, tmp_path)
    other = lasfs()
    with mount.server.watch() as seen:
        assert names_below(other / folder) == names_below(mount / folder)
    assert downloads(seen) == changes(seen) == []
    assert (other / folder / 'in/deep er/x.pdf').read_bytes() == small_pdf(3)
    assert other.errors() == ''


@both
def test_rsync_there_sends_nothing(mount, lasfs, folder, tmp_path):
    source = fill(mount / folder, tmp_path)
    other = lasfs()
    for more in ((), ('--delete',), ('--checksum',)):
        with mount.server.watch() as seen:
            assert rsync(source, other / folder, *more) == []
        assert changes(seen) == []
        if '--checksum' not in more:
            assert downloads(seen) == []


def test_a_new_disk_shows_the_same_files(mount, api, tmp_path):
    source = fill(mount / 'documents', tmp_path)
    before = names_below(mount / 'documents')
    mount.unmount()
    shutil.rmtree(mount.state)
    mount.start()
    with mount.server.watch() as seen:
        assert rsync(source, mount / 'documents') == []
        assert names_below(mount / 'documents') == before
    assert changes(seen) == downloads(seen) == []
    assert len(api.documents()) == 4


def test_a_name_is_found_without_a_listing(mount, lasfs, tmp_path):
    fill(mount / 'documents', tmp_path)
    other = lasfs()
    assert os.stat(other / 'documents/in/deep er/x.pdf').st_size == len(small_pdf(3))
    assert not os.path.exists(other / 'documents/in/nothing.pdf')


@both
def test_the_proof_of_delivery_has_them(mount, lasfs, folder, tmp_path):
    source = fill(mount / folder, tmp_path)
    other = lasfs()
    sums = (other / folder / '.sha256sums').read_text()
    subprocess.run(['sha256sum', '-c', '--quiet'], input=sums, text=True, cwd=source, check=True)
    assert len(sums.splitlines()) == 4


@pytest.mark.options('list_ttl=0')
def test_what_comes_while_it_is_mounted(mount, lasfs, api):
    """Found by its name, for one page of the list, and listed."""
    other = lasfs('list_ttl=0')
    assert os.listdir(other / 'documents') == []
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    with mount.server.watch() as seen:
        assert (other / 'documents/scan.pdf').stat().st_size == len(small_pdf(1))
    assert downloads(seen) == []
    assert os.listdir(other / 'documents') == ['scan.pdf']
    (mount / 'documents/scan.pdf').unlink()
    eventually(lambda: os.listdir(other / 'documents') == [])


def test_what_is_changed_there_replaces_it(mount, lasfs, api):
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    other = lasfs()
    (other / 'documents/scan.pdf').write_bytes(small_pdf(1))
    assert api.only_document()['metadata']['lasfs']['path'] == 'scan.pdf'
    (other / 'documents/scan.pdf').write_bytes(small_pdf(2))
    assert api.content('documents/' + api.only_document()['documentId']) == small_pdf(2)
    (other / 'documents/scan.pdf').unlink()
    assert api.documents() == []


def test_two_of_one_name_both_stay(mount, lasfs, api):
    """Two machines have written it, and neither has seen the other's."""
    other = lasfs()
    other.allow('another machine')
    mount.allow('another machine')
    for one in (mount, other):
        os.listdir(one / 'documents')
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    (other / 'documents/scan.pdf').write_bytes(small_pdf(2))
    for one, data, theirs in (mount, small_pdf(1), small_pdf(2)), (other, small_pdf(2), small_pdf(1)):
        one.refresh()
        names = sorted(os.listdir(one / 'documents'))
        assert names[0] == 'scan.pdf' and re.fullmatch('scan.pdf~[0-9a-f]{8}', names[1])
        assert (one / 'documents' / names[0]).read_bytes() == data
        assert (one / 'documents' / names[1]).read_bytes() == theirs
        line, = one.errors().splitlines()
        assert names[1] in line and 'nothing was deleted' in line
        one.remount()
        assert sorted(os.listdir(one / 'documents')) == names
    assert len(api.documents()) == 2


@pytest.mark.parametrize('mode', ['names', 'ids', 'drops'])
def test_names_come_with_the_pages(lasfs, proxy, api, mode):
    """The first ones while the second page is on its way, and each once."""
    for n in range(150):
        one = api.add_document(small_pdf(n))
        if n % 50:  # else it is another client's, and has no name
            api.patch('documents/' + one, metadata={'lasfs': stamp(f'in/{n}.pdf' if n % 3 else f'{n}.pdf')})
    mount = lasfs(f'list={mode}', server=proxy)
    rule = proxy.fault('GET', '/documents', skip=1, stall='before')
    with os.scandir(mount / 'documents') as entries:
        names = [next(entries).name]
        assert names[0].endswith('.pdf') or names[0].startswith('las:')
        eventually(lambda: rule.hits > 1)
        proxy.clear()
        names += [e.name for e in entries]
    named = [f'{n}.pdf' for n in range(150) if n % 50 and n % 3 == 0]
    assert sorted(n for n in names if n.endswith('.pdf')) == sorted(named)
    assert len(names) == len(set(names)) == len(named) + 1 + (0 if mode == 'drops' else 3)
    assert sorted(os.listdir(mount / 'documents')) == sorted(names)
    assert len(os.listdir(mount / 'documents/in')) == 147 - len(named)


# --- Renames -------------------------------------------------------------------------------------

def paths(api):
    return sorted((d['metadata']['lasfs'].get('of', ''), d['metadata']['lasfs']['path']) for d in api.documents())


@pytest.mark.parametrize('script, names', [
    ('mv a.pdf z.pdf', ['in/a.pdf', 'z.pdf']),
    ('mv a.pdf in/z.pdf', ['in/a.pdf', 'in/z.pdf']),
    ('mv in out', ['a.pdf', 'out/a.pdf']),
    ('mv in/a.pdf b.pdf', ['a.pdf', 'b.pdf']),
    ('mv a.pdf b.pdf && mv b.pdf c.pdf', ['c.pdf', 'in/a.pdf']),
])
def test_a_rename_is_told(mount, lasfs, api, script, names):
    (mount / 'documents/in').mkdir()
    for n, name in enumerate(['a.pdf', 'in/a.pdf']):
        (mount / 'documents' / name).write_bytes(small_pdf(n))
    for d in api.documents():
        api.patch('documents/' + d['documentId'], metadata={**d['metadata'], 'theirs': {'n': [1]}})
    mount.refresh()
    with mount.server.watch() as seen:
        mount.run(script, cwd=mount / 'documents')
        eventually(lambda: [p for _, p in paths(api)] == names)
        mount.control('flush')  # its answer has been there too
    assert len(changes(seen)) <= 2 and {verb for verb, _ in changes(seen)} == {'PATCH'}
    assert downloads(seen) == []
    for d in api.documents():
        ours = d['metadata'].pop('lasfs')
        assert d['metadata'] == {'theirs': {'n': [1]}} and d['name'] == os.path.basename(ours['path'])
        assert len(ours['key']) == 32
    here, there = names_below(mount / 'documents'), names_below(lasfs() / 'documents')
    assert there == {k: v for k, v in here.items() if v or k in there}  # an empty folder is told to nobody


def test_a_move_into_a_dataset_is_told(mount, lasfs, api):
    there = f'datasets/{api.add_dataset("invoices")}/documents'
    (mount / 'documents/a.pdf').write_bytes(small_pdf(1))
    os.rename(mount / 'documents/a.pdf', mount / there / 'b.pdf')
    eventually(lambda: paths(api) == [('datasetId', 'b.pdf')])
    assert os.listdir(lasfs() / there) == ['b.pdf']


def test_a_rename_needs_no_server_and_is_told_later(lasfs, proxy, api):
    one = lasfs(server=proxy)
    (one / 'documents/a.pdf').write_bytes(small_pdf(1))
    proxy.fault('PATCH', '/documents/.*', status=503)
    os.rename(one / 'documents/a.pdf', one / 'documents/b.pdf')
    eventually(lambda: proxy.since(0, 'PATCH'))
    one.kill()
    proxy.clear()
    one.start()
    eventually(lambda: paths(api) == [('', 'b.pdf')])
    assert os.listdir(one / 'documents') == ['b.pdf']
    assert one.errors() == ''


def test_a_temporary_name_is_told_to_nobody(mount, api):
    (mount / 'documents/a.pdf').write_bytes(small_pdf(1))
    with mount.server.watch() as seen:
        os.rename(mount / 'documents/a.pdf', mount / 'documents/a.pdf~')
        os.rename(mount / 'documents/a.pdf~', mount / 'documents/a.pdf')
        mount.control('flush')
    assert changes(seen) == []
    assert paths(api) == [('', 'a.pdf')]


# --- Others' renames ----------------------------------------------------------------------------

MOVED = 'another machine has moved'


def files(path):
    return sorted(name for name, known in names_below(path).items() if known)


@pytest.mark.parametrize('script, names', [
    ('mv a.pdf z.pdf', ['in/a.pdf', 'z.pdf']),
    ('mv a.pdf in/z.pdf', ['in/a.pdf', 'in/z.pdf']),
    ('mv in out', ['a.pdf', 'out/a.pdf']),
    ('mv in/a.pdf b.pdf', ['a.pdf', 'b.pdf']),
    ('mv a.pdf c.pdf && mv in/a.pdf a.pdf', ['a.pdf', 'c.pdf']),
])
@pytest.mark.parametrize('mounted', [True, False], ids=['mounted', 'away'])
def test_another_machine_s_rename_is_followed(mount, lasfs, api, script, names, mounted):
    (mount / 'documents/in').mkdir()
    for n, name in enumerate(['a.pdf', 'in/a.pdf']):
        (mount / 'documents' / name).write_bytes(small_pdf(n))
    other = lasfs()
    other.allow(MOVED)
    assert files(other / 'documents') == ['a.pdf', 'in/a.pdf']
    if not mounted:
        other.unmount()
    mount.run(script, cwd=mount / 'documents')
    eventually(lambda: [p for _, p in paths(api)] == names)
    if not mounted:
        other.start()
    other.refresh()
    with mount.server.watch() as seen:
        assert files(other / 'documents') == names
        assert {n: s for n, s in names_below(other / 'documents').items() if s} == {
            n: s for n, s in names_below(mount / 'documents').items() if s}
        for gone in {'a.pdf', 'in/a.pdf'} - set(names):
            assert not os.path.exists(other / 'documents' / gone)
    assert downloads(seen) == changes(seen) == []
    for name in names:
        assert (other / 'documents' / name).read_bytes() == (mount / 'documents' / name).read_bytes()
    assert 'another machine has moved /documents/' in other.words
    assert other.errors() == ''
    other.remount()
    assert files(other / 'documents') == names


def test_who_reads_it_reads_on(mount, lasfs, api):
    (mount / 'documents/a.pdf').write_bytes(small_pdf(1))
    other = lasfs()
    other.allow(MOVED)
    with open(other / 'documents/a.pdf', 'rb') as f:
        os.rename(mount / 'documents/a.pdf', mount / 'documents/b.pdf')
        eventually(lambda: paths(api) == [('', 'b.pdf')])
        other.refresh()
        eventually(lambda: os.listdir(other / 'documents') == ['b.pdf'])
        assert f.read() == small_pdf(1)


def test_a_move_into_another_list_is_followed(mount, lasfs, api):
    there = f'datasets/{api.add_dataset("invoices")}/documents'
    (mount / 'documents/a.pdf').write_bytes(small_pdf(1))
    other = lasfs()
    other.allow(MOVED)
    assert os.listdir(other / 'documents') == ['a.pdf'] and os.listdir(other / there) == []
    os.rename(mount / 'documents/a.pdf', mount / there / 'b.pdf')
    eventually(lambda: paths(api) == [('datasetId', 'b.pdf')])
    other.refresh()
    assert os.listdir(other / 'documents') == [api.only_document()['documentId']]
    assert os.listdir(other / there) == ['b.pdf']
    assert not os.path.exists(other / 'documents/a.pdf')


def test_one_s_own_rename_that_is_owed_wins(mount, lasfs, proxy, api):
    (mount / 'documents/a.pdf').write_bytes(small_pdf(1))
    other = lasfs(server=proxy)
    mount.allow(MOVED)
    assert os.listdir(other / 'documents') == ['a.pdf']
    proxy.fault('PATCH', '/documents/.*', status=503)
    os.rename(other / 'documents/a.pdf', other / 'documents/mine.pdf')
    os.rename(mount / 'documents/a.pdf', mount / 'documents/theirs.pdf')
    eventually(lambda: paths(api) == [('', 'theirs.pdf')])
    other.refresh()
    assert os.listdir(other / 'documents') == ['mine.pdf']
    proxy.clear()
    eventually(lambda: paths(api) == [('', 'mine.pdf')])
    other.refresh()
    assert os.listdir(other / 'documents') == ['mine.pdf']
    mount.refresh()
    assert os.listdir(mount / 'documents') == ['mine.pdf']


def restamp(api, document, **ours):
    known = next(d for d in api.documents() if d['documentId'] == document)['metadata']
    api.patch('documents/' + document, metadata={**known, 'lasfs': {**known['lasfs'], **ours}})


def test_a_replacement_that_is_seen_half_done_ends_under_its_name(lasfs, server, proxy, api):
    """The new one is there, and the old one not gone yet."""
    one, other = lasfs(server=proxy), lasfs()
    other.allow('another machine')
    (one / 'documents/scan.pdf').write_bytes(small_pdf(1))
    assert os.listdir(other / 'documents') == ['scan.pdf']
    proxy.fault('DELETE', '/documents/.*', status=503)
    (one / 'documents/scan.pdf').write_bytes(small_pdf(2))
    assert len(api.documents()) == 2
    other.refresh()
    assert len(os.listdir(other / 'documents')) == 2
    proxy.clear()
    eventually(lambda: len(api.documents()) == 1)
    other.refresh()
    assert os.listdir(other / 'documents') == ['scan.pdf']
    assert (other / 'documents/scan.pdf').read_bytes() == small_pdf(2)


def test_a_name_that_is_taken_gets_digits(mount, api):
    mount.allow('another machine')
    for n, name in enumerate(['a.pdf', 'b.pdf']):
        (mount / 'documents' / name).write_bytes(small_pdf(n))
    one = next(d['documentId'] for d in api.documents() if d['name'] == 'a.pdf')
    restamp(api, one, path='b.pdf')
    beside = 'b.pdf~' + one.rpartition(':')[2][:8]
    for _ in range(2):
        mount.refresh()
        assert sorted(os.listdir(mount / 'documents')) == ['b.pdf', beside]
    assert (mount / 'documents/b.pdf').read_bytes() == small_pdf(1)
    assert (mount / 'documents' / beside).read_bytes() == small_pdf(0)
    (mount / 'documents/b.pdf').unlink()
    mount.refresh()
    assert os.listdir(mount / 'documents') == ['b.pdf']  # the other one, which nobody has in its way now
    assert (mount / 'documents/b.pdf').read_bytes() == small_pdf(0)
    os.rename(mount / 'documents/b.pdf', mount / 'documents/c.pdf')
    eventually(lambda: paths(api) == [('', 'c.pdf')])


@pytest.mark.parametrize('path', ['../up.pdf', '.hidden.pdf', 'scan.pdf.part', 'las:document:' + 32 * 'a'])
def test_a_hostile_rename_is_none(mount, api, path):
    (mount / 'documents/a.pdf').write_bytes(small_pdf(1))
    restamp(api, api.only_document()['documentId'], path=path)
    mount.refresh()
    assert os.listdir(mount / 'documents') == ['a.pdf']


def test_a_temporary_name_stays_what_it_is(mount, api):
    (mount / 'documents/a.pdf').write_bytes(small_pdf(1))
    os.rename(mount / 'documents/a.pdf', mount / 'documents/a.pdf~')
    mount.refresh()
    assert os.listdir(mount / 'documents') == ['a.pdf~']


# --- Hostile words -------------------------------------------------------------------------------

def stamp(path, **more):
    return {'path': path, 'size': '700', 'mtime': '1700000000.000000000', **more}


@pytest.mark.parametrize('path', [
    '../up.pdf', '/etc/passwd', 'a/../../up.pdf', '..', '.', 'a//b.pdf', 'a\nb.pdf', '.hidden.pdf',
    '.lasfs/status', '.by-name/x.pdf', 'x.pdf~', 'scan.pdf.part', '.defaults.json', 'scan.pdf.json',
    'las:document:' + 32 * 'a', 'las:document:' + 32 * 'a' + '/x.pdf', '.git/x.pdf', 'scan.pdf.error.txt',
    300 * 'x', 'a/' + 300 * 'x' + '/b.pdf'])
def test_a_hostile_path_is_no_path(mount, api, path):
    """It stands there by its id, as what others have made."""
    name = api.add_document(small_pdf(1))
    api.patch('documents/' + name, metadata={'lasfs': stamp(path)})
    mount.refresh()
    assert os.listdir(mount / 'documents') == [name]
    assert mount.errors() == ''


@pytest.mark.parametrize('more', [{'size': '-1'}, {'size': 'many'}, {'size': 700}, {'of': 'consentId'},
                                  {'of': 'nonsense'}], ids=str)
def test_a_hostile_word_is_none(mount, api, more):
    name = api.add_document(small_pdf(1))
    api.patch('documents/' + name, metadata={'lasfs': stamp('a.pdf', **more)})
    mount.refresh()
    assert os.listdir(mount / 'documents') == [name]


@pytest.mark.parametrize('more', [{'mtime': 'now'}, {'mode': '999'}, {'sha256': 'x'}, {'key': '..'}], ids=str)
def test_what_is_left_may_be_of_use(mount, api, more):
    api.patch('documents/' + api.add_document(small_pdf(1)), metadata={'lasfs': stamp('a.pdf', **more)})
    mount.refresh()
    assert os.listdir(mount / 'documents') == ['a.pdf']
    assert (mount / 'documents/a.pdf').read_bytes() == small_pdf(1)


def test_a_lie_about_the_size_is_only_a_lie(mount, api):
    """Whoever reads gets the bytes that are there."""
    api.patch('documents/' + api.add_document(small_pdf(1)), metadata={'lasfs': stamp('a.pdf', size='7')})
    mount.refresh()
    assert (mount / 'documents/a.pdf').stat().st_size == 7
    with open(mount / 'documents/a.pdf', 'rb') as f:
        assert small_pdf(1).startswith(f.read())


def test_a_lie_about_the_digest_keeps_nothing_from_being_sent(mount, api):
    """Metadata that were copied from another document say its digest: close() would promise what is not there."""
    mine, theirs = small_pdf(1), small_pdf(2)
    assert len(mine) == len(theirs)
    digest = hashlib.sha256(mine).hexdigest()
    one = api.add_document(theirs)
    api.patch('documents/' + one, metadata={'lasfs': stamp('a.pdf', size=str(len(mine)), sha256=digest)})
    mount.refresh()
    assert os.listdir(mount / 'documents') == ['a.pdf']
    (mount / 'documents/a.pdf').write_bytes(mine)
    assert api.content('documents/' + api.only_document()['documentId']) == mine
    with mount.server.watch() as seen:  # and now that is known
        (mount / 'documents/a.pdf').write_bytes(mine)
    assert changes(seen) == []


@pytest.mark.parametrize('form', [
    pytest.param(form, marks=pytest.mark.server('--api', '2024', '--md5', form)) for form in ('hex', 'base64')])
def test_what_is_there_is_known_by_the_server_s_digest(mount, lasfs, api, form):
    """Once one's own upload has shown what that is: no download, whatever metadata say."""
    for n in range(6):
        (mount / f'documents/{n}.pdf').write_bytes(small_pdf(n))
    other = lasfs()
    for calibrated in range(2):
        with mount.server.watch() as seen:
            for n in range(3 * calibrated, 3 * calibrated + 3):
                (other / f'documents/{n}.pdf').write_bytes(small_pdf(n))
        assert changes(seen) == [] and len(downloads(seen)) == (0 if calibrated else 1)
    assert len(api.documents()) == 6
    assert {len(d['contentMD5']) for d in api.documents()} == {32 if form == 'hex' else 24}


def test_what_has_no_digest_in_its_metadata_is_known_by_the_server_s(mount, api):
    (mount / 'documents/mine.pdf').write_bytes(small_pdf(9))  # calibrates
    one = api.add_document(small_pdf(1))
    api.patch('documents/' + one, metadata={'lasfs': stamp('a.pdf', size=str(len(small_pdf(1))))})
    mount.refresh()
    assert sorted(os.listdir(mount / 'documents')) == ['a.pdf', 'mine.pdf']
    with mount.server.watch() as seen:
        (mount / 'documents/a.pdf').write_bytes(small_pdf(1))
    assert changes(seen) == downloads(seen) == []
    assert len(small_pdf(2)) == len(small_pdf(1))
    (mount / 'documents/a.pdf').write_bytes(small_pdf(2))
    assert sorted(api.hashes()) == sorted(hashlib.sha256(small_pdf(n)).hexdigest() for n in (2, 9))


def test_a_calibrated_mount_believes_no_lie_either(mount, api):
    (mount / 'documents/mine.pdf').write_bytes(small_pdf(9))
    mine, theirs = small_pdf(1), small_pdf(2)
    digest = hashlib.sha256(mine).hexdigest()
    one = api.add_document(theirs)
    api.patch('documents/' + one, metadata={'lasfs': stamp('a.pdf', size=str(len(mine)), sha256=digest)})
    mount.refresh()
    assert sorted(os.listdir(mount / 'documents')) == ['a.pdf', 'mine.pdf']
    (mount / 'documents/a.pdf').write_bytes(mine)
    assert digest in api.hashes()


def test_no_file_becomes_a_folder(mount, api):
    mount.allow('another machine')
    for path in ('a', 'a/b.pdf'):
        api.patch('documents/' + api.add_document(small_pdf(1)), metadata={'lasfs': stamp(path)})
    mount.refresh()
    names = os.listdir(mount / 'documents')
    assert len(names) == 2 and 'a' in names


def test_a_document_that_one_s_own_post_has_made_is_there_once(lasfs, proxy, api):
    """Seen in the list before its answer is."""
    one = lasfs('list_ttl=0', server=proxy)
    proxy.fault('POST', '/documents', stall='after')
    source = one.folder.parent / 'source.pdf'
    source.write_bytes(small_pdf(1))
    writer = subprocess.Popen(['cp', source, one / 'documents/scan.pdf'])
    eventually(api.documents)
    made = api.only_document()['documentId']
    assert set(os.listdir(one / 'documents')) <= {'scan.pdf', made}
    assert not os.path.exists(one / 'documents/other.pdf')
    proxy.clear()
    assert writer.wait() == 0
    one.refresh()
    assert os.listdir(one / 'documents') == ['scan.pdf']
    assert one.errors() == ''


@pytest.mark.server('--api', '2021')
def test_at_a_server_of_2021_nothing_is_asked_for_it(lasfs, server):
    one = lasfs()
    with server.watch() as seen:
        for n in range(3):
            (one / f'documents/{n}.pdf').write_bytes(small_pdf(n))
    assert [r.verb for r in seen.all] == ['POST'] * 3


@pytest.mark.parametrize('named', [True, False], ids=['listed', 'by name'])
def test_what_another_machine_has_replaced_is_there_under_its_name(mount, lasfs, api, named):
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    other = lasfs()
    assert os.listdir(other / 'documents') == ['scan.pdf']
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(2))
    other.refresh()
    if named:
        assert os.listdir(other / 'documents') == ['scan.pdf']
    assert (other / 'documents/scan.pdf').read_bytes() == small_pdf(2)
    assert os.listdir(other / 'documents') == ['scan.pdf']
    assert other.errors() == ''
