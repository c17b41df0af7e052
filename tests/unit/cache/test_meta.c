#include <stdio.h>

#include "array.h"
#include "meta_fixture.h"

#include "banned.h"

/* --- Remembering ------------------------------------------------------------------------------ */

static void meta_misses_what_was_never_put(void **state)
{
    struct fixture *f = *state;
    void *value = f;

    assert_int_equal(meta_get(f->m, "a", &value, NULL), -EWOULDBLOCK);
    assert_ptr_equal(value, f);
    assert_int_equal(stats_of(f).misses, 1);
}

static void meta_gives_a_reference_of_its_own(void **state)
{
    struct fixture *f = *state;
    void *value = NULL;

    put(f, "a", &f->a);
    assert_int_equal(f->a.refs, 1);
    assert_int_equal(meta_get(f->m, "a", &value, NULL), 0);
    assert_ptr_equal(value, &f->a);
    assert_int_equal(f->a.refs, 2);
    thing_unref(value);
    assert_int_equal(stats_of(f).hits, 1);
}

static void meta_forgets_after_the_ttl(void **state)
{
    struct fixture *f = *state;

    put(f, "a", &f->a);
    fake_clock_advance(&f->clock, TTL_MS - 1);
    assert_ptr_equal(got(f, "a"), &f->a); /* being used prolongs nothing */
    fake_clock_advance(&f->clock, 1);
    assert_int_equal(rc_of(f, "a"), -EWOULDBLOCK);
    assert_int_equal(f->a.refs, 0);
    assert_int_equal(stats_of(f).entries, 0);
}

static void meta_remembers_for_ever_when_told(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(meta_put(f->m, "a", &thing_class, &f->a, 1, INT64_MAX), 0);
    fake_clock_advance(&f->clock, INT64_MAX / 2);
    assert_ptr_equal(got(f, "a"), &f->a);
}

static void meta_remembers_that_there_is_none(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(meta_put_negative(f->m, "a", 2000), 0);
    assert_int_equal(rc_of(f, "a"), -ENOENT);
    fake_clock_advance(&f->clock, 1999);
    assert_int_equal(rc_of(f, "a"), -ENOENT);
    fake_clock_advance(&f->clock, 1);
    assert_int_equal(rc_of(f, "a"), -EWOULDBLOCK);
}

static void meta_puts_in_the_place_of_the_old(void **state)
{
    struct fixture *f = *state;

    put(f, "a", &f->a);
    put(f, "a", &f->b);
    assert_int_equal(f->a.refs, 0);
    assert_ptr_equal(got(f, "a"), &f->b);
    assert_int_equal(meta_put_negative(f->m, "a", 2000), 0);
    assert_int_equal(f->b.refs, 0);
    assert_int_equal(rc_of(f, "a"), -ENOENT);
    put(f, "a", &f->c);
    assert_ptr_equal(got(f, "a"), &f->c);
    assert_int_equal(stats_of(f).entries, 1);
}

static void meta_does_not_remember_without_a_ttl(void **state)
{
    struct fixture *f = *state;

    put(f, "a", &f->a);
    assert_int_equal(meta_put(f->m, "a", &thing_class, &f->b, 1, 0), 0);
    assert_int_equal(rc_of(f, "a"), -EWOULDBLOCK);
}

static void meta_tells_when_it_was_put(void **state)
{
    struct fixture *f = *state;
    int64_t at = 0;
    void *value;

    fake_clock_advance(&f->clock, 234);
    put(f, "a", &f->a);
    assert_int_equal(meta_put_negative(f->m, "b", 5000), 0);
    fake_clock_advance(&f->clock, 1000);
    assert_int_equal(meta_get(f->m, "a", &value, &at), 0);
    thing_unref(value);
    assert_int_equal(at, 1234);
    at = 0;
    assert_int_equal(meta_get(f->m, "b", &value, &at), -ENOENT);
    assert_int_equal(at, 1234);
}

/* --- Room ------------------------------------------------------------------------------------- */

/* What an entry of a one-letter key and an empty object costs. */
static size_t overhead(struct fixture *f)
{
    size_t bytes;

    put_sized(f, "o", &f->a, 0);
    bytes = stats_of(f).bytes;
    meta_invalidate(f->m, "o");
    return bytes;
}

static void meta_evicts_the_least_recently_used(void **state)
{
    struct fixture *f = *state;

    resize_cache(f, 2 * (overhead(f) + 100));
    put(f, "a", &f->a);
    put(f, "b", &f->b);
    assert_ptr_equal(got(f, "a"), &f->a);
    put(f, "c", &f->c);
    assert_int_equal(rc_of(f, "b"), -EWOULDBLOCK);
    assert_ptr_equal(got(f, "a"), &f->a);
    assert_ptr_equal(got(f, "c"), &f->c);
    assert_int_equal(stats_of(f).evictions, 1);
    assert_int_equal(f->b.refs, 0);
}

static void meta_counts_keys_and_entries(void **state)
{
    struct fixture *f = *state;
    size_t before;

    put_sized(f, "a", &f->a, 1000);
    before = stats_of(f).bytes;
    assert_true(before > 1000 + sizeof("a"));
    put_sized(f, "a-longer-key", &f->b, 1000);
    assert_int_equal(stats_of(f).bytes, 2 * before + strlen("-longer-key"));
    meta_invalidate(f->m, "a-longer-key");
    assert_int_equal(stats_of(f).bytes, before);
}

static void meta_does_not_keep_what_is_larger_than_itself(void **state)
{
    struct fixture *f = *state;
    size_t fits = 2000 - overhead(f);

    resize_cache(f, 2000);
    put(f, "a", &f->a);
    put_sized(f, "a", &f->b, fits + 1);
    assert_int_equal(rc_of(f, "a"), -EWOULDBLOCK); /* the old one is out of date */
    put_sized(f, "a", &f->b, fits);
    assert_ptr_equal(got(f, "a"), &f->b);
    put_sized(f, "a", &f->c, SIZE_MAX);
    assert_int_equal(stats_of(f).entries, 0);
}

/* --- Invalidation ----------------------------------------------------------------------------- */

static void meta_invalidates_one_key(void **state)
{
    struct fixture *f = *state;

    put(f, "a", &f->a);
    put(f, "ab", &f->b);
    meta_invalidate(f->m, "a");
    meta_invalidate(f->m, "nothing");
    assert_int_equal(rc_of(f, "a"), -EWOULDBLOCK);
    assert_ptr_equal(got(f, "ab"), &f->b);
    assert_int_equal(f->a.refs, 0);
}

static void meta_clears(void **state)
{
    struct fixture *f = *state;

    put(f, "a", &f->a);
    put(f, "", &f->b);
    assert_int_equal(meta_put_negative(f->m, "c", 1000), 0);
    meta_clear(f->m);
    assert_int_equal(stats_of(f).entries, 0);
    assert_int_equal(stats_of(f).bytes, 0);
    assert_int_equal(f->a.refs, 0);
}

/* --- A million operations against a map ------------------------------------------------------- */

#define KEYS 400
#define OPERATIONS 1000000
#define LOADS 4 /* at once, one within the other */

/* Of a key: what the cache may say of it. */
struct model {
    struct thing *thing; /* NULL: none, or negative */
    bool negative;
    int64_t expires_ms;
    uint64_t used;    /* when it was last asked for or put */
    uint64_t changed; /* when it was last put or invalidated */
    bool flying;      /* who asks for it joins a load that is under way */
};

/* What runs against what. */
struct storm {
    struct fixture *f;
    bool exact; /* nothing is ever evicted, so the cache must know all that the model does */
    uint32_t seed;
    uint64_t now; /* counts operations */
    struct model model[KEYS];
    struct thing things[2 * KEYS];
    unsigned loads;
    uint64_t overtaken, loaded;
};

/* Asserting each of a million times would cost most of the test's time. */
static void differs(const char *key, const char *how)
{
    print_error("%s: %s\n", key, how);
    assert_true(false);
}

static uint32_t next_random(struct storm *s)
{
    s->seed ^= s->seed << 13;
    s->seed ^= s->seed >> 17;
    s->seed ^= s->seed << 5;
    return s->seed;
}

static void key_name(char out[16], uint32_t key)
{
    snprintf(out, 16, "k%02u/%u", key % 20, key);
}

static void model_set(struct storm *s, uint32_t k, struct thing *t, bool negative, int64_t ttl)
{
    s->model[k] = (struct model){ .thing = t,
                                  .negative = negative,
                                  .expires_ms = clock_now_ms(&s->f->clock.clock) + ttl,
                                  .used = s->now,
                                  .changed = s->now };
}

static void model_forget_all(struct storm *s)
{
    for (uint32_t k = 0; k < KEYS; k++)
        s->model[k] = (struct model){ .changed = s->now };
}

static bool is_fresh(struct storm *s, const struct model *m)
{
    return (m->thing || m->negative) && m->expires_ms > clock_now_ms(&s->f->clock.clock);
}

/* Is it there, and is it right? */
static bool check_get(struct storm *s, uint32_t k)
{
    struct model *m = &s->model[k];
    bool fresh = is_fresh(s, m);
    void *value = NULL;
    char key[16];
    int rc;

    key_name(key, k);
    rc = meta_get(s->f->m, key, &value, NULL);
    if (rc == 0)
        thing_unref(value);
    if (rc == 0 && (!fresh || value != m->thing))
        differs(key, "not what was put");
    if (rc == -ENOENT && !(fresh && m->negative))
        differs(key, "negative");
    if (rc == -EWOULDBLOCK && s->exact && fresh)
        differs(key, "forgotten");
    if (rc != -EWOULDBLOCK)
        m->used = s->now;
    return rc != -EWOULDBLOCK;
}

static int compare_used(const void *a, const void *b)
{
    const struct model *const *x = a, *const *y = b;

    return ((*x)->used > (*y)->used) - ((*x)->used < (*y)->used);
}

/* What was evicted was used before all that is there. Asking in the order of use keeps it. */
static void check_order(struct storm *s)
{
    struct model *by_use[KEYS];
    bool there = false;

    for (uint32_t k = 0; k < KEYS; k++)
        by_use[k] = &s->model[k];
    qsort(by_use, KEYS, sizeof(by_use[0]), compare_used);
    for (uint32_t i = 0; i < KEYS; i++) {
        bool found;

        if (!is_fresh(s, by_use[i]))
            continue;
        s->now++;
        found = check_get(s, (uint32_t)(by_use[i] - s->model));
        if (there && !found)
            differs("order", "evicted, and older ones are there");
        there = there || found;
    }
}

static void operate(struct storm *s, uint32_t k);

/* A load, and what happens while it is under way. */
struct load {
    struct storm *s;
    uint32_t k;
    struct thing *thing; /* what it brought; NULL: it was not needed */
    uint64_t began, overtaken;
};

static int loader(void *arg, struct meta_loaded *out, struct failure *err)
{
    struct load *l = arg;
    struct storm *s = l->s;
    struct meta_stats stats;

    (void)err;
    l->began = s->now;
    s->model[l->k].flying = true;
    s->loads++;
    for (uint32_t n = next_random(s) % 20; n; n--)
        operate(s, next_random(s) % 20 ? next_random(s) % KEYS : l->k);
    s->loads--;
    l->thing = &s->things[l->k + next_random(s) % 2 * KEYS];
    thing_ref(l->thing);
    *out = (struct meta_loaded){ l->thing, &thing_class, 100, 500 };
    meta_get_stats(s->f->m, &stats);
    l->overtaken = stats.overtaken;
    return 0;
}

/* What it brings is stored only if nothing overtook it. When more changed meanwhile than the cache
 * can note it may be left out as well. */
static void note_load(struct storm *s, const struct load *l, const char *key)
{
    struct model *m = &s->model[l->k];
    struct meta_stats stats;

    m->flying = false;
    meta_get_stats(s->f->m, &stats);
    if (stats.overtaken != l->overtaken) {
        s->overtaken++;
        return;
    }
    if (m->changed > l->began)
        differs(key, "a load hides what is newer");
    model_set(s, l->k, l->thing, false, 500);
    s->loaded++;
}

static void load(struct storm *s, uint32_t k)
{
    struct load l = { .s = s, .k = k };
    void *value = NULL;
    char key[16];

    if (s->loads == LOADS || s->model[k].flying)
        return;
    if (check_get(s, k))
        return;
    key_name(key, k);
    assert_int_equal(meta_get_or_load(s->f->m, &s->f->call, key, loader, &l, &value, NULL), 0);
    if (value != l.thing)
        differs(key, "not what was loaded");
    thing_unref(value);
    s->now++;
    note_load(s, &l, key);
}

static void put_any(struct storm *s, uint32_t k, const char *key, bool negative)
{
    struct thing *t = negative ? NULL : &s->things[k + next_random(s) % 2 * KEYS];
    int64_t ttl = 1 + next_random(s) % 1000;

    if (negative)
        assert_int_equal(meta_put_negative(s->f->m, key, ttl), 0);
    else
        assert_int_equal(meta_put(s->f->m, key, &thing_class, t, next_random(s) % 500, ttl), 0);
    model_set(s, k, t, negative, ttl);
}

static void operate(struct storm *s, uint32_t k)
{
    uint32_t what = next_random(s) % 1000;
    char key[16];

    s->now++;
    key_name(key, k);
    if (what < 450) {
        check_get(s, k);
    } else if (what < 750) {
        put_any(s, k, key, false);
    } else if (what < 830) {
        put_any(s, k, key, true);
    } else if (what < 890) {
        meta_invalidate(s->f->m, key);
        s->model[k] = (struct model){ .changed = s->now };
    } else if (what < 930) {
        load(s, k);
    } else if (what < 990) {
        fake_clock_advance(&s->f->clock, next_random(s) % 50);
    } else if (next_random(s) % 100 == 0) {
        meta_clear(s->f->m);
        model_forget_all(s);
    }
}

static void end_storm(struct storm *s)
{
    struct meta_stats stats;

    meta_clear(s->f->m);
    meta_get_stats(s->f->m, &stats);
    assert_int_equal(stats.bytes, 0);
    assert_int_equal(stats.entries, 0);
    for (size_t i = 0; i < ARRAY_LEN(s->things); i++)
        assert_int_equal(s->things[i].refs, 0);
}

static void run_operations(struct fixture *f, bool exact)
{
    static struct storm s;
    struct meta_stats stats;

    memset(&s, 0, sizeof(s));
    s.f = f;
    s.exact = exact;
    s.seed = 20260101;
    for (int i = 0; i < OPERATIONS; i++) {
        operate(&s, next_random(&s) % KEYS);
        meta_get_stats(f->m, &stats);
        if (stats.bytes > stats.max_bytes)
            differs("all", "more bytes than allowed");
        if (i % 5000 == 0)
            check_order(&s);
    }
    assert_true(stats.hits > OPERATIONS / 20 && stats.misses > 0);
    assert_int_equal(stats.evictions == 0, exact);
    assert_true(s.loaded > OPERATIONS / 1000 && s.overtaken > OPERATIONS / 1000);
    end_storm(&s);
}

static void meta_does_as_a_map_does(void **state)
{
    run_operations(*state, true);
}

static void meta_does_as_a_small_map_does(void **state)
{
    resize_cache(*state, 20000);
    run_operations(*state, false);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(meta_misses_what_was_never_put),
        TEST(meta_gives_a_reference_of_its_own),
        TEST(meta_forgets_after_the_ttl),
        TEST(meta_remembers_for_ever_when_told),
        TEST(meta_remembers_that_there_is_none),
        TEST(meta_puts_in_the_place_of_the_old),
        TEST(meta_does_not_remember_without_a_ttl),
        TEST(meta_tells_when_it_was_put),
        TEST(meta_evicts_the_least_recently_used),
        TEST(meta_counts_keys_and_entries),
        TEST(meta_does_not_keep_what_is_larger_than_itself),
        TEST(meta_invalidates_one_key),
        TEST(meta_clears),
        TEST(meta_does_as_a_map_does),
        TEST(meta_does_as_a_small_map_does),
    };

    return cmocka_run_group_tests_name("meta", tests, NULL, NULL);
}
