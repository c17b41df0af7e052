"""Names and sizes that are known already: lasfs beside sshfs and rclone over as many folders of the same names."""
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from bench import lists
from bench.figures import Row
from mounted import eventually, mount_type

PROCESSES = 16
LASFS, PEERS = 'lasfs', ('sshfs', 'rclone')
WORKS = LIST, ONE, MANY = 'ls -l, again', 'stat(2) of each', f'the same in {PROCESSES} processes'
ROWS = [Row(f'{work}, {LASFS}', f'{work}, {peer}', {0: 1}) for work in WORKS for peer in PEERS]
SFTP_SERVER = '/usr/lib/openssh/sftp-server'
STAT_EACH = 'import os, sys\nfor e in sorted(os.listdir(sys.argv[1])): os.stat(sys.argv[1] + "/" + e)'


class make_place(lists.make_place):
    """A server with so many documents, and what they are in a listing of ids: folders, which cost a program more."""

    def __init__(self, folder, options):
        super().__init__(folder, options)
        self.local = self.folder / 'local'
        for document in self.api.documents():  # those that were imported, too
            (self.local / document['documentId']).mkdir(parents=True)


class Peer:
    """Another file system over that folder, with as much believed for as long as one can tell it."""

    def __init__(self, name, local, folder):
        self.path = folder / name
        self.path.mkdir()
        command = {'sshfs': ['sshfs', '-f', '-o', 'dir_cache=yes,dcache_timeout=600,dcache_max_size=10000000,'
                             f'attr_timeout=600,entry_timeout=600,ssh_command={folder / "ssh"}',
                             f'here:{local}', str(self.path)],
                   'rclone': ['rclone', 'mount', '--config', '/dev/null', '--attr-timeout', '10m', '--dir-cache-time',
                              '10m', str(local), str(self.path)]}[name]
        ssh = folder / 'ssh'  # sshfs asks a program for a connection; this one is without a network
        ssh.write_text(f'#!/bin/sh\nexec {SFTP_SERVER}\n')
        ssh.chmod(0o755)
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            eventually(lambda: mount_type(self.path), 20, f'{name} to be mounted')
        except BaseException:
            self.stop()
            raise

    def stop(self):
        if mount_type(self.path):
            subprocess.run(['fusermount3', '-u', '-z', str(self.path)], check=False)
        self.process.terminate()
        self.process.wait()


def stat_each(folder):
    subprocess.run([sys.executable, '-c', STAT_EACH, str(folder)], check=True)


def stat_many(folder):
    with ThreadPoolExecutor(PROCESSES) as pool:
        list(pool.map(stat_each, [folder] * PROCESSES))


def measure_one(figures, name, folder, count):
    assert len(os.listdir(folder)) == count
    for work in (subprocess.run, subprocess.run):  # it is known then
        work(['ls', '-l', str(folder)], stdout=subprocess.DEVNULL, check=True)
    figures.time(f'{LIST}, {name}', lambda: subprocess.run(['ls', '-l', str(folder)], stdout=subprocess.DEVNULL,
                                                          check=True))
    figures.time(f'{ONE}, {name}', stat_each, folder)
    figures.time(f'{MANY}, {name}', stat_many, folder)


def measure(place, figures, folder):
    mount = place.mount(folder / 'mounted', 'list=ids', 'list_ttl=600', 'meta_ttl=600')
    try:
        measure_one(figures, LASFS, mount / 'documents', place.listed)
        mount.unmount()
    finally:
        mount.kill()
    for name in PEERS:
        peer = Peer(name, place.local, folder)
        try:
            measure_one(figures, name, peer.path, place.listed)
        finally:
            peer.stop()
