"""Debian's nginx before lasfs-sandbox: TLS with certificates of a CA of our own, HTTP/2, gzip."""
import http.client
import itertools
import shutil
import socket
import ssl
import subprocess
from urllib.parse import urlsplit

from mounted import eventually

CONFIG = '''
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
    map $http_authorization $bearer {{ default bearer; "" none; }}
    log_format told '$server_port $connection $connection_requests $server_protocol $status '
                    '$request_method $uri $bearer encoding=$sent_http_content_encoding';
    access_log {folder}/access.log told;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    client_max_body_size 20m;
    keepalive_requests 10000;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    gzip on;
    gzip_types application/json;
    gzip_proxied any;
    gzip_min_length 1;
    server {{
        listen 127.0.0.1:{port} ssl http2;
        server_name localhost;
        {locations}
        location / {{
            proxy_pass http://127.0.0.1:{upstream};
            proxy_http_version 1.1;
        }}
    }}
    server {{
        listen 127.0.0.1:{other_port} ssl http2;
        server_name 127.0.0.1;
        location / {{
            proxy_pass http://127.0.0.1:{upstream};
        }}
    }}
}}
'''


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def openssl(*arguments):
    subprocess.run(['openssl', *map(str, arguments)], check=True, capture_output=True)


class Authority:
    """A CA; its certificates are for the names that they are asked for."""

    def __init__(self, folder, name='the CA of this test'):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.certificate, self.key = folder / 'ca.pem', folder / 'ca.key'
        openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1',
                '-nodes', '-keyout', self.key, '-out', self.certificate, '-days', '2',
                '-subj', f'/CN={name}')

    def issue(self, name, names='DNS:localhost,IP:127.0.0.1', days=2):
        """Paths of a certificate and its key; days below 0: it has expired."""
        certificate, key = self.folder / f'{name}.pem', self.folder / f'{name}.key'
        request, more = self.folder / f'{name}.csr', self.folder / f'{name}.ext'
        more.write_text(f'subjectAltName={names}\n')
        openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
                '-keyout', key, '-out', request, '-subj', '/CN=lasfs test')
        openssl('x509', '-req', '-in', request, '-CA', self.certificate, '-CAkey', self.key,
                '-days', days, '-extfile', more, '-out', certificate)
        return certificate, key


class Told:
    """A line of nginx's log."""

    def __init__(self, line):
        (self.port, self.connection, number, self.protocol, status, self.verb, self.path,
         self.bearer, encoding) = line.split(' ')
        self.port, self.number, self.status = int(self.port), int(number), int(status)
        self.encoding = encoding.partition('=')[2]

    def __repr__(self):
        return ' '.join(map(str, self.__dict__.values()))


class Front:
    """Stands where a server.Server stands; what is not said here, that one says."""

    def __init__(self, server, folder, certificate, key, locations=''):
        self.server, self.folder = server, folder
        folder.mkdir(parents=True)
        self.port, self.other_port = free_port(), free_port()
        self.own_port, self.marks = self.port, itertools.count()
        self.config = folder / 'nginx.conf'
        self.config.write_text(CONFIG.format(
            folder=folder, certificate=certificate, key=key, port=self.port,
            other_port=self.other_port, upstream=server.port,
            locations=locations.replace('OTHER_PORT', str(self.other_port))))
        self.errors = folder / 'stderr'
        with open(self.errors, 'wb') as err:
            self.process = subprocess.Popen(
                [shutil.which('nginx', path='/usr/sbin:/usr/bin'), '-p', str(folder), '-c',
                 str(self.config)], stdin=subprocess.DEVNULL, stdout=err, stderr=err)
        eventually(self.listens, 10, 'the start of nginx')
        self.api_endpoint = self.through(server.api_endpoint)
        self.auth_endpoint = self.through(server.auth_endpoint)

    def __getattr__(self, name):
        return getattr(self.server, name)

    def listens(self):
        assert self.process.poll() is None, self.errors.read_text()
        with socket.socket() as s:
            return s.connect_ex(('127.0.0.1', self.port)) == 0

    def through(self, url):
        return f'https://localhost:{self.port}{urlsplit(url).path}'

    def environment(self):
        return {**self.server.environment(), 'LAS_API_ENDPOINT': self.api_endpoint,
                'LAS_AUTH_ENDPOINT': self.auth_endpoint}

    def told(self):
        """What it was asked for and has answered. It writes a line after the answer has gone: a request of
        our own, of which the line comes, has all others before it."""
        mark = f'/told-{next(self.marks)}'
        asked = http.client.HTTPSConnection('127.0.0.1', self.own_port, timeout=10,
                                            context=ssl._create_unverified_context())
        asked.request('HEAD', mark)
        asked.getresponse().read()
        asked.close()
        lines = eventually(lambda: self.lines_with(mark), 10, 'a line in the log of nginx')
        return [told for told in map(Told, lines) if not told.path.startswith('/told-')]

    def lines_with(self, mark):
        """All of the log, once it has a line of that path."""
        lines = (self.folder / 'access.log').read_text().splitlines()
        return lines if any(f' {mark} ' in line for line in lines) else None

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
