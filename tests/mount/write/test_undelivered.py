"""What could not be delivered is not at its name: whoever looks whether it has to copy, has to."""
import errno
import os
import signal
import subprocess

import pytest

from mounted import eventually
from outage import (NEW_TIME, OLD_TIME, check_older, failed, fails, number, sha, source_of,
                    sums, write)
from samples import pdf

TOOLS = {
    'cp': 'cp $S $D',
    'cp -p': 'cp -p $S $D',
    'cp -n': 'cp -n $S $D',
    'dd': 'dd status=none if=$S of=$D',
    'tee': 'tee $D < $S > /dev/null',
    'cat': 'cat $S > $D',
    'python': '/usr/bin/python3 -c "import sys; f = open(sys.argv[2], \'wb\'); '
              'f.write(open(sys.argv[1], \'rb\').read()); f.close()" $S $D',
    'mv': 'cp -p $S $S.copy; mv $S.copy $D',
    'rsync': 'rsync -a $S $D',
    'rsync --inplace': 'rsync -a --inplace $S $D',
    'rsync --inplace -c': 'rsync --inplace -c $S $D',
    'rsync --size-only': 'rsync -a --size-only $S $D',
    'rsync --ignore-existing': 'rsync -a --ignore-existing $S $D',
    'rsync --checksum': 'rsync -a --checksum $S $D',
}
ONLY_NEW = ('cp -n', 'rsync --ignore-existing')
KEEP_TIME = ('cp -p', 'mv', 'rsync', 'rsync --inplace', 'rsync --size-only',
             'rsync --ignore-existing', 'rsync --checksum')
# In the same shell, right after it: is it there?
LOOK = '; status=$?; stat -c "%s %Y" $D 2>/dev/null; exit $status'


def run(mount, tool, source, target):
    return mount.run(TOOLS[tool] + LOOK, None, S=source, D=target)


def works(mount, tool, source, target):
    """After an outage the first that ask may still be told that there is one."""
    eventually(lambda: run(mount, tool, source, target).status == 0, 15, tool)


# --- Each tool, each failure -----------------------------------------------------------------


@pytest.mark.parametrize('tool', TOOLS)
def test_a_new_file_that_was_not_delivered_is_not_there(outage, samples, api, tool):
    mount, new = outage.mount, pdf(3000, seed=2)
    source = source_of(samples, 'a.pdf', new, NEW_TIME)
    os.listdir(mount / 'documents')
    outage.broken()
    ran = run(mount, tool, source, 'documents/a.pdf')
    assert ran.status != 0 and ran.out == '', ran
    assert not os.path.lexists(mount / 'documents/a.pdf')
    assert failed(mount) == {'a.pdf': new}
    assert (mount / 'documents/a.pdf.error.txt').read_text()
    outage.mended()
    assert sorted(os.listdir(mount / 'documents')) == ['a.pdf.error.txt']
    assert sums(mount) == {}
    works(mount, tool, source, 'documents/a.pdf')
    assert api.hashes() == [sha(new)]
    assert os.listdir(mount / 'documents') == ['a.pdf']
    assert failed(mount) == {}
    assert sums(mount) == {'a.pdf': sha(new)}
    if tool in KEEP_TIME:
        assert os.stat(mount / 'documents/a.pdf').st_mtime == NEW_TIME


@pytest.mark.parametrize('tool', [t for t in TOOLS if t not in ONLY_NEW and t != 'mv'])
def test_a_file_that_was_not_overwritten_is_the_older_one(outage, samples, api, tool):
    mount, old, new = outage.mount, pdf(2000, seed=1), pdf(3000, seed=2)
    source = source_of(samples, 'a.pdf', new, NEW_TIME)
    mount.run('cp -p $S documents/a.pdf', S=source_of(samples, 'old.pdf', old, OLD_TIME))
    before = api.only_document()['documentId']
    outage.broken()
    ran = run(mount, tool, source, 'documents/a.pdf')
    assert ran.status != 0 and ran.out == f'2000 {OLD_TIME}\n', ran
    check_older(mount, 'a.pdf', old, OLD_TIME)
    assert failed(mount) == {'a.pdf': new}
    assert (mount / 'documents/a.pdf.error.txt').read_text()
    outage.mended()
    assert api.only_document()['documentId'] == before
    works(mount, tool, source, 'documents/a.pdf')
    assert api.hashes() == [sha(new)]
    assert os.listdir(mount / 'documents') == ['a.pdf']
    assert failed(mount) == {}


def test_the_older_one_is_there_after_a_remount(outage, samples, api):
    mount, old, new = outage.mount, pdf(2000, seed=1), pdf(3000, seed=2)
    mount.run('cp -p $S documents/a.pdf', S=source_of(samples, 'old.pdf', old, OLD_TIME))
    outage.broken()
    fails_any(mount / 'documents/a.pdf', new)
    outage.mended()
    mount.remount(cold=True)
    check_older(mount, 'a.pdf', old, OLD_TIME)
    assert failed(mount) == {'a.pdf': new}
    assert sums(mount) == {'a.pdf': sha(old)}
    outage.broken()
    fails_any(mount / 'documents/a.pdf', new)
    check_older(mount, 'a.pdf', old, OLD_TIME)


def fails_any(path, data):
    with pytest.raises(OSError):
        write(path, data)


def test_two_tools_within_a_second_both_say_it(outage, samples, api):
    """The kernel remembers attributes for a second; none of a failure's."""
    mount = outage.mount
    for i in range(8):
        source_of(samples, f'{i}.pdf', pdf(2000 + i, seed=i), NEW_TIME)
    outage.broken()
    for i in range(8):
        ran = mount.run(f'cp -p $S/{i}.pdf documents/; echo $?; rsync -a $S/{i}.pdf documents/; '
                        'echo $?', S=samples.folder, status=0)
        assert ran.out.split()[0] != '0' and ran.out.split()[1] != '0', f'{i}: {ran}'
    assert sorted(failed(mount)) == [f'{i}.pdf' for i in range(8)]


def test_two_tools_within_a_second_both_say_it_over_an_older_one(outage, samples, api):
    mount = outage.mount
    for i in range(8):
        write(mount / f'documents/{i}.pdf', pdf(2000, seed=100 + i))
        source_of(samples, f'{i}.pdf', pdf(2000 + i, seed=i), NEW_TIME)
    outage.broken()
    for i in range(8):
        ran = mount.run(f'cp -p $S/{i}.pdf documents/; echo $?; rsync -a $S/{i}.pdf documents/; '
                        'echo $?', S=samples.folder, status=0)
        assert ran.out.split()[0] != '0' and ran.out.split()[1] != '0', f'{i}: {ran}'
        assert (mount / f'documents/{i}.pdf').read_bytes() == pdf(2000, seed=100 + i)


def test_mv_over_an_older_one_removes_that_itself(refusing, samples):
    """Between two file systems mv(1) is rm, then cp: the source stays, and is in failed/."""
    mount = refusing.mount
    refusing.mended()
    write(mount / 'documents/a.pdf', pdf(2000, seed=1))
    refusing.broken()
    source = samples.pdf('a.pdf', 3000, seed=2)
    ran = mount.run(f'mv {source} documents/a.pdf{LOOK}', D='documents/a.pdf', status=1)
    assert ran.out == ''
    assert source.read_bytes() == pdf(3000, seed=2)
    assert failed(mount) == {'a.pdf': pdf(3000, seed=2)}


# --- Everywhere ------------------------------------------------------------------------------

MODEL = '{"width": 300, "height": 300, "fieldConfig": {}, "description": "%s"}\n'


def model_text(seed):
    return (MODEL % seed).encode()


def bytes_for(name, seed):
    return model_text(seed) if name.endswith('.json') else pdf(2000 + seed, seed=seed)


@pytest.fixture
def places(refusing, api):
    """Folders of every kind, by name, and a file in each that works."""
    dataset = api.add_dataset('d')
    model = api.post('models', width=300, height=300, fieldConfig={})['modelId']
    os.mkdir(refusing.mount / 'documents/sub')
    return {'assets': ('assets', 'a.bin'), 'models': ('models', 'a.json'),
            'datasets': ('datasets', 'a.json'), 'subfolder': ('documents/sub', 'a.pdf'),
            'dataset': (f'datasets/{dataset}/documents', 'a.pdf'),
            'inbox': (f'models/{model}/inbox', 'a.pdf')}


def body(name, seed, place):
    return b'{"description": "%d"}\n' % seed if place == 'datasets' else bytes_for(name, seed)


@pytest.mark.parametrize('place', ['assets', 'models', 'datasets', 'subfolder', 'dataset',
                                   'inbox'])
def test_a_new_one_is_nowhere_there(refusing, places, api, place):
    mount, (folder, name) = refusing.mount, places[place]
    new = body(name, 2, place)
    before = sorted(os.listdir(mount / folder))
    fails(mount / folder / name, new)
    assert not os.path.lexists(mount / folder / name)
    assert sorted(os.listdir(mount / folder)) == sorted([*before, name + '.error.txt'])
    assert failed(mount) == {name: new}
    mount.remount()
    assert not os.path.lexists(mount / folder / name)
    assert failed(mount) == {name: new}
    refusing.mended()
    write(mount / folder / name, new)
    assert (mount / folder / name).read_bytes() == new
    if place != 'inbox':  # a model that was not trained says so in a file of that name
        assert not os.path.exists(mount / folder / (name + '.error.txt'))
    assert failed(mount) == {}


@pytest.mark.parametrize('place', ['assets', 'models', 'datasets', 'subfolder', 'dataset',
                                   'inbox'])
@pytest.mark.parametrize('rename', [False, True], ids=['in place', 'by a rename'])
def test_one_that_was_not_overwritten_is_everywhere_the_older_one(refusing, places, api, proxy,
                                                                  place, rename):
    mount, (folder, name) = refusing.mount, places[place]
    old, new = body(name, 1, place), body(name, 20, place)
    refusing.mended()
    write(mount / folder / name, old)
    os.utime(mount / folder / name, (OLD_TIME, OLD_TIME))
    refusing.broken()
    proxy.fault('PATCH', status=500, message='oops')
    if rename:
        write(mount / folder / f'.{name}.Xy12Zz', new)
        with pytest.raises(OSError):
            os.rename(mount / folder / f'.{name}.Xy12Zz', mount / folder / name)
        os.unlink(mount / folder / f'.{name}.Xy12Zz')
    else:
        fails(mount / folder / name, new)
    check_older(mount, name, old, OLD_TIME, folder)
    assert failed(mount) == {name: new}
    assert (mount / folder / (name + '.error.txt')).read_text()
    mount.remount()
    check_older(mount, name, old, OLD_TIME, folder)
    refusing.mended()
    mount.control('retry ' + number(mount, name))
    assert (mount / folder / name).read_bytes() == new
    assert failed(mount) == {}


def test_a_secret_is_kept_nowhere(refusing, proxy):
    mount = refusing.mount
    rule = proxy.fault('POST', '/secrets', status=500, message='oops')
    fails(mount / 'secrets/s.json', b'{"data": {"password": "quite unusual words"}}')
    assert os.listdir(mount / 'secrets') == []
    assert not os.path.lexists(mount / 'secrets/s.json')
    assert failed(mount) == {}
    rule.times = 0
    write(mount / 'secrets/s.json', b'{"data": {"password": "quite unusual words"}}')
    assert os.path.exists(mount / 'secrets/s.json')
    refusing.mount.unmount()
    for path in mount.state.rglob('*'):
        assert not path.is_file() or b'quite unusual words' not in path.read_bytes(), path


def test_a_writer_that_was_killed_leaves_the_older_one(refusing, samples):
    mount = refusing.mount
    refusing.mended()
    mount.run('cp -p $S documents/a.pdf',
              S=source_of(samples, 'old.pdf', pdf(2000, seed=1), OLD_TIME))
    process = subprocess.Popen(['bash', '-c', 'exec 3>documents/a.pdf; head -c 900 $S >&3; echo; '
                                'read'], cwd=mount.path, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE,
                               env={**os.environ, 'S': str(samples.pdf('n.pdf', 3000, seed=2))})
    process.stdout.readline()
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()
    eventually(lambda: failed(mount) == {'a.pdf': pdf(3000, seed=2)[:900]}, 5, 'a failure')
    check_older(mount, 'a.pdf', pdf(2000, seed=1), OLD_TIME)


@pytest.mark.parametrize('old', [False, True], ids=['new', 'overwritten'])
def test_what_is_too_large_is_not_there_after_its_close(refusing, old):
    """A write(2) that failed, as with a full disk: the file is not complete."""
    mount, path = refusing.mount, refusing.mount / 'documents/a.pdf'
    refusing.mended()
    if old:
        write(path, pdf(2000, seed=1))
        os.utime(path, (OLD_TIME, OLD_TIME))
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.write(fd, pdf(3000, seed=2))
    with pytest.raises(OSError) as problem:
        os.pwrite(fd, b'x', 1 << 30)
    assert problem.value.errno == errno.EFBIG
    with pytest.raises(OSError):
        os.close(fd)
    assert os.path.exists(path) == old
    if old:
        check_older(mount, 'a.pdf', pdf(2000, seed=1), OLD_TIME)
    assert failed(mount) == {'a.pdf': pdf(3000, seed=2)}


def test_a_close_that_is_interrupted_leaves_nothing_at_the_name(refusing, proxy, samples):
    mount = refusing.mount
    refusing.mended()
    proxy.fault('POST', '/documents', stall='before')
    process = subprocess.Popen(['env', '--default-signal', 'cp', samples.pdf('a.pdf', 3000),
                                mount.path / 'documents/a.pdf'])
    eventually(lambda: proxy.since(0, 'POST', '/documents'), 5, 'a POST')
    process.send_signal(signal.SIGINT)
    process.wait()
    eventually(lambda: failed(mount) == {'a.pdf': pdf(3000)}, 5, 'a failure')
    assert not os.path.lexists(mount / 'documents/a.pdf')


def test_truncate_that_fails_leaves_the_older_one(refusing):
    mount, path = refusing.mount, refusing.mount / 'documents/a.pdf'
    refusing.mended()
    write(path, pdf(2000, seed=1))
    os.utime(path, (OLD_TIME, OLD_TIME))
    refusing.broken()
    with pytest.raises(OSError) as problem:
        os.truncate(path, 1000)
    assert problem.value.errno == errno.EIO
    check_older(mount, 'a.pdf', pdf(2000, seed=1), OLD_TIME)
    assert failed(mount) == {'a.pdf': pdf(2000, seed=1)[:1000]}
