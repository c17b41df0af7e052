/* A file that is called otherwise here: what of that the server is told, once. */
#include "intents_fixture.h"

#include "drop_rows.h"
#include "meant.h"
#include "removal.h"
#include "restamp.h"

#include "banned.h"

#define SEEN "GET documents\n"

static void begin_unknown(struct world *w)
{
    start(w);
    add_made(w, "document#9", pdf("theirs"), "'name': 'theirs', 'metadata': {'k': 1}");
}

/* The API is today's, as an answer has shown. */
static void see_today(struct world *w)
{
    struct target t = { .res = resource_get(RES_DOCUMENTS) };
    struct page *page = NULL;

    assert_int_equal(backend_list(w->backend, &w->call, &t, NULL, NULL, 100, &page, &w->err), 0);
    page_free(page);
    assert_true(backend_keeps_stamps(w->backend));
    expect_said(&w->api, SEEN);
}

static void begin(struct world *w)
{
    begin_unknown(w);
    see_today(w);
}

/* A name for document#9, as a listing gives it one. */
static struct drop *name_it(struct world *w, const char *key, const char *name)
{
    struct sent_file sent = { .id = id_of("document", 9),
                              .acked = { .size = 7, .mtime_ns = 1000000000 },
                              .mode = 0600 };
    struct drop *d = NULL;

    assert_int_equal(drops_add_sent(w->drops, folder_at(w, key), name, &sent, &d), 0);
    assert_int_equal(drop_row_save(w->drops, d, true), 0);
    return d;
}

/* It is renamed, and the journal works at what is owed for it. */
static int rename_it(struct world *w, struct drop *d, const char *key, const char *name)
{
    struct restamps owed;
    struct intent_row *row;
    int rc;

    assert_int_equal(restamp_begin(w->uploads, &d, 1, &owed), 0);
    assert_int_equal(owed.n, 1);
    assert_int_equal(drops_move(w->drops, d, folder_at(w, key), name), 0);
    row = journal_copy(w->uploads->journal, owed.numbers[0]);
    assert_non_null(row);
    w->err = (struct failure){ .text = "" };
    rc = (int)restamp_work(w->uploads, &w->call, row, &w->err);
    if (rc == 0)
        assert_int_equal(state_of_intent(w, row->number), -1);
    free(row);
    free(owed.numbers); /* nobody else works at it */
    return rc;
}

#define TOLD(path, name)                                                                           \
    SEEN "PATCH documents/document#9 {'metadata':{'k':1,'lasfs':{'mode':'600',"                    \
         "'mtime':'1.000000000','path':'" path "','size':'7'}},'name':'" name "'}\n"

static void its_new_name_is_told_and_the_rest_is_left(void **state)
{
    struct world *w = *state;
    cleanup_drop struct drop *d = NULL;

    begin(w);
    d = name_it(w, "documents", "a.pdf");
    assert_int_equal(rename_it(w, d, "documents/in", "b.pdf"), 0);
    expect_said(&w->api, TOLD("in/b.pdf", "b.pdf"));
    assert_int_equal(rename_it(w, d, "documents/in", "b.pdf"), 0); /* it says so already */
    expect_said(&w->api, "");
}

/* It is removed before that is told. What is put in its place within a moment is it, and known by the name that
 * is owed still. */
static void what_is_to_go_owes_its_name_until_it_is_gone(void **state)
{
    struct world *w = *state;
    cleanup_drop struct drop *d = NULL, *heir = NULL;
    cleanup_free struct intent_row *row = NULL;
    struct restamps owed;

    w->writeback = true;
    begin(w);
    d = name_it(w, "documents/in", "a.pdf");
    assert_int_equal(restamp_begin(w->uploads, &d, 1, &owed), 0);
    assert_int_equal(drops_move(w->drops, d, folder_at(w, "documents/in"), "b.pdf"), 0);
    assert_int_equal(removal_begin(w->uploads, d, "b.pdf", 7, &w->err), 0);
    assert_int_equal(drops_remove(w->drops, d, true), 0);
    row = journal_copy(w->uploads->journal, owed.numbers[0]);
    assert_true(restamp_work(w->uploads, &w->call, row, &w->err) > 0);
    assert_true(meant_owes_name(w->uploads, id_of("document", 9)));
    assert_int_equal(drops_add(w->drops, folder_at(w, "documents/in"), "b.pdf", DROP_FILE, &heir),
                     0);
    removal_claim(w->uploads, folder_at(w, "documents/in"), "b.pdf", 7, heir);
    expect_file(w, "documents/in", "b.pdf", "document#9");
    assert_true(meant_owes_name(w->uploads, id_of("document", 9)));
    assert_int_equal(drops_remove(w->drops, heir, true), 0); /* without it nothing is owed */
    assert_int_equal(restamp_work(w->uploads, &w->call, row, &w->err), 0);
    assert_int_equal(state_of_intent(w, row->number), -1);
    free(owed.numbers);
}

static void a_name_for_a_while_is_told_to_nobody(void **state)
{
    struct world *w = *state;
    cleanup_drop struct drop *d = NULL;

    begin(w);
    d = name_it(w, "documents", "a.pdf");
    assert_int_equal(rename_it(w, d, "documents", "a.pdf~"), 0);
    expect_said(&w->api, "");
}

static void what_passes_is_tried_again_and_what_does_not_is_said(void **state)
{
    static const struct {
        int status, rc;
        uint64_t lines;
    } cases[] = { { 500, -EIO, 0 }, { 403, 0, 1 }, { 404, 0, 0 } };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world *w = *state;
        struct drop *d;

        print_message("%d\n", cases[i].status);
        begin(w);
        d = name_it(w, "documents", "a.pdf");
        api_rule(&w->api, -1, "PATCH", "documents/*", cases[i].status, "{'message': 'no'}");
        assert_int_equal(rename_it(w, d, "documents", "b.pdf"), cases[i].rc);
        expect_lines(w, cases[i].lines, "say how it is called");
        expect_file(w, "documents", "b.pdf", "document#9");
        drop_unref(d);
        stop(w);
    }
}

static int work_at(struct world *w, int64_t number)
{
    cleanup_free struct intent_row *row = journal_copy(w->uploads->journal, number);

    assert_non_null(row);
    return (int)restamp_work(w->uploads, &w->call, row, &w->err);
}

/* The first one might be told last. */
static void the_second_rename_waits_for_the_first(void **state)
{
    struct world *w = *state;
    cleanup_drop struct drop *d = NULL;
    struct restamps first, second;

    begin(w);
    d = name_it(w, "documents", "a.pdf");
    assert_int_equal(restamp_begin(w->uploads, &d, 1, &first), 0);
    assert_int_equal(drops_move(w->drops, d, folder_at(w, "documents"), "b.pdf"), 0);
    assert_int_equal(restamp_begin(w->uploads, &d, 1, &second), 0);
    assert_int_equal(drops_move(w->drops, d, folder_at(w, "documents"), "c.pdf"), 0);
    assert_true(work_at(w, second.numbers[0]) > 0);
    expect_said(&w->api, "");
    assert_int_equal(work_at(w, first.numbers[0]), 0);
    expect_said(&w->api, TOLD("c.pdf", "c.pdf"));
    journal_leave(w->uploads->journal, first.numbers[0], 0);
    assert_int_equal(work_at(w, second.numbers[0]), 0);
    expect_said(&w->api, "");
    free(first.numbers);
    free(second.numbers);
}

/* It is told what it is called by then, and not twice. */
static void renames_that_have_ended_are_told_at_once(void **state)
{
    struct world *w = *state;
    cleanup_drop struct drop *d = NULL;
    struct restamps first, second;

    begin(w);
    d = name_it(w, "documents", "a.pdf");
    assert_int_equal(restamp_begin(w->uploads, &d, 1, &first), 0);
    assert_int_equal(drops_move(w->drops, d, folder_at(w, "documents"), "b.pdf"), 0);
    assert_int_equal(restamp_begin(w->uploads, &d, 1, &second), 0);
    assert_int_equal(drops_move(w->drops, d, folder_at(w, "documents"), "c.pdf"), 0);
    journal_leave(w->uploads->journal, second.numbers[0], HOUR_MS);
    assert_int_equal(work_at(w, first.numbers[0]), 0);
    assert_int_equal(state_of_intent(w, second.numbers[0]), -1);
    expect_said(&w->api, TOLD("c.pdf", "c.pdf"));
    free(first.numbers);
    free(second.numbers);
}

/* It may well keep it, as its first answer shows. */
static void a_server_that_has_not_answered_is_told_when_it_has(void **state)
{
    struct world *w = *state;
    cleanup_drop struct drop *d = NULL;
    struct restamps owed;

    begin_unknown(w);
    d = name_it(w, "documents", "a.pdf");
    assert_int_equal(restamp_begin(w->uploads, &d, 1, &owed), 0);
    assert_int_equal(owed.n, 1);
    assert_int_equal(drops_move(w->drops, d, folder_at(w, "documents"), "b.pdf"), 0);
    assert_true(work_at(w, owed.numbers[0]) > 0);
    expect_said(&w->api, "");
    see_today(w);
    assert_int_equal(work_at(w, owed.numbers[0]), 0);
    expect_said(&w->api, TOLD("b.pdf", "b.pdf"));
    free(owed.numbers);
}

static void what_is_not_sent_owes_nothing(void **state)
{
    struct world *w = *state;
    cleanup_drop struct drop *d = NULL;
    struct restamps owed;

    begin(w);
    d = write_drop(w, "documents", "a.pdf", "x", 1);
    assert_int_equal(restamp_begin(w->uploads, &d, 1, &owed), 0);
    assert_int_equal(owed.n, 0);
    restamp_end(w->uploads, &owed);
}

static void a_server_that_keeps_nothing_is_told_nothing(void **state)
{
    struct world *w = *state;
    cleanup_drop struct drop *d = NULL;
    struct restamps owed;

    begin(w);
    d = name_it(w, "documents", "a.pdf");
    backend_stamp_refused(w->backend);
    assert_int_equal(restamp_begin(w->uploads, &d, 1, &owed), 0);
    assert_int_equal(owed.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(its_new_name_is_told_and_the_rest_is_left),
        TEST(what_is_to_go_owes_its_name_until_it_is_gone),
        TEST(a_name_for_a_while_is_told_to_nobody),
        TEST(what_passes_is_tried_again_and_what_does_not_is_said),
        TEST(the_second_rename_waits_for_the_first),
        TEST(renames_that_have_ended_are_told_at_once),
        TEST(a_server_that_has_not_answered_is_told_when_it_has),
        TEST(what_is_not_sent_owes_nothing),
        TEST(a_server_that_keeps_nothing_is_told_nothing),
    };

    return cmocka_run_group_tests_name("restamp", tests, NULL, NULL);
}
