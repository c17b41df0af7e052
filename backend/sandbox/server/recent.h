/* The last requests, for who looks at the front page. Any thread. */
#ifndef SANDBOX_RECENT_H
#define SANDBOX_RECENT_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#define RECENT_MAX 50
#define RECENT_VERB_MAX 12
#define RECENT_PATH_MAX 160

/* Verb and path are as they were sent, cut where they are long; there is no query. */
struct recent_line {
    int64_t at_s; /* since the epoch */
    char verb[RECENT_VERB_MAX], path[RECENT_PATH_MAX];
    int status;
    int64_t ms;
    size_t bytes;
};

struct recent {
    pthread_mutex_t lock;
    struct recent_line lines[RECENT_MAX]; /* guarded by lock, as all below */
    uint64_t n;                           /* how many there ever were */
};

void recent_init(struct recent *r);
void recent_release(struct recent *r);

void recent_add(struct recent *r, const char *verb, const char *path, int status, int64_t ms,
                size_t bytes);

/* The newest first; how many there are. */
size_t recent_list(struct recent *r, struct recent_line out[RECENT_MAX]);

#endif
