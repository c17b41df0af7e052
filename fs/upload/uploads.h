/*
 * How bytes that were put here become resources there, for one mount. All functions of the room
 * take it; deliver.h is where to begin.
 */
#ifndef LASFS_UPLOADS_H
#define LASFS_UPLOADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "failure.h"

struct backend;
struct call;
struct clock;
struct drop;
struct drops;
struct errlog;
struct folder;
struct pool;
struct remote;
struct spool;
struct state;
struct uploads;

struct uploads_config {
    struct remote *remote; /* outlives it, as all here */
    struct drops *drops;
    struct backend *backend;
    struct clock *clock;
    struct errlog *errlog;
    struct pool *pool;
    struct state *state;
    struct spool *spool;
    const char *scratch; /* more patterns of scratch.h, or NULL */
    int other;           /* enum other_mode (settings.h): what happens to what is no document */
    int complete;        /* enum complete_mode: and to documents that were cut off */
    bool dedupe;         /* bytes that a folder has are not sent under another name */
    bool ro;             /* nothing is sent */
    bool nodelete;       /* nothing that was sent before is replaced */
    bool writeback;      /* a close() is answered once its bytes are on disk here */
    int64_t settle_ms;   /* then they are left alone for so long before they are sent */
    int64_t unsure_ms;   /* so long a POST without an answer may still arrive at the server */
    int64_t timeout_ms;  /* nobody waits longer for an answer that does not come at once */
    unsigned workers;    /* so many intents are worked at at once */
    /* Others have given what d stands for another name: the one here follows. NULL: it does not. */
    void (*renamed)(void *arg, struct call *call, struct drop *d);
    void *arg;
};

/* Takes up what an earlier mount has left: its sidecars wait on, and what it began and did not end
 * is deleted in the pool. Blocks for the disk. 0, -ENOMEM, -EIO. */
int uploads_new(const struct uploads_config *config, struct uploads **out, struct failure *err);

/* Waits until all that was closed is at the server, or all that is left has failed since, or for
 * timeout_ms, or until the call (NULL: none) is cancelled. true: nothing waits. */
bool uploads_drain(struct uploads *uploads, struct call *call, int64_t timeout_ms);

/* No look for documents of sidecars begins after it: before the pool ends. NULL is fine. */
void uploads_stop(struct uploads *uploads);
void uploads_free(struct uploads *uploads); /* NULL is fine */

/* What is to be deleted is tried now, and not only when its time has come. */
void uploads_pay(struct uploads *uploads);

/* A document has gone: sidecars that wait for one of its stem are looked at again. */
void uploads_look_again(struct uploads *uploads);

/* The last close of a file is going to be dealt with, and has been. */
void uploads_begin_release(struct uploads *uploads);
void uploads_end_release(struct uploads *uploads);
bool uploads_are_releasing(struct uploads *uploads);

/* The folder of that key has this one by now: what is owed in it is owed there. */
void uploads_folder_renamed(struct uploads *uploads, const char *key, const char *to_key);

/* The file of that name was removed, or moved away: what a write that failed may have made all the same
 * does not come back under it. Its bytes are in failed. */
void uploads_name_left(struct uploads *uploads, const struct folder *f, const char *name);

/* Is a POST with this key in its stamp on its way, or is it not known what came of it? */
bool uploads_are_sending(struct uploads *uploads, const char *key);

/* Is a rename of this resource under way, or is the server still to hear of one? */
bool uploads_owe_name(struct uploads *uploads, const char *id);

struct uploads_stats {
    uint64_t purged; /* documents that purge has deleted */
    size_t waiting;  /* sidecars, for longer than a minute */
    size_t queued;   /* files that were closed and wait to be sent */
    int64_t queued_bytes;
    size_t unsure;     /* requests of which nobody knows whether they were carried out */
    size_t owed;       /* resources that have to go */
    size_t names_owed; /* of which the server has still to hear what they are called */
    int64_t oldest_ns; /* realtime, of the oldest of these; 0: there is none */
    uint64_t retries;  /* how often one was put off */
    uint64_t found, absent, undecidable; /* how unsure ones ended */
    char last_why[FAILURE_TEXT_MAX];     /* why one is put off; "" */
};
void uploads_get_stats(struct uploads *uploads, struct uploads_stats *out);

#endif
