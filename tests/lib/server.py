"""Starts and ends lasfs-sandbox, the server that the tests run against."""
import json
import os
import secrets
import signal
import subprocess
from pathlib import Path

import pytest

from accesslog import AccessLog

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get('LASFS_BUILD', 'build'))
if not BUILD.is_absolute():
    BUILD = ROOT / BUILD

START_SECONDS = 20
END_SECONDS = 20
SANITIZER_WORDS = ('AddressSanitizer', 'LeakSanitizer', 'ThreadSanitizer', 'runtime error:',
                   'UndefinedBehaviorSanitizer')


def program(name):
    path = BUILD / name
    assert path.exists(), f'{path} is not built'
    return str(path)


class Server:
    """One lasfs-sandbox with its state in a folder; it can be stopped and started again."""
    host = '127.0.0.1'
    within = ()  # the command that it is started by, as nsenter

    def __init__(self, folder, *arguments):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.arguments = list(arguments)
        self.client_id = 'test-' + secrets.token_hex(6)
        self.client_secret = secrets.token_urlsafe(32)
        self.secret_file = self.folder / 'secret'
        self.secret_file.write_text(self.client_secret)
        self.secret_file.chmod(0o600)
        self.log = AccessLog(self.folder / 'access.log')
        self.stderr = self.folder / 'stderr'
        self.process = None
        self.port = 0

    def start(self):
        command = [*self.within, program('lasfs-sandbox'), '--listen', f'{self.host}:{self.port}',
                   '--state', str(self.folder / 'state'), '--client-id', self.client_id,
                   '--client-secret-file', str(self.secret_file),
                   '--access-log', str(self.log.path), '--api', '2021', *self.arguments]
        with open(self.stderr, 'ab') as err:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=err,
                                            stdin=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        if not line:
            self.process.wait(START_SECONDS)
            raise AssertionError(f'lasfs-sandbox did not start: {self.stderr.read_text()}')
        ready = json.loads(line)
        self.api_endpoint, self.auth_endpoint = ready['apiEndpoint'], ready['authEndpoint']
        self.ca_file = ready.get('caFile')  # --tls
        self.port = int(self.api_endpoint.split(':')[2].split('/')[0])
        return self

    def stop(self, how=signal.SIGTERM):
        if not self.process:
            return
        process, self.process = self.process, None
        if process.poll() is None:
            process.send_signal(how)
        try:
            status = process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError('lasfs-sandbox did not end')
        finally:
            process.stdout.close()
        if how == signal.SIGKILL:
            return
        words = self.stderr.read_text()
        assert status == 0, f'lasfs-sandbox ended with {status}: {words}'
        assert not any(w in words for w in SANITIZER_WORDS), words

    def environment(self):
        """For a program that finds its credentials as the SDK does."""
        return {'LAS_CLIENT_ID': self.client_id, 'LAS_CLIENT_SECRET': self.client_secret,
                'LAS_AUTH_ENDPOINT': self.auth_endpoint, 'LAS_API_ENDPOINT': self.api_endpoint}

    def watch(self):
        return self.log.watch()


@pytest.fixture
def server(request, tmp_path):
    """A server of this test's own; @pytest.mark.server(...) gives it more arguments."""
    marker = request.node.get_closest_marker('server')
    one = Server(tmp_path / 'server', *(marker.args if marker else ()))
    one.start()
    yield one
    one.stop()
