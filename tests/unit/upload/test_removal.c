/* With writeback rm returns at once: what has to go then, what stays, and what is made in its place. */
#include "intents_fixture.h"
#include "journal_ask.h"

#include "doomed.h"
#include "drop_rows.h"
#include "heir.h"
#include "list_filter.h"
#include "refusing_disk.h"
#include "removal.h"

#include "banned.h"

#define PROCESS 100
#define IN_8 "datasets/dataset#8/documents"

/* document#1 is a.pdf in this folder, with something that nobody here has said of it. */
static void put_one(struct world *w, const char *key)
{
    start(w);
    assert_int_equal(put(w, key, "a.pdf", pdf("old")), 0);
    api_change(&w->api, "documents/document#1", "{'retentionInDays': 30}");
    w->writeback = true;
    w->settle_ms = HOUR_MS;
    remount(w);
    expect_file(w, key, "a.pdf", "document#1");
    w->api.said[0] = '\0';
}

/* rm: 0, or why it is not taken. */
static int rm(struct world *w, const char *key, pid_t process)
{
    cleanup_drop struct drop *d = find_file(w, key, "a.pdf");
    int rc;

    assert_non_null(d);
    w->err = (struct failure){ .text = "" };
    assert_int_equal(drop_lock_exclusive(w->drops, d, &w->call), 0);
    assert_true(removal_may_wait(w->uploads, d));
    rc = removal_begin(w->uploads, d, "a.pdf", process, &w->err);
    if (rc == 0)
        assert_int_equal(drops_remove(w->drops, d, false), 0);
    drop_unlock_exclusive(w->drops, d);
    return rc;
}

static int is_owed(void *arg, const struct intent_row *row)
{
    int64_t *number = arg;

    if (row->kind != INTENT_DELETE || row->state == INTENT_DONE)
        return 0;
    *number = row->number;
    return 1;
}

/* The intent of what has to go still; 0: there is none. */
static int64_t owed(struct world *w)
{
    int64_t number = 0;

    journal_each(w->uploads->journal, is_owed, &number);
    return number;
}

static void until_paid(struct world *w)
{
    for (int n = 0; n < 5000 && owed(w); n++)
        nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
    assert_int_equal(owed(w), 0);
}

static bool is_hidden(struct world *w)
{
    return drops_is_doomed(w->drops, id_of("document", 1));
}

/* As the journal does it, once. */
static int64_t work(struct world *w)
{
    cleanup_free struct intent_row *row = NULL;
    int64_t rc;

    w->err = (struct failure){ .text = "" };
    assert_int_equal(journal_take_number(w->uploads->journal, owed(w), &row), 0);
    rc = removal_work(w->uploads, &w->call, row, &w->err);
    if (rc < 0)
        journal_leave(w->uploads->journal, row->number, HOUR_MS);
    return rc;
}

/* PROCESS, or another one, makes it anew with O_EXCL. */
static struct drop *make_anew(struct world *w, const char *key, pid_t process)
{
    struct drop *d = write_drop(w, key, "a.pdf", pdf("new"), strlen(pdf("new")));

    removal_claim(w->uploads, folder_at(w, key), "a.pdf", process, d);
    return d;
}

static const char *stands_for(struct world *w, struct drop *d)
{
    static char brief[RESOURCE_ID_MAX + 1];
    struct drop_snapshot s = drop_snapshot(w->drops, d);
    cleanup_free char *text = api_short(s.id);

    snprintf(brief, sizeof(brief), "%s", text);
    return brief;
}

/* --- May it wait? ----------------------------------------------------------------------------- */

enum before { AS_SENT, NEVER_SENT, QUEUED_OVER, BEING_WRITTEN, BEING_MOVED };

static void come_to(struct world *w, struct drop *d, enum before before)
{
    cleanup_free char *id = api_long("document#1"), *key = api_long(IN_7);
    struct intent_row moves = { .kind = INTENT_MOVE,
                                .state = INTENT_SENDING,
                                .resource = RES_DOCUMENTS,
                                .id = id,
                                .folder = key,
                                .name = "a.pdf",
                                .to_folder = key,
                                .to_name = "b.pdf" };

    switch (before) {
    case AS_SENT:
    case NEVER_SENT:
        break;
    case QUEUED_OVER:
        assert_int_equal(put(w, IN_7, "a.pdf", pdf("newer")), 0);
        break;
    case BEING_WRITTEN:
        drop_written(w->drops, d);
        break;
    case BEING_MOVED:
        begin_intent(w, &moves);
        break;
    }
}

static void what_the_server_has_alone_may_go_later(void **state)
{
    static const struct {
        const char *what;
        enum before before;
        bool writes_through, nodelete;
        bool may;
    } cases[] = {
        { "as it was sent", AS_SENT, false, false, true },
        { "something newer waits", QUEUED_OVER, false, false, true },
        { "it was never sent", NEVER_SENT, false, false, false },
        { "it is being written", BEING_WRITTEN, false, false, false },
        { "it is being renamed", BEING_MOVED, false, false, false },
        { "without writeback", AS_SENT, true, false, false },
        { "nodelete", AS_SENT, false, true, false },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_drop struct drop *d = NULL;
        struct world *w = *state;
        bool sent = cases[i].before != NEVER_SENT;

        print_message("%s\n", cases[i].what);
        put_one(w, IN_7);
        w->writeback = !cases[i].writes_through;
        w->nodelete = cases[i].nodelete;
        remount(w);
        if (!sent)
            assert_int_equal(put(w, IN_7, "b.pdf", pdf("other")), 0);
        d = find_file(w, IN_7, sent ? "a.pdf" : "b.pdf");
        come_to(w, d, cases[i].before);
        assert_int_equal(removal_may_wait(w->uploads, d), cases[i].may);
        drop_unref(steal_pointer(&d));
        stop(w);
    }
}

/* What is asked for, and has an answer, is no content that a list gives back. */
static void a_question_does_not_go_later(void **state)
{
    cleanup_drop struct drop *d = NULL;
    struct world *w = *state;
    struct acked acked = { .size = 3 };

    put_one(w, "documents");
    d = write_drop(w, "predictions", "a.json", "{}\n", 3);
    assert_int_equal(drop_acknowledged(w->drops, d, id_of("prediction", 2), acked, true), 0);
    assert_false(removal_may_wait(w->uploads, d));
}

/* --- It goes ---------------------------------------------------------------------------------- */

static void it_is_gone_here_at_once_and_there_a_moment_later(void **state)
{
    for (int dies = 0; dies < 2; dies++) {
        struct world *w = *state;

        print_message("%s\n", dies ? "by the next mount" : "by this one");
        put_one(w, "documents");
        assert_int_equal(rm(w, "documents", PROCESS), 0);
        expect_file(w, "documents", "a.pdf", NULL);
        assert_true(is_hidden(w));
        expect_said(&w->api, "");
        if (dies)
            remount(w);
        expect_file(w, "documents", "a.pdf", NULL);
        pass(w, HEIR_AT_ONCE_MS + 1);
        until_paid(w);
        assert_false(is_hidden(w));
        expect_said(&w->api, "DELETE documents/document#1\n");
        expect_there(&w->api, "documents", "");
        expect_lines(w, 0, "");
        stop(w);
    }
}

static void what_is_owed_is_hidden_in_the_next_mount_too(void **state)
{
    struct world *w = *state;

    put_one(w, "documents");
    api_rule(&w->api, -1, "DELETE", "documents/*", 500, "{'message': 'no'}");
    assert_int_equal(rm(w, "documents", PROCESS), 0);
    remount(w);
    assert_true(is_hidden(w));
    w->nodelete = true; /* nobody may delete it: it is there again */
    remount(w);
    assert_false(is_hidden(w));
    expect_there(&w->api, "documents", "document#1 ");
}

static void a_disk_that_does_not_take_it_leaves_all_as_it_was(void **state)
{
    static const int disk[] = { -ENOSPC, -EIO, -ENOMEM };

    for (size_t i = 0; i < ARRAY_LEN(disk); i++) {
        struct world *w = *state;

        print_message("%d\n", disk[i]);
        put_one(w, "documents");
        disk_says = disk[i];
        assert_int_equal(rm(w, "documents", PROCESS), disk[i]);
        assert_false(is_hidden(w));
        assert_int_equal(owed(w), 0);
        remount(w);
        expect_file(w, "documents", "a.pdf", "document#1");
        stop(w);
    }
}

/* --- What the server says --------------------------------------------------------------------- */

static void what_the_server_says_to_it_is_told_once_or_tried_again(void **state)
{
    static const struct {
        const char *what;
        int answer; /* to its DELETE; 0: its own */
        int64_t rc;
        bool owed, hidden;
        uint64_t lines;
        const char *left;
    } cases[] = {
        { "gone", 0, 0, false, false, 0, "" },
        { "somebody was faster", 404, 0, false, false, 0, "document#1 " },
        { "refused", 403, 0, false, false, 1, "document#1 " },
        { "in the wrong state", 400, 0, false, false, 1, "document#1 " },
        { "its server is ill", 500, -EIO, true, true, 0, "document#1 " },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world *w = *state;

        print_message("%s\n", cases[i].what);
        put_one(w, "documents");
        if (cases[i].answer)
            api_rule(&w->api, -1, "DELETE", "documents/*", cases[i].answer, "{'message': 'no'}");
        assert_int_equal(rm(w, "documents", PROCESS), 0);
        assert_int_equal(work(w), cases[i].rc);
        assert_int_equal(owed(w) != 0, cases[i].owed);
        assert_int_equal(is_hidden(w), cases[i].hidden);
        expect_lines(w, cases[i].lines, "delete /documents/a.pdf: ");
        expect_there(&w->api, "documents", cases[i].left);
        remount(w); /* which says nothing again */
        assert_int_equal(owed(w) != 0, cases[i].owed);
        expect_lines(w, 0, "");
        stop(w);
    }
}

static void who_deletes_nothing_any_more_owes_nothing(void **state)
{
    for (int ro = 0; ro < 2; ro++) {
        struct world *w = *state;

        print_message("%s\n", ro ? "ro" : "nodelete");
        put_one(w, "documents");
        assert_int_equal(rm(w, "documents", PROCESS), 0);
        w->uploads->ro = ro;
        w->uploads->nodelete = !ro;
        assert_int_equal(work(w), 0);
        assert_int_equal(owed(w), 0);
        expect_said(&w->api, "");
        stop(w);
    }
}

/* --- What others have done meanwhile ---------------------------------------------------------- */

static void what_others_have_moved_elsewhere_stays(void **state)
{
    static const struct {
        const char *what;
        const char *key, *change; /* of what is at the server; NULL: none */
        int look;                 /* what its GET is answered; 0: itself */
        int64_t rc;
        bool deleted, hidden;
        uint64_t lines;
    } cases[] = {
        /* clang-format off */
        { "as it was", IN_7, NULL, 0, 0, true, false, 0 },
        { "moved", IN_7, "{'datasetId': 'dataset#8'}", 0, 0, false, false, 0 },
        { "moved, in all of them", "documents", "{'datasetId': 'dataset#8'}", 0, 0, true, false, 0 },
        { "changed", IN_7, "{'retentionInDays': 7}", 0, 0, true, false, 0 },
        { "nobody can tell", IN_7, NULL, 500, -EIO, false, true, 0 },
        { "nobody may ask", IN_7, NULL, 403, 0, false, false, 1 },
        /* clang-format on */
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world *w = *state;

        print_message("%s\n", cases[i].what);
        put_one(w, cases[i].key);
        assert_int_equal(rm(w, cases[i].key, PROCESS), 0);
        if (cases[i].change)
            api_change(&w->api, "documents/document#1", cases[i].change);
        if (cases[i].look)
            api_rule(&w->api, -1, "GET", "documents*", cases[i].look, "{'message': 'no'}");
        assert_int_equal(work(w), cases[i].rc);
        expect_there(&w->api, "documents", cases[i].deleted ? "" : "document#1 ");
        assert_int_equal(is_hidden(w), cases[i].hidden);
        assert_int_equal(owed(w) != 0, cases[i].rc < 0);
        expect_lines(w, cases[i].lines, "delete /");
        stop(w);
    }
}

static void what_is_gone_at_the_server_is_not_elsewhere(void **state)
{
    struct world *w = *state;

    put_one(w, IN_7);
    assert_int_equal(rm(w, IN_7, PROCESS), 0);
    api_change(&w->api, "documents/document#1", NULL);
    assert_int_equal(work(w), 0);
    assert_int_equal(owed(w), 0);
    expect_lines(w, 0, "");
}

/* --- What is made in its place ---------------------------------------------------------------- */

static void who_makes_it_anew_at_once_replaces_it(void **state)
{
    struct world *w = *state;
    cleanup_drop struct drop *d = NULL;

    put_one(w, "documents");
    assert_int_equal(rm(w, "documents", PROCESS), 0);
    d = make_anew(w, "documents", PROCESS);
    assert_string_equal(stands_for(w, d), "document#1");
    assert_false(is_hidden(w));
    assert_int_equal(owed(w), 0);
    pass(w, HEIR_AT_ONCE_MS + 1);
    w->uploads->writeback = false; /* its close sends it */
    w->api.said[0] = '\0';
    assert_int_equal(commit(w, d), 0);
    until_paid(w);
    expect_there(&w->api, "documents", "document#2 ");
    expect_file(w, "documents", "a.pdf", "document#2");
    assert_non_null(strstr(w->api.said, "'retentionInDays':30"));
    assert_true(strstr(w->api.said, "POST documents") < strstr(w->api.said, "DELETE documents"));
}

/* Killed before anything was sent: the old one is there still, and the new bytes are in its place. */
static void a_mount_that_dies_then_has_deleted_nothing(void **state)
{
    struct world *w = *state;
    cleanup_drop struct drop *d = NULL;

    put_one(w, "documents");
    assert_int_equal(rm(w, "documents", PROCESS), 0);
    d = make_anew(w, "documents", PROCESS);
    drop_unref(steal_pointer(&d));
    remount(w);
    pass(w, HEIR_AT_ONCE_MS + 1);
    assert_int_equal(owed(w), 0);
    expect_said(&w->api, "");
    expect_there(&w->api, "documents", "document#1 ");
    expect_file(w, "documents", "a.pdf", "document#1");
}

static void nobody_else_replaces_it(void **state)
{
    static const struct {
        const char *what;
        pid_t process;
        int64_t after_ms;
    } cases[] = {
        { "another process", PROCESS + 1, 0 },
        { "too late", PROCESS, HEIR_AT_ONCE_MS + 1 },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world *w = *state;
        cleanup_drop struct drop *d = NULL;

        print_message("%s\n", cases[i].what);
        put_one(w, "documents");
        assert_int_equal(rm(w, "documents", PROCESS), 0);
        pass(w, cases[i].after_ms);
        d = make_anew(w, "documents", cases[i].process);
        assert_string_equal(stands_for(w, d), "");
        pass(w, HEIR_AT_ONCE_MS + 1);
        until_paid(w);
        expect_there(&w->api, "documents", "");
        w->uploads->writeback = false;
        w->api.said[0] = '\0';
        assert_int_equal(commit(w, d), 0);
        expect_there(&w->api, "documents", "document#2 ");
        assert_null(strstr(w->api.said, "retentionInDays"));
        drop_unref(steal_pointer(&d));
        stop(w);
    }
}

/* Its DELETE is on its way: nobody takes it back, and what is made is what that one was. */
static void what_is_being_deleted_is_inherited(void **state)
{
    struct world *w = *state;
    cleanup_free struct intent_row *row = NULL;
    cleanup_drop struct drop *d = NULL;

    put_one(w, "documents");
    assert_int_equal(rm(w, "documents", PROCESS), 0);
    assert_int_equal(journal_take_number(w->uploads->journal, owed(w), &row), 0);
    d = make_anew(w, "documents", PROCESS);
    assert_string_equal(stands_for(w, d), "");
    assert_true(heir_is_awaited(w->uploads, d));
    assert_int_equal(removal_work(w->uploads, &w->call, row, &w->err), 0);
    assert_false(heir_is_awaited(w->uploads, d));
    expect_there(&w->api, "documents", "");
    w->uploads->writeback = false;
    w->api.said[0] = '\0';
    assert_int_equal(commit(w, d), 0);
    assert_non_null(strstr(w->api.said, "'retentionInDays':30"));
}

/* What waited was never there: the new one does not go back to what the server has, but is as that was. */
static void what_was_changed_before_it_was_removed_is_not_taken_back(void **state)
{
    struct world *w = *state;
    cleanup_drop struct drop *d = NULL;

    put_one(w, "documents");
    assert_int_equal(put(w, "documents", "a.pdf", pdf("newer")), 0);
    assert_int_equal(rm(w, "documents", PROCESS), 0);
    d = make_anew(w, "documents", PROCESS);
    assert_string_equal(stands_for(w, d), "");
    assert_true(heir_is_awaited(w->uploads, d));
    assert_int_equal(work(w), 0);
    assert_false(heir_is_awaited(w->uploads, d));
    expect_there(&w->api, "documents", "");
}

static void who_may_not_delete_it_makes_another_one_beside_it(void **state)
{
    struct world *w = *state;
    cleanup_free struct intent_row *row = NULL;
    cleanup_drop struct drop *d = NULL;

    put_one(w, "documents");
    api_rule(&w->api, -1, "DELETE", "documents/*", 403, "{'message': 'no'}");
    assert_int_equal(rm(w, "documents", PROCESS), 0);
    assert_int_equal(journal_take_number(w->uploads->journal, owed(w), &row), 0);
    d = make_anew(w, "documents", PROCESS);
    assert_int_equal(removal_work(w->uploads, &w->call, row, &w->err), 0);
    assert_false(heir_is_awaited(w->uploads, d)); /* it does not wait for ever */
    w->uploads->writeback = false;
    assert_int_equal(commit(w, d), 0);
    expect_there(&w->api, "documents", "document#1 document#2 ");
}

/* It cannot be said that it takes its place: then it does not, and the old one goes. */
static void a_disk_that_does_not_take_the_new_one_lets_the_old_one_go(void **state)
{
    struct world *w = *state;
    cleanup_drop struct drop *d = NULL;

    put_one(w, "documents");
    assert_int_equal(rm(w, "documents", PROCESS), 0);
    disk_says = -ENOSPC;
    d = make_anew(w, "documents", PROCESS);
    assert_string_equal(stands_for(w, d), "");
    until_paid(w); /* at once */
    expect_there(&w->api, "documents", "");
    assert_false(heir_is_awaited(w->uploads, d));
    expect_file(w, "documents", "a.pdf", "");
}

/* --- What was sent for a rename, and the daemon died before the names had changed --------------- */

/* document#1 is b.pdf, for a name that document#2 has: that is to go, once b.pdf is called so. The number of the
 * intent that owes it, which the test holds; *move: of the other one. */
static int64_t post_for_a_name(struct world *w, int64_t *move)
{
    cleanup_free char *new = strdup(id_of("document", 1)), *old = strdup(id_of("document", 2));
    struct intent_row row = { .kind = INTENT_CREATE,
                              .state = INTENT_SENDING,
                              .resource = RES_DOCUMENTS,
                              .folder = "documents",
                              .name = "a.pdf",
                              .old = old };
    struct intent_row moves = { .kind = INTENT_MOVE,
                                .state = INTENT_SENDING,
                                .resource = RES_DOCUMENTS,
                                .folder = "documents",
                                .name = "b.pdf",
                                .to_folder = "documents",
                                .to_name = "a.pdf",
                                .id = new,
                                .look = old };
    struct journal *j = w->uploads->journal;
    int64_t number;

    assert_int_equal(put(w, "documents", "b.pdf", pdf("new")), 0);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("old")), 0);
    assert_int_equal(journal_begin(j, &row, NULL, 0, &number, &w->err), 0);
    assert_int_equal(
        journal_tell(j, number, INTENT_ANSWERED, &(struct intent_news){ .id = new }, STATE_NOW), 0);
    assert_int_equal(journal_begin(j, &moves, NULL, 0, move, &w->err), 0);
    return number;
}

static int64_t work_at(struct world *w, int64_t number)
{
    cleanup_free struct intent_row *row = journal_copy(w->uploads->journal, number);

    assert_non_null(row);
    return removal_work(w->uploads, &w->call, row, &w->err);
}

static void what_is_replaced_goes_once_the_name_has_moved(void **state)
{
    cleanup_drop struct drop *d = NULL, *there = NULL;
    struct world *w = *state;
    int64_t number, move;

    start(w);
    number = post_for_a_name(w, &move);
    assert_true(work_at(w, number) > 0);
    expect_there(&w->api, "documents", "document#1 document#2 ");
    d = find_file(w, "documents", "b.pdf");
    there = find_file(w, "documents", "a.pdf");
    assert_int_equal(
        drops_move_over(w->drops, d, folder_at(w, "documents"), "a.pdf", there, NULL, 0), 0);
    assert_int_equal(journal_tell(w->uploads->journal, move, INTENT_ANSWERED, NULL, STATE_NOW), 0);
    assert_int_equal(work_at(w, number), 0);
    expect_there(&w->api, "documents", "document#1 ");
    assert_int_equal(state_of_intent(w, number), -1);
}

static void what_is_called_otherwise_since_stays(void **state)
{
    cleanup_drop struct drop *there = NULL;
    struct world *w = *state;
    int64_t number, move;

    start(w);
    number = post_for_a_name(w, &move);
    there = find_file(w, "documents", "a.pdf");
    assert_int_equal(drops_move(w->drops, there, folder_at(w, "documents"), "c.pdf"), 0);
    assert_int_equal(journal_tell(w->uploads->journal, move, INTENT_REFUSED, NULL, STATE_NOW), 0);
    assert_int_equal(work_at(w, number), 0);
    expect_there(&w->api, "documents", "document#1 document#2 ");
    expect_file(w, "documents", "c.pdf", "document#2");
    assert_int_equal(state_of_intent(w, number), -1);
    assert_false(drops_is_doomed(w->drops, id_of("document", 2)));
}

/* Nor does the next mount hide it: it is read only, so that the journal does not come to it first. */
static void nor_is_it_hidden_by_the_next_mount(void **state)
{
    for (int moved = 0; moved < 2; moved++) {
        cleanup_drop struct drop *there = NULL;
        struct world *w = *state;
        int64_t move;

        start(w);
        post_for_a_name(w, &move);
        there = find_file(w, "documents", "a.pdf");
        if (moved) {
            assert_int_equal(drops_move(w->drops, there, folder_at(w, "documents"), "c.pdf"), 0);
            assert_int_equal(
                journal_tell(w->uploads->journal, move, INTENT_REFUSED, NULL, STATE_NOW), 0);
        }
        drop_unref(steal_pointer(&there));
        w->ro = true;
        remount(w);
        assert_false(drops_is_doomed(w->drops, id_of("document", 2)));
        expect_file(w, "documents", moved ? "c.pdf" : "a.pdf", "document#2");
        w->ro = false;
        stop(w);
    }
}

/* A list does not take the name from what is to be replaced before the other one has it. */
static void the_next_mount_moves_the_name_first(void **state)
{
    struct world *w = *state;
    int64_t number, move;

    start(w);
    number = post_for_a_name(w, &move);
    remount(w);
    for (int n = 0; n < 5000 && state_of_intent(w, number) != -1; n++)
        nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
    expect_file(w, "documents", "a.pdf", "document#1");
    expect_file(w, "documents", "b.pdf", NULL);
    expect_there(&w->api, "documents", "document#1 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_the_server_has_alone_may_go_later),
        TEST(a_question_does_not_go_later),
        TEST(it_is_gone_here_at_once_and_there_a_moment_later),
        TEST(what_is_owed_is_hidden_in_the_next_mount_too),
        TEST(a_disk_that_does_not_take_it_leaves_all_as_it_was),
        TEST(what_the_server_says_to_it_is_told_once_or_tried_again),
        TEST(who_deletes_nothing_any_more_owes_nothing),
        TEST(what_others_have_moved_elsewhere_stays),
        TEST(what_is_gone_at_the_server_is_not_elsewhere),
        TEST(who_makes_it_anew_at_once_replaces_it),
        TEST(a_mount_that_dies_then_has_deleted_nothing),
        TEST(nobody_else_replaces_it),
        TEST(what_is_being_deleted_is_inherited),
        TEST(what_was_changed_before_it_was_removed_is_not_taken_back),
        TEST(who_may_not_delete_it_makes_another_one_beside_it),
        TEST(a_disk_that_does_not_take_the_new_one_lets_the_old_one_go),
        TEST(what_is_replaced_goes_once_the_name_has_moved),
        TEST(what_is_called_otherwise_since_stays),
        TEST(nor_is_it_hidden_by_the_next_mount),
        TEST(the_next_mount_moves_the_name_first),
    };

    return cmocka_run_group_tests_name("removal", tests, NULL, NULL);
}
