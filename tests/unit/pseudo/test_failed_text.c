/* Texts of fields that were refused are kept, and can be tried once more. */
#include "pseudo_fixture.h"

#include "failed_text.h"

#include "banned.h"

#define DATASET "/datasets/dataset#1/"
#define KEPT_AT "datasets/dataset#1" /* the folder */

static void start_there(struct mount *m)
{
    start_mount(m);
    api_add(&m->w.api, "datasets", "{'datasetId': 'dataset#1', 'name': 'one'}");
    api_add(&m->w.api, "secrets", "{'secretId': 'secret#2', 'name': 's'}");
}

/* As at the close of a field's file. */
static int close_text(struct mount *m, const char *path, const char *text)
{
    struct node *n;
    int rc = find_node(m, path, &n);

    if (rc < 0)
        return rc;
    rc = failed_text_commit(m->pseudo, &m->w.call, n, text, strlen(text), &m->w.err);
    node_unref(m->nodes, n);
    return rc;
}

static int try_again(struct mount *m, const char *path, struct drop *x)
{
    struct node *n;
    int rc = find_node(m, path, &n);

    assert_int_equal(rc, 0);
    assert_int_equal(drop_lock_exclusive(m->w.drops, x, &m->w.call), 0);
    rc = failed_text_retry(m->pseudo, &m->w.call, n, x, &m->w.err);
    drop_unlock_exclusive(m->w.drops, x);
    node_unref(m->nodes, n);
    return rc;
}

static void what_is_refused_is_kept_with_the_words_for_it(void **state)
{
    struct mount *m = *state;

    start_there(m);
    api_rule(&m->w.api, 1, "PATCH", "*", 400, "{'message': 'not that name'}");
    assert_int_equal(close_text(m, DATASET "name", "bad\n"), -EINVAL);
    assert_int_equal(m->w.err.at_ns, clock_realtime_ns(&m->w.fake.clock));
    expect_failed(&m->w, KEPT_AT, "name", "bad\n", "not that name");
    expect_text(m, DATASET "name", "one\n"); /* the server's value again */
}

static void what_is_refused_without_words_is_kept_with_its_errno(void **state)
{
    struct mount *m = *state;

    start_there(m);
    api_rule(&m->w.api, -1, "PATCH", "*", 404, "{}");
    assert_true(close_text(m, DATASET "name", "bad\n") < 0);
    expect_failed(&m->w, KEPT_AT, "name", "bad\n",
                  m->w.err.text[0] ? m->w.err.text : "No such file or directory");
}

static void what_is_taken_takes_the_kept_one_away(void **state)
{
    struct mount *m = *state;

    start_there(m);
    api_rule(&m->w.api, 1, "PATCH", "*", 400, "{'message': 'not that name'}");
    assert_int_equal(close_text(m, DATASET "name", "bad\n"), -EINVAL);
    assert_int_equal(close_text(m, DATASET "resource.json", "{"), -EINVAL);
    assert_int_equal(close_text(m, DATASET "name", "good\n"), 0);
    expect_failed(&m->w, KEPT_AT, "name", NULL, NULL);
    expect_failed(&m->w, KEPT_AT, "resource.json", "{",
                  "not JSON: line 1: string or '}' expected near end of file");
}

static void nothing_of_a_secret_and_nothing_of_nothing_is_kept(void **state)
{
    struct mount *m = *state;

    start_there(m);
    api_rule(&m->w.api, -1, "PATCH", "*", 400, "{'message': 'no'}");
    assert_int_equal(close_text(m, "/secrets/s/name", "bad\n"), -EINVAL);
    assert_int_equal(close_text(m, DATASET "description", ""), -EINVAL);
    expect_failed(&m->w, "secrets/secret#2", "name", NULL, NULL);
    expect_failed(&m->w, KEPT_AT, "description", NULL, NULL);
}

static void it_is_kept_over_the_end_of_the_mount(void **state)
{
    struct mount *m = *state;

    start_there(m);
    api_rule(&m->w.api, 1, "PATCH", "*", 400, "{'message': 'not that name'}");
    assert_int_equal(close_text(m, DATASET "name", "bad\n"), -EINVAL);
    remount_mount(m);
    expect_failed(&m->w, KEPT_AT, "name", "bad\n", "not that name");
}

static void once_more_it_may_be_taken(void **state)
{
    cleanup_drop struct drop *x = NULL;
    struct mount *m = *state;

    start_there(m);
    api_rule(&m->w.api, 2, "PATCH", "*", 400, "{'message': 'not that name'}");
    assert_int_equal(close_text(m, DATASET "name", "bad\n"), -EINVAL);
    x = drops_find_failed(m->w.drops, folder_at(&m->w, KEPT_AT), "name");
    assert_int_equal(try_again(m, DATASET "name", x), -EINVAL);
    expect_failed(&m->w, KEPT_AT, "name", "bad\n", "not that name");
    forget_said(m);
    assert_int_equal(try_again(m, DATASET "name", x), 0);
    expect_said(&m->w.api, "PATCH datasets/dataset#1 {'name':'bad'}\n");
    expect_failed(&m->w, KEPT_AT, "name", NULL, NULL);
    assert_int_equal(try_again(m, DATASET "name", x), -ENOENT); /* it has no text any more */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_refused_is_kept_with_the_words_for_it),
        TEST(what_is_refused_without_words_is_kept_with_its_errno),
        TEST(what_is_taken_takes_the_kept_one_away),
        TEST(nothing_of_a_secret_and_nothing_of_nothing_is_kept),
        TEST(it_is_kept_over_the_end_of_the_mount),
        TEST(once_more_it_may_be_taken),
    };

    return cmocka_run_group_tests_name("failed_text", tests, NULL, NULL);
}
