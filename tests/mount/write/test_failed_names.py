"""Names in .lasfs/failed: whatever a file is called, it is found there and taken from there."""
import errno
import os
import re
import threading

import pytest

from mounted import eventually
from samples import pdf

BYTES = pdf(2000)

# What a file is called, and how its name in failed/ goes on behind the number.
NAMES = {
    'plain': (b'scan.pdf', b'scan.pdf'),
    'longest': (b'a' * 251 + b'.pdf', None),
    'umlauts': ('ü'.encode() * 123 + b'.pdf', 'ü'.encode() * 123 + b'.pdf'),
    'umlauts-too-long': ('aü'.encode() + 'ö'.encode() * 124 + b'.pdf', None),
    '3-bytes': ('€'.encode() * 83 + b'.pdf', None),
    '3-bytes-no-ending': ('x'.encode() + '漢'.encode() * 84, None),
    '4-bytes': ('😀'.encode() * 62 + b'.pdf', None),
    'newline': (b'two\nlines.pdf', b'two%0Alines.pdf'),
    'newlines': (b'\n' * 250, b'%0A' * 84),
    'tab': (b'a\tb.pdf', b'a%09b.pdf'),
    'percent': (b'100%.pdf', b'100%25.pdf'),
    'encoded': (b'two%0Alines.pdf', b'two%250Alines.pdf'),
    'blanks': (b'  scan.pdf ', b'  scan.pdf%20'),
    'blanks-within': (b'my  scan.pdf', b'my  scan.pdf'),
    'latin-1': ('Bücher.pdf'.encode('latin-1'), b'B%FCcher.pdf'),
    'half-a-character': (b'\xe2\x82.pdf', b'%E2%82.pdf'),
    'quotes': (b'\'"$(x)`\\*.pdf', b'\'"$(x)`\\*.pdf'),
}


@pytest.fixture
def refusing(lasfs, proxy):
    """A mount whose server takes no document for now: proxy.clear() ends that."""
    mount = lasfs(server=proxy)
    mount.allow('close /documents', 'HTTP 400')
    mount.may_leave = True
    mount.failed = os.fsencode(mount / '.lasfs/failed')
    proxy.fault('POST', '/documents', status=400, message='not now')
    return mount


def refuse(mount, name):
    """Drops a file that is refused; its one name in failed/."""
    with pytest.raises(OSError) as refused:
        with open(os.path.join(os.fsencode(mount / 'documents'), name), 'wb') as f:
            f.write(BYTES)
    assert refused.value.errno == errno.EINVAL
    names = os.listdir(mount.failed)
    assert len(names) == 1, names
    return names[0]


def retry(mount, *shown):
    (mount / '.lasfs/control').write_bytes(b''.join(b'retry ' + s + b'\n' for s in shown))


@pytest.mark.parametrize('which', NAMES)
def test_the_shown_name_is_text_of_one_line(refusing, which):
    name, expected = NAMES[which]
    number, _, rest = refuse(refusing, name).partition(b'-')
    assert number.isdigit()
    if expected is not None:
        assert rest == expected
        return
    stem, ending = os.path.splitext(name)
    assert len(number + b'-' + rest) <= 255
    assert rest.endswith(ending)
    assert name.startswith(rest.removesuffix(ending)) and len(rest) > 240
    assert rest.decode().isprintable()


@pytest.mark.parametrize('which', NAMES)
def test_its_bytes_are_there(refusing, tmp_path, which):
    shown = refuse(refusing, NAMES[which][0])
    path = os.path.join(refusing.failed, shown)
    assert os.stat(path).st_size == len(BYTES)
    refusing.run('cp -- "$FROM" "$TO" && cat -- "$FROM" | cmp - "$TO"', FROM=os.fsdecode(path),
                 TO=tmp_path / 'copy')
    assert (tmp_path / 'copy').read_bytes() == BYTES


@pytest.mark.parametrize('which', NAMES)
def test_retry_of_the_shown_name_delivers_it(refusing, proxy, api, which):
    shown = refuse(refusing, NAMES[which][0])
    proxy.clear()
    retry(refusing, shown)
    assert api.content('documents/' + api.only_document()['documentId']) == BYTES
    eventually(lambda: os.listdir(refusing.failed) == [])
    refusing.may_leave = False


@pytest.mark.parametrize('which', NAMES)
def test_rm_of_it_gives_it_up(refusing, proxy, api, which):
    shown = refuse(refusing, NAMES[which][0])
    proxy.clear()
    refusing.run('rm -- "$FILE"', FILE=os.fsdecode(os.path.join(refusing.failed, shown)))
    assert os.listdir(refusing.failed) == []
    assert api.documents() == []
    refusing.may_leave = False


@pytest.mark.parametrize('which', ['umlauts-too-long', 'newline', 'percent', 'latin-1'])
def test_the_shown_name_is_the_same_after_a_remount(refusing, proxy, api, which):
    shown = refuse(refusing, NAMES[which][0])
    refusing.remount()
    assert os.listdir(refusing.failed) == [shown]
    proxy.clear()
    retry(refusing, shown)
    assert api.content('documents/' + api.only_document()['documentId']) == BYTES
    refusing.may_leave = False


def test_a_shell_retries_them_all(refusing, proxy, api):
    for name, _ in NAMES.values():
        with pytest.raises(OSError):
            with open(os.path.join(os.fsencode(refusing / 'documents'), name), 'wb') as f:
                f.write(BYTES)
    shown = os.listdir(refusing.failed)
    assert len(shown) == len(NAMES)
    assert len({re.match(rb'\d+', s)[0] for s in shown}) == len(NAMES)
    proxy.clear()
    refusing.run(r'''cd .lasfs/failed
        for name in *; do printf 'retry %s\n' "$name"; done > ../control''')
    assert len(api.documents()) == len(NAMES)
    assert os.listdir(refusing.failed) == []
    refusing.may_leave = False


def test_a_file_on_its_way_is_shown_alike(lasfs, proxy, api):
    mount = lasfs(server=proxy)
    rule = proxy.fault('POST', '/documents', stall='before')
    folder = os.fsencode(mount / 'documents')
    name = 'ü'.encode() + b'\n' + 'ö'.encode() * 123 + b'.pdf'
    pending = os.fsencode(mount / '.lasfs/pending')

    def write():
        with open(os.path.join(folder, name), 'wb') as f:
            f.write(BYTES)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        eventually(lambda: rule.hits)  # all of it is written by then
        shown, = os.listdir(pending)
        rest = shown.partition(b'-')[2]
        assert rest.startswith('ü%0Aö'.encode()) and rest.endswith('ö.pdf'.encode())
        with open(os.path.join(pending, shown), 'rb') as f:
            assert f.read() == BYTES
    finally:
        proxy.clear()
        writer.join()
    assert api.content('documents/' + api.only_document()['documentId']) == BYTES
