/*
 * What a document says of its file (stamp.h) after its name here has changed: told to the server by the
 * journal, with a PATCH that leaves what others keep there as it is. A rename does not wait for that, and
 * needs no server.
 */
#ifndef LASFS_RESTAMP_H
#define LASFS_RESTAMP_H

#include <stddef.h>
#include <stdint.h>

#include "failure.h"

struct call;
struct drop;
struct intent_row;
struct uploads;

/* What is owed, until names have changed. */
struct restamps {
    int64_t *numbers; /* of their intents */
    size_t n;
};

/* These are going to be called otherwise: on disk when this returns. What is not sent, and what stands
 * where nothing is said, needs none; a server that has not answered yet may keep it. 0, -ENOMEM, -EIO, -ENOSPC: then nothing is owed. */
int restamp_begin(struct uploads *uploads, struct drop *const *drops, size_t n,
                  struct restamps *out);

/* Names are what they will be, or as they were: the server hears of it if they differ. Frees. */
void restamp_end(struct uploads *uploads, struct restamps *owed);

/* d was sent without a word of what it is, before anything had told that the server keeps that: where it
 * does, it hears of it. */
void restamp_late(struct uploads *uploads, struct drop *d);

/* The journal's work at one. As struct journal_config's work(). */
int64_t restamp_work(struct uploads *uploads, struct call *call, const struct intent_row *row,
                     struct failure *why);

#endif
