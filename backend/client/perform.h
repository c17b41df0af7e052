/*
 * The inside of a client, for the files that have its verbs.
 */
#ifndef LASFS_PERFORM_H
#define LASFS_PERFORM_H

#include <pthread.h>
#include <stdatomic.h>

#include "auth.h"
#include "endpoint_times.h"
#include "guard.h"
#include "lock.h"
#include "record_ref.h"
#include "send.h"

#define URL_MAX_BYTES (64u << 10)

/* What answers have said of a resource's url_field. */
enum { URLS_UNKNOWN, URLS_ABSENT, URLS_THERE };

struct visit;

struct backend {
    struct sender sender;
    struct auth *auth;   /* set once */
    struct guard *guard; /* set once */
    char *api;           /* set once: the endpoint's URL */
    int64_t timeout_ms;  /* set once */
    struct endpoint_times endpoints;
    atomic_int urls[RES_COUNT];   /* have answers a url_field? */
    atomic_bool today;            /* an answer had what the API of 2021 has not */
    atomic_bool inline_refused;   /* contents inside a POST are not taken: they are PUT */
    atomic_bool notes_refused;    /* and yet it did not take, or keep, what a stamp says */
    atomic_uint seen[RES_COUNT];  /* SEEN_...: what answers had of one generation alone */
    atomic_uint lacks[RES_COUNT]; /* CAN_...: the server has it not, though its API may have */

    struct lock lock; /* before any call's */
    pthread_cond_t left;
    struct visit *visits; /* guarded by lock */
    unsigned n_visits;    /* guarded by lock */
    bool closing;         /* guarded by lock */
};

/* One request, with all that belongs to it: a token unless it goes elsewhere, the pacer, retries,
 * the breaker. content_type NULL: JSON. 0: a 2xx; else as backend.h says. */
int backend_perform(struct backend *be, struct call *call, struct request *rq, struct sending *st,
                    struct failure *err);

/* Gets a token now. 0, or as auth_token() says. */
int perform_token(struct backend *be, struct call *call, struct failure *err);

/* Cancels what is under way, and lets nothing more begin. */
void perform_stop(struct backend *be);

/* The same, and waits until all have left. */
void perform_end(struct backend *be);

/* What r says of the server, by backend_content_max(); whole: it is no row of a list. */
void backend_note_answer(struct backend *be, const struct record *r, bool whole);

#endif
