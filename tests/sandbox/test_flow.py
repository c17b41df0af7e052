"""Workflows run: steps, choices, retries, time-outs, and what is told of them."""
import concurrent.futures
import sqlite3
import threading
import time

import pytest
import requests

import sandbox_server as server
from sandbox_server import eventually

FAILED = 'las:transition:commons-failed'


def transition(api, kind='manual', **more):
    if kind == 'docker':
        more['parameters'] = {'imageUrl': 'image'}
    return api.post('/transitions', dict(more, transitionType=kind))['transitionId']


def task(resource, after=None, **more):
    return dict({'Type': 'Task', 'Resource': resource},
                **({'Next': after} if after else {'End': True}), **more)


def retry(**more):
    return [dict({'ErrorEquals': ['States.Timeout']}, **more)]


class Flow:
    """A workflow of the states given, which begins with the first."""

    def __init__(self, api, states, **more):
        self.api = api
        self.path = '/workflows/' + api.post('/workflows', dict(more, specification={
            'definition': {'StartAt': next(iter(states)), 'States': states}}))['workflowId']

    def run(self, **given):
        return Run(self.api, '%s/executions/%s' % (
            self.path, self.api.post(self.path + '/executions', {'input': given})['executionId']))

    def running(self):
        return self.api.get(self.path)['numberOfRunningExecutions']


class Run:
    def __init__(self, api, path):
        self.api = api
        self.path = path

    def get(self):
        return self.api.get(self.path)

    def status(self):
        return self.get()['status']

    def ends(self):
        return eventually(lambda: self.get() if self.get()['endTime'] else None)

    def tasks(self, of):
        """What the transition's executions of this run are, the first first."""
        return [self.api.get('/transitions/%s/executions/%s' % (of, t))
                for t in self.get()['transitionExecutions'].get(of, [])]

    def events(self):
        return [e['message'] for e in self.api.get('/logs/' + self.get()['logId'])['events']]


def claim(api, of):
    return api.post('/transitions/%s/executions' % of, {})


def end(api, claimed, status='succeeded', **output):
    path = '/transitions/%(transitionId)s/executions/%(executionId)s' % claimed
    return api.patch(path, {'status': status, 'output': output} if status == 'succeeded' else
                     {'status': status, 'error': {'message': 'because'}})


# --- Steps --------------------------------------------------------------------------------------


def test_output_of_a_step_is_the_input_of_the_next(api):
    first, second = transition(api), transition(api)
    flow = Flow(api, {'A': task(first, 'B'), 'B': task(second)})
    run = flow.run(a=1)
    end(api, claim(api, first), b=2)
    assert run.status() == 'running'
    assert flow.running() == 1
    claimed = claim(api, second)
    assert claimed['input'] == {'b': 2}
    end(api, claimed, c=3)
    ended = run.get()
    assert (ended['status'], ended['output'], ended['input']) == ('succeeded', {'c': 3}, {'a': 1})
    assert ended['endTime'] > ended['startTime']
    assert ended['transitionExecutions'] == {
        first: [run.tasks(first)[0]['executionId']], second: [claimed['executionId']]}
    assert ended['completedBy'] == [run.tasks(second)[0]['completedBy']]
    assert flow.running() == 0
    assert run.api.get('/workflows/%s/executions' % ended['workflowId'],
                       status='succeeded')['executions'] == [ended]


def test_next_step_does_not_begin_before_the_one_before_it_ends(api):
    first, second = transition(api), transition(api)
    Flow(api, {'A': task(first, 'B'), 'B': task(second)}).run()
    claim(api, first)
    api.refused(404, 'POST', '/transitions/%s/executions' % second, {})


def test_docker_step_gives_its_input_back(api):
    docker, manual = transition(api, 'docker'), transition(api)
    run = Flow(api, {'A': task(docker, 'B'), 'B': task(manual, 'C'), 'C': task(docker)}).run(a=[1])
    eventually(lambda: run.tasks(manual))
    ran = run.tasks(docker)[0]
    assert (ran['status'], ran['input']) == ('succeeded', {'a': [1]})
    assert ran['endTime'] >= ran['startTime']
    claimed = claim(api, manual)
    assert claimed['input'] == {'a': [1]}
    end(api, claimed, b=2)
    ended = run.ends()
    assert (ended['status'], ended['output']) == ('succeeded', {'b': 2})
    assert len(ended['transitionExecutions'][docker]) == 2


def test_docker_execution_cannot_be_claimed(api):
    docker = transition(api, 'docker')
    Flow(api, {'A': task(docker)}).run().ends()
    api.refused(404, 'POST', '/transitions/%s/executions' % docker, {})


def test_failed_is_a_step_that_fails(api):
    first = transition(api)
    run = Flow(api, {'A': task(first, 'B'), 'B': task(FAILED)}).run()
    end(api, claim(api, first))
    assert run.get()['status'] == 'failed'


def test_many_executions_run_side_by_side(api):
    docker, manual = transition(api, 'docker'), transition(api)
    flow = Flow(api, {'A': task(docker, 'B'), 'B': task(manual)})
    runs = [flow.run(n=n) for n in range(30)]
    for run in runs:
        eventually(lambda run=run: run.tasks(manual))
    assert flow.running() == 30
    for _ in runs[:20]:
        claimed = claim(api, manual)
        end(api, claimed, m=claimed['input']['n'])
    assert flow.running() == 10
    for n, run in enumerate(runs):
        got = run.get()
        if got['status'] == 'succeeded':
            assert got['output'] == {'m': n}


def test_circle_without_people_ends_in_an_error(api):
    docker = transition(api, 'docker')
    run = Flow(api, {'A': task(docker, 'B'), 'B': {'Type': 'Choice', 'Choices': [
        {'Variable': '$.go', 'BooleanEquals': True, 'Next': 'A'}], 'Default': 'C'},
                     'C': task(docker)}).run(go=True)
    ended = eventually(lambda: run.get() if run.get()['endTime'] else None, 60)
    assert ended['status'] == 'error'
    assert len(ended['transitionExecutions'][docker]) >= 100


# --- Choices ------------------------------------------------------------------------------------

RULES = [
    ({'Variable': '$.a', 'BooleanEquals': True}, {'a': True}, {'a': False}),
    ({'Variable': '$.a', 'BooleanEquals': False}, {'a': False}, {}),
    ({'Variable': '$.a.b', 'StringEquals': 'x'}, {'a': {'b': 'x'}}, {'a': {'b': 'y'}}),
    ({'Variable': '$.a', 'StringEquals': '1'}, {'a': '1'}, {'a': 1}),
    ({'Variable': '$.a', 'StringLessThan': 'b'}, {'a': 'a'}, {'a': 'b'}),
    ({'Variable': '$.a', 'StringLessThanEquals': 'b'}, {'a': 'b'}, {'a': 'c'}),
    ({'Variable': '$.a', 'StringGreaterThan': 'b'}, {'a': 'c'}, {'a': 'b'}),
    ({'Variable': '$.a', 'StringGreaterThanEquals': 'b'}, {'a': 'b'}, {'a': 'a'}),
    ({'Variable': '$.a', 'NumericEquals': 1}, {'a': 1.0}, {'a': '1'}),
    ({'Variable': '$.a', 'NumericLessThan': 1}, {'a': 0.5}, {'a': 1}),
    ({'Variable': '$.a', 'NumericLessThanEquals': 1}, {'a': 1}, {'a': 1.5}),
    ({'Variable': '$.a', 'NumericGreaterThan': 1}, {'a': 2}, {'a': 1}),
    ({'Variable': '$.a', 'NumericGreaterThanEquals': 1.5}, {'a': 1.5}, {'a': 1.25}),
    ({'Variable': '$.a[1].b', 'NumericEquals': 3}, {'a': [0, {'b': 3}]}, {'a': [{'b': 3}]}),
    ({'Variable': '$.a', 'IsPresent': True}, {'a': None}, {'b': 1}),
    ({'Variable': '$.a', 'IsNull': True}, {'a': None}, {'a': 0}),
    ({'Variable': '$.a', 'IsString': True}, {'a': 'x'}, {'a': 0}),
    ({'Variable': '$.a', 'IsNumeric': True}, {'a': 0}, {'a': '0'}),
    ({'Variable': '$.a', 'IsBoolean': True}, {'a': False}, {'a': None}),
    ({'And': [{'Variable': '$.a', 'NumericGreaterThan': 1},
              {'Variable': '$.b', 'BooleanEquals': True}]}, {'a': 2, 'b': True}, {'a': 2}),
    ({'Or': [{'Variable': '$.a', 'NumericEquals': 1}, {'Variable': '$.a', 'NumericEquals': 2}]},
     {'a': 2}, {'a': 3}),
    ({'Not': {'Variable': '$.a', 'StringEquals': 'x'}}, {'a': 'y'}, {'a': 'x'}),
]


@pytest.fixture(scope='module')
def ways(api):
    return transition(api), transition(api)


@pytest.mark.parametrize('rule,yes,no', RULES)
def test_choice_is_made_by_its_rule(api, ways, rule, yes, no):
    held, not_held = ways
    flow = Flow(api, {'A': {'Type': 'Choice', 'Choices': [dict(rule, Next='B')], 'Default': 'C'},
                      'B': task(held), 'C': task(not_held)})
    assert list(flow.run(**yes).get()['transitionExecutions']) == [held]
    assert list(flow.run(**no).get()['transitionExecutions']) == [not_held]


def test_first_rule_that_holds_is_taken(api, ways):
    flow = Flow(api, {'A': {'Type': 'Choice', 'Choices': [
        {'Variable': '$.a', 'NumericEquals': 5, 'End': True},
        {'Variable': '$.a', 'NumericGreaterThan': 1, 'Next': 'B'},
        {'Variable': '$.a', 'NumericGreaterThan': 2, 'Next': 'C'}]},
                      'B': task(ways[0]), 'C': task(ways[1])})
    assert list(flow.run(a=3).get()['transitionExecutions']) == [ways[0]]


def test_choice_may_be_the_end(api):
    first = transition(api)
    flow = Flow(api, {'A': task(first, 'B'), 'B': {'Type': 'Choice', 'Choices': [
        {'Variable': '$.done', 'BooleanEquals': True, 'End': True},
        {'Variable': '$.done', 'BooleanEquals': False, 'Next': 'A'}]}})
    run = flow.run()
    end(api, claim(api, first), done=False)
    again = claim(api, first)
    assert again['input'] == {'done': False}
    end(api, again, done=True)
    ended = run.get()
    assert (ended['status'], ended['output']) == ('succeeded', {'done': True})
    assert len(ended['transitionExecutions'][first]) == 2


def test_choice_that_leads_nowhere_is_an_error(api, ways):
    flow = Flow(api, {'A': {'Type': 'Choice', 'Choices': [
        {'Variable': '$.a', 'BooleanEquals': True, 'Next': 'B'}]}, 'B': task(ways[0])})
    ended = flow.run(a=1).get()
    assert ended['status'] == 'error' and ended['endTime']
    assert flow.running() == 0


@pytest.mark.parametrize('rule', [
    {'Variable': '$.a'}, {'Variable': '$.a', 'Unheard': 1}, {'Variable': 'a', 'StringEquals': 'x'},
    {'Variable': '$.a', 'StringEquals': 1}, {'Variable': '$.a', 'NumericEquals': '1'},
    {'StringEquals': 'x'}, {'And': []}, {'Or': {}}, {'Not': {'Variable': '$.a'}}])
def test_rule_that_cannot_be_decided_is_refused(api, ways, rule):
    api.refused(400, 'POST', '/workflows', {'specification': {'definition': {
        'StartAt': 'A', 'States': {'A': {'Type': 'Choice', 'Choices': [dict(rule, Next='B')]},
                                   'B': task(ways[0])}}}}, names='Choices[0]')


@pytest.mark.parametrize('more,name', [
    ({'TimeoutSeconds': 0}, 'TimeoutSeconds'), ({'TimeoutSeconds': 'x'}, 'TimeoutSeconds'),
    ({'Retry': {}}, 'Retry'), ({'Retry': [{}]}, 'Retry'), ({'Retry': [{'ErrorEquals': []}]}, 'Retry'),
    ({'Retry': retry(MaxAttempts=-1)}, 'Retry'), ({'Retry': retry(IntervalSeconds=0)}, 'Retry'),
    ({'Retry': retry(BackoffRate=0.5)}, 'Retry')])
def test_task_that_makes_no_sense_is_refused(api, ways, more, name):
    api.refused(400, 'POST', '/workflows', {'specification': {'definition': {
        'StartAt': 'A', 'States': {'A': task(ways[0], **more)}}}}, names=name)


# --- What fails ---------------------------------------------------------------------------------


@pytest.mark.parametrize('status', ['failed', 'rejected'])
def test_step_that_fails_ends_the_execution(api, status):
    first, second = transition(api), transition(api)
    flow = Flow(api, {'A': task(first, 'B'), 'B': task(second)})
    run = flow.run(a=1)
    end(api, claim(api, first), status)
    ended = run.get()
    assert (ended['status'], ended['output']) == (status, {})
    assert ended['endTime'] and len(ended['completedBy']) == 1
    assert flow.running() == 0
    assert 'because' in run.events()
    api.refused(400, 'PATCH', run.path, {'nextTransitionId': first}, names='ended')


@pytest.mark.parametrize('status', ['failed', 'rejected'])
def test_step_that_fails_waits_for_a_manual_retry(api, status):
    first, second = transition(api), transition(api)
    flow = Flow(api, {'A': task(first, 'B'), 'B': task(second)},
                errorConfig={'manualRetry': True, 'email': 'a@example.com'})
    run = flow.run(a=1)
    end(api, claim(api, first), b=2)
    end(api, claim(api, second), status)
    waits = run.get()
    assert (waits['status'], waits['endTime']) == ('retry', None)
    assert flow.running() == 0
    assert any('a@example.com' in e for e in run.events())
    api.patch(run.path, {'nextTransitionId': second})
    assert (run.status(), flow.running()) == ('running', 1)
    again = claim(api, second)
    assert again['input'] == {'b': 2}
    assert [t['executionId'] for t in run.tasks(second)][1:] == [again['executionId']]
    end(api, again, c=3)
    assert run.get()['output'] == {'c': 3}


def test_manual_retry_may_go_back_to_an_earlier_step(api):
    first, second = transition(api), transition(api)
    flow = Flow(api, {'A': task(first, 'B'), 'B': task(second)}, errorConfig={'manualRetry': True})
    run = flow.run(a=1)
    end(api, claim(api, first), b=2)
    end(api, claim(api, second), 'failed')
    api.patch(run.path, {'nextTransitionId': first})
    again = claim(api, first)
    assert again['input'] == {'a': 1}
    end(api, again, b=3)
    assert claim(api, second)['input'] == {'b': 3}


def test_execution_that_waits_for_a_retry_is_given_up(api):
    first = transition(api)
    flow = Flow(api, {'A': task(first)}, errorConfig={'manualRetry': True})
    run = flow.run()
    end(api, claim(api, first), 'failed')
    api.patch(run.path, {'nextTransitionId': FAILED})
    assert run.get()['status'] == 'failed'
    assert flow.running() == 0
    api.refused(400, 'PATCH', run.path, {'nextTransitionId': first}, names='ended')


def test_deleting_an_execution_that_waits_counts_it_once(api):
    first = transition(api)
    flow = Flow(api, {'A': task(first)}, errorConfig={'manualRetry': True})
    flow.run()
    run = flow.run()
    end(api, claim(api, first), 'failed')
    end(api, claim(api, first), 'failed')
    api.delete(run.path)
    assert flow.running() == 0


def test_running_execution_is_sent_on_and_its_old_task_counts_no_more(api):
    first, second = transition(api), transition(api)
    run = Flow(api, {'A': task(first, 'B'), 'B': task(second)}).run(a=1)
    old = claim(api, first)
    api.patch(run.path, {'nextTransitionId': second})
    api.refused(400, 'PATCH', '/transitions/%s/executions/%s' % (first, old['executionId']),
                {'status': 'succeeded', 'output': {}}, names='ended')
    claimed = claim(api, second)
    assert claimed['input'] == {'a': 1}
    end(api, claimed)
    assert run.status() == 'succeeded'


def test_retry_of_a_task_puts_it_back(api):
    first = transition(api)
    run = Flow(api, {'A': task(first)}).run(a=1)
    for _ in range(3):
        end(api, claim(api, first), 'retry')
        assert run.status() == 'running'
    end(api, claim(api, first))
    assert [t['status'] for t in run.tasks(first)] == ['retry'] * 3 + ['succeeded']
    assert run.status() == 'succeeded'


def test_completed_config_is_told_of_after_every_execution(api):
    first = transition(api)
    flow = Flow(api, {'A': task(first)}, completedConfig={
        'imageUrl': 'tidy-up:1', 'environment': {'TOKEN': 'very-hidden'}})
    for status in ('succeeded', 'failed', 'rejected'):
        run = flow.run()
        assert run.get()['completedTaskLogId'] is None
        end(api, claim(api, first), status)
        log = api.get('/logs/' + run.get()['completedTaskLogId'])
        said = ' '.join(e['message'] for e in log['events'])
        assert 'tidy-up:1' in said and status in said and 'TOKEN' in said
        assert 'very-hidden' not in said
        assert log['workflowExecutionId'] == run.get()['executionId']


# --- Time-outs ----------------------------------------------------------------------------------


@pytest.fixture(scope='module')
def hasty(tmp_path_factory):
    """A server that misses a heartbeat after a second."""
    s = server.Server(tmp_path_factory.mktemp('hasty') / 'state', '--heartbeat-timeout', '1').start()
    yield s.client()
    s.stop()


def test_execution_without_a_heartbeat_fails(hasty):
    first = transition(hasty)
    flow = Flow(hasty, {'A': task(first)})
    run = flow.run()
    claimed = claim(hasty, first)
    assert run.ends()['status'] == 'failed'
    (ended,) = run.tasks(first)
    assert (ended['status'], ended['completedBy']) == ('failed', None)
    assert ended['endTime'] > ended['startTime']
    assert any('heartbeat' in e for e in run.events())
    assert flow.running() == 0
    path = '/transitions/%s/executions/%s' % (first, claimed['executionId'])
    hasty.refused(400, 'PATCH', path, {'status': 'succeeded', 'output': {}}, names='ended')
    hasty.refused(400, 'POST', path + '/heartbeats', {}, names='ended')


def test_heartbeats_keep_an_execution(hasty):
    first = transition(hasty)
    run = Flow(hasty, {'A': task(first)}).run()
    path = '/transitions/%s/executions/%s' % (first, claim(hasty, first)['executionId'])
    for _ in range(15):
        time.sleep(0.1)
        assert hasty.raw('POST', path + '/heartbeats').status_code == 204
    assert hasty.get(path)['endTime'] is None
    hasty.patch(path, {'status': 'succeeded', 'output': {}})
    assert run.status() == 'succeeded'


def test_nobody_has_to_be_heard_of_who_has_claimed_nothing(hasty):
    first, other = transition(hasty), transition(hasty)
    waits = Flow(hasty, {'A': task(first)}).run()
    timed = Flow(hasty, {'A': task(other)}).run()
    claim(hasty, other)
    timed.ends()
    assert waits.status() == 'running'
    end(hasty, claim(hasty, first))


def test_time_out_is_tried_again_as_often_as_retry_says(hasty):
    first = transition(hasty)
    run = Flow(hasty, {'A': task(first, Retry=retry(IntervalSeconds=1, MaxAttempts=2,
                                                    BackoffRate=1))}).run(a=1)
    times = []
    for n in range(3):
        claimed = eventually(lambda: hasty.raw(
            'POST', '/transitions/%s/executions' % first).json().get('executionId'))
        times.append(hasty.get('/transitions/%s/executions/%s' % (first, claimed)))
        assert times[-1]['input'] == {'a': 1}
        assert run.status() == 'running'
    assert run.ends()['status'] == 'failed'
    assert [t['status'] for t in run.tasks(first)] == ['failed'] * 3
    assert len({t['executionId'] for t in run.tasks(first)}) == 3


def test_retry_waits_longer_each_time(hasty):
    first = transition(hasty)
    run = Flow(hasty, {'A': task(first, TimeoutSeconds=1, Retry=retry(
        IntervalSeconds=1, MaxAttempts=2, BackoffRate=2))}).run()
    run.ends()
    made = [hasty.get('/logs/' + t['logId'])['events'][0]['timestamp'] for t in run.tasks(first)]
    assert len(made) == 3
    assert made[1] - made[0] > 1.99  # a second until the time-out, a second until the retry
    assert made[2] - made[1] > 2.99  # and two


def test_time_out_without_retry_waits_for_a_manual_one(hasty):
    first = transition(hasty)
    flow = Flow(hasty, {'A': task(first, TimeoutSeconds=1)}, errorConfig={'manualRetry': True})
    run = flow.run(a=1)
    eventually(lambda: run.status() == 'retry')
    hasty.patch(run.path, {'nextTransitionId': first})
    end(hasty, claim(hasty, first))
    assert run.status() == 'succeeded'


@pytest.mark.parametrize('errors,times', [(['States.ALL'], 2), (['Other', 'States.Timeout'], 2),
                                          (['Other'], 1)])
def test_retry_is_for_the_errors_it_names(hasty, errors, times):
    first = transition(hasty)
    run = Flow(hasty, {'A': task(first, TimeoutSeconds=1, Retry=[
        {'ErrorEquals': errors, 'MaxAttempts': 1}])}).run()
    assert run.ends()['status'] == 'failed'
    assert len(run.tasks(first)) == times


def test_failure_is_not_tried_again_by_itself(hasty):
    first = transition(hasty)
    run = Flow(hasty, {'A': task(first, Retry=retry())}).run()
    end(hasty, claim(hasty, first), 'failed')
    assert run.status() == 'failed'


def test_transition_s_own_time_runs_from_the_claim(start):
    s = start()
    api = s.client()
    first = transition(api, timeoutInSeconds=60)
    run = Flow(api, {'A': task(first)}).run()
    s.stop()
    # The API has no shorter time than a minute.
    with sqlite3.connect(s.state + '/sandbox.db') as db:
        db.execute("UPDATE resource SET body = json_set(body, '$.timeoutInSeconds', 1)"
                   ' WHERE id = ?', (first,))
    db.close()
    api = run.api = s.start().client()
    assert run.status() == 'running'
    claimed = claim(api, first)
    path = '/transitions/%s/executions/%s' % (first, claimed['executionId'])
    assert run.ends()['status'] == 'failed'
    assert api.get(path)['status'] == 'failed'
    assert 'timed out' in run.events()


# --- Restarts -----------------------------------------------------------------------------------


def test_time_outs_and_retries_outlive_the_server(start):
    s = start('--heartbeat-timeout', '2')
    api = s.client()
    first, second = transition(api), transition(api)
    beaten = Flow(api, {'A': task(first)}).run()
    claim(api, first)
    again = Flow(api, {'A': task(second, TimeoutSeconds=1, Retry=retry(
        IntervalSeconds=2, MaxAttempts=1))}).run(a=1)
    eventually(lambda: again.tasks(second)[0]['status'] == 'failed')
    s.kill()
    beaten.api = again.api = s.start().client()
    assert beaten.ends()['status'] == 'failed'
    eventually(lambda: len(again.tasks(second)) == 2)
    assert again.tasks(second)[1]['input'] == {'a': 1}


def test_workflow_goes_on_after_a_restart(start):
    s = start()
    api = s.client()
    first, second = transition(api), transition(api)
    flow = Flow(api, {'A': task(first, 'B'), 'B': task(second)})
    run = flow.run(a=1)
    claimed = claim(api, first)
    s.kill()
    api = run.api = flow.api = s.start().client()
    end(api, claimed, b=2)
    end(api, claim(api, second), c=3)
    assert run.get()['output'] == {'c': 3}
    assert flow.running() == 0


def work(s, first, until):
    """Claims and ends executions until nothing is left to be done, or the server is gone."""
    api = s.client()
    while not until():
        try:
            answer = api.raw('POST', '/transitions/%s/executions' % first, json={})
            if answer.status_code == 200:
                end(api, answer.json(), n=answer.json()['input']['n'])
            else:
                time.sleep(0.02)
        except server.Refused as e:
            assert 'ended' in e.message  # it was too slow, and timed out
        except requests.ConnectionError:
            return


def test_no_execution_is_lost_or_ends_twice_when_the_server_is_killed(start):
    s = start('--heartbeat-timeout', '2')
    api = s.client()
    docker, manual = transition(api, 'docker'), transition(api)
    flow = Flow(api, {'A': task(docker, 'B'), 'C': task(docker), 'B': task(
        manual, 'C', Retry=retry(MaxAttempts=9, BackoffRate=1))})
    runs = [flow.run(n=n) for n in range(60)]
    ended = flow.path + '/executions'

    def count():
        return len(flow.api.get(ended, status='succeeded')['executions'])

    with concurrent.futures.ThreadPoolExecutor(8) as workers:
        some = [workers.submit(work, s, manual, lambda: False) for _ in range(8)]
        eventually(lambda: count() >= 15)
        s.kill()
        for worker in some:
            worker.result()
    flow.api = s.start().client()
    assert count() >= 15
    done = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(8) as workers:
        some = [workers.submit(work, s, manual, done.is_set) for _ in range(8)]
        try:
            eventually(lambda: count() == 60, 60)
        finally:
            done.set()
        for worker in some:
            worker.result()
    assert flow.running() == 0
    for n, run in enumerate(runs):
        run.api = flow.api
        assert run.get()['output'] == {'n': n}
        assert [t['status'] for t in run.tasks(manual)].count('succeeded') == 1
        assert len(run.tasks(docker)) == 2


# --- Schemas ------------------------------------------------------------------------------------

SCHEMA = {'type': 'object', 'required': ['total'], 'additionalProperties': False, 'properties': {
    'total': {'type': 'number'}, 'currency': {'enum': ['EUR', 'NOK']},
    'lines': {'type': 'array', 'items': {'type': ['string', 'null']}}}}
GOOD = [{'total': 1}, {'total': 1.5, 'currency': 'NOK', 'lines': ['a', None]}]
BAD = [({}, 'total'), ({'total': '1'}, 'total'), ({'total': 1, 'currency': 'USD'}, 'currency'),
       ({'total': 1, 'lines': [1]}, 'lines[0]'), ({'total': 1, 'lines': {}}, 'lines'),
       ({'total': 1, 'more': 1}, 'more')]


@pytest.mark.parametrize('data', GOOD)
def test_data_that_keep_to_the_schemas_are_taken(api, data):
    first = transition(api, inputJsonSchema=SCHEMA, outputJsonSchema=SCHEMA)
    run = Flow(api, {'A': task(first)}).run(**data)
    end(api, claim(api, first), **data)
    assert run.get()['output'] == data


@pytest.mark.parametrize('data,name', BAD)
def test_input_that_breaks_the_schema_is_refused(api, data, name):
    first = transition(api, inputJsonSchema=SCHEMA)
    flow = Flow(api, {'A': task(first)})
    api.refused(400, 'POST', flow.path + '/executions', {'input': data}, names=name)
    assert api.get(flow.path + '/executions')['executions'] == []
    assert flow.running() == 0


@pytest.mark.parametrize('data,name', BAD)
def test_output_that_breaks_the_schema_is_refused(api, data, name):
    first = transition(api, outputJsonSchema=SCHEMA)
    run = Flow(api, {'A': task(first)}).run()
    claimed = claim(api, first)
    api.refused(400, 'PATCH', '/transitions/%s/executions/%s' % (first, claimed['executionId']),
                {'status': 'succeeded', 'output': data}, names=name)
    end(api, claimed, total=1)
    assert run.status() == 'succeeded'


def test_output_that_the_next_step_does_not_take_fails_the_execution(api):
    first, second = transition(api), transition(api, inputJsonSchema=SCHEMA)
    run = Flow(api, {'A': task(first, 'B'), 'B': task(second)},
               errorConfig={'manualRetry': True}).run()
    end(api, claim(api, first), a=1)
    assert run.status() == 'retry'
    assert any('input.total' in e for e in run.events())
    api.refused(400, 'PATCH', run.path, {'nextTransitionId': second}, names='total')
    api.patch(run.path, {'nextTransitionId': first})
    end(api, claim(api, first), total=1)
    end(api, claim(api, second))
    assert run.status() == 'succeeded'


def test_docker_step_whose_output_breaks_the_schema_fails(api):
    docker = transition(api, 'docker', outputJsonSchema=SCHEMA)
    assert Flow(api, {'A': task(docker)}).run(a=1).ends()['status'] == 'failed'
    assert Flow(api, {'A': task(docker)}).run(total=1).ends()['status'] == 'succeeded'
