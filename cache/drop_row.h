/*
 * What the state database knows of a drop, and the changes that can be made to it. Types alone.
 */
#ifndef LASFS_DROP_ROW_H
#define LASFS_DROP_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATE_DIGEST_BYTES 32

/* Numbers on disk: only add at the end. */
enum row_state {
    ROW_LOCAL,      /* not sent: scratch, empty, or not yet */
    ROW_OPEN,       /* being written */
    ROW_SENT,       /* acknowledged: id is set */
    ROW_FAILED,     /* kept after a failure: error says which */
    ROW_FOLDER,     /* a folder that is known here only */
    ROW_UNFINISHED, /* of older versions, no drop: a resource that was made and lacks its content */
    ROW_WAITING,    /* closed, and the journal sends it */
    ROW_STATES      /* how many there are */
};

/* Names and folders are any bytes but NUL. */
struct drop_row {
    const char *folder, *name; /* the key */
    int kind;                  /* the caller's */
    const char *id;            /* the resource's once acknowledged, else NULL */
    enum row_state state;
    uint64_t spool;  /* the file of its bytes, 0: none */
    uint64_t sealed; /* of ROW_OPEN, beside that: of those that wait until these are whole */
    int64_t size, mtime_ns;
    uint32_t mode;
    bool has_sha256;
    uint8_t sha256[STATE_DIGEST_BYTES];
    const char *error;     /* NULL: none */
    int64_t failed_number; /* 0: none */
    int64_t failed_ns;     /* when; 0: not known */
    const char *xattrs;    /* the caller's text; NULL: none */
    const char *parked;    /* the name that it had, and gives back; NULL: none */
    const char *taken;     /* the id of the document that took it; NULL: none */
    int64_t sent_mtime_ns; /* mtime of what was acknowledged; 0: not known */
    int64_t told_ns; /* (realtime) when the server last told what it is, or where; 0: not known */
};

struct intent_row;

/* One change. Several in one state_apply() are one transaction: all or none. */
struct state_step {
    enum state_change {
        STATE_PUT_DROP,      /* row, in the place of the one of its key */
        STATE_DELETE_DROP,   /* folder, name; not there is fine */
        STATE_RENAME_DROP,   /* folder, name -> to_folder, to_name, in the place of what is there;
                              * not there changes nothing */
        STATE_RENAME_FOLDER, /* folder -> to_folder, for all rows in it and in folders below it;
                              * -EINVAL when one of the two is below the other */
        STATE_DELETE_FOLDER, /* folder: all rows in it and in folders below it */
        STATE_PUT_INTENT,    /* intent, in the place of the one of its number */
        STATE_DELETE_INTENT, /* number; not there is fine */
    } change;
    const struct drop_row *row;
    const struct intent_row *intent;
    int64_t number;
    const char *folder, *name;
    const char *to_folder, *to_name;
};

#endif
