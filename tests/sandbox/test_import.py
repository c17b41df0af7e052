"""--import fills the server from a folder; --seed-demo with something to look at."""
import base64
import json
import signal
import subprocess

import pytest
import requests

import sandbox_server as server
from terminal import Terminal
from sandbox_server import eventually

PDF = base64.b64decode(server.PDF)
JPEG = b'\xff\xd8\xff\xe0' + b'j' * 50
PNG = b'\x89PNG\r\n\x1a\n' + b'p' * 50
TIFF = b'II*\0' + b't' * 50


def run(state, *options):
    """The server's standard error, from a start and an end."""
    s = server.Server(state, *options).start()
    s.process.terminate()
    _, err = s.process.communicate(timeout=30)
    assert s.process.returncode == 0
    return err


def documents(api, **by):
    """{bytes: document}"""
    listed = api.get('/documents', **by)['documents']
    got = [api.get('/documents/' + d['documentId']) for d in listed]
    found = {base64.b64decode(d['content']): d for d in got}
    assert len(found) == len(got)
    return found


@pytest.fixture
def folder(tmp_path):
    scans = tmp_path / 'scans'
    (scans / 'invoices' / '2026').mkdir(parents=True)
    (scans / 'empty').mkdir()
    (scans / 'a.pdf').write_bytes(PDF)
    (scans / 'wrong-name.pdf').write_bytes(JPEG)
    (scans / 'invoices' / 'b').write_bytes(PNG)
    (scans / 'invoices' / '2026' / 'c.tif').write_bytes(TIFF)
    (scans / '.hidden.pdf').write_bytes(PDF + b'hidden')
    return scans


def test_files_become_documents_of_their_folders_datasets(start, folder):
    api = start('--import', str(folder)).client()
    names = {d['name']: d['datasetId'] for d in api.get('/datasets')['datasets']}
    assert set(names) == {'invoices', 'invoices/2026'}
    found = documents(api)
    assert set(found) == {PDF, JPEG, PNG, TIFF}
    assert {data: (d['contentType'], d.get('datasetId')) for data, d in found.items()} == {
        PDF: ('application/pdf', None), JPEG: ('image/jpeg', None),
        PNG: ('image/png', names['invoices']), TIFF: ('image/tiff', names['invoices/2026'])}
    assert api.get('/datasets/' + names['invoices'])['numberOfDocuments'] == 1


TRUTH = [{'label': 'total', 'value': '12.50'}, {'label': 'paid', 'value': True},
         {'label': 'due', 'value': None}]


@pytest.mark.parametrize('sidecar', [
    {'total': '12.50', 'paid': True, 'due': None}, {'total': '12.50', 'paid': True, 'due': ''},
    TRUTH, [dict(t, confidence=0.5) for t in TRUTH],
    {'predictionId': server.new_id('prediction'), 'timestamp': 1, 'predictions': [
        dict(t, confidence=0.5) for t in TRUTH]}])
def test_sidecar_is_the_ground_truth(start, folder, sidecar):
    (folder / 'invoices' / 'b.json').write_text(json.dumps(sidecar))
    api = start('--import', str(folder)).client()
    assert documents(api)[PNG]['groundTruth'] == TRUTH
    assert 'groundTruth' not in documents(api)[PDF]


def test_number_of_a_sidecar_becomes_text(start, folder):
    (folder / 'a.pdf.json').write_text('{"total": 12.5, "n": 3}')
    api = start('--import', str(folder)).client()
    assert documents(api)[PDF]['groundTruth'] == [
        {'label': 'total', 'value': '12.5'}, {'label': 'n', 'value': '3'}]


def test_what_is_left_out_is_told_and_the_rest_comes(tmp_path, folder):
    (folder / 'letter.txt').write_text('Dear Sir')
    (folder / 'nothing.pdf').write_bytes(b'')
    (folder / 'large.pdf').write_bytes(PDF + bytes(4687500))
    (folder / 'dangling.pdf').symlink_to('nowhere')
    (folder / 'lonely.json').write_text('{}')
    (folder / 'a.pdf.json').write_text('{')
    (folder / 'wrong-name.pdf.json').write_text('{"no label": "x"}')
    (folder / 'invoices' / 'b.json').write_text('"x"')
    lines = run(tmp_path / 'state', '--import', str(folder)).splitlines()
    told = {line.split(': ')[1].replace(str(folder) + '/', '') for line in lines}
    assert told == {'letter.txt', 'nothing.pdf', 'large.pdf', 'dangling.pdf', 'lonely.json',
                    'a.pdf.json', 'wrong-name.pdf.json', 'invoices/b.json'}
    assert len(lines) == len(told)
    s = server.Server(tmp_path / 'state').start()
    found = documents(s.client())
    assert set(found) == {PDF, JPEG, PNG, TIFF}
    assert not any('groundTruth' in d for d in found.values())
    s.stop()


def test_second_import_brings_only_what_is_new(start, folder):
    s = start('--import', str(folder))
    before = documents(s.client())
    api = s.client()
    api.delete('/documents/' + before[JPEG]['documentId'])
    s.stop()
    (folder / 'invoices' / 'd.pdf').write_bytes(PDF + b'new')
    api = s.start().client()
    after = documents(api)
    assert set(after) == {PDF, PNG, TIFF, PDF + b'new'}
    assert {k: after[k]['documentId'] for k in (PDF, PNG)} == {
        k: before[k]['documentId'] for k in (PDF, PNG)}
    assert after[PDF + b'new']['datasetId'] == before[PNG]['datasetId']
    assert len(api.get('/datasets')['datasets']) == 2


def test_equal_files_are_a_document_each(start, folder):
    (folder / 'again.pdf').write_bytes(PDF)
    api = start('--import', str(folder)).client()
    assert len(api.get('/documents')['documents']) == 5


def test_many_files_are_imported(start, tmp_path):
    scans = tmp_path / 'scans'
    (scans / 'many').mkdir(parents=True)
    for n in range(300):
        (scans / 'many' / ('%d.pdf' % n)).write_bytes(PDF + b'%d' % n)
    api = start('--import', str(scans)).client()
    (dataset,) = api.get('/datasets')['datasets']
    assert dataset['numberOfDocuments'] == 300


@pytest.mark.parametrize('how', [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_import_that_is_ended_goes_on_at_the_next_start(start, tmp_path, how):
    scans = tmp_path / 'scans'
    scans.mkdir()
    for n in range(400):
        (scans / ('%d.pdf' % n)).write_bytes(PDF + b'%d' % n)
    command = [server.PROGRAM, '--state', tmp_path / 'state', '--client-id', 'test-client',
               '--client-secret', 'x', '--import', scans]
    p = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wal = tmp_path / 'state' / 'sandbox.db-wal'
    eventually(lambda: wal.exists() and wal.stat().st_size > 300000)
    p.send_signal(how)
    out, err = p.communicate(timeout=30)
    if not out:  # else it was done already
        assert p.returncode == (-9 if how == signal.SIGKILL else 1)
        assert len(err.splitlines()) == (how != signal.SIGKILL)
    api = start('--import', str(scans)).client()
    found = [d['documentId'] for page in api.pages('/documents') for d in page['documents']]
    assert len(found) == 400
    contents = {api.get('/documents/' + d)['content'] for d in found}
    assert len(contents) == 400


def test_folder_that_is_not_there_is_told_in_a_line(tmp_path):
    r = subprocess.run([server.PROGRAM, '--state', tmp_path / 's', '--client-id', 'a',
                        '--client-secret', 'b', '--import', tmp_path / 'none'],
                       capture_output=True, text=True, timeout=20)
    assert (r.returncode, r.stdout) == (1, '')
    assert len(r.stderr.splitlines()) == 1 and '--import' in r.stderr


def test_folder_that_links_to_itself_comes_to_an_end(tmp_path, folder):
    (folder / 'invoices' / 'up').symlink_to('..')
    err = run(tmp_path / 'state', '--import', str(folder))
    assert err.splitlines() and all('up' in line for line in err.splitlines())


# --- The demo -----------------------------------------------------------------------------------


def test_demo_has_something_of_each(start, tmp_path):
    api = start('--seed-demo').client()
    datasets = {d['name']: d for d in api.get('/datasets')['datasets']}
    assert {n: d['numberOfDocuments'] for n, d in datasets.items()} == {
        'invoices': 4, 'receipts': 2}
    (model,) = api.get('/models')['models']
    assert model['status'] == 'active'
    eventually(lambda: api.get('/models/%s/dataBundles' % model['modelId'], status='ready')[
        'dataBundles'])
    assert sorted(t['transitionType'] for t in api.get('/transitions')['transitions']) == [
        'docker', 'manual']
    for n, data in enumerate(documents(api)):
        file = tmp_path / ('%d.pdf' % n)
        file.write_bytes(data)
        text = subprocess.run(['pdftotext', file, '-'], capture_output=True, text=True)
        assert (text.returncode, text.stderr) == (0, '')
        assert 'Total NOK' in text.stdout


def test_demo_s_model_knows_what_the_documents_say(start):
    api = start('--seed-demo').client()
    (model,) = api.get('/models')['models']
    known = [d for d in api.get('/documents')['documents'] if 'groundTruth' in d]
    answer = api.post('/predictions', {'documentId': known[0]['documentId'],
                                       'modelId': model['modelId']})
    assert {p['label']: p['value'] for p in answer['predictions']} == {
        t['label']: t['value'] for t in known[0]['groundTruth']}


def test_demo_s_model_was_trained_where_models_are(start):
    """Today a model is what came of a training; nobody waits for the demo's."""
    s = start('--seed-demo', '--api', '2024', '--model-time', '3600')
    token = {'Authorization': 'Bearer ' + s.token()}

    def today(verb, path, body=None):
        answer = requests.request(verb, s.api + path, json=body, headers=token)
        assert answer.status_code == 200, answer.text
        return answer.json()
    (model,) = today('GET', '/models')['models']
    (training,) = today('GET', '/models/%s/trainings' % model['modelId'])['trainings']
    (bundle,) = today('GET', '/models/%s/dataBundles' % model['modelId'])['dataBundles']
    assert (model['status'], model['trainingId']) == ('active', training['trainingId'])
    assert (training['status'], training['dataBundleIds']) == ('succeeded', [bundle['dataBundleId']])
    assert model['numberOfRunningTrainings'] == 0
    known = next(d for d in today('GET', '/documents')['documents'] if d.get('groundTruth'))
    answer = today('POST', '/predictions', {'documentId': known['documentId'], 'modelId': model['modelId']})
    assert {p['label']: p['value'] for p in answer['predictions']} == {
        t['label']: t['value'] for t in known['groundTruth']}


def test_demo_s_execution_waits_for_somebody(start):
    api = start('--seed-demo').client()
    (workflow,) = api.get('/workflows')['workflows']
    (run_,) = api.get('/workflows/%s/executions' % workflow['workflowId'])['executions']
    manual = next(t['transitionId'] for t in api.get('/transitions')['transitions']
                  if t['transitionType'] == 'manual')
    path = '/transitions/%s/executions' % manual
    claimed = eventually(lambda: api.raw('POST', path, json={}).json().get('executionId'))
    task = api.get('%s/%s' % (path, claimed))
    assert api.get('/documents/' + task['input']['documentId'])
    api.patch('%s/%s' % (path, claimed), {'status': 'succeeded', 'output': {'ok': True}})
    ended = api.get('/workflows/%s/executions/%s' % (workflow['workflowId'], run_['executionId']))
    assert (ended['status'], ended['output']) == ('succeeded', {'ok': True})


def test_demo_comes_once_and_not_where_there_is_something(start):
    s = start('--seed-demo')
    api = s.client()
    before = api.get('/documents'), api.get('/datasets')
    s.stop()
    api = s.start().client()
    assert (api.get('/documents'), api.get('/datasets')) == before
    other = start(state=s.state + '-other')
    other.client().post('/datasets', {'name': 'mine'})
    other.stop()
    other.options.append('--seed-demo')
    assert len(other.start().client().get('/datasets')['datasets']) == 1


def many(tmp_path, n):
    """Enough for more than a second, one of them no document."""
    folder = tmp_path / 'many'
    folder.mkdir()
    for i in range(n):
        (folder / f'{i:05}.pdf').write_bytes(PDF + b'%d' % i)
    (folder / '00001.txt').write_text('not one')
    return folder


def test_an_import_says_on_a_terminal_how_far_it_is(tmp_path):
    folder = many(tmp_path, 20000)
    command = [server.PROGRAM, '--state', tmp_path / 'state', '--client-id', 'a',
               '--client-secret', 'b', '--import', folder]
    with Terminal(command) as terminal:
        eventually(lambda: len(terminal.shown) > 2)
        terminal.process.terminate()
        assert terminal.wait(30) == 1
    counts = [int(line.split()[2]) for line in terminal.shown if ' of 20001 files' in line]
    assert len(counts) > 2 and counts == sorted(set(counts)) and 0 < counts[0] < counts[-1] < 20001
    assert terminal.left == [f'lasfs-sandbox: {folder}/00001.txt: is no PDF, JPEG, PNG or TIFF',
                             'lasfs-sandbox: ended before all was imported']
