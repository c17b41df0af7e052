"""Looking around with the programs that one has: listings, searches, archives, completion."""
import json
import os
import pty
import re
import select
import subprocess
import time

import pytest

from mounted import eventually
from samples import pdf

FIELDS = {'total': {'type': 'amount', 'maxLength': 20}, 'due': {'type': 'date', 'maxLength': 10}}


def add_model(api, name, **fields):
    return api.post('models', **{'name': name, 'width': 400, 'height': 600, 'fieldConfig': FIELDS,
                                 **fields})['modelId']


@pytest.fixture
def models(api):
    return add_model(api, 'receipts'), add_model(api, 'invoices', width=500)


def add_workflow(api):
    """A workflow of one manual step, with an execution."""
    transition = api.post('transitions', transitionType='manual', name='check')['transitionId']
    state = {'Type': 'Task', 'Resource': transition, 'End': True}
    workflow = api.post('workflows', name='flow', description='words', specification={
        'definition': {'StartAt': 'step', 'States': {'step': state}}})['workflowId']
    execution = api.post(f'workflows/{workflow}/executions', input={'a': 1})['executionId']
    return workflow, execution


# --- Times and sizes -------------------------------------------------------------------------------

def test_ls_t_and_ls_tc_sort_resources_by_their_times(mount, api):
    made = []
    for name in ('a', 'b', 'c'):
        made.append(api.add_dataset(name))
        time.sleep(0.01)  # times of the API that differ
    api.patch('datasets/' + made[0], description='changed last')
    assert mount.run('ls -t datasets').out.split() == [made[0], made[2], made[1]]
    assert mount.run('ls -tc datasets').out.split() == [made[2], made[1], made[0]]


def test_find_newer(mount, api, tmp_path):
    old, new = api.add_dataset('old'), api.add_dataset('new')
    os.utime(_touch(tmp_path / 'mark'), (time.time() + 3600,) * 2)
    assert mount.run('find datasets -mindepth 1 -newer "$MARK"', MARK=tmp_path / 'mark').out == ''
    os.utime(tmp_path / 'mark', (time.time() - 3600,) * 2)
    ran = mount.run('find datasets -mindepth 1 -maxdepth 1 -newer "$MARK" | sort',
                    MARK=tmp_path / 'mark')
    assert ran.out.split() == sorted(f'datasets/{d}' for d in (old, new))


def _touch(path):
    path.write_bytes(b'')
    return path


def test_find_by_time_and_type(mount, api, models):
    assert mount.run('find models -mindepth 1 -maxdepth 1 -type d -mmin -60 | wc -l').out == '2\n'
    assert mount.run('find models -mindepth 1 -maxdepth 1 -mmin +60').out == ''


def test_du_adds_up_documents(mount, api):
    dataset = api.add_dataset('a')
    for seed in range(3):
        (mount / 'datasets' / dataset / 'documents' / f'{seed}.pdf').write_bytes(pdf(50000, seed))
    ran = mount.run(f'du -b -d 0 ./datasets/{dataset}/documents')
    assert int(ran.out.split()[0]) >= 150000
    assert int(mount.run(f'du -k -c ./datasets/{dataset}/documents/*.pdf | tail -1').out.split()[0]) \
        >= 147


def test_df(mount):
    line = mount.run('df -P .').out.splitlines()[1].split()
    assert line[0] == 'lasfs:default' and line[5] == str(mount.path)
    assert mount.run('df -i . && df -hT .').out.count(str(mount.path)) == 2


def test_stat_c(mount, api, models):
    stamp = api.get('models/' + models[0])['createdTime'][:19].replace('T', ' ')
    ran = mount.run(f'TZ=UTC stat -c "%F|%a|%h|%U|%z" ./models/{models[0]}')
    kind, mode, links, user, changed = ran.out.strip().split('|')
    assert (kind, mode, links) == ('directory', '700', '1')
    assert user == subprocess.run(['id', '-un'], capture_output=True, text=True,
                                  check=True).stdout.strip()
    assert changed.startswith(stamp)
    ran = mount.run(f'stat -c "%F %a" ./models/{models[0]}/modelId ./models/{models[0]}/name')
    assert ran.out.splitlines() == ['regular file 400', 'regular file 600']


# --- Names -----------------------------------------------------------------------------------------

def test_globs(mount, api, models):
    assert sorted(mount.run('printf "%s\\n" models/*').out.split()) == \
        sorted(f'models/{m}' for m in models)
    assert mount.run('cat models/*/name | sort').out == 'invoices\nreceipts\n'
    assert mount.run('shopt -s nullglob; echo models/nothing*').out == '\n'
    assert mount.run('for m in models/*/; do cat "$m/width"; done | sort').out == '400\n500\n'
    assert mount.run('shopt -s globstar; echo models/**/width | wc -w').out == '2\n'


def complete(mount, typed, tabs=1):
    """What a real bash makes of typed words and a tab, on a terminal."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(mount.path)
        os.execve('/bin/bash', ['bash', '--norc', '--noprofile', '-i'],
                  {'PATH': '/usr/bin:/bin', 'PS1': 'ready> ', 'TERM': 'dumb', 'HOME': '/',
                   'HISTFILE': '', 'INPUTRC': '/dev/null', 'LC_ALL': 'C.UTF-8'})
    try:
        read_until(terminal, 'ready> ')
        os.write(terminal, b'set +o history; bind "set completion-query-items 0"; '
                 b'bind "set page-completions off"; PS1="go> "; stty cols 1000\n')
        read_until(terminal, '\ngo> ')
        os.write(terminal, typed.encode() + b'\t' * tabs)
        os.write(terminal, b' #end')
        shown = read_until(terminal, ' #end')
        os.write(terminal, b'\x15exit\n')
        return shown.replace('\a', '')
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)


def read_until(terminal, text, seconds=20):
    seen, deadline = '', time.monotonic() + seconds
    while text not in seen:
        ready, _, _ = select.select([terminal], [], [], max(0, deadline - time.monotonic()))
        assert ready, f'no {text!r} in {seen!r}'
        seen += os.read(terminal, 65536).decode(errors='replace').replace('\r', '')
    return seen


def test_tab_completes_a_collection(mount):
    assert complete(mount, 'ls wor').startswith('ls workflows/')


def test_tab_completes_a_dataset_that_was_made_here(mount):
    mount.run('mkdir datasets/invoices-2026')
    assert complete(mount, 'ls datasets/inv').startswith('ls datasets/invoices-2026/')


def test_tab_completes_an_id_with_its_colons(mount, api, models):
    """Bash takes a colon for the end of a word, but for a path of which it has the beginning."""
    shown = complete(mount, 'cat models/las')
    prefix = os.path.commonprefix(models)
    assert f'cat models/{prefix}' in shown.replace('\\:', ':')


def test_tab_completes_a_field(mount, api, models):
    assert 'fieldConfig.json' in complete(mount, f'cat ./models/{models[0]}/fie'.replace(':', '\\:'))


def test_two_tabs_list_what_there_is(mount, api, models):
    shown = complete(mount, f'cat ./models/{models[0]}/'.replace(':', '\\:'), tabs=2)
    for name in ('fieldConfig.json', 'modelId', 'resource.json', 'width', 'dataBundles/'):
        assert name in shown


@pytest.mark.options('list=names')
def test_tab_completes_a_name_with_list_names(mount, api, models):
    assert complete(mount, 'cat models/rec').startswith('cat models/receipts/')


# --- Whole trees -----------------------------------------------------------------------------------

def fields_of(folder):
    """{relative path: text} of a tree on disk."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob('*'))
            if p.is_file()}


def test_tree_shows_a_model(mount, api, models):
    ran = mount.run('tree -a --noreport ./models')
    assert ran.out.count('resource.json') == 2
    assert all(m in ran.out for m in models)
    assert 'error opening dir' not in ran.out
    counted = json.loads(mount.run('tree -J ./models').out)
    assert counted[-1]['directories'] >= 4


def test_tree_of_everything_ends_without_an_error(mount, api, models):
    add_workflow(api)
    api.add_document(pdf(2000))
    ran = mount.run('tree -a . > /dev/null && tree -J . | jq -e ".[-1].files > 50"')
    assert ran.err == ''


def test_tar_of_a_whole_workflow(mount, api, tmp_path):
    workflow, execution = add_workflow(api)
    mount.run(f'tar cf {tmp_path}/flow.tar -C ./workflows/{workflow} .')
    (tmp_path / 'out').mkdir()
    mount.run(f'tar xf {tmp_path}/flow.tar -C {tmp_path}/out')
    files = fields_of(tmp_path / 'out')
    assert files['name'] == b'flow\n' and files['description'] == b'words\n'
    assert json.loads(files['resource.json']) == api.get('workflows/' + workflow)
    below = f'executions/{execution}/'
    assert json.loads(files[below + 'input.json']) == {'a': 1}
    assert json.loads(files[below + 'resource.json'])['executionId'] == execution
    assert files[below + 'nextTransitionId'] == b'', 'a command has no value'
    assert not any('specification' in name for name in files)


def test_diff_r_of_two_models_shows_where_they_differ(mount, api, models):
    ran = mount.run(f'diff -r ./models/{models[0]} ./models/{models[1]}', status=1)
    assert '< receipts\n---\n> invoices' in ran.out
    assert '< 400\n---\n> 500' in ran.out
    changed = set(re.findall(r'/([\w.]+)$', '\n'.join(re.findall(r'^diff .*', ran.out, re.M)), re.M))
    assert {'name', 'width', 'modelId', 'resource.json'} <= changed
    assert not {'height', 'fieldConfig.json', 'status', 'preprocessConfig.json'} & changed
    assert ran.err == ''


def test_diff_r_of_a_model_and_its_copy_says_nothing(mount, api, models, tmp_path):
    mount.run(f'cp -a ./models/{models[0]} {tmp_path}/copy')
    ran = mount.run(f'diff -r ./models/{models[0]} {tmp_path}/copy')
    assert (ran.out, ran.err) == ('', '')


def test_cp_a_of_a_models_directory_to_disk(mount, api, models, tmp_path):
    with mount.server.watch() as seen:
        mount.run(f'cp -a ./models/{models[0]} {tmp_path}/copy')
    assert not seen.changes
    files = fields_of(tmp_path / 'copy')
    assert json.loads(files['fieldConfig.json']) == FIELDS
    assert json.loads(files['resource.json']) == api.get('models/' + models[0])
    assert files['width'] == b'400\n'
    for name in ('width', 'resource.json'):
        assert os.stat(tmp_path / 'copy' / name).st_mtime == \
            os.stat(mount / 'models' / models[0] / name).st_mtime


def test_rsync_a_of_a_models_directory_to_disk_copies_nothing_the_second_time(mount, models,
                                                                              tmp_path):
    mount.run(f'rsync -a ./models/{models[0]}/ {tmp_path}/copy/')
    ran = mount.run(f'rsync -ai ./models/{models[0]}/ {tmp_path}/copy/')
    assert '>f' not in ran.out


def test_grep_r_over_all_resource_json(mount, api, models):
    datasets = [api.add_dataset(f'set {i}', description='needle' if i == 3 else 'hay')
                for i in range(5)]
    ran = mount.run('grep -rl --include=resource.json needle datasets')
    assert ran.out == f'datasets/{datasets[3]}/resource.json\n'
    ran = mount.run('grep -r --include=resource.json -h \'"name"\' models | sort')
    assert ran.out.split() == ['"name":', '"invoices",', '"name":', '"receipts",']
    assert mount.run('grep -r needle models', status=1).err == ''


def test_grep_r_over_listed_resources_costs_the_list(mount, api):
    for i in range(30):
        api.add_dataset(f'set {i}')
    with mount.server.watch() as seen:
        mount.run('grep -l set datasets/*/name | wc -l')
    assert len(seen.all) == 1


def test_wc_head_tail_sort_and_md5sum(mount, api, models):
    path = f'./models/{models[0]}'
    assert mount.run(f'wc -l < {path}/fieldConfig.json').out.strip() == \
        str((mount / 'models' / models[0] / 'fieldConfig.json').read_text().count('\n'))
    assert mount.run(f'head -c 1 {path}/resource.json').out == '{'
    assert mount.run(f'tail -n 1 {path}/resource.json').out == '}\n'
    assert mount.run(f'md5sum {path}/width').out.split()[0] == \
        mount.run('echo 400 | md5sum').out.split()[0]


def test_zip_of_documents_can_be_tested(mount, api, tmp_path):
    for seed in range(3):
        (mount / 'documents' / f'{seed}.pdf').write_bytes(pdf(5000, seed))
    mount.run(f'python3 -m zipfile -c {tmp_path}/a.zip documents/*.pdf')
    assert mount.run(f'python3 -m zipfile -t {tmp_path}/a.zip').out == 'Done testing\n'
    assert mount.run(f'python3 -m zipfile -l {tmp_path}/a.zip').out.count('5000') == 3


# --- Polling ---------------------------------------------------------------------------------------

@pytest.mark.options('meta_ttl=0.2', 'list_ttl=0.2')
def test_a_loop_over_status_sees_it_change(mount, api, models):
    api.patch('models/' + models[0], status='training')
    ran = mount.run(f'for i in $(seq 200); do s=$(cat ./models/{models[0]}/status); '
                    '[ "$s" = active ] && echo "$s" && exit; sleep 0.1; done; exit 1')
    assert ran.out == 'active\n'


def test_polling_costs_a_request_a_ttl_at_most(lasfs, api, models):
    mount = lasfs('meta_ttl=60', 'list_ttl=60')
    mount.run(f'cat ./models/{models[0]}/status')
    with mount.server.watch() as seen:
        mount.run(f'for i in $(seq 50); do cat ./models/{models[0]}/status; done')
    assert not seen.all


# --- What has no place here ------------------------------------------------------------------------

@pytest.mark.parametrize('folder', ['documents', 'datasets/d/documents', 'datasets/d', 'datasets',
                                    'models', 'assets', 'appClients', '.'])
def test_git_init_is_refused_and_leaves_nothing(mount, api, folder):
    mount.allow('not permitted', 'Invalid argument')
    mount.run('mkdir datasets/d')
    before = os.listdir(mount / folder)
    with mount.server.watch() as seen:
        ran = mount.run(f'git -C {folder} init', status=None, HOME=mount.folder / 'home')
    assert ran.status > 0 and 'Operation not permitted' in ran.err, ran
    assert not seen.changes
    assert len(api.list('datasets')) == 1
    assert os.listdir(mount / folder) == before


def test_a_repository_that_is_cloned_or_copied_is_refused(mount, api, tmp_path):
    mount.allow('not permitted', 'Invalid argument')
    mount.run(f'git init -q {tmp_path}/repository', HOME=mount.folder / 'home')
    for script in (f'git clone -q {tmp_path}/repository documents/repository',
                   f'cp -a {tmp_path}/repository documents/'):
        ran = mount.run(script, status=None, HOME=mount.folder / 'home')
        assert ran.status > 0 and 'Operation not permitted' in ran.err, ran
    assert mount.run('find documents -type f').out == ''
    assert api.documents() == []


@pytest.mark.parametrize('script', ['python3 -m venv documents/env', 'mkfifo documents/x.pdf',
                                    'ln -s /etc/passwd documents/x.pdf', 'mknod documents/x b 7 7'])
def test_other_things_that_have_no_place_make_no_document(mount, api, script):
    mount.allow('not permitted', 'Invalid argument')
    mount.may_leave = True
    ran = mount.run(script, status=None)
    assert ran.status > 0, ran
    assert api.documents() == []
