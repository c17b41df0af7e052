"""The judge of ./dev torture sees what was lost, doubled, mixed up or left behind, and nothing else."""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from torture.history import History  # noqa: E402
from torture.judge import judge  # noqa: E402
from torture.look import Document, Found  # noqa: E402
from torture.model import ABSENT, EMPTY, Model, digest_of  # noqa: E402
from torture.report import causes, figures, lines_of  # noqa: E402

A, B = 'documents/w1-1.pdf', 'datasets/one/documents/w1-2.pdf'
OLD, NEW, OTHER = (digest_of(word) for word in (b'old', b'new', b'other'))
THEIRS = digest_of(b'theirs')
ONE = 'las:dataset:1'
FOREIGN = {'las:document:f': (THEIRS, ONE, 'their-label')}


def document(number):
    return f'las:document:{number:08}'


class Case:
    """What the tools were told, and a mount and a server that agree with it until something is
    planted."""

    def __init__(self):
        self.model, self.unsure = Model(), set()
        self.found = Found(datasets={'datasets/one/documents': ONE, 'documents': None})
        self.found.server['las:document:f'] = Document(THEIRS, ONE, 'their-label')

    def there(self, name, digest, number, **document_fields):
        """name shows it, and stands for a document with the same."""
        self.found.shown[name] = digest
        self.found.ids[name] = document(number)
        dataset = self.found.datasets[name.rpartition('/')[0]]
        self.found.server[document(number)] = Document(digest, dataset, **document_fields)

    def server_has(self, digest, number):
        self.found.server[document(number)] = Document(digest)

    def kinds(self, writeback=False):
        return sorted(f.kind for f in self.findings(writeback))

    def findings(self, writeback=False):
        return judge(self.model, self.found, FOREIGN, self.unsure, writeback)


@pytest.fixture
def case():
    return Case()


@pytest.fixture
def kept(case):
    """One file that a tool has put, and that is where it should be."""
    case.model.put(A, NEW, True)
    case.there(A, NEW, 1)
    return case


@pytest.fixture
def replaced(case):
    case.model.put(A, OLD, True)
    case.model.put(A, NEW, True)
    case.there(A, NEW, 2)
    return case


def test_what_is_as_it_was_told_is_no_finding(kept):
    assert kept.kinds() == []


def test_nothing_put_nothing_found(case):
    assert case.kinds() == []


# --- Lost ----------------------------------------------------------------------------------------

def test_a_name_without_its_bytes_is_lost(kept):
    del kept.found.shown[A], kept.found.ids[A], kept.found.server[document(1)]
    assert kept.kinds() == ['lost']


def test_bytes_that_only_the_mount_shows_are_lost(kept):
    del kept.found.server[document(1)]
    assert kept.kinds() == ['lost']


def test_an_overwrite_that_is_undone_is_lost(case):
    case.model.put(A, OLD, True)
    case.model.put(A, NEW, True)
    case.there(A, OLD, 1)
    assert case.kinds() == ['lost']


def test_a_file_that_cannot_be_read_is_lost(kept):
    del kept.found.shown[A]
    kept.found.unreadable[A] = 'Input/output error'
    assert kept.kinds() == ['lost']


def test_what_is_in_failed_is_not_lost(kept):
    del kept.found.shown[A], kept.found.ids[A], kept.found.server[document(1)]
    kept.found.failed = [('w1-1.pdf', NEW)]
    assert kept.kinds() == []


@pytest.mark.parametrize('reason, kinds', [('HTTP 503: a bad day', ['lost']), ('', ['lost']),
                                           ('HTTP 400: no', []), ('maybe created', [])])
def test_with_writeback_only_what_is_final_may_be_in_failed(kept, reason, kinds):
    del kept.found.shown[A], kept.found.ids[A], kept.found.server[document(1)]
    kept.found.failed = [('w1-1.pdf', NEW)]
    kept.found.reasons = {A: reason}
    assert kept.kinds(writeback=True) == kinds


def test_a_sidecar_that_is_gone_is_lost(kept):
    kept.model.put(A + '.json', OTHER, True)
    assert kept.kinds() == ['lost']
    kept.found.shown[A + '.json'] = OTHER
    assert kept.kinds() == []


def test_labels_that_did_not_arrive_are_lost(kept):
    kept.model.label(A, 'a-label', True)
    assert kept.kinds() == ['lost']
    kept.found.server[document(1)].label = 'a-label'
    assert kept.kinds() == []


def test_what_lies_below_the_mount_point_is_lost(kept):
    kept.found.stray = ['/mnt/x.pdf']
    assert kept.kinds() == ['lost']


def test_what_is_never_sent_is_lost(kept):
    kept.found.pending = ['w1-1.pdf']
    assert kept.kinds() == ['lost']


# --- Doubled -------------------------------------------------------------------------------------

def test_one_put_and_two_documents_is_doubled(kept):
    kept.server_has(NEW, 2)
    assert kept.kinds() == ['doubled']
    kept.server_has(NEW, 3)
    assert kept.kinds() == ['doubled']  # once for all of them


def test_two_documents_of_a_put_that_failed_are_doubled_and_nameless(case):
    case.model.put(A, NEW, False)
    case.server_has(NEW, 1)
    case.server_has(NEW, 2)
    assert case.kinds() == ['doubled', 'unnamed']


def test_two_names_that_were_put_with_it_are_two_documents(kept):
    kept.model.put(B, NEW, True)
    kept.there(B, NEW, 2)
    assert kept.kinds() == []


# --- Foreign -------------------------------------------------------------------------------------

def test_bytes_of_another_name_are_foreign(kept):
    kept.model.put(B, OTHER, True)
    kept.there(B, OTHER, 2)
    kept.found.shown[A] = OTHER
    assert 'foreign' in kept.kinds()


def test_a_file_that_was_emptied_is_half_done(kept):
    kept.found.shown[A] = EMPTY
    assert kept.kinds() == ['foreign']


def test_bytes_that_were_read_too_early_are_foreign(kept):
    kept.found.wrong = [(A, OTHER)]
    assert kept.kinds() == ['foreign']


def test_bytes_that_nobody_put_are_foreign(kept):
    kept.server_has(digest_of(b'half'), 2)
    assert kept.kinds() == ['foreign']


def test_a_name_that_stands_for_another_document_is_foreign(kept):
    kept.model.put(B, OTHER, True)
    kept.there(B, OTHER, 2)
    kept.found.ids[A] = document(2)
    assert 'foreign' in kept.kinds()


def test_a_file_that_nobody_made_is_foreign(kept):
    kept.found.shown['documents/who.pdf'] = NEW
    assert kept.kinds() == ['foreign']


def test_a_document_in_another_dataset_is_foreign(kept):
    kept.found.server[document(1)].dataset = ONE
    assert kept.kinds() == ['foreign']


def test_labels_of_another_are_foreign(kept):
    kept.found.server[document(1)].label = 'their-label'
    assert kept.kinds() == ['foreign']


@pytest.mark.parametrize('change', [{'digest': NEW}, {'label': 'ours'}, {'dataset': None}])
def test_others_documents_stay_as_they_are(kept, change):
    for field, value in change.items():
        setattr(kept.found.server['las:document:f'], field, value)
    assert kept.kinds() == ['foreign']


def test_others_documents_stay(kept):
    del kept.found.server['las:document:f']
    assert kept.kinds() == ['foreign']


def test_no_name_stands_for_others_documents(kept):
    kept.found.ids['documents/w1-9.pdf'] = 'las:document:f'
    assert kept.kinds() == ['foreign']


# --- Unnamed and old -----------------------------------------------------------------------------

def test_a_document_without_a_name_is_unnamed(case):
    case.model.put(A, NEW, False)
    case.server_has(NEW, 1)
    assert case.kinds() == ['unnamed']


def test_a_name_that_is_gone_leaves_its_document_unnamed(kept):
    del kept.found.shown[A], kept.found.ids[A]
    assert kept.kinds() == ['unnamed']


def test_a_temporary_name_is_no_name(case):
    case.model.put(A, NEW, False)
    case.server_has(NEW, 1)
    case.found.scratch = {document(1): 'documents/.w1-1.pdf.abcdef'}
    assert case.kinds() == ['unnamed']
    assert 'abcdef' in case.findings()[0].text


def test_a_replaced_document_that_stays_is_old(replaced):
    assert replaced.kinds() == []
    replaced.server_has(OLD, 1)
    assert replaced.kinds() == ['old']


def test_of_which_no_tool_has_heard_is_unnamed_though_it_was_overwritten(replaced):
    replaced.server_has(OLD, 1)
    replaced.unsure = {document(1)}
    assert replaced.kinds() == ['unnamed']


def test_a_removed_document_that_stays_is_old(kept):
    kept.model.remove(A, True)
    del kept.found.shown[A], kept.found.ids[A]
    assert kept.kinds() == ['old']


def test_a_removed_file_that_is_back_is_old(kept):
    kept.model.remove(A, True)
    assert set(kept.kinds()) == {'old'}


# --- Whole or not at all -------------------------------------------------------------------------

@pytest.mark.parametrize('shown', [OLD, NEW])
def test_an_overwrite_that_failed_leaves_the_old_or_the_new(case, shown):
    case.model.put(A, OLD, True)
    case.model.put(A, NEW, False)
    case.there(A, shown, 1)
    assert case.kinds() == []


def test_an_overwrite_that_failed_leaves_not_both(case):
    case.model.put(A, OLD, True)
    case.model.put(A, NEW, False)
    case.there(A, NEW, 1)
    case.server_has(OLD, 2)
    assert case.kinds() == ['unnamed']


@pytest.mark.parametrize('name', [A, B])
def test_a_move_that_failed_leaves_one_of_two_names(kept, name):
    kept.model.move(A, B, False)
    del kept.found.shown[A], kept.found.ids[A]
    kept.there(name, NEW, 1)
    assert kept.kinds() == []


def test_a_move_that_leaves_no_name_is_seen(kept):
    kept.model.move(A, B, False)
    del kept.found.shown[A], kept.found.ids[A]
    assert kept.kinds() == ['unnamed']
    del kept.found.server[document(1)]
    assert kept.kinds() == ['lost']


def test_what_nobody_was_told_of_is_not_missed(kept):
    """After an overwrite that failed, and a move that failed and left no name."""
    kept.model.put(A, OTHER, False)
    kept.model.move(A, B, False)
    del kept.found.shown[A], kept.found.ids[A]
    assert kept.kinds() == ['unnamed']


def test_a_move_that_leaves_both_names_is_seen(kept):
    kept.model.move(A, B, False)
    kept.there(B, NEW, 2)
    assert 'doubled' in kept.kinds()


def test_a_move_over_another_has_the_bytes_of_the_first(kept):
    kept.model.put(B, OLD, True)
    kept.model.move(A, B, True)
    del kept.found.shown[A], kept.found.ids[A]
    kept.there(B, NEW, 1)
    assert kept.kinds() == []


def test_a_move_that_copies_may_leave_both(kept):
    kept.model.move(A, B, False, copies=True)
    kept.there(B, NEW, 2)
    assert kept.kinds() == []


def test_a_new_name_whose_put_failed_may_be_empty(case):
    case.model.put(A, NEW, False)
    case.found.shown[A] = EMPTY
    assert case.kinds() == []


def test_what_was_unsure_is_sure_after_the_next_that_is_done(case):
    case.model.put(A, OLD, False)
    case.model.move(A, B, False)
    case.model.put(A, NEW, True)
    case.model.remove(B, True)
    assert case.model.surely(A) == NEW and case.model.surely(B) is ABSENT


def test_who_crashes_and_who_hangs_is_said(kept):
    kept.found.crashes, kept.found.hangs = ['lasfs ended with -6'], ['cp had no end']
    assert kept.kinds() == ['crashed', 'hung']


# --- What is said of it --------------------------------------------------------------------------

def test_what_is_lost_has_the_history_of_its_documents(kept):
    history = History()
    history.begin('request', 'POST /documents', digests=[NEW], ids=[document(1)])
    history.begin('request', f'DELETE /documents/{document(1)}', ids=[document(1)])
    history.begin('request', f'DELETE /documents/{document(2)}', ids=[document(2)])
    del kept.found.shown[A], kept.found.ids[A], kept.found.server[document(1)]
    lines = '\n'.join(lines_of(kept.findings()[0], history))
    assert f'DELETE /documents/{document(1)}' in lines and document(2) not in lines


def test_a_finding_has_its_history(kept):
    history = History()
    event = history.begin('tool', f'w1 cp {A}', [A], [NEW])
    torment = history.begin('torment', 'kill daemon')
    history.end(history.begin('request', 'POST /documents', ids=[document(2)]), 'answered')
    history.end(torment)
    history.end(event, 'exit 1')
    history.end(history.begin('tool', f'w1 rm {B}', [B], [OTHER]), 'exit 0')
    kept.server_has(NEW, 2)
    findings = kept.findings()
    lines = '\n'.join(lines_of(findings[0], history))
    assert 'w1 cp' in lines and 'kill daemon' in lines and 'w1 rm' not in lines
    assert causes(findings, history) == ['doubled 1: POST during kill daemon']
    assert figures(findings) == 'lost 0, doubled 1, foreign 0, unnamed 0, old 0, crashed 0, hung 0'
