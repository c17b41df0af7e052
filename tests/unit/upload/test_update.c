/* New bytes of what keeps its id: what is said of the PATCH, and what the next mount makes of one of which
 * nobody knows. */
#include "intents_fixture.h"

#include "content.h"
#include "moving.h"
#include "update.h"

#include "banned.h"

#define NEW_TEXT "new, and longer"

/* asset#1 is a.js, asset#2 is b.js, which has what a.js is going to have. */
static void put_both(struct world *w)
{
    start(w);
    assert_int_equal(put(w, "assets", "a.js", "old"), 0);
    assert_int_equal(put(w, "assets", "b.js", NEW_TEXT), 0);
    pass(w, 1);
    w->api.said[0] = '\0';
    w->err = (struct failure){ .text = "" };
}

static void arrive(struct world *w)
{
    cleanup_free char *text = api_base64(NEW_TEXT, strlen(NEW_TEXT));
    char change[256];

    snprintf(change, sizeof(change), "{'content': '%s'}", text);
    api_change(&w->api, "assets/asset#1", change);
    pass(w, 1);
}

/* b.js is renamed over a.js, whose bytes are sent for it; what b.js was has to go then. */
static struct moving moving_of(struct world *w, struct drop *d)
{
    struct moving m = { .uploads = w->uploads,
                        .call = &w->call,
                        .drop = d,
                        .name = "b.js",
                        .to = folder_at(w, "assets"),
                        .to_name = "a.js" };
    cleanup_free char *own = strdup(id_of("asset", 2));

    moving_owe(&m, &(struct target){ .res = m.to->res, .id = own }, false);
    return m;
}

/* What an update points to. */
struct sent {
    uint8_t digest[DIGEST_BYTES];
    char id[RESOURCE_ID_MAX + 1];
};

static struct update update_of(struct world *w, struct moving *m, struct sent *sent)
{
    cleanup_drop struct drop *b = find_file(w, "assets", "b.js");

    memcpy(sent->digest, drop_snapshot(w->drops, b).acked.digest, DIGEST_BYTES);
    snprintf(sent->id, sizeof(sent->id), "%s", id_of("asset", 1));
    return (struct update){ .uploads = w->uploads,
                            .call = &w->call,
                            .folder = folder_at(w, "assets"),
                            .name = "a.js",
                            .moving = m,
                            .id = sent->id,
                            .sha256 = sent->digest,
                            .size = (int64_t)strlen(NEW_TEXT) };
}

/* Has the name the new bytes, as far as is known here? */
static bool is_new(struct world *w, const char *name)
{
    cleanup_drop struct drop *d = find_file(w, "assets", name);

    return d && drop_snapshot(w->drops, d).acked.size == (int64_t)strlen(NEW_TEXT);
}

static void the_end_of_the_patch_is_looked_at(void **state)
{
    static const struct {
        const char *what;
        bool arrives;
        int rc, http, look;
        int want, state; /* of the intent; -1: it is done */
    } cases[] = {
        /* clang-format off */
        { "refused", false, -EINVAL, 400, 0, -EINVAL, -1 },
        { "gone", false, -ENOENT, 404, 0, -ENOENT, -1 },
        { "an answer that may be one of before", false, -EIO, 500, 0, -EIO, -1 },
        { "done, and the answer an error", true, -EIO, 500, 0, 0, INTENT_UNSURE },
        { "done, and the answer lost", true, -EIO, 0, 0, 0, INTENT_UNSURE },
        { "nobody can tell", false, -EIO, 0, 500, -EIO, INTENT_UNSURE },
        { "not there yet", false, -ETIMEDOUT, 0, 0, -ETIMEDOUT, INTENT_UNSURE },
        /* clang-format on */
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world *w = *state;
        cleanup_record struct record *now = NULL;
        struct sent sent;
        struct update u;
        int64_t number;

        print_message("%s\n", cases[i].what);
        put_both(w);
        u = update_of(w, NULL, &sent);
        assert_int_equal(update_begin(&u, &number, &w->err), 0);
        assert_int_equal(state_of_intent(w, number), INTENT_SENDING);
        if (cases[i].arrives)
            arrive(w);
        if (cases[i].look)
            api_rule(&w->api, -1, "GET", "assets/asset#1*", cases[i].look, "{}");
        failure_set(&w->err, cases[i].http, "it failed");
        assert_int_equal(update_failed(&u, number, cases[i].rc, &now, &w->err), cases[i].want);
        assert_int_equal(state_of_intent(w, number), cases[i].state);
        assert_int_equal(now != NULL, cases[i].want == 0);
        stop(w);
    }
}

static void what_nobody_knows_is_known_by_its_bytes(void **state)
{
    static const struct {
        const char *what;
        bool arrives, moves, writes, removed, gone;
        int look;
        int64_t unsure_ms, want;
        int state;
        const char *a, *b; /* what they stand for then */
        bool new;
    } cases[] = {
        /* clang-format off */
        { .what = "it has arrived", .arrives = true, .state = -1,
          .a = "asset#1", .b = "asset#2", .new = true },
        { .what = "it has not", .state = -1, .a = "asset#1", .b = "asset#2" },
        { .what = "not yet", .unsure_ms = HOUR_MS, .want = 1000, .state = INTENT_UNSURE,
          .a = "asset#1", .b = "asset#2" },
        { .what = "it is gone", .gone = true, .state = -1, .a = "asset#1", .b = "asset#2" },
        { .what = "nobody can tell", .look = 500, .want = -EIO, .state = INTENT_UNSURE,
          .a = "asset#1", .b = "asset#2" },
        { .what = "its name moves", .arrives = true, .moves = true, .state = INTENT_OWING,
          .a = "asset#1", .b = NULL, .new = true },
        { .what = "and it did not arrive", .moves = true, .state = -1,
          .a = "asset#1", .b = "asset#2" },
        { .what = "what was to move is another one by now", .arrives = true, .moves = true,
          .writes = true, .state = -1, .a = "asset#1", .b = "asset#2", .new = true },
        { .what = "the name was removed", .arrives = true, .moves = true, .removed = true, .state = -1,
          .a = NULL, .b = "asset#2" },
        /* clang-format on */
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world *w = *state;
        cleanup_free struct intent_row *row = NULL;
        struct sent sent;
        struct moving m;
        struct update u;
        struct drop *b;
        int64_t number;

        print_message("%s\n", cases[i].what);
        w->unsure_ms = cases[i].unsure_ms;
        put_both(w);
        b = find_file(w, "assets", "b.js");
        m = moving_of(w, b);
        u = update_of(w, cases[i].moves ? &m : NULL, &sent);
        assert_int_equal(update_begin(&u, &number, &w->err), 0);
        if (cases[i].arrives)
            arrive(w);
        if (cases[i].gone)
            api_change(&w->api, "assets/asset#1", NULL);
        if (cases[i].look)
            api_rule(&w->api, -1, "GET", "assets/asset#1*", cases[i].look, "{}");
        if (cases[i].writes)
            drop_unref(write_drop(w, "assets", "b.js", "something else", 14));
        if (cases[i].removed) {
            cleanup_drop struct drop *a = find_file(w, "assets", "a.js");

            assert_int_equal(drops_remove(w->drops, a, true), 0);
        }
        journal_tell(w->uploads->journal, number, INTENT_LOST, NULL, STATE_NOW);
        row = journal_copy(w->uploads->journal, number);
        assert_int_equal(update_settle(w->uploads, &w->call, row, &w->err), cases[i].want);
        assert_int_equal(state_of_intent(w, number), cases[i].state);
        expect_file(w, "assets", "a.js", cases[i].a);
        expect_file(w, "assets", "b.js", cases[i].b);
        assert_int_equal(is_new(w, "a.js"), cases[i].new);
        drop_unref(b);
        stop(w);
    }
}

/* And what it was is deleted. */
static void the_next_mount_moves_the_name(void **state)
{
    struct world *w = *state;
    struct sent sent;
    struct moving m;
    struct update u;
    int64_t number;
    struct drop *b;

    put_both(w);
    b = find_file(w, "assets", "b.js");
    m = moving_of(w, b);
    u = update_of(w, &m, &sent);
    assert_int_equal(update_begin(&u, &number, &w->err), 0);
    arrive(w);
    drop_unref(b);
    for (int mount = 0; mount < 2; mount++) {
        remount(w);
        for (int n = 0; n < 5000 && state_of_intent(w, number) >= 0; n++)
            nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
        expect_file(w, "assets", "a.js", "asset#1");
        expect_file(w, "assets", "b.js", NULL);
        assert_true(is_new(w, "a.js"));
        expect_there(&w->api, "assets", "asset#1 ");
    }
}

/* Of what failed under that name, the same bytes. */
static void what_failed_is_kept_no_more_once_it_is_there(void **state)
{
    struct world *w = *state;
    cleanup_drop struct drop *a = NULL, *failed = NULL, *after = NULL;
    cleanup_free struct intent_row *row = NULL;
    struct sent sent;
    struct update u;
    int64_t number;

    put_both(w);
    a = write_drop(w, "assets", "a.js", NEW_TEXT, strlen(NEW_TEXT));
    api_rule(&w->api, -1, "PATCH", "assets/asset#1*", 500, "{}");
    assert_true(commit(w, a) < 0);
    failed = drops_find_failed(w->drops, folder_at(w, "assets"), "a.js");
    assert_non_null(failed);
    u = update_of(w, NULL, &sent);
    assert_int_equal(update_begin(&u, &number, &w->err), 0);
    journal_tell(w->uploads->journal, number, INTENT_LOST, NULL, STATE_NOW);
    row = journal_copy(w->uploads->journal, number);
    arrive(w);
    assert_int_equal(update_settle(w->uploads, &w->call, row, &w->err), 0);
    after = drops_find_failed(w->drops, folder_at(w, "assets"), "a.js");
    assert_null(after);
    assert_true(is_new(w, "a.js"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_end_of_the_patch_is_looked_at),
        TEST(what_nobody_knows_is_known_by_its_bytes),
        TEST(the_next_mount_moves_the_name),
        TEST(what_failed_is_kept_no_more_once_it_is_there),
    };

    return cmocka_run_group_tests_name("update", tests, NULL, NULL);
}
