"""Clocks that differ, and clocks that are set: the server's, and this machine's while no daemon runs."""
import contextlib
import datetime
import email.utils
import os
import re
import sqlite3
import subprocess
import time

import pytest

from machines import both_apis, both_modes, loose
from mounted import eventually
from samples import pdf, small_pdf
from fault.test_lost_answers import documents

HOUR = 3600


def set_server_clock(proxy, seconds):
    """Its clock, as all its answers have it: createdTime and Date."""
    def edit(data):
        def later(match):
            then = datetime.datetime.fromisoformat(match.group(2).decode()) + datetime.timedelta(seconds=seconds)
            return match.group(1) + then.isoformat(timespec='microseconds').encode()
        return re.sub(rb'("(?:created|updated)Time": ?")([-0-9T:.]{19,26})', later, data)
    date = email.utils.formatdate(time.time() + seconds, usegmt=True)
    proxy.fault(edit=edit, headers={'Date': date})


@both_apis
@both_modes
@pytest.mark.parametrize('hours', [-1, 1])
def test_a_lost_answer_makes_one_document_whatever_the_servers_clock(lasfs, proxy, api, generation, more, hours):
    """This machine's is fast: the document was made before it was sent, and is sent again."""
    lost = proxy.fault('POST', '/documents', close='after', times=1)
    set_server_clock(proxy, hours * HOUR)
    mount = loose(lasfs('unsure=1', *more, server=proxy))
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    mount.control('flush')
    assert lost.hits == 1
    assert documents(api) == [small_pdf(1)]


@both_apis
@both_modes
def test_what_another_client_made_before_is_not_taken_whatever_the_servers_clock(lasfs, proxy, api, generation,
                                                                                more):
    """This machine's is slow: what is half an hour old looks new. It is taken, and rm deletes it."""
    theirs = api.add_document(small_pdf(1))  # 1800 s after this machine's now, and 1800 s before the server's
    proxy.fault('POST', '/documents', close='before', times=1)

    def edit(data):
        return re.sub(rb'("createdTime": ?")[^"]*',
                      lambda m: m.group(1) + datetime.datetime.utcfromtimestamp(time.time() + 1800).isoformat(
                          timespec='microseconds').encode() + b'+0000', data)
    proxy.fault('GET', '/documents', edit=edit,
                headers={'Date': email.utils.formatdate(time.time() + 2 * 1800, usegmt=True)})
    proxy.fault(headers={'Date': email.utils.formatdate(time.time() + 2 * 1800, usegmt=True)})
    mount = loose(lasfs('unsure=1', *more, server=proxy))
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    mount.control('flush')
    assert documents(api) == [small_pdf(1)] * 2
    os.unlink(mount / 'documents/scan.pdf')
    mount.control('flush')
    assert api.exists('documents/' + theirs)


def step_clock(mount, seconds):
    """Of this machine, as the next mount sees it: when what it finds was begun is so far off."""
    for path in mount.state.rglob('state.db'):
        with contextlib.closing(sqlite3.connect(path)) as db:
            assert db.execute('UPDATE intents SET since_ns = since_ns - ?', (seconds * 10 ** 9,)).rowcount
            db.commit()


@both_apis
def test_what_waits_is_sent_though_the_clock_was_set_back(lasfs, proxy, api, generation):
    """Killed while it was sent; the next start has the clock of an hour before: nothing is sent for an hour, and
    flush waits as long."""
    mount = loose(lasfs('unsure=2', 'writeback', 'settle=0', server=proxy))
    post = proxy.fault('POST', '/documents', stall='before', close='before')
    (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    eventually(lambda: post.hits)
    mount.kill()
    proxy.clear()
    step_clock(mount, -HOUR)
    mount.start()
    try:
        eventually(lambda: documents(api) == [small_pdf(1)], 15, 'sending')
    finally:
        if not api.documents():
            mount.kill()


@both_apis
def test_a_close_ends_though_the_clock_was_set_back(lasfs, proxy, api, generation):
    """Nobody knows whether the first one was carried out, and the second one waits for an hour."""
    mount = loose(lasfs('unsure=2', 'timeout=3', server=proxy))
    proxy.fault('POST', '/documents', close='before', times=1)
    look = proxy.fault('GET', '/documents', status=503)
    with pytest.raises(OSError):
        (mount / 'documents/scan.pdf').write_bytes(small_pdf(1))
    mount.kill()
    step_clock(mount, -HOUR)
    proxy.rules.remove(look)
    mount.start()
    source = mount.folder / 'scan.pdf'
    source.write_bytes(small_pdf(1))
    writer = subprocess.Popen(['cp', source, mount / 'documents/scan.pdf'])
    try:
        assert writer.wait(20) == 0
    except subprocess.TimeoutExpired:
        mount.kill()
        raise
    finally:
        writer.kill()
        writer.wait()
    assert documents(api) == [small_pdf(1)]


@pytest.mark.server('--api', '2024', '--model-time', '0.1', '--prediction-time', '4')
def test_an_answer_is_waited_for_though_the_clock_was_set_forward(lasfs, api):
    """A machine without a battery begins in the past: two days later, by its clock, the answer is given up."""
    mount = loose(lasfs('timeout=3'))
    model = api.post('models', name='reader', fieldConfig={'total': {'type': 'amount', 'maxLength': 20}})['modelId']
    training = api.post(f'models/{model}/trainings')['trainingId']
    eventually(lambda: api.get(f'models/{model}/trainings/{training}')['status'] == 'succeeded')
    api.patch('models/' + model, trainingId=training)
    inbox = mount / f'models/{model}/inbox'
    (inbox / 'scan.pdf').write_bytes(pdf(2000))
    eventually(lambda: api.list('predictions'))
    mount.kill()
    step_clock(mount, 48 * HOUR)
    mount.start()
    eventually(lambda: any(n.startswith('scan.pdf.') or n.startswith('scan.') and n.endswith('.json')
                           for n in os.listdir(inbox)), 20)
    assert 'scan.pdf.error.txt' not in os.listdir(inbox), mount.errors()
