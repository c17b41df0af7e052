"""Documents that are read: cold, again, after a remount; by one program, and by many."""
import os
import random
import shutil

from bench.figures import Row
from bench.place import AT_ONCE, Place, cat, cat_parallel, run

CURL_ONE, CURL_MANY, DISK = 'curl, one connection', 'curl --parallel 16', 'cat from the local disk'
SDK_LOOP, SDK_MANY = 'a loop as the SDK does it', 'the same in 16 threads'
COLD, COLD_MANY, WARM = 'cat, cold', 'xargs -P16 cat, cold', 'cat, again'
BY_NAME, BACKWARDS = 'cat in the order of ids, cold', 'cat backwards, cold'
STRIDED, SHUFFLED = 'cat of every third, three times, cold', 'cat in no order, cold'
DISK_MANY = 'xargs -P16 cat from the local disk'
REMOUNTED, CPU, GETS = 'cat, after a remount', 'CPU of the daemon', 'GETs after a remount'
SIXTEEN = '16 requests at once, as curl has them, are what it gets; the server shares the cores.'
PROCESS = 'each document is a process: starting as many takes most of it on the local disk too (the next row).'
OPENS = ('the bytes are the kernel\'s by then; each open(2) and close(2) is still a request to the daemon, which is '
         'what it takes.')
AGAIN = ('the kernel\'s copies went with the mount: each is looked up, opened and read once more, from the cache and '
         'through the daemon. No document is asked for.')
ROWS = [Row(COLD, CURL_MANY, {0: 2, 10: 1.3}), Row(COLD, CURL_ONE), Row(COLD, SDK_LOOP, {10: 0.125}, SIXTEEN),
        Row(COLD, SDK_MANY, {0: 1, 10: 1}, SIXTEEN), Row(BY_NAME, CURL_MANY, {0: 2, 10: 1.3}),
        Row(BACKWARDS, CURL_MANY, {0: 2, 10: 1.3}), Row(STRIDED, CURL_MANY, {0: 2, 10: 1.3}),
        Row(SHUFFLED, CURL_ONE, {0: 2, 10: 1.1}), Row(COLD_MANY, CURL_MANY, {0: 1.5, 10: 1.2}, PROCESS),
        Row(COLD_MANY, DISK_MANY), Row(WARM, DISK, {0: 1.5, 10: 1.5}, OPENS),
        Row(REMOUNTED, DISK, {0: 1.5, 10: 1.5}, AGAIN)]
make_place = Place


def curl_once(place, figures, name, folder, *options):
    command = place.curl(folder, *options)
    figures.time(name, run, command)
    place.check_curl(folder)
    shutil.rmtree(folder)


def measure_one_reader(place, figures, folder):
    """Cold, again, from the local disk, after a remount."""
    mount = place.mount(folder / 'one', 'list=ids')
    try:
        os.listdir(mount / 'documents')
        before = mount.cpu()
        figures.time(COLD, cat, mount.path, mount.paths())
        figures.add(CPU, (mount.cpu() - before) / place.count)
        figures.time(WARM, cat, mount.path, mount.paths())
        mount.check()
        copies = folder / 'disk'
        copies.mkdir()
        for number, path in enumerate(mount.paths()):
            shutil.copyfile(mount / path, copies / str(number))
        figures.time(DISK, cat, copies, [str(n) for n in range(place.count)])
        figures.time(DISK_MANY, cat_parallel, copies, [str(n) for n in range(place.count)])
        mount.remount()
        with place.server.watch() as seen:
            os.listdir(mount / 'documents')
            figures.time(REMOUNTED, cat, mount.path, mount.paths())
        figures.add(GETS, mount.gets(seen))
        mount.check()
        mount.unmount()
    finally:
        mount.kill()


def measure_many_readers(place, figures, folder):
    mount = place.mount(folder / 'many', 'list=ids')
    try:
        os.listdir(mount / 'documents')
        figures.time(COLD_MANY, cat_parallel, mount.path, mount.paths())
        mount.check()
        mount.unmount()
    finally:
        mount.kill()


def measure_order(place, figures, folder, name, order):
    mount = place.mount(folder / 'order', 'list=ids')
    try:
        os.listdir(mount / 'documents')
        paths = order(mount.paths())
        figures.time(name, cat, mount.path, paths)
        mount.check()
        mount.unmount()
    finally:
        mount.kill()
    shutil.rmtree(folder / 'order')


def measure(place, figures, folder):
    curl_once(place, figures, CURL_ONE, folder / 'curl')
    curl_once(place, figures, CURL_MANY, folder / 'curl', *AT_ONCE)
    figures.time(SDK_LOOP, place.read_as_the_sdk, 1)
    figures.time(SDK_MANY, place.read_as_the_sdk, 16)
    measure_one_reader(place, figures, folder)
    measure_many_readers(place, figures, folder)
    measure_order(place, figures, folder, BY_NAME, sorted)
    measure_order(place, figures, folder, BACKWARDS, lambda paths: paths[::-1])
    measure_order(place, figures, folder, STRIDED, lambda paths: [p for at in range(3) for p in paths[at::3]])
    measure_order(place, figures, folder, SHUFFLED, lambda paths: random.sample(paths, len(paths)))


def said(figures):
    return (f'The daemon took {figures.span(CPU, "ms", 1000)} of CPU for each cold document (goal 1.0). After a remount it '
            f'asked for {max(figures[GETS]):.0f} documents by GET.')
