#include "recent.h"

#include <stdio.h>
#include <time.h>

#include "banned.h"

void recent_init(struct recent *r)
{
    r->n = 0;
    pthread_mutex_init(&r->lock, NULL);
}

void recent_release(struct recent *r)
{
    pthread_mutex_destroy(&r->lock);
}

void recent_add(struct recent *r, const char *verb, const char *path, int status, int64_t ms,
                size_t bytes)
{
    struct recent_line l = { .at_s = time(NULL), .status = status, .ms = ms, .bytes = bytes };

    snprintf(l.verb, sizeof(l.verb), "%s", verb);
    snprintf(l.path, sizeof(l.path), "%s", path);
    pthread_mutex_lock(&r->lock);
    r->lines[r->n++ % RECENT_MAX] = l;
    pthread_mutex_unlock(&r->lock);
}

size_t recent_list(struct recent *r, struct recent_line out[RECENT_MAX])
{
    size_t n;

    pthread_mutex_lock(&r->lock);
    n = r->n < RECENT_MAX ? (size_t)r->n : RECENT_MAX;
    for (size_t i = 0; i < n; i++)
        out[i] = r->lines[(r->n - 1 - i) % RECENT_MAX];
    pthread_mutex_unlock(&r->lock);
    return n;
}
