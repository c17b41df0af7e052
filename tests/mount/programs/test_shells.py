"""TAB in bash, zsh and fish: the command lines of lasfs and lasfs-sandbox, and names in a mount."""
import os
import re
import shlex
import subprocess
from collections import Counter

import pytest

from samples import small_pdf
from server import BUILD, ROOT, program

SHELLS = ['bash', 'zsh', 'fish']
PROFILES = '[DEFAULT]\n[default]\nclient_id = x\n[work]\n[my own]\n'

# What is typed before TAB, and the line then; a third: where fish, which knows no list that goes on,
# has a space behind it.
LINES = [
    ('lasfs --unm', 'lasfs --unmount '),
    ('lasfs --list-t', 'lasfs --list-ttl='),
    ('lasfs --xat', 'lasfs --xattr '),
    ('lasfs --complete=ref', 'lasfs --complete=refuse '),
    ('lasfs --other loc', 'lasfs --other local '),
    ('lasfs --state=fo', r'lasfs --state=folder\ one/'),
    ('lasfs --state fo', r'lasfs --state folder\ one/'),
    ('lasfs --sandbox=fo', r'lasfs --sandbox=folder\ one/'),
    ('lasfs --cacert=roo', 'lasfs --cacert=root.pem '),
    ('lasfs -o meta', 'lasfs -o meta_ttl='),
    ('lasfs -o ro,list=i', 'lasfs -o ro,list=ids', 'lasfs -o ro,list=ids '),
    ('lasfs -o ro,xat', 'lasfs -o ro,xattr', 'lasfs -o ro,xattr '),
    ('lasfs -oro,xat', 'lasfs -oro,xattr', 'lasfs -oro,xattr '),
    ('lasfs -o ro,state=fo', r'lasfs -o ro,state=folder\ one/'),
    ('lasfs -o profile=wo', 'lasfs -o profile=work', 'lasfs -o profile=work '),
    ('lasfs -p wo', 'lasfs -p work '),
    ('lasfs --profile=wo', 'lasfs --profile=work '),
    (r'lasfs -p my\ o', r'lasfs -p my\ own '),
    ('lasfs wo', 'lasfs work '),
    ('lasfs work fo', r'lasfs work folder\ one/'),
    ('lasfs -o ro fo', r'lasfs -o ro folder\ one/'),
    ('lasfs stat', 'lasfs status '),
    ('lasfs --nothing-li', 'lasfs --nothing-li'),
    ('lasfs-sandbox --acc', 'lasfs-sandbox --access-log='),
    ('lasfs-sandbox --state fo', r'lasfs-sandbox --state folder\ one/'),
    ('lasfs-sandbox --access-log=roo', 'lasfs-sandbox --access-log=root.pem '),
    ('lasfs-sandbox --quota transitionE', 'lasfs-sandbox --quota transitionExecutions='),
    ('lasfs-sandbox --quota=appC', 'lasfs-sandbox --quota=appClients='),
    ('lasfs-sandbox --seed', 'lasfs-sandbox --seed-demo '),
]


@pytest.fixture
def here(tmp_path):
    """The working directory, and the home, of a shell."""
    folder = tmp_path / 'here'
    (folder / 'folder one').mkdir(parents=True)
    (folder / 'root.pem').write_text('')
    (folder / '.lucidtech').mkdir()
    (folder / '.lucidtech/credentials.cfg').write_text(PROFILES)
    return folder


@pytest.mark.parametrize('kind', SHELLS)
def test_tab_completes_the_line(shells, here, kind):
    shell = shells(kind, cwd=here, home=here)
    wrong = []
    for typed, *lines in LINES:
        line = lines[-1] if kind == 'fish' else lines[0]
        found = shell.complete(typed)
        if found != line:
            wrong.append(f'{typed!r}: {found!r}, not {line!r}')
    assert not wrong, '\n'.join(wrong)


def help_of(name):
    return subprocess.run([program(name), '--help'], check=True, capture_output=True,
                          text=True).stdout


def long_options(text):
    return set(re.findall(r'^\s+(?:-\w, )?(--[a-z][a-z0-9-]+)', text, re.M))


@pytest.mark.parametrize('kind', SHELLS)
def test_each_option_and_command_of_the_tables_is_offered(shells, here, kind):
    text = help_of('lasfs')
    in_list = set(re.findall(r'^\s+-o (\w+)', text, re.M))
    commands = set(re.findall(r'^\s+lasfs ([a-z]+) MOUNTPOINT', text, re.M))
    assert len(in_list) > 15 and len(commands) >= 4
    by_itself = long_options(text) | {'--' + name.replace('_', '-') for name in in_list}
    of_sandbox = long_options(help_of('lasfs-sandbox'))
    assert len(of_sandbox) > 15
    shell = shells(kind, cwd=here, home=here)
    for typed, names in [('lasfs --', by_itself), ('lasfs -o ', in_list), ('lasfs ', commands),
                         ('lasfs-sandbox --', of_sandbox)]:
        shown = set(re.findall(r'[\w-]+', shell.offered(typed)))
        assert not names - shown, typed


def test_a_list_offers_no_option_twice(here):
    ran = subprocess.run([program('lasfs'), '--completion', '-o', 'ro,list=ids,'], check=True,
                         capture_output=True, text=True)
    names = re.findall(r'^\+ro,list=ids,(\w+)', ran.stdout, re.M)
    assert 'xattr' in names and 'list_ttl' in names
    assert 'ro' not in names and 'list' not in names


def test_what_cannot_stand_on_a_line_is_not_offered(here):
    (here / '.lucidtech/credentials.cfg').write_text('[a\tb]\n[ok]\n[\x1b[2J]\n')
    ran = subprocess.run([program('lasfs'), '--completion', '-p', ''], check=True,
                         capture_output=True, text=True, env={'HOME': str(here)})
    assert ran.stdout == '=ok\ta profile\n'


# --- Mounts ----------------------------------------------------------------------------------------

def quoted(path):
    return str(path).replace(' ', '\\ ')


@pytest.mark.parametrize('kind', SHELLS)
def test_mount_points_are_offered_to_what_takes_one(lasfs, shells, here, kind):
    mount = lasfs(name='my mounts')
    other = lasfs(name='other')
    mount.allow('letter')
    mount.may_leave = True
    mount.run('! cp /etc/hostname documents/letter.pdf 2> /dev/null')
    shell = shells(kind, cwd=mount.folder, home=here)
    for word in ('--unmount', '-u', 'status', 'errors', 'retry', 'flush'):
        assert shell.complete(f'lasfs {word} {quoted(mount.folder.parent)}/my') == \
            f'lasfs {word} {quoted(mount.path)} '
        assert shell.complete(f'lasfs {word} mn') == f'lasfs {word} mnt '
    assert shell.complete(f'lasfs status {quoted(mount.folder.parent)}/samp') == \
        f'lasfs status {quoted(mount.folder.parent)}/samp'
    at = quoted(mount.path)
    assert shell.complete(f'lasfs retry {at} 1-l') == f'lasfs retry {at} 1-letter.pdf '
    assert shell.complete(f'lasfs retry {at} al') == f'lasfs retry {at} all '
    assert shell.complete(f'lasfs errors {at} -') == f'lasfs errors {at} -f '
    assert other.alive


# --- Names in a mount ------------------------------------------------------------------------------

def requests(mount, do):
    """What do() asks the server for when nothing is cached."""
    mount.refresh()
    with mount.server.watch() as seen:
        do()
    return Counter((r.verb, r.path) for r in seen.all)


@pytest.fixture
def named(lasfs, api):
    """A mount with names of all kinds, dropped here and made by others."""
    for name in ('My invoices', "it's"):
        dataset = api.add_dataset(name)
        api.add_document(small_pdf(len(name)), datasetId=dataset)
    mount = lasfs('list=names', 'list_ttl=60', 'meta_ttl=60')
    os.mkdir(mount / 'datasets/q: 2026')
    for i, name in enumerate(('My invoice.pdf', 'scan: 2.pdf', 'é ü.pdf', 'las:document:1.pdf')):
        (mount / 'documents' / name).write_bytes(small_pdf(50 + i))
    return mount.remount()  # what was made a moment ago is asked for by itself


# A third: fish completes what stands behind a colon for itself, as in a PATH.
NAMES = [
    (r'cat documents/My\ inv', r'cat documents/My\ invoice.pdf '),
    ('cat documents/My', r'cat documents/My\ invoice.pdf '),
    ('cat "documents/My', 'cat "documents/My invoice.pdf" '),
    ('cat documents/é', r'cat documents/é\ ü.pdf '),
    ('cat documents/sc', r'cat documents/scan:\ 2.pdf '),
    ('cat documents/las', 'cat documents/las:document:1.pdf '),
    (r'cat "documents/las:doc', 'cat "documents/las:document:1.pdf" ', None),
    ('ls datasets/My', r'ls datasets/My\ invoices/'),
    ('ls datasets/q', r'ls datasets/q:\ 2026/'),
    ("ls datasets/it", r"ls datasets/it\'s/"),
    (r'ls datasets/My\ invoices/doc', r'ls datasets/My\ invoices/documents/'),
    (r'cat datasets/My\ invoices/nam', r'cat datasets/My\ invoices/name '),
]


@pytest.mark.parametrize('kind', SHELLS)
def test_names_of_a_mount_are_completed_for_no_more_than_a_listing(named, shells, kind):
    shell = shells(kind, cwd=named.path)
    wrong = []
    for typed, line, *_ in (row for row in NAMES if kind != 'fish' or row[-1]):
        folder = shlex.split(typed.replace('"', '').replace("'", ''))[1].rpartition('/')[0]
        listing = requests(named, lambda: os.listdir(named / folder))
        found = []
        shell.shown(0.2)  # fish colours what is typed, and looks whether it is there
        completing = requests(named, lambda: found.append(shell.complete(typed)))
        # each writes a colon in its own way
        if found[0].replace('\\:', ':') != line:
            wrong.append(f'{typed!r}: {found[0]!r}, not {line!r}')
        if sum((completing - listing).values()) > (kind == 'fish'):
            wrong.append(f'{typed!r} asked for {completing - listing}')
    assert not wrong, '\n'.join(wrong)


@pytest.mark.parametrize('kind', SHELLS)
def test_a_documents_bytes_are_not_fetched_to_complete_its_name(named, api, shells, kind):
    dataset = api.dataset_called('My invoices')['datasetId']
    document = api.only_document(datasetId=dataset)['documentId']
    shell = shells(kind, cwd=named.path)
    path = f'datasets/My\\ invoices/documents/{document[13:21]}'
    found = []
    asked = requests(named, lambda: found.append(shell.complete(f'cat {path}/conte')))
    assert found[0].startswith(f'cat {path}/content')
    assert asked[('GET', f'/documents/{document}')] <= 1, 'to look the id up'
    assert sum(asked.values()) <= 3, asked


def test_they_are_installed_where_shells_look(tmp_path):
    subprocess.run(['meson', 'install', '-C', str(BUILD), '--no-rebuild', '--quiet', '--destdir',
                    str(tmp_path)], check=True, stdout=subprocess.DEVNULL)
    found = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob('*') if p.is_file()}
    for name in ('bash-completion/completions/lasfs', 'bash-completion/completions/lasfs-sandbox',
                 'zsh/site-functions/_lasfs', 'zsh/site-functions/_lasfs-sandbox',
                 'fish/vendor_completions.d/lasfs.fish',
                 'fish/vendor_completions.d/lasfs-sandbox.fish'):
        assert [p for p in found if p.endswith('share/' + name)], name


def test_zsh_looks_where_the_package_puts_it():
    folder = re.search(r'-Dzsh-completions=(\S+)', (ROOT / 'debian/rules').read_text())[1]
    ran = subprocess.run(['zsh', '-f', '-c', 'print -l $fpath'], check=True, capture_output=True,
                         text=True)
    assert f'/usr/{folder}' in ran.stdout.splitlines()


def test_shellcheck_has_nothing_to_say_of_the_lines_for_bash():
    ran = subprocess.run(['shellcheck', '-s', 'bash', BUILD / 'completion/lasfs'], check=False,
                         capture_output=True, text=True)
    assert ran.stdout == ''


def test_bash_wants_a_colon_quoted(named, shells):
    shell = shells('bash', cwd=named.path)
    for typed in (r'cat documents/las\:doc', 'cat "documents/las:doc'):
        assert 'las:document:1.pdf' in shell.complete(typed).replace('\\:', ':')


@pytest.mark.parametrize('kind,line', [('bash', '. build/completion/lasfs'),
                                       ('zsh', 'source build/completion/_lasfs'),
                                       ('fish', 'source build/completion/lasfs.fish')])
def test_the_lines_of_readme_are_enough(tmp_path, shells, kind, line):
    assert line in (ROOT / 'README.md').read_text().replace('\n', ' ')
    (tmp_path / 'build').symlink_to(BUILD)
    shell = shells(kind, cwd=tmp_path, completions=False)
    assert shell.complete('lasfs --unm') == 'lasfs --unm'
    assert shell.type(f'{line}\r') == ''
    assert shell.complete('lasfs --unm') == 'lasfs --unmount '
