/* What the kernel asks the mount for, by the kernel's words, and how long each took. */
#ifndef LASFS_OPERATIONS_H
#define LASFS_OPERATIONS_H

#include "meter.h"

enum operation {
    OP_LOOKUP,
    OP_FORGET,
    OP_GETATTR,
    OP_SETATTR,
    OP_READLINK,
    OP_MKNOD,
    OP_MKDIR,
    OP_UNLINK,
    OP_RMDIR,
    OP_SYMLINK,
    OP_RENAME,
    OP_LINK,
    OP_OPEN,
    OP_CREATE,
    OP_READ,
    OP_WRITE,
    OP_FLUSH,
    OP_FSYNC,
    OP_POLL,
    OP_RELEASE,
    OP_OPENDIR,
    OP_READDIR,
    OP_READDIRPLUS,
    OP_RELEASEDIR,
    OP_FSYNCDIR,
    OP_STATFS,
    OP_GETXATTR,
    OP_LISTXATTR,
    OP_SETXATTR,
    OP_REMOVEXATTR,
    OP_COUNT,
};

/* "lookup" */
const char *operation_name(enum operation op);

/* Of each that was tried, whatever came of it: until its reply was written, the wait for a thread and
 * for the server included. What is answered without a look (forget, statfs, poll, a refused attribute) is not
 * among them. Any thread. */
struct operations {
    struct meter meters[OP_COUNT];
    struct lately lately; /* all of them */
};

void operation_ended(struct operations *ops, enum operation op, int64_t began_us, int64_t now_us);

#endif
