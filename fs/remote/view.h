/* A file's bytes where they are asked for, through a small buffer: never the whole of it. */
#ifndef LASFS_VIEW_H
#define LASFS_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VIEW_BYTES (16 * 1024)

/* For one thread, which it blocks for the disk only. */
struct view {
    int fd;
    uint64_t size; /* of the file */
    bool failed;   /* it could not be read: what the functions said since is worth nothing */
    uint64_t at;   /* where in the file the buffer begins */
    size_t have;   /* bytes in it */
    unsigned char buffer[VIEW_BYTES];
};

/* fd stays the caller's. false: it cannot be looked at. */
bool view_init(struct view *v, int fd);

/* What stands at off, *n bytes of it, at least one; until the next call. NULL: off is behind the
 * end. */
const unsigned char *view_some(struct view *v, uint64_t off, size_t *n);

/* Exactly len bytes from off on; false, and nothing said of out: they are not all there. */
bool view_read(struct view *v, uint64_t off, void *out, size_t len);

/* Where text stands for the last time before end. false: nowhere. Linear. */
bool view_find_last(struct view *v, uint64_t end, const char *text, uint64_t *off);

#endif
