/* Bytes that were sent: away from the spool, and back again. */
#include "uploads_fixture.h"

#include "drop_target.h"
#include "drops.h"
#include "known.h"
#include "recall.h"

#include "banned.h"

/* The same as put(), and still open, or not. */
static struct drop *sent(struct world *w, const char *key, const char *name, const char *text,
                         unsigned opened)
{
    struct drop *d = write_drop(w, key, name, text, strlen(text));

    d->opened = opened;
    assert_int_equal(commit(w, d), 0);
    w->api.said[0] = '\0';
    return d;
}

static bool is_here(struct world *w, struct drop *d)
{
    struct bytes *b = drop_bytes(w->drops, d);

    bytes_unref(b);
    return b != NULL;
}

static int recall(struct world *w, struct drop *d, int open_fd)
{
    int rc;

    w->err = (struct failure){ .text = "" };
    assert_int_equal(drop_lock_exclusive(w->drops, d, &w->call), 0);
    rc = recall_bytes(w->uploads, &w->call, d, open_fd, &w->err);
    drop_unlock_exclusive(w->drops, d);
    return rc;
}

static int spooled(struct world *w)
{
    void *dir = w->dir;

    return count_files(in_dir(&dir, "spool"));
}

/* --- Away ------------------------------------------------------------------------------------- */

static void what_was_sent_goes_from_the_spool_to_the_cache(void **state)
{
    cleanup_drop struct drop *d = NULL;
    struct target_ids b;
    cleanup_fd int fd = -1;
    int64_t size = 0;
    struct world *w = *state;

    start(w);
    d = sent(w, "documents", "a.pdf", pdf("a"), 0);
    assert_int_equal(spooled(w), 1);
    settle_drop(w->uploads, d);
    assert_false(is_here(w, d));
    assert_int_equal(spooled(w), 0);
    assert_int_equal(drop_target(w->drops, d, &b), 0);
    assert_int_equal(known_content(w->remote, &w->call, &b.target, &fd, &size, &w->err), 0);
    assert_int_equal(size, strlen(pdf("a")));
    expect_said(&w->api, ""); /* it was here */
}

static void what_is_not_sent_or_still_open_stays_in_the_spool(void **state)
{
    cleanup_drop struct drop *open = NULL, *unsent = NULL, *local = NULL;
    struct world *w = *state;

    start(w);
    open = sent(w, "documents", "a.pdf", pdf("a"), 1);
    local = sent(w, "documents", "a.pdf~", pdf("b"), 0);
    unsent = write_drop(w, "documents", "c.pdf", pdf("c"), strlen(pdf("c")));
    settle_drop(w->uploads, open);
    settle_drop(w->uploads, local);
    settle_drop(w->uploads, unsent);
    assert_true(is_here(w, open) && is_here(w, local) && is_here(w, unsent));
}

static void at_the_end_all_that_was_sent_leaves_the_spool(void **state)
{
    cleanup_drop struct drop *open = NULL, *local = NULL;
    struct world *w = *state;

    start(w);
    open = sent(w, "documents", "a.pdf", pdf("a"), 1);
    local = sent(w, "documents", "a.pdf~", pdf("b"), 0);
    settle_all(w->uploads);
    assert_false(is_here(w, open));
    assert_true(is_here(w, local));
}

/* --- Back ------------------------------------------------------------------------------------- */

static void its_bytes_come_back_to_be_changed(void **state)
{
    cleanup_drop struct drop *d = NULL;
    struct world *w = *state;

    start(w);
    d = sent(w, "documents", "a.pdf", pdf("a"), 0);
    settle_drop(w->uploads, d);
    assert_int_equal(recall(w, d, -1), 0);
    expect_local(w, "documents", "a.pdf", pdf("a"));
    expect_said(&w->api, ""); /* from the cache */
    assert_int_equal(recall(w, d, -1), 0);
    drop_forget_bytes(w->drops, d);
    content_remove(w->content, d->id);
    assert_int_equal(recall(w, d, -1), 0);
    expect_said(&w->api, "GET documents/document#1\n");
    expect_local(w, "documents", "a.pdf", pdf("a"));
}

static void what_has_never_had_any_begins_empty(void **state)
{
    cleanup_drop struct drop *d = NULL;
    struct world *w = *state;

    start(w);
    assert_int_equal(drops_add(w->drops, folder_at(w, "documents"), "a.pdf", DROP_FILE, &d), 0);
    assert_int_equal(recall(w, d, -1), 0);
    expect_local(w, "documents", "a.pdf", "");
}

static void what_others_have_deleted_begins_empty(void **state)
{
    cleanup_drop struct drop *d = NULL;
    struct world *w = *state;

    start(w);
    d = sent(w, "documents", "a.pdf", pdf("a"), 0);
    drop_forget_bytes(w->drops, d);
    api_change(&w->api, "documents/document#1", NULL);
    assert_int_equal(recall(w, d, -1), 0);
    expect_local(w, "documents", "a.pdf", "");
}

static void what_the_api_does_not_give_is_an_error(void **state)
{
    cleanup_drop struct drop *d = NULL;
    struct world *w = *state;

    start(w);
    d = sent(w, "documents", "a.pdf", pdf("a"), 0);
    drop_forget_bytes(w->drops, d);
    api_rule(&w->api, -1, "GET", "*", 403, "{'message': 'Forbidden'}");
    assert_int_equal(recall(w, d, -1), -EACCES);
    assert_string_equal(w->err.text, "Forbidden");
    assert_false(is_here(w, d));
}

static void of_what_was_removed_it_is_what_somebody_has_open(void **state)
{
    cleanup_drop struct drop *d = NULL;
    struct world *w = *state;
    struct bytes *b;
    cleanup_fd int fd = -1;

    start(w);
    d = sent(w, "documents", "a.pdf", pdf("a"), 1);
    b = drop_bytes(w->drops, d);
    fd = dup(b->fd);
    bytes_unref(b);
    assert_int_equal(drops_remove(w->drops, d, false), 0);
    drop_forget_bytes(w->drops, d);
    assert_int_equal(recall(w, d, fd), 0);
    b = drop_bytes(w->drops, d);
    assert_int_equal(lseek(b->fd, 0, SEEK_END), strlen(pdf("a")));
    bytes_unref(b);
    expect_said(&w->api, "");
}

static void a_json_files_text_is_the_states(void **state)
{
    cleanup_drop struct drop *d = NULL, *secret = NULL;
    struct world *w = *state;
    struct call now = { .nowait = true };
    struct target_ids b;
    int64_t size = -1;
    int fd = -1;

    start(w);
    d = sent(w, "datasets", "a.json", "{ }", 0);
    settle_drop(w->uploads, d);
    assert_int_equal(drop_target(w->drops, d, &b), 0);
    assert_int_equal(recall_open(w->uploads, &now, &b, &fd, &size, &w->err), -EWOULDBLOCK);
    assert_int_equal(recall(w, d, -1), 0);
    expect_local(w, "datasets", "a.json", "{ }");
    secret = sent(w, "secrets", "s.json", "{\"data\": {}}", 0);
    settle_drop(w->uploads, secret);
    assert_int_equal(recall(w, secret, -1), 0); /* nobody has it */
    expect_local(w, "secrets", "s.json", "");
    expect_said(&w->api, "");
}

static void a_disk_that_takes_no_bytes_is_said_so(void **state)
{
    struct failure err = { .text = "" };

    (void)state;
    assert_int_equal(recall_refused(-ENOSPC, &err), -ENOSPC);
    assert_string_equal(err.text, "its bytes cannot be kept before they are sent");
}

/* --- What closes count ------------------------------------------------------------------------ */

static void a_close_is_under_way_until_it_has_been_dealt_with(void **state)
{
    struct world *w = *state;

    start(w);
    assert_false(uploads_are_releasing(w->uploads));
    uploads_begin_release(w->uploads);
    uploads_begin_release(w->uploads);
    uploads_end_release(w->uploads);
    assert_true(uploads_are_releasing(w->uploads));
    uploads_end_release(w->uploads);
    assert_false(uploads_are_releasing(w->uploads));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_sent_goes_from_the_spool_to_the_cache),
        TEST(what_is_not_sent_or_still_open_stays_in_the_spool),
        TEST(at_the_end_all_that_was_sent_leaves_the_spool),
        TEST(its_bytes_come_back_to_be_changed),
        TEST(what_has_never_had_any_begins_empty),
        TEST(what_others_have_deleted_begins_empty),
        TEST(what_the_api_does_not_give_is_an_error),
        TEST(of_what_was_removed_it_is_what_somebody_has_open),
        TEST(a_json_files_text_is_the_states),
        cmocka_unit_test(a_disk_that_takes_no_bytes_is_said_so),
        TEST(a_close_is_under_way_until_it_has_been_dealt_with),
    };

    return cmocka_run_group_tests_name("recall", tests, NULL, NULL);
}
