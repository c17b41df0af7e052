/*
 * How the kernel and the mount agree at the start, and how bytes go between them. libfuse 3.14
 * takes FUSE_CAP_PARALLEL_DIROPS and does not pass it on: the kernel then lets one look-up at a
 * time into a directory, and a slow one holds up all others. So its answer to INIT goes out
 * through here, where the flag is set.
 */
#include "ops.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <sys/uio.h>
#include <unistd.h>

#include "banned.h"

void op_init(void *userdata, struct fuse_conn_info *conn)
{
    struct ops_context *context = userdata;

    conn->max_background = 512;
    conn->congestion_threshold = 384;
    conn->max_readahead = 1024 * 1024;
    /* readdirplus by need, splices; never the writeback cache, which loses errors of write */
    conn->want |=
        conn->capable & (FUSE_CAP_READDIRPLUS | FUSE_CAP_READDIRPLUS_AUTO | FUSE_CAP_SPLICE_WRITE |
                         FUSE_CAP_SPLICE_MOVE | FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_ASYNC_READ |
                         FUSE_CAP_ATOMIC_O_TRUNC);
    conn->want &= ~(unsigned)FUSE_CAP_WRITEBACK_CACHE;
    conn->time_gran = 1;
    /* its reply is the next thing that is written, before any other request is read */
    atomic_store(&context->init_replies, (conn->want & FUSE_CAP_PARALLEL_DIROPS) != 0);
}

static ssize_t session_writev(int fd, struct iovec *iov, int count, void *userdata)
{
    struct ops_context *context = userdata;

    if (atomic_load_explicit(&context->init_replies, memory_order_relaxed)) {
        struct fuse_init_out *out = count == 2 ? iov[1].iov_base : NULL;

        atomic_store(&context->init_replies, false);
        if (out && iov[1].iov_len >= sizeof(*out))
            out->flags |= FUSE_PARALLEL_DIROPS;
    }
    return writev(fd, iov, count);
}

static ssize_t session_read(int fd, void *data, size_t len, void *userdata)
{
    (void)userdata;
    return read(fd, data, len);
}

static ssize_t session_splice(int in, off_t *in_off, int out, off_t *out_off, size_t len,
                              unsigned flags, void *userdata)
{
    (void)userdata;
    return splice(in, in_off, out, out_off, len, flags);
}

int session_take_over(struct fuse_session *session)
{
    static const struct fuse_custom_io io = { session_writev, session_read, session_splice,
                                              session_splice };

    return fuse_session_custom_io(session, &io, fuse_session_fd(session)) < 0 ? -ENOMEM : 0;
}
