#include "operations.h"

#include "banned.h"

const char *operation_name(enum operation op)
{
    static const char *const names[OP_COUNT] = {
        [OP_LOOKUP] = "lookup",
        [OP_FORGET] = "forget",
        [OP_GETATTR] = "getattr",
        [OP_SETATTR] = "setattr",
        [OP_READLINK] = "readlink",
        [OP_MKNOD] = "mknod",
        [OP_MKDIR] = "mkdir",
        [OP_UNLINK] = "unlink",
        [OP_RMDIR] = "rmdir",
        [OP_SYMLINK] = "symlink",
        [OP_RENAME] = "rename",
        [OP_LINK] = "link",
        [OP_OPEN] = "open",
        [OP_CREATE] = "create",
        [OP_READ] = "read",
        [OP_WRITE] = "write",
        [OP_FLUSH] = "flush",
        [OP_FSYNC] = "fsync",
        [OP_POLL] = "poll",
        [OP_RELEASE] = "release",
        [OP_OPENDIR] = "opendir",
        [OP_READDIR] = "readdir",
        [OP_READDIRPLUS] = "readdirplus",
        [OP_RELEASEDIR] = "releasedir",
        [OP_FSYNCDIR] = "fsyncdir",
        [OP_STATFS] = "statfs",
        [OP_GETXATTR] = "getxattr",
        [OP_LISTXATTR] = "listxattr",
        [OP_SETXATTR] = "setxattr",
        [OP_REMOVEXATTR] = "removexattr",
    };

    return names[op];
}

void operation_ended(struct operations *ops, enum operation op, int64_t began_us, int64_t now_us)
{
    meter_add(&ops->meters[op], now_us - began_us);
    lately_add(&ops->lately, now_us / 1000, 1);
}
