"""Pictures of a document's pages, which the address of its bytes makes: .page-N.jpg, .thumbnail.jpg."""
import errno
import filecmp
import io
import mmap
import os
import re

import pytest
from PIL import Image

from samples import jpeg, pages, pdf, png

pytestmark = pytest.mark.server('--api', '2024')

FILES = '/files/las:document:.*'
COLOURS = [(255, 0, 0), (0, 128, 0), (0, 0, 255)]


def coloured():
    """A PDF of three pages of 300 x 100 points, of one colour each."""
    out = io.BytesIO()
    images = [Image.new('RGB', (300, 100), c) for c in COLOURS]
    images[0].save(out, 'PDF', save_all=True, append_images=images[1:])
    return out.getvalue()


def put(api, data):
    """Its id, of a document whose bytes were PUT."""
    made = api.post('documents')
    api.session.put(made['fileUrl'], data=data, headers=api.headers()).raise_for_status()
    return made['documentId']


@pytest.fixture
def folder(mount, api):
    """The directory of a document of three pages."""
    return mount / 'documents' / put(api, coloured())


def served(api, name, **query):
    """What the server makes of it."""
    url = api.get('documents/' + name)['fileUrl']
    answer = api.session.get(url, params=query, headers=api.headers())
    answer.raise_for_status()
    return answer.content


def is_of(data, colour):
    image = Image.open(io.BytesIO(data)).convert('RGB')
    got = image.getpixel((image.width // 2, image.height // 2))
    return max(abs(a - b) for a, b in zip(got, colour)) < 24


def queries(seen):
    return sorted(r.query for r in seen.all if re.fullmatch(FILES, r.path))


@pytest.mark.parametrize('number,page', [(0, 0), (1, 1), (2, 2), (-1, 2), (-3, 0)])
def test_a_page_is_what_the_server_makes_of_it(folder, api, number, page):
    data = (folder / f'.page-{number}.jpg').read_bytes()
    assert data == served(api, folder.name, page=number)
    assert is_of(data, COLOURS[page])


def test_a_thumbnail_is_a_small_one_of_the_first_page(folder, api):
    image = Image.open(folder / '.thumbnail.jpg')
    assert (image.format, image.width) == ('JPEG', 300)
    assert is_of((folder / '.thumbnail.jpg').read_bytes(), COLOURS[0])
    assert (folder / '.thumbnail.jpg').read_bytes() == served(api, folder.name, page=0, width=300)


@pytest.mark.parametrize('words,size', [
    ('width=600', (600, 200)), ('height=50', (150, 50)), ('width=60.rotation=90', (60, 180)),
    ('density=36', (150, 50)), ('width=90.quality=low', (90, 30))])
def test_words_of_the_api_say_how_large_it_is(folder, api, words, size):
    image = Image.open(folder / f'.page-1.{words}.jpg')
    assert max(abs(a - b) for a, b in zip(image.size, size)) <= 1
    query = dict(w.split('=') for w in words.split('.'))
    assert (folder / f'.page-1.{words}.jpg').read_bytes() == served(api, folder.name, page=1, **query)


@pytest.mark.parametrize('make', [jpeg, png])
def test_of_a_picture_there_is_one_page(mount, api, make):
    folder = mount / 'documents' / put(api, make())
    assert Image.open(folder / '.page-0.jpg').format == 'JPEG'
    assert not (folder / '.page-1.jpg').exists()


def test_tools_read_them_as_any_file(folder, mount, api, tmp_path):
    whole = served(api, folder.name, page=1)
    (tmp_path / 'page.jpg').write_bytes(whole)
    mount.run(f'''cd documents/{folder.name}
        cp .page-1.jpg {tmp_path}/copy.jpg && cmp {tmp_path}/copy.jpg {tmp_path}/page.jpg
        cmp .page-1.jpg {tmp_path}/page.jpg && cat < .page-1.jpg | cmp - {tmp_path}/page.jpg
        cp --preserve .page-1.jpg {tmp_path}/kept.jpg
        tail -c +{len(whole) - 99} .page-1.jpg | cmp - <(tail -c +{len(whole) - 99} {tmp_path}/page.jpg)
        test "$(file -b --mime-type .page-1.jpg)" = image/jpeg
        test "$(stat -c %s .page-1.jpg)" = {len(whole)}
        test "$(du -b .page-1.jpg | cut -f 1)" = {len(whole)}''')
    assert filecmp.cmp(tmp_path / 'kept.jpg', tmp_path / 'page.jpg', shallow=False)
    with open(folder / '.page-1.jpg', 'rb') as f, mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ) as m:
        assert m[:] == whole
        f.seek(-50, os.SEEK_END)
        assert f.read() == whole[-50:]
    assert os.stat(folder / '.page-1.jpg').st_mode & 0o777 == 0o400
    assert os.stat(folder / '.page-1.jpg').st_mtime == os.stat(folder / 'content').st_mtime


def test_a_dropped_file_has_them_by_its_name(mount):
    (mount / 'documents/three.pdf').write_bytes(coloured())
    assert is_of((mount / 'documents/.by-name/three.pdf/.page-2.jpg').read_bytes(), COLOURS[2])


# --- What it costs -------------------------------------------------------------------------------


def test_each_is_fetched_once_and_its_document_s_bytes_never(folder, mount):
    list(os.scandir(mount / 'documents'))
    with mount.server.watch() as seen:
        for _ in range(3):
            for name in ('.page-0.jpg', '.page-2.jpg', '.thumbnail.jpg'):
                assert len((folder / name).read_bytes()) == os.stat(folder / name).st_size
        made = sum(os.stat(folder / n).st_size for n in ('.page-0.jpg', '.page-2.jpg', '.thumbnail.jpg'))
    assert queries(seen) == ['page=0', 'page=0&width=300', 'page=2']
    assert seen.count('HEAD') == 0
    assert sum(r.bytes for r in seen.all if re.fullmatch(FILES, r.path)) == made


def test_no_listing_has_them_nor_asks_for_any(folder, mount):
    with mount.server.watch() as seen:
        mount.run('ls -lRa documents; find documents -type f -size +1 >/dev/null; du -a documents')
        names = mount.run(f'ls -a documents/{folder.name}; find documents').out
    assert '.jpg' not in names
    assert not seen.count('GET', FILES)


def test_many_who_want_one_at_once_cost_one_request(folder, mount):
    with mount.server.watch() as seen:
        ran = mount.run(f'for i in $(seq 20); do md5sum < ./documents/{folder.name}/.page-0.jpg & done; wait')
    assert len(ran.out.split()) == 40 and len(set(ran.out.split())) == 2
    assert queries(seen) == ['page=0']


def test_refresh_forgets_them(folder, mount):
    before = (folder / '.page-0.jpg').read_bytes()
    mount.refresh()
    with mount.server.watch() as seen:
        assert (folder / '.page-0.jpg').read_bytes() == before
    assert queries(seen) == ['page=0']


def test_what_is_deleted_leaves_no_picture_on_the_disk(folder, mount):
    picture = (folder / '.page-0.jpg').read_bytes()
    os.rmdir(folder)
    assert not (folder / '.page-0.jpg').exists()
    kept = [p for p in mount.folder.rglob('*') if p.is_file()]
    assert kept and not any(picture in p.read_bytes() for p in kept if 'server' not in p.parts)


# --- Where there is none -------------------------------------------------------------------------


@pytest.mark.parametrize('number', [3, -4, 99999])
def test_a_page_that_the_document_does_not_have(folder, mount, number):
    with pytest.raises(FileNotFoundError):
        (folder / f'.page-{number}.jpg').read_bytes()
    assert mount.errors() == ''


def test_a_document_without_bytes_has_no_pages(mount, api):
    folder = mount / 'documents' / api.post('documents')['documentId']
    assert not (folder / '.page-0.jpg').exists() and not (folder / '.thumbnail.jpg').exists()
    assert mount.errors() == ''


@pytest.mark.server('--api', '2021')
def test_the_api_of_2021_has_none(mount, api):
    folder = mount / 'documents' / api.add_document(pages(2))
    assert not (folder / '.page-0.jpg').exists() and not (folder / '.thumbnail.jpg').exists()
    assert mount.errors() == ''


@pytest.mark.server('--api', '2021', '--file-url')
def test_an_address_of_2023_has_them(mount, api):
    folder = mount / 'documents' / api.add_document(coloured())
    assert is_of((folder / '.page-1.jpg').read_bytes(), COLOURS[1])


def test_a_server_that_gives_the_bytes_themselves_makes_none(lasfs, api, proxy):
    """It knows no such words: that is found out once."""
    names = [put(api, pdf(5000, seed=i)) for i in range(2)]
    mount = lasfs(server=proxy)
    proxy.fault('GET', FILES, body=pdf(5000))
    for name in names:
        assert not (mount / f'documents/{name}/.page-0.jpg').exists()
    assert len(proxy.since(0, 'GET', FILES)) == 1
    assert mount.errors() == ''


def test_other_resources_have_none(mount, api):
    asset = api.post('assets', content='aGVsbG8=')['assetId']
    assert not (mount / f'assets/{asset}/.page-0.jpg').exists()


# --- What goes wrong -----------------------------------------------------------------------------


def test_what_cannot_be_made_is_said(mount, api):
    folder = mount / 'documents' / put(api, pdf(700)[:300])
    mount.allow('lookup .*/.page-0.jpg: Invalid argument .*cannot read the document')
    with pytest.raises(OSError) as failed:
        (folder / '.page-0.jpg').read_bytes()
    assert failed.value.errno == errno.EINVAL
    line, = mount.errors().splitlines()
    assert 'page-0.jpg' in line and 'HTTP 400' in line and 'cannot read the document' in line


def test_what_the_api_does_not_take_is_said(folder, mount):
    mount.allow('lookup .*width=0.jpg: Invalid argument')
    with pytest.raises(OSError) as failed:
        os.stat(folder / '.page-0.width=0.jpg')
    assert failed.value.errno == errno.EINVAL
    line, = mount.errors().splitlines()
    assert 'width: a number from 1' in line


def test_a_server_that_is_down_is_an_error_and_no_missing_page(lasfs, api, proxy):
    name = put(api, coloured())
    mount = lasfs(server=proxy)
    mount.allow('HTTP 503')
    rule = proxy.fault('GET', FILES, status=503)
    with pytest.raises(OSError) as failed:
        (mount / f'documents/{name}/.page-0.jpg').read_bytes()
    assert failed.value.errno == errno.EIO
    assert len(mount.errors().splitlines()) == 1
    proxy.rules.remove(rule)
    assert is_of((mount / f'documents/{name}/.page-0.jpg').read_bytes(), COLOURS[0])


def test_an_address_that_is_out_of_date_is_asked_for_anew(lasfs, api, proxy):
    """As one that is signed for a while: another has taken its place."""
    name = put(api, coloured())
    other = put(api, coloured())

    def moved(body):
        return body.replace(b'/files/' + name.encode(), b'/files/' + other.encode())
    mount = lasfs(server=proxy)
    assert name in os.listdir(mount / 'documents')
    proxy.fault('GET', '/files/' + name, status=403)
    proxy.fault('GET', '/documents/' + name, edit=moved)
    assert is_of((mount / f'documents/{name}/.page-1.jpg').read_bytes(), COLOURS[1])
    assert [p.query for p in proxy.since(0, 'GET', '/files/' + other)] == ['page=1']


def test_they_cannot_be_changed(folder, mount, tmp_path):
    mount.allow('page-0.jpg', 'page-7.jpg')
    for line in ('echo x > .page-0.jpg', 'rm -f .page-0.jpg', 'mv .page-0.jpg a.jpg', 'echo x > .page-7.jpg'):
        assert mount.run(f'cd documents/{folder.name}; {line}', status=None).status
    assert (folder / '.page-0.jpg').read_bytes()
    words = mount.errors()
    assert 'the API makes it of the document' in words and len(words.splitlines()) == 4
