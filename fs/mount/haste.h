/*
 * An end that does not wait: SIGQUIT at any time, or a second SIGINT or SIGTERM. What is not sent then
 * is left to the next mount.
 */
#ifndef LASFS_HASTE_H
#define LASFS_HASTE_H

#include <pthread.h>
#include <stdatomic.h>

#define HASTE_MS 5000 /* so long it takes at most, from then on */

struct haste {
    void (*begin)(void *arg);   /* set once, as the next two: nothing is waited for any more */
    void (*give_up)(void *arg); /* HASTE_MS later, when haste_stop() was not called by then */
    void *arg;
    pthread_t thread;
    int signals, stop; /* descriptors; -1: not started */
    atomic_int told;   /* how often it was told to end */
};

#define HASTE_INIT                                                                                 \
    {                                                                                              \
        .signals = -1, .stop = -1                                                                  \
    }

/*
 * Takes SIGQUIT from the calling thread, which is the one that signals come to, and waits for it in a
 * thread of its own; the callbacks run there. begin, give_up and arg are the caller's to set.
 * 0, -EMFILE, -ENOMEM, -EAGAIN: then nothing is changed.
 */
int haste_start(struct haste *h);

/* It ends: SIGINT and SIGTERM come here too, from now on. told: how many have come already. The same
 * thread. */
void haste_ending(struct haste *h, int told);

/* After it nothing is called back. Where it was not started it does nothing. */
void haste_stop(struct haste *h);

#endif
