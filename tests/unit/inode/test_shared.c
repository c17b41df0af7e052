/* What other machines put into a list gets its name here, by what its documents say. */
#include "shared.h"

#include "errlog.h"
#include "inode_fixture.h"
#include "known.h"

#include "banned.h"

#define LIST "GET /documents?maxResults=100"
#define NEWEST LIST "&sortBy=createdTime&order=descending"
#define DATASET "las:dataset:" ONE
#define OF_DATASET "GET /documents?maxResults=100&datasetId=las%3Adataset%3A" ONE
#define MADE(second) "\"createdTime\": \"2026-01-01T00:00:" second "Z\""
#define STAMPED(hex, second, path, more)                                                           \
    "{\"documentId\": \"las:document:" hex "\", " MADE(second) ", \"metadata\": {\"lasfs\": {"     \
                                                               "\"path\": \"" path                 \
                                                               "\", \"size\": \"700\"" more "}}}"
#define A_LIST(rows) "{\"documents\": [" rows "], \"nextToken\": null}"

/* An answer has shown what server this is. */
static void begin(struct tree *t, const char *list)
{
    struct target of = { .res = resource_get(RES_DOCUMENTS), .id = "las:document:" FOUR };
    struct record *r = NULL;

    answer(&t->api, "GET /documents/las%3Adocument%3A" FOUR, STAMPED(FOUR, "00", "four.pdf", ""));
    answer(&t->api, "GET /documents/las:document:" FOUR, STAMPED(FOUR, "00", "four.pdf", ""));
    assert_int_equal(known_record(t->api.remote, &t->api.call, &of, &r, &t->api.err), 0);
    record_unref(r);
    assert_true(known_today(t->api.remote));
    answer(&t->api, LIST, list);
}

static int look(struct tree *t, const char *key)
{
    return shared_look(t->inodes, &t->api.call, drop_folder_of(t, key), &t->api.err);
}

static void each_is_where_it_was_put(void **state)
{
    static const struct path_case cases[] = {
        { "/documents/a.pdf", "drop" },         { "/documents/in", "subfolder" },
        { "/documents/in/deep/b.pdf", "drop" }, { "/documents/in/a.pdf", "ENOENT" },
        { "/documents/c.pdf", "ENOENT" }, /* it is in a dataset's list */
    };
    struct tree *t = *state;
    cleanup_drop struct drop *d = NULL;
    struct drop_snapshot s;

    begin(t,
          A_LIST(STAMPED(ONE, "01", "a.pdf", ", \"mtime\": \"1700000000.000000007\"") "," STAMPED(
              TWO, "02", "in/deep/b.pdf", "") "," STAMPED(THREE, "03", "c.pdf",
                                                          ", \"of\": \"datasetId\"")));
    assert_int_equal(look(t, "documents"), 0);
    EXPECT_PATHS(t, cases);
    d = drops_find(t->drops, drop_folder_of(t, "documents"), "a.pdf");
    s = drop_snapshot(t->drops, d);
    assert_string_equal(s.id, "las:document:" ONE);
    assert_int_equal(s.acked.size, 700);
    assert_int_equal(s.mtime_ns, INT64_C(1700000000000000007));
    assert_false(s.dirty || s.has_bytes);
}

static void in_a_dataset_stands_what_was_put_there(void **state)
{
    struct tree *t = *state;

    begin(t, A_LIST(""));
    answer(&t->api, OF_DATASET,
           A_LIST(STAMPED(ONE, "01", "c.pdf", ", \"of\": \"datasetId\"") "," STAMPED(TWO, "02",
                                                                                     "a.pdf", "")));
    assert_int_equal(look(t, "datasets/" DATASET "/documents"), 0);
    assert_true(is_here(t, "datasets/" DATASET "/documents", "c.pdf"));
    assert_false(is_here(t, "datasets/" DATASET "/documents", "a.pdf"));
}

static void what_is_no_name_stays_under_its_id(void **state)
{
    static const char *const paths[] = { "../a.pdf",
                                         "a.pdf~",
                                         ".a.pdf",
                                         "a.pdf.json",
                                         ".git/a.pdf",
                                         "las:document:" ONE,
                                         "x/las:document:" ONE "/a.pdf" };

    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        char list[1024];
        struct tree *t;
        void *one;

        print_message("%s\n", paths[i]);
        tree_setup(&one);
        t = one;
        snprintf(list, sizeof(list), A_LIST(STAMPED(ONE, "01", "%s", "")), paths[i]);
        begin(t, list);
        assert_int_equal(look(t, "documents"), 0);
        assert_false(drops_has_id(t->drops, "las:document:" ONE));
        tree_teardown(&one);
    }
    (void)state;
}

/* Nor does it leave a folder behind. */
static void no_folder_is_made_for_what_is_no_file(void **state)
{
    struct tree *t = *state;

    begin(t, A_LIST(STAMPED(ONE, "01", "in/deep/a.pdf~", "")));
    assert_int_equal(look(t, "documents"), 0);
    assert_false(is_here(t, "documents", "in"));
}

/* As long as nothing has answered, the list itself shows what server this is. */
static void the_first_look_of_a_mount_finds_them(void **state)
{
    struct tree *t = *state;

    answer(&t->api, LIST, A_LIST(STAMPED(ONE, "01", "a.pdf", "")));
    assert_false(known_today(t->api.remote));
    assert_int_equal(look(t, "documents"), 0);
    assert_true(is_here(t, "documents", "a.pdf"));
}

static void at_an_older_server_one_page_shows_that_there_are_none(void **state)
{
    struct tree *t = *state;

    answer(&t->api, LIST,
           "{\"documents\": [{\"documentId\": \"las:document:" ONE "\", \"batchId\": \"b\"}],"
           " \"nextToken\": \"more\"}");
    assert_int_equal(look(t, "documents"), 0);
    assert_in_range(requests(&t->api), 1, 2); /* one more page may be read ahead of who lists */
    assert_string_equal(at(t, "/documents/scan.pdf"), "ENOENT");
    assert_in_range(requests(&t->api), 1, 2);
}

/* The page was under way when it was deleted. */
static void what_was_deleted_here_does_not_come_back(void **state)
{
    struct target of = { .res = resource_get(RES_DOCUMENTS), .id = "las:document:" TWO };
    struct tree *t = *state;

    begin(t, A_LIST(STAMPED(ONE, "01", "a.pdf", "")));
    assert_string_equal(at(t, "/documents/a.pdf"), "drop");
    known_removed(t->api.remote, &of);
    answer(&t->api, NEWEST, A_LIST(STAMPED(TWO, "59", "b.pdf", "")));
    fake_clock_advance(&t->api.fake, LIST_TTL_MS + 1);
    assert_string_equal(at(t, "/documents/b.pdf"), "ENOENT");
    answer(&t->api, LIST, A_LIST(STAMPED(TWO, "59", "b.pdf", "")));
    fake_clock_advance(&t->api.fake, LIST_TTL_MS + 1);
    assert_int_equal(look(t, "documents"), 0); /* a list that lags */
    assert_false(is_here(t, "documents", "b.pdf"));
}

/* Nothing is asked a second time before list_ttl, and then only for what is new. */
static void a_name_that_is_not_here_is_looked_for(void **state)
{
    struct tree *t = *state;
    unsigned asked;

    begin(t, A_LIST(STAMPED(ONE, "01", "a.pdf", "")));
    assert_string_equal(at(t, "/documents/a.pdf"), "drop");
    asked = requests(&t->api);
    assert_string_equal(at(t, "/documents/b.pdf"), "ENOENT");
    assert_int_equal(requests(&t->api), asked);
    answer(&t->api, NEWEST,
           A_LIST(STAMPED(TWO, "59", "b.pdf", "") "," STAMPED(ONE, "01", "a.pdf", "")));
    fake_clock_advance(&t->api.fake, LIST_TTL_MS + 1);
    assert_string_equal(at(t, "/documents/b.pdf.part"), "ENOENT"); /* nobody else has that */
    assert_int_equal(requests(&t->api), asked);
    assert_string_equal(at(t, "/documents/b.pdf"), "drop");
    assert_int_equal(requests(&t->api), asked + 1);
}

static void who_must_not_wait_is_told_so(void **state)
{
    struct call now = { .nowait = true };
    struct tree *t = *state;
    struct folder *in;
    bool loaded;

    begin(t, A_LIST(""));
    in = drop_folder_of(t, "documents/in");
    drop_folder_of(t, "documents/other");
    assert_string_equal(at_by(t, &now, "/documents/a.pdf"), "EAGAIN");
    assert_int_equal(shared_look_for(t->inodes, &now, in, "a.pdf"), -EWOULDBLOCK);
    assert_false(drops_has_folder(t->drops, "documents", &loaded) && loaded); /* nor for the disk */
}

static void what_cannot_be_asked_is_not_there(void **state)
{
    struct tree *t = *state;

    begin(t, "");
    answer_status(&t->api, LIST, 403);
    assert_string_equal(at(t, "/documents/a.pdf"), "ENOENT");
    assert_int_equal(look(t, "documents"), -EACCES);
}

static void of_two_of_one_name_the_second_gets_digits(void **state)
{
    struct tree *t = *state;
    char page[1024] = "";

    begin(t, A_LIST(STAMPED(ONE, "01", "a.pdf", "") "," STAMPED(TWO, "02", "a.pdf", "")));
    assert_int_equal(look(t, "documents"), 0);
    assert_true(is_here(t, "documents", "a.pdf"));
    assert_true(is_here(t, "documents", "a.pdf~22222222"));
    errlog_read(t->api.errlog, 0, page, sizeof(page) - 1);
    assert_non_null(strstr(page, "a.pdf~22222222"));
}

/* What is on its way from here may be the very one. */
static void what_is_written_here_is_waited_for(void **state)
{
    struct tree *t = *state;
    cleanup_drop struct drop *d = NULL;

    begin(t, A_LIST(STAMPED(ONE, "01", "a.pdf", "")));
    assert_int_equal(drops_add(t->drops, drop_folder_of(t, "documents"), "a.pdf", DROP_FILE, &d),
                     0);
    assert_int_equal(look(t, "documents"), 0);
    assert_false(drops_has_id(t->drops, "las:document:" ONE));
}

static int64_t changed_ns(struct tree *t, const char *key)
{
    struct folder *f;

    assert_int_equal(drops_folder(t->drops, key, &f), 0);
    return f->changed_ns;
}

/* Or tar, which has looked at the folder before it lists it, says that it changed. */
static void what_was_there_before_anybody_looked_is_no_change(void **state)
{
    struct tree *t = *state;

    begin(t, A_LIST(STAMPED(ONE, "01", "in/a.pdf", "")));
    assert_int_equal(look(t, "documents"), 0);
    assert_true(is_here(t, "documents/in", "a.pdf"));
    assert_int_equal(changed_ns(t, "documents"), 0);
    assert_int_equal(changed_ns(t, "documents/in"), 0);
    known_forget_all(t->api.remote);
    answer(&t->api, LIST,
           A_LIST(STAMPED(ONE, "01", "in/a.pdf", "") ", " STAMPED(TWO, "02", "b.pdf", "")));
    assert_int_equal(look(t, "documents"), 0);
    assert_true(is_here(t, "documents", "b.pdf"));
    assert_true(changed_ns(t, "documents") > 0);
    assert_int_equal(changed_ns(t, "documents/in"), 0);
}

/* As another machine has renamed it. */
static void what_has_a_name_here_gets_the_one_that_is_said(void **state)
{
    struct tree *t = *state;
    struct node *n;

    begin(t, A_LIST(STAMPED(ONE, "01", "old.pdf", "")));
    put(t, "documents", "old.pdf", DROP_FILE, "las:document:" ONE);
    n = walk(t, "/documents/old.pdf");
    known_forget_all(t->api.remote);
    answer(&t->api, LIST, A_LIST(STAMPED(ONE, "01", "in/a.pdf", "")));
    assert_int_equal(look(t, "documents"), 0);
    assert_true(is_here(t, "documents/in", "a.pdf"));
    assert_false(is_here(t, "documents", "old.pdf"));
    assert_string_equal(at(t, "/documents/old.pdf"), "ENOENT");
    assert_string_equal(at(t, "/documents/in/a.pdf"), "drop");
    node_unref(t->nodes, n);
}

/* Who looks for it by its old name does not get it, and nobody has to list the folder before. */
static void what_is_called_otherwise_does_not_answer_to_its_old_name(void **state)
{
    struct tree *t = *state;
    struct call now = { .nowait = true };

    begin(t, A_LIST(STAMPED(ONE, "01", "in/a.pdf", "")));
    put(t, "documents", "old.pdf", DROP_FILE, "las:document:" ONE);
    answer(&t->api, "GET /documents/las%3Adocument%3A" ONE, STAMPED(ONE, "01", "in/a.pdf", ""));
    answer(&t->api, "GET /documents/las:document:" ONE, STAMPED(ONE, "01", "in/a.pdf", ""));
    assert_string_equal(at_by(t, &now, "/documents/old.pdf"), "EAGAIN");
    assert_string_equal(at(t, "/documents/old.pdf"), "ENOENT");
    assert_true(is_here(t, "documents/in", "a.pdf"));
}

/* A list that lags says what was so. */
static void what_is_called_otherwise_is_asked_for_before_that_is_believed(void **state)
{
    struct tree *t = *state;

    begin(t, A_LIST(STAMPED(ONE, "01", "before.pdf", "")));
    put(t, "documents", "now.pdf", DROP_FILE, "las:document:" ONE);
    answer(&t->api, "GET /documents/las%3Adocument%3A" ONE, STAMPED(ONE, "02", "now.pdf", ""));
    answer(&t->api, "GET /documents/las:document:" ONE, STAMPED(ONE, "02", "now.pdf", ""));
    assert_string_equal(at(t, "/documents/now.pdf"), "drop");
}

/* Whoever holds it is about to change it: the next list says it again. */
static void what_is_held_keeps_its_name_for_a_while(void **state)
{
    struct tree *t = *state;
    cleanup_drop struct drop *d = NULL;

    begin(t, A_LIST(STAMPED(ONE, "01", "a.pdf", "")));
    d = put_here(t, "documents", "old.pdf", DROP_FILE, "las:document:" ONE);
    assert_int_equal(drop_lock_exclusive(t->drops, d, &t->api.call), 0);
    assert_int_equal(look(t, "documents"), 0);
    drop_unlock_exclusive(t->drops, d);
    assert_true(is_here(t, "documents", "old.pdf"));
    fake_clock_advance(&t->api.fake, LIST_TTL_MS + 1);
    assert_int_equal(look(t, "documents"), 0);
    assert_true(is_here(t, "documents", "a.pdf"));
}

/* The list was asked for before that answer. */
static void what_a_later_answer_says_counts(void **state)
{
    struct target of = { .res = resource_get(RES_DOCUMENTS), .id = "las:document:" ONE };
    const char *text =
        "{\"documentId\": \"las:document:" ONE
        "\", " MADE("01") ", \"updatedTime\": \"2026-01-01T00:01:00Z\", \"metadata\": {\"lasfs\": "
                          "{\"path\": \"later.pdf\", \"size\": \"700\"}}}";
    struct tree *t = *state;
    cleanup_record struct record *now = record_of(RES_DOCUMENTS, text);

    begin(t, A_LIST(STAMPED(ONE, "01", "a.pdf", "")));
    put(t, "documents", "old.pdf", DROP_FILE, "las:document:" ONE);
    known_changed(t->api.remote, &of, now);
    assert_int_equal(look(t, "documents"), 0);
    assert_true(is_here(t, "documents", "later.pdf"));
    assert_false(is_here(t, "documents", "a.pdf"));
}

/* What is called so is on its way, and may end as anything. */
static void a_name_that_is_not_settled_is_waited_for(void **state)
{
    struct tree *t = *state;
    cleanup_drop struct drop *d = NULL;

    begin(t, A_LIST(STAMPED(ONE, "01", "a.pdf", "")));
    put(t, "documents", "old.pdf", DROP_FILE, "las:document:" ONE);
    assert_int_equal(drops_add(t->drops, drop_folder_of(t, "documents"), "a.pdf", DROP_FILE, &d),
                     0);
    assert_int_equal(look(t, "documents"), 0);
    assert_true(is_here(t, "documents", "old.pdf"));
    assert_int_equal(drops_remove(t->drops, d, false), 0);
    fake_clock_advance(&t->api.fake, LIST_TTL_MS + 1);
    assert_int_equal(look(t, "documents"), 0);
    assert_true(is_here(t, "documents", "a.pdf"));
}

/* Each has found that nothing here stands for it: the second one is too late. */
static void of_two_looks_at_once_one_gives_it_a_name(void **state)
{
    const struct sent_file sent = { .id = "las:document:" ONE, .mode = 0600 };
    struct tree *t = *state;
    struct folder *f = drop_folder_of(t, "documents");
    cleanup_drop struct drop *first = NULL;
    struct drop *second = NULL;

    assert_int_equal(drops_add_sent(t->drops, f, "a.pdf", &sent, &first), 0);
    assert_int_equal(drops_add_sent(t->drops, f, "a.pdf~11111111", &sent, &second), -EEXIST);
    assert_null(second);
    assert_false(is_here(t, "documents", "a.pdf~11111111"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TREE_TEST(each_is_where_it_was_put),
        A_TREE_TEST(in_a_dataset_stands_what_was_put_there),
        cmocka_unit_test(what_is_no_name_stays_under_its_id),
        A_TREE_TEST(no_folder_is_made_for_what_is_no_file),
        A_TREE_TEST(the_first_look_of_a_mount_finds_them),
        A_TREE_TEST(at_an_older_server_one_page_shows_that_there_are_none),
        A_TREE_TEST(what_was_deleted_here_does_not_come_back),
        A_TREE_TEST(a_name_that_is_not_here_is_looked_for),
        A_TREE_TEST(who_must_not_wait_is_told_so),
        A_TREE_TEST(what_cannot_be_asked_is_not_there),
        A_TREE_TEST(of_two_of_one_name_the_second_gets_digits),
        A_TREE_TEST(what_is_written_here_is_waited_for),
        A_TREE_TEST(what_was_there_before_anybody_looked_is_no_change),
        A_TREE_TEST(what_has_a_name_here_gets_the_one_that_is_said),
        A_TREE_TEST(what_is_called_otherwise_does_not_answer_to_its_old_name),
        A_TREE_TEST(what_is_called_otherwise_is_asked_for_before_that_is_believed),
        A_TREE_TEST(what_is_held_keeps_its_name_for_a_while),
        A_TREE_TEST(what_a_later_answer_says_counts),
        A_TREE_TEST(a_name_that_is_not_settled_is_waited_for),
        A_TREE_TEST(of_two_looks_at_once_one_gives_it_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
