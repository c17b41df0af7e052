"""Predictions that are asked for, by many programs at once."""
import json

from bench.figures import Row
from bench.place import AT_ONCE, PARALLEL, Place, run
from mounted import eventually
from rest import Api

CURL, LASFS = 'POSTs by curl --parallel 16', 'xargs -P16 sh, which writes {} and reads the answer'
SHELLS = 'xargs -P16 sh, which does as much on the local disk'
SHELL = ('each is a shell and a cat, which takes that long on the local disk too (the next row), and looks whether the '
         'document is there before it asks.')
ROWS = [Row(LASFS, CURL, {0: 1.5, 10: 1.3}, SHELL), Row(LASFS, SHELLS)]
FIELDS = {'total': {'type': 'amount', 'maxLength': 9}}


class make_place(Place):
    """With a model that is active, and labels to predict."""

    def fill(self, options):
        super().fill(options)
        api = Api(self.server)
        self.model = api.post('models', name='invoices', width=400, height=600, fieldConfig=FIELDS)['modelId']
        api.patch('models/' + self.model, status='training')
        eventually(lambda: api.get('models/' + self.model)['status'] == 'active', 30)
        for i in self.ids:
            api.patch('documents/' + i, groundTruth=[{'label': 'total', 'value': '1'}])


def ask_all(folder, paths):
    run(['xargs', '-P', str(PARALLEL), '-I%', 'sh', '-c', 'echo {} > % && cat %'], folder, '\n'.join(paths) + '\n')


def measure(place, figures, folder):
    asked = [('POST', 'predictions', json.dumps({'documentId': i, 'modelId': place.model})) for i in place.ids]
    figures.time(CURL, run, place.curl_requests(folder / 'config', asked, *AT_ONCE))
    (folder / 'local').mkdir()
    figures.time(SHELLS, ask_all, folder / 'local', [str(n) for n in range(place.count)])
    mount = place.mount(folder / 'asks', 'list=ids')
    paths = [f'documents/{i}/predictions/{place.model}.json' for i in place.ids]
    try:
        with place.server.watch() as seen:
            figures.time(LASFS, ask_all, mount.path, paths)
        assert seen.count('POST', '/predictions') == place.count
        for path in paths:
            assert json.loads((mount / path).read_text())['predictions'][0]['label'] == 'total'
        mount.unmount()
    finally:
        mount.kill()
