/*
 * The core of the mount: takes node numbers, names and buffers, knows no FUSE and is tested
 * without a mount. Everything hangs from struct fs.
 *
 * Each function may be called from any thread with no lock held. With call->nowait it answers
 * from memory or returns -EWOULDBLOCK with nothing begun; else it may block. All return 0 (or a
 * length) or the -errno that the program shall see. err is filled where there is more to say
 * than errno does: the caller writes it to the error log.
 */
#ifndef LASFS_FS_H
#define LASFS_FS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "backend.h"
#include "call.h"
#include "failure.h"
#include "node.h"
#include "settings.h"
#include "types.h"

struct fs;
struct handle;
struct dirhandle;
struct operations;

struct fs_config {
    const struct options *options; /* outlives the fs */
    struct backend *backend;       /* outlives the fs, as all here */
    struct clock *clock;
    struct log *log;
    const char *state_dir; /* for names and what is not yet sent */
    const char *cache_dir; /* for contents */
    const char *endpoint;  /* for the status page */
};

/* Opens the state, spool and caches. -EWOULDBLOCK: the state directory is in use. */
int fs_new(const struct fs_config *config, struct fs **out, struct failure *err);

/* Nobody reads any more: what is fetched ahead of readers is given up. */
void fs_end_reading(struct fs *fs);

/* Waits for what is under way, at most timeout_ms, then ends the requests of what still is, and the
 * threads of the pool: nobody may give it work any more. What waits to be sent is waited for until call
 * is cancelled (NULL: it cannot be). NULL is fine as fs. */
void fs_stop(struct fs *fs, struct call *call, int64_t timeout_ms);

/* Stopped or not, frees. NULL is fine. */
void fs_free(struct fs *fs);

/* The kernel that is told of changes; NULL: there is none any more. Any thread. */
void fs_set_kernel(struct fs *fs, const struct fs_kernel *kernel);

/* One line in the error log for a failed operation on name (may be NULL) in or at ino. */
void fs_report(struct fs *fs, const char *operation, uint64_t ino, const char *name, int rc,
               const struct failure *err);
/* The same for a rename: both names, as the one may be a program's own. */
void fs_report_rename(struct fs *fs, uint64_t ino, const char *name, uint64_t to_ino,
                      const char *to_name, int rc, const struct failure *err);

/* Another thread's job that may block, in the pool of the fs: for replies and background work. */
struct pool *fs_pool(struct fs *fs);

/* --- Nodes ------------------------------------------------------------------------------------ */

/* A look-up that succeeds must be answered by a forget. */
int fs_lookup(struct fs *fs, struct call *call, uint64_t parent, const char *name,
              struct entry *out, struct failure *err);
void fs_forget(struct fs *fs, uint64_t ino, uint64_t count);
int fs_getattr(struct fs *fs, struct call *call, uint64_t ino, struct handle *h, struct stat *st,
               int64_t *ttl_ms, struct failure *err);
int fs_readlink(struct fs *fs, struct call *call, uint64_t ino, char out[FS_LINK_MAX],
                struct failure *err);

int fs_setattr(struct fs *fs, struct call *call, uint64_t ino, struct handle *h, unsigned what,
               const struct stat *to, struct failure *err);
int fs_statfs(struct fs *fs, struct statvfs *out);
/* How many files are on the way, as in .lasfs/pending, and how many have failed. 0, -ENOMEM. */
int fs_files(struct fs *fs, size_t *pending, size_t *failed);

/*
 * Extended attributes. user.las.FIELD is a field of the resource, read only and, so that copies
 * do not carry it, not listed; other user. attributes are kept for dropped files. Names of other
 * kinds never come here. The value, or the names each with its NUL, are added to out.
 * -ENODATA, -EEXIST, -EOPNOTSUPP it keeps none, -EPERM, -ENOSPC more than is kept for one file.
 */
int fs_getxattr(struct fs *fs, struct call *call, uint64_t ino, const char *name, struct buf *out,
                struct failure *err);
int fs_listxattr(struct fs *fs, uint64_t ino, struct buf *out);
/* flags as of setxattr(2); value NULL removes it. */
int fs_setxattr(struct fs *fs, uint64_t ino, const char *name, const char *value, size_t size,
                int flags, struct failure *err);

/* --- Directories ------------------------------------------------------------------------------ */

int fs_opendir(struct fs *fs, struct call *call, uint64_t ino, struct dirhandle **out,
               struct failure *err);
void fs_releasedir(struct fs *fs, struct dirhandle *d);

int fs_readdir(struct fs *fs, struct call *call, struct dirhandle *d, int64_t offset, bool plus,
               fs_fill_fn *fill, void *arg, struct failure *err);

int fs_mkdir(struct fs *fs, struct call *call, uint64_t parent, const char *name, mode_t mode,
             struct entry *out, struct failure *err);
int fs_rmdir(struct fs *fs, struct call *call, uint64_t parent, const char *name,
             struct failure *err);
int fs_unlink(struct fs *fs, struct call *call, uint64_t parent, const char *name, pid_t pid,
              struct failure *err);
/* flags as of renameat2(2). */
int fs_rename(struct fs *fs, struct call *call, uint64_t parent, const char *name,
              uint64_t to_parent, const char *to_name, unsigned flags, struct failure *err);

/* What the API has nothing for: hard links, symbolic links, and files of other kinds. None blocks.
 * -EPERM. */
int fs_link(struct fs *fs, uint64_t ino, const char *name, pid_t pid, struct failure *err);
int fs_symlink(const char *name, struct failure *err);
int fs_special(const char *name, struct failure *err);

/* --- Files ------------------------------------------------------------------------------------ */

/* pid: the thread that asks, 0: the kernel itself. */
int fs_open(struct fs *fs, struct call *call, uint64_t ino, int flags, pid_t pid,
            struct handle **out, struct failure *err);
int fs_create(struct fs *fs, struct call *call, uint64_t parent, const char *name, mode_t mode,
              int flags, pid_t pid, struct entry *out, struct handle **h, struct failure *err);

/* How the kernel shall treat an open file. */
bool handle_direct_io(const struct handle *h);
bool handle_keep_cache(const struct handle *h);
/* Is its close of any interest? Who only reads has none. */
bool handle_commits(const struct handle *h);

/* Valid until this. */
void fs_chunk_release(struct chunk *c);
int fs_read(struct fs *fs, struct call *call, struct handle *h, int64_t off, size_t size,
            struct chunk *out, struct failure *err);
int64_t fs_write(struct fs *fs, struct call *call, struct handle *h, const char *data, size_t len,
                 int64_t off, pid_t pid, struct failure *err);

/* close(2) by pid of one descriptor: commits when it is the opener's and something is new. */
int fs_flush(struct fs *fs, struct call *call, struct handle *h, pid_t pid, struct failure *err);
/* Has what h is good for come to an end (a lease that was lost)? waiter may be NULL; taken: it is
 * forgotten by the core. Never blocks. */
bool fs_poll(struct fs *fs, struct handle *h, const struct fs_waiter *waiter, bool *taken);

int fs_fsync(struct fs *fs, struct call *call, struct handle *h, struct failure *err);

/* Is there still something to commit, so that release may block? Then it counts as under way
 * from here on. */
bool fs_release_blocks(struct fs *fs, struct handle *h);
/* Commits what no flush has, then frees. Failures are reported here. */
void fs_release(struct fs *fs, struct call *call, struct handle *h);

struct nodes *fs_nodes(struct fs *fs);

/* To which each operation is added as it ends. */
struct operations *fs_operations(struct fs *fs);

#endif
