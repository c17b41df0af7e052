/* The ways in which a name moves, by what it stands for; move.c chooses. What they give is rename(2)'s. */
#ifndef LASFS_MOVE_H
#define LASFS_MOVE_H

#include <stdbool.h>

#include "buf.h"
#include "call.h"
#include "failure.h"
#include "moving.h"
#include "types.h"

struct drop;
struct folder;
struct fs;
struct lookup_result;
struct node;

/* One rename, both ends. */
struct move {
    struct fs *fs;
    struct call *call;
    struct node *from, *to;
    const char *name, *to_name;
    struct folder *from_folder, *to_folder;
    bool noreplace; /* somebody who gets EEXIST then asks again, or knows what to do */
    struct moving moving;
    bool parked; /* what was called to_name is parked elsewhere: its resource is taken back */
    bool late;   /* something has got to_name since that was looked for: all of it once more */
};

/* Does d stand for a resource, with nothing that is still to be sent? */
bool move_is_sent(struct fs *fs, struct drop *d);

/* A dropped file, onto another one or NULL. -EAGAIN with m->late: all of it once more. Blocks for the server. */
int move_file(struct move *m, struct drop *d, struct drop *there, struct failure *err);

/* A temporary file onto a field: its text is sent. Blocks for the server. */
int move_onto_text(struct move *m, struct drop *d, const struct lookup_result *there,
                   struct failure *err);

/* A field onto a temporary name (there: what is called so, or NULL), as of an editor's backup. Blocks for the server. */
int move_text(struct move *m, const struct lookup_result *f, const struct lookup_result *there,
              struct failure *err);

/* A resource's directory gets another name. Blocks for the server. */
int move_resource(struct move *m, const struct lookup_result *f, struct failure *err);

/* A subfolder does, over an empty one or NULL. Blocks for the disk. */
int move_subfolder(struct move *m, const struct lookup_result *there, struct failure *err);

#endif
