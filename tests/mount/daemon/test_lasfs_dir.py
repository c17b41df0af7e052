""".lasfs: the daemon itself, as files."""
import os
import re

import pytest

from samples import pdf


def test_it_has_its_files(mount):
    assert {'status', 'errors', 'refresh', 'failed'} <= set(os.listdir(mount / '.lasfs'))


def test_status_is_a_page_for_people(mount, api):
    text = (mount / '.lasfs/status').read_text()
    assert mount.server.api_endpoint in text
    assert str(mount.process.pid) in text
    assert mount.server.client_secret not in text
    assert all(len(line) < 100 for line in text.splitlines())


def test_status_counts_requests(mount, api):
    def requests():
        return int(re.search(r'^requests\s+(\d+)', (mount / '.lasfs/status').read_text(), re.M)[1])
    before = requests()
    os.listdir(mount / 'datasets')
    assert requests() == before + 1


def test_errors_is_empty_at_first(mount):
    assert mount.errors() == ''


def test_what_is_not_there_is_no_error_to_write_down(mount):
    assert not os.path.exists(mount / 'documents/nothing.pdf')
    mount.run('ls datasets/nothing', status=2)
    assert mount.errors() == ''


def test_an_error_has_time_path_operation_status_and_the_apis_words(mount, api):
    mount.allow('Invalid argument')
    mount.may_leave = True  # what was refused
    document = api.add_document(pdf(2000))
    path = mount / 'documents' / document / 'groundTruth.json'
    with pytest.raises(OSError):
        path.write_text('[{"label": "not a label!", "value": "1"}]')
    lines = mount.errors().splitlines()
    assert len(lines) == 1, lines
    assert re.match(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d', lines[0])
    assert f'documents/{document}/groundTruth.json' in lines[0]
    assert 'Invalid argument' in lines[0]


def test_a_refusal_of_the_server_is_quoted(lasfs, api):
    mount = lasfs('list_ttl=3600', 'meta_ttl=3600')
    mount.allow('404', 'No such file')
    mount.may_leave = True  # what was refused
    dataset = api.add_dataset('a')
    (mount / 'datasets' / dataset / 'name').read_text()
    api.delete('datasets/' + dataset)
    with pytest.raises(OSError):
        (mount / 'datasets' / dataset / 'name').write_text('b\n')
    line = mount.errors().splitlines()[-1]
    assert '404' in line


def test_it_costs_no_request(mount):
    with mount.server.watch() as seen:
        mount.run('ls -lR .lasfs && cat .lasfs/status .lasfs/errors')
    assert not seen.all


def test_failed_is_empty_at_first(mount):
    assert os.listdir(mount / '.lasfs/failed') == []


def test_nothing_can_be_made_in_it(mount):
    mount.allow('not permitted', 'denied', 'Permission')
    for command in ('touch .lasfs/new', 'mkdir .lasfs/new', 'rm .lasfs/status',
                    'touch .lasfs/failed/new'):
        assert mount.run(command, status=1).err


def test_the_readme_is_read_only(mount):
    mount.allow('not permitted', 'denied', 'Permission')
    assert 'documents' in (mount / 'README').read_text()
    mount.run('echo x > README', status=1)
    mount.run('rm -f README', status=1)
    assert os.stat(mount / 'README').st_size == len((mount / 'README').read_bytes())
