#include "ops.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

static void fill_info(struct fuse_file_info *fi, struct handle *h)
{
    fi->fh = (uint64_t)(uintptr_t)h;
    fi->direct_io = handle_direct_io(h);
    fi->keep_cache = handle_keep_cache(h);
    fi->noflush = !handle_commits(h);
}

static void release_now(struct fs *fs, struct handle *h, struct span *span)
{
    struct call call;

    if (call_init(&call) < 0)
        return;
    span_call(span, &call);
    fs_release(fs, &call, h);
    call_release(&call);
}

static int run_open(struct task *t, struct failure *err)
{
    struct fuse_file_info fi = { .flags = (int)t->flags };
    struct handle *h;
    int rc = fs_open(t->fs, &t->call, t->ino, (int)t->flags, t->pid, &h, err);

    if (rc < 0)
        return rc;
    fill_info(&fi, h);
    fuse_req_interrupt_func(t->req, NULL, NULL);
    if (fuse_reply_open(t->req, &fi) == -ENOENT)
        release_now(t->fs, h, t->span);
    return 0;
}

void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct task *t = task_new(req, OP_OPEN, run_open, ino, NULL);

    if (!t)
        return;
    t->flags = (unsigned)fi->flags;
    task_run(t);
}

static int run_create(struct task *t, struct failure *err)
{
    struct fuse_file_info fi = { .flags = (int)t->flags };
    struct fuse_entry_param param;
    struct handle *h;
    struct entry e;
    int rc =
        fs_create(t->fs, &t->call, t->ino, t->name, t->mode, (int)t->flags, t->pid, &e, &h, err);

    if (rc < 0)
        return rc;
    fill_info(&fi, h);
    entry_to_param(&e, &param);
    fuse_req_interrupt_func(t->req, NULL, NULL);
    if (fuse_reply_create(t->req, &param, &fi) == -ENOENT) {
        release_now(t->fs, h, t->span);
        fs_forget(t->fs, e.ino, 1);
    }
    return 0;
}

void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
               struct fuse_file_info *fi)
{
    struct task *t = task_new(req, OP_CREATE, run_create, parent, name);

    if (!t)
        return;
    t->flags = (unsigned)fi->flags;
    t->mode = mode;
    task_run(t);
}

/* As some make an empty file before they open it (tar does, with extended attributes). */
static int run_mknod(struct task *t, struct failure *err)
{
    struct handle *h;
    struct entry e;
    int rc = fs_create(t->fs, &t->call, t->ino, t->name, t->mode, O_WRONLY | O_CREAT | O_EXCL,
                       t->pid, &e, &h, err);

    if (rc < 0)
        return rc;
    fs_release(t->fs, &t->call, h);
    reply_entry(t, &e);
    return 0;
}

static int run_special(struct task *t, struct failure *err)
{
    return fs_special(t->name, err);
}

void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
    bool regular = S_ISREG(mode);
    struct task *t = task_new(req, OP_MKNOD, regular ? run_mknod : run_special, parent, name);

    (void)rdev;
    if (!t)
        return;
    t->said_as = regular ? "create" : NULL;
    t->mode = mode;
    task_pool(t);
}

static int run_read(struct task *t, struct failure *err)
{
    struct fuse_bufvec vec = FUSE_BUFVEC_INIT(0);
    struct chunk chunk;
    int rc = fs_read(t->fs, &t->call, t->handle, t->off, t->size, &chunk, err);

    if (rc < 0)
        return rc;
    span_result(t->span, (int64_t)chunk.len);
    fuse_req_interrupt_func(t->req, NULL, NULL);
    if (chunk.data || chunk.len == 0) {
        fuse_reply_buf(t->req, chunk.data, chunk.len);
        fs_chunk_release(&chunk);
        return 0;
    }
    vec.buf[0].size = chunk.len;
    vec.buf[0].flags = FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK;
    vec.buf[0].fd = chunk.fd;
    vec.buf[0].pos = chunk.off;
    fuse_reply_data(t->req, &vec, FUSE_BUF_SPLICE_MOVE);
    fs_chunk_release(&chunk);
    return 0;
}

void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
    struct task *t = task_new(req, OP_READ, run_read, ino, NULL);

    if (!t)
        return;
    task_set_handle(t, fi);
    t->size = size;
    t->off = off;
    task_run(t);
}

static int run_write(struct task *t, struct failure *err)
{
    const char *data = t->lent ? t->lent : t->data;
    int64_t n = fs_write(t->fs, &t->call, t->handle, data, t->size, t->off, t->pid, err);

    if (n < 0)
        return (int)n;
    span_result(t->span, n);
    fuse_req_interrupt_func(t->req, NULL, NULL);
    fuse_reply_write(t->req, (size_t)n);
    return 0;
}

void op_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t off,
              struct fuse_file_info *fi)
{
    struct task *t = task_new(req, OP_WRITE, run_write, ino, NULL);

    if (!t)
        return;
    task_set_handle(t, fi);
    t->size = size;
    /* what comes from a mapping has its place, though its file was opened for appending */
    t->off = (fi->flags & O_APPEND) && !fi->writepage ? OFF_END : off;
    t->lent = data;
    task_run(t);
}

static int run_flush(struct task *t, struct failure *err)
{
    int rc = fs_flush(t->fs, &t->call, t->handle, t->pid, err);

    if (rc < 0)
        return rc;
    fuse_req_interrupt_func(t->req, NULL, NULL);
    fuse_reply_err(t->req, 0);
    return 0;
}

void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct task *t = task_new(req, OP_FLUSH, run_flush, ino, NULL);

    if (!t)
        return;
    t->said_as = "close";
    t->always = true;
    task_set_handle(t, fi);
    task_run(t);
}

static int run_fsync(struct task *t, struct failure *err)
{
    int rc = fs_fsync(t->fs, &t->call, t->handle, err);

    if (rc < 0)
        return rc;
    fuse_req_interrupt_func(t->req, NULL, NULL);
    fuse_reply_err(t->req, 0);
    return 0;
}

void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
    struct task *t = task_new(req, OP_FSYNC, run_fsync, ino, NULL);

    (void)datasync;
    if (!t)
        return;
    task_set_handle(t, fi);
    task_pool(t);
}

static void wake_poller(void *arg)
{
    fuse_lowlevel_notify_poll(arg);
}

static void forget_poller(void *arg)
{
    fuse_pollhandle_destroy(arg);
}

/* Files are always ready, but for a lease that can be lost. */
void op_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct fuse_pollhandle *ph)
{
    const struct ops_context *context = fuse_req_userdata(req);
    struct fs_waiter waiter = { wake_poller, forget_poller, ph };
    struct span *span = op_span(req, OP_POLL, ino);
    bool taken, ended;

    ended = fs_poll(context->fs, (struct handle *)(uintptr_t)fi->fh, ph ? &waiter : NULL, &taken);
    fuse_reply_poll(req, POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM | (ended ? POLLERR : 0));
    if (ph && !taken)
        fuse_pollhandle_destroy(ph);
    span_end(span, 0);
}

/* A release is one of the few background requests of the kernel: reply first, upload after. */
struct late_release {
    struct job job; /* first */
    struct fs *fs;
    struct handle *handle;
    struct span *span;
    int64_t began_us;
};

static void release_end(struct fs *fs, struct span *span, int64_t began_us)
{
    operation_ended(fs_operations(fs), OP_RELEASE, began_us, clock_us());
    span_end(span, 0);
}

static void release_job(struct job *job)
{
    struct late_release *late = (struct late_release *)job;

    span_runs(late->span);
    release_now(late->fs, late->handle, late->span);
    release_end(late->fs, late->span, late->began_us);
    free(late);
}

void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    const struct ops_context *context = fuse_req_userdata(req);
    struct handle *h = (struct handle *)(uintptr_t)fi->fh;
    struct span *span = op_span(req, OP_RELEASE, ino);
    int64_t began_us = clock_us();
    struct late_release *late;

    if (!fs_release_blocks(context->fs, h)) {
        release_now(context->fs, h, span);
        fuse_reply_err(req, 0);
        release_end(context->fs, span, began_us);
        return;
    }
    fuse_reply_err(req, 0);
    late = calloc(1, sizeof(*late));
    if (late) {
        *late = (struct late_release){ { .run = release_job }, context->fs, h, span, began_us };
        span_queued(span);
        if (pool_submit(fs_pool(context->fs), &late->job) == 0)
            return;
        free(late);
    }
    release_now(context->fs, h, span);
    release_end(context->fs, span, began_us);
}
