/* Lines of the error log that name a path of the tree. */
#ifndef LASFS_REPORT_H
#define LASFS_REPORT_H

#include <stdint.h>

#include "failure.h"

struct buf;
struct inodes;
struct nodes;

/* One line in the error log for a failed operation on name (may be NULL) in or at ino. */
void report_failure(struct inodes *inodes, const char *operation, uint64_t ino, const char *name,
                    int rc, const struct failure *err);
/* The same for a rename: both names, as the one may be a program's own. */
void report_rename(struct inodes *inodes, uint64_t ino, const char *name, uint64_t to_ino,
                   const char *to_name, int rc, const struct failure *err);

/* The path alone, as these lines have it, added to path; nothing where ino is unknown. */
void report_path(struct nodes *nodes, uint64_t ino, const char *name, struct buf *path);
void report_rename_path(struct nodes *nodes, uint64_t ino, const char *name, uint64_t to_ino,
                        const char *to_name, struct buf *path);

#endif
