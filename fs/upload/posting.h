/*
 * A POST of bytes with its intent: a row before it goes out, what its answer changes, and what it owes
 * afterwards.
 */
#ifndef LASFS_POSTING_H
#define LASFS_POSTING_H

#include "backend.h"
#include "intent_row.h"
#include "journal.h"

struct folder;
struct uploads;

/* A POST of bytes. */
struct posting {
    struct uploads *uploads;
    struct call *call;
    struct folder *folder;
    const char *name;
    const uint8_t *sha256; /* of the bytes */
    int64_t size;
    const char *old; /* whose place it takes and has to go then, or NULL */
    int64_t number;  /* of its intent; 0: it has none */
    bool queued;     /* the journal is at work at it: nobody waits */
};

/*
 * It is going to go out: on disk when this returns. An earlier one of the same name and bytes of
 * which nobody knows is looked for first: 1 it was carried out, *out is what it made.
 * 0; -EIO with OUTCOME_UNKNOWN: it is not known yet, and may still come; -ENOSPC, -EIO, -ENOMEM.
 */
int posting_begin(struct posting *p, const struct body *body, struct record **out,
                  struct failure *err);

/* It was refused, and is going to go out once more, as this body: on disk when this returns. 0, what
 * journal_begin() gives. */
int posting_again(struct posting *p, const struct body *body, struct failure *err);

/*
 * It has failed with rc. Where nobody knows whether it was carried out, it is looked for until it can
 * come no more. 0 it was, *out is what it made; POSTING_AGAIN it was not, nor will it be: it may be
 * begun anew; else rc: err says whether it is known, and if not, the journal goes on looking.
 */
#define POSTING_AGAIN 1
int posting_failed(struct posting *p, int rc, struct record **out, struct failure *err);

/* It has made this, as the drop's row is going to say: the step that belongs to it. 0, -ENOMEM. */
int posting_answered(struct posting *p, const char *id, struct intent_change *out);

/* What it replaced is deleted, now or later. */
void posting_pay(struct posting *p, const struct target *old);

/* It stays: it is not what was meant. */
void posting_spare(struct posting *p);

/* A resource has to go, and is deleted now, or later by the journal; with it on disk what the steps
 * say. 0, what journal_begin() gives. */
int owe_delete(struct uploads *uploads, struct call *call, const struct target *t,
               const struct state_step *with, size_t n, struct failure *err);

/* DELETE of what row says has to go. *was (was may be NULL): what it was, with a reference, or NULL where nobody
 * knows. 0: it has gone; 1: it stays for good, and that was said; -errno: it will pass. */
int delete_owed(struct uploads *uploads, struct call *call, const struct target *t,
                const struct intent_row *row, struct record **was, struct failure *why);

/* A line in the error log about an intent. */
void posting_report(struct uploads *uploads, const char *operation, const struct intent_row *row,
                    int rc, const struct failure *why);

#endif
