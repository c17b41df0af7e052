/* With writeback: what is on disk when a close returns, and what becomes of it. */
#include "queue_fixture.h"

#include "drop_rows.h"
#include "drop_sealed.h"
#include "moving.h"
#include "queue.h"
#include "refusing_disk.h"

#include "banned.h"

#define IN_8 "datasets/dataset#8/documents"

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

/* What waits under a name, or stayed here under a temporary one, gets another name, and is sent so. */
static int submit(struct world *w, const char *name, const char *to_key, const char *to_name)
{
    struct moving moving = { .at_once = true };
    cleanup_drop struct drop *d = find_file(w, IN_7, name);
    uint8_t digest[DIGEST_BYTES];
    struct bytes *b;
    int rc;

    assert_non_null(d);
    b = drop_bytes(w->drops, d);
    w->err = (struct failure){ .text = "" };
    assert_int_equal(drop_lock_exclusive(w->drops, d, &w->call), 0);
    assert_int_equal(content_digest(b->fd, digest), 0);
    rc = queue_submit(w->uploads, d, folder_at(w, to_key), to_name, &moving, b, digest, &w->err);
    drop_unlock_exclusive(w->drops, d);
    bytes_unref(b);
    return rc;
}

static int submit_as(struct world *w, const char *name)
{
    return submit(w, ".a.pdf.Xy12aB", IN_7, name);
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

/* --- What gets another name, or other bytes, before it is known to be there ---------------------- */

static void what_is_renamed_while_it_waits_is_sent_as_what_it_is_then(void **state)
{
    static const char *const to[] = { IN_7, IN_8 };

    for (size_t i = 0; i < ARRAY_LEN(to); i++) {
        struct world *w = *state;

        print_message("%s\n", to[i]);
        start_waiting(w);
        assert_int_equal(put(w, IN_7, "a.pdf", pdf("mine")), 0);
        assert_int_equal(submit(w, "a.pdf", to[i], "b.pdf"), 0);
        assert_int_equal(intents(w), 1);
        remount(w);
        assert_int_equal(intents(w), 1);
        let_it_be_sent(w);
        expect_there(&w->api, "documents", "document#1 ");
        expect_file(w, to[i], "b.pdf", "document#1");
        expect_file(w, IN_7, "a.pdf", NULL);
        assert_int_equal(strstr(w->api.said, "'datasetId':'dataset#8'") != NULL, i);
        stop(w);
    }
}

/* Its POST goes out, and its connection breaks: made says whether it has come. */
static void put_unsure(struct world *w, bool made)
{
    w->unsure_ms = HOUR_MS;
    start_waiting(w);
    assert_int_equal(put(w, IN_7, "a.pdf", pdf("mine")), 0);
    api_rule(&w->api, 1, "POST", "documents", 0, NULL);
    pass(w, HOUR_MS + 1);
    for (int n = 0; n < 5000 && state_of_intent(w, 1) != INTENT_UNSURE; n++)
        nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
    assert_int_equal(state_of_intent(w, 1), INTENT_UNSURE);
    if (made)
        add_made(w, "document#9", pdf("mine"), "'datasetId': 'dataset#7'");
}

static void what_is_renamed_while_nobody_knows_is_there_once(void **state)
{
    static const struct {
        const char *what;
        bool made;
        const char *to;
        const char *there, *id;
    } cases[] = {
        { "it had come", true, IN_7, "document#9 ", "document#9" },
        { "it had not", false, IN_7, "document#1 ", "document#1" },
        { "it had come, and is to be elsewhere", true, IN_8, "document#1 ", "document#1" },
        { "it had not, and is to be elsewhere", false, IN_8, "document#1 ", "document#1" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world *w = *state;

        print_message("%s\n", cases[i].what);
        put_unsure(w, cases[i].made);
        assert_int_equal(submit(w, "a.pdf", cases[i].to, "b.pdf"), 0);
        let_it_be_sent(w);
        expect_there(&w->api, "documents", cases[i].there);
        expect_file(w, cases[i].to, "b.pdf", cases[i].id);
        expect_file(w, IN_7, "a.pdf", NULL);
        stop(w);
    }
}

static void what_is_written_while_nobody_knows_is_there_once(void **state)
{
    for (int made = 0; made < 2; made++) {
        struct world *w = *state;

        print_message("%s\n", made ? "it had come" : "it had not");
        put_unsure(w, made);
        assert_int_equal(put(w, IN_7, "a.pdf", pdf("newer")), 0);
        let_it_be_sent(w);
        expect_there(&w->api, "documents", "document#1 ");
        expect_file(w, IN_7, "a.pdf", "document#1");
        expect_content(&w->api, "documents/document#1", pdf("newer"), strlen(pdf("newer")));
        stop(w);
    }
}

/* The other bytes are lost to this disk, and what waited waits on, as it was. */
static void what_cannot_be_put_over_what_waits_leaves_it_waiting(void **state)
{
    struct world *w = *state;
    uint8_t one[STATE_DIGEST_BYTES];

    start_waiting(w);
    assert_int_equal(put(w, IN_7, "a.pdf", pdf("one")), 0);
    sha256_of(w, pdf("one"), one);
    disk_says = -ENOSPC;
    assert_int_equal(put(w, IN_7, "a.pdf", pdf("two")), -ENOSPC);
    assert_int_equal(intents(w), 1);
    assert_int_equal(journal_each(w->uploads->journal, is_digest, one), 1);
}

static void a_name_that_somebody_has_made_meanwhile_is_theirs(void **state)
{
    struct world *w = *state;

    start_waiting(w);
    assert_int_equal(put(w, IN_7, ".a.pdf.Xy12aB", pdf("mine")), 0);
    assert_int_equal(put(w, IN_7, "a.pdf", pdf("theirs")), 0);
    assert_int_equal(submit_as(w, "a.pdf"), -EBUSY);
    assert_string_equal(w->err.text, "somebody has made another one of that name meanwhile");
    expect_local(w, IN_7, "a.pdf", pdf("theirs"));
    expect_local(w, IN_7, ".a.pdf.Xy12aB", pdf("mine"));
    assert_int_equal(intents(w), 1);
}

/* --- What earlier mounts have left --------------------------------------------------------------- */

static void what_waits_without_an_intent_is_sent_all_the_same(void **state)
{
    const struct state_step gone = { .change = STATE_DELETE_INTENT, .number = 1 };
    struct world *w = *state;

    start_waiting(w);
    assert_int_equal(put(w, IN_7, "a.pdf", pdf("mine")), 0);
    assert_int_equal(state_apply(w->state, &gone, 1, STATE_NOW, NULL), 0);
    remount(w);
    assert_int_equal(drop_state_of(w, "a.pdf"), DROP_WAITING);
    assert_int_equal(intents(w), 1);
    let_it_be_sent(w);
    expect_there(&w->api, "documents", "document#1 ");
    expect_file(w, IN_7, "a.pdf", "document#1");
}

static void what_another_version_has_left_is_left_alone(void **state)
{
    struct drop_row row = sent_row("nowhere/at/all", "a.pdf", NULL);
    struct world *w = *state;

    start_waiting(w);
    row.state = ROW_WAITING;
    assert_int_equal(state_put_drop(w->state, &row, true, NULL), 0);
    remount(w);
    assert_int_equal(intents(w), 0);
    expect_folder(w->state, "nowhere/at/all", "nowhere/at/all/a.pdf=- ");
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
        TEST(what_is_renamed_while_it_waits_is_sent_as_what_it_is_then),
        TEST(what_is_renamed_while_nobody_knows_is_there_once),
        TEST(what_is_written_while_nobody_knows_is_there_once),
        TEST(what_cannot_be_put_over_what_waits_leaves_it_waiting),
        TEST(a_name_that_somebody_has_made_meanwhile_is_theirs),
        TEST(what_waits_without_an_intent_is_sent_all_the_same),
        TEST(what_another_version_has_left_is_left_alone),
    };

    return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
