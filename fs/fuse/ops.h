/*
 * libfuse's low-level operations: each unpacks, calls the core, replies. What memory can answer
 * is answered by the thread that got it; everything else goes to the pool and can be
 * interrupted.
 */
#ifndef LASFS_OPS_H
#define LASFS_OPS_H

#include <stdatomic.h>

#include <fuse3/fuse_lowlevel.h>

#include "fs.h"
#include "operations.h"
#include "pool.h"
#include "span.h"

struct ops_context {
    struct fs *fs;
    const struct options *options;
    struct trace *trace;      /* NULL: there is none */
    atomic_bool init_replies; /* the next thing that is written is the answer to INIT */
};

extern const struct fuse_lowlevel_ops lasfs_ops;

/* After it is mounted, before its loop: ops_session.c says why. 0, -ENOMEM. */
int session_take_over(struct fuse_session *session);

/* --- For the files that implement them ------------------------------------------------------- */

/* One request on its way. */
struct task {
    struct job job; /* first: a job of the pool */
    fuse_req_t req;
    struct fs *fs;
    const struct options *options;
    struct call call;
    /* Replies and returns 0, or returns -errno: then the error is replied. */
    int (*run)(struct task *t, struct failure *err);
    enum operation operation;
    int64_t began_us;
    const char *said_as; /* for the error log, where that is another; or NULL */
    struct span *span;   /* NULL: there is no trace */
    uint64_t ino, to_ino;
    char *name, *to_name;
    struct handle *handle;
    struct dirhandle *dir;
    pid_t pid;
    int64_t off;
    size_t size;
    char *data;
    const char *lent; /* instead of data: of the request, and copied once it has to wait; or NULL */
    unsigned flags;
    mode_t mode;
    struct stat st;
    bool plus;
    bool of_itself; /* name is an attribute's: what fails is said of ino */
    bool always; /* is run also when it was cancelled before: it has something to say to itself */
};

/* NULL: it has replied ENOMEM. name and to_name may be NULL; they are copied. */
struct task *task_new(fuse_req_t req, enum operation operation,
                      int (*run)(struct task *, struct failure *), uint64_t ino, const char *name);
void task_set_handle(struct task *t, const struct fuse_file_info *fi);

/* Tries at once, goes to the pool when that would block. */
void task_run(struct task *t);
/* Goes to the pool at once: for what changes something. */
void task_pool(struct task *t);

/* The trace's of an operation that is no task; span_end() follows. NULL: there is no trace. */
struct span *op_span(fuse_req_t req, enum operation operation, uint64_t ino);

void reply_entry(struct task *t, const struct entry *e);
/* Says that it went well, if rc is 0. Returns rc. */
int reply_done(struct task *t, int rc);
void entry_to_param(const struct entry *e, struct fuse_entry_param *out);

/* ops_session.c */
void op_init(void *userdata, struct fuse_conn_info *conn);

/* ops_dir.c */
void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name);
void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t count);
void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets);
void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                    struct fuse_file_info *fi);
void op_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_fsyncdir(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi);
void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode);
void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name);
void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name);
void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t to_parent,
               const char *to_name, unsigned flags);

/* ops_file.c */
void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
               struct fuse_file_info *fi);
void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev);
void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void op_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t off,
              struct fuse_file_info *fi);
void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi);
void op_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct fuse_pollhandle *ph);
void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);

/* ops_meta.c */
void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *st, int what,
                struct fuse_file_info *fi);
void op_readlink(fuse_req_t req, fuse_ino_t ino);
void op_statfs(fuse_req_t req, fuse_ino_t ino);
void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size);
void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size);
void op_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size,
                 int flags);
void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name);
void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name);
void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name);

#endif
