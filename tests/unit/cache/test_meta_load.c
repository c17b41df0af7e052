#include <pthread.h>
#include <sched.h>
#include <stdio.h>

#include "array.h"
#include "failing_alloc.h"
#include "meta_fixture.h"

#include "banned.h"

/* --- Loading ---------------------------------------------------------------------------------- */

struct load {
    struct fixture *f;
    struct thing *thing; /* what it brings; NULL: rc */
    int rc;
    size_t bytes;
    int64_t ttl_ms;
    void (*during)(struct load *l);
    atomic_int loads;
};

static int loader(void *arg, struct meta_loaded *out, struct failure *err)
{
    struct load *l = arg;

    atomic_fetch_add(&l->loads, 1);
    if (l->during)
        l->during(l);
    out->ttl_ms = l->ttl_ms;
    if (!l->thing)
        return fail(err, l->rc, 500, "no luck");
    thing_ref(l->thing);
    *out = (struct meta_loaded){ l->thing, &thing_class, l->bytes, l->ttl_ms };
    return 0;
}

static struct load bring(struct fixture *f, struct thing *t)
{
    return (struct load){ .f = f, .thing = t, .bytes = 100, .ttl_ms = TTL_MS };
}

/* Loads key and gives the reference back. */
static int load_key(struct load *l, const char *key, struct thing **out, struct failure *err)
{
    void *value = NULL;
    int rc = meta_get_or_load(l->f->m, &l->f->call, key, loader, l, &value, err);

    if (rc == 0)
        thing_unref(value);
    if (rc == 0 && out)
        *out = value;
    return rc;
}

static void meta_loads_what_it_has_not_got(void **state)
{
    struct fixture *f = *state;
    struct load l = bring(f, &f->a);
    struct thing *t = NULL;

    assert_int_equal(load_key(&l, "a", &t, NULL), 0);
    assert_ptr_equal(t, &f->a);
    assert_int_equal(load_key(&l, "a", &t, NULL), 0);
    assert_int_equal(l.loads, 1);
    fake_clock_advance(&f->clock, TTL_MS);
    assert_int_equal(load_key(&l, "a", &t, NULL), 0);
    assert_int_equal(l.loads, 2);
}

static void meta_does_not_remember_failures(void **state)
{
    struct fixture *f = *state;
    struct load l = { .f = f, .rc = -EIO, .ttl_ms = TTL_MS };
    struct failure err = { 0 };
    struct thing *t = &f->b;

    assert_int_equal(load_key(&l, "a", &t, &err), -EIO);
    assert_string_equal(err.text, "no luck");
    assert_ptr_equal(t, &f->b);
    assert_int_equal(load_key(&l, "a", NULL, NULL), -EIO);
    assert_int_equal(l.loads, 2);
}

static void meta_remembers_a_load_that_found_nothing(void **state)
{
    struct fixture *f = *state;
    struct load l = { .f = f, .rc = -ENOENT, .ttl_ms = 2000 };
    struct failure err = { 0 };

    assert_int_equal(load_key(&l, "a", NULL, &err), -ENOENT);
    assert_string_equal(err.text, "no luck");
    memset(&err, 0, sizeof(err));
    assert_int_equal(load_key(&l, "a", NULL, &err), -ENOENT);
    assert_string_equal(err.text, ""); /* remembered: nobody failed */
    assert_int_equal(l.loads, 1);
    fake_clock_advance(&f->clock, 2000);
    l.ttl_ms = 0;
    assert_int_equal(load_key(&l, "a", NULL, NULL), -ENOENT);
    assert_int_equal(rc_of(f, "a"), -EWOULDBLOCK);
}

static void meta_loads_nothing_for_who_may_not_wait(void **state)
{
    struct fixture *f = *state;
    struct load l = bring(f, &f->a);

    f->call.nowait = true;
    assert_int_equal(load_key(&l, "a", NULL, NULL), -EWOULDBLOCK);
    assert_int_equal(l.loads, 0);
    put(f, "a", &f->b);
    assert_int_equal(load_key(&l, "a", NULL, NULL), 0);
    assert_int_equal(meta_put_negative(f->m, "a", 1000), 0);
    assert_int_equal(load_key(&l, "a", NULL, NULL), -ENOENT);
}

static void meta_returns_what_is_too_large_to_keep(void **state)
{
    struct fixture *f = *state;
    struct load l = bring(f, &f->a);
    struct thing *t = NULL;

    l.bytes = ROOMY;
    assert_int_equal(load_key(&l, "a", &t, NULL), 0);
    assert_ptr_equal(t, &f->a);
    assert_int_equal(rc_of(f, "a"), -EWOULDBLOCK);
}

static void invalidate_a(struct load *l)
{
    meta_invalidate(l->f->m, "a");
}

static void clear(struct load *l)
{
    meta_clear(l->f->m);
}

static void invalidate_very_many(struct load *l)
{
    char key[32];

    for (int i = 0; i < 10000; i++) {
        snprintf(key, sizeof(key), "b%d", i);
        meta_invalidate(l->f->m, key);
    }
}

static void meta_returns_and_does_not_keep_what_was_overtaken(void **state)
{
    static const struct {
        const char *what;
        void (*during)(struct load *l);
    } cases[] = {
        { "its key", invalidate_a },
        { "all", clear },
        { "more than can be noted", invalidate_very_many },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct load l = bring(f, &f->a);
        struct thing *t = NULL;

        print_message("%s\n", cases[i].what);
        l.during = cases[i].during;
        assert_int_equal(load_key(&l, "a", &t, NULL), 0);
        assert_ptr_equal(t, &f->a);
        assert_int_equal(rc_of(f, "a"), -EWOULDBLOCK);
        assert_int_equal(stats_of(f).overtaken, i + 1);
        l.during = NULL; /* it is over: the next one is kept */
        assert_int_equal(load_key(&l, "a", &t, NULL), 0);
        assert_ptr_equal(got(f, "a"), &f->a);
        meta_clear(f->m);
    }
}

static void invalidate_b(struct load *l)
{
    meta_invalidate(l->f->m, "b");
    meta_invalidate(l->f->m, "ab");
}

static void meta_keeps_what_other_keys_did_not_overtake(void **state)
{
    struct fixture *f = *state;
    struct load l = bring(f, &f->a);

    l.during = invalidate_b;
    assert_int_equal(load_key(&l, "a", NULL, NULL), 0);
    assert_ptr_equal(got(f, "a"), &f->a);
}

static void put_b_at_a(struct load *l)
{
    put(l->f, "a", &l->f->b);
}

static void meta_keeps_a_write_that_overtook_a_load(void **state)
{
    struct fixture *f = *state;
    struct load l = bring(f, &f->a);
    struct thing *t = NULL;

    l.during = put_b_at_a;
    assert_int_equal(load_key(&l, "a", &t, NULL), 0);
    assert_ptr_equal(t, &f->a);
    assert_ptr_equal(got(f, "a"), &f->b);
}

/* It is gone meanwhile, and somebody else has asked anew. */
static void invalidate_and_load_b(struct load *l)
{
    struct load later = bring(l->f, &l->f->b);

    meta_invalidate(l->f->m, "a");
    assert_int_equal(load_key(&later, "a", NULL, NULL), 0);
    assert_int_equal(later.loads, 1);
}

static void meta_keeps_the_answer_of_the_later_of_two_loads(void **state)
{
    struct fixture *f = *state;
    struct load l = bring(f, &f->a);
    struct thing *t = NULL;

    l.during = invalidate_and_load_b;
    assert_int_equal(load_key(&l, "a", &t, NULL), 0);
    assert_ptr_equal(t, &f->a);
    assert_ptr_equal(got(f, "a"), &f->b);
}

/* --- Threads ---------------------------------------------------------------------------------- */

#define READERS 20

struct reader {
    struct fixture *f;
    struct call call;
    struct thing *thing; /* what it would bring */
    int rc_of_load;
    atomic_int *gate; /* its load goes on when it is not 0, or when cancelled */
    atomic_int *loads;
    atomic_int loading;
    void *value;
    struct failure err;
    int rc;
    pthread_t thread;
};

static int slow_loader(void *arg, struct meta_loaded *out, struct failure *err)
{
    struct reader *r = arg;

    atomic_fetch_add(r->loads, 1);
    atomic_store(&r->loading, 1);
    while (!atomic_load(r->gate)) {
        if (call_cancelled(&r->call))
            return -EINTR;
        sched_yield();
    }
    if (r->rc_of_load < 0)
        return fail(err, r->rc_of_load, 502, "bad gateway");
    thing_ref(r->thing);
    *out = (struct meta_loaded){ r->thing, &thing_class, 100, TTL_MS };
    return 0;
}

static void *reader_run(void *arg)
{
    struct reader *r = arg;

    r->rc = meta_get_or_load(r->f->m, &r->call, "a", slow_loader, r, &r->value, &r->err);
    return NULL;
}

static void reader_start(struct reader *r, struct fixture *f, struct thing *t, atomic_int *gate,
                         atomic_int *loads)
{
    int rc_of_load = r->rc_of_load;

    *r = (struct reader){
        .f = f, .thing = t, .gate = gate, .loads = loads, .rc_of_load = rc_of_load
    };
    assert_int_equal(call_init(&r->call), 0);
    assert_int_equal(pthread_create(&r->thread, NULL, reader_run, r), 0);
}

static int reader_join(struct reader *r)
{
    pthread_join(r->thread, NULL);
    call_release(&r->call);
    if (r->rc == 0)
        thing_unref(r->value);
    return r->rc;
}

static void wait_for_misses(struct fixture *f, uint64_t n)
{
    while (stats_of(f).misses < n)
        sched_yield();
}

static void wait_until_loading(struct reader *r)
{
    while (!atomic_load(&r->loading))
        sched_yield();
}

static void meta_loads_once_for_many_readers(void **state)
{
    struct fixture *f = *state;
    struct reader readers[READERS] = { 0 };
    atomic_int gate = 0, loads = 0;

    for (size_t i = 0; i < READERS; i++)
        reader_start(&readers[i], f, &f->a, &gate, &loads);
    wait_for_misses(f, READERS);
    atomic_store(&gate, 1);
    for (size_t i = 0; i < READERS; i++) {
        assert_int_equal(reader_join(&readers[i]), 0);
        assert_ptr_equal(readers[i].value, &f->a);
    }
    assert_int_equal(loads, 1);
    assert_int_equal(f->a.refs, 1);
}

static void meta_gives_a_failure_to_all_who_wait(void **state)
{
    struct fixture *f = *state;
    struct reader readers[3] = { { .rc_of_load = -EIO },
                                 { .rc_of_load = -EIO },
                                 { .rc_of_load = -EIO } };
    atomic_int gate = 0, loads = 0;

    for (size_t i = 0; i < ARRAY_LEN(readers); i++)
        reader_start(&readers[i], f, &f->a, &gate, &loads);
    wait_for_misses(f, ARRAY_LEN(readers));
    atomic_store(&gate, 1);
    for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
        assert_int_equal(reader_join(&readers[i]), -EIO);
        assert_int_equal(readers[i].err.status, 502);
    }
}

static void meta_loads_on_when_the_first_is_cancelled(void **state)
{
    struct fixture *f = *state;
    struct reader first = { 0 }, second = { 0 };
    atomic_int gate = 0, loads = 0;

    reader_start(&first, f, &f->a, &gate, &loads);
    wait_until_loading(&first);
    reader_start(&second, f, &f->b, &gate, &loads);
    wait_for_misses(f, 2);
    call_cancel(&first.call);
    assert_int_equal(reader_join(&first), -EINTR);
    wait_until_loading(&second);
    atomic_store(&gate, 1);
    assert_int_equal(reader_join(&second), 0);
    assert_ptr_equal(second.value, &f->b);
    assert_ptr_equal(got(f, "a"), &f->b);
}

/* One's own write, and then a read: it must not join a load that began before the write. */
static void meta_reads_its_own_writes(void **state)
{
    struct fixture *f = *state;
    struct reader before = { 0 }, after = { 0 };
    atomic_int gate = 0, open_gate = 1, loads = 0;

    reader_start(&before, f, &f->a, &gate, &loads);
    wait_until_loading(&before);
    meta_invalidate(f->m, "a");
    reader_start(&after, f, &f->b, &open_gate, &loads);
    assert_int_equal(reader_join(&after), 0);
    assert_ptr_equal(after.value, &f->b);
    atomic_store(&gate, 1);
    assert_int_equal(reader_join(&before), 0);
    assert_ptr_equal(before.value, &f->a);
    assert_ptr_equal(got(f, "a"), &f->b);
    assert_int_equal(loads, 2);
}

/* --- Memory ----------------------------------------------------------------------------------- */

static void invalidate_c(struct load *l)
{
    meta_invalidate(l->f->m, "c");
}

/* Everything once; the first failure. Whatever fails, references stay in balance. */
static int everything_of(struct fixture *f, struct meta *m, struct load *l)
{
    void *value = NULL;
    int rc = meta_put(m, "a", &thing_class, &f->a, 1, TTL_MS);
    if (rc == 0)
        rc = meta_put_negative(m, "b", TTL_MS);
    if (rc == 0)
        rc = meta_get_or_load(m, &f->call, "c", loader, l, &value, NULL);
    if (rc < 0) {
        assert_null(value);
        return rc;
    }
    thing_unref(value);
    assert_int_equal(rc_of(f, "c"), -EWOULDBLOCK); /* overtaken, whether it could be noted or not */
    return 0;
}

static int everything(struct fixture *f, struct load *l)
{
    struct meta *m = NULL, *kept = f->m;
    int rc = meta_new(&f->clock.clock, ROOMY, &m);

    if (rc < 0) {
        assert_null(m);
        return rc;
    }
    f->m = m;
    l->during = invalidate_c;
    rc = everything_of(f, m, l);
    f->m = kept;
    meta_free(m);
    return rc;
}

static void meta_survives_failing_allocations(void **state)
{
    struct fixture *f = *state;
    bool done = false;
    int failures = 0;

    for (long n = 0; !done; n++) {
        struct load l = bring(f, &f->c);
        int rc;

        fail_allocation(n);
        rc = everything(f, &l);
        done = fail_allocation_unreached();
        assert_true(rc == 0 || rc == -ENOMEM);
        failures += rc == -ENOMEM;
        if (done)
            assert_int_equal(rc, 0);
        assert_int_equal(f->a.refs + f->b.refs + f->c.refs, 0);
    }
    assert_true(failures >= 6); /* meta, flights, put, negative, flight, load at least */
}

/* Finding no memory to remember a result is no reason to fail. */
static void meta_returns_what_it_finds_no_memory_for(void **state)
{
    struct fixture *f = *state;
    struct load l = bring(f, &f->a);
    struct thing *t = NULL;

    assert_int_equal(load_key(&l, "warm", &t, NULL), 0);
    fail_allocation(3); /* after the flight, its table and buckets */
    assert_int_equal(load_key(&l, "a", &t, NULL), 0);
    assert_false(fail_allocation_unreached());
    assert_ptr_equal(t, &f->a);
    assert_int_equal(rc_of(f, "a"), -EWOULDBLOCK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(meta_loads_what_it_has_not_got),
        TEST(meta_does_not_remember_failures),
        TEST(meta_remembers_a_load_that_found_nothing),
        TEST(meta_loads_nothing_for_who_may_not_wait),
        TEST(meta_returns_what_is_too_large_to_keep),
        TEST(meta_returns_and_does_not_keep_what_was_overtaken),
        TEST(meta_keeps_what_other_keys_did_not_overtake),
        TEST(meta_keeps_a_write_that_overtook_a_load),
        TEST(meta_keeps_the_answer_of_the_later_of_two_loads),
        TEST(meta_loads_once_for_many_readers),
        TEST(meta_gives_a_failure_to_all_who_wait),
        TEST(meta_loads_on_when_the_first_is_cancelled),
        TEST(meta_reads_its_own_writes),
        TEST(meta_survives_failing_allocations),
        TEST(meta_returns_what_it_finds_no_memory_for),
    };

    return cmocka_run_group_tests_name("meta_load", tests, NULL, NULL);
}
