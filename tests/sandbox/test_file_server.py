"""Where documents' bytes stand, as today's API has it: GET, HEAD, PUT, and pictures of pages."""
import base64
import contextlib
import hashlib
import io
import os
import subprocess
import threading
import time

import pytest
import requests
from PIL import Image, ImageChops

import sandbox_server as server

LIMIT = 64 << 20


class Files:
    """Documents of a server, and their bytes."""

    def __init__(self, s):
        self.server = s
        self.session = requests.Session()
        self.session.headers['Authorization'] = 'Bearer ' + s.token()

    def __call__(self, verb, path, **more):
        url = path if path.startswith('http') else self.server.api + path
        return self.session.request(verb, url, timeout=60, **more)

    def handle(self, **body):
        return self('POST', '/documents', json=body).json()

    def put(self, data):
        """The fileUrl of a new document with these bytes."""
        url = self.handle()['fileUrl']
        answer = self('PUT', url, data=data)
        assert (answer.status_code, answer.json()) == (200, {})
        return url

    def get(self, made):
        return self('GET', '/documents/' + made['documentId']).json()

    def picture(self, url, **query):
        answer = self('GET', url, params=query)
        assert answer.status_code == 200, answer.text
        assert answer.headers['Content-Type'] == 'image/jpeg'
        assert answer.content.startswith(b'\xff\xd8\xff')
        return Image.open(io.BytesIO(answer.content)).convert('RGB')

    def refusal(self, url, status=400, **query):
        answer = self('GET', url, params=query)
        assert answer.status_code == status, answer.content[:99]
        return answer.json()['message']


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    s = server.Server(tmp_path_factory.mktemp('files') / 'state', '--api', '2024').start()
    yield Files(s)
    s.stop()


def saved(image, kind, **more):
    out = io.BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


def page(colour, size=(300, 100)):
    """Of one colour, with a black left edge: so that one sees how it is turned."""
    image = Image.new('RGB', size, colour)
    image.paste('black', (0, 0, size[0] // 10, size[1]))
    return image


RED, GREEN, BLUE = (255, 0, 0), (0, 128, 0), (0, 0, 255)
PAGES = [page(c) for c in (RED, GREEN, BLUE)]
MANY = {'save_all': True, 'append_images': PAGES[1:]}


@pytest.fixture(scope='module', params=['PDF', 'TIFF'])
def pages(request, files):
    """A document of three pages, 300 x 100."""
    return files.put(saved(PAGES[0], request.param, **MANY))


def close(colour, other):
    return max(abs(a - b) for a, b in zip(colour, other)) < 24


def colour(image):
    """Near the middle, where no edge is."""
    return image.getpixel((image.width // 2, image.height // 2))


# --- Bytes ---------------------------------------------------------------------------------------


def test_head_is_get_without_the_bytes(files):
    data = b'%PDF-1.4\n' + os.urandom(100000)
    url = files.put(data)
    answer = files('HEAD', url)
    assert (answer.status_code, answer.content) == (200, b'')
    assert answer.headers['Content-Length'] == str(len(data))
    assert answer.headers['Content-Type'] == 'application/pdf'
    got = files('GET', url)
    assert (got.content, got.headers['Content-Length']) == (data, str(len(data)))


def test_head_of_what_is_not_there(files):
    assert files('HEAD', files.handle()['fileUrl']).status_code == 404
    assert requests.head(files.put(b'%PDF-1.4')).status_code == 403


@pytest.mark.parametrize('data,kind', [
    (b'%PDF-1.4', 'application/pdf'), (b'\0' * 1000 + b'%PDF-1.4', 'application/pdf'),
    (b'\xff\xd8\xff\xe0', 'image/jpeg'), (b'\x89PNG\r\n\x1a\n', 'image/png'),
    (b'II*\0', 'image/tiff'), (b'MM\0*', 'image/tiff'), (b'RIFF....WEBPVP8 ', 'image/webp')])
@pytest.mark.parametrize('said', ['text/plain', 'application/json', None])
def test_the_bytes_alone_say_what_they_are(files, data, kind, said):
    made = files.handle()
    files('PUT', made['fileUrl'], data=data, headers={'Content-Type': said} if said else {})
    assert files.get(made)['contentType'] == kind


@pytest.mark.parametrize('data', [b'text', b'', b'RIFF....AVI ', b'\0' * 1025 + b'%PDF-1.4'])
def test_bytes_of_no_type_are_refused_when_they_come(files, data):
    made = files.handle()
    answer = files('PUT', made['fileUrl'], data=data, headers={'Content-Type': 'image/png'})
    assert answer.status_code == 400
    assert answer.json()['message']
    got = files.get(made)
    assert (got['contentType'], got['contentMD5'], got['updatedTime']) == (None, None, None)


def test_a_put_moves_the_time_and_the_type(files):
    made = files.handle(name='n')
    files('PUT', made['fileUrl'], data=b'%PDF-1.4')
    first = files.get(made)
    files('PUT', made['fileUrl'], data=b'\xff\xd8\xff\xe0')
    second = files.get(made)
    assert made['updatedTime'] is None
    assert first['updatedTime'] < second['updatedTime']
    assert (second['contentType'], second['name']) == ('image/jpeg', 'n')
    assert second['contentMD5'] == hashlib.md5(b'\xff\xd8\xff\xe0').hexdigest()


@pytest.mark.parametrize('size,chunked', [(LIMIT, False), (LIMIT + 1, False), (LIMIT + 1, True)])
def test_the_largest_and_one_byte_more(files, size, chunked):
    data = b'%PDF-1.4\n' + b'x' * (size - 9)
    made = files.handle()
    answer = files('PUT', made['fileUrl'], data=iter([data]) if chunked else data)
    assert answer.status_code == (200 if size == LIMIT else 413)
    assert (files.get(made)['contentType'] is None) == (size > LIMIT)


def test_md5_in_the_other_form(start):
    files = Files(start('--api', '2024', '--md5', 'base64'))
    wanted = base64.b64encode(hashlib.md5(b'%PDF-1.4').digest()).decode()
    made = files.handle()
    files('PUT', made['fileUrl'], data=b'%PDF-1.4')
    assert files.get(made)['contentMD5'] == wanted
    content = base64.b64encode(b'%PDF-1.4').decode()
    assert files.handle(content=content)['contentMD5'] == wanted


# --- Pictures ------------------------------------------------------------------------------------


@pytest.mark.parametrize('number,wanted', [(0, RED), (1, GREEN), (2, BLUE), (-1, BLUE), (-3, RED)])
def test_pages_are_counted_from_both_ends(files, pages, number, wanted):
    assert close(colour(files.picture(pages, page=number, width=90)), wanted)


@pytest.mark.parametrize('number', [3, -4, 99999])
def test_a_page_that_is_not_there(files, pages, number):
    assert '3 of them' in files.refusal(pages, 404, page=number)


@pytest.mark.parametrize('query,size', [
    ({'width': 150}, (150, 50)), ({'height': 50}, (150, 50)), ({'width': 600}, (600, 200)),
    ({'width': 150, 'height': 150}, (150, 50)), ({'width': 900, 'height': 60}, (180, 60)),
    ({'width': 50, 'rotation': 90}, (50, 150)), ({'height': 50, 'rotation': 270}, (17, 50)),
    ({'width': 100, 'height': 60, 'rotation': 90}, (20, 60)),
    ({'width': 60, 'height': 300, 'rotation': 270}, (60, 180)),
    ({'width': 90, 'rotation': 180}, (90, 30))])
def test_a_picture_fits_in_width_and_height(files, pages, query, size):
    got = files.picture(pages, **query).size
    assert max(abs(a - b) for a, b in zip(got, size)) <= 1, got


@pytest.mark.parametrize('rotation,edge', [(0, (0.03, 0.5)), (90, (0.5, 0.03)), (180, (0.97, 0.5)),
                                           (270, (0.5, 0.97))])
def test_turned_clockwise(files, pages, rotation, edge):
    image = files.picture(pages, width=200, rotation=rotation)
    at = int(edge[0] * image.width), int(edge[1] * image.height)
    assert close(image.getpixel(at), (0, 0, 0))


@pytest.mark.parametrize('kind', ['PDF', 'TIFF'])
def test_density(files, kind):
    url = files.put(saved(PAGES[0], kind, **({'resolution': 100} if kind == 'PDF' else {'dpi': (100, 100)})))
    assert files.picture(url, density=50).size == (150, 50)
    assert files.picture(url, density=200).size == (600, 200)


@pytest.mark.parametrize('kind', ['JPEG', 'PNG', 'WEBP'])
def test_a_picture_of_a_picture(files, kind):
    url = files.put(saved(PAGES[1], kind))
    assert close(colour(files.picture(url, page=0, height=20)), GREEN)
    assert files.picture(url, page=-1, width=30).size == (30, 10)
    assert '1 of them' in files.refusal(url, 404, page=1)


def test_behind_what_can_be_seen_through_is_white(files):
    url = files.put(saved(Image.new('RGBA', (20, 20), (255, 0, 0, 0)), 'PNG'))
    assert close(colour(files.picture(url, width=20)), (255, 255, 255))


def test_a_turned_page_of_a_pdf_is_fitted_as_it_is_shown(files, tmp_path):
    plain, turned = tmp_path / 'plain.pdf', tmp_path / 'turned.pdf'
    plain.write_bytes(saved(PAGES[0], 'PDF'))
    subprocess.run(['qpdf', '--rotate=90', plain, turned], check=True)
    url = files.put(turned.read_bytes())
    assert files.picture(url, width=200, height=90).size == (30, 90)
    assert files.picture(url, width=200, height=90, rotation=90).size == (200, 67)


def test_the_sample_of_the_manual(files):
    data = (server.ROOT / 'docs/sample.pdf').read_bytes()
    image = files.picture(files.put(data), width=300)
    assert image.width == 300 and abs(image.height - 424) <= 1
    assert ImageChops.invert(image).getbbox()  # something is on it


def test_low_quality_is_a_smaller_pdf(files, tmp_path):
    noise = Image.frombytes('RGB', (400, 400), os.urandom(480000)).resize((800, 800))
    noise.save(tmp_path / 'a.png')
    subprocess.run(['gm', 'convert', tmp_path / 'a.png', '-compress', 'zip', tmp_path / 'a.pdf'], check=True)
    pdf = (tmp_path / 'a.pdf').read_bytes()
    url = files.put(pdf)
    small = files('GET', url, params={'quality': 'low'})
    assert (small.status_code, small.headers['Content-Type']) == (200, 'application/pdf')
    assert small.content.startswith(b'%PDF-') and len(small.content) < len(pdf) / 2
    low = files('GET', url, params={'quality': 'low', 'width': 400}).content
    assert len(low) < len(files('GET', url, params={'width': 400}).content)


def test_low_quality_of_a_picture_is_the_picture(files):
    data = saved(PAGES[0], 'PNG')
    assert files('GET', files.put(data), params={'quality': 'low'}).content == data


def test_other_arguments_are_not_looked_at(files):
    assert files('GET', files.put(b'%PDF-1.4'), params={'v': 1}).content == b'%PDF-1.4'


@pytest.mark.parametrize('query,word', [
    ({'width': 0}, 'width'), ({'width': 4097}, 'width'), ({'width': 'x'}, 'width'),
    ({'width': '-1'}, 'width'), ({'height': '1e3'}, 'height'), ({'density': 601}, 'density'),
    ({'rotation': 45}, 'rotation'), ({'rotation': -90}, 'rotation'), ({'page': 'x'}, 'page'),
    ({'page': '--1'}, 'page'), ({'page': ''}, 'page'), ({'quality': 'high'}, 'quality')])
def test_what_is_asked_wrongly_is_refused(files, pages, query, word):
    assert word in files.refusal(pages, **query)


@pytest.mark.parametrize('data', [b'%PDF-1.4 and nothing', b'\xff\xd8\xff\xe0 nothing',
                                  b'\x89PNG\r\n\x1a\n nothing', b'II*\0 nothing'])
def test_what_cannot_be_read_is_refused(files, data):
    url = files.put(data)
    assert 'cannot read' in files.refusal(url, width=100)
    assert files('GET', url).content == data


def test_more_pixels_than_there_is_room_for_are_refused(files):
    data = saved(Image.new('1', (9000, 9000)), 'TIFF', compression='group4')
    assert len(data) < 1 << 20
    assert files.refusal(files.put(data), width=100)
    assert files('GET', '/documents').status_code == 200


def test_no_bytes_no_picture(files):
    assert files.refusal(files.handle()['fileUrl'], 404, width=10)


def test_a_tool_that_is_not_installed_is_named(tmp_path, monkeypatch):
    (tmp_path / 'empty').mkdir()
    monkeypatch.setenv('PATH', str(tmp_path / 'empty'))
    s = server.Server(tmp_path / 'state', '--api', '2024').start()
    try:
        files = Files(s)
        assert 'poppler-utils' in files.refusal(files.put(saved(PAGES[0], 'PDF')), width=10)
        assert 'graphicsmagick' in files.refusal(files.put(saved(PAGES[0], 'PNG')), width=10)
    finally:
        s.stop()


def test_a_tool_gets_neither_our_files_nor_our_environment(tmp_path, monkeypatch):
    bin_dir = tmp_path / 'bin'
    bin_dir.mkdir()
    seen = tmp_path / 'seen'
    tool = bin_dir / 'pdftoppm'
    tool.write_text(f'#!/bin/sh\n(env; ls -l /proc/self/fd; cat /proc/self/limits; pwd) > {seen}\n'
                    'head -c 5\n')
    tool.chmod(0o700)
    monkeypatch.setenv('PATH', f'{bin_dir}:{os.environ["PATH"]}')
    monkeypatch.setenv('HIDDEN', 'hidden-word')
    s = server.Server(tmp_path / 'state', '--api', '2024').start()
    try:
        files = Files(s)
        got = files('GET', files.put(b'%PDF-1.4'), params={'density': 10})
        assert got.content == b'%PDF-'
    finally:
        s.stop()
    text = seen.read_text()
    assert 'hidden-word' not in text and 'sandbox.db' not in text and 'socket:' not in text
    assert 'Max core file size        0 ' in text


def test_a_tool_that_hangs_is_ended_with_the_server(start, tmp_path, monkeypatch):
    bin_dir = tmp_path / 'bin'
    bin_dir.mkdir()
    pid = tmp_path / 'pid'
    tool = bin_dir / 'pdftoppm'
    tool.write_text(f'#!/bin/sh\necho $$ > {pid}.new && mv {pid}.new {pid}\nexec sleep 1000\n')
    tool.chmod(0o700)
    monkeypatch.setenv('PATH', f'{bin_dir}:{os.environ["PATH"]}')
    s = start('--api', '2024')
    files = Files(s)
    url = files.put(b'%PDF-1.4')
    def ask():
        with contextlib.suppress(requests.ConnectionError):  # the server ends before it answers
            files('GET', url + '?density=10')

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    server.eventually(pid.exists)
    began = time.monotonic()
    s.stop()
    asking.join(10)
    assert time.monotonic() - began < 10
    server.eventually(lambda: not os.path.exists(f'/proc/{pid.read_text().strip()}'))
