"""Documents of exact sizes that really are what they say."""
import io
import random
import struct
import zlib

import pytest
from PIL import Image

LARGEST = 4687500
SMALLEST_PDF = b'%PDF-1.4\n%%EOF'


def noise(n, seed):
    """n bytes that look like nothing, the same for the same seed, without line ends."""
    return bytes(b ^ 0x80 if b in (10, 13) else b for b in random.Random(seed).randbytes(n))


def pdf_of(objects, padding=b''):
    """A PDF file of these objects, the catalog first; padding is a comment before the xref."""
    out, offsets = bytearray(b'%PDF-1.4\n'), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b'%d 0 obj\n%s\nendobj\n' % (number, body)
    if padding:
        out += b'%' + padding + b'\n'
    start = len(out)
    out += b'xref\n0 %d\n0000000000 65535 f \n' % (len(objects) + 1)
    for offset in offsets:
        out += b'%010d 00000 n \n' % offset
    # The width is fixed, so that the padding alone decides the length.
    out += b'trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%010d\n%%%%EOF\n' \
        % (len(objects) + 1, start)
    return bytes(out)


def pdf_body(text, padding):
    objects = [b'<< /Type /Catalog /Pages 2 0 R >>',
               b'<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
               b'<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R '
               b'/Resources << /Font << /F1 5 0 R >> >> >>']
    stream = b'BT /F1 24 Tf 72 740 Td (%s) Tj ET' % text.encode('ascii')
    objects.append(b'<< /Length %d >>\nstream\n%s\nendstream' % (len(stream), stream))
    objects.append(b'<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>')
    return pdf_of(objects, padding)


def pdf(size=None, seed=0):
    """A PDF of one page with exactly that size; its padding is a comment before the xref."""
    text = f'lasfs {seed}'
    least = len(pdf_body(text, b''))
    if size is None or size == least:
        return pdf_body(text, b'')
    assert size >= least + 3, f'a PDF of {size} bytes: at least {least + 3}'
    data = pdf_body(text, noise(size - least - 2, seed))
    assert len(data) == size
    return data


def pages(n):
    """A PDF of n empty pages."""
    kids = b' '.join(b'%d 0 R' % (3 + i) for i in range(n))
    objects = [b'<< /Type /Catalog /Pages 2 0 R >>',
               b'<< /Type /Pages /Kids [%s] /Count %d >>' % (kids, n)]
    objects += [b'<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>'] * n
    return pdf_of(objects)


def small_pdf(seed):
    """20 bytes that libmagic calls a PDF, with its end; others for each seed."""
    return b'%%PDF-1.4\n%06d%%%%EOF' % seed


def picture(seed):
    side = 16
    return Image.frombytes('RGB', (side, side), random.Random(seed).randbytes(3 * side * side))


def encoded(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def jpeg(size=None, seed=0):
    """Its padding is comment segments after the start of the image."""
    data = encoded(picture(seed), 'JPEG')
    if size is None:
        return data
    more, segments = size - len(data), []
    while more:
        n = min(more, 65537)
        if 0 < more - n < 4:
            n -= 4
        assert n >= 4, f'a JPEG of {size} bytes'
        segments.append(b'\xff\xfe' + struct.pack('>H', n - 2) + noise(n - 4, seed + len(segments)))
        more -= n
    # Behind the APP0 segment, which libmagic looks for.
    end = 4 + struct.unpack('>H', data[4:6])[0]
    data = data[:end] + b''.join(segments) + data[end:]
    assert len(data) == size
    return data


def png(size=None, seed=0):
    """Its padding is one private chunk before the end."""
    data = encoded(picture(seed), 'PNG')
    if size is None:
        return data
    n = size - len(data) - 12
    assert n >= 0, f'a PNG of {size} bytes'
    body = b'paDd' + noise(n, seed)
    chunk = struct.pack('>I', n) + body + struct.pack('>I', zlib.crc32(body))
    data = data[:-12] + chunk + data[-12:]
    assert len(data) == size
    return data


def tiff(size=None, seed=0):
    """Its padding is bytes that no tag points to."""
    data = encoded(picture(seed), 'TIFF')
    if size is None:
        return data
    assert size >= len(data), f'a TIFF of {size} bytes'
    return data + noise(size - len(data), seed)


KINDS = {'application/pdf': (pdf, 'pdf'), 'image/jpeg': (jpeg, 'jpg'), 'image/png': (png, 'png'),
         'image/tiff': (tiff, 'tiff')}


class Samples:
    """Files with such bytes, outside the mount."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def write(self, name, data):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def pdf(self, name='scan.pdf', size=2000, seed=0):
        return self.write(name, pdf(size, seed))


@pytest.fixture
def samples(tmp_path):
    return Samples(tmp_path / 'samples')
