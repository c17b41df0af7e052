/* The lists that are remembered, and what a folder's list says of names and of what was sent. */
#include "known_lists.h"

#include "known.h"
#include "listing.h"
#include "name_index.h"
#include "remote_context.h"
#include "remote_fixture.h"

#include "banned.h"

#define DOC "las:document:" ONE
#define GET_DOC "GET /documents/" DOC
#define DATASET "las:dataset:" ONE
#define IN_DATASET ", \"datasetId\": \"" DATASET "\""
#define LIST_DOCS "GET /documents"
#define LIST_DATASET "GET /documents?maxResults=100&datasetId=las%3Adataset%3A" ONE

/* The first row of a folder's list, as it is known. */
static const char *first_of(struct fixture *x, const struct folder *f)
{
    cleanup_listing struct listing *l = NULL;
    struct record *r = NULL;
    int rc;

    assert_int_equal(known_folder_listing(x->remote, f, &l), 0);
    rc = listing_row(l, &x->call, 0, &r, &x->err);
    return rc == 1 ? "end" : rc == 0 && !r ? "-" : told(rc, r);
}

static const char *id_of(struct fixture *x, const char *key, const char *name)
{
    static char id[RESOURCE_ID_MAX + 1];
    struct folder f = folder_of(key);
    int rc = known_id_in_folder(x->remote, &x->call, &f, name, id, &x->err);

    folder_done(&f);
    return rc < 0 ? strerrorname_np(-rc) : id;
}

/* --- How long --------------------------------------------------------------------------------- */

static void a_list_is_shared_while_it_is_fresh(void **state)
{
    struct fixture *x = *state;
    struct folder f = folder_of("models");

    answer(x, "GET /models", "{\"models\": [" A_MODEL(ONE, "first", "") "]}");
    assert_string_equal(first_of(x, &f), "first");
    answer(x, "GET /models", "{\"models\": [" A_MODEL(ONE, "second", "") "]}");
    pass(x, LIST_TTL_MS);
    assert_string_equal(first_of(x, &f), "first");
    pass(x, 1);
    assert_string_equal(first_of(x, &f), "second");
    known_forget_listing(x->remote, &f);
    answer(x, "GET /models", "{\"models\": [" A_MODEL(ONE, "third", "") "]}");
    assert_string_equal(first_of(x, &f), "third");
    assert_int_equal(requests(x), 3);
    folder_done(&f);
}

/* How many are remembered: the next is what each begins with. */
static int count_lists(struct fixture *x)
{
    int n = 0;

    for (const void *at = x->remote->listings; at; at = *(const void *const *)at)
        n++;
    return n;
}

static void old_lists_do_not_pile_up(void **state)
{
    struct fixture *x = *state;
    const struct resource *res = resource_get(RES_DOCUMENTS);
    struct listing *kept = NULL, *l;
    char value[64];

    for (int i = 0; i < 5; i++) {
        snprintf(value, sizeof(value), "las:dataset:%032x", i);
        assert_int_equal(known_listing(x->remote, res, NULL, "datasetId", value, &l), 0);
        if (i == 0)
            kept = l;
        else
            listing_unref(l);
    }
    pass(x, META_TTL_MS);
    assert_int_equal(known_listing(x->remote, res, NULL, NULL, NULL, &l), 0);
    listing_unref(l);
    assert_int_equal(count_lists(x), 6); /* its rows are believed still */
    pass(x, 1);
    assert_int_equal(known_listing(x->remote, resource_get(RES_MODELS), NULL, NULL, NULL, &l), 0);
    listing_unref(l);
    assert_int_equal(count_lists(x), 2);
    assert_int_equal(listing_rows(kept), 0); /* who has it keeps it */
    listing_unref(kept);
    known_lists_clear(x->remote);
    assert_int_equal(count_lists(x), 0);
}

static void a_folder_is_forgotten_alone_a_resource_in_all_lists(void **state)
{
    struct fixture *x = *state;
    struct folder all = folder_of("documents"), some = folder_of("datasets/" DATASET "/documents");
    struct target t = target_of(RES_DOCUMENTS, DOC);

    answer(x, LIST_DOCS, "{\"documents\": [" A_DOCUMENT(ONE, "of all", "") "]}");
    answer(x, LIST_DATASET, "{\"documents\": [" A_DOCUMENT(ONE, "of some", IN_DATASET) "]}");
    assert_string_equal(first_of(x, &all), "of all");
    assert_string_equal(first_of(x, &some), "of some");
    known_forget_listing(x->remote, &some);
    assert_string_equal(first_of(x, &all), "of all");
    assert_string_equal(first_of(x, &some), "of some");
    assert_int_equal(requests(x), 3);
    known_lists_forget(x->remote, &t);
    first_of(x, &all);
    first_of(x, &some);
    assert_int_equal(requests(x), 5);
    folder_done(&some);
    folder_done(&all);
}

/* --- Changes ---------------------------------------------------------------------------------- */

static void a_change_is_in_all_lists_that_have_it(void **state)
{
    struct fixture *x = *state;
    struct folder all = folder_of("documents"), some = folder_of("datasets/" DATASET "/documents");
    struct target t = target_of(RES_DOCUMENTS, DOC);
    struct record *moved = record_of(RES_DOCUMENTS, A_DOCUMENT(ONE, "moved", ""));

    answer(x, LIST_DOCS, "{\"documents\": [" A_DOCUMENT(ONE, "old", IN_DATASET) "]}");
    answer(x, LIST_DATASET, "{\"documents\": [" A_DOCUMENT(ONE, "old", IN_DATASET) "]}");
    assert_string_equal(first_of(x, &all), "old");
    assert_string_equal(first_of(x, &some), "old");
    known_changed(x->remote, &t, moved);
    assert_string_equal(first_of(x, &all), "moved");
    assert_string_equal(first_of(x, &some), "-");
    known_removed(x->remote, &t);
    assert_string_equal(first_of(x, &all), "-");
    assert_int_equal(requests(x), 2);
    record_unref(moved);
    folder_done(&some);
    folder_done(&all);
}

static void a_request_that_may_have_had_its_effect_makes_lists_old(void **state)
{
    struct fixture *x = *state;
    struct folder f = folder_of("models"), other = folder_of("assets");
    struct target t = target_of(RES_MODELS, NULL);
    struct failure why = { .text = "" };

    answer(x, "GET /models", "{\"models\": [" A_MODEL(ONE, "before", "") "]}");
    answer(x, "GET /assets", "{\"assets\": [" AN_ASSET(ONE, "an asset", "") "]}");
    assert_string_equal(first_of(x, &f), "before");
    assert_string_equal(first_of(x, &other), "an asset");
    answer(x, "GET /models", "{\"models\": [" A_MODEL(ONE, "after", "") "]}");
    failure_set(&why, 400, "it was refused");
    known_unsure(x->remote, &t, &why);
    assert_string_equal(first_of(x, &f), "before");
    failure_unknown(&why);
    known_unsure(x->remote, &t, &why);
    assert_string_equal(first_of(x, &f), "after");
    assert_string_equal(first_of(x, &other), "an asset");
    assert_int_equal(requests(x), 3);
    folder_done(&other);
    folder_done(&f);
}

/* --- Rows ------------------------------------------------------------------------------------- */

/* What is known of a list's only row. */
static const char *row_of(struct fixture *x, struct listing *l)
{
    struct target t = target_of(RES_MODELS, "las:model:" ONE);
    struct record *row = NULL, *r = NULL;
    int rc = listing_row(l, &x->call, 0, &row, &x->err);

    assert_int_equal(rc, 0);
    rc = known_row(x->remote, &t, l, row, &r);
    record_unref(row);
    return told(rc, r);
}

static void a_row_is_believed_as_long_as_its_list(void **state)
{
    struct fixture *x = *state;
    struct folder f = folder_of("models");
    struct target t = target_of(RES_MODELS, "las:model:" ONE);
    struct listing *l = NULL;

    answer(x, "GET /models", "{\"models\": [" A_MODEL(ONE, "row", "") "]}");
    assert_int_equal(known_folder_listing(x->remote, &f, &l), 0);
    assert_string_equal(row_of(x, l), "row");
    pass(x, META_TTL_MS);
    assert_string_equal(row_of(x, l), "row");
    pass(x, 1);
    assert_string_equal(row_of(x, l), "EAGAIN");
    answer(x, "GET /models/las:model:" ONE, A_MODEL(ONE, "by itself", ""));
    assert_string_equal(says(x, known_record, &t), "by itself");
    assert_string_equal(row_of(x, l), "by itself"); /* that is newer */
    assert_int_equal(requests(x), 2);
    listing_unref(l);
    folder_done(&f);
}

static void a_row_that_was_removed_or_may_have_passed_is_not_believed(void **state)
{
    struct fixture *x = *state;
    struct folder f = folder_of("models");
    struct target t = target_of(RES_MODELS, "las:model:" ONE);
    struct listing *l = NULL;
    struct record *row = NULL, *r = NULL;

    answer(x, "GET /models",
           "{\"models\": [" A_MODEL(ONE, "in school", ", \"status\": \"training\"") "]}");
    assert_int_equal(known_folder_listing(x->remote, &f, &l), 0);
    assert_string_equal(row_of(x, l), "in school");
    assert_int_equal(listing_row(l, &x->call, 0, &row, NULL), 0);
    pass(x, 1001);
    assert_string_equal(row_of(x, l), "EAGAIN");
    known_removed(x->remote, &t);
    assert_int_equal(known_row(x->remote, &t, l, row, &r), -ENOENT);
    assert_null(r);
    record_unref(row);
    listing_unref(l);
    folder_done(&f);
}

/* --- Names ------------------------------------------------------------------------------------ */

static void a_name_is_an_id_in_its_folder(void **state)
{
    static const struct {
        const char *name, *id;
    } cases[] = {
        { "plain", "las:model:" ONE },     { "twice", "ENOTUNIQ" },  { "none", "ENOENT" },
        { "11111111", "las:model:" ONE }, /* by its digits */
        { "1111111", "ENOENT" },          /* by too few */
        { "44444444", "las:model:" FOUR }, { "55555555", "ENOENT" },
    };
    struct fixture *x = *state;

    answer(x, "GET /models",
           "{\"models\": [" A_MODEL(ONE, "plain", "") "," A_MODEL(TWO, "twice", "") "," A_MODEL(
               THREE, "twice", "") "," A_MODEL(FOUR, "44444444", "") "]}");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("%s\n", cases[i].name);
        assert_string_equal(id_of(x, "models", cases[i].name), cases[i].id);
    }
    assert_int_equal(requests(x), 1);
    assert_string_equal(id_of(x, "models", "twice"), "ENOTUNIQ");
    assert_string_equal(x->err.text, "twice stands for 2 resources, among them las:model:" TWO
                                     " and las:model:" THREE);
}

static void a_name_that_cannot_be_there_costs_no_list(void **state)
{
    static const struct {
        const char *folder, *name, *id;
        unsigned requests;
    } cases[] = {
        { "documents", "scan.pdf", "ENOENT", 0 },               /* documents have no names */
        { "documents", "11111111", "ENOENT", 1 },               /* but digits */
        { "organizations", "mine", "ENOENT", 0 },               /* no list */
        { "models/las:model:" ONE "/inbox", "x", "ENOENT", 0 }, /* only what was put there */
        { "models/las:model:" ONE, "x", "ENOENT", 0 },          /* a resource's own directory */
    };
    struct fixture *x = *state;

    answer(x, LIST_DOCS, "{\"documents\": []}");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        unsigned before = requests(x);

        print_message("%s/%s\n", cases[i].folder, cases[i].name);
        assert_string_equal(id_of(x, cases[i].folder, cases[i].name), cases[i].id);
        assert_int_equal(requests(x) - before, cases[i].requests);
    }
}

static void a_list_that_fails_finds_no_names(void **state)
{
    struct fixture *x = *state;

    answer_status(x, "GET /models", 400);
    assert_string_equal(id_of(x, "models", "plain"), "EINVAL");
}

/* --- What was sent ---------------------------------------------------------------------------- */

static const char *in_folder(struct fixture *x, struct folder *f, const char *id)
{
    struct target t = { f->res, f->parent, id };
    struct record *r = NULL;
    int rc = known_record_in_folder(x->remote, &x->call, f, &t, &r, &x->err);

    return told(rc, r);
}

static const char *sent(struct fixture *x, struct folder *f, bool fresh)
{
    struct target t = target_of(RES_DOCUMENTS, DOC);
    struct record *r = NULL;
    int rc = known_sent_record(x->remote, &x->call, f, &t, fresh, &r, &x->err);

    return told(rc, r);
}

static const char *sent_now(struct fixture *x, struct folder *f, const char *id, bool fresh)
{
    struct target t = target_of(RES_DOCUMENTS, id);
    struct record *r = NULL;
    int rc = known_sent_record_now(x->remote, &x->call, f, &t, fresh, &r, &x->err);

    return told(rc, r);
}

static void what_was_dropped_is_looked_up_in_the_list(void **state)
{
    struct fixture *x = *state;
    struct folder f = folder_of("documents"), models = folder_of("models");

    answer(x, LIST_DOCS, "{\"documents\": [" A_DOCUMENT(ONE, "listed", "") "]}");
    assert_string_equal(in_folder(x, &f, DOC), "listed");
    assert_string_equal(in_folder(x, &f, "las:document:" TWO), "ENOENT");
    assert_int_equal(requests(x), 1); /* a GET would cost the content too */
    answer(x, "GET /models/las:model:" ONE, A_MODEL(ONE, "by itself", ""));
    assert_string_equal(in_folder(x, &models, "las:model:" ONE), "by itself");
    assert_int_equal(asked(x, "GET /models"), 0); /* and that costs no content */
    folder_done(&models);
    folder_done(&f);
}

/* Pages of 100 documents that are not the one, one behind the other: this server gives no more. */
static void answer_pages(struct fixture *x, unsigned n)
{
    for (unsigned p = 0; p < n; p++) {
        cleanup_buf struct buf page = BUF_INIT(1 << 20);
        char ask[128];

        buf_adds(&page, "{\"documents\": [");
        for (unsigned i = 0; i < RESOURCE_PAGE_SIZE; i++)
            buf_addf(&page, "%s{\"documentId\": \"las:document:%016x%016x\"}", i ? "," : "", p + 1,
                     i);
        buf_addf(&page, "], \"nextToken\": \"t%u\"}", p + 1);
        if (p)
            snprintf(ask, sizeof(ask), LIST_DOCS "?maxResults=1000&nextToken=t%u", p);
        else
            snprintf(ask, sizeof(ask), LIST_DOCS "?maxResults=100");
        answer(x, ask, page.data);
    }
}

static void a_list_is_read_as_far_as_it_pays(void **state)
{
    struct fixture *x = *state;
    struct folder f = folder_of("documents");

    x->config.pool = NULL; /* nothing is read ahead */
    reopen_remote(x);
    answer_pages(x, 14);
    answer(x, GET_DOC, A_DOCUMENT(ONE, "far away", ""));
    assert_string_equal(in_folder(x, &f, DOC), "far away");
    assert_int_equal(asked(x, LIST_DOCS), 10);
    assert_int_equal(asked(x, GET_DOC), 1);
    known_forget_record(x->remote, &(struct target){ f.res, NULL, DOC }, false);
    assert_string_equal(in_folder(x, &f, DOC), "far away");
    assert_int_equal(asked(x, LIST_DOCS), 11); /* one page more each time */
    assert_int_equal(asked(x, GET_DOC), 2);
    folder_done(&f);
}

static void a_list_may_lag_behind_what_was_sent_just_now(void **state)
{
    struct fixture *x = *state;
    struct folder f = folder_of("documents");

    answer(x, LIST_DOCS, "{\"documents\": []}");
    answer(x, GET_DOC, A_DOCUMENT(ONE, "there", ""));
    assert_string_equal(sent(x, &f, false), "ENOENT");
    assert_int_equal(asked(x, GET_DOC), 0);
    assert_string_equal(sent(x, &f, true), "there");
    assert_int_equal(asked(x, GET_DOC), 1);
    folder_done(&f);
}

static void many_who_decide_in_one_folder_look_once_a_second(void **state)
{
    struct fixture *x = *state;
    struct folder f = folder_of("documents");

    answer(x, LIST_DOCS,
           "{\"documents\": [" A_DOCUMENT(ONE, "a", "") "," A_DOCUMENT(TWO, "b", "") "]}");
    assert_string_equal(sent_now(x, &f, DOC, false), "a");
    assert_string_equal(sent_now(x, &f, "las:document:" TWO, false), "b");
    assert_string_equal(sent_now(x, &f, DOC, false), "a");
    assert_int_equal(requests(x), 1);
    answer(x, LIST_DOCS, "{\"documents\": []}");
    pass(x, 999);
    assert_string_equal(sent_now(x, &f, DOC, false), "a");
    pass(x, 1);
    assert_string_equal(sent_now(x, &f, DOC, false), "ENOENT");
    assert_int_equal(requests(x), 2);
    folder_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(a_list_is_shared_while_it_is_fresh),
        A_TEST(old_lists_do_not_pile_up),
        A_TEST(a_folder_is_forgotten_alone_a_resource_in_all_lists),
        A_TEST(a_change_is_in_all_lists_that_have_it),
        A_TEST(a_request_that_may_have_had_its_effect_makes_lists_old),
        A_TEST(a_row_is_believed_as_long_as_its_list),
        A_TEST(a_row_that_was_removed_or_may_have_passed_is_not_believed),
        A_TEST(a_name_is_an_id_in_its_folder),
        A_TEST(a_name_that_cannot_be_there_costs_no_list),
        A_TEST(a_list_that_fails_finds_no_names),
        A_TEST(what_was_dropped_is_looked_up_in_the_list),
        A_TEST(a_list_is_read_as_far_as_it_pays),
        A_TEST(a_list_may_lag_behind_what_was_sent_just_now),
        A_TEST(many_who_decide_in_one_folder_look_once_a_second),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
