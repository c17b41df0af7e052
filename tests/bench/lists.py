"""Many documents that are listed: cold, and again."""
import os
import shutil
import subprocess

import requests

from bench.figures import Row
from bench.place import Place, run, scan

SMALL = 200
PAGES, LOCAL = 'the pages of 100, one connection', 'the same from the local disk'
COLD, WARM, STAT, STAT_DISK = 'ls -l, cold', 'ls -l, again', 'find -printf %s, again', 'find -printf %s, local disk'
COST = 'requests of a cold ls -l'
LISTS = '`ls -l` takes most of it by itself, as it does over a folder of the local disk (the next row).'
ROWS = [Row(COLD, PAGES, {0: 1, 10: 0.5}, LISTS), Row(WARM, LOCAL, {0: 1.5, 10: 1.5}), Row(STAT, STAT_DISK)]


class make_place(Place):
    """With so many documents, which are small."""

    def fill(self, options):
        folder = self.folder / 'import'
        folder.mkdir()
        for number in range(options.listed):
            (folder / f'{number:06}.pdf').write_bytes(scan(SMALL))
        self.server.stop()
        kept, self.server.arguments = self.server.arguments, [*self.server.arguments, '--import', str(folder)]
        self.server.start()
        self.server.arguments = kept
        self.listed = options.listed
        shutil.rmtree(folder)

    def read_pages(self):
        with requests.Session() as session:
            session.headers['Authorization'] = f'Bearer {self.api.token}'
            more, seen = {}, 0
            while more is not None:
                answer = session.get(f'{self.server.api_endpoint}/documents', params={'maxResults': 100, **more},
                                     timeout=60).json()
                seen += len(answer['documents'])
                more = {'nextToken': answer['nextToken']} if answer.get('nextToken') else None
        assert seen == self.listed


def count_names(folder):
    ran = subprocess.run(['ls', '-l', folder], stdout=subprocess.PIPE, check=True)
    return sum(1 for line in ran.stdout.splitlines() if line.startswith(b'd'))


def find(folder):
    run(['find', str(folder), '-mindepth', '1', '-maxdepth', '1', '-printf', '%s\n'])


def measure(place, figures, folder):
    figures.time(PAGES, place.read_pages)
    local = folder / 'local'
    for number in range(place.listed):
        os.makedirs(local / f'las:document:{number:032x}')
    mount = place.mount(folder / 'lists', 'list=ids')
    try:
        with place.server.watch() as seen:
            figures.time(COLD, count_names, mount / 'documents')
        figures.add(COST, seen.count('GET', '/documents'))
        assert count_names(mount / 'documents') == place.listed
        figures.time(WARM, count_names, mount / 'documents')
        figures.time(LOCAL, count_names, local)
        figures.time(STAT, find, mount / 'documents')
        figures.time(STAT_DISK, find, local)
        mount.unmount()
    finally:
        mount.kill()


def said(figures):
    return f'A cold `ls -l` cost {max(figures[COST]):.0f} requests.'
