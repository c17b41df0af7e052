/*
 * One flight for equal work: while one caller does the work of a key, all others that come with
 * the same key wait for it and share its result or its failure. Any thread.
 */
#ifndef LASFS_FLIGHT_H
#define LASFS_FLIGHT_H

#include <stddef.h>

#include "call.h"
#include "clock.h"
#include "counted.h"
#include "failure.h"

struct flights;

/* What a flight brings home; object NULL when there is nothing but the outcome. */
struct flight_result {
    void *object;
    const struct counted_class *class;
};

/* 0, -ENOMEM. To be freed when nobody is in flight_run() any more; NULL is fine. */
int flights_new(struct flights **out);
void flights_free(struct flights *f);

/*
 * Does the work of key, or waits for who is at it. The first caller runs work(arg) in its own
 * thread with no lock held; work fills *result (one reference) and returns 0, or a failure and
 * fills err. It must itself end when its call is cancelled. It may fly under other keys; under
 * its own it would wait for itself.
 *
 * Who leads does so in the class of the most urgent of all who wait (call.h).
 *
 * A leader that ends with -EINTR because its own call was cancelled fails nobody else: one of
 * those who wait leads next, with its own work and arg. Any other failure is everybody's.
 *
 * out  one reference, on success only; may be NULL when nobody wants it
 * err  on failure only; may be NULL
 * What work returned, or -EINTR cancelled while waiting, -EWOULDBLOCK the call is nowait
 * (nothing was begun), -ENOMEM.
 */
int flight_run(struct flights *f, struct call *call, struct clock *clock, const char *key,
               int (*work)(void *arg, struct flight_result *result, struct failure *err), void *arg,
               struct flight_result *out, struct failure *err);

/* Whoever comes from now on begins anew instead of joining what is under way for key, or for any:
 * what is under way may be out of date. Those who wait already get its result all the same. Never
 * blocks. */
void flights_forget(struct flights *f, const char *key);
void flights_forget_all(struct flights *f);

/* How many wait for the flight of key; for tests. */
size_t flights_waiting(struct flights *f, const char *key);

#endif
