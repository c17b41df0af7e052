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

struct model {
    struct thing *thing; /* NULL: none, or negative */
    bool negative;
    int64_t expires_ms;
};

/* Asserting each of a million times would cost most of the test's time. */
static void differs(const char *key, const char *how)
{
    print_error("%s: %s\n", key, how);
    assert_true(false);
}

static uint32_t next_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static void key_name(char out[16], uint32_t key)
{
    snprintf(out, 16, "k%02u/%u", key % 20, key);
}

static void model_forget_prefix(struct model *model, const char *prefix)
{
    char key[16];

    for (uint32_t k = 0; k < KEYS; k++) {
        key_name(key, k);
        if (strncmp(key, prefix, strlen(prefix)) == 0)
            model[k] = (struct model){ .thing = NULL };
    }
}

/* exact: nothing is ever evicted, so the cache must know all that the model does. */
static void check_get(struct fixture *f, const char *key, const struct model *model, bool exact)
{
    void *value = NULL;
    int rc = meta_get(f->m, key, &value, NULL);
    bool fresh = model->expires_ms > clock_now_ms(&f->clock.clock);

    if (rc == 0)
        thing_unref(value);
    if (rc == 0 && (!fresh || value != model->thing))
        differs(key, "not what was put");
    if (rc == -ENOENT && !(fresh && model->negative))
        differs(key, "negative");
    if (rc == -EWOULDBLOCK && exact && fresh)
        differs(key, "forgotten");
}

static void operate(struct fixture *f, struct model *model, struct thing *things, uint32_t *seed,
                    bool exact)
{
    uint32_t k = next_random(seed) % KEYS, what = next_random(seed) % 1000;
    int64_t ttl = 1 + next_random(seed) % 1000;
    int64_t expires = clock_now_ms(&f->clock.clock) + ttl;
    size_t bytes = next_random(seed) % 500;
    char key[16];

    key_name(key, k);
    if (what < 500) {
        check_get(f, key, &model[k], exact);
    } else if (what < 800) {
        struct thing *t = &things[k + what % 2 * KEYS];

        assert_int_equal(meta_put(f->m, key, &thing_class, t, bytes, ttl), 0);
        model[k] = (struct model){ t, false, expires };
    } else if (what < 880) {
        assert_int_equal(meta_put_negative(f->m, key, ttl), 0);
        model[k] = (struct model){ NULL, true, expires };
    } else if (what < 940) {
        meta_invalidate(f->m, key);
        model[k] = (struct model){ .thing = NULL };
    } else if (what < 960) {
        meta_resize(f->m, key, bytes);
    } else if (what < 990) {
        fake_clock_advance(&f->clock, next_random(seed) % 50);
    } else if (what < 999) {
        key[2 + what % 3] = '\0'; /* "k1", "k17", "k17/" */
        meta_invalidate_prefix(f->m, key);
        model_forget_prefix(model, key);
    } else if (next_random(seed) % 10 == 0) {
        meta_clear(f->m);
        model_forget_prefix(model, "");
    }
}

static void run_operations(struct fixture *f, bool exact)
{
    static struct model model[KEYS];
    static struct thing things[2 * KEYS];
    uint32_t seed = 20260101;
    struct meta_stats s;

    memset(model, 0, sizeof(model));
    for (int i = 0; i < OPERATIONS; i++) {
        operate(f, model, things, &seed, exact);
        meta_get_stats(f->m, &s);
        if (s.bytes > s.max_bytes)
            differs("all", "more bytes than allowed");
    }
    assert_true(s.hits > OPERATIONS / 20 && s.misses > 0);
    assert_int_equal(s.evictions == 0, exact);
    meta_clear(f->m);
    meta_get_stats(f->m, &s);
    assert_int_equal(s.bytes, 0);
    assert_int_equal(s.entries, 0);
    for (size_t i = 0; i < ARRAY_LEN(things); i++)
        assert_int_equal(things[i].refs, 0);
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
