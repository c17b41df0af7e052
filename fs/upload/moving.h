/*
 * A name that moves at the same time as its resource: into another folder's list, which is a PATCH, or
 * over another name, whose resource goes, or because its bytes are sent under the name that it gets. Names change
 * in one transaction with what is owed for them, and what nobody knows when the daemon dies is looked for.
 */
#ifndef LASFS_MOVING_H
#define LASFS_MOVING_H

#include "backend.h"
#include "intent_row.h"

struct drop;
struct folder;
struct intent_change;
struct uploads;

struct moving {
    struct uploads *uploads;
    struct call *call;
    struct drop *drop; /* held exclusively */
    const char *name;  /* what it is called now */
    struct folder *to;
    const char *to_name;
    struct drop *there;         /* what is called so until now, held too; or NULL */
    int64_t number;             /* of the intent; 0: there is none */
    bool patching;              /* a PATCH went out for it */
    bool saying;                /* of another one, of which its bytes say something */
    bool at_once;               /* nothing but its bytes moves: its name does with their intent */
    const struct resource *res; /* of what has to go */
    char old[RESOURCE_ID_MAX + 1]; /* its id, or "" */
    bool carried;                  /* and what is said of it becomes the drop's */
    int64_t debt;   /* of its DELETE, which is on disk with the name; 0: there is none */
    int64_t posted; /* intent of the POST of its bytes, which owes a DELETE too; 0: there is none */
    char replaced[RESOURCE_ID_MAX + 1]; /* of this one */
};

/* This one (NULL: none) has to go once the name has moved. carried: the drop's is made what it is before that. */
void moving_owe(struct moving *m, const struct target *old, bool carried);

/* A PATCH is going to go out: on disk when this returns; a second one is of the same intent. undo: what it changes
 * that has to be taken back if it does not move (body_undo_text()), or NULL. 0, -ENOSPC, -EIO, -ENOMEM. */
int moving_begin(struct moving *m, const struct target *t, const char *undo, struct failure *err);

/* The same, and the PATCH is of a resource whose name does not move: what its bytes say of it under their new
 * name is sent before they have that. Where they do not get it, what was said is taken back. */
int moving_say(struct moving *m, const struct target *t, const char *undo, struct failure *err);

/* That was refused: there is nothing to be taken back. */
void moving_unsay(struct moving *m);

/* Its bytes have become the content of what is called so until now: this intent (update.h) is done with the
 * names. */
void moving_updated(struct moving *m, int64_t number);

/* The name moves with an intent of its bytes: what has to go then, as a step to be on disk with them, and that it
 * is; 1: nothing has to go. Else m->debt is its number, to be forgotten if it could not be written. */
int moving_debt(struct moving *m, struct intent_change *out);

/* The drop's bytes were sent for this, and are a resource of this id by now: as a step to be on disk with
 * the drop's row. 0, -ENOMEM; -EALREADY: there is an intent. */
int moving_sent(struct moving *m, const char *id, struct intent_change *out);

/* Its bytes were sent in the place of this one, which goes once the name has moved: not before, for until then it
 * is what the other name stands for. number: of the intent of their POST. */
void moving_posted(struct moving *m, int64_t number, const char *replaced);

/* That could not be written. */
void moving_unsent(struct moving *m);

/* It has ended with rc. Where it may have been carried out all the same, one look is taken. 0 the
 * resource is what it is to be; else rc, and if nobody knows, the journal goes on looking. */
int moving_patched(struct moving *m, const struct target *t, int rc, struct failure *err);

/* It does not move, for another reason: what was sent for it is looked at. */
void moving_leave(struct moving *m);

/* The name moves, and what was called to_name goes; in one transaction, on disk. 0, what drops_move()
 * gives: then names are as they were, and the journal moves it once it can if a PATCH was sent. */
int moving_finish(struct moving *m);

#endif
