/* An open file. */
#ifndef LASFS_HANDLE_H
#define LASFS_HANDLE_H

#include "buf.h"
#include "call.h"
#include "failure.h"
#include "lock.h"
#include "types.h"

struct arrival;
struct files;
struct picture;

struct handle {
    struct node *node;   /* set once, one reference */
    int flags;           /* set once: of open(2) */
    pid_t opener;        /* set once: the process that opened it to write, else 0 */
    bool can_write;      /* set once */
    bool direct_io;      /* set once */
    bool keep_cache;     /* set once */
    bool blank;          /* set once: a drop that is not given back: blanks are read */
    struct bytes *bytes; /* set once: a drop's local ones when it was opened, or NULL */
    struct lock lock;
    struct bytes *to_read;   /* guarded by lock, as the next two: a drop's, as they were last */
    unsigned version;        /* of the drop then */
    bool looked;             /* and it was so */
    int fd;                  /* guarded by lock until it is set: of a content, else -1 */
    struct arrival *arrival; /* likewise: of one that is still on its way, else NULL */
    struct buf text;         /* guarded by lock: of a file whose text is made up */
    bool dirty;              /* guarded by lock: text has something new */
    pid_t writer_thread;     /* guarded by lock: who wrote last, 0: nobody yet */
    pid_t writer;            /* guarded by lock: the process that it belongs to */
    bool only_opened;        /* guarded by lock: that is that O_TRUNC emptied it, no more */
    int broken;              /* guarded by lock: why text is not complete: do not send */
    struct lease *lease;     /* set once: of a heartbeat, else NULL */
    bool active;             /* guarded by the drops' lock: counts as a writer of its drop */
    int told;                /* guarded by the drops' lock: what close() said is wrong with it */
    int unwritten;       /* guarded by the drops' lock: why a write never came as far as its drop */
    unsigned generation; /* set by open: of its drop; a later one is another version's */
    struct list_reader *list;   /* set once: of a .list.jsonl, else NULL */
    struct picture *picture;    /* set once: of a picture, else NULL */
    bool releasing;             /* set once its last close is to be dealt with */
    struct handle *next, *prev; /* guarded by the room's lock: all that are open */
};

/* What fstat(2) of this handle says more truly than the path: st_size of a text being written. */
void handle_stat(struct handle *h, struct stat *st);

/*
 * Half a file is not a file: is this the close of a process that a signal ends while it was
 * writing? A child that only has the descriptor is no writer.
 */
bool handle_writer_killed(struct handle *h, bool opener, pid_t pid);

/* For the kinds of files: each has these. */
struct handle_ops {
    /* The handle is made, nothing is open yet. */
    int (*open)(struct files *files, struct call *call, struct handle *h, struct failure *err);
    int (*read)(struct files *files, struct call *call, struct handle *h, int64_t off, size_t size,
                struct chunk *out, struct failure *err);
    int64_t (*write)(struct files *files, struct call *call, struct handle *h, const char *data,
                     size_t len, int64_t off, struct failure *err);
    /* h may be NULL: truncate(2). NULL: the file cannot be changed, and none of these is called. */
    int (*truncate)(struct files *files, struct call *call, struct node *n, struct handle *h,
                    int64_t size, struct failure *err);
    int (*flush)(struct files *files, struct call *call, struct handle *h, bool opener, pid_t pid,
                 struct failure *err);
    int (*fsync)(struct files *files, struct handle *h);
    /* Of every handle, also one that only reads. */
    bool (*release_blocks)(struct files *files, struct handle *h);
    int (*release)(struct files *files, struct call *call, struct handle *h, struct failure *err);
};

/* pid writes to it: handle_writer_killed() knows it then. */
void handle_note_writer(struct handle *h, pid_t pid);

/* What h has open, though its resource may have gone or be another file's; -1: nothing. */
int handle_open_fd(struct handle *h);

#endif
