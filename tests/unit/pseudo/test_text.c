/* Files whose text is made up, but fields and the pages of .lasfs: test_field.c and test_about.c. */
#include "pseudo_fixture.h"

#include "about.h"
#include "drop_failed.h"

#include "banned.h"

#define EXECUTION "/transitions/transition#8/executions/transition-execution#9/"

static void add_execution(struct mount *m)
{
    api_add(&m->w.api, "transitions", "{'transitionId': 'transition#8'}");
    api_add(&m->w.api, "transitions/transition#8/executions",
            "{'executionId': 'transition-execution#9', 'transitionId': 'transition#8'}");
}

/* --- Reading ---------------------------------------------------------------------------------- */

static void the_readme_names_every_collection_and_every_command(void **state)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_BYTES);
    struct mount *m = *state;
    const struct tree_row *row;

    start_mount(m);
    assert_int_equal(read_path(m, "/README", &text), 0);
    assert_string_equal(text.data, about_readme);
    for (unsigned i = 0; (row = tree_child(NODE_ROOT, RES_NONE, i)); i++)
        if (row->kind == NODE_COLLECTION || row->kind == NODE_CONSENTS) {
            print_message("%s\n", row->name);
            assert_non_null(strstr(text.data, row->name));
        }
    for (unsigned i = 0; (row = tree_child(NODE_LASFS, RES_NONE, i)); i++)
        if (row->kind != NODE_METRICS)
            assert_non_null(strstr(text.data, row->name));
}

static void commands_have_no_text(void **state)
{
    struct mount *m = *state;

    start_mount(m);
    add_execution(m);
    expect_text(m, "/.lasfs/refresh", "");
    expect_text(m, "/.lasfs/control", "");
    expect_text(m, EXECUTION "heartbeat", "");
}

static void a_note_says_what_failed_why_and_when(void **state)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_BYTES);
    struct mount *m = *state;
    struct node *n;

    start_mount(m);
    assert_int_equal(put(&m->w, "documents", "a.txt", "hello"), -EINVAL);
    expect_text(m, "/documents/a.txt.error.txt",
                "a.txt: its bytes are text/plain, which the API does not take as documents\n"
                "failed at 2023-11-14T23:13:20Z\n");
    assert_int_equal(find_node(m, "/documents/b.txt.error.txt", &n), -ENOENT);
    assert_int_equal(find_node(m, "/documents/a.txt.error.txt", &n), 0);
    assert_int_equal(drops_supersede(m->w.drops, folder_at(&m->w, "documents"), "a.txt"), 0);
    assert_int_equal(text_of(m->pseudo, &m->w.call, n, &text, &m->w.err), -ENOENT);
    node_unref(m->nodes, n);
}

static void what_asks_a_disk_or_the_server_does_not_do_so_in_a_hurry(void **state)
{
    static const char *const slow[] = { "/.lasfs/status", "/.lasfs/metrics",
                                        "/documents/.sha256sums", "/documents/.files.tsv" };
    struct mount *m = *state;
    struct call now = { .nowait = true };

    start_mount(m);
    for (size_t i = 0; i < ARRAY_LEN(slow); i++) {
        cleanup_buf struct buf text = BUF_INIT(TEXT_BYTES);
        struct node *n;

        print_message("%s\n", slow[i]);
        assert_int_equal(find_node(m, slow[i], &n), 0);
        assert_int_equal(text_of(m->pseudo, &now, n, &text, &m->w.err), -EWOULDBLOCK);
        node_unref(m->nodes, n);
    }
    expect_said(&m->w.api, "");
}

/* --- Writing ---------------------------------------------------------------------------------- */

static void a_heartbeat_is_one_post(void **state)
{
    struct mount *m = *state;

    start_mount(m);
    add_execution(m);
    assert_int_equal(write_path(m, EXECUTION "heartbeat", "\n"), 0);
    forget_said(m);
    assert_int_equal(write_path(m, EXECUTION "heartbeat", "\n"), 0);
    expect_said(&m->w.api,
                "POST transitions/transition#8/executions/transition-execution#9/heartbeats {}\n");
}

static void a_lease_that_is_lost_is_stale(void **state)
{
    struct mount *m = *state;

    start_mount(m);
    add_execution(m);
    api_rule(&m->w.api, -1, "POST", "*heartbeats", 400, "{'message': 'it has ended'}");
    assert_int_equal(write_path(m, EXECUTION "heartbeat", "\n"), -ESTALE);
    assert_string_equal(m->w.err.text, "it has ended");
}

static void refresh_forgets_all_that_is_known(void **state)
{
    struct mount *m = *state;

    start_mount(m);
    api_add(&m->w.api, "datasets", "{'datasetId': 'dataset#1', 'name': 'one'}");
    expect_text(m, "/datasets/dataset#1/name", "one\n");
    api_change(&m->w.api, "datasets/dataset#1", "{'name': 'other'}");
    expect_text(m, "/datasets/dataset#1/name", "one\n");
    assert_int_equal(write_path(m, "/.lasfs/refresh", "\n"), 0);
    assert_string_equal(m->told, "all ");
    expect_text(m, "/datasets/dataset#1/name", "other\n");
}

/* What was sent a moment ago may not be in a list yet; but whoever refreshes wants to know. */
static void refresh_has_the_lists_believed(void **state)
{
    struct mount *m = *state;
    cleanup_buf struct buf before = BUF_INIT(TEXT_BYTES);

    start_mount(m);
    assert_int_equal(put(&m->w, "documents", "a.pdf", pdf("a")), 0);
    api_change(&m->w.api, "documents/document#1", NULL);
    assert_int_equal(read_path(m, "/documents/.sha256sums", &before), 0);
    assert_non_null(strstr(buf_str(&before), "  a.pdf\n"));
    assert_int_equal(write_path(m, "/.lasfs/refresh", "\n"), 0);
    expect_text(m, "/documents/.sha256sums", "");
}

static void a_read_only_mount_takes_commands(void **state)
{
    struct mount *m = *state;

    m->w.ro = true;
    start_mount(m);
    assert_int_equal(write_path(m, "/.lasfs/refresh", "\n"), 0);
    assert_int_equal(write_path(m, "/.lasfs/control", "flush\n"), 0);
}

static void a_command_that_is_too_long_is_refused_in_words(void **state)
{
    cleanup_free char *text = malloc(10001);
    struct mount *m = *state;

    memset(text, 'a', 10000);
    text[10000] = '\0';
    start_mount(m);
    assert_int_equal(write_path(m, "/.lasfs/control", text), -EFBIG);
    assert_non_null(strstr(m->w.err.text, "write a shorter one"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_readme_names_every_collection_and_every_command),
        TEST(commands_have_no_text),
        TEST(a_note_says_what_failed_why_and_when),
        TEST(what_asks_a_disk_or_the_server_does_not_do_so_in_a_hurry),
        TEST(a_heartbeat_is_one_post),
        TEST(a_lease_that_is_lost_is_stale),
        TEST(refresh_forgets_all_that_is_known),
        TEST(refresh_has_the_lists_believed),
        TEST(a_read_only_mount_takes_commands),
        TEST(a_command_that_is_too_long_is_refused_in_words),
    };

    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
