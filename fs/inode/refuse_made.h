/* What cannot be made where it was tried, in words that say what to do instead (refuse.h). */
#ifndef LASFS_REFUSE_MADE_H
#define LASFS_REFUSE_MADE_H

#include "failure.h"

struct inodes;
struct node;

/* A file or a directory cannot be made in parent: -EPERM. */
int refuse_file(struct inodes *inodes, struct node *parent, const char *name, struct failure *err);
int refuse_folder(struct inodes *inodes, struct node *parent, const char *name,
                  struct failure *err);

#endif
