#include "drop_close.h"

#include <errno.h>
#include <string.h>

#include "deliver.h"
#include "drop_events.h"
#include "drop_failed.h"
#include "drop_rows.h"
#include "drop_table.h"
#include "drop_writer.h"
#include "files_context.h"
#include "inbox.h"
#include "kernel.h"
#include "node.h"
#include "settle.h"

#include "banned.h"

/* h: whose close it is, or NULL. Another's release may have been first, and have failed. */
int drop_commit_unless_written(struct files *files, struct call *call, struct drop *d,
                               const struct handle *h, struct failure *err)
{
    int rc = drop_lock_exclusive(files->drops, d, call);

    if (rc < 0)
        return rc;
    rc = writer_check_current(files, d, h, err);
    if (rc == 0 && !drop_snapshot(files->drops, d).writers)
        rc = deliver_commit(files->uploads, call, d, err);
    if (rc == 0 && !h)
        settle_drop(files->uploads, d);
    drop_unlock_exclusive(files->drops, d);
    if (rc == 0)
        inbox_wait(files->uploads, call, d); /* d is anybody's meanwhile */
    return rc;
}

/* What close() reported as an error is not sent later, by release: the program will try again. */
static int commit_closed(struct files *files, struct call *call, struct handle *h,
                         struct failure *err)
{
    struct drop *d = h->node->drop;
    int rc = drop_commit_unless_written(files, call, d, h, err);

    if (rc < 0) {
        drops_lock(files->drops);
        h->told = rc;
        drops_unlock(files->drops);
        drop_unclosed(files->drops, d, h->generation, rc);
        kernel_attr_changed(files->kernel, h->node->ino);
    }
    return rc;
}

/* It is not complete: kept apart, and the name is what the server has. d is held exclusively. */
static void give_up_broken(struct files *files, struct drop *d, int broken, struct failure *err)
{
    const char *what =
        broken == -EINTR ? "the program that was writing it was killed" : strerrordesc_np(-broken);

    failure_set(err, 0, "it is not complete and was not sent: %s", what);
    err->at_ns = clock_realtime_ns(files->clock);
    drop_set_torn(files->drops, d, err->text, err->at_ns);
}

/* Nobody writes it any more, and its close() says that it is not complete. */
static int close_broken(struct files *files, struct call *call, struct handle *h, int broken,
                        struct failure *err)
{
    struct drop *d = h->node->drop;

    drops_lock(files->drops);
    h->told = broken;
    drops_unlock(files->drops);
    writer_end(files, h);
    if (drop_lock_exclusive(files->drops, d, call) < 0) /* it is interrupted: release does it */
        return fail(err, broken, 0, "it is not complete and was not sent");
    if (!drop_snapshot(files->drops, d).writers)
        give_up_broken(files, d, broken, err);
    drop_unlock_exclusive(files->drops, d);
    kernel_attr_changed(files->kernel, h->node->ino);
    return err->text[0] ? broken : fail(err, broken, 0, "it is not complete and was not sent");
}

int drop_flush(struct files *files, struct call *call, struct handle *h, bool opener, pid_t pid,
               struct failure *err)
{
    struct drop *d = h->node->drop;
    struct drop_snapshot s;

    if (!writer_is_current(files, d,
                           h)) { /* what was not delivered has been said, and what came after it */
        if (opener)
            writer_end(files, h);
        return 0;
    }
    if (drop_snapshot(files->drops, d).dirty && handle_writer_killed(h, opener, pid))
        drop_torn(files->drops, d, -EINTR);
    if (!opener)
        return 0; /* a child's descriptor: its opener's close, or release, commits */
    s = drop_snapshot(files->drops, d);
    if (s.dirty && call->nowait)
        return -EWOULDBLOCK;
    if (s.broken)
        return close_broken(files, call, h, s.broken, err);
    writer_end(files, h);
    return s.dirty ? commit_closed(files, call, h, err) : 0;
}

int drop_fsync(struct files *files, struct handle *h)
{
    struct drop *d = h->node->drop;
    struct bytes *b = drop_bytes(files->drops, d);
    int rc = bytes_sync(b);

    bytes_unref(b);
    if (rc == 0 && !writer_is_current(files, d, h))
        return -EIO; /* close() has said why */
    return rc < 0 ? rc : drop_row_save(files->drops, d, true);
}

bool drop_release_blocks(struct files *files, struct handle *h)
{
    struct bytes *b = drop_bytes(files->drops, h->node->drop);

    bytes_unref(b);
    return h->can_write || b; /* its bytes go to the cache at least */
}

static int commit_released(struct files *files, struct call *call, struct handle *h,
                           struct failure *err)
{
    struct drop *d = h->node->drop;
    struct drop_snapshot s = drop_snapshot(files->drops, d);
    bool told;
    int rc;

    if (s.writers)
        return 0;
    if (s.dirty && s.broken) {
        drops_lock(files->drops);
        told = h->told == s.broken;
        drops_unlock(files->drops);
        give_up_broken(files, d, s.broken, err);
        rc = told ? 0 : s.broken; /* what close() has told is not told again */
    } else {
        rc = deliver_commit(files->uploads, call, d, err);
    }
    if (rc < 0)
        kernel_attr_changed(files->kernel, h->node->ino);
    return rc;
}

/* The last one to leave settles: who still reads is not left with bytes that were replaced. */
static int release_reader(struct files *files, struct drop *d)
{
    struct call now = { .nowait = true };

    drop_close(files->drops, d);
    if (drop_lock_exclusive(files->drops, d, &now) == 0) {
        settle_drop(files->uploads, d);
        drop_unlock_exclusive(files->drops, d);
    }
    return 0;
}

int drop_release(struct files *files, struct call *call, struct handle *h, struct failure *err)
{
    struct drop *d = h->node->drop;
    int rc;

    if (!h->can_write)
        return release_reader(files, d);
    writer_end(files, h);
    rc = drop_lock_exclusive(files->drops, d, call);
    if (rc < 0) {
        drop_close(files->drops, d);
        return rc;
    }
    rc = commit_released(files, call, h, err);
    drop_close(files->drops, d);
    settle_drop(files->uploads, d);
    drop_unlock_exclusive(files->drops, d);
    return rc;
}
