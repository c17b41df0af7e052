/* One document in the place of another: by other bytes under its name, and by a rename over it. */
#include "uploads_fixture.h"

#include "drops.h"
#include "moving.h"
#include "replace.h"
#include "replace_rename.h"

#include "banned.h"

#define IN_7 "datasets/dataset#7/documents"

/* A document of a.pdf that everybody knows of for some time. */
static void put_old(struct world *w, const char *key)
{
    assert_int_equal(put(w, key, "a.pdf", pdf("old")), 0);
    pass(w, 1);
    w->api.said[0] = '\0';
}

/* --- By other bytes --------------------------------------------------------------------------- */

static void the_new_one_is_there_before_the_old_one_goes(void **state)
{
    struct world *w = *state;

    start(w);
    put_old(w, "documents");
    assert_int_equal(put(w, "documents", "a.pdf", pdf("new")), 0);
    expect_said(&w->api, "GET documents/document#1\n"
                         "POST documents {'contentType':'application/pdf'}\n"
                         "DELETE documents/document#1\n");
    expect_there(&w->api, "documents", "document#2 ");
    expect_content(&w->api, "documents/document#2", pdf("new"), strlen(pdf("new")));
    expect_file(w, "documents", "a.pdf", "document#2");
    expect_lines(w, 0, "");
}

static void it_is_what_the_old_one_is_at_that_moment(void **state)
{
    static const struct {
        const char *others; /* have made the old one */
        const char *post;
    } cases[] = {
        /* clang-format off */
        { "{'retentionInDays': 30}",
          "{'contentType':'application/pdf','datasetId':'dataset#7','retentionInDays':30}" },
        { "{'consentId': 'consent#3'}",
          "{'consentId':'consent#3','contentType':'application/pdf','datasetId':'dataset#7'}" },
        { "{'groundTruth': [{'label': 'total', 'value': '1.00'}]}",
          "{'contentType':'application/pdf','datasetId':'dataset#7',"
          "'groundTruth':[{'label':'total','value':'1.00'}]}" },
        { "{'datasetId': 'dataset#8'}",
          "{'contentType':'application/pdf','datasetId':'dataset#8'}" },
        { "{'createdBy': 'las:user:1', 'contentType': 'image/png'}",
          "{'contentType':'application/pdf','datasetId':'dataset#7'}" },
        /* clang-format on */
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_buf struct buf want = BUF_INIT(4096);
        struct world *w = *state;

        print_message("%s\n", cases[i].others);
        start(w);
        put_old(w, IN_7);
        api_change(&w->api, "documents/document#1", cases[i].others);
        assert_int_equal(put(w, IN_7, "a.pdf", pdf("new")), 0);
        buf_addf(&want,
                 "GET documents/document#1\nPOST documents %s\nDELETE documents/document#1\n",
                 cases[i].post);
        expect_said(&w->api, want.data);
        stop(w);
    }
}

static void what_others_have_moved_is_replaced_where_it_is(void **state)
{
    struct world *w = *state;

    start(w);
    put_old(w, IN_7);
    api_change(&w->api, "documents/document#1", "{'datasetId': 'dataset#8'}");
    assert_int_equal(put(w, IN_7, "a.pdf", pdf("new")), 0);
    expect_lines(w, 1, "/a.pdf: " REPLACED_ELSEWHERE);
}

static void what_cannot_be_carried_over_is_said(void **state)
{
    struct world *w = *state;

    start(w);
    put_old(w, "documents");
    api_change(&w->api, "documents/document#1",
               "{'groundTruth': 'nonsense', 'retentionInDays': 9}");
    assert_int_equal(put(w, "documents", "a.pdf", pdf("new")), 0);
    expect_said(&w->api, "GET documents/document#1\n"
                         "POST documents {'contentType':'application/pdf','retentionInDays':9}\n"
                         "DELETE documents/document#1\n");
    expect_lines(w, 1, "close /documents/a.pdf: not carried over from the one it replaces: ");
}

static void what_is_gone_already_is_not_deleted(void **state)
{
    struct world *w = *state;

    start(w);
    put_old(w, "documents");
    api_change(&w->api, "documents/document#1", NULL);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("new")), 0);
    expect_said(&w->api, "GET documents/document#1\n"
                         "POST documents {'contentType':'application/pdf'}\n");
    expect_there(&w->api, "documents", "document#2 ");
}

static void with_nodelete_the_old_one_stays_and_gives_nothing(void **state)
{
    struct world *w = *state;

    w->nodelete = true;
    start(w);
    put_old(w, IN_7);
    api_change(&w->api, "documents/document#1", "{'retentionInDays': 9}");
    assert_int_equal(put(w, IN_7, "a.pdf", pdf("new")), 0);
    expect_said(&w->api,
                "POST documents {'contentType':'application/pdf','datasetId':'dataset#7'}\n");
    expect_there(&w->api, "documents", "document#1 document#2 ");
    expect_file(w, IN_7, "a.pdf", "document#2");
}

static void what_the_old_one_is_must_be_known_first(void **state)
{
    struct world *w = *state;

    start(w);
    put_old(w, "documents");
    api_rule(&w->api, -1, "GET", "documents/*", 403, "{'message': 'Forbidden'}");
    assert_int_equal(put(w, "documents", "a.pdf", pdf("new")), -EACCES);
    expect_there(&w->api, "documents", "document#1 ");
    expect_file(w, "documents", "a.pdf", "document#1");
    expect_failed(w, "documents", "a.pdf", pdf("new"), "Forbidden");
}

static void that_the_old_one_cannot_be_deleted_is_one_line(void **state)
{
    struct world *w = *state;

    start(w);
    put_old(w, "documents");
    api_rule(&w->api, -1, "DELETE", "documents/*", 403, "{'message': 'Forbidden'}");
    assert_int_equal(put(w, "documents", "a.pdf", pdf("new")), 0);
    expect_there(&w->api, "documents", "document#1 document#2 ");
    expect_file(w, "documents", "a.pdf", "document#2");
    expect_lines(w, 1, "delete the replaced");
}

/* --- By a rename ------------------------------------------------------------------------------ */

/* b.pdf (document#2) is renamed over a.pdf (document#1), in its folder. */
static int rename_over(struct world *w, const char *key, const char *from, const char *name)
{
    cleanup_drop struct drop *d = find_file(w, key, from), *there = find_file(w, key, name);
    struct moving m = { .uploads = w->uploads,
                        .call = &w->call,
                        .drop = d,
                        .name = from,
                        .to = folder_at(w, key),
                        .to_name = name,
                        .there = there };
    int rc;

    w->err = (struct failure){ .text = "" };
    assert_int_equal(drop_lock_exclusive(w->drops, d, &w->call), 0);
    assert_int_equal(drop_lock_exclusive(w->drops, there, &w->call), 0);
    rc = replace_by_rename(&m, there, &w->err);
    if (rc > 0 || (rc == 0 && m.old[0])) /* the names follow, and what had the name goes */
        assert_int_equal(moving_finish(&m), 0);
    drop_unlock_exclusive(w->drops, d);
    drop_unlock_exclusive(w->drops, there);
    return rc;
}

static void put_both(struct world *w, const char *key)
{
    assert_int_equal(put(w, key, "a.pdf", pdf("old")), 0);
    assert_int_equal(put(w, key, "b.pdf", pdf("new")), 0);
    pass(w, 1);
    w->api.said[0] = '\0';
}

static void what_is_renamed_over_another_becomes_what_that_was(void **state)
{
    struct world *w = *state;

    start(w);
    put_both(w, "documents");
    api_change(&w->api, "documents/document#1",
               "{'retentionInDays': 9, 'groundTruth': [{'label': 'total', 'value': '1'}]}");
    assert_int_equal(rename_over(w, "documents", "b.pdf", "a.pdf"), REPLACED);
    expect_said(&w->api,
                "GET documents/document#1\n"
                "PATCH documents/document#2 {'groundTruth':[{'label':'total','value':'1'}],"
                "'retentionInDays':9}\n"
                "DELETE documents/document#1\n");
    expect_there(&w->api, "documents", "document#2 ");
}

static void labels_of_its_own_stay(void **state)
{
    struct world *w = *state;

    start(w);
    put_both(w, "documents");
    pass(w, HOUR_MS);
    api_change(&w->api, "documents/document#1", "{'groundTruth': [{'label': 'a', 'value': '1'}]}");
    api_change(&w->api, "documents/document#2", "{'groundTruth': [{'label': 'b', 'value': '2'}]}");
    assert_int_equal(rename_over(w, "documents", "b.pdf", "a.pdf"), REPLACED);
    expect_said(&w->api, "GET documents/document#1\n"
                         "GET documents/document#2\n"
                         "DELETE documents/document#1\n");
}

static void labels_that_it_cannot_have_are_said(void **state)
{
    struct world *w = *state;

    start(w);
    put_both(w, "documents");
    api_change(&w->api, "documents/document#1", "{'groundTruth': 'nonsense'}");
    assert_int_equal(rename_over(w, "documents", "b.pdf", "a.pdf"), REPLACED);
    expect_there(&w->api, "documents", "document#2 ");
    expect_lines(w, 1, "close /documents/a.pdf: not carried over from the one it replaces: ");
}

static void what_others_have_taken_out_of_the_list_comes_back_into_it(void **state)
{
    struct world *w = *state;

    start(w);
    put_both(w, IN_7);
    pass(w, HOUR_MS);
    api_change(&w->api, "documents/document#1", "{'datasetId': null}");
    api_change(&w->api, "documents/document#2", "{'datasetId': null}");
    assert_int_equal(rename_over(w, IN_7, "b.pdf", "a.pdf"), REPLACED);
    expect_said(&w->api, "GET documents/document#1\n"
                         "GET documents/document#2\n"
                         "PATCH documents/document#2 {'datasetId':'dataset#7'}\n"
                         "DELETE documents/document#1\n");
}

static void what_others_have_moved_is_replaced_by_a_rename_where_it_is(void **state)
{
    struct world *w = *state;

    start(w);
    put_both(w, IN_7);
    api_change(&w->api, "documents/document#1", "{'datasetId': 'dataset#8'}");
    assert_int_equal(rename_over(w, IN_7, "b.pdf", "a.pdf"), REPLACED);
    expect_said(&w->api, "GET documents/document#1\n"
                         "PATCH documents/document#2 {'datasetId':'dataset#8'}\n"
                         "DELETE documents/document#1\n");
    expect_lines(w, 1, "/a.pdf: " REPLACED_ELSEWHERE);
}

static void a_refused_patch_leaves_both(void **state)
{
    struct world *w = *state;

    start(w);
    put_both(w, "documents");
    api_change(&w->api, "documents/document#1", "{'retentionInDays': 9}");
    api_rule(&w->api, 1, "PATCH", "documents/*", 400, "{'message': 'no'}");
    assert_int_equal(rename_over(w, "documents", "b.pdf", "a.pdf"), -EINVAL);
    assert_string_equal(w->err.text, "no");
    expect_there(&w->api, "documents", "document#1 document#2 ");
}

/* A consent is given by a POST alone. */
static void what_cannot_be_patched_is_sent_once_more(void **state)
{
    struct world *w = *state;

    start(w);
    put_both(w, "documents");
    api_change(&w->api, "documents/document#1", "{'consentId': 'consent#3'}");
    assert_int_equal(rename_over(w, "documents", "b.pdf", "a.pdf"), REPLACED_BY_BYTES);
    expect_said(&w->api,
                "GET documents/document#1\n"
                "POST documents {'consentId':'consent#3','contentType':'application/pdf'}\n"
                "DELETE documents/document#2\n"
                "DELETE documents/document#1\n");
    expect_there(&w->api, "documents", "document#3 ");
    expect_content(&w->api, "documents/document#3", pdf("new"), strlen(pdf("new")));
    expect_file(w, "documents", "b.pdf", NULL);
    expect_file(w, "documents", "a.pdf", "document#3"); /* and is called a.pdf in a moment */
}

static void what_is_refused_then_leaves_both(void **state)
{
    struct world *w = *state;
    cleanup_drop struct drop *d = NULL;

    start(w);
    put_both(w, "documents");
    api_change(&w->api, "documents/document#1", "{'consentId': 'consent#3'}");
    api_rule(&w->api, 1, "POST", "documents", 400, "{'message': 'no'}");
    assert_int_equal(rename_over(w, "documents", "b.pdf", "a.pdf"), -EINVAL);
    expect_there(&w->api, "documents", "document#1 document#2 ");
    expect_file(w, "documents", "b.pdf", "document#2");
    d = find_file(w, "documents", "b.pdf");
    assert_int_equal(d->state, DROP_AWAY);
    assert_true(d->acked.has_digest);
}

static void what_is_still_being_written_is_sent_at_its_close(void **state)
{
    struct world *w = *state;
    cleanup_drop struct drop *d = NULL;

    start(w);
    put_both(w, "documents");
    api_change(&w->api, "documents/document#1", "{'consentId': 'consent#3'}");
    d = write_drop(w, "documents", "b.pdf", pdf("newer"), strlen(pdf("newer")));
    d->writers = 1;
    assert_int_equal(rename_over(w, "documents", "b.pdf", "a.pdf"), REPLACED_BY_BYTES);
    expect_said(&w->api, "GET documents/document#1\n"
                         "DELETE documents/document#2\n");
    expect_file(w, "documents", "b.pdf", NULL);
    expect_file(w, "documents", "a.pdf", "document#1");
    d->writers = 0;
    assert_int_equal(commit(w, d), 0);
    expect_said(&w->api,
                "POST documents {'consentId':'consent#3','contentType':'application/pdf'}\n"
                "DELETE documents/document#1\n");
    expect_there(&w->api, "documents", "document#3 ");
}

static void an_asset_keeps_its_id_and_gets_the_content(void **state)
{
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "assets", "a.js", "old"), 0);
    assert_int_equal(put(w, "assets", "b.js", "new"), 0);
    pass(w, 1);
    w->api.said[0] = '\0';
    assert_int_equal(rename_over(w, "assets", "b.js", "a.js"), REPLACED_BY_BYTES);
    expect_said(&w->api, "GET assets/asset#1\n"
                         "PATCH assets/asset#1 {}\n"
                         "DELETE assets/asset#2\n");
    expect_content(&w->api, "assets/asset#1", "new", 3);
}

static void what_is_made_from_json_goes(void **state)
{
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "datasets", "a.json", "{}"), 0);
    assert_int_equal(put(w, "datasets", "b.json", "{}"), 0);
    w->api.said[0] = '\0';
    assert_int_equal(rename_over(w, "datasets", "b.json", "a.json"), 0);
    expect_said(&w->api, "DELETE datasets/dataset#1\n");
}

static void a_temporary_name_says_nothing_of_what_it_will_be(void **state)
{
    struct world *w = *state;
    cleanup_drop struct drop *d = NULL;

    start(w);
    put_both(w, "documents");
    d = find_file(w, "documents", "a.pdf");
    assert_int_equal(drops_move(w->drops, d, folder_at(w, "documents"), "a.pdf~"), 0);
    assert_int_equal(rename_over(w, "documents", "b.pdf", "a.pdf~"), 0);
    expect_said(&w->api, "DELETE documents/document#1\n");
}

static void what_stays_and_what_was_never_there_costs_nothing(void **state)
{
    struct world *w = *state;

    start(w);
    put_both(w, "documents");
    assert_int_equal(put(w, "documents", "local.pdf", ""), 0);
    assert_int_equal(rename_over(w, "documents", "b.pdf", "local.pdf"), 0);
    expect_said(&w->api, "");
    api_change(&w->api, "documents/document#1", NULL);
    assert_int_equal(rename_over(w, "documents", "b.pdf", "a.pdf"), 0);
    expect_said(&w->api, "GET documents/document#1\n");
    stop(w);
    w->nodelete = true;
    start(w);
    put_both(w, "documents");
    assert_int_equal(rename_over(w, "documents", "b.pdf", "a.pdf"), 0);
    expect_said(&w->api, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_new_one_is_there_before_the_old_one_goes),
        TEST(it_is_what_the_old_one_is_at_that_moment),
        TEST(what_others_have_moved_is_replaced_where_it_is),
        TEST(what_cannot_be_carried_over_is_said),
        TEST(what_is_gone_already_is_not_deleted),
        TEST(with_nodelete_the_old_one_stays_and_gives_nothing),
        TEST(what_the_old_one_is_must_be_known_first),
        TEST(that_the_old_one_cannot_be_deleted_is_one_line),
        TEST(what_is_renamed_over_another_becomes_what_that_was),
        TEST(labels_of_its_own_stay),
        TEST(labels_that_it_cannot_have_are_said),
        TEST(what_others_have_taken_out_of_the_list_comes_back_into_it),
        TEST(what_others_have_moved_is_replaced_by_a_rename_where_it_is),
        TEST(a_refused_patch_leaves_both),
        TEST(what_cannot_be_patched_is_sent_once_more),
        TEST(what_is_refused_then_leaves_both),
        TEST(what_is_still_being_written_is_sent_at_its_close),
        TEST(an_asset_keeps_its_id_and_gets_the_content),
        TEST(what_is_made_from_json_goes),
        TEST(a_temporary_name_says_nothing_of_what_it_will_be),
        TEST(what_stays_and_what_was_never_there_costs_nothing),
    };

    return cmocka_run_group_tests_name("replace", tests, NULL, NULL);
}
