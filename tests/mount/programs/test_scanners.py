"""How scanners, fax servers and their libraries write: page by page, seeking back, renaming."""
import fcntl
import io
import mmap
import os
import re
import struct

import pytest
from PIL import Image

from samples import jpeg, pdf, picture, png, tiff


@pytest.fixture
def folder(mount):
    os.mkdir(mount / 'datasets/invoices')
    return mount / 'datasets/invoices/documents'


def only_content(api):
    """Of the one document, which is in the one dataset."""
    document = api.only_document(datasetId=api.dataset_called('invoices')['datasetId'])
    return api.content('documents/' + document['documentId'])


def verbs(seen):
    return [r.verb for r in seen.changes]


# --- Pages, and a header that is mended at the end ------------------------------------------------

def test_pillow_writes_pages_and_links_them_by_seeking_back(mount, api, folder):
    pages = [picture(seed) for seed in range(3)]
    with mount.server.watch() as seen:
        pages[0].save(folder / 'scan.tiff', save_all=True, append_images=pages[1:])
    assert verbs(seen) == ['POST']
    found = Image.open(io.BytesIO(only_content(api)))
    assert found.n_frames == 3
    for i, page in enumerate(pages):
        found.seek(i)
        assert found.tobytes() == page.tobytes()


def test_pillow_writes_a_pdf_of_pages(mount, api, folder):
    pages = [picture(seed) for seed in range(3)]
    with mount.server.watch() as seen:
        pages[0].save(folder / 'scan.pdf', save_all=True, append_images=pages[1:])
    assert verbs(seen) == ['POST']
    assert only_content(api) == (folder / 'scan.pdf').read_bytes()
    assert only_content(api).count(b'/Type /Page\n') == 3


def test_pillow_appends_pages_to_a_pdf_that_is_there(mount, api, folder, tmp_path):
    picture(0).save(folder / 'scan.pdf')
    with mount.server.watch() as seen:
        picture(1).save(folder / 'scan.pdf', append=True)
    assert verbs(seen) == ['POST', 'DELETE']
    (tmp_path / 'out.pdf').write_bytes(only_content(api))
    assert re.search(r'^Pages: +2$', mount.run(f'pdfinfo {tmp_path}/out.pdf').out, re.M)


def test_tiffcp_joins_pages(mount, api, samples, folder):
    for seed in range(3):
        samples.write(f'{seed}.tiff', tiff(seed=seed))
    with mount.server.watch() as seen:
        mount.run(f'tiffcp {samples.folder}/[012].tiff scan.tiff', cwd=folder)
    assert verbs(seen) == ['POST']
    assert Image.open(io.BytesIO(only_content(api))).n_frames == 3


def test_tiffcp_appends_a_page_to_what_is_there(mount, api, samples, folder):
    page = samples.write('page.tiff', tiff())
    mount.run(f'tiffcp {page} scan.tiff', cwd=folder)
    with mount.server.watch() as seen:
        mount.run(f'tiffcp -a {page} scan.tiff', cwd=folder)
    assert verbs(seen) == ['POST', 'DELETE']
    assert Image.open(io.BytesIO(only_content(api))).n_frames == 2


def test_tiffset_changes_a_tag_in_place(mount, api, samples, folder):
    mount.run(f'cp {samples.write("page.tiff", tiff())} scan.tiff', cwd=folder)
    with mount.server.watch() as seen:
        mount.run('tiffset -s 305 lasfs scan.tiff', cwd=folder)
    assert verbs(seen) == ['POST', 'DELETE']
    assert Image.open(io.BytesIO(only_content(api))).tag_v2[305] == 'lasfs'


def test_pdfunite_and_pdfseparate(mount, api, samples, folder):
    scans = [samples.pdf(f'{i}.pdf', seed=i) for i in range(2)]
    with mount.server.watch() as seen:
        mount.run(f'pdfunite {scans[0]} {scans[1]} both.pdf', cwd=folder)
    assert verbs(seen) == ['POST']
    assert b'%%EOF' in only_content(api)[-10:]
    with mount.server.watch() as seen:
        mount.run('pdfseparate both.pdf page%d.pdf', cwd=folder)
    assert verbs(seen) == ['POST', 'POST']


def test_a_length_that_is_known_only_at_the_end(mount, api, folder):
    data = bytearray(pdf(50000))
    start = data.index(b'/Length') + 8
    with mount.server.watch() as seen, open(folder / 'scan.pdf', 'wb', buffering=0) as f:
        f.write(data[:start] + b'00')
        for at in range(start + 2, len(data), 7000):
            f.write(data[at:at + 7000])
            os.fsync(f.fileno())
        assert verbs(seen) == []
        f.seek(start)
        f.write(data[start:start + 2])
    assert verbs(seen) == ['POST']
    assert only_content(api) == data


def test_a_file_of_its_full_length_first_and_blocks_from_the_back(mount, api, folder):
    """So does Windows: it sets the length, then writes, then sets times and attributes."""
    data = jpeg(500000)
    with mount.server.watch() as seen:
        fd = os.open(folder / 'scan.jpg', os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        os.ftruncate(fd, len(data))
        for at in reversed(range(0, len(data), 65536)):
            os.pwrite(fd, data[at:at + 65536], at)
        os.utime(fd, (1600000000, 1600000000))
        os.fchmod(fd, 0o600)
        assert os.pread(fd, 100, 65536) == data[65536:65636]
        os.close(fd)
    assert verbs(seen) == ['POST']
    assert only_content(api) == data
    assert os.stat(folder / 'scan.jpg').st_mtime == 1600000000


def test_space_that_is_reserved_first(mount, api, folder):
    data = png(100000)
    with mount.server.watch() as seen:
        fd = os.open(folder / 'scan.png', os.O_RDWR | os.O_CREAT, 0o644)
        os.posix_fallocate(fd, 0, 1 << 20)
        os.pwrite(fd, data, 0)
        os.ftruncate(fd, len(data))
        os.close(fd)
    assert verbs(seen) == ['POST']
    assert only_content(api) == data


def test_a_page_that_is_mapped(mount, api, folder):
    data = pdf(20000)
    with mount.server.watch() as seen, open(folder / 'scan.pdf', 'w+b') as f:
        f.truncate(len(data))
        with mmap.mmap(f.fileno(), len(data)) as page:
            page[:] = data
            page.flush()
    assert verbs(seen) == ['POST']
    assert only_content(api) == data


def test_two_programs_that_write_one_file(mount, api, folder):
    """One makes it, another adds to it while it is open: one document, when both have closed."""
    data = pdf(30000)
    with mount.server.watch() as seen, open(folder / 'scan.pdf', 'wb', buffering=0) as f:
        f.write(data[:10000])
        mount.run('cat >> scan.pdf < "$REST"', cwd=folder, REST=_file(mount, data[10000:]))
        assert verbs(seen) == []
    assert verbs(seen) == ['POST']
    assert only_content(api) == data


def _file(mount, data):
    path = mount.folder / 'rest'
    path.write_bytes(data)
    return path


# --- Names on the way ------------------------------------------------------------------------------

@pytest.mark.parametrize('temporary', ['scan.pdf.part', '.scan.pdf.tmp', 'scan.pdf~', 'scan.tmp',
                                       '.scan.pdf.Ab12Cd', '.~lock.scan.pdf#'])
def test_a_temporary_name_is_sent_once_it_has_the_real_one(mount, api, folder, temporary):
    with mount.server.watch() as seen:
        (folder / temporary).write_bytes(pdf(2000))
        assert verbs(seen) == []
        os.rename(folder / temporary, folder / 'scan.pdf')
    assert verbs(seen) == ['POST']
    assert only_content(api) == pdf(2000)


@pytest.mark.parametrize('name', ['scan.pdf.0000000001', 'scan.pdf.new', 'incoming-17', 'scan'])
def test_a_name_that_does_not_look_temporary_is_sent_once_too(mount, api, folder, name):
    with mount.server.watch() as seen:
        (folder / name).write_bytes(pdf(2000))
        os.rename(folder / name, folder / 'scan.pdf')
    assert verbs(seen) == ['POST']
    assert os.listdir(folder) == ['scan.pdf']


def test_a_fax_that_is_received(mount, api, folder):
    """As HylaFAX: a locked file of mode 0600, a page and its directory at a time, 0644 in the
    end; then it is renamed for who it is for."""
    out = io.BytesIO()
    pages = [picture(seed).convert('1') for seed in range(3)]
    pages[0].save(out, 'TIFF', save_all=True, append_images=pages[1:])
    data = out.getvalue()
    with mount.server.watch() as seen:
        fd = os.open(folder / 'fax000000123.tif', os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.write(fd, struct.pack('<2sHI', b'II', 42, 0))
        for at in range(8, len(data), 300):
            os.write(fd, data[at:at + 300])
            os.fsync(fd)
        os.pwrite(fd, data[:8], 0)
        os.fchmod(fd, 0o644)
        os.close(fd)
        assert verbs(seen) == ['POST']
        os.rename(folder / 'fax000000123.tif', folder / '+4712345678-123.tif')
    assert verbs(seen) == ['POST']
    assert only_content(api) == data
    assert oct(os.stat(folder / '+4712345678-123.tif').st_mode & 0o777) == oct(0o644)


def test_a_hard_link_is_refused_and_leaves_what_was_there(mount, api, folder):
    (folder / 'scan.part').write_bytes(pdf(2000))
    with mount.server.watch() as seen:
        ran = mount.run('ln scan.part scan.pdf', cwd=folder, status=1)
    assert 'Operation not permitted' in ran.err
    assert not seen.changes
    mount.run('mv scan.part scan.pdf', cwd=folder)
    assert only_content(api) == pdf(2000)


def test_a_counter_that_starts_again_replaces(mount, api, folder):
    for seed in range(3):
        (folder / 'scan0001.pdf').write_bytes(pdf(2000, seed))
    assert only_content(api) == pdf(2000, 2)


def test_a_batch_of_pages_each_tried_for_first(mount, api, folder):
    """A name that is free is looked for, then made exclusively, as scanners number files."""
    with mount.server.watch() as seen:
        for i in range(5):
            number = 1
            while os.path.exists(folder / f'scan{number:04}.pdf'):
                number += 1
            with open(folder / f'scan{number:04}.pdf', 'xb') as f:
                f.write(pdf(2000, i))
    assert verbs(seen) == ['POST'] * 5
    assert sorted(os.listdir(folder)) == [f'scan{i:04}.pdf' for i in range(1, 6)]
