/* What is too large for a POST: a POST, and a PUT to where its answer says; test_deliver.c has the rest. */
#include "uploads_fixture.h"

#include "deliver_content.h"

#include "banned.h"

#define EVENTUALLY_MS 10000
#define POSTED "POST documents {'contentType':'application/pdf'}\n"

static size_t large(void)
{
    return (size_t)resource_content_max(resource_get(RES_DOCUMENTS)) + 1;
}

/* A file of one byte more than a POST takes. */
static int put_large(struct world *w, const char *name)
{
    cleanup_free char *bytes = calloc(1, large());

    memcpy(bytes, "%PDF-1.4\n1 0 obj", 16);
    bytes[large() - 1] = '!';
    return put_bytes(w, "documents", name, bytes, large());
}

/* An API of today: contents stand at addresses of their own. */
static void start_today(struct world *w)
{
    w->complete = COMPLETE_OFF;
    w->api.file_urls = true;
    start(w);
    assert_int_equal(put(w, "documents", "small.pdf", pdf("a")), 0);
    expect_said(&w->api, POSTED);
}

static int note_row(void *arg, const struct drop_row *row)
{
    (void)row;
    ++*(unsigned *)arg;
    return 0;
}

/* How many are made and lack their content, as far as the next mount would know. */
static unsigned unfinished(struct world *w)
{
    unsigned n = 0;

    assert_int_equal(state_load_in_state(w->state, ROW_UNFINISHED, note_row, &n, NULL), 0);
    return n;
}

static void put_unfinished(struct world *w, enum resource_kind kind, const char *id)
{
    struct drop_row row = {
        .folder = ".unfinished", .name = id, .kind = (int)kind, .state = ROW_UNFINISHED
    };

    assert_int_equal(state_put_drop(w->state, &row, true, NULL), 0);
}

static void drain(struct world *w)
{
    assert_true(pool_drain(w->pool, EVENTUALLY_MS));
}

/* --- Sending ---------------------------------------------------------------------------------- */

static void a_large_content_follows_its_resource(void **state)
{
    struct world *w = *state;
    cleanup_free char *bytes = calloc(1, large());

    start_today(w);
    assert_int_equal(put_large(w, "large.pdf"), 0);
    expect_said(&w->api, POSTED "PUT /files/document#2\n");
    memcpy(bytes, "%PDF-1.4\n1 0 obj", 16);
    bytes[large() - 1] = '!';
    expect_content(&w->api, "documents/document#2", bytes, large());
    expect_file(w, "documents", "large.pdf", "document#2");
    assert_int_equal(unfinished(w), 0);
    expect_lines(w, 0, "");
}

static void a_resource_without_its_content_is_deleted_again(void **state)
{
    struct world *w = *state;

    start_today(w);
    api_rule(&w->api, -1, "PUT", "/files/*", 403, NULL);
    assert_int_equal(put_large(w, "large.pdf"), -EACCES);
    drain(w);
    expect_there(&w->api, "documents", "document#1 ");
    expect_file(w, "documents", "large.pdf", NULL);
    assert_int_equal(unfinished(w), 0);
    expect_lines(w, 0, "");
}

static void what_cannot_be_deleted_is_one_line_and_goes_with_the_next_mount(void **state)
{
    struct world *w = *state;

    start_today(w);
    api_rule(&w->api, -1, "PUT", "/files/*", 403, NULL);
    api_rule(&w->api, -1, "DELETE", "*", 403, "{'message': 'not today'}");
    assert_int_equal(put_large(w, "large.pdf"), -EACCES);
    drain(w);
    expect_lines(w, 1, "delete what has no content las:document:");
    assert_int_equal(unfinished(w), 1);
    api_forget_rules(&w->api);
    remount(w);
    drain(w);
    expect_there(&w->api, "documents", "document#1 ");
    assert_int_equal(unfinished(w), 0);
}

static void a_refused_post_leaves_nothing_to_delete(void **state)
{
    struct world *w = *state;

    start_today(w);
    api_rule(&w->api, -1, "POST", "documents", 400, "{'message': 'no'}");
    assert_int_equal(put_large(w, "large.pdf"), -EINVAL);
    drain(w);
    expect_said(&w->api, POSTED);
    assert_int_equal(unfinished(w), 0);
}

/* --- The next mount --------------------------------------------------------------------------- */

static void what_was_cut_off_by_a_kill_goes(void **state)
{
    struct world *w = *state;

    start_today(w);
    api_add(&w->api, "documents", "{'documentId': 'document#7'}");
    put_unfinished(w, RES_DOCUMENTS, id_of("document", 7));
    remount(w);
    drain(w);
    expect_said(&w->api, "DELETE documents/document#7\n");
    expect_there(&w->api, "documents", "document#1 ");
    assert_int_equal(unfinished(w), 0);
}

static void what_has_a_name_and_what_is_no_id_does_not(void **state)
{
    struct world *w = *state;

    start_today(w);
    put_unfinished(w, RES_DOCUMENTS, id_of("document", 1)); /* small.pdf: it was finished */
    put_unfinished(w, RES_DOCUMENTS, "../datasets");
    put_unfinished(w, (enum resource_kind)9999, id_of("document", 2));
    remount(w);
    drain(w);
    expect_said(&w->api, "");
    assert_int_equal(unfinished(w), 0);
}

static void a_mount_that_deletes_nothing_leaves_it(void **state)
{
    struct world *w = *state;

    start_today(w);
    put_unfinished(w, RES_DOCUMENTS, id_of("document", 7));
    w->nodelete = true;
    remount(w);
    drain(w);
    expect_lines(w, 0, ""); /* it is not even tried */
    w->nodelete = false;
    w->ro = true;
    remount(w);
    drain(w);
    expect_lines(w, 0, "");
    expect_said(&w->api, "");
    assert_int_equal(unfinished(w), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_large_content_follows_its_resource),
        TEST(a_resource_without_its_content_is_deleted_again),
        TEST(what_cannot_be_deleted_is_one_line_and_goes_with_the_next_mount),
        TEST(a_refused_post_leaves_nothing_to_delete),
        TEST(what_was_cut_off_by_a_kill_goes),
        TEST(what_has_a_name_and_what_is_no_id_does_not),
        TEST(a_mount_that_deletes_nothing_leaves_it),
    };

    return cmocka_run_group_tests_name("deliver_content", tests, NULL, NULL);
}
