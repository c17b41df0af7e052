/*
 * A file that is known here already, and that another machine has given another name, or another folder:
 * it is called so here too. What is written, sent or renamed here is let alone, and so is what the server
 * has still to hear of: one's own rename is newer. For this room alone.
 */
#ifndef LASFS_FOLLOW_H
#define LASFS_FOLLOW_H

#include "record_ref.h"

struct call;
struct drop;
struct folder;
struct inodes;
struct shared_look;

/*
 * r is what a list says of the resource of this id, which may stand in root, or in a folder within it. Where
 * its name is another one's by now it is NAME~12345678. A line in the log tells, and the kernel forgets the
 * old name. Blocks for the disk. 0; -EBUSY: it cannot be said, or done, now; -ENOMEM, -EIO, -ENOSPC.
 */
int follow_row(struct inodes *inodes, const struct shared_look *look, struct folder *root,
               const char *id, struct record *r);

/*
 * The same of d, which is looked for by its name, and of which r is known: before it is believed that others
 * have given it another one, it is asked for. Where the API alone has names the one here goes. 0: it is called
 * so, or cannot be followed now; -ENOENT it is called otherwise by now; -EWOULDBLOCK.
 */
int follow_drop(struct inodes *inodes, struct call *call, struct drop *d, const struct record *r);

#endif
