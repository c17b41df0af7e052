/* Names come, move and go: here, and in the state database. Any thread; all block for the disk. */
#ifndef LASFS_DROPS_H
#define LASFS_DROPS_H

#include "drop.h"
#include "drop_row.h"

/* A new, linked, empty one with a reference; -EEXIST when the name is taken, -ENOMEM. It has no
 * row yet: drop_row_save(). */
int drops_add(struct drops *t, struct folder *f, const char *name, enum drop_what what,
              struct drop **out);

/* The same of a file that the server has, and nobody put here: it stands for that from the beginning. */
struct sent_file {
    const char *id;
    struct acked acked; /* and its mtime */
    int mode;           /* -1: as that of a new one */
};
int drops_add_sent(struct drops *t, struct folder *f, const char *name,
                   const struct sent_file *sent, struct drop **out);

/* Takes the name away, and its row (durable: on disk when it stood for a resource); the caller
 * deals with the resource. Its bytes go when nobody reads them any more. 0, -EIO. */
int drops_remove(struct drops *t, struct drop *d, bool durable);

/*
 * The resource of this id is gone. If d still stands for it and has no bytes of its own here, its
 * name goes too: true. Else it stands for nothing any more, and who writes it makes a new one.
 */
bool drops_remove_sent(struct drops *t, struct drop *d, const char *id, bool durable);

/* The resource is gone: so are the names that stood for it, in the folders that were used. */
void drops_remove_id(struct drops *t, const char *id);

/* Gives it another name or folder; what was called so is unlinked. Durable. 0, -ENOMEM; -EIO, -ENOSPC:
 * names are as they were. _with: and what this step says, in the same transaction. */
int drops_move_with(struct drops *t, struct drop *d, struct folder *f, const char *name,
                    const struct state_step *with);
int drops_move(struct drops *t, struct drop *d, struct folder *f, const char *name);

/* The same, and -EEXIST where something is called so. */
int drops_move_noreplace(struct drops *t, struct drop *d, struct folder *f, const char *name);

/* The subfolder d gets another name, all in it goes with it, and what failed in it. Durable. 0,
 * -ENOENT, -ENOTEMPTY of what was called so before something is kept that failed under a name that
 * has failed in d too, -ENOMEM, -EIO. */
int drops_rename_subfolder(struct drops *t, struct drop *d, const char *to_name);

#endif
