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
    bool found;         /* it was there before anybody looked: f has not changed now */
};
int drops_add_sent(struct drops *t, struct folder *f, const char *name,
                   const struct sent_file *sent, struct drop **out);

/* A subfolder that others have had there before anybody looked, likewise: f has not changed now. */
int drops_add_found_folder(struct drops *t, struct folder *f, const char *name, struct drop **out);

/* Takes the name away, and its row (durable: on disk when it stood for a resource); the caller
 * deals with the resource. Its bytes go when nobody reads them any more. 0, -EIO. */
int drops_remove(struct drops *t, struct drop *d, bool durable);

/* The same of a subfolder's name, durable, unless something is in it. -ENOTEMPTY. */
int drops_remove_folder(struct drops *t, struct drop *d, const struct folder *inside);

/*
 * The resource of this id is gone. If d still stands for it and has no bytes of its own here, its
 * name goes too: true. Else it stands for nothing any more, and who writes it makes a new one.
 */
bool drops_remove_sent(struct drops *t, struct drop *d, const char *id, bool durable);

/* The resource is gone: so are the names that stood for it, in the folders that were used. */
void drops_remove_id(struct drops *t, const char *id);

/*
 * A name that something is going to get: what another machine, or the journal, has for it comes later,
 * or gets another one. From drops_reserve() to drops_release(), in the caller's memory. Who finds the
 * name taken after drops_reserve() has not looked well before.
 */
struct reserved_name {
    const struct folder *folder;
    const char *name;
    struct reserved_name *next; /* theirs */
};
void drops_reserve(struct drops *t, struct reserved_name *r);
void drops_release(struct drops *t, struct reserved_name *r);

/* As drops_add() of a file, by what nobody waits for. -EWOULDBLOCK: the name is reserved; -ENOENT: the folder,
 * or one that it is in, was removed. */
int drops_add_late(struct drops *t, struct folder *f, const char *name, struct drop **out);

/* Gives it another name or folder. Durable. 0, -ENOMEM; -EEXIST something is called so, or is going to be;
 * -ENOENT d is not linked; -EIO, -ENOSPC: names are as they were. */
int drops_move(struct drops *t, struct drop *d, struct folder *f, const char *name);

/* The same, over what is known to be called so, which is unlinked: NULL nothing is. And what n steps say, in
 * the same transaction (DROP_WITH_MAX at most). -EEXIST: something else is called so by now. */
int drops_move_over(struct drops *t, struct drop *d, struct folder *f, const char *name,
                    const struct drop *there, const struct state_step *with, size_t n);

/* The subfolder d gets another name, all in it goes with it, and what failed in it. Durable. 0,
 * -ENOENT, -ENOTEMPTY of what was called so before something is kept that failed under a name that
 * has failed in d too, -ENOMEM, -EIO. */
int drops_rename_subfolder(struct drops *t, struct drop *d, const char *to_name);

/* Would that be -ENOTEMPTY? Before what is called so, and is empty, is removed for it. 0, -ENOMEM. */
int drops_check_subfolder(struct drops *t, struct drop *d, const char *to_name);

#endif
