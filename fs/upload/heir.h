/*
 * mv(1) from another file system, install(1) and cp --remove-destination unlink what they replace
 * and make it anew at once, with O_EXCL: for their users that is one replacement. What the
 * document was, in the words of the answer to its DELETE, waits a moment for the same process to
 * make the same name again. Any thread; none blocks.
 */
#ifndef LASFS_HEIR_H
#define LASFS_HEIR_H

#include "backend.h"

struct drop;
struct folder;
struct uploads;

/* The document called name in f was deleted by process. No memory: nobody inherits. was NULL: what it was
 * is said by heir_fill() once the DELETE of id is answered. */
void heir_leave(struct uploads *uploads, const struct folder *f, const char *name, pid_t process,
                struct record *was, const char *id);
/* was NULL: it was not deleted, or nobody knows what it was. */
void heir_fill(struct uploads *uploads, const char *id, struct record *was);

/* d was made as name in f, with O_EXCL, by process: it is what that one was, if it came at once. */
void heir_claim(struct uploads *uploads, const struct folder *f, const char *name, pid_t process,
                struct drop *d);

/* *was: what d, which is sent into f, is to be, with a reference; NULL: nothing that was there, or it has
 * moved to another list meanwhile. Asked once. 0, -EAGAIN: its DELETE has not been answered yet. */
int heir_take(struct uploads *uploads, const struct drop *d, const struct folder *f,
              struct record **was);
/* Would it be -EAGAIN? */
bool heir_is_awaited(struct uploads *uploads, const struct drop *d);

void heir_release(struct uploads *uploads);

#endif
