/* The files of a resource's fields, and its resource.json: their texts, and what they become. */
#ifndef LASFS_FIELD_H
#define LASFS_FIELD_H

#include "backend.h"

struct node;
struct pseudo;

/* The text of a field or of resource.json, added to out. 0, -ENOENT the resource has no such field,
 * what known_record() gives. */
int field_text(struct pseudo *pseudo, struct call *call, struct node *n, struct buf *out,
               struct failure *err);

/* The same of a field whose text is lines that become more. */
int field_lines(struct pseudo *pseudo, struct call *call, struct node *n, struct buf *out,
                struct failure *err);

/* The same of a NODE_RECENT: what a field says of the last days. */
int field_recent(struct pseudo *pseudo, struct call *call, struct node *n, struct buf *out,
                 struct failure *err);

/* Sends the whole new text: one PATCH. 0, -EINVAL it is refused, what backend_update() gives. */
int field_commit(struct pseudo *pseudo, struct call *call, struct node *n, const char *text,
                 size_t len, struct failure *err);

#endif
