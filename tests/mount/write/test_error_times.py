"""NAME.error.txt is as old as the failure, over mounts, and .lasfs/errors says the same."""
import os
import re
import time

import pytest

from mounted import eventually
from outage import fails
from samples import pdf

TIME = re.compile(r'^failed at (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)$', re.M)


def said(path):
    """The one time that a note's text has."""
    when, = TIME.findall(path.read_text())
    return when


def mtime(path):
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(os.stat(path).st_mtime))


def line_of(mount, path):
    return [line for line in mount.errors().splitlines() if f' {path}: ' in line][-1]


def a_second_later():
    """Until the clock shows another second: what is as new as now would show it."""
    now = int(time.time())
    eventually(lambda: int(time.time()) > now)


def check(mount, path, when):
    note = mount / (path + '.error.txt')
    assert said(note) == mtime(note) == when
    assert line_of(mount, '/' + path).split()[0] == when


def test_a_note_has_the_time_of_the_failure(refusing):
    mount = refusing.mount
    before = time.time()
    fails(mount / 'documents/a.pdf', pdf(3000, seed=2))
    after = time.time()
    when = said(mount / 'documents/a.pdf.error.txt')
    assert before - 1 <= os.stat(mount / 'documents/a.pdf.error.txt').st_mtime <= after
    check(mount, 'documents/a.pdf', when)
    a_second_later()
    check(mount, 'documents/a.pdf', when)
    mount.remount()
    check(mount, 'documents/a.pdf', when)


def test_the_same_file_that_fails_again_has_the_new_time(refusing):
    mount = refusing.mount
    fails(mount / 'documents/a.pdf', pdf(3000, seed=2))
    first = said(mount / 'documents/a.pdf.error.txt')
    a_second_later()
    fails(mount / 'documents/a.pdf', pdf(3000, seed=3))
    second = said(mount / 'documents/a.pdf.error.txt')
    assert second > first
    check(mount, 'documents/a.pdf', second)
    a_second_later()
    with pytest.raises(OSError):
        mount.control('retry all')
    third = said(mount / 'documents/a.pdf.error.txt')
    assert third > second
    check(mount, 'documents/a.pdf', third)


def test_a_rename_that_fails_has_its_time(refusing):
    mount = refusing.mount
    (mount / 'documents/.a.pdf.tmp').write_bytes(pdf(3000, seed=2))
    a_second_later()
    with pytest.raises(OSError):
        os.rename(mount / 'documents/.a.pdf.tmp', mount / 'documents/a.pdf')
    note = mount / 'documents/a.pdf.error.txt'
    when = said(note)
    assert mtime(note) == when
    line, = [line for line in mount.errors().splitlines() if ' rename ' in line]
    assert line.split()[0] == when


def test_a_sidecar_that_is_refused_has_its_time(mount, samples):
    mount.allow('scan.pdf.json')
    mount.may_leave = True
    mount.run(f'cp {samples.pdf()} documents/')
    mount.run('echo "[7]" > documents/scan.pdf.json', status=None)
    note = mount / 'documents/scan.pdf.json.error.txt'
    eventually(note.exists)
    check(mount, 'documents/scan.pdf.json', said(note))
    when = said(note)
    a_second_later()
    mount.remount()
    check(mount, 'documents/scan.pdf.json', when)


def test_a_prediction_that_fails_has_its_time(mount, api, samples):
    mount.allow('predict')
    mount.may_leave = True  # the note
    config = {'total': {'type': 'amount', 'maxLength': 20, 'description': ''}}
    api.post('models', width=300, height=300, fieldConfig=config, name='untrained')
    mount.run(f'cp {samples.pdf()} models/untrained/inbox/')
    note = mount / 'models/untrained/inbox/scan.pdf.error.txt'
    line, = [line for line in mount.errors().splitlines() if ' predict ' in line]
    when = said(note)
    assert line.split()[0] == when
    written = mtime(note)
    assert when <= written
    a_second_later()
    mount.remount()
    assert said(note) == when and mtime(note) == written
