#include "recall.h"

#include <errno.h>
#include <sys/stat.h>

#include "drop_target.h"
#include "file.h"
#include "kept.h"
#include "known.h"
#include "uploads_context.h"

#include "banned.h"

int recall_refused(int rc, struct failure *err)
{
    return fail(err, rc, 0, "its bytes cannot be kept before they are sent");
}

static int copy_of_open(int fd, struct bytes *to)
{
    struct stat st;

    if (fd < 0)
        return 0;
    return fstat(fd, &st) < 0 ? -errno : file_copy(fd, to->fd, st.st_size);
}

int recall_open(struct uploads *uploads, struct call *call, const struct target_ids *b, int *fd,
                int64_t *size, struct failure *err)
{
    int rc;

    if (!resource_takes_json(b->target.res))
        return known_content(uploads->remote, call, &b->target, fd, size, err);
    if (call->nowait)
        return -EWOULDBLOCK;
    rc = kept_open(uploads->remote, b->id, fd, size);
    return rc == -ENOENT ? 0 : rc;
}

/* The server's bytes into the spool, where they can be changed; of what was removed, those of open_fd. d is held exclusively. */
static int fetch_to_spool(struct uploads *uploads, struct call *call, struct drop *d, int open_fd,
                          struct failure *err)
{
    struct bytes *b;
    struct target_ids bound;
    int64_t size = 0;
    cleanup_fd int fd = -1;
    int rc = drop_target(uploads->drops, d, &bound);

    if (rc == 0 && (open_fd < 0 || drop_snapshot(uploads->drops, d).linked))
        rc = recall_open(uploads, call, &bound, &fd, &size, err);
    if (rc < 0 && rc != -ENOENT)
        return rc;
    rc = drop_new_bytes(uploads->drops, d, &b);
    if (rc == 0 && fd >= 0)
        rc = file_copy(fd, b->fd, size);
    else if (rc == 0)
        rc = copy_of_open(open_fd, b);
    if (rc == 0)
        return 0;
    drop_forget_bytes(uploads->drops, d);
    return recall_refused(rc, err);
}

int recall_bytes(struct uploads *uploads, struct call *call, struct drop *d, int open_fd,
                 struct failure *err)
{
    struct bytes *b = drop_bytes(uploads->drops, d);
    int rc = b ? 0 : fetch_to_spool(uploads, call, d, open_fd, err);

    bytes_unref(b);
    return rc;
}
