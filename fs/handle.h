/* An open file. */
#ifndef LASFS_HANDLE_H
#define LASFS_HANDLE_H

#include "core.h"

struct handle {
    struct node *node;   /* set once, one reference */
    int flags;           /* set once: of open(2) */
    pid_t opener;        /* set once: the process that opened it */
    bool can_write;      /* set once */
    bool direct_io;      /* set once */
    bool keep_cache;     /* set once */
    struct bytes *bytes; /* set once: a drop's local ones when it was opened, or NULL */
    pthread_mutex_t lock;
    int fd;                     /* guarded by lock until it is set: of a content, else -1 */
    struct buf text;            /* guarded by lock: of a file whose text is made up */
    bool dirty;                 /* guarded by lock: text has something new */
    pid_t writer_thread;        /* guarded by lock: who wrote last, 0: nobody yet */
    pid_t writer;               /* guarded by lock: the process that it belongs to */
    bool only_opened;           /* guarded by lock: that is that O_TRUNC emptied it, no more */
    int broken;                 /* guarded by lock: why text is not complete: do not send */
    struct lease *lease;        /* set once: of a heartbeat, else NULL */
    bool active;                /* guarded by the drops' lock: counts as a writer of its drop */
    int told;                   /* guarded by the drops' lock: what close() said is wrong with it */
    struct list_reader *list;   /* set once: of a .list.jsonl, else NULL */
    bool releasing;             /* guarded by the fs's lock, as the next */
    struct handle *next, *prev; /* all that are open */
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
    int (*open)(struct fs *fs, struct call *call, struct handle *h, struct failure *err);
    int (*read)(struct fs *fs, struct call *call, struct handle *h, int64_t off, size_t size,
                struct chunk *out, struct failure *err);
    int64_t (*write)(struct fs *fs, struct call *call, struct handle *h, const char *data,
                     size_t len, int64_t off, struct failure *err);
    /* h may be NULL: truncate(2). NULL: the file cannot be changed, and none of these is called. */
    int (*truncate)(struct fs *fs, struct call *call, struct node *n, struct handle *h,
                    int64_t size, struct failure *err);
    int (*flush)(struct fs *fs, struct call *call, struct handle *h, bool opener, pid_t pid,
                 struct failure *err);
    int (*fsync)(struct fs *fs, struct handle *h);
    /* Of every handle, also one that only reads. */
    bool (*release_blocks)(struct fs *fs, struct handle *h);
    int (*release)(struct fs *fs, struct call *call, struct handle *h, struct failure *err);
};

extern const struct handle_ops text_ops;      /* kind_text.c */
extern const struct handle_ops drop_ops;      /* kind_drop.c */
extern const struct handle_ops heartbeat_ops; /* kind_heartbeat.c */
extern const struct handle_ops content_ops;   /* kind_content.c */
extern const struct handle_ops list_ops;      /* kind_list.c */

void list_reader_free(struct list_reader *r); /* NULL is fine */

/* chmod, chown and utimens of a dropped file or a subfolder. 0, -EIO. */
int drop_set_attributes(struct fs *fs, struct node *n, unsigned what, const struct stat *to);

/* Reads len bytes of fd for a chunk, up to its end. 0, -errno. */
int chunk_of_fd(int fd, int64_t off, size_t size, struct chunk *out);

/* Opens n for flags as fs_open() does. For create. */
int handle_open(struct fs *fs, struct call *call, struct node *n, int flags, pid_t pid,
                struct handle **out, struct failure *err);

#endif
