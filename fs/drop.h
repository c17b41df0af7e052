/*
 * What was put into folders through the mount: names and bytes that are the user's until the
 * server has acknowledged them, and names afterwards. One lock (of struct drops) guards the
 * fields; a drop that is being sent, renamed or deleted is held exclusively, one that is being
 * written is shared, so that bytes do not change while they are on their way.
 */
#ifndef LASFS_DROP_H
#define LASFS_DROP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "buf.h"
#include "call.h"
#include "failure.h"
#include "hash.h"
#include "resources.h"
#include "state.h"

struct drop_waiter;
struct spool;

#define DIGEST_BYTES 32

/* Bytes in the spool, as long as somebody uses them. */
struct bytes {
    atomic_uint refs;
    int fd;           /* set once */
    uint64_t number;  /* set once: in the spool; 0: in memory alone */
    atomic_bool keep; /* the file stays in the spool when nobody uses the bytes any more */
    struct spool *spool;
};
struct bytes *bytes_ref(struct bytes *b);
void bytes_unref(struct bytes *b); /* NULL is fine */
/* The same, and its file leaves the disk now: only open handles use the bytes. */
void bytes_discard(struct bytes *b);

/* All of them, added to out, which is empty. 0, -EFBIG, -ENOMEM, -EIO. */
int bytes_read(const struct bytes *b, struct buf *out);

enum drop_what {
    DROP_FILE,      /* a file; once sent, a resource with content */
    DROP_DIRECTORY, /* a name given by mkdir or mv to a resource's directory */
    DROP_SUBFOLDER, /* a folder within a folder */
};

struct folder {
    char *key;                  /* guarded by the locks: "datasets/las:dataset:.../documents" */
    const struct resource *res; /* set once: what a file here becomes; NULL: nothing */
    char *parent;               /* set once: id of the resource above, NULL at the top */
    const char *filter;         /* set once: a list's filter, and what a file here is given */
    char *filter_value;         /* set once */
    char *model;                /* set once: that predicts what is put here; NULL: none */
    char *document;             /* set once: that is asked about here; NULL: none */
    bool memory;                /* set once: what is put here must never be on a disk */
    bool staging;               /* set once: what is here is on its way to another folder */
    bool loaded;                /* guarded by the lock, as all below */
    int64_t changed_ns;         /* when something was put in, renamed or removed; 0: not since */
    unsigned cold;              /* how often the pages of its list that pay were not enough */
    int64_t looked_ms;          /* when its list was last fetched to see what is really there */
    struct folder *next;        /* of those that are retired */
    struct drop *drops;         /* by name */
    unsigned parked;            /* how many of them are parked */
    UT_hash_handle hh;          /* by key; folders live as long as struct drops */
};

/* Is only in it what was put there, whatever its list has? */
static inline bool folder_is_closed(const struct folder *f)
{
    return f->model || f->document;
}

struct drop {
    atomic_uint refs;
    enum drop_what what;   /* set once */
    struct folder *folder; /* guarded by the lock, as all below */
    char *name;
    bool linked;      /* found in folder under name */
    char *id;         /* of the resource, once acknowledged; else NULL */
    int64_t acked_ms; /* when (monotonic) */
    int64_t size;     /* of the acknowledged bytes */
    uint8_t digest[DIGEST_BYTES];
    bool has_digest; /* of the acknowledged bytes */
    int64_t mtime_ns;
    mode_t mode;         /* permission bits */
    char *xattrs;        /* as xattr.c packs them; NULL: none */
    char *parked;        /* the name that its resource had, and may be taken back by; or NULL */
    struct bytes *local; /* bytes here; NULL: only the server has them */
    bool dirty;          /* local has bytes that were not acknowledged or given up */
    int broken;          /* a write failed with this errno: do not send */
    bool failed;         /* could not be delivered; error says why */
    char *error;
    int64_t failed_number; /* in .lasfs/failed */
    unsigned opened;       /* open handles */
    unsigned writers;      /* of them, those that may write */
    bool exclusive;        /* being sent, renamed, deleted */
    unsigned shared;       /* writes under way */
    struct drop_waiter *waiters;
    UT_hash_handle hh; /* by name in folder->drops */
};

struct drop *drop_ref(struct drop *d); /* NULL is fine, gives NULL */
void drop_unref(struct drop *d);       /* NULL is fine */
#define cleanup_drop CLEANUP(drop_unref_p)
static inline void drop_unref_p(struct drop **d)
{
    drop_unref(*d);
}

/* A resource's id and the drop that is named for it. */
struct owner {
    char *id;           /* the drop's */
    struct drop *drop;  /* linked, or the owner would be gone */
    struct owner *next; /* another name of the same resource */
    UT_hash_handle hh;  /* the first of them: by id */
};

struct drops {
    pthread_mutex_t lock;
    /* In this order, before lock; a folder's key changes under all three. */
    pthread_mutex_t load_lock; /* one reads a folder's rows at a time */
    pthread_mutex_t row_lock;  /* rows go out in the order of what they say */
    struct state *state;       /* set once */
    struct spool *spool;       /* set once */
    struct clock *clock;       /* set once */
    struct folder *folders;    /* guarded by lock, as all below */
    struct folder *retired;    /* whose key another one has now */
    struct owner *owners;
    int64_t last_failed; /* the last number in .lasfs/failed */
    int64_t trusted_ms;  /* what was sent before this must be in the API's lists by now */
};

/* --- Folders and names ------------------------------------------------------------------------ */

/* state and spool outlive it. What was being written when the last mount ended is marked as
 * failed here. 0, -ENOMEM, -EIO. */
int drops_new(struct state *state, struct spool *spool, struct clock *clock, struct drops **out,
              struct failure *err);
void drops_free(struct drops *t); /* NULL is fine */

/* The folder of that key (folder_key.h), made and its names loaded where needed. It lives as
 * long as t. Blocks for the disk. 0, -EINVAL no such folder can be, -ENOMEM, -EIO. */
int drops_folder(struct drops *t, const char *key, struct folder **out);

/* Is the folder of that key there, and have its names been read? Never blocks. */
bool drops_has_folder(struct drops *t, const char *key, bool *loaded);

/* Loads all folders within f, so that drops_owns_id() knows them. Blocks for the disk. 0, -ENOMEM,
 * -EIO. */
int drops_load_below(struct drops *t, struct folder *f);

/* The key of the folder called name in f; the caller frees. NULL: no memory. */
char *drops_child_key(struct drops *t, struct folder *f, const char *name);

/* What is called name in f, with a reference, or NULL. */
struct drop *drops_find(struct drops *t, const struct folder *f, const char *name);

/* What was called name in f and is parked under a scratch name, with a reference, or NULL. */
struct drop *drops_find_parked(struct drops *t, struct folder *f, const char *name);

/* d keeps the resource of what was called name; NULL: no more. The lock is held. 0, -ENOMEM. */
int drop_set_parked_locked(struct drop *d, const char *name);

/* The name in f that stands for this resource, with a reference, or NULL. */
struct drop *drops_find_id(struct drops *t, struct folder *f, const char *id);

/* Is this resource named in f or a folder within it? */
bool drops_owns_id(struct drops *t, struct folder *f, const char *id);

/* All that is in f, one reference each; the caller frees the array. 0, -ENOMEM. */
int drops_list(struct drops *t, struct folder *f, struct drop ***out, size_t *n);

/* All that could not be delivered, from all folders. 0, -ENOMEM. */
int drops_list_failed(struct drops *t, struct drop ***out, size_t *n);

/*
 * The resource of this id is gone. If d still stands for it and has no bytes of its own here, its
 * name goes too: true. Else it stands for nothing any more, and who writes it makes a new one.
 */
bool drops_remove_sent(struct drops *t, struct drop *d, const char *id, bool durable);

/* The resource is gone: so are the names that stood for it, in the folders that were used. */
void drops_remove_id(struct drops *t, const char *id);

/* All in the folder of this key and those below it. Blocks for the disk. 0, -ENOMEM, -EIO. */
int drops_list_below(struct drops *t, const char *key, struct drop ***out, size_t *n);

/* All that have local bytes, in the folders that were used. 0, -ENOMEM. */
int drops_list_local(struct drops *t, struct drop ***out, size_t *n);

/* A new, linked, empty one with a reference; -EEXIST when the name is taken, -ENOMEM. It has no
 * row yet: drop_row_save(). */
int drops_add(struct drops *t, struct folder *f, const char *name, enum drop_what what,
              struct drop **out);

/* Takes the name away, and its row (durable: on disk when it stood for a resource); the caller
 * deals with the resource. Its bytes go when nobody reads them any more. 0, -EIO. */
int drops_remove(struct drops *t, struct drop *d, bool durable);

/* A handle on it opens, closes. What is unlinked and not open has no local bytes, whoever still
 * knows of it: the kernel keeps nodes for long. */
void drop_open(struct drops *t, struct drop *d);
void drop_close(struct drops *t, struct drop *d);

/* Where it is now. */
struct folder *drop_folder(struct drops *t, struct drop *d);

/* Is it still found under its name? It may be gone once one has waited for it. */
bool drop_is_linked(struct drops *t, struct drop *d);

/* Gives it another name or folder; what was called so is unlinked. Durable. 0, -ENOMEM, -EIO. */
int drops_move(struct drops *t, struct drop *d, struct folder *f, const char *name);

/* The subfolder d gets another name, all in it goes with it. Durable. 0, -ENOENT, -ENOMEM, -EIO. */
int drops_rename_subfolder(struct drops *t, struct drop *d, const char *to_name);

/* The resource that it stands for from now on; NULL: none. The lock is held. 0, -ENOMEM. */
int drop_set_id_locked(struct drops *t, struct drop *d, const char *id);

/* From now on the API's lists are believed, however lately something was sent. */
void drops_trust_lists(struct drops *t);

/* Has somebody it open for writing? */
bool drop_has_writers(struct drops *t, struct drop *d);

/* Can it be read? What must never be on a disk is not given back once it was sent. */
bool drop_is_readable(struct drops *t, struct drop *d);

/* Was it sent so lately that a list of the API may not have it yet? The lock is held. */
bool drop_is_fresh_locked(struct drops *t, const struct drop *d);

/* --- Who may do what -------------------------------------------------------------------------- */

/* Parks until it is free. 0, -EINTR; -EWOULDBLOCK with nowait. */
int drop_lock_exclusive(struct drops *t, struct drop *d, struct call *call);
void drop_unlock_exclusive(struct drops *t, struct drop *d);
int drop_lock_shared(struct drops *t, struct drop *d, struct call *call);
void drop_unlock_shared(struct drops *t, struct drop *d);

/* For the fields that the lock guards. */
void drops_lock(struct drops *t);
void drops_unlock(struct drops *t);

/* --- Local bytes ------------------------------------------------------------------------------ */

/* With a reference, or NULL: only the server has them. */
struct bytes *drop_bytes(struct drops *t, struct drop *d);

/* New empty bytes in the spool (in memory in a folder that says so), for d, which holds them (no
 * reference for the caller), in the place of what it had. 0, -ENOSPC, -EIO, -ENOMEM. */
int drop_new_bytes(struct drops *t, struct drop *d, struct bytes **out);

/* These are d's bytes from now on: local, complete, on disk, not to be sent. d is held
 * exclusively. 0, -ENOSPC, -EIO, -ENOMEM. */
int drop_put_text(struct drops *t, struct drop *d, const char *text, size_t len);

/* The same, of what the daemon itself has to say; until somebody else writes it, it is that. */
int drop_put_answer(struct drops *t, struct drop *d, const char *text, size_t len);
bool drop_is_answer(struct drops *t, struct drop *d);

/* The server has them: they go when nobody reads them any more. */
void drop_forget_bytes(struct drops *t, struct drop *d);

/* It could not be delivered: why stands beside it, its mtime becomes 0. In a folder of memory it
 * is given up instead. 0, -ENOMEM, -EIO. */
int drop_set_failed(struct drops *t, struct drop *d, const char *why);

/* Counts for .lasfs/status, of the folders that were used. */
struct drops_stats {
    size_t sent, local, open, failed;
};
void drops_get_stats(struct drops *t, struct drops_stats *out);

/* --- For the files that implement it -------------------------------------------------------- */

struct drop *drop_alloc(struct folder *f, const char *name, enum drop_what what);
int drop_link_locked(struct drop *d);
void folder_free(struct folder *f);
struct bytes *bytes_open(struct spool *spool, uint64_t number, int fd);

#endif
