"""Documents that were cut off on their way: sent with a warning, refused, or not looked at."""
import errno
import os

import pytest

from samples import KINDS

HALVES = {'application/pdf': 'a PDF without %%EOF', 'image/jpeg': 'a JPEG without its end marker',
          'image/png': 'a PNG without IEND', 'image/tiff': 'a TIFF that points behind its end'}
CUT_OFF = 'it looks cut off: '


@pytest.fixture(params=sorted(KINDS))
def half(request):
    """A document of each type without its last bytes: its name, its bytes, what is missing."""
    make, ending = KINDS[request.param]
    return f'scan.{ending}', make()[:-20], HALVES[request.param]


@pytest.mark.options('complete=warn')
def test_warn_sends_it_and_says_so(mount, api, half):
    name, data, missing = half
    mount.allow(f'close .*{name}: sent, but {CUT_OFF}{missing}')
    (mount / 'documents' / name).write_bytes(data)
    assert api.content('documents/' + api.only_document()['documentId']) == data
    lines = mount.errors().splitlines()
    assert len(lines) == 1
    assert lines[0].endswith(mount.words.strip().partition('close ')[2])
    assert f'close /documents/{name}: sent, but {CUT_OFF}{missing}' in lines[0]


@pytest.mark.options('complete=warn')
def test_warn_says_it_once(mount, api, half):
    name, data, _ = half
    mount.allow(CUT_OFF)
    for _ in range(2):
        (mount / 'documents' / name).write_bytes(data)
    assert len(mount.errors().splitlines()) == 1
    assert len(api.documents()) == 1


@pytest.mark.options('complete=refuse')
def test_refuse_keeps_it_here_and_close_fails(mount, api, half):
    name, data, missing = half
    mount.allow(CUT_OFF)
    mount.may_leave = True
    fd = os.open(mount / 'documents' / name, os.O_WRONLY | os.O_CREAT)
    os.write(fd, data)
    with mount.server.watch() as seen, pytest.raises(OSError) as caught:
        os.close(fd)
    assert caught.value.errno == errno.EINVAL
    assert not seen.changes
    assert api.documents() == []
    assert CUT_OFF + missing in mount.errors()
    assert CUT_OFF + missing in (mount / 'documents' / (name + '.error.txt')).read_text()
    assert (mount / 'documents' / name).read_bytes() == data
    failed = os.listdir(mount / '.lasfs/failed')
    assert len(failed) == 1 and failed[0].endswith('-' + name)


@pytest.mark.options('complete=refuse')
def test_refuse_takes_it_once_the_rest_has_come(mount, api, half):
    name, data, _ = half
    make, _ = next(kind for kind in KINDS.values() if name.endswith(kind[1]))
    mount.allow(CUT_OFF)
    mount.run(f'head -c -20 "$SCAN" > documents/{name}', status=None, SCAN=_file(mount, make()))
    with mount.server.watch() as seen:
        mount.run(f'tail -c 20 "$SCAN" >> documents/{name}', SCAN=_file(mount, make()))
    assert [r.verb for r in seen.changes] == ['POST']
    assert api.content('documents/' + api.only_document()['documentId']) == make()
    assert os.listdir(mount / 'documents') == [name]
    assert os.listdir(mount / '.lasfs/failed') == []


def _file(mount, data):
    path = mount.folder / 'scan'
    path.write_bytes(data)
    return path


@pytest.mark.options('complete=refuse')
def test_refuse_takes_whole_documents(mount, api):
    for make, ending in KINDS.values():
        (mount / 'documents' / f'scan.{ending}').write_bytes(make())
    assert len(api.documents()) == 4


@pytest.mark.options('complete=refuse')
def test_refuse_of_a_rename_is_eperm_and_leaves_the_old_name(mount, api, half):
    name, data, _ = half
    mount.allow(CUT_OFF)
    (mount / 'documents/x.part').write_bytes(data)
    ran = mount.run(f'mv documents/x.part documents/{name}', status=1)
    assert 'Operation not permitted' in ran.err
    assert api.documents() == []
    assert (mount / 'documents/x.part').read_bytes() == data
    mount.run('rm documents/x.part')


@pytest.mark.options('complete=refuse')
def test_refuse_leaves_the_old_document_where_half_a_new_one_comes(mount, api, half):
    name, data, _ = half
    make, _ = next(kind for kind in KINDS.values() if name.endswith(kind[1]))
    mount.allow(CUT_OFF)
    mount.may_leave = True
    (mount / 'documents' / name).write_bytes(make(seed=1))
    old = api.only_document()
    mount.run(f'cat "$HALF" > documents/{name}', status=None, HALF=_file(mount, data))
    assert api.only_document() == old
    assert CUT_OFF in mount.errors()


@pytest.mark.options('complete=off')
def test_off_does_not_look(mount, api, half):
    name, data, _ = half
    (mount / 'documents' / name).write_bytes(data)
    assert len(api.documents()) == 1
    assert mount.errors() == ''


@pytest.mark.options('complete=refuse')
def test_assets_are_not_looked_at(mount, api, half):
    name, data, _ = half
    (mount / 'assets' / name).write_bytes(data)
    assert len(api.list('assets')) == 1
    assert mount.errors() == ''
