/*
 * Claims that are kept: as long as an execution's heartbeat is open for writing, one is sent every
 * 20 s, so that a worker's lease lasts exactly as long as the worker. A thread of its own counts
 * the time, the pool sends. Any thread, no lock held.
 */
#ifndef LASFS_LEASE_H
#define LASFS_LEASE_H

#include "backend.h"
#include "target.h"

struct fs_waiter;
struct remote;

struct lease;
struct leases;

/* 0, -ENOMEM. */
int leases_new(struct remote *remote, struct leases **out);
/* Ends the thread and what is being sent. Before the pool ends. NULL is fine. */
void leases_stop(struct leases *l);
void leases_free(struct leases *l); /* NULL is fine */

/* Sends one heartbeat. 0; -ESTALE the lease is lost; what backend_heartbeat() gives. */
int lease_beat(struct remote *remote, struct call *call, const struct target *t,
               struct failure *err);

/* From now on, until lease_end(), beats are sent. 0, -ENOMEM, -EAGAIN. */
int lease_begin(struct leases *l, const struct target_ids *of, struct lease **out);

/* Waits for a beat that is on its way. NULL is fine. */
void lease_end(struct leases *l, struct lease *lease);

bool lease_is_lost(struct leases *l, struct lease *lease);
void lease_set_lost(struct leases *l, struct lease *lease);

/* Who polls is woken when it is lost; a waiter takes the place of the one before. Is it lost? Then
 * the waiter is not taken. */
bool lease_wait(struct leases *l, struct lease *lease, const struct fs_waiter *waiter);

#endif
