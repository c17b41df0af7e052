/* Files whose text is made up: a field, resource.json, README, the pages of .lasfs but errors. */
#ifndef LASFS_TEXT_H
#define LASFS_TEXT_H

#include "backend.h"

struct node;
struct pseudo;

/* Its text now, added to out. 0, -ENOENT the resource has no such field, what known_record()
 * gives. */
int text_of(struct pseudo *pseudo, struct call *call, struct node *n, struct buf *out,
            struct failure *err);

/* Sends the whole new text: one PATCH, or a command of .lasfs. 0, -EINVAL it is refused, ... */
int text_commit(struct pseudo *pseudo, struct call *call, struct node *n, const char *text,
                size_t len, struct failure *err);

#endif
