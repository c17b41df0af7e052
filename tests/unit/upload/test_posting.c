/* A POST with its intent: what is on disk before it, and what becomes of it. */
#include "intents_fixture.h"

#include "body.h"
#include "posting.h"
#include "record.h"

#include "banned.h"

/* What is posted; body and sha256 are the test's to release and keep. */
struct posted {
    struct posting posting;
    struct body *body;
    struct record *out;
    uint8_t sha256[STATE_DIGEST_BYTES];
};

static void prepare(struct world *w, struct posted *p, const char *text)
{
    *p = (struct posted){ .posting = { .uploads = w->uploads,
                                       .call = &w->call,
                                       .folder = folder_at(w, IN_7),
                                       .name = "a.pdf",
                                       .size = (int64_t)strlen(text) } };
    sha256_of(w, text, p->sha256);
    p->posting.sha256 = p->sha256;
    assert_int_equal(body_new(p->posting.folder->res, BODY_POST, &p->body), 0);
    assert_int_equal(body_set_string(p->body, "contentType", "application/pdf", NULL), 0);
    assert_int_equal(body_set_string(p->body, "datasetId", id_of("dataset", 7), NULL), 0);
    w->err = (struct failure){ .text = "" };
}

static void done(struct posted *p)
{
    body_free(p->body);
    record_unref(p->out);
}

static int begin(struct world *w, struct posted *p, const char *text)
{
    prepare(w, p, text);
    return posting_begin(&p->posting, p->body, &p->out, &w->err);
}

static void it_is_on_disk_before_it_goes_out(void **state)
{
    cleanup_free struct intent_row *row = NULL;
    struct world *w = *state;
    struct posted p;

    start(w);
    assert_int_equal(begin(w, &p, pdf("mine")), 0);
    row = journal_copy(w->uploads->journal, p.posting.number);
    assert_non_null(row);
    assert_int_equal(row->state, INTENT_SENDING);
    assert_string_equal(row->name, "a.pdf");
    assert_memory_equal(row->sha256, p.sha256, sizeof(p.sha256));
    assert_non_null(strstr(row->look, "application/pdf"));
    expect_said(&w->api, "");
    done(&p);
}

static void its_failure_says_what_becomes_of_it(void **state)
{
    static const struct {
        const char *what;
        bool unknown;
        int http, rc;        /* of the failure */
        const char *made[2]; /* the server has by then, of these bytes */
        int list;            /* what the list answers, 0: itself */
        bool queued;
        int want, state; /* -1: it is done */
    } cases[] = {
        /* clang-format off */
        { "refused", false, 400, -EINVAL, { NULL }, 0, false, -EINVAL, -1 },
        { "it never went out", false, 0, -EHOSTUNREACH, { NULL }, 0, false, -EHOSTUNREACH, -1 },
        { "queued and refused", false, 400, -EINVAL, { NULL }, 0, true, -EINVAL, -1 },
        { "made", true, 0, -EIO, { "document#1" }, 0, false, 0, INTENT_UNSURE },
        { "not made", true, 0, -EIO, { NULL }, 0, false, -EIO, -1 }, /* no time to wait: unsure_ms */
        { "not made, by an answer", true, 500, -EIO, { NULL }, 0, false, -EIO, -1 },
        { "one of two", true, 0, -EIO, { "document#1", "document#2" }, 0, false, -EIO, -1 },
        { "nobody can tell", true, 0, -EIO, { NULL }, 500, false, -EIO, INTENT_UNSURE },
        { "nobody may ask", true, 0, -EIO, { NULL }, 403, false, -EIO, INTENT_UNSURE },
        /* clang-format on */
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world *w = *state;
        struct posted p;
        int64_t number;

        print_message("%s\n", cases[i].what);
        start(w);
        assert_int_equal(begin(w, &p, pdf("mine")), 0);
        number = p.posting.number;
        p.posting.queued = cases[i].queued;
        for (size_t k = 0; k < 2 && cases[i].made[k]; k++)
            add_made(w, cases[i].made[k], pdf("mine"), "'datasetId': 'dataset#7'");
        if (cases[i].list)
            api_rule(&w->api, -1, "GET", "documents?*", cases[i].list, "{}");
        failure_set(&w->err, cases[i].http, "it failed");
        if (cases[i].unknown)
            failure_unknown(&w->err);
        assert_int_equal(posting_failed(&p.posting, cases[i].rc, &p.out, &w->err), cases[i].want);
        assert_int_equal(p.out != NULL, cases[i].want == 0);
        assert_int_equal(state_of_intent(w, number), cases[i].state);
        done(&p);
        stop(w);
    }
}

static void an_earlier_one_is_looked_for_first(void **state)
{
    static const struct {
        const char *what, *earlier; /* its bytes */
        const char *made;           /* the server has of these */
        int list, want;
    } cases[] = {
        { "it was made", "mine", "mine", 0, 1 },
        { "it was not", "mine", NULL, 0, 0 },
        { "it cannot be asked", "mine", NULL, 500, -EIO },
        { "it was something else", "other", NULL, 0, 0 },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world *w = *state;
        struct intent_row row;
        struct posted p;
        int64_t number;

        print_message("%s\n", cases[i].what);
        start(w);
        row = posted_row(w, pdf(cases[i].earlier), INTENT_UNSURE);
        number = begin_intent(w, &row);
        if (cases[i].made)
            add_made(w, "document#1", pdf(cases[i].made), "'datasetId': 'dataset#7'");
        if (cases[i].list)
            api_rule(&w->api, -1, "GET", "documents?*", cases[i].list, "{}");
        journal_leave(w->uploads->journal, number, HOUR_MS);
        assert_int_equal(begin(w, &p, pdf("mine")), cases[i].want);
        assert_int_equal(p.out != NULL, cases[i].want == 1);
        if (cases[i].want == 1)
            assert_int_equal(p.posting.number, number);
        if (cases[i].want == -EIO)
            assert_int_equal(w->err.outcome, OUTCOME_UNKNOWN);
        done(&p);
        stop(w);
    }
}

static void what_is_owed_is_paid_or_stays_owed(void **state)
{
    static const struct {
        int answer; /* to the DELETE; 200: its own */
        int state;
        uint64_t lines;
    } cases[] = {
        { 200, -1, 0 },           { 404, -1, 0 },         { 403, -1, 1 },
        { 500, INTENT_OWING, 0 }, { 0, INTENT_OWING, 0 },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world *w = *state;
        struct target t = { .res = resource_get(RES_DOCUMENTS), .id = id_of("document", 1) };
        cleanup_free char *id = strdup(t.id);

        print_message("%d\n", cases[i].answer);
        start(w);
        t.id = id;
        add_made(w, "document#1", pdf("old"), "");
        if (cases[i].answer != 200)
            api_rule(&w->api, -1, "DELETE", "documents/*", cases[i].answer, "{'message': 'no'}");
        assert_int_equal(owe_delete(w->uploads, &w->call, &t, NULL, 0, &w->err), 0);
        assert_int_equal(state_of_intent(w, 1), cases[i].state);
        expect_lines(w, cases[i].lines, "delete the replaced");
        if (cases[i].state >= 0) { /* and by the next mount it is */
            api_forget_rules(&w->api);
            remount(w);
            for (int n = 0; n < 5000 && state_of_intent(w, 1) >= 0; n++)
                nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
            assert_int_equal(state_of_intent(w, 1), -1);
            expect_there(&w->api, "documents", "");
        }
        stop(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_on_disk_before_it_goes_out),
        TEST(its_failure_says_what_becomes_of_it),
        TEST(an_earlier_one_is_looked_for_first),
        TEST(what_is_owed_is_paid_or_stays_owed),
    };

    return cmocka_run_group_tests_name("posting", tests, NULL, NULL);
}
