"""Documents that were cut off on their way: sent with a warning, refused, or not looked at."""
import errno
import os
import random
import struct

import pytest
from PIL import Image

from samples import KINDS, encoded, noise, pdf

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
def test_refuse_keeps_it_in_failed_and_close_fails(mount, api, half):
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
    assert not (mount / 'documents' / name).exists()
    failed, = os.listdir(mount / '.lasfs/failed')
    assert failed.endswith('-' + name)
    assert (mount / '.lasfs/failed' / failed).read_bytes() == data


@pytest.mark.options('complete=refuse')
def test_refuse_takes_it_once_all_of_it_has_come(mount, api, half):
    name, data, _ = half
    make, _ = next(kind for kind in KINDS.values() if name.endswith(kind[1]))
    mount.allow(CUT_OFF)
    mount.run(f'head -c -20 "$SCAN" > documents/{name}', status=None, SCAN=_file(mount, make()))
    with mount.server.watch() as seen:
        mount.run(f'cat "$SCAN" > documents/{name}', SCAN=_file(mount, make()))
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
    mount.run(f'rm documents/x.part .lasfs/failed/*-{name}')


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


# --- What is whole, and what is not, of real files ----------------------------------------------

PICTURE = Image.frombytes('RGB', (120, 90), random.Random(1).randbytes(3 * 120 * 90))


def with_thumbnail(photo):
    """A camera's: its Exif segment has a small JPEG, with an end of its own."""
    exif = b'Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0' + encoded(PICTURE.resize((40, 30)), 'JPEG')
    return photo[:2] + b'\xff\xe1' + struct.pack('>H', len(exif) + 2) + exif + photo[2:]


def changed_later(data):
    """A PDF with an object more behind its end."""
    start = len(data) + len(b'9 0 obj\n<< >>\nendobj\n')
    return data + b'9 0 obj\n<< >>\nendobj\nxref\n9 1\n%010d 00000 n \ntrailer\n' \
        b'<< /Size 10 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n' % (len(data), start)


REAL = {
    'a photo': with_thumbnail(encoded(PICTURE, 'JPEG', quality=95)),
    'a progressive photo': with_thumbnail(encoded(PICTURE, 'JPEG', progressive=True)),
    'a gray scan': encoded(PICTURE.convert('L'), 'JPEG'),
    'a picture': encoded(PICTURE, 'PNG'),
    'a fax': encoded(PICTURE.convert('1'), 'TIFF', compression='group4'),
    'a scan of two pages': encoded(PICTURE, 'TIFF', compression='tiff_lzw', save_all=True,
                                   append_images=[PICTURE.rotate(180)]),
    'a PDF': pdf(5000),
    'a scanned PDF': encoded(PICTURE, 'PDF'),
}


@pytest.mark.options('complete=refuse')
@pytest.mark.parametrize('what', REAL)
def test_a_real_file_is_whole_whatever_stands_behind_it(mount, api, what):
    more = (b'', b'\n', bytes(20000), b' ' * 5000, noise(1500000, 1), REAL['a photo'][:500],
            b'\n--boundary--\r\n', b'<html></html>')
    for i, junk in enumerate(more):
        with mount.server.watch() as seen:
            (mount / f'documents/{i}').write_bytes(REAL[what] + junk)
        assert [r.verb for r in seen.changes] == ['POST']
    assert len(api.documents()) == len(more)
    assert mount.errors() == ''


def looks_cut_off(path, data):
    try:
        path.write_bytes(data)
    except OSError as e:
        assert e.errno == errno.EINVAL
        return True
    return False


@pytest.mark.options('complete=refuse')
@pytest.mark.parametrize('what', REAL)
def test_a_real_file_is_never_whole_with_fewer_bytes(mount, api, what):
    mount.allow('Invalid argument')
    mount.may_leave = True
    data = REAL[what]
    cuts = {len(data) * i // 100 for i in range(1, 100)} | set(range(len(data) - 64, len(data)))
    whole = [n for n in sorted(cuts) if not looks_cut_off(mount / 'documents/half', data[:n])]
    assert [n for n in whole if data[n:].strip(b'\n\0')] == []
    assert len(api.documents()) == (1 if whole else 0)


@pytest.mark.options('complete=refuse')
def test_a_pdf_that_was_changed_later_is_whole_at_either_end(mount, api):
    mount.allow('Invalid argument')
    mount.may_leave = True
    first, data = pdf(3000), changed_later(pdf(3000))
    cuts = [n for n in range(len(first) + 8, len(data.rstrip()), 3)]
    assert all(looks_cut_off(mount / 'documents/half', data[:n]) for n in cuts)
    (mount / 'documents/one').write_bytes(first)
    (mount / 'documents/two').write_bytes(data)
    assert len(api.documents()) == 2


@pytest.mark.options('complete=refuse')
def test_room_that_was_made_beforehand_and_not_filled_is_no_document(mount, api):
    """As Windows does: the file has all its bytes at once, zeros, and then the real ones."""
    mount.allow('Invalid argument')
    mount.may_leave = True
    for what in ('a photo', 'a picture', 'a PDF'):
        half = REAL[what][:len(REAL[what]) // 2]
        assert looks_cut_off(mount / 'documents/half', half + bytes(len(half)))
    assert api.documents() == []
