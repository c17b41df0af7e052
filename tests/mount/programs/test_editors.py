"""Editors and all that write under another name and rename: one document, the right one, at all times."""
import errno
import os
import pty
import select
import signal
import subprocess
import time

import pytest

from mounted import eventually
from samples import pdf, small_pdf

CONSENT = 'las:consent:' + '0123456789abcdef' * 2
OLD = pdf(5000)
NEW = OLD.replace(b'(lasfs 0)', b'(lasfs 9)')
SED = 's/(lasfs 0)/(lasfs 9)/'


class Document:
    """datasets/d/documents/x.pdf, with all that the API keeps of one, and how it may change."""

    def __init__(self, mount, api):
        self.mount, self.api = mount, api
        mount.run('mkdir datasets/d')
        self.folder = mount / 'datasets/d/documents'
        self.path = self.folder / 'x.pdf'
        self.path.write_bytes(OLD)
        self.id = api.only_document()['documentId']
        api.patch('documents/' + self.id, retentionInDays=17)
        mount.refresh()
        self.mark = mount.server.log.mark()

    def changes(self):
        return [r for r in self.mount.server.log.since(self.mark)
                if r.verb != 'GET' and not r.path.endswith('/token')]

    def check(self, data=NEW, *, others=(), posts=1):
        """It is the one document, with these bytes, and was never away."""
        eventually(lambda: [r.verb for r in self.changes()] == ['POST', 'DELETE'] * posts, 5,
                   f'{posts} replacements, the new one first: {self.changes()}')
        document = self.api.only_document()
        assert self.api.content('documents/' + document['documentId']) == data
        assert document['datasetId'] == self.api.dataset_called('d')['datasetId']
        assert document['retentionInDays'] == 17
        assert self.path.read_bytes() == data
        assert sorted(os.listdir(self.folder)) == sorted(['x.pdf', *others])
        self.mount.may_leave = bool(others)

    def unchanged(self, *, others=()):
        assert self.changes() == []
        assert self.api.only_document()['documentId'] == self.id
        assert self.path.read_bytes() == OLD
        assert sorted(os.listdir(self.folder)) == sorted(['x.pdf', *others])
        self.mount.may_leave = bool(others)


@pytest.fixture
def document(mount, api):
    return Document(mount, api)


# --- vim -------------------------------------------------------------------------------------------

VIM = {
    'default': '', 'backup': 'set backup', 'nothing': 'set nobackup nowritebackup',
    'writebackup': 'set nobackup writebackup',
    **{f'{b} backupcopy={c}': f'set {b} writebackup backupcopy={c}'
       for b in ('backup', 'nobackup') for c in ('yes', 'no', 'auto')},
    'breakhardlink': 'set backup backupcopy=auto,breakhardlink',
    'patchmode': 'set patchmode=.orig', 'backupext': 'set backup backupext=.tmp',
    'fsync': 'set fsync', 'undofile': 'set undofile', 'noswap': 'set noswapfile',
}
LEFT = {'backup': ['x.pdf~'], 'backup backupcopy=yes': ['x.pdf~'], 'backup backupcopy=no': ['x.pdf~'],
        'backup backupcopy=auto': ['x.pdf~'], 'breakhardlink': ['x.pdf~'],
        'backupext': ['x.pdf.tmp'], 'undofile': ['.x.pdf.un~']}


def vim(document, settings, *commands, name='x.pdf'):
    arguments = ['vim', '-u', 'NONE', '-N', '-n', '-es', '-b', '-c',
                 'set swapfile backupskip=']  # else it makes no backup below /tmp
    for command in (settings, *commands):
        arguments += ['-c', command] if command else []
    ran = subprocess.run([*arguments, name], cwd=document.folder, stdin=subprocess.DEVNULL,
                         capture_output=True, text=True, check=False, timeout=60,
                         env={**os.environ, 'LC_ALL': 'C', 'HOME': str(document.mount.home)})
    assert ran.returncode == 0, (ran.stdout, ran.stderr, document.mount.last_errors())


@pytest.mark.parametrize('mode', [m for m in VIM if m != 'patchmode'])
def test_vim(document, mode):
    vim(document, VIM[mode], '%' + SED, 'wq')
    document.check(others=LEFT.get(mode, ()))
    if 'x.pdf~' in LEFT.get(mode, ()):
        assert (document.folder / 'x.pdf~').read_bytes() == OLD


@pytest.mark.parametrize('mode', [m for m in VIM if m != 'patchmode'])
def test_vim_without_a_change(document, mode):
    vim(document, VIM[mode], 'w', 'q')
    document.unchanged(others=[n for n in LEFT.get(mode, ()) if n != '.x.pdf.un~'])


@pytest.mark.parametrize('mode', ['backup', 'nobackup backupcopy=no', 'nobackup backupcopy=yes'])
def test_vim_twice_is_two_generations(document, mode):
    vim(document, VIM[mode], '%' + SED, 'w', '%s/(lasfs 9)/(lasfs 8)/', 'wq')
    document.check(OLD.replace(b'(lasfs 0)', b'(lasfs 8)'), others=LEFT.get(mode, ()), posts=2)


@pytest.mark.parametrize('mode', ['nothing', 'nobackup backupcopy=no', 'nobackup backupcopy=yes'])
def test_vim_after_a_remount_with_a_cold_cache(document, mode):
    document.mount.remount(cold=True)
    vim(document, VIM[mode], '%' + SED, 'wq')
    document.check()


def test_vim_with_patchmode_keeps_the_original_once(document, api):
    """x.pdf.orig is a name as any other: it is what stood there before."""
    vim(document, VIM['patchmode'], '%' + SED, 'wq')
    assert document.path.read_bytes() == NEW
    assert (document.folder / 'x.pdf.orig').read_bytes() == OLD
    assert len(api.documents()) == 2


@pytest.mark.parametrize('mode', [m for m in VIM if m not in ('patchmode', 'undofile')])
def test_vim_on_a_field(document, api, mode):
    document.mount.run('echo words > datasets/d/description')
    document.folder = document.mount / 'datasets/d'
    document.mount.allow('cannot be renamed')  # vim copies it then
    vim(document, VIM[mode], '%s/words/other words/', 'wq', name='description')
    assert api.dataset_called('d')['description'] == 'other words'
    assert (document.folder / 'description').read_text() == 'other words\n'
    document.mount.may_leave = True


# --- Others ----------------------------------------------------------------------------------------

TOOLS = {
    'sed': (f"sed -i '{SED}' x.pdf", []),
    'sed backup': (f"sed -i.bak '{SED}' x.pdf", None),
    'sed backup with a tilde': (f"sed -i~ '{SED}' x.pdf", ['x.pdf~']),
    'sed in place of a link': (f"sed -i --follow-symlinks '{SED}' x.pdf", []),
    'perl': ("perl -pi -e 's/\\(lasfs 0\\)/(lasfs 9)/' x.pdf", []),
    'perl backup': ("perl -pi~ -e 's/\\(lasfs 0\\)/(lasfs 9)/' x.pdf", ['x.pdf~']),
    'ed': (f"printf ',{SED}\\nwq\\n' | ed -s x.pdf", []),
    'ex': (f"ex -s -u NONE -b -c '%{SED}' -c wq x.pdf", []),
    'emacs': ('emacs --batch --eval \'(let ((backup-enable-predicate (lambda (_) t)) (coding-system-for-read (quote no-conversion)) '
              '(coding-system-for-write (quote no-conversion))) (find-file-literally "x.pdf") '
              '(goto-char 1) (search-forward "(lasfs 0)") (replace-match "(lasfs 9)" t t) '
              '(save-buffer))\'', ['x.pdf~']),
    'emacs by copying': ('emacs --batch --eval \'(let ((backup-enable-predicate (lambda (_) t)) (backup-by-copying t)) '
                         '(find-file-literally "x.pdf") (goto-char 1) '
                         '(search-forward "(lasfs 0)") (replace-match "(lasfs 9)" t t) '
                         '(save-buffer))\'', ['x.pdf~']),
    'python': ('python3 -c \'import os, tempfile\nwith tempfile.NamedTemporaryFile(dir=".", '
               'prefix=".", suffix=".tmp", delete=False) as f: f.write(open(os.environ["SOURCE"], '
               '"rb").read()); f.flush(); os.fsync(f.fileno())\nos.replace(f.name, "x.pdf")\'', []),
    'rsync': ('rsync -a $SOURCE x.pdf', []),
    'rsync inplace': ('rsync -a --inplace $SOURCE x.pdf', []),
    'rsync partial': ('rsync -a --partial $SOURCE x.pdf', []),
    'rsync partial-dir': ('rsync -a --partial-dir=.rsync-partial.tmp $SOURCE x.pdf', []),
    'rsync checksum': ('rsync -ac $SOURCE x.pdf', []),
    'rsync whole': ('rsync -aW --no-times $SOURCE x.pdf', []),
    'rsync no-whole': ('rsync -a --no-whole-file $SOURCE x.pdf', []),
    'rsync backup': ('rsync -ab $SOURCE x.pdf', ['x.pdf~']),
    'rsync delay-updates': ('rsync -a --delay-updates $SOURCE x.pdf', []),
    'rsync preallocate': ('rsync -a --preallocate $SOURCE x.pdf', []),
    'rsync sparse': ('rsync -aS $SOURCE x.pdf', []),
    'cp': ('cp $SOURCE x.pdf', []), 'cp -f': ('cp -f $SOURCE x.pdf', []),
    'cp backup': ('cp -b $SOURCE x.pdf', ['x.pdf~']),
    'mv backup': ('cp $SOURCE $SOURCE.2; mv -b $SOURCE.2 x.pdf', ['x.pdf~']),
    'install backup': ('install -b $SOURCE x.pdf', ['x.pdf~']),
    'mv': ('cp $SOURCE $SOURCE.2; mv $SOURCE.2 x.pdf', None),  # it unlinks first
    'part': ('cp $SOURCE x.pdf.part; mv x.pdf.part x.pdf', []),
    'crdownload': ('cp $SOURCE x.pdf.crdownload; mv -f x.pdf.crdownload x.pdf', []),
    'unconfirmed': ('cp $SOURCE "Unconfirmed 12345.crdownload"; '
                    'mv "Unconfirmed 12345.crdownload" x.pdf', []),
    'goutputstream': ('cp $SOURCE .goutputstream-ABC123; mv .goutputstream-ABC123 x.pdf', []),
    'filepart': ('cp $SOURCE x.pdf.filepart; mv x.pdf.filepart x.pdf', []),
    'pureftpd': ('cp $SOURCE .pureftpd-upload.5f.1; mv .pureftpd-upload.5f.1 x.pdf', []),
    'proftpd': ('cp $SOURCE .in.x.pdf.; mv .in.x.pdf. x.pdf', []),
    'kate': ('cp $SOURCE x.pdf.aB12cD; mv x.pdf.aB12cD x.pdf', None),
    'curl': ('curl -sS -o x.pdf file://$SOURCE', []),
    'curl part': ('curl -sS -o x.pdf.part file://$SOURCE; mv x.pdf.part x.pdf', []),
    'hard link first': ('cp $SOURCE .x.tmp; ln -f .x.tmp x.pdf 2>/dev/null || mv .x.tmp x.pdf', []),
    'backup, write, remove': ('mv x.pdf x.pdf~; cp $SOURCE x.pdf; rm x.pdf~', []),
    'backup, temporary, rename': ('mv x.pdf x.pdf~; cp $SOURCE .x.tmp; mv .x.tmp x.pdf; rm x.pdf~', []),
    'backup in another dialect': ('mv x.pdf .#x.pdf; cat $SOURCE > x.pdf; rm -f .#x.pdf', []),
    'two backups': ('mv x.pdf x.pdf~; mv x.pdf~ .x.tmp; cp $SOURCE x.pdf; rm .x.tmp', []),
    'gzip -d': ('gzip -c $SOURCE > x.pdf.gz.tmp; gzip -dc x.pdf.gz.tmp > x.pdf; rm x.pdf.gz.tmp', []),
    'patch': ('cp $SOURCE .x.tmp; truncate -s 0 x.pdf; cat .x.tmp > x.pdf; rm .x.tmp', []),
}


def source(samples):
    """The new bytes, of another time than the old ones: rsync looks at that."""
    path = samples.write('new.pdf', NEW)
    os.utime(path, (1500000000, 1500000000))
    return path


@pytest.mark.parametrize('tool', [t for t in TOOLS if TOOLS[t][1] is not None])
def test_a_program_that_replaces_leaves_one_document(document, samples, tool):
    script, others = TOOLS[tool]
    document.mount.run(script, cwd=document.folder, SOURCE=source(samples), LC_ALL='C')
    document.check(others=others)
    for name in others:
        assert (document.folder / name).read_bytes() == OLD


@pytest.mark.parametrize('tool', ['sed backup', 'kate', 'mv'])
def test_a_program_whose_temporary_name_is_a_real_one_ends_right(document, samples, api, tool):
    document.mount.run(TOOLS[tool][0], cwd=document.folder, SOURCE=source(samples))
    assert document.path.read_bytes() == NEW
    contents = [api.content('documents/' + d['documentId']) for d in api.documents()]
    assert sorted(contents) == sorted([NEW, OLD] if tool == 'sed backup' else [NEW])


@pytest.mark.parametrize('options', [[], ['--backup'], ['--backup', '--unix']])
def test_nano(document, options):
    """Under a terminal: search and replace, save, leave."""
    pid, terminal = pty.fork()
    if not pid:
        os.chdir(document.folder)
        os.environ.update(TERM='xterm', LC_ALL='C', HOME=str(document.mount.home))
        os.execvp('nano', ['nano', '--ignorercfiles', '--nonewlines', '--noconvert', *options, 'x.pdf'])
    screen = b''

    def type_keys(keys, until):
        nonlocal screen
        os.write(terminal, keys)
        deadline = time.monotonic() + 10
        while until not in screen and time.monotonic() < deadline:
            if select.select([terminal], [], [], 0.1)[0]:
                screen += os.read(terminal, 65536)
        assert until in screen, screen[-500:]
        screen = b''

    try:
        type_keys(b'', b'x.pdf')
        type_keys(b'\x1c', b'earch')         # ^\ replace
        type_keys(b'(lasfs 0)\r', b'eplace with')
        type_keys(b'(lasfs 9)\r', b'instance')
        type_keys(b'a', b'1')                # all
        type_keys(b'\x0f', b'rite')          # ^O
        type_keys(b'\r', b'rote')
        os.write(terminal, b'\x18')          # ^X
        eventually(lambda: os.waitpid(pid, os.WNOHANG)[0] == pid, 10, 'nano ended')
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise
    finally:
        os.close(terminal)
    document.check(document.path.read_bytes(), others=['x.pdf~'] if '--backup' in options else [])
    assert b'(lasfs 9)' in document.path.read_bytes()


# --- Parking ---------------------------------------------------------------------------------------

def test_a_parked_document_stays_until_its_scratch_file_is_removed(document, api):
    os.rename(document.path, document.folder / 'x.pdf~')
    assert document.changes() == []
    assert api.only_document()['documentId'] == document.id
    assert os.listdir(document.folder) == ['x.pdf~']
    os.unlink(document.folder / 'x.pdf~')
    assert [r.verb for r in document.changes()] == ['DELETE']
    assert api.documents() == []


@pytest.mark.parametrize('remount', [False, True])
def test_a_parked_document_that_is_renamed_back_was_never_touched(document, remount):
    os.rename(document.path, document.folder / 'x.pdf~')
    if remount:
        document.mount.remount(cold=True)
    os.rename(document.folder / 'x.pdf~', document.path)
    document.unchanged()


def test_a_parked_document_is_taken_back_after_a_remount(document):
    os.rename(document.path, document.folder / 'x.pdf~')
    document.mount.remount(cold=True)
    document.path.write_bytes(NEW)
    document.check(others=['x.pdf~'])
    document.mount.remount(cold=True)
    assert (document.folder / 'x.pdf~').read_bytes() == OLD
    os.unlink(document.folder / 'x.pdf~')
    document.check()


def test_the_same_bytes_under_the_name_of_a_parked_document_send_nothing(document):
    os.rename(document.path, document.folder / 'x.pdf~')
    document.path.write_bytes(OLD)
    os.unlink(document.folder / 'x.pdf~')
    document.unchanged()


def test_a_parked_document_whose_new_bytes_are_refused_stays(document, api):
    document.mount.allow('Invalid argument')
    os.rename(document.path, document.folder / 'x.pdf~')
    with pytest.raises(OSError):
        document.path.write_bytes(b'no document at all, only words')
    assert document.changes() == [] and api.only_document()['documentId'] == document.id
    os.rename(document.folder / 'x.pdf~', document.path)
    document.unchanged()


def test_a_temporary_file_that_is_refused_under_a_parked_name_changes_nothing(document, api):
    document.mount.allow('Invalid argument', 'not permitted')
    os.rename(document.path, document.folder / 'x.pdf~')
    (document.folder / '.x.tmp').write_bytes(b'no document at all, only words')
    with pytest.raises(PermissionError):
        os.rename(document.folder / '.x.tmp', document.path)
    assert document.changes() == [] and api.only_document()['documentId'] == document.id
    os.rename(document.folder / 'x.pdf~', document.path)
    os.unlink(document.folder / '.x.tmp')
    failed, = os.listdir(document.mount / '.lasfs/failed')  # it was to be x.pdf
    os.unlink(document.mount / '.lasfs/failed' / failed)
    document.unchanged()


def test_another_document_under_the_name_leaves_the_parked_one_alone(document, api):
    (document.folder / 'y.pdf').write_bytes(small_pdf(7))
    os.rename(document.path, document.folder / 'x.pdf~')
    os.rename(document.folder / 'y.pdf', document.path)
    assert len(api.documents()) == 2
    os.unlink(document.folder / 'x.pdf~')
    assert api.content('documents/' + api.only_document()['documentId']) == small_pdf(7)


def test_a_document_that_is_parked_and_then_moved_elsewhere_is_not_taken_back(document, api):
    os.rename(document.path, document.folder / 'x.pdf~')
    os.rename(document.folder / 'x.pdf~', document.folder / 'y.pdf')
    document.path.write_bytes(NEW)
    assert len(api.documents()) == 2
    assert (document.folder / 'y.pdf').read_bytes() == OLD


def test_with_nodelete_an_editors_backup_goes_and_both_documents_stay(document, api, lasfs):
    document.mount.unmount()
    keeping = lasfs('nodelete', start=False)
    keeping.state = document.mount.state
    keeping.allow('nodelete', 'not permitted')
    keeping.start()
    folder = keeping / 'datasets/d/documents'
    os.rename(folder / 'x.pdf', folder / 'x.pdf~')
    (folder / 'x.pdf').write_bytes(NEW)
    os.unlink(folder / 'x.pdf~')
    assert sorted(os.listdir(folder)) == sorted(['x.pdf', document.id])
    assert len(api.documents()) == 2
    os.rename(folder / 'x.pdf', folder / 'x.pdf~')
    with pytest.raises(PermissionError) as refused:
        os.unlink(folder / 'x.pdf~')
    assert refused.value.errno == errno.EPERM


def test_an_asset_is_parked_too(mount, api):
    (mount / 'assets/logo').write_bytes(b'old')
    asset = api.list('assets')[0]['assetId']
    with mount.server.watch() as seen:
        os.rename(mount / 'assets/logo', mount / 'assets/logo~')
        (mount / 'assets/logo').write_bytes(b'new')
        assert (mount / 'assets/logo~').read_bytes() == b'old'
        os.unlink(mount / 'assets/logo~')
    assert [r.verb for r in seen.changes] == ['PATCH']
    assert api.content('assets/' + asset) == b'new'


# --- What stands beside it -------------------------------------------------------------------------

@pytest.mark.parametrize('way', ['vim', 'sed', 'rsync', 'cp', 'mv backup'])
def test_a_replaced_document_keeps_the_ground_truth_of_its_sidecar(document, samples, api, way):
    (document.folder / 'x.pdf.json').write_text('{"total": "12.50"}')
    truth = [{'label': 'total', 'value': '12.50'}]
    assert api.get('documents/' + document.id)['groundTruth'] == truth
    if way == 'vim':
        vim(document, VIM['nobackup backupcopy=no'], '%' + SED, 'wq')
    else:
        document.mount.run(TOOLS[way][0], cwd=document.folder, SOURCE=source(samples), LC_ALL='C')
    found = api.only_document()['documentId']
    assert found != document.id
    assert api.content('documents/' + found) == NEW
    eventually(lambda: api.get('documents/' + found).get('groundTruth') == truth, 5)
    document.mount.may_leave = True


# --- Resources that are made from JSON ---------------------------------------------------------------

JSON_TOOLS = {
    **{f'vim {mode}': None for mode in ('nobackup backupcopy=no', 'nobackup backupcopy=yes',
                                        'backup backupcopy=no', 'nothing')},
    'sed': 's=s/words/other/; sed -i $s m.json', 'sed~': 'sed -i~ s/words/other/ m.json',
    'perl': 'perl -pi -e s/words/other/ m.json', 'perl~': 'perl -pi~ -e s/words/other/ m.json',
    'ed': "printf ',s/words/other/\\nwq\\n' | ed -s m.json",
    'jq': 'jq \'.description = "other"\' m.json > .m.tmp && mv .m.tmp m.json',
    'backup': 'mv m.json m.json~; sed s/words/other/ m.json~ > m.json; rm m.json~',
}


@pytest.mark.parametrize('tool', JSON_TOOLS)
def test_an_edited_json_drop_is_one_patch_of_the_same_resource(document, api, tool):
    text = '{"width": 400, "height": 600, "description": "words",\n' \
           ' "fieldConfig": {"total": {"type": "amount", "maxLength": 20}}}\n'
    document.folder = document.mount / 'models'
    (document.folder / 'm.json').write_text(text)
    model = api.list('models')[0]['modelId']
    mark = document.mount.server.log.mark()
    if tool.startswith('vim'):
        vim(document, VIM[tool[4:]], '%s/words/other/', 'wq', name='m.json')
    else:
        document.mount.run(JSON_TOOLS[tool], cwd=document.folder)
    changes = [r for r in document.mount.server.log.since(mark) if r.verb not in ('GET', 'HEAD')]
    assert [r.verb for r in changes] == ['PATCH']
    assert [m['modelId'] for m in api.list('models')] == [model]
    assert api.get(f'models/{model}')['description'] == 'other'
    assert (document.folder / 'm.json').read_text().count('other') == 1
    document.mount.may_leave = True
