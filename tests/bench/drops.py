"""Files that are dropped: until close() has the server's word, and with writeback until the last is there."""
import base64
import hashlib
import json
import os
import shutil
import time

from bench.figures import Row
from bench.place import AT_ONCE, Place, run, scan
from mounted import eventually

CURL_ONE, CURL_MANY = 'POSTs by curl, one connection', 'POSTs by curl --parallel 16'
WAITS, MANY_WAIT, WRITEBACK = 'cp, close() waits', 'xargs -P16 cp, close() waits', 'cp with writeback, until the last is there'
CPU = 'CPU of the daemon for a drop'
CPU_OF_A_DROP = ('what a file costs beside its request is CPU, on cores that the server and cp share: some 18 requests of the '
                 'kernel, two transactions that are synced, so that neither a kill nor a power cut loses or doubles it, its '
                 'type and its digest. A sync takes 0.1 to 0.4 ms of this disk.')
ROWS = [Row(WAITS, CURL_ONE, {0: 1.3, 10: 1.1}, CPU_OF_A_DROP), Row(MANY_WAIT, CURL_MANY),
        Row(WRITEBACK, CURL_MANY, {0: 1.5, 10: 1.2}, CPU_OF_A_DROP)]
make_place = Place


def scans(folder, count, size):
    """Files that no server has yet, and their digests."""
    folder.mkdir()
    digests = set()
    for number in range(count):
        data = scan(size)
        (folder / f'{number:04}.pdf').write_bytes(data)
        digests.add(hashlib.sha256(data).hexdigest())
    return digests


def check(place, digests):
    """Each is there once; and away again, so that the next has the same list before it."""
    found = []
    for document in place.api.documents():
        if document['documentId'] not in place.ids:
            content = base64.b64decode(place.api.get('documents/' + document['documentId'])['content'])
            found.append(hashlib.sha256(content).hexdigest())
            place.api.delete('documents/' + document['documentId'])
    assert sorted(found) == sorted(digests)


def body(path):
    """A file with what a POST of that file sends."""
    there = path.with_suffix('.body')
    there.write_text(json.dumps({'content': base64.b64encode(path.read_bytes()).decode(),
                                 'contentType': 'application/pdf'}))
    return there


def post_by_curl(place, figures, folder, name, *options):
    digests = scans(folder, place.count, place.size)
    asked = [('POST', 'documents', body(path)) for path in sorted(folder.glob('*.pdf'))]
    figures.time(name, run, place.curl_requests(folder / 'config', asked, *options))
    check(place, digests)


def posted(place, mark):
    return sum(1 for line in place.server.log.since(mark) if line.verb == 'POST' and line.path.endswith('/documents'))


def drop(place, figures, folder, name, how, *options):
    folder.mkdir()
    digests = scans(folder / 'scans', place.count, place.size)
    files = [str(f) for f in sorted((folder / 'scans').iterdir())]
    mount = place.mount(folder / 'mounted', 'list=ids', *options)
    try:
        os.listdir(mount / 'documents')
        before, mark, begin = mount.cpu(), place.server.log.mark(), time.monotonic()
        how(files, mount / 'documents')
        eventually(lambda: posted(place, mark) >= place.count, 60, 'the last POST')
        figures.add(name, time.monotonic() - begin)
        if name == WAITS:
            figures.add(CPU, (mount.cpu() - before) / place.count)
        mount.unmount()
    finally:
        mount.kill()
    check(place, digests)
    shutil.rmtree(folder)


def cp(files, folder):
    run(['cp', *files, str(folder)])


def cp_parallel(files, folder):
    run(['xargs', '-P', '16', '-n', '1', 'cp', '-t', str(folder)], words='\n'.join(files) + '\n')


def measure(place, figures, folder):
    here = folder / 'drops'
    post_by_curl(place, figures, folder / 'one-curl', CURL_ONE)
    post_by_curl(place, figures, folder / 'many-curl', CURL_MANY, *AT_ONCE)
    drop(place, figures, here, WAITS, cp)
    drop(place, figures, here, MANY_WAIT, cp_parallel)
    drop(place, figures, here, WRITEBACK, cp, 'writeback', 'settle=0')


def said(figures):
    return f'The daemon took {figures.span(CPU, "ms", 1000)} of CPU for a drop (goal 1.5).'
