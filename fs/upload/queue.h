/*
 * With writeback: files that were closed and are on disk here, and are sent by the journal. A queued
 * drop is DROP_WAITING; its intent has the spool's number of its bytes as its upload. Any thread.
 */
#ifndef LASFS_QUEUE_H
#define LASFS_QUEUE_H

#include "backend.h"
#include "intent_row.h"

struct bytes;
struct drop;
struct folder;
struct moving;
struct queue;
struct uploads;

/* 0, -ENOMEM. */
int queue_new(struct queue **out);
void queue_free(struct queue *q); /* NULL is fine */

/* What earlier mounts have left to be sent. Blocks for the disk. 0, -ENOMEM, -EIO. */
int queue_load(struct uploads *uploads);

/* d's bytes are whole, and will be sent as name in f once nobody has touched them for a while: on disk
 * when this returns, and in the same transaction, if it moves, that d is called so (drops_move_over()).
 * sha256: of the bytes. d is held exclusively. 0, -ENOSPC, -EIO, -ENOMEM: they are as they were. */
int queue_submit(struct uploads *uploads, struct drop *d, struct folder *f, const char *name,
                 struct moving *moving, const struct bytes *bytes, const uint8_t *sha256,
                 struct failure *err);

/* The drop of this intent, with a reference, or NULL. */
struct drop *queue_find(struct uploads *uploads, int64_t number);

/* How many still have a name, and so are to be sent, and how many bytes those have. */
size_t queue_count(struct uploads *uploads, int64_t *bytes);

/* d is sent, or never will be: it is out of the queue. */
void queue_forget(struct uploads *uploads, const struct drop *d);

#endif
