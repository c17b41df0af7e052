/* One list of the API: its pages, its rows and their numbers, its filter, its names. */
#include "list_filter.h"
#include "listing.h"
#include "paging.h"

#include "remote_fixture.h"

#include "banned.h"

#define MODEL(hex) "las:model:" hex
#define PAGE_1 "GET /models?maxResults=100"
#define PAGE_2 "GET /models?maxResults=100&nextToken=t2"
#define PAGE_3 "GET /models?maxResults=100&nextToken=t3"
#define LARGE_2 "GET /models?maxResults=1000&nextToken=t2"
#define DATASET "las:dataset:" ONE

/* A list that is read on its own: without a pool nothing is read ahead. */
struct list {
    struct fixture *x;
    struct flights *flights;
    struct listing *l;
};

static struct list open_list(struct fixture *x, const struct target *of, const char *filter,
                             const char *value, struct pool *pool)
{
    struct list list = { .x = x };
    struct listing_config config = { .backend = x->be, .pool = pool, .clock = &x->fake.clock };

    assert_int_equal(flights_new(&list.flights), 0);
    config.flights = list.flights;
    assert_int_equal(listing_new(&config, of->res, of->parent, filter, value, &list.l), 0);
    return list;
}

static struct list open_models(struct fixture *x)
{
    struct target t = target_of(RES_MODELS, NULL);

    answer(x, PAGE_1,
           "{\"models\": [" A_MODEL(ONE, "a", "") "," A_MODEL(TWO, "b",
                                                              "") "], \"nextToken\": \"t2\"}");
    answer(x, PAGE_2, "{\"models\": [" A_MODEL(THREE, "c", "") "]}");
    return open_list(x, &t, NULL, NULL, NULL);
}

static struct listing *open_sized(struct list *list, atomic_uint *size)
{
    struct listing_config config = { .backend = list->x->be,
                                     .flights = list->flights,
                                     .clock = &list->x->fake.clock,
                                     .page_size = size };
    struct listing *l = NULL;

    assert_int_equal(listing_new(&config, resource_get(RES_MODELS), NULL, NULL, NULL, &l), 0);
    return l;
}

static void close_list(struct list *list)
{
    listing_unref(list->l);
    flights_free(list->flights);
}

/* What stands in row i: a name, "-" for a gap, "end", or an errno. */
static const char *row_by(struct list *list, struct call *call, size_t i)
{
    struct record *r = NULL;
    int rc = listing_row(list->l, call, i, &r, &list->x->err);

    if (rc == 1)
        return "end";
    return rc == 0 && !r ? "-" : told(rc, r);
}

static const char *row(struct list *list, size_t i)
{
    return row_by(list, &list->x->call, i);
}

static void expect_rows(struct list *list, const char *rows)
{
    char text[256] = "";
    const char *is = "";

    for (size_t i = 0; strcmp(is = row(list, i), "end") != 0; i++) {
        size_t len = strlen(text);

        snprintf(text + len, sizeof(text) - len, "%s%s", i ? " " : "", is);
    }
    assert_string_equal(text, rows);
}

static void apply(struct list *list, enum resource_kind kind, const char *text)
{
    struct record *r = record_of(kind, text);

    assert_int_equal(listing_apply(list->l, r), 0);
    record_unref(r);
}

/* --- Pages ------------------------------------------------------------------------------------ */

static void pages_are_loaded_as_rows_are_asked_for(void **state)
{
    static const struct {
        size_t row;
        const char *is;
        unsigned requests;
    } cases[] = { { 0, "a", 1 }, { 1, "b", 1 }, { 0, "a", 1 }, { 2, "c", 2 }, { 3, "end", 2 } };
    struct list list = open_models(*state);

    assert_int_equal(requests(list.x), 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_string_equal(row(&list, cases[i].row), cases[i].is);
        assert_int_equal(requests(list.x), cases[i].requests);
    }
    assert_true(listing_is_complete(list.l));
    assert_int_equal(listing_rows(list.l), 3);
    close_list(&list);
}

/* What the server says to a large page: is the rest asked for in small ones, now and by the next list? */
static void a_server_that_gives_no_large_pages_is_asked_for_small_ones(void **state)
{
    static const struct {
        const char *what;
        struct fake_reply large;
        bool falls_back;
        const char *row; /* the first one of the second page */
    } cases[] = {
        { "it gives them",
          { .status = 200, .body = "{\"models\": [" A_MODEL(THREE, "large", "") "]}" },
          false,
          "large" },
        { "refused", { .status = 400, .body = "{\"message\": \"no\"}" }, true, "c" },
        { "more than is taken in", { .status = 200, .body = "{\"models\": [[[" }, true, "c" },
        { "not allowed at all",
          { .status = 403, .body = "{\"message\": \"no\"}" },
          false,
          "EACCES" },
    };
    struct fixture *x = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct list list = open_models(x);
        unsigned before = asked(x, LARGE_2), small = asked(x, PAGE_2);
        atomic_uint size = RESOURCE_PAGE_LARGE;

        print_message("%s\n", cases[i].what);
        answer_with(x, LARGE_2, cases[i].large);
        listing_unref(list.l);
        list.l = open_sized(&list, &size);
        assert_string_equal(row(&list, 1), "b");
        assert_string_equal(row(&list, 2), cases[i].row);
        assert_true(asked(x, LARGE_2) > before);
        assert_int_equal(asked(x, PAGE_2) - small, cases[i].falls_back);
        assert_int_equal(size, cases[i].falls_back ? RESOURCE_PAGE_SIZE : RESOURCE_PAGE_LARGE);
        close_list(&list);
    }
}

static void nowait_loads_no_page(void **state)
{
    struct list list = open_models(*state);
    struct call now = { .nowait = true };

    assert_string_equal(row_by(&list, &now, 0), "EAGAIN");
    assert_int_equal(listing_complete(list.l, &now, NULL), -EWOULDBLOCK);
    assert_int_equal(requests(list.x), 0);
    assert_string_equal(row(&list, 0), "a");
    assert_string_equal(row_by(&list, &now, 1), "b");
    assert_string_equal(row_by(&list, &now, 2), "EAGAIN");
    assert_int_equal(requests(list.x), 1);
    close_list(&list);
}

static void one_page_more_is_read_ahead(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_MODELS, NULL);
    struct list plain = open_models(x);
    struct list list = open_list(x, &t, NULL, NULL, x->pool);
    struct call now = { .nowait = true };

    answer(x, PAGE_2, "{\"models\": [" A_MODEL(THREE, "c", "") "], \"nextToken\": \"t3\"}");
    answer(x, PAGE_3, "{\"models\": [" A_MODEL(FOUR, "d", "") "]}");
    assert_string_equal(row(&list, 0), "a");
    assert_true(pool_drain(x->pool, 10000));
    assert_int_equal(requests(x), 2);
    assert_string_equal(row_by(&list, &now, 2), "c");
    assert_true(pool_drain(x->pool, 10000));
    assert_string_equal(row_by(&list, &now, 3), "d");
    assert_string_equal(row_by(&list, &now, 4), "end");
    assert_int_equal(requests(x), 3);
    close_list(&list);
    close_list(&plain);
}

static void who_needs_a_page_sees_its_failure(void **state)
{
    struct list list = open_models(*state);

    answer_status(list.x, PAGE_2, 400);
    assert_string_equal(row(&list, 0), "a");
    assert_string_equal(row(&list, 2), "EINVAL");
    assert_int_equal(list.x->err.status, 400);
    assert_int_equal(listing_complete(list.l, &list.x->call, NULL), -EINVAL);
    assert_string_equal(row(&list, 1), "b");
    answer(list.x, PAGE_2, "{\"models\": []}");
    assert_string_equal(row(&list, 2), "end");
    close_list(&list);
}

static void only_a_list_below_something_may_be_missing(void **state)
{
    struct fixture *x = *state;
    struct target top = target_of(RES_MODELS, NULL);
    struct target below = { resource_get(RES_DATA_BUNDLES), MODEL(ONE), NULL };
    struct list models = open_list(x, &top, NULL, NULL, NULL);
    struct list bundles = open_list(x, &below, NULL, NULL, NULL);

    assert_string_equal(row(&models, 0), "EIO");
    assert_string_equal(row(&bundles, 0), "ENOENT");
    assert_int_equal(asked(x, "GET /models/" MODEL(ONE) "/dataBundles?maxResults=100"), 1);
    close_list(&bundles);
    close_list(&models);
}

static void pages_that_go_around_in_circles_are_a_failure(void **state)
{
    struct list list = open_models(*state);

    answer(list.x, PAGE_2, "{\"models\": [], \"nextToken\": \"t2\"}");
    assert_int_equal(listing_complete(list.l, &list.x->call, &list.x->err), -EIO);
    assert_string_equal(list.x->err.text, "the list of models does not go on: a page comes again");
    close_list(&list);
}

/* n pages of these rows, the tokens t1, t2, ... to each next one; then a last one with a row. */
static struct list open_pages(struct fixture *x, int n, const char *rows)
{
    struct target t = target_of(RES_MODELS, NULL);
    char ask[64] = PAGE_1, body[512];

    for (int i = 1; i <= n; i++) {
        snprintf(body, sizeof(body), "{\"models\": [%s], \"nextToken\": \"t%d\"}", rows, i);
        answer(x, ask, body);
        snprintf(ask, sizeof(ask), PAGE_1 "&nextToken=t%d", i);
    }
    answer(x, ask, "{\"models\": [" A_MODEL(FOUR, "d", "") "]}");
    return open_list(x, &t, NULL, NULL, NULL);
}

static void pages_may_be_empty(void **state)
{
    struct list list = open_pages(*state, PAGING_BARREN_MAX - 1, "");

    expect_rows(&list, "d");
    assert_int_equal(requests(list.x), PAGING_BARREN_MAX);
    close_list(&list);
}

static void pages_without_anything_new_end(void **state)
{
    static const char *const rows[] = { "", A_MODEL(ONE, "a", ""), "{\"modelId\": \"../etc\"}" };
    struct fixture *x = *state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        /* the first of those that are known is new */
        struct list list = open_pages(x, PAGING_BARREN_MAX + (i == 1), rows[i]);
        unsigned before = requests(x);

        assert_int_equal(listing_complete(list.l, &x->call, &x->err), -EIO);
        assert_string_equal(
            x->err.text, "the list of models does not go on: 100 pages in a row had nothing new");
        assert_int_equal(requests(x) - before, PAGING_BARREN_MAX + (i == 1));
        /* who asks again asks once */
        assert_int_equal(listing_complete(list.l, &x->call, &x->err), -EIO);
        assert_int_equal(requests(x) - before, PAGING_BARREN_MAX + (i == 1) + 1);
        close_list(&list);
    }
}

/* What was made here stands in the list before a page has it. */
static void pages_of_what_was_made_here_do_not_count(void **state)
{
    struct list list = open_pages(*state, PAGING_BARREN_MAX + 1, A_MODEL(TWO, "b", ""));

    assert_string_equal(row(&list, 0), "b");
    apply(&list, RES_MODELS, A_MODEL(ONE, "a", ""));
    listing_remove(list.l, MODEL(TWO));
    expect_rows(&list, "- a d");
    close_list(&list);
}

static void a_row_is_there_once_and_has_a_name(void **state)
{
    struct list list = open_models(*state);

    answer(list.x, PAGE_2,
           "{\"models\": [" A_MODEL(TWO, "b again", "") ", {\"modelId\": \"../etc\"}, " A_MODEL(
               THREE, "c", "") "]}");
    expect_rows(&list, "a b c");
    close_list(&list);
}

static void many_rows_are_found_by_their_ids(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_MODELS, NULL);
    struct list list = open_list(x, &t, NULL, NULL, NULL);
    cleanup_buf struct buf page = BUF_INIT(1 << 20);

    buf_adds(&page, "{\"models\": [");
    for (int i = 0; i < 500; i++)
        buf_addf(&page, "%s{\"modelId\": \"" MODEL("%032x") "\", \"name\": \"%d\"}", i ? "," : "",
                 i, i);
    buf_adds(&page, "]}");
    answer(x, PAGE_1, page.data);
    assert_int_equal(listing_complete(list.l, &x->call, &x->err), 0);
    for (int i = 0; i < 500; i++) {
        struct record *r = NULL;
        char id[64], name[16];
        int rc;

        snprintf(id, sizeof(id), MODEL("%032x"), i);
        snprintf(name, sizeof(name), "%d", i);
        rc = listing_find(list.l, id, &r);
        assert_string_equal(told(rc, r), name);
        assert_string_equal(row(&list, (size_t)i), name);
    }
    close_list(&list);
}

static void a_list_is_as_fresh_as_its_last_page(void **state)
{
    struct list list = open_models(*state);
    int64_t made_ms = clock_now_ms(&list.x->fake.clock);

    pass(list.x, 100);
    assert_int_equal(listing_fresh_ms(list.l), made_ms);
    assert_string_equal(row(&list, 0), "a");
    assert_int_equal(listing_fresh_ms(list.l), made_ms + 100);
    pass(list.x, 100);
    assert_string_equal(row(&list, 0), "a");
    assert_int_equal(listing_fresh_ms(list.l), made_ms + 100);
    assert_string_equal(row(&list, 2), "c");
    assert_int_equal(listing_fresh_ms(list.l), made_ms + 200);
    close_list(&list);
}

/* --- What is known of one --------------------------------------------------------------------- */

static void whether_one_is_in_it_is_sure_only_at_the_end(void **state)
{
    struct list list = open_models(*state);

    assert_int_equal(listing_find(list.l, MODEL(ONE), NULL), -EAGAIN);
    assert_string_equal(row(&list, 0), "a");
    assert_int_equal(listing_find(list.l, MODEL(ONE), NULL), 0);
    assert_int_equal(listing_find(list.l, MODEL(THREE), NULL), -EAGAIN);
    assert_int_equal(listing_complete(list.l, &list.x->call, NULL), 0);
    assert_int_equal(listing_find(list.l, MODEL(THREE), NULL), 0);
    assert_int_equal(listing_find(list.l, MODEL(FOUR), NULL), -ENOENT);
    close_list(&list);
}

static void whose_list_it_is(void **state)
{
    struct fixture *x = *state;
    struct target of = { resource_get(RES_DATA_BUNDLES), MODEL(ONE), NULL };
    struct target top = target_of(RES_MODELS, NULL);
    struct list below = open_list(x, &of, NULL, NULL, NULL);
    struct list models = open_list(x, &top, NULL, NULL, NULL);

    assert_true(listing_is_of(below.l, of.res, MODEL(ONE)));
    assert_false(listing_is_of(below.l, of.res, MODEL(TWO)));
    assert_false(listing_is_of(below.l, of.res, NULL));
    assert_false(listing_is_of(below.l, top.res, MODEL(ONE)));
    assert_true(listing_is_of(models.l, top.res, NULL));
    assert_false(listing_is_of(models.l, top.res, MODEL(ONE)));
    close_list(&models);
    close_list(&below);
}

/* --- Changes ---------------------------------------------------------------------------------- */

static void rows_keep_their_numbers(void **state)
{
    struct list list = open_models(*state);

    expect_rows(&list, "a b c");
    listing_remove(list.l, MODEL(TWO));
    expect_rows(&list, "a - c");
    assert_int_equal(listing_find(list.l, MODEL(TWO), NULL), -ENOENT);
    apply(&list, RES_MODELS, A_MODEL(THREE, "c changed", ""));
    apply(&list, RES_MODELS, A_MODEL(FOUR, "d", ""));
    expect_rows(&list, "a - c changed d");
    apply(&list, RES_MODELS, A_MODEL(TWO, "b is back", ""));
    expect_rows(&list, "a - c changed d b is back");
    listing_remove(list.l, MODEL(TWO));
    listing_remove(list.l, MODEL(TWO));
    expect_rows(&list, "a - c changed d -");
    assert_int_equal(requests(list.x), 2);
    close_list(&list);
}

static void a_page_brings_back_nothing_that_is_older(void **state)
{
    struct list list = open_models(*state);

    assert_string_equal(row(&list, 0), "a");
    listing_remove(list.l, MODEL(THREE)); /* which the next page still has */
    expect_rows(&list, "a b");
    close_list(&list);

    list = open_models(*state);
    apply(&list, RES_MODELS, A_MODEL(THREE, "c changed", ""));
    expect_rows(&list, "c changed a b");
    close_list(&list);

    list = open_models(*state);
    listing_remove(list.l, MODEL(THREE));
    apply(&list, RES_MODELS, A_MODEL(THREE, "c is back", ""));
    listing_remove(list.l, MODEL(ONE));
    expect_rows(&list, "c is back b");
    close_list(&list);
}

static void a_filter_is_asked_of_the_server_and_held_here(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_DOCUMENTS, NULL);
    struct list list = open_list(x, &t, "datasetId", DATASET, NULL);

    answer(x, "GET /documents?maxResults=100&datasetId=las%3Adataset%3A" ONE,
           "{\"documents\": [" A_DOCUMENT(ONE, "a", ", \"datasetId\": \"" DATASET "\"") "]}");
    expect_rows(&list, "a");
    apply(&list, RES_DOCUMENTS, A_DOCUMENT(TWO, "b", ", \"datasetId\": \"" DATASET "\""));
    apply(&list, RES_DOCUMENTS,
          A_DOCUMENT(THREE, "other", ", \"datasetId\": \"las:dataset:" TWO "\""));
    apply(&list, RES_DOCUMENTS, A_DOCUMENT(FOUR, "none", ""));
    expect_rows(&list, "a b");
    apply(&list, RES_DOCUMENTS,
          A_DOCUMENT(ONE, "moved", ", \"datasetId\": \"las:dataset:" TWO "\""));
    expect_rows(&list, "- b");
    close_list(&list);
}

static void what_a_filter_says_of_a_record(void **state)
{
    static const struct {
        const char *is;
        bool holds, denies;
    } cases[] = {
        { ", \"datasetId\": \"" DATASET "\"", true, false },
        { ", \"datasetId\": \"las:dataset:" TWO "\"", false, true },
        { ", \"datasetId\": null", false, false },
        { "", false, false }, /* an answer may leave it out */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[256];
        struct record *r;

        print_message("%s\n", cases[i].is);
        snprintf(text, sizeof(text), A_DOCUMENT(ONE, "d", "%s"), cases[i].is);
        r = record_of(RES_DOCUMENTS, text);
        assert_int_equal(list_filter_holds("datasetId", DATASET, r), cases[i].holds);
        assert_int_equal(list_filter_denies("datasetId", DATASET, r), cases[i].denies);
        assert_true(list_filter_holds(NULL, NULL, r));
        assert_false(list_filter_denies(NULL, NULL, r));
        record_unref(r);
    }
}

static void names_are_made_anew_only_after_a_change(void **state)
{
    struct list list = open_models(*state);
    struct fixture *x = list.x;
    struct name_index *first = NULL, *same = NULL, *next = NULL;
    struct name_matches m;

    assert_int_equal(listing_names(list.l, &x->call, false, &first, &x->err), 0);
    assert_int_equal(requests(x), 2); /* of all rows */
    assert_int_equal(listing_names(list.l, &x->call, false, &same, &x->err), 0);
    assert_ptr_equal(first, same);
    apply(&list, RES_MODELS, A_MODEL(FOUR, "d", ""));
    assert_int_equal(listing_names(list.l, &x->call, false, &next, &x->err), 0);
    name_index_find(next, "d", &m);
    assert_int_equal(m.count, 1);
    assert_string_equal(m.id, MODEL(FOUR));
    name_index_find(first, "d", &m); /* who has the old one keeps it */
    assert_int_equal(m.count, 0);
    name_index_unref(next);
    listing_remove(list.l, MODEL(FOUR));
    assert_int_equal(listing_names(list.l, &x->call, false, &next, &x->err), 0);
    name_index_find(next, "d", &m);
    assert_int_equal(m.count, 0);
    name_index_unref(next);
    name_index_unref(same);
    name_index_unref(first);
    close_list(&list);
}

static void names_of_a_list_that_fails_are_none(void **state)
{
    struct list list = open_models(*state);
    struct name_index *names = NULL;

    answer_status(list.x, PAGE_2, 400);
    assert_int_equal(listing_names(list.l, &list.x->call, false, &names, &list.x->err), -EINVAL);
    assert_null(names);
    close_list(&list);
    listing_unref(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(pages_are_loaded_as_rows_are_asked_for),
        A_TEST(a_server_that_gives_no_large_pages_is_asked_for_small_ones),
        A_TEST(nowait_loads_no_page),
        A_TEST(one_page_more_is_read_ahead),
        A_TEST(who_needs_a_page_sees_its_failure),
        A_TEST(only_a_list_below_something_may_be_missing),
        A_TEST(pages_that_go_around_in_circles_are_a_failure),
        A_TEST(pages_may_be_empty),
        A_TEST(pages_without_anything_new_end),
        A_TEST(pages_of_what_was_made_here_do_not_count),
        A_TEST(a_row_is_there_once_and_has_a_name),
        A_TEST(many_rows_are_found_by_their_ids),
        A_TEST(a_list_is_as_fresh_as_its_last_page),
        A_TEST(whether_one_is_in_it_is_sure_only_at_the_end),
        A_TEST(whose_list_it_is),
        A_TEST(rows_keep_their_numbers),
        A_TEST(a_page_brings_back_nothing_that_is_older),
        A_TEST(a_filter_is_asked_of_the_server_and_held_here),
        cmocka_unit_test(what_a_filter_says_of_a_record),
        A_TEST(names_are_made_anew_only_after_a_change),
        A_TEST(names_of_a_list_that_fails_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
