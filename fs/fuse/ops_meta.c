#include "ops.h"

#include <errno.h>
#include <linux/limits.h>
#include <stdlib.h>
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
    struct task *t = task_new(req, OP_GETATTR, run_getattr, ino, NULL);

    if (!t)
        return;
    t->said_as = "stat";
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
    struct task *t = task_new(req, OP_SETATTR, run_setattr, ino, NULL);

    if (!t)
        return;
    task_set_handle(t, fi);
    t->flags = what_to_set(what);
    t->st = *st;
    if (t->flags & SET_SIZE)
        t->said_as = "truncate";
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
    struct task *t = task_new(req, OP_READLINK, run_readlink, ino, NULL);

    if (t)
        task_run(t);
}

void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
    const struct ops_context *context = fuse_req_userdata(req);
    struct span *span = op_span(req, OP_STATFS, ino);
    struct statvfs st;
    int rc = fs_statfs(context->fs, &st);

    if (rc < 0)
        fuse_reply_err(req, -rc);
    else
        fuse_reply_statfs(req, &st);
    span_end(span, rc);
}

/* --- Extended attributes ---------------------------------------------------------------------- */

/* A task about one of the user's attributes; what the kernel asks of each file that is listed or
 * written is answered here without a lock, by refusal. With ENOSYS it never asks again. */
static struct task *xattr_task(fuse_req_t req, enum operation operation,
                               int (*run)(struct task *, struct failure *), fuse_ino_t ino,
                               const char *name, int refusal)
{
    const struct ops_context *context = fuse_req_userdata(req);
    struct task *t;

    if (!context->options->xattr || (name && strncmp(name, "user.", 5) != 0)) {
        struct span *span = op_span(req, operation, ino);

        refusal = context->options->xattr ? refusal : ENOSYS;
        fuse_reply_err(req, refusal);
        span_end(span, -refusal);
        return NULL;
    }
    t = task_new(req, operation, run, ino, name);
    if (t)
        t->of_itself = true;
    return t;
}

static int reply_xattr(struct task *t, int rc, const struct buf *value)
{
    if (rc == 0 && t->size && value->len > t->size)
        rc = -ERANGE;
    if (rc < 0)
        return rc;
    span_result(t->span, (int64_t)value->len);
    fuse_req_interrupt_func(t->req, NULL, NULL);
    if (t->size)
        fuse_reply_buf(t->req, buf_str(value), value->len);
    else
        fuse_reply_xattr(t->req, value->len);
    return 0;
}

static int run_getxattr(struct task *t, struct failure *err)
{
    cleanup_buf struct buf value = BUF_INIT(XATTR_SIZE_MAX);
    int rc = fs_getxattr(t->fs, &t->call, t->ino, t->name, &value, err);

    return reply_xattr(t, rc, &value);
}

void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
    struct task *t = xattr_task(req, OP_GETXATTR, run_getxattr, ino, name, ENODATA);

    if (!t)
        return;
    t->size = size;
    task_run(t);
}

static int run_listxattr(struct task *t, struct failure *err)
{
    cleanup_buf struct buf names = BUF_INIT(XATTR_LIST_MAX);

    (void)err;
    return reply_xattr(t, fs_listxattr(t->fs, t->ino, &names), &names);
}

void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
    struct task *t = xattr_task(req, OP_LISTXATTR, run_listxattr, ino, NULL, 0);

    if (!t)
        return;
    t->size = size;
    task_run(t);
}

static int run_setxattr(struct task *t, struct failure *err)
{
    int rc = -ENOMEM;

    if (t->data)
        rc = fs_setxattr(t->fs, t->ino, t->name, t->data, t->size, (int)t->flags, err);
    return reply_done(t, rc);
}

static int run_removexattr(struct task *t, struct failure *err)
{
    return reply_done(t, fs_setxattr(t->fs, t->ino, t->name, NULL, 0, 0, err));
}

void op_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size,
                 int flags)
{
    struct task *t = xattr_task(req, OP_SETXATTR, run_setxattr, ino, name, EOPNOTSUPP);

    if (!t)
        return;
    t->flags = (unsigned)flags;
    t->size = size;
    t->data = malloc(size + 1);
    if (t->data)
        memcpy(t->data, value, size);
    task_pool(t);
}

void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
    struct task *t = xattr_task(req, OP_REMOVEXATTR, run_removexattr, ino, name, ENODATA);

    if (t)
        task_pool(t);
}

/* --- Links: there is nothing in the API that they could be ------------------------------------ */

static int run_symlink(struct task *t, struct failure *err)
{
    return fs_symlink(t->name, err);
}

void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
    struct task *t = task_new(req, OP_SYMLINK, run_symlink, parent, name);

    (void)target;
    if (t)
        task_run(t);
}

static int run_link(struct task *t, struct failure *err)
{
    return fs_link(t->fs, t->to_ino, t->name, t->pid, err);
}

void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name)
{
    struct task *t = task_new(req, OP_LINK, run_link, parent, name);

    if (!t)
        return;
    t->to_ino = ino;
    task_run(t);
}
