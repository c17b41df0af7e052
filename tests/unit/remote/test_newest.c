/* What has come into a folder's list since somebody looked: what is asked for, and what is told. */
#include "newest.h"

#include "known.h"
#include "known_lists.h"
#include "listing.h"
#include "remote_fixture.h"

#include "banned.h"

#define SORTED "sortBy=createdTime&order=descending"
#define LIST "GET /documents"
#define FIRST LIST "?maxResults=100&" SORTED
#define MADE_AT(second) ", \"createdTime\": \"2026-01-01T00:00:" second "Z\""
#define SECOND_NS INT64_C(1000000000)
#define MADE_NS(second) (INT64_C(1767225600000000000) + (second)*SECOND_NS)
#define THREE_OF_THEM                                                                              \
    A_DOCUMENT(THREE, "third", MADE_AT("03"))                                                      \
    ", " A_DOCUMENT(TWO, "second", MADE_AT("02")) ", " A_DOCUMENT(ONE, "first", MADE_AT("01"))

/* What was told: their names, a blank after each. */
struct told_of {
    char names[256];
    int stop_with; /* at the first one */
};

static int tell(void *arg, struct record *r)
{
    struct told_of *t = arg;
    size_t len = strlen(t->names);

    snprintf(t->names + len, sizeof(t->names) - len, "%s ", told(0, record_ref(r)));
    return t->stop_with;
}

static int look(struct fixture *x, const char *key, int64_t since_ns, struct told_of *t)
{
    struct folder f = folder_of(key);
    int rc = known_newest(x->remote, &x->call, &f, since_ns, tell, t, &x->err);

    folder_done(&f);
    return rc;
}

static void what_came_since_is_told_newest_first(void **state)
{
    static const struct {
        int64_t since_ns;
        const char *names;
    } cases[] = {
        { MADE_NS(4), "" },
        { MADE_NS(3), "third " }, /* what was made then is told once more */
        { MADE_NS(2), "third second " },
        { 0, "third second first " },
    };
    struct fixture *x = *state;

    answer(x, FIRST, "{\"documents\": [" THREE_OF_THEM "]}");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct told_of t = { .names = "" };

        print_message("%s\n", cases[i].names);
        assert_int_equal(look(x, "documents", cases[i].since_ns, &t), 0);
        assert_string_equal(t.names, cases[i].names);
    }
    assert_int_equal(asked(x, LIST), ARRAY_LEN(cases));
    assert_int_equal(requests(x), ARRAY_LEN(cases));
}

static void of_a_folder_of_some_those_are_asked_for(void **state)
{
    struct told_of t = { .names = "" };
    struct fixture *x = *state;

    answer(x, LIST "?maxResults=100&datasetId=las%3Adataset%3A" ONE "&" SORTED,
           "{\"documents\": [" THREE_OF_THEM "]}");
    assert_int_equal(look(x, "datasets/las:dataset:" ONE "/documents", MADE_NS(2), &t), 0);
    assert_string_equal(t.names, "third second ");
}

/* No further than to what is older. */
static void pages_are_read_as_far_as_they_are_new(void **state)
{
    static const struct {
        int64_t since_ns;
        unsigned pages;
        const char *names;
    } cases[] = {
        { MADE_NS(4), 1, "" },
        { MADE_NS(3), 2, "third " },
        { MADE_NS(0), 3, "third second first " },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct told_of t = { .names = "" };
        void *own = NULL;
        struct fixture *x;

        print_message("%s\n", cases[i].names);
        setup(&own);
        x = own;
        answer(x, FIRST,
               "{\"documents\": [" A_DOCUMENT(THREE, "third",
                                              MADE_AT("03")) "], \"nextToken\": \"t2\"}");
        answer(x, FIRST "&nextToken=t2",
               "{\"documents\": [" A_DOCUMENT(TWO, "second",
                                              MADE_AT("02")) "], \"nextToken\": \"t3\"}");
        answer(x, FIRST "&nextToken=t3",
               "{\"documents\": [" A_DOCUMENT(ONE, "first", MADE_AT("01")) "]}");
        assert_int_equal(look(x, "documents", cases[i].since_ns, &t), 0);
        assert_string_equal(t.names, cases[i].names);
        assert_int_equal(requests(x), cases[i].pages);
        teardown(&own);
    }
    (void)state;
}

static void a_list_that_goes_in_a_circle_ends(void **state)
{
    struct told_of t = { .names = "" };
    struct fixture *x = *state;

    answer(x, LIST, "{\"documents\": [" THREE_OF_THEM "], \"nextToken\": \"t2\"}");
    assert_int_equal(look(x, "documents", 0, &t), -EIO);
    assert_non_null(strstr(x->err.text, "does not go on"));
    assert_true(requests(x) < 10);
}

static void who_has_seen_enough_ends_it(void **state)
{
    struct told_of t = { .names = "", .stop_with = -ENOMEM };
    struct fixture *x = *state;

    answer(x, FIRST, "{\"documents\": [" THREE_OF_THEM "], \"nextToken\": \"t2\"}");
    assert_int_equal(look(x, "documents", 0, &t), -ENOMEM);
    assert_string_equal(t.names, "third ");
    assert_int_equal(requests(x), 1);
}

static void what_was_deleted_here_meanwhile_is_not_told(void **state)
{
    struct target t = target_of(RES_DOCUMENTS, "las:document:" TWO);
    struct told_of told_of = { .names = "" };
    struct fixture *x = *state;

    answer(x, FIRST, "{\"documents\": [" THREE_OF_THEM "]}");
    known_removed(x->remote, &t);
    assert_int_equal(look(x, "documents", 0, &told_of), 0);
    assert_string_equal(told_of.names, "third first ");
}

/* Whoever lists the folder next sees it too, and nobody asks for it. */
static void what_was_told_is_in_the_list_that_is_remembered(void **state)
{
    struct target t = target_of(RES_DOCUMENTS, "las:document:" THREE);
    cleanup_listing struct listing *l = NULL;
    struct folder f = folder_of("documents");
    struct told_of told_of = { .names = "" };
    struct fixture *x = *state;

    answer(x, LIST "?maxResults=100",
           "{\"documents\": [" A_DOCUMENT(ONE, "first", MADE_AT("01")) "]}");
    assert_int_equal(known_folder_listing(x->remote, &f, &l), 0);
    assert_int_equal(listing_complete(l, &x->call, &x->err), 0);
    assert_int_equal(listing_find(l, t.id, NULL), -ENOENT);
    answer(x, FIRST, "{\"documents\": [" THREE_OF_THEM "]}");
    assert_int_equal(look(x, "documents", MADE_NS(3), &told_of), 0);
    assert_int_equal(listing_find(l, t.id, NULL), 0);
    assert_int_equal(listing_rows(l), 2);
    assert_string_equal(says_now(x, known_record, &t), "third");
    assert_int_equal(requests(x), 2);
    folder_done(&f);
}

static void where_it_cannot_be_asked_nothing_is_told(void **state)
{
    struct call now = { .nowait = true };
    struct folder f = folder_of("documents");
    struct told_of t = { .names = "" };
    struct fixture *x = *state;

    assert_int_equal(known_newest(x->remote, &now, &f, 0, tell, &t, &x->err), -EWOULDBLOCK);
    assert_int_equal(look(x, "models", 0, &t), 0); /* a list that nobody sorts */
    assert_int_equal(requests(x), 0);
    answer_status(x, LIST, 403);
    assert_int_equal(look(x, "documents", 0, &t), -EACCES);
    assert_string_equal(t.names, "");
    folder_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(what_came_since_is_told_newest_first),
        A_TEST(of_a_folder_of_some_those_are_asked_for),
        cmocka_unit_test(pages_are_read_as_far_as_they_are_new),
        A_TEST(a_list_that_goes_in_a_circle_ends),
        A_TEST(who_has_seen_enough_ends_it),
        A_TEST(what_was_deleted_here_meanwhile_is_not_told),
        A_TEST(what_was_told_is_in_the_list_that_is_remembered),
        A_TEST(where_it_cannot_be_asked_nothing_is_told),
    };

    return cmocka_run_group_tests_name("newest", tests, NULL, NULL);
}
