"""PDFs with up to 1,024 bytes before their header, as all readers take them."""
import errno
import io
import tarfile
import zipfile

import pytest

from samples import noise, pdf

BEFORE = {
    'blanks': b' ' * 1000,
    'line ends': b'\r\n' * 500,
    'zeros': bytes(1024),
    'noise': noise(1024, 1),
    'a byte': b'\0',
    'a web server': b'HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n' + b'X-Id: 1\r\n' * 40 + b'\r\n',
    'a warning': b'<br />\n<b>Warning</b>: Undefined variable in <b>/x.php</b><br />\n' + b' ' * 300,
    'a printer': b'\x1b%-12345X@PJL JOB\r\n@PJL SET COPIES=1\r\n' + b'@PJL COMMENT\r\n' * 30,
    'a mail': b'From: a@example.org\nReceived: by b\nSubject: c\n\n' + b'text\n' * 60,
    'another version': b'%PDF-x\n' * 60,
    'a MacBinary header': b'\0\x08scan.pdf' + bytes(55) + b'PDF CARO' + bytes(55),
}


@pytest.mark.options('complete=refuse')
@pytest.mark.parametrize('before', BEFORE)
def test_it_is_a_document_with_exactly_these_bytes(mount, api, samples, before):
    for i, document in enumerate((pdf(), pdf(5000), pdf(5000) + bytes(20000))):
        data = BEFORE[before] + document
        path = samples.write(f'{i}.pdf', data)
        with mount.server.watch() as seen:
            mount.run(f'cp {path} documents/')
        assert [r.verb for r in seen.changes] == ['POST']
        made = api.only_document()
        assert made['contentType'] == 'application/pdf'
        assert api.content('documents/' + made['documentId']) == data
        assert (mount / f'documents/{i}.pdf').read_bytes() == data
        mount.run(f'rm documents/{i}.pdf')


@pytest.mark.options('complete=refuse')
def test_its_half_is_cut_off(mount, api):
    mount.allow('it looks cut off')
    mount.may_leave = True
    with pytest.raises(OSError) as caught:
        (mount / 'documents/a.pdf').write_bytes(BEFORE['a web server'] + pdf(5000)[:2500])
    assert caught.value.errno == errno.EINVAL
    assert api.documents() == []


def archive_zip():
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w') as archive:
        archive.writestr('a.pdf', pdf())
    return out.getvalue()


def archive_tar():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w') as archive:
        info = tarfile.TarInfo('a.pdf')
        info.size = len(pdf())
        archive.addfile(info, io.BytesIO(pdf()))
    return out.getvalue()


NO_PDF = {
    'an archive of one': archive_zip(),
    'another archive of one': archive_tar(),
    'a text on them': b'A letter.\n' * 50 + b'A file that starts with %PDF-1.4 and ends with %%EOF '
                      b'is one, if objects (12 0 objects, say) are in it.\n',
    'a version that is none': b'A letter.\n' * 50 + b'%PDF-x.y\n1 0 obj\n<<>>\nendobj\n',
    'one too far behind': b'A letter.\n' * 103 + pdf(),
}


@pytest.mark.parametrize('what', NO_PDF)
def test_what_only_has_one_in_it_is_none(mount, api, what):
    mount.allow('Invalid argument')
    mount.may_leave = True
    with mount.server.watch() as seen, pytest.raises(OSError) as caught:
        (mount / 'documents/a.pdf').write_bytes(NO_PDF[what])
    assert caught.value.errno == errno.EINVAL
    assert not seen.changes
    assert api.documents() == []
