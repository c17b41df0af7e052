/*
 * What the mount does not do, in words that say what to do instead: the text of the line that a
 * refused change leaves in .lasfs/errors. Any thread; nothing here waits. Each returns the -errno
 * that the program sees.
 *
 * What a program keeps for itself beside the user's files (scratch_is_aside()) is refused without
 * a word: nobody asked for it, and a file manager that looks around has done nothing wrong.
 */
#ifndef LASFS_REFUSE_H
#define LASFS_REFUSE_H

#include "failure.h"
#include "route.h"

/* -EROFS */
int refuse_read_only(struct failure *err);

/* -EFBIG, of a text */
int refuse_size(struct failure *err);

/* -ENAMETOOLONG */
int refuse_long_name(struct failure *err);

/* The name is one of the mount's own, or an id: -EPERM. */
int refuse_taken(const char *name, struct failure *err);
int refuse_id(struct failure *err);

/* Its bytes are not for writing: -EACCES. */
int refuse_write(const struct place *p, struct failure *err);

/* What is never given back cannot be changed in part: -EACCES. To those who only read it is empty. */
int refuse_read_and_write(struct failure *err);

/* It cannot be removed, or keeps its name: -EPERM. */
int refuse_removal(const struct place *p, struct failure *err);
int refuse_rename(const struct place *p, struct failure *err);

#endif
