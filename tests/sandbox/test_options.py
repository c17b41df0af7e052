"""The command: its options, its log, its state directory."""
import fcntl
import json
import os
import re
import signal
import subprocess
import threading

import pytest
import requests

import sandbox_server as server


def run(*options, **more):
    return subprocess.run([server.PROGRAM, *options], capture_output=True, text=True, timeout=20,
                          **more)


LOGIN = ('--client-id', 'a', '--client-secret', 'b')


@pytest.mark.parametrize('options,words', [
    (('--nonsense',), '--nonsense'), (('-x',), '-x'), (('extra',), 'extra'),
    (('--state',), '--state'), ((), '--state'), (('--page-size', '0'), '--page-size'),
    (('--page-size', 'x'), '--page-size'), (('--token-ttl', '-1'), '--token-ttl'),
    (('--latency', '1.5'), '--latency'), (('--heartbeat-timeout', '0'), '--heartbeat-timeout'),
    (('--fault', 'POST /documents'), '--fault'), (('--fault', 'POST /documents 200'), '--fault'),
    (('--fault', 'POST /documents 503 0'), '--fault'), (('--fault', '* * close 1 1'), '--fault'),
    (('--md5', 'sha1'), '--md5'), (('--print-env',), '--state'),
    (('--print-secret', '--state', 'x'), '--print-env'), (('--model-time', '-1'), '--model-time'), (('--model-time', '1s'), '--model-time'), (('--prediction-time', 'x'), '--prediction-time'), (('--quota', 'documents'), '--quota'),
    (('--quota', 'batches=1'), '--quota'), (('--quota', 'consents=1'), '--quota'),
    (('--quota', 'documents=-1'), '--quota'), (('--listen', 'localhost'), '--listen'),
    (('--listen', '127.0.0.1:99999'), '--listen'), (('--lenient=yes',), '--lenient'),
    (('--client-secret-file', '/does/not/exist'), '--client-secret-file'),
    (('--client-id', 'a:b', '--state', 'x', '--client-secret', 'c'), '--client-id')])
def test_wrong_options_are_refused_with_2(tmp_path, options, words):
    r = run(*options, cwd=tmp_path)
    assert r.returncode == 2
    assert words in r.stderr.splitlines()[0]
    assert r.stdout == ''
    assert list(tmp_path.iterdir()) == []


def test_credentials_are_needed(tmp_path):
    r = run('--state', str(tmp_path / 's'))
    assert (r.returncode, r.stdout) == (2, '')
    assert '--client-id' in r.stderr


def test_help_tells_of_every_option():
    r = run('--help')
    assert (r.returncode, r.stderr) == (0, '')
    for name in ('listen', 'state', 'client-id', 'client-secret', 'client-secret-file', 'public',
                 'latency', 'fault', 'lenient', 'file-url', 'no-inline', 'md5', 'tls', 'print-env', 'print-secret', 'import', 'seed-demo', 'heartbeat-timeout', 'model-time', 'prediction-time', 'token-ttl', 'page-size', 'quota', 'access-log', 'version'):
        assert re.search(r'^  --%s\b' % name, r.stdout, re.M), name
    assert max(len(line) for line in r.stdout.splitlines()) <= 100


def test_manual_page_tells_of_every_option():
    page = (server.ROOT / 'docs' / 'lasfs-sandbox.1').read_text()
    helped = set(re.findall(r'^  (--[a-z-]+)', run('--help').stdout, re.M))
    told = set(re.findall(r'--[a-z-]+', page[page.index('.SH OPTIONS'):].replace('\\-', '-')))
    assert len(helped) > 10
    assert told == helped


def test_manual_page_has_the_same_defaults():
    page = (server.ROOT / 'docs' / 'lasfs-sandbox.1').read_text().replace('\\-', '-')
    helped = re.findall(r'^  (--[a-z-]+) (?:(?!^  -)[\s\S])*?\(([\d.:]+)\)', run('--help').stdout, re.M)
    told = re.findall(r'^\.BI (--[a-z-]+) .*\n(?:(?!\.TP$).*\n)*?.*\(([\d.:]+)\)', page, re.M)
    assert len(helped) == 5 and sorted(told) == sorted(helped)


def test_manual_page_is_well_formed():
    r = subprocess.run(['man', '--warnings', '-E', 'UTF-8', '-l', '-Tutf8', '-Z',
                        server.ROOT / 'docs' / 'lasfs-sandbox.1'], stdout=subprocess.DEVNULL,
                       stderr=subprocess.PIPE, text=True, timeout=30)
    assert (r.returncode, r.stderr) == (0, '')


def test_version():
    r = run('--version')
    assert r.returncode == 0
    assert re.fullmatch(r'lasfs-sandbox \d+\.\d+\.\d+\n', r.stdout)


@pytest.mark.parametrize('host', ['0.0.0.0', '[::]'])
def test_beyond_loopback_needs_public(tmp_path, host):
    r = run('--state', str(tmp_path / 's'), '--listen', host + ':0', *LOGIN)
    assert r.returncode == 1
    assert '--public' in r.stderr
    assert len(r.stderr.splitlines()) == 1


def test_public_listens_beyond_loopback(tmp_path):
    p = subprocess.Popen([server.PROGRAM, '--state', tmp_path / 's', '--listen', '0.0.0.0:0',
                          '--public', *LOGIN], stdout=subprocess.PIPE, text=True)
    try:
        assert json.loads(p.stdout.readline())['apiEndpoint'].startswith('http://0.0.0.0:')
    finally:
        p.terminate()
        p.communicate()
    assert p.returncode == 0


def test_port_in_use_is_told_in_a_line(shared, tmp_path):
    port = shared.root.rsplit(':', 1)[1]
    r = run('--state', str(tmp_path / 's'), '--listen', '127.0.0.1:' + port, *LOGIN)
    assert r.returncode == 1
    assert len(r.stderr.splitlines()) == 1


def test_state_in_use_is_told_in_a_line(shared):
    r = run('--state', shared.state, *LOGIN)
    assert (r.returncode, r.stdout) == (1, '')
    assert len(r.stderr.splitlines()) == 1
    assert 'in use' in r.stderr


def test_state_that_cannot_be_made_is_told_in_a_line(tmp_path):
    (tmp_path / 'file').write_text('x')
    r = run('--state', str(tmp_path / 'file' / 's'), *LOGIN)
    assert r.returncode == 1
    assert len(r.stderr.splitlines()) == 1


def test_state_that_is_no_database_is_told_in_a_line(tmp_path):
    (tmp_path / 'sandbox.db').write_bytes(os.urandom(100000))
    r = run('--state', str(tmp_path), *LOGIN)
    assert r.returncode == 1
    assert len(r.stderr.splitlines()) == 1


def test_state_is_for_its_owner_alone(shared):
    for f in os.scandir(shared.state):
        assert f.stat().st_mode & 0o077 == 0, f.name


def test_secret_is_not_in_the_process_s_title(tmp_path):
    p = subprocess.Popen([server.PROGRAM, '--state', tmp_path / 's', '--client-id', 'a',
                          '--client-secret=very-hidden'], stdout=subprocess.PIPE, text=True)
    try:
        auth = json.loads(p.stdout.readline())['authEndpoint']
        with open('/proc/%d/cmdline' % p.pid, 'rb') as f:
            assert b'very-hidden' not in f.read()
        assert requests.post(auth + '/token', params={'grant_type': 'client_credentials'},
                             auth=('a', 'very-hidden')).status_code == 200
    finally:
        p.terminate()
        p.communicate()


def test_another_client_id_is_taken_from_the_next_start_on(start):
    s = start()
    own = s.client().get('/appClients')['appClients']
    s.stop()
    s.client_id = 'renamed'
    s.start()
    renamed = s.client().get('/appClients')['appClients']
    assert [c['appClientId'] for c in renamed] == [c['appClientId'] for c in own]
    assert renamed[0]['clientId'] == 'renamed'


@pytest.mark.parametrize('how', [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_cleanly(start, how):
    s = start()
    s.process.send_signal(how)
    assert s.process.wait(timeout=20) == 0
    s.process.communicate()
    s.process = None


# --- The access log -----------------------------------------------------------------------------

LINE = re.compile(r'(GET|POST|PATCH|DELETE|PUT) (/[^ ]*) (\d{3}) (\d+) (\d+)')


def lines(path):
    text = path.read_text()
    assert text.endswith('\n')
    return [LINE.fullmatch(line).groups() for line in text.splitlines()]


def test_access_log_has_a_line_a_request(start, tmp_path):
    log = tmp_path / 'log'
    log.write_text('')
    s = start('--access-log', str(log))
    api = s.client()
    answer = api.raw('GET', '/datasets?maxResults=3&nextToken=')
    api.raw('GET', '/no%20thing')
    api.raw('PUT', '/datasets')
    requests.get(s.api + '/datasets')
    got = lines(log)
    assert [(v, p, int(status)) for v, p, status, _, _ in got] == [
        ('POST', '/oauth2/token?grant_type=client_credentials', 200),
        ('GET', '/v1/datasets?maxResults=3&nextToken=', 200), ('GET', '/v1/no%20thing', 404),
        ('PUT', '/v1/datasets', 403), ('GET', '/v1/datasets', 403)]
    assert int(got[1][4]) == len(answer.content)


def test_access_log_is_written_before_the_answer_has_left(start, tmp_path):
    log = tmp_path / 'log'
    api = start('--access-log', str(log)).client()
    for n in range(50):
        api.raw('GET', '/datasets?n=%d' % n)
        assert lines(log)[-1][1] == '/v1/datasets?n=%d' % n


def test_access_log_tells_latency_and_is_appended_to(start, tmp_path):
    log = tmp_path / 'log'
    log.write_text('GET /before 200 0 0\n')
    start('--access-log', str(log), '--latency', '60').token()
    got = lines(log)
    assert got[0][1] == '/before'
    assert 60 <= int(got[1][3]) < 5000


def test_access_log_has_no_secret(start, tmp_path):
    log = tmp_path / 'log'
    s = start('--access-log', str(log))
    made = s.client().post('/appClients', {})
    requests.post(s.auth + '/token', params={
        'grant_type': 'client_credentials', 'client_id': made['clientId'],
        'client_secret': made['clientSecret']})
    token = s.token()
    text = log.read_text()
    assert made['clientSecret'] not in text
    assert s.client_secret not in text
    assert token not in text
    assert lines(log)[-2][1] == '/oauth2/token'


def test_access_log_that_cannot_be_opened_is_told(tmp_path):
    r = run('--state', str(tmp_path / 's'), '--access-log', str(tmp_path / 'no' / 'log'), *LOGIN)
    assert r.returncode == 1
    assert '--access-log' in r.stderr


def test_who_looks_whether_it_is_served_keeps_nobody_out(tmp_path):
    """A look has the lock for a moment; a server has it for good."""
    state = tmp_path / 'state'
    server.Server(state).start().stop()
    lock, = state.glob('*lock*')
    with open(lock) as f:
        fcntl.flock(f, fcntl.LOCK_SH)
        threading.Timer(0.05, fcntl.flock, (f.fileno(), fcntl.LOCK_UN)).start()
        s = server.Server(state).start()
    s.stop()
