"""What is measured on: a server with documents, and the programs that read them."""
import base64
import hashlib
import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from mounted import Mount
from rest import Api
from server import Server

TICKS = os.sysconf('SC_CLK_TCK')
PARALLEL = 16
AT_ONCE = ('--parallel', '--parallel-max', str(PARALLEL))


def scan(size):
    return b'%PDF-1.4\n' + os.urandom(size - 15) + b'%%EOF\n'


class Place:
    """A lasfs-sandbox with documents of one size in it; ids and digests in the order of its list."""

    def __init__(self, folder, options):
        self.folder, self.count, self.size = Path(folder), options.documents, options.size
        self.server = Server(self.folder / 'server')
        self.server.start()
        try:
            self.fill(options)
            self.api = Api(self.server)
        except BaseException:
            self.server.stop()
            raise

    def fill(self, options):
        api, digests = Api(self.server), {}
        for _ in range(options.documents):
            data = scan(self.size)
            digests[api.add_document(data)] = hashlib.sha256(data).hexdigest()
        self.ids = [d['documentId'] for d in api.documents()]
        self.digests = [digests[i] for i in self.ids]

    def stop(self):
        self.server.stop()

    # --- What else somebody would take ------------------------------------------------------------

    def read_as_the_sdk(self, threads):
        """It asks for each by a connection of its own, and decodes."""
        def read(number):
            answer = requests.get(f'{self.server.api_endpoint}/documents/{self.ids[number]}', timeout=60,
                                  headers={'Authorization': f'Bearer {self.api.token}'})
            content = base64.b64decode(answer.json()['content'])
            assert hashlib.sha256(content).hexdigest() == self.digests[number]
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(read, range(self.count)))

    def curl_requests(self, config, asked, *options):
        """One curl that asks so: verb, path and what is sent, a file, a text or None, of each."""
        blocks = []
        for verb, path, body in asked:
            lines = [f'url = "{self.server.api_endpoint}/{path}"', f'request = "{verb}"',
                     f'header = "Authorization: Bearer {self.api.token}"', 'output = "/dev/null"', 'no-progress-meter',
                     'fail', 'show-error']
            if body is not None:
                data = f'@{body}' if isinstance(body, Path) else body.replace('"', '\\"')
                lines += [f'data = "{data}"', 'header = "Content-Type: application/json"', 'header = "Expect:"']
            blocks.append('\n'.join(lines))
        config.write_text('\nnext\n'.join(blocks) + '\n')
        return ['curl', *options, '-K', str(config)]

    # --- Readers --------------------------------------------------------------------------------

    def curl(self, folder, *options):
        """All documents with one curl; the answers are files of folder."""
        folder.mkdir()
        lines = [f'header = "Authorization: Bearer {self.api.token}"', 'no-progress-meter', 'fail', 'show-error']
        for i in self.ids:
            lines += [f'url = "{self.server.api_endpoint}/documents/{i}"', f'output = "{folder / i}"']
        config = folder / 'config'
        config.write_text('\n'.join(lines) + '\n')
        return ['curl', *options, '-K', str(config)]

    def check_curl(self, folder):
        for i, digest in zip(self.ids, self.digests):
            content = base64.b64decode(json.loads((folder / i).read_bytes())['content'])
            assert hashlib.sha256(content).hexdigest() == digest, i

    def mount(self, folder, *options):
        return Mapped(self, folder, *options)


class Mapped(Mount):
    """A mount, and how its documents are read."""

    def __init__(self, place, folder, *options):
        super().__init__(place.server, folder, *options)
        self.place = place
        self.start()

    def paths(self):
        return [f'documents/{i}/content' for i in self.place.ids]

    def check(self):
        for path, digest in zip(self.paths(), self.place.digests):
            assert hashlib.sha256((self / path).read_bytes()).hexdigest() == digest, path

    def cpu(self):
        """Seconds that the daemon has run, those of the system too."""
        fields = Path(f'/proc/{self.process.pid}/stat').read_text().rpartition(')')[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    @staticmethod
    def gets(watch):
        return watch.count('GET', '/documents/las:document:.*')


def run(command, cwd=None, words=None):
    subprocess.run(command, cwd=cwd, input=words, stdout=subprocess.DEVNULL, check=True, text=True)


def output(command):
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout


def cat(folder, paths):
    run(['xargs', 'cat'], folder, '\n'.join(paths) + '\n')


def cat_parallel(folder, paths):
    run(['xargs', '-P', str(PARALLEL), '-n', '1', 'cat'], folder, '\n'.join(paths) + '\n')
