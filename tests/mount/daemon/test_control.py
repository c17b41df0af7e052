""".lasfs/control, pending and metrics."""
import errno
import os
import re
import subprocess
import time

import pytest

from mounted import eventually
from samples import pdf, small_pdf


def fails(code, what, *arguments):
    with pytest.raises(OSError) as caught:
        what(*arguments)
    assert caught.value.errno == code, caught.value


@pytest.fixture
def patient(lasfs):
    return lasfs('list_ttl=3600', 'meta_ttl=3600')


def test_refresh_of_a_path_forgets_that_and_nothing_else(patient, api):
    one, two = api.add_dataset('one'), api.add_dataset('two')
    for dataset in (one, two):
        (patient / 'datasets' / dataset / 'name').read_text()
        api.patch('datasets/' + dataset, name='new')
    patient.control(f'refresh /datasets/{one}\n')
    assert (patient / 'datasets' / one / 'name').read_text() == 'new\n'
    patient.control(f'refresh datasets/{two}')
    assert (patient / 'datasets' / two / 'name').read_text() == 'new\n'


def test_refresh_of_a_collection_forgets_its_list(patient, api):
    assert os.listdir(patient / 'datasets') == []
    dataset = api.add_dataset('one')
    assert os.listdir(patient / 'datasets') == []
    patient.control('refresh datasets')
    assert os.listdir(patient / 'datasets') == [dataset]


@pytest.mark.server('--latency', '700')
def test_flush_waits_for_the_server(mount, api):
    """A child writes after its opener has closed: nobody but flush waits for the upload."""
    started = time.monotonic()
    script = (f'exec 3> documents/late.pdf; (sleep .2; cat) >&3 <<< "{small_pdf(7).decode()}" & '
              'exec 3>&-; wait')
    mount.run(script)
    mount.control('flush')
    assert len(api.documents()) == 1
    assert time.monotonic() - started > 0.7


def test_flush_with_nothing_to_do_returns_at_once(mount):
    mount.control('flush\n')


def test_retry_delivers_what_had_failed(mount, api, samples):
    mount.allow('Invalid argument', 'No such file', '404')
    dataset = api.add_dataset('in')
    folder = mount / 'datasets' / dataset / 'documents'
    os.listdir(folder)
    mount.run(f'cp {samples.pdf()} documents/a.pdf')
    samples.write('letter', b'no document\n' * 20)
    mount.run(f'cp {samples.folder}/letter documents/letter.pdf', status=1)
    failed, = os.listdir(mount / '.lasfs/failed')
    fails(errno.EINVAL, mount.control, f'retry {failed}')
    assert os.listdir(mount / '.lasfs/failed') == [failed]
    mount.may_leave = True


def test_retry_after_the_server_takes_it_sends_it_once(lasfs, tmp_path, samples):
    from rest import Api
    from server import Server
    server = Server(tmp_path / 'small', '--quota', 'documents=1').start()
    mount = lasfs(server=server, name='limited')
    mount.allow('quota')
    api = Api(server)
    try:
        first = api.add_document(pdf(3000, seed=1))
        mount.run(f'cp "{samples.pdf("2 b.pdf", seed=2)}" documents/', status=1)
        failed, = os.listdir(mount / '.lasfs/failed')
        server.stop()
        server.arguments = []
        server.start()
        with server.watch() as seen:
            mount.control(f'retry {failed}')
        assert [r.path for r in seen.changes] == ['/documents']
        assert os.listdir(mount / '.lasfs/failed') == []
        assert '2 b.pdf.error.txt' not in os.listdir(mount / 'documents')
        other, = [d['documentId'] for d in api.documents() if d['documentId'] != first]
        assert api.content('documents/' + other) == pdf(2000, seed=2)
        mount.unmount()
    finally:
        mount.kill()
        server.stop()


def test_retry_of_what_is_not_there_is_enoent(mount):
    mount.allow('No such file')
    fails(errno.ENOENT, mount.control, 'retry 1-nothing.pdf')


def test_purge_deletes_a_datasets_documents_in_the_fewest_requests(mount, api, samples):
    os.mkdir(mount / 'datasets/in')
    dataset = api.dataset_called('in')['datasetId']
    other = api.add_document(pdf(3000))
    api.add_documents((small_pdf(i) for i in range(1200)), datasetId=dataset)
    mount.run(f'cp {samples.pdf()} datasets/in/documents/')
    with mount.server.watch() as seen:
        mount.control('purge datasets/in/documents')
    assert [(r.verb, r.path) for r in seen.all] == [('DELETE', '/documents')] * 2
    assert all('datasetId=' in r.query for r in seen.all)
    assert [d['documentId'] for d in api.documents()] == [other]
    assert os.listdir(mount / 'datasets/in/documents') == []
    mount.run('rmdir datasets/in')


def test_purge_deletes_at_most_as_many_as_it_is_told(mount, api):
    consent = f'las:consent:{5:032x}'
    api.add_documents((small_pdf(i) for i in range(20)), consentId=consent)
    mount.control(f'purge consents/{consent}/documents 7')
    assert len(api.documents()) == 13


@pytest.mark.parametrize('path', ['documents', 'datasets', '.', 'datasets/in', 'assets'])
def test_purge_of_anything_else_is_refused_and_sends_nothing(mount, api, path):
    mount.allow('Invalid argument')
    api.add_dataset('in')
    api.add_document(pdf(2000))
    with mount.server.watch() as seen:
        fails(errno.EINVAL, mount.control, f'purge {path}')
    assert not seen.changes
    assert len(api.documents()) == 1


@pytest.mark.parametrize('option,code', [('ro', errno.EROFS), ('nodelete', errno.EPERM)])
def test_purge_obeys_ro_and_nodelete(lasfs, api, option, code):
    mount = lasfs(option)
    mount.allow('.*')
    dataset = api.add_dataset('in')
    api.add_document(pdf(2000), datasetId=dataset)
    fails(code, mount.control, f'purge datasets/{dataset}/documents')
    assert len(api.documents()) == 1
    mount.control('refresh datasets')


@pytest.mark.parametrize('text', ['nothing', 'refresh', 'flush now', 'retry', 'purge', 'Flush'])
def test_what_is_no_command_is_refused_in_the_shell_too(mount, text):
    mount.allow('Invalid argument')
    assert 'Invalid argument' in mount.run(f'echo "{text}" > .lasfs/control', status=1).err
    assert 'flush' in mount.errors()


def test_several_lines_are_several_commands(mount, api):
    api.add_dataset('in')
    mount.run("printf 'refresh datasets\\n\\nflush\\n' > .lasfs/control")


def test_control_is_empty(mount):
    assert (mount / '.lasfs/control').read_text() == ''
    assert os.stat(mount / '.lasfs/control').st_mode & 0o777 == 0o200


@pytest.mark.server('--latency', '1500')
def test_pending_has_what_is_on_its_way(mount, api, samples):
    mount.allow('No such file')
    with subprocess.Popen(['cp', samples.pdf(), mount / 'documents/']) as cp:
        def pending():
            return [n for n in os.listdir(mount / '.lasfs/pending') if n.endswith('-scan.pdf')]
        name, = eventually(pending)
        assert (mount / '.lasfs/pending' / name).read_bytes() in (pdf(2000), b'')
        assert cp.wait() == 0
    eventually(lambda: os.listdir(mount / '.lasfs/pending') == [])


@pytest.mark.options('other=local')
@pytest.mark.parametrize('data', [b'', b'a text'], ids=['empty', 'kept here'])
def test_what_stays_here_is_not_pending(mount, data):
    (mount / 'documents/notes.txt').write_bytes(data)
    assert os.listdir(mount / '.lasfs/pending') == []
    mount.may_leave = True
    ended = subprocess.run([mount.command()[0], '--unmount', str(mount.path)], check=True,
                           capture_output=True, text=True, timeout=30)
    assert 'to send' not in ended.stderr and 'to be sent' not in ended.stderr
    mount.wait_for_end()
    mount.start()
    assert os.listdir(mount / 'documents') == ['notes.txt']
    assert os.listdir(mount / '.lasfs/pending') == []


def test_pending_has_no_scratch_files(mount):
    mount.may_leave = True
    (mount / 'documents/.x.swp').write_bytes(b'x')
    assert os.listdir(mount / '.lasfs/pending') == []
    os.unlink(mount / 'documents/.x.swp')


def test_metrics_count_what_is_open_and_what_is_on_its_way(lasfs, proxy, samples):
    mount = lasfs(server=proxy)

    def files():
        text = (mount / '.lasfs/metrics').read_text()
        return tuple(int(re.search(rf'^lasfs_files{{state="{state}"}} (\d+)$', text, re.M)[1])
                     for state in ('open', 'sending', 'sent'))
    proxy.fault('POST', '/documents', stall='before')
    with open(mount / 'documents/open.pdf', 'wb') as f:
        assert files() == (1, 0, 0)
        with subprocess.Popen(['cp', samples.pdf(), mount / 'documents/']) as cp:
            eventually(lambda: files() == (1, 1, 0), what='a file on its way')
            proxy.clear()
            assert cp.wait() == 0
        assert files() == (1, 0, 1)
        f.write(pdf(2000, 2))
    assert files() == (0, 0, 2)


def test_metrics_are_in_prometheus_format_and_true(mount, api, samples):
    def metrics():
        lines = (mount / '.lasfs/metrics').read_text().splitlines()
        assert all(line.startswith('# ') or len(line.split(' ')) == 2 for line in lines)
        values = dict(line.split(' ') for line in lines if not line.startswith('#'))
        helped = {line.split(' ')[2] for line in lines if line.startswith('# HELP')}
        assert {re.sub(r'(?<=_seconds)_(bucket|sum|count)$', '', name.partition('{')[0]) for name in values} == helped
        return {name: float(value) for name, value in values.items()}
    before = metrics()
    mount.run(f'cp {samples.pdf()} documents/')
    after = metrics()
    assert after['lasfs_files{state="sent"}'] == before['lasfs_files{state="sent"}'] + 1
    assert after['lasfs_requests_total'] > before['lasfs_requests_total']
    assert after['lasfs_sent_bytes_total'] > before['lasfs_sent_bytes_total'] + 2000
