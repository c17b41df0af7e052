#include "ops.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

#include "banned.h"

struct task *task_new(fuse_req_t req, enum operation operation,
                      int (*run)(struct task *, struct failure *), uint64_t ino, const char *name)
{
    const struct ops_context *context = fuse_req_userdata(req);
    struct task *t = calloc(1, sizeof(*t));

    if (t && call_init(&t->call) < 0) {
        free(t);
        t = NULL;
    }
    if (t && name) {
        t->name = strdup(name);
        if (!t->name) {
            call_release(&t->call);
            free(t);
            t = NULL;
        }
    }
    if (!t) {
        fuse_reply_err(req, ENOMEM);
        return NULL;
    }
    t->req = req;
    t->fs = context->fs;
    t->options = context->options;
    t->run = run;
    t->operation = operation;
    t->began_us = clock_us();
    t->ino = ino;
    t->pid = fuse_req_ctx(req)->pid;
    if (context->trace)
        t->span = span_new(context->trace, operation_name(operation), t->pid);
    span_call(t->span, &t->call);
    return t;
}

void task_set_handle(struct task *t, const struct fuse_file_info *fi)
{
    if (fi)
        t->handle = (struct handle *)(uintptr_t)fi->fh;
}

/* The paths are those before it. */
static void name_span(struct task *t)
{
    if (t->span && t->to_name)
        span_rename_path(t->span, fs_nodes(t->fs), t->ino, t->name, t->to_ino, t->to_name);
    else if (t->span)
        span_path(t->span, fs_nodes(t->fs), t->ino, t->of_itself ? NULL : t->name);
}

struct span *op_span(fuse_req_t req, enum operation operation, uint64_t ino)
{
    const struct ops_context *context = fuse_req_userdata(req);
    struct span *s;

    if (!context->trace)
        return NULL;
    s = span_new(context->trace, operation_name(operation), fuse_req_ctx(req)->pid);
    span_path(s, fs_nodes(context->fs), ino, NULL);
    return s;
}

static void task_free(struct task *t)
{
    call_release(&t->call);
    free(t->name);
    free(t->to_name);
    free(t->data);
    free(t);
}

/* After rc: the reply of a failure, its line in the log, the end of the task. */
static void task_end(struct task *t, int rc, const struct failure *err)
{
    if (rc < 0) {
        if (err->text[0] && t->to_name)
            fs_report_rename(t->fs, t->ino, t->name, t->to_ino, t->to_name, rc, err);
        else if (err->text[0])
            fs_report(t->fs, t->said_as ? t->said_as : operation_name(t->operation), t->ino,
                      t->of_itself ? NULL : t->name, rc, err);
        fuse_reply_err(t->req, -rc);
    }
    operation_ended(fs_operations(t->fs), t->operation, t->began_us, clock_us());
    span_end(t->span, rc);
    task_free(t);
}

static void on_interrupt(fuse_req_t req, void *data)
{
    struct task *t = data;

    (void)req;
    call_cancel(&t->call);
    pool_hurry(fs_pool(t->fs), &t->job);
}

static void task_job(struct job *job)
{
    struct task *t = (struct task *)job;
    struct failure err = { 0 };
    int rc;

    span_runs(t->span);
    rc = call_cancelled(&t->call) && !t->always ? -EINTR : t->run(t, &err);
    /* a reply ends the request; run() has taken the interrupt away before its own */
    if (rc < 0)
        fuse_req_interrupt_func(t->req, NULL, NULL);
    task_end(t, rc, &err);
}

/* The request is libfuse's, and gone when its handler returns. */
static int keep_lent(struct task *t)
{
    if (!t->lent)
        return 0;
    t->data = malloc(t->size ? t->size : 1);
    if (!t->data)
        return -ENOMEM;
    memcpy(t->data, t->lent, t->size);
    t->lent = NULL;
    return 0;
}

static void queue(struct task *t)
{
    int rc = keep_lent(t);

    t->call.nowait = false;
    t->job.run = task_job;
    fuse_req_interrupt_func(t->req, on_interrupt, t);
    span_queued(t->span);
    if (rc == 0 && call_cancelled(&t->call) && !t->always)
        rc = -EINTR;
    if (rc == 0)
        rc = pool_submit(fs_pool(t->fs), &t->job);
    if (rc < 0) {
        struct failure err = { 0 };

        fuse_req_interrupt_func(t->req, NULL, NULL);
        task_end(t, rc, &err);
    }
}

void task_pool(struct task *t)
{
    name_span(t);
    queue(t);
}

void task_run(struct task *t)
{
    struct failure err = { 0 };
    int rc;

    name_span(t);
    t->call.nowait = true;
    rc = t->run(t, &err);
    if (rc == -EWOULDBLOCK)
        queue(t);
    else
        task_end(t, rc, &err);
}

void entry_to_param(const struct entry *e, struct fuse_entry_param *out)
{
    *out = (struct fuse_entry_param){ .ino = e->ino, .attr = e->st };
    out->entry_timeout = (double)e->ttl_ms / 1000;
    out->attr_timeout = (double)e->attr_ttl_ms / 1000;
}

void reply_entry(struct task *t, const struct entry *e)
{
    struct fuse_entry_param param;

    entry_to_param(e, &param);
    if (!e->ino)
        span_result(t->span, -ENOENT);
    fuse_req_interrupt_func(t->req, NULL, NULL);
    if (fuse_reply_entry(t->req, &param) == -ENOENT && e->ino)
        fs_forget(t->fs, e->ino, 1); /* the kernel gave up on it */
}

int reply_done(struct task *t, int rc)
{
    if (rc < 0)
        return rc;
    fuse_req_interrupt_func(t->req, NULL, NULL);
    fuse_reply_err(t->req, 0);
    return 0;
}

const struct fuse_lowlevel_ops lasfs_ops = {
    .init = op_init,
    .lookup = op_lookup,
    .forget = op_forget,
    .forget_multi = op_forget_multi,
    .getattr = op_getattr,
    .setattr = op_setattr,
    .readlink = op_readlink,
    .mknod = op_mknod,
    .mkdir = op_mkdir,
    .unlink = op_unlink,
    .rmdir = op_rmdir,
    .symlink = op_symlink,
    .rename = op_rename,
    .link = op_link,
    .open = op_open,
    .create = op_create,
    .read = op_read,
    .write = op_write,
    .flush = op_flush,
    .fsync = op_fsync,
    .poll = op_poll,
    .release = op_release,
    .opendir = op_opendir,
    .readdir = op_readdir,
    .readdirplus = op_readdirplus,
    .releasedir = op_releasedir,
    .fsyncdir = op_fsyncdir,
    .statfs = op_statfs,
    .getxattr = op_getxattr,
    .listxattr = op_listxattr,
    .setxattr = op_setxattr,
    .removexattr = op_removexattr,
};
