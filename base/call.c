#include "call.h"

#include <errno.h>

#include "banned.h"

int call_init(struct call *c)
{
    int rc;

    *c = (struct call){ .woken = false };
    rc = -pthread_mutex_init(&c->lock, NULL);
    if (rc < 0)
        return rc;
    rc = cond_init_monotonic(&c->cond);
    if (rc < 0)
        pthread_mutex_destroy(&c->lock);
    return rc;
}

void call_release(struct call *c)
{
    pthread_cond_destroy(&c->cond);
    pthread_mutex_destroy(&c->lock);
}

void call_wake(struct call *c)
{
    pthread_mutex_lock(&c->lock);
    c->woken = true;
    pthread_cond_signal(&c->cond);
    pthread_mutex_unlock(&c->lock);
}

void call_cancel(struct call *c)
{
    pthread_mutex_lock(&c->lock);
    c->cancelled = true;
    pthread_cond_signal(&c->cond);
    pthread_mutex_unlock(&c->lock);
}

bool call_cancelled(struct call *c)
{
    bool cancelled;

    pthread_mutex_lock(&c->lock);
    cancelled = c->cancelled;
    pthread_mutex_unlock(&c->lock);
    return cancelled;
}

int call_wait(struct call *c, struct clock *clock, int64_t until_ms)
{
    int rc = 0;

    pthread_mutex_lock(&c->lock);
    while (!c->woken && !c->cancelled && rc != -ETIMEDOUT)
        rc = clock->wait(clock, &c->cond, &c->lock, until_ms);
    if (c->cancelled)
        rc = -EINTR;
    else if (c->woken)
        rc = 0;
    c->woken = false;
    pthread_mutex_unlock(&c->lock);
    return rc;
}
