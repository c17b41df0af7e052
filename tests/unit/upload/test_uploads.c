/* All uploads of a mount: what its end waits for, and what others ask of what is under way. */
#include "queue_fixture.h"

#include <pthread.h>
#include <stdatomic.h>

#include "posting.h"

#include "banned.h"

#define KEY "00112233445566778899aabbccddeeff"

/* --- The end of a mount -------------------------------------------------------------------------- */

struct drain {
    struct world *w;
    struct call *call;
    int64_t timeout_ms;
    bool drained;
    atomic_bool done;
};

static void *drain_it(void *arg)
{
    struct drain *d = arg;

    d->drained = uploads_drain(d->w->uploads, d->call, d->timeout_ms);
    atomic_store(&d->done, true);
    return NULL;
}

/* While time passes. */
static bool drain(struct world *w, struct call *call, int64_t timeout_ms)
{
    struct drain d = { .w = w, .call = call, .timeout_ms = timeout_ms };
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, drain_it, &d), 0);
    while (!atomic_load(&d.done)) {
        nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
        pass(w, 10);
    }
    pthread_join(thread, NULL);
    return d.drained;
}

static void what_waits_is_sent_before_a_mount_ends(void **state)
{
    for (int called = 0; called < 2; called++) {
        struct world *w = *state;

        start_waiting(w);
        assert_int_equal(put(w, IN_7, "a.pdf", pdf("one")), 0);
        assert_int_equal(put(w, IN_7, "b.pdf", pdf("two")), 0);
        assert_true(drain(w, called ? &w->call : NULL, HOUR_MS));
        expect_there(&w->api, "documents", "document#1 document#2 ");
        assert_int_equal(intents(w), 0);
        stop(w);
    }
}

static void what_cannot_be_sent_is_not_waited_for(void **state)
{
    static const struct {
        const char *what;
        int64_t timeout_ms;
        bool cancelled;
    } cases[] = {
        { "it has failed since", HOUR_MS, false },
        { "time is over", 0, false },
        { "nobody waits any more", HOUR_MS, true },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world *w = *state;

        print_message("%s\n", cases[i].what);
        start_waiting(w);
        assert_int_equal(put(w, IN_7, "a.pdf", pdf("mine")), 0);
        api_rule(&w->api, -1, "POST", "documents", 503, "{'message': 'no'}");
        if (cases[i].cancelled)
            call_cancel(&w->call);
        assert_false(drain(w, &w->call, cases[i].timeout_ms));
        remount(w); /* which has it still */
        assert_int_equal(intents(w), 1);
        expect_local(w, IN_7, "a.pdf", pdf("mine"));
        stop(w);
    }
}

static void who_sends_nothing_waits_for_nothing(void **state)
{
    struct world *w = *state;

    start_waiting(w);
    assert_int_equal(put(w, IN_7, "a.pdf", pdf("mine")), 0);
    w->ro = true;
    remount(w);
    assert_true(drain(w, &w->call, HOUR_MS));
    expect_said(&w->api, "");
}

/* --- What is owed -------------------------------------------------------------------------------- */

static void what_has_to_go_is_tried_at_once_when_somebody_asks(void **state)
{
    struct target t = { .res = resource_get(RES_DOCUMENTS), .id = id_of("document", 9) };
    struct uploads_stats stats;
    struct world *w = *state;

    start(w);
    add_made(w, "document#9", pdf("old"), "'datasetId': 'dataset#7'");
    api_rule(&w->api, -1, "DELETE", "documents/*", 503, "{'message': 'no'}");
    assert_int_equal(owe_delete(w->uploads, &w->call, &t, NULL, 0, &w->err), 0);
    uploads_get_stats(w->uploads, &stats);
    assert_int_equal(stats.owed, 1);
    expect_there(&w->api, "documents", "document#9 ");
    api_forget_rules(&w->api);
    uploads_pay(w->uploads); /* no time passes */
    for (int n = 0; n < 5000 && stats.owed; n++) {
        nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
        uploads_get_stats(w->uploads, &stats);
    }
    assert_int_equal(stats.owed, 0);
    expect_there(&w->api, "documents", "");
}

/* --- Names and folders --------------------------------------------------------------------------- */

/* Whatever the number of tries that nobody knows of. */
static void a_name_that_is_left_gets_nothing_any_more(void **state)
{
    int64_t mine[2], other;
    struct intent_row row;
    struct world *w = *state;

    start(w);
    row = posted_row(w, pdf("mine"), INTENT_UNSURE);
    mine[0] = begin_intent(w, &row);
    mine[1] = begin_intent(w, &row);
    row.name = "b.pdf";
    other = begin_intent(w, &row);
    uploads_name_left(w->uploads, folder_at(w, IN_7), "a.pdf");
    for (size_t i = 0; i < ARRAY_LEN(mine); i++) {
        cleanup_free struct intent_row *now = journal_copy(w->uploads->journal, mine[i]);

        assert_non_null(now);
        assert_null(now->name); /* it is looked for, and goes */
    }
    {
        cleanup_free struct intent_row *now = journal_copy(w->uploads->journal, other);

        assert_string_equal(now->name, "b.pdf");
    }
}

static void what_is_in_a_folder_goes_with_it(void **state)
{
    static const struct {
        const char *folder, *now;
    } cases[] = {
        { "documents/in", "documents/out" },
        { "documents/in/it", "documents/out/it" },
        { "documents/inside", "documents/inside" },
        { "documents", "documents" },
    };
    struct world *w = *state;

    start(w);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_free struct intent_row *now = NULL;
        struct intent_row row = posted_row(w, pdf("mine"), INTENT_UNSURE);
        int64_t number;

        print_message("%s\n", cases[i].folder);
        row.folder = cases[i].folder;
        number = begin_intent(w, &row);
        uploads_folder_renamed(w->uploads, "documents/in", "documents/out");
        now = journal_copy(w->uploads->journal, number);
        assert_string_equal(now->folder, cases[i].now);
    }
}

/* --- What is under way --------------------------------------------------------------------------- */

static void a_key_is_on_its_way_until_its_post_is_known(void **state)
{
    static const struct {
        const char *what, *look;
        int kind, state;
        bool sending;
    } cases[] = {
        { "it waits", "{'key':'" KEY "'}", INTENT_CREATE, INTENT_WAITING, true },
        { "it is on its way", "{'key':'" KEY "'}", INTENT_CREATE, INTENT_SENDING, true },
        { "nobody knows", "{'key':'" KEY "'}", INTENT_CREATE, INTENT_UNSURE, true },
        { "it is there", "{'key':'" KEY "'}", INTENT_CREATE, INTENT_OWING, false },
        { "another one", "{'key':'ff'}", INTENT_CREATE, INTENT_UNSURE, false },
        { "without one", NULL, INTENT_CREATE, INTENT_UNSURE, false },
        { "no POST", "{'key':'" KEY "'}", INTENT_MOVE, INTENT_UNSURE, false },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world *w = *state;
        struct intent_row row;

        print_message("%s\n", cases[i].what);
        start(w);
        row = posted_row(w, pdf("mine"), cases[i].state);
        row.kind = cases[i].kind;
        row.look = cases[i].look;
        begin_intent(w, &row);
        assert_int_equal(uploads_are_sending(w->uploads, KEY), cases[i].sending);
        stop(w);
    }
}

static void a_name_is_owed_until_its_rename_is_known(void **state)
{
    static const struct {
        const char *what;
        int kind, state;
        unsigned id;
        bool owed;
    } cases[] = {
        { "a move", INTENT_MOVE, INTENT_SENDING, 1, true },
        { "a move that nobody knows of", INTENT_MOVE, INTENT_UNSURE, 1, true },
        { "what the server is to hear", INTENT_STAMP, INTENT_WAITING, 1, true },
        { "a move that is done", INTENT_MOVE, INTENT_OWING, 1, false },
        { "of another one", INTENT_MOVE, INTENT_UNSURE, 2, false },
        { "no rename", INTENT_CREATE, INTENT_UNSURE, 1, false },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_free char *id = strdup(id_of("document", cases[i].id));
        struct world *w = *state;
        struct intent_row row;

        print_message("%s\n", cases[i].what);
        start(w);
        row = posted_row(w, pdf("mine"), cases[i].state);
        row.kind = cases[i].kind;
        row.id = id;
        begin_intent(w, &row);
        assert_int_equal(uploads_owe_name(w->uploads, id_of("document", 1)), cases[i].owed);
        stop(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_waits_is_sent_before_a_mount_ends),
        TEST(what_cannot_be_sent_is_not_waited_for),
        TEST(who_sends_nothing_waits_for_nothing),
        TEST(what_has_to_go_is_tried_at_once_when_somebody_asks),
        TEST(a_name_that_is_left_gets_nothing_any_more),
        TEST(what_is_in_a_folder_goes_with_it),
        TEST(a_key_is_on_its_way_until_its_post_is_known),
        TEST(a_name_is_owed_until_its_rename_is_known),
    };

    return cmocka_run_group_tests_name("uploads", tests, NULL, NULL);
}
