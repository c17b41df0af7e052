"""--tls: https with a certificate of its own, and --print-env: how to use the server."""
import os
import signal
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path

import pytest
import requests

import sandbox_server as server

GRANT = 'grant_type=client_credentials'


@pytest.fixture(scope='module')
def secure(tmp_path_factory):
    s = server.Server(tmp_path_factory.mktemp('tls') / 'state', '--tls', '--api', '2024').start()
    yield s
    s.stop()


def run(*command, env=None, **more):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=30,
                          env=env, **more)


def port(s):
    return int(s.root.rsplit(':', 1)[1])


def certificate(s):
    return Path(s.state) / 'certificate.pem'


# --- https ---------------------------------------------------------------------------------------


def test_the_line_says_https_and_what_to_trust(secure):
    assert secure.api.startswith('https://') and secure.auth.startswith('https://')
    assert secure.verify == str(certificate(secure))
    assert 'BEGIN CERTIFICATE' in certificate(secure).read_text()


def test_the_key_is_for_its_owner_alone(secure):
    for f in os.scandir(secure.state):
        assert f.stat().st_mode & 0o077 == 0, f.name
    for f in Path(secure.state).glob('*.pem'):
        assert ('PRIVATE' in f.read_text()) == (f.name == 'certificate-key.pem')


def test_curl_trusts_it(secure):
    ask = 'curl', '-sS', '-u', f'{secure.client_id}:{secure.client_secret}', '-d', GRANT
    for host in ('127.0.0.1', 'localhost'):
        url = f'https://{host}:{port(secure)}/oauth2/token'
        r = run(*ask, '--cacert', certificate(secure), url)
        assert '"access_token"' in r.stdout, r.stderr
    assert run(*ask, url).returncode == 60  # it cannot be verified
    assert run(*ask, '--cacert', certificate(secure),
               f'https://other.example:{port(secure)}/oauth2/token', '--resolve',
               f'other.example:{port(secure)}:127.0.0.1').returncode == 60


def test_requests_trust_it(secure, monkeypatch):
    url = secure.auth + '/token?' + GRANT
    login = secure.client_id, secure.client_secret
    with pytest.raises(requests.exceptions.SSLError):
        requests.post(url, auth=login)
    monkeypatch.setenv('REQUESTS_CA_BUNDLE', str(certificate(secure)))
    assert requests.post(url, auth=login).status_code == 200


def test_the_api_and_the_file_server_are_https(secure):
    session = secure.client().session
    made = session.post(secure.api + '/documents', json={}).json()
    assert made['fileUrl'].startswith(secure.root + '/')
    data = b'%PDF-1.4' + os.urandom(3 << 20)
    assert session.put(made['fileUrl'], data=data).status_code == 200
    assert session.get(made['fileUrl']).content == data


def test_without_tls_nothing_is_answered(secure):
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(f'http://127.0.0.1:{port(secure)}/v1/documents')


def shake(s, version):
    context = ssl.create_default_context(cafile=certificate(s))
    context.set_ciphers('ALL:@SECLEVEL=0')
    context.minimum_version = context.maximum_version = version
    with socket.create_connection(('127.0.0.1', port(s)), timeout=20) as raw:
        with context.wrap_socket(raw, server_hostname='localhost') as c:
            return c.version()


@pytest.mark.filterwarnings('ignore::DeprecationWarning')
def test_versions(secure):
    assert shake(secure, ssl.TLSVersion.TLSv1_3) == 'TLSv1.3'
    assert shake(secure, ssl.TLSVersion.TLSv1_2) == 'TLSv1.2'
    with pytest.raises(ssl.SSLError):
        shake(secure, ssl.TLSVersion.TLSv1_1)


def test_who_never_shakes_hands_stops_nobody(secure):
    silent = [socket.create_connection(('127.0.0.1', port(secure))) for _ in range(300)]
    try:
        assert secure.token()
    finally:
        for s in silent:
            s.close()


def test_many_at_once(secure):
    token, got = secure.token(), []

    def ask():
        got.append(secure.client(token).raw('GET', '/datasets').status_code)

    threads = [threading.Thread(target=ask) for _ in range(24)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert got == [200] * 24


def test_it_ends_while_somebody_is_connected(start):
    s = start('--tls')
    session = s.client().session
    session.get(s.api + '/datasets')
    with socket.create_connection(('127.0.0.1', port(s))):
        began = time.monotonic()
        s.stop()
    assert time.monotonic() - began < 10


# --- The certificate is kept ---------------------------------------------------------------------


def restarted(start, s, change=None):
    """The certificate's text before and after; clients can use what is there in any case."""
    before = certificate(s).read_text()
    s.stop()
    if change:
        change(Path(s.state))
    s.start()
    s.token()
    return before, certificate(s).read_text()


def test_it_is_the_same_after_a_restart(start):
    before, after = restarted(start, start('--tls'))
    assert before == after


def openssl(*arguments, **more):
    return subprocess.run(['openssl', *arguments], check=True, capture_output=True, **more).stdout


def expire(state):
    key = state / 'certificate-key.pem'
    request = openssl('req', '-new', '-key', key, '-subj', '/CN=x', '-addext',
                      'subjectAltName=DNS:localhost,IP:127.0.0.1')
    (state / 'certificate.pem').write_bytes(openssl(
        'x509', '-req', '-days', '29', '-signkey', key, '-copy_extensions', 'copy', input=request))


def rename(state):
    key = state / 'certificate-key.pem'
    (state / 'certificate.pem').write_bytes(openssl(
        'req', '-x509', '-new', '-days', '300', '-key', key, '-subj', '/CN=x', '-addext',
        'subjectAltName=DNS:other.example'))


def another_key(state):
    (state / 'certificate-key.pem').write_bytes(openssl('ecparam', '-genkey', '-name', 'prime256v1'))


@pytest.mark.parametrize('change', [
    lambda state: (state / 'certificate.pem').unlink(),
    lambda state: (state / 'certificate-key.pem').unlink(),
    lambda state: (state / 'certificate-key.pem').write_text('x'),
    lambda state: (state / 'certificate.pem').write_text(''),
    lambda state: (state / 'certificate.pem').write_text('x' * 100000),
    another_key, expire, rename])
def test_one_that_does_not_do_is_made_anew(start, change):
    before, after = restarted(start, start('--tls'), change)
    assert 'BEGIN CERTIFICATE' in after and before != after


def test_a_key_that_others_can_write_is_refused(start):
    s = start('--tls')
    s.stop()
    (Path(s.state) / 'certificate-key.pem').chmod(0o666)
    with pytest.raises(RuntimeError, match='certificate-key.pem'):
        s.start()
    s.process = None


def test_a_name_of_its_own_is_in_the_certificate(tmp_path):
    p = subprocess.Popen([server.PROGRAM, '--tls', '--state', tmp_path / 's', '--listen', '127.0.0.2:0',
                          '--client-id', 'a', '--client-secret', 'b'], stdout=subprocess.PIPE)
    try:
        assert b'https://127.0.0.2:' in p.stdout.readline()
        names = openssl('x509', '-in', tmp_path / 's/certificate.pem', '-noout', '-ext', 'subjectAltName')
        assert b'127.0.0.2' in names and b'127.0.0.1' in names and b'localhost' in names
    finally:
        p.terminate()
        p.communicate()


def test_without_tls_there_is_none(start):
    s = start()
    assert s.root.startswith('http://') and s.verify is True
    assert not list(Path(s.state).glob('*.pem'))


# --- --print-env ---------------------------------------------------------------------------------


@pytest.fixture
def secret_file(secure, tmp_path):
    file = tmp_path / "it's a secret"
    file.write_text(secure.client_secret + '\n')
    return file


def print_env(s, *options):
    return run(server.PROGRAM, '--state', s.state, '--print-env', *options)


def evaluated(lines):
    """What sh makes of them, beside what it has by itself."""
    r = run('env', '-i', 'PATH=/usr/bin:/bin', 'sh', '-ec', lines + '\nenv -0')
    assert r.returncode == 0, r.stderr
    return dict(pair.split('=', 1) for pair in r.stdout.split('\0') if pair)


def test_a_shell_gets_what_clients_need(secure, secret_file):
    r = print_env(secure, '--client-secret-file', secret_file)
    assert (r.returncode, r.stderr) == (0, '')
    assert secure.client_secret not in r.stdout
    got = evaluated(r.stdout)
    assert got['LAS_CLIENT_ID'] == secure.client_id
    assert got['LAS_CLIENT_SECRET'] == secure.client_secret
    assert got['LAS_API_ENDPOINT'] == secure.api
    assert 'https://' + got['LAS_AUTH_ENDPOINT'] == secure.auth
    assert {got[n] for n in ('REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE')} == {str(certificate(secure))}
    assert f"# lasfs -o cacert='{certificate(secure)}' MOUNTPOINT" in r.stdout
    ask = 'curl -sS -u "$LAS_CLIENT_ID:$LAS_CLIENT_SECRET" -d ' + GRANT + \
        ' "https://$LAS_AUTH_ENDPOINT/token"'
    assert '"access_token"' in run('bash', '-c', ask, env={**os.environ, **got}).stdout


def test_the_secret_is_printed_where_that_is_asked_for(secure, secret_file):
    r = print_env(secure, '--client-secret-file', secret_file, '--print-secret')
    assert evaluated(r.stdout)['LAS_CLIENT_SECRET'] == secure.client_secret
    assert str(secret_file) not in r.stdout


def test_no_secret_where_none_is_known(secure):
    for more in ([], ['--client-secret', 'hidden-word'], ['--client-secret-file', '/dev/stdin']):
        r = run(server.PROGRAM, '--state', secure.state, '--print-env', *more, input='hidden-word')
        assert r.returncode == 0 and 'hidden-word' not in r.stdout
        assert 'LAS_CLIENT_SECRET' not in evaluated(r.stdout)
    r = print_env(secure, '--print-secret')
    assert (r.returncode, r.stdout) == (1, '')
    assert '--client-secret-file' in r.stderr


@pytest.mark.parametrize('name', ["it's", '$(id)', 'a b;c', '`id`', 'x"y', 'a\\b'])
def test_what_a_shell_would_take_for_its_own_is_quoted(start, tmp_path, name):
    state = tmp_path / name
    s = start('--tls', state=state, client_id=name, client_secret=name + '2')
    (state / 'secret').write_text(name + '2')
    got = evaluated(print_env(s, '--client-secret-file', state / 'secret').stdout)
    assert (got['LAS_CLIENT_ID'], got['LAS_CLIENT_SECRET']) == (name, name + '2')
    assert got['REQUESTS_CA_BUNDLE'] == str(certificate(s))


def test_no_line_of_a_name_is_run(start, tmp_path):
    s = start('--tls', state=tmp_path / 'a\nexport INJECTED=1\n#')
    got = evaluated(print_env(s).stdout)
    assert 'INJECTED' not in got
    assert got['REQUESTS_CA_BUNDLE'] == str(certificate(s))


def test_plain_http_says_that_the_sdk_cannot(start):
    s = start()
    got = print_env(s)
    env = evaluated(got.stdout)
    assert (env['LAS_AUTH_ENDPOINT'], env['LAS_API_ENDPOINT']) == (s.auth, s.api)
    assert 'REQUESTS_CA_BUNDLE' not in env
    assert '--tls' in got.stdout


def test_nobody_serves(start, tmp_path):
    s = start()
    s.stop()
    for state in (s.state, tmp_path / 'nothing'):
        r = run(server.PROGRAM, '--state', state, '--print-env')
        assert (r.returncode, r.stdout) == (1, '')
        assert r.stderr == f'lasfs-sandbox: {state}: no lasfs-sandbox serves it now\n'
    assert not (tmp_path / 'nothing').exists()


def test_what_one_left_that_was_killed_is_not_believed(start):
    s = start()
    s.process.send_signal(signal.SIGKILL)
    s.process.communicate()
    s.process = None
    assert (Path(s.state) / 'endpoints.json').exists()
    assert print_env(s).returncode == 1
    s.start()
    assert evaluated(print_env(s).stdout)['LAS_API_ENDPOINT'] == s.api


def test_who_asks_changes_nothing(secure):
    before = sorted(os.listdir(secure.state))
    print_env(secure)
    assert sorted(os.listdir(secure.state)) == before
