"""Folders that are copied with their labels, copied again, and removed."""
import json
import os
import shutil

from bench.drops import body, scans
from bench.figures import Row
from bench.place import AT_ONCE, Place, run

CURL_COPY, CURL_REMOVE = 'the same POSTs and PATCHes by curl --parallel 16', 'the same DELETEs by curl --parallel 16'
RSYNC, AGAIN, REMOVE = 'rsync -a with sidecars', 'rsync -a, nothing has changed', 'rm of all'
RSYNC_WRITEBACK = 'rsync -a with sidecars, writeback, until the last is there'
REMOVE_WRITEBACK = 'rm of all, writeback, until the last is gone'
LOCAL, COST = 'rsync -a between two local folders', 'requests of rsync -a, nothing has changed'
ROUND_TRIPS = ('one file after another is what the program does, and each waits for its answer; curl has 16 under way. '
               'With writeback they are.')
SYNCS = 'one file after another is what the program does, and each is synced here before the next.'
ROWS = [Row(RSYNC, CURL_COPY, {0: 2, 10: 2}, ROUND_TRIPS), Row(RSYNC_WRITEBACK, CURL_COPY, {0: 2, 10: 2}, SYNCS),
        Row(AGAIN, LOCAL, {0: 1.5, 10: 1.5}), Row(REMOVE, CURL_REMOVE, {0: 2, 10: 2}, ROUND_TRIPS),
        Row(REMOVE_WRITEBACK, CURL_REMOVE, {0: 2, 10: 2}, SYNCS)]
LABELS = json.dumps([{'label': 'total', 'value': '1'}])
make_place = Place


def fill(folder, place):
    scans(folder, place.count, place.size)
    for path in folder.glob('*.pdf'):
        path.with_suffix('.pdf.json').write_text(LABELS)


def added(place):
    return [d for d in place.api.documents() if d['documentId'] not in place.ids]


def check_labels(place):
    documents = added(place)
    assert len(documents) == place.count
    assert all(d['groundTruth'] == json.loads(LABELS) for d in documents)
    return [d['documentId'] for d in documents]


def by_curl(place, figures, folder):
    fill(folder, place)
    asked = [('POST', 'documents', body(path)) for path in sorted(folder.glob('*.pdf'))]
    config, labels = folder / 'config', json.dumps({'groundTruth': json.loads(LABELS)})

    def copy():
        run(place.curl_requests(config, asked, *AT_ONCE))
        patched = [('PATCH', f'documents/{d["documentId"]}', labels) for d in added(place)]
        run(place.curl_requests(config, patched, *AT_ONCE))

    figures.time(CURL_COPY, copy)
    remove = [('DELETE', f'documents/{i}', None) for i in check_labels(place)]
    figures.time(CURL_REMOVE, run, place.curl_requests(config, remove, *AT_ONCE))
    assert not added(place)
    shutil.rmtree(folder)


def rsync(source, folder):
    run(['rsync', '-a', '--inplace', f'{source}/', f'{folder}/'])


def remove(mount, names, flush):
    run(['rm', *names], mount.path)
    if flush:
        mount.control('flush')


def by_lasfs(place, figures, folder, name, *options):
    fill(folder / 'source', place)
    mount = place.mount(folder / 'mounted', 'list=names', *options)
    target = mount / 'documents'
    try:
        os.listdir(target)

        def copy():
            rsync(folder / 'source', target)
            if options:
                mount.control('flush')

        figures.time(name, copy)
        check_labels(place)
        if not options:
            with place.server.watch() as seen:
                figures.time(AGAIN, rsync, folder / 'source', target)
            figures.add(COST, len(seen.all))
        names = [f'documents/{p.name}' for p in sorted((folder / 'source').iterdir())]
        figures.time(REMOVE_WRITEBACK if options else REMOVE, remove, mount, names, bool(options))
        assert not added(place)
        mount.unmount()
    finally:
        mount.kill()
    if not options:
        rsync(folder / 'source', folder / 'copy')
        figures.time(LOCAL, rsync, folder / 'source', folder / 'copy')
    shutil.rmtree(folder)


def measure(place, figures, folder):
    by_curl(place, figures, folder / 'curl')
    (folder / 'one').mkdir()
    by_lasfs(place, figures, folder / 'one', RSYNC)
    (folder / 'two').mkdir()
    by_lasfs(place, figures, folder / 'two', RSYNC_WRITEBACK, 'writeback', 'settle=0')


def said(figures):
    return f'`rsync -a` where nothing has changed cost {max(figures[COST]):.0f} requests.'
