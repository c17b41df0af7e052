#include "drop_write.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "drop_close.h"
#include "drop_events.h"
#include "drop_failed.h"
#include "drop_promise.h"
#include "drop_rows.h"
#include "drop_sealed.h"
#include "drop_table.h"
#include "drop_writer.h"
#include "file.h"
#include "files_context.h"
#include "kernel.h"
#include "known.h"
#include "name_rules.h"
#include "node.h"
#include "node_kinds.h"
#include "recall.h"
#include "refuse.h"

#include "banned.h"

#define LOCAL_MAX_BYTES (64 * 1024 * 1024)

/* What stays here takes what the disk takes: one large file under a temporary name would end the
 * rsync of a whole folder. Its rename says that it is too large. */
static bool has_scratch_name(struct files *files, struct drop *d)
{
    bool scratch;

    drops_lock(files->drops);
    scratch = d->folder->staging || rule_scratch(files->scratch, d->name);
    drops_unlock(files->drops);
    return scratch;
}

/* May d have size bytes? 0, -EFBIG; what known_content_fits() gives. */
static int check_size(struct files *files, struct call *call, struct drop *d, int64_t size,
                      struct failure *err)
{
    const struct resource *res = drop_folder(files->drops, d)->res;
    int64_t max = res && resource_takes_json(res) ? TEXT_MAX_BYTES : LOCAL_MAX_BYTES;

    if (res && resource_content_max(res) > 0)
        max = resource_content_max(res);
    if (size <= max || (res && has_scratch_name(files, d)))
        return 0;
    if (res && resource_content_max(res) > 0)
        return known_content_fits(files->remote, call, res, size, err);
    return fail(err, -EFBIG, 0, "more than the %lld bytes that are taken here", (long long)max);
}

/* --- Bytes ------------------------------------------------------------------------------------ */

/* Something new is in the bytes, or will be; empty: they begin anew. */
static void touch(struct files *files, struct drop *d, bool empty)
{
    if (empty ? drop_emptied(files->drops, d) : drop_written(files->drops, d))
        drop_row_save(files->drops, d, false);
}

/* What is promised a write that did not begin does not tear: the next one would, which has the copy. */
static void note_refused(struct files *files, struct handle *h, int rc)
{
    if (rc == -EWOULDBLOCK || rc == -EINTR)
        return; /* just to be asked again */
    drop_torn(files->drops, h->node->drop, writer_unwritten(files, h, rc));
}

/* Of one that failed a part may be there: by that it is no file that was whole before. */
static void note_write(struct files *files, struct handle *h, int rc)
{
    writer_begin(files, h);
    touch(files, h->node->drop, false);
    rc = writer_unwritten(files, h, rc);
    if (rc < 0)
        drop_torn(files->drops, h->node->drop, rc);
}

/* Somebody is going to write d again, with its bytes or none: what was promised stays, and is what it was if
 * nothing comes of what is written now. d is held exclusively. */
static int reopen(struct files *files, struct drop *d, bool empty)
{
    return drop_is_promised(files->drops, d) ? drop_unseal(files->drops, d, empty) : 0;
}

/* The first bytes of a new file, by who must not wait: most have a file of the spool that was made with another's.
 * Whatever is in its way, who may wait looks again and says why. */
static bool begin_now(struct files *files, struct call *call, struct drop *d, struct handle *h)
{
    bool begun;

    if (drop_lock_exclusive(files->drops, d, call) < 0)
        return false;
    begun = (!h || handle_open_fd(h) < 0) && writer_is_current(files, d, h) &&
            drop_begin_bytes(files->drops, d) == 0;
    drop_unlock_exclusive(files->drops, d);
    return begun;
}

/* With local bytes there, for h or (NULL) by path, held shared; the bytes with a reference. */
static int begin_change(struct files *files, struct call *call, struct drop *d, struct handle *h,
                        struct bytes **out, struct failure *err)
{
    for (;;) {
        int rc = drop_lock_shared(files->drops, d, call);
        bool promised;

        if (rc < 0)
            return rc;
        rc = writer_check_current(files, d, h, err);
        promised = rc == 0 && drop_is_promised(files->drops, d);
        *out = rc == 0 && !promised ? drop_bytes(files->drops, d) : NULL;
        if (*out)
            return 0;
        drop_unlock_shared(files->drops, d);
        if (rc < 0)
            return rc;
        if (call->nowait && begin_now(files, call, d, h))
            continue;
        if (call->nowait)
            return -EWOULDBLOCK;
        rc = drop_lock_exclusive(files->drops, d, call);
        if (rc < 0)
            return rc;
        rc = writer_check_current(files, d, h, err);
        if (rc == 0)
            rc = reopen(files, d, false);
        if (rc == 0)
            rc = recall_bytes(files->uploads, call, d, h ? handle_open_fd(h) : -1, err);
        drop_unlock_exclusive(files->drops, d);
        if (rc < 0)
            return rc;
    }
}

static int make_empty(struct files *files, struct drop *d)
{
    int rc = reopen(files, d, true);
    struct bytes *b = rc == 0 ? drop_bytes(files->drops, d) : NULL, *fresh;

    if (rc == 0)
        rc = b ? ftruncate(b->fd, 0) < 0 ? -errno : 0 : drop_new_bytes(files->drops, d, &fresh);
    bytes_unref(b);
    if (rc < 0)
        return rc;
    touch(files, d, true);
    return 0;
}

/* O_TRUNC, and a new file: empty bytes. What was on its way until now may have failed, and its
 * name have gone: with ESTALE the kernel looks again. */
int drop_start_empty(struct files *files, struct call *call, struct handle *h, struct failure *err)
{
    struct drop *d = h->node->drop;
    bool gone;
    int rc;

    if (call->nowait)
        return -EWOULDBLOCK;
    rc = drop_lock_exclusive(files->drops, d, call);
    if (rc < 0)
        return rc;
    writer_renew(files, h);
    gone = !drop_snapshot(files->drops, d).linked;
    rc = gone ? -ESTALE : make_empty(files, d);
    drop_unlock_exclusive(files->drops, d);
    return rc < 0 && !gone ? recall_refused(rc, err) : rc;
}

/* --- Writing ---------------------------------------------------------------------------------- */

/* Where len bytes at off end. */
static int64_t end_of(const struct bytes *b, size_t len, int64_t off)
{
    struct stat st;

    if (off == OFF_END) {
        if (fstat(b->fd, &st) < 0)
            return -errno;
        off = st.st_size;
    }
    return off > INT64_MAX - (int64_t)len ? INT64_MAX : off + (int64_t)len;
}

static int append(struct bytes *b, const char *data, size_t len)
{
    struct iovec iov = { .iov_base = (void *)(uintptr_t)data, .iov_len = len };
    ssize_t n = pwritev2(b->fd, &iov, 1, 0, RWF_APPEND);

    if (n < 0)
        return -errno;
    return n < (ssize_t)len ? -ENOSPC : 0; /* with a part taken there is no errno */
}

static int put(struct bytes *b, const char *data, size_t len, int64_t off, struct failure *err)
{
    int rc = off == OFF_END ? append(b, data, len) : file_pwrite_all(b->fd, data, len, off);

    return rc < 0 ? recall_refused(rc, err) : 0;
}

static bool make_room(struct files *files, struct drop *d)
{
    cleanup_free char *name = drop_name(files->drops, d);

    return name && drops_make_room(files->drops, drop_folder(files->drops, d), name);
}

int64_t drop_write(struct files *files, struct call *call, struct handle *h, const char *data,
                   size_t len, int64_t off, struct failure *err)
{
    struct drop *d = h->node->drop;
    struct bytes *b;
    int64_t end;
    bool begun;
    int rc = begin_change(files, call, d, h, &b, err);

    if (rc < 0) {
        if (writer_is_current(files, d, h))
            note_refused(files, h, rc);
        return rc;
    }
    end = end_of(b, len, off);
    rc = end < 0 ? (int)end : check_size(files, call, d, end, err);
    begun = rc == 0;
    if (begun)
        rc = put(b, data, len, off, err);
    if (rc == -ENOSPC && make_room(files, d))
        rc = put(b, data, len, off, err);
    bytes_unref(b);
    if (begun)
        note_write(files, h, rc);
    else
        note_refused(files, h, rc);
    drop_unlock_shared(files->drops, d);
    return rc < 0 ? rc : (int64_t)len;
}

/* truncate(2) sends at once. */
static int commit_truncated(struct files *files, struct call *call, struct node *n,
                            struct failure *err)
{
    int rc = drop_commit_unless_written(files, call, n->drop, NULL, err);

    if (rc < 0)
        kernel_attr_changed(files->kernel, n->ino);
    return rc;
}

int drop_truncate(struct files *files, struct call *call, struct node *n, struct handle *h,
                  int64_t size, struct failure *err)
{
    struct drop *d = n->drop;
    struct bytes *b;
    int rc;

    if (tree_is_spool_file(n->place.kind))
        return refuse_write(&n->place, err);
    if (!h && !drop_snapshot(files->drops, d).linked)
        return -ESTALE;
    rc = check_size(files, call, d, size, err);
    if (rc == 0)
        rc = begin_change(files, call, d, h, &b, err);
    if (rc < 0)
        return rc;
    rc = ftruncate(b->fd, size) < 0 ? recall_refused(-errno, err) : 0;
    bytes_unref(b);
    if (rc == 0) {
        if (h)
            writer_begin(files, h);
        if (h && size == 0)
            writer_begin_anew(files, h);
        touch(files, d, size == 0);
    }
    drop_unlock_shared(files->drops, d);
    return rc < 0 || h ? rc : commit_truncated(files, call, n, err);
}
