/* Where a dropped file's bytes come from: the spool, what a handle has open, or the server. */
#include "drop_read.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "binding.h"
#include "file.h"
#include "kept.h"
#include "known.h"

#include "banned.h"

int drop_not_kept(int rc, struct failure *err)
{
    return fail(err, rc, 0, "its bytes cannot be kept before they are sent");
}

/* What h has open, though its resource may have gone or be another file's. */
static int open_of(struct handle *h)
{
    int fd;

    if (h->bytes)
        return h->bytes->fd;
    pthread_mutex_lock(&h->lock);
    fd = h->fd;
    pthread_mutex_unlock(&h->lock);
    return fd;
}

static int copy_of_open(int fd, struct bytes *to)
{
    struct stat st;

    if (fd < 0)
        return 0;
    return fstat(fd, &st) < 0 ? -errno : file_copy(fd, to->fd, st.st_size);
}

/* What it was when it was sent: of a resource with content the server has it, of one that was
 * made from JSON the state. Of secrets nobody has it: *fd stays as it is. */
static int open_sent(struct fs *fs, struct call *call, const struct bound *b, int *fd,
                     int64_t *size, struct failure *err)
{
    int rc;

    if (!resource_takes_json(b->target.res))
        return known_content(fs, call, &b->target, fd, size, err);
    if (call->nowait)
        return -EWOULDBLOCK;
    rc = kept_open(fs, b->id, fd, size);
    return rc == -ENOENT ? 0 : rc;
}

/* The server's bytes into the spool, where they can be changed; of what was removed, those that h
 * (may be NULL) has open. d is held exclusively. */
static int fetch_to_spool(struct fs *fs, struct call *call, struct drop *d, struct handle *h,
                          struct failure *err)
{
    struct bytes *b;
    struct bound bound;
    int64_t size = 0;
    cleanup_fd int fd = -1;
    int mine = h ? open_of(h) : -1;
    int rc = bind_drop(fs, d, &bound);

    if (rc == 0 && (mine < 0 || drop_is_linked(fs->drops, d)))
        rc = open_sent(fs, call, &bound, &fd, &size, err);
    if (rc < 0 && rc != -ENOENT)
        return rc;
    rc = drop_new_bytes(fs->drops, d, &b);
    if (rc == 0 && fd >= 0)
        rc = file_copy(fd, b->fd, size);
    else if (rc == 0)
        rc = copy_of_open(mine, b);
    if (rc == 0)
        return 0;
    drop_forget_bytes(fs->drops, d);
    return drop_not_kept(rc, err);
}

int drop_keep_bytes(struct fs *fs, struct call *call, struct drop *d, struct handle *h,
                    struct failure *err)
{
    struct bytes *b = drop_bytes(fs->drops, d);
    int rc = b ? 0 : fetch_to_spool(fs, call, d, h, err);

    bytes_unref(b);
    return rc;
}

/* --- For readers ------------------------------------------------------------------------------ */

/* What a reader gets of the bytes here. Of a question none, once it is answered: they stay until
 * release, but what is read is the answer. */
static struct bytes *bytes_to_read(struct fs *fs, struct drop *d)
{
    bool answered;

    drops_lock(fs->drops);
    answered = d->folder->document && d->id && !d->dirty && !d->failed;
    drops_unlock(fs->drops);
    return answered ? NULL : drop_bytes(fs->drops, d);
}

/* The server's bytes, once they are needed: the drop may have been sent after it was opened. */
static int open_content(struct fs *fs, struct call *call, struct handle *h, struct failure *err)
{
    struct bound b;
    int64_t size;
    int fd = -1, rc;

    if (bind_drop(fs, h->node->drop, &b) < 0)
        return 0; /* nothing was ever written */
    rc = open_sent(fs, call, &b, &fd, &size, err);
    if (rc < 0)
        return rc;
    pthread_mutex_lock(&h->lock);
    if (h->fd < 0)
        h->fd = steal_fd(&fd);
    pthread_mutex_unlock(&h->lock);
    if (fd >= 0)
        close(fd);
    return 0;
}

/* The server has not got it. Was it replaced while it was asked for? Then, once that is done, look
 * again: at the name (-ESTALE makes the kernel do so), or at what the same file stands for now. */
static int open_replaced(struct fs *fs, struct call *call, struct handle *h,
                         const struct bound *asked, struct failure *err)
{
    struct drop *d = h->node->drop;
    struct bound b;
    int rc = drop_lock_shared(fs->drops, d, call);

    if (rc < 0)
        return rc;
    drop_unlock_shared(fs->drops, d);
    if (!drop_is_linked(fs->drops, d)) {
        err->text[0] = '\0';
        return -ESTALE;
    }
    if (bind_drop(fs, d, &b) < 0 || strcmp(b.id, asked->id) == 0)
        return -ENOENT;
    h->bytes = drop_bytes(fs->drops, d);
    return h->bytes ? 0 : open_content(fs, call, h, err);
}

static int open_to_read(struct fs *fs, struct call *call, struct handle *h, struct failure *err)
{
    struct bound asked;
    int rc;

    if (bind_drop(fs, h->node->drop, &asked) < 0)
        return 0; /* nothing was ever written */
    rc = open_content(fs, call, h, err);
    return rc == -ENOENT ? open_replaced(fs, call, h, &asked, err) : rc;
}

/* Who only writes needs what is there when it is removed meanwhile: if it costs nothing. */
static int open_for(struct fs *fs, struct call *call, struct handle *h, struct failure *err)
{
    struct call now = { .nowait = true };
    struct failure ignored = { 0 };

    if ((h->flags & O_ACCMODE) != O_WRONLY)
        return open_to_read(fs, call, h, err);
    open_content(fs, &now, h, &ignored);
    return 0;
}

int drop_open_bytes(struct fs *fs, struct call *call, struct handle *h, struct failure *err)
{
    h->bytes = bytes_to_read(fs, h->node->drop);
    return h->bytes ? 0 : open_for(fs, call, h, err);
}

static int open_content_once(struct fs *fs, struct call *call, struct handle *h, int *fd,
                             struct failure *err)
{
    int rc;

    pthread_mutex_lock(&h->lock);
    *fd = h->fd;
    pthread_mutex_unlock(&h->lock);
    if (*fd >= 0)
        return 0;
    rc = open_content(fs, call, h, err);
    pthread_mutex_lock(&h->lock);
    *fd = h->fd;
    pthread_mutex_unlock(&h->lock);
    return rc;
}

int drop_read(struct fs *fs, struct call *call, struct handle *h, int64_t off, size_t size,
              struct chunk *out, struct failure *err)
{
    struct bytes *local = bytes_to_read(fs, h->node->drop);
    int fd, rc;

    *out = (struct chunk){ .fd = -1 };
    if (!local)
        local = bytes_ref(h->bytes);
    if (!local) {
        rc = open_content_once(fs, call, h, &fd, err);
        return rc < 0 || fd < 0 ? rc : chunk_of_fd(fd, off, size, out);
    }
    rc = chunk_of_fd(local->fd, off, size, out);
    out->bytes = local;
    return rc;
}
