"""docs/api-map.md is true: each of its lines runs, sends what it says, and the server holds it."""
import json
import os
import re

import pytest

from mounted import Mount, eventually
from proxy import Proxy
from rest import Api, Refused
from samples import jpeg, pdf, png
from server import ROOT, Server

CONSENT = 'las:consent:' + '0' * 31 + '1'
ID = re.compile(r'las:[a-z-]+:[0-9a-f]{32}')


class Row:
    def __init__(self, cells, today):
        self.today = today  # of the page's second half: against a server that speaks today's API
        self.call, line, sends = cells[:3]
        self.api = cells[3] if today else '2021'
        # what no SDK has stands under its endpoint
        self.method = None if ' /' in self.call else re.match(r'[\w.]+', self.call)[0]
        self.line = line.strip('`').replace(r'\|', '|')
        self.sends = [self.request(s) for s in re.split(r';\s(?=[A-Z]+ /)', sends) if s]

    @staticmethod
    def request(text):
        verb, path, body = re.fullmatch(r'(\w+) (\S+)(?: `(.*)`)?', text).groups()
        return verb, path, normal(json.loads(body)) if body else None


def rows():
    found = []
    first, second = (ROOT / 'docs/api-map.md').read_text().split("\n# Today's API\n")
    for text, today in ((first, False), (second, True)):
        for line in text.splitlines():
            cells = [c.strip() for c in re.split(r'(?<!\\)\|', line)[1:-1]]
            if cells and cells[0] not in ('SDK', '---'):
                assert len(cells) == 4 + today, line
                found.append(Row(cells, today))
    return found


def normal(value, key=None):
    """Ids are all alike, and so are bytes."""
    if key == 'lasfs' and 'sha256' in value:
        return 'STAMP'  # test_stamps.py looks at it
    if isinstance(value, dict):
        return {k: normal(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [normal(v) for v in value]
    if key in ('content', 'avatar') and isinstance(value, str):
        return 'BASE64'
    return 'ID' if isinstance(value, str) and ID.fullmatch(value) else value


ROWS = rows()
OF_2021 = [row for row in ROWS if not row.today]
TODAY = [row for row in ROWS if row.today]


# --- What the page takes for granted -----------------------------------------------------------

TASK = {'StartAt': 'Look', 'States': {'Look': {'Type': 'Task', 'End': True}}}


def workflow(api, name, transition, **more):
    definition = json.loads(json.dumps(TASK))
    definition['States']['Look']['Resource'] = transition
    return api.post('workflows', name=name, specification={
        'definition': definition, 'language': 'ASL', 'version': '1.0.0'}, **more)['workflowId']


class World:
    def __init__(self, folder, today):
        self.today = today
        self.server = Server(folder / 'server', '--model-time', '0', '--api',
                             '2024' if today else '2021').start()
        self.proxy = Proxy(self.server)
        self.api = Api(self.server)
        self.home = folder / 'home'
        self.home.mkdir()
        for name, data in {'scan.pdf': pdf(2000), 'new.pdf': pdf(2100, seed=1),
                           'logo.png': png(2000), 'form.js': b'export default 1\n',
                           'photo.jpg': jpeg()}.items():
            (self.home / name).write_bytes(data)
        self.mount = Mount(self.proxy, folder / 'lasfs')
        self.mount.may_leave = True
        self.ids = {}

    def fill(self):
        api, ids = self.api, self.ids
        self.mount.start().run('mkdir datasets/invoices datasets/archive && '
                               'cp ~/scan.pdf datasets/invoices/documents/ && '
                               'cp ~/form.js assets/', HOME=self.home)
        api.add_document(pdf(2200, seed=2), consentId=CONSENT)
        ids['dataset'] = api.dataset_called('invoices')['datasetId']
        self.train()
        ids['secret'] = api.post('secrets', name='registry', data={'username': 'u'})['secretId']
        ids['review'] = api.post('transitions', name='review', transitionType='manual')['transitionId']
        ids['convert'] = api.post('transitions', name='convert', transitionType='docker',
                                  parameters={'imageUrl': 'example.com/c'})['transitionId']
        api.post('transitions', name='spare', transitionType='manual')
        api.post('appClients', name='portal')
        if self.today:
            self.add_today()
        else:
            api.post('users', email='clerk@example.com')
        self.run_workflows()
        eventually(lambda: api.get(f"models/{ids['model']}")['status'] == 'active')
        api.post('predictions', modelId=ids['model'],
                 documentId=api.documents(datasetId=ids['dataset'])[0]['documentId'])
        self.mount.refresh()

    def train(self):
        """The model reader, trained, with its data bundle."""
        api, ids = self.api, self.ids
        size = {} if self.today else {'width': 300, 'height': 300}
        ids['model'] = api.post('models', name='reader', fieldConfig={
            'total': {'type': 'amount', 'maxLength': 20}}, **size)['modelId']
        path = f"models/{ids['model']}"
        ids['bundle'] = api.post(path + '/dataBundles', name='first',
                                 datasetIds=[ids['dataset']])['dataBundleId']
        if not self.today:
            api.patch(path, status='training')
            return
        ids['training'] = api.post(path + '/trainings', name='one',
                                   dataBundleIds=[ids['bundle']])['trainingId']
        eventually(lambda: api.get(f"{path}/trainings/{ids['training']}")['status'] == 'succeeded')
        api.patch(path, trainingId=ids['training'])

    def add_today(self):
        """What only today's API has. A user has no name there but the one that it was given here."""
        os.mkdir(self.mount / 'users/clerk@example.com')
        self.api.post('paymentMethods', name='card')
        self.api.post(f"datasets/{self.ids['dataset']}/transformations",
                      operations=[{'type': 'remove-duplicates'}])
        eventually(lambda: self.api.list(f"datasets/{self.ids['dataset']}/transformations")[0]['status']
                   == 'succeeded')

    def run_workflows(self):
        """One execution that waits for a hand, one that is done, one that waits for a retry."""
        api, ids = self.api, self.ids
        ids['approval'] = workflow(api, 'approval', ids['review'])
        done = ids['conversion'] = workflow(api, 'conversion', ids['convert'])
        retried = workflow(api, 'retried', ids['review'], errorConfig={'manualRetry': True})
        for one in (done, retried):
            api.post(f'workflows/{one}/executions', input={'n': 1})
        review = f"transitions/{ids['review']}/executions"
        claimed = api.post(review)['executionId']
        api.patch(f'{review}/{claimed}', status='failed', error={'message': 'no'})
        execution = f'workflows/{retried}/executions'
        eventually(lambda: api.list(execution)[0]['status'] == 'retry')
        api.post(f"workflows/{ids['approval']}/executions", input={'document': 'bill 1'})
        eventually(lambda: api.list(review))
        eventually(lambda: api.list('logs'))

    def stop(self):
        try:
            if self.mount.process:
                self.mount.unmount()
        finally:
            self.mount.kill()
            self.proxy.stop()
            self.server.stop()


@pytest.fixture
def world(tmp_path, row):
    one = World(tmp_path, row.today)
    try:
        one.fill()
        yield one
    finally:
        one.stop()


# --- What the server holds afterwards ----------------------------------------------------------

def listed(api, path):
    """The resource at path by its list: for those that have no GET as well."""
    collection, _, wanted = path.rpartition('/')
    if wanted == 'me':
        return api.get(path)
    key = collection.rpartition('/')[2]
    return next((r for r in api.list(collection, key) if wanted in r.values()), None)


def holds(api, resource, body):
    """Has it what was sent, as far as answers show it? Training ends at once here."""
    return all(normal(resource[k]) == v or (v, resource[k]) == ('training', 'active') or
               (k == 'parameters' and v.items() <= normal(resource[k]).items())  # what is not named stays
               for k, v in body.items() if k in resource and v != 'BASE64')


def filters(p):
    pairs = dict(part.partition('=')[::2] for part in p.query.replace('%3A', ':').split('&'))
    return {name: pairs[name] for name in ('datasetId', 'consentId') if name in pairs}


def check_server(world, passed, body):
    path = passed.path.lstrip('/')
    if passed.verb == 'POST' and not path.endswith('heartbeats'):
        assert any(holds(world.api, r, body) for r in world.api.list(path)), (path, body)
    elif passed.verb == 'PATCH':
        assert holds(world.api, listed(world.api, path), body), (path, body)
    elif passed.verb == 'DELETE' and '/' in path:
        assert listed(world.api, path) is None, path
    elif passed.verb == 'DELETE':
        assert world.api.list(path, **filters(passed)) == []


# --- What the lines that only read show --------------------------------------------------------

def names(path, field='name'):
    return lambda w, out: set(out.split()) == {r[field] for r in w.api.list(path)}


def ids(path, key=None, **filters):
    """path may have {names} of World.ids."""
    def check(w, out):
        row = w.api.list(path.format(**w.ids), key, **{k: v.format(**w.ids)
                                                       for k, v in filters.items()})
        shown = [line for line in out.split() if ID.fullmatch(line)]
        return row and set(shown) == {next(v for k, v in r.items() if k == id_field(path))
                                      for r in row}
    return check


def id_field(path):
    return {'predictions': 'predictionId', 'logs': 'logId', 'documents': 'documentId'}.get(
        path.rpartition('/')[2], 'executionId')


def whole(path):
    """The line prints the resource as the API has it."""
    return lambda w, out: json.loads(out) == {
        k: v for k, v in w.api.get(path.format(**w.ids)).items() if k != 'content'}


def says(text):
    return lambda w, out: out.strip() == text


def only(path, key):
    return lambda w, out: out.strip() == str(w.api.get(path.format(**w.ids))[key])


def document_of(w):
    return w.api.documents(datasetId=w.ids['dataset'])[0]


def execution_of(w):
    return w.api.list('workflows/{approval}/executions'.format(**w.ids))[0]


def user_of(w):
    return w.api.get('users/' + next(u['userId'] for u in w.api.list('users')
                                     if u['email'] == 'clerk@example.com'))


def asset_of(w):
    return next(a for a in w.api.list('assets') if a['name'] == 'form.js')


def has_no_token(w, out):
    return 'endpoint' in out and not re.search(r'token|bearer', out, re.I)


SHOWS = {
    'Credentials.access_token': has_no_token,
    'list_datasets(max_results, next_token)': lambda w, out: [json.loads(line) for line in
                                                              out.splitlines()]
    == w.api.list('datasets'),
    'list_datasets': lambda w, out: set(out.split()) == {'invoices', 'archive'},
    'list_datasets: whole resources': names('datasets'),
    'list_datasets: by name': names('datasets'),
    'create_app_client: client secret': lambda w, out: len(out.strip()) > 10,
    'list_app_clients': lambda w, out: 'portal' in out.split()
    and len(out.split()) == len(w.api.list('appClients')),
    'list_assets': says('form.js'),
    'get_asset': says('same'),
    'get_asset: fields': lambda w, out: json.loads(out)['assetId'] == asset_of(w)['assetId'],
    'get_dataset': whole('datasets/{dataset}'),
    'get_dataset: one field': says('1'),
    'list_documents': ids('documents'),
    'list_documents(dataset_id)': says('scan.pdf'),
    'list_documents(consent_id)': ids('documents', consentId=CONSENT),
    'get_document': says('same'),
    'get_document: by id': says('same'),
    'get_document: fields': lambda w, out: json.loads(out) == document_of(w),
    'list_logs': ids('logs'),
    'list_logs(workflow_id)': ids('logs', workflowId='{approval}'),
    'list_logs(transition_id)': ids('logs', transitionId='{convert}'),
    'list_logs(workflow_execution_id)': lambda w, out: set(ID.findall(out)) == {
        r['logId'] for r in w.api.list('logs', workflowExecutionId=execution_of(w)['executionId'])},
    'list_logs(transition_execution_id)': lambda w, out: set(ID.findall(out)) >= {
        r['logId'] for r in w.api.list('logs', transitionId=w.ids['convert'])},
    'get_log': lambda w, out: sum(len(w.api.get('logs/' + r['logId'])['events'])
                                  for r in w.api.list('logs')) == len(out.splitlines()) > 0,
    'get_log: as JSON': lambda w, out: sorted(out.splitlines()) == sorted(
        e['message'] for r in w.api.list('logs') for e in w.api.get('logs/' + r['logId'])['events']),
    'list_models': says('reader'),
    'get_model': whole('models/{model}'),
    'list_data_bundles': says('first'),
    'list_data_bundles(status)': lambda w, out: ID.fullmatch(out.strip()),
    'list_data_bundles: one of them': says('ready'),
    'get_organization': whole('organizations/me'),
    'get_organization: a quota': only('organizations/me', 'monthlyNumberOfDocumentsAllowed'),
    'create_prediction: by a folder': lambda w, out: 'total' in json.loads(out),
    'list_predictions': ids('predictions'),
    'list_predictions: whole results': says('total'),
    'list_secrets': says('registry'),
    'list_transitions': names('transitions'),
    'list_transitions(transition_type)': lambda w, out: set(out.split()) == {
        t['transitionId'] for t in w.api.list('transitions', transitionType='manual')},
    'get_transition': whole('transitions/{review}'),
    'list_transition_executions': ids('transitions/{review}/executions'),
    'list_transition_executions(status)': ids('transitions/{review}/executions', status='running'),
    'list_transition_executions(sort_by, order)': lambda w, out: out.split() == [
        e['executionId'] for e in w.api.list('transitions/{convert}/executions'.format(**w.ids),
                                             sortBy='endTime', order='descending')],
    'get_transition_execution': lambda w, out: json.loads(out) == {'document': 'bill 1'},
    'list_users': lambda w, out: 'clerk@example.com' in out.split(),
    'get_user': lambda w, out: json.loads(out) == user_of(w),
    'list_workflows': names('workflows'),
    'get_workflow': whole('workflows/{approval}'),
    'list_workflow_executions': ids('workflows/{approval}/executions'),
    'list_workflow_executions(status)': ids('workflows/{approval}/executions', status='running'),
    'list_workflow_executions(sort_by, order)': ids('workflows/{approval}/executions'),
    'get_workflow_execution': lambda w, out: out.strip() == execution_of(w)['status'],
    'get_workflow_execution: its steps': lambda w, out: json.loads(out)
    == execution_of(w)['transitionExecutions'],
}


# What the second half shows otherwise, or the first half has not.
SHOWS_TODAY = {
    'get_app_client': lambda w, out: json.loads(out) == next(
        c for c in w.api.list('appClients') if c['name'] == 'portal'),
    'get_asset: digest': lambda w, out: out.strip() == asset_of(w)['contentMD5'],
    'list_transformations': lambda w, out: [out.strip()] == [
        t['transformationId'] for t in w.api.list('datasets/{dataset}/transformations'.format(**w.ids))],
    'list_transformations(status)': lambda w, out: [out.strip()] == [
        t['transformationId'] for t in w.api.list('datasets/{dataset}/transformations'.format(**w.ids))],
    # its address is of the host that was asked, the proxy or the server
    'get_document: fields': lambda w, out: {**json.loads(out), 'fileUrl': ''}
    == {**document_of(w), 'fileUrl': ''},
    'get_document: digest': lambda w, out: out.strip() == document_of(w)['contentMD5'],
    'list_models(owner)': lambda w, out: [out.strip()] == [m['modelId'] for m in w.api.list('models')],
    'list_data_bundles': says('first'),
    'get_data_bundle': whole('models/{model}/dataBundles/{bundle}'),
    'list_trainings': says('one'),
    'get_training': says('succeeded'),
    'get_model(statistics_last_n_days)': lambda w, out: json.loads(out) == w.api.get(
        'models/' + w.ids['model'], statisticsLastNDays=30)['statistics'],
    'get_training(statistics_last_n_days)': lambda w, out: json.loads(out) == w.api.get(
        'models/{model}/trainings/{training}'.format(**w.ids), statisticsLastNDays=7)['statistics'],
    'GET /organizations': lambda w, out: [out.strip()] == [
        o['organizationId'] for o in w.api.list('organizations')],
    'GET /profiles/{profileId}': whole('profiles/me'),
    'list_plans': names('plans'),
    'get_plan': lambda w, out: json.loads(out) == w.api.list('plans')[0],
    'list_deployment_environments': names('deploymentEnvironments'),
    'get_deployment_environment': lambda w, out: json.loads(out)
    == w.api.list('deploymentEnvironments')[0],
    'list_payment_methods': says('card'),
    'get_payment_method': says('card'),
    'list_predictions(model_id)': lambda w, out: out.split() == [
        p['predictionId'] for p in w.api.list('predictions', modelId=w.ids['model'])] != [],
    'get_prediction': lambda w, out: json.loads(out) == w.api.list('predictions')[0]['predictions'],
    'list_roles': names('roles'),
    'get_role': lambda w, out: json.loads(out) == w.api.list('roles')[0]['permissions'],
    'list_users': says('clerk@example.com'),
    'get_user': lambda w, out: json.loads(out) == w.api.list('users')[0],
    'get_transition_execution: its output': lambda w, out: json.loads(out) == w.api.list(
        'transitions/{convert}/executions'.format(**w.ids))[0]['output'],
    'list_workflow_executions(status)': ids('workflows/{conversion}/executions', status='succeeded'),
    'list_workflow_executions(from_start_time, to_start_time)': ids('workflows/{conversion}/executions'),
}


def shows(row):
    return (SHOWS_TODAY.get(row.call) if row.today else None) or SHOWS.get(row.call)


# --- The tests -----------------------------------------------------------------------------------

def test_every_method_has_a_row_and_no_row_another_method():
    for half, name in ((OF_2021, 'sdk-methods.txt'), (TODAY, 'sdk-methods-2024.txt')):
        methods = set((ROOT / 'tests/data' / name).read_text().split())
        assert {row.method for row in half} - {None} == methods
        assert len(half) > 100 and len({row.call for row in half}) == len(half)


def test_what_no_method_does_is_an_endpoint_of_the_api():
    facts = [line.split('\t')[:3] for line in (ROOT / 'tests/data/api-facts-2024.tsv').read_text().splitlines()]
    endpoints = {f'{verb} {path}' for kind, verb, path in facts if kind == 'endpoint'}
    assert {row.call for row in ROWS if not row.method} <= endpoints
    assert len([row for row in TODAY if not row.method]) == 4


def test_what_is_said_of_both_generations_is_tried_with_both():
    """A row of today's half that says `both` stands in the first half too, where it is run."""
    before = [(row.call, row.line, row.sends) for row in OF_2021]
    assert {row.api for row in TODAY} == {'both', '2024'}
    for row in TODAY:
        assert ((row.call, row.line, row.sends) in before) == (row.api == 'both'), row.call


def test_every_row_is_checked_and_every_check_has_a_row():
    assert not set(SHOWS) - {row.call for row in OF_2021}
    assert not set(SHOWS_TODAY) - {row.call for row in TODAY}
    assert not {row.call for row in ROWS if not row.sends and not shows(row)}


@pytest.mark.parametrize('row', ROWS, ids=[('today: ' if row.today else '') + row.call for row in ROWS])
def test_the_line_does_what_its_row_says(world, row):
    mark = world.proxy.mark()
    out = world.mount.run(row.line, HOME=world.home).out
    passed = [p for p in world.proxy.since(mark) if p.verb != 'GET' and p.path != '/oauth2/token']
    sent = [(p.verb, target(p), normal(json.loads(p.body)) if p.body else None) for p in passed]
    assert [(v, path, body or None) for v, path, body in sent] == \
        [(v, path, body or None) for v, path, body in row.sends]
    eventually(lambda: all(p.status for p in passed))  # its answer passes a moment after the request
    assert all(p.status < 300 for p in passed)
    if shows(row):
        assert shows(row)(world, out), out
    last = {p.path: i for i, p in enumerate(passed)}
    for i, p in enumerate(passed):
        if last[p.path] == i or p.verb == 'POST':
            check_server(world, p, sent[i][2] or {})


def target(p):
    path = p.path + ''.join(f'?{name}={value}' for name, value in filters(p).items())
    return path if CONSENT in path else ID.sub('ID', path)
