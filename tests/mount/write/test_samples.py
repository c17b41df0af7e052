"""The files that the other tests drop really are what they say."""
import io
import subprocess

import pytest
from PIL import Image

from samples import KINDS, LARGEST, SMALLEST_PDF, pdf, small_pdf


def mime_type(data):
    return subprocess.run(['file', '--brief', '--mime-type', '-'], input=data, check=True,
                          capture_output=True).stdout.decode().strip()


@pytest.mark.parametrize('size', [4095, 4096, 4097, 1 << 20, LARGEST])
@pytest.mark.parametrize('kind', KINDS)
def test_it_has_its_size_and_type(kind, size):
    data = KINDS[kind][0](size)
    assert len(data) == size
    assert mime_type(data) == kind
    if kind != 'application/pdf':
        image = Image.open(io.BytesIO(data))
        image.load()
        assert Image.MIME[image.format] == kind


@pytest.mark.parametrize('size', [600, 4096, LARGEST])
def test_a_reader_accepts_the_pdf(tmp_path, size):
    (tmp_path / 'a.pdf').write_bytes(pdf(size, seed=5))
    ran = subprocess.run(['pdftotext', tmp_path / 'a.pdf', '-'], check=True, capture_output=True,
                         text=True)
    assert ran.stdout.strip() == 'lasfs 5' and ran.stderr == ''


def test_seeds_make_different_bytes_of_the_same_size():
    assert len({small_pdf(i) for i in range(1000)}) == 1000
    assert {len(small_pdf(i)) for i in (0, 9, 10 ** 6 - 1)} == {20}
    assert pdf(2000, 1) != pdf(2000, 2)
    assert mime_type(small_pdf(7)) == mime_type(SMALLEST_PDF) == 'application/pdf'
