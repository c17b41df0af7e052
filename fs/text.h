/* Files whose text is made up: a field, resource.json, README, the pages of .lasfs. */
#ifndef LASFS_TEXT_H
#define LASFS_TEXT_H

#include "core.h"

#define TEXT_MAX_BYTES (32 * 1024 * 1024)

/* Is it such a file? */
bool text_is(enum node_kind kind);

/* Its text now, added to out. 0, -ENOENT the resource has no such field, what known_record()
 * gives. */
int text_of(struct fs *fs, struct call *call, struct node *n, struct buf *out, struct failure *err);

/* Is what is written to it a command to the daemon? Those are taken by a read-only mount too. */
bool text_is_command(const struct place *p);

/* May it be read, written? What the API never gives back is write-only. */
bool text_readable(const struct place *p);
bool text_writable(const struct place *p);

/* How long it may be. */
int64_t text_max_bytes(const struct place *p);

/* Is it sent inside write(2)? */
bool text_at_once(const struct place *p);

/* Sends the whole new text: one PATCH, or a command of .lasfs. 0, -EINVAL it is refused, ... */
int text_commit(struct fs *fs, struct call *call, struct node *n, const char *text, size_t len,
                struct failure *err);

/* PATCHes one field, by name, of a resource. */
int text_patch(struct fs *fs, struct call *call, const struct target *t, const struct field *f,
               const char *text, size_t len, struct failure *err);

#endif
