#include "drop_put.h"

#include <errno.h>
#include <string.h>

#include "content.h"
#include "drop_rows.h"
#include "drop_shared.h"
#include "file.h"

#include "banned.h"

/* Whole and on disk, and nobody's yet; digest may be NULL. */
static int make_bytes(struct drops *t, const struct drop *d, const char *text, size_t len,
                      uint8_t *digest, struct bytes **out)
{
    int rc = drop_make_bytes(t, d, out);

    if (rc < 0)
        return rc;
    rc = file_pwrite_all((*out)->fd, text, len, 0);
    if (rc == 0)
        rc = bytes_sync(*out);
    if (rc == 0 && digest)
        rc = content_digest((*out)->fd, digest);
    if (rc < 0)
        bytes_discard(steal_pointer(out));
    return rc;
}

/* d has b, and what it had is the caller's. */
static struct bytes *swap_locked(struct drop *d, struct bytes *b)
{
    struct bytes *before = d->local;

    d->local = b;
    drop_tell_locked(d, b ? DROP_FILLED : DROP_FREED);
    return before;
}

/* What it had goes once the row on disk has these. */
static int put(struct drops *t, struct drop *d, const char *text, size_t len, bool answer)
{
    uint8_t digest[DIGEST_BYTES];
    struct bytes *b, *before;
    struct acked acked;
    int rc = make_bytes(t, d, text, len, answer ? digest : NULL, &b);

    if (rc < 0)
        return rc;
    drops_lock(t);
    acked = d->acked;
    before = swap_locked(d, b);
    drop_tell_locked(d, DROP_EMPTIED);
    drop_tell_locked(d, DROP_STAYED);
    d->mtime_ns = clock_realtime_ns(t->clock);
    if (answer) {
        memcpy(d->acked.digest, digest, sizeof(digest));
        d->acked.has_digest = true;
        drop_tell_locked(d, DROP_DELIVERED);
    }
    drops_unlock(t);
    rc = drop_row_save(t, d, true);
    if (rc < 0) {
        drops_lock(t);
        d->acked = acked;
        before = swap_locked(d, before);
        drops_unlock(t);
    }
    bytes_discard(before);
    return rc;
}

int drop_put_text(struct drops *t, struct drop *d, const char *text, size_t len)
{
    return put(t, d, text, len, false);
}

/* The digest of what was acknowledged, without anything that acknowledged it. */
int drop_put_answer(struct drops *t, struct drop *d, const char *text, size_t len)
{
    return put(t, d, text, len, true);
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
