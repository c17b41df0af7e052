/* Many documents deleted at once, by a filter of their list. */
#include "uploads_fixture.h"

#include "purge.h"

#include "banned.h"

#define IN_7 "datasets/dataset#7/documents"
#define DELETE_7 "DELETE documents?maxResults=1000&datasetId=dataset#7"
#define DOCUMENT(n) "{'documentId': 'document#" #n "', 'datasetId': 'dataset#7'}"

static int purge(struct world *w, int64_t max)
{
    w->err = (struct failure){ .text = "" };
    return purge_list(w->uploads, &w->call, resource_get(RES_DOCUMENTS), "datasetId",
                      id_of("dataset", 7), max, &w->err);
}

/* Five that are in the dataset, and one that is not. */
static void add_documents(struct world *w)
{
    api_add(&w->api, "documents", DOCUMENT(101));
    api_add(&w->api, "documents", DOCUMENT(102));
    api_add(&w->api, "documents", "{'documentId': 'document#200'}");
    api_add(&w->api, "documents", DOCUMENT(103));
    api_add(&w->api, "documents", DOCUMENT(104));
    api_add(&w->api, "documents", DOCUMENT(105));
}

static uint64_t purged(struct world *w)
{
    struct uploads_stats stats;

    uploads_get_stats(w->uploads, &stats);
    return stats.purged;
}

static void all_that_the_filter_lets_through_goes(void **state)
{
    struct world *w = *state;

    start(w);
    add_documents(w);
    assert_int_equal(purge(w, INT64_MAX), 0);
    expect_said(&w->api, DELETE_7 "\n");
    expect_there(&w->api, "documents", "document#200 ");
    assert_int_equal(purged(w), 5);
}

static void page_after_page_goes(void **state)
{
    struct world *w = *state;

    w->api.page_size = 2;
    start(w);
    add_documents(w);
    assert_int_equal(purge(w, INT64_MAX), 0);
    expect_said(&w->api, DELETE_7 "\n" DELETE_7 "&nextToken=2\n" DELETE_7 "&nextToken=4\n");
    expect_there(&w->api, "documents", "document#200 ");
    assert_int_equal(purged(w), 5);
}

static void no_more_goes_than_was_said(void **state)
{
    struct world *w = *state;

    w->api.page_size = 2;
    start(w);
    add_documents(w);
    assert_int_equal(purge(w, 3), 0);
    expect_said(&w->api, "DELETE documents?maxResults=3&datasetId=dataset#7\n"
                         "DELETE documents?maxResults=1&datasetId=dataset#7&nextToken=2\n");
    expect_there(&w->api, "documents", "document#200 document#104 document#105 ");
    assert_int_equal(purged(w), 3);
}

static void the_names_that_were_given_here_go_with_it(void **state)
{
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, IN_7, "a.pdf", pdf("a")), 0);
    assert_int_equal(put(w, "documents", "b.pdf", pdf("b")), 0);
    assert_int_equal(purge(w, INT64_MAX), 0);
    expect_file(w, IN_7, "a.pdf", NULL);
    expect_file(w, "documents", "b.pdf", "document#2");
    assert_int_equal(put(w, IN_7, "a.pdf", pdf("a")), 0);
    expect_file(w, IN_7, "a.pdf", "document#3");
}

static void a_mount_that_deletes_nothing_says_so(void **state)
{
    struct world *w = *state;

    w->ro = true;
    start(w);
    assert_int_equal(purge(w, INT64_MAX), -EROFS);
    assert_non_null(strstr(w->err.text, "mount it without ro"));
    stop(w);
    w->nodelete = true;
    start(w);
    add_documents(w);
    assert_int_equal(purge(w, INT64_MAX), -EPERM);
    assert_non_null(strstr(w->err.text, "(nodelete): mount it without that"));
    expect_said(&w->api, "");
}

static void what_went_before_a_failure_is_gone(void **state)
{
    struct world *w = *state;

    w->api.page_size = 2;
    start(w);
    add_documents(w);
    api_rule(&w->api, -1, "DELETE", "*nextToken*", 403, "{'message': 'enough'}");
    assert_int_equal(purge(w, INT64_MAX), -EACCES);
    assert_string_equal(w->err.text, "enough");
    assert_int_equal(purged(w), 2);
    expect_there(&w->api, "documents", "document#200 document#103 document#104 document#105 ");
}

static void a_list_that_goes_around_in_circles_ends(void **state)
{
    struct world *w = *state;

    start(w);
    api_rule(&w->api, -1, "DELETE", "documents*", 200, "{'documents': [], 'nextToken': 'same'}");
    assert_int_equal(purge(w, INT64_MAX), -EIO);
    assert_string_equal(w->err.text, "the list of documents does not go on: a page comes again");
}

/* In whatever order, and whatever the token says. */
static void what_was_deleted_and_comes_again_ends_it(void **state)
{
    struct world *w = *state;

    start(w);
    api_rule(&w->api, 1, "DELETE", "documents*", 200,
             "{'documents': [" DOCUMENT(101) ", " DOCUMENT(102) "], 'nextToken': 'a'}");
    api_rule(&w->api, 1, "DELETE", "*nextToken=a", 200,
             "{'documents': [" DOCUMENT(102) ", " DOCUMENT(101) "], 'nextToken': 'b'}");
    assert_int_equal(purge(w, INT64_MAX), -EIO);
    assert_string_equal(w->err.text, "the list of documents does not go on: a page comes again");
    expect_said(&w->api, DELETE_7 "\n" DELETE_7 "&nextToken=a\n");
}

static void a_lost_answer_is_asked_for_again_only_when_all_go(void **state)
{
    struct world *w = *state;

    start(w);
    add_documents(w);
    api_rule(&w->api, 1, "DELETE", "documents*", 0, NULL);
    assert_int_equal(purge(w, INT64_MAX), 0);
    expect_said(&w->api, DELETE_7 "\n" DELETE_7 "\n");
    add_documents(w);
    api_rule(&w->api, 1, "DELETE", "documents*", 0, NULL);
    assert_int_equal(purge(w, 3), -EIO);
    assert_non_null(strstr(w->err.text, "outcome unknown"));
    expect_said(&w->api, "DELETE documents?maxResults=3&datasetId=dataset#7\n");
}

static void a_row_without_a_good_id_harms_nobody(void **state)
{
    struct world *w = *state;

    start(w);
    api_rule(&w->api, 1, "DELETE", "documents*", 200,
             "{'documents': [{'documentId': 'no id/'}, " DOCUMENT(101) "], 'nextToken': null}");
    assert_int_equal(purge(w, INT64_MAX), 0);
    assert_int_equal(purged(w), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_that_the_filter_lets_through_goes),
        TEST(page_after_page_goes),
        TEST(no_more_goes_than_was_said),
        TEST(the_names_that_were_given_here_go_with_it),
        TEST(a_mount_that_deletes_nothing_says_so),
        TEST(what_went_before_a_failure_is_gone),
        TEST(a_list_that_goes_around_in_circles_ends),
        TEST(what_was_deleted_and_comes_again_ends_it),
        TEST(a_lost_answer_is_asked_for_again_only_when_all_go),
        TEST(a_row_without_a_good_id_harms_nobody),
    };

    return cmocka_run_group_tests_name("purge", tests, NULL, NULL);
}
