"""A bare Debian in a folder, in which the package of ./dev package is installed."""
import os
import re
import shutil
import subprocess

import pytest

from server import ROOT

PACKAGES = ROOT / 'build-deb'
BOOTSTRAP_SECONDS = 600
RUN_SECONDS = 300
USER = 'somebody'


class Ran:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err


class Debian:
    """A tree to chroot into. Each run has its own mounts and processes, which end with it."""

    def __init__(self, folder):
        self.folder = folder

    def __truediv__(self, name):
        return self.folder / name

    def run(self, script, user='root', home=None, status=0):
        """A script of bash in the user's home; /proc and /dev/fuse are there, as anywhere."""
        command = ['unshare', '--mount', '--pid', '--fork', '--kill-child',
                   f'--mount-proc={self.folder}/proc', 'chroot', str(self.folder)]
        as_user = ['runuser', '-u', user, '--', 'env', f'HOME={home or self.home(user)}']
        environment = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL': 'C.UTF-8',
                       'DEBIAN_FRONTEND': 'noninteractive'}
        ran = subprocess.run([*command, *as_user, 'bash', '-c', 'set -e; cd; ' + script],
                             env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                             text=True, timeout=RUN_SECONDS, check=False)
        assert ran.returncode == status, f'{script}\n{ran.returncode}\n{ran.stdout}\n{ran.stderr}'
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    def home(self, user):
        entry = next(line.split(':') for line in (self / 'etc/passwd').read_text().splitlines()
                     if line.startswith(user + ':'))
        return entry[5]

    def apt(self, *arguments):
        return self.run('apt-get -q -y --no-install-recommends ' + ' '.join(arguments)
                        + ' </dev/null')

    def new_home(self, user):
        """An empty folder of this user."""
        return self.run(f'folder=$(mktemp -d); chown {user} $folder; echo $folder').out.strip()

    def copy(self, folder):
        """Another one, to be changed."""
        subprocess.run(['cp', '-a', '--reflink=auto', str(self.folder), str(folder)], check=True)
        return Debian(folder)


def mirror():
    """Where this machine gets Debian from, and which Debian that is."""
    suite = re.search(r'^VERSION_CODENAME=(\w+)', open('/etc/os-release').read(), re.M)[1]
    lines = subprocess.run(['apt-get', 'indextargets', '--format', '$(SITE) $(SUITE) $(CODENAME)',
                            'Created-By: Packages', 'Origin: Debian'],
                           capture_output=True, text=True, check=True).stdout
    sites = {line.split()[0] for line in lines.splitlines() if line.split()[-1] == suite}
    assert sites, f'apt knows no mirror of {suite}:\n{lines}'
    return sorted(sites)[0], suite


@pytest.fixture(scope='session')
def package():
    """The package; ./dev installed builds it first."""
    found = list(PACKAGES.glob('lasfs_*.deb'))
    assert len(found) == 1, f'{PACKAGES} has no package: ./dev package builds it'
    return found[0]


@pytest.fixture(scope='session')
def newer_package(package, tmp_path_factory):
    """The same one with a higher version."""
    folder = tmp_path_factory.mktemp('newer')
    subprocess.run(['dpkg-deb', '-R', package, folder / 'tree'], check=True)
    control = folder / 'tree/DEBIAN/control'
    text, count = re.subn(r'^Version: (.*)$', r'Version: \1+newer', control.read_text(), flags=re.M)
    assert count == 1
    control.write_text(text)
    subprocess.run(['dpkg-deb', '--root-owner-group', '-b', folder / 'tree', folder / 'lasfs.deb'],
                   check=True, stdout=subprocess.DEVNULL)
    return folder / 'lasfs.deb'


@pytest.fixture(scope='session')
def installed(package, newer_package, tmp_path_factory):
    """A bare Debian with the package, and what it depends on, and nothing else."""
    assert os.geteuid() == 0, 'only root can make a Debian to chroot into'
    folder = tmp_path_factory.mktemp('debian') / 'root'
    site, suite = mirror()
    subprocess.run(['debootstrap', '--variant=minbase', suite, folder, site], check=True,
                   stdout=subprocess.DEVNULL, timeout=BOOTSTRAP_SECONDS)
    debian = Debian(folder)
    if not (folder / 'dev/fuse').exists():
        os.mknod(folder / 'dev/fuse', 0o020666, os.makedev(10, 229))
    os.chmod(folder / 'dev/fuse', 0o666)
    (folder / 'etc/mtab').symlink_to('../proc/self/mounts')  # which only a system that boots makes
    shutil.copy(package, folder / 'srv/lasfs.deb')
    shutil.copy(newer_package, folder / 'srv/newer.deb')
    shutil.copy(ROOT / 'docs/sample.pdf', folder / 'srv/sample.pdf')
    debian.run(f'useradd --create-home {USER}')
    debian.apt('install', '/srv/lasfs.deb')
    # what the copies need not have: all that comes is in /srv
    debian.run('apt-get clean; rm -r /var/lib/apt/lists/*')
    return debian  # not to be changed; debian is


@pytest.fixture
def debian(installed, tmp_path):
    """A copy of it, for one test."""
    copy = installed.copy(tmp_path / 'debian')
    yield copy
    shutil.rmtree(copy.folder)
