/* The journal: what is on disk when, who works at what, and what the next mount finds. */
#include "state_fixture.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "journal.h"
#include "journal_ask.h"
#include "journal_work.h"
#include "pool.h"

#include "banned.h"

#define SHA256 "0123456789abcdef0123456789abcdef"

/* A mount's journal, and what its work is told to do. */
struct mount {
    struct state *state;
    struct pool *pool;
    struct journal *journal;
    atomic_int works;
    atomic_int fails; /* so many times more: -EIO */
    atomic_int again; /* not done, and to be looked at in so many ms; 0: done */
    atomic_bool slow; /* it is not answered until somebody waits in a drain */
};

static int64_t work(void *arg, struct call *call, const struct intent_row *row, struct failure *why)
{
    struct mount *m = arg;

    (void)call;
    atomic_fetch_add(&m->works, 1);
    while (atomic_load(&m->slow))
        if (journal_is_hurried(m->journal))
            atomic_store(&m->slow, false);
    if (atomic_load(&m->fails) > 0) {
        atomic_fetch_sub(&m->fails, 1);
        failure_set(why, 503, "the server is away");
        return -EIO;
    }
    if (atomic_load(&m->again))
        return atomic_load(&m->again);
    return journal_tell(m->journal, row->number,
                        row->state == INTENT_OWING ? INTENT_DELETED : INTENT_REFUSED, NULL,
                        STATE_NOW);
}

static void begin(struct mount *m, void **state)
{
    m->state = open_state(state);
    assert_int_equal(pool_new(4, &m->pool), 0);
    assert_int_equal(journal_new(&(struct journal_config){ .state = m->state,
                                                           .clock = clock_real(),
                                                           .pool = m->pool,
                                                           .workers = 2,
                                                           .work = work,
                                                           .arg = m },
                                 &m->journal, NULL),
                     0);
}

static void end(struct mount *m)
{
    journal_stop(m->journal);
    pool_free(m->pool);
    journal_free(m->journal);
    state_close(m->state);
}

/* As a daemon that dies: what is not on disk is gone. */
static void begin_again(struct mount *m, void **state)
{
    end(m);
    begin(m, state);
}

static struct intent_row create_row(const char *name)
{
    struct intent_row row = { .kind = INTENT_CREATE,
                              .state = INTENT_SENDING,
                              .resource = 7,
                              .folder = "documents",
                              .name = name,
                              .look = "{}",
                              .size = 5,
                              .since_ns = 1,
                              .has_sha256 = true };

    memcpy(row.sha256, SHA256, sizeof(row.sha256));
    return row;
}

static int64_t begin_row(struct mount *m, const struct intent_row *row)
{
    int64_t number = 0;

    assert_int_equal(journal_begin(m->journal, row, NULL, 0, &number, NULL), 0);
    assert_true(number > 0);
    return number;
}

static int64_t begin_create(struct mount *m, const char *name)
{
    struct intent_row row = create_row(name);

    return begin_row(m, &row);
}

/* "NUMBER:STATE " of all. */
static int see_intent(void *arg, const struct intent_row *row)
{
    char *text = arg;

    snprintf(text + strlen(text), 100, "%lld:%d ", (long long)row->number, row->state);
    return 0;
}

static void expect_intents(struct mount *m, const char *text)
{
    char seen[2000] = "";

    assert_int_equal(journal_each(m->journal, see_intent, seen), 0);
    assert_string_equal(seen, text);
}

static void expect_rows(struct mount *m, const char *text)
{
    char seen[2000] = "";

    assert_int_equal(state_load_intents(m->state, see_intent, seen, NULL), 0);
    assert_string_equal(seen, text);
}

static void await_works(struct mount *m, int n)
{
    while (atomic_load(&m->works) < n)
        sched_yield();
}

/* --- Rows ------------------------------------------------------------------------------------- */

static void what_is_begun_is_on_disk_and_unsure_after_a_death(void **state)
{
    struct mount m = { .works = 0 };
    cleanup_free struct intent_row *row = NULL;

    begin(&m, state);
    begin_create(&m, "a.pdf");
    expect_rows(&m, "1:1 ");
    begin_again(&m, state);
    expect_intents(&m, "1:2 ");
    row = journal_copy(m.journal, 1);
    assert_non_null(row);
    assert_string_equal(row->folder, "documents");
    assert_string_equal(row->name, "a.pdf");
    assert_int_equal(row->size, 5);
    assert_true(row->has_sha256 && memcmp(row->sha256, SHA256, sizeof(row->sha256)) == 0);
    assert_int_equal(begin_create(&m, "b.pdf"), 2); /* numbers are not used again */
    end(&m);
}

static void what_is_done_has_no_row(void **state)
{
    struct mount m = { .works = 0 };
    int64_t number;

    begin(&m, state);
    number = begin_create(&m, "a.pdf");
    assert_int_equal(journal_tell(m.journal, number, INTENT_ANSWERED, NULL, STATE_NOW), 0);
    journal_leave(m.journal, number, 0);
    expect_intents(&m, "");
    expect_rows(&m, "");
    assert_int_equal(journal_tell(m.journal, number, INTENT_LOST, NULL, STATE_NOW), -ENOENT);
    end(&m);
}

static void what_cannot_happen_is_refused(void **state)
{
    struct mount m = { .works = 0 };
    int64_t number;

    begin(&m, state);
    number = begin_create(&m, "a.pdf");
    assert_int_equal(journal_tell(m.journal, number, INTENT_FOUND, NULL, STATE_NOW), -EPROTO);
    expect_rows(&m, "1:1 ");
    end(&m);
}

static void a_step_and_its_intent_are_one_transaction(void **state)
{
    struct mount m = { .works = 0 };
    struct drop_row drop = sent_row("documents", "a.pdf", "1");
    struct state_step step = { .change = STATE_PUT_DROP, .row = &drop };
    struct intent_row row = create_row("a.pdf");
    int64_t number;

    begin(&m, state);
    assert_int_equal(journal_begin(m.journal, &row, &step, 1, &number, NULL), 0);
    begin_again(&m, state);
    expect_folder(m.state, "documents", "documents/a.pdf=1 ");
    expect_rows(&m, "1:1 ");
    end(&m);
}

static void what_is_known_later_is_in_the_row(void **state)
{
    const struct intent_news news = { .id = "made", .old = "replaced" };
    struct mount m = { .works = 0 };
    cleanup_free struct intent_row *row = NULL;
    int64_t number;

    begin(&m, state);
    number = begin_create(&m, "a.pdf");
    assert_int_equal(journal_tell(m.journal, number, INTENT_ANSWERED, &news, STATE_NOW), 0);
    assert_true(journal_has_id(m.journal, "made", 0));
    assert_true(journal_has_id(m.journal, "replaced", 0));
    assert_false(journal_has_id(m.journal, "other", 0));
    assert_false(journal_has_id(m.journal, "made", number));
    assert_true(journal_has_id(m.journal, "made", number + 1));
    begin_again(&m, state);
    expect_intents(&m, "1:3 "); /* it owes what it replaced */
    row = journal_copy(m.journal, number);
    assert_string_equal(row->id, "made");
    assert_string_equal(row->old, "replaced");
    end(&m);
}

/* Two that were queued: 1 waits, and of 2 nobody knows what came of it. */
static void begin_queued(struct mount *m, void **state)
{
    struct intent_row waiting = create_row("a.pdf"), unsure = create_row("b.pdf");

    begin(m, state);
    waiting.state = INTENT_WAITING;
    unsure.state = INTENT_UNSURE;
    waiting.upload = unsure.upload = 9;
    begin_row(m, &waiting);
    begin_row(m, &unsure);
}

static int see_folders(void *arg, const struct intent_row *row)
{
    char *text = arg;

    snprintf(text + strlen(text), 200, "%s>%s ", row->folder, row->to_folder ? row->to_folder : "");
    return 0;
}

/* In memory, and by what renames the names in it on disk. */
static void what_is_owed_in_a_folder_goes_with_it(void **state)
{
    static const char *const folders[][2] = {
        { "documents/a", NULL },
        { "documents/a/b", "documents/a" },
        { "documents", "documents/a/b" },
        { "documents/ab", "documents/a.c" },
    };
    static const char after[] = "documents/x> documents/x/b>documents/x documents>documents/x/b "
                                "documents/ab>documents/a.c ";
    char seen[2000] = "";
    struct mount m;

    begin(&m, state);
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        struct intent_row row = create_row("scan.pdf");

        row.folder = folders[i][0];
        row.to_folder = folders[i][1];
        begin_row(&m, &row);
    }
    assert_int_equal(state_rename_folder(m.state, "documents/a", "documents/x", true, NULL), 0);
    journal_rename_folder(m.journal, "documents/a", "documents/x");
    assert_int_equal(journal_each(m.journal, see_folders, seen), 0);
    assert_string_equal(seen, after);
    begin_again(&m, state);
    seen[0] = '\0';
    assert_int_equal(journal_each(m.journal, see_folders, seen), 0);
    assert_string_equal(seen, after);
    end(&m);
}

static void what_is_withdrawn_is_not_sent_again(void **state)
{
    struct mount m = { .works = 0 };
    cleanup_free struct intent_row *row = NULL;

    begin_queued(&m, state);
    for (int64_t number = 1; number <= 2; number++) {
        cleanup_intent_change struct intent_change change = { .row = NULL };

        journal_leave(m.journal, number, 60000);
        assert_int_equal(journal_withdraw(m.journal, number, &change), 0);
        assert_int_equal(state_apply(m.state, &change.step, 1, STATE_NOW, NULL), 0);
    }
    expect_rows(&m, "2:2 ");
    row = journal_copy(m.journal, 2);
    assert_int_equal(row->upload, 0);
    assert_null(row->name);
    end(&m);
}

static void what_waits_gets_other_bytes_and_what_is_unsure_does_not(void **state)
{
    struct mount m = { .works = 0 };
    struct intent_news news = { .upload = 12, .size = 34 };
    cleanup_intent_change struct intent_change change = { .row = NULL };
    cleanup_free struct intent_row *row = NULL;

    begin_queued(&m, state);
    assert_int_equal(journal_replace(m.journal, 1, &news, &change), 0);
    assert_int_equal(change.row->upload, 12);
    assert_int_equal(change.row->size, 34);
    intent_change_release(&change);
    assert_int_equal(journal_replace(m.journal, 2, &news, &change), -EBUSY);
    assert_int_equal(journal_replace(m.journal, 3, &news, &change), -ENOENT);
    row = journal_copy(m.journal, 2);
    assert_int_equal(row->upload, 9);
    end(&m);
}

/* --- Who has it ------------------------------------------------------------------------------- */

static void what_somebody_holds_is_nobody_elses(void **state)
{
    struct mount m = { .works = 0 };
    struct intent_row *row = NULL;
    int64_t number;

    begin(&m, state);
    number = begin_create(&m, "a.pdf");
    assert_int_equal(journal_start(m.journal), 0);
    assert_int_equal(journal_take(m.journal, INTENT_CREATE, "documents", "a.pdf", &row), -EBUSY);
    journal_put_off(m.journal, number, 0); /* by another one: it stays held */
    assert_int_equal(journal_take(m.journal, INTENT_CREATE, "documents", "a.pdf", &row), -EBUSY);
    assert_int_equal(journal_take(m.journal, INTENT_CREATE, "documents", "b.pdf", &row), -ENOENT);
    assert_int_equal(journal_take(m.journal, INTENT_MOVE, "documents", "a.pdf", &row), -ENOENT);
    assert_int_equal(journal_tell(m.journal, number, INTENT_LOST, NULL, STATE_NOW), 0);
    journal_leave(m.journal, number, 60000);
    assert_int_equal(journal_take(m.journal, INTENT_CREATE, "documents", "a.pdf", &row), 0);
    assert_int_equal(row->state, INTENT_UNSURE);
    free(row);
    assert_int_equal(journal_count_alike(m.journal, (const uint8_t *)SHA256, INTENT_UNSURE), 1);
    assert_int_equal(journal_count_alike(m.journal, (const uint8_t *)SHA256, INTENT_SENDING), 0);
    assert_int_equal(atomic_load(&m.works), 0);
    journal_leave(m.journal, number, 0);
    await_works(&m, 1);
    end(&m);
}

/* --- Working at it ---------------------------------------------------------------------------- */

static void what_an_earlier_mount_owes_is_paid(void **state)
{
    const struct intent_news news = { .old = "replaced" };
    struct mount m = { .works = 0 };
    int64_t number;

    begin(&m, state);
    number = begin_create(&m, "a.pdf");
    assert_int_equal(journal_tell(m.journal, number, INTENT_ANSWERED, &news, STATE_NOW), 0);
    begin_again(&m, state);
    assert_int_equal(journal_start(m.journal), 0);
    await_works(&m, 1);
    end(&m);
    begin(&m, state);
    expect_rows(&m, "");
    end(&m);
}

static void what_fails_is_tried_again_and_says_why(void **state)
{
    struct mount m = { .works = 0, .fails = 2 };
    struct intent_row row = create_row("a.pdf");
    struct journal_stats stats;

    row.state = INTENT_WAITING;
    row.upload = 9;
    begin(&m, state);
    journal_leave(m.journal, begin_row(&m, &row), 0);
    assert_int_equal(journal_start(m.journal), 0);
    await_works(&m, 1);
    do
        journal_get_stats(m.journal, &stats);
    while (!stats.retries);
    assert_int_equal(stats.queued, 1);
    assert_int_equal(stats.queued_bytes, 5);
    assert_string_equal(stats.last_why, "the server is away");
    await_works(&m, 3);
    end(&m);
}

static void a_drain_waits_for_what_is_sent_and_not_for_what_is_away(void **state)
{
    struct mount m = { .works = 0 };
    struct intent_row row = create_row("a.pdf");

    row.state = INTENT_WAITING;
    row.upload = 9;
    begin(&m, state);
    journal_leave(m.journal, begin_row(&m, &row), 60000); /* hurried */
    assert_int_equal(journal_start(m.journal), 0);
    assert_true(journal_drain(m.journal, NULL, 60000));
    assert_int_equal(atomic_load(&m.works), 1);
    atomic_store(&m.fails, 1000);
    journal_leave(m.journal, begin_row(&m, &row), 60000);
    assert_false(journal_drain(m.journal, NULL, 60000));
    assert_false(journal_is_hurried(m.journal));
    end(&m);
}

static void a_try_that_began_before_a_drain_is_not_the_drain_s(void **state)
{
    struct mount m = { .works = 0, .fails = 1, .slow = true };
    struct intent_row row = create_row("a.pdf");

    row.state = INTENT_WAITING;
    row.upload = 9;
    begin(&m, state);
    journal_leave(m.journal, begin_row(&m, &row), 0);
    assert_int_equal(journal_start(m.journal), 0);
    await_works(&m, 1);
    assert_true(journal_drain(m.journal, NULL, 60000));
    assert_int_equal(atomic_load(&m.works), 2);
    end(&m);
}

static void a_drain_ends_after_its_time(void **state)
{
    struct mount m = { .works = 0, .again = 1 };
    struct intent_row row = create_row("a.pdf");

    row.state = INTENT_WAITING;
    row.upload = 9;
    begin(&m, state);
    journal_leave(m.journal, begin_row(&m, &row), 0);
    assert_int_equal(journal_start(m.journal), 0);
    assert_false(journal_drain(m.journal, NULL, 100));
    end(&m);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_begun_is_on_disk_and_unsure_after_a_death),
        TEST(what_is_done_has_no_row),
        TEST(what_cannot_happen_is_refused),
        TEST(a_step_and_its_intent_are_one_transaction),
        TEST(what_is_known_later_is_in_the_row),
        TEST(what_is_owed_in_a_folder_goes_with_it),
        TEST(what_is_withdrawn_is_not_sent_again),
        TEST(what_waits_gets_other_bytes_and_what_is_unsure_does_not),
        TEST(what_somebody_holds_is_nobody_elses),
        TEST(what_an_earlier_mount_owes_is_paid),
        TEST(what_fails_is_tried_again_and_says_why),
        TEST(a_drain_waits_for_what_is_sent_and_not_for_what_is_away),
        TEST(a_try_that_began_before_a_drain_is_not_the_drain_s),
        TEST(a_drain_ends_after_its_time),
    };

    return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
