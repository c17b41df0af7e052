"""What meson installs, and that it takes nothing for tests to build it."""
import json
import os
import re
import shutil
import subprocess

import pytest

from server import BUILD, ROOT

# All that is installed, below the prefix; -> says where a link points.
PROGRAMS = {'bin/lasfs', 'bin/lasfs-sandbox'}
LINKS = {'sbin/mount.lasfs -> ../bin/lasfs', 'sbin/mount.fuse.lasfs -> ../bin/lasfs',
         'share/man/man8/mount.lasfs.8 -> ../man1/lasfs.1',
         'share/man/man8/mount.fuse.lasfs.8 -> ../man1/lasfs.1'}
MANUAL = {'share/man/man1/lasfs.1', 'share/man/man1/lasfs-sandbox.1'}
EXAMPLES = {'credentials.cfg', 'fstab', 'lasfs-alerts.yml', 'lasfs-metrics',
            'lasfs-metrics.service', 'lasfs-metrics.timer'}
PAGES = {'README.md', 'SECURITY.md', *(p.name for p in (ROOT / 'docs').glob('*.md'))}
UNITS = {'lib/systemd/system/lasfs@.service', 'lib/systemd/user/lasfs@.service'}
COMPLETIONS = {place.format(program) for program in ('lasfs', 'lasfs-sandbox') for place in
               ('share/bash-completion/completions/{}', 'share/zsh/site-functions/_{}',
                'share/fish/vendor_completions.d/{}.fish')}
EXPECTED = (PROGRAMS | LINKS | MANUAL | UNITS | COMPLETIONS | {f'share/doc/lasfs/{name}' for name in PAGES}
            | {f'share/doc/lasfs/examples/{name}' for name in EXAMPLES})


def run(*command, **environment):
    ran = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True,
                         timeout=120, check=False)
    assert ran.returncode == 0, f'{command}\n{ran.stdout}\n{ran.stderr}'
    return ran.stdout


@pytest.fixture
def without_tests(tmp_path):
    """A build directory that was set up with -Dtests=disabled where there is no cmocka."""
    build = tmp_path / 'build'
    ran = set_up(tmp_path, build, '-Dtests=disabled')
    assert ran.returncode == 0, ran.stdout
    return build


def set_up(tmp_path, build, *options):
    """meson setup where neither pkg-config nor cmake finds cmocka."""
    found = tmp_path / f'{build.name}-pkgconfig'
    found.mkdir()
    for folder in run('pkg-config', '--variable', 'pc_path', 'pkg-config').strip().split(':'):
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            if name != 'cmocka.pc' and not (found / name).exists():
                (found / name).symlink_to(os.path.join(folder, name))
    native = tmp_path / f'{build.name}.ini'
    native.write_text("[binaries]\ncmake = 'no-cmake'\n")
    return subprocess.run(['meson', 'setup', '--prefix=/usr', '--wrap-mode=nodownload',
                           f'--native-file={native}', *options, str(build), str(ROOT)],
                          env={**os.environ, 'PKG_CONFIG_LIBDIR': str(found)},
                          capture_output=True, text=True, timeout=120, check=False)


def installed(folder):
    """Files below a folder, links with where they point."""
    for top, folders, names in os.walk(folder):
        for name in names + folders:
            path = os.path.join(top, name)
            shown = os.path.relpath(path, folder)
            if os.path.islink(path):
                yield f'{shown} -> {os.readlink(path)}'
            elif os.path.isfile(path):
                yield shown


def test_what_is_installed(tmp_path):
    run('meson', 'install', '--no-rebuild', '--quiet', '-C', str(BUILD), '--destdir', str(tmp_path))
    prefix = next(o['value'] for o in json.loads(run('meson', 'introspect', '--buildoptions', str(BUILD)))
                  if o['name'] == 'prefix')
    there = set(installed(tmp_path / prefix.lstrip('/')))
    assert there == EXPECTED
    assert len(set(installed(tmp_path))) == len(EXPECTED), 'something lies beside the prefix'
    programs = {p for p in there if ' -> ' not in p
                and os.access(tmp_path / prefix.lstrip('/') / p, os.X_OK)}
    assert programs == PROGRAMS | {'share/doc/lasfs/examples/lasfs-metrics'}


def test_the_same_is_installed_without_tests_and_without_cmocka(without_tests):
    plan = json.loads(run('meson', 'introspect', '--install-plan', str(without_tests)))
    names = {'bindir': 'bin', 'sbindir': 'sbin', 'mandir': 'share/man', 'datadir': 'share',
             'prefix': '.', 'zsh-completions': 'share/zsh/site-functions'}
    there = {os.path.normpath(re.sub(r'^\{([\w-]+)\}', lambda m: names[m[1]], entry['destination']))
             for kind in plan.values() for entry in kind.values()}
    # where systemd itself says that its units are
    there = {re.sub(r'^(/usr)?/lib/systemd/', 'lib/systemd/', path) for path in there}
    assert there == EXPECTED - LINKS  # which the plan leaves out


def test_without_tests_nothing_is_built_for_tests(without_tests):
    targets = json.loads(run('meson', 'introspect', '--targets', str(without_tests)))
    assert {t['name'] for t in targets if t['type'] == 'executable'} == {'lasfs', 'lasfs-sandbox'}
    assert json.loads(run('meson', 'introspect', '--tests', str(without_tests))) == []
    assert 'cmocka' not in (without_tests / 'build.ninja').read_text()


def test_with_tests_cmocka_is_asked_for(tmp_path):
    """And set_up() does hide it."""
    ran = set_up(tmp_path, tmp_path / 'other', '-Dtests=enabled')
    assert ran.returncode != 0 and '"cmocka" not found' in ran.stdout


def test_the_package_has_the_version_of_meson():
    changelog = (ROOT / 'debian/changelog').read_text()
    version = json.loads(run('meson', 'introspect', '--projectinfo', str(ROOT / 'meson.build')))['version']
    assert re.match(r'lasfs \((.*?)\)', changelog)[1] == version


def test_the_manual_pages_of_the_helpers_are_that_of_lasfs(tmp_path):
    run('meson', 'install', '--no-rebuild', '--quiet', '-C', str(BUILD), '--destdir', str(tmp_path))
    (page,) = tmp_path.rglob('mount.fuse.lasfs.8')
    assert 'mount the API' in run(shutil.which('man'), '-l', str(page), MANPAGER='cat', MANWIDTH='80')
