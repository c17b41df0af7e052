/*
 * Who is connected, so that strangers do not keep out who is known: a connection is a stranger's until
 * it has shown a token, or credentials, that are right. There is room for VISITORS_STRANGERS of them;
 * one more, and the oldest has to go. Of those that are known the one goes that has been idle for
 * longest, when there are more than VISITORS_KNOWN. Any thread.
 */
#ifndef SANDBOX_VISITORS_H
#define SANDBOX_VISITORS_H

#include <pthread.h>
#include <stdbool.h>

#define VISITORS_STRANGERS 256
#define VISITORS_KNOWN 1024

struct visitor;

/* The oldest first. */
struct visitor_list {
    struct visitor *first, *last;
    unsigned n;
};

struct visitors {
    pthread_mutex_t lock;
    struct visitor_list strangers; /* guarded by lock, as all below */
    struct visitor_list idle;      /* known, and without a request under way */
    unsigned known;                /* idle or not */
};

void visitors_init(struct visitors *vs);
void visitors_release(struct visitors *vs); /* when all have left */

/* A connection, which is fd until it leaves. NULL: no memory. */
struct visitor *visitors_enter(struct visitors *vs, int fd);
void visitors_leave(struct visitors *vs, struct visitor *v); /* NULL is fine; frees */

/* A request of it begins, or has ended. NULL is fine. */
void visitors_begin(struct visitors *vs, struct visitor *v);
void visitors_end(struct visitors *vs, struct visitor *v);

/* It has shown who it is; once is enough. False: it was known before. NULL is fine. */
bool visitors_recognize(struct visitors *vs, struct visitor *v);

#endif
