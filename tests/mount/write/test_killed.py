"""Writers and daemons that are killed: half a file is never sent, whole ones are not lost."""
import contextlib
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from mounted import eventually
from samples import pdf, small_pdf


def failed(mount):
    return [n.partition('-')[2] for n in os.listdir(mount / '.lasfs/failed')]


def paused(mount, script, **variables):
    """A shell that has said a line and waits for one."""
    process = subprocess.Popen(['bash', '-c', script], cwd=mount.path, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True,
                               env={**os.environ, **{k: str(v) for k, v in variables.items()}})
    process.stdout.readline()
    return process


def nobody_in(mount):
    """What was killed has ended: it is still doing so while its files are taken away."""
    for process in os.listdir('/proc'):
        try:
            if os.readlink(f'/proc/{process}/cwd').startswith(str(mount.path)):
                return False
        except OSError:
            pass
    return True


def kill_daemon(mount):
    mount.watchdog.cancel()
    mount.process.kill()
    mount.process.wait()
    mount.process = None


@pytest.fixture
def forgiving(mount):
    mount.allow('x.pdf', 'not complete')
    mount.may_leave = True
    return mount


@pytest.mark.parametrize('how', [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize('tool', ['cat > documents/x.pdf', 'tee documents/x.pdf > /dev/null',
                                  'cp /dev/stdin documents/x.pdf', 'cat >> documents/x.pdf',
                                  'exec 3> documents/x.pdf; cat >&3'])
def test_a_tool_that_is_killed_in_the_middle_leaves_nothing_on_the_server(forgiving, api, tool,
                                                                          how):
    process = subprocess.Popen(['env', '--default-signal', 'bash', '-c', tool], cwd=forgiving.path,
                               stdin=subprocess.PIPE, start_new_session=True)
    process.stdin.write(pdf(20000)[:9000])
    process.stdin.flush()
    eventually(lambda: os.path.exists(forgiving / 'documents/x.pdf') and
               os.path.getsize(forgiving / 'documents/x.pdf') == 9000, 5, 'half of it')
    os.killpg(process.pid, how)
    process.wait()
    eventually(lambda: failed(forgiving) == ['x.pdf'], 5, 'a file in failed/')
    assert api.documents() == []
    eventually(lambda: nobody_in(forgiving), 5, 'the end of all')


def test_an_overwrite_that_is_killed_keeps_the_old_document(forgiving, api):
    (forgiving / 'documents/x.pdf').write_bytes(pdf(9000, seed=1))
    before = api.documents()
    process = paused(forgiving, 'exec 3> documents/x.pdf; head -c 5000 "$S" >&3; echo; read',
                     S=write(forgiving, pdf(9000, seed=2)))
    process.kill()
    process.wait()
    eventually(lambda: failed(forgiving) == ['x.pdf'], 5, 'a file in failed/')
    assert api.documents() == before
    os.unlink(forgiving / '.lasfs/failed' / os.listdir(forgiving / '.lasfs/failed')[0])
    assert (forgiving / 'documents/x.pdf').read_bytes() == pdf(9000, seed=1)


def write(mount, data):
    path = mount.folder / 'outside'
    path.write_bytes(data)
    return path


def test_what_was_killed_is_sent_when_it_is_written_again(forgiving, api):
    process = paused(forgiving, 'exec 3> documents/x.pdf; head -c 5000 "$S" >&3; echo; read',
                     S=write(forgiving, pdf(9000, seed=2)))
    process.kill()
    process.wait()
    forgiving.run(f'cp {forgiving.folder}/outside documents/x.pdf')
    eventually(lambda: failed(forgiving) == [], 5)
    assert api.content('documents/' + api.only_document()['documentId']) == pdf(9000, seed=2)


def test_an_append_to_what_was_killed_is_sent_whole(forgiving, api):
    """As rsync --append does."""
    process = paused(forgiving, 'exec 3> documents/x.pdf; head -c 5000 "$S" >&3; echo; read',
                     S=write(forgiving, pdf(9000, seed=2)))
    process.kill()
    process.wait()
    eventually(lambda: failed(forgiving) == ['x.pdf'], 5, 'a file in failed/')
    forgiving.run(f'rsync --append {forgiving.folder}/outside documents/x.pdf')
    assert api.content('documents/' + api.only_document()['documentId']) == pdf(9000, seed=2)


def test_a_field_whose_writer_is_killed_stays_as_it_was(forgiving, api):
    forgiving.run('mkdir datasets/d; echo words > datasets/d/description')
    process = paused(forgiving, 'exec 3> datasets/d/description; head -c 4 <<< half >&3; echo; read')
    with forgiving.server.watch() as seen:
        process.kill()
        process.wait()
        eventually(lambda: 'killed' in forgiving.errors() or 'not complete' in forgiving.errors(),
                   5, 'a line that says so')
    assert not seen.changes
    assert api.dataset_called('d')['description'] == 'words'
    assert (forgiving / 'datasets/d/description').read_text() == 'words\n'


def test_a_field_whose_write_failed_is_not_sent_by_the_close(forgiving, api):
    forgiving.allow('too large')
    forgiving.run('mkdir datasets/d; echo words > datasets/d/description')
    fd = os.open(forgiving / 'datasets/d/description', os.O_WRONLY | os.O_TRUNC)
    os.write(fd, b'half')
    with forgiving.server.watch() as seen:
        with pytest.raises(OSError):
            os.pwrite(fd, b'x', 1 << 30)
        with pytest.raises(OSError):
            os.close(fd)
    assert not seen.changes
    assert api.dataset_called('d')['description'] == 'words'


LABELS = '[{"label": "total", "value": "1"}]'


@pytest.fixture(params=['before it', 'beside it', 'defaults'])
def promised(request, forgiving):
    """What close() has said of stays on this machine: labels that wait, labels that were sent, defaults."""
    if request.param == 'beside it':
        (forgiving / 'documents/x.pdf').write_bytes(pdf())
    path = forgiving / ('documents/.defaults.json' if request.param == 'defaults' else 'documents/x.pdf.json')
    path.write_text('{"consentId": "las:consent:1"}' if request.param == 'defaults' else LABELS)
    os.utime(path, (1600000000, 1600000000))
    forgiving.allow('defaults')
    return path


def state_of(path):
    return path.read_text(), path.stat().st_mtime


REWRITES = {'over it': os.O_WRONLY, 'anew': os.O_WRONLY | os.O_TRUNC, 'behind it': os.O_WRONLY | os.O_APPEND}


def writing(path, flags, text):
    """Who has written that, and closes it when its standard input ends."""
    process = subprocess.Popen([sys.executable, '-c', 'import os, sys\n'
                                'fd = os.open(sys.argv[1], int(sys.argv[2]))\n'
                                'os.write(fd, sys.argv[3].encode())\nprint(flush=True)\nsys.stdin.read()',
                                path, str(flags), text], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdout.readline()
    return process


@pytest.mark.parametrize('dies', ['the writer', 'the daemon'])
@pytest.mark.parametrize('how', REWRITES)
def test_what_is_kept_here_is_what_it_was_when_its_rewriting_is_killed(forgiving, promised, how, dies):
    before = state_of(promised)
    writer = writing(promised, REWRITES[how], '[{')
    if dies == 'the daemon':
        kill_daemon(forgiving)
    writer.kill()
    writer.communicate()
    if dies == 'the daemon':
        forgiving.start()
    eventually(lambda: failed(forgiving) == [promised.name])
    assert state_of(promised) == before
    forgiving.remount()
    assert state_of(promised) == before and failed(forgiving) == [promised.name]


@pytest.mark.parametrize('dies', ['the opener', 'the daemon'])
def test_what_is_kept_here_is_not_touched_by_who_only_opens_it(forgiving, promised, dies):
    forgiving.remount()
    before = state_of(promised)
    opener = subprocess.Popen([sys.executable, '-c', 'import os, sys\n'
                               'os.open(sys.argv[1], os.O_WRONLY)\nprint(flush=True)\nsys.stdin.read()',
                               promised], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    opener.stdout.readline()
    if dies == 'the daemon':
        kill_daemon(forgiving)
    opener.kill()
    opener.communicate()
    if dies == 'the daemon':
        forgiving.start()
    time.sleep(0.3)
    assert state_of(promised) == before and failed(forgiving) == []
    forgiving.remount()
    assert state_of(promised) == before and failed(forgiving) == []


def test_what_was_refused_and_is_tried_again_takes_nothing_from_what_is_kept_here(forgiving, promised):
    before = state_of(promised)
    with pytest.raises(OSError):
        promised.write_text('[{')
    forgiving.allow('write /.lasfs/control')
    name, = os.listdir(forgiving / '.lasfs/failed')
    with pytest.raises(OSError):
        forgiving.control(f'retry {name}')
    assert state_of(promised) == before and failed(forgiving) == [promised.name]


def test_what_is_kept_here_is_what_it_was_when_its_rewriting_is_refused(forgiving, promised):
    before = state_of(promised)
    with pytest.raises(OSError):
        promised.write_text('[{')
    assert state_of(promised) == before and failed(forgiving) == [promised.name]


@pytest.mark.parametrize('whole', [True, False])
def test_labels_that_are_written_again_before_their_document_is_there(forgiving, api, whole):
    labels, again = forgiving / 'documents/x.pdf.json', LABELS.replace('total', 'whole')
    labels.write_text(LABELS)
    writer = writing(labels, os.O_WRONLY, again)
    if not whole:
        writer.kill()
    writer.communicate()
    (forgiving / 'documents/x.pdf').write_bytes(pdf())
    want = again if whole else LABELS
    assert [d['groundTruth'] for d in api.documents()] == [json.loads(want)]
    assert labels.read_text() == want
    assert failed(forgiving) == ([] if whole else ['x.pdf.json'])
    assert len(forgiving.spooled()) == (1 if whole else 2)


def test_a_daemon_that_is_killed_sends_no_half_of_many_open_files(forgiving, api):
    whole = [forgiving / f'documents/whole{i}.pdf' for i in range(3)]
    for i, path in enumerate(whole):
        path.write_bytes(small_pdf(i))
    fds = [os.open(forgiving / f'documents/x.pdf{i}', os.O_WRONLY | os.O_CREAT) for i in range(5)]
    fds.append(os.open(whole[0], os.O_WRONLY | os.O_APPEND))
    for fd in fds:
        os.write(fd, b'%PDF-1.4 half')
        os.fsync(fd)
    kill_daemon(forgiving)
    for fd in fds:
        with pytest.raises(OSError):
            os.close(fd)
    before = api.documents()
    forgiving.start()
    assert sorted(failed(forgiving)) == ['whole0.pdf'] + [f'x.pdf{i}' for i in range(5)]
    for name in os.listdir(forgiving / '.lasfs/failed'):
        assert (forgiving / '.lasfs/failed' / name).read_bytes().endswith(b'%PDF-1.4 half')
    assert api.documents() == before and len(before) == 3
    for path in whole[1:]:
        assert path.read_bytes()[:8] == b'%PDF-1.4'


def test_a_scratch_file_survives_a_kill_of_the_daemon(forgiving, api):
    path = forgiving / 'documents/x.pdf.part'
    with open(path, 'wb') as f:
        f.write(pdf(5000))
        f.flush()
        os.fsync(f.fileno())
    time.sleep(0.5)  # what nobody waits for, that it was closed, is on disk after 50 ms
    kill_daemon(forgiving)
    forgiving.start()
    assert path.read_bytes() == pdf(5000)
    os.rename(path, forgiving / 'documents/x.pdf')
    assert api.content('documents/' + api.only_document()['documentId']) == pdf(5000)


@pytest.mark.parametrize('had', [False, True], ids=['new', 'over a document'])
@pytest.mark.parametrize('begins', ['is made and closed', 'is made and open', 'is emptied and closed'])
def test_bytes_that_came_just_before_the_daemon_was_killed_are_not_at_their_name(forgiving, api, begins, had):
    """Nothing was there, for long enough that this is on disk; then all of it came, and the end."""
    path = forgiving / 'documents/x.pdf'
    if had:
        path.write_bytes(small_pdf(7))
    before = api.documents()
    writer = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    if begins == 'is emptied and closed':
        os.write(writer, b'%PDF')
        os.ftruncate(writer, 0)
        os.lseek(writer, 0, os.SEEK_SET)
    if begins != 'is made and open':
        os.close(os.dup(writer))
    time.sleep(0.5)  # what nobody waits for is on disk after 50 ms
    os.write(writer, small_pdf(1))
    kill_daemon(forgiving)
    with contextlib.suppress(OSError):
        os.close(writer)
    forgiving.start()
    if had:
        assert path.read_bytes() == small_pdf(7)
    else:
        assert not path.exists() or path.read_bytes() == b''
    assert failed(forgiving) == ['x.pdf']
    assert api.documents() == before
    assert next((forgiving / '.lasfs/failed').iterdir()).read_bytes() == small_pdf(1)


@pytest.mark.parametrize('closed', [False, True])
def test_a_document_that_was_emptied_when_the_daemon_was_killed_stays_at_the_server(forgiving, api, closed):
    path = forgiving / 'documents/x.pdf'
    path.write_bytes(small_pdf(7))
    writer = os.open(path, os.O_WRONLY | os.O_TRUNC)
    if closed:
        os.close(os.dup(writer))
    time.sleep(0.5)  # what nobody waits for is on disk after 50 ms
    kill_daemon(forgiving)
    with contextlib.suppress(OSError):
        os.close(writer)
    forgiving.start()
    assert path.read_bytes() == (b'' if closed else small_pdf(7))
    assert len(api.documents()) == 1
    path.unlink()
    assert api.documents() == []


@pytest.mark.parametrize('how', ['is killed', 'ends'])
def test_an_empty_file_is_there_whatever_becomes_of_the_daemon(forgiving, api, how):
    (forgiving / 'documents/x.pdf').touch()
    time.sleep(0.5)  # what nobody waits for is on disk after 50 ms
    if how == 'is killed':
        kill_daemon(forgiving)
        forgiving.start()
    else:
        forgiving.remount()
    assert os.listdir(forgiving / 'documents') == ['x.pdf']
    assert (forgiving / 'documents/x.pdf').read_bytes() == b''
    assert failed(forgiving) == [] and api.documents() == []


# --- rsync, which ends by itself when a signal comes ------------------------------------------------

def end_group(process):
    """SIGTERM to all that rsync is; its children may end a little later than it."""
    os.killpg(process.pid, signal.SIGTERM)
    assert process.wait() != 0

    def gone():
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return True
        return False
    eventually(gone, 10, 'the end of its children')


def interrupted_rsync(mount, source, *options):
    """rsync that got SIGTERM in the middle of a file."""
    process = subprocess.Popen(['rsync', '-a', '--bwlimit=300', *options, source,
                                mount / 'documents/x.pdf'], stderr=subprocess.DEVNULL,
                               start_new_session=True)
    eventually(lambda: any(os.path.getsize(mount / 'documents' / n) > 300000
                           for n in os.listdir(mount / 'documents')), 20, 'some of the bytes')
    assert process.poll() is None
    end_group(process)


@pytest.mark.parametrize('options', [[], ['--inplace'], ['--partial'], ['--append'],
                                     ['--partial-dir=.rsync-partial']])
@pytest.mark.options('complete=refuse')
def test_an_rsync_that_is_interrupted_sends_no_half_and_the_next_one_the_whole(forgiving, api,
                                                                             options):
    data = pdf(2000000, seed=3)
    source = write(forgiving, data)
    os.utime(source, (1500000000, 1500000000))
    interrupted_rsync(forgiving, source, *options)
    assert api.documents() == []
    with forgiving.server.watch() as seen:
        forgiving.run(f'rsync -a {" ".join(options)} "$S" documents/x.pdf', S=source)
    assert [r.verb for r in seen.changes] == ['POST']
    assert api.content('documents/' + api.only_document()['documentId']) == data
    eventually(lambda: failed(forgiving) == [], 5)
    with forgiving.server.watch() as seen:
        forgiving.run('rsync -a "$S" documents/x.pdf', S=source)
    assert not seen.changes


@pytest.mark.options('complete=refuse')
def test_an_rsync_over_a_document_that_is_interrupted_keeps_the_old_one(forgiving, api):
    (forgiving / 'documents/x.pdf').write_bytes(pdf(2000000, seed=4))
    before = api.documents()
    source = write(forgiving, pdf(2000000, seed=3))
    os.utime(source, (1500000000, 1500000000))
    process = subprocess.Popen(['rsync', '-aW', '--bwlimit=300', source,
                                forgiving / 'documents/x.pdf'], stderr=subprocess.DEVNULL,
                               start_new_session=True)
    eventually(lambda: any(n.startswith('.x.pdf.') for n in os.listdir(forgiving / 'documents')),
               20, 'its temporary file')
    end_group(process)
    assert api.documents() == before
    assert (forgiving / 'documents/x.pdf').read_bytes() == pdf(2000000, seed=4)
    assert os.listdir(forgiving / 'documents') == ['x.pdf']
