/* A document in a model's inbox is predicted, and the answer appears beside it. */
#include "uploads_fixture.h"

#include "drops.h"
#include "inbox.h"

#include "banned.h"

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
    };

    return cmocka_run_group_tests_name("inbox", tests, NULL, NULL);
}
