#include "pacer.h"

#include "banned.h"

void pacer_init(struct pacer *p, double max_rps)
{
    pthread_mutex_init(&p->lock, NULL);
    p->interval_ms = max_rps > 0 ? 1000 / max_rps : 0;
    p->next_ms = 0;
    p->held_ms = INT64_MIN;
}

void pacer_release(struct pacer *p)
{
    pthread_mutex_destroy(&p->lock);
}

void pacer_hold(struct pacer *p, int64_t until_ms)
{
    pthread_mutex_lock(&p->lock);
    if (until_ms > p->held_ms)
        p->held_ms = until_ms;
    pthread_mutex_unlock(&p->lock);
}

int64_t pacer_take(struct pacer *p, int64_t now_ms)
{
    int64_t at;

    pthread_mutex_lock(&p->lock);
    if (p->next_ms < (double)now_ms)
        p->next_ms = (double)now_ms;
    at = (int64_t)p->next_ms;
    p->next_ms += p->interval_ms;
    if (at < p->held_ms)
        at = p->held_ms;
    pthread_mutex_unlock(&p->lock);
    return at;
}

int64_t pacer_held(struct pacer *p)
{
    int64_t held;

    pthread_mutex_lock(&p->lock);
    held = p->held_ms;
    pthread_mutex_unlock(&p->lock);
    return held;
}
