"""Work that is handed out: executions of transitions and workflows, as directories."""
import errno
import json
import os
import select
import stat
import threading
import time

import pytest

from mounted import eventually
from samples import pdf


def add_transition(api, name='checking'):
    return api.post('transitions', name=name, transitionType='manual')['transitionId']


def add_workflow(api, transition, **fields):
    step = {'Type': 'Task', 'Resource': transition, 'End': True}
    return api.post('workflows', name='flow', specification={
        'definition': {'StartAt': 'step', 'States': {'step': step}}}, **fields)['workflowId']


@pytest.fixture
def transition(api):
    return add_transition(api)


@pytest.fixture
def workflow(api, transition):
    return add_workflow(api, transition)


@pytest.fixture
def folder(mount, transition):
    return mount / f'transitions/{transition}/executions'


@pytest.fixture
def job(mount, api, folder, workflow):
    """A claimed execution of the manual transition."""
    api.post(f'workflows/{workflow}/executions', input={'amount': 12})
    (folder / 'job').mkdir()
    return folder / 'job'


def execution_of(api, transition):
    one, = api.list(f'transitions/{transition}/executions')
    return one


# --- Claims ----------------------------------------------------------------------------------------

def test_mkdir_claims_a_waiting_execution(mount, api, transition, workflow, folder):
    api.post(f'workflows/{workflow}/executions', input={'amount': 12})
    with mount.server.watch() as seen:
        mount.run('mkdir job', cwd=folder)
    assert [(r.verb, r.path) for r in seen.changes] == \
        [('POST', f'/transitions/{transition}/executions')]
    execution = execution_of(api, transition)
    assert execution['startTime'] and execution['status'] == 'running'
    assert os.listdir(folder) == ['job']
    assert json.loads((folder / 'job/input.json').read_text()) == {'amount': 12}
    assert (folder / 'job/executionId').read_text().strip() == execution['executionId']


def test_mkdir_is_eagain_when_nothing_waits(mount, api, folder):
    for _ in range(2):
        with pytest.raises(BlockingIOError) as refused:
            (folder / 'job').mkdir()
        assert refused.value.errno == errno.EAGAIN
    assert os.listdir(folder) == []
    assert mount.errors() == '', 'that nothing waits is no failure'


def test_each_claim_is_another_execution(mount, api, workflow, folder):
    for n in range(3):
        api.post(f'workflows/{workflow}/executions', input={'n': n})
    mount.run('for i in a b c; do mkdir $i; done; ! mkdir d', cwd=folder)
    got = sorted(json.loads((folder / name / 'input.json').read_text())['n'] for name in 'abc')
    assert got == [0, 1, 2]


def test_rmdir_gives_the_name_back_and_leaves_the_execution(mount, api, transition, workflow, job,
                                                            folder):
    with mount.server.watch() as seen:
        job.rmdir()
    assert not seen.changes
    assert execution_of(api, transition)['status'] == 'running'
    api.post(f'workflows/{workflow}/executions', input={'amount': 13})
    (folder / 'job').mkdir()
    assert json.loads((folder / 'job/input.json').read_text()) == {'amount': 13}


# --- Results ---------------------------------------------------------------------------------------

@pytest.fixture
def seen_job(lasfs, api, proxy, workflow, transition):
    """A claimed execution whose requests are looked at on their way: no answer shows the output."""
    mount = lasfs(server=proxy)
    api.post(f'workflows/{workflow}/executions', input={'amount': 12})
    job = mount / f'transitions/{transition}/executions/job'
    job.mkdir()
    return job


def patches(proxy):
    return proxy.bodies('PATCH', r'/transitions/.*/executions/.*')


def test_output_json_ends_it_in_one_patch(api, proxy, transition, seen_job):
    (seen_job / 'output.json').write_text('{"total": "12.00"}')
    assert patches(proxy) == [{'output': {'total': '12.00'}, 'status': 'succeeded'}]
    assert execution_of(api, transition)['status'] == 'succeeded'
    assert (seen_job / 'status').read_text() == 'succeeded\n'


def test_error_json_fails_it_in_one_patch(api, proxy, transition, seen_job):
    (seen_job / 'error.json').write_text('{"message": "not readable"}')
    assert patches(proxy) == [{'error': {'message': 'not readable'}, 'status': 'failed'}]
    assert execution_of(api, transition)['status'] == 'failed'


def test_resource_json_says_all_of_it_in_one_patch(api, proxy, transition, seen_job):
    body = {'status': 'rejected', 'error': {'message': 'no'},
            'startTime': '2026-01-02T03:04:05.000000+0000'}
    (seen_job / 'resource.json').write_text(json.dumps(body))
    assert patches(proxy) == [body]
    execution = execution_of(api, transition)
    assert (execution['status'], execution['startTime']) == ('rejected', body['startTime'])


def test_what_is_said_of_the_status_goes_before_what_the_error_means(api, proxy, seen_job):
    (seen_job / 'resource.json').write_text('{"error": {"message": "later"}, "status": "retry"}')
    assert patches(proxy) == [{'error': {'message': 'later'}, 'status': 'retry'}]


def test_start_time_is_written_at_once(api, transition, job, mount):
    mount.run('echo 2026-01-02T03:04:05Z > startTime', cwd=job)
    assert execution_of(api, transition)['startTime'].startswith('2026-01-02T03:04:05')


def test_what_is_never_given_back_is_write_only(mount, job):
    for name in ('output.json', 'error.json', 'heartbeat'):
        assert stat.S_IMODE(os.stat(job / name).st_mode) == 0o200
        assert name in os.listdir(job)
        with mount.server.watch() as seen:
            assert (job / name).read_text() == '', 'so that tar and cp -r go through'
        assert not seen.changes


def test_an_output_that_a_later_api_gives_back_is_read(lasfs, api, proxy, transition, workflow):
    api.post(f'workflows/{workflow}/executions', input={'amount': 12})

    def with_output(data):
        answer = json.loads(data)
        for one in answer.get('executions', [answer]):
            one['output'] = {'total': '12.00'}
        return json.dumps(answer).encode()

    proxy.fault('GET', r'/transitions/.*/executions.*', edit=with_output)
    mount = lasfs(server=proxy)
    folder = mount / f'transitions/{transition}/executions'
    job = folder / os.listdir(folder)[0]
    assert json.loads((job / 'output.json').read_text()) == {'total': '12.00'}
    assert stat.S_IMODE(os.stat(job / 'output.json').st_mode) == 0o600
    os.close(os.open(job / 'output.json', os.O_RDWR))
    assert (job / 'error.json').read_text() == ''


def test_a_result_after_the_end_is_einval_and_kept(mount, api, transition, job):
    mount.allow('output.json')
    mount.may_leave = True
    (job / 'output.json').write_text('{"total": 1}')
    with pytest.raises(OSError) as refused:
        (job / 'output.json').write_text('{"total": 2}')
    assert refused.value.errno == errno.EINVAL
    failed, = os.listdir(mount / '.lasfs/failed')
    assert (mount / '.lasfs/failed' / failed).read_text() == '{"total": 2}'


# --- Heartbeats ------------------------------------------------------------------------------------

def beats(seen):
    return seen.count('POST', r'/transitions/.*/heartbeats')


@pytest.mark.parametrize('how', ['echo > heartbeat', 'touch heartbeat', 'printf x >> heartbeat'])
def test_each_write_or_touch_is_one_heartbeat(mount, job, how):
    with mount.server.watch() as seen:
        mount.run(how, cwd=job)
    assert beats(seen) == 1
    assert [r.verb for r in seen.changes] == ['POST']


def test_echo_sees_that_the_lease_is_lost(mount, api, transition, job):
    mount.allow('heartbeat')
    execution = execution_of(api, transition)['executionId']
    api.patch(f'transitions/{transition}/executions/{execution}', status='failed',
              error={'message': 'm'})
    ran = mount.run('echo > heartbeat', cwd=job, status=1)
    assert 'Stale file handle' in ran.err


def test_a_lost_lease_is_lost_for_good_and_polls_as_an_error(mount, api, transition, job):
    mount.allow('heartbeat')
    fd = os.open(job / 'heartbeat', os.O_WRONLY)
    try:
        poll = select.poll()
        poll.register(fd, select.POLLERR)
        assert os.write(fd, b'1') == 1
        assert poll.poll(0) == []
        woken = []
        waiting = threading.Thread(target=lambda: woken.extend(poll.poll(20000)))
        waiting.start()
        execution = execution_of(api, transition)['executionId']
        api.patch(f'transitions/{transition}/executions/{execution}', status='failed',
                  error={'message': 'm'})
        with pytest.raises(OSError) as refused:
            os.write(fd, b'1')
        assert refused.value.errno == errno.ESTALE
        waiting.join(20)
        assert woken == [(fd, select.POLLERR)]
        assert poll.poll(0) == [(fd, select.POLLERR)]
        with mount.server.watch() as seen:
            with pytest.raises(OSError):
                os.write(fd, b'1')
        assert not seen.changes, 'what is lost is not asked for again'
    finally:
        os.close(fd)


def test_an_open_heartbeat_is_sent_every_20_seconds(mount, api, transition, workflow, job, folder):
    """And when the API takes one no more, who polls is told without having written."""
    mount.allow('heartbeat')
    gone = execution_of(api, transition)['executionId']
    api.post(f'workflows/{workflow}/executions', input={})
    (folder / 'second').mkdir()
    begin = time.monotonic()
    with mount.server.watch() as seen:
        lost, kept = (os.open(folder / name / 'heartbeat', os.O_WRONLY)
                      for name in ('job', 'second'))
        try:
            api.patch(f'transitions/{transition}/executions/{gone}', status='failed',
                      error={'message': 'm'})
            poll = select.poll()
            poll.register(lost, select.POLLERR)
            poll.register(kept, select.POLLERR)
            assert poll.poll(60000) == [(lost, select.POLLERR)]
            assert time.monotonic() - begin > 19
            eventually(lambda: mount.server.log.path.read_text().count('/heartbeats') == 2)
        finally:
            os.close(lost)
            os.close(kept)
    answers = sorted(r.status for r in seen.of('POST', r'/transitions/.*/heartbeats'))
    assert answers == [204, 400]


def test_poll_of_any_other_file_says_that_it_is_ready(mount, job):
    with open(job / 'input.json', 'rb') as f:
        poll = select.poll()
        poll.register(f, select.POLLIN)
        assert poll.poll(1000) == [(f.fileno(), select.POLLIN)]


# --- Workflows -------------------------------------------------------------------------------------

@pytest.fixture
def run(mount, api, workflow):
    mount.run("echo '{\"amount\": 12}' > ./$W/executions/run.json", cwd=mount / 'workflows',
              W=workflow)
    return mount / f'workflows/{workflow}/executions/run'


def test_an_execution_shows_its_steps(mount, api, workflow, transition, run):
    execution, = api.list(f'workflows/{workflow}/executions')
    assert json.loads((run / 'transitionExecutions.json').read_text()) == \
        execution['transitionExecutions']
    assert 'output.json' in os.listdir(run)


def test_next_transition_takes_a_name(mount, api, transition, run):
    with mount.server.watch() as seen:
        mount.run('echo checking > nextTransitionId', cwd=run)
    assert [r.verb for r in seen.changes] == ['PATCH']
    assert len(api.list(f'transitions/{transition}/executions')) == 2


def test_next_transition_can_give_it_up(mount, api, workflow, run):
    mount.run('echo las:transition:commons-failed > nextTransitionId', cwd=run)
    execution, = api.list(f'workflows/{workflow}/executions')
    assert execution['status'] == 'failed'


def test_rmdir_deletes_an_execution(mount, api, workflow, run):
    with mount.server.watch() as seen:
        mount.run('rmdir ./$W/executions/run', cwd=mount / 'workflows', W=workflow)
    assert [r.verb for r in seen.changes] == ['DELETE']
    assert api.list(f'workflows/{workflow}/executions') == []


# --- What passes by itself -------------------------------------------------------------------------

def test_a_status_that_passes_is_not_believed_for_long(mount, api, transition, job):
    """The mount believes what it knows for 30 s, but not of what is at work."""
    execution = execution_of(api, transition)['executionId']
    assert (job / 'status').read_text() == 'running\n'
    api.patch(f'transitions/{transition}/executions/{execution}', status='failed',
              error={'message': 'm'})
    eventually(lambda: (job / 'status').read_text() == 'failed\n', 4)


def test_a_bundles_status_can_be_polled(lasfs, api, proxy):
    """A data bundle has no GET: its list is looked at again while it is at work."""
    mount = lasfs(server=proxy)
    model = api.post('models', name='m', width=400, height=600, fieldConfig={})['modelId']
    bundle = api.post(f'models/{model}/dataBundles', datasetIds=[api.add_dataset('d')])
    working = {'dataBundles': [{**bundle, 'status': 'processing', 'summary': None}],
               'modelId': model, 'nextToken': None}
    rule = proxy.fault('GET', f'/models/{model}/dataBundles', status=200,
                       body=json.dumps(working).encode())
    status = mount / f'models/{model}/dataBundles/{bundle["dataBundleId"]}/status'
    assert status.read_text() == 'processing\n'
    proxy.rules.remove(rule)
    eventually(lambda: status.read_text() == 'ready\n', 4)


def test_an_empty_object_rebuilds_a_bundle(mount, api, proxy, lasfs):
    mount = lasfs(server=proxy)
    model = api.post('models', name='m', width=400, height=600, fieldConfig={})['modelId']
    dataset = api.add_dataset('d')
    bundle = api.post(f'models/{model}/dataBundles', datasetIds=[dataset])['dataBundleId']
    path = mount / f'models/{model}/dataBundles/{bundle}/resource.json'
    path.write_text(path.read_text())
    assert proxy.bodies('PATCH') == [], 'what is as it was asks for nothing'
    mount.run(f"echo '{{}}' > {path}")
    assert proxy.bodies('PATCH') == [{}]


# --- Logs ------------------------------------------------------------------------------------------

def log_of(api, transition):
    return execution_of(api, transition)['logId']


def test_a_log_is_lines_of_time_and_message(mount, api, transition, job):
    log = log_of(api, transition)
    text = (mount / f'logs/{log}/events.txt').read_text()
    lines = text.splitlines()
    events = api.get(f'logs/{log}')['events']
    assert [line.split(' ', 1)[1] for line in lines] == [e['message'] for e in events]
    assert all(line.startswith('20') and 'T' in line.split(' ')[0] for line in lines)
    assert os.stat(mount / f'logs/{log}/events.txt').st_size == len(text)


@pytest.mark.parametrize('where', ['logs', 'transitions/{transition}/logs',
                                   'workflows/{workflow}/logs',
                                   'transitions/{transition}/executions/job/logs'])
def test_logs_stand_under_everything_that_has_them(mount, api, transition, workflow, job, where):
    log = log_of(api, transition)
    folder = mount / where.format(transition=transition, workflow=workflow)
    assert os.listdir(folder) == [log]
    assert 'events.txt' in os.listdir(folder / log)


def test_logs_stand_under_an_execution_of_a_workflow(mount, api, transition, run):
    assert os.listdir(run / 'logs') == [log_of(api, transition)]


def test_tail_f_follows_a_log_while_it_grows(mount, api, transition, job):
    log = log_of(api, transition)
    execution = execution_of(api, transition)['executionId']
    out = mount.folder / 'followed'
    mount.run(f'''
        tail -n +1 -s 0.1 -f ./logs/{log}/events.txt > {out} & follower=$!
        until grep -q started {out}; do read -t 0.05 < <(:) || true; done
        printf '{{}}' > ./transitions/{transition}/executions/job/output.json
        for i in $(seq 200); do grep -q succeeded {out} && break; read -t 0.1 < <(sleep 0.1); done
        kill $follower''', status=None)
    assert execution_of(api, transition)['executionId'] == execution
    assert [line.split(' ', 1)[1] for line in out.read_text().splitlines()] == \
        [e['message'] for e in api.get(f'logs/{log}')['events']]
    assert 'succeeded' in out.read_text()


# --- Texts that are refused ------------------------------------------------------------------------

@pytest.fixture
def model(api):
    return api.post('models', name='m', width=400, height=600, fieldConfig={})['modelId']


@pytest.mark.parametrize('field, text', [
    ('fieldConfig.json', '{"total": {"type": "nonsense", "maxLength": 3}}'),
    ('fieldConfig.json', 'no JSON'), ('width', 'seven\n'), ('resource.json', '{"width": 3}')])
def test_a_refused_text_is_kept_and_the_file_shows_the_servers(mount, api, model, field, text):
    mount.allow(field)
    mount.may_leave = True
    path = mount / f'models/{model}/{field}'
    before = path.read_text()
    with pytest.raises(OSError) as refused:
        path.write_text(text)
    assert refused.value.errno == errno.EINVAL
    assert path.read_text() == before
    failed, = os.listdir(mount / '.lasfs/failed')
    assert failed.endswith('-' + field)
    assert (mount / '.lasfs/failed' / failed).read_text() == text
    assert sorted(os.listdir(mount / f'models/{model}')).count(field) == 1
    mount.remount()
    assert (mount / '.lasfs/failed' / failed).read_text() == text
    assert path.read_text() == before


def test_a_newer_text_that_is_taken_supersedes_it(mount, api, model):
    mount.allow('width')
    path = mount / f'models/{model}/width'
    with pytest.raises(OSError):
        path.write_text('3\n')
    path.write_text('500\n')
    assert os.listdir(mount / '.lasfs/failed') == []
    assert api.get(f'models/{model}')['width'] == 500


def test_rm_gives_it_up(mount, api, model):
    mount.allow('width')
    with pytest.raises(OSError):
        (mount / f'models/{model}/width').write_text('3\n')
    mount.run('rm .lasfs/failed/*')
    assert os.listdir(mount / '.lasfs/failed') == []
    assert (mount / f'models/{model}/width').read_text() == '400\n'


def test_retry_sends_it_again(lasfs, api, proxy, model):
    mount = lasfs(server=proxy)
    mount.allow('width')
    rule = proxy.fault('PATCH', status=400, message='not now')
    with pytest.raises(OSError):
        (mount / f'models/{model}/width').write_text('500\n')
    proxy.rules.remove(rule)
    mount.run('echo "retry $(ls .lasfs/failed)" > .lasfs/control')
    assert api.get(f'models/{model}')['width'] == 500
    assert os.listdir(mount / '.lasfs/failed') == []


def test_a_killed_writer_changes_no_field(mount, api, model):
    mount.allow('width')
    mount.run(f'( printf 50; kill -9 $BASHPID ) > ./models/{model}/width; true')
    document = api.add_document(pdf(2000))
    assert (mount / f'documents/{document}/contentType').read_text() == 'application/pdf\n'
    assert api.get(f'models/{model}')['width'] == 400
