/* What a POST without an answer has made is found: whose name it gets, and when it goes again. */
#include "intents_fixture.h"

#include "adopt.h"
#include "drop_failed.h"
#include "record.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_gets_the_name_that_it_was_sent_for),
        TEST(what_had_failed_of_these_bytes_is_delivered),
        TEST(what_nobody_wants_any_more_goes),
        TEST(a_name_that_somebody_has_is_waited_for),
    };

    return cmocka_run_group_tests_name("adopt", tests, NULL, NULL);
}
