/* A metadata cache on a clock that stands still, and three things to put into it. */
#ifndef LASFS_META_FIXTURE_H
#define LASFS_META_FIXTURE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* base/failure.h has one */

#include "meta.h"

#define ROOMY (1024 * 1024)
#define TTL_MS 30000

/* Counts its references; never freed, so that a test can look at it. */
struct thing {
    atomic_int refs;
    int number;
};

static inline void thing_ref(void *object)
{
    atomic_fetch_add(&((struct thing *)object)->refs, 1);
}

static inline void thing_unref(void *object)
{
    atomic_fetch_sub(&((struct thing *)object)->refs, 1);
}

static const struct counted_class thing_class = { thing_ref, thing_unref };

struct fixture {
    struct fake_clock clock;
    struct meta *m;
    struct call call;
    struct thing a, b, c;
};

static inline int setup(void **state)
{
    static struct fixture f;

    memset(&f, 0, sizeof(f));
    fake_clock_init(&f.clock, 1000, 0);
    assert_int_equal(call_init(&f.call), 0);
    assert_int_equal(meta_new(&f.clock.clock, ROOMY, &f.m), 0);
    *state = &f;
    return 0;
}

/* Whatever a test did: the cache gives back every reference that it took. */
static inline int teardown(void **state)
{
    struct fixture *f = *state;

    meta_free(f->m);
    assert_int_equal(f->a.refs, 0);
    assert_int_equal(f->b.refs, 0);
    assert_int_equal(f->c.refs, 0);
    call_release(&f->call);
    return 0;
}

static inline void resize_cache(struct fixture *f, size_t max_bytes)
{
    meta_free(f->m);
    assert_int_equal(meta_new(&f->clock.clock, max_bytes, &f->m), 0);
}

static inline void put_sized(struct fixture *f, const char *key, struct thing *t, size_t bytes)
{
    assert_int_equal(meta_put(f->m, key, &thing_class, t, bytes, TTL_MS), 0);
}

static inline void put(struct fixture *f, const char *key, struct thing *t)
{
    put_sized(f, key, t, 100);
}

/* The thing of key, with its reference given back; NULL: nothing, or a negative answer. */
static inline struct thing *got(struct fixture *f, const char *key)
{
    void *value = NULL;

    if (meta_get(f->m, key, &value, NULL) != 0)
        return NULL;
    thing_unref(value);
    return value;
}

static inline int rc_of(struct fixture *f, const char *key)
{
    void *value = NULL;
    int rc = meta_get(f->m, key, &value, NULL);

    if (rc == 0)
        thing_unref(value);
    return rc;
}

static inline struct meta_stats stats_of(struct fixture *f)
{
    struct meta_stats s;

    meta_get_stats(f->m, &s);
    return s;
}

#endif
