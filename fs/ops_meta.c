#include "ops.h"

#include <errno.h>
#include <string.h>

#include "banned.h"

static int run_getattr(struct task *t, struct failure *err)
{
    struct stat st;
    int64_t ttl_ms;
    int rc = fs_getattr(t->fs, &t->call, t->ino, t->handle, &st, &ttl_ms, err);

    if (rc < 0)
        return rc;
    fuse_req_interrupt_func(t->req, NULL, NULL);
    fuse_reply_attr(t->req, &st, (double)ttl_ms / 1000);
    return 0;
}

void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct task *t = task_new(req, "stat", run_getattr, ino, NULL);

    if (!t)
        return;
    task_set_handle(t, fi);
    task_run(t);
}

static unsigned what_to_set(int fuse)
{
    unsigned what = 0;

    if (fuse & FUSE_SET_ATTR_MODE)
        what |= SET_MODE;
    if (fuse & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID))
        what |= SET_OWNER;
    if (fuse & FUSE_SET_ATTR_SIZE)
        what |= SET_SIZE;
    if (fuse & FUSE_SET_ATTR_MTIME_NOW)
        what |= SET_MTIME_NOW;
    else if (fuse & FUSE_SET_ATTR_MTIME)
        what |= SET_MTIME;
    return what;
}

static int run_setattr(struct task *t, struct failure *err)
{
    int rc = fs_setattr(t->fs, &t->call, t->ino, t->handle, t->flags, &t->st, err);

    return rc < 0 ? rc : run_getattr(t, err);
}

void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *st, int what,
                struct fuse_file_info *fi)
{
    struct task *t = task_new(req, "setattr", run_setattr, ino, NULL);

    if (!t)
        return;
    task_set_handle(t, fi);
    t->flags = what_to_set(what);
    t->st = *st;
    if (t->flags & SET_SIZE)
        t->operation = "truncate";
    task_pool(t);
}

static int run_readlink(struct task *t, struct failure *err)
{
    char target[FS_LINK_MAX];
    int rc = fs_readlink(t->fs, &t->call, t->ino, target, err);

    if (rc < 0)
        return rc;
    fuse_req_interrupt_func(t->req, NULL, NULL);
    fuse_reply_readlink(t->req, target);
    return 0;
}

void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
    struct task *t = task_new(req, "readlink", run_readlink, ino, NULL);

    if (t)
        task_run(t);
}

void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
    const struct ops_context *context = fuse_req_userdata(req);
    struct statvfs st;
    int rc = fs_statfs(context->fs, &st);

    (void)ino;
    if (rc < 0)
        fuse_reply_err(req, -rc);
    else
        fuse_reply_statfs(req, &st);
}

/* There are no extended attributes: said without a lock or a request, as each write asks. */
void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
    (void)ino;
    (void)size;
    fuse_reply_err(req, strncmp(name, "user.", 5) == 0 ? ENODATA : EOPNOTSUPP);
}

void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
    (void)ino;
    if (size)
        fuse_reply_buf(req, NULL, 0);
    else
        fuse_reply_xattr(req, 0);
}

void op_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size,
                 int flags)
{
    (void)ino;
    (void)name;
    (void)value;
    (void)size;
    (void)flags;
    fuse_reply_err(req, EOPNOTSUPP);
}

void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
    (void)ino;
    (void)name;
    fuse_reply_err(req, ENODATA);
}

/* Special files, symbolic and hard links: there is nothing in the API that they could be. */
void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
    (void)parent;
    (void)name;
    (void)mode;
    (void)rdev;
    fuse_reply_err(req, EPERM);
}

void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
    (void)target;
    (void)parent;
    (void)name;
    fuse_reply_err(req, EPERM);
}

void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name)
{
    (void)ino;
    (void)parent;
    (void)name;
    fuse_reply_err(req, EPERM);
}
