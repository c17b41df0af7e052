/*
 * What passes between the kernel's side and the core: entries, parts of files, those who wait.
 */
#ifndef LASFS_TYPES_H
#define LASFS_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct entry {
    uint64_t ino; /* 0: there is nothing of that name, and that may be remembered */
    struct stat st;
    int64_t ttl_ms;      /* how long the kernel may believe the name */
    int64_t attr_ttl_ms; /* and what stat(2) says of it */
};

/* How long the kernel may believe what can change elsewhere: own changes under another path are
 * seen within a second. */
#define TTL_DYNAMIC_MS 1000
#define TTL_STATIC_MS 60000
#define TTL_NEGATIVE_MS 2000
#define TTL_REMOVED_MS 60000 /* of what was deleted here: no id is given twice */

#define PATH_TEXT_MAX 16384 /* of a path in a line of errors */

/* The longest text of a symbolic link, with its NUL. */
#define FS_LINK_MAX 256

/* What of struct stat is set. */
#define SET_MODE 1u
#define SET_OWNER 2u
#define SET_SIZE 4u
#define SET_MTIME 8u
#define SET_MTIME_NOW 16u

/* One entry for the kernel's buffer; false: it does not fit. next: the offset behind it.
 * With e NULL there are no attributes. A taken entry with attributes counts as a look-up. */
typedef bool fs_fill_fn(void *arg, const char *name, const struct stat *st, const struct entry *e,
                        int64_t next);

/* Either memory or a part of a file. Valid until chunk_release(). */
struct bytes;
struct chunk {
    const char *data; /* NULL: in fd */
    int fd;
    int64_t off;
    size_t len;
    char *owned;
    struct bytes *bytes;
};

/* As the place of a write: the end, wherever that is by then. */
#define OFF_END (-1)

/* Somebody polls: wake is called once, from any thread, when what fs_poll() says has changed;
 * forget when it will be called no more. */
struct fs_waiter {
    void (*wake)(void *arg);
    void (*forget)(void *arg);
    void *arg;
};

/* What the kernel must be told of. Called from any thread, with no lock held. */
struct fs_kernel {
    void (*forget_all)(void *arg);                 /* refresh; waits for it, a second at most */
    void (*attr_changed)(void *arg, uint64_t ino); /* what stat(2) says of it is old */
    /* what is called name in parent is another thing now; queued, as it takes the parent's lock */
    void (*entry_changed)(void *arg, uint64_t parent, const char *name);
    void *arg;
};

#endif
