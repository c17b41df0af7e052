/* A name that moves with its resource: what is said of the PATCH, and where the name is then. */
#include "moving_fixture.h"

#include "moving_settle.h"
#include "refusing_disk.h"

#include "banned.h"

static void the_end_of_a_patch_is_looked_at(void **state)
{
    static const struct {
        const char *what;
        bool moved; /* at the server */
        int look;   /* what the look is answered; 0: itself */
        int rc, http;
        int want, state; /* of the intent; -1: it is done */
    } cases[] = {
        /* clang-format off */
        { "done", true, 0, 0, 0, 0, INTENT_SENDING },
        { "refused", false, 0, -EINVAL, 400, -EINVAL, -1 },
        { "not allowed", false, 0, -EACCES, 403, -EACCES, -1 },
        { "done, its answer lost", true, 0, -EIO, 0, 0, INTENT_SENDING },
        { "done, its answer an error", true, 0, -EIO, 500, 0, INTENT_SENDING },
        { "not done, by an answer", false, 0, -EIO, 500, -EIO, -1 },
        { "perhaps later", false, 0, -ETIMEDOUT, 0, -ETIMEDOUT, INTENT_UNSURE },
        { "interrupted", false, 0, -EINTR, 0, -EINTR, INTENT_UNSURE },
        { "nobody can tell", false, 500, -EIO, 500, -EIO, INTENT_UNSURE },
        { "nobody may ask", false, 403, -EIO, 0, -EIO, INTENT_UNSURE },
        { "gone meanwhile", false, 404, -EIO, 500, -EIO, -1 },
        /* clang-format on */
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world *w = *state;
        struct drop *d = put_one(w);
        struct moving m = moving_of(w, d);
        cleanup_free char *id = strdup(id_of("document", 1));
        struct target t = { .res = m.to->res, .id = id };
        int64_t number;

        print_message("%s\n", cases[i].what);
        w->uploads->unsure_ms =
            HOUR_MS; /* the journal does not say before then that it is not done */
        assert_int_equal(moving_begin(&m, &t, NULL, &w->err), 0);
        number = m.number;
        assert_int_equal(state_of_intent(w, number), INTENT_SENDING);
        if (cases[i].moved)
            api_change(&w->api, "documents/document#1", "{'datasetId': 'dataset#8'}");
        if (cases[i].look)
            api_rule(&w->api, -1, "GET", "documents/document#1*", cases[i].look, "{}");
        failure_set(&w->err, cases[i].http, "it failed");
        assert_int_equal(moving_patched(&m, &t, cases[i].rc, &w->err), cases[i].want);
        assert_int_equal(state_of_intent(w, number), cases[i].state);
        if (cases[i].want == 0) {
            assert_int_equal(moving_finish(&m), 0);
            assert_int_equal(state_of_intent(w, number), -1);
            expect_file(w, IN_8, "a.pdf", "document#1");
            expect_file(w, IN_7, "a.pdf", NULL);
        } else {
            expect_file(w, IN_7, "a.pdf", "document#1");
        }
        drop_unlock_exclusive(w->drops, d);
        drop_unref(d);
        stop(w);
    }
}

static void the_next_mount_lets_the_name_follow(void **state)
{
    static const struct {
        const char *what;
        bool moved, gone;
        int look;
        const char *there; /* has the name by now */
        int64_t want;
        int state;
        const char *in_7, *in_8;
    } cases[] = {
        /* clang-format off */
        { "moved", true, false, 0, NULL, 0, -1, NULL, "document#1" },
        { "not moved", false, false, 0, NULL, 0, -1, "document#1", NULL },
        { "gone", false, true, 0, NULL, 0, -1, "document#1", NULL }, /* a list takes it away */
        { "nobody can tell", true, false, 500, NULL, -EIO, INTENT_UNSURE, "document#1", NULL },
        { "moved, the name taken", true, false, 0, "newer", 0, -1, "document#1", "document#2" },
        /* clang-format on */
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world *w = *state;
        struct drop *d = put_one(w);
        struct moving m = moving_of(w, d);
        cleanup_free char *id = strdup(id_of("document", 1));
        struct target t = { .res = m.to->res, .id = id };
        cleanup_free struct intent_row *row = NULL;

        print_message("%s\n", cases[i].what);
        assert_int_equal(moving_begin(&m, &t, NULL, &w->err), 0);
        if (cases[i].moved)
            api_change(&w->api, "documents/document#1", "{'datasetId': 'dataset#8'}");
        if (cases[i].gone)
            api_change(&w->api, "documents/document#1", NULL);
        if (cases[i].there)
            assert_int_equal(put(w, IN_8, "a.pdf", pdf(cases[i].there)), 0);
        if (cases[i].look)
            api_rule(&w->api, -1, "GET", "documents/document#1*", cases[i].look, "{}");
        drop_unlock_exclusive(w->drops, d);
        drop_unref(d);
        journal_tell(w->uploads->journal, m.number, INTENT_LOST, NULL, STATE_NOW);
        row = journal_copy(w->uploads->journal, m.number);
        assert_int_equal(moving_settle(w->uploads, &w->call, row, &w->err), cases[i].want);
        assert_int_equal(state_of_intent(w, m.number), cases[i].state);
        expect_file(w, IN_7, "a.pdf", cases[i].in_7);
        expect_file(w, IN_8, "a.pdf", cases[i].in_8);
        stop(w);
    }
}

static void what_is_owed_is_on_disk_with_the_names(void **state)
{
    struct world *w = *state;
    struct drop *d = put_one(w);
    struct moving m = moving_of(w, d);
    cleanup_free char *old_id = strdup(id_of("document", 2));
    struct target old = { .res = m.to->res, .id = old_id };

    add_made(w, "document#2", pdf("old"), "'datasetId': 'dataset#7'");
    api_rule(&w->api, -1, "DELETE", "documents/*", 500, "{'message': 'no'}");
    m.to = folder_at(w, IN_7);
    m.to_name = "b.pdf";
    moving_owe(&m, &old, true);
    assert_int_equal(moving_finish(&m), 0);
    drop_unlock_exclusive(w->drops, d);
    drop_unref(d);
    expect_file(w, IN_7, "b.pdf", "document#1");
    assert_int_equal(state_of_intent(w, 2), INTENT_OWING); /* the first one was put()'s */
    api_forget_rules(&w->api);
    remount(w);
    for (int n = 0; n < 5000 && state_of_intent(w, 2) >= 0; n++)
        nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
    expect_there(&w->api, "documents", "document#1 ");
    expect_file(w, IN_7, "b.pdf", "document#1");
}

/* --- How it ends otherwise ------------------------------------------------------------------------ */

static void what_was_sent_under_its_new_name_is_one_intent(void **state)
{
    cleanup_intent_change struct intent_change change = { .row = NULL }, again = { .row = NULL };
    struct world *w = *state;
    cleanup_drop struct drop *d = put_one(w);
    struct moving m = moving_of(w, d);
    int64_t number;

    assert_int_equal(moving_sent(&m, id_of("document", 1), &change), 0);
    number = m.number;
    assert_int_equal(state_of_intent(w, number), INTENT_SENDING);
    assert_int_equal(moving_sent(&m, id_of("document", 1), &again), -EALREADY);
    assert_int_equal(m.number, number);
    moving_unsent(&m); /* it could not be written */
    assert_int_equal(m.number, 0);
    assert_int_equal(state_of_intent(w, number), -1);
    drop_unlock_exclusive(w->drops, d);
}

/* For a reason of its own: only what went out may still arrive. */
static void what_does_not_move_after_all_is_looked_at_if_it_was_patched(void **state)
{
    for (int patched = 0; patched < 2; patched++) {
        cleanup_intent_change struct intent_change change = { .row = NULL };
        struct world *w = *state;
        cleanup_drop struct drop *d = put_one(w);
        struct moving m = moving_of(w, d);
        cleanup_free char *id = strdup(id_of("document", 1));
        struct target t = { .res = m.to->res, .id = id };
        int64_t number;

        print_message("%s\n", patched ? "patched" : "sent");
        w->uploads->unsure_ms = HOUR_MS;
        moving_leave(&m); /* nothing was begun */
        assert_int_equal(moving_sent(&m, id, &change), 0);
        if (patched)
            assert_int_equal(moving_begin(&m, &t, NULL, &w->err), 0);
        number = m.number;
        moving_leave(&m);
        assert_int_equal(m.number, 0);
        assert_int_equal(state_of_intent(w, number), patched ? INTENT_UNSURE : -1);
        expect_file(w, IN_7, "a.pdf", "document#1");
        drop_unlock_exclusive(w->drops, d);
        drop_unref(steal_pointer(&d));
        intent_change_release(&change);
        change = (struct intent_change){ .row = NULL };
        stop(w);
    }
}

/* The PATCH is done, and the names could not be written: they follow once they can. */
static void a_disk_that_is_full_is_made_up_for(void **state)
{
    struct world *w = *state;
    cleanup_drop struct drop *d = put_one(w);
    struct moving m = moving_of(w, d);
    cleanup_free char *id = strdup(id_of("document", 1));
    struct target t = { .res = m.to->res, .id = id };
    cleanup_free struct intent_row *row = NULL;
    int64_t number;

    assert_int_equal(moving_begin(&m, &t, NULL, &w->err), 0);
    number = m.number;
    api_change(&w->api, "documents/document#1", "{'datasetId': 'dataset#8'}");
    pass(w, 1);
    assert_int_equal(moving_patched(&m, &t, 0, &w->err), 0);
    disk_says = -ENOSPC;
    assert_int_equal(moving_finish(&m), -ENOSPC);
    drop_unlock_exclusive(w->drops, d);
    expect_file(w, IN_7, "a.pdf", "document#1");
    expect_file(w, IN_8, "a.pdf", NULL);
    assert_int_equal(state_of_intent(w, number), INTENT_UNSURE);
    row = journal_copy(w->uploads->journal, number);
    assert_int_equal(moving_settle(w->uploads, &w->call, row, &w->err), 0);
    expect_file(w, IN_8, "a.pdf", "document#1");
    expect_file(w, IN_7, "a.pdf", NULL);
}

/* Nothing went out for it: then nothing is owed, and what was to go stays. */
static void what_was_not_written_is_not_owed(void **state)
{
    struct world *w = *state;
    cleanup_drop struct drop *d = put_one(w);
    struct moving m = moving_of(w, d);
    cleanup_free char *old_id = strdup(id_of("document", 2));
    struct target old = { .res = m.to->res, .id = old_id };

    add_made(w, "document#2", pdf("old"), "'datasetId': 'dataset#7'");
    m.to = folder_at(w, IN_7);
    m.to_name = "b.pdf";
    moving_owe(&m, &old, true);
    disk_says = -ENOSPC;
    assert_int_equal(moving_finish(&m), -ENOSPC);
    drop_unlock_exclusive(w->drops, d);
    expect_file(w, IN_7, "a.pdf", "document#1");
    expect_file(w, IN_7, "b.pdf", NULL);
    for (int64_t number = 1; number < 5; number++)
        assert_int_equal(state_of_intent(w, number), -1);
    expect_there(&w->api, "documents", "document#1 document#2 ");
}

/* Its name has moved in one transaction with what sends its bytes: there is nothing left to do. */
static void what_has_moved_with_its_bytes_moves_once(void **state)
{
    for (int moved = 0; moved < 2; moved++) {
        struct world *w = *state;
        cleanup_drop struct drop *d = put_one(w);
        struct moving m = moving_of(w, d);

        print_message("%s\n", moved ? "it has" : "it has not yet");
        m.at_once = true;
        if (moved)
            assert_int_equal(drops_move(w->drops, d, m.to, m.to_name), 0);
        assert_int_equal(moving_finish(&m), 0);
        expect_file(w, IN_8, "a.pdf", "document#1");
        expect_file(w, IN_7, "a.pdf", NULL);
        drop_unlock_exclusive(w->drops, d);
        drop_unref(steal_pointer(&d));
        stop(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_end_of_a_patch_is_looked_at),
        TEST(the_next_mount_lets_the_name_follow),
        TEST(what_is_owed_is_on_disk_with_the_names),
        TEST(what_was_sent_under_its_new_name_is_one_intent),
        TEST(what_does_not_move_after_all_is_looked_at_if_it_was_patched),
        TEST(a_disk_that_is_full_is_made_up_for),
        TEST(what_was_not_written_is_not_owed),
        TEST(what_has_moved_with_its_bytes_moves_once),
    };

    return cmocka_run_group_tests_name("moving", tests, NULL, NULL);
}
