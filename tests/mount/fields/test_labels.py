"""Ground truth as people and programs write it: with numbers, in any form, by any editor."""
import errno
import json
import os

import pytest

from samples import small_pdf

MARK = b'\xef\xbb\xbf'
BIG = '123456789012345678901234567890'
TRUTH = [{'label': 'total', 'value': '6.50'}, {'label': 'rate', 'value': '1e3'},
         {'label': 'number', 'value': BIG}, {'label': 'paid', 'value': True},
         {'label': 'due', 'value': None}, {'label': 'name', 'value': 'x'}]
MAP = '{"total": 6.50, "rate": 1e3, "number": %s, "paid": true, "due": null, "name": "x"}' % BIG
LIST = '[%s]' % ', '.join(
    '{"label": "%s", "value": %s}' % pair for pair in
    [('total', '6.50'), ('rate', '1e3'), ('number', BIG), ('paid', 'true'), ('due', 'null'),
     ('name', '"x"')])
FORMS = {
    'map': MAP,
    'list': LIST,
    'prediction': '{"inferenceTime": 1.5, "predictions": %s}' % LIST.replace(
        '}', ', "confidence": 0.50}'),
    'labels of a map': '{"document": "a.pdf", "labels": %s, "score": 0.5, "more": {"a": {}}}' % MAP,
    'labels of a list': '{"labels": %s}' % LIST,
    'with a mark': MARK.decode() + MAP.replace(', ', ',\r\n') + '\r\n',
}


@pytest.mark.parametrize('form', FORMS)
@pytest.mark.parametrize('way', ['field', 'sidecar before', 'sidecar after', 'resource', 'defaults'])
def test_numbers_are_what_stands_in_the_file(mount, api, form, way):
    mount.may_leave = True
    text, folder = FORMS[form].encode(), mount / 'documents'
    if way == 'sidecar before':
        (folder / 'a.pdf.json').write_bytes(text)
    if way == 'defaults':
        mark = MARK if text.startswith(MARK) else b''
        (folder / '.defaults.json').write_bytes(
            mark + b'{"groundTruth": %s}' % text[len(mark):])
    (folder / 'a.pdf').write_bytes(small_pdf(1))
    if way == 'sidecar after':
        (folder / 'a.pdf.json').write_bytes(text)
    document = api.only_document()['documentId']
    if way == 'field':
        (folder / document / 'groundTruth.json').write_bytes(text)
    if way == 'resource':
        mark = MARK if text.startswith(MARK) else b''
        (folder / document / 'resource.json').write_bytes(
            mark + b'{"retentionInDays": 30, "groundTruth": %s}' % text[len(mark):])
    assert api.only_document()['groundTruth'] == TRUTH
    # what is written again is nothing new
    with mount.server.watch() as seen:
        resource = (folder / document / 'resource.json').read_text()
        (folder / document / 'resource.json').write_text(resource)
    assert not seen.changes


def test_a_label_may_be_called_labels(mount, api):
    document = api.add_document(small_pdf(1))
    (mount / 'documents' / document / 'groundTruth.json').write_text('{"labels": 2.0, "a": "b"}')
    assert api.only_document()['groundTruth'] == [{'label': 'labels', 'value': '2.0'},
                                                  {'label': 'a', 'value': 'b'}]


@pytest.mark.parametrize('text, says', [
    ('{"total": {"amount": 6.50}}', 'the value of total must be a text, a number, true, false'),
    ('[{"label": "total", "value": {"amount": 6.50}}]', 'the value of total must be'),
    ('{"labels": {"total": {}}}', 'the value of total must be'),
    ('{"total": 007}', 'not JSON'),
    ('{"total": 1_000}', 'not JSON'),
    ('{"total": 1.}', 'not JSON'),
])
def test_what_is_no_value_is_told(mount, api, text, says):
    mount.allow('groundTruth')
    mount.may_leave = True
    document = api.add_document(small_pdf(1))
    with pytest.raises(OSError) as problem:
        (mount / 'documents' / document / 'groundTruth.json').write_text(text)
    assert problem.value.errno == errno.EINVAL
    assert says in mount.errors()
    assert 'groundTruth' not in api.only_document()


def test_a_byte_order_mark_is_no_part_of_json(mount, api):
    """Wherever JSON is read; what was dropped keeps its bytes."""
    body = MARK + json.dumps({'width': 100, 'height': 100, 'fieldConfig': {
        'a': {'type': 'all', 'maxLength': 3}}}).encode()
    (mount / 'models/m.json').write_bytes(body)
    (model,) = api.list('models')
    assert (mount / 'models/m.json').read_bytes() == body
    (mount / 'models/m/fieldConfig.json').write_bytes(
        MARK + b'{"b": {"type": "all", "maxLength": 4}}')
    (mount / 'models/m/resource.json').write_bytes(MARK + b'{"width": 200}')
    now = api.get(f'models/{model["modelId"]}')
    assert list(now['fieldConfig']) == ['b'] and now['width'] == 200
    (mount / 'models/m.json').write_bytes(body.replace(b'"width": 100', b'"width": 300'))
    assert api.get(f'models/{model["modelId"]}')['width'] == 300
    (mount / 'secrets/s.json').write_bytes(MARK + b'{"data": {"word": "swordfish"}}')
    assert len(api.list('secrets')) == 1
    assert os.path.exists(mount / 'models/m.json')
