#include "state_reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "clock.h"
#include "owned.h"

#include "banned.h"

#define NAME "reserve"
#define WHOLE_BYTES (INT64_C(4) << 20)  /* the log of the database is no longer, as a rule */
#define PIECE_BYTES (INT64_C(32) << 10) /* small: others may be as fast to take what is given up */
#define AGAIN_MS 5000

static int64_t allocated(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 ? (int64_t)st.st_blocks * 512 : 0;
}

/* All that is missing, or nothing: more than half of what there is is not taken. */
static void take_room(struct state_reserve *r)
{
    struct statvfs fs;

    if (fstatvfs(r->fd, &fs) < 0 ||
        (int64_t)(fs.f_bavail * fs.f_frsize) < 2 * (WHOLE_BYTES - r->bytes))
        return;
    if (fallocate(r->fd, 0, 0, WHOLE_BYTES) == 0)
        r->bytes = WHOLE_BYTES;
}

int state_reserve_open(struct state_reserve *r, int dirfd, const char *dir, struct failure *err)
{
    int rc = owned_file_open(dirfd, dir, NAME, O_RDWR | O_CREAT, &r->fd, err);

    r->bytes = 0;
    r->end_ms = 0;
    if (rc < 0) {
        r->fd = -1;
        return rc == -ENOSPC || rc == -EDQUOT ? 0 : rc;
    }
    r->bytes = allocated(r->fd);
    if (r->bytes < WHOLE_BYTES)
        take_room(r);
    return 0;
}

void state_reserve_close(struct state_reserve *r)
{
    if (r->fd >= 0)
        close(r->fd);
    r->fd = -1;
}

bool state_reserve_give(struct state_reserve *r)
{
    int64_t bytes = r->bytes > PIECE_BYTES ? r->bytes - PIECE_BYTES : 0;

    if (r->fd < 0 || r->bytes == 0 || ftruncate(r->fd, bytes) < 0)
        return false;
    r->bytes = bytes;
    r->end_ms = clock_now_ms(clock_real()) + AGAIN_MS;
    return true;
}

void state_reserve_fill(struct state_reserve *r)
{
    int64_t now;

    if (r->fd < 0 || r->bytes >= WHOLE_BYTES)
        return;
    now = clock_now_ms(clock_real());
    if (now < r->end_ms)
        return;
    r->end_ms = now + AGAIN_MS;
    take_room(r);
}
