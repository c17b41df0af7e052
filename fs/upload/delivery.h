/* What the files that send a drop share: one sending, from its bytes to the answer. */
#ifndef LASFS_DELIVERY_H
#define LASFS_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "backend.h"
#include "drop.h"
#include "filetype.h"
#include "posting.h"
#include "sidecar.h"
#include "stamp.h"

struct bytes;
struct call;
struct folder;
struct intent_row;
struct moving;
struct uploads;

struct delivery {
    struct uploads *uploads;
    struct call *call;
    struct drop *drop;
    struct folder *folder;
    const char *name;
    struct bytes *bytes;
    struct content_source content;
    uint8_t digest[DIGEST_BYTES];
    char type[FILETYPE_MAX];
    const char *missing;                /* what tells that it was cut off, or NULL */
    char replaced[RESOURCE_ID_MAX + 1]; /* whose place a new one takes, or "" */
    const struct intent_row *queued;    /* what it was queued as, and is sent for; or NULL */
    struct posting posting;             /* its intent, if it has one */
    char key[STAMP_KEY_CHARS + 1];      /* of its stamp, or "" */
    bool unsaid;                        /* it was not known that the server keeps stamps */
    bool taken;                 /* what was said of it was taken: a refusal is one of the bytes */
    int64_t updates;            /* the intent of the PATCH of its bytes, held; or 0 */
    int64_t asks;               /* the intent of what an inbox asks about it, held; or 0 */
    struct moving *moving;      /* the rename that it is sent for, or NULL */
    struct sidecar_along along; /* what is said in the same request */
    char *stamped_in;           /* the folder's key when its stamp was made, or NULL */
    char *meant;                /* the path by which what it replaces was meant, or NULL */
    int64_t looked_ms;          /* (monotonic) at that */
    bool doubted;               /* this disk has not taken that it was sent */
};

#endif
