/* One drop: who may do what, its bytes, what it says of itself. */
#include <pthread.h>
#include <sched.h>

#include "drops_fixture.h"

#include "banned.h"

#define WAITERS 4

/* --- Who may do what -------------------------------------------------------------------------- */

static void drop_is_written_by_many_or_held_by_one(void **state)
{
    struct call now = { .nowait = true };
    struct table t;
    struct drop *d;

    t = open_table(state);
    d = add(&t, "documents", "a.pdf", DROP_FILE);
    assert_int_equal(drop_lock_shared(t.drops, d, &now), 0);
    assert_int_equal(drop_lock_shared(t.drops, d, &now), 0);
    assert_int_equal(drop_lock_exclusive(t.drops, d, &now), -EWOULDBLOCK);
    drop_unlock_shared(t.drops, d);
    assert_int_equal(drop_lock_exclusive(t.drops, d, &now), -EWOULDBLOCK);
    drop_unlock_shared(t.drops, d);
    assert_int_equal(drop_lock_exclusive(t.drops, d, &now), 0);
    assert_int_equal(drop_lock_exclusive(t.drops, d, &now), -EWOULDBLOCK);
    assert_int_equal(drop_lock_shared(t.drops, d, &now), -EWOULDBLOCK);
    assert_true(drop_snapshot(t.drops, d).exclusive);
    drop_unlock_exclusive(t.drops, d);
    assert_int_equal(drop_lock_shared(t.drops, d, &now), 0);
    drop_unlock_shared(t.drops, d);
    drop_unref(d);
    close_table(&t);
}

struct waiter {
    struct table *t;
    struct drop *d;
    struct call call;
    pthread_t thread;
    bool shared;
    int rc;
};

/* How many have it at a time, and had it at most. */
static atomic_int inside, most, had;

static void *wait_for_it(void *arg)
{
    struct waiter *w = arg;
    int n;

    w->rc = w->shared ? drop_lock_shared(w->t->drops, w->d, &w->call)
                      : drop_lock_exclusive(w->t->drops, w->d, &w->call);
    if (w->rc < 0)
        return NULL;
    n = atomic_fetch_add(&inside, 1) + 1;
    atomic_fetch_add(&had, 1);
    if (n > atomic_load(&most))
        atomic_store(&most, n);
    sched_yield();
    atomic_fetch_sub(&inside, 1);
    if (w->shared)
        drop_unlock_shared(w->t->drops, w->d);
    else
        drop_unlock_exclusive(w->t->drops, w->d);
    return NULL;
}

static void start(struct waiter *w, struct table *t, struct drop *d, bool shared)
{
    *w = (struct waiter){ .t = t, .d = d, .shared = shared };
    assert_int_equal(call_init(&w->call), 0);
    assert_int_equal(pthread_create(&w->thread, NULL, wait_for_it, w), 0);
}

static void end(struct waiter *w)
{
    pthread_join(w->thread, NULL);
    call_release(&w->call);
}

/* Until somebody waits for it. */
static void await_waiters(struct table *t, struct drop *d)
{
    bool waits = false;

    while (!waits) {
        drops_lock(t->drops);
        waits = d->waiters != NULL;
        drops_unlock(t->drops);
        sched_yield();
    }
}

static void who_waits_for_a_drop_gets_it_one_after_another(void **state)
{
    struct call now = { .nowait = true };
    struct waiter waiters[WAITERS];
    struct table t;
    struct drop *d;

    t = open_table(state);
    atomic_store(&had, 0);
    atomic_store(&most, 0);
    d = add(&t, "documents", "a.pdf", DROP_FILE);
    assert_int_equal(drop_lock_exclusive(t.drops, d, &now), 0);
    for (size_t i = 0; i < WAITERS; i++)
        start(&waiters[i], &t, d, false);
    await_waiters(&t, d);
    assert_int_equal(atomic_load(&had), 0);
    drop_unlock_exclusive(t.drops, d);
    for (size_t i = 0; i < WAITERS; i++) {
        end(&waiters[i]);
        assert_int_equal(waiters[i].rc, 0);
    }
    assert_int_equal(atomic_load(&had), WAITERS);
    assert_int_equal(atomic_load(&most), 1);
    drop_unref(d);
    close_table(&t);
}

static void who_is_interrupted_gets_nothing(void **state)
{
    static const bool cases[] = { false, true };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct call now = { .nowait = true };
        struct waiter w;
        struct table t;
        struct drop *d;

        t = open_table(state);
        d = add(&t, "documents", "a.pdf", DROP_FILE);
        assert_int_equal(drop_lock_exclusive(t.drops, d, &now), 0);
        start(&w, &t, d, cases[i]);
        await_waiters(&t, d);
        call_cancel(&w.call);
        end(&w);
        assert_int_equal(w.rc, -EINTR);
        assert_null(d->waiters);
        drop_unlock_exclusive(t.drops, d);
        assert_int_equal(drop_lock_exclusive(t.drops, d, &now), 0);
        drop_unlock_exclusive(t.drops, d);
        drop_unref(d);
        close_table(&t);
    }
}

/* --- Bytes ------------------------------------------------------------------------------------ */

static void new_bytes_take_the_place_of_those_before(void **state)
{
    struct bytes *first, *second;
    struct table t;
    struct drop *d;

    t = open_table(state);
    d = add(&t, "documents", "a.pdf", DROP_FILE);
    assert_false(drop_snapshot(t.drops, d).has_bytes);
    assert_int_equal(drop_new_bytes(t.drops, d, &first), 0);
    assert_true(drop_snapshot(t.drops, d).has_bytes);
    assert_int_equal(file_pwrite_all(first->fd, "abc", 3, 0), 0);
    assert_int_equal(drop_size(t.drops, d), 3);
    assert_int_equal(drop_new_bytes(t.drops, d, &second), 0);
    assert_int_equal(spooled(state), 1);
    assert_int_equal(drop_size(t.drops, d), 0);
    drop_forget_bytes(t.drops, d);
    assert_int_equal(spooled(state), 0);
    expect_bytes(&t, d, NULL);
    drop_unref(d);
    close_table(&t);
}

/* Only what nothing was ever written into has its first ones so. */
static void first_bytes_without_a_wait(void **state)
{
    struct drop *new, *sent, *written, *gone;
    struct table t;

    t = open_table(state);
    new = add(&t, "documents", "new.pdf", DROP_FILE);
    assert_int_equal(drop_begin_bytes(t.drops, new), -EWOULDBLOCK); /* no file was made ahead */
    for (int i = 0; i < 12; i++) {
        char name[16];

        snprintf(name, sizeof(name), "%d.pdf", i);
        drop_unref(add_text(&t, "documents", name, "abc"));
    }
    assert_int_equal(drop_begin_bytes(t.drops, new), 0);
    expect_bytes(&t, new, "");
    assert_int_equal(drop_begin_bytes(t.drops, new), -EWOULDBLOCK);
    sent = add(&t, "documents", "sent.pdf", DROP_FILE);
    assert_int_equal(
        drop_named(t.drops, sent, "las:document:0123456789abcdef0123456789abcdef", true), 0);
    assert_int_equal(drop_begin_bytes(t.drops, sent), -EWOULDBLOCK);
    written = add_text(&t, "documents", "written.pdf", "abc");
    assert_int_equal(drop_begin_bytes(t.drops, written), -EWOULDBLOCK);
    expect_bytes(&t, written, "abc");
    gone = add(&t, "documents", "gone.pdf", DROP_FILE);
    assert_int_equal(drops_remove(t.drops, gone, true), 0);
    assert_int_equal(drop_begin_bytes(t.drops, gone), -EWOULDBLOCK);
    drop_unref(new);
    drop_unref(sent);
    drop_unref(written);
    drop_unref(gone);
    close_table(&t);
}

static void forgotten_bytes_stay_with_those_who_read_them(void **state)
{
    cleanup_buf struct buf text = BUF_INIT(100);
    struct bytes *reader;
    struct table t;
    struct drop *d;

    t = open_table(state);
    d = add_text(&t, "documents", "a.pdf", "abc");
    reader = drop_bytes(t.drops, d);
    drop_forget_bytes(t.drops, d);
    assert_int_equal(bytes_read(reader, &text), 0);
    assert_string_equal(buf_str(&text), "abc");
    bytes_unref(reader);
    assert_int_equal(spooled(state), 0);
    drop_unref(d);
    close_table(&t);
}

static void what_is_removed_keeps_its_bytes_while_it_is_open(void **state)
{
    struct table t;
    struct drop *d;

    t = open_table(state);
    d = add_text(&t, "documents", "a.txt~", "abc");
    drop_open(t.drops, d);
    drop_open(t.drops, d);
    assert_int_equal(drops_remove(t.drops, d, true), 0);
    assert_int_equal(spooled(state), 0); /* no name leads to them */
    expect_bytes(&t, d, "abc");
    drop_close(t.drops, d);
    expect_bytes(&t, d, "abc");
    drop_close(t.drops, d);
    expect_bytes(&t, d, NULL);
    drop_unref(d);
    close_table(&t);
}

static void new_bytes_of_what_was_removed_are_on_no_disk(void **state)
{
    struct bytes *b;
    struct table t;
    struct drop *d;

    t = open_table(state);
    d = add(&t, "documents", "a.pdf", DROP_FILE);
    drop_open(t.drops, d);
    assert_int_equal(drops_remove(t.drops, d, true), 0);
    assert_int_equal(drop_new_bytes(t.drops, d, &b), 0);
    assert_int_equal(spooled(state), 0);
    drop_close(t.drops, d);
    expect_bytes(&t, d, NULL);
    drop_unref(d);
    close_table(&t);
}

static void secrets_are_on_no_disk_and_not_given_back(void **state)
{
    struct bytes *b;
    struct table t;
    struct drop *d;

    t = open_table(state);
    d = add(&t, "secrets", "s.json", DROP_FILE);
    assert_true(d->folder->memory);
    assert_int_equal(drop_new_bytes(t.drops, d, &b), 0);
    assert_int_equal(file_pwrite_all(b->fd, "{}", 2, 0), 0);
    assert_int_equal(spooled(state), 0);
    assert_true(drop_is_readable(t.drops, d));
    set_id(&t, d, "las:secret:1");
    assert_false(drop_is_readable(t.drops, d));
    assert_int_equal(drop_row_save(t.drops, d, true), 0);
    expect_folder(t.state, "secrets", "secrets/s.json=las:secret:1 ");
    drop_unref(d);
    close_table(&t);
}

static void secrets_have_no_row_before_they_are_sent(void **state)
{
    struct table t;
    struct drop *d;

    t = open_table(state);
    d = add_text(&t, "secrets", "s.json", "{}");
    expect_folder(t.state, "secrets", "");
    drop_unref(d);
    reopen(state, &t);
    assert_false(is_there(&t, "secrets", "s.json"));
    close_table(&t);
}

/* --- What it is ------------------------------------------------------------------------------- */

static void lists_are_believed_when_they_must_have_it(void **state)
{
    struct table t;
    struct drop *d;

    t = open_table(state);
    d = add(&t, "documents", "a.pdf", DROP_FILE);
    assert_false(drop_snapshot(t.drops, d).fresh); /* it was never sent */
    drop_listed_elsewhere(t.drops, d);
    assert_true(drop_snapshot(t.drops, d).fresh);
    fake_clock_advance(t.fake, 2000);
    assert_true(drop_snapshot(t.drops, d).fresh);
    fake_clock_advance(t.fake, 1);
    assert_false(drop_snapshot(t.drops, d).fresh);
    drop_listed_elsewhere(t.drops, d);
    assert_true(drop_snapshot(t.drops, d).fresh);
    drops_trust_lists(t.drops); /* somebody said so */
    assert_false(drop_snapshot(t.drops, d).fresh);
    drop_unref(d);
    close_table(&t);
}

/* Of one that was sent so long before, in a mount whose clock was so far ahead. */
static bool is_fresh_again(void **state, int64_t ago_ms, int64_t ahead_ms)
{
    struct table t = open_table(state);
    struct drop *d = add(&t, "documents", "a.pdf", DROP_FILE);
    bool fresh;

    fake_clock_advance(t.fake, ahead_ms);
    assert_int_equal(drop_acknowledged(t.drops, d, A, (struct acked){ .size = 1 }, true), 0);
    assert_int_equal(drop_row_save(t.drops, d, true), 0);
    drop_unref(d);
    reopen(state, &t);
    fake_clock_advance(t.fake, ago_ms);
    d = find(&t, "documents", "a.pdf");
    fresh = drop_snapshot(t.drops, d).fresh;
    assert_true(drop_is_newer(&(struct drop_snapshot){ .told_ms = 5 }, 5 + 2000));
    assert_false(drop_is_newer(&(struct drop_snapshot){ .told_ms = 5 }, 5 + 2001));
    assert_int_equal(drops_remove(t.drops, d, true), 0);
    drop_unref(d);
    close_table(&t);
    return fresh;
}

static void lists_lag_behind_also_after_a_start(void **state)
{
    assert_true(is_fresh_again(state, 0, 0));
    assert_true(is_fresh_again(state, 2000, 0));
    assert_false(is_fresh_again(state, 2001, 0));
    assert_true(is_fresh_again(state, 0, 3600000)); /* it was set back: as if it were told now */
}

static void drop_says_where_it_is_and_what_it_is_called(void **state)
{
    struct table t;
    struct drop *d;
    char *name;

    t = open_table(state);
    d = add(&t, "documents", "a.pdf", DROP_FILE);
    assert_int_equal(drops_move(t.drops, d, folder_of(&t, "documents/2026"), "b.pdf"), 0);
    assert_ptr_equal(drop_folder(t.drops, d), folder_of(&t, "documents/2026"));
    name = drop_name(t.drops, d);
    assert_string_equal(name, "b.pdf");
    free(name);
    assert_true(drop_snapshot(t.drops, d).linked);
    assert_int_equal(drops_remove(t.drops, d, false), 0);
    assert_false(drop_snapshot(t.drops, d).linked);
    drop_unref(d);
    close_table(&t);
}

static void sidecars_are_taken_once(void **state)
{
    static const struct {
        const char *taken;
        bool untaken;
    } cases[] = {
        { NULL, true },
        { "las:document:1", false },
        { ">las:document:1", true }, /* it was moved away from it */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(drop_is_untaken(cases[i].taken), cases[i].untaken);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(drop_is_written_by_many_or_held_by_one),
        TEST(who_waits_for_a_drop_gets_it_one_after_another),
        TEST(who_is_interrupted_gets_nothing),
        TEST(new_bytes_take_the_place_of_those_before),
        TEST(first_bytes_without_a_wait),
        TEST(forgotten_bytes_stay_with_those_who_read_them),
        TEST(what_is_removed_keeps_its_bytes_while_it_is_open),
        TEST(new_bytes_of_what_was_removed_are_on_no_disk),
        TEST(secrets_are_on_no_disk_and_not_given_back),
        TEST(secrets_have_no_row_before_they_are_sent),
        TEST(lists_are_believed_when_they_must_have_it),
        TEST(lists_lag_behind_also_after_a_start),
        TEST(drop_says_where_it_is_and_what_it_is_called),
        cmocka_unit_test(sidecars_are_taken_once),
    };

    return cmocka_run_group_tests_name("drop", tests, NULL, NULL);
}
