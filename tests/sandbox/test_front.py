"""The page at "/" and /openapi.json: for people who look at a server."""
import html.parser
import re
import socket
import subprocess

import pytest
import requests

import facts
import sandbox_server as server

VOID = {'meta', 'link', 'br', 'hr', 'img', 'input'}


class Page(html.parser.HTMLParser):
    """Tags that are balanced, and the texts of the tables' cells."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.tables, self.words = [], [], {}, []
        self.table = None
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == 'table':
            self.table = self.tables.setdefault(dict(attrs).get('id'), [])
        elif tag == 'tr':
            self.table.append([])
        elif tag in ('td', 'th'):
            self.table[-1].append('')

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)
        if self.open and self.open[-1] in ('td', 'th'):
            self.table[-1][-1] += data


def look(s, path='/', **more):
    return requests.get(s.root + path, timeout=20, **more)


def page(s):
    answer = look(s)
    assert (answer.status_code, answer.headers['Content-Type']) == (200, 'text/html; charset=utf-8')
    return Page(answer.text)


def resources(s):
    """path -> how many there are"""
    return {row[0]: int(row[1]) for row in page(s).tables['resources'][1:]}


def asked(s):
    """(verb, path, status), the newest first"""
    return [(row[1], row[2], row[3]) for row in page(s).tables['requests'][1:]]


@pytest.fixture
def today(start):
    return start('--api', '2024')


def raw(s, head):
    """What a client that is no good sends."""
    with socket.create_connection(('127.0.0.1', int(s.root.rsplit(':', 1)[1])), timeout=20) as c:
        c.sendall(head + b'\r\nHost: localhost\r\nConnection: close\r\n\r\n')
        while c.recv(65536):
            pass


def test_it_says_how_to_connect(today):
    words = ''.join(page(today).words)
    assert today.api in words and today.auth + '/token' in words
    assert today.state in words and '--print-env' in words and 'API of 2024' in words


def test_its_command_is_one_for_a_shell(start, tmp_path):
    """Whatever the directory is called; the page is text, and the shell gets the name as it is."""
    state = tmp_path / "it's <here> $(id)"
    words = ''.join(page(start(state=state)).words)
    line = re.search(r'--state (.*) --client-secret-file', words).group(1)
    r = subprocess.run(['sh', '-c', f'printf %s {line}'], capture_output=True, text=True)
    assert r.stdout == str(state)


def test_it_counts_what_there_is(today):
    before = resources(today)
    api = requests.Session()
    api.headers['Authorization'] = 'Bearer ' + today.token()
    for _ in range(3):
        assert api.post(today.api + '/documents', json={'name': 'x'}).status_code == 200
    after = resources(today)
    assert set(before) == set(after) > {'/documents/{documentId}', '/roles/{roleId}'}
    assert {p: after[p] - before[p] for p in after if after[p] != before[p]} == {
        '/documents/{documentId}': 3}


def test_it_has_the_last_requests_the_newest_first(today):
    token = today.token()
    for n in range(3):
        requests.get(today.api + f'/models/las:model:n{n}?secret=1', headers={'Authorization': 'Bearer ' + token})
    requests.put(today.api + '/documents')
    assert asked(today)[:4] == [('PUT', '/v1/documents', '403'),
                                ('GET', '/v1/models/las:model:n2', '404'),
                                ('GET', '/v1/models/las:model:n1', '404'),
                                ('GET', '/v1/models/las:model:n0', '404')]
    assert asked(today)[4] == ('POST', '/oauth2/token', '200')
    for n in range(60):
        requests.get(today.api + f'/nothing{n}')
    got = asked(today)
    assert [path for _, path, _ in got] == [f'/v1/nothing{n}' for n in range(59, 9, -1)]


def test_there_is_no_secret_and_no_content_on_it(today):
    token = today.token()
    api = requests.Session()
    api.headers['Authorization'] = 'Bearer ' + token
    api.post(today.api + '/documents', json={'name': 'hidden-name', 'metadata': {'a': 'hidden-word'}})
    made = api.post(today.api + '/appClients', json={}).json()
    requests.post(today.root + f'/token?grant_type=client_credentials&client_secret={made["clientSecret"]}')
    for path in ('/', '/openapi.json'):
        text = look(today, path).text
        for hidden in (today.client_secret, token, made['clientSecret'], 'hidden-'):
            assert hidden not in text


@pytest.mark.parametrize('path', [b'/<script>alert(1)</script>', b'/a"onload="x', b"/'><img src=x>", b'/&lt;b&gt;',
                                  b'/%3Cscript%3E', b'/\xff\xfe<', b'/\xc3\xa4', b'/' + b'x' * 3000])
def test_what_was_sent_is_text_and_nothing_else(today, path):
    plain = [tag for tag, _ in page(today).tags]
    raw(today, b'GET ' + path + b' HTTP/1.1')
    raw(today, b'<i> ' + path + b' HTTP/1.1')
    text = look(today)
    assert '<script' not in text.text and '<i>' not in text.text and '<img' not in text.text
    shown = Page(text.text)
    extra = [tag for tag, _ in shown.tags][len(plain):]
    assert set(extra) <= {'tr', 'td'}
    assert not [a for _, attrs in shown.tags for a in attrs if a.startswith('on')]
    if path == b'/&lt;b&gt;':
        assert ('GET', '/&lt;b&gt;', '404') in asked(today)


def test_the_state_s_name_is_text(start, tmp_path):
    s = start(state=tmp_path / '<b>&"')
    assert '<b>&"' in ''.join(page(s).words)


def test_it_needs_no_script_and_loads_nothing(today):
    answer = look(today)
    tags = Page(answer.text).tags
    assert not {'script', 'img', 'link', 'iframe', 'form', 'object'} & {tag for tag, _ in tags}
    assert [attrs['href'] for _, attrs in tags if 'href' in attrs] == ['/openapi.json']
    assert "default-src 'none'" in answer.headers['Content-Security-Policy']
    assert answer.headers['X-Content-Type-Options'] == 'nosniff'
    assert answer.headers['Cache-Control'] == 'no-store'
    assert 'Access-Control-Allow-Origin' not in answer.headers


@pytest.mark.parametrize('path', ['/', '/openapi.json'])
@pytest.mark.parametrize('host,status', [('localhost', 200), ('127.0.0.1:1', 200), ('[::1]:80', 200),
                                         ('LOCALHOST:8080', 200), ('evil.example', 403),
                                         ('localhost.evil.example', 403), ('', 403), ('127.0.0.10', 403)])
def test_only_who_calls_this_machine_by_its_name_sees_it(shared, path, host, status):
    assert look(shared, path, headers={'Host': host}).status_code == status


def test_a_token_opens_it_by_any_name(shared):
    headers = {'Host': 'las.example.com', 'Authorization': 'Bearer ' + shared.token()}
    assert look(shared, headers=headers).status_code == 200
    assert look(shared, headers={**headers, 'Authorization': 'Bearer x'}).status_code == 403


@pytest.mark.parametrize('path', ['/', '/openapi.json'])
def test_in_public_it_takes_id_and_secret(start, path):
    s = start('--public')
    answer = look(s, path)
    assert answer.status_code == 401 and answer.headers['WWW-Authenticate'].startswith('Basic ')
    assert look(s, path, auth=('test-client', 'wrong')).status_code == 401
    assert look(s, path, auth=(s.client_id, s.client_secret)).status_code == 200
    assert look(s, path, headers={'Authorization': 'Bearer ' + s.token()}).status_code == 200


def test_head_and_other_verbs(shared):
    assert requests.head(shared.root + '/').status_code == 200
    assert requests.post(shared.root + '/').status_code == 404
    assert look(shared, '//').status_code == 404


# --- /openapi.json -------------------------------------------------------------------------------


@pytest.fixture(scope='module', params=['2021', '2024'])
def described(request, tmp_path_factory):
    """The description, and the facts of the same API."""
    s = server.Server(tmp_path_factory.mktemp('described') / 'state', '--api', request.param).start()
    answer = look(s, '/openapi.json')
    s.stop()
    assert (answer.status_code, answer.headers['Content-Type']) == (200, 'application/json')
    all_of = facts.FACTS if request.param == '2021' else facts.of_2024().all
    return answer.json(), all_of, s


def operations(api):
    return {(verb.upper(), path): operation for path, at in api['paths'].items()
            for verb, operation in at.items() if verb != 'parameters'}


def resolved(api, v):
    while '$ref' in v:
        at = api
        for part in v['$ref'].removeprefix('#/').split('/'):
            at = at[part]
        v = at
    return v


# What the descriptions leave out though clients send it.
NO_SCHEMA = ('PATCH', '/profiles/{profileId}')
ASKED_ALL_THE_SAME = {('GET', '/models/{modelId}/trainings/{trainingId}', 'statisticsLastNDays')}


def names(all_of, what, verb, path, wanted=lambda f: True):
    return {f.place for f in all_of if (f.what, f.verb, f.path) == (what, verb, path) and
            f.place != '.' and not re.search(r'[.\[|]', f.place) and wanted(f)}


def test_it_has_the_endpoints_of_the_facts_and_no_others(described):
    api, all_of, s = described
    assert api['openapi'] == '3.1.0'
    assert api['servers'] == [{'url': s.api}]
    assert set(operations(api)) == {(f.verb, f.path) for f in all_of if f.what == 'endpoint'}


def test_each_path_names_its_parameters(described):
    for path, at in described[0]['paths'].items():
        assert [p['name'] for p in at.get('parameters', [])] == re.findall(r'\{(\w+)\}', path)
        assert all(p['required'] and p['in'] == 'path' for p in at.get('parameters', []))


def test_requests_have_the_fields_of_the_facts(described):
    api, all_of, _ = described
    for (verb, path), operation in operations(api).items():
        if (verb, path) == NO_SCHEMA:
            continue
        wanted = names(all_of, 'request', verb, path)
        body = operation.get('requestBody')
        schema = body['content']['application/json']['schema'] if body else {'properties': {}}
        assert set(schema['properties']) == wanted, (verb, path)
        assert set(schema.get('required', [])) == names(all_of, 'request', verb, path,
                                                        lambda f: f.required == 'yes'), (verb, path)


def test_queries_are_those_of_the_facts(described):
    api, all_of, _ = described
    for (verb, path), operation in operations(api).items():
        got = {p['name'] for p in operation.get('parameters', []) if p['in'] == 'query'}
        got = {name for name in got if (verb, path, name) not in ASKED_ALL_THE_SAME}
        assert got == names(all_of, 'query', verb, path), (verb, path)


def test_answers_have_the_fields_of_the_facts(described):
    api, all_of, _ = described
    for (verb, path), operation in operations(api).items():
        ok = operation['responses'].get('200')
        assert ('204' in operation['responses']) == (ok is None)
        if not ok:
            continue
        schema = resolved(api, ok['content']['application/json']['schema'])
        wanted = names(all_of, 'answer', verb, path)
        assert set(schema.get('required', [])) <= set(schema['properties'])
        missing = wanted - set(schema['properties'])
        assert not missing or 'nextToken' in wanted, (verb, path, missing)


def test_limits_and_words_are_there(described):
    api, all_of, _ = described
    post = operations(api)['POST', '/datasets']['requestBody']['content']['application/json']['schema']
    fact = next(f for f in all_of if f[:4] == ('request', 'POST', '/datasets', 'retentionInDays'))
    assert post['properties']['retentionInDays'] == {
        'type': 'integer', 'minimum': int(fact.min), **({} if fact.max == '-' else {'maximum': int(fact.max)})}
    assert post['properties']['name'] == {'type': ['string', 'null'], 'maxLength': 4096}
    assert post['additionalProperties'] is False
    made = operations(api)['POST', '/documents']['requestBody']['content']['application/json']['schema']
    assert 'application/pdf' in made['properties']['contentType']['enum']
    for schema in api['components']['schemas'].values():
        for v in schema['properties'].values():
            if 'pattern' in v:
                re.compile(v['pattern'])
