/* Sidecars that wait for their document, in a time that passes at once. */
#include <pthread.h>
#include <sched.h>

#include "drop_folders.h"
#include "drop_rows.h"
#include "drops.h"
#include "drops_start.h"
#include "state_fixture.h"

#include "drop_put.h"
#include "errlog.h"
#include "pool.h"
#include "sidecar.h"
#include "spool.h"
#include "uploads_context.h"
#include "waiting.h"

#include "banned.h"

#define MINUTE_MS 60000

/* Nobody sleeps: who waits looks again and again at a time that the test moves. */
static int wait_until(struct clock *c, pthread_cond_t *cond, pthread_mutex_t *held,
                      int64_t until_ms)
{
    (void)cond;
    pthread_mutex_unlock(held);
    sched_yield();
    pthread_mutex_lock(held);
    return clock_now_ms(c) < until_ms ? 0 : -ETIMEDOUT;
}

struct world {
    struct fake_clock fake;
    struct uploads uploads;
    struct folder *folder;
    unsigned looks; /* of by_its_name() */
};

static void start_with(void **state, struct world *w, waiting_fn *still_waits)
{
    *w = (struct world){ .folder = NULL };
    fake_clock_init(&w->fake, 1000, 0);
    w->fake.clock.wait = wait_until;
    w->uploads = (struct uploads){ .clock = &w->fake.clock, .state = open_state(state) };
    assert_int_equal(spool_new(in_dir(state, "spool"), &w->uploads.spool, NULL), 0);
    assert_int_equal(drops_new(w->uploads.state, w->uploads.spool, w->uploads.clock, NULL,
                               &w->uploads.drops, NULL),
                     0);
    assert_int_equal(errlog_new(w->uploads.clock, NULL, &w->uploads.errlog), 0);
    assert_int_equal(pool_new(2, &w->uploads.pool), 0);
    assert_int_equal(waiting_new(&w->uploads, still_waits, &w->uploads.waiting), 0);
    assert_int_equal(drops_folder(w->uploads.drops, "documents", &w->folder), 0);
}

static void start(void **state, struct world *w)
{
    start_with(state, w, sidecar_waits);
}

static void stop(struct world *w)
{
    waiting_stop(w->uploads.waiting);
    pool_free(w->uploads.pool);
    waiting_free(w->uploads.waiting);
    drops_free(w->uploads.drops);
    spool_free(w->uploads.spool);
    errlog_free(w->uploads.errlog);
    state_close(w->uploads.state);
}

static struct drop *add(struct world *w, const char *name)
{
    struct drop *d = NULL;

    assert_int_equal(drops_add(w->uploads.drops, w->folder, name, DROP_FILE, &d), 0);
    assert_int_equal(drop_put_text(w->uploads.drops, d, "{}", 2), 0);
    return d;
}

/* In steps, with time for a look in each. */
static void pass(struct world *w, int64_t ms)
{
    for (int64_t passed = 0; passed < ms; passed += MINUTE_MS / 4) {
        fake_clock_advance(&w->fake, MINUTE_MS / 4);
        for (int i = 0; i < 2000; i++)
            sched_yield();
        assert_true(pool_drain(w->uploads.pool, 10000));
    }
}

static void expect_lines(struct world *w, uint64_t n, const char *text)
{
    char lines[4096] = "";

    for (int i = 0; errlog_count(w->uploads.errlog) < n && i < 1000000; i++)
        sched_yield();
    assert_int_equal(errlog_count(w->uploads.errlog), n);
    errlog_read(w->uploads.errlog, 0, lines, sizeof(lines) - 1);
    if (n)
        assert_non_null(strstr(lines, text));
}

static void what_waits_for_a_minute_is_told_once_and_counted(void **state)
{
    struct world w;
    struct drop *d;

    start(state, &w);
    d = add(&w, "scan.pdf.json");
    assert_int_equal(waiting_begin(w.uploads.waiting, d), 0);
    assert_int_equal(waiting_count(w.uploads.waiting), 0);
    pass(&w, MINUTE_MS);
    expect_lines(&w, 1, "sidecar /documents/scan.pdf.json: it waits for its document: scan.pdf");
    assert_int_equal(waiting_count(w.uploads.waiting), 1);
    pass(&w, 9 * MINUTE_MS);
    expect_lines(&w, 1, "scan.pdf.json");
    assert_int_equal(waiting_count(w.uploads.waiting), 1);
    drop_unref(d);
    stop(&w);
}

static void what_was_removed_or_renamed_waits_no_more(void **state)
{
    struct world w;
    struct drop *a, *b, *c;

    start(state, &w);
    a = add(&w, "a.json");
    b = add(&w, "b.json");
    c = add(&w, "c.json");
    assert_int_equal(waiting_begin(w.uploads.waiting, a), 0);
    assert_int_equal(waiting_begin(w.uploads.waiting, b), 0);
    assert_int_equal(waiting_begin(w.uploads.waiting, c), 0);
    assert_int_equal(drops_remove(w.uploads.drops, a, false), 0);
    assert_int_equal(drops_move(w.uploads.drops, b, w.folder, "b.json~"), 0);
    waiting_end(w.uploads.waiting, c);
    pass(&w, 3 * MINUTE_MS);
    assert_int_equal(waiting_count(w.uploads.waiting), 0);
    expect_lines(&w, 0, NULL);
    drop_unref(a);
    drop_unref(b);
    drop_unref(c);
    stop(&w);
}

static void those_of_an_earlier_mount_go_on_waiting(void **state)
{
    static const struct {
        const char *name, *taken;
    } rows[] = {
        { "waits.pdf.json", NULL },
        { "moved.pdf.json", ">las:document:00000000000000000000000000000001" },
        { "taken.pdf.json", "las:document:00000000000000000000000000000001" },
        { ".defaults.json", NULL },
        { "scan.tmp", NULL },
    };
    struct world w;

    start(state, &w);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct drop *d = add(&w, rows[i].name);

        drops_lock(w.uploads.drops);
        d->taken = rows[i].taken ? strdup(rows[i].taken) : NULL;
        drops_unlock(w.uploads.drops);
        assert_int_equal(drop_row_save(w.uploads.drops, d, true), 0);
        drop_unref(d);
    }
    assert_int_equal(waiting_load(w.uploads.waiting), 0);
    pass(&w, 2 * MINUTE_MS);
    expect_lines(&w, 2, "waits.pdf.json");
    assert_int_equal(waiting_count(w.uploads.waiting), 2);
    stop(&w);
}

/* --- The end of a mount -------------------------------------------------------------------------- */

/* That time is over at once. */
static int wait_no_longer(struct clock *c, pthread_cond_t *cond, pthread_mutex_t *held,
                          int64_t until_ms)
{
    (void)cond;
    (void)held;
    fake_clock_advance((struct fake_clock *)c, until_ms - clock_now_ms(c));
    return -ETIMEDOUT;
}

/* What each look at a sidecar finds, as its name says, a letter each, the last again and again. */
static enum wait_state by_its_name(struct uploads *uploads, struct call *call, struct drop *d,
                                   struct failure *why)
{
    struct world *w = (struct world *)((char *)uploads - offsetof(struct world, uploads));
    cleanup_free char *name = drop_name(uploads->drops, d);
    size_t at = w->looks < strcspn(name, ".") - 1 ? w->looks : strcspn(name, ".") - 1;

    (void)call;
    (void)why;
    w->looks++;
    switch (name[at]) {
    case 'o':
        return WAIT_OVER;
    case 'l':
        return WAIT_LONG;
    case 'b':
        return WAIT_BUSY;
    default:
        return WAIT_OWED;
    }
}

static void a_mount_that_ends_waits_for_what_can_be_given(void **state)
{
    static const struct {
        const char *what, *name;
        bool cancelled, settled;
        unsigned looks;
    } cases[] = {
        { "it is given", "o.json", false, true, 1 },
        { "nobody knows its document", "l.json", false, true, 1 },
        { "it cannot be given", "w.json", false, false, 1 },
        { "somebody is at it", "bbo.json", false, true, 3 },
        { "and for too long", "b.json", false, false, 5 },
        { "nobody waits any more", "b.json", true, false, 1 },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        void *own = NULL;
        struct drop *d;
        struct world w;
        struct call call;

        (void)state;
        print_message("%s\n", cases[i].what);
        assert_int_equal(temp_dir_setup(&own), 0);
        start_with(&own, &w, by_its_name);
        assert_int_equal(call_init(&call), 0);
        d = add(&w, cases[i].name);
        assert_int_equal(waiting_begin(w.uploads.waiting, d), 0);
        waiting_stop(w.uploads.waiting); /* nobody else looks */
        w.fake.clock.wait = wait_no_longer;
        if (cases[i].cancelled)
            call_cancel(&call);
        assert_int_equal(waiting_drain(w.uploads.waiting, &call, 200), cases[i].settled);
        assert_int_equal(w.looks, cases[i].looks);
        call_release(&call);
        drop_unref(d);
        stop(&w);
        temp_dir_teardown(&own);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_waits_for_a_minute_is_told_once_and_counted),
        TEST(what_was_removed_or_renamed_waits_no_more),
        TEST(those_of_an_earlier_mount_go_on_waiting),
        cmocka_unit_test(a_mount_that_ends_waits_for_what_can_be_given),
    };

    return cmocka_run_group_tests_name("waiting", tests, NULL, NULL);
}
