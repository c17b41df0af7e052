/*
 * What the state database knows of an intent: a change of the API that was begun, or is owed, and is
 * not known to be done. Types alone; what the numbers mean is the journal's.
 */
#ifndef LASFS_INTENT_ROW_H
#define LASFS_INTENT_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "drop_row.h"

struct intent_row {
    int64_t number; /* the key, greater than 0 */
    int kind, state;
    int resource;              /* of what kind it is about */
    const char *folder, *name; /* where it was put; texts are NULL where there is none */
    const char *id;            /* of what it is about, once that is known */
    const char *old;           /* of what has to go once it is done */
    const char *look;          /* how to look for it */
    const char *undo;          /* what was said, and what was there before (body_undo_text()) */
    const char *to_folder, *to_name; /* where it goes */
    uint64_t upload;                 /* the spool's number of its bytes, 0: none */
    int64_t size;
    int64_t since_ns; /* realtime */
    int64_t
        since_ms; /* the same by this process's time (monotonic), from its start on: no clock that is set moves
                        * it. Not on disk */
    int64_t server_ns; /* the same by the server's clock; 0: not known */
    int64_t tries;
    bool has_sha256;
    uint8_t sha256[STATE_DIGEST_BYTES];
};

#endif
