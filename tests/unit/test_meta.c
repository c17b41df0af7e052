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

static void meta_resizes(void **state)
{
    struct fixture *f = *state;
    size_t each = overhead(f);

    resize_cache(f, 2 * each + 300);
    put(f, "a", &f->a);
    put(f, "b", &f->b);
    meta_resize(f->m, "b", 200);
    assert_int_equal(stats_of(f).bytes, 2 * each + 300);
    meta_resize(f->m, "b", 201);
    assert_int_equal(rc_of(f, "a"), -EWOULDBLOCK);
    assert_int_equal(stats_of(f).bytes, each + 201);
    meta_resize(f->m, "nothing", 1);
    meta_resize(f->m, "b", SIZE_MAX);
    assert_int_equal(stats_of(f).bytes, 0);
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

static void meta_invalidates_a_prefix(void **state)
{
    static const char *const keys[] = { "d", "doc", "doc/", "doc/1", "doc/2/x", "doc0", "e", "" };
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        put(f, keys[i], &f->a);
    meta_invalidate_prefix(f->m, "doc/");
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        print_message("%s\n", keys[i]);
        assert_int_equal(rc_of(f, keys[i]), strncmp(keys[i], "doc/", 4) == 0 ? -EWOULDBLOCK : 0);
    }
    assert_int_equal(stats_of(f).entries, 5);
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
#define LOADS 4

/* Of a key: what the cache may say of it. */
struct model {
    struct thing *thing; /* NULL: none, or negative */
    bool negative;
    int64_t expires_ms;
    uint64_t used;    /* when it was last asked for or put */
    uint64_t changed; /* when it was last put or invalidated */
    uint64_t began;   /* when the load began that brought it */
};

/* What runs against what. */
struct storm {
    struct fixture *f;
    bool exact; /* nothing is ever evicted, so the cache must know all that the model does */
    uint32_t seed;
    uint64_t now; /* counts operations */
    struct model model[KEYS];
    struct thing things[2 * KEYS];
    struct meta_load *loads[LOADS];
    uint64_t began[LOADS];
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
                                  .changed = s->now,
                                  .began = s->now };
}

static void model_forget_prefix(struct storm *s, const char *prefix)
{
    char key[16];

    for (uint32_t k = 0; k < KEYS; k++) {
        key_name(key, k);
        if (strncmp(key, prefix, strlen(prefix)) == 0)
            s->model[k] = (struct model){ .changed = s->now };
    }
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

/* A load begins, or brings something: it is stored only if nothing overtook it. When more changed
 * meanwhile than the cache can note it may be left out as well. */
static void load(struct storm *s, uint32_t k)
{
    uint32_t l = next_random(s) % LOADS;
    struct thing *t = &s->things[k + next_random(s) % 2 * KEYS];
    struct model *m = &s->model[k];
    struct meta_stats before, after;
    char key[16];

    if (!s->loads[l]) {
        assert_int_equal(meta_load_begin(s->f->m, &s->loads[l]), 0);
        s->began[l] = s->now;
        return;
    }
    key_name(key, k);
    meta_get_stats(s->f->m, &before);
    assert_int_equal(meta_load_put(s->loads[l], key, &thing_class, t, 100, 500), 0);
    meta_get_stats(s->f->m, &after);
    if (after.overtaken == before.overtaken) {
        uint64_t changed = m->changed;

        if (changed > s->began[l] || (s->exact && is_fresh(s, m) && m->began > s->began[l]))
            differs(key, "a load hides what is newer");
        model_set(s, k, t, false, 500);
        m->changed = changed;
        m->began = s->began[l];
        s->loaded++;
    } else {
        s->overtaken++;
    }
    if (next_random(s) % 4 == 0) {
        meta_load_end(s->loads[l]);
        s->loads[l] = NULL;
    }
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

static void forget_some(struct storm *s, uint32_t what, char *key)
{
    if (what < 999) {
        key[2 + what % 3] = '\0'; /* "k1", "k17", "k17/" */
        meta_invalidate_prefix(s->f->m, key);
        model_forget_prefix(s, key);
    } else if (next_random(s) % 10 == 0) {
        meta_clear(s->f->m);
        model_forget_prefix(s, "");
    }
}

static void operate(struct storm *s)
{
    uint32_t k = next_random(s) % KEYS, what = next_random(s) % 1000;
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
    } else if (what < 910) {
        meta_resize(s->f->m, key, next_random(s) % 500);
    } else if (what < 970) {
        load(s, k);
    } else if (what < 990) {
        fake_clock_advance(&s->f->clock, next_random(s) % 50);
    } else {
        forget_some(s, what, key);
    }
}

static void end_storm(struct storm *s)
{
    struct meta_stats stats;

    for (size_t i = 0; i < LOADS; i++)
        meta_load_end(s->loads[i]);
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
        operate(&s);
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
        TEST(meta_resizes),
        TEST(meta_invalidates_one_key),
        TEST(meta_invalidates_a_prefix),
        TEST(meta_clears),
        TEST(meta_does_as_a_map_does),
        TEST(meta_does_as_a_small_map_does),
    };

    return cmocka_run_group_tests_name("meta", tests, NULL, NULL);
}
