/* With writeback: what is on disk when a close returns, and what becomes of it. */
#include "intents_fixture.h"

#include "drop_rows.h"
#include "drop_sealed.h"
#include "moving.h"
#include "queue.h"
#include "refusing_disk.h"

#include "banned.h"

/* Nothing is sent before a test lets an hour pass. */
static void start_waiting(struct world *w)
{
    w->writeback = true;
    w->settle_ms = HOUR_MS;
    start(w);
}

static int count_one(void *arg, const struct intent_row *row)
{
    size_t *n = arg;

    *n += row->kind == INTENT_CREATE;
    return 0;
}

static size_t intents(struct world *w)
{
    size_t n = 0;

    assert_int_equal(journal_each(w->uploads->journal, count_one, &n), 0);
    return n;
}

static enum drop_state drop_state_of(struct world *w, const char *name)
{
    cleanup_drop struct drop *d = find_file(w, IN_7, name);

    assert_non_null(d);
    return drop_snapshot(w->drops, d).state;
}

static void let_it_be_sent(struct world *w)
{
    pass(w, HOUR_MS + 1);
    for (int n = 0; n < 5000 && intents(w); n++) {
        nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
        pass(w, 100); /* what was put off is tried again */
    }
    assert_int_equal(intents(w), 0);
}

static void what_is_closed_waits_and_is_sent_once(void **state)
{
    for (int dies = 0; dies < 2; dies++) {
        struct world *w = *state;
        cleanup_drop struct drop *d = NULL;

        print_message("%s\n", dies ? "by the next mount" : "by this one");
        start_waiting(w);
        assert_int_equal(put(w, IN_7, "a.pdf", pdf("mine")), 0);
        assert_int_equal(drop_state_of(w, "a.pdf"), DROP_WAITING);
        expect_said(&w->api, "");
        if (dies)
            remount(w);
        assert_int_equal(intents(w), 1);
        d = queue_find(w->uploads, 1);
        assert_non_null(d);
        let_it_be_sent(w);
        expect_there(&w->api, "documents", "document#1 ");
        expect_file(w, IN_7, "a.pdf", "document#1");
        drop_unref(steal_pointer(&d));
        assert_null(queue_find(w->uploads, 1));
        stop(w);
    }
}

static int is_digest(void *arg, const struct intent_row *row)
{
    return row->has_sha256 && memcmp(row->sha256, arg, sizeof(row->sha256)) == 0;
}

static void expect_acked(struct world *w, const char *name, const uint8_t *digest)
{
    cleanup_drop struct drop *d = find_file(w, IN_7, name);
    struct drop_snapshot s = drop_snapshot(w->drops, d);

    assert_true(s.acked.has_digest);
    assert_memory_equal(s.acked.digest, digest, sizeof(s.acked.digest));
}

static void what_is_written_again_is_one_document(void **state)
{
    uint8_t two[STATE_DIGEST_BYTES];
    struct world *w = *state;

    start_waiting(w);
    assert_int_equal(put(w, IN_7, "a.pdf", pdf("one")), 0);
    assert_int_equal(put(w, IN_7, "a.pdf", pdf("two")), 0);
    assert_int_equal(intents(w), 1);
    sha256_of(w, pdf("two"), two);
    assert_int_equal(journal_each(w->uploads->journal, is_digest, two), 1);
    remount(w); /* what was sent was known by it from then on */
    assert_int_equal(journal_each(w->uploads->journal, is_digest, two), 1);
    let_it_be_sent(w);
    expect_acked(w, "a.pdf", two);
    expect_there(&w->api, "documents", "document#1 ");
    expect_content(&w->api, "documents/document#1", pdf("two"), strlen(pdf("two")));
}

/* Over a document that is there, from a temporary name. */
static int submit_as(struct world *w, const char *name)
{
    struct moving moving = { .at_once = true };
    cleanup_drop struct drop *d = find_file(w, IN_7, ".a.pdf.Xy12aB");
    uint8_t digest[DIGEST_BYTES];
    struct bytes *b;
    int rc;

    assert_non_null(d);
    b = drop_bytes(w->drops, d);
    assert_int_equal(drop_lock_exclusive(w->drops, d, &w->call), 0);
    assert_int_equal(content_digest(b->fd, digest), 0);
    rc = queue_submit(w->uploads, d, folder_at(w, IN_7), name, &moving, b, digest, &w->err);
    drop_unlock_exclusive(w->drops, d);
    bytes_unref(b);
    return rc;
}

static void a_name_moves_with_its_intent_or_not_at_all(void **state)
{
    static const int disk[] = { 0, -ENOSPC, -EIO, -ENOMEM };

    for (size_t i = 0; i < ARRAY_LEN(disk); i++) {
        struct world *w = *state;

        print_message("%d\n", disk[i]);
        start_waiting(w);
        assert_int_equal(put(w, IN_7, ".a.pdf.Xy12aB", pdf("mine")), 0); /* it stays here */
        assert_int_equal(intents(w), 0);
        disk_says = disk[i];
        assert_int_equal(submit_as(w, "a.pdf"), disk[i]);
        assert_int_equal(intents(w), disk[i] ? 0 : 1);
        for (int again = 0; again < 2; again++) { /* and the next mount sees the same */
            expect_file(w, IN_7, "a.pdf", disk[i] ? NULL : "");
            expect_file(w, IN_7, ".a.pdf.Xy12aB", disk[i] ? "" : NULL);
            remount(w);
        }
        stop(w);
    }
}

static void what_this_disk_does_not_take_is_told_and_kept_apart(void **state)
{
    static const struct {
        int disk;
        const char *why;
    } cases[] = {
        { -ENOSPC, "it cannot be kept on this machine: No space left on device" },
        { -EIO, "it cannot be kept on this machine: Input/output error" },
        { -ENOMEM, "it cannot be kept on this machine: Cannot allocate memory" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world *w = *state;

        print_message("%d\n", cases[i].disk);
        start_waiting(w);
        disk_says = cases[i].disk;
        assert_int_equal(put(w, IN_7, "a.pdf", pdf("mine")), cases[i].disk);
        expect_failed(w, IN_7, "a.pdf", pdf("mine"), cases[i].why);
        assert_int_equal(intents(w), 0);
        assert_int_equal(put(w, IN_7, "a.pdf", pdf("mine")), 0); /* it is superseded */
        expect_failed(w, IN_7, "a.pdf", NULL, NULL);
        let_it_be_sent(w);
        expect_there(&w->api, "documents", "document#1 ");
        stop(w);
    }
}

static void what_failed_over_what_waits_does_not_take_it_back(void **state)
{
    struct world *w = *state;

    start_waiting(w);
    assert_int_equal(put(w, IN_7, "a.pdf", pdf("one")), 0);
    disk_says = -ENOSPC;
    {
        cleanup_drop struct drop *d = find_file(w, IN_7, "a.pdf");

        assert_int_equal(drop_lock_exclusive(w->drops, d, &w->call), 0);
        assert_int_equal(drop_unseal(w->drops, d, true), -ENOSPC);
        drop_unlock_exclusive(w->drops, d);
    }
    assert_int_equal(drop_state_of(w, "a.pdf"), DROP_WAITING);
    let_it_be_sent(w);
    expect_content(&w->api, "documents/document#1", pdf("one"), strlen(pdf("one")));
}

static void what_is_removed_is_not_sent(void **state)
{
    struct world *w = *state;
    cleanup_drop struct drop *d = NULL;

    start_waiting(w);
    assert_int_equal(put(w, IN_7, "a.pdf", pdf("mine")), 0);
    d = find_file(w, IN_7, "a.pdf");
    assert_int_equal(drops_remove(w->drops, d, true), 0);
    let_it_be_sent(w);
    expect_said(&w->api, "");
}

static void what_is_refused_for_good_is_kept_apart_and_what_passes_waits(void **state)
{
    static const struct {
        int status;
        bool waits;
    } cases[] = { { 400, false }, { 403, false }, { 503, true }, { 429, true } };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world *w = *state;

        print_message("%d\n", cases[i].status);
        start_waiting(w);
        assert_int_equal(put(w, IN_7, "a.pdf", pdf("mine")), 0);
        api_rule(&w->api, cases[i].waits ? 20 : -1, "POST", "documents", cases[i].status,
                 "{'message': 'no'}");
        if (cases[i].waits) {
            pass(w, HOUR_MS + 1);
            for (int n = 0; n < 5000 && w->api.rules[0].left; n++) {
                nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
                pass(w, 1000);
            }
            assert_int_equal(drop_state_of(w, "a.pdf"), DROP_WAITING);
        }
        let_it_be_sent(w);
        expect_there(&w->api, "documents", cases[i].waits ? "document#1 " : "");
        if (!cases[i].waits)
            expect_failed(w, IN_7, "a.pdf", pdf("mine"), "no");
        stop(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_closed_waits_and_is_sent_once),
        TEST(what_is_written_again_is_one_document),
        TEST(a_name_moves_with_its_intent_or_not_at_all),
        TEST(what_this_disk_does_not_take_is_told_and_kept_apart),
        TEST(what_failed_over_what_waits_does_not_take_it_back),
        TEST(what_is_removed_is_not_sent),
        TEST(what_is_refused_for_good_is_kept_apart_and_what_passes_waits),
    };

    return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
