/*
 * Bytes that never change, on disk by id: DIR/ID.SIZE.SHA256, mode 0600. The least recently
 * used go first when there are more than max_bytes, in O(1); what is there survives a restart,
 * its order included. Whatever goes wrong in DIR costs the cache and nothing else: a file that
 * is not what its name says, or that others could change, is removed and is -ENOENT.
 *
 * Any thread; all block for the disk only. No lock is held while the disk works.
 * An id is checked by the caller (resource_id_ok()); '/', a leading dot and more than
 * CONTENT_ID_MAX bytes are -EINVAL nevertheless.
 */
#ifndef LASFS_CONTENT_H
#define LASFS_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "content_name.h"
#include "failure.h"

struct content_cache;
struct content_writer;

/*
 * Makes dir (0700, its parents too), removes what writers left behind that are gone, takes in
 * the rest. Files that are not ours are left alone. max_bytes 0: nothing is kept, but writers
 * still work. Sizes count in whole blocks of 4096 bytes.
 * 0, -ENOMEM, and what owned_dir_open() and readdir(3) give, with words in err.
 */
int content_new(const char *dir, int64_t max_bytes, struct content_cache **out,
                struct failure *err);
/* When no other thread uses it and its writers are gone. The files stay. NULL is fine. */
void content_free(struct content_cache *c);

/*
 * Opens for reading, and makes it the most recently used. Its size is checked each time; the
 * digest of a file that an earlier process wrote, at its first opening.
 * fd    read-only, close-on-exec, the caller's; size may be NULL. Both on 0 only
 * 0, -ENOENT, -EINVAL, -EMFILE, -ENFILE, -ENOMEM. No other error of the disk: those are -ENOENT.
 */
int content_open(struct content_cache *c, const char *id, int *fd, int64_t *size);

/* The same for who may not read all of it first: where its digest is still to be checked,
 * -EWOULDBLOCK, and it was no use. */
int content_open_now(struct content_cache *c, const char *id, int *fd, int64_t *size);

/* Whether it is there and how long it is; not a use, and the file is not looked at.
 * 0, -ENOENT, -EINVAL. */
int content_size(struct content_cache *c, const char *id, int64_t *size);

/* Would content_open_now() open it? Not a use, and the file is not looked at. */
bool content_is_ready(struct content_cache *c, const char *id);

/* Forgets and removes it. Who has it open reads on. */
void content_remove(struct content_cache *c, const char *id);

/* --- Writing ---------------------------------------------------------------------------------- */

/*
 * A file to write into. in_memory: one that needs no disk and cannot be kept, for when the disk
 * is full: a write(2) into the other kind failed with ENOSPC, or content_create did.
 * 0, -ENOMEM, -ENOSPC and what open(2) gives.
 */
int content_create(struct content_cache *c, bool in_memory, struct content_writer **out);

/* The writer's descriptor, read and write; the writer's: dup it to read on afterwards (and use
 * pread: the offset is shared). Its bytes must not change after content_commit. */
int content_writer_fd(const struct content_writer *w);

/*
 * Keeps what was written as id's bytes, in the place of those that are there, and makes room.
 * Frees the writer whatever it returns. Failure costs nothing but a later fetch.
 * 0, -EFBIG larger than the cache (or that is off), -EINVAL, -ENOSPC, -ENOMEM, -EIO.
 */
int content_commit(struct content_writer *w, const char *id);
void content_abort(struct content_writer *w); /* NULL is fine */

/*
 * Takes the file at path over as id's bytes: on success it is no longer at path (renamed, or
 * copied and unlinked when it is on another file system); on failure it is untouched. Its bytes
 * must not change any more; descriptors that read it go on doing so. sha256 may be NULL: it is
 * computed. As content_commit; -ENOENT when path is not there.
 */
int content_adopt(struct content_cache *c, const char *path, const char *id,
                  const uint8_t sha256[CONTENT_DIGEST_BYTES]);

/* The digest of a file's bytes from its start; the offset stays. 0, -errno. */
int content_digest(int fd, uint8_t sha256[CONTENT_DIGEST_BYTES]);

/* --- What it is for --------------------------------------------------------------------------- */

/* Somebody asked for id's bytes and had them before they were kept here, as content_open() would have
 * given them. */
void content_came_for(struct content_cache *c, const char *id);

/* They were fetched before anybody asked; wanted: somebody did meanwhile. The first content_open() of them
 * is a use of that, and that they are removed before it was in vain. */
void content_came_ahead(struct content_cache *c, const char *id, bool wanted);

struct content_stats {
    uint64_t hits, misses, evictions, broken;
    uint64_t ahead_used, ahead_vain; /* of content_came_ahead() */
    size_t entries;
    int64_t bytes, max_bytes;
};
void content_get_stats(struct content_cache *c, struct content_stats *out);

#endif
