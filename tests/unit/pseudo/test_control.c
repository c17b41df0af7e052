/* Commands to the daemon: .lasfs/control. */
#include "pseudo_fixture.h"

#include "drop_failed.h"

#include "banned.h"

#define IN_7 "datasets/dataset#7/documents"
#define POSTED "POST documents {'contentType':'application/pdf'}\n"

static int command(struct mount *m, const char *text)
{
    return write_path(m, "/.lasfs/control", text);
}

/* --- Words ------------------------------------------------------------------------------------ */

static void what_is_no_command_is_told_what_is_one(void **state)
{
    static const char *const wrong[] = {
        "reboot", "refresh",     "refresh \n", "retry",
        "purge",  "flush now\n", "Flush",      "refreshdocuments"
    };
    struct mount *m = *state;

    start_mount(m);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        print_message("%s\n", wrong[i]);
        assert_int_equal(command(m, wrong[i]), -EINVAL);
        assert_string_equal(m->w.err.text,
                            "commands are: refresh PATH, flush, retry NAME|PATTERN|all, "
                            "purge PATH [N]");
    }
    expect_said(&m->w.api, "");
}

static void a_command_is_a_line_and_the_first_that_fails_ends_them(void **state)
{
    struct mount *m = *state;

    start_mount(m);
    api_add(&m->w.api, "datasets", "{'datasetId': 'dataset#7'}");
    assert_int_equal(command(m, ""), 0);
    assert_int_equal(command(m, "\n \t\n"), 0);
    assert_int_equal(command(m, " \tflush\n\nrefresh\tdocuments\n"), 0);
    assert_string_equal(m->told, "attr:/documents ");
    assert_int_equal(command(m, "refresh documents\nnonsense\nrefresh datasets\n"), -EINVAL);
    assert_string_equal(m->told, "attr:/documents ");
}

/* --- Refresh ---------------------------------------------------------------------------------- */

static void refresh_forgets_one_resource(void **state)
{
    struct mount *m = *state;

    start_mount(m);
    api_add(&m->w.api, "datasets", "{'datasetId': 'dataset#1', 'name': 'one'}");
    api_add(&m->w.api, "datasets", "{'datasetId': 'dataset#2', 'name': 'two'}");
    expect_text(m, "/datasets/dataset#1/name", "one\n");
    expect_text(m, "/datasets/dataset#2/name", "two\n");
    api_change(&m->w.api, "datasets/dataset#1", "{'name': 'other'}");
    api_change(&m->w.api, "datasets/dataset#2", "{'name': 'another'}");
    assert_int_equal(command(m, "refresh ./datasets//dataset#1/\n"), 0);
    assert_string_equal(m->told, "attr:/datasets/dataset#1 ");
    expect_text(m, "/datasets/dataset#1/name", "other\n");
    expect_text(m, "/datasets/dataset#2/name", "two\n");
}

static void refresh_forgets_a_list(void **state)
{
    struct mount *m = *state;
    struct node *n;

    start_mount(m);
    api_add(&m->w.api, "datasets", "{'datasetId': 'dataset#1', 'name': 'one'}");
    assert_int_equal(find_node(m, "/datasets/one", &n), 0);
    node_unref(m->nodes, n);
    api_add(&m->w.api, "datasets", "{'datasetId': 'dataset#2', 'name': 'two'}");
    assert_int_equal(find_node(m, "/datasets/two", &n), -ENOENT);
    assert_int_equal(command(m, "refresh datasets"), 0);
    assert_int_equal(find_node(m, "/datasets/two", &n), 0);
    node_unref(m->nodes, n);
}

/* What was sent a moment ago may not be in them yet; but whoever refreshes wants to know. */
static void refresh_has_the_lists_believed(void **state)
{
    struct mount *m = *state;
    cleanup_buf struct buf before = BUF_INIT(TEXT_BYTES);

    start_mount(m);
    assert_int_equal(put(&m->w, "documents", "a.pdf", pdf("a")), 0);
    api_change(&m->w.api, "documents/document#1", NULL);
    assert_int_equal(read_path(m, "/documents/.files.tsv", &before), 0);
    assert_true(before.len > 0);
    assert_int_equal(command(m, "refresh documents"), 0);
    expect_text(m, "/documents/.files.tsv", "");
}

static void refresh_of_nothing_says_so(void **state)
{
    struct mount *m = *state;

    start_mount(m);
    assert_int_equal(command(m, "refresh datasets/nobody"), -ENOENT);
    assert_string_equal(m->w.err.text, "there is nothing at the path given");
    assert_int_equal(command(m, "refresh README/name"), -ENOTDIR);
    assert_int_equal(command(m, "refresh /"), 0); /* of no resource: nothing to forget */
}

/* --- Flush ------------------------------------------------------------------------------------ */

static void *release_later(void *arg)
{
    struct mount *m = arg;

    fake_sleep_ms(5);
    uploads_end_release(m->w.uploads);
    pass(&m->w, 1000);
    return NULL;
}

static void flush_waits_for_what_was_closed(void **state)
{
    struct mount *m = *state;
    pthread_t thread;

    start_mount(m);
    uploads_begin_release(m->w.uploads);
    assert_int_equal(pthread_create(&thread, NULL, release_later, m), 0);
    assert_int_equal(command(m, "flush\n"), 0);
    assert_false(uploads_are_releasing(m->w.uploads));
    pthread_join(thread, NULL);
}

static void flush_can_be_interrupted(void **state)
{
    struct mount *m = *state;

    start_mount(m);
    uploads_begin_release(m->w.uploads);
    call_cancel(&m->w.call);
    assert_int_equal(command(m, "flush\n"), -EINTR);
}

/* --- Retry ------------------------------------------------------------------------------------ */

/* Puts that are refused: .lasfs/failed/1-a.pdf and so on. */
static void fail_some(struct mount *m, const char *const names[], size_t n)
{
    api_rule(&m->w.api, -1, "POST", "documents", 400, "{'message': 'no'}");
    for (size_t i = 0; i < n; i++)
        assert_int_equal(put(&m->w, "documents", names[i], pdf(names[i])), -EINVAL);
    api_forget_rules(&m->w.api);
    forget_said(m);
}

static void retry_sends_one_once_more(void **state)
{
    static const char *const names[] = { "a.pdf", "b.pdf" };
    struct mount *m = *state;

    start_mount(m);
    fail_some(m, names, 2);
    assert_int_equal(command(m, "retry 2-b.pdf\n"), 0);
    expect_said(&m->w.api, POSTED);
    expect_content(&m->w.api, "documents/document#1", pdf("b.pdf"), strlen(pdf("b.pdf")));
    expect_file(&m->w, "documents", "b.pdf", "document#1");
    expect_failed(&m->w, "documents", "b.pdf", NULL, NULL);
    expect_failed(&m->w, "documents", "a.pdf", pdf("a.pdf"), "no");
    assert_int_equal(command(m, "retry 2-b.pdf\n"), -ENOENT);
    assert_string_equal(m->w.err.text, "nothing in .lasfs/failed is called so");
}

static void what_fails_again_is_kept_as_it_was(void **state)
{
    static const char *const names[] = { "a.pdf" };
    struct mount *m = *state;

    start_mount(m);
    fail_some(m, names, 1);
    api_rule(&m->w.api, 1, "POST", "documents", 400, "{'message': 'no again'}");
    assert_int_equal(command(m, "retry 1-a.pdf\n"), -EINVAL);
    assert_string_equal(m->w.err.text, "no again");
    expect_failed(&m->w, "documents", "a.pdf", pdf("a.pdf"), "no again");
    expect_file(&m->w, "documents", "a.pdf", NULL);
    remount_mount(m);
    expect_failed(&m->w, "documents", "a.pdf", pdf("a.pdf"), "no again");
    expect_file(&m->w, "documents", "a.pdf", NULL);
}

static void retry_does_not_go_over_something_newer(void **state)
{
    static const char *const names[] = { "a.pdf" };
    cleanup_drop struct drop *d = NULL;
    struct mount *m = *state;

    start_mount(m);
    fail_some(m, names, 1);
    d = write_drop(&m->w, "documents", "a.pdf", pdf("newer"), strlen(pdf("newer")));
    assert_int_equal(command(m, "retry 1-a.pdf\n"), -EBUSY);
    assert_string_equal(m->w.err.text, "something newer is under its name, or being written there");
    expect_local(&m->w, "documents", "a.pdf", pdf("newer"));
    expect_failed(&m->w, "documents", "a.pdf", pdf("a.pdf"), "no");
    expect_said(&m->w.api, "");
}

static void what_failed_to_replace_replaces_then(void **state)
{
    struct mount *m = *state;
    struct node *n;

    start_mount(m);
    assert_int_equal(put(&m->w, "documents", "a.pdf", pdf("one")), 0);
    pass(&m->w, 1);
    assert_int_equal(find_node(m, "/documents/a.pdf", &n), 0);
    api_rule(&m->w.api, 1, "POST", "documents", 400, "{'message': 'no'}");
    assert_int_equal(put(&m->w, "documents", "a.pdf", pdf("two")), -EINVAL);
    expect_file(&m->w, "documents", "a.pdf", "document#1");
    assert_int_equal(command(m, "retry 1-a.pdf\n"), 0);
    assert_string_equal(m->told, "attr:/documents/a.pdf "); /* its size, under the path it has */
    expect_there(&m->w.api, "documents", "document#2 ");
    node_unref(m->nodes, n);
}

static const struct {
    const char *pattern; /* with ids as they are written here */
    int rc;
    const char *sent; /* which of the three */
} patterns[] = {
    { "all", 0, "abx" },
    { "*", 0, "abx" },
    { "*-a.pdf", 0, "a" },
    { "[12]-*", 0, "ab" },
    { "documents/*", 0, "ab" },
    { "/documents/b.*", 0, "b" },
    { "/documents/b.pdf", 0, "b" },
    { "datasets/*", 0, "x" },
    { "datasets/seven/documents/*.pdf", 0, "x" }, /* a name of its folder */
    { "/datasets/dataset#7/documents/x*", 0, "x" },
    { "nothing*", -ENOENT, "" },
    { "datasets/nobody/documents/*", -ENOENT, "" },
};

static void retry_of_a_pattern_takes_names_and_paths(void **state)
{
    static const char *const names[] = { "a.pdf", "b.pdf" };
    struct mount *m = *state;

    for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
        cleanup_buf struct buf text = BUF_INIT(256);
        struct world *w = &m->w;
        char sent[4] = "";
        size_t n = 0;

        print_message("%s\n", patterns[i].pattern);
        start_mount(m);
        api_add(&w->api, "datasets", "{'datasetId': 'dataset#7', 'name': 'seven'}");
        fail_some(m, names, 2);
        api_rule(&w->api, 1, "POST", "documents", 400, "{'message': 'no'}");
        assert_int_equal(put(w, IN_7, "x.pdf", pdf("x")), -EINVAL);
        buf_addf(&text, "retry %s\n", patterns[i].pattern);
        assert_int_equal(command(m, text.data), patterns[i].rc);
        for (const char *c = "ab"; *c; c++) {
            char name[] = "?.pdf";
            cleanup_drop struct drop *d = NULL;

            name[0] = *c;
            d = find_file(w, "documents", name);
            if (d)
                sent[n++] = *c;
        }
        cleanup_drop struct drop *x = find_file(w, IN_7, "x.pdf");
        if (x)
            sent[n++] = 'x';
        assert_string_equal(sent, patterns[i].sent);
        drop_unref(x);
        x = NULL;
        stop_mount(m);
    }
}

static void several_are_sent_in_the_order_in_which_they_failed(void **state)
{
    static const char *const folders[] = { "documents", IN_7, "documents" };
    struct mount *m = *state;

    start_mount(m);
    api_add(&m->w.api, "datasets", "{'datasetId': 'dataset#7', 'name': 'seven'}");
    api_rule(&m->w.api, -1, "POST", "documents", 400, "{'message': 'no'}");
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        char name[] = "0.pdf";

        name[0] = (char)('0' + i);
        assert_int_equal(put(&m->w, folders[i], name, pdf(name)), -EINVAL);
    }
    api_forget_rules(&m->w.api);
    assert_int_equal(command(m, "retry all\n"), 0);
    expect_file(&m->w, "documents", "0.pdf", "document#1");
    expect_file(&m->w, IN_7, "1.pdf", "document#2");
    expect_file(&m->w, "documents", "2.pdf", "document#3");
}

static void each_that_fails_has_a_line_and_the_first_ones_error_is_returned(void **state)
{
    static const char *const names[] = { "a.pdf", "b.pdf", "c.pdf" };
    struct mount *m = *state;

    start_mount(m);
    fail_some(m, names, 3);
    api_rule(&m->w.api, 1, "POST", "documents", 429, "{'message': 'Limit Exceeded'}");
    api_rule(&m->w.api, 1, "POST", "documents", 400, "{'message': 'no again'}");
    assert_int_equal(command(m, "retry all\n"), -EDQUOT);
    assert_string_equal(m->w.err.text, "2 of 3 could not be delivered");
    expect_lines(&m->w, 2,
                 "retry /documents/a.pdf: Disk quota exceeded (HTTP 429): Limit Exceeded");
    expect_lines(&m->w, 2, "retry /documents/b.pdf: Invalid argument (HTTP 400): no again");
    expect_file(&m->w, "documents", "c.pdf", "document#1");
    assert_int_equal(command(m, "retry all\n"), 0);
    assert_int_equal(command(m, "retry all\n"), 0); /* none is left, which is fine */
    expect_there(&m->w.api, "documents", "document#1 document#2 document#3 ");
}

static void who_interrupts_ends_all_of_them(void **state)
{
    static const char *const names[] = { "a.pdf", "b.pdf", "c.pdf" };
    struct mount *m = *state;

    start_mount(m);
    fail_some(m, names, 3);
    call_cancel(&m->w.call);
    assert_int_equal(command(m, "retry all\n"), -EINTR);
    expect_said(&m->w.api, "");
    expect_failed(&m->w, "documents", "b.pdf", pdf("b.pdf"), "no");
}

static void what_had_a_folder_that_is_gone_is_not_sent(void **state)
{
    struct mount *m = *state;

    start_mount(m);
    api_add(&m->w.api, "datasets", "{'datasetId': 'dataset#7', 'name': 'seven'}");
    api_rule(&m->w.api, 1, "POST", "documents", 400, "{'message': 'no'}");
    assert_int_equal(put(&m->w, IN_7, "x.pdf", pdf("x")), -EINVAL);
    api_change(&m->w.api, "datasets/dataset#7", NULL);
    assert_int_equal(command(m, "retry 1-x.pdf\n"), -ENOENT);
    assert_string_equal(m->w.err.text, "the folder that it was put into is gone: copy it from "
                                       ".lasfs/failed to where it belongs");
    expect_failed(&m->w, IN_7, "x.pdf", pdf("x"), "no");
}

static void a_fields_text_is_sent_once_more_too(void **state)
{
    struct mount *m = *state;

    start_mount(m);
    api_add(&m->w.api, "datasets", "{'datasetId': 'dataset#7', 'name': 'seven'}");
    assert_int_equal(drops_add_failed(m->w.drops, folder_at(&m->w, "datasets/dataset#7"), "name",
                                      "eight\n", 6, "no", 0),
                     0);
    api_rule(&m->w.api, 1, "PATCH", "*", 400, "{'message': 'no again'}");
    assert_int_equal(command(m, "retry 1-name\n"), -EINVAL);
    forget_said(m);
    assert_int_equal(command(m, "retry 1-name\n"), 0);
    expect_said(&m->w.api, "PATCH datasets/dataset#7 {'name':'eight'}\n");
    expect_failed(&m->w, "datasets/dataset#7", "name", NULL, NULL);
    /* of a resource that is gone there is nothing to change */
    assert_int_equal(drops_add_failed(m->w.drops, folder_at(&m->w, "datasets/dataset#9"), "name",
                                      "ten\n", 4, "no", 0),
                     0);
    assert_int_equal(command(m, "retry *-name\n"), -ENOENT);
    assert_string_equal(m->w.err.text, "1 of 1 could not be delivered");
}

/* --- Purge ------------------------------------------------------------------------------------ */

static void purge_deletes_the_documents_of_a_folder(void **state)
{
    struct mount *m = *state;

    start_mount(m);
    api_add(&m->w.api, "datasets", "{'datasetId': 'dataset#7', 'name': 'seven'}");
    for (int i = 0; i < 4; i++) {
        char name[] = "0.pdf";

        name[0] = (char)('0' + i);
        assert_int_equal(put(&m->w, IN_7, name, pdf(name)), 0);
    }
    assert_int_equal(put(&m->w, "documents", "stays.pdf", pdf("stays")), 0);
    assert_int_equal(command(m, "purge datasets/seven/documents 3\n"), 0);
    expect_there(&m->w.api, "documents", "document#4 document#5 ");
    expect_file(&m->w, IN_7, "2.pdf", NULL);
    assert_int_equal(command(m, "purge /datasets/dataset#7/documents/\n"), 0);
    expect_there(&m->w.api, "documents", "document#5 ");
    forget_said(m);
    expect_text(m, "/datasets/seven/documents/.files.tsv", ""); /* its list is looked at again */
    expect_said(&m->w.api, "GET documents?datasetId=dataset#7\n");
}

static void purge_deletes_the_documents_of_a_consent(void **state)
{
    struct mount *m = *state;

    start_mount(m);
    assert_int_equal(put(&m->w, "consents/consent#3/documents", "a.pdf", pdf("a")), 0);
    assert_int_equal(put(&m->w, "documents", "b.pdf", pdf("b")), 0);
    forget_said(m);
    assert_int_equal(command(m, "purge consents/consent#3/documents\n"), 0);
    expect_said(&m->w.api, "DELETE documents?maxResults=1000&consentId=consent#3\n");
    expect_there(&m->w.api, "documents", "document#2 ");
}

static void purge_is_of_nothing_else(void **state)
{
    static const struct {
        const char *command;
        int rc;
        const char *words;
    } wrong[] = {
        { "purge documents", -EINVAL,
          "only the documents of a dataset or a consent can be purged" },
        { "purge datasets", -EINVAL, "only the documents of a dataset or a consent can be purged" },
        { "purge datasets/seven", -EINVAL,
          "only the documents of a dataset or a consent can be purged" },
        { "purge transitions/transition#8/logs", -EINVAL,
          "only the documents of a dataset or a consent can be purged" },
        { "purge /", -EINVAL, "only the documents of a dataset or a consent can be purged" },
        { "purge datasets/eight/documents", -ENOENT, "there is nothing at the path given" },
        { "purge datasets/seven/documents 0", -ENOENT, "there is nothing at the path given" },
        { "purge datasets/seven/documents -1", -ENOENT, "there is nothing at the path given" },
        { "purge datasets/seven/documents many", -ENOENT, "there is nothing at the path given" },
    };
    struct mount *m = *state;

    start_mount(m);
    api_add(&m->w.api, "datasets", "{'datasetId': 'dataset#7', 'name': 'seven'}");
    api_add(&m->w.api, "transitions", "{'transitionId': 'transition#8'}");
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        print_message("%s\n", wrong[i].command);
        assert_int_equal(command(m, wrong[i].command), wrong[i].rc);
        assert_string_equal(m->w.err.text, wrong[i].words);
    }
    assert_null(strstr(m->w.api.said, "DELETE"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_no_command_is_told_what_is_one),
        TEST(a_command_is_a_line_and_the_first_that_fails_ends_them),
        TEST(refresh_forgets_one_resource),
        TEST(refresh_forgets_a_list),
        TEST(refresh_has_the_lists_believed),
        TEST(refresh_of_nothing_says_so),
        TEST(flush_waits_for_what_was_closed),
        TEST(flush_can_be_interrupted),
        TEST(retry_sends_one_once_more),
        TEST(what_fails_again_is_kept_as_it_was),
        TEST(retry_does_not_go_over_something_newer),
        TEST(what_failed_to_replace_replaces_then),
        TEST(retry_of_a_pattern_takes_names_and_paths),
        TEST(several_are_sent_in_the_order_in_which_they_failed),
        TEST(each_that_fails_has_a_line_and_the_first_ones_error_is_returned),
        TEST(who_interrupts_ends_all_of_them),
        TEST(what_had_a_folder_that_is_gone_is_not_sent),
        TEST(a_fields_text_is_sent_once_more_too),
        TEST(purge_deletes_the_documents_of_a_folder),
        TEST(purge_deletes_the_documents_of_a_consent),
        TEST(purge_is_of_nothing_else),
    };

    return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
