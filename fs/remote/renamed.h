/*
 * Another machine, or another client, may have given a resource another name than the one by which it is meant
 * here: then it is not what is deleted, replaced or labelled by that one. What is known of it says so, by the
 * stamp of a file (stamp.h), or by its name in the API.
 */
#ifndef LASFS_RENAMED_H
#define LASFS_RENAMED_H

#include <stdbool.h>

struct call;
struct folder;
struct record;
struct remote;

/* Can anything be said about it of what is in f? Never blocks. */
bool renamed_can_be(const struct remote *remote, const struct folder *f);

/*
 * Does r say that it is called otherwise than path, or is elsewhere? path: below the folder that has all of f's
 * list, with the name (drops_path()). What says nothing is called so; what the server has still to hear of, r does
 * not know. Where the API alone has names another resource must have that one by now, which its list says. 1, 0,
 * -EWOULDBLOCK, what the list gives.
 */
int renamed_says(struct remote *remote, struct call *call, const struct folder *f, const char *path,
                 const struct record *r);

#endif
