"""What changes while somebody looks: the names are those that there are, and an open file says what it is."""
import contextlib
import os
import time

import pytest

from machines import TTL, both_apis, both_modes, called, loose, today
from mounted import eventually
from samples import pdf, small_pdf


@today
@both_modes
def test_what_another_machine_has_rotated_has_the_names_that_it_gave(lasfs, api, more):
    """s2 is s3, s1 is s2, s0 is s1: one listing has s1.pdf~12345678, no s1.pdf, and errors that are none."""
    a, b = loose(lasfs(*TTL)), loose(lasfs(*TTL, *more))
    for n in range(3):
        (a / f'documents/s{n}.pdf').write_bytes(small_pdf(n))
    b.refresh()
    assert len(os.listdir(b / 'documents')) == 3
    for n in (2, 1, 0):
        os.rename(a / f'documents/s{n}.pdf', a / f'documents/s{n + 1}.pdf')
    eventually(lambda: [called(api, small_pdf(n)) for n in range(3)] == ['s1.pdf', 's2.pdf', 's3.pdf'])
    b.refresh()
    assert sorted(os.listdir(b / 'documents')) == ['s1.pdf', 's2.pdf', 's3.pdf']
    assert b.errors() == ''


@both_apis
@both_modes
def test_a_file_that_is_replaced_while_one_lists_is_in_the_listing(lasfs, api, generation, more):
    """rsync's temporary file stood there when the listing began: the name itself is in none. rsync --delete from
    here deletes it there."""
    mount = loose(lasfs('list=names', *more))
    folder = mount / 'documents'
    names = [f'f{n:03}.pdf' for n in range(300)]
    for n, name in enumerate(names):
        (folder / name).write_bytes(small_pdf(n))
    mount.control('flush')
    mount.refresh()
    temporary = folder / f'.{names[-1]}.Ab12Cd'
    temporary.write_bytes(small_pdf(1000))
    with os.scandir(folder) as entries:
        shown = [next(entries).name]
        os.rename(temporary, folder / names[-1])
        shown += [e.name for e in entries]
    assert sorted(n for n in shown if n in names) == names


@both_apis
@both_modes
@pytest.mark.parametrize('by', ['its id', 'others'])
def test_what_was_deleted_by_another_way_is_not_in_the_inbox(lasfs, api, generation, more, by):
    """By its id: ls has it, stat has not. By others: both have it, also after a remount; rsync sends nothing."""
    mount = loose(lasfs(*TTL, *more))
    body = {'fieldConfig': {'total': {'type': 'amount', 'maxLength': 20}}}
    if generation == '2021':
        body |= {'width': 300, 'height': 300}
    inbox = mount / f'models/{api.post("models", name="reader", **body)["modelId"]}/inbox'
    (inbox / 'scan.pdf').write_bytes(pdf(2000))
    with contextlib.suppress(OSError):
        mount.control('flush')
    eventually(lambda: len(os.listdir(inbox)) == 2)  # it was asked about, and the model is not trained
    if by == 'its id':
        mount.run('rmdir documents/' + api.only_document()['documentId'])
    else:
        api.delete('documents/' + api.only_document()['documentId'])
        time.sleep(1.5)
        mount.refresh()
    assert 'scan.pdf' not in os.listdir(inbox)
    assert not os.path.exists(inbox / 'scan.pdf')


@both_apis
@both_modes
def test_an_open_file_that_was_removed_has_no_link(lasfs, api, generation, more):
    """By that programs that hold a lock file learn that it is theirs no more."""
    mount = loose(lasfs(*more))
    path = mount / 'documents/scan.pdf'
    path.write_bytes(small_pdf(1))
    with open(path, 'rb') as f:
        os.unlink(path)
        assert os.fstat(f.fileno()).st_nlink == 0
