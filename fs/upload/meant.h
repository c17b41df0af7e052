/*
 * A resource that is going to be deleted, replaced or labelled is the one that is meant by a name. Where others
 * have given it another one since, it is not that one any more: it is not touched, and the name is free. Any
 * thread.
 */
#ifndef LASFS_MEANT_H
#define LASFS_MEANT_H

#include <stdbool.h>

#include "backend.h"

struct drop;
struct folder;
struct uploads;

/* Is a rename of this resource under way, or is the server still to hear of one? */
bool meant_owes_name(struct uploads *uploads, const char *id);

/* Does r, which is what the server has of what d stands for, say that others call it otherwise than d is called,
 * or was before it was put aside, or than to_name in to (NULL: nothing)? One's own rename of which the server
 * has not heard is newer. *as (NULL: not wanted): the path that it is called by, the caller frees; as it was where
 * nobody can say. */
bool meant_is_other(struct uploads *uploads, struct call *call, struct drop *d,
                    const struct folder *to, const char *to_name, const struct record *r,
                    char **as);

/* The same by what is known; what was known for too long is asked for. 1, 0; what known_sent_record() gives, but
 * -ENOENT. */
int meant_look(struct uploads *uploads, struct call *call, struct drop *d, const struct folder *to,
               const char *to_name, struct failure *err);

/* The path by which d is meant now, for who asks later; the caller frees. NULL: nothing can be said of it. */
char *meant_path(struct uploads *uploads, struct drop *d);

/* Is t, which was meant as that path in f, called otherwise as it is now? As meant_look(); many in one folder cost
 * one look a second. */
int meant_look_at(struct uploads *uploads, struct call *call, const struct folder *f,
                  const struct target *t, const char *path, struct failure *err);

/* The same, asked for by itself. */
int meant_look_again(struct uploads *uploads, struct call *call, const struct folder *f,
                     const struct target *t, const char *path, struct failure *err);

#endif
