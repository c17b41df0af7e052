#include "call.h"

#include <errno.h>

#include "lock.h"

#include "banned.h"

int call_init(struct call *c)
{
    int rc;

    *c = (struct call){ .woken = false };
    lock_init(&c->lock, LOCK_CALL);
    rc = cond_init_monotonic(&c->cond);
    if (rc < 0)
        lock_destroy(&c->lock);
    return rc;
}

void call_release(struct call *c)
{
    pthread_cond_destroy(&c->cond);
    lock_destroy(&c->lock);
}

void call_wake(struct call *c)
{
    lock_take(&c->lock);
    c->woken = true;
    pthread_cond_signal(&c->cond);
    lock_give(&c->lock);
}

void call_cancel(struct call *c)
{
    lock_take(&c->lock);
    c->cancelled = true;
    pthread_cond_signal(&c->cond);
    lock_give(&c->lock);
}

bool call_cancelled(struct call *c)
{
    bool cancelled;

    lock_take(&c->lock);
    cancelled = c->cancelled;
    lock_give(&c->lock);
    return cancelled;
}

void call_raise(struct call *c, enum call_class class)
{
    int now = atomic_load(&c->class);

    while (now < (int)class && !atomic_compare_exchange_weak(&c->class, &now, (int)class))
        ;
}

static int park(struct call *c, struct clock *clock, int64_t until_ms)
{
    int rc = 0;

    lock_take(&c->lock);
    while (!c->woken && !c->cancelled && rc != -ETIMEDOUT)
        rc = lock_wait_until(&c->lock, &c->cond, clock, until_ms);
    if (c->cancelled)
        rc = -EINTR;
    else if (c->woken)
        rc = 0;
    c->woken = false;
    lock_give(&c->lock);
    return rc;
}

int call_wait(struct call *c, struct clock *clock, int64_t until_ms)
{
    int64_t began_us = c->origin ? clock_us() : 0;
    int rc = park(c, clock, until_ms);

    if (c->origin)
        c->origin->waited_us += clock_us() - began_us;
    return rc;
}
