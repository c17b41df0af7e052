#include "flight.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "lock.h"

#include "banned.h"

/* One who waits; on its own stack. */
struct waiter {
    struct call *call; /* set once */
    bool leads;        /* guarded by the lock of struct flights, as all below */
    struct waiter *next;
};

struct flight {
    UT_hash_handle hh;
    bool listed; /* guarded by the lock of struct flights, as all below */
    bool landed;
    int rc;
    struct flight_result result;
    struct failure err;
    struct waiter *waiters; /* the first to come is the first */
    struct call *leader;    /* NULL: nobody is at it */
    unsigned users;         /* the leader and who waits */
    char key[];
};

struct flights {
    struct lock lock;
    struct flight *by_key; /* guarded by lock */
};

int flights_new(struct flights **out)
{
    struct flights *f = calloc(1, sizeof(*f));

    if (!f)
        return -ENOMEM;
    lock_init(&f->lock, LOCK_FLIGHTS);
    *out = f;
    return 0;
}

void flights_free(struct flights *f)
{
    if (!f)
        return;
    lock_destroy(&f->lock);
    free(f);
}

/* Makes the flight of key, with one user, its leader. NULL out of memory. */
static struct flight *flight_begin(struct flights *f, const char *key, struct call *leader)
{
    size_t len = strlen(key);
    struct flight *flight = calloc(1, sizeof(*flight) + len + 1);

    if (!flight)
        return NULL;
    memcpy(flight->key, key, len + 1);
    HASH_ADD_KEYPTR(hh, f->by_key, flight->key, len, flight);
    if (!HASH_ADDED(flight)) {
        free(flight);
        return NULL;
    }
    flight->listed = true;
    flight->leader = leader;
    flight->users = 1;
    return flight;
}

static void flight_unlist(struct flights *f, struct flight *flight)
{
    if (!flight->listed)
        return;
    HASH_DEL(f->by_key, flight);
    flight->listed = false;
}

static void waiter_add(struct flight *flight, struct waiter *w)
{
    struct waiter **at = &flight->waiters;

    while (*at)
        at = &(*at)->next;
    *at = w;
    flight->users++;
    if (flight->leader)
        call_raise(flight->leader, (enum call_class)atomic_load(&w->call->class));
}

static void waiter_remove(struct flight *flight, struct waiter *w)
{
    for (struct waiter **at = &flight->waiters; *at; at = &(*at)->next)
        if (*at == w) {
            *at = w->next;
            return;
        }
}

/* The lead goes to the one who has waited longest; without one the flight ends, unseen. The
 * wake is under the lock: a waiter leaves, and its call with it, only after taking the lock. */
static void hand_over(struct flights *f, struct flight *flight)
{
    struct waiter *w = flight->waiters;

    flight->leader = w ? w->call : NULL;
    if (!w) {
        flight_unlist(f, flight);
        return;
    }
    flight->waiters = w->next;
    w->leads = true;
    for (struct waiter *one = w->next; one; one = one->next)
        call_raise(w->call, (enum call_class)atomic_load(&one->call->class));
    call_wake(w->call);
}

/* Takes over what the leader got (its reference too) and wakes all. */
static void land(struct flights *f, struct flight *flight, int rc,
                 const struct flight_result *result, const struct failure *err)
{
    flight->landed = true;
    flight->leader = NULL;
    flight->rc = rc;
    flight->result = *result;
    flight->err = *err;
    flight_unlist(f, flight);
    for (struct waiter *w = flight->waiters; w; w = w->next)
        call_wake(w->call);
    flight->waiters = NULL;
}

/* Takes the result out of a landed flight and leaves it. The lock is held, and is released. */
static int leave_landed(struct flights *f, struct flight *flight, struct flight_result *out,
                        struct failure *err)
{
    struct flight_result *result = &flight->result;
    int rc = flight->rc;
    bool last;

    if (rc < 0 && err && flight->err.text[0])
        *err = flight->err;
    if (rc == 0 && out) {
        *out = *result;
        if (result->object)
            result->class->ref(result->object);
    }
    last = --flight->users == 0;
    lock_give(&f->lock);
    if (!last)
        return rc;
    if (result->object)
        result->class->unref(result->object);
    free(flight);
    return rc;
}

/* Leaves a flight that goes on, or ends unseen. The lock is held, and is released. */
static int leave(struct flights *f, struct flight *flight, int rc)
{
    bool last = --flight->users == 0;

    lock_give(&f->lock);
    if (last)
        free(flight);
    return rc;
}

static int lead(struct flights *f, struct flight *flight, struct call *call,
                int (*work)(void *arg, struct flight_result *result, struct failure *err),
                void *arg, struct flight_result *out, struct failure *err)
{
    struct flight_result result = { .object = NULL };
    struct failure failure = { .status = 0 };
    int rc = work(arg, &result, &failure);

    if (rc < 0)
        result = (struct flight_result){ .object = NULL };
    lock_take(&f->lock);
    if (rc == -EINTR && call_cancelled(call)) {
        if (err && failure.text[0])
            *err = failure;
        hand_over(f, flight);
        return leave(f, flight, rc);
    }
    land(f, flight, rc, &result, &failure);
    return leave_landed(f, flight, out, err);
}

int flight_run(struct flights *f, struct call *call, struct clock *clock, const char *key,
               int (*work)(void *arg, struct flight_result *result, struct failure *err), void *arg,
               struct flight_result *out, struct failure *err)
{
    struct waiter self = { .call = call };
    struct flight *flight;
    int rc = 0;

    if (call->nowait)
        return -EWOULDBLOCK;
    lock_take(&f->lock);
    HASH_FIND_STR(f->by_key, key, flight);
    if (!flight) {
        flight = flight_begin(f, key, call);
        lock_give(&f->lock);
        return flight ? lead(f, flight, call, work, arg, out, err) : -ENOMEM;
    }
    waiter_add(flight, &self);
    while (!flight->landed && !self.leads && rc != -EINTR) {
        lock_give(&f->lock);
        rc = call_wait(call, clock, CLOCK_FOREVER);
        lock_take(&f->lock);
    }
    if (flight->landed)
        return leave_landed(f, flight, out, err);
    if (self.leads && rc != -EINTR) {
        lock_give(&f->lock);
        return lead(f, flight, call, work, arg, out, err);
    }
    if (self.leads)
        hand_over(f, flight);
    else
        waiter_remove(flight, &self);
    return leave(f, flight, -EINTR);
}

void flights_forget(struct flights *f, const char *key)
{
    struct flight *flight;

    lock_take(&f->lock);
    HASH_FIND_STR(f->by_key, key, flight);
    if (flight)
        flight_unlist(f, flight);
    lock_give(&f->lock);
}

void flights_forget_all(struct flights *f)
{
    struct flight *flight, *next;

    lock_take(&f->lock);
    HASH_ITER(hh, f->by_key, flight, next)
        flight_unlist(f, flight);
    lock_give(&f->lock);
}

size_t flights_waiting(struct flights *f, const char *key)
{
    struct flight *flight;
    size_t n = 0;

    lock_take(&f->lock);
    HASH_FIND_STR(f->by_key, key, flight);
    for (struct waiter *w = flight ? flight->waiters : NULL; w; w = w->next)
        n++;
    lock_give(&f->lock);
    return n;
}
