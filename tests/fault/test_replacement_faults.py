"""A rename over a document when the server fails in the middle of it: what the program was told is
true, and nothing is lost, nor on bytes that it was not said of."""
import json
import os
import subprocess
import time

import pytest

from mounted import eventually
from rest import Refused
from samples import pdf

TRUTH = [{'label': 'n', 'value': 'old'}]
OLD, NEW = pdf(2000, 2), pdf(2000, 1)

FAULTS = {
    '500': {'status': 500, 'message': 'oops'},
    '500 once': {'status': 500, 'message': 'oops', 'times': 1},
    'cut': {'close': 'before'},
    'cut once': {'close': 'after', 'times': 1},
    '403': {'status': 403, 'message': 'not yours'},
    '400': {'status': 400, 'message': 'no'},
}
PLACES = {
    'in a folder': ('documents/new.pdf', 'documents/S.pdf'),
    'between datasets': ('datasets/one/documents/new.pdf', 'datasets/two/documents/S.pdf'),
    'from a subfolder': ('datasets/one/documents/sub/new.pdf', 'datasets/one/documents/S.pdf'),
}


@pytest.fixture
def proxied(lasfs, proxy, api):
    mount = lasfs('timeout=2', 'meta_ttl=300', 'list_ttl=300', server=proxy)
    mount.allow('new.pdf', 'delete the replaced', '.json')
    mount.one, mount.two = api.add_dataset('one'), api.add_dataset('two')
    return mount


def facts(api):
    """What is said of each of the two; one of them may be about to go."""
    try:
        return facts_now(api)
    except Refused as gone:
        if gone.status != 404:
            raise
        return facts_now(api)


def facts_now(api):
    return {{OLD: 'old', NEW: 'new'}[api.content('documents/' + d['documentId'])]:
            (d.get('groundTruth'), d.get('datasetId')) for d in api.documents()}


def put(mount, names):
    source, target = (mount / name for name in names)
    source.parent.mkdir(exist_ok=True)
    source.write_bytes(NEW)
    target.write_bytes(OLD)
    (target.parent / '.by-name/S.pdf/groundTruth.json').write_text(json.dumps(TRUTH))
    return source, target


def rename(source, target):
    try:
        os.rename(source, target)
    except OSError:
        return False
    return True


@pytest.mark.parametrize('verb', ['GET', 'PATCH', 'DELETE'])
@pytest.mark.parametrize('fault', FAULTS)
@pytest.mark.parametrize('names', PLACES)
def test_it_is_done_or_it_is_not(proxied, api, proxy, verb, fault, names):
    source, target = put(proxied, PLACES[names])
    before = facts(api)
    proxy.fault(verb, '/documents.*', **FAULTS[fault])
    done = rename(source, target)
    proxy.clear()
    after = facts(api)
    if done:
        assert after['new'] == before['old'], proxied.errors()
        if 'delete the replaced' not in proxied.errors():  # it is gone, or goes once it can
            eventually(lambda: 'old' not in facts(api), 30)
    else:
        assert after == before and proxied.errors()
    for again in (False, True):
        if again:
            proxied.remount()
        assert target.read_bytes() == (NEW if done else OLD)
        assert source.exists() is not done
        if not done:
            assert source.read_bytes() == NEW


@pytest.mark.parametrize('stall', ['before', 'after'])
@pytest.mark.parametrize('names', PLACES)
def test_a_death_in_the_middle_finishes_it_or_undoes_it(proxied, api, proxy, names, stall):
    """What is said of the one is not left on the other, which has its own name still."""
    source, target = put(proxied, PLACES[names])
    before = facts(api)
    proxied.may_leave = True
    rule = proxy.fault('PATCH', '/documents.*', stall=stall)
    program = subprocess.Popen(['mv', '-T', source, target], stderr=subprocess.DEVNULL)
    eventually(lambda: rule.hits)
    if stall == 'after':
        eventually(lambda: facts(api) != before)
    proxied.kill()
    assert program.wait(10) != 0
    proxy.rules.remove(rule)  # what was stalled before it arrived never arrives
    proxied.start()
    if stall == 'after':
        eventually(lambda: facts(api) == {'new': before['old']}, 30)
        eventually(lambda: not source.exists())
        assert target.read_bytes() == NEW
    else:
        time.sleep(1)
        assert facts(api) == before
        assert source.read_bytes() == NEW and target.read_bytes() == OLD


@pytest.mark.parametrize('dies', [False, True])
def test_a_move_that_arrives_late_takes_its_name_along(proxied, api, proxy, dies):
    """After the look that said that it had not."""
    proxied.allow('S.pdf')
    source, target = (proxied / name for name in PLACES['between datasets'])
    source.parent.mkdir(exist_ok=True)
    source.write_bytes(NEW)
    rule = proxy.fault('PATCH', '/documents.*', stall='before')
    program = subprocess.Popen(['mv', '-T', source, target], stderr=subprocess.DEVNULL)
    eventually(lambda: rule.hits)
    if dies:
        proxied.kill()
    assert program.wait(20) != 0
    proxy.rules.remove(rule)
    if dies:
        proxied.start()
    time.sleep(0.5)
    assert source.read_bytes() == NEW and facts(api) == {'new': (None, proxied.one)}
    rule.released.set()
    eventually(lambda: facts(api) == {'new': (None, proxied.two)})
    eventually(lambda: target.exists() and not source.exists())
    assert target.read_bytes() == NEW


@pytest.mark.parametrize('temporary', ['.S.pdf.Xy12aB', 'sedCjRMTc', 'S.pdf.part'])
def test_what_was_sent_for_a_rename_gets_its_name(proxied, api, proxy, temporary):
    """The daemon dies once it is at the server, and what it replaces is going: not before the names have changed."""
    folder = proxied / 'documents'
    (folder / 'S.pdf').write_bytes(OLD)
    (folder / temporary).write_bytes(NEW)
    assert list(facts(api)) == ['old']
    rule = proxy.fault('DELETE', '/documents.*', stall='before')
    program = subprocess.Popen(['mv', '-T', folder / temporary, folder / 'S.pdf'],
                               stderr=subprocess.DEVNULL)
    eventually(lambda: rule.hits)
    assert [name for name, in proxied.ask_state('SELECT name FROM drops')] == ['S.pdf']
    proxied.kill()
    assert program.wait(10) != 0
    proxy.rules.remove(rule)
    proxied.start()
    eventually(lambda: list(facts(api)) == ['new'], 30)
    eventually(lambda: os.listdir(folder) == ['S.pdf'])
    assert (folder / 'S.pdf').read_bytes() == NEW
    proxied.remount()
    assert os.listdir(folder) == ['S.pdf'] and list(facts(api)) == ['new']


def test_what_others_said_of_it_meanwhile_is_its_own(proxied, api):
    source, target = put(proxied, PLACES['in a folder'])
    target.read_bytes()
    new = next(d for d in api.documents() if not d.get('groundTruth'))
    time.sleep(1.1)
    api.patch('documents/' + new['documentId'], groundTruth=[{'label': 'n', 'value': 'others'}])
    os.rename(source, target)
    assert api.only_document()['groundTruth'] == [{'label': 'n', 'value': 'others'}]


def test_what_is_in_no_dataset_any_more_is_replaced_in_that_of_the_folder(proxied, api, proxy):
    source, target = put(proxied, PLACES['between datasets'])
    old = next(d for d in api.documents() if d.get('groundTruth'))['documentId']
    proxy.fault('GET', '/documents/' + old, edit=lambda data: json.dumps(
        {k: v for k, v in json.loads(data).items() if k != 'datasetId'}).encode())
    assert rename(source, target)
    assert facts(api) == {'new': (TRUTH, proxied.two)}
    assert target.read_bytes() == NEW


def test_between_datasets_it_is_one_change(proxied, api, server):
    source, target = put(proxied, PLACES['between datasets'])
    with server.watch() as seen:
        os.rename(source, target)
    assert [r.verb for r in seen.changes] == ['PATCH', 'DELETE']
    assert facts(api) == {'new': (TRUTH, proxied.two)}


def test_json_whose_renaming_fails_loses_nothing(proxied, api, proxy):
    folder = proxied / 'appClients'
    for name in 'ab':
        (folder / f'{name}.json').write_text(json.dumps({'description': name}))

    def clients():
        return sorted((c['name'], c['description']) for c in api.list('appClients') if c.get('description') in ('a', 'b'))
    proxy.fault('PATCH', '/appClients.*', status=500, message='oops')
    assert not rename(folder / 'a.json', folder / 'b.json')
    proxy.clear()
    assert clients() == [('a', 'a'), ('b', 'b')]
    for name in 'ab':
        assert json.loads((folder / f'{name}.json').read_text())['description'] == name
    proxy.fault('DELETE', '/appClients.*', status=500, message='oops')
    assert rename(folder / 'a.json', folder / 'b.json')
    assert [n for n in os.listdir(folder) if n.endswith('.json')] == ['b.json']
    assert clients() == [('b', 'a'), ('b', 'b')]
    proxy.clear()
    proxied.control('flush')  # what is owed is paid
    assert clients() == [('b', 'a')]


@pytest.mark.parametrize('status', [400, 403])
def test_json_that_cannot_go_stays_under_its_id(proxied, api, proxy, status):
    folder = proxied / 'appClients'
    for name in 'ab':
        (folder / f'{name}.json').write_text(json.dumps({'description': name}))
    proxy.fault('DELETE', '/appClients.*', status=status, message='it is in use')
    proxied.allow('it is in use')
    assert rename(folder / 'a.json', folder / 'b.json')
    assert 'delete the replaced' in proxied.errors() and 'it is in use' in proxied.errors()
    assert json.loads((folder / 'b.json').read_text())['description'] == 'a'
    old = next(c['appClientId'] for c in api.list('appClients') if c.get('description') == 'b')
    assert old in os.listdir(folder)



@pytest.mark.parametrize('folder', ['documents', 'datasets/one/documents'])
@pytest.mark.parametrize('script', ['mv $NEW S.pdf', 'cp --remove-destination $NEW S.pdf',
                                    'install $NEW S.pdf'])
def test_an_answer_that_is_lost_takes_no_labels_with_it(proxied, api, proxy, samples, folder, script):
    target = proxied / folder / 'S.pdf'
    target.write_bytes(OLD)
    (target.parent / '.by-name/S.pdf/groundTruth.json').write_text(json.dumps(TRUTH))
    before = facts(api)
    proxy.fault('DELETE', '/documents.*', close='after', times=1)
    proxied.run(script, cwd=target.parent, NEW=samples.write('n.pdf', NEW))
    assert facts(api) == {'new': before['old']}
    assert target.read_bytes() == NEW


def test_what_others_deleted_is_inherited_by_nobody(proxied, api, samples):
    target = proxied / 'documents/S.pdf'
    target.write_bytes(OLD)
    (target.parent / '.by-name/S.pdf/groundTruth.json').write_text(json.dumps(TRUTH))
    api.delete('documents/' + api.only_document()['documentId'])
    proxied.run('mv $NEW S.pdf', cwd=target.parent, NEW=samples.write('n.pdf', NEW))
    assert facts(api) == {'new': (None, None)}
