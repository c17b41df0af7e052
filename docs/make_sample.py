#!/usr/bin/python3
"""Writes docs/sample.pdf, the invoice that `./dev run` drops into the mount.

Usage: make_sample.py > sample.pdf
"""
import sys

LINES = [
    (24, 72, 760, 'INVOICE'),
    (11, 72, 730, 'Nordlys Papir AS, Storgata 1, 0155 Oslo'),
    (11, 72, 700, 'Invoice number'), (11, 200, 700, '2026-0117'),
    (11, 72, 684, 'Invoice date'), (11, 200, 684, '2026-11-02'),
    (11, 72, 668, 'Due date'), (11, 200, 668, '2026-11-16'),
    (11, 72, 620, 'Paper A4, 80 g, 20 boxes'), (11, 400, 620, '4,200.00'),
    (11, 72, 604, 'Toner, black, 2 pieces'), (11, 400, 604, '1,180.00'),
    (11, 72, 588, 'Delivery'), (11, 400, 588, '150.00'),
    (11, 72, 552, 'VAT 25 %'), (11, 400, 552, '1,382.50'),
    (14, 72, 524, 'Total NOK'), (14, 400, 524, '6,912.50'),
    (11, 72, 480, 'Please pay to account 1234 56 78903.'),
]
RULES = [(72, 640, 470), (72, 572, 470), (72, 542, 470)]


def page():
    parts = [f'{x} {y} m {right} {y} l S' for x, y, right in RULES]
    parts += [f'BT /F1 {size} Tf {x} {y} Td ({text}) Tj ET' for size, x, y, text in LINES]
    return '\n'.join(parts).encode('ascii')


def main():
    stream = page()
    objects = [
        b'<< /Type /Catalog /Pages 2 0 R >>',
        b'<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
        b'<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R '
        b'/Resources << /Font << /F1 5 0 R >> >> >>',
        b'<< /Length %d >>\nstream\n%s\nendstream' % (len(stream), stream),
        b'<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
    ]
    out, offsets = bytearray(b'%PDF-1.4\n%\xe2\xe3\xcf\xd3\n'), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b'%d 0 obj\n%s\nendobj\n' % (number, body)
    start = len(out)
    out += b'xref\n0 %d\n0000000000 65535 f \n' % (len(objects) + 1)
    for offset in offsets:
        out += b'%010d 00000 n \n' % offset
    out += b'trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n' \
        % (len(objects) + 1, start)
    sys.stdout.buffer.write(out)


if __name__ == '__main__':
    main()
