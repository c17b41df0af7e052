/* NAME.json beside NAME is its ground truth, whichever comes first. */
#include "uploads_fixture.h"

#include "drops.h"
#include "moving.h"
#include "pair.h"
#include "sidecar.h"

#include "banned.h"

#define LABELS "{\"total\": \"1\"}"
#define POSTED "POST documents {'contentType':'application/pdf'}\n"
#define POSTED_WITH_LABELS                                                                         \
    "POST documents {'contentType':'application/pdf','groundTruth':[{'label':'total','value':'1'}]}\n"
#define PATCHED(n)                                                                                 \
    "PATCH documents/document#" #n " {'groundTruth':[{'label':'total','value':'1'}]}\n"
#define EVENTUALLY_MS 10000

/* --- Doing it --------------------------------------------------------------------------------- */

/* mv(1) within the mount, as far as a sidecar sees it. */
static int move_file(struct world *w, const char *key, const char *name, const char *to_key,
                     const char *to_name)
{
    cleanup_drop struct drop *d = find_file(w, key, name);
    struct folder *to = folder_at(w, to_key);
    struct moving moving = { .uploads = w->uploads,
                             .call = &w->call,
                             .drop = d,
                             .name = name,
                             .to = to,
                             .to_name = to_name };
    int rc = 0;

    w->err = (struct failure){ .text = "" };
    assert_int_equal(drop_lock_exclusive(w->drops, d, &w->call), 0);
    if (!d->id)
        rc = deliver_as(&moving, &w->err);
    if (rc == 0)
        rc = moving_finish(&moving);
    if (rc == 0 && d->id)
        sidecar_moved(w->uploads, &w->call, d, to, to_name);
    drop_unlock_exclusive(w->drops, d);
    return rc;
}

/* rm of a document, or of what stands beside it. */
static void remove_file(struct world *w, const char *key, const char *name)
{
    cleanup_drop struct drop *d = find_file(w, key, name);

    assert_int_equal(drops_remove(w->drops, d, true), 0);
    uploads_look_again(w->uploads);
}

/* The id of the document that took it, "" while it waits. */
static void expect_taken(struct world *w, const char *key, const char *name, const char *id)
{
    cleanup_drop struct drop *d = find_file(w, key, name);
    cleanup_free char *taken = NULL;

    assert_non_null(d);
    drops_lock(w->drops);
    taken = api_short(d->taken ? d->taken : "");
    drops_unlock(w->drops);
    assert_string_equal(taken, id);
}

static void expect_waits(struct world *w, const char *key, const char *name, const char *why)
{
    cleanup_drop struct drop *d = find_file(w, key, name);
    struct failure is = { .text = "" };

    assert_true(sidecar_waits(w->uploads, NULL, d, &is));
    assert_string_equal(is.text, why);
}

static void eventually_taken(struct world *w, const char *key, const char *name, const char *id)
{
    for (int ms = 0; ms < EVENTUALLY_MS; ms++) {
        cleanup_drop struct drop *d = find_file(w, key, name);
        bool taken;

        drops_lock(w->drops);
        taken = d->taken && !d->exclusive;
        drops_unlock(w->drops);
        if (taken)
            break;
        pass(w, 100);
        fake_sleep_ms(1);
    }
    expect_taken(w, key, name, id);
}

/* --- In any order ----------------------------------------------------------------------------- */

static void labels_that_come_after_their_document_are_sent_at_once(void **state)
{
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    assert_int_equal(put(w, "documents", "a.pdf.json", LABELS), 0);
    expect_said(&w->api, POSTED PATCHED(1));
    expect_taken(w, "documents", "a.pdf.json", "document#1");
    expect_local(w, "documents", "a.pdf.json", LABELS);
}

static void labels_that_come_before_their_document_wait_for_it(void **state)
{
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "documents", "a.pdf.json", LABELS), 0);
    expect_said(&w->api, "");
    expect_waits(w, "documents", "a.pdf.json",
                 "it waits for its document: a.pdf, or a.pdf with an ending");
    assert_int_equal(put(w, "documents", "b.pdf", pdf("b")), 0);
    expect_said(&w->api, POSTED);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    expect_said(&w->api, POSTED_WITH_LABELS);
    expect_taken(w, "documents", "a.pdf.json", "document#2");
}

static void labels_wait_over_the_end_of_a_mount(void **state)
{
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "documents", "a.pdf.json", LABELS), 0);
    remount(w);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    expect_said(&w->api, POSTED_WITH_LABELS);
    remount(w);
    expect_taken(w, "documents", "a.pdf.json", "document#1");
}

static void labels_that_wait_for_more_than_a_minute_are_counted(void **state)
{
    struct uploads_stats stats;
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "documents", "a.pdf.json", LABELS), 0);
    uploads_get_stats(w->uploads, &stats);
    assert_int_equal(stats.waiting, 0);
    pass(w, 60000);
    uploads_get_stats(w->uploads, &stats);
    assert_int_equal(stats.waiting, 1);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    uploads_get_stats(w->uploads, &stats);
    assert_int_equal(stats.waiting, 0);
}

/* --- What they say ---------------------------------------------------------------------------- */

static const struct {
    const char *text; /* with ' for " */
    const char *sent;
} forms[] = {
    /* clang-format off */
    { "{'total': '1'}", "[{'label':'total','value':'1'}]" },
    { "{'total': 1.50, 'vat': 2}",
      "[{'label':'total','value':'1.50'},{'label':'vat','value':'2'}]" },
    { "{'paid': true, 'name': null}", "[{'label':'paid','value':true},{'label':'name','value':null}]" },
    { "[{'label': 'total', 'value': '1'}]", "[{'label':'total','value':'1'}]" },
    { "{'labels': {'total': '1'}}", "[{'label':'total','value':'1'}]" },
    { "{'predictionId': 'prediction#1', 'predictions': "
      "[{'label': 'total', 'value': '1', 'confidence': 0.5}]}", "[{'label':'total','value':'1'}]" },
    /* clang-format on */
};

static void labels_have_one_of_several_forms(void **state)
{
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    expect_said(&w->api, POSTED);
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        cleanup_free char *text = api_long(forms[i].text);
        cleanup_buf struct buf want = BUF_INIT(1024);

        print_message("%s\n", forms[i].text);
        buf_addf(&want, "PATCH documents/document#1 {'groundTruth':%s}\n", forms[i].sent);
        assert_int_equal(put(w, "documents", "a.pdf.json", text), 0);
        expect_said(&w->api, want.data);
    }
}

static void what_is_no_labels_is_refused_whether_its_document_is_there_or_not(void **state)
{
    static const char *const wrong[] = { "{\"total\": ", "\"text\"", "{\"total\": {\"a\": 1}}" };

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct world *w = *state;

        print_message("%s\n", wrong[i]);
        start(w);
        assert_int_equal(put(w, "documents", "a.pdf.json", wrong[i]), -EINVAL);
        assert_non_null(strstr(w->err.text, "groundTruth"));
        expect_failed(w, "documents", "a.pdf.json", wrong[i], w->err.text);
        expect_file(w, "documents", "a.pdf.json", NULL);
        assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
        assert_int_equal(put(w, "documents", "a.pdf.json", wrong[i]), -EINVAL);
        expect_said(&w->api, POSTED);
        stop(w);
    }
}

static void an_empty_one_says_nothing_yet(void **state)
{
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "documents", "a.pdf.json", ""), 0);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    expect_said(&w->api, POSTED);
    assert_int_equal(put(w, "documents", "a.pdf.json", LABELS), 0);
    expect_said(&w->api, PATCHED(1));
}

static void what_the_api_refuses_of_labels_that_are_written_fails_their_close(void **state)
{
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    api_rule(&w->api, 1, "PATCH", "documents/*", 400, "{'message': 'no such label'}");
    assert_int_equal(put(w, "documents", "a.pdf.json", LABELS), -EINVAL);
    assert_string_equal(w->err.text, "no such label");
    expect_failed(w, "documents", "a.pdf.json", LABELS, "no such label");
    assert_int_equal(put(w, "documents", "a.pdf.json", LABELS), 0);
    expect_failed(w, "documents", "a.pdf.json", NULL, NULL);
}

static void what_the_api_refuses_of_labels_that_have_waited_is_no_failure_of_the_document(
    void **state)
{
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "documents", "a.pdf.json", LABELS), 0);
    api_rule(&w->api, 1, "POST", "documents", 400, "{'message': 'no such label'}");
    api_rule(&w->api, 1, "PATCH", "documents/*", 400, "{'message': 'no such label'}");
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    expect_said(&w->api, POSTED_WITH_LABELS POSTED PATCHED(1));
    expect_file(w, "documents", "a.pdf", "document#1");
    expect_failed(w, "documents", "a.pdf.json", LABELS, "no such label");
    expect_file(w, "documents", "a.pdf.json", NULL);
    expect_lines(w, 1, "send /documents/a.pdf.json: Invalid argument (HTTP 400): no such label");
}

static void a_read_only_mount_looks_at_labels_and_sends_none(void **state)
{
    struct world *w = *state;

    w->ro = true;
    start(w);
    assert_int_equal(put(w, "documents", "a.pdf.json", LABELS), 0);
    assert_int_equal(put(w, "documents", "b.pdf.json", "{"), -EINVAL);
    expect_said(&w->api, "");
}

/* --- Whose they are --------------------------------------------------------------------------- */

static const struct {
    const char *documents[3];
    const char *sidecar;
    const char *why;    /* it waits; NULL: it is the first document's */
    const char *before; /* another sidecar that is there, or NULL */
} pairs[] = {
    /* clang-format off */
    { { "scan.pdf" }, "scan.pdf.json", NULL, NULL },
    { { "scan.pdf" }, "scan.json", NULL, NULL },
    { { "scan" }, "scan.json", NULL, NULL },
    { { "scan.pdf", "scan.png" }, "scan.pdf.json", NULL, NULL },
    { { "scan.pdf", "scan.png" }, "scan.json",
      "it waits, for more than one document has the stem scan: call it NAME.json, with the whole "
      "name of the one that is meant", NULL },
    { { "scan.pdf" }, "scan.json", "it waits, for scan.pdf has scan.pdf.json", "scan.pdf.json" },
    { { "scan.pdf" }, "other.json", "it waits for its document: other, or other with an ending", NULL },
    { { "scan.pdf~" }, "scan.json", "it waits for its document: scan, or scan with an ending", NULL },
    { { "\xc3\xa9.pdf" }, "e\xcc\x81.pdf.json", NULL, NULL }, /* the same in another normal form */
    { { "e\xcc\x81.pdf" }, "\xc3\xa9.json", NULL, NULL },
    /* clang-format on */
};

static void who_belongs_to_whom_is_said_by_their_names(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        struct world *w = *state;

        print_message("%s\n", pairs[i].sidecar);
        start(w);
        for (size_t k = 0; k < ARRAY_LEN(pairs[i].documents) && pairs[i].documents[k]; k++)
            assert_int_equal(put(w, "documents", pairs[i].documents[k], pdf("a")), 0);
        if (pairs[i].before)
            assert_int_equal(put(w, "documents", pairs[i].before, LABELS), 0);
        assert_int_equal(put(w, "documents", pairs[i].sidecar, LABELS), 0);
        expect_taken(w, "documents", pairs[i].sidecar, pairs[i].why ? "" : "document#1");
        if (pairs[i].why)
            expect_waits(w, "documents", pairs[i].sidecar, pairs[i].why);
        stop(w);
    }
}

/* The same when the document comes last. */
static void who_takes_what_waits_is_said_by_their_names(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        struct world *w = *state;
        size_t n = 0;

        if (pairs[i].documents[1] && pairs[i].why)
            continue; /* the first of them takes it */
        print_message("%s\n", pairs[i].sidecar);
        start(w);
        assert_int_equal(put(w, "documents", pairs[i].sidecar, LABELS), 0);
        if (pairs[i].before)
            assert_int_equal(put(w, "documents", pairs[i].before, LABELS), 0);
        while (n < ARRAY_LEN(pairs[i].documents) && pairs[i].documents[n])
            assert_int_equal(put(w, "documents", pairs[i].documents[n++], pdf("a")), 0);
        expect_taken(w, "documents", pairs[i].sidecar, pairs[i].why ? "" : "document#1");
        stop(w);
    }
}

static void of_two_documents_of_a_stem_the_one_that_is_left_gets_the_labels(void **state)
{
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    assert_int_equal(put(w, "documents", "a.png", pdf("b")), 0);
    assert_int_equal(put(w, "documents", "a.json", LABELS), 0);
    expect_taken(w, "documents", "a.json", "");
    remove_file(w, "documents", "a.png");
    eventually_taken(w, "documents", "a.json", "document#1");
}

static void a_third_document_of_a_stem_takes_nothing(void **state)
{
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    assert_int_equal(put(w, "documents", "a.png", pdf("b")), 0);
    assert_int_equal(put(w, "documents", "a.json", LABELS), 0);
    assert_int_equal(put(w, "documents", "a.jpg", pdf("c")), 0);
    expect_said(&w->api, POSTED POSTED POSTED);
    expect_taken(w, "documents", "a.json", "");
}

static void a_folder_of_that_name_is_no_document(void **state)
{
    cleanup_drop struct drop *d = NULL;
    struct world *w = *state;

    start(w);
    assert_int_equal(drops_add(w->drops, folder_at(w, "documents"), "a", DROP_SUBFOLDER, &d), 0);
    assert_int_equal(put(w, "documents", "a.json", LABELS), 0);
    expect_waits(w, "documents", "a.json", "it waits for its document: a, or a with an ending");
}

/* mv has put another one in its place while they were being sent: they are that one's. */
static void labels_of_what_is_replaced_meanwhile_wait_for_what_has_the_name(void **state)
{
    struct world *w = *state;
    cleanup_drop struct drop *document = NULL;

    start(w);
    assert_int_equal(put(w, "documents", "a.pdf.json", LABELS), 0);
    assert_int_equal(drops_add(w->drops, folder_at(w, "documents"), "a.pdf", DROP_FILE, &document),
                     0);
    assert_int_equal(drop_named(w->drops, document, id_of("document", 5), true),
                     0); /* gone there */
    assert_int_equal(drops_remove(w->drops, document, true), 0);
    sidecar_follow(w->uploads, &w->call, document, folder_at(w, "documents"), "a.pdf");
    expect_taken(w, "documents", "a.pdf.json", "");
    expect_lines(w, 0, "");
}

static void labels_that_somebody_holds_are_sent_a_moment_later(void **state)
{
    cleanup_drop struct drop *sidecar = NULL;
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "documents", "a.pdf.json", LABELS), 0);
    sidecar = find_file(w, "documents", "a.pdf.json");
    assert_int_equal(drop_lock_exclusive(w->drops, sidecar, &w->call), 0);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    expect_said(&w->api, POSTED);
    drop_unlock_exclusive(w->drops, sidecar);
    eventually_taken(w, "documents", "a.pdf.json", "document#1");
    expect_said(&w->api, PATCHED(1));
}

static void labels_wait_for_a_document_that_is_on_its_way(void **state)
{
    cleanup_drop struct drop *document = NULL;
    struct world *w = *state;

    start(w);
    document = write_drop(w, "documents", "a.pdf", pdf("a"), strlen(pdf("a")));
    document->exclusive = true;
    assert_int_equal(put(w, "documents", "a.pdf.json", LABELS), 0);
    expect_waits(w, "documents", "a.pdf.json", "it waits for its document, which was not sent");
    document->exclusive = false;
    assert_int_equal(commit(w, document), 0);
    expect_said(&w->api, POSTED_WITH_LABELS);
}

static void labels_are_for_the_bytes_that_take_the_place_in_a_moment(void **state)
{
    cleanup_drop struct drop *document = NULL;
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    pass(w, 1);
    document = write_drop(w, "documents", "a.pdf", pdf("b"), strlen(pdf("b")));
    document->exclusive = true;
    assert_int_equal(put(w, "documents", "a.pdf.json", LABELS), 0);
    expect_said(&w->api, POSTED);
    document->exclusive = false;
    assert_int_equal(commit(w, document), 0);
    expect_said(&w->api,
                "GET documents/document#1\n" POSTED_WITH_LABELS "DELETE documents/document#1\n");
    expect_taken(w, "documents", "a.pdf.json", "document#2");
}

/* --- What becomes of them later --------------------------------------------------------------- */

static void the_next_document_of_that_name_has_none_of_them(void **state)
{
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    assert_int_equal(put(w, "documents", "a.pdf.json", LABELS), 0);
    remove_file(w, "documents", "a.pdf");
    assert_int_equal(put(w, "documents", "a.pdf", pdf("b")), 0);
    expect_said(&w->api, POSTED PATCHED(1) POSTED);
    assert_int_equal(put(w, "documents", "a.pdf.json", LABELS), 0); /* but what is written again */
    expect_said(&w->api, PATCHED(2));
}

static void they_follow_the_bytes_that_take_the_place_of_their_document(void **state)
{
    static const struct {
        const char *name;
        bool nodelete;
        const char *taken;
    } cases[] = {
        { "a.pdf.json", false, "document#2" },
        { "a.json", false, "document#2" },
        { "a.pdf.json", true, "document#1" }, /* which is still there, with its labels */
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world *w = *state;

        print_message("%s\n", cases[i].name);
        w->nodelete = cases[i].nodelete;
        start(w);
        assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
        assert_int_equal(put(w, "documents", cases[i].name, LABELS), 0);
        pass(w, 1);
        assert_int_equal(put(w, "documents", "a.pdf", pdf("b")), 0);
        expect_taken(w, "documents", cases[i].name, cases[i].taken);
        remount(w);
        expect_taken(w, "documents", cases[i].name, cases[i].taken);
        stop(w);
    }
}

static void both_may_move_in_any_order_and_nothing_is_sent_again(void **state)
{
    for (int first = 0; first < 2; first++) {
        const char *names[] = { "a.pdf", "a.pdf.json" }, *to[] = { "b.pdf", "b.pdf.json" };
        struct world *w = *state;

        print_message("%s first\n", names[first]);
        start(w);
        assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
        assert_int_equal(put(w, "documents", "a.pdf.json", LABELS), 0);
        expect_said(&w->api, POSTED PATCHED(1));
        assert_int_equal(move_file(w, "documents", names[first], "documents/x", to[first]), 0);
        assert_int_equal(move_file(w, "documents", names[!first], "documents/x", to[!first]), 0);
        expect_said(&w->api, "");
        expect_taken(w, "documents/x", "b.pdf.json", "document#1");
        stop(w);
    }
}

static void moved_beside_another_document_they_are_that_ones(void **state)
{
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    assert_int_equal(put(w, "documents", "b.pdf", pdf("b")), 0);
    assert_int_equal(put(w, "documents", "a.pdf.json", LABELS), 0);
    expect_said(&w->api, POSTED POSTED PATCHED(1));
    assert_int_equal(move_file(w, "documents", "a.pdf.json", "documents", "b.pdf.json"), 0);
    expect_said(&w->api, PATCHED(2));
    expect_taken(w, "documents", "b.pdf.json", "document#2");
}

static void moved_to_where_no_document_is_they_wait_for_one(void **state)
{
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    assert_int_equal(put(w, "documents", "a.pdf.json", LABELS), 0);
    expect_said(&w->api, POSTED PATCHED(1));
    assert_int_equal(move_file(w, "documents", "a.pdf.json", "documents", "b.pdf.json"), 0);
    expect_taken(w, "documents", "b.pdf.json", ">document#1"); /* which may follow */
    assert_int_equal(put(w, "documents", "b.pdf", pdf("b")), 0);
    expect_said(&w->api, POSTED PATCHED(2));
}

static void what_is_no_sidecar_for_a_while_counts_as_written_when_it_is_one_again(void **state)
{
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    assert_int_equal(put(w, "documents", "a.pdf.json", LABELS), 0);
    expect_said(&w->api, POSTED PATCHED(1));
    assert_int_equal(move_file(w, "documents", "a.pdf.json", "documents", "a.pdf.json~"), 0);
    assert_int_equal(move_file(w, "documents", "a.pdf.json~", "documents", "a.pdf.json"), 0);
    expect_said(&w->api, PATCHED(1));
}

static void removing_them_removes_nothing_else(void **state)
{
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    assert_int_equal(put(w, "documents", "a.pdf.json", LABELS), 0);
    remove_file(w, "documents", "a.pdf.json");
    expect_said(&w->api, POSTED PATCHED(1));
    expect_file(w, "documents", "a.pdf", "document#1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(labels_that_come_after_their_document_are_sent_at_once),
        TEST(labels_that_come_before_their_document_wait_for_it),
        TEST(labels_wait_over_the_end_of_a_mount),
        TEST(labels_that_wait_for_more_than_a_minute_are_counted),
        TEST(labels_have_one_of_several_forms),
        TEST(what_is_no_labels_is_refused_whether_its_document_is_there_or_not),
        TEST(an_empty_one_says_nothing_yet),
        TEST(what_the_api_refuses_of_labels_that_are_written_fails_their_close),
        TEST(what_the_api_refuses_of_labels_that_have_waited_is_no_failure_of_the_document),
        TEST(a_read_only_mount_looks_at_labels_and_sends_none),
        TEST(who_belongs_to_whom_is_said_by_their_names),
        TEST(who_takes_what_waits_is_said_by_their_names),
        TEST(of_two_documents_of_a_stem_the_one_that_is_left_gets_the_labels),
        TEST(a_third_document_of_a_stem_takes_nothing),
        TEST(a_folder_of_that_name_is_no_document),
        TEST(labels_of_what_is_replaced_meanwhile_wait_for_what_has_the_name),
        TEST(labels_that_somebody_holds_are_sent_a_moment_later),
        TEST(labels_wait_for_a_document_that_is_on_its_way),
        TEST(labels_are_for_the_bytes_that_take_the_place_in_a_moment),
        TEST(the_next_document_of_that_name_has_none_of_them),
        TEST(they_follow_the_bytes_that_take_the_place_of_their_document),
        TEST(both_may_move_in_any_order_and_nothing_is_sent_again),
        TEST(moved_beside_another_document_they_are_that_ones),
        TEST(moved_to_where_no_document_is_they_wait_for_one),
        TEST(what_is_no_sidecar_for_a_while_counts_as_written_when_it_is_one_again),
        TEST(removing_them_removes_nothing_else),
    };

    return cmocka_run_group_tests_name("sidecar", tests, NULL, NULL);
}
