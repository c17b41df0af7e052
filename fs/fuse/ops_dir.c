#include "ops.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

static int run_lookup(struct task *t, struct failure *err)
{
    struct entry e;
    int rc = fs_lookup(t->fs, &t->call, t->ino, t->name, &e, err);

    if (rc == 0)
        reply_entry(t, &e);
    return rc;
}

void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct task *t = task_new(req, OP_LOOKUP, run_lookup, parent, name);

    if (t)
        task_run(t);
}

static struct fs *fs_of(fuse_req_t req)
{
    const struct ops_context *context = fuse_req_userdata(req);

    return context->fs;
}

static void forget(fuse_req_t req, fuse_ino_t ino, uint64_t count)
{
    struct span *span = op_span(req, OP_FORGET, ino);

    fs_forget(fs_of(req), ino, count);
    span_end(span, 0);
}

void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t count)
{
    forget(req, ino, count);
    fuse_reply_none(req);
}

void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
    for (size_t i = 0; i < count; i++)
        forget(req, forgets[i].ino, forgets[i].nlookup);
    fuse_reply_none(req);
}

static int run_opendir(struct task *t, struct failure *err)
{
    struct fuse_file_info fi = { .flags = 0 };
    struct dirhandle *d;
    int rc = fs_opendir(t->fs, &t->call, t->ino, &d, err);

    if (rc < 0)
        return rc;
    fi.fh = (uint64_t)(uintptr_t)d;
    fuse_req_interrupt_func(t->req, NULL, NULL);
    if (fuse_reply_open(t->req, &fi) == -ENOENT)
        fs_releasedir(t->fs, d);
    return 0;
}

void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct task *t = task_new(req, OP_OPENDIR, run_opendir, ino, NULL);

    (void)fi;
    if (t)
        task_run(t);
}

void op_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct span *span = op_span(req, OP_RELEASEDIR, ino);

    fs_releasedir(fs_of(req), (struct dirhandle *)(uintptr_t)fi->fh);
    fuse_reply_err(req, 0);
    span_end(span, 0);
}

void op_fsyncdir(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
    struct span *span = op_span(req, OP_FSYNCDIR, ino);

    (void)datasync;
    (void)fi;
    fuse_reply_err(req, 0);
    span_end(span, 0);
}

struct filling {
    struct task *task;
    size_t used;
};

static bool fill_one(void *arg, const char *name, const struct stat *st, const struct entry *e,
                     int64_t next)
{
    struct filling *f = arg;
    struct task *t = f->task;
    struct fuse_entry_param param = { .ino = 0, .attr = *st };
    size_t room = t->size - f->used;
    size_t need;

    if (t->plus) {
        if (e)
            entry_to_param(e, &param);
        need = fuse_add_direntry_plus(t->req, t->data + f->used, room, name, &param, next);
    } else {
        need = fuse_add_direntry(t->req, t->data + f->used, room, name, st, next);
    }
    if (need > room)
        return false;
    f->used += need;
    return true;
}

static int run_readdir(struct task *t, struct failure *err)
{
    struct filling f = { t, 0 };
    int rc;

    if (!t->data)
        t->data = malloc(t->size);
    if (!t->data)
        return -ENOMEM;
    rc = fs_readdir(t->fs, &t->call, t->dir, t->off, t->plus, fill_one, &f, err);
    /* what was found before a failure is told first; the failure comes with the next call */
    if (rc < 0 && f.used == 0)
        return rc;
    span_result(t->span, (int64_t)f.used);
    fuse_req_interrupt_func(t->req, NULL, NULL);
    fuse_reply_buf(t->req, t->data, f.used);
    return 0;
}

static void readdir_any(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                        struct fuse_file_info *fi, bool plus)
{
    struct task *t = task_new(req, plus ? OP_READDIRPLUS : OP_READDIR, run_readdir, ino, NULL);

    if (!t)
        return;
    t->said_as = "readdir";
    t->dir = (struct dirhandle *)(uintptr_t)fi->fh;
    t->size = size;
    t->off = off;
    t->plus = plus;
    task_run(t);
}

void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
    readdir_any(req, ino, size, off, fi, false);
}

void op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                    struct fuse_file_info *fi)
{
    readdir_any(req, ino, size, off, fi, true);
}

static int run_mkdir(struct task *t, struct failure *err)
{
    struct entry e;
    int rc = fs_mkdir(t->fs, &t->call, t->ino, t->name, t->mode, &e, err);

    if (rc == 0)
        reply_entry(t, &e);
    return rc;
}

void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
    struct task *t = task_new(req, OP_MKDIR, run_mkdir, parent, name);

    if (!t)
        return;
    t->mode = mode;
    task_pool(t);
}

static int run_rmdir(struct task *t, struct failure *err)
{
    return reply_done(t, fs_rmdir(t->fs, &t->call, t->ino, t->name, err));
}

void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct task *t = task_new(req, OP_RMDIR, run_rmdir, parent, name);

    if (t)
        task_pool(t);
}

static int run_unlink(struct task *t, struct failure *err)
{
    return reply_done(t, fs_unlink(t->fs, &t->call, t->ino, t->name, t->pid, err));
}

void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct task *t = task_new(req, OP_UNLINK, run_unlink, parent, name);

    if (t)
        task_pool(t);
}

static int run_rename(struct task *t, struct failure *err)
{
    return reply_done(
        t, fs_rename(t->fs, &t->call, t->ino, t->name, t->to_ino, t->to_name, t->flags, err));
}

void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t to_parent,
               const char *to_name, unsigned flags)
{
    struct task *t = task_new(req, OP_RENAME, run_rename, parent, name);

    if (!t)
        return;
    t->to_ino = to_parent;
    t->flags = flags;
    t->to_name = strdup(to_name);
    if (!t->to_name)
        t->to_ino = 0; /* no such node: the core says so */
    task_pool(t);
}
