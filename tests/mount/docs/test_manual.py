"""What docs/lasfs.1 says of exit statuses, of where things are kept, of back-ups and other machines."""
import json
import os
import re
import shutil
import subprocess

import pytest
import requests

from mounted import COMMAND_SECONDS, eventually, mount_type
from samples import pdf
from server import ROOT, program


def ran(mount, *arguments, **more):
    return subprocess.run([program('lasfs'), *map(str, arguments)], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=COMMAND_SECONDS, check=False,
                          cwd=mount.folder, env={**mount.environment(), **more})


# --- EXIT STATUS -------------------------------------------------------------------------------

@pytest.mark.parametrize('status, arguments', [
    (0, ['--help']), (0, ['--version']),
    (1, ['no-such-folder']), (1, ['-o', 'credentials=none.cfg', 'mnt']), (1, ['-p', 'nobody', 'mnt']),
    (1, ['--unmount', '.']), (1, ['--unmount', 'no-such-folder']), (1, ['status', '.']),
    (1, ['flush', '.']), (1, ['retry', '.', 'all']), (1, ['purge', '.', 'documents']),
    (1, ['errors', '.']),
    (2, []), (2, ['--nonsense', 'mnt']), (2, ['-o', 'nonsense', 'mnt']), (2, ['-o', 'list=x', 'mnt']),
    (2, ['--unmount']), (2, ['a', 'b', 'mnt']), (2, ['status']), (2, ['purge', 'mnt'])],
    ids=lambda value: ' '.join(value) or 'nothing' if isinstance(value, list) else str(value))
def test_each_command_line_has_its_status_and_its_words(lasfs, status, arguments):
    mount = lasfs(start=False)
    one = ran(mount, *arguments)
    assert one.returncode == status, one
    assert (one.stdout != '', one.stderr != '') == (status == 0, status > 0)
    assert status != 1 or all(line.startswith('lasfs: ') for line in one.stderr.splitlines())
    assert not mount_type(mount.path)


def test_a_mount_and_its_end_have_0(lasfs):
    mount = lasfs(start=False)
    for arguments in (['-o', f'state={mount.state}', mount.path], ['status', mount.path],
                      ['flush', mount.path], ['--unmount', mount.path]):
        one = ran(mount, *arguments)
        assert one.returncode == 0 and one.stderr == '', one
    assert not mount_type(mount.path)


def test_a_command_has_a_line_for_each_thing_that_it_did_not_do(mount):
    mount.allow('.')
    for arguments, words in ((['retry', mount.path, '7-a.pdf', '8-b.pdf'], ('7-a.pdf', '8-b.pdf')),
                             (['purge', mount.path, 'assets'], ('assets',)),
                             (['purge', mount.path, 'datasets/none/documents'], ('none',))):
        one = ran(mount, *arguments)
        lines = one.stderr.splitlines()
        assert (one.returncode, len(lines)) == (1, len(words)), one
        assert all(word in line for word, line in zip(words, lines)), one


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can become another user')
def test_one_who_may_not_unmount_has_1(lasfs, passable, tmp_path):
    mount = lasfs('allow_other', 'umask=022')
    own = shutil.copy(program('lasfs'), tmp_path / 'lasfs')
    one = subprocess.run([own, '--unmount', mount.path], user=65534, group=65534, extra_groups=[],
                         capture_output=True, text=True, check=False, timeout=COMMAND_SECONDS, cwd='/')
    assert one.returncode == 1, one
    assert one.stderr.splitlines()[-1].startswith(f'lasfs: cannot unmount {mount.path}: '), one
    assert mount.alive


# --- Layout ------------------------------------------------------------------------------------

def test_what_has_a_dot_is_there_by_path_and_in_no_listing(mount, samples):
    mount.may_leave = True  # its defaults are on this machine alone
    mount.run(f'cp {samples.pdf()} documents/ && echo \'{{"retentionInDays": 3}}\' > documents/.defaults.json')
    for name in ('.by-name', '.by-id', '.list.jsonl', '.sha256sums', '.files.tsv', '.defaults.json'):
        assert os.path.exists(mount / 'documents' / name), name
    assert os.listdir(mount / 'documents') == ['scan.pdf']
    assert [n for n in os.listdir(mount.path) if n.startswith('.')] == ['.lasfs']


# --- OPTIONS -----------------------------------------------------------------------------------

def test_all_belongs_to_who_mounts_and_is_for_nobody_else(mount, api):
    """The defaults of uid, gid and umask."""
    dataset = api.add_dataset('bills')
    for path, mode in (('.', 0o40700), ('README', 0o100400), (f'datasets/{dataset}', 0o40700),
                       (f'datasets/{dataset}/name', 0o100600)):
        st = os.stat(mount / path)
        assert (st.st_uid, st.st_gid, oct(st.st_mode)) == (os.getuid(), os.getgid(), oct(mode)), path


def test_umask_takes_nothing_from_what_is_dropped(mount, samples):
    mount.run(f'install -m 644 {samples.pdf()} documents/ && mkdir -m 755 documents/sub')
    assert oct(os.stat(mount / 'documents/scan.pdf').st_mode) == '0o100644'
    assert oct(os.stat(mount / 'documents/sub').st_mode) == '0o40755'


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can become another user')
def test_by_default_the_folders_keep_others_out(lasfs, passable, samples):
    mount = lasfs('allow_other')
    mount.run(f'install -m 644 {samples.pdf()} documents/')
    one = subprocess.run(['cat', mount / 'documents/scan.pdf'], user=65534, group=65534, extra_groups=[],
                         capture_output=True, text=True, check=False, timeout=COMMAND_SECONDS)
    assert 'Permission denied' in one.stderr


def test_d_stays_in_front_and_logs_requests_and_what_the_kernel_asks(lasfs):
    mount = lasfs(start=False, arguments=['-d'])
    mount.allow('')
    mount.start()
    os.listdir(mount / 'datasets')
    mount.unmount()
    assert ' GET ' in mount.words and 'unique: ' in mount.words and 'READDIR' in mount.words


# --- FILES -------------------------------------------------------------------------------------

@pytest.mark.parametrize('given', [False, True], ids=['home', 'XDG'])
def test_state_and_cache_are_where_the_manual_says(lasfs, samples, given):
    mount = lasfs(start=False)
    environment = {k: v for k, v in mount.environment().items() if not k.startswith('XDG_')}
    places = [mount.home / '.local/state/lasfs', mount.home / '.cache/lasfs']
    if given:
        places = [mount.folder / 'S/lasfs', mount.folder / 'C/lasfs']
        environment.update(XDG_STATE_HOME=str(places[0].parent), XDG_CACHE_HOME=str(places[1].parent))
    subprocess.run([program('lasfs'), str(mount.path)], env=environment, check=True, timeout=60)
    try:
        mount.run(f'cp {samples.pdf()} documents/')
    finally:
        subprocess.run([program('lasfs'), '--unmount', str(mount.path)], check=True, timeout=60)
    host = re.sub(r'[^\w.-]', '_', mount.server.api_endpoint.partition('://')[2])
    assert [os.listdir(place) for place in places] == [[f'{host}-{mount.server.client_id}']] * 2
    assert 'state.db' in os.listdir(next(places[0].iterdir()))
    assert list(next(places[1].iterdir()).glob('contents/*'))
    assert set(os.listdir(mount.home)) == (set() if given else {'.cache', '.local'})


def test_a_sandbox_keeps_all_in_its_directory(lasfs):
    mount = lasfs(start=False)
    environment = {k: v for k, v in mount.environment().items() if not k.startswith(('LAS_', 'XDG_'))}
    subprocess.run([program('lasfs'), '--sandbox', str(mount.path)], env=environment, check=True,
                   timeout=60)
    subprocess.run([program('lasfs'), '--unmount', str(mount.path)], check=True, timeout=60)
    box = mount.home / '.local/share/lasfs/sandbox'
    assert {'server', 'mount', 'cache'} <= set(os.listdir(box))
    assert os.listdir(mount.home) == ['.local']
    assert os.listdir(mount.home / '.local') == ['share']


# --- BACK-UP -----------------------------------------------------------------------------------

def fill(mount, samples):
    """What only the state directory knows: names, a folder, a sidecar, JSON, what failed."""
    mount.allow('Invalid argument')
    mount.may_leave = True
    samples.write('letter', b'no document\n' * 20)
    mount.run('echo \'{"retentionInDays": 3}\' > documents/.defaults.json && '
              f'mkdir documents/in datasets/bills && cp {samples.pdf()} documents/ && '
              f'cp {samples.pdf("b.pdf", seed=1)} documents/in/ && '
              'echo \'{"total": "1.50"}\' > documents/scan.pdf.json && '
              'echo \'{"width": 300, "height": 300, "fieldConfig": {}}\' > models/reader.json && '
              f'cp {samples.folder}/letter assets/ && cp {samples.folder}/letter documents/bad.pdf',
              status=1)


def of_state(mount):
    """What a mount shows of it, with bytes, sizes and times."""
    paths = ['documents/.defaults.json', 'documents/scan.pdf', 'documents/scan.pdf.json', 'documents/in/b.pdf', 'models/reader.json',
             *('.lasfs/failed/' + n for n in sorted(os.listdir(mount / '.lasfs/failed')))]
    return ([sorted(os.listdir(mount / f)) for f in ('documents', 'documents/in', 'models', 'assets')],
            [(p, (mount / p).read_bytes(), os.stat(mount / p).st_mtime_ns) for p in paths])


def test_a_copy_of_the_state_directory_is_a_back_up(lasfs, api, samples):
    first = lasfs()
    fill(first, samples)
    before = of_state(first)
    first.unmount('lasfs')
    shutil.copytree(first.state, first.folder / 'copy')
    first.start().run(f'rm documents/in/b.pdf && cp {samples.pdf("c.pdf", seed=2)} documents/')
    second = lasfs(f"state={first.folder / 'copy'}", 'list=names', name='other-machine', start=False)
    second.may_leave = True
    second.start()
    kept = [p for p in before[1] if p[0] != 'documents/in/b.pdf']
    assert [(p, (second / p).read_bytes(), os.stat(second / p).st_mtime_ns) for p, *_ in kept] == kept
    assert os.listdir(second / 'documents/in') == [], 'what is deleted since'
    new, = set(os.listdir(second / 'documents')) - set(before[0][0])
    assert (second / 'documents' / new / 'content').read_bytes() == pdf(2000, seed=2), 'what is new since'


def test_without_the_state_directory_what_the_server_has_is_there(lasfs, samples):
    first = lasfs()
    fill(first, samples)
    first.unmount('lasfs')
    shutil.rmtree(first.state)
    first.options.append('list=names')
    first.start()
    assert sorted((first / 'documents' / n / 'content').read_bytes()
                  for n in os.listdir(first / 'documents')) == sorted([pdf(2000), pdf(2000, seed=1)])
    assert os.listdir(first / '.lasfs/failed') == []


# --- OTHER MACHINES ----------------------------------------------------------------------------

@pytest.fixture
def two(lasfs):
    """Two machines with the same account: each has a state directory of its own."""
    options = ('list=names', 'list_ttl=1', 'meta_ttl=1')
    return lasfs(*options, name='one'), lasfs(*options, name='two')


def test_another_machine_has_a_dropped_file_by_its_id(two, api, samples):
    one, other = two
    fill(one, samples)
    eventually(lambda: len(os.listdir(other / 'documents')) == 2)
    digits = [d['documentId'].rpartition(':')[2] for d in api.documents()]
    shown = os.listdir(other / 'documents')
    assert len(shown) == 2 and all(any(d.startswith(n) for d in digits) for n in shown)
    assert sorted((other / 'documents' / n / 'content').read_bytes() for n in shown) == sorted(
        [pdf(2000), pdf(2000, seed=1)])
    eventually(lambda: os.listdir(other / 'datasets') == ['bills'])
    assert (os.listdir(other / 'assets'), os.listdir(other / 'models')) == (['letter'], ['reader'])
    assert os.listdir(other / '.lasfs/failed') == [], 'that is where it was dropped'
    assert not os.path.exists(other / 'documents/.defaults.json')


def test_one_name_on_two_machines_is_two_documents(two, api, samples):
    for number, mount in enumerate(two):
        mount.run(f'cp {samples.pdf(seed=number)} documents/scan.pdf')
    assert len(api.documents()) == 2
    for number, mount in enumerate(two):
        assert (mount / 'documents/scan.pdf').read_bytes() == pdf(2000, seed=number)


def test_of_two_that_write_a_field_the_last_one_wins(two, api):
    one, other = two
    one.run('mkdir datasets/bills && echo here > datasets/bills/description')
    eventually(lambda: os.path.exists(other / 'datasets/bills'))
    other.run('echo there > datasets/bills/description')
    assert api.dataset_called('bills')['description'] == 'there'
    eventually(lambda: (one / 'datasets/bills/description').read_text() == 'there\n')


def test_what_another_machine_deletes_goes_away_with_its_name(two, api, samples):
    one, other = two
    one.run(f'cp {samples.pdf()} documents/')
    name, = eventually(lambda: os.listdir(other / 'documents'))
    other.run(f'rmdir documents/{name}')
    assert api.documents() == []
    eventually(lambda: os.listdir(one / 'documents') == [])


# --- EXAMPLES ----------------------------------------------------------------------------------

def examples(page):
    text = re.search(r'^\.SH EXAMPLES\n\.nf\n(.*?)^\.fi$', (ROOT / 'docs' / page).read_text(), re.M | re.S)[1]
    return text.replace('\\-', '-').splitlines()


@pytest.fixture
def desk(lasfs, samples):
    """A folder to type the examples in, with what they speak of."""
    mount = lasfs(start=False)
    (mount.folder / 'scans').mkdir()
    (mount.folder / 'scans/a.pdf').write_bytes(pdf(2000))
    (mount.folder / 'scan.pdf').write_bytes(pdf(2100, seed=1))
    (mount.folder / 'secret').write_text('not told\n')
    yield mount
    if mount_type(mount.path):
        ran(mount, '--unmount', mount.path)


def typed(desk, line):
    environment = {k: v for k, v in desk.environment().items() if not k.startswith('LAS_')}
    environment['PATH'] = f"{os.path.dirname(program('lasfs'))}:{environment['PATH']}"
    return subprocess.Popen(['bash', '-c', line], cwd=desk.folder, env=environment, text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_the_examples_of_lasfs_run(desk):
    lines = examples('lasfs.1')
    assert len(lines) == 6
    for line in lines:
        process = typed(desk, line)
        out, err = process.communicate(timeout=COMMAND_SECONDS)
        assert process.returncode == 0 and err == '', f'{line}\n{out}\n{err}'
        if line.startswith('jq'):
            assert out.count('"documentId"') == 2
    assert not mount_type(desk.path)


def test_the_example_of_lasfs_sandbox_runs(desk):
    line, *_ = examples('lasfs-sandbox.1')
    with typed(desk, 'exec ' + line) as process:
        ready = json.loads(process.stdout.readline())
        try:
            answer = requests.post(ready['authEndpoint'] + '/token', params={'grant_type': 'client_credentials'},
                                   auth=('me', 'not told'), timeout=10)
            token = {'Authorization': 'Bearer ' + answer.json()['access_token']}
            listed = requests.get(ready['apiEndpoint'] + '/documents', headers=token, timeout=10).json()
        finally:
            process.terminate()
        assert len(listed['documents']) == 1
    assert process.returncode == 0


def test_the_example_of_tls_runs(desk):
    _, serve, *use = examples('lasfs-sandbox.1')
    assert serve.endswith('&') and len(use) == 3
    ready = 'until [[ -e box/endpoints.json ]]; do sleep 0.05; done'
    script = '\n'.join(['set -e', serve, 'trap "kill $!" EXIT', ready, *use, 'ls mnt', 'lasfs --unmount mnt'])
    out, err = typed(desk, script).communicate(timeout=COMMAND_SECONDS)
    assert '"access_token"' in out and 'documents\n' in out, err
    assert not mount_type(desk.path)
