/* Files that only read: contents, lists, pages of errors; and the heartbeat, which beats while it is open. */
#include "files_fixture.h"

#include <fcntl.h>

#include "arrival.h"
#include "doomed.h"

#include "banned.h"

#define EXECUTIONS "transitions/transition#8/executions/"
#define HEARTBEAT "/" EXECUTIONS "transition-execution#9/heartbeat"

static int read_fails(struct opened *o, struct handle *h)
{
    cleanup_buf struct buf out = BUF_INIT(TEXT_BYTES);

    return read_by(o, &o->m.w.call, h, 0, 100, &out);
}

/* --- content ---------------------------------------------------------------------------------- */

static void add_contents(struct opened *o)
{
    api_add(&o->m.w.api, "documents",
            "{'documentId': 'document#3', 'contentType': 'image/png', 'content': 'aGVsbG8='}");
    api_add(&o->m.w.api, "assets", "{'assetId': 'asset#4', 'content': 'aGVsbG8='}");
}

static void a_content_is_read_from_the_cache_once_it_is_there(void **state)
{
    struct opened *o = *state;
    struct handle *h;

    start_opened(o);
    add_contents(o);
    h = must_open(o, "/documents/document#3/content", O_RDONLY);
    expect_read(o, h, 0, 100, "hello");
    expect_read(o, h, 1, 3, "ell");
    expect_read(o, h, 5, 3, "");
    assert_int_equal(release(o, h), 0);
    forget_said(&o->m);
    expect_cat(o, "/documents/document#3/content", "hello");
    expect_said(&o->m.w.api, "");
}

/* A document's bytes never change; an asset's do. */
static void the_kernel_keeps_what_never_changes(void **state)
{
    struct opened *o = *state;
    struct handle *h;

    start_opened(o);
    add_contents(o);
    h = must_open(o, "/documents/document#3/content", O_RDONLY);
    assert_true(h->keep_cache && !h->direct_io);
    release(o, h);
    h = must_open(o, "/assets/asset#4/content", O_RDONLY);
    assert_false(h->keep_cache);
    release(o, h);
}

static void what_is_only_read_cannot_be_opened_to_write(void **state)
{
    static const char *const paths[][2] = {
        { "/documents/document#3/content", "it cannot be changed: write the file that was dropped,"
                                           " or drop a new one" },
        { "/documents/.list.jsonl", "it cannot be changed: the mount makes it" },
        { "/.lasfs/errors", "it cannot be changed: the mount makes it" },
    };
    struct opened *o = *state;
    struct handle *h = NULL;

    start_opened(o);
    add_contents(o);
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        print_message("%s\n", paths[i][0]);
        assert_int_equal(open_path(o, paths[i][0], O_WRONLY, &h), -EACCES);
        expect_err(o, paths[i][1]);
    }
}

static void a_content_that_has_gone_is_not_opened(void **state)
{
    struct opened *o = *state;
    struct handle *h = NULL;
    struct node *n;

    start_opened(o);
    add_contents(o);
    assert_int_equal(find_node(&o->m, "/assets/asset#4/content", &n), 0);
    api_change(&o->m.w.api, "assets/asset#4", NULL);
    pass(&o->m.w, HOUR_MS + 1);
    assert_int_equal(file_open(o->files, &o->m.w.call, n, O_RDONLY, getpid(), &h, &o->m.w.err),
                     -ENOENT);
    node_unref(o->m.nodes, n);
}

/* --- What stands at an address of its own ----------------------------------------------------- */

#define LARGE (2 * ARRIVAL_WHOLE_BYTES)

/* An API of today: the address of document#3 gives body, and after hold bytes of it waits for its gate. */
static void serve_file(struct opened *o, const char *body, size_t hold)
{
    struct small_api *api = &o->m.w.api;

    api_add(api, "documents",
            "{'documentId': 'document#3', 'contentType': 'image/png', 'metadata': {}}");
    api_rule(api, -1, "GET", "/files/*", 200, body);
    pthread_mutex_lock(&api->server.lock);
    api->rules[api->n_rules - 1].reply.hold = hold;
    pthread_mutex_unlock(&api->server.lock);
}

/* Who reads the beginning does not wait for the end. */
static void a_content_is_read_while_it_comes(void **state)
{
    cleanup_buf struct buf out = BUF_INIT(TEXT_BYTES), end = BUF_INIT(TEXT_BYTES);
    struct call now = { .nowait = true };
    cleanup_free char *body = api_alloc(LARGE + 1);
    struct opened *o = *state;
    struct handle *h;

    memset(body, 'x', LARGE);
    body[LARGE - 1] = 'z';
    o->m.w.api.file_urls = true;
    start_opened(o);
    serve_file(o, body, LARGE / 2);
    h = must_open(o, "/documents/document#3/content", O_RDONLY);
    assert_int_equal(read_by(o, &o->m.w.call, h, 0, 1000, &out), 0);
    assert_int_equal(out.len, 1000);
    assert_int_equal(read_by(o, &now, h, LARGE - 10, 1000, &end), -EWOULDBLOCK);
    fake_open_gate(&o->m.w.api.server);
    assert_int_equal(read_by(o, &o->m.w.call, h, LARGE - 10, 1000, &end), 0);
    assert_int_equal(end.len, 10);
    assert_int_equal(end.data[9], 'z');
    assert_int_equal(read_by(o, &o->m.w.call, h, LARGE, 1000, &end), 0);
    assert_int_equal(end.len, 0);
    assert_int_equal(release(o, h), 0);
}

#define JPEG "\xff\xd8\xff\xe0 a picture"
#define PICTURE "/documents/document#3/.page-0.jpg"

static void a_page_has_a_picture(void **state)
{
    struct opened *o = *state;
    struct handle *h = NULL;

    o->m.w.api.file_urls = true;
    start_opened(o);
    serve_file(o, JPEG, 0);
    expect_cat(o, PICTURE, JPEG);
    h = must_open(o, PICTURE, O_RDONLY);
    expect_read(o, h, 5, 3, "a p");
    expect_read(o, h, (int64_t)strlen(JPEG), 100, "");
    assert_int_equal(release(o, h), 0);
    assert_int_equal(open_path(o, PICTURE, O_WRONLY, &h), -EACCES);
    expect_err(o, "it cannot be changed: the API makes it of the document's bytes");
}

static void a_page_that_cannot_be_painted_has_none(void **state)
{
    struct opened *o = *state;
    struct handle *h = NULL;

    o->m.w.api.file_urls = true;
    start_opened(o);
    serve_file(o, "no picture", 0);
    assert_true(open_path(o, PICTURE, O_RDONLY, &h) < 0);
    assert_null(h);
}

/* --- .list.jsonl ------------------------------------------------------------------------------ */

static void add_rows(struct opened *o, unsigned n)
{
    char row[128];

    for (unsigned i = 1; i <= n; i++) {
        snprintf(row, sizeof(row), "{'datasetId': 'dataset#%u', 'name': 'n%u'}", i, i);
        api_add(&o->m.w.api, "datasets", row);
    }
}

static void a_list_is_a_resource_a_line(void **state)
{
    struct opened *o = *state;

    o->m.w.api.page_size = 2;
    start_opened(o);
    add_rows(o, 3);
    expect_cat(
        o, "/datasets/.list.jsonl",
        "{'datasetId': 'dataset#1', 'name': 'n1'}\n{'datasetId': 'dataset#2', 'name': 'n2'}\n"
        "{'datasetId': 'dataset#3', 'name': 'n3'}\n");
}

/* Only the part that is being read is in memory: it goes on, over gaps, and back. */
static void a_list_is_read_in_any_parts(void **state)
{
    cleanup_buf struct buf whole = BUF_INIT(TEXT_BYTES);
    struct opened *o = *state;
    struct handle *h;

    o->m.w.api.page_size = 2;
    start_opened(o);
    add_rows(o, 9);
    h = must_open(o, "/datasets/.list.jsonl", O_RDONLY);
    assert_true(h->direct_io);
    assert_int_equal(read_by(o, &o->m.w.call, h, 0, TEXT_BYTES, &whole), 0);
    for (size_t off = 0; off <= whole.len + 7; off += 7) {
        cleanup_buf struct buf part = BUF_INIT(TEXT_BYTES);
        size_t at = off < whole.len ? off : whole.len;
        size_t want = whole.len - at < 7 ? whole.len - at : 7;

        assert_int_equal(read_by(o, &o->m.w.call, h, (int64_t)off, 7, &part), 0);
        assert_int_equal(part.len, want);
        assert_memory_equal(part.data, whole.data + at, want);
    }
    expect_read(o, h, 2, 9, "datasetId");
    expect_read(o, h, (int64_t)whole.len - 4, 100, "9'}\n");
    expect_read(o, h, 0, 3, "{'d");
    assert_int_equal(release(o, h), 0);
}

static void what_goes_is_not_in_the_list(void **state)
{
    struct opened *o = *state;

    start_opened(o);
    add_rows(o, 2);
    drops_doom(o->m.w.drops, id_of("dataset", 1));
    expect_cat(o, "/datasets/.list.jsonl", "{'datasetId': 'dataset#2', 'name': 'n2'}\n");
}

static void a_page_that_fails_is_an_error_of_the_read(void **state)
{
    struct opened *o = *state;
    struct handle *h;

    start_opened(o);
    add_rows(o, 2);
    h = must_open(o, "/datasets/.list.jsonl", O_RDONLY);
    api_rule(&o->m.w.api, -1, "GET", "datasets*", 403, "{'message': 'not yours'}");
    assert_int_equal(read_fails(o, h), -EACCES);
    api_forget_rules(&o->m.w.api);
    expect_read(o, h, 0, 3, "{'d");
    assert_int_equal(release(o, h), 0);
}

static void a_list_that_is_being_read_is_not_waited_for(void **state)
{
    struct call now = { .nowait = true };
    cleanup_buf struct buf out = BUF_INIT(TEXT_BYTES);
    struct opened *o = *state;
    struct handle *h;

    start_opened(o);
    add_rows(o, 2);
    h = must_open(o, "/datasets/.list.jsonl", O_RDONLY);
    assert_int_equal(read_by(o, &now, h, 0, 100, &out), -EWOULDBLOCK);
    expect_read(o, h, 0, 3, "{'d");
    assert_int_equal(read_by(o, &now, h, 0, 100, &out), 0); /* it is known by now */
    assert_int_equal(release(o, h), 0);
}

/* --- .lasfs/errors ---------------------------------------------------------------------------- */

static void the_page_of_errors_is_followed_while_it_grows(void **state)
{
    cleanup_buf struct buf out = BUF_INIT(TEXT_BYTES), more = BUF_INIT(TEXT_BYTES);
    struct opened *o = *state;
    struct handle *h;

    start_opened(o);
    errlog_add(o->m.w.errlog, "close", "/documents/a.txt", -EINVAL, NULL);
    h = must_open(o, "/.lasfs/errors", O_RDONLY);
    assert_true(h->direct_io);
    assert_int_equal(read_by(o, &o->m.w.call, h, 0, 1000, &out), 0);
    assert_non_null(strstr(buf_str(&out), "/documents/a.txt"));
    assert_int_equal(read_by(o, &o->m.w.call, h, (int64_t)out.len, 0, &more), 0);
    errlog_add(o->m.w.errlog, "close", "/documents/b.txt", -EINVAL, NULL);
    assert_int_equal(read_by(o, &o->m.w.call, h, (int64_t)out.len, 1000, &more), 0);
    assert_null(strstr(buf_str(&more), "/documents/a.txt"));
    assert_non_null(strstr(buf_str(&more), "/documents/b.txt"));
    assert_false(file_ops(h->node)->release_blocks(o->files, h));
    assert_int_equal(release(o, h), 0);
}

/* --- heartbeat -------------------------------------------------------------------------------- */

static void start_execution(struct opened *o)
{
    start_opened(o);
    api_add(&o->m.w.api, "transitions", "{'transitionId': 'transition#8'}");
    api_add(&o->m.w.api, "transitions/transition#8/executions",
            "{'executionId': 'transition-execution#9', 'transitionId': 'transition#8',"
            " 'status': 'running'}");
}

static void each_write_is_a_heartbeat(void **state)
{
    struct opened *o = *state;
    struct handle *h;

    start_execution(o);
    h = must_open(o, HEARTBEAT, O_WRONLY | O_TRUNC);
    forget_said(&o->m);
    o->m.w.call.nowait = true;
    assert_int_equal(write_at(o, h, "\n", 0), -EWOULDBLOCK);
    o->m.w.call.nowait = false;
    assert_int_equal(write_at(o, h, "\n", 0), 1);
    expect_said(&o->m.w.api, "POST " EXECUTIONS "transition-execution#9/heartbeats {}\n");
    assert_int_equal(truncate_to(o, h, 0), 0);
    assert_int_equal(flush(o, h), 0);
    assert_int_equal(file_ops(h->node)->fsync(o->files, h), 0);
    assert_true(file_ops(h->node)->release_blocks(o->files, h)); /* one may be on its way */
    assert_int_equal(release(o, h), 0);
}

/* The API has given the execution to another one: all later writes say so too. */
static void a_lease_that_was_lost_is_told_at_each_write(void **state)
{
    struct opened *o = *state;
    struct handle *h;

    start_execution(o);
    h = must_open(o, HEARTBEAT, O_WRONLY);
    api_rule(&o->m.w.api, 1, "POST", "*", 404, "{'message': 'it has ended'}");
    assert_int_equal(write_at(o, h, "\n", 0), -ESTALE);
    forget_said(&o->m);
    assert_int_equal(write_at(o, h, "\n", 0), -ESTALE);
    expect_said(&o->m.w.api, "");
    assert_int_equal(release(o, h), 0);
}

static void who_reads_a_heartbeat_does_no_work(void **state)
{
    struct opened *o = *state;
    struct handle *h;

    start_execution(o);
    h = must_open(o, HEARTBEAT, O_RDONLY);
    expect_read(o, h, 0, 100, "");
    assert_null(h->lease);
    assert_false(file_ops(h->node)->release_blocks(o->files, h));
    assert_int_equal(release(o, h), 0);
    assert_int_equal(open_path(o, HEARTBEAT, O_RDWR, &h), -EACCES);
}

static void a_read_only_mount_sends_no_heartbeat(void **state)
{
    struct opened *o = *state;
    struct handle *h = NULL;

    o->m.w.ro = true;
    start_execution(o);
    assert_int_equal(open_path(o, HEARTBEAT, O_WRONLY, &h), -EROFS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_content_is_read_from_the_cache_once_it_is_there),
        TEST(the_kernel_keeps_what_never_changes),
        TEST(what_is_only_read_cannot_be_opened_to_write),
        TEST(a_content_that_has_gone_is_not_opened),
        TEST(a_content_is_read_while_it_comes),
        TEST(a_page_has_a_picture),
        TEST(a_page_that_cannot_be_painted_has_none),
        TEST(a_list_is_a_resource_a_line),
        TEST(a_list_is_read_in_any_parts),
        TEST(what_goes_is_not_in_the_list),
        TEST(a_page_that_fails_is_an_error_of_the_read),
        TEST(a_list_that_is_being_read_is_not_waited_for),
        TEST(the_page_of_errors_is_followed_while_it_grows),
        TEST(each_write_is_a_heartbeat),
        TEST(a_lease_that_was_lost_is_told_at_each_write),
        TEST(who_reads_a_heartbeat_does_no_work),
        TEST(a_read_only_mount_sends_no_heartbeat),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
