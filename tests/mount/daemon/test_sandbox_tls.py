"""lasfs on a sandbox that is https, by the certificate that this one makes."""
import os
import subprocess

import pytest

from samples import pdf
from server import program

pytestmark = pytest.mark.server('--tls', '--api', '2024')


def test_a_mount_that_trusts_it(lasfs, server, api):
    mount = lasfs(f'cacert={server.ca_file}')
    data = pdf(900)
    (mount / 'documents/scan.pdf').write_bytes(data)
    assert (mount / 'documents/scan.pdf').read_bytes() == data
    listed = api.get('documents')['documents']
    assert len(listed) == 1
    url = api.get('documents/' + listed[0]['documentId'])['fileUrl']
    assert url.startswith('https://')
    assert api.session.get(url, headers=api.headers()).content == data


def test_the_bytes_of_another_client_are_read_over_https(lasfs, server, api):
    made = api.post('documents')
    api.session.put(made['fileUrl'], data=pdf(5000), headers=api.headers())
    mount = lasfs(f'cacert={server.ca_file}')
    assert (mount / 'documents' / made['documentId'] / 'content').read_bytes() == pdf(5000)


def test_a_mount_that_does_not_trust_it_says_so(server, tmp_path):
    (tmp_path / 'mnt').mkdir()
    env = {**os.environ, **server.environment(), 'HOME': str(tmp_path), 'LC_ALL': 'C.UTF-8'}
    r = subprocess.run([program('lasfs'), '-f', '-o', f'state={tmp_path}/state', tmp_path / 'mnt'],
                       env=env, capture_output=True, text=True, timeout=60)
    assert r.returncode != 0
    assert 'certificate' in r.stderr
