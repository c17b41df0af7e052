/*
 * mv(1) from another file system, install(1) and cp --remove-destination unlink what they replace
 * and make it anew at once, with O_EXCL: for their users that is one replacement. What the
 * document was, in the words of the answer to its DELETE, waits a moment for the same process to
 * make the same name again. Any thread; none blocks.
 */
#ifndef LASFS_HEIR_H
#define LASFS_HEIR_H

#include <stdint.h>
#include <sys/types.h>

#include "backend.h"
#include "drop.h"

struct folder;
struct uploads;

#define HEIR_AT_ONCE_MS 1000 /* so long the name may be made again */

/* A document that process has removed from f, where it was called name. was: what it was; NULL: heir_fill()
 * says it once the DELETE of id is answered, which intent number owes. */
struct heir_left {
    const struct folder *folder;
    const char *name;
    pid_t process;
    struct record *was;
    char id[RESOURCE_ID_MAX + 1];
    int64_t number;
    struct acked acked;
};
void heir_leave(struct uploads *uploads,
                const struct heir_left *left); /* no memory: nobody inherits */
/* Does somebody wait for what id's DELETE will say it was? *claimed: and has come for it. */
bool heir_is_wanted(struct uploads *uploads, const char *id, bool *claimed);
/* What it is, before it is deleted; NULL: it will not be. */
void heir_know(struct uploads *uploads, const char *id, struct record *is);
/* It has gone, or stays for good. was NULL: nobody said what it was, but for heir_know(). */
void heir_fill(struct uploads *uploads, const char *id, struct record *was);

/* Is there one that was removed so, at once before, and that nobody has claimed, whose DELETE is owed still?
 * *out: what was left, but for folder and name. */
bool heir_find_owed(struct uploads *uploads, const struct folder *f, const char *name,
                    pid_t process, struct heir_left *out);
void heir_forget(struct uploads *uploads, int64_t number);

/* d was made as name in f, with O_EXCL, by process: it is what that one was, if it came at once. */
void heir_claim(struct uploads *uploads, const struct folder *f, const char *name, pid_t process,
                struct drop *d);

/* *was: what d, which is sent into f, is to be, with a reference; NULL: nothing that was there, or it has
 * moved to another list meanwhile. Asked once. 0, -EAGAIN: its DELETE has not been answered yet. */
int heir_take(struct uploads *uploads, const struct drop *d, const struct folder *f,
              struct record **was);
/* Would it be -EAGAIN? */
bool heir_is_awaited(struct uploads *uploads, const struct drop *d);

/* d, which may be one, is removed by process before it was sent: the next one inherits. */
void heir_pass_on(struct uploads *uploads, const struct drop *d, pid_t process);

void heir_release(struct uploads *uploads);

#endif
