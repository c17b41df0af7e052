/* A document in a model's inbox is predicted, and the answer appears beside it. */
#include "uploads_fixture.h"

#include <sched.h>

#include "drops.h"
#include "inbox.h"
#include "inbox_work.h"
#include "journal.h"
#include "journal_ask.h"
#include "known.h"
#include "uploads_context.h"

#include "banned.h"

#define IN_7 "datasets/dataset#7/documents"
#define INBOX "models/model#7/inbox"
#define POSTED "POST documents {'contentType':'application/pdf'}\n"
#define ASKED(n) "POST predictions {'documentId':'document#" #n "','modelId':'model#7'}\n"
#define ANSWER(value)                                                                              \
    "{'predictionId': 'prediction#9', 'predictions': "                                             \
    "[{'label': 'total', 'value': '" value "', 'confidence': 0.5}]}"

static void a_document_there_is_predicted(void **state)
{
    cleanup_drop struct drop *labels = NULL;
    struct world *w = *state;

    start(w);
    api_rule(&w->api, 1, "POST", "predictions", 200, ANSWER("1.00"));
    assert_int_equal(put(w, INBOX, "a.pdf", pdf("a")), 0);
    expect_said(&w->api, POSTED ASKED(1));
    expect_local(w, INBOX, "a.pdf.json", "{\n  \"total\": \"1.00\"\n}\n");
    expect_local(w, INBOX, "a.pdf.prediction.json",
                 "{\n"
                 "  \"predictionId\": \"las:prediction:00000000000000000000000000000009\",\n"
                 "  \"predictions\": [\n"
                 "    {\n"
                 "      \"label\": \"total\",\n"
                 "      \"value\": \"1.00\",\n"
                 "      \"confidence\": 0.5\n"
                 "    }\n"
                 "  ]\n"
                 "}\n");
    expect_file(w, INBOX, "a.pdf.error.txt", NULL);
    labels = find_file(w, INBOX, "a.pdf.json");
    assert_int_equal(labels->state, DROP_CLEAN); /* nothing that is still to be sent */
    assert_true(inbox_has_answer(w->uploads, folder_at(w, INBOX), "a.pdf"));
    expect_lines(w, 0, "");
    remount(w);
    expect_local(w, INBOX, "a.pdf.json", "{\n  \"total\": \"1.00\"\n}\n");
}

static void why_there_is_no_prediction_is_written_instead(void **state)
{
    struct world *w = *state;

    start(w);
    api_rule(&w->api, 1, "POST", "predictions", 400, "{'message': 'the model is inactive'}");
    assert_int_equal(put(w, INBOX, "a.pdf", pdf("a")), 0); /* the document is there all the same */
    expect_local(w, INBOX, "a.pdf.error.txt",
                 "a.pdf: there is no prediction: the model is inactive\n"
                 "failed at 2023-11-14T23:13:20Z\n");
    expect_file(w, INBOX, "a.pdf.json", NULL);
    expect_lines(w, 1, "predict a.pdf: Invalid argument (HTTP 400): the model is inactive");
    assert_false(inbox_has_answer(w->uploads, folder_at(w, INBOX), "a.pdf"));
}

static void a_prediction_takes_the_reason_away_that_there_was_none(void **state)
{
    struct world *w = *state;

    start(w);
    api_rule(&w->api, 1, "POST", "predictions", 400, "{'message': 'the model is inactive'}");
    assert_int_equal(put(w, INBOX, "a.pdf", pdf("a")), 0);
    api_rule(&w->api, 1, "POST", "predictions", 200, ANSWER("1.00"));
    assert_int_equal(put(w, INBOX, "a.pdf", pdf("a")), 0);
    expect_file(w, INBOX, "a.pdf.error.txt", NULL);
    expect_file(w, INBOX, "a.pdf.json", "");
    expect_there(&w->api, "documents", "document#1 ");
}

static void equal_bytes_are_predicted_again_only_when_the_answer_was_removed(void **state)
{
    cleanup_drop struct drop *answer = NULL;
    struct world *w = *state;

    start(w);
    api_rule(&w->api, -1, "POST", "predictions", 200, ANSWER("1.00"));
    assert_int_equal(put(w, INBOX, "a.pdf", pdf("a")), 0);
    expect_said(&w->api, POSTED ASKED(1));
    assert_int_equal(put(w, INBOX, "a.pdf", pdf("a")), 0);
    expect_said(&w->api, "GET documents\n");
    answer = find_file(w, INBOX, "a.pdf.json");
    assert_int_equal(drops_remove(w->drops, answer, false), 0);
    assert_int_equal(put(w, INBOX, "a.pdf", pdf("a")), 0);
    expect_said(&w->api, ASKED(1)); /* what was looked at within a second is not looked at again */
}

static void other_bytes_are_predicted_anew_and_an_answer_is_nobodys_ground_truth(void **state)
{
    struct world *w = *state;

    start(w);
    api_rule(&w->api, 1, "POST", "predictions", 200, ANSWER("1.00"));
    api_rule(&w->api, 1, "POST", "predictions", 200, ANSWER("2.00"));
    assert_int_equal(put(w, INBOX, "a.pdf", pdf("a")), 0);
    pass(w, 1);
    assert_int_equal(put(w, INBOX, "a.pdf", pdf("b")), 0);
    expect_said(&w->api, POSTED ASKED(1) "GET documents/document#1\n" POSTED
                                         "DELETE documents/document#1\n" ASKED(2));
    expect_local(w, INBOX, "a.pdf.json", "{\n  \"total\": \"2.00\"\n}\n");
}

static void what_somebody_else_wrote_under_such_a_name_stays(void **state)
{
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, INBOX, "a.pdf.json", "{\"mine\": \"1\"}"), 0);
    api_rule(&w->api, -1, "POST", "predictions", 200, ANSWER("1.00"));
    assert_int_equal(put(w, INBOX, "a.pdf", pdf("a")), 0);
    expect_local(w, INBOX, "a.pdf.json", "{\"mine\": \"1\"}");
    expect_local(w, INBOX, "a.pdf.error.txt",
                 "a.pdf: there is no prediction: a.pdf.json is somebody else's and stays\n"
                 "failed at 2023-11-14T23:13:20Z\n");
    expect_lines(w, 1, "a.pdf.json is somebody else's and stays");
}

static void an_answer_that_was_changed_is_somebodys_own(void **state)
{
    struct world *w = *state;

    start(w);
    api_rule(&w->api, -1, "POST", "predictions", 200, ANSWER("1.00"));
    assert_int_equal(put(w, INBOX, "a.pdf", pdf("a")), 0);
    pass(w, 1);
    assert_int_equal(put(w, INBOX, "a.pdf.json", "{\"total\": \"3.00\"}"), 0); /* a correction */
    expect_said(&w->api, POSTED ASKED(1) "PATCH documents/document#1 "
                                         "{'groundTruth':[{'label':'total','value':'3.00'}]}\n");
    assert_int_equal(put(w, INBOX, "a.pdf", pdf("b")), 0);
    expect_local(w, INBOX, "a.pdf.json", "{\"total\": \"3.00\"}");
}

static void that_an_answers_name_is_too_long_is_said_so(void **state)
{
    struct world *w = *state;
    char name[251];

    memset(name, 'a', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    start(w);
    api_rule(&w->api, -1, "POST", "predictions", 200, ANSWER("1.00"));
    assert_int_equal(put(w, INBOX, name, pdf("a")), 0);
    expect_said(&w->api, POSTED ASKED(1));
    expect_lines(w, 1, "aaa: File name too long\n");
}

/* --- What is answered later ------------------------------------------------------------------- */

#define MINUTE_MS 60000
#define DAY_MS (24 * HOUR_MS)
#define PENDING "{'predictionId': 'prediction#9', 'status': 'queued', 'predictions': null}"
#define PART(value, next)                                                                          \
    "{'predictionId': 'prediction#9', 'status': 'succeeded', 'nextPage': " next                    \
    ", 'predictions': [{'label': 'total', 'value': '" value "', 'confidence': 0.5}]}"

static int note_number(void *arg, const struct intent_row *row)
{
    *(int64_t *)arg = row->number;
    return 0;
}

/* Of the only one that there is; 0: none. */
static int64_t intent_number(struct world *w)
{
    int64_t number = 0;

    journal_each(w->uploads->journal, note_number, &number);
    return number;
}

/* The test is the journal from now on. */
static int64_t take_intent(struct world *w)
{
    cleanup_free struct intent_row *row = NULL;
    int64_t number = intent_number(w);
    int rc;

    while ((rc = journal_take_number(w->uploads->journal, number, &row)) == -EBUSY)
        sched_yield(); /* the journal has just begun, and looks */
    assert_int_equal(rc, 0);
    return number;
}

static int64_t turn(struct world *w, int64_t number)
{
    cleanup_free struct intent_row *row = journal_copy(w->uploads->journal, number);

    w->err = (struct failure){ .text = "" };
    assert_non_null(row);
    return inbox_work(w->uploads, &w->call, row, &w->err);
}

static bool is_done(struct world *w, int64_t number)
{
    cleanup_free struct intent_row *row = journal_copy(w->uploads->journal, number);

    return !row || row->state == INTENT_DONE;
}

static void what_is_pending_for_ever_is_given_up_after_a_day(void **state)
{
    struct world *w = *state;
    int64_t number, again, began, longest = 0;
    unsigned looks = 0;

    start(w);
    api_rule(&w->api, 1, "POST", "predictions", 200, PENDING);
    api_add(&w->api, "predictions", PENDING);
    assert_int_equal(put(w, INBOX, "a.pdf", pdf("a")), 0);
    expect_lines(w, 1, "still pending; its answer comes by itself");
    number = take_intent(w);
    began = clock_now_ms(&w->fake.clock);
    while ((again = turn(w, number)) > 0) {
        longest = again > longest ? again : longest;
        looks++;
        pass(w, again);
        expect_file(w, INBOX, "a.pdf.error.txt", NULL);
    }
    assert_int_equal(again, 0);
    assert_true(is_done(w, number));
    assert_in_range(clock_now_ms(&w->fake.clock) - began, DAY_MS, DAY_MS + 5 * MINUTE_MS);
    assert_int_equal(longest, 5 * MINUTE_MS);
    assert_in_range(looks, 200, 400);
    expect_file(w, INBOX, "a.pdf.error.txt", "");
    expect_lines(w, 2, "still pending after a day, and is not waited for any longer");
}

static void a_part_that_is_refused_takes_no_other_away(void **state)
{
    struct world *w = *state;
    int64_t number;

    start(w);
    api_rule(&w->api, 1, "POST", "predictions", 200, PART("1.00", "2"));
    api_rule(&w->api, 2, "POST", "predictions", 400, "{'message': 'no more'}");
    api_rule(&w->api, -1, "POST", "predictions", 200, PART("2.00", "null"));
    assert_int_equal(put(w, INBOX, "a.pdf", pdf("a")), 0);
    expect_local(w, INBOX, "a.pdf.error.txt",
                 "a.pdf: there is only a part of the prediction: no more\n"
                 "failed at 2023-11-14T23:13:20Z\n");
    expect_file(w, INBOX, "a.pdf.prediction.json", "");
    expect_file(w, INBOX, "a.pdf.json", NULL); /* those of a part are not its labels */
    expect_lines(w, 1, "no more");
    number = take_intent(w);
    assert_int_equal(turn(w, number), HOUR_MS);
    expect_lines(w, 1, "no more"); /* once */
    while (!is_done(w, number))
        assert_int_equal(turn(w, number), 0);
    expect_local(w, INBOX, "a.pdf.json", "{\n  \"total\": \"1.00\"\n}\n");
    expect_file(w, INBOX, "a.pdf.error.txt", NULL);
    expect_lines(w, 1, "no more");
}

static void an_answer_that_somebody_is_at_is_written_later(void **state)
{
    cleanup_drop struct drop *answer = NULL;
    struct world *w = *state;
    int64_t number;

    start(w);
    api_rule(&w->api, 1, "POST", "predictions", 200, ANSWER("1.00"));
    api_rule(&w->api, 1, "POST", "predictions", 200, ANSWER("2.00"));
    assert_int_equal(put(w, INBOX, "a.pdf", pdf("a")), 0);
    pass(w, 1);
    answer = find_file(w, INBOX, "a.pdf.json");
    assert_int_equal(drop_lock_exclusive(w->drops, answer, &w->call), 0);
    assert_int_equal(put(w, INBOX, "a.pdf", pdf("b")), 0);
    number = take_intent(w);
    assert_int_equal(turn(w, number), -EWOULDBLOCK);
    drop_unlock_exclusive(w->drops, answer);
    expect_local(w, INBOX, "a.pdf.json", "{\n  \"total\": \"1.00\"\n}\n");
    expect_file(w, INBOX, "a.pdf.error.txt", NULL);
    assert_int_equal(turn(w, number), 0);
    assert_true(is_done(w, number));
    expect_local(w, INBOX, "a.pdf.json", "{\n  \"total\": \"2.00\"\n}\n");
}

static void an_answer_that_says_nothing_is_none(void **state)
{
    static const struct {
        const char *answer, *why;
    } cases[] = {
        { "{'predictionId': 'prediction#9', 'status': 'failed', 'error': 'too dark'}", "too dark" },
        { "{'predictionId': 'prediction#9', 'status': 'cancelled', 'predictions': null}",
          "cancelled" },
        { "{'predictionId': 'prediction#9', 'predictions': null}",
          "the server has answered, and has none" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world *w = *state;

        print_message("%s\n", cases[i].answer);
        start(w);
        api_rule(&w->api, 1, "POST", "predictions", 200, cases[i].answer);
        assert_int_equal(put(w, INBOX, "a.pdf", pdf("a")), 0);
        expect_file(w, INBOX, "a.pdf.json", NULL);
        expect_file(w, INBOX, "a.pdf.error.txt", "");
        expect_lines(w, 1, cases[i].why);
        assert_int_equal(intent_number(w), 0);
        stop(w);
    }
}

/* It has gone from here, and is still at the server: somebody may look for what was paid for. */
static void an_answer_that_has_nowhere_to_be_is_said(void **state)
{
    struct world *w = *state;

    for (int there = 0; there < 2; there++) {
        cleanup_drop struct drop *d = NULL;
        int64_t number;

        start(w);
        api_rule(&w->api, 1, "POST", "predictions", 200, PENDING);
        api_add(&w->api, "predictions", PENDING);
        assert_int_equal(put(w, INBOX, "a.pdf", pdf("a")), 0);
        number = take_intent(w);
        d = find_file(w, INBOX, "a.pdf");
        if (!there)
            api_rule(&w->api, -1, "GET", "documents*", 404, "{'message': 'Not Found'}");
        assert_int_equal(drops_remove(w->drops, d, true), 0);
        if (!there)
            known_removed(w->remote, &(struct target){ .res = resource_get(RES_DOCUMENTS),
                                                       .id = id_of("document", 1) });
        assert_int_equal(turn(w, number), 0);
        assert_true(is_done(w, number));
        expect_lines(w, there ? 2 : 1,
                     there ? "its document has no name here any more; the answer is predictions/"
                           : "still pending");
        drop_unref(steal_pointer(&d));
        stop(w);
    }
}

/* What is loaded and what is not: it is found by what it stands for. */
static void a_document_is_found_wherever_it_is(void **state)
{
    cleanup_drop struct drop *d = NULL;
    struct world *w = *state;
    int64_t number;

    start(w);
    api_rule(&w->api, 1, "POST", "predictions", 200, PENDING);
    api_add(&w->api, "predictions", PENDING);
    assert_int_equal(put(w, INBOX, "a.pdf", pdf("a")), 0);
    d = find_file(w, INBOX, "a.pdf");
    assert_int_equal(drops_move(w->drops, d, folder_at(w, IN_7), "b.pdf"), 0);
    drop_unref(steal_pointer(&d));
    remount(w);
    assert_int_equal(drops_find_id_anywhere(w->drops, id_of("document", 1), &d), 0);
    assert_true(drop_is_called(w->drops, d, folder_at(w, IN_7), "b.pdf"));
    number = take_intent(w);
    assert_int_equal(turn(w, number), 1000);
    assert_non_null(strstr(w->err.text, "still pending"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_document_there_is_predicted),
        TEST(why_there_is_no_prediction_is_written_instead),
        TEST(a_prediction_takes_the_reason_away_that_there_was_none),
        TEST(equal_bytes_are_predicted_again_only_when_the_answer_was_removed),
        TEST(other_bytes_are_predicted_anew_and_an_answer_is_nobodys_ground_truth),
        TEST(what_somebody_else_wrote_under_such_a_name_stays),
        TEST(an_answer_that_was_changed_is_somebodys_own),
        TEST(that_an_answers_name_is_too_long_is_said_so),
        TEST(what_is_pending_for_ever_is_given_up_after_a_day),
        TEST(a_part_that_is_refused_takes_no_other_away),
        TEST(an_answer_that_somebody_is_at_is_written_later),
        TEST(an_answer_that_says_nothing_is_none),
        TEST(an_answer_that_has_nowhere_to_be_is_said),
        TEST(a_document_is_found_wherever_it_is),
    };

    return cmocka_run_group_tests_name("inbox", tests, NULL, NULL);
}
