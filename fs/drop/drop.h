/*
 * What was put into folders through the mount: names and bytes that are the user's until the
 * server has acknowledged them, and names afterwards. One lock (of struct drops) guards the
 * fields; a drop that is being sent, renamed or deleted is held exclusively, one that is being
 * written is shared, so that bytes do not change while they are on their way.
 *
 * The room, each above what it uses: bytes, drop_state; drop, one of them; drop_links, the tables that
 * they are found in; drop_table, what is found there; drop_promise, which bytes nobody writes into;
 * drop_events, what happens to one; drop_rows and drop_load, out to the state database and in from it;
 * drop_sealed, what was acknowledged and is written again; drop_folders and drop_rekey; drops, what
 * changes names; drop_failed; drops_start.
 */
#ifndef LASFS_DROP_H
#define LASFS_DROP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "bytes.h"
#include "call.h"
#include "cleanup.h"
#include "drop_state.h"
#include "failure.h"
#include "folder.h"
#include "hash.h"
#include "lock.h"
#include "resources.h"

struct drop_waiter;
struct drops; /* all of them: drops_new() */

#define DIGEST_BYTES 32

enum drop_what {
    DROP_FILE,      /* a file; once sent, a resource with content */
    DROP_DIRECTORY, /* a name given by mkdir or mv to a resource's directory */
    DROP_SUBFOLDER, /* a folder within a folder */
};

/* The bytes that the server has acknowledged. */
struct acked {
    int64_t size;
    int64_t mtime_ns; /* 0: not known */
    uint8_t digest[DIGEST_BYTES];
    bool has_digest;
};

struct drop {
    atomic_uint refs;
    enum drop_what what; /* set once */

    /* All below is guarded by the lock. What it is called: */
    struct folder *folder;
    char *name;
    bool linked;  /* found in folder under name; of what is APART: still there */
    char *parked; /* the name that its resource had, and may be taken back by; or NULL */
    struct folder *parked_in; /* where it had that name; its own folder, or for a moment another */
    int64_t parked_until_ms;  /* (monotonic) when it was moved elsewhere; else CLOCK_FOREVER */
    UT_hash_handle hh;        /* by name in folder->drops, or in folder->failed */

    /* What it stands for; drop_events.h changes it, as it does the state: */
    char *id; /* of the resource, once acknowledged; else NULL */
    int64_t
        acked_ms; /* when the server last told what, or where, it is (monotonic); 0: not known */
    struct acked acked;

    /* Its bytes, and what becomes of them: */
    struct bytes *local;  /* here; NULL: none */
    struct bytes *sealed; /* those that were acknowledged, until local's are whole; NULL: none */
    enum drop_state sealed_as; /* in this state */
    bool resealed;             /* local are those again: what has failed since is newer */
    enum drop_state state;
    int broken;          /* when BROKEN: the errno of what failed */
    unsigned generation; /* how often it could not be delivered: older handles are no use */
    atomic_uint version; /* changes under the lock with all that drop_bytes_to_read() goes by */

    /* When APART: */
    bool torn;             /* a part is missing */
    char *error;           /* why; NULL: its note was removed */
    int64_t failed_number; /* in .lasfs/failed */
    int64_t failed_ns;     /* when (realtime); 0: not known */

    /* What is said of it: */
    int64_t mtime_ns;
    mode_t mode;  /* permission bits */
    char *xattrs; /* as xattr.c packs them; NULL: none */
    char *
        taken; /* of a sidecar: the id of the document that took it; or NULL. When APART: of what others
                   * have put there since */

    /* Who has it open: */
    unsigned opened;  /* handles */
    unsigned writers; /* of them, those that may write */

    /* Who may do what: */
    bool exclusive;  /* being sent, renamed, deleted */
    unsigned shared; /* writes under way */
    struct drop_waiter *waiters;
};

struct drop *drop_ref(struct drop *d); /* NULL is fine, gives NULL */
void drop_unref(struct drop *d);       /* NULL is fine */
#define cleanup_drop CLEANUP(drop_unref_p)
static inline void drop_unref_p(struct drop **d)
{
    drop_unref(*d);
}

/* A new one, called so, that is in no table yet, with a reference. NULL: no memory. */
struct drop *drop_alloc(struct folder *f, const char *name, enum drop_what what);

/* This happens to its bytes; the lock is held. For this room: others tell it by drop_events.h. */
void drop_tell_locked(struct drop *d, enum drop_event event);

/* For the fields that the lock guards. Nothing is called, waited for or sent with it held. */
void drops_lock(struct drops *t);
void drops_unlock(struct drops *t);

/* --- What it is ------------------------------------------------------------------------------- */

/* As it was at one moment. Who holds it exclusively, or shared, may rely on more than a moment. */
struct drop_snapshot {
    enum drop_what what;
    struct folder *folder;
    bool linked; /* found under its name: it may be gone once one has waited for it */
    bool parked; /* keeps its resource for the name that it had */
    char id[RESOURCE_ID_MAX + 1]; /* "": it stands for no resource */
    struct acked acked;
    int64_t told_ms; /* (monotonic) when that was told, and lists were not said to have it since */
    bool fresh;      /* so lately that a list of now may not have it yet */
    int64_t mtime_ns;
    bool has_bytes; /* here */
    enum drop_state state;
    bool dirty;  /* by its state: drop_state_is_dirty() */
    bool sealed; /* has acknowledged bytes, beside those that are being written */
    bool resealed;
    bool untaken; /* as a sidecar: still for a document to take */
    int broken;
    unsigned generation;
    unsigned opened, writers;
    bool exclusive;
};
struct drop_snapshot drop_snapshot(struct drops *t, struct drop *d);

/* What was said of it is newer than what a list of then (monotonic) says. */
bool drop_is_newer(const struct drop_snapshot *s, int64_t list_ms);

/* Where it is now, and what it is called there: a copy, the caller frees; NULL: no memory. */
struct folder *drop_folder(struct drops *t, struct drop *d);
char *drop_name(struct drops *t, struct drop *d);

/* From now on the API's lists are believed, however lately something was sent. */
void drops_trust_lists(struct drops *t);

/* It was changed then, and so were the bytes that the server has if d has no others. The lock is
 * held. */
void drop_set_mtime_locked(struct drop *d, int64_t mtime_ns);

/* Can it be read? What must never be on a disk is not given back once it was sent. */
bool drop_is_readable(struct drops *t, struct drop *d);

/* How many bytes it has: of those here, else of those that were sent. */
int64_t drop_size(struct drops *t, struct drop *d);

/* Before the id in drop.taken: the sidecar was moved away from that document, which may follow. */
#define DROP_TAKEN_MOVED '>'

/* Of what drop.taken, or its row, says: is it still for a document to take? */
bool drop_is_untaken(const char *taken);

/* --- Who may do what -------------------------------------------------------------------------- */

/* Parks until it is free. 0, -EINTR; -EWOULDBLOCK with nowait. */
int drop_lock_exclusive(struct drops *t, struct drop *d, struct call *call);
void drop_unlock_exclusive(struct drops *t, struct drop *d);
int drop_lock_shared(struct drops *t, struct drop *d, struct call *call);
void drop_unlock_shared(struct drops *t, struct drop *d);

/* --- Local bytes ------------------------------------------------------------------------------ */

/* With a reference, or NULL: only the server has them. */
struct bytes *drop_bytes(struct drops *t, struct drop *d);

/* What of them a reader gets, with a reference. Of a question none, once it is answered: they stay
 * until the last close, but what is read is the answer. *version: as long as drop_version() says so,
 * it would be the same. */
struct bytes *drop_bytes_to_read(struct drops *t, struct drop *d, unsigned *version);

/* Takes no lock. */
static inline unsigned drop_version(const struct drop *d)
{
    return atomic_load(&d->version);
}

/* New empty bytes in the spool (in memory in a folder that says so), for d, which holds them (no
 * reference for the caller), in the place of what it had. 0, -ENOSPC, -EIO, -ENOMEM. */
int drop_new_bytes(struct drops *t, struct drop *d, struct bytes **out);

/* The same for what nothing was ever written into, without a wait. d is held exclusively. -EWOULDBLOCK: it is
 * something else, or a file must be made for it. */
int drop_begin_bytes(struct drops *t, struct drop *d);

/* Such bytes that are the caller's, for d. */
int drop_make_bytes(struct drops *t, const struct drop *d, struct bytes **out);

/* They go when nobody reads them any more. */
void drop_forget_bytes(struct drops *t, struct drop *d);

/* --- Open handles ----------------------------------------------------------------------------- */

/* A handle on it opens, closes. What is unlinked and not open has no local bytes, whoever still
 * knows of it: the kernel keeps nodes for long. */
void drop_open(struct drops *t, struct drop *d);
void drop_close(struct drops *t, struct drop *d);
void drop_close_all(struct drops *t, struct drop *d); /* nobody is there any more */

/* A handle begins to write, ends it. active is the handle's, guarded by the lock: does it count as a
 * writer already? Begin says true when d's row says by now that it is being written. */
bool drop_begin_writing(struct drops *t, struct drop *d, bool *active);
void drop_end_writing(struct drops *t, struct drop *d, bool *active);

#endif
