#include "drop_put.h"

#include <errno.h>
#include <string.h>

#include "content.h"
#include "drop_rows.h"
#include "drop_shared.h"
#include "file.h"
#include "spool.h"

#include "banned.h"

/* What is said to be kept is on disk before it is said. */
static int sync_bytes(struct drops *t, struct drop *d)
{
    struct bytes *b = drop_bytes(t, d);
    int rc = b && b->number ? spool_sync(t->spool, b->number, b->fd) : 0;

    bytes_unref(b);
    return rc;
}

int drop_put_text(struct drops *t, struct drop *d, const char *text, size_t len)
{
    struct bytes *b;
    int rc = drop_new_bytes(t, d, &b);

    if (rc == 0)
        rc = file_pwrite_all(b->fd, text, len, 0);
    if (rc == 0)
        rc = sync_bytes(t, d);
    drops_lock(t);
    drop_tell_locked(d, DROP_EMPTIED);
    drop_tell_locked(d, DROP_STAYED);
    d->mtime_ns = clock_realtime_ns(t->clock);
    drops_unlock(t);
    return rc < 0 ? rc : drop_row_save(t, d, true);
}

/* The digest of what was acknowledged, without anything that acknowledged it. */
int drop_put_answer(struct drops *t, struct drop *d, const char *text, size_t len)
{
    uint8_t digest[DIGEST_BYTES];
    int rc = drop_put_text(t, d, text, len);
    struct bytes *b = drop_bytes(t, d);

    if (rc == 0)
        rc = b ? content_digest(b->fd, digest) : -EIO;
    bytes_unref(b);
    if (rc < 0)
        return rc;
    drops_lock(t);
    memcpy(d->acked.digest, digest, sizeof(digest));
    d->acked.has_digest = true;
    drop_tell_locked(d, DROP_DELIVERED);
    drops_unlock(t);
    return drop_row_save(t, d, true);
}

bool drop_is_answer(struct drops *t, struct drop *d)
{
    struct drop_snapshot s = drop_snapshot(t, d);
    bool may_be = s.acked.has_digest && !s.id[0] && !s.writers;
    struct bytes *b = may_be ? drop_bytes(t, d) : NULL;
    uint8_t now[DIGEST_BYTES];
    bool answer =
        b && content_digest(b->fd, now) == 0 && memcmp(s.acked.digest, now, sizeof(now)) == 0;

    bytes_unref(b);
    return answer;
}
