/*
 * Bytes that were sent, back here. All give 0, what known_content() gives, -ENOSPC, -ENOMEM;
 * -EWOULDBLOCK with nowait.
 */
#ifndef LASFS_RECALL_H
#define LASFS_RECALL_H

#include "backend.h"
#include "target.h"

struct drop;
struct uploads;

/* What it was when it was sent: of a resource with content the server has it, of one that was
 * made from JSON the state. Of secrets nobody has it: *fd stays as it is. */
int recall_open(struct uploads *uploads, struct call *call, const struct target_ids *b, int *fd,
                int64_t *size, struct failure *err);

/* The bytes of what was sent are in the spool from now on, where they can be changed; of what
 * was removed, those of open_fd (-1: nobody has them open). d is held exclusively. */
int recall_bytes(struct uploads *uploads, struct call *call, struct drop *d, int open_fd,
                 struct failure *err);

/* The words for a disk that does not take them; returns rc. */
int recall_refused(int rc, struct failure *err);

#endif
