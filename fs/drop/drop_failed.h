/* What could not be delivered: kept apart from the names, which show what the server has. */
#ifndef LASFS_DROP_FAILED_H
#define LASFS_DROP_FAILED_H

#include "drop.h"

/*
 * The bytes that d has here could not be delivered. They are kept apart, in the place of what
 * failed under that name before, and d is what the server has again: the version before, or no
 * longer there. Who still has it open cannot write to it any more, and reads what it was if its
 * name is gone. In a folder of memory nothing is kept. The caller holds d exclusively; on disk when
 * it returns. at_ns: when (realtime), as the line of the error log has it; 0: not known. 0, -ENOMEM,
 * -EIO.
 */
int drop_set_failed(struct drops *t, struct drop *d, const char *why, int64_t at_ns);

/* The same of half a file. It takes the place of another half alone: where a whole one is kept, it is called
 * NAME.part. */
int drop_set_torn(struct drops *t, struct drop *d, const char *why, int64_t at_ns);

/* The same of bytes that nobody misses: they go. */
int drop_revert(struct drops *t, struct drop *d);

/* A text that was refused under name, of which there is no drop. 0, -ENOMEM, -EIO, -ENOSPC. */
int drops_add_failed(struct drops *t, struct folder *f, const char *name, const char *text,
                     size_t len, const char *why, int64_t at_ns);

/* d's bytes were not taken as name in f, where a rename would have put them: a copy is kept as if
 * they had been. d stays as it is, and is held exclusively. 0, -ENOMEM, -EIO, -ENOSPC. */
int drops_copy_failed(struct drops *t, struct drop *d, struct folder *f, const char *name,
                      const char *why, int64_t at_ns);

/* The name has been delivered since: what failed before is of no use, nor is its half. 0, -EIO. */
int drops_supersede(struct drops *t, struct folder *f, const char *name);

/* The disk is full: half a file that failed under that name goes, for who writes it anew. What is whole stays. Did
 * something go? */
bool drops_make_room(struct drops *t, struct folder *f, const char *name);

/* d, of the same name, gets the bytes of x, to be sent once more: drop_set_failed() gives them
 * back. Both are held exclusively. 0, -ENOENT x is gone, -EBUSY d has something newer. */
int drop_take_failed(struct drops *t, struct drop *x, struct drop *d);

/* The name has got a resource of this id since, which others have put there: what failed before is older. */
void drops_outdate_failed(struct drops *t, struct folder *f, const char *name, const char *id);

/* Does d, of the same name, stand for one that came so after x had failed? */
bool drop_is_outdated(struct drops *t, struct drop *x, struct drop *d);

/* NAME.error.txt of x is not wanted any more; x is kept. 0, -EIO. */
int drop_forget_note(struct drops *t, struct drop *x);

#endif
