"""./dev torture, two minutes in each mode; and what was planted on the server is found."""
import base64
import errno
import os
import signal

import pytest
from torture.look import look
from torture.main import Run
from torture.model import digest_of
from torture.tormentor import Tormentor

SHORT_SECONDS = 5
SECONDS = float(os.environ.get('LASFS_TORTURE_SECONDS', 120))  # of all torments, in each mode
SETTLE_SECONDS = 90
pytestmark = pytest.mark.timeout(SECONDS + 300)


@pytest.fixture
def tortured(request):
    """tortured(torment...): a run that has ended, and was not judged yet."""
    runs = []

    def make(torments=None, seconds=SHORT_SECONDS, settle=SETTLE_SECONDS, writeback=False):
        run = Run(seed=1, workers=3, writeback=writeback, torments=torments or {}, settle=settle)
        runs.append(run)
        run.world.start()
        run.torture(seconds)
        return run

    yield make
    for run in runs:
        assert run.stop() == []


def kinds(findings):
    return sorted(f.kind for f in findings)


def named(run):
    """(id, record) of a document that a tool has put, was told so, and said nothing of."""
    names = {one: name for name, one in look(run.world).ids.items()}
    ours = [d for d in run.world.api.documents()
            if d['documentId'] not in run.world.foreign and not d.get('groundTruth') and
            d['documentId'] in names and len(run.model.may_be(names[d['documentId']])) == 1]
    return ours[0]['documentId'], ours[0]


def test_a_power_cut_takes_what_was_not_synced(disk):
    if not disk.can_cut:
        return  # one has to be root to mount it
    for name in ('synced', 'not'):
        with open(disk.path / name, 'wb') as f:
            f.write(b'words')
            if name == 'synced':
                f.flush()
                os.fsync(f.fileno())
    disk.cut()
    assert (disk.path / 'synced').read_bytes() == b'words'
    assert not (disk.path / 'not').exists() or (disk.path / 'not').read_bytes() == b''


def test_a_full_disk_is_full_until_it_is_freed(disk):
    if not disk.can_fill:
        return
    disk.fill(0)
    with pytest.raises(OSError) as problem:
        (disk.path / 'more').write_bytes(bytes(100000))
    assert problem.value.errno == errno.ENOSPC
    disk.free()
    (disk.path / 'more').write_bytes(bytes(100000))


def test_where_nothing_dies_nothing_is_found(tortured):
    run = tortured()
    assert run.verdict() == []
    assert sum(sum(w.counts.values()) for w in run.workers) > 20


@pytest.mark.parametrize('writeback', [False, True], ids=['waits', 'writeback'])
def test_nothing_is_lost_or_doubled(tortured, writeback):
    run = tortured(Tormentor.CHOICES, SECONDS, writeback=writeback)
    findings = run.verdict()
    assert findings == [], run.said(findings)
    assert sum(run.tormentor.counts.values()) > SECONDS / 8


def test_a_document_that_vanishes_is_found(tortured):
    run = tortured(settle=0)
    one, _ = named(run)
    run.world.api.delete('documents/' + one)
    findings = run.verdict()
    assert kinds(findings) == ['lost']
    assert one in run.said(findings) or 'POST' in run.said(findings)


def test_a_document_that_is_there_twice_is_found(tortured):
    run = tortured(settle=0)
    one, record = named(run)
    more = {'datasetId': record['datasetId']} if record.get('datasetId') else {}
    run.world.api.add_document(run.world.api.content('documents/' + one), **more)
    assert kinds(run.verdict()) == ['doubled']


def test_a_daemon_that_dies_by_itself_is_found(tortured):
    run = tortured(settle=0)
    run.world.mount.process.send_signal(signal.SIGABRT)
    run.world.mount.process.wait()
    assert kinds(run.verdict()) == ['crashed']


def test_what_others_have_lost_is_found(tortured):
    run = tortured(settle=0)
    run.world.api.delete('documents/' + next(iter(run.world.foreign)))
    run.world.api.patch('documents/' + named(run)[0],
                        groundTruth=[{'label': 'total', 'value': 'of another'}])
    assert set(kinds(run.verdict())) == {'foreign'}


def test_a_document_that_no_tool_has_named_is_found(tortured):
    run = tortured(settle=0)
    worker = run.workers[0]
    data = worker.new_data()
    run.model.put(worker.new_name(), digest_of(data), False)
    run.world.api.post('documents', content=base64.b64encode(data).decode(),
                       contentType='application/pdf')
    assert kinds(run.verdict()) == ['unnamed']
