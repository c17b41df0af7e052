/* What a POST without an answer has made is found: whose name it gets, and when it goes again. */
#include "queue_fixture.h"

#include "adopt.h"
#include "drop_failed.h"
#include "drop_rows.h"
#include "drop_sealed.h"
#include "queue.h"
#include "record.h"
#include "refusing_disk.h"

#include "banned.h"

#define BUSY_MS 300

/* The server's document#1, as a list has it; the caller's. */
static struct record *found_one(struct world *w)
{
    struct target t = { .res = resource_get(RES_DOCUMENTS), .id = id_of("document", 1) };
    struct record *r = NULL;

    assert_int_equal(backend_get(w->backend, &w->call, &t, -1, &r, NULL, NULL), 0);
    return r;
}

static int64_t adopt_it(struct world *w, const struct intent_row *row)
{
    cleanup_free struct intent_row *copy = journal_copy(w->uploads->journal, row->number);
    cleanup_record struct record *r = found_one(w);
    int64_t rc;

    assert_non_null(copy);
    w->api.said[0] = '\0';
    w->err = (struct failure){ .text = "" };
    rc = adopt(w->uploads, &w->call, copy, r, &w->err);
    return rc;
}

static struct intent_row begin(struct world *w)
{
    struct intent_row row;

    start(w);
    add_made(w, "document#1", pdf("mine"), "'datasetId': 'dataset#7'");
    row = posted_row(w, pdf("mine"), INTENT_UNSURE);
    row.number = begin_intent(w, &row);
    return row;
}

static void it_gets_the_name_that_it_was_sent_for(void **state)
{
    struct world *w = *state;
    struct intent_row row = begin(w);

    assert_int_equal(adopt_it(w, &row), 0);
    expect_file(w, IN_7, "a.pdf", "document#1");
    assert_int_equal(state_of_intent(w, row.number), -1);
    expect_lines(w, 1, "its answer was lost: it is there, and has its name");
    remount(w);
    expect_file(w, IN_7, "a.pdf", "document#1");
}

static void what_had_failed_of_these_bytes_is_delivered(void **state)
{
    static const char *const texts[] = { "mine", "other" };

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct world *w = *state;
        struct intent_row row = begin(w);

        print_message("%s\n", texts[i]);
        assert_int_equal(drops_add_failed(w->drops, folder_at(w, IN_7), "a.pdf", pdf(texts[i]),
                                          strlen(pdf(texts[i])), "why", 1),
                         0);
        assert_int_equal(adopt_it(w, &row), 0);
        expect_failed(w, IN_7, "a.pdf", i ? pdf("other") : NULL, "why");
        stop(w);
    }
}

static void what_nobody_wants_any_more_goes(void **state)
{
    static const struct {
        bool nodelete;
        int answer; /* to its DELETE; 0: its own */
        int64_t rc;
        const char *left;
        uint64_t lines;
    } cases[] = {
        { false, 0, 0, "", 0 },
        { true, 0, 0, "document#1 ", 0 },
        { false, 403, 0, "document#1 ", 1 },
        { false, 500, -EIO, "document#1 ", 0 },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world *w = *state;
        struct intent_row row;
        struct drop *d;

        print_message("%d %d\n", cases[i].nodelete, cases[i].answer);
        w->nodelete = cases[i].nodelete;
        row = begin(w);
        d = write_drop(w, IN_7, "a.pdf", "newer", 5); /* not closed yet */
        if (cases[i].answer)
            api_rule(&w->api, -1, "DELETE", "documents/*", cases[i].answer, "{'message': 'no'}");
        assert_int_equal(adopt_it(w, &row), cases[i].rc);
        expect_there(&w->api, "documents", cases[i].left);
        expect_lines(w, cases[i].lines, "what a try before has made stays under its id");
        assert_int_equal(state_of_intent(w, row.number), cases[i].rc < 0 ? INTENT_UNSURE : -1);
        expect_local(w, IN_7, "a.pdf", "newer");
        drop_unref(d);
        stop(w);
    }
}

static void a_name_that_somebody_has_is_waited_for(void **state)
{
    struct world *w = *state;
    struct intent_row row = begin(w);
    struct drop *d = write_drop(w, IN_7, "a.pdf", "newer", 5);

    assert_int_equal(drop_lock_exclusive(w->drops, d, &w->call), 0);
    assert_int_equal(adopt_it(w, &row), BUSY_MS);
    assert_int_equal(state_of_intent(w, row.number), INTENT_UNSURE);
    drop_unlock_exclusive(w->drops, d);
    drop_unref(d);
}

/* --- What is something else by now --------------------------------------------------------------- */

/* It was to replace document#5, which a.pdf stood for. */
static struct intent_row begin_replacing(struct world *w)
{
    static char *old;
    struct intent_row row;

    free(old);
    old = api_long("document#5");
    start(w);
    add_made(w, "document#1", pdf("mine"), "'datasetId': 'dataset#7'");
    add_made(w, "document#5", pdf("old"), "'datasetId': 'dataset#7'");
    row = posted_row(w, pdf("mine"), INTENT_UNSURE);
    row.old = old;
    row.number = begin_intent(w, &row);
    return row;
}

/* document#5 is called so, in that folder. */
static void call_old(struct world *w, const char *name)
{
    struct sent_file sent = { .id = id_of("document", 5), .acked = { .size = 7 }, .mode = 0600 };
    cleanup_drop struct drop *d = NULL;

    assert_int_equal(drops_add_sent(w->drops, folder_at(w, IN_7), name, &sent, &d), 0);
    assert_int_equal(drop_row_save(w->drops, d, true), 0);
}

static void what_it_was_to_replace_goes_unless_it_is_called_otherwise(void **state)
{
    static const struct {
        const char *what, *old_name;
        int state;
        const char *b_pdf;
    } cases[] = {
        { "as it was", "a.pdf", INTENT_OWING, NULL },
        { "somebody has renamed it", "b.pdf", -1, "document#5" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world *w = *state;
        struct intent_row row = begin_replacing(w);

        print_message("%s\n", cases[i].what);
        call_old(w, cases[i].old_name);
        assert_int_equal(adopt_it(w, &row), 0);
        assert_int_equal(state_of_intent(w, row.number), cases[i].state);
        expect_file(w, IN_7, "a.pdf", "document#1");
        expect_file(w, IN_7, "b.pdf", cases[i].b_pdf);
        stop(w);
    }
}

static void a_name_that_another_one_has_is_left_to_it(void **state)
{
    struct world *w = *state;
    struct intent_row row = begin(w);

    add_made(w, "document#5", pdf("theirs"), "'datasetId': 'dataset#7'");
    call_old(w, "a.pdf");
    assert_int_equal(adopt_it(w, &row), 0);
    assert_int_equal(state_of_intent(w, row.number), -1);
    expect_file(w, IN_7, "a.pdf", "document#5");
    expect_there(&w->api, "documents", "document#5 ");
}

/* Its row was written before the daemon died, and its intent was not. */
static void what_has_its_name_already_is_recorded(void **state)
{
    struct world *w = *state;
    struct intent_row row = begin(w);
    struct sent_file sent = { .id = id_of("document", 1), .acked = { .size = 7 }, .mode = 0600 };
    cleanup_drop struct drop *d = NULL;

    assert_int_equal(drops_add_sent(w->drops, folder_at(w, IN_7), "a.pdf", &sent, &d), 0);
    assert_int_equal(adopt_it(w, &row), 0);
    assert_int_equal(state_of_intent(w, row.number), -1);
    expect_file(w, IN_7, "a.pdf", "document#1");
    expect_there(&w->api, "documents", "document#1 ");
    expect_lines(w, 0, "");
}

/* Somebody has removed the name since its work began. */
static void a_name_that_was_given_up_a_moment_ago_does_not_come_back(void **state)
{
    cleanup_free struct intent_row *copy = NULL;
    cleanup_record struct record *r = NULL;
    struct world *w = *state;
    struct intent_row row = begin(w);

    copy = journal_copy(w->uploads->journal, row.number);
    r = found_one(w);
    uploads_name_left(w->uploads, folder_at(w, IN_7), "a.pdf");
    assert_int_equal(adopt(w->uploads, &w->call, copy, r, &w->err), 0);
    expect_file(w, IN_7, "a.pdf", NULL);
    expect_there(&w->api, "documents", "");
}

static void a_folder_that_is_gone_is_waited_for_a_while(void **state)
{
    struct world *w = *state;
    cleanup_free char *in = api_long(IN_7 "/in");
    struct intent_row row;

    start(w);
    w->uploads->unsure_ms = HOUR_MS;
    add_made(w, "document#1", pdf("mine"), "'datasetId': 'dataset#7'");
    row = posted_row(w, pdf("mine"), INTENT_UNSURE);
    row.folder = in;
    row.number = begin_intent(w, &row);
    assert_int_equal(adopt_it(w, &row), BUSY_MS); /* it is being renamed, perhaps */
    expect_there(&w->api, "documents", "document#1 ");
    pass(w, HOUR_MS + 1);
    assert_int_equal(adopt_it(w, &row), 0);
    expect_there(&w->api, "documents", "");
    assert_int_equal(state_of_intent(w, row.number), -1);
}

static void a_folder_that_is_none_leaves_it_under_its_id(void **state)
{
    struct world *w = *state;
    struct intent_row row;

    start(w);
    add_made(w, "document#1", pdf("mine"), "'datasetId': 'dataset#7'");
    row = posted_row(w, pdf("mine"), INTENT_UNSURE);
    row.folder = "nowhere/at/all";
    row.number = begin_intent(w, &row);
    assert_int_equal(adopt_it(w, &row), 0);
    expect_there(&w->api, "documents", "document#1 ");
    assert_int_equal(state_of_intent(w, row.number), -1);
}

/* --- What waited in the queue -------------------------------------------------------------------- */

/* a.pdf waits in the queue; its POST went out, and made document#1. */
static struct intent_row begin_queued(struct world *w)
{
    static const struct intent_news sent = { .look = "{}" };
    cleanup_free struct intent_row *row = NULL;
    struct intent_row is = { .number = 1 };

    start_waiting(w);
    assert_int_equal(put(w, IN_7, "a.pdf", pdf("mine")), 0);
    assert_int_equal(journal_take_number(w->uploads->journal, 1, &row), 0);
    assert_int_equal(journal_tell(w->uploads->journal, 1, INTENT_SENT, &sent, STATE_NOW), 0);
    assert_int_equal(journal_tell(w->uploads->journal, 1, INTENT_LOST, NULL, STATE_NOW), 0);
    add_made(w, "document#1", pdf("mine"), "'datasetId': 'dataset#7'");
    return is;
}

static void what_waited_is_what_was_found(void **state)
{
    static const char *const names[] = { "a.pdf", "b.pdf" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct world *w = *state;
        struct intent_row row = begin_queued(w);
        cleanup_drop struct drop *d = find_file(w, IN_7, "a.pdf");

        print_message("it is called %s by now\n", names[i]);
        if (i)
            assert_int_equal(drops_move(w->drops, d, folder_at(w, IN_7), names[i]), 0);
        assert_int_equal(adopt_it(w, &row), 0);
        assert_int_equal(state_of_intent(w, 1), -1);
        assert_null(queue_find(w->uploads, 1));
        expect_file(w, IN_7, names[i], "document#1");
        expect_lines(w, 0, "");
        expect_there(&w->api, "documents", "document#1 ");
        drop_unref(steal_pointer(&d));
        stop(w);
    }
}

static void what_waited_and_was_removed_goes_again(void **state)
{
    struct world *w = *state;
    struct intent_row row = begin_queued(w);
    cleanup_drop struct drop *d = find_file(w, IN_7, "a.pdf");

    assert_int_equal(drops_remove(w->drops, d, true), 0);
    assert_int_equal(adopt_it(w, &row), 0);
    assert_int_equal(state_of_intent(w, 1), -1);
    expect_there(&w->api, "documents", "");
    expect_file(w, IN_7, "a.pdf", NULL);
}

/* What comes of that says what becomes of this. */
static void what_waited_and_is_written_again_waits_for_that(void **state)
{
    struct world *w = *state;
    struct intent_row row = begin_queued(w);
    cleanup_drop struct drop *d = find_file(w, IN_7, "a.pdf");

    assert_int_equal(drop_lock_exclusive(w->drops, d, &w->call), 0);
    assert_int_equal(drop_unseal(w->drops, d, false), 0);
    drop_unlock_exclusive(w->drops, d);
    assert_int_equal(adopt_it(w, &row), -EBUSY);
    assert_string_equal(w->err.text, "it is being written again");
    assert_int_equal(state_of_intent(w, 1), INTENT_UNSURE);
    expect_there(&w->api, "documents", "document#1 ");
}

/* What waited is there, and that could not be written before: now it is. */
static void what_waited_and_has_its_id_is_out_of_the_queue(void **state)
{
    struct world *w = *state;
    struct intent_row row = begin_queued(w);
    cleanup_drop struct drop *d = find_file(w, IN_7, "a.pdf");

    assert_int_equal(
        drop_acknowledged(w->drops, d, id_of("document", 1), (struct acked){ .size = 5 }, true), 0);
    disk_says = -ENOSPC;
    assert_int_equal(adopt_it(w, &row), -ENOSPC);
    assert_int_equal(state_of_intent(w, 1), INTENT_UNSURE);
    assert_int_equal(adopt_it(w, &row), 0);
    assert_int_equal(state_of_intent(w, 1), -1);
    assert_null(queue_find(w->uploads, 1));
    expect_file(w, IN_7, "a.pdf", "document#1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_gets_the_name_that_it_was_sent_for),
        TEST(what_had_failed_of_these_bytes_is_delivered),
        TEST(what_nobody_wants_any_more_goes),
        TEST(a_name_that_somebody_has_is_waited_for),
        TEST(what_it_was_to_replace_goes_unless_it_is_called_otherwise),
        TEST(a_name_that_another_one_has_is_left_to_it),
        TEST(what_has_its_name_already_is_recorded),
        TEST(a_name_that_was_given_up_a_moment_ago_does_not_come_back),
        TEST(a_folder_that_is_gone_is_waited_for_a_while),
        TEST(a_folder_that_is_none_leaves_it_under_its_id),
        TEST(what_waited_is_what_was_found),
        TEST(what_waited_and_was_removed_goes_again),
        TEST(what_waited_and_is_written_again_waits_for_that),
        TEST(what_waited_and_has_its_id_is_out_of_the_queue),
    };

    return cmocka_run_group_tests_name("adopt", tests, NULL, NULL);
}
