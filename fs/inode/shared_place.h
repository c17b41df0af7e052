/*
 * Where a file that another machine has put there stands, by the path that its stamp says, which anybody
 * can have written. For this room alone. Any thread; what makes folders blocks for the disk.
 */
#ifndef LASFS_SHARED_PLACE_H
#define LASFS_SHARED_PLACE_H

#include <stdbool.h>

#include "buf.h"
#include "names.h"

struct call;
struct drop;
struct folder;
struct inodes;
struct listing;

/* By what one knows which of the files here are gone. */
struct shared_look {
    struct call *call;
    struct listing *listing; /* all of the list, or NULL: who has to know asks */
    unsigned before;         /* so many wait for this one's name */
};

/* The folder that has all of the list that f is in. 0, -EWOULDBLOCK: it would have to be read; -ENOMEM, -EIO. */
int shared_root(struct inodes *inodes, struct call *call, struct folder *f, struct folder **out);

/* Can a folder be called so in f? */
bool shared_folder_ok(struct inodes *inodes, const struct folder *f, const char *name);

/* Can folders in f be called as this path says, and the file in them, had it become a document? */
bool shared_path_ok(struct inodes *inodes, const struct folder *f, const char *path);

/* path's folder below root, with those above it made where they are not there, and its last name; path is
 * cut to pieces. found: they were there before anybody looked. 0; -ENOTDIR one of them is a file; -EINVAL, -ENOMEM, -EIO. */
int shared_folder(struct inodes *inodes, struct folder *root, char *path, bool found,
                  struct folder **out, const char **name);

/* Has the file of this name in f gone with its resource, which another machine has deleted, perhaps to put
 * this very one in its place? Then the name goes, and is free. */
bool shared_free_name(struct inodes *inodes, const struct shared_look *look, struct folder *f,
                      const char *name);

/* The kernel forgets what d was called; who has it open has it still. */
void shared_forget_name(struct inodes *inodes, const struct drop *d, const char *name);

/* What the one of this id is called in f where another one has its name. 0; -EEXIST: that is not settled
 * yet, or the name would be too long. */
int shared_beside(struct inodes *inodes, const struct folder *f, const char *name, const char *id,
                  char out[NAMES_MAX + 1]);

/* The line in the errors that it is called so. */
void shared_tell_beside(struct inodes *inodes, const struct folder *f, const char *name,
                        const char *called);

/* The path of name in f as lines have it, added to out. */
void shared_path_text(struct inodes *inodes, const struct folder *f, const char *name,
                      struct buf *out);

#endif
